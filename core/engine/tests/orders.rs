//! Deals and statuses: a position is the sum of its deals, however they arrive.

mod desk;

use desk::{ACCOUNT, BASE, Desk, INSTANCE, NEW, QUOTE, money, ms, opening, price, qty};
use engine::{OrderState, Question};
use model::{
    AlarmKind, AssetId, Body, ClientOrderId, ClientOrderIdParts, FillSource, Mode, OrderLeg,
    OrderStatus, PermitId, Record, Side, Span, TargetState, UpdateSource, VenueKey,
};

#[test]
fn a_position_is_the_sum_of_its_deals_less_fees_in_base() {
    let (mut desk, entry) = Desk::fired();
    for (at, much, fee, asset) in [("1.0000", "40", "0.04", BASE), ("1.1000", "60", "0.033", QUOTE)]
    {
        let mut fill = desk.deal(&entry, at, much);
        (fill.fee, fill.fee_asset) = (money(fee), asset);
        desk.of(&entry, Body::Fill(fill));
    }
    let position = &desk.target().position;
    assert_eq!(position.held, money("99.96"));
    assert_eq!(position.paid, money("106.033"));
    assert_eq!(position.average(), Some(price("1.06")));
    assert_eq!((position.bought, position.other_fees), (qty("100"), 0));
}

#[test]
fn a_fee_in_a_third_asset_is_counted_and_not_valued() {
    let (mut desk, entry) = Desk::fired();
    let mut fill = desk.deal(&entry, "1.0000", "100");
    (fill.fee, fill.fee_asset) = (money("0.5"), AssetId(99));
    desk.of(&entry, Body::Fill(fill));
    let position = &desk.target().position;
    assert_eq!((position.held, position.paid), (money("100"), money("100")));
    assert_eq!(position.other_fees, 1);
}

#[test]
fn a_deal_told_by_stream_and_by_query_is_applied_once() {
    let (mut desk, entry) = Desk::fired();
    let mut fill = desk.deal(&entry, "1.0000", "40");
    desk.of(&entry, Body::Fill(fill));
    fill.source = FillSource::Trades;
    assert!(desk.of(&entry, Body::Fill(fill)).is_empty());
    desk.of(&entry, Body::Fill(fill));
    assert_eq!(desk.target().position.held, money("40"));
}

#[test]
fn a_deal_before_its_acknowledgement_is_taken() {
    let (mut desk, entry) = Desk::fired();
    desk.fill(&entry, "1.0000", "100");
    desk.placed(&entry);
    desk.ends(&entry, OrderStatus::New, "0");
    let order = desk.engine.order(entry.client_order_id).expect("the order");
    assert_eq!((order.state, order.filled), (OrderState::Done, qty("100")));
    assert_eq!(desk.state(), TargetState::Open);
}

#[test]
fn a_deal_before_the_report_of_its_sending_is_taken() {
    let mut desk = Desk::armed();
    desk.wire = false;
    let entry = desk.until(opening()).only_place();
    desk.fill(&entry, "1.0000", "100");
    assert_eq!(desk.state(), TargetState::Open);
}

#[test]
fn an_older_status_never_lowers_what_is_filled() {
    let (mut desk, entry) = Desk::fired();
    desk.placed(&entry);
    desk.fill(&entry, "1.0000", "60");
    desk.update(&entry, OrderStatus::PartiallyFilled, "60", UpdateSource::Stream);
    desk.update(&entry, OrderStatus::New, "0", UpdateSource::OrderQuery);
    let order = desk.engine.order(entry.client_order_id).expect("the order");
    assert_eq!((order.filled, order.venue_filled), (qty("60"), qty("60")));
}

#[test]
fn an_order_that_ended_waits_for_the_deals_it_speaks_of() {
    let (mut desk, entry) = Desk::fired();
    desk.ends(&entry, OrderStatus::PartiallyCancelled, "60");
    let order = desk.engine.order(entry.client_order_id).expect("the order");
    assert_eq!((order.state, order.open_qty()), (OrderState::Live, qty("60")));
    let asked = desk.wait(Span::from_secs(2)).asks();
    assert!(asked.contains(&Question::Trades), "the deals lag");
    assert!(desk.alive().len() == 1, "no second entry meanwhile");
    desk.fill(&entry, "1.0000", "60");
    let order = desk.engine.order(entry.client_order_id).expect("the order");
    assert_eq!(order.state, OrderState::Done);
}

#[test]
fn a_partial_fill_that_only_a_query_tells_has_its_deals_asked_for() {
    let (mut desk, standing) = Desk::holding();
    let sale = standing.places()[0];
    let query = UpdateSource::OrderQuery;
    let done = desk.update(&sale, OrderStatus::PartiallyFilled, "5", query);
    assert!(done.asks().contains(&Question::Trades));
}

#[test]
fn a_resting_sale_of_which_nothing_is_heard_is_asked_about_now_and_then() {
    let (mut desk, standing) = Desk::holding();
    let asked = desk.wait(Span::from_secs(60)).asks();
    for sale in standing.places() {
        let question = Question::Order(sale.client_order_id);
        let times = asked.iter().filter(|ask| **ask == question).count();
        assert!((4..=8).contains(&times), "{times} in a minute");
    }
}

#[test]
fn an_acknowledged_order_that_should_have_ended_is_asked_about() {
    let (mut desk, entry) = Desk::fired();
    desk.placed(&entry);
    let asked = desk.wait(Span::from_secs(2)).asks();
    assert!(asked.contains(&Question::Order(entry.client_order_id)));
}

#[test]
fn more_filled_than_ordered_is_held_at_its_real_size_and_halts_the_pair() {
    let (mut desk, entry) = Desk::fired();
    desk.fill(&entry, "1.0000", "100");
    let done = desk.fill(&entry, "1.0000", "20");
    assert!(done.alarms().contains(&AlarmKind::Overfill));
    assert_eq!(desk.target().position.held, money("120"));
}

