//! Every way to damage a small journal is found and named, and nothing panics.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use journal::{Fault, HostDisk, Kind, Reader, Verified, Writer, verify};
use support::{Rig, identity, settings, small_journal};

fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("decisions-") || name.starts_with("market-")
    });
    paths.sort();
    paths
}

fn payloads(dir: &Path) -> Vec<(u64, Vec<u8>)> {
    let mut reader = Reader::open(dir).unwrap();
    let mut found = Vec::new();
    while let Ok(Some(record)) = reader.read() {
        found.push((record.seq, record.payload.to_vec()));
    }
    found
}

/// What is read before the break is a prefix of what was written, and the break is named.
fn check_named(dir: &Path, whole: &[(u64, Vec<u8>)], what: &str) -> Verified {
    let found = verify(dir).unwrap();
    let good = payloads(dir);
    assert!(!found.ok, "{what}: not found");
    assert!(whole.starts_with(&good), "{what}: a record differs from what was written");
    assert_eq!(found.records, good.len() as u64, "{what}");
    let first_bad = found.first_bad_seq.expect("a broken journal names a number");
    assert_eq!(first_bad, good.len() as u64 + 1, "{what}: {:?}", found.reason());
    assert!(found.reason().is_some());
    found
}

#[test]
fn a_whole_journal_is_good_and_reads_back_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let seqs = small_journal(dir.path(), 1);
    let found = verify(dir.path()).unwrap();
    assert!(found.ok, "{:?}", found.reason());
    assert!(found.stopped && found.lost.is_empty());
    assert_eq!(found.records, seqs.len() as u64);
    let read: Vec<_> = payloads(dir.path()).into_iter().map(|(seq, _)| seq).collect();
    assert_eq!(read, seqs);
    assert!(segments(dir.path()).len() >= 4, "both families rolled");
}

#[test]
fn every_flipped_byte_is_found_and_named() {
    let dir = tempfile::tempdir().unwrap();
    small_journal(dir.path(), 1);
    let whole = payloads(dir.path());
    for path in segments(dir.path()) {
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            fs::write(&path, &bad).unwrap();
            let what = format!("{} byte {at}", path.display());
            let found = check_named(dir.path(), &whole, &what);
            assert!(found.damage, "{what}: {:?}", found.reason());
        }
        fs::write(&path, &good).unwrap();
    }
}

#[test]
fn every_cut_is_found_and_named() {
    let dir = tempfile::tempdir().unwrap();
    small_journal(dir.path(), 1);
    let whole = payloads(dir.path());
    for path in segments(dir.path()) {
        let good = fs::read(&path).unwrap();
        for end in 0..good.len() {
            fs::write(&path, &good[..end]).unwrap();
            let what = format!("{} cut at {end}", path.display());
            let found = check_named(dir.path(), &whole, &what);
            assert!(found.damage, "{what}: {:?}", found.reason());
        }
        fs::write(&path, &good).unwrap();
    }
}

#[test]
fn every_missing_segment_is_found_and_named() {
    let dir = tempfile::tempdir().unwrap();
    small_journal(dir.path(), 1);
    let whole = payloads(dir.path());
    for path in segments(dir.path()) {
        let good = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let found = check_named(dir.path(), &whole, &format!("without {}", path.display()));
        assert!(found.damage);
        fs::write(&path, &good).unwrap();
    }
}

#[test]
fn swapped_segments_are_found_and_named() {
    let dir = tempfile::tempdir().unwrap();
    small_journal(dir.path(), 1);
    let whole = payloads(dir.path());
    let paths = segments(dir.path());
    for pair in paths.windows(2) {
        let (a, b) = (fs::read(&pair[0]).unwrap(), fs::read(&pair[1]).unwrap());
        fs::write(&pair[0], &b).unwrap();
        fs::write(&pair[1], &a).unwrap();
        check_named(dir.path(), &whole, "swapped");
        fs::write(&pair[0], &a).unwrap();
        fs::write(&pair[1], &b).unwrap();
    }
}

/// A journal whose process died: no stop, no heads.
fn unfinished(dir: &Path) -> PathBuf {
    let mut rig = Rig::new(HostDisk, dir, 1, settings());
    for round in 0..4_u8 {
        rig.push(support::D, &[round; 30]);
        rig.drain();
    }
    drop(rig);
    segments(dir).pop().unwrap()
}

#[test]
fn a_cut_in_the_last_group_is_a_torn_tail_and_further_up_it_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let path = unfinished(dir.path());
    let good = fs::read(&path).unwrap();
    fs::write(&path, &good[..good.len() - 5]).unwrap();
    let found = verify(dir.path()).unwrap();
    assert_eq!(found.broken.as_ref().map(|broken| &broken.fault), Some(&Fault::TornTail));
    assert!(!found.damage);
    let mut bad = good;
    bad[200] ^= 1;
    fs::write(&path, &bad).unwrap();
    let found = verify(dir.path()).unwrap();
    assert_eq!(found.broken.as_ref().map(|broken| &broken.fault), Some(&Fault::Altered));
    assert!(found.damage);
}

#[test]
fn the_next_start_goes_on_behind_any_torn_tail_and_the_journal_is_whole_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = unfinished(dir.path());
    let good = fs::read(&path).unwrap();
    // The frames of the last group: one record of 62 bytes and one commit of 116.
    for cut in 1..170 {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(path.file_name().unwrap()), &good[..good.len() - cut]).unwrap();
        let mut rig = Rig::new(HostDisk, dir.path(), 2, settings());
        rig.push_kind(support::D, Kind::BOOT, b"again");
        rig.drain();
        rig.close();
        let found = verify(dir.path()).unwrap();
        assert!(found.ok, "cut {cut}: {:?}", found.reason());
    }
}

#[test]
fn a_start_on_a_damaged_journal_is_refused_and_names_the_record() {
    let dir = tempfile::tempdir().unwrap();
    let path = unfinished(dir.path());
    let mut bad = fs::read(&path).unwrap();
    bad[200] ^= 1;
    fs::write(&path, &bad).unwrap();
    let error = Writer::open(HostDisk, dir.path(), identity(2), settings()).unwrap_err();
    assert!(error.to_string().contains("record 2, segment decisions-00000001"), "{error}");
}

#[test]
fn a_segment_of_another_instance_is_named_as_foreign() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    small_journal(ours.path(), 1);
    let other = journal::Identity { instance: 0xdef, ..identity(1) };
    let (mut writer, _) = Writer::open(HostDisk, theirs.path(), other, settings()).unwrap();
    let (mut producer, mut consumer) = journal::ring::in_memory(4096, 1).unwrap();
    let mut heard = support::Heard::default();
    producer.push(support::D, Kind::BOOT, support::at_ms(0), b"x").unwrap();
    writer.drain(support::at_ms(1), &mut consumer, &mut heard);
    writer.close(&mut heard);
    let error = Writer::open(HostDisk, theirs.path(), identity(2), settings()).unwrap_err();
    assert!(error.to_string().contains("instance 000def among segments of 000abc"), "{error}");
}
