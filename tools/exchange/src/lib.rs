//! A simulated MEXC spot exchange: a measuring instrument, a place to rehearse, an oracle.
//!
//! [`Exchange`] is pure: price-time matching, money, listings and faults on a clock that the
//! caller holds, everything from a seed. [`HttpConn`] and [`WsConn`] speak the exchange's
//! protocols without sockets, so that a simulation on one thread and the [`Server`] on real
//! sockets run the same code.
//!
//! **Absent on purpose:** anything of `venue`. The encoders here are written apart, so that a
//! mistake of the client is not mirrored.
#![warn(missing_docs)]

mod account;
mod api;
mod book;
mod candle;
mod check;
mod config;
mod demo;
mod error;
mod exchange;
mod faults;
mod flow;
mod hub;
mod ledger;
mod listing;
mod market;
mod order;
mod personality;
mod report;
mod rng;
mod server;
mod stp;
mod trade;
mod ws;

pub use api::http::HttpConn;
pub use book::{Book, LevelChange, Match, Scale, Want};
pub use config::{
    AccountConfig, BeforeOpen, Config, ConfigError, FlowConfig, KeyConfig, Knot, ListingConfig,
    Move, Permission, Rules, SymbolConfig, TripleStep,
};
pub use error::ApiError;
pub use exchange::Exchange;
pub use faults::{Faults, OrderFault, Scripted};
pub use hub::Message;
pub use ledger::Pocket;
pub use order::{Deal, Order};
pub use personality::{
    BadFrame, BanBody, BeforeOpenInfo, CrossingMaker, DeadListenKey, DuplicateIds, FeeAsset,
    FirstTold, Language, OpeningCap, OrderIds, Personality, PrecisionChange, UnknownSymbol,
};
pub use server::{Handle, OwnTime, Server, ServerConfig, ServerError};
pub use ws::WsConn;
