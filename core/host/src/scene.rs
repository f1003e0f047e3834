//! From the model's scene to the bytes that a guest reads.

use abi::scene::{
    self, Balance, Body as AbiBody, Depth, Evidence, Fill, Head, Level, Listing, Names, Order,
    Parameter, Position, PositionChange, Print, Rules, Signal, Target, TargetChange, Timer, Top,
};
use abi::{NO_TIME, Plain, area};
use model::{
    Body, Event, Happening, KillLevel, ListingBody, Price, Scene, Slot, SymbolSpec, Text,
    VenueTime, ViewTarget,
};

/// One scene as bytes, for several guests.
#[derive(Debug)]
pub(crate) struct Encoded {
    bytes: Box<[u8; area::INPUT_END]>,
    parts: Parts,
}

/// How much of each part of a scene counts, and whose it is.
#[derive(Debug)]
struct Parts {
    signals: usize,
    targets: usize,
    positions: usize,
    /// Slot behind each target and position shown, for the flag that differs from guest to guest.
    target_slots: [Slot; area::TARGETS],
    position_slots: [Slot; area::POSITIONS],
    /// Slot behind the body's target or position.
    body_slot: Option<Slot>,
    kind: u16,
}

/// Where a change of a position has its flags.
const POSITION_FLAGS: usize = area::BODY + 5;
/// Where a change of a target has its flags.
const TARGET_FLAGS: usize = area::BODY + 8;

impl Encoded {
    pub(crate) fn new() -> Self {
        let parts = Parts {
            signals: 0,
            targets: 0,
            positions: 0,
            target_slots: [Slot::NONE; area::TARGETS],
            position_slots: [Slot::NONE; area::POSITIONS],
            body_slot: None,
            kind: 0,
        };
        Self { bytes: Box::new([0; area::INPUT_END]), parts }
    }

    /// Takes a scene; the kind is what [`kind_of`] said of it.
    pub(crate) fn take(&mut self, kind: u16, scene: &Scene<'_>) {
        self.parts.put(kind, scene, self.bytes.as_mut_slice());
    }

    /// Copies what counts to a guest's area, with the flags of what is its own.
    pub(crate) fn copy_to(&self, slot: Slot, to: &mut [u8]) {
        let mut copy = |from: usize, len: usize| {
            to[from..from + len].copy_from_slice(&self.bytes[from..from + len]);
        };
        let Parts { signals, targets, positions, .. } = self.parts;
        copy(area::INPUT, area::SIGNAL - area::INPUT);
        if signals > 0 {
            copy(area::SIGNAL, signals * Signal::SIZE);
        }
        if targets > 0 {
            copy(area::TARGET, targets * Target::SIZE);
        }
        if positions > 0 {
            copy(area::POSITION, positions * Position::SIZE);
        }
        self.parts.mark_own(slot, to);
    }

    /// Writes a scene straight to the area of the one guest that is shown it: bytes that were
    /// written a moment ago are slow to copy.
    pub(crate) fn put(&mut self, kind: u16, scene: &Scene<'_>, slot: Slot, to: &mut [u8]) {
        self.parts.put(kind, scene, to);
        self.parts.mark_own(slot, to);
    }
}

impl Parts {
    fn put(&mut self, kind: u16, scene: &Scene<'_>, to: &mut [u8]) {
        self.kind = kind;
        self.put_body(scene, &mut to[area::BODY..area::SIGNAL]);
        self.put_signals(scene, to);
        let more_targets = self.put_targets(scene, to);
        let more_positions = self.put_positions(scene, to);
        let (event, view) = (event_of(scene), scene.view);
        let (price_decimals, qty_decimals) = view.decimals.unwrap_or((255, 255));
        let head = Head {
            now: mono(scene.now),
            venue_now: time(view.venue_now),
            stamped: event.map_or(NO_TIME, |event| time(event.stamped)),
            symbol: scene.symbol.0,
            kind,
            account: account_of(scene),
            flags: more_targets | more_positions,
            bid: price(view.bid),
            ask: price(view.ask),
            price_decimals,
            qty_decimals,
            signals: self.signals as u8,
            targets: self.targets as u8,
            positions: self.positions as u8,
            kill: kill(view.kill),
            reserved: 0,
            opens_at: time(view.opens_at),
        };
        head.put(&mut to[area::INPUT..]);
    }

