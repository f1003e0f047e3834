//! The demo's result, for people and for scripts.

use serde_json::Value;

use crate::cli::{CliError, Exit, Out};

/// Prints the document, or what a person wants to know of it.
pub(super) fn print(document: &Value, out: &mut Out) -> Result<(), CliError> {
    if out.is_json() {
        return out.document(document);
    }
    out.line("")?;
    for target in items(&document["targets"]) {
        print_target(target, out)?;
    }
    let summary = &document["summary"];
    out.line(format_args!(
        "{} of {} targets completed, {} orders, {} fills, {} USDT after fees",
        summary["completed"],
        summary["targets"],
        summary["orders"],
        summary["fills"],
        text(&summary["realised_quote"]),
    ))?;
    out.line("")?;
    print_latencies(&document["latency_ns"], out)?;
    out.line(format_args!("decisions {}", text(&document["decisions_hash"])))?;
    let journal = text(&document["journal"]);
    out.line(format_args!("journal   {journal}"))?;
    out.line(format_args!("\nNext: shrike verify {journal}    shrike replay {journal}"))
}

fn print_target(target: &Value, out: &mut Out) -> Result<(), CliError> {
    let pattern = &target["pattern"];
    out.line(format_args!(
        "{:<12} {:<10} {} at {} of 100",
        text(&target["symbol"]),
        text(&target["state"]),
        text(&pattern["kind"]),
        pattern["confidence"],
    ))?;
    let permit = &target["permit"];
    if !permit.is_null() {
        out.line(format_args!(
            "  permit   up to {} at no more than {}, {} orders",
            text(&permit["notional_max"]),
            text(&permit["price_max"]),
            permit["orders_max"],
        ))?;
    }
    for attempt in items(&target["attempts"]) {
        let code = &attempt["code"];
        out.line(format_args!(
            "  attempt  {:>6}  {}",
            code.to_string(),
            text(&attempt["message"])
        ))?;
    }
    for fill in items(&target["fills"]) {
        out.line(format_args!(
            "  {:<8} {} at {}  fee {} {}  ({})",
            text(&fill["side"]).to_lowercase(),
            text(&fill["qty"]),
            text(&fill["price"]),
            text(&fill["fee"]),
            text(&fill["fee_asset"]),
            text(&fill["leg"]),
        ))?;
    }
    out.line(format_args!("  result   {} USDT\n", text(&target["realised_quote"])))
}

fn print_latencies(latencies: &Value, out: &mut Out) -> Result<(), CliError> {
    let Some(stages) = latencies.as_object() else { return Ok(()) };
    out.line("latency, µs               p50        p99        max   count")?;
    for (stage, figures) in stages {
        let micros = |name: &str| {
            let nanos = figures[name].as_u64();
            nanos.map_or("-".to_owned(), |nanos| format!("{}.{}", nanos / 1_000, nanos / 100 % 10))
        };
        let (p50, p99, max) = (micros("p50"), micros("p99"), micros("max"));
        let count = &figures["count"];
        out.line(format_args!("{stage:<20} {p50:>10} {p99:>10} {max:>10} {count:>7}"))?;
    }
    Ok(())
}

/// Done when every listing was bought and sold.
pub(super) fn exit(document: &Value, listings: usize) -> Exit {
    let completed = document["summary"]["completed"].as_u64();
    if completed == Some(listings as u64) { Exit::Done } else { Exit::Failed }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}
