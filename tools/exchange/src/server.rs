//! The exchange behind real sockets: one thread, one address for REST, web pages and streams,
//! plain or TLS.

mod socket;
mod tls;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hdrhistogram::Histogram;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token, Waker};
use model::VenueTime;

use crate::config::{Config, ConfigError};
use crate::exchange::Exchange;
use socket::{Conn, Pumped, Stream};

/// Connections at once.
const CONNS_MAX: usize = 1_024;
/// Longest sleep of an idle loop.
const IDLE_MAX: Duration = Duration::from_millis(100);
/// A spinning loop spins so long after the last order.
const SPIN_AFTER_ORDER: Duration = Duration::from_secs(5);
const LISTENER: Token = Token(0);
const WAKER: Token = Token(1);

/// How an exchange is served.
#[derive(Clone, Debug, Default)]
pub struct ServerConfig {
    /// The exchange.
    pub exchange: Config,
    /// Its seed.
    pub seed: u64,
    /// Whether connections are TLS, with a certificate made at start.
    pub tls: bool,
    /// Whether the loop spins while there is order traffic. For measurements.
    pub busy_poll: bool,
    /// The exchange's clock minus this host's, milliseconds.
    pub clock_offset_ms: i64,
}

/// Why an exchange cannot be served.
#[derive(Debug)]
pub enum ServerError {
    /// A socket.
    Io(io::Error),
    /// The configuration.
    Config(ConfigError),
    /// The certificate.
    Tls(String),
    /// At the end the books of these assets did not balance.
    Unbalanced(Vec<String>),
}

impl core::fmt::Display for ServerError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "socket: {error}"),
            Self::Config(error) => error.fmt(f),
            Self::Tls(error) => write!(f, "certificate: {error}"),
            Self::Unbalanced(assets) => write!(
                f,
                "the exchange's own books do not balance in {}; this is a mistake of its code",
                assets.join(", ")
            ),
        }
    }
}

impl core::error::Error for ServerError {}

impl From<io::Error> for ServerError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ConfigError> for ServerError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

/// The exchange's own time on order requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnTime {
    /// Order requests measured.
    pub count: u64,
    /// From the return of `recv` to the ack's bytes made, median, nanoseconds.
    pub to_ack_p50_ns: u64,
    /// The same, 99th percentile.
    pub to_ack_p99_ns: u64,
    /// From the return of `recv` to the return of `send`, median, nanoseconds.
    pub to_socket_p50_ns: u64,
    /// The same, 99th percentile.
    pub to_socket_p99_ns: u64,
}

type Job = Box<dyn FnOnce(&mut Exchange, OwnTime) + Send>;

/// A bound server that does not run yet.
#[derive(Debug)]
pub struct Server {
    machine: Machine,
    addr: SocketAddr,
    certificate: Option<String>,
    waker: Arc<Waker>,
    jobs: Sender<Job>,
}

impl Server {
    /// Binds `listen`, such as `127.0.0.1:0`, and makes the exchange.
    ///
    /// # Errors
    /// [`ServerError`] when the address is taken or the configuration cannot be used.
    pub fn bind(listen: SocketAddr, config: &ServerConfig) -> Result<Self, ServerError> {
        let (tls, certificate) = match config.tls {
            true => tls::make().map(|(tls, pem)| (Some(tls), Some(pem)))?,
            false => (None, None),
        };
        let clock = Clock::new(config.clock_offset_ms);
        let exchange = Exchange::new(&config.exchange, config.seed, clock.now())?;
        let mut listener = TcpListener::bind(listen)?;
        let addr = listener.local_addr()?;
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let (jobs, inbox) = channel();
        let machine = Machine {
            exchange,
            clock,
            poll,
            listener,
            tls,
            conns: BTreeMap::new(),
            next: 2,
            busy_poll: config.busy_poll,
            last_order: None,
            own: Own::new()?,
            inbox,
            buffer: vec![0; 64 * 1024],
        };
        Ok(Self { machine, addr, certificate, waker, jobs })
    }

