//! The demo over real sockets: exchange, trader, scout and journal as they run for real.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use exchange::{Config, Handle, Server, ServerConfig};
use serde_json::Value;
use settings::Settings;
use sim::Endings;
use venue::sign::Credentials;

use super::scenario::{self, Scenario};
use super::{Stage, report};
use crate::board::Board;
use crate::cli::{CliError, Exit, Out};
use crate::modes;
use crate::trader::assembly::{Assembly, Plan};

/// Longest wait for streams, clock and balances after the start.
const READY_MAX: Duration = Duration::from_secs(20);
/// From readiness to the first opening.
const FIRST_OPENING: Duration = Duration::from_secs(8);
/// Between openings.
const APART: Duration = Duration::from_secs(3);
/// Longest life of a position: its time stop, and a generous while to sell.
const LIFE_MAX: Duration = Duration::from_secs(40);
/// How often the board is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(super) fn run(stage: &Stage, headless: bool, out: &mut Out) -> Result<Exit, CliError> {
    let exchange = start_exchange(stage)?;
    let plan = plan(stage, exchange.addr())?;
    let admitted = modes::admit(&plan.settings, &plan.data_dir).map_err(CliError::refused)?;
    let mut assembly = Assembly::new(&plan, admitted)?;
    let mut voice = Voice::new(out.is_json());
    for note in &assembly.notes {
        voice.say(out, note)?;
    }
    let beside = assembly.start_beside(&plan).map_err(CliError::failed)?;
    let (board, stop, sender) =
        (Arc::clone(&assembly.board), Arc::clone(&assembly.stop), assembly.sender.clone());
    let journal = assembly.journal_dir();
    let data = assembly.data_dir().to_owned();
    voice.say(out, &format!("exchange on {}, data in {}", exchange.addr(), data.display()))?;
    let hot = thread::Builder::new()
        .name("hot".to_owned())
        .spawn(move || assembly.run())
        .map_err(|error| CliError::failed(format_args!("the hot thread: {error}")))?;
    let watched = watch(stage, headless, &exchange, &board, &mut voice, out);
    stop.store(true, Ordering::Release);
    sender.wake();
    let ended = hot.join().map_err(|_| CliError::failed("the hot thread broke"))?;
    ended.map_err(CliError::failed)?;
    beside.stop();
    watched?;
    let (mut document, status) = {
        let board = lock(&board);
        (board.demo(stage.seed, &data, &journal), board.status())
    };
    if let Some(scenario) = &stage.scenario {
        scenario.judge(&mut document, &status, |pair| {
            let pair = pair.to_owned();
            exchange.with(move |exchange| exchange.ending(0, &pair)).unwrap_or_default()
        });
    }
    drop(exchange);
    report::print(&document, out)?;
    match &stage.scenario {
        None => Ok(report::exit(&document, stage.listings)),
        Some(_) => scenario::conclude(&document, out),
    }
}

fn start_exchange(stage: &Stage) -> Result<Handle, CliError> {
    let exchange = match &stage.scenario {
        None => Config::default(),
        // Its listings come when the trader is ready.
        Some(scenario) => Config { listings: Vec::new(), ..scenario.config.clone() },
    };
    let config = ServerConfig { exchange, seed: stage.seed, ..ServerConfig::default() };
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::bind(any, &config).map_err(CliError::failed)?;
    server.spawn().map_err(CliError::failed)
}

fn plan(stage: &Stage, addr: SocketAddr) -> Result<Plan, CliError> {
    let set = |key: &str, path: &str| (key.to_owned(), format!("{addr}{path}"));
    let places = [
        set("venue.rest", ""),
        set("venue.web", ""),
        set("venue.ws", "/ws"),
        set("venue.futures_ws", "/edge"),
    ];
    let (settings, keys) = match &stage.scenario {
        None => {
            let keys = vec![("demo-key".to_owned(), "demo-secret".to_owned())];
            (Settings::demo(&places), keys)
        }
        Some(scenario) => (Endings::settings(&places), scenario.keys()),
    };
    Ok(Plan {
        settings: settings.map_err(CliError::usage)?,
        data_dir: stage.data.clone(),
        keys: keys
            .iter()
            .map(|(key, secret)| Credentials::new(key, secret.as_bytes()))
            .collect::<Result<_, _>>()
            .map_err(CliError::failed)?,
        operator: "demo".to_owned(),
    })
}

