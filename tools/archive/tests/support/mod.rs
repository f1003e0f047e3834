//! Journals to make archives of, and archives compared row by row.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(unreachable_pub, missing_debug_implementations, reason = "scaffolding of test files")]

use std::collections::BTreeMap;
use std::path::Path;

use archive::{Archive, TABLES, file_of};
use engine::{Action, Note};
use journal::{
    Consumer, DataDir, Family, HostDisk, Identity, Kind, Observer, Producer, RecordView,
    SyncPolicy, Trouble, Writer, WriterSettings, ring,
};
use model::wire::{Wire, Writer as Bytes};
use model::*;
use rusqlite::Connection;
use rusqlite::types::Value;
use sim::{MONO_START, Storm, World, WorldConfig};

pub const ALL: u64 = u64::MAX;

/// A journal of a virtual run under `dir`.
pub fn virtual_run(seed: u64, storm: Storm, dir: &Path) {
    let settings = settings::Settings::demo(&[]).expect("the shipped configuration is sound");
    let identity = World::identity(seed, &settings);
    let data = DataDir::open_virtual(dir, identity.instance, identity.epoch).unwrap();
    let venue = World::venue_start(seed);
    let clocks = replay::Clocks { mono: MONO_START, venue, ..replay::Clocks::default() };
    let head = replay::head(&settings, identity, clocks, "virtual").unwrap();
    let keys = vec![("demo-key".to_owned(), "demo-secret".to_owned())];
    // A journal on disk is read again by its owner alone: no deaths here.
    let storm = Storm { crashes: Vec::new(), ..storm };
    let config = WorldConfig { seed, listings: 3, storm, settings, keys, exchange: None };
    let mut world = World::journaled(&config, &data.journal(), &head.records()).unwrap();
    let outcome = world.run(&mut Untroubled);
    assert_eq!(outcome.violation, None, "seed {seed}");
}

pub struct Untroubled;

impl Observer for Untroubled {
    fn on_record(&mut self, _: &RecordView<'_>) {}
    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, trouble: &Trouble) {
        panic!("{trouble}");
    }
}

/// The archive of `data`, made anew.
pub fn rebuilt(data: &Path, batch: u32) -> Tables {
    for name in ["archive.db", "archive.db-wal", "archive.db-shm"] {
        let _ = std::fs::remove_file(data.join(name));
    }
    let mut archive = Archive::open(data).unwrap().with_batch(batch);
    archive.catch_up(ALL).unwrap();
    archive.close().unwrap();
    tables(data)
}

/// Every row of every table, in its order.
pub type Tables = BTreeMap<&'static str, Vec<Vec<Value>>>;

pub fn tables(data: &Path) -> Tables {
    let db = Connection::open(file_of(data)).unwrap();
    TABLES.iter().chain(&["meta"]).map(|table| (*table, rows(&db, table))).collect()
}

fn rows(db: &Connection, table: &str) -> Vec<Vec<Value>> {
    let mut statement = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let width = statement.column_count();
    let rows = statement
        .query_map([], |row| (0..width).map(|at| row.get(at)).collect::<Result<Vec<_>, _>>())
        .unwrap();
    let mut rows = rows.collect::<Result<Vec<_>, _>>().unwrap();
    rows.sort_by_key(|row| format!("{row:?}"));
    rows
}

/// Names the first row that differs.
pub fn assert_equal(one: &Tables, other: &Tables) {
    for (table, rows) in one {
        let others = &other[table];
        for (row, other) in rows.iter().zip(others) {
            assert_eq!(row, other, "a row of {table}");
        }
        assert_eq!(rows.len(), others.len(), "rows of {table}");
    }
}

/// A journal that is written by hand, through the real ring and writer.
pub struct Pen {
    pub producer: Producer,
    consumer: Consumer,
    writer: Writer<HostDisk>,
    pub at: Mono,
    instance: u32,
    epoch: u32,
    /// The last number written.
    pub seq: u64,
}

/// 2026-11-20T12:00:00Z by the wall clock where the monotonic one is 0.
pub const WALL: i64 = 20_777 * 86_400_000_000_000 + 43_200_000_000_000;
pub const INSTANCE: u32 = 7;

impl Pen {
    /// Begins start `epoch` of the journal under `data`.
    pub fn new(data: &Path, epoch: u32) -> Self {
        Self::of(data, INSTANCE, epoch)
    }

