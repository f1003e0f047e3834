//! Everything that may happen to the engine, in one closed list.

use crate::{
    AccountId, Amount, AssetId, Block, ByHand, ClientOrderId, KillLevel, LearntFact, Mono,
    OrderKind, PluginEvent, Price, Qty, Side, Slot, Span, SymbolId, SymbolSpec, TargetId, Text,
    VenueKey, VenueTime,
};

/// One thing that happened outside, as the engine sees it; journaled before it acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When the venue says it happened, by the venue's clock; [`VenueTime::NONE`] if it does not.
    pub stamped: VenueTime,
    /// The pair, or [`SymbolId::NONE`].
    pub symbol: SymbolId,
    /// The account, or [`AccountId::NONE`].
    pub account: AccountId,
    /// Whether this is the last event of its frame: strategies are asked only then.
    pub last: bool,
    /// What happened.
    pub body: Body,
}

// Two cache lines; the journal's ring counts on it. A fill with an i128 fee needs 96 of them.
const _: () = assert!(size_of::<Event>() <= 128);

impl Event {
    /// An event of no symbol and no account that stands alone.
    pub const fn bare(body: Body) -> Self {
        Self {
            stamped: VenueTime::NONE,
            symbol: SymbolId::NONE,
            account: AccountId::NONE,
            last: true,
            body,
        }
    }

    /// An event of one account and symbol that stands alone.
    pub const fn of(account: AccountId, symbol: SymbolId, body: Body) -> Self {
        Self { stamped: VenueTime::NONE, symbol, account, last: true, body }
    }

    /// Whether only the market data of others is told: what may be shed under load.
    pub const fn is_public(&self) -> bool {
        matches!(self.body, Body::Depth(_) | Body::Top(_) | Body::Print(_))
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Part of a book: changed levels or a snapshot.
    Depth(Depth),
    /// Best bid and ask.
    Top(BookTop),
    /// A public deal.
    Print(Print),
    /// An order of ours changed.
    Order(OrderUpdate),
    /// A deal of ours.
    Fill(Fill),
    /// A balance of ours.
    Balance(Balance),
    /// The venue took an order.
    Placed(Placed),
    /// The venue refused an order or a cancel.
    Reject(Reject),
    /// The venue confirmed a cancel.
    Cancelled(Cancelled),
    /// No reply that settles the fate of an order or cancel.
    ReplyLost(ReplyLost),
    /// The answer to a question of ours, beyond the orders and balances it carried.
    Answer(QueryAnswer),
    /// A text id or message of the venue, for records; the engine ignores it.
    VenueText(VenueText),
    /// A name entered the symbol table at the event's `symbol`.
    Symbol(SymbolNames),
    /// The rules of a symbol as read.
    Spec(SymbolSpec),
    /// A witness spoke about a listing.
    Listing(ListingFact),
    /// A group of connections came up or went down.
    Link {
        /// Which.
        link: Link,
        /// Whether one of them can be used.
        up: bool,
    },
    /// A subscription changed its state.
    Stream {
        /// Which.
        stream: Stream,
        /// How it stands.
        state: LinkState,
    },
    /// A better estimate of the exchange's clock.
    Clock(ClockSample),
    /// The last byte of an order or cancel went to the socket.
    Sent(Sent),
    /// No connection could take the order; nothing was sent.
    Busy {
        /// Which order.
        client_order_id: ClientOrderId,
        /// Whether it was the cancel of that order.
        cancel: bool,
    },
    /// The kill flag stopped the order before its first byte.
    Suppressed {
        /// Which order.
        client_order_id: ClientOrderId,
    },
    /// The record with this token is on disk.
    Durable {
        /// The token that the engine gave it.
        token: u64,
    },
    /// A condition that the machine watches began or ended.
    Blocked {
        /// Which.
        block: Block,
        /// Whether it is in force.
        on: bool,
    },
    /// The operator spoke.
    Command(Command),
    /// Public events were neither journaled nor acted on; every book is stale.
    Shed(ShedRange),
    /// The engine holds what the process before left; the first event of such a start.
    Restored {
        /// The last intents before the end may be missing: the machine itself went down.
        ring_lost: bool,
    },
    /// Something is asked of a plug-in.
    Plugin {
        /// Where it runs.
        slot: Slot,
        /// What.
        event: PluginEvent,
    },
    /// What earlier openings taught of confidence.
    Learnt(LearntFact),
}

/// Whether a depth event changes levels or replaces the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DepthKind {
    /// Absolute quantities of changed levels, from a stream.
    Diff = 1,
    /// The whole visible book, from a query.
    Snapshot = 2,
    /// The complete top of the book, from a limited-depth stream.
    Top = 3,
}

