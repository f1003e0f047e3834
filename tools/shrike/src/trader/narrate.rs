//! The journal in words: one log line for each thing that a person would want to find again, with
//! named fields and a trace that runs through the whole life of a target, restarts included.
//!
//! Levels by meaning: `error` somebody must act, `warn` something is wrong and was held back or
//! put right, `info` what was decided and dealt, `debug` each attempt and each answer.
//! A reader of records on the journal's thread; the lines go out without making it wait.

use std::collections::BTreeMap;

use engine::{Action, Follower, Note};
use journal::{Boot, Family, Kind, Observer, RecordView, Trouble};
use model::wire::{Reader, Wire};
use model::{
    Alarm, AlarmKind, Body, ClientOrderId, Command, Event, Fill, KillLevel, PermitId, PluginChange,
    PluginRecord, PluginReport, Price, Qty, Record, Reject, RejectClass, Request, SymbolId,
    TargetId, TargetRecord, TargetState, format_scaled,
};
use plugins::Recent;

/// Permits whose target is known; the oldest go first.
const PERMITS: usize = 1_024;

/// Tells the log what the records say.
#[derive(Debug, Default)]
pub(crate) struct Narrator {
    instance: u32,
    symbols: BTreeMap<SymbolId, Symbol>,
    targets: BTreeMap<PermitId, TargetId>,
}

#[derive(Debug, Default)]
struct Symbol {
    name: String,
    /// Decimals of price and quantity, once the rules are known.
    scales: Option<(u8, u8)>,
}

impl Narrator {
    /// Knows the names and permits of the run before.
    pub(crate) fn take_up(&mut self, state: &Follower) {
        let engine = state.engine();
        for (id, names, spec) in engine.names() {
            let scales = spec.map(|spec| (spec.price_decimals, spec.qty_decimals));
            self.symbols.insert(id, Symbol { name: names.name.to_string(), scales });
        }
        for target in engine.targets() {
            let permit = target.record.permit.map(|permit| (permit, target.record.id));
            self.targets.extend(permit);
        }
    }

    fn on_input(&mut self, event: &Event) {
        match &event.body {
            Body::Symbol(names) => {
                let symbol = self.symbols.entry(event.symbol).or_default();
                symbol.name = names.name.to_string();
            }
            Body::Spec(spec) => {
                let symbol = self.symbols.entry(event.symbol).or_default();
                symbol.scales = Some((spec.price_decimals, spec.qty_decimals));
            }
            Body::Fill(fill) => self.on_fill(event, fill),
            Body::Placed(placed) => {
                let order = placed.client_order_id;
                tracing::debug!(trace = self.trace_of(order), order = %order, "order taken");
            }
            Body::Reject(reject) => self.on_reject(event, reject),
            Body::ReplyLost(lost) => {
                let order = lost.client_order_id;
                let (trace, cancel, http) = (self.trace_of(order), lost.cancel, lost.http);
                tracing::warn!(trace, order = %order, cancel, http, "no reply that settles its fate");
            }
            Body::Suppressed { client_order_id: order } => {
                tracing::warn!(trace = self.trace_of(*order), %order, "held back by the kill switch");
            }
            Body::Busy { client_order_id: order, cancel } => {
                let trace = self.trace_of(*order);
                tracing::debug!(trace, %order, cancel, "no free connection");
            }
            Body::Command(command) => on_command(command),
            Body::Blocked { block, on } => tracing::debug!(?block, on, "a block of entries"),
            Body::Restored { ring_lost } => {
                tracing::info!(ring_lost, "goes on from what the run before left");
            }
            Body::Shed(range) => tracing::warn!(count = range.count, "market data was shed"),
            Body::Depth(_)
            | Body::Top(_)
            | Body::Print(_)
            | Body::Order(_)
            | Body::Balance(_)
            | Body::Cancelled(_)
            | Body::Answer(_)
            | Body::VenueText(_)
            | Body::Listing(_)
            | Body::Link { .. }
            | Body::Stream { .. }
            | Body::Clock(_)
            | Body::Sent(_)
            | Body::Durable { .. }
            | Body::Learnt(_)
            // Its record says it.
            | Body::Plugin { .. } => {}
        }
    }

    fn on_fill(&self, event: &Event, fill: &Fill) {
        let symbol = self.name(event.symbol);
        let (price, qty) = self.figures(event.symbol, fill.price, fill.qty);
        let Some(order) = fill.client_order_id else {
            tracing::warn!(symbol, side = ?fill.side, price, qty, "a deal that is not ours");
            return;
        };
        let (trace, account) = (self.trace_of(order), event.account.0);
        let (side, maker) = (fill.side, fill.maker);
        tracing::info!(trace, account, symbol, order = %order, ?side, price, qty, maker, "dealt");
    }

