//! `shrike conform`: probes of the behaviours that the exchange's documentation leaves open, pinned
//! in the data directory and compared by later runs.

mod desk;
mod facts;
mod probes;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use model::Amount;
use runtime::Endpoint;
use serde_json::{Value, json};
use settings::Settings;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use venue::sign::Credentials;

use crate::cli::{CliError, Exit, Out};
use crate::dialling::{DialError, Dialling};
use crate::keys::{self, Keyring, venue_key, wall_ms};
use desk::Desk;
use facts::{Facts, Pinned, contradictions};
use probes::{PROBES, Seen};

pub(crate) use facts::before_trading;

/// Probe the exchange's doubtful behaviours, and compare them with those that were pinned
#[derive(Debug, Args)]
#[command(
    after_help = "Places about a dozen of the smallest orders, most of them far below the market, buys and \
                  sells once, and cancels everything at the end, also when a probe fails. On anything but \
                  an exchange on this machine it needs --live. No trader may run in the data directory: it \
                  would take these orders for somebody else's.\nExit code 0: all settled and as pinned, 1: \
                  a probe settled nothing or something is left at the exchange, 3: a fact differs from the \
                  pinned one (with --write it is pinned instead), or contradicts what the trader relies \
                  on. What a run that was killed left behind is cancelled by the next.\nExample: shrike conform --write"
)]
pub(crate) struct ConformArgs {
    /// Pin what was seen in venue_facts.toml of the data directory
    #[arg(long)]
    write: bool,
    /// Real money: needed for an exchange that is not on this machine
    #[arg(long)]
    live: bool,
    /// The pair to probe on; a busy one, never one that is to be traded
    #[arg(long, value_name = "PAIR", default_value = "BTCUSDT")]
    symbol: String,
    /// What all buys together may cost at most, were all of them filled; in the pair's quote asset
    #[arg(long, value_name = "AMOUNT", default_value = "30")]
    spend_max: String,
    /// Account whose key is used, by its name in the configuration; else the first
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Configuration
    #[arg(long, value_name = "FILE", default_value = "config/trader.toml")]
    config: PathBuf,
    /// Data directory instead of the configuration's
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]: usage for line and configuration, refused without `--live` or beside a trader,
/// failed when the exchange cannot be asked.
pub(crate) fn run(args: &ConformArgs, out: &mut Out) -> Result<Exit, CliError> {
    keys::no_dumps();
    let spend_max = checked(args)?;
    let env: Vec<(String, String)> = std::env::vars().collect();
    let mut settings =
        Settings::load(std::slice::from_ref(&args.config), &env, &[]).map_err(CliError::usage)?;
    choose(&mut settings, args.account.as_deref())?;
    let plan = plan(args, &settings, spend_max);
    let far = [&settings.venue.rest, &settings.venue.ws].iter().any(|place| !place.is_loopback());
    if far && !args.live {
        return Err(CliError::refused(format_args!(
            "{plan}.\n       That is not this machine: say so with --live"
        )));
    }
    let data = args.data.clone().unwrap_or_else(|| settings.data_dir.clone());
    let _lock = lock(&data, args.write)?;
    let pinned = Pinned::read(&data)?;
    let mut ring = Keyring::new(&settings);
    let account = &settings.accounts[0];
    let key = venue_key(&ring.fetch(&account.key)?)?;
    if far {
        check_key(&settings, &key, &mut ring)?;
    }
    say(out, &plan)?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| CliError::failed(format_args!("signals: {error}")))?;
    }
    let dialled = dial(&settings)?;
    let mut desk = Desk::open(dialled.0, key, &args.symbol, spend_max).map_err(CliError::failed)?;
    let mut found = probe(&mut desk, &dialled.1, &settings.venue.ws.path, &stop, out)?;
    found.left = desk.tidy();
    found.at_stake = desk.at_stake;
    finish(args, &settings, &data, pinned, &found, out)
}

