//! Samples of REST and web pages: the values that the index states, the events they give, and the
//! tool that shows them.

use model::{
    AccountId, Amount, Body, DepthKind, Event, FillSource, OrderKind, OrderStatus, Qty, Side,
    SpecSource, SymbolSpec, SymbolStatus, TradeSides, UpdateSource, VenueKey, VenueTime,
};
use serde_json::{Value, json};
use shrike::inspect;
use venue::mexc::json::{
    Account, AggTrade, Announcements, ApiError, BatchOrder, BookTicker, Calendar, Coin, Depth,
    Empty, ExchangeInfo, JsonError, JsonReader, Kline, ListenKey, ListenKeys, MyTrade, NewOrder,
    OfflineList, Order, PairInfo, PairRules, ServerTime, StpGroup, SymbolList, Ticker24, Trade,
    TradeFee, WebList,
};

use super::support::{Seeded, body, names, table, tree};
use heap::asked_by;

const ACCOUNT: AccountId = AccountId(1);

/// Reads a sample as a record and hands it on.
macro_rules! with {
    ($name:literal as $record:ty, |$value:ident| $check:block) => {{
        let mut reader = JsonReader::new(JsonReader::PAGE);
        let document = reader.parse(&body($name)).unwrap();
        let $value =
            document.read::<$record>().unwrap_or_else(|error| panic!("{}: {error}", $name));
        $check
    }};
}

fn millis(millis: i64) -> VenueTime {
    VenueTime::from_millis(millis)
}

#[test]
fn clocks_and_empty_answers() {
    with!("rest_time.json" as ServerTime, |time| {
        assert_eq!(time.server_time, millis(1_790_145_267_773));
    });
    with!("rest_ping.json" as Empty, |_ping| {});
    with!("rest_order_test.json" as Empty, |_test| {});
}

#[test]
fn symbol_lists_say_200_for_success() {
    with!("rest_default_symbols.json" as SymbolList<'_>, |list| {
        assert!(list.is_ok());
        assert_eq!(list.data, ["GENE1USDT", "SNTUSDT", "SQUAWKUSDT", "HEGICUSDT", "GUMUSDT"]);
        assert_eq!(list.msg, None);
    });
    with!("rest_symbol_offline.json" as OfflineList<'_>, |list| {
        let rows = &list.data.rows;
        assert_eq!((rows.len(), list.data.bad), (4, 0));
        assert_eq!((rows[0].symbol, rows[0].state, rows[0].offline_time), ("LVNUSDT", 3, None));
        assert_eq!(rows[1].offline_time, Some(millis(1_724_125_694_000)));
        assert_eq!(rows[3].offline_time, None);
    });
}

#[test]
fn rules_of_a_pair_become_its_spec() {
    with!("rest_exchangeinfo_btcusdt.json" as ExchangeInfo<'_>, |info| {
        assert_eq!(info.server_time, Some(millis(1_765_342_336_768)));
        let [rules] = info.symbols.rows.as_slice() else { panic!("not one pair") };
        assert_eq!((rules.status, rules.trade_side_type), ("1", Some(1)));
        assert_eq!((rules.st, rules.quote_order_qty_market_allowed), (Some(false), None));
        let filters = &rules.filters.as_ref().unwrap().rows;
        assert_eq!(filters.len(), 1);
        assert_eq!(filters[0].bid_multiplier_up.unwrap().as_str(), "0.005");
        assert_eq!(
            rules.spec(7, millis(5)).unwrap(),
            SymbolSpec {
                version: 7,
                price_decimals: 4,
                qty_decimals: 10,
                tick: model::Price::parse(b"0.01", 4).unwrap(),
                step: Qty::parse(b"0.00000001", 10).unwrap(),
                qty_min: Qty::parse(b"0.000001", 10).unwrap(),
                notional_min: Amount::ONE,
                notional_max: Amount::from_units(4_000_000),
                maker_fee_ppm: 0,
                taker_fee_ppm: 500,
                status: SymbolStatus::Online,
                sides: TradeSides::Both,
                kinds: model::OrderKinds::ALL,
                api_allowed: false,
                source: SpecSource::ExchangeInfo,
                read_at: millis(5),
            }
        );
    });
}

