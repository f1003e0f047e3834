//! Modules that mean harm, and what becomes of each. Those under `wat/hostile` name their end in
//! their first line; those that are too long to write down are made here.
#![cfg(feature = "wasm")]

use std::path::Path;

use abi::{Call, Guest, Trap, area};
use host::wasm::{Blueprint, Instance, Refused, Sandbox, check, fuel, limits};

mod support;

use support::{bytes_of, good, instance_of, strategy};

/// A sandbox with a plug-in that minds its own business.
struct House {
    sandbox: Sandbox,
    neighbour: Instance,
    events: u64,
    fuel: u64,
}

impl House {
    fn new() -> Self {
        let sandbox = Sandbox::new().expect("a sandbox");
        let mut neighbour = instance_of(&sandbox, &good());
        assert_eq!(neighbour.call(Call::OnEvent), Ok(0));
        let fuel = neighbour.fuel_used_last();
        Self { sandbox, neighbour, events: 1, fuel }
    }

    /// What becomes of a module, in words.
    fn end(&self, module: &[u8]) -> String {
        let blueprint = match Blueprint::compile_here(&self.sandbox, module) {
            Ok(blueprint) => blueprint,
            Err(refused) => return format!("refused: {}", said(&refused)),
        };
        let mut instance = match blueprint.instance() {
            Ok(instance) => instance,
            Err(refused) => return format!("instance: {}", said(&refused)),
        };
        let calls = [
            ("setup", Call::Setup),
            ("on_event", Call::OnEvent),
            ("judge", Call::Judge),
            ("save", Call::Save),
            ("restore", Call::Restore { version: 1, len: 8 }),
        ];
        let mut end = String::new();
        for (name, call) in calls {
            let answer = instance.call(call);
            assert!(instance.fuel_used_last() <= fuel::PER_CALL);
            assert!(instance.memory_bytes() < 2_000_000, "{}", instance.memory_bytes());
            match answer {
                Ok(0 | 8) | Err(Trap::NoExport) => {}
                Ok(number) => end = format!("{name}: {number}"),
                Err(trap) => return format!("{name}: {trap}"),
            }
        }
        end
    }

    /// The neighbour noticed nothing.
    fn assert_quiet(&mut self, after: &str) {
        self.events += 1;
        assert_eq!(self.neighbour.call(Call::OnEvent), Ok(0), "after {after}");
        assert_eq!(self.neighbour.fuel_used_last(), self.fuel, "after {after}");
        assert_eq!(self.neighbour.state(), self.events.to_le_bytes(), "after {after}");
    }

    #[track_caller]
    fn assert_end(&mut self, name: &str, module: &[u8], ends: &str) {
        let end = self.end(module);
        assert!(ends.split(" or ").any(|one| one == end), "{name}: {end}, not {ends}");
        self.assert_quiet(name);
    }
}

/// The name of a refusal, which has a sentence too.
fn said(refused: &Refused) -> &'static str {
    assert!(refused.to_string().len() > 20, "{refused}");
    refused.name()
}

#[test]
fn every_hostile_module_ends_as_its_first_line_says() {
    let mut house = House::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wat/hostile");
    let mut count = 0;
    for file in folder.read_dir().expect("the folder") {
        let path = file.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("text");
        let first = text.lines().next().and_then(|line| line.strip_prefix(";; "));
        let end = first.unwrap_or_else(|| panic!("{name}: no end in its first line"));
        house.assert_end(&name, &bytes_of(&text), end);
        count += 1;
    }
    assert!(count >= 70, "only {count} modules");
}

#[test]
fn what_is_no_core_module_is_refused() {
    let mut house = House::new();
    house.assert_end("empty", b"", "refused: not_wasm");
    house.assert_end("text", b"(module)", "refused: not_wasm");
    house.assert_end("elf", b"\x7fELF\x02\x01\x01\0\0\0\0\0", "refused: not_wasm");
    house.assert_end("component", b"\0asm\x0d\0\x01\0", "refused: component");
    house.assert_end("later version", b"\0asm\x02\0\0\0", "refused: invalid");
    house.assert_end("head alone", b"\0asm\x01\0\0\0", "refused: no_manifest");
}

