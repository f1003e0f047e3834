//! What several rules make of one buy.

use abi::judge::{Question, Verdict};
use abi::{Plain, Trap, area, export};
use host::Left;
use model::{
    AccountId, Amount, Authority, ClientOrderId, ClientOrderIdParts, Mode, OrderKind, OrderLeg,
    PermitId, PluginFault, PluginReport, Price, Qty, Request, RiskRules, RuleQuestion, RuleVerdict,
    Side, Slot, Strategies, VenueTime,
};

use super::house::{House, START, SYMBOL, Strings, fault, rule, strategy};

fn qty(raw: i64) -> Qty {
    Qty::from_raw(raw).expect("not negative")
}

fn request() -> Request {
    let id = ClientOrderIdParts {
        mode: Mode::Demo,
        instance: 1,
        epoch: 1,
        permit: PermitId(9),
        leg: OrderLeg::ENTRY,
        attempt: 1,
    };
    Request {
        account: AccountId(0),
        symbol: SYMBOL,
        side: Side::Buy,
        kind: OrderKind::Limit,
        price: Price::from_raw(150).unwrap(),
        qty: qty(1_000),
        authority: Authority::Permit(PermitId(9)),
        client_order_id: ClientOrderId::new(id),
        timestamp: VenueTime::from_millis(1_790_000_000_000),
        recv_window_ms: 1_000,
    }
}

fn judge(house: &mut House) -> RuleVerdict {
    let request = request();
    house.plugins.begin();
    house.plugins.judge(&RuleQuestion {
        now: START,
        request: &request,
        decimals: (2, 2),
        step: qty(10),
        notional: Amount::from_units(15),
        bid: None,
        ask: Price::from_raw(151),
        depth: Some(qty(5_000)),
        held: qty(3),
        symbol_notional: Amount::from_units(1),
        quote_notional: Amount::from_units(2),
        total_notional: Amount::from_units(3),
        bought_today: Amount::from_units(4),
        permit_max: Amount::from_units(100),
        permit_used: Amount::from_units(5),
        orders_live: 6,
        orders_live_symbol: 2,
        opened: true,
        listing: true,
    })
}

/// Answers with this, and keeps what it was asked.
fn answers(puppet: &Strings, code: i32, verdict: Verdict) {
    let strings = puppet.clone();
    puppet.act("judge", move |bytes| {
        strings.told(|told| told.scenes.push(bytes.to_vec()));
        verdict.put(&mut bytes[area::OUTPUT..]);
        Ok(code)
    });
}

fn shrinks(puppet: &Strings, qty: i64) {
    answers(puppet, export::SHRINK, Verdict { qty, ..Verdict::default() });
}

fn asked(puppet: &Strings) -> Question {
    puppet.last::<Question>(area::INPUT)
}

fn to(raw: i64) -> RuleVerdict {
    RuleVerdict::Shrink { qty: qty(raw) }
}

#[test]
fn a_rule_is_shown_the_figures_that_were_compared() {
    let mut house = House::new();
    let one = house.seat(3, &rule("", ""));
    answers(&one, export::ALLOW, Verdict::default());
    assert_eq!(judge(&mut house), RuleVerdict::Allow);
    let shown = asked(&one);
    assert_eq!((shown.symbol, shown.account, shown.kind), (SYMBOL.0, 0, 0));
    assert_eq!((shown.price, shown.qty, shown.step, shown.permit), (150, 1_000, 10, 9));
    assert_eq!((shown.bid, shown.ask, shown.depth, shown.held), (0, 151, 5_000, 3));
    assert_eq!(shown.notional, Amount::from_units(15).raw());
    assert_eq!(shown.permit_used, Amount::from_units(5).raw());
    assert_eq!((shown.orders_live, shown.orders_live_symbol), (6, 2));
    assert_eq!((shown.opened, shown.listing), (1, 1));
}

#[test]
fn rules_shrink_one_after_the_other_in_the_order_of_their_slots() {
    let mut house = House::new();
    let last = house.seat(9, &rule("", ""));
    let first = house.seat(2, &rule("", ""));
    let wish = house.seat(5, &strategy("", ""));
    shrinks(&first, 619);
    shrinks(&last, 305);
    assert_eq!(judge(&mut house), to(300), "whole steps");
    assert_eq!((asked(&first).qty, asked(&last).qty), (1_000, 610), "each sees what was left");
    assert_eq!(asked(&last).notional, Amount::from_raw(9_150_000_000_000_000_000).raw());
    assert!(wish.told(|told| !told.calls.contains(&"judge")), "a strategy judges nothing");
}

#[test]
fn nothing_a_rule_says_makes_a_buy_larger() {
    let mut house = House::new();
    let [first, second] = [0, 1].map(|slot| house.seat(slot, &rule("", "")));
    for (one, two, expected) in [
        (1_001, i64::MAX, RuleVerdict::Allow),
        (1_000, 1_009, RuleVerdict::Allow),
        (500, 700, to(500)),
        (500, i64::MAX, to(500)),
        (9, 1_000, to(0)),
        (0, 0, to(0)),
    ] {
        shrinks(&first, one);
        shrinks(&second, two);
        assert_eq!(judge(&mut house), expected, "{one} then {two}");
    }
}

#[test]
fn a_refusal_has_its_rules_slot_and_number_and_ends_the_asking() {
    let mut house = House::new();
    let [first, second, third] = [1, 4, 7].map(|slot| house.seat(slot, &rule("", "")));
    shrinks(&first, 500);
    answers(&second, export::REFUSE, Verdict { code: 77, qty: 400, reserved: 0 });
    assert_eq!(judge(&mut house), RuleVerdict::Refuse { slot: Slot(4), code: 77 });
    assert!(third.told(|told| !told.calls.contains(&"judge")));
}

