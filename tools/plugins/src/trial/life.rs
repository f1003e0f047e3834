//! Events of a listing's life, made up: every kind that a plug-in may ask for occurs.

use model::{
    AccountId, Amount, AssetId, Balance, Body, BookTop, ClientOrderId, ClientOrderIdParts,
    ClockSample, Depth, DepthKind, Event, Fill, FillSource, Level, ListingBody, ListingFact, Mode,
    Mono, OrderKind, OrderKinds, OrderLeg, OrderStatus, OrderUpdate, PermitId, Price, Print, Qty,
    Side, Source, Span, SpecSource, SymbolId, SymbolNames, SymbolSpec, SymbolStatus, Text,
    TradeSides, Triple, UpdateSource, VenueKey, VenueTime,
};

use super::noise::Noise;

/// Steps in time, with an event or a few in each.
const STEPS: u32 = 4_000;
/// Milliseconds between two steps, at most.
const STEP_MS_MAX: u32 = 40;
/// Pairs with the seconds until each opens; the last one trades from the start.
const OPENINGS: [i64; 4] = [8, 22, 40, -3_600];
/// The exchange's clock when ours says zero: a day in 2027.
const VENUE_ZERO: i64 = 1_800_000_000_000_000_000;
const PRICE_DECIMALS: u8 = 6;
const QTY_DECIMALS: u8 = 4;
const ACCOUNT: AccountId = AccountId(0);
const QUOTE: AssetId = AssetId(0);

/// Some thousands of events around four pairs over a minute and a half: announced, listed, opened,
/// bought and sold by us, and taken away again. Equal for equal seeds.
#[must_use]
pub fn listing_life(seed: u64) -> Vec<(Mono, Event)> {
    let mut life = Life { noise: Noise::new(seed), now: Mono::ZERO, events: Vec::new(), orders: 0 };
    life.later(1_000);
    life.begin();
    let mut pairs: Vec<Pair> = (0..).zip(OPENINGS).map(|(id, at)| life.pair(id, at)).collect();
    for pair in &pairs {
        life.announce(pair);
    }
    for _ in 0..STEPS {
        let ms = life.noise.below(STEP_MS_MAX);
        life.later(ms.into());
        let at = life.noise.below(pairs.len() as u32) as usize;
        life.step(&mut pairs[at]);
    }
    for pair in &pairs {
        life.fact(pair, Source::WebList, ListingBody::Gone);
    }
    life.events
}

struct Life {
    noise: Noise,
    now: Mono,
    events: Vec<(Mono, Event)>,
    orders: u32,
}

struct Pair {
    symbol: SymbolId,
    opens_at: VenueTime,
    opened: bool,
    price: i64,
    version: u64,
    held: Option<Qty>,
    /// Ten-thousandths that the price moves by on average.
    drift: i64,
}

impl Life {
    fn later(&mut self, ms: u64) {
        self.now = self.now.after(Span::from_millis(ms));
    }

    fn venue(&self) -> VenueTime {
        VenueTime::from_nanos(VENUE_ZERO).after(self.now.since(Mono::ZERO))
    }

    fn push(&mut self, symbol: SymbolId, account: AccountId, body: Body) {
        let stamped = self.venue();
        let event = Event { stamped, ..Event::of(account, symbol, body) };
        self.events.push((self.now, event));
    }

    fn public(&mut self, pair: &Pair, body: Body) {
        self.push(pair.symbol, AccountId::NONE, body);
    }

    fn begin(&mut self) {
        let error = Span::from_millis(2);
        let sample = ClockSample { offset: VENUE_ZERO, error, round_trip: error };
        self.push(SymbolId::NONE, AccountId::NONE, Body::Clock(sample));
        self.balance(QUOTE, 10_000);
    }

    fn balance(&mut self, asset: AssetId, units: i64) {
        let (free, locked) = (Amount::from_units(units), Amount::ZERO);
        self.push(SymbolId::NONE, ACCOUNT, Body::Balance(Balance { asset, free, locked }));
    }

    fn pair(&mut self, id: u32, opens_in_s: i64) -> Pair {
        let opens_at = VenueTime::from_nanos(VENUE_ZERO + opens_in_s * 1_000_000_000);
        let price = 100_000 + i64::from(self.noise.below(5_000_000));
        let symbol = SymbolId(id);
        Pair { symbol, opens_at, opened: false, price, version: 1, held: None, drift: 25 }
    }

