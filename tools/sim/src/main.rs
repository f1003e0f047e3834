//! `sim --seed N` runs one seed and says what happened; `sim --minutes M` wanders.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use engine::Action;
use journal::{Kind, Observer, RecordView, Trouble};
use model::wire::{Reader, Wire};
use model::{Event, Request};
use settings::Settings;
use sim::{Endings, Outcome, Storm, World, WorldConfig};

/// First seed of a wander when none is named.
const FIRST: u64 = 1;
/// Listings of one run.
const LISTINGS: usize = 3;

const HELP: &str = "\
Runs the trader on the simulated exchange under a virtual clock, with faults drawn from the seed.

  sim --seed N        one seed; exit 1 and its violation when an invariant breaks
  sim --minutes M     seeds from 1 on, or from --from N, until the time is up
  --scenario FILE     a scenario without further faults, --seed 1 unless named; exit 1 when a pair
                      ends otherwise than the file expects
  --calm              without faults
  --trace             with --seed: every input and output, as the journal has them

Example: sim --scenario config/sim/listing/03-postponed.toml --trace
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match Wish::read(&arguments) {
        Ok(Wish::Help) => say(HELP),
        Ok(Wish::One { seed, calm, trace }) => one(seed, calm, trace),
        Ok(Wish::Scenario { file, seed, trace }) => scenario(&file, seed, trace),
        Ok(Wish::Wander { minutes, from, calm }) => wander(minutes, from, calm),
        Err(problem) => {
            let _ = writeln!(std::io::stderr(), "{problem}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

enum Wish {
    Help,
    One { seed: u64, calm: bool, trace: bool },
    Scenario { file: PathBuf, seed: u64, trace: bool },
    Wander { minutes: f64, from: u64, calm: bool },
}

impl Wish {
    fn read(arguments: &[String]) -> Result<Self, String> {
        let (mut seed, mut minutes, mut from) = (None, None, FIRST);
        let (mut calm, mut trace) = (false, false);
        let mut file = None;
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or(format!("{argument} needs a number"));
            match argument.as_str() {
                "--seed" => seed = Some(number(value()?)?),
                "--minutes" => minutes = Some(number(value()?)?),
                "--scenario" => file = Some(PathBuf::from(value()?)),
                "--from" => from = number(value()?)?,
                "--calm" => calm = true,
                "--trace" => trace = true,
                "--help" | "-h" => return Ok(Self::Help),
                other => return Err(format!("unknown argument {other:?}")),
            }
        }
        if let Some(file) = file {
            return match minutes {
                None => Ok(Self::Scenario { file, seed: seed.unwrap_or(FIRST), trace }),
                Some(_) => Err("--scenario and --minutes exclude each other".to_owned()),
            };
        }
        match (seed, minutes) {
            (Some(seed), None) => Ok(Self::One { seed, calm, trace }),
            (None, Some(minutes)) => Ok(Self::Wander { minutes, from, calm }),
            (None, None) => Err("neither --seed nor --minutes was given".to_owned()),
            (Some(_), Some(_)) => Err("--seed and --minutes exclude each other".to_owned()),
        }
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is not a number that fits here"))
}

fn one(seed: u64, calm: bool, trace: bool) -> ExitCode {
    let outcome = if trace { run(seed, calm, &mut Trace) } else { run(seed, calm, &mut Nobody) };
    let text = format!("seed {seed}: {outcome:?}\n");
    match outcome.violation {
        None => say(&text),
        Some(_) => {
            let _ = writeln!(std::io::stderr(), "{text}repeat with: cargo xtask sim --seed {seed}");
            ExitCode::FAILURE
        }
    }
}

fn scenario(file: &Path, seed: u64, trace: bool) -> ExitCode {
    let read = std::fs::read_to_string(file).map_err(|error| error.to_string());
    let config =
        read.and_then(|text| exchange::Config::from_toml(&text).map_err(|error| error.to_string()));
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "scenario {}: {error}", file.display());
            return ExitCode::from(2);
        }
    };
    if config.expect.is_empty() {
        let _ = writeln!(std::io::stderr(), "{} has no [expect.PAIR]; write one", file.display());
        return ExitCode::from(2);
    }
    let mut endings = Both(Endings::default(), trace.then_some(Trace));
    let world = World::on_scenario(&config, seed, Storm::calm());
    let mut world = match world {
        Ok(world) => world,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "scenario {}: {error}", file.display());
            return ExitCode::FAILURE;
        }
    };
    let mut found = match world.run_scenario(&config, &mut endings) {
        None => Vec::new(),
        Some(violation) => vec![format!("{violation:?}")],
    };
    found.extend(endings.0.differences(&config, &world));
    let pairs = config.expect.len();
    let text = format!("{}, seed {seed}: {pairs} pairs end as expected\n", file.display());
    if found.is_empty() {
        return say(&text);
    }
    let _ = writeln!(std::io::stderr(), "{}, seed {seed}:\n{}", file.display(), found.join("\n"));
    ExitCode::FAILURE
}

