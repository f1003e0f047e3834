//! The contract between Shrike and its plug-ins: fixed structures in the guest's own memory.
//!
//! A plug-in is a core WebAssembly module without imports. It owns one *area* of
//! [`area::SIZE`] bytes; the host writes what it shows at the area's start, calls an
//! export, and reads what the guest left behind [`area::OUTPUT`]. Every number is
//! little-endian, every structure has its offsets written down, and no structure has a gap. The
//! README beside this file is the whole contract for authors in any language.
//!
//! Version 1 is frozen once it is released: a later version is another module beside this one, and
//! the host converts up.
//!
//! **Absent:** decisions, memory of its own, dependencies, `unsafe`.
#![no_std]
#![warn(missing_docs)]

mod guest;
mod layout;
mod structures;

pub mod area;
pub mod export;
pub mod intent;
pub mod judge;
pub mod scene;
pub mod setup;

pub use guest::{Call, Guest, Trap};
pub use layout::{Field, Plain, Structure};
pub use structures::STRUCTURES;

/// The version that the structures of this crate are.
pub const VERSION: u32 = 1;

/// The custom section that holds the manifest as TOML text.
pub const SECTION: &str = "shrike";

/// A time that is not known.
pub const NO_TIME: i64 = i64::MIN;
/// A timer that is not set, and a time that never comes.
pub const NEVER: i64 = i64::MAX;
/// No symbol.
pub const NO_SYMBOL: u32 = u32::MAX;
/// No account.
pub const NO_ACCOUNT: u8 = u8::MAX;
/// A price, quantity or figure that is not there, where zero can mean nothing else.
pub const NONE: i64 = 0;
