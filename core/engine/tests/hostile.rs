//! Random and hostile sequences of events: nothing panics, spins, sells what is not held, buys
//! outside a permit, or has two orders on one leg.

mod desk;

use std::collections::BTreeSet;

use desk::{ACCOUNT, BASE, COIN, Desk, Done, NEW, QUOTE, balance, money, ms, opening};
use model::{
    AccountId, AlarmKind, Amount, Block, Body, BookTop, BuyByHand, ByHand, Cancelled,
    ClientOrderId, ClientOrderIdParts, ClockSample, Command, Depth, DepthKind, Event, ExitPlan,
    Fill, FillSource, FixedList, Intent, KillLevel, Level, Link, LinkState, ListingBody,
    ListingFact, Mode, Mono, OperatorOrder, OrderLeg, OrderStatus, OrderUpdate, PermitId, Placed,
    Price, PriceCap, Print, Qty, QueryAnswer, Reject, RejectClass, ReplyLost, Request, Sent,
    ShedRange, Side, Source, Span, Stream, SymbolId, TargetByHand, TargetId, Text, Triple,
    UpdateSource, VenueKey, VenueTime,
};

const SEQUENCES: u64 = 1_000;
const EVENTS: u32 = 120;

#[test]
fn no_sequence_of_events_panics_spins_or_breaks_an_order() {
    for seed in 0..SEQUENCES {
        let mut run = Run::new(seed);
        for _ in 0..EVENTS {
            run.step();
        }
    }
}

