//! What the venue's error codes ask of us: one table, and the figures inside its messages.

use model::{MAX_DECIMALS, Price, RejectClass, Round, Span};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use RejectClass::{
    BackOff, Clock, Definitive, NoSuchOrder, Reprice, StopAll, Unknown, Wait, WaitSlowly,
};

/// One code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// The venue's number.
    pub code: i32,
    /// A short name for logs and metrics.
    pub name: &'static str,
    /// What it asks of us when it answers an order.
    pub class: RejectClass,
    /// What it says, for people.
    pub meaning: &'static str,
}

const fn row(
    code: i32,
    name: &'static str,
    class: RejectClass,
    meaning: &'static str,
) -> ErrorCode {
    ErrorCode { code, name, class, meaning }
}

/// Every known code of trading, key and transport, by number.
///
/// Sources: the venue's documentation of 2025-08, and codes that others saw live (-1121, -1128,
/// -2013, 10203, 11444, 30051, 30087, 700013). Codes of transfers, sub-accounts and margin answer
/// no request of ours and are left out; whatever is absent is classed by its HTTP status.
pub const CODES: &[ErrorCode] = &[
    row(-2013, "no_such_order", Unknown, "the order does not exist, or not yet"),
    row(-2011, "unknown_order", Unknown, "the order to cancel is not on the book"),
    row(-1128, "bad_parameters", Definitive, "this combination of parameters is not valid"),
    row(-1121, "invalid_symbol", WaitSlowly, "the pair is unknown"),
    row(26, "not_allowed", Definitive, "the operation is not allowed"),
    row(400, "key_missing", StopAll, "no API key was sent"),
    row(401, "no_authority", StopAll, "the key has no authority for this"),
    row(403, "access_denied", StopAll, "access denied"),
    row(429, "too_many_requests", BackOff, "too many requests"),
    row(500, "internal_error", Unknown, "internal error of the venue"),
    row(503, "unavailable", Unknown, "service unavailable"),
    row(504, "gateway_timeout", Unknown, "the venue's gateway timed out"),
    row(602, "signature_failed", StopAll, "the signature was not accepted"),
    row(10001, "no_such_user", StopAll, "the user does not exist"),
    // Said of pairs that are unknown, not open to the API, or not enabled for this key; a pair
    // that has not opened looks the same as the last two.
    row(10007, "symbol_not_supported", WaitSlowly, "the API or this key may not trade the pair"),
    row(10015, "user_id_missing", StopAll, "the user id is missing"),
    row(10072, "key_invalid", StopAll, "the access key is not valid"),
    row(10073, "time_invalid", Clock, "the request's time is not valid"),
    row(10095, "amount_missing", Definitive, "the amount is missing"),
    row(10096, "amount_too_fine", Definitive, "the amount has too many decimals"),
    row(10097, "amount_wrong", Definitive, "the amount is wrong"),
    row(10098, "risk_anomaly", StopAll, "the venue's risk control found an anomaly"),
    row(10099, "sub_account_closed", StopAll, "the sub-account is not open"),
    row(10101, "balance_insufficient", Definitive, "the balance is insufficient"),
    row(10102, "amount_not_positive", Definitive, "the amount is zero or negative"),
    row(10203, "order_processing", Unknown, "an error while the order was processed"),
    row(11444, "feature_unavailable", Definitive, "the feature is not available"),
    row(20001, "not_supported", Definitive, "the subsystem does not support this"),
    row(20002, "internal_error", Unknown, "internal error of the venue"),
    row(22222, "record_not_found", Unknown, "the record was not found"),
    // Before an opening a pair may be suspended or disabled as well as closed for a direction.
    row(30000, "suspended", WaitSlowly, "trading of the pair is suspended"),
    row(30001, "direction_closed", Wait, "this direction cannot be ordered yet"),
    row(30002, "below_minimum", Reprice, "the order's value is below the minimum"),
    row(30003, "above_maximum", Reprice, "the order's value is above the maximum"),
    row(30004, "balance_insufficient", Definitive, "the balance is insufficient"),
    row(30005, "oversold", Definitive, "more would be sold than is held"),
    row(30010, "price_not_valid", Reprice, "the price is beyond the cap or not valid"),
    row(30014, "invalid_symbol", WaitSlowly, "the pair is not valid"),
    row(30016, "trading_disabled", WaitSlowly, "trading is disabled"),
    row(30018, "market_disabled", Definitive, "market orders are disabled"),
    row(30019, "market_disabled", Definitive, "market orders by API are disabled"),
    row(30020, "pair_not_permitted", Definitive, "this user may not trade the pair"),
    row(30021, "invalid_symbol", WaitSlowly, "the pair is not valid"),
    row(30025, "no_counterpart", Wait, "there is no order on the other side"),
    row(30026, "bad_order_ids", Definitive, "the order ids are not valid"),
    row(30027, "position_limit", Definitive, "the position limit is reached; buying is suspended"),
    row(30028, "selling_suspended", WaitSlowly, "risk control suspended selling"),
    row(30029, "order_limit", Definitive, "as many orders are open as allowed"),
    row(30032, "position_limit", Definitive, "the position limit would be exceeded"),
    row(30041, "kind_disabled", Definitive, "this type of order cannot be placed"),
    row(30051, "market_disabled", Definitive, "market orders by API are disabled"),
    row(30087, "price_out_of_band", Reprice, "the price is outside the allowed range"),
    row(33333, "bad_parameters", Definitive, "a parameter is wrong"),
    row(44444, "parameter_missing", Definitive, "a parameter is missing"),
    row(60005, "account_abnormal", StopAll, "the account is in an abnormal state"),
    row(70011, "pair_banned", Definitive, "the pair is banned for this user's keys"),
    row(700001, "key_malformed", StopAll, "the format of the key is wrong"),
    row(700002, "signature_invalid", StopAll, "the signature is not valid"),
    row(700003, "outside_window", Clock, "the timestamp is outside recvWindow"),
    row(700004, "no_order_id", Definitive, "neither order id was sent"),
    row(700005, "window_too_long", Definitive, "recvWindow is above 60000"),
    row(700006, "address_not_bound", StopAll, "this IP address is not in the key's list"),
    row(700007, "no_permission", StopAll, "the key lacks the permission for this endpoint"),
    row(700008, "bad_characters", Definitive, "a parameter has characters that are not allowed"),
    row(700013, "bad_content_type", Definitive, "the content type is not accepted"),
    row(730000, "request_failed", Unknown, "the request failed"),
    row(730001, "user_wrong", StopAll, "the user's information is wrong"),
    row(730002, "bad_parameters", Definitive, "a parameter is wrong"),
    row(730003, "not_supported", Definitive, "the operation is not supported"),
    row(730100, "user_unusual", StopAll, "the user's status is unusual"),
    row(730706, "key_unknown", StopAll, "the key is unknown"),
    row(730707, "key_missing", StopAll, "the access key is missing"),
];

