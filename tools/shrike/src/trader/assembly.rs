//! A running trader put together from its rooms: journal first, then keys, then threads, then the
//! hot loop. Whatever cannot be had is said before anything trades.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use archive::ArchiveThread;
use host::Plugins;
use journal::ring::{RING_BYTES, RingFile, RuntimeDir};
use journal::{
    Consumer, DataDir, DataDirError, HostDisk, Observer, Producer, Writer, WriterSettings,
};
use model::{Body, Command, Event, KillLevel, Mode, Span, SymbolId, SymbolNames, Text, VenueTime};
use plugins::{KeeperThread, Recent};
use replay::{Recovered, recover};
use runtime::{
    Carried, Clock, Ended, Endpoint, InboxError, InboxSender, KillFlag, LinkRole, LoopConfig,
    LoopStats, PinWish, StatsReader, Trader, TraderConfig, Wait, WaitPolicy, boot_id, inbox,
    owners, roles,
};
use scout::{
    BrowserHeaders, Dialer, Offer, ScoutConfig, ScoutThread, Security, ThreadConfig, Timeouts,
};
use settings::{Identity, Settings};
use venue::sign::Credentials;

use super::checkpoints::Checkpoints;
use super::narrate::{Both, Narrator, RecentEvents};
use super::slots::Slots;
use super::starts::{Starts, StartsWatch};
use super::{archiving, restored};
use crate::board::{Board, Budget, of_inbox};
use crate::cli::CliError;
use crate::control::{Around, ControlConfig, ControlServer, Desk, Rehearsals};
use crate::dialling::{DialError, Dialling};
use crate::modes::{Admitted, Lineage};

/// What a run needs besides its settings.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The configuration.
    pub settings: Settings,
    /// Folder of everything that must survive.
    pub data_dir: PathBuf,
    /// The key of each account, in their order; none on paper.
    pub keys: Vec<Credentials>,
    /// Who runs it.
    pub operator: String,
}

/// Why a run could not begin. Each says what, the value seen and the mend.
#[derive(Debug)]
pub struct AssemblyError {
    pub(super) what: String,
    /// What stands in the way.
    pub kind: AssemblyErrorKind,
}

/// What stands in the way of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssemblyErrorKind {
    /// The configuration is at fault: exit code 2.
    Configuration,
    /// A rule of safety forbids it: exit code 3.
    Refused,
    /// Anything else: exit code 1.
    Failed,
}

impl From<AssemblyError> for CliError {
    fn from(error: AssemblyError) -> Self {
        match error.kind {
            AssemblyErrorKind::Configuration => Self::usage(error),
            AssemblyErrorKind::Refused => Self::refused(error),
            AssemblyErrorKind::Failed => Self::failed(error),
        }
    }
}

impl fmt::Display for AssemblyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for AssemblyError {}

/// Anything that names itself when it stops a run from beginning.
fn because<E: fmt::Display>(doing: &'static str) -> impl FnOnce(E) -> AssemblyError {
    move |error| AssemblyError {
        what: format!("{doing}: {error}"),
        kind: AssemblyErrorKind::Failed,
    }
}

/// A trader that is ready to run, with everything that runs beside it.
pub struct Assembly {
    trader: Trader<Plugins>,
    endpoints: Vec<Endpoint>,
    config: LoopConfig,
    inbox: runtime::Inbox,
    stats: runtime::StatsWriter,
    /// Where slow threads put events.
    pub sender: InboxSender,
    /// Raised by any thread at once.
    pub kill: KillFlag,
    /// What the journal says, for people.
    pub board: Arc<Mutex<Board>>,
    /// Figures of the loop, about a second old.
    pub reader: StatsReader,
    /// The last decision on disk.
    pub durable: Arc<AtomicU64>,
    /// Ends the run in order.
    pub stop: Arc<AtomicBool>,
    /// Things that are worth a line before trading starts.
    pub notes: Vec<String>,
    journal: JournalThread,
    runtime_dir: PathBuf,
    data: DataDir,
    /// Names of the process before.
    names: Vec<(SymbolId, SymbolNames)>,
    starts: Starts,
    /// Taken by the thread that swaps plug-ins.
    slots: Option<Slots>,
    recent: Recent,
}

