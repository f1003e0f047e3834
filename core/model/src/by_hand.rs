//! What an operator asks of the running engine, beyond the kill switch.
//!
//! Each wish travels in [`Command::ByHand`](crate::Command::ByHand) under a token of whoever sent
//! it, and the engine answers every one under that token. Prices and quantities are amounts in
//! whole units: only the engine knows the scale at which it keeps the pair.

use crate::{Amount, ClientOrderId, TargetId, VenueTime};

/// What the operator wants of the event's account and symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByHand {
    /// A target for a pair that opens.
    AddTarget(TargetByHand),
    /// Let a disarmed or unsure target go on.
    Arm {
        /// Which.
        target: TargetId,
    },
    /// Revoke a target's permit and hold it until it is armed again.
    Disarm {
        /// Which.
        target: TargetId,
    },
    /// Give a target up that holds nothing.
    CancelTarget {
        /// Which.
        target: TargetId,
    },
    /// Buy a pair that trades, with one order.
    Buy(BuyByHand),
    /// Sell what is held.
    Sell {
        /// How much, in whole units; zero for all.
        qty: Amount,
        /// Press the emergency ladder; only all of it can be pressed.
        at_once: bool,
    },
    /// Cancel one order.
    CancelOrder {
        /// Which.
        client_order_id: ClientOrderId,
    },
    /// Bring a holding under an exit plan.
    Adopt {
        /// How much, in whole units.
        qty: Amount,
        /// What it cost, in quote for one unit.
        price: Amount,
    },
    /// Hand a position over to the operator: it is sold no more.
    Forget,
    /// Say which order a target would send.
    Rehearse {
        /// Which.
        target: TargetId,
    },
}

/// A target as the operator names it; the rest is the configured plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetByHand {
    /// Quote to spend at most; zero for the plan's.
    pub notional: Amount,
    /// Where its price cap comes from.
    pub cap: PriceCap,
    /// Planned opening, where no witness names one; else none.
    pub opens_at: VenueTime,
}

/// Where the price cap of a target by hand comes from, in quote for one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceCap {
    /// From the plan's own reference.
    Plan,
    /// No order above this.
    Max(Amount),
    /// The plan's premium above this.
    Reference(Amount),
}

/// One purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuyByHand {
    /// Quote to spend at most, fees apart.
    pub notional: Amount,
    /// No order above this, in quote for one unit.
    pub price_max: Amount,
}
