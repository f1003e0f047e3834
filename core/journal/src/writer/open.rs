//! Before anything is written: where the last process stopped, and whether the disk will do.

use std::fs;
use std::path::{Path, PathBuf};

use super::chain::Point;
use super::{Identity, WriterError};
use crate::disk::Disk;
use crate::frame::segment_name;
use crate::payload::{ChainHead, Commit};
use crate::reader::{Anchor, Broken, FamilyReader, Fault, Start, numbers, read_header, read_heads};
use crate::{Family, Kind};

/// The file that waits for a full disk.
pub(super) const RESERVE: &str = "reserve.shrike";

/// What the last process left in the segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The last number in them; 0 in a new journal.
    pub last_seq: u64,
    /// Tails that were being written when it died. They stay where they are and do not count.
    pub torn: Vec<Broken>,
    /// Whether its last record was that of an orderly stop.
    pub stopped: bool,
    /// Its epoch; 0 in a new journal.
    pub last_epoch: u32,
    /// The machine's boot id at its start. Another one now means that the ring is gone.
    pub last_machine_boot: [u8; 16],
}

pub(super) struct Ends {
    pub(super) opened: Opened,
    pub(super) decisions: Point,
    pub(super) market: Point,
}

/// Reads the last segment of both families to its end.
pub(super) fn find_ends(dir: &Path, identity: &Identity) -> Result<Ends, WriterError> {
    let failed = |error| WriterError::Io { doing: "list", path: dir.to_owned(), error };
    let (decisions, market) = numbers(dir).map_err(failed)?;
    let anchors = read_heads(dir).map_err(WriterError::Open)?;
    let mut torn = Vec::new();
    let decisions = end_of(dir, Family::Decisions, decisions, identity, &mut torn)?;
    let market = end_of(dir, Family::Market, market, identity, &mut torn)?;
    for Anchor { family, head } in &anchors {
        let end = if *family == Family::Decisions { &decisions } else { &market };
        end.must_reach(*family, *head)?;
    }
    if let Some(commit) = decisions.commit {
        market.must_reach(Family::Market, commit.other)?;
    }
    if let Some(commit) = market.commit {
        decisions.must_reach(Family::Decisions, commit.other)?;
    }
    let through = [decisions.commit, market.commit].into_iter().flatten();
    let through = through.map(|commit| commit.through_seq).max().unwrap_or(0);
    let last_seq = through.max(decisions.point.head.seq).max(market.point.head.seq);
    let latest = if market.epoch > decisions.epoch { &market } else { &decisions };
    let opened = Opened {
        last_seq,
        torn,
        stopped: decisions.stopped,
        last_epoch: latest.epoch,
        last_machine_boot: latest.machine_boot,
    };
    Ok(Ends { opened, decisions: decisions.point, market: market.point })
}

/// Puts on the medium what the last process may have left to the system's memory: from here on it
/// counts as durable.
pub(super) fn sync_ends<D: Disk>(disk: &D, dir: &Path, ends: &Ends) -> Result<(), WriterError> {
    let last = [(Family::Decisions, ends.decisions), (Family::Market, ends.market)];
    for (family, point) in last.into_iter().filter(|(_, point)| point.number > 0) {
        let path = dir.join(segment_name(family, point.number));
        let doing = "put on disk";
        disk.sync_file(&path).map_err(|error| WriterError::Io { doing, path, error })?;
    }
    let failed = |error| WriterError::Io { doing: "keep the names in", path: dir.into(), error };
    disk.sync_dir(dir).map_err(failed)
}

#[derive(Default)]
struct End {
    point: Point,
    epoch: u32,
    machine_boot: [u8; 16],
    commit: Option<Commit>,
    stopped: bool,
}

impl End {
    /// What was known to be on disk must be there.
    fn must_reach(&self, family: Family, head: ChainHead) -> Result<(), WriterError> {
        let have = self.point.head.frames;
        let fault = if have < head.frames {
            Fault::Truncated { frames: have, attested: head.frames }
        } else if have == head.frames && have > 0 && self.point.head.hash != head.hash {
            Fault::Rewritten { frames: have }
        } else {
            return Ok(());
        };
        let Point { number, len, .. } = self.point;
        let seq = self.point.head.seq + 1;
        Err(WriterError::Broken(Broken { family, segment: number, offset: len, seq, fault }))
    }
}

