//! MEXC spot: its frames, its replies, its sessions.

pub mod codec;
pub mod json;

pub mod book_sync;
pub mod clock;
pub mod errors;
pub mod feed;
pub mod listen_key;
pub mod orders;
pub mod queries;
mod url;
