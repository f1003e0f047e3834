//! `shrike verify`: the hash chain of a journal.

use std::path::PathBuf;

use clap::Args;
use journal::{Lost, LostWhy, Verified};
use serde_json::{Value, json};

use super::{CliError, Exit, Out, watched};

/// Check the hash chain of a journal and name the first bad record
#[derive(Debug, Args)]
#[command(after_help = "Exit code 0 when every record is what was written, else 1.\n\
                        Example: shrike verify data --json")]
pub(super) struct VerifyArgs {
    /// A data directory, its journal folder, or one segment
    journal: PathBuf,
}

pub(super) fn run(args: &VerifyArgs, out: &mut Out) -> Result<Exit, CliError> {
    let found = match watched("verifying", |_| journal::verify(&args.journal)) {
        Ok(found) => found,
        Err(error) if out.is_json() => {
            let reason = error.to_string();
            out.document(&json!({
                "ok": false, "records": 0, "first_bad_seq": null, "reason": reason, "pruned": [],
            }))?;
            return Ok(Exit::Failed);
        }
        Err(error) => return Err(CliError::failed(error)),
    };
    if out.is_json() {
        out.document(&document(&found))?;
    } else {
        print(&found, out)?;
    }
    Ok(if found.ok { Exit::Done } else { Exit::Failed })
}

fn document(found: &Verified) -> Value {
    let pruned = found.pruned.iter().map(|prune| {
        json!({ "family": prune.family.name(), "segment": prune.segment, "seq": prune.seq })
    });
    let lost = found.lost.iter();
    let lost = lost.map(|lost| json!({ "from": lost.from, "to": lost.to, "why": why(lost) }));
    json!({
        "ok": found.ok,
        "records": found.records,
        "first_bad_seq": found.first_bad_seq,
        "reason": found.reason(),
        "pruned": pruned.collect::<Vec<_>>(),
        "lost": lost.collect::<Vec<_>>(),
        "stopped": found.stopped,
    })
}

fn print(found: &Verified, out: &mut Out) -> Result<(), CliError> {
    let records = found.records;
    match (&found.first_bad_seq, found.reason()) {
        (None, _) => {
            let end = if found.stopped { "an orderly stop" } else { "no orderly stop" };
            out.line(format_args!("ok: {records} records, {end} at the end"))?;
        }
        (Some(seq), reason) => {
            out.line(format_args!("bad: record {seq} is the first that cannot be believed"))?;
            out.line(format_args!("  {}", reason.unwrap_or_default()))?;
            out.line(format_args!("  {records} records before it are good"))?;
            out.line(if found.damage {
                "  this is damage or an edit; keep a copy, and restore the folder from a backup"
            } else {
                "  this can be the tail of a crash; the next start goes on behind it"
            })?;
        }
    }
    for prune in &found.pruned {
        let (family, segment, seq) = (prune.family, prune.segment, prune.seq);
        out.line(format_args!("pruned: {family} up to segment {segment:08}, record {seq}"))?;
    }
    for lost in &found.lost {
        out.line(format_args!("not kept: records {} to {} ({})", lost.from, lost.to, why(lost)))?;
    }
    Ok(())
}

const fn why(lost: &Lost) -> &'static str {
    match lost.why {
        LostWhy::Pruned => "pruned",
        LostWhy::Gap => "gap",
        LostWhy::Crash => "crash",
        LostWhy::Unexplained => "unexplained",
    }
}