impl fmt::Debug for Assembly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assembly").field("data", &self.data.path()).finish_non_exhaustive()
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Finished {
    /// Why the loop ended.
    pub ended: Ended,
    /// Its figures.
    pub stats: LoopStats,
    /// What the journal says, to its last record.
    pub board: Arc<Mutex<Board>>,
}

/// Entries of the inbox: a burst of all listing facts of a day fits.
const INBOX: usize = 4_096;
/// Longest wait for the reply to an order.
const ACK_WAIT: Span = Span::from_secs(2);

impl Assembly {
    /// Opens the journal, reads what a dead process left, and makes the trader. `_admitted` is of
    /// the plan's settings and data directory.
    ///
    /// # Errors
    /// [`AssemblyError`]: nothing was sent to the exchange.
    pub fn new(plan: &Plan, _admitted: Admitted) -> Result<Self, AssemblyError> {
        let mut notes = Vec::new();
        let data = open_data(&plan.data_dir)?;
        let starts = Starts::of(data.path());
        let safe = starts.begin().map_err(because("the count of starts"))?;
        let operator = Text::clipped(&plan.operator);
        let mut slots = Slots::new(&plan.settings, data.path())?;
        let (instance, epoch) = (data.instance(), data.epoch());
        let identity = Identity { instance, epoch, operator, hashes: slots.hashes() };
        let board = Arc::new(Mutex::new(new_board(&plan.settings)));
        let durable = Arc::new(AtomicU64::new(0));
        let (sender, inbox) = inbox(INBOX);
        let to_board = of_inbox(Arc::clone(&board), Arc::clone(&durable), sender.clone());
        let recent = Recent::default();
        let mut observer = Both(to_board, Both(Narrator::default(), RecentEvents(recent.clone())));
        let opened = open_journal(plan, &data, &mut observer, &mut notes)?;
        let OpenedJournal { writer, mut recovered, mut producer, consumer, lock, runtime_dir } =
            opened;
        under_these_accounts(&mut recovered, plan.settings.engine(identity))?;
        if let Some(state) = &recovered.state {
            slots.go_on_from(state, &mut notes);
        }
        let identity = Identity { hashes: slots.hashes(), ..identity };
        let image = recovered.image();
        push_head(plan, identity, image.as_deref(), &mut producer)?;
        let kill = KillFlag::at(recovered.kill);
        tell_of_kill(&recovered, &sender, &mut notes)?;
        if safe {
            begin_safely(&kill, &sender, &mut notes)?;
        }
        if let Some(why) = restored::standing(data.path(), recovered.kill).why {
            begin_restored(&why, &kill, &sender, &mut notes)?;
        }
        let names = recovered.state.as_ref().map(names_of).unwrap_or_default();
        if let Some(state) = &recovered.state {
            lock_board(&board).take_up(state);
            observer.1.0.take_up(state);
        }
        let carried = image.map(|image| Carried { image, ring_lost: recovered.ring_lost });
        lock_board(&board).set_plugins(slots.titles());
        let plugins = slots.seat(&plan.settings)?;
        let config = trader_config(plan, identity, carried);
        let (durable_too, kill_too) = (Arc::clone(&durable), kill.clone());
        let mut trader = Trader::new(config, plugins, producer, durable_too, kill_too)
            .map_err(because("the trader"))?;
        if plan.settings.mode == Mode::Paper {
            let lineage = Lineage::read(&data.journal()).map_err(because("what was on paper"))?;
            trader.restore_paper(lineage.past);
        }
        let journal = JournalThread::spawn(writer, consumer, observer, lock)?;
        let (stats, reader) = runtime::stats();
        Ok(Self {
            trader,
            endpoints: endpoints(plan)?,
            config: loop_config(&plan.settings, identity),
            inbox,
            stats,
            sender,
            kill,
            board,
            reader,
            durable,
            stop: Arc::new(AtomicBool::new(false)),
            notes,
            journal,
            runtime_dir,
            data,
            names,
            starts,
            slots: Some(slots),
            recent,
        })
    }

