//! The board on records made by hand.

mod hands;
mod life;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use journal::{DiskError, Observer, RecordView, Trouble};
use model::{AlarmKind, Close, Mono, OrderLeg, Side};
use serde_json::{Value, json};

use super::order::ORDERS_MAX;
use super::target::{FILLS_MAX, TARGETS_MAX};
use super::*;
use life::{Life, OPENS_MS, id, price, qty};

fn demo(life: &Life) -> Value {
    life.board.demo(7, Path::new("/d"), Path::new("/d/journal"))
}

#[test]
fn the_limits_in_force_are_told_and_shown() {
    let mut board = Board::new();
    assert_eq!(board.status()["limits"], Value::Null);
    let demo = settings::Settings::demo(&[]).unwrap().limits;
    let order_max_notional = model::Amount::from_units(15);
    board.set_limits(settings::Limits { order_max_notional, ..demo });
    let status = board.status();
    assert_eq!(status["limits"]["order_max_notional"], "15");
    let shown = render_status(&status);
    assert!(shown.contains("limits       order 15, pair 150, all 450, day 900"), "{shown}");
}

#[test]
fn a_whole_life_becomes_the_document_that_scripts_rely_on() {
    let document = demo(&Life::whole());
    assert_eq!(document["seed"], 7);
    assert_eq!((&document["data"], &document["journal"]), (&json!("/d"), &json!("/d/journal")));
    assert_eq!(
        document["summary"],
        json!({
            "targets": 1, "completed": 1, "failed": 0, "missed": 0, "orders": 4, "fills": 3,
            "realised_quote": "4.95",
        })
    );
    let target = &document["targets"][0];
    assert_eq!(target["symbol"], "NEWUSDT");
    assert_eq!(target["state"], "completed");
    assert_eq!(target["realised_quote"], "4.95");
    assert_eq!(
        target["pattern"],
        json!({
            "kind": "ready_state", "confidence": 90,
            "evidence": [
                { "factor": "triple", "value": { "sts": 2, "st": 2, "tt": 4 } },
                { "factor": "calendar_opening", "value": OPENS_MS * 1_000_000 },
                { "factor": "precision", "value": { "price": 4, "qty": 2 } },
                { "factor": "exchange_info", "value": "online" },
                { "factor": "api_allowed", "value": true },
            ],
        })
    );
    assert_eq!(target["permit"]["side"], "BUY");
    assert_eq!(target["permit"]["notional_max"], "100");
    assert_eq!(target["permit"]["price_max"], "0.11");
    assert_eq!(target["permit"]["orders_max"], 40);
}

#[test]
fn attempts_carry_the_venues_code_and_message_and_the_time_they_were_sent() {
    let document = demo(&Life::whole());
    let opens = OPENS_MS * 1_000_000;
    assert_eq!(
        document["targets"][0]["attempts"],
        json!([
            {
                "client_order_id": id(OrderLeg::ENTRY, 0).to_string(), "at": opens - 400_000,
                "code": 30001, "message": "Trading is not open",
            },
            {
                "client_order_id": id(OrderLeg::ENTRY, 1).to_string(), "at": opens + 100_050_000,
                "code": 0, "message": "accepted",
            },
        ])
    );
}

#[test]
fn deals_and_sales_are_told_one_by_one_in_plain_decimals() {
    let document = demo(&Life::whole());
    let target = &document["targets"][0];
    let fills = target["fills"].as_array().unwrap();
    assert_eq!(
        fills[0],
        json!({
            "side": "BUY", "price": "0.1", "qty": "900", "fee": "0.05", "fee_asset": "USDT",
            "at": (OPENS_MS + 120) * 1_000_000,
            "client_order_id": id(OrderLeg::ENTRY, 1).to_string(), "leg": "entry",
        })
    );
    assert_eq!((&fills[1]["side"], &fills[1]["leg"]), (&json!("SELL"), &json!("take_profit")));
    let exits = target["exits"].as_array().unwrap();
    assert_eq!(exits.len(), 2);
    assert_eq!(exits[0]["leg"], "take_profit");
    assert_eq!(exits[0]["kind"], "LIMIT");
    assert_eq!(exits[0]["price"], "0.105");
    assert_eq!((&exits[0]["qty"], &exits[0]["filled"]), (&json!("450"), &json!("450")));
    assert_eq!(exits[0]["reason"], "take_profit");
    assert_eq!((&exits[1]["leg"], &exits[1]["reason"]), (&json!("stop"), &json!("time_stop")));
}

