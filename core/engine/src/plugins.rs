//! What is asked of a plug-in's slot, and the exchange of one plug-in for another.
//!
//! An exchange never leaves an armed target without a permit of the plug-in that runs: each gets a
//! *successor*, the same bounds under the new hash, which is on disk before the instance takes its
//! place, and which counts from that step on. A target whose orders are on their way is waited for.
//! What is bought stays the engine's under its own permit: a new plug-in inherits no way in.

use model::{
    FixedList, Happening, Permit, PermitId, PluginChange, PluginEvent, PluginFault, PluginRecord,
    Record, Slot, Strategies, SwapReason, SymbolId, TargetState, Text,
};
use risk::PermitUse;

use crate::target::Targets;
use crate::{Action, Actions, Engine, Target};

/// An exchange that waits for the disk or for orders that are on their way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Swap {
    plugin: u128,
    name: Text<48>,
    why: SwapReason,
    disarm: bool,
}

/// At most one for each slot; a newer one takes its place.
#[derive(Debug)]
pub(crate) struct Swaps([Option<Swap>; Slot::MAX]);

impl Swaps {
    pub(crate) const fn new() -> Self {
        Self([None; Slot::MAX])
    }
}

/// What the records say of each slot: which plug-in, and the parameters that were set while it ran.
#[derive(Debug)]
pub(crate) struct Slots(Vec<SlotMemory>);

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SlotMemory {
    pub(crate) plugin: u128,
    pub(crate) set: FixedList<SetParameter, 32>,
}

/// A parameter that was set while the plug-in ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SetParameter {
    pub(crate) parameter: u8,
    pub(crate) value: i64,
}

