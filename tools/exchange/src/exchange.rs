//! The exchange: state, clock and timers. What it does with them stands in the modules beside.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

use model::{Amount, Span, VenueTime};

use crate::account::{ApiKey, Budgets, ListenKey};
use crate::book::{Book, Match, Scale};
use crate::candle::Candles;
use crate::config::{Config, ConfigError, ListingConfig, Rules, SymbolConfig};
use crate::error::ApiError;
use crate::faults::FaultPlan;
use crate::flow::Flow;
use crate::hub::Hub;
use crate::ledger::{Ledger, Pocket};
use crate::listing::Schedule;
use crate::market::{Rulebook, Symbol, Tape};
use crate::order::{Deal, Order};
use crate::personality::{Language, Personality};
use crate::rng::Rng;
use crate::stp::Groups;

/// Finished orders and deals kept of an account; the oldest go first.
pub(crate) const HISTORY_MAX: usize = 20_000;
/// Pairs that one exchange holds.
const SYMBOLS_MAX: usize = 4_096;
/// User id of the first account.
const FIRST_UID: usize = 20_930_001;
/// Money of each side of a pair's background flow; enough for years of it.
const HOUSE_MONEY: Amount = Amount::from_units(1_000_000_000_000);

/// An account's own records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    pub(crate) name: String,
    /// Whether it is background flow: no fees, no history, no events.
    pub(crate) house: bool,
    /// Orders, oldest first.
    pub(crate) orders: VecDeque<u64>,
    pub(crate) deals: VecDeque<Deal>,
    pub(crate) client_ids: BTreeMap<Box<str>, u64>,
    pub(crate) open: u32,
    /// Whether its fees are paid in MX where it has enough.
    pub(crate) mx_deduct: bool,
}

/// What happens by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// Pre-open asks of a flow are placed.
    PreOpen(usize),
    /// A flow takes a step.
    Flow(usize),
    /// An aggregated stream of a symbol sends what it collected.
    Flush(usize, usize),
    /// Candles and tickers are sent.
    Second,
}

/// A simulated MEXC spot exchange, pure: it has no clock, socket, thread or chance of its own.
///
/// Every entry takes `now`, the exchange's own time, and first does what was due until then.
/// Equal configuration, seed, start and calls give equal bytes. Time never runs backwards: a
/// smaller `now` counts as the largest one seen.
#[derive(Debug)]
pub struct Exchange {
    pub(crate) seed: u64,
    pub(crate) rules: Rules,
    pub(crate) personality: Personality,
    pub(crate) origin: VenueTime,
    pub(crate) now: VenueTime,
    pub(crate) ledger: Ledger,
    pub(crate) accounts: Vec<Account>,
    pub(crate) keys: BTreeMap<String, Arc<ApiKey>>,
    pub(crate) listen_keys: Vec<ListenKey>,
    pub(crate) budgets: Budgets,
    pub(crate) symbols: Vec<Symbol>,
    pub(crate) by_name: BTreeMap<String, usize>,
    pub(crate) orders: BTreeMap<u64, Order>,
    pub(crate) next_order: u64,
    pub(crate) next_deal: u64,
    pub(crate) flows: Vec<Option<Flow>>,
    pub(crate) hub: Hub,
    pub(crate) faults: FaultPlan,
    pub(crate) groups: Groups,
    pub(crate) ids: Rng,
    pub(crate) matches: Vec<Match>,
    /// Private events made by the running request become visible then.
    pub(crate) private_due: VenueTime,
    timers: BinaryHeap<Reverse<(VenueTime, u64, Timer)>>,
    timers_made: u64,
}

