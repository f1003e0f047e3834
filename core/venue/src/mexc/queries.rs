//! Questions to the venue over one kept-alive HTTP connection, one in flight, the rest in a queue.
//!
//! A reply is handed on as it came, to whoever reads its JSON. Every question has exactly one end:
//! its reply, or a [`Reply`] with status 0 when none came. Asking again is the owner's business.

pub mod question;

use core::fmt;

use model::{Mono, Span, TimerName, VenueTime};

use crate::SymbolTable;
use crate::http1::{Limits, ResponseParser, Suffix, SuffixError};
use crate::mexc::url::Query;
use crate::sign::{Credentials, Signer};
use question::Question;

/// What a connection for questions is made of.
#[derive(Clone, Debug)]
pub struct QueryConfig<'a> {
    /// The `Host` header, such as `api.mexc.com`.
    pub host: &'a str,
    /// The account's key; without one only unsigned questions can be asked.
    pub credentials: Option<Credentials>,
    /// Longest wait for a reply from the moment the request was begun, and longest wait in the
    /// queue before that.
    pub answer_wait: Span,
    /// Signed questions are taken by the venue for so long after their time, in milliseconds.
    pub recv_window_ms: u32,
    /// Caps of a reply.
    pub limits: Limits,
}

/// A connection for questions.
#[derive(Debug)]
pub struct QuerySession {
    signer: Option<Signer>,
    suffix: Suffix,
    answer_wait: Span,
    recv_window_ms: u32,
    parser: ResponseParser,
    queue: Vec<Entry>,
    /// Whether the first entry of the queue is in flight.
    flying: bool,
    buffer: Vec<u8>,
    len: usize,
    sent: usize,
    /// When bytes of the request were last offered to the transport, which is never after they
    /// went.
    offered: Mono,
    link: LinkState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LinkState {
    Down,
    Open,
    Spent,
}

/// Questions waiting or in flight at most.
pub const QUEUE_MAX: usize = 32;

/// Longest query before time and signature: 16 pairs of 24 bytes that are not ASCII.
const QUERY_MAX: usize = 16 * (24 * 3 + 3) + 32;

/// Method, path, time and signature.
const FRAME_MAX: usize = 256;

const ANSWER: TimerName = "query_answer";

#[derive(Clone, Debug)]
struct Entry {
    question: Question,
    /// When it was asked, then when its request was begun.
    since: Mono,
    len: u16,
    query: [u8; QUERY_MAX],
}

/// How a question ended.
#[derive(Debug)]
pub struct Reply<'a> {
    /// The question.
    pub question: Question,
    /// HTTP status; 0 when there was no reply, and the body is empty.
    pub http: u16,
    /// `Retry-After`; zero when not sent.
    pub retry_after: Span,
    /// The body, which its reader may overwrite.
    pub body: &'a mut [u8],
    /// Not later than the last byte of the request went; [`Mono::ZERO`] when none did.
    pub sent_at: Mono,
    /// When the last byte of the reply was read.
    pub received_at: Mono,
}

/// Why a question was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskError {
    /// The queue is full.
    Full {
        /// How many it holds.
        max: usize,
    },
    /// It must be signed and there is no key.
    NoKey,
    /// A pair of it is unknown, or its scales are.
    BadSymbol,
    /// It is longer than its buffer; no question of ours is.
    TooLong,
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { max } => write!(f, "{max} questions wait already"),
            Self::NoKey => f.write_str("the question must be signed and there is no key"),
            Self::BadSymbol => f.write_str("a pair of the question is unknown"),
            Self::TooLong => f.write_str("the question does not fit its buffer"),
        }
    }
}

impl core::error::Error for AskError {}

impl QuerySession {
    /// A session whose connection is not open yet.
    ///
    /// # Errors
    /// [`SuffixError`] when the host cannot stand in a header.
    pub fn new(config: QueryConfig<'_>) -> Result<Self, SuffixError> {
        let suffix = match &config.credentials {
            Some(credentials) => Suffix::new(
                config.host,
                &[
                    ("X-MEXC-APIKEY", credentials.access_key()),
                    ("Content-Type", "application/json"),
                ],
            )?,
            None => Suffix::new(config.host, &[("Content-Type", "application/json")])?,
        };
        Ok(Self {
            signer: config.credentials.map(|credentials| credentials.signer().clone()),
            answer_wait: config.answer_wait,
            recv_window_ms: config.recv_window_ms,
            parser: ResponseParser::new(config.limits),
            queue: Vec::with_capacity(QUEUE_MAX),
            flying: false,
            buffer: vec![0; FRAME_MAX + QUERY_MAX + suffix.as_bytes().len()],
            len: 0,
            sent: 0,
            offered: Mono::ZERO,
            link: LinkState::Down,
            suffix,
        })
    }

    /// Queues a question behind those that wait.
    ///
    /// # Errors
    /// [`AskError`]; nothing changed.
    pub fn ask(
        &mut self,
        now: Mono,
        question: Question,
        table: &SymbolTable,
    ) -> Result<(), AskError> {
        if self.queue.len() == QUEUE_MAX {
            return Err(AskError::Full { max: QUEUE_MAX });
        }
        if question.is_signed() && self.signer.is_none() {
            return Err(AskError::NoKey);
        }
        let mut entry = Entry { question, since: now, len: 0, query: [0; QUERY_MAX] };
        let mut query = Query::new(&mut entry.query, 0);
        question.write(&mut query, table).ok_or(AskError::BadSymbol)?;
        let len = query.finish().ok().and_then(|len| u16::try_from(len).ok());
        entry.len = len.ok_or(AskError::TooLong)?;
        self.queue.push(entry);
        Ok(())
    }

