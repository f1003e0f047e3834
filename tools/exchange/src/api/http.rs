//! HTTP/1.1 without sockets: bytes in, bytes out, any slicing, pipelining, keep-alive.

use std::collections::VecDeque;
use std::fmt::Write;
use std::net::IpAddr;

use model::VenueTime;

use super::query::Params;
use super::{Effect, Request, respond};
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::personality::BanBody;

/// Longest head of a request.
const HEAD_MAX: usize = 16 * 1024;
/// Longest body of a request.
const BODY_MAX: usize = 256 * 1024;
/// Reply bytes that wait for a slow reader; more end the connection.
const OUTPUT_MAX: usize = 64 * 1024 * 1024;

/// One client connection.
#[derive(Debug)]
pub struct HttpConn {
    peer: IpAddr,
    input: Vec<u8>,
    output: Vec<u8>,
    written: usize,
    later: VecDeque<(VenueTime, Vec<u8>)>,
    body: String,
    closing: bool,
    order_requests: u64,
    /// The second and its text in the form of the header `Date`.
    date: (i64, String),
}

impl HttpConn {
    /// A connection from `peer`, whose address the budgets count by.
    pub fn new(peer: IpAddr) -> Self {
        Self {
            peer,
            input: Vec::new(),
            output: Vec::new(),
            written: 0,
            later: VecDeque::new(),
            body: String::new(),
            closing: false,
            order_requests: 0,
            date: (i64::MIN, String::new()),
        }
    }

    /// Takes received bytes and answers every request that is complete.
    pub fn handle_bytes(&mut self, now: VenueTime, bytes: &[u8], exchange: &mut Exchange) {
        exchange.advance(now);
        if self.closing {
            return;
        }
        self.input.extend_from_slice(bytes);
        let input = std::mem::take(&mut self.input);
        let mut at = 0;
        while !self.closing && at < input.len() {
            match read_request(&input[at..]) {
                Read::More => break,
                Read::Bad(error) => self.refuse(now, &error),
                Read::Whole { request, len } => {
                    self.answer(exchange, &request);
                    at += len;
                }
            }
        }
        self.input = input;
        self.input.drain(..at);
        if self.output.len() > OUTPUT_MAX {
            self.closing = true;
        }
    }

    /// Reply bytes that are due and not yet written.
    pub fn poll_transmit(&mut self, now: VenueTime) -> Option<&[u8]> {
        while self.later.front().is_some_and(|(due, _)| *due <= now) {
            if let Some((_, reply)) = self.later.pop_front() {
                self.output.extend_from_slice(&reply);
            }
        }
        (self.written < self.output.len()).then(|| &self.output[self.written..])
    }

    /// Says that the first `len` bytes of [`poll_transmit`](Self::poll_transmit) were written.
    pub fn transmitted(&mut self, len: usize) {
        self.written += len;
        if self.written >= self.output.len() {
            self.output.clear();
            self.written = 0;
        }
    }

    /// When a delayed reply is due.
    pub fn poll_timeout(&self) -> Option<VenueTime> {
        self.later.front().map(|(due, _)| *due)
    }

    /// Whether the connection is to be closed: everything is written and nothing may follow.
    pub fn is_finished(&self) -> bool {
        self.closing && self.later.is_empty() && self.output.is_empty()
    }

    /// Whether nothing is half read, waits or is half written.
    pub(crate) fn is_idle(&self) -> bool {
        !self.closing && self.input.is_empty() && self.later.is_empty() && self.output.is_empty()
    }

    /// Whose connection it is.
    pub(crate) fn peer(&self) -> IpAddr {
        self.peer
    }

    /// Order requests (place, cancel) answered so far.
    pub fn order_requests(&self) -> u64 {
        self.order_requests
    }

    fn answer(&mut self, exchange: &mut Exchange, request: &Request<'_>) {
        let mut body = std::mem::take(&mut self.body);
        body.clear();
        self.order_requests +=
            u64::from(request.path == "/api/v3/order" && request.method != "GET");
        let (status, retry, effect) = match respond(exchange, self.peer, request, &mut body) {
            Ok(effect) => (effect.status.unwrap_or(200), None, effect),
            Err(error) => {
                let error = exchange.in_its_language(error);
                body.clear();
                let bare = error.http == 418 && exchange.personality.ban_body == BanBody::Empty;
                if !bare {
                    let msg = super::json::Quoted(&error.msg);
                    let _ = write!(body, "{{\"code\":{},\"msg\":{msg}", error.code);
                    // The one code that was recorded with a third field.
                    let more = if error.code == -1128 { ",\"_extend\":null}" } else { "}" };
                    body.push_str(more);
                }
                (error.http, error.retry_after_s, Effect::default())
            }
        };
        self.closing |= request.close || effect.lost;
        if !effect.lost {
            let now = exchange.now;
            let due = now
                .after(effect.delay.plus(model::Span::from_micros(exchange.rules.reply_delay_us)));
            let due = self.later.back().map_or(due, |(last, _)| due.max(*last));
            self.reply(now, due, status, retry, effect.html, &body);
        }
        self.body = body;
    }

