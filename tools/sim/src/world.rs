//! One run: trader, network, exchange, journal, on a clock that jumps to the next thing to do.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use exchange::{ConfigError, Exchange};
use host::Plugins;
use journal::{
    Consumer, HostDisk, Kind, Observer, Producer, RecordView, SyncPolicy, Trouble, Writer,
    WriterError, WriterSettings,
};
use model::{Body, Event, KillLevel, Mono, Span, VenueTime};
use runtime::{
    Carried, KillFlag, LinkRole, Machine, Trader, TraderConfig, TraderCounts, TraderError,
};
use settings::{Identity, Settings};
use venue::sign::Credentials;

use crate::crash::{Crash, Memory};
use crate::ending::Endings;
use crate::network::Network;
use crate::oracle::{Oracle, Violation};
use crate::pages::Pages;
use crate::random::Random;
use crate::storm::Storm;
use crate::watch::{Unwatched, Watch, Watched};

/// What a run is made from.
#[derive(Clone, Debug)]
pub struct WorldConfig {
    /// Everything random follows from it.
    pub seed: u64,
    /// Openings.
    pub listings: usize,
    /// What goes wrong.
    pub storm: Storm,
    /// The trader's settings.
    pub settings: Settings,
    /// Key and secret of each account, in their order.
    pub keys: Vec<(String, String)>,
    /// The exchange, when it is not the demo's; a storm with faults has its own in their place.
    pub exchange: Option<exchange::Config>,
}

/// Why a run could not begin.
#[derive(Debug)]
pub enum WorldError {
    /// The exchange's configuration.
    Exchange(ConfigError),
    /// The plug-ins that the settings name.
    Plugins(String),
    /// The trader's settings.
    Settings(settings::LoadError),
    /// The trader's.
    Trader(TraderError),
    /// A key cannot be used.
    Key(venue::sign::KeyError),
    /// The journal.
    Journal(WriterError),
    /// Memory for the ring.
    Ring(std::io::Error),
}

impl std::fmt::Display for WorldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exchange(error) => write!(f, "exchange: {error}"),
            Self::Plugins(error) => write!(f, "plug-ins: {error}"),
            Self::Settings(error) => write!(f, "settings: {error}"),
            Self::Trader(error) => write!(f, "trader: {error}"),
            Self::Key(error) => write!(f, "key: {error:?}"),
            Self::Journal(error) => write!(f, "journal: {error}"),
            Self::Ring(error) => write!(f, "ring: {error}"),
        }
    }
}

impl std::error::Error for WorldError {}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Events that the trader acted on.
    pub events: u64,
    /// Orders and cancels that it sent.
    pub requests: u64,
    /// Simulated time.
    pub lasted: Span,
    /// Whether every target came to its end, with nothing held and nothing unknown.
    pub settled: bool,
    /// What the oracle found; the run ends at the first.
    pub violation: Option<Violation>,
}

/// Where the journal goes.
#[derive(Debug)]
pub enum Sink {
    /// To segments in a folder.
    Disk(Box<Writer<HostDisk>>),
    /// Nowhere: only its order is kept, for durability under the virtual clock.
    Nowhere {
        /// Records taken and when they count as durable.
        pending: Vec<(Mono, u64)>,
        /// The last number that counts as durable.
        durable: u64,
    },
}

/// How long an fsync takes under the virtual clock.
const SYNC_TAKES: Span = Span::from_millis(5);
/// The ring of a simulation; drained after every step.
pub(crate) const RING_BYTES: usize = 4 << 20;
/// Our clock at the start: not zero, so that "never" and "at the start" differ.
pub const MONO_START: Mono = Mono::from_nanos(1_000_000_000);
/// Faults stop this long before the end at the latest, so that liveness can be judged.
const HEAL_AT: Span = Span::from_secs(60);
/// Steps without progress after which somebody's timer must be stuck in the past.
const SPINS_MAX: u32 = 10_000;
/// A run that has not settled by then never will.
const GIVE_UP_AT: Span = Span::from_secs(300);

/// What the processes did that died.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DeadCounts {
    events: u64,
    requests: u64,
}

impl DeadCounts {
    pub(crate) fn add(&mut self, counts: TraderCounts) {
        self.events += counts.events;
        self.requests += counts.requests;
    }

    fn with(mut self, counts: TraderCounts) -> Self {
        self.add(counts);
        self
    }
}

