//! One plug-in, running.

use std::fmt;

use abi::{Call, Guest, Trap, area, export};
use wasmtime::{Memory, ResourceLimiter, Store, TypedFunc, WasmParams};

use super::blueprint::Blueprint;
use super::fuel;
use super::limits::{GROWTH_PAGES_PER_CALL, INSTANCES_MAX, MEMORY_MAX, PAGE, TABLE_MAX};
use super::refused::Refused;
use crate::manifest::Manifest;

type Plain = TypedFunc<(), i32>;
type Restore = TypedFunc<(i32, i32), i32>;

/// Bytes of the machine's page.
const MACHINE_PAGE: usize = 4_096;

/// Bytes of an element of a table.
const POINTER: usize = 8;
/// Bytes that the sandbox keeps for a function that has an address.
const FUNCTION: usize = 40;
/// Bytes that it keeps for an instance beside that: globals, the store, what a call needs.
const INSTANCE: usize = 32_768;

/// One instance in the sandbox. A call refills its fuel, so none costs more than
/// [`fuel::PER_CALL`].
pub struct Instance {
    store: Store<Bounds>,
    memory: Memory,
    area: usize,
    /// The same in the address space of the process.
    area_at: At,
    state: usize,
    state_bytes: usize,
    exports: Exports,
    fuel_used: u64,
    /// Bytes beside the memory, at most.
    beside: usize,
    fuel_left: u64,
}

/// An address in the memory that the instance's own store keeps.
struct At(*mut u8);

#[expect(unsafe_code, reason = "an address says nothing of whose it is")]
// SAFETY: it goes wherever the store goes that keeps the memory, and only `&mut Instance` uses it.
unsafe impl Send for At {}

/// What may be called, found once.
struct Exports {
    setup: Option<Plain>,
    on_event: Option<Plain>,
    judge: Option<Plain>,
    save: Option<Plain>,
    restore: Option<Restore>,
}

impl Instance {
    pub(super) fn new(blueprint: &Blueprint) -> Result<Self, Refused> {
        let pre = blueprint.pre();
        let mut store = Store::new(pre.module().engine(), Bounds::default());
        store.limiter(|bounds| bounds);
        store.set_fuel(fuel::PER_CALL).map_err(|error| Refused::host("fuel", &error))?;
        let made = pre.instantiate(&mut store).map_err(|error| not_made(&error))?;
        let memory = made.get_memory(&mut store, export::MEMORY).ok_or(Refused::NoMemory)?;
        let plain = |store: &mut Store<Bounds>, name: &str| {
            made.get_typed_func::<(), i32>(store, name).ok()
        };
        let exports = Exports {
            setup: plain(&mut store, export::SETUP),
            on_event: plain(&mut store, export::ON_EVENT),
            judge: plain(&mut store, export::JUDGE),
            save: plain(&mut store, export::SAVE),
            restore: made.get_typed_func(&mut store, export::RESTORE).ok(),
        };
        let area = plain(&mut store, export::AREA);
        let state = plain(&mut store, export::STATE);
        let checked = blueprint.checked();
        let beside = checked.table * POINTER
            + checked.functions as usize * FUNCTION
            + INSTANCE
            + size_of::<Self>();
        let mut instance = Self {
            store,
            memory,
            area: 0,
            area_at: At(std::ptr::null_mut()),
            state: 0,
            state_bytes: 0,
            exports,
            fuel_used: 0,
            beside,
            fuel_left: 0,
        };
        instance.settle(blueprint.manifest(), area.as_ref(), state.as_ref())?;
        instance.touch();
        Ok(instance)
    }

    /// Asks the guest where its area and its state stand.
    fn settle(
        &mut self,
        manifest: &Manifest,
        area: Option<&Plain>,
        state: Option<&Plain>,
    ) -> Result<(), Refused> {
        let address = self.ask(export::AREA, area)?;
        if !address.is_multiple_of(8) {
            return Err(Refused::AreaMisaligned { address });
        }
        self.area = address as usize;
        let bytes = manifest.state.map_or(0, |state| state.bytes);
        if bytes > 0 {
            let buffer = self.ask(export::STATE, state)?;
            let memory = self.memory.data_size(&self.store);
            if !lies_inside(buffer as usize, bytes as usize, memory) {
                return Err(Refused::StateOutside { address: buffer, bytes, memory });
            }
            let (from, to) = (buffer as usize, buffer as usize + bytes as usize);
            if from < self.area + area::SIZE && self.area < to {
                return Err(Refused::StateOnArea { state: buffer, area: address });
            }
            self.state = from;
            self.state_bytes = bytes as usize;
        }
        let memory = self.memory.data_size(&self.store);
        if !lies_inside(self.area, area::SIZE, memory) {
            return Err(Refused::AreaOutside { address, memory });
        }
        self.area_at = At(self.memory.data_ptr(&self.store).wrapping_add(self.area));
        Ok(())
    }

    fn ask(&mut self, name: &'static str, function: Option<&Plain>) -> Result<u32, Refused> {
        let function = function.ok_or(Refused::MissingExport { name })?;
        let answer = run(&mut self.store, function, (), &mut { fuel::PER_CALL });
        answer.map(i32::cast_unsigned).map_err(|trap| Refused::Trapped { name, trap })
    }

