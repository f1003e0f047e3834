//! Sequences of pages, and what is told of each.

use model::{
    AssetId, Body, Event, ListingBody, Source, Span, SpecSource, SymbolId, SymbolNames,
    SymbolStatus, Text, Triple, VenueKey, VenueTime,
};
use proptest::prelude::*;

use super::*;

const T0: i64 = 1_790_000_000_000;
const X1: &str = "11111111111111111111111111111111";
const X2: &str = "22222222222222222222222222222222";

#[test]
fn a_calendar_coin_is_named_and_its_opening_told_once() {
    let mut desk = Desk::new();
    let out = desk.calendar(0, &[(X1, "NEW", 600)]);
    assert_eq!(names(&out), ["NEWUSDT"]);
    assert_eq!(facts(&out), [(0, Source::Calendar, X1, opens(600))]);
    assert!(matches!(out[0].body, Body::Symbol(_)), "the name comes first");
    assert_eq!(desk.calendar(1, &[(X1, "NEW", 600)]), []);
}

#[test]
fn a_postponed_opening_is_told_again_with_its_time() {
    let mut desk = Desk::new();
    desk.calendar(0, &[(X1, "NEW", 600)]);
    for (now, at) in [(10, 1_200), (599, 1_800), (1_799, 90_000), (1_800, 600)] {
        let out = desk.calendar(now, &[(X1, "NEW", at)]);
        assert_eq!(facts(&out), [(0, Source::Calendar, X1, opens(at))]);
        assert_eq!(names(&out), [""; 0]);
    }
}

#[test]
fn only_coins_of_the_last_day_and_the_future_are_named() {
    let mut desk = Desk::new();
    let coins = [(X1, "OLD", -86_401), (X2, "DAY", -86_400), ("c3", "NEXT", 9_000_000)];
    let out = desk.calendar(0, &coins);
    assert_eq!(names(&out), ["DAYUSDT", "NEXTUSDT"]);
    assert_eq!(desk.calendar(1, &coins), [], "that a day is over is no news");
}

#[test]
fn rows_of_the_web_list_are_matched_by_coin_and_never_by_ticker() {
    let mut desk = Desk::new();
    desk.calendar(0, &[(X1, "NEW", 600)]);
    let out = desk.web(1, &[row(X2, "OTHER", "USDT"), row(X1, "NEW", "USDT")]);
    assert_eq!(names(&out), [""; 0]);
    let listed = listed((1, 1, 1), 600);
    assert_eq!(facts(&out), [(0, Source::WebList, X1, listed)]);
    assert_eq!(specs(&out), [(0, 1, SpecSource::WebList, 6)]);
    assert_eq!(desk.web(2, &[row(X1, "NEW", "USDT")]), []);
}

#[test]
fn the_web_lists_ticker_beats_the_calendars() {
    let mut desk = Desk::new();
    desk.calendar(0, &[(X1, "NEW", 600)]);
    let out = desk.web(1, &[row(X1, "NEW1", "USDT")]);
    assert_eq!(names(&out), ["NEW1USDT"]);
    let expected = [
        (0, Source::Calendar, X1, ListingBody::Gone),
        (1, Source::Calendar, X1, opens(600)),
        (1, Source::WebList, X1, listed((1, 1, 1), 600)),
    ];
    assert_eq!(facts(&out), expected);
}

#[test]
fn a_ticker_that_another_coin_still_holds_is_not_told_until_the_list_shows_the_coin() {
    let mut desk = Desk::new();
    desk.web(0, &[row(X1, "ABC", "USDT")]);
    assert_eq!(desk.calendar(1, &[(X2, "ABC", 600)]), []);
    assert_eq!(desk.scout.counts().contested, 1);
    let out = desk.web(2, &[row(X1, "ABC", "USDT"), row(X2, "ABC", "USDT")]);
    assert_eq!(names(&out), ["ABCUSDT"]);
    assert_eq!(
        facts(&out),
        [(0, Source::Calendar, X2, opens(600)), (0, Source::WebList, X2, listed((1, 1, 1), 600))]
    );
    assert_eq!(desk.scout.counts().contested, 0);
}

#[test]
fn an_opening_told_before_the_list_was_read_is_taken_back_when_the_name_is_anothers() {
    let mut desk = Desk::new();
    desk.calendar(0, &[(X2, "ABC", 600)]);
    let out = desk.web(1, &[row(X1, "ABC", "USDT")]);
    assert_eq!(facts(&out), [(0, Source::Calendar, X2, ListingBody::Gone)]);
}

