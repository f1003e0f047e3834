//! The decision: one event in, at most [`Actions::CAPACITY`] actions out.
//!
//! The engine owns targets, permits, the fire timer, retries, order life, positions and exits. A
//! strategy only proposes. After every event the targets it concerns are *driven*: looked at as
//! they stand, and moved as far as they can go. Driving twice changes nothing, so a lost wake-up
//! costs time and never correctness.
//!
//! **Absent:** clock, socket, file, thread, random source, venue, and allocation after
//! [`Engine::new`].

mod actions;
mod book;
mod by_hand;
mod changes;
mod clock;
pub mod confidence;
mod config;
mod detect;
mod drive;
mod entry;
mod exits;
mod exposure;
mod fills;
mod follow;
mod image;
mod intents;
mod kill;
mod ledger;
mod listing;
mod orders;
mod plugins;
mod rate;
mod reconcile;
mod replies;
mod scenes;
mod seen;
mod step;
mod symbols;
mod target;
mod unknown;

pub use actions::{Action, Actions, Note, Order as OrderOf, Outcome, Question};
pub use config::{
    AccountConfig, Config, Emergency, Patterns, Plans, RateConfig, Thresholds, Timing,
};
pub use follow::Follower;
pub use image::ImageError;
pub use listing::{Listing, ListingState};
pub use orders::{Order, OrderState};
pub use target::{Position, Target};

use model::{
    AccountId, Amount, Blocks, ClientOrderId, Event, KillLevel, Mono, Strategies, SymbolId,
    TimerName, VenueTime, ViewPosition, ViewTarget, Wishes,
};

use changes::Changes;
use clock::Clock;
use confidence::Learnt;
use ledger::Ledger;
use orders::Orders;
use plugins::{Slots, Swaps};
use rate::Rate;
use reconcile::Reconcile;
use seen::Seen;
use symbols::Symbols;
use target::Targets;

/// State of one trading run. Changes only in [`on_event`](Self::on_event) and
/// [`on_timeout`](Self::on_timeout): the same calls give the same actions, byte for byte.
#[derive(Debug)]
pub struct Engine<S> {
    config: Config,
    strategies: S,
    now: Mono,
    clock: Clock,
    kill: KillLevel,
    blocks: Blocks,
    accounts: Vec<Account>,
    symbols: Symbols,
    targets: Targets,
    orders: Orders,
    seen: Seen,
    next_id: u32,
    next_token: u64,
    wishes: Wishes,
    swaps: Swaps,
    changes: Changes,
    slots: Slots,
    view_targets: Vec<ViewTarget>,
    view_positions: Vec<ViewPosition>,
    /// Deals of orders that no record names, until one is found.
    strays: Vec<(ClientOrderId, model::Qty)>,
    /// Orders of lost records that were counted, until every account was looked into.
    found: Vec<ClientOrderId>,
    /// A bit for each account whose last intents may be missing until it was reconciled.
    unsure: u8,
    learnt: Learnt,
    /// Symbols below were looked at since the exchange's clock is known.
    detected: usize,
}

/// What is kept for each account.
#[derive(Debug)]
struct Account {
    config: AccountConfig,
    rate: Rate,
    ledger: Ledger,
    blocks: Blocks,
    day: i64,
    bought_today: Amount,
    /// The venue said to wait.
    frozen_until: Mono,
    reconcile: Reconcile,
    /// The code with which the venue last refused a question about the account, until one succeeds.
    refused: i32,
}

impl<S: Strategies> Engine<S> {
    /// Deals that are remembered apart from their order.
    pub(crate) const STRAYS: usize = 64;

