//! WebSocket over a wire: tungstenite reads and answers pings, this module frames what is sent.

use std::io::{self, Read, Write};

use tungstenite::error::{CapacityError, Error};
use tungstenite::handshake::MidHandshake;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{ClientHandshake, HandshakeError, Message, WebSocket};

use crate::Closed;
use crate::wire::{OUT_MAX, Wire};

/// An upgrade in flight.
pub(crate) type Upgrade<S> = MidHandshake<ClientHandshake<Wire<S>>>;

/// Largest message, and largest frame of one.
pub(crate) const MESSAGE_MAX: usize = 1 << 20;

/// Its default of 128 KiB is cleared before every read and costs a microsecond.
const READ_BUFFER: usize = 8 * 1024;

/// Head of a client's frame at its longest.
const FRAME_HEAD_MAX: usize = 14;

/// An open WebSocket.
#[derive(Debug)]
pub(crate) struct Socket<S> {
    inner: WebSocket<Wire<S>>,
    masks: u64,
}

/// What one step of an upgrade came to.
pub(crate) enum Upgraded<S: Read + Write> {
    Not(Box<Upgrade<S>>),
    Done(Box<Socket<S>>),
}

/// Sends the request to open `url`.
pub(crate) fn upgrade<S: Read + Write>(wire: Wire<S>, url: &str) -> Result<Upgraded<S>, Closed> {
    use tungstenite::client::IntoClientRequest;
    let request = url.into_client_request().map_err(|error| refused(&error))?;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(OUT_MAX)
        .max_message_size(Some(MESSAGE_MAX))
        .max_frame_size(Some(MESSAGE_MAX));
    let start = ClientHandshake::start(wire.upgrading(), request, Some(config));
    step(start.map_err(|error| refused(&error))?)
}

/// Goes on with an upgrade when its socket has something.
pub(crate) fn resume<S: Read + Write>(mut upgrade: Box<Upgrade<S>>) -> Result<Upgraded<S>, Closed> {
    let wire = upgrade.get_mut().get_mut();
    let io = wire.drain().and_then(|_| wire.gather_head());
    match io {
        Ok(true) => step(*upgrade),
        Ok(false) => Ok(Upgraded::Not(upgrade)),
        Err(_) => Err(Closed::Refused(0)),
    }
}

fn step<S: Read + Write>(upgrade: Upgrade<S>) -> Result<Upgraded<S>, Closed> {
    match upgrade.handshake() {
        Ok((inner, _)) => Ok(Upgraded::Done(Box::new(Socket { inner, masks: seed() }))),
        Err(HandshakeError::Interrupted(rest)) => Ok(Upgraded::Not(Box::new(rest))),
        Err(HandshakeError::Failure(error)) => Err(refused(&error)),
    }
}

impl<S: Read + Write> Socket<S> {
    pub(crate) fn wire(&mut self) -> &mut Wire<S> {
        self.inner.get_mut()
    }

    /// The next message; `None` when the socket has no more. At most one successful read a call.
    pub(crate) fn read(&mut self) -> Result<Option<Message>, Closed> {
        match self.inner.read() {
            Ok(Message::Ping(_)) => {
                match self.inner.flush() {
                    // No room: the answer goes out with a later read.
                    Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                    other => other.map_err(|error| broken(&error))?,
                }
                Ok(Some(Message::Pong(tungstenite::Bytes::new())))
            }
            Ok(Message::Close(frame)) => {
                // The answer leaves as far as the socket takes it; the link is dropped next.
                let _ = self.inner.flush();
                Err(Closed::Peer(frame.map_or(0, |frame| frame.code.into())))
            }
            Ok(message) => Ok(Some(message)),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(broken(&error)),
        }
    }

    /// Frames `text` and sends it as far as the socket takes it; `false` when there is no room for
    /// it yet and nothing was taken.
    pub(crate) fn send(&mut self, text: &[u8]) -> Result<bool, Closed> {
        if text.len() > OUT_MAX - FRAME_HEAD_MAX {
            return Err(Closed::Breach);
        }
        if text.len() + FRAME_HEAD_MAX > self.wire().room() {
            return Ok(false);
        }
        self.masks = self.masks.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        let mask = ((self.masks >> 32) as u32).to_be_bytes();
        let wire = self.inner.get_mut();
        wire.push(|out| frame_text(out, text, mask));
        wire.drain().map_err(|_| Closed::Broken)?;
        Ok(true)
    }

    /// Says that this end is done, as far as the socket takes it.
    pub(crate) fn say_goodbye(&mut self) {
        let _ = self.inner.close(None);
        self.wire().say_goodbye();
    }
}

/// One final text frame with a client's mask (RFC 6455, 5.2).
fn frame_text(out: &mut Vec<u8>, text: &[u8], mask: [u8; 4]) {
    const FINAL_TEXT: u8 = 0x81;
    const MASKED: u8 = 0x80;
    out.push(FINAL_TEXT);
    match (u8::try_from(text.len()), u16::try_from(text.len())) {
        (Ok(len @ 0..=125), _) => out.push(MASKED | len),
        (_, Ok(len)) => {
            out.push(MASKED | 126);
            out.extend_from_slice(&len.to_be_bytes());
        }
        _ => {
            out.push(MASKED | 127);
            out.extend_from_slice(&(text.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    out.extend(text.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// Where the masks start. They only keep proxies from reading meaning into our bytes.
fn seed() -> u64 {
    crate::clock::Clock.now().nanos() | 1
}

/// What a failed upgrade is called.
fn refused(error: &Error) -> Closed {
    match error {
        Error::Http(response) => Closed::Refused(response.status().as_u16()),
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Io(_)
        | Error::Tls(_)
        | Error::Capacity(_)
        | Error::Protocol(_)
        | Error::WriteBufferFull(_)
        | Error::Utf8(_)
        | Error::AttackAttempt
        | Error::Url(_)
        | Error::HttpFormat(_) => Closed::Refused(0),
    }
}

/// What the end of an open link is called.
fn broken(error: &Error) -> Closed {
    use tungstenite::error::ProtocolError::ResetWithoutClosingHandshake;
    match error {
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ResetWithoutClosingHandshake) => Closed::Peer(0),
        Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => Closed::Breach,
        Error::Capacity(CapacityError::MessageTooLong { .. } | CapacityError::TooManyHeaders)
        | Error::Protocol(_)
        | Error::Utf8(_)
        | Error::AttackAttempt => Closed::Breach,
        Error::Io(_)
        | Error::Tls(_)
        | Error::WriteBufferFull(_)
        | Error::Url(_)
        | Error::Http(_)
        | Error::HttpFormat(_) => Closed::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;
    use tungstenite::protocol::Role;

    #[test]
    fn every_length_of_text_is_framed_as_a_server_reads_it() {
        for len in [0, 1, 125, 126, 127, 400, 65_535, 65_536, 70_000] {
            let text: Vec<u8> = (0..len).map(|at| b'a' + (at % 26) as u8).collect();
            let mut bytes = Vec::new();
            frame_text(&mut bytes, &text, [1, 0xff, 7, 0x80]);
            assert!(bytes.len() <= len + FRAME_HEAD_MAX);
            let mut server = WebSocket::from_raw_socket(Cursor::new(bytes), Role::Server, None);
            assert_eq!(server.read().unwrap().into_data(), text);
        }
    }
}
