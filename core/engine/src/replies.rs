//! What the venue and the machine say of our orders.

use model::{
    AlarmKind, Cancelled, ClientOrderId, Event, KillLevel, Mono, OrderLeg, OrderUpdate, Placed,
    Reject, RejectClass, ReplyLost, Sent, Span, Strategies, Text, UpdateSource,
};

use crate::rate::Class;
use crate::{Action, Actions, Engine, Order, OrderState, Question};

/// Cancels of one order before a person is called; it is asked on at a slower pace after.
const CANCELS_MAX: u8 = 5;

/// A resting order is asked about every so many settle times: its stream may have lost a word.
const RESTING_CHECK: u64 = 5;

/// After no connection could take a request: the ones that are busy answer in a round trip. Doubled
/// with each that finds none again, up to a rung's time.
const BUSY_WAIT: Span = Span::from_millis(10);

/// Unsent sales in a row, some two seconds of them, from which on they count as tried in vain.
const UNSENT_MAX: u32 = 8;

impl<S: Strategies> Engine<S> {
    pub(crate) fn on_sent(&mut self, sent: &Sent) {
        if sent.cancel {
            return;
        }
        let Some(order) = self.orders.find_mut(sent.client_order_id) else { return };
        order.left = true;
        let slot = order.target;
        if order.state == OrderState::Intent {
            order.become_state(OrderState::Sent);
        }
        if let Some(target) = self.targets.get_mut(slot) {
            target.exits.unsent = 0;
        }
    }

    /// No connection took it: it never left, and its attempt may be repeated.
    pub(crate) fn on_busy(&mut self, id: ClientOrderId, cancel: bool) {
        if !cancel {
            return self.on_unsent(id);
        }
        let Some(order) = self.orders.find_mut(id) else { return };
        if order.cancel_asked.take().is_none() {
            return; // Nobody asked: there is no count to give back.
        }
        order.cancel_from = self.now.after(BUSY_WAIT);
        order.cancels = order.cancels.saturating_sub(1);
        let account = order.request.account;
        self.rate_give_back(account);
    }

    pub(crate) fn on_unsent(&mut self, id: ClientOrderId) {
        let now = self.now;
        let Some(order) = self.orders.find_mut(id) else { return };
        if order.left {
            return; // What left cannot have stayed.
        }
        // The newest count is its own only while nothing else was waited for.
        let fresh = order.state == OrderState::Intent;
        match order.state {
            OrderState::Intent | OrderState::Unknown => order.become_state(OrderState::Done),
            OrderState::Sent | OrderState::Live | OrderState::Done => return,
        }
        let (slot, leg, account) = (order.target, id.leg(), order.request.account);
        if fresh {
            self.rate_give_back(account);
        }
        let rung = self.config.timing.rung;
        let Some(target) = self.targets.get_mut(slot) else { return };
        let doubled = Span::from_nanos(BUSY_WAIT.nanos() << target.exits.unsent.min(UNSENT_MAX));
        let again = now.after(if leg.is_entry() { BUSY_WAIT } else { doubled.min(rung) });
        target.exits.unsent = target.exits.unsent.saturating_add(1);
        if leg.is_entry() {
            target.fire.next_at = again;
        } else if leg == OrderLeg::STOP {
            // It never met the market: the same rung is tried again.
            target.exits.press = target.exits.press.saturating_sub(1);
            if target.exits.unsent <= UNSENT_MAX {
                target.exits.tries = target.exits.tries.saturating_sub(1);
            }
            target.exits.next_at = again;
        } else {
            target.exits.next_at = target.exits.next_at.max(again);
        }
    }

    pub(crate) fn on_placed(&mut self, placed: &Placed) {
        let Some(order) = self.orders.find_mut(placed.client_order_id) else { return };
        order.venue = placed.order;
        if order.is_alive() {
            order.become_state(OrderState::Live);
        }
    }

    pub(crate) fn on_order_update(
        &mut self,
        event: &Event,
        update: &OrderUpdate,
        actions: &mut Actions,
    ) {
        let now = self.now;
        let Some(id) = update.client_order_id else {
            return self.foreign(event.account, event.symbol, actions);
        };
        let Some(order) = self.orders.find_mut(id) else {
            return self.on_unnamed_order(event, update, actions);
        };
        order.venue = update.order;
        order.hear(now, update.status, update.filled);
        let behind = order.ended.is_some() || order.venue_filled > order.filled;
        if order.is_alive() && update.source != UpdateSource::Stream && behind {
            // A query told of deals that the stream has not: ask for them.
            let (account, symbol) = (order.request.account, order.request.symbol);
            order.asked_deals = Some(now);
            actions.push(Action::Ask { account, symbol, question: Question::Trades });
        }
    }

