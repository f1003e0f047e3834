//! From the first word of a listing to a durable permit.

mod desk;

use desk::{BASE, COIN, Desk, NEW, balance, money, ms, opening, price};
use engine::{Action, ListingState, Question};
use model::{
    AccountId, AssetId, Body, Command, Event, Intent, KillLevel, ListingBody, ListingFact, Pattern,
    PriceSource, Record, Source, Span, SymbolId, TargetId, TargetState, VenueKey, WhyNot,
};

#[test]
fn a_calendar_entry_makes_a_pending_target_and_the_triple_makes_it_ready() {
    let mut desk = Desk::open();
    let done = desk.calendar(NEW, opening());
    assert!(done.actions.iter().any(|(_, a)| matches!(a, Action::Follow { symbol: NEW })));
    assert_eq!(
        (desk.state(), desk.target().record.why),
        (TargetState::Pending, WhyNot::Confidence)
    );
    desk.triple(NEW, (2, 2, 4));
    assert_eq!(desk.state(), TargetState::Ready);
    assert_eq!(desk.target().record.pattern, Pattern::ReadyState);
    assert_eq!(desk.engine.listing_state(NEW), ListingState::Ready);
}

#[test]
fn a_listing_told_before_the_clock_was_known_is_seen_once_it_is() {
    let mut desk = Desk::new();
    desk.connect(desk::ACCOUNT);
    desk.name(NEW, BASE);
    desk.calendar(NEW, opening());
    assert_eq!(desk.engine.targets().count(), 0);
    desk.clock();
    assert_eq!(desk.state(), TargetState::Pending);
}

#[test]
fn a_weak_signal_makes_no_target() {
    let mut desk = Desk::open();
    let body = ListingBody::ApiAllowed { allowed: false };
    desk.fact(NEW, Source::ApiSymbols, body);
    desk.calendar(NEW, opening());
    assert_eq!(desk.engine.targets().count(), 0);
}

#[test]
fn the_cap_is_the_best_pre_open_ask_plus_the_premium_on_a_tick() {
    let mut desk = Desk::open();
    desk.calendar(NEW, opening());
    desk.triple(NEW, (2, 2, 4));
    let asked = desk.until(opening().before(Span::from_secs(10)));
    assert!(asked.asks().contains(&Question::Book), "{asked:?}");
    let done = desk.book(NEW, &[], &[("0.0333", "500"), ("0.0334", "500")]);
    let permit = done.permits()[0];
    // 0.0333 x 1.2 = 0.03996, down to a tick.
    assert_eq!(permit.price_max, price("0.0399"));
    assert_eq!(permit.notional_max, money("120"));
    assert_eq!(permit.valid_from, opening().before(ms(200)));
    assert_eq!(permit.valid_to, opening().after(Span::from_secs(10)));
    assert_eq!(permit.coin, COIN);
}

#[test]
fn an_ask_of_the_opening_itself_is_no_reference() {
    let mut desk = Desk::open();
    desk.calendar(NEW, opening());
    desk.triple(NEW, (2, 2, 4));
    desk.until(opening().after(ms(1)));
    let done = desk.book(NEW, &[], &[("1.0000", "500")]);
    assert!(done.permits().is_empty());
    assert_eq!((desk.state(), desk.target().record.why), (TargetState::Ready, WhyNot::NoReference));
    desk.until(opening().after(Span::from_secs(11)));
    assert_eq!((desk.state(), desk.target().record.why), (TargetState::Missed, WhyNot::TooLate));
}

#[test]
fn an_ask_after_the_first_print_is_no_reference() {
    let mut desk = Desk::open();
    desk.calendar(NEW, opening());
    desk.triple(NEW, (2, 2, 4));
    desk.until(opening().before(Span::from_secs(5)));
    desk.trade(NEW, "3.0000");
    assert!(desk.book(NEW, &[], &[("1.0000", "500")]).permits().is_empty());
}

#[test]
fn the_operators_price_is_a_reference() {
    let mut desk = Desk::open_with(|setup| {
        setup.entry.reference = PriceSource::Operator;
        setup.entry.operator_price = Some(price("2.0000"));
    });
    desk.calendar(NEW, opening());
    desk.triple(NEW, (2, 2, 4));
    let done = desk.until(opening().before(Span::from_secs(5)));
    assert_eq!(done.permits()[0].price_max, price("2.4000"));
}

#[test]
fn a_reference_may_be_given_while_the_target_waits_for_one() {
    let mut desk = Desk::open_with(|setup| setup.entry.reference = PriceSource::Operator);
    desk.calendar(NEW, opening());
    desk.triple(NEW, (2, 2, 4));
    desk.until(opening().before(Span::from_secs(5)));
    assert_eq!(desk.target().record.why, WhyNot::NoReference);
    let done = desk.command(Command::Reference { price: price("0.5000") });
    assert_eq!(done.permits()[0].price_max, price("0.6000"));
}

