//! The schema once more, for prost: written by hand from the venue's field tables, independent of
//! the decoder under test.

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Wrapper {
    #[prost(string, tag = "1")]
    pub(crate) channel: String,
    #[prost(string, optional, tag = "3")]
    pub(crate) symbol: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(crate) symbol_id: Option<String>,
    #[prost(int64, optional, tag = "5")]
    pub(crate) create_time: Option<i64>,
    #[prost(int64, optional, tag = "6")]
    pub(crate) send_time: Option<i64>,
    #[prost(
        oneof = "Body",
        tags = "301, 302, 303, 304, 305, 306, 307, 308, 309, 310, 311, 312, 313, 314, 315"
    )]
    pub(crate) body: Option<Body>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
#[allow(clippy::large_enum_variant, reason = "the schema has it so")]
pub(crate) enum Body {
    #[prost(message, tag = "301")]
    Deals(Deals),
    #[prost(message, tag = "302")]
    IncreaseDepths(IncreaseDepths),
    #[prost(message, tag = "303")]
    LimitDepths(LimitDepths),
    #[prost(message, tag = "304")]
    PrivateOrders(PrivateOrders),
    #[prost(message, tag = "305")]
    BookTicker(BookTicker),
    #[prost(message, tag = "306")]
    PrivateDeals(PrivateDeals),
    #[prost(message, tag = "307")]
    PrivateAccount(PrivateAccount),
    #[prost(message, tag = "308")]
    SpotKline(SpotKline),
    #[prost(message, tag = "309")]
    MiniTicker(MiniTicker),
    #[prost(message, tag = "310")]
    MiniTickers(MiniTickers),
    #[prost(message, tag = "311")]
    BookTickerBatch(BookTickerBatch),
    #[prost(message, tag = "312")]
    IncreaseDepthsBatch(IncreaseDepthsBatch),
    #[prost(message, tag = "313")]
    AggreDepths(AggreDepths),
    #[prost(message, tag = "314")]
    AggreDeals(AggreDeals),
    #[prost(message, tag = "315")]
    AggreBookTicker(AggreBookTicker),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Deal {
    #[prost(string, tag = "1")]
    pub(crate) price: String,
    #[prost(string, tag = "2")]
    pub(crate) quantity: String,
    #[prost(int32, tag = "3")]
    pub(crate) trade_type: i32,
    #[prost(int64, tag = "4")]
    pub(crate) time: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Deals {
    #[prost(message, repeated, tag = "1")]
    pub(crate) deals: Vec<Deal>,
    #[prost(string, tag = "2")]
    pub(crate) event_type: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Level {
    #[prost(string, tag = "1")]
    pub(crate) price: String,
    #[prost(string, tag = "2")]
    pub(crate) quantity: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct IncreaseDepths {
    #[prost(message, repeated, tag = "1")]
    pub(crate) asks: Vec<Level>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) bids: Vec<Level>,
    #[prost(string, tag = "3")]
    pub(crate) event_type: String,
    #[prost(string, tag = "4")]
    pub(crate) version: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct LimitDepths {
    #[prost(message, repeated, tag = "1")]
    pub(crate) asks: Vec<Level>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) bids: Vec<Level>,
    #[prost(string, tag = "3")]
    pub(crate) event_type: String,
    #[prost(string, tag = "4")]
    pub(crate) version: String,
    #[prost(int64, tag = "5")]
    pub(crate) last_order_create_time: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct PrivateOrders {
    #[prost(string, tag = "1")]
    pub(crate) id: String,
    #[prost(string, tag = "2")]
    pub(crate) client_id: String,
    #[prost(string, tag = "3")]
    pub(crate) price: String,
    #[prost(string, tag = "4")]
    pub(crate) quantity: String,
    #[prost(string, tag = "5")]
    pub(crate) amount: String,
    #[prost(string, tag = "6")]
    pub(crate) avg_price: String,
    #[prost(int32, tag = "7")]
    pub(crate) order_type: i32,
    #[prost(int32, tag = "8")]
    pub(crate) trade_type: i32,
    #[prost(bool, tag = "9")]
    pub(crate) is_maker: bool,
    #[prost(string, tag = "10")]
    pub(crate) remain_amount: String,
    #[prost(string, tag = "11")]
    pub(crate) remain_quantity: String,
    #[prost(string, optional, tag = "12")]
    pub(crate) last_deal_quantity: Option<String>,
    #[prost(string, tag = "13")]
    pub(crate) cumulative_quantity: String,
    #[prost(string, tag = "14")]
    pub(crate) cumulative_amount: String,
    #[prost(int32, tag = "15")]
    pub(crate) status: i32,
    #[prost(int64, tag = "16")]
    pub(crate) create_time: i64,
    #[prost(string, optional, tag = "17")]
    pub(crate) market: Option<String>,
    #[prost(int32, optional, tag = "18")]
    pub(crate) trigger_type: Option<i32>,
    #[prost(string, optional, tag = "19")]
    pub(crate) trigger_price: Option<String>,
    #[prost(int32, optional, tag = "20")]
    pub(crate) state: Option<i32>,
    #[prost(string, optional, tag = "21")]
    pub(crate) oco_id: Option<String>,
    #[prost(string, optional, tag = "22")]
    pub(crate) route_factor: Option<String>,
    #[prost(string, optional, tag = "23")]
    pub(crate) symbol_id: Option<String>,
    #[prost(string, optional, tag = "24")]
    pub(crate) market_id: Option<String>,
    #[prost(string, optional, tag = "25")]
    pub(crate) market_currency_id: Option<String>,
    #[prost(string, optional, tag = "26")]
    pub(crate) currency_id: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct BookTicker {
    #[prost(string, tag = "1")]
    pub(crate) bid_price: String,
    #[prost(string, tag = "2")]
    pub(crate) bid_quantity: String,
    #[prost(string, tag = "3")]
    pub(crate) ask_price: String,
    #[prost(string, tag = "4")]
    pub(crate) ask_quantity: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct PrivateDeals {
    #[prost(string, tag = "1")]
    pub(crate) price: String,
    #[prost(string, tag = "2")]
    pub(crate) quantity: String,
    #[prost(string, tag = "3")]
    pub(crate) amount: String,
    #[prost(int32, tag = "4")]
    pub(crate) trade_type: i32,
    #[prost(bool, tag = "5")]
    pub(crate) is_maker: bool,
    #[prost(bool, tag = "6")]
    pub(crate) is_self_trade: bool,
    #[prost(string, tag = "7")]
    pub(crate) trade_id: String,
    #[prost(string, tag = "8")]
    pub(crate) client_order_id: String,
    #[prost(string, tag = "9")]
    pub(crate) order_id: String,
    #[prost(string, tag = "10")]
    pub(crate) fee_amount: String,
    #[prost(string, tag = "11")]
    pub(crate) fee_currency: String,
    #[prost(int64, tag = "12")]
    pub(crate) time: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct PrivateAccount {
    #[prost(string, tag = "1")]
    pub(crate) vcoin_name: String,
    #[prost(string, tag = "2")]
    pub(crate) coin_id: String,
    #[prost(string, tag = "3")]
    pub(crate) balance_amount: String,
    #[prost(string, tag = "4")]
    pub(crate) balance_amount_change: String,
    #[prost(string, tag = "5")]
    pub(crate) frozen_amount: String,
    #[prost(string, tag = "6")]
    pub(crate) frozen_amount_change: String,
    #[prost(string, tag = "7")]
    pub(crate) kind: String,
    #[prost(int64, tag = "8")]
    pub(crate) time: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SpotKline {
    #[prost(string, tag = "1")]
    pub(crate) interval: String,
    #[prost(int64, tag = "2")]
    pub(crate) window_start: i64,
    #[prost(string, tag = "3")]
    pub(crate) opening_price: String,
    #[prost(string, tag = "4")]
    pub(crate) closing_price: String,
    #[prost(string, tag = "5")]
    pub(crate) highest_price: String,
    #[prost(string, tag = "6")]
    pub(crate) lowest_price: String,
    #[prost(string, tag = "7")]
    pub(crate) volume: String,
    #[prost(string, tag = "8")]
    pub(crate) amount: String,
    #[prost(int64, tag = "9")]
    pub(crate) window_end: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct MiniTicker {
    #[prost(string, tag = "1")]
    pub(crate) symbol: String,
    #[prost(string, tag = "2")]
    pub(crate) price: String,
    #[prost(string, tag = "3")]
    pub(crate) rate: String,
    #[prost(string, tag = "4")]
    pub(crate) zoned_rate: String,
    #[prost(string, tag = "5")]
    pub(crate) high: String,
    #[prost(string, tag = "6")]
    pub(crate) low: String,
    #[prost(string, tag = "7")]
    pub(crate) volume: String,
    #[prost(string, tag = "8")]
    pub(crate) quantity: String,
    #[prost(string, tag = "9")]
    pub(crate) last_close_rate: String,
    #[prost(string, tag = "10")]
    pub(crate) last_close_zoned_rate: String,
    #[prost(string, tag = "11")]
    pub(crate) last_close_high: String,
    #[prost(string, tag = "12")]
    pub(crate) last_close_low: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct MiniTickers {
    #[prost(message, repeated, tag = "1")]
    pub(crate) items: Vec<MiniTicker>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct BookTickerBatch {
    #[prost(message, repeated, tag = "1")]
    pub(crate) items: Vec<BookTicker>,
    #[prost(string, tag = "2")]
    pub(crate) version: String,
    #[prost(int64, tag = "3")]
    pub(crate) last_order_create_time: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct IncreaseDepthsBatch {
    #[prost(message, repeated, tag = "1")]
    pub(crate) items: Vec<IncreaseDepths>,
    #[prost(string, tag = "2")]
    pub(crate) event_type: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct AggreDepths {
    #[prost(message, repeated, tag = "1")]
    pub(crate) asks: Vec<Level>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) bids: Vec<Level>,
    #[prost(string, tag = "3")]
    pub(crate) event_type: String,
    #[prost(string, tag = "4")]
    pub(crate) from_version: String,
    #[prost(string, tag = "5")]
    pub(crate) to_version: String,
    #[prost(int64, tag = "6")]
    pub(crate) last_order_create_time: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct AggreDeal {
    #[prost(string, tag = "1")]
    pub(crate) price: String,
    #[prost(string, tag = "2")]
    pub(crate) quantity: String,
    #[prost(int32, tag = "3")]
    pub(crate) trade_type: i32,
    #[prost(int64, tag = "4")]
    pub(crate) time: i64,
    #[prost(string, tag = "5")]
    pub(crate) trade_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct AggreDeals {
    #[prost(message, repeated, tag = "1")]
    pub(crate) deals: Vec<AggreDeal>,
    #[prost(string, tag = "2")]
    pub(crate) event_type: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct AggreBookTicker {
    #[prost(string, tag = "1")]
    pub(crate) bid_price: String,
    #[prost(string, tag = "2")]
    pub(crate) bid_quantity: String,
    #[prost(string, tag = "3")]
    pub(crate) ask_price: String,
    #[prost(string, tag = "4")]
    pub(crate) ask_quantity: String,
    #[prost(string, tag = "5")]
    pub(crate) version: String,
    #[prost(int64, tag = "6")]
    pub(crate) last_order_create_time: i64,
}
