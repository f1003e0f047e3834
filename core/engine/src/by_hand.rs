//! What the operator does by hand: through the same permits, the same gate and the same exits.
//!
//! A target by hand differs from a strategy's by its pattern, which stands in its record: nobody's
//! newer proposal takes it over, and no confidence holds it back. One that is disarmed says so as
//! its reason. Every wish is answered by [`Note::Answer`] in the step that heard it.

use model::{
    AccountId, AlarmKind, Amount, Authority, BuyByHand, ByHand, ClientOrderId, ClientOrderIdParts,
    Close, Confidence, EntryKind, EntryPlan, Event, KillLevel, ListingBody, ListingFact, Mono,
    OrderKind, OrderLeg, Pattern, PermitId, Price, PriceCap, PriceSource, Qty, Record, Request,
    Round, Side, Slot, Source, Span, SpecSource, Strategies, SymbolId, SymbolSpec, SymbolStatus,
    TargetByHand, TargetId, TargetRecord, TargetState, Triggers, VenueKey, VenueTime, WhyNot,
};
use risk::Refusal;

use crate::entry::{Bounds, entry_qty};
use crate::rate::Class;
use crate::target::rung_of;
use crate::{Action, Actions, Engine, Note, OrderState, Outcome, Question, Target};

/// The attempt number of rehearsals: orders end one below it.
const REHEARSAL: u32 = (1 << 20) - 1;

impl<S: Strategies> Engine<S> {
    pub(crate) fn on_by_hand(
        &mut self,
        event: &Event,
        token: u64,
        wish: &ByHand,
        actions: &mut Actions,
    ) {
        let (account, id) = (event.account, event.symbol);
        let done = match *wish {
            ByHand::AddTarget(wish) => self.add_by_hand(account, id, &wish, actions),
            ByHand::Arm { target } => self.arm_by_hand(target, actions),
            ByHand::Disarm { target } => self.disarm(target, actions),
            ByHand::CancelTarget { target } => self.cancel_by_hand(target, actions),
            ByHand::Buy(buy) => self.buy_by_hand(account, id, &buy, actions),
            ByHand::Sell { qty, at_once } => {
                self.sell_for_operator(account, id, (qty, at_once), actions)
            }
            ByHand::CancelOrder { client_order_id } => {
                self.cancel_order_by_hand(client_order_id, actions)
            }
            ByHand::Adopt { qty, price } => self.adopt_by_hand(account, id, (qty, price), actions),
            ByHand::Forget => self.forget(account, id, actions),
            ByHand::Rehearse { target } => self.rehearse(target),
        };
        let outcome = done.unwrap_or_else(|no| no);
        actions.push(Action::Note(Note::Answer { token, outcome }));
    }

    // --- targets

    fn add_by_hand(
        &mut self,
        account: AccountId,
        id: SymbolId,
        wish: &TargetByHand,
        actions: &mut Actions,
    ) -> Result<Outcome, Outcome> {
        self.has_place(account, id)?;
        if self.kill >= KillLevel::Reduce {
            return Err(WhyNot::EntriesBlocked.into());
        }
        let opens_at = self.opening_by_hand(id, wish.opens_at)?;
        let mut entry = self.config.plans.entry;
        if !wish.notional.is_negative() && wish.notional != Amount::ZERO {
            entry.notional = wish.notional;
        }
        let max = self.limits(account)?.order_notional_max;
        if entry.notional > max {
            let asked = entry.notional;
            return Err(Refusal::NotionalAboveMax { asked, max }.into());
        }
        let (cap, premium) = match wish.cap {
            PriceCap::Plan => (None, entry.premium_bps),
            PriceCap::Max(price) => (Some(price), 0),
            PriceCap::Reference(price) => (Some(price), entry.premium_bps),
        };
        if let Some(cap) = cap {
            let spec = self.rules_for_hand(id, actions)?;
            entry.operator_price = Some(price_of(cap, &spec)?);
            (entry.reference, entry.premium_bps) = (PriceSource::Operator, premium);
        }
        self.hear_operator(id, opens_at);
        let plan = Plan { pattern: Pattern::ByHand, opens_at, entry };
        self.put_by_hand(account, id, plan, actions).map(|(_, outcome)| outcome)
    }

