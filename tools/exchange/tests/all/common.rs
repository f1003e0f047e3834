//! A client of the exchange on a virtual clock: signs, sends, reads replies and frames.

use std::net::{IpAddr, Ipv4Addr};

use exchange::{Config, Exchange, HttpConn, Message, WsConn};
use hmac::{Hmac, KeyInit, Mac};
use model::{Span, VenueTime};
use serde_json::Value;
use sha2::Sha256;

/// Start of every test's clock: a full second.
pub(crate) const START: VenueTime = VenueTime::from_millis(1_800_000_000_000);

/// An exchange and one HTTP connection to it.
pub(crate) struct World {
    pub(crate) exchange: Exchange,
    pub(crate) now: VenueTime,
    pub(crate) http: HttpConn,
    pub(crate) key: String,
    pub(crate) secret: String,
}

/// A reply.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn code(&self) -> i64 {
        self.body["code"].as_i64().unwrap_or_default()
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_else(|| panic!("{field} in {}", self.body))
    }
}

impl World {
    pub(crate) fn new(config: &Config, seed: u64) -> Self {
        Self {
            exchange: Exchange::new(config, seed, START).unwrap(),
            now: START,
            http: HttpConn::new(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            key: "demo-key".to_owned(),
            secret: "demo-secret".to_owned(),
        }
    }

    pub(crate) fn pass_ms(&mut self, ms: u64) {
        self.now = self.now.after(Span::from_millis(ms));
        self.exchange.handle_timeout(self.now);
    }

    /// Goes to `ms` after the start.
    pub(crate) fn go_to_ms(&mut self, ms: u64) {
        self.now = START.after(Span::from_millis(ms));
        self.exchange.handle_timeout(self.now);
    }

    pub(crate) fn get(&mut self, target: &str) -> Reply {
        let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        self.send(request.as_bytes()).unwrap()
    }

    /// A signed request with everything in the query.
    pub(crate) fn signed(&mut self, method: &str, path: &str, params: &str) -> Reply {
        let request = self.signed_bytes(method, path, params);
        self.send(&request).unwrap()
    }

    pub(crate) fn signed_bytes(&self, method: &str, path: &str, params: &str) -> Vec<u8> {
        let joint = if params.is_empty() { "" } else { "&" };
        let query = format!("{params}{joint}recvWindow=5000&timestamp={}", self.now.millis());
        let signature = sign(&self.secret, &query);
        format!(
            "{method} {path}?{query}&signature={signature} HTTP/1.1\r\nHost: x\r\n\
             X-MEXC-APIKEY: {}\r\nContent-Type: application/json\r\n\r\n",
            self.key
        )
        .into_bytes()
    }

    pub(crate) fn place(&mut self, params: &str) -> Reply {
        self.signed("POST", "/api/v3/order", params)
    }

    /// The reply to `request`; `None` when none is due.
    pub(crate) fn send(&mut self, request: &[u8]) -> Option<Reply> {
        self.http.handle_bytes(self.now, request, &mut self.exchange);
        self.reply()
    }

    pub(crate) fn reply(&mut self) -> Option<Reply> {
        let bytes = self.http.poll_transmit(self.now)?.to_vec();
        self.http.transmitted(bytes.len());
        Some(read_reply(&bytes))
    }

    pub(crate) fn listen_key(&mut self) -> String {
        self.signed("POST", "/api/v3/userDataStream", "").text("listenKey").to_owned()
    }

    pub(crate) fn stream(&mut self, path: &str, topics: &[&str]) -> WsConn {
        let mut conn = WsConn::open(self.now, path, &mut self.exchange).unwrap();
        let text = serde_json::json!({"method": "SUBSCRIPTION", "params": topics}).to_string();
        conn.handle_text(self.now, &text, &mut self.exchange);
        let ack = conn.poll_message(self.now, &mut self.exchange);
        let expected = serde_json::json!({"id": 0, "code": 0, "msg": topics.join(",")});
        let Some(Message::Text(ack)) = ack else { panic!("{ack:?}") };
        assert_eq!(serde_json::from_str::<Value>(&ack).unwrap(), expected);
        conn
    }

    pub(crate) fn frames(&mut self, conn: &mut WsConn) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        while let Some(message) = conn.poll_message(self.now, &mut self.exchange) {
            match message {
                Message::Binary(frame) => frames.push(frame),
                Message::Text(text) => panic!("{text}"),
                Message::Close(code) => panic!("closed with {code}"),
            }
        }
        frames
    }
}

pub(crate) fn sign(secret: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn read_reply(bytes: &[u8]) -> Reply {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    Reply {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: serde_json::from_str(body).unwrap_or(Value::Null),
    }
}

/// Fields of a protobuf message in order of appearance: number, and bytes or integer.
pub(crate) fn fields(mut bytes: &[u8]) -> Vec<(u64, Field)> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let field = match tag & 7 {
            0 => Field::Int(varint(&mut bytes)),
            2 => {
                let len = varint(&mut bytes) as usize;
                let (block, rest) = bytes.split_at(len);
                bytes = rest;
                Field::Block(block.to_vec())
            }
            other => panic!("wire type {other}"),
        };
        all.push((tag >> 3, field));
    }
    all
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Int(u64),
    Block(Vec<u8>),
}

pub(crate) fn text_of(message: &[(u64, Field)], number: u64) -> String {
    match message.iter().find(|(n, _)| *n == number) {
        Some((_, Field::Block(bytes))) => String::from_utf8(bytes.clone()).unwrap(),
        _ => String::new(),
    }
}

pub(crate) fn int_of(message: &[(u64, Field)], number: u64) -> u64 {
    match message.iter().find(|(n, _)| *n == number) {
        Some((_, Field::Int(value))) => *value,
        _ => 0,
    }
}

pub(crate) fn blocks_of(message: &[(u64, Field)], number: u64) -> Vec<Vec<(u64, Field)>> {
    let of = message.iter().filter(|(n, _)| *n == number);
    of.filter_map(|(_, field)| match field {
        Field::Block(bytes) => Some(fields(bytes)),
        Field::Int(_) => None,
    })
    .collect()
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return value;
        }
    }
}
