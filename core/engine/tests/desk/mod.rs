//! A desk with one engine on it: the clock is moved by hand, events are told one by one, and what
//! the engine asks for is collected. The disk and the socket answer at once unless told not to.
#![allow(dead_code, reason = "each file of tests uses its own part")]

mod done;
mod setup;

pub(crate) use done::Done;
pub(crate) use setup::Setup;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use engine::{Action, Actions, Config, Engine, Follower, Target};
use model::{
    AccountId, Amount, AssetId, Balance, Body, BookTop, Cancelled, ClientOrderId, ClockSample,
    Command, Depth, DepthKind, EntryPlan, Event, ExitPlan, Fill, FillSource, Happening, Intent,
    KillLevel, Level, Link, LinkState, ListingBody, ListingFact, Mono, OrderKind, OrderKinds,
    OrderStatus, OrderUpdate, Placed, Price, Print, Proposal, Qty, QueryAnswer, Reject,
    RejectClass, ReplyLost, Request, RiskRules, Scene, Sent, Side, Signal, Slot, Source, Span,
    SpecSource, Strategies, Stream, SymbolId, SymbolNames, SymbolSpec, SymbolStatus, TargetId,
    TargetState, Text, TradeSides, Triple, UpdateSource, VenueKey, VenueTime, Wish, Wishes,
};

pub(crate) const ACCOUNT: AccountId = AccountId(0);
pub(crate) const NEW: SymbolId = SymbolId(3);
pub(crate) const BASE: AssetId = AssetId(30);
pub(crate) const QUOTE: AssetId = AssetId(1);
pub(crate) const COIN: VenueKey = VenueKey(9);
pub(crate) const INSTANCE: u32 = 0xabcdef;
/// The exchange's clock is this far ahead of ours.
const OFFSET_MS: i64 = 1_790_000_000_000;
/// Half a round trip, of which the entry leaves early.
pub(crate) const ONE_WAY: Span = Span::from_millis(10);
/// The first budget's window divided by ten less the reserve for cancels.
pub(crate) const SPACING: Span = Span::from_nanos(1_000_000_000_u64.div_ceil(7));

/// When the pair of most tests opens.
pub(crate) fn opening() -> VenueTime {
    VenueTime::from_millis(OFFSET_MS + 160_000)
}

pub(crate) fn price(text: &str) -> Price {
    Price::parse(text.as_bytes(), 6).expect("a price of six decimals")
}

pub(crate) fn qty(text: &str) -> Qty {
    Qty::parse(text.as_bytes(), 4).expect("a quantity of four decimals")
}

pub(crate) fn money(text: &str) -> Amount {
    Amount::parse(text.as_bytes()).expect("an amount")
}

pub(crate) fn ms(millis: u64) -> Span {
    Span::from_millis(millis)
}

/// Out of the journal's bytes.
fn as_journaled(action: &Action) -> Action<Request> {
    let mut bytes = [0; Action::<Request>::WIRE_MAX];
    let mut out = model::wire::Writer::new(&mut bytes);
    action.write(&mut out);
    Action::read(&mut model::wire::Reader::new(&bytes)).expect("an action reads back")
}

/// Stands for the strategies: proposes on each signal, and does what it was handed.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    entry: EntryPlan,
    exit: ExitPlan,
    accounts: u8,
    /// Its hash, as permits name it, and the one that is prepared to take its place.
    running: Rc<Cell<u128>>,
    prepared: Rc<Cell<u128>>,
    wishes: Rc<RefCell<Vec<Intent>>>,
    /// Targets whose changes it was shown; none when it does not want to see any.
    changes: Rc<RefCell<Option<Vec<TargetId>>>>,
    /// It answers each of them with another way out.
    answers: Rc<Cell<bool>>,
}

impl RiskRules for Script {}

impl Strategies for Script {
    fn plugin(&self, _: Slot) -> u128 {
        self.running.get()
    }

