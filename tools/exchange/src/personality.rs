//! The exchange's personality: one setting for each behaviour that no source settles.
//!
//! The shipped file `config/sim/personality.toml` names every key with what it may be.

use serde::{Deserialize, Serialize};

use crate::config::{Config, ConfigError};

/// Largest shift of an opening: a day.
const OPENING_OFFSET_MAX_US: u64 = 86_400_000_000;
/// Largest distance of an opening cap from its reference, ten-thousandths.
const CAP_MAX_BPS: u32 = 1_000_000;
/// Changes of precision that one exchange may plan.
const PRECISION_CHANGES_MAX: usize = 64;

/// Which asset pays the fee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeAsset {
    /// The asset received: base on buys, quote on sells.
    #[default]
    Received,
    /// Quote on both sides; a buy locks its fee too.
    Quote,
}

/// What becomes of a placement whose client order id the account has used before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateIds {
    /// It is one more order; queries by that id find the newest.
    #[default]
    Accepted,
    /// It is refused with 30026.
    Rejected,
    /// It places nothing and answers as the first one did, as the futures exchange documents.
    Returned,
}

/// Which private channel tells of a deal first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstTold {
    /// `private.deals`, then `private.orders`.
    #[default]
    Deal,
    /// `private.orders`, then `private.deals`; the sample of the documentation shows this order.
    Order,
}

/// What the price cap of an opening is computed from, while the listing's `cap_ms` lasts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpeningCap {
    /// The figure of the listing; none when it has none.
    #[default]
    Listing,
    /// `opening_cap_bps` above the lowest pre-open ask; none without asks.
    BestAsk,
    /// `opening_cap_bps` above the first deal; none before it.
    FirstDeal,
    /// No listing has one.
    None,
}

/// How `exchangeInfo` shows a pair between its listing and its opening.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BeforeOpenInfo {
    /// Not at all, nor do the lists of symbols.
    Absent,
    /// Status "2".
    Paused,
    /// Status "1" with `tradeSideType` 4.
    Closed,
    /// As if it traded; orders are refused all the same.
    #[default]
    Online,
}

/// What `exchangeInfo` answers when it knows none of the symbols asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownSymbol {
    /// An empty list.
    #[default]
    Empty,
    /// 10007.
    Error,
}

/// What becomes of a LIMIT_MAKER that would take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrossingMaker {
    /// Accepted, and cancelled at once.
    #[default]
    Cancelled,
    /// Refused with 30041.
    Rejected,
}

/// The form of order ids; all three were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderIds {
    /// `C02__` and 21 digits, most live ones since 2024.
    #[default]
    C02,
    /// 32 hexadecimal digits.
    Hex,
    /// 19 decimal digits.
    Digits,
}

/// The body of a reply 418.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BanBody {
    /// Code and text, as every other refusal.
    #[default]
    Json,
    /// Nothing, as a gateway ahead of the exchange would.
    Empty,
}

/// The language of refusals. Some live replies were Chinese for a code that is English elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// All of them.
    #[default]
    English,
    /// Those of money, minimum and price cap; figures stay as they are.
    Chinese,
}

/// What a stream answers to a text frame that is no control frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadFrame {
    /// A control frame that says what was wrong.
    #[default]
    Answered,
    /// Nothing.
    Ignored,
    /// The end of the connection.
    Closed,
}

/// What a private connection meets whose listen key is unknown or has died.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadListenKey {
    /// Handshakes answer 403; open connections are closed.
    #[default]
    Closed,
    /// Handshakes succeed and the connection is told `Invalid listen key` as plain text before
    /// it is closed; open ones are told so too.
    Told,
    /// Connections stay open and private pushes stop.
    Silent,
}

/// A pair publishes another precision from `at_ms` on, while it trades. Resting orders stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrecisionChange {
    /// The pair, such as "BTCUSDT".
    pub symbol: String,
    /// When, milliseconds after the origin.
    pub at_ms: i64,
    /// Decimals of prices then.
    pub price_decimals: u8,
    /// Decimals of quantities then.
    pub qty_decimals: u8,
}

