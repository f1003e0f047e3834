//! The journal thread's body: ring to segments, in groups, with a report of what is durable.
//!
//! A group of decisions ends in a commit frame and one `fdatasync`. Market records are synced more
//! rarely. Nothing here waits for the producer, and nothing makes the producer wait.

mod chain;
mod open;
mod report;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use model::{Mono, Span};

use crate::disk::{Disk, DiskFile, HostDisk};
use crate::frame::{HEAD_LEN, HEADER_LEN, SegmentHeader, segment_name};
use crate::payload::{Commit, Gap};
use crate::reader::{Anchor, write_heads};
use crate::ring::{Consumer, Leftover, RingBroken};
use crate::{Family, Kind, RecordView};
use chain::{Chain, Point, frames_of};
use open::RESERVE;

pub use open::Opened;
pub use report::{DiskError, Health, Observer, Status, Trouble, WriterError};

/// Records taken in one go.
const BATCH: usize = 1 << 16;
/// Bytes that are gathered before a write in the middle of a batch.
const GATHER: usize = 256 * 1024;
/// Room at the end of the reserved segment for the commits that close it.
const RESERVE_SPARE: u64 = 1024;

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

    fn take(&mut self, record: &RecordView<'_>, observer: &mut impl Observer) {
        match record.family {
            Family::Market => self.place_market(record, observer),
            Family::Decisions => self.place_decision(record, observer),
        }
        self.through_seq = record.seq;
        self.relieve(record.family, observer);
    }

    fn place_market(&mut self, record: &RecordView<'_>, observer: &mut impl Observer) {
        if !self.market_stopped
            && let Err(error) = self.room_for(record, observer)
        {
            self.stop_market(&error, observer);
        }
        if self.market_stopped {
            self.market_lost += 1;
        } else {
            self.market.append(record);
        }
    }

    fn place_decision(&mut self, record: &RecordView<'_>, observer: &mut impl Observer) {
        // The second try is in the reserve, which may be too small for the record or gone.
        for _ in 0..2 {
            if self.health == Health::Counting {
                return self.lose(record.seq);
            }
            match self.room_for(record, observer) {
                Ok(()) if self.health == Health::Counting => {}
                Ok(()) => return self.decisions.append(record),
                Err(error) => self.fail_over(error, observer),
            }
        }
        self.lose(record.seq);
    }

    /// Keeps the bytes that wait in memory within their bounds.
    fn relieve(&mut self, family: Family, observer: &mut impl Observer) {
        let full = self.chain(family).tail_len() > self.settings.tail_max_bytes;
        let gathered = self.chain(family).unwritten() > GATHER;
        match family {
            Family::Decisions if full => self.sync_decisions(false, observer),
            Family::Decisions if gathered => self.flush_decisions(observer),
            Family::Market if full => self.sync_market(false, observer),
            Family::Market if gathered => self.flush_market(observer),
            Family::Decisions | Family::Market => {}
        }
    }

    fn lose(&mut self, seq: u64) {
        self.decisions_lost += 1;
        self.lost_from.get_or_insert(seq);
    }

    /// Sees to it that the record's family has a segment with room for it.
    fn room_for(
        &mut self,
        record: &RecordView<'_>,
        observer: &mut impl Observer,
    ) -> Result<(), DiskError> {
        let needed = (HEAD_LEN + record.payload.len()) as u64;
        let in_reserve = self.health == Health::Reserve && record.family == Family::Decisions;
        let chain = self.chain(record.family);
        if chain.file.is_some() {
            if in_reserve {
                return self.room_in_reserve(needed);
            }
            if chain.tip.len + needed <= self.settings.segment_bytes
                || chain.tip.len == HEADER_LEN as u64
            {
                return Ok(());
            }
            match record.family {
                Family::Decisions => self.sync_decisions(true, observer),
                Family::Market => self.sync_market(true, observer),
            }
            if record.family == Family::Decisions && self.health >= Health::Reserve {
                // The sync failed and went over to the reserve, or to nothing.
                let counting = self.health == Health::Counting;
                return if counting { Ok(()) } else { self.room_in_reserve(needed) };
            }
            self.chain_mut(record.family).finish();
        }
        if record.family == Family::Market && self.market_stopped {
            return Ok(());
        }
        self.begin_segment(record.family, record.seq)
    }

    fn room_in_reserve(&self, needed: u64) -> Result<(), DiskError> {
        let limit = self.settings.reserve_bytes - RESERVE_SPARE;
        let fits = self.decisions.tip.len + needed <= limit;
        if fits { Ok(()) } else { Err(self.reserve_full()) }
    }

    fn reserve_full(&self) -> DiskError {
        let path = self.dir.join(segment_name(Family::Decisions, self.decisions.tip.number));
        let error = io::Error::from_raw_os_error(libc::ENOSPC);
        DiskError::new("write more to the reserved segment", &path, &error)
    }

    fn begin_segment(&mut self, family: Family, first_seq: u64) -> Result<(), DiskError> {
        let header = self.next_header(family, first_seq);
        let path = self.dir.join(segment_name(family, header.number));
        let file = self.disk.create(&path).or_else(|error| {
            if error.kind() != io::ErrorKind::AlreadyExists {
                return Err(error);
            }
            // Left by a failed attempt of this process: nothing in it was durable.
            self.disk.remove(&path)?;
            self.disk.create(&path)
        });
        let file = file.map_err(|error| DiskError::new("create", &path, &error))?;
        self.chain_mut(family).begin(file, &header);
        Ok(())
    }

    fn next_header(&self, family: Family, first_seq: u64) -> SegmentHeader {
        let chain = self.chain(family);
        SegmentHeader {
            family,
            number: chain.durable.number + 1,
            instance: self.identity.instance,
            epoch: self.epoch,
            first_seq,
            frames_before: chain.durable.head.frames,
            prev_len: chain.durable.len,
            prev_hash: chain.durable.head.hash,
            machine_boot: self.identity.machine_boot,
        }
    }

    const fn chain(&self, family: Family) -> &Chain<D::File> {
        match family {
            Family::Decisions => &self.decisions,
            Family::Market => &self.market,
        }
    }

    const fn chain_mut(&mut self, family: Family) -> &mut Chain<D::File> {
        match family {
            Family::Decisions => &mut self.decisions,
            Family::Market => &mut self.market,
        }
    }

    fn path_of(&self, family: Family) -> PathBuf {
        self.dir.join(segment_name(family, self.chain(family).tip.number))
    }

    fn flush(&mut self, observer: &mut impl Observer) {
        self.flush_market(observer);
        self.flush_decisions(observer);
    }

    fn flush_market(&mut self, observer: &mut impl Observer) {
        if let Err(error) = self.market.flush() {
            let error = DiskError::new("write to", &self.path_of(Family::Market), &error);
            self.stop_market(&error, observer);
        }
    }

    fn flush_decisions(&mut self, observer: &mut impl Observer) {
        if let Err(error) = self.decisions.flush() {
            let error = DiskError::new("write to", &self.path_of(Family::Decisions), &error);
            self.fail_over(error, observer);
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

    fn begin_virtual(&mut self, due: Mono, observer: &mut impl Observer) {
        self.commit(Family::Decisions);
        self.flush_decisions(observer);
        if self.health != Health::Counting {
            let (point, bytes) = (self.decisions.tip, self.decisions.tail_len());
            self.in_flight = Some(InFlight { due, point, bytes, through_seq: self.through_seq });
        }
    }

    /// Ends the group of a family with a commit.
    fn commit(&mut self, family: Family) {
        let commit = Commit {
            through_seq: self.through_seq,
            durable_frames: self.chain(family).durable.head.frames,
            other: self.chain(family.other()).durable.head,
        };
        let chain = self.chain_mut(family);
        chain.append_own(Kind::COMMIT, &commit.encode());
        chain.uncommitted = false;
    }

    /// Commits and syncs the decisions; `closing` also where the clock makes groups durable.
    fn sync_decisions(&mut self, closing: bool, observer: &mut impl Observer) {
        if self.decisions.file.is_none() {
            return;
        }
        self.in_flight = None;
        if self.decisions.uncommitted {
            self.commit(Family::Decisions);
        }
        match self.sync_chain(Family::Decisions, closing) {
            Ok(()) => self.report_durable(self.through_seq, observer),
            Err(error) => self.fail_over(error, observer),
        }
    }

    fn sync_market(&mut self, closing: bool, observer: &mut impl Observer) {
        if self.market.file.is_none() {
            return;
        }
        if self.market.uncommitted {
            self.commit(Family::Market);
        }
        if let Err(error) = self.sync_chain(Family::Market, closing) {
            self.stop_market(&error, observer);
        }
    }

    fn sync_chain(&mut self, family: Family, closing: bool) -> Result<(), DiskError> {
        let path = self.path_of(family);
        let real = closing || self.settings.policy == SyncPolicy::Disk;
        let name_unsure = self.chain(family).name_unsure;
        let chain = self.chain_mut(family);
        let done = if real { chain.sync() } else { chain.flush() };
        done.map_err(|error| DiskError::new("sync", &path, &error))?;
        if real && name_unsure {
            let named = self.disk.sync_dir(&self.dir);
            named.map_err(|error| DiskError::new("keep the name of", &path, &error))?;
            self.chain_mut(family).name_unsure = false;
        }
        let chain = self.chain_mut(family);
        let (point, bytes) = (chain.tip, chain.tail_len());
        chain.settle(point, bytes);
        Ok(())
    }

    fn report_durable(&mut self, seq: u64, observer: &mut impl Observer) {
        if seq > self.durable_seq {
            self.durable_seq = seq;
            observer.on_durable(seq);
        }
    }

    /// The disk does not take market records: go back to what is sure and keep no more.
    fn stop_market(&mut self, error: &DiskError, observer: &mut impl Observer) {
        if self.market_stopped {
            return;
        }
        self.retry_from = self.now.after(self.settings.retry);
        self.cut_back(Family::Market);
        let frames = self.market.give_up();
        self.market_lost += frames_of(&frames).filter(|frame| !frame.kind.is_own()).count() as u64;
        self.market_stopped = true;
        self.health = self.health.max(Health::MarketStopped);
        let from = self.market.durable.head.seq + 1;
        self.gap_due = Some(Gap { family: Family::Market, from, to: Gap::OPEN });
        observer.on_trouble(&Trouble::MarketStopped { from, error: error.clone() });
    }

    /// The disk does not take decisions: everything that is not sure goes to the reserve, once.
    fn fail_over(&mut self, error: DiskError, observer: &mut impl Observer) {
        if self.health == Health::Counting {
            return;
        }
        self.in_flight = None;
        self.retry_from = self.now.after(self.settings.retry);
        self.stop_market(&error, observer);
        if self.health == Health::Reserve {
            self.leave_reserve(error, observer);
            return;
        }
        let frames = self.decisions.give_up();
        self.health = Health::Reserve;
        match self.enter_reserve(&frames) {
            Ok(()) => {
                let left = self.settings.reserve_bytes.saturating_sub(self.decisions.tip.len);
                observer.on_trouble(&Trouble::Reserve { error, left });
                self.report_durable(self.through_of(&frames), observer);
            }
            Err(second) => self.count_from(&frames, Some(second), observer),
        }
    }

    /// The last decision among these frames, or what was durable before.
    fn through_of(&self, frames: &[u8]) -> u64 {
        frames_of(frames).map(|frame| frame.seq).max().unwrap_or(0).max(self.durable_seq)
    }

    /// The reserve is full or broken. What is sure in it stays; the rest is lost.
    fn leave_reserve(&mut self, error: DiskError, observer: &mut impl Observer) {
        let full = error.errno == Some(libc::ENOSPC);
        if full && self.decisions.file.is_some() {
            if self.decisions.uncommitted {
                self.commit(Family::Decisions);
            }
            if self.sync_chain(Family::Decisions, true).is_ok() {
                let through = self.decisions.durable.head.seq.max(self.durable_seq);
                self.report_durable(through, observer);
            }
        }
        self.cut_back(Family::Decisions);
        let frames = self.decisions.give_up();
        self.count_from(&frames, (!full).then_some(error), observer);
    }

    fn count_from(
        &mut self,
        frames: &[u8],
        error: Option<DiskError>,
        observer: &mut impl Observer,
    ) {
        self.cut_back(Family::Decisions);
        let _ = self.decisions.give_up();
        self.health = Health::Counting;
        for frame in frames_of(frames).filter(|frame| !frame.kind.is_own()) {
            self.lose(frame.seq);
        }
        let from = self.lost_from.unwrap_or(self.through_seq + 1);
        observer.on_trouble(&Trouble::Counting { from, error });
    }

    /// Begins the reserved segment, writes `frames` again, and makes them sure.
    fn enter_reserve(&mut self, frames: &[u8]) -> Result<(), DiskError> {
        let first = frames_of(frames).find(|frame| !frame.kind.is_own());
        let first_seq = first.map_or(self.decisions.durable.head.seq + 1, |frame| frame.seq);
        let header = self.next_header(Family::Decisions, first_seq);
        let path = self.dir.join(segment_name(Family::Decisions, header.number));
        let reserve = self.dir.join(RESERVE);
        let failed = |error: io::Error| DiskError::new("use the reserve as", &path, &error);
        let Some(file) = self.reserve.take() else {
            return Err(failed(io::Error::from_raw_os_error(libc::ENOSPC)));
        };
        self.disk.rename(&reserve, &path).map_err(failed)?;
        self.decisions.begin(file, &header);
        for frame in frames_of(frames).filter(|frame| frame.kind != Kind::COMMIT) {
            let end = self.decisions.tip.len + (HEAD_LEN + frame.payload.len()) as u64;
            if end > self.settings.reserve_bytes - RESERVE_SPARE {
                return Err(self.reserve_full());
            }
            self.decisions.append(&frame);
        }
        self.append_gap();
        self.commit(Family::Decisions);
        self.sync_chain(Family::Decisions, false)
    }

    /// Writes the record of a gap among the decisions, when one is due and they are being kept.
    fn write_gap(&mut self, observer: &mut impl Observer) {
        if self.gap_due.is_none() || self.health == Health::Counting {
            return;
        }
        if self.decisions.file.is_none()
            && let Err(error) = self.begin_segment(Family::Decisions, self.through_seq + 1)
        {
            self.fail_over(error, observer);
            return;
        }
        self.append_gap();
    }

    fn append_gap(&mut self) {
        if let Some(gap) = self.gap_due.take() {
            self.decisions.append_own(Kind::GAP, &gap.encode());
            self.decisions.uncommitted = true;
        }
    }

    /// Looks whether the disk has room for everything again.
    fn try_to_mend(&mut self, observer: &mut impl Observer) {
        let spent = if self.reserve.is_none() { self.settings.reserve_bytes } else { 0 };
        let needed = self.settings.free_min_bytes.saturating_add(spent);
        if !self.disk.free_bytes(&self.dir).is_ok_and(|free| free >= needed) {
            return;
        }
        if self.reserve.is_none() {
            let path = self.dir.join(RESERVE);
            match self.disk.reserve(&path, self.settings.reserve_bytes) {
                Ok(file) => self.reserve = Some(file),
                Err(_) => return,
            }
        }
        if self.health == Health::Reserve {
            self.sync_decisions(true, observer);
            if self.health == Health::Counting {
                return;
            }
            self.trim_reserve();
            self.decisions.finish();
        }
        self.health = Health::Good;
        self.market_stopped = false;
        let lost = self.lost_from.take();
        self.write_gap(observer);
        if let Some(from) = lost {
            let to = self.through_seq;
            self.gap_due = Some(Gap { family: Family::Decisions, from, to });
            self.write_gap(observer);
        }
        self.flush_decisions(observer);
        if self.health == Health::Good {
            let (decisions_lost, market_lost) = (self.decisions_lost, self.market_lost);
            observer.on_trouble(&Trouble::Over { decisions_lost, market_lost });
        }
    }

    /// Gives the unused end of the reserved segment back. What stays longer reads as blank.
    fn trim_reserve(&mut self) {
        if self.health == Health::Reserve
            && let Some(file) = &mut self.decisions.file
        {
            let _ = file.set_len(self.decisions.tip.len);
        }
    }

    /// Leaves nothing behind what is sure, as far as the disk lets us.
    fn cut_back(&mut self, family: Family) {
        if !self.chain_mut(family).cut_back() {
            let path = self.path_of(family);
            // What stays is a segment without a header, which the next start sets aside.
            let _ = self.disk.remove(&path);
        }
    }

    fn seal_both(&mut self, observer: &mut impl Observer) {
        self.write_gap(observer);
        self.sync_market(true, observer);
        self.sync_decisions(true, observer);
        if self.health == Health::Good {
            self.market.finish();
            self.decisions.finish();
        }
    }
}