    /// Holds entries back until an operator resumes; exits go on.
    ///
    /// # Errors
    /// [`AssemblyError`] when the inbox does not take it.
    pub fn hold(&mut self, reason: &str) -> Result<(), AssemblyError> {
        let reason = Text::clipped(reason);
        let body = Body::Command(Command::Kill { level: KillLevel::Halt, reason });
        self.kill.raise(KillLevel::Halt);
        self.sender.send(Event::bare(body)).map_err(because("the kill switch"))?;
        self.notes.push(format!("entries are held back: {reason}; `shrike resume` lets them go"));
        Ok(())
    }

    /// The data directory.
    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// The journal's folder.
    pub fn journal_dir(&self) -> PathBuf {
        self.data.journal()
    }

    /// Starts what serves the trader from beside: the scout and the control inbox. They end when
    /// they are dropped.
    ///
    /// # Errors
    /// [`AssemblyError`] when one of them cannot begin.
    pub fn start_beside(&mut self, plan: &Plan) -> Result<Beside, AssemblyError> {
        let sender = self.sender.clone();
        let scout = ScoutThread::spawn(scout_thread(plan, &self.names)?, move |event| match sender
            .send(event)
        {
            Ok(()) => Offer::Taken,
            Err(InboxError::Full { .. }) => Offer::Full,
            Err(InboxError::Ended) => Offer::Ended,
        });
        let scout = scout.map_err(because("the scout"))?;
        let keeper = self
            .slots
            .take()
            .map(|slots| slots.keep(&plan.settings, self.recent.clone(), self.sender.clone()));
        let (keeper, keeping) =
            keeper.transpose().map_err(because("the keeper of plug-ins"))?.unzip();
        let rehearsals = Some(rehearsals(plan)?);
        let around = Around { scout: scout.handle(), rehearsals, keeper };
        let desk = Desk::new(
            Arc::clone(&self.board),
            self.sender.clone(),
            self.kill.clone(),
            ControlConfig::default(),
        );
        let control = ControlServer::start(self.data.path(), &self.runtime_dir, desk.with(around))
            .map_err(because("the control inbox"))?;
        let names = Names::start(&self.endpoints).map_err(because("the look-up of names"))?;
        let checkpoints = Checkpoints::start(&self.journal_dir(), &plan.settings);
        let checkpoints = checkpoints.map_err(because("the checkpoints"))?;
        let board = Arc::clone(&self.board);
        let starts = self.starts.clone().watch(move || lock_board(&board).allows_entries());
        let archive = archiving::start(self.data.path(), &self.durable, &self.board);
        Ok(Beside {
            archive,
            _control: control,
            scout,
            _names: names,
            _checkpoints: checkpoints,
            _starts: starts.map_err(because("the watch over starts"))?,
            _keeping: keeping,
        })
    }

    /// Runs the hot loop on the calling thread until the stop flag is raised, then closes the
    /// journal in order.
    ///
    /// # Errors
    /// [`AssemblyError`] when the loop could not start or its poller failed.
    pub fn run(self) -> Result<Finished, AssemblyError> {
        let Self { mut trader, endpoints, config, inbox, stats, mut reader, stop, .. } = self;
        let (board, starts) = (self.board, self.starts);
        host::wasm::touch_stack();
        trader.begin(Clock.now());
        let ended = runtime::run(&mut trader, &config, endpoints, inbox, stats, &stop, |pinned| {
            tracing::info!("hot thread: {pinned:?}");
        });
        trader.close(Clock.now());
        drop(trader);
        self.journal.finish()?;
        let ended = ended.map_err(because("the loop"))?;
        starts.settle().map_err(because("the count of starts"))?;
        Ok(Finished { ended, stats: reader.read().clone(), board })
    }
}

