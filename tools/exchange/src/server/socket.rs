//! One accepted connection: plain or TLS below, HTTP or WebSocket above.

use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::sync::Arc;

use model::VenueTime;
use rustls::ServerConnection;
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Message as Frame, WebSocket};

use crate::api::http::{First, HttpConn, first_request, reason};
use crate::exchange::Exchange;
use crate::hub::Message;
use crate::ws::WsConn;

/// Largest message of a client.
const MESSAGE_MAX: usize = 64 * 1024;

/// Bytes in and out, encrypted or not. Never blocks.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(mio::net::TcpStream),
    Tls(Box<(ServerConnection, mio::net::TcpStream)>),
}

impl Stream {
    pub(super) fn new(
        socket: mio::net::TcpStream,
        tls: Option<&Arc<rustls::ServerConfig>>,
    ) -> Result<Self, rustls::Error> {
        Ok(match tls {
            None => Self::Plain(socket),
            Some(config) => {
                Self::Tls(Box::new((ServerConnection::new(Arc::clone(config))?, socket)))
            }
        })
    }

    pub(super) fn socket(&mut self) -> &mut mio::net::TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(both) => &mut both.1,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(both) => {
                let (tls, socket) = &mut **both;
                rustls::Stream::new(tls, socket).read(buffer)
            }
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(both) => {
                let (tls, socket) = &mut **both;
                rustls::Stream::new(tls, socket).write(bytes)
            }
        }
    }

    /// Writes and never reads: bytes that were read here would wait in the session for a readiness
    /// that the socket has told already.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(both) => {
                let (tls, socket) = &mut **both;
                while tls.wants_write() {
                    tls.write_tls(socket)?;
                }
                Ok(())
            }
        }
    }
}

/// A connection of a client.
#[derive(Debug)]
pub(super) enum Conn {
    /// The first head decides what it becomes.
    Fresh { stream: Stream, peer: IpAddr, input: Vec<u8> },
    /// Requests and replies.
    Http { stream: Stream, http: HttpConn },
    /// A stream. `blocked` while the socket takes no more.
    WebSocket { socket: Box<WebSocket<Stream>>, conn: WsConn, ending: bool },
}

/// What became of a connection when its output was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pumped {
    Alive,
    Ended,
}

impl Conn {
    pub(super) fn new(stream: Stream, peer: IpAddr) -> Self {
        Self::Fresh { stream, peer, input: Vec::new() }
    }

    /// The socket below, unless frames are read from it.
    pub(super) fn stream(&mut self) -> Option<&mut Stream> {
        match self {
            Self::Fresh { stream, .. } | Self::Http { stream, .. } => Some(stream),
            Self::WebSocket { .. } => None,
        }
    }

