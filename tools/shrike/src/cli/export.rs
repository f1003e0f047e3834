//! `shrike export`: deals, orders and positions for accounting.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use archive::query::{self, Query};
use archive::{Rows, View, day};
use clap::{Args, ValueEnum};
use model::AccountId;
use serde_json::Value;

use super::control::Place;
use super::{CliError, Exit, Out, watched};
use crate::trader::archiving;

/// Write deals, orders or positions as CSV, with exact figures
#[derive(Debug, Args)]
#[command(after_help = "\
Times are UTC in ISO 8601 with nanoseconds; money and quantities are exact decimals; what is not \
known is empty. Days are of UTC: deals count by when they happened, orders by when they were placed, \
positions by when they were opened. With --json a line for each row, times in nanoseconds.\n\n\
fills      seq at account symbol side price qty value quote fee fee_asset maker leg target\n\
           client_order_id venue_order trade source\n\
orders     seq placed_at account symbol side kind leg attempt price qty filled state code message\n\
           target permit client_order_id venue_order epoch sent_at answered_at first_fill_at\n\
           cancel_asked_at cancel_sent_at ended_at\n\
positions  target account symbol quote opened_at closed_at closed qty bought sold paid received\n\
           realised unvalued_fees closing by_hand high changed_at changed_seq\n\n\
`value` is price x qty in the quote asset, before fees; `seq` is the record in the journal.\n\n\
Example: shrike export fills --csv --from 2026-11-01 --to 2026-11-30 --out november.csv")]
pub(super) struct ExportArgs {
    /// What to write
    what: What,
    /// As CSV, which is also the default
    #[arg(long)]
    csv: bool,
    /// Only this account, by its number in the configuration
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(..8))]
    account: Option<u8>,
    /// From this day on
    #[arg(long, value_name = "DATE", value_parser = date)]
    from: Option<i64>,
    /// Up to the end of this day
    #[arg(long, value_name = "DATE", value_parser = date)]
    to: Option<i64>,
    /// File to write, which must not exist; else the standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Deals
    Fills,
    /// Orders, refused ones too
    Orders,
    /// Positions
    Positions,
}

impl What {
    const fn query(self) -> &'static Query {
        match self {
            Self::Fills => &query::FILLS_OF_ACCOUNT,
            Self::Orders => &query::ORDERS_OF_ACCOUNT,
            Self::Positions => &query::POSITIONS_OF_ACCOUNT,
        }
    }
}

pub(super) fn date(text: &str) -> Result<i64, String> {
    day::parse(text).ok_or_else(|| format!("{text:?} is no day; write one as 2026-11-20"))
}

/// The data directory that a command means.
pub(super) fn data_of(place: &Place) -> Result<PathBuf, CliError> {
    let env: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    place.data_dir(std::env::var_os("SHRIKE_DATA"), &env).map_err(|error| {
        CliError::usage(format!(
            "no data directory is named with --data or SHRIKE_DATA, and the configuration cannot \
             be read: {error}"
        ))
    })
}

/// The archive of the data directory that a command means.
pub(super) fn view_of(place: &Place) -> Result<View, CliError> {
    let data = data_of(place)?;
    watched("bringing the archive up to date", |_| archiving::view(&data)).map_err(CliError::failed)
}

pub(super) fn run(args: &ExportArgs, out: &mut Out) -> Result<Exit, CliError> {
    if args.csv && out.is_json() {
        return Err(CliError::usage("--csv and --json exclude each other; choose one"));
    }
    if let (Some(from), Some(to)) = (args.from, args.to)
        && to < from
    {
        let (from, to) = (day::print(from), day::print(to));
        return Err(CliError::usage(format!("--to {to} lies before --from {from}")));
    }
    let view = view_of(&args.place)?;
    match &args.out {
        None => export(args, &view, out)?,
        Some(path) => {
            let mut options = OpenOptions::new();
            let file = options.write(true).create_new(true).mode(0o600).open(path);
            let file = file.map_err(|error| {
                let mend = "; name a file that is not there, in a folder that is";
                CliError::failed(format!("cannot make {}: {error}{mend}", path.display()))
            })?;
            let mut to = Out::to(Box::new(file), out.is_json());
            export(args, &view, &mut to)?;
            to.flush()?;
        }
    }
    Ok(Exit::Done)
}

fn export(args: &ExportArgs, view: &View, out: &mut Out) -> Result<(), CliError> {
    let from = args.from.map_or(i64::MIN, day::begin);
    let to = args.to.map_or(i64::MAX, |to| day::begin(to + 1));
    let accounts = match args.account {
        Some(account) => account..account + 1,
        None => 0..AccountId::MAX as u8,
    };
    let mut headed = false;
    for account in accounts {
        let rows = view.ask(args.what.query(), (account, from, to)).map_err(CliError::failed)?;
        if out.is_json() {
            for row in rows.objects() {
                out.document(&row)?;
            }
            continue;
        }
        if !std::mem::replace(&mut headed, true) {
            out.line(rows.columns.join(","))?;
        }
        print(&rows, out)?;
    }
    Ok(())
}

fn print(rows: &Rows, out: &mut Out) -> Result<(), CliError> {
    let times: Vec<bool> =
        rows.columns.iter().map(|name| name == "at" || name.ends_with("_at")).collect();
    for row in &rows.rows {
        let mut line = Vec::new();
        for (at, value) in row.iter().enumerate() {
            if at > 0 {
                line.push(b',');
            }
            let text = match value {
                Value::Null => String::new(),
                Value::Number(number) if times[at] => {
                    number.as_i64().map(day::moment).unwrap_or_default()
                }
                Value::String(text) => quoted(text),
                Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                    value.to_string()
                }
            };
            // Writing to memory does not fail.
            let _ = write!(line, "{text}");
        }
        out.line(String::from_utf8_lossy(&line))?;
    }
    Ok(())
}

/// As RFC 4180 has it. A text that a spreadsheet would run as a formula is kept from that: the
/// venue's messages are not ours.
fn quoted(text: &str) -> String {
    let formula =
        text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_where_it_must_be_and_no_formula() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a,b"), "\"a,b\"");
        assert_eq!(quoted("say \"no\""), "\"say \"\"no\"\"\"");
        assert_eq!(quoted("=cmd()"), "'=cmd()");
        assert_eq!(quoted("-1.5"), "-1.5", "a loss is a number");
    }

    #[test]
    fn a_day_that_is_none_is_said() {
        assert_eq!(date("2026-11-20"), Ok(20_777));
        assert!(date("20.11.2026").unwrap_err().contains("write one as"));
    }
}
