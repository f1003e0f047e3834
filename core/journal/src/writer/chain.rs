//! One family's segments from the writing side: what is encoded, what is written, what is sure.

use std::io;

use crate::disk::DiskFile;
use crate::frame::{self, HEAD_LEN, HEADER_LEN, Head, SegmentHeader};
use crate::payload::ChainHead;
use crate::{Family, Kind, RecordView};

/// A place in a family's chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) head: ChainHead,
    /// The segment, 0 before the first.
    pub(super) number: u32,
    /// Bytes of that segment up to here.
    pub(super) len: u64,
}

/// The frames since `durable` are kept in memory until they are sure, because after a failed sync
/// nobody can say which of them the disk has.
#[derive(Debug)]
pub(super) struct Chain<F> {
    pub(super) family: Family,
    pub(super) file: Option<F>,
    pub(super) tip: Point,
    pub(super) durable: Point,
    /// Whether a record stands behind the last commit.
    pub(super) uncommitted: bool,
    /// Whether the file's name may be missing from its directory after a power cut.
    pub(super) name_unsure: bool,
    tail: Vec<u8>,
    tail_at: u64,
    written: usize,
    last_at: model::Mono,
}

impl<F: DiskFile> Chain<F> {
    pub(super) fn new(family: Family, at: Point, tail_max: usize) -> Self {
        Self {
            family,
            file: None,
            tip: at,
            durable: at,
            uncommitted: false,
            name_unsure: false,
            tail: Vec::with_capacity(tail_max),
            tail_at: 0,
            written: 0,
            last_at: model::Mono::ZERO,
        }
    }

    /// Begins a segment in `file`. Everything before is durable or was given up.
    pub(super) fn begin(&mut self, file: F, header: &SegmentHeader) {
        let (bytes, hash) = header.encode();
        self.tail.clear();
        self.tail.extend_from_slice(&bytes);
        (self.tail_at, self.written) = (0, 0);
        self.tip.number = header.number;
        self.tip.len = HEADER_LEN as u64;
        self.tip.head.frames += 1;
        self.tip.head.hash = hash;
        self.file = Some(file);
        self.name_unsure = true;
    }

    /// Encodes a record; it reaches the file with the next [`Self::flush`].
    pub(super) fn append(&mut self, record: &RecordView<'_>) {
        frame::append(&mut self.tail, &mut self.tip.head.hash, record);
        self.tip.len += (HEAD_LEN + record.payload.len()) as u64;
        self.tip.head.frames += 1;
        self.last_at = record.at;
        if !record.kind.is_own() {
            self.tip.head.seq = record.seq;
            self.uncommitted = true;
        }
    }

    /// Encodes a frame of the journal's own.
    pub(super) fn append_own(&mut self, kind: Kind, payload: &[u8]) {
        let (seq, at, family) = (self.tip.head.seq, self.last_at, self.family);
        self.append(&RecordView { seq, at, family, kind, payload });
    }

    /// Bytes that are not sure.
    pub(super) fn tail_len(&self) -> usize {
        self.tail.len()
    }

    /// Bytes that are not in the file.
    pub(super) fn unwritten(&self) -> usize {
        self.tail.len() - self.written
    }

    /// Hands everything to the operating system.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut interruptions = 0;
        while self.written < self.tail.len() {
            let offset = self.tail_at + self.written as u64;
            match file.write_at(offset, &self.tail[self.written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.written += count.min(self.tail.len() - self.written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted && interruptions < 100 => {
                    interruptions += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Puts everything on the medium.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        match &mut self.file {
            Some(file) => file.sync_data(),
            None => Ok(()),
        }
    }

    /// Everything up to `point`, `bytes` of the tail, is sure.
    pub(super) fn settle(&mut self, point: Point, bytes: usize) {
        self.durable = point;
        self.tail.drain(..bytes);
        self.tail_at += bytes as u64;
        self.written = self.written.saturating_sub(bytes);
    }

    /// Closes the segment at its end.
    pub(super) fn finish(&mut self) {
        self.file = None;
        self.tail.clear();
        self.written = 0;
    }

    /// Cuts the file back to what is sure; `false` when nothing in it is.
    pub(super) fn cut_back(&mut self) -> bool {
        let begun = self.durable.number == self.tip.number;
        if let Some(file) = &mut self.file {
            // A disk that refuses leaves a torn tail, which readers know.
            let _ = file.set_len(if begun { self.durable.len } else { 0 });
        }
        begun || self.file.is_none()
    }

    /// Goes back to what is sure, and returns the bytes behind it.
    pub(super) fn give_up(&mut self) -> Vec<u8> {
        self.file = None;
        let at_start = self.tail_at == 0 && !self.tail.is_empty();
        let skip = if at_start { HEADER_LEN.min(self.tail.len()) } else { 0 };
        let frames = self.tail.split_off(skip);
        self.tail.clear();
        self.written = 0;
        self.tip = self.durable;
        self.uncommitted = false;
        frames
    }
}

/// The frames in bytes that this process encoded itself.
pub(super) fn frames_of(bytes: &[u8]) -> impl Iterator<Item = RecordView<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (head, after) = rest.split_first_chunk::<HEAD_LEN>()?;
        let head = Head::split(*head);
        let (payload, after) = after.split_at_checked(head.len)?;
        rest = after;
        head.view(payload)
    })
}
