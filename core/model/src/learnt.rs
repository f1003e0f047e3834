//! What earlier openings taught, in integers: it reaches the engine as events, so that a replay
//! comes to the same confidence.

/// A share in millionths, 0 to 1,000,000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Millionths(u32);

impl Millionths {
    /// The whole.
    pub const ONE: Self = Self(1_000_000);

    /// `None` above one.
    pub const fn new(millionths: u32) -> Option<Self> {
        if millionths <= Self::ONE.0 { Some(Self(millionths)) } else { None }
    }

    /// So many of a hundred, at most a hundred.
    pub const fn percent(percent: u8) -> Self {
        let percent = if percent > 100 { 100 } else { percent };
        Self(percent as u32 * 10_000)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// What a confidence rests on; each has its part in the raw figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Group {
    /// How openings went that showed the same pattern at the same stage.
    History = 0,
    /// How the last openings went, whatever they showed.
    Market = 1,
    /// How openings went that were seen so early and stand at such an hour.
    Timing = 2,
    /// How openings went of which the exchange's own lists said the same.
    External = 3,
}

impl Group {
    /// In the order of their numbers.
    pub const ALL: [Self; 4] = [Self::History, Self::Market, Self::Timing, Self::External];

    /// Its part of a hundred when all are known.
    pub const fn weight(self) -> u32 {
        match self {
            Self::History => 40,
            Self::Market => 25,
            Self::Timing => 20,
            Self::External => 15,
        }
    }

    /// The word used in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Market => "market",
            Self::Timing => "timing",
            Self::External => "external",
        }
    }
}

/// One thing that was learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LearntFact {
    /// How openings of a bucket went.
    Bucket {
        /// Of which group.
        group: Group,
        /// Which, as the engine numbers them.
        bucket: u8,
        /// Share that could be traded, by the mean of what is believed of it.
        success: Millionths,
        /// Outcomes behind it.
        outcomes: u32,
    },
    /// Everything that was counted.
    Whole {
        /// Outcomes.
        outcomes: u32,
        /// How many of the last twenty could be traded; none before there are twenty.
        recent: Option<u8>,
    },
    /// One step of the map from raw figure to published one. Steps come in order from the first to
    /// the last, and count when the last is there.
    Step {
        /// Which, from 0.
        nth: u8,
        /// How many there are.
        of: u8,
        /// From this raw figure on.
        from: Millionths,
        /// This is published; never less than the step before says.
        published: Millionths,
    },
}
