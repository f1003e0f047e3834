//! A process dies and another goes on: nothing is doubled, forgotten or left without a way out.

mod desk;

use desk::{ACCOUNT, BASE, Desk, Done, NEW, QUOTE, balance, money, ms, opening, qty, rests};
use engine::{Action, Note, OrderState, Question};
use model::{
    AccountId, AlarmKind, Block, Body, BuyByHand, ByHand, ClientOrderId, Close, Command, Event,
    FixedList, KillLevel, Link, LinkState, OperatorOrder, OrderKind, OrderLeg, OrderStatus,
    QueryAnswer, Request, Side, Span, Stream, SymbolId, TargetState, Text, UpdateSource, WhyNot,
};
use risk::Refusal;

#[test]
fn an_armed_target_fires_at_its_opening_under_the_permit_it_had() {
    let mut desk = Desk::armed();
    let permit = desk.target().record.permit;
    desk.restart();
    back(&mut desk);
    desk.book(NEW, &[], &[("1.0000", "500")]);
    let request = desk.until(opening()).only_place();
    assert_eq!((desk.target().record.permit, Some(request.authority.permit())), (permit, permit));
    assert_eq!(request.client_order_id.parts().epoch, 8, "ids of the new process");
}

#[test]
fn an_armed_target_fires_by_the_schedule_even_if_no_market_data_ever_comes() {
    let mut desk = Desk::armed();
    desk.restart();
    back(&mut desk);
    assert_eq!(desk.until(opening()).places().len(), 1);
}

#[test]
fn a_permit_that_was_on_its_way_to_the_disk_is_there() {
    let mut desk = Desk::open();
    desk.disk = false;
    desk.calendar(NEW, opening());
    desk.triple(NEW, (2, 2, 4));
    desk.until(opening().before(Span::from_secs(5)));
    desk.clock();
    desk.book(NEW, &[], &[("1.0000", "500")]);
    assert_eq!(desk.state(), TargetState::Ready);
    desk.restart();
    assert_eq!(desk.state(), TargetState::Armed);
}

#[test]
fn another_configuration_revokes_what_has_not_fired_and_mints_anew() {
    let mut desk = Desk::armed();
    let old = desk.target().record.permit;
    let done = desk.restart_with(false, |config| config.config = 99);
    assert!(
        done.records().iter().any(
            |record| matches!(record, model::Record::Revoked { permit } if Some(*permit) == old)
        )
    );
    assert_eq!((desk.state(), desk.target().record.permit), (TargetState::Ready, None));
    back(&mut desk);
    desk.rules(NEW);
    desk.book(NEW, &[], &[("1.0000", "500")]);
    assert_eq!(desk.state(), TargetState::Armed);
    assert_eq!(desk.target().permit.expect("a permit").permit.config, 99);
}

#[test]
fn an_entry_without_a_reply_is_of_unknown_fate_and_freezes_its_target() {
    let (mut desk, request) = Desk::fired();
    desk.restart();
    let order = desk.engine.order(request.client_order_id).expect("the order");
    assert_eq!((order.state, order.open_qty()), (OrderState::Unknown, request.qty));
    let done = back(&mut desk);
    assert!(done.asks().contains(&Question::Order(request.client_order_id)));
    desk.trade(NEW, "1.0000");
    assert!(desk.wait(Span::from_secs(3)).places().is_empty(), "a blind second order");
}

#[test]
fn an_entry_that_had_filled_before_the_death_is_held_and_sold() {
    let (mut desk, request) = Desk::fired();
    desk.restart();
    back(&mut desk);
    desk.book(NEW, &[("0.9990", "9000")], &[("1.0010", "9000")]);
    let mut done = desk.fill(&request, "1.0000", "100");
    done.actions.append(&mut desk.ends(&request, OrderStatus::Filled, "100").actions);
    assert_eq!(desk.state(), TargetState::Open);
    assert!(done.places().iter().all(|order| order.side == Side::Sell && rests(order)));
    assert_eq!(done.places().len(), 2, "the ladder stands");
}