    /// Questions that wait or are in flight.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether there is no question.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether the connection must be closed: it is out of step, or its peer said so.
    pub fn must_close(&self) -> bool {
        self.link == LinkState::Spent
    }

    /// The connection is open.
    pub fn handle_open(&mut self) {
        self.parser.reset();
        self.link = LinkState::Open;
    }

    /// The bytes to write next. `venue_now` is the exchange's clock, which goes into signed
    /// questions; while it is [`VenueTime::NONE`], a signed question lets unsigned ones pass.
    pub fn poll_transmit(&mut self, now: Mono, venue_now: VenueTime) -> Option<&[u8]> {
        if self.link != LinkState::Open {
            return None;
        }
        if !self.flying {
            self.begin(now, venue_now);
        }
        if self.sent == self.len {
            return None;
        }
        self.offered = now;
        Some(&self.buffer[self.sent..self.len])
    }

    /// The transport took `len` of the bytes.
    pub fn handle_transmitted(&mut self, len: usize) {
        assert!(len <= self.len - self.sent, "{len} bytes taken of {}", self.len - self.sent);
        self.sent += len;
    }

    /// Bytes came. `now` must have been read after they did: the estimate of the exchange's clock
    /// rests on it.
    pub fn handle_bytes(&mut self, now: Mono, bytes: &[u8], out: &mut impl FnMut(Reply<'_>)) {
        let mut rest = bytes;
        while self.link == LinkState::Open {
            match self.parser.feed(rest) {
                Ok(taken) => rest = &rest[taken..],
                Err(_) => {
                    self.give_up(now, out);
                    return;
                }
            }
            if !self.take_response(now, out) {
                return;
            }
        }
    }

    /// The connection is gone; the question in flight ends without a reply, those that wait stay.
    pub fn handle_closed(&mut self, now: Mono, out: &mut impl FnMut(Reply<'_>)) {
        if self.link == LinkState::Open && self.parser.handle_closed() == Ok(true) {
            self.take_response(now, out);
        }
        self.give_up(now, out);
        self.link = LinkState::Down;
        self.parser.reset();
    }

    /// When the wait of the oldest question ends.
    pub fn poll_timeout(&self) -> Option<(Mono, TimerName)> {
        let oldest = self.queue.iter().map(|entry| entry.since).min()?;
        Some((oldest.after(self.answer_wait), ANSWER))
    }

    /// Ends the waits that are over. A question in flight takes the connection with it.
    pub fn handle_timeout(&mut self, now: Mono, out: &mut impl FnMut(Reply<'_>)) {
        let over = |entry: &Entry, wait| entry.since.after(wait) <= now;
        if self.flying && self.queue.first().is_some_and(|entry| over(entry, self.answer_wait)) {
            self.give_up(now, out);
        }
        let mut at = usize::from(self.flying);
        while at < self.queue.len() {
            if over(&self.queue[at], self.answer_wait) {
                let entry = self.queue.remove(at);
                out(without_reply(entry.question, Mono::ZERO, now));
            } else {
                at += 1;
            }
        }
    }

    /// Writes the request of the first question that can be asked, and puts it first.
    fn begin(&mut self, now: Mono, venue_now: VenueTime) {
        let can = |entry: &Entry| venue_now.is_some() || !entry.question.is_signed();
        let Some(at) = self.queue.iter().position(can) else { return };
        self.queue[..=at].rotate_right(1);
        let entry = &mut self.queue[0];
        entry.since = now;
        let method = entry.question.method().word().as_bytes();
        let path = entry.question.path().as_bytes();
        let mut head = Query::new(&mut self.buffer, 0);
        head.raw(method);
        head.raw(path);
        if entry.len > 0 || entry.question.is_signed() {
            head.raw(b"?");
        }
        let Ok(start) = head.finish() else { return };
        let mut query = Query::new(&mut self.buffer, start);
        query.raw(&entry.query[..usize::from(entry.len)]);
        if let Some(signer) = self.signer.as_ref().filter(|_| entry.question.is_signed()) {
            query.number("recvWindow", i64::from(self.recv_window_ms));
            query.number("timestamp", venue_now.millis());
            let signature = signer.sign(query.text());
            query.raw(b"&signature=");
            query.raw(&signature);
        }
        query.raw(self.suffix.as_bytes());
        let Ok(len) = query.finish() else { return };
        self.len = len;
        self.sent = 0;
        self.flying = true;
    }

    /// Hands on the response that waits in the parser; false without one.
    fn take_response(&mut self, now: Mono, out: &mut impl FnMut(Reply<'_>)) -> bool {
        let Some(response) = self.parser.response() else { return false };
        if !self.flying || self.sent == 0 {
            self.link = LinkState::Spent;
            return true;
        }
        if !response.keep_alive || self.sent < self.len {
            self.link = LinkState::Spent;
        }
        let entry = self.queue.remove(0);
        self.flying = false;
        self.len = 0;
        self.sent = 0;
        out(Reply {
            question: entry.question,
            http: response.status,
            retry_after: response.retry_after,
            body: response.body,
            sent_at: self.offered,
            received_at: now,
        });
        true
    }

    /// Ends the question in flight without a reply, and the connection with it.
    fn give_up(&mut self, now: Mono, out: &mut impl FnMut(Reply<'_>)) {
        self.link = LinkState::Spent;
        let sent_at = if self.sent > 0 { self.offered } else { Mono::ZERO };
        self.len = 0;
        self.sent = 0;
        if self.flying {
            self.flying = false;
            let entry = self.queue.remove(0);
            out(without_reply(entry.question, sent_at, now));
        }
    }
}

fn without_reply(question: Question, sent_at: Mono, received_at: Mono) -> Reply<'static> {
    Reply { question, http: 0, retry_after: Span::ZERO, body: &mut [], sent_at, received_at }
}

#[cfg(test)]
mod tests;
