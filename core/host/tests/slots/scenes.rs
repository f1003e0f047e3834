//! Who is shown what, and what stands in it.

use abi::scene::{self, Head, MORE_POSITIONS, MORE_TARGETS, OWN, Position, Target};
use abi::{Plain, area};
use model::{
    AccountId, Amount, Body, Event, Happening, KillLevel, Mono, Pattern, PositionRecord, Price,
    Qty, Slot, Strategies, SymbolId, TargetId, TargetRecord, TargetState, VenueTime, View,
    ViewPosition, ViewTarget, WhyNot,
};

use super::house::{House, SYMBOL, percent, print, rule, signal, standing, strategy, view};

fn target(id: u32, slot: u8, state: TargetState) -> ViewTarget {
    ViewTarget {
        id: TargetId(id),
        slot: Slot(slot),
        account: AccountId(0),
        symbol: SYMBOL,
        state,
        why: WhyNot::None,
        pattern: Pattern::ReadyState,
        confidence: percent(80),
        permit: 7,
        opens_at: VenueTime::from_millis(5),
    }
}

fn position(id: u32, slot: u8) -> ViewPosition {
    ViewPosition {
        target: TargetId(id),
        slot: Slot(slot),
        account: AccountId(0),
        symbol: SYMBOL,
        qty: Qty::from_raw(50).unwrap(),
        entry_price: Price::from_raw(90),
    }
}

fn record(id: u32, slot: u8) -> TargetRecord {
    TargetRecord {
        id: TargetId(id),
        account: AccountId(0),
        symbol: SYMBOL,
        state: TargetState::Open,
        why: WhyNot::None,
        pattern: Pattern::ReadyState,
        confidence: percent(80),
        opens_at: VenueTime::NONE,
        permit: None,
        slot: Slot(slot),
        entry: standing().entry,
        exit: standing().exit,
    }
}

fn position_record(id: u32) -> PositionRecord {
    PositionRecord {
        target: TargetId(id),
        account: AccountId(0),
        symbol: SYMBOL,
        qty: Qty::ZERO,
        paid: Amount::ONE,
        received: Amount::ONE,
        other_fees: 0,
        closed: None,
    }
}

#[test]
fn a_plug_in_is_shown_the_kinds_that_it_asked_for() {
    let mut house = House::new();
    let prints = house.seat(0, &strategy("\"print\"", ""));
    let tops = house.seat(1, &strategy("\"top\", \"order\"", ""));
    let nothing = house.seat(2, &strategy("", ""));
    let judges = house.seat(3, &rule("\"print\"", ""));
    house.print();
    house.print();
    let all = [&prints, &tops, &nothing, &judges].map(|puppet| puppet.seen());
    assert_eq!(all, [2, 0, 0, 2]);
    assert_eq!(prints.last::<Head>(area::INPUT).kind, scene::PRINT);
    assert_eq!(prints.last::<scene::Print>(area::BODY).price, 100);
    let scenes: Vec<u64> = house.plugins.states().iter().map(|state| state.scenes).collect();
    assert_eq!(scenes, [2, 0, 0, 2]);
}

