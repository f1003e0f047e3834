//! What a risk rule is asked, and what it may say.

use abi::area::{INPUT, OUTPUT};
use abi::export;
use abi::{Plain, judge as raw};

use crate::desk::OUTPUT_LEN;
use crate::num::{Amount, Price, Qty};
use crate::time::{Mono, VenueTime};
use crate::word::{AccountId, OrderKind, SymbolId};

/// One buy that the native limits let through, with the figures they compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The plain numbers.
    pub raw: raw::Question,
}

/// What a rule says. It can tighten what the native limits allow, and never widen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it is.
    Allow,
    /// At most this much; cut down to a multiple of the step.
    Shrink(Qty),
    /// Not at all; the rule's own number, for records.
    Refuse(u32),
}

macro_rules! amounts {
    ($( $(#[$meta:meta])* $name:ident, )*) => {$(
        $(#[$meta])*
        #[inline]
        pub fn $name(&self) -> Amount {
            Amount::from_raw(self.raw.$name)
        }
    )*};
}

impl Question {
    #[inline]
    pub(crate) fn read(bytes: &[u8; OUTPUT]) -> Self {
        Self { raw: Plain::get(&bytes[INPUT..]) }
    }

    /// Our clock.
    #[inline]
    pub fn now(&self) -> Mono {
        Mono(self.raw.now)
    }

    /// The exchange's clock; `None` before it is known.
    #[inline]
    pub fn venue_now(&self) -> Option<VenueTime> {
        VenueTime::known(self.raw.venue_now)
    }

    /// The pair.
    #[inline]
    pub fn symbol(&self) -> SymbolId {
        SymbolId(self.raw.symbol)
    }

    /// Whose order.
    #[inline]
    pub fn account(&self) -> AccountId {
        AccountId(self.raw.account)
    }

    /// What kind of order.
    #[inline]
    pub fn kind(&self) -> OrderKind {
        OrderKind::from_number(self.raw.kind)
    }

    /// Limit price; `None` for a figure that is none.
    #[inline]
    pub fn price(&self) -> Option<Price> {
        Price::from_raw(self.raw.price)
    }

    /// Quantity asked for.
    #[inline]
    pub fn qty(&self) -> Qty {
        Qty::from_raw(self.raw.qty).unwrap_or_default()
    }

    /// Quantities are multiples of this.
    #[inline]
    pub fn step(&self) -> Qty {
        Qty::from_raw(self.raw.step).unwrap_or_default()
    }

    /// Asks up to the price; `None` when there is no live book.
    #[inline]
    pub fn depth(&self) -> Option<Qty> {
        let live = self.raw.bid > 0 || self.raw.ask > 0;
        Qty::from_raw(self.raw.depth).filter(|_| live)
    }

    amounts! {
        /// Price times quantity.
        notional,
        /// Cost of the pair's holdings and buys in flight on the account.
        symbol_notional,
        /// The same over all pairs of the same quote.
        quote_notional,
        /// The same over all pairs.
        total_notional,
        /// Bought today in UTC, with what is in flight.
        bought_today,
        /// What the permit allows.
        permit_max,
        /// What the permit has used.
        permit_used,
    }

    /// The largest quantity, a multiple of the step, that `room` pays for at the order's price, and
    /// no more than was asked for. Nothing for an order without a price.
    pub fn affordable(&self, room: Amount) -> Qty {
        let (pd, qd) = (self.raw.price_decimals, self.raw.qty_decimals);
        let Some(price) = self.price() else { return Qty::ZERO };
        // What no quantity holds is more than was asked for.
        let qty = room.qty_at(price, pd, qd).unwrap_or(self.qty());
        qty.min(self.qty()).floor_to(self.step())
    }
}

impl Verdict {
    /// Writes the figures; gives the number.
    #[inline]
    pub(crate) fn write(self, to: &mut [u8; OUTPUT_LEN]) -> i32 {
        let (number, qty, code) = match self {
            Self::Allow => return export::ALLOW,
            Self::Shrink(qty) => (export::SHRINK, qty.raw(), 0),
            Self::Refuse(code) => (export::REFUSE, 0, code),
        };
        raw::Verdict { qty, code, reserved: 0 }.put(to);
        number
    }
}
