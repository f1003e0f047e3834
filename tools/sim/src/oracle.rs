//! What must hold after every step, judged from outside: by the exchange's own books and by the
//! journal, never by what the trader says of itself alone.
//!
//! The names are those of the project's list of invariants.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use engine::Action;
use exchange::Exchange;
use host::Plugins;
use journal::{Kind, RecordView};
use model::wire::Reader;
use model::{
    AccountId, Amount, ClientOrderId, Mono, OrderStatus, Permit, PermitId, Qty, Record, Request,
    Round, Side, Span, SymbolId, VenueTime,
};
use runtime::Trader;

use crate::world::WorldConfig;

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// I1: the exchange has an order of ours that no journaled intent explains, or on paper any.
    NoIntent(ClientOrderId),
    /// I3: an entry left before its permit was durable, or without one.
    NoDurablePermit(ClientOrderId),
    /// I5: an order outside its permit.
    OutsidePermit(ClientOrderId),
    /// I5: orders of a permit cost more than it allows.
    PermitOverspent(PermitId, Amount),
    /// I9: a deal is applied that the exchange does not know, or not at its figure.
    PositionAhead(SymbolId, Qty, Qty),
    /// I10: two live orders of one permit, leg and side at the exchange.
    DoubleLeg(ClientOrderId, ClientOrderId),
    /// I11: an id was given twice.
    IdReused(ClientOrderId),
    /// A29: a buy and a sale of ours met, of one account or of two.
    SelfTrade(SymbolId),
    /// I12: cost of what is held and bid for exceeds a cap.
    ExposureAboveCap(Amount),
    /// I17: more requests in a second than the budget allows.
    RateExceeded(u32),
    /// I18: a book that may be read differs from the exchange's at the same version.
    BookDiffers(SymbolId),
    /// I26: the exchange's own books do not balance.
    ExchangeUnbalanced(String),
    /// I27: after the storm, what the trader holds differs from what the exchange says.
    NotReconciled(SymbolId, Amount, Amount),
    /// I44: something neither ended nor was given to a person.
    NotSettled {
        /// After this long.
        after: Span,
        /// What is left, in words.
        left: String,
    },
    /// A timer stays in the past although it was served.
    Spinning {
        /// The trader's next timer.
        timer: model::TimerName,
        /// What is left, in words.
        left: String,
    },
    /// I31: the decisions tell of another state than the engine has.
    Forgotten,
    /// A record of the journal cannot be read.
    Unreadable(u64),
}

/// Watches one run.
#[derive(Debug)]
pub struct Oracle {
    calm: bool,
    /// The exchange knows nothing of what is dealt on paper.
    on_paper: bool,
    exposure_max: Amount,
    budget: u32,
    accounts: usize,
    permits: BTreeMap<PermitId, Permit>,
    durable: BTreeSet<PermitId>,
    /// Permits on their way to the disk: record and token.
    waiting: BTreeMap<PermitId, (u64, u64)>,
    intents: BTreeMap<ClientOrderId, Request>,
    /// Entries under each permit whose bytes left: one that no connection took counts for nothing.
    entries_left: BTreeMap<PermitId, u32>,
    sends: BTreeMap<AccountId, VecDeque<Mono>>,
    checked_orders: BTreeSet<u64>,
    broken: Option<Violation>,
    checks: u64,
}

/// Heavy comparisons are made every so many steps.
const HEAVY_EVERY: u64 = 64;

impl Oracle {
    pub(crate) fn new(config: &WorldConfig) -> Self {
        let limits = &config.settings.limits;
        Self {
            calm: config.storm == crate::Storm::calm(),
            on_paper: config.settings.mode == model::Mode::Paper,
            exposure_max: limits.exposure_total,
            budget: limits.rate_orders_per_s,
            accounts: config.keys.len(),
            permits: BTreeMap::new(),
            durable: BTreeSet::new(),
            waiting: BTreeMap::new(),
            intents: BTreeMap::new(),
            entries_left: BTreeMap::new(),
            sends: BTreeMap::new(),
            checked_orders: BTreeSet::new(),
            broken: None,
            checks: 0,
        }
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.calm
    }

