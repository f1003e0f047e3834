//! `shrike run`: keeps a trader running in a process of its own, so that nothing that happens to one
//! is the end of the other.
//!
//! The first restart is immediate, later ones wait longer. A trader that ends by itself, or that
//! refuses its configuration, is not started again. Neither process ends because its output is closed
//! or its terminal hangs up. When this process dies the trader goes on under
//! its lock, and the next `shrike run` waits for its end before it starts another. What a restart
//! must not do again and again is the trader's own rule ([`super::starts`]), so that it holds under
//! any supervisor.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::run::{RunArgs, outlive_the_session};
use crate::cli::{CliError, Exit, Out};

/// How often the child is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// The wait before the second restart; doubles up to [`WAIT_MAX`].
const WAIT: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(30);
/// A trader that lived so long starts the waits anew.
const LIVED: Duration = Duration::from_secs(60);
/// A second supervisor of one data directory is refused by this lock.
const LOCK: &str = "run.lock";

/// Runs the command.
///
/// # Errors
/// [`CliError`]: usage for a configuration, refused when another supervisor is there.
pub(crate) fn run(args: &RunArgs, out: &mut Out) -> Result<Exit, CliError> {
    outlive_the_session()?;
    let settings = args.settings()?;
    let data = args.data_dir(&settings);
    let _lock = lock(&data)?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| CliError::failed(format_args!("signals: {error}")))?;
    }
    wait_for_the_other(&data, &stop, out);
    let mut restarts = Restarts::default();
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let mut child = spawn(args, out.is_json())?;
        let status = watch(&mut child, &stop)?;
        if let Some(exit) = is_final(status, stop.load(Ordering::Relaxed)) {
            return exit;
        }
        let wait = restarts.next(begun.elapsed());
        say(out, status, wait);
        sleep(wait, &stop);
    }
    Ok(Exit::Done)
}

/// How long to wait before a restart.
#[derive(Debug, Default)]
struct Restarts {
    in_a_row: u32,
}

impl Restarts {
    fn next(&mut self, lived: Duration) -> Duration {
        self.in_a_row = if lived >= LIVED { 0 } else { self.in_a_row };
        let doublings = self.in_a_row.checked_sub(1);
        self.in_a_row += 1;
        doublings.map_or(Duration::ZERO, |n| WAIT.saturating_mul(1 << n.min(5)).min(WAIT_MAX))
    }
}

fn lock(data: &Path) -> Result<File, CliError> {
    let failed = |error| CliError::failed(format_args!("{}: {error}", data.display()));
    // For this user alone, as the trader would make it.
    DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(failed)?;
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).open(data.join(LOCK));
    let file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(CliError::refused(format_args!(
            "{} is run by another `shrike run`; stop that one first, or name another --data",
            data.display()
        ))),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// A trader whose supervisor died is left to trade: this one takes over when it ends.
fn wait_for_the_other(data: &Path, stop: &AtomicBool, out: &mut Out) {
    let mut told = false;
    while journal::DataDir::is_in_use(data) && !stop.load(Ordering::Relaxed) {
        if !std::mem::replace(&mut told, true) {
            let text = "a trader runs on this data directory already; it is left alone, and \
                        another starts when it ends";
            out.tell(&json!({ "state": "adopted", "note": text }), text);
        }
        std::thread::sleep(LOOK);
    }
}

fn spawn(args: &RunArgs, json: bool) -> Result<Child, CliError> {
    let program = std::env::current_exe();
    let program =
        program.map_err(|error| CliError::failed(format_args!("our own path: {error}")))?;
    let mut command = Command::new(program);
    command.arg("trader").args(args.as_words());
    if json {
        command.arg("--json");
    }
    command.spawn().map_err(|error| CliError::failed(format_args!("the trader: {error}")))
}

/// Waits for the child's end; a stop is passed on to it.
fn watch(child: &mut Child, stop: &AtomicBool) -> Result<ExitStatus, CliError> {
    let failed = |error| CliError::failed(format_args!("the trader: {error}"));
    let mut told = false;
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            return Ok(status);
        }
        if stop.load(Ordering::Relaxed) && !std::mem::replace(&mut told, true) {
            let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            // It may have ended in between: the next look says so.
            let _ = pid.map(|pid| kill_process(pid, Signal::TERM));
        }
        std::thread::sleep(LOOK);
    }
}

/// How `run` ends with its trader; `None` when another is to be started.
fn is_final(status: ExitStatus, stopped: bool) -> Option<Result<Exit, CliError>> {
    match status.code() {
        Some(0) => Some(Ok(Exit::Done)),
        // It has said why on the error output that it shares with us.
        Some(2) => Some(Ok(Exit::Usage)),
        Some(3) => Some(Ok(Exit::Refused)),
        _ if stopped => Some(Ok(Exit::Failed)),
        _ => None,
    }
}

fn say(out: &mut Out, status: ExitStatus, wait: Duration) {
    let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    let why = status.to_string();
    out.tell(
        &json!({ "state": "restarting", "why": why, "wait_ms": wait_ms }),
        format_args!("the trader died ({why}); another starts in {wait_ms} ms"),
    );
}

fn sleep(wait: Duration, stop: &AtomicBool) {
    let until = Instant::now() + wait;
    while Instant::now() < until && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_first_restart_is_immediate_and_later_ones_wait_up_to_half_a_minute() {
        let mut restarts = Restarts::default();
        let waits: Vec<u64> =
            (0..8).map(|_| restarts.next(Duration::from_secs(1)).as_secs()).collect();
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(restarts.next(LIVED), Duration::ZERO, "a long life starts them anew");
        assert_eq!(restarts.next(Duration::ZERO), WAIT);
    }

    #[test]
    fn a_data_directory_that_is_made_is_for_this_user_alone() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("a/b");
        lock(&data).unwrap();
        for path in [dir.path().join("a"), data] {
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", path.display());
        }
    }

    #[test]
    fn a_second_supervisor_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let first = lock(dir.path()).unwrap();
        let error = lock(dir.path()).unwrap_err();
        assert!(error.to_string().contains("another `shrike run`"), "{error}");
        drop(first);
        lock(dir.path()).unwrap();
    }
}