#[test]
fn every_stage_has_its_latencies_and_one_without_a_measurement_has_none() {
    let document = demo(&Life::whole());
    let stages = &document["latency_ns"];
    assert_eq!(stages["decide_to_sent"]["count"], 4);
    assert_eq!(stages["decide_to_sent"]["max"], 50_000);
    assert_eq!(stages["sent_to_ack"]["count"], 4);
    assert_eq!(stages["sent_to_fill"]["count"], 1);
    assert_eq!(
        stages["fire_error"],
        json!({
            "p50": 400_000, "p99": 400_000, "p999": 400_000, "max": 400_000, "count": 1,
        })
    );
    assert_eq!(stages["permit_to_durable"]["count"], 1);
    let none = json!({ "p50": null, "p99": null, "p999": null, "max": null, "count": 0 });
    assert_eq!(stages["cancel_to_sent"], none);
}

#[test]
fn an_order_without_an_answer_has_no_code_until_the_stream_shows_it() {
    let mut life = Life::armed();
    life.place(OrderLeg::ENTRY, 0, Side::Buy, price("0.11"), qty("900"));
    life.sent(OrderLeg::ENTRY, 0);
    life.reply_lost(OrderLeg::ENTRY, 0);
    let attempt = demo(&life)["targets"][0]["attempts"][0].clone();
    assert_eq!((&attempt["code"], &attempt["message"]), (&Value::Null, &json!("unknown")));
    let status = life.board.status();
    assert_eq!(status["orders_in_flight"][0]["state"], "unknown");
    let waits = status["targets"][0]["waits_for"].as_str().unwrap();
    assert!(waits.contains("unknown"), "{waits}");
    life.fill(OrderLeg::ENTRY, 0, Side::Buy, "0.1", "900", 1);
    assert_eq!(demo(&life)["targets"][0]["attempts"][0]["code"], 0);
}

#[test]
fn the_message_of_a_refused_cancel_is_not_taken_for_the_orders() {
    let mut life = Life::armed();
    life.place(OrderLeg::ENTRY, 0, Side::Buy, price("0.11"), qty("900"));
    life.sent(OrderLeg::ENTRY, 0);
    life.text(OrderLeg::ENTRY, 0, "Unknown order sent.");
    life.reject(OrderLeg::ENTRY, 0, -2011, true);
    life.reject(OrderLeg::ENTRY, 0, 30001, false);
    let attempt = demo(&life)["targets"][0]["attempts"][0].clone();
    assert_eq!((&attempt["code"], &attempt["message"]), (&json!(30001), &json!("refused")));
}

#[test]
fn an_order_that_never_left_says_why_and_is_not_counted() {
    let mut life = Life::armed();
    life.place(OrderLeg::ENTRY, 0, Side::Buy, price("0.11"), qty("900"));
    let client_order_id = id(OrderLeg::ENTRY, 0);
    life.event(Body::Suppressed { client_order_id });
    let document = demo(&life);
    assert_eq!(document["summary"]["orders"], 0);
    let attempt = &document["targets"][0]["attempts"][0];
    assert_eq!(
        (&attempt["code"], &attempt["message"]),
        (&Value::Null, &json!("not sent: kill switch"))
    );
}

#[test]
fn a_deal_told_twice_counts_once_and_a_strangers_does_not_count() {
    let mut life = Life::whole();
    life.fill(OrderLeg::ENTRY, 1, Side::Buy, "0.1", "900", 1);
    life.stranger();
    let document = demo(&life);
    assert_eq!(document["summary"]["fills"], 3);
    assert_eq!(life.board.status()["events"]["foreign_fills"], 1);
}