fn end_of(
    dir: &Path,
    family: Family,
    mut numbers: Vec<u32>,
    identity: &Identity,
    torn: &mut Vec<Broken>,
) -> Result<End, WriterError> {
    while let Some(number) = numbers.last().copied() {
        let path = dir.join(segment_name(family, number));
        if is_headless(&path)? && !begins_durable(dir, family, &numbers)? {
            set_aside(&path)?;
            numbers.pop();
            continue;
        }
        return read_end(dir, family, number, identity, torn);
    }
    Ok(End::default())
}

/// Whether a segment was never begun: shorter than a header, or without one.
fn is_headless(path: &Path) -> Result<bool, WriterError> {
    let failed = |error| WriterError::Io { doing: "read", path: path.to_owned(), error };
    let file = fs::File::open(path).map_err(failed)?;
    Ok(read_header(&file).map_err(failed)?.is_err())
}

/// Whether a segment without a readable header holds what had been on disk.
fn begins_durable(dir: &Path, family: Family, numbers: &[u32]) -> Result<bool, WriterError> {
    let from = numbers.len().saturating_sub(2);
    let last = numbers[from..].to_vec();
    let mut reader = FamilyReader::new(dir, family, last, Start::Anywhere);
    loop {
        match reader.advance() {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(Broken { fault: Fault::TornTail, .. }) => return Ok(false),
            Err(broken) => return Err(WriterError::Broken(broken)),
        }
    }
}

/// Keeps a file that was never begun out of the way; an empty one is removed.
fn set_aside(path: &Path) -> Result<(), WriterError> {
    let failed = |error| WriterError::Io { doing: "set aside", path: path.to_owned(), error };
    let mut front = [0; 4096];
    let mut file = fs::File::open(path).map_err(failed)?;
    let count = std::io::Read::read(&mut file, &mut front).map_err(failed)?;
    if front[..count].iter().all(|&byte| byte == 0) {
        return fs::remove_file(path).map_err(failed);
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".torn");
    fs::rename(path, PathBuf::from(name)).map_err(failed)
}

fn read_end(
    dir: &Path,
    family: Family,
    number: u32,
    identity: &Identity,
    torn: &mut Vec<Broken>,
) -> Result<End, WriterError> {
    let mut reader = FamilyReader::new(dir, family, vec![number], Start::Anywhere);
    let mut end = End::default();
    loop {
        match reader.advance() {
            Ok(true) => {}
            Ok(false) => break,
            Err(broken) if broken.fault == Fault::TornTail => {
                torn.push(broken);
                break;
            }
            Err(broken) => return Err(WriterError::Broken(broken)),
        }
        let Some(frame) = reader.frame() else { break };
        if frame.kind == Kind::COMMIT {
            end.commit = Commit::decode(frame.payload);
        } else if !frame.kind.is_own() {
            end.stopped = frame.kind == Kind::STOP;
        }
    }
    let (number, len) = reader.position();
    let Some(header) = reader.header() else { return Ok(end) };
    let (expected, found) = (identity.instance, header.instance);
    if expected != found {
        let fault = Fault::Foreign { expected, found };
        return Err(WriterError::Broken(Broken { offset: 0, ..reader.broken(fault) }));
    }
    if header.epoch >= identity.epoch {
        return Err(WriterError::EpochUsed { ours: identity.epoch, found: header.epoch });
    }
    end.point = Point { head: reader.tip(), number, len };
    (end.epoch, end.machine_boot) = (header.epoch, header.machine_boot);
    Ok(end)
}

/// Whether the disk takes what the writer will need, before anything trades.
pub(super) fn preflight<D: Disk>(
    disk: &D,
    dir: &Path,
    reserve_bytes: u64,
    free_min: u64,
) -> Result<D::File, WriterError> {
    let path = dir.join(RESERVE);
    let failed = |doing| {
        let path = path.clone();
        move |error| WriterError::Io { doing, path, error }
    };
    let reserve = disk.reserve(&path, reserve_bytes).map_err(failed("reserve a segment in"))?;
    disk.sync_dir(dir).map_err(failed("keep the name of"))?;
    let free = disk.free_bytes(dir).map_err(failed("measure the space beside"))?;
    if free < free_min {
        return Err(WriterError::Space { path: dir.to_owned(), free, needed: free_min });
    }
    Ok(reserve)
}