impl Exchange {
    /// An exchange whose clock stands at `start`.
    ///
    /// # Errors
    /// [`ConfigError`] with the key and the value that cannot be used.
    pub fn new(config: &Config, seed: u64, start: VenueTime) -> Result<Self, ConfigError> {
        let full_second = start.nanos().div_euclid(1_000_000_000) * 1_000
            + i64::from(start.nanos().rem_euclid(1_000_000_000) != 0) * 1_000;
        let mut exchange = Self {
            seed,
            rules: config.rules.clone(),
            personality: config.personality.clone(),
            origin: VenueTime::from_millis(config.origin_ms.unwrap_or(full_second)),
            now: start,
            ledger: Ledger::default(),
            accounts: Vec::new(),
            keys: BTreeMap::new(),
            listen_keys: Vec::new(),
            budgets: Budgets::default(),
            symbols: Vec::new(),
            by_name: BTreeMap::new(),
            orders: BTreeMap::new(),
            next_order: 1,
            next_deal: 1,
            flows: Vec::new(),
            hub: Hub::default(),
            faults: FaultPlan::new(config.faults.clone(), seed),
            groups: Groups::default(),
            ids: Rng::new(seed, "ids"),
            matches: Vec::new(),
            private_due: start,
            timers: BinaryHeap::new(),
            timers_made: 0,
        };
        exchange.personality.check(config)?;
        exchange.ledger.set_lag(exchange.read_lag());
        exchange.open_accounts(config)?;
        for symbol in &config.symbols {
            exchange.add_symbol(symbol, None)?;
        }
        for listing in &config.listings {
            exchange.add_listing(listing)?;
        }
        Ok(exchange)
    }

    /// Adds a listing while the exchange runs; its times count from the configured origin.
    ///
    /// # Errors
    /// [`ConfigError`] when a value cannot be used or the pair exists.
    pub fn add_listing(&mut self, listing: &ListingConfig) -> Result<(), ConfigError> {
        let scale = self.scale(&listing.market);
        let late_us = listing.late_us.saturating_add(self.personality.opening_offset_us);
        let schedule =
            Schedule::new(&ListingConfig { late_us, ..listing.clone() }, scale, self.origin)?;
        self.add_symbol(&listing.market, Some(schedule))
    }

    /// Lets the times of listings that are added from here on count from `origin`.
    pub fn set_origin(&mut self, origin: VenueTime) {
        self.origin = origin;
    }

    /// Adds the demo's listings while the exchange runs, as [`Config::demo`] would with this
    /// exchange's seed and `ready_at`.
    ///
    /// # Errors
    /// [`ConfigError`] when one of the pairs exists.
    pub fn schedule_demo(&mut self, count: usize, ready_at: VenueTime) -> Result<(), ConfigError> {
        let config = Config::demo(self.seed, count, ready_at);
        self.set_origin(VenueTime::from_millis(config.origin_ms.unwrap_or_default()));
        config.listings.iter().try_for_each(|listing| self.add_listing(listing))
    }

    /// Does everything that was due until `now`, each thing at its own time.
    pub fn handle_timeout(&mut self, now: VenueTime) {
        self.advance(now);
    }

    /// When something happens by itself next; messages that wait to be polled do not count.
    pub fn poll_timeout(&self) -> Option<VenueTime> {
        let timer = self.timers.peek().map(|Reverse((at, ..))| *at);
        [timer, self.hub.poll_timeout(self.now, &self.rules)].into_iter().flatten().min()
    }

    /// The largest time seen.
    pub fn now(&self) -> VenueTime {
        self.now
    }

    /// Every order of an account that is still kept, oldest first.
    pub fn orders(&self, account: usize) -> impl Iterator<Item = &Order> {
        let ids = self.accounts.get(account).map(|account| account.orders.iter());
        ids.into_iter().flatten().filter_map(|id| self.orders.get(id))
    }

    /// Every deal of an account that is still kept, oldest first.
    pub fn deals(&self, account: usize) -> impl Iterator<Item = &Deal> {
        self.accounts.get(account).into_iter().flat_map(|account| account.deals.iter())
    }

    /// Money of an account in one asset; nothing when either is unknown.
    pub fn balance(&self, account: usize, asset: &str) -> Pocket {
        match self.ledger.find(asset) {
            Some(asset) if account < self.accounts.len() => self.ledger.pocket(account, asset),
            _ => Pocket::default(),
        }
    }

