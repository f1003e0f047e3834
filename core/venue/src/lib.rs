//! Protocols of exchanges without sockets: bytes in, events and bytes out, time as an argument.
//!
//! **Absent:** sockets, clocks, threads, the engine.

pub mod http1;
pub mod mexc;
pub mod sign;
mod symbols;

pub use symbols::{SymbolEntry, SymbolTable};
