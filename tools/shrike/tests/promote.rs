//! The way from paper to the whole limits: which data directory may be traded with which money.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use engine::Action;
use journal::{
    DataDir, Family, HostDisk, Identity as Writes, Kind, Observer, RecordView, SyncPolicy, Trouble,
    Writer, WriterSettings, ring,
};
use model::wire::Writer as Bytes;
use model::{
    AccountId, Amount, Close, Mono, PositionRecord, Qty, Record, Request, Span, SymbolId, TargetId,
    Text,
};
use serde_json::Value;
use settings::Settings;
use tempfile::TempDir;

#[test]
fn live_is_refused_without_twenty_round_trips_and_says_how_many_there_are() {
    let data = traded("live_min", 19);
    let run = run_live(data.path(), &[]);
    said(&run, 3, &["19 of 20 completed round trips", "live_min"]);
    said(&promote(data.path(), &[]), 3, &["19 of 20"]);
    let fresh = in_memory();
    said(&run_live(fresh.path(), &[]), 3, &["0 of 20"]);
}

#[test]
fn round_trips_on_paper_or_that_brought_nothing_back_prove_nothing() {
    let paper = traded("paper", 25);
    said(&run_live(paper.path(), &[]), 3, &["was traded in mode \"paper\"", "another directory"]);
    let data = in_memory();
    let open = (0..25).map(|at| position(at, None, Amount::from_units(1)));
    let empty = (0..25).map(|at| position(at, Some(Close::Dust), Amount::ZERO));
    let twice = [1; 25].map(|at| position(at, Some(Close::Manual), Amount::from_units(1)));
    let records: Vec<Vec<u8>> = open.chain(empty).chain(twice).collect();
    write_journal(data.path(), &settings("live_min", &[]), &records);
    said(&run_live(data.path(), &[]), 3, &["1 of 20"]);
}

