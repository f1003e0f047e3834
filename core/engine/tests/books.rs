//! Books as decisions see them: in step with the venue, or not readable.

mod desk;

use desk::{Desk, Done, NEW, depth, ms, price};
use engine::{Action, Question};
use model::{
    AccountId, Body, DepthKind, Link, LinkState, QueryAnswer, ShedRange, Span, Stream, TargetState,
};

#[test]
fn pushes_that_follow_the_snapshot_move_the_book() {
    let mut desk = Desk::armed();
    desk.versions += 1;
    let push = depth(DepthKind::Diff, desk.versions, &[("0.9000", "5")], &[("1.0000", "0")]);
    desk.public(NEW, Body::Depth(push));
    let (bids, asks, version) = desk.engine.book_at(NEW).expect("readable");
    assert_eq!((bids.len(), asks.len(), version), (1, 0, desk.versions));
}

#[test]
fn a_missing_push_makes_the_book_unreadable_and_asks_for_a_snapshot() {
    let (desk, done) = gapped();
    assert!(desk.engine.book_at(NEW).is_none());
    assert_eq!(done.asks(), [Question::Book]);
}

#[test]
fn a_snapshot_that_does_not_come_is_asked_for_again() {
    let (mut desk, _) = gapped();
    let asked = desk.wait(Span::from_secs(7)).asks();
    assert_eq!(asked, [Question::Book, Question::Book]);
}

#[test]
fn a_snapshot_that_fails_is_asked_for_later_and_later() {
    let (mut desk, _) = gapped();
    let mut times = Vec::new();
    for _ in 0..4 {
        desk.public(NEW, Body::Answer(QueryAnswer::Failed { http: 503, code: 0 }));
        let done = desk.wait(ms(2_900));
        let ask = done.actions.iter().find(|(_, action)| matches!(action, Action::Ask { .. }));
        times.push(ask.map(|(at, _)| desk.now.since(*at)));
    }
    let waited: Vec<_> = times.into_iter().flatten().collect();
    assert!(waited.len() == 4 && waited.windows(2).all(|pair| pair[1] < pair[0]), "{waited:?}");
}

#[test]
fn frames_that_were_shed_make_every_book_begin_anew() {
    let mut desk = Desk::armed();
    let shed = ShedRange { count: 9, from: desk.now, to: desk.now };
    let done = desk.say(Body::Shed(shed));
    assert!(desk.engine.book_at(NEW).is_none());
    assert_eq!(done.asks(), [Question::Book]);
}

#[test]
fn a_stream_that_is_silent_or_down_has_no_readable_book() {
    for state in [LinkState::Stale, LinkState::Down, LinkState::Refused] {
        let mut desk = Desk::armed();
        desk.public(NEW, Body::Stream { stream: Stream::Depth, state });
        assert!(desk.engine.book_at(NEW).is_none(), "{state:?}");
        let live = Body::Stream { stream: Stream::Depth, state: LinkState::Live };
        assert_eq!(desk.public(NEW, live).asks(), [Question::Book]);
    }
}

#[test]
fn a_bid_of_a_dead_link_breaches_no_stop() {
    let (mut desk, _) = Desk::holding();
    desk.top("0.9990", "1.0010");
    desk.say(Body::Link { link: Link::Market, up: false });
    desk.trade(NEW, "0.9000");
    desk.wait(ms(200));
    assert_eq!(desk.state(), TargetState::Closing, "the last deal is all that is known");
}

#[test]
fn the_top_of_book_stream_stands_in_for_a_book_that_is_not_readable() {
    let (mut desk, _) = Desk::holding();
    desk.public(NEW, Body::Stream { stream: Stream::Depth, state: LinkState::Down });
    desk.top("0.9000", "0.9010");
    let sale = desk.wait(ms(100)).only_place();
    assert_eq!(sale.price, price("0.8910"));
    let mut desk = Desk::holding().0;
    desk.public(NEW, Body::Stream { stream: Stream::Depth, state: LinkState::Down });
    desk.top("0.9000", "0.9010");
    desk.public(NEW, Body::Stream { stream: Stream::BookTop, state: LinkState::Down });
    desk.wait(ms(200));
    assert_eq!(desk.state(), TargetState::Open, "a bid nobody vouches for");
}

#[test]
fn a_finer_scale_under_a_permit_halts_the_pair_and_changes_no_price() {
    let mut desk = Desk::armed();
    let mut spec = desk.spec();
    spec.price_decimals = 8;
    let done = desk.public(NEW, Body::Spec(spec));
    assert_eq!(done.alarms(), [model::AlarmKind::Rescale]);
    assert_eq!(desk.engine.spec(NEW).expect("rules").price_decimals, 6);
    let done = desk.until(desk::opening().after(Span::from_secs(1)));
    assert!(done.places().is_empty());
}

#[test]
fn a_finer_scale_before_arming_begins_the_book_anew() {
    let mut desk = Desk::open();
    desk.calendar(NEW, desk::opening());
    desk.book(NEW, &[], &[("1.0000", "500")]);
    let mut spec = desk.spec();
    spec.price_decimals = 8;
    desk.public(NEW, Body::Spec(spec));
    assert!(desk.engine.book_at(NEW).is_none());
    assert!(desk.tick().asks().contains(&Question::Book));
}

#[test]
fn events_of_symbols_and_accounts_beyond_every_table_change_nothing() {
    let mut desk = Desk::armed();
    let far = model::SymbolId(4_000_000_000);
    assert!(desk.trade(far, "1.0000").is_empty());
    assert!(desk.book(far, &[], &[("1.0000", "1")]).is_empty());
    let event = model::Event::of(AccountId(200), far, desk::balance(desk::QUOTE, "1"));
    assert!(desk.tell(&event).is_empty());
}

/// An armed desk whose book was in step and has just lost a push; with what that step asked for.
fn gapped() -> (Desk, Done) {
    let mut desk = Desk::armed();
    let push = |desk: &mut Desk, ahead| {
        let push = depth(DepthKind::Diff, desk.versions + ahead, &[], &[]);
        desk.public(NEW, Body::Depth(push))
    };
    push(&mut desk, 1);
    let done = push(&mut desk, 6);
    (desk, done)
}