    /// The opening by the witnesses, or by the operator where none names one.
    fn opening_by_hand(&self, id: SymbolId, said: VenueTime) -> Result<VenueTime, Outcome> {
        let symbol = self.symbols.get(id).ok_or(WhyNot::UnknownPair)?;
        let now = self.venue_now();
        if !now.is_some() {
            return Err(Refusal::Blocked { block: model::Block::Clock }.into());
        }
        let known = symbol.listing.by_witness();
        if said.is_some() && known.is_some_and(|known| known != said) {
            return Err(WhyNot::OtherOpening.into());
        }
        let at = known.or(said.is_some().then_some(said)).or(symbol.listing.opens_at());
        let at = at.ok_or(WhyNot::NoOpening)?;
        if now >= at || symbol.opened() {
            return Err(WhyNot::TooLate.into());
        }
        Ok(at)
    }

    /// The operator is a witness like the others, heard where no other names an opening.
    pub(crate) fn hear_operator(&mut self, id: SymbolId, at: VenueTime) {
        let symbol = self.symbols.get_mut(id);
        if let Some(symbol) = symbol.filter(|symbol| symbol.listing.by_witness().is_none()) {
            let body = ListingBody::Opens { at };
            let fact = ListingFact { source: Source::Operator, coin: VenueKey::NONE, body };
            symbol.listing.take(&fact);
        }
    }

    fn arm_by_hand(&mut self, id: TargetId, actions: &mut Actions) -> Result<Outcome, Outcome> {
        let slot = self.untouched(id)?;
        if self.kill >= KillLevel::Reduce {
            return Err(WhyNot::EntriesBlocked.into());
        }
        let in_flight = self.orders.of_target(slot).next().is_some();
        let Some(target) = self.targets.get_mut(slot) else { return Err(WhyNot::NoTarget.into()) };
        let known = self.symbols.get(target.symbol()).and_then(|s| s.listing.opens_at());
        if target.follows_listing() && known.is_none() {
            return Err(WhyNot::NoOpening.into());
        }
        if target.is_disarmed() {
            if in_flight {
                return Err(WhyNot::InFlight.into());
            }
            target.give_up_permit();
        }
        if target.is_disarmed() || target.record.state == TargetState::Pending {
            self.set_state(slot, TargetState::Ready, WhyNot::None, actions);
        }
        Ok(Outcome::Done { target: Some(id) })
    }

    /// The permit ends on disk, what is in flight is cancelled, and the target waits for an arm.
    fn disarm(&mut self, id: TargetId, actions: &mut Actions) -> Result<Outcome, Outcome> {
        let slot = self.untouched(id)?;
        self.hold(slot, actions);
        Ok(Outcome::Done { target: Some(id) })
    }

    /// Revokes a target's permit and holds it until it is armed again.
    pub(crate) fn hold(&mut self, slot: usize, actions: &mut Actions) {
        self.revoke(slot, actions);
        let Some(target) = self.targets.get_mut(slot) else { return };
        target.token = 0;
        let pending = target.record.state == TargetState::Pending;
        let state = if pending { TargetState::Pending } else { TargetState::Ready };
        self.set_state(slot, state, WhyNot::Disarmed, actions);
    }

    fn cancel_by_hand(&mut self, id: TargetId, actions: &mut Actions) -> Result<Outcome, Outcome> {
        let slot = self.untouched(id)?;
        let disarmed = self.targets.get(slot).is_some_and(Target::is_disarmed);
        if disarmed && self.orders.of_target(slot).next().is_some() {
            // Its last order is waited for, as that of any target whose permit is revoked.
            self.set_state(slot, TargetState::Executing, WhyNot::Operator, actions);
        }
        self.cancel_target(id, actions);
        Ok(Outcome::Done { target: Some(id) })
    }