    /// Assets whose holdings, fees included, differ from what was issued: always none.
    pub fn unbalanced_assets(&self) -> Vec<&str> {
        let assets = self.ledger.assets().iter().enumerate();
        assets
            .filter(|(at, _)| {
                let (issued, held) = self.ledger.totals(*at);
                issued != held
            })
            .map(|(_, name)| name.as_str())
            .collect()
    }

    /// Names of the pairs, those that have not opened too.
    pub fn symbol_names(&self) -> impl Iterator<Item = &str> {
        self.symbols.iter().map(|symbol| symbol.name.as_str())
    }

    /// The book of a pair.
    pub fn book(&self, symbol: &str) -> Option<&Book> {
        Some(&self.symbols[*self.by_name.get(symbol)?].book)
    }

    /// When a listing is planned to open, as known now.
    pub fn planned_opening(&self, symbol: &str) -> Option<VenueTime> {
        let symbol = &self.symbols[*self.by_name.get(symbol)?];
        symbol.schedule.as_ref().map(|schedule| schedule.planned(self.now))
    }

    /// When a listing really opens.
    pub fn real_opening(&self, symbol: &str) -> Option<VenueTime> {
        let symbol = &self.symbols[*self.by_name.get(symbol)?];
        symbol.schedule.as_ref().map(Schedule::opens)
    }

    /// The id of an order as the wire shows it.
    pub fn order_id_text(&self, id: u64) -> String {
        self.personality.order_ids.text(id)
    }

    /// How far queries of orders, deals and balances lag behind.
    pub(crate) fn read_lag(&self) -> Span {
        Span::from_millis(self.personality.read_lag_ms)
    }

    /// A refusal in the language of the personality.
    pub(crate) fn in_its_language(&self, error: ApiError) -> ApiError {
        match self.personality.language {
            Language::English => error,
            Language::Chinese => error.in_chinese(),
        }
    }

    /// The user id of an account: digits, as the exchange's are.
    pub fn uid_text(&self, account: usize) -> String {
        (FIRST_UID + account).to_string()
    }

    /// The order behind an id of the wire.
    pub(crate) fn order_id_of(&self, text: &str) -> Option<u64> {
        self.personality.order_ids.id_of(text)
    }

    pub(crate) fn advance(&mut self, now: VenueTime) {
        while let Some(&Reverse((at, _, timer))) = self.timers.peek() {
            if at > now {
                break;
            }
            self.timers.pop();
            self.now = self.now.max(at);
            self.ledger.set_clock(self.now);
            self.private_due = self.now.after(Span::from_micros(self.rules.private_delay_us));
            match timer {
                Timer::PreOpen(flow) => self.flow_pre_open(flow),
                Timer::Flow(flow) => self.flow_step(flow),
                Timer::Flush(symbol, tape) => self.flush(symbol, tape),
                Timer::Second => self.second(),
            }
        }
        self.now = self.now.max(now);
        self.ledger.set_clock(self.now);
        self.private_due = self.now.after(Span::from_micros(self.rules.private_delay_us));
        let (now, rules) = (self.now, &self.rules);
        if self.hub.close_idle(now, rules) {
            self.refresh_watches();
        }
        if self.listen_keys.iter().any(|key| key.dies <= now) {
            self.listen_keys.retain(|key| key.dies > now);
            let (alive, how) = (&self.listen_keys, self.personality.dead_listen_key);
            self.hub.end_orphans(now, how, |key| alive.iter().any(|known| known.key == key));
        }
    }

    pub(crate) fn set_timer(&mut self, at: VenueTime, timer: Timer) {
        self.timers_made += 1;
        self.timers.push(Reverse((at, self.timers_made, timer)));
    }

