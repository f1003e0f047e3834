//! A signed order to the exchange's test endpoint, over a connection of its own: what comes back
//! is what the exchange would say to the order, and nothing is placed.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};

use model::{AccountId, Event, Request, Span, SymbolId};
use runtime::Clock;
use scout::{Dialer, Stream};
use serde_json::{Value, json};
use venue::SymbolTable;
use venue::mexc::orders::{OrderConfig, OrderSession, Rehearsal};
use venue::sign::Credentials;

use crate::board::Pair;

/// Longest wait for the exchange's word.
const REPLY_WAIT: Span = Span::from_secs(3);

/// Where rehearsals go, and with whose keys.
#[derive(Debug)]
pub struct Rehearsals {
    dialer: Dialer,
    host: String,
    credentials: Vec<Credentials>,
}

/// Why there is no word of the exchange.
#[derive(Debug)]
pub enum RehearsalError {
    /// The connection failed.
    Io(io::Error),
    /// The host cannot stand in a header, or the pair has no place in a table.
    Unusable(String),
}

impl fmt::Display for RehearsalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => {
                write!(
                    f,
                    "the exchange cannot be reached for a rehearsal: {error}; nothing was sent"
                )
            }
            Self::Unusable(what) => write!(f, "the rehearsal cannot be written: {what}"),
        }
    }
}

impl From<io::Error> for RehearsalError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Rehearsals {
    /// Through `dialer` to `host`, with the credentials of each account.
    pub fn new(dialer: Dialer, host: String, credentials: Vec<Credentials>) -> Self {
        Self { dialer, host, credentials }
    }

    pub(super) fn dial(&self) -> Result<Stream, RehearsalError> {
        Ok(self.dialer.dial()?)
    }

    /// Sends the order to the test endpoint and waits for the answer.
    pub(super) fn rehearse(
        &self,
        mut stream: Stream,
        request: &Request,
        pair: &Pair,
    ) -> Result<Rehearsal, RehearsalError> {
        let unusable = |what: &dyn fmt::Display| RehearsalError::Unusable(what.to_string());
        let credentials = self.credentials.get(request.account.index());
        let credentials = credentials
            .ok_or_else(|| unusable(&"the account has no key here; on paper nothing is signed"))?
            .clone();
        let (table, request) = alone(request, pair).ok_or_else(|| unusable(&"its name"))?;
        let config = OrderConfig {
            account: request.account,
            host: &self.host,
            credentials,
            ack_wait: REPLY_WAIT,
        };
        let mut session = OrderSession::new(config).map_err(|error| unusable(&error))?;
        session.handle_open(Clock.now());
        session.test_order(Clock.now(), &request, &table).map_err(|error| unusable(&error))?;
        let mut silent = |_: Event| {};
        while let Some(bytes) = session.poll_transmit() {
            let sent = match stream.write(bytes).and_then(|len| stream.flush().map(|()| len)) {
                Ok(0) => return Err(io::Error::from(ErrorKind::WriteZero).into()),
                Ok(len) => len,
                Err(error) if is_slow(&error) => 0,
                Err(error) => return Err(error.into()),
            };
            session.handle_transmitted(Clock.now(), sent, &mut silent);
            session.handle_timeout(Clock.now(), &mut silent);
        }
        let mut bytes = [0; 4_096];
        loop {
            match stream.read(&mut bytes) {
                Ok(0) => session.handle_closed(Clock.now(), &mut silent),
                Ok(len) => session.handle_bytes(Clock.now(), &bytes[..len], &mut silent),
                Err(error) if is_slow(&error) => session.handle_timeout(Clock.now(), &mut silent),
                Err(_) => session.handle_closed(Clock.now(), &mut silent),
            }
            if let Some(rehearsal) = session.poll_rehearsal() {
                return Ok(rehearsal);
            }
        }
    }
}

/// A table of that pair alone, and the request by its number there.
fn alone(request: &Request, pair: &Pair) -> Option<(SymbolTable, Request)> {
    let mut table = SymbolTable::new();
    let symbol: SymbolId = table.add(&pair.name, &pair.base, &pair.quote)?;
    table.set_scales(symbol, pair.price_decimals, pair.qty_decimals);
    Some((table, Request { symbol, ..*request }))
}

/// Adds the exchange's word to an answer.
pub(super) fn tell(told: &mut Value, found: &Rehearsal, request: &Request, pair: &Pair) {
    let advice = venue::mexc::errors::advice(found.code);
    let (state, message) = match (found.class, found.http) {
        (None, _) => (
            "passed",
            "the exchange would take it: key, permission, precision and size are good".to_owned(),
        ),
        (Some(_), 0) => {
            ("no_reply", "no reply came; whether the exchange would take it is unknown".to_owned())
        }
        (Some(_), http) => {
            let why = if advice.is_empty() { "its code says why" } else { advice };
            ("not_passed", format!("the exchange answered HTTP {http}, code {}: {why}", found.code))
        }
    };
    told["state"] = state.into();
    told["message"] = message.into();
    told["rehearsal"] = json!({
        "http": found.http,
        "code": found.code,
        "class": found.class.map(|class| format!("{class:?}")),
        "round_trip_ns": found.round_trip.nanos(),
        "account": (request.account != AccountId::NONE).then_some(request.account.0),
        "symbol": pair.name,
        "side": request.side.name(),
        "kind": request.kind.name(),
        "price": pair.figures().price(request.price),
        "qty": pair.figures().qty(request.qty),
        "recv_window_ms": request.recv_window_ms,
    });
}

fn is_slow(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
