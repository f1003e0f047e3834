//! After a (re)connection or a restart: what did we miss?
//!
//! Entries of the account stay blocked until every question was answered: each one that is not is asked
//! again, and balances that were asked for something else end nothing. After a restart the lists
//! of every pair with a target are read too, so that an order of ours that no record names is found
//! and adopted by the permit in its id.

use model::{
    AccountId, AlarmKind, Authority, Block, Event, KillLevel, Mono, OrderLeg, OrderUpdate, Record,
    Request, Side, Span, Strategies, SymbolId, TargetState, Text, VenueTime, WhyNot,
};

use crate::orders::Orders;
use crate::target::Targets;
use crate::{Action, Actions, Engine, OrderState, Question, Target};

/// Where the reconciliation of one account stands.
#[derive(Clone, Debug)]
pub(crate) struct Reconcile {
    /// When its questions were last asked.
    asked: Option<Mono>,
    /// One of them failed since: what is left is asked again soon.
    failed: bool,
    /// Questions without an answer.
    pending: Vec<(SymbolId, Question)>,
    /// The process is new: lists are read, not single orders alone.
    restarted: bool,
    /// Intents may be missing too: ended targets are looked for as well.
    look_back: bool,
    /// Not before the last of such intents can no longer be taken.
    fence: Fence,
}

impl Default for Reconcile {
    fn default() -> Self {
        Self {
            asked: None,
            failed: false,
            pending: Vec::with_capacity(Self::QUESTIONS),
            restarted: false,
            look_back: false,
            fence: Fence::None,
        }
    }
}

impl Reconcile {
    /// Every live order, three lists for each of 80 targets, and the balances.
    const QUESTIONS: usize = Orders::CAPACITY + 3 * Targets::CAPACITY + 1;

    fn want(&mut self, symbol: SymbolId, question: Question) {
        let wanted = (symbol, question);
        if self.pending.len() < Self::QUESTIONS && !self.pending.contains(&wanted) {
            self.pending.push(wanted);
        }
    }

    fn answered(&mut self, symbol: SymbolId, question: Question) {
        self.pending.retain(|wanted| *wanted != (symbol, question));
    }

    /// Over; takes no memory anew.
    fn end(&mut self) {
        self.pending.clear();
        (self.asked, self.failed) = (None, false);
        (self.restarted, self.look_back, self.fence) = (false, false, Fence::None);
    }
}

/// Until when the venue may still take an order that no record names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fence {
    /// Every intent is known.
    #[default]
    None,
    /// To be set with the first sample of the exchange's clock.
    Unset,
    /// Until then.
    Until(VenueTime),
}

/// Targets that ended so long ago at most are looked for too after the machine went down: a start
/// before this one may have ended them without having asked.
const LOOK_BACK: Span = Span::from_secs(2 * 86_400);

/// Questions that are asked at once; a session queues 32, and others ask too.
const ROUND: usize = 16;

/// The venue does not know the pair, or not for the API: what a pair answers before its opening.
const UNKNOWN_PAIR: [i32; 4] = [-1_121, 10_007, 30_014, 30_021];

/// Questions that got no word at all are asked again after so many settle times, longer than a
/// session waits for an answer.
const SILENCE: u64 = 3;

impl<S: Strategies> Engine<S> {
    /// The first event of a start that goes on from an earlier one.
    pub(crate) fn on_restored(&mut self, ring_lost: bool, actions: &mut Actions) {
        self.doubt(ring_lost);
        self.set_again();
        for (at, held) in self.accounts.iter_mut().enumerate() {
            // An earlier start may have known that, and died before it had looked.
            let unsure = self.unsure & (1 << at) != 0;
            held.reconcile.restarted = true;
            held.reconcile.look_back = unsure;
            held.reconcile.fence = if unsure { Fence::Unset } else { Fence::None };
            // What the process before sent in the last second counts on at the venue.
            held.rate.fill(self.now);
        }
        for slot in self.targets.active_where(|_| true).iter() {
            self.take_up(slot, actions);
        }
        if self.kill > KillLevel::Active {
            let (level, reason) = (self.kill, Text::clipped("as the run before left it"));
            actions.push(Action::Persist { token: 0, record: Record::Kill { level, reason } });
        }
        if self.kill >= KillLevel::Reduce {
            self.drop_targets(actions);
        }
    }