/// The row of `code`.
pub fn find(code: i32) -> Option<&'static ErrorCode> {
    CODES.binary_search_by_key(&code, |row| row.code).ok().map(|at| &CODES[at])
}

/// What a reply that is no acceptance asks of us.
///
/// `code` is 0 when the body had none. The HTTP status comes first where the venue says so: a 5xx
/// settles nothing whatever its body says, 429 and 418 are limits. Otherwise the code decides; a
/// code that is not in the table is a refusal with a 4xx and settles nothing else.
pub fn classify(http: u16, code: i32, text: &str, is_cancel: bool) -> RejectClass {
    match http {
        500.. | 408 => return Unknown,
        // 418 is a ban of the address that ends by itself after Retry-After.
        429 | 418 => return BackOff,
        _ => {}
    }
    let known = find(code).map(|row| row.class);
    let class = match (known, http) {
        (Some(class), _) => class,
        (None, 400..500) if code != 0 => match code_free_class(text) {
            Some(class) => class,
            None => Definitive,
        },
        (None, 401) => StopAll,
        // The firewall: it opens again by itself, and exits must be tried when it does.
        (None, 403) => BackOff,
        (None, _) => Unknown,
    };
    if is_cancel { of_cancel(code, class) } else { class }
}

/// How the class of an order's code reads when a cancel is answered with it.
fn of_cancel(code: i32, class: RejectClass) -> RejectClass {
    match (code, class) {
        (-2011 | -2013 | 22222 | 30026, _) => NoSuchOrder,
        // There is no price to correct in a cancel.
        (_, Reprice) => Definitive,
        (_, Wait | WaitSlowly | Definitive | BackOff | StopAll | Clock | Unknown | NoSuchOrder) => {
            class
        }
    }
}

/// The class of a message whose code we do not know: the venue has given one meaning several
/// codes before (30019 and 30051), while the words stayed.
fn code_free_class(text: &str) -> Option<RejectClass> {
    if text.contains("not support api") {
        Some(WaitSlowly)
    } else if text.contains("cannot exceed") || text.contains("cannot be less than") {
        Some(Reprice)
    } else {
        None
    }
}

/// How long to wait after `http` when the reply had no `Retry-After`; zero for statuses that are no
/// limit. The venue's bans begin at two minutes. The firewall is asked again soon: a sale may wait.
pub const fn back_off_floor(http: u16) -> Span {
    match http {
        429 => Span::from_secs(1),
        403 => Span::from_secs(5),
        418 => Span::from_secs(120),
        _ => Span::ZERO,
    }
}

