//! A run on paper over real sockets, with everything that it sends to the exchange written down.

mod support;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use exchange::{Config, Handle, Server, ServerConfig};
use serde_json::Value;
use support::{Trader, empty, shrike, text, venue_at};
use tempfile::TempDir;

#[test]
fn a_run_on_paper_buys_and_sells_and_the_exchange_gets_no_order_and_no_signed_request() {
    let exchange = exchange();
    let wire = Wire::to(exchange.addr());
    let mut trader = on_paper(tempfile::tempdir().unwrap(), wire.addr);
    let status = trader.wait_for("every block to end", |status| status["blocks"] == empty());
    assert_eq!(
        (&status["mode"], &status["limits"]["daily_max_buy"]),
        (&"paper".into(), &"900".into())
    );

    let scheduled = exchange.with(|exchange| {
        let now = exchange.now();
        exchange.schedule_demo(2, now)
    });
    assert_eq!(scheduled, Some(Ok(())));
    let over = |status: &Value| {
        let targets = status["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
        targets.len() == 2 && targets.iter().all(|target| target["state"] == "completed")
    };
    let status = trader.wait_for("two targets bought and sold", over);
    assert!(status["events"]["fills"].as_u64() >= Some(4), "{}", status["events"]);
    assert_eq!(status["positions"], empty());
    let balances = exchange.with(|exchange| exchange.balance(0, "USDT").free);
    assert_eq!(balances, Some(model::Amount::from_units(10_000)), "its money was not touched");
    assert_eq!(exchange.with(|exchange| exchange.orders(0).count()), Some(0));

    assert_eq!(trader.end(), Some(0), "{}", trader.said());
    let sent = wire.sent();
    for wanted in ["GET /api/v3/time", "GET /api/v3/depth", "GET /ws"] {
        assert!(sent.contains(wanted), "{wanted} is not in what was sent");
    }
    for forbidden in ["signature", "APIKEY", "apikey", "listenKey", "/order", "POST", "DELETE"] {
        assert!(!sent.contains(forbidden), "{forbidden} was sent");
    }
    let replay: Value =
        serde_json::from_slice(&trader.shrike(&["replay", "--json"]).stdout).unwrap();
    assert_eq!(replay["equal"], true, "{replay}");

    // The next start takes the purse up: what was dealt stays dealt.
    let spent = trader.purse();
    let mut next = on_paper(trader.folder, wire.addr);
    next.wait_for("every block to end", |status| status["blocks"] == empty());
    assert_eq!(next.end(), Some(0), "{}", next.said());
    let after = next.purse();
    assert!(spent != "1000" && after == spent, "{spent} and then {after}");

    let mut other = shrike(&["run", "--data", text(&next.data())]);
    point(&mut other, wire.addr);
    other.env("SHRIKE__MODE", "demo").env("SHRIKE__ACCOUNTS__0__KEY", "demo");
    let refused = other.output().unwrap();
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("was traded in mode \"paper\""), "{said}");
}

#[test]
fn the_doctor_on_paper_reads_no_key_and_signs_nothing() {
    let exchange = exchange();
    let wire = Wire::to(exchange.addr());
    let data = tempfile::tempdir().unwrap();
    let mut doctor = shrike(&["doctor", "--json", "--data", text(data.path())]);
    point(&mut doctor, wire.addr);
    // The exchange would take it, and a place that cannot be read would be told.
    doctor.env("MEXC_MAIN_KEY", "demo-key").env("MEXC_MAIN_SECRET", "demo-secret");
    for place in ["env:MEXC_MAIN", "file:/nowhere/key", "store:nobody"] {
        let output = doctor.env("SHRIKE__ACCOUNTS__0__KEY", place).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{place}: {output:?}");
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        let rows = found["accounts"][0]["findings"].as_array().unwrap();
        let row = |what: &str| rows.iter().find(|row| row["what"] == what);
        let key = row("key").expect("a line about the key");
        assert_eq!(key["verdict"], "ok", "{place}: {key}");
        assert!(key["seen"].as_str().unwrap().starts_with("paper needs none"), "{place}: {key}");
        assert_eq!(row("clock").expect("a line about the clock")["verdict"], "ok");
        assert!(row("limits").is_some() && row("withdrawals").is_none(), "{place}: {rows:?}");
    }
    let sent = wire.sent();
    assert!(sent.contains("GET /api/v3/time"), "{sent}");
    for forbidden in ["signature", "APIKEY", "demo-key", "POST", "DELETE", "/account"] {
        assert!(!sent.contains(forbidden), "{forbidden} was sent");
    }
}

/// How long a process may take to get where it is waited for.
const PATIENCE: Duration = Duration::from_secs(90);

fn exchange() -> Handle {
    let config = ServerConfig { exchange: Config::default(), seed: 7, ..ServerConfig::default() };
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), &config).unwrap();
    server.spawn().unwrap()
}

/// Stands before the exchange and keeps every byte that a trader sends to it.
struct Wire {
    addr: SocketAddr,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Wire {
    fn to(exchange: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (addr, sent) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&sent);
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let (Ok(near), Ok(far)) = (near, TcpStream::connect(exchange)) else { return };
                let _ = (near.set_nodelay(true), far.set_nodelay(true));
                let (near_too, far_too) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || {
                    carry(near, far, |bytes| kept.lock().unwrap().extend_from_slice(bytes));
                });
                std::thread::spawn(move || carry(far_too, near_too, |_| ()));
            }
        });
        Self { addr, sent }
    }

    /// As text; frames of streams are masked and so unreadable, requests are not.
    fn sent(&self) -> String {
        String::from_utf8_lossy(&self.sent.lock().unwrap()).into_owned()
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, seen: impl Fn(&[u8])) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(len @ 1..) = from.read(&mut buffer) {
        seen(&buffer[..len]);
        if to.write_all(&buffer[..len]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// By the shipped configuration, with periods and a time stop that a test can wait for.
fn on_paper(folder: TempDir, exchange: SocketAddr) -> Trader {
    let ring = folder.path().join("ring");
    Trader::start(folder, PATIENCE, |command| {
        point(command, exchange);
        for period in ["CALENDAR_MS", "CALENDAR_NEAR_MS", "SYMBOLS_MS", "SYMBOLS_NEAR_MS"] {
            command.env(format!("SHRIKE__SCOUT__{period}"), "1000");
        }
        command.env("SHRIKE__SCOUT__EXCHANGE_INFO_MS", "2000");
        command.env("SHRIKE__SCOUT__EXCHANGE_INFO_NEAR_MS", "2000");
        command.env("SHRIKE__EXIT__TIME_STOP_S", "8");
        command.env("SHRIKE__RUNTIME_DIR", ring);
    })
}

impl Trader {
    /// The last word of its journal on what is free of the first balance that was told, in USDT.
    fn purse(&self) -> String {
        let shown = shrike(&["inspect", "journal", text(&self.data())]).output().unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        let mut of_quote =
            shown.lines().filter(|line| line.contains("Balance(Balance")).filter(|line| {
                // USDT is the quote of every pair: the asset with the second id.
                line.contains("asset: AssetId(1)")
            });
        let last = of_quote.next_back().expect("a balance in USDT");
        let (_, free) = last.split_once("free: ").expect("what is free");
        free.split(", locked").next().unwrap_or_default().to_owned()
    }
}

/// Sets every address of the exchange, and takes every key away.
fn point(command: &mut Command, exchange: SocketAddr) {
    command.envs(venue_at(exchange)).env("SHRIKE__VENUE__TLS", "false");
    command.env_remove("MEXC_MAIN_KEY").env_remove("MEXC_MAIN_SECRET");
}
