//! The exchange as its clients see it.

mod common;
mod endpoints;
mod faults;
mod http;
mod listing;
mod personality;
mod server;
mod streams;
mod trading;
