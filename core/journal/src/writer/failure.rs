//! What happens when the disk does not take a record: market records stop, decisions go to the
//! reserve, then they are counted; and the way back.

use std::io;

use super::Writer;
use super::chain::frames_of;
use super::open::RESERVE;
use super::report::{DiskError, Health, Observer, Trouble};
use crate::disk::{Disk, DiskFile};
use crate::frame::{HEAD_LEN, segment_name};
use crate::payload::Gap;
use crate::{Family, Kind};

/// Room at the end of the reserved segment for the commits that close it.
pub(super) const RESERVE_SPARE: u64 = 1024;

impl<D: Disk> Writer<D> {
    /// The disk does not take market records: go back to what is sure and keep no more.
    pub(super) fn stop_market(&mut self, error: &DiskError, observer: &mut impl Observer) {
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
    pub(super) fn fail_over(&mut self, error: DiskError, observer: &mut impl Observer) {
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
    pub(super) fn through_of(&self, frames: &[u8]) -> u64 {
        frames_of(frames).map(|frame| frame.seq).max().unwrap_or(0).max(self.durable_seq)
    }

    /// The reserve is full or broken. What is sure in it stays; the rest is lost.
    pub(super) fn leave_reserve(&mut self, error: DiskError, observer: &mut impl Observer) {
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

    pub(super) fn count_from(
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
    pub(super) fn enter_reserve(&mut self, frames: &[u8]) -> Result<(), DiskError> {
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

    pub(super) fn room_in_reserve(&self, needed: u64) -> Result<(), DiskError> {
        let limit = self.settings.reserve_bytes - RESERVE_SPARE;
        let fits = self.decisions.tip.len + needed <= limit;
        if fits { Ok(()) } else { Err(self.reserve_full()) }
    }

    pub(super) fn reserve_full(&self) -> DiskError {
        let path = self.dir.join(segment_name(Family::Decisions, self.decisions.tip.number));
        let error = io::Error::from_raw_os_error(libc::ENOSPC);
        DiskError::new("write more to the reserved segment", &path, &error)
    }

    /// Writes the record of a gap among the decisions, when one is due and they are being kept.
    pub(super) fn write_gap(&mut self, observer: &mut impl Observer) {
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

    pub(super) fn append_gap(&mut self) {
        if let Some(gap) = self.gap_due.take() {
            self.decisions.append_own(Kind::GAP, &gap.encode());
            self.decisions.uncommitted = true;
        }
    }

    /// Looks whether the disk has room for everything again.
    pub(super) fn try_to_mend(&mut self, observer: &mut impl Observer) {
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
    pub(super) fn trim_reserve(&mut self) {
        if self.health == Health::Reserve
            && let Some(file) = &mut self.decisions.file
        {
            let _ = file.set_len(self.decisions.tip.len);
        }
    }

    /// Leaves nothing behind what is sure, as far as the disk lets us.
    pub(super) fn cut_back(&mut self, family: Family) {
        if !self.chain_mut(family).cut_back() {
            let path = self.path_of(family);
            // What stays is a segment without a header, which the next start sets aside.
            let _ = self.disk.remove(&path);
        }
    }
}
