//! The bytes of a ring: one header page, then a power of two of data, mapped from a file or
//! anonymous. Everything `unsafe` of the ring stands here.
#![allow(unsafe_code, reason = "memory shared by two threads and two processes")]

use std::fs::File;
use std::io;
use std::sync::atomic::AtomicU64;

use memmap2::{MmapMut, MmapOptions, MmapRaw};

/// Bytes before the data.
pub(super) const PAGE: usize = 4096;
/// Fields of the header page that never change while the ring is in use.
pub(super) const FIXED_LEN: usize = 64;
const PRODUCED_AT: usize = 128;
const CONSUMED_AT: usize = 256;

/// A mapping and its two cursors, which count bytes since the ring was made and never wrap.
///
/// The promise that the callers keep: bytes from `consumed` up to `produced` are only read, all
/// others are only touched by the one producer. Cursors are stored with release and loaded with
/// acquire order by whoever crosses to the other side.
#[derive(Debug)]
pub(super) struct Memory {
    map: MmapRaw,
    capacity: usize,
    locked: bool,
}

impl Memory {
    /// Memory of this process alone.
    pub(super) fn anonymous(capacity: usize) -> io::Result<Self> {
        let map = MmapMut::map_anon(PAGE + capacity)?;
        Ok(Self { map: map.into(), capacity, locked: false })
    }

    /// Maps a file of `PAGE + capacity` bytes whose blocks are allocated.
    pub(super) fn of_file(file: &File, capacity: usize) -> io::Result<Self> {
        let map = MmapOptions::new().len(PAGE + capacity).map_raw(file)?;
        Ok(Self { map, capacity, locked: false })
    }

    /// Touches every page, so that no later push faults, and asks to keep them in memory.
    ///
    /// Locking is best effort: a limit of the account does not stop anything.
    pub(super) fn blank_and_lock(&mut self) {
        // SAFETY: the mapping has `PAGE + capacity` bytes and `&mut self` is its only user.
        unsafe { std::ptr::write_bytes(self.map.as_mut_ptr(), 0, PAGE + self.capacity) };
        self.locked = self.map.lock().is_ok();
    }

    pub(super) const fn is_locked(&self) -> bool {
        self.locked
    }

    pub(super) const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Bytes written up to here.
    pub(super) fn produced(&self) -> &AtomicU64 {
        self.cursor(PRODUCED_AT)
    }

    /// Bytes given back up to here.
    pub(super) fn consumed(&self) -> &AtomicU64 {
        self.cursor(CONSUMED_AT)
    }

    fn cursor(&self, at: usize) -> &AtomicU64 {
        // SAFETY: `at` is one of two constants inside the header page and a multiple of 8, the
        // mapping is page-aligned and lives as long as `self`, and these 8 bytes are only ever
        // used as this atomic.
        unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().add(at).cast()) }
    }

    /// The fixed part of the header page.
    pub(super) fn fixed(&self) -> [u8; FIXED_LEN] {
        let mut out = [0; FIXED_LEN];
        // SAFETY: the header page is longer than `FIXED_LEN`, and nobody writes these bytes while
        // they are read: `set_fixed` takes `&mut self`.
        unsafe { std::ptr::copy_nonoverlapping(self.map.as_ptr(), out.as_mut_ptr(), FIXED_LEN) };
        out
    }

    pub(super) fn set_fixed(&mut self, bytes: &[u8; FIXED_LEN]) {
        // SAFETY: as in `fixed`; `&mut self` is the only user.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.map.as_mut_ptr(), FIXED_LEN);
        }
    }

    /// Copies `bytes` to `offset` of the data.
    ///
    /// The caller is the producer, and the range is not between the cursors.
    ///
    /// # Panics
    /// When the range leaves the data.
    #[inline]
    pub(super) fn write(&self, offset: usize, bytes: &[u8]) {
        assert!(offset <= self.capacity && bytes.len() <= self.capacity - offset);
        // SAFETY: the range is inside the mapping by the assert; the consumer does not read it
        // before `produced` passes it, which the one producer stores after this copy.
        unsafe {
            let to = self.map.as_mut_ptr().add(PAGE + offset);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len());
        }
    }

    /// `len` bytes of data from `offset`, or `None` when the range leaves the data.
    ///
    /// The caller is the consumer, the range lies between the cursors, and `consumed` does not
    /// pass it while the slice lives.
    #[inline]
    pub(super) fn read(&self, offset: usize, len: usize) -> Option<&[u8]> {
        if offset > self.capacity || len > self.capacity - offset {
            return None;
        }
        // SAFETY: inside the mapping by the check above; the producer leaves bytes between the
        // cursors alone, and the caller keeps `consumed` in place.
        Some(unsafe { std::slice::from_raw_parts(self.map.as_ptr().add(PAGE + offset), len) })
    }
}
