//! The gate between wanting and sending. Only this crate can make an [`Approved`].
//!
//! [`check`] runs the native limits, then the rules of plug-ins, which may only tighten, then the
//! native limits again on what they shrank. Each refusal carries the figures that were compared.
//!
//! The gate admits (a) a buy under a live and durable permit, (b) a sale of at most what is held
//! and not already offered, under an exit authority, and (c) any cancel, which never comes here.
//! Value limits bind risk-adding orders only: a winner that outgrew a ceiling can be sold.
//!
//! **Absent:** a clock, an order's history, anything that could be asked twice with two answers.
#![warn(missing_docs)]

mod approved;
mod exposure;
mod gate;
mod limits;
mod refusal;

pub use approved::Approved;
pub use exposure::{Exposure, PermitUse};
pub use gate::{HARD_NOTIONAL_MAX, RECV_WINDOW_ENTRY_MS_MAX, check, check_arm};
pub use limits::{Collar, Limits};
pub use refusal::{Cap, Refusal};
