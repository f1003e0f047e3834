//! Orders that take: what the visible book gives, and what each kind makes of it.

use model::{BookTop, OrderKinds};

use super::*;

use OrderKind::{FillOrKill, ImmediateOrCancel, Limit, LimitMaker, Market};

#[test]
fn a_marketable_order_walks_the_book_level_by_level_and_never_past_its_limit() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(101, 5), (102, 5), (103, 100)]);
    let id = desk.order(Side::Buy, ImmediateOrCancel, 102, 20);
    assert_eq!(desk.deals(id), [(101, 5), (102, 5)]);
    assert_eq!(desk.status(id), Some(OrderStatus::PartiallyCancelled));
    let buys_all = desk.order(Side::Buy, ImmediateOrCancel, 103, 20);
    assert_eq!(desk.deals(buys_all), [(103, 20)]);
    assert_eq!(desk.status(buys_all), Some(OrderStatus::Filled));
}

#[test]
fn what_was_taken_of_a_level_is_gone_until_its_quantity_changes() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(101, 10)]);
    let first = desk.order(Side::Buy, ImmediateOrCancel, 101, 7);
    let second = desk.order(Side::Buy, ImmediateOrCancel, 101, 7);
    let third = desk.order(Side::Buy, ImmediateOrCancel, 101, 7);
    assert_eq!(desk.deals(first), [(101, 7)]);
    assert_eq!(desk.deals(second), [(101, 3)]);
    assert_eq!(desk.deals(third), []);
    desk.book(&[(98, 5)], &[(101, 10)]);
    let same = desk.order(Side::Buy, ImmediateOrCancel, 101, 7);
    assert_eq!(desk.deals(same), [], "the level was told again, not changed");
    desk.book(&[(98, 5)], &[(101, 11)]);
    let fresh = desk.order(Side::Buy, ImmediateOrCancel, 101, 7);
    assert_eq!(desk.deals(fresh), [(101, 7)]);
}

#[test]
fn one_account_cannot_take_what_another_took() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(101, 10)]);
    let request = desk.request(Side::Buy, ImmediateOrCancel, 101, 8);
    let others = desk.send(Request { account: OTHER, ..request });
    desk.pass(50);
    let mine = desk.order(Side::Buy, ImmediateOrCancel, 101, 8);
    assert_eq!((desk.deals(others), desk.deals(mine)), (vec![(101, 8)], vec![(101, 2)]));
}

#[test]
fn the_book_that_counts_is_the_one_a_round_trip_after_the_order_left() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(101, 10)]);
    let request = desk.request(Side::Buy, ImmediateOrCancel, 102, 5);
    let id = desk.send(request);
    desk.pass(9);
    desk.book(&[(99, 5)], &[(102, 2), (103, 10)]);
    desk.pass(50);
    assert_eq!(desk.deals(id), [(102, 2)]);
}

#[test]
fn a_fill_or_kill_fills_wholly_or_leaves_the_book_as_it_was() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(101, 5), (102, 5)]);
    let short = desk.order(Side::Buy, FillOrKill, 102, 11);
    assert_eq!((desk.deals(short), desk.status(short)), (vec![], Some(OrderStatus::Cancelled)));
    let whole = desk.order(Side::Buy, FillOrKill, 102, 10);
    assert_eq!(desk.deals(whole), [(101, 5), (102, 5)]);
    assert_eq!(desk.status(whole), Some(OrderStatus::Filled));
}

#[test]
fn a_limit_maker_that_would_take_is_cancelled_and_one_that_would_not_rests() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(101, 5)]);
    let takes = desk.order(Side::Buy, LimitMaker, 101, 5);
    assert_eq!((desk.deals(takes), desk.status(takes)), (vec![], Some(OrderStatus::Cancelled)));
    let rests = desk.order(Side::Buy, LimitMaker, 100, 5);
    assert_eq!(desk.status(rests), Some(OrderStatus::New));
}

#[test]
fn a_limit_order_rests_with_what_it_could_not_take() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(101, 5)]);
    let id = desk.order(Side::Buy, Limit, 101, 8);
    assert_eq!(
        (desk.deals(id), desk.status(id)),
        (vec![(101, 5)], Some(OrderStatus::PartiallyFilled))
    );
}

#[test]
fn a_market_sale_stops_at_its_protective_price() {
    let mut desk = Desk::open();
    desk.book(&[(200, 5)], &[(201, 10)]);
    desk.order(Side::Buy, ImmediateOrCancel, 201, 10);
    desk.book(&[(200, 2), (191, 2), (189, 50)], &[(201, 9)]);
    let id = desk.order(Side::Sell, Market, 200, 9);
    assert_eq!(desk.deals(id), [(200, 2), (191, 2)], "189 is more than 5 % below 200");
    assert_eq!(desk.status(id), Some(OrderStatus::PartiallyCancelled));
}

