//! What can be wrong with a journal, and where.

use core::fmt;
use std::io;
use std::path::PathBuf;

use crate::Family;
use crate::payload::FORMAT_VERSION;

/// The first thing that cannot be believed. Everything before it was read and is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// In which family.
    pub family: Family,
    /// In which segment, by its number.
    pub segment: u32,
    /// At which byte of it.
    pub offset: u64,
    /// The number that the record there must have.
    pub seq: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A group that was being written when the process or the machine died. Nothing that was
    /// reported as durable is affected.
    TornTail,
    /// A frame or header differs from what was written, and later frames prove that it was whole.
    Altered,
    /// The segment is shorter than the one after it says.
    Cut {
        /// Bytes there are.
        len: u64,
        /// Bytes there must be.
        expected: u64,
    },
    /// No file has this number, and no prune record says why.
    MissingSegment,
    /// The segment does not continue the one before it.
    Chain,
    /// The segment is of another data directory.
    Foreign {
        /// The instance of the segments before.
        expected: u32,
        /// The instance in this one.
        found: u32,
    },
    /// Another version of the program wrote the segment.
    Version {
        /// The version in it.
        found: u16,
    },
    /// Numbers do not rise.
    Order {
        /// The number that stands there.
        found: u64,
    },
    /// Numbers are missing although the chain is whole and no gap record explains it.
    Hole {
        /// The last missing one.
        to: u64,
    },
    /// The family ends before a point that was known to be on disk.
    Truncated {
        /// Frames that are there.
        frames: u64,
        /// Frames that were on disk.
        attested: u64,
    },
    /// The chain has another hash than was recorded elsewhere for this point.
    Rewritten {
        /// Frames up to that point.
        frames: u64,
    },
    /// The operating system would not read.
    Io {
        /// Its answer.
        error: String,
    },
}

impl Broken {
    /// Whether what is missing had been on disk: damage or an edit, not a crash.
    pub const fn is_damage(&self) -> bool {
        !matches!(self.fault, Fault::TornTail | Fault::Io { .. } | Fault::Version { .. })
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { family, segment, offset, seq, fault } = self;
        write!(f, "record {seq}, segment {family}-{segment:08} at byte {offset}: ")?;
        match fault {
            Fault::TornTail => f.write_str(
                "torn tail after the last group commit; the last good record is the one before",
            ),
            Fault::Altered => f.write_str("the bytes differ from what was written"),
            Fault::Cut { len, expected } => {
                write!(f, "the segment has {len} bytes of {expected}")
            }
            Fault::MissingSegment => f.write_str("the segment is missing and was not pruned"),
            Fault::Chain => f.write_str("the segment does not continue the one before it"),
            Fault::Foreign { expected, found } => {
                write!(f, "instance {found:06x} among segments of {expected:06x}")
            }
            Fault::Version { found } => {
                write!(
                    f,
                    "format {found} where this program reads {FORMAT_VERSION}; read it with the \
                     version that wrote it, and begin a new data directory with this one"
                )
            }
            Fault::Order { found } => write!(f, "record {found} stands there"),
            Fault::Hole { to } => write!(f, "missing up to {to} without a gap record"),
            Fault::Truncated { frames, attested } => {
                write!(f, "the family ends after {frames} frames, {attested} were on disk")
            }
            Fault::Rewritten { frames } => {
                write!(f, "after {frames} frames the chain has another hash than was recorded")
            }
            Fault::Io { error } => f.write_str(error),
        }
    }
}

impl core::error::Error for Broken {}

/// Why there is nothing to read.
#[derive(Debug)]
pub enum OpenError {
    /// The operating system refused.
    Io {
        /// On which path.
        path: PathBuf,
        /// What it answered.
        error: io::Error,
    },
    /// Neither a data directory, nor a journal folder, nor a segment.
    NotAJournal {
        /// The path.
        path: PathBuf,
    },
    /// The file that keeps the heads of the last orderly stop is damaged.
    Heads {
        /// The file.
        path: PathBuf,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "cannot read {}: {error}", path.display()),
            Self::NotAJournal { path } => write!(
                f,
                "{} is not a data directory, a journal folder or a segment",
                path.display()
            ),
            Self::Heads { path } => write!(
                f,
                "{} is damaged; without that file a cut at the end may go unseen, so keep a copy \
                 before you remove it",
                path.display()
            ),
        }
    }
}

impl core::error::Error for OpenError {}
