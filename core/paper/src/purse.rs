//! Money of the accounts.

use model::{AccountId, Amount, AssetId, Balance, Text};

/// What an account has of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pocket {
    account: AccountId,
    name: Text<16>,
    /// [`AssetId::NONE`] until a pair of this run names the asset.
    pub(crate) asset: AssetId,
    pub(crate) free: Amount,
    pub(crate) locked: Amount,
}

#[derive(Debug)]
pub(crate) struct Purse {
    pockets: Vec<Pocket>,
}

impl Purse {
    /// Pockets of all accounts: as many assets each as the engine's ledger holds.
    pub(crate) const CAPACITY: usize = AccountId::MAX * 512;

    pub(crate) fn new() -> Self {
        Self { pockets: Vec::with_capacity(Self::CAPACITY) }
    }

    /// Adds to what an account has by the asset's name, before anything is dealt.
    pub(crate) fn give(&mut self, account: AccountId, name: Text<16>, amount: Amount) {
        let known = self.pockets.iter_mut().find(|p| p.account == account && p.name == name);
        if let Some(pocket) = known {
            pocket.free = pocket.free.plus_or_max(amount);
        } else if self.pockets.len() < Self::CAPACITY {
            let (asset, locked) = (AssetId::NONE, Amount::ZERO);
            self.pockets.push(Pocket { account, name, asset, free: amount, locked });
        }
    }

    /// Moves what an open order of an earlier run needs out of reach, by the asset's name.
    pub(crate) fn lock_by_name(&mut self, account: AccountId, name: Text<16>, amount: Amount) {
        let found = self.pockets.iter_mut().find(|p| p.account == account && p.name == name);
        if let Some(pocket) = found {
            pocket.free = pocket.free.minus_or_min(amount);
            pocket.locked = pocket.locked.plus_or_max(amount);
        }
    }

    /// The opposite of [`lock_by_name`](Self::lock_by_name).
    pub(crate) fn unlock_by_name(&mut self, account: AccountId, name: Text<16>, amount: Amount) {
        self.lock_by_name(account, name, Amount::ZERO.minus_or_min(amount));
    }

    /// An asset has its id in this run.
    pub(crate) fn learn(&mut self, name: &str, asset: AssetId) {
        for pocket in self.pockets.iter_mut().filter(|pocket| pocket.name.as_str() == name) {
            pocket.asset = asset;
        }
    }

    /// Makes room for what deals may bring; `false` when there is none, and no order may be taken.
    pub(crate) fn open(&mut self, account: AccountId, name: &str, asset: AssetId) -> bool {
        if self.find(account, asset).is_some() {
            return true;
        }
        if self.pockets.len() == Self::CAPACITY {
            let empty =
                |pocket: &Pocket| pocket.free == Amount::ZERO && pocket.locked == Amount::ZERO;
            let Some(at) = self.pockets.iter().position(empty) else { return false };
            self.pockets.swap_remove(at);
        }
        let (name, free, locked) = (Text::clipped(name), Amount::ZERO, Amount::ZERO);
        self.pockets.push(Pocket { account, name, asset, free, locked });
        true
    }

    fn find(&self, account: AccountId, asset: AssetId) -> Option<&Pocket> {
        self.pockets.iter().find(|pocket| pocket.account == account && pocket.asset == asset)
    }

    fn find_mut(&mut self, account: AccountId, asset: AssetId) -> Option<&mut Pocket> {
        self.pockets.iter_mut().find(|pocket| pocket.account == account && pocket.asset == asset)
    }

    /// What may be spent.
    pub(crate) fn free(&self, account: AccountId, asset: AssetId) -> Amount {
        self.find(account, asset).map_or(Amount::ZERO, |pocket| pocket.free)
    }

    /// As a balance of the venue's.
    pub(crate) fn balance(&self, account: AccountId, asset: AssetId) -> Balance {
        let pocket = self.find(account, asset);
        let figures = pocket.map_or((Amount::ZERO, Amount::ZERO), |p| (p.free, p.locked));
        Balance { asset, free: figures.0, locked: figures.1 }
    }

    /// The account's pocket at or behind place `at` whose asset has an id, with its place.
    pub(crate) fn next(&self, account: AccountId, at: usize) -> Option<(usize, Balance)> {
        let rest = self.pockets.iter().enumerate().skip(at);
        let mut known = rest.filter(|(_, p)| p.account == account && p.asset != AssetId::NONE);
        let (at, pocket) = known.next()?;
        let Pocket { asset, free, locked, .. } = *pocket;
        Some((at, Balance { asset, free, locked }))
    }

    pub(crate) fn lock(&mut self, account: AccountId, asset: AssetId, amount: Amount) {
        if let Some(pocket) = self.find_mut(account, asset) {
            pocket.free = pocket.free.minus_or_min(amount);
            pocket.locked = pocket.locked.plus_or_max(amount);
        }
    }

    pub(crate) fn unlock(&mut self, account: AccountId, asset: AssetId, amount: Amount) {
        if let Some(pocket) = self.find_mut(account, asset) {
            pocket.locked = pocket.locked.minus_or_min(amount);
            pocket.free = pocket.free.plus_or_max(amount);
        }
    }

    /// Pays out of what an order has locked; what that lacks by rounding comes from what is free.
    pub(crate) fn pay(
        &mut self,
        account: AccountId,
        asset: AssetId,
        locked: &mut Amount,
        amount: Amount,
    ) {
        let Some(pocket) = self.find_mut(account, asset) else { return };
        let from_lock = amount.min(*locked);
        *locked = locked.minus_or_min(from_lock);
        pocket.locked = pocket.locked.minus_or_min(from_lock);
        pocket.free = pocket.free.minus_or_min(amount.minus_or_min(from_lock));
    }

    pub(crate) fn receive(&mut self, account: AccountId, asset: AssetId, amount: Amount) {
        if let Some(pocket) = self.find_mut(account, asset) {
            pocket.free = pocket.free.plus_or_max(amount);
        }
    }
}
