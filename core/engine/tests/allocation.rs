//! The engine takes all its memory when it is made: no step of a whole life allocates.

mod desk;
#[path = "../../../tests/heap.rs"]
#[allow(dead_code, unreachable_pub, reason = "other tests use its other part")]
mod heap;

use desk::{Desk, NEW, ms, opening};
use heap::asked;
use model::{KillLevel, OrderStatus, RejectClass, Span, TargetState};

#[test]
fn no_step_of_a_trade_from_calendar_to_close_allocates() {
    let (mut desk, standing) = Desk::holding_with(|setup| setup.heap = asked);
    let taken = desk.bid("1.1500").only_place();
    desk.fills(&taken);
    desk.bid("0.9000");
    let done = desk.wait(ms(200));
    for sale in standing.places() {
        desk.cancelled(sale.client_order_id, "0");
    }
    for sale in done.places() {
        desk.reject(&sale, RejectClass::Definitive);
    }
    for _ in 0..5 {
        for sale in desk.wait(ms(701)).places() {
            desk.fills(&sale);
        }
    }
    assert_eq!(desk.state(), TargetState::Completed);
    assert_eq!(desk.allocated, 0);
}

#[test]
fn no_step_of_a_refused_lost_and_written_off_entry_allocates() {
    let (mut desk, first) = Desk::fired_with(|setup| setup.heap = asked);
    desk.reject(&first, RejectClass::Wait);
    let second = desk.wait(ms(200)).only_place();
    desk.lost(&second);
    for _ in 0..20 {
        desk.wait(Span::from_secs(1));
        desk.nobody_knows(&second);
    }
    desk.kill(KillLevel::Flatten);
    assert_eq!(desk.state(), TargetState::Expired);
    assert_eq!(desk.allocated, 0);
}

#[test]
fn no_step_of_a_long_stream_allocates() {
    let mut desk = Desk::armed_with(|setup| setup.heap = asked);
    for at in 0..2_000_u32 {
        desk.bid(if at % 2 == 0 { "0.5000" } else { "0.6000" });
        desk.trade(NEW, "0.9000");
    }
    let done = desk.until(opening().after(ms(10)));
    for entry in done.places() {
        for _ in 0..60 {
            desk.fill(&entry, "1.0000", "1");
        }
        desk.ends(&entry, OrderStatus::PartiallyCancelled, "60");
    }
    assert_eq!(desk.state(), TargetState::Open);
    assert_eq!(desk.allocated, 0);
}
