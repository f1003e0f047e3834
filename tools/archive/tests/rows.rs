//! What becomes of records, row by row.

mod support;

use archive::{Archive, Rows, View, query};
use engine::{Action, Note};
use model::*;
use risk::Refusal;
use serde_json::{Map, Value, json};
use support::*;
use tempfile::TempDir;

#[test]
fn the_life_of_a_target_is_told_by_its_rows() {
    let house = House::of(life);
    let targets = house.ask(&query::TARGETS_BY_SYMBOL, ("NEWUSDT", i64::MAX, 9));
    assert_eq!(targets.len(), 1);
    let row = &targets[0];
    assert_eq!(
        (&row["id"], &row["state"], &row["account"]),
        (&65_536.into(), &"completed".into(), &0.into())
    );
    assert_eq!((&row["permit"], &row["why"]), (&65_537.into(), &Value::Null));
    assert_eq!(row["error"], "the venue answered 30001: current order direction is not allowed");
    let trail = house.ask(&query::TARGET_CHANGES, [TARGET.0]);
    let states: Vec<_> =
        trail.iter().map(|row| (row["was"].clone(), row["state"].clone())).collect();
    assert_eq!(states[0], (Value::Null, "pending".into()));
    assert_eq!(states[1], ("pending".into(), "ready".into()));
    assert_eq!(states.last().unwrap(), &("open".into(), "completed".into()));
    assert_eq!(trail[0]["why"], "confidence");
    assert!(row["over_at"].as_i64() > row["made_at"].as_i64());
}

#[test]
fn orders_have_their_state_their_answer_and_the_moments_between() {
    let house = House::of(life);
    let orders = house.ask(&query::ORDERS_OF_TARGET, [TARGET.0]);
    let told: Vec<_> = orders.iter().map(|row| row["state"].as_str().unwrap()).collect();
    assert_eq!(told, ["rejected", "filled", "filled"]);
    let refused = &orders[0];
    assert_eq!((&refused["code"], &refused["leg"]), (&30_001.into(), &"entry".into()));
    assert_eq!(refused["message"], "current order direction is not allowed");
    let bought = &orders[1];
    assert_eq!(
        (&bought["price"], &bought["qty"], &bought["filled"]),
        (&"0.49".into(), &"200".into(), &"200".into())
    );
    assert_eq!((&bought["venue_order"], &bought["attempt"]), (&"C02__1".into(), &1.into()));
    let moments =
        ["placed_at", "sent_at", "answered_at"].map(|name| bought[name].as_i64().unwrap());
    assert!(moments.is_sorted() && moments[0] > WALL, "{moments:?}");
    let by_id = house.ask(&query::ORDER, [order_id(OrderLeg::ENTRY, 1).text().as_str()]);
    assert_eq!(by_id[0], *bought);
}

#[test]
fn a_deal_that_is_told_twice_stands_once_with_exact_figures() {
    let house = House::of(life);
    let fills = house.ask(&query::FILLS_OF_TARGET, [TARGET.0]);
    let trades: Vec<_> = fills.iter().map(|row| row["trade"].as_str().unwrap()).collect();
    assert_eq!(trades, ["t1", "t2", "t3", "t4"]);
    let first = &fills[0];
    assert_eq!(
        (&first["price"], &first["qty"], &first["value"]),
        (&"0.485".into(), &"120".into(), &"58.2".into())
    );
    assert_eq!((&first["fee"], &first["fee_asset"]), (&"0.05".into(), &"NEW".into()));
    assert_eq!((&first["source"], &first["leg"]), (&"stream".into(), &"entry".into()));
    assert!(first["at"].as_i64().unwrap() > opening().nanos(), "the venue's own stamp");
}

#[test]
fn a_position_and_its_day_add_up_to_what_was_won() {
    let house = House::of(life);
    let position = &house.ask(&query::POSITION, [TARGET.0])[0];
    assert_eq!((&position["closed"], &position["realised"]), (&"stop_loss".into(), &"1".into()));
    assert_eq!((&position["bought"], &position["sold"]), (&"200".into(), &"199.9".into()));
    let day = &house.ask(&query::DAYS_OF_ACCOUNT, (0, 0, i64::MAX))[0];
    assert_eq!((&day["day"], &day["symbol"]), (&20_777.into(), &"NEWUSDT".into()));
    assert_eq!((&day["orders"], &day["buys"], &day["sells"]), (&3.into(), &2.into(), &2.into()));
    assert_eq!((&day["bought"], &day["sold"]), (&"97.4".into(), &"99.95".into()));
    assert_eq!((&day["fees_base"], &day["fees_quote"]), (&"0.1".into(), &"0.1".into()));
    assert_eq!(day["realised"], "1");
}

