//! Backups taken while the journal is written, and every way in which a restore says no.

use std::fs;
use std::path::{Path, PathBuf};

use journal::{
    Consumer, DataDir, Family, HostDisk, Identity, Kind, Observer, Producer, RecordView,
    SyncPolicy, Trouble, Writer, WriterSettings, ring,
};
use model::{Mono, Span};
use tempfile::TempDir;

use super::*;

#[test]
fn a_backup_of_a_journal_that_is_being_written_is_a_whole_journal() {
    let mut house = House::new();
    for round in 0..40 {
        house.write(30);
        let to = house.file(&format!("{round}.tar"));
        // Some of the last records are in the ring, some in a group that is open.
        let manifest = take(house.data(), &to, |_| {}).unwrap();
        assert!(manifest.last_seq <= house.seq && manifest.instance == house.instance);
        let elsewhere = TempDir::new().unwrap();
        let restored = restore(elsewhere.path(), &to).unwrap();
        assert_eq!(restored.manifest, manifest);
        let verified = journal::verify(elsewhere.path()).unwrap();
        assert!(verified.ok, "round {round}: {:?}", verified.reason());
    }
    assert!(house.segments() > 6, "several segments of both families");
}

#[test]
fn the_writer_is_not_disturbed_by_a_backup() {
    let mut house = House::new();
    house.write(200);
    take(house.data(), &house.file("b.tar"), |_| {}).unwrap();
    house.write(200);
    house.close();
    assert!(journal::verify(house.data()).unwrap().ok);
}

#[test]
fn a_restored_directory_goes_on_with_an_epoch_that_was_never_used_and_is_marked() {
    let mut house = House::new();
    house.write(100);
    let file = house.file("b.tar");
    let manifest = take(house.data(), &file, |_| {}).unwrap();
    house.close();
    let other = TempDir::new().unwrap();
    restore(other.path(), &file).unwrap();
    let mark = restored_mark(other.path());
    assert_eq!((mark.last_seq, mark.taken_ns), (manifest.last_seq, manifest.taken_ns));
    let data = DataDir::open(other.path()).unwrap();
    assert_eq!(data.instance(), manifest.instance);
    assert_eq!(data.epoch(), manifest.epoch + 257, "starts after the backup may have used some");
}

#[test]
fn the_journal_that_was_there_and_is_older_is_kept_beside() {
    let mut house = House::new();
    house.write(50);
    let old = TempDir::new().unwrap();
    restore(old.path(), &{
        let file = house.file("old.tar");
        take(house.data(), &file, |_| {}).unwrap();
        file
    })
    .unwrap();
    house.write(500);
    let file = house.file("new.tar");
    let manifest = take(house.data(), &file, |_| {}).unwrap();
    fs::write(old.path().join("archive.db"), "rows of the older journal").unwrap();
    let restored = restore(old.path(), &file).unwrap();
    let before = restored.before.unwrap();
    assert!(before.join("decisions-00000001.shrike").exists());
    assert!(!old.path().join("archive.db").exists(), "it is made again from the journal");
    assert!(!old.path().join(".restoring").exists());
    assert_eq!(journal::verify(old.path()).unwrap().decisions.seq.max(1), decisions(&manifest));
}

#[test]
fn a_directory_in_use_is_refused_and_left_alone() {
    let mut house = House::new();
    house.write(50);
    let file = house.file("b.tar");
    take(house.data(), &file, |_| {}).unwrap();
    let before = listing(house.data());
    let error = restore(house.data(), &file).unwrap_err();
    assert!(matches!(error, BackupError::InUse { .. }) && error.is_refusal(), "{error}");
    assert_eq!(listing(house.data()), before);
}

#[test]
fn a_newer_journal_is_refused_with_both_records() {
    let mut house = House::new();
    house.write(50);
    let file = house.file("b.tar");
    let manifest = take(house.data(), &file, |_| {}).unwrap();
    house.write(50);
    house.close();
    let (data, _files) = house.leave();
    let before = listing(data.path());
    let error = restore(data.path(), &file).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, BackupError::Newer { .. }) && error.is_refusal(), "{text}");
    assert!(text.contains(&format!("ends at {}", manifest.last_seq)), "{text}");
    assert_eq!(listing(data.path()), before);
}

#[test]
fn another_traders_directory_is_refused() {
    let mut house = House::new();
    house.write(50);
    let file = house.file("b.tar");
    take(house.data(), &file, |_| {}).unwrap();
    let mut other = House::new();
    other.write(1);
    other.close();
    let (data, _others) = other.leave();
    let error = restore(data.path(), &file).unwrap_err();
    assert!(matches!(error, BackupError::Foreign { .. }), "{error}");
    assert!(error.to_string().contains("empty directory"), "{error}");
}

#[test]
fn a_backup_that_was_cut_or_changed_anywhere_restores_nothing() {
    let mut house = House::new();
    house.write(20);
    let file = house.file("b.tar");
    take(house.data(), &file, |_| {}).unwrap();
    let good = fs::read(&file).unwrap();
    let steps = (good.len() / 23).max(1);
    for at in (0..good.len() - 2 * 512).step_by(steps) {
        let elsewhere = TempDir::new().unwrap();
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&file, &bad).unwrap();
        // A byte between two files, or one of a header that says nothing, may differ.
        if let Ok(restored) = restore(elsewhere.path(), &file) {
            assert!(journal::verify(elsewhere.path()).unwrap().ok);
            assert_eq!(restored.records, restored.manifest.last_seq);
        } else {
            assert!(!elsewhere.path().join("journal").exists(), "byte {at}");
            assert!(!elsewhere.path().join(crate::trader::restored::FILE).exists(), "byte {at}");
        }
        fs::write(&file, &good[..at]).unwrap();
        let error = restore(elsewhere.path(), &file).unwrap_err();
        assert!(matches!(error, BackupError::NotABackup { .. }), "cut at {at}: {error}");
    }
}