    /// The slot of a target that is not over and holds nothing.
    fn untouched(&self, id: TargetId) -> Result<usize, Outcome> {
        let found = self.targets.iter().find(|(_, target)| target.record.id == id);
        let (slot, target) = found.ok_or(WhyNot::NoTarget)?;
        if !target.is_active() {
            Err(WhyNot::TargetOver.into())
        } else if target.is_holding() || target.position.exists() {
            Err(WhyNot::Holding.into())
        } else {
            Ok(slot)
        }
    }

    // --- positions

    fn buy_by_hand(
        &mut self,
        account: AccountId,
        id: SymbolId,
        buy: &BuyByHand,
        actions: &mut Actions,
    ) -> Result<Outcome, Outcome> {
        self.has_place(account, id)?;
        self.may_buy(account, id)?;
        let limits = *self.limits(account)?;
        let spec = self.rules_for_hand(id, actions)?;
        self.is_trading(id, &spec)?;
        if self.open_positions(account) >= limits.positions_max {
            return Err(WhyNot::PositionsMax.into());
        }
        let (asked, max) = (buy.notional, limits.order_notional_max);
        if asked > max {
            return Err(Refusal::NotionalAboveMax { asked, max }.into());
        }
        let price = price_of(buy.price_max, &spec)?;
        entry_qty(buy.notional, price, &spec).ok_or(WhyNot::TooSmall)?;
        let quote = self.symbols.get(id).and_then(|symbol| symbol.quote);
        let held = self.accounts.get(account.index());
        if quote.zip(held).is_none_or(|(quote, held)| held.ledger.free(quote) < buy.notional) {
            return Err(WhyNot::Balance.into());
        }
        let ioc = spec.kinds.has(OrderKind::ImmediateOrCancel);
        let entry = EntryPlan {
            triggers: Triggers { schedule: true, print: false, strategy: false },
            kind: if ioc { EntryKind::ImmediateOrCancel } else { EntryKind::Limit },
            notional: buy.notional,
            reference: PriceSource::Operator,
            operator_price: Some(price),
            premium_bps: 0,
            early: Span::ZERO,
            orders_max: 1,
            ..self.config.plans.entry
        };
        let plan = Plan { pattern: Pattern::Bought, opens_at: self.venue_now(), entry };
        self.put_by_hand(account, id, plan, actions).map(|(_, outcome)| outcome)
    }

    /// What holds every entry of the account or pair back at this moment.
    fn may_buy(&self, account: AccountId, id: SymbolId) -> Result<(), Outcome> {
        if self.kill >= KillLevel::Halt {
            return Err(Refusal::Killed { level: self.kill }.into());
        }
        let halted = self.symbols.get(id).is_some_and(|symbol| symbol.halted);
        match self.entry_blocks(account, halted).first() {
            Some(block) => Err(Refusal::Blocked { block }.into()),
            None => Ok(()),
        }
    }

    /// A pair that opens later is no pair to buy at a book's price.
    fn is_trading(&self, id: SymbolId, spec: &SymbolSpec) -> Result<(), Outcome> {
        let symbol = self.symbols.get(id).ok_or(WhyNot::UnknownPair)?;
        let ahead = symbol.listing.opens_at().is_some_and(|at| self.venue_now() < at);
        let listed = spec.source == SpecSource::ExchangeInfo && spec.status == SymbolStatus::Online;
        if !symbol.opened() && (ahead || !listed) {
            Err(WhyNot::NotTrading.into())
        } else if !spec.api_allowed {
            Err(WhyNot::NotTradable.into())
        } else {
            Ok(())
        }
    }

