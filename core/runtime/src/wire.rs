//! A socket, plain or under TLS, with the moment of its last read and an ordered, bounded way out.

use std::io::{self, Read, Write};

use model::Mono;

use crate::clock::Clock;
use crate::tls::TlsStream;

/// A socket as it is or under TLS.
#[derive(Debug)]
pub(crate) enum Stream<S> {
    Plain(S),
    Tls(Box<TlsStream<S>>),
}

/// What a link reads from and writes to.
///
/// Control frames that tungstenite makes and messages of the machine go through one buffer, so that
/// they never mix within a frame. HTTP bytes pass it by.
#[derive(Debug)]
pub(crate) struct Wire<S> {
    stream: Stream<S>,
    /// Framed bytes that wait for the socket, from `sent` on.
    out: Vec<u8>,
    sent: usize,
    /// When the last bytes came, until somebody asked.
    arrived: Option<Mono>,
    /// The head of the answer to an upgrade, read before tungstenite sees any of it.
    head: Head,
}

/// Gathering an answer's head.
#[derive(Debug)]
enum Head {
    /// No answer is awaited: reads go to the stream.
    Past,
    /// Bytes so far.
    Partial(Vec<u8>),
    /// The head is there (and maybe a first frame); bytes are served from the index on.
    Whole(Vec<u8>, usize),
}

/// Most framed bytes that wait for a socket.
pub(crate) const OUT_MAX: usize = 64 * 1024;

/// Longest head of an answer to an upgrade.
const HEAD_MAX: usize = 16 * 1024;

impl<S: Read + Write> Wire<S> {
    pub(crate) fn new(stream: Stream<S>) -> Self {
        Self { stream, out: Vec::new(), sent: 0, arrived: None, head: Head::Past }
    }

    /// A wire whose first bytes are the answer to an upgrade.
    pub(crate) fn upgrading(mut self) -> Self {
        self.out.reserve_exact(OUT_MAX);
        self.head = Head::Partial(Vec::new());
        self
    }

    /// Completes the TLS handshake, if there is one; `true` when done.
    pub(crate) fn shake_hands(&mut self) -> io::Result<bool> {
        match &mut self.stream {
            Stream::Plain(_) => Ok(true),
            Stream::Tls(stream) => stream.shake_hands(),
        }
    }

    /// Reads the head of the answer to an upgrade; `true` when it is whole. An upgrade library that
    /// counts small reads as an attack would refuse a slow but honest line.
    pub(crate) fn gather_head(&mut self) -> io::Result<bool> {
        let Head::Partial(mut bytes) = std::mem::replace(&mut self.head, Head::Past) else {
            return Ok(true);
        };
        let mut chunk = [0; 1024];
        let outcome = loop {
            let seen = bytes.len().saturating_sub(3);
            match self.read_stream(&mut chunk) {
                Ok(0) => break Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(len) => bytes.extend_from_slice(&chunk[..len]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(false),
                Err(error) => break Err(error),
            }
            if bytes[seen..].windows(4).any(|end| end == b"\r\n\r\n") {
                break Ok(true);
            }
            if bytes.len() > HEAD_MAX {
                break Err(io::ErrorKind::InvalidData.into());
            }
        };
        self.head = match outcome {
            Ok(true) => Head::Whole(bytes, 0),
            Ok(false) | Err(_) => Head::Partial(bytes),
        };
        outcome
    }

    /// When the bytes came that were read since the last call.
    pub(crate) const fn take_arrival(&mut self) -> Option<Mono> {
        self.arrived.take()
    }

    /// Room for framed bytes.
    pub(crate) fn room(&self) -> usize {
        OUT_MAX - (self.out.len() - self.sent)
    }

    /// Appends framed bytes through `put`, which must not append more than [`room`](Self::room).
    pub(crate) fn push(&mut self, put: impl FnOnce(&mut Vec<u8>)) {
        self.out.drain(..self.sent);
        self.sent = 0;
        put(&mut self.out);
    }

    /// Writes bytes past the buffer; how many the transport took.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.stream {
            Stream::Plain(socket) => again(|| socket.write(bytes)),
            Stream::Tls(stream) => again(|| stream.write(bytes)),
        }
    }

    /// Whether bytes wait for the socket.
    pub(crate) fn has_backlog(&self) -> bool {
        self.sent < self.out.len()
            || match &self.stream {
                Stream::Plain(_) => false,
                Stream::Tls(stream) => stream.has_backlog(),
            }
    }

    /// Writes what waits, as far as the socket takes it; `true` when nothing is left.
    pub(crate) fn drain(&mut self) -> io::Result<bool> {
        match self.drain_all() {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Ends the stream politely, as far as the socket takes it.
    pub(crate) fn say_goodbye(&mut self) {
        // The connection is dropped next, whether or not this succeeds.
        let _ = self.drain();
        match &mut self.stream {
            Stream::Plain(_) => {}
            Stream::Tls(stream) => stream.say_goodbye(),
        }
    }

    fn drain_all(&mut self) -> io::Result<()> {
        while self.sent < self.out.len() {
            let bytes = &self.out[self.sent..];
            let len = match &mut self.stream {
                Stream::Plain(socket) => again(|| socket.write(bytes))?,
                Stream::Tls(stream) => again(|| stream.write(bytes))?,
            };
            if len == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.sent += len;
        }
        self.out.clear();
        self.sent = 0;
        match &mut self.stream {
            Stream::Plain(_) => Ok(()),
            Stream::Tls(stream) => again(|| stream.push()),
        }
    }

    fn read_stream(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = match &mut self.stream {
            Stream::Plain(socket) => again(|| socket.read(buffer)),
            Stream::Tls(stream) => again(|| stream.read(buffer)),
        }?;
        self.arrived = Some(Clock.now());
        Ok(len)
    }
}

impl<S: Read + Write> Read for Wire<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Head::Whole(bytes, served) = &mut self.head else {
            return match self.head {
                Head::Partial(_) => Err(io::ErrorKind::WouldBlock.into()),
                Head::Past | Head::Whole(..) => self.read_stream(buffer),
            };
        };
        let rest = &bytes[*served..];
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        *served += len;
        if *served == bytes.len() {
            self.head = Head::Past;
        }
        Ok(len)
    }
}

