//! The way out of a position. Stops are ours to run: the venue has none.
//!
//! While the target is open, the resting share of each ladder rung stands on the book and the rest
//! is free to be sold at once. A confirmed stop turns the target to closing: resting sales are
//! cancelled, and what is free is pressed out rung by rung of the emergency ladder, which widens,
//! ends in a market order where one is allowed, alarms, and never gives up.

use model::{
    AlarmKind, Amount, Authority, Block, Close, Mono, OrderKind, OrderLeg, Price, Qty, Record,
    Reject, RejectClass, Request, Round, Side, Span, Strategies, SymbolSpec, TargetState, WhyNot,
};

use crate::entry::may_rest;
use crate::rate::Class;
use crate::target::{Breach, taken_leg};
use crate::{Action, Actions, Engine, Note, Target};

/// Presses of the emergency ladder before a person is called; it goes on all the same.
const ALARM_AFTER: u32 = 6;

/// One sale as the exit plan wants it.
#[derive(Clone, Copy)]
struct Sale {
    leg: OrderLeg,
    kind: OrderKind,
    price: Price,
    qty: Qty,
}

impl<S: Strategies> Engine<S> {
    pub(crate) fn drive_exit(&mut self, slot: usize, actions: &mut Actions) {
        let Some(target) = self.targets.get(slot) else { return };
        let Some(spec) = self.symbols.get(target.symbol()).and_then(|symbol| symbol.spec) else {
            return;
        };
        self.watch(slot, &spec);
        if self.kill >= model::KillLevel::Flatten {
            // A deal of an entry that outlived the raise is sold like the rest.
            let now = self.now;
            if let Some(target) = self.targets.get_mut(slot) {
                Self::begin_closing(target, Close::Kill, now);
            }
        }
        let closing = self.targets.get(slot).and_then(|target| target.exits.closing);
        match closing {
            Some(_) => self.drive_closing(slot, &spec, actions),
            None => self.drive_open(slot, &spec, actions),
        }
        self.record_exit(slot, actions);
        self.finish(slot, &spec, actions);
    }

    /// How far the way out has come, each time it went on.
    pub(crate) fn record_exit(&mut self, slot: usize, actions: &mut Actions) {
        let Some(target) = self.targets.get_mut(slot) else { return };
        let record = target.exit_record();
        if target.exits.told != Some(record) {
            target.exits.told = Some(record);
            actions.push(Action::Persist { token: 0, record: Record::Exit(record) });
        }
    }

    /// Price that a sale would meet: the bid of a synchronised book, else the last deal.
    fn exit_price(&self, target: &Target) -> Option<Price> {
        let id = target.symbol();
        self.symbols.bid(id).or(self.symbols.get(id)?.last_print)
    }

    /// Moves the high-water mark and finds stops that are breached.
    fn watch(&mut self, slot: usize, spec: &SymbolSpec) {
        let (now, confirm) = (self.now, self.config.timing.stop_confirm);
        let venue_now = self.venue_now();
        let Some(target) = self.targets.get(slot) else { return };
        let price = self.exit_price(target);
        let Some(target) = self.targets.get_mut(slot) else { return };
        if target.exits.closing.is_some() {
            return;
        }
        if let Some(price) = price {
            target.position.high = Some(target.position.high.map_or(price, |h| h.max(price)));
            let breached = stop_of(target, spec).filter(|(stop, _)| price <= *stop);
            match (breached, &mut target.exits.breach) {
                (None, breach) => {
                    *breach = None;
                    target.exits.low_prints = 0;
                }
                (Some((_, kind)), None) => target.exits.breach = Some(Breach { since: now, kind }),
                (Some((_, kind)), Some(breach)) => breach.kind = kind,
            }
        }
        let twice = target.exits.low_prints >= 2;
        let confirmed =
            target.exits.breach.filter(|breach| twice || now >= breach.since.after(confirm));
        if let Some(breach) = confirmed {
            return Self::begin_closing(target, breach.kind, now);
        }
        let stop_at = time_stop_at(target);
        if stop_at.is_some_and(|at| venue_now >= at) && !target.exits.time_stop_done {
            if target.plan().keep_bps == 0 {
                Self::begin_closing(target, Close::TimeStop, now);
            } else {
                // Everything but the kept share goes; the stops stay on for that.
                target.exits.time_stop_done = true;
                let keep = target.position.bought.share_bps(target.plan().keep_bps);
                let rest = target.position.sellable(spec).minus(keep);
                target.exits.by_hand = target.exits.by_hand.max(rest);
            }
        }
    }

