//! The command's parts that tests and other tools use.

pub mod board;
pub mod inspect;
