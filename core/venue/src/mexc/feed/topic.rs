//! Names of channels.

use model::{Body, DepthKind, Event, Stream, SymbolId, Text};

/// How often an aggregated channel sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Speed {
    /// Every 10 ms: the fastest there is.
    Ms10,
    /// Every 100 ms.
    Ms100,
}

/// Levels a side of a limited-depth channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DepthLevels {
    /// 5.
    Five,
    /// 10.
    Ten,
    /// 20.
    Twenty,
}

/// A channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Deals of a pair.
    Deals(SymbolId, Speed),
    /// Changed levels of a pair's book.
    Depth(SymbolId, Speed),
    /// Best bid and ask of a pair.
    BookTop(SymbolId, Speed),
    /// The complete top of a pair's book, at every change.
    LimitDepth(SymbolId, DepthLevels),
    /// Our orders.
    Orders,
    /// Our deals.
    OwnDeals,
    /// Our balances.
    Account,
}

/// Longest name: prefix, speed and a pair of 24 bytes.
pub const NAME_MAX: usize = 80;

impl Topic {
    /// The three that make up the private stream.
    pub const PRIVATE: [Self; 3] = [Self::Orders, Self::OwnDeals, Self::Account];

    /// The pair, or [`SymbolId::NONE`].
    pub const fn symbol(self) -> SymbolId {
        match self {
            Self::Deals(symbol, _)
            | Self::Depth(symbol, _)
            | Self::BookTop(symbol, _)
            | Self::LimitDepth(symbol, _) => symbol,
            Self::Orders | Self::OwnDeals | Self::Account => SymbolId::NONE,
        }
    }

    /// The stream that it is, or is part of. Limited depth is one more witness of the best prices.
    pub const fn stream(self) -> Stream {
        match self {
            Self::Deals(..) => Stream::Deals,
            Self::Depth(..) => Stream::Depth,
            Self::BookTop(..) | Self::LimitDepth(..) => Stream::BookTop,
            Self::Orders | Self::OwnDeals | Self::Account => Stream::Private,
        }
    }

    /// Whether `event` came over this channel.
    pub fn carries(self, event: &Event) -> bool {
        let body = match (self, &event.body) {
            (Self::Deals(..), Body::Print(_))
            | (Self::BookTop(..), Body::Top(_))
            | (Self::Orders, Body::Order(_))
            | (Self::OwnDeals, Body::Fill(_))
            | (Self::Account, Body::Balance(_)) => true,
            (Self::Depth(..), Body::Depth(depth)) => depth.kind == DepthKind::Diff,
            (Self::LimitDepth(..), Body::Depth(depth)) => depth.kind == DepthKind::Top,
            _ => false,
        };
        body && (self.stream() == Stream::Private || self.symbol() == event.symbol)
    }

    /// The name that the venue knows it by; `None` when `symbol` cannot stand in one.
    pub fn name(self, symbol: &str) -> Option<Text<NAME_MAX>> {
        let (before, after) = match self {
            Self::Deals(_, Speed::Ms10) => ("spot@public.aggre.deals.v3.api.pb@10ms@", ""),
            Self::Deals(_, Speed::Ms100) => ("spot@public.aggre.deals.v3.api.pb@100ms@", ""),
            Self::Depth(_, Speed::Ms10) => ("spot@public.aggre.depth.v3.api.pb@10ms@", ""),
            Self::Depth(_, Speed::Ms100) => ("spot@public.aggre.depth.v3.api.pb@100ms@", ""),
            Self::BookTop(_, Speed::Ms10) => ("spot@public.aggre.bookTicker.v3.api.pb@10ms@", ""),
            Self::BookTop(_, Speed::Ms100) => ("spot@public.aggre.bookTicker.v3.api.pb@100ms@", ""),
            Self::LimitDepth(_, DepthLevels::Five) => ("spot@public.limit.depth.v3.api.pb@", "@5"),
            Self::LimitDepth(_, DepthLevels::Ten) => ("spot@public.limit.depth.v3.api.pb@", "@10"),
            Self::LimitDepth(_, DepthLevels::Twenty) => {
                ("spot@public.limit.depth.v3.api.pb@", "@20")
            }
            Self::Orders => return Text::new("spot@private.orders.v3.api.pb"),
            Self::OwnDeals => return Text::new("spot@private.deals.v3.api.pb"),
            Self::Account => return Text::new("spot@private.account.v3.api.pb"),
        };
        let foreign = |letter: char| letter.is_control() || "\"\\[],@ ".contains(letter);
        if symbol.is_empty() || symbol.contains(foreign) {
            return None;
        }
        let mut bytes = [0; NAME_MAX];
        let mut len = 0;
        for part in [before, symbol, after] {
            bytes.get_mut(len..len + part.len())?.copy_from_slice(part.as_bytes());
            len += part.len();
        }
        Text::new(core::str::from_utf8(&bytes[..len]).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIR: SymbolId = SymbolId(3);

    #[test]
    fn names_are_those_of_the_documentation() {
        let cases = [
            (Topic::Deals(PAIR, Speed::Ms100), "spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT"),
            (Topic::Depth(PAIR, Speed::Ms10), "spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT"),
            (
                Topic::BookTop(PAIR, Speed::Ms10),
                "spot@public.aggre.bookTicker.v3.api.pb@10ms@BTCUSDT",
            ),
            (
                Topic::LimitDepth(PAIR, DepthLevels::Twenty),
                "spot@public.limit.depth.v3.api.pb@BTCUSDT@20",
            ),
            (Topic::Orders, "spot@private.orders.v3.api.pb"),
            (Topic::OwnDeals, "spot@private.deals.v3.api.pb"),
            (Topic::Account, "spot@private.account.v3.api.pb"),
        ];
        for (topic, name) in cases {
            assert_eq!(topic.name("BTCUSDT").unwrap().as_str(), name);
        }
    }

    #[test]
    fn a_pair_that_would_break_the_message_has_no_name() {
        let topic = Topic::BookTop(PAIR, Speed::Ms100);
        for symbol in ["", "A\"B", "A\\B", "A,B", "A]", "A\n", "A@5"] {
            assert_eq!(topic.name(symbol), None, "{symbol}");
        }
        assert!(topic.name(&"X".repeat(24)).is_some());
        assert!(topic.name("币安人生USDT").is_some());
    }
}
