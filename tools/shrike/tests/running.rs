//! A trader and an exchange as two processes, run as people run them.

mod support;

use std::time::Duration;

use serde_json::Value;
use support::{Process, Trader, empty, shrike, text, venue_at};
use tempfile::TempDir;

#[test]
fn a_trader_is_watched_stopped_resumed_and_ended_and_its_journal_replays() {
    let exchange = Exchange::start();
    let mut trader = exchange.trader("demo-secret");
    let status = trader.wait_for("every block to end", |status| status["blocks"] == empty());
    assert_eq!((&status["mode"], &status["kill"]["level"]), (&"demo".into(), &"active".into()));

    let killed = trader.shrike(&["kill", "reduce", "--reason", "a look at it"]);
    assert!(killed.status.success(), "{killed:?}");
    let status = trader.wait_for("the kill on disk", |s| s["kill"]["level"] == "reduce");
    assert_eq!(status["kill"]["reason"], "a look at it");

    let once = trader.shrike(&["resume", "--reason", "looked at"]);
    assert_eq!(once.status.code(), Some(2), "one step is not enough: {once:?}");
    assert_eq!(trader.status().expect("it runs")["kill"]["level"], "reduce");
    let twice = trader.shrike(&["resume", "--reason", "looked at", "--yes"]);
    assert!(twice.status.success(), "{twice:?}");
    trader.wait_for("the resume", |status| status["kill"]["level"] == "active");

    let again = trader.shrike(&["kill", "halt", "--reason", "over night"]);
    assert!(again.status.success(), "{again:?}");
    assert_eq!(trader.end(), Some(0));
    assert!(trader.shrike(&["verify"]).status.success());
    let replay: Value =
        serde_json::from_slice(&trader.shrike(&["replay", "--json"]).stdout).unwrap();
    assert_eq!(replay["equal"], true, "{replay}");
    assert!(replay["events"].as_u64() > Some(0), "{replay}");

    let mut trader = exchange.trader_in(trader.folder, "demo-secret");
    let outlives = |status: &Value| status["stopped"] == false && status["kill"]["level"] == "halt";
    trader.wait_for("a new run, and the kill that outlives the run before", outlives);
    assert_eq!(trader.end(), Some(0));
    let replay: Value =
        serde_json::from_slice(&trader.shrike(&["replay", "--json"]).stdout).unwrap();
    assert_eq!(replay["equal"], true, "{replay}");
}

#[test]
fn a_wrong_secret_is_told_in_one_line_and_in_the_status_and_entries_stay_blocked() {
    let exchange = Exchange::start();
    let mut trader = exchange.trader("another-secret");
    let status = trader.wait_for("an alarm", |status| status["alarms"] != empty());
    let alarm = &status["alarms"][0];
    assert_eq!((&alarm["kind"], &alarm["figure"]), (&"credentials".into(), &700_002.into()));
    let blocked = status["blocks"].as_array().unwrap().iter();
    assert!(blocked.clone().any(|block| block["block"] == "private_stream"), "{status}");
    assert_eq!(trader.end(), Some(0));
    let said = trader.said();
    let lines: Vec<_> = said.lines().filter(|line| line.contains("credentials")).collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert!(lines[0].contains("key: the secret does not belong to the access key"), "{said}");
}

