//! Full and failing disks, dead processes, and the virtual clock.

mod support;

use std::path::Path;

use journal::ring::RingFile;
use journal::{
    Health, HostDisk, Kind, LostWhy, Reader, SyncPolicy, Trouble, Writer, WriterError,
    WriterSettings, verify,
};
use model::{Mono, Span};
use support::*;

/// The numbers that can be read back, all of them good.
fn read_back(dir: &Path) -> Vec<u64> {
    let found = verify(dir).unwrap();
    assert!(found.ok, "{:?}", found.reason());
    let mut reader = Reader::open(dir).unwrap();
    let mut seqs = Vec::new();
    while let Some(record) = reader.read().unwrap() {
        seqs.push(record.seq);
    }
    seqs
}

fn faulty(dir: &Path) -> (Rig<FaultyDisk>, FaultyDisk) {
    let disk = FaultyDisk::default();
    (Rig::new(disk.clone(), dir, 1, settings()), disk)
}

fn every_decision(rig: &mut Rig<FaultyDisk>, count: u64) -> Vec<u64> {
    let mut decisions = Vec::new();
    for round in 0..count {
        decisions.push(rig.push(D, &[round as u8; 50]));
        rig.push(M, &[round as u8; 90]);
        rig.drain();
    }
    decisions
}

#[test]
fn a_disk_that_cannot_be_written_is_said_before_the_first_record() {
    let dir = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::default();
    disk.0.borrow_mut().reserve_errno = Some(13);
    let error = Writer::open(disk, dir.path(), identity(1), settings()).unwrap_err();
    assert!(matches!(error, WriterError::Io { doing: "reserve a segment in", .. }), "{error}");
    let file = dir.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let error = Writer::open(HostDisk, &file.join("journal"), identity(1), settings());
    assert!(matches!(error, Err(WriterError::Io { doing: "make", .. })));
}

#[test]
fn what_a_dead_process_left_is_put_on_the_medium_before_it_counts_as_durable() {
    let dir = tempfile::tempdir().unwrap();
    small_journal(dir.path(), 1);
    let last = |family| names(dir.path(), family).into_iter().max().unwrap();
    let disk = FaultyDisk::default();
    Writer::open(disk.clone(), dir.path(), identity(2), settings()).unwrap();
    assert_eq!(disk.0.borrow().synced, [last("decisions"), last("market")]);
    disk.0.borrow_mut().sync_errno = Some(libc_eio());
    let error = Writer::open(disk, dir.path(), identity(2), settings()).unwrap_err();
    assert!(matches!(error, WriterError::Io { doing: "put on disk", .. }), "{error}");
}

#[test]
fn too_little_space_is_said_before_the_first_record_with_both_figures() {
    let dir = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::default();
    disk.0.borrow_mut().free = Some(99);
    let settings = WriterSettings { free_min_bytes: 100, ..settings() };
    let error = Writer::open(disk, dir.path(), identity(1), settings).unwrap_err();
    assert!(matches!(error, WriterError::Space { free: 99, needed: 100, .. }), "{error}");
}

#[test]
fn the_writer_carries_on_through_short_writes() {
    let dir = tempfile::tempdir().unwrap();
    let (mut rig, disk) = faulty(dir.path());
    disk.0.borrow_mut().short = Some(7);
    every_decision(&mut rig, 20);
    rig.close();
    assert_eq!(read_back(dir.path()), rig.heard.seqs);
}

#[test]
fn a_full_disk_stops_market_records_first_and_decisions_go_to_the_reserve() {
    for room in (0..6000).step_by(37) {
        let dir = tempfile::tempdir().unwrap();
        let (mut rig, disk) = faulty(dir.path());
        disk.0.borrow_mut().room = Some(room);
        let decisions = every_decision(&mut rig, 40);
        rig.close();
        let read = read_back(dir.path());
        assert!(decisions.iter().all(|seq| read.contains(seq)), "room {room}: a decision is lost");
        assert!(read.len() < rig.heard.seqs.len(), "room {room}: market records are lost");
        let first = rig.heard.troubles.first();
        assert!(matches!(first, Some(Trouble::MarketStopped { .. })), "room {room}: {first:?}");
        assert_eq!(rig.writer.status().decisions_lost, 0);
        let lost = verify(dir.path()).unwrap().lost;
        let explained = lost.iter().all(|lost| lost.why != LostWhy::Unexplained);
        assert!(explained, "room {room}: {lost:?}");
    }
}

