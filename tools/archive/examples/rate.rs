//! How fast records become rows, indices, commits and checkpoints included, and how long a day of
//! decisions takes from the segments. Run it with `--release`, alone on the machine.
//!
//! `cargo run --release -p archive --example rate -- [ROWS] [DIR] [TABLE]`; the folder says which
//! disk is measured, and a table that none other is.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use archive::Archive;
use engine::{Action, Note};
use journal::{
    Family, HostDisk, Identity, Kind, RecordView, SyncPolicy, Writer, WriterSettings, ring,
};
use model::wire::Wire;
use model::*;
use risk::Refusal;
use support::{INSTANCE, Untroubled, id_of, payload, permit_record, price, target_record};

#[path = "../tests/support/mod.rs"]
mod support;

const SYMBOLS: u32 = 50;
/// Orders of one permit.
const ORDERS: u64 = 20;
/// What each order asks for and each deal gives.
const QTY: i64 = 2_000_000;
const WALL: i64 = 20_777 * 86_400_000_000_000;

/// Puts records that make this many rows on a tape.
type Make = fn(&mut Tape, u64);

fn main() {
    let mut words = std::env::args().skip(1);
    let rows: u64 = words.next().and_then(|word| word.parse().ok()).unwrap_or(300_000);
    let under = words.next().map_or_else(std::env::temp_dir, PathBuf::from);
    say(format_args!("{rows} rows a table in {}", under.display()));
    let tables: [(&str, Make); 7] = [
        ("orders", orders),
        ("orders+fills", both),
        ("fills", fills),
        ("target_changes", target_changes),
        ("patterns", patterns),
        ("risk_events", risk_events),
        ("alerts", alerts),
    ];
    let wanted = words.next();
    let wants = |table: &str| wanted.as_deref().is_none_or(|wanted| wanted == table);
    for (table, write) in tables {
        if wants(table) {
            measure(&under, table, rows, write);
        }
    }
    if wants("rebuild") {
        rebuild(&under);
    }
}

/// From records in memory to rows that are committed and folded into the file.
fn measure(under: &Path, table: &str, rows: u64, write: Make) {
    let room = tempfile::tempdir_in(under).unwrap();
    std::fs::create_dir(room.path().join("journal")).unwrap();
    let mut archive = Archive::open(room.path()).unwrap();
    let mut tape = Tape::default();
    ground(&mut tape, rows / ORDERS + 1);
    if table == "fills" {
        orders(&mut tape, rows);
    }
    tape.play(&mut archive);
    let mut tape = Tape { seq: tape.seq, at: tape.at, ..Tape::default() };
    write(&mut tape, rows);
    let records = tape.records.len();
    let watch = Watch::begin();
    tape.play(&mut archive);
    archive.close().unwrap();
    let (took, alone) = watch.end();
    let bytes = std::fs::metadata(room.path().join("archive.db")).unwrap().len() >> 20;
    say(format_args!(
        "{table:<15} {:>8.0} rows/s, {:>8.0} by processor time; {} records, {took:.2} s and \
         {alone:.2} s, file {bytes} MiB",
        rows as f64 / took,
        rows as f64 / alone,
        records,
    ));
}

/// A million decisions in segments on disk, to an archive that was not there.
fn rebuild(under: &Path) {
    let room = tempfile::tempdir_in(under).unwrap();
    let mut tape = Tape::default();
    ground(&mut tape, 10_000);
    let mut permit = 0;
    while tape.records.len() < 1_000_000 {
        life(&mut tape, permit % 10_000);
        permit += 1;
    }
    let records = tape.records.len();
    let bytes = tape.write(room.path());
    let watch = Watch::begin();
    let mut archive = Archive::open(room.path()).unwrap();
    let applied = archive.catch_up(u64::MAX).unwrap();
    archive.close().unwrap();
    let (took, alone) = watch.end();
    assert_eq!(applied as usize, records);
    let file = std::fs::metadata(room.path().join("archive.db")).unwrap().len() >> 20;
    say(format_args!(
        "rebuild         {records} records, {} MiB of segments: {took:.2} s, {alone:.2} s of them \
         processor time, file {file} MiB",
        bytes >> 20
    ));
}

/// Two clocks: the wall, and the processor time of this thread, which is what others on the machine
/// do not lengthen.
struct Watch {
    begun: Instant,
    ran: u64,
}

impl Watch {
    fn begin() -> Self {
        Self { begun: Instant::now(), ran: ran() }
    }

    fn end(self) -> (f64, f64) {
        (self.begun.elapsed().as_secs_f64(), (ran() - self.ran) as f64 / 1e9)
    }
}

/// Nanoseconds that this thread ran.
fn ran() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap()
}

