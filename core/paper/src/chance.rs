//! Draws that follow from a seed.

use model::Span;

/// SplitMix64: small, and the same everywhere.
#[derive(Debug)]
pub(crate) struct Chance {
    state: u64,
}

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    const fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Evenly between `least` and `least + spread`.
    pub(crate) fn span(&mut self, least: Span, spread: Span) -> Span {
        let more = (u128::from(self.next()) * (u128::from(spread.nanos()) + 1)) >> 64;
        Span::from_nanos(least.nanos().saturating_add(more as u64))
    }
}