    /// Sets the flags of what is a slot's own.
    fn mark_own(&self, slot: Slot, to: &mut [u8]) {
        for (at, of) in self.target_slots[..self.targets].iter().enumerate() {
            to[area::TARGET + at * Target::SIZE + 8] = own(*of, slot);
        }
        for (at, of) in self.position_slots[..self.positions].iter().enumerate() {
            to[area::POSITION + at * Position::SIZE + 5] = own(*of, slot);
        }
        if let Some(of) = self.body_slot {
            let at = if self.kind == scene::TARGET { TARGET_FLAGS } else { POSITION_FLAGS };
            to[at] = own(of, slot);
        }
    }

    fn put_signals(&mut self, scene: &Scene<'_>, to: &mut [u8]) {
        self.signals = scene.signals.len().min(area::SIGNALS);
        for (at, signal) in scene.signals.iter().take(area::SIGNALS).enumerate() {
            let mut facts = [Evidence::default(); scene::EVIDENCE];
            let mut evidence = 0;
            for (fact, known) in facts.iter_mut().zip(signal.evidence.iter()) {
                *fact = Evidence { factor: known.factor as u8, value: known.value, ..*fact };
                evidence += 1;
            }
            let signal = Signal {
                pattern: signal.pattern as u8,
                confidence: signal.confidence.percent(),
                flags: if signal.uncalibrated { scene::UNCALIBRATED } else { 0 },
                evidence,
                symbol: signal.symbol.0,
                opens_at: time(signal.opens_at),
                facts,
            };
            signal.put(&mut to[area::SIGNAL + at * Signal::SIZE..]);
        }
    }

    /// Those that are not over come first; `true` as a flag when some are left out.
    fn put_targets(&mut self, scene: &Scene<'_>, to: &mut [u8]) -> u8 {
        let all = scene.view.targets;
        let alive = all.iter().filter(|target| !target.state.is_final());
        let over = all.iter().filter(|target| target.state.is_final());
        self.targets = 0;
        for (at, target) in alive.chain(over).take(area::TARGETS).enumerate() {
            self.target_slots[at] = target.slot;
            self.targets += 1;
            target_of(target).put(&mut to[area::TARGET + at * Target::SIZE..]);
        }
        if all.len() > area::TARGETS { scene::MORE_TARGETS } else { 0 }
    }

    fn put_positions(&mut self, scene: &Scene<'_>, to: &mut [u8]) -> u8 {
        let all = scene.view.positions;
        self.positions = all.len().min(area::POSITIONS);
        for (at, held) in all.iter().take(area::POSITIONS).enumerate() {
            self.position_slots[at] = held.slot;
            let position = Position {
                target: held.target.0,
                account: held.account.0,
                flags: 0,
                reserved: 0,
                qty: held.qty.raw(),
                entry_price: price(held.entry_price),
            };
            position.put(&mut to[area::POSITION + at * Position::SIZE..]);
        }
        if all.len() > area::POSITIONS { scene::MORE_POSITIONS } else { 0 }
    }

    fn put_body(&mut self, scene: &Scene<'_>, body: &mut [u8]) {
        self.body_slot = None;
        body.fill(0);
        match scene.happening {
            Happening::Event(event) => put_event(&event.body, body),
            Happening::Look => {}
            Happening::Target(record) => {
                self.body_slot = Some(record.slot);
                let target = Target {
                    id: record.id.0,
                    account: record.account.0,
                    state: record.state as u8,
                    pattern: record.pattern as u8,
                    confidence: record.confidence.percent(),
                    flags: 0,
                    why: record.why as u8,
                    reserved: 0,
                    permit: record.permit.map_or(0, |permit| permit.0),
                    opens_at: time(record.opens_at),
                };
                TargetChange { target }.put(body);
            }
            Happening::Position(record) => {
                let of = scene.view.targets.iter().find(|target| target.id == record.target);
                self.body_slot = Some(of.map_or(Slot::NONE, |target| target.slot));
                let change = PositionChange {
                    target: record.target.0,
                    account: record.account.0,
                    closed: record.closed.map_or(0, |close| close as u8),
                    qty: record.qty.raw(),
                    paid: record.paid.raw(),
                    received: record.received.raw(),
                    other_fees: record.other_fees,
                    ..PositionChange::default()
                };
                change.put(body);
            }
            Happening::Timer(due) => {
                let timer = u32::from(due.timer & !SHADOW_TIMER);
                Timer { timer, reserved: 0, due: mono(due.due) }.put(body);
            }
            Happening::Parameter { parameter, value, .. } => {
                Parameter { parameter: u32::from(parameter), reserved: 0, value }.put(body);
            }
        }
    }
}

