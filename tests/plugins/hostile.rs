//! Sixteen slots under load, one of them with a module that means harm: the others see every scene,
//! and no wish of theirs is lost or doubled.

use std::path::PathBuf;

use host::wasm::{Blueprint, Sandbox};
use host::{Left, Plugins};
use model::{PluginReport, RuleVerdict, Slot, Strategies};
use plugins::SHIPPED;

use super::feed::{Buy, Feed, Moment};
use super::modules::{Shelf, file, from_file, prepared, shipped, slots};

/// Scenes that are shown beside each hostile module.
const SCENES: usize = 2_000;
/// Where the hostile one runs.
const HOSTILE: u8 = 7;

/// Those that are made and set up, and do harm afterwards; with the fault that their first line says.
fn hostile(sandbox: &Sandbox) -> Vec<(String, Blueprint, String)> {
    let mut paths: Vec<PathBuf> = file("core/host/tests/wat/hostile")
        .read_dir()
        .expect("the folder")
        .map(|entry| entry.expect("a file").path())
        .collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("text");
        let first = text.lines().next().and_then(|line| line.strip_prefix(";; "));
        let end = first.expect("an end in its first line").to_owned();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if end.starts_with("on_event: ") || end.starts_with("judge: ") {
            found.push((name, from_file(sandbox, &path), end));
        }
    }
    found
}

/// Fifteen of the shipped ones, three of each.
fn seat_shipped(sandbox: &Sandbox, plugins: &mut Plugins) {
    let blueprints = SHIPPED.each_ref().map(|one| shipped(sandbox, one.name));
    let free = (0..16).filter(|slot| *slot != HOSTILE);
    for (slot, blueprint) in free.zip(blueprints.iter().cycle()) {
        plugins.seat(prepared(blueprint, slot, u128::from(slot) + 1));
    }
}

/// What is asked of all, and what came of it without anybody who means harm.
struct Load {
    steps: Vec<(Moment, Buy)>,
    wishes: Vec<Vec<model::Wish>>,
    scenes: Vec<u64>,
}

impl Load {
    fn new(sandbox: &Sandbox) -> Self {
        let mut feed = Feed::new(99);
        let steps: Vec<_> = (0..SCENES).map(|_| (feed.next(), feed.buy())).collect();
        let mut plugins = slots(&Shelf::default());
        seat_shipped(sandbox, &mut plugins);
        let mut wishes = Vec::new();
        for (moment, buy) in &steps {
            wishes.push(moment.show(&mut plugins));
            buy.judge(&mut plugins);
            while plugins.take_report().is_some() {}
        }
        let scenes = scenes(&plugins);
        assert!(wishes.iter().map(Vec::len).sum::<usize>() > 300, "they wish for something");
        Self { steps, wishes, scenes }
    }
}

/// Scenes that each of the shipped ones was shown.
fn scenes(plugins: &Plugins) -> Vec<u64> {
    let states = plugins.states().into_iter();
    states.filter(|state| state.slot != Slot(HOSTILE)).map(|state| state.scenes).collect()
}

/// Whether the load goes by untouched; gives the one fault.
fn contained(load: &Load, sandbox: &Sandbox, name: &str, blueprint: &Blueprint) -> String {
    let shelf = Shelf::default();
    let mut plugins = slots(&shelf);
    seat_shipped(sandbox, &mut plugins);
    plugins.seat(prepared(blueprint, HOSTILE, 666));
    let mut faults = Vec::new();
    let mut silent = 0;
    for (turn, ((moment, buy), expected)) in load.steps.iter().zip(&load.wishes).enumerate() {
        assert_eq!(moment.show(&mut plugins), *expected, "{name}, scene {turn}");
        silent += u64::from(matches!(buy.judge(&mut plugins), RuleVerdict::Silent { .. }));
        while let Some(report) = plugins.take_report() {
            if let PluginReport::Fault { slot, plugin, fault, figure, .. } = report {
                assert_eq!((slot, plugin), (Slot(HOSTILE), 666), "{name}");
                faults.push((fault, figure));
            }
        }
    }
    let [(fault, figure)] = faults[..] else { panic!("{name}: {faults:?}") };
    assert_eq!(scenes(&plugins), load.scenes, "{name}: every other one saw every scene");
    let returned = shelf.returned();
    let left: Vec<_> = returned.iter().map(|one| (one.slot, one.plugin, one.why)).collect();
    assert_eq!(left, [(Slot(HOSTILE), 666, Left::Failed(fault))], "{name}");
    let active = |state: &host::SlotState| state.active == (state.slot != Slot(HOSTILE));
    assert!(plugins.states().iter().all(active), "{name}: {:?}", plugins.states());
    let is_rule = blueprint.kind() == host::Kind::RiskRule;
    assert_eq!(silent > 0, is_rule, "{name}: a rule that cannot judge lets nothing through");
    format!("{} {figure}", fault.name())
}

