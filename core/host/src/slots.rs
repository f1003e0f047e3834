//! The slots that plug-ins run in: shows scenes to each, reads back what it wants, and takes it out
//! of use when it fails.

use std::collections::VecDeque;
use std::fmt;

use abi::{area, scene};
use model::{
    DueTimer, FixedList, Happening, Intent, Mono, PluginFault, PluginReport, Scene, Slot,
    Strategies, SymbolId, Text, Wish, Wishes,
};

use crate::Standing;
use crate::audience::{Audience, bit};
use crate::calls::{Calls, Fault, Turn};
use crate::manifest::Kind;
use crate::prepared::{Left, PrepareError, Prepared, Retired, Supply};
use crate::scene::{Encoded, SHADOW_TIMER, kind_of};
use crate::seat::Seat;

/// Lines and differences that wait for the engine. A scene makes at most a line, a difference and
/// the wishes of its candidate for each slot, and the rules that are asked about what it wishes
/// differ once more.
const CHATTER: usize = Slot::MAX * (3 + area::INTENTS);
/// The same with failures: each slot and candidate fails at most once before it is made anew, and an
/// exchange loses at most one state.
const REPORTS: usize = CHATTER + Slot::MAX * 3;

/// Wishes of one plug-in in one scene.
pub(crate) type Own = FixedList<Intent, { area::INTENTS }>;

/// Every plug-in of a run, behind the traits that the engine calls.
pub struct Plugins {
    standing: Standing,
    pub(crate) seats: [Option<Box<Seat>>; Slot::MAX],
    pub(crate) shadows: [Option<Box<Seat>>; Slot::MAX],
    /// Calls of the plug-ins in use, and of the candidates.
    pub(crate) calls: [Calls; Slot::MAX],
    pub(crate) shadow_calls: [Calls; Slot::MAX],
    scene: Encoded,
    /// Wishes of the plug-in that looked at the scene last.
    own: Own,
    /// Wishes of the candidate beside it.
    other: Own,
    reports: VecDeque<PluginReport>,
    supply: Box<dyn Supply>,
    /// Counts the engine's steps.
    pub(crate) step: u64,
    next_timer: Mono,
    /// The plug-ins in use.
    pub(crate) used: Audience,
    /// The candidates beside them.
    pub(crate) candidates: Audience,
}