    pub(crate) fn begin_closing(target: &mut Target, why: Close, now: Mono) {
        if target.exits.closing.is_none() {
            target.exits.closing = Some(why);
            (target.exits.press, target.exits.tries) = (0, 0);
            target.exits.next_at = now;
        }
    }

    /// Keeps the ladder on the book and takes what the market offers at its prices.
    fn drive_open(&mut self, slot: usize, spec: &SymbolSpec, actions: &mut Actions) {
        if self.orders.on_leg(slot, OrderLeg::ENTRY) > 0 {
            // Sizes are not known until the entry has ended, and it does not rest for ever.
            return self.cancel_overdue_entry(slot, actions);
        }
        self.sell_by_hand(slot, spec, actions);
        let Some(target) = self.targets.get(slot) else { return };
        if self.now < target.exits.next_at {
            return;
        }
        let bid = self.symbols.bid(target.symbol());
        for rung in 0..target.plan().ladder.len() {
            if let Some(sale) = self.resting_sale(slot, rung, spec) {
                self.sell(slot, sale, spec, actions);
            }
            if let Some(sale) = bid.and_then(|bid| self.taken_sale(slot, rung, bid, spec)) {
                self.sell(slot, sale, spec, actions);
            }
        }
    }

    /// The part of a rung that should rest on the book and does not.
    fn resting_sale(&self, slot: usize, rung: usize, spec: &SymbolSpec) -> Option<Sale> {
        let target = self.targets.get(slot)?;
        let leg = OrderLeg::take_profit(rung as u8);
        let share = target.plan().resting_share_bps;
        if share == 0 || target.exits.no_rest[rung] || self.orders.on_leg(slot, leg) > 0 {
            return None;
        }
        let price = rung_price(target, rung, spec)?;
        let want = rung_qty(target, rung, spec).share_bps(share).floor_to(spec.step);
        let qty = want.minus(target.exits.rung_sold[rung]).min(self.spare(slot, spec));
        let sale = Sale { leg, kind: OrderKind::Limit, price, qty };
        is_sellable(&sale, spec).then_some(sale)
    }

    /// The part of a rung that the bid pays for at this moment.
    fn taken_sale(&self, slot: usize, rung: usize, bid: Price, spec: &SymbolSpec) -> Option<Sale> {
        let target = self.targets.get(slot)?;
        let price = rung_price(target, rung, spec).filter(|price| bid >= *price)?;
        let leg = taken_leg(rung as u8);
        if self.orders.on_leg(slot, leg) > 0 {
            return None;
        }
        let resting = OrderLeg::take_profit(rung as u8);
        let offered = self
            .orders
            .of_target(slot)
            .filter(|order| order.id().leg() == resting)
            .fold(Qty::ZERO, |sum, order| sum.plus(order.open_qty()).unwrap_or(sum));
        let left = rung_qty(target, rung, spec).minus(target.exits.rung_sold[rung]).minus(offered);
        let qty = left.min(self.spare(slot, spec)).floor_to(spec.step);
        let sale = Sale { leg, kind: OrderKind::ImmediateOrCancel, price, qty };
        is_sellable(&sale, spec).then_some(sale)
    }

    /// A sale that a strategy, the operator or the time stop asked for.
    fn sell_by_hand(&mut self, slot: usize, spec: &SymbolSpec, actions: &mut Actions) {
        let (wanted, free) = (self.wanted_by_hand(slot, spec), self.free(slot, spec));
        if free < wanted {
            self.cancel_sales(slot, actions);
        }
        let Some(target) = self.targets.get(slot) else { return };
        let leg = OrderLeg::MANUAL;
        let waits = self.now < target.exits.next_at || self.orders.on_leg(slot, leg) > 0;
        if target.exits.by_hand.is_zero() || waits {
            return;
        }
        let kind = OrderKind::ImmediateOrCancel;
        let Some(sale) = self.pressed(slot, leg, kind, wanted.min(free), spec) else { return };
        if is_sellable(&sale, spec) {
            self.sell(slot, sale, spec, actions);
            // What it leaves unsold is pressed again at the rung's pace.
            let again = self.now.after(self.config.timing.rung);
            if let Some(target) = self.targets.get_mut(slot) {
                target.exits.next_at = target.exits.next_at.max(again);
            }
        } else if !is_sellable(&Sale { qty: wanted, ..sale }, spec)
            && let Some(target) = self.targets.get_mut(slot)
        {
            target.exits.by_hand = Qty::ZERO;
        }
    }

