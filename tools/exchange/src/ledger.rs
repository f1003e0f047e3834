//! Who owns what. Every movement has two ends, so the sum of an asset never changes.

use model::Amount;

/// Money of one account in one asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pocket {
    /// May be spent.
    pub free: Amount,
    /// Held by open orders.
    pub locked: Amount,
}

/// All pockets, and the fees that the exchange took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    assets: Vec<String>,
    accounts: Vec<Vec<Pocket>>,
    fees: Vec<Amount>,
    issued: Vec<Amount>,
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
        let pocket = self.pocket_mut(account, asset);
        pocket.free = pocket.free.plus_or_max(amount);
    }

    pub(crate) fn pocket(&self, account: usize, asset: usize) -> Pocket {
        self.accounts[account].get(asset).copied().unwrap_or_default()
    }

    /// Free to locked; `false` when there is not enough, and nothing moves.
    pub(crate) fn lock(&mut self, account: usize, asset: usize, amount: Amount) -> bool {
        let pocket = self.pocket_mut(account, asset);
        if amount.is_negative() || pocket.free < amount {
            return false;
        }
        pocket.free = pocket.free.minus_or_min(amount);
        pocket.locked = pocket.locked.plus_or_max(amount);
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
        let pocket = self.pocket_mut(from, asset);
        assert!(pocket.locked >= amount, "{amount} due, {} locked", pocket.locked);
        pocket.locked = pocket.locked.minus_or_min(amount);
        let pocket = self.pocket_mut(to, asset);
        pocket.free = pocket.free.plus_or_max(amount);
    }

    /// Free money to the exchange's fees.
    ///
    /// # Panics
    /// When it is not there: a fee is at most what was just received.
    pub(crate) fn charge(&mut self, account: usize, asset: usize, amount: Amount) {
        let pocket = self.pocket_mut(account, asset);
        assert!(pocket.free >= amount, "fee {amount}, {} free", pocket.free);
        pocket.free = pocket.free.minus_or_min(amount);
        self.fees[asset] = self.fees[asset].plus_or_max(amount);
    }

    /// What was issued, and what all pockets and fees hold together: always equal.
    pub(crate) fn totals(&self, asset: usize) -> (Amount, Amount) {
        let mut held = self.fees[asset];
        for account in &self.accounts {
            let pocket = account.get(asset).copied().unwrap_or_default();
            held = held.plus_or_max(pocket.free).plus_or_max(pocket.locked);
        }
        (self.issued[asset], held)
    }

    fn pocket_mut(&mut self, account: usize, asset: usize) -> &mut Pocket {
        let pockets = &mut self.accounts[account];
        if pockets.len() <= asset {
            pockets.resize(asset + 1, Pocket::default());
        }
        &mut pockets[asset]
    }
}
