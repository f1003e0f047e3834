//! Machines and servers for the tests of the loop. Everything listens on the loopback only, and
//! every wait is bounded.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use model::{Body, Event, Mono, Span, TimerName};
use runtime::{
    Addresses, BackoffConfig, Closed, Ended, Endpoint, InboxSender, LinkId, LinkKind, LoopConfig,
    Machine, RunError, StatsReader, Tls, Wait, WaitPolicy, inbox, run, stats,
};

/// Nothing in these tests takes as long; a wait of this length is a failure.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Length of the order that answers a frame.
pub const ORDER: usize = 400;

/// What the venue says to an order.
pub const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// Which links a machine of these tests has.
pub const FEED: LinkId = LinkId(0);
pub const ORDERS: LinkId = LinkId(1);

/// Reconnects at once, as often as it takes.
pub fn config(policy: WaitPolicy) -> LoopConfig {
    let tiny = Span::from_micros(100);
    LoopConfig {
        wait: Wait { policy, ..Wait::default() },
        backoff: BackoffConfig {
            base: tiny,
            cap: Span::from_millis(5),
            stable: tiny,
            budget_max: 1_000,
            order_reserve: 100,
            window: tiny,
            spacing: tiny,
            slot: tiny,
        },
        ..LoopConfig::default()
    }
}

/// Endpoint of a test server.
pub fn endpoint(address: SocketAddr, tls: Option<Tls>) -> Endpoint {
    Endpoint {
        addresses: Addresses::new(&[address]).unwrap(),
        host: "localhost".to_owned(),
        port: address.port(),
        tls,
        hot: false,
        orders: false,
    }
}

/// A listener on a free port of the loopback.
pub fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// The next connection to `listener`, with bounded reads.
pub fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// What the one who watches an [`Echo`] is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A frame came and is not answered yet.
    Frame,
    /// The replies to this many frames, which is all of them so far, are read.
    Answered(u64),
}

/// Answers every frame of the feed with one order, and ends after `until` replies.
pub struct Echo<F> {
    order: [u8; ORDER],
    unsent: usize,
    pub frames: u64,
    reply_bytes: usize,
    until: usize,
    watch: F,
}

impl<F: FnMut(Moment)> Echo<F> {
    pub fn new(until: usize, watch: F) -> Self {
        Self { order: [b'o'; ORDER], unsent: 0, frames: 0, reply_bytes: 0, until, watch }
    }
}

impl<F: FnMut(Moment)> Machine for Echo<F> {
    fn links(&self) -> usize {
        2
    }

    fn kind(&self, link: LinkId) -> LinkKind {
        if link == FEED { LinkKind::WebSocket } else { LinkKind::Http }
    }

    fn wants(&self, _: LinkId) -> bool {
        true
    }

    fn path(&self, _: LinkId) -> &str {
        "/ws"
    }

    fn handle_open(&mut self, _: Mono, _: LinkId) {}

    fn handle_closed(&mut self, _: Mono, link: LinkId, why: Closed) {
        panic!("link {link:?} closed: {why:?}");
    }

    fn handle_text(&mut self, _: Mono, _: LinkId, _: &mut [u8]) {}

    fn handle_binary(&mut self, _: Mono, _: LinkId, _: &[u8]) {
        (self.watch)(Moment::Frame);
        self.frames += 1;
        self.unsent += ORDER;
    }

    fn handle_bytes(&mut self, _: Mono, _: LinkId, bytes: &[u8]) {
        self.reply_bytes += bytes.len();
        if self.reply_bytes as u64 == self.frames * REPLY.len() as u64 {
            (self.watch)(Moment::Answered(self.frames));
        }
    }

    fn handle_event(&mut self, _: Mono, _: &Event) {}

    fn handle_timeout(&mut self, _: Mono) {}

    fn poll_transmit(&mut self, _: Mono, link: LinkId) -> Option<&[u8]> {
        let len = self.unsent.min(ORDER);
        (link == ORDERS && len > 0).then(|| &self.order[..len])
    }