#[test]
fn rules_of_the_old_style_read_alike() {
    with!("rest_exchangeinfo_legacy_symbol.json" as PairRules<'_>, |rules| {
        let spec = rules.spec(1, VenueTime::NONE).unwrap();
        assert_eq!((spec.status, spec.sides), (SymbolStatus::Online, TradeSides::Both));
        assert!(!spec.kinds.has(OrderKind::Market), "it is not listed");
        assert!(
            spec.kinds.has(OrderKind::ImmediateOrCancel) && spec.kinds.has(OrderKind::FillOrKill)
        );
        assert_eq!((spec.maker_fee_ppm, spec.taker_fee_ppm), (2_000, 2_000));
        assert_eq!((spec.price_decimals, spec.qty_decimals), (5, 4));
        assert_eq!(spec.qty_min, Qty::parse(b"0.0001", 4).unwrap());
        assert_eq!(spec.notional_min, Amount::from_units(5));
    });
}

/// The old-style pair with some fields replaced, as a spec.
fn spec_with(changes: &[(&str, Value)]) -> Result<SymbolSpec, JsonError> {
    let mut pair = tree("rest_exchangeinfo_legacy_symbol.json");
    for (field, value) in changes {
        pair[field] = value.clone();
    }
    let mut reader = JsonReader::new(JsonReader::SMALL);
    let document = reader.parse(pair.to_string().as_bytes())?;
    document.read::<PairRules<'_>>()?.spec(1, VenueTime::NONE)
}

#[test]
fn odd_rules_are_refused_or_read_to_the_safe_side() {
    let finer = spec_with(&[("baseSizePrecision", json!("0.00000001"))]).unwrap();
    assert_eq!(finer.qty_min.raw(), 1, "rounded up to what the scale holds");
    let rate = spec_with(&[("takerCommission", json!("0.00050001"))]).unwrap();
    assert_eq!(rate.taker_fee_ppm, 501);
    let missing = spec_with(&[
        ("isSpotTradingAllowed", json!(null)),
        ("tradeSideType", json!(null)),
        ("maxQuoteAmount", json!(null)),
        ("quoteAmountPrecision", json!(null)),
    ])
    .unwrap();
    assert!(!missing.api_allowed);
    assert_eq!((missing.sides, missing.notional_max), (TradeSides::Both, Amount::MAX));
    assert_eq!(missing.notional_min, Amount::ZERO);
    for (field, value) in [
        ("status", json!("4")),
        ("tradeSideType", json!(5)),
        ("quotePrecision", json!(17)),
        ("baseAssetPrecision", json!(255)),
        ("baseAssetPrecision", json!(-1)),
        ("quotePrecision", json!(2.5)),
        ("makerCommission", json!("-0.001")),
        ("makerCommission", json!(null)),
        ("takerCommission", json!("1.1")),
        ("quoteAmountPrecision", json!("1e3")),
        ("maxQuoteAmount", json!("-5")),
        ("symbol", json!(null)),
    ] {
        assert!(spec_with(&[(field, value.clone())]).is_err(), "{field} as {value}");
    }
    assert_eq!(spec_with(&[("quotePrecision", json!(16))]).unwrap().price_decimals, 18);
}

#[test]
fn one_odd_pair_does_not_hide_the_others() {
    let mut info = tree("rest_exchangeinfo_btcusdt.json");
    let good = info["symbols"][0].clone();
    info["symbols"] = json!([good, {"symbol": "ODDUSDT"}, good]);
    let mut reader = JsonReader::new(JsonReader::PAGE);
    let document = reader.parse(info.to_string().as_bytes()).unwrap();
    let info = document.read::<ExchangeInfo<'_>>().unwrap();
    assert_eq!((info.symbols.rows.len(), info.symbols.bad), (2, 1));
    assert_eq!(info.symbols.first_error, Some(JsonError::Missing { field: "status" }));
}

