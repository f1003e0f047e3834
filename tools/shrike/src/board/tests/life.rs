//! One target's life, record by record.

use journal::{Boot, Family, Kind};
use model::wire::{Wire, Writer};
use model::{
    AccountId, Alarm, AlarmKind, Amount, AssetId, Authority, ClientOrderId, ClientOrderIdParts,
    ClockSample, Close, Confidence, EntryKind, EntryPlan, Evidence, ExitPlan, ExitRung, Factor,
    Fill, FillSource, FixedList, OrderKind, OrderKinds, OrderLeg, Pattern, Permit, PermitId,
    Placed, Price, PriceSource, Qty, RejectClass, Side, Signal, SpecSource, SymbolNames,
    SymbolSpec, SymbolStatus, TargetId, TradeSides, Triggers, VenueKey, VenueTime,
};

use super::super::*;

/// Planned opening by the exchange's clock.
pub(super) const OPENS_MS: i64 = 1_790_000_000_000;
const SYMBOL: SymbolId = SymbolId(3);
const ACCOUNT: AccountId = AccountId(0);
const INSTANCE: u32 = 7;
/// The monotonic clock at the planned opening.
const OPENS_MONO: u64 = 60_000_000_000;

/// Feeds a board and keeps what it fed.
pub(super) struct Life {
    pub(super) board: Board,
    pub(super) tape: Vec<(Kind, Vec<u8>)>,
    pub(super) price_max: &'static str,
    pub(super) triple: i64,
    pub(super) confidence: u8,
    pub(super) late_ms: i64,
    pub(super) clock_error: u64,
    pub(super) first_target: u32,
    pub(super) shift_ms: i64,
    now: u64,
    seq: u64,
}

impl Life {
    pub(super) fn new() -> Self {
        Self {
            board: Board::new(),
            tape: Vec::new(),
            price_max: "0.11",
            triple: 20_204,
            confidence: 90,
            late_ms: 10_000,
            clock_error: 200,
            first_target: 1,
            shift_ms: 0,
            now: 1_000_000_000,
            seq: 0,
        }
    }

    /// Up to the durable permit.
    pub(super) fn armed() -> Self {
        let mut life = Self::new();
        life.arm();
        life
    }

    /// One refused attempt, one that buys, a take-profit and the time stop.
    pub(super) fn whole() -> Self {
        let mut life = Self::armed();
        life.live();
        life
    }

    pub(super) fn arm(&mut self) {
        self.boot(INSTANCE, 1);
        let offset = (OPENS_MS + self.shift_ms) * 1_000_000 - OPENS_MONO as i64;
        let error = Span::from_nanos(self.clock_error);
        self.event(Body::Clock(ClockSample { offset, error, round_trip: Span::from_nanos(1) }));
        self.event(Body::Symbol(SymbolNames {
            name: Text::clipped("NEWUSDT"),
            base: Text::clipped("NEW"),
            quote: Text::clipped("USDT"),
            base_asset: AssetId(8),
            quote_asset: AssetId(1),
        }));
        self.event(Body::Spec(spec()));
        self.signal();
        self.target(TargetState::Pending);
        self.target(TargetState::Ready);
        self.permit();
        self.now += 3_000_000;
        self.target(TargetState::Armed);
    }

