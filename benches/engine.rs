//! What a step of the engine costs, with the demo's settings and one target.
//!
//! `strategy` asks the built-in one at the end of each frame, `no strategy` leaves it out. A fire
//! ends with the approved order among the actions; its passes are timed one by one, so each holds
//! a reading of the clock, which stands beside them. Run with
//! `cargo bench -p benches --bench engine`.
#![allow(clippy::wildcard_enum_match_arm, reason = "one kind of action is looked for")]

use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;

use benches::Bench;
use engine::{Action, Actions, Engine};
use host::Plugins;
use model::{
    AccountId, Amount, AssetId, Balance, Body, BookTop, ClientOrderId, ClockSample, Depth,
    DepthKind, Event, Fill, FillSource, Level, Link, LinkState, ListingBody, ListingFact, Mono,
    OrderKinds, OrderStatus, OrderUpdate, Placed, Price, Print, Qty, QueryAnswer, Record, Reject,
    RejectClass, Request, RiskRules, Side, Source, Span, SpecSource, Strategies, Stream, SymbolId,
    SymbolNames, SymbolSpec, SymbolStatus, TargetState, Text, TradeSides, Triple, UpdateSource,
    VenueKey, VenueTime, Wishes,
};
use settings::{Identity, Settings};

const PASSES: usize = 1_000;

fn main() {
    let mut bench = Bench::default();
    for (name, event) in [
        ("book ticker", Scene::top as fn(&mut Scene) -> Event),
        ("print", Scene::print),
        ("five levels of depth", Scene::diff),
    ] {
        bench = bench.group(format!("{name}, position open"));
        for (case, on) in [("strategy", true), ("no strategy", false)] {
            let mut scene = Scene::holding();
            scene.strategy.set(on);
            bench = bench.case(case, PASSES, move || {
                let event = event(&mut scene);
                scene.now = scene.now.after(Span::from_nanos(1));
                scene.engine.on_event(scene.now, black_box(&event), &mut scene.actions);
                assert!(scene.actions.is_empty(), "{:?}", scene.actions);
            });
        }
    }
    let armed = |case, on, prepare: fn(&mut Scene), work: fn(&mut Scene)| {
        move |bench: Bench<'static>| {
            let prepare = move |scene: &mut Scene| {
                prepare(scene);
                scene.strategy.set(on);
            };
            bench.prepared(case, Scene::armed(), prepare, work)
        }
    };
    bench = bench.group("fire");
    bench = armed("timer, first order", true, Scene::first_timer, Scene::fire_by_timer)(bench);
    bench = armed("timer, after a refusal", true, Scene::next_timer, Scene::fire_by_timer)(bench);
    bench = armed("print, strategy", true, Scene::first_print, Scene::fire_by_print)(bench);
    bench = armed("print, no strategy", false, Scene::first_print, Scene::fire_by_print)(bench);
    bench.prepared("the clock alone", (), |()| (), |()| ()).main();
}

const ACCOUNT: AccountId = AccountId(0);
const SYMBOL: SymbolId = SymbolId(17);
const QUOTE: AssetId = AssetId(1);
/// Best ask before the opening and the price of the entry: 0.1 at 8 decimals.
const ASK: i64 = 10_000_000;
const BID: i64 = 9_990_000;
const START: Mono = Mono::from_nanos(1_000_000_000);
const OPENS_IN: Span = Span::from_secs(5);
const VENUE_START: VenueTime = VenueTime::from_millis(1_790_000_000_000);
/// Orders of one target before another takes its place; the permit allows 60.
const REFUSALS: u32 = 30;

/// An engine, its clock, and what its steps gave.
struct Scene {
    engine: Engine<Switched>,
    actions: Actions,
    now: Mono,
    version: u64,
    strategy: Rc<Cell<bool>>,
    refusals: u32,
}

/// The built-in strategy, which can be left out.
struct Switched {
    plugins: Plugins,
    on: Rc<Cell<bool>>,
}

