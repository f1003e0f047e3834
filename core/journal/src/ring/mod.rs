//! The ring between the thread that decides and the thread that writes: bounded, one producer,
//! one consumer, no lock, no system call, and in a file on a tmpfs it outlives `kill -9`.
//!
//! A record in the ring is a head of 32 bytes, the payload, and zeros up to a multiple of 8:
//! payload length 4 · kind 2 · family 1 · zero 1 · seq 8 · at 8 · checksum 8 of what stands before it
//! and of the payload. A record never wraps; a length of all ones says that the rest of
//! the lap is unused.

mod check;
mod file;
mod memory;
mod place;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use model::Mono;

use crate::{Family, Kind, PAYLOAD_MAX, RecordView};
use memory::Memory;

pub use file::{Leftover, RingFile, RingFileError, RingInUse, RingLock};
pub use place::{RuntimeDir, RuntimeDirError};

/// Default size of the data: at 200 B a record some 80,000 of them.
pub const RING_BYTES: usize = 16 << 20;
/// Smallest size of the data.
pub const RING_BYTES_MIN: usize = 1024;

const HEAD: usize = 32;
const SKIP: u32 = u32::MAX;
/// No ring lives long enough to come here: 29 years at 10 GB a second.
const CURSOR_MAX: u64 = u64::MAX / 2;

/// Why a record was not taken. Nothing was written and no number was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushError {
    /// The consumer is behind.
    Full {
        /// Bytes that the record would take.
        needed: usize,
        /// Bytes that are free.
        free: usize,
    },
    /// Longer than a record may be; a larger thing is a blob.
    TooLong {
        /// Bytes of the payload.
        len: usize,
        /// Bytes that it may have in this ring.
        max: usize,
    },
}

impl core::fmt::Display for PushError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Full { needed, free } => {
                write!(f, "the journal ring is full: {needed} bytes needed, {free} free")
            }
            Self::TooLong { len, max } => {
                write!(f, "a record of {len} bytes where the journal ring takes {max}")
            }
        }
    }
}

impl core::error::Error for PushError {}

/// What the bytes of a ring promise and do not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingBroken {
    /// Where, in bytes since the ring was made.
    pub cursor: u64,
    /// The number that was expected there.
    pub seq: u64,
    /// What is wrong.
    pub why: RingFault,
}

/// What is wrong with a record in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingFault {
    /// The cursors cannot belong to one ring of this size.
    Cursors,
    /// The length leaves the written part.
    Length,
    /// The checksum differs.
    Checksum,
    /// Another number stands there.
    Sequence {
        /// That number.
        found: u64,
    },
    /// No such family.
    Family,
}

impl core::fmt::Display for RingBroken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ring record {} at byte {}: ", self.seq, self.cursor)?;
        match self.why {
            RingFault::Cursors => f.write_str("the cursors do not fit the ring"),
            RingFault::Length => f.write_str("the length leaves the written part"),
            RingFault::Checksum => f.write_str("the checksum differs"),
            RingFault::Sequence { found } => write!(f, "the number there is {found}"),
            RingFault::Family => f.write_str("no such family"),
        }
    }
}

impl core::error::Error for RingBroken {}

/// A ring in this process's own memory, for the virtual clock and for tests. The first record
/// gets the number `first_seq`.
///
/// # Errors
/// When the memory cannot be had.
///
/// # Panics
/// When `capacity` is not a power of two of at least [`RING_BYTES_MIN`].
pub fn in_memory(capacity: usize, first_seq: u64) -> io::Result<(Producer, Consumer)> {
    assert_capacity(capacity);
    Ok(pair(Memory::anonymous(capacity)?, first_seq))
}

fn assert_capacity(capacity: usize) {
    let fits = capacity.is_power_of_two() && capacity >= RING_BYTES_MIN;
    assert!(fits, "a ring of {capacity} bytes: not a power of two from {RING_BYTES_MIN}");
}

fn pair(memory: Memory, first_seq: u64) -> (Producer, Consumer) {
    let memory = Arc::new(memory);
    let producer = Producer {
        mask: memory.capacity() as u64 - 1,
        payload_max: PAYLOAD_MAX.min(memory.capacity() / 4),
        written: 0,
        consumed_seen: 0,
        next_seq: first_seq,
        memory: Arc::clone(&memory),
    };
    let scan = Scan { at: 0, next_seq: first_seq };
    (producer, Consumer { memory, scan, released: 0 })
}

const fn size_of_record(payload: usize) -> usize {
    HEAD + payload.next_multiple_of(8)
}

/// The end that decides. One exists; it may move to another thread.
#[derive(Debug)]
pub struct Producer {
    memory: Arc<Memory>,
    mask: u64,
    payload_max: usize,
    written: u64,
    consumed_seen: u64,
    next_seq: u64,
}