    pub(crate) fn sell_for_operator(
        &mut self,
        account: AccountId,
        id: SymbolId,
        (qty, at_once): (Amount, bool),
        actions: &mut Actions,
    ) -> Result<Outcome, Outcome> {
        let now = self.now;
        let (slot, spec) = self.held_by(account, id)?;
        let all = qty == Amount::ZERO;
        if at_once && !all {
            return Err(WhyNot::BadFigure.into());
        }
        let target = self.targets.get(slot).ok_or(WhyNot::NotHeld)?;
        let (which, held) = (target.record.id, target.position.sellable(&spec));
        let asked = if all { held } else { qty_of(qty, &spec)? };
        if asked > held {
            return Err(Refusal::SellAboveHeld { asked, free: held }.into());
        }
        if asked < spec.qty_min || asked.is_zero() {
            return Err(WhyNot::TooSmall.into());
        }
        let Some(target) = self.targets.get_mut(slot) else { return Err(WhyNot::NotHeld.into()) };
        if at_once {
            Self::begin_closing(target, Close::Manual, now);
        } else {
            let wanted = target.exits.by_hand.plus(asked).unwrap_or(held);
            target.exits.by_hand = wanted.min(held);
            target.exits.manual |= wanted >= held;
        }
        self.record_exit(slot, actions);
        Ok(Outcome::Done { target: Some(which) })
    }

    /// A holding of the account becomes a position whose permit allows no purchase: it grants the
    /// right to sell, and nothing else.
    fn adopt_by_hand(
        &mut self,
        account: AccountId,
        id: SymbolId,
        (qty, price): (Amount, Amount),
        actions: &mut Actions,
    ) -> Result<Outcome, Outcome> {
        self.has_place(account, id)?;
        let spec = self.rules_for_hand(id, actions)?;
        let (qty, price) = (qty_of(qty, &spec)?, price_of(price, &spec)?);
        if !self.venue_now().is_some() {
            return Err(Refusal::Blocked { block: model::Block::Clock }.into());
        }
        let units = Amount::of_qty(qty, spec.qty_decimals).ok_or(WhyNot::BadFigure)?;
        if self.unclaimed(account, id).is_none_or(|unclaimed| unclaimed < units) {
            return Err(WhyNot::Balance.into());
        }
        let (pd, qd) = (spec.price_decimals, spec.qty_decimals);
        let paid = Amount::notional(price, pd, qty, qd, Round::Up).ok_or(WhyNot::BadFigure)?;
        let entry = EntryPlan {
            triggers: Triggers::default(),
            notional: Amount::ZERO,
            reference: PriceSource::Operator,
            operator_price: Some(price),
            premium_bps: 0,
            early: Span::ZERO,
            late: Span::ZERO,
            orders_max: 0,
            ..self.config.plans.entry
        };
        let plan = Plan { pattern: Pattern::Adopted, opens_at: self.venue_now(), entry };
        let (slot, outcome) = self.put_by_hand(account, id, plan, actions)?;
        if let Some(target) = self.targets.get_mut(slot) {
            target.begin_adopted(qty, paid, units);
            let record = Record::Position(target.position_record(&spec));
            actions.push(Action::Persist { token: 0, record });
        }
        self.mint_adopted(slot, actions);
        Ok(outcome)
    }

    /// The permit of a holding: it allows no purchase.
    fn mint_adopted(&mut self, slot: usize, actions: &mut Actions) {
        let price = self.targets.get(slot).and_then(|target| target.record.entry.operator_price);
        let Some(price) = price else { return };
        let notional = Amount::ZERO;
        self.mint(slot, Bounds { price_max: price, reference_price: price, notional }, actions);
    }

    /// What the account holds of the pair's coin, is free, and belongs to no other position.
    fn unclaimed(&self, account: AccountId, id: SymbolId) -> Option<Amount> {
        let base = self.symbols.get(id)?.base?;
        let ledger = &self.accounts.get(account.index())?.ledger;
        let same = |t: &Target| self.symbols.get(t.symbol()).is_some_and(|s| s.base == Some(base));
        let others = self.targets.iter().filter(|(_, t)| t.account() == account && t.is_active());
        let claimed = others
            .filter(|(_, target)| same(target))
            .fold(Amount::ZERO, |sum, (_, target)| sum.plus_or_max(target.position.held));
        Some(ledger.total(base).minus_or_min(claimed).min(ledger.free(base)))
    }

