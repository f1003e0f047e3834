//! Endpoints beside placement and query: batches, statistics, what clients load first, settings of
//! an account, the operator's page.

use std::net::{IpAddr, Ipv4Addr};

use exchange::{Config, HttpConn, Permission};
use model::{Amount, OrderStatus};
use serde_json::{Value, json};

use crate::common::{START, World, read_reply};

macro_rules! vector {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!(
            "../../../../tests/vectors/mexc/",
            $name,
            ".json"
        )))
        .unwrap()
    };
}

/// MXUSDT without flow, and a second account.
pub(crate) fn quiet() -> Config {
    let mut config = Config::default();
    config.symbols.retain(|symbol| symbol.base == "MX");
    config.symbols[0].flow = None;
    let mut other = config.accounts[0].clone();
    other.name = "other".to_owned();
    other.keys = vec![exchange::KeyConfig::new("other-key", "other-secret")];
    config.accounts.push(other);
    config
}

fn amount(value: &Value) -> Amount {
    Amount::parse(value.as_str().unwrap().as_bytes()).unwrap()
}

/// Every key of the recorded reply with its type; null stands for any type.
fn check_shape(ours: &Value, recorded: &Value) {
    match (ours, recorded) {
        (Value::Object(ours), Value::Object(recorded)) => {
            assert_eq!(ours.keys().collect::<Vec<_>>(), recorded.keys().collect::<Vec<_>>());
            for (key, value) in recorded {
                check_shape(&ours[key], value);
            }
        }
        (Value::Array(ours), Value::Array(recorded)) => {
            if let (Some(ours), Some(recorded)) = (ours.first(), recorded.first()) {
                check_shape(ours, recorded);
            }
        }
        (Value::Null, _) | (_, Value::Null) => {}
        (ours, recorded) => {
            let same = std::mem::discriminant(ours) == std::mem::discriminant(recorded);
            assert!(same, "{ours} where {recorded} was recorded");
        }
    }
}

/// Percent-encoded as the exchange wants it: upper-case digits.
fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(one).collect()
}

fn batch(world: &mut World, orders: &Value) -> crate::common::Reply {
    let params = format!("batchOrders={}", encoded(&orders.to_string()));
    world.signed("POST", "/api/v3/batchOrders", &params)
}

#[test]
fn a_batch_answers_each_order_in_its_place_and_refuses_singly() {
    let mut world = World::new(&quiet(), 1);
    let buy = |qty: &str, id: &str| {
        json!({"symbol": "MXUSDT", "side": "BUY", "type": "LIMIT_ORDER", "quantity": qty,
               "price": "2", "newClientOrderId": id})
    };
    let plain =
        json!({"symbol": "MXUSDT", "side": "SELL", "type": "LIMIT", "quantity": 3, "price": 4});
    let reply = batch(&mut world, &json!([buy("5", "first"), buy("0.1", "small"), plain]));
    assert_eq!(reply.status, 200);
    let recorded = vector!("rest_batch_orders_mixed");
    for at in 0..3 {
        check_shape(&reply.body[at], &recorded[at]);
    }
    assert_eq!(reply.body[0]["newClientOrderId"], "first");
    assert_eq!(reply.body[1]["code"], 30002);
    let placed: Vec<_> = world.exchange.orders(0).map(|order| order.client_id.as_deref()).collect();
    assert_eq!(placed, [Some("first"), None]);
    let known = world.signed("GET", "/api/v3/order", "symbol=MXUSDT&origClientOrderId=first");
    assert_eq!(known.body["orderId"], reply.body[0]["orderId"]);
}

