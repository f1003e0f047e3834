//! Why a request did not become an order: what was asked, against what.

use core::fmt;

use model::{
    Amount, Block, KillLevel, OrderKind, PermitId, Price, Qty, Side, Slot, Span, VenueTime,
};

/// Which total an exposure limit is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cap {
    /// One symbol.
    Symbol = 1,
    /// One quote asset.
    Quote = 2,
    /// Everything.
    Total = 3,
}

/// A refusal is ours; a reject is the venue's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A30: the kill switch.
    Killed {
        /// Level in force.
        level: KillLevel,
    },
    /// A condition holds entries back.
    Blocked {
        /// The first one.
        block: Block,
    },
    /// A01.
    NotionalAboveMax {
        /// What was asked.
        asked: Amount,
        /// The limit.
        max: Amount,
    },
    /// A01: the ceiling that is compiled in.
    NotionalAboveCeiling {
        /// What was asked.
        asked: Amount,
        /// The ceiling.
        max: Amount,
    },
    /// A02.
    QtyAboveMax {
        /// What was asked, in whole units.
        asked: Amount,
        /// The limit.
        max: Amount,
    },
    /// A02.
    BookShareAboveMax {
        /// What was asked.
        asked: Qty,
        /// What the share of the visible depth allows.
        max: Qty,
    },
    /// A03.
    PriceOutsideCollar {
        /// What was asked.
        asked: Price,
        /// Against this.
        reference: Price,
        /// Distance allowed, in ten-thousandths.
        bps_max: u32,
    },
    /// A04.
    PriceDrifted {
        /// What was asked.
        asked: Price,
        /// First price of the window.
        from: Price,
        /// Climb allowed, in ten-thousandths.
        bps_max: u32,
    },
    /// A05.
    MarketEntry,
    /// A06: no rules of the symbol are known.
    NoRules,
    /// A06: the rules are too old to arm with.
    RulesTooOld {
        /// Their age.
        age: Span,
        /// The limit.
        max: Span,
    },
    /// A06: the pair or its API is closed, or this side or kind is.
    NotTradable {
        /// The side asked.
        side: Side,
        /// The kind asked.
        kind: OrderKind,
    },
    /// A06.
    OffTick {
        /// What was asked.
        asked: Price,
        /// Prices are multiples of this.
        tick: Price,
    },
    /// A06.
    OffStep {
        /// What was asked.
        asked: Qty,
        /// Quantities are multiples of this.
        step: Qty,
    },
    /// A06.
    QtyBelowMin {
        /// What was asked.
        asked: Qty,
        /// The venue's minimum.
        min: Qty,
    },
    /// A06.
    NotionalBelowMin {
        /// What was asked.
        asked: Amount,
        /// The venue's minimum.
        min: Amount,
    },
    /// A06.
    NotionalAboveVenue {
        /// What was asked.
        asked: Amount,
        /// The venue's maximum.
        max: Amount,
    },
    /// A07: no such permit, or it stands for another account, symbol, coin or side.
    WrongPermit {
        /// The one named.
        permit: PermitId,
    },
    /// The permit is not on disk yet.
    PermitNotDurable {
        /// Which.
        permit: PermitId,
    },
    /// The permit was revoked.
    PermitRevoked {
        /// Which.
        permit: PermitId,
    },
    /// Outside the permit's window.
    OutsideWindow {
        /// The exchange's clock.
        now: VenueTime,
        /// First moment.
        from: VenueTime,
        /// Last moment.
        to: VenueTime,
    },
    /// Above the permit's price.
    PriceAbovePermit {
        /// What was asked.
        asked: Price,
        /// The permit's.
        max: Price,
    },
    /// Above what the permit has left.
    NotionalAbovePermit {
        /// Used and asked together.
        asked: Amount,
        /// The permit's.
        max: Amount,
    },
    /// The permit's orders are spent.
    OrdersSpent {
        /// Sent.
        sent: u32,
        /// The permit's.
        max: u32,
    },
    /// A longer receive window than the fence allows.
    RecvWindowTooLong {
        /// What was asked.
        asked_ms: u32,
        /// The limit.
        max_ms: u32,
    },
    /// A sale of more than is held and not offered.
    SellAboveHeld {
        /// What was asked.
        asked: Qty,
        /// Held minus offered.
        free: Qty,
    },
    /// A08.
    DuplicateLeg {
        /// Orders of that leg that may be alive.
        alive: u32,
    },
    /// A11.
    Overflow,
    /// A12, in flight and unknown included.
    ExposureAboveMax {
        /// Which total.
        cap: Cap,
        /// With this order.
        asked: Amount,
        /// The limit.
        max: Amount,
    },
    /// A13.
    TooManyOrders {
        /// Alive.
        alive: u32,
        /// The limit.
        max: u32,
    },
    /// A14.
    TooManyTargets {
        /// Active.
        active: u32,
        /// The limit.
        max: u32,
    },
    /// A15.
    RateSpent,
    /// A17.
    DailyBuyAboveMax {
        /// With this order.
        asked: Amount,
        /// The limit.
        max: Amount,
    },
    /// A29.
    SelfTrade {
        /// What was asked.
        asked: Price,
        /// Our own order on the other side.
        own: Price,
    },
    /// A rule of a plug-in.
    Rule {
        /// The rule's slot.
        slot: Slot,
        /// Its number.
        code: u32,
    },
    /// A rule of a plug-in that failed and is out of use: without it nothing is bought.
    RuleSilent {
        /// The rule's slot.
        slot: Slot,
    },
}

