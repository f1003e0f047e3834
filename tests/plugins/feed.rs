//! Scenes made of a seed: openings, deals, books, accounts, and targets in every state.

use model::{
    AccountId, Amount, AssetId, Authority, Balance, Body, BookTop, ClientOrderId,
    ClientOrderIdParts, Close, Confidence, Depth, DepthKind, Event, Evidence, Factor, Fill,
    FillSource, FixedList, Happening, KillLevel, Level, ListingBody, ListingFact, Mode, Mono,
    OrderKind, OrderKinds, OrderLeg, OrderStatus, OrderUpdate, Pattern, PermitId, PositionRecord,
    Price, Print, Qty, Request, RiskRules, RuleQuestion, RuleVerdict, Scene, Side, Signal, Slot,
    Source, Span, SpecSource, Strategies, SymbolId, SymbolNames, SymbolSpec, SymbolStatus,
    TargetId, TargetRecord, TargetState, Text, TradeSides, Triple, UpdateSource, VenueKey,
    VenueTime, View, ViewPosition, ViewTarget, WhyNot, Wish, Wishes,
};

/// Pairs of a feed.
const PAIRS: usize = 3;

/// Numbers that look like chance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Once in so many.
    pub(crate) fn once_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// A scene that owns what it shows.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Mono,
    symbol: SymbolId,
    what: What,
    signals: Vec<Signal>,
    targets: Vec<ViewTarget>,
    positions: Vec<ViewPosition>,
    view: View<'static>,
}

#[derive(Clone, Debug)]
enum What {
    Event(Event),
    Look,
    Target(TargetRecord),
    Position(PositionRecord),
}

impl Moment {
    pub(crate) fn show(&self, plugins: &mut impl Strategies) -> Vec<Wish> {
        let mut wishes = Wishes::new();
        self.show_into(plugins, &mut wishes);
        wishes.iter().collect()
    }

    pub(crate) fn show_into(&self, plugins: &mut impl Strategies, wishes: &mut Wishes) {
        plugins.begin();
        self.show_in_step(plugins, wishes);
    }

    /// Shows it in the step that has begun.
    pub(crate) fn show_in_step(&self, plugins: &mut impl Strategies, wishes: &mut Wishes) {
        let happening = match &self.what {
            What::Event(event) => Happening::Event(event),
            What::Look => Happening::Look,
            What::Target(record) => Happening::Target(record),
            What::Position(record) => Happening::Position(record),
        };
        self.on_scene(happening, &self.signals, plugins, wishes);
    }

    /// The same world at something else.
    pub(crate) fn show_happening(
        &self,
        happening: Happening<'_>,
        signals: &[Signal],
        plugins: &mut impl Strategies,
        wishes: &mut Wishes,
    ) {
        plugins.begin();
        self.on_scene(happening, signals, plugins, wishes);
    }

    fn on_scene(
        &self,
        happening: Happening<'_>,
        signals: &[Signal],
        plugins: &mut impl Strategies,
        wishes: &mut Wishes,
    ) {
        let (targets, positions) = (&self.targets[..], &self.positions[..]);
        let view = View { targets, positions, ..self.view };
        let scene = Scene { now: self.now, symbol: self.symbol, happening, signals, view: &view };
        plugins.on_scene(&scene, wishes);
    }

    pub(crate) fn is_print(&self) -> bool {
        matches!(&self.what, What::Event(event) if matches!(event.body, Body::Print(_)))
    }

    pub(crate) fn is_look(&self) -> bool {
        matches!(self.what, What::Look)
    }

    pub(crate) fn has_signals(&self) -> bool {
        !self.signals.is_empty()
    }
}

/// One buy to be judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buy {
    now: Mono,
    request: Request,
    depth: Option<Qty>,
    held: Qty,
    notional: Amount,
    total: Amount,
}

impl Buy {
    pub(crate) fn judge(&self, rules: &mut impl RiskRules) -> RuleVerdict {
        rules.judge(&RuleQuestion {
            now: self.now,
            request: &self.request,
            decimals: (4, 2),
            step: qty(5),
            notional: self.notional,
            bid: Price::from_raw(self.request.price.raw() - 1),
            ask: Some(self.request.price),
            depth: self.depth,
            held: self.held,
            symbol_notional: self.total,
            quote_notional: self.total,
            total_notional: self.total,
            bought_today: self.total,
            permit_max: Amount::from_units(1_000),
            permit_used: Amount::ZERO,
            orders_live: 2,
            orders_live_symbol: 1,
            opened: true,
            listing: true,
        })
    }
}

