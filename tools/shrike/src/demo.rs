//! `shrike demo`: the whole system on the built-in exchange, from an empty folder to the result.

mod play;
mod report;
mod scenario;
mod virtually;

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

use crate::cli::{CliError, Exit, Out};
use scenario::Scenario;

/// Run the whole system on the built-in exchange: learn of listings, buy them, sell them, report
#[derive(Debug, Args)]
#[command(
    after_help = "It trades only with the simulated exchange that it starts on this machine.\n\
                        Example: shrike demo --seed 7 --listings 3"
)]
pub struct DemoArgs {
    /// Without a console; the demo ends by itself when every listing is over
    #[arg(long)]
    headless: bool,
    /// One thread and a virtual clock: equal seeds give byte-equal journals
    #[arg(long = "virtual")]
    virtually: bool,
    /// Everything that is left to chance follows from it
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Listings that open, 1 to 5
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=5))]
    listings: u8,
    /// Listings, accounts and faults of a scenario file in the place of the demo's own; exit 1 when
    /// a pair ends otherwise than the file expects
    #[arg(long, value_name = "FILE", conflicts_with = "listings")]
    scenario: Option<PathBuf>,
    /// Data directory; a fresh one under data/ unless named
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// What both kinds of run need.
#[derive(Debug)]
struct Stage {
    seed: u64,
    listings: usize,
    scenario: Option<Scenario>,
    data: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`] when the run could not begin or broke.
pub fn run(args: &DemoArgs, out: &mut Out) -> Result<Exit, CliError> {
    let scenario = args.scenario.as_deref().map(Scenario::read).transpose()?;
    let data = match &args.data {
        Some(path) => path.clone(),
        None => fresh_folder(Path::new("data"))?,
    };
    let listings = match &scenario {
        Some(scenario) => scenario.config.listings.len(),
        None => usize::from(args.listings),
    };
    let stage = Stage { seed: args.seed, listings, scenario, data };
    if args.virtually { virtually::run(&stage, out) } else { play::run(&stage, args.headless, out) }
}

/// A folder that nobody has used.
fn fresh_folder(under: &Path) -> Result<PathBuf, CliError> {
    let secs = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    for n in 0..1_000_u32 {
        let path = under.join(format!("demo-{secs}-{n}"));
        match std::fs::create_dir_all(under).and_then(|()| std::fs::create_dir(&path)) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(CliError::failed(format_args!(
                    "cannot make {}: {error}; name a folder with --data",
                    path.display()
                )));
            }
        }
    }
    Err(CliError::failed(format_args!(
        "{} holds a thousand demos of this second; name a folder with --data",
        under.display()
    )))
}