#[test]
fn a_position_keeps_its_figures_and_its_resting_sales() {
    let (mut desk, standing) = Desk::holding();
    let before = desk.target().position;
    let resting = standing.places();
    desk.restart();
    let after = desk.target().position;
    assert_eq!(
        (after.held, after.paid, after.average()),
        (before.held, before.paid, before.average())
    );
    let done = back(&mut desk);
    for request in &resting {
        assert!(done.asks().contains(&Question::Order(request.client_order_id)));
    }
    desk.book(NEW, &[("0.9990", "9000")], &[("1.0010", "9000")]);
    let again = desk.wait(Span::from_secs(2)).places();
    assert!(again.is_empty(), "what rests is not offered twice: {again:?}");
}

#[test]
fn a_stop_sells_after_the_restart() {
    let (mut desk, standing) = Desk::holding();
    desk.restart();
    back(&mut desk);
    desk.book(NEW, &[("0.9400", "9000")], &[("0.9500", "9000")]);
    let done = desk.wait(ms(200));
    assert_eq!(desk.target().record.state, TargetState::Closing);
    assert_eq!(done.cancels().len(), standing.places().len(), "what rests is taken down");
    let sale = done.places()[0];
    assert_eq!((sale.side, sale.kind), (Side::Sell, OrderKind::ImmediateOrCancel));
}

#[test]
fn a_closing_position_goes_on_closing_and_keeps_its_reason() {
    let (mut desk, _) = Desk::holding();
    desk.bid("0.9400");
    let press = desk.wait(ms(150)).only_place();
    desk.ends(&press, OrderStatus::Cancelled, "0");
    assert_eq!(desk.state(), TargetState::Closing);
    desk.restart();
    desk.book(NEW, &[("1.0500", "9000")], &[("1.0600", "9000")]);
    let done = back(&mut desk);
    let presses = done.places();
    assert!(
        !presses.is_empty() && presses.iter().all(|o| o.client_order_id.leg() == OrderLeg::STOP)
    );
    let closed = sell_out(&mut desk, done);
    assert_eq!(closed, Some(Close::StopLoss));
}

#[test]
fn a_sale_by_hand_that_was_begun_is_finished() {
    let (mut desk, _) = Desk::holding_with(|setup| setup.exit.resting_share_bps = 0);
    let target = desk.target().record.id;
    desk.command(Command::Exit(OperatorOrder { target, qty: Some(qty("30")) }));
    let open: Vec<Request> = desk.alive();
    assert_eq!(open.len(), 1);
    desk.fill(&open[0], "0.9890", "10");
    desk.ends(&open[0], OrderStatus::PartiallyCancelled, "10");
    desk.restart();
    let done = back(&mut desk);
    assert_eq!(done.only_place().qty, qty("20"));
}

#[test]
fn the_high_water_mark_of_a_trailing_stop_is_kept_to_ten_basis_points() {
    let trailing = |setup: &mut desk::Setup| {
        setup.ladder(&[(9_000, 10_000)]);
        (setup.exit.trailing_bps, setup.exit.trailing_from_bps) = (500, 500);
    };
    let (mut desk, _) = Desk::holding_with(trailing);
    desk.bid("1.4000");
    desk.bid("1.4001");
    desk.restart();
    assert_eq!(desk.target().position.high, Some(desk::price("1.4000")));
    back(&mut desk);
    desk.book(NEW, &[("1.3200", "9000")], &[("1.3300", "9000")]);
    desk.wait(ms(200));
    assert_eq!(desk.state(), TargetState::Closing, "5 % below 1.4 is 1.33");
}

#[test]
fn a_deal_told_again_by_the_history_is_not_applied_twice() {
    let (mut desk, request) = Desk::fired();
    desk.trade(NEW, "1.0000");
    let deal = desk.deal(&request, "1.0000", "100");
    desk.of(&request, Body::Fill(deal));
    desk.restart();
    back(&mut desk);
    desk.of(&request, Body::Fill(deal));
    assert_eq!(desk.target().position.bought, qty("100"));
}