impl Refusal {
    /// The control that refused, as documents name it.
    pub const fn control(&self) -> &'static str {
        match self {
            Self::Killed { .. } => "A30",
            Self::Blocked { .. } => "blocked",
            Self::NotionalAboveMax { .. } | Self::NotionalAboveCeiling { .. } => "A01",
            Self::QtyAboveMax { .. } | Self::BookShareAboveMax { .. } => "A02",
            Self::PriceOutsideCollar { .. } => "A03",
            Self::PriceDrifted { .. } => "A04",
            Self::MarketEntry => "A05",
            Self::NoRules
            | Self::RulesTooOld { .. }
            | Self::NotTradable { .. }
            | Self::OffTick { .. }
            | Self::OffStep { .. }
            | Self::QtyBelowMin { .. }
            | Self::NotionalBelowMin { .. }
            | Self::NotionalAboveVenue { .. } => "A06",
            Self::WrongPermit { .. } => "A07",
            Self::PermitNotDurable { .. }
            | Self::PermitRevoked { .. }
            | Self::OutsideWindow { .. }
            | Self::PriceAbovePermit { .. }
            | Self::NotionalAbovePermit { .. }
            | Self::OrdersSpent { .. }
            | Self::RecvWindowTooLong { .. } => "permit",
            Self::SellAboveHeld { .. } => "held",
            Self::DuplicateLeg { .. } => "A08",
            Self::Overflow => "A11",
            Self::ExposureAboveMax { .. } => "A12",
            Self::TooManyOrders { .. } => "A13",
            Self::TooManyTargets { .. } => "A14",
            Self::RateSpent => "A15",
            Self::DailyBuyAboveMax { .. } => "A17",
            Self::SelfTrade { .. } => "A29",
            Self::Rule { .. } | Self::RuleSilent { .. } => "rule",
        }
    }

    /// Whether asking again later may be answered otherwise without anything changing but time.
    pub const fn passes_with_time(&self) -> bool {
        matches!(
            self,
            Self::RateSpent
                | Self::Blocked { .. }
                | Self::PermitNotDurable { .. }
                | Self::DuplicateLeg { .. }
                | Self::RuleSilent { .. }
        )
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self:?}", self.control())
    }
}

impl core::error::Error for Refusal {}

model::wire_enum!(Refusal {
    1 => Killed { level },
    2 => Blocked { block },
    3 => NotionalAboveMax { asked, max },
    4 => NotionalAboveCeiling { asked, max },
    5 => QtyAboveMax { asked, max },
    6 => BookShareAboveMax { asked, max },
    7 => PriceOutsideCollar { asked, reference, bps_max },
    8 => PriceDrifted { asked, from, bps_max },
    9 => MarketEntry,
    10 => NoRules,
    11 => RulesTooOld { age, max },
    12 => NotTradable { side, kind },
    13 => OffTick { asked, tick },
    14 => OffStep { asked, step },
    15 => QtyBelowMin { asked, min },
    16 => NotionalBelowMin { asked, min },
    17 => NotionalAboveVenue { asked, max },
    18 => WrongPermit { permit },
    19 => PermitNotDurable { permit },
    20 => PermitRevoked { permit },
    21 => OutsideWindow { now, from, to },
    22 => PriceAbovePermit { asked, max },
    23 => NotionalAbovePermit { asked, max },
    24 => OrdersSpent { sent, max },
    25 => RecvWindowTooLong { asked_ms, max_ms },
    26 => SellAboveHeld { asked, free },
    27 => DuplicateLeg { alive },
    28 => Overflow,
    29 => ExposureAboveMax { cap, asked, max },
    30 => TooManyOrders { alive, max },
    31 => TooManyTargets { active, max },
    32 => RateSpent,
    33 => DailyBuyAboveMax { asked, max },
    34 => SelfTrade { asked, own },
    35 => Rule { slot, code },
    36 => RuleSilent { slot },
});

impl model::wire::Wire for Cap {
    fn write(&self, out: &mut model::wire::Writer<'_>) {
        (*self as u8).write(out);
    }
    fn read(from: &mut model::wire::Reader<'_>) -> Result<Self, model::wire::WireError> {
        Ok(match u8::read(from)? {
            1 => Self::Symbol,
            2 => Self::Quote,
            3 => Self::Total,
            tag => return Err(model::wire::WireError::Tag { of: "Cap", tag }),
        })
    }
}