    pub(crate) fn forget(
        &mut self,
        account: AccountId,
        id: SymbolId,
        actions: &mut Actions,
    ) -> Result<Outcome, Outcome> {
        let (slot, _) = self.held_by(account, id)?;
        let Some(target) = self.targets.get_mut(slot) else { return Err(WhyNot::NotHeld.into()) };
        let which = target.record.id;
        target.exits.closing = Some(Close::HandedOver);
        self.record_exit(slot, actions);
        Ok(Outcome::Done { target: Some(which) })
    }

    /// Cancels what may still sell or buy, and then ends the engine's authority, loudly.
    fn hand_over(&mut self, slot: usize, actions: &mut Actions) {
        self.cancel_alive(slot, actions);
        if self.orders.of_target(slot).next().is_some() {
            return;
        }
        let Some(target) = self.targets.get_mut(slot) else { return };
        target.position.closed = Some(Close::HandedOver);
        let (account, symbol) = (target.account(), target.symbol());
        let Some(spec) = self.symbols.get(symbol).and_then(|symbol| symbol.spec) else { return };
        let position = target.position_record(&spec);
        actions.push(Action::Persist { token: 0, record: Record::Position(position) });
        if let Some(used) = target.permit.as_mut().filter(|used| !used.revoked) {
            used.revoked = true;
            let record = Record::Revoked { permit: used.permit.id };
            actions.push(Action::Persist { token: 0, record });
        }
        self.alarm(AlarmKind::HandedOver, account, symbol, position.qty.raw(), actions);
        self.set_state(slot, TargetState::Cancelled, WhyNot::Operator, actions);
    }

    fn held_by(&self, account: AccountId, id: SymbolId) -> Result<(usize, SymbolSpec), Outcome> {
        let mut holding = self.targets.iter().filter(|(_, target)| target.is_holding());
        let found = holding.find(|(_, t)| t.account() == account && t.symbol() == id);
        let (slot, target) = found.ok_or(WhyNot::NotHeld)?;
        if target.is_handing_over() {
            return Err(WhyNot::NotHeld.into());
        }
        let spec = self.symbols.get(id).and_then(|symbol| symbol.spec).ok_or(WhyNot::NoRules)?;
        Ok((slot, spec))
    }

    /// The pair is kept at another scale from here on: a price of the operator's keeps its value. One
    /// that has none at the new scale is no reference any more.
    pub(crate) fn rescale_operator_prices(
        &mut self,
        id: SymbolId,
        (was, is): (u8, u8),
        actions: &mut Actions,
    ) {
        for (_, target) in self.targets.iter_mut().filter(|(_, t)| t.symbol() == id) {
            let Some(price) = target.record.entry.operator_price.filter(|_| target.is_active())
            else {
                continue;
            };
            let value = Qty::from_raw(price.raw()).and_then(|raw| Amount::of_qty(raw, was));
            let raw = value.and_then(|value| value.to_qty(is)).map(Qty::raw);
            target.record.entry.operator_price = raw.and_then(Price::from_raw);
            actions.push(Action::Persist { token: 0, record: Record::Target(target.record) });
        }
    }

    // --- orders

    fn cancel_order_by_hand(
        &mut self,
        id: ClientOrderId,
        actions: &mut Actions,
    ) -> Result<Outcome, Outcome> {
        let order = self.orders.find(id).filter(|order| order.is_alive() && order.ended.is_none());
        let order = *order.ok_or(WhyNot::NoOrder)?;
        if order.state == OrderState::Intent {
            return Err(WhyNot::InFlight.into());
        }
        if order.cancel_asked.is_none() {
            self.cancel(id, Class::Cancel, actions);
            if self.orders.find(id).is_some_and(|order| order.cancel_asked.is_none()) {
                return Err(Refusal::RateSpent.into());
            }
        }
        self.keep_off_book(id);
        let which = self.targets.get(order.target).map(|target| target.record.id);
        Ok(Outcome::Done { target: which })
    }

