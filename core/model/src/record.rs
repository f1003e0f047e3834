//! What must outlive the run: decisions that the journal keeps for years.

use crate::{
    AccountId, Amount, Confidence, EntryPlan, ExitPlan, KillLevel, Mode, Pattern, PermitId,
    PluginRecord, Price, PriceSource, Qty, Side, Slot, SymbolId, TargetId, Text, VenueKey,
    VenueTime,
};

/// The bounds inside which a target may send orders; on disk before the first of them leaves.
///
/// It also grants the exit authority: sell what is held of this symbol on this account, without
/// expiry or order cap, until the position is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Which.
    pub id: PermitId,
    /// The target it was minted for.
    pub target: TargetId,
    /// Whose money.
    pub account: AccountId,
    /// The pair.
    pub symbol: SymbolId,
    /// The coin behind the pair's name when it was minted.
    pub coin: VenueKey,
    /// Buy, always: exits need no permit.
    pub side: Side,
    /// What money is at stake.
    pub mode: Mode,
    /// Quote to spend at most, filled and in flight together.
    pub notional_max: Amount,
    /// No order above this price.
    pub price_max: Price,
    /// Where the price comes from.
    pub reference: PriceSource,
    /// The price that the cap was set above.
    pub reference_price: Price,
    /// No order before.
    pub valid_from: VenueTime,
    /// No order after.
    pub valid_to: VenueTime,
    /// Orders sent at most, refused ones included.
    pub orders_max: u16,
    /// Hash of the plug-in that proposed it, or of `native:NAME@VERSION`; 0 for the operator's own.
    pub plugin: u128,
    /// Hash of the configuration in force.
    pub config: u128,
    /// Who runs it.
    pub operator: Text<32>,
}

/// Where a target stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum TargetState {
    /// Waiting for a stronger signal.
    Pending = 0,
    /// Strong enough; waiting for a reference price, rules or time.
    Ready = 1,
    /// Its permit is durable; it will fire.
    Armed = 2,
    /// Orders are leaving.
    Executing = 3,
    /// It holds a position.
    Open = 4,
    /// It is selling the last of it.
    Closing = 5,
    /// Bought and sold.
    Completed = 6,
    /// Its orders failed.
    Failed = 7,
    /// Cancelled by the operator or a kill.
    Cancelled = 8,
    /// Its window passed without a fill.
    Expired = 9,
    /// The opening passed before it was armed.
    Missed = 10,
    /// Something forbids it; the reason code says what.
    Blocked = 11,
}

impl TargetState {
    /// Whether nothing more will happen.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Failed | Self::Cancelled | Self::Expired | Self::Missed
        )
    }

    /// The word used in commands and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Armed => "armed",
            Self::Executing => "executing",
            Self::Open => "open",
            Self::Closing => "closing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Missed => "missed",
            Self::Blocked => "blocked",
        }
    }
}

/// Why a target is where it is, when that is not where it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum WhyNot {
    /// No complaint.
    #[default]
    None = 0,
    /// Confidence below the threshold.
    Confidence = 1,
    /// The pattern is not one of the enabled ones.
    PatternDisabled = 2,
    /// As many targets as allowed.
    TargetsMax = 3,
    /// The symbol has a target already.
    SymbolTaken = 4,
    /// No reference price yet.
    NoReference = 5,
    /// No rules yet.
    NoRules = 6,
    /// The API may not trade it.
    NotTradable = 7,
    /// Not enough free balance.
    Balance = 8,
    /// The gate refused; the refusal stands beside it in the journal.
    Refused = 9,
    /// The venue refused for good.
    Rejected = 10,
    /// An order of unknown fate freezes it.
    UnknownOrder = 11,
    /// Nothing was filled inside the window.
    NoFill = 12,
    /// All orders of the permit are spent.
    OrdersSpent = 13,
    /// The operator or a kill.
    Operator = 14,
    /// The plan does not hold together.
    BadPlan = 15,
    /// The planned opening passed before it could be armed.
    TooLate = 16,
    /// As many positions as allowed.
    PositionsMax = 17,
    /// Entries are blocked or killed.
    EntriesBlocked = 18,
    /// The opening is not known.
    NoOpening = 19,
    /// The order would be smaller than the venue takes.
    TooSmall = 20,
    /// The operator disarmed it.
    Disarmed = 21,
    /// There is no such target.
    NoTarget = 22,
    /// The target is over.
    TargetOver = 23,
    /// The target holds a position already.
    Holding = 24,
    /// Nothing of the pair is held.
    NotHeld = 25,
    /// The pair does not trade yet.
    NotTrading = 26,
    /// A witness names another opening.
    OtherOpening = 27,
    /// There is no such order, or it has ended.
    NoOrder = 28,
    /// An order is on its way.
    InFlight = 29,
    /// The figure is none at the pair's scale.
    BadFigure = 30,
    /// The pair has no name here.
    UnknownPair = 31,
    /// There is no such account.
    NoAccount = 32,
    /// The target is another plug-in's or the operator's.
    NotOwn = 33,
    /// The target is not armed.
    NotArmed = 34,
    /// Its plan does not let a strategy fire it.
    NotTriggered = 35,
    /// The wish is of a pair that was not shown.
    NotShown = 36,
}

