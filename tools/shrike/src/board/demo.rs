//! The result of a demo: one document, whose fields are a contract with scripts.

use std::collections::BTreeSet;
use std::path::Path;

use model::{
    Amount, ClientOrderId, Close, Evidence, Factor, OrderLeg, Permit, Signal, TargetState,
    VenueTime,
};
use serde_json::{Map, Value, json};

use super::order::Order;
use super::target::{Deal, Decided, Target};
use super::{Board, decisions};

impl Board {
    /// The document of `shrike demo --json`.
    ///
    /// `summary.orders` counts orders of which a byte may have left, exits included;
    /// `summary.failed` counts targets that failed or expired. An order that the venue took has
    /// code 0 and message `accepted`; one without an answer has code null. `realised_quote` of the
    /// summary is null when targets differ in their quote asset.
    pub fn demo(&self, seed: u64, data: &Path, journal: &Path) -> Value {
        json!({
            "seed": seed,
            "decisions_hash": self.decisions_hash(),
            "data": data.display().to_string(),
            "journal": journal.display().to_string(),
            "summary": self.summary(),
            "targets": self.targets.iter().map(|target| self.target(target)).collect::<Vec<_>>(),
            "latency_ns": self.latencies.document(),
        })
    }

    /// SHA-256 of what was decided before the first byte: pattern, confidence, facts of the
    /// schedule, bounds of the permit, entry and exit plan, by symbol.
    pub fn decisions_hash(&self) -> String {
        decisions::hash(self.targets.iter().map(|target| {
            let decided = target.decided(self.signal(target));
            (self.names.name(target.record.symbol), decided)
        }))
    }

    fn signal(&self, target: &Target) -> Option<Signal> {
        self.names.symbol(target.record.symbol).and_then(|symbol| symbol.signal)
    }

    fn summary(&self) -> Value {
        let count = |states: &[TargetState]| {
            self.targets.iter().filter(|target| states.contains(&target.record.state)).count()
        };
        json!({
            "targets": self.targets.iter().count(),
            "completed": count(&[TargetState::Completed]),
            "failed": count(&[TargetState::Failed, TargetState::Expired]),
            "missed": count(&[TargetState::Missed]),
            "orders": self.orders.count(Order::was_sent),
            "fills": self.counts.fills,
            "realised_quote": self.realised_in_all(),
        })
    }

    fn realised_in_all(&self) -> Option<String> {
        let quotes: BTreeSet<_> = self
            .targets
            .iter()
            .filter(|target| target.position.is_some())
            .map(|target| self.names.symbol(target.record.symbol).map(|symbol| symbol.quote))
            .collect();
        let sums = self.targets.iter().map(Target::realised);
        let sum = sums.fold(Amount::ZERO, Amount::plus_or_max);
        (quotes.len() <= 1).then(|| sum.to_string())
    }

    fn target(&self, target: &Target) -> Value {
        let decided = target.decided(self.signal(target));
        let own = self.orders.list(|order| order.target == Some(target.record.id));
        let (entries, sales): (Vec<&Order>, Vec<&Order>) =
            own.into_iter().partition(|order| order.is_entry());
        let attempts: Vec<_> = entries.into_iter().map(|order| self.attempt(order)).collect();
        json!({
            "symbol": self.names.name(target.record.symbol),
            "state": target.record.state.name(),
            "pattern": pattern(&decided),
            "permit": target.permit.map(|permit| permit_of(target, &permit)),
            "attempts": attempts,
            "fills": target.deals.iter().map(|deal| self.fill(deal)).collect::<Vec<_>>(),
            "exits": self.exits(target, &sales),
            "realised_quote": target.realised().to_string(),
        })
    }

    fn attempt(&self, order: &Order) -> Value {
        let (code, message) = order.answer();
        json!({
            "client_order_id": order.id().to_string(),
            "at": self.clock.venue_ns(order.sent.unwrap_or(order.placed)),
            "code": code,
            "message": message,
        })
    }

