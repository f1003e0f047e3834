//! What the operator does by hand: through the same permits, gate and exits as everything else.

mod desk;

use desk::{ACCOUNT, BASE, Desk, Done, NEW, balance, money, ms, opening, price, qty};
use engine::{Action, Note, Outcome};
use model::{
    AccountId, AlarmKind, Amount, Body, BuyByHand, ByHand, Close, Command, Event, Intent,
    KillLevel, Link, OrderKind, OrderStatus, Pattern, Price, PriceCap, Record, RejectClass, Side,
    Span, SymbolId, TargetByHand, TargetId, TargetState, VenueTime, WhyNot,
};
use risk::Refusal;

// --- targets

#[test]
fn a_target_by_hand_is_armed_and_fires_inside_the_operators_price() {
    let mut desk = Desk::open();
    desk.calendar_only();
    let (done, outcome) = add(&mut desk, PriceCap::Max(money("0.8")));
    let target = outcome.expect("a target");
    let record = done.targets()[0];
    assert_eq!((record.id, record.state), (target, TargetState::Ready));
    assert_eq!(record.pattern, Pattern::ByHand);
    let done = desk.until(opening().before(Span::from_secs(5)));
    let permit = done.permits()[0];
    assert_eq!((permit.price_max, permit.target), (price("0.8000"), target));
    assert_eq!(state_of(&desk, target), TargetState::Armed);
    desk.clock();
    let request = desk.until(opening()).only_place();
    assert_eq!((request.price, request.side), (price("0.8000"), Side::Buy));
    assert_eq!(request.authority.permit(), permit.id);
}

#[test]
fn a_reference_by_hand_gets_the_plans_premium() {
    let mut desk = Desk::open();
    desk.calendar_only();
    add(&mut desk, PriceCap::Reference(money("0.5"))).1.expect("a target");
    let done = desk.until(opening().before(Span::from_secs(5)));
    assert_eq!(done.permits()[0].price_max, price("0.6000"));
}

#[test]
fn a_price_by_hand_keeps_its_value_when_the_scale_of_the_pair_moves() {
    for decimals in [4, 8] {
        let mut desk = Desk::open();
        desk.calendar_only();
        let target = add(&mut desk, PriceCap::Max(money("0.8"))).1.expect("a target");
        let mut spec = desk.spec();
        spec.price_decimals = decimals;
        spec.tick = Price::parse(b"0.0001", decimals).expect("a price");
        desk.public(NEW, Body::Spec(spec));
        let done = desk.until(opening().before(Span::from_secs(5)));
        let cap = Price::parse(b"0.8", decimals).expect("a price");
        assert_eq!(done.permits()[0].price_max, cap, "at {decimals} decimals");
        assert_eq!(state_of(&desk, target), TargetState::Armed);
    }
}

#[test]
fn a_strategys_proposal_does_not_touch_a_target_by_hand() {
    let mut desk = Desk::open();
    desk.calendar_only();
    let target = add(&mut desk, PriceCap::Max(money("0.8"))).1.expect("a target");
    // The strategy proposes the pair now, with its own reference and size.
    desk.triple(NEW, (2, 2, 4));
    let found = desk.target();
    assert_eq!(found.record.id, target);
    assert_eq!(found.record.entry.operator_price, Some(price("0.8000")));
    assert_eq!(found.record.pattern, Pattern::ByHand);
}

#[test]
fn what_cannot_be_a_target_is_declined_with_its_reason() {
    let cap = PriceCap::Max(money("0.8"));
    let mut desk = Desk::open();
    assert_eq!(add(&mut desk, cap).1, declined(WhyNot::NoOpening));
    let other = ask(&mut desk, ACCOUNT, SymbolId(77), ByHand::AddTarget(wish(cap))).1;
    assert_eq!(other, declined(WhyNot::UnknownPair));
    let nobody = ask(&mut desk, AccountId(5), NEW, ByHand::AddTarget(wish(cap))).1;
    assert_eq!(nobody, declined(WhyNot::NoAccount));

    desk.calendar_only();
    let other = VenueTime::from_nanos(opening().nanos() + 1);
    let other = ByHand::AddTarget(TargetByHand { opens_at: other, ..wish(cap) });
    assert_eq!(ask(&mut desk, ACCOUNT, NEW, other).1, declined(WhyNot::OtherOpening));
    let rich = TargetByHand { notional: money("151"), ..wish(cap) };
    let refusal = Refusal::NotionalAboveMax { asked: money("151"), max: money("150") };
    let rich = ask(&mut desk, ACCOUNT, NEW, ByHand::AddTarget(rich)).1;
    assert_eq!(rich, Err(Outcome::Refused { refusal }));
    assert_eq!(add(&mut desk, PriceCap::Max(money("0.00001"))).1, declined(WhyNot::BadFigure));

    add(&mut desk, cap).1.expect("the first one");
    assert_eq!(add(&mut desk, cap).1, declined(WhyNot::SymbolTaken));
    desk.kill(KillLevel::Reduce);
    assert_eq!(add(&mut desk, cap).1, declined(WhyNot::EntriesBlocked));
    desk.command(Command::Resume { reason: model::Text::clipped("looked") });
    desk.until(opening().after(Span::from_secs(1)));
    assert_eq!(add(&mut desk, cap).1, declined(WhyNot::TooLate));
}