#[test]
fn a_durable_report_is_never_made_for_a_decision_that_a_failed_sync_may_have_lost() {
    for good_syncs in 0..30 {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("journal");
        let (mut rig, disk) = faulty(&folder);
        disk.0.borrow_mut().syncs_left = good_syncs;
        disk.0.borrow_mut().sync_errno = Some(libc_eio());
        let decisions = every_decision(&mut rig, 25);
        rig.close();
        let read = read_back(&folder);
        let durable = rig.heard.durable.last().copied().unwrap_or(0);
        for seq in decisions.iter().filter(|&&seq| seq <= durable) {
            assert!(read.contains(seq), "{good_syncs} syncs: {seq} was called durable");
        }
        assert_eq!(rig.writer.status().health, Health::Counting, "{good_syncs} syncs");
    }
}

#[test]
fn a_full_reserve_counts_what_it_loses_and_the_journal_stays_readable() {
    let dir = tempfile::tempdir().unwrap();
    let (mut rig, disk) = faulty(dir.path());
    disk.0.borrow_mut().room = Some(1000);
    disk.0.borrow_mut().reserve_errno = Some(libc_enospc());
    let decisions = every_decision(&mut rig, 400);
    let status = rig.writer.status();
    assert_eq!(status.health, Health::Counting);
    assert!(status.decisions_lost > 0 && status.market_lost > 0);
    rig.close();
    let read = read_back(dir.path());
    let kept = decisions.iter().filter(|seq| read.contains(seq)).count() as u64;
    assert_eq!(kept + status.decisions_lost, decisions.len() as u64);
    assert!(decisions.iter().all(|&seq| seq > status.durable_seq || read.contains(&seq)));
    let counting = rig.heard.troubles.iter();
    let counting = counting.filter(|trouble| matches!(trouble, Trouble::Counting { .. })).count();
    assert_eq!(counting, 1);
}

#[test]
fn room_on_the_disk_ends_the_trouble_and_the_loss_stands_in_one_gap_each() {
    for (reserve, rounds) in [(16 * 1024, 30), (4 * 1024, 200)] {
        let dir = tempfile::tempdir().unwrap();
        let disk = FaultyDisk::default();
        let settings = WriterSettings { reserve_bytes: reserve, ..settings() };
        let mut rig = Rig::new(disk.clone(), dir.path(), 1, settings);
        disk.0.borrow_mut().room = Some(2000);
        disk.0.borrow_mut().reserve_errno = Some(libc_enospc());
        every_decision(&mut rig, rounds);
        assert_ne!(rig.writer.status().health, Health::Good);
        disk.0.borrow_mut().room = None;
        disk.0.borrow_mut().reserve_errno = None;
        rig.ms += 2000;
        rig.drain();
        assert_eq!(rig.writer.status().health, Health::Good);
        assert!(matches!(rig.heard.troubles.last(), Some(Trouble::Over { .. })));
        let after = every_decision(&mut rig, 20);
        rig.close();
        let read = read_back(dir.path());
        assert!(after.iter().all(|seq| read.contains(seq) && read.contains(&(seq + 1))));
        let lost = verify(dir.path()).unwrap().lost;
        assert!(lost.iter().all(|lost| lost.why == LostWhy::Gap), "{lost:?}");
        let status = rig.writer.status();
        let missing: u64 = lost.iter().map(|lost| lost.to - lost.from + 1).sum();
        assert_eq!(missing, status.decisions_lost + status.market_lost);
    }
}

