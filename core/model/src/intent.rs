//! What a strategy wants.

use crate::{AccountId, Amount, FixedList, Pattern, Price, Qty, Span, SymbolId, TargetId};

/// Estimated probability x 100 that the pair accepts API orders within 60 s of the planned
/// instant and that a buy at the permit's cap fills at least half. 0 to 100. Not a profit forecast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Confidence(u8);

impl Confidence {
    /// `None` above 100.
    pub const fn new(percent: u8) -> Option<Self> {
        if percent <= 100 { Some(Self(percent)) } else { None }
    }

    /// 0 to 100.
    pub const fn percent(self) -> u8 {
        self.0
    }
}

/// What may fire an entry; the first allowed one does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Triggers {
    /// The engine's timer at the planned opening.
    pub schedule: bool,
    /// The first deal or book on the stream.
    pub print: bool,
    /// An `Enter` of the strategy.
    pub strategy: bool,
}

/// The two kinds of opening entry; there is no market variant to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// A limit order that may rest until its time to live.
    Limit = 0,
    /// Fill at once, cancel the rest.
    ImmediateOrCancel = 1,
}

/// Where the price cap of an opening entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PriceSource {
    /// The best ask that stands in the book before the opening.
    PreOpenAsk = 1,
    /// The operator's word.
    Operator = 2,
    /// The perpetual's mark.
    Futures = 3,
    /// The price in the announcement.
    Announced = 4,
}

impl PriceSource {
    /// The word used in configuration and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreOpenAsk => "pre_open_ask",
            Self::Operator => "operator",
            Self::Futures => "futures",
            Self::Announced => "announced",
        }
    }
}

/// How a target is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryPlan {
    /// What fires it.
    pub triggers: Triggers,
    /// Limit or immediate-or-cancel.
    pub kind: EntryKind,
    /// Quote to spend at most, fees apart.
    pub notional: Amount,
    /// Where the cap's reference comes from.
    pub reference: PriceSource,
    /// The operator's reference price; only with [`PriceSource::Operator`].
    pub operator_price: Option<Price>,
    /// The cap lies this far above the reference, in ten-thousandths.
    pub premium_bps: u32,
    /// Orders may leave from this long before the planned opening.
    pub early: Span,
    /// Orders may leave until this long after it.
    pub late: Span,
    /// Orders that may be sent under the permit, refused ones included.
    pub orders_max: u16,
}

/// One step of a take-profit ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitRung {
    /// Gain over the average entry price, in ten-thousandths.
    pub gain_bps: u32,
    /// Share of the whole position, in ten-thousandths.
    pub share_bps: u32,
}

/// How a position is left. Shares are of the position at its largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitPlan {
    /// Take-profit ladder, gains rising.
    pub ladder: FixedList<ExitRung, 6>,
    /// Sell all this far below the average entry price, in ten-thousandths; 0 for none.
    pub stop_loss_bps: u32,
    /// Sell all this far below the highest bid since the entry, in ten-thousandths; 0 for none.
    pub trailing_bps: u32,
    /// The trailing stop wakes at this gain, in ten-thousandths.
    pub trailing_from_bps: u32,
    /// The stop moves to the entry price plus both fees at this gain, in ten-thousandths; 0 never.
    pub break_even_bps: u32,
    /// Sell what is left this long after the first fill; zero for never.
    pub time_stop: Span,
    /// Share kept whatever the ladder and the time stop do, in ten-thousandths. Stops sell it.
    pub keep_bps: u32,
    /// Share of the ladder's quantity that may rest on the book, in ten-thousandths; the rest
    /// stays free so that a stop can sell it at once.
    pub resting_share_bps: u32,
}

/// Why a plan cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// Ladder and kept share exceed the whole.
    SharesAboveWhole {
        /// Their sum, in ten-thousandths.
        sum_bps: u32,
    },
    /// Gains do not rise from rung to rung.
    LadderNotRising {
        /// The first offending rung, from 0.
        rung: u8,
    },
    /// A stop at or beyond the whole price.
    StopTooFar {
        /// The figure, in ten-thousandths.
        bps: u32,
    },
    /// Nothing would ever close the position.
    NoWayOut,
}

impl core::fmt::Display for PlanError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::SharesAboveWhole { sum_bps } => {
                write!(f, "ladder and kept share add up to {sum_bps} of 10000")
            }
            Self::LadderNotRising { rung } => {
                write!(f, "rung {rung} does not gain more than the one before")
            }
            Self::StopTooFar { bps } => write!(f, "a stop {bps} ten-thousandths away"),
            Self::NoWayOut => f.write_str("neither a stop loss nor a time stop"),
        }
    }
}

impl core::error::Error for PlanError {}

impl ExitPlan {
    /// Checks the figures against each other.
    ///
    /// # Errors
    /// The first [`PlanError`] found.
    pub fn check(&self) -> Result<(), PlanError> {
        let mut sum = self.keep_bps;
        let mut before = 0;
        for (at, rung) in self.ladder.iter().enumerate() {
            if rung.gain_bps <= before {
                return Err(PlanError::LadderNotRising { rung: at as u8 });
            }
            before = rung.gain_bps;
            sum = sum.saturating_add(rung.share_bps);
        }
        if sum > 10_000 || self.resting_share_bps > 10_000 {
            return Err(PlanError::SharesAboveWhole { sum_bps: sum.max(self.resting_share_bps) });
        }
        for bps in [self.stop_loss_bps, self.trailing_bps] {
            if bps >= 10_000 {
                return Err(PlanError::StopTooFar { bps });
            }
        }
        if self.stop_loss_bps == 0 && self.time_stop == Span::ZERO {
            return Err(PlanError::NoWayOut);
        }
        Ok(())
    }
}

/// A target that a strategy would like to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// For whom.
    pub account: AccountId,
    /// The pair.
    pub symbol: SymbolId,
    /// What it rests on.
    pub pattern: Pattern,
    /// How sure.
    pub confidence: Confidence,
    /// Way in.
    pub entry: EntryPlan,
    /// Way out.
    pub exit: ExitPlan,
}

/// What a strategy wants. The engine decides, sizes, fires, retries and exits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Make a target.
    Propose(Proposal),
    /// Fire an armed target whose triggers allow it.
    Enter {
        /// Which.
        target: TargetId,
    },
    /// Change the way out, inside the permit.
    Amend {
        /// Which.
        target: TargetId,
        /// The other plan.
        exit: ExitPlan,
    },
    /// Sell.
    Exit {
        /// The target whose position it is.
        target: TargetId,
        /// How much; all when `None`.
        qty: Option<Qty>,
    },
}
