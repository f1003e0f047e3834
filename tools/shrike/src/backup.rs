//! A backup of a data directory: one plain tar file that holds a consistent moment of the journal,
//! the blobs, and a manifest with the hash of every file; taken while the trader runs.
//!
//! What it leaves out can be made again or must not be copied: the archive (made from the journal),
//! checkpoints, the reserve, locks, sockets, keys.

mod restore;
mod take;
mod tar;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use journal::{Anchor, Broken, ChainHead, Family, OpenError};
use serde::{Deserialize, Serialize};

pub use restore::{Restored, restore};
pub use take::take;

/// The last member of the tar file: a file that was cut short has none.
pub const MANIFEST: &str = "manifest.json";
/// Version of the layout.
pub const FORMAT: u32 = 1;
/// Longest manifest: 256 bytes for each of 65,536 files.
const MANIFEST_MAX: u64 = 16 << 20;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the layout.
    pub format: u32,
    /// Version of the program that took it.
    pub build: String,
    /// Whose journal: the data directory's own random number.
    pub instance: u32,
    /// Starts of the data directory when it was taken.
    pub epoch: u32,
    /// The last record.
    pub last_seq: u64,
    /// When, in nanoseconds since the epoch by this machine's clock.
    pub taken_ns: i64,
    /// The same for people.
    pub taken: String,
    /// The chains as far as they are in the backup.
    pub heads: Vec<Head>,
    /// Every file.
    pub files: Vec<Member>,
}

/// The end of a family's chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// `decisions` or `market`.
    pub family: String,
    /// Headers and frames.
    pub frames: u64,
    /// The last record.
    pub seq: u64,
    /// The chain's hash, in hexadecimal digits.
    pub hash: String,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its path in the data directory.
    pub path: String,
    /// Its bytes.
    pub len: u64,
    /// BLAKE3 of its content, in hexadecimal digits.
    pub blake3: String,
}

/// Why there is no backup, or nothing was restored.
#[derive(Debug)]
pub enum BackupError {
    /// The operating system refused.
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which path.
        path: PathBuf,
        /// What it answered.
        error: io::Error,
    },
    /// There is no journal to back up, or none in the backup.
    Open(OpenError),
    /// The journal is damaged: a backup of it would hide that.
    Broken(Broken),
    /// The data directory's identity cannot be read.
    Identity {
        /// The file.
        path: PathBuf,
    },
    /// The file is there already.
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file is no backup, or not a whole one.
    NotABackup {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A process has the data directory.
    InUse {
        /// The data directory.
        path: PathBuf,
    },
    /// The data directory holds later records than the backup.
    Newer {
        /// The data directory.
        path: PathBuf,
        /// Its last record.
        found: u64,
        /// The backup's last record.
        backup: u64,
    },
    /// The data directory is another trader's.
    Foreign {
        /// The data directory.
        path: PathBuf,
        /// Its instance.
        found: u32,
        /// The backup's.
        backup: u32,
    },
}

impl BackupError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { doing, path: path.to_owned(), error }
    }

    /// Whether a safety rule said no, rather than the disk.
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::InUse { .. } | Self::Newer { .. } | Self::Foreign { .. })
    }
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { doing, path, error } => {
                write!(f, "cannot {doing} {}: {error}", path.display())
            }
            Self::Open(error) => error.fmt(f),
            Self::Broken(broken) => write!(
                f,
                "the journal is damaged, and a backup would hide it: {broken}; `shrike verify` \
                 says more, and an older backup can be restored"
            ),
            Self::Identity { path } => {
                write!(f, "{} is missing or damaged: it says whose journal this is", path.display())
            }
            Self::Exists { path } => write!(
                f,
                "{} is there already; name another file with --to, or move it away",
                path.display()
            ),
            Self::NotABackup { path, why } => {
                write!(f, "{} is not a whole backup: {why}; use another one", path.display())
            }
            Self::InUse { path } => write!(
                f,
                "the data directory {} is in use by another process; stop it, or restore into \
                 another directory with --data",
                path.display()
            ),
            Self::Newer { path, found, backup } => write!(
                f,
                "{} holds record {found} and the backup ends at {backup}: what is later would be \
                 lost; move the directory away if that is meant, or restore elsewhere with --data",
                path.display()
            ),
            Self::Foreign { path, found, backup } => write!(
                f,
                "{} is of instance {found:06x} and the backup of {backup:06x}; restore into an \
                 empty directory with --data",
                path.display()
            ),
        }
    }
}

impl std::error::Error for BackupError {}

impl Manifest {
    /// The points that the chains in the backup must reach.
    pub fn anchors(&self) -> Vec<Anchor> {
        self.heads.iter().filter_map(Head::anchor).collect()
    }
}

impl Head {
    fn of(family: Family, head: ChainHead) -> Self {
        let hash = head.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { family: family.name().to_owned(), frames: head.frames, seq: head.seq, hash }
    }

    fn anchor(&self) -> Option<Anchor> {
        let families = [Family::Decisions, Family::Market];
        let family = families.into_iter().find(|family| family.name() == self.family)?;
        let hash = journal::BlobHash::parse(&self.hash)?.0;
        Some(Anchor { family, head: ChainHead { frames: self.frames, seq: self.seq, hash } })
    }
}
