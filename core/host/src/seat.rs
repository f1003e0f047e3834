//! One plug-in in its slot: its instance, parameters, timers and log allowance.

use abi::export::{self, Answer};
use abi::judge::Verdict;
use abi::{Call, Guest, Plain, area};
use model::{DueTimer, Mono, PluginFault, Slot, Span, SymbolId, Text};

use crate::calls::{Fault, Turn};
use crate::manifest::{Kind, Manifest};
use crate::prepared::{Left, PrepareError, Retired, set_up};
use crate::slots::{Own, SlotState};
use crate::{Standing, wish};

/// Log bytes that a plug-in may write in a second.
const LOG_PER_SECOND: u64 = 1_024;

/// How soon after a call a timer that it sets may come: one that is always due would take every
/// step of the loop, and time that waits for the last timer would stand still.
const TIMER_SOONEST: Span = Span::from_millis(1);

pub(crate) type Log = Text<{ area::LOG_MAX }>;

#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) plugin: u128,
    pub(crate) kind: Kind,
    /// Kinds of scene that it wants, as bits.
    events: u32,
    name: Text<48>,
    state: Option<StateOf>,
    parameters: Vec<Bounds>,
    /// As many count as there are parameters.
    values: [i64; area::PARAMS],
    /// Bit n set: value n was set while it ran, and goes with a swap.
    set: u32,
    /// None once it failed or was stopped.
    guest: Option<Box<dyn Guest>>,
    stopped: bool,
    timers: [Timer; area::TIMERS],
    /// The least of them.
    timer_next: Mono,
    scenes: u64,
    log_from: Mono,
    log_used: u64,
}

/// The version of a plug-in's state and its longest bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StateOf {
    version: u32,
    bytes: u32,
}

/// A parameter as far as a running plug-in needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bounds {
    name: String,
    min: i64,
    max: i64,
}

/// A state that stands in the buffer of the instance that saved it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Saved {
    version: u32,
    len: u32,
}

#[derive(Clone, Copy, Debug)]
struct Timer {
    at: Mono,
    symbol: SymbolId,
}

impl Seat {
    /// An instance that was set up with these values, as many as the manifest has parameters.
    pub(crate) fn new(
        plugin: u128,
        manifest: &Manifest,
        guest: Box<dyn Guest>,
        values: &[i64],
    ) -> Self {
        let bounds = manifest.parameters.iter().map(|known| Bounds {
            name: known.name.clone(),
            min: known.min,
            max: known.max,
        });
        let state =
            manifest.state.map(|state| StateOf { version: state.version, bytes: state.bytes });
        let mut all = [0; area::PARAMS];
        all[..values.len()].copy_from_slice(values);
        Self {
            plugin,
            kind: manifest.kind,
            events: manifest.events,
            name: Text::clipped(&format!("{} {}", manifest.name, manifest.version)),
            state,
            parameters: bounds.collect(),
            values: all,
            set: 0,
            guest: Some(guest),
            stopped: false,
            timers: [Timer { at: Mono::NEVER, symbol: SymbolId::NONE }; area::TIMERS],
            timer_next: Mono::NEVER,
            scenes: 0,
            log_from: Mono::ZERO,
            log_used: 0,
        }
    }

    pub(crate) const fn name(&self) -> Text<48> {
        self.name
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.guest.as_ref().map_or(0, |guest| guest.memory_bytes())
    }

    pub(crate) const fn is_active(&self) -> bool {
        self.guest.is_some()
    }

    /// Whether it is a rule that must judge, also when it failed and cannot. One that an operator
    /// took out of use judges nothing.
    pub(crate) fn judges(&self) -> bool {
        self.kind == Kind::RiskRule && !self.stopped
    }

    /// Kinds of scene that it wants, as bits; none once it is out of use.
    pub(crate) const fn events(&self) -> u32 {
        if self.is_active() { self.events } else { 0 }
    }

    pub(crate) fn state(&self, slot: Slot) -> SlotState {
        SlotState {
            slot,
            plugin: self.plugin,
            name: self.name,
            kind: self.kind,
            active: self.is_active(),
            scenes: self.scenes,
            memory_bytes: self.memory_bytes(),
        }
    }

    /// Shows the scene that `put` writes to its area, and reads what it left: wishes into `own`, which
    /// is empty, and its log.
    #[inline]
    pub(crate) fn show(
        &mut self,
        mut turn: Turn<'_>,
        now: Mono,
        put: impl FnOnce(&mut [u8]),
        own: &mut Own,
    ) -> Result<Option<Log>, Fault> {
        let Some(guest) = &mut self.guest else { return Ok(None) };
        self.scenes += 1;
        put(guest.area());
        let code = match turn.call(guest.as_mut(), Call::OnEvent) {
            Ok(0) => return Ok(None),
            Ok(code) => code,
            // A rule may leave it out, and is not asked again.
            Err((PluginFault::NoExport, _)) if self.kind == Kind::RiskRule => {
                self.events = 0;
                return Ok(None);
            }
            Err(fault) => return Err(fault),
        };
        let answer = Answer::unpack(code).ok_or((PluginFault::GaveUp, i64::from(code)))?;
        self.read(&answer, now, own)
    }

