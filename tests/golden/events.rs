//! Frames to events: the samples value by value, and an independent mapping from prost's values
//! that the damaged frames are held against.
#![allow(clippy::wildcard_enum_match_arm, reason = "each mapping takes the bodies of its own kind")]

use model::{
    AccountId, Amount, AssetId, Balance, Body, BookTop, ClientOrderId, Depth, DepthKind, Event,
    Fill, FillSource, Level, OrderKind, OrderStatus, OrderUpdate, Price, Print, Qty, Side,
    SymbolId, Text, UpdateSource, VenueKey, VenueText, VenueTime,
};
use venue::mexc::codec::{Channel, DecodeError, FrameDecoder, Ignored};
use venue::{SymbolEntry, SymbolTable};

use super::oracle;
use super::support::{frame, table};

const ACCOUNT: AccountId = AccountId(3);

fn decode(name: &str) -> Vec<Event> {
    let mut decoder = FrameDecoder::new();
    decoder.decode(&table(), ACCOUNT, &frame(name)).unwrap().events.to_vec()
}

fn ignored(name: &str) -> Option<Ignored> {
    let mut decoder = FrameDecoder::new();
    let decoded = decoder.decode(&table(), ACCOUNT, &frame(name)).unwrap();
    assert!(decoded.events.is_empty());
    decoded.ignored
}

fn id(name: &str) -> SymbolId {
    table().find(name.as_bytes()).unwrap().id
}

fn level(symbol: &str, price: &str, qty: &str) -> Level {
    let table = table();
    let entry = table.find(symbol.as_bytes()).unwrap();
    Level {
        price: Price::parse(price.as_bytes(), entry.price_decimals).unwrap(),
        qty: Qty::parse(qty.as_bytes(), entry.qty_decimals).unwrap(),
    }
}

fn public(symbol: &str, millis: i64, last: bool, body: Body) -> Event {
    let stamped = VenueTime::from_millis(millis);
    Event { stamped, last, ..Event::of(AccountId::NONE, id(symbol), body) }
}

#[test]
fn a_book_ticker_is_one_top_event() {
    let top = |symbol: &str, bid: (&str, &str), ask: (&str, &str), version| {
        Body::Top(BookTop {
            bid: Some(level(symbol, bid.0, bid.1)),
            ask: Some(level(symbol, ask.0, ask.1)),
            version,
        })
    };
    let btc = top("BTCUSDT", ("84270", "0.006387"), ("84270.01", "5.42169969"), 82_164_153_436);
    assert_eq!(
        decode("ws_pb_aggre_bookticker_100ms_btcusdt"),
        [public("BTCUSDT", 1_790_281_243_450, true, btc)]
    );
    let sol = top("SOLUSDT", ("216.69", "953.77"), ("216.7", "113.135"), 0);
    assert_eq!(
        decode("ws_pb_aggre_bookticker_10ms_solusdt_old_schema"),
        [public("SOLUSDT", 1_757_446_266_775, true, sol)]
    );
    let drifted = top("NEWUSDT", ("0.049", "1200"), ("0.05", "3"), 0);
    assert_eq!(
        decode("ws_pb_aggre_bookticker_in_tag305_gen"),
        [public("NEWUSDT", 1_790_281_200_500, true, drifted)]
    );
    let batch = top("BTCUSDT", ("96567.37", "3.362925"), ("96567.38", "1.545255"), 0);
    assert_eq!(
        decode("ws_pb_bookticker_batch_btcusdt_gen"),
        [public("BTCUSDT", 1_739_503_249_114, true, batch)]
    );
}

#[test]
fn deals_are_prints_at_their_own_time_and_only_the_last_is_flagged() {
    let print = |symbol: &str, price: &str, qty: &str, taker| {
        let Level { price, qty } = level(symbol, price, qty);
        Body::Print(Print { price, qty, taker })
    };
    let first = print("BTCUSDT", "84270", "0.00099829", Side::Sell);
    let second = print("BTCUSDT", "84270", "0.00019169", Side::Buy);
    assert_eq!(
        decode("ws_pb_aggre_deals_100ms_btcusdt"),
        [
            public("BTCUSDT", 1_790_281_246_176, false, first),
            public("BTCUSDT", 1_790_281_246_177, true, second)
        ]
    );
    let plain = print("ETHUSDT", "20233.84", "0.001028", Side::Sell);
    assert_eq!(
        decode("ws_pb_deals_plain_ethusdt_gen"),
        [public("ETHUSDT", 1_661_927_587_825, true, plain)]
    );
}