#[test]
fn what_was_bought_today_still_counts() {
    let setup = |setup: &mut desk::Setup| {
        setup.limits(|limits| limits.daily_buy_max = money("130"));
        setup.exit.resting_share_bps = 10_000;
    };
    let buy = |notional: &str, dies: bool| {
        let (mut desk, standing) = Desk::holding_with(setup);
        for sale in standing.places() {
            desk.fills(&sale);
        }
        assert_eq!(desk.state(), TargetState::Completed, "a hundred were bought and sold");
        if dies {
            desk.restart();
            back(&mut desk);
            desk.rules(NEW);
        }
        let wish = BuyByHand { notional: money(notional), price_max: money("1.0000") };
        let body = Body::Command(Command::ByHand { token: 1, wish: ByHand::Buy(wish) });
        desk.tell(&Event::of(ACCOUNT, NEW, body));
        let done = desk.book(NEW, &[("0.9990", "9000")], &[("1.0000", "9000")]);
        (done.refusals(), done.places().len())
    };
    let above = Refusal::DailyBuyAboveMax { asked: money("131"), max: money("130") };
    assert_eq!(above.control(), "A17");
    for dies in [false, true] {
        assert_eq!(buy("31", dies), (vec![above], 0), "dies: {dies}");
        assert_eq!(buy("30", dies), (vec![], 1), "dies: {dies}");
    }
}

#[test]
fn a_kill_level_stands_and_drops_what_the_dead_process_had_not_dropped() {
    let mut desk = Desk::armed();
    desk.kill(KillLevel::Halt);
    desk.restart();
    assert_eq!(desk.engine.kill_level(), KillLevel::Halt);
    back(&mut desk);
    assert!(desk.until(opening()).places().is_empty());
}

#[test]
fn entries_wait_until_every_question_of_the_reconciliation_was_answered() {
    let mut desk = Desk::armed();
    desk.restart();
    stream_is_back(&mut desk);
    assert!(blocked(&desk));
    let none = QueryAnswer::Failed { http: 503, code: 0 };
    desk.tell(&Event::of(ACCOUNT, NEW, Body::Answer(none)));
    balances_alone(&mut desk);
    assert!(blocked(&desk), "an answer is missing");
    let done = desk.wait(Span::from_secs(3));
    assert!(done.asks().contains(&Question::OpenOrders), "all is asked again: {:?}", done.asks());
    balances(&mut desk);
    assert!(!blocked(&desk));
}

#[test]
fn the_lists_of_every_pair_with_a_target_are_read_after_a_restart_and_not_after_a_reconnection() {
    let mut desk = Desk::armed();
    desk.restart();
    let lists = [Question::OpenOrders, Question::AllOrders, Question::Trades];
    let done = stream_is_back(&mut desk);
    assert!(lists.iter().all(|list| done.asks().contains(list)), "{:?}", done.asks());
    balances(&mut desk);
    desk.tell(&Event::of(ACCOUNT, SymbolId::NONE, Body::Link { link: Link::User, up: false }));
    let done = stream_is_back(&mut desk);
    assert!(!done.asks().contains(&Question::AllOrders));
}

#[test]
fn an_order_with_our_name_that_no_record_names_is_adopted_by_its_permit() {
    let mut desk = Desk::armed();
    let (mut twin, request) = Desk::fired_with(|setup| {
        setup.entry.kind = model::EntryKind::Limit;
    });
    desk.restart();
    stream_is_back(&mut desk);
    let found = desk.update(&request, OrderStatus::New, "0", UpdateSource::OpenOrders);
    assert!(found.alarms().is_empty());
    let order = desk.engine.order(request.client_order_id).expect("it is ours");
    assert_eq!((order.state, order.request.qty), (OrderState::Live, request.qty));
    balances(&mut desk);
    assert!(desk.until(opening()).places().is_empty(), "no second entry beside it");
    desk.trade(NEW, "1.0000");
    desk.fill(&request, "1.0000", "100");
    assert_eq!(desk.state(), TargetState::Open);
    twin.wait(ms(1));
}

