//! Answers for people.

use std::fmt::Write as _;

use serde_json::Value;

use super::time;
pub(super) use crate::board::render_cell as cell;
use crate::board::render_table;

pub(super) fn targets(rows: &[Value]) -> String {
    let columns = ["id", "symbol", "state", "why", "opens", "waits_for"];
    table("targets", &columns, rows, "No target.")
}

pub(super) fn positions(rows: &[Value]) -> String {
    let columns = [
        "symbol",
        "state",
        "qty",
        "average",
        "bid",
        "paid",
        "received",
        "unrealised_quote",
        "exits",
    ];
    table("positions", &columns, rows, "Nothing is held.")
}

pub(super) fn orders(rows: &[Value]) -> String {
    let columns =
        ["client_order_id", "symbol", "leg", "side", "kind", "price", "qty", "filled", "state"];
    table("orders", &columns, rows, "No order may still fill.")
}

pub(super) fn listings(rows: &[Value]) -> String {
    let columns = ["symbol", "state", "opens", "witnesses", "target", "declined"];
    table("listings", &columns, rows, "No listing is known.")
}

/// What an action came to.
pub(super) fn told(answer: &Value) -> String {
    let mut text = String::new();
    if answer["symbol"].is_string() {
        // Writing to a string does not fail.
        let _ = write!(text, "{}: ", cell(&answer["symbol"]));
    }
    text.push_str(&cell(&answer["message"]));
    let target = &answer["target"];
    if target.is_object() {
        let (id, state) = (cell(&target["id"]), cell(&target["state"]));
        let _ = write!(text, "\ntarget {id}: {state}. {}", cell(&target["waits_for"]));
    }
    let held = if answer["was"].is_object() { &answer["was"] } else { &answer["position"] };
    if held.is_object() {
        let (qty, average) = (cell(&held["qty"]), cell(&held["average"]));
        let word = if answer["was"].is_object() { "handed over" } else { "held" };
        let _ = write!(text, "\n{word}: {qty} bought at {average}");
    }
    let rehearsal = &answer["rehearsal"];
    if rehearsal.is_object() {
        let trip = rehearsal["round_trip_ns"].as_u64().unwrap_or(0);
        let _ = write!(
            text,
            "\n{} {} {} at {}; round trip {}.{:03} ms",
            cell(&rehearsal["kind"]),
            cell(&rehearsal["side"]),
            cell(&rehearsal["qty"]),
            cell(&rehearsal["price"]),
            trip / 1_000_000,
            trip / 1_000 % 1_000
        );
    }
    if let Some(orders) = answer["orders"].as_array() {
        for order in orders {
            let (id, message) = (cell(&order["client_order_id"]), cell(&order["message"]));
            let _ = write!(text, "\n{id}: {message}");
        }
    }
    text
}

fn table(name: &str, columns: &[&str], rows: &[Value], none: &str) -> String {
    if rows.is_empty() {
        return none.to_owned();
    }
    let rows: Vec<Value> = rows.iter().map(shown).collect();
    render_table(name, columns, &rows)
}

/// Times, lists and objects of a row as text.
fn shown(row: &Value) -> Value {
    let mut row = row.clone();
    row["opens"] = match row["opens_at"].as_i64() {
        Some(nanos) => time::show(nanos).into(),
        None => Value::Null,
    };
    for key in ["exits", "witnesses"] {
        if let Some(items) = row[key].as_array() {
            let items: Vec<String> = items.iter().map(item).collect();
            row[key] = items.join(", ").into();
        }
    }
    if row["target"].is_object() {
        let (id, state) = (cell(&row["target"]["id"]), cell(&row["target"]["state"]));
        row["target"] = format!("{id} {state}").into();
    }
    row
}

fn item(item: &Value) -> String {
    if !item.is_object() {
        return cell(item);
    }
    let (source, said) = (cell(&item["source"]), cell(&item["said"]));
    match item["heard_at"].as_i64() {
        Some(at) => format!("{source} {said} ({})", time::show(at)),
        None => format!("{source} {said}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_names_pair_message_and_target() {
        let answer = json!({
            "symbol": "NEWUSDT",
            "message": "the target is made",
            "target": { "id": 7, "state": "ready", "waits_for": "Waits for its time." },
        });
        let text = told(&answer);
        assert_eq!(text, "NEWUSDT: the target is made\ntarget 7: ready. Waits for its time.");
    }

    #[test]
    fn a_listing_shows_each_witness_with_its_time() {
        let row = json!({
            "symbol": "NEWUSDT",
            "state": "scheduled",
            "opens_at": 1_790_000_000_000_000_000_i64,
            "witnesses": [{ "source": "calendar", "said": "opens", "heard_at": 0 }],
            "target": { "id": 7, "state": "ready" },
        });
        let text = listings(&[row]);
        assert!(text.contains("2026-09-21 14:13:20"), "{text}");
        assert!(text.contains("calendar opens (1970-01-01 00:00:00)"), "{text}");
        assert!(text.contains("7 ready"), "{text}");
        assert_eq!(listings(&[]), "No listing is known.");
    }
}
