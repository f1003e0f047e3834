//! A module on trial: what it does when it is shown recorded events, before it may trade.
//!
//! Two instances of one blueprint see the same scenes, each alone behind [`host::Plugins`] as in a
//! run. They must not fail, and must answer alike. The scenes are made from events by a small view
//! of the market, not by the engine: they are what a plug-in may see, not what it would have seen.

mod life;
mod noise;
mod questions;
mod stage;
mod twin;
mod watched;

use std::fmt;

use abi::area;
use host::wasm::{Blueprint, Refused, fuel};
use host::{Kind, PrepareError, Standing};
use model::{DueTimer, Event, Happening, Mono, PluginFault, Slot};

pub use self::life::listing_life;

use self::questions::Questions;
use self::stage::Stage;
use self::twin::{Maker, Twin};

/// Where it runs while it is on trial.
const SLOT: Slot = Slot(0);
/// After so many scenes its state is carried over to another instance, and again whenever there
/// were twice as many.
const CARRIED_FROM: u64 = 512;

/// What became of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Calls that failed. A plug-in is out of use from the first one on, so there are few.
    pub faults: Vec<Fault>,
    /// Scenes and questions that there were, whether it wanted them or not.
    pub scenes: u64,
    /// Calls that showed it one of them.
    pub calls: u64,
    /// Intents that it had, and questions that it did not allow as they were.
    pub wishes: u64,
    /// Units of fuel that its dearest call used, of [`fuel::PER_CALL`].
    pub fuel_most: u64,
    /// How long those calls took, by this machine's clock: for show.
    pub call_ns: CallNs,
    /// Whether both instances did the same.
    pub same_twice: bool,
    /// Bytes that one instance held at most.
    pub memory_bytes: usize,
    times: Times,
}

/// What each call took, in nanoseconds.
#[derive(Clone, PartialEq, Eq)]
struct Times(Vec<u32>);

impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Times").finish_non_exhaustive()
    }
}

/// A call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which export was called.
    pub call: &'static str,
    /// How it failed.
    pub fault: PluginFault,
    /// As the fault says.
    pub figure: i64,
    /// At which scene, from 1; 0 before the first.
    pub scene: u64,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, fault, figure, scene } = self;
        write!(f, "{}: {call} failed at scene {scene}", fault.name())?;
        match fault {
            PluginFault::OutOfFuel => {
                write!(f, "; a call has {} units of fuel: do less in one", fuel::PER_CALL)
            }
            PluginFault::GaveUp => write!(f, "; it gave back {figure}"),
            PluginFault::TooManyIntents => {
                write!(f, "; {figure} intents where {} are allowed", area::INTENTS)
            }
            PluginFault::BadIntent => write!(f, "; intent {figure} is none"),
            PluginFault::BadTimer => write!(f, "; timer {figure} is none"),
            PluginFault::BadLog => {
                write!(f, "; {figure} bytes are no text of at most {}", area::LOG_MAX)
            }
            PluginFault::BadVerdict => write!(f, "; {figure} is no verdict"),
            PluginFault::IntentOfRule => write!(f, "; a risk rule has no intents"),
            PluginFault::BadState => {
                write!(f, "; it saved {figure} bytes, more than its manifest says")
            }
            PluginFault::Unreachable
            | PluginFault::OutOfBounds
            | PluginFault::Arithmetic
            | PluginFault::BadCall
            | PluginFault::StackOverflow
            | PluginFault::Host
            | PluginFault::NoExport => Ok(()),
        }
    }
}

/// Times of calls, in nanoseconds; zero when there was none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallNs {
    /// Half of them took no longer.
    pub p50: u32,
    /// 99 of 100 took no longer.
    pub p99: u32,
}

impl CallNs {
    fn of(times: &mut [u32]) -> Self {
        times.sort_unstable();
        let at = |percent: usize| {
            let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
            times.get(place).copied().unwrap_or_default()
        };
        Self { p50: at(50), p99: at(99) }
    }
}

/// Why there was no trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrialError {
    /// No instance could be made.
    Refused(Refused),
    /// An instance could not be set up.
    Prepare(PrepareError),
}

impl fmt::Display for TrialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => refused.fmt(f),
            Self::Prepare(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TrialError {}

impl Trial {
    /// Whether nothing speaks against it.
    #[must_use]
    pub const fn passed(&self) -> bool {
        self.faults.is_empty() && self.same_twice
    }

    /// What speaks against it, each with its name in front.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons: Vec<String> = self.faults.iter().map(Fault::to_string).collect();
        if !self.same_twice {
            reasons.push(
                "not_the_same: two instances were shown the same and did not do the same".into(),
            );
        }
        reasons
    }

    /// This and another trial of the same blueprint as one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.times.0.extend(other.times.0);
        self.faults.extend(other.faults);
        Self {
            faults: self.faults,
            scenes: self.scenes + other.scenes,
            calls: self.calls + other.calls,
            wishes: self.wishes + other.wishes,
            fuel_most: self.fuel_most.max(other.fuel_most),
            call_ns: CallNs::of(&mut self.times.0),
            same_twice: self.same_twice && other.same_twice,
            memory_bytes: self.memory_bytes.max(other.memory_bytes),
            times: self.times,
        }
    }
}

