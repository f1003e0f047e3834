//! Deals that were applied, so that none is applied twice.

use model::VenueKey;

/// Remembers at least the last [`Seen::GENERATION`] trade ids and at most twice as many.
#[derive(Debug)]
pub(crate) struct Seen {
    young: Generation,
    old: Generation,
}

#[derive(Debug)]
struct Generation {
    slots: Vec<u128>,
    len: usize,
}

impl Seen {
    /// A listing's burst of fills stays far below this.
    pub(crate) const GENERATION: usize = 4_096;

    pub(crate) fn new() -> Self {
        Self { young: Generation::new(), old: Generation::new() }
    }

    pub(crate) fn has(&self, trade: VenueKey) -> bool {
        self.young.has(trade.0) || self.old.has(trade.0)
    }

    /// What is remembered, the younger generation first, each in rising order.
    pub(crate) fn keys(&self) -> [Vec<VenueKey>; 2] {
        [self.young.keys(), self.old.keys()]
    }

    /// Remembers what [`keys`](Self::keys) gave, and nothing else; more than a generation holds is
    /// left out.
    pub(crate) fn restore(&mut self, keys: [Vec<VenueKey>; 2]) {
        for (generation, keys) in [&mut self.young, &mut self.old].into_iter().zip(keys) {
            generation.clear();
            keys.iter().take(Self::GENERATION).for_each(|key| generation.insert(key.0));
        }
    }

    /// Called after a deal was applied, never before.
    pub(crate) fn mark(&mut self, trade: VenueKey) {
        if self.young.len == Self::GENERATION {
            core::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        self.young.insert(trade.0);
    }
}

/// Twice the entries, so that a probe is short and always ends. 0 is no trade id.
const SLOTS: usize = Seen::GENERATION * 2;

impl Generation {
    fn new() -> Self {
        Self { slots: vec![0; SLOTS], len: 0 }
    }

    fn has(&self, key: u128) -> bool {
        self.slots[self.find(key)] == key && key != 0
    }

    fn keys(&self) -> Vec<VenueKey> {
        let mut keys: Vec<_> =
            self.slots.iter().filter(|key| **key != 0).map(|key| VenueKey(*key)).collect();
        keys.sort_unstable();
        keys
    }

    fn insert(&mut self, key: u128) {
        let at = self.find(key);
        if self.slots[at] != key {
            self.slots[at] = key;
            self.len += 1;
        }
    }

    fn find(&self, key: u128) -> usize {
        let mut at = (key ^ key >> 64 ^ key >> 17) as usize % SLOTS;
        while self.slots[at] != 0 && self.slots[at] != key {
            at = (at + 1) % SLOTS;
        }
        at
    }

    fn clear(&mut self) {
        self.slots.fill(0);
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_generation_is_always_remembered() {
        let mut seen = Seen::new();
        for id in 1..20_000_u128 {
            assert!(!seen.has(VenueKey(id)));
            seen.mark(VenueKey(id));
            let oldest = id.saturating_sub(Seen::GENERATION as u128 - 1).max(1);
            assert!(seen.has(VenueKey(oldest)) && seen.has(VenueKey(id)), "{id}");
        }
    }
}
