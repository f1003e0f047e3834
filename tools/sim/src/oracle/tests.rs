//! An oracle that cannot fail proves nothing: each invariant against a record or a state that
//! breaks it. The records are those of a calm run, with one thing changed.

use journal::{Family, Observer, Trouble};
use model::wire::{Wire as _, Writer};
use model::{Body, Event};
use settings::Settings;

use super::*;
use crate::storm::Storm;
use crate::world::World;

/// Keeps every record.
#[derive(Default)]
struct Tape(Vec<(Mono, Kind, Vec<u8>)>);

impl Observer for Tape {
    fn on_record(&mut self, record: &RecordView<'_>) {
        self.0.push((record.at, record.kind, record.payload.to_vec()));
    }
    fn on_durable(&mut self, _: u64) {}
    fn on_trouble(&mut self, _: &Trouble) {}
}

fn config(seed: u64) -> WorldConfig {
    let settings = Settings::demo(&[]).unwrap();
    let keys = vec![("demo-key".to_owned(), "demo-secret".to_owned())];
    let storm = Storm::calm();
    WorldConfig { seed, listings: 1, storm, settings, keys, exchange: None }
}

impl Tape {
    /// Shows an oracle what `forge` makes of the records.
    fn show(&self, oracle: &mut Oracle, forge: Forge<'_>) {
        for (seq, (at, kind, payload)) in (1..).zip(&self.0) {
            for payload in forge(*kind, payload) {
                let (at, kind, family) = (*at, *kind, Family::Decisions);
                oracle.take(&RecordView { seq, at, family, kind, payload: &payload });
            }
        }
    }
}

/// A run to its end, and its records.
fn run(seed: u64) -> (World, Tape) {
    let mut world = World::new(&config(seed)).unwrap();
    let mut tape = Tape::default();
    let outcome = world.run(&mut tape);
    assert_eq!((outcome.violation, outcome.settled), (None, true));
    assert!(outcome.requests > 0);
    (world, tape)
}

/// Runs until a position is open.
fn run_until_held(world: &mut World, tape: &mut Tape) {
    let holds = |world: &World| {
        world.trader.engine().targets().any(|target| target.position.held != Amount::ZERO)
    };
    while !holds(world) {
        assert!(world.now() < Mono::from_nanos(100_000_000_000), "nothing was bought");
        let until = world.now().after(Span::from_millis(1));
        assert_eq!(world.run_until(until, tape), None);
    }
}

/// What a record becomes: itself, something else, more, or nothing.
type Forge<'a> = &'a mut dyn FnMut(Kind, &[u8]) -> Vec<Vec<u8>>;

/// What an oracle that is shown the forged records says of the run's end.
fn judged(seed: u64, forge: Forge<'_>) -> Option<Violation> {
    let (world, tape) = run(seed);
    let mut oracle = Oracle::new(&config(seed));
    tape.show(&mut oracle, forge);
    oracle.check(world.now(), &world.trader, &world.exchange);
    oracle.check_end(&world.trader, &world.exchange)
}

fn same(payload: &[u8]) -> Vec<Vec<u8>> {
    vec![payload.to_vec()]
}

fn action(kind: Kind, payload: &[u8]) -> Option<Action<Request>> {
    (kind == Kind::OUTPUT).then(|| Action::read(&mut Reader::new(payload)).unwrap())
}

fn event(kind: Kind, payload: &[u8]) -> Option<Event> {
    (kind == Kind::INPUT).then(|| Event::read(&mut Reader::new(payload)).unwrap())
}

fn bytes(action: &Action<Request>) -> Vec<u8> {
    let mut room = [0; Action::<Request>::WIRE_MAX];
    let mut out = Writer::new(&mut room);
    action.write(&mut out);
    let len = out.len();
    room[..len].to_vec()
}

/// The records with every permit changed by `change`.
fn with_permits(seed: u64, change: impl Fn(&mut Permit)) -> Option<Violation> {
    judged(seed, &mut |kind, payload| match action(kind, payload) {
        Some(Action::Persist { token, record: Record::Permit(mut permit) }) => {
            change(&mut permit);
            let record = Record::Permit(permit);
            vec![bytes(&Action::Persist { token, record })]
        }
        _ => same(payload),
    })
}

#[test]
fn the_true_records_are_found_sound() {
    assert_eq!(judged(7, &mut |_, payload| same(payload)), None);
    assert_eq!(with_permits(7, |_| {}), None);
}

