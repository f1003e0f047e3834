//! Streams: acks, frames, closes.

use std::collections::BTreeMap;

use exchange::{Config, Message, WsConn};

use crate::common::{Field, World, blocks_of, fields, int_of, text_of};

const DEALS: &str = "spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT";
const DEPTH: &str = "spot@public.aggre.depth.v3.api.pb@10ms@MXUSDT";
const PRIVATE: [&str; 3] = [
    "spot@private.orders.v3.api.pb",
    "spot@private.deals.v3.api.pb",
    "spot@private.account.v3.api.pb",
];

fn ask(world: &mut World, conn: &mut WsConn, text: &str) -> String {
    conn.handle_text(world.now, text, &mut world.exchange);
    match conn.poll_message(world.now, &mut world.exchange) {
        Some(Message::Text(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn subscribe(topics: &[&str]) -> String {
    serde_json::json!({"method": "SUBSCRIPTION", "params": topics}).to_string()
}

#[test]
fn control_frames_are_answered_to_the_letter() {
    let mut world = World::new(&Config::default(), 1);
    let mut conn = WsConn::open(world.now, "/ws", &mut world.exchange).unwrap();
    let other = DEALS.replace("BTC", "ETH");
    let old = "spot@public.deals.v3.api@BTCUSDT";
    for (send, expected) in [
        (subscribe(&[DEALS]), format!(r#"{{"id":0,"code":0,"msg":"{DEALS}"}}"#)),
        (subscribe(&[DEALS]), r#"{"id":0,"code":0,"msg":""}"#.to_owned()),
        (
            subscribe(&[old]),
            format!(
                r#"{{"id":0,"code":0,"msg":"Not Subscribed successfully! [{old}].  Reason： Blocked! "}}"#
            ),
        ),
        (
            subscribe(&[&other, old]),
            format!(
                concat!(
                    r#"{{"id":0,"code":0,"msg":"Subscribed successful! [{other}]. "#,
                    r#"Not Subscribed successfully! [{old}].  Reason： Blocked! "}}"#,
                ),
                other = other,
                old = old,
            ),
        ),
        (
            subscribe(&[PRIVATE[0]]),
            format!(
                r#"{{"id":0,"code":0,"msg":"Not Subscribed successfully! [{}].  Reason： Blocked! "}}"#,
                PRIVATE[0]
            ),
        ),
        (r#"{"method":"PING","id":7}"#.to_owned(), r#"{"id":7,"code":0,"msg":"PONG"}"#.to_owned()),
        (
            format!(r#"{{"method":"UNSUBSCRIPTION","params":["{DEALS}"]}}"#),
            format!(r#"{{"id":0,"code":0,"msg":"{DEALS}"}}"#),
        ),
    ] {
        assert_eq!(ask(&mut world, &mut conn, &send), expected);
    }
}

#[test]
fn the_thirty_first_subscription_is_blocked() {
    let mut world = World::new(&Config::default(), 1);
    let mut conn = WsConn::open(world.now, "/ws", &mut world.exchange).unwrap();
    let intervals =
        ["Min1", "Min5", "Min15", "Min30", "Min60", "Hour4", "Hour8", "Day1", "Week1", "Month1"];
    let names: Vec<String> = ["BTC", "ETH", "MX"]
        .iter()
        .flat_map(|base| intervals.map(|i| format!("spot@public.kline.v3.api.pb@{base}USDT@{i}")))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert!(!ask(&mut world, &mut conn, &subscribe(&names)).contains("Not"));
    assert!(ask(&mut world, &mut conn, &subscribe(&[DEALS])).contains("Not Subscribed"));
}

#[test]
fn unknown_paths_and_listen_keys_are_refused_at_the_handshake() {
    let mut world = World::new(&Config::default(), 1);
    let open =
        |world: &mut World, path: &str| WsConn::open(world.now, path, &mut world.exchange).err();
    assert_eq!(open(&mut world, "/edge"), Some(404));
    assert_eq!(open(&mut world, "/ws?listenKey=none"), Some(403));
    let path = format!("/ws?listenKey={}", world.listen_key());
    for _ in 0..5 {
        assert_eq!(open(&mut world, &path), None);
    }
    assert_eq!(open(&mut world, &path), Some(403));
}

#[test]
fn depth_pushes_follow_each_other_and_rebuild_the_book() {
    let mut world = World::new(&Config::default(), 1);
    let mut conn = world.stream("/ws", &[DEPTH]);
    let mut book: [BTreeMap<String, String>; 2] = Default::default();
    let snapshot = world.get("/api/v3/depth?symbol=MXUSDT&limit=5000").body;
    for (side, name) in ["asks", "bids"].iter().enumerate() {
        for level in snapshot[name].as_array().unwrap() {
            let text = |at: usize| level[at].as_str().unwrap().to_owned();
            book[side].insert(text(0), text(1));
        }
    }
    let mut version = snapshot["lastUpdateId"].as_u64().unwrap();
    let mut pushes = 0;
    for _ in 0..2_000 {
        world.pass_ms(10);
        for frame in world.frames(&mut conn) {
            let frame = fields(&frame);
            assert_eq!(
                (text_of(&frame, 1).as_str(), text_of(&frame, 3).as_str()),
                (DEPTH, "MXUSDT")
            );
            assert_eq!(int_of(&frame, 6) as i64, world.now.millis());
            let body = &blocks_of(&frame, 313)[0];
            assert_eq!(text_of(body, 4).parse::<u64>().unwrap(), version + 1);
            version = text_of(body, 5).parse().unwrap();
            for (side, field) in [(0, 1), (1, 2)] {
                for level in blocks_of(body, field) {
                    let (price, qty) = (text_of(&level, 1), text_of(&level, 2));
                    if qty == "0" {
                        book[side].remove(&price);
                    } else {
                        book[side].insert(price, qty);
                    }
                }
            }
            pushes += 1;
        }
    }
    assert!(pushes > 50, "{pushes} pushes");
    let end = world.get("/api/v3/depth?symbol=MXUSDT&limit=5000").body;
    assert_eq!(end["lastUpdateId"], version);
    for (side, name) in ["asks", "bids"].iter().enumerate() {
        let levels = end[name].as_array().unwrap();
        assert_eq!(levels.len(), book[side].len());
        for level in levels {
            assert_eq!(book[side][level[0].as_str().unwrap()], level[1].as_str().unwrap());
        }
    }
}

#[test]
fn every_public_channel_carries_its_body_and_the_documented_times() {
    let mut world = World::new(&Config::default(), 1);
    let channels = [
        ("spot@public.aggre.deals.v3.api.pb@10ms@MXUSDT", 314, true),
        ("spot@public.aggre.depth.v3.api.pb@100ms@MXUSDT", 313, true),
        ("spot@public.aggre.bookTicker.v3.api.pb@100ms@MXUSDT", 315, true),
        ("spot@public.limit.depth.v3.api.pb@MXUSDT@5", 303, true),
        ("spot@public.bookTicker.batch.v3.api.pb@MXUSDT", 311, true),
        ("spot@public.kline.v3.api.pb@MXUSDT@Min1", 308, false),
        ("spot@public.miniTicker.v3.api.pb@MXUSDT@UTC+8", 309, true),
        ("spot@public.miniTickers.v3.api.pb@24H", 310, true),
        ("spot@public.increase.depth.batch.v3.api.pb@MXUSDT", 312, true),
    ];
    let mut conn = world.stream("/ws", &channels.map(|(name, ..)| name));
    let mut seen = BTreeMap::new();
    for _ in 0..60 {
        world.pass_ms(100);
        for frame in world.frames(&mut conn) {
            let frame = fields(&frame);
            let body = frame.last().unwrap().0;
            seen.entry(text_of(&frame, 1)).or_insert((body, int_of(&frame, 6) > 0));
        }
    }
    let expected: BTreeMap<_, _> =
        channels.iter().map(|(name, body, sent)| (name.to_string(), (*body, *sent))).collect();
    assert_eq!(seen, expected);
}

#[test]
fn tickers_of_all_pairs_come_together_and_count_their_zones_day() {
    let mut world = World::new(&Config::default(), 1);
    let zones = ["UTC+8", "UTC+0", "24H"];
    let topics = zones.map(|zone| format!("spot@public.miniTickers.v3.api.pb@{zone}"));
    let mut conn = world.stream("/ws", &topics.each_ref().map(String::as_str));
    world.pass_ms(3_000);
    let frames = world.frames(&mut conn);
    let items = |topic: &str| {
        let frame = frames.iter().map(|frame| fields(frame)).find(|f| text_of(f, 1) == topic);
        let frame = frame.unwrap();
        assert_eq!(
            (text_of(&frame, 3).as_str(), int_of(&frame, 5)),
            ("", 0),
            "no pair, no creation"
        );
        blocks_of(&blocks_of(&frame, 310)[0], 1)
    };
    let [east, utc, rolling] = topics.each_ref().map(|topic| items(topic));
    let names: Vec<_> = east.iter().map(|item| text_of(item, 1)).collect();
    assert_eq!(names, ["BTCUSDT", "ETHUSDT", "MXUSDT"]);
    let decimal = |item: &[(u64, Field)], field| {
        model::Amount::parse(text_of(item, field).as_bytes()).unwrap()
    };
    for at in 0..3 {
        // It is 08:00 in UTC: the day of UTC is 8 h old, that of UTC+8 is 16 h old.
        assert!(decimal(&utc[at], 7) < decimal(&east[at], 7));
        assert!(decimal(&east[at], 7) < decimal(&rolling[at], 7));
        assert_eq!(text_of(&utc[at], 3), text_of(&east[at], 3), "rate is of UTC+8 in every zone");
        assert_eq!(text_of(&east[at], 3), text_of(&east[at], 4));
        assert!(decimal(&rolling[at], 6) <= decimal(&rolling[at], 2));
    }
}

#[test]
fn keep_alives_and_subscriptions_are_heard_in_any_case() {
    let mut world = World::new(&Config::default(), 1);
    let mut conn = WsConn::open(world.now, "/ws", &mut world.exchange).unwrap();
    assert!(ask(&mut world, &mut conn, r#"{"method":"ping"}"#).contains("PONG"));
    let subscribe = subscribe(&[DEALS]).replace("SUBSCRIPTION", "subscription");
    assert!(ask(&mut world, &mut conn, &subscribe).contains(DEALS));
}

#[test]
fn batches_of_increases_follow_the_book() {
    let mut world = World::new(&Config::default(), 1);
    let mut conn = world.stream("/ws", &["spot@public.increase.depth.batch.v3.api.pb@MXUSDT"]);
    world.pass_ms(2_000);
    let frames = world.frames(&mut conn);
    let mut last = 0;
    for frame in &frames {
        let body = blocks_of(&fields(frame), 312).remove(0);
        assert_eq!(text_of(&body, 2), "spot@public.increase.depth.batch.v3.api.pb");
        let increase = blocks_of(&body, 1).remove(0);
        let version: u64 = text_of(&increase, 4).parse().unwrap();
        assert!(version > last);
        assert!(!blocks_of(&increase, 1).is_empty() || !blocks_of(&increase, 2).is_empty());
        last = version;
    }
    assert!(frames.len() > 5);
}

#[test]
fn deals_carry_an_id_and_the_old_schema_does_not() {
    for old in [false, true] {
        let mut config = Config::default();
        config.personality.old_schema = old;
        let mut world = World::new(&config, 1);
        let mut conn = world.stream("/ws", &["spot@public.aggre.deals.v3.api.pb@100ms@MXUSDT"]);
        world.pass_ms(5_000);
        let frames = world.frames(&mut conn);
        let deals = blocks_of(&blocks_of(&fields(&frames[0]), 314)[0], 1);
        assert_eq!(text_of(&deals[0], 5).is_empty(), old);
        assert!([1, 2].contains(&int_of(&deals[0], 3)));
    }
}

#[test]
fn a_fill_is_told_on_all_three_private_channels_after_the_ack() {
    let mut world = World::new(&Config::default(), 1);
    let key = world.listen_key();
    let mut conn = world.stream(&format!("/ws?listenKey={key}"), &PRIVATE);
    let reply =
        world.place("symbol=MXUSDT&side=BUY&type=LIMIT&quantity=4&price=2.6&newClientOrderId=me");
    assert_eq!(reply.status, 200);
    assert_eq!(world.frames(&mut conn), Vec::<Vec<u8>>::new());
    assert!(world.exchange.poll_timeout().unwrap() > world.now);
    world.pass_ms(1);
    let frames: Vec<_> = world.frames(&mut conn).iter().map(|frame| fields(frame)).collect();
    let bodies =
        |number: u64| -> Vec<_> { frames.iter().flat_map(|f| blocks_of(f, number)).collect() };
    let order = bodies(304).pop().unwrap();
    assert_eq!(text_of(&order, 1), reply.text("orderId"));
    assert_eq!(text_of(&order, 2), "me");
    assert_eq!((int_of(&order, 15), text_of(&order, 13).as_str()), (2, "4"));
    let deals = bodies(306);
    assert!(deals.iter().all(|deal| text_of(deal, 9) == reply.text("orderId")));
    assert_eq!(text_of(&deals[0], 11), "MX");
    let trades = world.signed("GET", "/api/v3/myTrades", "symbol=MXUSDT").body;
    assert_eq!(trades.as_array().unwrap().len(), deals.len());
    assert!(trades.as_array().unwrap().iter().any(|t| t["id"] == text_of(&deals[0], 7).as_str()));
    let balances = bodies(307);
    assert_eq!(text_of(&balances[0], 7), "ENTRUST_PLACE");
    let last = |asset: &str| {
        let of = balances.iter().rev().find(|b| text_of(b, 1) == asset).unwrap();
        (text_of(of, 3), text_of(of, 5))
    };
    for asset in ["USDT", "MX"] {
        let pocket = world.exchange.balance(0, asset);
        assert_eq!(last(asset), (pocket.free.to_string(), pocket.locked.to_string()));
    }
}

#[test]
fn silence_and_age_close_a_connection() {
    let mut config = Config::default();
    config.symbols.retain(|symbol| symbol.base == "MX");
    config.symbols[0].flow = None;
    config.rules.stream_life_s = 200;
    let topic = "spot@public.aggre.deals.v3.api.pb@100ms@MXUSDT";
    let ends = |world: &mut World, conn: &mut WsConn| {
        matches!(conn.poll_message(world.now, &mut world.exchange), Some(Message::Close(_)))
    };
    let mut world = World::new(&config, 1);
    let mut bare = WsConn::open(world.now, "/ws", &mut world.exchange).unwrap();
    let mut silent = world.stream("/ws", &[topic]);
    let mut kept = world.stream("/ws", &[topic]);
    world.pass_ms(29_999);
    assert!(!ends(&mut world, &mut bare));
    world.pass_ms(1);
    assert!(ends(&mut world, &mut bare));
    assert!(ask(&mut world, &mut kept, r#"{"method":"PING"}"#).contains("PONG"));
    world.pass_ms(30_000);
    assert!(ends(&mut world, &mut silent));
    assert!(!ends(&mut world, &mut kept));
    for _ in 0..5 {
        world.pass_ms(25_000);
        ask(&mut world, &mut kept, r#"{"method":"PING"}"#);
    }
    world.pass_ms(20_000);
    assert!(ends(&mut world, &mut kept));
}

#[test]
fn a_flood_of_messages_closes_the_connection() {
    let mut world = World::new(&Config::default(), 1);
    let mut conn = WsConn::open(world.now, "/ws", &mut world.exchange).unwrap();
    for _ in 0..100 {
        assert!(ask(&mut world, &mut conn, r#"{"method":"PING"}"#).contains("PONG"));
    }
    conn.handle_text(world.now, r#"{"method":"PING"}"#, &mut world.exchange);
    let end = conn.poll_message(world.now, &mut world.exchange);
    assert_eq!(end, Some(Message::Close(1008)));
}

#[test]
fn a_second_flood_of_one_address_is_its_ban() {
    let mut world = World::new(&Config::default(), 1);
    let far = std::net::IpAddr::from([10, 0, 0, 1]);
    for flood in 0..2 {
        let opened = WsConn::open_from(far, world.now, "/ws", &mut world.exchange);
        let mut conn = opened.unwrap_or_else(|status| panic!("{status} before flood {flood}"));
        for _ in 0..150 {
            conn.handle_text(world.now, r#"{"method":"PING"}"#, &mut world.exchange);
        }
        world.pass_ms(1_000);
    }
    let banned = WsConn::open_from(far, world.now, "/ws", &mut world.exchange);
    assert_eq!(banned.unwrap_err(), 418);
    assert!(WsConn::open(world.now, "/ws", &mut world.exchange).is_ok(), "others are not");
    world.pass_ms(120_000);
    assert!(WsConn::open_from(far, world.now, "/ws", &mut world.exchange).is_ok());
}

#[test]
fn a_dead_listen_key_ends_its_stream() {
    let mut world = World::new(&Config::default(), 1);
    let key = world.listen_key();
    let mut conn = world.stream(&format!("/ws?listenKey={key}"), &PRIVATE);
    world.signed("DELETE", "/api/v3/userDataStream", &format!("listenKey={key}"));
    let end = conn.poll_message(world.now, &mut world.exchange);
    assert!(matches!(end, Some(Message::Close(_))));
}

#[test]
fn waiting_for_the_next_timeout_always_gets_somewhere() {
    let mut world = World::new(&Config::demo(1, 2, crate::common::START), 1);
    let mut conn = world.stream("/ws", &[DEPTH, DEALS]);
    for _ in 0..3_000 {
        let next = world.exchange.poll_timeout().unwrap();
        assert!(next > world.now, "{next:?} is not after {:?}", world.now);
        world.now = next;
        world.exchange.handle_timeout(next);
        world.frames(&mut conn);
    }
}

/// Field numbers of a message and of the messages inside `repeated`, with their wire types.
fn shape(
    message: &[(u64, Field)],
    repeated: &[u64],
) -> std::collections::BTreeSet<(u64, u64, bool)> {
    let mut all = std::collections::BTreeSet::new();
    for (number, field) in message {
        all.insert((0, *number, matches!(field, Field::Int(_))));
        if let (true, Field::Block(bytes)) = (repeated.contains(number), field) {
            for (inner, field) in fields(bytes) {
                all.insert((*number, inner, matches!(field, Field::Int(_))));
            }
        }
    }
    all
}

/// `frame` has the fields of the recorded frame, in wrapper, body and items.
fn check_shape(frame: &[u8], recorded: &str, body: u64, repeated: &[u64]) {
    let bytes: Vec<u8> = (0..recorded.trim().len() / 2)
        .map(|at| u8::from_str_radix(&recorded[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let (ours, theirs) = (fields(frame), fields(&bytes));
    assert_eq!(shape(&ours, &[]), shape(&theirs, &[]), "wrapper of {body}");
    let inside = |frame: &[(u64, Field)]| shape(&blocks_of(frame, body)[0], repeated);
    assert_eq!(inside(&ours), inside(&theirs), "body {body}");
}

macro_rules! hex {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/vectors/mexc/ws_pb_", $name, ".hex"))
    };
}

#[test]
fn public_frames_have_exactly_the_fields_of_recorded_ones() {
    let vectors = [
        (
            "spot@public.aggre.deals.v3.api.pb@100ms@MXUSDT",
            hex!("aggre_deals_100ms_btcusdt"),
            314,
            vec![1],
        ),
        (
            "spot@public.aggre.bookTicker.v3.api.pb@100ms@MXUSDT",
            hex!("aggre_bookticker_100ms_btcusdt"),
            315,
            vec![],
        ),
        (
            "spot@public.limit.depth.v3.api.pb@MXUSDT@5",
            hex!("limit_depth_5_btcusdt"),
            303,
            vec![1, 2],
        ),
        ("spot@public.kline.v3.api.pb@MXUSDT@Min1", hex!("kline_min1_btcusdt"), 308, vec![]),
        ("spot@public.miniTicker.v3.api.pb@MXUSDT@UTC+8", hex!("miniticker_btcusdt"), 309, vec![]),
    ];
    let mut world = World::new(&Config::default(), 1);
    let mut conn = world.stream("/ws", &vectors.each_ref().map(|(name, ..)| *name));
    let mut latest = BTreeMap::new();
    for _ in 0..100 {
        world.pass_ms(100);
        for frame in world.frames(&mut conn) {
            latest.insert(text_of(&fields(&frame), 1), frame);
        }
    }
    for (name, recorded, body, repeated) in vectors {
        check_shape(&latest[name], recorded, body, &repeated);
    }
}

#[test]
fn private_frames_have_the_fields_of_the_schemas_samples() {
    let mut world = World::new(&Config::default(), 1);
    let key = world.listen_key();
    let mut conn = world.stream(&format!("/ws?listenKey={key}"), &PRIVATE);
    // More than the book holds up to that price, so that the rest is cancelled.
    world.place("symbol=MXUSDT&side=BUY&type=IMMEDIATE_OR_CANCEL&quantity=3500&price=2.5125&newClientOrderId=me");
    world.pass_ms(1);
    let frames = world.frames(&mut conn);
    let last = |name: &str| {
        frames.iter().rev().find(|frame| text_of(&fields(frame), 1) == name).unwrap().clone()
    };
    let order = last(PRIVATE[0]);
    assert_eq!(int_of(&blocks_of(&fields(&order), 304)[0], 15), 5);
    check_shape(&order, hex!("private_orders_newusdt_ioc_partially_canceled_gen"), 304, &[]);
    check_shape(&last(PRIVATE[2]), hex!("private_account_usdt_gen"), 307, &[]);
    // The sample of a deal has no client id (8).
    let deal = blocks_of(&fields(&last(PRIVATE[1])), 306);
    let numbers: Vec<u64> = deal[0].iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 7, 8, 9, 10, 11, 12]);
}