#[test]
fn a_batch_that_is_none_places_nothing() {
    let order = |symbol| json!({"symbol": symbol, "side": "BUY", "type": "LIMIT", "quantity": "5", "price": "2"});
    let many: Vec<Value> = (0..21).map(|_| order("MXUSDT")).collect();
    for orders in
        [json!([]), json!({}), json!("x"), json!(many), json!([order("MXUSDT"), order("BTCUSDT")])]
    {
        let mut world = World::new(&quiet(), 1);
        let reply = batch(&mut world, &orders);
        assert_eq!((reply.status, reply.code()), (400, 33333), "{orders}");
        assert_eq!(world.exchange.orders(0).count(), 0);
    }
    let missing = batch(&mut World::new(&quiet(), 1), &json!([{"symbol": "MXUSDT"}]));
    assert_eq!(missing.body[0]["code"], 44444);
}

#[test]
fn the_third_batch_of_a_second_waits() {
    let mut world = World::new(&quiet(), 1);
    let one = json!([{"symbol": "MXUSDT", "side": "BUY", "type": "LIMIT", "quantity": "5", "price": "2"}]);
    let mut statuses = [0; 3];
    statuses.fill_with(|| batch(&mut world, &one).status);
    assert_eq!(statuses, [200, 200, 429]);
    world.pass_ms(1_000);
    let reply = batch(&mut world, &one);
    assert_eq!(reply.status, 200);
    // A batch is one of the twelve order requests too.
    for _ in 0..11 {
        assert_eq!(world.place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=5&price=1").status, 200);
    }
    assert_eq!(batch(&mut world, &one).status, 429);
}

#[test]
fn candles_averages_and_day_statistics_have_the_recorded_shapes_and_agree() {
    let mut world = World::new(&Config::default(), 1);
    world.pass_ms(200_000);
    let day = world.get("/api/v3/ticker/24hr?symbol=BTCUSDT").body;
    check_shape(&day, &vector!("rest_ticker24_btcusdt"));
    assert_eq!(world.get("/api/v3/ticker/24hr").body.as_array().unwrap().len(), 3);
    let candles = world.get("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1000").body;
    let candles = candles.as_array().unwrap();
    check_shape(&candles[0], &vector!("rest_klines_btcusdt_60m")[0]);
    assert_eq!(candles.len(), 1_000);
    for pair in candles.windows(2) {
        assert_eq!(pair[0][6], pair[1][0], "each starts where the one before ends");
    }
    let last = candles.last().unwrap();
    assert_eq!(last[4], day["lastPrice"]);
    let high = candles.iter().map(|candle| amount(&candle[2])).max().unwrap();
    assert!(high <= amount(&day["highPrice"]));
    let trades = world.get("/api/v3/trades?symbol=BTCUSDT&limit=1").body;
    assert_eq!(trades[0]["price"], day["lastPrice"]);
    let mean = world.get("/api/v3/avgPrice?symbol=BTCUSDT").body;
    assert_eq!(mean["mins"], 5);
    assert!(amount(&day["lowPrice"]) < amount(&mean["price"]));
    assert!(amount(&mean["price"]) < amount(&day["highPrice"]));
}

#[test]
fn a_wide_candle_is_the_sum_of_its_minutes() {
    let mut world = World::new(&Config::default(), 1);
    world.pass_ms(600_000);
    let from = START.millis();
    let get = |world: &mut World, interval: &str| {
        let span = format!("startTime={from}&endTime={}", from + 299_999);
        world.get(&format!("/api/v3/klines?symbol=MXUSDT&interval={interval}&{span}")).body
    };
    let (minutes, wide) = (get(&mut world, "1m"), get(&mut world, "5m"));
    let minutes = minutes.as_array().unwrap();
    assert_eq!((minutes.len(), wide.as_array().unwrap().len()), (5, 1));
    assert_eq!((&wide[0][1], &wide[0][4]), (&minutes[0][1], &minutes[4][4]));
    let sum = |at: usize| {
        minutes.iter().fold(Amount::ZERO, |sum, candle| sum.plus_or_max(amount(&candle[at])))
    };
    assert_eq!((amount(&wide[0][5]), amount(&wide[0][7])), (sum(5), sum(7)));
    let high = minutes.iter().map(|candle| amount(&candle[2])).max().unwrap();
    assert_eq!(amount(&wide[0][2]), high);
}

#[test]
fn no_period_makes_a_reply_large_or_the_exchange_panic() {
    let mut world = World::new(&Config::default(), 1);
    // A year without anybody: holes are filled only as far as they are asked for.
    world.exchange = exchange::Exchange::new(&quiet(), 1, START).unwrap();
    world.place("symbol=MXUSDT&side=SELL&type=LIMIT&quantity=10&price=2");
    world.place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=5&price=2");
    world.go_to_ms(365 * 86_400_000);
    for interval in ["1m", "5m", "60m", "4h", "1d", "1W", "1M"] {
        for span in [
            "",
            "&startTime=0",
            "&endTime=0",
            "&startTime=-9223372036854775808",
            "&startTime=9223372036854775807",
            "&endTime=-9223372036854775808",
            "&startTime=1800000000001&endTime=9223372036854775807",
        ] {
            let target = format!("/api/v3/klines?symbol=MXUSDT&interval={interval}{span}");
            let reply = world.get(&target);
            assert_eq!(reply.status, 200, "{target}");
            assert!(reply.body.as_array().unwrap().len() <= 500, "{target}");
            world.pass_ms(1_000);
        }
    }
    let months = world.get("/api/v3/klines?symbol=MXUSDT&interval=1M").body;
    assert_eq!(months.as_array().unwrap().len(), 13);
}

#[test]
fn a_pair_without_a_deal_has_statistics_that_say_so() {
    let mut world = World::new(&quiet(), 1);
    let day = world.get("/api/v3/ticker/24hr?symbol=MXUSDT").body;
    assert_eq!((&day["lastPrice"], &day["quoteVolume"]), (&json!("0"), &Value::Null));
    assert_eq!((&day["bidQty"], &day["askQty"]), (&json!(""), &json!("")));
    assert_eq!(world.get("/api/v3/klines?symbol=MXUSDT&interval=1m").body, json!([]));
    assert_eq!(world.get("/api/v3/avgPrice?symbol=MXUSDT").body["price"], "0");
    assert_eq!(world.get("/api/v3/aggTrades?symbol=MXUSDT").body, json!([]));
}

#[test]
fn aggregated_trades_are_those_of_the_period_newest_first() {
    let mut world = World::new(&Config::default(), 1);
    world.pass_ms(60_000);
    let all = world.get("/api/v3/aggTrades?symbol=MXUSDT").body;
    check_shape(&all[0], &vector!("rest_aggtrades_btcusdt")[0]);
    let times: Vec<i64> =
        all.as_array().unwrap().iter().map(|trade| trade["T"].as_i64().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b) && times.len() > 10);
    let (from, to) = (times[8], times[4]);
    let target = format!("/api/v3/aggTrades?symbol=MXUSDT&startTime={from}&endTime={to}");
    let some = world.get(&target).body;
    let within = times.iter().filter(|time| (from..=to).contains(time)).count();
    assert_eq!(some.as_array().unwrap().len(), within);
}

