//! Plug-ins of a running trader: swapped, failing, set, watched, and going on over a restart.

mod support;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Process, Trader, shrike, text, venue_at};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

/// A plug-in that runs until its parameter says otherwise.
const BOOM: &str = include_str!("support/boom.wat");

#[test]
fn a_swapped_plug_in_goes_on_over_a_restart_and_the_journal_replays_with_it() {
    let exchange = Exchange::start();
    let mut trader = exchange.trader(tempfile::tempdir().unwrap());
    trader.wait_for("entries", |status| status["blocks"] == support::empty());
    let first = &trader.slots()[0];
    assert!(first["plugin"].as_str().unwrap().starts_with("listing_sniper "), "{first}");
    assert!(first["memory_bytes"].as_u64().unwrap() < 2_000_000, "{first}");

    let done = trader.plugin(0, &["swap", "0", "momentum"]);
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(trader.plugin(0, &["set", "0", "move_bps", "250"])["state"], "done");
    trader.plugin(2, &["set", "0", "no_such", "250"]);
    let again = trader.plugin(3, &["swap", "0", "momentum"]);
    assert_eq!(again, Value::Null, "the same bytes are no swap");
    assert_eq!(trader.end(), Some(0));

    let mut trader = exchange.trader(trader.folder_again());
    trader.wait_for("entries", |status| status["blocks"] == support::empty());
    let held = &trader.slots()[0];
    assert!(held["plugin"].as_str().unwrap().starts_with("momentum "), "{held}");
    trader.plugin(2, &["rollback", "0"]);
    trader.plugin(0, &["swap", "0", "listing_sniper"]);
    let back = trader.plugin(0, &["rollback", "0"]);
    assert!(back["plugin"].as_str().unwrap().starts_with("momentum "), "{back}");
    assert_eq!(trader.end(), Some(0));
    support::said(&trader.shrike(&["replay"]), 0, &["equal"]);
    support::said(&trader.shrike(&["verify"]), 0, &["ok"]);
}

#[test]
fn one_that_fails_is_made_anew_and_too_often_gives_way_to_the_version_before() {
    let exchange = Exchange::start();
    let mut trader = exchange.trader(tempfile::tempdir().unwrap());
    let file = trader.folder.path().join("boom.wasm");
    std::fs::write(&file, wat::parse_str(BOOM).unwrap()).unwrap();
    trader.wait_for("entries", |status| status["blocks"] == support::empty());
    trader.plugin(0, &["swap", "5", "hello"]);
    trader.plugin(0, &["swap", "5", text(&file)]);
    for fault in 1..=3 {
        // The last one brings `hello` back.
        trader.plugin(0, &["set", "5", "boom", "true"]);
        trader.until_slot(5, |slot| slot["faults"] == fault && slot["state"] == "running");
    }
    let slot = trader.until_slot(5, |slot| slot["since"] == "faults");
    assert!(slot["plugin"].as_str().unwrap().starts_with("hello "), "{slot}");
    assert_eq!(trader.status().unwrap()["blocks"], support::empty(), "entries go on");
    let back = trader.plugin(0, &["rollback", "5"]);
    assert!(back["plugin"].as_str().unwrap().starts_with("boom "), "before it ran boom: {back}");
    assert_eq!(trader.end(), Some(0));
    support::said(&trader.shrike(&["replay"]), 0, &["equal"]);
}

#[test]
fn a_file_that_changes_in_the_folder_is_swapped_in_and_a_bad_one_is_left_alone() {
    let exchange = Exchange::start();
    let mut trader = exchange.trader(tempfile::tempdir().unwrap());
    trader.wait_for("entries", |status| status["blocks"] == support::empty());
    let file = trader.folder.path().join("plugins/listing_sniper.wasm");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, b"no module").unwrap();
    std::thread::sleep(Duration::from_secs(1));
    assert!(trader.slots()[0]["plugin"].as_str().unwrap().starts_with("listing_sniper "));
    std::fs::write(&file, module("momentum")).unwrap();
    trader.until_slot(0, |slot| slot["plugin"].as_str().unwrap().starts_with("momentum "));
    assert!(trader.said().contains("is not swapped in"), "{}", trader.said());
    assert_eq!(trader.end(), Some(0));
}

#[test]
fn a_candidate_is_compared_and_a_stopped_plug_in_begins_again() {
    let exchange = Exchange::start();
    let mut trader = exchange.trader(tempfile::tempdir().unwrap());
    trader.wait_for("entries", |status| status["blocks"] == support::empty());
    let done = trader.plugin(0, &["shadow", "0", "momentum"]);
    assert_eq!(trader.slots()[0]["shadow"], done["hash"]);
    trader.plugin(0, &["shadow", "0"]);
    assert_eq!(trader.slots()[0]["shadow"], Value::Null);
    trader.plugin(0, &["stop", "0"]);
    assert_eq!(trader.slots()[0]["state"], "stopped");
    trader.plugin(0, &["again", "0"]);
    assert_eq!(trader.slots()[0]["state"], "running");
    trader.plugin(2, &["stop", "9"]);
    trader.plugin(2, &["swap", "16", "hello"]);
    assert_eq!(trader.end(), Some(0));
    support::said(&trader.shrike(&["replay"]), 0, &["equal"]);
}

/// A shipped plug-in's module.
fn module(name: &str) -> Vec<u8> {
    std::fs::read(support::root().join(format!("strategies/{name}/{name}.wasm"))).unwrap()
}

struct Exchange {
    _process: Process,
    address: String,
}

impl Exchange {
    fn start() -> Self {
        let (_process, address) = support::exchange(&[]);
        Self { _process, address }
    }

    fn trader(&self, folder: TempDir) -> Trader {
        let plugins: PathBuf = folder.path().join("plugins");
        Trader::start(folder, PATIENCE, |command| {
            command.envs(venue_at(&self.address)).env("SHRIKE__VENUE__TLS", "false");
            command.env("SHRIKE__MODE", "demo").env("SHRIKE__PLUGINS__DIR", &plugins);
            command.env("MEXC_MAIN_KEY", "demo-key").env("MEXC_MAIN_SECRET", "demo-secret");
        })
    }
}

impl Trader {
    /// What a command about plug-ins answered, once it ended with `code`; null where it printed no
    /// document.
    fn plugin(&self, code: i32, line: &[&str]) -> Value {
        let mut command = shrike(&["plugin"]);
        let output = command.args(line).args(["--data", text(&self.data()), "--json"]).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(code), "{line:?}: {output:?} {}", self.said());
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    fn slots(&self) -> Vec<Value> {
        self.plugin(0, &["list"])["plugins"].as_array().unwrap().clone()
    }

    fn until_slot(&self, number: u64, is_so: impl Fn(&Value) -> bool) -> Value {
        let since = Instant::now();
        loop {
            let slots = self.slots();
            let slot = slots.iter().find(|slot| slot["slot"] == number).cloned();
            match slot {
                Some(slot) if is_so(&slot) => return slot,
                last => assert!(since.elapsed() < PATIENCE, "{last:?} {}", self.said()),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The folder, for another start on the same data directory.
    fn folder_again(&mut self) -> TempDir {
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }
}
