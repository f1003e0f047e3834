//! The ring: nothing lost, nothing reordered, nothing believed that is not whole.

use std::os::unix::fs::FileExt;
use std::path::Path;

use journal::ring::{RingFault, RingFile, RingFileError, in_memory};
use journal::{Consumer, Family, Kind, Producer, PushError};
use model::Mono;
use proptest::prelude::*;

fn push(producer: &mut Producer, len: usize) -> Result<u64, PushError> {
    let seq = producer.next_seq();
    let payload: Vec<u8> = (0..len).map(|at| (seq as usize + at) as u8).collect();
    producer.push(Family::Market, Kind(77), Mono::from_nanos(seq * 3), &payload)
}

/// Takes one record and checks that it is what [`push`] made of this number.
fn pop(consumer: &mut Consumer, seq: u64, len: usize) {
    let record = consumer.read().unwrap().expect("a record");
    let payload: Vec<u8> = (0..len).map(|at| (seq as usize + at) as u8).collect();
    assert_eq!((record.seq, record.at, record.kind), (seq, Mono::from_nanos(seq * 3), Kind(77)));
    assert_eq!(record.payload, payload);
}

proptest! {
    #[test]
    fn any_mix_of_pushes_and_reads_around_the_end_keeps_every_record(
        steps in prop::collection::vec((0_usize..=256, any::<bool>()), 1..400)
    ) {
        let (mut producer, mut consumer) = in_memory(1024, 1).unwrap();
        let mut waiting = std::collections::VecDeque::new();
        for (len, read) in steps {
            match push(&mut producer, len) {
                Ok(seq) => waiting.push_back((seq, len)),
                Err(PushError::Full { needed, free }) => {
                    prop_assert!(needed > free);
                    prop_assert!(!waiting.is_empty(), "an empty ring takes every record");
                }
                Err(error) => prop_assert!(false, "{error}"),
            }
            if read && let Some((seq, len)) = waiting.pop_front() {
                pop(&mut consumer, seq, len);
                consumer.release();
            }
            let (used, capacity) = producer.fill();
            prop_assert!(used <= capacity);
        }
        for (seq, len) in waiting {
            pop(&mut consumer, seq, len);
        }
        prop_assert_eq!(consumer.read().unwrap(), None);
    }
}

#[test]
fn a_record_that_could_never_fit_is_refused_with_its_size_and_uses_no_number() {
    let (mut producer, _consumer) = in_memory(1024, 9).unwrap();
    assert_eq!(push(&mut producer, 257), Err(PushError::TooLong { len: 257, max: 256 }));
    assert_eq!(push(&mut producer, 256), Ok(9));
}

#[test]
fn what_was_read_is_not_overwritten_before_it_is_released() {
    let (mut producer, mut consumer) = in_memory(1024, 1).unwrap();
    let mut count = 0;
    while push(&mut producer, 100).is_ok() {
        count += 1;
    }
    for seq in 1..=count {
        pop(&mut consumer, seq, 100);
        assert!(matches!(push(&mut producer, 100), Err(PushError::Full { .. })));
    }
    consumer.release();
    assert_eq!(push(&mut producer, 100), Ok(count + 1));
}

#[test]
fn two_threads_hand_over_every_record_in_order() {
    const RECORDS: u64 = 300_000;
    let (mut producer, mut consumer) = in_memory(8192, 1).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while producer.next_seq() <= RECORDS {
                let len = (producer.next_seq() * 7 % 200) as usize;
                if push(&mut producer, len).is_err() {
                    std::thread::yield_now();
                }
            }
        });
        let mut seq = 1;
        while seq <= RECORDS {
            while let Some(record) = consumer.read().unwrap() {
                assert_eq!(record.seq, seq);
                assert_eq!(record.payload.len(), (seq * 7 % 200) as usize);
                assert!(record.payload.first().is_none_or(|&byte| byte == seq as u8));
                seq += 1;
            }
            consumer.release();
            std::thread::yield_now();
        }
    });
}

/// A process that pushed these lengths, wrote the first `drained` to disk, and was killed.
fn killed(dir: &Path, lens: &[usize], drained: usize) {
    let mut ring = RingFile::open(dir, 5).unwrap().start(4096, 3, 100).unwrap();
    for &len in lens {
        push(&mut ring.producer, len).unwrap();
    }
    for (at, &len) in lens.iter().enumerate().take(drained) {
        pop(&mut ring.consumer, 100 + at as u64, len);
    }
    ring.consumer.release();
}

fn leftover_seqs(dir: &Path) -> (Vec<u64>, Option<RingFault>) {
    let file = RingFile::open(dir, 5).unwrap();
    let Some(mut leftover) = file.leftover().unwrap() else { return (Vec::new(), None) };
    let mut seqs = Vec::new();
    while let Some(record) = leftover.read() {
        assert_eq!(record.kind, Kind(77));
        seqs.push(record.seq);
    }
    (seqs, leftover.broken().map(|broken| broken.why))
}

#[test]
fn the_next_start_finds_what_a_killed_process_pushed_and_nobody_wrote() {
    let dir = tempfile::tempdir().unwrap();
    killed(dir.path(), &[10, 20, 30, 40], 1);
    assert_eq!(leftover_seqs(dir.path()), (vec![101, 102, 103], None));
    let file = RingFile::open(dir.path(), 5).unwrap();
    assert_eq!(file.leftover().unwrap().unwrap().epoch(), 3);
    drop(file.start(4096, 4, 104).unwrap());
    assert_eq!(leftover_seqs(dir.path()), (vec![], None));
}

#[test]
fn every_flipped_byte_of_a_leftover_ends_it_at_the_last_good_record_without_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    killed(dir.path(), &[16, 16, 16], 0);
    let path = dir.path().join("ring-000005");
    let good = std::fs::read(&path).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    // Three records of 48 bytes after the header page.
    for at in 0..144 {
        let offset = 4096 + at;
        file.write_all_at(&[good[offset as usize] ^ 0x20], offset).unwrap();
        let (seqs, fault) = leftover_seqs(dir.path());
        let whole: Vec<u64> = (0..at / 48).map(|record| 100 + record).collect();
        assert_eq!(seqs, whole, "flip at {at}");
        assert!(fault.is_some(), "flip at {at}");
        file.write_all_at(&[good[offset as usize]], offset).unwrap();
    }
    for (at, byte) in good.iter().enumerate().take(264) {
        file.write_all_at(&[byte ^ 0x81], at as u64).unwrap();
        if let Ok(file) = RingFile::open(dir.path(), 5)
            && let Ok(Some(mut leftover)) = file.leftover()
        {
            while leftover.read().is_some() {}
        }
        file.write_all_at(&[*byte], at as u64).unwrap();
    }
}

#[test]
fn a_ring_in_use_is_refused_and_so_is_one_of_another_instance() {
    let dir = tempfile::tempdir().unwrap();
    let held = RingFile::open(dir.path(), 5).unwrap();
    assert!(matches!(RingFile::open(dir.path(), 5), Err(RingFileError::InUse { .. })));
    drop(held.start(4096, 1, 1).unwrap());
    std::fs::rename(dir.path().join("ring-000005"), dir.path().join("ring-000006")).unwrap();
    let other = RingFile::open(dir.path(), 6).unwrap();
    let error = other.leftover().unwrap_err();
    assert!(matches!(error, RingFileError::Foreign { expected: 6, found: 5, .. }), "{error}");
}
