//! A listing as a scenario tells it: what is shown when, when it opens, what its first minute is
//! like, and how it ends.

use serde::{Deserialize, Serialize};

use super::SymbolConfig;
use crate::faults::OrderFault;

/// A pair that opens on a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListingConfig {
    /// Its rules; its flow starts with the opening.
    pub market: SymbolConfig,
    /// Name of the coin in the calendar.
    pub full_name: String,
    /// Planned opening after the origin, milliseconds. A full second is usual.
    pub opens_after_ms: i64,
    /// Changes of that plan, in order of time.
    #[serde(default)]
    pub moves: Vec<Move>,
    /// Real opening after the planned one, microseconds; negative is early.
    #[serde(default)]
    pub late_us: i64,
    /// The calendar shows it so long before the planned opening, and from then on.
    #[serde(default = "a_week_ms")]
    pub calendar_before_ms: i64,
    /// `exchangeInfo`, symbol lists and streams know it so long before, and from then on.
    #[serde(default = "ten_minutes_ms")]
    pub listed_before_ms: i64,
    /// Triples of the web list; it appears with the first. From the opening on: 1, 1, 1.
    #[serde(default = "usual_triples")]
    pub triples: Vec<TripleStep>,
    /// Keys that its row of the web list lacks.
    #[serde(default)]
    pub web_without: Vec<String>,
    /// Pre-open asks, price and quantity.
    #[serde(default)]
    pub asks: Vec<(String, String)>,
    /// They are placed so long before the planned opening.
    #[serde(default = "five_seconds_ms")]
    pub asks_before_ms: i64,
    /// Orders of others at given times.
    #[serde(default)]
    pub orders: Vec<ScriptedOrder>,
    /// Code of orders before the opening.
    #[serde(default)]
    pub before_open: BeforeOpen,
    /// `status` of `exchangeInfo` before the opening. Absent: that of the pair.
    #[serde(default)]
    pub before_open_status: Option<String>,
    /// `tradeSideType` of `exchangeInfo` before the opening. Absent: that of the pair.
    #[serde(default)]
    pub before_open_side_type: Option<u8>,
    /// The API is let in so long after the opening, and refused with 10007 until then.
    #[serde(default)]
    pub api_after_ms: u64,
    /// `trade_side_type` at first.
    #[serde(default)]
    pub first_side_type: Option<u8>,
    /// So long after the opening.
    #[serde(default)]
    pub first_side_ms: u64,
    /// Highest price of limit buys at first; 30010 above it.
    #[serde(default)]
    pub cap: Option<String>,
    /// How long the cap holds after the opening.
    #[serde(default)]
    pub cap_ms: u64,
    /// Text of that refusal; `{cap}` and `{quote}` stand for the figure and the quote asset.
    #[serde(default = "usual_cap_text")]
    pub cap_text: String,
    /// How long market orders are accepted and cancelled at once after the opening.
    #[serde(default)]
    pub market_cancelled_ms: u64,
    /// The flow's first step after the opening.
    #[serde(default = "fifty_ms")]
    pub flow_after_ms: u64,
    /// The pair ends so long after the opening; negative is before it. Absent: it stays.
    #[serde(default)]
    pub gone_after_ms: Option<i64>,
    /// As `symbol/offline` says it: 2 suspended, 3 delisted.
    #[serde(default = "delisted")]
    pub gone_state: u8,
    /// Faults of orders that the exchange accepts.
    #[serde(default)]
    pub faults: Vec<ListingFault>,
}

/// At `at_ms` the planned opening becomes `opens_after_ms`; both after the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// When the plan changes.
    pub at_ms: i64,
    /// The plan then.
    pub opens_after_ms: i64,
}

/// A state of the web list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TripleStep {
    /// From so long before the planned opening.
    pub before_ms: i64,
    /// The state.
    pub sts: u8,
    /// The state.
    pub st: u8,
    /// The state.
    pub tt: u8,
}

/// How orders before an opening are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BeforeOpen {
    /// 30001, seen in 2025.
    #[default]
    NotOpen,
    /// 10007, seen in early 2025.
    NotForApi,
}

/// A limit order of somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedOrder {
    /// When it is placed after the real opening, milliseconds; negative is before it.
    pub at_ms: i64,
    /// When it is withdrawn. Absent: never.
    #[serde(default)]
    pub until_ms: Option<i64>,
    /// `buy` or `sell`.
    pub side: ScriptedSide,
    /// Its price.
    pub price: String,
    /// Its quantity.
    pub qty: String,
}

/// Side of a scripted order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScriptedSide {
    /// Buys.
    Buy,
    /// Sells.
    Sell,
}

impl From<ScriptedSide> for model::Side {
    fn from(side: ScriptedSide) -> Self {
        match side {
            ScriptedSide::Buy => Self::Buy,
            ScriptedSide::Sell => Self::Sell,
        }
    }
}

/// A fault for certain at an order of one pair that passed every check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListingFault {
    /// At the n-th such order of an account, counted from 1.
    pub accepted: u64,
    /// What goes wrong.
    pub fault: OrderFault,
}

/// A page that the web site refuses with 403 for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusedPage {
    /// Which.
    pub page: WebPage,
    /// From so long after the origin, milliseconds. Absent: from the start.
    #[serde(default)]
    pub from_ms: Option<i64>,
    /// Until so long after it. Absent: for good.
    #[serde(default)]
    pub until_ms: Option<i64>,
}

/// A page of the web site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebPage {
    /// The calendar of new coins.
    Calendar,
    /// The list of pairs.
    SymbolsV2,
}

/// Text of 30010 as it was seen.
pub(crate) fn usual_cap_text() -> String {
    "Order price cannot exceed {cap}{quote}".to_owned()
}

fn usual_triples() -> Vec<TripleStep> {
    let step = |before_ms, sts, st, tt| TripleStep { before_ms, sts, st, tt };
    vec![
        step(300_000, 1, 1, 1),
        step(90_000, 2, 1, 1),
        step(60_000, 2, 2, 1),
        step(30_000, 2, 2, 4),
    ]
}

const fn fifty_ms() -> u64 {
    50
}

const fn five_seconds_ms() -> i64 {
    5_000
}

const fn ten_minutes_ms() -> i64 {
    600_000
}

const fn a_week_ms() -> i64 {
    604_800_000
}

const fn delisted() -> u8 {
    3
}
