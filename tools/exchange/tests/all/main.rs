//! The exchange as its clients see it.

mod common;
mod faults;
mod http;
mod listing;
mod scenarios;
mod server;
mod streams;
mod trading;