/// One price level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// The price.
    pub price: Price,
    /// The quantity that stands there; zero removes it.
    pub qty: Qty,
}

/// Up to [`Depth::LEVELS`] levels of one push; larger pushes come as several events in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// Change or replacement.
    pub kind: DepthKind,
    /// First event of the push: versions are checked and a replacement clears the book.
    pub first: bool,
    /// First version inside the push; for replacements the same as `to`.
    pub from: u64,
    /// Last version inside the push.
    pub to: u64,
    /// Bit n set: level n is an ask.
    pub asks: u8,
    /// How many of `levels` count.
    pub len: u8,
    /// The levels, best first where the venue sorts them.
    pub levels: [Level; Self::LEVELS],
}

impl Depth {
    /// Levels an event holds.
    pub const LEVELS: usize = 5;

    /// A push without levels yet.
    pub const fn new(kind: DepthKind, first: bool, from: u64, to: u64) -> Self {
        let Some(price) = Price::from_raw(1) else { unreachable!() };
        let none = Level { price, qty: Qty::ZERO };
        Self { kind, first, from, to, asks: 0, len: 0, levels: [none; Self::LEVELS] }
    }

    /// Appends a level; `false` when there is no room.
    pub fn push(&mut self, side: Side, level: Level) -> bool {
        let at = usize::from(self.len);
        let Some(slot) = self.levels.get_mut(at) else { return false };
        *slot = level;
        if side == Side::Sell {
            self.asks |= 1 << at;
        }
        self.len += 1;
        true
    }

    /// The levels with their side: bids are [`Side::Buy`], asks [`Side::Sell`].
    pub fn iter(&self) -> impl Iterator<Item = (Side, Level)> + '_ {
        let len = usize::from(self.len).min(Self::LEVELS);
        self.levels[..len].iter().enumerate().map(|(at, level)| {
            (if self.asks & (1 << at) == 0 { Side::Buy } else { Side::Sell }, *level)
        })
    }
}

/// Best bid and ask; a side is `None` when the book has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookTop {
    /// Best bid.
    pub bid: Option<Level>,
    /// Best ask.
    pub ask: Option<Level>,
    /// Version of the book; 0 when the venue did not say.
    pub version: u64,
}

/// A public deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print {
    /// At this price.
    pub price: Price,
    /// This much.
    pub qty: Qty,
    /// The side that took.
    pub taker: Side,
}

/// State of an order as the venue names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum OrderStatus {
    /// On the book.
    New = 1,
    /// Filled wholly.
    Filled = 2,
    /// Filled in part, the rest on the book.
    PartiallyFilled = 3,
    /// Cancelled without a fill.
    Cancelled = 4,
    /// Filled in part, the rest cancelled.
    PartiallyCancelled = 5,
}

impl OrderStatus {
    /// From the stream's number.
    pub const fn from_u8(status: u8) -> Option<Self> {
        Some(match status {
            1 => Self::New,
            2 => Self::Filled,
            3 => Self::PartiallyFilled,
            4 => Self::Cancelled,
            5 => Self::PartiallyCancelled,
            _ => return None,
        })
    }

    /// From REST's word.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "NEW" => Self::New,
            "FILLED" => Self::Filled,
            "PARTIALLY_FILLED" => Self::PartiallyFilled,
            "CANCELED" => Self::Cancelled,
            "PARTIALLY_CANCELED" => Self::PartiallyCancelled,
            _ => return None,
        })
    }

    /// REST's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::Filled => "FILLED",
            Self::PartiallyFilled => "PARTIALLY_FILLED",
            Self::Cancelled => "CANCELED",
            Self::PartiallyCancelled => "PARTIALLY_CANCELED",
        }
    }

    /// Whether nothing more will happen to the order.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Filled | Self::Cancelled | Self::PartiallyCancelled)
    }
}

/// Where an order update was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum UpdateSource {
    /// The private stream.
    Stream = 1,
    /// A query for this order.
    OrderQuery = 2,
    /// The list of open orders.
    OpenOrders = 3,
    /// The history of orders.
    AllOrders = 4,
}

