//! The journal thread's body: ring to segments, in groups, with a report of what is durable.
//!
//! A group of decisions ends in a commit frame and one `fdatasync`. Market records are synced more
//! rarely. Nothing here waits for the producer, and nothing makes the producer wait.

mod chain;
mod failure;
mod groups;
mod open;
mod report;
mod retention;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use model::{Mono, Span};

use crate::Family;
use crate::disk::{Disk, HostDisk};
use crate::payload::Gap;
use crate::reader::{Anchor, write_heads};
use crate::ring::{Consumer, Leftover, RingBroken};
use chain::{Chain, Point};
use failure::RESERVE_SPARE;

pub use open::Opened;
pub use report::{DiskError, Health, Observer, Status, Trouble, WriterError};
use retention::Pruning;

/// Records taken in one go.
const BATCH: usize = 1 << 16;

/// Whose journal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Of the data directory.
    pub instance: u32,
    /// Of this process; greater than any in the journal.
    pub epoch: u32,
    /// The machine's boot id; zero under a virtual clock.
    pub machine_boot: [u8; 16],
}

/// What makes a group durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncPolicy {
    /// `fdatasync`, before `drain` returns.
    Disk,
    /// The clock: a group counts as durable this long after it was written. For `--virtual` and
    /// simulation; the disk is synced once, at the end.
    Virtual {
        /// How long.
        takes: Span,
    },
}

/// Sizes and times of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterSettings {
    /// Bytes of a segment of either family.
    pub segment_bytes: u64,
    /// Bytes reserved for decisions on a full disk.
    pub reserve_bytes: u64,
    /// Bytes that must be free besides, to start and to leave the reserve.
    pub free_min_bytes: u64,
    /// Least time between the beginnings of two groups of decisions.
    pub decisions_sync: Span,
    /// The same of market records.
    pub market_sync: Span,
    /// Time between two looks whether a full disk has room again.
    pub retry: Span,
    /// Bytes of market records that are kept at most, in whole segments; the one that is written is
    /// always kept.
    pub market_max_bytes: u64,
    /// Bytes of a family that may wait to be durable; more force a sync.
    pub tail_max_bytes: usize,
    /// What makes a group durable.
    pub policy: SyncPolicy,
}

impl Default for WriterSettings {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            reserve_bytes: 64 << 20,
            free_min_bytes: 128 << 20,
            decisions_sync: Span::from_millis(2),
            market_sync: Span::from_secs(1),
            retry: Span::from_secs(10),
            market_max_bytes: 20 << 30,
            tail_max_bytes: 4 << 20,
            policy: SyncPolicy::Disk,
        }
    }
}

impl WriterSettings {
    fn check(&self) -> Result<(), WriterError> {
        let least = [
            ("segment_bytes", self.segment_bytes, 1024),
            ("reserve_bytes", self.reserve_bytes, 4 * RESERVE_SPARE),
            ("tail_max_bytes", self.tail_max_bytes as u64, 4096),
        ];
        for (name, value, min) in least {
            if value < min {
                return Err(WriterError::Settings { name, value, min });
            }
        }
        Ok(())
    }
}

/// Writes one journal. Made at start, then driven by [`Writer::run`] or, under a virtual clock,
/// by [`Writer::drain`].
#[derive(Debug)]
pub struct Writer<D: Disk = HostDisk> {
    disk: D,
    dir: PathBuf,
    identity: Identity,
    /// Epoch that segments are headed with; the dead process's while its records are saved.
    epoch: u32,
    settings: WriterSettings,
    decisions: Chain<D::File>,
    market: Chain<D::File>,
    health: Health,
    market_stopped: bool,
    /// The file whose blocks are allocated, until it is used.
    reserve: Option<D::File>,
    now: Mono,
    gap_due: Option<Gap>,
    /// First decision that was not kept, while none are.
    lost_from: Option<u64>,
    through_seq: u64,
    durable_seq: u64,
    decisions_lost: u64,
    market_lost: u64,
    sync_from: Mono,
    market_sync_from: Mono,
    retry_from: Mono,
    in_flight: Option<InFlight>,
    ring_broken: Option<RingBroken>,
    pruning: Option<Pruning>,
}

