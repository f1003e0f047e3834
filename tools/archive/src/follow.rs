//! The writer: follows the journal's segments and applies what it reads, in transactions.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use journal::{Broken, Checkpoint, Family, Fault, Kind, Reader, RecordView};
use model::Mono;
use rusqlite::Connection;

use crate::ArchiveError;
use crate::database::{WriteLock, file_of, open_to_write};
use crate::project::{Projection, Reached};
use crate::schema::clear;

/// Records of one transaction while there is much to do.
const BATCH: u32 = 100_000;

/// The archive of one data directory, open for writing. One process at a time has it.
#[derive(Debug)]
pub struct Archive {
    data: PathBuf,
    file: PathBuf,
    inode: Option<u64>,
    db: Connection,
    projection: Projection,
    reader: Option<Reader>,
    /// A record that was read and may not be applied yet.
    held: Option<Held>,
    /// The chain after the last record applied.
    reached: Reached,
    /// Records in the open transaction; none is open while it is 0.
    pending: u32,
    batch: u32,
    _lock: WriteLock,
}

#[derive(Debug)]
struct Held {
    seq: u64,
    at: Mono,
    kind: Kind,
    payload: Vec<u8>,
    reached: Reached,
}

/// How far an archive is, and what it could not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// The last decision applied.
    pub seq: u64,
    /// Records that could not be read.
    pub undecodable: u64,
    /// Figures of pairs whose scale was unknown; they are null.
    pub unscaled: u64,
    /// When the last record was made, in nanoseconds of the exchange's clock.
    pub last_at: Option<i64>,
}

impl Archive {
    /// Opens the archive of a data directory, makes it where there is none, migrates an older one.
    ///
    /// # Errors
    /// [`ArchiveError`] for a file that is not ours, of a later version or damaged, and while
    /// another process writes.
    pub fn open(data: &Path) -> Result<Self, ArchiveError> {
        let lock = WriteLock::take(data)?;
        let file = file_of(data);
        let db = open_to_write(&file)?;
        let projection = Projection::load(&db)?;
        let reached = reached_of(&projection);
        Ok(Self {
            data: data.to_owned(),
            inode: inode_of(&file),
            file,
            db,
            projection,
            reader: None,
            held: None,
            reached,
            pending: 0,
            batch: BATCH,
            _lock: lock,
        })
    }

    /// With this many records a transaction, at least 1. What is in the tables does not depend on
    /// it.
    #[must_use]
    pub fn with_batch(mut self, records: u32) -> Self {
        self.batch = records.max(1);
        self
    }

    /// How far it is.
    pub fn stand(&self) -> Stand {
        let meta = self.projection.meta();
        Stand {
            seq: meta.position.seq,
            undecodable: meta.undecodable,
            unscaled: meta.unscaled,
            last_at: meta.last_at,
        }
    }

    /// Whether the file that is open is still the one in the data directory.
    pub fn is_in_place(&self) -> bool {
        inode_of(&self.file) == self.inode
    }

    /// Applies every decision up to number `through` that the segments hold; gives how many. An
    /// archive of another history, such as that of a journal that was restored, begins again.
    ///
    /// # Errors
    /// [`ArchiveError`]: what was committed stays, and asking again goes on from there.
    pub fn catch_up(&mut self, through: u64) -> Result<u64, ArchiveError> {
        let first = match self.follow(through) {
            Ok(count) => return Ok(count),
            Err(error) => error,
        };
        self.give_up()?;
        // Segments behind a failed write are written again: one more look tells.
        let ArchiveError::Broken(broken) = first else { return Err(first) };
        if self.is_of_another_history(&broken.fault) {
            tracing::warn!(%broken, "the archive is not of this journal: it is made again");
            self.begin_again()?;
        }
        let second = self.follow(through);
        if second.is_err() {
            self.give_up()?;
        }
        second
    }

    /// Empties the tables; the next [`catch_up`](Self::catch_up) begins at the first record.
    ///
    /// # Errors
    /// [`ArchiveError::Sql`].
    pub fn begin_again(&mut self) -> Result<(), ArchiveError> {
        let change = self.db.transaction()?;
        clear(&change)?;
        change.commit()?;
        self.load()
    }

    /// Applies one record that does not come from the segments: for tests and for measuring.
    /// `false` when it was applied before.
    ///
    /// # Errors
    /// [`ArchiveError::Sql`].
    pub fn apply(&mut self, record: &RecordView<'_>) -> Result<bool, ArchiveError> {
        self.begin()?;
        let fresh = self.projection.apply(&self.db, record)?;
        self.count()?;
        Ok(fresh)
    }

    /// Ends the open transaction, if the records are between two frames of the venue.
    ///
    /// # Errors
    /// [`ArchiveError::Sql`].
    pub fn commit(&mut self) -> Result<(), ArchiveError> {
        if self.pending == 0 || !self.projection.is_between_frames() {
            return Ok(());
        }
        self.projection.flush(&self.db, self.reached)?;
        self.db.execute_batch("COMMIT")?;
        self.pending = 0;
        Ok(())
    }

