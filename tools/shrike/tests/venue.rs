//! Captures and probes, run as people run them, against the simulated exchange.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use exchange::{
    Config, CrossingMaker, DeadListenKey, DuplicateIds, FirstTold, Permission, UnknownSymbol,
};
use serde_json::Value;
use support::{Process, document, empty, said, shown, shrike, signal, text, venue_at};
use tempfile::TempDir;
use venue::sign::Credentials;

#[test]
fn a_capture_holds_what_the_exchange_sent_and_inspect_decodes_it() {
    let desk = Desk::new(|_| ());
    let file = desk.folder.path().join("capture.jsonl");
    let done = document(
        &desk.run(&[
            "record",
            "--symbols",
            "BTCUSDT,ETHUSDT",
            "--rest",
            "time,exchangeInfo,depth",
            "--seconds",
            "3",
            "--out",
            text(&file),
            "--json",
        ]),
        0,
    );
    assert_eq!(
        (&done["replies"], &done["lost"], &done["full"]),
        (&5.into(), &0.into(), &false.into())
    );
    let shown = desk.run(&["inspect", "capture", text(&file), "--json"]);
    let (shown, raw) = (lines(&shown, 0), raw(&file));
    assert_eq!(shown.len(), raw.len());
    for kind in ["aggre.deals", "aggre.depth", "aggre.bookTicker", "limit.depth"] {
        for pair in ["BTCUSDT", "ETHUSDT"] {
            let told = |record: &&Value| {
                let decoded = &record["decoded"];
                decoded["symbol"] == pair
                    && decoded["channel"].as_str().unwrap_or("").contains(kind)
            };
            assert!(shown.iter().any(|record| told(&record)), "no {kind} of {pair}");
        }
    }
    let ack = shown.iter().find(|record| record["decoded"]["kind"] == "ack").expect("an ack");
    assert_eq!(ack["decoded"]["accepted"].as_array().map(Vec::len), Some(8), "{ack}");
    let depth = shown.iter().find(|record| record["endpoint"] == "depth").expect("a book");
    assert!(depth["decoded"]["bids"].is_array() && depth["http"] == 200, "{depth}");
    let binary: Vec<usize> = (0..raw.len()).filter(|at| raw[*at]["op"] == "binary").collect();
    for at in binary.iter().step_by(binary.len().div_ceil(8)) {
        let hex = raw[*at]["hex"].as_str().unwrap();
        let frame = desk.fed(&["inspect", "frame", "--hex", "--json"], hex);
        assert_eq!(document(&frame, 0), shown[*at]["decoded"]);
    }
    let at = |record: &Value| record["at"].as_str().unwrap().parse::<u64>().unwrap();
    assert!(binary.windows(2).all(|pair| at(&raw[pair[0]]) <= at(&raw[pair[1]])));
    let whole = fs::read_to_string(&file).unwrap();
    assert!(!whole.contains(KEY) && !whole.contains("listenKey"), "a capture with a secret");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_recording_ends_in_order_at_a_signal_and_a_later_one_is_appended() {
    let desk = Desk::new(|_| ());
    let file = desk.folder.path().join("capture.jsonl");
    let args = ["record", "--seconds", "600", "--out", text(&file)];
    for runs in 1..=2 {
        let mut recorder = Process(desk.command(&args).stdout(Stdio::null()).spawn().unwrap());
        let since = Instant::now();
        let frames = |records: &[Value]| {
            let last = records.iter().rposition(|record| record["op"] == "begin").unwrap_or(0);
            let begun = records.iter().filter(|record| record["op"] == "begin").count();
            begun == runs && records[last..].iter().any(|record| record["op"] == "binary")
        };
        while !frames(&raw(&file)) {
            assert!(since.elapsed() < PATIENCE, "nothing was recorded");
            std::thread::sleep(Duration::from_millis(50));
        }
        signal("INT", recorder.id());
        assert_eq!(recorder.0.wait().unwrap().code(), Some(0));
        let last = raw(&file).pop().unwrap();
        assert_eq!((&last["op"], &last["why"]), (&"closed".into(), &"done".into()));
    }
    lines(&desk.run(&["inspect", "capture", text(&file), "--json"]), 0);
}

#[test]
fn a_recording_of_nothing_and_a_damaged_capture_end_with_one_and_the_reason() {
    let mut desk = Desk::new(|_| ());
    let file = desk.folder.path().join("capture.jsonl");
    said(&desk.run(&["record", "--rest", "account"]), 2, &["\"account\"", "exchangeInfo"]);
    said(&desk.run(&["record", "--symbols", "BTC/USDT"]), 2, &["BTC/USDT", "BTCUSDT"]);
    desk.exchange.0.kill().unwrap();
    desk.exchange.0.wait().unwrap();
    let none = desk.run(&["record", "--seconds", "60", "--out", text(&file)]);
    said(&none, 1, &["5 connections in a row", "does not answer"]);
    fs::write(&file, "{\"at\":\"1\",\"op\":\"binary\",\"from\":\"x\",\"hex\":\"0a05\"}\n{\"at\"")
        .unwrap();
    said(&desk.run(&["inspect", "capture", text(&file)]), 1, &["error: ", "line 2"]);
}

#[test]
fn what_is_pinned_of_one_exchange_refuses_another() {
    let one = Desk::new(|_| ());
    let pinned = document(&one.conform(&["--write"]), 0);
    let facts = &pinned["facts"];
    assert_eq!(facts.as_object().unwrap().len(), 23, "{facts}");
    for (fact, value) in [
        ("unknown_symbol", "empty"),
        ("zero_balances", "left_out"),
        ("refused_topic", "named"),
        ("topic_beside_refused", "taken"),
        ("query_after_placement", "at_once"),
        ("duplicate_of_live_id", "accepted"),
        ("duplicate_of_ended_id", "accepted"),
        ("cancel_of_unknown", "refused -2011"),
        ("order_behind_window", "refused 700003"),
        ("order_inside_window", "accepted"),
        ("order_two_seconds_early", "refused 700003"),
        ("order_half_second_early", "accepted"),
        ("ioc_without_match", "CANCELED"),
        ("crossing_maker", "CANCELED"),
        ("first_told", "deal"),
        ("new_told", "left_out"),
        ("own_id_told", "both"),
        ("listen_key_extended", "same"),
        ("listen_key_deleted", "done"),
        ("stream_of_deleted_key", "closed"),
        ("new_stream_of_deleted_key", "refused HTTP 403"),
    ] {
        assert_eq!(facts[fact], value, "{fact}");
    }
    assert!(facts["cancel_of_filled"].as_str().unwrap().starts_with("refused"), "{facts}");
    one.assert_clean();
    let again = document(&one.conform(&[]), 0);
    assert_eq!(again["differences"], empty());

    let two = Desk::new(|config| {
        let odd = &mut config.personality;
        odd.unknown_symbol = UnknownSymbol::Error;
        odd.zero_balances = true;
        odd.read_lag_ms = 400;
        odd.duplicate_client_ids = DuplicateIds::Rejected;
        odd.crossing_maker = CrossingMaker::Rejected;
        odd.first_told = FirstTold::Order;
        odd.new_told = true;
        odd.dead_listen_key = DeadListenKey::Silent;
    });
    let file = one.data().join("venue_facts.toml");
    fs::create_dir_all(two.data()).unwrap();
    fs::copy(&file, two.data().join("venue_facts.toml")).unwrap();
    let other = document(&two.conform(&[]), 3);
    let differences = other["differences"].as_array().unwrap();
    let wanted = [
        ("crossing_maker", "CANCELED", "refused 30041"),
        ("duplicate_of_ended_id", "accepted", "refused 30026"),
        ("duplicate_of_live_id", "accepted", "refused 30026"),
        ("first_told", "deal", "order"),
        ("new_stream_of_deleted_key", "refused HTTP 403", "open"),
        ("new_told", "left_out", "told"),
        ("query_after_placement", "at_once", "later"),
        ("stream_of_deleted_key", "closed", "open"),
        ("unknown_symbol", "empty", "refused 10007"),
        ("zero_balances", "left_out", "listed"),
    ];
    let seen: Vec<_> = differences
        .iter()
        .map(|one| ["fact", "pinned", "seen"].map(|name| one[name].as_str().unwrap()))
        .collect();
    assert_eq!(seen, wanted.map(|(fact, pinned, seen)| [fact, pinned, seen]));
    two.assert_clean();
    assert_eq!(fs::read(&file).unwrap(), fs::read(two.data().join("venue_facts.toml")).unwrap());
    let people = two.conform_said(&[]);
    said(&people, 3, &["DIFFERS first_told: pinned \"deal\", seen \"order\""]);
    assert!(!shown(&people).contains(KEY) && !shown(&people).contains(SECRET));
}

#[test]
fn everything_is_cancelled_and_sold_when_no_order_is_answered_well() {
    let desk = Desk::new(|config| {
        config.faults.server_error_permille = 1_000;
        config.faults.server_error_accepted_permille = 1_000;
    });
    let done = document(&desk.conform(&["--write"]), 1);
    let unsettled = done["unsettled"].as_array().unwrap();
    assert!(unsettled.iter().any(|one| one["why"].as_str().unwrap().contains("HTTP 50")), "{done}");
    assert!(!desk.data().join("venue_facts.toml").exists(), "half of the facts were pinned");
    assert_eq!(done["left"], empty(), "{done}");
    desk.assert_clean();
}

#[test]
fn probes_stay_below_their_cap_and_beside_no_trader() {
    let desk = Desk::new(|_| ());
    let done = document(&desk.conform(&["--spend-max", "3"]), 1);
    let stake: f64 = done["at_stake"].as_str().unwrap().parse().unwrap();
    assert!(stake <= 3.0 && stake > 1.0, "{done}");
    assert!(shown(&desk.conform_said(&["--spend-max", "3"])).contains("--spend-max 3"));
    desk.assert_no_order();
    said(&desk.conform_said(&["--spend-max", "0"]), 2, &["\"0\"", "1 to 1000"]);
    said(&desk.conform_said(&["--symbol", "BTC-USDT"]), 2, &["BTC-USDT"]);
    said(&desk.conform_said(&["--account", "other"]), 2, &["\"other\"", "main"]);
    fs::create_dir_all(desk.data()).unwrap();
    let lock = fs::File::create(desk.data().join("lock")).unwrap();
    lock.lock().unwrap();
    said(&desk.conform_said(&[]), 3, &["a trader runs", "stop it"]);
}

#[test]
fn an_exchange_elsewhere_is_not_probed_without_a_word() {
    let refused = shrike(&["conform"]).output().unwrap();
    said(&refused, 3, &["api.mexc.com", "a dozen orders", "30 at most", "--live"]);
}

#[test]
fn real_money_is_not_traded_against_a_fact_that_the_trader_relies_on() {
    let desk = Desk::live();
    let run = || desk.command(&["run", "--live", "--data", text(&desk.data())]).output().unwrap();
    said(&desk.conform_said(&["--write"]), 3, &["LOCALHOST", "--live"]);
    let pinned = document(&desk.conform(&["--write", "--live"]), 0);
    assert_eq!(pinned["contradictions"], empty());
    let file = desk.data().join("venue_facts.toml");
    let good = fs::read_to_string(&file).unwrap();
    let bad = good
        .replace("order_behind_window = \"refused 700003\"", "order_behind_window = \"accepted\"");
    assert_ne!(good, bad);
    fs::write(&file, bad).unwrap();
    said(
        &run(),
        3,
        &["order_behind_window is \"accepted\"", "the fence", "shrike conform --write"],
    );
    fs::write(&file, good.replace("form = 1", "form = 9")).unwrap();
    said(&run(), 3, &["form 9", "shrike conform --write"]);
    assert!(!desk.data().join("journal").exists(), "a journal was begun");
    for (content, told) in [(None, "there is no venue_facts.toml"), (Some(&good), "running in")] {
        let _ = fs::remove_file(&file);
        if let Some(content) = content {
            fs::write(&file, content).unwrap();
        }
        let output = desk.trades_until("running in");
        assert!(output.contains(told), "{output}");
        assert_eq!(output.contains("venue_facts"), content.is_none(), "{output}");
    }
}

const KEY: &str = "mx0vglCANARYkey07";
const SECRET: &str = "c4n4ry5ecre7c4n4ry5ecre7c4n4ry55";
/// How long a process may take to get where it is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// An exchange of its own personality, and the configuration that reaches it.
struct Desk {
    folder: TempDir,
    exchange: Process,
    address: String,
    variables: Vec<(String, String)>,
}

impl Desk {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let mut desk = Self::begin(change, &[]);
        let address = desk.address.clone();
        desk.reach(&address);
        desk.set("SHRIKE__VENUE__TLS", "false");
        desk.set("SHRIKE__MODE", "demo");
        desk
    }

    /// With real money, as far as anybody can tell.
    fn live() -> Self {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("root.pem");
        let mut desk = Self::begin(
            |config| config.accounts[0].keys[0].permissions.retain(|one| !is_withdrawal(*one)),
            &["--tls", "--cert-out", text(&root)],
        );
        let port = desk.address.rsplit(':').next().unwrap().to_owned();
        // Live mode refuses this machine by its usual names; a certificate has no capitals.
        desk.reach(&format!("LOCALHOST:{port}"));
        let kept = desk.folder.path().join("root.pem");
        fs::copy(&root, &kept).unwrap();
        desk.set("SHRIKE__VENUE__TLS_ROOTS", text(&kept));
        desk.set("SHRIKE__MODE", "live_min");
        desk
    }

    fn begin(change: impl FnOnce(&mut Config), more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default().with_key(KEY, SECRET);
        change(&mut config);
        let scenario = folder.path().join("scenario.toml");
        fs::write(&scenario, config.to_toml().unwrap()).unwrap();
        let (exchange, address) =
            support::exchange(&[&["--scenario", text(&scenario)], more].concat());
        let mut desk = Self { folder, exchange, address, variables: Vec::new() };
        desk.set("SHRIKE__ACCOUNTS__0__KEY", "env:CANARY");
        desk.set("CANARY_KEY", KEY);
        desk.set("CANARY_SECRET", SECRET);
        desk
    }

    fn reach(&mut self, address: &str) {
        for (name, value) in venue_at(address) {
            self.set(&name, &value);
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = shrike(args);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).stdin(Stdio::null()).output().unwrap()
    }

    fn fed(&self, args: &[&str], input: &str) -> Output {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    fn conform_said(&self, args: &[&str]) -> Output {
        self.run(&[&["conform", "--data", text(&self.data())], args].concat())
    }

    fn conform(&self, args: &[&str]) -> Output {
        self.conform_said(&[args, &["--json"]].concat())
    }

    /// What a trader with real money said until `word`; it is ended then.
    fn trades_until(&self, word: &str) -> String {
        let memory = tempfile::tempdir_in("/dev/shm").unwrap();
        let mut command = self.command(&["run", "--live", "--data", text(&self.data())]);
        command.env("SHRIKE__RUNTIME_DIR", memory.path().join("ring"));
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut trader = Process(command.spawn().unwrap());
        let mut output = String::new();
        for line in BufReader::new(trader.0.stdout.take().unwrap()).lines() {
            output += &line.unwrap();
            output.push('\n');
            if output.contains(word) {
                break;
            }
        }
        assert_eq!(trader.end(), Some(0), "{output}");
        output
    }

    /// Neither an order nor a coin more than at the start, but for what is too small to sell.
    fn assert_clean(&self) {
        self.assert_no_order();
        let account = self.ask("/api/v3/account");
        let coin = account["balances"].as_array().unwrap().iter().find(|row| row["asset"] == "BTC");
        let free: f64 = coin.unwrap()["free"].as_str().unwrap().parse().unwrap();
        assert!((1.0..1.000_002).contains(&free), "{account}");
    }

    fn assert_no_order(&self) {
        let since = Instant::now();
        while self.ask("/api/v3/openOrders") != empty() {
            // What the exchange shows may lag behind.
            assert!(since.elapsed() < PATIENCE, "an order was left");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Asks the exchange itself.
    fn ask(&self, path: &str) -> Value {
        let key = Credentials::new(KEY, SECRET.as_bytes()).unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let query = format!("symbol=BTCUSDT&recvWindow=5000&timestamp={now}");
        let signature = key.signer().sign(query.as_bytes());
        let signature = std::str::from_utf8(&signature).unwrap();
        let mut socket = TcpStream::connect(&self.address).unwrap();
        let line = format!("GET {path}?{query}&signature={signature} HTTP/1.1\r\n");
        let head = format!("Host: here\r\nX-MEXC-APIKEY: {KEY}\r\nConnection: close\r\n\r\n");
        socket.write_all(format!("{line}{head}").as_bytes()).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut reply = String::new();
        let mut reader = BufReader::new(socket);
        let mut len = 0;
        loop {
            reply.clear();
            reader.read_line(&mut reply).unwrap();
            if let Some(told) = reply.to_ascii_lowercase().strip_prefix("content-length:") {
                len = told.trim().parse().unwrap();
            }
            if reply == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; len];
        reader.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }
}

fn is_withdrawal(permission: Permission) -> bool {
    matches!(permission, Permission::SpotWithdrawRead | Permission::SpotWithdrawWrite)
}

/// The whole lines of a capture; none of a file that is not there yet.
fn raw(file: &Path) -> Vec<Value> {
    let whole = fs::read_to_string(file).unwrap_or_default();
    let lines = whole.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn lines(output: &Output, code: i32) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(code), "{}", shown(output));
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
