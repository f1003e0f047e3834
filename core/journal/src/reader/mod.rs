//! Reads a journal: both families merged by number, streaming, nothing shown unchecked.

mod broken;
mod family;
mod listing;
mod verify;

use std::path::Path;

use crate::payload::{ChainHead, Commit, Gap, Prune};
use crate::{Checkpoint, Family, Kind, RecordView};
pub(crate) use family::{FamilyReader, Start, read_header};
pub(crate) use listing::{FOLDER, Listing, numbers, read_heads, write_heads};

pub use broken::{Broken, Fault, OpenError};
pub use verify::{Anchor, Lost, Verified, verify, verify_against};

/// Lost ranges that are kept apart; later ones are only counted.
const LOST_MAX: usize = 1024;

/// Reads records in order. After the end or an error, asking again looks again, so a journal can
/// be followed while it is written.
#[derive(Debug)]
pub struct Reader {
    families: [Option<FamilySide>; 2],
    expected: u64,
    /// Whether missing numbers mean anything: not in one family or segment alone.
    whole: bool,
    lost: LostRanges,
    pruned_seq: u64,
    shown: Option<usize>,
    frames: bool,
}

#[derive(Debug)]
struct FamilySide {
    reader: FamilyReader,
    /// A record is ready and was not shown.
    ready: bool,
    /// What other places say of this chain.
    attested: Vec<ChainHead>,
    /// The latest word of the other family's commits.
    attested_by_commit: Option<ChainHead>,
    /// Epoch of the last record shown.
    epoch: u32,
}

#[derive(Debug, Default)]
struct LostRanges {
    ranges: Vec<Lost>,
    uncounted: u64,
    open_gap: [Option<u64>; 2],
}

const fn slot(family: Family) -> usize {
    match family {
        Family::Decisions => 0,
        Family::Market => 1,
    }
}

