//! What happened, by kind.

use abi::{Plain, scene as raw};

use crate::num::{Amount, Price, Qty};
use crate::time::{Mono, VenueTime};
use crate::word::{AccountId, Closed, OrderKind, OrderStatus, Side, Source, TargetId};

/// What happened. The pair and the account stand in the scene.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Nothing but the signals: detection looked again.
    Signals,
    /// A witness spoke about the pair's listing.
    Listing(Listing),
    /// The last part of a change of the book.
    Depth(Depth),
    /// Best bid and ask.
    Top(Top),
    /// A public deal.
    Print(Print),
    /// An order of the account changed.
    Order(Order),
    /// A deal of the account.
    Fill(Fill),
    /// A balance of the account changed.
    Balance(Balance),
    /// The names of a pair.
    Names(Names),
    /// What the venue takes for the pair.
    Rules(Rules),
    /// A target changed.
    Target(crate::scene::Target),
    /// A position changed.
    Position(PositionChange),
    /// A timer of this plug-in came.
    Timer(Timer),
    /// The operator changed a parameter; `setup` was called before.
    Parameter {
        /// Which, by its place in the manifest.
        index: u32,
        /// Its value.
        value: i64,
    },
    /// A kind that this version of the contract does not name.
    Unknown(u16),
}

impl Event {
    #[inline]
    pub(crate) fn read(kind: u16, body: &[u8]) -> Self {
        match kind {
            raw::SIGNALS => Self::Signals,
            raw::LISTING => Self::Listing(Listing { raw: Plain::get(body) }),
            raw::DEPTH => Self::Depth(Depth { raw: Plain::get(body) }),
            raw::TOP => Self::Top(Top { raw: Plain::get(body) }),
            raw::PRINT => Self::Print(Print { raw: Plain::get(body) }),
            raw::ORDER => Self::Order(Order { raw: Plain::get(body) }),
            raw::FILL => Self::Fill(Fill { raw: Plain::get(body) }),
            raw::BALANCE => Self::Balance(Balance { raw: Plain::get(body) }),
            raw::NAMES => Self::Names(Names { raw: Plain::get(body) }),
            raw::RULES => Self::Rules(Rules { raw: Plain::get(body) }),
            raw::TARGET => Self::Target(crate::scene::Target { raw: Plain::get(body) }),
            raw::POSITION => Self::Position(PositionChange { raw: Plain::get(body) }),
            raw::TIMER => Self::Timer(Timer { raw: Plain::get(body) }),
            raw::PARAMETER => {
                let raw::Parameter { parameter, value, .. } = Plain::get(body);
                Self::Parameter { index: parameter, value }
            }
            other => Self::Unknown(other),
        }
    }
}

macro_rules! views {
    ($( $(#[$meta:meta])* $name:ident, )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name {
            /// The plain numbers.
            pub raw: raw::$name,
        }
    )*};
}

views! {
    /// What a witness said.
    Listing,
    /// The last part of a change of the book.
    Depth,
    /// Best bid and ask.
    Top,
    /// A public deal.
    Print,
    /// An order of the account.
    Order,
    /// A deal of the account.
    Fill,
    /// A balance of the account after a change.
    Balance,
    /// The names of a pair.
    Names,
    /// What the venue takes for a pair.
    Rules,
    /// A position after a change.
    PositionChange,
    /// A timer that came.
    Timer,
}

/// What a witness says about a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Said {
    /// It opens then.
    OpensAt(VenueTime),
    /// The web list shows it in a state.
    Shown,
    /// Whether the API may trade it.
    ApiAllowed(bool),
    /// The witness no longer shows it.
    Gone,
    /// Something that this version of the contract does not name.
    Unknown,
}

impl Listing {
    /// Who.
    pub fn source(&self) -> Source {
        Source::from_number(self.raw.source)
    }

    /// What.
    pub fn said(&self) -> Said {
        match self.raw.what {
            1 => VenueTime::known(self.raw.opens_at).map_or(Said::Unknown, Said::OpensAt),
            2 => Said::Shown,
            3 => Said::ApiAllowed(self.raw.api_allowed == 1),
            4 => Said::Gone,
            _ => Said::Unknown,
        }
    }
}

impl Depth {
    /// Changed levels: side by which they are offered, price, and the quantity that stands there;
    /// zero removes it.
    pub fn levels(&self) -> impl Iterator<Item = (Side, Price, Qty)> + '_ {
        let count = usize::from(self.raw.len).min(raw::LEVELS);
        let levels = self.raw.levels[..count].iter().enumerate();
        levels.filter_map(|(at, level)| {
            let side = if self.raw.asks >> at & 1 == 1 { Side::Sell } else { Side::Buy };
            Some((side, Price::from_raw(level.price)?, Qty::from_raw(level.qty)?))
        })
    }
}

impl Top {
    /// Best bid and its quantity.
    pub fn bid(&self) -> Option<(Price, Qty)> {
        level(&self.raw.bid)
    }

