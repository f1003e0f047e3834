//! Balances of one account as the venue told them, and what armed targets have reserved.

use model::{Amount, AssetId, Balance};

/// Balances by asset. An asset never told is zero.
#[derive(Debug)]
pub(crate) struct Ledger {
    balances: Vec<Balance>,
}

impl Ledger {
    /// Assets held at most; a further one pushes out the first that is empty.
    pub(crate) const CAPACITY: usize = 512;

    pub(crate) fn new() -> Self {
        Self { balances: Vec::with_capacity(Self::CAPACITY) }
    }

    /// Takes a balance; `false` when there is no room for another asset.
    pub(crate) fn set(&mut self, balance: Balance) -> bool {
        let held = self.balances.iter_mut().find(|held| held.asset == balance.asset);
        if let Some(held) = held {
            *held = balance;
            return true;
        }
        if self.balances.len() < Self::CAPACITY {
            self.balances.push(balance);
            return true;
        }
        let empty = |held: &&mut Balance| held.free == Amount::ZERO && held.locked == Amount::ZERO;
        let Some(slot) = self.balances.iter_mut().find(empty) else { return false };
        *slot = balance;
        true
    }

    /// Free and locked together.
    pub(crate) fn total(&self, asset: AssetId) -> Amount {
        let held = self.balances.iter().find(|held| held.asset == asset);
        held.map_or(Amount::ZERO, |held| held.free.plus_or_max(held.locked))
    }

    pub(crate) fn free(&self, asset: AssetId) -> Amount {
        let held = self.balances.iter().find(|held| held.asset == asset);
        held.map_or(Amount::ZERO, |held| held.free)
    }
}