    fn read(&mut self, answer: &Answer, now: Mono, own: &mut Own) -> Result<Option<Log>, Fault> {
        let Some(guest) = &mut self.guest else { return Err((PluginFault::Host, 0)) };
        let bytes = guest.area();
        let intents = usize::from(answer.intents);
        if intents > area::INTENTS {
            return Err((PluginFault::TooManyIntents, i64::from(answer.intents)));
        }
        if intents > 0 && self.kind == Kind::RiskRule {
            return Err((PluginFault::IntentOfRule, i64::from(answer.intents)));
        }
        for at in 0..intents {
            let bad = (PluginFault::BadIntent, at as i64);
            own.push(wish::intent(bytes, at).ok_or(bad)?).map_err(|_| bad)?;
        }
        let log = read_log(bytes, usize::from(answer.log))?;
        if usize::from(answer.timers) > area::TIMERS {
            return Err((PluginFault::BadTimer, i64::from(answer.timers)));
        }
        for at in 0..usize::from(answer.timers) {
            let bad = (PluginFault::BadTimer, at as i64);
            let (timer, when, symbol) = wish::timer(bytes, at).ok_or(bad)?;
            let at = when.max(now.after(TIMER_SOONEST));
            self.timers[usize::from(timer)] = Timer { at, symbol };
        }
        if answer.timers > 0 {
            self.find_next_timer();
        }
        Ok(log.filter(|text| self.may_log(now, text.as_str().len())))
    }

    /// Text beyond the allowance is dropped.
    fn may_log(&mut self, now: Mono, len: usize) -> bool {
        if now.since(self.log_from) >= Span::from_secs(1) {
            (self.log_from, self.log_used) = (now, 0);
        }
        self.log_used += len as u64;
        self.log_used <= LOG_PER_SECOND
    }

    /// Asks a rule what `put` writes to its area; `None` as the fault when it has failed before.
    #[inline]
    pub(crate) fn judge(
        &mut self,
        mut turn: Turn<'_>,
        put: impl FnOnce(&mut [u8]),
    ) -> Result<(i32, Verdict), Option<Fault>> {
        let Some(guest) = &mut self.guest else { return Err(None) };
        put(&mut guest.area()[area::INPUT..]);
        let code = turn.call(guest.as_mut(), Call::Judge).map_err(Some)?;
        let verdict = match code {
            export::ALLOW => Verdict::default(),
            _ => Verdict::get(&guest.area()[area::OUTPUT..]),
        };
        Ok((code, verdict))
    }

    /// Takes the instance out; what is left says what ran here.
    pub(crate) fn retire(&mut self, slot: Slot, why: Left) -> Retired {
        self.stopped = why == Left::Stopped;
        self.timers.fill(Timer { at: Mono::NEVER, symbol: SymbolId::NONE });
        self.timer_next = Mono::NEVER;
        let (plugin, scenes, guest) = (self.plugin, self.scenes, self.guest.take());
        Retired { slot, plugin, why, scenes, guest, rest: None }
    }

    /// The same when nothing is to be left.
    pub(crate) fn leave(mut self: Box<Self>, slot: Slot, why: Left) -> Retired {
        let retired = self.retire(slot, why);
        Retired { rest: Some(self), ..retired }
    }

    /// Lets it save its state for another of the same name: the version of a state is its plug-in's
    /// own and says nothing to others. `None` when there is nothing to carry over.
    pub(crate) fn save(&mut self, mut turn: Turn<'_>, to: &Self) -> Result<Option<Saved>, Fault> {
        let (Some(from), Some(to_state)) = (self.state, to.state) else { return Ok(None) };
        if self.plugin_name() != to.plugin_name() {
            return Ok(None);
        }
        let Some(guest) = &mut self.guest else { return Ok(None) };
        let said = turn.call(guest.as_mut(), Call::Save)?;
        let Ok(len) = u32::try_from(said) else { return Ok(None) };
        if len > from.bytes || len > to_state.bytes {
            return Err((PluginFault::BadState, i64::from(said)));
        }
        Ok(Some(Saved { version: from.version, len }))
    }

    /// Takes over a state and the timers that belong to it; not 0 when it does not understand it and
    /// begins anew.
    pub(crate) fn restore(
        &mut self,
        mut turn: Turn<'_>,
        old: &mut Self,
        Saved { version, len }: Saved,
    ) -> Result<i32, Fault> {
        let (Some(guest), Some(next)) = (&mut old.guest, &mut self.guest) else { return Ok(0) };
        let bytes = len as usize;
        next.state()[..bytes].copy_from_slice(&guest.state()[..bytes]);
        let call = Call::Restore { version, len };
        let said = turn.call(next.as_mut(), call)?;
        if said == 0 {
            (self.timers, self.timer_next) = (old.timers, old.timer_next);
        }
        Ok(said)
    }

