//! The kill switch: what each level stops, cancels and sells.

mod desk;

use desk::{ACCOUNT, Desk, NEW, SPACING, ms, opening, qty};
use engine::OrderState;
use model::{
    AlarmKind, Body, Close, Command, EntryKind, Event, KillLevel, OrderStatus, QueryAnswer, Record,
    RejectClass, Sent, Span, SymbolId, TargetState, Text,
};

#[test]
fn a_halt_lets_no_entry_out_and_a_resume_does() {
    let mut desk = Desk::armed();
    desk.kill(KillLevel::Halt);
    let done = desk.until(opening().after(Span::from_secs(1)));
    assert!(done.places().is_empty());
    assert_eq!(desk.state(), TargetState::Armed, "targets stay");
    desk.command(Command::Resume { reason: Text::clipped("looked") });
    assert_eq!(desk.wait(SPACING).places().len(), 1);
}

#[test]
fn a_halt_cancels_a_resting_entry_by_its_id() {
    let (mut desk, entry) = Desk::fired_with(|s| s.entry.kind = EntryKind::Limit);
    desk.placed(&entry);
    assert_eq!(desk.kill(KillLevel::Halt).cancels(), [entry.client_order_id]);
}

#[test]
fn a_halt_cancels_an_entry_that_nobody_acknowledged() {
    let (mut desk, entry) = Desk::fired();
    assert_eq!(desk.kill(KillLevel::Halt).cancels(), [entry.client_order_id]);
    let (mut desk, entry) = Desk::fired();
    desk.lost(&entry);
    assert_eq!(desk.kill(KillLevel::Halt).cancels(), [entry.client_order_id]);
}

#[test]
fn an_entry_on_its_way_to_the_socket_is_cancelled_once_it_left() {
    let mut desk = Desk::armed();
    desk.wire = false;
    let entry = desk.until(opening()).only_place();
    assert!(desk.kill(KillLevel::Halt).cancels().is_empty());
    let client_order_id = entry.client_order_id;
    let sent = Sent { client_order_id, cancel: false, at: desk.now };
    desk.of(&entry, Body::Sent(sent));
    assert_eq!(desk.wait(ms(20)).cancels(), [client_order_id]);
}

#[test]
fn an_entry_that_the_flag_stopped_is_over() {
    let mut desk = Desk::armed();
    desk.wire = false;
    let entry = desk.until(opening()).only_place();
    desk.kill(KillLevel::Halt);
    let client_order_id = entry.client_order_id;
    desk.of(&entry, Body::Suppressed { client_order_id });
    assert!(desk.alive().is_empty());
    assert!(desk.wait(Span::from_secs(1)).cancels().is_empty());
}

#[test]
fn kill_cancels_leave_although_the_budget_of_entries_is_spent() {
    let mut desk = Desk::armed();
    let mut entry = desk.until(opening()).only_place();
    for _ in 0..6 {
        let refused = desk.reject_with(&entry, RejectClass::Reprice, |r| {
            let lower = entry.price.shift_bps(-100, model::Round::Down);
            r.figure = lower;
        });
        entry = refused.only_place();
    }
    assert_eq!(desk.kill(KillLevel::Halt).cancels(), [entry.client_order_id]);
}

#[test]
fn kill_cancels_leave_although_the_venue_said_to_wait() {
    let (mut desk, first) = Desk::fired_with(|s| s.entry.kind = EntryKind::Limit);
    desk.placed(&first);
    desk.reject_with(&first, RejectClass::BackOff, |reject| {
        (reject.cancel, reject.retry_after) = (true, Span::from_secs(60));
    });
    desk.wait(Span::from_secs(3));
    desk.private(Body::Busy { client_order_id: first.client_order_id, cancel: true });
    let mut done = desk.kill(KillLevel::Halt);
    done.actions.append(&mut desk.wait(ms(20)).actions);
    assert_eq!(done.cancels(), [first.client_order_id]);
}