    pub(super) fn live(&mut self) {
        self.now = OPENS_MONO - 450_000;
        self.target(TargetState::Executing);
        self.place(OrderLeg::ENTRY, 0, Side::Buy, price("0.11"), qty("900"));
        self.sent(OrderLeg::ENTRY, 0);
        self.text(OrderLeg::ENTRY, 0, "Trading is not open");
        self.reject(OrderLeg::ENTRY, 0, 30001, false);
        self.now = OPENS_MONO + 100_000_000;
        self.place(OrderLeg::ENTRY, 1, Side::Buy, price("0.11"), qty("900"));
        self.sent(OrderLeg::ENTRY, 1);
        self.placed(OrderLeg::ENTRY, 1);
        self.fill(OrderLeg::ENTRY, 1, Side::Buy, "0.1", "900", 1);
        self.target(TargetState::Open);
        let rung = OrderLeg::take_profit(0);
        self.place(rung, 0, Side::Sell, price("0.105"), qty("450"));
        self.sent(rung, 0);
        self.placed(rung, 0);
        self.fill(rung, 0, Side::Sell, "0.105", "450", 2);
        self.target(TargetState::Closing);
        self.place(OrderLeg::STOP, 0, Side::Sell, price("0.1"), qty("450"));
        self.sent(OrderLeg::STOP, 0);
        self.placed(OrderLeg::STOP, 0);
        self.fill(OrderLeg::STOP, 0, Side::Sell, "0.106", "450", 3);
        self.position("0", "90", "94.95", Some(Close::TimeStop));
        self.target(TargetState::Completed);
    }

    pub(super) fn boot(&mut self, instance: u32, epoch: u32) {
        let boot = Boot {
            instance,
            epoch,
            machine_boot: [0; 16],
            mono_anchor: 0,
            wall_anchor: 0,
            venue_anchor: 0,
            build: String::new(),
            extra: Vec::new(),
        };
        self.push(Kind::BOOT, boot.encode());
    }

    pub(super) fn event(&mut self, body: Body) {
        self.stamped(VenueTime::NONE, body);
    }

    fn stamped(&mut self, stamped: VenueTime, body: Body) {
        // What concerns nobody's account in the real journal concerns nobody's here.
        let common = matches!(body, Body::Blocked { .. } | Body::Clock(_));
        let account = if common { AccountId::NONE } else { ACCOUNT };
        let event = Event { stamped, ..Event::of(account, SYMBOL, body) };
        let mut bytes = [0; 512];
        let mut out = Writer::new(&mut bytes);
        event.write(&mut out);
        let len = out.len();
        self.push(Kind::INPUT, bytes[..len].to_vec());
    }

    /// An event of the market's family, about the same pair.
    pub(super) fn market(&mut self, body: Body) {
        let event = Event::of(AccountId::NONE, SYMBOL, body);
        let mut bytes = [0; 512];
        let mut out = Writer::new(&mut bytes);
        event.write(&mut out);
        let len = out.len();
        self.seq += 1;
        let at = Mono::from_nanos(self.now);
        self.board.on_record(Kind::INPUT, Family::Market, self.seq, at, &bytes[..len]);
    }

    /// The moment of the newest record.
    pub(super) fn now(&self) -> Mono {
        Mono::from_nanos(self.now)
    }

    pub(super) fn at_the_opening(&mut self) {
        self.now = OPENS_MONO;
    }

    pub(super) fn action(&mut self, action: &Action<Request>) {
        let mut bytes = [0; 512];
        let mut out = Writer::new(&mut bytes);
        action.write(&mut out);
        let len = out.len();
        self.push(Kind::OUTPUT, bytes[..len].to_vec());
    }

    fn persist(&mut self, record: Record) {
        self.action(&Action::Persist { token: 0, record });
    }

    fn push(&mut self, kind: Kind, payload: Vec<u8>) {
        self.seq += 1;
        let at = Mono::from_nanos(self.now);
        self.board.on_record(kind, Family::Decisions, self.seq, at, &payload);
        self.tape.push((kind, payload));
    }

    fn opens_at(&self) -> VenueTime {
        VenueTime::from_millis(OPENS_MS + self.shift_ms)
    }