#[test]
fn a_reused_ticker_keeps_its_id_and_everything_is_told_of_the_other_coin() {
    let mut desk = Desk::new();
    desk.calendar(0, &[(X1, "ABC", 600)]);
    desk.web(0, &[row(X1, "ABC", "USDT")]);
    let coins = [(X1, "ABC", 600), (X2, "ABC", 50_000)];
    assert_eq!(desk.calendar(700, &coins), [], "the list shows the first coin alone");
    let mut second = row(X2, "ABC", "USDT");
    second.opens = 50_000;
    let out = desk.web(800, &[second]);
    assert_eq!(names(&out), [""; 0]);
    assert_eq!(
        facts(&out),
        [
            (0, Source::Calendar, X2, opens(50_000)),
            (0, Source::WebList, X2, listed((1, 1, 1), 50_000))
        ]
    );
    assert_eq!(specs(&out), [(0, 2, SpecSource::WebList, 6)]);
}

#[test]
fn while_the_calendar_is_barred_the_web_list_alone_names_what_opens() {
    let mut desk = Desk::new();
    let rows = [row(X1, "NEW", "USDT"), row("c3", "ELSE", "BTC")];
    let mut open = row(X2, "OPEN", "USDT");
    open.opens = -5;
    let rows = [rows.as_slice(), &[open]].concat();
    assert_eq!(desk.web(0, &rows), [], "the calendar was not asked yet");
    desk.barred(1);
    assert_eq!(desk.web(2, &rows), [], "once is nothing");
    desk.barred(3);
    let out = desk.web(4, &rows);
    assert_eq!(names(&out), ["NEWUSDT"], "a quote of ours, and a time ahead");
    assert_eq!(facts(&out), [(0, Source::WebList, X1, listed((1, 1, 1), 600))]);
    assert!(desk.polls(5).contains(&Page::ExchangeInfo), "its rules are asked for");
    assert_eq!(desk.web(601, &rows), [], "that it opened is no news");
    let out = desk.calendar(602, &[(X1, "NEW", 600)]);
    assert_eq!(facts(&out), [(0, Source::Calendar, X1, opens(600))]);
}

#[test]
fn every_change_of_the_triple_and_of_the_scales_is_told() {
    let mut desk = Desk::new();
    desk.calendar(0, &[(X1, "NEW", 600)]);
    let mut seen = row(X1, "NEW", "USDT");
    desk.web(0, std::slice::from_ref(&seen));
    seen.triple = (2, 2, 4);
    let out = desk.web(5, std::slice::from_ref(&seen));
    assert_eq!(facts(&out), [(0, Source::WebList, X1, listed((2, 2, 4), 600))]);
    assert_eq!(specs(&out), []);
    seen.scale = 5;
    assert_eq!(specs(&desk.web(10, std::slice::from_ref(&seen))), [(0, 2, SpecSource::WebList, 7)]);
    desk.page(11, Page::ExchangeInfo, &info(&[("NEWUSDT", "1", 5)]));
    seen.scale = 4;
    let out = desk.web(15, &[seen]);
    assert_eq!((facts(&out).len(), specs(&out).len()), (1, 0), "exchangeInfo knows better");
}

#[test]
fn both_shapes_of_the_web_list_say_the_same() {
    let rows = [row(X1, "NEW", "USDT"), row(X2, "OTHER", "USDC")];
    let told = |body: String| {
        let mut desk = Desk::new();
        desk.calendar(0, &[(X1, "NEW", 600), (X2, "OTHER", 600)]);
        desk.page(1, Page::WebList, &body)
    };
    let object = told(web_object(&rows));
    assert_eq!(facts(&object).len(), 1, "USDC is not among the quotes");
    assert_eq!(told(web_flat(&rows)), object);
}

#[test]
fn a_coin_that_leaves_the_calendar_ahead_of_its_opening_is_gone() {
    let mut desk = Desk::new();
    let both = [(X1, "NEW", 600), (X2, "TWO", 600)];
    desk.calendar(0, &both);
    let out = desk.calendar(1, &[(X2, "TWO", 600)]);
    assert_eq!(facts(&out), [(0, Source::Calendar, X1, ListingBody::Gone)]);
    assert_eq!(desk.calendar(2, &[(X2, "TWO", 600)]), []);
    assert_eq!(facts(&desk.calendar(3, &both)), [(0, Source::Calendar, X1, opens(600))]);
    assert_eq!(desk.calendar(601, &[(X1, "NEW", 600)]), [], "after it, absence means nothing");
}

#[test]
fn a_pair_that_leaves_the_web_list_is_gone_and_may_come_back() {
    let mut desk = Desk::new();
    desk.calendar(0, &[(X1, "NEW", 600)]);
    let rows = [row(X1, "NEW", "USDT"), row(X2, "TWO", "USDT")];
    let first = desk.web(0, &rows);
    let out = desk.web(1, &rows[1..]);
    assert_eq!(facts(&out), [(0, Source::WebList, X1, ListingBody::Gone)]);
    assert_eq!(facts(&desk.web(2, &rows)), facts(&first));
}

