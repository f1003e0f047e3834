//! The instant, and the reaction to each refusal of an entry.

mod desk;

use desk::{Desk, NEW, ONE_WAY, SPACING, money, ms, opening, price, qty};
use model::{
    AlarmKind, Authority, Block, Body, Intent, KillLevel, Mono, OrderKind, OrderStatus, Record,
    RejectClass, Request, Side, Span, SymbolStatus, TargetState, WhyNot,
};

#[test]
fn an_entry_leaves_one_way_before_the_planned_instant() {
    let mut desk = Desk::armed();
    let done = desk.until(opening().after(Span::from_secs(1)));
    let (at, request) = done.timed_places()[0];
    let offset = opening().nanos() - desk.engine.venue_time(Mono::ZERO).nanos();
    assert_eq!(at, Mono::from_nanos(offset as u64).before(ONE_WAY));
    assert_eq!((request.side, request.kind), (Side::Buy, OrderKind::ImmediateOrCancel));
    assert_eq!((request.price, request.qty), (price("1.2000"), qty("100")));
    let permit = desk.target().record.permit.expect("a permit");
    assert_eq!(request.authority, Authority::Permit(permit));
    assert_eq!(request.client_order_id.permit(), permit);
}

#[test]
fn the_first_print_fires_at_once_inside_the_window() {
    let mut desk = Desk::armed();
    desk.until(opening().before(ms(150)));
    assert_eq!(desk.trade(NEW, "1.0000").places().len(), 1);
}

#[test]
fn a_print_before_the_window_fires_at_its_first_moment() {
    let mut desk = Desk::armed();
    assert!(desk.trade(NEW, "1.0000").places().is_empty());
    let done = desk.until(opening().before(ms(200)));
    assert_eq!(done.places().len(), 1);
}

#[test]
fn the_first_print_does_not_wait_for_the_pace_of_refused_orders() {
    let (mut desk, request) = Desk::fired();
    desk.wait(ms(5));
    assert!(desk.reject(&request, RejectClass::Wait).places().is_empty());
    desk.wait(ms(5));
    assert_eq!(desk.trade(NEW, "1.0000").places().len(), 1);
}

#[test]
fn a_target_that_waits_for_its_strategy_fires_only_on_its_word() {
    let mut desk = Desk::armed_with(|setup| {
        setup.entry.triggers = model::Triggers { schedule: false, print: false, strategy: true };
    });
    assert!(desk.until(opening().after(ms(500))).places().is_empty());
    assert!(desk.trade(NEW, "1.0000").places().is_empty());
    let target = desk.target().record.id;
    desk.wish(Intent::Enter { target });
    assert_eq!(desk.trade(NEW, "1.0000").places().len(), 1);
}

#[test]
fn not_yet_open_is_repeated_at_the_spacing_of_the_budget() {
    let mut desk = Desk::armed();
    let times = refused_for(&mut desk, RejectClass::Wait, 3_000);
    assert!(times.len() >= 20, "{} tries in three seconds", times.len());
    for pair in times.windows(2) {
        assert_eq!(pair[1].since(pair[0]), SPACING);
    }
}

#[test]
fn an_entry_that_found_nothing_to_buy_is_repeated_at_the_spacing_too() {
    let (mut desk, first) = Desk::fired();
    desk.placed(&first);
    let done = desk.ends(&first, OrderStatus::Cancelled, "0");
    assert!(done.places().is_empty());
    assert_eq!(desk.wait(SPACING).places().len(), 1);
}

#[test]
fn no_sliding_second_ever_holds_more_entries_than_the_budget_leaves_them() {
    for class in [RejectClass::Wait, RejectClass::Reprice, RejectClass::Clock] {
        let mut desk = Desk::armed();
        let times = refused_for(&mut desk, class, 3_000);
        for (at, first) in times.iter().enumerate() {
            let end = first.after(Span::from_secs(1));
            let inside = times[at..].iter().take_while(|time| **time <= end).count();
            assert!(inside <= 7, "{inside} of {class:?} in the second after {first:?}");
        }
    }
}

