//! Which plug-ins a run has, and where they come from.
//!
//! A configuration names plug-ins by slot. [`natively`] puts the shipped ones there as they are
//! linked into this program: simulation, quick tests and replays of their journals need no sandbox.
//! With the feature `wasm` a [`Library`] finds, checks and compiles modules, and a [`Keeper`] swaps
//! them while the trader runs.
#![warn(missing_docs)]

#[cfg(feature = "wasm")]
mod keeper;
#[cfg(feature = "wasm")]
mod lane;
#[cfg(feature = "wasm")]
mod library;
mod native;
#[cfg(feature = "wasm")]
mod recent;
#[cfg(feature = "wasm")]
mod shelf;
mod shipped;
#[cfg(feature = "wasm")]
pub mod signature;
#[cfg(feature = "wasm")]
pub mod trial;
mod values;

#[cfg(feature = "wasm")]
pub use keeper::{Done, KeepError, Keeper, KeeperConfig, KeeperThread, Order, What};
#[cfg(feature = "wasm")]
pub use lane::{Lane, LaneEnd, lane};
#[cfg(feature = "wasm")]
pub use library::{Known, Library, LibraryError, Place};
pub use native::{Natives, native_hashes, natively};
#[cfg(feature = "wasm")]
pub use recent::Recent;
#[cfg(feature = "wasm")]
pub use shelf::Shelf;
pub use shipped::{SHIPPED, Shipped};
pub use values::{ValuesError, values};
