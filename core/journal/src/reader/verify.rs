//! The whole journal checked: what `shrike verify` says.

use std::path::Path;

use super::{Broken, Fault, LostWhy, OpenError, Reader};
use crate::payload::{ChainHead, Prune};
use crate::{Family, Kind};

/// A point of a family's chain known from outside: everything up to it must be there unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Which family.
    pub family: Family,
    /// The point.
    pub head: ChainHead,
}

/// Numbers that are in no segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The first one.
    pub from: u64,
    /// The last one.
    pub to: u64,
    /// Why.
    pub why: LostWhy,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Nothing is broken.
    pub ok: bool,
    /// Good records before the first bad one.
    pub records: u64,
    /// The number of the first record that cannot be believed.
    pub first_bad_seq: Option<u64>,
    /// Where it is, and what is wrong with it.
    pub broken: Option<Broken>,
    /// Whether it is damage or an edit, not the tail of a crash.
    pub damage: bool,
    /// Segments that were removed on purpose.
    pub pruned: Vec<Prune>,
    /// Numbers that were not kept although nothing is broken.
    pub lost: Vec<Lost>,
    /// Whether the last record is that of an orderly stop.
    pub stopped: bool,
    /// How far the chain of decisions is good.
    pub decisions: ChainHead,
    /// How far the chain of market records is good.
    pub market: ChainHead,
}

/// Checks a data directory, a journal folder or one segment.
///
/// # Errors
/// [`OpenError`] when there is no journal; what is wrong inside one is in [`Verified`].
pub fn verify(path: &Path) -> Result<Verified, OpenError> {
    verify_against(path, &[])
}

/// Checks a journal, and that it passes these points.
///
/// # Errors
/// As [`verify`].
pub fn verify_against(path: &Path, anchors: &[Anchor]) -> Result<Verified, OpenError> {
    let mut reader = Reader::open(path)?.with_frames();
    for anchor in anchors {
        reader.expect(*anchor);
    }
    let mut found = Tally::default();
    let broken = loop {
        match reader.read() {
            Ok(Some(record)) if record.kind.is_own() => found.pruned.extend(Prune::of(&record)),
            Ok(Some(record)) => {
                found.records += 1;
                found.stopped = record.kind == Kind::STOP;
            }
            Ok(None) => break hole_of(&reader),
            Err(broken) => break Some(broken),
        }
    };
    Ok(Verified {
        ok: broken.is_none(),
        records: found.records,
        first_bad_seq: broken.as_ref().map(|broken| broken.seq),
        damage: broken.as_ref().is_some_and(Broken::is_damage),
        broken,
        pruned: found.pruned,
        lost: reader.lost().to_vec(),
        stopped: found.stopped,
        decisions: reader.head(Family::Decisions),
        market: reader.head(Family::Market),
    })
}

impl Verified {
    /// What is wrong, in words.
    pub fn reason(&self) -> Option<String> {
        self.broken.as_ref().map(Broken::to_string)
    }
}

#[derive(Default)]
struct Tally {
    records: u64,
    stopped: bool,
    pruned: Vec<Prune>,
}

/// Missing numbers that nothing explained by the end.
fn hole_of(reader: &Reader) -> Option<Broken> {
    let hole = reader.lost().iter().find(|lost| lost.why == LostWhy::Unexplained)?;
    let (segment, offset) = reader.position(Family::Decisions).unwrap_or_default();
    let fault = Fault::Hole { to: hole.to };
    Some(Broken { family: Family::Decisions, segment, offset, seq: hole.from, fault })
}
