//! After a (re)connection or a restart: what did we miss?
//!
//! Entries of the account stay blocked until every question was answered. After a restart the lists
//! of every pair with a target are read too, so that an order of ours that no record names is found
//! and adopted by the permit in its id.

use model::{
    AccountId, Authority, Block, Event, KillLevel, Mono, OrderLeg, OrderUpdate, Record, Request,
    RiskRules, Side, Span, Strategies, SymbolId, TargetState, Text, VenueTime, WhyNot,
};

use crate::{Action, Actions, Engine, OrderState, Question, Target};

/// Where the reconciliation of one account stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reconcile {
    /// When the balances that end it were last asked for.
    asked: Option<Mono>,
    /// An answer of it is missing: all of it is asked again.
    failed: bool,
    /// The process is new: lists are read, not single orders alone.
    restarted: bool,
    /// Intents may be missing too: ended targets are looked for as well.
    look_back: bool,
    /// Not before the last of such intents can no longer be taken.
    fence: Fence,
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

/// Ended targets whose orders are looked for after the machine went down.
const LOOK_BACK: Span = Span::from_secs(3_600);

impl<S: Strategies, R: RiskRules> Engine<S, R> {
    /// The first event of a start that goes on from an earlier one.
    pub(crate) fn on_restored(&mut self, ring_lost: bool, actions: &mut Actions) {
        for held in &mut self.accounts {
            held.reconcile.restarted = true;
            held.reconcile.look_back = ring_lost;
            held.reconcile.fence = if ring_lost { Fence::Unset } else { Fence::None };
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
        let config = (self.config.config, self.config.plugin);
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
        if waiting && outdated && untried {
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
        held.reconcile.failed = false;
        let Reconcile { restarted, look_back, .. } = held.reconcile;
        for order in self.orders.alive().filter(|order| order.request.account == account) {
            let (symbol, question) = (order.request.symbol, Question::Order(order.id()));
            actions.push(Action::Ask { account, symbol, question });
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
                actions.push(Action::Ask { account, symbol, question: Question::OpenOrders });
                actions.push(Action::Ask { account, symbol, question: Question::AllOrders });
            }
            actions.push(Action::Ask { account, symbol, question: Question::Trades });
        }
        // Questions are answered in turn, and the answer to this one lifts the block.
        self.ask_balances(account, actions);
    }

    fn ask_balances(&mut self, account: AccountId, actions: &mut Actions) {
        let Some(held) = self.accounts.get_mut(account.index()) else { return };
        held.reconcile.asked = Some(self.now);
        let (symbol, question) = (SymbolId::NONE, Question::Balances);
        actions.push(Action::Ask { account, symbol, question });
    }

    /// When a reconciliation that has not ended goes on.
    pub(crate) fn reconcile_due(&self, account: AccountId) -> Option<Mono> {
        let held = self.accounts.get(account.index())?;
        let blocked = held.blocks.has(Block::Reconciliation);
        let live = !held.blocks.has(Block::PrivateStream);
        let asked = held.reconcile.asked.filter(|_| blocked && live)?;
        match held.reconcile.fence {
            Fence::None => Some(asked.after(self.config.timing.settle)),
            Fence::Unset => None,
            Fence::Until(until) => {
                let retry = asked.after(self.config.timing.settle);
                Some(self.after_venue(until).max(retry))
            }
        }
    }

    /// Answers that did not come are asked for again, at the pace of the settle time.
    pub(crate) fn chase_reconcile(&mut self, actions: &mut Actions) {
        for account in (0..AccountId::MAX as u8).map(AccountId) {
            if self.reconcile_due(account).is_none_or(|at| self.now < at) {
                continue;
            }
            let whole = self
                .accounts
                .get(account.index())
                .is_some_and(|held| held.reconcile.failed || held.reconcile.fence != Fence::None);
            if whole {
                self.reconcile(account, actions);
            } else {
                self.ask_balances(account, actions);
            }
        }
    }

    /// The balances ended: so has the reconciliation, if every answer before them came.
    pub(crate) fn on_balances_end(&mut self, account: AccountId) {
        let Some(held) = self.accounts.get_mut(account.index()) else { return };
        held.refused = 0;
        if held.reconcile.failed || held.reconcile.fence != Fence::None {
            return;
        }
        held.reconcile = Reconcile::default();
        self.set_block(account, Block::Reconciliation, false);
    }

    /// A question about a pair failed.
    pub(crate) fn on_missing_answer(&mut self, event: &Event) {
        if event.symbol != SymbolId::NONE
            && let Some(held) = self.accounts.get_mut(event.account.index())
            && held.blocks.has(Block::Reconciliation)
        {
            held.reconcile.failed = true;
        }
    }

    /// An order with our name on it that no record names: the permit in its id says whose it is.
    /// `false` when there is no such permit.
    pub(crate) fn adopt(&mut self, event: &Event, update: &OrderUpdate) -> bool {
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
        if let Some(order) = self.orders.find_mut(id) {
            order.become_state(OrderState::Live);
            order.venue = update.order;
            order.hear(self.now, update.status, update.filled);
        }
        true
    }
}