/// Threads beside the trader.
#[derive(Debug)]
pub struct Beside {
    archive: Option<ArchiveThread>,
    _control: ControlServer,
    scout: ScoutThread,
    _names: Names,
    /// Dropped after the journal is closed: its last one is the state of the orderly end.
    _checkpoints: Checkpoints,
    _starts: StartsWatch,
    _keeping: Option<KeeperThread>,
}

impl Beside {
    /// Ends them.
    pub fn stop(self) {
        self.scout.stop();
        if let Some(archive) = self.archive {
            archive.stop();
        }
    }
}

/// Looks the exchange's names up again and again, so that a link that dials finds where it is now.
///
/// Its thread ends when this is dropped, and is not waited for: a look-up that hangs has nothing to
/// lose and must not hold the end back.
#[derive(Debug)]
struct Names {
    _running: mpsc::Sender<()>,
}

impl Names {
    const EVERY: Duration = Duration::from_secs(60);

    fn start(endpoints: &[Endpoint]) -> std::io::Result<Self> {
        let endpoints = endpoints.to_vec();
        let (running, ended) = mpsc::channel::<()>();
        std::thread::Builder::new().name("names".to_owned()).spawn(move || {
            while ended.recv_timeout(Self::EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
                for Endpoint { addresses, host, port, .. } in &endpoints {
                    if let Err(error) = addresses.refresh(host, *port) {
                        tracing::warn!(host, %error, "its older addresses stay in use");
                    }
                }
            }
        })?;
        Ok(Self { _running: running })
    }
}

/// A connection of its own for test orders, which neither the hot loop nor the scout share.
fn rehearsals(plan: &Plan) -> Result<Rehearsals, AssemblyError> {
    let ThreadConfig { rest, security, timeouts, .. } = scout_thread(plan, &[])?;
    let dialer = Dialer::new(&rest, &security, timeouts.connect);
    let dialer = dialer.map_err(because("the way to the test endpoint"))?;
    Ok(Rehearsals::new(dialer, rest.host, plan.keys.clone()))
}

fn scout_thread(
    plan: &Plan,
    named: &[(SymbolId, SymbolNames)],
) -> Result<ThreadConfig, AssemblyError> {
    let venue = &plan.settings.venue;
    let place = |from: &settings::Endpoint| scout::Endpoint {
        host: from.host.clone(),
        port: from.port,
        path: from.path.clone(),
    };
    let security = match (venue.tls, own_roots(plan)?) {
        (false, _) => Security::Plain,
        (true, Some(pem)) => Security::Only(pem),
        (true, None) => Security::Public,
    };
    Ok(ThreadConfig {
        scout: ScoutConfig { named: named.to_vec(), ..sim::scout_config(&plan.settings) },
        rest: place(&venue.rest),
        web: place(&venue.web),
        security,
        browser: BrowserHeaders::default(),
        timeouts: Timeouts::default(),
    })
}

/// Certificates to believe instead of the public ones.
fn own_roots(plan: &Plan) -> Result<Option<Vec<u8>>, AssemblyError> {
    let path = plan.settings.venue.tls_roots.as_ref();
    path.map(|path| std::fs::read(path).map_err(because("venue.tls_roots"))).transpose()
}

/// A raised kill switch stands from the first moment, by the state that is carried on; decisions
/// that break off raise it.
fn tell_of_kill(
    recovered: &Recovered,
    sender: &InboxSender,
    notes: &mut Vec<String>,
) -> Result<(), AssemblyError> {
    let level = recovered.kill;
    let name = level.name();
    if level > KillLevel::Active {
        notes.push(format!(
            "the kill switch stands at {name}, as the run before left it; `shrike resume` lowers it"
        ));
    }
    if recovered.is_whole {
        return Ok(());
    }
    notes.push("the decisions break off: `shrike verify` says where".to_owned());
    let reason = Text::clipped("the journal breaks off");
    let body = Body::Command(Command::Kill { level, reason });
    sender.send(Event::bare(body)).map_err(because("the kill switch"))
}

