//! `shrike report`: an account's day.

use std::time::{SystemTime, UNIX_EPOCH};

use archive::day;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::control::Place;
use super::export::{date, view_of};
use super::{CliError, Exit, Out};

/// Add up what was traded
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Day(DayArgs),
}

/// A day of UTC: targets, orders, deals, fees and result of each account, by pair
#[derive(Debug, Args)]
#[command(after_help = "\
A target counts on the day it was made and on the day it ended, an order when it was placed, a deal \
when it happened. The result is what was received minus what the sold part cost, with fees in the \
traded coin and in the quote asset; fees in a third asset are counted and not valued.\n\n\
Example: shrike report day --date 2026-11-20 --json")]
struct DayArgs {
    /// The day; today unless named
    #[arg(long, value_name = "DATE", value_parser = date)]
    date: Option<i64>,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(args: &ReportArgs, out: &mut Out) -> Result<Exit, CliError> {
    let What::Day(args) = &args.what;
    let view = view_of(&args.place)?;
    let today = || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        day::of(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    };
    let of = args.date.unwrap_or_else(today);
    let report = archive::report::of_day(&view, of).map_err(CliError::failed)?;
    if out.is_json() {
        out.document(&report)?;
    } else {
        print(&report, out)?;
    }
    Ok(Exit::Done)
}

fn print(report: &Value, out: &mut Out) -> Result<(), CliError> {
    let date = text(&report["date"]);
    let accounts = report["accounts"].as_array().map(Vec::as_slice).unwrap_or_default();
    if accounts.is_empty() {
        return out.line(format_args!("{date}: nothing was traded and no target was made"));
    }
    for account in accounts {
        out.line(format_args!("{date}, account {}", account["account"]))?;
        out.line(format_args!("  targets  {}", counts(&account["targets"])))?;
        out.line(format_args!("  orders   {}", counts(&account["orders"])))?;
        out.line(format_args!("  deals    {}", counts(&account["fills"])))?;
        for (quote, sums) in account["totals"].as_object().into_iter().flatten() {
            out.line(format_args!(
                "  {quote:<8} bought {}, sold {}, fees {}, result {}",
                text(&sums["bought"]),
                text(&sums["sold"]),
                text(&sums["fees_quote"]),
                text(&sums["realised"]),
            ))?;
        }
        let unvalued = account["unvalued_fees"].as_u64().unwrap_or(0);
        if unvalued > 0 {
            out.line(format_args!("  {unvalued} fees in a third asset are not in the result"))?;
        }
        for row in account["symbols"].as_array().into_iter().flatten() {
            out.line(format_args!(
                "    {:<14} {} buys {} for {}, {} sells {} for {}, fees {} {} and {} of the coin, \
                 result {}",
                text(&row["symbol"]),
                row["buys"],
                text(&row["bought_qty"]),
                text(&row["bought"]),
                row["sells"],
                text(&row["sold_qty"]),
                text(&row["sold"]),
                text(&row["fees_quote"]),
                text(&row["quote"]),
                text(&row["fees_base"]),
                text(&row["realised"]),
            ))?;
        }
    }
    Ok(())
}

/// `3 made, 2 completed`: what is zero is left out.
fn counts(of: &Value) -> String {
    let counts = of.as_object().into_iter().flatten();
    let told: Vec<String> = counts
        .filter(|(_, count)| count.as_u64() != Some(0))
        .map(|(name, count)| format!("{count} {}", name.replace('_', " ")))
        .collect();
    if told.is_empty() { "none".to_owned() } else { told.join(", ") }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}
