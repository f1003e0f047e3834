//! The life of a listing as a client sees it.

use exchange::{BeforeOpen, Config, Move};
use serde_json::Value;

use crate::common::{START, World};

const WEB_LIST: &str = "/api/platform/spot/market-v2/web/symbolsV2";
const CALENDAR: &str = "/api/operation/new_coin_calendar?timestamp=1";

fn demo() -> Config {
    let mut config = Config::demo(3, 1, START);
    config.listings[0].late_us = 20_000;
    config
}

fn pair(config: &Config) -> String {
    config.listings[0].market.name()
}

fn web_row(world: &mut World, base: &str) -> Option<Value> {
    let list = world.get(WEB_LIST).body;
    let rows = list["data"]["symbols"]["USDT"].as_array().unwrap().clone();
    rows.into_iter().find(|row| row["vn"] == base)
}

#[test]
fn calendar_and_web_list_announce_the_same_coin_and_time() {
    let config = demo();
    let mut world = World::new(&config, 3);
    let coins = world.get(CALENDAR).body["data"]["newCoins"].clone();
    let base = config.listings[0].market.base.clone();
    assert_eq!(coins[0]["vcoinName"], base.as_str());
    assert_eq!(coins[0]["firstOpenTime"], START.millis() + 8_000);
    let row = web_row(&mut world, &base).unwrap();
    assert_eq!(row["cd"], coins[0]["vcoinId"]);
    assert_eq!(row["ot"], coins[0]["firstOpenTime"]);
    let recorded =
        include_str!("../../../../tests/vectors/mexc/web_symbolsv2_rari_reconstructed.json");
    let recorded: Value = serde_json::from_str(recorded).unwrap();
    let keys = |row: &Value| row.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&row), keys(&recorded["data"]["symbols"]["USDT"][0]));
    let info = world.get(&format!("/api/v3/exchangeInfo?symbol={}", pair(&config))).body;
    assert_eq!(info["symbols"][0]["firstOpenTime"], coins[0]["firstOpenTime"]);
    assert_eq!(info["symbols"][0]["status"], "1");
}

#[test]
fn the_web_lists_triple_reaches_ready_and_then_normal() {
    let config = demo();
    let base = config.listings[0].market.base.clone();
    let mut world = World::new(&config, 3);
    let mut seen = Vec::new();
    for ms in (0..9_000).step_by(50) {
        world.go_to_ms(ms);
        let row = web_row(&mut world, &base).unwrap();
        let triple = [&row["sts"], &row["st"], &row["tt"]].map(|v| v.as_u64().unwrap());
        if seen.last() != Some(&triple) {
            seen.push(triple);
        }
    }
    assert_eq!(seen, [[1, 1, 1], [2, 1, 1], [2, 2, 1], [2, 2, 4], [1, 1, 1]]);
}

#[test]
fn orders_wait_for_the_opening_meet_the_cap_and_then_deal() {
    let config = demo();
    let name = pair(&config);
    let listing = &config.listings[0];
    let (ask, cap) = (listing.asks[0].0.clone(), listing.cap.clone().unwrap());
    let mut world = World::new(&config, 3);
    let depth = |world: &mut World| world.get(&format!("/api/v3/depth?symbol={name}")).body;
    world.go_to_ms(2_900);
    assert_eq!(depth(&mut world)["asks"], Value::Array(vec![]));
    let ticker = world.get(&format!("/api/v3/ticker/bookTicker?symbol={name}")).body;
    assert_eq!(ticker["askPrice"], Value::Null);
    world.go_to_ms(3_000);
    let book = depth(&mut world);
    assert_eq!(book["asks"][0][0], ask.as_str());
    assert_eq!(book["asks"].as_array().unwrap().len(), listing.asks.len());
    assert_eq!((&book["bids"], &book["lastUpdateId"]), (&Value::Array(vec![]), &6.into()));
    // 2 quote at the pre-open ask
    let qty = (2.0 / ask.parse::<f64>().unwrap()).ceil();
    let buy = |world: &mut World, price: &str| {
        world.place(&format!(
            "symbol={name}&side=BUY&type=IMMEDIATE_OR_CANCEL&quantity={qty}&price={price}"
        ))
    };
    world.go_to_ms(8_019);
    let early = buy(&mut world, &ask);
    assert_eq!((early.status, early.code()), (400, 30001));
    world.go_to_ms(8_020);
    let wild = (ask.parse::<f64>().unwrap() * 3.0).to_string();
    let wild = &wild[..wild.len().min(ask.len())];
    let capped = buy(&mut world, wild);
    assert_eq!((capped.status, capped.code()), (400, 30010));
    assert_eq!(capped.text("msg"), format!("Order price cannot exceed {cap}USDT"));
    assert_eq!(buy(&mut world, &cap).status, 200);
    let order = world.exchange.orders(0).last().unwrap();
    assert_eq!(order.status, model::OrderStatus::Filled);
    world.go_to_ms(8_020 + config.listings[0].cap_ms);
    assert_ne!(buy(&mut world, wild).code(), 30010);
}

