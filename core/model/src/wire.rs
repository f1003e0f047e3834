//! The journal's bytes of every type: little-endian fields in the order they are named, enums
//! behind one byte of tag, options behind one byte of 0 or 1. No padding, no self-description.
//!
//! The layout is the format version of the journal; a change here is a change there.

use crate::event::*;
use crate::intent::{EntryPlan, ExitPlan, ExitRung, Triggers};
use crate::learnt::{Group, LearntFact, Millionths};
use crate::record::*;
use crate::signal::{Evidence, Signal};
use crate::*;

/// Why bytes are not a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// The bytes end inside a value.
    Short,
    /// No variant has this tag.
    Tag {
        /// The type.
        of: &'static str,
        /// The tag seen.
        tag: u8,
    },
    /// The value breaks a promise of its type.
    Value {
        /// The type.
        of: &'static str,
    },
}

impl core::fmt::Display for WireError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Short => f.write_str("the record ends inside a value"),
            Self::Tag { of, tag } => write!(f, "{of} has no variant {tag}"),
            Self::Value { of } => write!(f, "not a value of {of}"),
        }
    }
}

impl core::error::Error for WireError {}

/// Writes into a buffer that the caller owns.
#[derive(Debug)]
pub struct Writer<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl<'a> Writer<'a> {
    /// Writes from the start of `bytes`.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, len: 0 }
    }

    /// Appends bytes.
    ///
    /// # Panics
    /// When the buffer is full: the caller sized it too small.
    pub fn put(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        assert!(end <= self.bytes.len(), "a record of more than {} bytes", self.bytes.len());
        self.bytes[self.len..end].copy_from_slice(bytes);
        self.len = end;
    }

    /// How many bytes were written.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Reads from bytes.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Takes the next `N` bytes.
    ///
    /// # Errors
    /// [`WireError::Short`] when there are fewer.
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (head, rest) = self.bytes.split_first_chunk::<N>().ok_or(WireError::Short)?;
        self.bytes = rest;
        Ok(*head)
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes
    }
}

/// A type with a fixed layout in the journal.
pub trait Wire: Sized {
    /// Appends the value.
    fn write(&self, out: &mut Writer<'_>);

    /// Reads a value.
    ///
    /// # Errors
    /// [`WireError`] when the bytes are not one.
    fn read(from: &mut Reader<'_>) -> Result<Self, WireError>;
}

macro_rules! integers {
    ($($ty:ty)*) => {$(
        impl Wire for $ty {
            fn write(&self, out: &mut Writer<'_>) {
                out.put(&self.to_le_bytes());
            }
            fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
                from.take().map(Self::from_le_bytes)
            }
        }
    )*};
}
integers!(u8 u16 u32 u64 u128 i32 i64 i128);

impl Wire for bool {
    fn write(&self, out: &mut Writer<'_>) {
        u8::from(*self).write(out);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        match u8::read(from)? {
            0 => Ok(false),
            1 => Ok(true),
            tag => Err(WireError::Tag { of: "bool", tag }),
        }
    }
}

impl<T: Wire> Wire for Option<T> {
    fn write(&self, out: &mut Writer<'_>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        if bool::read(from)? { T::read(from).map(Some) } else { Ok(None) }
    }
}

impl<const N: usize> Wire for Text<N> {
    fn write(&self, out: &mut Writer<'_>) {
        (self.as_str().len() as u8).write(out);
        out.put(self.as_str().as_bytes());
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        let len = usize::from(u8::read(from)?);
        let (text, rest) = from.bytes.split_at_checked(len).ok_or(WireError::Short)?;
        from.bytes = rest;
        let text = core::str::from_utf8(text).ok();
        text.and_then(Self::new).ok_or(WireError::Value { of: "Text" })
    }
}

impl<T: Wire + Copy, const N: usize> Wire for FixedList<T, N> {
    fn write(&self, out: &mut Writer<'_>) {
        (self.len() as u8).write(out);
        for item in self.iter() {
            item.write(out);
        }
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut list = Self::new();
        for _ in 0..u8::read(from)? {
            let item = T::read(from)?;
            list.push(item).map_err(|_| WireError::Value { of: "FixedList" })?;
        }
        Ok(list)
    }
}

/// A newtype over an integer; `None` of `$from` is a broken promise.
macro_rules! numbers {
    ($($ty:ident: $raw:ty = $get:expr, $from:expr;)*) => {$(
        impl Wire for $ty {
            fn write(&self, out: &mut Writer<'_>) {
                let get: fn(&$ty) -> $raw = $get;
                get(self).write(out);
            }
            fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
                let make: fn($raw) -> Option<$ty> = $from;
                make(<$raw>::read(from)?).ok_or(WireError::Value { of: stringify!($ty) })
            }
        }
    )*};
}
numbers! {
    Price: i64 = |v| v.raw(), Price::from_raw;
    Qty: i64 = |v| v.raw(), Qty::from_raw;
    Amount: i128 = |v| v.raw(), |raw| Some(Amount::from_raw(raw));
    Mono: u64 = |v| v.nanos(), |raw| Some(Mono::from_nanos(raw));
    Span: u64 = |v| v.nanos(), |raw| Some(Span::from_nanos(raw));
    VenueTime: i64 = |v| v.nanos(), |raw| Some(VenueTime::from_nanos(raw));
    SymbolId: u32 = |v| v.0, |raw| Some(SymbolId(raw));
    AccountId: u8 = |v| v.0, |raw| Some(AccountId(raw));
    AssetId: u32 = |v| v.0, |raw| Some(AssetId(raw));
    PermitId: u32 = |v| v.0, |raw| Some(PermitId(raw));
    TargetId: u32 = |v| v.0, |raw| Some(TargetId(raw));
    Slot: u8 = |v| v.0, |raw| Some(Slot(raw));
    VenueKey: u128 = |v| v.0, |raw| Some(VenueKey(raw));
    ClientOrderId: u128 = |v| v.raw(), ClientOrderId::from_raw;
    Confidence: u8 = |v| v.percent(), Confidence::new;
    Millionths: u32 = |v| v.get(), Millionths::new;
    OrderKinds: u8 = |v| v.0, |raw| Some(OrderKinds(raw));
    KillLevel: u8 = |v| *v as u8, KillLevel::from_u8;
    Side: u8 = |v| *v as u8, Side::from_u8;
    OrderStatus: u8 = |v| *v as u8, OrderStatus::from_u8;
}

