//! Questions to the exchange over one blocking connection: signed like the trader's, and dialled,
//! bound and secured like its links. What it asks changes nothing, but for the orders of
//! `shrike conform`, which are sent once and never again.

use std::fmt;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use runtime::{Call, CallError, Endpoint, Secured};
use venue::http1::{HttpError, Limits, Method, ResponseParser, Suffix, SuffixError};
use venue::mexc::json::{ApiError, JsonError, JsonReader, ServerTime};
use venue::sign::Credentials;
use zeroize::Zeroizing;

/// Longest wait for a connection, a handshake step or a piece of a reply.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest time for all questions of one connection together: a start that has something to sell
/// waits for them.
const PATIENCE_IN_ALL: Duration = Duration::from_secs(20);
/// How old a signed question may be when it arrives.
const RECV_WINDOW_MS: u32 = 5_000;

/// A connection that questions go over.
pub(crate) struct Asker {
    endpoint: Endpoint,
    call: Option<Call>,
    parser: ResponseParser,
    reader: JsonReader,
    key: Option<Credentials>,
    suffix: Suffix,
    clock: Option<ClockSeen>,
    until: Instant,
}

/// The exchange's clock as one question showed it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClockSeen {
    /// When the reply came.
    at: Instant,
    /// What it said then, in milliseconds since 1970: its word and half the way.
    venue_ms: i64,
    /// How much it may be off: half of the way there and back, and the millisecond it is told in.
    pub(crate) error: Duration,
    /// The host's calendar minus the exchange's, in milliseconds.
    pub(crate) host_ahead_ms: i64,
}

/// A reply.
#[derive(Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) http: u16,
    /// The exchange's code; 0 when there is none.
    pub(crate) code: i32,
    /// Its words. They may repeat what was sent: never printed.
    pub(crate) text: String,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// Why there is no reply. Holds nothing of what was sent.
#[derive(Debug)]
pub(crate) enum AskError {
    /// The host or the key cannot stand in a request.
    Header(SuffixError),
    /// No connection.
    Call(CallError),
    /// It broke, or nothing came in time.
    Io(io::Error),
    /// What came is no HTTP.
    Http(HttpError),
    /// What came is not what was asked for.
    Json(JsonError),
    /// A refusal where there is nothing to refuse.
    Refused {
        /// HTTP status.
        http: u16,
        /// The exchange's code.
        code: i32,
    },
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(error) => write!(f, "{error}"),
            Self::Call(error) => write!(f, "{error}"),
            Self::Io(error) => write!(f, "the connection broke: {error}"),
            Self::Http(error) => write!(f, "the reply is no HTTP: {error}"),
            Self::Json(error) => write!(f, "the reply is not what was asked for: {error}"),
            Self::Refused { http, code } => write!(f, "HTTP {http}, code {code}"),
        }
    }
}

impl std::error::Error for AskError {}

impl Asker {
    /// One that is not connected yet; without a key it asks public questions only.
    pub(crate) fn new(endpoint: Endpoint, key: Option<Credentials>) -> Result<Self, AskError> {
        let json = ("Content-Type", "application/json");
        let suffix = match &key {
            Some(key) => Suffix::new(&endpoint.host, &[("X-MEXC-APIKEY", key.access_key()), json]),
            None => Suffix::new(&endpoint.host, &[json]),
        };
        Ok(Self {
            endpoint,
            call: None,
            parser: ResponseParser::new(Limits::PAGES),
            reader: JsonReader::new(JsonReader::PAGE),
            key,
            suffix: suffix.map_err(AskError::Header)?,
            clock: None,
            until: Instant::now() + PATIENCE_IN_ALL,
        })
    }

    /// With so long for all questions together.
    pub(crate) fn within(mut self, all: Duration) -> Self {
        self.until = Instant::now() + all;
        self
    }

    /// What secures the connection; `None` for plain TCP or without one.
    pub(crate) fn secured(&self) -> Option<Secured> {
        self.call.as_ref().and_then(Call::secured)
    }

    /// Asks for the exchange's clock three times and keeps the reply of the shortest way; signed
    /// questions carry the time that it says.
    pub(crate) fn clock(&mut self) -> Result<ClockSeen, AskError> {
        let mut best = self.clock_once()?;
        for _ in 0..2 {
            let next = self.clock_once()?;
            if next.error < best.error {
                best = next;
            }
        }
        self.clock = Some(best);
        Ok(best)
    }

    fn clock_once(&mut self) -> Result<ClockSeen, AskError> {
        self.connect()?;
        let (before, wall) = (Instant::now(), super::wall_ms());
        let answer = self.public("/api/v3/time", "")?;
        let (at, way) = (Instant::now(), before.elapsed());
        let document = self.reader.parse(&answer.body).map_err(AskError::Json)?;
        let ServerTime { server_time } = document.read().map_err(AskError::Json)?;
        let half = way / 2;
        let half_ms = i64::try_from(half.as_millis()).unwrap_or(i64::MAX);
        let venue_ms = server_time.millis().saturating_add(half_ms);
        Ok(ClockSeen {
            at,
            venue_ms,
            error: half + Duration::from_millis(1),
            host_ahead_ms: wall.saturating_add(half_ms).saturating_sub(server_time.millis()),
        })
    }

    /// A question that needs no key.
    pub(crate) fn public(&mut self, path: &str, query: &str) -> Result<Answer, AskError> {
        let answer = self.unsigned(Method::Get, path, query)?;
        match answer.http {
            200 => Ok(answer),
            http => Err(AskError::Refused { http, code: answer.code }),
        }
    }