#[test]
fn a_cancel_that_nobody_confirms_is_repeated_and_a_person_called_once() {
    let (mut desk, entry) = Desk::fired_with(|s| s.entry.kind = EntryKind::Limit);
    desk.placed(&entry);
    let mut done = desk.kill(KillLevel::Halt);
    done.actions.append(&mut desk.wait(Span::from_secs(60)).actions);
    let cancels = done.cancels().len();
    assert!((6..=20).contains(&cancels), "{cancels} in a minute");
    let stuck = done.alarms().into_iter().filter(|a| *a == model::AlarmKind::CancelStuck);
    assert_eq!(stuck.count(), 1);
}

#[test]
fn reduce_revokes_permits_and_cancels_targets() {
    let mut desk = Desk::armed();
    let permit = desk.target().record.permit.expect("a permit");
    let done = desk.kill(KillLevel::Reduce);
    assert!(done.records().contains(&Record::Revoked { permit }));
    assert_eq!(desk.state(), TargetState::Cancelled);
    desk.command(Command::Resume { reason: Text::clipped("looked") });
    assert!(desk.until(opening().after(Span::from_secs(1))).places().is_empty());
}

#[test]
fn reduce_ends_a_target_once_its_order_has_ended() {
    let (mut desk, entry) = Desk::fired();
    desk.kill(KillLevel::Reduce);
    assert_eq!(desk.state(), TargetState::Executing);
    desk.ends(&entry, OrderStatus::Cancelled, "0");
    assert_eq!(desk.state(), TargetState::Cancelled);
}

#[test]
fn reduce_leaves_positions_to_their_plans() {
    let (mut desk, _) = Desk::holding();
    assert!(desk.kill(KillLevel::Reduce).cancels().is_empty());
    assert_eq!(desk.state(), TargetState::Open);
}

#[test]
fn flatten_takes_back_what_rests_and_sells() {
    let (mut desk, standing) = Desk::holding();
    let done = desk.kill(KillLevel::Flatten);
    assert_eq!(done.cancels().len(), 2);
    assert_eq!(done.only_place().qty, qty("50"));
    desk.fills(&done.only_place());
    let mut sales = Vec::new();
    for sale in standing.places() {
        sales.extend(desk.cancelled(sale.client_order_id, "0").places());
    }
    assert_eq!(sales.len(), 1, "after a press that sold, the next does not wait for its rung");
    let mut closed = None;
    while let Some(sale) = sales.pop() {
        let done = desk.fills(&sale);
        closed = closed.or(done.closed());
        sales.extend(done.places());
        if sales.is_empty() {
            // All of it at one moment: the rate has room again after its second.
            sales.extend(desk.wait(ms(1_001)).places());
        }
    }
    assert_eq!((desk.state(), closed), (TargetState::Completed, Some(Close::Kill)));
}

#[test]
fn what_fills_after_a_flatten_is_sold_at_once() {
    let (mut desk, entry) = Desk::fired();
    desk.kill(KillLevel::Flatten);
    desk.book(NEW, &[("0.9990", "9000")], &[]);
    desk.fill(&entry, "1.0000", "100");
    let done = desk.ends(&entry, OrderStatus::Filled, "100");
    let sold = desk.alive().iter().map(|sale| sale.qty.raw()).sum::<i64>();
    assert_eq!(sold, qty("100").raw(), "{done:?}");
    assert_eq!(desk.state(), TargetState::Closing);
}

#[test]
fn a_lower_level_lowers_nothing() {
    let mut desk = Desk::open();
    desk.kill(KillLevel::Flatten);
    assert!(desk.kill(KillLevel::Halt).is_empty());
    assert!(desk.kill(KillLevel::Active).is_empty());
    assert_eq!(desk.engine.kill_level(), KillLevel::Flatten);
}

#[test]
fn each_raise_is_recorded_in_its_own_step() {
    let mut desk = Desk::open();
    for level in [KillLevel::Halt, KillLevel::Reduce, KillLevel::Flatten] {
        let raised = |r: &Record| matches!(r, Record::Kill { level: at, .. } if *at == level);
        assert!(desk.kill(level).records().iter().any(raised));
    }
}

#[test]
fn a_target_is_cancelled_with_its_entry() {
    let (mut desk, entry) = Desk::fired();
    let target = desk.target().record.id;
    let done = desk.command(Command::CancelTarget { target });
    assert_eq!(done.cancels(), [entry.client_order_id]);
    desk.cancelled(entry.client_order_id, "0");
    assert_eq!(desk.state(), TargetState::Cancelled);
    let state = desk.engine.order(entry.client_order_id).expect("the order").state;
    assert_eq!(state, OrderState::Done);
}

