//! Journals of short runs on disk, replayed as they are and with one record changed.

use std::path::Path;

use abi::{Call, Guest, Trap};
use engine::{Action, Actions, Engine};
use host::{Plugins, Prepared};
use journal::{
    Family, HostDisk, Identity as Writes, Kind, Observer, RecordView, SyncPolicy, Trouble, Writer,
    WriterSettings, ring,
};
use model::wire::{Wire, Writer as Wired};
use model::*;
use replay::{Clocks, ReplayError, Replayer, Report, head, recover, replay};
use settings::{Identity, Settings};

fn sniper(settings: &Settings, origin: &replay::Origin) -> Result<Plugins, String> {
    plugins::natively(settings, &origin.hashes())
}

fn replayed(records: &[Kept]) -> Result<Report, ReplayError> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), records);
    replay(folder.path(), sniper)
}

#[test]
fn a_run_replays_to_the_same_actions() {
    let run = Run::whole();
    let report = replayed(&run.records).unwrap();
    assert_eq!(report.difference, None);
    assert_eq!((report.epochs, report.records), (1, run.records.len() as u64));
    assert_eq!((report.actions, report.events), (run.count(Kind::OUTPUT), run.count(Kind::INPUT)));
    assert_eq!((report.ticks, report.skipped), (run.count(Kind::TICK), 0));
    assert!(report.actions > 10 && report.ticks > 2, "{report:?}");
    assert!(run.places > 0, "the run fires");
}

#[test]
fn the_first_changed_action_is_named_with_both_sides() {
    let mut run = Run::whole();
    let at = run.nth(Kind::OUTPUT, 3);
    let last = run.records[at].payload.len() - 1;
    run.records[at].payload[last] ^= 1;
    let later = run.nth(Kind::OUTPUT, 5);
    run.records[later].payload.clear();
    let found = replayed(&run.records).unwrap().difference.expect("a difference");
    assert_eq!(found.seq, at as u64 + 1);
    assert!(found.input_seq < found.seq);
    let (expected, replayed) = (found.expected.unwrap(), found.found.unwrap());
    assert_ne!(expected, replayed);
}

#[test]
fn a_fault_that_this_run_does_not_meet_is_taken_from_the_record_when_no_run_need_meet_it() {
    for (trap, call) in [(Trap::StackOverflow, 2), (Trap::Host, 3)] {
        let run = Run::with(|plugins| plugins.seat(failing(call, trap))).through();
        let failed = run.records.iter().any(|record| show(record).contains("Quarantined"));
        assert!(failed, "{trap}");
        let report = replayed(&run.records).unwrap();
        assert_eq!(report.difference, None, "{trap}");
        assert_eq!(report.actions, run.count(Kind::OUTPUT));
    }
    let run = Run::with(|plugins| plugins.seat(failing(2, Trap::Unreachable))).through();
    let difference = replayed(&run.records).unwrap().difference.expect("it should come again");
    assert!(difference.expected.unwrap().contains("Unreachable"), "and does not");
}

fn show(record: &Kept) -> String {
    let action = Action::read(&mut model::wire::Reader::new(&record.payload));
    if record.kind == Kind::OUTPUT { format!("{:?}", action.unwrap()) } else { String::new() }
}

/// The sniper of the demo, but its call of this number ends like this.
fn failing(call: u32, trap: Trap) -> Prepared {
    let settings = Settings::demo(&[]).unwrap();
    let sniper = plugins::Shipped::find("listing_sniper").unwrap();
    let (manifest, hash) = (sniper.manifest(), sniper.native_hash());
    let values: Vec<i64> = manifest.parameters.iter().map(|known| known.default).collect();
    let guest = Box::new(Failing { sniper: sniper.native(), left: call, trap });
    Prepared::new(Slot(0), hash, &manifest, guest, &settings.standing(), &values).unwrap()
}

#[derive(Debug)]
struct Failing {
    sniper: Box<dyn Guest>,
    left: u32,
    trap: Trap,
}

impl Guest for Failing {
    fn area(&mut self) -> &mut [u8] {
        self.sniper.area()
    }

    fn state(&mut self) -> &mut [u8] {
        self.sniper.state()
    }

    fn call(&mut self, call: Call) -> Result<i32, Trap> {
        self.left -= 1;
        if self.left == 0 { Err(self.trap) } else { self.sniper.call(call) }
    }