impl WhyNot {
    /// The reason code used in commands and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Confidence => "confidence",
            Self::PatternDisabled => "pattern_disabled",
            Self::TargetsMax => "targets_max",
            Self::SymbolTaken => "symbol_taken",
            Self::NoReference => "no_reference",
            Self::NoRules => "no_rules",
            Self::NotTradable => "not_tradable",
            Self::Balance => "balance",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::UnknownOrder => "unknown_order",
            Self::NoFill => "no_fill",
            Self::OrdersSpent => "orders_spent",
            Self::Operator => "operator",
            Self::BadPlan => "bad_plan",
            Self::TooLate => "too_late",
            Self::PositionsMax => "positions_max",
            Self::EntriesBlocked => "entries_blocked",
            Self::NoOpening => "no_opening",
            Self::TooSmall => "too_small",
            Self::Disarmed => "disarmed",
            Self::NoTarget => "no_target",
            Self::TargetOver => "target_over",
            Self::Holding => "holding",
            Self::NotHeld => "not_held",
            Self::NotTrading => "not_trading",
            Self::OtherOpening => "other_opening",
            Self::NoOrder => "no_order",
            Self::InFlight => "in_flight",
            Self::BadFigure => "bad_figure",
            Self::UnknownPair => "unknown_pair",
            Self::NoAccount => "no_account",
            Self::NotOwn => "not_own",
            Self::NotArmed => "not_armed",
            Self::NotTriggered => "not_triggered",
            Self::NotShown => "not_shown",
        }
    }
}

/// A target after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetRecord {
    /// Which.
    pub id: TargetId,
    /// Whose.
    pub account: AccountId,
    /// The pair.
    pub symbol: SymbolId,
    /// Where it stands.
    pub state: TargetState,
    /// Why, when it is not where it should be.
    pub why: WhyNot,
    /// What it rests on.
    pub pattern: Pattern,
    /// How sure.
    pub confidence: Confidence,
    /// Planned opening.
    pub opens_at: VenueTime,
    /// Its permit, once minted.
    pub permit: Option<PermitId>,
    /// The plug-in that proposed it; none for the operator's own.
    pub slot: Slot,
    /// Its way in.
    pub entry: EntryPlan,
    /// Its way out.
    pub exit: ExitPlan,
}

/// How far the way out of a position has come, beyond what its deals tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitRecord {
    /// The target it belongs to.
    pub target: TargetId,
    /// Why everything is being sold, once it is.
    pub closing: Option<Close>,
    /// Still to be sold by hand.
    pub by_hand: Qty,
    /// Whether the time stop was served and only the kept share is left.
    pub time_stop_done: bool,
    /// Highest price that could have been sold at since the entry; written each time it has risen
    /// by ten basis points.
    pub high: Option<Price>,
}