#[test]
fn the_operators_own_opening_serves_until_a_witness_names_another() {
    let mut desk = Desk::open();
    let said = TargetByHand { opens_at: opening(), ..wish(PriceCap::Max(money("0.8"))) };
    let target = ask(&mut desk, ACCOUNT, NEW, ByHand::AddTarget(said)).1.expect("a target");
    assert_eq!(desk.target().record.opens_at, opening());
    let later = opening().after(Span::from_secs(60));
    desk.calendar(NEW, later);
    assert_eq!(desk.target().record.opens_at, later);
    assert_eq!(desk.target().record.id, target);
}

#[test]
fn a_disarmed_target_stays_so_until_it_is_armed_again() {
    let mut desk = Desk::armed();
    let target = desk.target().record.id;
    let permit = desk.target().permit.expect("it is armed").permit.id;
    let (done, outcome) = ask(&mut desk, ACCOUNT, NEW, ByHand::Disarm { target });
    outcome.expect("it is armed");
    assert!(done.records().contains(&Record::Revoked { permit }), "{:#?}", done.actions);
    assert_eq!((desk.state(), desk.target().record.why), (TargetState::Ready, WhyNot::Disarmed));

    // A newer book, the strategy's proposals and time itself do not arm it.
    desk.book(NEW, &[], &[("1.0500", "500")]);
    desk.triple(NEW, (2, 2, 4));
    assert!(desk.wait(Span::from_secs(2)).permits().is_empty());
    assert_eq!((desk.state(), desk.target().record.why), (TargetState::Ready, WhyNot::Disarmed));

    let (done, outcome) = ask(&mut desk, ACCOUNT, NEW, ByHand::Arm { target });
    outcome.expect("it may be armed");
    let fresh = done.permits()[0];
    assert_ne!(fresh.id, permit);
    assert_eq!(desk.state(), TargetState::Armed);
    let request = desk.until(opening()).only_place();
    assert_eq!(request.authority.permit(), fresh.id);
}

#[test]
fn a_target_that_stays_disarmed_sends_nothing_and_is_missed() {
    let mut desk = Desk::armed();
    let target = desk.target().record.id;
    ask(&mut desk, ACCOUNT, NEW, ByHand::Disarm { target }).1.expect("it is armed");
    let done = desk.until(opening().after(Span::from_secs(11)));
    assert!(done.places().is_empty());
    assert_eq!(desk.state(), TargetState::Missed);
}

#[test]
fn disarming_cancels_the_entry_in_flight_and_its_late_deal_is_managed() {
    let (mut desk, request) = Desk::fired();
    let target = desk.target().record.id;
    let (done, _) = ask(&mut desk, ACCOUNT, NEW, ByHand::Disarm { target });
    assert_eq!(done.cancels(), [request.client_order_id]);
    let again = ask(&mut desk, ACCOUNT, NEW, ByHand::Arm { target }).1;
    assert_eq!(again, declined(WhyNot::InFlight), "its order may still fill");
    desk.trade(NEW, "1.0000");
    desk.book(NEW, &[("0.9990", "9000")], &[("1.0010", "9000")]);
    let done = desk.fill(&request, "1.0000", "40");
    assert_eq!(desk.state(), TargetState::Open);
    assert!(done.places().is_empty(), "the entry has not ended");
    let done = desk.cancelled(request.client_order_id, "40");
    assert!(done.places().iter().all(|sale| sale.side == Side::Sell));
    assert!(!done.places().is_empty(), "its exit plan holds");
}