    /// A rung that was cancelled by hand would stand on the book again at once: it is taken when the
    /// bid pays.
    pub(crate) fn keep_off_book(&mut self, id: ClientOrderId) {
        let slot = self.orders.find(id).map(|order| order.target);
        let target = slot.and_then(|slot| self.targets.get_mut(slot));
        if let (Some(target), Some(rung)) = (target, rung_of(id.leg()))
            && let Some(flag) = target.exits.no_rest.get_mut(rung)
        {
            *flag = true;
        }
    }

    /// The order that the target would send, under an id that no order ever gets.
    fn rehearse(&mut self, id: TargetId) -> Result<Outcome, Outcome> {
        let slot = self.untouched(id)?;
        let target = self.targets.get(slot).ok_or(WhyNot::NoTarget)?;
        let (account, symbol) = (target.account(), target.symbol());
        let spec =
            self.symbols.get(symbol).and_then(|symbol| symbol.spec).ok_or(WhyNot::NoRules)?;
        let price = self.planned_price(target, &spec)?;
        let limit = self.limits(account)?.order_notional_max;
        let qty = entry_qty(target.record.entry.notional.min(limit), price, &spec);
        let qty = qty.ok_or(WhyNot::TooSmall)?;
        let permit = target.permit.map_or(PermitId(id.0), |used| used.permit.id);
        let kind = match target.record.entry.kind {
            EntryKind::Limit => OrderKind::Limit,
            EntryKind::ImmediateOrCancel => OrderKind::ImmediateOrCancel,
        };
        if self.rate_room(account, Class::Entry) == 0 {
            return Err(Refusal::RateSpent.into());
        }
        self.rate_take(account);
        let (mode, instance, epoch) = (self.config.mode, self.config.instance, self.config.epoch);
        let leg = OrderLeg::ENTRY;
        let parts = ClientOrderIdParts { mode, instance, epoch, permit, leg, attempt: REHEARSAL };
        Ok(Outcome::Rehearse(Request {
            account,
            symbol,
            side: Side::Buy,
            kind,
            price,
            qty,
            authority: Authority::Permit(permit),
            client_order_id: ClientOrderId::new(parts),
            timestamp: self.venue_now(),
            recv_window_ms: self.config.timing.recv_window_ms,
        }))
    }

    /// The permit's price, or the one that a permit would have with the reference known so far.
    fn planned_price(&self, target: &Target, spec: &SymbolSpec) -> Result<Price, Outcome> {
        if let Some(used) = target.permit.filter(|used| !used.revoked) {
            return Ok(used.permit.price_max);
        }
        let book = || self.symbols.book(target.symbol()).and_then(crate::book::Book::best_ask);
        let pre_open = target.record.entry.reference == PriceSource::PreOpenAsk;
        let ask = || if pre_open { book().map(|level| level.price) } else { None };
        let reference = target.reference.or_else(ask).ok_or(WhyNot::NoReference)?;
        let price = reference.shift_bps(i64::from(target.record.entry.premium_bps), Round::Down);
        let price = price.and_then(|price| price.to_tick(spec.tick, Round::Down));
        Ok(price.ok_or(WhyNot::NoReference)?)
    }

    // --- after a restart

    /// Takes up what only the operator moves on; `false` for any other target.
    pub(crate) fn take_up_by_hand(&mut self, slot: usize, actions: &mut Actions) -> bool {
        let Some(target) = self.targets.get(slot) else { return true };
        if target.record.state == TargetState::Ready && target.position.exists() {
            // Adopted: its right to sell was read from the disk, or never came to be there.
            match target.permit {
                Some(_) => self.set_state(slot, TargetState::Open, WhyNot::None, actions),
                None => self.mint_adopted(slot, actions),
            }
            return true;
        }
        target.is_disarmed() && !target.is_holding()
    }

    // --- driving

    /// Moves a target on that waits for the operator's hand; `false` for any other.
    pub(crate) fn drive_by_hand(&mut self, slot: usize, actions: &mut Actions) -> bool {
        let Some(target) = self.targets.get(slot) else { return true };
        let waits = matches!(target.record.state, TargetState::Pending | TargetState::Ready);
        if waits && target.is_disarmed() {
            self.drive_disarmed(slot, actions);
            true
        } else if target.is_holding() && target.is_handing_over() {
            self.hand_over(slot, actions);
            true
        } else {
            // Adopted: its right to sell is on the way to the disk.
            waits && target.position.exists()
        }
    }