#[test]
fn an_execution_says_when_it_really_began_and_how_it_went() {
    let house = House::of(life);
    let run = &house.ask(&query::EXECUTION, [TARGET.0])[0];
    assert_eq!(
        (&run["attempts"], &run["accepted"], &run["refused"]),
        (&2.into(), &1.into(), &1.into())
    );
    assert_eq!((&run["execution_status"], &run["spent"]), (&"executed".into(), &"97.4".into()));
    assert_eq!(run["planned_at"], opening().nanos());
    assert!(run["actual_execution_at"].as_i64() > run["decided_at"].as_i64());
    let signal = &house.ask(&query::SIGNALS_BY_SYMBOL, ("NEWUSDT", 9))[0];
    assert_eq!(
        (&signal["execution_status"], &signal["target"]),
        (&"EXECUTED".into(), &65_536.into())
    );
    assert_eq!((&signal["execution_attempts"], &signal["closed"]), (&2.into(), &1.into()));
}

#[test]
fn a_refusal_of_the_gate_keeps_its_figures() {
    let house = House::of(|pen| {
        names(pen);
        pen.persist(target(TargetState::Pending, WhyNot::None));
        pen.persist(permit());
        let request = request(order_id(OrderLeg::ENTRY, 0), Side::Buy, 5_900, 100);
        let refusal = Refusal::PriceAbovePermit { asked: price(5_900), max: price(5_888) };
        pen.note(Note::Refused { request, refusal });
    });
    let event = &house.ask(&query::RISK_OF_TARGET, (TARGET.0, 9))[0];
    assert_eq!(
        (&event["control"], &event["reason"]),
        (&"permit".into(), &"price_above_permit".into())
    );
    assert_eq!(event["figures"], r#"{"asked":"0.59","max":"0.5888"}"#);
    assert_eq!((&event["event"], &event["price"]), (&"refused".into(), &"0.59".into()));
    let target = &house.ask(&query::TARGET, [TARGET.0])[0];
    assert!(target["error"].as_str().unwrap().contains("price_above_permit"), "{target:?}");
}

#[test]
fn a_proposal_that_was_declined_says_why_there_is_no_target() {
    let house = House::of(|pen| {
        names(pen);
        pen.note(signal(70));
        pen.note(Note::Declined { symbol: SYMBOL, slot: model::Slot(0), why: WhyNot::TargetsMax });
    });
    let event = &house.ask(&query::RISK_BY_SYMBOL, ("NEWUSDT", i64::MAX, 9))[0];
    assert_eq!((&event["event"], &event["reason"]), (&"declined".into(), &"targets_max".into()));
    let signal = &house.ask(&query::SIGNALS_BY_SYMBOL, ("NEWUSDT", 9))[0];
    assert_eq!(
        (&signal["execution_status"], &signal["execution_reason"]),
        (&"FILTERED".into(), &"targets_max".into())
    );
    let pattern = &house.ask(&query::PATTERNS_SURE, ("NEWUSDT", 9));
    assert!(pattern.is_empty(), "70 is not above 70");
    let pattern = &house.ask(&query::PATTERNS_BY_SYMBOL, ("NEWUSDT", 0, i64::MAX))[0];
    assert_eq!(pattern["evidence"], r#"[{"factor":"triple","value":{"st":2,"sts":2,"tt":4}}]"#);
}

#[test]
fn what_the_operator_did_and_what_came_of_it_are_both_kept() {
    let house = House::of(|pen| {
        let reason = Text::clipped("the feed looks wrong");
        pen.operator(Command::Kill { level: KillLevel::Reduce, reason });
        pen.persist(Record::Kill { level: KillLevel::Reduce, reason });
        let reason = Text::clipped("checked");
        pen.operator(Command::Resume { reason });
        pen.persist(Record::Kill { level: KillLevel::Active, reason });
    });
    let deeds = house.ask(&query::AUDIT_NEWEST, (i64::MAX, 9));
    let told: Vec<_> = deeds.iter().rev().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(told, ["start", "kill", "kill_level", "resume", "kill_level"]);
    assert_eq!(
        (&deeds[3]["actor"], &deeds[3]["detail"]),
        (&"anna".into(), &"reduce: the feed looks wrong".into())
    );
    let kill = &house.ask(&query::STATE, ["kill"])[0];
    assert_eq!((&kill["status"], &kill["reason"]), (&"active".into(), &"checked".into()));
}

#[test]
fn an_alarm_is_an_alert_until_somebody_has_seen_beyond_it() {
    let mut seq = 0;
    let house = House::of(|pen| {
        names(pen);
        let alarm =
            Alarm { kind: AlarmKind::ExitStuck, account: AccountId(0), symbol: SYMBOL, figure: 4 };
        seq = pen.persist(Record::Alarm(alarm));
        let none = AccountId::NONE;
        let clock =
            Alarm { kind: AlarmKind::Clock, account: none, symbol: SymbolId::NONE, figure: 9 };
        pen.persist(Record::Alarm(clock));
    });
    let alerts = house.ask(&query::ALERTS_NEWEST, (i64::MAX, 9));
    assert_eq!(
        (&alerts[1]["kind"], &alerts[1]["symbol"]),
        (&"exit_stuck".into(), &"NEWUSDT".into())
    );
    assert_eq!((&alerts[0]["account"], &alerts[0]["symbol"]), (&Value::Null, &Value::Null));
    let unseen = house.ask(&query::ALERTS_AFTER, (seq as i64, 9));
    assert_eq!(unseen.len(), 1);
    assert_eq!(house.ask(&query::STATE, ["engine"])[0]["error"], "clock, figure 9");
}

#[test]
fn a_process_that_died_leaves_its_orders_unknown_and_its_run_marked() {
    let room = TempDir::new().unwrap();
    let mut pen = Pen::new(room.path(), 1);
    names(&mut pen);
    pen.persist(target(TargetState::Pending, WhyNot::None));
    pen.persist(permit());
    let id = order_id(OrderLeg::ENTRY, 0);
    pen.action(Action::Place(request(id, Side::Buy, 4_900, 100)));
    pen.tell(Body::Blocked { block: Block::Decode, on: true });
    pen.die();
    let mut pen = Pen::new(room.path(), 2);
    pen.tell(Body::Placed(Placed { client_order_id: id, order: VenueKey(9) }));
    pen.stop();
    let house = House::read(room);
    let runs = house.ask(&query::RUNS, (i64::MAX, 9));
    assert_eq!((&runs[1]["ended"], &runs[0]["ended"]), (&"died".into(), &"stopped".into()));
    assert_eq!((&runs[0]["operator"], &runs[0]["mode"]), (&"anna".into(), &"demo".into()));
    let order = &house.ask(&query::ORDER, [id.text().as_str()])[0];
    assert_eq!(order["state"], "accepted", "the next process learnt of it");
    assert!(house.ask(&query::STATE, ["block.decode.0"]).is_empty(), "no block of a dead process");
    assert_eq!(house.ask(&query::STATE, ["trader"])[0]["status"], "stopped");
}

#[test]
fn an_order_of_ours_that_no_record_made_is_taken_up_when_the_venue_shows_it() {
    let house = House::of(|pen| {
        names(pen);
        pen.persist(target(TargetState::Pending, WhyNot::None));
        pen.persist(permit());
        let update = |id| OrderUpdate {
            client_order_id: Some(id),
            order: VenueKey::of(b"C02__9"),
            status: OrderStatus::PartiallyCancelled,
            source: UpdateSource::AllOrders,
            side: Side::Buy,
            kind: Some(OrderKind::Limit),
            price: Some(price(4_900)),
            qty: qty(500),
            filled: qty(200),
        };
        pen.tell(Body::Order(update(order_id(OrderLeg::ENTRY, 4))));
    });
    let order = &house.ask(&query::ORDERS_OF_TARGET, [TARGET.0])[0];
    assert_eq!((&order["state"], &order["filled"]), (&"partially_cancelled".into(), &"2".into()));
    assert_eq!((&order["attempt"], &order["placed_at"]), (&4.into(), &Value::Null));
}

#[test]
fn a_stranger_has_his_deals_in_the_books_and_no_target() {
    let house = House::of(|pen| {
        names(pen);
        deal(pen, "s1", fill(None, "s1", Side::Buy, 4_850, 100));
    });
    let fills = house.ask(&query::FILLS_OF_ACCOUNT, (0, 0, i64::MAX));
    assert_eq!((&fills[0]["target"], &fills[0]["client_order_id"]), (&Value::Null, &Value::Null));
    assert_eq!(house.ask(&query::DAYS_OF_ACCOUNT, (0, 0, i64::MAX))[0]["buys"], 1);
}

#[test]
fn two_accounts_have_their_own_books_on_one_listing() {
    let house = House::of(|pen| {
        life(pen);
        let second = AccountId(1);
        let mut target = target_record(TargetState::Open, WhyNot::None);
        (target.id, target.account) = (TargetId(70_000), second);
        target.permit = Some(PermitId(70_001));
        pen.persist(Record::Target(target));
        let mut permit = permit_record();
        (permit.id, permit.target, permit.account) = (PermitId(70_001), target.id, second);
        pen.persist(Record::Permit(permit));
        let id = id_of(permit.id, OrderLeg::ENTRY, 0);
        let request = Request { account: second, ..request(id, Side::Buy, 4_900, 100) };
        pen.action(Action::Place(request));
        // The venue counts the deals of each account for itself.
        let deal = Body::Fill(fill(Some(id), "t1", Side::Buy, 4_900, 100));
        let stamped = opening();
        pen.event(Event { stamped, ..Event::of(second, SYMBOL, deal) });
    });
    assert_eq!(house.ask(&query::FILLS_OF_ACCOUNT, (0, 0, i64::MAX)).len(), 4);
    let second = house.ask(&query::FILLS_OF_ACCOUNT, (1, 0, i64::MAX));
    assert_eq!((second.len(), &second[0]["target"]), (1, &70_000.into()));
    let open = house.ask(&query::POSITIONS_OPEN, [1]);
    assert_eq!((open.len(), &open[0]["bought"]), (1, &"1".into()));
    assert!(house.ask(&query::POSITIONS_OPEN, [0]).is_empty());
    let report = archive::report::of_day(&house.view, 20_777).unwrap();
    let accounts = report["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 2);
    assert_eq!(accounts[1]["totals"]["USDT"]["bought"], "0.49");
}

#[test]
fn a_name_that_is_listed_again_as_another_coin_is_another_listing() {
    let house = House::of(|pen| {
        names(pen);
        for (coin, at) in [(1, 5), (2, 6)] {
            let body = ListingBody::Opens { at: VenueTime::from_nanos(at) };
            let coin = VenueKey(coin);
            pen.tell(Body::Listing(ListingFact { source: Source::Calendar, coin, body }));
        }
        let gone = ListingBody::Gone;
        let coin = VenueKey(2);
        pen.tell(Body::Listing(ListingFact { source: Source::Calendar, coin, body: gone }));
    });
    let found = house.ask(&query::LISTINGS_BY_SYMBOL, ("NEWUSDT", 9));
    let told: Vec<_> =
        found.iter().map(|row| (row["state"].clone(), row["opens_at"].clone())).collect();
    assert_eq!(told, [("withdrawn".into(), 6.into()), ("scheduled".into(), 5.into())]);
}

#[test]
fn a_payload_that_cannot_be_read_is_counted_and_the_rest_goes_on() {
    let house = House::of(|pen| {
        pen.put(journal::Kind::OUTPUT, &[250, 1, 2]);
        life(pen);
    });
    assert_eq!(house.undecodable, 1);
    assert_eq!(house.ask(&query::TARGET, [TARGET.0])[0]["state"], "completed");
}

#[test]
fn the_report_of_a_day_adds_up_exactly() {
    let house = House::of(life);
    let report = archive::report::of_day(&house.view, 20_777).unwrap();
    assert_eq!(report["date"], "2026-11-20");
    let account = &report["accounts"][0];
    assert_eq!(
        account["targets"],
        json!({ "made": 1, "completed": 1, "failed": 0, "missed": 0, "expired": 0, "cancelled": 0 })
    );
    assert_eq!(account["orders"], json!({ "placed": 3, "filled": 2, "rejected": 1 }));
    assert_eq!(account["fills"], json!({ "buys": 2, "sells": 2 }));
    assert_eq!(
        account["totals"],
        json!({ "USDT": { "bought": "97.4", "sold": "99.95", "fees_quote": "0.1", "realised": "1" } })
    );
    assert_eq!(account["symbols"][0]["fees_base"], "0.1");
    let before = archive::report::of_day(&house.view, 20_776).unwrap();
    assert_eq!(before["accounts"], json!([]));
}

/// A data directory with its archive.
struct House {
    view: View,
    undecodable: u64,
    _room: TempDir,
}

impl House {
    fn of(write: impl FnOnce(&mut Pen)) -> Self {
        let room = TempDir::new().unwrap();
        let mut pen = Pen::new(room.path(), 1);
        write(&mut pen);
        pen.die();
        Self::read(room)
    }

    fn read(room: TempDir) -> Self {
        let mut archive = Archive::open(room.path()).unwrap();
        archive.catch_up(ALL).unwrap();
        let undecodable = archive.stand().undecodable;
        archive.close().unwrap();
        Self { view: View::open(room.path()).unwrap(), undecodable, _room: room }
    }

    fn ask(&self, query: &query::Query, params: impl rusqlite::Params) -> Vec<Map<String, Value>> {
        self.view.ask(query, params).map(Rows::objects).unwrap().collect()
    }
}
