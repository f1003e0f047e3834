//! What plug-ins cost on the hot path, view copy and fuel refill included.
//!
//! A pass is one step: the scene is made bytes, copied into each guest that wants it, the guest is
//! called, and what it left is read and checked; `judge` asks the risk rules about one buy. Means
//! come from [`Bench`]; behind them stand single passes, each timed alone with a reading of the
//! clock, for their tails. `--worst` shows instead the dearest step, by the thread's processor time,
//! of sixteen slots of which one means harm. Run with `cargo bench -p benches --bench plugins`.
#![allow(clippy::print_stdout, reason = "a benchmark reports to its terminal")]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::slice::from_ref;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use benches::Bench;
use host::wasm::{Blueprint, Sandbox};
use host::{Manifest, Plugins, Prepared, Retired, Supply};
use model::{
    AccountId, Amount, Authority, Body, ClientOrderId, ClientOrderIdParts, Confidence, Event,
    FixedList, Happening, KillLevel, ListingBody, ListingFact, Mode, Mono, OrderKind, OrderLeg,
    Pattern, PermitId, Price, Print, Qty, Request, RiskRules, RuleQuestion, Scene, Side, Signal,
    Slot, Source, Strategies, SymbolId, TargetId, TargetState, Triple, VenueKey, VenueTime, View,
    ViewTarget, WhyNot, Wishes,
};
use plugins::{SHIPPED, Shipped};
use rustix::time::{ClockId, clock_gettime};
use settings::Settings;

#[path = "../tests/plugins/feed.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod feed;

const PASSES: usize = 500;
/// Passes that are timed one by one.
const SINGLE: usize = 200_000;
const SYMBOL: SymbolId = SymbolId(17);
const OPENS_AT: VenueTime = VenueTime::from_millis(1_790_000_060_000);

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let sandbox = Sandbox::new().expect("a sandbox");
    if args.iter().any(|arg| arg == "--worst") {
        host::wasm::touch_stack();
        return worst(&sandbox);
    }
    let mut bench = Bench::default();
    let mut singles = Vec::new();
    for (group, seats, work) in CASES {
        bench = bench.group(group);
        for (name, how) in [("sandboxed", How::Sandboxed), ("native", How::Native)] {
            let stage = Rc::new(RefCell::new(Stage::new(&sandbox, seats, how)));
            let single = Rc::clone(&stage);
            bench = bench.case(name, PASSES, move || work(&mut stage.borrow_mut()));
            singles.push((format!("{group}, {name}"), single, work));
        }
    }
    bench = exchange(bench, &sandbox);
    let timed = !args.iter().any(|arg| arg == "--passes" || arg == "--instructions");
    bench.main();
    if timed {
        println!("\n{:<50}{:>10}{:>10}{:>10}", "one by one", "p50 ns", "p99 ns", "p99.9 ns");
        tails("the clock alone", || ());
        for (name, stage, work) in singles {
            tails(&name, || work(&mut stage.borrow_mut()));
        }
        memory(&sandbox);
    }
}