    pub(super) fn signal(&mut self) {
        let mut evidence = FixedList::new();
        for (factor, value) in [
            (Factor::Triple, self.triple),
            (Factor::CalendarOpening, OPENS_MS + self.shift_ms),
            (Factor::Precision, 402),
            (Factor::ExchangeInfo, 1),
            (Factor::ApiAllowed, 1),
        ] {
            evidence.push(Evidence { factor, value }).unwrap();
        }
        let signal = Signal {
            symbol: SYMBOL,
            pattern: Pattern::ReadyState,
            confidence: Confidence::new(self.confidence).unwrap(),
            uncalibrated: true,
            opens_at: self.opens_at(),
            evidence,
        };
        self.action(&Action::Note(Note::Signal(signal)));
    }

    fn record(&self, id: u32, state: TargetState) -> TargetRecord {
        let mut ladder = FixedList::new();
        ladder.push(ExitRung { gain_bps: 500, share_bps: 5_000 }).unwrap();
        TargetRecord {
            id: TargetId(id),
            account: ACCOUNT,
            symbol: SYMBOL,
            state,
            why: WhyNot::None,
            pattern: Pattern::ReadyState,
            confidence: Confidence::new(self.confidence).unwrap(),
            opens_at: self.opens_at(),
            permit: None,
            slot: model::Slot(0),
            entry: EntryPlan {
                triggers: Triggers { schedule: true, print: true, strategy: false },
                kind: EntryKind::ImmediateOrCancel,
                notional: Amount::from_units(100),
                reference: PriceSource::PreOpenAsk,
                operator_price: None,
                premium_bps: 2_000,
                early: Span::from_millis(500),
                late: Span::from_millis(self.late_ms.unsigned_abs()),
                orders_max: 40,
            },
            exit: ExitPlan {
                ladder,
                stop_loss_bps: 1_000,
                trailing_bps: 0,
                trailing_from_bps: 0,
                break_even_bps: 0,
                time_stop: Span::from_secs(10),
                keep_bps: 0,
                resting_share_bps: 5_000,
            },
        }
    }

    pub(super) fn target(&mut self, state: TargetState) {
        let record = self.record(self.first_target, state);
        self.persist(Record::Target(record));
    }

    pub(super) fn finished_target(&mut self, id: u32) {
        let record = self.record(id, TargetState::Missed);
        self.persist(Record::Target(record));
    }

    fn permit(&mut self) {
        let opens_at = self.opens_at();
        self.persist(Record::Permit(Permit {
            id: PermitId(2),
            target: TargetId(self.first_target),
            account: ACCOUNT,
            symbol: SYMBOL,
            coin: VenueKey(5),
            side: Side::Buy,
            mode: Mode::Demo,
            notional_max: Amount::from_units(100),
            price_max: price(self.price_max),
            reference: PriceSource::PreOpenAsk,
            reference_price: price(self.price_max),
            valid_from: opens_at.before(Span::from_millis(500)),
            valid_to: VenueTime::from_millis(opens_at.millis() + self.late_ms),
            orders_max: 40,
            plugin: u128::from(self.clock_error),
            config: 6,
            operator: Text::EMPTY,
        }));
    }

    pub(super) fn place(
        &mut self,
        leg: OrderLeg,
        attempt: u32,
        side: Side,
        price: Price,
        qty: Qty,
    ) {
        let stop = leg == OrderLeg::STOP;
        let authority = match side {
            Side::Buy => Authority::Permit(PermitId(2)),
            Side::Sell => Authority::Exit(PermitId(2)),
        };
        self.action(&Action::Place(Request {
            account: ACCOUNT,
            symbol: SYMBOL,
            side,
            kind: if stop { OrderKind::ImmediateOrCancel } else { OrderKind::Limit },
            price,
            qty,
            authority,
            client_order_id: id(leg, attempt),
            timestamp: self.opens_at(),
            recv_window_ms: 2_000,
        }));
    }

    /// 50 µs after it was placed.
    pub(super) fn sent(&mut self, leg: OrderLeg, attempt: u32) {
        self.now += 50_000;
        let at = Mono::from_nanos(self.now);
        self.event(Body::Sent(Sent { client_order_id: id(leg, attempt), cancel: false, at }));
        self.now += 1_000_000;
    }

