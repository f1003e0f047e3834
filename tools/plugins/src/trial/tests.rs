use std::collections::BTreeSet;

use host::wasm::{Blueprint, Sandbox};
use host::{Kind, Manifest};
use model::{
    AccountId, Body, EntryPlan, ExitPlan, FixedList, Happening, PriceSource, Span, SymbolId,
    Triggers, VenueTime,
};

use super::*;

/// A plan that most openings fit.
fn standing() -> Standing {
    let confidence = |percent| model::Confidence::new(percent).expect("a confidence");
    Standing {
        accounts: 1,
        target: confidence(50),
        execute: confidence(75),
        size_min_bps: 2_500,
        size_max_bps: 10_000,
        entry: EntryPlan {
            triggers: Triggers { schedule: true, print: true, strategy: true },
            kind: model::EntryKind::Limit,
            notional: model::Amount::from_units(100),
            reference: PriceSource::PreOpenAsk,
            operator_price: None,
            premium_bps: 500,
            early: Span::from_millis(200),
            late: Span::from_secs(10),
            orders_max: 3,
        },
        exit: ExitPlan {
            ladder: FixedList::new(),
            stop_loss_bps: 1_000,
            trailing_bps: 500,
            trailing_from_bps: 1_000,
            break_even_bps: 0,
            time_stop: Span::from_secs(60),
            keep_bps: 0,
            resting_share_bps: 0,
        },
    }
}

fn blueprint(name: &str) -> Blueprint {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../strategies");
    let module = std::fs::read(format!("{folder}/{name}/{name}.wasm")).expect("a shipped module");
    Blueprint::compile_here(&Sandbox::new().expect("a sandbox"), &module).expect("a good module")
}

/// A plug-in with these lines in its manifest and these fields beside its memory and area.
fn made(manifest: &str, fields: &str) -> Blueprint {
    let manifest =
        format!("abi = 1\nname = \"made\"\nversion = \"1\"\nabout = \"Made.\"\n{manifest}");
    let text = format!(
        r#"(module (memory (export "memory") 1) (@custom "shrike" {manifest:?}) {fields}
            (func (export "shrike_area") (result i32) (i32.const 1024))
            (func (export "shrike_setup") (result i32) (i32.const 0)))"#
    );
    let module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"));
    Blueprint::compile_here(&Sandbox::new().expect("a sandbox"), &module).expect("a good module")
}

fn on_event(manifest: &str, body: &str) -> Blueprint {
    let manifest = format!("kind = \"strategy\"\n{manifest}");
    made(&manifest, &format!("(func (export \"shrike_on_event\") (result i32) {body})"))
}

fn defaults(manifest: &Manifest) -> Vec<i64> {
    manifest.parameters.iter().map(|parameter| parameter.default).collect()
}

fn tried(blueprint: &Blueprint) -> Trial {
    let values = defaults(blueprint.manifest());
    run(blueprint, &standing(), &values, listing_life(1)).expect("a trial")
}

fn fault(trial: &Trial) -> (&'static str, PluginFault, i64) {
    let [Fault { call, fault, figure, .. }] = trial.faults[..] else { panic!("{trial:?}") };
    (call, fault, figure)
}

#[test]
fn every_shipped_plug_in_passes_and_is_called() {
    for shipped in &crate::SHIPPED {
        let blueprint = blueprint(shipped.name);
        let trial = tried(&blueprint);
        assert!(trial.passed(), "{}: {:?}", shipped.name, trial.reasons());
        assert!(trial.calls > 10, "{}: {trial:?}", shipped.name);
        assert!(trial.fuel_most > 0 && trial.fuel_most < fuel::PER_CALL);
        assert!(trial.call_ns.p50 <= trial.call_ns.p99);
        assert!(trial.memory_bytes > 65_536 && trial.memory_bytes < 2_000_000);
        // What acts on openings finds some, and a rule finds something to say.
        let acts = shipped.name != "hello";
        assert!(!acts || trial.wishes > 0, "{}: {trial:?}", shipped.name);
    }
}

#[test]
fn a_listings_life_is_the_same_for_the_same_seed_and_shows_every_kind() {
    assert_eq!(listing_life(1), listing_life(1));
    assert_ne!(listing_life(1), listing_life(2));
    let (mut kinds, mut scenes) = (BTreeSet::new(), 0);
    let mut stage = Stage::new(&standing());
    let mut before = Mono::ZERO;
    for (now, event) in listing_life(1) {
        assert!(before <= now);
        before = now;
        let changed = stage.take(now, &event);
        stage.show(now, &event, &changed, |scene| {
            scenes += 1;
            kinds.insert(match scene.happening {
                Happening::Event(event) => kind_of(&event.body),
                Happening::Look => "look",
                Happening::Target(_) => "target",
                Happening::Position(_) => "position",
                Happening::Timer(_) | Happening::Parameter { .. } => "other",
            });
        });
    }
    assert!(scenes > 3_000, "{scenes}");
    let wanted = [
        "balance", "depth", "fill", "listing", "look", "names", "order", "other", "position",
        "print", "rules", "target", "top",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), wanted);
}