#[test]
fn a_verdict_that_is_none_silences_its_rule_for_good() {
    for (code, less, expected) in [
        (3, 0, PluginFault::BadVerdict),
        (-1, 0, PluginFault::BadVerdict),
        (export::SHRINK, -1, PluginFault::BadVerdict),
        (export::SHRINK, i64::MIN, PluginFault::BadVerdict),
    ] {
        let mut house = House::new();
        let bad = house.seat(4, &rule("", ""));
        house.seat(6, &rule("", ""));
        answers(&bad, code, Verdict { qty: less, ..Verdict::default() });
        for turn in 0..3 {
            assert_eq!(judge(&mut house), RuleVerdict::Silent { slot: Slot(4) }, "turn {turn}");
        }
        assert_eq!(house.reports(), [fault(4, expected, i64::from(code))]);
        assert_eq!(house.returned(), [(4, 5, Left::Failed(expected))]);
    }
}

#[test]
fn a_rule_that_breaks_silences_every_buy_until_another_takes_its_place() {
    let mut house = House::new();
    let bad = house.seat(4, &rule("", ""));
    bad.traps("judge", Trap::OutOfFuel);
    assert_eq!(judge(&mut house), RuleVerdict::Silent { slot: Slot(4) });
    assert_eq!(judge(&mut house), RuleVerdict::Silent { slot: Slot(4) });
    assert_eq!(house.reports(), [fault(4, PluginFault::OutOfFuel, 0)]);
    house.prepare(4, 22, &rule("", ""));
    assert!(house.exchange(4, 22));
    assert_eq!(judge(&mut house), RuleVerdict::Allow);
}

#[test]
fn a_rule_that_breaks_at_an_event_cannot_judge_either() {
    let mut house = House::new();
    let bad = house.seat(4, &rule("\"print\"", ""));
    bad.traps("on_event", Trap::Arithmetic);
    house.print();
    assert_eq!(judge(&mut house), RuleVerdict::Silent { slot: Slot(4) });
    assert_eq!(house.reports(), [fault(4, PluginFault::Arithmetic, 0)]);
}

#[test]
fn a_rule_that_an_operator_stopped_judges_nothing() {
    let mut house = House::new();
    let bad = house.seat(4, &rule("", ""));
    bad.traps("judge", Trap::Unreachable);
    judge(&mut house);
    house.plugins.stop(Slot(4));
    assert_eq!(judge(&mut house), RuleVerdict::Allow, "also when it had failed before");
}

/// A rule between two others, with a candidate beside it.
fn with_candidate() -> (House, Strings, Strings, Strings) {
    let mut house = House::new();
    let used = house.seat(4, &rule("", ""));
    let behind = house.seat(9, &rule("", ""));
    let shadow = house.prepare(4, 22, &rule("", ""));
    assert!(house.plugins.shadow(house.now, Slot(4), 22));
    (house, used, shadow, behind)
}

fn judges_otherwise(used: RuleVerdict, candidate: RuleVerdict) -> PluginReport {
    PluginReport::JudgesOtherwise { slot: Slot(4), plugin: 22, symbol: SYMBOL, used, candidate }
}

#[test]
fn a_candidate_is_asked_the_same_and_only_the_rule_in_use_counts() {
    let (mut house, used, shadow, behind) = with_candidate();
    shrinks(&used, 700);
    shrinks(&shadow, 300);
    shrinks(&behind, 650);
    assert_eq!(judge(&mut house), to(650));
    assert_eq!((asked(&used), asked(&behind).qty), (asked(&shadow), 700));
    assert_eq!(house.reports(), [judges_otherwise(to(700), to(300))]);
    let refusal = RuleVerdict::Refuse { slot: Slot(4), code: 7 };
    answers(&shadow, export::REFUSE, Verdict { code: 7, ..Verdict::default() });
    assert_eq!(judge(&mut house), RuleVerdict::Allow);
    assert_eq!(house.reports(), [judges_otherwise(RuleVerdict::Allow, refusal)]);
    answers(&used, export::REFUSE, Verdict { code: 7, ..Verdict::default() });
    assert_eq!(judge(&mut house), refusal);
    assert_eq!(house.reports(), [judges_otherwise(refusal, RuleVerdict::Allow)]);
}

#[test]
fn equal_verdicts_are_not_worth_a_word() {
    let (mut house, used, shadow, _) = with_candidate();
    shrinks(&used, 705);
    shrinks(&shadow, 709);
    assert_eq!((judge(&mut house), house.reports()), (to(700), vec![]), "whole steps");
    shrinks(&shadow, 1_000);
    assert_eq!((judge(&mut house), house.reports()), (RuleVerdict::Allow, vec![]), "no less");
    house.plugins.stop(Slot(4));
    assert_eq!((judge(&mut house), house.reports()), (RuleVerdict::Allow, vec![]));
    shrinks(&shadow, 500);
    judge(&mut house);
    assert_eq!(house.reports(), [judges_otherwise(RuleVerdict::Allow, to(500))]);
}

#[test]
fn a_candidate_that_breaks_refuses_nothing() {
    let (mut house, _, shadow, _) = with_candidate();
    shadow.traps("judge", Trap::OutOfFuel);
    for _ in 0..2 {
        assert_eq!(judge(&mut house), RuleVerdict::Allow);
    }
    let (slot, candidate, fault) = (Slot(4), true, PluginFault::OutOfFuel);
    let report = PluginReport::Fault { slot, plugin: 22, candidate, fault, figure: 0 };
    assert_eq!((house.reports(), asked_times(&shadow)), (vec![report], 1));
}

fn asked_times(puppet: &Strings) -> usize {
    puppet.told(|told| told.calls.iter().filter(|call| **call == "judge").count())
}
