//! What the commands say of a finished demo: deals, orders and positions for accounting, the day,
//! and why.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

#[test]
fn the_deals_of_a_demo_are_exported_with_exact_figures_and_add_up_to_its_report() {
    let demo = Demo::run();
    let csv = demo.text(&["export", "fills", "--csv"]);
    let mut lines = csv.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(head[..5], ["seq", "at", "account", "symbol", "side"]);
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len() as u64, demo.document["summary"]["fills"].as_u64().unwrap());
    assert!(rows.iter().all(|row| row.len() == head.len() && row[1].ends_with('Z')), "{csv}");

    let day = &rows[0][1][..10];
    let report: Value = demo.json(&["report", "day", "--date", day]);
    let account = &report["accounts"][0];
    assert_eq!(account["targets"]["completed"], demo.document["summary"]["completed"]);
    assert_eq!(account["totals"]["USDT"]["realised"], demo.document["summary"]["realised_quote"]);
    let count = |side: &str| rows.iter().filter(|row| row[4] == side).count() as u64;
    assert_eq!(account["fills"]["buys"], count("BUY"));
    assert_eq!(account["fills"]["sells"], count("SELL"));
    let said = demo.text(&["report", "day", "--date", day]);
    assert!(said.contains("account 0") && said.contains("result"), "{said}");
}

#[test]
fn orders_and_positions_are_exported_by_account_and_day() {
    let demo = Demo::run();
    let orders = demo.text(&["export", "orders"]);
    let sent = demo.document["summary"]["orders"].as_u64().unwrap() as usize;
    assert!(orders.lines().count() > sent, "{orders}");
    let positions = demo.text(&["export", "positions"]);
    assert_eq!(positions.lines().count(), 1 + 3, "{positions}");
    let none = demo.text(&["export", "positions", "--account", "1"]);
    assert_eq!(none.lines().count(), 1, "only the head: {none}");
    let none = demo.text(&["export", "orders", "--to", "2001-01-01"]);
    assert_eq!(none.lines().count(), 1, "{none}");
    let lines = demo.text(&["export", "positions", "--json"]);
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert!(first["opened_at"].is_i64() && first["realised"].is_string(), "{first}");
}

#[test]
fn an_export_writes_a_file_once() {
    let demo = Demo::run();
    let file = demo.room.path().join("fills.csv");
    let file = file.to_str().unwrap();
    demo.text(&["export", "fills", "--csv", "--out", file]);
    assert!(std::fs::read_to_string(file).unwrap().starts_with("seq,at,"));
    let again = demo.shrike(&["export", "fills", "--out", file]);
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    let wrong = demo.shrike(&["export", "fills", "--from", "2026-02-02", "--to", "2026-02-01"]);
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
    let wrong = demo.shrike(&["export", "fills", "--from", "yesterday"]);
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
}

#[test]
fn why_answers_from_the_archive_when_no_trader_runs() {
    let demo = Demo::run();
    let symbol = demo.document["targets"][0]["symbol"].as_str().unwrap();
    let why = demo.json(&["why", symbol]);
    assert_eq!(why["running"], false);
    let target = &why["targets"][0];
    assert_eq!(target["target"]["state"], "completed");
    let sentence = target["sentence"].as_str().unwrap();
    assert!(
        sentence.contains("Bought and sold") && sentence.contains("entry orders"),
        "{sentence}"
    );
    let attempts = demo.document["targets"][0]["attempts"].as_array().unwrap().len();
    assert_eq!(target["execution"]["attempts"], attempts);
    assert_eq!(why["signals"][0]["execution_status"], "EXECUTED");
    let said = demo.text(&["why", &symbol.to_lowercase()]);
    assert!(said.contains("completed") && said.contains("pending"), "{said}");
    let unknown = demo.shrike(&["why", "NOSUCHUSDT"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stdout).contains("no target was made"));
}

#[test]
fn an_archive_that_was_deleted_is_made_again_by_whoever_asks() {
    let demo = Demo::run();
    let before = demo.text(&["export", "orders"]);
    std::fs::remove_file(demo.data().join("archive.db")).unwrap();
    assert_eq!(demo.text(&["export", "orders"]), before);
}

#[test]
fn a_folder_without_a_journal_is_named() {
    let room = TempDir::new().unwrap();
    for words in [&["export", "fills"][..], &["report", "day"], &["why", "X"], &["backup"]] {
        let output = command(&[words, &["--data", room.path().to_str().unwrap()]].concat());
        assert_eq!(output.status.code(), Some(1), "{words:?} {output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(room.path().to_str().unwrap()), "{words:?}: {said}");
    }
    assert!(!room.path().join("archive.db").exists());
}

/// A demo on the virtual clock that is over.
struct Demo {
    room: TempDir,
    document: Value,
}

impl Demo {
    fn run() -> Self {
        let room = TempDir::new().unwrap();
        let data = room.path().join("data");
        let output = command(&["demo", "--virtual", "--json", "--data", data.to_str().unwrap()]);
        assert!(output.status.success(), "{output:?}");
        let document = serde_json::from_slice(&output.stdout).unwrap();
        assert!(data.join("archive.db").exists(), "the demo has an archive too");
        Self { room, document }
    }

    fn data(&self) -> std::path::PathBuf {
        self.room.path().join("data")
    }

    fn shrike(&self, args: &[&str]) -> Output {
        command(&[args, &["--data", self.data().to_str().unwrap()]].concat())
    }

    fn text(&self, args: &[&str]) -> String {
        let output = self.shrike(args);
        assert!(output.status.success(), "{args:?} {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.text(&[args, &["--json"]].concat())).unwrap()
    }
}

fn command(args: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_shrike"));
    command.args(args).current_dir(root).env_remove("SHRIKE_DATA").env_remove("SHRIKE_LOG");
    command.output().unwrap()
}