/// One setting for each behaviour that no source settles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Personality {
    /// Which asset pays the fee.
    pub fee_asset: FeeAsset,
    /// Discount on a fee that is paid in MX, ten-thousandths of it, 0 to 10000.
    pub mx_discount_bps: u32,
    /// What becomes of a client order id that was used before.
    pub duplicate_client_ids: DuplicateIds,
    /// Whether the same signed request may come twice within its window.
    pub repeated_signatures: bool,
    /// Form of order ids.
    pub order_ids: OrderIds,
    /// What becomes of a LIMIT_MAKER that would take.
    pub crossing_maker: CrossingMaker,
    /// Whether a market buy may give a quantity; otherwise -1128, it must give an amount.
    pub market_buy_by_quantity: bool,
    /// Code of a market order where the pair takes none: 30019 or 30051.
    pub market_disabled_code: i32,
    /// Code of an order without the money for it: 30004 or 10101.
    pub insufficient_code: i32,
    /// Code of a price or quantity with too many decimals: 400 or 33333.
    pub precision_code: i32,
    /// Code of a query for an unknown order: -2013 or -2011.
    pub unknown_order_code: i32,
    /// Whether orders of a pair with a price band wait for its first deal, with 30010; otherwise
    /// the band begins with it.
    pub band_needs_last: bool,
    /// The body of a reply 418.
    pub ban_body: BanBody,
    /// The language of refusals.
    pub language: Language,
    /// Listen keys of an account: 60 or 200.
    pub listen_keys_max: u32,
    /// How far queries of orders, open orders, own deals and balances lag behind, milliseconds.
    pub read_lag_ms: u64,
    /// Whether `openOrders` needs a symbol.
    pub open_orders_need_symbol: bool,
    /// Whether `account` lists assets of which nothing is held.
    pub zero_balances: bool,
    /// What `exchangeInfo` answers for unknown symbols.
    pub unknown_symbol: UnknownSymbol,
    /// Most candles of one reply: 500 or 1000.
    pub klines_max: u32,
    /// Code of a candle width that does not exist: -1121 or 400.
    pub unknown_interval_code: i32,
    /// How `exchangeInfo` shows a pair before its opening.
    pub before_open_info: BeforeOpenInfo,
    /// Whether streams take subscriptions to a pair before its opening.
    pub before_open_streams: bool,
    /// Every opening so much later than its listing says, microseconds; negative is earlier.
    pub opening_offset_us: i64,
    /// What the price cap of an opening is computed from.
    pub opening_cap: OpeningCap,
    /// Distance of a computed cap from its reference, ten-thousandths.
    pub opening_cap_bps: u32,
    /// Which private channel tells of a deal first.
    pub first_told: FirstTold,
    /// Whether an order that deals at once is told as new before.
    pub new_told: bool,
    /// What stands for the missing side of a one-sided book in `aggre.bookTicker`.
    pub missing_side: String,
    /// What a stream answers to a text frame that is no control frame.
    pub bad_frame: BadFrame,
    /// What a private connection with a dead listen key meets.
    pub dead_listen_key: DeadListenKey,
    /// Whether frames leave out what the schema of 2026-06-17 added.
    pub old_schema: bool,
    /// Whether aggre.bookTicker comes under field 305.
    pub book_ticker_as_305: bool,
    /// Pairs that publish another precision while they trade.
    pub precision_changes: Vec<PrecisionChange>,
}