fn depth(kind: DepthKind, first: bool, from: u64, to: u64, levels: &[(Side, Level)]) -> Body {
    let mut depth = Depth::new(kind, first, from, to);
    for (side, level) in levels {
        assert!(depth.push(*side, *level));
    }
    Body::Depth(depth)
}

#[test]
fn changed_levels_keep_their_sides_and_versions() {
    let levels = [
        (Side::Sell, level("BTCUSDC", "115198.74", "0.068865")),
        (Side::Buy, level("BTCUSDC", "114838.84", "0.000101")),
    ];
    let body = depth(DepthKind::Diff, true, 17_521_975_448, 17_521_975_455, &levels);
    assert_eq!(
        decode("ws_pb_aggre_depth_100ms_btcusdc_gen"),
        [public("BTCUSDC", 1_755_973_885_809, true, body)]
    );
}

#[test]
fn the_book_sequence_ends_where_the_index_says() {
    let mut versions = Vec::new();
    for n in 1..=4 {
        let events = decode(&format!("ws_pb_booksync_{n}_newusdt_gen"));
        let [Event { body: Body::Depth(depth), .. }] = events.as_slice() else { panic!("{n}") };
        versions.push((depth.from, depth.to));
    }
    assert_eq!(versions, [(100, 100), (101, 104), (105, 105), (108, 110)]);
    let third = decode("ws_pb_booksync_3_newusdt_gen");
    let removed = (Side::Sell, level("NEWUSDT", "10.05", "0"));
    let added = (Side::Sell, level("NEWUSDT", "10.06", "7.5"));
    assert_eq!(third[0].body, depth(DepthKind::Diff, true, 105, 105, &[removed, added]));
}

#[test]
fn a_top_of_ten_levels_comes_in_two_parts() {
    let asks = [
        ("84270.01", "5.42169969"),
        ("84270.02", "0.00117646"),
        ("84270.03", "0.00124397"),
        ("84270.05", "0.00122284"),
        ("84270.26", "0.00108947"),
    ];
    let bids = [
        ("84270.00", "0.00638700"),
        ("84267.03", "0.00234800"),
        ("84264.15", "0.04789506"),
        ("84263.45", "0.04789506"),
        ("84263.40", "2.07853100"),
    ];
    let part = |side, first, levels: [(&str, &str); 5]| {
        let levels = levels.map(|(price, qty)| (side, level("BTCUSDT", price, qty)));
        let version = 82_164_155_643;
        depth(DepthKind::Top, first, version, version, &levels)
    };
    assert_eq!(
        decode("ws_pb_limit_depth_5_btcusdt"),
        [
            public("BTCUSDT", 1_790_281_247_251, false, part(Side::Sell, true, asks)),
            public("BTCUSDT", 1_790_281_247_251, true, part(Side::Buy, false, bids)),
        ]
    );
}

fn text_of(text: &str) -> Body {
    let key = VenueKey::of(text.as_bytes());
    Body::VenueText(VenueText { key, text: Text::new(text).unwrap() })
}

