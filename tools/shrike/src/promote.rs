//! `shrike promote`: the operator's word that mode `live` may begin.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use journal::{Family, Kind, Observer, RecordView, Trouble};
use model::{Mode, Text};
use runtime::Clock;
use serde_json::json;
use settings::Settings;

use crate::cli::{CliError, Exit, Out};
use crate::modes::{self, Arms, Lineage, Promotion, ROUND_TRIPS_MIN};
use crate::trader::assembly::{Plan, offline_journal};
use crate::trader::run::operator;

/// Let mode `live` begin, after enough round trips at a tenth of the limits
#[derive(Debug, Args)]
#[command(
    after_help = "Shows what would be armed: program, configuration, schema, round trips. Typing \
                  its word\nwith --confirm writes the promotion into the journal. Another program \
                  or configuration\nneeds another promotion. Stop the trader first.\n\
                  Example: shrike promote --config config/trader.toml"
)]
pub struct PromoteArgs {
    /// The configuration that would be run; it says mode = "live"
    #[arg(long, value_name = "FILE", default_value = "config/trader.toml")]
    config: PathBuf,
    /// Data directory instead of the configuration's
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The word that the command shows: program, configuration and schema
    #[arg(long, value_name = "WORD")]
    confirm: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]: refused without the round trips, usage without the right word.
pub fn run(args: &PromoteArgs, out: &mut Out) -> Result<Exit, CliError> {
    let env: Vec<(String, String)> = std::env::vars().collect();
    let settings = Settings::load(std::slice::from_ref(&args.config), &env, &[]);
    let settings = settings.map_err(CliError::usage)?;
    if settings.mode != Mode::Live {
        return Err(CliError::usage(format_args!(
            "the configuration says mode = {:?}; a promotion is to mode = \"live\", and for the \
             configuration that says so",
            settings.mode.name()
        )));
    }
    let data_dir = args.data.clone().unwrap_or_else(|| settings.data_dir.clone());
    modes::check_kind(&data_dir, settings.mode).map_err(CliError::refused)?;
    let lineage = Lineage::read(&modes::journal_of(&data_dir)).map_err(CliError::failed)?;
    modes::check_nothing_held(&lineage, &data_dir, settings.mode).map_err(CliError::refused)?;
    modes::check_round_trips(&lineage, &data_dir).map_err(CliError::refused)?;
    let arms = Arms::of(&settings)
        .map_err(|error| CliError::failed(format_args!("this program: {error}")))?;
    let Some(word) = &args.confirm else { return show(&arms, &lineage, out) };
    if *word != arms.word() {
        return Err(CliError::usage(format_args!(
            "--confirm {word} is not the word of this program, configuration and schema; run \
             `shrike promote` without it, compare what it shows, and type that word"
        )));
    }
    let plan = Plan { settings, data_dir, keys: Vec::new(), operator: operator() };
    let promotion = Promotion {
        arms,
        round_trips: lineage.round_trips,
        wall_ns: wall_ns(),
        operator: Text::clipped(&plan.operator),
    };
    let seq = write(&plan, &promotion)?;
    if out.is_json() {
        out.document(&json!({ "promoted": true, "seq": seq, "operator": plan.operator }))?;
    } else {
        out.line(format_args!("promoted by record {seq}: {promotion}"))?;
    }
    Ok(Exit::Done)
}

fn show(arms: &Arms, lineage: &Lineage, out: &mut Out) -> Result<Exit, CliError> {
    let (trips, word) = (lineage.round_trips, arms.word());
    if out.is_json() {
        out.document(&json!({
            "promoted": false,
            "program": arms.binary.to_string(),
            "config": arms.config.to_string(),
            "schema": arms.schema,
            "round_trips": trips,
            "round_trips_min": ROUND_TRIPS_MIN,
            "word": word,
        }))?;
        return Ok(Exit::Usage);
    }
    out.line(format_args!("program      {}", arms.binary))?;
    out.line(format_args!("config       {}", arms.config))?;
    out.line(format_args!("schema       {}", arms.schema))?;
    out.line(format_args!("round trips  {trips} of {ROUND_TRIPS_MIN}"))?;
    out.line(format_args!("nothing is promoted yet; to let it trade the whole limits:"))?;
    out.line(format_args!("  shrike promote --confirm {word}"))?;
    Ok(Exit::Usage)
}

/// Appends the record to the journal of a trader that does not run; its number.
fn write(plan: &Plan, promotion: &Promotion) -> Result<u64, CliError> {
    let mut watch = Watch { seq: 0, durable: 0, trouble: None };
    let mut journal = offline_journal(plan, &mut watch).map_err(CliError::from)?;
    let payload = promotion.encode();
    let (family, kind) = (Family::Decisions, Kind::PROMOTION);
    let pushed = journal.producer.push(family, kind, Clock.now(), &payload);
    let seq = pushed.map_err(|error| CliError::failed(format_args!("the record: {error}")))?;
    journal.writer.drain(Clock.now(), &mut journal.consumer, &mut watch);
    journal.writer.close(&mut watch);
    if let Some(trouble) = watch.trouble {
        return Err(CliError::failed(format_args!("the journal has trouble: {trouble}")));
    }
    if watch.seq < seq || watch.durable < seq {
        return Err(CliError::failed("the record is not on disk; nothing is promoted"));
    }
    Ok(seq)
}

/// Sees what is written and how far it is on disk.
struct Watch {
    seq: u64,
    durable: u64,
    trouble: Option<String>,
}

impl Observer for Watch {
    fn on_record(&mut self, record: &RecordView<'_>) {
        self.seq = record.seq;
    }

    fn on_durable(&mut self, seq: u64) {
        self.durable = seq;
    }

    fn on_trouble(&mut self, trouble: &Trouble) {
        self.trouble = Some(format!("{trouble:?}"));
    }
}

fn wall_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.ok().and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}
