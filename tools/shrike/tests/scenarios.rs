//! The listing scenarios of `config/sim/listing/` over real sockets: an exchange and a trader as two
//! processes, and each pair ends as the file says.
//!
//! `tests/scenarios.rs` does the same under the virtual clock.

mod support;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use exchange::{Config, Ending, Expectation};
use journal::Kind;
use model::wire::{Reader, Wire};
use model::{Body, Event, SymbolId};
use serde_json::Value;
use support::{Process, Trader, root, shrike, text as text_of, venue_at};
use venue::sign::Signer;

#[test]
fn every_scenario_ends_as_its_file_says() {
    let files = std::fs::read_dir(root().join("config/sim/listing")).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 10, "{files:?}");
    let (queue, found) = (Mutex::new(VecDeque::from(files)), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(file) = queue.lock().unwrap().pop_front() else { return };
                    let differences = play(&file);
                    found.lock().unwrap().extend(differences);
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_scenario_that_cannot_happen_is_refused_with_its_line_the_value_and_the_mend() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("twice.toml");
    let text = "symbols = []\n[[listings]]\nfull_name = \"New\"\nopens_after_ms = 9000\n\
                calendar_before_ms = -5\n[listings.market]\nbase = \"NEW\"\n\
                price_decimals = 2\nqty_decimals = 2\n";
    std::fs::write(&path, text).unwrap();
    let args = ["exchange", "--listen", "127.0.0.1:0", "--scenario", text_of(&path)];
    let refused = shrike(&args).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let said = String::from_utf8(refused.stderr).unwrap();
    for part in ["twice.toml", "line 5", "calendar_before_ms", "\"-5\"", "must be so large"] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    std::fs::write(&path, format!("{text}wings = 2\n")).unwrap();
    let refused = shrike(&args).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("line 10") && said.contains("wings"), "{said}");
}

