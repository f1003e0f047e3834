//! What people ask of a trader, projected from the records of its journal: how it stands, what a
//! demo came to, how long each stage took.
//!
//! A reader of the journal and nothing else: it decides nothing, and may lag or be thrown away.
//! Every collection has a bound; what had to go is counted in the status.

mod answers;
mod budget;
mod decisions;
mod demo;
mod hands;
mod inaction;
mod latency;
mod listings;
mod moment;
mod names;
mod observer;
mod order;
mod plugins;
mod render;
mod status;
mod taken_up;
mod target;
#[cfg(test)]
mod tests;
mod why;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use archive::Gauge;
use engine::{Action, Note};
use journal::{Boot, Family, Kind};
use model::wire::{Reader, Wire};
use model::{
    AccountId, Alarm, Block, Blocks, Body, ClientOrderId, Event, Fill, KillLevel, Link, LinkState,
    Mode, Mono, Pattern, Permit, PositionRecord, Price, QueryAnswer, Record, Reject, ReplyLost,
    Request, Sent, Slot, Span, Stream, SymbolId, TargetRecord, TargetState, Text, VenueText,
    WhyNot,
};
use replay::Origin;

use answers::Answers;
use budget::Budgets;
use latency::{Latencies, Stage};
use listings::Listings;
use moment::{Clock, Moment};
use names::Names;
use order::{Order, Orders, Reply};
use plugins::Plugins;
use target::{Deal, Targets};

pub use answers::Answer;
pub use budget::Budget;
pub use hands::Pair;
pub use names::Scales as Figures;
pub use observer::{BoardObserver, of_inbox};
pub use render::render_status;
pub(crate) use render::{cell as render_cell, table as render_table};
pub use why::said;

/// Where a journaled event says which kind it is: behind stamp, symbol, account and last.
const BODY_AT: usize = 14;
/// The kind of a best bid and ask.
const TOP: u8 = 2;
/// Alarms and declined proposals shown.
const RECENT: usize = 20;

/// The projection. Fed record by record, in the journal's order.
#[derive(Debug)]
pub struct Board {
    names: Names,
    clock: Clock,
    targets: Targets,
    orders: Orders,
    latencies: Latencies,
    mode: Option<Mode>,
    limits: Option<settings::Limits>,
    boot: Option<(u32, u32)>,
    stopped: bool,
    kill: Kill,
    blocks: Blocks,
    accounts: usize,
    account_blocks: BTreeMap<AccountId, Blocks>,
    alarms: VecDeque<(Alarm, Moment)>,
    alarms_total: u64,
    /// The newest alarm, until it was told.
    untold: Option<Alarm>,
    declined: VecDeque<(SymbolId, WhyNot, Moment)>,
    counts: Counts,
    last_seq: u64,
    durable_seq: u64,
    trouble: Option<String>,
    last_event: Option<Moment>,
    last_record: Option<Mono>,
    listings: Listings,
    answers: Answers,
    budgets: Budgets,
    /// Best bids of followed pairs, as their streams last told.
    bids: BTreeMap<SymbolId, Price>,
    archive: Option<Arc<Gauge>>,
    plugins: Plugins,
}

/// The kill switch as last recorded.
#[derive(Clone, Copy, Debug, Default)]
struct Kill {
    level: KillLevel,
    reason: Text<64>,
    /// The record that says so; 0 before the first.
    seq: u64,
}

/// How the kill switch stands in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KillView {
    /// As last recorded.
    pub level: KillLevel,
    /// The record that says so, or 0 when none does.
    pub seq: u64,
    /// Whether that record is on disk.
    pub durable: bool,
}

/// What a slot holds, by the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PluginPlace {
    /// Hash of the plug-in.
    pub plugin: u128,
    /// Hash of the candidate beside it; 0 for none.
    pub shadow: u128,
    /// How it stands, as documents say it.
    pub state: &'static str,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    records: u64,
    events: u64,
    market: u64,
    actions: u64,
    refusals: u64,
    declined: u64,
    fills: u64,
    foreign_fills: u64,
    undecodable: u64,
}

