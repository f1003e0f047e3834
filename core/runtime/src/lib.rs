//! The machine: the only room that sees the clock, the sockets and the threads.

mod machine;

pub use machine::{Closed, LinkId, LinkKind, Machine};