/// The data directory was restored from a backup: the exchange may know later deals.
fn begin_restored(
    why: &str,
    kill: &KillFlag,
    sender: &InboxSender,
    notes: &mut Vec<String>,
) -> Result<(), AssemblyError> {
    let (level, reason) = (KillLevel::Halt, Text::clipped(why));
    kill.raise(level);
    notes.push(format!("{why}: nothing is bought until `shrike resume`"));
    let body = Body::Command(Command::Kill { level, reason });
    sender.send(Event::bare(body)).map_err(because("the kill switch"))
}

/// Three starts died within a minute: this one cancels and sells, and buys nothing.
fn begin_safely(
    kill: &KillFlag,
    sender: &InboxSender,
    notes: &mut Vec<String>,
) -> Result<(), AssemblyError> {
    let (level, reason) = (KillLevel::Halt, Text::clipped("three starts died within a minute"));
    kill.raise(level);
    notes.push(
        "safe mode: three starts died within a minute; nothing is bought until `shrike resume`"
            .to_owned(),
    );
    let body = Body::Command(Command::Kill { level, reason });
    sender.send(Event::bare(body)).map_err(because("the kill switch"))
}

fn open_data(path: &Path) -> Result<DataDir, AssemblyError> {
    DataDir::open(path).map_err(|error| AssemblyError {
        kind: if matches!(error, DataDirError::InUse { .. }) {
            AssemblyErrorKind::Refused
        } else {
            AssemblyErrorKind::Failed
        },
        what: format!("the data directory: {error}"),
    })
}

/// Accounts may have been moved in the configuration, and one that is gone must have nothing left to
/// do: asked before the first record of this start.
fn under_these_accounts(
    recovered: &mut Recovered,
    config: engine::Config,
) -> Result<(), AssemblyError> {
    let Some(state) = &mut recovered.state else { return Ok(()) };
    state.start(config).map_err(|error| AssemblyError {
        what: format!("what the run before left: {error}"),
        kind: AssemblyErrorKind::Refused,
    })
}

fn names_of(state: &engine::Follower) -> Vec<(SymbolId, SymbolNames)> {
    state.engine().names().map(|(id, names, _)| (id, *names)).collect()
}

fn lock_board(board: &Mutex<Board>) -> std::sync::MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

struct OpenedJournal {
    writer: Writer<HostDisk>,
    recovered: Recovered,
    producer: Producer,
    consumer: Consumer,
    lock: journal::ring::RingLock,
    runtime_dir: PathBuf,
}

fn new_board(settings: &Settings) -> Board {
    let mut board = Board::new();
    board.set_mode(settings.mode);
    board.set_limits(settings.limits);
    board.set_budgets(budgets(settings));
    board
}

/// The journal of a data directory whose trader does not run, to add a record of the operator's.
///
/// # Errors
/// [`AssemblyError`], above all while a trader runs.
pub(crate) fn offline_journal(
    plan: &Plan,
    observer: &mut impl Observer,
) -> Result<Offline, AssemblyError> {
    let data = DataDir::open(&plan.data_dir).map_err(because("the data directory"))?;
    let opened = open_journal(plan, &data, observer, &mut Vec::new())?;
    let OpenedJournal { writer, producer, consumer, lock, .. } = opened;
    Ok(Offline { writer, producer, consumer, _lock: lock, _data: data })
}

/// A journal that nobody trades with, held until it is dropped.
#[derive(Debug)]
pub(crate) struct Offline {
    pub(crate) writer: Writer<HostDisk>,
    pub(crate) producer: Producer,
    pub(crate) consumer: Consumer,
    _lock: journal::ring::RingLock,
    _data: DataDir,
}