impl Slots {
    /// As the configuration has them.
    pub(crate) fn new(plugins: &FixedList<u128, { Slot::MAX }>) -> Self {
        let of = |at| SlotMemory { plugin: plugins.get(at).unwrap_or(0), ..SlotMemory::default() };
        Self((0..Slot::MAX).map(of).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &SlotMemory> {
        self.0.iter()
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut SlotMemory> {
        self.0.get_mut(slot.index())
    }

    pub(crate) fn take(&mut self, record: &PluginRecord) {
        let Some(memory) = self.0.get_mut(record.slot.index()) else { return };
        match record.change {
            PluginChange::Took { .. } => {
                *memory = SlotMemory { plugin: record.plugin, ..SlotMemory::default() };
            }
            PluginChange::Parameter { parameter, value, taken: true } => {
                memory.remember(SetParameter { parameter, value });
            }
            PluginChange::Parameter { .. }
            | PluginChange::Quarantined { .. }
            | PluginChange::Stopped
            | PluginChange::Shadow
            | PluginChange::StateLost { .. }
            | PluginChange::Missing => {}
        }
    }
}

impl SlotMemory {
    fn remember(&mut self, set: SetParameter) {
        let others = |known: &SetParameter| known.parameter != set.parameter;
        let mut all = FixedList::new();
        for known in self.set.iter().filter(others).chain([set]) {
            // A manifest declares no more.
            let _ = all.push(known);
        }
        self.set = all;
    }
}

/// What one look at a slot's targets found.
enum Handover {
    /// Each armed target has a durable successor, or there is none.
    Complete,
    /// Something is on its way.
    Waits,
}

impl<S: Strategies> Engine<S> {
    pub(crate) fn on_plugin(&mut self, slot: Slot, event: &PluginEvent, actions: &mut Actions) {
        match *event {
            PluginEvent::Ready { plugin, name, why, disarm } => {
                if let Some(waits) = self.swaps.0.get_mut(slot.index()) {
                    *waits = Some(Swap { plugin, name, why, disarm });
                }
                self.forget_successors(slot, plugin);
            }
            PluginEvent::Stop => {
                let plugin = self.strategies.plugin(slot);
                self.strategies.stop(slot);
                self.record_plugin(slot, plugin, PluginChange::Stopped, actions);
            }
            PluginEvent::Parameter { parameter, value } => {
                let plugin = self.strategies.plugin(slot);
                let taken = self.strategies.set_parameter(self.now, slot, parameter, value);
                let change = PluginChange::Parameter { parameter, value, taken };
                self.record_plugin(slot, plugin, change, actions);
                if taken {
                    let happening = Happening::Parameter { slot, parameter, value };
                    self.show(SymbolId::NONE, happening, None, actions);
                }
            }
            PluginEvent::Shadow { plugin } => {
                let there = self.strategies.shadow(self.now, slot, plugin);
                let change = if there { PluginChange::Shadow } else { PluginChange::Missing };
                self.record_plugin(slot, plugin, change, actions);
            }
        }
        self.take_reports(actions);
    }

    /// Which plug-in the records put in a slot; 0 for none.
    pub fn slot_plugin(&self, slot: Slot) -> u128 {
        self.slots.0.get(slot.index()).map_or(0, |memory| memory.plugin)
    }

    /// In the coming step a plug-in fails as a record says: see [`Strategies::foretell`].
    pub fn foretell(&mut self, slot: Slot, candidate: bool, fault: PluginFault, call: u32) {
        self.strategies.foretell(slot, candidate, fault, call);
    }

    /// Parameters that were set before the process ended, set again.
    pub(crate) fn set_again(&mut self) {
        for at in 0..Slot::MAX {
            let (slot, memory) = (Slot(at as u8), self.slots.0[at]);
            if self.strategies.plugin(slot) != memory.plugin {
                continue;
            }
            for SetParameter { parameter, value } in memory.set.iter() {
                self.strategies.set_parameter(self.now, slot, parameter, value);
            }
        }
    }

    /// Whether an exchange of the slot waits.
    pub fn is_swapping(&self, slot: Slot) -> bool {
        self.swaps.0.get(slot.index()).is_some_and(Option::is_some)
    }

    /// Carries every waiting exchange as far as it can go.
    pub(crate) fn drive_swaps(&mut self, actions: &mut Actions) {
        for at in 0..Slot::MAX {
            let Some(swap) = self.swaps.0[at] else { continue };
            let slot = Slot(at as u8);
            if matches!(self.prepare_successors(slot, &swap, actions), Handover::Complete) {
                self.swaps.0[at] = None;
                self.exchange(slot, &swap, actions);
            }
        }
    }

    fn prepare_successors(&mut self, slot: Slot, swap: &Swap, actions: &mut Actions) -> Handover {
        let mut found = Handover::Complete;
        let concerned = |target: &Target| target.record.slot == slot && target.may_still_fire();
        for at in self.targets.active_where(concerned).iter() {
            let Some(target) = self.targets.get(at) else { continue };
            let (state, used) = (target.record.state, target.permit);
            if state == TargetState::Executing || used.is_none_or(|used| !used.durable) {
                found = Handover::Waits;
            } else if swap.disarm {
                self.hold(at, actions);
            } else if target.successor.is_none_or(|next| !next.durable) {
                if target.successor.is_none() {
                    self.mint_successor(at, swap.plugin, actions);
                }
                found = Handover::Waits;
            }
        }
        found
    }

    fn exchange(&mut self, slot: Slot, swap: &Swap, actions: &mut Actions) {
        let from = self.strategies.plugin(slot);
        if !self.strategies.exchange(self.now, slot, swap.plugin) {
            self.forget_successors(slot, 0);
            self.record_plugin(slot, swap.plugin, PluginChange::Missing, actions);
            return;
        }
        let change = PluginChange::Took { from, name: swap.name, why: swap.why };
        self.record_plugin(slot, swap.plugin, change, actions);
        let mut nth = 0;
        while let Some((parameter, value)) = self.strategies.set_value(slot, nth) {
            let change = PluginChange::Parameter { parameter, value, taken: true };
            self.record_plugin(slot, swap.plugin, change, actions);
            nth += 1;
        }
        for at in self.install_successors(slot, swap.plugin).iter() {
            if let Some(target) = self.targets.get(at) {
                let record = Record::Target(target.record);
                actions.push(Action::Persist { token: 0, record });
            }
        }
        self.take_reports(actions);
    }

    /// From here on the successors under this plug-in are the permits, with what was used of those
    /// before. Gives the targets that have one.
    pub(crate) fn install_successors(
        &mut self,
        slot: Slot,
        plugin: u128,
    ) -> FixedList<usize, { Targets::CAPACITY }> {
        let mut changed = FixedList::new();
        for (at, target) in self.targets.iter_mut().filter(|(_, t)| t.record.slot == slot) {
            let next = target.successor.take().filter(|next| next.permit.plugin == plugin);
            if let (Some(next), Some(used)) = (next, target.permit) {
                target.record.permit = Some(next.permit.id);
                target.permit = Some(PermitUse { permit: next.permit, ..used });
                // As many places as targets.
                let _ = changed.push(at);
            }
        }
        changed
    }

    /// Successors under another plug-in than this one are of no use.
    pub(crate) fn forget_successors(&mut self, slot: Slot, plugin: u128) {
        for (_, target) in self.targets.iter_mut().filter(|(_, t)| t.record.slot == slot) {
            target.successor = target.successor.filter(|next| next.permit.plugin == plugin);
        }
    }

    fn mint_successor(&mut self, at: usize, plugin: u128, actions: &mut Actions) {
        let (id, token) = (PermitId(self.next_id()), self.next_token);
        let Some(target) = self.targets.get_mut(at) else { return };
        let Some(used) = target.permit else { return };
        self.next_token += 1;
        let permit = Permit { id, plugin, ..used.permit };
        target.successor = Some(PermitUse { permit, durable: false, ..used });
        target.successor_token = token;
        actions.push(Action::Persist { token, record: Record::Successor(permit) });
    }

    /// A successor reached the disk.
    pub(crate) fn on_successor_durable(&mut self, token: u64) {
        let found = self.targets.iter_mut().find(|(_, t)| token != 0 && t.successor_token == token);
        if let Some((_, target)) = found {
            target.successor_token = 0;
            if let Some(next) = &mut target.successor {
                next.durable = true;
            }
        }
    }

    fn record_plugin(
        &mut self,
        slot: Slot,
        plugin: u128,
        change: PluginChange,
        actions: &mut Actions,
    ) {
        let record = PluginRecord { slot, plugin, change };
        self.slots.take(&record);
        actions.push(Action::Persist { token: 0, record: Record::Plugin(record) });
    }
}
