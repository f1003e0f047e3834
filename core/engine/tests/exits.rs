//! The way out: ladder, stops, the emergency ladder, and what is left over.

mod desk;

use desk::{BASE, Desk, NEW, money, ms, price, qty, rests};
use engine::Question;
use model::{
    AlarmKind, Body, Close, Command, Intent, KillLevel, OperatorOrder, OrderKind, OrderLeg,
    OrderStatus, RejectClass, Request, Side, Span, TargetState,
};

#[test]
fn the_resting_share_of_each_rung_stands_on_the_book_at_once() {
    let (_, done) = Desk::holding();
    let standing: Vec<_> = done.places().iter().map(|r| (r.price, r.qty, rests(r))).collect();
    assert_eq!(standing, [(price("1.1000"), qty("25"), true), (price("1.2000"), qty("25"), true)]);
    assert!(done.places().iter().all(|sale| sale.side == Side::Sell));
}

#[test]
fn the_free_part_of_a_rung_is_taken_when_the_bid_pays_for_it() {
    let (mut desk, _) = Desk::holding();
    assert!(desk.bid("1.0999").places().is_empty());
    let sale = desk.bid("1.1000").only_place();
    assert_eq!((sale.price, sale.qty), (price("1.1000"), qty("25")));
    assert_eq!(sale.kind, OrderKind::ImmediateOrCancel);
}

#[test]
fn a_ladder_that_sold_everything_completes_the_target() {
    let (mut desk, standing) = Desk::holding();
    let mut sales = standing.places();
    sales.extend(desk.bid("1.2000").places());
    assert_eq!(sales.len(), 4);
    let mut last = None;
    for sale in &sales {
        last = Some(desk.fills(sale));
    }
    assert_eq!(desk.state(), TargetState::Completed);
    assert_eq!(last.expect("a deal").closed(), Some(Close::TakeProfit));
    assert!(desk.target().position.received > desk.target().position.paid);
}

#[test]
fn a_rung_that_sold_in_part_offers_only_the_rest() {
    let (mut desk, standing) = Desk::holding();
    let resting = standing.places()[0];
    let taken = desk.bid("1.1000").only_place();
    desk.fill(&taken, "1.1000", "10");
    desk.ends(&taken, OrderStatus::PartiallyCancelled, "10");
    let again = desk.wait(Span::from_secs(1)).places();
    let left: i64 = again.iter().map(|sale| sale.qty.raw()).sum();
    assert!(left <= qty("15").raw(), "{again:?}");
    desk.fills(&resting);
    let again = desk.bid("1.1010").places();
    assert!(again.iter().all(|sale| sale.qty <= qty("15")), "{again:?}");
}

#[test]
fn a_rung_that_may_not_rest_is_taken_whole() {
    let (mut desk, standing) = Desk::holding();
    let resting = standing.places()[0];
    desk.cancelled(resting.client_order_id, "0");
    let again = desk.wait(Span::from_secs(1)).places();
    let again = again
        .first()
        .copied()
        .or_else(|| desk.alive().into_iter().find(|r| r.price == resting.price && rests(r)));
    desk.reject(&again.expect("it stands again"), RejectClass::Definitive);
    desk.wait(Span::from_secs(1));
    let sale = desk.bid("1.1000").only_place();
    assert_eq!((sale.price, sale.qty), (price("1.1000"), qty("50")));
}

#[test]
fn a_stop_sells_only_after_its_breach_lasted() {
    let (mut desk, standing) = Desk::holding();
    assert!(desk.bid("0.9500").is_empty());
    assert!(desk.wait(ms(99)).places().is_empty());
    let done = desk.wait(ms(1));
    assert_eq!(desk.state(), TargetState::Closing);
    let ids: Vec<_> = standing.places().iter().map(|sale| sale.client_order_id).collect();
    assert_eq!(done.cancels(), ids, "what rests is taken back");
    let sale = done.only_place();
    // A hundredth below the bid, and only what no resting sale locks.
    assert_eq!((sale.price, sale.qty), (price("0.9405"), qty("50")));
    assert_eq!(sale.client_order_id.leg(), OrderLeg::STOP);
}

