//! What files there are, and the small file with the heads of the last orderly stop.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::OpenError;
use super::family::{FamilyReader, Start, read_header};
use super::verify::Anchor;
use crate::bytes::{hex, unhex};
use crate::frame::{SegmentHeader, parse_segment_name};
use crate::payload::{ChainHead, Prune};
use crate::{Family, disk};

/// The folder of segments in a data directory.
pub(crate) const FOLDER: &str = "journal";
const HEADS: &str = "heads.shrike";
const HEADS_MAX: u64 = 1024;

/// What a path given by a user turned out to be.
pub(crate) enum Listing {
    /// One file.
    Segment { path: PathBuf, header: SegmentHeader },
    /// A folder, with the numbers of its segments in rising order.
    Folder { dir: PathBuf, decisions: Vec<u32>, market: Vec<u32> },
}

impl Listing {
    pub(crate) fn of(path: &Path) -> Result<Self, OpenError> {
        let failed = |error| OpenError::Io { path: path.to_owned(), error };
        let not_ours = || OpenError::NotAJournal { path: path.to_owned() };
        let meta = fs::metadata(path).map_err(failed)?;
        if meta.is_file() {
            let file = File::open(path).map_err(failed)?;
            let header = read_header(&file).map_err(failed)?;
            let (header, _) = header.map_err(|_| not_ours())?;
            return Ok(Self::Segment { path: path.to_owned(), header });
        }
        let inner = path.join(FOLDER);
        let dir = if inner.is_dir() { inner } else { path.to_owned() };
        let (decisions, market) = numbers(&dir).map_err(failed)?;
        let is_folder = dir != path || dir.file_name().is_some_and(|name| name == FOLDER);
        if decisions.is_empty() && market.is_empty() && !is_folder {
            return Err(not_ours());
        }
        Ok(Self::Folder { dir, decisions, market })
    }
}

/// The numbers of the segments in a folder, decisions and market, each in rising order.
pub(crate) fn numbers(dir: &Path) -> io::Result<(Vec<u32>, Vec<u32>)> {
    let (mut decisions, mut market) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(dir)? {
        match entry?.file_name().to_str().and_then(parse_segment_name) {
            Some((Family::Decisions, number)) => decisions.push(number),
            Some((Family::Market, number)) => market.push(number),
            None => {}
        }
    }
    decisions.sort_unstable();
    market.sort_unstable();
    Ok((decisions, market))
}

/// Forgets what lies before the last missing number up to `pruned`: a removal of many that was cut
/// short leaves some of them.
pub(super) fn behind_pruned(mut numbers: Vec<u32>, pruned: u32) -> Vec<u32> {
    let hole = |at: &usize| numbers[at - 1] < pruned && numbers[*at] != numbers[at - 1] + 1;
    let first = (1..numbers.len()).rev().find(hole).unwrap_or(0);
    numbers.split_off(first)
}

/// The last prune record of each family, looked for only when a number is missing.
pub(super) fn pruned(dir: &Path, decisions: &[u32], market: &[u32]) -> Vec<Prune> {
    let lacks_some = |numbers: &[u32]| numbers.last().is_some_and(|&l| l as usize != numbers.len());
    if !lacks_some(decisions) && !lacks_some(market) {
        return Vec::new();
    }
    let mut last: [Option<Prune>; 2] = [None, None];
    let numbers = decisions.to_vec();
    let mut reader = FamilyReader::new(dir, Family::Decisions, numbers, Start::Anywhere);
    while let Ok(true) = reader.advance() {
        if let Some(prune) = reader.frame().as_ref().and_then(Prune::of) {
            last[super::slot(prune.family)] = Some(prune);
        }
    }
    last.into_iter().flatten().collect()
}

/// The heads of the last orderly stop; none when there was no such stop.
pub(crate) fn read_heads(dir: &Path) -> Result<Vec<Anchor>, OpenError> {
    let path = dir.join(HEADS);
    let bytes = match disk::read_small(&path, HEADS_MAX) {
        Ok(None) => return Ok(Vec::new()),
        Ok(Some(bytes)) => bytes,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(OpenError::Heads { path });
        }
        Err(error) => return Err(OpenError::Io { path, error }),
    };
    parse_heads(&bytes).ok_or(OpenError::Heads { path })
}

/// Replaces the file.
pub(crate) fn write_heads(dir: &Path, heads: &[Anchor]) -> io::Result<()> {
    disk::replace(dir, HEADS, print_heads(heads).as_bytes())
}

fn print_heads(heads: &[Anchor]) -> String {
    let mut text = String::new();
    for Anchor { family, head } in heads {
        let hash = hex(&head.hash);
        text.push_str(&format!("{family} {} {} {hash}\n", head.frames, head.seq));
    }
    text.push_str(&format!("check {:08x}\n", crc32fast::hash(text.as_bytes())));
    text
}

fn parse_heads(bytes: &[u8]) -> Option<Vec<Anchor>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let body = &text[..text.rfind("check ")?];
    let check = format!("check {:08x}\n", crc32fast::hash(body.as_bytes()));
    if text[body.len()..] != check {
        return None;
    }
    body.lines().map(parse_head).collect()
}

fn parse_head(line: &str) -> Option<Anchor> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let family =
        [Family::Decisions, Family::Market].into_iter().find(|family| family.name() == name)?;
    let frames = words.next()?.parse().ok()?;
    let seq = words.next()?.parse().ok()?;
    let hash = unhex(words.next()?)?;
    Some(Anchor { family, head: ChainHead { frames, seq, hash } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_read_back_and_no_flipped_byte_of_them_does() {
        let head = ChainHead { frames: 12, seq: 34, hash: [0xab; 32] };
        let heads = vec![Anchor { family: Family::Market, head }];
        let text = print_heads(&heads).into_bytes();
        assert_eq!(parse_heads(&text), Some(heads));
        for at in 0..text.len() {
            let mut flipped = text.clone();
            flipped[at] ^= 1;
            assert_eq!(parse_heads(&flipped), None, "flip at {at}");
        }
    }
}