/// Waits for readiness, lets the listings begin, and waits for their end.
fn watch(
    stage: &Stage,
    headless: bool,
    exchange: &Handle,
    board: &Arc<Mutex<Board>>,
    voice: &mut Voice,
    out: &mut Out,
) -> Result<(), CliError> {
    await_ready(board)?;
    let listings = stage.listings;
    let scripted = stage.scenario.as_ref().map(|scenario| scenario.config.listings.clone());
    let scheduled = exchange.with(move |exchange| {
        let now = exchange.now();
        match scripted {
            None => exchange.schedule_demo(listings, now),
            Some(scripted) => exchange.schedule(&scripted, now),
        }
    });
    match scheduled {
        Some(Ok(())) => {}
        Some(Err(error)) => return Err(CliError::failed(error)),
        None => return Err(CliError::failed("the exchange has ended")),
    }
    let stopped = stop_signal()?;
    if let Some(scenario) = &stage.scenario {
        voice.say(out, &format!("ready: {listings} listings by their schedule"))?;
        return watch_scenario(scenario, board, &stopped, voice, out);
    }
    voice.say(out, &format!("ready: {listings} listings open from 8 s on, 3 s apart"))?;
    let openings = APART * u32::try_from(listings).unwrap_or(u32::MAX);
    let give_up = Instant::now() + FIRST_OPENING + openings + LIFE_MAX;
    while Instant::now() < give_up && !stopped.load(Ordering::Relaxed) {
        thread::sleep(LOOK_EVERY);
        voice.tell_changes(out, &lock(board).status())?;
        let (over, all) = lock(board).targets_over();
        if over >= listings && all {
            break;
        }
    }
    if !headless && !out.is_json() {
        voice.say(out, "every listing is over")?;
    }
    Ok(())
}

/// Waits until each pair is where the file expects it, or its time is over.
fn watch_scenario(
    scenario: &Scenario,
    board: &Arc<Mutex<Board>>,
    stopped: &AtomicBool,
    voice: &mut Voice,
    out: &mut Out,
) -> Result<(), CliError> {
    // The origin is the next full second.
    let origin = Instant::now() + Duration::from_secs(1);
    let give_up = origin + Duration::from_millis(scenario.last_ms());
    while Instant::now() < give_up && !stopped.load(Ordering::Relaxed) {
        thread::sleep(LOOK_EVERY);
        let status = lock(board).status();
        voice.tell_changes(out, &status)?;
        let after = Instant::now().saturating_duration_since(origin).as_millis();
        if scenario.is_over(&status, u64::try_from(after).unwrap_or(u64::MAX)) {
            break;
        }
    }
    Ok(())
}

/// Entries are allowed once nothing blocks them.
fn await_ready(board: &Arc<Mutex<Board>>) -> Result<(), CliError> {
    let until = Instant::now() + READY_MAX;
    loop {
        let status = lock(board).status();
        let blocks = &status["blocks"];
        if blocks.as_array().is_some_and(Vec::is_empty) {
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(CliError::failed(format_args!(
                "not ready after {} s; entries wait for {blocks}",
                READY_MAX.as_secs()
            )));
        }
        thread::sleep(LOOK_EVERY);
    }
}

fn stop_signal() -> Result<Arc<AtomicBool>, CliError> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&flag))
            .map_err(|error| CliError::failed(format_args!("signals: {error}")))?;
    }
    Ok(flag)
}

fn lock(board: &Arc<Mutex<Board>>) -> std::sync::MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is said while it runs; nothing when a document is wanted.
#[derive(Debug)]
struct Voice {
    silent: bool,
    start: Instant,
    told: BTreeMap<String, String>,
}

impl Voice {
    fn new(silent: bool) -> Self {
        Self { silent, start: Instant::now(), told: BTreeMap::new() }
    }

    fn say(&mut self, out: &mut Out, line: &str) -> Result<(), CliError> {
        if self.silent {
            return Ok(());
        }
        let since = self.start.elapsed();
        out.line(format_args!(
            "{:>3}.{:01} s  {line}",
            since.as_secs(),
            since.subsec_millis() / 100
        ))?;
        out.flush()
    }

    fn tell_changes(&mut self, out: &mut Out, status: &Value) -> Result<(), CliError> {
        let targets = status["targets"].as_array().cloned().unwrap_or_default();
        for target in targets {
            let symbol = target["symbol"].as_str().unwrap_or("?").to_owned();
            let state = target["state"].as_str().unwrap_or("?").to_owned();
            if self.told.get(&symbol) != Some(&state) {
                self.say(out, &format!("{symbol:<12} {state}"))?;
                self.told.insert(symbol, state);
            }
        }
        Ok(())
    }
}
