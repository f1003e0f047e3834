//! The engine takes all its memory when it is made: no step of a whole life allocates.
#![allow(unsafe_code, reason = "an allocator is unsafe by its trait")]

mod desk;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use desk::{Desk, NEW, ms, opening};
use model::{KillLevel, OrderStatus, RejectClass, Span, TargetState};

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending has no counter left and nothing to prove.
    let _: Result<(), _> = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call goes to the system's allocator with the arguments it came with.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the promise of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the promise of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the promise of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations() -> u64 {
    COUNT.get()
}

#[test]
fn the_counter_counts() {
    let before = allocations();
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(allocations(), before + 1);
}

#[test]
fn no_step_of_a_trade_from_calendar_to_close_allocates() {
    let (mut desk, standing) = Desk::holding_with(|setup| setup.heap = allocations);
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
    let (mut desk, first) = Desk::fired_with(|setup| setup.heap = allocations);
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
    let mut desk = Desk::armed_with(|setup| setup.heap = allocations);
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
