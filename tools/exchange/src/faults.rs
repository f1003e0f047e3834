//! What goes wrong, by a plan that follows from the seed. All off by default.

use serde::{Deserialize, Serialize};

use crate::rng::Rng;

/// Chances in thousandths, and faults at given order requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// An order is accepted, its reply never comes and the connection closes.
    pub reply_lost_permille: u32,
    /// A placement answers 503.
    pub server_error_permille: u32,
    /// Of those, how many were accepted all the same.
    pub server_error_accepted_permille: u32,
    /// A placement answers 429 although the budget allows it.
    pub rate_limit_permille: u32,
    /// The private events of an order come late.
    pub private_late_permille: u32,
    /// So late, milliseconds.
    pub private_late_ms: u64,
    /// The private events of an order come before its reply.
    pub event_first_permille: u32,
    /// The reply is then so late, milliseconds.
    pub event_first_reply_ms: u64,
    /// A public or private frame comes twice.
    pub frame_twice_permille: u32,
    /// A public frame does not come.
    pub frame_lost_permille: u32,
    /// A subscription is refused.
    pub subscription_refused_permille: u32,
    /// A fault for certain at the n-th placement since the start, counted from 1.
    pub script: Vec<Scripted>,
}

/// One fault for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// At this placement, counted from 1.
    pub placement: u64,
    /// What goes wrong.
    pub fault: OrderFault,
}

/// What can go wrong with a placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderFault {
    /// Accepted; no reply, and the connection closes.
    ReplyLost,
    /// 503, and accepted.
    ServerErrorAccepted,
    /// 503, and not accepted.
    ServerErrorRefused,
    /// 429 with `Retry-After: 1`.
    RateLimit,
    /// Private events late.
    PrivateLate,
    /// Private events before the reply.
    EventFirst,
}

/// Draws from the plan.
#[derive(Clone, Debug)]
pub(crate) struct FaultPlan {
    config: Faults,
    rng: Rng,
    placements: u64,
}

impl FaultPlan {
    pub(crate) fn new(config: Faults, seed: u64) -> Self {
        Self { config, rng: Rng::new(seed, "faults"), placements: 0 }
    }

    pub(crate) fn config(&self) -> &Faults {
        &self.config
    }

    /// The fault of the next placement.
    pub(crate) fn placement(&mut self) -> Option<OrderFault> {
        self.placements += 1;
        let scripted = self.config.script.iter().find(|s| s.placement == self.placements);
        if let Some(scripted) = scripted {
            return Some(scripted.fault);
        }
        let c = &self.config;
        if self.rng.chance(c.rate_limit_permille) {
            Some(OrderFault::RateLimit)
        } else if self.rng.chance(c.server_error_permille) {
            let accepted = self.rng.chance(c.server_error_accepted_permille);
            Some(if accepted {
                OrderFault::ServerErrorAccepted
            } else {
                OrderFault::ServerErrorRefused
            })
        } else if self.rng.chance(c.reply_lost_permille) {
            Some(OrderFault::ReplyLost)
        } else if self.rng.chance(c.event_first_permille) {
            Some(OrderFault::EventFirst)
        } else if self.rng.chance(c.private_late_permille) {
            Some(OrderFault::PrivateLate)
        } else {
            None
        }
    }

    /// How often a frame is sent: 0, 1 or 2 times. Private frames are never lost: the real
    /// stream loses them only with its connection.
    pub(crate) fn copies(&mut self, public: bool) -> usize {
        if public && self.rng.chance(self.config.frame_lost_permille) {
            0
        } else if self.rng.chance(self.config.frame_twice_permille) {
            2
        } else {
            1
        }
    }

    pub(crate) fn refuses_subscription(&mut self) -> bool {
        self.rng.chance(self.config.subscription_refused_permille)
    }
}
