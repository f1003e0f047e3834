//! The mark that a restored data directory bears until an operator has seen to it.
//!
//! The exchange may know deals that are later than the backup. The first start after a restore
//! therefore halts: it reconciles, sells and cancels, and buys nothing until `shrike resume`. The
//! mark is the file `restored.toml` with the backup's last record and time. It is spent once the
//! journal has a word about the kill switch that is later than the backup: from there on the
//! journal itself remembers the halt, or the resume.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use model::KillLevel;
use serde::{Deserialize, Serialize};

use crate::board::KillView;

/// The file in the data directory.
pub const FILE: &str = "restored.toml";

/// What a restore leaves behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// The last record of the backup.
    pub last_seq: u64,
    /// When the backup was taken: nanoseconds since the epoch by the clock of its machine.
    pub taken_ns: i64,
    /// The same for people.
    pub taken: String,
    /// The file that it was restored from.
    pub from: String,
}

/// Writes the mark so that it is on disk before this returns.
///
/// # Errors
/// What the operating system answered.
pub fn write(data: &Path, mark: &Mark) -> io::Result<()> {
    let text = toml::to_string(mark).map_err(io::Error::other)?;
    let head = "# This data directory was restored from a backup. The next start buys nothing until\n\
                # `shrike resume`: the exchange may know later deals. Do not remove it by hand.\n";
    let (path, new) = (data.join(FILE), data.join(".restored.toml.tmp"));
    let mut file = fs::File::create(&new)?;
    file.write_all(head.as_bytes())?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, &path)?;
    fs::File::open(data)?.sync_all()
}

/// How a start must stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// At least this far stopped.
    pub level: KillLevel,
    /// Why, when the mark is the cause.
    pub why: Option<String>,
}

/// The level of a start whose journal ends at `left`. A mark that is spent is put aside; one that
/// cannot be read halts.
pub fn standing(data: &Path, left: KillView) -> Standing {
    let halt = |why: String| Standing { level: left.level.max(KillLevel::Halt), why: Some(why) };
    let path = data.join(FILE);
    let mark = match read(&path) {
        Ok(None) => return Standing { level: left.level, why: None },
        Ok(Some(mark)) => mark,
        Err(error) => return halt(error.to_string()),
    };
    if left.seq <= mark.last_seq {
        return halt(format!("restored from a backup of {}", mark.taken));
    }
    if let Err(error) = fs::rename(&path, data.join("restored.done.toml")) {
        tracing::warn!(%error, "{} is spent and stays where it is", path.display());
    }
    Standing { level: left.level, why: None }
}

/// The mark of a data directory, where there is one.
///
/// # Errors
/// [`MarkError`] for a file that cannot be read.
pub fn read(path: &Path) -> Result<Option<Mark>, MarkError> {
    let failed = |why: String| MarkError { path: path.to_owned(), why };
    match fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).map(Some).map_err(|error| failed(error.to_string())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// A mark that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkError {
    path: PathBuf,
    why: String,
}

impl fmt::Display for MarkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, why } = self;
        let path = path.display();
        write!(f, "{path} says that the data was restored, and cannot be read: {why}")
    }
}

impl std::error::Error for MarkError {}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn left(level: KillLevel, seq: u64) -> KillView {
        KillView { level, seq, durable: true }
    }

    fn marked() -> TempDir {
        let room = TempDir::new().unwrap();
        let mark = Mark {
            last_seq: 100,
            taken_ns: 5,
            taken: "2026-11-20T00:00:00Z".into(),
            from: "b.tar".into(),
        };
        write(room.path(), &mark).unwrap();
        assert_eq!(read(&room.path().join(FILE)).unwrap(), Some(mark));
        room
    }

    #[test]
    fn a_restored_directory_halts_at_every_start_until_the_journal_has_a_later_word() {
        let room = marked();
        for seq in [0, 100] {
            let found = standing(room.path(), left(KillLevel::Active, seq));
            assert_eq!(found.level, KillLevel::Halt);
            assert!(found.why.unwrap().contains("a backup of 2026-11-20"));
        }
        let found = standing(room.path(), left(KillLevel::Active, 101));
        assert_eq!(found, Standing { level: KillLevel::Active, why: None }, "it was resumed");
        assert!(!room.path().join(FILE).exists());
        assert!(room.path().join("restored.done.toml").exists());
    }

    #[test]
    fn a_mark_never_lowers_what_stands_further() {
        let room = marked();
        let found = standing(room.path(), left(KillLevel::Flatten, 100));
        assert_eq!(found.level, KillLevel::Flatten);
    }

    #[test]
    fn a_mark_that_cannot_be_read_halts() {
        let room = marked();
        fs::write(room.path().join(FILE), "last_seq = \"many\"").unwrap();
        let found = standing(room.path(), left(KillLevel::Active, 101));
        assert_eq!(found.level, KillLevel::Halt);
        assert!(found.why.unwrap().contains("cannot be read"));
        assert!(room.path().join(FILE).exists());
    }

    #[test]
    fn without_a_mark_the_journal_decides() {
        let room = TempDir::new().unwrap();
        let found = standing(room.path(), left(KillLevel::Reduce, 9));
        assert_eq!(found, Standing { level: KillLevel::Reduce, why: None });
    }
}
