//! Channel names and what they stand for.

use std::collections::BTreeMap;

use model::VenueTime;

use crate::candle::{INTERVALS, Interval};
use crate::exchange::TAPE_MS;

/// A subscription. Symbols are indices; tapes are indices of [`TAPE_MS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Deals(usize, usize),
    Depth(usize, usize),
    BookTicker(usize, usize),
    LimitDepth(usize, usize),
    BookTickerBatch(usize),
    DepthBatch(usize),
    Kline(usize, &'static Interval),
    MiniTicker(usize, &'static Zone),
    MiniTickers(&'static Zone),
    Orders,
    OwnDeals,
    Balances,
}

/// A time zone of tickers. Its day starts so many minutes before UTC's; a rolling day has none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    pub(crate) name: &'static str,
    pub(crate) ahead_min: Option<i64>,
}

const fn zone(name: &'static str, ahead_min: i64) -> Zone {
    Zone { name, ahead_min: Some(ahead_min) }
}

/// Every zone that the exchange takes.
pub(crate) const ZONES: [Zone; 25] = [
    Zone { name: "24H", ahead_min: None },
    zone("UTC-10", -600),
    zone("UTC-8", -480),
    zone("UTC-7", -420),
    zone("UTC-6", -360),
    zone("UTC-5", -300),
    zone("UTC-4", -240),
    zone("UTC-3", -180),
    zone("UTC+0", 0),
    zone("UTC+1", 60),
    zone("UTC+2", 120),
    zone("UTC+3", 180),
    zone("UTC+4", 240),
    zone("UTC+4:30", 270),
    zone("UTC+5", 300),
    zone("UTC+5:30", 330),
    zone("UTC+6", 360),
    zone("UTC+7", 420),
    zone("UTC+8", 480),
    zone("UTC+9", 540),
    zone("UTC+10", 600),
    zone("UTC+11", 660),
    zone("UTC+12", 720),
    zone("UTC+12:45", 765),
    zone("UTC+13", 780),
];

/// The exchange's own zone: its day is the one of `rate`.
pub(crate) const HOME: Zone = zone("UTC+8", 480);

impl Zone {
    /// Start of the running day, seconds.
    pub(crate) fn day_start(&self, now: VenueTime) -> i64 {
        let second = now.millis().div_euclid(1_000);
        match self.ahead_min {
            None => second - DAY_S,
            Some(ahead) => (second + ahead * 60).div_euclid(DAY_S) * DAY_S - ahead * 60,
        }
    }
}

const DAY_S: i64 = 86_400;

impl Topic {
    /// Reads a channel name; `None` for what the exchange blocks: retired channels, unknown
    /// symbols, wrong spelling.
    pub(crate) fn parse(name: &str, symbols: &BTreeMap<String, usize>) -> Option<Self> {
        let mut parts = name.split('@');
        if parts.next()? != "spot" {
            return None;
        }
        let channel = parts.next()?;
        let rest: Vec<&str> = parts.collect();
        let symbol = |name: &str| symbols.get(name).copied();
        Some(match (channel, rest.as_slice()) {
            ("public.aggre.deals.v3.api.pb", [speed, name]) => {
                Self::Deals(symbol(name)?, tape(speed)?)
            }
            ("public.aggre.depth.v3.api.pb", [speed, name]) => {
                Self::Depth(symbol(name)?, tape(speed)?)
            }
            ("public.aggre.bookTicker.v3.api.pb", [speed, name]) => {
                Self::BookTicker(symbol(name)?, tape(speed)?)
            }
            ("public.limit.depth.v3.api.pb", [name, levels]) => {
                let levels = [5, 10, 20].into_iter().find(|n| n.to_string() == **levels)?;
                Self::LimitDepth(symbol(name)?, levels)
            }
            ("public.bookTicker.batch.v3.api.pb", [name]) => Self::BookTickerBatch(symbol(name)?),
            ("public.increase.depth.batch.v3.api.pb", [name]) => Self::DepthBatch(symbol(name)?),
            ("public.kline.v3.api.pb", [name, interval]) => {
                let interval = INTERVALS.iter().find(|known| known.stream == *interval)?;
                Self::Kline(symbol(name)?, interval)
            }
            ("public.miniTicker.v3.api.pb", [name, zone]) => {
                Self::MiniTicker(symbol(name)?, zone_of(zone)?)
            }
            ("public.miniTickers.v3.api.pb", [zone]) => Self::MiniTickers(zone_of(zone)?),
            ("private.orders.v3.api.pb", []) => Self::Orders,
            ("private.deals.v3.api.pb", []) => Self::OwnDeals,
            ("private.account.v3.api.pb", []) => Self::Balances,
            _ => return None,
        })
    }

    /// Whether it needs a connection with a listen key.
    pub(crate) fn is_private(self) -> bool {
        matches!(self, Self::Orders | Self::OwnDeals | Self::Balances)
    }

    /// The pair, of topics of one pair.
    pub(crate) fn symbol(self) -> Option<usize> {
        match self {
            Self::Deals(symbol, _)
            | Self::Depth(symbol, _)
            | Self::BookTicker(symbol, _)
            | Self::LimitDepth(symbol, _)
            | Self::BookTickerBatch(symbol)
            | Self::DepthBatch(symbol)
            | Self::Kline(symbol, _)
            | Self::MiniTicker(symbol, _) => Some(symbol),
            Self::MiniTickers(_) | Self::Orders | Self::OwnDeals | Self::Balances => None,
        }
    }

    /// The tape that feeds it, if one does.
    pub(crate) fn tape(self) -> Option<(usize, usize)> {
        match self {
            Self::Deals(symbol, tape)
            | Self::Depth(symbol, tape)
            | Self::BookTicker(symbol, tape) => Some((symbol, tape)),
            Self::DepthBatch(symbol) => Some((symbol, 0)),
            Self::LimitDepth(symbol, _) | Self::BookTickerBatch(symbol) => Some((symbol, 1)),
            Self::Kline(..)
            | Self::MiniTicker(..)
            | Self::MiniTickers(_)
            | Self::Orders
            | Self::OwnDeals
            | Self::Balances => None,
        }
    }
}

fn zone_of(name: &str) -> Option<&'static Zone> {
    ZONES.iter().find(|zone| zone.name == name)
}