#[test]
fn a_fee_written_as_a_bare_number_keeps_every_digit() {
    with!("rest_trade_fee.json" as TradeFee<'_>, |fee| {
        assert_eq!(fee.data.maker_commission.to_string(), "0.003000000000000000");
        assert_eq!(fee.data.ppm(), Ok((3_000, 3_000)));
    });
    let mut reader = JsonReader::new(JsonReader::SMALL);
    let text = br#"{"data":{"makerCommission":5E-4,"takerCommission":0.1e-2}}"#;
    let document = reader.parse(text).unwrap();
    assert_eq!(document.read::<TradeFee<'_>>().unwrap().data.ppm(), Ok((500, 1_000)));
}

fn snapshot(name: &str, symbol: &str) -> Vec<Event> {
    let mut reader = JsonReader::new(JsonReader::PAGE);
    let document = reader.parse(&body(name)).unwrap();
    let depth = document.read::<Depth<'_>>().unwrap();
    let (table, mut events) = (table(), Vec::new());
    depth.events(table.find(symbol.as_bytes()).unwrap(), &mut events).unwrap();
    events
}

#[test]
fn a_book_becomes_a_snapshot() {
    with!("rest_depth_btcusdt.json" as Depth<'_>, |depth| {
        assert_eq!(depth.last_update_id, 20_453_289_489);
        assert_eq!(depth.timestamp, Some(millis(1_704_908_526_228)));
        let text = |level: &venue::mexc::json::BookLevel<'_>| {
            (level.price.as_str().to_owned(), level.qty.as_str().to_owned())
        };
        assert_eq!(text(&depth.bids[0]), ("45995.47".to_owned(), "10.337165".to_owned()));
        assert_eq!(text(&depth.asks[0]), ("45995.48".to_owned(), "13.457322".to_owned()));
    });
    let events = snapshot("rest_depth_booksync_newusdt.json", "NEWUSDT");
    let [Event { last: true, body: Body::Depth(depth), .. }] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!((depth.kind, depth.first), (DepthKind::Snapshot, true));
    assert_eq!((depth.from, depth.to), (102, 102));
    let levels: Vec<_> =
        depth.iter().map(|(side, level)| (side, level.price.raw(), level.qty.raw())).collect();
    let (ten, one) = (10_000_000_000_i64, 1_000_000_i64);
    assert_eq!(
        levels,
        [
            (Side::Buy, ten * 10 + ten / 100, one * 5),
            (Side::Buy, ten * 10, one * 2),
            (Side::Sell, ten * 10 + ten / 100 * 7, one * 4),
        ]
    );
}

