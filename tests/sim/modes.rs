//! What each mode lets an order be.

use model::{Amount, ClientOrderId, Mode, Side};
use settings::Settings;
use sim::{Storm, World, WorldConfig};

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

/// The shipped configuration in a mode of real money, with the periods of the demo.
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
        let keys = vec![("demo-key".to_owned(), "demo-secret".to_owned())];
        let (storm, settings) = (Storm::calm(), settings.clone());
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
