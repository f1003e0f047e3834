//! Every malformed answer has its name, and costs its plug-in the slot and nobody else anything.

use abi::area;
use abi::intent::{self, EntryPlan, ExitPlan, Intent as AbiIntent, TimerSet};
use abi::{Call, Guest, Trap};
use host::{Left, Manifest, PrepareError, Prepared};
use model::{Happening, Intent, PluginFault, PluginReport, Scene, Slot, Span, Strategies, Wishes};

use super::house::{
    House, SYMBOL, Strings, enter, enters, fault, manifest, print, propose, rule, signal, standing,
    strategy, timer, view,
};

const PRINTS: &str = "\"print\"";

/// A puppet between two others acts so at a print: it alone is out, with this name, said once.
#[track_caller]
fn ends(expected: PluginFault, figure: i64, tell: impl FnOnce(&Strings)) {
    ends_as(&strategy(PRINTS, ""), expected, figure, tell);
}

#[track_caller]
fn ends_as(text: &str, expected: PluginFault, figure: i64, tell: impl FnOnce(&Strings)) {
    let mut house = House::new();
    let before = house.seat(2, &strategy(PRINTS, ""));
    let bad = house.seat(5, text);
    let behind = house.seat(9, &strategy(PRINTS, ""));
    tell(&bad);
    for turn in 1..=3 {
        before.wishes(&[enter(turn)]);
        behind.wishes(&[enter(turn), enter(turn + 100)]);
        let wishes = house.print();
        let expected_wishes = [enters(2, turn), enters(9, turn), enters(9, turn + 100)];
        assert_eq!(wishes, expected_wishes, "the others' wishes, each once, and none of its own");
        let reports = house.reports();
        let said = if turn == 1 { vec![fault(5, expected, figure)] } else { Vec::new() };
        assert_eq!(reports, said, "turn {turn}");
    }
    assert_eq!((before.seen(), bad.seen(), behind.seen()), (3, 1, 3));
    assert_eq!(house.returned(), [(5, 6, Left::Failed(expected))]);
    assert_eq!(house.instances_returned(), 1);
    let states = house.plugins.states();
    let active: Vec<bool> = states.iter().map(|state| state.active).collect();
    assert_eq!(active, [true, false, true]);
    assert_eq!(house.plugins.plugin(Slot(5)), 6, "the records still know what ran there");
}

#[track_caller]
fn is_bad(wish: AbiIntent) {
    ends(PluginFault::BadIntent, 1, |bad| bad.wishes(&[enter(1), wish]));
}

fn with_entry(change: impl FnOnce(&mut EntryPlan)) -> AbiIntent {
    let mut wish = propose();
    change(&mut wish.entry);
    wish
}

fn with_exit(change: impl FnOnce(&mut ExitPlan)) -> AbiIntent {
    let mut wish = AbiIntent { kind: intent::AMEND, ..propose() };
    change(&mut wish.exit);
    wish
}

#[test]
fn a_wish_that_nothing_is_wrong_with_comes_through() {
    let mut house = House::new();
    let puppet = house.seat(0, &strategy(PRINTS, ""));
    let exit = AbiIntent { kind: intent::EXIT, target: 3, qty: 8, ..AbiIntent::default() };
    puppet.wishes(&[propose(), with_exit(|_| ()), exit, enter(4)]);
    let wishes = house.print();
    let kinds: Vec<&str> = wishes
        .iter()
        .map(|wish| match wish.intent {
            Intent::Propose(_) => "propose",
            Intent::Amend { .. } => "amend",
            Intent::Exit { .. } => "exit",
            Intent::Enter { .. } => "enter",
        })
        .collect();
    assert_eq!(kinds, ["propose", "amend", "exit", "enter"]);
    assert_eq!(house.reports(), []);
}

#[test]
fn more_intents_than_a_call_may_have() {
    ends(PluginFault::TooManyIntents, 5, |bad| bad.says("on_event", 5));
    ends(PluginFault::TooManyIntents, 255, |bad| bad.says("on_event", 255));
}

