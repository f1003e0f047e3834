//! A journal in a few lines, and a disk that fails on demand.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(unreachable_pub, missing_debug_implementations, reason = "scaffolding of test files")]

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::path::Path;
use std::rc::Rc;

use journal::{
    Consumer, Disk, DiskFile, Family, HostDisk, Identity, Kind, Observer, Producer, RecordView,
    SyncPolicy, Trouble, Writer, WriterSettings, ring,
};
use model::{Mono, Span};

pub const D: Family = Family::Decisions;
pub const M: Family = Family::Market;

pub fn identity(epoch: u32) -> Identity {
    Identity { instance: 0xabc, epoch, machine_boot: [7; 16] }
}

pub fn settings() -> WriterSettings {
    WriterSettings {
        segment_bytes: 4096,
        reserve_bytes: 16 * 1024,
        free_min_bytes: 0,
        decisions_sync: Span::ZERO,
        market_sync: Span::from_millis(10),
        market_max_bytes: 20 << 30,
        retry: Span::from_secs(1),
        tail_max_bytes: 64 * 1024,
        policy: SyncPolicy::Disk,
    }
}

pub fn at_ms(ms: u64) -> Mono {
    Mono::from_nanos(ms * 1_000_000)
}

/// Remembers everything it was told.
#[derive(Debug, Default)]
pub struct Heard {
    pub seqs: Vec<u64>,
    pub durable: Vec<u64>,
    pub troubles: Vec<Trouble>,
}

impl Observer for Heard {
    fn on_record(&mut self, record: &RecordView<'_>) {
        self.seqs.push(record.seq);
    }
    fn on_durable(&mut self, seq: u64) {
        self.durable.push(seq);
    }
    fn on_trouble(&mut self, trouble: &Trouble) {
        self.troubles.push(trouble.clone());
    }
}

/// A writer with its ring, on any disk.
pub struct Rig<K: Disk> {
    pub producer: Producer,
    pub consumer: Consumer,
    pub writer: Writer<K>,
    pub heard: Heard,
    pub ms: u64,
}

impl<K: Disk> Rig<K> {
    pub fn new(disk: K, dir: &Path, epoch: u32, settings: WriterSettings) -> Self {
        let (writer, _) = Writer::open(disk, dir, identity(epoch), settings).unwrap();
        let (producer, consumer) = ring::in_memory(1 << 20, writer.next_seq()).unwrap();
        Self { producer, consumer, writer, heard: Heard::default(), ms: 0 }
    }

    pub fn push(&mut self, family: Family, payload: &[u8]) -> u64 {
        let kind = if family == D { Kind::OUTPUT } else { Kind::INPUT };
        self.push_kind(family, kind, payload)
    }

    pub fn push_kind(&mut self, family: Family, kind: Kind, payload: &[u8]) -> u64 {
        self.producer.push(family, kind, at_ms(self.ms), payload).unwrap()
    }

    pub fn drain(&mut self) -> usize {
        self.ms += 1;
        self.writer.drain(at_ms(self.ms), &mut self.consumer, &mut self.heard)
    }

    pub fn close(&mut self) {
        self.writer.close(&mut self.heard);
    }
}

/// A small whole journal in `dir`: both families, several groups and segments, an orderly stop.
pub fn small_journal(dir: &Path, epoch: u32) -> Vec<u64> {
    let mut rig =
        Rig::new(HostDisk, dir, epoch, WriterSettings { segment_bytes: 1024, ..settings() });
    rig.push_kind(D, Kind::BOOT, b"boot");
    for round in 0..6_u8 {
        rig.push(M, &[round; 40]);
        rig.push(D, &[round; 60]);
        rig.push(M, &[round; 50]);
        rig.drain();
        rig.ms += 5;
    }
    rig.push_kind(D, Kind::STOP, b"");
    rig.drain();
    rig.close();
    assert!(rig.heard.troubles.is_empty(), "{:?}", rig.heard.troubles);
    rig.heard.seqs
}

/// What a [`FaultyDisk`] does wrong.
#[derive(Debug, Default)]
pub struct Faults {
    /// Bytes that may still be written outside the reserve; then ENOSPC.
    pub room: Option<u64>,
    /// Bytes that one write takes at most.
    pub short: Option<usize>,
    /// Every write fails with this number.
    pub write_errno: Option<i32>,
    /// Every sync fails with this number.
    pub sync_errno: Option<i32>,
    /// Syncs from now on that succeed before `sync_errno` counts.
    pub syncs_left: u32,
    /// Reserving fails with this number.
    pub reserve_errno: Option<i32>,
    /// Making a file fails with this number.
    pub create_errno: Option<i32>,
    pub free: Option<u64>,
    /// Files that were removed, in order.
    pub removed: Vec<String>,
    /// Files of an earlier process that were put on the medium.
    pub synced: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub struct FaultyDisk(pub Rc<RefCell<Faults>>);

#[derive(Debug)]
pub struct FaultyFile {
    file: File,
    faults: Rc<RefCell<Faults>>,
    reserved: bool,
}

fn refuse(errno: Option<i32>) -> io::Result<()> {
    errno.map_or(Ok(()), |errno| Err(io::Error::from_raw_os_error(errno)))
}

impl DiskFile for FaultyFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut faults = self.faults.borrow_mut();
        refuse(faults.write_errno)?;
        let mut len = bytes.len().min(faults.short.unwrap_or(usize::MAX));
        if let Some(room) = faults.room.as_mut().filter(|_| !self.reserved) {
            if *room == 0 {
                return refuse(Some(libc_enospc())).map(|()| 0);
            }
            len = len.min(*room as usize);
            *room -= len as u64;
        }
        self.file.write_at(offset, &bytes[..len])
    }
    fn sync_data(&mut self) -> io::Result<()> {
        let mut faults = self.faults.borrow_mut();
        if faults.syncs_left > 0 {
            faults.syncs_left -= 1;
            return Ok(());
        }
        refuse(faults.sync_errno)
    }
    fn set_len(&mut self, len: u64) -> io::Result<()> {
        DiskFile::set_len(&mut self.file, len)
    }
}

pub const fn libc_enospc() -> i32 {
    28
}

pub const fn libc_eio() -> i32 {
    5
}

impl Disk for FaultyDisk {
    type File = FaultyFile;
    fn make_dir(&self, path: &Path) -> io::Result<()> {
        HostDisk.make_dir(path)
    }
    fn create(&self, path: &Path) -> io::Result<FaultyFile> {
        refuse(self.0.borrow().create_errno)?;
        let file = HostDisk.create(path)?;
        Ok(FaultyFile { file, faults: Rc::clone(&self.0), reserved: false })
    }
    fn reserve(&self, path: &Path, len: u64) -> io::Result<FaultyFile> {
        refuse(self.0.borrow().reserve_errno)?;
        let file = HostDisk.reserve(path, len)?;
        Ok(FaultyFile { file, faults: Rc::clone(&self.0), reserved: true })
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        HostDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.borrow_mut().removed.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        HostDisk.remove(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        HostDisk.sync_dir(path)
    }
    fn sync_file(&self, path: &Path) -> io::Result<()> {
        let mut faults = self.0.borrow_mut();
        refuse(faults.sync_errno)?;
        faults.synced.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        Ok(())
    }
    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        self.0.borrow().free.map_or_else(|| HostDisk.free_bytes(path), Ok)
    }
}
