//! Records into segments, segments into groups, groups onto the disk.

use std::io;
use std::path::PathBuf;

use model::Mono;

use super::chain::Chain;
use super::report::{DiskError, Health, Observer};
use super::{InFlight, SyncPolicy, Writer};
use crate::disk::Disk;
use crate::frame::{HEAD_LEN, HEADER_LEN, SegmentHeader, segment_name};
use crate::payload::Commit;
use crate::{Family, Kind, RecordView};

/// Bytes that are gathered before a write in the middle of a batch.
const GATHER: usize = 256 * 1024;

impl<D: Disk> Writer<D> {
    pub(super) fn take(&mut self, record: &RecordView<'_>, observer: &mut impl Observer) {
        match record.family {
            Family::Market => self.place_market(record, observer),
            Family::Decisions => self.place_decision(record, observer),
        }
        self.through_seq = record.seq;
        self.relieve(record.family, observer);
    }

    pub(super) fn place_market(&mut self, record: &RecordView<'_>, observer: &mut impl Observer) {
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

    pub(super) fn place_decision(&mut self, record: &RecordView<'_>, observer: &mut impl Observer) {
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
    pub(super) fn relieve(&mut self, family: Family, observer: &mut impl Observer) {
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

    pub(super) fn lose(&mut self, seq: u64) {
        self.decisions_lost += 1;
        self.lost_from.get_or_insert(seq);
    }

    /// Sees to it that the record's family has a segment with room for it.
    pub(super) fn room_for(
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

    pub(super) fn begin_segment(
        &mut self,
        family: Family,
        first_seq: u64,
    ) -> Result<(), DiskError> {
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
        if family == Family::Market {
            self.prune_market();
        }
        Ok(())
    }

    pub(super) fn next_header(&self, family: Family, first_seq: u64) -> SegmentHeader {
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

    pub(super) const fn chain(&self, family: Family) -> &Chain<D::File> {
        match family {
            Family::Decisions => &self.decisions,
            Family::Market => &self.market,
        }
    }

    pub(super) const fn chain_mut(&mut self, family: Family) -> &mut Chain<D::File> {
        match family {
            Family::Decisions => &mut self.decisions,
            Family::Market => &mut self.market,
        }
    }

    pub(super) fn path_of(&self, family: Family) -> PathBuf {
        self.dir.join(segment_name(family, self.chain(family).tip.number))
    }

    pub(super) fn flush(&mut self, observer: &mut impl Observer) {
        self.flush_market(observer);
        self.flush_decisions(observer);
    }

    pub(super) fn flush_market(&mut self, observer: &mut impl Observer) {
        if let Err(error) = self.market.flush() {
            let error = DiskError::new("write to", &self.path_of(Family::Market), &error);
            self.stop_market(&error, observer);
        }
    }

    pub(super) fn flush_decisions(&mut self, observer: &mut impl Observer) {
        if let Err(error) = self.decisions.flush() {
            let error = DiskError::new("write to", &self.path_of(Family::Decisions), &error);
            self.fail_over(error, observer);
        }
    }

    pub(super) fn begin_virtual(&mut self, due: Mono, observer: &mut impl Observer) {
        self.commit(Family::Decisions);
        self.flush_decisions(observer);
        if self.health != Health::Counting {
            let (point, bytes) = (self.decisions.tip, self.decisions.tail_len());
            self.in_flight = Some(InFlight { due, point, bytes, through_seq: self.through_seq });
        }
    }

    /// Ends the group of a family with a commit.
    pub(super) fn commit(&mut self, family: Family) {
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
    pub(super) fn sync_decisions(&mut self, closing: bool, observer: &mut impl Observer) {
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

    pub(super) fn sync_market(&mut self, closing: bool, observer: &mut impl Observer) {
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

    pub(super) fn sync_chain(&mut self, family: Family, closing: bool) -> Result<(), DiskError> {
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

    pub(super) fn report_durable(&mut self, seq: u64, observer: &mut impl Observer) {
        if seq > self.durable_seq {
            self.durable_seq = seq;
            observer.on_durable(seq);
        }
        self.finish_pruning();
    }

    pub(super) fn seal_both(&mut self, observer: &mut impl Observer) {
        self.write_gap(observer);
        self.sync_market(true, observer);
        self.sync_decisions(true, observer);
        if self.health == Health::Good {
            self.market.finish();
            self.decisions.finish();
        }
    }
}