    fn drive_disarmed(&mut self, slot: usize, actions: &mut Actions) {
        self.cancel_alive(slot, actions);
        let Some(target) = self.targets.get(slot) else { return };
        let (now, late) =
            (self.venue_now(), target.record.opens_at.after(target.record.entry.late));
        let out = self.orders.of_target(slot).next().is_some();
        if now.is_some() && now > late && !out {
            self.set_state(slot, TargetState::Missed, WhyNot::Disarmed, actions);
        }
    }

    /// Cancels every order of a target as far as the budget allows.
    fn cancel_alive(&mut self, slot: usize, actions: &mut Actions) {
        if self.is_cut_off(slot) {
            return;
        }
        for at in 0..self.orders.len() {
            let Some(order) = self.orders.at(at).filter(|order| order.target == slot) else {
                continue;
            };
            if order.is_alive() && order.ended.is_none() && order.state != OrderState::Intent {
                let (id, class) = (order.id(), class_of(order));
                self.cancel(id, class, actions);
            }
        }
    }

    /// When a target that waits for the operator's hand is looked at; `None` for any other.
    pub(crate) fn by_hand_deadline(&self, slot: usize, target: &Target) -> Option<Mono> {
        let disarmed = target.is_disarmed() && !target.is_holding();
        if !disarmed && !target.is_handing_over() {
            let adopting = target.record.state == TargetState::Ready && target.position.exists();
            return adopting.then_some(Mono::NEVER);
        }
        let out = |order: &&crate::Order| {
            order.ended.is_none()
                && order.cancel_asked.is_none()
                && order.state != OrderState::Intent
        };
        if let Some(order) = self.orders.of_target(slot).find(out) {
            let pause = Span::from_millis(if self.is_cut_off(slot) { 50 } else { 1 });
            let room = self.rate_next(target.account(), class_of(order));
            return Some(room.max(order.cancel_from).max(self.now.after(pause)));
        }
        if target.is_handing_over() || self.orders.of_target(slot).next().is_some() {
            return Some(Mono::NEVER);
        }
        Some(self.after_venue(target.record.opens_at.after(target.record.entry.late)))
    }

    /// What a purchase by hand needs besides rules and money: a book that is in step.
    pub(crate) fn has_market(&self, target: &Target) -> bool {
        let book = self.symbols.book(target.symbol());
        book.is_some_and(crate::book::Book::is_live) && self.market_price(target).is_some()
    }

    /// The market's price that collars are measured from: the last deal; for a purchase by hand of
    /// a pair without one, the best ask.
    pub(crate) fn market_price(&self, target: &Target) -> Option<Price> {
        let symbol = self.symbols.get(target.symbol())?;
        let ask = || self.symbols.ask(target.symbol());
        match target.is_bought() {
            true => symbol.last_print.or_else(ask),
            false => symbol.last_print.filter(|_| symbol.opened()),
        }
    }

    /// Whether the wide collar of a pair in its first day holds for the target. For a purchase by
    /// hand only an announced opening counts: the first deal seen of an old pair is none.
    pub(crate) fn is_fresh_for(&self, target: &Target) -> bool {
        let symbol = self.symbols.get(target.symbol());
        symbol.is_some_and(|symbol| {
            let now = self.venue_now();
            let day = Span::from_secs(86_400);
            match target.is_bought() {
                true => symbol.listing.opens_at().is_some_and(|at| now.since(at) < day),
                false => symbol.is_fresh(now),
            }
        })
    }

    // --- what all of them need

    fn limits(&self, account: AccountId) -> Result<&risk::Limits, Outcome> {
        let held = self.accounts.get(account.index());
        Ok(held.map(|held| &held.config.limits).ok_or(WhyNot::NoAccount)?)
    }