/// An enum without fields: its variants by their own numbers.
macro_rules! words {
    ($($ty:ident { $($variant:ident)* })*) => {$(
        impl Wire for $ty {
            fn write(&self, out: &mut Writer<'_>) {
                (*self as u8).write(out);
            }
            fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
                let tag = u8::read(from)?;
                $(if tag == $ty::$variant as u8 { return Ok($ty::$variant); })*
                Err(WireError::Tag { of: stringify!($ty), tag })
            }
        }
    )*};
}
words! {
    Mode { Demo Paper LiveMin Live }
    OrderKind { Limit LimitMaker ImmediateOrCancel FillOrKill Market }
    DepthKind { Diff Snapshot Top }
    UpdateSource { Stream OrderQuery OpenOrders AllOrders }
    FillSource { Stream Trades }
    RejectClass { Wait WaitSlowly Reprice Definitive BackOff StopAll Clock Unknown NoSuchOrder }
    Source { Calendar WebList ExchangeInfo ApiSymbols Announcement FirstPrint Futures Operator }
    Link { Market User Order Query }
    Stream { Depth Deals BookTop Private }
    LinkState { Down Asked Live Stale Refused }
    Block { PrivateStream Clock Journal Reconciliation OrderLink Disk Decode }
    SymbolStatus { Online Paused Offline }
    TradeSides { Both BuyOnly SellOnly Closed }
    SpecSource { WebList ExchangeInfo }
    Pattern {
        ReadyState PreReady LaunchSequence PriceMove VolumeSpike Combined ByHand Bought Adopted
    }
    Group { History Market Timing External }
    Factor { CalendarOpening WebListOpening Triple Precision ExchangeInfo ApiAllowed }
    EntryKind { Limit ImmediateOrCancel }
    PriceSource { PreOpenAsk Operator Futures Announced }
    TargetState { Pending Ready Armed Executing Open Closing Completed Failed Cancelled Expired Missed Blocked }
    WhyNot {
        None Confidence PatternDisabled TargetsMax SymbolTaken NoReference NoRules NotTradable
        Balance Refused Rejected UnknownOrder NoFill OrdersSpent Operator BadPlan TooLate
        PositionsMax EntriesBlocked NoOpening TooSmall
        Disarmed NoTarget TargetOver Holding NotHeld NotTrading
        OtherOpening NoOrder InFlight BadFigure UnknownPair NoAccount
        NotOwn NotArmed NotTriggered NotShown
    }
    Close { TakeProfit StopLoss Trailing BreakEven TimeStop Manual Kill Dust HandedOver }
    AlarmKind {
        UnknownOrder ExitStuck ForeignOrder Overfill Credentials CancelStuck Journal Clock Rescale
        Capacity HandedOver Plugin
    }
    SwapReason { Start Swap Rollback Faults Again }
    PluginFault {
        Unreachable OutOfBounds Arithmetic BadCall OutOfFuel StackOverflow Host NoExport GaveUp
        TooManyIntents BadIntent BadTimer BadLog BadVerdict IntentOfRule BadState
    }
}

