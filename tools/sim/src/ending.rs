//! How the pairs of a scenario ended, against what its file expects.

use std::collections::BTreeMap;

use exchange::{Config, Ending};
use journal::{Kind, Observer, RecordView, Trouble};
use model::wire::{Reader, Wire};
use model::{Body, Event, SymbolId};
use settings::{LoadError, Settings};

use crate::world::World;

/// Follows the journal of a run on a scenario; knows how each pair ended when it is over.
#[derive(Debug, Default)]
pub struct Endings {
    sent: BTreeMap<SymbolId, u32>,
}

impl Endings {
    /// The settings that expectations are written for: the demo's, with their time stop.
    ///
    /// # Errors
    /// What is wrong with `overrides`, which come on top.
    pub fn settings(overrides: &[(String, String)]) -> Result<Settings, LoadError> {
        let stop = exchange::Expectation::TIME_STOP_S.to_string();
        let mut all = vec![("exit.time_stop_s".to_owned(), stop)];
        all.extend_from_slice(overrides);
        Settings::demo(&all)
    }

    /// What differs from the file, in words; nothing when every pair ended as expected.
    pub fn differences(&self, config: &Config, world: &World) -> Vec<String> {
        let pairs = config.expect.iter().flat_map(|(pair, expectation)| {
            let found = expectation.differences(&self.ending(world, pair));
            found.into_iter().map(move |found| format!("{pair}: {found}"))
        });
        pairs.collect()
    }

    fn ending(&self, world: &World, pair: &str) -> Ending {
        let id = world.trader.table().find(pair.as_bytes()).map(|entry| entry.id);
        let targets = world.trader.engine().targets();
        let own = targets.filter(|target| Some(target.symbol()) == id);
        let last = own.max_by_key(|target| target.record.id).map(|target| target.record);
        Ending {
            target: last.map(|last| (last.state.name().to_owned(), last.why.name().to_owned())),
            orders: id.and_then(|id| self.sent.get(&id)).copied().unwrap_or(0),
            ..world.exchange.ending(0, pair)
        }
    }
}

impl Observer for Endings {
    /// Counts the orders whose bytes left.
    fn on_record(&mut self, record: &RecordView<'_>) {
        if record.kind != Kind::INPUT {
            return;
        }
        let Ok(event) = Event::read(&mut Reader::new(record.payload)) else { return };
        if let Body::Sent(sent) = event.body
            && !sent.cancel
        {
            *self.sent.entry(event.symbol).or_default() += 1;
        }
    }

    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, _: &Trouble) {}
}