#[test]
fn an_intent_of_no_kind() {
    is_bad(AbiIntent { kind: 0, ..propose() });
    is_bad(AbiIntent { kind: 5, ..propose() });
    is_bad(AbiIntent { kind: 255, ..propose() });
}

#[test]
fn a_proposal_of_what_no_detection_knows() {
    for pattern in [0, 7, 8, 9, 10, 255] {
        is_bad(AbiIntent { pattern, ..propose() });
    }
    is_bad(AbiIntent { confidence: 101, ..propose() });
}

#[test]
fn a_way_in_that_is_none() {
    is_bad(with_entry(|entry| entry.notional = 0));
    is_bad(with_entry(|entry| entry.notional = -1));
    is_bad(with_entry(|entry| entry.notional = i128::MIN));
    is_bad(with_entry(|entry| entry.orders_max = 0));
    is_bad(with_entry(|entry| entry.triggers = 0));
    is_bad(with_entry(|entry| entry.triggers = 8));
    is_bad(with_entry(|entry| entry.triggers = 255));
    is_bad(with_entry(|entry| entry.kind = 2));
    is_bad(with_entry(|entry| entry.reference = 0));
    is_bad(with_entry(|entry| entry.reference = 5));
    is_bad(with_entry(|entry| entry.early = -1));
    is_bad(with_entry(|entry| entry.late = -1));
    is_bad(with_entry(|entry| entry.late = i64::MAX));
}

#[test]
fn an_operators_price_that_is_none_or_that_nobody_asked_for() {
    let with = |reference, price| {
        with_entry(|entry| (entry.reference, entry.operator_price) = (reference, price))
    };
    is_bad(with(intent::OPERATOR, 0));
    is_bad(with(intent::OPERATOR, -5));
    is_bad(with(intent::ANNOUNCED, 5));
}

#[test]
fn a_way_out_that_is_none() {
    is_bad(with_exit(|exit| exit.rungs = 7));
    is_bad(with_exit(|exit| exit.rungs = u32::MAX));
    is_bad(with_exit(|exit| exit.time_stop = -1));
    is_bad(AbiIntent { exit: ExitPlan { rungs: 7, ..ExitPlan::default() }, ..propose() });
}

#[test]
fn a_negative_quantity() {
    is_bad(AbiIntent { kind: intent::EXIT, qty: -1, ..AbiIntent::default() });
    is_bad(AbiIntent { kind: intent::EXIT, qty: i64::MIN, ..AbiIntent::default() });
}

#[test]
fn timers_that_are_none() {
    let bad = |set: TimerSet, place| {
        ends(PluginFault::BadTimer, place, |puppet| {
            puppet.sets(&[timer(0, super::house::START), set]);
        });
    };
    bad(timer(8, super::house::START), 1);
    bad(timer(u32::MAX, super::house::START), 1);
    bad(TimerSet { timer: 1, symbol: 0, at: -1 }, 1);
    bad(TimerSet { timer: 1, symbol: 0, at: abi::NO_TIME }, 1);
    ends(PluginFault::BadTimer, 9, |puppet| puppet.says("on_event", 9 << 8));
}

#[test]
fn log_text_that_is_too_long_or_no_text() {
    ends(PluginFault::BadLog, 161, |puppet| puppet.says("on_event", 161 << 16));
    ends(PluginFault::BadLog, 0x7fff, |puppet| puppet.says("on_event", 0x7fff << 16));
    ends(PluginFault::BadLog, 2, |puppet| puppet.logs(&[b'a', 0xff]));
    ends(PluginFault::BadLog, 1, |puppet| puppet.logs(&[0xc3]));
}

#[test]
fn a_plug_in_that_gives_up_has_its_own_number() {
    ends(PluginFault::GaveUp, -42, |puppet| puppet.says("on_event", -42));
    ends(PluginFault::GaveUp, i64::from(i32::MIN), |puppet| puppet.says("on_event", i32::MIN));
}