#[test]
fn an_empty_book_is_one_event_and_a_bad_level_is_none() {
    let table = table();
    let entry = table.find(b"NEWUSDT").unwrap();
    let mut reader = JsonReader::new(JsonReader::PAGE);
    let mut events = Vec::new();
    let empty = reader.parse(br#"{"lastUpdateId":0,"bids":[],"asks":[]}"#).unwrap();
    empty.read::<Depth<'_>>().unwrap().events(entry, &mut events).unwrap();
    drop(empty);
    assert_eq!(events.len(), 1);
    let level = |n: i32| format!(r#"["1.{n}","1"]"#);
    let many: Vec<_> = (0..11).map(level).collect();
    let text = format!(r#"{{"lastUpdateId":9,"bids":[],"asks":[{}]}}"#, many.join(","));
    let eleven = reader.parse(text.as_bytes()).unwrap();
    eleven.read::<Depth<'_>>().unwrap().events(entry, &mut events).unwrap();
    drop(eleven);
    let flags: Vec<_> = events.iter().map(|event| event.last).collect();
    assert_eq!(flags, [true, false, false, true]);
    for bad in ["0.00000000001", "0", "-1", "1e2", ""] {
        let text = format!(r#"{{"lastUpdateId":9,"bids":[["1","1"]],"asks":[["{bad}","1"]]}}"#);
        let document = reader.parse(text.as_bytes()).unwrap();
        let refused = document
            .read::<Depth<'_>>()
            .and_then(|depth| depth.events(entry, &mut events))
            .is_err();
        assert!(refused, "{bad}");
        assert_eq!(events.len(), 4, "{bad} left events behind");
    }
}

#[test]
fn market_lists_are_read_to_the_last_field() {
    with!("rest_trades.json" as Vec<Trade<'_>>, |trades| {
        assert_eq!(trades[0].id, None);
        assert_eq!((trades[0].price.as_str(), trades[0].qty.as_str()), ("23", "0.478468"));
        assert_eq!((trades[0].time, trades[0].is_buyer_maker), (millis(1_640_830_579_240), true));
    });
    with!("rest_aggtrades_btcusdt.json" as Vec<AggTrade<'_>>, |trades| {
        let trade = &trades[0];
        assert_eq!((trade.id, trade.first_id, trade.last_id), (None, None, None));
        assert_eq!(trade.time, millis(1_710_327_661_000));
        assert_eq!((trade.price.as_str(), trade.is_buyer_maker), ("73238.7", false));
    });
    with!("rest_klines_btcusdt_60m.json" as Vec<Kline<'_>>, |klines| {
        let kline = klines[0];
        assert_eq!(kline.close_time.nanos() - kline.open_time.nanos(), 3_600_000 * 1_000_000);
        assert_eq!((kline.open.as_str(), kline.quote_volume.as_str()), ("73260.0", "3633995.45"));
    });
    with!("rest_ticker24_btcusdt.json" as Ticker24<'_>, |ticker| {
        assert_eq!(ticker.price_change_percent.0.unwrap().as_str(), "0.0173");
        assert_eq!(ticker.count, None);
    });
    with!("rest_bookticker_all.json" as Vec<BookTicker<'_>>, |tickers| {
        assert_eq!(tickers[0].ask_qty.0.unwrap().as_str(), "215.48");
        let empty = &tickers[1];
        assert_eq!(empty.symbol, "PARKUSDT");
        for side in [empty.bid_price, empty.bid_qty, empty.ask_price, empty.ask_qty] {
            assert_eq!(side.0, None);
        }
    });
    with!("rest_announcements.json" as Announcements<'_>, |page| {
        assert_eq!((page.code, page.data[0].total_page), (0, Some(123)));
        assert_eq!(page.data[0].details.rows.len(), 2);
        assert_eq!(page.data[0].details.rows[0].post_time, Some(millis(1_761_620_404_821)));
    });
}

#[test]
fn balances_use_what_is_available() {
    with!("rest_account.json" as Account<'_>, |account| {
        assert_eq!((account.can_withdraw, account.update_time), (Some(true), None));
        let mut table = table();
        let asset = table.add_asset("NBNTEST").unwrap();
        let mut events = Vec::new();
        account.events(&table, ACCOUNT, &mut events).unwrap();
        let [Event { body: Body::Balance(balance), account: ACCOUNT, last: false, .. }] =
            events.as_slice()
        else {
            panic!("{events:?}")
        };
        assert_eq!((balance.asset, balance.free), (asset, Amount::ONE));
        assert_eq!(balance.locked, Amount::from_units(33));
    });
    let text = br#"{"balances":[{"asset":"USDT","free":"2.5","locked":"0"}]}"#;
    let mut reader = JsonReader::new(JsonReader::SMALL);
    let document = reader.parse(text).unwrap();
    let mut events = Vec::new();
    document.read::<Account<'_>>().unwrap().events(&table(), ACCOUNT, &mut events).unwrap();
    let Body::Balance(balance) = events[0].body else { panic!("no balance") };
    assert_eq!(balance.free, Amount::parse(b"2.5").unwrap(), "before 2026 only free is sent");
}

