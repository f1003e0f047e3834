//! What earlier runs of a data directory left, read from their journal: purse, open orders, deals.
//!
//! What was not journaled did not happen: a deal whose word had not come when the process died is
//! undone, because the purse is the starting purse and the sum of the deals that were told. Orders
//! that rested go on to rest, behind everything that stands at their price when the pair is back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use model::{
    AccountId, Amount, Body, ClientOrderId, Event, Fill, OrderStatus, Price, Qty, Request, Round,
    Side, SymbolId, SymbolNames, SymbolSpec, Text, VenueKey, VenueTime,
};

use crate::Paper;
use crate::book::UNKNOWN;
use crate::order::{Deal, Deals, Order, Orders};
use crate::pair::Pairs;
use crate::purse::Purse;

/// Orders and deals of the past that are kept: more than the venue itself keeps, so that none of
/// those that it may tell of again is missing.
const ORDERS_KEPT: usize = 4 * Orders::CAPACITY;
const DEALS_KEPT: usize = 4 * Deals::CAPACITY;

/// Reads journaled inputs and approved orders, in their order, over any number of runs.
#[derive(Clone, Debug, Default)]
pub struct Past {
    names: BTreeMap<SymbolId, SymbolNames>,
    specs: BTreeMap<SymbolId, SymbolSpec>,
    orders: BTreeMap<ClientOrderId, PastOrder>,
    /// In the order of their age.
    deals: VecDeque<PastDeal>,
    known: BTreeSet<VenueKey>,
    gains: BTreeMap<(AccountId, Text<16>), Amount>,
}

#[derive(Clone, Copy, Debug)]
struct PastOrder {
    request: Request,
    names: SymbolNames,
    spec: SymbolSpec,
    key: VenueKey,
    /// Whether anything was heard of it; before, it had not arrived.
    taken: bool,
    status: OrderStatus,
    filled: Qty,
}

#[derive(Clone, Copy, Debug)]
struct PastDeal {
    account: AccountId,
    names: SymbolNames,
    spec: SymbolSpec,
    at: VenueTime,
    fill: Fill,
    fee_asset: Text<16>,
}

impl Past {
    /// Takes an approved order.
    pub fn take_order(&mut self, request: &Request) {
        let names = self.names.get(&request.symbol);
        let (Some(names), Some(spec)) = (names, self.specs.get(&request.symbol)) else { return };
        let order = PastOrder {
            request: *request,
            names: *names,
            spec: *spec,
            key: VenueKey::NONE,
            taken: false,
            status: OrderStatus::New,
            filled: Qty::ZERO,
        };
        self.orders.insert(request.client_order_id, order);
        if self.orders.len() > ORDERS_KEPT {
            // Ids rise with the age of a data directory: the first is the oldest.
            let ended = self.orders.iter().find(|(_, order)| order.status.is_final());
            if let Some(id) = ended.map(|(id, _)| *id) {
                self.orders.remove(&id);
            }
        }
    }

    /// Takes an event.
    pub fn take_event(&mut self, event: &Event) {
        if let Body::Symbol(names) = &event.body {
            let before = self.names.insert(event.symbol, *names);
            if before.is_none_or(|before| before.name != names.name) {
                self.specs.remove(&event.symbol);
            }
        } else if let Body::Spec(spec) = &event.body {
            self.specs.insert(event.symbol, *spec);
        } else if let Body::Placed(placed) = &event.body {
            if let Some(order) = self.orders.get_mut(&placed.client_order_id) {
                (order.key, order.taken) = (placed.order, true);
            }
        } else if let Body::Order(update) = &event.body {
            let id = update.client_order_id;
            if let Some(order) = id.and_then(|id| self.orders.get_mut(&id)) {
                (order.key, order.taken) = (update.order, true);
                if !order.status.is_final() {
                    order.status = update.status;
                }
            }
        } else if let Body::Fill(fill) = &event.body {
            self.take_fill(event, fill);
        }
    }

