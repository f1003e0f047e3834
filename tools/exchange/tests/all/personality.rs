//! Each setting of the personality as a client meets it.

use exchange::{
    BadFrame, BeforeOpenInfo, Config, CrossingMaker, DeadListenKey, DuplicateIds, FirstTold,
    Language, Message, OpeningCap, OrderIds, Personality, PrecisionChange, UnknownSymbol, WsConn,
};
use serde_json::{Value, json};

use crate::common::{START, World, blocks_of, fields, int_of, sign, text_of};
use crate::endpoints::quiet;

/// A world of the quiet market with changed settings.
fn with(change: impl FnOnce(&mut Personality)) -> World {
    let mut config = quiet();
    change(&mut config.personality);
    World::new(&config, 1)
}

/// A demo of one listing with changed settings; it opens 8 s after the start.
fn listing(change: impl FnOnce(&mut Config)) -> (World, String) {
    let mut config = Config::demo(3, 1, START);
    config.listings[0].late_us = 0;
    change(&mut config);
    let name = config.listings[0].market.name();
    (World::new(&config, 3), name)
}

fn info(world: &mut World, name: &str) -> Value {
    world.get(&format!("/api/v3/exchangeInfo?symbol={name}")).body["symbols"][0].clone()
}

#[test]
fn a_used_client_id_is_taken_refused_or_answered_as_before() {
    let order = "symbol=MXUSDT&side=BUY&type=LIMIT&quantity=1&price=2&newClientOrderId=same";
    for (how, status, count) in [
        (DuplicateIds::Accepted, 200, 2),
        (DuplicateIds::Rejected, 400, 1),
        (DuplicateIds::Returned, 200, 1),
    ] {
        let mut world = with(|personality| personality.duplicate_client_ids = how);
        let first = world.place(order);
        world.pass_ms(50);
        let second = world.place(order);
        assert_eq!((second.status, world.exchange.orders(0).count()), (status, count), "{how:?}");
        match how {
            DuplicateIds::Returned => assert_eq!(first.body, second.body),
            DuplicateIds::Rejected => assert_eq!(second.code(), 30026),
            DuplicateIds::Accepted => {
                let found = "symbol=MXUSDT&origClientOrderId=same";
                let found = world.signed("GET", "/api/v3/order", found);
                assert_eq!(found.body["orderId"], second.body["orderId"]);
            }
        }
    }
}

#[test]
fn a_signed_request_may_come_twice_unless_told_otherwise() {
    for (repeated, code) in [(true, 0), (false, 700_002)] {
        let mut world = with(|personality| personality.repeated_signatures = repeated);
        let request = world.signed_bytes("GET", "/api/v3/account", "");
        assert_eq!(world.send(&request).unwrap().status, 200);
        assert_eq!(world.send(&request).unwrap().code(), code);
        world.pass_ms(1);
        assert_eq!(world.signed("GET", "/api/v3/account", "").status, 200, "another one is fresh");
    }
}

#[test]
fn order_ids_have_the_form_asked_for_and_find_their_order() {
    for (form, start, len) in
        [(OrderIds::C02, "C02__", 26), (OrderIds::Hex, "", 32), (OrderIds::Digits, "1", 19)]
    {
        let mut world = with(|personality| personality.order_ids = form);
        let key = world.listen_key();
        let topic = "spot@private.orders.v3.api.pb";
        let mut conn = world.stream(&format!("/ws?listenKey={key}"), &[topic]);
        let reply = world.place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=1&price=2");
        let id = reply.text("orderId").to_owned();
        assert!(id.starts_with(start) && id.len() == len, "{id}");
        let found = world.signed("GET", "/api/v3/order", &format!("symbol=MXUSDT&orderId={id}"));
        assert_eq!(found.text("orderId"), id);
        world.pass_ms(1);
        let told = fields(&world.frames(&mut conn)[0]);
        assert_eq!(text_of(&blocks_of(&told, 304)[0], 1), id);
    }
}

