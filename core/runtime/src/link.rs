//! One connection from dial to close, whatever is spoken over it.

use std::io::{self};

use mio::{Interest, Registry, Token};
use model::{Mono, Span};
use rustls_pki_types::ServerName;
use tungstenite::Message;

use crate::dial::{Endpoint, Socket, Tuning};
use crate::tls::{TlsError, TlsStream};
use crate::websocket::{self, Upgrade, Upgraded};
use crate::wire::{Stream, Wire};
use crate::{Closed, LinkId, LinkKind};

/// A link and what the loop remembers of it.
#[derive(Debug)]
pub(crate) struct Link<S: Socket> {
    pub(crate) id: LinkId,
    pub(crate) kind: LinkKind,
    pub(crate) endpoint: Endpoint,
    name: Option<ServerName<'static>>,
    phase: Phase<S>,
    dials: usize,
    /// When a handshake must be over.
    pub(crate) deadline: Mono,
    /// Whether the socket may have something that was not read.
    pub(crate) readable: bool,
    /// Whether the socket may take bytes again.
    pub(crate) writable: bool,
    /// Whether it took no more when something was sent last.
    pub(crate) blocked: bool,
    /// Whether the machine wanted it when asked last.
    pub(crate) wanted: bool,
}

/// How far a connection has come.
#[derive(Debug)]
enum Phase<S: Socket> {
    Down,
    Connecting(S),
    Securing(Wire<S>),
    Upgrading(Box<Upgrade<S>>),
    WebSocket(Box<websocket::Socket<S>>),
    Http(Wire<S>),
}

impl<S: Socket> Link<S> {
    /// A link that is down.
    pub(crate) fn new(id: LinkId, kind: LinkKind, endpoint: Endpoint) -> Result<Self, TlsError> {
        let name = endpoint.checked_name()?;
        Ok(Self {
            id,
            kind,
            endpoint,
            name,
            phase: Phase::Down,
            dials: 0,
            deadline: Mono::NEVER,
            readable: false,
            writable: false,
            blocked: false,
            wanted: false,
        })
    }