    /// The last planned opening of any listing.
    pub(crate) fn last_planned(&self, exchange: &Exchange) -> VenueTime {
        let names: Vec<_> = exchange.symbol_names().map(str::to_owned).collect();
        let planned = names.iter().filter_map(|name| exchange.planned_opening(name)).max();
        planned.unwrap_or_else(|| exchange.now())
    }

    /// Follows the journal.
    pub(crate) fn take(&mut self, record: &RecordView<'_>) {
        if record.kind == Kind::INPUT {
            let event = <model::Event as model::wire::Wire>::read(&mut Reader::new(record.payload));
            match event.map(|event| (event.account, event.body)) {
                Ok((_, model::Body::Durable { token })) => {
                    self.waiting.retain(|permit, (_, waits)| {
                        let now = *waits == token && token != 0;
                        if now {
                            self.durable.insert(*permit);
                        }
                        !now
                    });
                }
                Ok((account, model::Body::Sent(sent))) => {
                    self.count_send(account, sent.at);
                    if !sent.cancel && sent.client_order_id.leg().is_entry() {
                        let permit = sent.client_order_id.permit();
                        *self.entries_left.entry(permit).or_default() += 1;
                    }
                }
                Ok(_) => {}
                Err(_) => self.fail(Violation::Unreadable(record.seq)),
            }
        }
        if record.kind == Kind::OUTPUT {
            match Action::<Request>::read(&mut Reader::new(record.payload)) {
                Ok(action) => self.take_action(record.seq, action),
                Err(_) => self.fail(Violation::Unreadable(record.seq)),
            }
        }
    }

    /// The process died and another began; records up to `kept` were on disk.
    pub(crate) fn restarted(&mut self, kept: u64) {
        for (permit, (seq, _)) in std::mem::take(&mut self.waiting) {
            if seq <= kept {
                self.durable.insert(permit);
            }
        }
    }

    fn take_action(&mut self, seq: u64, action: Action<Request>) {
        match action {
            Action::Place(request) => {
                let id = request.client_order_id;
                if request.side == Side::Buy && !self.has_durable_permit(&request) {
                    self.fail(Violation::NoDurablePermit(id));
                }
                if self.intents.insert(id, request).is_some() {
                    self.fail(Violation::IdReused(id));
                }
            }
            Action::Persist { token, record: Record::Permit(permit) } => {
                self.waiting.insert(permit.id, (seq, token));
                self.permits.insert(permit.id, permit);
            }
            Action::Persist { .. }
            | Action::Cancel { .. }
            | Action::Ask { .. }
            | Action::Follow { .. }
            | Action::Unfollow { .. }
            | Action::Note(_) => {}
        }
    }

    fn has_durable_permit(&self, request: &Request) -> bool {
        self.durable.contains(&request.authority.permit())
    }

    fn count_send(&mut self, account: AccountId, at: Mono) {
        let sends = self.sends.entry(account).or_default();
        sends.push_back(at);
        while sends.front().is_some_and(|first| first.after(Span::from_secs(1)) < at) {
            sends.pop_front();
        }
        let many = sends.len() as u32;
        if many > self.budget {
            self.fail(Violation::RateExceeded(many));
        }
    }

    fn fail(&mut self, violation: Violation) {
        self.broken.get_or_insert(violation);
    }

    /// Compares after a step.
    pub(crate) fn check(
        &mut self,
        _now: Mono,
        trader: &Trader<Plugins>,
        exchange: &Exchange,
    ) -> Option<Violation> {
        self.checks += 1;
        if self.broken.is_none() {
            (0..self.accounts).for_each(|account| self.check_orders(account, exchange));
        }
        if self.broken.is_none() && self.checks.is_multiple_of(HEAVY_EVERY) {
            self.check_positions(trader, exchange);
            self.check_books(trader, exchange);
            let unbalanced = exchange.unbalanced_assets().first().map(|asset| (*asset).to_owned());
            if let Some(asset) = unbalanced {
                self.fail(Violation::ExchangeUnbalanced(asset));
            }
        }
        self.broken.clone()
    }

