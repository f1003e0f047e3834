//! The slow thread: fetches what the scout wishes for and hands on what it makes of it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::{Event, Mono, Span, VenueTime};
use venue::mexc::clock::{ClockConfig, ClockEstimator};
use venue::mexc::json::{JsonReader, ServerTime};

use crate::endpoint::{
    BrowserHeaders, Endpoint, Security, SpawnError, Timeouts, rest_suffix, server_name, web_suffix,
};
use crate::fetch::{Client, FetchError};
use crate::{Counts, Host, Page, Scout, ScoutConfig};

/// Everything that the thread needs.
#[derive(Clone, Debug)]
pub struct ThreadConfig {
    /// What it asks for.
    pub scout: ScoutConfig,
    /// REST v3.
    pub rest: Endpoint,
    /// The web site.
    pub web: Endpoint,
    /// TLS of both.
    pub security: Security,
    /// How the web site sees it.
    pub browser: BrowserHeaders,
    /// How long it waits.
    pub timeouts: Timeouts,
}

/// What became of an event that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// It was taken.
    Taken,
    /// There is no room; the thread keeps it, offers it again, and fetches nothing meanwhile.
    Full,
    /// Nobody reads any more; the thread ends.
    Ended,
}

/// The running thread. Dropped, it is told to stop and not waited for.
pub struct ScoutThread {
    stop: Arc<AtomicBool>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread and those who ask it share.
#[derive(Debug, Default)]
struct Shared {
    counts: Mutex<Counts>,
    wishes: Mutex<Vec<String>>,
}

/// Pairs that are wished for and not yet named; further ones are turned away.
const WISHES_MAX: usize = 64;

/// Asks a running thread from beside.
#[derive(Clone, Debug)]
pub struct ScoutHandle {
    shared: Arc<Shared>,
    thread: Thread,
}

impl ScoutHandle {
    /// What it has seen, as of the last page.
    pub fn counts(&self) -> Counts {
        *self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets it watch one more pair. Its names go out as events if the exchange lists it; `false`
    /// when too many wishes wait.
    pub fn watch(&self, name: &str) -> bool {
        let mut wishes = self.shared.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        if wishes.len() >= WISHES_MAX {
            return false;
        }
        wishes.push(name.to_owned());
        self.thread.unpark();
        true
    }
}

impl fmt::Debug for ScoutThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScoutThread").field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}

impl ScoutThread {
    /// Starts the thread. `offer` gets every event once, in order, until it has taken it.
    ///
    /// # Errors
    /// [`SpawnError`] for hosts, headers or roots that can never work.
    pub fn spawn(
        config: ThreadConfig,
        offer: impl FnMut(Event) -> Offer + Send + 'static,
    ) -> Result<Self, SpawnError> {
        let (rest, web) = clients(&config)?;
        let stop = Arc::new(AtomicBool::new(false));
        let shared = Arc::new(Shared::default());
        let work = Work {
            scout: Scout::new(config.scout),
            rest,
            web,
            reply_max: config.timeouts.reply,
            offer,
            clock: Clock::new(),
            waiting: VecDeque::new(),
            stop: Arc::clone(&stop),
            shared: Arc::clone(&shared),
        };
        let thread = std::thread::Builder::new()
            .name("scout".to_owned())
            .spawn(move || work.run())
            .map_err(SpawnError::Thread)?;
        Ok(Self { stop, shared, thread: Some(thread) })
    }

    /// Stops the thread and waits for its end: a fraction of a second, or
    /// [`Timeouts::connect`] while a host does not answer at all.
    pub fn stop(mut self) {
        self.tell();
        if let Some(thread) = self.thread.take() {
            // It panicked: the panic was printed, and there is nothing left to stop.
            let _ = thread.join();
        }
    }

