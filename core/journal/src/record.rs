//! What a journal is made of: one sequence of records in two families.

use core::fmt;

use model::Mono;

/// Longest payload of a record. A step's outputs fit; larger things are blobs.
pub const PAYLOAD_MAX: usize = 64 * 1024;

/// Which of the two segment families keeps a record. They share one sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Family {
    /// Kept for years; recovery reads nothing else.
    Decisions = 1,
    /// Market data of others; kept by size, and the first to go when the disk is full.
    Market = 2,
}

impl Family {
    /// From the number on disk.
    pub const fn from_u8(raw: u8) -> Option<Self> {
        match raw {
            1 => Some(Self::Decisions),
            2 => Some(Self::Market),
            _ => None,
        }
    }

    /// The word in file names and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decisions => "decisions",
            Self::Market => "market",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Decisions => Self::Market,
            Self::Market => Self::Decisions,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a record tells, as a number on disk. A number without a name here is carried and shown.
///
/// From [`Kind::OWN`] upwards the journal speaks for itself: such frames stand in the hash chain
/// but not in the sequence, and carry the number of the last record before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Kind(pub u16);

impl Kind {
    /// A process began; the payload is a [`crate::Boot`].
    pub const BOOT: Self = Self(1);
    /// An event entered the engine; the payload is an encoded `model::Event`.
    pub const INPUT: Self = Self(2);
    /// `on_timeout` was called; no payload.
    pub const TICK: Self = Self(3);
    /// The actions of a step, which replay compares byte for byte.
    pub const OUTPUT: Self = Self(4);
    /// A signal, refusal or other explanation that replay does not read.
    pub const NOTE: Self = Self(5);
    /// Configuration in force; the payload begins with the hash of its blob.
    pub const CONFIG: Self = Self(6);
    /// Refers to a blob; the payload begins with its hash.
    pub const BLOB: Self = Self(7);
    /// Orderly end of a process.
    pub const STOP: Self = Self(9);
    /// A head of the chains was stored outside this machine.
    pub const ANCHOR: Self = Self(10);
    /// Part of the state that a start goes on from; the payload begins with the hash of the whole.
    pub const CHECKPOINT: Self = Self(11);
    /// The first number of the journal's own frames.
    pub const OWN: Self = Self(0x8000);
    /// End of a group, with the durable heads of both chains; the payload is a [`crate::Commit`].
    pub const COMMIT: Self = Self(0x8001);
    /// Records were not kept; the payload is a [`crate::Gap`].
    pub const GAP: Self = Self(0x8002);
    /// Segments were removed on purpose; the payload is a [`crate::Prune`].
    pub const PRUNE: Self = Self(0x8003);

    /// Whether the journal wrote it for itself.
    pub const fn is_own(self) -> bool {
        self.0 >= Self::OWN.0
    }

    /// The word in documents; `unknown` for a number without a name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BOOT => "boot",
            Self::INPUT => "input",
            Self::TICK => "tick",
            Self::OUTPUT => "output",
            Self::NOTE => "note",
            Self::CONFIG => "config",
            Self::BLOB => "blob",
            Self::PRUNE => "prune",
            Self::STOP => "stop",
            Self::ANCHOR => "anchor",
            Self::CHECKPOINT => "checkpoint",
            Self::COMMIT => "commit",
            Self::GAP => "gap",
            _ => "unknown",
        }
    }
}

/// One record, its payload borrowed from the ring or from a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordView<'a> {
    /// Place in the one sequence, from 1 without a gap.
    pub seq: u64,
    /// When, by the clock of the process that wrote it.
    pub at: Mono,
    /// Who keeps it.
    pub family: Family,
    /// What it tells.
    pub kind: Kind,
    /// Opaque here; at most [`PAYLOAD_MAX`] bytes.
    pub payload: &'a [u8],
}