    fn memory_bytes(&self) -> usize {
        self.sniper.memory_bytes()
    }
}

#[test]
fn a_difference_in_the_last_step_before_another_start_ends_the_comparison() {
    let mut run = Run::whole();
    let stop = run.records.iter().rposition(|record| record.kind == Kind::STOP).unwrap();
    run.records.truncate(stop);
    let last = run.records.iter().rposition(|record| record.kind == Kind::OUTPUT).unwrap();
    run.records.truncate(last + 1);
    let end = run.records[last].payload.len() - 1;
    run.records[last].payload[end] ^= 1;
    run.records.extend(Run::whole().records);
    let report = replayed(&run.records).unwrap();
    assert_eq!(report.difference.map(|found| found.seq), Some(last as u64 + 1));
    assert_eq!(report.epochs, 1, "the start behind it is not compared");
}

#[test]
fn a_missing_action_is_named_where_it_should_stand() {
    let mut run = Run::whole();
    let at = run.nth(Kind::OUTPUT, 0);
    run.records.remove(at);
    let found = replayed(&run.records).unwrap().difference.expect("a difference");
    assert_eq!((found.seq, found.expected), (at as u64 + 1, None));
    assert!(found.found.is_some());
}

#[test]
fn an_action_too_many_is_named() {
    let mut run = Run::whole();
    let at = run.nth(Kind::OUTPUT, 0);
    let end = at + run.records[at..].iter().take_while(|kept| kept.kind == Kind::OUTPUT).count();
    run.records.insert(end, run.records[at].clone());
    let found = replayed(&run.records).unwrap().difference.expect("a difference");
    assert_eq!((found.seq, found.found), (end as u64 + 1, None));
    assert!(found.expected.is_some());
}

#[test]
fn actions_missing_at_a_death_are_a_cut_step_and_at_an_orderly_end_a_difference() {
    let mut run = Run::whole();
    let last = run.nth(Kind::OUTPUT, 0);
    run.records.truncate(last);
    let report = replayed(&run.records).unwrap();
    assert_eq!((report.equal(), report.cut_steps), (true, 1));
    run.stop();
    let report = replayed(&run.records).unwrap();
    assert_eq!(report.difference.map(|found| found.seq), Some(last as u64 + 1));
}

#[test]
fn every_start_is_replayed_by_itself() {
    let mut run = Run::whole();
    run.records.truncate(run.nth(Kind::OUTPUT, 4));
    let second = Run::whole();
    run.records.extend(second.records);
    let report = replayed(&run.records).unwrap();
    assert_eq!((report.epochs, report.difference), (2, None));
}

#[test]
fn behind_a_lost_stretch_records_wait_for_the_next_start() {
    let run = Run::whole();
    let second = Run::whole();
    let mut replayer = Replayer::new(sniper);
    let cut = run.nth(Kind::TICK, 1);
    let mut fed = 0;
    for (at, kept) in run.records.iter().chain(&second.records).enumerate() {
        if at != cut {
            replayer.take(&kept.view(at as u64 + 1)).unwrap();
            fed += u64::from(matches!(kept.kind, Kind::INPUT | Kind::TICK));
        }
    }
    let report = replayer.finish().unwrap();
    assert_eq!((report.epochs, report.equal()), (2, true));
    assert!(report.skipped > 0 && report.events + report.ticks < fed, "{report:?}");
    assert_eq!(report.events + report.ticks + report.skipped, fed + skipped_outputs(&run, cut));
}

/// Actions behind the lost record: they wait too.
fn skipped_outputs(run: &Run, cut: usize) -> u64 {
    run.records[cut..].iter().filter(|kept| kept.kind == Kind::OUTPUT).count() as u64
}

#[test]
fn a_replayer_beside_the_writer_sees_the_same_as_one_behind_it() {
    let run = Run::whole();
    let mut replayer = Replayer::new(sniper);
    for (at, kept) in run.records.iter().enumerate() {
        replayer.on_record(&kept.view(at as u64 + 1));
    }
    let report = replayer.finish().unwrap();
    let behind = replayed(&run.records).unwrap();
    assert_eq!(report, Report { elapsed: report.elapsed, ..behind });
}