    /// A target of the process before: its market data, its rules, its permit.
    fn take_up(&mut self, slot: usize, actions: &mut Actions) {
        let Some(target) = self.targets.get_mut(slot) else { return };
        target.following = true;
        let (account, symbol, state) = (AccountId::NONE, target.symbol(), target.record.state);
        let config = (self.config.config, self.strategies.plugin(target.record.slot));
        let outdated =
            target.permit.is_some_and(|used| (used.permit.config, used.permit.plugin) != config);
        let untried = target.fire.last_at.is_none();
        if self.symbols.follow(symbol) {
            actions.push(Action::Follow { symbol });
        }
        actions.push(Action::Ask { account, symbol, question: Question::Rules });
        if self.take_up_by_hand(slot, actions) {
            return;
        }
        let waiting = matches!(state, TargetState::Ready | TargetState::Armed);
        let unsure = self.targets.get(slot).is_some_and(|target| self.is_unsure(target.account()));
        if waiting && outdated && untried && unsure {
            // It may have sent all the same: it ends, and what it bought is found by its permit.
            self.revoke(slot, actions);
        } else if waiting && outdated && untried {
            self.revoke(slot, actions);
            self.mint_again(slot, actions);
        } else if state == TargetState::Ready
            && self.targets.get(slot).is_some_and(|target| target.permit.is_some())
        {
            self.set_state(slot, TargetState::Armed, WhyNot::None, actions);
        }
    }

    /// The configuration or the strategy is another one: the permit is minted anew under it.
    fn mint_again(&mut self, slot: usize, actions: &mut Actions) {
        let Some(target) = self.targets.get_mut(slot) else { return };
        target.give_up_permit();
        target.reference = target.record.entry.operator_price;
        target.record.state = TargetState::Ready;
        let record = Record::Target(target.record);
        actions.push(Action::Persist { token: 0, record });
    }

    /// The clock is known: what may still be on its way to the venue has an end.
    pub(crate) fn set_fences(&mut self) {
        let window = Span::from_millis(u64::from(self.config.timing.recv_window_ms));
        let until = self.venue_now().after(self.config.timing.timestamp_lead).after(window);
        let until = until.after(self.clock.error());
        for held in self.accounts.iter_mut().filter(|h| h.reconcile.fence == Fence::Unset) {
            held.reconcile.fence = Fence::Until(until);
        }
    }

    /// Intents of every account may be missing.
    pub(crate) fn doubt(&mut self, ring_lost: bool) {
        if ring_lost {
            // Eight accounts at most.
            self.unsure = ((1_u16 << self.accounts.len()) - 1) as u8;
        }
    }

    /// Whether intents of the account may be missing and nobody has looked yet.
    fn is_unsure(&self, account: AccountId) -> bool {
        self.unsure & 1_u8.checked_shl(u32::from(account.0)).unwrap_or(0) != 0
    }

    /// Begins the reconciliation of an account whose private stream lives.
    pub(crate) fn reconcile(&mut self, account: AccountId, actions: &mut Actions) {
        self.set_block(account, Block::Reconciliation, true);
        let venue_now = self.venue_now();
        let Some(held) = self.accounts.get_mut(account.index()) else { return };
        held.reconcile.asked = Some(self.now);
        match held.reconcile.fence {
            Fence::Unset => return,
            Fence::Until(until) if venue_now <= until => return,
            Fence::None | Fence::Until(_) => held.reconcile.fence = Fence::None,
        }
        let wanted = &mut held.reconcile;
        let (restarted, look_back) = (wanted.restarted, wanted.look_back);
        for order in self.orders.alive().filter(|order| order.request.account == account) {
            wanted.want(order.request.symbol, Question::Order(order.id()));
        }
        let looked_for = |target: &Target| {
            let recent = target.permit.is_some_and(|used| {
                look_back && used.permit.valid_to.after(LOOK_BACK) >= venue_now
            });
            target.is_holding() || restarted && target.is_active() || recent
        };
        for (_, target) in self.targets.iter() {
            if target.account() != account || !looked_for(target) {
                continue;
            }
            let symbol = target.symbol();
            if restarted {
                wanted.want(symbol, Question::OpenOrders);
                wanted.want(symbol, Question::AllOrders);
            }
            wanted.want(symbol, Question::Trades);
        }
        wanted.want(SymbolId::NONE, Question::Balances);
        self.ask_pending(account, actions);
    }