    /// What is to be sold by hand and no sale by hand offers yet.
    fn wanted_by_hand(&self, slot: usize, spec: &SymbolSpec) -> Qty {
        let Some(target) = self.targets.get(slot) else { return Qty::ZERO };
        let offered = self
            .orders
            .of_target(slot)
            .filter(|order| order.id().leg() == OrderLeg::MANUAL)
            .fold(Qty::ZERO, |sum, order| sum.plus(order.open_qty()).unwrap_or(sum));
        target.exits.by_hand.min(target.position.sellable(spec)).minus(offered)
    }

    /// Held and not offered, in whole steps.
    fn free(&self, slot: usize, spec: &SymbolSpec) -> Qty {
        let Some(target) = self.targets.get(slot) else { return Qty::ZERO };
        target.position.sellable(spec).minus(self.orders.offered(slot)).floor_to(spec.step)
    }

    /// What is free beside the share that the ladder must keep.
    fn spare(&self, slot: usize, spec: &SymbolSpec) -> Qty {
        let Some(target) = self.targets.get(slot) else { return Qty::ZERO };
        let keep = target.position.bought.share_bps(target.plan().keep_bps);
        self.free(slot, spec).minus(keep).floor_to(spec.step)
    }

    /// Cancels what rests, and presses out what is free.
    fn drive_closing(&mut self, slot: usize, spec: &SymbolSpec, actions: &mut Actions) {
        if self.targets.get(slot).is_some_and(|t| t.record.state == TargetState::Open) {
            self.set_state(slot, TargetState::Closing, WhyNot::None, actions);
        }
        self.cancel_sales(slot, actions);
        if let Some(entry) = self.resting_entry(slot) {
            // A sale would meet our own buy: it waits for the cancel, and not for a rung.
            return self.cancel(entry, Class::Exit, actions);
        }
        let Some(target) = self.targets.get(slot) else { return };
        // A press that sold makes room for the next at once; any other waits out its rung.
        let last = target.exits.last_press.and_then(|id| self.orders.find(id));
        let answered = last.is_some_and(|order| {
            !order.is_alive() && order.ended.is_some() && !order.filled.is_zero()
        });
        let empty = last
            .filter(|order| !order.is_alive() && order.ended.is_some() && order.filled.is_zero());
        let empty = empty.map(|order| order.request.kind);
        let early = self.now < target.exits.next_at && !answered;
        if early || self.orders.on_leg(slot, OrderLeg::STOP) > 0 {
            return;
        }
        if let (Some(kind), Some(target)) = (empty, self.targets.get_mut(slot)) {
            // A pair may take market orders and cancel them at once: the other kind goes on too.
            target.exits.market_refused = kind == OrderKind::Market;
        }
        let free = self.free(slot, spec);
        let Some(sale) = self.pressed_sale(slot, free, spec) else { return };
        if !is_sellable(&sale, spec) {
            return;
        }
        let before = self.targets.get(slot).and_then(|target| target.exits.last_press);
        self.sell(slot, sale, spec, actions);
        let left = self.targets.get(slot).is_some_and(|target| target.exits.last_press != before);
        self.widen(slot, left, actions);
    }

    fn resting_entry(&self, slot: usize) -> Option<model::ClientOrderId> {
        let entry = self.orders.of_target(slot).find(|order| order.id().leg().is_entry());
        entry.filter(|order| order.ended.is_none()).map(crate::Order::id)
    }

    fn cancel_sales(&mut self, slot: usize, actions: &mut Actions) {
        if self.is_cut_off(slot) {
            return; // Nothing could leave. A sale is tried all the same, at the pace of its rungs.
        }
        for at in 0..self.orders.len() {
            let Some(order) = self.orders.at(at) else { continue };
            let resting = order.target == slot
                && order.is_alive()
                && order.request.side == Side::Sell
                && order.request.kind.rests()
                && order.state == crate::OrderState::Live;
            if resting {
                let id = order.id();
                self.cancel(id, Class::Exit, actions);
            }
        }
    }

    /// The standing rung of the emergency ladder as a sale.
    fn pressed_sale(&self, slot: usize, free: Qty, spec: &SymbolSpec) -> Option<Sale> {
        let target = self.targets.get(slot)?;
        let market = target.exits.press >= 2
            && !target.exits.market_refused
            && self.config.emergency.market_allowed
            && spec.kinds.has(OrderKind::Market);
        let kind = if market { OrderKind::Market } else { OrderKind::ImmediateOrCancel };
        self.pressed(slot, OrderLeg::STOP, kind, free, spec)
    }