fn checked(args: &ConformArgs) -> Result<Amount, CliError> {
    let pair = &args.symbol;
    if pair.is_empty() || !pair.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(CliError::usage(format_args!(
            "--symbol {pair:?} is no pair; write it as the exchange does, such as BTCUSDT"
        )));
    }
    let text = &args.spend_max;
    let amount = Amount::parse(text.as_bytes()).ok();
    amount
        .filter(|amount| (Amount::from_units(1)..=Amount::from_units(1_000)).contains(amount))
        .ok_or_else(|| {
            CliError::usage(format_args!("--spend-max {text:?} is no amount from 1 to 1000"))
        })
}

/// Leaves the chosen account as the only one.
fn choose(settings: &mut Settings, name: Option<&str>) -> Result<(), CliError> {
    let at = match name {
        None => 0,
        Some(name) => {
            let at = settings.accounts.iter().position(|account| account.name == name);
            at.ok_or_else(|| {
                let known: Vec<&str> =
                    settings.accounts.iter().map(|account| account.name.as_str()).collect();
                CliError::usage(format_args!("no account {name:?}; there is {}", known.join(", ")))
            })?
        }
    };
    let chosen = settings.accounts.swap_remove(at);
    settings.accounts = vec![chosen];
    Ok(())
}

/// What it is going to do, in words.
fn plan(args: &ConformArgs, settings: &Settings, spend_max: Amount) -> String {
    let (place, symbol) = (&settings.venue.rest, &args.symbol);
    format!(
        "probing {}:{} with account {:?}: about a dozen orders of {symbol} at the least that the \
         exchange takes, most of them 20 % below the market; one buys and is sold again; all that is \
         bought costs {spend_max} at most; everything is cancelled at the end",
        place.host, place.port, settings.accounts[0].name
    )
}

/// For people on the output, beside a document on the error output.
fn say(out: &mut Out, text: &str) -> Result<(), CliError> {
    if out.is_json() {
        // Nobody is left to tell when it is closed.
        let _ = writeln!(io::stderr(), "{text}");
        return Ok(());
    }
    out.line(text)?;
    out.flush()
}

/// With real money: a key that may withdraw is not used.
fn check_key(settings: &Settings, key: &Credentials, ring: &mut Keyring) -> Result<(), CliError> {
    let doubts = keys::before_trading(settings, std::slice::from_ref(key), ring)?;
    match doubts.hold {
        false => Ok(()),
        true => Err(CliError::refused(
            "it is not known that the key may not withdraw; see shrike keys check",
        )),
    }
}

/// The ways to REST and to the streams.
fn dial(settings: &Settings) -> Result<(Endpoint, Endpoint), CliError> {
    let wrong = |error: DialError| match error.is_configuration() {
        true => CliError::usage(error),
        false => CliError::failed(error),
    };
    let dialling = Dialling::new(settings).map_err(wrong)?;
    let account = settings.accounts.first();
    let rest = dialling.endpoint(&settings.venue.rest, account).map_err(wrong)?;
    let ws = dialling.endpoint(&settings.venue.ws, account).map_err(wrong)?;
    Ok((rest, ws))
}

/// Keeps a trader out of the data directory meanwhile. A directory that is not there is made for
/// what is to be written.
fn lock(data: &Path, write: bool) -> Result<Option<File>, CliError> {
    let named = |error: io::Error| CliError::failed(format_args!("{}: {error}", data.display()));
    match (data.is_dir(), write) {
        (false, false) => return Ok(None),
        (false, true) => {
            let mut maker = std::fs::DirBuilder::new();
            maker.recursive(true).mode(0o700).create(data).map_err(named)?;
        }
        (true, _) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(data.join("lock")).map_err(named)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(CliError::refused(format_args!(
            "a trader runs in {}; it would take the probes for somebody else's orders: stop it first",
            data.display()
        ))),
        Err(TryLockError::Error(error)) => Err(named(error)),
    }
}