#[test]
fn two_deals_at_the_stop_confirm_it_at_once() {
    let (mut desk, _) = Desk::holding();
    desk.bid("0.9400");
    desk.trade(NEW, "0.9450");
    assert_eq!(desk.state(), TargetState::Open);
    desk.trade(NEW, "0.9440");
    assert_eq!(desk.state(), TargetState::Closing);
}

#[test]
fn deals_above_the_stop_confirm_nothing() {
    let (mut desk, _) = Desk::holding();
    desk.bid("0.9400");
    for _ in 0..5 {
        desk.trade(NEW, "0.9600");
    }
    assert_eq!(desk.state(), TargetState::Open);
}

#[test]
fn a_breach_that_recovers_is_forgotten() {
    let (mut desk, _) = Desk::holding();
    for _ in 0..5 {
        desk.bid("0.9400");
        desk.trade(NEW, "0.9400");
        desk.wait(ms(60));
        desk.bid("0.9800");
        desk.wait(ms(60));
    }
    assert_eq!(desk.state(), TargetState::Open);
}

#[test]
fn a_cancelled_sale_frees_its_quantity_for_the_next_press() {
    let (mut desk, standing, first) = closing();
    desk.fill(&first, "0.9410", "50");
    desk.ends(&first, OrderStatus::Filled, "50");
    assert!(desk.wait(ms(700)).places().is_empty(), "nothing is free before the cancels");
    let freed = standing[0].client_order_id;
    let sale = desk.cancelled(freed, "0").only_place();
    assert_eq!(sale.qty, qty("25"));
}

#[test]
fn a_cancel_that_lost_to_a_fill_frees_nothing() {
    let (mut desk, standing, first) = closing();
    desk.fill(&first, "0.9410", "50");
    let freed = standing[0].client_order_id;
    desk.cancelled(freed, "25");
    assert!(desk.wait(ms(700)).places().is_empty(), "its deals are still on their way");
    desk.fills(&standing[0]);
    desk.cancelled(standing[1].client_order_id, "0");
    let done = desk.wait(ms(700));
    assert_eq!(desk.target().position.held, money("25"));
    assert!(done.places().iter().all(|sale| sale.qty <= qty("25")));
}

#[test]
fn the_emergency_ladder_widens_ends_in_a_market_order_alarms_and_goes_on() {
    let (mut desk, standing, mut sale) = closing();
    for resting in &standing {
        desk.cancelled(resting.client_order_id, "0");
    }
    let mut sales = Vec::new();
    let mut alarms = Vec::new();
    for _ in 0..12 {
        sales.push(sale);
        desk.reject(&sale, RejectClass::Definitive);
        let done = desk.wait(ms(701));
        alarms.extend(done.alarms());
        sale = done.only_place();
    }
    assert_eq!(sales[0].price, price("0.9405"));
    assert_eq!((sales[1].price, sales[1].kind), (price("0.9215"), OrderKind::ImmediateOrCancel));
    assert_eq!((sales[1].qty, sales[2].kind), (qty("100"), OrderKind::Market));
    let kinds = [OrderKind::Market, OrderKind::ImmediateOrCancel].into_iter().cycle();
    assert!(sales[2..].iter().map(|sale| sale.kind).eq(kinds.take(10)), "a refused kind gives way");
    assert_eq!(alarms, [AlarmKind::ExitStuck], "a person is called once");
}