#[test]
fn what_cannot_be_replayed_is_an_error_with_its_record() {
    let run = Run::whole();
    let with = |at: usize, change: &dyn Fn(&mut Kept)| {
        let mut records = run.records.clone();
        change(&mut records[at]);
        replayed(&records).expect_err("an error")
    };
    let input = run.nth(Kind::INPUT, 3);
    let seq = input as u64 + 1;
    let error = with(0, &|boot| boot.kind = Kind::NOTE);
    assert!(matches!(error, ReplayError::NoStart { .. }), "{error}");
    let error = with(0, &|boot| boot.payload.truncate(20));
    assert!(matches!(error, ReplayError::Boot { seq: 1 }), "{error}");
    let error = with(0, &|boot| {
        // Behind the hashes of the plug-ins stand those of the sandbox and the configuration.
        let first_plugin = boot.payload.len() - 2 * 16 - 16 * model::Slot::MAX;
        boot.payload[first_plugin] ^= 1;
    });
    assert!(matches!(error, ReplayError::NoPlugin { seq: 1, .. }), "{error}");
    let error = with(1, &|config| config.kind = Kind::NOTE);
    assert!(matches!(error, ReplayError::NoConfig { seq: 3 }), "{error}");
    let error = with(input, &|event| event.payload.push(0));
    assert!(matches!(error, ReplayError::Trailing { len: 1, .. }), "{error}");
    let error = with(input, &|event| event.payload.truncate(9));
    assert!(matches!(error, ReplayError::Record { seq: at, .. } if at == seq), "{error}");
    let error = with(input, &|event| event.at = Mono::ZERO);
    assert!(matches!(error, ReplayError::TimeWentBack { seq: at, .. } if at == seq), "{error}");
}

#[test]
fn the_accounts_of_a_start_are_those_it_had_whatever_the_configuration_says_later() {
    let run = Run::whole();
    let other = [("accounts.0.name".to_owned(), "other".to_owned())];
    let settings = Settings::demo(&other).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let fired = run.records.iter().position(|record| {
        let mut bytes = model::wire::Reader::new(&record.payload);
        record.kind == Kind::OUTPUT
            && matches!(Action::<Request>::read(&mut bytes), Ok(Action::Place(_)))
    });
    write(folder.path(), &run.records[..=fired.expect("it fires")]);
    let recovered = recover(folder.path(), &settings, [0; 16]).unwrap();
    let (operator, hashes) = (Text::clipped("anna"), plugins::native_hashes(&settings).unwrap());
    let identity = Identity { instance: 7, epoch: 2, operator, hashes };
    let mut state = recovered.state.expect("a state");
    let error = state.start(settings.engine(identity)).unwrap_err().to_string();
    let name = Settings::demo(&[]).unwrap().accounts[0].name.clone();
    assert!(error.contains(&format!("account {name:?} has a target")), "{error}");
}

#[test]
fn no_journal_is_an_error_that_names_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let error = replay(&folder.path().join("none"), sniper).unwrap_err();
    assert!(error.to_string().contains("none"), "{error}");
}

/// A record as it goes to the journal; its number is its place.
#[derive(Clone, Debug)]
struct Kept {
    family: Family,
    kind: Kind,
    at: Mono,
    payload: Vec<u8>,
}

impl Kept {
    fn view(&self, seq: u64) -> RecordView<'_> {
        let Self { family, kind, at, payload } = self;
        RecordView { seq, at: *at, family: *family, kind: *kind, payload }
    }
}

/// An engine that is driven as the trader drives it, and everything it would journal.
struct Run {
    engine: Engine<Plugins>,
    actions: Actions,
    now: Mono,
    records: Vec<Kept>,
    /// What disk and venue will say to the actions so far.
    answers: Vec<Event>,
    places: u64,
}

const SYMBOL: SymbolId = SymbolId(0);
const ACCOUNT: AccountId = AccountId(0);
/// The exchange's clock when ours shows zero.
const EPOCH_NS: i64 = 1_790_000_000_000_000_000;

impl Run {
    fn new() -> Self {
        Self::with(|_| ())
    }