impl RiskRules for Switched {}

impl Strategies for Switched {
    fn on_scene(&mut self, scene: &model::Scene<'_>, wishes: &mut Wishes) {
        if self.on.get() {
            self.plugins.on_scene(scene, wishes);
        }
    }
}

impl Scene {
    /// A target whose permit is durable, five seconds before its opening, over a live book.
    fn armed() -> Self {
        let settings = Settings::demo(&[]).expect("the shipped configuration is sound");
        let operator = Text::clipped("bench");
        let config = settings.engine(Identity {
            instance: 1,
            epoch: 1,
            operator,
            hashes: settings::Hashes::default(),
        });
        let strategy = Rc::new(Cell::new(true));
        let hashes = plugins::native_hashes(&settings).expect("shipped plug-ins");
        let plugins = plugins::natively(&settings, &hashes).expect("shipped plug-ins");
        let switched = Switched { plugins, on: Rc::clone(&strategy) };
        let mut scene = Self {
            engine: Engine::new(config, switched),
            actions: Actions::new(),
            now: START,
            version: 100,
            strategy,
            refusals: 0,
        };
        scene.connect();
        scene.list();
        let token = scene.permit();
        scene.tell(Event::bare(Body::Durable { token }));
        assert_eq!(scene.state(), TargetState::Armed);
        scene
    }

    /// The same target after its order was filled, with its first sales on the book.
    fn holding() -> Self {
        let mut scene = Self::armed();
        scene.wait_for_fire();
        scene.fire_by_timer();
        let request = scene.placed();
        scene.fill(&request);
        scene.confirm_sales();
        assert_eq!(scene.state(), TargetState::Open);
        scene
    }

    fn connect(&mut self) {
        let offset = VENUE_START.nanos() - START.nanos() as i64;
        let (error, round_trip) = (Span::from_millis(1), Span::from_millis(2));
        let free = Amount::from_units(10_000);
        let balance = Balance { asset: QUOTE, free, locked: Amount::ZERO };
        let names = SymbolNames {
            name: Text::clipped("NEWUSDT"),
            base: Text::clipped("NEW"),
            quote: Text::clipped("USDT"),
            base_asset: AssetId(0),
            quote_asset: QUOTE,
        };
        let private = Body::Stream { stream: Stream::Private, state: LinkState::Live };
        self.tell(Event::bare(Body::Clock(ClockSample { offset, error, round_trip })));
        self.tell(Event::of(ACCOUNT, SymbolId::NONE, Body::Link { link: Link::Order, up: true }));
        self.tell(Event::of(ACCOUNT, SymbolId::NONE, private));
        self.tell(Event::of(ACCOUNT, SymbolId::NONE, Body::Balance(balance)));
        self.tell(Event::of(ACCOUNT, SymbolId::NONE, Body::Answer(QueryAnswer::BalancesEnd)));
        self.tell(of_symbol(Body::Symbol(names)));
        self.tell(of_symbol(Body::Spec(spec())));
    }

    /// Two witnesses, whereupon the strategy proposes, and the book before the opening.
    fn list(&mut self) {
        let opens_at = VENUE_START.after(OPENS_IN);
        let triple = Triple { sts: 2, st: 2, tt: 4 };
        let listed = ListingBody::Listed { triple, price_scale: 6, qty_scale: 2, opens_at };
        let bodies =
            [(Source::Calendar, ListingBody::Opens { at: opens_at }), (Source::WebList, listed)];
        for (source, body) in bodies {
            let fact = ListingFact { source, coin: VenueKey(7), body };
            self.tell(of_symbol(Body::Listing(fact)));
        }
        let live = Body::Stream { stream: Stream::Depth, state: LinkState::Live };
        self.tell(of_symbol(live));
        let mut book = Depth::new(DepthKind::Snapshot, true, self.version, self.version);
        for (side, raw) in [(Side::Sell, ASK), (Side::Sell, ASK + 500), (Side::Buy, BID)] {
            assert!(book.push(side, level(raw, 1_000_000)), "an event holds five levels");
        }
        self.step(of_symbol(Body::Depth(book)));
    }