#[test]
fn a_strangers_deal_alarms_once_and_moves_no_position() {
    let (mut desk, entry) = Desk::fired();
    let mut fill = desk.deal(&entry, "1.0000", "40");
    fill.client_order_id = None;
    assert_eq!(desk.of(&entry, Body::Fill(fill)).alarms(), [AlarmKind::ForeignOrder]);
    assert!(desk.of(&entry, Body::Fill(fill)).alarms().is_empty());
    assert_eq!(desk.state(), TargetState::Executing);
}

#[test]
fn a_strangers_order_holds_entries_of_its_pair_back_until_a_resume() {
    let mut desk = Desk::armed();
    let mut fill = {
        let (mut other, entry) = Desk::fired();
        other.deal(&entry, "1.0000", "40")
    };
    fill.client_order_id = None;
    desk.private(Body::Fill(fill));
    assert!(desk.until(opening().after(Span::from_secs(1))).places().is_empty());
    let reason = model::Text::clipped("it was me");
    desk.command(model::Command::Resume { reason });
    assert_eq!(desk.wait(ms(200)).places().len(), 1);
}

#[test]
fn an_id_of_another_instance_or_mode_is_a_strangers() {
    for (mode, instance) in [(Mode::Demo, INSTANCE + 1), (Mode::Live, INSTANCE)] {
        let (mut desk, entry) = Desk::fired();
        let parts = ClientOrderIdParts { mode, instance, ..entry.client_order_id.parts() };
        let mut fill = desk.deal(&entry, "1.0000", "40");
        fill.client_order_id = Some(ClientOrderId::new(parts));
        assert_eq!(desk.of(&entry, Body::Fill(fill)).alarms(), [AlarmKind::ForeignOrder]);
    }
}

#[test]
fn a_deal_of_an_order_that_was_forgotten_finds_its_target_by_the_permit() {
    let (mut desk, entry) = Desk::fired();
    let parts = ClientOrderIdParts { attempt: 77, ..entry.client_order_id.parts() };
    let mut fill = desk.deal(&entry, "1.0000", "40");
    fill.client_order_id = Some(ClientOrderId::new(parts));
    desk.of(&entry, Body::Fill(fill));
    assert_eq!(desk.target().position.held, money("40"));
}

#[test]
fn a_deal_under_no_permit_of_ours_is_a_strangers() {
    let (mut desk, entry) = Desk::fired();
    let permit = PermitId(4_000);
    let parts = ClientOrderIdParts { permit, ..entry.client_order_id.parts() };
    let mut fill = desk.deal(&entry, "1.0000", "40");
    fill.client_order_id = Some(ClientOrderId::new(parts));
    assert_eq!(desk.of(&entry, Body::Fill(fill)).alarms(), [AlarmKind::ForeignOrder]);
}

#[test]
fn an_order_filled_after_its_cancel_was_confirmed_is_held() {
    let (mut desk, entry) = Desk::fired_with(|s| s.entry.kind = model::EntryKind::Limit);
    desk.placed(&entry);
    desk.wait(Span::from_secs(2));
    desk.cancelled(entry.client_order_id, "0");
    desk.fill(&entry, "1.0000", "100");
    assert_eq!(desk.state(), TargetState::Open);
    assert_eq!(desk.target().position.held, money("100"));
}

#[test]
fn a_cancel_of_an_order_the_venue_does_not_know_asks_for_its_fills() {
    let (mut desk, entry) = Desk::fired_with(|s| s.entry.kind = model::EntryKind::Limit);
    desk.placed(&entry);
    desk.wait(Span::from_secs(2));
    let class = model::RejectClass::NoSuchOrder;
    let done = desk.reject_with(&entry, class, |reject| reject.cancel = true);
    assert!(done.asks().contains(&Question::Order(entry.client_order_id)));
    assert!(done.asks().contains(&Question::Trades));
    let order = desk.engine.order(entry.client_order_id).expect("the order");
    assert_eq!(order.state, OrderState::Live, "it is not assumed cancelled");
}

#[test]
fn every_deal_leaves_a_record_of_the_position() {
    let (mut desk, entry) = Desk::fired();
    let done = desk.fill(&entry, "1.0000", "40");
    let Some(Record::Position(position)) =
        done.records().into_iter().find(|record| matches!(record, Record::Position(_)))
    else {
        panic!("{done:?}");
    };
    assert_eq!((position.qty, position.paid, position.account), (qty("40"), money("40"), ACCOUNT));
}

#[test]
fn ids_name_instance_epoch_permit_leg_and_attempt_and_none_is_given_twice() {
    let (mut desk, first) = Desk::fired();
    desk.reject(&first, model::RejectClass::Wait);
    let second = desk.wait(ms(200)).only_place();
    let (one, two) = (first.client_order_id.parts(), second.client_order_id.parts());
    assert_eq!((one.instance, one.epoch, one.leg), (INSTANCE, 7, OrderLeg::ENTRY));
    assert_eq!((one.attempt, two.attempt), (0, 1));
    assert_eq!(one.permit, two.permit);
    assert_eq!((first.side, first.symbol), (Side::Buy, NEW));
    assert!(VenueKey(first.client_order_id.raw()).is_some());
}

#[test]
fn a_step_without_anything_to_do_asks_for_nothing() {
    let (mut desk, _) = Desk::holding();
    assert!(desk.tick().is_empty());
    assert!(desk.bid("0.9991").is_empty());
    assert!(desk.trade(NEW, "1.0001").is_empty());
    assert!(Desk::armed().tick().is_empty());
    assert!(Desk::new().tick().is_empty());
}
