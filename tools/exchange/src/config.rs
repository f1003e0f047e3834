//! What an exchange is made from: accounts, pairs, listings, rules and faults. Also the form of a
//! scenario file; an unknown key is an error.

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::VenueTime;
use serde::{Deserialize, Serialize};

use crate::faults::Faults;
use crate::personality::Personality;

/// A whole exchange. Money is decimal text; times are relative to the origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Milliseconds since the epoch that the times of listings count from. Absent: the start of
    /// the exchange, rounded up to a full second.
    pub origin_ms: Option<i64>,
    /// Limits, lives and delays.
    pub rules: Rules,
    /// What no source settles.
    pub personality: Personality,
    /// Who trades. At least one.
    pub accounts: Vec<AccountConfig>,
    /// Pairs that trade from the start.
    pub symbols: Vec<SymbolConfig>,
    /// Pairs that open on a schedule.
    pub listings: Vec<ListingConfig>,
    /// What goes wrong.
    pub faults: Faults,
}

impl Default for Config {
    /// BTCUSDT, ETHUSDT and MXUSDT, and one account with key `demo-key`.
    fn default() -> Self {
        Self {
            origin_ms: None,
            rules: Rules::default(),
            personality: Personality::default(),
            accounts: vec![AccountConfig::default()],
            symbols: vec![
                SymbolConfig::pair("BTC", "84270", 2, 6, "20000"),
                SymbolConfig::pair("ETH", "3021.55", 2, 5, "8000"),
                SymbolConfig::pair("MX", "2.5104", 4, 2, "500"),
            ],
            listings: Vec::new(),
            faults: Faults::default(),
        }
    }
}

impl Config {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// [`ConfigError::Toml`] with the line and the key that is wrong.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| ConfigError::Toml(error.to_string()))
    }

    /// The scenario as a file.
    ///
    /// # Errors
    /// [`ConfigError::Toml`] when a value has no form in TOML.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string(self).map_err(|error| ConfigError::Toml(error.to_string()))
    }

    /// The default market, and `listings` openings: the first on the first full second at or
    /// after `ready_at` + 8 s, then 3 s apart. All but the origin follows from the seed.
    pub fn demo(seed: u64, listings: usize, ready_at: VenueTime) -> Self {
        let origin_ms = ready_at.nanos().div_euclid(1_000_000_000) * 1_000;
        let up = i64::from(ready_at.nanos().rem_euclid(1_000_000_000) != 0) * 1_000;
        Self {
            origin_ms: Some(origin_ms + up),
            listings: crate::demo::listings(seed, listings, 8_000, 3_000),
            ..Self::default()
        }
    }

    /// Replaces the credentials of the first account.
    #[must_use]
    pub fn with_key(mut self, access: &str, secret: &str) -> Self {
        if let Some(account) = self.accounts.first_mut() {
            account.keys = vec![KeyConfig::new(access, secret)];
        }
        self
    }
}

/// Why a configuration is not an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// Not a scenario file.
    Toml(String),
    /// A value that cannot be used.
    Value {
        /// Where it stands.
        key: String,
        /// What it was.
        value: String,
        /// What would do.
        needed: &'static str,
    },
}

impl core::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Toml(error) => write!(f, "scenario: {error}"),
            Self::Value { key, value, needed } => {
                write!(f, "{key} is {value:?}; it must be {needed}")
            }
        }
    }
}

impl core::error::Error for ConfigError {}

/// Limits, lives and delays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Order requests (place, cancel, batch, cancel all) an account has in any second.
    pub orders_per_s: u32,
    /// Batches of orders an account has in any second, inside `orders_per_s`.
    pub batches_per_s: u32,
    /// Weight that one endpoint grants in ten seconds to an address or an account.
    pub weight_per_10s: u32,
    /// Replies 429 within ten seconds after which an address is banned.
    pub ban_after: u32,
    /// Length of a ban, seconds.
    pub ban_s: u64,
    /// Open orders of an account.
    pub open_orders_max: u32,
    /// From acceptance of an order to its private events, microseconds.
    pub private_delay_us: u64,
    /// From a request to its reply, microseconds.
    pub reply_delay_us: u64,
    /// Life of a listen key, seconds.
    pub listen_key_life_s: u64,
    /// Life of a stream connection, seconds.
    pub stream_life_s: u64,
    /// Whether symbolsV2 is one flat list and not an object by quote asset.
    pub web_list_flat: bool,
    /// Whether the web pages answer 403.
    pub web_forbidden: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            orders_per_s: 12,
            batches_per_s: 2,
            weight_per_10s: 500,
            ban_after: 60,
            ban_s: 120,
            open_orders_max: 500,
            private_delay_us: 300,
            reply_delay_us: 0,
            listen_key_life_s: 3_600,
            stream_life_s: 86_400,
            web_list_flat: false,
            web_forbidden: false,
        }
    }
}

/// An account with its money and keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountConfig {
    /// For logs and the user id.
    pub name: String,
    /// Asset to amount.
    pub balances: BTreeMap<String, String>,
    /// API keys.
    pub keys: Vec<KeyConfig>,
}