/// One run.
pub struct World {
    /// The trader.
    pub trader: Trader<Plugins>,
    /// The exchange.
    pub exchange: Exchange,
    pub(crate) config: WorldConfig,
    pub(crate) network: Network,
    pub(crate) pages: Pages,
    pub(crate) consumer: Consumer,
    pub(crate) sink: Sink,
    pub(crate) durable: Arc<AtomicU64>,
    pub(crate) kill: KillFlag,
    pub(crate) oracle: Oracle,
    /// What the next start would find, where the journal goes nowhere.
    pub(crate) memory: Option<Memory>,
    /// Deaths to come.
    pub(crate) crashes: VecDeque<Crash>,
    /// Counts of the processes that died.
    pub(crate) dead_counts: DeadCounts,
    pub(crate) now: Mono,
    venue_start: VenueTime,
    steps: u64,
    /// Steps in a row that only moved the clock by its smallest step.
    spins: u32,
    /// Whether the storm has passed.
    healed: bool,
    watch: Box<dyn Watch>,
    roles: Vec<LinkRole>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("now", &self.now).field("steps", &self.steps).finish()
    }
}

impl World {
    /// Who a virtual run is: everything follows from the seed and the settings.
    pub fn identity(seed: u64, settings: &Settings) -> Identity {
        let instance = 1 + Random::new(seed, "instance").below((1 << 24) - 1) as u32;
        // One that is not linked is told when the trader is made.
        let hashes = plugins::native_hashes(settings).unwrap_or_default();
        Identity { instance, epoch: 1, operator: model::Text::clipped("virtual"), hashes }
    }

    /// The exchange's clock at the start: a full second in 2026, drawn from the seed.
    pub fn venue_start(seed: u64) -> VenueTime {
        let secs = 1_790_000_000 + Random::new(seed, "venue start").below(1_000_000) as i64;
        VenueTime::from_millis(secs * 1_000)
    }

    /// A run whose journal goes nowhere.
    ///
    /// # Errors
    /// [`WorldError`] when something does not hold together.
    pub fn new(config: &WorldConfig) -> Result<Self, WorldError> {
        let sink = Sink::Nowhere { pending: Vec::new(), durable: 0 };
        Self::with_sink(config, sink, 1, &[])
    }

    /// A run whose journal goes to `dir`, after the records of `head`: a boot and a configuration.
    ///
    /// # Errors
    /// [`WorldError`] when something does not hold together, or the folder cannot be used.
    pub fn journaled(
        config: &WorldConfig,
        dir: &Path,
        head: &[(Kind, &[u8])],
    ) -> Result<Self, WorldError> {
        let identity = Self::identity(config.seed, &config.settings);
        let settings = WriterSettings {
            policy: SyncPolicy::Virtual { takes: SYNC_TAKES },
            reserve_bytes: 1 << 20,
            free_min_bytes: 1 << 20,
            ..WriterSettings::default()
        };
        let identity = journal::Identity {
            instance: identity.instance,
            epoch: identity.epoch,
            machine_boot: [0; 16],
        };
        let (writer, _) =
            Writer::open(HostDisk, dir, identity, settings).map_err(WorldError::Journal)?;
        let first = writer.next_seq();
        Self::with_sink(config, Sink::Disk(Box::new(writer)), first, head)
    }

    fn with_sink(
        config: &WorldConfig,
        sink: Sink,
        first_seq: u64,
        head: &[(Kind, &[u8])],
    ) -> Result<Self, WorldError> {
        let venue_start = Self::venue_start(config.seed);
        let mut venue = config
            .exchange
            .clone()
            .unwrap_or_else(|| exchange::Config::demo(config.seed, config.listings, venue_start));
        if config.storm.faults != exchange::Faults::default() {
            venue.faults = config.storm.faults.clone();
        }
        let exchange =
            Exchange::new(&venue, config.seed, venue_start).map_err(WorldError::Exchange)?;
        let (mut producer, consumer) =
            journal::ring::in_memory(RING_BYTES, first_seq).map_err(WorldError::Ring)?;
        for (kind, payload) in head {
            // The ring is empty and far larger than a head.
            let _ = producer.push(journal::Family::Decisions, *kind, MONO_START, payload);
        }
        let (durable, kill) = (Arc::new(AtomicU64::new(0)), KillFlag::default());
        let identity = Self::identity(config.seed, &config.settings);
        let trader = trader(config, identity, None, producer, &durable, &kill)?;
        let orders: Vec<bool> =
            roles_of(config).iter().map(|role| *role == LinkRole::Order).collect();
        Ok(Self {
            network: Network::new(config.seed, &trader, &orders, config.storm.clone()),
            pages: Pages::new(&config.settings),
            oracle: Oracle::new(config),
            memory: matches!(sink, Sink::Nowhere { .. }).then(|| Memory::new(config)),
            crashes: config.storm.crashes.iter().copied().collect(),
            dead_counts: DeadCounts::default(),
            config: config.clone(),
            trader,
            exchange,
            consumer,
            sink,
            durable,
            kill,
            now: MONO_START,
            venue_start,
            steps: 0,
            spins: 0,
            healed: false,
            watch: Box::new(Unwatched),
            roles: roles_of(config),
        })
    }

