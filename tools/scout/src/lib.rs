//! The slow outside world of listings: calendar, web list, `exchangeInfo` and API symbol list to
//! compact events, and only what differs from what was told before.
//!
//! [`Scout`] is pure: pages in, events out, time as an argument. [`ScoutThread`] is the thread
//! around it: sockets, the clock, and a way to hand events on that loses none.
//!
//! **Absent:** what a fact means. The engine weighs witnesses; nothing here is a reason to trade.
#![warn(missing_docs)]

mod config;
mod counts;
mod endpoint;
mod fetch;
mod pages;
mod pair;
mod schedule;
mod scout;
mod thread;

pub use config::{Backoff, Host, Page, PairName, Period, ScoutConfig};
pub use counts::{Counts, Fault, PageCounts};
pub use endpoint::{BrowserHeaders, Endpoint, Security, SpawnError, Timeouts};
pub use fetch::{Dialer, Stream};
pub use scout::Scout;
pub use thread::{Offer, ScoutHandle, ScoutThread, ThreadConfig};

#[cfg(test)]
mod tests;
