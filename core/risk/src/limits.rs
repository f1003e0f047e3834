//! The limits of one account, as `config/limits.toml` states them. Every one is required.

use model::{Amount, Span};

/// What no order, target or day may exceed. No plug-in, webhook or operator widens them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A01: price x quantity of one risk-adding order, in quote.
    pub order_notional_max: Amount,
    /// A02: base quantity of one risk-adding order, in whole units of the asset.
    pub order_qty_max: Amount,
    /// A02: share of the visible opposite depth inside the collar, in ten-thousandths.
    pub book_share_bps_max: u32,
    /// A02: whether an order beyond the share is cut down; else it is refused.
    pub clip_allowed: bool,
    /// A03: distance from the reference for a fresh listing.
    pub collar_listing: Collar,
    /// A03: distance from the reference for a pair that has traded for a day.
    pub collar_established: Collar,
    /// A04: how far our own prices may climb above the first reference, in ten-thousandths.
    pub drift_bps_max: u32,
    /// A04: the time in which they are compared.
    pub drift_window: Span,
    /// A06: oldest rules that a target may be armed with.
    pub filters_age_max: Span,
    /// A12: cost of what is held plus risk-adding orders in flight, one symbol, in quote.
    pub exposure_symbol_max: Amount,
    /// A12: the same over all symbols of one quote asset.
    pub exposure_quote_max: Amount,
    /// A12: the same over everything.
    pub exposure_total_max: Amount,
    /// A13: orders in flight, unknown or resting.
    pub orders_live_max: u32,
    /// A13: the same for one symbol.
    pub orders_live_symbol_max: u32,
    /// A14: targets that are not final.
    pub targets_active_max: u32,
    /// Positions held at once.
    pub positions_max: u32,
    /// A17: bought in one UTC day, filled and in flight and unknown together, in quote.
    pub daily_buy_max: Amount,
}

/// How far from a reference an order's price may lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collar {
    /// In ten-thousandths of the reference, either way.
    pub bps: u32,
}
