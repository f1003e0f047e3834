//! The sandbox: from bytes that anybody may have written to an instance that can hurt nobody.
//!
//! A module is looked at ([`check`]), given checks of its fuel where the compiler sets none
//! (`fence`), compiled in a child process ([`Compiler`]) or taken from the [`Cache`], and becomes
//! a [`Blueprint`]; [`Instance`]s are made from that off the hot thread.

mod blueprint;
mod cache;
mod check;
mod compile;
mod engine;
mod fence;
mod frames;
pub mod fuel;
mod instance;
pub mod limits;
mod refused;

pub use blueprint::{Blueprint, Origin};
pub use cache::{Cache, CacheError, Found};
pub use check::{Checked, check};
pub use compile::{CompileLimits, Compiler, child, compile_here};
pub use engine::{Sandbox, fingerprint, fingerprint_text};
pub use instance::Instance;
pub use refused::Refused;

/// Touches so much of this thread's stack as a guest may use at most, once and before it calls any:
/// otherwise the first deep call waits for the machine to find the pages.
#[inline(never)]
pub fn touch_stack() {
    std::hint::black_box(&mut [0_u8; limits::STACK_MAX]);
}

/// The hash that a module is known by.
#[must_use]
pub fn module_hash(module: &[u8]) -> [u8; 32] {
    *blake3::hash(module).as_bytes()
}