impl Default for Personality {
    fn default() -> Self {
        Self {
            fee_asset: FeeAsset::Received,
            mx_discount_bps: 2_000,
            duplicate_client_ids: DuplicateIds::Accepted,
            repeated_signatures: true,
            order_ids: OrderIds::C02,
            crossing_maker: CrossingMaker::Cancelled,
            market_buy_by_quantity: true,
            market_disabled_code: 30019,
            insufficient_code: 30004,
            precision_code: 33333,
            unknown_order_code: -2013,
            band_needs_last: false,
            ban_body: BanBody::Json,
            language: Language::English,
            listen_keys_max: 60,
            read_lag_ms: 0,
            open_orders_need_symbol: false,
            zero_balances: false,
            unknown_symbol: UnknownSymbol::Empty,
            klines_max: 1_000,
            unknown_interval_code: -1121,
            before_open_info: BeforeOpenInfo::Online,
            before_open_streams: true,
            opening_offset_us: 0,
            opening_cap: OpeningCap::Listing,
            opening_cap_bps: 2_000,
            first_told: FirstTold::Deal,
            new_told: false,
            missing_side: String::new(),
            bad_frame: BadFrame::Answered,
            dead_listen_key: DeadListenKey::Closed,
            old_schema: false,
            book_ticker_as_305: false,
            precision_changes: Vec::new(),
        }
    }
}

impl Personality {
    /// Refuses what cannot be meant.
    pub(crate) fn check(&self, config: &Config) -> Result<(), ConfigError> {
        let wrong = |key: &str, value: String, needed| {
            Err(ConfigError::Value { key: format!("personality {key}"), value, needed })
        };
        if self.mx_discount_bps > 10_000 {
            return wrong("mx_discount_bps", self.mx_discount_bps.to_string(), "at most 10000");
        }
        if self.opening_offset_us.unsigned_abs() > OPENING_OFFSET_MAX_US {
            let value = self.opening_offset_us.to_string();
            return wrong("opening_offset_us", value, "at most a day, 86400000000");
        }
        if self.opening_cap_bps > CAP_MAX_BPS {
            return wrong("opening_cap_bps", self.opening_cap_bps.to_string(), "at most 1000000");
        }
        if !(1..=1_000).contains(&self.listen_keys_max) {
            return wrong("listen_keys_max", self.listen_keys_max.to_string(), "1 to 1000");
        }
        if !(1..=1_000).contains(&self.klines_max) {
            return wrong("klines_max", self.klines_max.to_string(), "1 to 1000");
        }
        let codes = [
            ("market_disabled_code", self.market_disabled_code, [30019, 30051], "30019 or 30051"),
            ("insufficient_code", self.insufficient_code, [30004, 10101], "30004 or 10101"),
            ("precision_code", self.precision_code, [400, 33333], "400 or 33333"),
            ("unknown_order_code", self.unknown_order_code, [-2013, -2011], "-2013 or -2011"),
            ("unknown_interval_code", self.unknown_interval_code, [-1121, 400], "-1121 or 400"),
        ];
        for (key, code, known, needed) in codes {
            if !known.contains(&code) {
                return wrong(key, code.to_string(), needed);
            }
        }
        if !["", "0"].contains(&self.missing_side.as_str()) {
            return wrong("missing_side", self.missing_side.clone(), "empty or \"0\"");
        }
        if self.precision_changes.len() > PRECISION_CHANGES_MAX {
            let value = self.precision_changes.len().to_string();
            return wrong("precision_changes", value, "at most 64");
        }
        let listed = config.listings.iter().map(|listing| &listing.market);
        let names: Vec<_> = config.symbols.iter().chain(listed).map(|pair| pair.name()).collect();
        match self.precision_changes.iter().find(|change| !names.contains(&change.symbol)) {
            Some(change) => {
                wrong("precision_changes symbol", change.symbol.clone(), "a pair of this scenario")
            }
            None => Ok(()),
        }
    }
}

/// Odd, so that multiplying by it permutes the numbers of 128 bits.
const HEX_FACTOR: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
const HEX_INVERSE: u128 = inverse(HEX_FACTOR);
/// The first id of decimal digits.
const DIGITS_BASE: u64 = 1_196_315_350_000_000_000;

