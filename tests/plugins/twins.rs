//! The same source linked natively and as WebAssembly: the same wishes, byte for byte.

use host::Plugins;
use host::wasm::Sandbox;
use model::{DueTimer, Happening, PluginReport, RuleVerdict, Slot, Strategies, Wish, Wishes};
use plugins::Shipped;

use super::feed::{Feed, Moment};
use super::modules::{Shelf, native, prepared, shipped, slots};

/// Scenes of a run.
const SCENES: usize = 20_000;
/// Exchanges for an instance made anew, in a run.
const EXCHANGES: usize = 8;
const PLUGIN: u128 = 77;

/// What a run came to, so that a test can say that something happened.
#[derive(Debug, Default)]
struct Seen {
    wishes: usize,
    kinds: [usize; 4],
    logs: usize,
    timers: usize,
    refused: usize,
    shrunk: usize,
    taken: usize,
    not_taken: usize,
}

/// Every timer that has come, with the wishes that it brought.
pub(super) fn timers(plugins: &mut Plugins, moment: &Moment) -> Vec<(DueTimer, Vec<Wish>)> {
    let mut came = Vec::new();
    while let Some(due) = plugins.take_timer(moment.now) {
        let mut wishes = Wishes::new();
        moment.show_happening(Happening::Timer(due), &[], plugins, &mut wishes);
        came.push((due, wishes.iter().collect()));
    }
    came
}

/// One step of one twin, whole.
#[derive(Debug, PartialEq)]
struct Step {
    wishes: Vec<Wish>,
    timers: Vec<(DueTimer, Vec<Wish>)>,
    parameter: Option<(bool, Vec<Wish>)>,
    verdict: RuleVerdict,
    reports: Vec<PluginReport>,
    next_timer: model::Mono,
}

fn step(
    plugins: &mut Plugins,
    moment: &Moment,
    parameter: Option<(u8, i64)>,
    buy: &super::feed::Buy,
) -> Step {
    let wishes = moment.show(plugins);
    let timers = timers(plugins, moment);
    let parameter = parameter.map(|(parameter, value)| {
        let taken = plugins.set_parameter(moment.now, Slot(0), parameter, value);
        let mut wishes = Wishes::new();
        if taken {
            let happening = Happening::Parameter { slot: Slot(0), parameter, value };
            moment.show_happening(happening, &[], plugins, &mut wishes);
        }
        (taken, wishes.iter().collect())
    });
    let verdict = buy.judge(plugins);
    let reports = std::iter::from_fn(|| plugins.take_report()).collect();
    Step { wishes, timers, parameter, verdict, reports, next_timer: plugins.next_timer() }
}

fn run(name: &str, seed: u64) -> Seen {
    let sandbox = Sandbox::new().expect("a sandbox");
    let (linked, module) = (Shipped::find(name).expect("shipped"), shipped(&sandbox, name));
    let manifest = linked.manifest();
    assert_eq!(*module.manifest(), manifest, "the module was built of this source");
    let shelves = [Shelf::default(), Shelf::default()];
    let mut twins = [slots(&shelves[0]), slots(&shelves[1])];
    twins[0].seat(native(linked, 0, PLUGIN));
    twins[1].seat(prepared(&module, 0, PLUGIN));
    let (mut feed, mut seen) = (Feed::new(seed), Seen::default());
    for turn in 0..SCENES {
        let moment = feed.next();
        let changes = !manifest.parameters.is_empty() && feed.chance.once_in(400);
        let parameter = changes.then(|| {
            let at = feed.chance.below(manifest.parameters.len() as u64) as usize;
            let known = &manifest.parameters[at];
            let value = match feed.chance.below(4) {
                0 => known.min - 1,
                1 => known.min + feed.chance.below(4) as i64,
                2 if feed.chance.once_in(4) => known.max,
                _ => known.default,
            };
            (at as u8, value)
        });
        let buy = feed.buy();
        let [first, second] = twins.each_mut().map(|twin| step(twin, &moment, parameter, &buy));
        assert_eq!(first, second, "{name}, seed {seed}, scene {turn}: {moment:?}");
        assert_eq!(format!("{first:?}"), format!("{second:?}"));
        seen.count(&first);
        if turn % (SCENES / EXCHANGES) == SCENES / EXCHANGES / 2 {
            shelves[0].put(native(linked, 0, PLUGIN));
            shelves[1].put(prepared(&module, 0, PLUGIN));
            for twin in &mut twins {
                assert!(twin.exchange(moment.now, Slot(0), PLUGIN));
            }
            let values = |twin: &Plugins| {
                (0..32).map_while(|nth| twin.set_value(Slot(0), nth)).collect::<Vec<_>>()
            };
            assert_eq!(values(&twins[0]), values(&twins[1]));
            let scenes = shelves.each_ref().map(|shelf| shelf.returned()[0].scenes);
            assert_eq!(scenes[0], scenes[1], "both saw the same");
        }
    }
    assert!(twins.iter().all(|twin| twin.states()[0].active), "{name}: {seen:?}");
    seen
}

impl Seen {
    fn count(&mut self, step: &Step) {
        let timers = step.timers.iter().flat_map(|(_, wishes)| wishes);
        for wish in step.wishes.iter().chain(timers) {
            self.wishes += 1;
            let at = match wish.intent {
                model::Intent::Propose(_) => 0,
                model::Intent::Enter { .. } => 1,
                model::Intent::Amend { .. } => 2,
                model::Intent::Exit { .. } => 3,
            };
            self.kinds[at] += 1;
        }
        self.timers += step.timers.len();
        let log = |report: &&PluginReport| matches!(report, PluginReport::Log { .. });
        self.logs += step.reports.iter().filter(log).count();
        assert_eq!(step.reports.iter().filter(log).count(), step.reports.len(), "{step:?}");
        match step.verdict {
            RuleVerdict::Allow | RuleVerdict::Silent { .. } => {}
            RuleVerdict::Refuse { .. } => self.refused += 1,
            RuleVerdict::Shrink { .. } => self.shrunk += 1,
        }
        match step.parameter {
            Some((true, _)) => self.taken += 1,
            Some((false, _)) => self.not_taken += 1,
            None => {}
        }
    }
}

#[test]
fn listing_sniper_is_one() {
    let seen = run("listing_sniper", 1);
    assert!(seen.kinds[0] > 100, "{seen:?}");
}

#[test]
fn momentum_is_one() {
    let seen = run("momentum", 2);
    assert!(seen.kinds[0] > 50 && seen.kinds[1] > 5, "{seen:?}");
    assert!(seen.timers > 0 && seen.logs > 0 && seen.taken > 5 && seen.not_taken > 0, "{seen:?}");
}

#[test]
fn hello_is_one() {
    let seen = run("hello", 3);
    assert!(seen.logs > 2 && seen.wishes == 0, "{seen:?}");
}

#[test]
fn exposure_cap_is_one() {
    let seen = run("exposure_cap", 4);
    assert!(seen.refused > 100 && seen.shrunk > 100 && seen.taken > 5, "{seen:?}");
}

#[test]
fn loss_streak_is_one() {
    let seen = run("loss_streak", 5);
    assert!(seen.refused > 100 && seen.taken > 5, "{seen:?}");
}
