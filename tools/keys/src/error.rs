//! What can be wrong with a store, each with the mend. None of it holds any part of a secret.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::format::{NAME_MAX, VERSION};
use crate::store::ENTRIES_MAX;

/// What is wrong with which store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    /// The store's file.
    pub path: PathBuf,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no such file.
    Missing,
    /// The system refused.
    System {
        /// What was tried.
        doing: &'static str,
        /// What it said.
        reason: String,
    },
    /// Others than the owner can read it.
    Open {
        /// Its permission bits.
        mode: u32,
    },
    /// Larger than any store, or no file.
    NotAFile,
    /// Another command is changing it.
    Busy,
    /// Its first bytes are another file's.
    NotAStore,
    /// Written by a newer program.
    Newer {
        /// The version it has.
        version: u16,
    },
    /// Shorter than it says it is.
    Cut {
        /// Bytes there are.
        found: usize,
        /// Bytes there should be.
        wanted: usize,
    },
    /// A bit of it changed, or its parts do not fit together.
    Damaged,
    /// It asks for an amount of work that no store of ours has.
    Cost,
    /// The memory for the passphrase's work is not there.
    Memory {
        /// How much that is.
        kib: u32,
    },
    /// The passphrase does not open it.
    WrongPassphrase,
    /// Whole to look at, but not written with this passphrase.
    Forged,
    /// The system has no random bytes.
    Random,
    /// Not a name.
    Name,
    /// A key of that name is there already.
    Exists {
        /// The name.
        name: String,
    },
    /// No key of that name.
    NoSuchKey {
        /// The name.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// Key or secret is empty, longer than 512 bytes, or has characters that no key has.
    Form,
    /// As many keys as it holds.
    Full,
}

impl Fault {
    pub(crate) fn of(self, path: &Path) -> StoreError {
        StoreError { path: path.to_owned(), fault: self }
    }

    pub(crate) fn system(doing: &'static str, error: &std::io::Error) -> Self {
        Self::System { doing, reason: error.to_string() }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.fault {
            Fault::Missing => {
                write!(f, "there is no key store at {path}; `shrike keys add NAME` makes one")
            }
            Fault::System { doing, reason } => write!(f, "cannot {doing} {path}: {reason}"),
            Fault::Open { mode } => {
                write!(f, "{path} has mode {mode:o}, so others can read it; chmod 600 {path}")
            }
            Fault::NotAFile => write!(f, "{path} is no file or is larger than any key store"),
            Fault::Busy => write!(f, "another command is changing {path}; wait for its end"),
            Fault::NotAStore => write!(f, "{path} is not a key store; name another file"),
            Fault::Newer { version } => write!(
                f,
                "{path} has version {version} and this program reads {VERSION}; use the program \
                 that wrote it"
            ),
            Fault::Cut { found, wanted } => write!(
                f,
                "{path} was cut: {found} bytes of {wanted} are left; restore a copy or add the \
                 keys again"
            ),
            Fault::Damaged => write!(
                f,
                "{path} is damaged: its checksum does not fit; restore a copy or add the keys again"
            ),
            Fault::Cost => {
                write!(f, "{path} asks for more work than any key store; restore a copy")
            }
            Fault::Memory { kib } => {
                write!(f, "opening {path} needs {kib} KiB of memory, which are not there")
            }
            Fault::WrongPassphrase => write!(f, "the passphrase does not open {path}"),
            Fault::Forged => write!(
                f,
                "{path} was changed by somebody without its passphrase: do not use it; restore a \
                 copy, and replace the keys at the exchange"
            ),
            Fault::Random => write!(f, "the system gives no random bytes; {path} stays as it was"),
            Fault::Name => write!(f, "a key's name is 1 to {NAME_MAX} of a-z, 0-9, _ and -"),
            Fault::Exists { name } => {
                write!(f, "{path} has a key {name:?}; --replace puts another in its place")
            }
            Fault::NoSuchKey { name, known } if known.is_empty() => {
                write!(f, "{path} has no key {name:?}; it is empty")
            }
            Fault::NoSuchKey { name, known } => {
                write!(f, "{path} has no key {name:?}; it has {}", known.join(", "))
            }
            Fault::Form => f.write_str(
                "the key or its secret is empty, longer than 512 characters, or has a character \
                 that no key has; copy both again",
            ),
            Fault::Full => write!(f, "{path} holds {ENTRIES_MAX} keys and no more; remove one"),
        }
    }
}

impl std::error::Error for StoreError {}
