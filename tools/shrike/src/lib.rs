//! The command `shrike`: its front, and the parts that tests and other tools use.

pub mod archiving;
pub mod assembly;
pub mod backup;
pub mod board;
mod capture;
mod checkpoints;
pub mod cli;
pub mod cli_control;
pub mod cli_hands;
mod conform;
pub mod control;
pub mod demo;
pub mod dialling;
pub mod doctor;
pub mod findings;
pub mod inspect;
pub mod keys;
pub mod modes;
mod narrate;
pub mod promote;
mod record;
pub mod restored;
pub mod run;
mod starts;
mod stream;
mod supervise;