#[test]
fn an_order_without_its_intent_is_found() {
    let found = judged(7, &mut |kind, payload| match action(kind, payload) {
        Some(Action::Place(_)) => Vec::new(),
        _ => same(payload),
    });
    assert!(matches!(found, Some(Violation::NoIntent(_))), "{found:?}");
}

#[test]
fn an_entry_before_its_permit_is_durable_is_found() {
    let found = judged(7, &mut |kind, payload| match event(kind, payload).map(|one| one.body) {
        Some(Body::Durable { .. }) => Vec::new(),
        _ => same(payload),
    });
    assert!(matches!(found, Some(Violation::NoDurablePermit(_))), "{found:?}");
}

#[test]
fn an_id_that_is_given_twice_is_found() {
    let found = judged(7, &mut |kind, payload| match action(kind, payload) {
        Some(Action::Place(_)) => [same(payload), same(payload)].concat(),
        _ => same(payload),
    });
    assert!(matches!(found, Some(Violation::IdReused(_))), "{found:?}");
}

#[test]
fn an_entry_above_before_or_behind_its_permit_is_found() {
    let found = [
        with_permits(7, |permit| permit.price_max = model::Price::from_raw(1).unwrap()),
        with_permits(7, |permit| permit.valid_to = permit.valid_from),
        with_permits(7, |permit| permit.orders_max = 0),
        with_permits(7, |permit| permit.symbol = SymbolId::NONE),
    ];
    for found in found {
        assert!(matches!(found, Some(Violation::OutsidePermit(_))), "{found:?}");
    }
}

#[test]
fn a_permit_that_is_overspent_is_found() {
    let found = with_permits(7, |permit| permit.notional_max = Amount::ZERO);
    assert!(matches!(found, Some(Violation::PermitOverspent(..))), "{found:?}");
}

#[test]
fn a_burst_above_the_budget_is_found() {
    let budget = config(7).settings.limits.rate_orders_per_s;
    let found = judged(7, &mut |kind, payload| match event(kind, payload).map(|one| one.body) {
        Some(Body::Sent(_)) => vec![payload.to_vec(); budget as usize + 1],
        _ => same(payload),
    });
    assert_eq!(found, Some(Violation::RateExceeded(budget + 1)));
}

#[test]
fn a_record_that_cannot_be_read_is_found() {
    let found = judged(7, &mut |_, payload| vec![payload[..payload.len() / 2].to_vec()]);
    assert!(matches!(found, Some(Violation::Unreadable(_))), "{found:?}");
}

#[test]
fn a_deal_that_the_exchange_does_not_know_is_found() {
    let (world, _) = run(7);
    let fresh = World::new(&config(7)).unwrap();
    let found = Oracle::new(&config(7)).check_end(&world.trader, &fresh.exchange);
    assert!(matches!(found, Some(Violation::PositionAhead(..))), "{found:?}");
}

#[test]
fn a_holding_that_the_trader_does_not_know_is_found() {
    // A trader stopped between its buy and its sale, against the exchange after the sale.
    let mut world = World::new(&config(7)).unwrap();
    let mut tape = Tape::default();
    run_until_held(&mut world, &mut tape);
    let mut oracle = Oracle::new(&config(7));
    assert_eq!(oracle.check_end(&world.trader, &world.exchange), None);
    let mut later = World::new(&config(7)).unwrap();
    assert_eq!(later.run(&mut tape).violation, None);
    let found = Oracle::new(&config(7)).check_end(&world.trader, &later.exchange);
    assert!(matches!(found, Some(Violation::NotReconciled(..))), "{found:?}");
}

#[test]
fn exposure_above_its_cap_is_found() {
    // While a position is open: what was sold again is no longer at risk.
    let mut tight = config(7);
    tight.settings.limits.exposure_total = Amount::ZERO;
    let mut world = World::new(&config(7)).unwrap();
    let mut tape = Tape::default();
    run_until_held(&mut world, &mut tape);
    let judge = |config: &WorldConfig| {
        let mut oracle = Oracle::new(config);
        tape.show(&mut oracle, &mut |_, payload| same(payload));
        oracle.check(world.now(), &world.trader, &world.exchange)
    };
    assert_eq!(judge(&config(7)), None);
    let found = judge(&tight);
    assert!(matches!(found, Some(Violation::ExposureAboveCap(_))), "{found:?}");
}
