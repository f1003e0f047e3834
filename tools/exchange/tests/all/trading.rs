//! Orders through REST on a virtual clock.

use crate::common::World;
use exchange::{Config, FeeAsset};
use model::{Amount, OrderStatus};

/// A market whose only orders are the account's: MXUSDT without flow.
fn quiet() -> Config {
    let mut config = Config::default();
    config.symbols.retain(|symbol| symbol.base == "MX");
    config.symbols[0].flow = None;
    let mut other = config.accounts[0].clone();
    other.name = "other".to_owned();
    other.keys = vec![exchange::KeyConfig::new("other-key", "other-secret")];
    config.accounts.push(other);
    config
}

fn amount(text: &str) -> Amount {
    Amount::parse(text.as_bytes()).unwrap()
}

#[test]
fn a_placement_answers_exactly_the_documented_fields() {
    let mut world = World::new(&quiet(), 1);
    let reply =
        world.place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=50&price=0.1&newClientOrderId=a-1");
    assert_eq!(reply.status, 200);
    let sample = include_str!("../../../../tests/vectors/mexc/rest_order_new.json");
    let sample: serde_json::Value = serde_json::from_str(sample).unwrap();
    let keys = |value: &serde_json::Value| {
        value.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(keys(&reply.body), keys(&sample));
    assert_eq!((reply.text("price"), reply.text("origQty")), ("0.1", "50"));
}

#[test]
fn a_buy_locks_its_money_deals_and_pays_its_fee_in_the_coin() {
    let mut world = World::new(&quiet(), 1);
    (world.key, world.secret) = ("other-key".into(), "other-secret".into());
    world.place("symbol=MXUSDT&side=SELL&type=LIMIT&quantity=10&price=2.00");
    (world.key, world.secret) = ("demo-key".into(), "demo-secret".into());
    let reply =
        world.place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=15&price=2.10&newClientOrderId=b");
    assert_eq!(reply.status, 200);
    let order = world.exchange.orders(0).next().unwrap().clone();
    assert_eq!(order.status, OrderStatus::PartiallyFilled);
    let usdt = world.exchange.balance(0, "USDT");
    assert_eq!((usdt.free, usdt.locked), (amount("9969.5"), amount("10.5")));
    assert_eq!(world.exchange.balance(0, "MX").free, amount("1009.995"));
    let cancelled = world.signed("DELETE", "/api/v3/order", "symbol=MXUSDT&origClientOrderId=b");
    assert_eq!(cancelled.text("status"), "PARTIALLY_CANCELED");
    assert_eq!(world.exchange.balance(0, "USDT").free, amount("9980"));
    assert!(world.exchange.unbalanced_assets().is_empty());
}

#[test]
fn a_fee_in_quote_is_locked_with_the_order() {
    let mut config = quiet();
    config.personality.fee_asset = FeeAsset::Quote;
    let mut world = World::new(&config, 1);
    world.place("symbol=MXUSDT&side=SELL&type=LIMIT&quantity=10&price=2.00");
    world.place("symbol=MXUSDT&side=BUY&type=IMMEDIATE_OR_CANCEL&quantity=10&price=2.5");
    assert_eq!(world.exchange.balance(0, "MX").free, amount("1000"));
    assert_eq!(world.exchange.balance(0, "USDT").free, amount("9999.99"));
    assert!(world.exchange.deals(0).all(|deal| deal.self_trade));
    assert!(world.exchange.unbalanced_assets().is_empty());
}

#[test]
fn kinds_end_as_they_should_on_a_thin_book() {
    let mut world = World::new(&quiet(), 1);
    world.place("symbol=MXUSDT&side=SELL&type=LIMIT&quantity=10&price=2.00");
    for (params, status) in [
        ("side=BUY&type=FILL_OR_KILL&quantity=11&price=2.0", OrderStatus::Cancelled),
        ("side=BUY&type=LIMIT_MAKER&quantity=1&price=2.0", OrderStatus::Cancelled),
        ("side=BUY&type=LIMIT_MAKER&quantity=1&price=1.9", OrderStatus::New),
        ("side=BUY&type=IMMEDIATE_OR_CANCEL&quantity=5&price=1.95", OrderStatus::Cancelled),
        ("side=BUY&type=FILL_OR_KILL&quantity=4&price=2.0", OrderStatus::Filled),
        ("side=BUY&type=IMMEDIATE_OR_CANCEL&quantity=9&price=2.0", OrderStatus::PartiallyCancelled),
        ("side=SELL&type=MARKET&quantity=1", OrderStatus::Filled),
    ] {
        let reply = world.place(&format!("symbol=MXUSDT&{params}"));
        assert_eq!(reply.status, 200, "{params}: {}", reply.body);
        let last = world.exchange.orders(0).last().unwrap();
        assert_eq!(last.status, status, "{params}");
    }
    assert!(world.exchange.unbalanced_assets().is_empty());
}

#[test]
fn a_market_buy_by_amount_spends_at_most_that() {
    let mut world = World::new(&quiet(), 1);
    world.place("symbol=MXUSDT&side=SELL&type=LIMIT&quantity=100&price=2.07");
    let before = world.exchange.balance(0, "USDT").free;
    let reply = world.place("symbol=MXUSDT&side=BUY&type=MARKET&quoteOrderQty=50");
    assert_eq!(reply.status, 200, "{}", reply.body);
    let order = world.exchange.orders(0).last().unwrap();
    assert_eq!((order.status, order.quote_filled), (OrderStatus::Filled, amount("49.9905")));
    // The account sold to itself: the money came back, and the fee came out of the coin.
    assert_eq!(world.exchange.balance(0, "USDT").free, before);
    assert_eq!(world.exchange.balance(0, "MX").free, amount("924.137925"));
}

#[test]
fn refusals_have_the_recorded_codes_and_texts() {
    let mut config = quiet();
    config.symbols[0].band_bps = Some(1_000);
    let mut world = World::new(&config, 1);
    world.place("symbol=MXUSDT&side=SELL&type=LIMIT&quantity=2&price=2");
    world.place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=1&price=2");
    for (params, status, code, text) in [
        ("symbol=NOUSDT&side=BUY&type=LIMIT&quantity=1&price=2", 400, 10007, "bad symbol"),
        (
            "symbol=MXUSDT&side=BUY&type=LIMIT&quantity=0.1&price=2",
            400,
            30002,
            "The minimum transaction volume cannot be less than：1USDT",
        ),
        ("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=1&price=2.00001", 400, 33333, "price"),
        ("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=9000&price=2", 400, 30004, "Insufficient"),
        (
            "symbol=MXUSDT&side=BUY&type=LIMIT&quantity=1&price=2.3",
            400,
            30087,
            "Order price exceeds allowed range",
        ),
        (
            "symbol=MXUSDT&side=BUY&type=LIMIT&quantity=1&price=2&newClientOrderId=a%20b",
            400,
            700_008,
            "illegal",
        ),
        ("symbol=MXUSDT&side=BUY&type=LIMIT&price=2", 400, 44444, "quantity"),
        ("symbol=MXUSDT&side=UP&type=LIMIT&quantity=1&price=2", 400, 33333, "side"),
    ] {
        world.pass_ms(1_000);
        let reply = world.place(params);
        assert_eq!((reply.status, reply.code()), (status, code), "{params}");
        assert!(reply.text("msg").contains(text), "{}", reply.text("msg"));
    }
}

#[test]
fn queries_show_what_became_of_an_order() {
    let mut world = World::new(&quiet(), 1);
    world.place("symbol=MXUSDT&side=SELL&type=LIMIT&quantity=3&price=2&newClientOrderId=s");
    world.place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=1&price=2&newClientOrderId=b");
    let order = world.signed("GET", "/api/v3/order", "symbol=MXUSDT&origClientOrderId=s");
    assert_eq!((order.text("status"), order.text("executedQty")), ("PARTIALLY_FILLED", "1"));
    let id = order.text("orderId").to_owned();
    assert_eq!(
        world.signed("GET", "/api/v3/order", &format!("symbol=MXUSDT&orderId={id}")).body,
        order.body
    );
    let open = world.signed("GET", "/api/v3/openOrders", "symbol=MXUSDT");
    assert_eq!(open.body.as_array().unwrap().len(), 1);
    let all = world.signed("GET", "/api/v3/allOrders", "symbol=MXUSDT");
    assert_eq!(all.body[0]["clientOrderId"], "b");
    assert_eq!(all.body[1], order.body);
    let deals = world.signed("GET", "/api/v3/myTrades", &format!("symbol=MXUSDT&orderId={id}"));
    let deals = deals.body.as_array().unwrap();
    assert_eq!(deals.len(), 1);
    assert_eq!((&deals[0]["isMaker"], &deals[0]["clientOrderId"]), (&true.into(), &"s".into()));
    let missing = world.signed("GET", "/api/v3/order", "symbol=MXUSDT&origClientOrderId=none");
    assert_eq!((missing.status, missing.code()), (400, -2013));
    let gone = world.signed("DELETE", "/api/v3/openOrders", "symbol=MXUSDT");
    assert_eq!(gone.body[0]["status"], "PARTIALLY_CANCELED");
    let again = world.signed("DELETE", "/api/v3/order", &format!("symbol=MXUSDT&orderId={id}"));
    assert_eq!(again.code(), -2011);
}

#[test]
fn a_test_order_is_checked_and_not_placed() {
    let mut world = World::new(&quiet(), 1);
    let params = "symbol=MXUSDT&side=BUY&type=LIMIT&quantity=1&price=2";
    assert_eq!(world.signed("POST", "/api/v3/order/test", params).body, serde_json::json!({}));
    assert_eq!(world.exchange.orders(0).count(), 0);
    let bad =
        world.signed("POST", "/api/v3/order/test", "symbol=MXUSDT&side=BUY&type=LIMIT&price=2");
    assert_eq!(bad.status, 400);
}

#[test]
fn the_thirteenth_order_request_of_a_second_is_refused_with_a_wait() {
    let mut world = World::new(&quiet(), 1);
    for _ in 0..12 {
        assert_ne!(world.signed("DELETE", "/api/v3/order", "symbol=MXUSDT&orderId=1").status, 429);
    }
    let over = world.place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=1&price=2");
    assert_eq!((over.status, over.code()), (429, 429));
    assert!(over.head.contains("Retry-After: 1"), "{}", over.head);
    world.pass_ms(1_000);
    assert_eq!(world.place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=1&price=2").status, 200);
}

#[test]
fn money_is_conserved_through_an_hour_of_flow_and_random_orders() {
    let mut world = World::new(&Config::default(), 9);
    let mut state = 5_u64;
    let mut draw = |bound: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % bound
    };
    let (mut accepted, mut filled) = (0, 0);
    for _ in 0..600 {
        world.pass_ms(draw(3_000) + 90);
        let kind = ["LIMIT", "IMMEDIATE_OR_CANCEL", "FILL_OR_KILL", "LIMIT_MAKER", "MARKET"]
            [draw(5) as usize];
        let side = ["BUY", "SELL"][draw(2) as usize];
        let price = 24_000 + draw(2_200);
        let qty = 1 + draw(90);
        let params = format!(
            "symbol=MXUSDT&side={side}&type={kind}&quantity={qty}&price={}.{:04}",
            price / 10_000,
            price % 10_000
        );
        accepted += u32::from(world.place(&params).status == 200);
        filled += u32::from(world.exchange.orders(0).last().is_some_and(|o| !o.filled.is_zero()));
        if draw(10) == 0 {
            world.signed("DELETE", "/api/v3/openOrders", "symbol=MXUSDT");
        }
        assert_eq!(world.exchange.unbalanced_assets(), Vec::<&str>::new());
    }
    assert!(accepted > 300 && filled > 100, "{accepted} accepted, {filled} filled");
    world.signed("DELETE", "/api/v3/openOrders", "symbol=MXUSDT");
    for asset in ["USDT", "MX"] {
        assert_eq!(world.exchange.balance(0, asset).locked, Amount::ZERO);
    }
}
