//! `shrike config`: the configuration checked, shown and described.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use settings::{Fault, LoadError, Problem, Settings, Shown};

use super::{CliError, Exit, Out};

/// Check, show or describe the configuration
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Say whether it would be taken, and everything that is wrong with it
    #[command(after_help = "Exit code 0 when it would be taken, else 2.\n\
                            Example: shrike config check --config config/trader.toml")]
    Check(Files),
    /// Print every key with its value and who said it
    #[command(after_help = "Example: shrike config show --json")]
    Show(Files),
    /// Print the JSON Schema of the configuration
    #[command(after_help = "Example: shrike config schema > schema.json")]
    Schema,
}

#[derive(Debug, Args)]
struct Files {
    /// A file; may be said more than once. Those in its `include` are read too
    #[arg(long = "config", value_name = "FILE", default_value = "config/trader.toml")]
    files: Vec<PathBuf>,
}

pub(super) fn run(args: &ConfigArgs, out: &mut Out) -> Result<Exit, CliError> {
    match &args.what {
        What::Check(files) => check(files, out),
        What::Show(files) => show(files, out),
        What::Schema => out.line(Settings::schema()).map(|()| Exit::Done),
    }
}

fn load(files: &Files) -> Result<Settings, LoadError> {
    // A variable of ours has an ASCII name and a value that is text.
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let env: Vec<(String, String)> = std::env::vars_os().filter_map(text).collect();
    Settings::load(&files.files, &env, &[])
}

fn check(files: &Files, out: &mut Out) -> Result<Exit, CliError> {
    let loaded = load(files);
    if out.is_json() {
        return check_json(&loaded, out);
    }
    let settings = loaded.map_err(CliError::usage)?;
    let (mode, keys) = (settings.mode.name(), settings.shown().len());
    out.line(format_args!("ok: {keys} keys, mode {mode}, hash {}", hash(&settings)))?;
    Ok(Exit::Done)
}

fn check_json(loaded: &Result<Settings, LoadError>, out: &mut Out) -> Result<Exit, CliError> {
    match loaded {
        Ok(settings) => {
            let (mode, hash) = (settings.mode.name(), hash(settings));
            out.document(&json!({ "ok": true, "mode": mode, "hash": hash, "problems": [] }))?;
            Ok(Exit::Done)
        }
        Err(error) => {
            let problems: Vec<Value> = error.problems.iter().map(problem).collect();
            out.document(&json!({ "ok": false, "problems": problems }))?;
            Ok(Exit::Usage)
        }
    }
}

fn problem(problem: &Problem) -> Value {
    let (value, nearest) = match &problem.fault {
        Fault::Unknown { seen, nearest } => (Some(seen), nearest.as_ref()),
        Fault::WrongType { seen, .. } | Fault::OutOfRange { seen, .. } => (Some(seen), None),
        Fault::Unreadable { .. }
        | Fault::Syntax { .. }
        | Fault::Missing { .. }
        | Fault::Twice { .. }
        | Fault::Count { .. }
        | Fault::NotAReference { .. }
        | Fault::LooksSecret { .. }
        | Fault::Clash { .. } => (None, None),
    };
    json!({
        "source": problem.source.as_ref().map(ToString::to_string),
        "key": problem.key,
        "value": value,
        "nearest": nearest,
        "message": problem.to_string(),
    })
}

fn show(files: &Files, out: &mut Out) -> Result<Exit, CliError> {
    let settings = load(files).map_err(CliError::usage)?;
    if !out.is_json() {
        out.line(settings.show().trim_end())?;
        return Ok(Exit::Done);
    }
    let keys: Vec<Value> = settings.shown().iter().map(row).collect();
    out.document(&json!({ "hash": hash(&settings), "keys": keys }))?;
    Ok(Exit::Done)
}

fn row(shown: &Shown) -> Value {
    json!({
        "key": shown.key,
        "value": value(&shown.value),
        "unit": shown.unit,
        "source": shown.source.to_string(),
        "local": shown.local,
        "in_force": shown.in_force.as_deref().map(value),
    })
}

/// A value as it is written in a file, as JSON has it.
fn value(written: &str) -> Value {
    let document = format!("value = {written}").parse::<toml::Table>().ok();
    let value = document.and_then(|mut table| table.remove("value"));
    value.and_then(|value| serde_json::to_value(value).ok()).unwrap_or_else(|| written.into())
}

fn hash(settings: &Settings) -> String {
    settings.hash().iter().map(|byte| format!("{byte:02x}")).collect()
}
