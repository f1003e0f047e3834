//! A capture: what the exchange sent, as it came, in lines of JSON.
//!
//! | field | what it is |
//! |---|---|
//! | `at` | when it came or was sent: nanoseconds since the Unix epoch by our clock, decimal text |
//! | `op` | `begin`, `open`, `sent`, `text`, `binary`, `rest`, `lost` or `closed` |
//! | `from` | where: host, port and path of the stream, or the path and query of a REST request |
//! | `endpoint` | of `rest` and `lost`: its name, as `shrike inspect rest` takes it |
//! | `http` | of `rest`: the status |
//! | `code` | of `closed`: the code of the WebSocket; 0 without one |
//! | `why` | of `lost` and `closed`: what went wrong, in words |
//! | `hex` | of `sent`, `text`, `binary` and `rest`: the payload, each byte as two digits |
//! | `begin` | of `begin`: form of the capture (1), venue, pairs and topics |
//!
//! A run appends its lines behind those of earlier runs; each begins with `begin`. A line that was
//! cut by the end of its writer is told when it is read, and the lines behind it are good. Lines of
//! `rest` stand where their reply came in; `at` orders them.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cli::{CliError, hex};
use crate::inspect;

/// Of the form that is written.
pub(crate) const FORM: u32 = 1;
/// Longest line: a page of the exchange twice over, and what stands around it.
const LINE_MAX: u64 = 80 << 20;

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Op {
    /// A run began.
    Begin,
    /// A connection was opened.
    Open,
    /// We sent it, as text.
    Sent,
    /// A text frame came.
    Text,
    /// A binary frame came.
    Binary,
    /// A reply came.
    Rest,
    /// No reply came.
    Lost,
    /// A connection ended.
    Closed,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) at: String,
    pub(crate) op: Op,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) from: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) http: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hex: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) begin: Option<Begin>,
}

/// What a run was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    /// [`FORM`].
    pub(crate) capture: u32,
    /// As the configuration names it.
    pub(crate) venue: String,
    /// Pairs.
    pub(crate) symbols: Vec<String>,
    /// Topics of the stream.
    pub(crate) topics: Vec<String>,
}

impl Record {
    /// One without a payload.
    pub(crate) fn bare(at: String, op: Op, from: &str) -> Self {
        Self {
            at,
            op,
            from: from.to_owned(),
            endpoint: None,
            http: None,
            code: None,
            why: None,
            hex: None,
            begin: None,
        }
    }

    /// One with a payload.
    pub(crate) fn of(at: String, op: Op, from: &str, payload: &[u8]) -> Self {
        Self { hex: Some(hex::encode(payload)), ..Self::bare(at, op, from) }
    }

    /// The same with its payload decoded as `shrike inspect` decodes it, under `decoded`; under
    /// `error` why it cannot be.
    pub(crate) fn shown(&self) -> Value {
        let mut bare = self.clone();
        bare.hex = None;
        let mut shown = json!(bare);
        match self.decoded() {
            Ok(None) => {}
            Ok(Some(decoded)) => shown["decoded"] = decoded,
            Err(why) => {
                shown["error"] = why.into();
                shown["hex"] = json!(self.hex);
            }
        }
        shown
    }

    fn decoded(&self) -> Result<Option<Value>, String> {
        let Some(digits) = &self.hex else { return Ok(None) };
        let bytes = hex::decode(digits.as_bytes()).map_err(|error| error.to_string())?;
        let decoded = match (self.op, &self.endpoint) {
            (Op::Binary, _) => inspect::frame(&bytes),
            (Op::Text, _) => inspect::control(&bytes),
            (Op::Rest, Some(endpoint)) => inspect::rest(endpoint, &bytes),
            (Op::Sent, _) => return Ok(Some(String::from_utf8_lossy(&bytes).into())),
            (Op::Rest, None) => return Err("a reply without its endpoint".to_owned()),
            (Op::Begin | Op::Open | Op::Lost | Op::Closed, _) => {
                return Err("a payload where there is none".to_owned());
            }
        };
        decoded.map(Some).map_err(|error| error.to_string())
    }
}

/// Our clock: the calendar when it was made, and steady from then on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wall {
    begun: Instant,
    epoch_ns: u128,
}

impl Wall {
    /// Reads the calendar.
    pub(crate) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { begun: Instant::now(), epoch_ns: since.as_nanos() }
    }

    /// Nanoseconds since the epoch, as text.
    pub(crate) fn now(self) -> String {
        (self.epoch_ns + self.begun.elapsed().as_nanos()).to_string()
    }
}

/// A file that lines are appended to.
#[derive(Debug)]
pub(crate) struct Writer {
    path: PathBuf,
    file: File,
    len: u64,
    len_max: u64,
}