/// One line for the operator: which of key, permission, address binding or clock is wrong, and
/// where it is mended. Empty for codes that nobody can mend.
pub const fn advice(code: i32) -> &'static str {
    match code {
        400 | 730707 => "key: none was sent; name the key's secret file in the account's settings",
        10072 | 700001 | 730706 => {
            "key: the venue does not know it; compare it with the API page of the venue, and mind \
             that a key without a bound address ends after 90 days"
        }
        602 | 700002 => "key: the secret does not belong to the access key, or was cut when pasted",
        401 | 700007 => {
            "permission: the key lacks one; it needs SPOT_DEAL_WRITE, SPOT_DEAL_READ, \
             SPOT_ACCOUNT_READ and SPOT_ACCOUNT_R"
        }
        10007 | 30020 | 70011 => {
            "permission: the pair is unknown, not open to the API, or not enabled for this key"
        }
        700006 => "address binding: this host's address is not in the key's list",
        10073 | 700003 | 700005 => {
            "clock: the request's time is outside the venue's window; check the clock estimate, \
             recvWindow (at most 60000) and the delay to the venue"
        }
        403 => "address: the venue's firewall refused us; slow down, or ask its support",
        60005 | 730100 | 10098 | 10099 => {
            "account: the venue restricted it; log in on its web page, or ask its support"
        }
        10001 | 10015 | 730001 => "account: the venue does not find the user behind the key",
        _ => "",
    }
}

/// The number that a message names as a cap or limit, such as 0.05 in
/// `Order price cannot exceed 0.05USDT`.
///
/// It is the first number after the last `exceed` or `than`; in a text with neither word, which
/// is how other languages look, it is the only number. `None` when there is no such number, or
/// when it has thousands separators and could be read in two ways.
pub fn figure(text: &str) -> Option<Decimal> {
    let bytes = text.as_bytes();
    let after = ["exceed", "than"]
        .into_iter()
        .filter_map(|word| find_last(bytes, word.as_bytes()).map(|at| at + word.len()))
        .max();
    let start = after.unwrap_or(0);
    let (value, end) = next_number(text, start)?;
    if after.is_none() && next_number(text, end).is_some() {
        return None;
    }
    Some(value)
}

/// [`figure`] at a symbol's scale; a finer one is rounded as asked. `None` when nothing positive
/// is left or it does not fit.
pub fn figure_price(text: &str, decimals: u8, round: Round) -> Option<Price> {
    let mut one = 1_i64;
    for _ in 0..decimals.min(MAX_DECIMALS) {
        one = one.checked_mul(10)?;
    }
    let scaled = figure(text)?.checked_mul(Decimal::from(one))?;
    let whole = match round {
        Round::Down => scaled.floor(),
        Round::Up => scaled.ceil(),
    };
    Price::from_raw(whole.to_i64()?)
}

fn find_last(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).rposition(|window| window.eq_ignore_ascii_case(word))
}

/// The next number from `start` on, and where it ends. A digit that belongs to a word (`USD1`)
/// begins none.
fn next_number(text: &str, start: usize) -> Option<(Decimal, usize)> {
    let bytes = text.as_bytes();
    let mut at = start;
    loop {
        at += bytes.get(at..)?.iter().position(u8::is_ascii_digit)?;
        if at == start || !is_word(bytes[at - 1]) {
            break;
        }
        at += bytes[at..].iter().take_while(|byte| is_word(**byte)).count();
    }
    let mut end = at + digits(&bytes[at..]);
    if bytes.get(end) == Some(&b'.') && digits(&bytes[end + 1..]) > 0 {
        end += 1;
        end += digits(&bytes[end..]);
    }
    if bytes.get(end) == Some(&b',') && digits(&bytes[end + 1..]) > 0 {
        return None;
    }
    let exponent = exponent_len(&bytes[end..]);
    if end + exponent - at > NUMBER_MAX {
        return None;
    }
    let value = if exponent == 0 {
        text[at..end].parse().ok()?
    } else {
        Decimal::from_scientific(&text[at..end + exponent]).ok()?
    };
    Some((value, end + exponent))
}

/// Longer figures are no price.
const NUMBER_MAX: usize = 40;

