//! The way there and back: connections, the kill flag, latencies, windows, broken links, questions.

use model::{Link, LinkState, QueryAnswer, RejectClass, Stream, UpdateSource};

use super::*;

use OrderKind::{ImmediateOrCancel, Limit};

fn bodies(events: &[Event]) -> Vec<&'static str> {
    let name = |event: &Event| {
        let body = &event.body;
        let names = [
            (matches!(body, Body::Sent(_)), "sent"),
            (matches!(body, Body::Placed(_)), "placed"),
            (matches!(body, Body::Order(_)), "order"),
            (matches!(body, Body::Fill(_)), "fill"),
            (matches!(body, Body::Balance(_)), "balance"),
            (matches!(body, Body::Answer(_)), "answer"),
            (matches!(body, Body::Suppressed { .. }), "suppressed"),
            (matches!(body, Body::ReplyLost(_)), "lost"),
        ];
        names.into_iter().find(|(is, _)| *is).map_or("other", |(_, name)| name)
    };
    events.iter().map(name).collect()
}

#[test]
fn an_order_is_told_as_a_venue_tells_it() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(101, 5)]);
    desk.order(Side::Buy, ImmediateOrCancel, 101, 8);
    let expected = ["sent", "placed", "balance", "fill", "order", "order", "balance", "balance"];
    assert_eq!(bodies(&desk.said), expected);
}

#[test]
fn the_reply_comes_a_round_trip_after_the_last_byte_and_the_stream_after_it() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(101, 5)]);
    let request = desk.request(Side::Buy, ImmediateOrCancel, 101, 5);
    desk.send(request);
    desk.pass(9);
    assert_eq!(bodies(&desk.said), ["sent"]);
    desk.pass(1);
    assert_eq!(bodies(&desk.said), ["sent", "placed"]);
    desk.pass(1);
    assert_eq!(bodies(&desk.said), ["sent", "placed"]);
    desk.pass(1);
    assert_eq!(bodies(&desk.said)[2..], ["balance", "fill", "order", "balance", "balance"]);
}

#[test]
fn drawn_latencies_lie_in_their_range_follow_from_the_seed_and_keep_the_streams_order() {
    let latency = Latency {
        order: Span::from_millis(10),
        order_spread: Span::from_millis(20),
        stream: Span::from_millis(1),
        stream_spread: Span::from_millis(30),
    };
    let run = |seed| {
        let mut desk = Desk::with(PaperConfig { seed, latency, ..config() });
        let mut times = Vec::new();
        for at in 0..20 {
            desk.book(&[(99, 5)], &[(101, 50 + at)]);
            let request = desk.request(Side::Buy, ImmediateOrCancel, 101, 5);
            let (sent, from) = (desk.now, desk.said.len());
            desk.send(request);
            while !desk.said[from..].iter().any(|e| matches!(e.body, Body::Placed(_))) {
                desk.pass(1);
            }
            times.push(desk.now.since(sent).millis());
            desk.pass(200);
            let told = bodies(&desk.said[from..]);
            assert_eq!(told, ["sent", "placed", "balance", "fill", "order", "balance", "balance"]);
        }
        times
    };
    let times = run(3);
    assert!(times.iter().all(|ms| (10..=31).contains(ms)), "{times:?}");
    assert!(times.iter().any(|ms| *ms != times[0]), "{times:?}");
    assert_eq!(times, run(3));
    assert_ne!(times, run(4));
}

#[test]
fn an_entry_is_dropped_whole_by_the_kill_flag_and_a_sale_is_not() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(101, 5)]);
    desk.order(Side::Buy, ImmediateOrCancel, 101, 5);
    desk.said.clear();
    let buy = desk.request(Side::Buy, ImmediateOrCancel, 101, 5);
    let sell = desk.request(Side::Sell, ImmediateOrCancel, 99, 2);
    desk.paper.write_order(desk.now, buy).unwrap();
    desk.paper.write_order(desk.now, sell).unwrap();
    desk.run_killed(true);
    assert_eq!(bodies(&desk.said), ["suppressed", "sent"]);
    desk.pass(50);
    assert_eq!(desk.deals(sell.client_order_id), [(99, 2)]);
    assert_eq!(desk.status(buy.client_order_id), None);
}

#[test]
fn as_many_requests_are_under_way_as_there_are_connections() {
    let mut desk = Desk::with(PaperConfig { connections: 2, ..config() });
    desk.book(&[(99, 5)], &[(101, 5)]);
    for _ in 0..2 {
        let request = desk.request(Side::Buy, Limit, 98, 5);
        desk.send(request);
    }
    let third = desk.request(Side::Buy, Limit, 98, 5);
    assert!(desk.paper.write_order(desk.now, third).is_err());
    desk.pass(50);
    assert!(desk.paper.write_order(desk.now, third).is_ok());
}

