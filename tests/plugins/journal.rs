//! One journal, decided on natively and as WebAssembly: the same actions, byte for byte.

use std::path::Path;

use host::wasm::Sandbox;
use host::{Plugins, Prepared};
use journal::{DataDir, Observer, RecordView, Trouble};
use model::Slot;
use plugins::{Shipped, values};
use settings::Settings;
use sim::{MONO_START, Storm, World, WorldConfig};

use super::modules::shipped;

struct Untroubled;

impl Observer for Untroubled {
    fn on_record(&mut self, _: &RecordView<'_>) {}
    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, trouble: &Trouble) {
        panic!("{trouble:?}");
    }
}

/// Runs a seed with natively linked plug-ins and keeps its journal.
fn journaled(changes: &[(&str, &str)], seed: u64, storm: Storm, dir: &Path) {
    let changes = changes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let changes: Vec<(String, String)> = changes.collect();
    let settings = Settings::demo(&changes).expect("a sound configuration");
    let keys = vec![("demo-key".to_owned(), "demo-secret".to_owned())];
    let identity = World::identity(seed, &settings);
    let data = DataDir::open_virtual(dir, identity.instance, identity.epoch).unwrap();
    let venue = World::venue_start(seed);
    let clocks = replay::Clocks { mono: MONO_START, venue, ..replay::Clocks::default() };
    let head = replay::head(&settings, identity, clocks, "virtual").unwrap();
    let config = WorldConfig { seed, listings: 3, storm, settings, keys, exchange: None };
    let mut world = World::journaled(&config, &data.journal(), &head.records()).unwrap();
    let outcome = world.run(&mut Untroubled);
    assert_eq!(outcome.violation, None, "seed {seed}");
    assert_eq!(world.trader.counts().unwritten, 0, "the journal is whole");
}

/// The modules that are shipped in the place of their natively linked twins, under their hashes.
fn sandboxed(
    sandbox: &Sandbox,
    settings: &Settings,
    hashes: &settings::Hashes,
) -> Result<Plugins, String> {
    let mut plugins = Plugins::new(settings.standing(), Box::new(()));
    for (at, hash) in hashes.running.iter().enumerate().filter(|(_, hash)| *hash != 0) {
        let name = Shipped::find_native(hash).ok_or("not shipped")?.name;
        let blueprint = shipped(sandbox, name);
        let said = settings.slots.iter().find(|slot| slot.slot.index() == at);
        let said = said.map_or(&[][..], |slot| &slot.parameters);
        let values = values(blueprint.manifest(), said, true).map_err(|error| error.to_string())?;
        let guest = Box::new(blueprint.instance().map_err(|refused| refused.to_string())?);
        let (slot, manifest) = (Slot(at as u8), blueprint.manifest());
        let prepared = Prepared::new(slot, hash, manifest, guest, &settings.standing(), &values)
            .map_err(|error| error.to_string())?;
        plugins.seat(prepared);
    }
    Ok(plugins)
}

#[track_caller]
fn decides_the_same(changes: &[(&str, &str)], seed: u64, storm: Storm, actions_min: u64) {
    let dir = tempfile::tempdir().unwrap();
    journaled(changes, seed, storm, dir.path());
    let natively = replay::replay(dir.path(), |settings, origin| {
        plugins::natively(settings, &origin.hashes())
    })
    .unwrap();
    let sandbox = Sandbox::new().expect("a sandbox");
    let sandboxed = replay::replay(dir.path(), |settings, origin| {
        sandboxed(&sandbox, settings, &origin.hashes())
    })
    .unwrap();
    for (report, how) in [(&natively, "natively"), (&sandboxed, "sandboxed")] {
        assert!(report.equal(), "{how}: {:?}", report.difference);
        assert!(report.actions > actions_min && report.events > 0, "{how}: {report:?}");
    }
    assert_eq!((natively.events, natively.actions), (sandboxed.events, sandboxed.actions));
}

#[test]
fn the_demo_as_it_is_shipped() {
    decides_the_same(&[], 7, Storm::calm(), 50);
}

#[test]
fn a_stormy_demo() {
    let storm = Storm::of_seed(412);
    assert_ne!(storm, Storm::calm());
    decides_the_same(&[], 412, storm, 50);
}

#[test]
fn all_five_plug_ins_with_parameters() {
    let slots = "[{ slot = 0, plugin = \"listing_sniper\", parameters = \"\" }, \
                  { slot = 1, plugin = \"momentum\", parameters = \"move_bps=20 volume_factor=1\" }, \
                  { slot = 4, plugin = \"hello\", parameters = \"\" }, \
                  { slot = 9, plugin = \"exposure_cap\", parameters = \"symbol_max=60\" }, \
                  { slot = 15, plugin = \"loss_streak\", parameters = \"losses=1\" }]";
    for seed in [7, 8] {
        decides_the_same(&[("slots", slots)], seed, Storm::calm(), 50);
    }
}