#[test]
fn a_crossing_post_only_order_is_cancelled_or_refused() {
    for (how, status, count) in
        [(CrossingMaker::Cancelled, 200, 2), (CrossingMaker::Rejected, 400, 1)]
    {
        let mut world = with(|personality| personality.crossing_maker = how);
        world.place("symbol=MXUSDT&side=SELL&type=LIMIT&quantity=10&price=2");
        let reply = world.place("symbol=MXUSDT&side=BUY&type=LIMIT_MAKER&quantity=1&price=2");
        assert_eq!((reply.status, world.exchange.orders(0).count()), (status, count));
        let resting = world.place("symbol=MXUSDT&side=BUY&type=LIMIT_MAKER&quantity=1&price=1.9");
        assert_eq!(resting.status, 200);
    }
}

#[test]
fn codes_that_were_seen_in_two_forms_are_the_ones_asked_for() {
    let mut world = with(|personality| {
        personality.insufficient_code = 10101;
        personality.precision_code = 400;
        personality.unknown_order_code = -2011;
        personality.unknown_interval_code = 400;
        personality.market_buy_by_quantity = false;
    });
    world.place("symbol=MXUSDT&side=SELL&type=LIMIT&quantity=10&price=2");
    for (params, code) in [
        ("side=BUY&type=LIMIT&quantity=9000&price=2", 10101),
        ("side=BUY&type=LIMIT&quantity=1&price=2.00001", 400),
        ("side=BUY&type=LIMIT&quantity=1.001&price=2", 400),
        ("side=BUY&type=LIMIT&quantity=1&price=x", 33333),
        ("side=BUY&type=MARKET&quantity=1", -1128),
        ("side=BUY&type=MARKET&quoteOrderQty=5", 0),
    ] {
        assert_eq!(world.place(&format!("symbol=MXUSDT&{params}")).code(), code, "{params}");
    }
    let unknown = world.signed("GET", "/api/v3/order", "symbol=MXUSDT&orderId=C02__1");
    assert_eq!(unknown.code(), -2011);
    assert_eq!(world.get("/api/v3/klines?symbol=MXUSDT&interval=1h").code(), 400);
    let mut config = quiet();
    config.symbols[0].order_types = vec!["LIMIT".to_owned()];
    config.personality.market_disabled_code = 30051;
    let mut world = World::new(&config, 1);
    let market = world.place("symbol=MXUSDT&side=SELL&type=MARKET&quantity=1");
    assert_eq!((market.code(), market.text("msg")), (30051, "api market order is disabled"));
}

#[test]
fn a_price_band_waits_for_the_first_deal_or_begins_with_it() {
    for (needs, code) in [(false, 0), (true, 30010)] {
        let mut config = quiet();
        config.symbols[0].band_bps = Some(50);
        config.personality.band_needs_last = needs;
        let mut world = World::new(&config, 1);
        let reply = world.place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=1&price=2");
        assert_eq!(reply.code(), code);
    }
}

#[test]
fn every_reading_of_an_account_lags_by_the_same_time_and_streams_do_not() {
    let mut world = with(|personality| personality.read_lag_ms = 500);
    let key = world.listen_key();
    let topic = "spot@private.orders.v3.api.pb";
    let mut conn = world.stream(&format!("/ws?listenKey={key}"), &[topic]);
    let read = |world: &mut World| {
        let lists = ["openOrders", "allOrders", "myTrades"];
        let counts = lists.map(|list| {
            let reply = world.signed("GET", &format!("/api/v3/{list}"), "symbol=MXUSDT");
            reply.body.as_array().unwrap().len()
        });
        let one = world.signed("GET", "/api/v3/order", "symbol=MXUSDT&origClientOrderId=s");
        let status = one.body["status"].as_str().unwrap_or("unknown").to_owned();
        let balances = world.signed("GET", "/api/v3/account", "").body["balances"].clone();
        let mut balances = balances.as_array().unwrap().iter();
        let mx = balances.find(|balance| balance["asset"] == "MX").unwrap();
        (
            counts,
            status,
            mx["free"].as_str().unwrap().to_owned(),
            mx["locked"].as_str().unwrap().to_owned(),
        )
    };
    let seen = |counts, status: &str, free: &str, locked: &str| {
        (counts, status.to_owned(), free.to_owned(), locked.to_owned())
    };
    world.place("symbol=MXUSDT&side=SELL&type=LIMIT&quantity=10&price=2&newClientOrderId=s");
    world.pass_ms(200);
    assert_eq!(world.frames(&mut conn).len(), 1);
    (world.key, world.secret) = ("other-key".into(), "other-secret".into());
    world.place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=4&price=2");
    (world.key, world.secret) = ("demo-key".into(), "demo-secret".into());
    world.pass_ms(100);
    world.signed("DELETE", "/api/v3/order", "symbol=MXUSDT&origClientOrderId=s");
    for (pass_ms, expected) in [
        (199, seen([0, 0, 0], "unknown", "1000", "0")),
        (1, seen([1, 1, 0], "NEW", "990", "10")),
        (199, seen([1, 1, 0], "NEW", "990", "10")),
        (1, seen([1, 1, 1], "PARTIALLY_FILLED", "990", "6")),
        (99, seen([1, 1, 1], "PARTIALLY_FILLED", "990", "6")),
        (1, seen([0, 1, 1], "PARTIALLY_CANCELED", "996", "0")),
    ] {
        world.pass_ms(pass_ms);
        assert_eq!(read(&mut world), expected);
    }
}