    /// Takes all the memory it will ever use.
    pub fn new(config: Config, strategies: S) -> Self {
        let account = |config: AccountConfig| Account {
            config,
            rate: Rate::new(config.rate),
            ledger: Ledger::new(),
            blocks: Blocks::NONE
                .with(model::Block::PrivateStream, true)
                .with(model::Block::Reconciliation, true)
                .with(model::Block::OrderLink, true),
            day: i64::MIN,
            bought_today: Amount::ZERO,
            frozen_until: Mono::ZERO,
            reconcile: Reconcile::default(),
            refused: 0,
        };
        Self {
            accounts: config.accounts.iter().map(account).collect(),
            strategies,
            now: Mono::ZERO,
            clock: Clock::default(),
            kill: KillLevel::Active,
            blocks: Blocks::NONE.with(model::Block::Clock, true),
            symbols: Symbols::new(),
            targets: Targets::new(),
            orders: Orders::new(),
            seen: Seen::new(),
            next_id: config.ids_from,
            next_token: 1,
            wishes: Wishes::new(),
            swaps: Swaps::new(),
            changes: Changes::new(),
            slots: Slots::new(&config.plugins),
            view_targets: Vec::with_capacity(Targets::CAPACITY),
            view_positions: Vec::with_capacity(Targets::CAPACITY),
            strays: Vec::with_capacity(Self::STRAYS),
            found: Vec::with_capacity(Self::STRAYS),
            unsure: 0,
            learnt: Learnt::default(),
            detected: 0,
            config,
        }
    }

    /// Takes one event at `now` and appends what must be done to `actions`.
    ///
    /// `now` never goes back between calls.
    pub fn on_event(&mut self, now: Mono, event: &Event, actions: &mut Actions) {
        self.begin(now);
        self.step(event, actions);
    }

    /// Does what has become due by `now`.
    pub fn on_timeout(&mut self, now: Mono, actions: &mut Actions) {
        self.begin(now);
        self.check_clock();
        self.show_timers(actions);
        if self.has_looks_left() {
            self.detect_all(actions);
        }
        self.drive_all(actions);
        self.chase_unknown(actions);
        self.chase_cancels(actions);
        self.chase_books(actions);
        self.chase_reconcile(actions);
        self.drive_swaps(actions);
        self.show_changes(actions);
        self.take_reports(actions);
    }

    /// When to call [`on_timeout`](Self::on_timeout) next, and whose timer it is; `None` if nobody
    /// waits.
    pub fn poll_timeout(&self) -> Option<(Mono, TimerName)> {
        self.next_deadline()
    }

    fn begin(&mut self, now: Mono) {
        assert!(now >= self.now, "time went back from {:?} to {now:?}", self.now);
        self.now = now;
        self.strategies.begin();
    }

    /// The plug-ins.
    pub fn strategies(&self) -> &S {
        &self.strategies
    }

    /// What it was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Estimate of the exchange's clock at `at`; [`VenueTime::NONE`] before the first sample.
    pub fn venue_time(&self, at: Mono) -> VenueTime {
        self.clock.venue(at)
    }

    /// The kill level in force.
    pub fn kill_level(&self) -> KillLevel {
        self.kill
    }

    /// What holds entries of an account back.
    pub fn blocks(&self, account: AccountId) -> Blocks {
        let own = self.accounts.get(account.index()).map_or(Blocks::NONE, |held| held.blocks);
        self.blocks.union(own)
    }

    /// Every target that is not forgotten.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter().map(|(_, target)| target)
    }

    /// Every order that is not forgotten.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.iter()
    }

    /// One order.
    pub fn order(&self, id: ClientOrderId) -> Option<&Order> {
        self.orders.find(id)
    }

    /// A target's position as the records have it; `None` before its first deal.
    pub fn position(&self, target: &Target) -> Option<model::PositionRecord> {
        let spec = self.spec(target.symbol())?;
        target.position.exists().then(|| target.position_record(spec))
    }

    /// Rules of a symbol as the engine has taken them.
    pub fn spec(&self, symbol: SymbolId) -> Option<&model::SymbolSpec> {
        self.symbols.get(symbol)?.spec.as_ref()
    }

    /// Where a listing stands.
    pub fn listing_state(&self, symbol: SymbolId) -> ListingState {
        self.symbols.get(symbol).map(|symbol| symbol.listing.state()).unwrap_or_default()
    }

    /// Bids, asks and version of a book that may be read, best first; for checks against an oracle.
    pub fn book_at(&self, symbol: SymbolId) -> Option<(&[model::Level], &[model::Level], u64)> {
        self.symbols.book(symbol)?.at_version()
    }
}
