//! What reading a push costs, ours against prost, in turns so that both see the same machine.
//!
//! `events` is the whole hot step, frame to [`Event`](model::Event)s with every decimal read at
//! its symbol's scale; prost beside it decodes and does no more. `wrapper` reads every field
//! borrowed, which is the like of prost's work. Run with
//! `cargo bench -p benches --bench decode`.
#![allow(clippy::print_stdout, reason = "a benchmark reports to its terminal")]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use model::AccountId;
use prost::Message;
use venue::SymbolTable;
use venue::mexc::codec::{FrameDecoder, Wrapper};

#[path = "../tests/golden/oracle.rs"]
#[allow(dead_code, unreachable_pub, reason = "the test's schema has more than is measured")]
mod oracle;

/// Passes over one frame that one sample times.
const PASSES: usize = 2_000;
/// Samples of each decoder on each frame.
const SAMPLES: usize = 301;

fn main() {
    let table = table();
    println!(
        "{:<46}{:>8}{:>9}{:>9}{:>9}{:>8}{:>8}",
        "frame", "bytes", "events", "wrapper", "prost", "ev/pr", "wr/pr"
    );
    for (name, frame) in frames() {
        let mut decoder = FrameDecoder::new();
        let given = decoder.decode(&table, AccountId::NONE, &frame).map(|it| it.events.len());
        assert!(given.is_ok_and(|events| events > 0), "{name} gives no event");
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..SAMPLES {
            times[0].push(time(|| {
                let decoded = decoder.decode(&table, AccountId::NONE, black_box(&frame));
                black_box(decoded.is_ok());
            }));
            times[1].push(time(|| {
                black_box(Wrapper::decode(black_box(&frame)).is_ok());
            }));
            times[2].push(time(|| {
                black_box(oracle::Wrapper::decode(black_box(frame.as_slice())).is_ok());
            }));
        }
        let [events, wrapper, prost] = times.map(median);
        println!(
            "{name:<46}{:>8}{events:>7.1}ns{wrapper:>7.1}ns{prost:>7.1}ns{:>8.2}{:>8.2}",
            frame.len(),
            events / prost,
            wrapper / prost
        );
    }
}

/// Nanoseconds a pass.
fn time(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..PASSES {
        work();
    }
    start.elapsed().as_nanos() as f64 / PASSES as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
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
    for name in [
        "ws_pb_aggre_bookticker_100ms_btcusdt",
        "ws_pb_aggre_deals_100ms_btcusdt",
        "ws_pb_aggre_depth_100ms_btcusdc_gen",
        "ws_pb_limit_depth_5_btcusdt",
    ] {
        let text = fs::read_to_string(folder.join(format!("{name}.hex"))).unwrap_or_default();
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