    pub(super) fn placed(&mut self, leg: OrderLeg, attempt: u32) {
        let client_order_id = id(leg, attempt);
        self.event(Body::Placed(Placed { client_order_id, order: VenueKey(77) }));
    }

    pub(super) fn text(&mut self, leg: OrderLeg, attempt: u32, text: &str) {
        let key = VenueKey(id(leg, attempt).raw());
        self.event(Body::VenueText(VenueText { key, text: Text::clipped(text) }));
    }

    pub(super) fn reject(&mut self, leg: OrderLeg, attempt: u32, code: i32, cancel: bool) {
        self.event(Body::Reject(Reject {
            client_order_id: id(leg, attempt),
            cancel,
            http: 400,
            code,
            class: RejectClass::Wait,
            figure: None,
            retry_after: Span::ZERO,
        }));
    }

    pub(super) fn reply_lost(&mut self, leg: OrderLeg, attempt: u32) {
        let client_order_id = id(leg, attempt);
        self.event(Body::ReplyLost(ReplyLost { client_order_id, cancel: false, http: 0 }));
    }

    pub(super) fn fill(
        &mut self,
        leg: OrderLeg,
        attempt: u32,
        side: Side,
        at: &str,
        amount: &str,
        trade: u128,
    ) {
        let fill = deal(Some(id(leg, attempt)), side, at, amount, trade);
        self.stamped(VenueTime::from_millis(OPENS_MS + self.shift_ms + 120), Body::Fill(fill));
    }

    pub(super) fn stranger(&mut self) {
        self.event(Body::Fill(deal(None, Side::Buy, "0.1", "5", 999)));
    }

    pub(super) fn position(&mut self, held: &str, paid: &str, got: &str, closed: Option<Close>) {
        self.persist(Record::Position(PositionRecord {
            target: TargetId(self.first_target),
            account: ACCOUNT,
            symbol: SYMBOL,
            qty: qty(held),
            paid: amount(paid),
            received: amount(got),
            other_fees: 0,
            closed,
        }));
    }

    pub(super) fn kill(&mut self, level: KillLevel, reason: &str) {
        self.persist(Record::Kill { level, reason: Text::clipped(reason) });
    }

    pub(super) fn alarm(&mut self, kind: AlarmKind) {
        let (account, symbol) = (AccountId::NONE, SymbolId::NONE);
        self.persist(Record::Alarm(Alarm { kind, account, symbol, figure: 1 }));
    }
}

fn deal(
    client_order_id: Option<ClientOrderId>,
    side: Side,
    at: &str,
    amount_of_base: &str,
    trade: u128,
) -> Fill {
    Fill {
        client_order_id,
        order: VenueKey(77),
        trade: VenueKey(trade),
        fee: amount("0.05"),
        price: price(at),
        qty: qty(amount_of_base),
        fee_asset: AssetId(1),
        side,
        maker: false,
        source: FillSource::Stream,
    }
}

fn spec() -> SymbolSpec {
    SymbolSpec {
        version: 1,
        price_decimals: 6,
        qty_decimals: 4,
        tick: price("0.0001"),
        step: qty("0.01"),
        qty_min: Qty::ZERO,
        notional_min: Amount::ONE,
        notional_max: Amount::MAX,
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

pub(super) fn id(leg: OrderLeg, attempt: u32) -> ClientOrderId {
    ClientOrderId::new(ClientOrderIdParts {
        mode: Mode::Demo,
        instance: INSTANCE,
        epoch: 1,
        permit: PermitId(2),
        leg,
        attempt,
    })
}

pub(super) fn price(text: &str) -> Price {
    Price::parse(text.as_bytes(), 6).unwrap()
}

pub(super) fn qty(text: &str) -> Qty {
    Qty::parse(text.as_bytes(), 4).unwrap()
}

pub(super) fn amount(text: &str) -> Amount {
    Amount::parse(text.as_bytes()).unwrap()
}