#[test]
fn every_cut_of_a_good_module_is_refused() {
    let module = good();
    for end in 0..module.len() {
        assert!(check(&module[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_flipped_bit_is_refused_or_makes_another_module_that_hurts_nobody() {
    let mut house = House::new();
    let module = good();
    let own = check(&module).expect("a good module").hash;
    for bit in 0..module.len() * 8 {
        let mut flipped = module.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let Ok(checked) = check(&flipped) else { continue };
        assert_ne!(checked.hash, own, "bit {bit}");
        // Each of them is checked, and every ninth is run.
        if bit % 9 == 0 {
            house.end(&flipped);
            house.assert_quiet("a flipped bit");
        }
    }
}

#[test]
fn a_module_with_too_much_in_it_is_refused() {
    let mut house = House::new();
    let bytes = "x".repeat(limits::MODULE_BYTES_MAX);
    let data = strategy(&format!("(data \"{bytes}\")"), "(i32.const 0)");
    house.assert_end("huge data", &data, "refused: module_too_large");

    let functions = "(func)".repeat(limits::FUNCTIONS_MAX);
    house.assert_end("functions", &strategy(&functions, "(i32.const 0)"), "refused: too_many");

    let globals = "(global i64 (i64.const 0))".repeat(1_025);
    house.assert_end("globals", &strategy(&globals, "(i32.const 0)"), "refused: too_many");

    let params = "(param i64)".repeat(33);
    let wide = format!("(func {params})");
    house.assert_end("parameters", &strategy(&wide, "(i32.const 0)"), "refused: too_many");

    let locals = "i64 ".repeat(limits::LOCALS_MAX as usize + 1);
    let many = format!("(func (local {locals}))");
    let end = "refused: function_too_large";
    house.assert_end("locals", &strategy(&many, "(i32.const 0)"), end);

    let body = format!("(func {})", "(drop (i32.const 0))".repeat(22_000));
    house.assert_end("a huge function", &strategy(&body, "(i32.const 0)"), end);
}

#[test]
fn a_function_that_keeps_too_much_on_the_stack_is_refused() {
    let mut house = House::new();
    let kept = "(call $one)".repeat(4_300);
    let sum = "f64.add ".repeat(4_299);
    let fields = format!(
        "(func $one (result f64) (f64.load (i32.const 0))) (func (result f64) {kept} {sum})"
    );
    let module = strategy(&fields, "(i32.const 0)");
    house.assert_end("four thousand values of sixteen bytes", &module, "refused: frame_too_large");
}

/// Counts in the output, where the host can read it after a trap.
const COUNT: &str =
    "(i64.store (i32.const 3584) (i64.add (i64.load (i32.const 3584)) (i64.const 1)))";

fn count(instance: &mut Instance) -> u64 {
    let bytes = &instance.area()[area::OUTPUT..area::OUTPUT + 8];
    u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
}

#[test]
fn straight_code_ends_with_its_fuel() {
    let sandbox = Sandbox::new().expect("a sandbox");
    // One function without a loop and without a call, which costs more than a call may.
    let steps = 4_300;
    let mut instance =
        instance_of(&sandbox, &strategy("", &format!("{} (i32.const 0)", COUNT.repeat(steps))));
    assert_eq!(instance.call(Call::OnEvent), Err(Trap::OutOfFuel));
    let done = count(&mut instance);
    assert!(done > 1_000 && done < fuel::PER_CALL / 100, "{done}");
}

#[test]
fn straight_code_cannot_step_over_the_comparisons() {
    let sandbox = Sandbox::new().expect("a sandbox");
    // Each block is left by a branch shortly before its end.
    let block = format!("(block {} (br_if 0 (i32.const 1)) {COUNT} {COUNT})", COUNT.repeat(36));
    let body = format!("{} (i32.const 0)", block.repeat(112));
    let mut instance = instance_of(&sandbox, &strategy("", &body));
    assert_eq!(instance.call(Call::OnEvent), Err(Trap::OutOfFuel));
    assert!(count(&mut instance) < fuel::PER_CALL / 100);
}

#[test]
fn functions_that_are_left_do_no_work_behind_the_last_unit() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let behind = COUNT.repeat(40);
    let fields = format!(
        "(func $deeper (param i32)
           (if (local.get 0) (then (call $deeper (i32.sub (local.get 0) (i32.const 1)))))
           {behind})"
    );
    let module = strategy(&fields, "(call $deeper (i32.const 900)) (i32.const 0)");
    let mut instance = instance_of(&sandbox, &module);
    assert_eq!(instance.call(Call::OnEvent), Err(Trap::OutOfFuel));
    let done = count(&mut instance);
    assert!(done > 1_000 && done < fuel::PER_CALL / 100, "{done}");
}

#[test]
fn a_recursion_with_large_frames_ends_with_the_stack_or_the_fuel() {
    let mut house = House::new();
    let taken: String = (0..200)
        .map(|at| format!("(local.set {at} (i64.load offset={} (i32.const 0)))", at * 8))
        .collect();
    let given: String = (0..200)
        .map(|at| format!("(i64.store offset={} (i32.const 0) (local.get {at}))", at * 8))
        .collect();
    let locals = "i64 ".repeat(200);
    let fields = format!("(func $r (local {locals}) {taken} (call $r) {given})");
    let module = strategy(&fields, "(call $r) (unreachable)");
    let end = "on_event: stack_overflow or on_event: out_of_fuel";
    house.assert_end("two hundred values a call", &module, end);
}

#[test]
fn memory_grows_by_two_pages_a_call_and_never_beyond_its_bound() {
    let grows = "(i32.const 0) (drop (memory.grow (i32.const 3)))
        (if (i32.eq (memory.grow (i32.const 2)) (i32.const -1)) (then (return (i32.const 1))))
        (drop (memory.grow (i32.const 1)))";
    let sandbox = Sandbox::new().expect("a sandbox");
    let mut instance = instance_of(&sandbox, &strategy("", grows));
    let before = instance.memory_bytes();
    for calls in 1..=7 {
        assert_eq!(instance.call(Call::OnEvent), Ok(0));
        let grown = limits::GROWTH_PAGES_PER_CALL * limits::PAGE * calls;
        assert_eq!(instance.memory_bytes(), before + grown);
    }
    // Fifteen pages of sixteen: there is no room for two.
    assert_eq!(instance.call(Call::OnEvent), Ok(1));
    assert_eq!(instance.memory_bytes(), before + 14 * limits::PAGE);
    assert_eq!(instance.area().len(), area::SIZE);
}

#[test]
fn places_run_out_by_name_and_come_back() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let blueprint = Blueprint::compile_here(&sandbox, &good()).expect("a good module");
    let mut taken: Vec<Instance> =
        (0..limits::INSTANCES_MAX).map(|_| blueprint.instance().expect("a place")).collect();
    let refused = blueprint.instance().expect_err("no place is left");
    assert_eq!(refused, Refused::NoPlace { max: limits::INSTANCES_MAX });
    taken.pop();
    assert!(blueprint.instance().is_ok());
}