#[test]
fn each_is_quarantined_by_name_and_nobody_else_notices() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let load = Load::new(&sandbox);
    let hostile = hostile(&sandbox);
    assert!(hostile.len() >= 20, "{} modules", hostile.len());
    let mut shown = 0;
    for (name, blueprint, end) in &hostile {
        let fault = contained(&load, &sandbox, name, blueprint);
        let named = |one: &str| {
            let how = one.rsplit(' ').next().unwrap_or_default();
            match how.parse::<i32>() {
                Ok(number) if number < 0 => fault == format!("gave_up {number}"),
                Ok(_) => fault.starts_with("too_many_intents"),
                // The first call of a step, where another run need not come to it.
                Err(_) if how == "stack_overflow" => fault == "stack_overflow 1",
                Err(_) => fault == format!("{how} 0"),
            }
        };
        assert!(end.split(" or ").any(named), "{name}: {fault}, not {end}");
        shown += load.steps.len();
    }
    assert!(shown >= 20_000, "{shown} scenes went by");
}

/// One that uses two fifths of what a call may cost at each scene, and sets eight timers.
const GREEDY: &str = r#"(module
  (memory (export "memory") 1)
  (@custom "shrike"
    "abi = 1\nkind = \"strategy\"\nname = \"hostile\"\nversion = \"1\"\n"
    "about = \"Is greedy.\"\nevents = [\"print\"]\n")
  (func (export "shrike_area") (result i32) (i32.const 1024))
  (func (export "shrike_setup") (result i32) (i32.const 0))
  (func (export "shrike_on_event") (result i32)
    (local $n i32)
    (local.set $n (i32.const TURNS))
    (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.set $n (i32.const 0))
    (loop $t
      (i32.store offset=4416 (i32.shl (local.get $n) (i32.const 4)) (local.get $n))
      (i64.store offset=4424 (i32.shl (local.get $n) (i32.const 4)) (i64.const 0))
      (br_if $t (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 8))))
    (i32.const 0x0800)))"#;

#[test]
fn every_further_call_of_a_step_has_less_to_spend() {
    let sandbox = Sandbox::new().expect("a sandbox");
    // As many turns as use two fifths of a call's fuel.
    let fuel = |turns: u64| {
        let blueprint = greedy(&sandbox, turns);
        let mut instance = blueprint.instance().expect("a place");
        abi::Guest::call(&mut instance, abi::Call::OnEvent).expect("it comes back");
        instance.fuel_used_last()
    };
    let (few, many) = (fuel(1_000), fuel(2_000));
    let turns = host::wasm::fuel::PER_CALL * 2 / 5 * 1_000 / (many - few);
    let mut plugins = slots(&Shelf::default());
    plugins.seat(prepared(&greedy(&sandbox, turns), 0, 666));
    let mut feed = Feed::new(3);
    let mut moment = feed.next();
    while !moment.is_print() {
        moment = feed.next();
    }
    // In steps of their own its calls come through, those of its timers too.
    for _ in 0..20 {
        moment.show(&mut plugins);
        moment.now = moment.now.after(model::Span::from_millis(2));
        super::twins::timers(&mut plugins, &moment);
        assert!(plugins.take_report().is_none());
    }
    // In one step the third does not: 40 of 100, and twice a sixteenth more.
    let mut wishes = model::Wishes::new();
    plugins.begin();
    for expected in [true, true, false] {
        moment.show_in_step(&mut plugins, &mut wishes);
        assert_eq!(plugins.states()[0].active, expected);
    }
    let report = plugins.take_report();
    let Some(PluginReport::Fault { fault, .. }) = report else { panic!("{report:?}") };
    assert_eq!(fault, model::PluginFault::OutOfFuel);
}

fn greedy(sandbox: &Sandbox, turns: u64) -> Blueprint {
    let text = GREEDY.replace("TURNS", &turns.to_string());
    let module = wat::parse_str(text).expect("a module");
    Blueprint::compile_here(sandbox, &module).expect("nothing that a check could see")
}
