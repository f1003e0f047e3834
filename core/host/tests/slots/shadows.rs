//! A candidate beside the plug-in in use: shown what it asked for, compared, and never heard.

use abi::Trap;
use host::Left;
use model::{Happening, PluginFault, PluginReport, Slot, Span, Strategies};

use super::house::{House, SYMBOL, Strings, enter, enters, print, signal, strategy, timer};

const PRINTS: &str = "\"print\"";

fn beside(used: &str, candidate: &str) -> (House, Strings, Strings) {
    let mut house = House::new();
    let in_use = house.seat(6, &strategy(used, ""));
    let shadow = house.prepare(6, 22, &strategy(candidate, ""));
    assert!(house.plugins.shadow(house.now, Slot(6), 22));
    (house, in_use, shadow)
}

/// So many wishes of the one in use, those of the candidate, and the first place at which they
/// differ: the difference, and from there on what the candidate wished.
fn differs(wished: u8, candidate: &[u32], at: u8) -> Vec<PluginReport> {
    let (slot, plugin, symbol, count) = (Slot(6), 22, SYMBOL, candidate.len() as u8);
    let said = PluginReport::Differs { slot, plugin, symbol, wished, candidate: count, at };
    let wishes = (at..count).map(|at| {
        let intent = enters(6, candidate[usize::from(at)]).intent;
        PluginReport::Wished { slot, plugin, symbol, at, intent }
    });
    [said].into_iter().chain(wishes).collect()
}

#[test]
fn equal_wishes_are_not_worth_a_word() {
    let (mut house, used, shadow) = beside(PRINTS, PRINTS);
    for turn in 0..3 {
        used.wishes(&[enter(turn), enter(9)]);
        shadow.wishes(&[enter(turn), enter(9)]);
        assert_eq!(house.print(), [enters(6, turn), enters(6, 9)], "each wish once");
        used.wishes(&[enter(turn)]);
        shadow.wishes(&[enter(turn)]);
        house.print();
    }
    assert_eq!((house.reports(), shadow.seen()), (vec![], 6));
}

#[test]
fn other_wishes_are_compared_and_never_sent() {
    let (mut house, used, shadow) = beside(PRINTS, PRINTS);
    for (wished, candidate, at) in [
        (&[1, 2][..], &[1, 3][..], 1),
        (&[1], &[1, 2, 3], 1),
        (&[], &[5], 0),
        (&[5, 6, 7, 8], &[], 0),
    ] {
        let wish = |ids: &[u32]| ids.iter().map(|id| enter(*id)).collect::<Vec<_>>();
        used.wishes(&wish(wished));
        shadow.wishes(&wish(candidate));
        let own: Vec<_> = wished.iter().map(|id| enters(6, *id)).collect();
        assert_eq!(house.print(), own);
        assert_eq!(house.reports(), differs(wished.len() as u8, candidate, at));
    }
}

#[test]
fn a_candidate_is_shown_what_it_asked_for_itself() {
    let (mut house, used, shadow) = beside("\"top\"", PRINTS);
    shadow.wishes(&[enter(1)]);
    assert_eq!(house.print(), []);
    assert_eq!((used.seen(), shadow.seen()), (0, 1));
    assert_eq!(house.reports(), differs(0, &[1], 0));
    let (mut house, used, shadow) = beside(PRINTS, "\"top\"");
    used.wishes(&[enter(1)]);
    assert_eq!(house.print(), [enters(6, 1)]);
    assert_eq!((used.seen(), shadow.seen(), house.reports()), (1, 0, vec![]));
    house.show(Happening::Look, &[signal()]);
    assert_eq!((used.seen(), shadow.seen()), (2, 1));
}

#[test]
fn a_candidate_that_fails_is_said_and_costs_the_one_in_use_nothing() {
    let (mut house, used, shadow) = beside(PRINTS, PRINTS);
    used.wishes(&[enter(1)]);
    shadow.traps("on_event", Trap::OutOfFuel);
    assert_eq!(house.print(), [enters(6, 1)]);
    let fault = PluginFault::OutOfFuel;
    let (slot, candidate) = (Slot(6), true);
    let report = PluginReport::Fault { slot, plugin: 22, candidate, fault, figure: 0 };
    assert_eq!(house.reports(), [report]);
    assert_eq!(house.returned(), [(6, 22, Left::Failed(fault))]);
    used.wishes(&[enter(2)]);
    assert_eq!((house.print(), house.reports()), (vec![enters(6, 2)], vec![]));
    assert!(house.plugins.states()[0].active);
}

