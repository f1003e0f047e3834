//! The trader: engine, sessions and journal behind [`Machine`].
//!
//! Everything that comes in becomes events; every event is journaled, then acts; every action is
//! journaled, then carried out. No socket, no clock, no thread: the loop drives it over sockets
//! and the simulation over a simulated network, with the same bytes.

mod answers;
mod dispatch;
mod links;
mod market;
mod on_paper;
mod private;
mod tape;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use engine::{Actions, Config, Engine};
use journal::Producer;
use model::{
    AccountId, Block, Body, ClockSample, Event, KillLevel, LinkState, Mono, Span, Strategies,
    SymbolId, Text, TimerName, VenueTime,
};
use paper::Paper;
use venue::SymbolTable;
use venue::http1::Limits;
use venue::mexc::clock::{ClockConfig, ClockEstimator};
use venue::mexc::codec::FrameDecoder;
use venue::mexc::codec::control::ControlReader;
use venue::mexc::json::JsonReader;
use venue::mexc::queries::question::Question;
use venue::mexc::queries::{QueryConfig, QuerySession};
use venue::sign::Credentials;

use crate::inbox::KillFlag;
use crate::machine::{Closed, LinkId, LinkKind, Machine};
use answers::Answered;
use links::{Role, Roles};
use market::Market;
use private::Desk;
use tape::{Tape, Written};

pub use links::{LinkRole, owners, roles};

/// What a trader is made from.
#[derive(Debug)]
pub struct TraderConfig {
    /// The engine's settings.
    pub engine: Config,
    /// The `Host` header of REST.
    pub rest_host: String,
    /// Path of the stream endpoint, such as `/ws`.
    pub stream_path: String,
    /// One an account, in the order of the engine's accounts; none on paper.
    pub credentials: Vec<Credentials>,
    /// The venue of paper mode: accounts have no key, no private stream and no link for orders then.
    pub paper: Option<paper::PaperConfig>,
    /// Connections that carry market data; one more stands by for the rotation.
    pub market_links: u8,
    /// Connections that carry orders, for each account.
    pub order_links: u8,
    /// Longest wait for the reply to an order.
    pub ack_wait: Span,
    /// Receive window of cancels and questions, in milliseconds.
    pub recv_window_ms: u32,
    /// What the process before left; `None` for the first start of a data directory.
    pub carried: Option<Carried>,
}

/// What a start goes on from.
#[derive(Clone, Debug)]
pub struct Carried {
    /// As `Engine::save` gave it; it stands in the records of this start too.
    pub image: Vec<u8>,
    /// The machine went down: the last intents may be missing.
    pub ring_lost: bool,
}

/// Why a trader cannot be made.
#[derive(Debug)]
pub enum TraderError {
    /// Not one key for each account.
    Credentials {
        /// Accounts.
        accounts: usize,
        /// Keys.
        credentials: usize,
    },
    /// The host cannot stand in a header.
    Host(venue::http1::SuffixError),
    /// The state of the process before cannot be read.
    Image(engine::ImageError),
    /// A name of the process before clashes with another.
    Name {
        /// The id that it has had.
        id: SymbolId,
        /// The pair.
        name: Text<24>,
    },
}

impl std::fmt::Display for TraderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Credentials { accounts, credentials } => {
                write!(f, "{credentials} keys, and {accounts} accounts that need one")
            }
            Self::Host(error) => write!(f, "the host of REST: {error}"),
            Self::Image(error) => error.fmt(f),
            Self::Name { id, name } => write!(
                f,
                "what the run before left has {name} as pair {}, and the pair or one of its \
                 assets is there under another number; close what is held by hand and begin a new \
                 data directory",
                id.0
            ),
        }
    }
}

impl std::error::Error for TraderError {}

/// Samples of the exchange's clock at the start, and their spacing.
///
/// The venue answers in whole milliseconds: samples at odd fractions of one meet its clock at other
/// phases each time, and their proofs narrow the estimate far below a millisecond.
const CLOCK_BURST: u32 = 20;
const CLOCK_BURST_EVERY: Span = Span::from_micros(30_370);
/// Spacing of the samples afterwards.
const CLOCK_EVERY: Span = Span::from_micros(1_000_370);
/// Longest wait for the answer to a question.
const ANSWER_WAIT: Span = Span::from_secs(5);
/// The largest frame gives this many events; the sum is the decoder's.
const BATCH: usize = FrameDecoder::EVENTS_MAX;