    /// Best ask and its quantity.
    pub fn ask(&self) -> Option<(Price, Qty)> {
        level(&self.raw.ask)
    }
}

fn level(level: &raw::Level) -> Option<(Price, Qty)> {
    let qty = Qty::from_raw(level.qty).filter(|qty| !qty.is_zero())?;
    Some((Price::from_raw(level.price)?, qty))
}

impl Print {
    /// At this price; `None` for a figure that is none.
    #[inline]
    pub fn price(&self) -> Option<Price> {
        Price::from_raw(self.raw.price)
    }

    /// This much.
    #[inline]
    pub fn qty(&self) -> Qty {
        Qty::from_raw(self.raw.qty).unwrap_or_default()
    }

    /// The side that took.
    #[inline]
    pub fn taker(&self) -> Side {
        Side::from_number(self.raw.taker)
    }
}

impl Order {
    /// Whether Shrike sent it.
    pub fn is_ours(&self) -> bool {
        self.raw.client_order_id != 0
    }

    /// Which way.
    pub fn side(&self) -> Side {
        Side::from_number(self.raw.side)
    }

    /// What became of it.
    pub fn status(&self) -> OrderStatus {
        OrderStatus::from_number(self.raw.status)
    }

    /// What kind of order.
    pub fn kind(&self) -> OrderKind {
        OrderKind::from_number(self.raw.kind)
    }

    /// Limit price; `None` when there is none.
    pub fn price(&self) -> Option<Price> {
        Price::from_raw(self.raw.price)
    }

    /// Ordered quantity.
    pub fn qty(&self) -> Qty {
        Qty::from_raw(self.raw.qty).unwrap_or_default()
    }

    /// Filled quantity.
    pub fn filled(&self) -> Qty {
        Qty::from_raw(self.raw.filled).unwrap_or_default()
    }
}

impl Fill {
    /// Which way.
    pub fn side(&self) -> Side {
        Side::from_number(self.raw.side)
    }

    /// Price of the deal; `None` for a figure that is none.
    pub fn price(&self) -> Option<Price> {
        Price::from_raw(self.raw.price)
    }

    /// Quantity of the deal.
    pub fn qty(&self) -> Qty {
        Qty::from_raw(self.raw.qty).unwrap_or_default()
    }

    /// Fee paid, in the asset that `raw.fee_asset` names.
    pub fn fee(&self) -> Amount {
        Amount::from_raw(self.raw.fee)
    }

    /// Whether our order rested.
    pub fn is_maker(&self) -> bool {
        self.raw.maker == 1
    }
}

impl Balance {
    /// Available.
    pub fn free(&self) -> Amount {
        Amount::from_raw(self.raw.free)
    }

    /// Held by orders.
    pub fn locked(&self) -> Amount {
        Amount::from_raw(self.raw.locked)
    }
}

impl Names {
    /// The venue's name of the pair, such as `NEWUSDT`.
    pub fn name(&self) -> &str {
        text(&self.raw.name)
    }

    /// What is traded.
    pub fn base(&self) -> &str {
        text(&self.raw.base)
    }

    /// What it is paid with.
    pub fn quote(&self) -> &str {
        text(&self.raw.quote)
    }
}

fn text(bytes: &[u8]) -> &str {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    core::str::from_utf8(&bytes[..end]).unwrap_or_default()
}

impl Rules {
    /// Prices are multiples of this.
    pub fn tick(&self) -> Option<Price> {
        Price::from_raw(self.raw.tick)
    }

    /// Quantities are multiples of this.
    pub fn step(&self) -> Qty {
        Qty::from_raw(self.raw.step).unwrap_or_default()
    }

    /// Whether orders of this kind are taken.
    pub fn takes(&self, kind: OrderKind) -> bool {
        kind != OrderKind::Unknown && self.raw.kinds >> kind.number() & 1 == 1
    }
}

impl PositionChange {
    /// The target it came from.
    pub fn target(&self) -> TargetId {
        TargetId(self.raw.target)
    }

    /// Whose.
    pub fn account(&self) -> AccountId {
        AccountId(self.raw.account)
    }

    /// Whether it came from a target of this plug-in.
    pub fn is_own(&self) -> bool {
        self.raw.flags & raw::OWN != 0
    }

    /// Why nothing is left to sell.
    pub fn closed(&self) -> Closed {
        Closed::from_number(self.raw.closed)
    }

    /// Held, fees in base subtracted.
    pub fn qty(&self) -> Qty {
        Qty::from_raw(self.raw.qty).unwrap_or_default()
    }

    /// Quote paid for all buys, fees included.
    pub fn paid(&self) -> Amount {
        Amount::from_raw(self.raw.paid)
    }

    /// Quote received for all sells, fees subtracted.
    pub fn received(&self) -> Amount {
        Amount::from_raw(self.raw.received)
    }
}

impl Timer {
    /// Which, 0 to 7.
    pub fn timer(&self) -> u8 {
        self.raw.timer as u8
    }

    /// When it was due; the scene's clock may be later.
    pub fn due(&self) -> Mono {
        Mono(self.raw.due)
    }
}
