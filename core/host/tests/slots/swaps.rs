//! One plug-in for another: who leaves, and what goes with the slot.

use abi::Trap;
use host::Left;
use model::{PluginFault, PluginReport, Slot, Span, Strategies};

use super::house::{House, Strings, enter, enters, manifest, strategy, timer};

fn stateful(version: u32, bytes: u32) -> String {
    strategy("\"print\"", &format!("state = {{ version = {version}, bytes = {bytes} }}"))
}

/// One with a state of these bytes and a timer, ready to be exchanged.
fn holding(state: &'static [u8], bytes: u32) -> (House, Strings) {
    let mut house = House::new();
    let old = house.seat(0, &stateful(3, bytes));
    old.sets(&[timer(1, house.now.after(Span::from_secs(1)))]);
    house.print();
    old.act("save", |to| {
        to[..state.len()].copy_from_slice(state);
        Ok(state.len() as i32)
    });
    (house, old)
}

fn restored(puppet: &Strings) -> Vec<(u32, Vec<u8>)> {
    puppet.told(|told| told.restored.clone())
}

fn lost(plugin: u128, fault: PluginFault, figure: i64) -> PluginReport {
    PluginReport::StateLost { slot: Slot(0), plugin, fault, figure }
}

fn has_timer(house: &mut House) -> bool {
    house.pass(Span::from_secs(2)) == [(0, 1)]
}

#[test]
fn the_state_goes_with_the_slot_and_the_timers_with_the_state() {
    let (mut house, _) = holding(b"seven", 8);
    let next = house.prepare(0, 22, &stateful(4, 64));
    assert!(house.exchange(0, 22));
    assert_eq!(restored(&next), [(3, b"seven".to_vec())], "under the version that saved it");
    assert!(has_timer(&mut house));
    assert_eq!((next.seen(), house.plugins.plugin(Slot(0))), (1, 22));
    assert_eq!(house.returned(), [(0, 1, Left::Exchanged)]);
}

#[test]
fn an_empty_state_is_one() {
    let (mut house, _) = holding(b"", 8);
    let next = house.prepare(0, 22, &stateful(3, 8));
    assert!(house.exchange(0, 22));
    assert_eq!((restored(&next), has_timer(&mut house)), (vec![(3, vec![])], true));
}

#[test]
fn a_state_that_is_not_understood_leaves_its_timers_behind() {
    for code in [1, 2, -1, i32::MIN] {
        let (mut house, _) = holding(b"seven", 8);
        let next = house.prepare(0, 22, &stateful(4, 8));
        next.says("restore", code);
        assert!(house.exchange(0, 22));
        assert_eq!(restored(&next).len(), 1);
        assert!(!has_timer(&mut house), "code {code}");
        assert_eq!(house.reports(), [lost(22, PluginFault::GaveUp, i64::from(code))]);
        assert!(house.plugins.states()[0].active);
    }
}

#[test]
fn a_state_longer_than_the_next_ones_buffer_stays_behind() {
    let (mut house, _) = holding(b"seven", 8);
    let next = house.prepare(0, 22, &stateful(3, 4));
    assert!(house.exchange(0, 22));
    assert_eq!((restored(&next), has_timer(&mut house)), (vec![], false));
    assert_eq!(house.reports(), [lost(1, PluginFault::BadState, 5)], "and that is said");
}

#[test]
fn a_state_that_the_old_one_cannot_give_stays_behind() {
    let too_long = |len| vec![lost(1, PluginFault::BadState, len)];
    for (code, said) in [
        (-1, vec![]),
        (i32::MIN, vec![]),
        (9, too_long(9)),
        (i32::MAX, too_long(i64::from(i32::MAX))),
    ] {
        let mut house = House::new();
        let old = house.seat(0, &stateful(3, 8));
        old.says("save", code);
        let next = house.prepare(0, 22, &stateful(3, 64));
        assert!(house.exchange(0, 22));
        assert_eq!((restored(&next), house.reports()), (vec![], said), "code {code}");
    }
    let mut house = House::new();
    let old = house.seat(0, &stateful(3, 8));
    old.traps("save", Trap::OutOfFuel);
    let next = house.prepare(0, 22, &stateful(3, 8));
    assert!(house.exchange(0, 22));
    assert_eq!(restored(&next), []);
    assert_eq!(house.reports(), [lost(1, PluginFault::OutOfFuel, 0)]);
    assert_eq!(house.returned(), [(0, 1, Left::Exchanged)], "it leaves anyhow");
}

