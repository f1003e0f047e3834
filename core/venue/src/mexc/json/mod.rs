//! Bodies of REST and web pages, read by simd-json into records that borrow the reader's memory.
//!
//! Strict about decimals, which are never floats; easy about unknown fields, nulls and fields that
//! some replies lack. [`JsonReader::parse`] then [`Document::read`] with the record of the
//! endpoint.

mod account;
mod error;
mod events;
mod listing;
mod market;
mod orders;
mod reader;
mod record;
mod rules;

pub use account::{
    Account, ApiError, AssetBalance, Coin, ListenKey, ListenKeys, Network, StpGroup, StpGroupData,
};
pub use error::JsonError;
pub use listing::{
    Announcement, AnnouncementPage, Announcements, Calendar, CalendarData, NewCoin, OfflineList,
    OfflinePair, PairInfo, PairOrderType, SymbolList, WebList, WebPair,
};
pub use market::{
    AggTrade, BookLevel, BookTicker, Depth, Empty, Kline, ServerTime, Ticker24, Trade,
};
pub use orders::{BatchOrder, MyTrade, NewOrder, Order};
pub use reader::{Document, JsonReader, Value};
pub use record::{Loose, MaybeDecimal, PlainDecimal, Read, Rows};
pub use rules::{ExchangeInfo, FeeRates, Filter, PairRules, TradeFee};