    /// Hands level changes of a book to the streams.
    pub(crate) fn book_changed(&mut self, symbol: usize) {
        let (now, at) = (self.now, symbol);
        let symbol = &mut self.symbols[at];
        let last = symbol.book.version();
        let changes: Vec<_> = symbol.book.drain_changes().collect();
        let mut version = last - changes.len() as u64;
        for change in &changes {
            version += 1;
            for tape in &mut symbol.tapes {
                tape.add_level(version, change.side, change.price);
            }
        }
        for (which, period_ms) in TAPE_MS.into_iter().enumerate() {
            let tape = &mut self.symbols[at].tapes[which];
            let waits = tape.from.is_some() || !tape.trades.is_empty();
            if tape.watched && waits && !tape.scheduled {
                tape.scheduled = true;
                let period = period_ms * 1_000_000;
                let due = (now.nanos().div_euclid(period) + 1) * period;
                self.set_timer(VenueTime::from_nanos(due), Timer::Flush(at, which));
            }
        }
    }

    fn open_accounts(&mut self, config: &Config) -> Result<(), ConfigError> {
        for account in &config.accounts {
            let at = self.open_account(&account.name, false);
            for (asset, amount) in &account.balances {
                let wrong = || ConfigError::Value {
                    key: format!("account {} balances {asset}", account.name),
                    value: amount.clone(),
                    needed: "a decimal of at least 0",
                };
                let amount = Amount::parse(amount.as_bytes()).map_err(|_| wrong())?;
                if amount.is_negative() {
                    return Err(wrong());
                }
                let asset = self.ledger.asset(asset);
                self.ledger.issue(at, asset, amount);
            }
            for key in &account.keys {
                let known = self.keys.insert(key.access.clone(), Arc::new(ApiKey::new(at, key)?));
                if known.is_some() {
                    return Err(ConfigError::Value {
                        key: format!("account {} keys access", account.name),
                        value: key.access.clone(),
                        needed: "a key that no account has yet",
                    });
                }
            }
        }
        Ok(())
    }

    fn open_account(&mut self, name: &str, house: bool) -> usize {
        self.accounts.push(Account { name: name.to_owned(), house, ..Account::default() });
        self.ledger.open_account()
    }

    fn add_symbol(
        &mut self,
        config: &SymbolConfig,
        schedule: Option<Schedule>,
    ) -> Result<(), ConfigError> {
        let name = config.name();
        let rules = Rulebook::new(config)?;
        if self.by_name.contains_key(&name) || self.symbols.len() >= SYMBOLS_MAX {
            return Err(ConfigError::Value {
                key: "symbol".to_owned(),
                value: name,
                needed: "a pair that is not there yet, and at most 4096 of them",
            });
        }
        let scale = self.scale(config);
        let precisions = self.precisions(config)?;
        // A coin's ids do not depend on the seed, so that USDT has the same one everywhere.
        let id = |text: &str| Rng::new(0, text).hex(32);
        // A pair that has traded for long has a large version; a new one starts near 1.
        let version = if schedule.is_some() { 0 } else { 80_000_000_000 };
        let symbol = Symbol {
            pair_id: id(&name),
            coin_id: coin_id(&config.base),
            base: self.ledger.asset(&config.base),
            quote: self.ledger.asset(&config.quote),
            scale,
            precisions,
            book: Book::new(scale, version),
            last: None,
            first: None,
            trades: VecDeque::new(),
            candles: Candles::default(),
            last_order: self.now,
            tapes: [Tape::default(), Tape::default()],
            rules,
            schedule,
            name: name.clone(),
        };
        let at = self.symbols.len();
        self.symbols.push(symbol);
        self.by_name.insert(name, at);
        self.start_flow(at, config)
    }

