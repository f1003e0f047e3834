//! What strategies want, and what becomes of it.

use model::{
    Intent, OrderLeg, Proposal, Qty, Record, Signal, Slot, Strategies, SymbolId, TargetId,
    TargetRecord, TargetState, WhyNot, Wish,
};

use crate::{Action, Actions, Engine, Note, Target};

impl<S: Strategies> Engine<S> {
    /// Follows a wish, or says in the records why not.
    pub(crate) fn on_wish(&mut self, symbol: SymbolId, wish: &Wish, actions: &mut Actions) {
        if let Err(why) = self.follow_wish(symbol, wish, actions) {
            actions.push(Action::Note(Note::Declined { symbol, slot: wish.slot, why }));
        }
    }

    fn follow_wish(
        &mut self,
        symbol: SymbolId,
        wish: &Wish,
        actions: &mut Actions,
    ) -> Result<(), WhyNot> {
        match wish.intent {
            Intent::Propose(proposal) if proposal.symbol != symbol => Err(WhyNot::NotShown),
            Intent::Propose(proposal) => self.propose(wish.slot, &proposal, actions),
            Intent::Enter { target } => {
                let target = self.own_target(wish.slot, target)?;
                if !target.record.entry.triggers.strategy {
                    return Err(WhyNot::NotTriggered);
                }
                if !matches!(target.record.state, TargetState::Armed | TargetState::Executing) {
                    return Err(WhyNot::NotArmed);
                }
                target.fire.triggered = true;
                Ok(())
            }
            Intent::Amend { target, exit } => {
                let target = self.own_target(wish.slot, target)?;
                exit.check().map_err(|_| WhyNot::BadPlan)?;
                if target.record.exit != exit {
                    target.record.exit = exit;
                    let record = Record::Target(target.record);
                    actions.push(Action::Persist { token: 0, record });
                }
                Ok(())
            }
            Intent::Exit { target, qty } => {
                let held = self.own_target(wish.slot, target)?;
                if !held.is_holding() {
                    return Err(WhyNot::NotHeld);
                }
                self.exit_by_hand(target, qty, actions);
                Ok(())
            }
        }
    }

    /// A target that is not over and that this plug-in proposed.
    fn own_target(&mut self, slot: Slot, id: TargetId) -> Result<&mut Target, WhyNot> {
        let (_, target) = self.find_target_mut(id).ok_or(WhyNot::NoTarget)?;
        if target.record.slot != slot {
            Err(WhyNot::NotOwn)
        } else if !target.is_active() {
            Err(WhyNot::TargetOver)
        } else {
            Ok(target)
        }
    }

    fn propose(
        &mut self,
        slot: Slot,
        proposal: &Proposal,
        actions: &mut Actions,
    ) -> Result<(), WhyNot> {
        match self.declined(proposal) {
            None => {
                self.make_target(slot, proposal, actions);
                Ok(())
            }
            Some(WhyNot::SymbolTaken) => self.revise(slot, proposal, actions),
            Some(why) => Err(why),
        }
    }

    /// A target that is not armed takes over the newer plan of the same account and symbol.
    fn revise(
        &mut self,
        slot: Slot,
        proposal: &Proposal,
        actions: &mut Actions,
    ) -> Result<(), WhyNot> {
        let same = |t: &Target| {
            t.account() == proposal.account
                && t.symbol() == proposal.symbol
                && t.is_active()
                && t.permit.is_none()
                && t.record.slot == slot
        };
        let sound = proposal.exit.check().is_ok() && proposal.entry.orders_max > 0;
        let found = self.targets.iter_mut().find(|(_, target)| same(target));
        let Some((_, target)) = found.filter(|_| sound) else { return Ok(()) };
        if target.record.entry != proposal.entry || target.record.exit != proposal.exit {
            target.record.entry = proposal.entry;
            target.record.exit = proposal.exit;
            let record = Record::Target(target.record);
            actions.push(Action::Persist { token: 0, record });
        }
        Ok(())
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

    fn make_target(&mut self, by: Slot, proposal: &Proposal, actions: &mut Actions) {
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
            slot: by,
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
            if signal.confidence > target.record.confidence && !target.record.pattern.is_by_hand() {
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
        if target.record.state == TargetState::Pending && !target.is_disarmed() {
            let sure = target.record.confidence >= execute || target.record.pattern.is_by_hand();
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