/// Where the scene comes from that a seat is shown.
#[derive(Clone, Copy, Debug)]
enum Shown<'a> {
    /// It was made bytes for several.
    Encoded,
    /// Nobody else is shown it.
    Alone { kind: u16, scene: &'a Scene<'a> },
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
            calls: [Calls::new(); Slot::MAX],
            shadow_calls: [Calls::new(); Slot::MAX],
            scene: Encoded::new(),
            own: Own::new(),
            other: Own::new(),
            reports: VecDeque::with_capacity(REPORTS),
            supply,
            step: 0,
            next_timer: Mono::NEVER,
            used: Audience::new(),
            candidates: Audience::new(),
        }
    }

    /// Puts a prepared instance in its slot before the run begins.
    pub fn seat(&mut self, prepared: Prepared) {
        let at = prepared.slot.index();
        self.seats[at] = Some(prepared.seat);
        self.settle(at);
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

    /// What a change of a slot's seats changes for all.
    fn settle(&mut self, at: usize) {
        self.used.take(at, self.seats[at].as_deref());
        self.candidates.take(at, self.shadows[at].as_deref());
        self.find_next_timer();
    }

    fn settle_timers(&mut self, at: usize) {
        self.used.take_timer(at, self.seats[at].as_deref());
        self.candidates.take_timer(at, self.shadows[at].as_deref());
        self.find_next_timer();
    }

    fn find_next_timer(&mut self) {
        self.next_timer = self.used.next_timer().min(self.candidates.next_timer());
    }

    /// Takes a seat's instance out of use and says why in the records.
    pub(crate) fn fail(&mut self, at: usize, candidate: bool, (fault, figure): Fault) {
        let seats = if candidate { &mut self.shadows } else { &mut self.seats };
        let Some(seat) = &mut seats[at] else { return };
        let (slot, plugin) = (Slot(at as u8), seat.plugin);
        give_back(self.supply.as_mut(), seat.retire(slot, Left::Failed(fault)));
        if candidate {
            self.shadows[at] = None;
        }
        self.report(PluginReport::Fault { slot, plugin, candidate, fault, figure });
        self.settle(at);
    }

    /// Beyond the bounds there is no room unless the engine forgot to ask.
    pub(crate) fn report(&mut self, report: PluginReport) {
        let most = match report {
            PluginReport::Fault { .. } | PluginReport::StateLost { .. } => REPORTS,
            PluginReport::Log { .. }
            | PluginReport::Differs { .. }
            | PluginReport::Wished { .. }
            | PluginReport::JudgesOtherwise { .. } => CHATTER,
        };
        if self.reports.len() < most {
            self.reports.push_back(report);
        }
    }

    /// Shows a scene to one seat; whether it came through. Its wishes are in `own`, those of a
    /// candidate in `other`.
    fn show_to(&mut self, at: usize, shadow: bool, (shown, now): (Shown<'_>, Mono)) -> bool {
        let (seats, calls, own) = if shadow {
            (&mut self.shadows, &mut self.shadow_calls, &mut self.other)
        } else {
            (&mut self.seats, &mut self.calls, &mut self.own)
        };
        own.clear();
        let Some(seat) = &mut seats[at] else { return false };
        let (timers_before, events_before) = (seat.next_timer(), seat.events());
        let turn = Turn { step: self.step, calls: &mut calls[at] };
        let (slot, encoded) = (Slot(at as u8), &mut self.scene);
        let put = |to: &mut [u8]| match shown {
            Shown::Encoded => encoded.copy_to(slot, to),
            Shown::Alone { kind, scene } => encoded.put(kind, scene, slot, to),
        };
        match seat.show(turn, now, put, own) {
            Ok(log) => {
                let (timers, events) = (seat.next_timer(), seat.events());
                if events != events_before {
                    self.settle(at);
                } else if timers != timers_before {
                    self.settle_timers(at);
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

    /// What the next instance takes over from the one before it.
    fn hand_over(&mut self, slot: Slot, old: &mut Seat, next: &mut Seat) -> Result<(), Fault> {
        let (step, at) = (self.step, slot.index());
        let saved = old.save(Turn { step, calls: &mut self.calls[at] }, next);
        self.calls[at].renew();
        let turn = Turn { step, calls: &mut self.calls[at] };
        next.take_parameters(turn, old, &self.standing, slot)?;
        let lost = match saved {
            Ok(None) => None,
            Ok(Some(saved)) => {
                let turn = Turn { step, calls: &mut self.calls[at] };
                let said = next.restore(turn, old, saved)?;
                (said != 0).then_some((next.plugin, (PluginFault::GaveUp, i64::from(said))))
            }
            Err(fault) => Some((old.plugin, fault)),
        };
        if let Some((plugin, (fault, figure))) = lost {
            self.report(PluginReport::StateLost { slot, plugin, fault, figure });
        }
        Ok(())
    }

    /// Compares a candidate's wishes with those of the plug-in in use.
    fn compare(&mut self, at: usize, symbol: SymbolId, now: Mono) {
        if !self.show_to(at, true, (Shown::Encoded, now)) || self.own == self.other {
            return;
        }
        let pairs = self.own.iter().zip(self.other.iter());
        let same = pairs.take_while(|(used, candidate)| used == candidate).count();
        let slot = Slot(at as u8);
        let plugin = self.shadows[at].as_ref().map_or(0, |seat| seat.plugin);
        self.report(PluginReport::Differs {
            slot,
            plugin,
            symbol,
            wished: self.own.len() as u8,
            candidate: self.other.len() as u8,
            at: same as u8,
        });
        for at in same..self.other.len() {
            if let Some(intent) = self.other.get(at) {
                let at = at as u8;
                self.report(PluginReport::Wished { slot, plugin, symbol, at, intent });
            }
        }
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
                    self.settle_timers(due.slot.index());
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
        let alone = candidates == 0 && left.is_power_of_two();
        let shown = if alone {
            Shown::Alone { kind, scene }
        } else {
            self.scene.take(kind, scene);
            Shown::Encoded
        };
        while left != 0 {
            let at = left.trailing_zeros() as usize;
            let (slot, here) = (Slot(at as u8), left & left.wrapping_neg());
            left ^= here;
            self.own.clear();
            if used & here != 0 && self.show_to(at, false, (shown, scene.now)) {
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
        let mut next = prepared.seat;
        let mut fault = None;
        if let Some(mut old) = self.seats[at].take() {
            fault = self.hand_over(slot, &mut old, &mut next).err();
            give_back(self.supply.as_mut(), old.leave(slot, Left::Exchanged));
        }
        if let Some(candidate) = self.shadows[at].take() {
            // It was compared with what is gone.
            give_back(self.supply.as_mut(), candidate.leave(slot, Left::Stopped));
        }
        self.seats[at] = Some(next);
        match fault {
            Some(fault) => self.fail(at, false, fault),
            None => self.settle(at),
        }
        true
    }

    fn stop(&mut self, slot: Slot) {
        if let Some(Some(seat)) = self.seats.get_mut(slot.index()) {
            give_back(self.supply.as_mut(), seat.retire(slot, Left::Stopped));
            self.settle(slot.index());
        }
    }

    fn set_parameter(&mut self, _: Mono, slot: Slot, parameter: u8, value: i64) -> bool {
        let Some(Some(seat)) = self.seats.get_mut(slot.index()) else { return false };
        let turn = Turn { step: self.step, calls: &mut self.calls[slot.index()] };
        match seat.set_parameter(turn, &self.standing, slot, (usize::from(parameter), value)) {
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
        if let Some(old) = place.take() {
            give_back(self.supply.as_mut(), old.leave(slot, Left::Stopped));
        }
        let found = match plugin {
            0 => true,
            plugin => match self.supply.take(slot, plugin) {
                Some(prepared) => {
                    *place = Some(prepared.seat);
                    self.shadow_calls[slot.index()].renew();
                    true
                }
                None => false,
            },
        };
        self.settle(slot.index());
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
        })?;
        self.settle_timers(due.slot.index());
        Some(due)
    }

    fn next_timer(&self) -> Mono {
        self.next_timer
    }

    fn take_report(&mut self) -> Option<PluginReport> {
        self.reports.pop_front()
    }

    fn foretell(&mut self, slot: Slot, candidate: bool, fault: PluginFault, call: u32) {
        let calls = if candidate { &mut self.shadow_calls } else { &mut self.calls };
        if let Some(calls) = calls.get_mut(slot.index()) {
            calls.foretell(self.step + 1, call, fault);
        }
    }
}

/// One that failed or was stopped before has left its instance already.
fn give_back(supply: &mut dyn Supply, retired: Retired) {
    if retired.guest.is_some() {
        supply.give_back(retired);
    }
}