    /// A run on a scenario with the settings that its expectations are written for, its journal
    /// nowhere.
    ///
    /// # Errors
    /// [`WorldError`] when something does not hold together.
    pub fn on_scenario(
        scenario: &exchange::Config,
        seed: u64,
        storm: Storm,
    ) -> Result<Self, WorldError> {
        let settings = Endings::settings(&[]).map_err(WorldError::Settings)?;
        let first = scenario.accounts.first().and_then(|account| account.keys.first());
        let keys = first.map(|key| (key.access.clone(), key.secret.clone()));
        let config = WorldConfig {
            seed,
            listings: scenario.listings.len(),
            storm,
            settings,
            keys: keys.into_iter().collect(),
            exchange: Some(scenario.clone()),
        };
        Self::new(&config)
    }

    /// Runs until the last expectation of the scenario is due; the first invariant that is broken.
    pub fn run_scenario(
        &mut self,
        scenario: &exchange::Config,
        observer: &mut impl Observer,
    ) -> Option<Violation> {
        let last = scenario.expect.values().map(|expectation| expectation.by_ms).max();
        let millis = u64::try_from(last.unwrap_or(0)).unwrap_or(0);
        let origin = self.exchange.origin().since(self.venue_start);
        let until = MONO_START.after(origin).after(Span::from_millis(millis));
        self.run_until(until, observer)
    }

    /// Ends the journal of a run that [`run`](Self::run) did not end.
    pub fn end(&mut self, observer: &mut impl Observer) {
        self.finish(observer);
    }

    /// Our clock.
    pub fn now(&self) -> Mono {
        self.now
    }

    /// The exchange's clock.
    pub fn venue_now(&self) -> VenueTime {
        self.venue_start.after(self.now.since(MONO_START))
    }

    /// An event from outside: an operator's word.
    pub fn tell(&mut self, event: &Event) {
        if let Body::Command(model::Command::Kill { level, .. }) = &event.body {
            self.kill.raise(*level);
        }
        let mut trader = Watched::new(&mut self.trader, self.watch.as_mut(), &self.roles);
        trader.handle_event(self.now, event);
        self.network.pump(self.now, &mut trader, &mut self.exchange);
    }

    /// Lets `watch` see every call into the trader from here on.
    pub fn watch(&mut self, watch: Box<dyn Watch>) {
        self.watch = watch;
    }

    /// Runs until everything is settled, an invariant is broken, or time is up.
    pub fn run(&mut self, observer: &mut impl Observer) -> Outcome {
        let mut violation = self.run_until(MONO_START.after(GIVE_UP_AT), observer);
        let settled = self.is_settled(true);
        if violation.is_none() && !settled {
            violation = Some(Violation::NotSettled { after: self.lasted(), left: self.left() });
        }
        if violation.is_none() {
            violation = self.oracle.check_end(&self.trader, &self.exchange);
        }
        if violation.is_none() {
            violation = self.check_memory(observer);
        }
        self.finish(observer);
        let counts = self.dead_counts.with(self.trader.counts());
        Outcome {
            events: counts.events,
            requests: counts.requests,
            lasted: self.lasted(),
            settled,
            violation,
        }
    }

    /// Runs until our clock is at `until` or a step beyond, everything is settled, or an invariant
    /// is broken; [`run`](Self::run) goes on from there to the end.
    pub fn run_until(&mut self, until: Mono, observer: &mut impl Observer) -> Option<Violation> {
        while self.now < until && !self.is_settled(self.healed) {
            if !self.healed && self.lasted() >= HEAL_AT {
                self.healed = true;
                self.network.heal();
            }
            let violation = self.step(observer);
            if violation.is_some() {
                return violation;
            }
        }
        None
    }

