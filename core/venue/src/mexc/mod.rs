//! MEXC spot: its frames, its replies, its sessions.

pub mod clock;
pub mod codec;
pub mod errors;
pub mod feed;
pub mod json;
pub mod listen_key;
pub mod orders;
pub mod queries;
mod url;