#[test]
fn an_order_of_another_instance_halts_its_pair() {
    let mut desk = Desk::armed();
    desk.restart();
    stream_is_back(&mut desk);
    let (_, mut request) = Desk::fired_with(|setup| setup.config.instance = 0x111);
    request.account = ACCOUNT;
    let done = desk.update(&request, OrderStatus::New, "0", UpdateSource::OpenOrders);
    assert_eq!(done.alarms(), [AlarmKind::ForeignOrder]);
    balances(&mut desk);
    assert!(desk.until(opening()).places().is_empty());
}

#[test]
fn after_a_power_cut_nothing_is_asked_before_the_fence_and_entries_wait_for_it() {
    let mut desk = Desk::armed();
    desk.restart_with(true, |_| {});
    // 1,000 ms lead, 1,000 ms receive window, 5 ms error.
    let done = stream_is_back(&mut desk);
    assert!(done.asks().is_empty(), "{:?}", done.asks());
    let early = desk.wait(ms(1_990));
    assert!(early.asks().iter().all(|ask| *ask == Question::Rules), "{:?}", early.asks());
    balances(&mut desk);
    assert!(blocked(&desk), "a stray answer lifts nothing");
    let done = desk.wait(ms(100));
    assert!(done.asks().contains(&Question::AllOrders));
    balances(&mut desk);
    assert!(!blocked(&desk));
    assert_eq!(desk.until(opening()).places().len(), 1);
}

#[test]
fn after_a_power_cut_an_entry_that_is_over_counts_once_for_its_permit() {
    let orders_max = |setup: &mut desk::Setup| setup.entry.orders_max = 5;
    let (_, lost) = Desk::fired_with(orders_max);
    let mut times = Vec::new();
    for ring_lost in [false, true] {
        let mut desk = Desk::armed_with(orders_max);
        desk.restart_with(ring_lost, |_| {});
        stream_is_back(&mut desk);
        desk.wait(ms(2_100));
        for _ in 0..3 {
            desk.update(&lost, OrderStatus::Cancelled, "0", UpdateSource::AllOrders);
        }
        balances(&mut desk);
        let used = desk.target().permit.expect("its permit").orders_sent;
        times.push(used);
    }
    assert_eq!(times, [0, 1], "without a loss every intent is known");
}

#[test]
fn after_a_power_cut_entries_that_were_counted_before_count_no_second_time() {
    let (mut desk, request) = Desk::fired_with(|setup| setup.entry.orders_max = 5);
    desk.ends(&request, OrderStatus::Cancelled, "0");
    let counted = desk.target().permit.expect("its permit").orders_sent;
    assert_eq!(counted, 1);
    for _ in 0..2 {
        desk.restart_with(true, |_| {});
        stream_is_back(&mut desk);
        desk.wait(ms(2_100));
        desk.update(&request, OrderStatus::Cancelled, "0", UpdateSource::AllOrders);
        assert_eq!(desk.target().permit.expect("its permit").orders_sent, counted);
    }
}

#[test]
fn exits_do_not_wait_for_the_fence() {
    let (mut desk, _) = Desk::holding();
    desk.restart_with(true, |_| {});
    stream_is_back(&mut desk);
    desk.book(NEW, &[("0.9400", "9000")], &[("0.9500", "9000")]);
    let done = desk.wait(ms(1_500));
    assert!(!done.places().is_empty(), "the stop sells what is free");
}

#[test]
fn what_the_dead_process_sent_in_the_last_second_counts_on() {
    let (mut desk, request) = Desk::fired();
    desk.trade(NEW, "1.0000");
    desk.reject(&request, model::RejectClass::Wait);
    let died = desk.now;
    desk.restart();
    stream_is_back(&mut desk);
    balances(&mut desk);
    let done = desk.wait(Span::from_secs(2));
    let first = done.timed_places().first().map(|(at, _)| *at).expect("it goes on");
    assert!(first.since(died) >= Span::from_secs(1), "{:?}", first.since(died));
}