    pub fn of(data: &Path, instance: u32, epoch: u32) -> Self {
        let identity = Identity { instance, epoch, machine_boot: [3; 16] };
        let sizes = WriterSettings {
            segment_bytes: 8 * 1024,
            reserve_bytes: 16 * 1024,
            free_min_bytes: 0,
            decisions_sync: Span::ZERO,
            policy: SyncPolicy::Virtual { takes: Span::ZERO },
            ..WriterSettings::default()
        };
        let folder = data.join("journal");
        let (writer, _) = Writer::open(HostDisk, &folder, identity, sizes).unwrap();
        let first = writer.next_seq();
        let (producer, consumer) = ring::in_memory(1 << 20, first).unwrap();
        let at = Mono::from_nanos(u64::from(epoch) * 1_000_000_000_000);
        let mut pen = Self { producer, consumer, writer, at, instance, epoch, seq: first - 1 };
        pen.boot();
        pen
    }

    fn boot(&mut self) {
        let settings = settings::Settings::demo(&[]).unwrap();
        let operator = Text::clipped("anna");
        let hashes = settings::Hashes::default();
        let (instance, epoch) = (self.instance, self.epoch);
        let identity = settings::Identity { instance, epoch, operator, hashes };
        let mono = self.at.nanos() as i64;
        let clocks = replay::Clocks {
            machine_boot: [3; 16],
            mono: self.at,
            wall_ns: WALL + mono,
            venue: VenueTime::NONE,
        };
        let head = replay::head(&settings, identity, clocks, "test 1").unwrap();
        for (kind, payload) in head.records() {
            self.put(kind, payload);
        }
    }

    pub fn put(&mut self, kind: Kind, payload: &[u8]) -> u64 {
        self.at = self.at.after(Span::from_millis(1));
        self.seq = self.producer.push(Family::Decisions, kind, self.at, payload).unwrap();
        self.seq
    }

    pub fn event(&mut self, event: Event) -> u64 {
        self.put(Kind::INPUT, &payload(|out| event.write(out)))
    }

    pub fn action(&mut self, action: Action<Request>) -> u64 {
        self.put(Kind::OUTPUT, &payload(|out| action.write(out)))
    }

    pub fn persist(&mut self, record: Record) -> u64 {
        self.action(Action::Persist { token: 0, record })
    }

    pub fn note(&mut self, note: Note) -> u64 {
        self.action(Action::Note(note))
    }

    /// Of the one pair, account 0.
    pub fn tell(&mut self, body: Body) -> u64 {
        self.event(Event::of(AccountId(0), SYMBOL, body))
    }

    pub fn operator(&mut self, command: Command) -> u64 {
        self.event(Event::bare(Body::Command(command)))
    }

    /// Puts everything on disk.
    pub fn sync(&mut self) {
        self.at = self.at.after(Span::from_millis(1));
        self.writer.drain(self.at, &mut self.consumer, &mut Untroubled);
    }

    pub fn stop(mut self) {
        self.put(Kind::STOP, &[]);
        self.sync();
        self.writer.close(&mut Untroubled);
    }

    /// As `kill -9` does: what is on disk stays, nothing else.
    pub fn die(mut self) {
        self.sync();
    }
}

