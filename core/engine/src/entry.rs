//! From a ready target to its first fill: reference, permit, the instant, and what to do with each
//! refusal of the venue.

use model::{
    AccountId, Amount, Authority, EntryKind, Mono, OrderKind, OrderLeg, Permit, PermitId, Price,
    PriceSource, Qty, Record, Reject, RejectClass, Request, Round, Side, Slot, Span, SpecSource,
    Strategies, SymbolId, SymbolSpec, TargetState, VenueKey, VenueTime, WhyNot,
};
use risk::PermitUse;

use crate::rate::Class;
use crate::{Action, Actions, Engine, Note, Question, Target};

/// What a permit allows at most, and the price that it was derived from.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) price_max: Price,
    pub(crate) reference_price: Price,
    pub(crate) notional: Amount,
}

/// Corrective retries after "your clock is wrong" before the target gives up.
const CLOCK_REJECTS_MAX: u32 = 3;

impl<S: Strategies> Engine<S> {
    pub(crate) fn drive_pending(&mut self, slot: usize, actions: &mut Actions) {
        self.give_up_when_late(slot, actions);
    }

    fn give_up_when_late(&mut self, slot: usize, actions: &mut Actions) -> bool {
        let Some(target) = self.targets.get(slot) else { return true };
        let now = self.venue_now();
        if now.is_some() && now > target.record.opens_at.after(target.record.entry.late) {
            self.set_state(slot, TargetState::Missed, WhyNot::TooLate, actions);
            return true;
        }
        false
    }

    /// Collects what arming needs: rules, a reference price, money. Then mints the permit.
    pub(crate) fn drive_ready(&mut self, slot: usize, actions: &mut Actions) {
        if self.give_up_when_late(slot, actions) {
            return;
        }
        let Some(target) = self.targets.get(slot) else { return };
        if target.permit.is_some() {
            return; // Minted; waits for the disk.
        }
        let now = self.venue_now();
        let from = target.record.opens_at.before(self.config.timing.reference_from);
        if !now.is_some() || now < from {
            return;
        }
        let symbol = target.symbol();
        self.ask_rules(symbol, actions);
        self.take_reference(slot, actions);
        if let Err(why) = self.arm(slot, actions) {
            self.set_state(slot, TargetState::Ready, why, actions);
        }
    }

    /// When a ready target should be looked at again.
    pub(crate) fn ready_deadline(&self, target: &Target) -> Mono {
        if target.permit.is_some() {
            return Mono::NEVER;
        }
        let from = target.record.opens_at.before(self.config.timing.reference_from);
        let from = self.clock.mono(from);
        let Some(symbol) = self.symbols.get(target.symbol()) else { return Mono::NEVER };
        let every = self.config.timing.reference_every;
        if self.now < from {
            return from;
        }
        // The book may have been asked for long ago while something else, as a balance, is still
        // missing: looked at again on a grid, which no other event pushes out.
        let looks = self.now.since(from).nanos() / every.nanos().max(1) + 1;
        let asked = symbol.book_asked.map(|at| at.after(every)).filter(|at| *at > self.now);
        asked.unwrap_or(from.after(Span::from_nanos(looks * every.nanos())))
    }

    /// Fresh rules, asked for at most once a reference interval.
    fn ask_rules(&mut self, id: SymbolId, actions: &mut Actions) {
        let (now, venue_now) = (self.now, self.venue_now());
        let every = self.config.timing.reference_every;
        let max = self.accounts.first().map(|a| a.config.limits.filters_age_max);
        let Some(symbol) = self.symbols.get_mut(id) else { return };
        let half = Span::from_nanos(max.unwrap_or(Span::ZERO).nanos() / 2);
        let fresh = symbol.spec.is_some_and(|spec| {
            spec.source == SpecSource::ExchangeInfo && venue_now.since(spec.read_at) < half
        });
        if fresh || symbol.rules_asked.is_some_and(|at| now < at.after(every)) {
            return;
        }
        symbol.rules_asked = Some(now);
        let (account, question) = (AccountId::NONE, Question::Rules);
        actions.push(Action::Ask { account, symbol: id, question });
    }