#[test]
fn an_open_position_has_realised_what_its_sold_part_won() {
    let mut life = Life::armed();
    life.place(OrderLeg::ENTRY, 0, Side::Buy, price("0.11"), qty("900"));
    life.fill(OrderLeg::ENTRY, 0, Side::Buy, "0.1", "900", 1);
    life.place(OrderLeg::take_profit(0), 0, Side::Sell, price("0.12"), qty("300"));
    life.fill(OrderLeg::take_profit(0), 0, Side::Sell, "0.12", "300", 2);
    life.position("600", "90", "36", None);
    assert_eq!(demo(&life)["targets"][0]["realised_quote"], "6");
    let position = &life.board.status()["positions"][0];
    assert_eq!((&position["symbol"], &position["qty"]), (&json!("NEWUSDT"), &json!("600")));
}

#[test]
fn a_position_closed_without_a_sale_names_its_reason() {
    let mut life = Life::armed();
    life.position("0.5", "0.05", "0", Some(Close::Dust));
    let exits = demo(&life)["targets"][0]["exits"].clone();
    assert_eq!(
        exits,
        json!([{
            "leg": null, "kind": null, "price": null, "qty": "0.5", "filled": "0", "reason": "dust",
        }])
    );
}

#[test]
fn the_decisions_hash_is_blind_to_ids_clocks_and_what_came_after() {
    let plain = Life::whole().board.decisions_hash();
    let mut other = Life::new();
    (other.clock_error, other.first_target, other.shift_ms) = (9_000, 40, 86_400_000);
    other.arm();
    other.live();
    other.alarm(AlarmKind::Clock);
    assert_eq!(other.board.decisions_hash(), plain);
    assert_eq!(plain.len(), 64);
}

#[test]
fn the_decisions_hash_knows_the_price_cap_and_the_evidence() {
    let plain = Life::whole().board.decisions_hash();
    for change in [
        |life: &mut Life| life.price_max = "0.1101",
        |life: &mut Life| life.triple = 20_201,
        |life: &mut Life| life.confidence = 85,
        |life: &mut Life| life.late_ms = 9_000,
    ] {
        let mut other = Life::new();
        change(&mut other);
        other.arm();
        other.live();
        assert_ne!(other.board.decisions_hash(), plain);
    }
}

#[test]
fn a_later_signal_is_no_part_of_the_decision() {
    let mut life = Life::whole();
    let before = life.board.decisions_hash();
    life.triple = 10_101;
    life.signal();
    assert_eq!(life.board.decisions_hash(), before);
}

#[test]
fn the_status_says_what_stops_entries_before_what_a_target_waits_for() {
    let mut life = Life::armed();
    let waits = |life: &Life| life.board.status()["targets"][0]["waits_for"].clone();
    assert_eq!(waits(&life), "Fires at the planned opening or at the first deal.");
    life.event(Body::Blocked { block: Block::Disk, on: true });
    assert_eq!(waits(&life), "Entries are blocked: the disk refuses records.");
    assert_eq!(life.board.status()["blocks"], json!([{ "block": "disk", "account": null }]));
    life.kill(KillLevel::Halt, "too wild");
    let text = waits(&life);
    assert!(text.as_str().unwrap().contains("halt (too wild)"), "{text}");
}

#[test]
fn an_account_is_blocked_until_its_links_live_and_its_balances_are_known() {
    let mut life = Life::new();
    life.board.set_accounts(1);
    life.arm();
    let blocks = |life: &Life| life.board.status()["blocks"].as_array().unwrap().len();
    assert_eq!(blocks(&life), 3);
    life.event(Body::Link { link: Link::Order, up: true });
    life.event(Body::Stream { stream: Stream::Private, state: LinkState::Asked });
    assert_eq!(blocks(&life), 2);
    life.event(Body::Stream { stream: Stream::Private, state: LinkState::Live });
    let left = json!([{ "block": "reconciliation", "account": 0 }]);
    assert_eq!(life.board.status()["blocks"], left);
    life.event(Body::Answer(QueryAnswer::BalancesEnd));
    assert_eq!(blocks(&life), 0);
    life.event(Body::Link { link: Link::User, up: false });
    assert_eq!(blocks(&life), 2);
    life.boot(7, 2);
    assert_eq!(blocks(&life), 4, "and the clock");
}