#[test]
fn a_market_order_that_is_taken_and_cancelled_gives_way_to_a_limit() {
    let (mut desk, standing, mut sale) = closing();
    for resting in &standing {
        desk.cancelled(resting.client_order_id, "0");
    }
    let mut kinds = Vec::new();
    for _ in 0..6 {
        kinds.push(sale.kind);
        desk.placed(&sale);
        desk.ends(&sale, OrderStatus::Cancelled, "0");
        sale = desk.wait(ms(701)).only_place();
    }
    let ioc = OrderKind::ImmediateOrCancel;
    let market = OrderKind::Market;
    assert_eq!(kinds, [ioc, ioc, market, ioc, market, ioc]);
}

#[test]
fn no_market_order_is_used_where_it_is_not_allowed() {
    let (mut desk, _, mut sale) = closing_with(|s| s.config.emergency.market_allowed = false);
    for _ in 0..6 {
        assert_eq!(sale.kind, OrderKind::ImmediateOrCancel);
        desk.reject(&sale, RejectClass::Wait);
        sale = desk.wait(ms(701)).only_place();
    }
}

#[test]
fn sales_that_never_left_do_not_widen_the_ladder() {
    let (mut desk, standing) = Desk::holding();
    for resting in standing.places() {
        desk.cancelled(resting.client_order_id, "0");
    }
    desk.wire = false;
    desk.bid("0.9400");
    let mut done = desk.wait(ms(100));
    for _ in 0..3 {
        for sale in done.places() {
            if sale.client_order_id.leg() == OrderLeg::STOP {
                assert_eq!(sale.kind, OrderKind::ImmediateOrCancel);
                assert_eq!(sale.price, price("0.9306"));
                let client_order_id = sale.client_order_id;
                desk.of(&sale, Body::Busy { client_order_id, cancel: false });
            }
        }
        done = desk.wait(ms(300));
    }
}

#[test]
fn a_trailing_stop_wakes_at_its_gain_and_follows_the_high() {
    let (mut desk, _) = Desk::holding_with(|setup| {
        setup.ladder(&[]);
        setup.exit.trailing_bps = 500;
        setup.exit.trailing_from_bps = 1_000;
    });
    desk.bid("1.0900");
    desk.bid("1.0300");
    desk.wait(ms(200));
    assert_eq!(desk.state(), TargetState::Open, "asleep below its gain");
    desk.bid("1.4000");
    desk.bid("1.3301");
    desk.wait(ms(200));
    assert_eq!(desk.state(), TargetState::Open);
    desk.bid("1.3300");
    assert_eq!(closing_reason(&mut desk), Close::Trailing);
}

#[test]
fn a_break_even_stop_covers_both_fees() {
    let (mut desk, _) = Desk::holding_with(|setup| {
        setup.ladder(&[]);
        setup.exit.break_even_bps = 300;
    });
    desk.bid("1.0300");
    desk.bid("1.0011");
    desk.wait(ms(200));
    assert_eq!(desk.state(), TargetState::Open);
    desk.bid("1.0010");
    assert_eq!(closing_reason(&mut desk), Close::BreakEven);
}

#[test]
fn the_time_stop_sells_what_is_left() {
    let (mut desk, _) = Desk::holding();
    desk.wait(Span::from_secs(599));
    assert_eq!(desk.state(), TargetState::Open);
    desk.wait(Span::from_secs(1).plus(ms(1)));
    assert_eq!(desk.state(), TargetState::Closing);
}

#[test]
fn the_kept_share_outlives_time_stop_and_ladder_and_falls_to_the_stop() {
    let (mut desk, _) = Desk::holding_with(|setup| {
        setup.ladder(&[(1_000, 8_000)]);
        setup.exit.keep_bps = 2_000;
    });
    let mut sold = qty("0");
    for _ in 0..700 {
        for id in desk.wait(Span::from_secs(1)).cancels() {
            desk.cancelled(id, "0");
        }
        for sale in desk.alive().into_iter().filter(|sale| !rests(sale)) {
            sold = sold.plus(sale.qty).expect("a sum");
            desk.fills(&sale);
        }
    }
    assert_eq!(sold, qty("80"));
    desk.bid("1.3000");
    assert!(desk.alive().is_empty(), "the kept share is offered");
    assert_eq!(desk.state(), TargetState::Open);
    desk.bid("0.9000");
    assert_eq!(desk.wait(ms(100)).only_place().qty, qty("20"));
}

