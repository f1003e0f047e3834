//! The demo under the virtual clock: nothing of this machine enters the run or its journal.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use journal::DataDir;
use model::{Event, VenueTime};
use settings::Settings;
use sim::{Endings, MONO_START, Storm, World, WorldConfig};

use super::{Stage, report, scenario};
use crate::board::{Board, BoardObserver};
use crate::cli::{CliError, Exit, Out};

pub(super) fn run(stage: &Stage, out: &mut Out) -> Result<Exit, CliError> {
    let settings = match stage.scenario {
        Some(_) => Endings::settings(&[]),
        None => Settings::demo(&[]),
    };
    let settings = settings.map_err(CliError::usage)?;
    let identity = World::identity(stage.seed, &settings);
    let data = DataDir::open_virtual(&stage.data, identity.instance, identity.epoch)
        .map_err(CliError::failed)?;
    let start = World::venue_start(stage.seed);
    let clocks = replay::Clocks { mono: MONO_START, venue: start, ..replay::Clocks::default() };
    let head = replay::head(&settings, identity, clocks, "virtual").map_err(CliError::failed)?;
    let (exchange, keys) = exchange(stage, start);
    let config = WorldConfig {
        seed: stage.seed,
        listings: stage.listings,
        storm: Storm::calm(),
        settings,
        exchange: Some(exchange),
        keys,
    };
    let mut world =
        World::journaled(&config, &data.journal(), &head.records()).map_err(CliError::failed)?;
    let board = Arc::new(Mutex::new(Board::new()));
    let durable = Arc::new(AtomicU64::new(0));
    let mut observer = BoardObserver::new(Arc::clone(&board), durable, |_: Event| true);
    let violation = match &stage.scenario {
        None => world.run(&mut observer).violation,
        Some(scenario) => {
            let violation = world.run_scenario(&scenario.config, &mut observer);
            world.end(&mut observer);
            violation
        }
    };
    if let Some(violation) = violation {
        return Err(CliError::failed(format_args!("an invariant does not hold: {violation:?}")));
    }
    crate::trader::archiving::once(data.path());
    let board = board.lock().unwrap_or_else(PoisonError::into_inner);
    let mut document = board.demo(stage.seed, data.path(), &data.journal());
    if let Some(scenario) = &stage.scenario {
        scenario.judge(&mut document, &board.status(), |pair| world.exchange.ending(0, pair));
    }
    report::print(&document, out)?;
    match &stage.scenario {
        None => Ok(report::exit(&document, stage.listings)),
        Some(_) => scenario::conclude(&document, out),
    }
}

/// The exchange with the keys of the account that trades; the demo's follow from the seed.
fn exchange(stage: &Stage, start: VenueTime) -> (exchange::Config, Vec<(String, String)>) {
    if let Some(scenario) = &stage.scenario {
        return (scenario.config.clone(), scenario.keys());
    }
    let (key, secret) = (format!("key-{:016x}", stage.seed), format!("secret-{:016x}", stage.seed));
    let exchange = exchange::Config::demo(stage.seed, stage.listings, start);
    (exchange.with_key(&key, &secret), vec![(key, secret)])
}
