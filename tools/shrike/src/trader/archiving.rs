//! The archive of a data directory: beside a running trader, and for commands that read it.

use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use archive::{Archive, ArchiveError, ArchiveThread, View};

use crate::board::Board;

/// Begins the archive thread. A trader that gets none trades all the same, and says so.
pub fn start(
    data: &Path,
    durable: &Arc<AtomicU64>,
    board: &Arc<Mutex<Board>>,
) -> Option<ArchiveThread> {
    let thread = ArchiveThread::start(data, Arc::clone(durable));
    let thread = thread
        .inspect_err(|error| tracing::warn!(%error, "no archive thread; the trader goes on"))
        .ok()?;
    board.lock().unwrap_or_else(PoisonError::into_inner).set_archive(thread.gauge());
    Some(thread)
}

/// Brings the archive to the journal's end, where nothing runs that would. What goes wrong is a
/// warning: the journal has it all.
pub fn once(data: &Path) {
    if let Err(error) = catch_up(data) {
        tracing::warn!(%error, "the archive is not at the journal's end");
    }
}

/// Opens the archive for reading: after it was brought to the journal's end when nobody writes it,
/// as far as it is when a trader does.
///
/// # Errors
/// [`ArchiveError`] with the mend.
pub fn view(data: &Path) -> Result<View, ArchiveError> {
    match catch_up(data) {
        Ok(()) | Err(ArchiveError::InUse { .. }) => {}
        // What was read before the damage is worth being shown.
        Err(error @ ArchiveError::Broken(_)) => tracing::error!("{error}"),
        Err(error) => return Err(error),
    }
    View::open(data)
}

fn catch_up(data: &Path) -> Result<(), ArchiveError> {
    if !data.join("journal").is_dir() {
        let error = journal::OpenError::NotAJournal { path: data.to_owned() };
        return Err(ArchiveError::Open(error));
    }
    let mut archive = Archive::open(data)?;
    archive.catch_up(u64::MAX)?;
    archive.close()
}