/// What all probes came to.
#[derive(Debug)]
struct Found {
    seen: Vec<Seen>,
    /// What was looked at, and why it settled nothing.
    unsettled: Vec<(&'static str, String)>,
    /// What could not be put right at the end.
    left: Vec<String>,
    at_stake: Amount,
}

fn probe(
    desk: &mut Desk,
    ws: &Endpoint,
    path: &str,
    stop: &AtomicBool,
    out: &mut Out,
) -> Result<Found, CliError> {
    let mut found =
        Found { seen: Vec::new(), unsettled: Vec::new(), left: Vec::new(), at_stake: Amount::ZERO };
    for probe in PROBES {
        if stop.load(Ordering::Relaxed) {
            found.unsettled.push((probe.what, "stopped by a signal".to_owned()));
            continue;
        }
        match (probe.run)(desk, ws, path) {
            Ok(seen) => found.seen.extend(seen),
            Err(why) => found.unsettled.push((probe.what, why)),
        }
    }
    // What cannot be printed is no reason to leave orders behind.
    let _ = out.flush();
    Ok(found)
}

fn finish(
    args: &ConformArgs,
    settings: &Settings,
    data: &Path,
    pinned: Option<Pinned>,
    found: &Found,
    out: &mut Out,
) -> Result<Exit, CliError> {
    let facts: Facts =
        found.seen.iter().map(|seen| (seen.fact.to_owned(), seen.value.clone())).collect();
    let mut notes = Vec::new();
    let pinned = pinned.filter(|pinned| {
        let same = pinned.is_of(settings);
        if !same {
            notes.push(format!("what is pinned is about {}", pinned.place()));
        }
        same
    });
    let differences = pinned.as_ref().map_or(Vec::new(), |pinned| pinned.differences(&facts));
    let wrong = contradictions(&facts);
    let is_whole = found.unsettled.is_empty() && found.left.is_empty();
    let mut written = None;
    if args.write && is_whole {
        let now = Pinned::new(settings, &args.symbol, wall_ms(), facts.clone());
        written = Some(now.write(data)?.display().to_string());
    } else if args.write {
        notes.push("nothing was pinned: not everything was settled".to_owned());
    } else if pinned.is_none() {
        notes.push("nothing is pinned yet: shrike conform --write".to_owned());
    }
    if out.is_json() {
        let shown: Vec<Value> = found.seen.iter().map(shown).collect();
        let unsettled: Vec<Value> =
            found.unsettled.iter().map(|(what, why)| json!({ "what": what, "why": why })).collect();
        out.document(&json!({
            "facts": facts, "seen": shown, "unsettled": unsettled, "left": found.left,
            "differences": differences, "contradictions": wrong,
            "pinned_on": pinned.as_ref().map(|pinned| &pinned.seen_on), "written": written,
            "at_stake": found.at_stake.to_string(), "notes": notes,
        }))?;
    } else {
        for Seen { fact, value, note } in &found.seen {
            out.line(format_args!("{fact:<26} {value:<18} {note}").to_string().trim_end())?;
        }
        for (what, why) in &found.unsettled {
            out.line(format_args!("UNSETTLED {what}: {why}"))?;
        }
        for left in &found.left {
            out.line(format_args!("LEFT {left}"))?;
        }
        for difference in &differences {
            out.line(format_args!("DIFFERS {difference}"))?;
        }
        for one in &wrong {
            out.line(format_args!("CONTRADICTS {one}"))?;
        }
        for note in &notes {
            out.line(note)?;
        }
        if let Some(path) = &written {
            out.line(format_args!("pinned in {path}"))?;
        }
    }
    let differs = !differences.is_empty() && written.is_none();
    Ok(match () {
        () if differs || !wrong.is_empty() => Exit::Refused,
        () if !is_whole => Exit::Failed,
        () => Exit::Done,
    })
}

fn shown(seen: &Seen) -> Value {
    json!({ "fact": seen.fact, "value": seen.value, "note": seen.note })
}
