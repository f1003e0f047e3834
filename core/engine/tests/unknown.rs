//! Orders whose fate nobody knows: frozen, counted at full size, asked about, proved.

mod desk;

use desk::{Desk, Done, NEW, ms, opening, price, qty};
use engine::{Action, OrderState, Question};
use model::{
    AlarmKind, Body, OrderStatus, QueryAnswer, Record, RejectClass, Request, Span, TargetState,
    UpdateSource, WhyNot,
};

#[test]
fn a_lost_reply_freezes_the_target_and_says_why() {
    let (mut desk, request) = lost();
    assert_eq!(state(&desk, &request), OrderState::Unknown);
    assert_eq!(desk.target().record.why, WhyNot::UnknownOrder);
    assert!(desk.wait(Span::from_secs(8)).places().is_empty(), "a blind second order");
}

#[test]
fn a_reply_that_settles_nothing_is_a_lost_one() {
    let (mut desk, request) = Desk::fired();
    desk.reject_with(&request, RejectClass::Unknown, |reject| reject.http = 503);
    assert_eq!(state(&desk, &request), OrderState::Unknown);
}

#[test]
fn an_order_of_which_nothing_is_ever_heard_becomes_unknown_by_itself() {
    let (mut desk, request) = Desk::fired();
    desk.wait(Span::from_secs(3));
    assert_eq!(state(&desk, &request), OrderState::Unknown);
}

#[test]
fn an_order_that_was_never_reported_as_sent_becomes_unknown_by_itself() {
    let mut desk = Desk::armed();
    desk.wire = false;
    let request = desk.until(opening()).only_place();
    desk.wait(Span::from_secs(3));
    assert_eq!(state(&desk, &request), OrderState::Unknown);
    let client_order_id = request.client_order_id;
    desk.of(&request, Body::Suppressed { client_order_id });
    assert_eq!(state(&desk, &request), OrderState::Done, "the machine knows that it never left");
}

#[test]
fn it_counts_at_full_size_until_it_is_settled() {
    let (desk, request) = lost();
    let order = desk.engine.order(request.client_order_id).expect("the order");
    assert_eq!(order.open_qty(), request.qty);
    assert_eq!(order.open_notional(&desk.spec()), desk::money("120"));
}

#[test]
fn it_is_asked_about_soon_and_less_and_less_often() {
    let (mut desk, request) = lost();
    let done = desk.wait(Span::from_secs(4));
    let times: Vec<_> = done
        .actions
        .iter()
        .filter(|(_, action)| {
            let question = Question::Order(request.client_order_id);
            matches!(action, Action::Ask { question: asked, .. } if *asked == question)
        })
        .map(|(at, _)| *at)
        .collect();
    assert!((5..=8).contains(&times.len()), "{times:?}");
    let gaps: Vec<_> = times.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    assert!(gaps.windows(2).all(|pair| pair[1] >= pair[0]), "{gaps:?}");
}

#[test]
fn the_lists_are_asked_for_only_after_the_fence() {
    let (mut desk, request) = lost();
    let fence = request.timestamp.after(ms(1_000 + 1_000 + 5));
    let before = desk.until(fence);
    assert!(!before.asks().contains(&Question::OpenOrders), "{before:?}");
    let after = desk.wait(Span::from_secs(2));
    assert!(after.asks().contains(&Question::OpenOrders));
    assert!(after.asks().contains(&Question::AllOrders));
}

#[test]
fn three_sources_that_do_not_know_it_prove_its_absence_after_the_settle_time() {
    let (mut desk, request) = lost();
    let done = deny_everywhere(&mut desk, &request, 16);
    let verdict = |action: &Action| {
        matches!(action, Action::Persist { record, .. }
        if *record == never_accepted(&request))
    };
    let at = done.actions.iter().find(|(_, action)| verdict(action)).expect("a verdict").0;
    let fence = request.timestamp.after(ms(1_000 + 1_000 + 5));
    let waited = desk.engine.venue_time(at).since(fence);
    assert!(waited > Span::from_secs(10), "{waited} after the fence");
    assert_eq!(state(&desk, &request), OrderState::Done);
    assert_eq!(desk.state(), TargetState::Expired);
}

#[test]
fn a_timer_alone_proves_nothing() {
    let (mut desk, request) = lost();
    let done = desk.wait(Span::from_secs(120));
    assert_eq!(state(&desk, &request), OrderState::Unknown);
    assert_eq!(done.alarms(), [AlarmKind::UnknownOrder]);
}

#[test]
fn two_sources_prove_nothing() {
    for left_out in 0..3 {
        let (mut desk, request) = lost();
        for _ in 0..30 {
            desk.wait(Span::from_secs(1));
            for (at, body) in denials(&request).into_iter().enumerate() {
                if at != left_out {
                    desk.of(&request, body);
                }
            }
        }
        assert_eq!(state(&desk, &request), OrderState::Unknown, "without source {left_out}");
    }
}