    fn start_flow(&mut self, symbol: usize, config: &SymbolConfig) -> Result<(), ConfigError> {
        let name = self.symbols[symbol].name.clone();
        let mut open = |kind: &str| self.open_account(&format!("{kind} of {name}"), true);
        let houses = [open("makers"), open("takers")];
        let flow = Flow::new(self, symbol, config.flow.as_ref(), houses)?;
        let (base, quote) = (self.symbols[symbol].base, self.symbols[symbol].quote);
        for house in houses {
            self.ledger.issue(house, base, HOUSE_MONEY);
            self.ledger.issue(house, quote, HOUSE_MONEY);
        }
        let index = self.flows.len();
        self.flows.push(Some(flow));
        let schedule = self.symbols[symbol].schedule.as_ref();
        let times = schedule.map(|schedule| (schedule.asks_at(), schedule.flow_at()));
        match times {
            Some((asks_at, flow_at)) => {
                self.set_timer(asks_at, Timer::PreOpen(index));
                if config.flow.is_some() {
                    self.set_timer(flow_at, Timer::Flow(index));
                }
            }
            None if config.flow.is_some() => {
                self.invent_past(symbol, index);
                self.flow_fill(index);
            }
            None => {}
        }
        Ok(())
    }

    /// Gives a pair that has traded for long the candles and the last price of its past.
    fn invent_past(&mut self, symbol: usize, flow: usize) {
        let Some((price, notional)) = self.flows[flow].as_ref().and_then(Flow::around) else {
            return;
        };
        let rng = Rng::new(self.seed, &format!("past of {}", self.symbols[symbol].name));
        let (now, state) = (self.now, &mut self.symbols[symbol]);
        state.candles.invent(now, price, notional, state.scale, rng);
        (state.first, state.last) = (Some(price), Some(price));
    }

    /// Decimals that a pair is kept at: the finest that it ever publishes.
    fn scale(&self, config: &SymbolConfig) -> Scale {
        let name = config.name();
        let mut scale = Scale { price: config.price_decimals, qty: config.qty_decimals };
        for change in self.personality.precision_changes.iter().filter(|c| c.symbol == name) {
            scale.price = scale.price.max(change.price_decimals);
            scale.qty = scale.qty.max(change.qty_decimals);
        }
        scale
    }

    /// What a pair publishes, by the time from which it does.
    fn precisions(&self, config: &SymbolConfig) -> Result<Vec<(VenueTime, Scale)>, ConfigError> {
        let name = config.name();
        let finest = self.scale(config);
        let sum = finest.price.saturating_add(finest.qty);
        if sum > 18 {
            return Err(ConfigError::Value {
                key: format!("symbol {name} finest price_decimals + qty_decimals"),
                value: sum.to_string(),
                needed: "at most 18",
            });
        }
        let planned = self.personality.precision_changes.iter().filter(|c| c.symbol == name);
        let mut changes: Vec<_> = planned
            .map(|change| {
                let at = self.origin.nanos().saturating_add(change.at_ms.saturating_mul(1_000_000));
                let shown = Scale { price: change.price_decimals, qty: change.qty_decimals };
                (VenueTime::from_nanos(at), shown)
            })
            .collect();
        if !changes.is_empty() {
            changes.sort_by_key(|(at, _)| *at);
            let first = Scale { price: config.price_decimals, qty: config.qty_decimals };
            changes.insert(0, (VenueTime::from_nanos(i64::MIN), first));
        }
        Ok(changes)
    }

    /// Whether anything of the pair's own streams has a listener.
    pub(crate) fn refresh_watches(&mut self) {
        for at in 0..self.symbols.len() {
            for which in 0..TAPE_MS.len() {
                let watched = self.hub.watches_tape(at, which);
                let tape = &mut self.symbols[at].tapes[which];
                if tape.watched && !watched {
                    tape.clear();
                }
                tape.watched = watched;
            }
        }
    }
}

/// Periods of the aggregated streams, milliseconds.
pub(crate) const TAPE_MS: [i64; 2] = [10, 100];

/// The id of a coin; USDT's is the recorded one.
pub(crate) fn coin_id(asset: &str) -> String {
    if asset == "USDT" {
        return "128f589271cb4951b03e71e6323eb7be".to_owned();
    }
    Rng::new(1, asset).hex(32)
}
