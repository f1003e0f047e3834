use sdk::testing::{Picture, Stage, Wish, picture, setup};
use sdk::{AccountId, Amount, Mono, Pattern, Side, TargetId};

use super::*;

/// Between the pictures' clock and the opening that they plan.
const AHEAD: Span = Span::from_secs(60);

#[test]
fn a_listing_ahead_is_proposed_to_be_fired_by_its_own_word() {
    let reply = Stage::<Momentum>::new().show(&believable(90));
    let [Wish::Propose(proposal)] = &reply.wishes[..] else { panic!("{reply:?}") };
    assert_eq!(proposal.entry.triggers, STRATEGY);
    assert_eq!(proposal.entry.late, Span::from_secs(600).0);
    assert_eq!(proposal.entry.notional, Amount::from_units(110).raw());
    assert_eq!((proposal.exit.trailing_bps, proposal.exit.trailing_from_bps), (300, 200));
    assert_eq!(proposal.exit.stop_loss_bps, setup::<Momentum>().exit().stop_loss_bps);
}

#[test]
fn without_a_trailing_stop_of_its_own_it_keeps_the_operators() {
    let mut setup = setup::<Momentum>().with_parameter(TRAILING, 0);
    setup.raw.exit.trailing_bps = 77;
    let reply = Stage::<Momentum>::with(&setup).unwrap().show(&believable(90));
    let [Wish::Propose(proposal)] = &reply.wishes[..] else { panic!("{reply:?}") };
    assert_eq!((proposal.exit.trailing_bps, proposal.exit.trailing_from_bps), (77, 0));
}

#[test]
fn weak_signals_and_openings_that_have_passed_are_left_alone() {
    let mut stage = Stage::<Momentum>::new();
    for scene in [
        believable(74),
        believable(90).later(AHEAD),
        picture(3).opens_at(None).signal(Pattern::ReadyState, 90),
        believable(90).without_venue_time(),
    ] {
        assert_eq!(stage.show(&scene), sdk::testing::Reply::default());
    }
}

#[test]
fn price_and_volume_that_rise_together_after_the_opening_enter() {
    let mut stage = watching();
    assert_eq!(stage.show(&surge()).wishes, [Wish::Enter(TargetId(7))]);
}

#[test]
fn a_price_that_rises_alone_does_not_enter() {
    let mut stage = watching();
    assert_eq!(stage.show(&after(5_000, 103, 150)).wishes, []);
}

#[test]
fn a_volume_that_rises_alone_does_not_enter() {
    let mut stage = watching();
    assert_eq!(stage.show(&after(5_000, 102, 500)).wishes, []);
}

#[test]
fn nothing_is_compared_with_a_window_without_deals() {
    let mut stage = proposed();
    stage.show(&after(0, 100, 1));
    assert_eq!(stage.show(&after(100, 110, 1_000)).wishes, []);
}

#[test]
fn before_the_opening_it_only_watches() {
    let mut stage = proposed();
    let early = |millis, price, qty| {
        let scene = armed(picture(3).later(Span::from_millis(millis)));
        scene.print(price, qty, Side::Buy)
    };
    stage.show(&early(0, 100, 100));
    assert_eq!(stage.show(&early(5_000, 110, 1_000)).wishes, []);
}

#[test]
fn an_account_that_holds_the_pair_does_not_enter() {
    let mut stage = watching();
    let holding = surge().position(7, 0, 10, 100);
    assert_eq!(stage.show(&holding).wishes, []);
}

#[test]
fn a_target_that_is_foreign_or_not_armed_is_not_entered() {
    let mut stage = watching();
    let scene = moment(5_000)
        .foreign_target(1, 0, TargetState::Armed)
        .target(2, 1, TargetState::Ready)
        .print(103, 200, Side::Buy);
    assert_eq!(stage.show(&scene).wishes, []);
}

#[test]
fn nothing_is_entered_while_the_kill_switch_holds_back_buys() {
    let mut stage = watching();
    assert_eq!(stage.show(&surge().kill(Kill::Halt)).wishes, []);
}

#[test]
fn after_a_wish_to_enter_the_pair_cools_down() {
    let mut stage = watching();
    assert_eq!(stage.show(&surge()).wishes.len(), 1);
    assert_eq!(stage.show(&after(5_100, 110, 500)).wishes, []);
    stage.show(&after(61_000, 100, 100));
    stage.show(&after(65_999, 100, 1));
    assert_eq!(stage.show(&after(66_000, 110, 500)).wishes.len(), 1);
}

#[test]
fn a_timer_ends_the_watch_when_the_window_is_over() {
    let mut stage = Stage::<Momentum>::new();
    let scene = believable(90);
    let timers = stage.show(&scene).timers;
    assert_eq!(timers.len(), 1);
    let now = Mono::default().after(Span::from_secs(1_000));
    assert_eq!(timers[0].at, now.after(AHEAD).after(Span::from_secs(600)).0);
    assert_eq!((timers[0].timer, timers[0].symbol), (0, 3));
    assert_eq!(stage.show(&scene).timers, [], "once is enough");
    assert_eq!(stage.show(&picture(3).timer(0)).log, "pair 3: no move in its window");
    assert!(stage.plugin().watches.iter().all(Option::is_none));
    assert_eq!(stage.show(&picture(3).timer(0)).log, "");
}

