//! What strategies want, and what becomes of it.

use model::{
    Intent, OrderLeg, Proposal, Qty, Record, RiskRules, Signal, Strategies, SymbolId, TargetId,
    TargetRecord, TargetState, WhyNot,
};

use crate::{Action, Actions, Engine, Note, Target};

impl<S: Strategies, R: RiskRules> Engine<S, R> {
    pub(crate) fn on_intent(&mut self, intent: &Intent, actions: &mut Actions) {
        match intent {
            Intent::Propose(proposal) => self.propose(proposal, actions),
            Intent::Enter { target } => {
                if let Some((_, target)) = self.find_target_mut(*target) {
                    target.fire.triggered |= target.record.entry.triggers.strategy;
                }
            }
            Intent::Amend { target, exit } => {
                let sound = exit.check().is_ok();
                let Some((_, target)) = self.find_target_mut(*target) else { return };
                if sound && target.is_active() && target.record.exit != *exit {
                    target.record.exit = *exit;
                    let record = Record::Target(target.record);
                    actions.push(Action::Persist { token: 0, record });
                }
            }
            Intent::Exit { target, qty } => self.exit_by_hand(*target, *qty, actions),
        }
    }

    fn propose(&mut self, proposal: &Proposal, actions: &mut Actions) {
        match self.declined(proposal) {
            None => self.make_target(proposal, actions),
            Some(WhyNot::SymbolTaken) => self.revise(proposal, actions),
            Some(why) => {
                let symbol = proposal.symbol;
                actions.push(Action::Note(Note::Declined { symbol, why }));
            }
        }
    }

    /// A target that is not armed takes over the newer plan of the same account and symbol.
    fn revise(&mut self, proposal: &Proposal, actions: &mut Actions) {
        let same = |t: &Target| {
            t.account() == proposal.account
                && t.symbol() == proposal.symbol
                && t.is_active()
                && t.permit.is_none()
        };
        let sound = proposal.exit.check().is_ok() && proposal.entry.orders_max > 0;
        let found = self.targets.iter_mut().find(|(_, target)| same(target));
        let Some((_, target)) = found.filter(|_| sound) else { return };
        if target.record.entry != proposal.entry || target.record.exit != proposal.exit {
            target.record.entry = proposal.entry;
            target.record.exit = proposal.exit;
            let record = Record::Target(target.record);
            actions.push(Action::Persist { token: 0, record });
        }
    }

    fn declined(&self, proposal: &Proposal) -> Option<WhyNot> {
        let Proposal { account, symbol, pattern, confidence, .. } = *proposal;
        let Some(held) = self.accounts.get(account.index()) else { return Some(WhyNot::BadPlan) };
        let of_account = || self.targets.iter().filter(|(_, t)| t.account() == account);
        let opens_at = self.symbols.get(symbol).and_then(|s| s.listing.opens_at());
        // A listing is tried once: a target that is over is not made again unless the venue names
        // another time, and one that was cancelled by hand not even then.
        let taken = of_account().filter(|(_, t)| t.symbol() == symbol).any(|(_, t)| {
            t.is_active()
                || Some(t.record.opens_at) == opens_at
                || t.record.state == TargetState::Cancelled
        });
        let active = of_account().filter(|(_, t)| t.is_active()).count() as u32;
        if taken {
            Some(WhyNot::SymbolTaken)
        } else if self.kill >= model::KillLevel::Reduce {
            Some(WhyNot::EntriesBlocked)
        } else if !self.config.patterns.has(pattern) {
            Some(WhyNot::PatternDisabled)
        } else if confidence < self.config.thresholds.target {
            Some(WhyNot::Confidence)
        } else if active >= held.config.limits.targets_active_max {
            Some(WhyNot::TargetsMax)
        } else if proposal.exit.check().is_err() || proposal.entry.orders_max == 0 {
            Some(WhyNot::BadPlan)
        } else {
            match opens_at {
                None => Some(WhyNot::NoOpening),
                Some(at) if self.venue_now() >= at => Some(WhyNot::TooLate),
                Some(_) => None,
            }
        }
    }