#[test]
fn what_a_killed_process_left_in_the_ring_is_saved_once_and_before_the_next_boot() {
    let (dir, runtime) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut writer, _) = Writer::open(HostDisk, dir.path(), identity(1), settings()).unwrap();
    let mut ring =
        RingFile::open(runtime.path(), 0xabc).unwrap().start(65536, 1, writer.next_seq()).unwrap();
    let mut heard = Heard::default();
    for at in 0..10_u8 {
        ring.producer.push(if at % 2 == 0 { D } else { M }, Kind::INPUT, at_ms(1), &[at]).unwrap();
        if at == 4 {
            writer.drain(at_ms(2), &mut ring.consumer, &mut heard);
        }
    }
    drop((ring, writer));

    let (mut writer, opened) = Writer::open(HostDisk, dir.path(), identity(2), settings()).unwrap();
    assert_eq!((opened.last_seq, opened.stopped, opened.last_epoch), (5, false, 1));
    let file = RingFile::open(runtime.path(), 0xabc).unwrap();
    let mut leftover = file.leftover().unwrap().expect("a ring");
    let mut heard = Heard::default();
    let saved = writer.recover(&mut leftover, opened.last_epoch, &mut heard).unwrap();
    assert_eq!((saved.saved, saved.known, saved.broken), (5, 0, None));
    assert_eq!(heard.seqs, [6, 7, 8, 9, 10]);
    drop((leftover, writer));

    // It died again before it made its own ring: the same leftover is known by now.
    let (mut writer, opened) = Writer::open(HostDisk, dir.path(), identity(3), settings()).unwrap();
    let mut leftover = file.leftover().unwrap().expect("a ring");
    let saved = writer.recover(&mut leftover, opened.last_epoch, &mut heard).unwrap();
    assert_eq!((saved.saved, saved.known), (0, 5));
    assert_eq!(writer.next_seq(), 11);
    writer.close(&mut heard);
    assert_eq!(read_back(dir.path()), (1..=10).collect::<Vec<_>>());
}

#[test]
fn a_power_cut_that_takes_market_records_nobody_called_durable_is_a_loss_and_no_damage() {
    for keep in 0..400 {
        let dir = tempfile::tempdir().unwrap();
        let long = WriterSettings { market_sync: Span::from_secs(9), ..settings() };
        let mut rig = Rig::new(HostDisk, dir.path(), 1, long);
        rig.ms = 9_000;
        every(&mut rig, 6);
        drop(rig);
        let path = dir.path().join("market-00000001.shrike");
        let whole = std::fs::read(&path).unwrap();
        let keep = keep.max(128 + 32 + 20 + 32 + 76).min(whole.len());
        std::fs::write(&path, &whole[..keep]).unwrap();
        let mut rig = Rig::new(HostDisk, dir.path(), 2, long);
        every(&mut rig, 3);
        rig.close();
        let found = verify(dir.path()).unwrap();
        assert!(found.ok, "keep {keep}: {:?}", found.reason());
        assert!(found.lost.iter().all(|lost| lost.why == LostWhy::Crash), "{:?}", found.lost);
        let lost: u64 = found.lost.iter().map(|lost| lost.to - lost.from + 1).sum();
        assert_eq!(found.records + lost, 18);
        if keep < whole.len() - 200 {
            assert!(lost > 0, "keep {keep}");
        }
    }
}

fn every(rig: &mut Rig<HostDisk>, rounds: u8) {
    for round in 0..rounds {
        rig.push(M, &[round; 20]);
        rig.push(D, &[round; 20]);
        rig.drain();
    }
}

#[test]
fn an_epoch_that_wrote_before_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    small_journal(dir.path(), 4);
    for epoch in [3, 4] {
        let error = Writer::open(HostDisk, dir.path(), identity(epoch), settings()).unwrap_err();
        assert!(matches!(error, WriterError::EpochUsed { found: 4, .. }), "{error}");
    }
    small_journal(dir.path(), 5);
    assert!(verify(dir.path()).unwrap().ok);
}

