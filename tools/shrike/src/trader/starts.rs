//! The crash-loop rule: three starts within a minute, each of which died before it had allowed
//! entries or within ten seconds after, and the next one begins in safe mode: it cancels and sells
//! and buys nothing until an operator resumes.
//!
//! The rule lives in the trader's own start, so it holds under any supervisor. One small file counts
//! the starts that came to nothing; a start that lasted empties it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// In the data directory.
const NAME: &str = "starts.json";
/// Starts that died, within [`WITHIN`], that make the next one a safe one.
const MANY: usize = 3;
const WITHIN: Duration = Duration::from_secs(60);
/// Entries must have been allowed for so long.
const LASTING: Duration = Duration::from_secs(10);
/// How often it is looked whether they are.
const LOOK: Duration = Duration::from_millis(500);

/// Starts of which nothing has come yet, in milliseconds since the epoch.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    starts: Vec<u64>,
}

/// The starts of one data directory.
#[derive(Clone, Debug)]
pub(crate) struct Starts {
    path: PathBuf,
}

impl Starts {
    /// Of a data directory whose lock is held.
    pub(crate) fn of(data: &Path) -> Self {
        Self { path: data.join(NAME) }
    }

    /// Counts this start; `true` when it must be a safe one.
    ///
    /// # Errors
    /// What the operating system answers. A file that cannot be read as one counts as empty.
    pub(crate) fn begin(&self) -> io::Result<bool> {
        self.begin_at(now_ms())
    }

    fn begin_at(&self, now: u64) -> io::Result<bool> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let mut kept: Kept = serde_json::from_str(&text).unwrap_or_default();
        let within = u64::try_from(WITHIN.as_millis()).unwrap_or(u64::MAX);
        // A clock that was set back keeps what it cannot place.
        kept.starts.retain(|at| now.saturating_sub(*at) <= within);
        let safe = kept.starts.len() >= MANY;
        kept.starts.push(now);
        self.write(&kept)?;
        Ok(safe)
    }

    /// This start lasted, or ended in order.
    ///
    /// # Errors
    /// What the operating system answers.
    pub(crate) fn settle(&self) -> io::Result<()> {
        self.write(&Kept::default())
    }

    fn write(&self, kept: &Kept) -> io::Result<()> {
        let temporary = self.path.with_extension("json.tmp");
        std::fs::write(&temporary, serde_json::to_string(kept)?)?;
        std::fs::rename(&temporary, &self.path)
    }

    /// Settles once `allowed` has said yes for ten seconds in a row, from a thread of its own that
    /// ends with what is given back.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(crate) fn watch(
        self,
        allowed: impl Fn() -> bool + Send + 'static,
    ) -> io::Result<StartsWatch> {
        let (running, ended) = mpsc::channel::<()>();
        let thread = std::thread::Builder::new().name("starts".to_owned()).spawn(move || {
            let mut since = Duration::ZERO;
            while ended.recv_timeout(LOOK) == Err(mpsc::RecvTimeoutError::Timeout) {
                since = if allowed() { since + LOOK } else { Duration::ZERO };
                if since >= LASTING {
                    if let Err(error) = self.settle() {
                        tracing::warn!(%error, "this start still counts as one that died");
                    }
                    return;
                }
            }
        })?;
        Ok(StartsWatch { _running: running, _thread: thread })
    }
}

/// The thread of [`Starts::watch`].
#[derive(Debug)]
pub(crate) struct StartsWatch {
    _running: mpsc::Sender<()>,
    _thread: JoinHandle<()>,
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fourth_start_within_a_minute_of_three_that_died_is_a_safe_one() {
        let dir = tempfile::tempdir().unwrap();
        let starts = Starts::of(dir.path());
        let safe = |at| starts.begin_at(at).unwrap();
        assert_eq!([safe(1_000), safe(11_000), safe(21_000)], [false; 3]);
        assert!(safe(31_000));
        assert!(!safe(131_000), "those lie more than a minute back");
    }

    #[test]
    fn a_start_that_lasted_and_an_orderly_end_count_for_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let starts = Starts::of(dir.path());
        for at in 0..5 {
            assert!(!starts.begin_at(at).unwrap());
            starts.settle().unwrap();
        }
    }

    #[test]
    fn a_file_that_is_none_is_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(NAME), "{").unwrap();
        assert!(!Starts::of(dir.path()).begin_at(5).unwrap());
    }
}
