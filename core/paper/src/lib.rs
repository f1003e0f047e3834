//! The paper venue: orders that passed the gate meet the market that is received, and no exchange.
//!
//! Sans-IO: `handle_*` takes input, `poll_*` gives output, time is an argument, and every latency
//! is drawn from a seed. It takes what the sessions of a real account take (approved orders,
//! cancels, questions) and gives the events that replies and the private stream give. Those events
//! are journaled like any other, so a replay needs no paper venue.
//!
//! # What it assumes, so that paper does not flatter
//!
//! - **When.** A request meets the book one round trip after it left, not half of one: the book
//!   that is received by then is the one that stood when the request would have arrived.
//! - **Taking.** A marketable order takes the visible book level by level at the level's own price.
//!   What we took of a level is gone until its quantity changes. With a book out of step only the
//!   best level of the best-price stream is there to take; with neither, nothing is.
//! - **Resting.** An order queues behind everything that stands at its price. Only deals at its
//!   price advance it, and the level becoming smaller than its queue: whoever cancels stood behind
//!   it. It fills by deals beyond its price, and by quotes strictly beyond its price, at its own
//!   price and for at most their quantity. Where the level cannot be seen the queue is endless.
//! - **Opening.** A pair takes orders once it has printed, or once a bid and an ask stand and no
//!   planned opening lies ahead. Before, 30001. We are never the first deal of a pair.
//! - **Fees** are the larger of the configured and the pair's own; money rounds against us.
//! - **Reach.** It is reached only while the public REST connection is: with that, order links and
//!   private stream go down, replies under way are lost, and what the stream would have said is only
//!   to be asked for.
//!
//! **Not simulated:** how others would have answered our orders, bands and caps of prices (30010,
//! 30087), self-trade between two accounts, limits of request weight, failures of the venue.
//!
//! **Absent:** clock, socket, thread, the engine, credentials, and allocation after construction
//! but for [`Paper::restore`].
#![warn(missing_docs)]

mod answers;
mod book;
mod chance;
mod check;
mod config;
mod matching;
mod order;
mod outbox;
mod pair;
mod past;
mod purse;
#[cfg(test)]
mod tests;
mod wire;

use model::{
    AccountId, Body, ClockSample, Event, Link, LinkState, Mono, Stream, SymbolId, SymbolNames,
    SymbolSpec, TimerName, VenueKey, VenueTime,
};

pub use answers::Ask;
pub use book::Books;
pub use config::{FeeAsset, Fees, Latency, PaperConfig};
pub use past::Past;
pub use wire::Busy;

use answers::Questions;
use book::Impact;
use chance::Chance;
use order::{Deals, Orders};
use outbox::Outbox;
use pair::Pairs;
use past::Waiting;
use purse::Purse;
use wire::Wire;

/// Deals that one order makes at once at most; what stands behind them it does not reach.
pub const DEALS_MAX: usize = 64;

/// The venue of every account in paper mode.
#[derive(Debug)]
pub struct Paper {
    config: PaperConfig,
    chance: Chance,
    now: Mono,
    clock: Option<ClockSample>,
    pairs: Pairs,
    purse: Purse,
    orders: Orders,
    deals: Deals,
    impact: Impact,
    wire: Wire,
    questions: Questions,
    outbox: Outbox,
    /// Orders and deals of earlier runs whose pair has no rules in this one yet.
    waiting: Waiting,
    reachable: bool,
    keys: u64,
}

/// What comes out of it when.
const TIMER: TimerName = "paper";

impl Paper {
    /// A venue that is not reachable yet, with all of its memory.
    pub fn new(config: PaperConfig) -> Self {
        let mut purse = Purse::new();
        for account in 0..config.accounts {
            purse.give(AccountId(account), config.purse_asset, config.purse);
        }
        Self {
            chance: Chance::new(config.seed),
            now: Mono::ZERO,
            clock: None,
            pairs: Pairs::new(),
            purse,
            orders: Orders::new(),
            deals: Deals::new(),
            impact: Impact::new(),
            wire: Wire::new(),
            questions: Questions::new(),
            outbox: Outbox::new(),
            waiting: Waiting::default(),
            reachable: false,
            keys: 0,
            config,
        }
    }

    /// Takes up where earlier runs of the data directory ended; before anything but names and rules.
    pub fn restore(&mut self, past: Past) {
        self.waiting = past.settle(&mut self.purse);
        for (symbol, pair) in self.pairs.iter() {
            self.purse.learn(pair.base_name.as_str(), pair.base);
            self.purse.learn(pair.quote_name.as_str(), pair.quote);
            self.attach(symbol);
        }
    }

