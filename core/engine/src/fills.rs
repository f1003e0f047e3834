//! Deals: the only thing that moves a position.

use model::{
    AccountId, AlarmKind, Amount, ClientOrderId, Event, Fill, OrderLeg, Qty, Record, Round, Side,
    Strategies, SymbolId, TargetState, VenueKey, VenueTime, WhyNot,
};

use crate::target::rung_of;
use crate::{Action, Actions, Engine, OrderState};

/// What makes a deal that one and no other: the venue's id is shared by both sides of it, which may
/// both be ours, and nobody promises that two pairs never share one.
fn identity(event: &Event, fill: &Fill) -> VenueKey {
    let side = u128::from(fill.side == Side::Sell);
    let own = u128::from(event.symbol.0) << 16 | u128::from(event.account.0) << 1 | side;
    // An odd factor: no two of ours fall together for one id.
    VenueKey(fill.trade.0 ^ (own + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

impl<S: Strategies> Engine<S> {
    pub(crate) fn on_fill(&mut self, event: &Event, fill: &Fill, actions: &mut Actions) {
        let deal = identity(event, fill);
        if self.seen.has(deal) {
            return;
        }
        let slot = fill.client_order_id.and_then(|id| self.slot_of(event, id));
        let applied = slot.is_some_and(|slot| self.apply_deal(slot, event.stamped, fill).is_some());
        // Marked only after it was applied; a stranger's deal is marked so that it alarms once.
        self.seen.mark(deal);
        let (Some(slot), true) = (slot, applied) else {
            return self.foreign(event.account, event.symbol, actions);
        };
        self.prove_open(event);
        self.count_bought(event.account, fill, event.symbol);
        if let Some(id) = fill.client_order_id {
            self.fill_order(id, slot, fill, actions);
        }
        self.after_deal(slot, actions);
    }

    /// A deal of ours proves the opening to the process that comes after this one.
    fn prove_open(&mut self, event: &Event) {
        let at = if event.stamped.is_some() { event.stamped } else { self.venue_now() };
        if let Some(symbol) = self.symbols.get_mut(event.symbol) {
            symbol.listing.first_deal.get_or_insert(at);
        }
    }

    /// The target whose permit the order id names.
    pub(crate) fn slot_of(&self, event: &Event, id: ClientOrderId) -> Option<usize> {
        let parts = id.parts();
        if parts.instance != self.config.instance || parts.mode != self.config.mode {
            return None;
        }
        let of_order = self.orders.find(id).map(|order| order.target);
        let of_permit = || {
            let same = |t: &crate::Target| {
                t.record.permit == Some(parts.permit)
                    && t.account() == event.account
                    && t.symbol() == event.symbol
            };
            self.targets.iter().find(|(_, t)| same(t)).map(|(slot, _)| slot)
        };
        of_order.or_else(of_permit)
    }

    /// Position = sum of deals minus fees; `None` when a figure overflows.
    fn apply_deal(&mut self, slot: usize, stamped: VenueTime, fill: &Fill) -> Option<()> {
        let first_at = if stamped.is_some() { stamped } else { self.venue_now() };
        let target = self.targets.get_mut(slot)?;
        let symbol = self.symbols.get(target.symbol())?;
        let spec = symbol.spec?;
        let round = if fill.side == Side::Buy { Round::Up } else { Round::Down };
        let (pd, qd) = (spec.price_decimals, spec.qty_decimals);
        let quote = Amount::notional(fill.price, pd, fill.qty, qd, round)?;
        let base = Amount::of_qty(fill.qty, qd)?;
        let fee_in = |asset| Some(fill.fee_asset) == asset;
        let base_fee = if fee_in(symbol.base) { fill.fee } else { Amount::ZERO };
        let quote_fee = if fee_in(symbol.quote) { fill.fee } else { Amount::ZERO };
        let third = fill.fee != Amount::ZERO && !fee_in(symbol.base) && !fee_in(symbol.quote);
        let position = &mut target.position;
        position.other_fees += u32::from(third);
        match fill.side {
            Side::Buy => {
                if !position.exists() {
                    position.first_at = first_at;
                }
                position.buy(fill.price, fill.qty, quote.plus(quote_fee)?, base.minus(base_fee)?)
            }
            Side::Sell => {
                let rung = fill.client_order_id.and_then(|id| rung_of(id.leg()));
                if let Some(sold) = rung.and_then(|rung| target.exits.rung_sold.get_mut(rung)) {
                    *sold = sold.plus(fill.qty)?;
                }
                if fill.client_order_id.is_some_and(|id| id.leg() == OrderLeg::MANUAL) {
                    target.exits.by_hand = target.exits.by_hand.minus(fill.qty);
                }
                position.sell(fill.qty, quote.minus(quote_fee)?, base.plus(base_fee)?)
            }
        }
    }

    fn count_bought(&mut self, account: AccountId, fill: &Fill, symbol: SymbolId) {
        if fill.side != Side::Buy {
            return;
        }
        let now = self.venue_now();
        let spec = self.symbols.get(symbol).and_then(|symbol| symbol.spec);
        let (Some(spec), Some(held)) = (spec, self.accounts.get_mut(account.index())) else {
            return;
        };
        // Without a clock the day is the last one known; it never goes back.
        if now.is_some() && now.day() > held.day {
            (held.day, held.bought_today) = (now.day(), Amount::ZERO);
        }
        let (pd, qd) = (spec.price_decimals, spec.qty_decimals);
        let value = Amount::notional(fill.price, pd, fill.qty, qd, Round::Up);
        held.bought_today = held.bought_today.plus_or_max(value.unwrap_or(Amount::MAX));
    }

    /// A deal of an order that no record names: it is adopted with what was dealt before.
    fn keep_stray(&mut self, id: ClientOrderId, qty: Qty) {
        if self.strays.len() == Self::STRAYS {
            self.strays.remove(0);
        }
        self.strays.push((id, qty));
    }

    fn fill_order(&mut self, id: ClientOrderId, slot: usize, fill: &Fill, actions: &mut Actions) {
        let (account, symbol) =
            self.targets.get(slot).map_or((AccountId::NONE, SymbolId::NONE), |target| {
                (target.account(), target.symbol())
            });
        let Some(order) = self.orders.find_mut(id) else {
            return self.keep_stray(id, fill.qty);
        };
        let filled = order.filled.plus(fill.qty).unwrap_or(order.filled);
        order.filled = filled;
        if fill.order.is_some() {
            order.venue = fill.order;
        }
        if order.is_alive() {
            order.become_state(OrderState::Live);
            if filled >= order.request.qty && order.ended.is_none() {
                order.ended = Some(model::OrderStatus::Filled);
                order.ended_at = self.now;
            }
            order.settle();
        }
        if filled > order.request.qty {
            let over = filled.minus(order.request.qty);
            self.overfill(account, symbol, over, actions);
        }
    }

    fn overfill(&mut self, account: AccountId, symbol: SymbolId, over: Qty, actions: &mut Actions) {
        if let Some(symbol) = self.symbols.get_mut(symbol) {
            symbol.halted = true;
        }
        self.alarm(AlarmKind::Overfill, account, symbol, over.raw(), actions);
    }

    /// An order or deal that no decision of ours explains: no entry on the pair until a resume.
    pub(crate) fn foreign(&mut self, account: AccountId, id: SymbolId, actions: &mut Actions) {
        let Some(symbol) = self.symbols.get_mut(id) else { return };
        symbol.halted = true;
        self.alarm(AlarmKind::ForeignOrder, account, id, 0, actions);
    }

    fn after_deal(&mut self, slot: usize, actions: &mut Actions) {
        let Some(target) = self.targets.get_mut(slot) else { return };
        target.position.closed = None; // What was dealt in is not over.
        if let Some(spec) = self.symbols.get(target.symbol()).and_then(|symbol| symbol.spec) {
            let record = Record::Position(target.position_record(&spec));
            actions.push(Action::Persist { token: 0, record });
        }
        match target.record.state {
            TargetState::Armed
            | TargetState::Executing
            | TargetState::Ready
            | TargetState::Pending
            | TargetState::Blocked => {
                self.set_state(slot, TargetState::Open, WhyNot::None, actions);
            }
            TargetState::Open | TargetState::Closing => {}
            // A deal of an order that a verdict had written off: it is held, so it is managed.
            TargetState::Completed
            | TargetState::Failed
            | TargetState::Cancelled
            | TargetState::Expired
            | TargetState::Missed => self.reopen(slot, actions),
        }
    }

    fn reopen(&mut self, slot: usize, actions: &mut Actions) {
        let Some(target) = self.targets.get_mut(slot) else { return };
        target.record.state = TargetState::Open;
        target.record.why = WhyNot::None;
        target.following = true;
        let (record, account, symbol) = (target.record, target.account(), target.symbol());
        actions.push(Action::Persist { token: 0, record: Record::Target(record) });
        if self.symbols.follow(symbol) {
            actions.push(Action::Follow { symbol });
        }
        self.alarm(AlarmKind::ForeignOrder, account, symbol, 1, actions);
    }
}
