//! Damaged frames: ours and prost agree on what is good and on every value; events agree with
//! those made from prost's values by other code.
//!
//! Differences that the specification would allow and that none of these tests finds, because
//! ours does as prost does: varints written longer than needed, integers cut to 32 bits, booleans
//! above 1, repeated scalars, repeated and replaced bodies, unknown fields and groups, the depth
//! of groups, the order of fields, text that is overwritten but not UTF-8. Each has its own test
//! below. Past the wire ours is stricter by intent: see `DecodeError`.

use model::AccountId;
use prost::Message;
use shrike::inspect;
use venue::mexc::codec::{FrameDecoder, Wrapper};

use super::events::{expected, sorted};
use super::support::{Seeded, frame, names, table};
use super::{oracle, shown};

/// Both read it alike, or both refuse it. Gives whether it was good.
fn agree(bytes: &[u8]) -> bool {
    let ours = Wrapper::decode(bytes);
    let theirs = oracle::Wrapper::decode(bytes);
    assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} against {theirs:?} on {bytes:02x?}", ours.err());
    let Ok(theirs) = theirs else { return false };
    let shown = inspect::frame(bytes).unwrap();
    assert_eq!(shown, shown::frame(&theirs), "{bytes:02x?}");
    true
}

fn damage(bytes: &mut Vec<u8>, others: &[Vec<u8>], random: &mut Seeded) {
    let at = random.below(bytes.len());
    let byte = random.next() as u8;
    match random.below(9) {
        0 => bytes.truncate(at),
        1 | 2 => {
            if let Some(slot) = bytes.get_mut(at) {
                *slot ^= 1 << (byte & 7);
            }
        }
        3 => {
            if let Some(slot) = bytes.get_mut(at) {
                *slot = byte;
            }
        }
        4 => bytes.insert(at.min(bytes.len()), byte),
        5 => {
            let end = (at + random.below(12)).min(bytes.len());
            bytes.drain(at.min(end)..end);
        }
        6 => {
            let end = (at + random.below(80)).min(bytes.len());
            let part = bytes[at.min(end)..end].to_vec();
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, part);
        }
        7 => {
            let other = &others[random.below(others.len())];
            let start = random.below(other.len());
            bytes.extend_from_slice(&other[start..]);
        }
        _ => bytes.extend_from_slice(&others[random.below(others.len())]),
    }
}

fn samples() -> Vec<Vec<u8>> {
    names(".hex").iter().map(|name| frame(name)).collect()
}

fn damaged(seed: u64, count: usize, mut check: impl FnMut(&[u8])) {
    let samples = samples();
    let mut random = Seeded(seed);
    for _ in 0..count {
        let mut bytes = samples[random.below(samples.len())].clone();
        for _ in 0..=random.below(3) {
            damage(&mut bytes, &samples, &mut random);
        }
        check(&bytes);
    }
}

#[test]
fn damaged_frames_are_read_as_prost_reads_them() {
    let (mut good, mut bad) = (0, 0);
    damaged(0x5eed_0001, 200_000, |bytes| if agree(bytes) { good += 1 } else { bad += 1 });
    assert!(good > 20_000 && bad > 20_000, "{good} good and {bad} bad prove little");
}

#[test]
fn damaged_frames_give_the_events_of_prosts_values_or_none() {
    let table = table();
    let mut decoder = FrameDecoder::new();
    let (mut with_events, mut refused) = (0, 0);
    damaged(0x5eed_0002, 200_000, |bytes| {
        let theirs = oracle::Wrapper::decode(bytes);
        let expected = theirs.map_err(|_| ()).and_then(|theirs| expected(&theirs, &table));
        let ours = decoder.decode(&table, AccountId(3), bytes);
        match (&ours, &expected) {
            (Ok(ours), Ok(expected)) => {
                assert_eq!(sorted(ours.events), *expected, "{bytes:02x?}");
                with_events += usize::from(!expected.is_empty());
            }
            (Err(_), Err(())) => refused += 1,
            _ => panic!("{ours:?} against {expected:?} on {bytes:02x?}"),
        }
    });
    assert!(with_events > 10_000 && refused > 20_000, "{with_events}, {refused} prove little");
}

#[test]
fn noise_is_read_as_prost_reads_it() {
    let mut random = Seeded(0x5eed_0003);
    for _ in 0..50_000 {
        let bytes: Vec<u8> = (0..random.below(24)).map(|_| random.next() as u8).collect();
        agree(&bytes);
    }
}