/// For tungstenite: a frame is taken whole or not at all.
impl<S: Read + Write> Write for Wire<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.room() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.push(|out| out.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    /// What the socket does not take at once is a backlog that the loop drains.
    fn flush(&mut self) -> io::Result<()> {
        self.drain().map(|_| ())
    }
}

/// Repeats a call that a signal cut short.
fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives and takes at most `step` bytes a call, and would block in between.
    #[derive(Debug, Default)]
    struct Slow {
        incoming: Vec<u8>,
        taken: Vec<u8>,
        step: usize,
        calls: usize,
    }

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.calls += 1;
            if self.calls.is_multiple_of(2) || self.incoming.is_empty() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let len = self.step.min(self.incoming.len()).min(buffer.len());
            buffer[..len].copy_from_slice(&self.incoming[..len]);
            self.incoming.drain(..len);
            Ok(len)
        }
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.calls += 1;
            if self.calls.is_multiple_of(2) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let len = self.step.min(bytes.len());
            self.taken.extend_from_slice(&bytes[..len]);
            Ok(len)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn wire(incoming: &[u8], step: usize) -> Wire<Slow> {
        let slow = Slow { incoming: incoming.to_vec(), step, ..Slow::default() };
        Wire::new(Stream::Plain(slow)).upgrading()
    }

    fn socket(wire: &mut Wire<Slow>) -> &mut Slow {
        match &mut wire.stream {
            Stream::Plain(slow) => slow,
            Stream::Tls(_) => panic!("these wires are plain"),
        }
    }

    #[test]
    fn a_head_in_single_bytes_is_gathered_before_anyone_reads_it() {
        let answer = b"HTTP/1.1 101 X\r\nA: b\r\n\r\n\x82\x01z";
        let mut wire = wire(answer, 1);
        let mut byte = [0; 64];
        let mut rounds = 0;
        while !wire.gather_head().unwrap() {
            assert_eq!(wire.read(&mut byte).unwrap_err().kind(), io::ErrorKind::WouldBlock);
            rounds += 1;
            assert!(rounds < 100);
        }
        assert_eq!(wire.read(&mut byte).unwrap(), answer.len() - 3);
        socket(&mut wire).calls = 0;
        assert_eq!(wire.read(&mut byte).unwrap(), 1, "the frame is read from the stream");
    }

    #[test]
    fn an_endless_head_is_a_breach_not_a_buffer_that_grows() {
        let mut wire = wire(&[b'a'; 3 * HEAD_MAX], 1024);
        let error = loop {
            match wire.gather_head() {
                Ok(whole) => assert!(!whole),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn frames_leave_in_order_through_a_socket_that_takes_crumbs() {
        let mut wire = wire(b"", 3);
        wire.write_all(b"first ").unwrap();
        wire.flush().unwrap();
        assert!(wire.has_backlog());
        wire.push(|out| out.extend_from_slice(b"second"));
        let mut rounds = 0;
        while !wire.drain().unwrap() {
            rounds += 1;
            assert!(rounds < 100);
        }
        assert_eq!(socket(&mut wire).taken, b"first second");
        assert!(!wire.has_backlog());
    }

    #[test]
    fn a_frame_beyond_the_room_is_not_cut() {
        let mut wire = wire(b"", 0);
        assert_eq!(wire.write(&vec![0; OUT_MAX]).unwrap(), OUT_MAX);
        assert_eq!(wire.write(b"x").unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert_eq!(wire.room(), 0);
    }
}