/// A group that is durable when the virtual clock says so.
#[derive(Clone, Copy, Debug)]
struct InFlight {
    due: Mono,
    point: Point,
    bytes: usize,
    through_seq: u64,
}

/// What was saved of a dead process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Records that went from the ring to disk.
    pub saved: u64,
    /// Records that were on disk already.
    pub known: u64,
    /// What ended the reading of the ring, when it was not its end.
    pub broken: Option<RingBroken>,
}

impl<D: Disk> Writer<D> {
    /// Looks where the last process stopped, checks the disk, and reserves the last segment.
    ///
    /// Writes nothing yet: the first record begins a segment.
    ///
    /// # Errors
    /// [`WriterError`] for a disk that will not do or a journal that is damaged; a torn tail is
    /// reported in [`Opened`] and is no error.
    pub fn open(
        disk: D,
        dir: &Path,
        identity: Identity,
        settings: WriterSettings,
    ) -> Result<(Self, Opened), WriterError> {
        settings.check()?;
        let failed = |error| WriterError::Io { doing: "make", path: dir.to_owned(), error };
        disk.make_dir(dir).map_err(failed)?;
        let ends = open::find_ends(dir, &identity)?;
        if settings.policy == SyncPolicy::Disk {
            open::sync_ends(&disk, dir, &ends)?;
        }
        let reserve = open::preflight(&disk, dir, settings.reserve_bytes, settings.free_min_bytes)?;
        let chain = |family, point| Chain::new(family, point, settings.tail_max_bytes);
        let writer = Self {
            disk,
            dir: dir.to_owned(),
            identity,
            epoch: identity.epoch,
            settings,
            decisions: chain(Family::Decisions, ends.decisions),
            market: chain(Family::Market, ends.market),
            health: Health::Good,
            market_stopped: false,
            reserve: Some(reserve),
            gap_due: None,
            lost_from: None,
            through_seq: ends.opened.last_seq,
            durable_seq: ends.opened.last_seq,
            decisions_lost: 0,
            market_lost: 0,
            now: Mono::ZERO,
            sync_from: Mono::ZERO,
            market_sync_from: Mono::ZERO,
            retry_from: Mono::ZERO,
            in_flight: None,
            ring_broken: None,
            pruning: None,
        };
        Ok((writer, ends.opened))
    }

    /// Saves what a dead process left in the ring, before a ring of this process is made.
    ///
    /// # Errors
    /// [`WriterError::Recovery`] when the disk fails; the ring still has everything.
    pub fn recover(
        &mut self,
        leftover: &mut Leftover<'_>,
        last_epoch: u32,
        observer: &mut impl Observer,
    ) -> Result<Recovered, WriterError> {
        let mut found = Recovered { saved: 0, known: 0, broken: None };
        let ours = self.identity.epoch;
        if leftover.epoch() >= ours {
            return Err(WriterError::EpochUsed { ours, found: leftover.epoch() });
        }
        self.epoch = leftover.epoch().max(last_epoch);
        while let Some(record) = leftover.read() {
            if record.seq <= self.through_seq {
                found.known += 1;
                continue;
            }
            if record.seq > self.through_seq + 1 {
                let (from, to) = (self.through_seq + 1, record.seq - 1);
                self.gap_due = Some(Gap { family: Family::Decisions, from, to });
                self.write_gap(observer);
            }
            found.saved += 1;
            observer.on_record(&record);
            self.take(&record, observer);
        }
        found.broken = leftover.broken();
        self.seal_both(observer);
        self.epoch = ours;
        if self.health == Health::Good {
            Ok(found)
        } else {
            Err(WriterError::Recovery { health: self.health })
        }
    }

    /// The number that the next record gets: for the ring that this writer will drain.
    pub const fn next_seq(&self) -> u64 {
        self.through_seq + 1
    }