#[test]
fn a_target_is_armed_once_its_permit_is_on_disk_and_not_before() {
    let mut desk = Desk::open();
    desk.disk = false;
    desk.calendar(NEW, opening());
    desk.triple(NEW, (2, 2, 4));
    desk.until(opening().before(Span::from_secs(5)));
    let done = desk.book(NEW, &[], &[("1.0000", "500")]);
    let token = done.permit_token().expect("a permit");
    assert_eq!(desk.state(), TargetState::Ready);
    let done = desk.until(opening().after(Span::from_secs(1)));
    assert!(done.places().is_empty(), "an order before its permit was durable");
    let done = desk.say(Body::Durable { token });
    assert_eq!(done.places().len(), 1);
}

#[test]
fn rules_are_asked_for_until_they_are_there_and_at_most_once_an_interval() {
    let mut desk = Desk::new();
    desk.connect(desk::ACCOUNT);
    desk.clock();
    desk.name(NEW, BASE);
    desk.calendar(NEW, opening());
    desk.triple(NEW, (2, 2, 4));
    let done = desk.until(opening().before(Span::from_secs(5)));
    let asked = done.asks().iter().filter(|ask| **ask == Question::Rules).count();
    assert!((9..=11).contains(&asked), "{asked} times in five seconds");
    assert!(desk.target().permit.is_none());
}

#[test]
fn a_target_without_money_waits_and_says_so_without_spinning() {
    let mut desk = Desk::open();
    desk.private(balance(desk::QUOTE, "119"));
    desk.calendar(NEW, opening());
    desk.triple(NEW, (2, 2, 4));
    desk.until(opening().before(Span::from_secs(8)));
    desk.book(NEW, &[], &[("1.0000", "500")]);
    desk.wait(Span::from_secs(3));
    assert_eq!(desk.target().record.why, WhyNot::Balance);
    let done = desk.private(balance(desk::QUOTE, "120"));
    assert_eq!(done.permits().len(), 1);
}

#[test]
fn money_is_promised_to_one_target_only() {
    let mut desk = Desk::open();
    desk.disk = false;
    let other = SymbolId(4);
    desk.name(other, AssetId(31));
    desk.rules(other);
    desk.private(balance(desk::QUOTE, "200"));
    for symbol in [NEW, other] {
        desk.calendar(symbol, opening());
        desk.triple(symbol, (2, 2, 4));
    }
    desk.until(opening().before(Span::from_secs(5)));
    let mut permits = Vec::new();
    for symbol in [NEW, other] {
        permits.extend(desk.book(symbol, &[], &[("1.0000", "500")]).permits());
    }
    assert_eq!(permits.len(), 1);
}

#[test]
fn a_postponed_opening_revokes_the_permit_and_arms_anew_for_the_other_time() {
    let mut desk = Desk::armed();
    let first = desk.target().record.permit.expect("a permit");
    let later = opening().after(Span::from_secs(30));
    let done = desk.calendar(NEW, later);
    assert!(done.records().contains(&Record::Revoked { permit: first }));
    assert_eq!((desk.state(), desk.target().record.permit), (TargetState::Ready, None));
    let done = desk.until(opening().after(Span::from_secs(5)));
    assert!(done.places().is_empty(), "fired at the old time");
    desk.rules(NEW);
    desk.book(NEW, &[], &[("2.0000", "500")]);
    desk.until(later.before(Span::from_secs(5)));
    let permit = desk.target().permit.expect("another permit").permit;
    assert_ne!(permit.id, first);
    assert_eq!((permit.price_max, permit.valid_to), (price("2.4000"), later.after(ms(10_000))));
    assert_eq!(desk.until(later).places().len(), 1);
}

#[test]
fn a_withdrawn_opening_revokes_the_permit_until_a_witness_names_it_again() {
    let mut desk = Desk::armed();
    let first = desk.target().record.permit;
    for source in [Source::Calendar, Source::WebList] {
        let fact = ListingFact { source, coin: COIN, body: ListingBody::Gone };
        desk.public(NEW, Body::Listing(fact));
    }
    assert_eq!(desk.engine.listing_state(NEW), ListingState::Withdrawn);
    let target = desk.target();
    assert_eq!((target.record.state, target.record.permit), (TargetState::Pending, None));
    assert_eq!(target.record.why, WhyNot::NoOpening);
    desk.calendar(NEW, opening());
    desk.triple(NEW, (2, 2, 4));
    assert_eq!(desk.state(), TargetState::Armed);
    assert_ne!(desk.target().record.permit, first);
}