#[test]
fn a_candidate_goes_on_when_the_one_in_use_fails() {
    let (mut house, used, shadow) = beside(PRINTS, PRINTS);
    used.traps("on_event", Trap::Unreachable);
    house.print();
    house.reports();
    shadow.wishes(&[enter(1)]);
    assert_eq!(house.print(), [], "a candidate is never heard");
    assert_eq!((shadow.seen(), house.reports()), (2, differs(0, &[1], 0)));
}

#[test]
fn a_candidates_log_stays_its_own() {
    let (mut house, used, shadow) = beside(PRINTS, PRINTS);
    shadow.logs(b"not said");
    house.print();
    used.logs(b"said");
    house.print();
    let [PluginReport::Log { slot, text }] = house.reports()[..] else { panic!("one line") };
    assert_eq!((slot, text.as_str()), (Slot(6), "said"));
}

#[test]
fn a_timer_that_both_set_is_one_scene_and_is_compared() {
    let (mut house, used, shadow) = beside(PRINTS, PRINTS);
    let due = house.now.after(Span::from_secs(1));
    used.sets(&[timer(0, due)]);
    shadow.sets(&[timer(0, due)]);
    house.print();
    used.wishes(&[enter(1)]);
    shadow.wishes(&[enter(2)]);
    assert_eq!(house.pass(Span::from_secs(1)), [(6, 0)]);
    assert_eq!((used.seen(), shadow.seen()), (2, 2), "each sees its timer once");
    assert_eq!(house.reports(), differs(1, &[2], 0));
}

#[test]
fn a_timer_that_only_one_set_is_shown_to_it_alone() {
    let (mut house, used, shadow) = beside(PRINTS, PRINTS);
    used.sets(&[timer(0, house.now.after(Span::from_secs(1)))]);
    shadow.sets(&[timer(0, house.now.after(Span::from_secs(2)))]);
    house.print();
    house.pass(Span::from_secs(1));
    assert_eq!((used.seen(), shadow.seen()), (2, 1));
    shadow.wishes(&[enter(1)]);
    assert_eq!(house.pass(Span::from_secs(1)).len(), 1);
    assert_eq!((used.seen(), shadow.seen()), (2, 2));
    assert_eq!(shadow.last::<abi::scene::Timer>(abi::area::BODY).timer, 0);
    assert_eq!(house.reports(), differs(0, &[1], 0));
}

#[test]
fn a_parameter_of_the_one_in_use_is_no_business_of_the_candidate() {
    let parameter = "[[parameters]]\nname = \"n\"\ntype = \"whole\"\nunit = \"x\"\nmin = 1\nmax = 9\n\
                     default = 2\nabout = \"N.\"";
    let mut house = House::new();
    let used = house.seat(6, &strategy("", parameter));
    let shadow = house.prepare(6, 22, &strategy("", ""));
    assert!(house.plugins.shadow(house.now, Slot(6), 22));
    assert!(house.plugins.set_parameter(house.now, Slot(6), 0, 3));
    house.show(Happening::Parameter { slot: Slot(6), parameter: 0, value: 3 }, &[]);
    assert_eq!((used.seen(), shadow.seen()), (1, 0));
}

#[test]
fn a_candidate_ends_with_zero_or_with_the_next_one() {
    let (mut house, _, shadow) = beside(PRINTS, PRINTS);
    let now = house.now;
    assert!(!house.plugins.shadow(now, Slot(6), 33), "none was prepared");
    assert_eq!(house.returned(), [(6, 22, Left::Stopped)], "and the one before has ended");
    house.prepare(6, 44, &strategy(PRINTS, ""));
    assert!(house.plugins.shadow(now, Slot(6), 44));
    assert!(house.plugins.shadow(now, Slot(6), 0));
    assert!(house.plugins.shadow(now, Slot(6), 0));
    assert!(!house.plugins.shadow(now, Slot(16), 0));
    assert_eq!(house.instances_returned(), 2);
    house.show(Happening::Event(&print()), &[]);
    assert_eq!(shadow.seen(), 0);
}
