//! The other end: a command that speaks to a running trader.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::address::{Address, AddressError};

/// Longest answer: a status with every target full of evidence is far below.
const ANSWER_MAX: u64 = 16 << 20;
/// Longest silence of the trader: its own waits for names, rules, disk and a purchase's end.
const ANSWER_WAIT: Duration = Duration::from_secs(30);

/// Why there is no answer.
#[derive(Debug)]
pub enum ClientError {
    /// Nobody listens.
    NotRunning {
        /// The data directory that was asked.
        data: PathBuf,
    },
    /// Where it listens cannot be told.
    Address(AddressError),
    /// The connection failed.
    Io(io::Error),
    /// The answer is not one.
    Answer(String),
    /// The trader said no.
    Refused(String),
    /// The request was not one that it can follow: a name or figure in it.
    Usage(String),
    /// The trader tried and could not.
    Failed(String),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRunning { data } => write!(
                f,
                "no trader runs on the data directory {}; start one with `shrike run`, or name \
                 its directory with --data",
                data.display()
            ),
            Self::Address(error) => error.fmt(f),
            Self::Io(error) => write!(f, "the trader's control inbox: {error}"),
            Self::Answer(what) => write!(f, "the trader's answer cannot be read: {what}"),
            Self::Refused(why) | Self::Usage(why) | Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ClientError {}

/// A connection to a running trader.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects to the trader of `data`.
    ///
    /// # Errors
    /// [`ClientError::NotRunning`] when nobody listens there.
    pub fn connect(data: &Path) -> Result<Self, ClientError> {
        let not_running = || ClientError::NotRunning { data: data.to_owned() };
        let socket = Address::find(data).map_err(ClientError::Address)?.ok_or_else(not_running)?;
        let dead = [io::ErrorKind::ConnectionRefused, io::ErrorKind::NotFound];
        let stream = UnixStream::connect(socket).map_err(|error| {
            if dead.contains(&error.kind()) { not_running() } else { ClientError::Io(error) }
        })?;
        stream.set_read_timeout(Some(ANSWER_WAIT)).map_err(ClientError::Io)?;
        stream.set_write_timeout(Some(ANSWER_WAIT)).map_err(ClientError::Io)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// How the trader stands: the document of `Board::status`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn status(&mut self) -> Result<Value, ClientError> {
        let mut answer = self.ask(&json!({ "cmd": "status" }))?;
        Ok(answer["status"].take())
    }

    /// Raises the kill switch to `level`; the answer's `state` is `latched` or `raised`.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn kill(&mut self, level: &str, reason: &str) -> Result<Value, ClientError> {
        self.ask(&json!({ "cmd": "kill", "level": level, "reason": reason }))
    }

    /// First step of a resume without a nonce, second with it.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when nothing is stopped or the nonce is not good.
    pub fn resume(&mut self, reason: &str, nonce: Option<&str>) -> Result<Value, ClientError> {
        self.ask(&json!({ "cmd": "resume", "reason": reason, "nonce": nonce }))
    }

    /// Sends one request and reads its answer.
    ///
    /// # Errors
    /// [`ClientError`]; `Refused` carries the trader's own words.
    pub fn ask(&mut self, request: &Value) -> Result<Value, ClientError> {
        let line = format!("{request}\n");
        self.stream.get_mut().write_all(line.as_bytes()).map_err(ClientError::Io)?;
        let mut bytes = Vec::new();
        let mut bounded = self.stream.by_ref().take(ANSWER_MAX);
        bounded.read_until(b'\n', &mut bytes).map_err(ClientError::Io)?;
        if bytes.last() != Some(&b'\n') {
            let len = bytes.len();
            return Err(ClientError::Answer(format!("it ended after {len} bytes")));
        }
        let answer: Value = serde_json::from_slice(&bytes)
            .map_err(|error| ClientError::Answer(error.to_string()))?;
        match answer["ok"].as_bool() {
            Some(true) => Ok(answer),
            Some(false) => {
                let why = answer["error"].as_str().unwrap_or("refused").to_owned();
                Err(match answer["kind"].as_str() {
                    Some("usage") => ClientError::Usage(why),
                    Some("failed") => ClientError::Failed(why),
                    _ => ClientError::Refused(why),
                })
            }
            None => Err(ClientError::Answer("it has no ok".to_owned())),
        }
    }
}
