//! Plug-ins: what they say about themselves, and the sandbox that they run in.
#![warn(missing_docs)]

pub mod manifest;
#[cfg(feature = "wasm")]
pub mod wasm;

pub use manifest::{Domain, Kind, Manifest, ManifestError, Parameter, ValueError};
