//! What the developer's commands share with the tidy test: the bans of the pure rooms and the
//! reading of cargo's output.
//!
//! Standard library only: a fresh clone compiles this first, and waits for it.

pub mod bans;
pub mod tally;
