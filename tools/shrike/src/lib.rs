//! The command `shrike`: its front, and the parts that tests and other tools use.

pub mod backup;
pub mod board;
pub mod cli;
mod conform;
pub mod control;
pub mod demo;
pub mod dialling;
pub mod doctor;
pub mod findings;
pub mod inspect;
pub mod keys;
pub mod modes;
pub mod promote;
mod record;
pub mod trader;