#[test]
fn a_disarmed_target_whose_entry_was_cancelled_can_be_armed_or_given_up() {
    let (mut desk, request) = Desk::fired();
    let target = desk.target().record.id;
    ask(&mut desk, ACCOUNT, NEW, ByHand::Disarm { target }).1.expect("it fires");
    ask(&mut desk, ACCOUNT, NEW, ByHand::CancelTarget { target }).1.expect("it is not over");
    assert_eq!(desk.state(), TargetState::Executing, "its order is still out");
    desk.cancelled(request.client_order_id, "0");
    assert_eq!(desk.state(), TargetState::Cancelled);

    let (mut desk, request) = Desk::fired();
    let target = desk.target().record.id;
    ask(&mut desk, ACCOUNT, NEW, ByHand::Disarm { target }).1.expect("it fires");
    desk.cancelled(request.client_order_id, "0");
    let (done, outcome) = ask(&mut desk, ACCOUNT, NEW, ByHand::Arm { target });
    outcome.expect("nothing is out");
    assert_eq!(done.permits().len(), 1, "a permit of its own: {:#?}", done.actions);
}

#[test]
fn a_cancel_of_a_disarmed_target_waits_for_budget_and_for_a_connection() {
    let (mut desk, request) = Desk::fired_with(|setup| {
        let mut account = setup.account();
        (account.rate.per_window, account.rate.reserve_cancels) = (1, 0);
        account.rate.reserve_exits = 0;
        setup.set_accounts(&[account]);
    });
    let target = desk.target().record.id;
    let (done, _) = ask(&mut desk, ACCOUNT, NEW, ByHand::Disarm { target });
    assert!(done.cancels().is_empty(), "the second's budget is spent");
    let link = |up| Event::of(ACCOUNT, SymbolId::NONE, Body::Link { link: Link::Order, up });
    desk.tell(&link(false));
    assert!(desk.wait(Span::from_secs(2)).cancels().is_empty(), "nothing could carry it");
    assert_eq!(desk.tell(&link(true)).cancels(), [request.client_order_id]);
}

#[test]
fn a_target_that_is_not_sure_enough_is_armed_by_hand() {
    let mut desk = Desk::open();
    desk.calendar_only();
    desk.triple(NEW, (2, 1, 0));
    let target = desk.target().record.id;
    assert_eq!(desk.state(), TargetState::Pending);
    ask(&mut desk, ACCOUNT, NEW, ByHand::Arm { target }).1.expect("it waits");
    assert_eq!(desk.state(), TargetState::Ready);
}

#[test]
fn a_wish_for_a_target_that_is_over_or_holding_or_unknown_says_so() {
    let unknown = TargetId(999);
    let (mut desk, _) = Desk::holding();
    let target = desk.target().record.id;
    for make in [arm, disarm, cancel, rehearse] {
        assert_eq!(ask(&mut desk, ACCOUNT, NEW, make(target)).1, declined(WhyNot::Holding));
        assert_eq!(ask(&mut desk, ACCOUNT, NEW, make(unknown)).1, declined(WhyNot::NoTarget));
    }
    let mut desk = Desk::armed();
    let target = desk.target().record.id;
    ask(&mut desk, ACCOUNT, NEW, cancel(target)).1.expect("it holds nothing");
    assert_eq!(desk.state(), TargetState::Cancelled);
    assert_eq!(ask(&mut desk, ACCOUNT, NEW, arm(target)).1, declined(WhyNot::TargetOver));
}

// --- purchases

#[test]
fn a_purchase_mints_one_permit_and_sends_one_capped_order() {
    let mut desk = trading();
    let (done, outcome) = buy(&mut desk, "100", "1.0100");
    let target = outcome.expect("the pair trades");
    assert!(done.places().is_empty(), "no book is in step yet");
    let done = desk.book(NEW, &[("0.9990", "9000")], &[("1.0010", "9000")]);
    let permit = done.permits()[0];
    assert_eq!((permit.orders_max, permit.price_max), (1, price("1.0100")));
    let request = done.only_place();
    assert_eq!((request.kind, request.price), (OrderKind::ImmediateOrCancel, price("1.0100")));
    assert_eq!(request.authority.permit(), permit.id);
    desk.fill(&request, "1.0010", "50");
    let done = desk.ends(&request, OrderStatus::PartiallyCancelled, "50");
    assert_eq!(state_of(&desk, target), TargetState::Open);
    assert!(!done.places().is_empty(), "the default exit plan stands");
    assert!(done.places().iter().all(|sale| sale.side == Side::Sell));
}