#[test]
fn public_questions_that_cannot_be_answered_are_refused_by_code() {
    let mut world = World::new(&Config::default(), 1);
    for (target, code) in [
        ("klines?symbol=NOUSDT&interval=1m", 10007),
        ("klines?symbol=MXUSDT", 44444),
        ("klines?interval=1m", 44444),
        ("klines?symbol=MXUSDT&interval=1h", -1121),
        ("klines?symbol=MXUSDT&interval=1w", -1121),
        ("klines?symbol=MXUSDT&interval=1m&limit=0", 33333),
        ("klines?symbol=MXUSDT&interval=1m&startTime=x", 33333),
        ("aggTrades?symbol=MXUSDT&startTime=1", -1128),
        ("aggTrades?symbol=MXUSDT&endTime=1", -1128),
        ("avgPrice", 44444),
        ("avgPrice?symbol=NOUSDT", 10007),
        ("ticker/24hr?symbol=NOUSDT", 10007),
        ("depth?symbol=MXUSDT&limit=-1", 33333),
    ] {
        let reply = world.get(&format!("/api/v3/{target}"));
        assert_eq!((reply.status, reply.code()), (400, code), "{target}");
    }
}

#[test]
fn what_clients_load_first_has_the_recorded_shapes() {
    let mut world = World::new(&Config::default(), 1);
    let coins = world.signed("GET", "/api/v3/capital/config/getall", "").body;
    check_shape(&coins, &vector!("rest_capital_config"));
    let names: Vec<_> =
        coins.as_array().unwrap().iter().map(|coin| coin["coin"].as_str().unwrap()).collect();
    assert_eq!(names, ["BTC", "MX", "USDT", "ETH"]);
    let contracts = world.get("/api/v1/contract/detail").body;
    check_shape(&contracts, &vector!("rest_fut_contract_detail"));
    let one = world.get("/api/v1/contract/detail?symbol=BTC_USDT").body;
    assert_eq!(one["data"], contracts["data"][0]);
    assert_eq!(world.get("/api/v1/contract/detail?symbol=NO_USDT").body["code"], 1001);
    check_shape(&world.get("/api/v1/contract/ping").body, &vector!("rest_fut_ping"));
}

