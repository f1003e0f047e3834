//! What a host writes is what a plug-in reads, and what it leaves behind is what a host finds.

use std::format;
use std::string::String;
use std::vec::Vec;

use abi::intent::{AMEND, Intent};
use abi::{Call, Guest, Plain, Trap, scene as raw};

use crate::testing::{Picture, Stage, Wish, picture, question, setup};
use crate::*;

const MANIFEST: &str = "abi = 1\nkind = \"strategy\"\nname = \"mirror\"\nversion = \"1.2.3\"\n\
    state = { version = 4, bytes = 8 }\n[[parameters]]\nname = \"a\"\ntype = \"whole\"\ndefault = 9\n";

/// Says in the log what it reads.
#[derive(Debug, Default)]
struct Mirror {
    seen: u32,
    value: i64,
}

impl Strategy for Mirror {
    const MANIFEST: &'static str = MANIFEST;

    fn setup(&mut self, setup: &Setup) -> Result<(), Refuse> {
        self.value = setup.parameter(manifest::parameter(MANIFEST, "a"));
        if self.value < 0 { Err(Refuse(7)) } else { Ok(()) }
    }

    fn on_event(&mut self, scene: &Scene<'_>, desk: &mut Desk<'_>) {
        self.seen += 1;
        #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is shown as it is")]
        let _ = match scene.event() {
            Event::Print(print) => desk.log(format_args!(
                "{} of {} by a {}",
                print.qty().raw(),
                print.price().map_or(0, Price::raw),
                print.taker()
            )),
            Event::Listing(listing) => {
                desk.log(format_args!("{}: {:?}", listing.source(), listing.said()))
            }
            Event::Names(names) => {
                desk.log(format_args!("{} = {}/{}", names.name(), names.base(), names.quote()))
            }
            Event::Position(change) => desk.log(format_args!(
                "{} {} {}",
                change.closed(),
                change.paid(),
                change.received()
            )),
            Event::Parameter { index, value } => desk.log(format_args!("{index} = {value}")),
            other => desk.log(format_args!("{other:?}")),
        };
        for target in scene.targets() {
            let _ = desk.amend(target.id(), &ExitPlan { keep_bps: 5, ..ExitPlan::default() });
        }
        for position in scene.positions() {
            let _ = desk.exit(position.target(), Some(position.qty()));
        }
    }

    fn save(&self, to: &mut [u8]) -> Option<usize> {
        Writer::new(to).put(self.seen).written()
    }

    fn restore(&mut self, version: u32, from: &[u8]) -> bool {
        let seen = Reader::new(from).get();
        self.seen = seen.unwrap_or(0);
        version == 4 && seen.is_some()
    }
}

export!(strategy Mirror, state);

fn told(picture: &Picture) -> String {
    Stage::<Mirror>::new().show(picture).log
}

#[test]
fn every_kind_of_event_is_read_as_what_it_is() {
    let scene = picture(3);
    assert_eq!(told(&scene), "Signals");
    assert_eq!(told(&scene.clone().print(7, 5, Side::Sell)), "5 of 7 by a sell");
    let listed = scene.clone().listed(Source::WebList);
    assert_eq!(told(&listed), "web_list: OpensAt(VenueTime(1060000000000))");
    let closed = scene.clone().position_changed(1, 2, Closed::Dust, 10, 9);
    assert_eq!(told(&closed), "dust 10 9");
    assert_eq!(told(&scene.clone().parameter(2, -3)), "2 = -3");
    let mut names = raw::Names::default();
    names.name[..7].copy_from_slice(b"NEWUSDT");
    names.base[..3].copy_from_slice(b"NEW");
    names.quote.copy_from_slice(b"USDTUSDT");
    assert_eq!(told(&scene.clone().event(raw::NAMES, &names)), "NEWUSDT = NEW/USDTUSDT");
    for (kind, word) in raw::KINDS.iter().skip(1) {
        let told = told(&scene.clone().event(*kind, &0_u64));
        assert!(!told.contains("Unknown("), "{word}: {told}");
    }
    assert_eq!(told(&scene.event(99, &0_u64)), "Unknown(99)");
}

#[test]
fn a_scene_gives_what_its_head_says() {
    let bytes = |picture: &Picture| {
        let mut bytes = [0; abi::area::OUTPUT];
        let scene = picture.bytes();
        bytes[..scene.len()].copy_from_slice(&scene);
        bytes
    };
    let full = bytes(&picture(3).book(199, 201).kill(Kill::Reduce).timer(4));
    let scene = Scene::new(&full);
    let second = Span::from_secs(1_000);
    assert_eq!((scene.now(), scene.venue_now()), (Mono(second.0), Some(VenueTime(second.0))));
    assert_eq!((scene.symbol(), scene.account()), (Some(SymbolId(3)), None));
    assert_eq!((scene.bid(), scene.ask()), (Price::from_raw(199), Price::from_raw(201)));
    assert_eq!((scene.price_decimals(), scene.qty_decimals()), (Some(2), Some(1)));
    assert_eq!((scene.kill(), scene.stamped()), (Kill::Reduce, None));
    assert_eq!(scene.opens_at(), Some(VenueTime(second.0 + Span::from_secs(60).0)));
    let bare = bytes(&picture(3).without_symbol().without_venue_time().opens_at(None));
    let scene = Scene::new(&bare);
    assert_eq!((scene.symbol(), scene.venue_now(), scene.opens_at()), (None, None, None));
    assert_eq!((scene.bid(), scene.ask()), (None, None));
}