#[test]
fn lists_show_zeros_and_need_symbols_when_told() {
    let mut world = with(|personality| {
        personality.zero_balances = true;
        personality.open_orders_need_symbol = true;
        personality.unknown_symbol = UnknownSymbol::Error;
        personality.klines_max = 500;
    });
    world.place("symbol=MXUSDT&side=SELL&type=MARKET&quantity=1");
    let balances = world.signed("GET", "/api/v3/account", "").body["balances"].clone();
    let assets: Vec<_> = balances.as_array().unwrap().iter().map(|b| b["asset"].clone()).collect();
    assert!(assets.contains(&json!("MX")), "{assets:?}");
    assert_eq!(world.signed("GET", "/api/v3/openOrders", "").code(), 44444);
    assert_eq!(world.get("/api/v3/exchangeInfo?symbol=NOUSDT").code(), 10007);
    let mut config = Config::default();
    config.accounts[0].balances.remove("MX");
    for (zeros, listed) in [(false, false), (true, true)] {
        config.personality.zero_balances = zeros;
        config.personality.klines_max = 500;
        let mut world = World::new(&config, 1);
        let balances = world.signed("GET", "/api/v3/account", "").body["balances"].clone();
        let mx = balances.as_array().unwrap().iter().any(|balance| balance["asset"] == "MX");
        assert_eq!(mx, listed);
        let candles = world.get("/api/v3/klines?symbol=MXUSDT&interval=1m&limit=1000").body;
        assert_eq!(candles.as_array().unwrap().len(), 500);
    }
}

#[test]
fn a_pair_before_its_opening_is_absent_paused_closed_or_online() {
    for (how, before) in [
        (BeforeOpenInfo::Absent, None),
        (BeforeOpenInfo::Paused, Some(("2", 1))),
        (BeforeOpenInfo::Closed, Some(("1", 4))),
        (BeforeOpenInfo::Online, Some(("1", 1))),
    ] {
        let (mut world, name) = listing(|config| config.personality.before_open_info = how);
        let shown = |world: &mut World| {
            let row = info(world, &name);
            row.is_object().then(|| {
                (row["status"].as_str().unwrap().to_owned(), row["tradeSideType"].as_u64().unwrap())
            })
        };
        let listed = |world: &mut World| {
            let lists = ["/api/v3/defaultSymbols"].map(|path| world.get(path).body["data"].clone());
            lists[0].as_array().unwrap().contains(&json!(name))
        };
        world.go_to_ms(7_999);
        assert_eq!(shown(&mut world), before.map(|(s, t)| (s.to_owned(), t)), "{how:?}");
        assert_eq!(listed(&mut world), how != BeforeOpenInfo::Absent);
        let order = format!("symbol={name}&side=BUY&type=LIMIT&quantity=1000&price=1");
        assert_eq!(world.place(&order).code(), 30001, "{how:?}");
        world.go_to_ms(8_000);
        assert_eq!(shown(&mut world), Some(("1".to_owned(), 1)), "{how:?}");
        assert!(listed(&mut world));
    }
}