/// The factor that undoes `factor` modulo 2^128.
const fn inverse(factor: u128) -> u128 {
    let (mut guess, mut step) = (factor, 0);
    // Right in 3 bits at first; each step doubles that.
    while step < 6 {
        guess = guess.wrapping_mul(2_u128.wrapping_sub(factor.wrapping_mul(guess)));
        step += 1;
    }
    guess
}

impl OrderIds {
    /// The id of the wire of an order's sequence number.
    pub(crate) fn text(self, id: u64) -> String {
        match self {
            Self::C02 => format!("C02__7{id:017}115"),
            Self::Hex => format!("{:032x}", u128::from(id).wrapping_mul(HEX_FACTOR)),
            Self::Digits => (DIGITS_BASE + id).to_string(),
        }
    }

    /// The sequence number behind an id of the wire.
    pub(crate) fn id_of(self, text: &str) -> Option<u64> {
        let id = match self {
            Self::C02 => text.strip_prefix("C02__7")?.strip_suffix("115")?.parse().ok()?,
            Self::Hex => {
                let raw = u128::from_str_radix(text, 16).ok()?;
                u64::try_from(raw.wrapping_mul(HEX_INVERSE)).ok()?
            }
            Self::Digits => text.parse::<u64>().ok()?.checked_sub(DIGITS_BASE)?,
        };
        // Wrong digits beyond the number would make two texts of one order.
        (id < DIGITS_BASE && self.text(id) == text).then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_order_id_reads_back_and_nothing_else_does() {
        for form in [OrderIds::C02, OrderIds::Hex, OrderIds::Digits] {
            for id in [1, 2, 621, 1_000_000_007] {
                let text = form.text(id);
                assert!(text.len() <= 40 && text.len() >= 19, "{text}");
                assert_eq!(form.id_of(&text), Some(id), "{text}");
                assert_eq!(form.id_of(&format!("{text}0")), None);
            }
            for text in ["", "1", "C02__", "x", "C02__7000000000000000+1115"] {
                assert_eq!(form.id_of(text), None, "{text}");
            }
        }
    }

    #[test]
    fn a_setting_that_cannot_be_meant_is_refused_by_name() {
        let refused = |personality: Personality| {
            let config = Config { personality, ..Config::default() };
            config.personality.check(&config).unwrap_err().to_string()
        };
        let of = Personality::default;
        let change = PrecisionChange {
            symbol: "NOPEUSDT".to_owned(),
            at_ms: 0,
            price_decimals: 1,
            qty_decimals: 1,
        };
        for (personality, key) in [
            (Personality { mx_discount_bps: 10_001, ..of() }, "mx_discount_bps"),
            (Personality { opening_offset_us: i64::MIN, ..of() }, "opening_offset_us"),
            (Personality { opening_cap_bps: 1_000_001, ..of() }, "opening_cap_bps"),
            (Personality { klines_max: 0, ..of() }, "klines_max"),
            (Personality { listen_keys_max: 0, ..of() }, "listen_keys_max"),
            (Personality { insufficient_code: 1, ..of() }, "insufficient_code"),
            (Personality { missing_side: "-".to_owned(), ..of() }, "missing_side"),
            (Personality { precision_changes: vec![change], ..of() }, "precision_changes"),
        ] {
            let text = refused(personality);
            assert!(text.contains(key), "{text}");
        }
        assert_eq!(of().check(&Config::default()), Ok(()));
    }

    #[test]
    fn the_shipped_file_names_every_key_and_is_the_default() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/sim/personality.toml");
        let text = std::fs::read_to_string(path).unwrap();
        let config = Config::from_toml(&text).unwrap();
        assert_eq!(config.personality, Personality::default());
        let keys = toml::Table::try_from(Personality::default()).unwrap();
        for key in keys.keys() {
            let named = text.lines().any(|line| line.starts_with(&format!("{key} = ")));
            assert!(named, "{key} is not in {path}");
        }
    }
}