#[test]
fn an_opening_that_moves_moves_the_timer() {
    let mut stage = proposed();
    let later = VenueTime(Span::from_secs(2_000).0);
    let moved = picture(3).opens_at(Some(later)).signal(Pattern::ReadyState, 90);
    let timers = stage.show(&moved).timers;
    assert_eq!(timers.len(), 1);
    assert_eq!(timers[0].at, later.after(Span::from_secs(600)).0);
}

#[test]
fn a_ninth_pair_is_left_alone() {
    let mut stage = Stage::<Momentum>::new();
    for symbol in 0..8 {
        assert_eq!(stage.show(&picture(symbol).signal(Pattern::PreReady, 80)).wishes.len(), 1);
    }
    assert_eq!(stage.show(&picture(8).signal(Pattern::PreReady, 80)).wishes, []);
}

#[test]
fn a_watch_that_no_timer_ended_makes_room() {
    let mut stage = Stage::<Momentum>::new();
    for symbol in 0..8 {
        stage.show(&picture(symbol).signal(Pattern::PreReady, 80));
    }
    let day = Span::from_secs(86_400);
    let next = picture(8).opens_at(Some(VenueTime(day.0 * 2))).later(day);
    assert_eq!(stage.show(&next.signal(Pattern::PreReady, 80)).wishes.len(), 1);
}

#[test]
fn watches_and_cool_downs_are_carried_over_and_windows_begin_anew() {
    let mut stage = watching();
    stage.show(&surge());
    let state = stage.save().expect("it saves");
    let mut next = Stage::<Momentum>::restored(1, &state).expect("it understands itself");
    let reply = next.show(&after(5_200, 100, 100));
    assert_eq!((reply.wishes.len(), reply.timers.len()), (0, 1), "its timer is set anew");
    assert_eq!(next.show(&after(10_200, 110, 500)).wishes, [], "it cools down");
    next.show(&after(61_000, 100, 100));
    next.show(&after(65_999, 100, 1));
    assert_eq!(next.show(&after(66_000, 110, 500)).wishes.len(), 1);
}

#[test]
fn a_state_of_another_version_or_length_is_not_understood() {
    let state = proposed().save().expect("it saves");
    assert!(Stage::<Momentum>::restored(1, &state).is_some());
    assert!(Stage::<Momentum>::restored(2, &state).is_none());
    assert!(Stage::<Momentum>::restored(1, &state[1..]).is_none());
    assert!(Stage::<Momentum>::restored(1, &[0; 9 * 20]).is_none());
}

#[test]
fn another_window_begins_with_an_empty_tape() {
    let mut stage = watching();
    stage.set_up(&setup::<Momentum>().with_parameter(WINDOW, 4_000)).unwrap();
    assert_eq!(stage.show(&surge()).wishes, []);
}

#[test]
fn eight_watches_fit_the_state_that_the_manifest_names() {
    let mut stage = Stage::<Momentum>::new();
    for symbol in 0..8 {
        stage.show(&picture(symbol).signal(Pattern::PreReady, 80));
    }
    assert_eq!(stage.save().map(|state| state.len()), Some(8 * 20));
}

#[test]
fn every_account_gets_a_proposal_of_its_own() {
    let setup = setup::<Momentum>().with_accounts(3);
    let mut stage = Stage::<Momentum>::with(&setup).unwrap();
    let reply = stage.show(&believable(90).foreign_target(1, 1, TargetState::Armed));
    let accounts = reply.wishes.iter().map(|wish| {
        let Wish::Propose(proposal) = wish else { panic!("{wish:?}") };
        proposal.account
    });
    assert_eq!(accounts.collect::<Vec<_>>(), [AccountId(0), AccountId(2)]);
}

#[test]
fn noise_neither_stops_it_nor_makes_it_say_too_much() {
    sdk::testing::storm::<Momentum>(20_000);
}

fn believable(percent: u8) -> Picture {
    picture(3).signal(Pattern::ReadyState, percent)
}

/// Proposed a minute before the opening.
fn proposed() -> Stage<Momentum> {
    let mut stage = Stage::new();
    stage.show(&believable(90));
    stage
}

/// With one deal of 100 in the first window after the opening.
fn watching() -> Stage<Momentum> {
    let mut stage = proposed();
    stage.show(&after(0, 100, 100));
    stage.show(&after(4_999, 100, 1));
    stage
}

/// Three in a hundred up, at twice the volume.
fn surge() -> Picture {
    after(5_000, 103, 200)
}

/// A deal so many milliseconds after the opening, with an armed target.
fn after(millis: i64, price: i64, qty: i64) -> Picture {
    armed(moment(millis)).print(price, qty, Side::Buy)
}

fn armed(picture: Picture) -> Picture {
    picture.target(7, 0, TargetState::Armed)
}

fn moment(millis: i64) -> Picture {
    picture(3).later(AHEAD).later(Span::from_millis(millis))
}
