//! `shrike replay`: a journal through the same engine.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::Args;
use plugins::{Library, Shelf};
use replay::{Report, replay_watched};
use serde_json::{Value, json};
use settings::Settings;

use super::{CliError, Exit, Out, watched};

/// Run a journal through the same engine and compare every action
#[derive(Debug, Args)]
#[command(after_help = "Exit code 0 when every action is the journal's byte for byte, else 1.\n\
                        Example: shrike replay data --json")]
pub(super) struct ReplayArgs {
    /// A data directory or its journal folder
    journal: PathBuf,
}

pub(super) fn run(args: &ReplayArgs, out: &mut Out) -> Result<Exit, CliError> {
    let shelf = shelf(&args.journal)?;
    let report = watched("replaying", |count| {
        let mut watch = |records| count.store(records, Ordering::Relaxed);
        replay_watched(
            &args.journal,
            |settings, origin| shelf.plugins(settings, &origin.hashes()),
            &mut watch,
        )
    });
    let report = report.map_err(CliError::failed)?;
    if out.is_json() {
        out.document(&document(&report))?;
    } else {
        print(&report, out)?;
    }
    Ok(if report.equal() { Exit::Done } else { Exit::Failed })
}

/// Plug-ins by their hashes: those that were kept beside the journal, and the shipped ones.
fn shelf(journal: &Path) -> Result<Shelf, CliError> {
    // A data directory holds its journal, and what ran, side by side.
    let inside = journal.join("journal").is_dir();
    let data = if inside { Some(journal) } else { journal.parent() };
    let settings = Settings::demo(&[]).map_err(CliError::failed)?;
    let compiler = crate::trader::compiler().map_err(CliError::from)?;
    let data = data.unwrap_or(journal);
    let library = Library::new(compiler, data, &settings.plugins, false);
    library.map(Shelf::new).map_err(CliError::failed)
}

fn document(report: &Report) -> Value {
    let difference = report.difference.as_ref().map(|found| {
        json!({
            "seq": found.seq,
            "input_seq": found.input_seq,
            "expected": found.expected,
            "found": found.found,
        })
    });
    json!({
        "events": report.events,
        "ticks": report.ticks,
        "actions": report.actions,
        "equal": report.equal(),
        "first_difference": difference,
        "events_per_s": report.events_per_s(),
        "epochs": report.epochs,
        "skipped": report.skipped,
        "cut_steps": report.cut_steps,
    })
}

fn print(report: &Report, out: &mut Out) -> Result<(), CliError> {
    let Report { epochs, events, ticks, actions, skipped, cut_steps, .. } = report;
    match &report.difference {
        None => out.line(format_args!("equal: {actions} actions, byte for byte"))?,
        Some(difference) => {
            out.line(format_args!("different after {actions} equal actions: {difference}"))?;
        }
    }
    let rate = report.events_per_s();
    out.line(format_args!("{epochs} starts, {events} events, {ticks} ticks, {rate} a second"))?;
    if *skipped > 0 {
        out.line(format_args!(
            "{skipped} records were not compared: what stands before them was not kept"
        ))?;
    }
    if *cut_steps > 0 {
        out.line(format_args!("{cut_steps} last steps were cut off by the end of their process"))?;
    }
    Ok(())
}