#[test]
fn a_member_that_leads_out_of_the_directory_is_no_backup() {
    let room = TempDir::new().unwrap();
    let file = room.path().join("evil.tar");
    for name in ["../evil", "journal/../../evil", "/etc/evil", "journal/.shrike", "lock"] {
        let mut bytes = Vec::new();
        tar::begin(&mut bytes, name, 0, 0).unwrap();
        tar::end(&mut bytes).unwrap();
        fs::write(&file, bytes).unwrap();
        let error = restore(&room.path().join("data"), &file).unwrap_err();
        assert!(error.to_string().contains("it holds"), "{name}: {error}");
    }
}

#[test]
fn a_damaged_journal_is_not_backed_up_and_a_file_is_not_overwritten() {
    let mut house = House::new();
    house.write(200);
    house.close();
    let file = house.file("b.tar");
    fs::write(&file, "mine").unwrap();
    let error = take(house.data(), &file, |_| {}).unwrap_err();
    assert!(matches!(error, BackupError::Exists { .. }), "{error}");
    let segment = house.data().join("journal/decisions-00000001.shrike");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[2_000] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let file = house.file("c.tar");
    let error = take(house.data(), &file, |_| {}).unwrap_err();
    assert!(matches!(error, BackupError::Broken(_)), "{error}");
    assert!(!file.exists() && !house.file("c.tar.part").exists());
}

#[test]
fn a_damaged_directory_takes_a_backup_of_its_later_part() {
    let mut house = House::new();
    house.write(400);
    let file = house.file("b.tar");
    take(house.data(), &file, |_| {}).unwrap();
    house.close();
    let (data, _files) = house.leave();
    let segment = data.path().join("journal/decisions-00000001.shrike");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[2_000] ^= 1;
    fs::write(&segment, bytes).unwrap();
    restore(data.path(), &file).unwrap();
    assert!(journal::verify(data.path()).unwrap().ok);
    let data = DataDir::open(data.path()).unwrap();
    assert_eq!(data.epoch(), 2, "the directory's own count of starts goes on");
}

fn restored_mark(data: &Path) -> crate::trader::restored::Mark {
    crate::trader::restored::read(&data.join(crate::trader::restored::FILE)).unwrap().unwrap()
}

fn decisions(manifest: &Manifest) -> u64 {
    manifest.heads.iter().find(|head| head.family == "decisions").unwrap().seq
}

fn listing(folder: &Path) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() {
            found.extend(listing(&path).into_iter().map(|under| format!("{name}/{under}")));
        } else {
            found.push(format!("{name} {:?}", fs::read(path).unwrap().len()));
        }
    }
    found.sort();
    found
}

struct Nobody;

impl Observer for Nobody {
    fn on_record(&mut self, _: &RecordView<'_>) {}
    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, trouble: &Trouble) {
        panic!("{trouble}");
    }
}

/// A data directory in use, with its journal's writer.
struct House {
    room: TempDir,
    files: TempDir,
    held: Option<DataDir>,
    instance: u32,
    producer: Producer,
    consumer: Consumer,
    writer: Writer<HostDisk>,
    at: Mono,
    seq: u64,
}

impl House {
    fn new() -> Self {
        let room = TempDir::new().unwrap();
        let data = DataDir::open(room.path()).unwrap();
        data.blobs().put(b"a blob").unwrap();
        let identity =
            Identity { instance: data.instance(), epoch: data.epoch(), machine_boot: [0; 16] };
        let settings = WriterSettings {
            segment_bytes: 4_096,
            reserve_bytes: 4_096,
            free_min_bytes: 0,
            decisions_sync: Span::ZERO,
            market_sync: Span::from_millis(3),
            policy: SyncPolicy::Disk,
            ..WriterSettings::default()
        };
        let (writer, _) = Writer::open(HostDisk, &data.journal(), identity, settings).unwrap();
        let (producer, consumer) = ring::in_memory(1 << 20, 1).unwrap();
        let (instance, files) = (data.instance(), TempDir::new().unwrap());
        let (held, at, seq) = (Some(data), Mono::ZERO, 0);
        Self { room, files, held, instance, producer, consumer, writer, at, seq }
    }

    fn data(&self) -> &Path {
        self.room.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// Records of both families; the last few stay in the ring.
    fn write(&mut self, records: u64) {
        for n in 0..records {
            let family = if n % 3 == 0 { Family::Market } else { Family::Decisions };
            self.at = self.at.after(Span::from_micros(400));
            self.seq = self.producer.push(family, Kind::OUTPUT, self.at, &[n as u8; 70]).unwrap();
            if n % 7 == 2 {
                self.writer.drain(self.at, &mut self.consumer, &mut Nobody);
            }
        }
    }

    fn close(&mut self) {
        self.writer.drain(self.at, &mut self.consumer, &mut Nobody);
        self.writer.close(&mut Nobody);
        self.held = None;
    }

    fn segments(&self) -> usize {
        fs::read_dir(self.data().join("journal")).unwrap().count()
    }

    /// The directory, with nobody in it, and the folder of backups.
    fn leave(self) -> (TempDir, TempDir) {
        (self.room, self.files)
    }
}
