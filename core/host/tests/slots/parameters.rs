//! Parameters that are set while the run goes on.

use abi::area;
use abi::scene::{Head, Parameter};
use abi::{Trap, scene};
use model::{Happening, PluginFault, Slot, Strategies};

use super::house::{House, Strings, fault, strategy};

/// Two parameters, `a` from 0 to 100 and `b` from -5 to 5.
fn text(a: i64) -> String {
    let one = |name: &str, min: i64, max: i64, default: i64| {
        format!(
            "[[parameters]]\nname = \"{name}\"\ntype = \"whole\"\nunit = \"x\"\nmin = {min}\nmax = {max}\n\
             default = {default}\nabout = \"One.\"\n"
        )
    };
    strategy("", &(one("a", 0, 100, a) + &one("b", -5, 5, 0)))
}

fn with_puppet() -> (House, Strings) {
    let mut house = House::new();
    let puppet = house.seat(0, &text(10));
    (house, puppet)
}

fn set(house: &mut House, parameter: u8, value: i64) -> bool {
    house.plugins.begin();
    house.plugins.set_parameter(house.now, Slot(0), parameter, value)
}

fn setups(puppet: &Strings) -> Vec<Vec<i64>> {
    puppet.told(|told| told.setups.clone())
}

fn values(house: &House) -> Vec<(u8, i64)> {
    (0..32).map_while(|nth| house.plugins.set_value(Slot(0), nth)).collect()
}

#[test]
fn a_parameter_in_its_range_is_shown_with_all_others() {
    let (mut house, puppet) = with_puppet();
    assert!(set(&mut house, 1, -5));
    assert_eq!(setups(&puppet), [[10, 0], [10, -5]]);
    assert_eq!(values(&house), [(1, -5)]);
    let slot = Slot(0);
    house.show(Happening::Parameter { slot, parameter: 1, value: -5 }, &[]);
    let shown = puppet.last::<Parameter>(area::BODY);
    assert_eq!((shown.parameter, shown.value), (1, -5));
    assert_eq!(puppet.last::<Head>(area::INPUT).kind, scene::PARAMETER);
}

#[test]
fn a_value_outside_its_range_never_reaches_the_plug_in() {
    let (mut house, puppet) = with_puppet();
    for (parameter, value) in [(0, -1), (0, 101), (1, 6), (1, i64::MIN), (2, 0), (255, 0)] {
        assert!(!set(&mut house, parameter, value), "{parameter} {value}");
    }
    assert!(!house.plugins.set_parameter(house.now, Slot(1), 0, 1), "an empty slot");
    assert!(!house.plugins.set_parameter(house.now, Slot::NONE, 0, 1));
    assert_eq!((setups(&puppet).len(), values(&house)), (1, vec![]));
}

#[test]
fn a_plug_in_that_says_no_runs_on_with_the_value_before() {
    let (mut house, puppet) = with_puppet();
    puppet.says("setup", -7);
    assert!(!set(&mut house, 0, 50));
    assert_eq!(setups(&puppet), [[10, 0], [50, 0], [10, 0]]);
    assert_eq!((values(&house), house.reports()), (vec![], vec![]));
    assert!(house.plugins.states()[0].active);
}

#[test]
fn a_plug_in_that_refuses_the_old_value_too_is_out() {
    let (mut house, puppet) = with_puppet();
    puppet.says("setup", -7);
    puppet.says("setup", -8);
    assert!(!set(&mut house, 0, 50));
    assert_eq!(house.reports(), [fault(0, PluginFault::GaveUp, -8)]);
    assert!(!house.plugins.states()[0].active);
}

#[test]
fn a_plug_in_that_breaks_over_a_value_is_out() {
    let (mut house, puppet) = with_puppet();
    puppet.traps("setup", Trap::Arithmetic);
    assert!(!set(&mut house, 0, 50));
    assert_eq!(house.reports(), [fault(0, PluginFault::Arithmetic, 0)]);
    assert!(!set(&mut house, 0, 60), "it is not there any more");
    assert_eq!(house.reports(), []);
}

#[test]
fn what_was_set_goes_with_an_exchange_by_its_name() {
    let (mut house, _) = with_puppet();
    assert!(set(&mut house, 0, 50));
    // Its `b` comes first, and it begins with another `a`.
    let one = |name: &str, max: i64, default: i64| {
        format!(
            "[[parameters]]\nname = \"{name}\"\ntype = \"whole\"\nunit = \"x\"\nmin = 0\nmax = {max}\n\
             default = {default}\nabout = \"One.\"\n"
        )
    };
    let next = house.prepare(0, 22, &strategy("", &(one("b", 9, 4) + &one("a", 60, 20))));
    assert!(house.exchange(0, 22));
    assert_eq!(setups(&next), [[4, 20], [4, 50]], "only what was set is carried over");
    assert_eq!(values(&house), [(1, 50)]);
}

#[test]
fn a_value_that_the_next_one_begins_with_is_still_one_that_was_set() {
    let (mut house, _) = with_puppet();
    assert!(set(&mut house, 0, 50));
    let same = house.prepare(0, 22, &text(50));
    assert!(house.exchange(0, 22));
    assert_eq!((setups(&same), values(&house)), (vec![vec![50, 0]], vec![(0, 50)]));
    let third = house.prepare(0, 33, &text(10));
    assert!(house.exchange(0, 33));
    assert_eq!(
        (setups(&third).last().unwrap().clone(), values(&house)),
        (vec![50, 0], vec![(0, 50)])
    );
}

#[test]
fn a_value_that_the_next_one_does_not_take_stays_behind() {
    let (mut house, _) = with_puppet();
    assert!(set(&mut house, 0, 100));
    let narrow = text(10).replace("max = 100", "max = 99");
    let next = house.prepare(0, 22, &narrow);
    assert!(house.exchange(0, 22));
    assert_eq!((setups(&next), values(&house)), (vec![vec![10, 0]], vec![]));
}

#[test]
fn what_was_set_survives_a_failure_and_comes_back_with_the_next_instance() {
    let (mut house, puppet) = with_puppet();
    assert!(set(&mut house, 0, 50));
    puppet.traps("on_event", Trap::Unreachable);
    house.show(Happening::Look, &[super::house::signal()]);
    let again = house.prepare(0, 1, &text(10));
    assert!(house.exchange(0, 1));
    assert_eq!(setups(&again), [[10, 0], [50, 0]]);
}

#[test]
fn the_next_one_may_refuse_what_was_set_and_is_out_then() {
    let (mut house, _) = with_puppet();
    assert!(set(&mut house, 0, 50));
    let next = house.prepare(0, 22, &text(10));
    next.says("setup", -9);
    assert!(house.exchange(0, 22), "it took the slot");
    let out = model::PluginReport::Fault {
        slot: Slot(0),
        plugin: 22,
        candidate: false,
        fault: PluginFault::GaveUp,
        figure: -9,
    };
    assert_eq!(house.reports(), [out]);
}