#[test]
fn a_restart_in_the_middle_of_a_restart_changes_nothing() {
    let (mut desk, _) = Desk::holding();
    desk.restart();
    let once = desk.engine.save();
    desk.restart();
    desk.restart();
    assert!(desk.engine.save() == once);
}

#[test]
fn a_loss_that_nobody_has_looked_into_is_remembered_by_the_start_after_the_next() {
    let mut desk = Desk::armed();
    desk.restart_with(true, |_| {});
    desk.restart();
    let done = stream_is_back(&mut desk);
    assert!(done.asks().is_empty(), "the fence stands: {:?}", done.asks());
    let done = desk.wait(ms(2_100));
    assert!(done.asks().contains(&Question::AllOrders), "{:?}", done.asks());
    let done = balances(&mut desk);
    let looked = |record: &model::Record| matches!(record, model::Record::Reconciled { .. });
    assert!(done.records().iter().any(looked));
    desk.restart();
    let done = stream_is_back(&mut desk);
    assert!(
        done.asks().contains(&Question::Balances),
        "and no longer once it was: {:?}",
        done.asks()
    );
}

#[test]
fn a_pair_that_the_venue_does_not_know_yet_holds_no_account_back() {
    let mut desk = Desk::armed();
    desk.restart();
    stream_is_back(&mut desk);
    for _ in 0..3 {
        let unknown = QueryAnswer::Failed { http: 400, code: 10_007 };
        desk.tell(&Event::of(ACCOUNT, NEW, Body::Answer(unknown)));
    }
    balances_alone(&mut desk);
    assert!(!blocked(&desk));
    assert_eq!(desk.until(opening()).places().len(), 1);
}

#[test]
fn a_held_pair_that_the_venue_does_not_know_is_for_a_person_and_not_for_the_account() {
    let (mut desk, _) = Desk::holding();
    desk.restart();
    stream_is_back(&mut desk);
    let unknown = QueryAnswer::Failed { http: 400, code: 10_007 };
    let done = desk.tell(&Event::of(ACCOUNT, NEW, Body::Answer(unknown)));
    assert_eq!(done.alarms(), [AlarmKind::ExitStuck]);
    balances(&mut desk);
    assert!(!blocked(&desk));
}

#[test]
fn balances_that_were_asked_for_before_end_no_reconciliation() {
    let mut desk = Desk::armed();
    desk.restart();
    stream_is_back(&mut desk);
    balances_alone(&mut desk);
    assert!(blocked(&desk), "the lists have not come");
    balances(&mut desk);
    assert!(!blocked(&desk));
}

#[test]
fn deals_that_came_before_their_order_was_found_count_for_it() {
    let (twin, request) = Desk::fired_with(|setup| setup.entry.kind = model::EntryKind::Limit);
    drop(twin);
    let mut desk = Desk::armed();
    desk.restart();
    stream_is_back(&mut desk);
    desk.fill(&request, "1.0000", "30");
    desk.update(&request, OrderStatus::PartiallyFilled, "30", UpdateSource::OpenOrders);
    let order = desk.engine.order(request.client_order_id).expect("it is ours");
    assert_eq!((order.filled, order.venue_filled), (qty("30"), qty("30")));
    desk.ends(&request, OrderStatus::PartiallyCancelled, "30");
    let order = desk.engine.order(request.client_order_id).map(|order| order.state);
    assert_eq!(order, Some(OrderState::Done), "nothing is waited for any more");
}

#[test]
fn a_target_that_is_over_is_not_made_again() {
    let mut desk = Desk::armed();
    let target = desk.target().record.id;
    desk.command(Command::CancelTarget { target });
    desk.restart();
    back(&mut desk);
    desk.calendar(NEW, opening());
    desk.triple(NEW, (2, 2, 4));
    assert_eq!((desk.target().record.id, desk.state()), (target, TargetState::Cancelled));
}