fn virtual_run(dir: &Path, drains_twice: bool) -> Vec<(u64, u64)> {
    let policy = SyncPolicy::Virtual { takes: Span::from_millis(5) };
    let settings = WriterSettings { segment_bytes: 2048, policy, ..settings() };
    let mut rig = Rig::new(HostDisk, dir, 1, settings);
    let mut reported = Vec::new();
    for round in 0..60_u8 {
        rig.push(M, &[round; 33]);
        if round % 3 == 0 {
            rig.push(D, &[round; 44]);
        }
        rig.drain();
        if drains_twice {
            rig.writer.drain(at_ms(rig.ms), &mut rig.consumer, &mut rig.heard);
        }
        reported.extend(rig.heard.durable.drain(..).map(|seq| (rig.ms, seq)));
    }
    rig.close();
    reported
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn equal_inputs_under_the_virtual_clock_give_byte_equal_files() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert_eq!(virtual_run(a.path(), false), virtual_run(b.path(), true));
    assert_eq!(files(a.path()), files(b.path()));
    assert!(verify(a.path()).unwrap().ok);
}

#[test]
fn under_the_virtual_clock_a_group_is_durable_five_milliseconds_after_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let policy = SyncPolicy::Virtual { takes: Span::from_millis(5) };
    let mut rig = Rig::new(HostDisk, dir.path(), 1, WriterSettings { policy, ..settings() });
    assert_eq!(rig.writer.poll_timeout(), None);
    rig.push(D, b"permit");
    rig.drain();
    assert_eq!(rig.writer.poll_timeout(), Some(at_ms(6)));
    rig.writer.drain(Mono::from_nanos(5_999_999), &mut rig.consumer, &mut rig.heard);
    assert!(rig.heard.durable.is_empty());
    rig.writer.drain(at_ms(6), &mut rig.consumer, &mut rig.heard);
    assert_eq!(rig.heard.durable, [1]);
    assert_eq!(rig.writer.poll_timeout(), None);
}

#[test]
fn market_segments_beyond_their_bytes_go_after_a_record_of_it_and_the_rest_still_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let settings = WriterSettings { segment_bytes: 1024, market_max_bytes: 3 * 1024, ..settings() };
    let mut rig = Rig::new(HostDisk, dir.path(), 1, settings);
    for round in 0..200_u8 {
        rig.push(M, &[round; 60]);
        rig.push(D, &[round; 10]);
        rig.drain();
    }
    rig.close();
    let market = names(dir.path(), "market");
    assert!((3..=4).contains(&market.len()), "{market:?}");
    assert!(!market.contains(&"market-00000001.shrike".to_owned()));
    let found = verify(dir.path()).unwrap();
    assert!(found.ok, "{:?}", found.reason());
    assert!(!found.pruned.is_empty());
    let decisions = Reader::open_decisions(dir.path()).unwrap();
    assert_eq!(count(decisions), 200, "decisions are all there");
}

#[test]
fn many_market_segments_go_oldest_first_and_a_few_at_a_time_and_a_cut_removal_reads_on() {
    let dir = tempfile::tempdir().unwrap();
    let round = |rig: &mut Rig<FaultyDisk>, round: u8| {
        rig.push(M, &[round; 60]);
        rig.push(D, &[round; 10]);
        rig.drain();
    };
    let settings = WriterSettings { segment_bytes: 1024, ..settings() };
    let mut rig = Rig::new(FaultyDisk::default(), dir.path(), 1, settings);
    (0..120).for_each(|n| round(&mut rig, n));
    rig.close();
    let path = |number: u32| dir.path().join(format!("market-{number:08}.shrike"));
    let kept = [1, 3].map(|number| (number, std::fs::read(path(number)).unwrap()));

    let disk = FaultyDisk::default();
    let settings = WriterSettings { market_max_bytes: 3 * 1024, ..settings };
    let mut rig = Rig::new(disk.clone(), dir.path(), 2, settings);
    for n in 0..60 {
        let before = disk.0.borrow().removed.len();
        round(&mut rig, n);
        assert!(disk.0.borrow().removed.len() - before <= 4, "round {n}");
    }
    rig.close();
    let removed = disk.0.borrow().removed.clone();
    let market: Vec<_> = removed.iter().filter(|name| name.starts_with("market")).collect();
    assert!(market.len() > 8 && market.is_sorted(), "{market:?}");

    for (number, bytes) in kept {
        std::fs::write(path(number), bytes).unwrap();
    }
    let found = verify(dir.path()).unwrap();
    assert!(found.ok, "{:?}", found.reason());
}

