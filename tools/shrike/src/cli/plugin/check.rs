//! `shrike plugin check`: would a module be taken, and why not.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use host::wasm::{self, Blueprint, CompileLimits, Compiler, Sandbox};
use plugins::signature::{self, Key};
use plugins::trial::{self, Trial, TrialError};
use settings::Settings;

use super::recorded::Recorded;
use super::report::Report;
use crate::cli::{CliError, Exit, Out, input, watched};

/// What the events are made up from when there is no journal.
const SEED: u64 = 1;

/// Say whether a module would be taken, and why not
#[derive(Debug, Args)]
#[command(
    after_help = "It is compiled in a process of its own, and two instances are shown the same events: \
                        those of a listing's life, made up, and with --journal all that a journal \
                        holds.\n\
                        Exit code 0 when it would be taken, 3 when it would be refused.\n\
                        Example: shrike plugin check dip_buyer.wasm --journal data"
)]
pub(super) struct CheckArgs {
    /// The module
    file: PathBuf,
    /// Show it the events of this data directory, journal folder or segment too
    #[arg(long, value_name = "DATA")]
    journal: Option<PathBuf>,
    /// Demand a signature by this key: a file minisign.pub, or the line in it that begins with RW
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// The file with the signature; FILE.minisig when not given
    #[arg(long, value_name = "FILE", requires = "key")]
    signature: Option<PathBuf>,
}

pub(super) fn run(args: &CheckArgs, out: &mut Out) -> Result<Exit, CliError> {
    let key = args.key.as_deref().map(read_key).transpose()?;
    let module = input::read(Some(&args.file))?;
    let mut report = Report::new(&args.file, &module);
    if let Some(key) = &key {
        let beside = signature::beside(&args.file);
        let file = args.signature.as_deref().unwrap_or(&beside);
        report.on_signature(key.verify_with(&module, file));
    }
    look(&mut report, &module, args.journal.as_deref())?;
    if out.is_json() {
        out.document(&report.document())?;
    } else {
        report.print(out)?;
    }
    Ok(report.exit())
}

/// A key as text, or the name of a file with one.
fn read_key(said: &str) -> Result<Key, CliError> {
    let text = match std::fs::read_to_string(said) {
        Ok(text) => text,
        Err(_) => said.to_owned(),
    };
    Key::parse(&text).map_err(|error| CliError::usage(format!("--key {said}: {error}")))
}

/// Looks at a module, compiles it in a child, and tries it on events.
///
/// # Errors
/// What has nothing to do with the module.
pub(super) fn look(
    report: &mut Report,
    module: &[u8],
    journal: Option<&Path>,
) -> Result<(), CliError> {
    match wasm::check(module) {
        Ok(checked) => report.on_checked(&checked),
        Err(refused) => return report.refuse(&refused),
    }
    let sandbox = Sandbox::new().map_err(CliError::failed)?;
    let compiler = compiler()?;
    let compiled = watched("compiling", |_| Blueprint::compile(&sandbox, module, &compiler, None));
    let blueprint = match compiled {
        Ok((blueprint, _)) => blueprint,
        Err(refused) => return report.refuse(&refused),
    };
    report.on_compiled(blueprint.checked().functions, blueprint.code_bytes());
    match watched("trying", |count| try_on_events(&blueprint, journal, count))? {
        Ok((trial, recorded)) => report.on_trial(trial, recorded),
        Err(error) => report.on_no_trial(&error)?,
    }
    Ok(())
}

/// This program as the child that compiles.
fn compiler() -> Result<Compiler, CliError> {
    let program = std::env::current_exe()
        .map_err(|error| CliError::failed(format!("cannot find this program: {error}")))?;
    let args = ["plugin", "compile"].map(OsString::from).to_vec();
    Ok(Compiler { program, args, limits: CompileLimits::default() })
}

/// The trial on events made up, then on those of the journal; how many of those there were.
fn try_on_events(
    blueprint: &Blueprint,
    journal: Option<&Path>,
    count: &std::sync::atomic::AtomicU64,
) -> Result<Result<(Trial, u64), TrialError>, CliError> {
    let standing = Settings::demo(&[]).map_err(CliError::failed)?.standing();
    let values = plugins::values(blueprint.manifest(), &[], true).map_err(CliError::failed)?;
    let made_up = trial::listing_life(SEED);
    let trial = match trial::run(blueprint, &standing, &values, made_up) {
        Ok(trial) => trial,
        Err(error) => return Ok(Err(error)),
    };
    let Some(journal) = journal.filter(|_| trial.passed()) else { return Ok(Ok((trial, 0))) };
    let (mut recorded, mut bad) = (0, None);
    let events = Recorded::open(journal, &mut recorded, &mut bad).map_err(CliError::failed)?;
    let watched = events.inspect(|_| {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    });
    let second = trial::run(blueprint, &standing, &values, watched);
    if let Some(bad) = bad {
        return Err(CliError::failed(format!("{}: {bad}", journal.display())));
    }
    Ok(second.map(|second| (trial.and(second), recorded)))
}
