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

use journal::{Reader, RecordView};
use model::KillLevel;
use serde::{Deserialize, Serialize};

use crate::board::Board;

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

/// How a start stands whose journal left the kill switch at `left`. A mark that is spent is put
/// aside; one that cannot be read halts.
pub fn standing(data: &Path, left: KillLevel) -> Standing {
    let halt = |why: String| Standing { level: left.max(KillLevel::Halt), why: Some(why) };
    let path = data.join(FILE);
    let mark = match read(&path) {
        Ok(None) => return Standing { level: left, why: None },
        Ok(Some(mark)) => mark,
        Err(error) => return halt(error.to_string()),
    };
    if last_word(data) <= mark.last_seq {
        return halt(format!("restored from a backup of {}", mark.taken));
    }
    if let Err(error) = fs::rename(&path, data.join("restored.done.toml")) {
        tracing::warn!(%error, "{} is spent and stays where it is", path.display());
    }
    Standing { level: left, why: None }
}

/// The last record about the kill switch; 0 where there is none before the journal's end.
fn last_word(data: &Path) -> u64 {
    let Ok(mut reader) = Reader::open_decisions(data) else { return 0 };
    let mut board = Board::new();
    while let Ok(Some(RecordView { seq, at, family, kind, payload })) = reader.read() {
        board.on_record(kind, family, seq, at, payload);
    }
    board.kill().seq
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
    use engine::Action;
    use journal::{
        Family, HostDisk, Identity, Kind, Observer, SyncPolicy, Trouble, Writer, WriterSettings,
        ring,
    };
    use model::wire::Writer as Bytes;
    use model::{Mono, Record, Request, Span, Text};
    use tempfile::TempDir;

    use super::*;

    /// A data directory whose journal says these of the kill switch, each as a record of its own.
    fn directory(levels: &[KillLevel]) -> TempDir {
        let room = TempDir::new().unwrap();
        let identity = Identity { instance: 7, epoch: 1, machine_boot: [0; 16] };
        let settings = WriterSettings {
            reserve_bytes: 4_096,
            free_min_bytes: 0,
            policy: SyncPolicy::Virtual { takes: Span::ZERO },
            ..WriterSettings::default()
        };
        let folder = room.path().join("journal");
        let (mut writer, _) = Writer::open(HostDisk, &folder, identity, settings).unwrap();
        let (mut producer, mut consumer) = ring::in_memory(1 << 16, 1).unwrap();
        for level in levels {
            let mut bytes = [0; 512];
            let mut out = Bytes::new(&mut bytes);
            let record = Record::Kill { level: *level, reason: Text::clipped("test") };
            Action::<Request>::Persist { token: 0, record }.write(&mut out);
            let len = out.len();
            let (family, kind) = (Family::Decisions, Kind::OUTPUT);
            producer.push(family, kind, Mono::ZERO, &bytes[..len]).unwrap();
        }
        writer.drain(Mono::ZERO, &mut consumer, &mut Nobody);
        writer.close(&mut Nobody);
        room
    }

    struct Nobody;

    impl Observer for Nobody {
        fn on_record(&mut self, _: &RecordView<'_>) {}
        fn on_durable(&mut self, _: u64) {}
        fn on_trouble(&mut self, trouble: &Trouble) {
            panic!("{trouble}");
        }
    }

    fn mark(room: &TempDir, last_seq: u64) {
        let taken = "2026-11-20T00:00:00Z".to_owned();
        let mark = Mark { last_seq, taken_ns: 5, taken, from: "b.tar".into() };
        write(room.path(), &mark).unwrap();
        assert_eq!(read(&room.path().join(FILE)).unwrap(), Some(mark));
    }

    #[test]
    fn a_restored_directory_halts_until_the_journal_has_a_later_word() {
        let room = directory(&[KillLevel::Reduce, KillLevel::Active]);
        mark(&room, 2);
        let found = standing(room.path(), KillLevel::Active);
        assert_eq!(found.level, KillLevel::Halt);
        assert!(found.why.unwrap().contains("a backup of 2026-11-20"));
        mark(&room, 1);
        let found = standing(room.path(), KillLevel::Active);
        assert_eq!(found, Standing { level: KillLevel::Active, why: None }, "it was resumed");
        assert!(!room.path().join(FILE).exists());
        assert!(room.path().join("restored.done.toml").exists());
    }

    #[test]
    fn a_mark_never_lowers_what_stands_further() {
        let room = directory(&[KillLevel::Flatten]);
        mark(&room, 1);
        assert_eq!(standing(room.path(), KillLevel::Flatten).level, KillLevel::Flatten);
    }

    #[test]
    fn a_mark_that_cannot_be_read_halts() {
        let room = directory(&[KillLevel::Active]);
        fs::write(room.path().join(FILE), "last_seq = \"many\"").unwrap();
        let found = standing(room.path(), KillLevel::Active);
        assert_eq!(found.level, KillLevel::Halt);
        assert!(found.why.unwrap().contains("cannot be read"));
        assert!(room.path().join(FILE).exists());
    }

    #[test]
    fn a_mark_beside_a_journal_that_cannot_be_opened_halts() {
        let room = TempDir::new().unwrap();
        mark(&room, 9);
        assert_eq!(standing(room.path(), KillLevel::Active).level, KillLevel::Halt);
    }

    #[test]
    fn without_a_mark_the_journal_decides() {
        let room = TempDir::new().unwrap();
        let found = standing(room.path(), KillLevel::Reduce);
        assert_eq!(found, Standing { level: KillLevel::Reduce, why: None });
    }
}