#[test]
fn a_postponed_listing_shows_its_new_time_everywhere() {
    let mut config = demo();
    config.listings[0].moves = vec![Move { at_ms: 6_000, opens_after_ms: 20_000 }];
    let base = config.listings[0].market.base.clone();
    let mut world = World::new(&config, 3);
    world.go_to_ms(6_000);
    let coins = world.get(CALENDAR).body["data"]["newCoins"].clone();
    assert_eq!(coins[0]["firstOpenTime"], START.millis() + 20_000);
    assert_eq!(web_row(&mut world, &base).unwrap()["ot"], START.millis() + 20_000);
    let order = format!("symbol={}&side=BUY&type=LIMIT&quantity=1000&price=0.0001", pair(&config));
    world.go_to_ms(9_000);
    assert_eq!(world.place(&order).code(), 30001);
}

#[test]
fn the_other_refusal_before_an_opening_is_a_setting() {
    let mut config = demo();
    config.listings[0].before_open = BeforeOpen::NotForApi;
    let mut world = World::new(&config, 3);
    let order = format!("symbol={}&side=BUY&type=LIMIT&quantity=1&price=1", pair(&config));
    assert_eq!(world.place(&order).code(), 10007);
}

#[test]
fn a_market_order_of_the_first_minute_is_cancelled_where_told() {
    let mut config = demo();
    config.listings[0].market_cancelled_ms = 60_000;
    let mut world = World::new(&config, 3);
    world.go_to_ms(9_000);
    let order = format!("symbol={}&side=BUY&type=MARKET&quoteOrderQty=10", pair(&config));
    assert_eq!(world.place(&order).status, 200);
    let order = world.exchange.orders(0).last().unwrap();
    assert_eq!(order.status, model::OrderStatus::Cancelled);
}

#[test]
fn the_schedule_does_not_depend_on_when_anybody_looks() {
    let config = demo();
    let book = |steps: &[u64]| {
        let mut world = World::new(&config, 3);
        for ms in steps {
            world.go_to_ms(*ms);
        }
        world.get(&format!("/api/v3/depth?symbol={}", pair(&config))).body
    };
    assert_eq!(book(&[9_500]), book(&[1, 2_999, 3_001, 8_021, 8_500, 9_499, 9_500]));
}

#[test]
fn coins_rise_fall_and_stay_flat() {
    let config = Config::demo(3, 3, START);
    let mut world = World::new(&config, 3);
    let mut changes = Vec::new();
    let names: Vec<String> = config.listings.iter().map(|l| l.market.name()).collect();
    world.go_to_ms(24_000);
    for (listing, name) in config.listings.iter().zip(&names) {
        let first: f64 = listing.asks[0].0.parse().unwrap();
        let body = world.get(&format!("/api/v3/ticker/bookTicker?symbol={name}")).body;
        let bid: f64 = body["bidPrice"].as_str().unwrap().parse().unwrap();
        changes.push((bid / first - 1.0) * 100.0);
    }
    changes.sort_by(f64::total_cmp);
    assert!(changes[0] < -15.0, "{changes:?}");
    assert!(changes[1].abs() < 8.0, "{changes:?}");
    assert!(changes[2] > 25.0, "{changes:?}");
}

#[test]
fn a_demo_scheduled_later_has_the_same_facts() {
    let ready = START.after(model::Span::from_millis(2_300));
    let mut world = World::new(&Config::default(), 3);
    world.pass_ms(2_300);
    world.exchange.schedule_demo(2, ready).unwrap();
    let mut planned = World::new(&Config::demo(3, 2, ready), 3);
    for listing in &Config::demo(3, 2, ready).listings {
        let name = listing.market.name();
        assert_eq!(world.exchange.real_opening(&name), planned.exchange.real_opening(&name));
        let opening = world.exchange.planned_opening(&name).unwrap();
        assert_eq!(opening.millis(), START.millis() + 3_000 + listing.opens_after_ms);
    }
    world.go_to_ms(6_500);
    planned.go_to_ms(6_500);
    let first = Config::demo(3, 2, ready).listings[0].market.name();
    let depth = format!("/api/v3/depth?symbol={first}");
    assert_eq!(world.get(&depth).body, planned.get(&depth).body);
    assert!(world.exchange.schedule_demo(1, ready).is_err());
}
