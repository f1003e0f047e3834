//! What the scout asks for, how often, and about which pairs.

use model::{Span, SymbolId, SymbolNames, Text};

/// Settings of a [`Scout`](crate::Scout).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoutConfig {
    /// Quotes that pairs may have. The first is assumed for a coin of the calendar, which names
    /// none, until the web list shows the pair itself.
    pub quotes: Vec<String>,
    /// Pairs named whether they are new or not, in this order before all others.
    pub watch: Vec<PairName>,
    /// Names that a process before gave, in the order of their ids, of which some may be missing;
    /// they are not told again.
    pub named: Vec<(SymbolId, SymbolNames)>,
    /// The near periods hold from this long before a known opening.
    pub near_from: Span,
    /// And until this long after it: openings are late now and then.
    pub near_until: Span,
    /// The calendar of new coins.
    pub calendar: Period,
    /// The web list of pairs, symbolsV2.
    pub web_list: Period,
    /// `exchangeInfo`: far for all pairs that matter, near for those near their opening.
    pub exchange_info: Period,
    /// `defaultSymbols`.
    pub api_symbols: Period,
    /// How patient the scout is with a page that fails.
    pub backoff: Backoff,
    /// Request weight in any 10 s; counts as at least [`WEIGHT_MIN`](Self::WEIGHT_MIN).
    pub weight_per_10s: u32,
}

impl ScoutConfig {
    /// One `exchangeInfo` and one `time`: with less the former could never be asked for.
    pub const WEIGHT_MIN: u32 = 26;
}

impl Default for ScoutConfig {
    /// The shipped periods; USDT; a fifth of the 500 that the venue allows an address.
    fn default() -> Self {
        let period = Period { far: Span::from_secs(30), near: Span::from_secs(5) };
        Self {
            quotes: vec!["USDT".to_owned()],
            watch: Vec::new(),
            named: Vec::new(),
            near_from: Span::from_secs(3_600),
            near_until: Span::from_secs(600),
            calendar: period,
            web_list: period,
            exchange_info: period,
            api_symbols: period,
            backoff: Backoff { base: Span::from_secs(2), cap: Span::from_secs(60) },
            weight_per_10s: 100,
        }
    }
}

/// How often something is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// At ordinary times.
    pub far: Span,
    /// Near an opening.
    pub near: Span,
}

/// How long a failing page is left alone; never shorter than its near period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure; it doubles with each further one.
    pub base: Span,
    /// The longest wait, `Retry-After` aside.
    pub cap: Span,
}

/// A pair as two tickers; the venue's name is both in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PairName {
    /// Base ticker.
    pub base: Text<16>,
    /// Quote ticker.
    pub quote: Text<8>,
}

impl PairName {
    /// `None` when a ticker is empty, too long, or holds a space or control character.
    pub fn new(base: &str, quote: &str) -> Option<Self> {
        let odd = |text: &str| text.is_empty() || text.chars().any(is_odd);
        if odd(base) || odd(quote) {
            return None;
        }
        Some(Self { base: Text::new(base)?, quote: Text::new(quote)? })
    }

    /// Splits a venue's name such as `NEWUSDT` at the first of `quotes` that ends it.
    pub fn split(name: &str, quotes: &[String]) -> Option<Self> {
        quotes.iter().find_map(|quote| Self::new(name.strip_suffix(quote.as_str())?, quote))
    }

    /// The venue's name.
    pub fn name(&self) -> Text<24> {
        let mut bytes = [0; 24];
        let (base, quote) = (self.base.as_str().as_bytes(), self.quote.as_str().as_bytes());
        let len = base.len() + quote.len();
        bytes[..base.len()].copy_from_slice(base);
        bytes[base.len()..len].copy_from_slice(quote);
        Text::clipped(core::str::from_utf8(&bytes[..len]).unwrap_or_default())
    }
}

fn is_odd(c: char) -> bool {
    c.is_control() || c.is_whitespace()
}

/// A page that the scout reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Page {
    /// The web list of pairs, symbolsV2.
    WebList = 0,
    /// The calendar of new coins.
    Calendar = 1,
    /// `exchangeInfo` of the pairs that matter.
    ExchangeInfo = 2,
    /// `defaultSymbols`.
    ApiSymbols = 3,
}

impl Page {
    /// All, in the order in which they are asked for when several are due: whom a ticker belongs
    /// to is known before the calendar speaks of it.
    pub const ALL: [Self; 4] =
        [Self::WebList, Self::Calendar, Self::ExchangeInfo, Self::ApiSymbols];

    /// Who serves it.
    pub const fn host(self) -> Host {
        match self {
            Self::WebList | Self::Calendar => Host::Web,
            Self::ExchangeInfo | Self::ApiSymbols => Host::Rest,
        }
    }

    /// What it costs of the weight that an address may use.
    pub const fn weight(self) -> u32 {
        match self {
            Self::WebList | Self::Calendar => 0,
            Self::ExchangeInfo => 25,
            Self::ApiSymbols => 1,
        }
    }

    /// Its word in logs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::WebList => "symbolsV2",
            Self::Calendar => "calendar",
            Self::ExchangeInfo => "exchangeInfo",
            Self::ApiSymbols => "defaultSymbols",
        }
    }
}

/// A server of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// The web site; unofficial pages, without a weight.
    Web = 0,
    /// REST v3.
    Rest = 1,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_split_at_its_quote_and_put_together_again() {
        let quotes = ["USDT".to_owned(), "USDC".to_owned()];
        let pair = PairName::split("NEWUSDC", &quotes).unwrap();
        assert_eq!((pair.base.as_str(), pair.quote.as_str()), ("NEW", "USDC"));
        assert_eq!(pair.name().as_str(), "NEWUSDC");
        assert_eq!(PairName::split("NEWBTC", &quotes), None);
        assert_eq!(PairName::split("USDT", &quotes), None, "no base is left");
    }

    #[test]
    fn tickers_that_no_event_holds_are_refused() {
        assert!(PairName::new("ABCDEFGHIJKLMNOP", "ABCDEFGH").is_some());
        for (base, quote) in [
            ("ABCDEFGHIJKLMNOPQ", "USDT"),
            ("A", "ABCDEFGHI"),
            ("", "U"),
            ("A B", "U"),
            ("A\n", "U"),
        ] {
            assert_eq!(PairName::new(base, quote), None, "{base:?} {quote:?}");
        }
    }
}