#[test]
fn live_is_refused_until_it_is_promoted_by_the_word_that_was_shown() {
    let data = traded("live_min", 20);
    said(&run_live(data.path(), &[]), 3, &["has no promotion", "shrike promote"]);

    let shown = promote(data.path(), &["--json"]);
    assert_eq!(shown.status.code(), Some(2), "{shown:?}");
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!((&shown["promoted"], &shown["round_trips"]), (&false.into(), &20.into()));
    let hash = settings("live", &[]).hash();
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(shown["config"], hash);
    said(&run_live(data.path(), &[]), 3, &["has no promotion"]);

    said(&promote(data.path(), &["--confirm", "00000000-00000000-1"]), 2, &["is not the word"]);
    let word = shown["word"].as_str().unwrap();
    let promoted = promote(data.path(), &["--confirm", word]);
    assert_eq!(promoted.status.code(), Some(0), "{promoted:?}");

    // What is missing next is the key: the promotion stands.
    said(&run_live(data.path(), &[]), 2, &["MEXC_MAIN_KEY is not set"]);
    let journal = data.path().join("journal");
    let records = command(&["inspect", "journal", text(&journal)], data.path()).output().unwrap();
    let records = String::from_utf8(records.stdout).unwrap();
    let record = records.lines().find(|line| line.contains(" promotion ")).expect("its record");
    assert!(record.contains("to live by \"anna\"") && record.contains(&hash), "{record}");
    let checked = command(&["verify", text(data.path())], data.path()).output().unwrap();
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn a_position_of_live_min_is_closed_before_live_begins() {
    let data = in_memory();
    let closed = |at| position(at, Some(Close::TakeProfit), Amount::from_units(11));
    let held = |at, qty| position_of(at, None, Amount::ZERO, Qty::from_raw(qty).unwrap());
    let records: Vec<Vec<u8>> = (0..20).map(closed).chain([held(21, 5), held(22, 0)]).collect();
    write_journal(data.path(), &settings("live_min", &[]), &records);
    for refused in [promote(data.path(), &[]), run_live(data.path(), &[])] {
        said(&refused, 3, &["holds 1 open positions of mode \"live_min\"", "close them"]);
    }
}

#[test]
fn nothing_is_promoted_while_a_trader_runs() {
    let data = traded("live_min", 20);
    let shown = promote(data.path(), &["--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let running = DataDir::open(data.path()).unwrap();
    let refused = promote(data.path(), &["--confirm", shown["word"].as_str().unwrap()]);
    said(&refused, 1, &["in use by another process"]);
    drop(running);
    said(&run_live(data.path(), &[]), 3, &["has no promotion"]);
}

#[test]
fn a_promotion_is_for_one_configuration() {
    let data = traded("live_min", 20);
    let shown = promote(data.path(), &["--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let promoted = promote(data.path(), &["--confirm", shown["word"].as_str().unwrap()]);
    assert!(promoted.status.success(), "{promoted:?}");
    let other = [("SHRIKE__RISK__DAILY__MAX_BUY", "901")];
    said(&run_live(data.path(), &other), 3, &["promotion is for another configuration"]);
}

#[test]
fn a_promotion_is_to_live_alone() {
    let data = traded("live_min", 20);
    let mut command = command(&["promote", "--data", text(data.path())], data.path());
    let refused = command.env("SHRIKE__MODE", "live_min").output().unwrap();
    said(&refused, 2, &["mode = \"live_min\"; a promotion is to mode = \"live\""]);
}

#[test]
fn a_data_directory_is_not_traded_on_with_another_kind_of_money() {
    for (first, then, line) in [
        ("paper", "live_min", Some("--live")),
        ("live_min", "paper", None),
        ("live", "paper", None),
        ("demo", "paper", None),
    ] {
        let data = traded(first, 1);
        let mut command = command(&["run", "--data", text(data.path())], data.path());
        command.args(line).env("SHRIKE__MODE", then);
        command.env("MEXC_MAIN_KEY", "no-key").env("MEXC_MAIN_SECRET", "no-secret");
        let refused = command.output().unwrap();
        let sentence = format!("was traded in mode {first:?}, and this run says mode = {then:?}");
        said(&refused, 3, &[&sentence, "share no journal"]);
        let epoch = std::fs::read(data.path().join("instance")).unwrap();
        assert_eq!(epoch, identity_of_one_start(), "it was not even opened");
    }
}

#[test]
fn real_money_needs_the_file_and_the_line() {
    let data = in_memory();
    let mut without = command(&["run", "--data", text(data.path())], data.path());
    said(&without.env("SHRIKE__MODE", "live_min").output().unwrap(), 3, &["also needs --live"]);
    let with = &["run", "--live", "--data", text(data.path())];
    let with = command(with, data.path()).output().unwrap();
    said(&with, 3, &["mode = \"paper\"", "live_min"]);
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A command whose ring lies in memory under the data directory's name, and goes with it.
fn command(args: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shrike"));
    command.args(args).current_dir(root()).stdin(Stdio::null()).env("USER", "anna");
    for name in ["SHRIKE_DATA", "SHRIKE_LOG", "MEXC_MAIN_KEY", "MEXC_MAIN_SECRET"] {
        command.env_remove(name);
    }
    command.env("SHRIKE__RUNTIME_DIR", data.join("ring"));
    command
}

fn run_live(data: &Path, env: &[(&str, &str)]) -> Output {
    let mut command = command(&["run", "--live", "--data", text(data)], data);
    command.env("SHRIKE__MODE", "live").envs(env.iter().copied()).output().unwrap()
}

fn promote(data: &Path, args: &[&str]) -> Output {
    let mut command = command(&["promote", "--data", text(data)], data);
    command.args(args).env("SHRIKE__MODE", "live").output().unwrap()
}

fn said(output: &Output, code: i32, words: &[&str]) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    for word in words {
        assert!(errors.contains(word), "{word:?} is not in: {errors}");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The shipped configuration in a mode.
fn settings(mode: &str, more: &[(&str, &str)]) -> Settings {
    if mode == "demo" {
        return Settings::demo(&[]).unwrap();
    }
    let all = [("mode", mode)].into_iter().chain(more.iter().copied());
    let all: Vec<_> = all.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    Settings::load(&[root().join("config/trader.toml")], &[], &all).unwrap()
}

/// A folder on a tmpfs, where rings of real money must lie.
fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap()
}

/// A data directory whose one start made so many round trips.
fn traded(mode: &str, trips: u32) -> TempDir {
    let data = in_memory();
    let closed = |at| position(at, Some(Close::TakeProfit), Amount::from_units(11));
    let records: Vec<Vec<u8>> = (0..trips).map(closed).collect();
    write_journal(data.path(), &settings(mode, &[]), &records);
    data
}

fn position(target: u32, closed: Option<Close>, received: Amount) -> Vec<u8> {
    position_of(target, closed, received, Qty::ZERO)
}

fn position_of(target: u32, closed: Option<Close>, received: Amount, qty: Qty) -> Vec<u8> {
    let record = Record::Position(PositionRecord {
        target: TargetId(65_536 + target),
        account: AccountId(0),
        symbol: SymbolId(target),
        qty,
        paid: Amount::from_units(10),
        received,
        other_fees: 0,
        closed,
    });
    let action: Action<Request> = Action::Persist { token: 0, record };
    let mut bytes = [0; Action::<Request>::WIRE_MAX];
    let mut out = Bytes::new(&mut bytes);
    action.write(&mut out);
    let len = out.len();
    bytes[..len].to_vec()
}

fn identity_of_one_start() -> Vec<u8> {
    let data = in_memory();
    drop(DataDir::open_virtual(data.path(), 7, 1).unwrap());
    std::fs::read(data.path().join("instance")).unwrap()
}

struct Quiet;

impl Observer for Quiet {
    fn on_record(&mut self, _: &RecordView<'_>) {}
    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, trouble: &Trouble) {
        panic!("{trouble}");
    }
}

fn write_journal(data: &Path, settings: &Settings, outputs: &[Vec<u8>]) {
    let folder = DataDir::open_virtual(data, 7, 1).unwrap().journal();
    let identity = Writes { instance: 7, epoch: 1, machine_boot: [0; 16] };
    let sizes = WriterSettings {
        reserve_bytes: 16 * 1024,
        free_min_bytes: 0,
        policy: SyncPolicy::Virtual { takes: Span::ZERO },
        ..WriterSettings::default()
    };
    let (mut writer, _) = Writer::open(HostDisk, &folder, identity, sizes).unwrap();
    let (mut producer, mut consumer) = ring::in_memory(1 << 18, 1).unwrap();
    let (operator, hashes) = (Text::clipped("anna"), settings::Hashes::default());
    let who = settings::Identity { instance: 7, epoch: 1, operator, hashes };
    let at = Mono::from_nanos(1_000);
    let head = replay::head(settings, who, replay::Clocks::default(), "test").unwrap();
    head.push(at, &mut producer).unwrap();
    for output in outputs {
        producer.push(Family::Decisions, Kind::OUTPUT, at, output).unwrap();
    }
    producer.push(Family::Decisions, Kind::STOP, at, &[]).unwrap();
    writer.drain(at, &mut consumer, &mut Quiet);
    writer.close(&mut Quiet);
}