/// Length of an `E-7`, as some printers of small decimals write them; 0 without one.
fn exponent_len(bytes: &[u8]) -> usize {
    let [b'E' | b'e', rest @ ..] = bytes else { return 0 };
    let sign = usize::from(matches!(rest, [b'-' | b'+', ..]));
    match digits(&rest[sign..]) {
        0 => 0,
        len => 1 + sign + len,
    }
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_no_code_stands_twice() {
        for pair in CODES.windows(2) {
            assert!(pair[0].code < pair[1].code, "{} before {}", pair[0].code, pair[1].code);
        }
        assert_eq!(find(30001).unwrap().name, "direction_closed");
        assert_eq!(find(1), None);
    }

    #[test]
    fn codes_ask_what_the_openings_taught() {
        let cases = [
            (400, 30001, Wait),
            (400, 10007, WaitSlowly),
            (400, 30010, Reprice),
            (400, 30087, Reprice),
            (400, 30002, Reprice),
            (400, 30004, Definitive),
            (400, 700003, Clock),
            (400, 10073, Clock),
            (400, 700002, StopAll),
            (400, 700006, StopAll),
            (403, 700007, StopAll),
            (401, 10072, StopAll),
            (401, 0, StopAll),
            (400, 602, StopAll),
            (429, 0, BackOff),
            (429, 429, BackOff),
            (400, 429, BackOff),
            (418, 0, BackOff),
            (403, 0, BackOff),
            (400, 31_999, Definitive),
            (200, 30001, Wait),
        ];
        for (http, code, class) in cases {
            assert_eq!(classify(http, code, "", false), class, "{http} {code}");
        }
    }

    #[test]
    fn what_settles_nothing_is_unknown() {
        for (http, code) in
            [(500, 30001), (503, 0), (504, 504), (599, 10007), (200, 0), (200, 31_999), (302, 0)]
        {
            assert_eq!(classify(http, code, "", false), Unknown, "{http} {code}");
            assert_eq!(classify(http, code, "", true), Unknown, "{http} {code}");
        }
        for code in [500, 503, 504, 730000, -2013] {
            assert_eq!(classify(400, code, "", false), Unknown, "{code}");
        }
        assert_eq!(classify(400, 0, "", false), Unknown);
    }

    #[test]
    fn a_cancel_of_an_order_that_is_gone_is_no_failure() {
        for code in [-2011, -2013, 22222] {
            assert_eq!(classify(400, code, "", true), NoSuchOrder, "{code}");
        }
        assert_eq!(classify(400, 30010, "", true), Definitive);
        assert_eq!(classify(429, -2011, "", true), BackOff);
    }

    #[test]
    fn an_unlisted_code_is_read_by_its_words() {
        assert_eq!(classify(400, 30_999, "symbol not support api", false), WaitSlowly);
        assert_eq!(classify(400, 30_999, "Order price cannot exceed 1USDT", false), Reprice);
    }

    #[test]
    fn every_credential_error_has_one_clear_line() {
        for row in CODES.iter().filter(|row| matches!(row.class, StopAll | Clock)) {
            let line = advice(row.code);
            assert!(!line.is_empty() && !line.contains('\n'), "{}", row.code);
        }
        assert!(advice(700006).starts_with("address binding"));
        assert!(advice(700007).starts_with("permission"));
        assert!(advice(700003).starts_with("clock"));
        assert!(advice(700002).starts_with("key"));
        assert_eq!(advice(30001), "");
    }

    #[test]
    fn figures_are_read_however_they_are_glued() {
        let cases = [
            ("Order price cannot exceed 0.05USDT", "0.05"),
            ("Order price cannot exceed 5USDT", "5"),
            ("Order price cannot exceed 0.00000012USDT", "0.00000012"),
            ("Order price cannot exceed 1.2E-7USDT", "0.00000012"),
            ("Order price cannot exceed 0.05USD1", "0.05"),
            ("Order price cannot exceed 0.05.", "0.05"),
            ("The minimum transaction volume cannot be less than：1USDT", "1"),
            ("The minimum transaction volume cannot be less than:0.5USDT", "0.5"),
            ("USD1: 委托价格不能超过0.05USDT", "0.05"),
            ("最小交易额不能小于：1USDT", "1"),
            ("24h rule: price cannot EXCEED 3 EUR", "3"),
        ];
        for (text, value) in cases {
            assert_eq!(figure(text), Some(value.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_doubtful_figure_is_no_figure() {
        for text in [
            "",
            "Order price exceeds allowed range",
            "symbol not support api",
            "Order price cannot exceed 1,000.5USDT",
            "在 1 到 2 之间",
            "Order price cannot exceed USDT",
            "pair ABC2 is closed",
            "cannot exceed 99999999999999999999999999999999999999999999999999",
        ] {
            assert_eq!(figure(text), None, "{text}");
        }
    }

    #[test]
    fn a_figure_finer_than_the_scale_is_rounded_to_the_safe_side() {
        let text = "Order price cannot exceed 0.0567USDT";
        assert_eq!(figure_price(text, 3, Round::Down), Price::from_raw(56));
        assert_eq!(figure_price(text, 3, Round::Up), Price::from_raw(57));
        assert_eq!(figure_price(text, 8, Round::Down), Price::from_raw(5_670_000));
        assert_eq!(figure_price("cannot exceed 0USDT", 3, Round::Down), None);
        assert_eq!(figure_price("cannot exceed 0.0001USDT", 3, Round::Down), None);
        assert_eq!(figure_price("cannot exceed 9000000000000USDT", 12, Round::Down), None);
    }
}
