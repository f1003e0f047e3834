//! The listing scenarios of `config/sim/listing/` under the virtual clock: the real trader on the
//! exchange that each file describes ends as the file says, and no invariant breaks on the way.
//!
//! `tools/shrike/tests/scenarios.rs` does the same over sockets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use engine::Action;
use exchange::Config;
use journal::{Kind, Observer, RecordView, Trouble};
use model::wire::{Reader, Wire};
use model::{
    Body, ClientOrderId, Event, ListingBody, OrderKind, OrderStatus, Record, Request, Side,
    SymbolId, SymbolStatus, TradeSides, VenueTime,
};
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

/// What each file is there for comes about: a scenario that the trader passes by proves nothing.
#[test]
fn every_file_meets_what_it_is_about() {
    for name in FILES {
        let config = read(name);
        let mut world = World::on_scenario(&config, 7, Storm::calm()).unwrap();
        let mut met = Met::default();
        world.run_scenario(&config, &mut met);
        let met: BTreeSet<(&str, String)> = met.of_pairs(&world);
        for (pair, what) in about(name) {
            let wanted = (*pair, (*what).to_owned());
            assert!(met.contains(&wanted), "{name}: {pair} never met {what}: {met:?}");
        }
    }
}

/// Codes and other events that a file is about, by pair.
fn about(name: &str) -> &'static [(&'static str, &'static str)] {
    match name {
        "01-normal" => &[
            ("ALDERUSDT", "BUY 30010"),
            ("BEECHUSDT", "BUY 30001"),
            ("BEECHUSDT", "BUY 30010"),
            ("CEDARUSDT", "BUY 30001"),
        ],
        "01-preopen-states" => &[("ACORNUSDT", "paused"), ("BIRCHUSDT", "closed")],
        "02-not-for-api" => {
            &[("ELMUSDT", "BUY 10007"), ("FIRUSDT", "BUY 10007"), ("GUMUSDT", "BUY 10007")]
        }
        "03-postponed" => &[
            ("HAZELUSDT", "moved"),
            ("IVYUSDT", "BUY 30001"),
            ("IVYUSDT", "moved"),
            ("JUTEUSDT", "BUY 30001"),
            ("JUTEUSDT", "moved"),
            ("KENAFUSDT", "moved twice"),
        ],
        "04-market-cancelled" => &[("KAPOKUSDT", "a market order cancelled")],
        "05-books" => {
            &[("OLIVEUSDT", "an entry without a fill"), ("NETTLEUSDT", "a sale without a fill")]
        }
        "06-buy-only" => &[("PALMUSDT", "SELL 30001")],
        "07-flat-list" => &[("REEDUSDT", "named"), ("SAGEUSDT", "named")],
        "07-calendar-forbidden" => &[("TEAKUSDT", "named")],
        "07-pages-forbidden" => &[],
        "07-pages-forbidden-at-first" => &[("WILLOWUSDT", "named")],
        "08-cap-texts" => {
            &[("YAMUSDT", "BUY 30010"), ("ZINNIAUSDT", "BUY 30010"), ("ASTERUSDT", "BUY 30010")]
        }
        "09-lost-reply" => &[
            ("BRIARUSDT", "a reply lost"),
            ("CLOVERUSDT", "a reply lost"),
            ("DAISYUSDT", "a deal before the reply"),
        ],
        "10-gone" => &[("FERNUSDT", "gone"), ("GORSEUSDT", "gone"), ("HOLLYUSDT", "SELL 30000")],
        other => panic!("what is {other} about?"),
    }
}

/// What happened to each pair, by the journal.
#[derive(Default)]
struct Met {
    events: BTreeSet<(SymbolId, String)>,
    orders: BTreeMap<ClientOrderId, (Request, bool)>,
    openings: BTreeMap<SymbolId, BTreeSet<VenueTime>>,
}

impl Met {
    fn note(&mut self, symbol: SymbolId, what: impl Into<String>) {
        self.events.insert((symbol, what.into()));
    }

    fn take_input(&mut self, event: &Event) {
        let symbol = event.symbol;
        for what in facts_of(&event.body) {
            self.note(symbol, what);
        }
        if let Body::Reject(reject) = &event.body
            && let Some((request, _)) = self.orders.get(&reject.client_order_id)
        {
            self.note(symbol, format!("{} {}", request.side.name(), reject.code));
        }
        if let Body::Placed(placed) = &event.body
            && let Some((_, answered)) = self.orders.get_mut(&placed.client_order_id)
        {
            *answered = true;
        }
        if let Body::Fill(fill) = &event.body
            && let Some(id) = fill.client_order_id
            && self.orders.get(&id).is_some_and(|(_, answered)| !answered)
        {
            self.note(symbol, "a deal before the reply");
        }
        if let Body::Order(update) = &event.body
            && update.status == OrderStatus::Cancelled
            && let Some((request, _)) = update.client_order_id.and_then(|id| self.orders.get(&id))
        {
            let what = match (request.kind, request.side) {
                (OrderKind::Market, _) => "a market order cancelled",
                (_, Side::Buy) => "an entry without a fill",
                (_, Side::Sell) => "a sale without a fill",
            };
            self.note(symbol, what);
        }
    }

    fn take_output(&mut self, action: &Action<Request>) {
        if let Action::Place(request) = action {
            self.orders.insert(request.client_order_id, (*request, false));
        }
        if let Action::Persist { record: Record::Target(target), .. } = action {
            let openings = self.openings.entry(target.symbol).or_default();
            openings.insert(target.opens_at);
            let moved = ["", "moved", "moved twice"].get(openings.len() - 1).copied();
            self.note(target.symbol, moved.unwrap_or("moved often"));
        }
    }

    fn of_pairs(self, world: &World) -> BTreeSet<(&str, String)> {
        let table = world.trader.table();
        let named = |(symbol, what)| Some((table.get(symbol)?.name.as_str(), what));
        self.events.into_iter().filter_map(named).collect()
    }
}

/// What an event tells of its pair by itself.
fn facts_of(body: &Body) -> Vec<&'static str> {
    let spec = if let Body::Spec(spec) = body { Some(spec) } else { None };
    let facts = [
        ("named", matches!(body, Body::Symbol(_))),
        ("paused", spec.is_some_and(|spec| spec.status == SymbolStatus::Paused)),
        ("closed", spec.is_some_and(|spec| spec.sides == TradeSides::Closed)),
        ("a reply lost", matches!(body, Body::ReplyLost(_))),
        ("gone", matches!(body, Body::Listing(fact) if fact.body == ListingBody::Gone)),
    ];
    facts.into_iter().filter(|(_, is_so)| *is_so).map(|(what, _)| what).collect()
}

impl Observer for Met {
    fn on_record(&mut self, record: &RecordView<'_>) {
        let mut from = Reader::new(record.payload);
        if record.kind == Kind::INPUT {
            self.take_input(&Event::read(&mut from).expect("its own event reads back"));
        } else if record.kind == Kind::OUTPUT {
            self.take_output(&Action::read(&mut from).expect("its own action reads back"));
        }
    }

    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, _: &Trouble) {}
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