    fn announce(&mut self, pair: &Pair) {
        let base = Text::clipped(&format!("NEW{}", pair.symbol.0));
        let names = SymbolNames {
            name: Text::clipped(&format!("NEW{}USDT", pair.symbol.0)),
            base,
            quote: Text::clipped("USDT"),
            base_asset: pair.asset(),
            quote_asset: QUOTE,
        };
        self.public(pair, Body::Symbol(names));
        self.public(pair, Body::Spec(rules(pair, SpecSource::WebList, self.venue())));
        let (opens, allowed) =
            (ListingBody::Opens { at: pair.opens_at }, ListingBody::ApiAllowed { allowed: false });
        self.fact(pair, Source::Calendar, opens);
        self.fact(pair, Source::Announcement, opens);
        self.fact(pair, Source::ApiSymbols, allowed);
        self.listed(pair, 1);
    }

    fn fact(&mut self, pair: &Pair, source: Source, body: ListingBody) {
        let coin = VenueKey(u128::from(pair.symbol.0) + 1);
        self.public(pair, Body::Listing(ListingFact { source, coin, body }));
    }

    /// The web list's state: 1 on its way, 4 ready.
    fn listed(&mut self, pair: &Pair, tt: u8) {
        let body = ListingBody::Listed {
            triple: Triple { sts: 2, st: 2, tt },
            price_scale: PRICE_DECIMALS - 2,
            qty_scale: QTY_DECIMALS - 2,
            opens_at: pair.opens_at,
        };
        self.fact(pair, Source::WebList, body);
    }

    fn step(&mut self, pair: &mut Pair) {
        if !pair.opened {
            if self.venue() < pair.opens_at {
                return self.step_ahead(pair);
            }
            self.open(pair);
        }
        let change = pair.drift + self.noise.around(60);
        pair.price = (pair.price + pair.price * change / 10_000).clamp(1_000, 1_000_000_000);
        match self.noise.below(100) {
            0..45 => self.print(pair),
            45..70 => self.depth(pair, DepthKind::Diff),
            70..90 => self.top(pair),
            90..93 => self.depth(pair, DepthKind::Top),
            93..98 => self.trade(pair),
            98 => pair.drift = self.noise.around(40),
            _ => self.balance(QUOTE, 9_000),
        }
    }

    /// Before it opens: facts come again and again, and asks stand in the book.
    fn step_ahead(&mut self, pair: &mut Pair) {
        let opens = ListingBody::Opens { at: pair.opens_at };
        match self.noise.below(20) {
            0 => self.listed(pair, 4),
            1 => self.fact(pair, Source::Futures, opens),
            2 => self.fact(pair, Source::ApiSymbols, ListingBody::ApiAllowed { allowed: true }),
            3 => self.public(pair, Body::Spec(rules(pair, SpecSource::ExchangeInfo, self.venue()))),
            4..9 => self.depth(pair, DepthKind::Snapshot),
            9..14 => self.top(pair),
            _ => {}
        }
    }

    fn open(&mut self, pair: &mut Pair) {
        pair.opened = true;
        self.fact(pair, Source::ExchangeInfo, ListingBody::ApiAllowed { allowed: true });
        self.public(pair, Body::Spec(rules(pair, SpecSource::ExchangeInfo, self.venue())));
        self.fact(pair, Source::FirstPrint, ListingBody::Opens { at: pair.opens_at });
        self.depth(pair, DepthKind::Snapshot);
        self.trade(pair);
    }

    fn qty(&mut self) -> Qty {
        Qty::from_raw(10_000 * (1 + i64::from(self.noise.below(500)))).unwrap_or(Qty::ZERO)
    }

    fn print(&mut self, pair: &Pair) {
        let taker = if self.noise.one_in(3) { Side::Sell } else { Side::Buy };
        let print = Print { price: pair.at(0), qty: self.qty(), taker };
        self.public(pair, Body::Print(print));
    }

    fn top(&mut self, pair: &mut Pair) {
        pair.version += 1;
        let bid = pair.opened.then(|| Level { price: pair.at(-5), qty: self.qty() });
        let ask = Some(Level { price: pair.at(5), qty: self.qty() });
        self.public(pair, Body::Top(BookTop { bid, ask, version: pair.version }));
    }