impl Default for AccountConfig {
    fn default() -> Self {
        let balances = [("USDT", "10000"), ("BTC", "1"), ("MX", "1000")];
        Self {
            name: "demo".to_owned(),
            balances: balances.map(|(asset, amount)| (asset.to_owned(), amount.to_owned())).into(),
            keys: vec![KeyConfig::new("demo-key", "demo-secret")],
        }
    }
}

/// An API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyConfig {
    /// Sent in the header.
    pub access: String,
    /// Signs.
    pub secret: String,
    /// What it may do. Absent: everything but to withdraw.
    #[serde(default = "all_permissions")]
    pub permissions: Vec<Permission>,
    /// Pairs it may trade. Absent: all.
    #[serde(default)]
    pub symbols: Option<Vec<String>>,
    /// Addresses it is bound to. Absent: any may use it.
    #[serde(default)]
    pub addresses: Option<Vec<IpAddr>>,
}

impl KeyConfig {
    /// A key with every permission but to withdraw, for all pairs.
    pub fn new(access: &str, secret: &str) -> Self {
        let (access, secret) = (access.to_owned(), secret.to_owned());
        Self { access, secret, permissions: all_permissions(), symbols: None, addresses: None }
    }
}

fn all_permissions() -> Vec<Permission> {
    use Permission::*;
    vec![
        SpotDealWrite,
        SpotDealRead,
        SpotAccountRead,
        SpotAccountR,
        SpotAccountWrite,
        SpotWithdrawRead,
    ]
}

/// What a key may do, by the exchange's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Permission {
    /// Place, cancel, test.
    SpotDealWrite,
    /// Order queries.
    SpotDealRead,
    /// Account, own deals, fees.
    SpotAccountRead,
    /// Own symbols, listen keys.
    SpotAccountR,
    /// Self-trade prevention groups.
    SpotAccountWrite,
    /// Coin configuration, list of withdrawals.
    SpotWithdrawRead,
    /// Withdrawals. There is nothing here to withdraw to, but a client must refuse such a key.
    SpotWithdrawWrite,
}

/// A pair and its rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SymbolConfig {
    /// Base asset; the symbol is base and quote joined.
    pub base: String,
    /// Quote asset.
    #[serde(default = "usdt")]
    pub quote: String,
    /// Decimals of prices; with those of quantities at most 18.
    pub price_decimals: u8,
    /// Decimals of quantities.
    pub qty_decimals: u8,
    /// Smallest quantity of an order; "0" for none.
    #[serde(default = "zero")]
    pub qty_min: String,
    /// Smallest value of an order.
    #[serde(default = "one")]
    pub notional_min: String,
    /// Largest value of an order.
    #[serde(default = "four_million")]
    pub notional_max: String,
    /// Fee of resting orders, millionths.
    #[serde(default)]
    pub maker_fee_ppm: u32,
    /// Fee of taking orders, millionths.
    #[serde(default = "five_hundred")]
    pub taker_fee_ppm: u32,
    /// "1" online, "2" paused, "3" offline.
    #[serde(default = "one")]
    pub status: String,
    /// 1 both, 2 buys only, 3 sells only, 4 closed.
    #[serde(default = "both_sides")]
    pub trade_side_type: u8,
    /// Order types of `exchangeInfo`; IMMEDIATE_OR_CANCEL and FILL_OR_KILL are taken wherever
    /// LIMIT is.
    #[serde(default = "usual_kinds")]
    pub order_types: Vec<String>,
    /// Whether the API may trade it.
    #[serde(default = "yes")]
    pub api_allowed: bool,
    /// Price band around the last price, ten-thousandths.
    #[serde(default)]
    pub band_bps: Option<u32>,
    /// Its background flow. Absent: only the accounts trade it.
    #[serde(default)]
    pub flow: Option<FlowConfig>,
}

impl SymbolConfig {
    /// A pair with usual rules and a flow around `price`, in orders of `notional`.
    pub fn pair(
        base: &str,
        price: &str,
        price_decimals: u8,
        qty_decimals: u8,
        notional: &str,
    ) -> Self {
        Self {
            base: base.to_owned(),
            quote: usdt(),
            price_decimals,
            qty_decimals,
            qty_min: zero(),
            notional_min: one(),
            notional_max: four_million(),
            maker_fee_ppm: 0,
            taker_fee_ppm: five_hundred(),
            status: one(),
            trade_side_type: both_sides(),
            order_types: usual_kinds(),
            api_allowed: true,
            band_bps: None,
            flow: Some(FlowConfig::around(price, notional)),
        }
    }

    /// Base and quote joined.
    pub fn name(&self) -> String {
        format!("{}{}", self.base, self.quote)
    }
}

/// Seeded makers and takers of one pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowConfig {
    /// Fair price at the start.
    pub price: String,
    /// Mean value of an order.
    pub notional: String,
    /// Distance of the best quotes, ten-thousandths of the price.
    #[serde(default = "five")]
    pub spread_bps: u32,
    /// Mean time between steps, milliseconds.
    #[serde(default = "hundred")]
    pub tick_ms: u32,
    /// Largest noise of a step, millionths of the price.
    #[serde(default = "fifty")]
    pub noise_ppm: u32,
    /// Steps on which a taker trades, thousandths.
    #[serde(default = "three_hundred")]
    pub taker_permille: u32,
    /// Resting orders of the flow.
    #[serde(default = "sixty")]
    pub orders_max: u32,
    /// Change of the fair price by time since the opening; straight between the knots, flat
    /// after the last.
    #[serde(default)]
    pub path: Vec<Knot>,
}