    /// Orders of one account at the exchange against intents and permits.
    fn check_orders(&mut self, account: usize, exchange: &Exchange) {
        let mut live: BTreeMap<(PermitId, u8), ClientOrderId> = BTreeMap::new();
        let mut spent: BTreeMap<PermitId, Amount> = BTreeMap::new();
        let mut at_risk = Amount::ZERO;
        let mut found = None;
        for order in exchange.orders(account) {
            let Some(id) = order.client_id.as_deref().and_then(own_id) else { continue };
            let request = self
                .intents
                .get(&id)
                .filter(|one| one.account.index() == account && !self.on_paper);
            let Some(request) = request else {
                found.get_or_insert(Violation::NoIntent(id));
                continue;
            };
            let open = matches!(order.status, OrderStatus::New | OrderStatus::PartiallyFilled);
            if order.side == Side::Buy {
                let left = if open { order.left() } else { Qty::ZERO };
                let price = order.price.unwrap_or(request.price);
                // Figures of the exchange stand at its own scales.
                let value =
                    order.quote_filled.plus_or_max(notional_at(exchange, order, price, left));
                at_risk = at_risk.plus_or_max(value);
                let sum = spent.entry(id.permit()).or_insert(Amount::ZERO);
                *sum = sum.plus_or_max(value);
            }
            if self.checked_orders.insert(order.id) && !self.is_inside(&id, request) {
                found.get_or_insert(Violation::OutsidePermit(id));
            }
            if open {
                let key = (id.permit(), id.leg().0);
                if let Some(other) = live.insert(key, id) {
                    found.get_or_insert(Violation::DoubleLeg(other, id));
                }
            }
        }
        for (permit, sum) in spent {
            let max = self.permits.get(&permit).map_or(Amount::ZERO, |permit| permit.notional_max);
            if sum > max {
                found.get_or_insert(Violation::PermitOverspent(permit, sum));
            }
        }
        let sold: Amount = exchange
            .orders(account)
            .filter(|order| order.side == Side::Sell && order.client_id.is_some())
            .fold(Amount::ZERO, |sum, order| sum.plus_or_max(order.quote_filled));
        // What was sold again is no longer at risk; a gain only makes this check milder.
        if at_risk.minus_or_min(sold) > self.exposure_max {
            found.get_or_insert(Violation::ExposureAboveCap(at_risk));
        }
        if let Some(violation) = found {
            self.fail(violation);
        }
    }

    fn is_inside(&self, id: &ClientOrderId, request: &Request) -> bool {
        let Some(permit) = self.permits.get(&id.permit()) else { return false };
        let window = permit.valid_from..=permit.valid_to;
        let same = permit.symbol == request.symbol && permit.account == request.account;
        let entry = !id.leg().is_entry()
            || (request.price <= permit.price_max
                && window.contains(&request.timestamp)
                && self.entries_left.get(&id.permit()).copied().unwrap_or(0)
                    <= u32::from(permit.orders_max));
        same && entry
    }

    /// What the trader has booked is a part of what the exchange dealt.
    fn check_positions(&mut self, trader: &Trader<Plugins>, exchange: &Exchange) {
        if self.on_paper {
            return;
        }
        for order in trader.engine().orders() {
            let text = order.id().text();
            let at_venue = exchange
                .orders(order.request.account.index())
                .find(|known| known.client_id.as_deref() == Some(text.as_str()))
                .map_or(Qty::ZERO, |known| rescaled(trader, order.request.symbol, exchange, known));
            if order.filled > at_venue {
                let symbol = order.request.symbol;
                self.fail(Violation::PositionAhead(symbol, order.filled, at_venue));
                return;
            }
        }
    }