    /// What has not come to its end, in words.
    fn left(&self) -> String {
        let engine = self.trader.engine();
        let targets = engine.targets().filter(|target| target.is_active());
        let targets = targets.map(|target| {
            let record = &target.record;
            format!("{:?} {:?} {:?} {:?}", record.id, record.state, record.why, target.position)
        });
        let orders = engine.orders().filter(|order| order.is_alive());
        let orders = orders.map(|order| {
            let parts = (order.id().leg(), order.state, order.ended, order.filled);
            format!(
                "{} {parts:?} of {:?} told {:?}",
                order.id(),
                order.request.qty,
                order.venue_filled
            )
        });
        let blocks = engine.blocks(model::AccountId(0));
        let timer = self.trader.poll_timeout();
        let rest = format!("blocks {blocks:?}, kill {:?}, timer {timer:?}", engine.kill_level());
        targets.chain(orders).chain([rest]).collect::<Vec<_>>().join("; ")
    }

    fn lasted(&self) -> Span {
        self.now.since(MONO_START)
    }

    /// I31: what the decisions tell is what the engine would save.
    fn check_memory(&mut self, observer: &mut impl Observer) -> Option<Violation> {
        self.drain(observer);
        let memory = self.memory.as_mut()?;
        memory.settle(u64::MAX);
        let same = memory.image() == self.trader.engine().save();
        (!same).then_some(Violation::Forgotten)
    }

    /// Ends the journal as an orderly stop does.
    fn finish(&mut self, observer: &mut impl Observer) {
        self.trader.close(self.now);
        if let Sink::Disk(writer) = &mut self.sink {
            writer.drain(self.now, &mut self.consumer, observer);
            writer.close(observer);
        }
    }

    /// Everything that is due at the next moment at which anything is.
    fn step(&mut self, observer: &mut impl Observer) -> Option<Violation> {
        self.steps += 1;
        self.crash_if_due(observer);
        let next = self.next_moment();
        let spun = next.since(self.now) <= Span::from_nanos(1);
        self.spins = if spun { self.spins + 1 } else { 0 };
        if self.spins > SPINS_MAX {
            let timer = self.trader.poll_timeout().map_or("none", |(_, name)| name);
            return Some(Violation::Spinning { timer, left: self.left() });
        }
        self.now = next;
        let (now, venue) = (self.now, self.venue_now());
        self.exchange.handle_timeout(venue);
        let mut trader = Watched::new(&mut self.trader, self.watch.as_mut(), &self.roles);
        self.network.run(now, venue, &mut trader, &mut self.exchange);
        for event in self.pages.run(venue, &mut self.exchange) {
            trader.handle_event(now, &event);
        }
        if trader.poll_timeout().is_some_and(|(at, _)| at <= now) {
            trader.handle_timeout(now);
        }
        self.network.pump(now, &mut trader, &mut self.exchange);
        self.drain(observer);
        let mut trader = Watched::new(&mut self.trader, self.watch.as_mut(), &self.roles);
        self.network.pump(now, &mut trader, &mut self.exchange);
        self.oracle.check(now, &self.trader, &self.exchange)
    }

    fn next_moment(&self) -> Mono {
        let venue = |at: VenueTime| MONO_START.after(at.since(self.venue_start));
        let sink = match &self.sink {
            Sink::Disk(writer) => writer.poll_timeout(),
            Sink::Nowhere { pending, .. } => pending.first().map(|(at, _)| *at),
        };
        let crash = self.crashes.front().map(|crash| MONO_START.after(crash.at));
        let next = [
            crash,
            self.trader.poll_timeout().map(|(at, _)| at),
            self.exchange.poll_timeout().map(venue),
            self.network.poll_timeout(self.now, &self.trader),
            Some(venue(self.pages.poll_timeout(self.venue_now()))),
            sink,
        ];
        let next = next.into_iter().flatten().min().unwrap_or(Mono::NEVER);
        // At least a nanosecond on: a timer that is due and not served must not stop the clock.
        next.max(self.now.after(Span::from_nanos(1)))
    }

    /// The journal thread's turn: what is durable goes back to the trader.
    pub(crate) fn drain(&mut self, observer: &mut impl Observer) {
        let before = self.durable.load(Ordering::Relaxed);
        let (oracle, memory) = (&mut self.oracle, &mut self.memory);
        let mut follower = Follower { oracle, memory, next: observer, durable: before };
        match &mut self.sink {
            Sink::Disk(writer) => {
                writer.drain(self.now, &mut self.consumer, &mut follower);
            }
            Sink::Nowhere { pending, durable } => {
                drain_nowhere(self.now, &mut self.consumer, pending, durable, &mut follower);
            }
        }
        let after = follower.durable;
        if let Some(memory) = &mut self.memory {
            memory.settle(after);
        }
        if after > before {
            self.durable.store(after, Ordering::Relaxed);
            let wake = Event::bare(Body::Durable { token: 0 });
            let mut trader = Watched::new(&mut self.trader, self.watch.as_mut(), &self.roles);
            trader.handle_event(self.now, &wake);
        }
    }