#[test]
fn no_order_of_a_purchase_leaves_before_its_permit_is_on_disk() {
    let mut desk = trading();
    desk.disk = false;
    buy(&mut desk, "100", "1.0100").1.expect("the pair trades");
    let done = desk.book(NEW, &[("0.9990", "9000")], &[("1.0010", "9000")]);
    let token = done.permit_token().expect("a permit");
    assert!(done.places().is_empty() && desk.wait(Span::from_secs(1)).places().is_empty());
    let done = desk.say(Body::Durable { token });
    assert_eq!(done.places().len(), 1);
}

#[test]
fn a_purchase_that_fills_nothing_is_over_after_its_one_order() {
    let mut desk = trading();
    let target = buy(&mut desk, "100", "1.0010").1.expect("the pair trades");
    let done = desk.book(NEW, &[("0.9990", "9000")], &[("1.0010", "9000")]);
    let request = done.only_place();
    desk.placed(&request);
    desk.ends(&request, OrderStatus::Cancelled, "0");
    let done = desk.wait(Span::from_secs(15));
    assert!(done.places().is_empty());
    let record = record_of(&desk, target);
    assert_eq!((record.state, record.why), (TargetState::Expired, WhyNot::OrdersSpent));
}

#[test]
fn the_collar_of_an_established_pair_bounds_a_purchase() {
    let mut desk = trading();
    buy(&mut desk, "100", "2.0000").1.expect("the pair trades");
    let done = desk.book(NEW, &[("0.9990", "9000")], &[("1.0000", "9000")]);
    // 3 % above the best ask: no deal was seen, and the pair was never announced.
    assert_eq!(done.only_place().price, price("1.0300"));

    // A deal that was seen for the first time today does not make the pair a fresh one.
    let mut desk = trading();
    desk.trade(NEW, "1.0000");
    buy(&mut desk, "100", "2.0000").1.expect("the pair trades");
    let done = desk.book(NEW, &[("0.9990", "9000")], &[("1.0000", "9000")]);
    assert_eq!(done.only_place().price, price("1.0300"));

    let mut desk = trading();
    let target = buy(&mut desk, "100", "0.5000").1.expect("the pair trades");
    let done = desk.book(NEW, &[("0.9990", "9000")], &[("1.0000", "9000")]);
    assert!(matches!(done.refusals()[..], [Refusal::PriceOutsideCollar { .. }]));
    let record = record_of(&desk, target);
    assert_eq!((record.state, record.why), (TargetState::Failed, WhyNot::Refused));
}

#[test]
fn a_purchase_that_may_not_be_is_declined_with_its_reason() {
    let mut desk = trading();
    desk.kill(KillLevel::Halt);
    let level = KillLevel::Halt;
    assert_eq!(buy(&mut desk, "100", "1").1, refused(Refusal::Killed { level }));
    desk.command(Command::Resume { reason: model::Text::clipped("looked") });
    let down = Body::Link { link: Link::Order, up: false };
    desk.tell(&Event::of(ACCOUNT, SymbolId::NONE, down));
    let block = model::Block::OrderLink;
    assert_eq!(buy(&mut desk, "100", "1").1, refused(Refusal::Blocked { block }));
    let up = Body::Link { link: Link::Order, up: true };
    desk.tell(&Event::of(ACCOUNT, SymbolId::NONE, up));

    let (asked, max) = (money("151"), money("150"));
    let above = refused(Refusal::NotionalAboveMax { asked, max });
    assert_eq!(buy(&mut desk, "151", "1").1, above);
    assert_eq!(buy(&mut desk, "0.5", "1").1, declined(WhyNot::TooSmall));
    desk.tell(&Event::of(ACCOUNT, SymbolId::NONE, balance(desk::QUOTE, "99")));
    assert_eq!(buy(&mut desk, "100", "1").1, declined(WhyNot::Balance));

    let mut desk = Desk::open();
    desk.calendar_only();
    assert_eq!(buy(&mut desk, "100", "1").1, declined(WhyNot::NotTrading));
    let (mut desk, _) = Desk::holding();
    assert_eq!(buy(&mut desk, "100", "1").1, declined(WhyNot::SymbolTaken));
}

#[test]
fn a_purchase_without_a_book_ends_with_its_window() {
    let mut desk = trading();
    let target = buy(&mut desk, "100", "1").1.expect("the pair trades");
    let done = desk.wait(Span::from_secs(11));
    assert!(done.places().is_empty() && done.permits().is_empty());
    assert_eq!(state_of(&desk, target), TargetState::Missed);
}

// --- sales, adoption, handing over