    /// A sale below the bid; at the bid where the distance alone would put its value below what
    /// the venue takes.
    fn pressed(
        &self,
        slot: usize,
        leg: OrderLeg,
        kind: OrderKind,
        free: Qty,
        spec: &SymbolSpec,
    ) -> Option<Sale> {
        let price = self.pressed_price(slot, spec)?;
        let sale = |price| Sale { leg, kind, price, qty: slice(free, price, spec) };
        let bid = self.targets.get(slot).and_then(|target| self.exit_price(target));
        let bid = bid.and_then(|bid| bid.to_tick(spec.tick, Round::Down));
        let at_bid = bid.filter(|_| !is_sellable(&sale(price), spec)).map(sale);
        Some(at_bid.filter(|sale| is_sellable(sale, spec)).unwrap_or(sale(price)))
    }

    /// Below the bid by the rung's distance.
    fn pressed_price(&self, slot: usize, spec: &SymbolSpec) -> Option<Price> {
        let target = self.targets.get(slot)?;
        let bid = self.exit_price(target).or_else(|| target.position.average())?;
        let emergency = &self.config.emergency;
        let first = target.exits.press == 0;
        let bps = i64::from(if first { emergency.first_bps } else { emergency.second_bps });
        bid.shift_bps(-bps.min(9_000), Round::Down)?
            .to_tick(spec.tick, Round::Down)
            .or(Some(spec.tick))
    }

    /// The next press is wider, and comes at most one rung time later.
    fn widen(&mut self, slot: usize, left: bool, actions: &mut Actions) {
        let (now, rung) = (self.now, self.config.timing.rung);
        let Some(target) = self.targets.get_mut(slot) else { return };
        if left {
            target.exits.press = target.exits.press.saturating_add(1);
        }
        if left || target.exits.next_at <= now {
            target.exits.next_at = now.after(rung);
        }
        if target.exits.next_at < now.after(rung) {
            return; // Only the rate had no room: it goes as soon as there is some.
        }
        target.exits.tries = target.exits.tries.saturating_add(1);
        let stuck = target.exits.tries >= ALARM_AFTER && !target.exits.alarmed;
        if stuck {
            target.exits.alarmed = true;
            let (account, symbol) = (target.account(), target.symbol());
            let presses = i64::from(target.exits.tries);
            self.alarm(AlarmKind::ExitStuck, account, symbol, presses, actions);
        }
    }

    fn sell(&mut self, slot: usize, sale: Sale, spec: &SymbolSpec, actions: &mut Actions) {
        let Some(client_order_id) = self.next_order_id(slot, sale.leg) else { return };
        let Some(target) = self.targets.get(slot) else { return };
        let Some(used) = target.permit else { return };
        let request = Request {
            account: target.account(),
            symbol: target.symbol(),
            side: Side::Sell,
            kind: sale.kind,
            price: sale.price,
            qty: slice(sale.qty, sale.price, spec),
            authority: Authority::Exit(used.permit.id),
            client_order_id,
            timestamp: self.venue_now(),
            recv_window_ms: self.config.timing.recv_window_ms,
        };
        let side = Side::Sell;
        let Some(exposure) = self.exposure(slot, sale.leg, side, sale.price) else { return };
        let Some(held) = self.accounts.get(request.account.index()) else { return };
        let limits = held.config.limits;
        match risk::check(&limits, &exposure, request, &mut self.strategies) {
            Ok(approved) if self.orders.add(self.now, *approved.request(), slot) => {
                self.rate_take(request.account);
                if sale.leg == OrderLeg::STOP
                    && let Some(target) = self.targets.get_mut(slot)
                {
                    target.exits.last_press = Some(client_order_id);
                }
                actions.push(Action::Place(approved));
            }
            Ok(_) => {
                let (account, symbol) = (request.account, request.symbol);
                self.alarm(AlarmKind::Capacity, account, symbol, 0, actions);
            }
            Err(refusal) => self.sale_refused(slot, request, refusal, actions),
        }
    }

    fn sale_refused(
        &mut self,
        slot: usize,
        request: Request,
        refusal: risk::Refusal,
        actions: &mut Actions,
    ) {
        let (now, rung) = (self.now, self.config.timing.rung);
        let room_at = self.rate_next(request.account, Class::Exit);
        let Some(target) = self.targets.get_mut(slot) else { return };
        if refusal == risk::Refusal::RateSpent {
            target.exits.next_at = room_at.max(now.after(Span::from_nanos(1)));
            return;
        }
        target.exits.next_at = now.after(rung);
        actions.push(Action::Note(Note::Refused { request, refusal }));
    }

