//! `shrike demo --virtual` without its command line: a journal that does not depend on anything
//! but its seed, that replays to the same actions, and in which every changed byte is noticed.

use std::collections::BTreeMap;
use std::path::Path;

use journal::{DataDir, Observer, RecordView, Trouble};
use settings::Settings;
use sim::{MONO_START, Outcome, Storm, World, WorldConfig};

const SEED: u64 = 7;
const LISTINGS: usize = 3;

/// Runs a seed with its journal under `dir`.
fn journaled(seed: u64, storm: Storm, dir: &Path) -> Outcome {
    let settings = Settings::demo(&[]).expect("the shipped configuration is sound");
    let keys = vec![("demo-key".to_owned(), "demo-secret".to_owned())];
    journaled_with(settings, keys, seed, storm, dir)
}

fn journaled_with(
    settings: Settings,
    keys: Vec<(String, String)>,
    seed: u64,
    storm: Storm,
    dir: &Path,
) -> Outcome {
    let identity = World::identity(seed, &settings);
    let data = DataDir::open_virtual(dir, identity.instance, identity.epoch).unwrap();
    let venue = World::venue_start(seed);
    let clocks = replay::Clocks { mono: MONO_START, venue, ..replay::Clocks::default() };
    let head = replay::head(&settings, identity, clocks, "virtual").unwrap();
    let config = WorldConfig { seed, listings: LISTINGS, storm, settings, keys, exchange: None };
    let mut world = World::journaled(&config, &data.journal(), &head.records()).unwrap();
    let outcome = world.run(&mut Untroubled);
    assert_eq!(outcome.violation, None, "seed {seed}");
    assert_eq!(world.trader.counts().unwritten, 0, "the journal is whole");
    outcome
}

/// A journal that has trouble proves nothing.
struct Untroubled;

impl Observer for Untroubled {
    fn on_record(&mut self, _: &RecordView<'_>) {}
    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, trouble: &Trouble) {
        panic!("{trouble:?}");
    }
}

/// Every file under `dir`, by its path there.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let under = files(&path).into_iter();
            found.extend(under.map(|(rest, bytes)| (format!("{name}/{rest}"), bytes)));
        } else {
            found.insert(name, std::fs::read(&path).unwrap());
        }
    }
    found
}

/// Whether the journal under `dir` replays to the same actions; gives how many there were.
fn replayed(dir: &Path) -> u64 {
    let report =
        replay::replay(dir, |settings, origin| plugins::natively(settings, &origin.hashes()))
            .unwrap();
    assert!(report.equal(), "{}", report.difference.unwrap());
    assert_eq!((report.epochs, report.skipped, report.cut_steps), (1, 0, 0), "{report:?}");
    assert!(report.events > 0 && report.ticks > 0, "{report:?}");
    report.actions
}

#[test]
fn a_run_on_paper_replays_without_the_paper_venue() {
    let dir = tempfile::tempdir().unwrap();
    let account =
        "[{ name = \"paper\", key = \"env:NOT_READ\", source = \"any\", budget = \"450\" }]";
    let changes = [("mode", "paper"), ("accounts", account)];
    let changes = changes.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let settings = Settings::demo(&changes).expect("the shipped configuration is sound");
    journaled_with(settings, Vec::new(), SEED, Storm::calm(), dir.path());
    assert!(replayed(dir.path()) > 50, "orders, records and questions");
}

#[test]
fn two_virtual_runs_of_one_seed_leave_equal_files() {
    let [a, b, other] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let first = journaled(SEED, Storm::calm(), a.path());
    assert_eq!(first, journaled(SEED, Storm::calm(), b.path()));
    let (first, second) = (files(a.path()), files(b.path()));
    assert!(first.values().map(Vec::len).sum::<usize>() > 100_000, "a journal of some length");
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&first), names(&second));
    for (name, bytes) in &first {
        assert!(*bytes == second[name], "{name} differs");
    }
    journaled(SEED + 1, Storm::calm(), other.path());
    assert!(files(other.path()) != first, "another seed is another run");
}

#[test]
fn a_virtual_run_verifies_and_replays_to_the_same_actions() {
    let dir = tempfile::tempdir().unwrap();
    let outcome = journaled(SEED, Storm::calm(), dir.path());
    let verified = journal::verify(dir.path()).unwrap();
    assert!(verified.ok && verified.stopped && verified.lost.is_empty(), "{verified:?}");
    assert!(verified.records > outcome.events);
    assert!(replayed(dir.path()) > 0);
}

#[test]
fn stormy_runs_replay_to_the_same_actions_too() {
    for seed in [11, 412] {
        let storm = Storm::of_seed(seed);
        assert_ne!(storm, Storm::calm(), "seed {seed} has no storm");
        let dir = tempfile::tempdir().unwrap();
        journaled(seed, storm, dir.path());
        assert!(replayed(dir.path()) > 0, "seed {seed}");
    }
}

#[test]
fn a_flipped_byte_is_found_wherever_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    journaled(SEED, Storm::calm(), dir.path());
    let segments: Vec<_> = files(dir.path()).into_iter().collect();
    let mut tried = 0;
    for (name, bytes) in &segments {
        // Behind the last record lies what was reserved: it is no part of the journal.
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0);
        if used == 0 || !name.starts_with("journal/") {
            continue;
        }
        for at in [0, used / 7, used / 3, used / 2, used - used / 9] {
            let mut edited = bytes.clone();
            edited[at] ^= 1;
            std::fs::write(dir.path().join(name), &edited).unwrap();
            let verified = journal::verify(dir.path());
            assert!(!verified.is_ok_and(|verified| verified.ok), "{name}, byte {at}");
            tried += 1;
        }
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    assert!(tried >= 10, "both families have a segment");
    assert!(journal::verify(dir.path()).unwrap().ok, "the bytes were put back");
}