/// How the last of a position was sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Close {
    /// Take-profit ladder.
    TakeProfit = 1,
    /// Stop loss.
    StopLoss = 2,
    /// Trailing stop.
    Trailing = 3,
    /// Break-even stop.
    BreakEven = 4,
    /// Time stop.
    TimeStop = 5,
    /// By hand or by a strategy.
    Manual = 6,
    /// The kill switch.
    Kill = 7,
    /// What is left cannot be sold.
    Dust = 8,
    /// Not sold: handed over to the operator.
    HandedOver = 9,
}

impl Close {
    /// The word used in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TakeProfit => "take_profit",
            Self::StopLoss => "stop_loss",
            Self::Trailing => "trailing",
            Self::BreakEven => "break_even",
            Self::TimeStop => "time_stop",
            Self::Manual => "manual",
            Self::Kill => "kill",
            Self::Dust => "dust",
            Self::HandedOver => "handed_over",
        }
    }
}

/// A position after a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionRecord {
    /// The target it came from.
    pub target: TargetId,
    /// Whose.
    pub account: AccountId,
    /// The pair.
    pub symbol: SymbolId,
    /// Held, fees in base subtracted.
    pub qty: Qty,
    /// Quote paid for all buys, fees included.
    pub paid: Amount,
    /// Quote received for all sells, fees subtracted.
    pub received: Amount,
    /// Fees in assets that are neither base nor quote, counted but not valued.
    pub other_fees: u32,
    /// How it was closed, once nothing is left to sell.
    pub closed: Option<Close>,
}

/// Something that a person should see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum AlarmKind {
    /// An order's fate has been unknown for too long.
    UnknownOrder = 1,
    /// A position cannot be sold.
    ExitStuck = 2,
    /// A deal or order that no decision of ours explains.
    ForeignOrder = 3,
    /// More was filled than ordered.
    Overfill = 4,
    /// Key, signature, permission or account.
    Credentials = 5,
    /// A cancel is not confirmed.
    CancelStuck = 6,
    /// A record could not be written.
    Journal = 7,
    /// A clock that cannot be trusted.
    Clock = 8,
    /// A symbol's precision became finer than its scale.
    Rescale = 9,
    /// A fixed capacity was reached.
    Capacity = 10,
    /// A position is the operator's from here on: no stop watches it.
    HandedOver = 11,
    /// A plug-in failed and is out of use; the figure is its slot.
    Plugin = 12,
}

impl AlarmKind {
    /// The word used in status, logs and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownOrder => "unknown_order",
            Self::ExitStuck => "exit_stuck",
            Self::ForeignOrder => "foreign_order",
            Self::Overfill => "overfill",
            Self::Credentials => "credentials",
            Self::CancelStuck => "cancel_stuck",
            Self::Journal => "journal",
            Self::Clock => "clock",
            Self::Rescale => "rescale",
            Self::Capacity => "capacity",
            Self::HandedOver => "handed_over",
            Self::Plugin => "plugin",
        }
    }
}

/// Something that a person should see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// What.
    pub kind: AlarmKind,
    /// Whose, or none.
    pub account: AccountId,
    /// The pair, or none.
    pub symbol: SymbolId,
    /// The figure that set it off: a code, a count or milliseconds, as the kind says.
    pub figure: i64,
}

/// What must outlive the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// A permit was minted.
    Permit(Permit),
    /// A permit ended before its time.
    Revoked {
        /// Which.
        permit: PermitId,
    },
    /// A target changed.
    Target(TargetRecord),
    /// A position changed.
    Position(PositionRecord),
    /// The kill switch moved.
    Kill {
        /// To this level.
        level: KillLevel,
        /// Why.
        reason: Text<64>,
    },
    /// An alarm was raised.
    Alarm(Alarm),
    /// A client order id was given out: never to be given again.
    NeverAccepted {
        /// The order that is now proved never to have existed.
        client_order_id: crate::ClientOrderId,
    },
    /// The way out of a position went on.
    Exit(ExitRecord),
    /// What an account may have missed was looked for to the end, after a loss of intents.
    Reconciled {
        /// Which.
        account: AccountId,
    },
    /// A slot changed.
    Plugin(PluginRecord),
    /// A permit that takes the place of its target's once the slot is exchanged: the same bounds
    /// under another plug-in.
    Successor(Permit),
}