    /// The venue refused a sale. It is tried again, wider and at the rung's pace.
    pub(crate) fn exit_rejected(&mut self, slot: usize, reject: &Reject, actions: &mut Actions) {
        let (now, rung) = (self.now, self.config.timing.rung);
        let account = self.targets.get(slot).map(Target::account);
        let leg = reject.client_order_id.leg();
        let kind = self.orders.find(reject.client_order_id).map(|order| order.request.kind);
        if let Some(target) = self.targets.get_mut(slot) {
            if leg == OrderLeg::STOP {
                // Where it takes no market orders the other kind must go on, and the other way round.
                let refused =
                    matches!(reject.class, RejectClass::Definitive | RejectClass::Reprice);
                target.exits.market_refused = refused && kind == Some(OrderKind::Market);
            }
            target.exits.next_at = target.exits.next_at.max(now.after(rung));
            let index = usize::from(leg.0).wrapping_sub(1);
            if let (true, Some(flag)) =
                (reject.class == RejectClass::Definitive, target.exits.no_rest.get_mut(index))
            {
                *flag = true;
            }
        }
        let Some(account) = account else { return };
        let insufficient = matches!(reject.code, 30_004 | 30_005 | 10_101);
        if insufficient {
            let symbol = self.targets.get(slot).map_or(model::SymbolId::NONE, Target::symbol);
            for question in [crate::Question::Balances, crate::Question::Trades] {
                actions.push(Action::Ask { account, symbol, question });
            }
        }
    }

    /// Closes the target once nothing is left that could be sold.
    fn finish(&mut self, slot: usize, spec: &SymbolSpec, actions: &mut Actions) {
        if self.orders.of_target(slot).next().is_some() {
            return;
        }
        let Some(target) = self.targets.get(slot) else { return };
        let left = target.position.sellable(spec);
        // The higher of bid and last deal: a single absurd bid must not write a position off.
        let last = self.symbols.get(target.symbol()).and_then(|symbol| symbol.last_print);
        let price = self.exit_price(target).max(last).or_else(|| target.position.average());
        let dust = price.is_none_or(|price| {
            let value =
                Amount::notional(price, spec.price_decimals, left, spec.qty_decimals, Round::Down);
            left < spec.qty_min || value.is_some_and(|value| value < spec.notional_min)
        });
        if !left.is_zero() && !dust {
            return;
        }
        let how = match (target.exits.closing, left.is_zero()) {
            (Some(why), _) => why,
            (None, true) if target.exits.manual => Close::Manual,
            (None, true) if target.exits.by_hand.is_zero() && target.exits.time_stop_done => {
                Close::TimeStop
            }
            (None, true) => Close::TakeProfit,
            (None, false) => Close::Dust,
        };
        let Some(target) = self.targets.get_mut(slot) else { return };
        target.position.closed = Some(how);
        let record = Record::Position(target.position_record(spec));
        actions.push(Action::Persist { token: 0, record });
        self.set_state(slot, TargetState::Completed, WhyNot::None, actions);
    }

    /// When an open or closing target should be looked at again.
    pub(crate) fn exit_deadline(&self, slot: usize, target: &Target) -> Mono {
        let exits = &target.exits;
        let mut least = Mono::NEVER;
        if let Some(breach) = exits.breach.filter(|_| exits.closing.is_none()) {
            least = least.min(breach.since.after(self.config.timing.stop_confirm));
        }
        if let Some(at) = time_stop_at(target)
            && exits.closing.is_none()
            && !exits.time_stop_done
        {
            least = least.min(self.after_venue(at));
        }
        let waits = exits.next_at > self.now
            && (exits.closing.is_none() || self.orders.on_leg(slot, OrderLeg::STOP) == 0);
        if waits {
            least = least.min(exits.next_at);
        }
        let entry = self.resting_entry(slot).and_then(|id| self.orders.find(id));
        if let Some(order) = entry.filter(|o| may_rest(o) && exits.closing.is_none()) {
            let at = self.cancel_entry_at(order, target);
            least = least.min(at.max(self.now.after(Span::from_millis(1))));
        }
        let entry = entry.is_some_and(|o| o.cancel_asked.is_none()) && exits.closing.is_some();
        let sales = self.waits_for_cancels(slot, target) && self.uncancelled_sale(slot).is_some();
        if entry || sales {
            let pause = Span::from_millis(if self.is_cut_off(slot) { 50 } else { 1 });
            let room = self.rate_next(target.account(), Class::Exit);
            least = least.min(room.max(self.now.after(pause)));
        }
        least
    }