#[test]
fn the_kill_switch_is_latched_once_its_record_is_on_disk() {
    let mut life = Life::armed();
    life.kill(KillLevel::Reduce, "test");
    let kill = life.board.kill();
    assert_eq!((kill.level, kill.durable), (KillLevel::Reduce, false));
    life.board.on_durable(kill.seq - 1);
    assert!(!life.board.kill().durable);
    life.board.on_durable(kill.seq);
    assert!(life.board.kill().durable);
}

#[test]
fn the_status_for_people_is_aligned_and_harmless_to_a_terminal() {
    let mut life = Life::armed();
    life.kill(KillLevel::Halt, "\x1b[31mred");
    let text = render_status(&life.board.status_at(Some(Mono::from_nanos(u64::MAX))));
    let on_disk = "kill switch  halt (?[31mred), not yet on disk";
    assert!(text.contains(on_disk), "{text}");
    assert!(!text.contains('\x1b'), "{text}");
    assert!(text.contains("targets\n  symbol   state"), "{text}");
    assert!(text.contains("  NEWUSDT  armed"), "{text}");
}

#[test]
fn a_record_that_cannot_be_read_is_counted_and_an_unknown_kind_is_passed_over() {
    let mut board = Board::new();
    let families = [Family::Decisions, Family::Decisions, Family::Decisions];
    for (kind, family) in [Kind::INPUT, Kind::OUTPUT, Kind::BOOT].into_iter().zip(families) {
        board.on_record(kind, family, 1, Mono::ZERO, &[0xff; 3]);
    }
    board.on_record(Kind(99), Family::Decisions, 2, Mono::ZERO, &[1, 2, 3]);
    assert_eq!(board.status()["events"]["undecodable"], 3);
    assert_eq!(board.status()["journal"]["last_seq"], 2);
}

#[test]
fn every_cut_of_every_record_leaves_the_board_standing() {
    let life = Life::whole();
    let mut board = Board::new();
    for (kind, payload) in &life.tape {
        for end in 0..payload.len() {
            board.on_record(*kind, Family::Decisions, 1, Mono::ZERO, &payload[..end]);
        }
        board.on_record(*kind, Family::Decisions, 1, Mono::ZERO, payload);
    }
    assert_eq!(board.demo(0, Path::new(""), Path::new(""))["summary"]["fills"], 3);
}

#[test]
fn targets_orders_and_deals_are_bounded_and_the_oldest_that_ended_go_first() {
    let mut life = Life::armed();
    for attempt in 0..ORDERS_MAX as u32 + 10 {
        life.place(OrderLeg::ENTRY, attempt, Side::Buy, price("0.11"), qty("900"));
        if attempt > 0 {
            life.reject(OrderLeg::ENTRY, attempt, 30001, false);
        }
    }
    let attempts = demo(&life)["targets"][0]["attempts"].clone();
    let attempts = attempts.as_array().unwrap();
    assert_eq!(attempts.len(), ORDERS_MAX);
    let first = id(OrderLeg::ENTRY, 0).to_string();
    assert_eq!(attempts[0]["client_order_id"], first, "it is still in flight");
    assert_eq!(life.board.status()["left_out"]["orders"], 10);
    for trade in 0..FILLS_MAX as u128 + 5 {
        life.fill(OrderLeg::ENTRY, 0, Side::Buy, "0.1", "0.01", trade + 100);
    }
    assert_eq!(demo(&life)["targets"][0]["fills"].as_array().unwrap().len(), FILLS_MAX);
    assert_eq!(life.board.status()["targets"][0]["fills_left_out"], 5);
    for target in 0..TARGETS_MAX as u32 + 3 {
        life.finished_target(100 + target);
    }
    let status = life.board.status();
    assert_eq!(status["targets"].as_array().unwrap().len(), TARGETS_MAX);
    assert_eq!(status["targets"][0]["id"], 1, "it is not over");
    assert_eq!(status["left_out"]["targets"], 4);
}

