//! One target: what was decided, its permit, its deals and its position.

use std::collections::BTreeMap;

use model::{
    Amount, ClientOrderId, Close, Confidence, ExitPlan, Fill, Mono, OrderKind, Pattern, Permit,
    PermitId, PositionRecord, Price, Qty, Side, Signal, TargetId, TargetRecord, VenueTime, WhyNot,
};
use risk::Refusal;

use super::moment::Moment;
use super::names::Scales;

/// Targets kept at most. Beyond, the oldest that is over goes, with its orders.
pub(super) const TARGETS_MAX: usize = 256;
/// Deals kept for one target; further ones are counted.
pub(super) const FILLS_MAX: usize = 1_024;
/// Permits remembered, several for a target whose opening moved.
const PERMITS_MAX: usize = 4 * TARGETS_MAX;

/// What was decided before the first byte of a target's first order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decided {
    pub(super) pattern: Pattern,
    pub(super) confidence: Confidence,
    pub(super) opens_at: VenueTime,
    pub(super) signal: Option<Signal>,
    pub(super) permit: Option<Permit>,
    pub(super) entry: Option<OrderKind>,
    pub(super) exit: ExitPlan,
    pub(super) scales: Option<Scales>,
}

/// A deal of ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deal {
    pub(super) fill: Fill,
    pub(super) stamped: VenueTime,
    pub(super) heard: Moment,
    pub(super) scales: Option<Scales>,
}

/// One target.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) record: TargetRecord,
    pub(super) changed: Moment,
    pub(super) permit: Option<Permit>,
    pub(super) permit_at: Mono,
    pub(super) revoked: bool,
    pub(super) scales: Option<Scales>,
    pub(super) position: Option<PositionRecord>,
    pub(super) deals: Vec<Deal>,
    pub(super) deals_dropped: u64,
    pub(super) fired: bool,
    pub(super) refusal: Option<Refusal>,
    /// Average price of what a process before had bought.
    pub(super) carried: Option<Price>,
    decided: Option<Decided>,
}

impl Target {
    fn new(record: TargetRecord, changed: Moment) -> Self {
        Self {
            record,
            changed,
            permit: None,
            permit_at: Mono::ZERO,
            revoked: false,
            scales: None,
            position: None,
            deals: Vec::new(),
            deals_dropped: 0,
            fired: false,
            refusal: None,
            carried: None,
            decided: None,
        }
    }

    /// What was decided; of a target that has not fired, what stands decided.
    pub(super) fn decided(&self, signal: Option<Signal>) -> Decided {
        self.decided.unwrap_or(Decided {
            pattern: self.record.pattern,
            confidence: self.record.confidence,
            opens_at: self.record.opens_at,
            signal,
            permit: self.permit,
            entry: None,
            exit: self.record.exit,
            scales: self.scales,
        })
    }

    /// Its first order is about to leave: later facts are no part of the decision.
    pub(super) fn decide(&mut self, entry: OrderKind, signal: Option<Signal>) {
        if self.decided.is_none() {
            self.decided = Some(Decided { entry: Some(entry), ..self.decided(signal) });
        }
    }

    /// Adds a deal unless it was told before.
    pub(super) fn add(&mut self, deal: Deal) -> bool {
        if self.deals.iter().any(|known| known.fill.trade == deal.fill.trade) {
            return false;
        }
        if self.deals.len() >= FILLS_MAX {
            self.deals_dropped += 1;
        } else {
            self.deals.push(deal);
        }
        true
    }

    /// What the known deals of an order have filled.
    pub(super) fn filled_of(&self, id: ClientOrderId) -> Qty {
        let deals = self.deals.iter().filter(|deal| deal.fill.client_order_id == Some(id));
        deals.fold(Qty::ZERO, |sum, deal| sum.plus(deal.fill.qty).unwrap_or(sum))
    }

