//! One pair: its rules, book, public deals, candles and what its streams have yet to say.

use std::collections::{BTreeSet, VecDeque};

use model::{Amount, OrderKind, OrderKinds, Price, Qty, Side, VenueTime};

use crate::book::{Book, Scale};
use crate::config::{ConfigError, SymbolConfig};
use crate::listing::Schedule;
use crate::order::kind_of;

/// Public deals kept for `trades`: its largest limit.
const TRADES_MAX: usize = 1_000;
/// Minutes of candles kept: a week.
const CANDLES_MAX: usize = 7 * 24 * 60;

/// Largest fee, millionths: a fee must fit what the deal brought.
const FEE_MAX_PPM: u32 = 100_000;

/// A public deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trade {
    pub(crate) id: u64,
    pub(crate) price: Price,
    pub(crate) qty: Qty,
    pub(crate) taker: Side,
    pub(crate) at: VenueTime,
}

/// Prices and volumes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candle {
    pub(crate) start_s: i64,
    pub(crate) open: Price,
    pub(crate) high: Price,
    pub(crate) low: Price,
    pub(crate) close: Price,
    pub(crate) base: Amount,
    pub(crate) quote: Amount,
}

impl Candle {
    fn add(&mut self, other: &Candle) {
        self.high = self.high.max(other.high);
        self.low = self.low.min(other.low);
        self.close = other.close;
        self.base = self.base.plus_or_max(other.base);
        self.quote = self.quote.plus_or_max(other.quote);
    }
}

/// Rules read from the configuration.
#[derive(Clone, Debug)]
pub(crate) struct Rulebook {
    pub(crate) config: SymbolConfig,
    pub(crate) qty_min: Qty,
    pub(crate) notional_min: Amount,
    pub(crate) notional_max: Amount,
    pub(crate) kinds: OrderKinds,
}

impl Rulebook {
    pub(crate) fn new(config: &SymbolConfig) -> Result<Self, ConfigError> {
        let name = config.name();
        let wrong = |key: &str, value: &str, needed| ConfigError::Value {
            key: format!("symbol {name} {key}"),
            value: value.to_owned(),
            needed,
        };
        let sum = config.price_decimals.saturating_add(config.qty_decimals);
        if sum > 18 {
            return Err(wrong("price_decimals + qty_decimals", &sum.to_string(), "at most 18"));
        }
        if name.is_empty()
            || !name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        {
            return Err(wrong("base and quote", &name, "upper-case letters and digits"));
        }
        if !["1", "2", "3"].contains(&config.status.as_str()) {
            return Err(wrong("status", &config.status, "\"1\", \"2\" or \"3\""));
        }
        if !(1..=4).contains(&config.trade_side_type) {
            return Err(wrong("trade_side_type", &config.trade_side_type.to_string(), "1 to 4"));
        }
        let fee = config.maker_fee_ppm.max(config.taker_fee_ppm);
        if fee > FEE_MAX_PPM {
            return Err(wrong("fee", &fee.to_string(), "at most 100000 millionths"));
        }
        let amount = |key, text: &str| {
            Amount::parse(text.as_bytes()).map_err(|_| wrong(key, text, "a decimal"))
        };
        let mut kinds = OrderKinds::default();
        for word in &config.order_types {
            let kind = kind_of(word).ok_or_else(|| wrong("order_types", word, "order types"))?;
            kinds = kinds.with(kind);
            if kind == OrderKind::Limit {
                kinds = kinds.with(OrderKind::ImmediateOrCancel).with(OrderKind::FillOrKill);
            }
        }
        Ok(Self {
            qty_min: Qty::parse(config.qty_min.as_bytes(), config.qty_decimals).map_err(|_| {
                wrong("qty_min", &config.qty_min, "a decimal at the pair's precision")
            })?,
            notional_min: amount("notional_min", &config.notional_min)?,
            notional_max: amount("notional_max", &config.notional_max)?,
            kinds,
            config: config.clone(),
        })
    }
}

/// One pair.
#[derive(Clone, Debug)]
pub(crate) struct Symbol {
    pub(crate) name: String,
    /// Internal ids of the pair and of its base coin, 32 hexadecimal digits.
    pub(crate) pair_id: String,
    pub(crate) coin_id: String,
    pub(crate) base: usize,
    pub(crate) quote: usize,
    pub(crate) scale: Scale,
    pub(crate) rules: Rulebook,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) book: Book,
    pub(crate) last: Option<Price>,
    pub(crate) trades: VecDeque<Trade>,
    pub(crate) candles: VecDeque<Candle>,
    /// When the newest order that changed the book was made.
    pub(crate) last_order: VenueTime,
    /// The 10 ms and the 100 ms streams.
    pub(crate) tapes: [Tape; 2],
    /// Orders of accounts that passed every check.
    pub(crate) accepted: u64,
}