    fn handle_transmitted(&mut self, _: Mono, _: LinkId, len: usize) {
        self.unsent -= len;
    }

    fn poll_timeout(&self) -> Option<(Mono, TimerName)> {
        None
    }

    fn is_done(&self) -> bool {
        self.reply_bytes >= self.until * REPLY.len()
    }
}

/// Sends `frames` frames of 120 bytes one after the other; each only when the order to the last
/// one came and was answered. `open` makes a session of an accepted connection.
pub fn echo_venue<S: Read + Write + Send + 'static>(
    frames: usize,
    open: impl Fn(TcpStream) -> S + Send + 'static,
) -> (SocketAddr, SocketAddr, JoinHandle<()>) {
    let (feed, feed_address) = listen();
    let (orders, orders_address) = listen();
    let venue = std::thread::spawn(move || {
        let mut feed = tungstenite::accept(open(accept(&feed))).unwrap();
        let mut orders = open(accept(&orders));
        let mut order = [0; ORDER];
        let frame = tungstenite::Bytes::from(vec![7; 120]);
        for number in 0..frames {
            if number % 50 == 49 {
                // Lets the last reply be read before another frame comes.
                std::thread::sleep(Duration::from_millis(1));
            }
            feed.send(tungstenite::Message::Binary(frame.clone())).unwrap();
            orders.read_exact(&mut order).unwrap();
            assert_eq!(order, [b'o'; ORDER]);
            orders.write_all(REPLY).unwrap();
            orders.flush().unwrap();
        }
        // The other end closes first; how it does so does not matter.
        let _ = orders.read(&mut order);
    });
    (feed_address, orders_address, venue)
}

/// What a [`Reporter`] was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Open(LinkId),
    Closed(LinkId, Closed),
    Text(LinkId, Vec<u8>),
    Binary(LinkId, Vec<u8>),
    Bytes(LinkId, Vec<u8>),
    Event(u64),
    /// A timer, by its instant and the time that it was called with.
    Timeout(Mono, Mono),
}

/// Events with these tokens make a [`Reporter`] end, or drop and want its link.
pub const END: u64 = 1_000;
pub const DROP: u64 = 1_001;
pub const WANT: u64 = 1_002;

/// One link; tells the test whatever happens and says on every opening what it was given.
pub struct Reporter {
    pub kind: LinkKind,
    pub says: Vec<Vec<u8>>,
    pub timers: Vec<Mono>,
    said: (usize, usize),
    wanted: bool,
    done: bool,
    seen: Sender<Seen>,
}

impl Reporter {
    fn tell(&self, seen: Seen) {
        // A test that stopped listening has failed or needs no more.
        let _ = self.seen.send(seen);
    }
}

impl Machine for Reporter {
    fn links(&self) -> usize {
        1
    }

    fn kind(&self, _: LinkId) -> LinkKind {
        self.kind
    }

    fn wants(&self, _: LinkId) -> bool {
        self.wanted
    }

    fn path(&self, _: LinkId) -> &str {
        "/ws?listenKey=abc"
    }

    fn handle_open(&mut self, _: Mono, link: LinkId) {
        self.said = (0, 0);
        self.tell(Seen::Open(link));
    }

    fn handle_closed(&mut self, _: Mono, link: LinkId, why: Closed) {
        self.tell(Seen::Closed(link, why));
    }

    fn handle_text(&mut self, _: Mono, link: LinkId, text: &mut [u8]) {
        self.tell(Seen::Text(link, text.to_vec()));
        text.fill(0);
    }

    fn handle_binary(&mut self, _: Mono, link: LinkId, frame: &[u8]) {
        self.tell(Seen::Binary(link, frame.to_vec()));
    }

    fn handle_bytes(&mut self, _: Mono, link: LinkId, bytes: &[u8]) {
        self.tell(Seen::Bytes(link, bytes.to_vec()));
    }

    fn handle_event(&mut self, _: Mono, event: &Event) {
        let Body::Durable { token } = event.body else { return };
        self.done |= token == END;
        self.wanted = (self.wanted || token == WANT) && token != DROP;
        self.tell(Seen::Event(token));
    }

