//! The slots that plug-ins run in: shows scenes to each, reads back what it wants, and takes it out
//! of use when it fails.

use std::collections::VecDeque;
use std::fmt;

use abi::judge::{Question, Verdict};
use abi::{Trap, area, export, scene};
use model::{
    DueTimer, FixedList, Happening, Intent, Mono, PluginFault, PluginReport, Qty, RiskRules, Round,
    RuleQuestion, RuleVerdict, Scene, Slot, Strategies, SymbolId, Text, Wish, Wishes,
};

use crate::Standing;
use crate::manifest::Kind;
use crate::prepared::{Left, PrepareError, Prepared, Retired, Supply};
use crate::scene::{Encoded, SHADOW_TIMER, kind_of, mono, price};
use crate::seat::Seat;

/// Reports that wait for the engine: after each scene it takes them all, and a plug-in with its
/// candidate makes at most three.
const REPORTS: usize = Slot::MAX * 4;

/// Wishes of one plug-in in one scene.
pub(crate) type Own = FixedList<Intent, { area::INTENTS }>;

/// Every plug-in of a run, behind the traits that the engine calls.
pub struct Plugins {
    standing: Standing,
    seats: [Option<Box<Seat>>; Slot::MAX],
    shadows: [Option<Box<Seat>>; Slot::MAX],
    scene: Encoded,
    /// Wishes of the plug-in that looked at the scene last.
    own: Own,
    /// Wishes of the candidate beside it.
    other: Own,
    reports: VecDeque<PluginReport>,
    supply: Box<dyn Supply>,
    /// Counts the engine's steps.
    step: u64,
    next_timer: Mono,
    /// Who is shown what: the plug-ins in use, and the candidates.
    used: Audience,
    candidates: Audience,
    /// Bit n set: a rule in slot n judges.
    rules: u16,
}

/// Slots as bits, by what they want to be shown.
#[derive(Clone, Copy, Debug, Default)]
struct Audience {
    by_kind: [u16; scene::KINDS.len()],
}

impl Audience {
    fn of(seats: &[Option<Box<Seat>>; Slot::MAX]) -> Self {
        let mut audience = Self::default();
        for (at, seat) in seats.iter().enumerate() {
            let Some(seat) = seat else { continue };
            for (kind, slots) in audience.by_kind.iter_mut().enumerate() {
                *slots |= u16::from(seat.wants(kind as u16)) << at;
            }
        }
        audience
    }

    fn wants(&self, kind: u16, signals: bool) -> u16 {
        let wanting = |kind| self.by_kind.get(usize::from(kind)).copied().unwrap_or(0);
        wanting(kind) | if signals { wanting(scene::SIGNALS) } else { 0 }
    }
}

/// A slot as its bit; none for [`Slot::NONE`].
fn bit(slot: Slot) -> u16 {
    1_u16.checked_shl(u32::from(slot.0)).unwrap_or(0)
}

/// What a slot holds, for status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotState {
    /// Which.
    pub slot: Slot,
    /// Hash of the plug-in.
    pub plugin: u128,
    /// Its name and version.
    pub name: Text<48>,
    /// Strategy or risk rule.
    pub kind: Kind,
    /// Whether it is in use.
    pub active: bool,
    /// Scenes that it was shown.
    pub scenes: u64,
    /// Bytes of memory that it holds.
    pub memory_bytes: usize,
}

impl fmt::Debug for Plugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugins").field("slots", &self.states()).finish_non_exhaustive()
    }
}

impl Plugins {
    /// Empty slots.
    pub fn new(standing: Standing, supply: Box<dyn Supply>) -> Self {
        Self {
            standing,
            seats: [const { None }; Slot::MAX],
            shadows: [const { None }; Slot::MAX],
            scene: Encoded::new(),
            own: Own::new(),
            other: Own::new(),
            reports: VecDeque::with_capacity(REPORTS),
            supply,
            step: 0,
            next_timer: Mono::NEVER,
            used: Audience::default(),
            candidates: Audience::default(),
            rules: 0,
        }
    }

    /// Puts a prepared instance in its slot before the run begins.
    pub fn seat(&mut self, prepared: Prepared) {
        let at = prepared.slot.index();
        self.seats[at] = Some(Box::new(Seat::new(prepared)));
        self.settle();
    }

