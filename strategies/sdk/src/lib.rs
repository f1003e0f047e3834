//! What a plug-in's author writes against.
//!
//! A strategy sees one [`Scene`] at a time and answers at a [`Desk`]: propose a target, enter it,
//! amend its way out, sell. It never sends an order, never sees a retry, and holds no permit: the
//! engine owns those. A risk rule is asked about each buy and gives a [`Verdict`]. [`export!`] makes
//! a plug-in of either, [`Native`] runs the same source inside the program, and `testing` shows
//! it scenes.
//!
//! Everything goes through the area that room `abi` lays out, sandboxed and native alike, so both
//! give the same bytes.
//!
//! **Absent:** clock, file, socket, chance, memory beyond the plug-in's own, and every outside
//! crate.
#![no_std]
#![warn(missing_docs)]

#[cfg(not(target_arch = "wasm32"))]
extern crate std;

mod desk;
mod event;
mod export;
mod num;
mod plugin;
mod rule;
mod scene;
mod setup;
mod state;
mod time;
mod word;

pub mod manifest;

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(not(target_arch = "wasm32"))]
pub mod template;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use abi;
pub use abi::intent::{EntryPlan, ExitPlan, ExitRung};

pub use desk::{Desk, Full, Notes, Proposal};
pub use event::{
    Balance, Depth, Event, Fill, Listing, Names, Order, PositionChange, Print, Rules, Said, Timer,
    Top,
};
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub use export::Instance;
#[cfg(not(target_arch = "wasm32"))]
pub use native::Native;
pub use num::{Amount, Price, Qty, Round};
#[doc(hidden)]
pub use plugin::calls;
pub use plugin::{Plugin, RiskRule, Strategy};
pub use rule::{Question, Verdict};
pub use scene::{Position, Scene, Signal, Target};
pub use setup::{Refuse, Setup};
pub use state::{Reader, Writer};
pub use time::{Mono, Span, VenueTime};
pub use word::{
    AccountId, Closed, Factor, Kill, OrderKind, OrderStatus, Pattern, Side, Source, SymbolId,
    TargetId, TargetState,
};

#[cfg(test)]
mod tests;