#[test]
fn another_boot_forgets_the_clock_but_not_the_times_it_gave() {
    let mut life = Life::whole();
    let before = demo(&life)["targets"].clone();
    life.boot(99, 1);
    assert_eq!(demo(&life)["targets"], before);
    assert_eq!(life.board.status()["clock"]["offset_known"], false);
    assert_eq!(life.board.status()["instance"], "000063");
}

#[test]
fn an_order_in_flight_when_its_process_died_is_unknown_and_not_measured() {
    let mut life = Life::armed();
    life.place(OrderLeg::ENTRY, 0, Side::Buy, price("0.11"), qty("900"));
    life.sent(OrderLeg::ENTRY, 0);
    life.boot(7, 2);
    assert_eq!(life.board.status()["orders_in_flight"][0]["state"], "unknown");
    life.placed(OrderLeg::ENTRY, 0);
    life.fill(OrderLeg::ENTRY, 0, Side::Buy, "0.1", "900", 1);
    let stages = demo(&life)["latency_ns"].clone();
    assert_eq!(
        (&stages["sent_to_ack"]["count"], &stages["sent_to_fill"]["count"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(demo(&life)["targets"][0]["attempts"][0]["message"], "accepted");
}

#[test]
fn a_reply_that_the_stream_overtook_is_measured_all_the_same() {
    let mut life = Life::armed();
    life.place(OrderLeg::ENTRY, 0, Side::Buy, price("0.11"), qty("900"));
    life.sent(OrderLeg::ENTRY, 0);
    life.fill(OrderLeg::ENTRY, 0, Side::Buy, "0.1", "900", 1);
    life.placed(OrderLeg::ENTRY, 0);
    life.placed(OrderLeg::ENTRY, 0);
    assert_eq!(demo(&life)["latency_ns"]["sent_to_ack"]["count"], 1);
}

#[test]
fn the_observer_feeds_the_board_wakes_the_loop_and_repeats_an_unheard_block() {
    let board = Arc::new(Mutex::new(Board::new()));
    let durable = Arc::new(AtomicU64::new(0));
    let told = Arc::new(Mutex::new(Vec::new()));
    let (ears, mut deaf) = (Arc::clone(&told), 1);
    let tell = move |event: Event| {
        let heard = deaf == 0;
        if heard {
            ears.lock().unwrap().push(event.body);
        }
        deaf = 0;
        heard
    };
    let mut observer = BoardObserver::new(Arc::clone(&board), Arc::clone(&durable), tell);
    let error =
        DiskError { doing: "write", path: "/x".into(), answer: "no space".into(), errno: Some(28) };
    observer.on_trouble(&Trouble::Counting { from: 5, error: Some(error) });
    assert!(told.lock().unwrap().is_empty(), "the inbox was full");
    let life = Life::armed();
    let (kind, payload) = &life.tape[0];
    let (family, at) = (Family::Decisions, Mono::ZERO);
    observer.on_record(&RecordView { seq: 4, at, family, kind: *kind, payload });
    assert_eq!(*told.lock().unwrap(), [Body::Blocked { block: Block::Disk, on: true }]);
    observer.on_durable(4);
    assert_eq!(durable.load(Ordering::Acquire), 4);
    assert_eq!(told.lock().unwrap().last(), Some(&Body::Durable { token: 0 }));
    let status = board.lock().unwrap().status();
    assert_eq!(status["journal"]["durable_seq"], 4);
    assert!(status["journal"]["trouble"].as_str().unwrap().contains("no space"));
    observer.on_trouble(&Trouble::Over { decisions_lost: 0, market_lost: 0 });
    assert_eq!(told.lock().unwrap().last(), Some(&Body::Blocked { block: Block::Disk, on: false }));
    assert_eq!(board.lock().unwrap().status()["journal"]["trouble"], Value::Null);
}

#[test]
fn a_market_record_is_counted_unread() {
    let mut board = Board::new();
    board.on_record(Kind::INPUT, Family::Market, 1, Mono::ZERO, &[0xff]);
    let events = board.status()["events"].clone();
    assert_eq!((&events["total"], &events["market"]), (&json!(1), &json!(1)));
    assert_eq!(events["undecodable"], 0);
}