    fn check_books(&mut self, trader: &Trader<Plugins>, exchange: &Exchange) {
        for target in trader.engine().targets().filter(|target| target.is_active()) {
            let symbol = target.symbol();
            let Some((bids, asks, version)) = trader.engine().book_at(symbol) else { continue };
            let Some(entry) = trader.table().get(symbol) else { continue };
            let Some(book) = exchange.book(entry.name.as_str()) else { continue };
            if book.version() != version {
                continue;
            }
            let Some(spec) = trader.engine().spec(symbol) else { continue };
            let step = (spec.tick.raw(), spec.step.raw());
            let differs =
                [(Side::Buy, bids), (Side::Sell, asks)].into_iter().any(|(side, ours)| {
                    let theirs = book.levels(side).take(ours.len());
                    let theirs: Vec<_> = theirs.collect();
                    theirs.len() != ours.len()
                        || ours.iter().zip(&theirs).any(|(level, (price, qty))| {
                            !same_figure(level.price.raw(), price.raw(), step.0)
                                || !same_figure(level.qty.raw(), qty.raw(), step.1)
                        })
                });
            if differs {
                self.fail(Violation::BookDiffers(symbol));
            }
        }
    }

    /// Both sides of a deal share its id.
    fn check_self_trades(&mut self, trader: &Trader<Plugins>, exchange: &Exchange) {
        let mut ours = BTreeSet::new();
        for deal in (0..self.accounts).flat_map(|account| exchange.deals(account)) {
            if deal.client_id.as_deref().is_some_and(|id| own_id(id).is_some())
                && !ours.insert((deal.symbol, deal.id))
            {
                let name = exchange.symbol_names().nth(deal.symbol).unwrap_or_default();
                let symbol = trader.table().find(name.as_bytes()).map(|entry| entry.id);
                self.fail(Violation::SelfTrade(symbol.unwrap_or(SymbolId::NONE)));
            }
        }
    }

    /// After the storm: holdings and balances agree to the last digit.
    pub(crate) fn check_end(
        &mut self,
        trader: &Trader<Plugins>,
        exchange: &Exchange,
    ) -> Option<Violation> {
        self.check_positions(trader, exchange);
        self.check_self_trades(trader, exchange);
        let compared = trader.engine().targets().filter(|_| !self.on_paper);
        for target in compared.collect::<Vec<_>>() {
            let (symbol, account) = (target.symbol(), target.account());
            let Some(base) = trader.table().get(symbol).map(|entry| entry.base) else { continue };
            let name = trader.table().asset(base).unwrap_or_default();
            let pocket = exchange.balance(account.index(), name);
            let held: Amount = trader
                .engine()
                .targets()
                .filter(|other| other.symbol() == symbol && other.account() == account)
                .fold(Amount::ZERO, |sum, other| sum.plus_or_max(other.position.held));
            let truth = pocket.free.plus_or_max(pocket.locked);
            if held != truth {
                self.fail(Violation::NotReconciled(symbol, held, truth));
            }
        }
        self.broken.clone()
    }
}

fn own_id(text: &str) -> Option<ClientOrderId> {
    ClientOrderId::parse(text.as_bytes()).ok()
}

/// Equal up to the power of ten between two scales: ours has two decimals more than the venue's.
fn same_figure(ours: i64, theirs: i64, step: i64) -> bool {
    ours == theirs || ours == theirs.saturating_mul(step)
}

fn notional_at(
    exchange: &Exchange,
    order: &exchange::Order,
    price: model::Price,
    qty: Qty,
) -> Amount {
    let name = exchange.symbol_names().nth(order.symbol).unwrap_or_default();
    let Some(book) = exchange.book(name) else { return Amount::MAX };
    let scale = book.scale();
    Amount::notional(price, scale.price, qty, scale.qty, Round::Up).unwrap_or(Amount::MAX)
}

fn rescaled(
    trader: &Trader<Plugins>,
    symbol: SymbolId,
    exchange: &Exchange,
    order: &exchange::Order,
) -> Qty {
    let name = exchange.symbol_names().nth(order.symbol).unwrap_or_default();
    let theirs = exchange.book(name).map_or(0, |book| book.scale().qty);
    let ours = trader.engine().spec(symbol).map_or(0, |spec| spec.qty_decimals);
    let factor = 10_i64.pow(u32::from(ours.saturating_sub(theirs)));
    Qty::from_raw(order.filled.raw().saturating_mul(factor)).unwrap_or(Qty::ZERO)
}

#[cfg(test)]
mod tests;