impl Default for Board {
    fn default() -> Self {
        Self::new()
    }
}

impl Board {
    /// A board that has heard nothing: entries wait for the exchange's clock.
    pub fn new() -> Self {
        Self {
            names: Names::default(),
            clock: Clock::default(),
            targets: Targets::default(),
            orders: Orders::default(),
            latencies: Latencies::default(),
            mode: None,
            limits: None,
            boot: None,
            stopped: false,
            kill: Kill::default(),
            blocks: Blocks::NONE.with(Block::Clock, true),
            accounts: 0,
            account_blocks: BTreeMap::new(),
            alarms: VecDeque::with_capacity(RECENT),
            alarms_total: 0,
            untold: None,
            declined: VecDeque::with_capacity(RECENT),
            counts: Counts::default(),
            last_seq: 0,
            durable_seq: 0,
            trouble: None,
            last_event: None,
            last_record: None,
            listings: Listings::default(),
            answers: Answers::default(),
            budgets: Budgets::default(),
            bids: BTreeMap::new(),
            archive: None,
            plugins: Plugins::default(),
        }
    }

    /// Says where to read how far the archive is behind.
    pub fn set_archive(&mut self, gauge: Arc<Gauge>) {
        self.archive = Some(gauge);
    }

    /// Says what plug-ins are called, where no record of this run does.
    pub fn set_plugins(&mut self, titles: Vec<(Slot, String)>) {
        self.plugins.names = titles.into_iter().collect();
    }

    /// What each slot holds, with the last lines that its plug-in wrote.
    pub fn plugin_list(&self) -> Vec<serde_json::Value> {
        let mut list = self.plugins.document();
        for entry in &mut list {
            let lines = self.plugins.lines().filter(|(slot, ..)| entry["slot"] == slot.0);
            let lines: Vec<&str> = lines.map(|(_, text, _)| text).collect();
            entry["lines"] = lines.into();
        }
        list
    }

    /// What a slot holds.
    pub fn plugin(&self, slot: Slot) -> Option<PluginPlace> {
        let place = self.plugins.get(slot)?;
        let (plugin, shadow, state) = (place.plugin, place.shadow, place.state.name());
        Some(PluginPlace { plugin, shadow, state })
    }

    /// Exchanges of plug-ins that the records tell of.
    pub fn exchanges(&self) -> u64 {
        self.plugins.exchanges
    }

    /// Parameters of plug-ins that the records tell of.
    pub fn parameter_records(&self) -> u64 {
        self.plugins.parameters
    }

    /// Whether the slot's parameter that was recorded behind the first `before` was taken.
    pub fn parameter_since(&self, slot: Slot, before: u64) -> Option<bool> {
        self.plugins.parameter_since(slot, before)
    }

