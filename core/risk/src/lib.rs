//! The gate between wanting and sending. Only this crate can make an [`Approved`].
#![warn(missing_docs)]

mod approved;

pub use approved::Approved;