    /// The best ask that stands in the book before the opening, unless a price was given.
    fn take_reference(&mut self, slot: usize, actions: &mut Actions) {
        let Some(target) = self.targets.get(slot) else { return };
        if target.reference.is_some() || target.record.entry.reference != PriceSource::PreOpenAsk {
            return;
        }
        let (symbol, opens_at) = (target.symbol(), target.record.opens_at);
        let opened = self.symbols.get(symbol).is_some_and(crate::symbols::Symbol::opened);
        if opened || self.venue_now() >= opens_at {
            return; // A price of the opening itself is no bound for it.
        }
        let ask = self.symbols.book(symbol).and_then(crate::book::Book::best_ask);
        match (ask, self.targets.get_mut(slot)) {
            (Some(ask), Some(target)) => target.reference = Some(ask.price),
            (_, _) => self.ask_book(symbol, actions),
        }
    }

    fn arm(&mut self, slot: usize, actions: &mut Actions) -> Result<(), WhyNot> {
        let target = self.targets.get(slot).ok_or(WhyNot::BadPlan)?;
        let (account, id) = (target.account(), target.symbol());
        let symbol = self.symbols.get(id).ok_or(WhyNot::NoRules)?;
        let spec = symbol.spec.ok_or(WhyNot::NoRules)?;
        if target.is_bought() && !self.has_market(target) {
            return Err(WhyNot::NoReference);
        }
        if symbol.listing.api_allowed == Some(false) {
            return Err(WhyNot::NotTradable);
        }
        let reference = target.reference.ok_or(WhyNot::NoReference)?;
        let price_max = i64::from(target.record.entry.premium_bps);
        let price_max = reference.shift_bps(price_max, Round::Down);
        let price_max = price_max.and_then(|price| price.to_tick(spec.tick, Round::Down));
        let price_max = price_max.ok_or(WhyNot::NoReference)?;
        let limits = self.accounts.get(account.index()).ok_or(WhyNot::BadPlan)?.config.limits;
        let notional = target.record.entry.notional.min(limits.order_notional_max);
        if entry_qty(notional, price_max, &spec).is_none() {
            return Err(WhyNot::TooSmall);
        }
        self.has_money(slot, notional)?;
        let active = self.targets.iter().filter(|(_, t)| t.account() == account && t.is_active());
        let active = active.count() as u32;
        let leg = OrderLeg::ENTRY;
        let exposure = self.exposure(slot, leg, Side::Buy, price_max).ok_or(WhyNot::NoRules)?;
        let exposure = aged_only_when_official(exposure, &spec);
        let too_many =
            |refusal: &risk::Refusal| matches!(refusal, risk::Refusal::TooManyTargets { .. });
        risk::check_arm(&limits, &exposure, active).map_err(|refusal| {
            if too_many(&refusal) { WhyNot::TargetsMax } else { WhyNot::NoRules }
        })?;
        let bounds = Bounds { price_max, reference_price: reference, notional };
        self.mint(slot, bounds, actions);
        Ok(())
    }

    /// Free balance must cover this target beside every other armed one.
    fn has_money(&self, slot: usize, notional: Amount) -> Result<(), WhyNot> {
        let target = self.targets.get(slot).ok_or(WhyNot::BadPlan)?;
        let account = self.accounts.get(target.account().index()).ok_or(WhyNot::BadPlan)?;
        let quote = self.symbols.get(target.symbol()).and_then(|symbol| symbol.quote);
        let quote = quote.ok_or(WhyNot::NoRules)?;
        let reserved = self
            .targets
            .iter()
            .filter(|(at, other)| *at != slot && other.account() == target.account())
            .filter(|(_, other)| {
                let state = other.record.state;
                // A permit on its way to the disk has promised its money too.
                matches!(state, TargetState::Ready | TargetState::Armed | TargetState::Executing)
            })
            .filter_map(|(_, other)| other.permit)
            .fold(notional, |sum, used| sum.plus_or_max(used.permit.notional_max));
        if account.ledger.free(quote) < reserved { Err(WhyNot::Balance) } else { Ok(()) }
    }

