//! What is written about scenarios, and what the repository's own look like from outside.

use std::collections::BTreeSet;
use std::path::PathBuf;

use exchange::Config;
use model::Span;
use serde_json::Value;

use crate::common::{START, World};

/// Every key that a listing, a refused page and an expectation can have.
const FULL: &str = r#"
[[refused_pages]]
page = "calendar"
from_ms = 1
until_ms = 2

[[listings]]
full_name = "Full Coin"
opens_after_ms = 9000
moves = [{ at_ms = 1, opens_after_ms = 9500 }]
before_open_status = "2"
before_open_side_type = 4
first_side_type = 2
first_side_ms = 5
cap = "1"
cap_ms = 5
gone_after_ms = 5
orders = [{ at_ms = 1, until_ms = 2, side = "buy", price = "1", qty = "1" }]
faults = [{ accepted = 1, fault = "reply_lost" }]

[listings.market]
base = "FULL"
price_decimals = 2
qty_decimals = 2

[expect.FULLUSDT]
state = "expired"
why = "no_fill"
fills = false
held = false
orders_max = 9
by_ms = 20000
"#;

#[test]
fn the_readme_lists_every_key_of_a_listing_and_no_other() {
    let config = Config::from_toml(FULL).unwrap();
    let all: toml::Table = config.to_toml().unwrap().parse().unwrap();
    let first = |list: &str| all[list].as_array().unwrap()[0].as_table().unwrap().clone();
    let (listing, page) = (first("listings"), first("refused_pages"));
    let expect = all["expect"]["FULLUSDT"].as_table().unwrap();
    let mut keys: BTreeSet<&str> = BTreeSet::new();
    keys.extend(listing.keys().chain(page.keys()).chain(expect.keys()).map(String::as_str));
    assert!(keys.remove("market"), "it has a text of its own");
    let text = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(rows.collect::<BTreeSet<_>>(), keys);
    for key in listing["market"].as_table().unwrap().keys() {
        assert!(text.contains(&format!("`{key}`")), "{key}");
    }
}

#[test]
fn a_pair_that_is_delisted_leaves_every_list_but_the_one_of_the_offline() {
    let mut world = World::new(&read("10-gone"), 3);
    let offline = |world: &mut World| world.get("/api/v3/symbol/offline").body["data"].clone();
    let status = |world: &mut World, pair: &str| {
        let info = world.get(&format!("/api/v3/exchangeInfo?symbol={pair}")).body;
        info["symbols"][0]["status"].clone()
    };
    let listed = |world: &mut World| world.get("/api/v3/defaultSymbols").body["data"].clone();
    world.go_to_ms(6_999);
    assert_eq!(offline(&mut world), serde_json::json!([]));
    assert_eq!(status(&mut world, "FERNUSDT"), "1");
    world.go_to_ms(7_000);
    let at = START.after(Span::from_millis(7_000)).millis();
    let fern = serde_json::json!([{ "symbol": "FERNUSDT", "state": 3, "offlineTime": at }]);
    assert_eq!(offline(&mut world), fern);
    assert_eq!(status(&mut world, "FERNUSDT"), Value::Null);
    assert_eq!(listed(&mut world), serde_json::json!(["GORSEUSDT", "HOLLYUSDT"]));
    let order = |pair: &str| format!("symbol={pair}&side=BUY&type=LIMIT&quantity=1000&price=1");
    assert_eq!(world.place(&order("FERNUSDT")).code(), 10007);
    world.go_to_ms(14_000);
    assert_eq!(status(&mut world, "HOLLYUSDT"), "2", "suspended and not delisted");
    assert_eq!(world.place(&order("HOLLYUSDT")).code(), 30000);
    assert_eq!(listed(&mut world), serde_json::json!([]));
    assert_eq!(offline(&mut world).as_array().map(Vec::len), Some(3));
}

#[test]
fn what_rests_on_the_book_of_a_pair_that_ends_is_cancelled() {
    let mut world = World::new(&read("10-gone"), 3);
    world.go_to_ms(12_000);
    let far = "symbol=HOLLYUSDT&side=BUY&type=LIMIT&quantity=1000&price=0.002";
    assert_eq!(world.place(far).status, 200);
    world.go_to_ms(13_999);
    assert_eq!(world.exchange.balance(0, "USDT").locked.to_string(), "2");
    world.go_to_ms(14_000);
    assert_eq!(world.exchange.balance(0, "USDT").locked, model::Amount::ZERO);
    let order = world.exchange.orders(0).last().unwrap();
    assert_eq!(order.status, model::OrderStatus::Cancelled);
    let all = world.signed("GET", "/api/v3/allOrders", "symbol=HOLLYUSDT").body;
    assert_eq!(all.as_array().map(Vec::len), Some(1), "its past stays");
    assert_eq!(world.exchange.unbalanced_assets(), [""; 0]);
}