#[test]
fn counts_beyond_what_a_scene_holds_are_cut() {
    let mut bytes = [0xff; abi::area::OUTPUT];
    bytes[48..50].fill(0xff);
    let scene = Scene::new(&bytes);
    assert_eq!(scene.signals().count(), abi::area::SIGNALS);
    assert_eq!(scene.targets().count(), abi::area::TARGETS);
    assert_eq!(scene.positions().count(), abi::area::POSITIONS);
    assert_eq!(scene.signals().next().map(|signal| signal.facts().count()), Some(8));
    assert_eq!((scene.price_decimals(), scene.qty_decimals()), (None, None));
}

#[test]
fn wishes_come_back_as_they_were_made() {
    let scene = picture(3).target(6, 0, TargetState::Open).position(6, 0, 12, 100);
    let reply = Stage::<Mirror>::new().show(&scene);
    let exit = ExitPlan { keep_bps: 5, ..ExitPlan::default() };
    let expected = [Wish::Amend(TargetId(6), exit), Wish::Exit(TargetId(6), Qty::from_raw(12))];
    assert_eq!(reply.wishes, expected);
}

#[test]
fn recorded_scenes_are_fed_one_after_the_other() {
    let scenes = [picture(3).print(7, 5, Side::Buy), picture(3)].map(|picture| picture.bytes());
    let told: Vec<String> =
        Stage::<Mirror>::new().feed(&scenes.concat()).into_iter().map(|reply| reply.log).collect();
    assert_eq!(told, ["5 of 7 by a buy", "Signals"]);
}

#[test]
fn a_refusal_is_the_plug_ins_number_below_zero() {
    let with = |value| Stage::<Mirror>::with(&setup::<Mirror>().with_parameter(0, value)).err();
    assert_eq!((with(0), with(-1)), (None, Some(-7)));
    assert_eq!(Stage::<Mirror>::new().plugin().value, 9);
}

#[test]
fn a_native_plug_in_has_the_names_of_its_manifest() {
    assert_eq!(Native::<Mirror>::identity(), "native:mirror@1.2.3");
    assert_eq!(Native::<Mirror>::STATE_VERSION, 4);
    assert_eq!(format!("{:?}", Native::<Mirror>::new()), "Native(\"mirror\", \"1.2.3\")");
}

#[test]
fn a_native_plug_in_has_the_exports_that_its_kind_has() {
    let mut guest: std::boxed::Box<dyn Guest> = std::boxed::Box::new(Native::<Mirror>::new());
    assert_eq!((guest.area().len(), guest.state().len()), (4_096, 8));
    assert_eq!(guest.call(Call::Judge), Err(Trap::NoExport));
    assert_eq!(guest.call(Call::OnEvent), Ok(0x0007_0000), "`Signals` in the log");
    assert_eq!(guest.call(Call::Save), Ok(4));
    assert_eq!(guest.call(Call::Restore { version: 4, len: 9 }), Ok(1), "longer than its buffer");
    assert_eq!(guest.call(Call::Restore { version: 3, len: 4 }), Ok(1));
    assert_eq!(guest.call(Call::Restore { version: 4, len: 4 }), Ok(0));
    assert!(guest.memory_bytes() >= 4_096);
}

#[test]
fn an_amendment_leaves_no_bytes_of_the_wish_before() {
    let mut guest = Native::<Mirror>::new();
    guest.area().fill(0xff);
    let scene = picture(3).target(6, 0, TargetState::Open).bytes();
    guest.area()[..scene.len()].copy_from_slice(&scene);
    assert_eq!(guest.call(Call::OnEvent), Ok(0x0007_0001));
    let intent = Intent::get(&guest.area()[abi::area::OUTPUT..]);
    let exit = ExitPlan { keep_bps: 5, ..ExitPlan::default() };
    assert_eq!(intent, Intent { kind: AMEND, target: 6, exit, ..Intent::default() });
}

#[test]
fn what_is_affordable_is_no_more_than_asked_and_a_multiple_of_the_step() {
    let mut question = question();
    let room = |units| Amount::from_units(units);
    assert_eq!(question.affordable(room(10)).raw(), 50);
    assert_eq!(question.affordable(room(1_000_000)).raw(), 100);
    assert_eq!(question.affordable(Amount::MAX).raw(), 100);
    assert_eq!(question.affordable(Amount::from_raw(-1)), Qty::ZERO);
    question.raw.step = 30;
    assert_eq!(question.affordable(room(10)).raw(), 30);
    question.raw.price = 0;
    assert_eq!(question.affordable(room(10)), Qty::ZERO);
}

#[test]
fn sizes_rise_evenly_from_the_least_to_the_largest() {
    let setup = setup::<Mirror>();
    let sizes: Vec<String> = [0, 75, 76, 90, 100, 255]
        .into_iter()
        .map(|c| format!("{}", setup.size(c).unwrap()))
        .collect();
    assert_eq!(sizes, ["50", "50", "54", "110", "150", "150"]);
}

#[test]
fn a_proposal_may_change_what_the_engine_has_not_armed() {
    for number in 0..12 {
        let state = TargetState::from_number(number);
        assert_ne!(state, TargetState::Unknown);
        let armed_or_held = matches!(number, 2..=5) || state == TargetState::Blocked;
        assert_eq!(state.is_open_to_revision(), !armed_or_held, "{state}");
    }
    assert!(!TargetState::Unknown.is_open_to_revision());
}
