//! The machine: the only room that sees the clock, the sockets and the threads.
#![warn(missing_docs)]

mod backoff;
mod call;
mod clock;
#[cfg(test)]
mod counted;
mod dial;
mod inbox;
mod link;
mod machine;
mod pin;
mod run;
mod runner;
mod stats;
mod tls;
mod trader;
mod wait;
mod websocket;
mod wire;

pub use backoff::{BackoffConfig, Reconnects};
pub use call::{Call, CallError, Secured};
pub use clock::{Anchor, Clock, KernelClock, boot_id, kernel_clock};
pub use dial::{AddressError, Addresses, Endpoint, Tuning};
pub use inbox::{Inbox, InboxError, InboxSender, KillFlag, inbox};
pub use machine::{Closed, LinkId, LinkKind, Machine};
pub use pin::{Claim, PinRefusal, PinWish, Pinned, allowed_cores, pin_this_thread};
pub use run::{Ended, LINKS_MAX, LoopConfig, RunError, run};
pub use stats::{LoopStats, StatsReader, StatsWriter, stats};
pub use tls::{Roots, Tls, TlsError};
pub use trader::{
    Carried, LinkRole, Trader, TraderConfig, TraderCounts, TraderError, owners, roles,
};
pub use wait::{Wait, WaitPolicy};

// The helpers of the tests outside name this crate from outside.
#[cfg(test)]
extern crate self as runtime;
#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod support;
