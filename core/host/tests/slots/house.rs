//! Slots, a supply, and puppets to put in them.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use abi::export::Answer;
use abi::intent::{self, Intent as AbiIntent, TimerSet};
use abi::{Call, Guest, Plain, Trap, area};
use host::{Left, Manifest, Plugins, Prepared, Retired, Standing, Supply};
use model::{
    AccountId, Amount, Body, Confidence, EntryKind, EntryPlan, Event, ExitPlan, FixedList,
    Happening, Intent, KillLevel, Mono, PluginFault, PluginReport, Price, PriceSource, Print, Qty,
    Scene, Side, Signal, Slot, Span, Strategies, SymbolId, Triggers, VenueTime, View, Wish, Wishes,
};

pub(super) const SYMBOL: SymbolId = SymbolId(17);
pub(super) const START: Mono = Mono::from_nanos(5_000_000_000);

/// What a puppet does in one call.
type Act = Box<dyn FnOnce(&mut [u8]) -> Result<i32, Trap> + Send>;

/// What is told to a puppet, and what it saw.
#[derive(Default)]
pub(super) struct Told {
    acts: Vec<(&'static str, VecDeque<Act>)>,
    pub(super) calls: Vec<&'static str>,
    /// Its area at each scene.
    pub(super) scenes: Vec<Vec<u8>>,
    /// The values at each setup.
    pub(super) setups: Vec<Vec<i64>>,
    /// Version and bytes at each restore.
    pub(super) restored: Vec<(u32, Vec<u8>)>,
}

/// The strings of a puppet, for whoever holds them.
#[derive(Clone, Default)]
pub(super) struct Strings(Arc<Mutex<Told>>);

impl Strings {
    pub(super) fn told<T>(&self, read: impl FnOnce(&mut Told) -> T) -> T {
        read(&mut self.0.lock().unwrap())
    }

    /// What it does when it is next called so, after all that it was told before.
    pub(super) fn act(
        &self,
        call: &'static str,
        act: impl FnOnce(&mut [u8]) -> Result<i32, Trap> + Send + 'static,
    ) {
        self.told(|told| {
            let at = told.acts.iter().position(|(of, _)| *of == call).unwrap_or_else(|| {
                told.acts.push((call, VecDeque::new()));
                told.acts.len() - 1
            });
            told.acts[at].1.push_back(Box::new(act));
        });
    }

    /// Gives back a number.
    pub(super) fn says(&self, call: &'static str, code: i32) {
        self.act(call, move |_| Ok(code));
    }

    pub(super) fn traps(&self, call: &'static str, trap: Trap) {
        self.act(call, move |_| Err(trap));
    }

    /// Wishes these at the next scene.
    pub(super) fn wishes(&self, wishes: &[AbiIntent]) {
        let wishes = wishes.to_vec();
        self.act("on_event", move |bytes| {
            for (at, wish) in wishes.iter().enumerate() {
                wish.put(&mut bytes[area::OUTPUT + at * AbiIntent::SIZE..]);
            }
            Ok(Answer { intents: wishes.len() as u8, ..Answer::default() }.pack())
        });
    }

    /// Sets timers at the next scene.
    pub(super) fn sets(&self, timers: &[TimerSet]) {
        let timers = timers.to_vec();
        self.act("on_event", move |bytes| {
            for (at, timer) in timers.iter().enumerate() {
                timer.put(&mut bytes[area::TIMER + at * TimerSet::SIZE..]);
            }
            Ok(Answer { timers: timers.len() as u8, ..Answer::default() }.pack())
        });
    }

    /// Writes a line at the next scene.
    pub(super) fn logs(&self, text: &[u8]) {
        let text = text.to_vec();
        self.act("on_event", move |bytes| {
            bytes[area::LOG..area::LOG + text.len()].copy_from_slice(&text);
            Ok(Answer { log: text.len() as u16, ..Answer::default() }.pack())
        });
    }

    /// Scenes that it was shown.
    pub(super) fn seen(&self) -> usize {
        self.told(|told| told.scenes.len())
    }

    /// Reads the last scene that it was shown.
    pub(super) fn last<T: Plain>(&self, at: usize) -> T {
        self.told(|told| T::get(&told.scenes.last().expect("a scene")[at..]))
    }
}

struct Puppet {
    strings: Strings,
    area: Vec<u8>,
    state: Vec<u8>,
}

impl fmt::Debug for Puppet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Puppet")
    }
}

impl Guest for Puppet {
    fn area(&mut self) -> &mut [u8] {
        &mut self.area
    }

    fn state(&mut self) -> &mut [u8] {
        &mut self.state
    }

