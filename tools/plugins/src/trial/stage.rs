//! A small view of the market, kept from events, and the scenes that plug-ins are shown of it.

use std::collections::BTreeMap;

use host::Standing;
use model::{
    Amount, Body, Close, Command, Confidence, Depth, DepthKind, EntryPlan, Event, Evidence,
    ExitPlan, Factor, Fill, FixedList, Happening, KillLevel, ListingBody, ListingFact, Mono,
    Pattern, PermitId, PositionRecord, Price, Qty, Round, Scene, Side, Signal, Source, Span,
    SymbolId, TargetId, TargetRecord, TargetState, VenueTime, View, ViewPosition, ViewTarget,
    WhyNot,
};

use super::SLOT;

/// Levels of a book's side that are kept; the worst ones go.
const LEVELS_MAX: usize = 64;
/// So long before its opening a pair has an armed target, whether anybody proposed one or not.
const ARMED: Span = Span::from_secs(3);

pub(super) struct Stage {
    /// The exchange's clock minus ours, in nanoseconds.
    offset: Option<i64>,
    kill: KillLevel,
    entry: EntryPlan,
    exit: ExitPlan,
    targets: u32,
    pairs: BTreeMap<SymbolId, Pair>,
}

/// What is known of one pair.
#[derive(Default)]
struct Pair {
    bids: BTreeMap<Price, Qty>,
    asks: BTreeMap<Price, Qty>,
    rules: Option<Rules>,
    opens_at: Option<VenueTime>,
    evidence: FixedList<Evidence, 6>,
    pattern: Option<Pattern>,
    target: Option<TargetRecord>,
    position: Option<PositionRecord>,
    /// The price of the last buy, taken for the average.
    bought_at: Option<Price>,
}

#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) decimals: (u8, u8),
    pub(super) step: Qty,
}

/// What an event changed.
#[derive(Default)]
pub(super) struct Changed {
    /// Detection looked at its pair.
    told: bool,
    target: Option<TargetRecord>,
    position: Option<PositionRecord>,
}

impl Stage {
    pub(super) const fn new(standing: &Standing) -> Self {
        Self {
            offset: None,
            kill: KillLevel::Active,
            entry: standing.entry,
            exit: standing.exit,
            targets: 0,
            pairs: BTreeMap::new(),
        }
    }

    /// Applies an event.
    pub(super) fn take(&mut self, now: Mono, event: &Event) -> Changed {
        let mut changed = Changed::default();
        // What is not here changes nothing that a plug-in sees.
        #[expect(clippy::wildcard_enum_match_arm, reason = "see above")]
        match &event.body {
            Body::Clock(sample) => self.offset = Some(sample.offset),
            Body::Command(Command::Kill { level, .. }) => self.kill = self.kill.max(*level),
            Body::Command(Command::Resume { .. }) => self.kill = KillLevel::Active,
            Body::Restored { .. } => self.pairs.clear(),
            _ => {}
        }
        if self.offset.is_none() && event.stamped.is_some() {
            self.offset = event.stamped.nanos().checked_sub(nanos(now));
        }
        if event.symbol != SymbolId::NONE {
            self.take_of_pair(now, event, &mut changed);
        }
        changed
    }

    fn take_of_pair(&mut self, now: Mono, event: &Event, changed: &mut Changed) {
        let venue_now = self.venue(now);
        let pair = self.pairs.entry(event.symbol).or_default();
        let near = |at: &VenueTime| venue_now.is_some() && at.before(ARMED) <= venue_now;
        if let (None, Some(opens_at)) = (pair.target, pair.opens_at.filter(near)) {
            self.targets += 1;
            let target = armed(event, self.targets, opens_at, self.entry, self.exit);
            pair.target = Some(target);
            changed.target = Some(target);
        }
        // What is not here changes nothing that a plug-in sees.
        #[expect(clippy::wildcard_enum_match_arm, reason = "see above")]
        match &event.body {
            Body::Depth(depth) => pair.on_depth(depth),
            Body::Top(top) => {
                pair.bids = top.bid.iter().map(|level| (level.price, level.qty)).collect();
                pair.asks = top.ask.iter().map(|level| (level.price, level.qty)).collect();
            }
            Body::Spec(spec) => {
                let decimals = (spec.price_decimals, spec.qty_decimals);
                pair.rules = Some(Rules { decimals, step: spec.step });
                changed.told = true;
            }
            Body::Listing(fact) => {
                pair.on_listing(fact);
                changed.told = true;
            }
            Body::Fill(fill) => pair.on_fill(event, fill, changed),
            _ => {}
        }
    }