impl Reader {
    /// Opens a data directory, its journal folder, or one segment.
    ///
    /// # Errors
    /// [`OpenError`] when there is no journal.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        match Listing::of(path)? {
            Listing::Segment { path, header } => {
                Ok(Self::single(FamilyReader::single(&path, &header), header.first_seq))
            }
            Listing::Folder { dir, decisions, market } => {
                let pruned = listing::pruned(&dir, &decisions, &market);
                let side = |family, numbers| {
                    let of = pruned.iter().filter(|prune: &&Prune| prune.family == family);
                    let pruned = of.map(|prune| prune.segment).max().unwrap_or(0);
                    let numbers = listing::behind_pruned(numbers, pruned);
                    let start = Start::After { pruned };
                    let reader = FamilyReader::new(&dir, family, numbers, start);
                    Some(FamilySide::new(reader))
                };
                let families = [side(Family::Decisions, decisions), side(Family::Market, market)];
                let pruned_seq = pruned.iter().map(|prune| prune.seq).max().unwrap_or(0);
                let mut reader = Self { pruned_seq, whole: true, ..Self::empty(families) };
                for anchor in read_heads(&dir)? {
                    reader.expect(anchor);
                }
                Ok(reader)
            }
        }
    }

    /// Opens the decisions of a data directory or journal folder alone, as a start does.
    ///
    /// # Errors
    /// [`OpenError`] when there is no journal.
    pub fn open_decisions(path: &Path) -> Result<Self, OpenError> {
        let mut reader = Self::open(path)?;
        reader.families[slot(Family::Market)] = None;
        reader.whole = false;
        Ok(reader)
    }

    /// Opens the decisions behind a checkpoint, which the chain must pass; the records before it in
    /// its segment are shown too.
    ///
    /// # Errors
    /// [`OpenError`] when there is no journal.
    pub fn open_decisions_from(path: &Path, from: &Checkpoint) -> Result<Self, OpenError> {
        let Listing::Folder { dir, mut decisions, .. } = Listing::of(path)? else {
            return Self::open_decisions(path);
        };
        decisions.retain(|number| *number >= from.segment);
        let family = FamilyReader::new(&dir, Family::Decisions, decisions, Start::Anywhere);
        let mut reader = Self::empty([Some(FamilySide::new(family)), None]);
        let anchors = read_heads(&dir)?.into_iter().filter(|a| a.family == Family::Decisions);
        anchors.for_each(|anchor| reader.expect(anchor));
        reader.expect(Anchor { family: Family::Decisions, head: from.head });
        Ok(reader)
    }

    /// Shows the journal's own frames (commits, gaps) too, each before the records after it.
    #[must_use]
    pub fn with_frames(mut self) -> Self {
        self.frames = true;
        self
    }

    /// Adds a point that the chain must pass, known from outside.
    pub fn expect(&mut self, anchor: Anchor) {
        if let Some(side) = &mut self.families[slot(anchor.family)]
            && anchor.head.frames > 0
        {
            side.attested.push(anchor.head);
        }
    }

    /// The next record; `None` at the end. A jump in `seq` means that records between were not
    /// kept: [`Self::lost`] says why.
    ///
    /// # Errors
    /// [`Broken`] names the first record that cannot be believed.
    pub fn read(&mut self) -> Result<Option<RecordView<'_>>, Broken> {
        if let Some(at) = self.shown.take()
            && let Some(side) = &mut self.families[at]
        {
            side.ready = false;
        }
        let Some(at) = self.choose()? else { return Ok(None) };
        self.shown = Some(at);
        let record = self.families[at].as_ref().and_then(|side| side.reader.frame());
        Ok(record)
    }

    /// Segment number and byte just after the record that was read last of a family.
    pub fn position(&self, family: Family) -> Option<(u32, u64)> {
        self.families[slot(family)].as_ref().map(|side| side.reader.position())
    }

    /// The chain of a family as far as it was read.
    pub fn head(&self, family: Family) -> ChainHead {
        let side = self.families[slot(family)].as_ref();
        side.map_or(ChainHead::default(), |side| side.reader.tip())
    }

    /// Ranges of numbers that were passed over.
    pub fn lost(&self) -> &[Lost] {
        &self.lost.ranges
    }

    fn single(reader: FamilyReader, first_seq: u64) -> Self {
        let mut families = [None, None];
        let family = reader.family();
        families[slot(family)] = Some(FamilySide::new(reader));
        Self { expected: first_seq, ..Self::empty(families) }
    }

    fn empty(families: [Option<FamilySide>; 2]) -> Self {
        Self {
            families,
            expected: 1,
            whole: false,
            lost: LostRanges::default(),
            pruned_seq: 0,
            shown: None,
            frames: false,
        }
    }

    /// The side whose record comes next.
    fn choose(&mut self) -> Result<Option<usize>, Broken> {
        let mut broken: Option<Broken> = None;
        let mut next: Option<(usize, u64)> = None;
        for at in 0..2 {
            match self.fill(at) {
                Ok(Filled::Own) => return Ok(Some(at)),
                Ok(Filled::Record(seq)) => {
                    if next.is_none_or(|(_, other)| seq < other) {
                        next = Some((at, seq));
                    }
                }
                Ok(Filled::End) => {}
                Err(error) => {
                    broken.get_or_insert(error);
                }
            }
        }
        let expected = self.expected;
        let named = |error: Broken| {
            let seq = if self.whole { expected } else { error.seq };
            Broken { seq, ..error }
        };
        let Some((at, seq)) = next else {
            return broken.map_or(Ok(None), |error| Err(named(error)));
        };
        if self.whole && seq < expected {
            let fault = Fault::Order { found: seq };
            return Err(self.at_shown(at, Broken { seq: expected, ..self.side_broken(at, fault) }));
        }
        if self.whole && seq > expected {
            if let Some(error) = broken {
                return Err(named(error));
            }
            self.pass_over(expected, seq - 1);
        }
        self.expected = seq + 1;
        self.account(at, seq);
        Ok(Some(at))
    }

    fn side_broken(&self, at: usize, fault: Fault) -> Broken {
        match &self.families[at] {
            Some(side) => side.reader.broken(fault),
            None => Broken { family: Family::Decisions, segment: 0, offset: 0, seq: 0, fault },
        }
    }

    fn at_shown(&self, at: usize, error: Broken) -> Broken {
        let len = self.families[at].as_ref().and_then(|side| side.reader.frame());
        let len = len.map_or(0, |record| crate::frame::HEAD_LEN + record.payload.len());
        Broken { offset: error.offset.saturating_sub(len as u64), ..error }
    }

    /// Remembers what a shown record says about epochs and open gaps.
    fn account(&mut self, at: usize, seq: u64) {
        if let Some(side) = &mut self.families[at] {
            side.epoch = side.reader.header().map_or(side.epoch, |header| header.epoch);
        }
        if self.lost.open_gap[at].is_some_and(|from| seq >= from) {
            self.lost.open_gap[at] = None;
        }
    }

    /// Reads on until a record of side `at` is ready.
    fn fill(&mut self, at: usize) -> Result<Filled, Broken> {
        loop {
            let Some(side) = &mut self.families[at] else { return Ok(Filled::End) };
            if !side.ready {
                if !side.advance()? {
                    return Ok(Filled::End);
                }
                side.check_attested()?;
                side.ready = true;
            }
            let Some(frame) = side.reader.frame() else { return Ok(Filled::End) };
            if !frame.kind.is_own() {
                return Ok(Filled::Record(frame.seq));
            }
            let (commit, gap) = own_frame(&frame);
            side.ready = false;
            if let Some(commit) = commit {
                self.attest(1 - at, commit.other)?;
            }
            if let Some(gap) = gap {
                self.lost.explain(&gap);
            }
            if self.frames {
                return Ok(Filled::Own);
            }
        }
    }

    /// A commit of one family said how far the other one's chain was on disk.
    fn attest(&mut self, other: usize, head: ChainHead) -> Result<(), Broken> {
        let Some(side) = &mut self.families[other] else { return Ok(()) };
        if !self.whole || head.frames == 0 {
            return Ok(());
        }
        match side.reader.hash_at(head.frames) {
            Some(hash) if hash != head.hash => {
                Err(side.reader.broken(Fault::Rewritten { frames: head.frames }))
            }
            Some(_) => Ok(()),
            None => {
                if head.frames > side.reader.tip().frames {
                    side.attested_by_commit = Some(head);
                }
                Ok(())
            }
        }
    }

    /// Numbers `from..=to` are nowhere. Why?
    fn pass_over(&mut self, from: u64, to: u64) {
        let died = self.families.iter().flatten().any(FamilySide::is_between_epochs);
        let why = if to <= self.pruned_seq {
            LostWhy::Pruned
        } else if self.lost.open_gap.iter().flatten().any(|&gap| gap <= from) {
            LostWhy::Gap
        } else if died {
            LostWhy::Crash
        } else {
            LostWhy::Unexplained
        };
        self.lost.push(Lost { from, to, why });
    }
}

