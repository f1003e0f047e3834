//! What the venue takes for a symbol.

use crate::{Amount, Price, Qty, VenueTime};

/// The rules of one symbol, as last read from the venue; replaced whole, never edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SymbolSpec {
    /// Counts the readings that differed, from 1.
    pub version: u32,
    /// Decimals of every [`Price`] of this symbol: the venue's precision + 2.
    pub price_decimals: u8,
    /// Decimals of every [`Qty`] of this symbol: the venue's precision + 2.
    pub qty_decimals: u8,
    /// Prices are multiples of this.
    pub tick: Price,
    /// Quantities are multiples of this.
    pub step: Qty,
    /// Smallest quantity of an order; zero when the venue names none.
    pub qty_min: Qty,
    /// Smallest price x quantity of an order, in quote.
    pub notional_min: Amount,
    /// Largest price x quantity of an order, in quote.
    pub notional_max: Amount,
    /// Fee of a resting order, in millionths of the value.
    pub maker_fee_ppm: u32,
    /// Fee of a crossing order, in millionths of the value.
    pub taker_fee_ppm: u32,
    /// Online, paused or offline.
    pub status: SymbolStatus,
    /// Which sides may be ordered.
    pub sides: TradeSides,
    /// Which kinds may be ordered.
    pub kinds: OrderKinds,
    /// Whether the API may trade it; `false` while the web page may.
    pub api_allowed: bool,
    /// Who said so.
    pub source: SpecSource,
    /// When it was read.
    pub read_at: VenueTime,
}

/// State of a symbol at the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SymbolStatus {
    /// Trading.
    Online = 1,
    /// Paused.
    Paused = 2,
    /// Offline.
    Offline = 3,
}

/// Sides that may be ordered (`tradeSideType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TradeSides {
    /// Both.
    Both = 1,
    /// Buys only: we could enter and never leave.
    BuyOnly = 2,
    /// Sells only.
    SellOnly = 3,
    /// Neither.
    Closed = 4,
}

/// Where rules were read. Before `exchangeInfo` has the pair the web list is all there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SpecSource {
    /// symbolsV2: precisions only.
    WebList = 1,
    /// `exchangeInfo`: everything.
    ExchangeInfo = 2,
}

/// A set of [`OrderKind`](crate::OrderKind)s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct OrderKinds(pub u8);

impl OrderKinds {
    /// Every kind.
    pub const ALL: Self = Self(0b1_1111);

    /// With one more kind.
    #[must_use]
    pub const fn with(self, kind: crate::OrderKind) -> Self {
        Self(self.0 | 1 << kind as u8)
    }

    /// Whether `kind` is in the set.
    pub const fn has(self, kind: crate::OrderKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}
