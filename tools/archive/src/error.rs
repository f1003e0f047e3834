//! Why an archive cannot be used.

use std::fmt;
use std::io;
use std::path::PathBuf;

use journal::{Broken, OpenError};

use crate::schema::{APPLICATION_ID, VERSION};

/// Why an archive cannot be used. None of these loses anything: the journal has it all.
#[derive(Debug)]
pub enum ArchiveError {
    /// SQLite refused.
    Sql {
        /// What was tried.
        doing: &'static str,
        /// What it answered.
        error: rusqlite::Error,
    },
    /// The operating system refused.
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which path.
        path: PathBuf,
        /// What it answered.
        error: io::Error,
    },
    /// The file is no SQLite database, or a damaged one.
    NotADatabase {
        /// The file.
        path: PathBuf,
        /// What SQLite says of it.
        reason: String,
    },
    /// The file is a database of another program.
    Foreign {
        /// The file.
        path: PathBuf,
        /// The application id in it.
        found: i32,
    },
    /// A later version of this program wrote it.
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema version in it.
        found: u32,
    },
    /// Nobody has written it yet.
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// An earlier version of this program wrote it, and it is open for reading only.
    Older {
        /// The file.
        path: PathBuf,
        /// The schema version in it.
        found: u32,
    },
    /// Another process writes it.
    InUse {
        /// The lock that it holds.
        path: PathBuf,
    },
    /// There is no journal to read.
    Open(OpenError),
    /// The journal is damaged; the archive stands at the last record before.
    Broken(Broken),
    /// A value in a row is none that this program writes.
    Row {
        /// The table.
        table: &'static str,
        /// The value.
        value: String,
    },
}

impl ArchiveError {
    pub(crate) fn sql(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |error| Self::Sql { doing, error }
    }

    pub(crate) fn io(doing: &'static str, path: PathBuf) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { doing, path, error }
    }
}

impl From<rusqlite::Error> for ArchiveError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql { doing: "write", error }
    }
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql { doing, error } => write!(f, "cannot {doing} the archive: {error}"),
            Self::Io { doing, path, error } => {
                write!(f, "cannot {doing} {}: {error}", path.display())
            }
            Self::NotADatabase { path, reason } => write!(
                f,
                "{} is not a sound SQLite database ({reason}); move it away, and it is made again \
                 from the journal",
                path.display()
            ),
            Self::Foreign { path, found } => write!(
                f,
                "{} is a database of another program (application id {found:#010x}, ours is \
                 {APPLICATION_ID:#010x}); move it away, and the archive is made from the journal",
                path.display()
            ),
            Self::Newer { path, found } => write!(
                f,
                "{} has schema version {found} and this program knows {VERSION}; use the later \
                 program, or move the file away and it is made again from the journal",
                path.display()
            ),
            Self::Missing { path } => write!(
                f,
                "{} does not exist; it is made from the journal by a trader or by a command that \
                 may write in the folder",
                path.display()
            ),
            Self::Older { path, found } => write!(
                f,
                "{} has schema version {found} and this program reads {VERSION}; start the trader \
                 of this version, or stop the one that holds it, and it is migrated",
                path.display()
            ),
            Self::InUse { path } => write!(
                f,
                "another process writes the archive (it holds {}); it can be read meanwhile",
                path.display()
            ),
            Self::Open(error) => error.fmt(f),
            Self::Broken(broken) => write!(
                f,
                "the journal is damaged, and the archive stands before it: {broken}; `shrike \
                 verify` says more"
            ),
            Self::Row { table, value } => write!(
                f,
                "a row of {table} holds {value:?}, which this program does not write; move the \
                 archive away, and it is made again from the journal"
            ),
        }
    }
}

impl std::error::Error for ArchiveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Sql { error, .. } => Some(error),
            Self::Io { error, .. } => Some(error),
            Self::Open(error) => Some(error),
            Self::Broken(error) => Some(error),
            Self::NotADatabase { .. }
            | Self::Foreign { .. }
            | Self::Newer { .. }
            | Self::Older { .. }
            | Self::Missing { .. }
            | Self::InUse { .. }
            | Self::Row { .. } => None,
        }
    }
}