/// Structs and enums field by field; the order here is the order on disk.
///
/// `wire_struct!(Type { a, b })` and
/// `wire_enum!(Type { 1 => Tuple(x), 2 => Named { a, b }, 3 => Unit })`.
#[macro_export]
macro_rules! wire_struct {
    ($($ty:ty { $($field:ident),* $(,)? })*) => {$(
        impl $crate::wire::Wire for $ty {
            fn write(&self, out: &mut $crate::wire::Writer<'_>) {
                $($crate::wire::Wire::write(&self.$field, out);)*
            }
            fn read(
                from: &mut $crate::wire::Reader<'_>,
            ) -> Result<Self, $crate::wire::WireError> {
                Ok(Self { $($field: $crate::wire::Wire::read(from)?),* })
            }
        }
    )*};
}

/// See [`wire_struct!`](crate::wire_struct).
#[macro_export]
macro_rules! wire_enum {
    ($ty:ident { $($tag:literal => $variant:ident $(($tuple:ident))? $({ $($field:ident),* })?),* $(,)? }) => {
        impl $crate::wire::Wire for $ty {
            fn write(&self, out: &mut $crate::wire::Writer<'_>) {
                match self {
                    $($ty::$variant $(($tuple))? $({ $($field),* })? => {
                        $crate::wire::Wire::write(&($tag as u8), out);
                        $($crate::wire::Wire::write($tuple, out);)?
                        $($($crate::wire::Wire::write($field, out);)*)?
                    })*
                }
            }
            fn read(
                from: &mut $crate::wire::Reader<'_>,
            ) -> Result<Self, $crate::wire::WireError> {
                match <u8 as $crate::wire::Wire>::read(from)? {
                    $($tag => {
                        $(let $tuple = $crate::wire::Wire::read(from)?;)?
                        $($(let $field = $crate::wire::Wire::read(from)?;)*)?
                        Ok($ty::$variant $(($tuple))? $({ $($field),* })?)
                    })*
                    tag => Err($crate::wire::WireError::Tag { of: stringify!($ty), tag }),
                }
            }
        }
    };
}

