//! Frames of the spot WebSocket: binary pushes to events, text control frames both ways.
//!
//! [`FrameDecoder`] is the hot way from a push to events; [`Wrapper`] reads every field of the
//! schema for tools and tests. Neither allocates. Control frames stand in [`control`].

mod channel;
pub mod control;
mod error;
mod fields;
mod frame;
mod hot;
mod message;
pub(crate) mod money;
mod private;
mod schema;
mod scratch;
mod wire;
mod wrapper;

pub use channel::Channel;
pub use error::DecodeError;
pub use fields::{Fields, Sink};
pub use frame::{Counts, Decoded, FrameDecoder, Ignored};
pub use message::{Items, ItemsIter};
pub use schema::{
    AggreBookTicker, AggreDeal, AggreDeals, AggreDepths, BookTicker, BookTickerBatch, Deal, Deals,
    DepthLevel, IncreaseDepths, IncreaseDepthsBatch, LimitDepths, MiniTicker, MiniTickers,
    PrivateAccount, PrivateDeals, PrivateOrders, SpotKline,
};
pub use wire::{WireError, WireFault};
pub use wrapper::{Body, Wrapper};
