//! Market segments are kept by size: the oldest go, after a record of it is on disk.

use std::fs::File;

use super::Writer;
use super::report::Health;
use crate::disk::Disk;
use crate::frame::{parse_segment_name, segment_name};
use crate::payload::Prune;
use crate::reader::read_header;
use crate::{Family, Kind};

/// Segments that are to go once the record of it is durable.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pruning {
    /// Frames of the decisions up to that record.
    frames: u64,
    prune: Prune,
}

impl<D: Disk> Writer<D> {
    /// Decides, at the beginning of a market segment, which of the older ones are too many.
    pub(super) fn prune_market(&mut self) {
        let keep = self.settings.market_max_bytes / self.settings.segment_bytes.max(1);
        let newest = self.chain(Family::Market).tip.number;
        let healthy = self.health == Health::Good && self.decisions.file.is_some();
        let Some(last) = u64::from(newest).checked_sub(keep.max(1)).filter(|last| *last > 0) else {
            return;
        };
        if !healthy || self.pruning.is_some() {
            return; // The next segment asks again.
        }
        let Ok(segment) = u32::try_from(last) else { return };
        let there = |number| self.dir.join(segment_name(Family::Market, number)).exists();
        if !there(segment) {
            return;
        }
        // The sequence is shared: what comes before the next segment's first record is in this one
        // or in the other family.
        let next = self.dir.join(segment_name(Family::Market, segment + 1));
        let header = File::open(next).and_then(|file| read_header(&file));
        let Ok(Ok((header, _))) = header else { return };
        let prune = Prune { family: Family::Market, segment, seq: header.first_seq - 1 };
        self.decisions.append_own(Kind::PRUNE, &prune.encode());
        self.decisions.uncommitted = true;
        self.pruning = Some(Pruning { frames: self.decisions.tip.head.frames, prune });
    }

    /// Removes what a durable record allows.
    pub(super) fn finish_pruning(&mut self) {
        let durable = self.decisions.durable.head.frames;
        let Some(pruning) = self.pruning.filter(|pruning| pruning.frames <= durable) else {
            return;
        };
        self.pruning = None;
        let Ok(entries) = std::fs::read_dir(&self.dir) else { return };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let name = path.file_name().and_then(|name| name.to_str()).and_then(parse_segment_name);
            let Some((Family::Market, number)) = name else { continue };
            if number <= pruning.prune.segment {
                // One that stays is told as pruned all the same, and is removed with the next.
                let _ = self.disk.remove(&path);
            }
        }
    }
}
