//! A thousand exchanges, twenty a second, under a feed of 10,000 events a second: what they do to
//! the loop's tails, and that no event is lost or doubled.
//!
//! One thread makes instances and sends them through a channel, one shows a recorded feed at its
//! rate, as the loop of a run does: it takes what is ready between two steps. Blocks with and without
//! exchanges alternate. Run with `cargo bench -p benches --bench swaps`; `--seconds N` is the length
//! of a block, `--blocks N` how many of each kind, `--swaps N` how many exchanges a second.
#![allow(clippy::print_stdout, reason = "a benchmark reports to its terminal")]

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use host::wasm::{Blueprint, Sandbox};
use host::{Plugins, Prepared, Retired, Standing, Supply};
use model::{Slot, Strategies, Wishes};
use plugins::SHIPPED;
use rustix::time::{ClockId, clock_gettime};
use settings::Settings;

#[path = "../tests/plugins/feed.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod feed;

/// Events a second.
const RATE: u64 = 10_000;
/// Exchanges a second when the command line names no other number.
const SWAPS: u64 = 20;
/// Where the exchanged one runs; it counts its scenes in its state.
const COUNTS: u8 = 7;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let number = |flag: &str, otherwise: u64| {
        let at = args.iter().position(|arg| arg == flag);
        at.and_then(|at| args.get(at + 1)?.parse().ok()).unwrap_or(otherwise)
    };
    let (seconds, blocks) = (number("--seconds", 10), number("--blocks", 5) as usize);
    let swaps_each = number("--swaps", SWAPS).clamp(1, RATE);
    let sandbox = Sandbox::new().expect("a sandbox");
    let mut feed = feed::Feed::new(4);
    let moments: Vec<_> = (0..RATE * 2).map(|_| feed.next()).collect();
    let counter = module(&sandbox, "core/host/tests/wat/good.wat");
    let mut hall = Hall::new(&sandbox, &counter);
    println!(
        "{RATE} events a second, {swaps_each} exchanges a second in every other block of {seconds} s; \
         16 slots; ns of wall and of processor time for one step, exchange included"
    );
    println!(
        "{:<8}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "block", "events", "swaps", "p50", "p99", "p99.9", "max", "cpu p99", "cpu p99.9"
    );
    hall.block(&moments, 2, 0);
    let mut with = Vec::new();
    let mut without = Vec::new();
    for _ in 0..blocks {
        for (swaps, all) in [(0, &mut without), (swaps_each, &mut with)] {
            let block = hall.block(&moments, seconds, swaps);
            block.print(if swaps > 0 { "with" } else { "without" });
            all.push(block);
        }
    }
    for (name, of) in [("p99", 0), ("p99.9", 1), ("cpu p99", 2), ("cpu p99.9", 3)] {
        let median = |blocks: &[Block]| median(blocks.iter().map(|block| block.at[of]).collect());
        let (with_all, without_all) = (median(&with), median(&without));
        let more = (with_all as f64 / without_all as f64 - 1.0) * 100.0;
        let pairs = with
            .iter()
            .zip(&without)
            .map(|(with, without)| (with.at[of] as f64 / without.at[of] as f64 - 1.0) * 100.0);
        let mut pairs: Vec<f64> = pairs.collect();
        pairs.sort_unstable_by(f64::total_cmp);
        let pair = pairs[pairs.len() / 2];
        println!(
            "median {name}: {with_all} ns with, {without_all} ns without, {more:+.1} %; of the \
             blocks beside each other {pair:+.1} %"
        );
    }
    let waits = std::mem::take(&mut hall.exchanges);
    let at = |share: f64| quantile(&waits, share);
    println!("an exchange alone: p50 {} ns, p99 {} ns, max {} ns", at(0.5), at(0.99), at(1.0));
    hall.settle();
}

/// Sixteen slots, the thread that makes instances, and the books of both.
struct Hall {
    plugins: Plugins,
    lane: Lane,
    next: Receiver<Prepared>,
    maker: thread::JoinHandle<u64>,
    /// Scenes that the exchanged one must have counted, and exchanges.
    due: u64,
    swaps: u64,
    exchanges: Vec<u64>,
}

struct Block {
    events: u64,
    swaps: u64,
    p50: u64,
    max: u64,
    /// p99 and p99.9 of wall time, then of processor time.
    at: [u64; 4],
}

impl Block {
    fn print(&self, name: &str) {
        let [p99, p999, cpu99, cpu999] = self.at;
        println!(
            "{name:<8}{:>10}{:>10}{:>10}{p99:>10}{p999:>10}{:>10}{cpu99:>10}{cpu999:>10}",
            self.events, self.swaps, self.p50, self.max
        );
    }
}

impl Hall {
    fn new(sandbox: &Sandbox, counter: &Blueprint) -> Self {
        let (ready, next) = sync_channel(4);
        let (gone, back) = sync_channel(64);
        let lane = Lane(Arc::new(Mutex::new((None, gone))));
        let mut plugins = Plugins::new(standing(), Box::new(lane.clone()));
        let modules: Vec<Blueprint> = SHIPPED
            .iter()
            .map(|one| module(sandbox, &format!("strategies/{0}/{0}.wasm", one.name)))
            .collect();
        let free = (0..16).filter(|slot| *slot != COUNTS);
        for (slot, module) in free.zip(modules.iter().cycle()) {
            plugins.seat(prepared(module, slot, u128::from(slot) + 1));
        }
        plugins.seat(prepared(counter, COUNTS, 1));
        let counter = counter.clone();
        let maker = thread::spawn(move || make(&counter, &ready, &back));
        Self { plugins, lane, next, maker, due: 0, swaps: 0, exchanges: Vec::new() }
    }