    /// Token of the permit that the last steps minted.
    fn permit(&mut self) -> u64 {
        if self.token().is_none() {
            self.actions.drain().for_each(drop);
            self.engine.on_timeout(self.now, &mut self.actions);
        }
        let token = self.token().expect("a ready target with a reference mints its permit");
        self.actions.drain().for_each(drop);
        token
    }

    fn token(&self) -> Option<u64> {
        self.actions.iter().find_map(|action| match action {
            Action::Persist { token, record: Record::Permit(_) } => Some(*token),
            _ => None,
        })
    }

    /// A timer is set on a fresh target; the clock stands where it is due.
    fn first_timer(&mut self) {
        *self = Self::armed();
        self.wait_for_fire();
    }

    /// The venue has refused the order before; the clock stands where the next is due.
    fn next_timer(&mut self) {
        if self.refusals == REFUSALS {
            *self = Self::armed();
        }
        self.refusals += 1;
        if !self.actions.is_empty() {
            self.refuse();
        }
        self.wait_for_fire();
    }

    /// Entries may leave, and the timer is not due yet.
    fn first_print(&mut self) {
        *self = Self::armed();
        self.now = START.after(OPENS_IN).before(Span::from_millis(100));
    }

    fn fire_by_timer(&mut self) {
        self.engine.on_timeout(self.now, &mut self.actions);
        self.check_fired();
    }

    fn fire_by_print(&mut self) {
        let print = self.print();
        self.engine.on_event(self.now, black_box(&print), &mut self.actions);
        self.check_fired();
    }

    fn check_fired(&self) {
        let placed = self.actions.iter().any(|action| matches!(action, Action::Place(_)));
        assert!(placed, "no order: {:?}", self.actions);
    }

    /// Serves whatever is due before the timer named `fire`, and stops the clock at that.
    fn wait_for_fire(&mut self) {
        for _ in 0..100 {
            let (at, name) = self.engine.poll_timeout().expect("an armed target waits");
            self.now = self.now.max(at);
            if name == "fire" {
                return;
            }
            self.engine.on_timeout(self.now, &mut self.actions);
            self.actions.drain().for_each(drop);
        }
        panic!("no fire among a hundred timers");
    }

    /// The order that the last step placed.
    fn placed(&mut self) -> Request {
        let request = self.actions.iter().find_map(|action| match action {
            Action::Place(order) => Some(*order.request()),
            _ => None,
        });
        self.actions.drain().for_each(drop);
        request.expect("the last step fired")
    }

    fn refuse(&mut self) {
        let client_order_id = self.placed().client_order_id;
        let reject = Reject {
            client_order_id,
            cancel: false,
            http: 400,
            code: 30_001,
            class: RejectClass::Wait,
            figure: None,
            retry_after: Span::ZERO,
        };
        self.now = self.now.after(Span::from_millis(2));
        self.tell(Event::of(ACCOUNT, SYMBOL, Body::Reject(reject)));
    }

    /// Fills an order wholly at the best ask.
    fn fill(&mut self, request: &Request) {
        let Request { client_order_id, qty, side, kind, price, .. } = *request;
        let order = VenueKey(1_000);
        let fill = Fill {
            client_order_id: Some(client_order_id),
            order,
            trade: VenueKey(2_000),
            fee: Amount::ZERO,
            price: price_of(ASK),
            qty,
            fee_asset: QUOTE,
            side,
            maker: false,
            source: FillSource::Stream,
        };
        let update = OrderUpdate {
            client_order_id: Some(client_order_id),
            order,
            status: OrderStatus::Filled,
            source: UpdateSource::Stream,
            side,
            kind: Some(kind),
            price: Some(price),
            qty,
            filled: qty,
        };
        self.place(client_order_id, order);
        self.step(Event::of(ACCOUNT, SYMBOL, Body::Order(update)));
        self.step(Event::of(ACCOUNT, SYMBOL, Body::Fill(fill)));
    }

