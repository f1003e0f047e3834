//! Calls into the trader and what they ask of the heap.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use journal::{Observer, RecordView, Trouble};
use model::{Mono, Span};
use settings::Settings;
use sim::{Call, MONO_START, Storm, Watch, World, WorldConfig};

use super::counter::asked;

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

/// Until then links come up, listings are learnt and every session grows to its size.
const WARM_UP: Span = Span::from_secs(5);

/// What calls cost once the trader is warm.
fn bill(seed: u64) -> BTreeMap<Call, Cost> {
    let settings = Settings::demo(&[]).expect("the shipped configuration is sound");
    let keys = vec![("demo-key".to_owned(), "demo-secret".to_owned())];
    let storm = Storm::calm();
    let config = WorldConfig { seed, listings: 3, storm, settings, keys, exchange: None };
    let mut world = World::new(&config).expect("the shipped configuration makes a world");
    assert_eq!(world.run_until(MONO_START.after(WARM_UP), &mut Nobody), None);
    let counted = Counted::default();
    world.watch(Box::new(counted.clone()));
    let outcome = world.run(&mut Nobody);
    assert_eq!(outcome.violation, None);
    assert!(outcome.requests > 0, "{outcome:?}");
    std::mem::take(&mut counted.0.borrow_mut().costs)
}

/// Calls of the steps from a frame to an order, and from a reply to its effect.
const FREE: [Call; 7] = [
    Call::MarketFrame,
    Call::PrivateFrame,
    Call::OrderReply,
    Call::Durable,
    Call::Timeout,
    Call::OrderTransmit,
    Call::Transmit,
];

#[test]
fn a_warm_trader_asks_the_heap_for_nothing() {
    for seed in [1, 7] {
        let bill = bill(seed);
        for call in FREE {
            let cost = bill.get(&call).copied().unwrap_or_default();
            assert!(cost.calls > 0, "seed {seed}: no {call:?} came");
            assert_eq!(cost.asked, 0, "seed {seed}: {call:?}: {cost:?}");
        }
    }
}
