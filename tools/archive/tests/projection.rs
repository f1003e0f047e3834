//! The archive is a function of the journal: however it is made, whenever, and after whatever death.

mod support;

use archive::{Archive, ArchiveError, file_of};
use journal::{Family, Reader, RecordView};
use model::{Mono, TargetState, WhyNot};
use sim::Storm;
use support::*;
use tempfile::TempDir;

#[test]
fn one_that_lived_through_it_equals_one_made_from_the_journal() {
    let room = TempDir::new().unwrap();
    for epoch in 1..=3 {
        let mut pen = Pen::new(room.path(), epoch);
        // Another process of the archive each time, that looks at arbitrary moments.
        let mut archive = Archive::open(room.path()).unwrap();
        life(&mut pen);
        pen.sync();
        archive.catch_up(pen.seq - 7).unwrap();
        pen.persist(target(TargetState::Failed, WhyNot::NoFill));
        pen.sync();
        archive.catch_up(ALL).unwrap();
        if epoch == 2 {
            pen.stop();
        } else {
            pen.die();
        }
        archive.catch_up(ALL).unwrap();
    }
    let lived = tables(room.path());
    assert!(lived["fills"].len() == 4 && lived["runs"].len() == 3, "{lived:?}");
    assert_equal(&lived, &rebuilt(room.path(), 20_000));
    assert_equal(&lived, &rebuilt(room.path(), 1));
}

#[test]
fn virtual_runs_calm_and_stormy_give_the_same_tables_in_steps_of_any_size() {
    for (seed, storm) in [(7, Storm::calm()), (11, Storm::of_seed(11)), (412, Storm::of_seed(412))]
    {
        let room = TempDir::new().unwrap();
        virtual_run(seed, storm, room.path());
        let at_once = rebuilt(room.path(), 1_000_000);
        assert!(at_once["orders"].len() > 3 && at_once["targets"].len() >= 3, "seed {seed}");
        assert_equal(&at_once, &rebuilt(room.path(), 1));
        assert_equal(&at_once, &rebuilt(room.path(), 7));
        assert_equal(&at_once, &in_sips(&room));
    }
}

/// Made by many processes that see a little more of the journal each.
fn in_sips(room: &TempDir) -> Tables {
    for name in ["archive.db", "archive.db-wal", "archive.db-shm"] {
        let _ = std::fs::remove_file(room.path().join(name));
    }
    let last = last_seq(room);
    for part in 1..=13 {
        let mut archive = Archive::open(room.path()).unwrap().with_batch(50);
        archive.catch_up(last * part / 13).unwrap();
        // Dropped without a close: as a process that was killed.
    }
    tables(room.path())
}

fn last_seq(room: &TempDir) -> u64 {
    let mut reader = Reader::open_decisions(room.path()).unwrap();
    let mut last = 0;
    while let Some(record) = reader.read().unwrap() {
        last = record.seq;
    }
    last
}

#[test]
fn the_same_record_twice_changes_nothing() {
    let room = TempDir::new().unwrap();
    virtual_run(7, Storm::calm(), room.path());
    let once = rebuilt(room.path(), 100);
    let mut archive = Archive::open(room.path()).unwrap();
    let mut reader = Reader::open_decisions(room.path()).unwrap();
    let mut tried = 0;
    while let Some(record) = reader.read().unwrap() {
        assert!(!archive.apply(&record).unwrap(), "record {}", record.seq);
        tried += 1;
    }
    assert!(tried > 100);
    archive.close().unwrap();
    assert_equal(&once, &tables(room.path()));
}

#[test]
fn market_records_are_nothing_to_it() {
    let room = TempDir::new().unwrap();
    Pen::new(room.path(), 1).die();
    let mut archive = Archive::open(room.path()).unwrap();
    archive.catch_up(ALL).unwrap();
    let (seq, at, payload) = (archive.stand().seq + 1, Mono::ZERO, &[][..]);
    let kind = journal::Kind::INPUT;
    let record = RecordView { seq, at, family: Family::Market, kind, payload };
    assert!(!archive.apply(&record).unwrap());
    assert_eq!(archive.stand().seq, seq - 1);
}