    pub(crate) fn mint(&mut self, slot: usize, bounds: Bounds, actions: &mut Actions) {
        let Bounds { price_max, reference_price, notional } = bounds;
        let (id, token) = (PermitId(self.next_id()), self.next_token);
        self.next_token += 1;
        let (mode, config, operator) = (self.config.mode, self.config.config, self.config.operator);
        let slot_of = self.targets.get(slot).map_or(Slot::NONE, |target| target.record.slot);
        let plugin = self.strategies.plugin(slot_of);
        let coin = |id| self.symbols.get(id).and_then(|symbol| symbol.listing.coin);
        let coin = self.targets.get(slot).and_then(|t| coin(t.symbol())).unwrap_or(VenueKey::NONE);
        let Some(target) = self.targets.get_mut(slot) else { return };
        let opens_at = target.record.opens_at;
        let permit = Permit {
            id,
            target: target.record.id,
            account: target.account(),
            symbol: target.symbol(),
            coin,
            side: Side::Buy,
            mode,
            notional_max: notional,
            price_max,
            reference: target.record.entry.reference,
            reference_price,
            valid_from: opens_at.before(target.record.entry.early),
            valid_to: opens_at.after(target.record.entry.late),
            orders_max: target.record.entry.orders_max,
            plugin,
            config,
            operator,
        };
        target.permit = Some(PermitUse {
            permit,
            durable: false,
            revoked: false,
            orders_sent: 0,
            notional_used: Amount::ZERO,
        });
        target.record.permit = Some(id);
        target.token = token;
        actions.push(Action::Persist { token, record: Record::Permit(permit) });
    }

    /// A permit reached the disk: its target is armed.
    pub(crate) fn on_durable(&mut self, token: u64, actions: &mut Actions) {
        let found = self.targets.iter().find(|(_, t)| token != 0 && t.token == token);
        let Some(slot) = found.map(|(slot, _)| slot) else {
            return self.on_successor_durable(token);
        };
        let Some(target) = self.targets.get_mut(slot) else { return };
        if let Some(used) = &mut target.permit {
            used.durable = true;
        }
        if target.record.state == TargetState::Ready {
            // What was adopted is held; anything else may fire.
            let held = target.position.exists();
            let state = if held { TargetState::Open } else { TargetState::Armed };
            self.set_state(slot, state, WhyNot::None, actions);
        }
    }

    /// The opening moved, or the name now stands for another coin: an armed target that has sent
    /// nothing goes back to ready under the new time; the old permit is revoked.
    pub(crate) fn follow_schedule(&mut self, id: SymbolId, reused: bool, actions: &mut Actions) {
        let untried = |t: &Target| t.symbol() == id && !t.is_holding() && t.fire.last_at.is_none();
        if reused {
            for slot in self.targets.active_where(untried).iter() {
                self.set_state(slot, TargetState::Failed, WhyNot::NotTradable, actions);
            }
        }
        let Some(opens_at) = self.symbols.get(id).and_then(|s| s.listing.opens_at()) else {
            return self.withdraw(id, actions);
        };
        let moved = |t: &Target| untried(t) && t.follows_listing() && t.record.opens_at != opens_at;
        for slot in self.targets.active_where(moved).iter() {
            self.move_opening(slot, opens_at, actions);
        }
    }

    /// The target waits for that time; a permit for another one is revoked.
    fn move_opening(&mut self, slot: usize, opens_at: VenueTime, actions: &mut Actions) {
        let had_permit = self.targets.get(slot).is_some_and(|t| t.permit.is_some());
        if had_permit {
            self.revoke(slot, actions);
        }
        let Some(target) = self.targets.get_mut(slot) else { return };
        target.record.opens_at = opens_at;
        target.reference = target.record.entry.operator_price;
        if had_permit {
            target.give_up_permit();
            target.record.state = TargetState::Ready;
        }
        let record = Record::Target(target.record);
        actions.push(Action::Persist { token: 0, record });
    }

    /// The opening was put off after orders had left, and none of them bought: what is not open
    /// yet is waited for again.
    fn is_put_off(&mut self, slot: usize, actions: &mut Actions) -> bool {
        let Some(target) = self.targets.get(slot) else { return false };
        let symbol = self.symbols.get(target.symbol()).filter(|symbol| !symbol.opened());
        let later = symbol.and_then(|symbol| symbol.listing.opens_at());
        let later = later.filter(|at| *at > target.record.opens_at && *at > self.venue_now());
        let Some(at) = later.filter(|_| !target.position.exists()) else { return false };
        self.move_opening(slot, at, actions);
        self.drive_one(slot, actions);
        true
    }

    /// No witness names an opening any more: what has sent nothing waits for one that does.
    fn withdraw(&mut self, id: SymbolId, actions: &mut Actions) {
        if let Some(symbol) = self.symbols.get_mut(id) {
            symbol.told = None;
        }
        let untried = |t: &Target| {
            let waits = !t.is_holding() && t.fire.last_at.is_none();
            t.symbol() == id && t.follows_listing() && waits
        };
        for slot in self.targets.active_where(untried).iter() {
            self.revoke(slot, actions);
            if let Some(target) = self.targets.get_mut(slot) {
                target.give_up_permit();
                target.reference = target.record.entry.operator_price;
            }
            let disarmed = self.targets.get(slot).is_some_and(Target::is_disarmed);
            let why = if disarmed { WhyNot::Disarmed } else { WhyNot::NoOpening };
            self.set_state(slot, TargetState::Pending, why, actions);
        }
    }

