//! The exchange's own time from a received order to its ack, over loopback sockets.
//!
//! `cargo bench -p exchange` prints one line a case. The market runs with its flow and a private
//! stream listens, so that the events of each order are made too.

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use exchange::{Config, Server, ServerConfig};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const ORDERS: usize = 20_000;

fn main() {
    for (name, params) in [
        (
            "IOC that finds nothing",
            "symbol=MXUSDT&side=BUY&type=IMMEDIATE_OR_CANCEL&quantity=5&price=1",
        ),
        (
            "IOC that deals",
            "symbol=MXUSDT&side=BUY&type=IMMEDIATE_OR_CANCEL&quantity=0.4&price=2.6",
        ),
        ("LIMIT that is refused", "symbol=MXUSDT&side=BUY&type=LIMIT&quantity=0.1&price=1"),
    ] {
        for busy_poll in [true, false] {
            run(name, params, busy_poll);
        }
    }
}

fn run(name: &str, params: &str, busy_poll: bool) {
    let mut exchange = Config::default();
    exchange.rules.orders_per_s = u32::MAX;
    exchange.rules.ban_after = u32::MAX;
    exchange.accounts[0].balances.insert("USDT".to_owned(), "100000000".to_owned());
    let config = ServerConfig { exchange, seed: 1, busy_poll, ..ServerConfig::default() };
    let server =
        Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)), &config).unwrap().spawn().unwrap();
    let mut rest = TcpStream::connect(server.addr()).unwrap();
    rest.set_nodelay(true).unwrap();
    let key = ask(&mut rest, &signed("POST", "/api/v3/userDataStream", ""));
    let key = key.split("\"listenKey\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let stream = TcpStream::connect(server.addr()).unwrap();
    let (mut socket, _) =
        tungstenite::client(format!("ws://localhost/ws?listenKey={key}"), stream).unwrap();
    let subscribe = concat!(
        r#"{"method":"SUBSCRIPTION","params":["#,
        r#""spot@private.orders.v3.api.pb","spot@private.deals.v3.api.pb"]}"#,
    );
    socket.send(tungstenite::Message::text(subscribe)).unwrap();
    let reader = std::thread::spawn(move || while socket.read().is_ok() {});
    let start = Instant::now();
    for _ in 0..ORDERS {
        ask(&mut rest, &signed("POST", "/api/v3/order", params));
    }
    let per_order = start.elapsed().as_nanos() / ORDERS as u128;
    let own = server.join().unwrap();
    drop(rest);
    reader.join().unwrap();
    println!(
        "{name:24} busy_poll {busy_poll:5}: {} orders, to ack p50 {} ns p99 {} ns, to socket p50 {} ns \
         p99 {} ns, round trip of this client {per_order} ns",
        own.count, own.to_ack_p50_ns, own.to_ack_p99_ns, own.to_socket_p50_ns, own.to_socket_p99_ns
    );
}

fn signed(method: &str, path: &str, params: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let joint = if params.is_empty() { "" } else { "&" };
    let query = format!("{params}{joint}recvWindow=5000&timestamp={now}");
    let mut mac = Hmac::<Sha256>::new_from_slice(b"demo-secret").unwrap();
    mac.update(query.as_bytes());
    let hex: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{method} {path}?{query}&signature={hex} HTTP/1.1\r\nHost: localhost\r\nX-MEXC-APIKEY: demo-key\r\n\
         Content-Type: application/json\r\n\r\n"
    )
}

fn ask(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut buffer = [0; 4_096];
    // Replies of these requests fit one segment.
    let len = stream.read(&mut buffer).unwrap();
    String::from_utf8_lossy(&buffer[..len]).into_owned()
}