wire_struct! {
    Event { stamped, symbol, account, last, body }
    Level { price, qty }
    BookTop { bid, ask, version }
    Print { price, qty, taker }
    OrderUpdate { client_order_id, order, status, source, side, kind, price, qty, filled }
    Fill { client_order_id, order, trade, fee, price, qty, fee_asset, side, maker, source }
    Balance { asset, free, locked }
    Placed { client_order_id, order }
    Reject { client_order_id, cancel, http, code, class, figure, retry_after }
    Cancelled { client_order_id, order, status, filled }
    ReplyLost { client_order_id, cancel, http }
    VenueText { key, text }
    SymbolNames { name, base, quote, base_asset, quote_asset }
    Triple { sts, st, tt }
    ListingFact { source, coin, body }
    ClockSample { offset, error, round_trip }
    Sent { client_order_id, cancel, at }
    ShedRange { count, from, to }
    OperatorOrder { target, qty }
    TargetByHand { notional, cap, opens_at }
    BuyByHand { notional, price_max }
    SymbolSpec {
        version, price_decimals, qty_decimals, tick, step, qty_min, notional_min, notional_max,
        maker_fee_ppm, taker_fee_ppm, status, sides, kinds, api_allowed, source, read_at
    }
    Request {
        account, symbol, side, kind, price, qty, authority, client_order_id, timestamp,
        recv_window_ms
    }
    Evidence { factor, value }
    Signal { symbol, pattern, confidence, uncalibrated, opens_at, evidence }
    Triggers { schedule, print, strategy }
    EntryPlan {
        triggers, kind, notional, reference, operator_price, premium_bps, early, late, orders_max
    }
    ExitRung { gain_bps, share_bps }
    ExitPlan {
        ladder, stop_loss_bps, trailing_bps, trailing_from_bps, break_even_bps, time_stop,
        keep_bps, resting_share_bps
    }
    Proposal { account, symbol, pattern, confidence, entry, exit }
    Permit {
        id, target, account, symbol, coin, side, mode, notional_max, price_max, reference,
        reference_price, valid_from, valid_to, orders_max, plugin, config, operator
    }
    TargetRecord {
        id, account, symbol, state, why, pattern, confidence, opens_at, permit, slot, entry, exit
    }
    ExitRecord { target, closing, by_hand, time_stop_done, high }
    PositionRecord { target, account, symbol, qty, paid, received, other_fees, closed }
    Alarm { kind, account, symbol, figure }
    PluginRecord { slot, plugin, change }
}

