//! A journal through the same engine: the same inputs at the same times must give the same
//! actions, byte for byte.
//!
//! A run begins with what [`head`] makes: who runs, with which clocks, strategy and configuration.
//! [`Replayer`] takes record after record, from a file or from the running journal thread, and
//! keeps the first [`Difference`]; [`replay`] does so with a whole journal.
//!
//! [`recover`] reads the decisions alone for the state that the next start goes on from. A start
//! that went on from one has it in its own records, so each is replayed by itself.
//!
//! **Absent:** where plug-ins come from, the venue.
#![warn(missing_docs)]

mod error;
mod head;
mod recovery;
mod replayer;
mod report;

use std::path::Path;
use std::time::Instant;

use journal::{Fault, Reader};
use model::Strategies;
use settings::Settings;

pub use error::ReplayError;
pub use head::{Clocks, Head, HeadError, Origin, head, identity, read_config};
pub use recovery::{Recovered, Recovery, RecoveryError, parts_of, recover};
pub use replayer::Replayer;
pub use report::{Difference, Report};

/// Replays a data directory, its journal folder, or one segment. `make` gives the plug-ins of each
/// start, by the hashes in its origin, or says which it does not have.
///
/// Ends at the first difference. The torn last group of a process that died counts as the end.
///
/// # Errors
/// [`ReplayError`] when there is no journal, when a record cannot be believed or read, or when no
/// start of a process is in it. A difference is no error: see [`Report::equal`].
pub fn replay<S: Strategies>(
    path: &Path,
    make: impl FnMut(&Settings, &Origin) -> Result<S, String>,
) -> Result<Report, ReplayError> {
    replay_watched(path, make, &mut |_| {})
}

/// The same; `watch` hears the number of records taken so far, after each.
///
/// # Errors
/// As [`replay`].
pub fn replay_watched<S: Strategies>(
    path: &Path,
    make: impl FnMut(&Settings, &Origin) -> Result<S, String>,
    watch: &mut dyn FnMut(u64),
) -> Result<Report, ReplayError> {
    let start = Instant::now();
    let mut reader = Reader::open(path).map_err(ReplayError::Open)?;
    let mut replayer = Replayer::new(make);
    loop {
        match reader.read() {
            Ok(Some(record)) => replayer.take(&record)?,
            Ok(None) => break,
            Err(broken) if broken.fault == Fault::TornTail => break,
            Err(broken) => return Err(ReplayError::Broken(broken)),
        }
        watch(replayer.report().records);
        if !replayer.report().equal() {
            break;
        }
    }
    let report = replayer.finish()?;
    Ok(Report { elapsed: start.elapsed(), ..report })
}
