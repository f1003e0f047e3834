//! The slots that plug-ins run in: shows scenes to each, reads back what it wants, and takes it out
//! of use when it fails.

use std::collections::VecDeque;
use std::fmt;

use abi::judge::{Question, Verdict};
use abi::{Trap, area, export};
use model::{
    DueTimer, FixedList, Happening, Intent, Mono, PluginFault, PluginReport, Qty, RiskRules, Round,
    RuleQuestion, RuleVerdict, Scene, Slot, Strategies, SymbolId, Text, Wish, Wishes,
};

use crate::Standing;
use crate::manifest::Kind;
use crate::prepared::{Left, PrepareError, Prepared, Supply};
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
    reports: VecDeque<PluginReport>,
    supply: Box<dyn Supply>,
    next_timer: Mono,
    wants_changes: bool,
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
            reports: VecDeque::with_capacity(REPORTS),
            supply,
            next_timer: Mono::NEVER,
            wants_changes: false,
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
        let all = || self.seats.iter().chain(&self.shadows).flatten();
        let changes = 1 << abi::scene::TARGET | 1 << abi::scene::POSITION;
        self.wants_changes = all().any(|seat| seat.is_active() && seat.events & changes != 0);
        self.next_timer = all().map(|seat| seat.next_timer()).min().unwrap_or(Mono::NEVER);
    }

    /// Takes a seat's instance out of use and says why in the records.
    fn fail(&mut self, at: usize, shadow: bool, (fault, figure): (PluginFault, i64)) {
        let seats = if shadow { &mut self.shadows } else { &mut self.seats };
        let Some(seat) = &mut seats[at] else { return };
        let (slot, plugin) = (Slot(at as u8), seat.plugin);
        self.supply.give_back(seat.retire(slot, Left::Failed(fault)));
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

    /// Shows the encoded scene to one seat; its wishes, or nothing when it failed.
    fn show_to(&mut self, at: usize, shadow: bool, now: Mono) -> Option<Own> {
        let seats = if shadow { &mut self.shadows } else { &mut self.seats };
        let seat = seats[at].as_mut()?;
        let timers_before = seat.next_timer();
        match seat.show(Slot(at as u8), &self.scene, now) {
            Ok(shown) => {
                if seat.next_timer() != timers_before {
                    self.settle();
                }
                if let (false, Some(text)) = (shadow, shown.log) {
                    self.report(PluginReport::Log { slot: Slot(at as u8), text });
                }
                Some(shown.intents)
            }
            Err(fault) => {
                self.fail(at, shadow, fault);
                None
            }
        }
    }

    /// Compares a candidate's wishes with those of the plug-in in use.
    fn compare(&mut self, at: usize, symbol: SymbolId, used: &Own, now: Mono) {
        let Some(candidate) = self.show_to(at, true, now) else { return };
        if candidate == *used {
            return;
        }
        let pairs = used.iter().zip(candidate.iter());
        let same = pairs.take_while(|(used, candidate)| used == candidate).count();
        self.report(PluginReport::Differs {
            slot: Slot(at as u8),
            symbol,
            wished: used.len() as u8,
            candidate: candidate.len() as u8,
            at: same as u8,
        });
    }

    /// Who is shown a scene of this kind: one plug-in, or every one that asked for it.
    fn is_shown(&self, at: usize, happening: &Happening<'_>, kind: u16, signals: bool) -> bool {
        let Some(seat) = &self.seats[at] else { return false };
        match happening {
            Happening::Timer(due) => due.slot.index() == at,
            Happening::Parameter { slot, .. } => slot.index() == at,
            Happening::Event(_)
            | Happening::Look
            | Happening::Target(_)
            | Happening::Position(_) => seat.wants(kind) || (signals && seat.wants_signals()),
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
        let mut encoded = false;
        for at in 0..Slot::MAX {
            if !self.is_shown(at, &scene.happening, kind, signals) {
                continue;
            }
            if !std::mem::replace(&mut encoded, true) {
                self.scene.take(kind, scene);
            }
            if let Happening::Timer(DueTimer { timer, .. }) = scene.happening
                && timer & SHADOW_TIMER != 0
            {
                self.show_to(at, true, scene.now);
                continue;
            }
            let own = self.show_to(at, false, scene.now).unwrap_or_default();
            let slot = Slot(at as u8);
            for intent in own.iter() {
                // As many places as slots times wishes.
                let _ = wishes.push(Wish { slot, intent });
            }
            if self.shadows[at].is_some() {
                self.compare(at, scene.symbol, &own, scene.now);
            }
        }
    }

    fn wants_changes(&self) -> bool {
        self.wants_changes
    }

    fn plugin(&self, slot: Slot) -> u128 {
        self.seats.get(slot.index()).and_then(Option::as_ref).map_or(0, |seat| seat.plugin)
    }

    fn exchange(&mut self, _: Mono, slot: Slot, plugin: u128) -> bool {
        let Some(prepared) = self.supply.take(slot, plugin) else { return false };
        let at = slot.index();
        if at >= Slot::MAX {
            return false;
        }
        let mut next = Box::new(Seat::new(*prepared));
        let mut fault = None;
        if let Some(mut old) = self.seats[at].take() {
            fault = next.take_over(&mut old, &self.standing, slot).err();
            self.supply.give_back(old.retire(slot, Left::Exchanged));
        }
        if let Some(mut candidate) = self.shadows[at].take() {
            // It was compared with what is gone.
            self.supply.give_back(candidate.retire(slot, Left::Stopped));
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
            self.supply.give_back(seat.retire(slot, Left::Stopped));
        }
        self.settle();
    }

    fn set_parameter(&mut self, _: Mono, slot: Slot, parameter: u8, value: i64) -> bool {
        let Some(Some(seat)) = self.seats.get_mut(slot.index()) else { return false };
        match seat.set_parameter(&self.standing, slot, usize::from(parameter), value) {
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
            self.supply.give_back(old.retire(slot, Left::Stopped));
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
        self.settle();
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
        for at in 0..Slot::MAX {
            let slot = Slot(at as u8);
            let Some(seat) = &mut self.seats[at] else { continue };
            if seat.kind != Kind::RiskRule || seat.is_stopped() {
                continue;
            }
            let verdict = seat.judge(&question(asked, qty));
            match verdict {
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