fn kind_of(body: &Body) -> &'static str {
    // The clock is no scene of its own.
    #[expect(clippy::wildcard_enum_match_arm, reason = "see above")]
    match body {
        Body::Listing(_) => "listing",
        Body::Depth(_) => "depth",
        Body::Top(_) => "top",
        Body::Print(_) => "print",
        Body::Order(_) => "order",
        Body::Fill(_) => "fill",
        Body::Balance(_) => "balance",
        Body::Symbol(_) => "names",
        Body::Spec(_) => "rules",
        _ => "other",
    }
}

#[test]
fn a_call_that_fails_ends_the_trial_with_its_name_and_scene() {
    let loops = on_event("events = [\"print\"]\n", "(loop $l (br $l)) (unreachable)");
    let trial = tried(&loops);
    assert_eq!(fault(&trial), ("shrike_on_event", PluginFault::OutOfFuel, 0));
    assert_eq!((trial.calls, trial.passed()), (1, false));
    assert_eq!(trial.fuel_most, fuel::PER_CALL);
    let [reason] = &trial.reasons()[..] else { panic!("{trial:?}") };
    assert!(reason.starts_with("out_of_fuel: shrike_on_event failed at scene "), "{reason}");
    assert!(trial.faults[0].scene > 0);

    let refuses = on_event("", "(i32.const -7)");
    assert_eq!(fault(&tried(&refuses)), ("shrike_on_event", PluginFault::GaveUp, -7));

    let rule = made(
        "kind = \"risk_rule\"\n",
        "(func (export \"shrike_judge\") (result i32) (i32.const 9))",
    );
    assert_eq!(fault(&tried(&rule)), ("shrike_judge", PluginFault::BadVerdict, 9));
}

#[test]
fn a_state_is_carried_over_as_a_swap_does() {
    let counts = |save: &str, restore: &str| {
        let fields = format!(
            r#"(func (export "shrike_on_event") (result i32) (i32.const 0))
               (func (export "shrike_state") (result i32) (i32.const 8192))
               (func (export "shrike_save") (result i32) {save})
               (func (export "shrike_restore") (param i32 i32) (result i32) {restore})"#
        );
        let manifest = "kind = \"strategy\"\nstate = { version = 1, bytes = 8 }\n";
        tried(&made(manifest, &fields))
    };
    let zero = "(i32.const 0)";
    assert!(counts("(i32.const 8)", zero).passed());
    // A state that cannot be had, or is not understood, is no fault.
    assert!(counts("(i32.const -1)", "(i32.const 1)").passed());
    let broken = counts("(unreachable)", zero);
    assert_eq!(fault(&broken), ("shrike_save", PluginFault::Unreachable, 0));
    let long = counts("(i32.const 9)", zero);
    assert_eq!(fault(&long), ("shrike_save", PluginFault::BadState, 9));
    let broken = counts("(i32.const 8)", "(unreachable)");
    assert_eq!(fault(&broken), ("shrike_restore", PluginFault::Unreachable, 0));
}

#[test]
fn a_timer_that_is_always_due_does_not_hold_the_trial_up() {
    // Timer 0 of pair 0 at time 0, again and again.
    let at = area::TIMER + 1_024;
    let body = format!(
        "(i64.store (i32.const {at}) (i64.const 0)) (i64.store (i32.const {}) (i64.const 0))
         (i32.const 256)",
        at + 8
    );
    let trial = tried(&on_event("", &body));
    assert!(trial.passed(), "{:?}", trial.reasons());
    // It comes once a millisecond at most, between the events that there are.
    assert!(trial.calls > 1_000, "{trial:?}");
}

#[test]
fn parameters_are_set_once_and_shown() {
    let manifest = "[[parameters]]\nname = \"a\"\ntype = \"whole\"\nunit = \"x\"\nmin = 0\n\
                    max = 9\ndefault = 3\nabout = \"A.\"\n";
    let counts = on_event(manifest, "(i32.const 0)");
    assert_eq!(counts.kind(), Kind::Strategy);
    let none = run(&counts, &standing(), &[3], []).expect("a trial");
    let one = (Mono::ZERO, Event::of(AccountId::NONE, SymbolId(0), Body::Durable { token: 1 }));
    let one = run(&counts, &standing(), &[3], [one]).expect("a trial");
    assert_eq!((none.calls, one.calls), (0, 1));
    let refused = run(&counts, &standing(), &[10], []).expect_err("out of range");
    assert!(matches!(refused, TrialError::Prepare(PrepareError::OutOfRange { .. })));
}

#[test]
fn two_trials_together_are_as_bad_as_the_worse_one() {
    let good = tried(&on_event("", "(i32.const 0)"));
    let bad = tried(&on_event("", "(i32.const -1)"));
    let calls = good.calls + bad.calls;
    let both = good.and(bad.clone());
    assert_eq!((both.calls, both.passed()), (calls, false));
    assert_eq!(both.faults, bad.faults);
}

#[test]
fn the_clock_of_a_journal_without_samples_is_taken_from_what_the_exchange_stamped() {
    let mut stage = Stage::new(&standing());
    let now = Mono::from_nanos(5);
    assert_eq!(stage.venue(now), VenueTime::NONE);
    let mut event = Event::bare(Body::Durable { token: 1 });
    event.stamped = VenueTime::from_nanos(105);
    stage.take(now, &event);
    assert_eq!(stage.venue(Mono::from_nanos(6)), VenueTime::from_nanos(106));
}