#[test]
fn without_a_state_on_both_sides_nothing_is_carried_over() {
    let (mut house, old) = holding(b"seven", 8);
    let next = house.prepare(0, 22, &strategy("\"print\"", ""));
    assert!(house.exchange(0, 22));
    assert!(restored(&next).is_empty() && !has_timer(&mut house));
    let third = house.prepare(0, 33, &stateful(3, 8));
    assert!(house.exchange(0, 33));
    assert!(restored(&third).is_empty());
    assert!(old.told(|told| !told.calls.contains(&"save")));
}

#[test]
fn the_state_of_a_plug_in_of_another_name_means_nothing() {
    let (mut house, _) = holding(b"seven", 8);
    let other = manifest("strategy", "another", "\"print\"", "state = { version = 3, bytes = 8 }");
    let next = house.prepare(0, 22, &other);
    assert!(house.exchange(0, 22));
    assert_eq!((restored(&next), has_timer(&mut house)), (vec![], false));
}

#[test]
fn a_trap_while_it_takes_the_state_quarantines_the_next_one() {
    let (mut house, old) = holding(b"seven", 8);
    let next = house.prepare(0, 22, &stateful(3, 8));
    next.traps("restore", Trap::OutOfFuel);
    assert!(house.exchange(0, 22), "it took the slot");
    let fault = PluginFault::OutOfFuel;
    let (slot, candidate) = (Slot(0), false);
    let report = PluginReport::Fault { slot, plugin: 22, candidate, fault, figure: 0 };
    assert_eq!(house.reports(), [report]);
    assert_eq!(house.returned(), [(0, 1, Left::Exchanged), (0, 22, Left::Failed(fault))]);
    assert_eq!((house.print(), house.pass(Span::from_secs(2))), (vec![], vec![]));
    assert_eq!((old.seen(), next.seen()), (1, 0));
}

#[test]
fn an_exchange_without_a_prepared_instance_changes_nothing() {
    let mut house = House::new();
    let old = house.seat(0, &strategy("\"print\"", ""));
    house.prepare(1, 22, &strategy("\"print\"", ""));
    assert!(!house.exchange(0, 22), "that one is for slot 1");
    assert!(!house.exchange(0, 33));
    assert!(!house.exchange(16, 22) && !house.exchange(255, 22));
    house.print();
    assert_eq!((old.seen(), house.returned(), house.plugins.plugin(Slot(0))), (1, vec![], 1));
}

#[test]
fn an_exchange_into_an_empty_or_quarantined_slot_begins_anew() {
    let mut house = House::new();
    house.prepare(4, 22, &stateful(3, 8));
    assert!(house.exchange(4, 22));
    assert_eq!(house.returned(), []);
    let broken = house.seat(5, &stateful(3, 8));
    broken.traps("on_event", Trap::Unreachable);
    house.print();
    let next = house.prepare(5, 22, &stateful(3, 8));
    assert!(house.exchange(5, 22));
    next.wishes(&[enter(1)]);
    assert_eq!(house.print(), [enters(5, 1)]);
    assert!(restored(&next).is_empty());
    assert_eq!(house.instances_returned(), 1, "an instance comes back once");
}

#[test]
fn the_scene_after_an_exchange_goes_to_the_next_one_and_none_is_lost_or_doubled() {
    let mut house = House::new();
    let mut in_use = house.seat(0, &stateful(3, 8));
    let mut all = vec![in_use.clone()];
    for turn in 0..100 {
        for _ in 0..turn % 4 {
            house.print();
        }
        let next = house.prepare(0, 1_000 + turn, &stateful(3, 8));
        in_use.says("save", 0);
        assert!(house.exchange(0, 1_000 + turn));
        in_use = next.clone();
        all.push(next);
    }
    house.print();
    let shown: usize = all.iter().map(Strings::seen).sum();
    assert_eq!(shown, (0..100).map(|turn| turn % 4).sum::<usize>() + 1);
    assert_eq!(house.returned().len(), 100);
}