#[test]
fn coins_of_a_listing_show_with_the_listing_and_need_their_permission() {
    let mut config = Config::demo(3, 1, START);
    config.listings[0].listed_before_ms = 5_000;
    let base = config.listings[0].market.base.clone();
    let mut world = World::new(&config, 3);
    let mut shown = |ms| {
        world.go_to_ms(ms);
        let coins = world.signed("GET", "/api/v3/capital/config/getall", "").body;
        coins.as_array().unwrap().iter().any(|coin| coin["coin"] == base.as_str())
    };
    assert!(!shown(2_999));
    assert!(shown(3_000));
    config.accounts[0].keys[0].permissions.retain(|p| *p != Permission::SpotWithdrawRead);
    let mut world = World::new(&config, 3);
    assert_eq!(world.signed("GET", "/api/v3/capital/config/getall", "").code(), 700_007);
}

#[test]
fn an_account_has_an_id_a_level_and_the_choice_to_pay_fees_in_mx() {
    let mut config = Config::default();
    config.symbols.retain(|symbol| symbol.base != "ETH");
    let mut world = World::new(&config, 1);
    let uid = world.signed("GET", "/api/v3/uid", "").body;
    assert!(uid["uid"].as_str().unwrap().bytes().all(|byte| byte.is_ascii_digit()));
    assert_eq!(world.signed("GET", "/api/v3/kyc/status", "").body, json!({"status": "2"}));
    let path = "/api/v3/mxDeduct/enable";
    let state = world.signed("GET", path, "").body;
    assert_eq!((&state["data"]["mxDeductEnable"], &state["code"]), (&json!(false), &json!(0)));
    assert_eq!(world.signed("POST", path, "mxDeductEnable=perhaps").code(), 33333);
    assert_eq!(world.signed("POST", path, "").code(), 44444);
    let state = world.signed("POST", path, "mxDeductEnable=true").body;
    assert_eq!(state["data"]["mxDeductEnable"], true);
    let before = world.exchange.balance(0, "BTC").free;
    world.place("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01");
    let deals = world.signed("GET", "/api/v3/myTrades", "symbol=BTCUSDT").body;
    assert_eq!(deals[0]["commissionAsset"], "MX");
    // 0.05 % less a fifth of about 843 USDT, in MX of about 2.51 USDT.
    let fee = amount(&deals[0]["commission"]).to_string();
    assert!(fee.starts_with("0.13"), "{fee}");
    let got = world.exchange.balance(0, "BTC").free.minus(before).unwrap();
    assert_eq!(got.to_string(), "0.01");
    assert!(world.exchange.unbalanced_assets().is_empty());
}

