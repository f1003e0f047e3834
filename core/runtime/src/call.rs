//! One blocking connection for checks beside the trading: dialled from the same address of ours,
//! bound and secured like a link. Never for an order of the trader.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::dial::{Endpoint, bound};
use crate::tls::{TlsError, TlsStream};
use crate::wire::Stream;

/// An open connection.
#[derive(Debug)]
pub struct Call {
    stream: Stream<TcpStream>,
    peer: SocketAddr,
}

/// What a TLS handshake agreed on, and what the peer showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secured {
    /// Such as `TLSv1_3`.
    pub version: String,
    /// Such as `TLS13_AES_256_GCM_SHA384`.
    pub suite: String,
    /// The peer's own certificate, DER; it was verified.
    pub certificate: Vec<u8>,
}

/// Why there is no connection.
#[derive(Debug)]
pub enum CallError {
    /// The host's name cannot stand in a certificate.
    Name(TlsError),
    /// None of the addresses answered.
    Connect {
        /// The last that was tried.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// No TLS session came about; a certificate that is not believed among others.
    Handshake {
        /// Who answered.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "{error}"),
            Self::Connect { address, error } => write!(f, "{address} does not answer: {error}"),
            Self::Handshake { address, error } => write!(f, "no TLS with {address}: {error}"),
        }
    }
}

impl std::error::Error for CallError {}

impl Call {
    /// Connects to the first address that answers. Each step, and each read and write later, takes
    /// at most `patience`.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn open(endpoint: &Endpoint, patience: Duration) -> Result<Self, CallError> {
        let name = endpoint.checked_name().map_err(CallError::Name)?;
        let (socket, peer) = connect(endpoint, patience)?;
        let refused = |error| CallError::Handshake { address: peer, error };
        let stream = match (&endpoint.tls, name) {
            (Some(tls), Some(name)) => {
                let session = tls.connect(name).map_err(CallError::Name)?;
                let mut stream = TlsStream::new(session, socket);
                match stream.shake_hands() {
                    Ok(true) => {}
                    Ok(false) => return Err(refused(io::ErrorKind::TimedOut.into())),
                    Err(error) => return Err(refused(error)),
                }
                Stream::Tls(Box::new(stream))
            }
            _ => Stream::Plain(socket),
        };
        Ok(Self { stream, peer })
    }

    /// Who answered.
    pub const fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// From here on each read and write takes at most `patience`; one that took longer ends with
    /// [`io::ErrorKind::TimedOut`] and may be tried again.
    ///
    /// # Errors
    /// The system's, also for a patience of zero.
    pub fn set_patience(&self, patience: Duration) -> io::Result<()> {
        let socket = match &self.stream {
            Stream::Plain(socket) => socket,
            Stream::Tls(stream) => stream.socket(),
        };
        socket.set_read_timeout(Some(patience))?;
        socket.set_write_timeout(Some(patience))
    }

    /// What secures the connection; `None` for plain TCP.
    pub fn secured(&self) -> Option<Secured> {
        let Stream::Tls(stream) = &self.stream else { return None };
        let session = stream.session();
        Some(Secured {
            version: format!("{:?}", session.protocol_version()?),
            suite: format!("{:?}", session.negotiated_cipher_suite()?.suite()),
            certificate: session.peer_certificates()?.first()?.to_vec(),
        })
    }
}

impl Read for Call {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.stream {
            Stream::Plain(stream) => stream.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        };
        read.map_err(timed_out)
    }
}

impl Write for Call {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.stream {
            Stream::Plain(stream) => stream.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
        };
        written.map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = match &mut self.stream {
            Stream::Plain(stream) => stream.flush(),
            Stream::Tls(stream) => stream.flush(),
        };
        flushed.map_err(timed_out)
    }
}

/// A socket with a bound on its waits says that it would block when the wait is over.
fn timed_out(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}

fn connect(endpoint: &Endpoint, patience: Duration) -> Result<(TcpStream, SocketAddr), CallError> {
    let mut addresses = endpoint.addresses.clone();
    let mut attempt = 0;
    loop {
        let address = addresses.pick(attempt);
        attempt += 1;
        let opened = match addresses.source() {
            None => TcpStream::connect_timeout(&address, patience),
            Some(source) => bound(source, address).and_then(|socket| {
                socket.connect_timeout(&address.into(), patience)?;
                Ok(socket.into())
            }),
        };
        let opened = opened.and_then(|stream: TcpStream| {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(patience))?;
            stream.set_write_timeout(Some(patience))?;
            Ok(stream)
        });
        match opened {
            Ok(stream) => return Ok((stream, address)),
            Err(error) if attempt >= addresses.len() => {
                return Err(CallError::Connect { address, error });
            }
            Err(_) => {}
        }
    }
}
