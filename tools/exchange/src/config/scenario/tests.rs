use super::*;

/// One listing whose file has eleven lines; the rest of a test comes after it.
const LISTING: &str = r#"symbols = []

[[listings]]
full_name = "New Coin"
opens_after_ms = 8000

[listings.market]
base = "NEW"
price_decimals = 4
qty_decimals = 2

"#;

/// Line, key and value of what is wrong with `text`.
fn blamed(text: &str) -> (usize, String, String) {
    match Config::from_toml(text) {
        Err(ConfigError::Line { line, key, value, needed }) => {
            assert!(!needed.is_empty(), "{key}");
            (line, key, value)
        }
        other => panic!("{other:?}"),
    }
}

/// The same with `more` inside the listing, whose first line is the sixth.
fn blamed_in_listing(more: &str) -> (usize, String, String) {
    blamed(&LISTING.replace("8000\n", &format!("8000\n{more}\n")))
}

fn found(line: usize, key: &str, value: &str) -> (usize, String, String) {
    (line, key.to_owned(), value.to_owned())
}

#[test]
fn the_listing_itself_is_sound() {
    assert_eq!(Config::from_toml(LISTING).map(|config| config.listings.len()), Ok(1));
}

#[test]
fn a_calendar_entry_after_the_opening_is_impossible() {
    assert_eq!(
        blamed_in_listing("calendar_before_ms = -500"),
        found(6, "listings.0.calendar_before_ms", "-500")
    );
    assert_eq!(
        blamed_in_listing("calendar_before_ms = 40\nlate_us = -50000"),
        found(6, "listings.0.calendar_before_ms", "40"),
        "it opens before it is announced"
    );
}

#[test]
fn postponements_come_in_the_order_of_time_and_into_the_future() {
    let moves = |text: &str| blamed_in_listing(&format!("moves = [\n{text}\n]"));
    assert_eq!(
        moves(
            "{ at_ms = 6000, opens_after_ms = 20000 },\n{ at_ms = 5000, opens_after_ms = 30000 },"
        ),
        found(8, "listings.0.moves.1.at_ms", "5000")
    );
    assert_eq!(
        moves("{ at_ms = 6000, opens_after_ms = 5000 }"),
        found(7, "listings.0.moves.0.opens_after_ms", "5000")
    );
    assert_eq!(
        moves("{ at_ms = 6000, opens_after_ms = 8000 }"),
        found(7, "listings.0.moves.0.opens_after_ms", "8000")
    );
}

#[test]
fn a_pair_that_stands_twice_is_named_where_it_stands_again() {
    let again = "[[symbols]]\nbase = \"NEW\"\nprice_decimals = 2\nqty_decimals = 2\n";
    let text = LISTING.replace("symbols = []", again);
    assert_eq!(blamed(&text), found(12, "listings.0.market.base", "NEWUSDT"));
}

#[test]
fn an_expectation_of_an_unknown_pair_or_of_the_impossible_is_named() {
    let expect = |pair: &str, rest: &str| {
        let rest = format!("fills = true\nheld = false\norders_max = 9\n{rest}");
        blamed(&format!("{LISTING}[expect.{pair}]\nstate = \"completed\"\n{rest}"))
    };
    assert_eq!(expect("NWEUSDT", "by_ms = 20000"), found(12, "expect.NWEUSDT", "NWEUSDT"));
    assert_eq!(expect("NEWUSDT", "by_ms = 8000"), found(17, "expect.NEWUSDT.by_ms", "8000"));
    assert_eq!(
        expect("NEWUSDT", "by_ms = 20000\nwhy = \"bad luck\""),
        found(18, "expect.NEWUSDT.why", "bad luck")
    );
}

#[test]
fn an_unknown_key_at_the_end_is_named_with_its_line() {
    let error = Config::from_toml(&format!("{LISTING}qty_dezimals = 3\n")).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("line 12") && text.contains("qty_dezimals"), "{text}");
}

