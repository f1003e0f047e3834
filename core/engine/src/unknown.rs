//! Orders of unknown fate: frozen, counted at full size, asked about, and written off only by proof.
//!
//! "Never accepted" needs all of this: the exchange's clock has passed the fence, three sources
//! that were asked after it do not know the order, and each says so again after the settle time.
//! A timer alone proves nothing.

use model::{
    AlarmKind, ClientOrderId, Event, Record, Span, Strategies, TargetState, UpdateSource, WhyNot,
};

use crate::{Action, Actions, Engine, OrderState, Question};

impl<S: Strategies> Engine<S> {
    /// Freezes the order's target, and says so where the target waits for nothing else.
    pub(crate) fn make_unknown(&mut self, id: ClientOrderId, actions: &mut Actions) {
        let (now, first) = (self.now, self.config.timing.probe);
        let Some(order) = self.orders.find_mut(id) else { return };
        if order.state == OrderState::Unknown {
            return;
        }
        order.become_state(OrderState::Unknown);
        order.unknown_since = Some(now);
        order.proof.next_at = now.after(first);
        let slot = order.target;
        let state = self.targets.get(slot).map(|target| target.record.state);
        if let (true, Some(TargetState::Executing)) = (id.leg().is_entry(), state) {
            self.set_state(slot, TargetState::Executing, WhyNot::UnknownOrder, actions);
        }
    }

    /// Asks about every unknown order whose time has come, and draws the verdict where it may.
    pub(crate) fn chase_unknown(&mut self, actions: &mut Actions) {
        let now = self.now;
        let due =
            |order: &crate::Order| order.state == OrderState::Unknown && now >= order.proof.next_at;
        while let Some(order) = self.orders.first_alive(due) {
            let id = order.id();
            if self.is_proved_absent(id) {
                self.write_off(id, actions);
            } else {
                self.probe(id, actions);
            }
        }
    }

    fn probe(&mut self, id: ClientOrderId, actions: &mut Actions) {
        let (now, first) = (self.now, self.config.timing.probe);
        let past_fence = self.is_past_fence(id);
        let alarm_after = self.config.timing.unknown_alarm;
        let Some(order) = self.orders.find_mut(id) else { return };
        let (account, symbol) = (order.request.account, order.request.symbol);
        order.proof.asked += 1;
        let step = order.proof.asked.min(5);
        order.proof.next_at = now.after(Span::from_nanos(first.nanos() << step));
        actions.push(Action::Ask { account, symbol, question: Question::Order(id) });
        actions.push(Action::Ask { account, symbol, question: Question::Trades });
        if past_fence {
            order.proof.asked_all = true;
            actions.push(Action::Ask { account, symbol, question: Question::OpenOrders });
            actions.push(Action::Ask { account, symbol, question: Question::AllOrders });
        }
        let since = order.unknown_since.unwrap_or(now);
        if now.since(since) >= alarm_after && !order.proof.alarmed {
            order.proof.alarmed = true;
            let waited = i64::try_from(now.since(since).millis()).unwrap_or(i64::MAX);
            self.alarm(AlarmKind::UnknownOrder, account, symbol, waited, actions);
        }
    }

    /// Whether the venue can no longer take the request.
    fn is_past_fence(&self, id: ClientOrderId) -> bool {
        let lead = self.config.timing.timestamp_lead;
        let error = self.clock.error();
        let good = !self.blocks.has(model::Block::Clock);
        good && self
            .orders
            .find(id)
            .is_some_and(|order| self.venue_now() > order.fence(lead, error))
    }

    /// A source does not know the order. It counts only when it was asked after the fence.
    pub(crate) fn on_not_found(&mut self, id: ClientOrderId, source: UpdateSource) {
        let now = self.now;
        let past = self.is_past_fence(id);
        let Some(order) = self.orders.find_mut(id) else { return };
        let proof = &mut order.proof;
        if order.state != OrderState::Unknown || !past || !proof.asked_all {
            return;
        }
        if source == UpdateSource::OrderQuery {
            proof.first_no.get_or_insert(now);
            proof.by_query = Some(now);
        }
    }

    /// A list of the pair's orders ended. An unknown order that it held is unknown no more, so
    /// those that still are were not on it.
    pub(crate) fn on_list_end(&mut self, event: &Event, open: bool) {
        let now = self.now;
        for order in self.orders.alive_mut() {
            let same =
                order.request.account == event.account && order.request.symbol == event.symbol;
            let proof = &mut order.proof;
            if !same || order.state != OrderState::Unknown || !proof.asked_all {
                continue;
            }
            proof.first_no.get_or_insert(now);
            *(if open { &mut proof.by_open } else { &mut proof.by_history }) = Some(now);
        }
    }

    fn is_proved_absent(&self, id: ClientOrderId) -> bool {
        let settle = self.config.timing.unknown_settle;
        let Some(order) = self.orders.find(id) else { return false };
        let proof = &order.proof;
        // Each must have said it again: an answer may be older than the fence, or lag the book.
        let spread = proof.first_no.is_some_and(|first| {
            let late = first.after(settle);
            [proof.by_query, proof.by_open, proof.by_history]
                .iter()
                .all(|said| said.is_some_and(|at| at >= late))
        });
        order.filled.is_zero() && spread && self.is_past_fence(id)
    }

    fn write_off(&mut self, id: ClientOrderId, actions: &mut Actions) {
        let Some(order) = self.orders.find_mut(id) else { return };
        order.become_state(OrderState::Done);
        let record = Record::NeverAccepted { client_order_id: id };
        actions.push(Action::Persist { token: 0, record });
        let slot = order.target;
        self.drive_one(slot, actions);
    }
}