#[test]
fn a_time_stop_that_found_no_buyer_is_tried_again() {
    let (mut desk, _) = Desk::holding_with(|setup| {
        setup.ladder(&[]);
        setup.exit.keep_bps = 2_000;
    });
    let sale = desk.wait(Span::from_secs(601)).places()[0];
    desk.placed(&sale);
    let again = desk.ends(&sale, OrderStatus::Cancelled, "0").only_place();
    assert_eq!(again.qty, qty("80"));
}

#[test]
fn a_hand_may_sell_a_part_or_all() {
    let (mut desk, _) = Desk::holding();
    let target = desk.target().record.id;
    let order = |qty| Command::Exit(OperatorOrder { target, qty });
    let sale = desk.command(order(Some(qty("30")))).only_place();
    assert_eq!((sale.qty, sale.client_order_id.leg()), (qty("30"), OrderLeg::MANUAL));
    desk.fills(&sale);
    assert!(desk.wait(Span::from_secs(2)).places().is_empty(), "it was filled");
    desk.command(order(None));
    assert_eq!(desk.state(), TargetState::Closing);
}

#[test]
fn a_sale_by_hand_of_more_than_is_free_takes_back_what_rests() {
    let (mut desk, standing) = Desk::holding();
    let target = desk.target().record.id;
    desk.wish(Intent::Exit { target, qty: Some(qty("90")) });
    let done = desk.trade(NEW, "1.0000");
    assert_eq!(done.cancels().len(), 2);
    let first = done.only_place();
    assert_eq!(first.qty, qty("50"));
    desk.fills(&first);
    for sale in standing.places() {
        desk.cancelled(sale.client_order_id, "0");
    }
    let rest = desk.wait(ms(701)).places();
    assert_eq!(rest[0].qty, qty("40"), "{rest:?}");
}

#[test]
fn a_busy_cancel_before_a_sale_by_hand_is_sent_again() {
    let (mut desk, _) = Desk::holding();
    let target = desk.target().record.id;
    let done = desk.command(Command::Exit(OperatorOrder { target, qty: Some(qty("90")) }));
    let id = done.cancels()[0];
    desk.private(Body::Busy { client_order_id: id, cancel: true });
    assert!(desk.wait(Span::from_secs(1)).cancels().contains(&id));
}

#[test]
fn exits_pass_through_a_halt() {
    let (mut desk, _) = Desk::holding();
    desk.kill(KillLevel::Halt);
    assert_eq!(desk.state(), TargetState::Open);
    desk.bid("0.9000");
    assert_eq!(desk.wait(ms(100)).places().len(), 1);
}

#[test]
fn exits_pass_through_every_block() {
    let (mut desk, _) = Desk::holding();
    for block in model::Block::ALL {
        desk.say(Body::Blocked { block, on: true });
    }
    desk.bid("0.9000");
    assert_eq!(desk.wait(ms(100)).places().len(), 1);
}

#[test]
fn what_cannot_be_sold_is_closed_as_dust() {
    let (mut desk, request) = Desk::fired();
    desk.trade(NEW, "1.0000");
    desk.book(NEW, &[("0.9990", "9000")], &[("1.0010", "9000")]);
    desk.fill(&request, "1.0000", "0.5");
    let done = desk.ends(&request, OrderStatus::PartiallyCancelled, "0.5");
    assert_eq!(desk.state(), TargetState::Completed);
    assert_eq!(done.closed(), Some(Close::Dust));
}