    /// Takes what is in the ring, writes it, and ends a group when its time has come. Returns how
    /// many records it took.
    pub fn drain(
        &mut self,
        now: Mono,
        consumer: &mut Consumer,
        observer: &mut impl Observer,
    ) -> usize {
        self.now = now;
        let mut count = 0;
        while count < BATCH {
            match consumer.read() {
                Ok(Some(record)) => {
                    observer.on_record(&record);
                    self.take(&record, observer);
                    count += 1;
                }
                Ok(None) => break,
                Err(broken) => {
                    self.report_ring(broken, observer);
                    break;
                }
            }
        }
        self.write_gap(observer);
        self.flush(observer);
        consumer.release();
        self.tick(now, observer);
        count
    }

    /// When `drain` has something to do although the ring is empty.
    pub fn poll_timeout(&self) -> Option<Mono> {
        if let Some(group) = &self.in_flight {
            return Some(group.due);
        }
        let decisions = self.decisions.uncommitted.then_some(self.sync_from);
        let market = self.market.uncommitted.then_some(self.market_sync_from);
        let retry = (self.health != Health::Good).then_some(self.retry_from);
        [decisions, market, retry].into_iter().flatten().min()
    }

    /// Drains until `stop` is set and the ring is empty, then closes.
    ///
    /// `idle` waits about a millisecond; the producer never wakes this thread.
    pub fn run(
        &mut self,
        consumer: &mut Consumer,
        observer: &mut impl Observer,
        stop: &AtomicBool,
        mut clock: impl FnMut() -> Mono,
        mut idle: impl FnMut(),
    ) {
        loop {
            let stopping = stop.load(Ordering::Acquire);
            let count = self.drain(clock(), consumer, observer);
            if stopping && count == 0 {
                break;
            }
            let (used, capacity) = consumer.fill();
            if used < capacity / 4 {
                idle();
            }
        }
        self.close(observer);
    }

    /// Makes everything durable and leaves the heads for the next `verify`.
    pub fn close(&mut self, observer: &mut impl Observer) {
        self.in_flight = None;
        self.write_gap(observer);
        self.sync_market(true, observer);
        self.sync_decisions(true, observer);
        if self.decisions.file.is_some() {
            // The group before is sure; a second commit says so, and takes the place of the last
            // group in which a broken byte could pass for a torn tail.
            self.commit(Family::Decisions);
            self.sync_decisions(true, observer);
        }
        self.trim_reserve();
        self.decisions.finish();
        self.market.finish();
        let head = |family, head| Anchor { family, head };
        let heads = [
            head(Family::Decisions, self.decisions.durable.head),
            head(Family::Market, self.market.durable.head),
        ];
        if let Err(error) = write_heads(&self.dir, &heads) {
            let error = DiskError::new("write the heads in", &self.dir, &error);
            observer.on_trouble(&Trouble::Close { error });
        }
    }

    /// The figures.
    pub const fn status(&self) -> Status {
        Status {
            health: self.health,
            drained_seq: self.through_seq,
            durable_seq: self.durable_seq,
            decisions_lost: self.decisions_lost,
            market_lost: self.market_lost,
            decisions_segment: self.decisions.tip.number,
            market_segment: self.market.tip.number,
        }
    }

    fn report_ring(&mut self, broken: RingBroken, observer: &mut impl Observer) {
        if self.ring_broken.is_none() {
            self.ring_broken = Some(broken);
            observer.on_trouble(&Trouble::RingBroken(broken));
        }
    }

    /// What is due at this time although no record asks for it.
    fn tick(&mut self, now: Mono, observer: &mut impl Observer) {
        if let Some(group) = self.in_flight.filter(|group| group.due <= now) {
            self.in_flight = None;
            self.decisions.settle(group.point, group.bytes);
            self.report_durable(group.through_seq, observer);
        }
        if self.market.uncommitted && now >= self.market_sync_from {
            self.market_sync_from = now.after(self.settings.market_sync);
            self.sync_market(false, observer);
        }
        if self.decisions.uncommitted && self.in_flight.is_none() && now >= self.sync_from {
            self.sync_from = now.after(self.settings.decisions_sync);
            match self.settings.policy {
                SyncPolicy::Disk => self.sync_decisions(false, observer),
                SyncPolicy::Virtual { takes } => self.begin_virtual(now.after(takes), observer),
            }
        }
        if self.health != Health::Good && now >= self.retry_from {
            self.retry_from = now.after(self.settings.retry);
            self.try_to_mend(observer);
        }
    }
}
