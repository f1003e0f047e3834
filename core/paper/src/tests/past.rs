//! A data directory that goes on: purse, open orders and deals from the journal of earlier runs.

use crate::Past;

use super::*;

use OrderKind::{ImmediateOrCancel, Limit};

/// A run, with what its journal would hold.
struct Run {
    desk: Desk,
    orders: Vec<Request>,
}

impl Run {
    fn begin() -> Self {
        let mut desk = Desk::open();
        desk.book(&[(99, 5)], &[(101, 5)]);
        Self { desk, orders: Vec::new() }
    }

    fn order(&mut self, side: Side, kind: OrderKind, cents: i64, coins: i64) -> ClientOrderId {
        let request = self.desk.request(side, kind, cents, coins);
        self.orders.push(request);
        self.desk.send(request)
    }

    /// The process dies, and the next one reads what `said` of it is in the journal.
    fn next(&self, said: &[Event]) -> Desk {
        let mut past = Past::default();
        let names = SymbolNames {
            name: Text::clipped("NEWUSDT"),
            base: Text::clipped("NEW"),
            quote: Text::clipped("USDT"),
            base_asset: COIN,
            quote_asset: USDT,
        };
        past.take_event(&Event::of(AccountId::NONE, PAIR, Body::Symbol(names)));
        past.take_event(&Event::of(AccountId::NONE, PAIR, Body::Spec(spec())));
        for order in &self.orders {
            past.take_order(order);
        }
        for event in said {
            past.take_event(event);
        }
        let mut paper = Paper::new(PaperConfig { epoch: 2, ..config() });
        paper.restore(past);
        let mut desk = Desk { paper, said: Vec::new(), next: 100, ..Desk::unlearnt(config()) };
        desk.paper.handle_reachable(desk.now, true);
        let error = Span::from_millis(1);
        let clock = ClockSample { offset: OFFSET, error, round_trip: error };
        desk.hear(Event::bare(Body::Clock(clock)));
        desk.learn();
        desk.print(Side::Buy, 101, 1);
        desk
    }
}

#[test]
fn the_purse_is_what_it_began_with_and_the_sum_of_the_deals() {
    let mut run = Run::begin();
    run.order(Side::Buy, ImmediateOrCancel, 101, 5);
    run.desk.pass(50);
    let next = run.next(&run.desk.said);
    for asset in [USDT, COIN] {
        assert_eq!(next.free(asset), run.desk.free(asset));
        assert_eq!(next.locked(asset), Amount::ZERO);
    }
}

#[test]
fn a_deal_that_was_told_twice_is_booked_once() {
    let mut run = Run::begin();
    run.order(Side::Buy, ImmediateOrCancel, 101, 5);
    run.desk.pass(50);
    let once = run.desk.free(USDT);
    run.desk.ask(Ask::Trades);
    let fills = run.desk.said.iter().filter(|event| matches!(event.body, Body::Fill(_)));
    assert_eq!(fills.count(), 2, "by the stream and by the answer");
    assert_eq!(run.next(&run.desk.said).free(USDT), once);
}

#[test]
fn deals_and_orders_of_earlier_runs_are_there_to_be_asked_for() {
    let mut run = Run::begin();
    let id = run.order(Side::Buy, ImmediateOrCancel, 101, 5);
    run.desk.pass(50);
    let mut next = run.next(&run.desk.said);
    let answer = next.ask(Ask::Order(id));
    assert!(matches!(answer[0].body, Body::Order(o) if o.status == OrderStatus::Filled));
    next.ask(Ask::Trades);
    assert_eq!(next.fills(id)[0].trade, run.desk.fills(id)[0].trade);
    let fresh = next.order(Side::Buy, Limit, 90, 5);
    assert_eq!(next.code(fresh), None);
}

#[test]
fn a_resting_order_rests_on_behind_everything_and_its_money_stays_locked() {
    let mut run = Run::begin();
    let id = run.order(Side::Buy, Limit, 100, 5);
    run.desk.pass(50);
    let mut next = run.next(&run.desk.said);
    assert_eq!(next.locked(USDT), Amount::from_units(5));
    next.print(Side::Sell, 100, 50);
    next.pass(10);
    assert_eq!(next.deals(id), [], "its place in the queue is lost");
    next.book(&[(100, 3)], &[(102, 5)]);
    next.print(Side::Sell, 100, 4);
    next.pass(10);
    assert_eq!(next.deals(id), [(100, 1)]);
    next.cancel(id);
    assert_eq!(next.status(id), Some(OrderStatus::PartiallyCancelled));
    assert_eq!(next.locked(USDT), Amount::ZERO);
}

#[test]
fn what_was_not_told_did_not_happen() {
    let mut run = Run::begin();
    let id = run.order(Side::Buy, ImmediateOrCancel, 101, 5);
    run.desk.pass(50);
    let is_told = |event: &&Event| matches!(event.body, Body::Sent(_));
    let only_sent: Vec<Event> = run.desk.said.iter().filter(is_told).copied().collect();
    let mut next = run.next(&only_sent);
    assert_eq!(next.free(USDT), Amount::from_units(10_000));
    let answer = next.ask(Ask::Order(id));
    assert!(matches!(answer[0].body, Body::Answer(model::QueryAnswer::NotFound { .. })));
    // The reply was told, its deal was not.
    let is_told = |event: &&Event| matches!(event.body, Body::Sent(_) | Body::Placed(_));
    let placed: Vec<Event> = run.desk.said.iter().filter(is_told).copied().collect();
    let mut next = run.next(&placed);
    assert_eq!(next.free(USDT), Amount::from_units(10_000));
    let answer = next.ask(Ask::Order(id));
    assert!(matches!(answer[0].body, Body::Order(o) if o.status == OrderStatus::Cancelled));
}

#[test]
fn ids_of_a_later_run_differ_from_all_before() {
    let mut run = Run::begin();
    let old = run.order(Side::Buy, ImmediateOrCancel, 101, 2);
    run.desk.pass(50);
    let mut next = run.next(&run.desk.said);
    next.book(&[(99, 5)], &[(101, 5)]);
    let new = next.order(Side::Buy, ImmediateOrCancel, 101, 2);
    let (old, new) = (run.desk.fills(old)[0], next.fills(new)[0]);
    assert!(old.trade != new.trade && old.order != new.order && new.trade != new.order);
}
