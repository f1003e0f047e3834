//! The command's parts that tests and other tools use.

pub mod board;
pub mod cli_control;
pub mod control;
pub mod inspect;