#[test]
fn an_order_of_ours_is_its_text_and_its_state() {
    let events = decode("ws_pb_private_orders_newusdt_ioc_partially_canceled_gen");
    let Level { price, qty } = level("NEWUSDT", "0.05", "1000");
    let update = OrderUpdate {
        client_order_id: None,
        order: VenueKey::of(b"C02__700000000000000001115"),
        status: OrderStatus::PartiallyCancelled,
        source: UpdateSource::Stream,
        side: Side::Buy,
        kind: Some(OrderKind::ImmediateOrCancel),
        price: Some(price),
        qty,
        filled: level("NEWUSDT", "1", "600").qty,
    };
    let event = |last, body| Event {
        stamped: VenueTime::from_millis(1_790_281_201_250),
        last,
        ..Event::of(ACCOUNT, id("NEWUSDT"), body)
    };
    assert_eq!(
        events,
        [event(false, text_of("C02__700000000000000001115")), event(true, Body::Order(update))]
    );
    let market = decode("ws_pb_private_orders_mxusdt_market_sell_gen");
    let Body::Order(update) = market[1].body else { panic!("no order") };
    assert_eq!(update.kind, Some(OrderKind::Market));
    assert_eq!((update.status, update.side), (OrderStatus::Filled, Side::Sell));
    assert_eq!(update.filled, update.qty);
}

#[test]
fn a_deal_of_ours_is_both_texts_and_a_fill_whose_fee_of_19_decimals_is_rounded_up() {
    let events = decode("ws_pb_private_deals_mxusdt_gen");
    let Level { price, qty } = level("MXUSDT", "3.6962", "1");
    let fill = Fill {
        client_order_id: None,
        order: VenueKey::of(b"C02__505979017439002624115"),
        trade: VenueKey::of(b"505979017439002624X1"),
        fee: Amount::parse(b"0.000399837736969818").unwrap(),
        price,
        qty,
        fee_asset: table().find_asset(b"MX").unwrap(),
        side: Side::Sell,
        maker: false,
        source: FillSource::Stream,
    };
    let event = |last, body| Event {
        stamped: VenueTime::from_millis(1_736_417_034_280),
        last,
        ..Event::of(ACCOUNT, id("MXUSDT"), body)
    };
    assert_eq!(
        events,
        [
            event(false, text_of("C02__505979017439002624115")),
            event(false, text_of("505979017439002624X1")),
            event(true, Body::Fill(fill)),
        ]
    );
}

#[test]
fn a_balance_has_an_account_and_no_symbol() {
    let balance = Balance {
        asset: table().find_asset(b"USDT").unwrap(),
        free: Amount::parse(b"21.94210356004384").unwrap(),
        locked: Amount::ZERO,
    };
    assert_eq!(
        decode("ws_pb_private_account_usdt_gen"),
        [Event {
            stamped: VenueTime::from_millis(1_736_417_034_307),
            ..Event::of(ACCOUNT, SymbolId::NONE, Body::Balance(balance))
        }]
    );
}

#[test]
fn kinds_without_events_are_counted_not_refused() {
    assert_eq!(ignored("ws_pb_kline_min1_btcusdt"), Some(Ignored::Kind));
    assert_eq!(ignored("ws_pb_miniticker_btcusdt"), Some(Ignored::Kind));
    assert_eq!(ignored("ws_pb_minitickers_utc8_gen"), Some(Ignored::Kind));
    assert_eq!(ignored("ws_pb_channel_only_no_body"), Some(Ignored::NoBody));
    let mut decoder = FrameDecoder::new();
    let kline = frame("ws_pb_kline_min1_btcusdt");
    assert!(decoder.decode(&table(), ACCOUNT, &kline).is_ok());
    assert_eq!((decoder.counts().ignored, decoder.counts().errors), (1, 0));
}

#[test]
fn an_unknown_pair_is_passed_over_in_public_and_an_error_in_private() {
    let empty = SymbolTable::new();
    let mut decoder = FrameDecoder::new();
    let public = frame("ws_pb_aggre_deals_100ms_btcusdt");
    let decoded = decoder.decode(&empty, AccountId::NONE, &public).unwrap();
    assert_eq!(decoded.ignored, Some(Ignored::Symbol));
    assert_eq!(decoder.counts().unknown_symbols, 1);
    for name in ["ws_pb_private_deals_mxusdt_gen", "ws_pb_private_orders_mxusdt_market_sell_gen"] {
        let error = decoder.decode(&empty, ACCOUNT, &frame(name)).unwrap_err();
        let name = Text::new("MXUSDT").unwrap();
        assert_eq!(error, DecodeError::UnknownSymbol { name });
    }
    let mut unscaled = SymbolTable::new();
    let symbol = unscaled.add("MXUSDT", "MX", "USDT").unwrap();
    let fill = frame("ws_pb_private_deals_mxusdt_gen");
    let error = decoder.decode(&unscaled, ACCOUNT, &fill).unwrap_err();
    assert_eq!(error, DecodeError::NoScale { symbol });
}