#[test]
fn one_absurd_bid_makes_no_dust() {
    let (mut desk, standing) = Desk::holding();
    for sale in standing.places() {
        desk.cancelled(sale.client_order_id, "0");
    }
    for sale in desk.alive() {
        desk.cancelled(sale.client_order_id, "0");
    }
    desk.bid("0.0001");
    assert!(!desk.state().is_final());
}

#[test]
fn a_remainder_worth_the_minimum_is_sold_at_the_bid() {
    let (mut desk, request) = Desk::fired_with(|setup| setup.ladder(&[]));
    desk.trade(NEW, "1.0000");
    desk.fill(&request, "1.0000", "1.06");
    desk.ends(&request, OrderStatus::PartiallyCancelled, "1.06");
    desk.book(NEW, &[("0.9450", "9000")], &[("0.9460", "9000")]);
    let sale = desk.wait(ms(200)).only_place();
    // 1.06 at 0.9450 is 1.0017; a hundredth below would be less than the venue takes.
    assert_eq!((sale.price, sale.qty), (price("0.9450"), qty("1.06")));
}

#[test]
fn a_fee_in_base_is_not_offered_for_sale() {
    let (mut desk, request) = Desk::fired_with(|setup| setup.ladder(&[]));
    desk.trade(NEW, "1.0000");
    let mut fill = desk.deal(&request, "1.0000", "100");
    (fill.fee, fill.fee_asset) = (money("0.123"), BASE);
    desk.of(&request, Body::Fill(fill));
    desk.bid("0.9000");
    desk.book(NEW, &[("0.9000", "9000")], &[]);
    assert_eq!(desk.wait(ms(100)).only_place().qty, qty("99.87"));
}

#[test]
fn a_position_above_the_venues_ceiling_is_sold_in_slices() {
    let (mut desk, request) = Desk::fired_with(|setup| setup.ladder(&[]));
    desk.trade(NEW, "1.0000");
    desk.fill(&request, "1.0000", "100");
    let mut spec = desk.spec();
    spec.notional_max = money("40");
    desk.public(NEW, Body::Spec(spec));
    desk.book(NEW, &[("0.9000", "9000")], &[]);
    let sale = desk.wait(ms(100)).only_place();
    assert!(sale.qty < qty("50") && sale.qty > qty("40"), "{sale:?}");
}

#[test]
fn a_sale_refused_for_lack_of_balance_asks_what_is_held() {
    let (mut desk, _, sale) = closing();
    let done = desk.reject_with(&sale, RejectClass::Definitive, |reject| reject.code = 30_005);
    assert!(done.asks().contains(&Question::Balances) && done.asks().contains(&Question::Trades));
    assert_eq!(desk.wait(ms(701)).places().len(), 1, "and it is tried again");
}

#[test]
fn a_partial_entry_is_managed_from_its_first_deal() {
    let (mut desk, request) = Desk::fired_with(|s| s.entry.kind = model::EntryKind::Limit);
    desk.placed(&request);
    desk.trade(NEW, "1.0000");
    desk.book(NEW, &[("0.9990", "9000")], &[("1.0010", "9000")]);
    desk.fill(&request, "1.0000", "40");
    assert_eq!(desk.state(), TargetState::Open);
    desk.bid("0.9000");
    let done = desk.wait(ms(100));
    assert_eq!(done.cancels(), [request.client_order_id], "no more is bought while it is sold");
    assert!(done.places().is_empty(), "a sale would meet our own buy");
    let done = desk.cancelled(request.client_order_id, "40");
    assert_eq!(done.only_place().qty, qty("40"));
}

#[test]
fn a_lost_private_stream_has_holdings_and_orders_asked_about_when_it_is_back() {
    let (mut desk, standing) = Desk::holding();
    desk.private(Body::Stream { stream: model::Stream::Private, state: model::LinkState::Down });
    let done = desk
        .private(Body::Stream { stream: model::Stream::Private, state: model::LinkState::Live });
    for sale in standing.places() {
        assert!(done.asks().contains(&Question::Order(sale.client_order_id)));
    }
    assert!(done.asks().contains(&Question::Trades) && done.asks().contains(&Question::Balances));
}

