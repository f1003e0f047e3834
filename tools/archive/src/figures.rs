//! The figures of a refusal, of evidence and of plans, as JSON text with exact decimals.

use model::{
    Amount, EntryKind, EntryPlan, Evidence, ExitPlan, Factor, Price, Qty, Signal, VenueTime,
};
use risk::{Cap, Refusal};
use serde_json::{Map, Value, json};

use crate::context::Symbol;
use crate::money;

/// The refusal's word and the figures compared. Prices and quantities of a pair whose scale is
/// unknown are left out.
pub(crate) fn of_refusal(refusal: &Refusal, symbol: &Symbol) -> (&'static str, String) {
    let (word, figures) = taken_apart(refusal, symbol);
    let figures = figures.into_iter().map(|(name, value)| (name.to_owned(), value));
    (word, Value::Object(figures.collect::<Map<_, _>>()).to_string())
}

type Figures = Vec<(&'static str, Value)>;

fn taken_apart(refusal: &Refusal, symbol: &Symbol) -> (&'static str, Figures) {
    let amount = |amount: Amount| Value::from(money::text(amount));
    let price = |price: Price| symbol.price(price).map_or(Value::Null, Value::from);
    let qty = |qty: Qty| symbol.qty(qty).map_or(Value::Null, |qty| money::text(qty).into());
    let amounts = |asked, max| vec![("asked", amount(asked)), ("max", amount(max))];
    match *refusal {
        Refusal::Killed { level } => ("killed", vec![("level", level.name().into())]),
        Refusal::Blocked { block } => ("blocked", vec![("block", block.name().into())]),
        Refusal::NotionalAboveMax { asked, max } => ("notional_above_max", amounts(asked, max)),
        Refusal::NotionalAboveCeiling { asked, max } => {
            ("notional_above_ceiling", amounts(asked, max))
        }
        Refusal::QtyAboveMax { asked, max } => ("qty_above_max", amounts(asked, max)),
        Refusal::BookShareAboveMax { asked, max } => {
            ("book_share_above_max", vec![("asked", qty(asked)), ("max", qty(max))])
        }
        Refusal::PriceOutsideCollar { asked, reference, bps_max } => (
            "price_outside_collar",
            vec![
                ("asked", price(asked)),
                ("reference", price(reference)),
                ("bps_max", bps_max.into()),
            ],
        ),
        Refusal::PriceDrifted { asked, from, bps_max } => (
            "price_drifted",
            vec![("asked", price(asked)), ("from", price(from)), ("bps_max", bps_max.into())],
        ),
        Refusal::MarketEntry => ("market_entry", vec![]),
        Refusal::NoRules => ("no_rules", vec![]),
        Refusal::RulesTooOld { age, max } => {
            ("rules_too_old", vec![("age_ns", age.nanos().into()), ("max_ns", max.nanos().into())])
        }
        Refusal::NotTradable { side, kind } => {
            ("not_tradable", vec![("side", side.name().into()), ("kind", kind.name().into())])
        }
        Refusal::OffTick { asked, tick } => {
            ("off_tick", vec![("asked", price(asked)), ("tick", price(tick))])
        }
        Refusal::OffStep { asked, step } => {
            ("off_step", vec![("asked", qty(asked)), ("step", qty(step))])
        }
        Refusal::QtyBelowMin { asked, min } => {
            ("qty_below_min", vec![("asked", qty(asked)), ("min", qty(min))])
        }
        Refusal::NotionalBelowMin { asked, min } => {
            ("notional_below_min", vec![("asked", amount(asked)), ("min", amount(min))])
        }
        Refusal::NotionalAboveVenue { asked, max } => ("notional_above_venue", amounts(asked, max)),
        Refusal::WrongPermit { permit } => ("wrong_permit", vec![("permit", permit.0.into())]),
        Refusal::PermitNotDurable { permit } => {
            ("permit_not_durable", vec![("permit", permit.0.into())])
        }
        Refusal::PermitRevoked { permit } => ("permit_revoked", vec![("permit", permit.0.into())]),
        Refusal::OutsideWindow { now, from, to } => (
            "outside_window",
            vec![
                ("now", now.nanos().into()),
                ("from", from.nanos().into()),
                ("to", to.nanos().into()),
            ],
        ),
        Refusal::PriceAbovePermit { asked, max } => {
            ("price_above_permit", vec![("asked", price(asked)), ("max", price(max))])
        }
        Refusal::NotionalAbovePermit { asked, max } => {
            ("notional_above_permit", amounts(asked, max))
        }
        Refusal::OrdersSpent { sent, max } => {
            ("orders_spent", vec![("sent", sent.into()), ("max", max.into())])
        }
        Refusal::RecvWindowTooLong { asked_ms, max_ms } => {
            ("recv_window_too_long", vec![("asked_ms", asked_ms.into()), ("max_ms", max_ms.into())])
        }
        Refusal::SellAboveHeld { asked, free } => {
            ("sell_above_held", vec![("asked", qty(asked)), ("free", qty(free))])
        }
        Refusal::DuplicateLeg { alive } => ("duplicate_leg", vec![("alive", alive.into())]),
        Refusal::Overflow => ("overflow", vec![]),
        Refusal::ExposureAboveMax { cap, asked, max } => {
            let cap = match cap {
                Cap::Symbol => "symbol",
                Cap::Quote => "quote",
                Cap::Total => "total",
            };
            let mut figures = amounts(asked, max);
            figures.push(("cap", cap.into()));
            ("exposure_above_max", figures)
        }
        Refusal::TooManyOrders { alive, max } => {
            ("too_many_orders", vec![("alive", alive.into()), ("max", max.into())])
        }
        Refusal::TooManyTargets { active, max } => {
            ("too_many_targets", vec![("active", active.into()), ("max", max.into())])
        }
        Refusal::RateSpent => ("rate_spent", vec![]),
        Refusal::DailyBuyAboveMax { asked, max } => ("daily_buy_above_max", amounts(asked, max)),
        Refusal::SelfTrade { asked, own } => {
            ("self_trade", vec![("asked", price(asked)), ("own", price(own))])
        }
        Refusal::Rule { slot, code } => {
            ("rule", vec![("slot", slot.0.into()), ("code", code.into())])
        }
        Refusal::RuleSilent { slot } => ("rule_silent", vec![("slot", slot.0.into())]),
    }
}

/// Facts behind a pattern, strongest first, in the terms of the documents.
pub(crate) fn of_evidence(signal: &Signal) -> String {
    let facts = signal.evidence.iter().map(|Evidence { factor, value }| {
        let shown = match factor {
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
        json!({ "factor": factor.name(), "value": shown })
    });
    Value::Array(facts.collect()).to_string()
}

/// A way in.
pub(crate) fn of_entry(plan: &EntryPlan, symbol: &Symbol) -> String {
    let names = [
        (plan.triggers.schedule, "schedule"),
        (plan.triggers.print, "print"),
        (plan.triggers.strategy, "strategy"),
    ];
    let triggers: Vec<_> = names.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect();
    json!({
        "triggers": triggers,
        "kind": match plan.kind {
            EntryKind::Limit => "limit",
            EntryKind::ImmediateOrCancel => "immediate_or_cancel",
        },
        "notional": money::text(plan.notional),
        "reference": plan.reference.name(),
        "operator_price": plan.operator_price.and_then(|price| symbol.price(price)),
        "premium_bps": plan.premium_bps,
        "early_ms": plan.early.millis(),
        "late_ms": plan.late.millis(),
        "orders_max": plan.orders_max,
    })
    .to_string()
}

/// A way out.
pub(crate) fn of_exit(plan: &ExitPlan) -> String {
    let ladder: Vec<_> = plan
        .ladder
        .iter()
        .map(|rung| json!({ "gain_bps": rung.gain_bps, "share_bps": rung.share_bps }))
        .collect();
    json!({
        "ladder": ladder,
        "stop_loss_bps": plan.stop_loss_bps,
        "trailing_bps": plan.trailing_bps,
        "trailing_from_bps": plan.trailing_from_bps,
        "break_even_bps": plan.break_even_bps,
        "time_stop_ms": plan.time_stop.millis(),
        "keep_bps": plan.keep_bps,
        "resting_share_bps": plan.resting_share_bps,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use model::PermitId;

    use super::*;

    #[test]
    fn a_refusal_keeps_its_figures_exactly() {
        let (asked, max) = (Amount::from_raw(120_500_000_000_000_000_000), Amount::from_units(100));
        let refusal = Refusal::NotionalAboveMax { asked, max };
        let (word, figures) = of_refusal(&refusal, &Symbol::default());
        assert_eq!(
            (word, figures.as_str()),
            ("notional_above_max", r#"{"asked":"120.5","max":"100"}"#)
        );
    }

    #[test]
    fn prices_are_at_the_scale_of_the_pair_and_null_where_it_is_unknown() {
        let price = |raw| Price::from_raw(raw).unwrap();
        let refusal = Refusal::PriceAbovePermit { asked: price(123), max: price(100) };
        let known = Symbol::with_scales(2, 0);
        assert_eq!(of_refusal(&refusal, &known).1, r#"{"asked":"1.23","max":"1"}"#);
        let unknown = of_refusal(&refusal, &Symbol::default()).1;
        assert_eq!(unknown, r#"{"asked":null,"max":null}"#);
        let refusal = Refusal::WrongPermit { permit: PermitId(9) };
        assert_eq!(of_refusal(&refusal, &known).1, r#"{"permit":9}"#);
    }
}