    /// What every slot that was ever used holds.
    pub fn states(&self) -> Vec<SlotState> {
        let seats = self.seats.iter().enumerate();
        seats.filter_map(|(at, seat)| Some(seat.as_ref()?.state(Slot(at as u8)))).collect()
    }

    /// Hashes of the plug-ins in use, by slot; 0 for none.
    pub fn hashes(&self) -> FixedList<u128, { Slot::MAX }> {
        let mut hashes = FixedList::new();
        for seat in &self.seats {
            // As many places as slots.
            let _ = hashes.push(seat.as_ref().map_or(0, |seat| seat.plugin));
        }
        hashes
    }

    /// What a change of any seat may have changed for all.
    fn settle(&mut self) {
        self.used = Audience::of(&self.seats);
        self.candidates = Audience::of(&self.shadows);
        self.rules = 0;
        for (at, seat) in self.seats.iter().enumerate() {
            let judges = seat.as_ref().is_some_and(|seat| seat.judges());
            self.rules |= u16::from(judges) << at;
        }
        self.find_next_timer();
    }

    fn find_next_timer(&mut self) {
        let all = self.seats.iter().chain(&self.shadows).flatten();
        self.next_timer = all.map(|seat| seat.next_timer()).min().unwrap_or(Mono::NEVER);
    }

    /// Takes a seat's instance out of use and says why in the records.
    fn fail(&mut self, at: usize, shadow: bool, (fault, figure): (PluginFault, i64)) {
        let seats = if shadow { &mut self.shadows } else { &mut self.seats };
        let Some(seat) = &mut seats[at] else { return };
        let (slot, plugin) = (Slot(at as u8), seat.plugin);
        give_back(self.supply.as_mut(), seat.retire(slot, Left::Failed(fault)));
        if shadow {
            self.shadows[at] = None;
        }
        self.report(PluginReport::Fault { slot, plugin, fault, figure });
        self.settle();
    }

    fn report(&mut self, report: PluginReport) {
        // The sum above: there is room unless the engine forgot to ask.
        if self.reports.len() < REPORTS {
            self.reports.push_back(report);
        }
    }

    /// Shows the encoded scene to one seat; whether it came through. Its wishes are in `own`, those
    /// of a candidate in `other`.
    fn show_to(&mut self, at: usize, shadow: bool, now: Mono) -> bool {
        let (seats, own) = if shadow {
            (&mut self.shadows, &mut self.other)
        } else {
            (&mut self.seats, &mut self.own)
        };
        own.clear();
        let Some(seat) = &mut seats[at] else { return false };
        let (timers_before, events_before) = (seat.next_timer(), seat.events);
        match seat.show((self.step, Slot(at as u8), now), &self.scene, own) {
            Ok(log) => {
                let (timers, events) = (seat.next_timer(), seat.events);
                if events != events_before {
                    self.settle();
                } else if timers != timers_before {
                    self.find_next_timer();
                }
                if let (false, Some(text)) = (shadow, log) {
                    self.report(PluginReport::Log { slot: Slot(at as u8), text });
                }
                true
            }
            Err(fault) => {
                own.clear();
                self.fail(at, shadow, fault);
                false
            }
        }
    }

    /// Compares a candidate's wishes with those of the plug-in in use.
    fn compare(&mut self, at: usize, symbol: SymbolId, now: Mono) {
        if !self.show_to(at, true, now) || self.own == self.other {
            return;
        }
        let pairs = self.own.iter().zip(self.other.iter());
        let same = pairs.take_while(|(used, candidate)| used == candidate).count();
        self.report(PluginReport::Differs {
            slot: Slot(at as u8),
            symbol,
            wished: self.own.len() as u8,
            candidate: self.other.len() as u8,
            at: same as u8,
        });
    }

    /// Who is shown a scene: one plug-in, or every one that asked for its kind, and the candidates
    /// likewise. A candidate shares a timer of the plug-in in use when it set the same.
    fn audience(&mut self, happening: &Happening<'_>, kind: u16, signals: bool) -> (u16, u16) {
        match happening {
            Happening::Timer(due) if due.timer & SHADOW_TIMER != 0 => (0, bit(due.slot)),
            Happening::Timer(due) => {
                let shadow = self.shadows.get_mut(due.slot.index()).and_then(Option::as_mut);
                let shares = shadow.is_some_and(|seat| seat.take_same_timer(due));
                if shares {
                    self.find_next_timer();
                }
                (bit(due.slot), if shares { bit(due.slot) } else { 0 })
            }
            // It numbers the parameters of the plug-in in use.
            Happening::Parameter { slot, .. } => (bit(*slot), 0),
            Happening::Event(_)
            | Happening::Look
            | Happening::Target(_)
            | Happening::Position(_) => {
                (self.used.wants(kind, signals), self.candidates.wants(kind, signals))
            }
        }
    }
}