#[test]
fn answers_to_orders_are_read() {
    with!("rest_order_new.json" as NewOrder<'_>, |order| {
        assert_eq!(order.order_id, "06a480e69e604477bfb48dddd5f0b750");
        assert_eq!(order.transact_time, Some(millis(1_666_676_533_741)));
        assert_eq!((order.stp_mode, order.order_list_id), (Some(""), Some(-1)));
    });
    with!("rest_order_cancel.json" as Order<'_>, |order| {
        assert_eq!((order.order_id, order.own_id()), ("4", Some("myOrder1")));
        assert_eq!(order.time_in_force, None);
        assert_eq!(order.cummulative_quote_qty.0.unwrap().as_str(), "0.00000000");
        assert_eq!(order.order_status(), Ok(OrderStatus::Cancelled));
    });
    with!("rest_order_query.json" as Order<'_>, |order| {
        assert_eq!((order.order_id, order.own_id()), ("1", Some("myOrder1")));
        assert_eq!(order.orig_qty.0.unwrap().as_str(), "1.0", "spelt Qty here");
        assert_eq!(order.cancel_reason, Some("stp_cancel"));
        let events = order.events(&table(), ACCOUNT, UpdateSource::OrderQuery).unwrap();
        let Body::Order(update) = events[1].body else { panic!("no order") };
        assert_eq!((update.status, update.side), (OrderStatus::New, Side::Buy));
        assert_eq!(update.order, VenueKey::of(b"1"));
        assert_eq!((update.qty, update.filled), (Qty::parse(b"1", 10).unwrap(), Qty::ZERO));
        assert_eq!(update.client_order_id, None, "myOrder1 is not of our making");
        assert_eq!(events[1].stamped, millis(1_499_827_319_559));
    });
    with!("rest_batch_orders_mixed.json" as Vec<BatchOrder<'_>>, |orders| {
        assert_eq!(orders[0].outcome(), Ok(Ok("1196315350023612316")));
        assert_eq!(orders[0].new_client_order_id, Some("hio8279hbdsds"));
        let refusal = orders[1].outcome().unwrap().unwrap_err();
        assert_eq!((refusal.code, orders[1].symbol), (30_002, None));
        assert!(refusal.text.ends_with("0.5USDT"));
        assert_eq!(orders[2].outcome(), Ok(Ok("1196315350023612318")));
    });
}

#[test]
fn history_becomes_orders_and_fills() {
    let table = table();
    with!("rest_all_orders_atlasusdt.json" as Vec<Order<'_>>, |orders| {
        let order = &orders[0];
        assert_eq!((order.own_id(), order.time_in_force), (None, None));
        let events = order.events(&table, ACCOUNT, UpdateSource::AllOrders).unwrap();
        let Body::VenueText(text) = events[0].body else { panic!("no text") };
        assert_eq!(text.text.as_str(), "C02__385413065019117569043");
        let Body::Order(update) = events[1].body else { panic!("no order") };
        assert_eq!((update.kind, update.filled), (Some(OrderKind::Market), update.qty));
        assert_eq!(update.price, Some(model::Price::parse(b"0.004327", 8).unwrap()));
    });
    with!("rest_my_trades_atlasusdt.json" as Vec<MyTrade<'_>>, |trades| {
        let [_, _, Event { body: Body::Fill(fill), symbol, stamped, .. }] =
            trades[0].events(&table, ACCOUNT).unwrap()
        else {
            panic!("no fill")
        };
        assert_eq!((fill.side, fill.maker, fill.source), (Side::Sell, false, FillSource::Trades));
        assert_eq!((fill.fee, fill.fee_asset), (Amount::ZERO, table.find_asset(b"USDT").unwrap()));
        assert_eq!(fill.trade, VenueKey(0xdd44_f79d_da76_4c2e_927a_190a_c5e7_a1e5));
        assert_eq!(symbol, table.find(b"ATLASUSDT").unwrap().id);
        assert_eq!(stamped, millis(1_707_671_871_000));
        let unknown = venue::SymbolTable::new();
        let error = trades[0].events(&unknown, ACCOUNT).unwrap_err();
        assert!(matches!(error, JsonError::UnknownSymbol { .. }));
    });
}

