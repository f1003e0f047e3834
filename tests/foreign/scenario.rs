//! An exchange with something to refuse of every kind, and what ccxt makes of each refusal.

use exchange::{
    Config, DuplicateIds, KeyConfig, ListingConfig, Permission, Personality, SymbolConfig,
};

/// Kind of refusal, the class of ccxt's exception, and the exchange's code. The classes are those
/// of ccxt's own table for this exchange.
pub(crate) const REFUSALS: &[(&str, &str, i32)] = &[
    ("unknown pair", "BadSymbol", 10007),
    ("pair not for the API", "BadSymbol", 10007),
    ("pair suspended", "ExchangeError", 30000),
    ("pair offline", "InvalidOrder", 30016),
    ("before the opening", "InvalidOrder", 30001),
    ("above the opening cap", "InvalidOrder", 30010),
    ("outside the band", "InvalidOrder", 30087),
    ("no market orders", "BadRequest", 30019),
    ("no such order type", "InvalidOrder", 30041),
    ("below the minimum", "InvalidOrder", 30002),
    ("above the maximum", "InvalidOrder", 30003),
    ("too much money", "InsufficientFunds", 30004),
    ("too many decimals", "BadRequest", 33333),
    ("unknown side", "BadRequest", 33333),
    ("missing price", "BadRequest", 44444),
    ("illegal client id", "BadRequest", 700008),
    ("duplicate client id", "BadRequest", 30026),
    ("unknown order cancelled", "BadRequest", -2011),
    // ccxt has no row for it.
    ("unknown order asked", "ExchangeError", -2013),
    ("no order named", "BadRequest", 700004),
    ("unknown candle width", "BadSymbol", -1121),
    ("half a period", "BadRequest", -1128),
    ("window too long", "InvalidNonce", 700005),
    ("wrong secret", "AuthenticationError", 700002),
    ("unknown key", "BadRequest", 10072),
    ("key may not", "AuthenticationError", 700007),
    ("too late", "InvalidNonce", 700003),
    ("too early", "InvalidNonce", 700003),
];

/// The default market, and a pair for each way to be refused.
pub(crate) fn refusals() -> Config {
    let quiet = |base: &str| {
        let mut pair = SymbolConfig::pair(base, "1", 4, 2, "100");
        pair.flow = None;
        pair
    };
    let pair = |base: &str, change: fn(&mut SymbolConfig)| {
        let mut pair = quiet(base);
        change(&mut pair);
        pair
    };
    let mut config = Config::default();
    config.symbols.extend([
        pair("SHUT", |pair| pair.api_allowed = false),
        pair("HALT", |pair| pair.status = "2".to_owned()),
        pair("GONE", |pair| pair.status = "3".to_owned()),
        pair("LIMIT", |pair| pair.order_types = vec!["LIMIT".to_owned()]),
    ]);
    let mut band = SymbolConfig::pair("BAND", "1", 4, 2, "100");
    band.band_bps = Some(50);
    config.symbols.push(band);
    config.listings.push(listing(quiet("SOON"), 3_600_000, None));
    config.listings.push(listing(quiet("CAP"), 0, Some("2")));
    config.origin_ms = Some(origin_ms());
    let may = vec![Permission::SpotAccountRead];
    let reader = KeyConfig { permissions: may, ..KeyConfig::new("reader", "reader-secret") };
    config.accounts[0].keys.push(reader);
    config.personality =
        Personality { duplicate_client_ids: DuplicateIds::Rejected, ..Personality::default() };
    config
}

/// A listing known for a day, with a cap that holds for a day after its opening.
fn listing(market: SymbolConfig, opens_after_ms: i64, cap: Option<&str>) -> ListingConfig {
    let mut listing = Config::demo(1, 1, model::VenueTime::from_millis(0)).listings.remove(0);
    listing.market = market;
    listing.asks.clear();
    (listing.moves, listing.late_us) = (Vec::new(), 0);
    (listing.opens_after_ms, listing.listed_before_ms) = (opens_after_ms, 86_400_000);
    (listing.cap, listing.cap_ms) = (cap.map(str::to_owned), 86_400_000);
    listing
}

/// The present, so that one pair has just opened and the other opens in an hour.
fn origin_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(0)
}