    /// Commits and folds the log into the file. The archive is whole without it.
    ///
    /// # Errors
    /// [`ArchiveError::Sql`].
    pub fn close(mut self) -> Result<(), ArchiveError> {
        self.commit()?;
        if self.pending > 0 {
            self.db.execute_batch("ROLLBACK")?;
        }
        let folded = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        folded.map_err(ArchiveError::sql("checkpoint"))
    }

    fn follow(&mut self, through: u64) -> Result<u64, ArchiveError> {
        let mut count = 0;
        if let Some(held) = self.held.take() {
            if held.seq > through {
                self.held = Some(held);
                return Ok(0);
            }
            let Held { seq, at, kind, payload, reached } = held;
            let view = RecordView { seq, at, family: Family::Decisions, kind, payload: &payload };
            self.begin()?;
            count += u64::from(self.projection.apply(&self.db, &view)?);
            self.reached = reached;
            self.count()?;
        }
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => self.open_reader()?,
        };
        let ended = self.read_on(&mut reader, through, &mut count);
        // A reader that was opened before the first segment was made never finds it.
        let begun = reader.position(Family::Decisions).is_some_and(|at| at != (0, 0));
        self.reader = begun.then_some(reader);
        ended?;
        self.commit()?;
        Ok(count)
    }

    /// At the segment that was read last; the chain must pass the point that was reached.
    fn open_reader(&self) -> Result<Reader, ArchiveError> {
        let Reached { head, segment } = self.reached;
        if head.frames == 0 {
            return Reader::open_decisions(&self.data).map_err(ArchiveError::Open);
        }
        let from =
            Checkpoint { segment, seq: head.seq, head, machine_boot: [0; 16], state: Vec::new() };
        let reader = Reader::open_decisions_from(&self.data, &from).map_err(ArchiveError::Open)?;
        match reader.position(Family::Decisions) {
            // Nothing at all, or a later beginning: the journal is another, or was cut out of.
            Some((found, _)) if found > segment => {
                let (family, seq) = (Family::Decisions, head.seq + 1);
                let fault = Fault::MissingSegment;
                Err(ArchiveError::Broken(Broken { family, segment, offset: 0, seq, fault }))
            }
            _ => Ok(reader),
        }
    }

    fn read_on(
        &mut self,
        reader: &mut Reader,
        through: u64,
        count: &mut u64,
    ) -> Result<(), ArchiveError> {
        loop {
            let record = match reader.read() {
                Ok(Some(record)) => record,
                Ok(None) => return Ok(()),
                // The writer is at it, or was when it died.
                Err(broken) if broken.fault == Fault::TornTail => return Ok(()),
                Err(broken) => return Err(ArchiveError::Broken(broken)),
            };
            if record.seq > through {
                let RecordView { seq, at, kind, payload, .. } = record;
                let payload = payload.to_vec();
                let reached = Reached::by(reader);
                self.held = Some(Held { seq, at, kind, payload, reached });
                return Ok(());
            }
            if self.pending == 0 {
                self.db.execute_batch("BEGIN IMMEDIATE")?;
                self.pending = 1;
            }
            let fresh = self.projection.apply(&self.db, &record)?;
            *count += u64::from(fresh);
            if fresh {
                self.reached = Reached::by(reader);
            }
            self.count()?;
        }
    }

    fn begin(&mut self) -> Result<(), ArchiveError> {
        if self.pending == 0 {
            self.db.execute_batch("BEGIN IMMEDIATE")?;
            self.pending = 1;
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), ArchiveError> {
        self.pending += 1;
        if self.pending > self.batch { self.commit() } else { Ok(()) }
    }

    /// Whether the journal does not pass the point that this archive was at.
    fn is_of_another_history(&self, fault: &Fault) -> bool {
        let ours = self.reached.head.frames;
        match *fault {
            Fault::Rewritten { frames } => frames == ours,
            Fault::Truncated { attested, .. } => attested == ours,
            Fault::TornTail
            | Fault::Altered
            | Fault::Cut { .. }
            | Fault::MissingSegment
            | Fault::Chain
            | Fault::Foreign { .. }
            | Fault::Version { .. }
            | Fault::Order { .. }
            | Fault::Hole { .. }
            | Fault::Io { .. } => false,
        }
    }

    /// Forgets the open transaction and all that was read for it.
    fn give_up(&mut self) -> Result<(), ArchiveError> {
        if self.pending > 0 {
            // SQLite has rolled back by itself where its own error was the cause.
            let _ = self.db.execute_batch("ROLLBACK");
        }
        self.load()
    }

    fn load(&mut self) -> Result<(), ArchiveError> {
        (self.reader, self.held, self.pending) = (None, None, 0);
        self.projection = Projection::load(&self.db)?;
        self.reached = reached_of(&self.projection);
        Ok(())
    }
}

fn reached_of(projection: &Projection) -> Reached {
    let meta = projection.meta();
    Reached { head: meta.position, segment: meta.segment }
}

fn inode_of(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|found| found.ino())
}