    /// A deal that was told twice is booked once.
    fn take_fill(&mut self, event: &Event, fill: &Fill) {
        let names = self.names.get(&event.symbol).copied();
        let spec = self.specs.get(&event.symbol).copied();
        let (Some(names), Some(spec)) = (names, spec) else { return };
        if !self.known.insert(fill.trade) {
            return;
        }
        let (base, quote) = (names.base, Text::clipped(names.quote.as_str()));
        let fee_asset = if fill.fee_asset == names.base_asset { base } else { quote };
        let (gives, gets, given, got) = sides(fill, &spec, base, quote);
        self.gain(event.account, gets, got);
        self.gain(event.account, gives, Amount::ZERO.minus_or_min(given));
        self.gain(event.account, fee_asset, Amount::ZERO.minus_or_min(fill.fee));
        if let Some(order) = fill.client_order_id.and_then(|id| self.orders.get_mut(&id)) {
            order.filled = order.filled.plus(fill.qty).unwrap_or(order.filled);
            (order.key, order.taken) = (fill.order, true);
        }
        let (account, at, fill) = (event.account, event.stamped, *fill);
        self.deals.push_back(PastDeal { account, names, spec, at, fill, fee_asset });
        if self.deals.len() > DEALS_KEPT
            && let Some(oldest) = self.deals.pop_front()
        {
            // Its money is in the sum; it is too old to be told again.
            self.known.remove(&oldest.fill.trade);
        }
    }

    fn gain(&mut self, account: AccountId, asset: Text<16>, amount: Amount) {
        let sum = self.gains.entry((account, asset)).or_insert(Amount::ZERO);
        *sum = sum.plus_or_max(amount);
    }

    /// Books what was dealt and locks what is open.
    pub(crate) fn settle(self, purse: &mut Purse) -> Waiting {
        for ((account, asset), amount) in &self.gains {
            purse.give(*account, *asset, *amount);
        }
        let mut waiting = Waiting { orders: Vec::new(), deals: self.deals.into() };
        let mut orders: Vec<PastOrder> = self.orders.into_values().collect();
        orders.retain(|order| order.taken);
        orders.sort_by_key(|order| order.key);
        for mut order in orders {
            order.end_what_cannot_rest();
            if let Some((asset, amount)) = order.locks() {
                purse.lock_by_name(order.request.account, asset, amount);
            }
            waiting.orders.push(order);
        }
        waiting
    }
}

/// What a deal moved: given and got assets, given and got amounts.
fn sides(
    fill: &Fill,
    spec: &SymbolSpec,
    base: Text<16>,
    quote: Text<16>,
) -> (Text<16>, Text<16>, Amount, Amount) {
    let (pd, qd) = (spec.price_decimals, spec.qty_decimals);
    let round = if fill.side == Side::Buy { Round::Up } else { Round::Down };
    let value = Amount::notional(fill.price, pd, fill.qty, qd, round).unwrap_or(Amount::ZERO);
    let coins = Amount::of_qty(fill.qty, qd).unwrap_or(Amount::ZERO);
    match fill.side {
        Side::Buy => (quote, base, value, coins),
        Side::Sell => (base, quote, coins, value),
    }
}

impl PastOrder {
    fn left(&self) -> Qty {
        self.request.qty.minus(self.filled)
    }

    /// Orders that never rest ended with the process, and so did one that the deals filled.
    fn end_what_cannot_rest(&mut self) {
        let filled = if self.filled.is_zero() {
            OrderStatus::Cancelled
        } else {
            OrderStatus::PartiallyCancelled
        };
        if self.left().is_zero() {
            self.status = OrderStatus::Filled;
        } else if !self.status.is_final() && !self.request.kind.rests() {
            self.status = filled;
        } else if self.status == OrderStatus::Filled {
            // Its last deals were not told: they did not happen, and it rests on.
            self.status = if self.request.kind.rests() { OrderStatus::New } else { filled };
        }
    }

    /// What it needs to go on.
    fn locks(&self) -> Option<(Text<16>, Amount)> {
        if self.status.is_final() {
            return None;
        }
        let (pd, qd) = (self.spec.price_decimals, self.spec.qty_decimals);
        Some(match self.request.side {
            Side::Sell => (self.names.base, Amount::of_qty(self.left(), qd)?),
            Side::Buy => {
                let quote = Text::clipped(self.names.quote.as_str());
                let price = self.request.price;
                (quote, Amount::notional(price, pd, self.left(), qd, Round::Up)?)
            }
        })
    }
}

