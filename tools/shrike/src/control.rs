//! The control inbox of a running trader: a Unix socket that takes commands and shows the status.
//!
//! One JSON object a line each way. Requests are `{"cmd":"status"}`,
//! `{"cmd":"kill","level":"halt","reason":"..."}` and `{"cmd":"resume","reason":"..."}`, the last
//! one twice: the first answer carries a `nonce`, and the same request with it executes. What an
//! operator does by hand (`add_target`, `arm`, `disarm`, `cancel_target`, `buy`, `sell`, `adopt`,
//! `forget`, `cancel_order`, `cancel_orders`, `rehearse`) is answered with the engine's own word:
//! `state` is `done`, `declined` or `refused` with `why`, or `unanswered`. Answers
//! have `ok`; where it is false, `error` says what was wrong. Whoever may open the socket (mode
//! 0600, in the data directory) may command.

mod address;
mod client;
mod desk;
mod hands;
mod lines;
mod plugins;
mod reasons;
mod rehearsal;
mod server;
#[cfg(test)]
mod tests;

pub use address::{Address, AddressError};
pub use client::{Client, ClientError};
pub use desk::{Around, ControlConfig, Desk};
pub use rehearsal::{RehearsalError, Rehearsals};
pub use server::{ControlError, ControlServer};

/// Longest line of a request.
pub const REQUEST_MAX: usize = 64 * 1024;