/// Lets the stop be confirmed and the sale be filled; with how the position was closed.
fn closing_reason(desk: &mut Desk) -> Close {
    let sale = desk.wait(ms(100)).only_place();
    let done = desk.fills(&sale);
    done.closed().expect("closed")
}

/// A desk whose stop at 0.9500 is confirmed; with what rests and the first press.
fn closing() -> (Desk, Vec<Request>, Request) {
    closing_with(|_| {})
}

fn closing_with(change: impl FnOnce(&mut desk::Setup)) -> (Desk, Vec<Request>, Request) {
    let (mut desk, standing) = Desk::holding_with(change);
    desk.bid("0.9500");
    let first = desk.wait(ms(100)).only_place();
    (desk, standing.places(), first)
}

#[test]
fn sales_that_the_venue_put_off_do_not_climb_to_a_market_order() {
    let (mut desk, standing, sale) = closing();
    for resting in &standing {
        desk.cancelled(resting.client_order_id, "0");
    }
    desk.reject_with(&sale, RejectClass::BackOff, |reject| {
        reject.retry_after = model::Span::from_secs(5);
    });
    assert!(desk.wait(ms(4_900)).places().is_empty());
    let next = desk.wait(ms(200)).only_place();
    assert_eq!(next.kind, OrderKind::ImmediateOrCancel);
}

#[test]
fn an_entry_that_filled_in_part_does_not_rest_for_ever() {
    let (mut desk, entry) = Desk::fired_with(|s| s.entry.kind = model::EntryKind::Limit);
    desk.placed(&entry);
    desk.fill(&entry, "1.0000", "40");
    assert_eq!(desk.state(), TargetState::Open);
    assert_eq!(desk.wait(ms(2_500)).cancels(), [entry.client_order_id]);
}

#[test]
fn no_cancel_is_tried_while_no_connection_could_carry_it() {
    let (mut desk, standing) = Desk::holding();
    let link = |up| Body::Link { link: model::Link::Order, up };
    desk.private(link(false));
    desk.bid("0.9400");
    assert!(desk.wait(ms(1_000)).cancels().is_empty());
    let mut done = desk.private(link(true));
    done.actions.append(&mut desk.wait(ms(60)).actions);
    assert_eq!(done.cancels().len(), standing.places().len());
}

#[test]
fn a_press_that_sold_nothing_waits_out_its_rung() {
    let (mut desk, standing, sale) = closing();
    for resting in &standing {
        desk.cancelled(resting.client_order_id, "0");
    }
    let ended = desk.ends(&sale, model::OrderStatus::Cancelled, "0");
    assert!(ended.places().is_empty() && desk.wait(ms(500)).places().is_empty());
    assert_eq!(desk.wait(ms(250)).places().len(), 1);
}

#[test]
fn a_connection_that_is_busy_for_a_while_raises_no_alarm_and_fills_no_journal() {
    let (mut desk, _) = Desk::holding_with(|setup| setup.exit.resting_share_bps = 0);
    desk.wire = false;
    desk.bid("0.9400");
    let start = desk.now;
    let mut tried = 0;
    let mut alarms = Vec::new();
    while desk.now.since(start) < ms(1_000) {
        let done = desk.wait(ms(1));
        alarms.extend(done.alarms());
        for sale in done.places() {
            tried += 1;
            let client_order_id = sale.client_order_id;
            alarms.extend(desk.of(&sale, Body::Busy { client_order_id, cancel: false }).alarms());
        }
    }
    assert!((4..=8).contains(&tried), "{tried} tries in a second");
    assert_eq!(alarms, [], "it is not stuck: a connection will answer");
    desk.wire = true;
    let sale = desk.wait(ms(700)).only_place();
    assert_eq!(sale.side, Side::Sell);
}
