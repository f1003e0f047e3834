//! The whole trader in paper mode: it buys and sells on the received market, and nothing leaves.

use engine::Target;
use journal::{Kind, Observer, RecordView, Trouble};
use model::wire::{Reader, Wire};
use model::{Body, Event, KillLevel, Link, Mode, TargetState, WhyNot};
use sim::{Storm, World};

use crate::support::{LISTINGS, Orders, Stream, on_paper};

#[test]
fn on_paper_every_listing_is_bought_and_sold_or_says_why_not_and_the_exchange_hears_of_none() {
    let mut completed = 0;
    for seed in 1..=8 {
        let mut world = world(seed, Storm::calm());
        let outcome = world.run(&mut Stream::new());
        assert_eq!(outcome.violation, None, "seed {seed}");
        let targets: Vec<_> = world.trader.engine().targets().collect();
        assert_eq!(targets.len(), LISTINGS, "seed {seed}");
        for target in targets {
            let (state, why) = (target.record.state, target.record.why);
            let sold = state == TargetState::Completed && !target.position.bought.is_zero();
            completed += u32::from(sold);
            assert!(sold || why != WhyNot::None, "seed {seed}: {state:?} without a reason");
        }
        check_nothing_left(&world, seed);
    }
    assert!(completed >= 20, "only {completed} of 24 were bought and sold");
}

#[test]
fn storms_are_weathered_on_paper_too_and_a_cut_link_to_the_exchange_cuts_paper_off() {
    let mut stops = Stops::default();
    let storms = (1..=16).map(|seed| (seed, Storm::of_seed(seed)));
    let storms: Vec<_> = storms.filter(|(_, storm)| *storm != Storm::calm()).collect();
    assert!(storms.len() >= 8, "only {} of 16 seeds have a storm", storms.len());
    for (seed, storm) in storms {
        let mut world = world(seed, storm);
        let outcome = world.run(&mut stops);
        assert_eq!(outcome.violation, None, "seed {seed}");
        assert!(outcome.settled, "seed {seed}: {outcome:?}");
        check_nothing_left(&world, seed);
    }
    assert!(stops.links_down > 0 && stops.sent > 0 && stops.fills > 0, "{stops:?}");
}

#[test]
fn equal_seeds_give_equal_records_on_paper() {
    let run = |seed| {
        let mut stream = Stream::new();
        let outcome = world(seed, Storm::calm()).run(&mut stream);
        (stream, outcome)
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7).0.hash, run(8).0.hash);
}

#[test]
fn a_kill_ends_buying_on_paper_and_the_way_out_stays() {
    for seed in 1..=4 {
        let mut world = world(seed, Storm::calm());
        let mut orders = Orders::default();
        let holds = |world: &World| world.trader.engine().targets().any(|t| t.is_holding());
        while !holds(&world) {
            let next = world.now().after(model::Span::from_millis(10));
            assert_eq!(world.run_until(next, &mut orders), None, "seed {seed}");
        }
        world.kill(KillLevel::Flatten);
        let outcome = world.run(&mut orders);
        assert_eq!(outcome.violation, None, "seed {seed}");
        assert!(orders.buys_before > 0 && orders.buys_after == 0, "seed {seed}: {orders:?}");
        assert!(orders.sells_after > 0, "seed {seed}: {orders:?}");
    }
}

#[test]
fn the_flag_alone_stops_every_entry_on_paper_where_its_first_byte_would_go() {
    let mut world = world(1, Storm::calm());
    world.raise(KillLevel::Halt);
    let mut stops = Stops::default();
    let outcome = world.run(&mut stops);
    assert_eq!(outcome.violation, None);
    assert!(stops.suppressed > 0, "the engine did not know, and wanted to buy");
    assert_eq!((stops.sent, stops.fills), (0, 0));
}

#[test]
fn the_longer_an_order_takes_the_less_of_the_opening_it_gets() {
    let paid = |millis: &str| {
        let delay = [("paper.order_ms", millis), ("paper.order_spread_ms", "0")];
        let mut entries = 0;
        for seed in 1..=4 {
            let config = on_paper(seed, Storm::calm(), &delay);
            let mut world = World::new(&config).expect("a world");
            world.run(&mut Stream::new());
            let targets = world.trader.engine().targets();
            entries += targets.filter(|target| !target.position.bought.is_zero()).count();
        }
        entries
    };
    let (fast, slow) = (paid("5"), paid("2000"));
    assert!(fast >= 10 && slow < fast, "{fast} entries at 5 ms, {slow} at 2,000 ms");
}

#[test]
fn paper_does_not_flatter_it_earns_no_more_than_the_exchange_gave_on_the_same_openings() {
    let (mut on_paper, mut at_the_exchange, mut dearer, mut compared) = (0, 0, 0, 0);
    for seed in 1..=8 {
        let mut paper = world(seed, Storm::calm());
        paper.run(&mut Stream::new());
        let mut real = crate::support::world(seed, Storm::calm());
        real.run(&mut Stream::new());
        for here in paper.trader.engine().targets() {
            let same = |there: &&Target| there.symbol() == here.symbol();
            let there = real.trader.engine().targets().find(same);
            let bought = |target: &&Target| !target.position.bought.is_zero();
            let (Some(here), Some(there)) = (Some(here).filter(bought), there.filter(bought))
            else {
                continue;
            };
            on_paper += gain_bps(here);
            at_the_exchange += gain_bps(there);
            dearer += u32::from(entry_price(here) >= entry_price(there));
            compared += 1;
        }
    }
    assert!(compared >= 16, "only {compared} openings were bought by both");
    let (paper, real) = (on_paper / compared, at_the_exchange / compared);
    assert!(paper <= real, "{paper} bps on paper, {real} bps at the exchange");
    assert!(i128::from(dearer) * 2 > compared, "only {dearer} of {compared} entries were dearer");
}

/// What of orders is in the inputs of a journal.
#[derive(Debug, Default)]
struct Stops {
    suppressed: u32,
    sent: u32,
    fills: u32,
    links_down: u32,
}

impl Observer for Stops {
    fn on_record(&mut self, record: &RecordView<'_>) {
        if record.kind != Kind::INPUT {
            return;
        }
        let event = Event::read(&mut Reader::new(record.payload)).expect("the trader's own event");
        let down = Body::Link { link: Link::Order, up: false };
        self.suppressed += u32::from(matches!(event.body, Body::Suppressed { .. }));
        self.sent += u32::from(matches!(event.body, Body::Sent(_)));
        self.fills += u32::from(matches!(event.body, Body::Fill(_)));
        self.links_down += u32::from(event.body == down);
    }

    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, _: &Trouble) {}
}

/// What came back over what was paid, in ten-thousandths.
fn gain_bps(target: &Target) -> i128 {
    let position = &target.position;
    (position.received.raw() - position.paid.raw()) * 10_000 / position.paid.raw()
}

/// Paid a unit, at a scale that is the same for both runs of a pair.
fn entry_price(target: &Target) -> i128 {
    target.position.paid.raw() / i128::from(target.position.bought.raw())
}

fn world(seed: u64, storm: Storm) -> World {
    World::new(&on_paper(seed, storm, &[])).expect("the shipped configuration makes a world")
}

/// The exchange has no order and no deal of ours, and every id says that it is paper's.
fn check_nothing_left(world: &World, seed: u64) {
    assert_eq!(world.exchange.orders(0).count(), 0, "seed {seed}");
    let mut orders = world.trader.engine().orders();
    assert!(orders.all(|order| order.id().parts().mode == Mode::Paper), "seed {seed}");
}