#[test]
fn every_trap_has_the_fault_of_its_name() {
    for (trap, expected) in [
        (Trap::Unreachable, PluginFault::Unreachable),
        (Trap::OutOfBounds, PluginFault::OutOfBounds),
        (Trap::Arithmetic, PluginFault::Arithmetic),
        (Trap::BadCall, PluginFault::BadCall),
        (Trap::OutOfFuel, PluginFault::OutOfFuel),
        (Trap::StackOverflow, PluginFault::StackOverflow),
        (Trap::Host, PluginFault::Host),
        (Trap::NoExport, PluginFault::NoExport),
    ] {
        assert_eq!(trap.name(), expected.name());
        let call = i64::from(!expected.is_repeatable());
        ends(expected, call, |puppet| puppet.traps("on_event", trap));
    }
}

#[test]
fn a_rule_may_not_wish_and_may_leave_its_events_out() {
    ends_as(&rule(PRINTS, ""), PluginFault::IntentOfRule, 1, |puppet| puppet.wishes(&[enter(1)]));
    let mut house = House::new();
    let silent = house.seat(0, &rule(PRINTS, ""));
    silent.traps("on_event", Trap::NoExport);
    for _ in 0..3 {
        assert_eq!(house.print(), []);
    }
    assert_eq!((silent.seen(), house.reports()), (1, vec![]), "it is not asked again");
    assert!(house.plugins.states()[0].active);
}

#[test]
fn wishes_before_a_bad_one_do_not_count() {
    let mut house = House::new();
    let puppet = house.seat(0, &strategy(PRINTS, ""));
    puppet.wishes(&[enter(1), enter(2), AbiIntent::default()]);
    assert_eq!(house.print(), []);
    assert_eq!(house.reports(), [fault(0, PluginFault::BadIntent, 2)]);
}

#[test]
fn what_stands_behind_the_counts_is_not_read() {
    let mut house = House::new();
    let puppet = house.seat(0, &strategy(PRINTS, ""));
    puppet.act("on_event", |bytes| {
        bytes[area::OUTPUT..area::SIZE].fill(0xff);
        Ok(0)
    });
    assert_eq!((house.print(), house.reports()), (vec![], vec![]));
    assert!(house.plugins.states()[0].active);
}

#[test]
fn all_sixteen_may_fail_in_one_scene_and_each_is_said() {
    let mut house = House::new();
    for slot in 0..16 {
        house.seat(slot, &strategy(PRINTS, "")).traps("on_event", Trap::Unreachable);
        house.prepare(slot, 100, &strategy(PRINTS, "")).traps("on_event", Trap::OutOfBounds);
        assert!(house.plugins.shadow(house.now, Slot(slot), 100));
    }
    assert_eq!(house.print(), []);
    assert_eq!(house.reports().len(), 32);
    assert_eq!((house.print(), house.reports()), (vec![], vec![]));
}

#[test]
fn a_plug_in_that_does_not_run_with_its_values_is_not_prepared() {
    let text = strategy(
        "",
        "[[parameters]]\nname = \"n\"\ntype = \"whole\"\nunit = \"x\"\nmin = 1\nmax = 9\ndefault = 2\nabout = \"N.\"",
    );
    let manifest = Manifest::parse(&text).unwrap();
    let new = |slot: u8, values: &[i64], code: Result<i32, Trap>| {
        let guest = Box::new(Refuses(code));
        Prepared::new(Slot(slot), 1, &manifest, guest, &standing(), values).map(|_| ())
    };
    assert_eq!(new(0, &[2], Ok(0)), Ok(()));
    assert_eq!(new(16, &[2], Ok(0)), Err(PrepareError::NoSlot { slot: Slot(16) }));
    assert_eq!(new(0, &[], Ok(0)), Err(PrepareError::Values { wanted: 1, given: 0 }));
    let range = (1, 9);
    let outside = PrepareError::OutOfRange { parameter: 0, value: 10, range };
    assert_eq!(new(0, &[10], Ok(0)), Err(outside));
    let refused = PrepareError::Setup { fault: PluginFault::GaveUp, figure: -3 };
    assert_eq!(new(0, &[2], Ok(-3)), Err(refused));
    let trapped = PrepareError::Setup { fault: PluginFault::OutOfFuel, figure: 0 };
    assert_eq!(new(0, &[2], Err(Trap::OutOfFuel)), Err(trapped));
    for error in [refused, trapped, outside] {
        assert!(error.to_string().len() > 20, "{error}");
    }
}