    /// The address that was bound.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The certificate to trust, when connections are TLS.
    pub fn certificate_pem(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Serves until `stop` is set; looks at it at least every 100 ms.
    ///
    /// # Errors
    /// [`ServerError::Io`] when the poller itself fails, [`ServerError::Unbalanced`] when money came
    /// or went on the way.
    pub fn run(self, stop: &AtomicBool) -> Result<OwnTime, ServerError> {
        let mut machine = self.machine;
        machine.run(stop)?;
        let unbalanced = machine.exchange.unbalanced_assets();
        if !unbalanced.is_empty() {
            let assets = unbalanced.into_iter().map(str::to_owned).collect();
            return Err(ServerError::Unbalanced(assets));
        }
        Ok(machine.own.summary())
    }

    /// Serves on a thread of its own.
    ///
    /// # Errors
    /// [`ServerError::Io`] when there is no thread.
    pub fn spawn(self) -> Result<Handle, ServerError> {
        let stop = Arc::new(AtomicBool::new(false));
        let (addr, waker, jobs) = (self.addr, Arc::clone(&self.waker), self.jobs.clone());
        let certificate = self.certificate.clone();
        let flag = Arc::clone(&stop);
        let builder = std::thread::Builder::new().name("exchange".to_owned());
        let thread = builder.spawn(move || self.run(&flag))?;
        Ok(Handle { addr, certificate, stop, waker, jobs, thread: Some(thread) })
    }
}

/// A running server; dropping it stops it.
#[derive(Debug)]
pub struct Handle {
    addr: SocketAddr,
    certificate: Option<String>,
    stop: Arc<AtomicBool>,
    waker: Arc<Waker>,
    jobs: Sender<Job>,
    thread: Option<JoinHandle<Result<OwnTime, ServerError>>>,
}

impl Handle {
    /// The address that was bound.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The certificate to trust, when connections are TLS.
    pub fn certificate_pem(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Runs `job` on the exchange between two requests and waits for its answer; `None` when the
    /// server has ended.
    pub fn with<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Exchange) -> T + Send + 'static,
    ) -> Option<T> {
        self.ask(move |exchange, _| job(exchange))
    }

    /// Asks the server to end.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        // A waker that cannot wake leaves the loop's own timeout of 100 ms.
        let _ = self.waker.wake();
    }

    /// Ends the server and waits for it.
    ///
    /// # Errors
    /// What ended it, if it was not this call.
    pub fn join(mut self) -> Result<OwnTime, ServerError> {
        self.stop();
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(ServerError::Io(io::Error::other("the exchange panicked"))),
            None => Ok(OwnTime::default()),
        }
    }

    fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Exchange, OwnTime) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, result) = channel();
        let job = move |exchange: &mut Exchange, own| {
            // Nobody waits any more when this fails.
            let _ = answer.send(job(exchange, own));
        };
        self.jobs.send(Box::new(job)).ok()?;
        self.waker.wake().ok()?;
        result.recv().ok()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The exchange's clock: this host's at the start, then its monotonic one.
#[derive(Debug)]
struct Clock {
    start: Instant,
    base: i64,
}

impl Clock {
    fn new(offset_ms: i64) -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = i64::try_from(wall.as_nanos()).unwrap_or(i64::MAX);
        let base = wall.saturating_add(offset_ms.saturating_mul(1_000_000));
        Self { start: Instant::now(), base }
    }

    fn now(&self) -> VenueTime {
        let passed = i64::try_from(self.start.elapsed().as_nanos()).unwrap_or(i64::MAX);
        VenueTime::from_nanos(self.base.saturating_add(passed))
    }
}

#[derive(Debug)]
struct Own {
    to_ack: Histogram<u64>,
    to_socket: Histogram<u64>,
}

impl Own {
    fn new() -> Result<Self, ServerError> {
        let make = || {
            Histogram::new_with_bounds(1, 60_000_000_000, 3)
                .map_err(|error| ServerError::Io(io::Error::other(error)))
        };
        Ok(Self { to_ack: make()?, to_socket: make()? })
    }

    fn record(&mut self, received: Instant, made: Instant, written: Instant) {
        let nanos = |end: Instant| u64::try_from((end - received).as_nanos()).unwrap_or(u64::MAX);
        self.to_ack.saturating_record(nanos(made));
        self.to_socket.saturating_record(nanos(written));
    }

    fn summary(&self) -> OwnTime {
        OwnTime {
            count: self.to_ack.len(),
            to_ack_p50_ns: self.to_ack.value_at_quantile(0.5),
            to_ack_p99_ns: self.to_ack.value_at_quantile(0.99),
            to_socket_p50_ns: self.to_socket.value_at_quantile(0.5),
            to_socket_p99_ns: self.to_socket.value_at_quantile(0.99),
        }
    }
}

