//! HTTP/1.1 as a client of one kept-alive connection speaks it: responses are read from bytes in
//! any slices, request heads are written into a buffer.
//!
//! Nothing grows past its cap, and no byte is looked at twice: a hostile peer gets an error with
//! the figures, never our memory or our time.

mod chunked;
mod request;

use core::fmt;

use model::Span;

use chunked::Chunked;
pub use request::{Method, Suffix, SuffixError};

/// Caps of one response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest status line and headers together, or trailers, in bytes.
    pub head_max: usize,
    /// Longest body after decoding, in bytes.
    pub body_max: usize,
}

impl Limits {
    /// For replies to orders: a few hundred bytes are usual.
    pub const ORDERS: Self = Self { head_max: 16 * 1024, body_max: 64 * 1024 };
    /// For pages; the whole `exchangeInfo` has several MB.
    pub const PAGES: Self = Self { head_max: 16 * 1024, body_max: 8 * 1024 * 1024 };
}

/// Headers of a response at most.
pub const HEADERS_MAX: usize = 64;

/// Interim (1xx) responses before a final one at most.
pub const INTERIM_MAX: u8 = 8;

/// Reads one response after the other; its buffers are reused.
#[derive(Debug)]
pub struct ResponseParser {
    limits: Limits,
    head: Vec<u8>,
    body: Vec<u8>,
    state: State,
    status: u16,
    retry_after: Span,
    keep_alive: bool,
    interim: u8,
}

/// A whole response.
#[derive(Debug)]
pub struct Response<'a> {
    /// Status code.
    pub status: u16,
    /// `Retry-After` in seconds; zero when it was absent or a date.
    pub retry_after: Span,
    /// Whether the connection may carry another request.
    pub keep_alive: bool,
    /// The decoded body; parsers may overwrite it.
    pub body: &'a mut [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    Sized { left: usize },
    Chunked(Chunked),
    UntilClose,
    Done,
}

impl ResponseParser {
    /// A parser with its head buffer and at most 64 KiB of body buffer; the latter grows to the
    /// largest body seen.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            head: Vec::with_capacity(limits.head_max),
            body: Vec::with_capacity(limits.body_max.min(64 * 1024)),
            state: State::Head,
            status: 0,
            retry_after: Span::ZERO,
            keep_alive: true,
            interim: 0,
        }
    }

    /// Takes bytes up to the end of one response and says how many it took.
    ///
    /// Fewer than all means that a response is complete: fetch it with
    /// [`response`](Self::response), then feed the rest. Zero are taken while one waits there.
    ///
    /// # Errors
    /// [`HttpError`]; the connection must be closed and the parser [`reset`](Self::reset).
    pub fn feed(&mut self, bytes: &[u8]) -> Result<usize, HttpError> {
        let mut taken = 0;
        loop {
            let rest = &bytes[taken..];
            taken += match &mut self.state {
                State::Done => return Ok(taken),
                _ if rest.is_empty() => return Ok(taken),
                State::Head => self.feed_head(rest)?,
                State::Sized { left } => {
                    let len = rest.len().min(*left);
                    *left -= len;
                    self.body.extend_from_slice(&rest[..len]);
                    if *left == 0 {
                        self.state = State::Done;
                    }
                    len
                }
                State::Chunked(chunked) => {
                    let used = chunked.feed(rest, &mut self.body, self.limits)?;
                    if chunked.is_done() {
                        self.state = State::Done;
                    }
                    used
                }
                State::UntilClose => {
                    append(&mut self.body, rest, self.limits.body_max)?;
                    rest.len()
                }
            };
        }
    }

    /// The peer closed the connection: true when that completes a response.
    ///
    /// # Errors
    /// [`HttpError::Truncated`] inside a response.
    pub fn handle_closed(&mut self) -> Result<bool, HttpError> {
        match self.state {
            State::UntilClose => {
                self.state = State::Done;
                Ok(true)
            }
            State::Done => Ok(true),
            State::Head if self.head.is_empty() => Ok(false),
            State::Head | State::Sized { .. } | State::Chunked(_) => Err(HttpError::Truncated),
        }
    }

    /// The complete response, once; the parser is ready for the next one afterwards.
    pub fn response(&mut self) -> Option<Response<'_>> {
        if self.state != State::Done {
            return None;
        }
        self.state = State::Head;
        self.head.clear();
        self.interim = 0;
        Some(Response {
            status: self.status,
            retry_after: self.retry_after,
            keep_alive: self.keep_alive,
            body: &mut self.body,
        })
    }

    /// Whether a response has begun and not ended.
    pub fn is_inside(&self) -> bool {
        !(self.state == State::Head && self.head.is_empty())
    }

    /// Forgets everything of a connection that is gone.
    pub fn reset(&mut self) {
        self.head.clear();
        self.body.clear();
        self.state = State::Head;
        self.interim = 0;
    }

    /// Collects the head until its empty line, then reads it. Returns the bytes taken.
    fn feed_head(&mut self, bytes: &[u8]) -> Result<usize, HttpError> {
        let before = self.head.len();
        let room = self.limits.head_max - before;
        let window = &bytes[..bytes.len().min(room)];
        self.head.extend_from_slice(window);
        let from = before.saturating_sub(3);
        let Some(at) = self.head[from..].windows(4).position(|four| four == b"\r\n\r\n") else {
            if window.len() < bytes.len() {
                return Err(HttpError::HeadTooLong { max: self.limits.head_max });
            }
            return Ok(window.len());
        };
        let end = from + at + 4;
        self.head.truncate(end);
        self.read_head()?;
        Ok(end - before)
    }

    fn read_head(&mut self) -> Result<(), HttpError> {
        let head = read_head(&self.head)?;
        if (100..200).contains(&head.status) {
            self.interim += 1;
            if head.status == 101 || self.interim > INTERIM_MAX {
                return Err(HttpError::Interim { status: head.status });
            }
            self.head.clear();
            return Ok(());
        }
        self.status = head.status;
        self.retry_after = head.retry_after;
        self.body.clear();
        let bodiless = head.status == 204 || head.status == 304;
        self.state = match head.framing {
            _ if bodiless => State::Done,
            Framing::Sized(0) => State::Done,
            Framing::Sized(len) => {
                let len = usize::try_from(len).unwrap_or(usize::MAX);
                if len > self.limits.body_max {
                    return Err(HttpError::BodyTooLong { max: self.limits.body_max });
                }
                self.body.reserve_exact(len);
                State::Sized { left: len }
            }
            Framing::Chunked => State::Chunked(Chunked::new()),
            Framing::UntilClose => State::UntilClose,
        };
        self.keep_alive = head.keep_alive && self.state != State::UntilClose;
        Ok(())
    }
}