    /// Its name without the version.
    fn plugin_name(&self) -> Option<&str> {
        self.name.as_str().split(' ').next()
    }

    /// Carries over the parameters that were set while the old one ran, by their names.
    pub(crate) fn take_parameters(
        &mut self,
        mut turn: Turn<'_>,
        old: &Self,
        standing: &Standing,
        slot: Slot,
    ) -> Result<(), Fault> {
        let mut changed = false;
        for (from, (bounds, value)) in old.parameters.iter().zip(&old.values).enumerate() {
            if old.set & (1 << from) == 0 {
                continue;
            }
            let found = self.parameters.iter().position(|own| own.name == bounds.name);
            let Some(at) = found else { continue };
            if (self.parameters[at].min..=self.parameters[at].max).contains(value) {
                changed |= std::mem::replace(&mut self.values[at], *value) != *value;
                // Also where it is what the new one begins with: the one after it may not.
                self.set |= 1 << at;
            }
        }
        if !changed {
            return Ok(());
        }
        let values = &self.values[..self.parameters.len()];
        let Some(guest) = &mut self.guest else { return Ok(()) };
        set_up(guest.as_mut(), &mut turn, standing, slot, values).map_err(|error| match error {
            PrepareError::Setup { fault, figure } => (fault, figure),
            PrepareError::NoSlot { .. }
            | PrepareError::Values { .. }
            | PrepareError::OutOfRange { .. } => (PluginFault::Host, 0),
        })
    }

    /// `false` when there is no such parameter, the value is outside its range, or the plug-in says
    /// no: it then runs on with the value before.
    pub(crate) fn set_parameter(
        &mut self,
        mut turn: Turn<'_>,
        standing: &Standing,
        slot: Slot,
        (at, value): (usize, i64),
    ) -> Result<bool, PrepareError> {
        let params = self.parameters.len();
        let Some(guest) = &mut self.guest else { return Ok(false) };
        let Some(bounds) = self.parameters.get(at) else { return Ok(false) };
        if value < bounds.min || value > bounds.max {
            return Ok(false);
        }
        let before = std::mem::replace(&mut self.values[at], value);
        let (guest, values) = (guest.as_mut(), &mut self.values);
        match set_up(guest, &mut turn, standing, slot, &values[..params]) {
            Ok(()) => {
                self.set |= 1 << at;
                Ok(true)
            }
            Err(PrepareError::Setup { fault: PluginFault::GaveUp, .. }) => {
                values[at] = before;
                set_up(guest, &mut turn, standing, slot, &values[..params]).map(|()| false)
            }
            Err(error) => Err(error),
        }
    }

    /// The `nth` value that was set while it ran, with its place.
    pub(crate) fn set_value(&self, nth: usize) -> Option<(u8, i64)> {
        let set = |at: &usize| self.set & (1 << at) != 0;
        let at = (0..self.parameters.len()).filter(set).nth(nth)?;
        Some((at as u8, self.values[at]))
    }

    pub(crate) const fn next_timer(&self) -> Mono {
        self.timer_next
    }

    fn find_next_timer(&mut self) {
        let least = self.timers.iter().map(|timer| timer.at).min();
        self.timer_next = least.unwrap_or(Mono::NEVER);
    }

    /// The first of its timers that has come, cleared.
    pub(crate) fn take_timer(&mut self, slot: Slot, now: Mono) -> Option<DueTimer> {
        let at = self.timers.iter().position(|timer| timer.at <= now)?;
        let Timer { at: due, symbol } = self.timers[at];
        self.timers[at].at = Mono::NEVER;
        self.find_next_timer();
        Some(DueTimer { slot, timer: at as u8, due, symbol })
    }

    /// Clears its own timer of that number when it is due at the same moment for the same pair.
    pub(crate) fn take_same_timer(&mut self, of: &DueTimer) -> bool {
        let Some(own) = self.timers.get_mut(usize::from(of.timer)) else { return false };
        let is_same = own.at == of.due && own.symbol == of.symbol;
        if is_same {
            own.at = Mono::NEVER;
            self.find_next_timer();
        }
        is_same
    }
}

fn read_log(bytes: &[u8], len: usize) -> Result<Option<Text<{ area::LOG_MAX }>>, Fault> {
    if len == 0 {
        return Ok(None);
    }
    let bad = (PluginFault::BadLog, len as i64);
    let text = bytes.get(area::LOG..area::LOG + len).filter(|_| len <= area::LOG_MAX).ok_or(bad)?;
    let text = std::str::from_utf8(text).map_err(|_| bad)?;
    Text::new(text).map(Some).ok_or(bad)
}