    fn exchange(&mut self, _: Mono, _: Slot, plugin: u128) -> bool {
        let there = self.prepared.take() == plugin;
        if there {
            self.running.set(plugin);
        }
        there
    }

    fn wants_changes(&self) -> bool {
        self.changes.borrow().is_some()
    }

    fn on_scene(&mut self, scene: &Scene<'_>, wishes: &mut Wishes) {
        if let (Happening::Target(target), Some(seen)) =
            (scene.happening, &mut *self.changes.borrow_mut())
        {
            seen.push(target.id);
        }
        let slot = Slot(0);
        if let (Happening::Target(record), true) = (scene.happening, self.answers.get()) {
            let mut exit = record.exit;
            exit.stop_loss_bps = 1_000 + (exit.stop_loss_bps + 1) % 100;
            let intent = Intent::Amend { target: record.id, exit };
            wishes.push(Wish { slot, intent }).expect("room for wishes");
        }
        let mut wish = |intent| wishes.push(Wish { slot, intent }).expect("room for wishes");
        for signal in scene.signals {
            for account in (0..self.accounts).map(AccountId) {
                let Signal { symbol, pattern, confidence, .. } = *signal;
                let (entry, exit) = (self.entry, self.exit);
                let proposal = Proposal { account, symbol, pattern, confidence, entry, exit };
                wish(Intent::Propose(proposal));
            }
        }
        for intent in self.wishes.borrow_mut().drain(..) {
            wish(intent);
        }
    }
}

