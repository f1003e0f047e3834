//! The kill switch and what follows from each level.

use model::{Close, KillLevel, Record, Strategies, TargetId, TargetState, Text, WhyNot};

use crate::rate::Class;
use crate::{Action, Actions, Engine, OrderState};

impl<S: Strategies> Engine<S> {
    /// Raises the level, never lowers it. Acts first; the record follows in the same step.
    pub(crate) fn raise_kill(&mut self, level: KillLevel, reason: Text<64>, actions: &mut Actions) {
        if level <= self.kill {
            return;
        }
        self.kill = level;
        self.cancel_entries(actions);
        if level >= KillLevel::Reduce {
            self.drop_targets(actions);
        }
        if level >= KillLevel::Flatten {
            for slot in self.targets.active_where(crate::Target::is_holding).iter() {
                let now = self.now;
                if let Some(target) = self.targets.get_mut(slot) {
                    Self::begin_closing(target, Close::Kill, now);
                }
                self.record_exit(slot, actions);
            }
        }
        actions.push(Action::Persist { token: 0, record: Record::Kill { level, reason } });
    }

    /// Clears the level: only an operator's word does.
    pub(crate) fn resume(&mut self, reason: Text<64>, actions: &mut Actions) {
        self.kill = KillLevel::Active;
        self.symbols.lift_halts();
        let level = KillLevel::Active;
        actions.push(Action::Persist { token: 0, record: Record::Kill { level, reason } });
    }

    /// Every entry that may still fill is cancelled by its id, sent and unacknowledged ones too.
    pub(crate) fn cancel_entries(&mut self, actions: &mut Actions) {
        for at in 0..self.orders.len() {
            let Some(order) = self.orders.at(at) else { continue };
            let entry = order.id().leg().is_entry() && order.is_alive() && order.ended.is_none();
            if entry && order.state != OrderState::Intent {
                let id = order.id();
                self.cancel(id, Class::KillCancel, actions);
            }
        }
    }

    /// Whether some entry waits for its cancel because the budget was spent.
    pub(crate) fn entries_to_cancel(&self) -> bool {
        self.kill >= KillLevel::Halt
            && self.orders.alive().any(|order| {
                order.id().leg().is_entry() && order.ended.is_none() && order.cancel_asked.is_none()
            })
    }

    pub(crate) fn drop_targets(&mut self, actions: &mut Actions) {
        for slot in self.targets.active_where(|target| !target.is_holding()).iter() {
            self.revoke(slot, actions);
            if self.orders.of_target(slot).next().is_none() {
                self.set_state(slot, TargetState::Cancelled, WhyNot::Operator, actions);
            }
        }
    }

    pub(crate) fn cancel_target(&mut self, id: TargetId, actions: &mut Actions) {
        let Some((slot, target)) = self.find_target_mut(id) else { return };
        if !target.is_active() || target.is_holding() {
            return;
        }
        self.revoke(slot, actions);
        let order = self.orders.of_target(slot).next().map(crate::Order::id);
        match order {
            Some(order) => self.cancel(order, Class::Cancel, actions),
            None => self.set_state(slot, TargetState::Cancelled, WhyNot::Operator, actions),
        }
    }
}