/// What is in the slots, and one pass.
type Case = (&'static str, &'static [&'static str], fn(&mut Stage));

const SHIPPED_PAIR: &[&str] = &["listing_sniper", "exposure_cap"];
const SIXTEEN: &[&str] = &[
    "listing_sniper",
    "momentum",
    "hello",
    "exposure_cap",
    "loss_streak",
    "listing_sniper",
    "momentum",
    "hello",
    "exposure_cap",
    "loss_streak",
    "listing_sniper",
    "momentum",
    "hello",
    "exposure_cap",
    "loss_streak",
    "momentum",
];

const CASES: [Case; 8] = [
    ("sniper + cap: known listing and judge", SHIPPED_PAIR, |stage| {
        stage.listing(true);
        stage.judge();
    }),
    ("sniper + cap: proposal and judge", SHIPPED_PAIR, |stage| {
        stage.listing(false);
        stage.judge();
    }),
    ("sniper + cap: known listing", SHIPPED_PAIR, |stage| stage.listing(true)),
    ("sniper + cap: judge", SHIPPED_PAIR, Stage::judge),
    ("sniper + cap: print nobody wants", SHIPPED_PAIR, Stage::print),
    ("16 slots: print, four want it", SIXTEEN, Stage::print),
    ("16 slots: known listing, all but rules", SIXTEEN, |stage| stage.listing(true)),
    ("16 slots: known listing and judge", SIXTEEN, |stage| {
        stage.listing(true);
        stage.judge();
    }),
];

#[derive(Clone, Copy)]
enum How {
    Sandboxed,
    Native,
}

/// Slots with plug-ins in them, and what is shown to them.
struct Stage {
    plugins: Plugins,
    wishes: Wishes,
    now: Mono,
    listing: Event,
    print: Event,
    signal: Signal,
    target: ViewTarget,
    request: Request,
}

impl Stage {
    fn new(sandbox: &Sandbox, seats: &[&str], how: How) -> Self {
        let mut plugins = Plugins::new(standing(), Box::new(()));
        for (slot, name) in seats.iter().enumerate() {
            plugins.seat(prepared(sandbox, name, slot as u8, slot as u128 + 1, how));
        }
        let opens_at = OPENS_AT;
        let body = ListingBody::Listed {
            triple: Triple { sts: 2, st: 2, tt: 4 },
            price_scale: 4,
            qty_scale: 2,
            opens_at,
        };
        let fact = ListingFact { source: Source::WebList, coin: VenueKey(9), body };
        let print = Print { price: price(1_000), qty: qty(50), taker: Side::Buy };
        let none = AccountId::NONE;
        let confidence = Confidence::new(95).expect("a percentage");
        Self {
            plugins,
            wishes: Wishes::new(),
            now: Mono::from_nanos(1_000_000_000),
            listing: Event::of(none, SYMBOL, Body::Listing(fact)),
            print: Event::of(none, SYMBOL, Body::Print(print)),
            signal: Signal {
                symbol: SYMBOL,
                pattern: Pattern::ReadyState,
                confidence,
                uncalibrated: true,
                opens_at,
                evidence: FixedList::new(),
            },
            target: ViewTarget {
                id: TargetId(4),
                slot: Slot(0),
                account: AccountId(0),
                symbol: SYMBOL,
                state: TargetState::Armed,
                why: WhyNot::None,
                pattern: Pattern::ReadyState,
                confidence,
                permit: 3,
                opens_at,
            },
            request: request(),
        }
    }

    fn listing(&mut self, known: bool) {
        let targets = if known { from_ref(&self.target) } else { &[] };
        let (event, signals) = (&self.listing, from_ref(&self.signal));
        show(&mut self.plugins, &mut self.wishes, self.now, event, signals, targets);
        assert_eq!(known, self.wishes.is_empty());
    }

    fn print(&mut self) {
        show(&mut self.plugins, &mut self.wishes, self.now, &self.print, &[], &[]);
    }

    fn judge(&mut self) {
        self.plugins.begin();
        let verdict = self.plugins.judge(black_box(&RuleQuestion {
            now: self.now,
            request: &self.request,
            decimals: (4, 2),
            step: qty(5),
            notional: Amount::from_units(10),
            bid: Some(price(999)),
            ask: Some(price(1_001)),
            depth: Some(qty(500_000)),
            held: Qty::ZERO,
            symbol_notional: Amount::from_units(20),
            quote_notional: Amount::from_units(30),
            total_notional: Amount::from_units(40),
            bought_today: Amount::from_units(50),
            permit_max: Amount::from_units(100),
            permit_used: Amount::ZERO,
            orders_live: 2,
            orders_live_symbol: 1,
            opened: true,
            listing: true,
        }));
        assert_eq!(verdict, model::RuleVerdict::Allow);
    }
}

fn show(
    plugins: &mut Plugins,
    wishes: &mut Wishes,
    now: Mono,
    event: &Event,
    signals: &[Signal],
    targets: &[ViewTarget],
) {
    let view = View {
        venue_now: VenueTime::from_millis(1_790_000_000_000),
        bid: Some(price(999)),
        ask: Some(price(1_001)),
        decimals: Some((4, 2)),
        opens_at: OPENS_AT,
        kill: KillLevel::Active,
        targets,
        positions: &[],
    };
    let scene =
        Scene { now, symbol: SYMBOL, happening: Happening::Event(event), signals, view: &view };
    wishes.clear();
    plugins.begin();
    plugins.on_scene(black_box(&scene), wishes);
    while plugins.take_report().is_some() {}
}

fn request() -> Request {
    let permit = PermitId(3);
    let id = ClientOrderIdParts {
        mode: Mode::Demo,
        instance: 1,
        epoch: 1,
        permit,
        leg: OrderLeg::ENTRY,
        attempt: 0,
    };
    Request {
        account: AccountId(0),
        symbol: SYMBOL,
        side: Side::Buy,
        kind: OrderKind::ImmediateOrCancel,
        price: price(1_001),
        qty: qty(10_000),
        authority: Authority::Permit(permit),
        client_order_id: ClientOrderId::new(id),
        timestamp: VenueTime::from_millis(1_790_000_000_000),
        recv_window_ms: 1_000,
    }
}

fn standing() -> host::Standing {
    Settings::demo(&[]).expect("the shipped configuration is sound").standing()
}

fn price(raw: i64) -> Price {
    Price::from_raw(raw).expect("positive")
}

fn qty(raw: i64) -> Qty {
    Qty::from_raw(raw).expect("not negative")
}

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn blueprint(sandbox: &Sandbox, path: &Path) -> Blueprint {
    let bytes = std::fs::read(path).expect("a file of this repository");
    let module = wat::parse_bytes(&bytes).expect("a module");
    Blueprint::compile_here(sandbox, &module).expect("nothing that a check could see")
}

fn shipped(sandbox: &Sandbox, name: &str) -> Blueprint {
    blueprint(sandbox, &file(&format!("strategies/{name}/{name}.wasm")))
}

fn prepared(sandbox: &Sandbox, name: &str, slot: u8, plugin: u128, how: How) -> Prepared {
    let linked = Shipped::find(name).expect("shipped");
    let manifest = linked.manifest();
    let guest = match how {
        How::Native => linked.native(),
        How::Sandboxed => Box::new(shipped(sandbox, name).instance().expect("a place")),
    };
    set_up(&manifest, guest, slot, plugin)
}

fn set_up(manifest: &Manifest, guest: Box<dyn abi::Guest>, slot: u8, plugin: u128) -> Prepared {
    let values: Vec<i64> = manifest.parameters.iter().map(|known| known.default).collect();
    Prepared::new(Slot(slot), plugin, manifest, guest, &standing(), &values)
        .expect("it runs with its defaults")
}

/// What is ready and what came back.
#[derive(Clone, Debug, Default)]
struct Shelf(Arc<Mutex<Ends>>);

type Ends = (VecDeque<Prepared>, Vec<Retired>);

impl Supply for Shelf {
    fn take(&mut self, _: Slot, _: u128) -> Option<Prepared> {
        self.0.lock().expect("one thread").0.pop_front()
    }

    fn give_back(&mut self, retired: Retired) {
        self.0.lock().expect("one thread").1.push(retired);
    }
}

/// The hot part of an exchange: parameters, state and pointers.
fn exchange<'a>(mut bench: Bench<'a>, sandbox: &Sandbox) -> Bench<'a> {
    bench = bench.group("exchange of a slot, hot part");
    for (case, name) in [("no state", "listing_sniper"), ("256 bytes of state", "momentum")] {
        let shelf = Shelf::default();
        let mut plugins = Plugins::new(standing(), Box::new(shelf.clone()));
        plugins.seat(prepared(sandbox, name, 0, 1, How::Sandboxed));
        let (module, manifest) =
            (shipped(sandbox, name), Shipped::find(name).map(Shipped::manifest));
        let manifest = manifest.expect("shipped");
        let ready = shelf.clone();
        let prepare = move |_: &mut Plugins| {
            let guest = Box::new(module.instance().expect("a place"));
            let next = set_up(&manifest, guest, 0, 1);
            let mut shelf = ready.0.lock().expect("one thread");
            shelf.1.clear();
            shelf.0.push_back(next);
        };
        bench = bench.prepared(case, plugins, prepare, |plugins| {
            plugins.begin();
            assert!(plugins.exchange(Mono::from_nanos(1), Slot(0), 1));
        });
    }
    bench
}

