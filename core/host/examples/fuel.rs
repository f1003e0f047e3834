//! Times what a budget of fuel buys: nanoseconds of CPU time for a unit, over mixes of
//! instructions that are slow for their kind. `cargo run --release -p host --example fuel`
#![expect(clippy::print_stdout, reason = "it is a tool that prints a table")]

use abi::{Call, Guest, Trap, area};
use host::wasm::{Blueprint, Sandbox, fuel};
use rustix::time::{ClockId, clock_gettime};

#[path = "fuel/mixes.rs"]
mod mixes;

use mixes::Mix;

/// Calls that are timed for each mix.
const CALLS: usize = 400;
/// More than the caches of this kind of machine hold for one core.
const FLUSH_BYTES: usize = 64 << 20;

fn main() {
    let only = std::env::args().nth(1).unwrap_or_default();
    let sandbox = Sandbox::new().expect("a sandbox");
    let mut flush = vec![1_u8; FLUSH_BYTES];
    println!(
        "{:<34} {:>8} {:>10} {:>10} {:>10} {:>8}",
        "mix", "ns/unit", "p50 ns", "p99 ns", "max ns", "end"
    );
    let mut worst: (f64, &str) = (0.0, "");
    let mixes = mixes::all();
    for mix in mixes.iter().filter(|mix| mix.name.contains(&only)) {
        let times = time(&sandbox, mix, &mut flush);
        let (p50, p99, max) = (at(&times.ns, 50), at(&times.ns, 99), at(&times.ns, 100));
        let per_unit = p50 as f64 / times.units.max(1) as f64;
        println!(
            "{:<34} {per_unit:>8.4} {p50:>10} {p99:>10} {max:>10} {:>8}",
            mix.name,
            times.end.map_or("came back", Trap::name)
        );
        if p50 as f64 > worst.0 {
            worst = (p50 as f64, mix.name);
        }
    }
    for (name, bytes) in [("an empty call", 0), ("a call, 600 B in, 208 B out", 600)] {
        println!("{name}: {:.1} ns", call_ns(&sandbox, bytes));
    }
    println!("budget {} units; worst {} at {:.0} ns a call", fuel::PER_CALL, worst.1, worst.0);
}

/// Nanoseconds for a call of a guest that reads a word and writes one.
fn call_ns(sandbox: &Sandbox, bytes: usize) -> f64 {
    const BATCH: u32 = 20_000;
    let module = wat::parse_str(mixes::modest()).expect("good text");
    let blueprint = Blueprint::compile_here(sandbox, &module).expect("a good module");
    let mut instance = blueprint.instance().expect("an instance");
    let input = vec![7; bytes];
    let mut sum = 0_u64;
    let mut batches: Vec<u64> = (0..101)
        .map(|_| {
            let began = cpu_ns();
            for _ in 0..BATCH {
                instance.area()[..bytes].copy_from_slice(&input);
                sum += u64::from(instance.call(Call::OnEvent).is_ok());
                if bytes > 0 {
                    let output = &instance.area()[area::OUTPUT..area::OUTPUT + 208];
                    sum += u64::from(std::hint::black_box(output)[0]);
                }
            }
            cpu_ns() - began
        })
        .collect();
    batches.sort_unstable();
    std::hint::black_box(sum);
    batches[50] as f64 / f64::from(BATCH)
}

struct Times {
    ns: Vec<u64>,
    units: u64,
    end: Option<Trap>,
}

fn time(sandbox: &Sandbox, mix: &Mix, flush: &mut [u8]) -> Times {
    let module = wat::parse_str(&mix.text).unwrap_or_else(|error| panic!("{}: {error}", mix.name));
    let blueprint = Blueprint::compile_here(sandbox, &module)
        .unwrap_or_else(|error| panic!("{}: {error}", mix.name));
    let mut instance = blueprint.instance().expect("an instance");
    let mut times = Times { ns: Vec::with_capacity(CALLS), units: 0, end: None };
    instance.call(Call::Setup).expect("a good setup");
    for _ in 0..CALLS {
        if mix.fresh {
            instance = blueprint.instance().expect("an instance");
        }
        if mix.cold {
            sweep(flush);
        }
        let began = cpu_ns();
        times.end = instance.call(Call::OnEvent).err();
        times.ns.push(cpu_ns() - began);
        times.units = instance.fuel_used_last();
    }
    times.ns.sort_unstable();
    times
}

/// Puts something else in the caches.
fn sweep(bytes: &mut [u8]) {
    for at in (0..bytes.len()).step_by(64) {
        bytes[at] = std::hint::black_box(bytes[at].wrapping_add(1));
    }
}

fn at(sorted: &[u64], percent: usize) -> u64 {
    sorted[(sorted.len() - 1) * percent / 100]
}

fn cpu_ns() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}
