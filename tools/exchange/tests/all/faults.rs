//! Faults, each for certain by script.

use exchange::{Config, OrderFault, Scripted};
use model::OrderStatus;

use crate::common::{World, blocks_of, fields, text_of};

const ORDER: &str = "symbol=MXUSDT&side=BUY&type=LIMIT&quantity=4&price=2.6&newClientOrderId=me";

fn world(fault: OrderFault) -> World {
    let mut config = Config::default();
    config.faults.script = vec![Scripted { placement: 1, fault }];
    config.faults.private_late_ms = 700;
    config.faults.event_first_reply_ms = 40;
    World::new(&config, 1)
}

#[test]
fn a_lost_reply_leaves_an_accepted_order_and_a_dead_connection() {
    let mut world = world(OrderFault::ReplyLost);
    let request = world.signed_bytes("POST", "/api/v3/order", ORDER);
    assert!(world.send(&request).is_none());
    assert!(world.http.is_finished());
    assert_eq!(world.exchange.orders(0).next().unwrap().status, OrderStatus::Filled);
}

#[test]
fn a_server_error_may_hide_an_order_or_none() {
    for (fault, orders) in
        [(OrderFault::ServerErrorAccepted, 1), (OrderFault::ServerErrorRefused, 0)]
    {
        let mut world = world(fault);
        assert_eq!(world.place(ORDER).status, 503);
        assert_eq!(world.exchange.orders(0).count(), orders);
    }
}

#[test]
fn a_fault_429_places_nothing_and_says_how_long_to_wait() {
    let mut world = world(OrderFault::RateLimit);
    let reply = world.place(ORDER);
    assert_eq!(reply.status, 429);
    assert!(reply.head.contains("Retry-After: 1"));
    assert_eq!(world.exchange.orders(0).count(), 0);
}

#[test]
fn events_come_first_or_late_when_told() {
    let topics = ["spot@private.orders.v3.api.pb"];
    for (fault, reply_ms, event_ms) in
        [(OrderFault::EventFirst, 40, 0), (OrderFault::PrivateLate, 0, 700)]
    {
        let mut world = world(fault);
        let key = world.listen_key();
        let mut conn = world.stream(&format!("/ws?listenKey={key}"), &topics);
        let request = world.signed_bytes("POST", "/api/v3/order", ORDER);
        let (mut reply, mut event) = (world.send(&request).map(|_| 0), None);
        for ms in 0..1_000 {
            let frames = world.frames(&mut conn);
            if let Some(frame) = frames.first() {
                let order = &blocks_of(&fields(frame), 304)[0];
                assert_eq!(text_of(order, 2), "me");
                event = event.or(Some(ms));
            }
            reply = reply.or_else(|| world.reply().map(|_| ms));
            world.pass_ms(1);
        }
        assert_eq!((reply, event), (Some(reply_ms), Some(event_ms)));
    }
}

#[test]
fn frames_come_twice_or_never_when_told() {
    let topic = "spot@public.aggre.depth.v3.api.pb@100ms@MXUSDT";
    let frames = |twice, lost| {
        let mut config = Config::default();
        config.faults.frame_twice_permille = twice;
        config.faults.frame_lost_permille = lost;
        let mut world = World::new(&config, 1);
        let mut conn = world.stream("/ws", &[topic]);
        world.pass_ms(3_000);
        world.frames(&mut conn)
    };
    let usual = frames(0, 0);
    let doubled: Vec<_> = usual.iter().flat_map(|frame| [frame.clone(), frame.clone()]).collect();
    assert!(usual.len() > 5);
    assert_eq!(frames(1_000, 0), doubled);
    assert!(frames(0, 1_000).is_empty());
    let some = frames(0, 300);
    assert!(!some.is_empty() && some.len() < usual.len());
}

#[test]
fn a_fresh_order_is_unknown_to_queries_for_the_lag() {
    let mut config = Config::default();
    config.personality.read_lag_ms = 500;
    let mut world = World::new(&config, 1);
    world.place(ORDER);
    let query = "symbol=MXUSDT&origClientOrderId=me";
    assert_eq!(world.signed("GET", "/api/v3/order", query).code(), -2013);
    world.pass_ms(500);
    assert_eq!(world.signed("GET", "/api/v3/order", query).text("status"), "FILLED");
}
