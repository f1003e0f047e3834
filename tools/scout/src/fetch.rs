//! One page at a time over HTTP/1.1: a kept connection, plain or TLS, with blocking calls that
//! look at the stop flag several times a second.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use model::Span;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;
use venue::http1::{HttpError, Limits, ResponseParser};

use crate::endpoint::{Endpoint, Security, SpawnError, server_name};

/// How long one blocking call waits before the stop flag is looked at.
const SLICE: Duration = Duration::from_millis(100);

/// Addresses of a name that are tried.
const ADDRESSES_MAX: usize = 4;

/// Asks one host.
#[derive(Debug)]
pub(crate) struct Client {
    endpoint: Endpoint,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// Everything of a request behind its target.
    suffix: Vec<u8>,
    connect_max: Duration,
    parser: ResponseParser,
    /// The last reply's; as large as the largest page so far, 8 MiB at most.
    body: Vec<u8>,
    stream: Option<Stream>,
}

/// A whole reply.
#[derive(Debug)]
pub(crate) struct Reply<'a> {
    pub(crate) status: u16,
    pub(crate) retry_after: Span,
    pub(crate) body: &'a [u8],
}

/// Why there is no reply.
#[derive(Debug)]
pub(crate) enum FetchError {
    /// The thread is to end.
    Stopped,
    /// Nothing whole came in time.
    TooSlow { max: Duration },
    /// The connection failed.
    Io(io::Error),
    /// What came is no reply.
    Http(HttpError),
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::TooSlow { max } => write!(f, "took longer than {} ms", max.as_millis()),
            Self::Io(error) => error.fmt(f),
            Self::Http(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for FetchError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Client {
    pub(crate) fn new(
        endpoint: Endpoint,
        tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
        suffix: Vec<u8>,
        connect_max: Duration,
    ) -> Self {
        let parser = ResponseParser::new(Limits::PAGES);
        Self { endpoint, tls, suffix, connect_max, parser, body: Vec::new(), stream: None }
    }

    /// Asks for `path`. A kept connection that turns out to be dead is made anew, once; asking a
    /// page twice harms nobody.
    pub(crate) fn get(
        &mut self,
        path: &str,
        max: Duration,
        stop: &AtomicBool,
    ) -> Result<Reply<'_>, FetchError> {
        let deadline = Deadline { at: Instant::now() + max, max, stop };
        let kept = self.stream.is_some();
        let mut result = self.round(path, &deadline);
        if kept && matches!(result, Err(FetchError::Io(_))) {
            result = self.round(path, &deadline);
        }
        let (status, retry_after) = result?;
        Ok(Reply { status, retry_after, body: &self.body })
    }

    /// One question and its whole reply. The connection is kept only when it may carry another.
    fn round(&mut self, path: &str, deadline: &Deadline<'_>) -> Result<(u16, Span), FetchError> {
        self.parser.reset();
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.connect(deadline)?,
        };
        let prefix = self.endpoint.prefix();
        let mut request = Vec::with_capacity(path.len() + prefix.len() + self.suffix.len() + 4);
        for part in [b"GET ", prefix.as_bytes(), path.as_bytes(), &self.suffix] {
            request.extend_from_slice(part);
        }
        send(&mut stream, &request, deadline)?;
        let head = receive(&mut stream, &mut self.parser, &mut self.body, deadline)?;
        if head.keep {
            self.stream = Some(stream);
        }
        Ok((head.status, head.retry_after))
    }

    fn connect(&self, deadline: &Deadline<'_>) -> Result<Stream, FetchError> {
        let name = (self.endpoint.host.as_str(), self.endpoint.port);
        let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
        for address in name.to_socket_addrs()?.take(ADDRESSES_MAX) {
            let left = deadline.left()?;
            match TcpStream::connect_timeout(&address, left.min(self.connect_max)) {
                Ok(socket) => return Ok(self.dress(socket)?),
                Err(error) => last = error,
            }
        }
        Err(last.into())
    }

