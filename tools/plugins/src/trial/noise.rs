//! Chance that is the same every time.

/// A sequence that a seed decides.
#[derive(Debug)]
pub(super) struct Noise(u64);

impl Noise {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed ^ 0x5851_f42d_4c95_7f2d)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        self.0 ^ self.0 >> 29
    }

    /// At least 0 and below `end`.
    pub(super) const fn below(&mut self, end: u32) -> u32 {
        (((self.next() >> 32) * end as u64) >> 32) as u32
    }

    /// From `-most` to `most`.
    pub(super) const fn around(&mut self, most: u32) -> i64 {
        self.below(most * 2 + 1) as i64 - most as i64
    }

    /// Once in `times`.
    pub(super) const fn one_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }
}
