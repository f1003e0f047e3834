//! The fingerprint of what was decided before the first byte: equal for equal seeds, whatever the
//! clocks, ids and poll counts of a run were.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use model::{Evidence, ExitPlan, Factor, OrderKind, Permit, Signal, VenueTime};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::names::Scales;
use super::target::Decided;

/// SHA-256, in hexadecimal, of the canonical JSON of the decisions by symbol; a symbol's own
/// stand in the order they were made.
pub(super) fn hash(decisions: impl Iterator<Item = (String, Decided)>) -> String {
    let mut by_symbol: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (symbol, decided) in decisions {
        by_symbol.entry(symbol).or_default().push(facts(&decided));
    }
    let mut text = String::new();
    canonical(&json!(by_symbol), &mut text);
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn facts(decided: &Decided) -> Value {
    json!({
        "pattern": decided.pattern.name(),
        "confidence": decided.confidence.percent(),
        "evidence": evidence(decided.signal.as_ref(), decided.opens_at),
        "permit": decided.permit.map(|permit| bounds(&permit, decided)),
        "entry": decided.entry.map(OrderKind::name),
        "exit": exit(&decided.exit),
    })
}

/// Facts of the schedule, openings relative to the planned one. What depends on when somebody was
/// asked is left out.
fn evidence(signal: Option<&Signal>, opens_at: VenueTime) -> BTreeMap<&'static str, i64> {
    let known = signal.into_iter().flat_map(|signal| signal.evidence.iter());
    known
        .filter_map(|Evidence { factor, value }| {
            let value = match factor {
                Factor::CalendarOpening | Factor::WebListOpening => {
                    value.saturating_sub(opens_at.millis())
                }
                Factor::Triple | Factor::Precision => value,
                Factor::ExchangeInfo | Factor::ApiAllowed => return None,
            };
            Some((factor.name(), value))
        })
        .collect()
}

fn bounds(permit: &Permit, decided: &Decided) -> Value {
    let opens_at = decided.opens_at.millis();
    json!({
        "side": permit.side.name(),
        "notional_max": permit.notional_max.to_string(),
        "price_max": price(decided.scales, permit),
        "orders_max": permit.orders_max,
        "valid_from_ms": permit.valid_from.millis().saturating_sub(opens_at),
        "valid_to_ms": permit.valid_to.millis().saturating_sub(opens_at),
    })
}

/// At the symbol's scale; the bare integer where no rules were heard, so that it is not left out.
fn price(scales: Option<Scales>, permit: &Permit) -> String {
    scales.map_or_else(
        || format!("raw {}", permit.price_max.raw()),
        |scales| scales.price(permit.price_max),
    )
}

fn exit(plan: &ExitPlan) -> Value {
    let ladder: Vec<_> =
        plan.ladder.iter().map(|rung| json!([rung.gain_bps, rung.share_bps])).collect();
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
}

/// Keys sorted, no space: whatever order the map underneath keeps.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let sorted: BTreeMap<_, _> = fields.iter().collect();
            let parts = sorted.into_iter().map(|(key, value)| {
                let mut part = format!("{}:", Value::from(key.as_str()));
                canonical(value, &mut part);
                part
            });
            join('{', parts, '}', out);
        }
        Value::Array(items) => {
            let parts = items.iter().map(|item| {
                let mut part = String::new();
                canonical(item, &mut part);
                part
            });
            join('[', parts, ']', out);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let _ = write!(out, "{value}");
        }
    }
}

fn join(open: char, parts: impl Iterator<Item = String>, close: char, out: &mut String) {
    out.push(open);
    for (at, part) in parts.enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(&part);
    }
    out.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_text_has_sorted_keys_and_no_spaces() {
        let mut text = String::new();
        canonical(&json!({ "b": [1, { "z": null, "a": "x\"y" }], "a": true }), &mut text);
        assert_eq!(text, r#"{"a":true,"b":[1,{"a":"x\"y","z":null}]}"#);
    }

    #[test]
    fn the_hash_of_no_decisions_is_that_of_an_empty_object() {
        let empty = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert_eq!(hash(std::iter::empty()), empty);
    }
}
