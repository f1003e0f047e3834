//! What the loop drives: everything that decides, and nothing that touches the system.

use model::{Event, Mono, TimerName};

/// Index of a connection, dense from 0; the machine's number of links never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u8);

impl LinkId {
    /// As an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What is spoken over a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// WebSocket messages.
    WebSocket,
    /// HTTP/1.1 bytes over a connection that is kept alive.
    Http,
}

/// Why a link went down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It never came up: refused, unreachable, or the handshake failed with this HTTP status
    /// (0 when there was none).
    Refused(u16),
    /// The peer closed it, with this WebSocket code (0 when there was none).
    Peer(u16),
    /// An error of the transport.
    Broken,
    /// A frame or buffer beyond its cap, or bytes that are no protocol.
    Breach,
    /// The machine no longer wanted it.
    Unwanted,
}

/// Everything that decides, driven by a loop that owns sockets and clock, or by a simulation.
///
/// The order of calls: any `handle_*`, then for every link [`poll_transmit`](Self::poll_transmit)
/// until `None`, then [`wants`](Self::wants) of every link, then
/// [`poll_timeout`](Self::poll_timeout). `now` never goes back.
pub trait Machine {
    /// How many links there are. Fixed.
    fn links(&self) -> usize;

    /// What is spoken over `link`. Fixed.
    fn kind(&self, link: LinkId) -> LinkKind;

    /// Whether `link` should be open. Reconnecting, with its backoff, is the loop's business.
    fn wants(&self, link: LinkId) -> bool;

    /// Path and query to open a WebSocket `link` with, such as `/ws?listenKey=...`.
    fn path(&self, link: LinkId) -> &str;

    /// `link` is open and may carry messages.
    fn handle_open(&mut self, now: Mono, link: LinkId);

    /// `link` is gone. Whatever it had not answered is the machine's business.
    fn handle_closed(&mut self, now: Mono, link: LinkId, why: Closed);

    /// A text message came. The bytes are UTF-8 and may be overwritten by the parser.
    fn handle_text(&mut self, now: Mono, link: LinkId, text: &mut [u8]);

    /// A binary message came.
    fn handle_binary(&mut self, now: Mono, link: LinkId, frame: &[u8]);

    /// Bytes came over an HTTP link, in any slices.
    fn handle_bytes(&mut self, now: Mono, link: LinkId, bytes: &[u8]);

    /// An event of a slow thread or of the operator.
    fn handle_event(&mut self, now: Mono, event: &Event);

    /// The time that [`poll_timeout`](Self::poll_timeout) named has come.
    fn handle_timeout(&mut self, now: Mono);

    /// What to write to `link` next: one text message of a WebSocket, or the unsent bytes of an
    /// HTTP link. The kill flag is read here, before the first byte of a request.
    fn poll_transmit(&mut self, now: Mono, link: LinkId) -> Option<&[u8]>;

    /// The transport took the first `len` bytes of what [`poll_transmit`](Self::poll_transmit)
    /// gave: a whole message of a WebSocket, any part of an HTTP link's bytes.
    fn handle_transmitted(&mut self, now: Mono, link: LinkId, len: usize);

    /// When to call [`handle_timeout`](Self::handle_timeout) next, and whose timer it is.
    fn poll_timeout(&self) -> Option<(Mono, TimerName)>;

    /// Whether the machine has come to its orderly end.
    fn is_done(&self) -> bool;
}