#[test]
fn a_price_too_fine_for_its_scale_says_by_how_much() {
    let mut coarse = SymbolTable::new();
    let symbol = coarse.add("BTCUSDT", "BTC", "USDT").unwrap();
    coarse.set_scales(symbol, 1, 8);
    let mut decoder = FrameDecoder::new();
    let bytes = frame("ws_pb_aggre_bookticker_100ms_btcusdt");
    let error = decoder.decode(&coarse, AccountId::NONE, &bytes).unwrap_err();
    let cause = model::NumError::TooFine { decimals: 2, scale: 1 };
    assert_eq!(error, DecodeError::Number { field: "askPrice", at: 92, cause });
}

/// The events that a frame must give by prost's values, or that it must give none at all.
///
/// Written apart from the decoder: lists first, then rules, no knowledge of the wire.
pub(crate) fn expected(wrapper: &oracle::Wrapper, table: &SymbolTable) -> Result<Vec<Event>, ()> {
    let Some(body) = &wrapper.body else { return Ok(Vec::new()) };
    let number = number(body);
    let channel = Channel::of(wrapper.channel.as_bytes());
    let private = matches!(number, 304 | 306 | 307);
    match channel {
        None if private => return Err(()),
        None => return Ok(Vec::new()),
        Some(channel) if !channel.carries(number) => return Err(()),
        Some(_) => {}
    }
    let symbol = wrapper.symbol.as_deref().unwrap_or_default();
    let entry = table.find(symbol.as_bytes()).copied();
    let scaled = entry.filter(|entry| entry.price_decimals > 0);
    let millis = match wrapper.send_time.unwrap_or_default() {
        0 => wrapper.create_time.unwrap_or_default(),
        millis => millis,
    };
    let mut made = Made { sent: VenueTime::from_millis(millis), events: Vec::new(), table };
    match (body, scaled) {
        (oracle::Body::PrivateAccount(account), _) => made.balance(account)?,
        (oracle::Body::PrivateOrders(order), entry) => made.order(&entry.ok_or(())?, order)?,
        (oracle::Body::PrivateDeals(deal), entry) => made.fill(&entry.ok_or(())?, deal)?,
        (body, _) if matches!(number, 302 | 308..=310 | 312) => plain_numbers(body)?,
        (_, None) => {}
        (body, Some(entry)) => made.public(&entry, body)?,
    }
    if let Some(event) = made.events.last_mut() {
        event.last = true;
    }
    Ok(made.events)
}

/// The events with the levels of a push as asks, then bids: a damaged frame may mix the two on the
/// wire, where their order among each other means nothing.
pub(crate) fn sorted(events: &[Event]) -> Vec<Event> {
    let mut levels: Vec<_> = events
        .iter()
        .filter_map(|event| if let Body::Depth(depth) = &event.body { Some(depth) } else { None })
        .flat_map(|depth| depth.iter().collect::<Vec<_>>())
        .collect();
    levels.sort_by_key(|(side, _)| *side == Side::Buy);
    let mut parts = levels.chunks(Depth::LEVELS);
    let mut events = events.to_vec();
    for event in &mut events {
        if let Body::Depth(part) = &mut event.body {
            let (kind, first, from, to) = (part.kind, part.first, part.from, part.to);
            event.body = depth(kind, first, from, to, parts.next().unwrap_or_default());
        }
    }
    events
}

struct Made<'t> {
    sent: VenueTime,
    events: Vec<Event>,
    table: &'t SymbolTable,
}

