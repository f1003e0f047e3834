//! Modules on disk, and instances of them in slots.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use abi::{Call, Guest, Trap};
use host::wasm::{Blueprint, Instance, Sandbox, fuel};
use host::{Manifest, Plugins, Prepared, Retired, Standing, Supply};
use model::Slot;
use plugins::{SHIPPED, Shipped};
use settings::Settings;

use super::feed::Feed;

/// A file of this repository.
pub(super) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

pub(super) fn standing() -> Standing {
    Settings::demo(&[]).expect("the shipped configuration is sound").standing()
}

/// The module that is shipped under this name.
pub(super) fn shipped(sandbox: &Sandbox, name: &str) -> Blueprint {
    from_file(sandbox, &file(&format!("strategies/{name}/{name}.wasm")))
}

/// From a binary or a text.
pub(super) fn from_file(sandbox: &Sandbox, path: &Path) -> Blueprint {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let module = wat::parse_bytes(&bytes).unwrap_or_else(|error| panic!("{error}"));
    let made = Blueprint::compile_here(sandbox, &module);
    made.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// An instance with its manifest's defaults.
pub(super) fn prepared(blueprint: &Blueprint, slot: u8, plugin: u128) -> Prepared {
    let guest = Box::new(blueprint.instance().expect("a place"));
    let manifest = blueprint.manifest();
    Prepared::new(Slot(slot), plugin, manifest, guest, &standing(), &defaults(manifest))
        .expect("it runs with its defaults")
}

pub(super) fn native(shipped: &Shipped, slot: u8, plugin: u128) -> Prepared {
    let manifest = shipped.manifest();
    let (guest, values) = (shipped.native(), defaults(&manifest));
    Prepared::new(Slot(slot), plugin, &manifest, guest, &standing(), &values)
        .expect("it runs with its defaults")
}

pub(super) fn defaults(manifest: &Manifest) -> Vec<i64> {
    manifest.parameters.iter().map(|known| known.default).collect()
}

/// Prepared instances in the order in which they were made; what leaves is counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelf(Arc<Mutex<(VecDeque<Prepared>, Vec<Retired>)>>);

impl Shelf {
    pub(super) fn put(&self, prepared: Prepared) {
        self.0.lock().unwrap().0.push_back(prepared);
    }

    pub(super) fn returned(&self) -> Vec<Retired> {
        std::mem::take(&mut self.0.lock().unwrap().1)
    }
}

impl Supply for Shelf {
    fn take(&mut self, slot: Slot, plugin: u128) -> Option<Prepared> {
        let ready = &mut self.0.lock().unwrap().0;
        let at = ready.iter().position(|one| one.slot == slot && one.plugin == plugin)?;
        ready.remove(at)
    }

    fn give_back(&mut self, retired: Retired) {
        self.0.lock().unwrap().1.push(retired);
    }
}

pub(super) fn slots(shelf: &Shelf) -> Plugins {
    Plugins::new(standing(), Box::new(shelf.clone()))
}

/// An instance whose dearest call is kept.
#[derive(Debug)]
struct Metered(Instance, Arc<AtomicU64>);

impl Guest for Metered {
    fn area(&mut self) -> &mut [u8] {
        self.0.area()
    }

    fn state(&mut self) -> &mut [u8] {
        self.0.state()
    }

    fn call(&mut self, call: Call) -> Result<i32, Trap> {
        let answer = self.0.call(call);
        self.1.fetch_max(self.0.fuel_used_last(), Ordering::Relaxed);
        answer
    }

    fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }
}

#[test]
fn what_is_shipped_uses_a_small_part_of_what_a_step_may_cost() {
    let sandbox = Sandbox::new().expect("a sandbox");
    for one in &SHIPPED {
        let dearest = Arc::new(AtomicU64::new(0));
        let blueprint = shipped(&sandbox, one.name);
        let instance = blueprint.instance().expect("a place");
        let guest = Box::new(Metered(instance, Arc::clone(&dearest)));
        let (manifest, mut plugins) = (one.manifest(), slots(&Shelf::default()));
        let values = defaults(&manifest);
        let prepared = Prepared::new(Slot(0), 1, &manifest, guest, &standing(), &values);
        plugins.seat(prepared.expect("it runs with its defaults"));
        let mut feed = Feed::new(6);
        for _ in 0..5_000 {
            let moment = feed.next();
            moment.show(&mut plugins);
            super::twins::timers(&mut plugins, &moment);
            feed.buy().judge(&mut plugins);
        }
        let dearest = dearest.load(Ordering::Relaxed);
        let (name, most) = (one.name, fuel::PER_CALL / 4);
        assert!((1..most).contains(&dearest), "{name}: {dearest} of {most}");
    }
}

#[test]
fn every_module_in_the_repository_runs_over_a_feed() {
    let sandbox = Sandbox::new().expect("a sandbox");
    let mut paths: Vec<PathBuf> = SHIPPED
        .iter()
        .map(|shipped| file(&format!("strategies/{0}/{0}.wasm", shipped.name)))
        .collect();
    for entry in file("tests/c").read_dir().unwrap() {
        paths.push(entry.unwrap().path());
    }
    paths.push(file("tests/wat/plugin_by_hand.wat"));
    paths.retain(|path| path.extension().is_some_and(|end| end == "wasm" || end == "wat"));
    assert!(paths.len() >= 7, "{paths:?}");
    let shelf = Shelf::default();
    let mut plugins = slots(&shelf);
    for (slot, path) in paths.iter().enumerate() {
        let blueprint = from_file(&sandbox, path);
        plugins.seat(prepared(&blueprint, slot as u8, slot as u128 + 1));
    }
    let (mut feed, mut wishes) = (Feed::new(5), 0);
    for _ in 0..5_000 {
        let moment = feed.next();
        wishes += moment.show(&mut plugins).len();
        let came = super::twins::timers(&mut plugins, &moment);
        wishes += came.iter().map(|(_, wishes)| wishes.len()).sum::<usize>();
        feed.buy().judge(&mut plugins);
        while let Some(report) = model::Strategies::take_report(&mut plugins) {
            assert!(matches!(report, model::PluginReport::Log { .. }), "{report:?}");
        }
    }
    for state in plugins.states() {
        assert!(state.active && state.memory_bytes < 2_000_000, "{state:?}");
        assert!(state.scenes > 0 || state.name.as_str().starts_with("exposure_cap"), "{state:?}");
    }
    assert!(wishes > 300 && shelf.returned().is_empty(), "{wishes} wishes");
}