/// Everything that the loop owns.
#[derive(Debug)]
struct Machine {
    exchange: Exchange,
    clock: Clock,
    poll: Poll,
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    conns: BTreeMap<usize, Conn>,
    next: usize,
    busy_poll: bool,
    last_order: Option<Instant>,
    own: Own,
    inbox: Receiver<Job>,
    buffer: Vec<u8>,
}

impl Machine {
    fn run(&mut self, stop: &AtomicBool) -> Result<(), ServerError> {
        let mut events = Events::with_capacity(256);
        while !stop.load(Ordering::Acquire) {
            let timeout = self.timeout();
            match self.poll.poll(&mut events, Some(timeout)) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    return Err(error.into());
                }
                _ => {}
            }
            for event in &events {
                match event.token() {
                    LISTENER => self.accept(),
                    WAKER => {}
                    Token(conn) if event.is_readable() || event.is_read_closed() => self.read(conn),
                    Token(_) => {}
                }
            }
            while let Ok(job) = self.inbox.try_recv() {
                job(&mut self.exchange, self.own.summary());
            }
            let now = self.clock.now();
            self.exchange.handle_timeout(now);
            self.pump(now);
        }
        Ok(())
    }

    fn timeout(&self) -> Duration {
        if self.busy_poll && self.last_order.is_some_and(|at| at.elapsed() < SPIN_AFTER_ORDER) {
            return Duration::ZERO;
        }
        let replies = self.conns.values().filter_map(Conn::poll_timeout).min();
        let next = [self.exchange.poll_timeout(), replies].into_iter().flatten().min();
        let now = self.clock.now();
        next.map_or(IDLE_MAX, |at| Duration::from_nanos(at.since(now).nanos()).min(IDLE_MAX))
    }

    fn accept(&mut self) {
        while let Ok((stream, peer)) = self.listener.accept() {
            if self.conns.len() >= CONNS_MAX {
                continue;
            }
            // Without it replies would wait for acks of the client's kernel.
            let _ = stream.set_nodelay(true);
            let Ok(mut stream) = Stream::new(stream, self.tls.as_ref()) else { continue };
            let token = Token(self.next);
            let interest = Interest::READABLE | Interest::WRITABLE;
            if self.poll.registry().register(stream.socket(), token, interest).is_ok() {
                self.conns.insert(self.next, Conn::new(stream, peer.ip()));
                self.next += 1;
            }
        }
    }

    /// Reads a connection until there is no more; edge-triggered readiness asks for it.
    fn read(&mut self, token: usize) {
        let Some(mut conn) = self.conns.remove(&token) else { return };
        loop {
            if let Conn::WebSocket { .. } = conn {
                if conn.read_frames(self.clock.now(), &mut self.exchange) {
                    self.conns.insert(token, conn);
                } else {
                    conn.end(&mut self.exchange);
                }
                return;
            }
            let Some(stream) = conn.stream() else { return };
            let len = match stream.read(&mut self.buffer) {
                Ok(0) => return conn.end(&mut self.exchange),
                Ok(len) => len,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return conn.end(&mut self.exchange),
            };
            let received = Instant::now();
            let now = self.clock.now();
            let orders = conn.order_requests();
            let Some(next) = conn.handle_bytes(now, &self.buffer[..len], &mut self.exchange) else {
                return;
            };
            conn = next;
            if conn.order_requests() > orders {
                let made = Instant::now();
                let pumped = conn.pump(now, &mut self.exchange);
                self.own.record(received, made, Instant::now());
                self.last_order = Some(received);
                if pumped == Pumped::Ended {
                    return conn.end(&mut self.exchange);
                }
            }
        }
        self.conns.insert(token, conn);
    }

    fn pump(&mut self, now: VenueTime) {
        let mut ended = Vec::new();
        for (token, conn) in &mut self.conns {
            if conn.pump(now, &mut self.exchange) == Pumped::Ended {
                ended.push(*token);
            }
        }
        for token in ended {
            if let Some(conn) = self.conns.remove(&token) {
                conn.end(&mut self.exchange);
            }
        }
    }
}
