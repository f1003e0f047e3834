//! How large a plug-in may be. Every figure of a refusal stands here.

/// Bytes of a module, at most.
pub const MODULE_BYTES_MAX: usize = 1 << 20;
/// Bytes of all functions' bodies, at most. Code that has not run for a while is not in the caches,
/// and a guest may run through all of it in one call.
pub const CODE_BYTES_MAX: usize = 128 << 10;
/// Bytes of one function's body, at most: the compiler's time grows faster than a body does.
pub const BODY_BYTES_MAX: usize = 64 << 10;
/// Functions of a module, at most.
pub const FUNCTIONS_MAX: usize = 1_024;
/// Locals of one function, parameters included, at most.
pub const LOCALS_MAX: u32 = 1_024;
/// Parameters and results of one function type, at most.
pub const ARITY_MAX: usize = 32;
/// Types, globals, exports, data segments or element segments, of each at most.
pub const ITEMS_MAX: u32 = 1_024;
/// Bytes of a page of WebAssembly memory.
pub const PAGE: usize = 65_536;
/// Bytes of an instance's memory, at most.
pub const MEMORY_MAX: usize = 1 << 20;
/// Pages that memory may grow by in one call, at most. Fresh memory costs the hot thread a page
/// fault for each 4 KiB that is touched.
pub const GROWTH_PAGES_PER_CALL: usize = 2;
/// Elements of an instance's table, at most.
pub const TABLE_MAX: usize = 1_024;

/// Bytes of the machine's stack for a call, at most.
pub const STACK_MAX: usize = 256 << 10;
/// Bytes of one function's stack frame, at most. Larger ones make it depend on the machine code
/// whether a call fits.
pub const FRAME_MAX: u32 = 64 << 10;

/// Instances that may be alive: 16 slots, for each a successor that is being warmed and a
/// predecessor on its way to be dropped, and 16 shadows or dry runs.
pub const INSTANCES_MAX: u32 = 16 * 3 + 16;

/// Bytes that the sandbox keeps for an instance beside its memory: tables of functions and
/// globals.
pub const CONTEXT_MAX: usize = 256 << 10;

const _: () = assert!(MEMORY_MAX.is_multiple_of(PAGE));
const _: () = assert!(MEMORY_MAX + CONTEXT_MAX < 2_000_000);