    fn make_target(&mut self, proposal: &Proposal, actions: &mut Actions) {
        let opens_at = self.symbols.get(proposal.symbol).and_then(|s| s.listing.opens_at());
        let (Some(opens_at), Some(slot)) = (opens_at, self.targets.free_slot()) else { return };
        let record = TargetRecord {
            id: TargetId(self.next_id()),
            account: proposal.account,
            symbol: proposal.symbol,
            state: TargetState::Pending,
            why: WhyNot::Confidence,
            pattern: proposal.pattern,
            confidence: proposal.confidence,
            opens_at,
            permit: None,
            entry: proposal.entry,
            exit: proposal.exit,
        };
        self.orders.forget_done(slot);
        let mut target = Target::new(record);
        target.reference = proposal.entry.operator_price;
        target.following = true;
        self.targets.put(slot, target);
        if self.symbols.follow(proposal.symbol) {
            actions.push(Action::Follow { symbol: proposal.symbol });
        }
        actions.push(Action::Persist { token: 0, record: Record::Target(record) });
        self.promote(slot, actions);
    }

    /// A stronger signal for a symbol that has a target: the target takes it over.
    pub(crate) fn strengthen(&mut self, id: SymbolId, signal: &Signal, actions: &mut Actions) {
        for slot in self.targets.active_where(|t| t.symbol() == id && t.permit.is_none()).iter() {
            let Some(target) = self.targets.get_mut(slot) else { continue };
            if signal.confidence > target.record.confidence {
                target.record.confidence = signal.confidence;
                target.record.pattern = signal.pattern;
                let record = Record::Target(target.record);
                actions.push(Action::Persist { token: 0, record });
            }
            self.promote(slot, actions);
        }
    }

    /// Pending becomes ready once it is sure enough to execute.
    fn promote(&mut self, slot: usize, actions: &mut Actions) {
        let execute = self.config.thresholds.execute;
        let Some(target) = self.targets.get(slot) else { return };
        if target.record.state == TargetState::Pending {
            let sure = target.record.confidence >= execute;
            let (state, why) = if sure {
                (TargetState::Ready, WhyNot::None)
            } else {
                (TargetState::Pending, WhyNot::Confidence)
            };
            self.set_state(slot, state, why, actions);
        }
    }

    pub(crate) fn exit_by_hand(&mut self, id: TargetId, qty: Option<Qty>, actions: &mut Actions) {
        let now = self.now;
        let Some((slot, target)) = self.find_target_mut(id) else { return };
        if !target.is_holding() {
            return;
        }
        match qty {
            Some(qty) => {
                target.exits.by_hand = target.exits.by_hand.plus(qty).unwrap_or(qty);
            }
            None => Self::begin_closing(target, model::Close::Manual, now),
        }
        self.record_exit(slot, actions);
    }

    pub(crate) fn find_target_mut(&mut self, id: TargetId) -> Option<(usize, &mut Target)> {
        self.targets.iter_mut().find(|(_, target)| target.record.id == id)
    }

    pub(crate) fn next_id(&mut self) -> u32 {
        let id = self.next_id;
        self.next_id = id.checked_add(1).expect("ids of an instance do not run out");
        id
    }

    pub(crate) fn next_order_id(
        &mut self,
        slot: usize,
        leg: OrderLeg,
    ) -> Option<model::ClientOrderId> {
        let (mode, instance, epoch) = (self.config.mode, self.config.instance, self.config.epoch);
        let target = self.targets.get_mut(slot)?;
        let permit = target.permit?.permit.id;
        let attempt = target.next_attempt(leg)?;
        let parts = model::ClientOrderIdParts { mode, instance, epoch, permit, leg, attempt };
        Some(model::ClientOrderId::new(parts))
    }
}