/// Why numbers are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostWhy {
    /// Removed on purpose.
    Pruned,
    /// The disk did not take them, and a gap record says so.
    Gap,
    /// The tail of a process that died before they were on disk.
    Crash,
    /// Nothing says why.
    Unexplained,
}

enum Filled {
    Record(u64),
    Own,
    End,
}

fn own_frame(frame: &RecordView<'_>) -> (Option<Commit>, Option<Gap>) {
    match frame.kind {
        Kind::COMMIT => (Commit::decode(frame.payload), None),
        Kind::GAP => (None, Gap::decode(frame.payload)),
        _ => (None, None),
    }
}

impl FamilySide {
    fn new(reader: FamilyReader) -> Self {
        Self { reader, ready: false, attested: Vec::new(), attested_by_commit: None, epoch: 0 }
    }

    fn claims(&self) -> impl Iterator<Item = &ChainHead> {
        self.attested.iter().chain(&self.attested_by_commit)
    }

    fn check_attested(&self) -> Result<(), Broken> {
        let tip = self.reader.tip();
        let wrong = self.claims().any(|head| head.frames == tip.frames && head.hash != tip.hash);
        if wrong {
            return Err(self.reader.broken(Fault::Rewritten { frames: tip.frames }));
        }
        Ok(())
    }

    /// Goes to the next frame; the end and a torn tail count only behind all that was on disk.
    fn advance(&mut self) -> Result<bool, Broken> {
        let found = self.reader.advance();
        let frames = self.reader.tip().frames;
        let attested = self.claims().map(|head| head.frames).max().unwrap_or(0);
        match found {
            Ok(false) if attested > frames => {
                Err(self.reader.broken(Fault::Truncated { frames, attested }))
            }
            Err(torn) if torn.fault == Fault::TornTail && attested > frames => {
                Err(Broken { fault: Fault::Altered, ..torn })
            }
            found => found,
        }
    }

    /// Whether this family stands where a process ended: its next record, if any, is of another.
    fn is_between_epochs(&self) -> bool {
        !self.ready || self.reader.header().is_none_or(|header| header.epoch != self.epoch)
    }
}

impl LostRanges {
    fn push(&mut self, lost: Lost) {
        if let Some(last) = self.ranges.last_mut()
            && last.to + 1 == lost.from
            && last.why == lost.why
        {
            last.to = lost.to;
            return;
        }
        if self.ranges.len() < LOST_MAX {
            self.ranges.push(lost);
        } else {
            self.uncounted += lost.to - lost.from + 1;
        }
    }

    /// A gap record often stands after the numbers that it speaks of.
    fn explain(&mut self, gap: &Gap) {
        for lost in &mut self.ranges {
            if lost.why == LostWhy::Unexplained && lost.from >= gap.from && lost.to <= gap.to {
                lost.why = LostWhy::Gap;
            }
        }
        if gap.to == Gap::OPEN {
            self.open_gap[slot(gap.family)] = Some(gap.from);
        }
    }
}
