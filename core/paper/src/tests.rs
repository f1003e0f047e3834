//! The paper venue's rules, one file a subject, over one desk.

mod chance;
mod fills;
mod money;
mod past;
mod requests;
mod resting;

use std::collections::BTreeMap;

use model::{
    AccountId, Amount, AssetId, Authority, Body, ClientOrderId, ClientOrderIdParts, ClockSample,
    Depth, DepthKind, Event, Fill, Level, Mode, Mono, OrderKind, OrderKinds, OrderLeg, OrderStatus,
    PermitId, Price, Print, Qty, Request, Side, Span, SpecSource, SymbolId, SymbolNames,
    SymbolSpec, SymbolStatus, Text, TradeSides, VenueTime,
};

use venue::mexc::orders::CancelRequest;

use crate::{Ask, Books, FeeAsset, Fees, Latency, Paper, PaperConfig};

const ME: AccountId = AccountId(0);
const OTHER: AccountId = AccountId(1);
const PAIR: SymbolId = SymbolId(0);
const COIN: AssetId = AssetId(0);
const USDT: AssetId = AssetId(1);
/// The exchange's clock is this far ahead of ours.
const OFFSET: i64 = 1_790_000_000_000_000_000;

fn config() -> PaperConfig {
    PaperConfig {
        accounts: 2,
        connections: 4,
        seed: 7,
        instance: 0xabc,
        epoch: 1,
        latency: Latency {
            order: Span::from_millis(10),
            order_spread: Span::ZERO,
            stream: Span::from_millis(2),
            stream_spread: Span::ZERO,
        },
        fees: Fees { maker_ppm: 0, taker_ppm: 500, asset: FeeAsset::Received },
        purse: Amount::from_units(10_000),
        purse_asset: Text::clipped("USDT"),
    }
}

/// Prices in whole cents.
fn price(cents: i64) -> Price {
    Price::from_raw(cents * 100).unwrap()
}

/// Quantities in whole coins.
fn qty(coins: i64) -> Qty {
    Qty::from_raw(coins * 10_000).unwrap()
}

fn level(cents: i64, coins: i64) -> Level {
    Level { price: price(cents), qty: qty(coins) }
}

fn spec() -> SymbolSpec {
    SymbolSpec {
        version: 1,
        price_decimals: 4,
        qty_decimals: 4,
        tick: Price::from_raw(100).unwrap(),
        step: Qty::from_raw(100).unwrap(),
        qty_min: Qty::ZERO,
        notional_min: Amount::from_units(1),
        notional_max: Amount::from_units(100_000),
        maker_fee_ppm: 0,
        taker_fee_ppm: 500,
        status: SymbolStatus::Online,
        sides: TradeSides::Both,
        kinds: OrderKinds::ALL,
        api_allowed: true,
        source: SpecSource::ExchangeInfo,
        read_at: VenueTime::NONE,
    }
}

/// What the trader's books would show.
#[derive(Clone, Default)]
struct Shown(BTreeMap<SymbolId, (Vec<Level>, Vec<Level>)>);

impl Books for Shown {
    fn book(&self, symbol: SymbolId) -> Option<(&[Level], &[Level])> {
        self.0.get(&symbol).map(|(bids, asks)| (&bids[..], &asks[..]))
    }
}

/// A paper venue, the market it sees, and everything that it said.
struct Desk {
    paper: Paper,
    shown: Shown,
    now: Mono,
    said: Vec<Event>,
    next: u32,
    mode: Mode,
}

impl Desk {
    /// A venue that is reached, with one pair of known rules that has printed.
    fn open() -> Self {
        Self::with(config())
    }

    fn with(config: PaperConfig) -> Self {
        let mut desk = Self::before_opening(config);
        desk.print(Side::Buy, 100, 1);
        desk.said.clear();
        desk
    }

    /// The same before anybody dealt.
    fn before_opening(config: PaperConfig) -> Self {
        let mut desk = Self::unlearnt(config);
        desk.learn();
        desk
    }

    /// A venue that is reached and knows no pair.
    fn unlearnt(config: PaperConfig) -> Self {
        let mut desk = Self {
            paper: Paper::new(config),
            shown: Shown::default(),
            now: Mono::from_nanos(1_000_000_000),
            said: Vec::new(),
            next: 0,
            mode: Mode::Paper,
        };
        desk.paper.handle_reachable(desk.now, true);
        let error = Span::from_millis(1);
        let clock = ClockSample { offset: OFFSET, error, round_trip: error };
        desk.hear(Event::bare(Body::Clock(clock)));
        desk
    }

    fn learn(&mut self) {
        let names = SymbolNames {
            name: Text::clipped("NEWUSDT"),
            base: Text::clipped("NEW"),
            quote: Text::clipped("USDT"),
            base_asset: COIN,
            quote_asset: USDT,
        };
        self.hear(Event::of(AccountId::NONE, PAIR, Body::Symbol(names)));
        self.rules(spec());
        self.pass(100);
        self.said.clear();
    }

    fn rules(&mut self, spec: SymbolSpec) {
        self.paper.handle_spec(PAIR, &spec);
    }

    fn hear(&mut self, event: Event) {
        self.paper.handle_event(self.now, &event, &self.shown);
        self.run();
    }