/// Set in [`model::DueTimer::timer`] for a timer of the candidate beside the plug-in in use.
pub(crate) const SHADOW_TIMER: u8 = 0x80;

/// What a scene is; `None` when plug-ins are not shown its kind.
pub(crate) fn kind_of(scene: &Scene<'_>) -> Option<u16> {
    Some(match scene.happening {
        Happening::Event(event) => match event.body {
            Body::Listing(_) => scene::LISTING,
            Body::Depth(_) => scene::DEPTH,
            Body::Top(_) => scene::TOP,
            Body::Print(_) => scene::PRINT,
            Body::Order(_) => scene::ORDER,
            Body::Fill(_) => scene::FILL,
            Body::Balance(_) => scene::BALANCE,
            Body::Symbol(_) => scene::NAMES,
            Body::Spec(_) => scene::RULES,
            Body::Placed(_)
            | Body::Reject(_)
            | Body::Cancelled(_)
            | Body::ReplyLost(_)
            | Body::Answer(_)
            | Body::VenueText(_)
            | Body::Link { .. }
            | Body::Stream { .. }
            | Body::Clock(_)
            | Body::Sent(_)
            | Body::Busy { .. }
            | Body::Suppressed { .. }
            | Body::Durable { .. }
            | Body::Blocked { .. }
            | Body::Command(_)
            | Body::Shed(_)
            | Body::Restored { .. }
            | Body::Learnt(_)
            | Body::Plugin { .. } => return None,
        },
        Happening::Look => scene::SIGNALS,
        Happening::Target(_) => scene::TARGET,
        Happening::Position(_) => scene::POSITION,
        Happening::Timer(_) => scene::TIMER,
        Happening::Parameter { .. } => scene::PARAMETER,
    })
}

fn put_event(body: &Body, to: &mut [u8]) {
    match body {
        Body::Listing(fact) => listing(fact).put(to),
        Body::Depth(depth) => {
            let mut levels = [Level::default(); scene::LEVELS];
            for (at, (_, level)) in levels.iter_mut().zip(depth.iter()) {
                *at = Level { price: level.price.raw(), qty: level.qty.raw() };
            }
            let (kind, first) = (depth.kind as u8, u8::from(depth.first));
            let (from, len, asks) = (depth.from, depth.len, depth.asks);
            Depth { from, to: depth.to, kind, first, len, asks, reserved: 0, levels }.put(to);
        }
        Body::Top(top) => {
            let level = |level: Option<model::Level>| {
                level.map_or(Level::default(), |level| Level {
                    price: level.price.raw(),
                    qty: level.qty.raw(),
                })
            };
            Top { bid: level(top.bid), ask: level(top.ask), version: top.version }.put(to);
        }
        Body::Print(print) => {
            let (price, qty, taker) = (print.price.raw(), print.qty.raw(), print.taker as u8);
            Print { price, qty, taker, reserved: [0; 7] }.put(to);
        }
        Body::Order(update) => {
            let order = Order {
                client_order_id: update.client_order_id.map_or(0, |id| id.raw()),
                price: price(update.price),
                qty: update.qty.raw(),
                filled: update.filled.raw(),
                permit: update.client_order_id.map_or(0, |id| id.permit().0),
                side: update.side as u8,
                status: update.status as u8,
                kind: update.kind.map_or(255, |kind| kind as u8),
                reserved: 0,
            };
            order.put(to);
        }
        Body::Fill(fill) => {
            let fill = Fill {
                client_order_id: fill.client_order_id.map_or(0, |id| id.raw()),
                trade: fill.trade.0,
                fee: fill.fee.raw(),
                price: fill.price.raw(),
                qty: fill.qty.raw(),
                permit: fill.client_order_id.map_or(0, |id| id.permit().0),
                fee_asset: fill.fee_asset.0,
                side: fill.side as u8,
                maker: u8::from(fill.maker),
                reserved: [0; 6],
            };
            fill.put(to);
        }
        Body::Balance(balance) => {
            let (free, locked) = (balance.free.raw(), balance.locked.raw());
            Balance { free, locked, asset: balance.asset.0, reserved: 0 }.put(to);
        }
        Body::Symbol(names) => {
            let names = Names {
                name: padded(&names.name),
                base: padded(&names.base),
                quote: padded(&names.quote),
                base_asset: names.base_asset.0,
                quote_asset: names.quote_asset.0,
            };
            names.put(to);
        }
        Body::Spec(spec) => rules(spec).put(to),
        Body::Placed(_)
        | Body::Reject(_)
        | Body::Cancelled(_)
        | Body::ReplyLost(_)
        | Body::Answer(_)
        | Body::VenueText(_)
        | Body::Link { .. }
        | Body::Stream { .. }
        | Body::Clock(_)
        | Body::Sent(_)
        | Body::Busy { .. }
        | Body::Suppressed { .. }
        | Body::Durable { .. }
        | Body::Blocked { .. }
        | Body::Command(_)
        | Body::Shed(_)
        | Body::Restored { .. }
        | Body::Learnt(_)
        | Body::Plugin { .. } => {}
    }
}