/// Figures of the trader itself, for status and reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraderCounts {
    /// Events that acted.
    pub events: u64,
    /// Orders and cancels handed to a session.
    pub requests: u64,
    /// Frames that could not be decoded.
    pub decode_errors: u64,
    /// Inputs and outputs for which the journal had no room.
    pub unwritten: u64,
}

/// Engine, sessions and journal.
#[derive(Debug)]
pub struct Trader<S> {
    engine: Engine<S>,
    actions: Actions,
    tape: Tape,
    table: SymbolTable,
    decoder: FrameDecoder,
    control: ControlReader,
    json: JsonReader,
    kill: KillFlag,
    /// The level that the engine's records last stood at.
    kill_told: KillLevel,
    durable: Arc<AtomicU64>,
    clock: ClockEstimator,
    clock_samples: u32,
    clock_next: Mono,
    clock_told: Option<ClockSample>,
    market: Market,
    /// Empty on paper.
    desks: Vec<Desk>,
    paper: Option<Box<Paper>>,
    public: QuerySession,
    answered: Answered,
    roles: Roles,
    /// Events that a session or a dispatch gave, not yet fed.
    queue: Vec<Event>,
    batch: Vec<Event>,
    recv_window_ms: u32,
    journal_blocked: bool,
    /// Whether the ring was lost, until the engine is told that it was restored.
    carried: Option<bool>,
    counts: TraderCounts,
    done: bool,
}

impl<S: Strategies> Trader<S> {
    /// A trader with all of its memory. `durable` is what the journal thread stores the number of
    /// the last decision on disk in.
    ///
    /// # Errors
    /// [`TraderError`] when the configuration does not hold together.
    pub fn new(
        config: TraderConfig,
        strategies: S,
        producer: Producer,
        durable: Arc<AtomicU64>,
        kill: KillFlag,
    ) -> Result<Self, TraderError> {
        let credentials = config.credentials.len();
        let accounts = if config.paper.is_some() { 0 } else { config.engine.accounts.len() };
        if accounts != credentials {
            return Err(TraderError::Credentials { accounts, credentials });
        }
        let mut desks = Vec::with_capacity(credentials);
        for (at, credentials) in config.credentials.iter().enumerate() {
            let account = AccountId(at as u8);
            desks.push(Desk::new(account, &config, credentials).map_err(TraderError::Host)?);
        }
        let public = QuerySession::new(QueryConfig {
            host: &config.rest_host,
            credentials: None,
            answer_wait: ANSWER_WAIT,
            recv_window_ms: config.recv_window_ms,
            limits: Limits::PAGES,
        });
        let (roles, market) = (Roles::new(&config), Market::new(&config));
        let mut engine = Engine::new(config.engine, strategies);
        if let Some(carried) = &config.carried {
            engine.restore(&carried.image).map_err(TraderError::Image)?;
        }
        let paper = config.paper.map(|config| on_paper::venue(config, &engine));
        Ok(Self {
            roles,
            paper,
            market,
            table: table_of(&engine)?,
            kill_told: engine.kill_level(),
            carried: config.carried.map(|carried| carried.ring_lost),
            engine,
            actions: Actions::new(),
            tape: Tape::new(producer),
            decoder: FrameDecoder::new(),
            control: ControlReader::new(),
            json: JsonReader::new(JsonReader::PAGE),
            kill,
            durable,
            clock: ClockEstimator::new(ClockConfig::default()),
            clock_samples: 0,
            clock_next: Mono::ZERO,
            clock_told: None,
            desks,
            public: public.map_err(TraderError::Host)?,
            answered: Answered::new(),
            queue: Vec::with_capacity(BATCH),
            batch: Vec::with_capacity(BATCH),
            recv_window_ms: config.recv_window_ms,
            journal_blocked: false,
            counts: TraderCounts::default(),
            done: false,
        })
    }

    /// The engine, for status and checks.
    pub fn engine(&self) -> &Engine<S> {
        &self.engine
    }

    /// The names in use.
    pub fn table(&self) -> &SymbolTable {
        &self.table
    }