/// Appends a part of a body within its cap; growth doubles and never passes the cap.
fn append(body: &mut Vec<u8>, part: &[u8], max: usize) -> Result<(), HttpError> {
    let len = body.len() + part.len();
    if len > max {
        return Err(HttpError::BodyTooLong { max });
    }
    if len > body.capacity() {
        let target = len.max(body.capacity().saturating_mul(2)).min(max);
        body.reserve_exact(target - body.len());
    }
    body.extend_from_slice(part);
    Ok(())
}

struct Head {
    status: u16,
    retry_after: Span,
    keep_alive: bool,
    framing: Framing,
}

enum Framing {
    Sized(u64),
    Chunked,
    UntilClose,
}

fn read_head(bytes: &[u8]) -> Result<Head, HttpError> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(bytes) {
        Ok(httparse::Status::Complete(len)) if len == bytes.len() => {}
        Ok(_) => return Err(HttpError::BadHead),
        Err(httparse::Error::TooManyHeaders) => {
            return Err(HttpError::TooManyHeaders { max: HEADERS_MAX });
        }
        Err(_) => return Err(HttpError::BadHead),
    }
    let mut head = Head {
        status: response.code.ok_or(HttpError::BadHead)?,
        retry_after: Span::ZERO,
        keep_alive: response.version == Some(1),
        framing: Framing::UntilClose,
    };
    let mut length = None;
    let mut chunked = false;
    for header in response.headers.iter() {
        let value = header.value.trim_ascii();
        if header.name.eq_ignore_ascii_case("content-length") {
            let found = read_number(value).ok_or(HttpError::BadLength)?;
            if length.is_some_and(|known| known != found) {
                return Err(HttpError::BadLength);
            }
            length = Some(found);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            if chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(HttpError::Encoding);
            }
            chunked = true;
        } else if header.name.eq_ignore_ascii_case("connection") {
            for word in value.split(|&byte| byte == b',') {
                match word.trim_ascii() {
                    word if word.eq_ignore_ascii_case(b"close") => head.keep_alive = false,
                    word if word.eq_ignore_ascii_case(b"keep-alive") => head.keep_alive = true,
                    _ => {}
                }
            }
        } else if header.name.eq_ignore_ascii_case("retry-after") {
            head.retry_after = read_number(value).map_or(Span::ZERO, Span::from_secs);
        }
    }
    head.framing = match (chunked, length) {
        (true, Some(_)) => return Err(HttpError::Ambiguous),
        (true, None) => Framing::Chunked,
        (false, Some(len)) => Framing::Sized(len),
        (false, None) => Framing::UntilClose,
    };
    Ok(head)
}

/// Plain digits that fit; a sign, a space or a list is `None`.
fn read_number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |value, &byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Why bytes are no response that we read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// Status line or headers are no HTTP/1.
    BadHead,
    /// The head did not end within the cap.
    HeadTooLong {
        /// The cap in bytes.
        max: usize,
    },
    /// More headers than we hold.
    TooManyHeaders {
        /// The cap.
        max: usize,
    },
    /// `Content-Length` is no number, or two of them differ.
    BadLength,
    /// A transfer encoding other than `chunked`.
    Encoding,
    /// Both `Content-Length` and `Transfer-Encoding`: somebody is smuggling.
    Ambiguous,
    /// The size or the end of a chunk is malformed.
    BadChunk,
    /// Longer than the cap.
    BodyTooLong {
        /// The cap in bytes.
        max: usize,
    },
    /// The connection ended inside a response.
    Truncated,
    /// An upgrade we did not ask for, or interim responses without end.
    Interim {
        /// Its status.
        status: u16,
    },
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadHead => f.write_str("the head is no HTTP/1 response"),
            Self::HeadTooLong { max } => write!(f, "the head is longer than {max} bytes"),
            Self::TooManyHeaders { max } => write!(f, "more than {max} headers"),
            Self::BadLength => f.write_str("Content-Length is no single number"),
            Self::Encoding => f.write_str("a transfer encoding other than chunked"),
            Self::Ambiguous => f.write_str("both Content-Length and Transfer-Encoding"),
            Self::BadChunk => f.write_str("a chunk is malformed"),
            Self::BodyTooLong { max } => write!(f, "the body is longer than {max} bytes"),
            Self::Truncated => f.write_str("the connection ended inside a response"),
            Self::Interim { status } => write!(f, "interim response {status} not expected"),
        }
    }
}

impl core::error::Error for HttpError {}

#[cfg(test)]
mod tests;