    /// An order that no record of this process names.
    fn on_unnamed_order(&mut self, event: &Event, update: &OrderUpdate, actions: &mut Actions) {
        let ours = update.client_order_id.is_some_and(|id| {
            let parts = id.parts();
            parts.instance == self.config.instance && parts.mode == self.config.mode
        });
        if let (true, true, Some(id)) = (ours, update.status.is_final(), update.client_order_id) {
            self.count_lost(event, id);
        }
        // A late word of a stream about an order of ours that is over says nothing new.
        let late = ours && update.source == UpdateSource::Stream;
        if update.status.is_final() || late || ours && self.adopt(event, update, actions) {
            return;
        }
        self.foreign(event.account, event.symbol, actions);
    }

    pub(crate) fn on_cancelled(&mut self, cancelled: &Cancelled) {
        let now = self.now;
        if let Some(order) = self.orders.find_mut(cancelled.client_order_id) {
            order.hear(now, cancelled.status, cancelled.filled);
        }
    }

    pub(crate) fn on_reply_lost(&mut self, lost: &ReplyLost, actions: &mut Actions) {
        let now = self.now;
        let Some(order) = self.orders.find_mut(lost.client_order_id) else { return };
        if lost.cancel {
            order.cancel_asked = Some(now); // Asked again after the wait for its confirmation.
            return;
        }
        match order.state {
            OrderState::Intent | OrderState::Sent => {
                self.make_unknown(lost.client_order_id, actions);
            }
            OrderState::Live | OrderState::Unknown | OrderState::Done => {}
        }
    }

    pub(crate) fn on_reject(&mut self, event: &Event, reject: &Reject, actions: &mut Actions) {
        let id = reject.client_order_id;
        if reject.class == RejectClass::StopAll {
            let code = i64::from(reject.code);
            self.alarm(AlarmKind::Credentials, event.account, event.symbol, code, actions);
            self.raise_kill(KillLevel::Halt, Text::clipped("the venue refuses our key"), actions);
        }
        if reject.class == RejectClass::BackOff {
            self.back_off(event.account, reject.retry_after);
        }
        if reject.cancel {
            return self.cancel_rejected(id, reject, actions);
        }
        let Some(order) = self.orders.find_mut(id) else { return };
        match order.state {
            OrderState::Intent | OrderState::Sent | OrderState::Unknown => {}
            // The stream has shown it: a refusal cannot undo that.
            OrderState::Live | OrderState::Done => return,
        }
        if reject.class == RejectClass::Unknown {
            return self.make_unknown(id, actions);
        }
        order.become_state(OrderState::Done);
        let slot = order.target;
        if id.leg().is_entry() {
            let holding = self.targets.get(slot).is_some_and(crate::Target::is_holding);
            let over = self.targets.get(slot).is_none_or(|target| !target.is_active());
            if !holding && !over {
                self.entry_rejected(slot, reject, actions);
            }
        } else {
            self.exit_rejected(slot, reject, actions);
        }
    }

    /// Too many requests: nothing but a kill's cancels leaves before the venue's wait is over.
    fn back_off(&mut self, account: model::AccountId, retry_after: Span) {
        let until = self.now.after(retry_after.max(Span::from_secs(1)));
        if let Some(held) = self.accounts.get_mut(account.index()) {
            held.frozen_until = held.frozen_until.max(until);
        }
    }

    fn cancel_rejected(&mut self, id: ClientOrderId, reject: &Reject, actions: &mut Actions) {
        let now = self.now;
        let Some(order) = self.orders.find_mut(id) else { return };
        if !order.is_alive() {
            return;
        }
        order.cancel_asked = Some(now);
        if reject.class == RejectClass::NoSuchOrder {
            // It may have been filled: its fills are asked for, it is not assumed cancelled.
            let (account, symbol) = (order.request.account, order.request.symbol);
            actions.push(Action::Ask { account, symbol, question: Question::Order(id) });
            actions.push(Action::Ask { account, symbol, question: Question::Trades });
        }
    }

