//! What a replay found.

use std::fmt;
use std::time::Duration;

/// Figures of a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Starts of the process, each replayed by itself.
    pub epochs: u64,
    /// Records taken, of every kind.
    pub records: u64,
    /// Events given to the engine.
    pub events: u64,
    /// Calls that told the engine the time.
    pub ticks: u64,
    /// Actions in the journal that the engine made again, byte for byte.
    pub actions: u64,
    /// Records without an engine to give them to: before the first BOOT, or behind numbers that
    /// were not kept, up to the next BOOT.
    pub skipped: u64,
    /// Last steps before a death or a lost stretch, whose actions were not all kept.
    pub cut_steps: u64,
    /// Where the engine did something else; nothing behind it was compared.
    pub difference: Option<Difference>,
    /// Time that the whole replay took; zero while it runs.
    pub elapsed: Duration,
}

/// The first action that is not the one in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The record with the action, or the one that stands where an action is missing.
    pub seq: u64,
    /// The event or tick whose step it is; 0 when no step came before.
    pub input_seq: u64,
    /// What the journal holds, decoded; `None` when it holds no further action of the step.
    pub expected: Option<String>,
    /// What the engine does, decoded; `None` when it does nothing further.
    pub found: Option<String>,
}

impl Report {
    /// Whether every action that was compared is the journal's.
    pub const fn equal(&self) -> bool {
        self.difference.is_none()
    }

    /// Events and ticks in a second of the replay; 0 when it took no time that can be measured.
    pub fn events_per_s(&self) -> u64 {
        let steps = u128::from(self.events + self.ticks) * 1_000_000_000;
        let rate = steps.checked_div(self.elapsed.as_nanos()).unwrap_or(0);
        u64::try_from(rate).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |action: &Option<String>| action.clone().unwrap_or_else(|| "nothing".into());
        let Self { seq, input_seq, expected, found } = self;
        writeln!(f, "record {seq}, in the step of input {input_seq}:")?;
        writeln!(f, "  journal  {}", show(expected))?;
        write!(f, "  replay   {}", show(found))
    }
}
