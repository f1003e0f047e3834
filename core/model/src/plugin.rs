//! Plug-ins as records and inputs know them: their places, what may be asked of them, what they did.

use crate::{Intent, RuleVerdict, SymbolId, Text};

/// The place of a plug-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Slot(pub u8);

impl Slot {
    /// How many there are.
    pub const MAX: usize = 16;
    /// None: the operator's own.
    pub const NONE: Self = Self(u8::MAX);

    /// As an index; beyond every list for [`Slot::NONE`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Why an instance takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SwapReason {
    /// The run began with it.
    Start = 0,
    /// An operator or the watched folder brought it.
    Swap = 1,
    /// An operator took the version before back.
    Rollback = 2,
    /// The version before came back because this one failed too often.
    Faults = 3,
    /// The same plug-in again, made anew after it failed or was stopped.
    Again = 4,
}

impl SwapReason {
    /// The word used in records and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Swap => "swap",
            Self::Rollback => "rollback",
            Self::Faults => "faults",
            Self::Again => "again",
        }
    }
}

/// What is asked of the plug-in in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginEvent {
    /// An instance is prepared: it takes the slot as soon as the permits of its armed targets are
    /// on disk.
    Ready {
        /// Hash of the plug-in.
        plugin: u128,
        /// Its name and version.
        name: Text<48>,
        /// Why.
        why: SwapReason,
        /// Whether armed targets of the slot are disarmed instead of taken over.
        disarm: bool,
    },
    /// Take the slot out of use.
    Stop,
    /// Set a parameter.
    Parameter {
        /// Which, by its place in the manifest.
        parameter: u8,
        /// The value, as the manifest's type says.
        value: i64,
    },
    /// An instance is prepared that runs beside the one in the slot; 0 ends it.
    Shadow {
        /// Hash of the plug-in.
        plugin: u128,
    },
}

/// Why a plug-in was taken out of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum PluginFault {
    /// It gave up: `unreachable`, a panic, an abort.
    Unreachable = 1,
    /// An address outside its memory or table.
    OutOfBounds = 2,
    /// A division by zero, or a result that no integer holds.
    Arithmetic = 3,
    /// A call through a table that has nothing of that type there.
    BadCall = 4,
    /// More work than one call may do.
    OutOfFuel = 5,
    /// Too many calls inside each other; the figure is which call of the step it was, counted from
    /// 1 for each slot.
    StackOverflow = 6,
    /// The sandbox itself failed; the figure as above.
    Host = 7,
    /// An export is not there.
    NoExport = 8,
    /// It gave back a number of its own that says no; the figure is that number.
    GaveUp = 20,
    /// More intents than one call may have; the figure is how many.
    TooManyIntents = 21,
    /// An intent that is none; the figure is its place.
    BadIntent = 22,
    /// A timer that is none; the figure is its place or number.
    BadTimer = 23,
    /// Log text that is too long or no text; the figure is its length.
    BadLog = 24,
    /// A verdict that is none; the figure is it.
    BadVerdict = 25,
    /// A risk rule had an intent.
    IntentOfRule = 26,
    /// A state that is longer than its manifest, or that of the one to take it over, says; the figure
    /// is its length.
    BadState = 27,
}

impl PluginFault {
    /// Whether the same plug-in shown the same comes to it again, on any machine. One that is not is
    /// an input of a replay.
    pub const fn is_repeatable(self) -> bool {
        !matches!(self, Self::StackOverflow | Self::Host)
    }

    /// The word used in records and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::OutOfBounds => "out_of_bounds",
            Self::Arithmetic => "arithmetic",
            Self::BadCall => "bad_call",
            Self::OutOfFuel => "out_of_fuel",
            Self::StackOverflow => "stack_overflow",
            Self::Host => "host",
            Self::NoExport => "no_export",
            Self::GaveUp => "gave_up",
            Self::TooManyIntents => "too_many_intents",
            Self::BadIntent => "bad_intent",
            Self::BadTimer => "bad_timer",
            Self::BadLog => "bad_log",
            Self::BadVerdict => "bad_verdict",
            Self::IntentOfRule => "intent_of_rule",
            Self::BadState => "bad_state",
        }
    }
}

/// What a plug-in did that the records must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginReport {
    /// It failed and is out of use.
    Fault {
        /// Where.
        slot: Slot,
        /// What ran there.
        plugin: u128,
        /// Whether it was the candidate beside the one in use.
        candidate: bool,
        /// How.
        fault: PluginFault,
        /// As the fault says.
        figure: i64,
    },
    /// What the one before it knew was not taken over: it could not be saved, or was not understood.
    StateLost {
        /// Where.
        slot: Slot,
        /// Which of the two failed.
        plugin: u128,
        /// How; [`PluginFault::GaveUp`] when it was not understood.
        fault: PluginFault,
        /// As the fault says.
        figure: i64,
    },
    /// It wrote a line.
    Log {
        /// Where.
        slot: Slot,
        /// The line.
        text: Text<160>,
    },
    /// A candidate wished otherwise than the plug-in in use.
    Differs {
        /// Where.
        slot: Slot,
        /// The candidate.
        plugin: u128,
        /// Of what.
        symbol: SymbolId,
        /// Wishes of the one in use.
        wished: u8,
        /// Wishes of the candidate.
        candidate: u8,
        /// The first place at which they differ.
        at: u8,
    },
    /// What a candidate wished that the plug-in in use did not; never sent.
    Wished {
        /// Where.
        slot: Slot,
        /// The candidate.
        plugin: u128,
        /// Of what.
        symbol: SymbolId,
        /// Its place among the wishes.
        at: u8,
        /// The wish.
        intent: Intent,
    },
    /// A candidate judged otherwise than the risk rule in use.
    JudgesOtherwise {
        /// Where.
        slot: Slot,
        /// The candidate.
        plugin: u128,
        /// Of what.
        symbol: SymbolId,
        /// What counts; allowed when no rule is in use there.
        used: RuleVerdict,
        /// What would have counted.
        candidate: RuleVerdict,
    },
}

/// A change of a slot, for years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PluginRecord {
    /// Which.
    pub slot: Slot,
    /// The plug-in it is about.
    pub plugin: u128,
    /// What changed.
    pub change: PluginChange,
}

/// What changed in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginChange {
    /// It takes the slot from here on.
    Took {
        /// What ran there before; 0 for nothing.
        from: u128,
        /// Its name and version.
        name: Text<48>,
        /// Why.
        why: SwapReason,
    },
    /// It failed and is out of use.
    Quarantined {
        /// Whether it was the candidate beside the one in use, which goes on.
        candidate: bool,
        /// How.
        fault: PluginFault,
        /// As the fault says.
        figure: i64,
    },
    /// It was taken out of use.
    Stopped,
    /// A parameter was set.
    Parameter {
        /// Which, by its place in the manifest.
        parameter: u8,
        /// Its value.
        value: i64,
        /// Whether the plug-in took it.
        taken: bool,
    },
    /// It runs beside the one in the slot; 0 when that ended.
    Shadow,
    /// It was announced and no instance of it was there.
    Missing,
    /// What the one before it knew was not taken over.
    StateLost {
        /// How: of the one before when it could not save it, of this one when it did not understand
        /// it.
        fault: PluginFault,
        /// As the fault says.
        figure: i64,
    },
}
