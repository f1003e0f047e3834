//! A data directory: one process at a time, a random instance for life, an epoch for each start.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::blobs::Blobs;
use crate::disk;
use crate::reader::{FOLDER, numbers};

const IDENTITY: &str = "instance";
const LOCK: &str = "lock";
const IDENTITY_MAX: u64 = 256;
/// Instance and epoch have 24 bits in a client order id.
const LIMIT: u32 = 1 << 24;

/// A data directory held by this process.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    instance: u32,
    epoch: u32,
    _lock: File,
}

/// Why a data directory cannot be used.
#[derive(Debug)]
pub enum DataDirError {
    /// The operating system refused.
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which path.
        path: PathBuf,
        /// What it answered.
        error: io::Error,
    },
    /// Another process trades with it.
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// There is a journal, and the file that says whose it is is missing or damaged.
    Identity {
        /// That file.
        path: PathBuf,
    },
    /// All epochs are used up.
    EpochsSpent {
        /// The directory.
        path: PathBuf,
    },
    /// A run with a given identity needs a directory without one.
    NotFresh {
        /// The directory.
        path: PathBuf,
    },
    /// A given identity is out of range.
    Range {
        /// The instance.
        instance: u32,
        /// The epoch.
        epoch: u32,
    },
}

impl core::fmt::Display for DataDirError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Io { doing, path, error } => {
                write!(f, "cannot {doing} {}: {error}", path.display())
            }
            Self::InUse { path } => write!(
                f,
                "the data directory {} is in use by another process; stop it, or name another \
                 directory",
                path.display()
            ),
            Self::Identity { path } => write!(
                f,
                "{} is missing or damaged although there is a journal beside it; restore it from \
                 a backup, since a new identity could repeat order ids",
                path.display()
            ),
            Self::EpochsSpent { path } => write!(
                f,
                "the data directory {} was started {LIMIT} times; begin a new one",
                path.display()
            ),
            Self::NotFresh { path } => write!(
                f,
                "the data directory {} was used before; a virtual run needs an empty one",
                path.display()
            ),
            Self::Range { instance, epoch } => write!(
                f,
                "instance {instance} or epoch {epoch} is not in 1 to {} (24 bits)",
                LIMIT - 1
            ),
        }
    }
}

impl core::error::Error for DataDirError {}

impl DataDir {
    /// Whether a process has `path` open; a directory that is not there is not in use.
    pub fn is_in_use(path: &Path) -> bool {
        let Ok(lock) = File::open(path.join(LOCK)) else { return false };
        matches!(lock.try_lock(), Err(TryLockError::WouldBlock))
    }