    /// Fires when it is time, one order at a time.
    pub(crate) fn drive_entry(&mut self, slot: usize, actions: &mut Actions) {
        let Some(target) = self.targets.get(slot) else { return };
        let Some(used) = target.permit else { return };
        if self.orders.on_leg(slot, OrderLeg::ENTRY) > 0 {
            self.cancel_overdue_entry(slot, actions);
            return; // Attempts are serialised on the reply.
        }
        if !used.revoked && self.is_put_off(slot, actions) {
            return;
        }
        let Some(target) = self.targets.get(slot) else { return };
        if used.revoked {
            return self.set_state(slot, TargetState::Cancelled, WhyNot::Operator, actions);
        }
        let venue_now = self.venue_now();
        let spent = used.orders_sent >= u32::from(used.permit.orders_max);
        if venue_now > used.permit.valid_to || spent {
            let why = if spent { WhyNot::OrdersSpent } else { WhyNot::NoFill };
            return self.set_state(slot, TargetState::Expired, why, actions);
        }
        if self.now < self.fire_at(target) {
            return;
        }
        if self.positions_full(slot) {
            return self.set_state(slot, target.record.state, WhyNot::PositionsMax, actions);
        }
        self.fire(slot, actions);
    }

    /// When the next entry order should leave.
    pub(crate) fn fire_at(&self, target: &Target) -> Mono {
        let Some(used) = target.permit else { return Mono::NEVER };
        let opening = self.clock.mono(used.permit.valid_from);
        let planned = self.clock.mono(target.record.opens_at).before(self.clock.one_way());
        let first = if target.fire.triggered {
            opening
        } else if target.record.entry.triggers.schedule {
            planned.max(opening)
        } else {
            Mono::NEVER
        };
        let next = first.max(target.fire.next_at);
        next.max(self.rate_next(target.account(), Class::Entry))
    }

    pub(crate) fn entry_deadline(&self, slot: usize, target: &Target) -> Mono {
        let Some(used) = target.permit else { return Mono::NEVER };
        let over = self.after_venue(used.permit.valid_to);
        let order = self.orders.of_target(slot).find(|order| order.id().leg().is_entry());
        let Some(order) = order else {
            return if self.positions_full(slot) { over } else { over.min(self.fire_at(target)) };
        };
        // While an order is out, its own end is waited for; only one that rests is cut short.
        if !may_rest(order) {
            return Mono::NEVER;
        }
        self.cancel_entry_at(order, target)
    }

    /// When an entry that rests is cut short.
    pub(crate) fn cancel_entry_at(&self, order: &crate::Order, target: &Target) -> Mono {
        let overdue = order.placed_at.after(self.config.timing.entry_ttl);
        let room = self.rate_next(target.account(), Class::Cancel);
        overdue.max(order.cancel_from).max(room)
    }

    fn positions_full(&self, slot: usize) -> bool {
        let Some(target) = self.targets.get(slot) else { return true };
        let account = target.account();
        let open = self.targets.iter().filter(|(at, t)| {
            *at != slot
                && t.account() == account
                && (t.is_holding() || self.orders.on_leg(*at, OrderLeg::ENTRY) > 0 && t.is_active())
        });
        let max = self.accounts.get(account.index()).map_or(0, |a| a.config.limits.positions_max);
        open.count() as u32 >= max
    }