#[test]
fn the_orders_of_a_permit_are_counted_with_the_refused_ones() {
    let mut desk = Desk::armed_with(|setup| setup.entry.orders_max = 5);
    let times = refused_for(&mut desk, RejectClass::Wait, 3_000);
    assert_eq!(times.len(), 5);
    let why = desk.target().record.why;
    assert_eq!((desk.state(), why), (TargetState::Expired, WhyNot::OrdersSpent));
}

#[test]
fn a_window_that_passes_without_a_fill_expires_the_target() {
    let mut desk = Desk::armed();
    refused_for(&mut desk, RejectClass::WaitSlowly, 12_000);
    assert_eq!((desk.state(), desk.target().record.why), (TargetState::Expired, WhyNot::NoFill));
}

#[test]
fn an_opening_put_off_after_orders_left_is_waited_for_with_another_permit() {
    let (mut desk, first) = Desk::fired();
    desk.reject(&first, RejectClass::Wait);
    let permit = desk.target().record.permit;
    let later = opening().after(Span::from_secs(60));
    let done = desk.calendar(NEW, later);
    assert!(done.records().iter().any(|record| matches!(record, Record::Revoked { .. })));
    assert_eq!((desk.state(), desk.target().record.opens_at), (TargetState::Ready, later));
    let before = later.before(Span::from_secs(5));
    assert!(desk.until(before).places().is_empty(), "nothing leaves for the old time");
    desk.clock();
    desk.rules(NEW);
    assert_eq!(desk.state(), TargetState::Armed);
    let again = desk.until(later).only_place();
    assert_eq!((again.price, again.qty), (first.price, first.qty));
    assert_ne!(Some(again.client_order_id.permit()), permit);
}

#[test]
fn a_later_time_told_while_an_entry_is_out_waits_for_its_reply() {
    let (mut desk, first) = Desk::fired();
    let later = opening().after(Span::from_secs(60));
    desk.calendar(NEW, later);
    assert_eq!((desk.state(), desk.target().record.opens_at), (TargetState::Executing, opening()));
    desk.reject(&first, RejectClass::Wait);
    assert_eq!((desk.state(), desk.target().record.opens_at), (TargetState::Ready, later));
}

#[test]
fn a_later_time_changes_nothing_once_the_pair_trades_or_something_was_bought() {
    let later = opening().after(Span::from_secs(60));
    let (mut desk, first) = Desk::fired();
    desk.reject(&first, RejectClass::Wait);
    desk.trade(NEW, "1.0000");
    desk.calendar(NEW, later);
    assert_eq!((desk.state(), desk.target().record.opens_at), (TargetState::Executing, opening()));
    let (mut desk, first) = Desk::fired();
    desk.placed(&first);
    desk.fill(&first, "1.0000", "40");
    desk.calendar(NEW, later);
    assert_eq!((desk.state(), desk.target().record.opens_at), (TargetState::Open, opening()));
}

#[test]
fn rules_read_before_the_opening_hold_no_entry_back_and_later_ones_do_until_they_change() {
    let (mut desk, first) = Desk::fired();
    let mut paused = desk.spec();
    paused.status = SymbolStatus::Paused;
    desk.public(NEW, Body::Spec(paused));
    desk.wait(ms(5));
    desk.reject(&first, RejectClass::Wait);
    let second = desk.trade(NEW, "1.0000").only_place();
    assert_eq!(second.side, Side::Buy, "what was read before the first deal is of before");
    desk.wait(ms(5));
    (paused.version, paused.read_at) = (2, desk.venue_now());
    desk.public(NEW, Body::Spec(paused));
    desk.reject(&second, RejectClass::Wait);
    assert!(desk.wait(Span::from_secs(1)).places().is_empty());
    assert_eq!(desk.target().record.why, WhyNot::EntriesBlocked);
    let open = desk.spec();
    desk.public(NEW, Body::Spec(open));
    assert_eq!(desk.wait(SPACING).places().len(), 1);
}

