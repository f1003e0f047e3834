//! The file: how it is opened, what is refused, and who may write.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::ArchiveError;
use crate::schema::{APPLICATION_ID, MIGRATIONS, VERSION, migrate};

/// The archive of a data directory.
pub const FILE: &str = "archive.db";
/// Held by whoever writes the archive.
const LOCK: &str = "archive.lock";
/// Longest wait for another connection of this machine.
const BUSY: Duration = Duration::from_secs(5);
/// Statements kept prepared: all that the projection has, and the named queries.
const STATEMENTS: usize = 128;

/// Where the archive of a data directory is.
pub fn file_of(data: &Path) -> PathBuf {
    data.join(FILE)
}

/// The right to write the archive of one data directory; given back when dropped.
#[derive(Debug)]
pub(crate) struct WriteLock {
    _file: File,
}

impl WriteLock {
    /// # Errors
    /// [`ArchiveError::InUse`] while another process writes.
    pub(crate) fn take(data: &Path) -> Result<Self, ArchiveError> {
        let path = data.join(LOCK);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(ArchiveError::io("open", path.clone()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(ArchiveError::InUse { path }),
            Err(TryLockError::Error(error)) => Err(ArchiveError::Io { doing: "lock", path, error }),
        }
    }
}

/// Opens or makes the file for writing, and migrates an older one.
pub(crate) fn open_to_write(path: &Path) -> Result<Connection, ArchiveError> {
    make_private(path)?;
    let mut connection = Connection::open(path).map_err(|error| opening(path, error))?;
    connection.busy_timeout(BUSY).map_err(|error| opening(path, error))?;
    let found = match check(&connection, path)? {
        Found::Empty => {
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
            0
        }
        Found::Version(found) => found,
    };
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A power cut may take the last transactions, never the file; the journal has them.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // 64 MiB; the hot ends of all indices stay in memory while a day is made again.
    connection.pragma_update(None, "cache_size", -65_536)?;
    // A checkpoint for each 4 MiB of log: short ones, because the journal syncs the same disk. A
    // large transaction may leave more of the file than that; it is cut at 64 MiB.
    connection.pragma_update(None, "wal_autocheckpoint", 1_000)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    if found < VERSION {
        migrate(&mut connection, found, MIGRATIONS)?;
    }
    Ok(connection)
}

/// Opens the file for reading beside its writer.
pub(crate) fn open_to_read(path: &Path) -> Result<Connection, ArchiveError> {
    if !path.exists() {
        return Err(ArchiveError::Missing { path: path.to_owned() });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(|error| opening(path, error))?;
    connection.busy_timeout(BUSY).map_err(|error| opening(path, error))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    match check(&connection, path)? {
        Found::Version(VERSION) => Ok(connection),
        Found::Version(found) => Err(ArchiveError::Older { path: path.to_owned(), found }),
        Found::Empty => Err(ArchiveError::Missing { path: path.to_owned() }),
    }
}

enum Found {
    /// A file without tables.
    Empty,
    /// An archive of this version or an older one.
    Version(u32),
}

/// Tells an archive from any other file before anything in it is changed.
fn check(connection: &Connection, path: &Path) -> Result<Found, ArchiveError> {
    let one = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let tables = one("SELECT count(*) FROM sqlite_schema").map_err(|error| opening(path, error))?;
    let id = one("PRAGMA application_id").map_err(|error| opening(path, error))?;
    let version = one("PRAGMA user_version").map_err(|error| opening(path, error))?;
    // Both are 32-bit fields of the file's header.
    let (id, version) = (id as i32, version as u32);
    if tables == 0 && version == 0 && (id == 0 || id == APPLICATION_ID) {
        return Ok(Found::Empty);
    }
    if id != APPLICATION_ID {
        return Err(ArchiveError::Foreign { path: path.to_owned(), found: id });
    }
    if version > VERSION {
        return Err(ArchiveError::Newer { path: path.to_owned(), found: version });
    }
    Ok(Found::Version(version))
}

fn opening(path: &Path, error: rusqlite::Error) -> ArchiveError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            ArchiveError::NotADatabase { path: path.to_owned(), reason: error.to_string() }
        }
        _ => ArchiveError::Sql { doing: "open", error },
    }
}

/// Fills are nobody else's business: the file is made for its owner alone, and SQLite gives its
/// companions the same bits.
fn make_private(path: &Path) -> Result<(), ArchiveError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map(drop).map_err(ArchiveError::io("make", path.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;

    fn file() -> (TempDir, PathBuf) {
        let room = TempDir::new().unwrap();
        let path = file_of(room.path());
        (room, path)
    }

    #[test]
    fn a_file_that_is_made_is_in_wal_mode_has_its_marks_and_is_its_owners_alone() {
        let (_room, path) = file();
        let connection = open_to_write(&path).unwrap();
        let mode: String =
            connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
        assert!(matches!(check(&connection, &path).unwrap(), Found::Version(VERSION)));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        open_to_read(&path).unwrap();
    }

    #[test]
    fn a_database_of_another_program_is_refused_and_not_changed() {
        let (_room, path) = file();
        let other = Connection::open(&path).unwrap();
        other.execute_batch("PRAGMA application_id = 77; CREATE TABLE theirs (x)").unwrap();
        drop(other);
        let before = fs::read(&path).unwrap();
        let error = open_to_write(&path).unwrap_err();
        assert!(matches!(error, ArchiveError::Foreign { found: 77, .. }), "{error}");
        assert!(error.to_string().contains("0x0000004d"), "{error}");
        assert!(error.to_string().contains("move it away"), "{error}");
        assert!(matches!(open_to_read(&path), Err(ArchiveError::Foreign { .. })));
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_database_without_an_application_id_but_with_tables_is_not_ours() {
        let (_room, path) = file();
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert!(matches!(open_to_write(&path), Err(ArchiveError::Foreign { found: 0, .. })));
    }

    #[test]
    fn a_file_that_is_no_database_is_refused_with_the_mend_and_left_as_it_is() {
        let (_room, path) = file();
        fs::write(&path, "letters and numbers that SQLite never wrote".repeat(99)).unwrap();
        let before = fs::read(&path).unwrap();
        let error = open_to_write(&path).unwrap_err();
        assert!(matches!(error, ArchiveError::NotADatabase { .. }), "{error}");
        assert!(error.to_string().contains("move it away"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_later_schema_is_refused_with_both_versions() {
        let (_room, path) = file();
        let connection = open_to_write(&path).unwrap();
        connection.pragma_update(None, "user_version", VERSION + 3).unwrap();
        drop(connection);
        let error = open_to_write(&path).unwrap_err();
        assert!(matches!(error, ArchiveError::Newer { .. }), "{error}");
        let text = error.to_string();
        let (found, known) = (format!("version {}", VERSION + 3), format!("knows {VERSION}"));
        assert!(text.contains(&found) && text.contains(&known), "{text}");
    }

    #[test]
    fn reading_what_nobody_wrote_says_so() {
        let (_room, path) = file();
        let error = open_to_read(&path).unwrap_err();
        assert!(matches!(error, ArchiveError::Missing { .. }), "{error}");
        assert!(!path.exists(), "a reader makes no file");
    }

    #[test]
    fn one_writes_and_the_second_is_told_which_lock_is_held() {
        let room = TempDir::new().unwrap();
        let first = WriteLock::take(room.path()).unwrap();
        let error = WriteLock::take(room.path()).unwrap_err();
        assert!(error.to_string().contains("archive.lock"), "{error}");
        drop(first);
        WriteLock::take(room.path()).unwrap();
    }
}
