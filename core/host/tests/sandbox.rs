//! An instance does what its module says, and the same each time.
#![cfg(feature = "wasm")]

use abi::{Call, Guest, Trap, area};
use host::wasm::{Instance, Sandbox, check, fingerprint, fingerprint_text, fuel};

mod support;

use support::{good, instance_of, strategy};

fn new() -> Sandbox {
    Sandbox::new().expect("a sandbox")
}

#[test]
fn a_good_module_is_called_through_its_exports() {
    let mut instance = instance_of(&new(), &good());
    assert_eq!(instance.area().len(), area::SIZE);
    assert_eq!(instance.call(Call::Setup), Ok(0));
    assert_eq!(instance.call(Call::OnEvent), Ok(0));
    assert_eq!(instance.call(Call::OnEvent), Ok(0));
    assert_eq!(instance.call(Call::Save), Ok(8));
    assert_eq!(instance.state(), 2_u64.to_le_bytes());
    assert_eq!(instance.call(Call::Restore { version: 2, len: 8 }), Ok(0));
    assert_eq!(instance.call(Call::Restore { version: 1, len: 8 }), Ok(1));
    assert_eq!(instance.call(Call::Judge), Err(Trap::NoExport));
}

#[test]
fn what_the_host_writes_the_guest_reads_and_the_other_way_round() {
    let echo = "(i64.store (i32.const 3584) (i64.xor (i64.load (i32.const 1024)) (i64.const -1)))
        (i32.const 0)";
    let mut instance = instance_of(&new(), &strategy("", echo));
    instance.area()[area::INPUT..8].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(instance.call(Call::OnEvent), Ok(0));
    let seen = &instance.area()[area::OUTPUT..area::OUTPUT + 8];
    assert_eq!(seen, [254, 253, 252, 251, 250, 249, 248, 247]);
}

#[test]
fn the_same_input_gives_the_same_output_for_the_same_fuel() {
    // A sum that depends on every byte of the input, by whole numbers and by floating point.
    let sums = "(local $i i32) (local $n i64) (local $x f64)
        (loop $l
          (local.set $n (i64.rotl (i64.xor (local.get $n)
            (i64.load (i32.add (i32.const 1024) (local.get $i)))) (i64.const 7)))
          (local.set $x (f64.sqrt (f64.add (local.get $x) (f64.convert_i64_u (local.get $n)))))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 2500))))
        (i64.store (i32.const 3584) (local.get $n)) (f64.store (i32.const 3592) (local.get $x))
        (i32.const 0)";
    let module = strategy("", sums);
    let run = |instance: &mut Instance| {
        for (at, byte) in instance.area()[..area::INPUT_END].iter_mut().enumerate() {
            *byte = (at * 7) as u8;
        }
        assert_eq!(instance.call(Call::OnEvent), Ok(0));
        let output = instance.area()[area::OUTPUT..area::OUTPUT + 16].to_vec();
        (output, instance.fuel_used_last())
    };
    let mut first = instance_of(&new(), &module);
    let mut second = instance_of(&new(), &module);
    let (output, used) = run(&mut first);
    assert!(used > 1_000 && used < fuel::PER_CALL);
    assert_eq!(run(&mut first), (output.clone(), used));
    assert_eq!(run(&mut second), (output, used));
}

#[test]
fn what_is_no_number_has_one_form() {
    let nan = "(f64.store (i32.const 3584) (f64.div (f64.load (i32.const 1024)) (f64.load (i32.const 1024))))
        (f64.store (i32.const 3592) (f64.add (f64.load (i32.const 1032)) (f64.const 1)))
        (i32.const 0)";
    let mut instance = instance_of(&new(), &strategy("", nan));
    instance.area()[8..16].copy_from_slice(&0xfff0_dead_beef_0001_u64.to_le_bytes());
    assert_eq!(instance.call(Call::OnEvent), Ok(0));
    let canonical = f64::from_bits(0x7ff8_0000_0000_0000).to_le_bytes();
    assert_eq!(instance.area()[area::OUTPUT..area::OUTPUT + 8], canonical);
    assert_eq!(instance.area()[area::OUTPUT + 8..area::OUTPUT + 16], canonical);
}

#[test]
fn out_of_fuel_comes_at_the_same_place_each_time() {
    let counts = "(loop $l (i64.store (i32.const 3584)
        (i64.add (i64.load (i32.const 3584)) (i64.const 1))) (br $l)) (unreachable)";
    let module = strategy("", counts);
    let turns = |sandbox: &Sandbox| {
        let mut instance = instance_of(sandbox, &module);
        assert_eq!(instance.call(Call::OnEvent), Err(Trap::OutOfFuel));
        assert_eq!(instance.fuel_used_last(), fuel::PER_CALL);
        instance.area()[area::OUTPUT..area::OUTPUT + 8].to_vec()
    };
    assert_eq!(turns(&new()), turns(&new()));
}

#[test]
fn a_call_after_a_trap_has_its_fuel_again() {
    let once = "(if (i32.eqz (i32.load (i32.const 8))) (then
        (i32.store (i32.const 8) (i32.const 1)) (loop $l (br $l)))) (i32.const 0)";
    let mut instance = instance_of(&new(), &strategy("", once));
    assert_eq!(instance.call(Call::OnEvent), Err(Trap::OutOfFuel));
    assert_eq!(instance.call(Call::OnEvent), Ok(0));
}

#[test]
fn an_instance_may_go_to_another_thread_and_blueprints_are_shared() {
    const fn goes<T: Send>() {}
    const fn is_shared<T: Send + Sync + Clone>() {}
    goes::<Instance>();
    is_shared::<host::wasm::Blueprint>();
    is_shared::<Sandbox>();
}

#[test]
fn the_fingerprint_names_what_decides_results() {
    let text = fingerprint_text();
    for part in ["wasmtime 48.0.8", "nan canonical", "abi 1", "fuel ", "memory 1048576"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(fingerprint(), fingerprint());
}

#[test]
fn a_check_tells_what_it_saw() {
    let module = good();
    let checked = check(&module).expect("a good module");
    assert_eq!(checked.manifest.name, "good");
    assert_eq!((checked.bytes, checked.functions), (module.len(), 6));
    assert_eq!((checked.memory, checked.table), (65_536, 0));
    assert_eq!(checked.hash, *blake3::hash(&module).as_bytes());
}