fn budgets(settings: &Settings) -> Vec<Budget> {
    let limits = &settings.limits;
    let budget = |account: &settings::Account| Budget {
        name: account.name.clone(),
        daily_buy_max: limits.daily_max_buy,
        orders_per_s: limits.rate_orders_per_s,
    };
    settings.accounts.iter().map(budget).collect()
}

fn open_journal(
    plan: &Plan,
    data: &DataDir,
    observer: &mut impl Observer,
    notes: &mut Vec<String>,
) -> Result<OpenedJournal, AssemblyError> {
    let machine_boot = boot_id().unwrap_or_default();
    let identity =
        journal::Identity { instance: data.instance(), epoch: data.epoch(), machine_boot };
    let settings = writer_settings(plan.settings.mode);
    let (mut writer, opened) = Writer::open(HostDisk, &data.journal(), identity, settings)
        .map_err(because("the journal"))?;
    let place = match &plan.settings.runtime_dir {
        Some(path) => RuntimeDir::prepare(path),
        None => RuntimeDir::find(),
    };
    let place = place.map_err(because("the runtime directory"))?;
    if !place.in_memory {
        let text = format!(
            "{} is not in memory: an order's intent may not survive a power cut there",
            place.path.display()
        );
        if matches!(plan.settings.mode, Mode::Live | Mode::LiveMin) {
            let what = format!("{text}; name a tmpfs as runtime_dir");
            return Err(AssemblyError { what, kind: AssemblyErrorKind::Configuration });
        }
        notes.push(text);
    }
    let ring = RingFile::open(&place.path, data.instance()).map_err(because("the ring"))?;
    // A ring that is gone although nobody ended in order held intents that nobody has.
    let mut ring_gone = true;
    if let Some(mut leftover) = ring.leftover().map_err(because("the ring"))? {
        let saved = writer
            .recover(&mut leftover, opened.last_epoch, observer)
            .map_err(because("what a dead process left in the ring"))?;
        ring_gone = saved.broken.is_some();
        if saved.saved > 0 {
            notes.push(format!("{} records of the process before were saved", saved.saved));
        }
    }
    let recovered = recover(&data.journal(), &plan.settings, machine_boot);
    let mut recovered = recovered.map_err(|error| AssemblyError {
        what: format!("what the run before left: {error}"),
        kind: AssemblyErrorKind::Refused,
    })?;
    recovered.ring_lost |= ring_gone && !recovered.orderly;
    let in_use =
        ring.start(RING_BYTES, data.epoch(), writer.next_seq()).map_err(because("the ring"))?;
    let journal::ring::RingInUse { producer, consumer, lock } = in_use;
    Ok(OpenedJournal { writer, recovered, producer, consumer, lock, runtime_dir: place.path })
}

/// A demo leaves a folder behind each time: its reserve is small.
fn writer_settings(mode: Mode) -> WriterSettings {
    let usual = WriterSettings::default();
    match mode {
        Mode::Demo => WriterSettings { reserve_bytes: 1 << 20, free_min_bytes: 64 << 20, ..usual },
        Mode::Paper | Mode::LiveMin | Mode::Live => usual,
    }
}

/// The boot record, the configuration and the state that is carried on, before anything else.
fn push_head(
    plan: &Plan,
    identity: Identity,
    state: Option<&[u8]>,
    producer: &mut Producer,
) -> Result<(), AssemblyError> {
    let anchor = Clock.anchor();
    let clocks = replay::Clocks {
        machine_boot: boot_id().unwrap_or_default(),
        mono: anchor.mono,
        wall_ns: anchor.wall_ns,
        venue: VenueTime::NONE,
    };
    let build = concat!("shrike ", env!("CARGO_PKG_VERSION"));
    let head = replay::head(&plan.settings, identity, clocks, build);
    let mut head = head.map_err(because("the configuration in the journal"))?;
    if let Some(state) = state {
        head = head.going_on_from(state);
    }
    head.push(anchor.mono, producer).map_err(because("the first records"))
}