#[test]
fn an_empty_page_is_a_drift_and_believed_only_the_third_time() {
    let mut desk = Desk::new();
    desk.calendar(0, &[(X1, "NEW", 600)]);
    for now in 1..3 {
        assert_eq!(desk.calendar(now, &[]), []);
        assert!(desk.scout.counts().page(Page::Calendar).drifting);
    }
    assert_eq!(facts(&desk.calendar(3, &[])), [(0, Source::Calendar, X1, ListingBody::Gone)]);
    assert_eq!(desk.scout.counts().page(Page::Calendar).drifts, 3);
}

#[test]
fn a_page_whose_every_row_is_odd_is_never_believed() {
    let mut desk = Desk::new();
    desk.calendar(0, &[(X1, "NEW", 600)]);
    for now in 1..10 {
        let out = desk.page(now, Page::Calendar, r#"{"data":{"newCoins":[{"id":1},7]}}"#);
        assert_eq!(out, []);
    }
    let counts = desk.scout.counts().page(Page::Calendar);
    assert_eq!((counts.drifts, counts.rows, counts.bad_rows), (9, 0, 2));
    desk.calendar(10, &[(X1, "NEW", 600)]);
    assert!(!desk.scout.counts().page(Page::Calendar).drifting);
}

#[test]
fn odd_rows_are_counted_and_hide_no_other() {
    let mut desk = Desk::new();
    let out = desk.page(
        0,
        Page::Calendar,
        &format!(
            r#"{{"data":{{"newCoins":[null,{{"vcoinId":"a","vcoinName":"A"}},
            {{"vcoinId":"","vcoinName":"B","firstOpenTime":{t}}},
            {{"vcoinId":"c","vcoinName":"C C","firstOpenTime":{t}}},
            {{"vcoinId":"d","vcoinName":"LONGERTHANSIXTEEN","firstOpenTime":{t}}},
            {{"vcoinId":"{X1}","vcoinName":"NEW","firstOpenTime":{t}}}]}}}}"#,
            t = T0 + 600_000
        ),
    );
    assert_eq!(names(&out), ["NEWUSDT"]);
    let counts = desk.scout.counts().page(Page::Calendar);
    assert_eq!((counts.rows, counts.bad_rows), (1, 5));
    assert!(counts.last_fault.is_some());
}

#[test]
fn a_row_that_turns_odd_is_not_taken_for_gone_at_once() {
    let mut desk = Desk::new();
    desk.calendar(0, &[(X1, "NEW", 600), (X2, "TWO", 600)]);
    let odd = format!(
        r#"{{"data":{{"newCoins":[{{"vcoinId":"{X1}","vcoinName":"NEW","firstOpenTime":"soon"}},
        {{"vcoinId":"{X2}","vcoinName":"TWO","firstOpenTime":{}}}]}}}}"#,
        T0 + 600_000
    );
    assert_eq!(desk.page(1, Page::Calendar, &odd), []);
    let out = desk.page(2, Page::Calendar, &odd);
    assert_eq!(facts(&out), [(0, Source::Calendar, X1, ListingBody::Gone)]);
}

#[test]
fn what_is_no_page_changes_nothing_and_backs_off() {
    for page in Page::ALL {
        let mut desk = Desk::new();
        desk.calendar(0, &[(X1, "NEW", 600)]);
        for body in ["", "<html>", "[]", "{}", "null", r#"{"data":null}"#, r#"{"code":1}"#] {
            assert_eq!(desk.page(1, page, body), [], "{page:?} {body}");
        }
        assert_eq!(desk.scout.counts().page(page).malformed, 7, "{page:?}");
    }
}

#[test]
fn rules_are_told_when_they_differ_in_more_than_when_they_were_read() {
    let mut desk = Desk::new();
    desk.calendar(0, &[(X1, "NEW", 600)]);
    let out = desk.page(1, Page::ExchangeInfo, &info(&[("NEWUSDT", "2", 5), ("BTCUSDT", "1", 2)]));
    assert_eq!(specs(&out), [(0, 1, SpecSource::ExchangeInfo, 7)]);
    let Body::Spec(spec) = out[0].body else { panic!("{out:?}") };
    assert_eq!((spec.status, spec.read_at), (SymbolStatus::Paused, at(1)));
    assert_eq!(desk.page(9, Page::ExchangeInfo, &info(&[("NEWUSDT", "2", 5)])), []);
    let out = desk.page(10, Page::ExchangeInfo, &info(&[("NEWUSDT", "1", 5)]));
    assert_eq!(specs(&out), [(0, 2, SpecSource::ExchangeInfo, 7)]);
    assert_eq!(desk.page(11, Page::ExchangeInfo, &info(&[])), []);
}