#[test]
fn with_a_book_out_of_step_only_the_best_level_is_there_to_take() {
    let mut desk = Desk::open();
    let (bid, ask) = (Some(level(99, 1)), Some(level(101, 4)));
    let top = BookTop { bid, ask, version: 1 };
    desk.hear(Event::of(AccountId::NONE, PAIR, Body::Top(top)));
    let id = desk.order(Side::Buy, ImmediateOrCancel, 150, 10);
    assert_eq!(desk.deals(id), [(101, 4)]);
}

#[test]
fn without_any_quote_nothing_is_taken() {
    let mut desk = Desk::open();
    let id = desk.order(Side::Buy, ImmediateOrCancel, 150, 10);
    assert_eq!((desk.deals(id), desk.status(id)), (vec![], Some(OrderStatus::Cancelled)));
}

#[test]
fn one_order_takes_at_most_so_many_levels() {
    let mut desk = Desk::open();
    let asks: Vec<(i64, i64)> = (0..100).map(|at| (101 + at, 1)).collect();
    desk.book(&[(99, 5)], &asks);
    let id = desk.order(Side::Buy, ImmediateOrCancel, 300, 100);
    assert_eq!(desk.deals(id).len(), crate::DEALS_MAX);
}

#[test]
fn before_the_first_deal_of_a_planned_opening_an_order_is_refused_as_the_venue_would() {
    let mut desk = Desk::before_opening(config());
    let early = desk.order(Side::Buy, ImmediateOrCancel, 101, 5);
    assert_eq!(desk.code(early), Some(30_001), "no book, no print");
    desk.book(&[], &[(101, 5)]);
    let asks_only = desk.order(Side::Buy, ImmediateOrCancel, 101, 5);
    assert_eq!(desk.code(asks_only), Some(30_001), "asks before the opening are no market");
    let at = desk.venue_now().after(Span::from_secs(10));
    let body = model::ListingBody::Opens { at };
    let (source, coin) = (model::Source::Calendar, model::VenueKey(1));
    let fact = model::ListingFact { source, coin, body };
    desk.hear(Event::of(AccountId::NONE, PAIR, Body::Listing(fact)));
    desk.book(&[(99, 5)], &[(101, 5)]);
    let planned = desk.order(Side::Buy, ImmediateOrCancel, 101, 5);
    assert_eq!(desk.code(planned), Some(30_001), "its opening lies ahead");
    desk.print(Side::Buy, 101, 1);
    let opened = desk.order(Side::Buy, ImmediateOrCancel, 101, 5);
    assert_eq!(desk.deals(opened), [(101, 5)]);
}

#[test]
fn each_rule_of_the_pair_is_refused_with_the_venues_code() {
    /// How the rules change, the order, and the code that it meets.
    type Case = (fn(&mut SymbolSpec), OrderKind, i64, i64, i32);
    let cases: [Case; 8] = [
        (|spec| spec.api_allowed = false, Limit, 101, 5, 10_007),
        (|spec| spec.status = SymbolStatus::Paused, Limit, 101, 5, 30_000),
        (|spec| spec.status = SymbolStatus::Offline, Limit, 101, 5, 30_016),
        (|spec| spec.sides = TradeSides::SellOnly, Limit, 101, 5, 30_001),
        (|spec| spec.kinds = OrderKinds::ALL, Limit, 101, 1_000_000, 30_003),
        (|spec| spec.notional_min = Amount::from_units(6), Limit, 101, 5, 30_002),
        (|spec| spec.qty_min = qty(6), Limit, 101, 5, 30_002),
        (|spec| spec.tick = price(2), Limit, 101, 5, 33_333),
    ];
    for (at, (change, kind, cents, coins, code)) in cases.into_iter().enumerate() {
        let mut desk = Desk::open();
        desk.book(&[(99, 5)], &[(101, 5)]);
        let mut rules = spec();
        change(&mut rules);
        desk.rules(rules);
        let id = desk.order(Side::Buy, kind, cents, coins);
        assert_eq!(desk.code(id), Some(code), "case {at}");
        assert_eq!(desk.locked(USDT), Amount::ZERO, "case {at}");
    }
}

#[test]
fn a_kind_that_the_pair_does_not_take_is_refused() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(101, 5)]);
    desk.rules(SymbolSpec { kinds: OrderKinds::default().with(Limit), ..spec() });
    let fok = desk.order(Side::Buy, FillOrKill, 101, 5);
    let market = desk.order(Side::Buy, Market, 101, 5);
    assert_eq!((desk.code(fok), desk.code(market)), (Some(30_041), Some(30_019)));
}