#[test]
fn listen_keys_coins_and_groups_are_read() {
    with!("rest_listenkey_create.json" as ListenKey<'_>, |key| {
        assert_eq!(key.listen_key.len(), 64);
    });
    with!("rest_listenkey_list.json" as ListenKeys<'_>, |keys| {
        assert_eq!((keys.listen_key.len(), keys.total, keys.available), (2, Some(200), Some(198)));
    });
    with!("rest_capital_config.json" as Vec<Coin<'_>>, |coins| {
        let network = &coins[1].network_list[0];
        assert_eq!((network.network, network.net_work), (Some("Polygon(MATIC)"), Some("MATIC")));
        assert_eq!(coins[0].name, Some("BTC-BSC"));
        assert_eq!(network.contract, Some("0x98965474EcBeC2F532F1f780ee37b0b05F77Ca55"));
    });
    let mut reader = JsonReader::new(JsonReader::SMALL);
    let older = reader.parse(br#"{"coin":"A","Name":"B","networkList":[]}"#).unwrap();
    assert_eq!(older.read::<Coin<'_>>().unwrap().name, Some("B"));
    drop(older);
    with!("rest_stp_group_create.json" as StpGroup<'_>, |group| {
        assert_eq!((group.code, group.data.trade_group_id), (200, "91"));
    });
}

#[test]
fn every_refusal_has_its_code_and_its_words() {
    let cases = tree("rest_errors.json");
    let mut reader = JsonReader::new(JsonReader::SMALL);
    for case in cases.as_array().unwrap() {
        let body = &case["body"];
        let text = body.to_string();
        let document = reader.parse(text.as_bytes()).unwrap();
        let refusal = document.read::<ApiError<'_>>().unwrap();
        assert_eq!(Value::from(refusal.code), body["code"]);
        let words = if body["msg"].is_null() { &body["data"] } else { &body["msg"] };
        assert_eq!(words, refusal.text);
        assert!(!refusal.is_success());
    }
    assert_eq!(cases.as_array().unwrap().len(), 10);
    let as_text = reader.parse(br#"{"msg":"no","code":"-2011"}"#).unwrap();
    assert_eq!(as_text.read::<ApiError<'_>>(), Ok(ApiError { code: -2_011, text: "no" }));
    drop(as_text);
    for text in ["{}", "[]", r#"{"code":null}"#, r#"{"code":"x"}"#, r#"{"code":99999999999}"#] {
        let document = reader.parse(text.as_bytes()).unwrap();
        assert!(document.read::<ApiError<'_>>().is_err(), "{text}");
    }
    assert_eq!(reader.parse(b"<html>").map(drop), Err(JsonError::NotJson));
}

#[test]
fn web_pages_of_listings_are_read() {
    with!("web_calendar_mock.json" as Calendar<'_>, |calendar| {
        let coins = &calendar.data.new_coins.rows;
        assert_eq!((coins.len(), coins[1].vcoin_name), (2, "ANOTHER"));
        assert_eq!(coins[0].first_open_time.millis(), Some(millis(1_640_995_200_000)));
    });
    with!("web_symbolsv2_rari_reconstructed.json" as WebList<'_>, |list| {
        let [pair] = list.pairs.rows.as_slice() else { panic!("not one pair") };
        assert_eq!((pair.vn, pair.quote), ("RARI", "USDT"));
        let triple = [pair.sts, pair.st, pair.tt].map(|value| value.small());
        assert_eq!(triple, [Some(1); 3]);
        assert_eq!(pair.ot.millis(), Some(millis(1_600_864_200_000)));
        let spec = pair.spec(1, VenueTime::NONE).unwrap().unwrap();
        assert_eq!((spec.price_decimals, spec.qty_decimals), (6, 4));
        assert_eq!((spec.source, spec.notional_min), (SpecSource::WebList, Amount::ONE));
        assert!(!spec.kinds.has(OrderKind::Market));
    });
    with!("web_pair_info_pengu.json" as PairInfo<'_>, |info| {
        assert_eq!((info.vn, info.mn, info.ps.small()), ("PENGU", "USDT", Some(6)));
        let kinds: Vec<_> = info.aol.rows.iter().map(|row| (row.ot, row.ots)).collect();
        assert_eq!(kinds, [(1, 1), (5, 1)]);
    });
}