    fn depth(&mut self, pair: &mut Pair, kind: DepthKind) {
        pair.version += 1;
        let mut depth = Depth::new(kind, true, pair.version, pair.version);
        for level in 0..Depth::LEVELS as i64 {
            let side = if pair.opened && level % 2 == 0 { Side::Buy } else { Side::Sell };
            let away = (level + 1) * if side == Side::Buy { -5 } else { 5 };
            let gone = kind == DepthKind::Diff && self.noise.one_in(3);
            let qty = if gone { Qty::ZERO } else { self.qty() };
            // As many as there are places.
            let _ = depth.push(side, Level { price: pair.at(away), qty });
        }
        self.public(pair, Body::Depth(depth));
    }

    /// A buy of ours where nothing is held, else the sale: new, filled in part, filled.
    fn trade(&mut self, pair: &mut Pair) {
        let (side, qty) = match pair.held.take() {
            Some(held) => (Side::Sell, held),
            None => {
                let qty = self.qty();
                pair.held = Some(qty);
                (Side::Buy, qty)
            }
        };
        self.orders += 1;
        let id = order_id(pair, side, self.orders);
        let half = qty.share_bps(5_000);
        self.order(pair, side, id, (qty, Qty::ZERO), OrderStatus::New);
        self.fill(pair, side, id, half);
        self.order(pair, side, id, (qty, half), OrderStatus::PartiallyFilled);
        self.fill(pair, side, id, qty.minus(half));
        self.order(pair, side, id, (qty, qty), OrderStatus::Filled);
        self.balance(pair.asset(), if side == Side::Buy { 10 } else { 0 });
    }

    fn order(
        &mut self,
        pair: &Pair,
        side: Side,
        id: ClientOrderId,
        (qty, filled): (Qty, Qty),
        status: OrderStatus,
    ) {
        let update = OrderUpdate {
            client_order_id: Some(id),
            order: VenueKey(u128::from(self.orders)),
            status,
            source: UpdateSource::Stream,
            side,
            kind: Some(OrderKind::Limit),
            price: Some(pair.at(0)),
            qty,
            filled,
        };
        self.push(pair.symbol, ACCOUNT, Body::Order(update));
    }

    fn fill(&mut self, pair: &Pair, side: Side, id: ClientOrderId, qty: Qty) {
        let fill = Fill {
            client_order_id: Some(id),
            order: VenueKey(u128::from(self.orders)),
            trade: VenueKey(self.events.len() as u128 + 1),
            fee: Amount::from_raw(1_000_000_000_000_000),
            price: pair.at(0),
            qty,
            fee_asset: QUOTE,
            side,
            maker: false,
            source: FillSource::Stream,
        };
        self.push(pair.symbol, ACCOUNT, Body::Fill(fill));
    }
}

impl Pair {
    const fn asset(&self) -> AssetId {
        AssetId(self.symbol.0 + 1)
    }

    /// A price so many ten-thousandths away from the last one.
    fn at(&self, bps: i64) -> Price {
        let raw = self.price + self.price * bps / 10_000;
        Price::from_raw(raw.max(1)).unwrap_or_else(|| unreachable!("at least 1"))
    }
}

fn order_id(pair: &Pair, side: Side, attempt: u32) -> ClientOrderId {
    let leg = if side == Side::Buy { OrderLeg::ENTRY } else { OrderLeg::STOP };
    ClientOrderId::new(ClientOrderIdParts {
        mode: Mode::Demo,
        instance: 1,
        epoch: 1,
        permit: PermitId(pair.symbol.0 + 1),
        leg,
        attempt,
    })
}

fn rules(pair: &Pair, source: SpecSource, read_at: VenueTime) -> SymbolSpec {
    let known = source == SpecSource::ExchangeInfo;
    SymbolSpec {
        version: if known { 2 } else { 1 },
        price_decimals: PRICE_DECIMALS,
        qty_decimals: QTY_DECIMALS,
        tick: Price::from_raw(100).unwrap_or_else(|| unreachable!("100 is a price")),
        step: Qty::from_raw(100).unwrap_or(Qty::ZERO),
        qty_min: Qty::ZERO,
        notional_min: Amount::from_units(1),
        notional_max: Amount::from_units(2_000_000),
        maker_fee_ppm: 0,
        taker_fee_ppm: 500,
        status: SymbolStatus::Online,
        sides: TradeSides::Both,
        kinds: OrderKinds::ALL,
        api_allowed: known && pair.opened,
        source,
        read_at,
    }
}
