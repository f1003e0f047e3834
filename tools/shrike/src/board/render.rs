//! The status for people.

use std::fmt::Write as _;

use serde_json::Value;

/// Text of a status document: a head of pairs, then a table for each list that has rows. A field
/// that is missing shows as `-`.
pub fn render_status(status: &Value) -> String {
    let mut text = head(status);
    let tables = [
        ("targets", &["symbol", "state", "why", "waits_for"][..]),
        ("positions", &["symbol", "qty", "paid", "received"][..]),
        (
            "orders_in_flight",
            &["client_order_id", "symbol", "leg", "side", "price", "qty", "filled", "state"][..],
        ),
        ("budgets", &["account", "orders_left_this_second", "daily_buy_left", "daily_buy_max"][..]),
        ("sources", &["source", "age", "readings", "failures", "last_http", "rows"][..]),
        ("alarms", &["kind", "symbol", "figure", "advice"][..]),
    ];
    for (name, columns) in tables {
        let rows = status[name].as_array().map(Vec::as_slice).unwrap_or_default();
        if !rows.is_empty() {
            let rows: Vec<Value> = rows.iter().map(with_age).collect();
            text.push('\n');
            text.push_str(&table(name, columns, &rows));
        }
    }
    text
}

/// A row with its age in words.
fn with_age(row: &Value) -> Value {
    let mut row = row.clone();
    if let Some(nanos) = row["age_ns"].as_u64() {
        row["age"] = format!("{}.{} s", nanos / 1_000_000_000, nanos / 100_000_000 % 10).into();
    }
    row
}

fn head(status: &Value) -> String {
    let kill = &status["kill"];
    let reason = kill["reason"].as_str().filter(|reason| !reason.is_empty());
    let reason = reason.map(|reason| format!(" ({})", printable(reason))).unwrap_or_default();
    let latched = if kill["on_disk"] == Value::Bool(false) { ", not yet on disk" } else { "" };
    let blocks = status["blocks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let blocks: Vec<String> = blocks.iter().map(block).collect();
    let journal = &status["journal"];
    let rows = [
        ("mode", cell(&status["mode"])),
        ("instance", cell(&status["instance"])),
        ("kill switch", format!("{}{reason}{latched}", cell(&kill["level"]))),
        ("blocks", if blocks.is_empty() { "none".to_owned() } else { blocks.join(", ") }),
        ("clock error", nanos(&status["clock"]["error_ns"])),
        ("heartbeat", nanos(&status["heartbeat_age_ns"])),
        ("last event", nanos(&status["last_event"]["age_ns"])),
        ("next", next_opening(&status["next_opening"])),
        ("now", cell(&status["inaction"])),
        ("events", cell(&status["events"]["total"])),
        (
            "journal",
            format!("{} of {} on disk", cell(&journal["durable_seq"]), cell(&journal["last_seq"])),
        ),
    ];
    let limits = status["limits"].as_object().map(|limits| ("limits", in_force(limits)));
    let trouble = journal["trouble"].as_str().map(|text| ("trouble", printable(text)));
    let archive = archive_line(&status["archive"]).map(|text| ("archive", text));
    let rows = rows.into_iter().chain(limits).chain(archive).chain(trouble);
    rows.fold(String::new(), |mut text, (name, value)| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name:<12} {value}");
        text
    })
}

/// What the gate goes by, in quote.
fn in_force(limits: &serde_json::Map<String, Value>) -> String {
    let named = [
        ("order", "order_max_notional"),
        ("pair", "exposure_symbol"),
        ("all", "exposure_total"),
        ("day", "daily_max_buy"),
    ];
    let shown = named
        .map(|(name, key)| format!("{name} {}", limits.get(key).map_or_else(String::new, cell)));
    shown.join(", ")
}

fn next_opening(next: &Value) -> String {
    match next["opens_in_ns"].as_u64() {
        Some(nanos) => {
            let (name, left) = (cell(&next["symbol"]), super::inaction::seconds(nanos));
            format!("{name} opens in {left}")
        }
        None => "no opening is known".to_owned(),
    }
}

fn archive_line(archive: &Value) -> Option<String> {
    let behind = archive["behind"].as_u64()?;
    let trouble = archive["trouble"].as_str();
    let trouble = trouble.map(|text| format!(", stands still: {}", printable(text)));
    Some(format!("{behind} records behind{}", trouble.unwrap_or_default()))
}

fn block(block: &Value) -> String {
    match block["account"].as_u64() {
        Some(account) => format!("{} (account {account})", cell(&block["block"])),
        None => cell(&block["block"]),
    }
}

pub(crate) fn table(name: &str, columns: &[&str], rows: &[Value]) -> String {
    let title = name.replace('_', " ");
    let heads = columns.iter().map(|column| column.replace('_', " ")).collect::<Vec<_>>();
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|&column| cell(&row[column])).collect()).collect();
    let lines = || std::iter::once(&heads).chain(&cells);
    let widths: Vec<usize> = (0..columns.len())
        .map(|at| lines().map(|line| line[at].chars().count()).max().unwrap_or(0))
        .collect();
    lines().fold(format!("{title}\n"), |mut text, line| {
        let padded = line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        let row = padded.collect::<Vec<_>>().join("  ");
        let _ = writeln!(text, "  {}", row.trim_end());
        text
    })
}

pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => printable(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Names come from outside: no control character reaches the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn nanos(value: &Value) -> String {
    match value.as_u64() {
        Some(nanos) => format!("{}.{:03} ms", nanos / 1_000_000, nanos / 1_000 % 1_000),
        None => "unknown".to_owned(),
    }
}