impl PastOrder {
    /// Puts the figures at the scale that the pair has now; `false` when they do not fit it.
    fn rescale(&mut self, to: &SymbolSpec) -> bool {
        let request = &self.request;
        let price = price_at(request.price, &self.spec, to);
        let qty = qty_at(request.qty, &self.spec, to);
        let filled = qty_at(self.filled, &self.spec, to);
        let (Some(price), Some(qty), Some(filled)) = (price, qty, filled) else { return false };
        (self.request.price, self.request.qty, self.filled) = (price, qty, filled);
        self.spec = *to;
        true
    }
}

impl PastDeal {
    fn rescale(&mut self, to: &SymbolSpec) -> bool {
        let price = price_at(self.fill.price, &self.spec, to);
        let (Some(price), Some(qty)) = (price, qty_at(self.fill.qty, &self.spec, to)) else {
            return false;
        };
        (self.fill.price, self.fill.qty, self.spec) = (price, qty, *to);
        true
    }
}

fn price_at(price: Price, from: &SymbolSpec, to: &SymbolSpec) -> Option<Price> {
    Price::from_raw(finer(price.raw(), from.price_decimals, to.price_decimals)?)
}

fn qty_at(qty: Qty, from: &SymbolSpec, to: &SymbolSpec) -> Option<Qty> {
    Qty::from_raw(finer(qty.raw(), from.qty_decimals, to.qty_decimals)?)
}

/// The same figure with more decimals.
fn finer(raw: i64, from: u8, to: u8) -> Option<i64> {
    raw.checked_mul(10_i64.checked_pow(u32::from(to.checked_sub(from)?))?)
}

/// Orders and deals whose pair has no id or no rules in this run yet.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    orders: Vec<PastOrder>,
    deals: Vec<PastDeal>,
}

impl Waiting {
    /// Whether anything of a pair still waits.
    pub(crate) fn has(&self, pairs: &Pairs, symbol: SymbolId) -> bool {
        let Some(pair) = pairs.get(symbol) else { return false };
        self.orders.iter().any(|order| order.names.name == pair.name)
            || self.deals.iter().any(|deal| deal.names.name == pair.name)
    }
}

impl Paper {
    /// Gives the orders and deals of a pair their place, once its rules are read.
    pub(crate) fn attach(&mut self, symbol: SymbolId) {
        if self.waiting.orders.is_empty() && self.waiting.deals.is_empty() {
            return;
        }
        let Some(pair) = self.pairs.get(symbol).copied() else { return };
        let Some(spec) = pair.spec else { return };
        let of_pair = |names: &SymbolNames| names.name == pair.name;
        for mut order in self.waiting.orders.extract_if(.., |order| of_pair(&order.names)) {
            if !order.rescale(&spec) {
                // Its figures do not fit the pair's scale: it ends, and its money is free again.
                if let Some((asset, amount)) = order.locks() {
                    self.purse.unlock_by_name(order.request.account, asset, amount);
                }
                continue;
            }
            let locked = order.locks().map_or(Amount::ZERO, |(_, amount)| amount);
            let request = order.request;
            if self.orders.open_of(request.account) >= Orders::OPEN_MAX {
                continue;
            }
            self.orders.add(Order {
                id: request.client_order_id,
                key: order.key,
                account: request.account,
                symbol,
                side: request.side,
                kind: request.kind,
                limit: request.price,
                qty: request.qty,
                filled: order.filled,
                status: order.status,
                locked,
                ahead: UNKNOWN,
            });
        }
        for mut deal in self.waiting.deals.extract_if(.., |deal| of_pair(&deal.names)) {
            if !deal.rescale(&spec) {
                continue;
            }
            let base = deal.fee_asset == deal.names.base;
            let fee_asset = if base { pair.base } else { pair.quote };
            let fill = Fill { fee_asset, ..deal.fill };
            self.deals.add(Deal { account: deal.account, symbol, at: deal.at, fill });
        }
    }
}
