//! The ring's file: what a dead process left in it, and a ring to go on with.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::marker::PhantomData;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::memory::{FIXED_LEN, Memory, PAGE};
use super::{Consumer, Producer, RingBroken, RingFault, Scan, assert_capacity, pair};
use crate::RecordView;
use crate::bytes::Fields;
use crate::payload::FORMAT_VERSION;

const MAGIC: [u8; 8] = *b"SHRKRING";

/// Why a ring's file cannot be used.
#[derive(Debug)]
pub enum RingFileError {
    /// The operating system refused; a full tmpfs shows here, before anything trades.
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// What it answered.
        error: io::Error,
    },
    /// Another process has it.
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is of another data directory.
    Foreign {
        /// The file.
        path: PathBuf,
        /// Our instance.
        expected: u32,
        /// The instance in the file.
        found: u32,
    },
    /// Another version of the program wrote it.
    Version {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u16,
    },
}

impl core::fmt::Display for RingFileError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Io { doing, path, error } => {
                write!(f, "cannot {doing} the journal ring {}: {error}", path.display())
            }
            Self::InUse { path } => write!(
                f,
                "the journal ring {} is in use by another process; stop it first",
                path.display()
            ),
            Self::Foreign { path, expected, found } => write!(
                f,
                "the journal ring {} belongs to instance {found:06x}, not {expected:06x}; \
                 move the file away",
                path.display()
            ),
            Self::Version { path, found } => write!(
                f,
                "the journal ring {} has format {found}, this program reads {FORMAT_VERSION}; \
                 start the version that wrote it once, and stop it",
                path.display()
            ),
        }
    }
}

impl core::error::Error for RingFileError {}

/// The locked file of one instance's ring.
#[derive(Debug)]
pub struct RingFile {
    file: File,
    path: PathBuf,
    instance: u32,
}

impl RingFile {
    /// Opens or makes `DIR/ring-INSTANCE` and locks it.
    ///
    /// # Errors
    /// [`RingFileError::InUse`] while another process has it.
    pub fn open(dir: &Path, instance: u32) -> Result<Self, RingFileError> {
        let path = dir.join(format!("ring-{instance:06x}"));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        options.custom_flags(libc::O_NOFOLLOW);
        let file = options.open(&path).map_err(|error| failed("open", &path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file, path, instance }),
            Err(TryLockError::WouldBlock) => Err(RingFileError::InUse { path }),
            Err(TryLockError::Error(error)) => Err(failed("lock", &path, error)),
        }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a dead process left, or `None` in a file without a ring.
    ///
    /// # Errors
    /// A ring of another instance or format, which is not ours to throw away.
    pub fn leftover(&self) -> Result<Option<Leftover<'_>>, RingFileError> {
        let path = &self.path;
        let len = self.file.metadata().map_err(|error| failed("measure", path, error))?.len();
        let Some(capacity) = capacity_of(len) else { return Ok(None) };
        let memory =
            Memory::of_file(&self.file, capacity).map_err(|error| failed("map", path, error))?;
        let Some(fixed) = Fixed::decode(&memory.fixed()) else { return Ok(None) };
        if fixed.version != FORMAT_VERSION {
            return Err(RingFileError::Version { path: path.clone(), found: fixed.version });
        }
        if fixed.instance != self.instance {
            return Err(RingFileError::Foreign {
                path: path.clone(),
                expected: self.instance,
                found: fixed.instance,
            });
        }
        Ok((fixed.capacity == capacity as u64).then(|| Leftover::new(memory, fixed.epoch)))
    }

    /// Throws away what is in the file and makes an empty ring of `capacity` bytes in it.
    ///
    /// # Errors
    /// When the blocks cannot be had: the file system is full.
    ///
    /// # Panics
    /// When `capacity` is not a power of two of at least [`super::RING_BYTES_MIN`].
    pub fn start(
        self,
        capacity: usize,
        epoch: u32,
        first_seq: u64,
    ) -> Result<RingInUse, RingFileError> {
        assert_capacity(capacity);
        let Self { file, path, instance } = self;
        let len = (PAGE + capacity) as u64;
        file.set_len(len).map_err(|error| failed("size", &path, error))?;
        crate::disk::allocate(&file, len)
            .map_err(|error| failed("allocate the blocks of", &path, error))?;
        let mut memory =
            Memory::of_file(&file, capacity).map_err(|error| failed("map", &path, error))?;
        memory.blank_and_lock();
        let fixed = Fixed { version: FORMAT_VERSION, instance, epoch, capacity: capacity as u64 };
        memory.set_fixed(&fixed.encode());
        let (producer, consumer) = pair(memory, first_seq);
        Ok(RingInUse { producer, consumer, lock: RingLock { _file: file } })
    }
}

