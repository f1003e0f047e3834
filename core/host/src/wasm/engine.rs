//! How the sandbox is set up. Every flag that decides what a guest computes is written here, and
//! the [`fingerprint`] is over all of them.

use std::fmt::{self, Write};

use wasmparser::WasmFeatures;
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Strategy,
};

use super::limits::{
    CONTEXT_MAX, GROWTH_PAGES_PER_CALL, INSTANCES_MAX, MEMORY_MAX, STACK_MAX, TABLE_MAX,
};
use super::refused::Refused;
use super::{fence, fuel};

/// The release of the sandbox, to the digit.
const WASMTIME: &str = "48.0.8";

/// Address space set aside for one memory: so large that an address of 32 bits needs no check.
const RESERVATION: u64 = 4 << 30;
/// Address space behind it that traps.
const GUARD: u64 = 32 << 20;

/// What a module may use beyond the first version of WebAssembly. Whatever is not here is refused
/// by name: threads, shared memory, vectors, more than one memory, 64-bit memory, references, tail
/// calls, exceptions, garbage collection, stack switching.
pub(super) const FEATURES: WasmFeatures = WasmFeatures::FLOATS
    .union(WasmFeatures::MUTABLE_GLOBAL)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::BULK_MEMORY_OPT)
    .union(WasmFeatures::CALL_INDIRECT_OVERLONG)
    .union(WasmFeatures::EXTENDED_CONST);

/// Where plug-ins live: the compiler's settings and a pool of places for instances.
#[derive(Clone)]
pub struct Sandbox {
    engine: Engine,
}

impl Sandbox {
    /// With places for [`INSTANCES_MAX`] instances.
    ///
    /// # Errors
    /// [`Refused::Host`] when the machine does not give the address space.
    pub fn new() -> Result<Self, Refused> {
        let mut config = config();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
        Self::from(&config)
    }

    /// For a process that only compiles: it sets nothing aside.
    ///
    /// # Errors
    /// [`Refused::Host`] when the compiler does not know this machine.
    pub fn for_compiling() -> Result<Self, Refused> {
        let mut config = config();
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        Self::from(&config)
    }

    fn from(config: &Config) -> Result<Self, Refused> {
        let engine = Engine::new(config).map_err(|error| Refused::host("engine", &error))?;
        Ok(Self { engine })
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").finish_non_exhaustive()
    }
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(true)
        .consume_fuel(true)
        .operator_cost(fuel::table())
        .max_wasm_stack(STACK_MAX)
        .wasm_features(WasmFeatures::all().difference(FEATURES), false)
        .wasm_features(FEATURES, true)
        .signals_based_traps(true)
        .memory_reservation(RESERVATION)
        .memory_guard_size(GUARD)
        .guard_before_linear_memory(true)
        .memory_may_move(false)
        .memory_init_cow(true)
        .wasm_backtrace_max_frames(None)
        .native_unwind_info(false)
        .generate_address_map(false);
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(INSTANCES_MAX)
        .total_memories(INSTANCES_MAX)
        .total_tables(INSTANCES_MAX)
        .max_memories_per_module(1)
        .max_tables_per_module(1)
        .max_memory_size(MEMORY_MAX)
        .table_elements(TABLE_MAX)
        .max_core_instance_size(CONTEXT_MAX)
        // To give pages back would interrupt the hot thread each time that an instance is dropped.
        .linear_memory_keep_resident(MEMORY_MAX)
        .table_keep_resident(TABLE_MAX * size_of::<usize>());
    pool
}

/// What decides a guest's results, in words: two programs with the same text compute the same and
/// charge the same.
#[must_use]
pub fn fingerprint_text() -> String {
    let mut text = format!(
        "wasmtime {WASMTIME} cranelift speed; nan canonical; abi {}; features {:#x}; \
         stack {STACK_MAX}; memory {MEMORY_MAX}; table {TABLE_MAX}; growth {GROWTH_PAGES_PER_CALL}; \
         fuel {} a call and {} again, fence {}, table ",
        abi::VERSION,
        FEATURES.bits(),
        fuel::PER_CALL,
        fuel::AGAIN,
        fence::STRETCH_MAX,
    );
    for byte in &fuel::table_hash()[..8] {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The hash of [`fingerprint_text`]. The head of a journal holds it.
#[must_use]
pub fn fingerprint() -> [u8; 32] {
    *blake3::hash(fingerprint_text().as_bytes()).as_bytes()
}
