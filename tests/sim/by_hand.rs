//! What the operator does by hand, on the simulated exchange, in calm and in storms: the oracle
//! compares the trader with the exchange after every step.

use engine::{Action, Note, Outcome};
use journal::{Kind, Observer, RecordView, Trouble};
use model::wire::Reader;
use model::{
    AccountId, Amount, Body, BuyByHand, ByHand, Close, Command, Event, Mono, Pattern, PriceCap,
    Request, Side, Span, SymbolId, TargetByHand, TargetState, VenueTime, WhyNot,
};
use settings::Settings;
use sim::{Storm, World, WorldConfig};

use crate::support::is_sold;

#[test]
fn a_target_a_purchase_and_a_sale_by_hand_pass_the_oracle_in_calm() {
    let mut by_hand = 0;
    for seed in 1..=6 {
        let mut day = Day::new(seed, Storm::calm());
        let (first, second) = (day.pair(0), day.pair(1));
        day.until(first.opens_at.before(Span::from_secs(7)));
        let made = day.wish(first.id, add(PriceCap::Plan));
        assert!(matches!(made, Some(Outcome::Done { .. })), "seed {seed}: {made:?}");

        // The second pair opens without a target and is bought by hand, at its book's price.
        day.until(second.opens_at.after(Span::from_millis(1_500)));
        let early = day.wish(day.pair(2).id, day.purchase(second.id));
        assert_eq!(early, Some(WhyNot::NotTrading.into()), "seed {seed}");
        let mut tries = 0;
        while !day.holds(second.id) && tries < 4 {
            // The market may run away from one order: the next is a purchase of its own.
            let bought = day.wish(second.id, day.purchase(second.id));
            assert!(matches!(bought, Some(Outcome::Done { .. })), "seed {seed}: {bought:?}");
            day.pass(Span::from_millis(400));
            tries += 1;
        }
        assert!(day.holds(second.id), "seed {seed}: {:?}", day.targets());

        let sold = day.wish(second.id, ByHand::Sell { qty: Amount::ZERO, at_once: false });
        assert!(matches!(sold, Some(Outcome::Done { .. })), "seed {seed}: {sold:?}");
        day.end();
        let targets = day.targets();
        assert_eq!(targets.len(), 1 + tries, "seed {seed}: no strategy made one: {targets:?}");
        let (target, bought) = (targets[0], targets[tries]);
        assert_eq!((target.0, bought.0), (Pattern::ByHand, Pattern::Bought));
        assert_eq!(target.1, TargetState::Completed, "seed {seed}: {targets:?}");
        assert_eq!(bought.1, TargetState::Completed, "seed {seed}: {targets:?}");
        by_hand += u32::from(bought.2 == Some(Close::Manual));
        day.is_flat();
        assert_eq!(day.seen.buys_of(second.id), tries, "one order for one purchase");
    }
    // A stop may be faster now and then.
    assert!(by_hand >= 3, "only {by_hand} of 6 were sold by hand");
}

#[test]
fn hands_in_a_storm_break_no_invariant_and_leave_nothing_behind() {
    let mut followed = 0;
    for seed in 1..=12 {
        let mut day = Day::new(seed, Storm::of_seed(seed));
        let (first, second) = (day.pair(0), day.pair(1));
        day.until(first.opens_at.before(Span::from_secs(7)));
        day.wish(first.id, add(PriceCap::Plan));
        day.until(first.opens_at.before(Span::from_secs(1)));
        if let Some(target) = day.target_of(first.id) {
            day.wish(first.id, ByHand::Disarm { target });
            day.pass(Span::from_millis(700));
            day.wish(first.id, ByHand::Arm { target });
        }
        day.until(second.opens_at.after(Span::from_millis(1_500)));
        for _ in 0..4 {
            let wish = day.purchase(second.id);
            let bought = day.wish(second.id, wish);
            followed += u32::from(matches!(bought, Some(Outcome::Done { .. })));
            day.pass(Span::from_secs(2));
            if let Some(order) = day.order_of(second.id) {
                day.wish(second.id, ByHand::CancelOrder { client_order_id: order });
            }
            let at_once = seed % 2 == 0;
            day.wish(second.id, ByHand::Sell { qty: Amount::ZERO, at_once });
            day.pass(Span::from_secs(3));
        }
        day.end();
    }
    assert!(followed >= 12, "only {followed} of 48 purchases were followed");
}

/// A world whose strategy is sure of nothing, and what its journal told.
struct Day {
    seed: u64,
    world: World,
    seen: Seen,
    token: u64,
}

#[derive(Clone, Copy)]
struct PairOf {
    id: SymbolId,
    opens_at: VenueTime,
}

impl Day {
    fn new(seed: u64, storm: Storm) -> Self {
        let unsure = ["targets.target_confidence=100", "targets.execute_confidence=100"];
        let unsure = unsure.map(|line| {
            let (key, value) = line.split_once('=').expect("a key and a value");
            (key.to_owned(), value.to_owned())
        });
        let settings = Settings::demo(&unsure).expect("the shipped configuration is sound");
        let keys = vec![("demo-key".to_owned(), "demo-secret".to_owned())];
        let config = WorldConfig { seed, listings: 3, storm, settings, keys, exchange: None };
        let mut world = World::new(&config).expect("the shipped configuration makes a world");
        let mut seen = Seen::default();
        let named = world.now().after(Span::from_secs(1));
        assert_eq!(world.run_until(named, &mut seen), None, "seed {seed}");
        Self { seed, world, seen, token: 0 }
    }