#[test]
fn a_name_that_stands_for_another_coin_fails_its_target() {
    for body in [
        ListingBody::Opens { at: opening() },
        ListingBody::ApiAllowed { allowed: true },
        ListingBody::Gone,
    ] {
        let mut desk = Desk::armed();
        let coin = VenueKey(77);
        let fact = ListingFact { source: Source::Calendar, coin, body };
        desk.public(NEW, Body::Listing(fact));
        let first = desk.engine.targets().next().expect("the target");
        let (state, why) = (first.record.state, first.record.why);
        assert_eq!((state, why), (TargetState::Failed, WhyNot::NotTradable), "{body:?}");
        assert!(desk.until(opening()).places().is_empty());
    }
}

#[test]
fn a_target_cancelled_by_hand_is_not_made_again_by_a_later_fact() {
    let mut desk = Desk::armed();
    let target = desk.target().record.id;
    let done = desk.command(Command::CancelTarget { target });
    assert_eq!(desk.state(), TargetState::Cancelled);
    let permit = done.records().into_iter().any(|r| matches!(r, Record::Revoked { .. }));
    assert!(permit, "{done:?}");
    desk.calendar(NEW, opening().after(Span::from_secs(60)));
    desk.triple(NEW, (2, 2, 4));
    assert_eq!(desk.state(), TargetState::Cancelled);
}

#[test]
fn no_more_targets_are_made_than_the_limit() {
    let mut desk = Desk::open_with(|setup| setup.limits(|limits| limits.targets_active_max = 2));
    for id in 10..14 {
        desk.name(SymbolId(id), AssetId(40 + id));
        desk.calendar(SymbolId(id), opening());
    }
    assert_eq!(desk.engine.targets().count(), 2);
}

#[test]
fn a_symbol_has_one_target_an_account() {
    let mut desk = Desk::open();
    for _ in 0..3 {
        desk.calendar(NEW, opening());
        desk.triple(NEW, (2, 2, 4));
    }
    assert_eq!(desk.engine.targets().count(), 1);
}

#[test]
fn two_accounts_each_get_a_target_of_one_listing() {
    let mut desk = Desk::open_with(|setup| {
        let account = setup.account();
        setup.set_accounts(&[account, account]);
    });
    desk.connect(AccountId(1));
    desk.calendar(NEW, opening());
    let mut accounts: Vec<_> = desk.engine.targets().map(|t| t.account()).collect();
    accounts.sort();
    assert_eq!(accounts, [AccountId(0), AccountId(1)]);
}

#[test]
fn no_target_is_made_while_the_kill_level_forbids_it() {
    let mut desk = Desk::open();
    desk.kill(KillLevel::Reduce);
    desk.calendar(NEW, opening());
    desk.triple(NEW, (2, 2, 4));
    assert_eq!(desk.engine.targets().count(), 0);
}

#[test]
fn an_opening_that_passed_unarmed_is_missed_and_gives_up_its_market_data() {
    let mut desk = Desk::open();
    desk.calendar(NEW, opening());
    let done = desk.until(opening().after(Span::from_secs(11)));
    assert_eq!(desk.state(), TargetState::Missed);
    assert!(done.actions.iter().any(|(_, a)| matches!(a, Action::Unfollow { symbol: NEW })));
}

#[test]
fn wishes_for_targets_that_do_not_exist_change_nothing() {
    let mut desk = Desk::armed();
    desk.wish(Intent::Enter { target: TargetId(999) });
    desk.wish(Intent::Exit { target: TargetId(999), qty: None });
    desk.tell(&Event::of(
        AccountId::NONE,
        NEW,
        Body::Blocked { block: model::Block::Journal, on: false },
    ));
    assert_eq!(desk.state(), TargetState::Armed);
}

#[test]
fn hundreds_of_listings_known_before_the_clock_are_all_looked_at() {
    let mut desk = Desk::with(|setup| setup.limits(|limits| limits.targets_active_max = 1));
    for id in 100..2_000 {
        desk.calendar(SymbolId(id), opening());
    }
    let mut declined = 0;
    for turn in 0..20 {
        let mut done = desk.clock();
        if turn == 0 {
            assert!(done.actions.len() < 50, "one step looks at few");
            done.actions.append(&mut desk.wait(Span::from_millis(250)).actions);
        }
        declined += done.actions.iter().filter(|(_, a)| matches!(a, Action::Note(_))).count();
    }
    // A signal for each, and for each but the first that there is no room.
    assert_eq!(declined, 1_900 + 1_899);
}
