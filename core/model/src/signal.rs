//! What detection saw.

use crate::{Confidence, FixedList, SymbolId, VenueTime};

/// The kind of thing that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Pattern {
    /// The web list's triple says ready.
    ReadyState = 1,
    /// The triple is on its way.
    PreReady = 2,
    /// The calendar names an opening ahead.
    LaunchSequence = 3,
    /// The price moved.
    PriceMove = 4,
    /// The volume rose.
    VolumeSpike = 5,
    /// Several at once.
    Combined = 6,
    /// None: the operator named the target.
    ByHand = 7,
    /// None: the operator bought a pair that trades.
    Bought = 8,
    /// None: the operator brought a holding under a plan.
    Adopted = 9,
}

impl Pattern {
    /// The word used in configuration and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadyState => "ready_state",
            Self::PreReady => "pre_ready",
            Self::LaunchSequence => "launch_sequence",
            Self::PriceMove => "price_move",
            Self::VolumeSpike => "volume_spike",
            Self::Combined => "combined",
            Self::ByHand => "by_hand",
            Self::Bought => "bought",
            Self::Adopted => "adopted",
        }
    }

    /// Whether it is the operator's word and nothing that was seen.
    pub const fn is_by_hand(self) -> bool {
        matches!(self, Self::ByHand | Self::Bought | Self::Adopted)
    }
}

/// Something that spoke for or against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Factor {
    /// The calendar's opening time; the value is milliseconds since the epoch.
    CalendarOpening = 1,
    /// The web list's opening time; the value is milliseconds since the epoch.
    WebListOpening = 2,
    /// The web list's triple as `sts * 10_000 + st * 100 + tt`.
    Triple = 3,
    /// Precision of price and quantity in the web list, as `ps * 100 + qs`.
    Precision = 4,
    /// `exchangeInfo` has the pair; the value is its status.
    ExchangeInfo = 5,
    /// The API may trade the pair: 1 or 0.
    ApiAllowed = 6,
}

impl Factor {
    /// The word used in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CalendarOpening => "calendar_opening",
            Self::WebListOpening => "web_list_opening",
            Self::Triple => "triple",
            Self::Precision => "precision",
            Self::ExchangeInfo => "exchange_info",
            Self::ApiAllowed => "api_allowed",
        }
    }
}

/// One known fact behind a confidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What.
    pub factor: Factor,
    /// Its value, as the factor says.
    pub value: i64,
}

/// A pattern seen for one symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The pair.
    pub symbol: SymbolId,
    /// What was seen.
    pub pattern: Pattern,
    /// How likely the opening can be traded, by [`Confidence`]'s definition.
    pub confidence: Confidence,
    /// Whether the confidence rests on fewer than 200 outcomes.
    pub uncalibrated: bool,
    /// Planned opening, in the exchange's clock; none when unknown.
    pub opens_at: VenueTime,
    /// The known facts, strongest first.
    pub evidence: FixedList<Evidence, 6>,
}