    fn fill(&self, deal: &Deal) -> Value {
        let fill = &deal.fill;
        let stamped = deal.stamped.is_some().then(|| deal.stamped.nanos());
        json!({
            "side": fill.side.name(),
            "price": deal.scales.map(|scales| scales.price(fill.price)),
            "qty": deal.scales.map(|scales| scales.qty(fill.qty)),
            "fee": fill.fee.to_string(),
            "fee_asset": self.names.asset(fill.fee_asset),
            "at": stamped.or_else(|| self.clock.venue_ns(deal.heard)),
            "client_order_id": fill.client_order_id.map(|id| id.to_string()),
            "leg": fill.client_order_id.map(|id| id.leg().name()),
        })
    }

    /// One entry for each sale that was sent; where none of them bears the reason that closed the
    /// position, one more that names it.
    fn exits(&self, target: &Target, sales: &[&Order]) -> Vec<Value> {
        let closed = target.closed();
        let sent = sales.iter().filter(|order| order.was_sent());
        let mut exits: Vec<Value> = sent.map(|order| self.exit(order, closed)).collect();
        if let Some(how) = closed
            && !exits.iter().any(|exit| exit["reason"] == how.name())
        {
            let rest = target.position.map(|position| position.qty);
            let qty = rest.zip(target.scales).map(|(qty, scales)| scales.qty(qty));
            exits.push(json!({
                "leg": null, "kind": null, "price": null, "qty": qty, "filled": "0",
                "reason": how.name(),
            }));
        }
        exits
    }

    fn exit(&self, order: &Order, closed: Option<Close>) -> Value {
        let Value::Object(mut fields) = self.attempt(order) else { return Value::Null };
        let scales = order.scales;
        let own = json!({
            "leg": order.id().leg().name(),
            "kind": order.request.kind.name(),
            "price": scales.map(|scales| scales.price(order.request.price)),
            "qty": scales.map(|scales| scales.qty(order.request.qty)),
            "filled": scales.map(|scales| scales.qty(order.filled)),
            "reason": reason(order.id(), closed),
        });
        fields.extend(own.as_object().cloned().unwrap_or_else(Map::new));
        Value::Object(fields)
    }
}

/// Why a sale was made: a rung says so itself; which stop it was, the closed position says.
fn reason(id: ClientOrderId, closed: Option<Close>) -> &'static str {
    match (id.leg(), closed) {
        (OrderLeg::STOP, Some(how)) if how != Close::TakeProfit && how != Close::Dust => how.name(),
        (OrderLeg::MANUAL, Some(Close::TimeStop)) => Close::TimeStop.name(),
        (leg, _) => leg.name(),
    }
}

fn permit_of(target: &Target, permit: &Permit) -> Value {
    json!({
        "id": permit.id.0,
        "side": permit.side.name(),
        "notional_max": permit.notional_max.to_string(),
        "price_max": target.scales.map(|scales| scales.price(permit.price_max)),
        "reference": permit.reference.name(),
        "orders_max": permit.orders_max,
        "valid_from": permit.valid_from.nanos(),
        "valid_to": permit.valid_to.nanos(),
    })
}

pub(super) fn pattern(decided: &Decided) -> Value {
    let evidence = decided
        .signal
        .map(|signal| signal.evidence.iter().map(|evidence| fact(&evidence)).collect::<Vec<_>>());
    json!({
        "kind": decided.pattern.name(),
        "confidence": decided.confidence.percent(),
        "evidence": evidence.unwrap_or_default(),
    })
}

/// A fact with its value in the terms of the documents rather than those of the journal.
fn fact(evidence: &Evidence) -> Value {
    let value = evidence.value;
    let value = match evidence.factor {
        Factor::CalendarOpening | Factor::WebListOpening => {
            json!(VenueTime::from_millis(value).nanos())
        }
        Factor::Triple => {
            json!({ "sts": value / 10_000, "st": value / 100 % 100, "tt": value % 100 })
        }
        Factor::Precision => json!({ "price": value / 100, "qty": value % 100 }),
        Factor::ExchangeInfo => json!(match value {
            1 => "online",
            2 => "paused",
            _ => "offline",
        }),
        Factor::ApiAllowed => json!(value == 1),
    };
    json!({ "factor": evidence.factor.name(), "value": value })
}