    /// Whether the account may have a target of the pair.
    fn has_place(&self, account: AccountId, id: SymbolId) -> Result<(), Outcome> {
        let limits = self.limits(account)?;
        if self.symbols.get(id).is_none_or(|symbol| symbol.quote.is_none()) {
            return Err(WhyNot::UnknownPair.into());
        }
        let mine = || self.targets.iter().filter(|(_, t)| t.account() == account && t.is_active());
        if mine().any(|(_, target)| target.symbol() == id) {
            return Err(WhyNot::SymbolTaken.into());
        }
        let (active, max) = (mine().count() as u32, limits.targets_active_max);
        if active >= max {
            return Err(Refusal::TooManyTargets { active: active + 1, max }.into());
        }
        Ok(())
    }

    /// The pair's rules; asked for where they are not known.
    fn rules_for_hand(
        &mut self,
        id: SymbolId,
        actions: &mut Actions,
    ) -> Result<SymbolSpec, Outcome> {
        if let Some(spec) = self.symbols.get(id).and_then(|symbol| symbol.spec) {
            return Ok(spec);
        }
        let (account, question) = (AccountId::NONE, Question::Rules);
        actions.push(Action::Ask { account, symbol: id, question });
        Err(WhyNot::NoRules.into())
    }

    fn open_positions(&self, account: AccountId) -> u32 {
        let mine = self.targets.iter().filter(|(_, target)| target.account() == account);
        mine.filter(|(_, target)| target.is_holding()).count() as u32
    }

    fn put_by_hand(
        &mut self,
        account: AccountId,
        symbol: SymbolId,
        plan: Plan,
        actions: &mut Actions,
    ) -> Result<(usize, Outcome), Outcome> {
        let slot = self.targets.free_slot().ok_or(WhyNot::TargetsMax)?;
        let told = self.symbols.get(symbol).and_then(|symbol| symbol.told);
        let record = TargetRecord {
            id: TargetId(self.next_id()),
            account,
            symbol,
            state: TargetState::Ready,
            why: WhyNot::None,
            pattern: plan.pattern,
            confidence: told.map_or(Confidence::default(), |signal| signal.confidence),
            opens_at: plan.opens_at,
            permit: None,
            slot: Slot::NONE,
            entry: plan.entry,
            exit: self.config.plans.exit,
        };
        self.orders.forget_done(slot);
        let mut target = Target::new(record);
        target.reference = plan.entry.operator_price;
        target.following = true;
        self.targets.put(slot, target);
        if self.symbols.follow(symbol) {
            actions.push(Action::Follow { symbol });
        }
        actions.push(Action::Persist { token: 0, record: Record::Target(record) });
        Ok((slot, Outcome::Done { target: Some(record.id) }))
    }
}

/// What a target by hand is made from.
struct Plan {
    pattern: Pattern,
    opens_at: VenueTime,
    entry: EntryPlan,
}

fn class_of(order: &crate::Order) -> Class {
    if order.id().leg().is_entry() { Class::Cancel } else { Class::Exit }
}

/// Rounded down to the pair's scale and tick: a cap only falls by that.
fn price_of(price: Amount, spec: &SymbolSpec) -> Result<Price, Outcome> {
    let raw = price.to_qty(spec.price_decimals).map(Qty::raw).and_then(Price::from_raw);
    let price = raw.and_then(|price| price.to_tick(spec.tick, Round::Down));
    Ok(price.ok_or(WhyNot::BadFigure)?)
}

/// Exactly in whole steps.
fn qty_of(qty: Amount, spec: &SymbolSpec) -> Result<Qty, Outcome> {
    let asked = qty.to_qty(spec.qty_decimals).filter(|asked| !asked.is_zero());
    let asked = asked.ok_or(WhyNot::BadFigure)?;
    if Amount::of_qty(asked, spec.qty_decimals) != Some(qty) || asked.floor_to(spec.step) != asked {
        return Err(Refusal::OffStep { asked, step: spec.step }.into());
    }
    Ok(asked)
}