impl Writer {
    /// Opens `path`, or makes it for its owner alone; it grows to `len_max` bytes at most.
    ///
    /// # Errors
    /// [`CliError`]: failed.
    pub(crate) fn open(path: &Path, len_max: u64) -> Result<Self, CliError> {
        let named = |error: io::Error| {
            CliError::failed(format_args!("cannot write {}: {error}", path.display()))
        };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        let mut file = options.open(path).map_err(named)?;
        let mut len = file.metadata().map_err(named)?.len();
        if !ends_whole(&mut file, len).map_err(named)? {
            file.write_all(b"\n").map_err(named)?;
            len += 1;
        }
        Ok(Self { path: path.to_owned(), file, len, len_max })
    }

    /// Appends a line; `false` when the file would grow too large and nothing was written.
    ///
    /// # Errors
    /// [`CliError`]: failed.
    pub(crate) fn write(&mut self, record: &Record) -> Result<bool, CliError> {
        let mut line = serde_json::to_vec(record).map_err(CliError::failed)?;
        line.push(b'\n');
        let len = self.len.saturating_add(line.len() as u64);
        if len > self.len_max {
            return Ok(false);
        }
        self.file.write_all(&line).map_err(|error| {
            CliError::failed(format_args!("cannot write {}: {error}", self.path.display()))
        })?;
        self.len = len;
        Ok(true)
    }

    /// Bytes of the file.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }
}

/// Whether the last line has its end.
fn ends_whole(file: &mut File, len: u64) -> io::Result<bool> {
    if len == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// The lines of a capture, in their order.
///
/// # Errors
/// [`CliError`]: failed, for a file that cannot be read, and in the place of a line that is none.
pub(crate) fn read(
    path: &Path,
) -> Result<impl Iterator<Item = Result<Record, CliError>>, CliError> {
    let shown = path.display().to_string();
    let named = move |error: &dyn std::fmt::Display| {
        CliError::failed(format_args!("cannot read {shown}: {error}"))
    };
    let mut from = BufReader::new(File::open(path).map_err(|error| named(&error))?);
    let mut number = 0_u64;
    Ok(std::iter::from_fn(move || {
        loop {
            number += 1;
            let mut line = Vec::new();
            match from.by_ref().take(LINE_MAX).read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) if line.trim_ascii().is_empty() => {}
                Ok(_) => return Some(parse(&line, number).map_err(|why| named(&why))),
                Err(error) => return Some(Err(named(&error))),
            }
        }
    }))
}

fn parse(line: &[u8], number: u64) -> Result<Record, String> {
    let record: Record = serde_json::from_slice(line)
        .map_err(|error| format!("line {number} is no record of a capture: {error}"))?;
    match &record.begin {
        Some(Begin { capture, .. }) if *capture != FORM => {
            Err(format!("line {number} begins form {capture}, and this program reads {FORM}"))
        }
        _ => Ok(record),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_is_read_back_behind_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("capture.jsonl");
        for payload in [&b"\x00\xff"[..], b"{}"] {
            let mut writer = Writer::open(&path, 10_000).unwrap();
            assert!(writer.write(&frame(payload)).unwrap());
            assert_eq!(writer.len(), std::fs::metadata(&path).unwrap().len());
        }
        let all: Vec<Record> = read(&path).unwrap().map(Result::unwrap).collect();
        assert_eq!(all, [frame(b"\x00\xff"), frame(b"{}")]);
    }

    #[test]
    fn a_cut_line_is_named_and_what_is_appended_behind_it_is_good() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("capture.jsonl");
        std::fs::write(&path, "{\"at\":\"1\",\"op\":\"bin").unwrap();
        assert!(Writer::open(&path, 10_000).unwrap().write(&frame(b"x")).unwrap());
        let mut lines = read(&path).unwrap();
        let error = lines.next().unwrap().unwrap_err().to_string();
        assert!(error.contains("line 1") && error.contains("capture.jsonl"), "{error}");
        assert_eq!(lines.next().unwrap().unwrap(), frame(b"x"));
        assert!(lines.next().is_none());
    }

    #[test]
    fn a_file_grows_to_its_bound_and_no_further() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("capture.jsonl");
        let mut writer = Writer::open(&path, 100).unwrap();
        assert!(writer.write(&frame(b"short")).unwrap());
        assert!(!writer.write(&frame(&[7; 60])).unwrap());
        assert!(std::fs::metadata(&path).unwrap().len() <= 100);
    }

    #[test]
    fn a_payload_that_cannot_be_decoded_says_why_and_stays_visible() {
        let shown = frame(b"\x0a\x05ab").shown();
        assert!(shown["error"].is_string() && shown["hex"] == "0a056162", "{shown}");
    }

    fn frame(payload: &[u8]) -> Record {
        Record::of("17".to_owned(), Op::Binary, "here:1/ws", payload)
    }
}