    pub(super) fn order_requests(&self) -> u64 {
        match self {
            Self::Http { http, .. } => http.order_requests(),
            Self::Fresh { .. } | Self::WebSocket { .. } => 0,
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<VenueTime> {
        match self {
            Self::Http { http, .. } => http.poll_timeout(),
            Self::Fresh { .. } | Self::WebSocket { .. } => None,
        }
    }

    /// Takes received bytes; `None` when the handshake was refused and the connection is over.
    pub(super) fn handle_bytes(
        self,
        now: VenueTime,
        bytes: &[u8],
        exchange: &mut Exchange,
    ) -> Option<Self> {
        match self {
            // A client with one pool of connections may turn an idle one into a stream.
            Self::Http { stream, http } if http.is_idle() && bytes.starts_with(b"GET /ws") => {
                let peer = http.peer();
                Self::new(stream, peer).handle_bytes(now, bytes, exchange)
            }
            Self::Http { stream, mut http } => {
                http.handle_bytes(now, bytes, exchange);
                Some(Self::Http { stream, http })
            }
            Self::Fresh { stream, peer, mut input } => {
                input.extend_from_slice(bytes);
                match first_request(&input) {
                    First::More => Some(Self::Fresh { stream, peer, input }),
                    First::Http => {
                        let mut http = HttpConn::new(peer);
                        http.handle_bytes(now, &input, exchange);
                        Some(Self::Http { stream, http })
                    }
                    First::WebSocket { target, key, len } => {
                        upgrade(stream, peer, now, &target, &key, &input[len..], exchange)
                    }
                }
            }
            Self::WebSocket { .. } => Some(self),
        }
    }

    /// Reads frames until there are no more; `false` when the connection is over.
    pub(super) fn read_frames(&mut self, now: VenueTime, exchange: &mut Exchange) -> bool {
        let Self::WebSocket { socket, conn, .. } = self else { return true };
        loop {
            match socket.read() {
                Ok(Frame::Text(text)) => conn.handle_text(now, text.as_str(), exchange),
                Ok(
                    Frame::Binary(_)
                    | Frame::Ping(_)
                    | Frame::Pong(_)
                    | Frame::Close(_)
                    | Frame::Frame(_),
                ) => {}
                Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    return true;
                }
                Err(_) => return false,
            }
        }
    }

    /// Writes what is due until the socket takes no more.
    pub(super) fn pump(&mut self, now: VenueTime, exchange: &mut Exchange) -> Pumped {
        let result = match self {
            Self::Fresh { stream, .. } => stream.flush(),
            Self::Http { stream, http } => write_replies(stream, http, now),
            Self::WebSocket { socket, conn, ending } => {
                write_frames(socket, conn, ending, now, exchange)
            }
        };
        match (result, &*self) {
            (Err(error), _) if error.kind() != io::ErrorKind::WouldBlock => Pumped::Ended,
            (Ok(()), Self::Http { http, .. }) if http.is_finished() => Pumped::Ended,
            (Ok(()), Self::WebSocket { ending: true, .. }) => Pumped::Ended,
            _ => Pumped::Alive,
        }
    }

    /// Tells the exchange that the connection is gone.
    pub(super) fn end(self, exchange: &mut Exchange) {
        match self {
            Self::WebSocket { conn, .. } => conn.close(exchange),
            Self::Fresh { .. } | Self::Http { .. } => {}
        }
    }
}

fn write_replies(stream: &mut Stream, http: &mut HttpConn, now: VenueTime) -> io::Result<()> {
    while let Some(bytes) = http.poll_transmit(now) {
        match stream.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(len) => http.transmitted(len),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    stream.flush()
}

fn write_frames(
    socket: &mut WebSocket<Stream>,
    conn: &mut WsConn,
    ending: &mut bool,
    now: VenueTime,
    exchange: &mut Exchange,
) -> io::Result<()> {
    // What an earlier call could not write goes first, so that a slow reader's frames stay in
    // the exchange, which bounds them.
    flush(socket)?;
    while let Some(message) = conn.poll_message(now, exchange) {
        let frame = match message {
            Message::Text(text) => Frame::text(text),
            Message::Binary(bytes) => Frame::binary(bytes),
            Message::Close(code) => {
                *ending = true;
                Frame::Close(Some(CloseFrame { code: code.into(), reason: "".into() }))
            }
        };
        to_io(socket.write(frame))?;
        flush(socket)?;
    }
    Ok(())
}

fn flush(socket: &mut WebSocket<Stream>) -> io::Result<()> {
    to_io(socket.flush())
}

fn to_io(result: tungstenite::Result<()>) -> io::Result<()> {
    result.map_err(|error| {
        if let tungstenite::Error::Io(error) = error { error } else { io::Error::other(error) }
    })
}

/// Answers a handshake; `None` when it is refused.
fn upgrade(
    mut stream: Stream,
    peer: IpAddr,
    now: VenueTime,
    target: &str,
    key: &str,
    rest: &[u8],
    exchange: &mut Exchange,
) -> Option<Conn> {
    let conn = match WsConn::open_from(peer, now, target, exchange) {
        Ok(conn) => conn,
        Err(status) => {
            let reply = format!(
                "HTTP/1.1 {status} {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                reason(status)
            );
            // The connection is over in any case.
            let _ = stream.write_all(reply.as_bytes());
            let _ = stream.flush();
            return None;
        }
    };
    let reply = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        derive_accept_key(key.as_bytes())
    );
    // A fresh socket's buffer holds far more than this reply.
    if stream.write_all(reply.as_bytes()).and_then(|()| stream.flush()).is_err() {
        conn.close(exchange);
        return None;
    }
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_MAX))
        .max_frame_size(Some(MESSAGE_MAX));
    let socket = WebSocket::from_partially_read(stream, rest.to_vec(), Role::Server, Some(limits));
    Some(Conn::WebSocket { socket: Box::new(socket), conn, ending: false })
}