    /// Figures so far.
    pub fn counts(&self) -> TraderCounts {
        TraderCounts { unwritten: self.tape.unwritten(), ..self.counts }
    }

    /// Tells the engine what it goes on from, before anything else; nothing at a first start.
    pub fn begin(&mut self, now: Mono) {
        if let Some(ring_lost) = self.carried.take() {
            self.feed(now, Event::bare(Body::Restored { ring_lost }));
        }
    }

    /// Says that the machine shall come to its end at the next turn.
    pub fn finish(&mut self) {
        self.done = true;
    }

    /// Writes the end of an orderly run; nothing may be handed to the trader afterwards.
    pub fn close(&mut self, now: Mono) {
        self.tape.stop(now);
    }

    /// Estimate of the exchange's clock.
    pub fn venue_time(&self, now: Mono) -> VenueTime {
        self.clock.venue_time(now).unwrap_or(VenueTime::NONE)
    }

    /// Journals an event, lets it act, and carries out what follows, to the end.
    fn feed(&mut self, now: Mono, event: Event) {
        self.feed_one(now, &event);
        self.feed_queue(now);
    }

    /// Everything that sessions and dispatch have queued, in order.
    fn feed_queue(&mut self, now: Mono) {
        let mut at = 0;
        while at < self.queue.len() {
            let event = self.queue[at];
            self.feed_one(now, &event);
            at += 1;
        }
        self.queue.clear();
    }

    fn feed_one(&mut self, now: Mono, event: &Event) {
        match self.tape.input(now, event) {
            Written::Shed => return,
            // It happened, written or not; entries are blocked by what `after_turn` raises.
            Written::Yes | Written::Full => {}
        }
        self.counts.events += 1;
        self.learn(event);
        self.engine.on_event(now, event, &mut self.actions);
        self.learn_scales(event);
        self.paper_hears(now, event);
        self.carry_out(now);
    }

    /// Lets the engine do what is due.
    fn tick(&mut self, now: Mono) {
        self.tape.tick(now);
        self.engine.on_timeout(now, &mut self.actions);
        self.carry_out(now);
        self.feed_queue(now);
    }

    /// Names are entered before the engine hears of them, since codecs look them up.
    fn learn(&mut self, event: &Event) {
        if let Body::Symbol(names) = &event.body {
            let (name, base, quote) = (&names.name, &names.base, &names.quote);
            let id = self.table.add(name.as_str(), base.as_str(), quote.as_str());
            let entry = id.and_then(|id| self.table.get(id));
            let same = entry.is_some_and(|entry| {
                entry.id == event.symbol
                    && (entry.base, entry.quote) == (names.base_asset, names.quote_asset)
            });
            assert!(same, "{name} was not entered in the order of its id");
        }
    }

    /// Scales follow what the engine has taken, not what was read: it may have refused.
    fn learn_scales(&mut self, event: &Event) {
        if matches!(event.body, Body::Spec(_))
            && let Some(spec) = self.engine.spec(event.symbol)
        {
            self.table.set_scales(event.symbol, spec.price_decimals, spec.qty_decimals);
        }
    }

    /// What every turn ends with: durability, shedding, and the state of the journal.
    fn after_turn(&mut self, now: Mono) {
        let seq = self.durable.load(Ordering::Acquire);
        while let Some(token) = self.tape.durable(seq) {
            self.feed(now, Event::bare(Body::Durable { token }));
        }
        let filling = self.tape.is_filling();
        if filling != self.journal_blocked {
            self.journal_blocked = filling;
            let body = Body::Blocked { block: Block::Journal, on: filling };
            self.feed(now, Event::bare(body));
        }
        if let Some(range) = self.tape.shed() {
            self.feed(now, Event::bare(Body::Shed(range)));
        }
        self.run_paper(now);
    }

    fn ask_time(&mut self, now: Mono) {
        if now < self.clock_next {
            return;
        }
        let burst = self.clock_samples < CLOCK_BURST;
        self.clock_next = now.after(if burst { CLOCK_BURST_EVERY } else { CLOCK_EVERY });
        // A full queue has a time question in it already.
        let _ = self.public.ask(now, Question::Time, &self.table);
    }