#[test]
fn streams_of_a_pair_before_its_opening_are_taken_or_blocked() {
    for early in [true, false] {
        let (mut world, name) = listing(|config| config.personality.before_open_streams = early);
        let topic = format!("spot@public.aggre.deals.v3.api.pb@10ms@{name}");
        let mut conn = WsConn::open(world.now, "/ws", &mut world.exchange).unwrap();
        let text = json!({"method": "SUBSCRIPTION", "params": [topic]}).to_string();
        let ask = |world: &mut World, conn: &mut WsConn| {
            conn.handle_text(world.now, &text, &mut world.exchange);
            match conn.poll_message(world.now, &mut world.exchange) {
                Some(Message::Text(text)) => text.contains("Blocked"),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(ask(&mut world, &mut conn), !early);
        world.go_to_ms(8_000);
        assert!(!ask(&mut world, &mut conn));
    }
}

#[test]
fn every_opening_moves_by_the_offset() {
    for (offset_us, closed_ms, open_ms) in [(250_000, 8_249, 8_250), (-50_000, 7_949, 7_950)] {
        let (mut world, name) = listing(|config| config.personality.opening_offset_us = offset_us);
        let order = format!("symbol={name}&side=BUY&type=LIMIT&quantity=1000&price=0.0000001");
        world.go_to_ms(closed_ms);
        assert_eq!(world.place(&order).code(), 30001);
        world.go_to_ms(open_ms);
        assert_ne!(world.place(&order).code(), 30001);
        let shown = info(&mut world, &name)["firstOpenTime"].as_i64().unwrap();
        assert_eq!(shown, START.millis() + 8_000, "the announced time stays");
    }
}

#[test]
fn an_opening_cap_comes_from_the_listing_the_asks_the_first_deal_or_nowhere() {
    let cap_after = |how, deal_first: bool| {
        let (mut world, name) = listing(|config| {
            let listing = &mut config.listings[0];
            listing.asks =
                vec![("1".to_owned(), "500".to_owned()), ("2".to_owned(), "500".to_owned())];
            (listing.cap, listing.cap_ms) = (Some("1.5".to_owned()), 5_000);
            listing.market.flow = None;
            (listing.market.price_decimals, listing.market.qty_decimals) = (3, 2);
            (config.personality.opening_cap, config.personality.opening_cap_bps) = (how, 1_000);
        });
        world.go_to_ms(8_000);
        let buy = |world: &mut World, price: &str| {
            let kind = "symbol=X&side=BUY&type=IMMEDIATE_OR_CANCEL&quantity=5";
            world.place(&format!("{}&price={price}", kind.replace('X', &name)))
        };
        if deal_first {
            assert_eq!(buy(&mut world, "1").status, 200);
        }
        let reply = buy(&mut world, "9");
        let text = reply.body["msg"].as_str().unwrap_or("taken").to_owned();
        world.go_to_ms(13_000);
        assert_eq!(buy(&mut world, "9").status, 200, "after its time there is none");
        text
    };
    assert_eq!(cap_after(OpeningCap::Listing, false), "Order price cannot exceed 1.5USDT");
    assert_eq!(cap_after(OpeningCap::BestAsk, false), "Order price cannot exceed 1.1USDT");
    assert_eq!(cap_after(OpeningCap::FirstDeal, false), "taken");
    assert_eq!(cap_after(OpeningCap::FirstDeal, true), "Order price cannot exceed 1.1USDT");
    assert_eq!(cap_after(OpeningCap::None, false), "taken");
}

#[test]
fn private_channels_speak_in_the_order_asked_for() {
    let told = |change: fn(&mut Personality)| {
        let mut world = with(change);
        let key = world.listen_key();
        let topics = ["spot@private.orders.v3.api.pb", "spot@private.deals.v3.api.pb"];
        let mut conn = world.stream(&format!("/ws?listenKey={key}"), &topics);
        (world.key, world.secret) = ("other-key".into(), "other-secret".into());
        world.place("symbol=MXUSDT&side=SELL&type=LIMIT&quantity=10&price=2");
        (world.key, world.secret) = ("demo-key".into(), "demo-secret".into());
        world.place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=4&price=2");
        world.place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=4&price=1");
        world.pass_ms(1);
        let frames = world.frames(&mut conn);
        let one = |frame: &Vec<u8>| {
            let frame = fields(frame);
            let status = blocks_of(&frame, 304).first().map_or(0, |order| int_of(order, 15));
            (frame.last().unwrap().0, status)
        };
        frames.iter().map(one).collect::<Vec<_>>()
    };
    // A deal is 306, an order 304 with its status: 2 filled, 1 new; the last order only rests.
    assert_eq!(told(|_| ()), [(306, 0), (304, 2), (304, 1)]);
    assert_eq!(told(|p| p.first_told = FirstTold::Order), [(304, 2), (306, 0), (304, 1)]);
    assert_eq!(told(|p| p.new_told = true), [(304, 1), (306, 0), (304, 2), (304, 1)]);
}

#[test]
fn a_missing_side_of_the_book_is_told_as_asked_for() {
    for missing in ["", "0"] {
        let mut world = with(|personality| personality.missing_side = missing.to_owned());
        let mut conn = world.stream("/ws", &["spot@public.aggre.bookTicker.v3.api.pb@10ms@MXUSDT"]);
        world.place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=4&price=2");
        world.pass_ms(10);
        let body = blocks_of(&fields(&world.frames(&mut conn)[0]), 315).remove(0);
        assert_eq!([text_of(&body, 1), text_of(&body, 2)], ["2", "4"]);
        assert_eq!([text_of(&body, 3), text_of(&body, 4)], [missing, missing]);
    }
}

#[test]
fn a_frame_that_is_no_control_frame_is_answered_ignored_or_the_end() {
    for how in [BadFrame::Answered, BadFrame::Ignored, BadFrame::Closed] {
        for text in ["{", "[]", r#"{"method":"LOGIN"}"#] {
            let mut world = with(|personality| personality.bad_frame = how);
            let mut conn = WsConn::open(world.now, "/ws", &mut world.exchange).unwrap();
            conn.handle_text(world.now, text, &mut world.exchange);
            let answer = conn.poll_message(world.now, &mut world.exchange);
            let right = match how {
                BadFrame::Answered => {
                    matches!(&answer, Some(Message::Text(t)) if t.contains("wrong"))
                }
                BadFrame::Ignored => answer.is_none(),
                BadFrame::Closed => answer == Some(Message::Close(1002)),
            };
            assert!(right, "{how:?} {text}: {answer:?}");
        }
    }
}

#[test]
fn a_dead_listen_key_closes_tells_or_silences() {
    for how in [DeadListenKey::Closed, DeadListenKey::Told, DeadListenKey::Silent] {
        let mut world = with(|personality| personality.dead_listen_key = how);
        let key = world.listen_key();
        let url = format!("/ws?listenKey={key}");
        let mut conn = world.stream(&url, &["spot@private.orders.v3.api.pb"]);
        world.signed("DELETE", "/api/v3/userDataStream", &format!("listenKey={key}"));
        let told = Message::Text("Invalid listen key".to_owned());
        let expected = match how {
            DeadListenKey::Closed => vec![Message::Close(1000)],
            DeadListenKey::Told => vec![told, Message::Close(1000)],
            DeadListenKey::Silent => vec![],
        };
        world.place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=4&price=2");
        world.pass_ms(1);
        let messages = |world: &mut World, conn: &mut WsConn| {
            let next = || conn.poll_message(world.now, &mut world.exchange);
            std::iter::from_fn(next).collect::<Vec<_>>()
        };
        assert_eq!(messages(&mut world, &mut conn), expected, "{how:?}");
        let again = WsConn::open(world.now, &url, &mut world.exchange);
        match how {
            DeadListenKey::Closed => assert_eq!(again.unwrap_err(), 403),
            DeadListenKey::Told | DeadListenKey::Silent => {
                assert_eq!(messages(&mut world, &mut again.unwrap()), expected);
            }
        }
    }
}

#[test]
fn a_pair_publishes_and_takes_another_precision_from_its_time_on() {
    let mut config = Config::default();
    config.symbols.retain(|symbol| symbol.base == "MX");
    let change = |at_ms, price_decimals, qty_decimals| PrecisionChange {
        symbol: "MXUSDT".to_owned(),
        at_ms,
        price_decimals,
        qty_decimals,
    };
    config.personality.precision_changes = vec![change(60_000, 5, 3), change(120_000, 2, 0)];
    let mut world = World::new(&config, 1);
    world
        .place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=1.01&price=2.0001&newClientOrderId=old");
    for (ms, decimals, taken, refused) in [
        (59_999, (4, 2), "1.01&price=2.0001", ["1.001&price=2", "1&price=2.00001"]),
        (60_000, (5, 3), "1.001&price=2.00001", ["1.0001&price=2", "1&price=2.000001"]),
        (120_000, (2, 0), "2&price=2.01", ["1.1&price=2", "1&price=2.001"]),
    ] {
        world.go_to_ms(ms);
        let row = info(&mut world, "MXUSDT");
        assert_eq!(row["quotePrecision"], decimals.0);
        assert_eq!(row["baseAssetPrecision"], decimals.1);
        let place = |world: &mut World, rest| {
            world.place(&format!("symbol=MXUSDT&side=BUY&type=LIMIT&quantity={rest}"))
        };
        let reply = place(&mut world, taken);
        assert_eq!(reply.status, 200, "{}", reply.body);
        for refused in refused {
            assert_eq!(place(&mut world, refused).code(), 33333, "{refused} after {ms}");
        }
    }
    let kept = world.signed("GET", "/api/v3/order", "symbol=MXUSDT&origClientOrderId=old");
    assert_eq!((kept.text("status"), kept.text("price")), ("NEW", "2.0001"));
    // The flow quotes what the pair takes; what is older has gone by then.
    world.go_to_ms(200_000);
    let asks = world.get("/api/v3/depth?symbol=MXUSDT").body["asks"].clone();
    for level in asks.as_array().unwrap() {
        let decimals = |text: &Value| text.as_str().unwrap().split('.').nth(1).map_or(0, str::len);
        assert!(decimals(&level[0]) <= 2 && decimals(&level[1]) == 0, "{level}");
    }
    assert!(world.exchange.unbalanced_assets().is_empty());
}

#[test]
fn refusals_of_money_minimum_and_cap_may_be_chinese_with_the_same_codes_and_figures() {
    let mut world = with(|personality| personality.language = Language::Chinese);
    for (params, code, text) in [
        ("quantity=9000&price=2", 30004, "持仓不足"),
        ("quantity=0.1&price=2", 30002, "最小交易额不能小于：1USDT"),
        ("quantity=1&price=x", 33333, "parameter price is wrong"),
    ] {
        let reply = world.place(&format!("symbol=MXUSDT&side=BUY&type=LIMIT&{params}"));
        assert_eq!((reply.code(), reply.text("msg")), (code, text));
    }
}

#[test]
fn an_account_has_as_many_listen_keys_as_asked_for() {
    let mut world = with(|personality| personality.listen_keys_max = 3);
    let keys: Vec<_> = (0..3).map(|_| world.listen_key()).collect();
    assert_eq!(world.signed("POST", "/api/v3/userDataStream", "").status, 400);
    let list = world.signed("GET", "/api/v3/userDataStream", "").body;
    assert_eq!((&list["total"], &list["available"]), (&json!(3), &json!(0)));
    world.signed("DELETE", "/api/v3/userDataStream", &format!("listenKey={}", keys[0]));
    assert_eq!(world.signed("POST", "/api/v3/userDataStream", "").status, 200);
}

#[test]
fn the_body_of_a_ban_is_json_or_nothing() {
    for (ban_body, text) in
        [(exchange::BanBody::Json, "{\"code\":418"), (exchange::BanBody::Empty, "")]
    {
        let mut config = quiet();
        (config.rules.ban_after, config.rules.weight_per_10s) = (0, 0);
        config.personality.ban_body = ban_body;
        let mut world = World::new(&config, 1);
        assert_eq!(world.get("/api/v3/time").status, 429);
        let signature = sign("demo-secret", "");
        let request = format!("GET /api/v3/time?signature={signature} HTTP/1.1\r\n\r\n");
        world.http.handle_bytes(world.now, request.as_bytes(), &mut world.exchange);
        let reply =
            String::from_utf8(world.http.poll_transmit(world.now).unwrap().to_vec()).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 418 ") && head.contains("Retry-After: 120"), "{head}");
        assert!(body.starts_with(text) && body.is_empty() == text.is_empty(), "{body}");
    }
}