    fn handle_timeout(&mut self, now: Mono) {
        if let Some(planned) = self.timers.pop() {
            self.tell(Seen::Timeout(planned, now));
        }
    }

    fn poll_transmit(&mut self, _: Mono, _: LinkId) -> Option<&[u8]> {
        self.says.get(self.said.0).map(|message| &message[self.said.1..])
    }

    fn handle_transmitted(&mut self, _: Mono, _: LinkId, len: usize) {
        self.said.1 += len;
        if self.said.1 == self.says[self.said.0].len() {
            self.said = (self.said.0 + 1, 0);
        }
    }

    fn poll_timeout(&self) -> Option<(Mono, TimerName)> {
        self.timers.last().map(|&at| (at, "test"))
    }

    fn is_done(&self) -> bool {
        self.done
    }
}

/// A loop that runs a [`Reporter`] on its own thread, and ends when this is dropped.
pub struct Running {
    seen: Receiver<Seen>,
    pub sender: InboxSender,
    pub stats: StatsReader,
    stop: Arc<AtomicBool>,
    hot: Option<JoinHandle<Result<Ended, RunError>>>,
}

/// Starts a reporter of `kind` that says `says` on every opening and fires `timers`.
pub fn start(
    config: LoopConfig,
    endpoint: Endpoint,
    kind: LinkKind,
    says: &[&[u8]],
    mut timers: Vec<Mono>,
) -> Running {
    let (told, seen) = channel();
    let (sender, inbox) = inbox(16);
    let (writer, reader) = stats();
    let stop = Arc::new(AtomicBool::new(false));
    timers.sort_unstable_by(|a, b| b.cmp(a));
    let mut machine = Reporter {
        kind,
        says: says.iter().map(|says| says.to_vec()).collect(),
        timers,
        said: (0, 0),
        wanted: true,
        done: false,
        seen: told,
    };
    let raised = Arc::clone(&stop);
    let hot = std::thread::spawn(move || {
        run(&mut machine, &config, vec![endpoint], inbox, writer, &raised, |_| {})
    });
    Running { seen, sender, stats: reader, stop, hot: Some(hot) }
}

impl Running {
    /// What the machine is told next.
    pub fn next(&self) -> Seen {
        self.seen.recv_timeout(PATIENCE).expect("the loop says something in time")
    }

    /// Skips what the machine is told until it is `wanted`.
    pub fn until(&self, wanted: &Seen) {
        while self.next() != *wanted {}
    }

    /// Sends the machine an event.
    pub fn tell(&self, token: u64) {
        self.sender.send(Event::bare(Body::Durable { token })).unwrap();
    }

    /// Waits for the machine's own end.
    pub fn join(mut self) -> Ended {
        self.hot.take().unwrap().join().unwrap().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.sender.wake();
        if let Some(hot) = self.hot.take() {
            let ended = hot.join();
            assert!(std::thread::panicking() || ended.is_ok_and(|ended| ended.is_ok()));
        }
    }
}

/// A server's certificate for `host` and the root that signed it.
pub struct Certificate {
    pub root_pem: String,
    pub server: Arc<rustls::ServerConfig>,
}

/// Makes a root and a certificate of it for `host`.
pub fn certificate(host: &str) -> Certificate {
    let root_key = rcgen::KeyPair::generate().unwrap();
    let mut root = rcgen::CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root_certificate = root.self_signed(&root_key).unwrap();
    let issuer = rcgen::Issuer::new(root, root_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec![host.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key.into())
        .unwrap();
    Certificate { root_pem: root_certificate.pem(), server: Arc::new(server) }
}

/// A server's end of a TLS session.
pub type ServerTls = rustls::StreamOwned<rustls::ServerConnection, TcpStream>;

impl Certificate {
    /// Makes a session of an accepted connection.
    pub fn open(&self, stream: TcpStream) -> ServerTls {
        let session = rustls::ServerConnection::new(Arc::clone(&self.server)).unwrap();
        rustls::StreamOwned::new(session, stream)
    }
}