/// Passes timed one by one.
fn tails(name: &str, mut work: impl FnMut()) {
    let mut samples: Vec<u32> = (0..SINGLE)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_nanos() as u32
        })
        .collect();
    samples.sort_unstable();
    let at = |share: f64| samples[((SINGLE - 1) as f64 * share) as usize];
    println!("  {name:<48}{:>10}{:>10}{:>10}", at(0.5), at(0.99), at(0.999));
}

fn memory(sandbox: &Sandbox) {
    println!("\n{:<34}{:>14}{:>14}", "memory of an instance", "bytes", "code, shared");
    for one in &SHIPPED {
        let module = shipped(sandbox, one.name);
        let instance = module.instance().expect("a place");
        let bytes = abi::Guest::memory_bytes(&instance);
        println!("  {:<32}{bytes:>14}{:>14}", one.name, module.code_bytes());
    }
}

/// Steps beside each hostile module, and how often it is put there.
const STEPS: usize = 2_000;
const TURNS: usize = 9;
/// Where it runs.
const HOSTILE: u8 = 7;

/// Steps of sixteen slots with one hostile module among them, by processor time.
fn worst(sandbox: &Sandbox) {
    println!(
        "{:<34}{:>12}{:>12}{:>12}{:>12}",
        "processor time of a step, ns", "p50", "p99.9", "harm p50", "harm max"
    );
    let modules: Vec<Blueprint> = SHIPPED.iter().map(|one| shipped(sandbox, one.name)).collect();
    let mut paths: Vec<PathBuf> = file("core/host/tests/wat/hostile")
        .read_dir()
        .expect("the folder")
        .map(|entry| entry.expect("a file").path())
        .collect();
    paths.sort();
    let mut feed = feed::Feed::new(99);
    let steps: Vec<_> = (0..STEPS).map(|_| (feed.next(), feed.buy())).collect();
    report("nobody", &modules, None, &steps);
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("text");
        let first = text.lines().next().unwrap_or_default();
        if first.starts_with(";; on_event: ") || first.starts_with(";; judge: ") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            report(&name, &modules, Some(&blueprint(sandbox, &path)), &steps);
        }
    }
}