    /// The same, whatever is answered.
    pub(crate) fn unsigned(
        &mut self,
        method: Method,
        path: &str,
        query: &str,
    ) -> Result<Answer, AskError> {
        self.send(method, path, query.as_bytes())
    }

    /// A question that is signed. Asks for the clock first when nobody did.
    pub(crate) fn signed(
        &mut self,
        method: Method,
        path: &str,
        query: &str,
    ) -> Result<Answer, AskError> {
        let signed = self.sign(query, RECV_WINDOW_MS, 0)?;
        self.send(method, path, &signed)
    }

    /// A request that does something: it is sent over an open connection, and once, whatever comes
    /// of it. Its time is `shift_ms` off the exchange's, and it is good for `window_ms`.
    pub(crate) fn once(
        &mut self,
        method: Method,
        path: &str,
        query: &str,
        window_ms: u32,
        shift_ms: i64,
    ) -> Result<Answer, AskError> {
        self.connect()?;
        let signed = self.sign(query, window_ms, shift_ms)?;
        self.send_once(method, path, &signed)
    }

    fn sign(
        &mut self,
        query: &str,
        window_ms: u32,
        shift_ms: i64,
    ) -> Result<Zeroizing<Vec<u8>>, AskError> {
        let clock = match self.clock {
            Some(clock) => clock,
            None => self.clock()?,
        };
        let Some(key) = &self.key else {
            return Err(AskError::Refused { http: 0, code: 400 });
        };
        let since = i64::try_from(clock.at.elapsed().as_millis()).unwrap_or(i64::MAX);
        let timestamp = clock.venue_ms.saturating_add(since).saturating_add(shift_ms);
        let joint = if query.is_empty() { "" } else { "&" };
        let mut signed = Zeroizing::new(Vec::with_capacity(query.len() + 160));
        let whole = write!(signed, "{query}{joint}recvWindow={window_ms}&timestamp={timestamp}");
        whole.map_err(AskError::Io)?;
        let signature = Zeroizing::new(key.signer().sign(&signed));
        signed.extend_from_slice(b"&signature=");
        signed.extend_from_slice(&*signature);
        Ok(signed)
    }

    /// What the body of an answer says.
    pub(crate) fn read<T>(
        &mut self,
        body: &[u8],
        with: impl FnOnce(&venue::mexc::json::Document<'_>) -> Result<T, JsonError>,
    ) -> Result<T, AskError> {
        let document = self.reader.parse(body).map_err(AskError::Json)?;
        with(&document).map_err(AskError::Json)
    }

    fn connect(&mut self) -> Result<(), AskError> {
        if self.call.is_none() {
            self.parser.reset();
            self.call = Some(Call::open(&self.endpoint, PATIENCE).map_err(AskError::Call)?);
        }
        Ok(())
    }

    /// One request and its reply. A kept connection that its peer closed meanwhile is opened anew,
    /// once; nothing that is asked here does anything twice.
    fn send(&mut self, method: Method, path: &str, query: &[u8]) -> Result<Answer, AskError> {
        let kept = self.call.is_some();
        match self.send_once(method, path, query) {
            Err(AskError::Io(_)) if kept => self.send_once(method, path, query),
            other => other,
        }
    }

    fn send_once(&mut self, method: Method, path: &str, query: &[u8]) -> Result<Answer, AskError> {
        if Instant::now() > self.until {
            return Err(AskError::Io(io::ErrorKind::TimedOut.into()));
        }
        self.connect()?;
        let mut request = Zeroizing::new(Vec::with_capacity(1_024));
        request.extend_from_slice(method.word().as_bytes());
        request.extend_from_slice(path.as_bytes());
        if !query.is_empty() {
            request.push(b'?');
            request.extend_from_slice(query);
        }
        request.extend_from_slice(self.suffix.as_bytes());
        let answer = self.exchange(&request);
        if answer.is_err() {
            self.call = None;
        }
        answer
    }

    fn exchange(&mut self, request: &[u8]) -> Result<Answer, AskError> {
        let Some(call) = &mut self.call else {
            return Err(AskError::Io(io::ErrorKind::NotConnected.into()));
        };
        call.write_all(request).and_then(|()| call.flush()).map_err(AskError::Io)?;
        let mut piece = [0; 16 * 1024];
        loop {
            let len = call.read(&mut piece).map_err(AskError::Io)?;
            let whole = match len {
                0 => self.parser.handle_closed().map_err(AskError::Http)?,
                _ => self.parser.feed(&piece[..len]).map(|_| false).map_err(AskError::Http)?,
            };
            let Some(response) = self.parser.response() else {
                if len == 0 && !whole {
                    return Err(AskError::Io(io::ErrorKind::UnexpectedEof.into()));
                }
                continue;
            };
            let (http, body) = (response.status, response.body.to_vec());
            if !response.keep_alive || len == 0 {
                self.call = None;
            }
            let (code, text) = refusal(&mut self.reader, &body);
            return Ok(Answer { http, code, text, body });
        }
    }
}

/// Code and words of a body that refuses; 0 and none of another.
fn refusal(reader: &mut JsonReader, body: &[u8]) -> (i32, String) {
    let Ok(document) = reader.parse(body) else { return (0, String::new()) };
    let read: Result<ApiError<'_>, JsonError> = document.read();
    read.map_or((0, String::new()), |error| (error.code, error.text.to_owned()))
}