#[test]
fn a_cap_in_the_refusal_is_obeyed_at_once() {
    let (mut desk, first) = Desk::fired();
    let done = desk.reject_with(&first, RejectClass::Reprice, |r| r.figure = Some(price("0.9")));
    let second = done.only_place();
    assert_eq!((second.price, second.qty), (price("0.9000"), qty("133.33")));
}

#[test]
fn a_cap_above_the_permits_price_does_not_raise_it() {
    let (mut desk, first) = Desk::fired();
    let done = desk.reject_with(&first, RejectClass::Reprice, |r| r.figure = Some(price("9")));
    assert_eq!(done.only_place().price, price("1.2000"));
}

#[test]
fn a_repricing_without_a_figure_is_a_repetition() {
    let (mut desk, first) = Desk::fired();
    assert!(desk.reject(&first, RejectClass::Reprice).places().is_empty());
    let again = desk.wait(SPACING).only_place();
    assert_eq!(again.price, first.price);
}

#[test]
fn a_pair_closed_to_the_api_is_tried_ever_more_slowly() {
    let mut desk = Desk::armed();
    let times = refused_for(&mut desk, RejectClass::WaitSlowly, 9_000);
    let gaps: Vec<Span> = times.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    assert!(gaps.len() >= 4 && gaps.windows(2).all(|pair| pair[1] > pair[0]), "{gaps:?}");
}

#[test]
fn retry_after_is_waited_out() {
    let (mut desk, first) = Desk::fired();
    desk.reject_with(&first, RejectClass::BackOff, |reject| {
        (reject.http, reject.retry_after) = (429, Span::from_secs(3));
    });
    assert!(desk.wait(ms(2_999)).places().is_empty());
    assert_eq!(desk.wait(ms(2)).places().len(), 1);
}

#[test]
fn retry_after_of_a_refused_cancel_is_waited_out_too() {
    let (mut desk, first) = Desk::fired_with(|s| s.entry.kind = model::EntryKind::Limit);
    desk.placed(&first);
    let done = desk.wait(Span::from_secs(2));
    assert_eq!(done.cancels(), [first.client_order_id]);
    desk.reject_with(&first, RejectClass::BackOff, |reject| {
        (reject.cancel, reject.http, reject.retry_after) = (true, 429, Span::from_secs(5));
    });
    assert!(desk.wait(ms(4_900)).cancels().is_empty());
    assert!(!desk.wait(ms(1_500)).cancels().is_empty());
}

#[test]
fn a_resting_entry_is_cancelled_at_the_end_of_its_life() {
    let (mut desk, first) = Desk::fired_with(|s| s.entry.kind = model::EntryKind::Limit);
    assert_eq!(first.kind, OrderKind::Limit);
    desk.placed(&first);
    assert!(desk.wait(ms(1_980)).cancels().is_empty());
    assert_eq!(desk.wait(ms(20)).cancels(), [first.client_order_id]);
}

#[test]
fn a_key_that_the_venue_refuses_halts_trading_and_calls_a_person() {
    let (mut desk, first) = Desk::fired();
    let done = desk.reject_with(&first, RejectClass::StopAll, |reject| reject.code = 700_002);
    assert!(done.alarms().contains(&AlarmKind::Credentials));
    assert_eq!(desk.engine.kill_level(), KillLevel::Halt);
    assert_eq!(desk.state(), TargetState::Failed);
}

#[test]
fn a_definitive_refusal_ends_the_target_without_another_try() {
    let (mut desk, first) = Desk::fired();
    desk.reject(&first, RejectClass::Definitive);
    assert_eq!((desk.state(), desk.target().record.why), (TargetState::Failed, WhyNot::Rejected));
    assert!(desk.wait(Span::from_secs(5)).places().is_empty());
}

#[test]
fn a_clock_that_is_wrong_four_times_ends_the_target() {
    let mut desk = Desk::armed();
    assert_eq!(refused_for(&mut desk, RejectClass::Clock, 5_000).len(), 4);
    assert_eq!(desk.state(), TargetState::Failed);
}

