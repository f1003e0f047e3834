//! The calls of one place in one step: how much work each may do, and which is to fail.

use abi::{Call, Guest, Trap};
use model::PluginFault;

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
    foretold: Option<Foretold>,
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
        Self { step: u64::MAX, made: 0, fresh: true, foretold: None }
    }

    /// Another instance takes the place: the step's count goes on, its own work begins.
    pub(crate) const fn renew(&mut self) {
        self.fresh = true;
    }

    /// The place fails at this call of the step, counted from 1, instead of running it.
    pub(crate) const fn foretell(&mut self, step: u64, call: u32, fault: PluginFault) {
        self.foretold = Some(Foretold { step, call, fault });
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
        if let Some(foretold) = calls.foretold
            && (foretold.step, foretold.call) == (self.step, calls.made)
        {
            return Err((foretold.fault, i64::from(calls.made)));
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