    /// Says yes to the sales of the ladder, until no step gives one more.
    fn confirm_sales(&mut self) {
        for turn in 0..20 {
            let sales: Vec<ClientOrderId> = self
                .actions
                .drain()
                .filter_map(|action| match action {
                    Action::Place(order) => Some(order.request().client_order_id),
                    _ => None,
                })
                .collect();
            for (at, id) in sales.into_iter().enumerate() {
                self.place(id, VenueKey(3_000 + 10 * turn + at as u128));
            }
            self.now = self.now.after(Span::from_millis(200));
            self.step(of_symbol(Body::Print(print_of(ASK))));
        }
        assert!(self.actions.is_empty(), "the ladder never ends: {:?}", self.actions);
    }

    fn place(&mut self, client_order_id: ClientOrderId, order: VenueKey) {
        let placed = Body::Placed(Placed { client_order_id, order });
        self.step(Event::of(ACCOUNT, SYMBOL, placed));
    }

    fn top(&mut self) -> Event {
        self.version += 1;
        let (bid, ask) = (Some(level(BID, 1_000)), Some(level(ASK, 1_000)));
        of_symbol(Body::Top(BookTop { bid, ask, version: self.version }))
    }

    fn print(&mut self) -> Event {
        of_symbol(Body::Print(print_of(ASK)))
    }

    /// The next push: two levels come and go behind the best ones, three change.
    fn diff(&mut self) -> Event {
        self.version += 1;
        let mut depth = Depth::new(DepthKind::Diff, true, self.version, self.version);
        let even = self.version.is_multiple_of(2);
        let (comes, changes) = if even { (0, 900) } else { (700, 1_100) };
        for (side, raw, units) in [
            (Side::Sell, ASK, changes),
            (Side::Sell, ASK + 100, comes),
            (Side::Sell, ASK + 500, changes),
            (Side::Buy, BID, changes),
            (Side::Buy, BID - 100, comes),
        ] {
            assert!(depth.push(side, level(raw, units)), "an event holds five levels");
        }
        of_symbol(Body::Depth(depth))
    }

    fn state(&self) -> TargetState {
        let mut targets = self.engine.targets();
        targets.next().expect("the strategy proposed a target").record.state
    }

    /// One event whose actions need no answer.
    fn tell(&mut self, event: Event) {
        self.step(event);
        self.actions.drain().for_each(drop);
    }

    fn step(&mut self, event: Event) {
        self.engine.on_event(self.now, &event, &mut self.actions);
    }
}

fn of_symbol(body: Body) -> Event {
    Event::of(AccountId::NONE, SYMBOL, body)
}

fn spec() -> SymbolSpec {
    SymbolSpec {
        version: 1,
        price_decimals: 8,
        qty_decimals: 4,
        tick: price_of(100),
        step: Qty::from_raw(100).expect("not negative"),
        qty_min: Qty::ZERO,
        notional_min: Amount::ONE,
        notional_max: Amount::from_units(2_000_000),
        maker_fee_ppm: 0,
        taker_fee_ppm: 500,
        status: SymbolStatus::Online,
        sides: TradeSides::Both,
        kinds: OrderKinds::ALL,
        api_allowed: true,
        source: SpecSource::ExchangeInfo,
        read_at: VENUE_START,
    }
}

fn print_of(raw: i64) -> Print {
    let qty = Qty::from_raw(50_000).expect("not negative");
    Print { price: price_of(raw), qty, taker: Side::Buy }
}

fn level(raw: i64, units: i64) -> Level {
    Level { price: price_of(raw), qty: Qty::from_raw(units * 10_000).expect("not negative") }
}

fn price_of(raw: i64) -> Price {
    Price::from_raw(raw).expect("positive")
}