#[test]
fn a_frame_of_a_mebibyte_of_anything_ends_soon() {
    let mut decoder = FrameDecoder::new();
    for byte in 0..=u8::MAX {
        let bytes = vec![byte; FrameDecoder::FRAME_MAX];
        let _ = decoder.decode(&table(), AccountId::NONE, &bytes).map(|decoded| decoded.symbol);
    }
    let long = vec![0; FrameDecoder::FRAME_MAX + 1];
    assert!(decoder.decode(&table(), AccountId::NONE, &long).is_err());
    assert_eq!(decoder.counts().frames, 257);
}

/// `number` with `bytes` as a length-delimited field.
fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    prost::encoding::encode_key(number, prost::encoding::WireType::LengthDelimited, &mut out);
    prost::encoding::encode_varint(bytes.len() as u64, &mut out);
    out.extend_from_slice(bytes);
    out
}

#[test]
fn varints_may_be_longer_than_needed() {
    assert!(agree(&[0x8a, 0x80, 0x00, 0x81, 0x80, 0x00, b'x']));
    assert!(agree(&[0x30, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]));
    assert!(!agree(&[0x30, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02]));
    assert!(!agree(&[0x8a, 0x80, 0x80, 0x80, 0x10, 0x01, b'x']), "a key of 33 bits");
}

#[test]
fn integers_are_cut_to_32_bits_and_booleans_are_anything_but_zero() {
    let body = [
        &[0x38][..], // orderType: 2^40 + 5
        &[0x85, 0x80, 0x80, 0x80, 0x80, 0x20],
        &[0x48, 0x96, 0x01], // isMaker: 150
        &[0x40, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], // tradeType: -1
    ]
    .concat();
    let bytes = field(304, &body);
    assert!(agree(&bytes));
    let shown = &inspect::frame(&bytes).unwrap()["privateOrders"];
    assert_eq!((&shown["orderType"], &shown["isMaker"]), (&5.into(), &true.into()));
    assert_eq!(shown["tradeType"], -1);
}

#[test]
fn the_last_of_a_repeated_scalar_wins_and_an_overwritten_one_must_still_be_text() {
    let ticker = |first: &[u8]| field(315, &[field(1, first), field(1, b"2.5")].concat());
    assert!(agree(&ticker(b"1")));
    assert_eq!(inspect::frame(&ticker(b"1")).unwrap()["publicAggreBookTicker"]["bidPrice"], "2.5");
    assert!(!agree(&ticker(b"\xff")));
    let mut decoder = FrameDecoder::new();
    let channel = field(1, b"spot@public.aggre.bookTicker.v3.api.pb@10ms@NEWUSDT");
    let head = [channel, field(3, b"NEWUSDT")].concat();
    let quantity = field(315, &field(2, b"1"));
    let good = [head.clone(), ticker(b"1"), quantity.clone()].concat();
    assert!(decoder.decode(&table(), AccountId::NONE, &good).is_ok());
    let bad = [head, ticker(b"\xff"), quantity].concat();
    assert!(decoder.decode(&table(), AccountId::NONE, &bad).is_err());
}

#[test]
fn a_repeated_body_is_merged_and_its_lists_are_joined() {
    let deal = |price: &[u8]| field(1, &[field(1, price), field(2, b"1")].concat());
    let first = field(314, &[deal(b"1"), deal(b"2"), field(2, b"one")].concat());
    let second = field(314, &deal(b"3"));
    let between = field(3, b"NEWUSDT");
    let bytes = [first, between, second].concat();
    assert!(agree(&bytes));
    let shown = &inspect::frame(&bytes).unwrap()["publicAggreDeals"];
    assert_eq!(shown["deals"].as_array().unwrap().len(), 3);
    assert_eq!(shown["eventType"], "one");
}

#[test]
fn a_body_of_another_kind_replaces_the_former_one_which_must_still_be_sound() {
    let deal = field(1, &field(1, b"1"));
    let (deals, ticker) = (field(314, &deal), field(315, &field(1, b"2")));
    let bytes = [deals.clone(), ticker.clone(), deals.clone()].concat();
    assert!(agree(&bytes));
    let deals_left = &inspect::frame(&bytes).unwrap()["publicAggreDeals"]["deals"];
    assert_eq!(deals_left.as_array().unwrap().len(), 1, "the first list is gone");
    let broken = field(314, &[0x0a, 0x05]);
    assert!(!agree(&[broken, ticker].concat()));
}