    /// Tells the engine of a better or aged estimate, once in the sampling interval.
    fn take_time(&mut self, sent: Mono, received: Mono, server_ms: i64) {
        let Ok(update) = self.clock.handle_sample(sent, received, server_ms) else { return };
        self.clock_samples = self.clock_samples.saturating_add(1);
        let better = self.clock_told.is_none_or(|told| update.sample.error < told.error);
        let settled = self.clock_samples > CLOCK_BURST;
        if better || settled || update.jumped {
            self.clock_told = Some(update.sample);
            self.queue.push(Event::bare(Body::Clock(update.sample)));
        }
    }

    fn session_timeout(&self) -> Option<(Mono, TimerName)> {
        let own = Some((self.clock_next, "clock sample"));
        let desks = self.desks.iter().filter_map(Desk::poll_timeout);
        let paper = self.paper.as_ref().and_then(|paper| paper.poll_timeout());
        let rest = [own, self.public.poll_timeout(), self.market.poll_timeout(), paper];
        rest.into_iter().flatten().chain(desks).min_by_key(|(at, _)| *at)
    }
}

/// The names that an engine goes on with under their ids, of which some may be missing: a full disk
/// keeps nothing, and what was named then is named anew.
fn table_of<S: Strategies>(engine: &Engine<S>) -> Result<SymbolTable, TraderError> {
    let mut table = SymbolTable::new();
    for (id, names, spec) in engine.names() {
        if !table.enter(id, names) {
            return Err(TraderError::Name { id, name: names.name });
        }
        if let Some(spec) = spec {
            table.set_scales(id, spec.price_decimals, spec.qty_decimals);
        }
    }
    Ok(table)
}

impl<S: Strategies> Machine for Trader<S> {
    fn links(&self) -> usize {
        self.roles.len()
    }

    fn kind(&self, link: LinkId) -> LinkKind {
        match self.roles.of(link) {
            Role::Market(_) | Role::User(..) => LinkKind::WebSocket,
            Role::Order(..) | Role::Query(_) | Role::Public => LinkKind::Http,
        }
    }

    fn wants(&self, link: LinkId) -> bool {
        match self.roles.of(link) {
            Role::Market(at) => self.market.wants(at),
            Role::User(desk, slot) => self.desks[desk].wants_stream(slot),
            Role::Order(desk, at) => !self.desks[desk].orders[at].must_close(),
            Role::Query(desk) => !self.desks[desk].query.must_close(),
            Role::Public => !self.public.must_close(),
        }
    }

    fn path(&self, link: LinkId) -> &str {
        match self.roles.of(link) {
            Role::User(desk, slot) => self.desks[desk].path(slot),
            Role::Market(_) | Role::Order(..) | Role::Query(_) | Role::Public => self.market.path(),
        }
    }

    fn handle_open(&mut self, now: Mono, link: LinkId) {
        match self.roles.of(link) {
            Role::Market(at) => self.market.handle_open(now, at),
            Role::User(desk, slot) => self.desks[desk].streams[slot.index()].handle_open(now),
            Role::Order(desk, at) => {
                let event = self.desks[desk].handle_order_open(now, at);
                self.queue.extend(event);
            }
            Role::Query(desk) => self.desks[desk].query.handle_open(),
            Role::Public => {
                self.public.handle_open();
                self.paper_reaches(now, true);
            }
        }
        self.feed_queue(now);
        self.after_turn(now);
    }

    fn handle_closed(&mut self, now: Mono, link: LinkId, why: Closed) {
        let queue = &mut self.queue;
        match self.roles.of(link) {
            Role::Market(at) => self.market.handle_closed(at, &mut |event| queue.push(event)),
            Role::User(desk, slot) => {
                self.desks[desk].handle_stream_closed(slot, why, &mut |event| queue.push(event));
            }
            Role::Order(desk, at) => {
                self.desks[desk].handle_order_closed(now, at, &mut |event| queue.push(event));
            }
            Role::Query(desk) => {
                let answered = &mut self.answered;
                self.desks[desk].query.handle_closed(now, &mut |reply| answered.take(&reply));
            }
            Role::Public => {
                let answered = &mut self.answered;
                self.public.handle_closed(now, &mut |reply| answered.take(&reply));
                self.paper_reaches(now, false);
            }
        }
        self.read_answers(now, link);
        self.feed_queue(now);
        self.after_turn(now);
    }