#[test]
fn a_sale_by_hand_goes_through_the_gate_and_leaves_the_stops_on() {
    let (mut desk, standing) = Desk::holding();
    let (done, outcome) = sell(&mut desk, "30", false);
    outcome.expect("it is held");
    let sale = done.only_place();
    assert_eq!((sale.qty, sale.kind), (qty("30"), OrderKind::ImmediateOrCancel));
    assert_eq!(desk.state(), TargetState::Open);
    assert_eq!(standing.places().len(), 2);
    desk.fills(&sale);
    let done = desk.wait(Span::from_secs(2));
    assert!(done.places().iter().all(|order| order.kind == OrderKind::Limit), "sold once");
}

#[test]
fn all_of_it_sold_by_hand_is_closed_by_hand() {
    let (mut desk, standing) = Desk::holding();
    let (done, _) = sell(&mut desk, "0", false);
    assert_eq!(done.cancels().len(), standing.places().len(), "what rests makes room");
    assert_eq!(desk.state(), TargetState::Open);
    for resting in standing.places() {
        desk.cancelled(resting.client_order_id, "0");
    }
    let closed = sell_out(&mut desk);
    assert_eq!((desk.state(), closed), (TargetState::Completed, Some(Close::Manual)));
}

#[test]
fn two_sales_by_hand_add_up_to_what_is_held_at_most() {
    let (mut desk, standing) = Desk::holding();
    for resting in standing.places() {
        ask(&mut desk, ACCOUNT, NEW, cancel_order(resting.client_order_id)).1.expect("it rests");
        desk.cancelled(resting.client_order_id, "0");
    }
    let first = sell(&mut desk, "30", false).0.only_place();
    sell(&mut desk, "30", false).1.expect("there is more");
    desk.fills(&first);
    let second = desk.wait(Span::from_secs(1)).only_place();
    assert_eq!((first.qty, second.qty), (qty("30"), qty("30")));
    desk.fills(&second);
    assert!(desk.wait(Span::from_secs(3)).places().is_empty());
    sell(&mut desk, "30", false).1.expect("there is more");
    let all = sell(&mut desk, "40", false);
    all.1.expect("no more than is held");
    assert_eq!(sell_out(&mut desk), Some(Close::Manual));
}

#[test]
fn a_sale_at_once_presses_the_emergency_ladder() {
    let (mut desk, _) = Desk::holding();
    sell(&mut desk, "0", true).1.expect("it is held");
    assert_eq!(desk.state(), TargetState::Closing);
}

#[test]
fn a_sale_of_what_is_not_held_is_declined() {
    let (mut desk, _) = Desk::holding();
    let (asked, free) = (qty("101"), qty("100"));
    let above = refused(Refusal::SellAboveHeld { asked, free });
    assert_eq!(sell(&mut desk, "101", false).1, above);
    let off = sell(&mut desk, "1.001", false).1;
    assert!(matches!(off, Err(Outcome::Refused { refusal: Refusal::OffStep { .. } })), "{off:?}");
    assert_eq!(sell(&mut desk, "5", true).1, declined(WhyNot::BadFigure));
    let mut desk = Desk::armed();
    assert_eq!(sell(&mut desk, "1", false).1, declined(WhyNot::NotHeld));
}

#[test]
fn an_adopted_holding_is_sold_by_the_plan_and_only_once_its_right_is_on_disk() {
    let mut desk = trading();
    desk.tell(&Event::of(ACCOUNT, SymbolId::NONE, balance(BASE, "100")));
    desk.disk = false;
    let (done, outcome) = adopt(&mut desk, "100", "1.0000");
    let target = outcome.expect("the balance covers it");
    let permit = done.permits()[0];
    assert_eq!((permit.orders_max, permit.notional_max), (0, Amount::ZERO), "it buys nothing");
    let held = done.records().into_iter().any(
        |record| matches!(record, Record::Position(p) if p.qty == qty("100") && p.paid == money("100")),
    );
    assert!(held, "{:#?}", done.actions);
    desk.book(NEW, &[("0.9990", "9000")], &[("1.0010", "9000")]);
    assert!(desk.wait(Span::from_secs(1)).places().is_empty(), "not before the disk has it");
    let done = desk.say(Body::Durable { token: done.permit_token().expect("a permit") });
    assert_eq!(state_of(&desk, target), TargetState::Open);
    assert_eq!(done.places().len(), 2, "the ladder stands");
    assert!(done.places().iter().all(|sale| sale.authority.permit() == permit.id));
    // And a stop is a stop.
    desk.bid("0.9400");
    desk.wait(ms(150));
    assert_eq!(state_of(&desk, target), TargetState::Closing);
}