    /// Whether it has ended by itself, because nobody reads its events any more.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// What it has seen, as of the last page.
    pub fn counts(&self) -> Counts {
        *self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A way to ask it from beside; `None` once it was stopped.
    pub fn handle(&self) -> Option<ScoutHandle> {
        let thread = self.thread.as_ref()?.thread().clone();
        Some(ScoutHandle { shared: Arc::clone(&self.shared), thread })
    }

    fn tell(&self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for ScoutThread {
    fn drop(&mut self) {
        self.tell();
    }
}

fn clients(config: &ThreadConfig) -> Result<(Client, Client), SpawnError> {
    let tls = config.security.config()?;
    let secure = |endpoint: &Endpoint| match &tls {
        Some(tls) => Ok(Some((Arc::clone(tls), server_name(endpoint)?))),
        None => Ok(None),
    };
    let rest = rest_suffix(&config.rest, tls.is_some())?;
    let web = web_suffix(&config.web, tls.is_some(), &config.browser)?;
    Ok((
        Client::new(config.rest.clone(), secure(&config.rest)?, rest, config.timeouts.connect),
        Client::new(config.web.clone(), secure(&config.web)?, web, config.timeouts.connect),
    ))
}

/// The longest sleep: a clock that is set meanwhile is noticed then.
const SLEEP_MAX: Duration = Duration::from_millis(500);

/// Between two offers of an event that found no room.
const OFFER_AGAIN: Duration = Duration::from_millis(5);

struct Work<F> {
    scout: Scout,
    rest: Client,
    web: Client,
    reply_max: Duration,
    offer: F,
    clock: Clock,
    /// Made and not taken; no page is fetched before it is empty, so it holds one page's events.
    waiting: VecDeque<Event>,
    stop: Arc<AtomicBool>,
    shared: Arc<Shared>,
}

impl<F: FnMut(Event) -> Offer> Work<F> {
    fn run(mut self) {
        let mut out = Vec::new();
        self.scout.handle_start(&mut out);
        self.waiting.extend(out.drain(..));
        while !self.stop.load(Ordering::Acquire) {
            match self.hand_on() {
                Offer::Taken => self.turn(&mut out),
                Offer::Full => std::thread::park_timeout(OFFER_AGAIN),
                Offer::Ended => {
                    tracing::info!("nobody reads the scout's events any more");
                    return;
                }
            }
        }
    }

    /// Offers what waits, the oldest first, up to the first that finds no room.
    fn hand_on(&mut self) -> Offer {
        while let Some(event) = self.waiting.front() {
            match (self.offer)(*event) {
                Offer::Taken => self.waiting.pop_front(),
                offer @ (Offer::Full | Offer::Ended) => return offer,
            };
        }
        Offer::Taken
    }

    /// Asks for the time or a page, or sleeps until one is due.
    fn turn(&mut self, out: &mut Vec<Event>) {
        let mono = self.clock.mono();
        if mono >= self.clock.ask_at {
            self.ask_time();
            return;
        }
        if self.watch_wished(out) {
            return;
        }
        let now = self.clock.now();
        if let Some(page) = self.scout.poll_page(now) {
            self.fetch(page, now, out);
            self.waiting.extend(out.drain(..));
            let counts = *self.scout.counts();
            *self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner) = counts;
            return;
        }
        let (next, _) = self.scout.poll_timeout(now);
        let wait = next.since(now).min(self.clock.ask_at.since(mono)).nanos();
        let least = Duration::from_millis(1);
        std::thread::park_timeout(Duration::from_nanos(wait).clamp(least, SLEEP_MAX));
    }

    /// Takes up one wish; `false` when there is none.
    fn watch_wished(&mut self, out: &mut Vec<Event>) -> bool {
        let mut wishes = self.shared.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(name) = wishes.pop() else { return false };
        drop(wishes);
        if !self.scout.watch(&name, out) {
            tracing::warn!(name, "no pair of this name can be watched");
        }
        self.waiting.extend(out.drain(..));
        true
    }

    fn fetch(&mut self, page: Page, now: VenueTime, out: &mut Vec<Event>) {
        let path = self.scout.path(now, page);
        let client = match page.host() {
            Host::Web => &mut self.web,
            Host::Rest => &mut self.rest,
        };
        match client.get(&path, self.reply_max, &self.stop) {
            Ok(reply) => {
                let now = self.clock.now();
                if reply.status == 200 || reply.retry_after == Span::ZERO {
                    self.scout.handle_page(now, page, reply.status, reply.body, out);
                } else {
                    self.scout.handle_failure(now, page, reply.status, reply.retry_after);
                }
            }
            Err(FetchError::Stopped) => {}
            Err(error) => {
                tracing::debug!(page = page.word(), %error, "no reply");
                self.scout.handle_failure(self.clock.now(), page, 0, Span::ZERO);
            }
        }
    }

    fn ask_time(&mut self) {
        self.scout.charge(self.clock.now(), 1);
        let max = self.reply_max.min(TIME_REPLY_MAX);
        let sent = self.clock.mono();
        let server_ms = match self.rest.get("/api/v3/time", max, &self.stop) {
            Ok(reply) if reply.status == 200 => read_time(reply.body),
            Ok(reply) => {
                tracing::warn!(http = reply.status, "the exchange did not tell its time");
                self.clock.ask_at = self.clock.mono().after(reply.retry_after.max(TIME_AGAIN));
                return;
            }
            Err(FetchError::Stopped) => return,
            Err(error) => {
                tracing::warn!(%error, "the exchange did not tell its time");
                None
            }
        };
        let received = self.clock.mono();
        let taken = server_ms
            .is_some_and(|ms| self.clock.estimator.handle_sample(sent, received, ms).is_ok());
        self.clock.ask_at = received.after(if taken { TIME_EVERY } else { TIME_AGAIN });
    }
}

/// How often the exchange's time is asked for.
const TIME_EVERY: Span = Span::from_secs(60);

/// And after a failure.
const TIME_AGAIN: Span = Span::from_secs(5);

/// Slower answers prove too little and only keep the pages waiting.
const TIME_REPLY_MAX: Duration = Duration::from_secs(2);

fn read_time(body: &[u8]) -> Option<i64> {
    let mut reader = JsonReader::new(JsonReader::SMALL);
    let document = reader.parse(body).ok()?;
    let time: ServerTime = document.read().ok()?;
    Some(time.server_time.millis())
}

/// The exchange's clock as this thread knows it; the host's until the exchange has told its own.
struct Clock {
    start: Instant,
    estimator: ClockEstimator,
    ask_at: Mono,
}

impl Clock {
    fn new() -> Self {
        let estimator = ClockEstimator::new(ClockConfig::default());
        Self { start: Instant::now(), estimator, ask_at: Mono::ZERO }
    }

    /// Its own: counted from the start of the thread.
    fn mono(&self) -> Mono {
        Mono::from_nanos(u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn now(&self) -> VenueTime {
        self.estimator.venue_time(self.mono()).unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            VenueTime::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
        })
    }
}