fn listing(fact: &model::ListingFact) -> Listing {
    let said = Listing {
        source: fact.source as u8,
        price_scale: 255,
        qty_scale: 255,
        opens_at: NO_TIME,
        coin: fact.coin.0,
        ..Listing::default()
    };
    match fact.body {
        ListingBody::Opens { at } => Listing { what: 1, opens_at: time(at), ..said },
        ListingBody::Listed { triple, price_scale, qty_scale, opens_at } => Listing {
            what: 2,
            sts: triple.sts,
            st: triple.st,
            tt: triple.tt,
            price_scale,
            qty_scale,
            opens_at: time(opens_at),
            ..said
        },
        ListingBody::ApiAllowed { allowed } => {
            Listing { what: 3, api_allowed: u8::from(allowed), ..said }
        }
        ListingBody::Gone => Listing { what: 4, ..said },
    }
}

fn rules(spec: &SymbolSpec) -> Rules {
    Rules {
        tick: spec.tick.raw(),
        step: spec.step.raw(),
        qty_min: spec.qty_min.raw(),
        version: spec.version,
        maker_fee_ppm: spec.maker_fee_ppm,
        notional_min: spec.notional_min.raw(),
        notional_max: spec.notional_max.raw(),
        taker_fee_ppm: spec.taker_fee_ppm,
        status: spec.status as u8,
        sides: spec.sides as u8,
        kinds: spec.kinds.0,
        api_allowed: u8::from(spec.api_allowed),
        source: spec.source as u8,
        reserved: [0; 7],
    }
}

fn target_of(target: &ViewTarget) -> Target {
    Target {
        id: target.id.0,
        account: target.account.0,
        state: target.state as u8,
        pattern: target.pattern as u8,
        confidence: target.confidence.percent(),
        flags: 0,
        why: target.why as u8,
        reserved: 0,
        permit: target.permit,
        opens_at: time(target.opens_at),
    }
}

fn event_of<'a>(scene: &Scene<'a>) -> Option<&'a Event> {
    match scene.happening {
        Happening::Event(event) => Some(event),
        Happening::Look
        | Happening::Target(_)
        | Happening::Position(_)
        | Happening::Timer(_)
        | Happening::Parameter { .. } => None,
    }
}

fn account_of(scene: &Scene<'_>) -> u8 {
    match scene.happening {
        Happening::Event(event) => event.account.0,
        Happening::Target(record) => record.account.0,
        Happening::Position(record) => record.account.0,
        Happening::Look | Happening::Timer(_) | Happening::Parameter { .. } => abi::NO_ACCOUNT,
    }
}

const fn own(of: Slot, slot: Slot) -> u8 {
    if of.0 == slot.0 { scene::OWN } else { 0 }
}

/// The number of a kill level, as [`Head::kill`] has it.
const fn kill(level: KillLevel) -> u8 {
    match level {
        KillLevel::Active => 0,
        KillLevel::Halt => 1,
        KillLevel::Reduce => 2,
        KillLevel::Flatten => 3,
    }
}

/// Nanoseconds; beyond 292 years a clock is at its end.
pub(crate) fn mono(at: model::Mono) -> i64 {
    i64::try_from(at.nanos()).unwrap_or(i64::MAX)
}

pub(crate) const fn time(at: VenueTime) -> i64 {
    if at.is_some() { at.nanos() } else { NO_TIME }
}

pub(crate) fn price(price: Option<Price>) -> i64 {
    price.map_or(abi::NONE, Price::raw)
}

fn padded<const FROM: usize, const TO: usize>(text: &Text<FROM>) -> [u8; TO] {
    let mut bytes = [0; TO];
    let len = text.as_str().len().min(TO);
    bytes[..len].copy_from_slice(&text.as_str().as_bytes()[..len]);
    bytes
}

/// The zeros that a body begins with; kept so that its size is one thing with the contract's.
const _: () = assert!(area::SIGNAL - area::BODY == AbiBody::SIZE);