impl Made<'_> {
    fn add(&mut self, stamped: VenueTime, account: AccountId, symbol: SymbolId, body: Body) {
        self.events.push(Event { stamped, symbol, account, last: false, body });
    }

    fn public(&mut self, entry: &SymbolEntry, body: &oracle::Body) -> Result<(), ()> {
        match body {
            oracle::Body::AggreDeals(body) => body.deals.iter().try_for_each(|deal| {
                self.print(entry, &deal.price, &deal.quantity, deal.trade_type, deal.time)
            }),
            oracle::Body::Deals(body) => body.deals.iter().try_for_each(|deal| {
                self.print(entry, &deal.price, &deal.quantity, deal.trade_type, deal.time)
            }),
            oracle::Body::AggreDepths(body) => {
                let (from, to) = (version(&body.from_version)?, version(&body.to_version)?);
                if from > to {
                    return Err(());
                }
                self.depth(entry, DepthKind::Diff, (from, to), &body.asks, &body.bids)
            }
            oracle::Body::LimitDepths(body) => {
                let version = version(&body.version)?;
                self.depth(entry, DepthKind::Top, (version, version), &body.asks, &body.bids)
            }
            oracle::Body::AggreBookTicker(body) => {
                let texts =
                    [&body.bid_price, &body.bid_quantity, &body.ask_price, &body.ask_quantity];
                self.top(entry, texts, &body.version)
            }
            oracle::Body::BookTicker(body) => self.top(entry, sides(body), ""),
            oracle::Body::BookTickerBatch(body) => {
                body.items.iter().try_for_each(|item| self.top(entry, sides(item), &body.version))
            }
            _ => unreachable!("not a public kind with events"),
        }
    }

    fn print(
        &mut self,
        entry: &SymbolEntry,
        price: &str,
        qty: &str,
        trade_type: i32,
        time: i64,
    ) -> Result<(), ()> {
        let (price, qty) = (price_of(entry, price)?, qty_of(entry, qty)?);
        if qty.is_zero() {
            return Err(());
        }
        let stamped = if time == 0 { self.sent } else { VenueTime::from_millis(time) };
        let print = Print { price, qty, taker: side(trade_type)? };
        self.add(stamped, AccountId::NONE, entry.id, Body::Print(print));
        Ok(())
    }

    /// Asks first, as the schema orders them; [`sorted`] brings the decoder's into that order.
    fn depth(
        &mut self,
        entry: &SymbolEntry,
        kind: DepthKind,
        (from, to): (u64, u64),
        asks: &[oracle::Level],
        bids: &[oracle::Level],
    ) -> Result<(), ()> {
        let asks = asks.iter().map(|level| (Side::Sell, level));
        let bids = bids.iter().map(|level| (Side::Buy, level));
        let mut levels = Vec::new();
        for (side, level) in asks.chain(bids) {
            let (price, qty) = (price_of(entry, &level.price)?, qty_of(entry, &level.quantity)?);
            levels.push((side, Level { price, qty }));
        }
        let mut parts: Vec<_> = levels.chunks(Depth::LEVELS).collect();
        if parts.is_empty() {
            parts.push(&[]);
        }
        for (at, part) in parts.into_iter().enumerate() {
            let body = depth(kind, at == 0, from, to, part);
            self.add(self.sent, AccountId::NONE, entry.id, body);
        }
        Ok(())
    }

    fn top(
        &mut self,
        entry: &SymbolEntry,
        texts: [&String; 4],
        version_text: &str,
    ) -> Result<(), ()> {
        let best = |price: &str, qty: &str| {
            if price.is_empty() && qty.is_empty() {
                return Ok(None);
            }
            let qty = qty_of(entry, qty)?;
            let raw = model::parse_scaled(price.as_bytes(), entry.price_decimals).map_err(drop)?;
            if raw == 0 && qty.is_zero() {
                return Ok(None);
            }
            Ok(Some(Level { price: Price::from_raw(raw).ok_or(())?, qty }))
        };
        let top = BookTop {
            bid: best(texts[0], texts[1])?,
            ask: best(texts[2], texts[3])?,
            version: if version_text.is_empty() { 0 } else { version(version_text)? },
        };
        self.add(self.sent, AccountId::NONE, entry.id, Body::Top(top));
        Ok(())
    }

    fn order(&mut self, entry: &SymbolEntry, order: &oracle::PrivateOrders) -> Result<(), ()> {
        let or_zero = |text: &str| qty_of(entry, if text.is_empty() { "0" } else { text });
        let raw = match order.price.as_str() {
            "" => 0,
            text => model::parse_scaled(text.as_bytes(), entry.price_decimals).map_err(drop)?,
        };
        if order.id.is_empty() {
            return Err(());
        }
        let kinds = [
            OrderKind::Limit,
            OrderKind::LimitMaker,
            OrderKind::ImmediateOrCancel,
            OrderKind::FillOrKill,
            OrderKind::Market,
        ];
        let kind = usize::try_from(order.order_type).ok().and_then(|n| n.checked_sub(1));
        let update = OrderUpdate {
            client_order_id: ClientOrderId::parse(order.client_id.as_bytes()).ok(),
            order: VenueKey::of(order.id.as_bytes()),
            status: u8::try_from(order.status).ok().and_then(OrderStatus::from_u8).ok_or(())?,
            source: UpdateSource::Stream,
            side: side(order.trade_type)?,
            kind: kind.and_then(|at| kinds.get(at).copied()),
            price: Price::from_raw(raw),
            qty: or_zero(&order.quantity)?,
            filled: or_zero(&order.cumulative_quantity)?,
        };
        self.add(self.sent, ACCOUNT, entry.id, clipped(&order.id));
        self.add(self.sent, ACCOUNT, entry.id, Body::Order(update));
        Ok(())
    }

    fn fill(&mut self, entry: &SymbolEntry, deal: &oracle::PrivateDeals) -> Result<(), ()> {
        if deal.trade_id.is_empty() || deal.order_id.is_empty() {
            return Err(());
        }
        let fill = Fill {
            client_order_id: ClientOrderId::parse(deal.client_order_id.as_bytes()).ok(),
            order: VenueKey::of(deal.order_id.as_bytes()),
            trade: VenueKey::of(deal.trade_id.as_bytes()),
            fee: amount(&deal.fee_amount, true)?,
            price: price_of(entry, &deal.price)?,
            qty: qty_of(entry, &deal.quantity)?,
            fee_asset: self.table.find_asset(deal.fee_currency.as_bytes()).unwrap_or(AssetId::NONE),
            side: side(deal.trade_type)?,
            maker: deal.is_maker,
            source: FillSource::Stream,
        };
        let stamped = if deal.time == 0 { self.sent } else { VenueTime::from_millis(deal.time) };
        for body in [clipped(&deal.order_id), clipped(&deal.trade_id), Body::Fill(fill)] {
            self.add(stamped, ACCOUNT, entry.id, body);
        }
        Ok(())
    }

    fn balance(&mut self, account: &oracle::PrivateAccount) -> Result<(), ()> {
        let (free, locked) =
            (amount(&account.balance_amount, false)?, amount(&account.frozen_amount, false)?);
        if account.vcoin_name.is_empty() {
            return Err(());
        }
        if let Some(asset) = self.table.find_asset(account.vcoin_name.as_bytes()) {
            let body = Body::Balance(Balance { asset, free, locked });
            self.add(self.sent, ACCOUNT, SymbolId::NONE, body);
        }
        Ok(())
    }
}