    fn on_reject(&self, event: &Event, reject: &Reject) {
        let (order, code, http) = (reject.client_order_id, reject.code, reject.http);
        let (trace, symbol) = (self.trace_of(order), self.name(event.symbol));
        let (cancel, class) = (reject.cancel, reject.class);
        match class {
            RejectClass::Wait | RejectClass::WaitSlowly | RejectClass::Reprice => {
                tracing::debug!(trace, symbol, order = %order, code, http, ?class, "refused for now");
            }
            RejectClass::StopAll => {
                tracing::error!(trace, symbol, order = %order, code, http, "our key is refused");
            }
            RejectClass::Definitive
            | RejectClass::BackOff
            | RejectClass::Clock
            | RejectClass::Unknown
            | RejectClass::NoSuchOrder => {
                tracing::warn!(trace, symbol, order = %order, code, http, cancel, ?class, "refused");
            }
        }
    }

    fn on_output(&mut self, action: &Action<Request>) {
        match action {
            Action::Place(request) => {
                let order = request.client_order_id;
                let (price, qty) = self.figures(request.symbol, request.price, request.qty);
                let (trace, symbol) = (self.trace_of(order), self.name(request.symbol));
                let (side, kind) = (request.side, request.kind);
                tracing::debug!(trace, symbol, order = %order, ?side, ?kind, price, qty, "order");
            }
            Action::Cancel { client_order_id: order, .. } => {
                tracing::debug!(trace = self.trace_of(*order), %order, "cancel");
            }
            Action::Persist { record, .. } => self.on_record_of(record),
            // Text of a plug-in is quoted: it is nobody's word but its own.
            Action::Note(Note::Plugin(PluginReport::Log { slot, text })) => {
                tracing::info!(slot = slot.0, text = ?text.as_str(), "plug-in says");
            }
            Action::Ask { .. }
            | Action::Follow { .. }
            | Action::Unfollow { .. }
            | Action::Note(_) => {}
        }
    }

    fn on_record_of(&mut self, record: &Record) {
        match record {
            Record::Permit(permit) => {
                while self.targets.len() >= PERMITS {
                    self.targets.pop_first();
                }
                self.targets.insert(permit.id, permit.target);
                let (trace, symbol) = (self.trace(permit.target), self.name(permit.symbol));
                let (permit, orders_max) = (permit.id.0, permit.orders_max);
                tracing::info!(trace, symbol, permit, orders_max, "permit");
            }
            Record::Successor(permit) => {
                self.targets.insert(permit.id, permit.target);
                let (trace, symbol) = (self.trace(permit.target), self.name(permit.symbol));
                tracing::info!(trace, symbol, permit = permit.id.0, "successor permit");
            }
            Record::Plugin(plugin) => on_plugin(plugin),
            Record::Revoked { permit } => {
                tracing::info!(trace = self.trace_of_permit(*permit), permit = permit.0, "revoked");
            }
            Record::Target(target) => self.on_target(target),
            Record::Position(position) => {
                let (trace, symbol) = (self.trace(position.target), self.name(position.symbol));
                let (paid, received) = (position.paid.to_string(), position.received.to_string());
                if let Some(how) = position.closed.map(|how| how.name()) {
                    tracing::info!(trace, symbol, how, paid, received, "closed");
                }
            }
            Record::Kill { level, reason } => {
                let (level, reason) = (level.name(), reason.as_str());
                if level == KillLevel::Active.name() {
                    tracing::info!(level, reason, "kill switch");
                } else {
                    tracing::warn!(level, reason, "kill switch");
                }
            }
            Record::Alarm(alarm) => self.on_alarm(alarm),
            Record::NeverAccepted { client_order_id: order } => {
                tracing::info!(trace = self.trace_of(*order), %order, "proved never taken");
            }
            Record::Reconciled { account } => {
                tracing::info!(account = account.0, "compared with the exchange after a loss");
            }
            Record::Exit(exit) => {
                if let Some(why) = exit.closing.map(|why| why.name()) {
                    tracing::debug!(trace = self.trace(exit.target), why, "sells everything");
                }
            }
        }
    }

    fn on_target(&self, target: &TargetRecord) {
        let (trace, symbol) = (self.trace(target.id), self.name(target.symbol));
        let (state, why, account) = (target.state.name(), target.why.name(), target.account.0);
        if target.state == TargetState::Failed {
            tracing::warn!(trace, symbol, account, state, why, "target");
        } else {
            tracing::info!(trace, symbol, account, state, why, "target");
        }
    }

    fn on_alarm(&self, alarm: &Alarm) {
        let (kind, symbol, figure) = (alarm.kind.name(), self.name(alarm.symbol), alarm.figure);
        match alarm.kind {
            AlarmKind::ExitStuck
            | AlarmKind::Overfill
            | AlarmKind::ForeignOrder
            | AlarmKind::UnknownOrder
            | AlarmKind::Journal => tracing::error!(kind, symbol, figure, "alarm"),
            AlarmKind::HandedOver | AlarmKind::Plugin => {
                tracing::warn!(kind, symbol, figure, "alarm")
            }
            // The board says it in a sentence with its mend.
            AlarmKind::Credentials
            | AlarmKind::CancelStuck
            | AlarmKind::Clock
            | AlarmKind::Rescale
            | AlarmKind::Capacity => tracing::debug!(kind, symbol, figure, "alarm"),
        }
    }