    /// Takes what the trader has just acted on: names, openings, the clock, and the market.
    pub fn handle_event(&mut self, now: Mono, event: &Event, books: &impl Books) {
        self.now = now;
        self.pairs.learn(event, self.venue_now());
        if let Body::Symbol(names) = &event.body {
            self.handle_names(event.symbol, names);
        } else if let Body::Clock(sample) = &event.body {
            self.clock = Some(*sample);
        } else if let Body::Print(print) = &event.body {
            self.on_print(event.symbol, print);
        } else if matches!(event.body, Body::Depth(_)) && event.last {
            self.on_book(event.symbol, books);
        }
    }

    /// Takes the names of a pair, from an event or from what a run goes on from.
    pub fn handle_names(&mut self, symbol: SymbolId, names: &SymbolNames) {
        self.pairs.name(symbol, names);
        self.purse.learn(names.base.as_str(), names.base_asset);
        self.purse.learn(names.quote.as_str(), names.quote_asset);
    }

    /// Takes the rules of a pair as the trader holds them: figures of orders stand at their scale.
    pub fn handle_spec(&mut self, symbol: SymbolId, spec: &SymbolSpec) {
        let Some(pair) = self.pairs.get_mut(symbol) else { return };
        pair.spec = Some(*spec);
        self.attach(symbol);
    }

    /// The venue can be reached, or no longer.
    pub fn handle_reachable(&mut self, now: Mono, reachable: bool) {
        self.now = now;
        if reachable == self.reachable {
            return;
        }
        self.reachable = reachable;
        if !reachable {
            self.outbox.clear();
            self.lose_requests();
        }
        for account in (0..self.config.accounts).map(AccountId) {
            self.tell_reach(account, reachable);
        }
    }

    fn tell_reach(&mut self, account: AccountId, up: bool) {
        let state = if up { LinkState::Live } else { LinkState::Down };
        // Up: one round trip for the connections, another for the stream.
        let links = if up { self.now.after(self.order_takes()) } else { self.now };
        let stream = if up { links.after(self.order_takes()) } else { self.now };
        let event = |body| Event::of(account, SymbolId::NONE, body);
        self.outbox.put(links, event(Body::Link { link: Link::Order, up }));
        self.outbox.put(links, event(Body::Link { link: Link::User, up }));
        self.outbox.put(stream, event(Body::Stream { stream: Stream::Private, state }));
    }

    /// What happened by `now`, one event at a time, in order; `None` when there is nothing more.
    pub fn poll_event(&mut self, now: Mono, books: &impl Books) -> Option<Event> {
        self.now = now;
        loop {
            if let Some(event) = self.outbox.take(now) {
                return Some(event);
            }
            if let Some(event) = self.next_answer(now) {
                return Some(event);
            }
            if !self.has_room() || !self.serve(now, books) {
                return None;
            }
        }
    }

    /// When to call [`poll_event`](Self::poll_event) next.
    pub fn poll_timeout(&self) -> Option<(Mono, TimerName)> {
        // A full outbox empties first.
        let requests = self.wire.due().filter(|_| self.has_room());
        let all = [self.outbox.due(), self.questions.due(), requests];
        all.into_iter().flatten().min().map(|at| (at, TIMER))
    }

    /// Whether everything that one order can bring about fits into the outbox.
    fn has_room(&self) -> bool {
        self.outbox.room() >= Outbox::OF_ORDER
    }

    /// Queues the reply to a request; it comes at once, since the round trip is over.
    fn reply(&mut self, event: Event) {
        if self.reachable && !self.wire.is_lost() {
            self.outbox.put(self.now, event);
        }
    }

    /// Queues a word of the private stream, never before an earlier one of the same account.
    fn tell(&mut self, event: Event) {
        let latency = &self.config.latency;
        let takes = self.chance.span(latency.stream, latency.stream_spread);
        if self.reachable {
            self.outbox.put_in_order(self.now.after(takes), event);
        }
    }

    fn order_takes(&mut self) -> model::Span {
        let latency = &self.config.latency;
        self.chance.span(latency.order, latency.order_spread)
    }

    /// The venue's clock; none before the first sample.
    fn venue_now(&self) -> VenueTime {
        self.venue_at(self.now)
    }

    fn venue_at(&self, at: Mono) -> VenueTime {
        let nanos = |sample: ClockSample| {
            i64::try_from(at.nanos()).unwrap_or(i64::MAX).saturating_add(sample.offset)
        };
        self.clock.map_or(VenueTime::NONE, |sample| VenueTime::from_nanos(nanos(sample)))
    }

    /// An id that no other order or deal of the data directory has.
    fn next_key(&mut self, deal: bool) -> VenueKey {
        self.keys += 1;
        let (instance, epoch) = (u128::from(self.config.instance), u128::from(self.config.epoch));
        let kind = if deal { 2 } else { 1 };
        VenueKey(kind << 120 | instance << 96 | epoch << 64 | u128::from(self.keys))
    }
}