#[derive(Debug)]
struct Refuses(Result<i32, Trap>);

impl Guest for Refuses {
    fn area(&mut self) -> &mut [u8] {
        Box::leak(Box::new([0; area::SIZE]))
    }

    fn state(&mut self) -> &mut [u8] {
        &mut []
    }

    fn call(&mut self, _: Call) -> Result<i32, Trap> {
        self.0
    }

    fn memory_bytes(&self) -> usize {
        0
    }
}

#[test]
fn a_log_has_an_allowance_of_a_kibibyte_a_second() {
    let mut house = House::new();
    let puppet = house.seat(0, &strategy(PRINTS, ""));
    let line = [b'x'; area::LOG_MAX];
    let second = |house: &mut House| {
        let mut lines = 0;
        for _ in 0..9 {
            puppet.logs(&line);
            house.print();
            lines += house.reports().len();
        }
        lines
    };
    assert_eq!(second(&mut house), 6, "960 of 1,024 bytes");
    house.now = house.now.after(Span::from_millis(999));
    assert_eq!(second(&mut house), 0);
    house.now = house.now.after(Span::from_millis(1));
    assert_eq!(second(&mut house), 6);
    assert!(house.plugins.states()[0].active, "noise does not stop a plug-in");
}

#[test]
fn a_stopped_plug_in_is_shown_nothing_and_its_instance_comes_back_once() {
    let mut house = House::new();
    let puppet = house.seat(3, &strategy(PRINTS, ""));
    puppet.sets(&[timer(0, house.now.after(Span::from_secs(1)))]);
    house.print();
    house.plugins.stop(Slot(3));
    house.plugins.stop(Slot(3));
    house.plugins.stop(Slot(4));
    house.plugins.stop(Slot::NONE);
    house.show(Happening::Event(&print()), &[signal()]);
    assert_eq!(house.pass(Span::from_secs(2)), [], "its timers went with it");
    assert_eq!((puppet.seen(), house.instances_returned()), (1, 1));
    assert_eq!(house.returned(), [(3, 4, Left::Stopped)]);
    assert_eq!(house.reports(), []);
}

#[test]
fn the_manifests_name_is_in_the_states() {
    let mut house = House::new();
    house.seat(1, &manifest("strategy", "one", "", ""));
    let states = house.plugins.states();
    assert_eq!((states[0].name.as_str(), states[0].slot, states[0].plugin), ("one 1", Slot(1), 2));
    let hashes: Vec<u128> = house.plugins.hashes().iter().collect();
    assert_eq!((hashes.len(), hashes[0], hashes[1]), (16, 0, 2));
    assert!(format!("{:?}", house.plugins).contains("one 1"));
}

#[test]
fn a_fault_that_no_other_run_need_meet_says_which_call_it_was() {
    for (trap, expected) in
        [(Trap::StackOverflow, PluginFault::StackOverflow), (Trap::Host, PluginFault::Host)]
    {
        ends(expected, 1, |bad| bad.traps("on_event", trap));
        let mut house = House::new();
        let bad = house.seat(5, &strategy(PRINTS, ""));
        house.plugins.begin();
        show_again(&mut house);
        show_again(&mut house);
        bad.traps("on_event", trap);
        show_again(&mut house);
        assert_eq!(house.reports(), [fault(5, expected, 3)]);
    }
}

