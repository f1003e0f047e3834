//! One family's frames in order, over all its segments, each checked before it is shown.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::broken::{Broken, Fault};
use crate::frame::{HEAD_LEN, HEADER_LEN, Head, HeaderError, SegmentHeader, segment_name};
use crate::payload::{ChainHead, Commit};
use crate::{Family, RecordView};

/// Points of the chain that are remembered, so that a later word about them can be checked.
const RECENT_MAX: usize = 256;

/// Where a family's reading may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// At segment 1, or after the last pruned one.
    After { pruned: u32 },
    /// At whatever segment comes first; what it says of its past is believed.
    Anywhere,
}

/// Reads a family. Nothing is final: after the end or an error, asking again looks again, so that
/// a journal can be followed while it is written.
#[derive(Debug)]
pub(crate) struct FamilyReader {
    family: Family,
    dir: PathBuf,
    only: Option<PathBuf>,
    numbers: VecDeque<u32>,
    start: Start,
    segment: Option<Segment>,
    tip: ChainHead,
    begun: bool,
    head: Option<Head>,
    payload: Vec<u8>,
    recent: VecDeque<(u64, [u8; 32])>,
}

#[derive(Debug)]
struct Segment {
    file: BufReader<File>,
    header: SegmentHeader,
    offset: u64,
    /// Where the next segment says that this one ends.
    limit: Option<u64>,
    /// Length of the file when it was last asked for.
    len: u64,
    /// Whether `file` may stand somewhere else than at `offset`.
    lost_place: bool,
}

impl Segment {
    /// Bytes from the next frame on; asks again when there seem to be fewer than `wanted`.
    fn left(&mut self, wanted: usize) -> io::Result<u64> {
        if self.len < self.offset + wanted as u64 {
            self.len = self.file.get_ref().metadata()?.len();
        }
        Ok(self.len.saturating_sub(self.offset))
    }

    fn rest_is_blank(&self, left: u64) -> io::Result<bool> {
        let mut rest = vec![0; left as usize];
        self.file.get_ref().read_exact_at(&mut rest, self.offset)?;
        Ok(rest.iter().all(|&byte| byte == 0))
    }

    fn find_place(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.lost_place) {
            self.file.seek(SeekFrom::Start(self.offset))?;
        }
        Ok(())
    }
}

impl FamilyReader {
    /// Reads the segments of `family` in `dir` with these numbers, in rising order.
    pub(crate) fn new(dir: &Path, family: Family, numbers: Vec<u32>, start: Start) -> Self {
        Self {
            family,
            dir: dir.to_owned(),
            only: None,
            numbers: numbers.into(),
            start,
            segment: None,
            tip: ChainHead::default(),
            begun: false,
            head: None,
            payload: Vec::new(),
            recent: VecDeque::with_capacity(RECENT_MAX),
        }
    }

    /// Reads one file, wherever it lies and whatever it is called.
    pub(crate) fn single(path: &Path, header: &SegmentHeader) -> Self {
        let dir = path.parent().unwrap_or(Path::new(""));
        let numbers = vec![header.number];
        let only = Some(path.to_owned());
        Self { only, ..Self::new(dir, header.family, numbers, Start::Anywhere) }
    }

    /// The chain after the frame that was read last.
    pub(crate) const fn tip(&self) -> ChainHead {
        self.tip
    }

    /// The header of the segment that is being read.
    pub(crate) fn header(&self) -> Option<SegmentHeader> {
        self.segment.as_ref().map(|segment| segment.header)
    }

    /// Segment number and byte where the next frame begins.
    pub(crate) fn position(&self) -> (u32, u64) {
        match &self.segment {
            Some(segment) => (segment.header.number, segment.offset),
            None => (self.numbers.front().copied().unwrap_or(0), 0),
        }
    }

    /// The chain's hash after `frames` frames, when that was passed not long ago.
    pub(crate) fn hash_at(&self, frames: u64) -> Option<[u8; 32]> {
        self.recent.iter().rev().find(|(at, _)| *at == frames).map(|(_, hash)| *hash)
    }

    pub(crate) const fn family(&self) -> Family {
        self.family
    }

    /// Names a fault at the next frame.
    pub(crate) fn broken(&self, fault: Fault) -> Broken {
        let (segment, offset) = self.position();
        Broken { family: self.family, segment, offset, seq: self.tip.seq + 1, fault }
    }

