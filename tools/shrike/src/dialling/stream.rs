//! One blocking WebSocket beside the trading: what captures and probes listen with.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use runtime::{Call, CallError, Endpoint};
use tungstenite::client::{IntoClientRequest, client_with_config};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, HandshakeError, Message, WebSocket};
use venue::mexc::codec::control;

/// Longest wait for a connection and for the upgrade's answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest read: how late a signal or a deadline is noticed.
const LOOK: Duration = Duration::from_millis(100);
/// Largest message, as for the trader's links.
const MESSAGE_MAX: usize = 1 << 20;
/// The exchange closes after 60 s without traffic of ours.
const PING_EVERY: Duration = Duration::from_secs(20);

/// An open connection.
pub(crate) struct Stream {
    socket: WebSocket<Call>,
    pinged: Instant,
}

/// What came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// A text frame.
    Text(Vec<u8>),
    /// A binary frame.
    Binary(Vec<u8>),
    /// Nothing, in the time allowed for it.
    Nothing,
    /// The end, with the code of the exchange; 0 without one.
    Closed(u16),
}

/// Why there is no connection. Holds no path: a listen key may stand in it.
#[derive(Debug)]
pub(crate) enum StreamError {
    /// No connection.
    Call(CallError),
    /// The upgrade was refused with this HTTP status.
    Refused(u16),
    /// It broke.
    Broken(String),
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => write!(f, "{error}"),
            Self::Refused(http) => write!(f, "the stream was refused with HTTP {http}"),
            Self::Broken(why) => write!(f, "the stream broke: {why}"),
        }
    }
}

impl std::error::Error for StreamError {}

impl Stream {
    /// Opens `path`, which begins with `/`.
    ///
    /// # Errors
    /// [`StreamError`].
    pub(crate) fn open(endpoint: &Endpoint, path: &str) -> Result<Self, StreamError> {
        let call = Call::open(endpoint, PATIENCE).map_err(StreamError::Call)?;
        let scheme = if endpoint.tls.is_some() { "wss" } else { "ws" };
        let host = match endpoint.host.contains(':') {
            true => format!("[{}]", endpoint.host),
            false => endpoint.host.clone(),
        };
        let url = format!("{scheme}://{host}:{}{path}", endpoint.port);
        let request = url.into_client_request().map_err(|error| broken(&error))?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_MAX))
            .max_frame_size(Some(MESSAGE_MAX));
        let opened = client_with_config(request, call, Some(config));
        let (socket, _) = opened.map_err(|error| match error {
            HandshakeError::Failure(Error::Http(response)) => {
                StreamError::Refused(response.status().as_u16())
            }
            HandshakeError::Failure(error) => broken(&error),
            HandshakeError::Interrupted(_) => StreamError::Broken("no answer in time".to_owned()),
        })?;
        let looked = socket.get_ref().set_patience(LOOK);
        looked.map_err(|error| StreamError::Broken(error.to_string()))?;
        Ok(Self { socket, pinged: Instant::now() })
    }

    /// Asks for topics and gives back what was sent; the answer carries `id`.
    ///
    /// # Errors
    /// [`StreamError::Broken`].
    pub(crate) fn subscribe(&mut self, id: u64, topics: &[String]) -> Result<Vec<u8>, StreamError> {
        let mut text = Vec::new();
        control::write_subscribe(id, topics.iter().map(String::as_str), &mut text);
        self.send(&text)?;
        Ok(text)
    }

    /// What comes until `until`. Keeps the connection alive meanwhile.
    ///
    /// # Errors
    /// [`StreamError::Broken`].
    pub(crate) fn read(&mut self, until: Instant) -> Result<Came, StreamError> {
        loop {
            if self.pinged.elapsed() >= PING_EVERY {
                self.pinged = Instant::now();
                let mut ping = Vec::new();
                control::write_ping(&mut ping);
                self.send(&ping)?;
            }
            match self.socket.read() {
                Ok(Message::Text(text)) => return Ok(Came::Text(text.as_bytes().to_vec())),
                Ok(Message::Binary(bytes)) => return Ok(Came::Binary(bytes.to_vec())),
                Ok(Message::Close(frame)) => {
                    // The answer leaves as far as it can; the connection is dropped next.
                    let _ = self.socket.flush();
                    return Ok(Came::Closed(frame.map_or(0, |frame| frame.code.into())));
                }
                // Pings are answered by the next read.
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Err(Error::Io(error)) if is_wait(&error) => {}
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => return Ok(Came::Closed(0)),
                Err(error) => return Err(broken(&error)),
            }
            if Instant::now() >= until {
                return Ok(Came::Nothing);
            }
        }
    }

    /// Says that this end is done.
    pub(crate) fn close(mut self) {
        // Whoever does not hear it sees the connection end.
        let _ = self.socket.close(None);
        let _ = self.socket.flush();
    }

    fn send(&mut self, text: &[u8]) -> Result<(), StreamError> {
        let text = std::str::from_utf8(text);
        let text = text.map_err(|error| StreamError::Broken(error.to_string()))?;
        self.socket.send(Message::text(text)).map_err(|error| broken(&error))
    }
}

fn is_wait(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), TimedOut | WouldBlock | Interrupted)
}

fn broken(error: &Error) -> StreamError {
    // What a URL error says would repeat the path.
    let is_address = matches!(error, Error::Url(_) | Error::HttpFormat(_));
    let why = match is_address {
        true => "its address cannot be asked for".to_owned(),
        false => error.to_string(),
    };
    StreamError::Broken(why)
}