#[test]
fn the_web_list_is_read_in_either_shape_and_around_bad_rows() {
    let nested = tree("web_symbolsv2_rari_reconstructed.json");
    let row = nested["data"]["symbols"]["USDT"][0].clone();
    let mut odd = row.clone();
    odd["ot"] = json!({"odd": true});
    odd["ps"] = json!(null);
    let flat = json!({"data": {"symbols": [row, {"vn": "X"}, odd]}});
    let mut reader = JsonReader::new(JsonReader::PAGE);
    let document = reader.parse(flat.to_string().as_bytes()).unwrap();
    let list = document.read::<WebList<'_>>().unwrap();
    assert_eq!((list.pairs.rows.len(), list.pairs.bad), (2, 1));
    assert_eq!(list.pairs.rows[0].quote, "USDT", "by the id of the quote coin");
    assert_eq!(list.pairs.rows[1].ot.millis(), None);
    assert_eq!(list.pairs.rows[1].spec(1, VenueTime::NONE), Ok(None));
    drop(document);
    let empty = reader.parse(br#"{"data":{"symbols":{"USDT":[],"BTC":[]}}}"#).unwrap();
    assert!(empty.read::<WebList<'_>>().unwrap().pairs.rows.is_empty());
    drop(empty);
    let wrong = reader.parse(br#"{"data":{}}"#).unwrap();
    assert!(wrong.read::<WebList<'_>>().is_err());
}

#[test]
fn reading_order_answers_and_refusals_allocates_nothing() {
    let samples = ["rest_order_new.json", "rest_order_cancel.json", "rest_order_query.json"];
    let bodies = samples.map(body);
    let refusal = br#"{"code":30010,"msg":"Order price cannot exceed 5USDT"}"#;
    let table = table();
    let mut reader = JsonReader::new(JsonReader::SMALL);
    let count = asked_by(|| {
        let document = reader.parse(&bodies[0]).unwrap();
        assert_eq!(document.read::<NewOrder<'_>>().unwrap().symbol, "MXUSDT");
        drop(document);
        for body in &bodies[1..] {
            let document = reader.parse(body).unwrap();
            let order = document.read::<Order<'_>>().unwrap();
            assert!(order.events(&table, ACCOUNT, UpdateSource::OrderQuery).is_ok());
        }
        let document = reader.parse(refusal).unwrap();
        assert_eq!(document.read::<ApiError<'_>>().unwrap().code, 30_010);
    });
    assert_eq!(count, 0);
}

#[test]
fn a_small_reader_has_the_memory_for_the_worst_body() {
    let mut reader = JsonReader::new(JsonReader::SMALL);
    for unit in ["{}", "[]", "0", "\"\"", "null", "[[{}]]"] {
        let count = (JsonReader::SMALL - 2) / (unit.len() + 1);
        let text = format!("[{}]", vec![unit; count].join(","));
        let count = asked_by(|| assert!(reader.parse(text.as_bytes()).is_ok()));
        assert_eq!(count, 0, "{unit}");
    }
}

#[test]
fn damaged_bodies_are_errors_or_values_and_never_more() {
    let bodies: Vec<_> = names(".json")
        .into_iter()
        .filter(|name| name.starts_with("rest_") || name.starts_with("web_"))
        .map(|name| body(&format!("{name}.json")))
        .collect();
    assert!(bodies.len() > 30);
    let mut random = Seeded(0x5eed_0004);
    let mut reader = JsonReader::new(JsonReader::PAGE);
    let (mut good, mut bad) = (0, 0);
    for _ in 0..20_000 {
        let mut text = bodies[random.below(bodies.len())].clone();
        for _ in 0..=random.below(3) {
            let at = random.below(text.len());
            match random.below(4) {
                0 => text.truncate(at),
                1 => text[at] ^= 1 << random.below(8),
                2 => text[at] = b"{}[]\",:0-.e\\ "[random.below(13)],
                _ => text.insert(at, b"{}[]\",:0-.e\\ "[random.below(13)]),
            }
            if text.is_empty() {
                text.push(b'0');
            }
        }
        let endpoint = inspect::ENDPOINTS[random.below(inspect::ENDPOINTS.len())];
        let ours = reader.parse(&text).is_ok();
        let theirs = serde_json::from_slice::<Value>(&text);
        // The one difference: a number that no float holds is JSON, and ours makes no floats.
        let too_large = |error: &serde_json::Error| error.to_string().starts_with("number out of");
        if !theirs.as_ref().is_err_and(too_large) {
            assert_eq!(ours, theirs.is_ok(), "{}", String::from_utf8_lossy(&text));
        }
        match inspect::rest(endpoint, &text) {
            Ok(_) => good += 1,
            Err(_) => bad += 1,
        }
    }
    assert!(good > 50 && bad > 10_000, "{good} good and {bad} bad prove little");
}

#[test]
fn the_tool_shows_every_sample_under_its_endpoint() {
    for (endpoint, sample) in [
        ("ping", "rest_ping.json"),
        ("time", "rest_time.json"),
        ("defaultSymbols", "rest_default_symbols.json"),
        ("selfSymbols", "rest_default_symbols.json"),
        ("symbol/offline", "rest_symbol_offline.json"),
        ("exchangeInfo", "rest_exchangeinfo_btcusdt.json"),
        ("exchangeInfo/symbol", "rest_exchangeinfo_legacy_symbol.json"),
        ("depth", "rest_depth_btcusdt.json"),
        ("trades", "rest_trades.json"),
        ("aggTrades", "rest_aggtrades_btcusdt.json"),
        ("klines", "rest_klines_btcusdt_60m.json"),
        ("ticker/24hr", "rest_ticker24_btcusdt.json"),
        ("ticker/bookTicker", "rest_bookticker_all.json"),
        ("announcements", "rest_announcements.json"),
        ("account", "rest_account.json"),
        ("order/new", "rest_order_new.json"),
        ("order/test", "rest_order_test.json"),
        ("order/cancel", "rest_order_cancel.json"),
        ("order", "rest_order_query.json"),
        ("batchOrders", "rest_batch_orders_mixed.json"),
        ("openOrders", "rest_all_orders_atlasusdt.json"),
        ("allOrders", "rest_all_orders_atlasusdt.json"),
        ("myTrades", "rest_my_trades_atlasusdt.json"),
        ("tradeFee", "rest_trade_fee.json"),
        ("userDataStream", "rest_listenkey_create.json"),
        ("userDataStream/list", "rest_listenkey_list.json"),
        ("capital/config/getall", "rest_capital_config.json"),
        ("strategy/group", "rest_stp_group_create.json"),
        ("calendar", "web_calendar_mock.json"),
        ("symbolsV2", "web_symbolsv2_rari_reconstructed.json"),
        ("pairInfo", "web_pair_info_pengu.json"),
    ] {
        let shown = inspect::rest(endpoint, &body(sample));
        let shown = shown.unwrap_or_else(|error| panic!("{endpoint}: {error}"));
        assert!(shown.get("refused").is_none(), "{endpoint}: {shown}");
        assert_eq!(shown.is_array(), tree(sample).is_array(), "{endpoint}");
    }
    let shown = inspect::rest("tradeFee", &body("rest_trade_fee.json")).unwrap();
    assert_eq!(shown["data"]["makerCommission"], "0.003000000000000000");
    let depth = inspect::rest("depth", &body("rest_depth_btcusdt.json")).unwrap();
    assert_eq!(
        depth,
        json!({
            "lastUpdateId": "20453289489",
            "bids": [{"price": "45995.47", "qty": "10.337165"}],
            "asks": [{"price": "45995.48", "qty": "13.457322"}],
            "timestamp": "1704908526228",
        })
    );
}

#[test]
fn the_tool_names_the_nearest_endpoint_and_shows_refusals() {
    let error = inspect::rest("exchangeinfo", b"{}").unwrap_err().to_string();
    assert!(error.contains("did you mean \"exchangeInfo\""), "{error}");
    assert!(error.contains("symbolsV2"), "the known names are listed: {error}");
    let refusal = br#"{"code":10007,"msg":"symbol not support api","_extend":null}"#;
    let shown = inspect::rest("order/new", refusal).unwrap();
    assert_eq!(shown, json!({"refused": {"code": 10007, "msg": "symbol not support api"}}));
    let error = inspect::rest("time", br#"{"serverTime":"noon"}"#).unwrap_err().to_string();
    assert!(error.contains("serverTime"), "{error}");
}
