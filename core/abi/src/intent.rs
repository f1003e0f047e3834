//! What a strategy leaves behind: intents and timers.

use crate::layout::layout;

/// [`Intent::kind`]: make a target.
pub const PROPOSE: u8 = 1;
/// [`Intent::kind`]: fire an armed target whose triggers allow it.
pub const ENTER: u8 = 2;
/// [`Intent::kind`]: change the way out, inside the permit.
pub const AMEND: u8 = 3;
/// [`Intent::kind`]: sell.
pub const EXIT: u8 = 4;

/// [`EntryPlan::triggers`]: the engine's timer at the planned opening.
pub const SCHEDULE: u8 = 1;
/// [`EntryPlan::triggers`]: the first deal or book on the stream.
pub const PRINT: u8 = 2;
/// [`EntryPlan::triggers`]: an [`ENTER`] of the strategy.
pub const STRATEGY: u8 = 4;

/// [`EntryPlan::kind`]: a limit order that may rest.
pub const LIMIT: u8 = 0;
/// [`EntryPlan::kind`]: fill at once, cancel the rest.
pub const IMMEDIATE_OR_CANCEL: u8 = 1;

/// [`EntryPlan::reference`]: the best ask that stands before the opening.
pub const PRE_OPEN_ASK: u8 = 1;
/// [`EntryPlan::reference`]: [`EntryPlan::operator_price`].
pub const OPERATOR: u8 = 2;
/// [`EntryPlan::reference`]: the perpetual's mark.
pub const FUTURES: u8 = 3;
/// [`EntryPlan::reference`]: the price in the announcement.
pub const ANNOUNCED: u8 = 4;

/// Rungs of a ladder, at most.
pub const RUNGS: usize = 6;

layout! {
    /// How a target is entered.
    EntryPlan: 80 {
        /// Quote to spend at most, fees apart, at 1e-18. Above zero.
        0 notional: i128,
        /// The operator's reference price at the symbol's scale; 0 unless the reference is that.
        16 operator_price: i64,
        /// Orders may leave from this many nanoseconds before the planned opening.
        24 early: i64,
        /// Orders may leave until this many nanoseconds after it.
        32 late: i64,
        /// The cap lies this far above the reference, in ten-thousandths.
        40 premium_bps: u32,
        /// Orders that may be sent, refused ones included; 1 to 65,535.
        44 orders_max: u16,
        /// What may fire it: a sum of [`SCHEDULE`], [`PRINT`], [`STRATEGY`]; not 0.
        46 triggers: u8,
        /// [`LIMIT`] or [`IMMEDIATE_OR_CANCEL`].
        47 kind: u8,
        /// Where the cap's reference comes from, 1 to 4.
        48 reference: u8,
        /// Zero.
        49 reserved: [u8; 31],
    }
}

layout! {
    /// One step of a take-profit ladder.
    ExitRung: 8 {
        /// Gain over the average entry price, in ten-thousandths; rises from rung to rung.
        0 gain_bps: u32,
        /// Share of the whole position, in ten-thousandths.
        4 share_bps: u32,
    }
}

layout! {
    /// How a position is left. Shares are of the position at its largest.
    ExitPlan: 96 {
        /// Take-profit ladder.
        0 ladder: [ExitRung; RUNGS],
        /// Sell what is left this many nanoseconds after the first fill; 0 for never.
        48 time_stop: i64,
        /// Sell all this far below the average entry price, in ten-thousandths; 0 for none.
        56 stop_loss_bps: u32,
        /// Sell all this far below the highest bid since the entry; 0 for none.
        60 trailing_bps: u32,
        /// The trailing stop wakes at this gain.
        64 trailing_from_bps: u32,
        /// The stop moves to the entry price plus both fees at this gain; 0 never.
        68 break_even_bps: u32,
        /// Share kept whatever the ladder and the time stop do. Stops sell it.
        72 keep_bps: u32,
        /// Share of the ladder's quantity that may rest on the book.
        76 resting_share_bps: u32,
        /// How many rungs count, 0 to [`RUNGS`].
        80 rungs: u32,
        /// Zero.
        84 reserved: [u8; 12],
    }
}

layout! {
    /// One wish. Which fields count depends on `kind`; the rest may be anything.
    Intent: 208 {
        /// [`PROPOSE`], [`ENTER`], [`AMEND`] or [`EXIT`].
        0 kind: u8,
        /// Propose: for whom.
        1 account: u8,
        /// Propose: the pattern it rests on, as in [`Signal::pattern`](crate::scene::Signal).
        2 pattern: u8,
        /// Propose: how sure, 0 to 100.
        3 confidence: u8,
        /// Propose: the pair. It must be the one that the scene shows.
        4 symbol: u32,
        /// Enter, amend, exit: which target.
        8 target: u32,
        /// Zero.
        12 reserved: u32,
        /// Exit: how much at the symbol's scale; 0 for all.
        16 qty: i64,
        /// Zero.
        24 reserved_2: u64,
        /// Propose: the way in.
        32 entry: EntryPlan,
        /// Propose, amend: the way out.
        112 exit: ExitPlan,
    }
}

layout! {
    /// One timer to set, move or clear. A plug-in has [`TIMERS`](crate::area::TIMERS) of them, and
    /// each comes once.
    TimerSet: 16 {
        /// Which, 0 to 7.
        0 timer: u32,
        /// The pair whose book, targets and positions are shown when it comes;
        /// [`NO_SYMBOL`](crate::NO_SYMBOL) for none.
        4 symbol: u32,
        /// When, on the clock of [`Head::now`](crate::scene::Head);
        /// [`NEVER`](crate::NEVER) clears it. Sooner than a millisecond from now is in a
        /// millisecond.
        8 at: i64,
    }
}