    fn handle_text(&mut self, now: Mono, link: LinkId, text: &mut [u8]) {
        let queue = &mut self.queue;
        let feed = match self.roles.of(link) {
            Role::Market(at) => self.market.feed_mut(at),
            Role::User(desk, slot) => &mut self.desks[desk].streams[slot.index()],
            Role::Order(..) | Role::Query(_) | Role::Public => return,
        };
        match self.control.read(text) {
            Ok(control) => feed.handle_control(now, &control, &mut |event| queue.push(event)),
            Err(_) => self.counts.decode_errors += 1,
        }
        self.settle_streams(link);
        self.feed_queue(now);
        self.after_turn(now);
    }

    fn handle_binary(&mut self, now: Mono, link: LinkId, frame: &[u8]) {
        match self.roles.of(link) {
            Role::Market(at) => self.take_market_frame(now, at, frame),
            Role::User(desk, slot) => self.take_private_frame(now, desk, slot, frame),
            Role::Order(..) | Role::Query(_) | Role::Public => {}
        }
        self.settle_streams(link);
        self.feed_queue(now);
        self.after_turn(now);
    }

    fn handle_bytes(&mut self, now: Mono, link: LinkId, bytes: &[u8]) {
        let (queue, answered) = (&mut self.queue, &mut self.answered);
        match self.roles.of(link) {
            Role::Order(desk, at) => {
                let session = &mut self.desks[desk].orders[at];
                session.handle_bytes(now, bytes, &mut |event| queue.push(event));
            }
            Role::Query(desk) => {
                let session = &mut self.desks[desk].query;
                session.handle_bytes(now, bytes, &mut |reply| answered.take(&reply));
            }
            Role::Public => {
                self.public.handle_bytes(now, bytes, &mut |reply| answered.take(&reply));
            }
            Role::Market(_) | Role::User(..) => {}
        }
        self.read_answers(now, link);
        self.feed_queue(now);
        self.after_turn(now);
    }

    fn handle_event(&mut self, now: Mono, event: &Event) {
        // The journal thread's word that something is on disk only wakes the loop: `after_turn`
        // reads how far.
        if !matches!(event.body, Body::Durable { .. }) {
            self.feed(now, *event);
        }
        self.after_turn(now);
    }

    fn handle_timeout(&mut self, now: Mono) {
        self.ask_time(now);
        let (queue, answered) = (&mut self.queue, &mut self.answered);
        self.public.handle_timeout(now, &mut |reply| answered.take(&reply));
        self.market.handle_timeout(now, &mut |event| queue.push(event));
        self.read_public(now);
        for desk in 0..self.desks.len() {
            self.run_desk(now, desk);
        }
        self.settle_market();
        self.feed_queue(now);
        if self.engine.poll_timeout().is_some_and(|(at, _)| at <= now) {
            self.tick(now);
        }
        self.after_turn(now);
    }

    fn poll_transmit(&mut self, now: Mono, link: LinkId) -> Option<&[u8]> {
        match self.roles.of(link) {
            Role::Market(at) => self.market.feed_mut(at).poll_transmit(now).map(str::as_bytes),
            Role::User(desk, slot) => {
                let feed = &mut self.desks[desk].streams[slot.index()];
                feed.poll_transmit(now).map(str::as_bytes)
            }
            Role::Order(desk, at) => {
                self.suppress_if_killed(now, desk, at);
                self.desks[desk].orders[at].poll_transmit()
            }
            Role::Query(desk) => {
                let venue_now = self.clock.venue_time(now).unwrap_or(VenueTime::NONE);
                self.desks[desk].query.poll_transmit(now, venue_now)
            }
            Role::Public => self.public.poll_transmit(now, VenueTime::NONE),
        }
    }

    fn handle_transmitted(&mut self, now: Mono, link: LinkId, len: usize) {
        let queue = &mut self.queue;
        match self.roles.of(link) {
            Role::Market(at) => {
                self.market.feed_mut(at).handle_transmitted(now, &mut |event| queue.push(event));
            }
            Role::User(desk, slot) => {
                let feed = &mut self.desks[desk].streams[slot.index()];
                feed.handle_transmitted(now, &mut |event| queue.push(event));
            }
            Role::Order(desk, at) => {
                let session = &mut self.desks[desk].orders[at];
                session.handle_transmitted(now, len, &mut |event| queue.push(event));
            }
            Role::Query(desk) => self.desks[desk].query.handle_transmitted(len),
            Role::Public => self.public.handle_transmitted(len),
        }
        self.settle_streams(link);
        self.feed_queue(now);
        self.run_paper(now);
    }