#[test]
fn an_adoption_needs_the_balance_and_a_free_symbol() {
    let mut desk = trading();
    assert_eq!(adopt(&mut desk, "100", "1.0000").1, declined(WhyNot::Balance));
    let (mut desk, _) = Desk::holding();
    desk.tell(&Event::of(ACCOUNT, SymbolId::NONE, balance(BASE, "150")));
    assert_eq!(adopt(&mut desk, "100", "1.0000").1, declined(WhyNot::SymbolTaken));
    // Another pair of the same coin: a hundred of it belong to the first one's position.
    let other = SymbolId(4);
    desk.name(other, BASE);
    desk.rules(other);
    let adopt = |qty| ByHand::Adopt { qty: money(qty), price: money("1") };
    let taken = ask(&mut desk, ACCOUNT, other, adopt("51")).1;
    assert_eq!(taken, declined(WhyNot::Balance));
    ask(&mut desk, ACCOUNT, other, adopt("50")).1.expect("fifty are nobody's");
}

#[test]
fn a_forgotten_position_is_cancelled_out_of_the_book_and_never_sold() {
    let (mut desk, standing) = Desk::holding();
    let permit = desk.target().permit.expect("it was bought").permit.id;
    let (done, outcome) = ask(&mut desk, ACCOUNT, NEW, ByHand::Forget);
    outcome.expect("it is held");
    assert_eq!(done.cancels().len(), 2);
    assert!(done.places().is_empty());
    assert_eq!(desk.state(), TargetState::Open, "its sales may still fill");
    let mut last = None;
    for resting in standing.places() {
        last = Some(desk.cancelled(resting.client_order_id, "0"));
    }
    let done = last.expect("two sales rested");
    assert_eq!(done.closed(), Some(Close::HandedOver));
    assert_eq!(done.alarms(), [AlarmKind::HandedOver]);
    assert!(done.records().contains(&Record::Revoked { permit }));
    assert_eq!(desk.state(), TargetState::Cancelled);
    desk.bid("0.1000");
    assert!(desk.wait(Span::from_secs(700)).places().is_empty(), "no stop watches it");
}

// --- orders and rehearsals

#[test]
fn a_resting_rung_cancelled_by_hand_does_not_stand_again() {
    let (mut desk, standing) = Desk::holding();
    let resting = standing.places()[0];
    let client_order_id = resting.client_order_id;
    let (done, outcome) = ask(&mut desk, ACCOUNT, NEW, ByHand::CancelOrder { client_order_id });
    outcome.expect("it rests");
    assert_eq!(done.cancels(), [client_order_id]);
    desk.cancelled(client_order_id, "0");
    assert!(desk.wait(Span::from_secs(3)).places().is_empty());
    let taken = desk.bid("1.1000").only_place();
    assert_eq!(taken.qty, qty("50"), "all of the rung is taken when the bid pays");
    let again = ask(&mut desk, ACCOUNT, NEW, ByHand::CancelOrder { client_order_id }).1;
    assert_eq!(again, declined(WhyNot::NoOrder));
}

#[test]
fn a_rehearsal_names_the_very_order_and_places_nothing() {
    let mut desk = Desk::armed();
    let target = desk.target().record.id;
    let (done, outcome) = ask_whole(&mut desk, ACCOUNT, NEW, ByHand::Rehearse { target });
    assert!(done.places().is_empty());
    let Outcome::Rehearse(rehearsed) = outcome else { panic!("{outcome:?}") };
    let sent = desk.until(opening()).only_place();
    assert_eq!((rehearsed.price, rehearsed.qty), (sent.price, sent.qty));
    assert_eq!((rehearsed.kind, rehearsed.side), (sent.kind, sent.side));
    assert_eq!(rehearsed.recv_window_ms, sent.recv_window_ms);
    assert_ne!(rehearsed.client_order_id, sent.client_order_id);
}

#[test]
fn a_rehearsal_without_a_reference_says_so() {
    let mut desk = Desk::open();
    desk.calendar_only();
    desk.triple(NEW, (2, 2, 4));
    let target = desk.target().record.id;
    let outcome = ask(&mut desk, ACCOUNT, NEW, ByHand::Rehearse { target }).1;
    assert_eq!(outcome, declined(WhyNot::NoReference));
}

