//! The listing scenarios of `config/sim/listing/` under the virtual clock: the real trader on the
//! exchange that each file describes ends as the file says, and no invariant breaks on the way.
//!
//! `tools/shrike/tests/scenarios.rs` does the same over sockets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use exchange::{Config, Ending};
use journal::{Kind, Observer, RecordView, Trouble};
use model::wire::{Reader, Wire};
use model::{Amount, Body, Event, Price, Round, Side, Span, SymbolId};
use settings::Settings;
use sim::{MONO_START, Storm, World, WorldConfig};

/// Names each file once and makes its test.
macro_rules! scenarios {
    ($($test:ident: $file:literal,)*) => {
        const FILES: &[&str] = &[$($file),*];

        $(#[test]
        fn $test() {
            ends_as_its_file_says($file);
        })*
    };
}

scenarios! {
    normal_openings_early_on_time_and_late: "01-normal",
    states_of_exchange_info_before_the_opening: "01-preopen-states",
    codes_of_pairs_that_the_api_may_not_trade: "02-not-for-api",
    postponed_before_at_and_after_the_old_time: "03-postponed",
    market_orders_cancelled_in_the_first_minute: "04-market-cancelled",
    empty_and_one_sided_books: "05-books",
    buys_only_at_first: "06-buy-only",
    a_flat_list_with_keys_missing: "07-flat-list",
    the_calendar_is_forbidden: "07-calendar-forbidden",
    both_pages_are_forbidden: "07-pages-forbidden",
    both_pages_are_forbidden_at_first: "07-pages-forbidden-at-first",
    texts_of_the_cap: "08-cap-texts",
    replies_that_are_lost_or_late: "09-lost-reply",
    pairs_that_vanish: "10-gone",
}

#[test]
fn every_file_is_tried_and_says_how_each_of_its_pairs_ends() {
    let files = std::fs::read_dir(folder()).unwrap();
    let files: BTreeSet<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let tried = FILES.iter().map(|name| format!("{name}.toml")).collect();
    assert_eq!(files, tried, "files, and the table of this test");
    for name in FILES {
        let config = read(name);
        let listed: BTreeSet<String> =
            config.listings.iter().map(|listing| listing.market.name()).collect();
        let expected: BTreeSet<String> = config.expect.keys().cloned().collect();
        assert!(!listed.is_empty(), "{name}");
        assert_eq!(listed, expected, "{name}: listed, and expected");
    }
}

/// Chance differs with the seed: the flow of the books and the delays of the network.
const SEEDS: [u64; 3] = [1, 7, 40];

fn ends_as_its_file_says(name: &str) {
    for seed in SEEDS {
        let config = read(name);
        let mut world = world(&config, seed);
        let mut orders = Orders::default();
        let last = config.expect.values().map(|expectation| expectation.by_ms).max().unwrap();
        let until = MONO_START.after(Span::from_millis(last.unsigned_abs()));
        let violation = world.run_until(until, &mut orders);
        assert_eq!(violation, None, "{name}, seed {seed}");
        let found = differences(&config, &world, &orders);
        assert!(found.is_empty(), "{name}, seed {seed}:\n{}", found.join("\n"));
        if config.expect.values().all(|expectation| expectation.is_final()) {
            let outcome = world.run(&mut orders);
            assert_eq!(outcome.violation, None, "{name}, seed {seed}");
            let found = differences(&config, &world, &orders);
            assert!(found.is_empty(), "{name}, seed {seed}, later:\n{}", found.join("\n"));
        }
        assert_eq!(world.exchange.unbalanced_assets(), [""; 0], "{name}, seed {seed}");
    }
}

fn differences(config: &Config, world: &World, orders: &Orders) -> Vec<String> {
    let pairs = config.expect.iter().flat_map(|(pair, expectation)| {
        let found = expectation.differences(&ending(config, world, orders, pair));
        found.into_iter().map(move |found| format!("{pair}: {found}"))
    });
    pairs.collect()
}

fn ending(config: &Config, world: &World, orders: &Orders, pair: &str) -> Ending {
    let id = world.trader.table().find(pair.as_bytes()).map(|entry| entry.id);
    let engine = world.trader.engine();
    let targets = engine.targets().filter(|target| Some(target.symbol()) == id);
    let last = targets.max_by_key(|target| target.record.id);
    let names: Vec<&str> = world.exchange.symbol_names().collect();
    let deals = world.exchange.deals(0).filter(|deal| names[deal.symbol] == pair);
    let deals: Vec<_> = deals.collect();
    Ending {
        target: last.map(|target| {
            (target.record.state.name().to_owned(), target.record.why.name().to_owned())
        }),
        fills: deals.iter().filter(|deal| deal.side == Side::Buy).count() as u64,
        held: holds(config, world, pair, deals.iter().map(|deal| deal.price).max()),
        orders: id.and_then(|id| orders.sent.get(&id)).copied().unwrap_or(0),
    }
}

/// Whether the exchange would take an order for what is left: fees in the coin itself leave a rest.
fn holds(config: &Config, world: &World, pair: &str, best: Option<Price>) -> bool {
    let listing = config.listings.iter().find(|listing| listing.market.name() == pair).unwrap();
    let market = &listing.market;
    let pocket = world.exchange.balance(0, &market.base);
    let left = pocket.free.plus_or_max(pocket.locked);
    let Some(price) = best else { return left > Amount::ZERO };
    let qty = left.to_qty(market.qty_decimals).unwrap();
    let scales = (market.price_decimals, market.qty_decimals);
    let value = Amount::notional(price, scales.0, qty, scales.1, Round::Down).unwrap();
    value >= Amount::parse(market.notional_min.as_bytes()).unwrap()
}

fn read(name: &str) -> Config {
    let path = folder().join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    Config::from_toml(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../config/sim/listing")
}

/// The shipped settings of the demo, with a time stop that the openings leave time for.
fn world(config: &Config, seed: u64) -> World {
    let shorter = [("exit.time_stop_s".to_owned(), "5".to_owned())];
    let settings = Settings::demo(&shorter).expect("the shipped configuration is sound");
    let keys = vec![("demo-key".to_owned(), "demo-secret".to_owned())];
    let exchange = Some(config.clone());
    let (listings, storm) = (config.listings.len(), Storm::calm());
    let config = WorldConfig { seed, listings, storm, settings, keys, exchange };
    World::new(&config).expect("the shipped configuration makes a world")
}

/// Counts the orders whose bytes left by the journal's word, by pair.
#[derive(Debug, Default)]
struct Orders {
    sent: BTreeMap<SymbolId, u32>,
}

impl Observer for Orders {
    fn on_record(&mut self, record: &RecordView<'_>) {
        if record.kind != Kind::INPUT {
            return;
        }
        let event = Event::read(&mut Reader::new(record.payload)).expect("its own event");
        if let Body::Sent(sent) = event.body
            && !sent.cancel
        {
            *self.sent.entry(event.symbol).or_default() += 1;
        }
    }

    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, _: &Trouble) {}
}
