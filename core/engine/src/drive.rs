//! Which targets an event concerns, how each is moved on, and when to look again.

use model::{
    AccountId, Body, Event, Mono, Record, Strategies, SymbolId, TargetState, TimerName, WhyNot,
};

use crate::changes::Changes;
use crate::replies::cancel_due;
use crate::{Action, Actions, Engine, OrderState, Target};

impl<S: Strategies> Engine<S> {
    /// Moves on every target that the event may have changed something for.
    pub(crate) fn drive_concerned(&mut self, event: &Event, actions: &mut Actions) {
        let everyone = matches!(
            event.body,
            Body::Clock(_)
                | Body::Durable { .. }
                | Body::Blocked { .. }
                | Body::Command(_)
                | Body::Link { .. }
                | Body::Shed(_)
                | Body::Restored { .. }
        );
        if everyone {
            return self.drive_all(actions);
        }
        let by_symbol = event.symbol != SymbolId::NONE;
        let by_account = event.account != AccountId::NONE;
        if !by_symbol && !by_account {
            return;
        }
        // A private event of one symbol concerns the account's other targets too: it may have
        // freed budget or a position.
        let slots = self.targets.active_where(|target| {
            (by_symbol && target.symbol() == event.symbol)
                || (by_account && target.account() == event.account)
        });
        for slot in slots.iter() {
            self.drive(slot, actions);
        }
    }

    pub(crate) fn drive_all(&mut self, actions: &mut Actions) {
        for slot in self.targets.active_where(|_| true).iter() {
            self.drive(slot, actions);
        }
        if self.entries_to_cancel() {
            self.cancel_entries(actions);
        }
    }

    pub(crate) fn drive_one(&mut self, slot: usize, actions: &mut Actions) {
        if self.targets.get(slot).is_some_and(Target::is_active) {
            self.drive(slot, actions);
        }
    }

    /// Moves one target as far as it can go.
    fn drive(&mut self, slot: usize, actions: &mut Actions) {
        if self.drive_by_hand(slot, actions) {
            return;
        }
        let Some(target) = self.targets.get(slot) else { return };
        match target.record.state {
            TargetState::Pending => self.drive_pending(slot, actions),
            TargetState::Ready => self.drive_ready(slot, actions),
            TargetState::Armed | TargetState::Executing => self.drive_entry(slot, actions),
            TargetState::Open | TargetState::Closing => self.drive_exit(slot, actions),
            TargetState::Blocked
            | TargetState::Completed
            | TargetState::Failed
            | TargetState::Cancelled
            | TargetState::Expired
            | TargetState::Missed => {}
        }
    }

    /// Changes a target's state, with its record; a final one gives up its market data.
    pub(crate) fn set_state(
        &mut self,
        slot: usize,
        state: TargetState,
        why: WhyNot,
        actions: &mut Actions,
    ) {
        let Some(target) = self.targets.get_mut(slot) else { return };
        if (target.record.state, target.record.why) == (state, why) {
            return;
        }
        assert!(!target.record.state.is_final(), "target {:?} is over", target.record.id);
        target.record.state = state;
        target.record.why = why;
        let (record, symbol) = (target.record, target.symbol());
        let over = state.is_final() && core::mem::take(&mut target.following);
        actions.push(Action::Persist { token: 0, record: Record::Target(record) });
        if over {
            self.revoke(slot, actions);
            if self.symbols.unfollow(symbol) {
                actions.push(Action::Unfollow { symbol });
            }
        }
    }

    /// A permit ends with its target.
    pub(crate) fn revoke(&mut self, slot: usize, actions: &mut Actions) {
        let Some(target) = self.targets.get_mut(slot) else { return };
        let Some(used) = &mut target.permit else { return };
        if used.revoked {
            return;
        }
        used.revoked = true;
        (target.successor, target.successor_token) = (None, 0);
        let record = Record::Revoked { permit: used.permit.id };
        actions.push(Action::Persist { token: 0, record });
    }

    /// The least of all deadlines. A scan: a few dozen targets and orders at most are alive.
    pub(crate) fn next_deadline(&self) -> Option<(Mono, TimerName)> {
        let mut least = Least::default();
        if let Some(at) = self.clock.stale_at(self.config.timing.clock_age_max)
            && !self.blocks.has(model::Block::Clock)
        {
            least.take(at, "clock");
        }
        for (slot, target) in self.targets.iter().filter(|(_, target)| target.is_active()) {
            self.target_deadline(slot, target, &mut least);
            let book = self.symbols.book(target.symbol());
            if let Some((at, name)) = book.and_then(crate::book::Book::poll_timeout) {
                least.take(at, name);
            }
        }
        for order in self.orders.alive() {
            match order.state {
                OrderState::Unknown => least.take(order.proof.next_at, "unknown order"),
                OrderState::Intent | OrderState::Sent | OrderState::Live | OrderState::Done => {}
            }
            if let Some(at) = cancel_due(order, self.config.timing.cancel_ack) {
                least.take(at, "cancel");
            }
            if order.ended.is_some() {
                let asked = order.asked_deals.unwrap_or(order.ended_at).max(order.ended_at);
                least.take(asked.after(self.config.timing.settle), "settle");
            }
            if let Some(at) = self.silent_until(order) {
                least.take(at, "order silence");
            }
        }
        for account in (0..AccountId::MAX as u8).map(AccountId) {
            if let Some(at) = self.reconcile_due(account) {
                least.take(at, "reconciliation");
            }
        }
        if self.entries_to_cancel() {
            least.take(self.now.after(model::Span::from_millis(20)), "kill cancels");
        }
        least.take(self.strategies.next_timer(), "plug-in");
        if let Some(at) = self.changes.poll_timeout(self.now) {
            least.take(at, "changes");
        }
        if self.has_looks_left() {
            least.take(self.now.after(Changes::PACE), "looks");
        }
        least.0
    }

    fn target_deadline(&self, slot: usize, target: &Target, least: &mut Least) {
        if let Some(at) = self.by_hand_deadline(slot, target) {
            return least.take(at, "by hand");
        }
        match target.record.state {
            TargetState::Pending | TargetState::Ready => {
                let give_up = target.record.opens_at.after(target.record.entry.late);
                least.take(self.after_venue(give_up), "missed");
                if target.record.state == TargetState::Ready {
                    least.take(self.ready_deadline(target), "reference");
                }
            }
            TargetState::Armed | TargetState::Executing => {
                least.take(self.entry_deadline(slot, target), "fire");
            }
            TargetState::Open | TargetState::Closing => {
                least.take(self.exit_deadline(slot, target), "exit");
            }
            TargetState::Blocked
            | TargetState::Completed
            | TargetState::Failed
            | TargetState::Cancelled
            | TargetState::Expired
            | TargetState::Missed => {}
        }
    }

    /// The first moment at which `at` has passed.
    pub(crate) fn after_venue(&self, at: model::VenueTime) -> Mono {
        let mono = self.clock.mono(at);
        if mono == Mono::NEVER { mono } else { mono.after(model::Span::from_nanos(1)) }
    }
}

/// The least of several moments.
#[derive(Default)]
pub(crate) struct Least(Option<(Mono, TimerName)>);

impl Least {
    pub(crate) fn take(&mut self, at: Mono, name: TimerName) {
        if at != Mono::NEVER && self.0.is_none_or(|(least, _)| at < least) {
            self.0 = Some((at, name));
        }
    }
}
