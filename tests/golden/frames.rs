//! Binary samples: every field, as an independent decoder read it.

use model::AccountId;
use prost::Message;
use serde_json::Value;
use shrike::inspect;
use venue::mexc::codec::{DecodeError, FrameDecoder, WireFault, Wrapper};

use super::support::{frame, names, table, tree};
use super::{oracle, shown};
use heap::asked_by;

#[test]
fn every_sample_decodes_to_what_google_protobuf_read() {
    let samples = names(".expected.json");
    assert_eq!(samples.len(), 22, "a sample was lost");
    for name in samples {
        let expected = tree(&format!("{name}.expected.json"));
        let bytes = frame(&name);
        assert_eq!(Value::from(bytes.len()), expected["bytes"], "{name}");
        assert_eq!(inspect::frame(&bytes).unwrap(), expected["decoded"], "{name}");
        let body = Wrapper::decode(&bytes).unwrap().body.map(|body| body.name());
        assert_eq!(serde_json::json!(body), expected["body_oneof"], "{name}");
    }
}

#[test]
fn prost_reads_the_samples_alike_so_that_it_can_be_the_judge_of_damaged_ones() {
    for name in names(".expected.json") {
        let expected = tree(&format!("{name}.expected.json"));
        let wrapper = oracle::Wrapper::decode(frame(&name).as_slice()).unwrap();
        assert_eq!(shown::frame(&wrapper), expected["decoded"], "{name}");
    }
}

#[test]
fn the_malformed_sample_is_an_error_that_says_what_it_lacks() {
    let bytes = frame("ws_pb_malformed_truncated_string");
    let Err(DecodeError::Wire { field: 1, error, .. }) = Wrapper::decode(&bytes) else {
        panic!("taken")
    };
    assert_eq!((error.at, error.fault), (2, WireFault::Truncated { need: 5, have: 1 }));
}

#[test]
fn a_price_that_is_not_a_number_is_found_although_its_frame_decodes() {
    let bytes = frame("ws_pb_miniticker_bad_price");
    assert!(Wrapper::decode(&bytes).is_ok());
    let mut decoder = FrameDecoder::new();
    let error = decoder.decode(&table(), AccountId::NONE, &bytes).unwrap_err();
    let cause = model::NumError::NotADecimal;
    assert_eq!(error, DecodeError::Number { field: "price", at: 48, cause });
    assert_eq!(decoder.counts().errors, 1);
    let minimal = frame("ws_pb_miniticker_minimal");
    assert!(decoder.decode(&table(), AccountId::NONE, &minimal).is_ok());
}

#[test]
fn every_cut_of_every_sample_is_an_error_or_a_whole_shorter_message() {
    for name in names(".expected.json") {
        let bytes = frame(&name);
        for end in 0..bytes.len() {
            let ours = inspect::frame(&bytes[..end]).ok();
            let theirs = oracle::Wrapper::decode(&bytes[..end]).ok();
            assert_eq!(ours, theirs.as_ref().map(shown::frame), "{name} cut at {end}");
        }
    }
}

#[test]
fn no_frame_allocates_good_or_bad() {
    let table = table();
    let mut decoder = FrameDecoder::new();
    for name in names(".hex") {
        let bytes = frame(&name);
        let count = asked_by(|| {
            let _ = decoder.decode(&table, AccountId(0), &bytes).map(|decoded| decoded.symbol);
            let _ = Wrapper::decode(&bytes).map(|wrapper| wrapper.send_time);
        });
        assert_eq!(count, 0, "{name}");
    }
}