/// One desk under fire.
struct Run {
    seed: u64,
    chance: u64,
    desk: Desk,
    overfilled: bool,
    offset: i64,
    durable: BTreeSet<PermitId>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let desk = match seed % 4 {
            0 => Desk::open(),
            1 => Desk::armed(),
            2 => Desk::fired_with(plan(seed)).0,
            _ => Desk::holding_with(plan(seed)).0,
        };
        let offset = desk.engine.venue_time(Mono::ZERO).nanos();
        let durable = permits(&desk);
        Self { seed, chance: seed, desk, overfilled: false, offset, durable }
    }

    fn step(&mut self) {
        let before = self.desk.engine.kill_level();
        let done = match self.below(10) {
            0 | 1 => {
                let span = self.some_span();
                self.desk.wait(span)
            }
            2 => {
                // The machine was late: several timers are due at once.
                self.desk.now = self.desk.now.after(ms(self.below(3_000)));
                self.desk.tick()
            }
            _ => {
                let event = self.event();
                self.desk.tell(&event)
            }
        };
        let settled = self.desk.tick();
        for done in [&done, &settled] {
            self.check(done, before);
        }
    }

    fn check(&mut self, done: &Done, kill_before: KillLevel) {
        self.overfilled |= done.alarms().contains(&AlarmKind::Overfill);
        if self.desk.disk {
            self.durable.extend(done.permits().iter().map(|permit| permit.id));
        }
        for request in done.places() {
            self.check_place(&request, kill_before);
        }
        let mut legs = BTreeSet::new();
        for order in self.desk.engine.orders() {
            let leg = (order.request.authority.permit(), order.id().leg());
            let alone = !order.is_alive() || legs.insert(leg);
            assert!(alone, "seed {}: two orders on {leg:?}", self.seed);
            let filled = order.filled <= order.request.qty || self.overfilled;
            assert!(filled, "seed {}: {order:?}", self.seed);
        }
    }

    fn check_place(&self, request: &Request, kill_before: KillLevel) {
        let (seed, permit) = (self.seed, request.authority.permit());
        let mut targets = self.desk.engine.targets();
        let Some(target) = targets.find(|target| target.record.permit == Some(permit)) else {
            panic!("seed {seed}: an order of no target: {request:?}");
        };
        let spec = self.desk.engine.spec(request.symbol).expect("rules");
        match request.side {
            Side::Sell => {
                let offered = self
                    .desk
                    .engine
                    .orders()
                    .filter(|o| o.request.side == Side::Sell)
                    .filter(|o| o.request.authority.permit() == permit)
                    .map(|o| o.open_qty().raw())
                    .sum::<i64>();
                let held = target.position.sellable(spec).raw();
                assert!(offered <= held, "seed {seed}: {offered} of {held}: {request:?}");
            }
            Side::Buy => {
                let used = target.permit.expect("its permit");
                let permit = used.permit;
                assert!(self.durable.contains(&permit.id), "seed {seed}: {permit:?}");
                assert!(request.price <= permit.price_max, "seed {seed}: {request:?}");
                assert!(request.recv_window_ms <= 2_000);
                assert!(used.orders_sent <= u32::from(permit.orders_max));
                let now = request.timestamp;
                assert!(now >= permit.valid_from && now <= permit.valid_to, "seed {seed}");
                let open = self.desk.engine.kill_level().min(kill_before);
                assert!(open < KillLevel::Halt, "seed {seed}: a buy under {open:?}");
            }
        }
    }

    // --- chance

    fn next(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 0
    }

    fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }

    fn some_span(&mut self) -> Span {
        let millis = self.one_of(&[1, 20, 100, 700, 2_000, 15_000]);
        ms(self.below(millis) + 1)
    }

    fn some_price(&mut self) -> Price {
        let near = 800_000 + self.below(700_000) as i64;
        let raw = self.one_of(&[near, near, near, near / 100 * 100, 1, i64::MAX, i64::MAX / 3]);
        Price::from_raw(raw).expect("at least 1")
    }

    fn some_qty(&mut self) -> Qty {
        let near = self.below(2_000_000) as i64;
        let raw = self.one_of(&[near, near / 100 * 100, near, 0, 1, i64::MAX, i64::MAX / 2]);
        Qty::from_raw(raw).expect("not negative")
    }

    fn some_money(&mut self) -> Amount {
        let near = i128::from(self.below(1_000)) * 1_000_000_000_000_000_000;
        Amount::from_raw(self.one_of(&[near, near, 0, 1, -near, i128::MAX, i128::MIN]))
    }

    fn some_symbol(&mut self) -> SymbolId {
        self.one_of(&[NEW, NEW, NEW, NEW, SymbolId(4), SymbolId::NONE, SymbolId(4_095)])
    }

    fn some_account(&mut self) -> AccountId {
        self.one_of(&[ACCOUNT, ACCOUNT, ACCOUNT, ACCOUNT, AccountId(1), AccountId::NONE])
    }

    /// One of our orders, or an id that names none.
    fn some_id(&mut self) -> ClientOrderId {
        let ids: Vec<_> = self.desk.engine.orders().map(engine::Order::id).collect();
        if !ids.is_empty() && self.below(8) != 0 {
            // The youngest ones are the interesting ones.
            return ids[ids.len() - 1 - self.below(ids.len().min(6) as u64) as usize];
        }
        ClientOrderId::new(ClientOrderIdParts {
            mode: self.one_of(&[Mode::Demo, Mode::Live]),
            instance: self.one_of(&[desk::INSTANCE, 5]),
            epoch: 7,
            permit: PermitId(self.below(6) as u32),
            leg: OrderLeg(self.one_of(&[0, 1, 6, 33, 38, 64, 65, 200])),
            attempt: self.below(5) as u32,
        })
    }

    fn some_side(&mut self, id: ClientOrderId) -> Side {
        let honest = if id.leg().is_entry() { Side::Buy } else { Side::Sell };
        if self.below(20) == 0 { honest.opposite() } else { honest }
    }

    // --- events

    fn event(&mut self) -> Event {
        let body = match self.below(4) {
            0 => self.market(),
            1 => self.rare(),
            _ => self.private(),
        };
        if self.below(10) == 0 {
            let target = TargetId(self.below(5) as u32);
            let intent = match self.below(3) {
                0 => Intent::Enter { target },
                1 => Intent::Exit { target, qty: Some(self.some_qty()) },
                _ => Intent::Amend { target, exit: self.some_plan() },
            };
            self.desk.wish(intent);
        }
        Event {
            stamped: VenueTime::NONE,
            symbol: self.some_symbol(),
            account: self.some_account(),
            last: self.below(10) != 0,
            body,
        }
    }

    fn private(&mut self) -> Body {
        let client_order_id = self.some_id();
        let order = desk::venue_id(client_order_id);
        let cancel = self.below(4) == 0;
        match self.below(9) {
            0 => Body::Placed(Placed { client_order_id, order }),
            1 | 2 => self.fill(client_order_id),
            3 => self.update(client_order_id),
            4 => Body::Cancelled(Cancelled {
                client_order_id,
                order,
                status: self.some_status(),
                filled: self.some_qty(),
            }),
            5 => Body::ReplyLost(ReplyLost { client_order_id, cancel, http: 0 }),
            6 => Body::Busy { client_order_id, cancel },
            7 => Body::Sent(Sent { client_order_id, cancel, at: self.desk.now }),
            _ => Body::Reject(Reject {
                client_order_id,
                cancel,
                http: 400,
                code: self.one_of(&[0, 30_001, 30_005, -1, i32::MAX]),
                class: self.some_class(),
                figure: if self.flip() { Some(self.some_price()) } else { None },
                retry_after: self.one_of(&[Span::ZERO, ms(500), Span::from_secs(5)]),
            }),
        }
    }

    fn some_class(&mut self) -> RejectClass {
        self.one_of(&[
            RejectClass::Wait,
            RejectClass::WaitSlowly,
            RejectClass::Reprice,
            RejectClass::Definitive,
            RejectClass::BackOff,
            RejectClass::StopAll,
            RejectClass::Clock,
            RejectClass::Unknown,
            RejectClass::NoSuchOrder,
        ])
    }

    fn some_status(&mut self) -> OrderStatus {
        OrderStatus::from_u8(1 + self.below(5) as u8).expect("one of five")
    }

    fn fill(&mut self, id: ClientOrderId) -> Body {
        let left = self.desk.engine.order(id).map(engine::Order::open_qty);
        let qty = match left {
            Some(left) if self.below(4) != 0 => {
                Qty::from_raw(left.raw() / self.one_of(&[1, 2, 3])).expect("a part")
            }
            _ => self.some_qty(),
        };
        let known = self.below(10) != 0;
        Body::Fill(Fill {
            client_order_id: known.then_some(id),
            order: VenueKey(id.raw()),
            trade: VenueKey(u128::from(self.below(200))),
            fee: self.some_money(),
            price: self.some_price(),
            qty,
            fee_asset: self.one_of(&[BASE, QUOTE, model::AssetId(77)]),
            side: self.some_side(id),
            maker: self.flip(),
            source: self.one_of(&[FillSource::Stream, FillSource::Trades]),
        })
    }

    fn update(&mut self, id: ClientOrderId) -> Body {
        let (known, side) = (self.below(10) != 0, self.some_side(id));
        Body::Order(OrderUpdate {
            client_order_id: known.then_some(id),
            order: VenueKey(id.raw()),
            status: self.some_status(),
            source: self.one_of(&[
                UpdateSource::Stream,
                UpdateSource::OrderQuery,
                UpdateSource::OpenOrders,
                UpdateSource::AllOrders,
            ]),
            side,
            kind: None,
            price: None,
            qty: self.some_qty(),
            filled: self.some_qty(),
        })
    }

    fn market(&mut self) -> Body {
        match self.below(4) {
            0 => Body::Print(Print {
                price: self.some_price(),
                qty: self.some_qty(),
                taker: self.one_of(&[Side::Buy, Side::Sell]),
            }),
            1 => Body::Top(BookTop {
                bid: if self.flip() { Some(self.some_level()) } else { None },
                ask: if self.flip() { Some(self.some_level()) } else { None },
                version: self.next(),
            }),
            _ => {
                let kind = self.one_of(&[DepthKind::Diff, DepthKind::Diff, DepthKind::Snapshot]);
                let near = self.desk.versions + self.below(4);
                let from = self.one_of(&[near, near, 0, u64::MAX]);
                self.desk.versions = near;
                let to = from.saturating_add(self.below(3));
                let mut depth = Depth::new(kind, self.below(10) != 0, from, to);
                for _ in 0..self.below(6) {
                    let side = self.one_of(&[Side::Buy, Side::Sell]);
                    depth.push(side, self.some_level());
                }
                Body::Depth(depth)
            }
        }
    }

    fn some_level(&mut self) -> Level {
        Level { price: self.some_price(), qty: self.some_qty() }
    }

    fn rare(&mut self) -> Body {
        match self.below(14) {
            0 => Body::Link {
                link: self.one_of(&[Link::Market, Link::User, Link::Order, Link::Query]),
                up: self.flip(),
            },
            1 => Body::Stream {
                stream: self.one_of(&[
                    Stream::Depth,
                    Stream::Deals,
                    Stream::BookTop,
                    Stream::Private,
                ]),
                state: self.one_of(&[
                    LinkState::Live,
                    LinkState::Live,
                    LinkState::Down,
                    LinkState::Stale,
                    LinkState::Refused,
                ]),
            },
            2 => {
                let jump = self.one_of(&[0, 1_000_000, -1_000_000, 5_000_000_000, -9_000_000_000]);
                self.offset += jump;
                Body::Clock(ClockSample {
                    offset: self.offset,
                    error: self.one_of(&[ms(5), ms(5), Span::from_secs(2)]),
                    round_trip: self.some_span(),
                })
            }
            3 => Body::Durable { token: self.below(6) },
            4 => Body::Blocked { block: self.one_of(&Block::ALL), on: self.below(3) == 0 },
            5 => Body::Command(self.command()),
            6 => {
                let mut spec = self.desk.spec();
                spec.price_decimals = self.one_of(&[6, 6, 6, 8]);
                spec.status = self.one_of(&[model::SymbolStatus::Online, spec.status]);
                spec.notional_min = self.one_of(&[money("1"), money("5")]);
                spec.notional_max = self.one_of(&[money("5000"), money("20")]);
                Body::Spec(spec)
            }
            7 => {
                let source = self.one_of(&[Source::Calendar, Source::WebList, Source::ApiSymbols]);
                let coin = self.one_of(&[COIN, COIN, COIN, VenueKey(5), VenueKey::NONE]);
                let body = self.listing();
                Body::Listing(ListingFact { source, coin, body })
            }
            8 => Body::Shed(ShedRange { count: 1, from: Mono::ZERO, to: self.desk.now }),
            9 => balance(self.one_of(&[BASE, QUOTE]), self.one_of(&["0", "50", "10000"])),
            10 => Body::Suppressed { client_order_id: self.some_id() },
            _ => {
                let client_order_id = self.some_id();
                Body::Answer(self.one_of(&[
                    QueryAnswer::NotFound { client_order_id, source: UpdateSource::OrderQuery },
                    QueryAnswer::TradesEnd,
                    QueryAnswer::TradesCut { listed: 1_000 },
                    QueryAnswer::OpenOrdersEnd,
                    QueryAnswer::AllOrdersEnd,
                    QueryAnswer::BalancesEnd,
                    QueryAnswer::Failed { http: 0, code: 0 },
                    QueryAnswer::Failed { http: 401, code: 700_002 },
                ]))
            }
        }
    }

    fn listing(&mut self) -> ListingBody {
        let at = opening().after(ms(self.below(20_000)));
        match self.below(5) {
            0 => ListingBody::Opens { at: self.one_of(&[at, VenueTime::NONE, VenueTime::NEVER]) },
            1 => ListingBody::ApiAllowed { allowed: self.flip() },
            2 => ListingBody::Gone,
            _ => ListingBody::Listed {
                triple: Triple { sts: 2, st: 2, tt: 4 },
                price_scale: 4,
                qty_scale: u8::MAX,
                opens_at: self.one_of(&[VenueTime::NONE, at]),
            },
        }
    }

    fn command(&mut self) -> Command {
        let target = TargetId(self.below(4) as u32);
        let reason = Text::clipped("chance");
        match self.below(14) {
            8.. => Command::ByHand { token: 1, wish: self.wish(target) },
            0 => {
                let level = self.one_of(&[KillLevel::Halt, KillLevel::Reduce, KillLevel::Flatten]);
                Command::Kill { level, reason }
            }
            1..=3 => Command::Resume { reason },
            4 => Command::Reference { price: self.some_price() },
            5 => Command::CancelTarget { target },
            _ => {
                let qty = if self.flip() { Some(self.some_qty()) } else { None };
                Command::Exit(OperatorOrder { target, qty })
            }
        }
    }

    fn wish(&mut self, target: TargetId) -> ByHand {
        let some = |run: &mut Self| {
            run.one_of(&[Amount::ZERO, money("-1"), money("0.01"), money("1"), Amount::MAX])
        };
        match self.below(10) {
            0 => {
                let price = some(self);
                let caps = [PriceCap::Plan, PriceCap::Max(price), PriceCap::Reference(price)];
                let opens_at = self.one_of(&[VenueTime::NONE, opening(), VenueTime::NEVER]);
                let (notional, cap) = (some(self), self.one_of(&caps));
                ByHand::AddTarget(TargetByHand { notional, cap, opens_at })
            }
            1 => ByHand::Arm { target },
            2 => ByHand::Disarm { target },
            3 => ByHand::CancelTarget { target },
            4 => {
                let (notional, price_max) = (some(self).min(money("100")), some(self));
                ByHand::Buy(BuyByHand { notional, price_max })
            }
            5 => ByHand::Sell { qty: some(self), at_once: self.flip() },
            6 => {
                let alive = self.desk.alive();
                match alive.first() {
                    Some(order) => ByHand::CancelOrder { client_order_id: order.client_order_id },
                    None => ByHand::Rehearse { target },
                }
            }
            7 => ByHand::Adopt { qty: some(self), price: some(self) },
            8 => ByHand::Forget,
            _ => ByHand::Rehearse { target },
        }
    }

    fn some_plan(&mut self) -> ExitPlan {
        let mut ladder = FixedList::new();
        for rung in 0..self.below(5) as u32 {
            let rung = model::ExitRung { gain_bps: 100 + rung * 300, share_bps: 2_000 };
            ladder.push(rung).expect("at most four");
        }
        ExitPlan {
            ladder,
            stop_loss_bps: self.one_of(&[0, 500, 9_999, 10_000]),
            trailing_bps: self.one_of(&[0, 300]),
            trailing_from_bps: self.one_of(&[0, 100, u32::MAX]),
            break_even_bps: self.one_of(&[0, 200]),
            time_stop: self.one_of(&[Span::ZERO, ms(3_000), Span::from_nanos(u64::MAX)]),
            keep_bps: self.one_of(&[0, 2_000]),
            resting_share_bps: self.one_of(&[0, 5_000, 10_000]),
        }
    }
}

fn permits(desk: &Desk) -> BTreeSet<PermitId> {
    desk.engine.targets().filter_map(|target| target.record.permit).collect()
}

/// Plans that differ from seed to seed.
fn plan(seed: u64) -> impl FnOnce(&mut desk::Setup) {
    move |setup| {
        // Every step of every seed would take most of the time of all tests.
        setup.compare_every = 37;
        if seed.is_multiple_of(3) {
            setup.entry.kind = model::EntryKind::Limit;
        }
        if seed.is_multiple_of(5) {
            setup.exit.keep_bps = 2_000;
            setup.ladder(&[(1_000, 4_000), (2_000, 4_000)]);
        }
        if seed.is_multiple_of(7) {
            setup.exit.time_stop = Span::from_secs(3);
        }
        if seed.is_multiple_of(11) {
            setup.exit.trailing_bps = 300;
            setup.exit.break_even_bps = 100;
        }
    }
}