#[test]
fn a_fill_that_beat_the_cancel_of_its_target_is_managed() {
    let (mut desk, entry) = Desk::fired();
    let target = desk.target().record.id;
    desk.command(Command::CancelTarget { target });
    desk.fill(&entry, "1.0000", "100");
    assert_eq!(desk.state(), TargetState::Open);
    assert_eq!(desk.alive().len(), 2, "its ladder stands");
}

#[test]
fn a_private_stream_that_is_down_holds_entries_back_until_balances_are_told() {
    let mut desk = Desk::armed();
    let private = |state| Body::Stream { stream: model::Stream::Private, state };
    let tell = |desk: &mut Desk, body| desk.tell(&Event::of(ACCOUNT, SymbolId::NONE, body));
    tell(&mut desk, private(model::LinkState::Down));
    assert!(desk.until(opening()).places().is_empty());
    tell(&mut desk, private(model::LinkState::Live));
    let asked = desk.wait(ms(6_500)).asks();
    let asked = asked.iter().filter(|ask| **ask == engine::Question::Balances).count();
    assert_eq!(asked, 1, "asked again at a pace while nobody answers");
    tell(&mut desk, Body::Answer(model::QueryAnswer::BalancesEnd));
    assert_eq!(desk.wait(SPACING).places().len(), 1);
}

#[test]
fn a_question_for_balances_that_fails_at_once_is_not_asked_in_a_circle() {
    let mut desk = Desk::armed();
    let tell = |desk: &mut Desk, body| desk.tell(&Event::of(ACCOUNT, SymbolId::NONE, body));
    let private = |state| Body::Stream { stream: model::Stream::Private, state };
    tell(&mut desk, private(model::LinkState::Down));
    tell(&mut desk, private(model::LinkState::Live));
    let failed = Body::Answer(QueryAnswer::Failed { http: 0, code: 0 });
    assert!(tell(&mut desk, failed).asks().is_empty());
    let asked = desk.wait(Span::from_secs(2)).asks();
    assert!(asked.contains(&engine::Question::Balances));
}

#[test]
fn a_refused_key_is_told_once_for_each_code_until_the_account_answers_again() {
    let mut desk = Desk::armed();
    let mut told =
        |body| desk.tell(&Event::of(ACCOUNT, SymbolId::NONE, Body::Answer(body))).alarms();
    let refused = |http, code| QueryAnswer::Failed { http, code };
    assert_eq!(told(refused(400, 700_002)), [AlarmKind::Credentials]);
    assert!(told(refused(400, 700_002)).is_empty(), "the same again");
    assert_eq!(told(refused(400, 700_003)), [AlarmKind::Credentials], "another reason");
    assert!(told(refused(429, 429)).is_empty() && told(refused(503, 500)).is_empty());
    assert!(told(QueryAnswer::BalancesEnd).is_empty());
    assert_eq!(told(refused(400, 700_003)), [AlarmKind::Credentials], "again, after a success");
}

#[test]
fn a_kill_cancel_that_the_venue_put_off_is_repeated_inside_the_wait() {
    let (mut desk, entry) = Desk::fired_with(|s| s.entry.kind = EntryKind::Limit);
    desk.placed(&entry);
    assert_eq!(desk.kill(KillLevel::Halt).cancels(), [entry.client_order_id]);
    desk.reject_with(&entry, RejectClass::BackOff, |reject| {
        (reject.cancel, reject.retry_after) = (true, Span::from_secs(60));
    });
    assert!(desk.wait(Span::from_secs(10)).cancels().contains(&entry.client_order_id));
}

#[test]
fn what_a_reconciliation_asks_ends_with_the_balances_that_lift_its_block() {
    let (mut desk, _) = Desk::holding();
    let private = |state| Body::Stream { stream: model::Stream::Private, state };
    let event = |state| Event::of(ACCOUNT, SymbolId::NONE, private(state));
    desk.tell(&event(model::LinkState::Down));
    let asks = desk.tell(&event(model::LinkState::Live)).asks();
    assert!(asks.contains(&engine::Question::Trades));
    assert_eq!(asks.last(), Some(&engine::Question::Balances));
}