/// Both ends of a ring in a file, and the lock that keeps others away from it.
#[derive(Debug)]
pub struct RingInUse {
    /// The end that decides.
    pub producer: Producer,
    /// The end that writes.
    pub consumer: Consumer,
    /// To be held as long as either end.
    pub lock: RingLock,
}

/// Keeps other processes away from the ring until it is dropped or the process dies.
#[derive(Debug)]
pub struct RingLock {
    _file: File,
}

fn failed(doing: &'static str, path: &Path, error: io::Error) -> RingFileError {
    RingFileError::Io { doing, path: path.to_owned(), error }
}

/// The data's size in a file of `len` bytes, if that can be a ring.
fn capacity_of(len: u64) -> Option<usize> {
    let capacity = usize::try_from(len).ok()?.checked_sub(PAGE)?;
    (capacity.is_power_of_two() && capacity >= super::RING_BYTES_MIN).then_some(capacity)
}

/// The header page without the cursors.
struct Fixed {
    version: u16,
    instance: u32,
    epoch: u32,
    capacity: u64,
}

impl Fixed {
    fn encode(&self) -> [u8; FIXED_LEN] {
        let mut out = [0; FIXED_LEN];
        out[0..8].copy_from_slice(&MAGIC);
        out[8..10].copy_from_slice(&self.version.to_le_bytes());
        out[12..16].copy_from_slice(&self.instance.to_le_bytes());
        out[16..20].copy_from_slice(&self.epoch.to_le_bytes());
        out[24..32].copy_from_slice(&self.capacity.to_le_bytes());
        let crc = crc32fast::hash(&out[..32]);
        out[32..36].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// `None` when this is no ring's header: a process that died while it made one.
    fn decode(bytes: &[u8; FIXED_LEN]) -> Option<Self> {
        let mut fields = Fields(bytes);
        if fields.array() != Some(MAGIC) {
            return None;
        }
        let version = fields.u16()?;
        let _zero = fields.u16()?;
        let (instance, epoch, _zero) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let capacity = fields.u64()?;
        let sound = fields.u32()? == crc32fast::hash(&bytes[..32]);
        sound.then_some(Self { version, instance, epoch, capacity })
    }
}

/// The records that a dead process pushed and nobody wrote to disk, in order.
///
/// Some may be in the journal already: the process died after it wrote them and before it gave
/// their bytes back. The writer drops those by their numbers.
#[derive(Debug)]
pub struct Leftover<'a> {
    /// While it is read, the file cannot become another ring.
    _file: PhantomData<&'a RingFile>,
    memory: Memory,
    scan: Scan,
    end: u64,
    epoch: u32,
    broken: Option<RingBroken>,
}

impl Leftover<'_> {
    fn new(memory: Memory, epoch: u32) -> Self {
        let at = memory.consumed().load(Ordering::Acquire);
        let end = memory.produced().load(Ordering::Acquire);
        let sane = at <= end
            && end - at <= memory.capacity() as u64
            && at.is_multiple_of(8)
            && end.is_multiple_of(8);
        let scan = Scan { at, next_seq: 0 };
        let why = RingFault::Cursors;
        let broken = (!sane).then_some(RingBroken { cursor: at, seq: 0, why });
        let mut leftover = Self { _file: PhantomData, memory, scan, end, epoch, broken };
        leftover.find_first();
        leftover
    }

    /// The first number is whatever stands in the first record, if that record is sound.
    fn find_first(&mut self) {
        if self.broken.is_some() || self.scan.at == self.end {
            return;
        }
        let mut probe = self.scan;
        let first = probe.next(&self.memory, self.end);
        if let Err(RingBroken { why: RingFault::Sequence { found }, .. }) = first {
            self.scan.next_seq = found;
        }
    }

    /// Starts of the process that left them.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The next record; `None` at the end or from the first broken one on.
    pub fn read(&mut self) -> Option<RecordView<'_>> {
        if self.broken.is_some() {
            return None;
        }
        match self.scan.next(&self.memory, self.end) {
            Ok(record) => record,
            Err(broken) => {
                self.broken = Some(broken);
                None
            }
        }
    }

    /// What ended the reading, when it was not the end.
    pub const fn broken(&self) -> Option<RingBroken> {
        self.broken
    }
}