    /// The listing that opens as number `at`.
    fn pair(&self, at: usize) -> PairOf {
        let names = self.world.exchange.symbol_names();
        let mut pairs: Vec<_> = names
            .filter_map(|name| Some((self.world.exchange.planned_opening(name)?, name)))
            .collect();
        pairs.sort_unstable();
        let (opens_at, name) = pairs[at];
        let entry = self.world.trader.table().find(name.as_bytes());
        PairOf { id: entry.expect("the calendar names it").id, opens_at }
    }

    fn until(&mut self, at: VenueTime) {
        let left = at.since(self.world.venue_now());
        self.pass(left);
    }

    fn pass(&mut self, span: Span) {
        let until: Mono = self.world.now().after(span);
        let violation = self.world.run_until(until, &mut self.seen);
        assert_eq!(violation, None, "seed {}", self.seed);
    }

    /// Tells the trader, and gives the answer that its journal shows.
    fn wish(&mut self, symbol: SymbolId, wish: ByHand) -> Option<Outcome> {
        self.token += 1;
        let token = self.token;
        let body = Body::Command(Command::ByHand { token, wish });
        self.world.tell(&Event::of(AccountId(0), symbol, body));
        self.pass(Span::from_millis(20));
        let answers = self.seen.answers.iter();
        let mine: Vec<_> = answers.filter(|(one, _)| *one == token).collect();
        assert!(mine.len() <= 1, "a wish is answered once: {mine:?}");
        mine.first().map(|(_, outcome)| *outcome)
    }

    /// A purchase for 40 at up to a twentieth above the best ask.
    fn purchase(&self, symbol: SymbolId) -> ByHand {
        let name = self.world.trader.table().get(symbol).expect("its pair has a name").name;
        let book = self.world.exchange.book(name.as_str()).expect("its pair has a book");
        let ask = book.levels(Side::Sell).next().map(|(price, _)| price).expect("an ask");
        let unit = 10_i128.pow(18 - u32::from(book.scale().price));
        let price_max = Amount::from_raw(i128::from(ask.raw()) * 105 / 100 * unit);
        ByHand::Buy(BuyByHand { notional: Amount::from_units(40), price_max })
    }

    fn target_of(&self, symbol: SymbolId) -> Option<model::TargetId> {
        let mut targets = self.world.trader.engine().targets();
        targets.find(|target| target.symbol() == symbol).map(|target| target.record.id)
    }

    fn order_of(&self, symbol: SymbolId) -> Option<model::ClientOrderId> {
        let mut orders = self.world.trader.engine().orders();
        let found = orders.find(|order| order.is_alive() && order.request.symbol == symbol);
        found.map(engine::Order::id)
    }

    fn holds(&self, symbol: SymbolId) -> bool {
        let mut targets = self.world.trader.engine().targets();
        targets.any(|target| target.symbol() == symbol && target.is_holding())
    }

    fn targets(&self) -> Vec<(Pattern, TargetState, Option<Close>)> {
        let mut targets: Vec<_> = self.world.trader.engine().targets().collect();
        targets.sort_unstable_by_key(|target| target.record.id);
        let seen = |target: &engine::Target| {
            (target.record.pattern, target.record.state, target.position.closed)
        };
        targets.into_iter().map(seen).collect()
    }

    fn end(&mut self) {
        let outcome = self.world.run(&mut self.seen);
        assert_eq!(outcome.violation, None, "seed {}: {:?}", self.seed, self.targets());
        assert!(outcome.settled, "seed {}: {outcome:?}", self.seed);
    }

    fn is_flat(&self) {
        for target in self.world.trader.engine().targets() {
            assert!(is_sold(&self.world, target), "seed {}: {target:?}", self.seed);
        }
    }
}

fn add(cap: PriceCap) -> ByHand {
    let opens_at = VenueTime::NONE;
    ByHand::AddTarget(TargetByHand { notional: Amount::ZERO, cap, opens_at })
}

/// Answers, and buys by their pair.
#[derive(Debug, Default)]
struct Seen {
    answers: Vec<(u64, Outcome)>,
    buys: Vec<SymbolId>,
}

impl Seen {
    fn buys_of(&self, symbol: SymbolId) -> usize {
        self.buys.iter().filter(|bought| **bought == symbol).count()
    }
}

impl Observer for Seen {
    fn on_record(&mut self, record: &RecordView<'_>) {
        if record.kind != Kind::OUTPUT {
            return;
        }
        let action = Action::<Request>::read(&mut Reader::new(record.payload));
        let action = action.expect("its own action reads back");
        if let Action::Note(Note::Answer { token, outcome }) = action {
            self.answers.push((token, outcome));
        } else if let Action::Place(Request { side: Side::Buy, symbol, .. }) = action {
            self.buys.push(symbol);
        }
    }

    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, _: &Trouble) {}
}