    /// Makes or opens `path`, takes its lock, and begins the next epoch, which is on disk before
    /// this returns.
    ///
    /// # Errors
    /// [`DataDirError::InUse`] while another process has it; others say what to mend.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let lock = take(path)?;
        let (instance, epoch) = match read_identity(path)? {
            Some((instance, epoch)) => (instance, epoch + 1),
            None => (random_instance()?, 1),
        };
        if epoch >= LIMIT {
            return Err(DataDirError::EpochsSpent { path: path.to_owned() });
        }
        Self::with(path, lock, instance, epoch)
    }

    /// Takes an unused directory with an identity that the caller chose.
    ///
    /// # Errors
    /// [`DataDirError::NotFresh`] when it was used before.
    pub fn open_virtual(path: &Path, instance: u32, epoch: u32) -> Result<Self, DataDirError> {
        if !(1..LIMIT).contains(&instance) || !(1..LIMIT).contains(&epoch) {
            return Err(DataDirError::Range { instance, epoch });
        }
        let lock = take(path)?;
        if read_identity(path)?.is_some() {
            return Err(DataDirError::NotFresh { path: path.to_owned() });
        }
        Self::with(path, lock, instance, epoch)
    }

    fn with(path: &Path, lock: File, instance: u32, epoch: u32) -> Result<Self, DataDirError> {
        let text = print_identity(instance, epoch);
        disk::replace(path, IDENTITY, text.as_bytes())
            .map_err(|error| failed("write the identity in", path, error))?;
        Ok(Self { path: path.to_owned(), instance, epoch, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of segments.
    pub fn journal(&self) -> PathBuf {
        self.path.join(FOLDER)
    }

    /// The folder of blobs.
    pub fn blobs(&self) -> Blobs {
        Blobs::of(&self.path)
    }

    /// Random for life, 1 to 2^24 - 1.
    pub const fn instance(&self) -> u32 {
        self.instance
    }

    /// Starts since it was made, this one included.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }
}

fn failed(doing: &'static str, path: &Path, error: io::Error) -> DataDirError {
    DataDirError::Io { doing, path: path.to_owned(), error }
}

fn take(path: &Path) -> Result<File, DataDirError> {
    let mut maker = fs::DirBuilder::new();
    maker.recursive(true).mode(0o700);
    maker.create(path).map_err(|error| failed("make the data directory", path, error))?;
    let lock_path = path.join(LOCK);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let lock =
        options.open(&lock_path).map_err(|error| failed("open the lock", &lock_path, error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(DataDirError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed("lock", &lock_path, error)),
    }
}

/// `None` in a directory that was never used.
fn read_identity(path: &Path) -> Result<Option<(u32, u32)>, DataDirError> {
    let file = path.join(IDENTITY);
    let damaged = || DataDirError::Identity { path: file.clone() };
    match disk::read_small(&file, IDENTITY_MAX) {
        Ok(Some(bytes)) => parse_identity(&bytes).map(Some).ok_or_else(damaged),
        Ok(None) => {
            let journal = path.join(FOLDER);
            let used = numbers(&journal).is_ok_and(|(a, b)| !a.is_empty() || !b.is_empty());
            if used { Err(damaged()) } else { Ok(None) }
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(damaged()),
        Err(error) => Err(failed("read", &file, error)),
    }
}

fn print_identity(instance: u32, epoch: u32) -> String {
    let body = format!("instance {instance:06x}\nepoch {epoch}\n");
    let check = crc32fast::hash(body.as_bytes());
    format!("{body}check {check:08x}\n")
}

fn parse_identity(bytes: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines = text.lines();
    let instance = lines.next()?.strip_prefix("instance ")?;
    let instance = u32::from_str_radix(instance, 16).ok()?;
    let epoch = lines.next()?.strip_prefix("epoch ")?.parse().ok()?;
    let sound = text == print_identity(instance, epoch);
    (sound && (1..LIMIT).contains(&instance) && epoch < LIMIT).then_some((instance, epoch))
}

fn random_instance() -> Result<u32, DataDirError> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0; 32];
    File::open(source)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| failed("read", source, error))?;
    // Three zero bytes ten times in a row do not happen; one is as good as any other then.
    let drawn = bytes.chunks_exact(3).map(|b| u32::from_le_bytes([b[0], b[1], b[2], 0]));
    Ok(drawn.into_iter().find(|&instance| instance != 0).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_for_life_and_every_start_has_the_next_epoch() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataDir::open(dir.path()).unwrap();
        let instance = first.instance();
        assert_eq!(first.epoch(), 1);
        drop(first);
        let second = DataDir::open(dir.path()).unwrap();
        assert_eq!((second.instance(), second.epoch()), (instance, 2));
    }

    #[test]
    fn a_second_process_is_refused_and_told_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let _first = DataDir::open(dir.path()).unwrap();
        let error = DataDir::open(dir.path()).unwrap_err();
        assert!(matches!(error, DataDirError::InUse { .. }));
        assert!(error.to_string().contains(&dir.path().display().to_string()));
    }

    #[test]
    fn a_journal_without_its_identity_is_refused_and_so_is_a_damaged_one() {
        let dir = tempfile::tempdir().unwrap();
        drop(DataDir::open(dir.path()).unwrap());
        let identity = dir.path().join(IDENTITY);
        let good = fs::read(&identity).unwrap();
        for at in 0..good.len() {
            let mut flipped = good.clone();
            flipped[at] ^= 1;
            fs::write(&identity, &flipped).unwrap();
            let error = DataDir::open(dir.path()).unwrap_err();
            assert!(matches!(error, DataDirError::Identity { .. }), "flip at {at}: {error}");
        }
        fs::remove_file(&identity).unwrap();
        fs::create_dir(dir.path().join(FOLDER)).unwrap();
        fs::write(dir.path().join(FOLDER).join("decisions-00000001.shrike"), b"x").unwrap();
        assert!(matches!(DataDir::open(dir.path()), Err(DataDirError::Identity { .. })));
    }

    #[test]
    fn the_last_epoch_is_not_followed_by_the_first() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(IDENTITY), print_identity(7, LIMIT - 1)).unwrap();
        assert!(matches!(DataDir::open(dir.path()), Err(DataDirError::EpochsSpent { .. })));
    }

    #[test]
    fn a_given_identity_needs_an_unused_directory() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataDir::open_virtual(dir.path(), 5, 1).unwrap();
        assert_eq!((first.instance(), first.epoch()), (5, 1));
        drop(first);
        let error = DataDir::open_virtual(dir.path(), 5, 1).unwrap_err();
        assert!(matches!(error, DataDirError::NotFresh { .. }));
        let other = tempfile::tempdir().unwrap();
        let error = DataDir::open_virtual(other.path(), LIMIT, 1).unwrap_err();
        assert!(matches!(error, DataDirError::Range { .. }));
    }
}