    /// Shows the feed at its rate for so long, with so many exchanges a second.
    fn block(&mut self, moments: &[feed::Moment], seconds: u64, swaps: u64) -> Block {
        let (mut wishes, events) = (Wishes::new(), seconds * RATE);
        let mut wall = Vec::with_capacity(events as usize);
        let mut cpu = Vec::with_capacity(events as usize);
        let began = Instant::now();
        let swaps_before = self.swaps;
        for turn in 0..events {
            let due = Duration::from_nanos(turn * 1_000_000_000 / RATE);
            while began.elapsed() < due {
                std::hint::spin_loop();
            }
            let moment = &moments[(turn % moments.len() as u64) as usize];
            wishes.clear();
            let (start, cpu_start) = (Instant::now(), cpu_ns());
            if swaps > 0 && turn % (RATE / swaps) == 0 {
                self.exchange(moment);
            }
            moment.show_into(&mut self.plugins, &mut wishes);
            while self.plugins.take_report().is_some() {}
            cpu.push(cpu_ns() - cpu_start);
            wall.push(start.elapsed().as_nanos() as u64);
            self.due += u64::from(moment.has_signals() || moment.is_look());
        }
        let at = [
            quantile(&wall, 0.99),
            quantile(&wall, 0.999),
            quantile(&cpu, 0.99),
            quantile(&cpu, 0.999),
        ];
        let swaps = self.swaps - swaps_before;
        Block { events, swaps, p50: quantile(&wall, 0.5), max: quantile(&wall, 1.0), at }
    }

    fn exchange(&mut self, moment: &feed::Moment) {
        let start = Instant::now();
        let Ok(next) = self.next.try_recv() else { return };
        let plugin = next.plugin;
        self.lane.0.lock().expect("the loop's alone").0 = Some(next);
        self.plugins.begin();
        assert!(self.plugins.exchange(moment.now, Slot(COUNTS), plugin));
        self.exchanges.push(start.elapsed().as_nanos() as u64);
        self.swaps += 1;
    }

    /// Whether the exchanged one counted every scene once.
    fn settle(mut self) {
        let (gone, stopped) = sync_channel(1);
        self.lane.0.lock().expect("the loop's alone").1 = gone;
        self.plugins.stop(Slot(COUNTS));
        let mut guest = stopped.recv().expect("it comes back").guest.expect("its instance");
        assert_eq!(guest.call(abi::Call::Save), Ok(8));
        let counted = u64::from_le_bytes(guest.state().try_into().expect("eight bytes"));
        let lost = self.due as i64 - counted as i64;
        println!(
            "{} exchanges; {} scenes were due to the exchanged plug-in, {counted} counted: {lost} \
             lost or doubled",
            self.swaps, self.due
        );
        assert_eq!(lost, 0);
        drop(self.next);
        let made = self.maker.join().expect("the maker");
        println!("{made} instances made and dropped beside the loop");
    }
}

/// Makes instances and drops those that come back, until nobody listens.
fn make(counter: &Blueprint, to: &SyncSender<Prepared>, gone: &Receiver<Retired>) -> u64 {
    let mut made = 0;
    loop {
        let mut next = prepared(counter, COUNTS, u128::from(made) + 1_000);
        made += 1;
        loop {
            gone.try_iter().for_each(drop);
            next = match to.try_send(next) {
                Ok(()) => break,
                Err(TrySendError::Full(next)) => next,
                Err(TrySendError::Disconnected(_)) => return made,
            };
            // It asks now and then, so that the loop never has to wake it.
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// What is to be taken next, and the way back to the maker. The lock is the loop's alone.
#[derive(Clone, Debug)]
struct Lane(Arc<Mutex<Ends>>);

type Ends = (Option<Prepared>, SyncSender<Retired>);

impl Supply for Lane {
    fn take(&mut self, _: Slot, _: u128) -> Option<Prepared> {
        self.0.lock().expect("the loop's alone").0.take()
    }

    fn give_back(&mut self, retired: Retired) {
        self.0.lock().expect("the loop's alone").1.send(retired).expect("the maker listens");
    }
}

fn standing() -> Standing {
    Settings::demo(&[]).expect("the shipped configuration is sound").standing()
}

fn module(sandbox: &Sandbox, path: &str) -> Blueprint {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let bytes = std::fs::read(path).expect("a file of this repository");
    let module = wat::parse_bytes(&bytes).expect("a module");
    Blueprint::compile_here(sandbox, &module).expect("nothing that a check could see")
}

fn prepared(module: &Blueprint, slot: u8, plugin: u128) -> Prepared {
    let (guest, manifest) = (Box::new(module.instance().expect("a place")), module.manifest());
    let values: Vec<i64> = manifest.parameters.iter().map(|known| known.default).collect();
    Prepared::new(Slot(slot), plugin, manifest, guest, &standing(), &values)
        .expect("it runs with its defaults")
}

fn quantile(values: &[u64], share: f64) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let at = (sorted.len().saturating_sub(1)) as f64 * share;
    sorted.get(at as usize).copied().unwrap_or_default()
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

fn cpu_ns() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}