#[test]
fn values_that_the_exchange_itself_refuses_have_their_line_too() {
    let text = LISTING.replace("qty_decimals = 2", "qty_decimals = 2\nqty_min = \"1.005\"");
    assert_eq!(blamed(&text), found(11, "listings.0.market.qty_min", "1.005"));
    assert_eq!(
        blamed_in_listing("cap = \"0.00001\"\ncap_ms = 5"),
        found(6, "listings.0.cap", "0.00001")
    );
    let accounts = "\n[[accounts]]\nname = \"a\"\n[accounts.balances]\nUSDT = \"much\"\n";
    assert_eq!(
        blamed(&format!("{LISTING}{accounts}")),
        found(16, "accounts.0.balances.USDT", "much")
    );
}

#[test]
fn a_secret_is_never_shown() {
    let key = "[[accounts.keys]]\naccess = \"a\"\nsecret = \"hidden\"\n";
    let text = format!("{LISTING}[[accounts]]\n{key}[[accounts]]\n{key}");
    assert_eq!(blamed(&text), found(18, "accounts.1.keys.0.access", "a"));
    assert!(!Config::from_toml(&text).unwrap_err().to_string().contains("hidden"));
}

#[test]
fn what_belongs_together_is_wanted_together() {
    assert_eq!(blamed_in_listing("cap_ms = 500"), found(6, "listings.0.cap_ms", "500"));
    assert_eq!(blamed_in_listing("cap = \"0.5\"").1, "listings.0.cap_ms");
    assert_eq!(blamed_in_listing("first_side_type = 2").1, "listings.0.first_side_ms");
    assert_eq!(blamed_in_listing("before_open_status = \"0\"").1, "listings.0.before_open_status");
    let type_five = "first_side_ms = 9\nfirst_side_type = 5";
    assert_eq!(blamed_in_listing(type_five), found(7, "listings.0.first_side_type", "5"));
}

#[test]
fn a_row_of_the_web_list_keeps_its_coin_and_its_ticker() {
    assert_eq!(
        blamed_in_listing("web_without = [\"ot\", \"cd\"]"),
        found(6, "listings.0.web_without", "cd")
    );
}

#[test]
fn ends_scripts_pages_and_faults_have_an_order_of_time() {
    assert_eq!(
        blamed_in_listing("calendar_before_ms = 5000\ngone_after_ms = -5000"),
        found(7, "listings.0.gone_after_ms", "-5000")
    );
    assert_eq!(blamed_in_listing("gone_state = 1"), found(6, "listings.0.gone_state", "1"));
    let order =
        "orders = [{ at_ms = 5, until_ms = 5, side = \"buy\", price = \"1\", qty = \"1\" }]";
    assert_eq!(blamed_in_listing(order), found(6, "listings.0.orders.0.until_ms", "5"));
    let faults = "faults = [{ accepted = 1, fault = \"reply_lost\" },\n\
                  { accepted = 1, fault = \"event_first\" }]";
    assert_eq!(blamed_in_listing(faults), found(7, "listings.0.faults.1.accepted", "1"));
    let page = "\n[[refused_pages]]\npage = \"calendar\"\nfrom_ms = 7\nuntil_ms = 7\n";
    assert_eq!(blamed(&format!("{LISTING}{page}")), found(16, "refused_pages.0.until_ms", "7"));
    let triples = "triples = [{ before_ms = 5, sts = 1, st = 1, tt = 1 },\n\
                   { before_ms = 9, sts = 2, st = 2, tt = 4 }]";
    assert_eq!(blamed_in_listing(triples), found(7, "listings.0.triples.1.before_ms", "9"));
}

#[test]
fn a_key_for_a_pair_that_is_not_there_is_named() {
    let key = "[[accounts]]\n[[accounts.keys]]\naccess = \"a\"\nsecret = \"s\"\n";
    let text = format!("{LISTING}{key}symbols = [\"NEVUSDT\"]\n");
    assert_eq!(blamed(&text), found(16, "accounts.0.keys.0.symbols", "NEVUSDT"));
}