#[test]
fn a_strategys_exit_and_a_refused_entry_leave_a_purchase_consistent() {
    let mut desk = trading();
    let target = buy(&mut desk, "100", "1.0100").1.expect("the pair trades");
    let done = desk.book(NEW, &[("0.9990", "9000")], &[("1.0010", "9000")]);
    desk.reject(&done.only_place(), RejectClass::Definitive);
    assert_eq!(state_of(&desk, target), TargetState::Failed);
    desk.wish(Intent::Exit { target, qty: None });
    assert!(desk.trade(NEW, "1.0000").places().is_empty());
}

// --- over a restart

#[test]
fn a_disarmed_target_is_disarmed_after_a_restart_and_can_be_armed() {
    let mut desk = Desk::armed();
    let target = desk.target().record.id;
    ask(&mut desk, ACCOUNT, NEW, ByHand::Disarm { target }).1.expect("it is armed");
    desk.restart_with(false, |config| config.config = 99);
    assert_eq!((desk.state(), desk.target().record.why), (TargetState::Ready, WhyNot::Disarmed));
    back(&mut desk);
    desk.book(NEW, &[], &[("1.0000", "500")]);
    assert_eq!(desk.target().record.why, WhyNot::Disarmed);
    ask(&mut desk, ACCOUNT, NEW, ByHand::Arm { target }).1.expect("nothing is out");
    desk.rules(NEW);
    assert_eq!(desk.state(), TargetState::Armed);
    assert_eq!(desk.until(opening()).places().len(), 1);
}

#[test]
fn an_opening_by_the_operator_alone_outlives_the_process() {
    let mut desk = Desk::open();
    let said = TargetByHand { opens_at: opening(), ..wish(PriceCap::Max(money("0.8"))) };
    ask(&mut desk, ACCOUNT, NEW, ByHand::AddTarget(said)).1.expect("a target");
    desk.restart();
    back(&mut desk);
    // A fact without a time would withdraw a listing that nobody named.
    desk.fact(NEW, model::Source::ApiSymbols, model::ListingBody::ApiAllowed { allowed: true });
    assert_eq!((desk.state(), desk.target().record.opens_at), (TargetState::Ready, opening()));
    desk.until(opening().before(Span::from_secs(5)));
    desk.clock();
    desk.rules(NEW);
    assert_eq!(desk.until(opening()).only_place().price, price("0.8000"));
}

#[test]
fn an_adopted_holding_and_a_rung_cancelled_by_hand_outlive_the_process() {
    let mut desk = trading();
    desk.tell(&Event::of(ACCOUNT, SymbolId::NONE, balance(BASE, "100")));
    let target = adopt(&mut desk, "100", "1.0000").1.expect("the balance covers it");
    desk.book(NEW, &[("0.9990", "9000")], &[("1.0010", "9000")]);
    let resting = desk.alive()[0];
    desk.placed(&resting);
    ask(&mut desk, ACCOUNT, NEW, cancel_order(resting.client_order_id)).1.expect("it rests");
    desk.cancelled(resting.client_order_id, "0");
    desk.restart();
    assert_eq!(state_of(&desk, target), TargetState::Open);
    let held = desk.target().position;
    assert_eq!((held.paid, held.average()), (money("100"), Some(price("1.0000"))));
    back(&mut desk);
    desk.book(NEW, &[("0.9990", "9000")], &[("1.0010", "9000")]);
    desk.wait(Span::from_secs(2));
    assert!(desk.alive().iter().all(|order| order.price != resting.price), "kept off the book");
}

#[test]
fn an_adoption_that_was_on_its_way_to_the_disk_is_held_after_a_restart() {
    let mut desk = trading();
    desk.tell(&Event::of(ACCOUNT, SymbolId::NONE, balance(BASE, "100")));
    desk.disk = false;
    let target = adopt(&mut desk, "100", "1.0000").1.expect("the balance covers it");
    desk.restart_with(false, |config| config.config = 99);
    assert_eq!(state_of(&desk, target), TargetState::Open);
}

#[test]
fn a_handing_over_that_had_not_ended_goes_on_after_a_restart() {
    let (mut desk, standing) = Desk::holding();
    ask(&mut desk, ACCOUNT, NEW, ByHand::Forget).1.expect("it is held");
    desk.restart();
    back(&mut desk);
    desk.bid("0.5000");
    assert!(desk.wait(Span::from_secs(5)).places().is_empty(), "it is sold no more");
    for resting in standing.places() {
        desk.cancelled(resting.client_order_id, "0");
    }
    assert_eq!(desk.state(), TargetState::Cancelled);
    assert_eq!(desk.target().position.closed, Some(Close::HandedOver));
}

