//! The archive thread beside a writer: it follows, is followed up to what is durable and no
//! further, and its troubles are its own.

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use archive::{ArchiveThread, Lag, View, file_of, query};
use rusqlite::Connection;
use support::*;
use tempfile::TempDir;

#[test]
fn it_follows_up_to_what_is_on_disk_and_no_further() {
    let desk = Desk::new();
    let mut pen = Pen::new(desk.room.path(), 1);
    names(&mut pen);
    let known = pen.seq;
    life(&mut pen);
    pen.sync();
    desk.durable.store(known, Ordering::Release);
    desk.wait_for(|lag| lag.through == known);
    assert!(View::open(desk.room.path()).unwrap().seq().unwrap() <= known);
    desk.durable.store(pen.seq, Ordering::Release);
    let lag = desk.wait_for(|lag| lag.through == pen.seq);
    assert_eq!((lag.records, lag.trouble), (0, None));
    pen.stop();
    desk.end();
}

#[test]
fn its_end_takes_what_came_last() {
    let desk = Desk::new();
    let mut pen = Pen::new(desk.room.path(), 1);
    life(&mut pen);
    let last = pen.seq + 1;
    pen.stop();
    desk.durable.store(last, Ordering::Release);
    let room = desk.end();
    assert!(!room.path().join("archive.db-wal").exists(), "the log is folded into the file");
    assert_eq!(View::open(room.path()).unwrap().seq().unwrap(), last);
}

#[test]
fn a_database_that_cannot_be_used_is_a_trouble_that_ends_when_it_is_moved_away() {
    let room = TempDir::new().unwrap();
    let foreign = Connection::open(file_of(room.path())).unwrap();
    foreign.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(foreign);
    let mut pen = Pen::new(room.path(), 1);
    life(&mut pen);
    pen.sync();
    let desk = Desk::at(room);
    desk.durable.store(pen.seq, Ordering::Release);
    let lag = desk.wait_for(|lag| lag.trouble.is_some());
    assert!(lag.trouble.unwrap().contains("another program"));
    assert_eq!(lag.records, pen.seq, "it says how far it is behind");
    pen.stop();
    std::fs::remove_file(file_of(desk.room.path())).unwrap();
    desk.wait_for(|lag| lag.trouble.is_none() && lag.records == 0);
    desk.end();
}

#[test]
fn a_file_that_is_damaged_while_it_is_open_is_a_trouble_and_no_end() {
    let desk = Desk::new();
    let mut pen = Pen::new(desk.room.path(), 1);
    names(&mut pen);
    pen.sync();
    desk.durable.store(pen.seq, Ordering::Release);
    desk.wait_for(|lag| lag.records == 0);
    let other = Connection::open(file_of(desk.room.path())).unwrap();
    other.execute_batch("DROP TABLE patterns").unwrap();
    life(&mut pen);
    pen.sync();
    desk.durable.store(pen.seq, Ordering::Release);
    let lag = desk.wait_for(|lag| lag.trouble.is_some());
    assert!(lag.trouble.unwrap().contains("patterns"));
    pen.stop();
    desk.end();
}

#[test]
fn a_file_that_is_taken_away_is_made_again() {
    let desk = Desk::new();
    let mut pen = Pen::new(desk.room.path(), 1);
    life(&mut pen);
    pen.sync();
    desk.durable.store(pen.seq, Ordering::Release);
    desk.wait_for(|lag| lag.records == 0);
    for name in ["archive.db", "archive.db-wal", "archive.db-shm"] {
        std::fs::remove_file(desk.room.path().join(name)).ok();
    }
    let last = pen.seq + 1;
    pen.stop();
    desk.durable.store(last, Ordering::Release);
    desk.wait_for(|lag| lag.through == last);
    let room = desk.end();
    let view = View::open(room.path()).unwrap();
    assert_eq!(view.ask(&query::TARGET, [TARGET.0]).unwrap().rows.len(), 1);
}

#[test]
fn a_folder_without_a_journal_is_waited_for() {
    let desk = Desk::new();
    desk.durable.store(1, Ordering::Release);
    desk.wait_for(|lag| lag.trouble.is_some());
    let mut pen = Pen::new(desk.room.path(), 1);
    names(&mut pen);
    pen.sync();
    desk.durable.store(pen.seq, Ordering::Release);
    desk.wait_for(|lag| lag.records == 0 && lag.trouble.is_none());
    pen.stop();
    desk.end();
}

/// A thread on a data directory.
struct Desk {
    room: TempDir,
    durable: Arc<AtomicU64>,
    thread: ArchiveThread,
}

impl Desk {
    fn new() -> Self {
        Self::at(TempDir::new().unwrap())
    }

    fn at(room: TempDir) -> Self {
        let durable = Arc::new(AtomicU64::new(0));
        let thread = ArchiveThread::start(room.path(), Arc::clone(&durable)).unwrap();
        Self { room, durable, thread }
    }

    fn wait_for(&self, done: impl Fn(&Lag) -> bool) -> Lag {
        let begun = Instant::now();
        loop {
            let lag = self.thread.gauge().lag();
            if done(&lag) {
                return lag;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{lag:?} {}", listing(&self.room));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn end(self) -> TempDir {
        self.thread.stop();
        self.room
    }
}

fn listing(room: &TempDir) -> String {
    let path: &Path = room.path();
    let names = std::fs::read_dir(path).unwrap().flatten();
    names.map(|entry| entry.file_name().into_string().unwrap_or_default()).collect()
}