    /// Quote won or lost by what was sold: received minus the share of what was paid that the
    /// sold part cost. Of a closed position everything that was paid counts, so that an unsaleable
    /// rest is worth nothing. Fees in third assets are not valued.
    pub(super) fn realised(&self) -> Amount {
        let Some(position) = self.position else { return Amount::ZERO };
        let cost = match position.closed {
            Some(_) => position.paid,
            None => self.cost_of_sold(&position),
        };
        position.received.minus_or_min(cost)
    }

    fn cost_of_sold(&self, position: &PositionRecord) -> Amount {
        let sells = self.deals.iter().filter(|deal| deal.fill.side == Side::Sell);
        let sold = sells.fold(Qty::ZERO, |sum, deal| sum.plus(deal.fill.qty).unwrap_or(sum));
        let sold = i128::from(sold.raw());
        let all = sold + i128::from(position.qty.raw());
        if all == 0 {
            return Amount::ZERO;
        }
        // Quotient and rest apart: their products with a quantity do not overflow.
        let paid = position.paid.raw();
        Amount::from_raw(paid / all * sold + paid % all * sold / all)
    }

    pub(super) fn closed(&self) -> Option<Close> {
        self.position.and_then(|position| position.closed)
    }
}

/// All targets, and whose permit is whose.
#[derive(Debug, Default)]
pub(super) struct Targets {
    targets: BTreeMap<TargetId, Target>,
    permits: BTreeMap<PermitId, TargetId>,
    /// Permits that take the place of a target's once its record names them.
    successors: BTreeMap<PermitId, Permit>,
    /// Targets that were let go, or found no room because none was over.
    pub(super) dropped: u64,
}

impl Targets {
    /// Takes a record; gives the target that had to go for it.
    pub(super) fn take(&mut self, record: TargetRecord, at: Moment) -> Option<TargetId> {
        if let Some(target) = self.targets.get_mut(&record.id) {
            // The refusal that ends a target stands before the record that says so.
            if target.record.state != record.state && record.why != WhyNot::Refused {
                target.refusal = None;
            }
            (target.record, target.changed) = (record, at);
            if let Some(next) = record.permit.and_then(|id| self.successors.remove(&id)) {
                target.permit = Some(next);
            }
            return None;
        }
        let mut gone = None;
        if self.targets.len() >= TARGETS_MAX {
            self.dropped += 1;
            let mut over = self.targets.values().filter(|t| t.record.state.is_final());
            gone = Some(over.next()?.record.id);
        }
        if let Some(id) = gone {
            self.targets.remove(&id);
            self.permits.retain(|_, target| *target != id);
        }
        self.targets.insert(record.id, Target::new(record, at));
        gone
    }

    pub(super) fn on_permit(&mut self, permit: Permit, scales: Option<Scales>, at: Mono) {
        let Some(target) = self.targets.get_mut(&permit.target) else { return };
        (target.permit, target.permit_at) = (Some(permit), at);
        (target.revoked, target.scales) = (false, scales);
        if self.permits.len() >= PERMITS_MAX {
            self.permits.pop_first();
        }
        self.permits.insert(permit.id, permit.target);
    }

    pub(super) fn on_successor(&mut self, permit: Permit) {
        if self.successors.len() >= PERMITS_MAX {
            self.successors.pop_first();
        }
        self.successors.insert(permit.id, permit);
        if self.permits.len() >= PERMITS_MAX {
            self.permits.pop_first();
        }
        self.permits.insert(permit.id, permit.target);
    }

    pub(super) fn get(&self, id: TargetId) -> Option<&Target> {
        self.targets.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: TargetId) -> Option<&mut Target> {
        self.targets.get_mut(&id)
    }

    pub(super) fn of_permit(&self, permit: PermitId) -> Option<TargetId> {
        self.permits.get(&permit).copied()
    }

    /// By id, which is the order they were made in.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Target> {
        self.targets.values()
    }
}