    fn poll_timeout(&self) -> Option<(Mono, TimerName)> {
        [self.engine.poll_timeout(), self.session_timeout()]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }

    fn is_done(&self) -> bool {
        self.done
    }
}

impl<S: Strategies> Trader<S> {
    /// An entry whose first byte has not gone is dropped whole once the kill flag is up.
    fn suppress_if_killed(&mut self, now: Mono, desk: usize, at: usize) {
        let session = &mut self.desks[desk].orders[at];
        if self.kill.level() == KillLevel::Active || !session.head_is_entry() {
            return;
        }
        if let Some(client_order_id) = session.drop_unsent() {
            let account = AccountId(desk as u8);
            let body = Body::Suppressed { client_order_id };
            self.feed(now, Event::of(account, SymbolId::NONE, body));
        }
    }

    /// Stream events of a connection that does not serve are its own business.
    fn settle_streams(&mut self, link: LinkId) {
        match self.roles.of(link) {
            Role::User(desk, slot) => self.desks[desk].settle(slot, &mut self.queue),
            Role::Market(at) => {
                self.market.hold_back(at, &mut self.queue);
                self.settle_market();
            }
            Role::Order(..) | Role::Query(_) | Role::Public => {}
        }
    }

    fn settle_market(&mut self) {
        let queue = &mut self.queue;
        self.market.rotate(&self.table, &mut |event| queue.push(event));
    }

    fn take_market_frame(&mut self, now: Mono, at: usize, frame: &[u8]) {
        self.batch.clear();
        match self.decoder.decode(&self.table, AccountId::NONE, frame) {
            Ok(decoded) => self.batch.extend_from_slice(decoded.events),
            Err(_) => {
                self.counts.decode_errors += 1;
                let range = model::ShedRange { count: 1, from: now, to: now };
                self.queue.push(Event::bare(Body::Shed(range)));
                return;
            }
        }
        let queue = &mut self.queue;
        let feed = self.market.feed_mut(at);
        match self.batch.first() {
            Some(event) => feed.handle_event(now, event, &mut |event| queue.push(event)),
            None => feed.handle_heard(now, &mut |event| queue.push(event)),
        }
        self.market.hold_back(at, &mut self.queue);
        self.feed_queue(now);
        if self.market.serves(at) {
            for at in 0..self.batch.len() {
                let event = self.batch[at];
                self.feed(now, event);
            }
        }
    }

    fn take_private_frame(
        &mut self,
        now: Mono,
        desk: usize,
        slot: venue::mexc::listen_key::KeySlot,
        frame: &[u8],
    ) {
        self.batch.clear();
        let account = AccountId(desk as u8);
        match self.decoder.decode(&self.table, account, frame) {
            Ok(decoded) => self.batch.extend_from_slice(decoded.events),
            Err(_) => {
                // Nothing private is ever skipped: entries stop, and the stream begins again with
                // a reconciliation.
                self.counts.decode_errors += 1;
                self.desks[desk].restart_stream(slot);
                let body = Body::Blocked { block: Block::Decode, on: true };
                self.queue.push(Event::of(account, SymbolId::NONE, body));
                return;
            }
        }
        let queue = &mut self.queue;
        let feed = &mut self.desks[desk].streams[slot.index()];
        match self.batch.first() {
            Some(event) => feed.handle_event(now, event, &mut |event| queue.push(event)),
            None => feed.handle_heard(now, &mut |event| queue.push(event)),
        }
        self.desks[desk].settle(slot, &mut self.queue);
        self.feed_queue(now);
        for at in 0..self.batch.len() {
            let event = self.batch[at];
            self.feed(now, event);
        }
    }
}

/// Whether a stream event says that the private stream serves.
fn is_private_live(event: &Event) -> bool {
    matches!(event.body, Body::Stream { stream: model::Stream::Private, state: LinkState::Live })
}
