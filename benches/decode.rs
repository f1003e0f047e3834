//! What reading a push costs, ours against prost.
//!
//! `events` is the whole hot step, frame to [`Event`](model::Event)s: every decimal read at its
//! symbol's scale, the symbol found. `wrapper` reads and checks every field, borrowed. `prost`
//! decodes and does no more; `prost+` also finds the symbol and reads the decimals, which makes it
//! the like of `events`. Run with `cargo bench -p benches --bench decode`.
#![allow(clippy::wildcard_enum_match_arm, reason = "only the hot kinds are measured")]

use std::fs;
use std::hint::black_box;
use std::path::Path;

use benches::Bench;
use model::AccountId;
use prost::Message;
use venue::SymbolTable;
use venue::mexc::codec::{FrameDecoder, Wrapper};

#[path = "../tests/golden/oracle.rs"]
#[allow(dead_code, unreachable_pub, reason = "the test's schema has more than is measured")]
mod oracle;

/// Passes over one frame that one sample times.
const PASSES: usize = 2_000;

fn main() {
    let (table, frames) = (table(), frames());
    let mut bench = Bench::default();
    for (name, frame) in &frames {
        let mut decoder = FrameDecoder::new();
        let given = decoder.decode(&table, AccountId::NONE, frame).map(|it| it.events.len());
        assert!(given.is_ok_and(|events| events > 0), "{name} gives no event");
        let table = &table;
        bench = bench
            .group(format!("{name}, {} B", frame.len()))
            .case("events", PASSES, move || {
                let decoded = decoder.decode(table, AccountId::NONE, black_box(frame));
                black_box(decoded.is_ok());
            })
            .case("wrapper", PASSES, move || {
                black_box(Wrapper::decode(black_box(frame)).is_ok());
            })
            .case("prost", PASSES, move || {
                black_box(oracle::Wrapper::decode(black_box(frame.as_slice())).is_ok());
            })
            .case("prost+", PASSES, move || {
                black_box(prost_numbers(table, black_box(frame.as_slice())));
            });
    }
    bench.main();
}

/// Decodes by prost and reads the numbers that events need; gives a sum so that nothing is left
/// out.
fn prost_numbers(table: &SymbolTable, frame: &[u8]) -> Option<i64> {
    let wrapper = oracle::Wrapper::decode(frame).ok()?;
    let entry = table.find(wrapper.symbol.as_deref()?.as_bytes())?;
    let price = |text: &str| model::parse_scaled(text.as_bytes(), entry.price_decimals).ok();
    let qty = |text: &str| model::parse_scaled(text.as_bytes(), entry.qty_decimals).ok();
    let level = |level: &oracle::Level| Some(price(&level.price)? ^ qty(&level.quantity)?);
    match wrapper.body? {
        oracle::Body::AggreBookTicker(top) => Some(
            price(&top.bid_price)?
                ^ qty(&top.bid_quantity)?
                ^ price(&top.ask_price)?
                ^ qty(&top.ask_quantity)?
                ^ top.version.parse::<i64>().ok()?,
        ),
        oracle::Body::AggreDeals(body) => body.deals.iter().try_fold(0, |sum, deal| {
            Some(sum ^ price(&deal.price)? ^ qty(&deal.quantity)? ^ deal.time)
        }),
        oracle::Body::AggreDepths(body) => {
            let versions: [i64; 2] =
                [body.from_version.parse().ok()?, body.to_version.parse().ok()?];
            let mut levels = body.asks.iter().chain(&body.bids);
            levels.try_fold(versions[0] ^ versions[1], |sum, each| Some(sum ^ level(each)?))
        }
        oracle::Body::LimitDepths(body) => {
            let version: i64 = body.version.parse().ok()?;
            let mut levels = body.asks.iter().chain(&body.bids);
            levels.try_fold(version, |sum, each| Some(sum ^ level(each)?))
        }
        _ => None,
    }
}

fn table() -> SymbolTable {
    let mut table = SymbolTable::new();
    for (name, base, quote) in [("BTCUSDT", "BTC", "USDT"), ("BTCUSDC", "BTC", "USDC")] {
        if let Some(id) = table.add(name, base, quote) {
            table.set_scales(id, 4, 10);
        }
    }
    table
}

/// The recorded frames of the hot kinds, and a push of a hundred levels made of one of them.
fn frames() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/mexc");
    let mut frames = Vec::new();
    for (name, file) in [
        ("aggre.bookTicker", "ws_pb_aggre_bookticker_100ms_btcusdt"),
        ("aggre.deals of 2", "ws_pb_aggre_deals_100ms_btcusdt"),
        ("aggre.depth of 2", "ws_pb_aggre_depth_100ms_btcusdc_gen"),
        ("limit.depth of 10", "ws_pb_limit_depth_5_btcusdt"),
    ] {
        let text = fs::read_to_string(folder.join(format!("{file}.hex"))).unwrap_or_default();
        let digit = |byte: u8| (byte as char).to_digit(16).unwrap_or_default() as u8;
        let bytes = text.trim().as_bytes();
        let frame = bytes.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect();
        frames.push((name.to_owned(), frame));
    }
    frames.push(("aggre.depth of 100 levels".to_owned(), hundred_levels()));
    frames
}

fn hundred_levels() -> Vec<u8> {
    let level = |n: u32| oracle::Level {
        price: format!("84{}.{:02}", 200 + n % 77, n),
        quantity: format!("0.00{:06}", 638_700 + n),
    };
    let depth = oracle::AggreDepths {
        asks: (0..50).map(level).collect(),
        bids: (50..100).map(level).collect(),
        event_type: "spot@public.aggre.depth.v3.api.pb@100ms".to_owned(),
        from_version: "17521975448".to_owned(),
        to_version: "17521975547".to_owned(),
        last_order_create_time: 1_755_973_885_790,
    };
    let wrapper = oracle::Wrapper {
        channel: "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT".to_owned(),
        symbol: Some("BTCUSDT".to_owned()),
        symbol_id: None,
        create_time: None,
        send_time: Some(1_755_973_885_809),
        body: Some(oracle::Body::AggreDepths(depth)),
    };
    wrapper.encode_to_vec()
}