    /// Everything that has no answer yet, the balances last.
    fn ask_pending(&mut self, account: AccountId, actions: &mut Actions) {
        let Some(held) = self.accounts.get_mut(account.index()) else { return };
        held.reconcile.asked = Some(self.now);
        held.reconcile.failed = false;
        // More than a session queues at once comes with the next round.
        for (symbol, question) in held.reconcile.pending.iter().take(ROUND) {
            let (symbol, question) = (*symbol, *question);
            actions.push(Action::Ask { account, symbol, question });
        }
    }

    /// When a reconciliation that has not ended goes on.
    pub(crate) fn reconcile_due(&self, account: AccountId) -> Option<Mono> {
        let held = self.accounts.get(account.index())?;
        let blocked = held.blocks.has(Block::Reconciliation);
        let live = !held.blocks.has(Block::PrivateStream);
        let Reconcile { asked, failed, fence, .. } = &held.reconcile;
        let asked = asked.filter(|_| blocked && live)?;
        let settle = self.config.timing.settle;
        match fence {
            Fence::Unset => None,
            Fence::Until(until) => Some(self.after_venue(*until).max(asked.after(settle))),
            Fence::None if *failed => Some(asked.after(settle)),
            Fence::None => {
                Some(asked.after(Span::from_nanos(settle.nanos().saturating_mul(SILENCE))))
            }
        }
    }

    /// Answers that did not come are asked for again.
    pub(crate) fn chase_reconcile(&mut self, actions: &mut Actions) {
        for account in (0..AccountId::MAX as u8).map(AccountId) {
            if self.reconcile_due(account).is_none_or(|at| self.now < at) {
                continue;
            }
            let fenced = self
                .accounts
                .get(account.index())
                .is_some_and(|h| h.reconcile.fence != Fence::None);
            if fenced {
                self.reconcile(account, actions);
            } else {
                self.ask_pending(account, actions);
            }
        }
    }

    /// One question of the account has its answer; the last one ends the reconciliation.
    pub(crate) fn on_answered(
        &mut self,
        account: AccountId,
        symbol: SymbolId,
        question: Question,
        actions: &mut Actions,
    ) {
        let Some(held) = self.accounts.get_mut(account.index()) else { return };
        if question == Question::Balances {
            held.refused = 0;
        }
        if held.reconcile.pending.is_empty() {
            return;
        }
        held.reconcile.answered(symbol, question);
        if held.reconcile.pending.is_empty() && held.reconcile.fence == Fence::None {
            self.end_reconcile(account, actions);
        } else if self.accounts[account.index()].reconcile.pending.len() > ROUND {
            // The rest of a long list goes on without a wait.
            self.ask_next(account, actions);
        }
    }

    /// The question that a place became free for.
    fn ask_next(&mut self, account: AccountId, actions: &mut Actions) {
        let Some(held) = self.accounts.get(account.index()) else { return };
        if let Some((symbol, question)) = held.reconcile.pending.get(ROUND - 1).copied() {
            actions.push(Action::Ask { account, symbol, question });
        }
    }

    fn end_reconcile(&mut self, account: AccountId, actions: &mut Actions) {
        let Some(held) = self.accounts.get_mut(account.index()) else { return };
        held.reconcile.end();
        self.set_block(account, Block::Reconciliation, false);
        if self.is_unsure(account) {
            self.unsure &= !(1 << account.0);
            if self.unsure == 0 {
                self.found.clear();
            }
            let record = Record::Reconciled { account };
            actions.push(Action::Persist { token: 0, record });
        }
    }

