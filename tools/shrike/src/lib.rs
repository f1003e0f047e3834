//! The command `shrike`: its front, and the parts that tests and other tools use.

pub mod cli;
pub mod inspect;