#[test]
fn a_market_segment_that_is_gone_without_a_record_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let settings = WriterSettings { segment_bytes: 1024, ..settings() };
    let mut rig = Rig::new(HostDisk, dir.path(), 1, settings);
    for round in 0..30_u8 {
        rig.push(M, &[round; 60]);
        rig.push(D, &[round; 10]);
        rig.drain();
    }
    rig.close();
    std::fs::remove_file(dir.path().join("market-00000001.shrike")).unwrap();
    let found = verify(dir.path()).unwrap();
    assert!(found.damage && !found.ok && found.pruned.is_empty(), "{:?}", found.reason());
}

fn names(dir: &std::path::Path, family: &str) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(family)).collect()
}

fn count(mut reader: Reader) -> usize {
    let mut many = 0;
    while reader.read().unwrap().is_some() {
        many += 1;
    }
    many
}

#[test]
fn an_unknown_kind_is_carried_and_the_journal_can_be_followed_while_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(HostDisk, dir.path(), 1, settings());
    let mut reader = Reader::open(dir.path()).err();
    assert!(reader.take().is_none_or(|error| error.to_string().contains("not a data directory")));
    rig.push_kind(D, Kind(999), b"later");
    rig.drain();
    let mut reader = Reader::open(dir.path()).unwrap();
    let record = reader.read().unwrap().expect("a record");
    assert_eq!(
        (record.kind, record.kind.name(), record.payload),
        (Kind(999), "unknown", &b"later"[..])
    );
    assert_eq!(reader.read().unwrap(), None);
    for round in 0..100_u8 {
        let seq = rig.push(D, &[round; 100]);
        rig.drain();
        assert_eq!(reader.read().unwrap().map(|record| record.seq), Some(seq));
    }
    assert!(rig.writer.status().decisions_segment > 2);
}

#[test]
fn the_thread_body_empties_the_ring_before_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(HostDisk, dir.path(), 1, settings());
    for round in 0..50_u8 {
        rig.push(D, &[round; 20]);
    }
    let stop = std::sync::atomic::AtomicBool::new(true);
    let mut ms = 0;
    let clock = || {
        ms += 1;
        at_ms(ms)
    };
    rig.writer.run(&mut rig.consumer, &mut rig.heard, &stop, clock, || {});
    assert_eq!(rig.heard.durable.last(), Some(&50));
    assert_eq!(read_back(dir.path()).len(), 50);
}

#[test]
fn a_journal_of_an_earlier_format_is_refused_with_a_sentence_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(HostDisk, dir.path(), 1, settings());
    rig.push(D, b"a decision");
    rig.drain();
    rig.close();
    let path = dir.path().join("decisions-00000001.shrike");
    let mut bytes = std::fs::read(&path).unwrap();
    // The version stands behind the eight bytes of the magic; the header ends with its own hash.
    bytes[8..10].copy_from_slice(&1_u16.to_le_bytes());
    let body = HEADER_LEN - 32;
    let hash = *blake3::hash(&bytes[..body]).as_bytes();
    bytes[body..HEADER_LEN].copy_from_slice(&hash);
    std::fs::write(&path, &bytes).unwrap();
    let opened = Writer::open(HostDisk, dir.path(), identity(2), settings());
    let said = opened.expect_err("it is refused").to_string();
    let versions = format!("format 1 where this program reads {}", journal::FORMAT_VERSION);
    assert!(said.contains(&versions), "{said}");
    assert!(said.contains("begin a new data directory") && !said.contains("damaged"), "{said}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

/// Bytes of a segment's header, its hash included.
const HEADER_LEN: usize = 8 + 2 + 1 + 1 + 4 + 4 + 4 + 8 + 8 + 8 + 32 + 16 + 32;