    fn is_settled(&self, healed: bool) -> bool {
        let engine = self.trader.engine();
        let planned = self.oracle.last_planned(&self.exchange);
        let over = self.venue_now() > planned.after(Span::from_secs(15));
        let quiet = engine.orders().all(|order| !order.is_alive());
        let done = engine.targets().all(|target| !target.is_active());
        over && quiet && done && (healed || self.oracle.is_calm())
    }

    /// Raises the kill switch as an operator would.
    pub fn kill(&mut self, level: KillLevel) {
        let reason = model::Text::clipped("simulated");
        self.tell(&Event::bare(Body::Command(model::Command::Kill { level, reason })));
    }

    /// Raises the flag alone, as an operator does whose command the trader has not read yet.
    pub fn raise(&self, level: KillLevel) {
        self.kill.raise(level);
    }

    /// Lowers the kill switch as an operator would.
    pub fn resume(&mut self) {
        let reason = model::Text::clipped("simulated");
        self.tell(&Event::bare(Body::Command(model::Command::Resume { reason })));
    }
}

fn roles_of(config: &WorldConfig) -> Vec<LinkRole> {
    let links = &config.settings.loop_;
    runtime::roles(links.market_links, links.order_links, config.keys.len())
}

pub(crate) fn trader(
    config: &WorldConfig,
    identity: Identity,
    carried: Option<Carried>,
    producer: Producer,
    durable: &Arc<AtomicU64>,
    kill: &KillFlag,
) -> Result<Trader<Plugins>, WorldError> {
    let credentials = config
        .keys
        .iter()
        .map(|(key, secret)| Credentials::new(key, secret.as_bytes()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(WorldError::Key)?;
    let settings = &config.settings;
    let config = TraderConfig {
        engine: settings.engine(identity),
        paper: settings.paper_venue(identity),
        rest_host: settings.venue.rest.host.clone(),
        stream_path: "/ws".to_owned(),
        credentials,
        market_links: settings.loop_.market_links,
        order_links: settings.loop_.order_links,
        ack_wait: Span::from_secs(2),
        recv_window_ms: settings.entry.recv_window_ms,
        carried,
    };
    plugins::native_hashes(settings).map_err(WorldError::Plugins)?;
    let plugins = plugins::natively(settings, &identity.hashes).map_err(WorldError::Plugins)?;
    let (durable, kill) = (Arc::clone(durable), kill.clone());
    Trader::new(config, plugins, producer, durable, kill).map_err(WorldError::Trader)
}

/// Takes the records, and counts each as durable some time later.
fn drain_nowhere(
    now: Mono,
    consumer: &mut Consumer,
    pending: &mut Vec<(Mono, u64)>,
    durable: &mut u64,
    observer: &mut impl Observer,
) {
    while let Ok(Some(record)) = consumer.read() {
        observer.on_record(&record);
        let due = now.after(SYNC_TAKES);
        match pending.last_mut() {
            Some((at, seq)) if *at == due => *seq = record.seq,
            _ => pending.push((due, record.seq)),
        }
    }
    consumer.release();
    let ready = pending.iter().take_while(|(at, _)| *at <= now).count();
    if let Some((_, seq)) = pending.drain(..ready).next_back() {
        *durable = seq;
        observer.on_durable(seq);
    }
}

/// Shows the oracle every record on its way to the observer.
struct Follower<'a, O> {
    oracle: &'a mut Oracle,
    memory: &'a mut Option<Memory>,
    next: &'a mut O,
    durable: u64,
}

impl<O: Observer> Observer for Follower<'_, O> {
    fn on_record(&mut self, record: &RecordView<'_>) {
        self.oracle.take(record);
        if let Some(memory) = self.memory {
            memory.take(record);
        }
        self.next.on_record(record);
    }

    fn on_durable(&mut self, seq: u64) {
        self.durable = seq;
        self.next.on_durable(seq);
    }

    fn on_trouble(&mut self, trouble: &Trouble) {
        self.next.on_trouble(trouble);
    }
}