#[test]
fn a_page_is_refused_for_its_time_and_no_other_page_is() {
    let mut world = World::new(&read("07-pages-forbidden-at-first"), 3);
    let mut seen = Vec::new();
    for ms in [4_999, 5_000, 5_499, 5_500] {
        world.go_to_ms(ms);
        let calendar = world.get("/api/operation/new_coin_calendar").status;
        let list = world.get("/api/platform/spot/market-v2/web/symbolsV2").status;
        seen.push((calendar, list, world.get("/api/v3/exchangeInfo").status));
    }
    assert_eq!(seen, [(403, 403, 200), (200, 403, 200), (200, 403, 200), (200, 200, 200)]);
}

#[test]
fn orders_of_the_script_come_and_go_at_their_times() {
    let mut world = World::new(&read("05-books"), 3);
    let mut levels = |ms: u64| {
        world.go_to_ms(ms);
        let depth = world.get("/api/v3/depth?symbol=OLIVEUSDT").body;
        let ticker = world.get("/api/v3/ticker/bookTicker?symbol=OLIVEUSDT").body;
        let side = |name: &str| depth[name].as_array().unwrap().len();
        (side("bids"), side("asks"), ticker["askPrice"] == Value::Null)
    };
    let seen = [5_999, 6_000, 10_999, 11_000, 13_999, 14_000, 14_500].map(&mut levels);
    let (none, asks) = ((0, 0, true), (0, 1, false));
    assert_eq!(seen, [none, asks, asks, none, none, asks, (1, 1, false)]);
}

#[test]
fn a_row_of_the_web_list_lacks_what_the_scenario_takes_away() {
    let mut world = World::new(&read("07-flat-list"), 3);
    let list = world.get("/api/platform/spot/market-v2/web/symbolsV2").body;
    let rows = list["data"]["symbols"].as_array().expect("flat");
    let keys = |ticker: &str| {
        let row = rows.iter().find(|row| row["vn"] == ticker).unwrap().as_object().unwrap();
        row.keys().cloned().collect::<BTreeSet<_>>()
    };
    let few = ["cd", "mcd", "st", "sts", "tt", "vn"].map(str::to_owned);
    assert_eq!(keys("REED"), BTreeSet::from(few));
    assert!(!keys("SAGE").contains("sts") && keys("SAGE").contains("ps"));
}

#[test]
fn a_fault_of_the_script_strikes_the_order_that_would_have_been_accepted() {
    let mut world = World::new(&read("09-lost-reply"), 3);
    let order = |price: &str| {
        format!("symbol=CLOVERUSDT&side=BUY&type=IMMEDIATE_OR_CANCEL&quantity=2&price={price}")
    };
    world.go_to_ms(11_000);
    assert_eq!(world.place(&order("1.3")).code(), 30001, "refused ones do not count");
    world.go_to_ms(11_020);
    assert_eq!(world.place(&order("1.3")).status, 503);
    assert_eq!(world.exchange.orders(0).count(), 1, "accepted all the same");
    assert_eq!(world.place(&order("1.3")).status, 200);
}

#[test]
fn sides_and_api_are_let_in_by_the_opening() {
    let mut world = World::new(&read("06-buy-only"), 3);
    let order = |side: &str| {
        format!("symbol=PALMUSDT&side={side}&type=IMMEDIATE_OR_CANCEL&quantity=100&price=0.05")
    };
    world.go_to_ms(10_000);
    assert_eq!(world.place(&order("BUY")).status, 200);
    assert_eq!(world.place(&order("SELL")).code(), 30001);
    world.go_to_ms(17_000);
    assert_ne!(world.place(&order("SELL")).code(), 30001);
    let mut world = World::new(&read("02-not-for-api"), 3);
    let order = |pair: &str| format!("symbol={pair}&side=BUY&type=LIMIT&quantity=100&price=0.05");
    world.go_to_ms(11_199);
    assert_eq!(world.place(&order("ELMUSDT")).code(), 10007);
    world.go_to_ms(11_200);
    assert_eq!(world.place(&order("ELMUSDT")).status, 200);
    assert_eq!(world.place(&order("FIRUSDT")).code(), 10007);
    assert_eq!(world.place(&order("GUMUSDT")).code(), 10007);
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../config/sim")
}

fn read(name: &str) -> Config {
    let path = folder().join("listing").join(format!("{name}.toml"));
    Config::from_toml(&std::fs::read_to_string(path).unwrap()).unwrap()
}
