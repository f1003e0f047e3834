//! What the lists for an operator show.

use engine::Outcome;
use model::{
    BookTop, ListingBody, ListingFact, OrderLeg, Side, Source, TargetId, VenueKey, VenueTime,
    WhyNot,
};
use serde_json::{Value, json};

use super::super::*;
use super::life::{Life, OPENS_MS, amount, price, qty};

#[test]
fn a_position_shows_its_average_and_what_the_bid_would_bring() {
    let mut life = Life::armed();
    life.place(OrderLeg::ENTRY, 1, Side::Buy, price("0.11"), qty("900"));
    life.fill(OrderLeg::ENTRY, 1, Side::Buy, "0.1", "300", 1);
    life.fill(OrderLeg::ENTRY, 1, Side::Buy, "0.11", "600", 2);
    life.target(TargetState::Open);
    life.position("900", "96", "0", None);
    let shown = |life: &Life| life.board.position_list()[0].clone();
    assert_eq!(shown(&life)["average"], "0.106666");
    assert_eq!(shown(&life)["unrealised_quote"], Value::Null, "no bid was heard");
    life.bid(Some("0.12"));
    let position = shown(&life);
    assert_eq!((&position["bid"], &position["unrealised_quote"]), (&json!("0.12"), &json!("12")));
    life.bid(None);
    assert_eq!(shown(&life)["bid"], Value::Null, "a bid that is gone is not shown");
    // A third is sold for more than it cost: the rest is measured against its own cost.
    life.fill(OrderLeg::STOP, 0, Side::Sell, "0.13", "300", 3);
    life.position("600", "96", "39", None);
    life.bid(Some("0.12"));
    let position = shown(&life);
    assert_eq!(
        (&position["realised_quote"], &position["unrealised_quote"]),
        (&json!("7"), &json!("8"))
    );
    life.position("0", "96", "110", Some(model::Close::TakeProfit));
    assert_eq!(life.board.position_list(), json!([]));
}

#[test]
fn a_listing_shows_its_witnesses_and_goes_once_it_has_opened() {
    let mut life = Life::armed();
    life.witness(Source::Calendar, ListingBody::Opens { at: VenueTime::from_millis(OPENS_MS) });
    life.witness(Source::ApiSymbols, ListingBody::ApiAllowed { allowed: true });
    let before = Some(VenueTime::from_millis(OPENS_MS - 5_000));
    let listed = life.board.listings(before, false)[0].clone();
    assert_eq!((&listed["symbol"], &listed["state"]), (&json!("NEWUSDT"), &json!("scheduled")));
    assert_eq!(listed["opens_in_ns"], 5_000_000_000_i64);
    let said: Vec<_> = listed["witnesses"].as_array().unwrap().iter().map(|w| &w["said"]).collect();
    assert_eq!(said, [&json!("opens"), &json!("api allowed")]);
    assert_eq!(listed["target"]["state"], "armed");
    let after = Some(VenueTime::from_millis(OPENS_MS + 1));
    assert_eq!(life.board.listings(after, false).as_array().unwrap().len(), 1, "it is in use");
    life.target(TargetState::Missed);
    assert_eq!(life.board.listings(after, false), json!([]));
    assert_eq!(life.board.listings(after, true)[0]["state"], "opened");
}

#[test]
fn an_answer_is_found_by_its_token_and_none_outlives_its_process() {
    let mut life = Life::armed();
    life.answer(5, WhyNot::NotHeld.into());
    life.answer(6, Outcome::Done { target: Some(TargetId(1)) });
    let found = life.board.answer(5).expect("it was answered");
    assert_eq!(found.outcome, Outcome::Declined { why: WhyNot::NotHeld });
    assert!(!life.board.is_durable(found.seq));
    life.board.on_durable(found.seq);
    assert!(life.board.is_durable(found.seq));
    assert_eq!(life.board.answer(7), None);
    life.boot(7, 2);
    assert_eq!(life.board.answer(6), None);
}

#[test]
fn the_reason_for_inaction_is_the_most_pressing_one() {
    let mut life = Life::armed();
    let now = |life: &Life| life.now();
    let why = |life: &Life| life.board.inaction(now(life), None);
    assert!(why(&life).starts_with("NEWUSDT opens in"), "{}", why(&life));
    life.target(TargetState::Missed);
    assert!(why(&life).starts_with("No listing with an opening ahead is known"), "{}", why(&life));
    let later = VenueTime::from_millis(OPENS_MS + 90_000);
    life.witness(Source::Calendar, ListingBody::Opens { at: later });
    assert!(why(&life).contains("has no target: its pattern ready_state"), "{}", why(&life));
    life.event(Body::Blocked { block: Block::Disk, on: true });
    assert_eq!(why(&life), "Entries are blocked: disk.");
    life.kill(KillLevel::Halt, "a look");
    assert!(why(&life).contains("halt (a look)"), "{}", why(&life));
    let silent = life.now().after(Span::from_secs(60));
    assert!(life.board.inaction(silent, None).contains("silent for 1 min"));
}

#[test]
fn a_budget_is_what_the_days_buys_and_the_last_second_left() {
    let mut life = Life::new();
    let name = "main".to_owned();
    life.board.set_budgets(vec![Budget { name, daily_buy_max: amount("200"), orders_per_s: 10 }]);
    life.arm();
    life.at_the_opening();
    life.place(OrderLeg::ENTRY, 1, Side::Buy, price("0.11"), qty("900"));
    life.fill(OrderLeg::ENTRY, 1, Side::Buy, "0.1", "300", 1);
    let budget = life.board.status_at(Some(life.now()))["budgets"][0].clone();
    // 30 are bought, and 600 at 0.11 are still in flight.
    assert_eq!(budget["daily_buy_left"], "104", "{budget}");
    assert_eq!(budget["orders_left_this_second"], 9);
    let later = life.now().after(Span::from_secs(2));
    let budget = life.board.status_at(Some(later))["budgets"][0].clone();
    assert_eq!(budget["orders_left_this_second"], 10);
    assert_eq!(life.board.account_of("main"), Some(AccountId(0)));
    assert_eq!(life.board.account_of("0"), Some(AccountId(0)));
    assert_eq!(life.board.account_of("1"), None);
}

impl Life {
    fn bid(&mut self, bid: Option<&str>) {
        let level = |text| model::Level { price: price(text), qty: qty("1") };
        self.market(Body::Top(BookTop { bid: bid.map(level), ask: None, version: 0 }));
    }

    fn witness(&mut self, source: Source, body: ListingBody) {
        self.event(Body::Listing(ListingFact { source, coin: VenueKey(5), body }));
    }

    fn answer(&mut self, token: u64, outcome: Outcome) {
        self.action(&Action::Note(Note::Answer { token, outcome }));
    }
}