fn number(body: &oracle::Body) -> u32 {
    match body {
        oracle::Body::Deals(_) => 301,
        oracle::Body::IncreaseDepths(_) => 302,
        oracle::Body::LimitDepths(_) => 303,
        oracle::Body::PrivateOrders(_) => 304,
        oracle::Body::BookTicker(_) => 305,
        oracle::Body::PrivateDeals(_) => 306,
        oracle::Body::PrivateAccount(_) => 307,
        oracle::Body::SpotKline(_) => 308,
        oracle::Body::MiniTicker(_) => 309,
        oracle::Body::MiniTickers(_) => 310,
        oracle::Body::BookTickerBatch(_) => 311,
        oracle::Body::IncreaseDepthsBatch(_) => 312,
        oracle::Body::AggreDepths(_) => 313,
        oracle::Body::AggreDeals(_) => 314,
        oracle::Body::AggreBookTicker(_) => 315,
    }
}

fn plain_numbers(body: &oracle::Body) -> Result<(), ()> {
    let levels = |depth: &oracle::IncreaseDepths| {
        let levels = depth.asks.iter().chain(&depth.bids);
        let mut texts: Vec<String> =
            levels.flat_map(|level| [level.price.clone(), level.quantity.clone()]).collect();
        texts.retain(|text| !text.is_empty());
        let version_good = depth.version.is_empty() || version(&depth.version).is_ok();
        if version_good { Ok(texts) } else { Err(()) }
    };
    let ticker = |t: &oracle::MiniTicker| {
        let t = t.clone();
        vec![
            t.price,
            t.rate,
            t.zoned_rate,
            t.high,
            t.low,
            t.volume,
            t.quantity,
            t.last_close_rate,
            t.last_close_zoned_rate,
            t.last_close_high,
            t.last_close_low,
        ]
    };
    let texts = match body {
        oracle::Body::IncreaseDepths(depth) => levels(depth)?,
        oracle::Body::IncreaseDepthsBatch(batch) => {
            batch.items.iter().map(levels).collect::<Result<Vec<_>, ()>>()?.concat()
        }
        oracle::Body::MiniTicker(body) => ticker(body),
        oracle::Body::MiniTickers(body) => body.items.iter().flat_map(ticker).collect(),
        oracle::Body::SpotKline(k) => {
            let k = k.clone();
            vec![
                k.opening_price,
                k.closing_price,
                k.highest_price,
                k.lowest_price,
                k.volume,
                k.amount,
            ]
        }
        _ => unreachable!("a kind with events"),
    };
    let plain = |text: &String| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let parts: Vec<&str> = digits.split('.').collect();
        let all_digits = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
        text.is_empty() || parts.len() <= 2 && parts.iter().all(all_digits)
    };
    if texts.iter().all(plain) { Ok(()) } else { Err(()) }
}

