//! The trader's own process: `shrike trader`, and `shrike run` over it.
//!
//! `run` has `assembly` put it together and ends with it; `supervise` starts it again when it dies.
//! `checkpoints`, `archiving` and `narrate` follow the journal beside the hot loop. `slots` finds the plug-ins of
//! a start. `starts` and
//! `restored` say whether a start may buy, by what became of those before it.

pub mod archiving;
pub mod assembly;
mod checkpoints;
mod narrate;
pub mod restored;
pub mod run;
mod slots;

pub(crate) use slots::compiler;

mod starts;
pub(crate) mod supervise;