/// Counts what the expectations speak of, and prints where it is wanted.
struct Both(Endings, Option<Trace>);

impl Observer for Both {
    fn on_record(&mut self, record: &RecordView<'_>) {
        self.0.on_record(record);
        if let Some(trace) = &mut self.1 {
            trace.on_record(record);
        }
    }
    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, _: &Trouble) {}
}

fn wander(minutes: f64, from: u64, calm: bool) -> ExitCode {
    let start = Instant::now();
    let budget = Duration::from_secs_f64(minutes.max(0.0) * 60.0);
    let (mut seeds, mut events, mut requests, mut violations) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut simulated = 0.0;
    let mut seed = from;
    while start.elapsed() < budget || seeds == 0 {
        let outcome = run(seed, calm, &mut Nobody);
        events += outcome.events;
        requests += outcome.requests;
        simulated += outcome.lasted.nanos() as f64 / 1e9;
        if let Some(violation) = outcome.violation {
            violations += 1;
            let _ = writeln!(
                std::io::stderr(),
                "seed {seed}: {violation:?}\n  repeat with: cargo xtask sim --seed {seed}"
            );
        }
        seeds += 1;
        seed += 1;
    }
    let spent = start.elapsed().as_secs_f64();
    let text = format!(
        "{seeds} seeds, {violations} violations, {events} events ({:.0}/s), {requests} orders and \
         cancels ({:.0}/s), {simulated:.0} s simulated ({:.0} x real time)\n",
        events as f64 / spent,
        requests as f64 / spent,
        simulated / spent,
    );
    let shown = say(&text);
    if violations == 0 { shown } else { ExitCode::FAILURE }
}

fn run(seed: u64, calm: bool, observer: &mut impl Observer) -> Outcome {
    let storm = if calm { Storm::calm() } else { Storm::of_seed(seed) };
    let settings = Settings::demo(&[]).expect("the shipped configuration is sound");
    let keys = vec![("demo-key".to_owned(), "demo-secret".to_owned())];
    let config = WorldConfig { seed, listings: LISTINGS, storm, settings, keys, exchange: None };
    let mut world = World::new(&config).expect("the shipped configuration makes a world");
    world.run(observer)
}

/// Prints every record in words.
struct Trace;

impl Observer for Trace {
    fn on_record(&mut self, record: &RecordView<'_>) {
        let mut from = Reader::new(record.payload);
        let text = if record.kind == Kind::INPUT {
            Event::read(&mut from).map(|event| format!("{event:?}"))
        } else if record.kind == Kind::OUTPUT {
            Action::<Request>::read(&mut from).map(|action| format!("    {action:?}"))
        } else {
            Ok(record.kind.name().to_owned())
        };
        let text = text.unwrap_or_else(|error| error.to_string());
        say(&format!("{:>6} {:>14} {text}\n", record.seq, record.at.nanos()));
    }
    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, _: &Trouble) {}
}

struct Nobody;

impl Observer for Nobody {
    fn on_record(&mut self, _: &RecordView<'_>) {}
    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, _: &Trouble) {}
}

fn say(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
