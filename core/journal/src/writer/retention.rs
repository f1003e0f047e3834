//! Market segments are kept by size: the oldest go, after a record of it is on disk, in the order of
//! their numbers and a few at a time, because the thread that removes them keeps decisions too.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::Writer;
use super::report::Health;
use crate::disk::Disk;
use crate::frame::segment_name;
use crate::payload::Prune;
use crate::reader::{numbers, read_header};
use crate::{Family, Kind};

/// Segments that are to go once the record of it is durable.
#[derive(Debug)]
pub(super) struct Pruning {
    /// Frames of the decisions up to that record.
    frames: u64,
    prune: Prune,
    /// What is left to remove, the oldest last; `None` until the record is durable.
    due: Option<Vec<PathBuf>>,
}

/// Segments removed at a time. One takes a file system up to some milliseconds.
const AT_ONCE: usize = 2;

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
        let frames = self.decisions.tip.head.frames;
        self.pruning = Some(Pruning { frames, prune, due: None });
    }

    /// Removes the oldest of what a durable record allows; what is left waits for the next call.
    pub(super) fn finish_pruning(&mut self) {
        let durable = self.decisions.durable.head.frames;
        let Some(pruning) = self.pruning.as_mut().filter(|pruning| pruning.frames <= durable)
        else {
            return;
        };
        let last = pruning.prune.segment;
        let due = pruning.due.get_or_insert_with(|| due_of(&self.dir, last));
        for _ in 0..AT_ONCE {
            let Some(path) = due.pop() else { break };
            if self.disk.remove(&path).is_err() {
                // It and the ones behind it are told as pruned all the same, and go with the next.
                due.clear();
            }
        }
        if due.is_empty() {
            self.pruning = None;
        }
    }
}

/// The market segments up to `last`, the oldest last.
fn due_of(dir: &Path, last: u32) -> Vec<PathBuf> {
    // A folder that cannot be listed is listed again with the next segment.
    let Ok((_, mut market)) = numbers(dir) else { return Vec::new() };
    market.retain(|number| *number <= last);
    market.iter().rev().map(|number| dir.join(segment_name(Family::Market, *number))).collect()
}
