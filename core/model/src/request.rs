//! One order, wanted but not yet approved.

use crate::{AccountId, ClientOrderId, PermitId, Price, Qty, SymbolId, VenueTime};

/// The side of the book an order takes part on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Side {
    /// Buy the base asset.
    Buy = 1,
    /// Sell the base asset.
    Sell = 2,
}

impl Side {
    /// The venue's number, 1 or 2.
    pub const fn from_u8(side: u8) -> Option<Self> {
        match side {
            1 => Some(Self::Buy),
            2 => Some(Self::Sell),
            _ => None,
        }
    }

    /// The venue's word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Buy => "BUY",
            Self::Sell => "SELL",
        }
    }

    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

/// How an order meets the book. The venue has no stop orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum OrderKind {
    /// Rests until filled or cancelled.
    Limit = 0,
    /// Rests or is refused; never takes.
    LimitMaker = 1,
    /// Fills what it can at once and cancels the rest.
    ImmediateOrCancel = 2,
    /// Fills wholly at once or not at all.
    FillOrKill = 3,
    /// At any price. Only a reducing order, only the last rung of an emergency exit.
    Market = 4,
}

impl OrderKind {
    /// The venue's word for `type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Limit => "LIMIT",
            Self::LimitMaker => "LIMIT_MAKER",
            Self::ImmediateOrCancel => "IMMEDIATE_OR_CANCEL",
            Self::FillOrKill => "FILL_OR_KILL",
            Self::Market => "MARKET",
        }
    }

    /// Whether an order of this kind may stay on the book.
    pub const fn rests(self) -> bool {
        matches!(self, Self::Limit | Self::LimitMaker)
    }
}

/// What allows an order to exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Authority {
    /// A buy, under a live and durable permit.
    Permit(PermitId),
    /// A sale of at most what is held, under the exit authority that the permit's record grants.
    Exit(PermitId),
}

impl Authority {
    /// The permit in either case.
    pub const fn permit(self) -> PermitId {
        match self {
            Self::Permit(id) | Self::Exit(id) => id,
        }
    }
}

/// One order as it would go to the venue; the journal's intent record once it is approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whose order.
    pub account: AccountId,
    /// The pair.
    pub symbol: SymbolId,
    /// Buy or sell.
    pub side: Side,
    /// How it meets the book.
    pub kind: OrderKind,
    /// Limit price; for a market order the price it is valued at.
    pub price: Price,
    /// Quantity of the base asset.
    pub qty: Qty,
    /// What allows it.
    pub authority: Authority,
    /// Our id.
    pub client_order_id: ClientOrderId,
    /// Signed into the request; the venue takes it until `recv_window_ms` later.
    pub timestamp: VenueTime,
    /// At most 2,000 on entries: it bounds how long an unanswered order may still be accepted.
    pub recv_window_ms: u32,
}
