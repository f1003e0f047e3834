//! Why a journal cannot be replayed.

use std::fmt;

use journal::{BlobHash, Broken, OpenError};
use model::wire::WireError;
use model::{Mono, Slot};
use settings::LoadError;

/// Why there is no answer.
#[derive(Debug)]
pub enum ReplayError {
    /// Nothing to read.
    Open(OpenError),
    /// A record that cannot be believed; everything before it was equal.
    Broken(Broken),
    /// No start of a process is in it: one family, a later segment, or pruned.
    NoStart {
        /// Records there are.
        records: u64,
    },
    /// The first record of a start cannot be read by this version.
    Boot {
        /// Which.
        seq: u64,
    },
    /// An input before the configuration of its start.
    NoConfig {
        /// Which.
        seq: u64,
    },
    /// A second configuration inside one start.
    SecondConfig {
        /// Which.
        seq: u64,
    },
    /// The record of the configuration is cut or is not text.
    ConfigText {
        /// Which.
        seq: u64,
    },
    /// The text is not the one that was hashed.
    ConfigHash {
        /// Which.
        seq: u64,
        /// What the record says.
        said: BlobHash,
        /// What the text gives.
        found: BlobHash,
    },
    /// This version does not take that configuration.
    Config {
        /// Which.
        seq: u64,
        /// Why.
        error: LoadError,
    },
    /// A plug-in of the start is not to be had.
    NoPlugin {
        /// The start's first record.
        seq: u64,
        /// Which, and why not.
        what: String,
    },
    /// Another plug-in, or another version of it, decided then.
    Plugin {
        /// The start's first record.
        seq: u64,
        /// Where it ran.
        slot: Slot,
        /// Hash in the journal.
        recorded: u128,
        /// Hash of the one put there now.
        ours: u128,
    },
    /// The state that a start went on from cannot be read.
    Image {
        /// The record it ends with.
        seq: u64,
        /// Why.
        error: engine::ImageError,
    },
    /// An input that this version cannot read.
    Record {
        /// Which.
        seq: u64,
        /// Why.
        error: WireError,
    },
    /// Bytes behind a value.
    Trailing {
        /// Which record.
        seq: u64,
        /// How many.
        len: usize,
    },
    /// The clock went back inside one start.
    TimeWentBack {
        /// Which record.
        seq: u64,
        /// Its time.
        at: Mono,
        /// The time of the step before.
        before: Mono,
    },
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::Broken(broken) => write!(f, "{broken}; `shrike verify` tells more"),
            Self::NoStart { records } => write!(
                f,
                "none of {records} records is a BOOT, and a replay begins at one; give the data \
                 directory, not a segment of it"
            ),
            Self::Boot { seq } => {
                write!(f, "BOOT {seq} is of another format; replay it with the version that ran")
            }
            Self::NoConfig { seq } => {
                write!(f, "record {seq} acts before the configuration of its start is named")
            }
            Self::SecondConfig { seq } => write!(
                f,
                "record {seq} changes the configuration inside one start, which this version \
                 cannot replay"
            ),
            Self::ConfigText { seq } => {
                write!(f, "record {seq} holds no text of a configuration")
            }
            Self::ConfigHash { seq, said, found } => {
                write!(f, "the configuration of record {seq} has hash {found}, not {said}")
            }
            Self::Config { seq, error } => write!(
                f,
                "this version does not take the configuration of record {seq}; replay it with \
                 the version that ran: {error}"
            ),
            Self::NoPlugin { seq, what } => {
                write!(f, "the start of record {seq} cannot be replayed: {what}")
            }
            Self::Plugin { seq, slot, recorded, ours } => write!(
                f,
                "the start of record {seq} ran plug-in {recorded:032x} in slot {}, and this is \
                 {ours:032x}; replay it with the version that ran",
                slot.0
            ),
            Self::Image { seq, error } => write!(f, "the state at record {seq}: {error}"),
            Self::Record { seq, error } => write!(
                f,
                "record {seq} is no event of this version ({error}); replay it with the version \
                 that ran"
            ),
            Self::Trailing { seq, len } => {
                write!(f, "record {seq} has {len} bytes more than its event")
            }
            Self::TimeWentBack { seq, at, before } => write!(
                f,
                "record {seq} is of {} ns, and a step before it of {} ns",
                at.nanos(),
                before.nanos()
            ),
        }
    }
}

impl std::error::Error for ReplayError {}
