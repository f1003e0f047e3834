//! The demo under the virtual clock: nothing of this machine enters the run or its journal.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use journal::DataDir;
use model::Event;
use settings::Settings;
use sim::{MONO_START, Storm, World, WorldConfig};

use super::{Stage, report};
use crate::board::{Board, BoardObserver};
use crate::cli::{CliError, Exit, Out};

pub(super) fn run(stage: &Stage, out: &mut Out) -> Result<Exit, CliError> {
    let settings = Settings::demo(&[]).map_err(CliError::usage)?;
    let identity = World::identity(stage.seed);
    let data = DataDir::open_virtual(&stage.data, identity.instance, identity.epoch)
        .map_err(CliError::failed)?;
    let start = World::venue_start(stage.seed);
    let clocks = replay::Clocks { mono: MONO_START, venue: start, ..replay::Clocks::default() };
    let head = replay::head(&settings, identity, clocks, "virtual").map_err(CliError::failed)?;
    let (key, secret) = (format!("key-{:016x}", stage.seed), format!("secret-{:016x}", stage.seed));
    let exchange = exchange::Config::demo(stage.seed, stage.listings, start);
    let config = WorldConfig {
        seed: stage.seed,
        listings: stage.listings,
        storm: Storm::calm(),
        settings,
        exchange: Some(exchange.with_key(&key, &secret)),
        keys: vec![(key, secret)],
    };
    let mut world =
        World::journaled(&config, &data.journal(), &head.records()).map_err(CliError::failed)?;
    let board = Arc::new(Mutex::new(Board::new()));
    let durable = Arc::new(AtomicU64::new(0));
    let mut observer = BoardObserver::new(Arc::clone(&board), durable, |_: Event| true);
    let outcome = world.run(&mut observer);
    if let Some(violation) = outcome.violation {
        return Err(CliError::failed(format_args!("an invariant does not hold: {violation:?}")));
    }
    crate::archiving::once(data.path());
    let board = board.lock().unwrap_or_else(PoisonError::into_inner);
    let document = board.demo(stage.seed, data.path(), &data.journal());
    report::print(&document, out)?;
    Ok(report::exit(&document, stage.listings))
}