/// Shows events to two instances. `values` are the parameters in the manifest's order. Not for the
/// hot thread.
///
/// # Errors
/// [`TrialError`] when there is nothing to show them to.
pub fn run(
    blueprint: &Blueprint,
    standing: &Standing,
    values: &[i64],
    events: impl IntoIterator<Item = (Mono, Event)>,
) -> Result<Trial, TrialError> {
    let mut pair = Pair::new(blueprint, standing, values)?;
    let mut stage = Stage::new(standing);
    let mut questions = Questions::new(standing);
    let judges = blueprint.kind() == Kind::RiskRule;
    let mut begun = false;
    for (now, event) in events {
        if !std::mem::replace(&mut begun, true) {
            pair.set_parameters(&stage, now, values);
        }
        pair.show_timers(&stage, now);
        let changed = stage.take(now, &event);
        stage.show(now, &event, &changed, |scene| pair.both(|twin| twin.show(scene)));
        if judges && let Some(question) = questions.next(now, event.symbol, &stage) {
            pair.both(|twin| twin.judge(&question));
        }
        pair.carry_when_due()?;
        if pair.has_failed() {
            break;
        }
    }
    pair.carry()?;
    Ok(pair.end())
}

/// The two instances, side by side.
struct Pair {
    maker: Maker,
    one: Twin,
    other: Twin,
    scenes: u64,
    carried_next: u64,
    same: bool,
}

impl Pair {
    fn new(blueprint: &Blueprint, standing: &Standing, values: &[i64]) -> Result<Self, TrialError> {
        let maker = Maker::new(blueprint, standing, values);
        let (one, other) = (Twin::new(&maker)?, Twin::new(&maker)?);
        Ok(Self { maker, one, other, scenes: 0, carried_next: CARRIED_FROM, same: true })
    }

    /// Does the same with both and compares what came of it.
    fn both<T: PartialEq>(&mut self, mut with: impl FnMut(&mut Twin) -> T) -> T {
        self.scenes += 1;
        for twin in [&mut self.one, &mut self.other] {
            twin.begin(self.scenes);
        }
        let (one, other) = (with(&mut self.one), with(&mut self.other));
        self.same &= one == other;
        one
    }

    /// An operator sets each parameter to what it is.
    fn set_parameters(&mut self, stage: &Stage, now: Mono, values: &[i64]) {
        for (parameter, value) in (0..).zip(values.iter().copied()) {
            if self.both(|twin| twin.set_parameter(now, parameter, value)) {
                let happening = Happening::Parameter { slot: SLOT, parameter, value };
                let symbol = model::SymbolId::NONE;
                stage.show_one(now, symbol, happening, |scene| self.both(|twin| twin.show(scene)));
            }
        }
    }

    /// Timers that have come. One that is set again to a time gone by comes with the next event.
    fn show_timers(&mut self, stage: &Stage, now: Mono) {
        for _ in 0..area::TIMERS {
            if self.one.next_timer() > now {
                return;
            }
            let due: Option<DueTimer> = self.both(|twin| twin.take_timer(now));
            let Some(due) = due else { return };
            let happening = Happening::Timer(due);
            stage.show_one(now, due.symbol, happening, |scene| self.both(|twin| twin.show(scene)));
        }
    }

    fn carry_when_due(&mut self) -> Result<(), TrialError> {
        if self.scenes < self.carried_next {
            return Ok(());
        }
        self.carried_next = self.carried_next.saturating_mul(2);
        self.carry()
    }

    /// Exchanges both for fresh instances that take over the state, as a swap does.
    fn carry(&mut self) -> Result<(), TrialError> {
        if !self.maker.has_state() || self.has_failed() {
            return Ok(());
        }
        self.one.prepare(&self.maker)?;
        self.other.prepare(&self.maker)?;
        self.both(Twin::exchange);
        Ok(())
    }

    fn has_failed(&self) -> bool {
        self.one.has_failed() || self.other.has_failed()
    }

    fn end(self) -> Trial {
        let Self { one, other, scenes, same, .. } = self;
        let (mut tally, twin) = (one.end(), other.end());
        let mut faults = tally.faults;
        for fault in twin.faults {
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        Trial {
            faults,
            scenes,
            calls: tally.calls,
            wishes: tally.wishes,
            fuel_most: tally.fuel_most.max(twin.fuel_most),
            call_ns: CallNs::of(&mut tally.times),
            same_twice: same,
            memory_bytes: tally.memory_most.max(twin.memory_most),
            times: Times(tally.times),
        }
    }
}

#[cfg(test)]
mod tests;
