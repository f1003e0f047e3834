//! Reading on from a point that was read before, without reading everything again.

use std::fs::File;
use std::path::Path;

use super::listing::Listing;
use super::{Anchor, FamilyReader, OpenError, Reader, Start, read_header, slot};
use crate::Family;
use crate::frame::segment_name;
use crate::payload::ChainHead;

impl Reader {
    /// Opens the decisions at the segment that holds the record after `reached`, and expects the
    /// chain to pass `reached`: a journal that was cut before it or written anew is broken there.
    /// Records of that segment up to `reached` are shown again.
    ///
    /// # Errors
    /// [`OpenError`] when there is no journal.
    pub fn open_decisions_after(path: &Path, reached: ChainHead) -> Result<Self, OpenError> {
        let mut reader = Self::open_decisions(path)?;
        let Listing::Folder { dir, mut decisions, .. } = Listing::of(path)? else {
            return Ok(reader);
        };
        if reached.frames == 0 {
            return Ok(reader);
        }
        let begins_before = |number: &u32| {
            let path = dir.join(segment_name(Family::Decisions, *number));
            let header = File::open(path).ok().and_then(|file| read_header(&file).ok()?.ok());
            // Headers count too: one that stands behind the point begins a later part.
            header.is_some_and(|(header, _)| header.frames_before < reached.frames)
        };
        if let Some(at) = decisions.iter().rposition(begins_before)
            && at > 0
        {
            let numbers = decisions.split_off(at);
            let side = &mut reader.families[slot(Family::Decisions)];
            if let Some(side) = side {
                side.reader = FamilyReader::new(&dir, Family::Decisions, numbers, Start::Anywhere);
            }
        }
        reader.expect(Anchor { family: Family::Decisions, head: reached });
        Ok(reader)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use model::{Mono, Span};
    use tempfile::TempDir;

    use super::*;
    use crate::{
        Fault, HostDisk, Identity, Kind, Observer, RecordView, SyncPolicy, Trouble, Writer,
        WriterSettings,
    };

    #[test]
    fn reading_goes_on_where_it_ended_and_does_not_begin_at_the_first_segment() {
        let (_room, dir) = journal(40);
        let mut whole = Reader::open_decisions(&dir).unwrap();
        for _ in 0..30 {
            whole.read().unwrap().unwrap();
        }
        let reached = whole.head(Family::Decisions);
        let mut rest = Reader::open_decisions_after(&dir, reached).unwrap();
        let first = rest.read().unwrap().unwrap().seq;
        assert!(first > 1 && first <= reached.seq + 1, "{first} for {reached:?}");
        let mut last = first;
        while let Some(record) = rest.read().unwrap() {
            last = record.seq;
        }
        assert_eq!(last, 40);
    }

    #[test]
    fn a_journal_that_does_not_pass_the_point_is_broken_there() {
        let (_room, dir) = journal(40);
        let mut whole = Reader::open_decisions(&dir).unwrap();
        while whole.read().unwrap().is_some() {}
        let end = whole.head(Family::Decisions);
        let other = ChainHead { hash: [9; 32], ..end };
        assert!(matches!(fault(&dir, other), Fault::Rewritten { .. }));
        let beyond = ChainHead { frames: end.frames + 3, seq: end.seq + 3, ..end };
        assert!(matches!(fault(&dir, beyond), Fault::Truncated { .. }));
    }

    fn fault(dir: &Path, reached: ChainHead) -> Fault {
        let mut reader = Reader::open_decisions_after(dir, reached).unwrap();
        loop {
            match reader.read() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("nothing is broken"),
                Err(broken) => return broken.fault,
            }
        }
    }

    struct Nobody;

    impl Observer for Nobody {
        fn on_record(&mut self, _: &RecordView<'_>) {}
        fn on_durable(&mut self, _: u64) {}
        fn on_trouble(&mut self, trouble: &Trouble) {
            panic!("{trouble}");
        }
    }

    /// A journal of several segments with this many records.
    fn journal(records: u64) -> (TempDir, PathBuf) {
        let room = tempfile::tempdir().unwrap();
        let dir = room.path().join("journal");
        let identity = Identity { instance: 7, epoch: 1, machine_boot: [0; 16] };
        let settings = WriterSettings {
            segment_bytes: 1_024,
            reserve_bytes: 4_096,
            free_min_bytes: 0,
            decisions_sync: Span::ZERO,
            policy: SyncPolicy::Disk,
            ..WriterSettings::default()
        };
        let (mut writer, _) = Writer::open(HostDisk, &dir, identity, settings).unwrap();
        let (mut producer, mut consumer) = crate::ring::in_memory(1 << 16, 1).unwrap();
        for _ in 0..records {
            let at = Mono::from_nanos(1);
            producer.push(Family::Decisions, Kind::OUTPUT, at, &[5; 60]).unwrap();
            writer.drain(at, &mut consumer, &mut Nobody);
        }
        writer.close(&mut Nobody);
        (room, dir)
    }
}