#[test]
fn an_order_that_no_connection_took_is_tried_again_soon_under_another_id() {
    let (mut desk, first) = fired_unsent();
    let client_order_id = first.client_order_id;
    desk.of(&first, Body::Busy { client_order_id, cancel: false });
    let second = desk.wait(ms(10)).only_place();
    assert_ne!(second.client_order_id, client_order_id);
}

#[test]
fn blocked_entries_wait_and_leave_when_the_block_goes() {
    let mut desk = Desk::armed();
    desk.say(Body::Blocked { block: Block::Journal, on: true });
    let done = desk.until(opening().after(Span::from_secs(1)));
    assert!(done.places().is_empty());
    assert_eq!(done.refusals().len(), 1, "one note, however often it is tried");
    assert_eq!(desk.target().record.why, WhyNot::EntriesBlocked);
    desk.say(Body::Blocked { block: Block::Journal, on: false });
    assert_eq!(desk.wait(SPACING).places().len(), 1);
}

#[test]
fn a_print_below_the_reference_lowers_the_order_into_the_collar() {
    let mut desk = Desk::armed();
    desk.until(opening().before(ms(100)));
    let request = desk.trade(NEW, "0.9000").only_place();
    // The permit allows 1.2000, but the collar ends 20 % above the last deal.
    assert_eq!(request.price, price("1.0800"));
}

#[test]
fn a_price_that_ran_away_is_waited_for_until_the_window_ends() {
    let mut desk = Desk::armed();
    desk.until(opening().before(ms(100)));
    assert!(desk.trade(NEW, "5.0000").places().is_empty());
    assert!(!desk.target().record.state.is_final());
    desk.wait(SPACING);
    desk.trade(NEW, "1.1000");
    assert_eq!(desk.wait(SPACING).places().len(), 1);
}

#[test]
fn an_order_is_cut_to_its_share_of_the_book_and_an_empty_book_is_waited_for() {
    let mut desk = Desk::armed();
    desk.book(NEW, &[], &[("5.0000", "900")]);
    desk.until(opening().before(ms(100)));
    assert!(desk.trade(NEW, "1.0000").places().is_empty(), "nothing stands below the cap");
    assert!(!desk.target().record.state.is_final());
    desk.book(NEW, &[], &[("1.0500", "200")]);
    let request = desk.wait(SPACING).only_place();
    assert_eq!(request.qty, qty("40"), "a fifth of what stands there");
}

#[test]
fn as_many_positions_as_allowed_hold_a_further_entry_back() {
    let mut desk = Desk::armed_with(|setup| setup.limits(|limits| limits.positions_max = 0));
    desk.until(opening().after(Span::from_secs(1)));
    assert!(desk.trade(NEW, "1.0000").places().is_empty());
    assert_eq!(desk.target().record.why, WhyNot::PositionsMax);
}

#[test]
fn what_was_bought_today_and_what_is_in_flight_count_against_the_day() {
    let mut desk = Desk::armed_with(|setup| setup.limits(|l| l.daily_buy_max = money("119")));
    let done = desk.until(opening());
    assert!(matches!(done.refusals()[..], [risk::Refusal::DailyBuyAboveMax { .. }]), "{done:?}");
}

/// Refuses each entry two milliseconds after it left, for so long; with when they left.
fn refused_for(desk: &mut Desk, class: RejectClass, millis: u64) -> Vec<Mono> {
    let mut times = Vec::new();
    let mut done = desk.until(opening().before(ms(100)));
    let end = desk.now.after(ms(millis));
    while desk.now < end {
        let places = done.timed_places();
        assert!(places.len() <= 1, "attempts are serialised on the reply");
        if let Some((at, request)) = places.first() {
            times.push(*at);
            desk.wait(ms(2));
            done = desk.reject(request, class);
        } else {
            done = desk.wait(Span::from_micros(500));
        }
    }
    times
}

/// A desk whose entry was handed to the machine, which has not said that it left.
fn fired_unsent() -> (Desk, Request) {
    let mut desk = Desk::armed();
    desk.wire = false;
    let request = desk.until(opening()).only_place();
    (desk, request)
}