#[test]
fn unknown_fields_of_every_wire_type_are_skipped() {
    let unknown = [
        &[0x10, 0x96, 0x01][..],               // 2: varint
        &[0x39, 1, 2, 3, 4, 5, 6, 7, 8],       // 7: 64 bits
        &[0x3a, 0x02, 0xff, 0xff],             // 7: bytes
        &[0x3b, 0x08, 0x01, 0x43, 0x44, 0x3c], // 7: group with a group inside
        &[0x3d, 1, 2, 3, 4],                   // 7: 32 bits
    ]
    .concat();
    let bytes = [unknown.clone(), field(1, b"x"), field(309, &[0xea, 0x06, 0x00])].concat();
    assert!(agree(&bytes));
    for end in 1..unknown.len() {
        agree(&unknown[..end]);
    }
    for bytes in [&[0x3c][..], &[0x3b, 0x44], &[0x3e], &[0x3f], &[0x00, 0x00], &[0x02, 0x00]] {
        assert!(!agree(bytes), "{bytes:02x?}");
    }
}

#[test]
fn groups_may_be_nested_as_deep_as_prost_goes_wherever_they_stand() {
    let group = |depth: usize| [vec![0x3b; depth], vec![0x3c; depth]].concat();
    let item_group = |depth: usize| [vec![0x7b; depth], vec![0x7c; depth]].concat();
    for depth in 95..=102 {
        agree(&group(depth));
        agree(&field(314, &group(depth)));
        agree(&field(314, &field(1, &item_group(depth))));
        agree(&field(312, &field(1, &field(1, &item_group(depth)))));
    }
    assert!(agree(&group(100)) && !agree(&group(101)));
    assert!(agree(&field(314, &group(99))) && !agree(&field(314, &group(100))));
}

#[test]
fn fields_may_come_in_any_order() {
    let head = [field(3, b"NEWUSDT"), vec![0x30, 0x07]].concat();
    let channel = field(1, b"spot@public.aggre.bookTicker.v3.api.pb@10ms@NEWUSDT");
    let ticker = [field(4, b"1"), field(3, b"2"), field(2, b"3"), field(1, b"1.5")].concat();
    let body = field(315, &ticker);
    let orders = [
        [head.clone(), channel.clone(), body.clone()].concat(),
        [body.clone(), channel.clone(), head.clone()].concat(),
        [channel, body, head].concat(),
    ];
    let table = table();
    for bytes in &orders {
        assert!(agree(bytes));
        let mut decoder = FrameDecoder::new();
        let events = decoder.decode(&table, AccountId::NONE, bytes).unwrap().events.to_vec();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].stamped.millis(), 7);
    }
}

#[test]
fn a_fault_inside_a_body_is_found_on_every_channel_that_reads_it_in_one_pass() {
    let table = table();
    let mut decoder = FrameDecoder::new();
    for (channel, body) in [
        ("aggre.bookTicker", 315_u32),
        ("aggre.bookTicker", 305),
        ("aggre.depth", 313),
        ("limit.depth", 303),
        ("aggre.deals", 314),
        ("deals", 301),
    ] {
        let name = format!("spot@public.{channel}.v3.api.pb@NEWUSDT");
        let head = [field(1, name.as_bytes()), field(3, b"NEWUSDT")].concat();
        let versions = [field(4, b"7"), field(5, b"7")].concat();
        for fault in [&[0x00, 0x00][..], &[0x06], &[0x0c], &[0x08, 0x01], &[0x1a, 0x02, b'x']] {
            let bytes = match body {
                313 => [head.clone(), field(body, &[&versions, fault].concat())].concat(),
                303 => [head.clone(), field(body, &[&field(4, b"7"), fault].concat())].concat(),
                _ => [head.clone(), field(body, fault)].concat(),
            };
            assert!(!agree(&bytes), "{channel} {fault:02x?}");
            let decoded = decoder.decode(&table, AccountId::NONE, &bytes);
            assert!(decoded.is_err(), "{channel} {fault:02x?}");
        }
    }
}

#[test]
fn a_known_field_in_another_wire_type_is_an_error() {
    for bytes in [&[0x08, 0x01][..], &[0x32, 0x00], &[0x0d, 1, 2, 3, 4], &[0xd0, 0x13, 0x00]] {
        assert!(!agree(bytes), "{bytes:02x?}");
    }
    assert!(!agree(&field(314, &[0x08, 0x01])));
    assert!(!agree(&field(314, &field(1, &[0x1a, 0x00]))));
}
