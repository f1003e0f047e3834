//! An account's day, added up exactly.

use std::collections::BTreeMap;

use model::{AccountId, Amount};
use rusqlite::params;
use serde_json::{Map, Value, json};

use crate::{ArchiveError, Rows, View, day, money, query};

/// Figures of a day that are sums of money, in the order they are shown.
const SUMS: [&str; 7] =
    ["bought", "sold", "bought_qty", "sold_qty", "fees_quote", "fees_base", "realised"];
/// States of targets that a report counts, besides those made.
const ENDS: [&str; 5] = ["completed", "failed", "missed", "expired", "cancelled"];

/// The document of `shrike report day` for a day since the epoch in UTC.
///
/// `date`, and `accounts`, each with `targets` {`made`, `completed`, `failed`, `missed`, `expired`,
/// `cancelled`}, `orders` {`placed` and each state}, `fills`, `totals` by quote asset and `symbols`.
/// Money is decimal text. `fees_base` are in the coin that was traded and stand by symbol alone;
/// `realised` has both kinds of fee in it, and `unvalued_fees` counts those in third assets, which
/// it has not. A target counts on the day it was made and on the day it ended.
///
/// # Errors
/// [`ArchiveError::Sql`].
pub fn of_day(view: &View, of: i64) -> Result<Value, ArchiveError> {
    let mut by_account: BTreeMap<i64, Vec<Map<String, Value>>> = BTreeMap::new();
    for row in view.ask(&query::DAY, [of])?.objects() {
        by_account.entry(row["account"].as_i64().unwrap_or(-1)).or_default().push(row);
    }
    let mut accounts = Vec::new();
    for account in 0..AccountId::MAX as i64 {
        let rows = by_account.remove(&account).unwrap_or_default();
        let targets = targets(view, account, of)?;
        let idle = targets.values().all(|count| *count == 0);
        if rows.is_empty() && idle {
            continue;
        }
        accounts.push(account_of(view, account, of, &rows, &targets)?);
    }
    Ok(json!({ "date": day::print(of), "day": of, "accounts": accounts }))
}

fn account_of(
    view: &View,
    account: i64,
    of: i64,
    rows: &[Map<String, Value>],
    targets: &BTreeMap<&'static str, u64>,
) -> Result<Value, ArchiveError> {
    let count = |name: &str| rows.iter().filter_map(|row| row[name].as_u64()).sum::<u64>();
    let mut totals: BTreeMap<String, BTreeMap<&str, Amount>> = BTreeMap::new();
    for row in rows {
        let quote = row["quote"].as_str().unwrap_or_default().to_owned();
        let sums = totals.entry(quote).or_default();
        for name in ["bought", "sold", "fees_quote", "realised"] {
            let amount = money::amount("daily_results", row[name].as_str().unwrap_or_default())?;
            let sum = sums.entry(name).or_insert(Amount::ZERO);
            *sum = sum.plus_or_max(amount);
        }
    }
    let totals: Map<String, Value> = totals
        .into_iter()
        .map(|(quote, sums)| {
            let sums =
                sums.into_iter().map(|(name, sum)| (name.to_owned(), money::text(sum).into()));
            (quote, Value::Object(sums.collect()))
        })
        .collect();
    let symbols: Vec<Value> = rows.iter().map(symbol_of).collect();
    Ok(json!({
        "account": account,
        "targets": targets,
        "orders": orders(view, account, of)?,
        "fills": { "buys": count("buys"), "sells": count("sells") },
        "unvalued_fees": count("unvalued_fees"),
        "totals": totals,
        "symbols": symbols,
    }))
}

fn symbol_of(row: &Map<String, Value>) -> Value {
    let kept = ["symbol", "quote", "orders", "buys", "sells", "unvalued_fees"];
    let shown = kept.iter().chain(&SUMS).map(|name| ((*name).to_owned(), row[*name].clone()));
    Value::Object(shown.collect())
}

fn targets(
    view: &View,
    account: i64,
    of: i64,
) -> Result<BTreeMap<&'static str, u64>, ArchiveError> {
    let bounds = params![account, day::begin(of), day::begin(of + 1)];
    let made = view.ask(&query::TARGETS_MADE, bounds)?.rows.len() as u64;
    let over = states(view.ask(&query::TARGETS_OVER, bounds)?);
    let ends = ENDS.iter().map(|end| (*end, over.get(*end).copied().unwrap_or(0)));
    Ok(std::iter::once(("made", made)).chain(ends).collect())
}

fn orders(view: &View, account: i64, of: i64) -> Result<Value, ArchiveError> {
    let bounds = params![account, day::begin(of), day::begin(of + 1)];
    let states = states(view.ask(&query::ORDERS_OF_ACCOUNT, bounds)?);
    let placed: u64 = states.values().sum();
    let states = states.into_iter().map(|(state, count)| (state, count.into()));
    let mut counts: Map<String, Value> = states.collect();
    counts.insert("placed".to_owned(), placed.into());
    Ok(Value::Object(counts))
}

/// How many rows are in which state.
fn states(rows: Rows) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for row in rows.objects() {
        *counts.entry(row["state"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    counts
}
