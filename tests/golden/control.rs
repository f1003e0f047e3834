//! Text frames: acknowledgements, and the pushes of the service that ended.

use serde_json::Value;
use shrike::inspect;
use venue::mexc::codec::control::{
    Control, ControlError, ControlReader, write_ping, write_subscribe, write_unsubscribe,
};

use super::support::{body, names, tree};
use heap::asked_by;

const TOPIC: &str = "spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT";

fn sample(kind: &str) -> String {
    let cases = tree("ws_spot_control.json");
    let case = cases.as_array().unwrap().iter().find(|case| case["kind"] == kind);
    case.unwrap_or_else(|| panic!("no case {kind}"))["text"].as_str().unwrap().to_owned()
}

fn ack(text: &str) -> (u64, Vec<String>, Vec<String>, String) {
    let mut reader = ControlReader::new();
    let Ok(Control::Ack(ack)) = reader.read(text.as_bytes()) else { panic!("no ack: {text}") };
    let owned = |topics: Vec<&str>| topics.into_iter().map(str::to_owned).collect();
    let (accepted, refused) = (ack.accepted().collect(), ack.refused().collect());
    (ack.id, owned(accepted), owned(refused), ack.reason().to_owned())
}

#[test]
fn every_recorded_answer_is_understood() {
    let topics = |list: &[&str]| list.iter().map(|topic| (*topic).to_owned()).collect::<Vec<_>>();
    for kind in ["ack ok", "ack unsubscribe"] {
        assert_eq!(ack(&sample(kind)), (0, topics(&[TOPIC]), topics(&[]), String::new()));
    }
    assert_eq!(
        ack(&sample("ack mixed")),
        (
            1_753_625_926,
            topics(&["spot@public.deals.v3.api@SOLUSDT", "spot@public.deals.v3.api@SOLUSDC"]),
            topics(&["spot@public.deals.v3.api@USDTUSDC"]),
            "Blocked!".to_owned()
        )
    );
    assert_eq!(
        ack(&sample("ack refused")),
        (0, topics(&[]), topics(&["spot@public.deals.v3.api@BTCUSDT"]), "Blocked!".to_owned())
    );
    let mut reader = ControlReader::new();
    let already = sample("ack of a channel already subscribed on this connection");
    assert_eq!(reader.read(already.as_bytes()), Ok(Control::AlreadySubscribed { id: 7 }));
    assert_eq!(reader.read(sample("pong").as_bytes()), Ok(Control::Pong { id: 0 }));
}

#[test]
fn what_we_send_is_what_the_samples_send_plus_our_id() {
    for (kind, id) in [("subscribe", 41_u64), ("unsubscribe", 42)] {
        let mut written = Vec::new();
        match kind {
            "subscribe" => write_subscribe(id, [TOPIC], &mut written),
            _ => write_unsubscribe(id, [TOPIC], &mut written),
        }
        let mut expected: Value = serde_json::from_str(&sample(kind)).unwrap();
        expected["id"] = id.into();
        assert_eq!(serde_json::from_slice::<Value>(&written).unwrap(), expected);
    }
    let mut written = Vec::new();
    write_ping(&mut written);
    assert_eq!(written, sample("ping").as_bytes());
}

#[test]
fn pushes_of_the_retired_service_are_refused_by_name() {
    let samples = names(".json").into_iter().filter(|name| name.starts_with("ws_oldjson"));
    let mut count = 0;
    for name in samples {
        let file = format!("{name}.json");
        let mut reader = ControlReader::new();
        let Err(ControlError::RetiredPush { channel }) = reader.read(&body(&file)) else {
            panic!("{name} was taken")
        };
        assert_eq!(tree(&file)["c"], channel.as_str(), "{name}");
        let shown = inspect::control(&body(&file)).unwrap_err().to_string();
        assert!(shown.contains(channel.as_str()), "{shown}");
        count += 1;
    }
    assert_eq!(count, 6);
}

#[test]
fn the_tool_shows_what_was_taken_and_what_was_refused() {
    let shown = inspect::control(sample("ack mixed").as_bytes()).unwrap();
    assert_eq!(shown["kind"], "ack");
    assert_eq!(shown["accepted"].as_array().unwrap().len(), 2);
    assert_eq!(shown["refused"][0], "spot@public.deals.v3.api@USDTUSDC");
    assert_eq!(shown["reason"], "Blocked!");
}

#[test]
fn reading_an_answer_allocates_nothing() {
    let mut reader = ControlReader::new();
    for kind in ["ack ok", "ack mixed", "ack refused", "pong"] {
        let text = sample(kind);
        let count = asked_by(|| {
            let control = reader.read(text.as_bytes()).unwrap();
            if let Control::Ack(ack) = control {
                assert!(!ack.accepts("nothing"));
            }
        });
        assert_eq!(count, 0, "{kind}");
    }
}