#[test]
fn an_account_that_moves_in_the_configuration_keeps_what_is_its_own() {
    let (mut desk, standing) = Desk::holding();
    let bought = desk.engine.save();
    desk.restart_with(false, |config| *config = with_accounts(config, &["second", "main"]));
    let moved = AccountId(1);
    let target = desk.target();
    assert_eq!((target.account(), target.permit.expect("a permit").permit.account), (moved, moved));
    for resting in standing.places() {
        let order = desk.engine.order(resting.client_order_id).expect("it may fill");
        assert_eq!(order.request.account, moved);
    }
    desk.restart_with(false, |config| *config = with_accounts(config, &["main"]));
    assert_eq!(desk.engine.save(), bought, "and back, with what was bought today");
}

#[test]
fn an_account_that_is_gone_is_refused_by_name_while_something_of_it_is_left() {
    let no_account = |has| {
        let name = Text::clipped("main");
        Err(engine::ImageError::NoAccount { name, has })
    };
    let without = |desk: &Desk| {
        let config = with_accounts(desk.engine.config(), &["second"]);
        engine::Follower::new(config).restore(&desk.engine.save())
    };
    let (mut desk, standing) = Desk::holding();
    assert_eq!(without(&desk), no_account("a position"));
    let error = without(&desk).unwrap_err().to_string();
    assert!(error.contains("account \"main\" has a position"), "{error}");
    let sales = standing.places();
    desk.fill(&sales[0], "1.1000", "50");
    desk.ends(&sales[0], OrderStatus::Filled, "50");
    desk.fill(&sales[1], "1.2000", "50");
    assert_eq!(desk.state(), TargetState::Completed);
    assert_eq!(without(&desk), Ok(()), "nothing is left");
    assert_eq!(without(&Desk::armed()), no_account("a target"));
}

#[test]
fn a_state_that_is_read_on_has_the_accounts_that_its_records_mean() {
    let (mut desk, _) = Desk::holding();
    desk.restart_with(false, |config| *config = with_accounts(config, &["second", "main"]));
    let image = desk.engine.save();
    let mut follower = engine::Follower::new(with_accounts(desk.engine.config(), &["main"]));
    follower.resume(&image).expect("an image");
    assert_eq!(follower.save(), image);
    follower.start(with_accounts(desk.engine.config(), &["main"])).expect("it is there");
    let target = follower.engine().targets().next().expect("the target");
    assert_eq!(target.account(), ACCOUNT);
}

#[test]
fn what_earlier_openings_taught_is_kept() {
    let mut desk = Desk::open();
    let (group, success) = (model::Group::History, model::Millionths::percent(75));
    for bucket in 0..144 {
        let fact = model::LearntFact::Bucket { group, bucket, success, outcomes: 50 };
        desk.tell(&Event::bare(Body::Learnt(fact)));
    }
    desk.restart();
    stream_is_back(&mut desk);
    let done = desk.calendar(NEW, opening());
    let signal = done.actions.iter().find_map(|(_, action)| {
        let Action::Note(Note::Signal(signal)) = action else { return None };
        Some(*signal)
    });
    assert_eq!(signal.map(|signal| signal.confidence.percent()), Some(75));
}

#[test]
fn bytes_that_are_no_image_are_refused() {
    let image = Desk::holding().0.engine.save();
    let read = |bytes: &[u8]| {
        let config = Desk::new().engine.config().clone();
        engine::Follower::new(config).restore(bytes)
    };
    assert_eq!(read(&image), Ok(()));
    assert!((0..image.len()).all(|end| read(&image[..end]).is_err()));
    let longer = [image.as_slice(), &[0]].concat();
    assert_eq!(read(&longer), Err(engine::ImageError::Trailing { len: 1 }));
    let newer = [&[9, 0], &image[2..]].concat();
    let error = read(&newer).expect_err("another version");
    let ours = u16::from_le_bytes([image[0], image[1]]);
    let versions = format!("version 9 and this program reads {ours}");
    assert!(error.to_string().contains(&versions), "{error}");
}

