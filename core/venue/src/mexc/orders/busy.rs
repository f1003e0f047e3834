//! Requests that were not written.

use core::fmt;

use model::{Body, ClientOrderId};

/// Why a request was not written. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    /// Which order.
    pub client_order_id: ClientOrderId,
    /// Whether it was the cancel of that order.
    pub cancel: bool,
    /// The reason.
    pub why: BusyWhy,
}

/// The reason of a [`Busy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BusyWhy {
    /// The connection is not open, or must be closed first.
    NotOpen,
    /// Another request is in flight.
    InFlight,
    /// The request is another account's.
    OtherAccount,
    /// The table of symbols lacks the pair.
    UnknownSymbol,
    /// The pair's scales are not known, so no number of it can be written.
    NoScales,
    /// The request is longer than the buffer; no request of ours is.
    TooLong,
}

impl Busy {
    /// As the engine is told.
    pub fn body(self) -> Body {
        Body::Busy { client_order_id: self.client_order_id, cancel: self.cancel }
    }
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.why {
            BusyWhy::NotOpen => "the connection is not open",
            BusyWhy::InFlight => "another request is in flight",
            BusyWhy::OtherAccount => "the connection is another account's",
            BusyWhy::UnknownSymbol => "the pair is unknown",
            BusyWhy::NoScales => "the pair's scales are unknown",
            BusyWhy::TooLong => "the request does not fit the buffer",
        };
        write!(f, "{} not sent: {why}", self.client_order_id)
    }
}

impl core::error::Error for Busy {}