fn trader_config(plan: &Plan, identity: Identity, carried: Option<Carried>) -> TraderConfig {
    let settings = &plan.settings;
    TraderConfig {
        engine: settings.engine(identity),
        paper: settings.paper_venue(identity),
        rest_host: settings.venue.rest.host.clone(),
        stream_path: settings.venue.ws.path.clone(),
        credentials: plan.keys.clone(),
        market_links: settings.loop_.market_links,
        order_links: settings.loop_.order_links,
        ack_wait: ACK_WAIT,
        recv_window_ms: settings.entry.recv_window_ms,
        carried,
    }
}

fn endpoints(plan: &Plan) -> Result<Vec<Endpoint>, AssemblyError> {
    let settings = &plan.settings;
    let venue = &settings.venue;
    let dialling = Dialling::new(settings).map_err(not_dialled)?;
    let make = |place: &settings::Endpoint, owner: Option<usize>, hot: bool, orders: bool| {
        let account = owner.and_then(|owner| settings.accounts.get(owner));
        let endpoint = dialling.endpoint(place, account).map_err(not_dialled)?;
        Ok(Endpoint { hot, orders, ..endpoint })
    };
    let (market, order) = (settings.loop_.market_links, settings.loop_.order_links);
    let accounts = plan.keys.len();
    roles(market, order, accounts)
        .into_iter()
        .zip(owners(market, order, accounts))
        .map(|(role, owner)| match role {
            LinkRole::Market | LinkRole::User => make(&venue.ws, owner, true, false),
            LinkRole::Order => make(&venue.rest, owner, true, true),
            LinkRole::Query => make(&venue.rest, owner, false, false),
        })
        .collect()
}

fn not_dialled(error: DialError) -> AssemblyError {
    let kind = match error.is_configuration() {
        true => AssemblyErrorKind::Configuration,
        false => AssemblyErrorKind::Failed,
    };
    AssemblyError { what: error.to_string(), kind }
}

/// How long an adaptive loop spins after activity.
const SPIN_FOR: Span = Span::from_micros(500);

fn loop_config(settings: &Settings, identity: Identity) -> LoopConfig {
    let policy = match settings.loop_.wait {
        settings::Wait::Spin => WaitPolicy::Spin,
        settings::Wait::Adaptive => WaitPolicy::Adaptive { spin_for: SPIN_FOR },
        settings::Wait::Park => WaitPolicy::Park,
    };
    LoopConfig {
        wait: Wait { policy, ..Wait::default() },
        pin: settings.loop_.core.map_or(PinWish::Nowhere, PinWish::Core),
        seed: u64::from(identity.instance) << 24 | u64::from(identity.epoch),
        ..LoopConfig::default()
    }
}

/// The thread that owns the segments.
struct JournalThread {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl JournalThread {
    fn spawn(
        mut writer: Writer<HostDisk>,
        mut consumer: Consumer,
        mut observer: impl Observer + Send + 'static,
        lock: journal::ring::RingLock,
    ) -> Result<Self, AssemblyError> {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let body = move || {
            // The ring's file stays locked as long as its records are being written.
            let _lock = lock;
            let idle = || std::thread::sleep(Duration::from_millis(1));
            writer.run(&mut consumer, &mut observer, &flag, || Clock.now(), idle);
        };
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(body);
        Ok(Self { stop, thread: thread.map_err(because("the journal thread"))? })
    }

    fn finish(self) -> Result<(), AssemblyError> {
        self.stop.store(true, Ordering::Release);
        self.thread.join().map_err(|_| AssemblyError {
            what: "the journal thread broke; `shrike verify` says what it kept".to_owned(),
            kind: AssemblyErrorKind::Failed,
        })
    }
}