    /// Shows what an event and its changes look like to a plug-in.
    pub(super) fn show<T>(
        &self,
        now: Mono,
        event: &Event,
        changed: &Changed,
        mut to: impl FnMut(&Scene<'_>) -> T,
    ) {
        let ahead = self.signal(event.symbol).filter(|signal| self.venue(now) < signal.opens_at);
        let signal = ahead.filter(|_| changed.told);
        if event.last {
            self.scene(now, event.symbol, Happening::Event(event), signal, &mut to);
            if signal.is_some() {
                self.scene(now, event.symbol, Happening::Look, signal, &mut to);
            }
        }
        if let Some(target) = &changed.target {
            self.scene(now, event.symbol, Happening::Target(target), None, &mut to);
        }
        if let Some(position) = &changed.position {
            self.scene(now, event.symbol, Happening::Position(position), None, &mut to);
        }
    }

    /// Shows something that is no event.
    pub(super) fn show_one<T>(
        &self,
        now: Mono,
        symbol: SymbolId,
        happening: Happening<'_>,
        mut to: impl FnMut(&Scene<'_>) -> T,
    ) {
        self.scene(now, symbol, happening, None, &mut to);
    }

    fn scene<T>(
        &self,
        now: Mono,
        symbol: SymbolId,
        happening: Happening<'_>,
        signal: Option<Signal>,
        to: &mut impl FnMut(&Scene<'_>) -> T,
    ) {
        let pair = self.pairs.get(&symbol);
        let target = pair.and_then(|pair| pair.target.as_ref()).map(view_target);
        let position = pair.and_then(Pair::view_position);
        let view = View {
            venue_now: self.venue(now),
            bid: self.bid(symbol),
            ask: self.ask(symbol),
            decimals: self.rules(symbol).map(|rules| rules.decimals),
            opens_at: pair.and_then(|pair| pair.opens_at).unwrap_or(VenueTime::NONE),
            kill: self.kill,
            targets: target.as_slice(),
            positions: position.as_slice(),
        };
        to(&Scene { now, symbol, happening, signals: signal.as_slice(), view: &view });
    }

    /// The exchange's clock; none before it is known.
    pub(super) fn venue(&self, now: Mono) -> VenueTime {
        self.offset.map_or(VenueTime::NONE, |offset| {
            VenueTime::from_nanos(nanos(now).saturating_add(offset))
        })
    }

    pub(super) fn bid(&self, symbol: SymbolId) -> Option<Price> {
        self.pairs.get(&symbol)?.bids.last_key_value().map(|(price, _)| *price)
    }

    pub(super) fn ask(&self, symbol: SymbolId) -> Option<Price> {
        self.pairs.get(&symbol)?.asks.first_key_value().map(|(price, _)| *price)
    }

    /// What stands at the best ask.
    pub(super) fn ask_qty(&self, symbol: SymbolId) -> Option<Qty> {
        self.pairs.get(&symbol)?.asks.first_key_value().map(|(_, qty)| *qty)
    }

    pub(super) fn rules(&self, symbol: SymbolId) -> Option<Rules> {
        self.pairs.get(&symbol)?.rules
    }

    pub(super) fn opens_at(&self, symbol: SymbolId) -> Option<VenueTime> {
        self.pairs.get(&symbol)?.opens_at
    }

    pub(super) fn held(&self, symbol: SymbolId) -> Qty {
        let position = self.pairs.get(&symbol).and_then(|pair| pair.position);
        position.map_or(Qty::ZERO, |position| position.qty)
    }

    fn signal(&self, symbol: SymbolId) -> Option<Signal> {
        let pair = self.pairs.get(&symbol)?;
        let sure = 70 + 5 * pair.evidence.len() as u8;
        Some(Signal {
            symbol,
            pattern: pair.pattern?,
            confidence: Confidence::new(sure.min(95))?,
            uncalibrated: true,
            opens_at: pair.opens_at?,
            evidence: pair.evidence,
        })
    }
}

impl Pair {
    fn on_depth(&mut self, depth: &Depth) {
        if depth.first && depth.kind != DepthKind::Diff {
            self.bids.clear();
            self.asks.clear();
        }
        for (side, level) in depth.iter() {
            let levels = if side == Side::Buy { &mut self.bids } else { &mut self.asks };
            if level.qty.is_zero() {
                levels.remove(&level.price);
            } else {
                levels.insert(level.price, level.qty);
            }
        }
        if self.bids.len() > LEVELS_MAX {
            self.bids.pop_first();
        }
        if self.asks.len() > LEVELS_MAX {
            self.asks.pop_last();
        }
    }

    fn on_listing(&mut self, fact: &ListingFact) {
        let seen = match fact.body {
            ListingBody::Opens { at } => {
                self.opens_at = Some(at).filter(|at| at.is_some());
                self.pattern = Some(self.pattern.unwrap_or(Pattern::LaunchSequence));
                Some((Factor::CalendarOpening, at.millis()))
            }
            ListingBody::Listed { triple, opens_at, .. } => {
                if opens_at.is_some() {
                    self.opens_at = Some(opens_at);
                }
                let [sts, st, tt] = [triple.sts, triple.st, triple.tt].map(i64::from);
                self.pattern = Some(match (sts, st, tt) {
                    (2, 2, 4) => Pattern::ReadyState,
                    _ => Pattern::PreReady,
                });
                Some((Factor::Triple, sts * 10_000 + st * 100 + tt))
            }
            ListingBody::ApiAllowed { allowed } => Some((Factor::ApiAllowed, allowed.into())),
            ListingBody::Gone => {
                if fact.source == Source::WebList {
                    *self = Self { rules: self.rules, ..Self::default() };
                }
                None
            }
        };
        let Some((factor, value)) = seen else { return };
        if self.evidence.iter().all(|known| known.factor != factor) {
            // There are as many places as factors.
            let _ = self.evidence.push(Evidence { factor, value });
        }
    }

    fn on_fill(&mut self, event: &Event, fill: &Fill, changed: &mut Changed) {
        let Some(Rules { decimals: (price, qty), .. }) = self.rules else { return };
        let value = Amount::notional(fill.price, price, fill.qty, qty, Round::Down);
        let Some((target, value)) = self.target.as_mut().zip(value) else { return };
        let none = PositionRecord {
            target: target.id,
            account: event.account,
            symbol: event.symbol,
            qty: Qty::ZERO,
            paid: Amount::ZERO,
            received: Amount::ZERO,
            other_fees: 0,
            closed: None,
        };
        let mut position = self.position.unwrap_or(none);
        if fill.side == Side::Buy {
            position.qty = position.qty.plus(fill.qty).unwrap_or(position.qty);
            position.paid = position.paid.plus_or_max(value);
            position.closed = None;
            self.bought_at = Some(fill.price);
            target.state = TargetState::Open;
        } else {
            position.qty = position.qty.minus(fill.qty);
            position.received = position.received.plus_or_max(value);
            if position.qty.is_zero() {
                position.closed = Some(Close::TimeStop);
                target.state = TargetState::Completed;
            }
        }
        changed.target = Some(*target);
        changed.position = Some(position);
        let is_open = position.closed.is_none();
        self.position = Some(position).filter(|_| is_open);
        // What is bought next is another target's.
        self.target = self.target.filter(|_| is_open);
    }

    fn view_position(&self) -> Option<ViewPosition> {
        let position = self.position?;
        Some(ViewPosition {
            target: position.target,
            slot: SLOT,
            account: position.account,
            symbol: position.symbol,
            qty: position.qty,
            entry_price: self.bought_at,
        })
    }
}

/// A target of the plug-in's own, with its permit.
const fn armed(
    event: &Event,
    number: u32,
    opens_at: VenueTime,
    entry: EntryPlan,
    exit: ExitPlan,
) -> TargetRecord {
    TargetRecord {
        id: TargetId(number),
        account: model::AccountId(0),
        symbol: event.symbol,
        state: TargetState::Armed,
        why: WhyNot::None,
        pattern: Pattern::LaunchSequence,
        confidence: match Confidence::new(90) {
            Some(confidence) => confidence,
            None => unreachable!(),
        },
        opens_at,
        permit: Some(PermitId(number)),
        slot: SLOT,
        entry,
        exit,
    }
}

fn view_target(record: &TargetRecord) -> ViewTarget {
    ViewTarget {
        id: record.id,
        slot: record.slot,
        account: record.account,
        symbol: record.symbol,
        state: record.state,
        why: record.why,
        pattern: record.pattern,
        confidence: record.confidence,
        permit: record.permit.map_or(0, |permit| permit.0),
        opens_at: record.opens_at,
    }
}

fn nanos(now: Mono) -> i64 {
    i64::try_from(now.nanos()).unwrap_or(i64::MAX)
}