    /// A question about a pair failed. A pair that the venue does not know and that never traded for
    /// us has nothing to tell; one that is held and unknown is for a person to look at.
    pub(crate) fn on_missing_answer(&mut self, event: &Event, code: i32, actions: &mut Actions) {
        let (account, symbol) = (event.account, event.symbol);
        let Some(held) = self.accounts.get_mut(account.index()) else { return };
        if !held.blocks.has(Block::Reconciliation) {
            return;
        }
        held.reconcile.failed = true;
        if symbol == SymbolId::NONE || !UNKNOWN_PAIR.contains(&code) {
            return;
        }
        // An order of unknown fate freezes its own target, not the account.
        held.reconcile.pending.retain(|(pair, _)| *pair != symbol);
        let over = held.reconcile.pending.is_empty();
        let ours = |t: &Target| t.account() == account && t.symbol() == symbol && t.is_holding();
        if !self.targets.active_where(ours).is_empty() {
            let figure = i64::from(code);
            self.alarm(AlarmKind::ExitStuck, account, symbol, figure, actions);
        }
        if over {
            self.end_reconcile(account, actions);
        }
    }

    /// An order with our name on it that no record names: the permit in its id says whose it is.
    /// `false` when there is no such permit.
    pub(crate) fn adopt(
        &mut self,
        event: &Event,
        update: &OrderUpdate,
        actions: &mut Actions,
    ) -> bool {
        let Some(id) = update.client_order_id else { return false };
        let Some(slot) = self.slot_of(event, id) else { return false };
        let Some(permit) = self.targets.get(slot).and_then(|target| target.record.permit) else {
            return false;
        };
        if update.status.is_final() {
            return true; // Its deals are listed beside it.
        }
        let entry = id.leg() == OrderLeg::ENTRY;
        let (Some(kind), Some(price)) = (update.kind, update.price) else { return false };
        let request = Request {
            account: event.account,
            symbol: event.symbol,
            side: if entry { Side::Buy } else { update.side },
            kind,
            price,
            qty: update.qty,
            authority: if entry { Authority::Permit(permit) } else { Authority::Exit(permit) },
            client_order_id: id,
            timestamp: self.venue_now(),
            recv_window_ms: 0,
        };
        if !self.orders.add(self.now, request, slot) {
            return false;
        }
        // Deals of it that came before it was known are in the position already.
        let dealt = self.strays.iter().filter(|(stray, _)| *stray == id);
        let dealt = dealt.fold(model::Qty::ZERO, |sum, (_, qty)| sum.plus(*qty).unwrap_or(sum));
        self.strays.retain(|(stray, _)| *stray != id);
        if let Some(order) = self.orders.find_mut(id) {
            order.become_state(OrderState::Live);
            order.venue = update.order;
            order.left = true;
            order.filled = dealt;
            order.hear(self.now, update.status, update.filled);
        }
        if entry {
            self.count_adopted(slot, id, actions);
        }
        true
    }

    /// An entry that is over and that no order here names, while records may be missing: its permit
    /// sent at least as many as are listed, whoever counted them before.
    pub(crate) fn count_lost(&mut self, event: &Event, id: model::ClientOrderId) {
        let counts = id.leg() == OrderLeg::ENTRY && self.is_unsure(event.account);
        if !counts || self.found.contains(&id) {
            return;
        }
        let Some(slot) = self.slot_of(event, id) else { return };
        if self.found.len() < Self::STRAYS {
            self.found.push(id);
        }
        let listed = self.found.iter().filter(|found| found.permit() == id.permit()).count();
        if let Some(used) = self.targets.get_mut(slot).and_then(|target| target.permit.as_mut()) {
            used.orders_sent = used.orders_sent.max(listed as u32);
        }
    }

    /// An entry that was adopted is one of its permit's; one of a target that is over must not rest.
    fn count_adopted(&mut self, slot: usize, id: model::ClientOrderId, actions: &mut Actions) {
        let now = self.now;
        let Some(target) = self.targets.get_mut(slot) else { return };
        target.fire.last_at = Some(now);
        if let Some(used) = &mut target.permit {
            used.orders_sent += 1;
        }
        if !target.is_active() {
            self.cancel(id, crate::rate::Class::Cancel, actions);
        }
    }
}
