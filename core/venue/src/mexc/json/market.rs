//! Public market data of REST.

use model::VenueTime;

use super::record::{MaybeDecimal, PlainDecimal, Read, records};
use super::{JsonError, Value};
use crate::mexc::codec::{Fields, Sink};

records! {
    /// `time`.
    ServerTime {
        /// The exchange's clock, to the millisecond.
        server_time: VenueTime = "serverTime",
    }

    /// `depth`.
    Depth<'a> {
        /// Version of the book.
        last_update_id: u64 = "lastUpdateId",
        /// Highest first.
        bids: Vec<BookLevel<'a>> = "bids",
        /// Lowest first.
        asks: Vec<BookLevel<'a>> = "asks",
        /// Not documented.
        timestamp: Option<VenueTime> = "timestamp",
    }

    /// Element of `trades`, newest first.
    Trade<'a> {
        /// Price.
        price: PlainDecimal<'a> = "price",
        /// Base quantity.
        qty: PlainDecimal<'a> = "qty",
        /// Quote quantity.
        quote_qty: Option<PlainDecimal<'a>> = "quoteQty",
        /// When.
        time: VenueTime = "time",
        /// Whether the buy rested, which makes the taker a seller.
        is_buyer_maker: bool = "isBuyerMaker",
        /// Not documented.
        is_best_match: Option<bool> = "isBestMatch",
        /// Null in all samples.
        id: Option<&'a str> = "id",
    }

    /// Element of `aggTrades`.
    AggTrade<'a> {
        /// Price.
        price: PlainDecimal<'a> = "p",
        /// Base quantity.
        qty: PlainDecimal<'a> = "q",
        /// When.
        time: VenueTime = "T",
        /// Whether the buy rested.
        is_buyer_maker: bool = "m",
        /// Not documented.
        is_best_match: Option<bool> = "M",
        /// Null in all samples.
        id: Option<&'a str> = "a",
        /// Null in all samples.
        first_id: Option<&'a str> = "f",
        /// Null in all samples.
        last_id: Option<&'a str> = "l",
    }

    /// `ticker/24hr`.
    Ticker24<'a> {
        /// The pair.
        symbol: &'a str = "symbol",
        /// Change of the price.
        price_change: MaybeDecimal<'a> = "priceChange",
        /// Change as a fraction: 0.0173 is 1.73 %.
        price_change_percent: MaybeDecimal<'a> = "priceChangePercent",
        /// Last price of the day before.
        prev_close_price: MaybeDecimal<'a> = "prevClosePrice",
        /// Last price.
        last_price: MaybeDecimal<'a> = "lastPrice",
        /// Best bid.
        bid_price: MaybeDecimal<'a> = "bidPrice",
        /// Quantity there; may be empty.
        bid_qty: MaybeDecimal<'a> = "bidQty",
        /// Best ask.
        ask_price: MaybeDecimal<'a> = "askPrice",
        /// Quantity there; may be empty.
        ask_qty: MaybeDecimal<'a> = "askQty",
        /// First price.
        open_price: MaybeDecimal<'a> = "openPrice",
        /// Highest price.
        high_price: MaybeDecimal<'a> = "highPrice",
        /// Lowest price.
        low_price: MaybeDecimal<'a> = "lowPrice",
        /// In base.
        volume: MaybeDecimal<'a> = "volume",
        /// In quote; may be null.
        quote_volume: MaybeDecimal<'a> = "quoteVolume",
        /// Start of the day.
        open_time: Option<VenueTime> = "openTime",
        /// End of the day.
        close_time: Option<VenueTime> = "closeTime",
        /// Null in all samples.
        count: Option<i64> = "count",
    }

    /// Element of `ticker/bookTicker`; an empty book has nulls.
    BookTicker<'a> {
        /// The pair.
        symbol: &'a str = "symbol",
        /// Best bid.
        bid_price: MaybeDecimal<'a> = "bidPrice",
        /// Quantity there.
        bid_qty: MaybeDecimal<'a> = "bidQty",
        /// Best ask.
        ask_price: MaybeDecimal<'a> = "askPrice",
        /// Quantity there.
        ask_qty: MaybeDecimal<'a> = "askQty",
    }
}