#[test]
fn an_operator_buys_sells_adopts_and_rehearses_by_hand_and_the_journal_replays() {
    let exchange = Exchange::start();
    let mut trader = exchange.trader("demo-secret");
    trader.wait_for("every block to end", |status| status["blocks"] == empty());

    // A pair that nobody watched: the scout names it, its rules are asked for, one order is sent.
    let bought = trader.hand(0, &["buy", "MXUSDT", "--notional", "25", "--price-max", "2.56"]);
    assert_eq!(bought["state"], "bought", "{bought}");
    let held = trader.hand(0, &["positions"]);
    let position = &held["positions"][0];
    assert_eq!((&position["symbol"], &position["state"]), (&"MXUSDT".into(), &"open".into()));
    assert!(!position["exits"].as_array().unwrap().is_empty(), "{position}");
    let orders = trader.hand(0, &["orders", "--all"]);
    let entries = orders["orders"].as_array().unwrap().iter().filter(|o| o["leg"] == "entry");
    assert_eq!(entries.count(), 1, "{orders}");
    let again = trader.hand(3, &["buy", "MXUSDT", "--notional", "25", "--price-max", "2.56"]);
    assert_eq!((&again["state"], &again["why"]), (&"declined".into(), &"symbol_taken".into()));
    let above = trader.hand(3, &["buy", "ETHUSDT", "--notional", "900", "--price-max", "3100"]);
    assert_eq!((&above["state"], &above["why"]), (&"refused".into(), &"A01".into()), "{above}");

    let far = trader.hand(1, &["buy", "ETHUSDT", "--notional", "25", "--price-max", "2000"]);
    assert_eq!((&far["state"], &far["why"]), (&"not_bought".into(), &"A03".into()), "{far}");
    assert!(far["message"].as_str().unwrap().contains("2000 lies more than 3 % away"), "{far}");

    let sold = trader.hand(0, &["exit", "MXUSDT", "--now"]);
    assert_eq!(sold["target"]["state"], "completed", "{sold}");
    let nothing = trader.hand(3, &["exit", "MXUSDT"]);
    assert_eq!(nothing["why"], "not_held", "{nothing}");

    let adopted =
        trader.hand(0, &["positions", "adopt", "MXUSDT", "--qty", "100", "--price", "2.51"]);
    assert_eq!(adopted["target"]["state"], "open", "{adopted}");
    let gone = trader.hand(0, &["positions", "forget", "MXUSDT"]);
    assert_eq!(gone["target"]["state"], "cancelled", "{gone}");
    assert!(gone["message"].as_str().unwrap().contains("IT IS YOURS"), "{gone}");
    assert_eq!(trader.hand(0, &["positions"])["positions"], empty());
    let broke =
        trader.hand(3, &["positions", "adopt", "MXUSDT", "--qty", "9999999", "--price", "2.51"]);
    assert_eq!(broke["why"], "balance", "{broke}");

    trader.target_by_hand();
    assert_eq!(trader.hand(0, &["orders"])["orders"], empty());
    assert_eq!(trader.end(), Some(0));
    let replay: Value =
        serde_json::from_slice(&trader.shrike(&["replay", "--json"]).stdout).unwrap();
    assert_eq!(replay["equal"], true, "{replay}");
}