// --- scaffolding

fn with_accounts(config: &engine::Config, names: &[&str]) -> engine::Config {
    let mut list = FixedList::new();
    names.iter().for_each(|name| list.push(Text::clipped(name)).expect("room for eight"));
    config.clone().with_accounts(&list)
}

/// Everything is connected again, the clock known and the balances told; a second has passed, in
/// which the requests of the dead process count on.
fn back(desk: &mut Desk) -> Done {
    let mut done = stream_is_back(desk);
    done.actions.append(&mut balances(desk).actions);
    done.actions.append(&mut desk.wait(Span::from_millis(1_001)).actions);
    done
}

fn stream_is_back(desk: &mut Desk) -> Done {
    let mut done = desk.clock();
    for body in [
        Body::Link { link: Link::Order, up: true },
        Body::Link { link: Link::User, up: true },
        Body::Stream { stream: Stream::Private, state: LinkState::Live },
    ] {
        let event = Event::of(ACCOUNT, SymbolId::NONE, body);
        done.actions.append(&mut desk.tell(&event).actions);
    }
    done
}

/// Every question of the reconciliation is answered.
fn balances(desk: &mut Desk) -> Done {
    desk.answers_end(ACCOUNT);
    balances_alone(desk)
}

fn balances_alone(desk: &mut Desk) -> Done {
    let none = SymbolId::NONE;
    desk.tell(&Event::of(ACCOUNT, none, balance(QUOTE, "10000")));
    desk.tell(&Event::of(ACCOUNT, none, balance(BASE, "100")));
    desk.tell(&Event::of(ACCOUNT, none, Body::Answer(QueryAnswer::BalancesEnd)))
}

fn blocked(desk: &Desk) -> bool {
    desk.engine.blocks(ACCOUNT).has(Block::Reconciliation)
}

/// Everything that is cancelled is confirmed and everything that is offered is bought.
fn sell_out(desk: &mut Desk, mut done: Done) -> Option<Close> {
    for _ in 0..20 {
        let cancels: Vec<ClientOrderId> = done.cancels();
        let places: Vec<Request> = done.places();
        if let Some(how) = done.closed() {
            return Some(how);
        }
        done = Done::default();
        for id in cancels {
            done.actions.append(&mut desk.cancelled(id, "0").actions);
        }
        for request in places {
            done.actions.append(&mut desk.fills(&request).actions);
            let filled = filled_text(&request);
            done.actions.append(&mut desk.ends(&request, OrderStatus::Filled, &filled).actions);
        }
        done.actions.append(&mut desk.wait(ms(800)).actions);
    }
    None
}

fn filled_text(request: &Request) -> String {
    model::format_scaled(request.qty.raw(), 4, &mut [0; 40]).to_owned()
}

#[test]
fn an_unknown_sale_blocks_only_its_own_quantity() {
    let (mut desk, _) = Desk::holding_with(|setup| setup.exit.resting_share_bps = 0);
    desk.bid("0.9400");
    let press = desk.wait(ms(150)).only_place();
    desk.restart();
    back(&mut desk);
    assert_eq!(desk.target().record.why, WhyNot::None);
    let order = desk.engine.order(press.client_order_id).expect("the sale");
    assert_eq!(order.state, OrderState::Unknown);
    desk.book(NEW, &[("0.9400", "9000")], &[("0.9500", "9000")]);
    let done = desk.wait(Span::from_secs(2));
    assert!(done.places().is_empty(), "all of it may be sold already");
    let sold = desk.update(&press, OrderStatus::Cancelled, "0", UpdateSource::OrderQuery);
    let mut again = desk.wait(Span::from_secs(1));
    again.actions.extend(sold.actions);
    let again: Vec<_> = again
        .actions
        .iter()
        .filter(|(_, action)| matches!(action, Action::Place(order) if order.request().side == Side::Sell))
        .collect();
    assert!(!again.is_empty(), "and once it is known that it is not, it goes on");
}
