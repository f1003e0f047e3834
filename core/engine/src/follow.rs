//! The state that a journal's decisions tell of, without deciding anything.
//!
//! Recovery reads decisions only, never market data, so an engine that is fed again would decide
//! otherwise. [`Follower`] takes inputs for what they tell and outputs for what was decided; what
//! it saves equals what the engine that wrote them would save.

use model::{
    Amount, Body, ByHand, Command, Event, Mono, OrderLeg, Pattern, PluginChange, Record, Request,
    RiskRules, Scene, Strategies, Wishes,
};
use risk::PermitUse;

use crate::image::{ImageError, made_under};
use crate::target::Target;
use crate::{Action, Actions, Config, Engine, Note, OrderState, Outcome};

/// Wants nothing.
#[derive(Debug)]
struct Nobody;

impl RiskRules for Nobody {}

impl Strategies for Nobody {
    fn on_scene(&mut self, _: &Scene<'_>, _: &mut Wishes) {}
}

/// Reads the decisions of one start after the other.
#[derive(Debug)]
pub struct Follower {
    engine: Engine<Nobody>,
    unused: Actions,
    /// A wish of the operator that has not been answered.
    wish: Option<(u64, ByHand)>,
}

impl Follower {
    /// Begins with an empty state, as the first start does.
    pub fn new(config: Config) -> Self {
        Self { engine: Engine::new(config, Nobody), unused: Actions::new(), wish: None }
    }

    /// Goes on with the next start of the process, which has another configuration and epoch.
    ///
    /// # Errors
    /// [`ImageError`] never for a state of its own; named all the same.
    pub fn start(&mut self, config: Config) -> Result<(), ImageError> {
        let saved = self.save();
        *self = Self::new(config);
        self.restore(&saved)
    }

    /// Takes over a saved state in place of its own.
    ///
    /// # Errors
    /// [`ImageError`] when the bytes are none.
    pub fn restore(&mut self, saved: &[u8]) -> Result<(), ImageError> {
        self.engine = Engine::new(self.engine.config.clone(), Nobody);
        self.engine.restore(saved)
    }

    /// Takes over a saved state with the accounts that it names, in their order, and the plug-ins that
    /// were configured: the records behind it mean those.
    ///
    /// # Errors
    /// [`ImageError`] when the bytes are none.
    pub fn resume(&mut self, saved: &[u8]) -> Result<(), ImageError> {
        let (names, plugins) = made_under(saved)?;
        let config = Config { plugins, ..self.engine.config.clone().with_accounts(&names) };
        self.engine = Engine::new(config, Nobody);
        self.engine.restore(saved)
    }

    /// The state so far, as [`Engine::save`] gives it.
    pub fn save(&self) -> Vec<u8> {
        self.engine.save()
    }

    /// The engine as far as it can be known; never to be fed.
    pub fn engine(&self) -> &Engine<impl Strategies> {
        &self.engine
    }

    /// An input of the journal.
    pub fn input(&mut self, at: Mono, event: &Event) {
        self.engine.now = self.engine.now.max(at);
        if let Body::Command(Command::ByHand { token, wish }) = event.body {
            self.wish = Some((token, wish));
        }
        self.engine.hear(event, &mut self.unused);
        self.unused.drain().for_each(drop);
    }

    /// An output of the journal.
    pub fn output(&mut self, at: Mono, action: &Action<Request>) {
        self.engine.now = self.engine.now.max(at);
        self.engine.see(action);
        if let Action::Note(Note::Answer { token, outcome: Outcome::Done { .. } }) = action
            && let Some((of, ByHand::CancelOrder { client_order_id })) = self.wish
            && of == *token
        {
            self.engine.keep_off_book(client_order_id);
        }
    }
}

impl Engine<Nobody> {
    /// What an input tells, whatever is made of it.
    fn hear(&mut self, event: &Event, unused: &mut Actions) {
        match &event.body {
            Body::Order(update) => self.on_order_update(event, update, unused),
            Body::Fill(fill) => self.on_fill(event, fill, unused),
            Body::Placed(placed) => self.on_placed(placed),
            Body::Reject(reject) => self.on_reject(event, reject, unused),
            Body::Cancelled(cancelled) => self.on_cancelled(cancelled),
            Body::ReplyLost(lost) => self.on_reply_lost(lost, unused),
            Body::Sent(sent) => self.on_sent(sent),
            Body::Busy { client_order_id, cancel } => self.on_busy(*client_order_id, *cancel),
            Body::Suppressed { client_order_id } => self.on_unsent(*client_order_id),
            Body::Symbol(names) => self.on_names(event.symbol, names, unused),
            Body::Spec(spec) => {
                self.take_spec(event.symbol, spec, unused);
            }
            Body::Listing(fact) => {
                let tried = |t: &Target| t.is_holding() || t.fire.last_at.is_some();
                let id = event.symbol;
                let in_use =
                    !self.targets.active_where(|t| t.symbol() == id && tried(t)).is_empty();
                if let Some(symbol) = self.symbols.get_mut(id)
                    && symbol.listing.take(fact)
                    && !in_use
                {
                    symbol.spec = None;
                }
            }
            Body::Clock(sample) => self.clock.take(self.now, *sample),
            Body::Command(command) => self.hear_command(event, command, unused),
            Body::Learnt(fact) => self.learnt.take(fact),
            Body::Depth(_)
            | Body::Top(_)
            | Body::Print(_)
            | Body::Balance(_)
            | Body::Answer(_)
            | Body::VenueText(_)
            | Body::Link { .. }
            | Body::Stream { .. }
            | Body::Durable { .. }
            | Body::Blocked { .. }
            | Body::Shed(_)
            | Body::Plugin { .. } => {}
            Body::Restored { ring_lost } => self.doubt(*ring_lost),
        }
    }

