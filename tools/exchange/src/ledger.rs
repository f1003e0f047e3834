//! Who owns what. Every movement has two ends, so the sum of an asset never changes.

use std::collections::VecDeque;

use model::{Amount, Span, VenueTime};

/// Money of one account in one asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pocket {
    /// May be spent.
    pub free: Amount,
    /// Held by open orders.
    pub locked: Amount,
}

/// A pocket, and beside it the sum of all entries on it, which is kept apart so that one can
/// be held against the other.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    pocket: Pocket,
    entered: Amount,
}

/// All pockets, and the fees that the exchange took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    assets: Vec<String>,
    accounts: Vec<Vec<Held>>,
    fees: Vec<Amount>,
    issued: Vec<Amount>,
    /// Movements of each asset: issues, locks, releases, payments, fees.
    movements: Vec<u64>,
    /// The clock, and how long ago a pocket may be asked for; nothing is kept for a lag of 0.
    now: VenueTime,
    lag: Span,
    past: VecDeque<PastPocket>,
}

/// What a pocket was until a change.
#[derive(Clone, Copy, Debug)]
struct PastPocket {
    until: VenueTime,
    account: usize,
    asset: usize,
    pocket: Pocket,
}

impl Ledger {
    /// The index of an asset, made when it is not known.
    pub(crate) fn asset(&mut self, name: &str) -> usize {
        if let Some(at) = self.find(name) {
            return at;
        }
        self.assets.push(name.to_owned());
        self.fees.push(Amount::ZERO);
        self.issued.push(Amount::ZERO);
        self.movements.push(0);
        self.assets.len() - 1
    }

    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.assets.iter().position(|asset| asset == name)
    }

    pub(crate) fn assets(&self) -> &[String] {
        &self.assets
    }

    pub(crate) fn open_account(&mut self) -> usize {
        self.accounts.push(Vec::new());
        self.accounts.len() - 1
    }

    /// Money from outside: only when an account is opened.
    pub(crate) fn issue(&mut self, account: usize, asset: usize, amount: Amount) {
        self.issued[asset] = self.issued[asset].plus_or_max(amount);
        self.movements[asset] += 1;
        let held = self.held_mut(account, asset);
        held.entered = held.entered.plus_or_max(amount);
        held.pocket.free = held.pocket.free.plus_or_max(amount);
    }

    pub(crate) fn pocket(&self, account: usize, asset: usize) -> Pocket {
        self.accounts[account].get(asset).map_or_else(Pocket::default, |held| held.pocket)
    }

    /// Keeps pockets for so long, for [`pocket_at`](Self::pocket_at).
    pub(crate) fn set_lag(&mut self, lag: Span) {
        self.lag = lag;
    }

    pub(crate) fn set_clock(&mut self, now: VenueTime) {
        self.now = now;
    }

    /// A pocket as it was at `then`, at most the lag ago.
    pub(crate) fn pocket_at(&self, then: VenueTime, account: usize, asset: usize) -> Pocket {
        let mut past = self.past.iter();
        let past = past.find(|p| p.account == account && p.asset == asset && p.until > then);
        past.map_or_else(|| self.pocket(account, asset), |past| past.pocket)
    }

    /// Keeps a pocket ahead of a change.
    fn keep_past(&mut self, account: usize, asset: usize) {
        if self.lag == Span::ZERO {
            return;
        }
        let (until, oldest) = (self.now, self.now.before(self.lag));
        while self.past.front().is_some_and(|past| past.until < oldest) {
            self.past.pop_front();
        }
        let pocket = self.pocket(account, asset);
        self.past.push_back(PastPocket { until, account, asset, pocket });
    }

    /// The sum of all entries on a pocket: what it must hold, free and locked.
    pub(crate) fn entered(&self, account: usize, asset: usize) -> Amount {
        self.accounts[account].get(asset).map_or(Amount::ZERO, |held| held.entered)
    }

    /// Fees taken, number of movements, and the sum over all entries of all of them. Money from
    /// outside is an entry too, so the sum is always zero.
    pub(crate) fn entries(&self, asset: usize) -> (Amount, u64, Amount) {
        let outside = Amount::ZERO.minus_or_min(self.issued[asset]);
        let fees = self.fees[asset];
        let sum = (0..self.accounts.len()).fold(outside.plus_or_max(fees), |sum, account| {
            sum.plus_or_max(self.entered(account, asset))
        });
        (fees, self.movements[asset], sum)
    }

    /// Free to locked; `false` when there is not enough, and nothing moves.
    pub(crate) fn lock(&mut self, account: usize, asset: usize, amount: Amount) -> bool {
        self.keep_past(account, asset);
        let pocket = &mut self.held_mut(account, asset).pocket;
        if amount.is_negative() || pocket.free < amount {
            return false;
        }
        pocket.free = pocket.free.minus_or_min(amount);
        pocket.locked = pocket.locked.plus_or_max(amount);
        self.movements[asset] += 1;
        true
    }

    /// Locked to free, of one account.
    pub(crate) fn release(&mut self, account: usize, asset: usize, amount: Amount) {
        self.pay(account, account, asset, amount);
    }

    /// Locked money of `from` to the free money of `to`.
    ///
    /// # Panics
    /// When `from` has not locked that much: matching would have lost count.
    pub(crate) fn pay(&mut self, from: usize, to: usize, asset: usize, amount: Amount) {
        self.keep_past(from, asset);
        self.keep_past(to, asset);
        let held = self.held_mut(from, asset);
        let locked = held.pocket.locked;
        assert!(locked >= amount, "{amount} due, {locked} locked");
        held.entered = held.entered.minus_or_min(amount);
        held.pocket.locked = locked.minus_or_min(amount);
        let held = self.held_mut(to, asset);
        held.entered = held.entered.plus_or_max(amount);
        held.pocket.free = held.pocket.free.plus_or_max(amount);
        self.movements[asset] += 1;
    }

    /// Free money to the exchange's fees.
    ///
    /// # Panics
    /// When it is not there: a fee is at most what was just received.
    pub(crate) fn charge(&mut self, account: usize, asset: usize, amount: Amount) {
        self.keep_past(account, asset);
        let held = self.held_mut(account, asset);
        let free = held.pocket.free;
        assert!(free >= amount, "fee {amount}, {free} free");
        held.entered = held.entered.minus_or_min(amount);
        held.pocket.free = free.minus_or_min(amount);
        self.movements[asset] += 1;
        self.fees[asset] = self.fees[asset].plus_or_max(amount);
    }

    /// What was issued, and what all pockets and fees hold together: always equal.
    pub(crate) fn totals(&self, asset: usize) -> (Amount, Amount) {
        let mut held = self.fees[asset];
        for account in &self.accounts {
            let pocket = account.get(asset).copied().unwrap_or_default().pocket;
            held = held.plus_or_max(pocket.free).plus_or_max(pocket.locked);
        }
        (self.issued[asset], held)
    }

    fn held_mut(&mut self, account: usize, asset: usize) -> &mut Held {
        let pockets = &mut self.accounts[account];
        if pockets.len() <= asset {
            pockets.resize(asset + 1, Held::default());
        }
        &mut pockets[asset]
    }
}