fn sides(ticker: &oracle::BookTicker) -> [&String; 4] {
    [&ticker.bid_price, &ticker.bid_quantity, &ticker.ask_price, &ticker.ask_quantity]
}

fn clipped(text: &str) -> Body {
    let key = VenueKey::of(text.as_bytes());
    Body::VenueText(VenueText { key, text: Text::clipped(text) })
}

fn price_of(entry: &SymbolEntry, text: &str) -> Result<Price, ()> {
    Price::parse(text.as_bytes(), entry.price_decimals).map_err(drop)
}

fn qty_of(entry: &SymbolEntry, text: &str) -> Result<Qty, ()> {
    Qty::parse(text.as_bytes(), entry.qty_decimals).map_err(drop)
}

/// By digits: the first 18 decimals, and one more unit when the rest is not zero and goes that way.
fn amount(text: &str, up: bool) -> Result<Amount, ()> {
    if text.is_empty() {
        return Ok(Amount::ZERO);
    }
    let (head, tail) = match text.split_once('.') {
        Some((whole, fraction)) if fraction.len() > 18 && fraction.is_ascii() => {
            (format!("{whole}.{}", &fraction[..18]), &fraction[18..])
        }
        _ => (text.to_owned(), ""),
    };
    let cut = Amount::parse(head.as_bytes()).map_err(drop)?;
    if !tail.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(());
    }
    let lost = tail.bytes().any(|byte| byte != b'0');
    let step = match (lost, text.starts_with('-'), up) {
        (true, false, true) => 1,
        (true, true, false) => -1,
        _ => 0,
    };
    cut.plus(Amount::from_raw(step)).ok_or(())
}

fn version(text: &str) -> Result<u64, ()> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().map_err(drop) } else { Err(()) }
}

fn side(number: i32) -> Result<Side, ()> {
    match number {
        1 => Ok(Side::Buy),
        2 => Ok(Side::Sell),
        _ => Err(()),
    }
}
