//! A trader that is killed with `kill -9` in each phase of a trade, once more while it recovers, and
//! judged by the exchange's own ledger: nothing doubled, nothing forgotten, nothing left without a
//! way out.
//!
//! `cargo test -p shrike --test crash -- --nocapture` prints seed, phase and the times of each death.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use support::{Process, empty, root, shrike, signal, venue_at};
use tempfile::TempDir;

/// Where the first death of a run comes; the second comes while the next process recovers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A permit is minted or about to be.
    Arming,
    /// Within 50 ms of the planned instant.
    Fire,
    /// The exchange has the order, and its reply is on its way.
    Unacknowledged,
    /// A part of a resting entry is dealt.
    PartFilled,
    /// The first sale stands.
    InExit,
}

#[test]
fn killed_in_any_phase_and_again_in_recovery_it_doubles_forgets_and_abandons_nothing() {
    let phases =
        [Phase::Arming, Phase::Fire, Phase::Unacknowledged, Phase::PartFilled, Phase::InExit];
    let runs: Vec<_> = phases
        .into_iter()
        .zip(101..)
        .map(|(phase, seed)| std::thread::spawn(move || run(phase, seed)))
        .collect();
    for run in runs {
        if let Err(panic) = run.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn a_supervisor_that_dies_leaves_its_trader_and_the_next_one_waits_for_its_end() {
    let stage = Stage::start(Phase::Arming, 201);
    let mut watch = Watch::new(&stage);
    watch.until("a trader", |watch| watch.status_of_epoch(1).is_some());
    let orphan = stage.trader_pid().expect("a trader runs");
    let second = stage.again("trader").output().unwrap();
    assert_eq!(second.status.code(), Some(3), "two on one directory: {second:?}");
    let second = stage.again("run").output().unwrap();
    assert_eq!(second.status.code(), Some(3), "two supervisors: {second:?}");

    stage.kill_pid(stage.run.id());
    watch.until("its trader to go on", |watch| {
        let at = watch.status_of_epoch(1).map(|status| status["stopped"] == false);
        at == Some(true)
    });
    let mut next = Process(stage.again("run").stdout(Stdio::null()).spawn().unwrap());
    watch.pause(Duration::from_millis(300));
    assert!(Path::new(&format!("/proc/{orphan}")).exists(), "it is left alone");
    assert_eq!(child_of(next.id()), None, "and no other is started beside it");
    stage.kill_pid(orphan);
    watch.until("another trader", |watch| watch.status_of_epoch(2).is_some());
    assert!(child_of(next.id()).is_some());
    next.end();
    assert!(!journal::DataDir::is_in_use(&stage.data()), "a stop is passed on to the trader");
}

#[test]
fn a_session_that_hangs_up_and_reads_no_more_leaves_supervisor_and_trader_to_go_on() {
    let mut stage = Stage::heard_by_nobody(Phase::Arming, 202);
    let mut watch = Watch::new(&stage);
    watch.until("a trader", |watch| watch.status_of_epoch(1).is_some());
    let trader = stage.trader_pid().expect("a trader runs");
    signal("HUP", trader);
    signal("HUP", stage.run.id());
    watch.pause(Duration::from_millis(300));
    assert_eq!(stage.trader_pid(), Some(trader), "both go on: {}", stage.said());
    stage.kill_pid(trader);
    watch.until("another trader", |watch| watch.status_of_epoch(2).is_some());
    assert!(stage.is_alive());
    stage.end();
}

/// A run with two deaths, from an empty data directory to the last sale.
fn run(phase: Phase, seed: u64) {
    let mut stage = Stage::start(phase, seed);
    let mut watch = Watch::new(&stage);
    watch.until("the phase", |watch| watch.is_in(phase));
    let first = stage.kill_trader();
    let second = stage.next_trader(first);
    // In recovery: its process is there and has not allowed entries.
    watch.pause(Duration::from_millis(if phase == Phase::Fire { 5 } else { 60 }));
    let again = stage.kill_pid(second);
    let third = stage.next_trader(second);
    // A process that died in its first milliseconds may not have begun an epoch of its own.
    watch.status = None;
    let armed = watch.until("the exits", |watch| watch.status_after_epoch(1).is_some());
    let status = watch.status.clone().unwrap_or_default();
    let open = watch.until("the entries", |watch| {
        let status = watch.status_after_epoch(1);
        status.is_some_and(|status| status["blocks"] == empty())
    });
    say(format_args!(
        "seed {seed}, {phase:?}: killed {} and {second}; after the second death: {} targets known \
         after {} ms, entries after {} ms, pid {third}",
        first,
        status["targets"].as_array().map_or(0, Vec::len),
        armed.duration_since(again).as_millis(),
        open.duration_since(again).as_millis(),
    ));
    watch.until("the end of every trade", Watch::is_over);
    watch.check_end(seed, phase);
    stage.end();
    check_journal(&stage, seed);
}

fn check_journal(stage: &Stage, seed: u64) {
    let verify = stage.shrike(&["verify", "--json"]);
    assert_eq!(verify["ok"], true, "seed {seed}: {verify}");
    let replay = stage.shrike(&["replay", "--json"]);
    assert_eq!(replay["equal"], true, "seed {seed}: {replay}");
    check_archive(&stage.data(), seed);
}

/// The archive that lived through the deaths equals one made from the journal alone.
fn check_archive(data: &Path, seed: u64) {
    let lived = archive::dump(data).unwrap();
    assert!(!lived["fills"].is_empty(), "seed {seed}: an archive without a deal");
    let other = tempfile::tempdir().unwrap();
    std::fs::create_dir(other.path().join("journal")).unwrap();
    for entry in std::fs::read_dir(data.join("journal")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        std::fs::copy(&path, other.path().join("journal").join(name)).unwrap();
    }
    let mut archive = archive::Archive::open(other.path()).unwrap();
    archive.catch_up(u64::MAX).unwrap();
    archive.close().unwrap();
    let rebuilt = archive::dump(other.path()).unwrap();
    for (table, rows) in &lived {
        assert_eq!(rows, &rebuilt[table], "seed {seed}: {table}");
    }
}

/// For those who look on with `--nocapture`.
fn say(text: std::fmt::Arguments<'_>) {
    // Nobody may be left to read it.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// How long anything may take to come about.
const PATIENCE: Duration = Duration::from_secs(90);
/// A holding may lack both a resting sale and a trader that has taken it up for so long.
const NAKED_MAX: Duration = Duration::from_secs(5);

/// What the test sees of the world from outside.
struct Watch<'a> {
    stage: &'a Stage,
    ledger: Value,
    status: Option<Value>,
    looked: Instant,
    /// Since when a holding has had no way out, and the longest such time.
    naked_since: Option<Instant>,
    naked: Duration,
}

impl<'a> Watch<'a> {
    fn new(stage: &'a Stage) -> Self {
        let (naked_since, naked) = (None, Duration::ZERO);
        let looked = Instant::now();
        Self { stage, ledger: Value::Null, status: None, looked, naked_since, naked }
    }

    /// Looks until something is so; gives the moment.
    fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) -> Instant {
        let since = Instant::now();
        loop {
            self.look();
            if is_so(self) {
                return Instant::now();
            }
            let status = self.status.clone().unwrap_or_default();
            let said = self.stage.said();
            assert!(since.elapsed() < PATIENCE, "no {what}: {status} {} {said}", self.ledger);
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    fn pause(&mut self, span: Duration) {
        let since = Instant::now();
        while since.elapsed() < span {
            self.look();
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    fn look(&mut self) {
        self.ledger = self.stage.ledger();
        if self.looked.elapsed() > Duration::from_millis(40) || self.status.is_none() {
            self.looked = Instant::now();
            self.status = self.stage.status();
        }
        self.check_orders();
        self.check_naked();
    }

    /// At no moment two entries of one pair, or more bought than the permit allows.
    fn check_orders(&self) {
        let mut live = BTreeSet::new();
        for order in self.orders().filter(|order| order["side"] == "BUY" && is_open(order)) {
            let symbol = text(&order["symbol"]).to_owned();
            assert!(live.insert(symbol), "two live entries: {order} {}", self.ledger);
        }
        let mut cost: BTreeMap<&str, f64> = BTreeMap::new();
        for order in self.orders().filter(|order| order["side"] == "BUY") {
            let left = if is_open(order) {
                (number(&order["origQty"]) - number(&order["executedQty"]))
                    * number(&order["price"])
            } else {
                0.0
            };
            let sum = cost.entry(text(&order["symbol"])).or_default();
            *sum += number(&order["cummulativeQuoteQty"]) + left;
        }
        // `risk.order.max_notional`, the most that a permit allows.
        assert!(cost.values().all(|cost| *cost <= 150.0), "{cost:?}: {}", self.ledger);
    }

    /// A holding has a resting sale, or a trader that has taken it up and watches its stop.
    fn check_naked(&mut self) {
        let holds = self.holdings().any(|(_, worth)| worth > 5.0);
        let resting = self.orders().any(|order| order["side"] == "SELL" && is_open(order));
        let watched = self.stage.is_alive()
            && self.status.as_ref().is_some_and(|status| {
                status["positions"].as_array().is_some_and(|positions| !positions.is_empty())
            });
        if !holds || resting || watched {
            self.naked_since = None;
            return;
        }
        let since = *self.naked_since.get_or_insert_with(Instant::now);
        self.naked = self.naked.max(since.elapsed());
        assert!(self.naked < NAKED_MAX, "held without a way out: {}", self.ledger);
    }

    fn is_in(&self, phase: Phase) -> bool {
        match phase {
            Phase::Arming => self.targets().any(|target| {
                ["ready", "armed"].contains(&text(&target["state"])) && !target["permit"].is_null()
            }),
            Phase::Fire => self.targets().any(|target| {
                let opens_at = target["opens_at"].as_i64().unwrap_or(i64::MAX);
                !target["permit"].is_null() && opens_at - now_ns() < 40_000_000
            }),
            Phase::Unacknowledged => self.orders().any(|order| order["side"] == "BUY"),
            Phase::PartFilled => self
                .orders()
                .any(|order| order["side"] == "BUY" && order["status"] == "PARTIALLY_FILLED"),
            Phase::InExit => self.orders().any(|order| order["side"] == "SELL"),
        }
    }

    fn status_after_epoch(&self, epoch: u64) -> Option<&Value> {
        let later = |status: &&Value| status["epoch"].as_u64() > Some(epoch);
        self.status.as_ref().filter(later)
    }

    fn status_of_epoch(&self, epoch: u64) -> Option<&Value> {
        self.status.as_ref().filter(|status| status["epoch"] == epoch)
    }

    /// Every pair has opened, nothing is on the book, and every target is over.
    fn is_over(&self) -> bool {
        let now = now_ns();
        let opened =
            |target: &Value| target["opens_at"].as_i64().unwrap_or(0) + 11_000_000_000 < now;
        let over = |target: &Value| {
            ["completed", "failed", "expired", "missed", "cancelled"]
                .contains(&text(&target["state"]))
        };
        self.targets().count() == LISTINGS
            && self.targets().all(|target| opened(target) && over(target))
            && !self.orders().any(is_open)
    }

    /// By a ledger that is younger than the status which says that every target is over: the last
    /// sale may lie between the two that were looked at together.
    fn check_end(&mut self, seed: u64, phase: Phase) {
        self.ledger = self.stage.ledger();
        assert!(!self.orders().any(is_open), "seed {seed}, {phase:?}: {}", self.ledger);
        assert_eq!(self.ledger["balanced"], true, "seed {seed}, {phase:?}: {}", self.ledger);
        for (asset, worth) in self.holdings() {
            assert!(worth < 2.0, "seed {seed}, {phase:?}: {asset} worth {worth} is forgotten");
        }
        let bought = self.orders().filter(|order| order["side"] == "BUY");
        let bought = bought.filter(|order| number(&order["executedQty"]) > 0.0).count();
        assert!(bought > 0, "seed {seed}, {phase:?}: nothing was bought: {}", self.ledger);
        let ids: Vec<&str> = self.orders().map(|order| text(&order["clientOrderId"])).collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "seed {seed}, {phase:?}: an id was given twice");
        say(format_args!(
            "seed {seed}, {phase:?}: {} orders, {} deals, at most {} ms without a way out",
            ids.len(),
            self.ledger["deals"].as_array().map_or(0, Vec::len),
            self.naked.as_millis()
        ));
    }

    fn orders(&self) -> impl Iterator<Item = &Value> {
        self.ledger["orders"].as_array().into_iter().flatten()
    }

    fn targets(&self) -> impl Iterator<Item = &Value> {
        self.status.iter().flat_map(|status| status["targets"].as_array().into_iter().flatten())
    }

    /// The listed coins that the account holds, with their worth at the last own price.
    fn holdings(&self) -> impl Iterator<Item = (&str, f64)> {
        let account = self.ledger["accounts"].as_array().into_iter().flatten();
        let account = account.filter(|account| account["house"] == false);
        let balances =
            account.flat_map(|account| account["balances"].as_array().into_iter().flatten());
        balances.filter_map(|balance| {
            let asset = text(&balance["asset"]);
            let price = self.last_price(asset)?;
            Some((asset, (number(&balance["free"]) + number(&balance["locked"])) * price))
        })
    }

    fn last_price(&self, asset: &str) -> Option<f64> {
        let deals = self.ledger["deals"].as_array()?;
        let pair = format!("{asset}USDT");
        let deal = deals.iter().rev().find(|deal| deal["symbol"] == pair.as_str())?;
        Some(number(&deal["price"]))
    }
}

fn is_open(order: &Value) -> bool {
    ["NEW", "PARTIALLY_FILLED"].contains(&text(&order["status"]))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value) -> f64 {
    text(value).parse().unwrap_or(0.0)
}

fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_nanos()).expect("before 2262")
}

/// Openings of a run.
const LISTINGS: usize = 2;

/// An exchange and a supervised trader as processes of their own.
struct Stage {
    run: Process,
    address: String,
    _exchange: Process,
    folder: TempDir,
}

impl Stage {
    fn start(phase: Phase, seed: u64) -> Self {
        Self::told_to(Stdio::null(), phase, seed)
    }

    /// The trader's output goes to a pipe that nobody holds the other end of.
    fn heard_by_nobody(phase: Phase, seed: u64) -> Self {
        let mut stage = Self::told_to(Stdio::piped(), phase, seed);
        drop(stage.run.0.stdout.take());
        stage
    }

    fn told_to(said: Stdio, phase: Phase, seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scenario = folder.path().join("scenario.toml");
        std::fs::write(&scenario, scenario_of(phase)).unwrap();
        let seed = seed.to_string();
        let args = ["--seed", &seed, "--scenario", scenario.to_str().unwrap()];
        let (_exchange, address) = support::exchange(&args);
        let run = Process(trader(&address, folder.path(), phase, said));
        Self { run, address, _exchange, folder }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The trader's process: the only child of the supervisor.
    fn trader_pid(&self) -> Option<u32> {
        child_of(self.run.id())
    }

    /// The same trader once more, as `run` or as `trader`.
    fn again(&self, word: &str) -> Command {
        command_of(word, &self.address, self.folder.path(), Phase::Arming)
    }

    fn is_alive(&self) -> bool {
        self.trader_pid().is_some()
    }

    /// The trader that it killed.
    fn kill_trader(&self) -> u32 {
        let pid = self.trader_pid().expect("a trader runs");
        self.kill_pid(pid);
        pid
    }

    fn kill_pid(&self, pid: u32) -> Instant {
        signal("KILL", pid);
        Instant::now()
    }

    /// The process that the supervisor starts instead of `pid`.
    fn next_trader(&self, pid: u32) -> u32 {
        let since = Instant::now();
        loop {
            if let Some(next) = self.trader_pid().filter(|next| *next != pid) {
                return next;
            }
            assert!(since.elapsed() < PATIENCE, "no trader after {pid}: {}", self.said());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn status(&self) -> Option<Value> {
        let mut command = shrike(&["status", "--json", "--data"]);
        let output = command.arg(self.data()).stdin(Stdio::null()).output().ok()?;
        serde_json::from_slice(&output.stdout).ok().filter(|status: &Value| status.is_object())
    }

    fn shrike(&self, words: &[&str]) -> Value {
        let mut command = shrike(&words[..1]);
        let output = command.arg(self.data()).args(&words[1..]).output().unwrap();
        serde_json::from_slice(&output.stdout).expect("a document")
    }

    /// The exchange's own books.
    fn ledger(&self) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = "GET /_shrike/ledger HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();
        let at = reply.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        serde_json::from_slice(&reply[at..]).expect("a ledger")
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("errors")).unwrap_or_default()
    }

    fn end(&mut self) {
        assert_eq!(self.run.end(), Some(0), "{}", self.said());
    }
}

/// The demo's first two listings, closer together; what the phase needs besides.
fn scenario_of(phase: Phase) -> String {
    let text = std::fs::read_to_string(root().join("config/sim/demo.toml")).unwrap();
    let mut table: toml::Table = text.parse().unwrap();
    let listings = table["listings"].as_array_mut().unwrap();
    listings.truncate(LISTINGS);
    for (at, listing) in listings.iter_mut().enumerate() {
        let listing = listing.as_table_mut().unwrap();
        let opens_after = 9_000 + 1_000 * i64::try_from(at).unwrap();
        listing.insert("opens_after_ms".into(), opens_after.into());
        if phase == Phase::PartFilled {
            let asks = listing["asks"].as_array_mut().unwrap();
            asks.truncate(1);
            // Half of what a permit buys: the rest of a limit order rests.
            let price: f64 = asks[0][0].as_str().unwrap().parse().unwrap();
            asks[0].as_array_mut().unwrap()[1] = format!("{:.0}", 55.0 / price).into();
            listing.insert("flow_after_ms".into(), 4_000.into());
        }
    }
    if phase == Phase::Unacknowledged {
        let rules = table["rules"].as_table_mut().unwrap();
        rules.insert("reply_delay_us".into(), 200_000.into());
        rules.insert("private_delay_us".into(), 200_000.into());
    }
    table.to_string()
}

/// The first child of a process.
fn child_of(id: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

fn trader(address: &str, folder: &Path, phase: Phase, said: Stdio) -> Child {
    let errors = std::fs::File::create(folder.join("errors")).unwrap();
    let mut command = command_of("run", address, folder, phase);
    command.stdout(said).stderr(errors).spawn().unwrap()
}

fn command_of(word: &str, address: &str, folder: &Path, phase: Phase) -> Command {
    let mut command = shrike(&[word, "--data"]);
    command.arg(folder.join("data"));
    command.envs(venue_at(address));
    // Signed orders, to this machine alone.
    command.env("SHRIKE__MODE", "demo");
    command.env("SHRIKE__VENUE__TLS", "false").env("SHRIKE__LOOP__WAIT", "park");
    for page in ["CALENDAR", "SYMBOLS", "EXCHANGE_INFO"] {
        command.env(format!("SHRIKE__SCOUT__{page}_MS"), "1000");
        command.env(format!("SHRIKE__SCOUT__{page}_NEAR_MS"), "1000");
    }
    command.env("SHRIKE__EXIT__TIME_STOP_S", "6");
    if phase == Phase::PartFilled {
        command.env("SHRIKE__ENTRY__KIND", "limit");
    }
    command.env("MEXC_MAIN_KEY", "demo-key").env("MEXC_MAIN_SECRET", "demo-secret");
    command
}
