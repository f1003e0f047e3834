//! What the writer tells others.

use std::io;
use std::path::{Path, PathBuf};

use crate::RecordView;
use crate::reader::{Broken, Fault, OpenError};
use crate::ring::RingBroken;

/// Follows the writer on its own thread; must not wait for anybody.
pub trait Observer {
    /// A record was taken from the ring, in order.
    fn on_record(&mut self, record: &RecordView<'_>);
    /// Every decision up to this number is on disk. Market records up to it need not be.
    fn on_durable(&mut self, seq: u64);
    /// Something changed for the worse, or is over.
    fn on_trouble(&mut self, trouble: &Trouble);
}

/// How far the writer can be relied on. Anything but `Good` blocks entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// Everything is kept.
    Good,
    /// Market records are not kept.
    MarketStopped,
    /// Decisions go to the reserved segment; market records are not kept.
    Reserve,
    /// Nothing is kept; records are counted.
    Counting,
}

/// What the operating system would not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskError {
    /// What was tried.
    pub doing: &'static str,
    /// On which path.
    pub path: PathBuf,
    /// Its answer.
    pub answer: String,
    /// Its number, when it has one.
    pub errno: Option<i32>,
}

impl DiskError {
    pub(super) fn new(doing: &'static str, path: &Path, error: &io::Error) -> Self {
        let (answer, errno) = (error.to_string(), error.raw_os_error());
        Self { doing, path: path.to_owned(), answer, errno }
    }
}

impl core::fmt::Display for DiskError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "cannot {} {}: {}", self.doing, self.path.display(), self.answer)
    }
}

/// A change of [`Health`], or a ring that cannot be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Market records are no longer kept from this number on.
    MarketStopped {
        /// The first number that may be missing.
        from: u64,
        /// Why.
        error: DiskError,
    },
    /// Decisions go to the reserved segment.
    Reserve {
        /// Why.
        error: DiskError,
        /// Bytes that it still takes.
        left: u64,
    },
    /// Decisions are no longer kept from this number on; a standing alarm.
    Counting {
        /// The first lost number.
        from: u64,
        /// Why; `None` when the reserved segment is full.
        error: Option<DiskError>,
    },
    /// The ring does not hold what was pushed. Nothing is drained any more, so it fills up.
    RingBroken(RingBroken),
    /// The files that an orderly stop leaves could not be written.
    Close {
        /// Why.
        error: DiskError,
    },
    /// The disk takes everything again.
    Over {
        /// Decisions that were lost.
        decisions_lost: u64,
        /// Market records that were lost.
        market_lost: u64,
    },
}

impl core::fmt::Display for Trouble {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::MarketStopped { from, error } => {
                write!(f, "market records are not kept from {from} on: {error}")
            }
            Self::Reserve { error, left } => {
                write!(f, "decisions go to the reserved segment, {left} bytes left: {error}")
            }
            Self::Counting { from, error: Some(error) } => {
                write!(f, "decisions are not kept from {from} on: {error}")
            }
            Self::Counting { from, error: None } => {
                write!(f, "decisions are not kept from {from} on: the reserved segment is full")
            }
            Self::RingBroken(broken) => broken.fmt(f),
            Self::Close { error } => write!(f, "the journal was not closed in order: {error}"),
            Self::Over { decisions_lost, market_lost } => write!(
                f,
                "the disk takes records again; {decisions_lost} decisions and {market_lost} \
                 market records were not kept"
            ),
        }
    }
}

/// The writer's figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// How far it can be relied on.
    pub health: Health,
    /// The last number taken.
    pub drained_seq: u64,
    /// The last number reported as durable.
    pub durable_seq: u64,
    /// Decisions that were not kept, since the start.
    pub decisions_lost: u64,
    /// Market records that were not kept, since the start.
    pub market_lost: u64,
    /// Present segment of decisions, 0 before the first.
    pub decisions_segment: u32,
    /// Present segment of market records, 0 before the first.
    pub market_segment: u32,
}

/// Why a journal cannot be written; said before anything trades.
#[derive(Debug)]
pub enum WriterError {
    /// The operating system refused.
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which path.
        path: PathBuf,
        /// What it answered.
        error: io::Error,
    },
    /// Too little space.
    Space {
        /// Where.
        path: PathBuf,
        /// Bytes that are free.
        free: u64,
        /// Bytes that must be.
        needed: u64,
    },
    /// The journal is damaged, not merely torn at its end.
    Broken(Broken),
    /// What belongs to the journal cannot be read.
    Open(OpenError),
    /// A process with this epoch or a later one wrote here.
    EpochUsed {
        /// Ours.
        ours: u32,
        /// The one found.
        found: u32,
    },
    /// The disk failed while the last process's records were being saved.
    Recovery {
        /// How far it got.
        health: Health,
    },
    /// A size in the settings is too small to work with.
    Settings {
        /// Which.
        name: &'static str,
        /// Its value.
        value: u64,
        /// The least.
        min: u64,
    },
}

impl core::fmt::Display for WriterError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Io { doing, path, error } => {
                write!(
                    f,
                    "cannot {doing} {}: {error}; nothing is traded without a journal",
                    path.display()
                )
            }
            Self::Space { path, free, needed } => write!(
                f,
                "{free} bytes are free at {}, {needed} are needed; make room or move the data \
                 directory",
                path.display()
            ),
            Self::Broken(broken) if matches!(broken.fault, Fault::Version { .. }) => {
                write!(f, "the journal cannot be gone on with: {broken}")
            }
            Self::Broken(broken) => write!(
                f,
                "the journal is damaged: {broken}; keep a copy, and restore it from a backup or \
                 begin a new data directory"
            ),
            Self::Open(error) => error.fmt(f),
            Self::EpochUsed { ours, found } => write!(
                f,
                "the journal has records of epoch {found}, this start is epoch {ours}; the \
                 identity file is older than the journal, restore the right one"
            ),
            Self::Recovery { health } => write!(
                f,
                "the last process's records could not be saved ({health:?}); make room and start \
                 again, they are still in the ring"
            ),
            Self::Settings { name, value, min } => {
                write!(f, "{name} is {value}, the least is {min}")
            }
        }
    }
}

impl core::error::Error for WriterError {}