    fn fire(&mut self, slot: usize, actions: &mut Actions) {
        let Some((price, qty)) = self.entry_figures(slot) else {
            return self.set_state(slot, TargetState::Failed, WhyNot::TooSmall, actions);
        };
        let Some(request) = self.entry_request(slot, price, qty) else { return };
        let leg = OrderLeg::ENTRY;
        let Some(exposure) = self.exposure(slot, leg, Side::Buy, price) else { return };
        let Some(target) = self.targets.get(slot) else { return };
        let Some(held) = self.accounts.get(target.account().index()) else { return };
        let limits = held.config.limits;
        let checked = risk::check(&limits, &exposure, request, &mut self.strategies);
        self.take_reports(actions);
        match checked {
            Ok(approved) if self.orders.add(self.now, *approved.request(), slot) => {
                self.rate_take(request.account);
                let (now, spacing) = (self.now, self.entry_spacing(request.account));
                if let Some(target) = self.targets.get_mut(slot) {
                    target.fire.last_at = Some(now);
                    target.fire.next_at = now.after(spacing);
                    if let Some(used) = &mut target.permit {
                        used.orders_sent += 1;
                    }
                }
                self.set_state(slot, TargetState::Executing, WhyNot::None, actions);
                actions.push(Action::Place(approved));
            }
            Ok(_) => {
                let again = self.now.after(self.entry_spacing(request.account));
                if let Some(target) = self.targets.get_mut(slot) {
                    target.fire.next_at = again;
                }
                let (account, symbol) = (request.account, request.symbol);
                let figure = crate::orders::Orders::CAPACITY as i64;
                self.alarm(model::AlarmKind::Capacity, account, symbol, figure, actions);
            }
            Err(refusal) => self.entry_refused(slot, request, refusal, actions),
        }
    }

    fn entry_refused(
        &mut self,
        slot: usize,
        request: Request,
        refusal: risk::Refusal,
        actions: &mut Actions,
    ) {
        let now = self.now;
        let spacing = self.entry_spacing(request.account);
        let Some(target) = self.targets.get_mut(slot) else { return };
        target.fire.next_at = now.after(spacing);
        let state = target.record.state;
        // A purchase by hand waits for budget and records, never for another market.
        let moment = !target.is_bought() && is_of_the_moment(&refusal);
        let waits = refusal.passes_with_time() || moment;
        let told = target.record.why == WhyNot::EntriesBlocked;
        if !(waits && told) {
            actions.push(Action::Note(Note::Refused { request, refusal }));
        }
        if waits {
            self.set_state(slot, state, WhyNot::EntriesBlocked, actions);
        } else {
            self.set_state(slot, TargetState::Failed, WhyNot::Refused, actions);
        }
    }

    /// The price that the venue and the permit both allow, and what the plan buys at it.
    fn entry_figures(&self, slot: usize) -> Option<(Price, Qty)> {
        let target = self.targets.get(slot)?;
        let symbol = self.symbols.get(target.symbol())?;
        let spec = symbol.spec?;
        let permit = target.permit?.permit;
        let price = target.fire.cap.map_or(permit.price_max, |cap| cap.min(permit.price_max));
        let price = price.min(self.collar_top(target).unwrap_or(price));
        let price = price.to_tick(spec.tick, Round::Down)?;
        // Below what another account of ours offers: two of them never deal with each other.
        let own = self.orders.own_opposite(target.symbol(), Side::Buy);
        let below = own.and_then(|own| Price::from_raw(own.raw() - spec.tick.raw()));
        let price = if own.is_some() { price.min(below?) } else { price };
        let left = permit.notional_max.minus(target.position.paid)?;
        Some((price, entry_qty(left, price, &spec)?))
    }

    /// The highest price that the collar around the last deal admits.
    fn collar_top(&self, target: &Target) -> Option<Price> {
        let limits = &self.accounts.get(target.account().index())?.config.limits;
        let fresh = self.is_fresh_for(target);
        let collar = if fresh { limits.collar_listing } else { limits.collar_established };
        self.market_price(target)?.shift_bps(i64::from(collar.bps), Round::Down)
    }

    fn entry_request(&mut self, slot: usize, price: Price, qty: Qty) -> Option<Request> {
        let client_order_id = self.next_order_id(slot, OrderLeg::ENTRY)?;
        let target = self.targets.get(slot)?;
        Some(Request {
            account: target.account(),
            symbol: target.symbol(),
            side: Side::Buy,
            kind: match target.record.entry.kind {
                EntryKind::Limit => OrderKind::Limit,
                EntryKind::ImmediateOrCancel => OrderKind::ImmediateOrCancel,
            },
            price,
            qty,
            authority: Authority::Permit(target.permit?.permit.id),
            client_order_id,
            timestamp: self.venue_now(),
            recv_window_ms: self.config.timing.recv_window_ms,
        })
    }

    pub(crate) fn entry_spacing(&self, account: AccountId) -> Span {
        let holding = self.is_holding(account);
        let held = self.accounts.get(account.index());
        held.map_or(Span::from_secs(1), |held| held.rate.entry_spacing(holding))
    }