    fn reply(
        &mut self,
        now: VenueTime,
        due: VenueTime,
        status: u16,
        retry: Option<u64>,
        html: bool,
        body: &str,
    ) {
        let second = now.millis().div_euclid(1_000);
        if self.date.0 != second {
            self.date = (second, crate::candle::http_date(second));
        }
        let mut late = Vec::new();
        let out = if due > now { &mut late } else { &mut self.output };
        use std::io::Write as _;
        let kind = if html { "text/html" } else { "application/json;charset=utf-8" };
        let _ = write!(
            out,
            "HTTP/1.1 {status} {}\r\nDate: {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n",
            reason(status),
            self.date.1,
            body.len()
        );
        if let Some(seconds) = retry {
            let _ = write!(out, "Retry-After: {seconds}\r\n");
        }
        let close: &[u8] = if self.closing { b"Connection: close\r\n\r\n" } else { b"\r\n" };
        out.extend_from_slice(close);
        out.extend_from_slice(body.as_bytes());
        if due > now {
            self.later.push_back((due, late));
        }
    }

    fn refuse(&mut self, now: VenueTime, error: &ApiError) {
        self.closing = true;
        let body = format!("{{\"code\":{},\"msg\":\"{}\"}}", error.code, error.msg);
        let due = self.later.back().map_or(now, |(last, _)| *last);
        self.reply(now, due, error.http, None, false, &body);
    }
}

enum Read<'a> {
    More,
    Bad(ApiError),
    Whole { request: Request<'a>, len: usize },
}

fn read_request(input: &[u8]) -> Read<'_> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    let head = match parsed.parse(input) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) if input.len() > HEAD_MAX => {
            return Read::Bad(ApiError::new(431, 431, "head too long"));
        }
        Ok(httparse::Status::Partial) => return Read::More,
        Err(_) => return Read::Bad(ApiError::new(400, 400, "not a request")),
    };
    let header = |name: &str| {
        let found = parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.and_then(|header| std::str::from_utf8(header.value).ok())
    };
    if header("Transfer-Encoding").is_some() {
        return Read::Bad(ApiError::new(501, 501, "transfer encodings are not supported"));
    }
    let len = match header("Content-Length").map(|text| text.trim().parse::<usize>()) {
        None => 0,
        Some(Ok(len)) if len <= BODY_MAX => len,
        Some(Ok(_)) => return Read::Bad(ApiError::new(413, 413, "body too long")),
        Some(Err(_)) => return Read::Bad(ApiError::new(400, 400, "Content-Length is no number")),
    };
    let Some(body) = input.get(head..head + len) else { return Read::More };
    let Ok(body) = std::str::from_utf8(body) else {
        return Read::Bad(ApiError::new(400, 700_008, "illegal characters"));
    };
    let target = parsed.path.unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let asks = |value: &str| header("Connection").is_some_and(|v| v.eq_ignore_ascii_case(value));
    let request = Request {
        method: parsed.method.unwrap_or(""),
        path,
        params: Params { query, body },
        key: header("X-MEXC-APIKEY"),
        content_type: header("Content-Type"),
        close: asks("close") || (parsed.version == Some(0) && !asks("keep-alive")),
    };
    Read::Whole { request, len: head + len }
}

/// What the first request of a connection is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum First {
    /// The head is not complete.
    More,
    /// A plain request, or nonsense that the HTTP side answers.
    Http,
    /// A WebSocket handshake for `target`; its head has `len` bytes.
    WebSocket { target: String, key: String, len: usize },
}

pub(crate) fn first_request(input: &[u8]) -> First {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(input) {
        Ok(httparse::Status::Complete(len)) => {
            let header = |name: &str| {
                let found = parsed.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name));
                found.and_then(|header| std::str::from_utf8(header.value).ok())
            };
            let upgrade = header("Upgrade").is_some_and(|v| v.eq_ignore_ascii_case("websocket"));
            match (upgrade, header("Sec-WebSocket-Key")) {
                (true, Some(key)) => First::WebSocket {
                    target: parsed.path.unwrap_or("/").to_owned(),
                    key: key.to_owned(),
                    len,
                },
                _ => First::Http,
            }
        }
        Ok(httparse::Status::Partial) if input.len() <= HEAD_MAX => First::More,
        Ok(httparse::Status::Partial) | Err(_) => First::Http,
    }
}

pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        418 => "I'm a teapot",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}
