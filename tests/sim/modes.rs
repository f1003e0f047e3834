//! What each mode lets an order be.

use journal::DataDir;
use model::{Amount, ClientOrderId, Mode, Side};
use settings::Settings;
use sim::{MONO_START, Storm, World, WorldConfig};

use crate::support::Stream;

#[test]
fn in_live_min_no_buy_is_larger_than_a_tenth_and_live_buys_the_whole() {
    let (tenth, whole) = (largest_buy("live_min"), largest_buy("live"));
    assert!(tenth > Amount::ZERO && tenth <= Amount::from_units(15), "{tenth}");
    assert!(whole > Amount::from_units(50), "{whole}");
}

#[test]
fn the_gate_itself_stands_at_a_tenth_whatever_a_strategy_asks_for() {
    let mut settings = settings("live_min");
    // A strategy that asks for ten times what it may: the gate clips or refuses.
    settings.targets.base_size = Amount::from_units(100);
    let bought = largest_of(settings);
    assert!(bought <= Amount::from_units(15), "{bought}");
}

#[test]
fn a_round_trip_is_proved_by_the_journal_once_it_is_closed_and_only_with_real_money() {
    for (mode, proves) in [("live_min", true), ("paper", false)] {
        let (seed, dir) = (1, tempfile::tempdir().unwrap());
        let settings = settings(mode);
        let identity = World::identity(seed, &settings);
        let data = DataDir::open_virtual(dir.path(), identity.instance, identity.epoch).unwrap();
        let clocks = replay::Clocks { mono: MONO_START, ..replay::Clocks::default() };
        let head = replay::head(&settings, identity, clocks, "virtual").unwrap();
        let keys = if proves { demo_keys() } else { Vec::new() };
        let storm = Storm::calm();
        let config = WorldConfig { seed, listings: 3, storm, settings, keys, exchange: None };
        let mut world = World::journaled(&config, &data.journal(), &head.records()).unwrap();
        assert_eq!(world.run(&mut Stream::new()).violation, None);
        let sold = |target: &engine::Target| target.position.received > Amount::ZERO;
        let sold = world.trader.engine().targets().filter(|target| sold(target)).count();
        assert!(sold >= 2, "{sold} of 3 were bought and sold");
        let lineage = shrike::modes::Lineage::read(&data.journal()).unwrap();
        assert_eq!(lineage.round_trips as usize, if proves { sold } else { 0 }, "{mode}");
        assert_eq!(lineage.promotion, None);
    }
}

fn demo_keys() -> Vec<(String, String)> {
    vec![("demo-key".to_owned(), "demo-secret".to_owned())]
}

/// The shipped configuration in a mode, with the periods of the demo.
fn settings(mode: &str) -> Settings {
    let text = |name: &str| {
        let path = format!("{}/../config/{name}", env!("CARGO_MANIFEST_DIR"));
        (name.to_owned(), std::fs::read_to_string(path).expect("a shipped file"))
    };
    let texts = ["trader.toml", "limits.toml", "venues/mexc.toml"].map(text);
    let texts: Vec<_> =
        texts.into_iter().map(|(name, text)| (name, text.replace("include = ", "# "))).collect();
    let changes = [
        ("mode", mode),
        ("scout.calendar_ms", "1000"),
        ("scout.calendar_near_ms", "1000"),
        ("scout.symbols_ms", "1000"),
        ("scout.symbols_near_ms", "1000"),
        ("scout.exchange_info_ms", "2000"),
        ("scout.exchange_info_near_ms", "2000"),
        ("exit.time_stop_s", "10"),
    ];
    let changes = changes.map(|(key, value)| (key.to_owned(), value.to_owned()));
    Settings::from_texts(&texts, &[], &changes).expect("the shipped configuration is sound")
}

fn largest_buy(mode: &str) -> Amount {
    largest_of(settings(mode))
}

/// The largest that a buy spent at the exchange over a few openings.
fn largest_of(settings: Settings) -> Amount {
    let mode = settings.mode;
    let mut largest = Amount::ZERO;
    for seed in 1..=3 {
        let (storm, settings, keys) = (Storm::calm(), settings.clone(), demo_keys());
        let config = WorldConfig { seed, listings: 3, storm, settings, keys, exchange: None };
        let mut world = World::new(&config).expect("a world");
        let outcome = world.run(&mut Stream::new());
        assert_eq!(outcome.violation, None, "{mode:?} seed {seed}");
        for order in world.exchange.orders(0).filter(|order| order.side == Side::Buy) {
            let id = order.client_id.as_deref().expect("our own order");
            let id = ClientOrderId::parse(id.as_bytes()).expect("an id of ours");
            assert_eq!(id.parts().mode, mode, "seed {seed}");
            largest = largest.max(order.quote_filled);
        }
    }
    assert!(matches!(mode, Mode::Live | Mode::LiveMin));
    largest
}