impl Producer {
    /// Appends a record and returns its number. No heap, no lock, no system call.
    ///
    /// When this returns, the record outlives the process (in a file-backed ring).
    ///
    /// # Errors
    /// [`PushError`]; the caller blocks what adds risk.
    #[inline]
    pub fn push(
        &mut self,
        family: Family,
        kind: Kind,
        at: Mono,
        payload: &[u8],
    ) -> Result<u64, PushError> {
        if payload.len() > self.payload_max {
            return Err(PushError::TooLong { len: payload.len(), max: self.payload_max });
        }
        let offset = self.claim(size_of_record(payload.len()))?;
        let seq = self.next_seq;
        let mut head = [0_u8; HEAD];
        head[0..4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        head[4..6].copy_from_slice(&kind.0.to_le_bytes());
        head[6] = family as u8;
        head[8..16].copy_from_slice(&seq.to_le_bytes());
        head[16..24].copy_from_slice(&at.nanos().to_le_bytes());
        let sum = sum_of(&head, payload);
        head[24..].copy_from_slice(&sum.to_le_bytes());
        self.memory.write(offset, &head);
        self.memory.write(offset + HEAD, payload);
        self.memory.produced().store(self.written, Ordering::Release);
        self.next_seq += 1;
        Ok(seq)
    }

    /// Bytes in use and bytes in all. From three quarters on, the caller sheds public frames.
    #[inline]
    pub fn fill(&mut self) -> (usize, usize) {
        self.consumed_seen = self.memory.consumed().load(Ordering::Acquire);
        (self.used(), self.memory.capacity())
    }

    /// The number that the next record will get.
    pub const fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Whether the pages are locked in memory; `false` in a limit of the account or in memory.
    pub fn is_locked(&self) -> bool {
        self.memory.is_locked()
    }

    fn used(&self) -> usize {
        (self.written.saturating_sub(self.consumed_seen) as usize).min(self.memory.capacity())
    }

    /// Moves `written` over a record of `size` bytes and returns where it begins.
    fn claim(&mut self, size: usize) -> Result<usize, PushError> {
        let capacity = self.memory.capacity();
        let mut offset = (self.written & self.mask) as usize;
        let to_end = capacity - offset;
        let unused = if to_end < size { to_end } else { 0 };
        let needed = size + unused;
        if capacity - self.used() < needed {
            let (used, _) = self.fill();
            if capacity - used < needed {
                return Err(PushError::Full { needed, free: capacity - used });
            }
        }
        if unused > 0 {
            self.memory.write(offset, &SKIP.to_le_bytes());
            offset = 0;
        }
        self.written += needed as u64;
        Ok(offset)
    }
}

#[inline]
fn sum_of(head: &[u8; HEAD], payload: &[u8]) -> u64 {
    let first = head.first_chunk::<24>().unwrap_or(&[0; 24]);
    check::checksum(first, payload)
}

/// The end that writes to disk.
#[derive(Debug)]
pub struct Consumer {
    memory: Arc<Memory>,
    scan: Scan,
    released: u64,
}

impl Consumer {
    /// The next record, or `None` when there is none yet. Its bytes stay until [`Self::release`].
    ///
    /// # Errors
    /// [`RingBroken`] when memory does not hold what the producer wrote; nothing after it can be
    /// believed, and the same error comes again.
    pub fn read(&mut self) -> Result<Option<RecordView<'_>>, RingBroken> {
        let end = self.memory.produced().load(Ordering::Acquire);
        self.scan.next(&self.memory, end)
    }

    /// Gives everything that was read back to the producer.
    pub fn release(&mut self) {
        if self.released != self.scan.at {
            self.released = self.scan.at;
            self.memory.consumed().store(self.released, Ordering::Release);
        }
    }

    /// Bytes that wait, read ones that were not released included, and bytes in all.
    pub fn fill(&self) -> (usize, usize) {
        let end = self.memory.produced().load(Ordering::Acquire);
        (end.saturating_sub(self.released) as usize, self.memory.capacity())
    }

    /// The number that the next record must have.
    pub const fn next_seq(&self) -> u64 {
        self.scan.next_seq
    }
}

/// A walk over the records of a ring.
#[derive(Clone, Copy, Debug)]
struct Scan {
    at: u64,
    next_seq: u64,
}

impl Scan {
    fn next<'m>(
        &mut self,
        memory: &'m Memory,
        end: u64,
    ) -> Result<Option<RecordView<'m>>, RingBroken> {
        let mask = memory.capacity() as u64 - 1;
        let broken = |scan: &Self, why| RingBroken { cursor: scan.at, seq: scan.next_seq, why };
        if self.at == end {
            return Ok(None);
        }
        if end > CURSOR_MAX || end < self.at || end - self.at > memory.capacity() as u64 {
            return Err(broken(self, RingFault::Cursors));
        }
        let mut at = self.at;
        if length(memory, (at & mask) as usize) == Some(SKIP) {
            at = (at | mask) + 1;
        }
        if at >= end {
            return Err(broken(self, RingFault::Length));
        }
        let offset = (at & mask) as usize;
        let head = memory.read(offset, HEAD).and_then(|head| head.first_chunk::<HEAD>());
        let Some(head) = head else { return Err(broken(self, RingFault::Length)) };
        let len = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let in_bounds = len <= PAYLOAD_MAX && (end - at) as usize >= size_of_record(len);
        let payload = if in_bounds { memory.read(offset + HEAD, len) } else { None };
        let Some(payload) = payload else { return Err(broken(self, RingFault::Length)) };
        if head[24..] != sum_of(head, payload).to_le_bytes() {
            return Err(broken(self, RingFault::Checksum));
        }
        let record = take_apart(head, payload).ok_or_else(|| broken(self, RingFault::Family))?;
        if record.seq != self.next_seq {
            return Err(broken(self, RingFault::Sequence { found: record.seq }));
        }
        self.at = at + size_of_record(len) as u64;
        self.next_seq += 1;
        Ok(Some(record))
    }
}

fn length(memory: &Memory, offset: usize) -> Option<u32> {
    let bytes = memory.read(offset, 4)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*bytes))
}

fn take_apart<'m>(head: &[u8; HEAD], payload: &'m [u8]) -> Option<RecordView<'m>> {
    let mut fields = crate::bytes::Fields(&head[4..]);
    let kind = Kind(fields.u16()?);
    let family = Family::from_u8(fields.u8()?)?;
    let _zero = fields.u8()?;
    Some(RecordView {
        seq: fields.u64()?,
        at: Mono::from_nanos(fields.u64()?),
        family,
        kind,
        payload,
    })
}