impl FlowConfig {
    /// The usual flow around `price`.
    pub fn around(price: &str, notional: &str) -> Self {
        Self {
            price: price.to_owned(),
            notional: notional.to_owned(),
            spread_bps: five(),
            tick_ms: hundred(),
            noise_ppm: fifty(),
            taker_permille: three_hundred(),
            orders_max: sixty(),
            path: Vec::new(),
        }
    }
}

/// A point of a price path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knot {
    /// Since the opening.
    pub after_ms: u64,
    /// Against the price at the start of the flow, ten-thousandths, above -10,000.
    pub change_bps: i64,
}

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
    /// Changes of that plan.
    #[serde(default)]
    pub moves: Vec<Move>,
    /// Real opening after the planned one, microseconds; negative is early.
    #[serde(default)]
    pub late_us: i64,
    /// The calendar shows it so long before the planned opening.
    #[serde(default = "a_week_ms")]
    pub calendar_before_ms: i64,
    /// `exchangeInfo`, symbol lists and streams know it so long before.
    #[serde(default = "ten_minutes_ms")]
    pub listed_before_ms: i64,
    /// Triples of the web list; it appears with the first. From the opening on: 1, 1, 1.
    #[serde(default = "usual_triples")]
    pub triples: Vec<TripleStep>,
    /// Pre-open asks, price and quantity.
    #[serde(default)]
    pub asks: Vec<(String, String)>,
    /// They are placed so long before the planned opening.
    #[serde(default = "five_seconds_ms")]
    pub asks_before_ms: i64,
    /// Code of orders before the opening.
    #[serde(default)]
    pub before_open: BeforeOpen,
    /// Highest price of limit buys at first; 30010 above it.
    #[serde(default)]
    pub cap: Option<String>,
    /// How long the cap holds after the opening.
    #[serde(default)]
    pub cap_ms: u64,
    /// How long market orders are accepted and cancelled at once after the opening.
    #[serde(default)]
    pub market_cancelled_ms: u64,
    /// The flow's first step after the opening.
    #[serde(default = "fifty_ms")]
    pub flow_after_ms: u64,
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

fn usual_triples() -> Vec<TripleStep> {
    let step = |before_ms, sts, st, tt| TripleStep { before_ms, sts, st, tt };
    vec![
        step(300_000, 1, 1, 1),
        step(90_000, 2, 1, 1),
        step(60_000, 2, 2, 1),
        step(30_000, 2, 2, 4),
    ]
}

fn usual_kinds() -> Vec<String> {
    ["LIMIT", "MARKET", "LIMIT_MAKER"].map(str::to_owned).into()
}

macro_rules! defaults {
    ($($name:ident: $ty:ty = $value:expr;)*) => {$(fn $name() -> $ty { $value })*};
}
defaults! {
    usdt: String = "USDT".to_owned();
    zero: String = "0".to_owned();
    one: String = "1".to_owned();
    four_million: String = "4000000".to_owned();
    yes: bool = true;
    both_sides: u8 = 1;
    five: u32 = 5;
    fifty: u32 = 50;
    sixty: u32 = 60;
    hundred: u32 = 100;
    three_hundred: u32 = 300;
    five_hundred: u32 = 500;
    fifty_ms: u64 = 50;
    five_seconds_ms: i64 = 5_000;
    ten_minutes_ms: i64 = 600_000;
    a_week_ms: i64 = 604_800_000;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_survives_its_file() {
        let config = Config::demo(7, 3, VenueTime::from_millis(1_800_000_000_250));
        assert_eq!(Config::from_toml(&config.to_toml().unwrap()), Ok(config));
    }

    #[test]
    fn the_origin_of_a_demo_is_a_full_second() {
        let origin = |ms| Config::demo(7, 1, VenueTime::from_millis(ms)).origin_ms;
        assert_eq!(origin(1_800_000_000_000), Some(1_800_000_000_000));
        assert_eq!(origin(1_800_000_000_001), Some(1_800_000_001_000));
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        let error = Config::from_toml("[rules]\norders_per_sec = 5\n").unwrap_err();
        assert!(error.to_string().contains("orders_per_sec"), "{error}");
    }

    #[test]
    fn the_scenarios_of_the_repository_are_the_built_in_ones() {
        let read = |name: &str| {
            let path = format!("{}/../../config/sim/{name}.toml", env!("CARGO_MANIFEST_DIR"));
            Config::from_toml(&std::fs::read_to_string(path).unwrap()).unwrap()
        };
        assert_eq!(read("default"), Config::default());
        let demo = Config { origin_ms: None, ..Config::demo(1, 3, VenueTime::from_millis(0)) };
        assert_eq!(read("demo"), demo);
    }
}