    /// Whether no connection could carry an order of the target's account.
    pub(crate) fn is_cut_off(&self, slot: usize) -> bool {
        let account = self.targets.get(slot).map(Target::account);
        account.is_some_and(|account| self.blocks(account).has(Block::OrderLink))
    }

    /// Whether more is to be sold than what rests on the book leaves free.
    fn waits_for_cancels(&self, slot: usize, target: &Target) -> bool {
        let spec = self.symbols.get(target.symbol()).and_then(|symbol| symbol.spec);
        let by_hand =
            spec.is_some_and(|spec| self.wanted_by_hand(slot, &spec) > self.free(slot, &spec));
        target.exits.closing.is_some() || by_hand
    }

    /// A resting sale whose cancel has not left although its quantity is wanted.
    fn uncancelled_sale(&self, slot: usize) -> Option<model::ClientOrderId> {
        self.orders
            .of_target(slot)
            .filter(|o| o.request.side == Side::Sell && o.state == crate::OrderState::Live)
            .find(|o| o.request.kind.rests() && o.cancel_asked.is_none() && o.ended.is_none())
            .map(crate::Order::id)
    }
}

/// The stop in force and its kind: the highest of those that are awake.
fn stop_of(target: &Target, spec: &SymbolSpec) -> Option<(Price, Close)> {
    let plan = target.plan();
    let entry = target.position.average()?;
    let high = target.position.high.unwrap_or(entry);
    let gain = high.change_bps(entry);
    let fees = i64::from(spec.taker_fee_ppm.saturating_mul(2).div_ceil(100));
    let below = |price: Price, bps: u32| price.shift_bps(-i64::from(bps), Round::Up);
    let stop_loss = (plan.stop_loss_bps > 0).then(|| below(entry, plan.stop_loss_bps)).flatten();
    let even = plan.break_even_bps > 0 && gain >= i64::from(plan.break_even_bps);
    let even = even.then(|| entry.shift_bps(fees, Round::Up)).flatten();
    let trails = plan.trailing_bps > 0 && gain >= i64::from(plan.trailing_from_bps);
    let trailing = trails.then(|| below(high, plan.trailing_bps)).flatten();
    [(stop_loss, Close::StopLoss), (even, Close::BreakEven), (trailing, Close::Trailing)]
        .into_iter()
        .filter_map(|(price, kind)| Some((price?, kind)))
        .max_by_key(|(price, _)| *price)
}

/// Counts a deal that lies at or below the stop in force.
pub(crate) fn count_low_print(target: &mut Target, price: Price, spec: &SymbolSpec) {
    if stop_of(target, spec).is_some_and(|(stop, _)| price <= stop) {
        target.exits.low_prints = target.exits.low_prints.saturating_add(1);
    }
}

fn time_stop_at(target: &Target) -> Option<model::VenueTime> {
    let stop = target.plan().time_stop;
    (stop != Span::ZERO && target.position.exists()).then(|| target.position.first_at.after(stop))
}

fn rung_price(target: &Target, rung: usize, spec: &SymbolSpec) -> Option<Price> {
    let gain = i64::from(target.plan().ladder.get(rung)?.gain_bps);
    target.position.average()?.shift_bps(gain, Round::Up)?.to_tick(spec.tick, Round::Up)
}

fn rung_qty(target: &Target, rung: usize, spec: &SymbolSpec) -> Qty {
    let share = target.plan().ladder.get(rung).map_or(0, |rung| rung.share_bps);
    target.position.bought.share_bps(share).floor_to(spec.step)
}

/// At most what the venue takes in one order.
fn slice(qty: Qty, price: Price, spec: &SymbolSpec) -> Qty {
    let max = spec.notional_max.qty_at(price, spec.price_decimals, spec.qty_decimals);
    qty.min(max.unwrap_or(qty)).floor_to(spec.step)
}

fn is_sellable(sale: &Sale, spec: &SymbolSpec) -> bool {
    let (pd, qd) = (spec.price_decimals, spec.qty_decimals);
    let value = Amount::notional(sale.price, pd, sale.qty, qd, Round::Down);
    !sale.qty.is_zero()
        && sale.qty >= spec.qty_min
        && value.is_some_and(|value| value >= spec.notional_min)
}