#[test]
fn answers_from_before_the_fence_prove_nothing() {
    let (mut desk, request) = lost();
    desk.wait(ms(500));
    desk.nobody_knows(&request);
    desk.wait(Span::from_secs(60));
    assert_eq!(state(&desk, &request), OrderState::Unknown);
}

#[test]
fn answers_of_one_moment_prove_nothing() {
    let (mut desk, request) = lost();
    desk.wait(Span::from_secs(5));
    desk.nobody_knows(&request);
    desk.wait(Span::from_secs(60));
    assert_eq!(state(&desk, &request), OrderState::Unknown, "nobody was heard a second time");
}

#[test]
fn an_order_that_a_query_finds_is_adopted() {
    let (mut desk, request) = lost();
    desk.wait(ms(200));
    desk.update(&request, OrderStatus::New, "0", UpdateSource::OrderQuery);
    assert_eq!(state(&desk, &request), OrderState::Live);
}

#[test]
fn a_filled_order_that_a_query_finds_has_its_deals_asked_for() {
    let (mut desk, request) = lost();
    desk.wait(ms(200));
    let done = desk.update(&request, OrderStatus::Filled, "100", UpdateSource::AllOrders);
    assert!(done.asks().contains(&Question::Trades));
    assert_eq!(state(&desk, &request), OrderState::Live);
    desk.fill(&request, "1.0000", "100");
    assert_eq!(state(&desk, &request), OrderState::Done);
    assert_eq!((desk.state(), desk.target().position.bought), (TargetState::Open, qty("100")));
}

#[test]
fn a_deal_of_an_unknown_order_settles_that_it_exists() {
    let (mut desk, request) = lost();
    desk.fill(&request, "1.0000", "40");
    assert_eq!(state(&desk, &request), OrderState::Live);
    assert_eq!(desk.target().position.average(), Some(price("1.0000")));
}

#[test]
fn a_deal_after_the_verdict_is_held_and_managed() {
    let (mut desk, request) = lost();
    deny_everywhere(&mut desk, &request, 16);
    assert_eq!(desk.state(), TargetState::Expired);
    let done = desk.fill(&request, "1.0000", "100");
    assert_eq!(desk.state(), TargetState::Open);
    assert!(done.alarms().contains(&AlarmKind::ForeignOrder));
    assert!(!done.places().is_empty(), "its way out stands");
}

#[test]
fn a_clock_that_is_not_trusted_passes_no_fence() {
    let (mut desk, request) = lost();
    let offset = desk.engine.venue_time(model::Mono::ZERO).nanos();
    let (error, round_trip) = (Span::from_secs(1), ms(20));
    desk.say(Body::Clock(model::ClockSample { offset, error, round_trip }));
    deny_everywhere(&mut desk, &request, 30);
    assert_eq!(state(&desk, &request), OrderState::Unknown);
}

#[test]
fn a_lost_cancel_is_asked_again() {
    let (mut desk, request) = Desk::fired_with(|s| s.entry.kind = model::EntryKind::Limit);
    desk.placed(&request);
    desk.wait(Span::from_secs(2));
    let client_order_id = request.client_order_id;
    desk.of(&request, Body::ReplyLost(model::ReplyLost { client_order_id, cancel: true, http: 0 }));
    let done = desk.wait(Span::from_secs(1));
    assert_eq!(done.cancels(), [client_order_id]);
    assert!(done.asks().contains(&Question::Order(client_order_id)));
}

#[test]
fn an_unknown_entry_past_its_window_is_waited_for_without_spinning() {
    let (mut desk, request) = lost();
    desk.until(opening().after(Span::from_secs(30)));
    assert_eq!(state(&desk, &request), OrderState::Unknown);
    assert_eq!(desk.engine.targets().filter(|t| t.symbol() == NEW && t.is_active()).count(), 1);
}

fn lost() -> (Desk, Request) {
    let (mut desk, request) = Desk::fired();
    desk.wait(ms(20));
    desk.lost(&request);
    (desk, request)
}

fn state(desk: &Desk, request: &Request) -> OrderState {
    desk.engine.order(request.client_order_id).expect("the order").state
}

fn never_accepted(request: &Request) -> Record {
    Record::NeverAccepted { client_order_id: request.client_order_id }
}

fn denials(request: &Request) -> [Body; 3] {
    let (client_order_id, source) = (request.client_order_id, UpdateSource::OrderQuery);
    [
        Body::Answer(QueryAnswer::NotFound { client_order_id, source }),
        Body::Answer(QueryAnswer::OpenOrdersEnd),
        Body::Answer(QueryAnswer::AllOrdersEnd),
    ]
}

/// All three sources deny it once a second, for so long.
fn deny_everywhere(desk: &mut Desk, request: &Request, secs: u32) -> Done {
    let mut done = Done::default();
    for _ in 0..secs {
        done.actions.append(&mut desk.wait(Span::from_secs(1)).actions);
        desk.nobody_knows(request);
    }
    done
}