#[test]
fn a_foretold_call_fails_in_its_step_without_being_run() {
    let mut house = House::new();
    let [bad, neighbour] = [5, 6].map(|slot| house.seat(slot, &strategy(PRINTS, "")));
    house.plugins.foretell(Slot(5), false, PluginFault::StackOverflow, 2);
    house.plugins.foretell(Slot(16), false, PluginFault::Host, 1);
    house.plugins.begin();
    show_again(&mut house);
    assert_eq!((bad.seen(), house.reports()), (1, vec![]), "not this call");
    show_again(&mut house);
    assert_eq!((bad.seen(), neighbour.seen()), (1, 2));
    assert_eq!(house.reports(), [fault(5, PluginFault::StackOverflow, 2)]);
    assert_eq!(house.returned(), [(5, 6, Left::Failed(PluginFault::StackOverflow))]);
}

#[test]
fn what_was_foretold_of_one_step_means_nothing_in_another() {
    let mut house = House::new();
    let puppet = house.seat(5, &strategy(PRINTS, ""));
    house.plugins.foretell(Slot(5), false, PluginFault::StackOverflow, 2);
    for _ in 0..3 {
        house.print();
    }
    house.plugins.begin();
    show_again(&mut house);
    show_again(&mut house);
    assert_eq!((puppet.seen(), house.reports()), (5, vec![]));
}

#[test]
fn the_count_of_calls_goes_on_over_an_exchange() {
    let mut house = House::new();
    house.seat(5, &strategy(PRINTS, ""));
    let next = house.prepare(5, 22, &strategy(PRINTS, ""));
    house.plugins.foretell(Slot(5), false, PluginFault::Host, 3);
    house.plugins.begin();
    show_again(&mut house);
    assert!(house.exchange(5, 22));
    show_again(&mut house);
    show_again(&mut house);
    let (slot, candidate, fault) = (Slot(5), false, PluginFault::Host);
    let report = PluginReport::Fault { slot, plugin: 22, candidate, fault, figure: 3 };
    assert_eq!((next.seen(), house.reports()), (1, vec![report]));
}

#[test]
fn two_calls_of_one_step_may_be_foretold() {
    let mut house = House::new();
    house.seat(5, &strategy(PRINTS, "state = { version = 1, bytes = 8 }"));
    let next = house.prepare(5, 22, &strategy(PRINTS, "state = { version = 1, bytes = 8 }"));
    house.plugins.foretell(Slot(5), false, PluginFault::Host, 7);
    house.plugins.begin();
    house.plugins.foretell(Slot(5), false, PluginFault::StackOverflow, 1);
    house.plugins.foretell(Slot(5), false, PluginFault::StackOverflow, 2);
    house.plugins.begin();
    assert!(house.exchange(5, 22));
    show_again(&mut house);
    let (slot, candidate, fault) = (Slot(5), false, PluginFault::StackOverflow);
    let lost = PluginReport::StateLost { slot, plugin: 6, fault, figure: 1 };
    let failed = PluginReport::Fault { slot, plugin: 22, candidate, fault, figure: 2 };
    assert_eq!((next.seen(), house.reports()), (0, vec![lost, failed]));
}

#[test]
fn a_candidates_calls_are_counted_and_foretold_apart() {
    let mut house = House::new();
    let used = house.seat(5, &strategy(PRINTS, ""));
    let shadow = house.prepare(5, 22, &strategy(PRINTS, ""));
    assert!(house.plugins.shadow(house.now, Slot(5), 22));
    house.plugins.foretell(Slot(5), true, PluginFault::StackOverflow, 1);
    house.print();
    let (slot, candidate, fault) = (Slot(5), true, PluginFault::StackOverflow);
    let report = PluginReport::Fault { slot, plugin: 22, candidate, fault, figure: 1 };
    assert_eq!((used.seen(), shadow.seen(), house.reports()), (1, 0, vec![report]));
}

/// Shows a print in the step that has begun.
fn show_again(house: &mut House) {
    let (event, view) = (print(), view());
    let happening = Happening::Event(&event);
    let scene = Scene { now: house.now, symbol: SYMBOL, happening, signals: &[], view: &view };
    house.plugins.on_scene(&scene, &mut Wishes::new());
}