    /// A process may die between a command and its records: what stops is taken from the command.
    fn hear_command(&mut self, event: &Event, command: &Command, unused: &mut Actions) {
        match *command {
            Command::Kill { level, .. } => self.kill = self.kill.max(level),
            Command::Exit(order) => self.exit_by_hand(order.target, order.qty, unused),
            Command::ByHand { wish, .. } => self.hear_wish(event, &wish, unused),
            Command::Resume { .. } | Command::Reference { .. } | Command::CancelTarget { .. } => {}
        }
    }

    /// Declined or not as it was by the engine: what is held and who holds it is known here too.
    fn hear_wish(&mut self, event: &Event, wish: &ByHand, unused: &mut Actions) {
        let (account, id) = (event.account, event.symbol);
        let _ = match *wish {
            ByHand::Sell { qty, at_once } => {
                self.sell_for_operator(account, id, (qty, at_once), unused)
            }
            ByHand::Forget => self.forget(account, id, unused),
            ByHand::AddTarget(_)
            | ByHand::Arm { .. }
            | ByHand::Disarm { .. }
            | ByHand::CancelTarget { .. }
            | ByHand::Buy(_)
            | ByHand::CancelOrder { .. }
            | ByHand::Adopt { .. }
            | ByHand::Rehearse { .. } => return,
        };
    }

    /// What was decided.
    fn see(&mut self, action: &Action<Request>) {
        match action {
            Action::Place(request) => self.see_order(request),
            Action::Persist { record, .. } => self.see_record(record),
            Action::Cancel { .. }
            | Action::Ask { .. }
            | Action::Follow { .. }
            | Action::Unfollow { .. }
            | Action::Note(_) => {}
        }
    }

    fn see_order(&mut self, request: &Request) {
        let id = request.client_order_id;
        let permit = id.parts().permit;
        let found = self.targets.iter_mut().find(|(_, t)| t.record.permit == Some(permit));
        let Some((slot, target)) = found else { return };
        if id.leg() == OrderLeg::ENTRY {
            target.fire.last_at = Some(self.now);
            if let Some(used) = &mut target.permit {
                used.orders_sent += 1;
            }
        }
        // As many places as the engine had that placed it.
        let _ = self.orders.add(self.now, *request, slot);
    }

    fn see_record(&mut self, record: &Record) {
        match *record {
            Record::Permit(permit) => {
                let Some((_, target)) = self.find_target_mut(permit.target) else { return };
                target.record.permit = Some(permit.id);
                target.permit = Some(PermitUse {
                    permit,
                    durable: true,
                    revoked: false,
                    orders_sent: 0,
                    notional_used: Amount::ZERO,
                });
            }
            Record::Revoked { permit } => {
                let of = |t: &Target| t.permit.is_some_and(|used| used.permit.id == permit);
                let found = self.targets.iter_mut().find(|(_, target)| of(target));
                if let Some((_, target)) = found
                    && let Some(used) = &mut target.permit
                {
                    used.revoked = true;
                    target.successor = None;
                }
            }
            Record::Target(record) => self.see_target(record),
            Record::Position(position) => {
                if let Some((_, target)) = self.find_target_mut(position.target) {
                    target.position.closed = position.closed;
                    if target.record.pattern == Pattern::Adopted && !target.position.exists() {
                        self.see_adopted(&position);
                    }
                }
            }
            Record::Exit(exit) => {
                let Some((_, target)) = self.find_target_mut(exit.target) else { return };
                target.exits.closing = exit.closing;
                target.exits.by_hand = exit.by_hand;
                target.exits.time_stop_done = exit.time_stop_done;
                target.position.high = exit.high;
                target.exits.told = Some(exit);
            }
            Record::Kill { level, .. } => {
                self.kill = level;
                if level == model::KillLevel::Active {
                    self.symbols.lift_halts();
                }
            }
            Record::NeverAccepted { client_order_id } => {
                if let Some(order) = self.orders.find_mut(client_order_id)
                    && order.is_alive()
                {
                    // The engine had it as unknown: its silence is no input.
                    order.become_state(OrderState::Unknown);
                    order.become_state(OrderState::Done);
                }
            }
            Record::Reconciled { account } => self.unsure &= !(1 << account.0),
            Record::Alarm(_) => {}
            Record::Successor(permit) => {
                let Some((_, target)) = self.find_target_mut(permit.target) else { return };
                target.successor = target.permit.map(|used| PermitUse { permit, ..used });
            }
            Record::Plugin(record) => {
                self.slots.take(&record);
                if let PluginChange::Took { .. } = record.change {
                    self.install_successors(record.slot, record.plugin);
                }
            }
        }
    }

    /// No deal tells of a holding that was adopted.
    fn see_adopted(&mut self, position: &model::PositionRecord) {
        let spec = self.symbols.get(position.symbol).and_then(|symbol| symbol.spec);
        let units = spec.and_then(|spec| Amount::of_qty(position.qty, spec.qty_decimals));
        if let (Some(units), Some((_, target))) = (units, self.find_target_mut(position.target)) {
            target.begin_adopted(position.qty, position.paid, units);
        }
    }

    fn see_target(&mut self, record: model::TargetRecord) {
        if let Some((_, target)) = self.find_target_mut(record.id) {
            if record.permit.is_none() {
                target.give_up_permit();
            }
            target.record = record;
            return;
        }
        if record.pattern == Pattern::ByHand {
            self.hear_operator(record.symbol, record.opens_at);
        }
        if let Some(slot) = self.targets.free_slot() {
            self.orders.forget_done(slot);
            self.targets.put(slot, Target::new(record));
        }
    }
}
