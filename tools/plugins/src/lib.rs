//! Which plug-ins a run has, and where they come from.
//!
//! A configuration names plug-ins by slot. [`natively`] puts the shipped ones there as they are
//! linked into this program: simulation, quick tests and replays of their journals need no sandbox.
#![warn(missing_docs)]

mod native;
mod shipped;
#[cfg(feature = "wasm")]
pub mod signature;
#[cfg(feature = "wasm")]
pub mod trial;
mod values;

pub use native::{Natives, native_hashes, natively};
pub use shipped::{SHIPPED, Shipped};
pub use values::{ValuesError, values};
