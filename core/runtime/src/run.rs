//! How the hot thread's loop is set up, started and ended.

use std::fmt;
use std::io;
use std::sync::atomic::AtomicBool;

use mio::net::TcpStream;
use model::Span;

use crate::backoff::BackoffConfig;
use crate::dial::{Endpoint, Tuning};
use crate::inbox::Inbox;
use crate::pin::{PinWish, Pinned, Unpin, cores_of_process, pin_this_thread};
use crate::runner::Runner;
use crate::stats::StatsWriter;
use crate::tls::TlsError;
use crate::wait::Wait;
use crate::{LinkId, Machine};

/// How the loop runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopConfig {
    /// What to do when idle.
    pub wait: Wait,
    /// Where the calling thread should run.
    pub pin: PinWish,
    /// While spinning idly, the kernel is asked about sockets that are not hot every so many turns.
    pub poll_every: u32,
    /// How long a link may take from dial to open.
    pub handshake: Span,
    /// How patient reconnecting is.
    pub backoff: BackoffConfig,
    /// Where the jitter of reconnecting starts; hosts should differ.
    pub seed: u64,
    /// Options of every socket.
    pub tuning: Tuning,
}

impl Default for LoopConfig {
    fn default() -> Self {
        Self {
            wait: Wait::default(),
            pin: PinWish::Nowhere,
            poll_every: 4,
            handshake: Span::from_secs(5),
            backoff: BackoffConfig::default(),
            seed: 0,
            tuning: Tuning { busy_poll_us: 0, user_timeout_ms: 10_000 },
        }
    }
}

/// Why the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The machine came to its orderly end.
    Done,
    /// The stop flag was raised.
    Stopped,
}

/// Why the loop could not start or go on.
#[derive(Debug)]
pub enum RunError {
    /// The machine has `links` links and `endpoints` endpoints were given.
    Endpoints {
        /// What the machine has.
        links: usize,
        /// What was given.
        endpoints: usize,
    },
    /// An endpoint cannot be spoken to securely.
    Tls {
        /// Which link.
        link: LinkId,
        /// Why.
        error: TlsError,
    },
    /// The kernel's readiness queue failed.
    Poll(io::Error),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoints { links, endpoints } => {
                write!(f, "{links} links and {endpoints} endpoints; at most {LINKS_MAX} are served")
            }
            Self::Tls { link, error } => write!(f, "link {}: {error}", link.0),
            Self::Poll(error) => write!(f, "readiness queue: {error}"),
        }
    }
}

impl std::error::Error for RunError {}

/// Most links of a loop.
pub const LINKS_MAX: usize = 64;

/// Drives `machine` until it is done or `stop` is raised; one endpoint a link, in their order.
///
/// After the end nothing more is called: open links are closed politely and the machine is as its
/// last step left it. `told` hears once what became of the pin, before the first turn.
///
/// # Errors
/// [`RunError`]; all but [`RunError::Poll`] come before anything was dialled.
pub fn run<M: Machine>(
    machine: &mut M,
    config: &LoopConfig,
    endpoints: Vec<Endpoint>,
    inbox: Inbox,
    stats: StatsWriter,
    stop: &AtomicBool,
    told: impl FnOnce(&Pinned),
) -> Result<Ended, RunError> {
    let _unpin = Unpin::remember();
    let pinned = pin_this_thread(config.pin);
    told(&pinned);
    let config = LoopConfig { wait: config.wait.on_cores(cores_of_process()), ..*config };
    let mut runner = Runner::<TcpStream>::new(machine, config, endpoints, inbox, stats)?;
    runner.run(machine, stop)
}