#[test]
fn a_request_outside_its_window_is_refused() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(101, 5)]);
    let request = desk.request(Side::Buy, Limit, 98, 5);
    let old = Request { timestamp: desk.venue_now().before(Span::from_secs(2)), ..request };
    let id = desk.send(old);
    desk.pass(50);
    assert_eq!(desk.code(id), Some(700_003));
    let request = desk.request(Side::Buy, Limit, 98, 5);
    let ahead = Request { timestamp: desk.venue_now().after(Span::from_secs(2)), ..request };
    let id = desk.send(ahead);
    desk.pass(50);
    assert_eq!(desk.code(id), Some(700_003));
}

#[test]
fn the_thirteenth_request_of_a_second_is_one_too_many() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(101, 5)]);
    let ids: Vec<_> = (0..13)
        .map(|_| {
            let request = desk.request(Side::Buy, Limit, 98, 5);
            let id = desk.send(request);
            desk.pass(11);
            id
        })
        .collect();
    assert!(ids[..12].iter().all(|id| desk.code(*id).is_none()));
    assert_eq!(desk.code(ids[12]), Some(429));
}

#[test]
fn a_cancel_of_what_is_not_on_the_book_says_so() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(101, 5)]);
    let id = desk.order(Side::Buy, ImmediateOrCancel, 101, 5);
    desk.cancel(id);
    let class = desk.said.iter().find_map(|event| {
        let Body::Reject(reject) = event.body else { return None };
        Some((reject.cancel, reject.class))
    });
    assert_eq!(class, Some((true, RejectClass::NoSuchOrder)));
}

#[test]
fn the_links_are_up_while_the_venue_is_reached_and_the_stream_a_moment_later() {
    let mut desk = Desk::unlearnt(config());
    desk.pass(100);
    let up = desk.said.iter().filter(|event| event.account == ME).map(|event| event.body);
    let expected = [
        Body::Link { link: Link::Order, up: true },
        Body::Link { link: Link::User, up: true },
        Body::Stream { stream: Stream::Private, state: LinkState::Live },
    ];
    assert_eq!(up.collect::<Vec<_>>(), expected);
}

#[test]
fn when_the_venue_cannot_be_reached_replies_are_lost_and_the_truth_is_there_to_be_asked() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(101, 5)]);
    let request = desk.request(Side::Buy, ImmediateOrCancel, 101, 5);
    let id = desk.send(request);
    desk.pass(4);
    desk.paper.handle_reachable(desk.now, false);
    desk.pass(100);
    let told = bodies(&desk.said);
    assert_eq!(told[..2], ["sent", "lost"], "{told:?}");
    assert_eq!(desk.deals(id), [], "nobody was there to be told");
    let late = desk.request(Side::Buy, Limit, 98, 5);
    assert!(desk.paper.write_order(desk.now, late).is_err());
    let failed = desk.ask(Ask::Order(id));
    assert!(matches!(failed[0].body, Body::Answer(QueryAnswer::Failed { http: 0, .. })));
    desk.paper.handle_reachable(desk.now, true);
    desk.pass(100);
    let answer = desk.ask(Ask::Order(id));
    let Body::Order(update) = answer[0].body else { panic!("{answer:?}") };
    assert_eq!((update.status, update.filled), (OrderStatus::Filled, qty(5)));
    assert_eq!(update.source, UpdateSource::OrderQuery);
    desk.ask(Ask::Trades);
    assert_eq!(desk.deals(id), [(101, 5)]);
}

#[test]
fn questions_are_answered_to_their_end() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(101, 5)]);
    let bought = desk.order(Side::Buy, ImmediateOrCancel, 101, 5);
    let rests = desk.order(Side::Buy, Limit, 98, 5);
    assert_eq!(bodies(&desk.ask(Ask::AllOrders)), ["order", "order", "answer"]);
    let open = desk.ask(Ask::OpenOrders);
    assert_eq!(bodies(&open), ["order", "answer"]);
    assert!(matches!(open[0].body, Body::Order(o) if o.client_order_id == Some(rests)));
    assert_eq!(bodies(&desk.ask(Ask::Trades)), ["fill", "answer"]);
    assert_eq!(bodies(&desk.ask(Ask::Balances)), ["balance", "balance", "answer"]);
    let unknown = desk.request(Side::Buy, Limit, 98, 5).client_order_id;
    let answer = desk.ask(Ask::Order(unknown));
    let no = QueryAnswer::NotFound { client_order_id: unknown, source: UpdateSource::OrderQuery };
    assert_eq!(answer[0].body, Body::Answer(no));
    assert_ne!(bought, rests);
}

#[test]
fn a_question_about_an_order_that_has_not_arrived_knows_nothing_of_it() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(101, 5)]);
    desk.paper.ask(desk.now, ME, PAIR, Ask::AllOrders).unwrap();
    desk.pass(5);
    let request = desk.request(Side::Buy, Limit, 98, 5);
    desk.send(request);
    desk.pass(6);
    assert_eq!(bodies(&desk.said), ["sent", "answer"]);
}