    pub(crate) fn cancel_overdue_entry(&mut self, slot: usize, actions: &mut Actions) {
        let ttl = self.config.timing.entry_ttl;
        let overdue = self
            .orders
            .of_target(slot)
            .find(|o| o.id().leg().is_entry() && self.now >= o.placed_at.after(ttl))
            .filter(|o| may_rest(o))
            .map(crate::Order::id);
        if let Some(id) = overdue {
            self.cancel(id, Class::Cancel, actions);
        }
    }

    /// The reaction table for a refused entry.
    pub(crate) fn entry_rejected(&mut self, slot: usize, reject: &Reject, actions: &mut Actions) {
        let now = self.now;
        let Some(target) = self.targets.get(slot) else { return };
        let account = target.account();
        let paced = target.fire.last_at.unwrap_or(now).after(self.entry_spacing(account));
        let slow = self.config.timing.slow_retry;
        let tick = self.symbols.get(target.symbol()).and_then(|s| s.spec).map(|s| s.tick);
        let Some(target) = self.targets.get_mut(slot) else { return };
        let fire = &mut target.fire;
        match reject.class {
            RejectClass::Wait => fire.next_at = paced.max(now),
            RejectClass::WaitSlowly => {
                fire.slow += 1;
                let wait = Span::from_nanos(slow.nanos().saturating_mul(u64::from(fire.slow)));
                fire.next_at = now.after(wait);
            }
            RejectClass::Reprice => {
                let figure = reject
                    .figure
                    .zip(tick)
                    .and_then(|(figure, tick)| figure.to_tick(tick, Round::Down));
                let lower = figure.filter(|figure| fire.cap.is_none_or(|cap| *figure < cap));
                match lower {
                    Some(figure) => (fire.cap, fire.next_at) = (Some(figure), now),
                    None => fire.next_at = paced.max(now),
                }
            }
            RejectClass::Clock => {
                fire.clock_rejects += 1;
                fire.next_at = paced.max(now);
                if fire.clock_rejects > CLOCK_REJECTS_MAX {
                    self.set_state(slot, TargetState::Failed, WhyNot::Rejected, actions);
                }
            }
            RejectClass::Definitive | RejectClass::NoSuchOrder => {
                self.set_state(slot, TargetState::Failed, WhyNot::Rejected, actions);
            }
            RejectClass::StopAll => {
                self.set_state(slot, TargetState::Failed, WhyNot::Rejected, actions);
            }
            // The account's budget is frozen, or the order is not settled.
            RejectClass::BackOff | RejectClass::Unknown => {}
        }
    }
}

/// Refusals that another price, another book, other rules or fewer orders lift inside the window. A
/// below the minimum is one of them: what the plan buys was measured before the book's share cut
/// it.
fn is_of_the_moment(refusal: &risk::Refusal) -> bool {
    matches!(
        refusal,
        risk::Refusal::Killed { .. }
            | risk::Refusal::OutsideWindow { .. }
            | risk::Refusal::PriceOutsideCollar { .. }
            | risk::Refusal::BookShareAboveMax { .. }
            | risk::Refusal::QtyBelowMin { .. }
            | risk::Refusal::NotionalBelowMin { .. }
            | risk::Refusal::NotTradable { .. }
            | risk::Refusal::TooManyOrders { .. }
            | risk::Refusal::ExposureAboveMax { .. }
            | risk::Refusal::SelfTrade { .. }
    )
}

/// Whether an entry may rest on the book, so that the end of its time to live cancels it.
pub(crate) fn may_rest(order: &crate::Order) -> bool {
    order.state == crate::OrderState::Live && order.ended.is_none() && order.cancel_asked.is_none()
}

/// What `notional` buys at `price`, in whole steps; `None` below the venue's minimum.
pub(crate) fn entry_qty(notional: Amount, price: Price, spec: &SymbolSpec) -> Option<Qty> {
    let qty = notional.qty_at(price, spec.price_decimals, spec.qty_decimals)?.floor_to(spec.step);
    let value = Amount::notional(price, spec.price_decimals, qty, spec.qty_decimals, Round::Down)?;
    let fits = !qty.is_zero() && qty >= spec.qty_min && value >= spec.notional_min;
    fits.then_some(qty)
}

/// The web list is read for differences, so the age of its rows says nothing.
fn aged_only_when_official(mut exposure: risk::Exposure, spec: &SymbolSpec) -> risk::Exposure {
    if spec.source == SpecSource::WebList {
        exposure.spec = Some(SymbolSpec { read_at: exposure.venue_now, ..*spec });
    }
    exposure
}