impl Strategies for Plugins {
    fn on_scene(&mut self, scene: &Scene<'_>, wishes: &mut Wishes) {
        let signals = !scene.signals.is_empty();
        let kind = match (kind_of(scene), signals) {
            (Some(kind), _) => kind,
            (None, true) => abi::scene::SIGNALS,
            (None, false) => return,
        };
        let (used, candidates) = self.audience(&scene.happening, kind, signals);
        let mut left = used | candidates;
        if left == 0 {
            return;
        }
        self.scene.take(kind, scene);
        while left != 0 {
            let at = left.trailing_zeros() as usize;
            let (slot, here) = (Slot(at as u8), left & left.wrapping_neg());
            left ^= here;
            self.own.clear();
            if used & here != 0 && self.show_to(at, false, scene.now) {
                for intent in self.own.iter() {
                    // As many places as slots times wishes.
                    let _ = wishes.push(Wish { slot, intent });
                }
            }
            if candidates & here != 0 {
                self.compare(at, scene.symbol, scene.now);
            }
        }
    }

    fn begin(&mut self) {
        self.step += 1;
    }

    fn wants_changes(&self) -> bool {
        let all = |audience: &Audience| {
            audience.wants(scene::TARGET, false) | audience.wants(scene::POSITION, false)
        };
        all(&self.used) | all(&self.candidates) != 0
    }

    fn plugin(&self, slot: Slot) -> u128 {
        self.seats.get(slot.index()).and_then(Option::as_ref).map_or(0, |seat| seat.plugin)
    }

    fn exchange(&mut self, _: Mono, slot: Slot, plugin: u128) -> bool {
        let at = slot.index();
        if at >= Slot::MAX {
            return false;
        }
        let Some(prepared) = self.supply.take(slot, plugin) else { return false };
        let mut next = Box::new(Seat::new(*prepared));
        let mut fault = None;
        if let Some(mut old) = self.seats[at].take() {
            fault = next.take_over(&mut old, &self.standing, (self.step, slot)).err();
            give_back(self.supply.as_mut(), old.retire(slot, Left::Exchanged));
        }
        if let Some(mut candidate) = self.shadows[at].take() {
            // It was compared with what is gone.
            give_back(self.supply.as_mut(), candidate.retire(slot, Left::Stopped));
        }
        self.seats[at] = Some(next);
        if let Some(fault) = fault {
            self.fail(at, false, fault);
        }
        self.settle();
        true
    }

    fn stop(&mut self, slot: Slot) {
        if let Some(Some(seat)) = self.seats.get_mut(slot.index()) {
            give_back(self.supply.as_mut(), seat.retire(slot, Left::Stopped));
        }
        self.settle();
    }

    fn set_parameter(&mut self, _: Mono, slot: Slot, parameter: u8, value: i64) -> bool {
        let Some(Some(seat)) = self.seats.get_mut(slot.index()) else { return false };
        let (step, at) = (self.step, usize::from(parameter));
        match seat.set_parameter(&self.standing, (step, slot), at, value) {
            Ok(taken) => taken,
            Err(PrepareError::Setup { fault, figure }) => {
                self.fail(slot.index(), false, (fault, figure));
                false
            }
            Err(_) => false,
        }
    }

    fn set_value(&self, slot: Slot, nth: usize) -> Option<(u8, i64)> {
        self.seats.get(slot.index())?.as_ref()?.set_value(nth)
    }

    fn shadow(&mut self, _: Mono, slot: Slot, plugin: u128) -> bool {
        let Some(place) = self.shadows.get_mut(slot.index()) else { return false };
        if let Some(mut old) = place.take() {
            give_back(self.supply.as_mut(), old.retire(slot, Left::Stopped));
        }
        let found = match plugin {
            0 => true,
            plugin => match self.supply.take(slot, plugin) {
                Some(prepared) => {
                    *place = Some(Box::new(Seat::new(*prepared)));
                    true
                }
                None => false,
            },
        };
        self.settle();
        found
    }