/// The payload of a record.
pub fn payload(write: impl FnOnce(&mut Bytes<'_>)) -> Vec<u8> {
    let mut bytes = [0; 512];
    let mut out = Bytes::new(&mut bytes);
    write(&mut out);
    let len = out.len();
    bytes[..len].to_vec()
}

pub const SYMBOL: SymbolId = SymbolId(3);
pub const TARGET: TargetId = TargetId(65_536);
pub const PERMIT: PermitId = PermitId(65_537);

pub fn price(raw: i64) -> Price {
    Price::from_raw(raw).unwrap()
}

pub fn qty(raw: i64) -> Qty {
    Qty::from_raw(raw).unwrap()
}

/// Names and rules of NEWUSDT: prices have 4 decimals, quantities 2.
pub fn names(pen: &mut Pen) {
    let names = SymbolNames {
        name: Text::clipped("NEWUSDT"),
        base: Text::clipped("NEW"),
        quote: Text::clipped("USDT"),
        base_asset: AssetId(5),
        quote_asset: AssetId(1),
    };
    pen.tell(Body::Symbol(names));
    pen.tell(Body::Spec(spec()));
}

pub fn spec() -> SymbolSpec {
    SymbolSpec {
        version: 1,
        price_decimals: 4,
        qty_decimals: 2,
        tick: price(1),
        step: qty(1),
        qty_min: Qty::ZERO,
        notional_min: Amount::ONE,
        notional_max: Amount::from_units(1_000_000),
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

pub fn signal(confidence: u8) -> Note {
    let mut evidence = FixedList::new();
    let _ = evidence.push(Evidence { factor: Factor::Triple, value: 20_204 });
    Note::Signal(Signal {
        symbol: SYMBOL,
        pattern: Pattern::ReadyState,
        confidence: Confidence::new(confidence).unwrap(),
        uncalibrated: true,
        opens_at: opening(),
        evidence,
    })
}

pub fn opening() -> VenueTime {
    VenueTime::from_nanos(WALL + 2_000_000_000_000)
}

pub fn entry_plan() -> EntryPlan {
    EntryPlan {
        triggers: Triggers { schedule: true, print: true, strategy: false },
        kind: EntryKind::ImmediateOrCancel,
        notional: Amount::from_units(100),
        reference: PriceSource::PreOpenAsk,
        operator_price: None,
        premium_bps: 2_000,
        early: Span::from_millis(200),
        late: Span::from_secs(10),
        orders_max: 60,
    }
}

pub fn exit_plan() -> ExitPlan {
    let mut ladder = FixedList::new();
    let _ = ladder.push(ExitRung { gain_bps: 500, share_bps: 2_500 });
    ExitPlan {
        ladder,
        stop_loss_bps: 1_000,
        trailing_bps: 0,
        trailing_from_bps: 0,
        break_even_bps: 0,
        time_stop: Span::from_secs(600),
        keep_bps: 0,
        resting_share_bps: 5_000,
    }
}

pub fn target(state: TargetState, why: WhyNot) -> Record {
    Record::Target(target_record(state, why))
}

pub fn target_record(state: TargetState, why: WhyNot) -> TargetRecord {
    let permitted = !matches!(state, TargetState::Pending);
    TargetRecord {
        id: TARGET,
        account: AccountId(0),
        symbol: SYMBOL,
        state,
        why,
        pattern: Pattern::ReadyState,
        confidence: Confidence::new(90).unwrap(),
        opens_at: opening(),
        permit: permitted.then_some(PERMIT),
        slot: model::Slot(0),
        entry: entry_plan(),
        exit: exit_plan(),
    }
}

pub fn permit() -> Record {
    Record::Permit(permit_record())
}

pub fn permit_record() -> Permit {
    Permit {
        id: PERMIT,
        target: TARGET,
        account: AccountId(0),
        symbol: SYMBOL,
        coin: VenueKey(77),
        side: Side::Buy,
        mode: Mode::Demo,
        notional_max: Amount::from_units(110),
        price_max: price(5_888),
        reference: PriceSource::PreOpenAsk,
        reference_price: price(4_900),
        valid_from: opening().before(Span::from_millis(200)),
        valid_to: opening().after(Span::from_secs(10)),
        orders_max: 60,
        plugin: 1,
        config: 2,
        operator: Text::clipped("anna"),
    }
}

pub fn order_id(leg: OrderLeg, attempt: u32) -> ClientOrderId {
    id_of(PERMIT, leg, attempt)
}

pub fn id_of(permit: PermitId, leg: OrderLeg, attempt: u32) -> ClientOrderId {
    ClientOrderId::new(ClientOrderIdParts {
        mode: Mode::Demo,
        instance: INSTANCE,
        epoch: 1,
        permit,
        leg,
        attempt,
    })
}

pub fn request(id: ClientOrderId, side: Side, at: i64, amount: i64) -> Request {
    let authority = match side {
        Side::Buy => Authority::Permit(id.permit()),
        Side::Sell => Authority::Exit(id.permit()),
    };
    Request {
        account: AccountId(0),
        symbol: SYMBOL,
        side,
        kind: OrderKind::ImmediateOrCancel,
        price: price(at),
        qty: qty(amount),
        authority,
        client_order_id: id,
        timestamp: opening(),
        recv_window_ms: 1_000,
    }
}

pub fn fill(id: Option<ClientOrderId>, trade: &str, side: Side, at: i64, amount: i64) -> Fill {
    Fill {
        client_order_id: id,
        order: VenueKey::of(b"C02__1"),
        trade: VenueKey::of(trade.as_bytes()),
        fee: Amount::from_raw(50_000_000_000_000_000),
        price: price(at),
        qty: qty(amount),
        fee_asset: if side == Side::Buy { AssetId(5) } else { AssetId(1) },
        side,
        maker: false,
        source: FillSource::Stream,
    }
}

/// A deal with the texts of its ids before it, as one frame.
pub fn deal(pen: &mut Pen, trade: &str, fill: Fill) -> u64 {
    let open = |body| Event { last: false, ..Event::of(AccountId(0), SYMBOL, body) };
    for text in ["C02__1", trade] {
        let key = VenueKey::of(text.as_bytes());
        pen.event(open(Body::VenueText(VenueText { key, text: Text::clipped(text) })));
    }
    let stamped = opening().after(Span::from_millis(pen.seq));
    pen.event(Event { stamped, ..Event::of(AccountId(0), SYMBOL, Body::Fill(fill)) })
}

pub fn position(held: i64, paid: i64, received: i64, closed: Option<Close>) -> Record {
    Record::Position(PositionRecord {
        target: TARGET,
        account: AccountId(0),
        symbol: SYMBOL,
        qty: qty(held),
        paid: Amount::from_units(paid),
        received: Amount::from_units(received),
        other_fees: 0,
        closed,
    })
}

/// The life of one target, from the first word of a witness to the last sale.
pub fn life(pen: &mut Pen) {
    names(pen);
    pen.event(Event::bare(Body::Clock(ClockSample {
        offset: WALL + 5,
        error: Span::from_micros(300),
        round_trip: Span::from_millis(2),
    })));
    let listed = ListingBody::Listed {
        triple: Triple { sts: 2, st: 2, tt: 4 },
        price_scale: 2,
        qty_scale: 255,
        opens_at: opening(),
    };
    pen.tell(Body::Listing(ListingFact {
        source: Source::WebList,
        coin: VenueKey(77),
        body: listed,
    }));
    pen.note(signal(90));
    pen.persist(target(TargetState::Pending, WhyNot::Confidence));
    pen.persist(permit());
    pen.persist(target(TargetState::Ready, WhyNot::None));
    pen.persist(target(TargetState::Armed, WhyNot::None));
    pen.action(Action::Follow { symbol: SYMBOL });
    pen.persist(target(TargetState::Executing, WhyNot::None));
    enter(pen);
    leave(pen);
}

fn enter(pen: &mut Pen) {
    let refused = order_id(OrderLeg::ENTRY, 0);
    pen.action(Action::Place(request(refused, Side::Buy, 4_900, 20_000)));
    sent(pen, refused);
    let text = Text::clipped("current order direction is not allowed");
    let open = |body| Event { last: false, ..Event::of(AccountId(0), SYMBOL, body) };
    pen.event(open(Body::VenueText(VenueText { key: VenueKey(refused.raw()), text })));
    pen.tell(Body::Reject(Reject {
        client_order_id: refused,
        cancel: false,
        http: 400,
        code: 30_001,
        class: RejectClass::Wait,
        figure: None,
        retry_after: Span::ZERO,
    }));
    let bought = order_id(OrderLeg::ENTRY, 1);
    pen.action(Action::Place(request(bought, Side::Buy, 4_900, 20_000)));
    sent(pen, bought);
    let placed = Placed { client_order_id: bought, order: VenueKey::of(b"C02__1") };
    pen.tell(Body::Placed(placed));
    deal(pen, "t1", fill(Some(bought), "t1", Side::Buy, 4_850, 12_000));
    pen.persist(position(11_995, 59, 0, None));
    deal(pen, "t2", fill(Some(bought), "t2", Side::Buy, 4_900, 8_000));
    pen.persist(position(19_990, 98, 0, None));
    pen.persist(target(TargetState::Open, WhyNot::None));
    // A query tells the first deal again.
    deal(
        pen,
        "t1",
        Fill { source: FillSource::Trades, ..fill(Some(bought), "t1", Side::Buy, 4_850, 12_000) },
    );
}

fn leave(pen: &mut Pen) {
    let sold = order_id(OrderLeg::STOP, 0);
    pen.action(Action::Place(request(sold, Side::Sell, 5_000, 19_990)));
    sent(pen, sold);
    let update = OrderUpdate {
        client_order_id: Some(sold),
        order: VenueKey::of(b"C02__2"),
        status: OrderStatus::New,
        source: UpdateSource::Stream,
        side: Side::Sell,
        kind: Some(OrderKind::ImmediateOrCancel),
        price: Some(price(5_000)),
        qty: qty(19_990),
        filled: Qty::ZERO,
    };
    pen.tell(Body::Order(update));
    deal(pen, "t3", fill(Some(sold), "t3", Side::Sell, 5_000, 10_000));
    pen.persist(position(9_990, 98, 49, None));
    pen.persist(Record::Exit(ExitRecord {
        target: TARGET,
        closing: Some(Close::StopLoss),
        by_hand: Qty::ZERO,
        time_stop_done: false,
        high: Some(price(5_010)),
    }));
    deal(pen, "t4", fill(Some(sold), "t4", Side::Sell, 5_000, 9_990));
    pen.persist(position(0, 98, 99, Some(Close::StopLoss)));
    pen.persist(target(TargetState::Completed, WhyNot::None));
}

pub fn sent(pen: &mut Pen, id: ClientOrderId) {
    let at = pen.at.after(Span::from_micros(50));
    pen.tell(Body::Sent(Sent { client_order_id: id, cancel: false, at }));
}