#[test]
fn signals_come_unasked_to_strategies_and_rules() {
    let mut house = House::new();
    let quiet = house.seat(0, &strategy("", ""));
    let prints = house.seat(1, &strategy("\"print\"", ""));
    let listens = house.seat(2, &rule("", ""));
    house.show(Happening::Look, &[signal()]);
    assert_eq!([&quiet, &prints, &listens].map(|puppet| puppet.seen()), [1, 1, 1]);
    let head = quiet.last::<Head>(area::INPUT);
    assert_eq!((head.kind, head.signals, head.account), (scene::SIGNALS, 1, abi::NO_ACCOUNT));
    let shown = quiet.last::<scene::Signal>(area::SIGNAL);
    assert_eq!((shown.pattern, shown.confidence, shown.symbol), (1, 90, SYMBOL.0));

    // With an event that carries signals it is the event, and everybody sees it.
    house.show(Happening::Event(&print()), &[signal()]);
    assert_eq!([&quiet, &prints, &listens].map(|puppet| puppet.seen()), [2, 2, 2]);
    assert_eq!(quiet.last::<Head>(area::INPUT).kind, scene::PRINT);

    // Of an event that has no kind only the signals are shown.
    let up = Event::of(AccountId(1), SYMBOL, Body::Durable { token: 3 });
    house.show(Happening::Event(&up), &[signal()]);
    assert_eq!([&quiet, &prints, &listens].map(|puppet| puppet.seen()), [3, 3, 3]);
    assert_eq!(quiet.last::<Head>(area::INPUT).kind, scene::SIGNALS);
    house.show(Happening::Event(&up), &[]);
    assert_eq!(quiet.seen(), 3);
}

#[test]
fn the_head_says_when_of_what_and_how_the_market_stands() {
    let mut house = House::new();
    let puppet = house.seat(0, &strategy("\"print\"", ""));
    house.print();
    let head = puppet.last::<Head>(area::INPUT);
    assert_eq!(head.now, house.now.nanos() as i64);
    assert_eq!((head.symbol, head.bid, head.ask), (SYMBOL.0, 99, 101));
    assert_eq!((head.price_decimals, head.qty_decimals, head.kill), (2, 4, 0));
    assert_eq!((head.opens_at, head.account), (abi::NO_TIME, abi::NO_ACCOUNT));

    let bare = View {
        venue_now: VenueTime::NONE,
        bid: None,
        ask: None,
        decimals: None,
        kill: KillLevel::Flatten,
        ..view()
    };
    house.show_view(Happening::Event(&print()), &[], &bare);
    let head = puppet.last::<Head>(area::INPUT);
    assert_eq!((head.bid, head.ask, head.venue_now), (0, 0, abi::NO_TIME));
    assert_eq!((head.price_decimals, head.qty_decimals, head.kill), (255, 255, 3));
}

#[test]
fn each_sees_which_targets_and_positions_are_its_own() {
    let mut house = House::new();
    let [zero, one] = [0, 1].map(|slot| house.seat(slot, &strategy("\"print\"", "")));
    let targets = [
        target(1, 0, TargetState::Armed),
        target(2, 1, TargetState::Open),
        target(3, u8::MAX, TargetState::Open),
    ];
    let positions = [position(2, 1), position(3, u8::MAX), position(1, 0)];
    let shown = View { targets: &targets, positions: &positions, ..view() };
    house.show_view(Happening::Event(&print()), &[], &shown);
    for (puppet, own_targets, own_positions) in
        [(&zero, [OWN, 0, 0], [0, 0, OWN]), (&one, [0, OWN, 0], [OWN, 0, 0])]
    {
        let head = puppet.last::<Head>(area::INPUT);
        assert_eq!((head.targets, head.positions, head.flags), (3, 3, 0));
        for at in 0..3 {
            let target = puppet.last::<Target>(area::TARGET + at * Target::SIZE);
            assert_eq!((target.id, target.flags), (at as u32 + 1, own_targets[at]));
            let position = puppet.last::<Position>(area::POSITION + at * Position::SIZE);
            assert_eq!((position.qty, position.flags), (50, own_positions[at]));
        }
    }
}

