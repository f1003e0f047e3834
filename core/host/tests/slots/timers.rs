//! Timers: each comes once, to the plug-in that set it, and no sooner than a millisecond.

use abi::scene::{Head, Timer};
use abi::{area, scene};
use model::{Mono, Slot, Span, Strategies, SymbolId};

use super::house::{House, SYMBOL, Strings, strategy, timer};

const PRINTS: &str = "\"print\"";

fn with_puppet() -> (House, Strings) {
    let mut house = House::new();
    let puppet = house.seat(3, &strategy(PRINTS, ""));
    (house, puppet)
}

fn ms(ms: u64) -> Span {
    Span::from_millis(ms)
}

#[test]
fn a_timer_comes_once_and_to_its_plug_in_alone() {
    let (mut house, puppet) = with_puppet();
    let other = house.seat(4, &strategy(PRINTS, ""));
    let due = house.now.after(ms(10));
    puppet.sets(&[timer(2, due)]);
    assert_eq!(house.plugins.next_timer(), Mono::NEVER);
    house.print();
    assert_eq!(house.plugins.next_timer(), due);
    assert_eq!(house.pass(ms(9)), []);
    assert_eq!(house.pass(ms(2)), [(3, 2)]);
    let head = puppet.last::<Head>(area::INPUT);
    let shown = puppet.last::<Timer>(area::BODY);
    assert_eq!((head.kind, head.symbol), (scene::TIMER, SYMBOL.0));
    assert_eq!((shown.timer, shown.due), (2, due.nanos() as i64));
    assert_eq!(head.now, due.after(ms(1)).nanos() as i64, "it may come late");
    assert_eq!((puppet.seen(), other.seen()), (2, 1));
    assert_eq!((house.pass(ms(1_000)), house.plugins.next_timer()), (vec![], Mono::NEVER));
}

#[test]
fn a_timer_is_taken_with_the_symbol_that_it_was_set_with() {
    let (mut house, puppet) = with_puppet();
    let set = abi::intent::TimerSet { symbol: 99, ..timer(0, house.now.after(ms(5))) };
    puppet.sets(&[set]);
    house.print();
    let due = house.plugins.take_timer(house.now.after(ms(5))).unwrap();
    assert_eq!((due.slot, due.symbol), (Slot(3), SymbolId(99)));
}

#[test]
fn a_timer_can_be_moved_and_cleared() {
    let (mut house, puppet) = with_puppet();
    puppet.sets(&[timer(0, house.now.after(ms(10))), timer(1, house.now.after(ms(20)))]);
    house.print();
    puppet.sets(&[timer(0, house.now.after(ms(30))), timer(1, Mono::NEVER)]);
    house.print();
    assert_eq!(house.plugins.next_timer(), house.now.after(ms(30)));
    assert_eq!(house.pass(ms(29)), []);
    assert_eq!(house.pass(ms(1)), [(3, 0)]);
}

#[test]
fn of_two_changes_in_one_call_the_later_counts() {
    let (mut house, puppet) = with_puppet();
    puppet.sets(&[timer(0, house.now.after(ms(5))), timer(0, house.now.after(ms(50)))]);
    house.print();
    assert_eq!((house.pass(ms(49)), house.pass(ms(1))), (vec![], vec![(3, 0)]));
}

#[test]
fn all_eight_of_all_slots_come() {
    let mut house = House::new();
    for slot in 0..16 {
        let puppet = house.seat(slot, &strategy(PRINTS, ""));
        let timers: Vec<_> = (0..8).map(|at| timer(at, house.now.after(ms(5)))).collect();
        puppet.sets(&timers);
    }
    house.print();
    let came = house.pass(ms(5));
    assert_eq!(came.len(), 16 * 8);
    let mut once = came.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), came.len());
}

#[test]
fn a_timer_that_is_always_due_leaves_the_loop_its_time() {
    let (mut house, puppet) = with_puppet();
    puppet.sets(&[timer(0, Mono::ZERO)]);
    house.print();
    let mut came = 0;
    for _ in 0..1_000 {
        puppet.sets(&[timer(0, house.now)]);
        came += house.pass(Span::from_micros(100)).len();
    }
    assert_eq!(came, 100, "once a millisecond, whatever it wishes for");
}