    fn take_timer(&mut self, now: Mono) -> Option<DueTimer> {
        if self.next_timer > now {
            return None;
        }
        let due = (0..Slot::MAX).find_map(|at| {
            let slot = Slot(at as u8);
            let used = self.seats[at].as_mut().and_then(|seat| seat.take_timer(slot, now));
            used.or_else(|| {
                let shadow = self.shadows[at].as_mut()?;
                let due = shadow.take_timer(slot, now)?;
                Some(DueTimer { timer: due.timer | SHADOW_TIMER, ..due })
            })
        });
        self.find_next_timer();
        due
    }

    fn next_timer(&self) -> Mono {
        self.next_timer
    }

    fn take_report(&mut self) -> Option<PluginReport> {
        self.reports.pop_front()
    }
}

impl RiskRules for Plugins {
    fn judge(&mut self, asked: &RuleQuestion<'_>) -> RuleVerdict {
        let mut qty = asked.request.qty;
        let mut left = self.rules;
        while left != 0 {
            let at = left.trailing_zeros() as usize;
            left &= left - 1;
            let slot = Slot(at as u8);
            let Some(seat) = &mut self.seats[at] else { continue };
            match seat.judge(self.step, &question(asked, qty)) {
                Ok((export::ALLOW, _)) => {}
                Ok((export::SHRINK, Verdict { qty: less, .. })) if less >= 0 => {
                    let less = Qty::from_raw(less).unwrap_or(Qty::ZERO);
                    qty = qty.min(less.floor_to(asked.step));
                }
                Ok((export::REFUSE, Verdict { code, .. })) => {
                    return RuleVerdict::Refuse { slot, code };
                }
                Ok((verdict, _)) => {
                    self.fail(at, false, (PluginFault::BadVerdict, i64::from(verdict)));
                    return RuleVerdict::Silent { slot };
                }
                Err(fault) => {
                    if let Some(fault) = fault {
                        self.fail(at, false, fault);
                    }
                    return RuleVerdict::Silent { slot };
                }
            }
        }
        if qty < asked.request.qty { RuleVerdict::Shrink { qty } } else { RuleVerdict::Allow }
    }
}

/// One that failed or was stopped before has left its instance already.
fn give_back(supply: &mut dyn Supply, retired: Retired) {
    if retired.guest.is_some() {
        supply.give_back(retired);
    }
}

/// A request as a rule is shown it, at the quantity that the rules before left.
fn question(asked: &RuleQuestion<'_>, qty: Qty) -> Question {
    let request = asked.request;
    let (price_decimals, qty_decimals) = asked.decimals;
    let notional = if qty == request.qty {
        Some(asked.notional)
    } else {
        model::Amount::notional(request.price, price_decimals, qty, qty_decimals, Round::Up)
    };
    Question {
        now: mono(asked.now),
        venue_now: crate::scene::time(request.timestamp),
        symbol: request.symbol.0,
        account: request.account.0,
        kind: request.kind as u8,
        price_decimals,
        qty_decimals,
        price: request.price.raw(),
        qty: qty.raw(),
        step: asked.step.raw(),
        bid: price(asked.bid),
        ask: price(asked.ask),
        depth: asked.depth.map_or(abi::NONE, Qty::raw),
        held: asked.held.raw(),
        notional: notional.unwrap_or(asked.notional).raw(),
        symbol_notional: asked.symbol_notional.raw(),
        quote_notional: asked.quote_notional.raw(),
        total_notional: asked.total_notional.raw(),
        bought_today: asked.bought_today.raw(),
        permit_max: asked.permit_max.raw(),
        permit_used: asked.permit_used.raw(),
        orders_live: asked.orders_live,
        orders_live_symbol: asked.orders_live_symbol,
        permit: request.authority.permit().0,
        opened: u8::from(asked.opened),
        listing: u8::from(asked.listing),
        reserved: [0; 50],
    }
}

/// A trap as the records name it.
pub(crate) const fn fault_of(trap: Trap) -> PluginFault {
    match trap {
        Trap::Unreachable => PluginFault::Unreachable,
        Trap::OutOfBounds => PluginFault::OutOfBounds,
        Trap::Arithmetic => PluginFault::Arithmetic,
        Trap::BadCall => PluginFault::BadCall,
        Trap::OutOfFuel => PluginFault::OutOfFuel,
        Trap::StackOverflow => PluginFault::StackOverflow,
        Trap::Host => PluginFault::Host,
        Trap::NoExport => PluginFault::NoExport,
    }
}