/// The desk.
pub(crate) struct Desk {
    pub(crate) engine: Engine<Script>,
    pub(crate) now: Mono,
    /// Whether records are on disk at once.
    pub(crate) disk: bool,
    /// Whether requests leave at once.
    pub(crate) wire: bool,
    /// What the engine allocated, by the setup's count.
    pub(crate) allocated: u64,
    heap: fn() -> u64,
    actions: Actions,
    wishes: Rc<RefCell<Vec<Intent>>>,
    trades: u128,
    pub(crate) versions: u64,
    /// Reads what a journal of this desk would hold.
    follower: Option<Follower>,
    compare_every: u32,
    steps: u32,
    config: Config,
    script: Script,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let mut setup = Setup::new();
        change(&mut setup);
        let wishes = Rc::new(RefCell::new(Vec::with_capacity(64)));
        let script = Script {
            entry: setup.entry,
            exit: setup.exit,
            accounts: setup.config.accounts.len() as u8,
            running: Rc::new(Cell::new(11)),
            prepared: Rc::new(Cell::new(0)),
            wishes: Rc::clone(&wishes),
            changes: Rc::default(),
            answers: Rc::default(),
        };
        Self {
            follower: (setup.compare_every > 0).then(|| Follower::new(setup.config.clone())),
            compare_every: setup.compare_every,
            steps: 0,
            config: setup.config.clone(),
            script: script.clone(),
            engine: Engine::new(setup.config, script),
            now: Mono::ZERO.after(Span::from_secs(100)),
            disk: true,
            wire: true,
            allocated: 0,
            heap: setup.heap,
            actions: Actions::new(),
            wishes,
            trades: 1_000,
            versions: 10,
        }
    }

    /// A desk that may trade: links up, streams live, balances told, the clock known.
    pub(crate) fn open() -> Self {
        Self::open_with(|_| {})
    }

    pub(crate) fn open_with(change: impl FnOnce(&mut Setup)) -> Self {
        let mut desk = Self::with(change);
        desk.connect(ACCOUNT);
        desk.clock();
        desk.name(NEW, BASE);
        desk.rules(NEW);
        desk
    }

    /// A desk with an armed target, five seconds before the opening; asks stand at 1.0000, so that
    /// the cap is 1.2000.
    pub(crate) fn armed() -> Self {
        Self::armed_with(|_| {})
    }

    pub(crate) fn armed_with(change: impl FnOnce(&mut Setup)) -> Self {
        let mut desk = Self::open_with(change);
        desk.calendar(NEW, opening());
        desk.triple(NEW, (2, 2, 4));
        desk.until(opening().before(Span::from_secs(5)));
        desk.clock();
        desk.book(NEW, &[], &[("1.0000", "500")]);
        assert_eq!(desk.target().record.state, TargetState::Armed, "{:?}", desk.target().record);
        desk
    }

    /// A desk whose entry has left; with its request.
    pub(crate) fn fired() -> (Self, Request) {
        Self::fired_with(|_| {})
    }

    pub(crate) fn fired_with(change: impl FnOnce(&mut Setup)) -> (Self, Request) {
        let mut desk = Self::armed_with(change);
        let done = desk.until(opening());
        let request = done.only_place();
        (desk, request)
    }

    /// A desk that holds 100 bought at 1.0000, the book at 0.9990 and 1.0010, and what rests is
    /// acknowledged; with what was done when the deal came.
    pub(crate) fn holding() -> (Self, Done) {
        Self::holding_with(|_| {})
    }

    pub(crate) fn holding_with(change: impl FnOnce(&mut Setup)) -> (Self, Done) {
        let (mut desk, request) = Self::fired_with(change);
        desk.trade(NEW, "1.0000");
        desk.book(NEW, &[("0.9990", "9000")], &[("1.0010", "9000")]);
        desk.placed(&request);
        let done = desk.fill(&request, "1.0000", "100");
        desk.ends(&request, OrderStatus::Filled, "100");
        for resting in done.places() {
            desk.placed(&resting);
        }
        assert_eq!(desk.target().record.state, TargetState::Open);
        (desk, done)
    }

    /// The process dies, and another goes on from what its decisions tell: nothing is connected and
    /// the clock is not known.
    pub(crate) fn restart(&mut self) -> Done {
        self.restart_with(false, |_| {})
    }

    pub(crate) fn restart_with(
        &mut self,
        ring_lost: bool,
        change: impl FnOnce(&mut Config),
    ) -> Done {
        let image = self.engine.save();
        self.config.epoch += 1;
        self.config.ids_from += 1_000;
        change(&mut self.config);
        self.engine = Engine::new(self.config.clone(), self.script.clone());
        self.engine.restore(&image).expect("an image of this version");
        if let Some(follower) = &mut self.follower {
            follower.start(self.config.clone()).expect("its own image");
        }
        self.say(Body::Restored { ring_lost })
    }

    // --- what goes in

    pub(crate) fn tell(&mut self, event: &Event) -> Done {
        let mut done = Done::default();
        self.step(event);
        self.collect(&mut done);
        done
    }

    fn step(&mut self, event: &Event) {
        let (before, known) = ((self.heap)(), self.actions.iter().count());
        self.engine.on_event(self.now, event, &mut self.actions);
        self.allocated += (self.heap)() - before;
        let public = event.is_public();
        if let Some(follower) = self.follower.as_mut().filter(|_| !public) {
            follower.input(self.now, event);
        }
        self.follow(known);
    }

    /// What the decisions tell must be what the engine would save.
    fn follow(&mut self, known: usize) {
        let Some(follower) = &mut self.follower else { return };
        for action in self.actions.iter().skip(known) {
            follower.output(self.now, &as_journaled(action));
        }
        self.steps += 1;
        if !self.steps.is_multiple_of(self.compare_every) {
            return;
        }
        let (followed, saved) = (follower.save(), self.engine.save());
        if followed != saved {
            let [tells, has] = [followed, saved].map(|image| self.shown(&image));
            let other = tells.iter().zip(&has).find(|(tells, has)| tells != has);
            panic!(
                "decisions tell of {} things, the engine has {}: {other:#?}",
                tells.len(),
                has.len()
            );
        }
    }

    /// What an image holds, a line each target and order.
    fn shown(&self, image: &[u8]) -> Vec<String> {
        let mut read = Follower::new(self.config.clone());
        read.restore(image).expect("an image of this version");
        let engine = read.engine();
        let targets = engine.targets().map(|target| format!("{target:?}"));
        let orders = engine.orders().map(|order| format!("{order:?}"));
        targets.chain(orders).collect()
    }

    pub(crate) fn say(&mut self, body: Body) -> Done {
        self.tell(&Event::bare(body))
    }

    pub(crate) fn private(&mut self, body: Body) -> Done {
        self.tell(&Event::of(ACCOUNT, NEW, body))
    }

    pub(crate) fn public(&mut self, symbol: SymbolId, body: Body) -> Done {
        self.tell(&Event::of(AccountId::NONE, symbol, body))
    }

    /// Collects what a step asks for; the disk and the socket answer in order.
    fn collect(&mut self, done: &mut Done) {
        loop {
            let fresh: Vec<Action> = self.actions.drain().collect();
            let mut answers = Vec::new();
            for action in &fresh {
                answers.extend(self.answer(action));
            }
            done.actions.extend(fresh.into_iter().map(|action| (self.now, action)));
            if answers.is_empty() {
                return;
            }
            for answer in answers {
                self.step(&answer);
            }
        }
    }

    fn answer(&self, action: &Action) -> Option<Event> {
        let at = self.now;
        match action {
            Action::Persist { token, .. } if *token != 0 && self.disk => {
                Some(Event::bare(Body::Durable { token: *token }))
            }
            Action::Place(order) if self.wire => {
                let Request { account, symbol, client_order_id, .. } = *order.request();
                let sent = Sent { client_order_id, cancel: false, at };
                Some(Event::of(account, symbol, Body::Sent(sent)))
            }
            Action::Cancel { account, symbol, client_order_id } if self.wire => {
                let sent = Sent { client_order_id: *client_order_id, cancel: true, at };
                Some(Event::of(*account, *symbol, Body::Sent(sent)))
            }
            Action::Persist { .. }
            | Action::Place(_)
            | Action::Cancel { .. }
            | Action::Ask { .. }
            | Action::Follow { .. }
            | Action::Unfollow { .. }
            | Action::Note(_) => None,
        }
    }

    /// Calls the engine at one moment until it waits for a later one.
    pub(crate) fn tick(&mut self) -> Done {
        let mut done = Done::default();
        for _ in 0..4 {
            let (before, known) = ((self.heap)(), self.actions.iter().count());
            self.engine.on_timeout(self.now, &mut self.actions);
            self.allocated += (self.heap)() - before;
            self.follow(known);
            self.collect(&mut done);
            if self.engine.poll_timeout().is_none_or(|(at, _)| at > self.now) {
                return done;
            }
        }
        panic!("{:?} lies in the past at {:?}", self.engine.poll_timeout(), self.now);
    }

    /// Lets time pass, calling the engine whenever it asked to be called.
    pub(crate) fn wait(&mut self, span: Span) -> Done {
        let end = self.now.after(span);
        let mut done = Done::default();
        while let Some((at, _)) = self.engine.poll_timeout().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            done.actions.append(&mut self.tick().actions);
        }
        self.now = end;
        done
    }

    pub(crate) fn until(&mut self, at: VenueTime) -> Done {
        let span = at.since(self.venue_now());
        self.wait(span)
    }

    pub(crate) fn venue_now(&self) -> VenueTime {
        VenueTime::from_millis(OFFSET_MS).after(self.now.since(Mono::ZERO))
    }

    pub(crate) fn connect(&mut self, account: AccountId) {
        let none = SymbolId::NONE;
        for body in [
            Body::Link { link: Link::Order, up: true },
            Body::Link { link: Link::User, up: true },
            Body::Stream { stream: Stream::Private, state: LinkState::Live },
            balance(QUOTE, "10000"),
        ] {
            self.tell(&Event::of(account, none, body));
        }
        self.answers_end(account);
        self.tell(&Event::of(account, none, Body::Answer(QueryAnswer::BalancesEnd)));
    }

    /// The questions of a reconciliation about orders and the pair are answered: as the engine has
    /// it, and nothing else is there.
    pub(crate) fn answers_end(&mut self, account: AccountId) -> Done {
        let mut done = Done::default();
        let known: Vec<_> = self.engine.orders().filter(|o| o.is_alive()).copied().collect();
        for order in known.iter().filter(|order| order.request.account == account) {
            let source = UpdateSource::OrderQuery;
            let body = if order.state == engine::OrderState::Live && order.ended.is_none() {
                Body::Order(OrderUpdate {
                    client_order_id: Some(order.id()),
                    order: venue_id(order.id()),
                    status: OrderStatus::New,
                    source,
                    side: order.request.side,
                    kind: Some(order.request.kind),
                    price: Some(order.request.price),
                    qty: order.request.qty,
                    filled: order.filled,
                })
            } else {
                Body::Answer(QueryAnswer::NotFound { client_order_id: order.id(), source })
            };
            done.actions.append(&mut self.of(&order.request, body).actions);
        }
        for end in [QueryAnswer::OpenOrdersEnd, QueryAnswer::AllOrdersEnd, QueryAnswer::TradesEnd] {
            let event = Event::of(account, NEW, Body::Answer(end));
            done.actions.append(&mut self.tell(&event).actions);
        }
        done
    }

    pub(crate) fn clock(&mut self) -> Done {
        let offset = OFFSET_MS * 1_000_000;
        let round_trip = Span::from_nanos(ONE_WAY.nanos() * 2);
        self.say(Body::Clock(ClockSample { offset, error: ms(5), round_trip }))
    }

    pub(crate) fn name(&mut self, symbol: SymbolId, base_asset: AssetId) {
        let names = SymbolNames {
            name: Text::clipped("NEWUSDT"),
            base: Text::clipped("NEW"),
            quote: Text::clipped("USDT"),
            base_asset,
            quote_asset: QUOTE,
        };
        self.public(symbol, Body::Symbol(names));
    }

    pub(crate) fn rules(&mut self, symbol: SymbolId) -> Done {
        let spec = self.spec();
        self.public(symbol, Body::Spec(spec))
    }

    pub(crate) fn spec(&self) -> SymbolSpec {
        SymbolSpec {
            version: 1,
            price_decimals: 6,
            qty_decimals: 4,
            tick: price("0.0001"),
            step: qty("0.01"),
            qty_min: Qty::ZERO,
            notional_min: money("1"),
            notional_max: money("5000"),
            maker_fee_ppm: 0,
            taker_fee_ppm: 500,
            status: SymbolStatus::Online,
            sides: TradeSides::Both,
            kinds: OrderKinds::ALL,
            api_allowed: true,
            source: SpecSource::ExchangeInfo,
            read_at: self.venue_now(),
        }
    }

    pub(crate) fn fact(&mut self, symbol: SymbolId, source: Source, body: ListingBody) -> Done {
        self.public(symbol, Body::Listing(ListingFact { source, coin: COIN, body }))
    }

    pub(crate) fn calendar(&mut self, symbol: SymbolId, at: VenueTime) -> Done {
        self.fact(symbol, Source::Calendar, ListingBody::Opens { at })
    }

    pub(crate) fn triple(&mut self, symbol: SymbolId, (sts, st, tt): (u8, u8, u8)) -> Done {
        let body = ListingBody::Listed {
            triple: Triple { sts, st, tt },
            price_scale: 4,
            qty_scale: 2,
            opens_at: VenueTime::NONE,
        };
        self.fact(symbol, Source::WebList, body)
    }

    /// The depth stream is live, and a snapshot of these levels came.
    pub(crate) fn book(
        &mut self,
        symbol: SymbolId,
        bids: &[(&str, &str)],
        asks: &[(&str, &str)],
    ) -> Done {
        let live = Body::Stream { stream: Stream::Depth, state: LinkState::Live };
        let mut done = self.public(symbol, live);
        self.versions += 1;
        let depth = depth(DepthKind::Snapshot, self.versions, bids, asks);
        done.actions.append(&mut self.public(symbol, Body::Depth(depth)).actions);
        done
    }

    /// The best prices, by the stream that tells only them.
    pub(crate) fn top(&mut self, bid: &str, ask: &str) -> Done {
        let level = |text| Some(Level { price: price(text), qty: qty("9000") });
        let top = BookTop { bid: level(bid), ask: level(ask), version: 0 };
        self.public(NEW, Body::Top(top))
    }

    /// The bid of the book moves there.
    pub(crate) fn bid(&mut self, bid: &str) -> Done {
        let ask = price(bid).shift_bps(20, model::Round::Up).expect("an ask");
        let ask = ask.to_tick(price("0.0001"), model::Round::Up).expect("on a tick");
        self.versions += 1;
        let mut depth = Depth::new(DepthKind::Snapshot, true, self.versions, self.versions);
        depth.push(Side::Buy, Level { price: price(bid), qty: qty("9000") });
        depth.push(Side::Sell, Level { price: ask, qty: qty("9000") });
        self.public(NEW, Body::Depth(depth))
    }

    pub(crate) fn trade(&mut self, symbol: SymbolId, at: &str) -> Done {
        let print = Print { price: price(at), qty: qty("1"), taker: Side::Buy };
        self.public(symbol, Body::Print(print))
    }

    pub(crate) fn placed(&mut self, request: &Request) -> Done {
        let client_order_id = request.client_order_id;
        let order = venue_id(client_order_id);
        self.of(request, Body::Placed(Placed { client_order_id, order }))
    }

    pub(crate) fn of(&mut self, request: &Request, body: Body) -> Done {
        self.tell(&Event::of(request.account, request.symbol, body))
    }

    /// A deal by the stream; with its trade id.
    pub(crate) fn fill(&mut self, request: &Request, at: &str, much: &str) -> Done {
        let fill = self.deal(request, at, much);
        self.of(request, Body::Fill(fill))
    }

    pub(crate) fn deal(&mut self, request: &Request, at: &str, much: &str) -> Fill {
        self.trades += 1;
        Fill {
            client_order_id: Some(request.client_order_id),
            order: venue_id(request.client_order_id),
            trade: VenueKey(self.trades),
            fee: Amount::ZERO,
            price: price(at),
            qty: qty(much),
            fee_asset: QUOTE,
            side: request.side,
            maker: false,
            source: FillSource::Stream,
        }
    }

    pub(crate) fn ends(&mut self, request: &Request, status: OrderStatus, filled: &str) -> Done {
        self.update(request, status, filled, UpdateSource::Stream)
    }

    pub(crate) fn update(
        &mut self,
        request: &Request,
        status: OrderStatus,
        filled: &str,
        source: UpdateSource,
    ) -> Done {
        let update = OrderUpdate {
            client_order_id: Some(request.client_order_id),
            order: venue_id(request.client_order_id),
            status,
            source,
            side: request.side,
            kind: Some(request.kind),
            price: Some(request.price),
            qty: request.qty,
            filled: qty(filled),
        };
        self.of(request, Body::Order(update))
    }

    /// The whole of an order is filled at its own price.
    pub(crate) fn fills(&mut self, request: &Request) -> Done {
        let mut fill = self.deal(request, "1", "1");
        (fill.price, fill.qty) = (request.price, request.qty);
        self.of(request, Body::Fill(fill))
    }

    pub(crate) fn cancelled(&mut self, id: ClientOrderId, filled: &str) -> Done {
        let status = match filled {
            "0" => OrderStatus::Cancelled,
            _ => OrderStatus::PartiallyCancelled,
        };
        let order = venue_id(id);
        let body = Cancelled { client_order_id: id, order, status, filled: qty(filled) };
        self.private(Body::Cancelled(body))
    }

    pub(crate) fn reject(&mut self, request: &Request, class: RejectClass) -> Done {
        self.reject_with(request, class, |_| {})
    }

    pub(crate) fn reject_with(
        &mut self,
        request: &Request,
        class: RejectClass,
        change: impl FnOnce(&mut Reject),
    ) -> Done {
        let mut reject = Reject {
            client_order_id: request.client_order_id,
            cancel: false,
            http: 400,
            code: 0,
            class,
            figure: None,
            retry_after: Span::ZERO,
        };
        change(&mut reject);
        self.of(request, Body::Reject(reject))
    }

    pub(crate) fn lost(&mut self, request: &Request) -> Done {
        let client_order_id = request.client_order_id;
        self.of(request, Body::ReplyLost(ReplyLost { client_order_id, cancel: false, http: 0 }))
    }

    /// The three sources that can prove an absence answer that they do not know the order.
    pub(crate) fn nobody_knows(&mut self, request: &Request) {
        let client_order_id = request.client_order_id;
        let source = UpdateSource::OrderQuery;
        self.of(request, Body::Answer(QueryAnswer::NotFound { client_order_id, source }));
        self.of(request, Body::Answer(QueryAnswer::OpenOrdersEnd));
        self.of(request, Body::Answer(QueryAnswer::AllOrdersEnd));
    }

    pub(crate) fn command(&mut self, command: Command) -> Done {
        self.public(NEW, Body::Command(command))
    }

    /// From here on the strategy wants to see changes of targets.
    pub(crate) fn watch_changes(&mut self) {
        *self.script.changes.borrow_mut() = Some(Vec::new());
    }

    /// From here on the strategy answers each change of a target with another one.
    pub(crate) fn answer_changes(&mut self) {
        self.script.answers.set(true);
    }

    /// Targets whose changes the strategy was shown.
    pub(crate) fn changes_seen(&self) -> Vec<TargetId> {
        self.script.changes.borrow().clone().unwrap_or_default()
    }

    pub(crate) fn kill(&mut self, level: KillLevel) -> Done {
        self.say(Body::Command(Command::Kill { level, reason: Text::clipped("a test") }))
    }

    /// The strategy wants this at the next event.
    pub(crate) fn wish(&mut self, intent: Intent) {
        self.wishes.borrow_mut().push(intent);
    }

    /// Another plug-in was made ready for the strategy's slot.
    pub(crate) fn ready(&mut self, plugin: u128, disarm: bool) -> Done {
        self.script.prepared.set(plugin);
        let (name, why) = (Text::clipped("script 2"), model::SwapReason::Swap);
        let event = model::PluginEvent::Ready { plugin, name, why, disarm };
        self.say(Body::Plugin { slot: Slot(0), event })
    }

    /// The plug-in that runs.
    pub(crate) fn running(&self) -> u128 {
        self.script.running.get()
    }

    // --- what stands

    /// The only target.
    pub(crate) fn target(&self) -> &Target {
        let mut targets = self.engine.targets();
        let target = targets.next().expect("a target");
        assert!(targets.next().is_none(), "more than one target");
        target
    }

    pub(crate) fn state(&self) -> TargetState {
        self.target().record.state
    }

    /// Orders that may still fill.
    pub(crate) fn alive(&self) -> Vec<Request> {
        self.engine.orders().filter(|order| order.is_alive()).map(|order| order.request).collect()
    }
}

pub(crate) fn venue_id(id: ClientOrderId) -> VenueKey {
    VenueKey(id.raw())
}

pub(crate) fn balance(asset: AssetId, free: &str) -> Body {
    Body::Balance(Balance { asset, free: money(free), locked: Amount::ZERO })
}

pub(crate) fn depth(
    kind: DepthKind,
    version: u64,
    bids: &[(&str, &str)],
    asks: &[(&str, &str)],
) -> Depth {
    let mut depth = Depth::new(kind, true, version, version);
    for (side, levels) in [(Side::Buy, bids), (Side::Sell, asks)] {
        for (at, much) in levels {
            assert!(depth.push(side, Level { price: price(at), qty: qty(much) }), "five levels");
        }
    }
    depth
}

/// The kinds that rest, for tests of what stands on the book.
pub(crate) fn rests(request: &Request) -> bool {
    matches!(request.kind, OrderKind::Limit | OrderKind::LimitMaker)
}