    fn dress(&self, socket: TcpStream) -> io::Result<Stream> {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(SLICE))?;
        socket.set_write_timeout(Some(SLICE))?;
        let Some((config, name)) = &self.tls else { return Ok(Stream(Kind::Plain(socket))) };
        let session = ClientConnection::new(Arc::clone(config), name.clone())
            .map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
        Ok(Stream(Kind::Tls(Box::new(StreamOwned::new(session, socket)))))
    }
}

/// Opens connections to one host, plain or TLS, for others than the scout.
#[derive(Debug)]
pub struct Dialer(Client);

impl Dialer {
    /// For `endpoint`, with TLS as `security` says; one connection attempt takes `connect_max`.
    ///
    /// # Errors
    /// [`SpawnError`] for hosts or roots that can never work.
    pub fn new(
        endpoint: &Endpoint,
        security: &Security,
        connect_max: Duration,
    ) -> Result<Self, SpawnError> {
        let tls = match security.config()? {
            Some(tls) => Some((tls, server_name(endpoint)?)),
            None => None,
        };
        Ok(Self(Client::new(endpoint.clone(), tls, Vec::new(), connect_max)))
    }

    /// A connection whose reads and writes give up after a tenth of a second, to be tried again.
    ///
    /// # Errors
    /// When no address of the host answers.
    pub fn dial(&self) -> io::Result<Stream> {
        let (at, max) = (Instant::now() + self.0.connect_max, self.0.connect_max);
        let deadline = Deadline { at, max, stop: &AtomicBool::new(false) };
        self.0.connect(&deadline).map_err(|error| match error {
            FetchError::Io(error) => error,
            FetchError::Stopped | FetchError::TooSlow { .. } | FetchError::Http(_) => {
                io::Error::other(error.to_string())
            }
        })
    }
}

/// When to give up waiting.
#[derive(Debug)]
struct Deadline<'a> {
    at: Instant,
    max: Duration,
    stop: &'a AtomicBool,
}

impl Deadline<'_> {
    /// Never zero.
    fn left(&self) -> Result<Duration, FetchError> {
        if self.stop.load(Ordering::Acquire) {
            return Err(FetchError::Stopped);
        }
        let left = self.at.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(FetchError::TooSlow { max: self.max }) } else { Ok(left) }
    }
}

fn send(stream: &mut Stream, mut bytes: &[u8], deadline: &Deadline<'_>) -> Result<(), FetchError> {
    while !bytes.is_empty() {
        deadline.left()?;
        match stream.write(bytes) {
            Ok(0) => return Err(io::Error::from(ErrorKind::WriteZero).into()),
            Ok(len) => bytes = &bytes[len..],
            Err(error) if is_slow(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    loop {
        deadline.left()?;
        match stream.flush() {
            Ok(()) => return Ok(()),
            Err(error) if is_slow(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

struct Head {
    status: u16,
    retry_after: Span,
    /// Whether the connection is open and nothing came behind the reply.
    keep: bool,
}

fn receive(
    stream: &mut Stream,
    parser: &mut ResponseParser,
    body: &mut Vec<u8>,
    deadline: &Deadline<'_>,
) -> Result<Head, FetchError> {
    let mut buffer = [0; 16 * 1024];
    loop {
        deadline.left()?;
        let clean = match stream.read(&mut buffer) {
            Ok(0) if parser.handle_closed().map_err(FetchError::Http)? => false,
            Ok(0) => return Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
            Ok(len) => parser.feed(&buffer[..len]).map_err(FetchError::Http)? == len,
            Err(error) if is_slow(&error) => continue,
            Err(error) => return Err(error.into()),
        };
        if let Some(response) = parser.response() {
            body.clear();
            body.extend_from_slice(response.body);
            let (status, retry_after) = (response.status, response.retry_after);
            return Ok(Head { status, retry_after, keep: clean && response.keep_alive });
        }
    }
}

fn is_slow(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// One open connection.
#[derive(Debug)]
pub struct Stream(Kind);

#[derive(Debug)]
enum Kind {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Plain(socket) => socket.read(buffer),
            Kind::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Plain(socket) => socket.write(bytes),
            Kind::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Kind::Plain(socket) => socket.flush(),
            Kind::Tls(stream) => stream.flush(),
        }
    }
}