#[test]
fn a_fee_that_mx_cannot_cover_is_paid_as_usual() {
    let mut config = Config::default();
    config.accounts[0].balances.insert("MX".to_owned(), "0.01".to_owned());
    let mut world = World::new(&config, 1);
    world.signed("POST", "/api/v3/mxDeduct/enable", "mxDeductEnable=true");
    world.place("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01");
    let deals = world.signed("GET", "/api/v3/myTrades", "symbol=BTCUSDT").body;
    assert_eq!(deals[0]["commissionAsset"], "BTC");
}

#[test]
fn the_operators_page_tells_the_ledger_to_this_machine_only_and_costs_no_budget() {
    let mut config = quiet();
    config.rules.weight_per_10s = 0;
    config.rules.orders_per_s = 3;
    let mut world = World::new(&config, 1);
    world.place("symbol=MXUSDT&side=SELL&type=LIMIT&quantity=10&price=2&newClientOrderId=s");
    (world.key, world.secret) = ("other-key".into(), "other-secret".into());
    world.place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=4&price=2&newClientOrderId=b");
    let page = world.get("/_shrike/ledger").body;
    assert_eq!(page, serde_json::from_str::<Value>(&world.exchange.report()).unwrap());
    assert_eq!(page["balanced"], true);
    let find = |list: &str, key: &str, value: &str| {
        let all = page[list].as_array().unwrap();
        all.iter().find(|item| item[key] == value).unwrap_or_else(|| panic!("{value}")).clone()
    };
    let sold = find("orders", "clientOrderId", "s");
    assert_eq!((&sold["status"], &sold["executedQty"]), (&json!("PARTIALLY_FILLED"), &json!("4")));
    assert_eq!((&sold["locked"], &sold["account"]), (&json!("6"), &json!("demo")));
    let deal = find("deals", "clientOrderId", "b");
    assert_eq!((&deal["fee"], &deal["feeAsset"]), (&json!("0.002"), &json!("MX")));
    assert_eq!(deal["orderId"], find("orders", "clientOrderId", "b")["orderId"]);
    let mx = find("assets", "asset", "MX");
    assert_eq!(
        (&mx["fees"], &mx["entries_sum"], &mx["held"]),
        (&json!("0.002"), &json!("0"), &mx["issued"])
    );
    for account in page["accounts"].as_array().unwrap() {
        for pocket in account["balances"].as_array().unwrap() {
            let sum = amount(&pocket["free"]).plus_or_max(amount(&pocket["locked"]));
            assert_eq!(sum, amount(&pocket["entered"]), "{pocket}");
        }
    }
    let mut far = HttpConn::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));
    far.handle_bytes(world.now, b"GET /_shrike/ledger HTTP/1.1\r\n\r\n", &mut world.exchange);
    assert_eq!(read_reply(far.poll_transmit(world.now).unwrap()).status, 404);
}

#[test]
fn every_endpoint_grants_as_many_requests_as_its_weight_allows() {
    let mut config = quiet();
    config.rules.ban_after = u32::MAX;
    for (method, path, weight) in [
        ("GET", "ping", 1),
        ("GET", "time", 1),
        ("GET", "defaultSymbols", 1),
        ("GET", "symbol/offline", 10),
        ("GET", "exchangeInfo", 25),
        ("GET", "depth", 3),
        ("GET", "trades", 5),
        ("GET", "aggTrades", 1),
        ("GET", "klines", 1),
        ("GET", "avgPrice", 1),
        ("GET", "ticker/24hr", 25),
        ("GET", "ticker/price", 10),
        ("GET", "ticker/bookTicker", 10),
        ("GET", "kyc/status", 1),
        ("GET", "uid", 1),
        ("GET", "selfSymbols", 1),
        ("POST", "order/test", 1),
        ("GET", "order", 2),
        ("GET", "openOrders", 3),
        ("GET", "allOrders", 10),
        ("GET", "account", 10),
        ("GET", "myTrades", 10),
        ("GET", "tradeFee", 20),
        ("GET", "mxDeduct/enable", 1),
        ("POST", "mxDeduct/enable", 1),
        ("POST", "strategy/group", 20),
        ("GET", "strategy/group", 20),
        ("DELETE", "strategy/group", 20),
        ("POST", "strategy/group/uid", 20),
        ("DELETE", "strategy/group/uid", 20),
        ("GET", "capital/config/getall", 10),
        ("POST", "userDataStream", 1),
        ("GET", "userDataStream", 1),
        ("PUT", "userDataStream", 1),
        ("DELETE", "userDataStream", 1),
    ] {
        let mut world = World::new(&config, 1);
        let path = format!("/api/v3/{path}");
        let request = world.signed_bytes(method, &path, "");
        let mut granted = 0;
        let over = loop {
            let reply = world.send(&request).unwrap();
            if reply.status == 429 {
                break reply;
            }
            granted += 1;
        };
        assert_eq!(granted, 500 / weight, "{method} {path}");
        assert!(over.head.contains("Retry-After: 10"), "{}", over.head);
        world.pass_ms(10_000);
        let again = world.signed(method, &path, "");
        assert_ne!(again.status, 429, "{method} {path} after its ten seconds");
    }
}

