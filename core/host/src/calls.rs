//! The calls of one place in one step: how much work each may do, and which is to fail.

use abi::{Call, Guest, Trap};
use model::{FixedList, PluginFault};

/// Why a call ended its plug-in, with the figure that the fault names.
pub(crate) type Fault = (PluginFault, i64);

/// Counts them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calls {
    /// The step of the last one.
    step: u64,
    /// How many that step had so far.
    made: u32,
    /// The instance is not the one that was called before.
    fresh: bool,
    /// Of one step.
    foretold: FixedList<Foretold, 4>,
}

/// A call that failed when the run was recorded, and for which nothing but the record says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Foretold {
    step: u64,
    call: u32,
    fault: PluginFault,
}

/// The calls of a place in the step that it is.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) step: u64,
    pub(crate) calls: &'a mut Calls,
}

impl Calls {
    pub(crate) const fn new() -> Self {
        Self { step: u64::MAX, made: 0, fresh: true, foretold: FixedList::new() }
    }

    /// Another instance takes the place: the step's count goes on, its own work begins.
    pub(crate) const fn renew(&mut self) {
        self.fresh = true;
    }

    /// The place fails at this call of the step, counted from 1, instead of running it.
    pub(crate) fn foretell(&mut self, step: u64, call: u32, fault: PluginFault) {
        if self.foretold.get(0).is_some_and(|foretold| foretold.step != step) {
            self.foretold.clear();
        }
        // One that leaves may fail, the one that comes, and it once more when it was made anew.
        let _ = self.foretold.push(Foretold { step, call, fault });
    }

    fn foretold(&self) -> Option<PluginFault> {
        let here = |foretold: &Foretold| (foretold.step, foretold.call) == (self.step, self.made);
        self.foretold.iter().find(here).map(|foretold| foretold.fault)
    }
}

impl Turn<'_> {
    /// Calls an export: the first call of an instance in a step has its work whole.
    #[inline]
    pub(crate) fn call(&mut self, guest: &mut dyn Guest, call: Call) -> Result<i32, Fault> {
        let calls = &mut *self.calls;
        let goes_on = std::mem::replace(&mut calls.step, self.step) == self.step;
        let again = !std::mem::replace(&mut calls.fresh, false) && goes_on;
        calls.made = if goes_on { calls.made.saturating_add(1) } else { 1 };
        if !calls.foretold.is_empty()
            && let Some(fault) = calls.foretold()
        {
            return Err((fault, i64::from(calls.made)));
        }
        let answer = if again { guest.call_on(call) } else { guest.call(call) };
        answer.map_err(|trap| self.fault(trap))
    }

    /// A fault that another run need not meet says which call of the step it was.
    #[cold]
    fn fault(&self, trap: Trap) -> Fault {
        let fault = fault_of(trap);
        (fault, if fault.is_repeatable() { 0 } else { i64::from(self.calls.made) })
    }
}

/// A trap as the records name it.
pub const fn fault_of(trap: Trap) -> PluginFault {
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