    fn call(&mut self, call: Call) -> Result<i32, Trap> {
        let name = match call {
            Call::Setup => "setup",
            Call::OnEvent => "on_event",
            Call::Judge => "judge",
            Call::Save => "save",
            Call::Restore { .. } => "restore",
        };
        let act = self.strings.told(|told| {
            told.calls.push(name);
            match call {
                Call::OnEvent => told.scenes.push(self.area.clone()),
                Call::Setup => {
                    let setup = abi::setup::Setup::get(&self.area);
                    told.setups.push(setup.values[..setup.params as usize].to_vec());
                }
                Call::Restore { version, len } => {
                    told.restored.push((version, self.state[..len as usize].to_vec()));
                }
                Call::Judge | Call::Save => {}
            }
            let acts = told.acts.iter_mut().find(|(of, _)| *of == name);
            acts.and_then(|(_, acts)| acts.pop_front())
        });
        let bytes = if name == "save" { &mut self.state } else { &mut self.area };
        match (act, call) {
            (Some(act), _) => act(bytes),
            (None, Call::Save) => Ok(-1),
            (None, _) => Ok(0),
        }
    }

    fn memory_bytes(&self) -> usize {
        self.area.len()
    }
}

/// What was prepared and what came back.
#[derive(Clone, Debug, Default)]
struct Shelf(Arc<Mutex<(Vec<Prepared>, Vec<Retired>)>>);

impl Supply for Shelf {
    fn take(&mut self, slot: Slot, plugin: u128) -> Option<Prepared> {
        let ready = &mut self.0.lock().unwrap().0;
        let at = ready.iter().position(|one| one.slot == slot && one.plugin == plugin)?;
        Some(ready.remove(at))
    }

    fn give_back(&mut self, retired: Retired) {
        self.0.lock().unwrap().1.push(retired);
    }
}

/// Slots, their supply, and a clock.
pub(super) struct House {
    pub(super) plugins: Plugins,
    shelf: Shelf,
    pub(super) now: Mono,
}

impl House {
    pub(super) fn new() -> Self {
        let shelf = Shelf::default();
        Self { plugins: Plugins::new(standing(), Box::new(shelf.clone())), shelf, now: START }
    }

    /// A puppet in its slot, whose hash is its slot's number and one.
    pub(super) fn seat(&mut self, slot: u8, manifest: &str) -> Strings {
        let strings = Strings::default();
        self.plugins.seat(prepared(slot, u128::from(slot) + 1, manifest, &strings));
        strings
    }

    /// A puppet on the shelf.
    pub(super) fn prepare(&mut self, slot: u8, plugin: u128, manifest: &str) -> Strings {
        let strings = Strings::default();
        let prepared = prepared(slot, plugin, manifest, &strings);
        self.shelf.0.lock().unwrap().0.push(prepared);
        strings
    }

    pub(super) fn exchange(&mut self, slot: u8, plugin: u128) -> bool {
        self.plugins.exchange(self.now, Slot(slot), plugin)
    }

    /// Who came back, and why.
    pub(super) fn returned(&self) -> Vec<(u8, u128, Left)> {
        let given = &self.shelf.0.lock().unwrap().1;
        given.iter().map(|retired| (retired.slot.0, retired.plugin, retired.why)).collect()
    }

    /// How many of those who came back brought their instance.
    pub(super) fn instances_returned(&self) -> usize {
        self.shelf.0.lock().unwrap().1.iter().filter(|retired| retired.guest.is_some()).count()
    }

    pub(super) fn reports(&mut self) -> Vec<PluginReport> {
        std::iter::from_fn(|| self.plugins.take_report()).collect()
    }

    /// Shows a scene of the pair.
    pub(super) fn show(&mut self, happening: Happening<'_>, signals: &[Signal]) -> Vec<Wish> {
        self.show_view(happening, signals, &view())
    }

    pub(super) fn show_view(
        &mut self,
        happening: Happening<'_>,
        signals: &[Signal],
        view: &View<'_>,
    ) -> Vec<Wish> {
        let scene = Scene { now: self.now, symbol: SYMBOL, happening, signals, view };
        let mut wishes = Wishes::new();
        self.plugins.begin();
        self.plugins.on_scene(&scene, &mut wishes);
        wishes.iter().collect()
    }

    /// Shows a print.
    pub(super) fn print(&mut self) -> Vec<Wish> {
        self.show(Happening::Event(&print()), &[])
    }

    /// Lets time pass and shows the timers that have come, as the engine does.
    pub(super) fn pass(&mut self, span: Span) -> Vec<(u8, u8)> {
        self.now = self.now.after(span);
        let mut came = Vec::new();
        while let Some(due) = self.plugins.take_timer(self.now) {
            came.push((due.slot.0, due.timer));
            self.show(Happening::Timer(due), &[]);
        }
        came
    }
}