// --- scaffolding

/// Everything is connected again, and the clock is known.
fn back(desk: &mut Desk) {
    desk.connect(ACCOUNT);
    desk.clock();
}

/// A pair that trades, was never announced, and is followed by nobody.
fn trading() -> Desk {
    Desk::open()
}

impl Desk {
    fn calendar_only(&mut self) {
        // Named by the web list: the strategy of this desk would propose a signal of the calendar.
        let body = model::ListingBody::Listed {
            triple: model::Triple { sts: 0, st: 0, tt: 0 },
            price_scale: 4,
            qty_scale: 2,
            opens_at: opening(),
        };
        self.fact(NEW, model::Source::WebList, body);
    }
}

fn ask_whole(desk: &mut Desk, account: AccountId, id: SymbolId, wish: ByHand) -> (Done, Outcome) {
    let token = 4_711;
    let body = Body::Command(Command::ByHand { token, wish });
    let done = desk.tell(&Event::of(account, id, body));
    let answers: Vec<Outcome> = done.actions.iter().filter_map(|(_, a)| answer(a, token)).collect();
    assert_eq!(answers.len(), 1, "every wish is answered once: {:#?}", done.actions);
    (done, answers[0])
}

/// The target that the wish concerned, or why it is not followed.
fn ask(
    desk: &mut Desk,
    account: AccountId,
    id: SymbolId,
    wish: ByHand,
) -> (Done, Result<TargetId, Outcome>) {
    let (done, outcome) = ask_whole(desk, account, id, wish);
    let target = if let Outcome::Done { target: Some(target) } = outcome {
        Ok(target)
    } else {
        Err(outcome)
    };
    (done, target)
}

fn answer(action: &Action, token: u64) -> Option<Outcome> {
    let Action::Note(Note::Answer { token: of, outcome }) = action else { return None };
    (*of == token).then_some(*outcome)
}

fn wish(cap: PriceCap) -> TargetByHand {
    TargetByHand { notional: Amount::ZERO, cap, opens_at: VenueTime::NONE }
}

fn add(desk: &mut Desk, cap: PriceCap) -> (Done, Result<TargetId, Outcome>) {
    ask(desk, ACCOUNT, NEW, ByHand::AddTarget(wish(cap)))
}

fn buy(desk: &mut Desk, notional: &str, price_max: &str) -> (Done, Result<TargetId, Outcome>) {
    let buy = BuyByHand { notional: money(notional), price_max: money(price_max) };
    ask(desk, ACCOUNT, NEW, ByHand::Buy(buy))
}

fn sell(desk: &mut Desk, qty: &str, at_once: bool) -> (Done, Result<TargetId, Outcome>) {
    ask(desk, ACCOUNT, NEW, ByHand::Sell { qty: money(qty), at_once })
}

fn adopt(desk: &mut Desk, qty: &str, price: &str) -> (Done, Result<TargetId, Outcome>) {
    ask(desk, ACCOUNT, NEW, ByHand::Adopt { qty: money(qty), price: money(price) })
}

/// Fills every sale in full until the target is over.
fn sell_out(desk: &mut Desk) -> Option<Close> {
    for _ in 0..20 {
        for sale in desk.alive().into_iter().filter(|order| order.side == Side::Sell) {
            let closed = desk.fills(&sale).closed();
            if closed.is_some() {
                return closed;
            }
        }
        desk.wait(ms(800));
    }
    None
}

fn cancel_order(client_order_id: model::ClientOrderId) -> ByHand {
    ByHand::CancelOrder { client_order_id }
}
fn arm(target: TargetId) -> ByHand {
    ByHand::Arm { target }
}
fn disarm(target: TargetId) -> ByHand {
    ByHand::Disarm { target }
}
fn cancel(target: TargetId) -> ByHand {
    ByHand::CancelTarget { target }
}
fn rehearse(target: TargetId) -> ByHand {
    ByHand::Rehearse { target }
}

fn declined(why: WhyNot) -> Result<TargetId, Outcome> {
    Err(Outcome::Declined { why })
}

fn refused(refusal: Refusal) -> Result<TargetId, Outcome> {
    Err(Outcome::Refused { refusal })
}

fn record_of(desk: &Desk, id: TargetId) -> model::TargetRecord {
    desk.engine.targets().find(|target| target.record.id == id).expect("the target").record
}

fn state_of(desk: &Desk, id: TargetId) -> TargetState {
    record_of(desk, id).state
}