/// Makes scenes one after the other.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) chance: Chance,
    now: Mono,
    venue: i64,
    mid: [i64; PAIRS],
    opens_at: [i64; PAIRS],
    next_target: u32,
}

impl Feed {
    pub(crate) fn new(seed: u64) -> Self {
        let venue = 1_790_000_000_000_000_000;
        Self {
            chance: Chance(seed),
            now: Mono::from_nanos(1_000_000_000),
            venue,
            mid: [1_000_000; PAIRS],
            opens_at: [venue + 3_000_000_000; PAIRS],
            next_target: 1,
        }
    }

    pub(crate) fn next(&mut self) -> Moment {
        let past = self.chance.below(200_000_000);
        self.now = self.now.after(Span::from_nanos(past));
        self.venue += past as i64;
        let pair = self.chance.below(PAIRS as u64) as usize;
        self.move_pair(pair);
        let symbol = SymbolId(pair as u32 + 10);
        let targets = self.targets(symbol, pair);
        let positions = self.positions(&targets);
        let what = self.what(symbol, pair, &targets);
        let tells = match &what {
            What::Look => true,
            What::Event(event) => {
                matches!(event.body, Body::Listing(_) | Body::Spec(_))
            }
            What::Target(_) | What::Position(_) => false,
        };
        let count = if tells { 1 + self.chance.below(2) } else { 0 };
        let signals = (0..count).map(|_| self.signal(symbol, pair)).collect();
        let view = self.view(pair);
        Moment { now: self.now, symbol, what, signals, targets, positions, view }
    }

    pub(crate) fn buy(&mut self) -> Buy {
        let price = price(self.mid[0]);
        let asked = qty(5 * (1 + self.chance.below(40) as i64));
        let id = ClientOrderIdParts {
            mode: Mode::Demo,
            instance: 1,
            epoch: 1,
            permit: PermitId(3),
            leg: OrderLeg::ENTRY,
            attempt: 0,
        };
        let request = Request {
            account: AccountId(self.chance.below(3) as u8),
            symbol: SymbolId(10),
            side: Side::Buy,
            kind: OrderKind::ImmediateOrCancel,
            price,
            qty: asked,
            authority: Authority::Permit(PermitId(3)),
            client_order_id: ClientOrderId::new(id),
            timestamp: VenueTime::from_nanos(self.venue),
            recv_window_ms: 1_000,
        };
        let notional =
            Amount::from_raw(i128::from(price.raw()) * i128::from(asked.raw()) * 1_000_000_000_000);
        let depth = qty(self.chance.below(900) as i64);
        Buy {
            now: self.now,
            request,
            depth: Some(depth).filter(|_| !self.chance.once_in(4)),
            held: qty(self.chance.below(100) as i64),
            notional,
            total: Amount::from_raw(i128::from(self.chance.below(300)) * 1_000_000_000_000_000_000),
        }
    }

    fn move_pair(&mut self, pair: usize) {
        let bps = self.chance.below(120) as i64 - 58;
        let jump = if self.chance.once_in(60) { 400 } else { 0 };
        self.mid[pair] += self.mid[pair] * (bps + jump) / 10_000;
        if !(10_000..100_000_000).contains(&self.mid[pair]) {
            self.mid[pair] = 1_000_000;
        }
        if self.venue > self.opens_at[pair] + 60_000_000_000 {
            self.opens_at[pair] = self.venue + self.chance.below(9_000_000_000) as i64;
        }
    }