/// An order of ours as the venue shows it. Never lowers what deals have filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderUpdate {
    /// Our id; `None` when the order is not one of ours.
    pub client_order_id: Option<ClientOrderId>,
    /// The venue's id.
    pub order: VenueKey,
    /// State.
    pub status: OrderStatus,
    /// Where it was read.
    pub source: UpdateSource,
    /// Buy or sell.
    pub side: Side,
    /// Kind, when it is one of the five.
    pub kind: Option<OrderKind>,
    /// Limit price, when there is one.
    pub price: Option<Price>,
    /// Ordered quantity.
    pub qty: Qty,
    /// Filled quantity.
    pub filled: Qty,
}

/// Where a deal was read; both may tell the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FillSource {
    /// The private stream.
    Stream = 1,
    /// A query of our trades.
    Trades = 2,
}

/// A deal of ours. Identity is `trade`; a position is the sum of these and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Our order id; `None` when the order is not one of ours.
    pub client_order_id: Option<ClientOrderId>,
    /// The venue's order id.
    pub order: VenueKey,
    /// The venue's trade id.
    pub trade: VenueKey,
    /// Fee paid, in `fee_asset`.
    pub fee: Amount,
    /// Price of the deal.
    pub price: Price,
    /// Quantity of the deal.
    pub qty: Qty,
    /// What the fee was paid in.
    pub fee_asset: AssetId,
    /// Our side.
    pub side: Side,
    /// Whether our order rested.
    pub maker: bool,
    /// Where it was read.
    pub source: FillSource,
}

/// A balance of ours after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Of what.
    pub asset: AssetId,
    /// Available.
    pub free: Amount,
    /// Held by orders.
    pub locked: Amount,
}

/// The venue took an order. It says nothing of fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Our id.
    pub client_order_id: ClientOrderId,
    /// The venue's id.
    pub order: VenueKey,
}

/// What a refusal asks of us; the class of each code is a table in `venue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RejectClass {
    /// Not yet open: try again inside the permit.
    Wait = 1,
    /// Not open to the API for now: try again slowly, then give up.
    WaitSlowly = 2,
    /// The price or size must change; the figure says to what where the venue said so.
    Reprice = 3,
    /// This order can never be taken.
    Definitive = 4,
    /// Too many requests: wait as told.
    BackOff = 5,
    /// Key, signature or account: nothing can be sent until somebody mends it.
    StopAll = 6,
    /// The exchange's clock and ours disagree.
    Clock = 7,
    /// The order may or may not exist.
    Unknown = 8,
    /// The order to cancel is not on the book: ask for its fills.
    NoSuchOrder = 9,
}

/// The venue refused an order or a cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Our id.
    pub client_order_id: ClientOrderId,
    /// Whether the cancel of that order was refused, not the order.
    pub cancel: bool,
    /// HTTP status.
    pub http: u16,
    /// The venue's code; 0 when the body had none.
    pub code: i32,
    /// What it asks of us.
    pub class: RejectClass,
    /// A cap or limit in the message.
    pub figure: Option<Price>,
    /// `Retry-After`; zero when not sent.
    pub retry_after: Span,
}

/// The venue confirmed a cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled {
    /// Our id.
    pub client_order_id: ClientOrderId,
    /// The venue's id.
    pub order: VenueKey,
    /// State after the cancel.
    pub status: OrderStatus,
    /// Filled before it.
    pub filled: Qty,
}

/// A request left, and no reply settles what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyLost {
    /// Our id.
    pub client_order_id: ClientOrderId,
    /// Whether it was the cancel of that order.
    pub cancel: bool,
    /// HTTP status of a reply that settles nothing; 0 when there was none.
    pub http: u16,
}

/// The answer to a question of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryAnswer {
    /// This source does not know the order. Alone it proves nothing.
    NotFound {
        /// Our id.
        client_order_id: ClientOrderId,
        /// Who was asked.
        source: UpdateSource,
    },
    /// The deals of a symbol were listed to the end.
    TradesEnd,
    /// The deals of a symbol were listed, and there are older ones that were not.
    TradesCut {
        /// How many were.
        listed: u32,
    },
    /// The open orders of a symbol were listed to the end.
    OpenOrdersEnd,
    /// The history of a symbol's orders was listed to the end.
    AllOrdersEnd,
    /// The balances were listed to the end; an asset not listed is zero.
    BalancesEnd,
    /// The question failed and may be asked again.
    Failed {
        /// HTTP status; 0 when there was no reply.
        http: u16,
        /// The venue's code; 0 when there was none.
        code: i32,
    },
}