pub(super) fn prepared(slot: u8, plugin: u128, manifest: &str, strings: &Strings) -> Prepared {
    let manifest = Manifest::parse(manifest).unwrap_or_else(|error| panic!("{error}"));
    let bytes = manifest.state.map_or(0, |state| state.bytes as usize);
    let (area, state) = (vec![0; area::SIZE], vec![0; bytes]);
    let guest = Box::new(Puppet { strings: strings.clone(), area, state });
    let values: Vec<i64> = manifest.parameters.iter().map(|known| known.default).collect();
    Prepared::new(Slot(slot), plugin, &manifest, guest, &standing(), &values)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// A strategy's manifest with these events, and lines behind them.
pub(super) fn strategy(events: &str, rest: &str) -> String {
    manifest("strategy", "puppet", events, rest)
}

pub(super) fn rule(events: &str, rest: &str) -> String {
    manifest("risk_rule", "puppet", events, rest)
}

pub(super) fn manifest(kind: &str, name: &str, events: &str, rest: &str) -> String {
    format!(
        "abi = 1\nkind = \"{kind}\"\nname = \"{name}\"\nversion = \"1\"\nabout = \"A puppet.\"\n\
         events = [{events}]\n{rest}\n"
    )
}

pub(super) fn standing() -> Standing {
    Standing {
        accounts: 1,
        target: percent(50),
        execute: percent(70),
        size_min_bps: 5_000,
        size_max_bps: 10_000,
        entry: EntryPlan {
            triggers: Triggers { schedule: true, print: false, strategy: false },
            kind: EntryKind::ImmediateOrCancel,
            notional: Amount::from_units(100),
            reference: PriceSource::PreOpenAsk,
            operator_price: None,
            premium_bps: 500,
            early: Span::from_millis(50),
            late: Span::from_secs(2),
            orders_max: 10,
        },
        exit: ExitPlan {
            ladder: FixedList::new(),
            stop_loss_bps: 1_000,
            trailing_bps: 0,
            trailing_from_bps: 0,
            break_even_bps: 0,
            time_stop: Span::from_secs(60),
            keep_bps: 0,
            resting_share_bps: 0,
        },
    }
}

pub(super) fn percent(percent: u8) -> Confidence {
    Confidence::new(percent).expect("a percentage")
}

pub(super) fn view() -> View<'static> {
    View {
        venue_now: VenueTime::from_millis(1_790_000_000_000),
        bid: Price::from_raw(99),
        ask: Price::from_raw(101),
        decimals: Some((2, 4)),
        opens_at: VenueTime::NONE,
        kill: KillLevel::Active,
        targets: &[],
        positions: &[],
    }
}

pub(super) fn print() -> Event {
    let (price, qty) = (Price::from_raw(100).unwrap(), Qty::from_raw(7).unwrap());
    Event::of(AccountId::NONE, SYMBOL, Body::Print(Print { price, qty, taker: Side::Buy }))
}

/// A wish to enter a target.
pub(super) fn enter(target: u32) -> AbiIntent {
    AbiIntent { kind: intent::ENTER, target, ..AbiIntent::default() }
}

/// The same as the engine has it.
pub(super) fn enters(slot: u8, target: u32) -> Wish {
    Wish { slot: Slot(slot), intent: Intent::Enter { target: model::TargetId(target) } }
}

/// A wish that nothing is wrong with, for a test to break.
pub(super) fn propose() -> AbiIntent {
    let entry = intent::EntryPlan {
        notional: Amount::from_units(10).raw(),
        premium_bps: 100,
        orders_max: 3,
        triggers: intent::SCHEDULE,
        kind: intent::LIMIT,
        reference: intent::PRE_OPEN_ASK,
        ..intent::EntryPlan::default()
    };
    AbiIntent {
        kind: intent::PROPOSE,
        pattern: 1,
        confidence: 80,
        symbol: SYMBOL.0,
        entry,
        ..AbiIntent::default()
    }
}

pub(super) fn fault(slot: u8, fault: PluginFault, figure: i64) -> PluginReport {
    let (slot, plugin) = (Slot(slot), u128::from(slot) + 1);
    PluginReport::Fault { slot, plugin, candidate: false, fault, figure }
}

pub(super) fn timer(timer: u32, at: Mono) -> TimerSet {
    let at = if at == Mono::NEVER { abi::NEVER } else { at.nanos() as i64 };
    TimerSet { timer, symbol: SYMBOL.0, at }
}

pub(super) fn signal() -> Signal {
    Signal {
        symbol: SYMBOL,
        pattern: model::Pattern::ReadyState,
        confidence: percent(90),
        uncalibrated: false,
        opens_at: VenueTime::from_millis(1_790_000_005_000),
        evidence: FixedList::new(),
    }
}