#[test]
fn a_death_in_the_middle_of_a_transaction_costs_that_transaction_and_nothing_else() {
    let room = TempDir::new().unwrap();
    let mut pen = Pen::new(room.path(), 1);
    life(&mut pen);
    pen.sync();
    let mut archive = Archive::open(room.path()).unwrap();
    archive.catch_up(9).unwrap();
    let mut reader = Reader::open_decisions(room.path()).unwrap();
    for _ in 0..25 {
        archive.apply(&reader.read().unwrap().unwrap()).unwrap();
    }
    drop(archive);
    let mut archive = Archive::open(room.path()).unwrap();
    assert_eq!(archive.stand().seq, 9, "rows and position fell back together");
    archive.catch_up(ALL).unwrap();
    drop(archive);
    let lived = tables(room.path());
    assert_equal(&lived, &rebuilt(room.path(), 20_000));
}

#[test]
fn a_texts_deal_is_in_the_same_transaction_as_the_text() {
    let room = TempDir::new().unwrap();
    let mut pen = Pen::new(room.path(), 1);
    names(&mut pen);
    let last = deal(&mut pen, "t77", fill(None, "t77", model::Side::Buy, 4_850, 100));
    pen.sync();
    let mut archive = Archive::open(room.path()).unwrap().with_batch(1);
    archive.catch_up(last - 1).unwrap();
    drop(archive);
    let mut archive = Archive::open(room.path()).unwrap();
    assert!(archive.stand().seq < last - 1, "a transaction does not end between the two");
    archive.catch_up(ALL).unwrap();
    drop(archive);
    let fills = &tables(room.path())["fills"][0];
    assert!(fills.iter().any(|value| *value == "t77".to_owned().into()), "{fills:?}");
}

#[test]
fn a_database_that_was_deleted_is_made_again() {
    let room = TempDir::new().unwrap();
    let mut pen = Pen::new(room.path(), 1);
    life(&mut pen);
    pen.sync();
    let mut archive = Archive::open(room.path()).unwrap();
    archive.catch_up(ALL).unwrap();
    std::fs::remove_file(file_of(room.path())).unwrap();
    assert!(!archive.is_in_place());
    drop(archive);
    let mut archive = Archive::open(room.path()).unwrap();
    assert!(archive.is_in_place() && archive.stand().seq == 0);
    assert!(archive.catch_up(ALL).unwrap() > 40);
}

#[test]
fn an_archive_of_another_journal_begins_again() {
    let room = TempDir::new().unwrap();
    let mut pen = Pen::new(room.path(), 1);
    life(&mut pen);
    pen.stop();
    let mut archive = Archive::open(room.path()).unwrap();
    archive.catch_up(ALL).unwrap();
    drop(archive);
    std::fs::remove_dir_all(room.path().join("journal")).unwrap();
    for instance in [8, 9] {
        // Shorter than the archive at first, then of the same length with other records.
        std::fs::remove_dir_all(room.path().join("journal")).ok();
        let mut pen = Pen::of(room.path(), instance, 1);
        if instance == 9 {
            life(&mut pen);
        }
        pen.stop();
        let mut archive = Archive::open(room.path()).unwrap();
        archive.catch_up(ALL).unwrap();
        drop(archive);
        let lived = tables(room.path());
        assert_eq!(lived["runs"].len(), 1);
        assert_equal(&lived, &rebuilt(room.path(), 20_000));
    }
}

#[test]
fn a_damaged_journal_stops_it_at_the_last_good_record() {
    let room = TempDir::new().unwrap();
    let mut pen = Pen::new(room.path(), 1);
    for _ in 0..6 {
        life(&mut pen);
        pen.sync();
    }
    pen.stop();
    let folder = room.path().join("journal");
    let path = folder.join("decisions-00000002.shrike");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4_000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let mut archive = Archive::open(room.path()).unwrap();
    for _ in 0..2 {
        let error = archive.catch_up(ALL).unwrap_err();
        assert!(matches!(error, ArchiveError::Broken(_)), "{error}");
        assert!(error.to_string().contains("shrike verify"), "{error}");
    }
    drop(archive);
    assert!(file_of(room.path()).exists());
}

#[test]
fn a_journal_that_begins_later_is_found() {
    let room = TempDir::new().unwrap();
    std::fs::create_dir(room.path().join("journal")).unwrap();
    let mut archive = Archive::open(room.path()).unwrap();
    assert_eq!(archive.catch_up(ALL).unwrap(), 0);
    let mut pen = Pen::new(room.path(), 1);
    names(&mut pen);
    pen.sync();
    assert_eq!(archive.catch_up(ALL).unwrap(), 4);
}
