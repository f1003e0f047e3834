//! The slow outside world of listings: calendar, web list, `exchangeInfo` and API symbol list to
//! compact events, and only what differs from what was told before.
//!
//! [`Scout`] is pure: pages in, events out, time as an argument.
//!
//! **Absent:** what a fact means. The engine weighs witnesses; nothing here is a reason to trade.
#![warn(missing_docs)]

mod config;
mod counts;
mod pages;
mod pair;
mod schedule;
mod scout;

pub use config::{Backoff, Host, Page, PairName, Period, ScoutConfig};
pub use counts::{Counts, Fault, PageCounts};
pub use scout::Scout;

#[cfg(test)]
mod tests;
