//! One pair: its rules, book, public deals, candles and what its streams have yet to say.

use std::collections::{BTreeSet, VecDeque};

use model::{Amount, OrderKind, OrderKinds, Price, Qty, Side, VenueTime};

use crate::book::{Book, Scale};
use crate::candle::Candles;
use crate::config::{ConfigError, SymbolConfig};
use crate::listing::Schedule;
use crate::order::kind_of;

/// Public deals kept for `trades`: its largest limit.
const TRADES_MAX: usize = 1_000;
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
    /// Decimals that prices and quantities are kept at.
    pub(crate) scale: Scale,
    /// Published decimals by the time they hold from, oldest first; empty when they never change.
    pub(crate) precisions: Vec<(VenueTime, Scale)>,
    pub(crate) rules: Rulebook,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) book: Book,
    pub(crate) last: Option<Price>,
    /// Price of the first deal.
    pub(crate) first: Option<Price>,
    pub(crate) trades: VecDeque<Trade>,
    pub(crate) candles: Candles,
    /// When the newest order that changed the book was made.
    pub(crate) last_order: VenueTime,
    /// The 10 ms and the 100 ms streams.
    pub(crate) tapes: [Tape; 2],
}

impl Symbol {
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
        self.first.get_or_insert(trade.price);
        self.candles.add(&trade, self.scale);
        for tape in &mut self.tapes {
            tape.add_trade(trade);
        }
    }

    /// Decimals that the pair publishes and takes at `now`; never finer than `scale`.
    pub(crate) fn shown(&self, now: VenueTime) -> Scale {
        let reached = self.precisions.iter().rev().find(|(from, _)| *from <= now);
        reached.map_or(self.scale, |(_, shown)| *shown)
    }

    /// Whether price and quantity, by their names on the wire, have more decimals than the pair
    /// takes at `now`.
    pub(crate) fn finer_than_shown(
        &self,
        now: VenueTime,
        price: Option<Price>,
        qty: Option<Qty>,
    ) -> [(&'static str, bool); 2] {
        let any = Price::from_raw(i64::MAX);
        let cut = |price, qty| self.to_shown(now, price, qty);
        let price_cut = price.is_some_and(|p| cut(p, Qty::ZERO).is_none_or(|(to, _)| to != p));
        let qty_cut = qty.zip(any).is_some_and(|(q, p)| cut(p, q).is_some_and(|(_, to)| to != q));
        [("price", price_cut), ("quantity", qty_cut)]
    }

    /// Price and quantity cut to what the pair takes at `now`; `None` when no price is left.
    pub(crate) fn to_shown(&self, now: VenueTime, price: Price, qty: Qty) -> Option<(Price, Qty)> {
        if self.precisions.is_empty() {
            return Some((price, qty));
        }
        let shown = self.shown(now);
        let unit = |kept: u8, shown: u8| 10_i64.checked_pow(u32::from(kept.saturating_sub(shown)));
        let tick = Price::from_raw(unit(self.scale.price, shown.price)?)?;
        let step = Qty::from_raw(unit(self.scale.qty, shown.qty)?)?;
        Some((price.to_tick(tick, model::Round::Down)?, qty.floor_to(step)))
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