impl Wire for Depth {
    fn write(&self, out: &mut Writer<'_>) {
        self.kind.write(out);
        self.first.write(out);
        self.from.write(out);
        self.to.write(out);
        self.asks.write(out);
        self.len.write(out);
        for (_, level) in self.iter() {
            level.write(out);
        }
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, WireError> {
        let (kind, first) = (DepthKind::read(from)?, bool::read(from)?);
        let mut depth = Self::new(kind, first, u64::read(from)?, u64::read(from)?);
        let (asks, len) = (u8::read(from)?, u8::read(from)?);
        for at in 0..len {
            let side = if asks & (1 << (at & 7)) == 0 { Side::Buy } else { Side::Sell };
            if !depth.push(side, Level::read(from)?) {
                return Err(WireError::Value { of: "Depth" });
            }
        }
        Ok(depth)
    }
}

wire_enum!(Authority { 1 => Permit(id), 2 => Exit(id) });
wire_enum!(QueryAnswer {
    1 => NotFound { client_order_id, source },
    2 => TradesEnd,
    3 => OpenOrdersEnd,
    4 => AllOrdersEnd,
    5 => BalancesEnd,
    6 => Failed { http, code },
    7 => TradesCut { listed },
});
wire_enum!(ListingBody {
    1 => Opens { at },
    2 => Listed { triple, price_scale, qty_scale, opens_at },
    3 => ApiAllowed { allowed },
    4 => Gone,
});
wire_enum!(Command {
    1 => Kill { level, reason },
    2 => Resume { reason },
    3 => Reference { price },
    4 => CancelTarget { target },
    5 => Exit(order),
    6 => ByHand { token, wish },
});
wire_enum!(PriceCap { 1 => Plan, 2 => Max(price), 3 => Reference(price) });
wire_enum!(ByHand {
    1 => AddTarget(target),
    2 => Arm { target },
    3 => Disarm { target },
    4 => CancelTarget { target },
    5 => Buy(buy),
    6 => Sell { qty, at_once },
    7 => CancelOrder { client_order_id },
    8 => Adopt { qty, price },
    9 => Forget,
    10 => Rehearse { target },
});
wire_enum!(Body {
    1 => Depth(depth),
    2 => Top(top),
    3 => Print(print),
    4 => Order(update),
    5 => Fill(fill),
    6 => Balance(balance),
    7 => Placed(placed),
    8 => Reject(reject),
    9 => Cancelled(cancelled),
    10 => ReplyLost(lost),
    11 => Answer(answer),
    12 => VenueText(text),
    13 => Symbol(names),
    14 => Spec(spec),
    15 => Listing(fact),
    16 => Link { link, up },
    17 => Stream { stream, state },
    18 => Clock(sample),
    19 => Sent(sent),
    20 => Busy { client_order_id, cancel },
    21 => Suppressed { client_order_id },
    22 => Durable { token },
    23 => Blocked { block, on },
    24 => Command(command),
    25 => Shed(range),
    26 => Restored { ring_lost },
    27 => Plugin { slot, event },
    28 => Learnt(fact),
});
wire_enum!(LearntFact {
    1 => Bucket { group, bucket, success, outcomes },
    2 => Whole { outcomes, recent },
    3 => Step { nth, of, from, published },
});
wire_enum!(Record {
    1 => Permit(permit),
    2 => Revoked { permit },
    3 => Target(target),
    4 => Position(position),
    5 => Kill { level, reason },
    6 => Alarm(alarm),
    7 => NeverAccepted { client_order_id },
    8 => Exit(exit),
    9 => Reconciled { account },
    10 => Plugin(plugin),
    11 => Successor(permit),
});
wire_enum!(PluginEvent {
    1 => Ready { plugin, name, why, disarm },
    2 => Stop,
    3 => Parameter { parameter, value },
    4 => Shadow { plugin },
});
wire_enum!(PluginChange {
    1 => Took { from, name, why },
    2 => Quarantined { candidate, fault, figure },
    3 => Stopped,
    4 => Parameter { parameter, value, taken },
    5 => Shadow,
    6 => Missing,
    7 => StateLost { fault, figure },
});
wire_enum!(PluginReport {
    1 => Fault { slot, plugin, candidate, fault, figure },
    2 => Log { slot, text },
    3 => Differs { slot, plugin, symbol, wished, candidate, at },
    4 => StateLost { slot, plugin, fault, figure },
    5 => JudgesOtherwise { slot, plugin, symbol, used, candidate },
    6 => Wished { slot, plugin, symbol, at, intent },
});
wire_enum!(RuleVerdict {
    1 => Allow,
    2 => Shrink { qty },
    3 => Refuse { slot, code },
    4 => Silent { slot },
});
wire_enum!(Intent {
    1 => Propose(proposal),
    2 => Enter { target },
    3 => Amend { target, exit },
    4 => Exit { target, qty },
});

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(event: Event) {
        let mut bytes = [0; 512];
        let mut out = Writer::new(&mut bytes);
        event.write(&mut out);
        let len = out.len();
        assert_eq!(Event::read(&mut Reader::new(&bytes[..len])), Ok(event));
        for end in 0..len {
            assert!(Event::read(&mut Reader::new(&bytes[..end])).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn an_event_reads_back_and_every_cut_of_it_is_an_error() {
        let price = Price::from_raw(123).unwrap();
        let mut depth = Depth::new(DepthKind::Diff, true, 5, 9);
        depth.push(Side::Sell, Level { price, qty: Qty::ZERO });
        depth.push(Side::Buy, Level { price, qty: Qty::from_raw(7).unwrap() });
        let id = ClientOrderId::new(ClientOrderIdParts {
            mode: Mode::Demo,
            instance: 1,
            epoch: 2,
            permit: PermitId(3),
            leg: OrderLeg::ENTRY,
            attempt: 4,
        });
        let fill = Fill {
            client_order_id: Some(id),
            order: VenueKey(9),
            trade: VenueKey(8),
            fee: Amount::ONE,
            price,
            qty: Qty::from_raw(5).unwrap(),
            fee_asset: AssetId(2),
            side: Side::Buy,
            maker: false,
            source: FillSource::Stream,
        };
        let kill = Command::Kill { level: KillLevel::Halt, reason: Text::clipped("tést") };
        let cap = PriceCap::Max(Amount::ONE);
        let target = TargetByHand { notional: Amount::ONE, cap, opens_at: VenueTime::NONE };
        let wish = ByHand::AddTarget(target);
        let by_hand = Command::ByHand { token: 7, wish };
        for command in [kill, by_hand] {
            round_trip(Event::of(AccountId(0), SymbolId(3), Body::Command(command)));
        }
        for body in [Body::Depth(depth), Body::Fill(fill)] {
            round_trip(Event::of(AccountId(0), SymbolId(3), body));
        }
    }

    #[test]
    fn a_wrong_tag_is_an_error_that_names_the_type() {
        let bytes = [0_u8; 40];
        let error = Event::read(&mut Reader::new(&bytes)).unwrap_err();
        assert_eq!(error, WireError::Tag { of: "Body", tag: 0 });
    }
}