fn say(text: std::fmt::Arguments<'_>) {
    // Nobody is left to tell when it is closed.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Records in memory.
#[derive(Default)]
struct Tape {
    records: Vec<(Kind, Vec<u8>)>,
    seq: u64,
    at: u64,
}

impl Tape {
    fn put(&mut self, kind: Kind, payload: Vec<u8>) {
        self.records.push((kind, payload));
    }

    fn event(&mut self, symbol: SymbolId, body: Body) {
        self.told(Event::of(AccountId(0), symbol, body));
    }

    fn told(&mut self, event: Event) {
        self.put(Kind::INPUT, payload(|out| event.write(out)));
    }

    fn action(&mut self, action: &Action<Request>) {
        self.put(Kind::OUTPUT, payload(|out| action.write(out)));
    }

    fn persist(&mut self, record: Record) {
        self.action(&Action::Persist { token: 0, record });
    }

    fn play(&mut self, archive: &mut Archive) {
        for (kind, payload) in &self.records {
            self.seq += 1;
            self.at += 50_000;
            let (seq, at) = (self.seq, Mono::from_nanos(self.at));
            let family = Family::Decisions;
            let view = RecordView { seq, at, family, kind: *kind, payload };
            archive.apply(&view).unwrap();
        }
        archive.commit().unwrap();
    }

    /// Into segments; gives their bytes.
    fn write(&self, data: &Path) -> u64 {
        let identity = Identity { instance: INSTANCE, epoch: 1, machine_boot: [0; 16] };
        let policy = SyncPolicy::Virtual { takes: Span::ZERO };
        let sizes = WriterSettings { policy, reserve_bytes: 4_096, ..WriterSettings::default() };
        let folder = data.join("journal");
        let (mut writer, _) = Writer::open(HostDisk, &folder, identity, sizes).unwrap();
        let (mut producer, mut consumer) = ring::in_memory(16 << 20, 1).unwrap();
        let mut bytes = 0;
        for (n, (kind, payload)) in self.records.iter().enumerate() {
            let at = Mono::from_nanos(n as u64 * 86_400_000);
            producer.push(Family::Decisions, *kind, at, payload).unwrap();
            bytes += payload.len() as u64 + 32;
            if n % 1_000 == 0 {
                writer.drain(at, &mut consumer, &mut Untroubled);
            }
        }
        writer.drain(Mono::from_nanos(u64::MAX / 2), &mut consumer, &mut Untroubled);
        writer.close(&mut Untroubled);
        bytes
    }
}

/// A start, names and rules, and this many targets with their permits.
fn ground(tape: &mut Tape, permits: u64) {
    let boot = journal::Boot {
        instance: INSTANCE,
        epoch: 1,
        machine_boot: [0; 16],
        mono_anchor: 0,
        wall_anchor: WALL,
        venue_anchor: WALL,
        build: "rate".to_owned(),
        extra: Vec::new(),
    };
    tape.put(Kind::BOOT, boot.encode());
    for id in 0..SYMBOLS {
        let names = SymbolNames {
            name: Text::clipped(&format!("NEW{id}USDT")),
            base: Text::clipped(&format!("NEW{id}")),
            quote: Text::clipped("USDT"),
            base_asset: AssetId(id + 1),
            quote_asset: AssetId(0),
        };
        tape.event(SymbolId(id), Body::Symbol(names));
        tape.event(SymbolId(id), Body::Spec(spec()));
    }
    for n in 0..permits {
        tape.persist(Record::Target(target(n, TargetState::Pending)));
        tape.persist(permit(n));
    }
}

fn spec() -> SymbolSpec {
    SymbolSpec { price_decimals: 6, qty_decimals: 4, ..support::spec() }
}

fn symbol(n: u64) -> SymbolId {
    SymbolId((n % u64::from(SYMBOLS)) as u32)
}

fn target(n: u64, state: TargetState) -> TargetRecord {
    TargetRecord {
        id: TargetId(1_000_000 + n as u32),
        symbol: symbol(n),
        permit: Some(PermitId(1 + n as u32)),
        ..target_record(state, WhyNot::None)
    }
}

fn permit(n: u64) -> Record {
    Record::Permit(Permit {
        id: PermitId(1 + n as u32),
        target: TargetId(1_000_000 + n as u32),
        symbol: symbol(n),
        coin: VenueKey(n.into()),
        price_max: price(588_800),
        reference_price: price(490_000),
        ..permit_record()
    })
}

fn id(n: u64) -> ClientOrderId {
    id_of(PermitId(1 + (n / ORDERS) as u32), OrderLeg::ENTRY, (n % ORDERS) as u32)
}

fn request(n: u64) -> Request {
    let at = 490_000 + n as i64 % 1_000;
    Request { symbol: symbol(n / ORDERS), ..support::request(id(n), Side::Buy, at, QTY) }
}

/// An order with the moment it left and the venue's answer: four records a row.
fn order(tape: &mut Tape, n: u64) {
    let symbol = symbol(n / ORDERS);
    tape.action(&Action::Place(request(n)));
    let at = Mono::from_nanos(tape.at);
    tape.event(symbol, Body::Sent(Sent { client_order_id: id(n), cancel: false, at }));
    let text = format!("C02__{n:018}");
    let key = VenueKey::of(text.as_bytes());
    let event = Event::of(
        AccountId(0),
        symbol,
        Body::VenueText(VenueText { key, text: Text::clipped(&text) }),
    );
    tape.told(Event { last: false, ..event });
    tape.event(symbol, Body::Placed(Placed { client_order_id: id(n), order: key }));
}

fn deal(tape: &mut Tape, n: u64) {
    let symbol = symbol(n / ORDERS);
    let (order, trade) = (format!("C02__{n:018}"), format!("{n:019}X1"));
    for text in [&order, &trade] {
        let key = VenueKey::of(text.as_bytes());
        let body = Body::VenueText(VenueText { key, text: Text::clipped(text) });
        tape.told(Event { last: false, ..Event::of(AccountId(0), symbol, body) });
    }
    let fill = Fill {
        order: VenueKey::of(order.as_bytes()),
        fee_asset: AssetId(0),
        ..support::fill(Some(id(n)), &trade, Side::Buy, 490_000, QTY)
    };
    let stamped = VenueTime::from_nanos(WALL + n as i64 * 1_000);
    tape.told(Event { stamped, ..Event::of(AccountId(0), symbol, Body::Fill(fill)) });
}

/// Orders that are taken and end without a deal.
fn orders(tape: &mut Tape, rows: u64) {
    for n in 0..rows {
        order(tape, n);
        let order = VenueKey(u128::from(n) + 1);
        let (client_order_id, status) = (id(n), OrderStatus::Cancelled);
        let ended = Cancelled { client_order_id, order, status, filled: Qty::ZERO };
        tape.event(symbol(n / ORDERS), Body::Cancelled(ended));
    }
}

/// Deals of orders that were written long before, so that each is read and changed again.
fn fills(tape: &mut Tape, rows: u64) {
    (0..rows).for_each(|n| deal(tape, n));
}

/// Each order with its deal, as they come; half of the rows each.
fn both(tape: &mut Tape, rows: u64) {
    for n in 0..rows / 2 {
        order(tape, n);
        deal(tape, n);
    }
}

fn target_changes(tape: &mut Tape, rows: u64) {
    for n in 0..rows {
        let state = if n % 2 == 0 { TargetState::Ready } else { TargetState::Armed };
        tape.persist(Record::Target(target(n / ORDERS, state)));
    }
}

fn patterns(tape: &mut Tape, rows: u64) {
    for n in 0..rows {
        let mut evidence = FixedList::new();
        let _ = evidence.push(Evidence { factor: Factor::Triple, value: 20_204 });
        tape.action(&Action::Note(Note::Signal(Signal {
            symbol: symbol(n),
            pattern: Pattern::ReadyState,
            confidence: Confidence::new(80).unwrap(),
            uncalibrated: true,
            opens_at: VenueTime::from_nanos(WALL),
            evidence,
        })));
    }
}

fn risk_events(tape: &mut Tape, rows: u64) {
    for n in 0..rows {
        let refusal = Refusal::NotionalAboveMax { asked: Amount::ONE, max: Amount::ZERO };
        tape.action(&Action::Note(Note::Refused { request: request(n), refusal }));
    }
}

fn alerts(tape: &mut Tape, rows: u64) {
    for n in 0..rows {
        let (account, symbol, figure) = (AccountId(0), symbol(n), n as i64);
        let kind = AlarmKind::ForeignOrder;
        tape.persist(Record::Alarm(Alarm { kind, account, symbol, figure }));
    }
}

/// About what a target is in a day's journal: many ticks and samples, some orders, a few deals.
fn life(tape: &mut Tape, n: u64) {
    for state in [TargetState::Ready, TargetState::Armed, TargetState::Executing] {
        tape.persist(Record::Target(target(n, state)));
    }
    for attempt in 0..ORDERS {
        order(tape, n * ORDERS + attempt);
        tape.put(Kind::TICK, Vec::new());
        if attempt % 5 == 4 {
            deal(tape, n * ORDERS + attempt);
            tape.persist(Record::Position(PositionRecord {
                target: TargetId(1_000_000 + n as u32),
                account: AccountId(0),
                symbol: symbol(n),
                qty: support::qty(QTY),
                paid: Amount::from_units(98),
                received: Amount::ZERO,
                other_fees: 0,
                closed: None,
            }));
        }
        let sample = ClockSample {
            offset: WALL,
            error: Span::from_micros(300),
            round_trip: Span::from_millis(2),
        };
        tape.told(Event::bare(Body::Clock(sample)));
    }
    tape.persist(Record::Target(target(n, TargetState::Completed)));
}