    pub(crate) const fn is_down(&self) -> bool {
        matches!(self.phase, Phase::Down)
    }

    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::WebSocket(_) | Phase::Http(_))
    }

    /// Starts to connect; it must be open after `patience`.
    pub(crate) fn dial(
        &mut self,
        now: Mono,
        patience: Span,
        registry: &Registry,
        tuning: Tuning,
    ) -> Result<(), Closed> {
        let address = self.endpoint.addresses.pick(self.dials);
        self.dials = self.dials.wrapping_add(1);
        self.deadline = now.after(patience);
        let source = self.endpoint.addresses.source();
        let mut socket = S::dial(address, source, tuning).map_err(|_| Closed::Refused(0))?;
        registry
            .register(
                &mut socket,
                Token(self.id.index()),
                Interest::READABLE.add(Interest::WRITABLE),
            )
            .map_err(|_| Closed::Refused(0))?;
        self.phase = Phase::Connecting(socket);
        Ok(())
    }

    /// Goes on with a handshake after an event of the socket; `path` opens a WebSocket. `true` when
    /// the link came up.
    pub(crate) fn advance(&mut self, path: &str) -> Result<bool, Closed> {
        loop {
            let phase = std::mem::replace(&mut self.phase, Phase::Down);
            match phase {
                Phase::Connecting(socket) => {
                    if !socket.is_connected().map_err(|_| Closed::Refused(0))? {
                        self.phase = Phase::Connecting(socket);
                        return Ok(false);
                    }
                    self.phase = Phase::Securing(self.secured(socket)?);
                }
                Phase::Securing(mut wire) => {
                    if !wire.shake_hands().map_err(|_| Closed::Refused(0))? {
                        self.phase = Phase::Securing(wire);
                        return Ok(false);
                    }
                    if self.kind == LinkKind::Http {
                        self.phase = Phase::Http(wire);
                        return Ok(self.came_up());
                    }
                    let upgraded = websocket::upgrade(wire, &self.endpoint.url(path))?;
                    return Ok(self.upgraded(upgraded));
                }
                Phase::Upgrading(upgrade) => {
                    let upgraded = websocket::resume(upgrade)?;
                    return Ok(self.upgraded(upgraded));
                }
                Phase::Down | Phase::WebSocket(_) | Phase::Http(_) => {
                    self.phase = phase;
                    return Ok(false);
                }
            }
        }
    }

    fn secured(&self, socket: S) -> Result<Wire<S>, Closed> {
        let stream = match (&self.endpoint.tls, &self.name) {
            (Some(tls), Some(name)) => {
                let session = tls.connect(name.clone()).map_err(|_| Closed::Refused(0))?;
                Stream::Tls(Box::new(TlsStream::new(session, socket)))
            }
            _ => Stream::Plain(socket),
        };
        Ok(Wire::new(stream))
    }

    fn upgraded(&mut self, upgraded: Upgraded<S>) -> bool {
        match upgraded {
            Upgraded::Not(upgrade) => {
                self.phase = Phase::Upgrading(upgrade);
                false
            }
            Upgraded::Done(socket) => {
                self.phase = Phase::WebSocket(socket);
                self.came_up()
            }
        }
    }

    /// The handshake may have read ahead, so no event need follow for what is there already.
    const fn came_up(&mut self) -> bool {
        self.deadline = Mono::NEVER;
        self.readable = true;
        true
    }

    /// The next WebSocket message; `None` when there is none.
    pub(crate) fn read_message(&mut self) -> Result<Option<Message>, Closed> {
        match &mut self.phase {
            Phase::WebSocket(socket) => socket.read(),
            Phase::Down
            | Phase::Connecting(_)
            | Phase::Securing(_)
            | Phase::Upgrading(_)
            | Phase::Http(_) => Ok(None),
        }
    }

    /// The next bytes of an HTTP link; `None` when there are none.
    pub(crate) fn read_bytes(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, Closed> {
        let Phase::Http(wire) = &mut self.phase else { return Ok(None) };
        match io::Read::read(wire, buffer) {
            Ok(0) => Err(Closed::Peer(0)),
            Ok(len) => Ok(Some(len)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(broken(&error)),
        }
    }

    /// When the bytes came that were read since the last call.
    pub(crate) fn take_arrival(&mut self) -> Option<Mono> {
        self.wire().and_then(Wire::take_arrival)
    }

    /// Sends a message of a WebSocket or some of an HTTP link's bytes; how many were taken, `None`
    /// when the socket takes no more.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<Option<usize>, Closed> {
        match &mut self.phase {
            Phase::WebSocket(socket) => Ok(socket.send(bytes)?.then_some(bytes.len())),
            Phase::Http(wire) => match wire.send(bytes) {
                Ok(0) => Err(Closed::Broken),
                Ok(len) => Ok(Some(len)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
                Err(error) => Err(broken(&error)),
            },
            Phase::Down | Phase::Connecting(_) | Phase::Securing(_) | Phase::Upgrading(_) => {
                Ok(None)
            }
        }
    }

    /// Whether bytes that were taken wait for the socket.
    pub(crate) fn has_backlog(&mut self) -> bool {
        self.is_open() && self.wire().is_some_and(|wire| wire.has_backlog())
    }

    /// Writes what waits, as far as the socket takes it.
    pub(crate) fn drain(&mut self) -> Result<(), Closed> {
        match self.wire().map(Wire::drain) {
            Some(Err(error)) => Err(broken(&error)),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    /// Drops the connection, politely when it is open.
    pub(crate) fn close(&mut self) {
        match std::mem::replace(&mut self.phase, Phase::Down) {
            Phase::WebSocket(mut socket) => socket.say_goodbye(),
            Phase::Http(mut wire) => wire.say_goodbye(),
            Phase::Down | Phase::Connecting(_) | Phase::Securing(_) | Phase::Upgrading(_) => {}
        }
        self.deadline = Mono::NEVER;
        self.readable = false;
        self.writable = false;
        self.blocked = false;
    }

    fn wire(&mut self) -> Option<&mut Wire<S>> {
        match &mut self.phase {
            Phase::WebSocket(socket) => Some(socket.wire()),
            Phase::Http(wire) | Phase::Securing(wire) => Some(wire),
            Phase::Down | Phase::Connecting(_) | Phase::Upgrading(_) => None,
        }
    }
}

fn broken(error: &io::Error) -> Closed {
    if error.kind() == io::ErrorKind::InvalidData { Closed::Breach } else { Closed::Broken }
}
