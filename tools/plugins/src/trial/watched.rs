//! An instance whose every call is counted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use abi::{Call, Guest, Trap, export};
use host::fault_of;
use host::wasm::Instance;
use model::PluginFault;

use super::Fault;

/// Times that are kept; later ones take the place of the earliest.
const TIMES_MAX: usize = 1 << 18;

/// What the calls of an instance, and of those that took over from it, came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) faults: Vec<Fault>,
    pub(super) scene: u64,
    pub(super) calls: u64,
    pub(super) wishes: u64,
    pub(super) fuel_most: u64,
    pub(super) memory_most: usize,
    pub(super) times: Vec<u32>,
    /// The export that was called last.
    last: &'static str,
    /// What reading the clock takes.
    clock: u32,
}

/// A tally that an instance and its keeper both write to.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Mutex<Tally>>);

impl Shared {
    pub(super) fn new() -> Self {
        let read = |_| nanos_since(Instant::now());
        let clock = (0..64).map(read).min().unwrap_or_default();
        Self(Arc::new(Mutex::new(Tally { clock, ..Tally::default() })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Tally> {
        // A tally is whole after every line that changes it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    /// Notes that the call made last failed.
    pub(super) fn fail(&mut self, fault: PluginFault, figure: i64) {
        let (call, scene) = (self.last, self.scene);
        self.faults.push(Fault { call, fault, figure, scene });
    }

    fn time(&mut self, took: u32) {
        let took = took.saturating_sub(self.clock);
        if self.times.len() < TIMES_MAX {
            self.times.push(took);
        } else {
            self.times[self.calls as usize % TIMES_MAX] = took;
        }
    }
}

/// Counts the calls of the instance inside.
#[derive(Debug)]
pub(super) struct Watched {
    instance: Instance,
    tally: Shared,
}

impl Watched {
    pub(super) const fn new(instance: Instance, tally: Shared) -> Self {
        Self { instance, tally }
    }
}

impl Guest for Watched {
    fn area(&mut self) -> &mut [u8] {
        self.instance.area()
    }

    fn state(&mut self) -> &mut [u8] {
        self.instance.state()
    }

    fn call(&mut self, call: Call) -> Result<i32, Trap> {
        let began = Instant::now();
        let ended = self.instance.call(call);
        let took = nanos_since(began);
        let mut tally = self.tally.lock();
        if ended == Err(Trap::NoExport) {
            // A rule may leave its events out; what it may not leave out was checked.
            return ended;
        }
        tally.last = export_of(call);
        tally.fuel_most = tally.fuel_most.max(self.instance.fuel_used_last());
        tally.memory_most = tally.memory_most.max(self.instance.memory_bytes());
        match (call, ended) {
            (Call::OnEvent | Call::Judge, _) => {
                tally.time(took);
                tally.calls += 1;
            }
            // A swap takes a state that cannot be had for none, and goes on.
            (Call::Save, Err(trap)) => tally.fail(fault_of(trap), 0),
            (Call::Save, Ok(len)) => {
                let most = self.instance.state().len();
                if usize::try_from(len).is_ok_and(|len| len > most) {
                    tally.fail(PluginFault::BadState, len.into());
                }
            }
            (Call::Setup | Call::Restore { .. }, _) => {}
        }
        ended
    }

    fn memory_bytes(&self) -> usize {
        self.instance.memory_bytes()
    }
}

fn nanos_since(began: Instant) -> u32 {
    u32::try_from(began.elapsed().as_nanos()).unwrap_or(u32::MAX)
}

const fn export_of(call: Call) -> &'static str {
    match call {
        Call::Setup => export::SETUP,
        Call::OnEvent => export::ON_EVENT,
        Call::Judge => export::JUDGE,
        Call::Save => export::SAVE,
        Call::Restore { .. } => export::RESTORE,
    }
}
