//! Channel names and what they stand for.

use std::collections::BTreeMap;

use crate::exchange::TAPE_MS;

/// A subscription. Symbols are indices; tapes are indices of [`TAPE_MS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    Deals(usize, usize),
    Depth(usize, usize),
    BookTicker(usize, usize),
    LimitDepth(usize, usize),
    BookTickerBatch(usize),
    Kline(usize, &'static Interval),
    MiniTicker(usize),
    Orders,
    OwnDeals,
    Balances,
}

/// A candle width.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) name: &'static str,
    pub(crate) minutes: i64,
}

const INTERVALS: [Interval; 10] = [
    Interval { name: "Min1", minutes: 1 },
    Interval { name: "Min5", minutes: 5 },
    Interval { name: "Min15", minutes: 15 },
    Interval { name: "Min30", minutes: 30 },
    Interval { name: "Min60", minutes: 60 },
    Interval { name: "Hour4", minutes: 240 },
    Interval { name: "Hour8", minutes: 480 },
    Interval { name: "Day1", minutes: 1_440 },
    Interval { name: "Week1", minutes: 10_080 },
    Interval { name: "Month1", minutes: 43_200 },
];

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
            ("public.kline.v3.api.pb", [name, interval]) => {
                let interval = INTERVALS.iter().find(|known| known.name == *interval)?;
                Self::Kline(symbol(name)?, interval)
            }
            ("public.miniTicker.v3.api.pb", [name, zone]) => {
                let known = *zone == "24H" || zone.starts_with("UTC+") || zone.starts_with("UTC-");
                known.then_some(())?;
                Self::MiniTicker(symbol(name)?)
            }
            ("private.orders.v3.api.pb", []) => Self::Orders,
            ("private.deals.v3.api.pb", []) => Self::OwnDeals,
            ("private.account.v3.api.pb", []) => Self::Balances,
            _ => return None,
        })
    }

    /// The pair, of public topics.
    pub(crate) fn symbol(self) -> Option<usize> {
        match self {
            Self::Deals(symbol, _)
            | Self::Depth(symbol, _)
            | Self::BookTicker(symbol, _)
            | Self::LimitDepth(symbol, _)
            | Self::BookTickerBatch(symbol)
            | Self::Kline(symbol, _)
            | Self::MiniTicker(symbol) => Some(symbol),
            Self::Orders | Self::OwnDeals | Self::Balances => None,
        }
    }

    /// The tape that feeds it, if one does.
    pub(crate) fn tape(self) -> Option<(usize, usize)> {
        match self {
            Self::Deals(symbol, tape)
            | Self::Depth(symbol, tape)
            | Self::BookTicker(symbol, tape) => Some((symbol, tape)),
            Self::LimitDepth(symbol, _) | Self::BookTickerBatch(symbol) => Some((symbol, 1)),
            Self::Kline(..)
            | Self::MiniTicker(_)
            | Self::Orders
            | Self::OwnDeals
            | Self::Balances => None,
        }
    }
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
            "",
        ] {
            assert_eq!(parse(blocked), None, "{blocked}");
        }
    }
}