fn report(
    name: &str,
    modules: &[Blueprint],
    hostile: Option<&Blueprint>,
    steps: &[(feed::Moment, feed::Buy)],
) {
    let (mut times, mut harms) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let harm = turn(modules, hostile, steps, &mut times);
        harms.extend(harm);
    }
    let at = |values: &mut Vec<u64>, share: f64| {
        values.sort_unstable();
        let at = values.len().saturating_sub(1) as f64 * share;
        values.get(at as usize).copied().unwrap_or_default()
    };
    println!(
        "  {name:<32}{:>12}{:>12}{:>12}{:>12}",
        at(&mut times, 0.5),
        at(&mut times, 0.999),
        at(&mut harms, 0.5),
        at(&mut harms, 1.0)
    );
}

/// Shows all steps; gives the time of the one in which harm was done.
fn turn(
    modules: &[Blueprint],
    hostile: Option<&Blueprint>,
    steps: &[(feed::Moment, feed::Buy)],
    times: &mut Vec<u64>,
) -> Option<u64> {
    // What leaves a slot is dropped elsewhere.
    let shelf = Shelf::default();
    let mut plugins = Plugins::new(standing(), Box::new(shelf.clone()));
    let free = (0..16).filter(|slot| *slot != HOSTILE);
    for (slot, module) in free.zip(modules.iter().cycle()) {
        let guest = Box::new(module.instance().expect("a place"));
        plugins.seat(set_up(module.manifest(), guest, slot, u128::from(slot) + 1));
    }
    let (mut wishes, mut harm) = (Wishes::new(), None);
    // It comes when the others are warm.
    for (at, (moment, buy)) in steps.iter().enumerate() {
        if let Some(module) = hostile.filter(|_| at == steps.len() / 2) {
            let guest = Box::new(module.instance().expect("a place"));
            plugins.seat(set_up(module.manifest(), guest, HOSTILE, 666));
        }
        wishes.clear();
        let began = cpu_ns();
        moment.show_into(&mut plugins, &mut wishes);
        buy.judge(&mut plugins);
        let mut harmed = false;
        while let Some(report) = plugins.take_report() {
            harmed |= matches!(report, model::PluginReport::Fault { .. });
        }
        let spent = cpu_ns() - began;
        if harmed {
            harm = Some(spent);
        } else if at > steps.len() / 4 {
            times.push(spent);
        }
    }
    harm
}

fn cpu_ns() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}