impl Symbol {
    /// Whether the exchange has ever shown it: its orders of the past stay where they are.
    pub(crate) fn is_known(&self, now: VenueTime) -> bool {
        self.schedule.as_ref().is_none_or(|schedule| schedule.is_known(now))
    }

    /// "1" online, "2" paused, "3" offline.
    pub(crate) fn status(&self, now: VenueTime) -> &str {
        let schedule = self.schedule.as_ref();
        match schedule.and_then(|schedule| schedule.gone(now)) {
            Some(2) => "2",
            Some(_) => "3",
            None => {
                let early = schedule.and_then(|schedule| schedule.early_status(now));
                early.unwrap_or(&self.rules.config.status)
            }
        }
    }

    /// 1 both sides, 2 buys only, 3 sells only, 4 closed.
    pub(crate) fn side_type(&self, now: VenueTime) -> u8 {
        let first = self.schedule.as_ref().and_then(|schedule| schedule.side_type(now));
        first.unwrap_or(self.rules.config.trade_side_type)
    }

    /// Whether the pair refuses the API although it is open.
    pub(crate) fn bars_api(&self, now: VenueTime) -> bool {
        let open = |schedule: &&Schedule| schedule.is_open(now);
        self.schedule.as_ref().filter(open).is_some_and(|schedule| !schedule.lets_api_in(now))
    }

    pub(crate) fn is_listed(&self, now: VenueTime) -> bool {
        self.schedule.as_ref().is_none_or(|schedule| schedule.is_listed(now))
    }

    pub(crate) fn is_open(&self, now: VenueTime) -> bool {
        self.schedule.as_ref().is_none_or(|schedule| schedule.is_open(now))
    }

    pub(crate) fn add_trade(&mut self, trade: Trade) {
        if self.trades.len() == TRADES_MAX {
            self.trades.pop_front();
        }
        self.trades.push_back(trade);
        self.last = Some(trade.price);
        self.add_to_candle(trade);
        for tape in &mut self.tapes {
            tape.add_trade(trade);
        }
    }

    /// The running candle of `minutes`, built from minute candles.
    pub(crate) fn candle(&self, now: VenueTime, minutes: i64) -> Option<Candle> {
        let width = minutes * 60;
        let start_s = now.millis().div_euclid(1_000).div_euclid(width) * width;
        let mut all = self.candles.iter().filter(|candle| candle.start_s >= start_s);
        let mut sum = Candle { start_s, ..*all.next()? };
        all.for_each(|candle| sum.add(candle));
        Some(sum)
    }

    fn add_to_candle(&mut self, trade: Trade) {
        let start_s = trade.at.millis().div_euclid(60_000) * 60;
        let one = Candle {
            start_s,
            open: trade.price,
            high: trade.price,
            low: trade.price,
            close: trade.price,
            base: Amount::of_qty(trade.qty, self.scale.qty).unwrap_or(Amount::ZERO),
            quote: self.scale.notional(trade.price, trade.qty).unwrap_or(Amount::ZERO),
        };
        match self.candles.back_mut() {
            Some(last) if last.start_s == start_s => last.add(&one),
            _ => {
                if self.candles.len() == CANDLES_MAX {
                    self.candles.pop_front();
                }
                self.candles.push_back(one);
            }
        }
    }
}

/// What one aggregated stream of a pair has collected since its last frame. Its size is bounded
/// by the levels and deals of one period.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape {
    /// Whether anybody listens; nothing is collected otherwise.
    pub(crate) watched: bool,
    /// Whether a flush is due.
    pub(crate) scheduled: bool,
    /// Version before the first collected change.
    pub(crate) from: Option<u64>,
    pub(crate) levels: BTreeSet<(Side, Price)>,
    pub(crate) trades: Vec<Trade>,
}

impl Tape {
    /// Collects a change; `version` is the one it made.
    pub(crate) fn add_level(&mut self, version: u64, side: Side, price: Price) {
        if self.watched {
            self.from.get_or_insert(version);
            self.levels.insert((side, price));
        }
    }

    /// Forgets everything: nobody listens.
    pub(crate) fn clear(&mut self) {
        self.from = None;
        self.levels.clear();
        self.trades.clear();
    }

    fn add_trade(&mut self, trade: Trade) {
        if self.watched {
            self.trades.push(trade);
        }
    }
}
