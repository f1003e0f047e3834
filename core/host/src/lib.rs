//! Plug-ins: what they say about themselves, the slots that they run in, and the sandbox.
//!
//! [`Plugins`] stands behind the traits that the engine calls. It shows each scene to every plug-in
//! that wants its kind, reads back wishes with every field checked, and takes a plug-in out of use
//! when it fails: the run goes on without it. What runs in a slot is an [`abi::Guest`]: an instance
//! of a WebAssembly module, or the same source linked natively.
#![warn(missing_docs)]

mod audience;
mod calls;
pub mod manifest;
mod prepared;
mod rules;
mod scene;
mod seat;
mod setup;
mod slots;
#[cfg(feature = "wasm")]
pub mod wasm;
mod wish;

pub use calls::fault_of;
pub use manifest::{Domain, Kind, Manifest, ManifestError, Parameter, ValueError};
pub use prepared::{Left, PrepareError, Prepared, Retired, Supply};
pub use setup::Standing;
pub use slots::{Plugins, SlotState};