    /// Writes to every page of its memory, so that no call waits for the machine to find one.
    fn touch(&mut self) {
        for page in self.memory.data_mut(&mut self.store).chunks_mut(MACHINE_PAGE) {
            let byte = std::hint::black_box(page[0]);
            page[0] = byte;
        }
    }

    /// Units that the last call used, of [`fuel::PER_CALL`].
    #[must_use]
    pub const fn fuel_used_last(&self) -> u64 {
        self.fuel_used
    }
}

const fn lies_inside(from: usize, bytes: usize, memory: usize) -> bool {
    from <= memory && bytes <= memory - from
}

impl Guest for Instance {
    #[inline]
    #[expect(unsafe_code, reason = "to ask the store for its memory takes as long as a call")]
    fn area(&mut self) -> &mut [u8] {
        // SAFETY: `settle` saw that the area lies inside the memory. That memory lives as long as
        // `self.store`, does not move when it grows (`memory_may_move` in `engine.rs`) and never
        // shrinks; no guest runs and nobody else has a slice of it while `self` is borrowed.
        unsafe { std::slice::from_raw_parts_mut(self.area_at.0, area::SIZE) }
    }

    fn state(&mut self) -> &mut [u8] {
        let (from, bytes) = (self.state, self.state_bytes);
        &mut self.memory.data_mut(&mut self.store)[from..from + bytes]
    }

    #[inline]
    fn call(&mut self, call: Call) -> Result<i32, Trap> {
        self.call_with(fuel::PER_CALL, call)
    }

    #[inline]
    fn call_on(&mut self, call: Call) -> Result<i32, Trap> {
        self.call_with((self.fuel_left + fuel::AGAIN).min(fuel::PER_CALL), call)
    }

    fn memory_bytes(&self) -> usize {
        self.memory.data_size(&self.store) + self.beside
    }
}

impl Instance {
    #[inline]
    fn call_with(&mut self, given: u64, call: Call) -> Result<i32, Trap> {
        self.fuel_left = given;
        let (store, fuel) = (&mut self.store, &mut self.fuel_left);
        let function = match call {
            Call::OnEvent => &self.exports.on_event,
            Call::Judge => &self.exports.judge,
            Call::Setup => &self.exports.setup,
            Call::Save => &self.exports.save,
            Call::Restore { version, len } => {
                let function = self.exports.restore.as_ref().ok_or(Trap::NoExport)?;
                let state = (version.cast_signed(), len.cast_signed());
                let answer = run(store, function, state, fuel);
                self.fuel_used = given - *fuel;
                return answer;
            }
        };
        let function = function.as_ref().ok_or(Trap::NoExport)?;
        let answer = run(store, function, (), fuel);
        self.fuel_used = given - *fuel;
        answer
    }
}

/// Calls with so much fuel, and says how much is left of it.
#[inline]
fn run<P: WasmParams>(
    store: &mut Store<Bounds>,
    function: &TypedFunc<P, i32>,
    given: P,
    fuel: &mut u64,
) -> Result<i32, Trap> {
    store.data_mut().grown = 0;
    store.set_fuel(*fuel).map_err(|_| Trap::Host)?;
    let answer = function.call(&mut *store, given);
    *fuel = store.get_fuel().unwrap_or(0);
    answer.map_err(|error| trap(&error))
}

#[cold]
fn trap(error: &wasmtime::Error) -> Trap {
    use wasmtime::Trap as Seen;
    // What is not here comes with features that are switched off.
    match error.downcast_ref::<Seen>() {
        Some(Seen::UnreachableCodeReached) => Trap::Unreachable,
        Some(Seen::MemoryOutOfBounds | Seen::TableOutOfBounds | Seen::HeapMisaligned) => {
            Trap::OutOfBounds
        }
        Some(
            Seen::IntegerDivisionByZero | Seen::IntegerOverflow | Seen::BadConversionToInteger,
        ) => Trap::Arithmetic,
        Some(Seen::IndirectCallToNull | Seen::BadSignature) => Trap::BadCall,
        Some(Seen::OutOfFuel) => Trap::OutOfFuel,
        Some(Seen::StackOverflow) => Trap::StackOverflow,
        Some(_) | None => Trap::Host,
    }
}

#[cold]
fn not_made(error: &wasmtime::Error) -> Refused {
    if error.is::<wasmtime::PoolConcurrencyLimitError>() {
        return Refused::NoPlace { max: INSTANCES_MAX };
    }
    match trap(error) {
        Trap::OutOfBounds => Refused::SegmentOutside,
        Trap::Unreachable
        | Trap::Arithmetic
        | Trap::BadCall
        | Trap::OutOfFuel
        | Trap::StackOverflow
        | Trap::Host
        | Trap::NoExport => Refused::host("instance", error),
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("area", &self.area)
            .field("fuel_used", &self.fuel_used)
            .finish_non_exhaustive()
    }
}

/// What an instance may take from the machine.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    /// Pages that its memory grew by in this call.
    grown: usize,
}

impl ResourceLimiter for Bounds {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if current == 0 {
            return Ok(desired <= MEMORY_MAX);
        }
        let grown = self.grown + desired.saturating_sub(current).div_ceil(PAGE);
        let allowed = desired <= MEMORY_MAX && grown <= GROWTH_PAGES_PER_CALL;
        if allowed {
            self.grown = grown;
        }
        Ok(allowed)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_MAX)
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        1
    }

    fn memories(&self) -> usize {
        1
    }
}