    /// The frame that [`Self::advance`] found.
    pub(crate) fn frame(&self) -> Option<RecordView<'_>> {
        self.head.and_then(|head| head.view(&self.payload))
    }

    /// Goes to the next frame; `false` at the end.
    pub(crate) fn advance(&mut self) -> Result<bool, Broken> {
        self.head = None;
        loop {
            if self.segment.is_none() && !self.open_next()? {
                return Ok(false);
            }
            match self.step()? {
                Step::Frame => return Ok(true),
                Step::End => return Ok(false),
                Step::NextSegment => {
                    if !self.open_next()? {
                        return Ok(false);
                    }
                }
            }
        }
    }

    fn path(&self, number: u32) -> PathBuf {
        match &self.only {
            Some(path) => path.clone(),
            None => self.dir.join(segment_name(self.family, number)),
        }
    }

    /// Opens the segment after the present one; `false` when there is none.
    fn open_next(&mut self) -> Result<bool, Broken> {
        let Some(&number) = self.numbers.front() else { return Ok(false) };
        let wanted = match (&self.segment, self.start) {
            (Some(segment), _) => segment.header.number + 1,
            (None, Start::After { pruned }) => number.min(pruned + 1),
            (None, Start::Anywhere) => number,
        };
        let (family, seq) = (self.family, self.tip.seq + 1);
        let fail = |fault| Broken { family, segment: wanted, offset: 0, seq, fault };
        if number != wanted {
            return Err(fail(Fault::MissingSegment));
        }
        let path = self.path(number);
        let file = File::open(&path).map_err(|error| fail(io_fault(&error)))?;
        let (header, hash) = match read_header(&file).map_err(|error| fail(io_fault(&error)))? {
            Ok(found) => found,
            Err(error) => return Err(fail(self.header_fault(&file, error))),
        };
        self.check_header(&header, number).map_err(fail)?;
        let limit = self.limit_of(number);
        if !self.begun {
            self.tip.seq = header.first_seq.saturating_sub(1);
            self.begun = true;
        }
        self.tip = ChainHead { frames: header.frames_before + 1, hash, ..self.tip };
        self.remember();
        let file = BufReader::with_capacity(64 * 1024, file);
        let offset = HEADER_LEN as u64;
        self.segment = Some(Segment { file, header, offset, limit, len: 0, lost_place: true });
        self.numbers.pop_front();
        Ok(true)
    }

    /// A header that cannot be read at the end of the family may be one that was being written.
    fn header_fault(&self, file: &File, error: HeaderError) -> Fault {
        if let HeaderError::Version(found) = error {
            return Fault::Version { found };
        }
        let last = self.numbers.len() == 1;
        let proven = last && commit_proves(file, 0, self.tip.frames).unwrap_or(true);
        if last && !proven && self.only.is_none() { Fault::TornTail } else { Fault::Altered }
    }

    fn check_header(&self, header: &SegmentHeader, number: u32) -> Result<(), Fault> {
        if header.family != self.family || header.number != number {
            return Err(Fault::Altered);
        }
        let Some(before) = &self.segment else { return Ok(()) };
        let (expected, found) = (before.header.instance, header.instance);
        if expected != found {
            return Err(Fault::Foreign { expected, found });
        }
        let continues = header.prev_hash == self.tip.hash
            && header.frames_before == self.tip.frames
            && header.epoch >= before.header.epoch;
        if continues { Ok(()) } else { Err(Fault::Chain) }
    }

    /// Where the segment after `number` says that `number` ends.
    fn limit_of(&self, number: u32) -> Option<u64> {
        if self.only.is_some() {
            return None;
        }
        let file = File::open(self.path(number + 1)).ok()?;
        let (header, _) = read_header(&file).ok()?.ok()?;
        Some(header.prev_len)
    }

    /// Looks whether a segment appeared behind the last one.
    fn look_for_more(&mut self, number: u32) {
        if self.only.is_none() && self.numbers.is_empty() && self.path(number + 1).exists() {
            self.numbers.push_back(number + 1);
        }
    }

    fn step(&mut self) -> Result<Step, Broken> {
        loop {
            let Some(segment) = &self.segment else { return Ok(Step::End) };
            let (number, limit) = (segment.header.number, segment.limit);
            if limit == Some(segment.offset) {
                return Ok(Step::NextSegment);
            }
            let found = self.read_frame();
            if let Ok(Step::Frame) = found {
                return Ok(Step::Frame);
            }
            self.look_for_more(number);
            let known = limit.or_else(|| self.limit_of(number));
            if let Some(segment) = &mut self.segment {
                // The buffer may stand anywhere in what was there a moment ago.
                segment.lost_place = true;
                segment.limit = known;
            }
            if limit.is_none() && known.is_some() {
                continue;
            }
            return match found {
                // A later segment exists: one that cannot be read, or one far ahead.
                Ok(Step::End) if !self.numbers.is_empty() => Ok(Step::NextSegment),
                Ok(step) => Ok(step),
                Err(fault) => Err(self.broken(fault)),
            };
        }
    }

    fn read_frame(&mut self) -> Result<Step, Fault> {
        let Some(segment) = &mut self.segment else { return Ok(Step::End) };
        let io = |error: io::Error| io_fault(&error);
        let limit = segment.limit;
        let left = segment.left(HEAD_LEN).map_err(io)?;
        if left < HEAD_LEN as u64 {
            let blank = segment.rest_is_blank(left).map_err(io)?;
            return if blank && limit.is_none() { Ok(Step::End) } else { Err(self.short()) };
        }
        segment.find_place().map_err(io)?;
        let mut bytes = [0; HEAD_LEN];
        segment.file.read_exact(&mut bytes).map_err(io)?;
        let head = Head::split(bytes);
        if head.is_blank() && limit.is_none() {
            return Ok(Step::End);
        }
        if !head.fits() {
            return Err(self.tear());
        }
        let size = HEAD_LEN + head.len;
        if segment.left(size).map_err(io)? < size as u64 {
            return Err(self.short());
        }
        if limit.is_some_and(|limit| segment.offset + size as u64 > limit) {
            return Err(Fault::Altered);
        }
        self.payload.resize(head.len, 0);
        segment.file.read_exact(&mut self.payload).map_err(io)?;
        match head.verify(&self.tip.hash, &self.payload) {
            Some(hash) => self.take(head, hash),
            None => Err(self.tear()),
        }
    }

    /// Moves over a frame whose check agreed.
    fn take(&mut self, head: Head, hash: [u8; 32]) -> Result<Step, Fault> {
        let of_family = head.view(&[]).is_some_and(|view| view.family == self.family);
        if !of_family {
            return Err(Fault::Altered);
        }
        if !head.kind.is_own() {
            if head.seq <= self.tip.seq {
                return Err(Fault::Order { found: head.seq });
            }
            self.tip.seq = head.seq;
        }
        self.tip.frames += 1;
        self.tip.hash = hash;
        if head.kind == crate::Kind::COMMIT {
            self.remember();
        }
        if let Some(segment) = &mut self.segment {
            segment.offset += (HEAD_LEN + head.len) as u64;
        }
        self.head = Some(head);
        Ok(Step::Frame)
    }

    fn remember(&mut self) {
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back((self.tip.frames, self.tip.hash));
    }

    /// The file ends inside the frame.
    fn short(&self) -> Fault {
        match &self.segment {
            Some(Segment { limit: Some(expected), len, .. }) if len < expected => {
                Fault::Cut { len: *len, expected: *expected }
            }
            _ => self.tear(),
        }
    }

    /// Tells a torn tail from damage: whether anything later proves that this frame was whole.
    fn tear(&self) -> Fault {
        let Some(segment) = &self.segment else { return Fault::Altered };
        let proven = commit_proves(segment.file.get_ref(), segment.offset, self.tip.frames);
        let later = segment.limit.is_some() || !self.numbers.is_empty();
        if later || proven.unwrap_or(true) { Fault::Altered } else { Fault::TornTail }
    }
}