#[test]
fn a_change_says_whose_it_is_too() {
    let mut house = House::new();
    let events = "\"target\", \"position\"";
    let [zero, one] = [0, 1].map(|slot| house.seat(slot, &strategy(events, "")));
    assert!(house.plugins.wants_changes());
    house.show(Happening::Target(&record(9, 1)), &[]);
    let flags = |at| [&zero, &one].map(|puppet| puppet.last::<u8>(area::BODY + at));
    assert_eq!((flags(8), zero.last::<Head>(area::INPUT).kind), ([0, OWN], scene::TARGET));
    assert_eq!(zero.last::<scene::TargetChange>(area::BODY).target.id, 9);

    let targets = [target(4, 0, TargetState::Completed)];
    let shown = View { targets: &targets, ..view() };
    house.show_view(Happening::Position(&position_record(4)), &[], &shown);
    assert_eq!((flags(5), zero.last::<Head>(area::INPUT).kind), ([OWN, 0], scene::POSITION));
    // A target that is not shown is nobody's.
    house.show(Happening::Position(&position_record(4)), &[]);
    assert_eq!(flags(5), [0, 0]);
}

#[test]
fn changes_are_only_made_for_those_who_want_them() {
    let mut house = House::new();
    house.seat(0, &strategy("\"print\"", ""));
    assert!(!house.plugins.wants_changes());
    house.seat(1, &rule("\"position\"", ""));
    assert!(house.plugins.wants_changes());
    house.plugins.stop(Slot(1));
    assert!(!house.plugins.wants_changes());
}

#[test]
fn of_many_targets_sixteen_are_shown_and_those_alive_come_first() {
    let mut house = House::new();
    let puppet = house.seat(0, &strategy("\"print\"", ""));
    let over = |id| target(id, 0, TargetState::Completed);
    let targets: Vec<ViewTarget> = (0..12)
        .map(over)
        .chain((12..18).map(|id| target(id, 0, TargetState::Pending)))
        .chain((18..20).map(over))
        .collect();
    let positions: Vec<ViewPosition> = (0..17).map(|id| position(id, 1)).collect();
    let shown = View { targets: &targets, positions: &positions, ..view() };
    house.show_view(Happening::Event(&print()), &[], &shown);
    let head = puppet.last::<Head>(area::INPUT);
    assert_eq!((head.targets, head.positions), (16, 16));
    assert_eq!(head.flags, MORE_TARGETS | MORE_POSITIONS);
    let id = |at| puppet.last::<Target>(area::TARGET + at * Target::SIZE).id;
    let ids: Vec<u32> = (0..16).map(id).collect();
    assert_eq!(ids, [12, 13, 14, 15, 16, 17, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);

    let shown = View { targets: &targets[..16], positions: &positions[..16], ..view() };
    house.show_view(Happening::Event(&print()), &[], &shown);
    assert_eq!(puppet.last::<Head>(area::INPUT).flags, 0);
}

#[test]
fn of_many_signals_four_are_shown() {
    let mut house = House::new();
    let puppet = house.seat(0, &strategy("", ""));
    house.show(Happening::Look, &[signal(); 6]);
    assert_eq!(puppet.last::<Head>(area::INPUT).signals, 4);
}

#[test]
fn a_body_has_zeros_behind_what_it_says() {
    let mut house = House::new();
    let puppet = house.seat(0, &strategy("\"print\", \"balance\"", ""));
    house.show(Happening::Event(&print()), &[]);
    let balance = model::Balance {
        asset: model::AssetId(1),
        free: Amount::from_raw(-1),
        locked: Amount::from_raw(-1),
    };
    let event = Event::of(AccountId(0), SymbolId::NONE, Body::Balance(balance));
    house.show(Happening::Event(&event), &[]);
    house.show(Happening::Event(&print()), &[]);
    let body = puppet.told(|told| told.scenes.last().unwrap()[area::BODY..area::SIGNAL].to_vec());
    assert_eq!(body[scene::Print::SIZE..], [0; scene::Body::SIZE - scene::Print::SIZE]);
}

#[test]
fn a_step_counts_its_calls_and_the_clock_may_stand_still() {
    let mut house = House::new();
    let puppet = house.seat(0, &strategy("\"print\"", ""));
    house.now = Mono::ZERO;
    for _ in 0..5 {
        house.print();
    }
    assert_eq!(puppet.seen(), 5);
}
