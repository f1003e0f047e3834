//! The listing scenarios of `config/sim/listing/` under the virtual clock: the real trader on the
//! exchange that each file describes ends as the file says, and no invariant breaks on the way.
//!
//! `tools/shrike/tests/scenarios.rs` does the same over sockets.

use std::collections::BTreeSet;
use std::path::PathBuf;

use exchange::Config;
use sim::{Endings, Storm, World};

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
        let mut world = World::on_scenario(&config, seed, Storm::calm()).unwrap();
        let mut endings = Endings::default();
        let violation = world.run_scenario(&config, &mut endings);
        assert_eq!(violation, None, "{name}, seed {seed}");
        let found = endings.differences(&config, &world);
        assert!(found.is_empty(), "{name}, seed {seed}:\n{}", found.join("\n"));
        if comes_to_an_end(&config) {
            let outcome = world.run(&mut endings);
            assert_eq!(outcome.violation, None, "{name}, seed {seed}");
            let found = endings.differences(&config, &world);
            assert!(found.is_empty(), "{name}, seed {seed}, later:\n{}", found.join("\n"));
        }
        assert_eq!(world.exchange.unbalanced_assets(), [""; 0], "{name}, seed {seed}");
    }
}

#[test]
fn no_invariant_breaks_on_any_of_them_in_storms() {
    for name in FILES {
        let config = read(name);
        for seed in STORMS {
            assert_ne!(Storm::of_seed(seed), Storm::calm());
            let mut world = World::on_scenario(&config, seed, Storm::of_seed(seed)).unwrap();
            let mut endings = Endings::default();
            let violation = match comes_to_an_end(&config) {
                true => world.run(&mut endings).violation,
                false => world.run_scenario(&config, &mut endings),
            };
            assert_eq!(violation, None, "{name}, seed {seed}");
            assert_eq!(world.exchange.unbalanced_assets(), [""; 0], "{name}, seed {seed}");
        }
    }
}

/// Seeds whose storms are none of them calm.
const STORMS: [u64; 4] = [2, 11, 93, 412];

fn comes_to_an_end(config: &Config) -> bool {
    config.expect.values().all(|expectation| expectation.is_final())
}

fn read(name: &str) -> Config {
    let path = folder().join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    Config::from_toml(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../config/sim/listing")
}