#[test]
fn the_api_list_speaks_by_presence_and_by_absence_after_it() {
    let mut desk = Desk::new();
    desk.calendar(0, &[(X1, "NEW", 600)]);
    let allowed = |allowed| (0, Source::ApiSymbols, X1, ListingBody::ApiAllowed { allowed });
    assert_eq!(desk.api(1, &["BTCUSDT"]), [], "nobody knows when it will be let in");
    assert_eq!(facts(&desk.api(2, &["BTCUSDT", "NEWUSDT"])), [allowed(true)]);
    assert_eq!(desk.api(3, &["NEWUSDT", "BTCUSDT"]), []);
    assert_eq!(facts(&desk.api(4, &["BTCUSDT"])), [allowed(false)]);
    assert_eq!(desk.api(5, &["BTCUSDT"]), []);
    assert_eq!(desk.api(6, &[]), [], "an empty list is a drift");
    let out = desk.page(7, Page::ApiSymbols, r#"{"code":500,"data":[],"msg":"busy"}"#);
    assert_eq!((out, desk.scout.counts().page(Page::ApiSymbols).malformed), (vec![], 1));
}

#[test]
fn a_pair_named_after_the_api_list_was_read_is_told_from_it() {
    let mut desk = Desk::new();
    desk.api(0, &["NEWUSDT"]);
    let out = desk.calendar(1, &[(X1, "NEW", 600)]);
    let last = facts(&out).pop();
    let expected = ListingBody::ApiAllowed { allowed: true };
    assert_eq!(last, Some((0, Source::ApiSymbols, X1, expected)));
}

#[test]
fn watched_pairs_are_named_first_and_found_by_name() {
    let watch = ["MXUSDT", "RARIUSDT"].map(|name| PairName::split(name, &quotes()).unwrap());
    let mut scout = Scout::new(ScoutConfig { watch: watch.to_vec(), ..ScoutConfig::default() });
    let mut out = Vec::new();
    scout.handle_start(&mut out);
    scout.handle_start(&mut out);
    assert_eq!(names(&out), ["MXUSDT", "RARIUSDT"]);
    out.clear();
    let body = include_str!("../../../tests/vectors/mexc/web_symbolsv2_rari_reconstructed.json");
    scout.handle_page(at(0), Page::WebList, 200, body.as_bytes(), &mut out);
    let rari = VenueKey::of(b"4c50188b608749e7a532e129df0c7691");
    let [Event { symbol: SymbolId(1), body: Body::Listing(fact), .. }, _] = out[..] else {
        panic!("{out:?}")
    };
    assert_eq!(fact.coin, rari);
    assert_eq!(specs(&out), [(1, 1, SpecSource::WebList, 6)]);
}

#[test]
fn behind_a_lost_name_pairs_keep_their_ids_and_the_lost_one_is_named_anew() {
    let named = [(0, "OLD", 0), (2, "RARI", 3)].map(|(id, base, asset)| {
        let (name, quote) = (Text::clipped(&format!("{base}USDT")), Text::clipped("USDT"));
        let (base, base_asset, quote_asset) = (Text::clipped(base), AssetId(asset), AssetId(1));
        (SymbolId(id), SymbolNames { name, base, quote, base_asset, quote_asset })
    });
    let watch = ["RARIUSDT", "MXUSDT"].map(|name| PairName::split(name, &quotes()).unwrap());
    let config = ScoutConfig { watch: watch.to_vec(), named: named.into(), ..Default::default() };
    let mut desk = Desk { scout: Scout::new(config) };
    let mut out = Vec::new();
    desk.scout.handle_start(&mut out);
    assert_eq!(names(&out), ["MXUSDT"]);
    assert_eq!(out.pop().unwrap().symbol, SymbolId(3), "behind the last that was named");
    let body = include_str!("../../../tests/vectors/mexc/web_symbolsv2_rari_reconstructed.json");
    desk.scout.handle_page(at(0), Page::WebList, 200, body.as_bytes(), &mut out);
    assert_eq!(specs(&out), [(2, 1, SpecSource::WebList, 6)]);
    desk.api(0, &["MXUSDT", "RARIUSDT"]);
    desk.polls(0);
    let path = desk.scout.path(at(40), Page::ExchangeInfo);
    assert!(path.contains("RARIUSDT") && path.contains("MXUSDT"), "{path}");
}

#[test]
fn a_pair_watched_later_is_named_once_and_its_rules_are_asked_for_next() {
    let mut desk = Desk::new();
    desk.api(0, &["OLDUSDT", "MXUSDT"]);
    desk.polls(0);
    let mut out = Vec::new();
    assert!(desk.scout.watch("MXUSDT", &mut out));
    assert!(desk.scout.watch("MXUSDT", &mut out), "asked twice it is watched once");
    assert_eq!(names(&out), ["MXUSDT"]);
    assert!(desk.polls(40).contains(&Page::ExchangeInfo));
    let path = desk.scout.path(at(40), Page::ExchangeInfo);
    assert_eq!(path, "/api/v3/exchangeInfo?symbols=MXUSDT");
}

#[test]
fn a_pair_that_no_list_has_or_of_another_quote_is_not_watched() {
    let mut desk = Desk::new();
    desk.api(0, &["OLDUSDT", "OLDBTC"]);
    let mut out = Vec::new();
    for name in ["NOPEUSDT", "OLDBTC", "USDT", ""] {
        assert!(!desk.scout.watch(name, &mut out), "{name:?}");
    }
    assert_eq!(out, []);
    assert!(desk.scout.watch("OLDUSDT", &mut out));
}

#[test]
fn the_recorded_calendar_and_rules_and_api_list_are_read() {
    let mut scout = Scout::new(ScoutConfig::default());
    let mut out = Vec::new();
    let body = include_str!("../../../tests/vectors/mexc/web_calendar_mock.json");
    let now = VenueTime::from_millis(1_640_995_200_000 - 1);
    scout.handle_page(now, Page::Calendar, 200, body.as_bytes(), &mut out);
    assert_eq!(names(&out), ["TESTUSDT", "ANOTHERUSDT"]);
    let watch = vec![PairName::new("BTC", "USDT").unwrap(), PairName::new("SNT", "USDT").unwrap()];
    let mut scout = Scout::new(ScoutConfig { watch, ..ScoutConfig::default() });
    out.clear();
    let body = include_str!("../../../tests/vectors/mexc/rest_exchangeinfo_btcusdt.json");
    scout.handle_page(now, Page::ExchangeInfo, 200, body.as_bytes(), &mut out);
    assert_eq!(specs(&out), [(0, 1, SpecSource::ExchangeInfo, 4)]);
    let body = include_str!("../../../tests/vectors/mexc/rest_default_symbols.json");
    out.clear();
    scout.handle_page(now, Page::ApiSymbols, 200, body.as_bytes(), &mut out);
    assert!(matches!(out[..], [Event { symbol: SymbolId(1), .. }]), "{out:?}");
}

#[test]
fn ids_are_dense_and_names_come_before_everything_said_of_them() {
    let mut desk = Desk::new();
    let coins: Vec<_> = (0..300).map(|n| (format!("{:032}", n + 1), format!("C{n}"))).collect();
    let rows: Vec<_> = coins.iter().map(|(id, t)| (id.as_str(), t.as_str(), 600)).collect();
    let mut out = desk.calendar(0, &rows[..200]);
    out.extend(desk.calendar(1, &rows));
    let mut named = 0;
    for event in &out {
        if let Body::Symbol(names) = event.body {
            assert_eq!(event.symbol, SymbolId(named));
            assert_eq!(desk.scout.table().get(event.symbol).unwrap().base, names.base_asset);
            named += 1;
        }
        assert!(event.symbol.0 < named);
    }
    assert_eq!((named, desk.scout.counts().named), (300, 300));
}

#[test]
fn a_full_table_leaves_pairs_out_counted_and_never_shifts_an_asset() {
    let mut desk = Desk::new();
    let coins: Vec<_> =
        (0..Scout::SYMBOLS_MAX + 5).map(|n| (format!("{:032}", n + 1), format!("C{n}"))).collect();
    let rows: Vec<_> = coins.iter().map(|(id, t)| (id.as_str(), t.as_str(), 600)).collect();
    let out = desk.calendar(0, &rows);
    assert_eq!(names(&out).len(), Scout::SYMBOLS_MAX);
    assert_eq!(desk.scout.counts().unnamed, 5);
    let mut trader = venue::SymbolTable::new();
    for event in out {
        if let Body::Symbol(names) = event.body {
            let (name, base) = (names.name.as_str(), names.base.as_str());
            let id = trader.add(name, base, names.quote.as_str()).unwrap();
            assert_eq!(id, event.symbol);
            assert_eq!(trader.get(id).unwrap().base, names.base_asset);
            assert_eq!(trader.get(id).unwrap().quote, names.quote_asset);
        }
    }
}

#[test]
fn pages_are_asked_for_by_their_periods_the_list_before_the_calendar() {
    let mut desk = Desk::new();
    assert_eq!(desk.polls(0), [Page::WebList, Page::Calendar, Page::ApiSymbols]);
    assert_eq!(desk.polls(29), []);
    assert_eq!(desk.scout.poll_timeout(at(29)).0, at(30));
    assert_eq!(desk.polls(30).len(), 3);
    desk.calendar(30, &[(X1, "NEW", 4_000)]);
    assert_eq!(desk.polls(31), [Page::ExchangeInfo], "there is a pair to ask for");
    desk.calendar(40, &[(X1, "NEW", 3_645)]);
    assert_eq!(desk.scout.poll_timeout(at(40)), (at(45), "near an opening"));
    assert_eq!(desk.polls(44), []);
    assert_eq!(desk.polls(45).len(), 4, "every 5 s from an hour before");
    assert_eq!(desk.polls(49), []);
    assert_eq!(desk.polls(50).len(), 4);
    assert_eq!(desk.polls(3_645 + 601).len(), 4);
    assert_eq!(desk.polls(3_645 + 630), [], "far again");
}

#[test]
fn the_clock_set_back_stops_no_page() {
    let mut desk = Desk::new();
    assert_eq!(desk.polls(100_000).len(), 3);
    assert_eq!(desk.polls(10).len(), 3);
    assert_eq!(desk.polls(11), []);
}

#[test]
fn a_failing_page_is_left_alone_for_twice_as_long_each_time() {
    let mut desk = Desk::new();
    desk.polls(0);
    let mut now = 0;
    for wait in [5, 5, 8, 16, 32, 60, 60] {
        desk.scout.handle_page(at(now), Page::Calendar, 403, b"", &mut Vec::new());
        assert!(!desk.polls(now + wait - 1).contains(&Page::Calendar), "{wait}");
        now += wait;
        assert!(desk.polls(now).contains(&Page::Calendar), "{wait}");
    }
    desk.calendar(now, &[(X1, "NEW", 9_000_000)]);
    assert!(!desk.polls(now + 29).contains(&Page::Calendar));
    assert!(desk.polls(now + 30).contains(&Page::Calendar));
    assert_eq!(desk.scout.counts().page(Page::Calendar).failed, 7);
}

#[test]
fn retry_after_silences_the_whole_host_and_no_other() {
    let mut desk = Desk::new();
    desk.polls(0);
    desk.scout.handle_failure(at(0), Page::ApiSymbols, 429, Span::from_secs(300));
    desk.calendar(1, &[(X1, "NEW", 100)]);
    for now in (2..300).step_by(5) {
        let pages = desk.polls(now);
        assert!(!pages.contains(&Page::ExchangeInfo) && !pages.contains(&Page::ApiSymbols));
        assert!(now < 10 || pages.contains(&Page::Calendar));
    }
    assert!(desk.polls(300).contains(&Page::ExchangeInfo));
}

#[test]
fn weight_spent_in_any_ten_seconds_stays_within_the_budget() {
    let mut config = ScoutConfig { weight_per_10s: 0, ..ScoutConfig::default() };
    config.exchange_info.near = Span::from_secs(1);
    config.api_symbols.near = Span::from_secs(1);
    let mut desk = Desk { scout: Scout::new(config) };
    desk.calendar(0, &[(X1, "NEW", 100)]);
    let mut spent = Vec::new();
    for now in 0..200 {
        for page in desk.polls(now) {
            spent.push((now, page.weight()));
        }
        let window: u32 =
            spent.iter().filter(|(at, _)| now - at < 10).map(|(_, weight)| weight).sum();
        assert!(window <= ScoutConfig::WEIGHT_MIN, "{window} at {now}");
    }
    assert!(spent.iter().filter(|(_, weight)| *weight == 25).count() >= 10, "{spent:?}");
}

#[test]
fn only_pairs_near_their_opening_are_asked_for_between_full_rounds() {
    let mut desk = Desk::new();
    desk.calendar(0, &[(X1, "NEAR", 600), (X2, "FÄR", 90_000)]);
    let mut paths = Vec::new();
    for now in (0..=30).step_by(5) {
        if desk.polls(now).contains(&Page::ExchangeInfo) {
            paths.push((now, desk.scout.path(at(now), Page::ExchangeInfo)));
        }
    }
    let near = "/api/v3/exchangeInfo?symbols=NEARUSDT";
    let all = "/api/v3/exchangeInfo?symbols=F%C3%84RUSDT,NEARUSDT";
    let sorted = |path: &str| {
        let mut names: Vec<String> = path[29..].split(',').map(str::to_owned).collect();
        names.sort();
        names
    };
    for (now, path) in &paths {
        let expected = if now % 30 == 0 { all } else { near };
        assert_eq!(sorted(path), sorted(expected), "at {now}");
    }
    assert_eq!(paths.len(), 7);
}

#[test]
fn many_pairs_go_round_and_a_refused_question_gets_shorter() {
    let mut desk = Desk::new();
    let coins: Vec<_> = (0..20).map(|n| (format!("{:032}", n + 1), format!("C{n}"))).collect();
    let rows: Vec<_> = coins.iter().map(|(id, t)| (id.as_str(), t.as_str(), 600)).collect();
    desk.calendar(0, &rows);
    let mut asked = std::collections::BTreeSet::new();
    let mut ask = |desk: &mut Desk, now| {
        desk.polls(now);
        let path = desk.scout.path(at(now), Page::ExchangeInfo);
        let names: Vec<_> = path[29..].split(',').map(str::to_owned).collect();
        asked.extend(names.clone());
        names.len()
    };
    assert_eq!(ask(&mut desk, 0), 16);
    assert_eq!(ask(&mut desk, 5), 16);
    for (now, names) in [(10, 8), (15, 4), (20, 2), (25, 1), (30, 1)] {
        let body = br#"{"code":10007,"msg":"bad symbol"}"#;
        desk.scout.handle_page(at(now - 1), Page::ExchangeInfo, 400, body, &mut Vec::new());
        assert_eq!(ask(&mut desk, now), names);
    }
    desk.page(31, Page::ExchangeInfo, &info(&[]));
    assert_eq!(ask(&mut desk, 35), 2);
    assert_eq!(asked.len(), 20);
}

#[test]
fn the_calendars_path_has_the_time() {
    let desk = Desk::new();
    let path = desk.scout.path(at(1), Page::Calendar);
    assert_eq!(path, format!("/api/operation/new_coin_calendar?timestamp={}", T0 + 1_000));
}

proptest! {
    #[test]
    fn pages_read_again_tell_nothing(
        coins in prop::collection::vec((0..6_u8, 0..4_u8, -200_000..200_000_i64), 0..12),
        rows in prop::collection::vec((0..6_u8, 0..4_u8, 0..3_u8, 0..5_u8), 0..12),
        api in prop::collection::btree_set(0..4_u8, 0..4),
        order in Just([0, 1, 2, 3]).prop_shuffle(),
    ) {
        let pages = made(&coins, &rows, &api);
        let watch = vec![PairName::new("T0", "USDT").unwrap()];
        let quotes = vec!["USDT".to_owned(), "USDC".to_owned()];
        let mut desk =
            Desk { scout: Scout::new(ScoutConfig { watch, quotes, ..ScoutConfig::default() }) };
        let mut told = Vec::new();
        for at in order {
            told.extend(desk.page(0, pages[at].0, &pages[at].1));
        }
        for event in &told {
            prop_assert!(event.symbol.index() < desk.scout.table().iter().count());
        }
        // Rules read before their pair had a name are told with the second reading.
        for (page, body) in pages.iter().chain(&pages) {
            let out = desk.page(1, *page, body);
            prop_assert!(out.is_empty() || *page == Page::ExchangeInfo, "{page:?} {out:?}");
        }
        for (page, body) in &pages {
            prop_assert_eq!(desk.page(2, *page, body), []);
        }
    }

    #[test]
    fn no_body_is_a_panic(bodies in prop::collection::vec((0..4_usize, ".{0,200}"), 0..8)) {
        let mut desk = Desk::new();
        desk.calendar(0, &[(X1, "NEW", 600)]);
        for (page, body) in bodies {
            prop_assert_eq!(desk.page(1, Page::ALL[page], &body), []);
        }
    }

    #[test]
    fn a_cut_page_tells_nothing(end in 0..400_usize) {
        let mut desk = Desk::new();
        let body = web_object(&[row(X1, "NEW", "USDT"), row(X2, "TWO", "USDT")]);
        prop_assume!(end < body.len());
        desk.calendar(0, &[(X1, "NEW", 600)]);
        prop_assert_eq!(desk.page(1, Page::WebList, &body[..end]), []);
    }
}

fn made(
    coins: &[(u8, u8, i64)],
    rows: &[(u8, u8, u8, u8)],
    api: &std::collections::BTreeSet<u8>,
) -> [(Page, String); 4] {
    let texts: Vec<_> = coins
        .iter()
        .map(|(id, ticker, at)| (format!("{:032}", id + 1), format!("T{ticker}"), *at))
        .collect();
    let coins: Vec<_> = texts.iter().map(|(id, t, at)| (id.as_str(), t.as_str(), *at)).collect();
    let ids: Vec<_> = rows
        .iter()
        .map(|(id, ticker, ..)| (format!("{:032}", id + 1), format!("T{ticker}")))
        .collect();
    let rows: Vec<_> = rows
        .iter()
        .zip(&ids)
        .map(|((.., quote, state), (id, ticker))| {
            let mut row = row(id, ticker, ["USDT", "USDC", "BTC"][usize::from(*quote)]);
            row.triple = (*state, 1, 1);
            row.scale = *state;
            row
        })
        .collect();
    let names: Vec<_> = api.iter().map(|ticker| format!("T{ticker}USDT")).collect();
    let info_rows: Vec<_> = names.iter().map(|name| (name.as_str(), "1", 4)).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    [
        (Page::Calendar, calendar_body(&coins)),
        (Page::WebList, web_object(&rows)),
        (Page::ExchangeInfo, info(&info_rows)),
        (Page::ApiSymbols, api_body(&names)),
    ]
}

/// A scout that is fed and asked.
struct Desk {
    scout: Scout,
}

impl Desk {
    fn new() -> Self {
        Self { scout: Scout::new(ScoutConfig::default()) }
    }

    fn page(&mut self, secs: i64, page: Page, body: &str) -> Vec<Event> {
        let mut out = Vec::new();
        self.scout.handle_page(at(secs), page, 200, body.as_bytes(), &mut out);
        out
    }

    fn barred(&mut self, secs: i64) {
        self.scout.handle_failure(at(secs), Page::Calendar, 403, Span::ZERO);
    }

    fn calendar(&mut self, secs: i64, coins: &[(&str, &str, i64)]) -> Vec<Event> {
        self.page(secs, Page::Calendar, &calendar_body(coins))
    }

    fn web(&mut self, secs: i64, rows: &[Row<'_>]) -> Vec<Event> {
        self.page(secs, Page::WebList, &web_object(rows))
    }

    fn api(&mut self, secs: i64, names: &[&str]) -> Vec<Event> {
        self.page(secs, Page::ApiSymbols, &api_body(names))
    }

    fn polls(&mut self, secs: i64) -> Vec<Page> {
        std::iter::from_fn(|| self.scout.poll_page(at(secs))).collect()
    }
}

fn quotes() -> [String; 1] {
    ["USDT".to_owned()]
}

fn at(secs: i64) -> VenueTime {
    VenueTime::from_millis(T0 + secs * 1_000)
}

fn calendar_body(coins: &[(&str, &str, i64)]) -> String {
    let rows: Vec<String> = coins
        .iter()
        .map(|(id, ticker, secs)| {
            let at = at(*secs).millis();
            format!(r#"{{"vcoinId":"{id}","vcoinName":"{ticker}","firstOpenTime":{at}}}"#)
        })
        .collect();
    format!(r#"{{"data":{{"newCoins":[{}]}}}}"#, rows.join(","))
}

#[derive(Clone)]
struct Row<'a> {
    coin: &'a str,
    ticker: &'a str,
    quote: &'a str,
    triple: (u8, u8, u8),
    scale: u8,
    opens: i64,
}

fn row<'a>(coin: &'a str, ticker: &'a str, quote: &'a str) -> Row<'a> {
    Row { coin, ticker, quote, triple: (1, 1, 1), scale: 4, opens: 600 }
}

fn web_row(row: &Row<'_>) -> String {
    let (sts, st, tt) = row.triple;
    format!(
        r#"{{"cd":"{}","vn":"{}","mn":"{}","sts":{sts},"st":{st},"tt":{tt},"ps":{},"qs":2,"ot":{}}}"#,
        row.coin,
        row.ticker,
        row.quote,
        row.scale,
        at(row.opens).millis()
    )
}

fn web_flat(rows: &[Row<'_>]) -> String {
    let rows: Vec<String> = rows.iter().map(web_row).collect();
    format!(r#"{{"code":0,"data":{{"symbols":[{}]}}}}"#, rows.join(","))
}

fn web_object(rows: &[Row<'_>]) -> String {
    let lists: Vec<String> = ["USDT", "USDC", "BTC"]
        .iter()
        .map(|quote| {
            let rows: Vec<String> =
                rows.iter().filter(|row| row.quote == *quote).map(web_row).collect();
            format!(r#""{quote}":[{}]"#, rows.join(","))
        })
        .collect();
    format!(r#"{{"code":0,"data":{{"symbols":{{{}}}}}}}"#, lists.join(","))
}

fn info(pairs: &[(&str, &str, u8)]) -> String {
    let rows: Vec<String> = pairs
        .iter()
        .map(|(name, status, scale)| {
            format!(
                r#"{{"symbol":"{name}","status":"{status}","baseAsset":"B","quoteAsset":"USDT",
                "baseAssetPrecision":2,"quotePrecision":{scale},"orderTypes":["LIMIT"],
                "isSpotTradingAllowed":true,"makerCommission":"0","takerCommission":"0.0005"}}"#
            )
        })
        .collect();
    format!(r#"{{"serverTime":1,"symbols":[{}]}}"#, rows.join(","))
}

fn api_body(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    format!(r#"{{"code":200,"data":[{}],"msg":null}}"#, names.join(","))
}

fn opens(secs: i64) -> ListingBody {
    ListingBody::Opens { at: at(secs) }
}

fn listed((sts, st, tt): (u8, u8, u8), secs: i64) -> ListingBody {
    let triple = Triple { sts, st, tt };
    ListingBody::Listed { triple, price_scale: 4, qty_scale: 2, opens_at: at(secs) }
}

fn names(out: &[Event]) -> Vec<String> {
    let name = |event: &Event| {
        let Body::Symbol(names) = event.body else { return None };
        Some(names.name.as_str().to_owned())
    };
    out.iter().filter_map(name).collect()
}

fn facts(out: &[Event]) -> Vec<(u32, Source, &'static str, ListingBody)> {
    let coin = |key: VenueKey| {
        [X1, X2].into_iter().find(|text| VenueKey::of(text.as_bytes()) == key).unwrap_or("?")
    };
    let fact = |event: &Event| {
        let Body::Listing(fact) = event.body else { return None };
        Some((event.symbol.0, fact.source, coin(fact.coin), fact.body))
    };
    out.iter().filter_map(fact).collect()
}

/// Symbol, version, source and decimals of price.
fn specs(out: &[Event]) -> Vec<(u32, u32, SpecSource, u8)> {
    let spec = |event: &Event| {
        let Body::Spec(spec) = event.body else { return None };
        Some((event.symbol.0, spec.version, spec.source, spec.price_decimals))
    };
    out.iter().filter_map(spec).collect()
}
