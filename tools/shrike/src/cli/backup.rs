//! `shrike backup` and `shrike restore`.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use serde_json::json;

use super::control::Place;
use super::export::data_of;
use super::{CliError, Exit, Out, watched};
use crate::backup::{self, BackupError};

/// Copy the journal as it stands into one file, while the trader runs
#[derive(Debug, Args)]
#[command(after_help = "\
The file is a plain tar file: journal segments, blobs, and a manifest with the hash of each. It holds \
no key and no password. Keep it on another machine.\n\n\
Example: shrike backup --to /mnt/safe/shrike.tar")]
pub(super) struct BackupArgs {
    /// File to write, which must not exist; else one named by the time, in this folder
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// Put a backup's journal in the place of a data directory's, which must be older and not in use
#[derive(Debug, Args)]
#[command(after_help = "\
Everything is checked before anything is replaced; the journal that was there is kept beside under \
another name. The exchange may know later deals than the backup: the next start halts, sells and \
cancels but buys nothing, until `shrike resume`. Exit code 3 when a safety rule said no.\n\n\
Example: shrike restore /mnt/safe/shrike.tar --data data")]
pub(super) struct RestoreArgs {
    /// The backup
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

pub(super) fn take(args: &BackupArgs, out: &mut Out) -> Result<Exit, CliError> {
    let data = data_of(&args.place)?;
    let to = args.to.clone().unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        PathBuf::from(format!("shrike-backup-{}.tar", since.as_secs()))
    });
    let manifest = watched("copying, in KiB", |count| {
        backup::take(&data, &to, |bytes| {
            count.fetch_add(bytes.div_ceil(1024), Ordering::Relaxed);
        })
    });
    let manifest = manifest.map_err(error_of)?;
    let bytes: u64 = manifest.files.iter().map(|member| member.len).sum();
    let (files, last_seq) = (manifest.files.len(), manifest.last_seq);
    if out.is_json() {
        let to = to.display().to_string();
        out.document(&json!({
            "file": to, "last_seq": last_seq, "taken": manifest.taken, "files": files,
            "bytes": bytes, "instance": format!("{:06x}", manifest.instance),
        }))?;
    } else {
        let to = to.display();
        out.line(format_args!("{to}: {files} files, {bytes} bytes, up to record {last_seq}"))?;
    }
    Ok(Exit::Done)
}

pub(super) fn restore(args: &RestoreArgs, out: &mut Out) -> Result<Exit, CliError> {
    let data = data_of(&args.place)?;
    let restored = watched("checking and restoring", |_| backup::restore(&data, &args.file));
    let restored = restored.map_err(error_of)?;
    let manifest = &restored.manifest;
    let before = restored.before.as_ref().map(|path| path.display().to_string());
    if out.is_json() {
        out.document(&json!({
            "data": data.display().to_string(), "records": restored.records,
            "last_seq": manifest.last_seq, "taken": manifest.taken, "before": before,
        }))?;
        return Ok(Exit::Done);
    }
    let (data, records) = (data.display(), restored.records);
    out.line(format_args!("{data}: {records} records, as of {}", manifest.taken))?;
    if let Some(before) = before {
        out.line(format_args!("what was there is kept in {before}"))?;
    }
    out.line("the next start buys nothing until `shrike resume`: compare with the exchange first")?;
    Ok(Exit::Done)
}

fn error_of(error: BackupError) -> CliError {
    if error.is_refusal() { CliError::refused(error) } else { CliError::failed(error) }
}
