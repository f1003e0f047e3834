//! The server end to end on a free port of this host.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use exchange::{Config, Handle, Server, ServerConfig};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tungstenite::{Message, WebSocket};

use crate::common::{Reply, fields, read_reply, sign, text_of};

fn start(tls: bool) -> Handle {
    let config =
        ServerConfig { exchange: Config::default(), seed: 1, tls, ..ServerConfig::default() };
    Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)), &config).unwrap().spawn().unwrap()
}

fn signed(method: &str, path: &str, params: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let joint = if params.is_empty() { "" } else { "&" };
    let query = format!("{params}{joint}timestamp={now}");
    let signature = sign("demo-secret", &query);
    format!(
        "{method} {path}?{query}&signature={signature} HTTP/1.1\r\nHost: localhost\r\n\
         X-MEXC-APIKEY: demo-key\r\nContent-Type: application/json\r\n\r\n"
    )
}

fn ask(stream: &mut (impl Read + Write), request: &str) -> Reply {
    stream.write_all(request.as_bytes()).unwrap();
    stream.flush().unwrap();
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let len = stream.read(&mut buffer).unwrap();
        assert_ne!(len, 0, "closed after {}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&buffer[..len]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let wanted = head.split("Content-Length: ").nth(1).unwrap();
            let wanted: usize = wanted.split("\r\n").next().unwrap().parse().unwrap();
            if body.len() == wanted {
                return read_reply(&bytes);
            }
        }
    }
}

fn trade(mut open: impl FnMut() -> Box<dyn Both>) {
    let mut rest = open();
    let key = ask(&mut rest, &signed("POST", "/api/v3/userDataStream", ""));
    let key = key.text("listenKey").to_owned();
    let url = format!("ws://localhost/ws?listenKey={key}");
    let (mut socket, _) = tungstenite::client(url, open()).unwrap();
    let topics =
        ["spot@private.orders.v3.api.pb", "spot@public.aggre.depth.v3.api.pb@10ms@BTCUSDT"];
    let text = serde_json::json!({"method": "SUBSCRIPTION", "params": topics}).to_string();
    socket.send(Message::text(text)).unwrap();
    let ack = socket.read().unwrap().into_text().unwrap();
    assert!(ack.contains(topics[1]) && !ack.contains("Not"), "{ack}");
    let params = "symbol=MXUSDT&side=BUY&type=LIMIT&quantity=4&price=2.6&newClientOrderId=me";
    let reply = ask(&mut rest, &signed("POST", "/api/v3/order", params));
    assert_eq!(reply.status, 200, "{}", reply.body);
    let (mut order, mut depth) = (false, false);
    while !(order && depth) {
        if let Some(frame) = next_binary(&mut socket) {
            let channel = text_of(&fields(&frame), 1);
            order |= channel == topics[0];
            depth |= channel == topics[1];
        }
    }
    let query =
        ask(&mut rest, &signed("GET", "/api/v3/order", "symbol=MXUSDT&origClientOrderId=me"));
    assert_eq!(query.text("status"), "FILLED");
}

fn next_binary(socket: &mut WebSocket<Box<dyn Both>>) -> Option<Vec<u8>> {
    match socket.read().unwrap() {
        Message::Binary(bytes) => Some(bytes.to_vec()),
        Message::Text(_)
        | Message::Ping(_)
        | Message::Pong(_)
        | Message::Close(_)
        | Message::Frame(_) => None,
    }
}

trait Both: Read + Write {}
impl<T: Read + Write> Both for T {}

#[test]
fn a_trader_trades_over_plain_sockets() {
    let server = start(false);
    let addr = server.addr();
    trade(|| Box::new(TcpStream::connect(addr).unwrap()));
    assert_eq!(server.with(|exchange| exchange.orders(0).count()), Some(1));
    let own = server.join().unwrap();
    assert_eq!(own.count, 1);
    assert!(own.to_ack_p50_ns > 0 && own.to_socket_p50_ns >= own.to_ack_p50_ns);
}

#[test]
fn a_trader_trades_over_tls_with_the_certificate_made_at_start() {
    let server = start(true);
    let pem = server.certificate_pem().unwrap().to_owned();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let addr = server.addr();
    trade(|| {
        let name = ServerName::try_from("localhost").unwrap();
        let tls = rustls::ClientConnection::new(Arc::clone(&config), name).unwrap();
        Box::new(rustls::StreamOwned::new(tls, TcpStream::connect(addr).unwrap()))
    });
    server.join().unwrap();
}

#[test]
fn futures_and_unknown_streams_are_refused_at_the_handshake() {
    let server = start(false);
    for path in ["edge", "nothing", "ws?listenKey=none"] {
        let stream = TcpStream::connect(server.addr()).unwrap();
        let refused = tungstenite::client(format!("ws://localhost/{path}"), stream).unwrap_err();
        let tungstenite::HandshakeError::Failure(tungstenite::Error::Http(reply)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(reply.status().as_u16(), if path.starts_with("ws") { 403 } else { 404 });
    }
    server.join().unwrap();
}

#[test]
fn a_connection_that_has_asked_may_become_a_stream() {
    let server = start(false);
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    for _ in 0..2 {
        let ping = "GET /api/v3/ping HTTP/1.1\r\nHost: localhost\r\n\r\n";
        assert_eq!(ask(&mut stream, ping).status, 200);
    }
    let (mut socket, _) = tungstenite::client("ws://localhost/ws", stream).unwrap();
    socket.send(Message::text(r#"{"method":"PING"}"#)).unwrap();
    assert!(socket.read().unwrap().into_text().unwrap().contains("PONG"));
    server.join().unwrap();
}

#[test]
fn a_taken_address_and_a_wrong_scenario_are_errors() {
    let server = start(false);
    let config = ServerConfig::default();
    assert!(Server::bind(server.addr(), &config).is_err());
    let mut config = ServerConfig::default();
    config.exchange.symbols[0].base = "b c".to_owned();
    let error = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)), &config).unwrap_err();
    assert!(error.to_string().contains("b cUSDT"), "{error}");
}

#[test]
fn a_connection_that_asked_to_close_is_closed_after_its_reply() {
    let server = start(false);
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.write_all(b"GET /api/v3/ping HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).unwrap();
    assert!(all.ends_with("{}"), "{all}");
    server.join().unwrap();
}