    /// With something done to its plug-ins before it begins.
    fn with(change: impl FnOnce(&mut Plugins)) -> Self {
        let settings = Settings::demo(&[]).unwrap();
        let hashes = plugins::native_hashes(&settings).unwrap();
        let operator = Text::clipped("anna");
        let identity = Identity { instance: 7, epoch: 1, operator, hashes };
        let head = head(&settings, identity, Clocks::default(), "test").unwrap();
        let now = Mono::from_nanos(1_000_000);
        let kept = |(kind, payload): (Kind, &[u8])| Kept {
            family: Family::Decisions,
            kind,
            at: now,
            payload: payload.to_vec(),
        };
        let mut plugins = plugins::natively(&settings, &hashes).unwrap();
        change(&mut plugins);
        Self {
            engine: Engine::new(settings.engine(identity), plugins),
            actions: Actions::new(),
            now,
            records: head.records().into_iter().map(kept).collect(),
            answers: Vec::new(),
            places: 0,
        }
    }

    fn whole() -> Self {
        Self::new().through()
    }

    /// A listing is announced, armed and fired at; then the operator pulls the switch.
    fn through(mut self) -> Self {
        let run = &mut self;
        let opens = VenueTime::from_nanos(EPOCH_NS + 3_000_000_000);
        let sample = ClockSample {
            offset: EPOCH_NS,
            error: Span::from_micros(500),
            round_trip: Span::from_millis(1),
        };
        run.bare(Body::Clock(sample));
        run.symbol(Body::Symbol(SymbolNames {
            name: Text::clipped("NEWUSDT"),
            base: Text::clipped("NEW"),
            quote: Text::clipped("USDT"),
            base_asset: AssetId(1),
            quote_asset: AssetId(0),
        }));
        run.account(Body::Link { link: Link::Order, up: true });
        run.account(Body::Stream { stream: Stream::Private, state: LinkState::Live });
        let free = Amount::from_units(10_000);
        run.account(Body::Balance(Balance { asset: AssetId(0), free, locked: Amount::ZERO }));
        run.account(Body::Answer(QueryAnswer::BalancesEnd));
        run.symbol(Body::Spec(spec()));
        for (source, body) in [
            (Source::Calendar, ListingBody::Opens { at: opens }),
            (
                Source::WebList,
                ListingBody::Listed {
                    triple: Triple { sts: 2, st: 2, tt: 4 },
                    price_scale: 4,
                    qty_scale: 2,
                    opens_at: opens,
                },
            ),
            (Source::ApiSymbols, ListingBody::ApiAllowed { allowed: true }),
        ] {
            run.symbol(Body::Listing(ListingFact { source, coin: VenueKey(5), body }));
        }
        run.symbol(Body::Command(Command::Reference { price: price(100) }));
        run.pass(Span::from_millis(2_500));
        run.bare(Body::Clock(sample));
        run.pass(Span::from_millis(6_000));
        let print =
            Print { price: price(101), qty: Qty::from_raw(10_000).unwrap(), taker: Side::Buy };
        run.symbol(Body::Print(print));
        run.pass(Span::from_millis(500));
        let reason = Text::clipped("enough");
        run.bare(Body::Command(Command::Kill { level: KillLevel::Reduce, reason }));
        run.pass(Span::from_millis(500));
        run.stop();
        self
    }

    fn bare(&mut self, body: Body) {
        self.feed(Event::bare(body));
    }

    fn symbol(&mut self, body: Body) {
        self.feed(Event::of(AccountId::NONE, SYMBOL, body));
    }

    fn account(&mut self, body: Body) {
        self.feed(Event::of(ACCOUNT, SymbolId::NONE, body));
    }

    /// As `Trader::feed`: the event, its actions, and what the disk says of them.
    fn feed(&mut self, event: Event) {
        let family = if event.is_public() { Family::Market } else { Family::Decisions };
        self.keep(family, Kind::INPUT, |out| event.write(out));
        self.engine.on_event(self.now, &event, &mut self.actions);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        let actions: Vec<Action> = self.actions.drain().collect();
        for action in &actions {
            self.keep(Family::Decisions, Kind::OUTPUT, |out| action.write(out));
            self.answer(action);
        }
    }