    /// The same for everything about one target, in every run of the data directory.
    fn trace(&self, target: TargetId) -> String {
        format!("{:06x}-{:08x}", self.instance, target.0)
    }

    fn trace_of_permit(&self, permit: PermitId) -> String {
        self.targets.get(&permit).map_or_else(String::new, |target| self.trace(*target))
    }

    fn trace_of(&self, order: ClientOrderId) -> String {
        self.trace_of_permit(order.parts().permit)
    }

    fn name(&self, symbol: SymbolId) -> &str {
        self.symbols.get(&symbol).map_or("", |symbol| symbol.name.as_str())
    }

    fn figures(&self, symbol: SymbolId, price: Price, qty: Qty) -> (String, String) {
        let scales = self.symbols.get(&symbol).and_then(|symbol| symbol.scales);
        let (pd, qd) = scales.unwrap_or((0, 0));
        let text = |raw, decimals| format_scaled(raw, decimals, &mut [0; 40]).to_owned();
        (text(price.raw(), pd), text(qty.raw(), qd))
    }
}

fn on_command(command: &Command) {
    tracing::info!(?command, "the operator");
}

impl Observer for Narrator {
    fn on_record(&mut self, record: &RecordView<'_>) {
        if record.family != Family::Decisions {
            return;
        }
        let mut bytes = Reader::new(record.payload);
        match record.kind {
            Kind::BOOT => {
                if let Some(boot) = Boot::decode(record.payload) {
                    self.instance = boot.instance;
                    let (instance, epoch) = (format!("{:06x}", boot.instance), boot.epoch);
                    tracing::info!(instance, epoch, build = boot.build, "start");
                }
            }
            Kind::INPUT => {
                // What cannot be read is counted by the board.
                if let Ok(event) = Event::read(&mut bytes) {
                    self.on_input(&event);
                }
            }
            Kind::OUTPUT => {
                if let Ok(action) = Action::read(&mut bytes) {
                    self.on_output(&action);
                }
            }
            Kind::STOP => tracing::info!("orderly end"),
            _ => {}
        }
    }

    fn on_durable(&mut self, _: u64) {}

    fn on_trouble(&mut self, trouble: &Trouble) {
        match trouble {
            Trouble::Over { .. } | Trouble::Close { .. } => tracing::warn!(%trouble, "the journal"),
            Trouble::MarketStopped { .. }
            | Trouble::Reserve { .. }
            | Trouble::Counting { .. }
            | Trouble::RingBroken(_) => tracing::error!(%trouble, "the journal"),
        }
    }
}

/// One observer after the other.
#[derive(Debug)]
pub(crate) struct Both<A, B>(pub(crate) A, pub(crate) B);

impl<A: Observer, B: Observer> Observer for Both<A, B> {
    fn on_record(&mut self, record: &RecordView<'_>) {
        self.0.on_record(record);
        self.1.on_record(record);
    }

    fn on_durable(&mut self, seq: u64) {
        self.0.on_durable(seq);
        self.1.on_durable(seq);
    }

    fn on_trouble(&mut self, trouble: &Trouble) {
        self.0.on_trouble(trouble);
        self.1.on_trouble(trouble);
    }
}

/// Keeps the last events for trials of plug-ins.
#[derive(Debug)]
pub(crate) struct RecentEvents(pub(crate) Recent);

impl Observer for RecentEvents {
    fn on_record(&mut self, record: &RecordView<'_>) {
        if record.kind == Kind::INPUT
            && let Ok(event) = Event::read(&mut Reader::new(record.payload))
        {
            self.0.push(record.at, event);
        }
    }

    fn on_durable(&mut self, _: u64) {}

    fn on_trouble(&mut self, _: &Trouble) {}
}

fn on_plugin(record: &PluginRecord) {
    let (slot, hash) = (record.slot.0, format!("{:032x}", record.plugin));
    match record.change {
        PluginChange::Took { name, why, .. } => {
            let (plugin, why) = (name.as_str(), why.name());
            tracing::info!(slot, plugin, hash, why, "plug-in takes its slot");
        }
        PluginChange::Quarantined { candidate, fault, figure } => {
            let fault = fault.name();
            if candidate {
                tracing::warn!(slot, hash, fault, figure, "candidate failed and is gone");
            } else {
                tracing::error!(slot, hash, fault, figure, "plug-in failed and is out of use");
            }
        }
        PluginChange::StateLost { fault, figure } => {
            let fault = fault.name();
            tracing::warn!(
                slot,
                hash,
                fault,
                figure,
                "plug-in begins without what the one before it knew"
            );
        }
        PluginChange::Stopped => tracing::warn!(slot, hash, "plug-in stopped"),
        PluginChange::Parameter { parameter, value, taken } => {
            tracing::info!(slot, hash, parameter, value, taken, "parameter of a plug-in");
        }
        PluginChange::Shadow => tracing::info!(slot, hash, "candidate beside a plug-in"),
        PluginChange::Missing => tracing::error!(slot, hash, "no instance of a plug-in was there"),
    }
}