    /// Says what money is at stake, where it is known before the first permit.
    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = Some(mode);
    }

    /// Says what the gate goes by.
    pub fn set_limits(&mut self, limits: settings::Limits) {
        self.limits = Some(limits);
    }

    /// Says how many accounts trade: each begins without streams, connections and balances.
    /// Without it a block shows once the journal tells of it.
    pub fn set_accounts(&mut self, accounts: usize) {
        self.accounts = accounts.min(AccountId::MAX);
        self.block_accounts();
    }

    /// Takes one record. A kind that tells nothing here is passed over; a payload that cannot be
    /// read is counted.
    pub fn on_record(&mut self, kind: Kind, family: Family, seq: u64, at: Mono, payload: &[u8]) {
        self.counts.records += 1;
        self.last_seq = self.last_seq.max(seq);
        self.last_record = Some(at);
        match kind {
            Kind::INPUT => self.on_input(family, at, payload),
            Kind::OUTPUT => self.on_output(seq, at, payload),
            Kind::BOOT => self.on_boot(payload),
            Kind::STOP => self.stopped = true,
            _ => {}
        }
    }

    /// Every decision up to `seq` is on disk.
    pub fn on_durable(&mut self, seq: u64) {
        self.durable_seq = self.durable_seq.max(seq);
    }

    /// What ails the journal, or that nothing does.
    pub fn set_trouble(&mut self, trouble: Option<String>) {
        self.trouble = trouble;
    }

    /// The kill switch as recorded.
    pub fn kill(&self) -> KillView {
        let Kill { level, seq, .. } = self.kill;
        KillView { level, seq, durable: seq <= self.durable_seq }
    }

    /// Whether nothing but the kill switch holds entries of some account back.
    pub fn allows_entries(&self) -> bool {
        let open = |blocks: &Blocks| blocks.union(self.blocks) == Blocks::NONE;
        !self.stopped && self.account_blocks.values().any(open)
    }

    /// Whether every target made so far is over, and how many there were.
    pub fn targets_over(&self) -> (usize, bool) {
        let over = self.targets.iter().all(|target| target.record.state.is_final());
        (self.targets.iter().count(), over)
    }

    fn on_boot(&mut self, payload: &[u8]) {
        let Some(boot) = Boot::decode(payload) else {
            self.counts.undecodable += 1;
            return;
        };
        self.boot = Some((boot.instance, boot.epoch));
        let running = Origin::decode(&boot.extra).map(|origin| origin.running).unwrap_or_default();
        self.plugins.begin(running.iter());
        self.stopped = false;
        self.clock.on_boot(&boot);
        self.orders.on_boot();
        self.blocks = Blocks::NONE.with(Block::Clock, true);
        self.block_accounts();
        self.last_event = None;
        self.answers.clear();
        self.budgets.clear();
        self.bids.clear();
    }

    /// What the engine starts with.
    fn block_accounts(&mut self) {
        let begun = [Block::PrivateStream, Block::Reconciliation, Block::OrderLink];
        let begun = begun.into_iter().fold(Blocks::NONE, |blocks, block| blocks.with(block, true));
        let accounts = (0..AccountId::MAX as u8).take(self.accounts).map(AccountId);
        self.account_blocks = accounts.map(|account| (account, begun)).collect();
    }

    fn on_input(&mut self, family: Family, at: Mono, payload: &[u8]) {
        self.counts.events += 1;
        let moment = self.clock.moment(at);
        self.last_event = Some(moment);
        if family == Family::Market {
            self.counts.market += 1;
            self.on_market(payload);
            return; // Of books and deals of others only the best bid is shown.
        }
        match Event::read(&mut Reader::new(payload)) {
            Ok(event) => self.on_event(moment, &event),
            Err(_) => self.counts.undecodable += 1,
        }
    }

    fn on_market(&mut self, payload: &[u8]) {
        if payload.get(BODY_AT) != Some(&TOP) {
            return;
        }
        if let Ok(Event { symbol, body: Body::Top(top), .. }) =
            Event::read(&mut Reader::new(payload))
        {
            match top.bid {
                Some(bid) => self.bids.insert(symbol, bid.price),
                None => self.bids.remove(&symbol),
            };
        }
    }

    fn on_event(&mut self, at: Moment, event: &Event) {
        match &event.body {
            Body::Symbol(names) => self.names.on_names(event.symbol, names),
            Body::Spec(spec) => self.names.on_spec(event.symbol, spec),
            Body::Clock(sample) => {
                self.clock.on_sample(at.mono, *sample);
                self.blocks = self.blocks.with(Block::Clock, false);
            }
            Body::Sent(sent) => self.on_sent(sent),
            Body::Placed(placed) => {
                self.with_order(placed.client_order_id, at, |order| order.seen());
            }
            Body::Reject(reject) => self.on_reject(at, reject),
            Body::Cancelled(cancelled) => {
                self.cancel_answered(cancelled.client_order_id, at);
                if let Some(order) = self.orders.get_mut(cancelled.client_order_id) {
                    order.seen();
                    order.ended = true;
                }
            }
            Body::ReplyLost(lost) => self.on_reply_lost(lost),
            Body::Busy { client_order_id, cancel } => {
                self.on_unsent(*client_order_id, *cancel, "not sent: no free connection");
            }
            Body::Suppressed { client_order_id } => {
                self.on_unsent(*client_order_id, false, "not sent: kill switch");
            }
            Body::VenueText(text) => self.on_text(text),
            Body::Order(update) => {
                if let Some(order) = update.client_order_id.and_then(|id| self.orders.get_mut(id)) {
                    order.seen();
                    order.ended |= update.status.is_final();
                    order.filled = order.filled.max(update.filled);
                }
            }
            Body::Fill(fill) => self.on_fill(at, event, fill),
            Body::Blocked { block, on } => self.set_block(event.account, *block, *on),
            Body::Link { link, up } => self.on_link(event.account, *link, *up),
            Body::Stream { stream: Stream::Private, state } => {
                self.set_block(event.account, Block::PrivateStream, *state != LinkState::Live);
            }
            Body::Answer(QueryAnswer::BalancesEnd) => {
                self.set_block(event.account, Block::Reconciliation, false);
            }
            Body::Listing(fact) => self.listings.take(event.symbol, fact, at),
            Body::Depth(_)
            | Body::Top(_)
            | Body::Print(_)
            | Body::Balance(_)
            | Body::Answer(_)
            | Body::Stream { .. }
            | Body::Durable { .. }
            | Body::Command(_)
            | Body::Shed(_)
            | Body::Learnt(_)
            | Body::Restored { .. }
            | Body::Plugin { .. } => {}
        }
    }

    fn on_sent(&mut self, sent: &Sent) {
        let moment = self.clock.moment(sent.at);
        let Some(order) = self.orders.get_mut(sent.client_order_id) else { return };
        if sent.cancel {
            order.cancel_sent = Some(sent.at);
            if let Some(decided) = order.cancel_decided {
                self.latencies.record(Stage::CancelToSent, sent.at.since(decided));
            }
            return;
        }
        order.sent = Some(moment);
        self.latencies.record(Stage::DecideToSent, sent.at.since(order.placed.mono));
        if !order.is_entry() {
            return;
        }
        let Some(target) = order.target.and_then(|id| self.targets.get_mut(id)) else { return };
        if !std::mem::replace(&mut target.fired, true)
            && let Some(planned) = self.clock.mono_ns(target.record.opens_at)
            && let Ok(at) = i64::try_from(sent.at.nanos())
        {
            self.latencies.record(Stage::FireError, Span::from_nanos(at.abs_diff(planned)));
        }
    }

    /// The venue's answer to an order: measured once, then taken.
    fn with_order(&mut self, id: ClientOrderId, at: Moment, take: impl FnOnce(&mut Order)) {
        let Some(order) = self.orders.get_mut(id) else { return };
        if let (true, Some(sent)) = (std::mem::take(&mut order.timed), order.sent) {
            self.latencies.record(Stage::SentToAck, at.mono.since(sent.mono));
        }
        take(order);
    }

    fn cancel_answered(&mut self, id: ClientOrderId, at: Moment) {
        if let Some(sent) = self.orders.get_mut(id).and_then(|order| order.cancel_sent.take()) {
            self.latencies.record(Stage::CancelSentToAck, at.mono.since(sent));
        }
    }

    fn on_reject(&mut self, at: Moment, reject: &Reject) {
        let id = reject.client_order_id;
        if reject.cancel {
            self.cancel_answered(id, at);
            if let Some(order) = self.orders.get_mut(id) {
                (order.told, order.cancel_decided) = (Text::EMPTY, None);
            }
            return;
        }
        self.with_order(id, at, |order| {
            // What the stream has shown cannot be refused any more.
            if matches!(order.reply, Reply::Awaited | Reply::Lost) {
                order.message = std::mem::take(&mut order.told);
                order.end(Reply::Refused { code: reject.code });
            }
        });
    }

    fn on_reply_lost(&mut self, lost: &ReplyLost) {
        let Some(order) = self.orders.get_mut(lost.client_order_id) else { return };
        order.told = Text::EMPTY;
        if lost.cancel {
            order.cancel_sent = None;
            return;
        }
        order.timed = false;
        if order.reply == Reply::Awaited {
            order.reply = Reply::Lost;
        }
    }

    fn on_unsent(&mut self, id: ClientOrderId, cancel: bool, why: &'static str) {
        let Some(order) = self.orders.get_mut(id) else { return };
        if cancel {
            order.cancel_decided = None;
        } else if order.sent.is_none() && order.reply == Reply::Awaited {
            order.end(Reply::NotSent { why });
        }
    }

    fn on_text(&mut self, text: &VenueText) {
        let id = ClientOrderId::from_raw(text.key.0);
        if let Some(order) = id.and_then(|id| self.orders.get_mut(id)) {
            order.told = text.text;
        }
    }

    fn on_fill(&mut self, at: Moment, event: &Event, fill: &Fill) {
        let scales = self.names.scales(event.symbol);
        let target = fill.client_order_id.and_then(|id| self.target_of(event, id));
        let Some(target) = target.and_then(|id| self.targets.get_mut(id)) else {
            self.counts.foreign_fills += 1;
            return;
        };
        if !target.add(Deal { fill: *fill, stamped: event.stamped, heard: at, scales }) {
            return;
        }
        self.counts.fills += 1;
        let Some(order) = fill.client_order_id.and_then(|id| self.orders.get_mut(id)) else {
            return;
        };
        let filled = target.filled_of(order.id());
        let first = filled == fill.qty;
        let here = order.boot == self.boot;
        if let (true, true, true, Some(sent)) = (first, here, order.is_entry(), order.sent) {
            self.latencies.record(Stage::SentToFill, at.mono.since(sent.mono));
        }
        order.filled = order.filled.max(filled);
        order.ended |= order.filled >= order.request.qty;
        order.seen();
    }

    /// The target of a deal: by its order, or by the permit in its id where the order is not ours
    /// to remember.
    fn target_of(&self, event: &Event, id: ClientOrderId) -> Option<model::TargetId> {
        if let Some(order) = self.orders.get(id) {
            return order.target;
        }
        let parts = id.parts();
        let ours = self.boot.is_none_or(|(instance, _)| instance == parts.instance);
        let target = self.targets.get(self.targets.of_permit(parts.permit)?)?;
        let same = target.record.symbol == event.symbol && target.record.account == event.account;
        (ours && same).then_some(target.record.id)
    }

    fn on_link(&mut self, account: AccountId, link: Link, up: bool) {
        match link {
            Link::Order => self.set_block(account, Block::OrderLink, !up),
            Link::User if !up => {
                self.set_block(account, Block::PrivateStream, true);
                self.set_block(account, Block::Reconciliation, true);
            }
            Link::User | Link::Market | Link::Query => {}
        }
    }

    fn set_block(&mut self, account: AccountId, block: Block, on: bool) {
        if account.index() < AccountId::MAX {
            let blocks = self.account_blocks.entry(account).or_default();
            *blocks = blocks.with(block, on);
        } else {
            self.blocks = self.blocks.with(block, on);
        }
    }

    fn on_output(&mut self, seq: u64, at: Mono, payload: &[u8]) {
        self.counts.actions += 1;
        let moment = self.clock.moment(at);
        match Action::read(&mut Reader::new(payload)) {
            Ok(action) => self.on_action(seq, moment, &action),
            Err(_) => self.counts.undecodable += 1,
        }
    }

    fn on_action(&mut self, seq: u64, at: Moment, action: &Action<Request>) {
        match action {
            Action::Place(request) => self.on_place(at, request),
            Action::Cancel { account, client_order_id, .. } => {
                self.budgets.spend(*account, at.mono);
                if let Some(order) = self.orders.get_mut(*client_order_id) {
                    order.cancel_decided = Some(at.mono);
                }
            }
            Action::Follow { symbol } => self.names.on_follow(*symbol, true),
            Action::Unfollow { symbol } => {
                self.names.on_follow(*symbol, false);
                self.bids.remove(symbol);
            }
            Action::Persist { record, .. } => self.on_persisted(seq, at, record),
            Action::Note(note) => self.on_note(seq, at, note),
            Action::Ask { .. } => {}
        }
    }

    fn on_place(&mut self, at: Moment, request: &Request) {
        self.budgets.spend(request.account, at.mono);
        let id = self.targets.of_permit(request.authority.permit());
        let signal = self.names.symbol(request.symbol).and_then(|symbol| symbol.signal);
        if let Some(target) = id.and_then(|id| self.targets.get_mut(id))
            && request.client_order_id.leg().is_entry()
        {
            target.decide(request.kind, signal);
        }
        let mut order = Order::new(*request, id, at);
        order.scales = self.names.scales(request.symbol);
        order.boot = self.boot;
        self.orders.add(order);
    }

    fn on_persisted(&mut self, seq: u64, at: Moment, record: &Record) {
        match record {
            Record::Permit(permit) => self.on_permit(at, permit),
            // It is the target's once the records say so.
            Record::Successor(permit) => self.targets.on_successor(*permit),
            Record::Plugin(record) => self.plugins.take(record),
            Record::Revoked { permit } => {
                let id = self.targets.of_permit(*permit);
                if let Some(target) = id.and_then(|id| self.targets.get_mut(id))
                    && target.permit.is_some_and(|held| held.id == *permit)
                {
                    target.revoked = true;
                }
            }
            Record::Target(record) => self.on_target(at, record),
            Record::Position(position) => self.on_position(position),
            Record::Kill { level, reason } => {
                self.kill = Kill { level: *level, reason: *reason, seq };
            }
            Record::Alarm(alarm) => {
                self.alarms_total += 1;
                self.untold = Some(*alarm);
                push_recent(&mut self.alarms, (*alarm, at));
            }
            Record::Exit(_) | Record::Reconciled { .. } => {}
            Record::NeverAccepted { client_order_id } => {
                if let Some(order) = self.orders.get_mut(*client_order_id) {
                    order.end(Reply::NeverAccepted);
                }
            }
        }
    }

    fn on_permit(&mut self, at: Moment, permit: &Permit) {
        self.mode = Some(permit.mode);
        let scales = self.names.scales(permit.symbol);
        self.targets.on_permit(*permit, scales, at.mono);
    }

    fn on_target(&mut self, at: Moment, record: &TargetRecord) {
        let was = self.targets.get(record.id).map(|target| target.record.state);
        if was.is_none() && record.pattern == Pattern::ByHand {
            self.listings.hear_operator(record.symbol, record.opens_at, at);
        }
        if let Some(gone) = self.targets.take(*record, at) {
            self.orders.forget(gone);
        }
        let armed = record.state == TargetState::Armed && was == Some(TargetState::Ready);
        let Some(target) = self.targets.get_mut(record.id) else { return };
        if armed && target.permit.is_some() {
            self.latencies.record(Stage::PermitToDurable, at.mono.since(target.permit_at));
        }
    }

    fn on_position(&mut self, position: &PositionRecord) {
        let scales = self.names.scales(position.symbol);
        if let Some(target) = self.targets.get_mut(position.target) {
            target.position = Some(*position);
            target.scales = target.scales.or(scales);
        }
    }

    fn on_note(&mut self, seq: u64, at: Moment, note: &Note) {
        match note {
            Note::Refused { request, refusal } => {
                self.counts.refusals += 1;
                let id = self.targets.of_permit(request.authority.permit());
                if let Some(target) = id.and_then(|id| self.targets.get_mut(id)) {
                    target.refusal = Some(*refusal);
                }
            }
            Note::Signal(signal) => self.names.on_signal(signal),
            Note::Plugin(report) => self.plugins.hear(report, at),
            Note::Declined { symbol, why, .. } => {
                self.counts.declined += 1;
                push_recent(&mut self.declined, (*symbol, *why, at));
            }
            Note::Answer { token, outcome } => self.answers.take(*token, *outcome, seq),
        }
    }
}

fn push_recent<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() >= RECENT {
        list.pop_front();
    }
    list.push_back(item);
}
