//! `shrike patterns`: how good detection is.

use std::fs;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use patterns::families::FAMILIES;
use patterns::{Family, Report, picture, rehearse};
use serde_json::{Value, json};

use super::{CliError, Exit, Out};

/// Hold published confidence against what happened
#[derive(Debug, Args)]
pub(super) struct PatternsArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Report(ReportArgs),
}

/// Reliability of the confidence on five histories that are drawn from known rules
#[derive(Debug, Args)]
#[command(after_help = "\
A confidence is the share of openings like this one that could be traded. Each figure of the second \
half of a history rests on outcomes before it alone. The Brier score is the mean squared distance of \
figure and outcome; beside it stand that of the share of the outcomes so far, the newer counting more, \
and that of the earlier programs' formula. A tenth of the scale holds when what happened lies where \
99.9 % of chance does.\n\n\
Example: shrike patterns report --listings 8000 --picture reliability.svg")]
struct ReportArgs {
    /// Openings of each history
    #[arg(long, value_name = "N", default_value_t = 8_000, value_parser = count)]
    listings: u32,
    /// Another seed draws other histories of the same rules
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// One family alone
    #[arg(long, value_name = "NAME", value_parser = family)]
    family: Option<&'static Family>,
    /// Write the diagrams here, as SVG
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
}

fn count(text: &str) -> Result<u32, String> {
    let count = text.parse().ok().filter(|count| (400..=200_000).contains(count));
    count.ok_or_else(|| "name a number from 400 to 200000".to_owned())
}

fn family(name: &str) -> Result<&'static Family, String> {
    let known = || FAMILIES.each_ref().map(|family| family.name).join(", ");
    Family::find(name).ok_or_else(|| format!("there is none of this name; there are {}", known()))
}

pub(super) fn run(args: &PatternsArgs, out: &mut Out) -> Result<Exit, CliError> {
    let What::Report(args) = &args.what;
    let chosen = FAMILIES.iter().filter(|one| args.family.is_none_or(|f| f.name == one.name));
    let reports: Vec<(&'static Family, Report)> =
        chosen.map(|family| (family, rehearse(family, args.listings, args.seed))).collect();
    if let Some(file) = &args.picture {
        let named: Vec<(&str, Report)> =
            reports.iter().map(|(family, report)| (family.name, report.clone())).collect();
        fs::write(file, picture(&named))
            .map_err(|error| CliError::failed(format!("{}: {error}", file.display())))?;
    }
    if out.is_json() {
        let families: Vec<Value> = reports.iter().map(document).collect();
        let (listings, seed) = (args.listings, args.seed);
        out.document(&json!({ "listings": listings, "seed": seed, "families": families }))?;
    } else {
        print(&reports, out)?;
    }
    Ok(Exit::Done)
}

fn document((family, report): &(&'static Family, Report)) -> Value {
    let mut document = report.document();
    document["family"] = family.name.into();
    document["about"] = family.about.into();
    document
}

fn print(reports: &[(&'static Family, Report)], out: &mut Out) -> Result<(), CliError> {
    for (family, report) in reports {
        out.line(format!("{}: {}", family.name, family.about))?;
        out.line(format!(
            "  Brier {:.4}, base rate {:.4}, earlier formula {:.4}; calibration error {:.1} points over \
             {} figures",
            report.brier,
            report.brier_base_rate,
            report.brier_earlier,
            report.calibration_error * 100.0,
            report.count,
        ))?;
        for band in &report.bands {
            let holds = if band.holds() { "" } else { ", which chance does not explain" };
            out.line(format!(
                "  {:>3} to {:<3} {:>5} figures, mean {:>5.1} %, could be traded {:>5.1} %{holds}",
                band.from,
                u16::from(band.from) + 10,
                band.count,
                band.predicted * 100.0,
                band.realised() * 100.0,
            ))?;
        }
    }
    Ok(())
}
