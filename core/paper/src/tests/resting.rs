//! Orders that rest: the queue before them, and what fills them.

use super::*;

use OrderKind::Limit;

/// A resting buy of 10 at 100 behind 20 others.
fn resting() -> (Desk, ClientOrderId) {
    let mut desk = Desk::open();
    desk.book(&[(100, 20), (99, 50)], &[(102, 30)]);
    let id = desk.order(Side::Buy, Limit, 100, 10);
    assert_eq!(desk.status(id), Some(OrderStatus::New));
    (desk, id)
}

#[test]
fn deals_at_its_price_serve_those_who_stood_there_first() {
    let (mut desk, id) = resting();
    desk.print(Side::Sell, 100, 15);
    desk.pass(10);
    assert_eq!(desk.deals(id), []);
    desk.print(Side::Sell, 100, 9);
    desk.pass(10);
    assert_eq!(desk.deals(id), [(100, 4)], "five were before it, four are its own");
    assert_eq!(desk.status(id), Some(OrderStatus::PartiallyFilled));
    desk.print(Side::Sell, 100, 100);
    desk.pass(10);
    assert_eq!(desk.deals(id), [(100, 4), (100, 6)]);
    assert!(desk.fills(id).iter().all(|fill| fill.maker));
}

#[test]
fn deals_of_the_other_side_or_at_a_better_price_do_not_reach_it() {
    let (mut desk, id) = resting();
    desk.print(Side::Buy, 100, 500);
    desk.print(Side::Sell, 101, 500);
    desk.pass(10);
    assert_eq!(desk.deals(id), []);
}

#[test]
fn a_deal_beyond_its_price_had_to_come_past_it() {
    let (mut desk, id) = resting();
    desk.print(Side::Sell, 99, 4);
    desk.pass(10);
    assert_eq!(desk.deals(id), [(100, 4)], "at its own price, and not more than was dealt");
}

#[test]
fn whoever_cancels_stood_behind_it() {
    let (mut desk, id) = resting();
    desk.book(&[(100, 25), (99, 50)], &[(102, 30)]);
    desk.book(&[(100, 12), (99, 50)], &[(102, 30)]);
    desk.print(Side::Sell, 100, 12);
    desk.pass(10);
    assert_eq!(desk.deals(id), [], "twelve stand there, and all of them before it");
    desk.print(Side::Sell, 100, 3);
    desk.pass(10);
    assert_eq!(desk.deals(id), [(100, 3)]);
}

#[test]
fn whoever_comes_later_to_its_price_stands_behind_it() {
    let (mut desk, id) = resting();
    desk.book(&[(100, 90), (99, 50)], &[(102, 30)]);
    desk.print(Side::Sell, 100, 22);
    desk.pass(10);
    assert_eq!(desk.deals(id), [(100, 2)], "twenty stood before it, seventy came later");
}

#[test]
fn quotes_strictly_beyond_its_price_meet_it_for_what_they_are() {
    let (mut desk, id) = resting();
    desk.book(&[(99, 50)], &[(100, 30)]);
    desk.pass(10);
    assert_eq!(desk.deals(id), [], "a quote at its price waits for somebody to deal");
    desk.book(&[(98, 50)], &[(99, 3), (101, 30)]);
    desk.pass(10);
    assert_eq!(desk.deals(id), [(100, 3)]);
    desk.book(&[(97, 50)], &[(99, 3), (101, 30)]);
    desk.pass(10);
    assert_eq!(desk.deals(id), [(100, 3)], "the same quote does not count twice");
}

#[test]
fn one_deal_is_shared_by_price_and_then_by_age() {
    let mut desk = Desk::open();
    desk.book(&[(100, 2)], &[(105, 30)]);
    let older = desk.order(Side::Buy, Limit, 100, 5);
    let younger = desk.order(Side::Buy, Limit, 100, 5);
    let better = desk.order(Side::Buy, Limit, 101, 5);
    desk.print(Side::Sell, 100, 10);
    desk.pass(10);
    assert_eq!(desk.deals(better), [(101, 5)]);
    assert_eq!(desk.deals(older), [(100, 3)], "10 less 5 dealt above less 2 that stood before");
    assert_eq!(desk.deals(younger), []);
}

#[test]
fn behind_a_level_that_cannot_be_seen_the_queue_is_endless() {
    let mut desk = Desk::open();
    let id = desk.order(Side::Buy, Limit, 100, 5);
    desk.print(Side::Sell, 100, 1_000);
    desk.pass(10);
    assert_eq!(desk.deals(id), []);
    desk.print(Side::Sell, 99, 1_000);
    desk.pass(10);
    assert_eq!(desk.deals(id), [(100, 5)]);
}

#[test]
fn a_sale_rests_and_fills_on_the_other_side_alike() {
    let mut desk = Desk::open();
    desk.book(&[(99, 5)], &[(100, 10)]);
    desk.order(Side::Buy, OrderKind::ImmediateOrCancel, 100, 10);
    desk.book(&[(99, 5)], &[(102, 4)]);
    let id = desk.order(Side::Sell, Limit, 102, 6);
    desk.print(Side::Buy, 102, 5);
    desk.pass(10);
    assert_eq!(desk.deals(id), [(102, 1)]);
    desk.print(Side::Buy, 103, 50);
    desk.pass(10);
    assert_eq!(desk.deals(id), [(102, 1), (102, 5)]);
}

#[test]
fn a_cancel_ends_a_resting_order_and_frees_its_money() {
    let (mut desk, id) = resting();
    assert_eq!(desk.locked(USDT), Amount::from_units(10));
    desk.cancel(id);
    assert_eq!(desk.status(id), Some(OrderStatus::Cancelled));
    assert_eq!((desk.locked(USDT), desk.free(USDT)), (Amount::ZERO, Amount::from_units(10_000)));
    assert!(desk.said.iter().any(|event| matches!(event.body, Body::Cancelled(_))));
    desk.print(Side::Sell, 90, 500);
    desk.pass(10);
    assert_eq!(desk.deals(id), []);
}

#[test]
fn a_deal_that_comes_before_the_cancel_arrives_counts() {
    let (mut desk, id) = resting();
    let cancel = desk.cancel_of(id);
    desk.paper.cancel(desk.now, &cancel).unwrap();
    desk.run();
    desk.pass(5);
    desk.print(Side::Sell, 99, 4);
    desk.pass(50);
    assert_eq!(desk.deals(id), [(100, 4)]);
    assert_eq!(desk.status(id), Some(OrderStatus::PartiallyCancelled));
}
