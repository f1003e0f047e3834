//! The trader on the simulated exchange, on one thread and a virtual clock.
//!
//! Everything but sockets is the real thing: the trader with its sessions, signed requests, HTTP
//! and protobuf bytes, the journal's ring, the exchange's endpoints. The network between them is
//! seeded: each message gets a delay, and a storm may cut links, lose replies and refuse streams.
//! After every step an oracle compares what the trader believes with what the exchange knows.
//!
//! Equal seeds give equal runs, byte for byte.
#![warn(missing_docs)]

mod crash;
mod network;
mod oracle;
mod pages;
mod random;
mod storm;
mod watch;
mod world;

pub use crash::{Crash, Death};
pub use oracle::{Oracle, Violation};
pub use pages::scout_config;
pub use random::Random;
pub use storm::Storm;
pub use watch::{Call, Watch};
pub use world::{MONO_START, Outcome, Sink, World, WorldConfig, WorldError};