#[test]
fn a_demo_on_a_scenario_says_whether_it_ended_as_expected() {
    let folder = tempfile::tempdir().unwrap();
    let file = root().join("config/sim/listing/07-flat-list.toml");
    let demo = |file: &Path, data: &str| {
        let data = folder.path().join(data);
        let args = ["--virtual", "--scenario", text_of(file), "--data", text_of(&data)];
        shrike(&["--json", "demo"]).args(args).output().unwrap()
    };
    let good = demo(&file, "good");
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    let document: Value = serde_json::from_slice(&good.stdout).unwrap();
    assert_eq!(document["scenario"]["differences"], Value::Array(vec![]));
    assert_eq!(document["summary"]["completed"], 1, "{document}");

    let text = std::fs::read_to_string(&file).unwrap();
    let other = folder.path().join("other.toml");
    std::fs::write(&other, text.replace("orders_max = 25", "orders_max = 2")).unwrap();
    let bad = demo(&other, "bad");
    assert_eq!(bad.status.code(), Some(1), "{bad:?}");
    let document: Value = serde_json::from_slice(&bad.stdout).unwrap();
    let differences = document["scenario"]["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert!(differences[0].as_str().unwrap().ends_with("orders, above 2"), "{differences:?}");

    let (before, _) = text.split_once("[expect").unwrap();
    std::fs::write(&other, before).unwrap();
    let silent = demo(&other, "silent");
    assert_eq!(silent.status.code(), Some(2), "{silent:?}");
    assert!(String::from_utf8(silent.stderr).unwrap().contains("[expect.PAIR]"));
}

/// Scenarios that run at the same time; most of it is waiting.
const AT_ONCE: usize = 5;
/// From the start of the exchange to the origin of the scenario: the trader is up by then.
const BEGIN_IN: &str = "4";
/// How long anything may take to get where it is waited for, beyond the time that the file names.
const PATIENCE: Duration = Duration::from_secs(60);
/// What an order of the shipped configuration may cost at most.
const ORDER_MAX: f64 = 150.0;
const SECRET: &str = "demo-secret";

/// What differs from the file, in words.
fn play(file: &Path) -> Vec<String> {
    let name = file.file_stem().unwrap().to_str().unwrap();
    let config = Config::from_toml(&std::fs::read_to_string(file).unwrap()).unwrap();
    let exchange = Exchange::start(file);
    let mut trader = exchange.trader();
    let mut found = Vec::new();
    for (pair, expectation) in &config.expect {
        if let Err(status) = await_end(&trader, pair, expectation, exchange.origin) {
            found.push(format!("{pair} after a long wait: {status}"));
        }
    }
    let status = trader.status().unwrap_or_default();
    let mut endings = BTreeMap::new();
    for pair in config.expect.keys() {
        endings.insert(pair.clone(), exchange.ending(&config, pair, &status));
        found.extend(exchange.doubled(pair));
    }
    if trader.end() != Some(0) {
        found.push(format!("the trader ended badly: {}", trader.said()));
    }
    let sent = trader.orders_sent();
    for (pair, expectation) in &config.expect {
        let mut ending = endings.remove(pair).unwrap();
        ending.orders = sent.get(pair).copied().unwrap_or(0);
        let differences = expectation.differences(&ending);
        found.extend(differences.into_iter().map(|difference| format!("{pair}: {difference}")));
    }
    let replay = trader.shrike(&["replay", "--json"]);
    let replay: Value = serde_json::from_slice(&replay.stdout).unwrap_or_default();
    if replay["equal"] != true {
        found.push(format!("its journal replays otherwise: {replay}"));
    }
    if exchange.end() != Some(0) {
        found.push("the exchange's books do not balance".to_owned());
    }
    found.into_iter().map(|found| format!("{name}: {found}")).collect()
}

/// Waits for a state that is final, or for the time at which any other one is looked at.
fn await_end(
    trader: &Trader,
    pair: &str,
    expectation: &Expectation,
    origin: SystemTime,
) -> Result<(), Value> {
    let by = origin + Duration::from_millis(expectation.by_ms.unsigned_abs());
    loop {
        let status = trader.status().unwrap_or_default();
        let now = SystemTime::now();
        let over = if expectation.is_final() {
            last_target(&status, pair).is_some_and(|target| target["state"] == *expectation.state)
        } else {
            now >= by
        };
        if over {
            return Ok(());
        }
        if now >= by + PATIENCE {
            return Err(status);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn last_target<'a>(status: &'a Value, pair: &str) -> Option<&'a Value> {
    let targets = status["targets"].as_array()?.iter();
    targets.filter(|target| target["symbol"] == *pair).max_by_key(|target| target["id"].as_u64())
}

struct Exchange {
    process: Process,
    address: String,
    /// What the times of the scenario count from; at most a second early.
    origin: SystemTime,
}

impl Exchange {
    fn start(file: &Path) -> Self {
        let args = ["--scenario", text_of(file), "--seed", "7", "--begin-in", BEGIN_IN];
        let (process, address) = support::exchange(&args);
        let origin = SystemTime::now() + Duration::from_secs(1 + BEGIN_IN.parse::<u64>().unwrap());
        Self { process, address, origin }
    }

    /// A trader with signed orders on this exchange: the shipped configuration, at the pace of the
    /// demo.
    fn trader(&self) -> Trader {
        Trader::start(tempfile::tempdir().unwrap(), PATIENCE, |command| {
            command.envs(venue_at(&self.address));
            for (key, value) in [
                ("MODE", "demo"),
                ("VENUE__TLS", "false"),
                ("LOOP__WAIT", "park"),
                ("SCOUT__CALENDAR_MS", "1000"),
                ("SCOUT__CALENDAR_NEAR_MS", "1000"),
                ("SCOUT__SYMBOLS_MS", "1000"),
                ("SCOUT__SYMBOLS_NEAR_MS", "1000"),
                ("SCOUT__EXCHANGE_INFO_MS", "2000"),
                ("SCOUT__EXCHANGE_INFO_NEAR_MS", "2000"),
                ("EXIT__TIME_STOP_S", "5"),
            ] {
                command.env(format!("SHRIKE__{key}"), value);
            }
            command.env("MEXC_MAIN_KEY", "demo-key").env("MEXC_MAIN_SECRET", SECRET);
        })
    }

    /// How a pair ended, by the exchange's own books and the trader's word on its target.
    fn ending(&self, config: &Config, pair: &str, status: &Value) -> Ending {
        let target = last_target(status, pair);
        let why = |target: &Value| target["why"].as_str().unwrap_or("none").to_owned();
        let target = target.map(|target| (text(&target["state"]), why(target)));
        let trades = self.signed("/api/v3/myTrades", &format!("symbol={pair}&"));
        let trades = trades.as_array().cloned().unwrap_or_default();
        let best = trades.iter().map(|trade| figure(&trade["price"])).fold(0.0, f64::max);
        let listing = config.listings.iter().find(|listing| listing.market.name() == pair);
        let market = &listing.expect("its listing").market;
        let account = self.signed("/api/v3/account", "");
        let balances = account["balances"].as_array().expect("balances").iter();
        let own = balances.filter(|balance| balance["asset"] == *market.base);
        let left: f64 = own.map(|own| figure(&own["free"]) + figure(&own["locked"])).sum();
        Ending {
            target,
            fills: trades.iter().filter(|trade| trade["isBuyer"] == true).count() as u64,
            // A rest below the smallest order cannot be sold.
            held: left * best >= market.notional_min.parse::<f64>().unwrap(),
            orders: 0,
        }
    }

    /// Orders that stand twice, and buys beyond what one target may cost.
    fn doubled(&self, pair: &str) -> Vec<String> {
        let orders = self.signed("/api/v3/allOrders", &format!("symbol={pair}&"));
        let orders = orders.as_array().cloned().unwrap_or_default();
        let ids: BTreeSet<String> =
            orders.iter().map(|order| text(&order["clientOrderId"])).collect();
        let bought: f64 = orders
            .iter()
            .filter(|order| order["side"] == "BUY")
            .map(|order| figure(&order["cummulativeQuoteQty"]))
            .sum();
        let twice = (ids.len() < orders.len()).then(|| format!("{pair}: an id twice: {orders:?}"));
        let much = (bought > ORDER_MAX).then(|| format!("{pair}: bought for {bought}"));
        twice.into_iter().chain(much).collect()
    }

    /// A signed question over a connection of its own; an empty document when it is refused.
    fn signed(&self, path: &str, params: &str) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let query = format!("{params}recvWindow=60000&timestamp={now}");
        let signature = Signer::new(SECRET.as_bytes()).unwrap().sign(query.as_bytes());
        let signature = String::from_utf8(signature.to_vec()).unwrap();
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!(
            "GET {path}?{query}&signature={signature} HTTP/1.1\r\nHost: x\r\n\
             X-MEXC-APIKEY: demo-key\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        let unknown = body.contains("10007");
        assert!(head.starts_with("HTTP/1.1 200") || unknown, "{path}: {reply}");
        serde_json::from_str(body).unwrap()
    }

    fn end(mut self) -> Option<i32> {
        self.process.end()
    }
}

impl Trader {
    /// Orders whose bytes left, by pair, as the journal has them.
    fn orders_sent(&self) -> BTreeMap<String, u32> {
        let mut reader = journal::Reader::open(&self.data()).unwrap();
        let (mut names, mut sent) = (BTreeMap::<SymbolId, String>::new(), BTreeMap::new());
        while let Some(record) = reader.read().unwrap() {
            if record.kind != Kind::INPUT {
                continue;
            }
            let event = Event::read(&mut Reader::new(record.payload)).unwrap();
            if let Body::Symbol(symbol) = event.body {
                names.insert(event.symbol, symbol.name.as_str().to_owned());
            }
            if let Body::Sent(order) = event.body
                && !order.cancel
            {
                let name = names.get(&event.symbol).expect("named before its first order");
                *sent.entry(name.clone()).or_default() += 1;
            }
        }
        sent
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn figure(value: &Value) -> f64 {
    value.as_str().unwrap_or_default().parse().expect("a decimal")
}