#[test]
fn states_of_a_pair_an_account_and_a_key_refuse_by_their_codes() {
    let order = "symbol=MXUSDT&side=BUY&type=LIMIT&quantity=5&price=2";
    let market = "symbol=MXUSDT&side=BUY&type=MARKET&quantity=5";
    type Change = fn(&mut Config);
    let cases: [(Change, &str, i64); 11] = [
        (|c| c.symbols[0].status = "2".to_owned(), order, 30000),
        (|c| c.symbols[0].status = "3".to_owned(), order, 30016),
        (|c| c.symbols[0].trade_side_type = 3, order, 30001),
        (|c| c.symbols[0].trade_side_type = 4, order, 30001),
        (|c| c.symbols[0].trade_side_type = 2, order, 0),
        (|c| c.symbols[0].api_allowed = false, order, 10007),
        (|c| c.symbols[0].order_types = vec!["LIMIT".to_owned()], market, 30019),
        (|c| c.symbols[0].order_types = vec!["MARKET".to_owned()], order, 30041),
        (|c| c.symbols[0].notional_max = "9".to_owned(), order, 30003),
        (|c| c.rules.open_orders_max = 0, order, 30029),
        (|_| (), market, 30025),
    ];
    for (change, params, code) in cases {
        let mut config = quiet();
        change(&mut config);
        let mut world = World::new(&config, 1);
        assert_eq!(world.place(params).code(), code, "{params}");
    }
    let mut world = World::new(&quiet(), 1);
    let bare = world.send(b"GET /api/v3/account HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!((bare.status, bare.code()), (400, 400));
    world.key = "nobody".to_owned();
    let unknown = world.signed("GET", "/api/v3/account", "");
    assert_eq!((unknown.status, unknown.code()), (401, 10072));
    assert_eq!(unknown.text("msg"), "Api key info invalid");
}

#[test]
fn self_trade_prevention_groups_are_made_found_and_left() {
    let mut world = World::new(&quiet(), 1);
    let group = "/api/v3/strategy/group";
    let made = world.signed("POST", group, "tradeGroupName=tradeGroupOne").body;
    check_shape(&made, &vector!("rest_stp_group_create"));
    let id = made["data"]["tradeGroupId"].clone();
    let twice = world.signed("POST", group, "tradeGroupName=tradeGroupOne");
    assert_eq!(twice.code(), 730_002);
    let found = world.signed("GET", group, "tradeGroupName=tradeGroupOne").body;
    assert_eq!(found["data"][0]["tradeGroupId"], id);
    let uid = world.exchange.uid_text(0);
    let member = format!("uid={uid}&tradeGroupId={id}");
    assert_eq!(world.signed("POST", "/api/v3/strategy/group/uid", &member).body["code"], 200);
    assert_eq!(world.signed("POST", "/api/v3/strategy/group/uid", &member).code(), 730_002);
    let stranger = format!("uid=1&tradeGroupId={id}");
    assert_eq!(world.signed("POST", "/api/v3/strategy/group/uid", &stranger).code(), 10001);
    assert_eq!(world.signed("DELETE", "/api/v3/strategy/group/uid", &member).body["code"], 200);
    assert_eq!(world.signed("DELETE", "/api/v3/strategy/group/uid", &member).code(), 730_002);
    let gone = format!("tradeGroupId={id}");
    assert_eq!(world.signed("DELETE", group, &gone).body["code"], 200);
    assert_eq!(world.signed("DELETE", group, &gone).code(), 22222);
    assert_eq!(world.signed("POST", group, "").code(), 44444);
    for at in 0..10 {
        world.pass_ms(10_000);
        world.signed("POST", group, &format!("tradeGroupName=g{at}"));
    }
    assert_eq!(world.signed("POST", group, "tradeGroupName=g10").code(), 730_003);
}

/// One account sells 10 and later 5 at 2, with another's 7 between; then it buys 7 at 2 with a
/// mode, `members` being a group. Ends of its first sale, the other's, its second, and the buy.
fn guarded(mode: &str, kind: &str, members: &[usize]) -> [OrderStatus; 4] {
    let mut world = World::new(&quiet(), 1);
    let made = world.signed("POST", "/api/v3/strategy/group", "tradeGroupName=g").body;
    for account in members {
        let uid = world.exchange.uid_text(*account);
        let id = &made["data"]["tradeGroupId"];
        world.signed("POST", "/api/v3/strategy/group/uid", &format!("uid={uid}&tradeGroupId={id}"));
    }
    let sell = "symbol=MXUSDT&side=SELL&type=LIMIT&price=2&quantity";
    world.place(&format!("{sell}=10"));
    (world.key, world.secret) = ("other-key".into(), "other-secret".into());
    world.place(&format!("{sell}=7"));
    (world.key, world.secret) = ("demo-key".into(), "demo-secret".into());
    world.place(&format!("{sell}=5"));
    let buy = format!("symbol=MXUSDT&side=BUY&type={kind}&price=2&quantity=7&stpMode={mode}");
    let reply = world.place(&buy);
    assert_eq!((reply.status, reply.text("stpMode")), (200, mode));
    assert!(world.exchange.unbalanced_assets().is_empty());
    let own: Vec<_> = world.exchange.orders(0).cloned().collect();
    let other = world.exchange.orders(1).next().unwrap().status;
    for order in &own {
        let stopped = order.cancel_reason == "stp_cancel";
        assert!(!stopped || order.status.is_final(), "{order:?}");
    }
    let id = world.exchange.order_id_text(own[0].id);
    let told = world.signed("GET", "/api/v3/order", &format!("symbol=MXUSDT&orderId={id}")).body;
    assert_eq!(told["cancelReason"], own[0].cancel_reason);
    [own[0].status, other, own[1].status, own[2].status]
}

#[test]
fn an_order_with_a_mode_does_not_meet_its_own_group() {
    use OrderStatus::{Cancelled, Filled, New, PartiallyFilled};
    for (mode, kind, members, expected) in [
        ("cancel_maker", "LIMIT", &[0][..], [Cancelled, Filled, New, Filled]),
        ("cancel_taker", "LIMIT", &[0], [New, New, New, Cancelled]),
        ("cancel_both", "LIMIT", &[0], [Cancelled, New, New, Cancelled]),
        ("cancel_maker", "FILL_OR_KILL", &[0], [Cancelled, Filled, New, Filled]),
        ("cancel_taker", "FILL_OR_KILL", &[0], [New, New, New, Cancelled]),
        // The other account belongs to the group too: nothing is left to deal with.
        ("cancel_maker", "LIMIT", &[0, 1], [Cancelled, Cancelled, Cancelled, New]),
        // Without a mode, or without a group, one meets oneself.
        ("", "LIMIT", &[0], [PartiallyFilled, New, New, Filled]),
        ("cancel_maker", "LIMIT", &[], [PartiallyFilled, New, New, Filled]),
    ] {
        assert_eq!(guarded(mode, kind, members), expected, "{mode} {kind} {members:?}");
    }
}
