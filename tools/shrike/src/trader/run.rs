//! `shrike trader`: the trader by configuration, in this process.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;
use model::Mode;
use serde_json::json;
use settings::Settings;

use super::assembly::{Assembly, Plan};
use crate::cli::{CliError, Exit, Out};
use crate::conform;
use crate::keys::{self, Keyring, venue_key};
use crate::modes;

/// What says how a trader runs.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Configuration; further files it includes are read too
    #[arg(long, value_name = "FILE", default_value = "config/trader.toml")]
    config: PathBuf,
    /// Data directory instead of the configuration's
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Real money: the file must say `mode = "live"` or `"live_min"` too
    #[arg(long)]
    live: bool,
}

impl RunArgs {
    /// The configuration, read and checked.
    ///
    /// # Errors
    /// [`CliError`]: usage, with everything that is wrong.
    pub(crate) fn settings(&self) -> Result<Settings, CliError> {
        let env: Vec<(String, String)> = std::env::vars().collect();
        let files = [self.config.clone()];
        let settings = Settings::load(&files, &env, &[]).map_err(CliError::usage)?;
        check_mode(&settings, self)?;
        Ok(settings)
    }

    /// Where everything is kept.
    pub(crate) fn data_dir(&self, settings: &Settings) -> PathBuf {
        self.data.clone().unwrap_or_else(|| settings.data_dir.clone())
    }

    /// The same words for another process.
    pub(crate) fn as_words(&self) -> Vec<OsString> {
        let mut words = vec!["--config".into(), self.config.clone().into_os_string()];
        if let Some(data) = &self.data {
            words.extend(["--data".into(), data.clone().into_os_string()]);
        }
        if self.live {
            words.push("--live".into());
        }
        words
    }
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]: usage for a configuration, refused for a mode that is not allowed.
pub fn run(args: &RunArgs, out: &mut Out) -> Result<Exit, CliError> {
    outlive_the_session()?;
    let settings = args.settings()?;
    let admitted = modes::admit(&settings, &args.data_dir(&settings)).map_err(CliError::refused)?;
    let real = matches!(settings.mode, Mode::Live | Mode::LiveMin);
    if real {
        keys::no_dumps();
    }
    let unproved = match real {
        true => conform::before_trading(&settings, &args.data_dir(&settings))?,
        false => Vec::new(),
    };
    let mut ring = Keyring::new(&settings);
    let plan = plan(args, settings, &mut ring)?;
    let doubts = match real {
        true => keys::before_trading(&plan.settings, &plan.keys, &mut ring)?,
        false => keys::Doubts::default(),
    };
    drop(ring);
    let mut assembly = Assembly::new(&plan, admitted)?;
    if doubts.hold {
        assembly
            .hold("it is not known that every key may not withdraw")
            .map_err(CliError::failed)?;
    }
    for note in unproved.iter().chain(&doubts.notes).chain(&assembly.notes) {
        out.tell(&json!({ "state": "starting", "note": note }), note);
    }
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&assembly.stop))
            .map_err(|error| CliError::failed(format_args!("signals: {error}")))?;
    }
    let beside = assembly.start_beside(&plan).map_err(CliError::failed)?;
    let mode = plan.settings.mode.name();
    let data = assembly.data_dir().display().to_string();
    out.tell(
        &json!({ "state": "running", "mode": mode, "data": data }),
        format_args!("running in {mode} mode, data in {data}"),
    );
    let finished = assembly.run().map_err(CliError::failed)?;
    beside.stop();
    let why = format!("{:?}", finished.ended);
    out.tell(&json!({ "state": "stopped", "why": why }), format_args!("stopped in order: {why}"));
    Ok(Exit::Done)
}

/// A terminal that hangs up must not leave positions without their stops: SIGHUP is heard and
/// nothing follows. Whoever wants an end says so with SIGTERM or SIGINT.
pub(crate) fn outlive_the_session() -> Result<(), CliError> {
    let unread = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGHUP, unread)
        .map(|_| ())
        .map_err(|error| CliError::failed(format_args!("signals: {error}")))
}

/// Real money needs two words.
fn check_mode(settings: &Settings, args: &RunArgs) -> Result<(), CliError> {
    let real = matches!(settings.mode, Mode::Live | Mode::LiveMin);
    let mode = settings.mode.name();
    match (real, args.live) {
        (true, false) => {
            return Err(CliError::refused(format_args!(
                "the configuration says mode = {mode:?}; real money also needs --live on the line"
            )));
        }
        (false, true) => {
            return Err(CliError::refused(format_args!(
                "--live was given, but the configuration says mode = {mode:?}; set mode = \
                 \"live_min\" first"
            )));
        }
        (true, true) | (false, false) => {}
    }
    Ok(())
}

/// On paper no key is read: nothing could be signed.
fn plan(args: &RunArgs, settings: Settings, ring: &mut Keyring) -> Result<Plan, CliError> {
    let mut keys = Vec::with_capacity(settings.accounts.len());
    for account in settings.accounts.iter().filter(|_| settings.mode != Mode::Paper) {
        keys.push(venue_key(&ring.fetch(&account.key)?)?);
    }
    Ok(Plan { data_dir: args.data_dir(&settings), settings, keys, operator: operator() })
}

/// Who runs it.
pub(crate) fn operator() -> String {
    std::env::var("USER").unwrap_or_else(|_| "operator".to_owned())
}