fn tape(speed: &str) -> Option<usize> {
    TAPE_MS.iter().position(|ms| speed.strip_suffix("ms") == Some(ms.to_string().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_living_channels_of_known_symbols_are_topics() {
        let symbols = BTreeMap::from([("BTCUSDT".to_owned(), 0)]);
        let parse = |name: &str| Topic::parse(name, &symbols);
        assert_eq!(
            parse("spot@public.aggre.deals.v3.api.pb@10ms@BTCUSDT"),
            Some(Topic::Deals(0, 0))
        );
        assert_eq!(
            parse("spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT"),
            Some(Topic::Depth(0, 1))
        );
        assert_eq!(
            parse("spot@public.limit.depth.v3.api.pb@BTCUSDT@20"),
            Some(Topic::LimitDepth(0, 20))
        );
        for blocked in [
            "spot@public.deals.v3.api@BTCUSDT",
            "spot@public.deals.v3.api.pb@BTCUSDT",
            "spot@public.aggre.deals.v3.api.pb@50ms@BTCUSDT",
            "spot@public.aggre.deals.v3.api.pb@10ms@btcusdt",
            "spot@public.aggre.deals.v3.api.pb@10ms@XUSDT",
            "spot@public.limit.depth.v3.api.pb@BTCUSDT@15",
            "spot@public.increase.depth.v3.api.pb@BTCUSDT",
            "spot@public.bookTicker.v3.api.pb@BTCUSDT",
            "spot@public.kline.v3.api.pb@BTCUSDT@1m",
            "spot@public.miniTicker.v3.api.pb@BTCUSDT@UTC+14",
            "spot@public.miniTickers.v3.api.pb",
            "",
        ] {
            assert_eq!(parse(blocked), None, "{blocked}");
        }
    }

    #[test]
    fn a_day_starts_at_midnight_of_its_zone_or_rolls() {
        let now = VenueTime::from_millis((20 * DAY_S + 18 * 3_600) * 1_000);
        let start = |name| zone_of(name).unwrap().day_start(now);
        assert_eq!(start("UTC+0"), 20 * DAY_S);
        assert_eq!(start("UTC+8"), 20 * DAY_S + 16 * 3_600);
        assert_eq!(start("UTC-8"), 20 * DAY_S + 8 * 3_600);
        assert_eq!(start("24H"), 19 * DAY_S + 18 * 3_600);
    }
}