enum Step {
    Frame,
    NextSegment,
    End,
}

fn io_fault(error: &io::Error) -> Fault {
    Fault::Io { error: error.to_string() }
}

/// The header of a segment; a file that is too short has a blank one.
pub(crate) fn read_header(
    file: &File,
) -> io::Result<Result<(SegmentHeader, [u8; 32]), HeaderError>> {
    let mut bytes = [0; HEADER_LEN];
    let len = file.metadata()?.len();
    if len < HEADER_LEN as u64 {
        return Ok(Err(HeaderError::Blank));
    }
    file.read_exact_at(&mut bytes, 0)?;
    Ok(SegmentHeader::decode(&bytes))
}

/// Whether a sound commit from `offset` on says that more than `frames` frames were on disk.
fn commit_proves(file: &File, offset: u64, frames: u64) -> io::Result<bool> {
    const WINDOW: usize = 256 * 1024;
    let len = file.metadata()?.len();
    let mut window = Vec::new();
    let mut at = offset;
    while at < len {
        window.resize((WINDOW as u64).min(len - at) as usize, 0);
        file.read_exact_at(&mut window, at)?;
        let magics = window.windows(8).enumerate().filter(|(_, bytes)| **bytes == Commit::MAGIC);
        let found = magics
            .filter_map(|(start, _)| Commit::decode(window.get(start..start + Commit::LEN)?))
            .any(|commit| commit.durable_frames > frames);
        if found {
            return Ok(true);
        }
        if window.len() < WINDOW {
            break;
        }
        at += (WINDOW - Commit::LEN) as u64;
    }
    Ok(false)
}