    fn view(&mut self, pair: usize) -> View<'static> {
        let (mid, known) = (self.mid[pair], !self.chance.once_in(50));
        let some = |raw| if known { Price::from_raw(raw) } else { None };
        let kill = if self.chance.once_in(100) { KillLevel::Halt } else { KillLevel::Active };
        let venue_now = VenueTime::from_nanos(self.venue);
        View {
            venue_now: if self.chance.once_in(80) { VenueTime::NONE } else { venue_now },
            bid: some(mid - 10),
            ask: some(mid + 10),
            decimals: known.then_some((4, 2)),
            opens_at: VenueTime::from_nanos(self.opens_at[pair]),
            kill,
            targets: &[],
            positions: &[],
        }
    }

    fn targets(&mut self, symbol: SymbolId, pair: usize) -> Vec<ViewTarget> {
        let many = if self.chance.once_in(40) { 18 } else { self.chance.below(4) };
        (0..many)
            .map(|at| ViewTarget {
                id: TargetId(self.next_target + at as u32),
                slot: self.chance.of(&[Slot(0), Slot(0), Slot(1), Slot(7), Slot::NONE]),
                account: AccountId(self.chance.below(2) as u8),
                symbol,
                state: self.chance.of(&STATES),
                why: WhyNot::None,
                pattern: Pattern::ReadyState,
                confidence: self.percent(),
                permit: self.chance.below(9) as u32,
                opens_at: VenueTime::from_nanos(self.opens_at[pair]),
            })
            .collect()
    }

    fn positions(&mut self, targets: &[ViewTarget]) -> Vec<ViewPosition> {
        let holds = |target: &&ViewTarget| target.state == TargetState::Open;
        let held = targets.iter().filter(holds).copied().collect::<Vec<_>>();
        held.iter()
            .map(|target| ViewPosition {
                target: target.id,
                slot: target.slot,
                account: target.account,
                symbol: target.symbol,
                qty: qty(self.chance.below(1_000) as i64),
                entry_price: Price::from_raw(self.chance.below(1_000_000) as i64),
            })
            .collect()
    }

    fn percent(&mut self) -> Confidence {
        Confidence::new(45 + self.chance.below(56) as u8).expect("a percentage")
    }

    fn signal(&mut self, symbol: SymbolId, pair: usize) -> Signal {
        let mut evidence = FixedList::new();
        for factor in [Factor::CalendarOpening, Factor::Triple, Factor::ApiAllowed] {
            let value = self.chance.below(99_999) as i64;
            evidence.push(Evidence { factor, value }).expect("three of six");
        }
        Signal {
            symbol,
            pattern: self.chance.of(&[
                Pattern::ReadyState,
                Pattern::PreReady,
                Pattern::LaunchSequence,
                Pattern::Combined,
            ]),
            confidence: self.percent(),
            uncalibrated: self.chance.once_in(2),
            opens_at: if self.chance.once_in(20) {
                VenueTime::NONE
            } else {
                VenueTime::from_nanos(self.opens_at[pair])
            },
            evidence,
        }
    }

    fn what(&mut self, symbol: SymbolId, pair: usize, targets: &[ViewTarget]) -> What {
        let account = AccountId(self.chance.below(2) as u8);
        let market = |body| What::Event(Event::of(AccountId::NONE, symbol, body));
        let own = |body| What::Event(Event::of(account, symbol, body));
        match self.chance.below(20) {
            0..=7 => market(self.print(pair)),
            8 | 9 => market(self.top(pair)),
            10 => market(self.depth(pair)),
            11 | 12 => market(self.listing(pair)),
            13 => What::Look,
            14 => own(self.order(pair)),
            15 => own(self.fill(pair)),
            16 => self.rare(symbol, account),
            17 => {
                self.next_target += 1;
                What::Target(self.record(symbol, account, targets))
            }
            _ => {
                self.next_target += 1;
                What::Position(self.position(symbol, account, targets))
            }
        }
    }

    fn print(&mut self, pair: usize) -> Body {
        let taker = self.chance.of(&[Side::Buy, Side::Sell]);
        let most = 1 << self.chance.below(20);
        let qty = qty(1 + self.chance.below(most) as i64);
        Body::Print(Print { price: price(self.mid[pair]), qty, taker })
    }

    fn level(&mut self, raw: i64) -> Level {
        Level { price: price(raw), qty: qty(self.chance.below(5_000) as i64) }
    }

    fn top(&mut self, pair: usize) -> Body {
        let (bid, ask) = (self.level(self.mid[pair] - 10), self.level(self.mid[pair] + 10));
        let ask = Some(ask).filter(|_| !self.chance.once_in(9));
        Body::Top(BookTop { bid: Some(bid), ask, version: self.chance.below(1 << 40) })
    }

    fn depth(&mut self, pair: usize) -> Body {
        let from = self.chance.below(1 << 40);
        let mut depth = Depth::new(DepthKind::Diff, true, from, from + 1);
        for _ in 0..self.chance.below(6) {
            let (side, level) =
                (self.chance.of(&[Side::Buy, Side::Sell]), self.level(self.mid[pair]));
            depth.push(side, level);
        }
        Body::Depth(depth)
    }

    fn listing(&mut self, pair: usize) -> Body {
        let at = VenueTime::from_nanos(self.opens_at[pair]);
        let triple = Triple { sts: 2, st: self.chance.below(4) as u8, tt: 4 };
        let body = match self.chance.below(4) {
            0 => ListingBody::Opens { at },
            1 => ListingBody::Listed { triple, price_scale: 4, qty_scale: 255, opens_at: at },
            2 => ListingBody::ApiAllowed { allowed: self.chance.once_in(2) },
            _ => ListingBody::Gone,
        };
        let source = self.chance.of(&[Source::Calendar, Source::WebList, Source::ExchangeInfo]);
        Body::Listing(ListingFact { source, coin: VenueKey(self.chance.next().into()), body })
    }

    fn order(&mut self, pair: usize) -> Body {
        Body::Order(OrderUpdate {
            client_order_id: None,
            order: VenueKey(self.chance.next().into()),
            status: self.chance.of(&[OrderStatus::New, OrderStatus::Filled]),
            source: UpdateSource::Stream,
            side: self.chance.of(&[Side::Buy, Side::Sell]),
            kind: Some(OrderKind::Limit).filter(|_| self.chance.once_in(2)),
            price: Some(price(self.mid[pair])),
            qty: qty(500),
            filled: qty(self.chance.below(500) as i64),
        })
    }

    fn fill(&mut self, pair: usize) -> Body {
        Body::Fill(Fill {
            client_order_id: None,
            order: VenueKey(self.chance.next().into()),
            trade: VenueKey(self.chance.next().into()),
            fee: Amount::from_raw(self.chance.next().into()),
            price: price(self.mid[pair]),
            qty: qty(self.chance.below(500) as i64),
            fee_asset: AssetId(3),
            side: self.chance.of(&[Side::Buy, Side::Sell]),
            maker: self.chance.once_in(2),
            source: FillSource::Stream,
        })
    }

    fn rare(&mut self, symbol: SymbolId, account: AccountId) -> What {
        let body = match self.chance.below(4) {
            0 => Body::Balance(Balance {
                asset: AssetId(1),
                free: Amount::from_raw(self.chance.next().into()),
                locked: Amount::ZERO,
            }),
            1 => Body::Symbol(SymbolNames {
                name: Text::clipped("NEWUSDT"),
                base: Text::clipped("NEW"),
                quote: Text::clipped("USDT"),
                base_asset: AssetId(0),
                quote_asset: AssetId(1),
            }),
            2 => Body::Durable { token: 1 },
            _ => Body::Spec(spec(self.chance.below(9) as u32, self.venue)),
        };
        What::Event(Event::of(account, symbol, body))
    }

    fn record(
        &mut self,
        symbol: SymbolId,
        account: AccountId,
        targets: &[ViewTarget],
    ) -> TargetRecord {
        let standing = settings::Settings::demo(&[]).expect("the shipped configuration").standing();
        TargetRecord {
            id: targets.first().map_or(TargetId(1), |target| target.id),
            account,
            symbol,
            state: self.chance.of(&STATES),
            why: WhyNot::None,
            pattern: Pattern::Combined,
            confidence: self.percent(),
            opens_at: VenueTime::NONE,
            permit: None,
            slot: Slot(0),
            entry: standing.entry,
            exit: standing.exit,
        }
    }

    fn position(
        &mut self,
        symbol: SymbolId,
        account: AccountId,
        targets: &[ViewTarget],
    ) -> PositionRecord {
        let closes = [
            None,
            Some(Close::StopLoss),
            Some(Close::TakeProfit),
            Some(Close::Trailing),
            Some(Close::HandedOver),
        ];
        PositionRecord {
            target: targets.first().map_or(TargetId(self.next_target), |target| target.id),
            account,
            symbol,
            qty: qty(self.chance.below(10) as i64),
            paid: Amount::from_raw(self.chance.below(1_000).into()),
            received: Amount::from_raw(self.chance.below(900).into()),
            other_fees: self.chance.below(3) as u32,
            closed: self.chance.of(&closes),
        }
    }
}

/// Armed ones more often than others: they are what a strategy may enter.
const STATES: [TargetState; 15] = [
    TargetState::Armed,
    TargetState::Armed,
    TargetState::Armed,
    TargetState::Pending,
    TargetState::Ready,
    TargetState::Armed,
    TargetState::Executing,
    TargetState::Open,
    TargetState::Closing,
    TargetState::Completed,
    TargetState::Failed,
    TargetState::Cancelled,
    TargetState::Expired,
    TargetState::Missed,
    TargetState::Blocked,
];

fn spec(version: u32, read_at: i64) -> SymbolSpec {
    SymbolSpec {
        version,
        price_decimals: 4,
        qty_decimals: 2,
        tick: price(1),
        step: qty(5),
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
        read_at: VenueTime::from_nanos(read_at),
    }
}

fn price(raw: i64) -> Price {
    Price::from_raw(raw).expect("positive")
}

fn qty(raw: i64) -> Qty {
    Qty::from_raw(raw).expect("not negative")
}
