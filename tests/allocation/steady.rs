//! Calls into the trader and what they ask of the heap.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use heap::asked;
use journal::{Observer, RecordView, Trouble};
use model::Mono;
use settings::Settings;
use sim::{Call, Storm, Watch, World, WorldConfig};

/// What the calls of one kind cost.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    calls: u64,
    asked: u64,
    /// Calls that asked for anything.
    dear: u64,
}

/// Sums the cost of calls by kind.
#[derive(Debug, Default)]
struct Bill {
    before: u64,
    costs: BTreeMap<Call, Cost>,
}

#[derive(Debug, Clone, Default)]
struct Counted(Rc<RefCell<Bill>>);

impl Watch for Counted {
    fn begin(&mut self, _: Mono, _: Call) {
        self.0.borrow_mut().before = asked();
    }

    fn end(&mut self, _: Mono, call: Call) {
        let after = asked();
        let mut bill = self.0.borrow_mut();
        let spent = after - bill.before;
        let cost = bill.costs.entry(call).or_default();
        cost.calls += 1;
        cost.asked += spent;
        cost.dear += u64::from(spent > 0);
    }
}

struct Nobody;

impl Observer for Nobody {
    fn on_record(&mut self, _: &RecordView<'_>) {}
    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, _: &Trouble) {}
}

/// What calls cost from the first link that comes up, through three openings, to the last sale.
fn bill(seed: u64, storm: Storm) -> BTreeMap<Call, Cost> {
    let keys = vec![("demo-key".to_owned(), "demo-secret".to_owned())];
    bill_of(seed, storm, &[], keys)
}

fn bill_of(
    seed: u64,
    storm: Storm,
    changes: &[(&str, &str)],
    keys: Vec<(String, String)>,
) -> BTreeMap<Call, Cost> {
    let changes = changes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let changes: Vec<(String, String)> = changes.collect();
    let settings = Settings::demo(&changes).expect("the shipped configuration is sound");
    let config = WorldConfig { seed, listings: 3, storm, settings, keys, exchange: None };
    let mut world = World::new(&config).expect("the shipped configuration makes a world");
    let counted = Counted::default();
    world.watch(Box::new(counted.clone()));
    let outcome = world.run(&mut Nobody);
    assert_eq!(outcome.violation, None, "seed {seed}");
    let bought = |target: &engine::Target| !target.position.bought.is_zero();
    assert!(world.trader.engine().targets().any(bought), "seed {seed}: nothing was bought");
    std::mem::take(&mut counted.0.borrow_mut().costs)
}

/// Calls that a run cannot do without; each must have come for its zero to say something.
const ALWAYS: [Call; 8] = [
    Call::MarketFrame,
    Call::PrivateFrame,
    Call::OrderReply,
    Call::Durable,
    Call::Event,
    Call::Timeout,
    Call::OrderTransmit,
    Call::Transmit,
];

/// Whether nothing but replies to questions asked the heap.
fn check(seed: u64, storm: Storm) {
    let bill = bill(seed, storm);
    for call in ALWAYS {
        assert!(bill.contains_key(&call), "seed {seed}: no {call:?} came");
    }
    for (call, cost) in bill.iter().filter(|(call, _)| **call != Call::QueryReply) {
        assert_eq!(cost.asked, 0, "seed {seed}: {call:?}: {cost:?}");
    }
    // Lists of a page do ask, so the counting reaches into the calls.
    let pages = bill[&Call::QueryReply];
    assert!(pages.asked > 0 && pages.dear < pages.calls, "seed {seed}: {pages:?}");
}

#[test]
fn a_trader_asks_the_heap_for_nothing_from_a_frame_to_an_order_and_back() {
    for seed in [1, 2, 7, 11] {
        check(seed, Storm::calm());
    }
}

#[test]
fn a_trader_on_paper_asks_the_heap_for_nothing_either() {
    let account =
        "[{ name = \"paper\", key = \"env:NOT_READ\", source = \"any\", budget = \"450\" }]";
    let changes = [("mode", "paper"), ("accounts", account)];
    for (seed, storm) in [1, 2, 7, 11]
        .map(|seed| (seed, Storm::calm()))
        .into_iter()
        .chain([(2, Storm::of_seed(2)), (10, Storm::of_seed(10))])
    {
        let bill = bill_of(seed, storm, &changes, Vec::new());
        for call in [Call::MarketFrame, Call::Durable, Call::Event, Call::Timeout] {
            assert!(bill.contains_key(&call), "seed {seed}: no {call:?} came");
        }
        for (call, cost) in bill.iter().filter(|(call, _)| **call != Call::QueryReply) {
            assert_eq!(cost.asked, 0, "seed {seed}: {call:?}: {cost:?}");
        }
        let keyed = [Call::PrivateFrame, Call::OrderReply, Call::OrderTransmit];
        assert!(keyed.iter().all(|call| !bill.contains_key(call)), "seed {seed}: {bill:?}");
    }
}

#[test]
fn lost_replies_cut_links_and_refused_streams_do_not_change_that() {
    for seed in [2, 7, 10, 11] {
        let storm = Storm::of_seed(seed);
        assert_ne!(storm, Storm::calm(), "seed {seed} has no storm");
        check(seed, storm);
    }
}