/// `ping` and `order/test`: an object without fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Empty;

impl<'a> Read<'a> for Empty {
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError> {
        let entries = value.entries().ok_or(JsonError::Type { field, expected: "an object" })?;
        if entries.count() > 0 {
            return Err(JsonError::Type { field, expected: "an empty object" });
        }
        Ok(Self)
    }

    fn show(&self, _: &'static str, _: &mut dyn Sink) {}
}

impl Fields for Empty {
    fn fields(&self, _: &mut dyn Sink) {}
}

/// A level of `depth`: a list of price and quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookLevel<'a> {
    /// Price.
    pub price: PlainDecimal<'a>,
    /// Quantity.
    pub qty: PlainDecimal<'a>,
}

impl<'a> Read<'a> for BookLevel<'a> {
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError> {
        let [price, qty] = elements(value, field, "a list of price and quantity")?;
        Ok(Self { price: Read::read(price, field)?, qty: Read::read(qty, field)? })
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        sink.object(name, self);
    }

    fn show_item(&self, name: &'static str, sink: &mut dyn Sink) {
        sink.item(name, self);
    }
}

impl Fields for BookLevel<'_> {
    fn fields(&self, sink: &mut dyn Sink) {
        self.price.show("price", sink);
        self.qty.show("qty", sink);
    }
}

/// Element of `klines`: a list of eight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kline<'a> {
    /// Start.
    pub open_time: VenueTime,
    /// First price.
    pub open: PlainDecimal<'a>,
    /// Highest price.
    pub high: PlainDecimal<'a>,
    /// Lowest price.
    pub low: PlainDecimal<'a>,
    /// Last price.
    pub close: PlainDecimal<'a>,
    /// In base.
    pub volume: PlainDecimal<'a>,
    /// End.
    pub close_time: VenueTime,
    /// In quote.
    pub quote_volume: PlainDecimal<'a>,
}

impl<'a> Read<'a> for Kline<'a> {
    fn read(value: Value<'_, 'a>, field: &'static str) -> Result<Self, JsonError> {
        let [open_time, open, high, low, close, volume, close_time, quote_volume] =
            elements(value, field, "a list of eight")?;
        Ok(Self {
            open_time: Read::read(open_time, "openTime")?,
            open: Read::read(open, "open")?,
            high: Read::read(high, "high")?,
            low: Read::read(low, "low")?,
            close: Read::read(close, "close")?,
            volume: Read::read(volume, "volume")?,
            close_time: Read::read(close_time, "closeTime")?,
            quote_volume: Read::read(quote_volume, "quoteVolume")?,
        })
    }

    fn show(&self, name: &'static str, sink: &mut dyn Sink) {
        sink.object(name, self);
    }

    fn show_item(&self, name: &'static str, sink: &mut dyn Sink) {
        sink.item(name, self);
    }
}

impl Fields for Kline<'_> {
    fn fields(&self, sink: &mut dyn Sink) {
        self.open_time.show("openTime", sink);
        self.open.show("open", sink);
        self.high.show("high", sink);
        self.low.show("low", sink);
        self.close.show("close", sink);
        self.volume.show("volume", sink);
        self.close_time.show("closeTime", sink);
        self.quote_volume.show("quoteVolume", sink);
    }
}

/// The first `N` elements of a list; more are passed over, fewer are an error.
fn elements<'t, 'a, const N: usize>(
    value: Value<'t, 'a>,
    field: &'static str,
    expected: &'static str,
) -> Result<[Value<'t, 'a>; N], JsonError> {
    let wrong = JsonError::Type { field, expected };
    let mut items = value.items().ok_or(wrong)?;
    let mut taken = [value; N];
    for slot in &mut taken {
        *slot = items.next().ok_or(wrong)?;
    }
    Ok(taken)
}