    /// The disk keeps, the venue takes every order and confirms every cancel.
    fn answer(&mut self, action: &Action) {
        match action {
            Action::Persist { token, .. } if *token != 0 => {
                self.answers.push(Event::bare(Body::Durable { token: *token }));
            }
            Action::Place(order) => {
                self.places += 1;
                let Request { symbol, client_order_id, .. } = *order.request();
                let sent = Sent { client_order_id, cancel: false, at: self.now };
                let placed = Placed { client_order_id, order: VenueKey(client_order_id.raw()) };
                for body in [Body::Sent(sent), Body::Placed(placed)] {
                    self.answers.push(Event::of(ACCOUNT, symbol, body));
                }
            }
            Action::Cancel { symbol, client_order_id, .. } => {
                let cancelled = Cancelled {
                    client_order_id: *client_order_id,
                    order: VenueKey(client_order_id.raw()),
                    status: OrderStatus::Cancelled,
                    filled: Qty::ZERO,
                };
                self.answers.push(Event::of(ACCOUNT, *symbol, Body::Cancelled(cancelled)));
            }
            Action::Persist { .. }
            | Action::Ask { .. }
            | Action::Follow { .. }
            | Action::Unfollow { .. }
            | Action::Note(_) => {}
        }
    }

    fn hear(&mut self) {
        while !self.answers.is_empty() {
            let event = self.answers.remove(0);
            self.feed(event);
        }
    }

    /// Lets time pass, timer by timer.
    fn pass(&mut self, span: Span) {
        let end = self.now.after(span);
        self.hear();
        for _ in 0..1_000 {
            let due = self.engine.poll_timeout().filter(|(at, _)| *at <= end);
            let Some((at, _)) = due else { break };
            self.now = self.now.max(at).after(Span::from_micros(10));
            self.keep(Family::Decisions, Kind::TICK, |_| {});
            self.engine.on_timeout(self.now, &mut self.actions);
            self.carry_out();
            self.hear();
        }
        self.now = self.now.max(end);
    }

    fn stop(&mut self) {
        self.keep(Family::Decisions, Kind::STOP, |_| {});
    }

    fn keep(&mut self, family: Family, kind: Kind, write: impl FnOnce(&mut Wired<'_>)) {
        let mut bytes = [0; 512];
        let mut out = Wired::new(&mut bytes);
        write(&mut out);
        let len = out.len();
        self.records.push(Kept { family, kind, at: self.now, payload: bytes[..len].to_vec() });
    }

    fn count(&self, kind: Kind) -> u64 {
        self.records.iter().filter(|kept| kept.kind == kind).count() as u64
    }

    fn nth(&self, kind: Kind, nth: usize) -> usize {
        let of_kind = self.records.iter().enumerate().filter(|(_, kept)| kept.kind == kind);
        of_kind.map(|(at, _)| at).nth(nth).expect("a record")
    }
}

fn price(raw: i64) -> Price {
    Price::from_raw(raw * 1_000_000).unwrap()
}

fn spec() -> SymbolSpec {
    SymbolSpec {
        version: 1,
        price_decimals: 8,
        qty_decimals: 4,
        tick: Price::from_raw(100).unwrap(),
        step: Qty::from_raw(100).unwrap(),
        qty_min: Qty::ZERO,
        notional_min: Amount::from_units(1),
        notional_max: Amount::from_units(1_000_000),
        maker_fee_ppm: 0,
        taker_fee_ppm: 500,
        status: SymbolStatus::Online,
        sides: TradeSides::Both,
        kinds: OrderKinds::ALL,
        api_allowed: true,
        source: SpecSource::ExchangeInfo,
        read_at: VenueTime::from_nanos(EPOCH_NS),
    }
}

struct Quiet;

impl Observer for Quiet {
    fn on_record(&mut self, _: &RecordView<'_>) {}
    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, trouble: &Trouble) {
        panic!("{trouble}");
    }
}

/// Writes a journal of one process in `folder`.
fn write(folder: &Path, records: &[Kept]) {
    let identity = Writes { instance: 7, epoch: 1, machine_boot: [0; 16] };
    let settings = WriterSettings {
        segment_bytes: 16 * 1024,
        reserve_bytes: 16 * 1024,
        free_min_bytes: 0,
        policy: SyncPolicy::Virtual { takes: Span::ZERO },
        ..WriterSettings::default()
    };
    let (mut writer, _) =
        Writer::open(HostDisk, &folder.join("journal"), identity, settings).unwrap();
    let (mut producer, mut consumer) = ring::in_memory(1 << 18, writer.next_seq()).unwrap();
    for kept in records {
        producer.push(kept.family, kept.kind, kept.at, &kept.payload).unwrap();
        writer.drain(kept.at, &mut consumer, &mut Quiet);
    }
    writer.close(&mut Quiet);
}
