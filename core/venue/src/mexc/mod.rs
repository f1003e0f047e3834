//! MEXC spot: its frames, its replies, its sessions.

pub mod codec;
pub mod json;