    /// Asks for the cancel of one order, if the budget allows and none is on its way.
    pub(crate) fn cancel(&mut self, id: ClientOrderId, class: Class, actions: &mut Actions) {
        let now = self.now;
        let Some(order) = self.orders.find(id) else { return };
        let (account, symbol) = (order.request.account, order.request.symbol);
        let waiting = order.cancel_asked.is_some()
            || order.ended.is_some()
            || !order.is_alive()
            || now < order.cancel_from;
        if waiting || self.rate_room(account, class) == 0 {
            return;
        }
        self.rate_take(account);
        if let Some(order) = self.orders.find_mut(id) {
            order.cancel_asked = Some(now);
            order.cancels = order.cancels.saturating_add(1);
        }
        actions.push(Action::Cancel { account, symbol, client_order_id: id });
    }

    /// Cancels that nobody confirmed are asked again, with a question about the order's fills.
    pub(crate) fn chase_cancels(&mut self, actions: &mut Actions) {
        let (now, wait) = (self.now, self.config.timing.cancel_ack);
        let overdue = |order: &Order| cancel_due(order, wait).is_some_and(|at| now >= at);
        while let Some(order) = self.orders.first_alive(overdue) {
            let (id, cancels) = (order.id(), order.cancels);
            let (account, symbol) = (order.request.account, order.request.symbol);
            actions.push(Action::Ask { account, symbol, question: Question::Order(id) });
            if cancels == CANCELS_MAX {
                let figure = i64::from(cancels);
                self.alarm(AlarmKind::CancelStuck, account, symbol, figure, actions);
            }
            if let Some(order) = self.orders.find_mut(id) {
                order.cancel_asked = None;
            }
            let class = match (id.leg().is_entry(), self.kill >= KillLevel::Halt) {
                (true, true) => Class::KillCancel,
                (true, false) => Class::Cancel,
                (false, _) => Class::Exit,
            };
            self.cancel(id, class, actions);
            if let Some(order) = self.orders.find_mut(id) {
                order.cancel_asked = Some(now);
            }
        }
        self.chase_deals(actions);
    }

    /// An order that ended while its deals lag: they are asked for.
    fn chase_deals(&mut self, actions: &mut Actions) {
        let (now, wait) = (self.now, self.config.timing.settle);
        for order in self.orders.alive_mut() {
            let asked = order.asked_deals.unwrap_or(order.ended_at).max(order.ended_at);
            if order.ended.is_some() && now >= asked.after(wait) {
                order.asked_deals = Some(now);
                let (account, symbol) = (order.request.account, order.request.symbol);
                actions.push(Action::Ask { account, symbol, question: Question::Trades });
            }
        }
        self.chase_silent(actions);
    }

    /// An order of which nothing was heard for too long is asked about; one that the venue has
    /// not even shown is of unknown fate.
    fn chase_silent(&mut self, actions: &mut Actions) {
        let now = self.now;
        let silent = |engine: &Self| {
            let keep = |order: &Order| engine.silent_until(order).is_some_and(|at| now >= at);
            engine.orders.first_alive(keep)
        };
        while let Some(order) = silent(self) {
            let id = order.id();
            if order.state != OrderState::Live {
                self.make_unknown(id, actions);
                continue;
            }
            let (account, symbol) = (order.request.account, order.request.symbol);
            if let Some(order) = self.orders.find_mut(id) {
                order.asked_deals = Some(now);
            }
            actions.push(Action::Ask { account, symbol, question: Question::Order(id) });
        }
    }

    /// When an order has been silent for too long: one without any reply, one that should have
    /// ended by itself, and, at a slower pace, one that rests.
    pub(crate) fn silent_until(&self, order: &Order) -> Option<Mono> {
        let settle = self.config.timing.settle;
        if order.ended.is_some() {
            return None;
        }
        let wait = match order.state {
            OrderState::Intent | OrderState::Sent => settle,
            OrderState::Live if order.request.kind.rests() => {
                Span::from_nanos(settle.nanos().saturating_mul(RESTING_CHECK))
            }
            OrderState::Live => settle,
            OrderState::Unknown | OrderState::Done => return None,
        };
        let from = order.asked_deals.unwrap_or(order.placed_at).max(order.placed_at);
        Some(from.after(wait))
    }
}

/// When a cancel that nobody confirmed is asked for again; slower after the person was called.
pub(crate) fn cancel_due(order: &Order, wait: Span) -> Option<Mono> {
    let asked = order.cancel_asked.filter(|_| order.ended.is_none())?;
    let slower = u64::from(order.cancels.saturating_sub(CANCELS_MAX)).min(30) + 1;
    Some(asked.after(Span::from_nanos(wait.nanos().saturating_mul(slower))))
}