#[test]
fn commands_by_hand_without_a_trader_or_with_a_wrong_line_say_so() {
    let nowhere = tempfile::tempdir().unwrap();
    let data = text(nowhere.path());
    for (line, code, expected) in [
        (&["positions"][..], 1, "no trader runs"),
        (&["orders", "cancel"], 2, "<ORDER"),
        (&["exit", "A", "--qty", "1", "--now"], 2, "cannot be used with"),
        (&["targets", "add", "A", "--opens-at", "tomorrow"], 2, "\"tomorrow\""),
    ] {
        let output = shrike(line).args(["--data", data]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{line:?}: {said}");
        assert!(said.contains(expected), "{line:?}: {said}");
    }
}

#[test]
fn a_running_trader_is_archived_backed_up_and_restored_to_a_start_that_buys_nothing() {
    let exchange = Exchange::start();
    let mut trader = exchange.trader("demo-secret");
    trader.wait_for("every block to end", |status| status["blocks"] == empty());
    let status = trader.wait_for("the archive", |status| status["archive"]["behind"] == 0);
    assert_eq!(status["archive"]["trouble"], Value::Null, "{status}");
    assert!(trader.data().join("archive.db").exists());
    let said = trader.shrike(&["why", "NOSUCHUSDT", "--json"]);
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    let why: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!((&why["running"], &why["kill"]["level"]), (&true.into(), &"active".into()));

    let file = trader.folder.path().join("backup.tar");
    let taken = trader.shrike(&["backup", "--to", text(&file), "--json"]);
    assert!(taken.status.success(), "{taken:?}");
    let taken: Value = serde_json::from_slice(&taken.stdout).unwrap();
    let refused = trader.shrike(&["restore", text(&file)]);
    assert_eq!(refused.status.code(), Some(3), "it is in use: {refused:?}");
    assert_eq!(trader.end(), Some(0));
    let refused = trader.shrike(&["restore", text(&file)]);
    assert_eq!(refused.status.code(), Some(3), "it holds later records: {refused:?}");
    std::fs::rename(trader.data(), trader.folder.path().join("later")).unwrap();
    let restored = trader.shrike(&["restore", text(&file), "--json"]);
    assert!(restored.status.success(), "{restored:?}");
    let restored: Value = serde_json::from_slice(&restored.stdout).unwrap();
    assert_eq!(restored["last_seq"], taken["last_seq"]);
    assert!(trader.shrike(&["verify"]).status.success());

    let mut trader = exchange.trader_in(trader.folder, "demo-secret");
    let status = trader.wait_for("a halt", |status| status["kill"]["level"] == "halt");
    let reason = status["kill"]["reason"].as_str().unwrap();
    assert!(reason.contains("restored from a backup"), "{reason}");
    let resumed = trader.shrike(&["resume", "--reason", "compared", "--yes"]);
    assert!(resumed.status.success(), "{resumed:?}");
    assert_eq!(trader.end(), Some(0));
    let mut trader = exchange.trader_in(trader.folder, "demo-secret");
    let status = trader.wait_for("a new run", |status| status["stopped"] == false);
    assert_eq!(status["kill"]["level"], "active", "the resume outlives the run: {status}");
    assert!(trader.data().join("restored.done.toml").exists());
    assert_eq!(trader.end(), Some(0));
}

#[test]
fn a_trader_whose_archive_is_a_foreign_database_warns_and_goes_on() {
    let exchange = Exchange::start();
    let data = tempfile::tempdir().unwrap();
    std::fs::create_dir(data.path().join("data")).unwrap();
    std::fs::write(data.path().join("data/archive.db"), "no database at all").unwrap();
    let mut trader = exchange.trader_in(data, "demo-secret");
    let status = trader.wait_for("a trouble", |status| status["archive"]["trouble"] != Value::Null);
    assert!(status["archive"]["trouble"].as_str().unwrap().contains("move it away"), "{status}");
    trader.wait_for("every block to end", |status| status["blocks"] == empty());
    assert_eq!(trader.end(), Some(0));
    let said = trader.said();
    let lines = said.lines().filter(|line| line.contains("the archive stands still"));
    assert_eq!(lines.count(), 1, "{said}");
    let kept = std::fs::read_to_string(trader.data().join("archive.db")).unwrap();
    assert_eq!(kept, "no database at all");
}

/// How long a process may take to get where it is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

struct Exchange {
    _process: Process,
    address: String,
}

impl Exchange {
    fn start() -> Self {
        let (_process, address) = support::exchange(&[]);
        Self { _process, address }
    }

    /// A trader with signed orders on this exchange, by the shipped configuration.
    fn trader(&self, secret: &str) -> Trader {
        self.trader_in(tempfile::tempdir().unwrap(), secret)
    }

    fn trader_in(&self, folder: TempDir, secret: &str) -> Trader {
        Trader::start(folder, PATIENCE, |command| {
            command.envs(venue_at(&self.address)).env("SHRIKE__VENUE__TLS", "false");
            command.env("SHRIKE__MODE", "demo");
            command.env("MEXC_MAIN_KEY", "demo-key").env("MEXC_MAIN_SECRET", secret);
        })
    }
}

impl Trader {
    /// What a command by hand answered, once it ended with `code`.
    fn hand(&self, code: i32, line: &[&str]) -> Value {
        let mut command = shrike(line);
        let output = command.args(["--data", text(&self.data()), "--json"]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{line:?}: {output:?} {}", self.said());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// A target by the operator's word, from its making to its end.
    fn target_by_hand(&self) {
        let hour = std::time::SystemTime::now() + Duration::from_secs(3_600);
        let at = hour.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis().to_string();
        let line = ["targets", "add", "BTCUSDT", "--notional", "50", "--price-max", "80000"];
        let early = self.hand(3, &line);
        assert_eq!(early["why"], "no_opening", "{early}");
        let made = self.hand(0, &[&line[..], &["--opens-at", &at]].concat());
        let target = made["target"]["id"].to_string();
        let coming = self.hand(0, &["listings"]);
        let listing = &coming["listings"][0];
        assert_eq!(listing["target"]["id"], made["target"]["id"], "{coming}");
        assert!(listing["opens_in_ns"].as_i64() > Some(3_000_000_000_000), "{coming}");
        let status = self.status().unwrap();
        assert!(status["inaction"].as_str().unwrap().contains("BTCUSDT opens in"), "{status}");

        let rehearsed = self.hand(0, &["targets", "rehearse", &target]);
        assert_eq!(rehearsed["state"], "passed", "{rehearsed}");
        assert_eq!(rehearsed["rehearsal"]["price"], "80000", "{rehearsed}");
        assert!(rehearsed["rehearsal"]["round_trip_ns"].as_u64() > Some(0), "{rehearsed}");

        let disarmed = self.hand(0, &["targets", "disarm", &target]);
        assert_eq!((&disarmed["state"], &disarmed["on_disk"]), (&"done".into(), &true.into()));
        assert_eq!(disarmed["target"]["why"], "disarmed", "{disarmed}");
        assert_eq!(self.hand(0, &["targets", "arm", &target])["target"]["state"], "ready");
        let gone = self.hand(0, &["targets", "cancel", &target]);
        assert_eq!(gone["target"]["state"], "cancelled", "{gone}");
        let over = self.hand(3, &["targets", "arm", &target]);
        assert_eq!(over["why"], "target_over", "{over}");
    }
}