    /// Replaces the book.
    fn book(&mut self, bids: &[(i64, i64)], asks: &[(i64, i64)]) {
        let levels = |side: &[(i64, i64)]| side.iter().map(|(p, q)| level(*p, *q)).collect();
        self.shown.0.insert(PAIR, (levels(bids), levels(asks)));
        let depth = Depth::new(DepthKind::Diff, true, 1, 1);
        self.hear(Event::of(AccountId::NONE, PAIR, Body::Depth(depth)));
    }

    fn print(&mut self, taker: Side, cents: i64, coins: i64) {
        let print = Print { price: price(cents), qty: qty(coins), taker };
        self.hear(Event::of(AccountId::NONE, PAIR, Body::Print(print)));
    }

    /// Lets everything leave and come that is due.
    fn run(&mut self) {
        self.run_killed(false);
    }

    fn run_killed(&mut self, killed: bool) {
        loop {
            let sent = self.paper.poll_transmit(self.now, killed);
            match sent.or_else(|| self.paper.poll_event(self.now, &self.shown)) {
                Some(event) => self.said.push(event),
                None => return,
            }
        }
    }

    /// Lets milliseconds pass, and serves every timer on its way.
    fn pass(&mut self, millis: u64) {
        let until = self.now.after(Span::from_millis(millis));
        while let Some((at, _)) = self.paper.poll_timeout().filter(|(at, _)| *at <= until) {
            self.now = self.now.max(at);
            self.run();
        }
        self.now = until;
        self.run();
    }

    fn request(&mut self, side: Side, kind: OrderKind, cents: i64, coins: i64) -> Request {
        self.next += 1;
        let permit = PermitId(1);
        let leg = if side == Side::Buy { OrderLeg::ENTRY } else { OrderLeg::STOP };
        Request {
            account: ME,
            symbol: PAIR,
            side,
            kind,
            price: price(cents),
            qty: qty(coins),
            authority: match side {
                Side::Buy => Authority::Permit(permit),
                Side::Sell => Authority::Exit(permit),
            },
            client_order_id: ClientOrderId::new(ClientOrderIdParts {
                mode: self.mode,
                instance: 0xabc,
                epoch: 1,
                permit,
                leg,
                attempt: self.next,
            }),
            timestamp: self.venue_now(),
            recv_window_ms: 1_000,
        }
    }

    fn venue_now(&self) -> VenueTime {
        VenueTime::from_nanos(self.now.nanos() as i64 + OFFSET)
    }

    /// Writes a request; what it comes to is told later.
    fn send(&mut self, request: Request) -> ClientOrderId {
        self.paper.write_order(self.now, request).expect("a connection is free");
        self.run();
        request.client_order_id
    }

    /// Sends an order and waits until all is said of it.
    fn order(&mut self, side: Side, kind: OrderKind, cents: i64, coins: i64) -> ClientOrderId {
        let request = self.request(side, kind, cents, coins);
        let id = self.send(request);
        self.pass(50);
        id
    }

    fn cancel(&mut self, id: ClientOrderId) {
        let cancel = self.cancel_of(id);
        self.paper.cancel(self.now, &cancel).expect("a connection is free");
        self.run();
        self.pass(50);
    }

    fn cancel_of(&self, client_order_id: ClientOrderId) -> CancelRequest {
        let timestamp = self.venue_now();
        let (account, symbol, recv_window_ms) = (ME, PAIR, 1_000);
        CancelRequest { account, symbol, client_order_id, timestamp, recv_window_ms }
    }

    fn ask(&mut self, ask: Ask) -> Vec<Event> {
        let from = self.said.len();
        self.paper.ask(self.now, ME, PAIR, ask).expect("there is room for a question");
        self.pass(50);
        self.said[from..].to_vec()
    }

    /// Deals of an order as price in cents and quantity in coins.
    fn deals(&self, id: ClientOrderId) -> Vec<(i64, i64)> {
        let fills = self.fills(id).into_iter();
        fills.map(|fill| (fill.price.raw() / 100, fill.qty.raw() / 10_000)).collect()
    }

    fn fills(&self, id: ClientOrderId) -> Vec<Fill> {
        let fill = |event: &Event| {
            let Body::Fill(fill) = event.body else { return None };
            (fill.client_order_id == Some(id)).then_some(fill)
        };
        self.said.iter().filter_map(fill).collect()
    }

    /// The newest word of the stream on an order.
    fn status(&self, id: ClientOrderId) -> Option<OrderStatus> {
        let of_order = |event: &Event| {
            let Body::Order(update) = event.body else { return None };
            (update.client_order_id == Some(id)).then_some(update.status)
        };
        self.said.iter().rev().find_map(of_order)
    }

    /// The code with which an order or its cancel was refused.
    fn code(&self, id: ClientOrderId) -> Option<i32> {
        let of_order = |event: &Event| {
            let Body::Reject(reject) = event.body else { return None };
            (reject.client_order_id == id).then_some(reject.code)
        };
        self.said.iter().find_map(of_order)
    }

    fn free(&self, asset: AssetId) -> Amount {
        self.paper.purse.balance(ME, asset).free
    }

    fn locked(&self, asset: AssetId) -> Amount {
        self.paper.purse.balance(ME, asset).locked
    }
}