/// A text of the venue behind a key: an order id, a trade id, or the message of a refusal under
/// the refused order's client id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueText {
    /// The key.
    pub key: VenueKey,
    /// The text, cut at 64 bytes.
    pub text: Text<64>,
}

/// The names of a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SymbolNames {
    /// The venue's name, such as `NEWUSDT`.
    pub name: Text<24>,
    /// Base asset.
    pub base: Text<16>,
    /// Quote asset.
    pub quote: Text<8>,
    /// Base asset's index.
    pub base_asset: AssetId,
    /// Quote asset's index.
    pub quote_asset: AssetId,
}

/// A witness of listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Source {
    /// The web calendar of new coins.
    Calendar = 1,
    /// The web list of pairs, symbolsV2.
    WebList = 2,
    /// `exchangeInfo`.
    ExchangeInfo = 3,
    /// `defaultSymbols` and `selfSymbols`.
    ApiSymbols = 4,
    /// Announcements.
    Announcement = 5,
    /// The first deal.
    FirstPrint = 6,
    /// A perpetual of the same coin.
    Futures = 7,
    /// The operator.
    Operator = 8,
}

/// The web list's opaque state of a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Triple {
    /// `sts`
    pub sts: u8,
    /// `st`
    pub st: u8,
    /// `tt`
    pub tt: u8,
}

/// What a witness said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListingBody {
    /// It opens then.
    Opens {
        /// Planned opening.
        at: VenueTime,
    },
    /// The pair stands in the web list.
    Listed {
        /// Its state.
        triple: Triple,
        /// Decimals of price; 255 when not said.
        price_scale: u8,
        /// Decimals of quantity; 255 when not said.
        qty_scale: u8,
        /// Planned opening; none when not said.
        opens_at: VenueTime,
    },
    /// Whether the API may trade it.
    ApiAllowed {
        /// By this witness.
        allowed: bool,
    },
    /// The witness no longer shows it.
    Gone,
}

/// A witness spoke about the listing of the event's symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListingFact {
    /// Who.
    pub source: Source,
    /// The coin's id at the venue; the same name may be listed again as another coin.
    pub coin: VenueKey,
    /// What.
    pub body: ListingBody,
}

/// A group of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Link {
    /// Market data.
    Market = 1,
    /// Private streams of the event's account.
    User = 2,
    /// Orders.
    Order = 3,
    /// Questions.
    Query = 4,
}

/// A subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Stream {
    /// Diff depth of the event's symbol.
    Depth = 1,
    /// Deals of the event's symbol.
    Deals = 2,
    /// Best bid and ask of the event's symbol.
    BookTop = 3,
    /// Orders, deals and balances of the event's account.
    Private = 4,
}

/// How a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum LinkState {
    /// Not connected.
    Down = 0,
    /// Asked for; the topic has not been echoed.
    Asked = 1,
    /// The topic was echoed.
    Live = 2,
    /// Silent for too long.
    Stale = 3,
    /// The venue refused it.
    Refused = 4,
}

/// An estimate of the exchange's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSample {
    /// The exchange's clock minus our monotonic clock, in nanoseconds.
    pub offset: i64,
    /// The true offset lies at most this far away.
    pub error: Span,
    /// Shortest round trip among the samples behind it.
    pub round_trip: Span,
}

/// The last byte of a request went to the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Which order.
    pub client_order_id: ClientOrderId,
    /// Whether it was the cancel of that order.
    pub cancel: bool,
    /// When.
    pub at: Mono,
}

/// Public events that were dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShedRange {
    /// How many.
    pub count: u64,
    /// The first one came then.
    pub from: Mono,
    /// The last one came then.
    pub to: Mono,
}

/// An order by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorOrder {
    /// The target whose position or orders are meant.
    pub target: TargetId,
    /// How much; all when `None`.
    pub qty: Option<Qty>,
}

/// The operator spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Raise the kill switch. Never lowers it.
    Kill {
        /// To this level.
        level: KillLevel,
        /// Why.
        reason: Text<64>,
    },
    /// Clear the kill switch.
    Resume {
        /// Why it is safe.
        reason: Text<64>,
    },
    /// Give a reference price for the event's symbol.
    Reference {
        /// The price.
        price: Price,
    },
    /// Cancel a target that has no position.
    CancelTarget {
        /// Which.
        target: TargetId,
    },
    /// Sell a position.
    Exit(OperatorOrder),
    /// Anything else, answered under its token.
    ByHand {
        /// Of whoever sent it; the answer carries it.
        token: u64,
        /// What.
        wish: ByHand,
    },
}
