//! Histories drawn from rules that are known because they are written here.

use engine::confidence::{Facts, READY};
use fastrand::Rng;
use model::{Pattern, SymbolStatus, Triple, VenueTime};

/// A rule by which openings can be traded or not.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// What it says, in a sentence.
    pub about: &'static str,
    /// How likely an opening can be traded, in permille: of the facts, and of a tide that turns now
    /// and then.
    rule: fn(&Facts, Tide) -> u32,
}

/// How the market is. It stays so for some 150 openings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tide {
    High,
    Low,
}

/// An opening that lay ahead, and what became of it.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// What was known before.
    pub facts: Facts,
    /// What only the earlier formula looks at.
    pub page: Page,
    /// Whether it could be traded.
    pub good: bool,
}

/// What a coin's page says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// A contract address.
    pub has_address: bool,
    /// Precision of price and quantity.
    pub has_precision: bool,
    /// 60 to 90, by a word in the project's name.
    pub project_score: u8,
}

/// The five.
pub const FAMILIES: [Family; 5] = [
    Family {
        name: "ladder",
        about: "the nearer the triple is to ready, the likelier; pairs closed to the API rarely",
        rule: |facts, _| match (facts.api_allowed, stage(facts)) {
            (Some(false), _) => 80,
            (_, 4) => 930,
            (_, 3) => 800,
            (_, 2) => 640,
            (_, 1) => 450,
            (_, _) => 550,
        },
    },
    Family {
        name: "inverted",
        about: "the nearer the triple is to ready, the less likely",
        rule: |facts, _| match stage(facts) {
            4 => 150,
            3 => 300,
            2 => 550,
            1 => 800,
            _ => 700,
        },
    },
    Family { name: "noise", about: "nothing says anything: six of ten", rule: |_, _| 600 },
    Family {
        name: "timing",
        about: "only the hour, the lead and the roundness of the minute say something",
        rule: |facts, _| {
            let minute = facts.opens_at.millis().div_euclid(60_000);
            let day = if (6..18).contains(&(minute / 60).rem_euclid(24)) { 400 } else { 0 };
            let round = if minute.rem_euclid(30) == 0 { 200 } else { 0 };
            let late = facts.opens_at.millis() - facts.now.millis() < 3_600_000;
            (250 + day + round) - if late { 200 } else { 0 }
        },
    },
    Family {
        name: "tides",
        about: "the market opens nearly everything for a while, and then hardly anything",
        rule: |facts, tide| match (tide, stage(facts)) {
            (Tide::High, 4) => 920,
            (Tide::High, _) => 850,
            (Tide::Low, 4) => 300,
            (Tide::Low, _) => 220,
        },
    },
];

/// Openings after which the tide turns, in the mean.
const TIDE: u64 = 150;
/// 2026-01-01.
const START_MS: i64 = 1_767_225_600_000;
/// Minutes between two openings, in the mean.
const PACE: i64 = 90;

impl Family {
    /// The family of a name.
    pub fn find(name: &str) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| family.name == name)
    }

    /// So many openings in the order of their times; the same for the same seed.
    pub fn history(&self, listings: u32, seed: u64) -> impl Iterator<Item = Opening> {
        let (rule, mut random) = (self.rule, Rng::with_seed(seed));
        let (mut minute, mut tide) = (START_MS / 60_000, Tide::High);
        (0..listings).map(move |_| {
            minute += 1 + random.i64(0..2 * PACE);
            if random.u64(..TIDE) == 0 {
                tide = if tide == Tide::High { Tide::Low } else { Tide::High };
            }
            let (facts, page) = drawn(&mut random, minute);
            let good = chance(&mut random, rule(&facts, tide));
            Opening { facts, page, good }
        })
    }
}

/// 0 without a triple, 4 when it says ready.
fn stage(facts: &Facts) -> u8 {
    match facts.triple {
        Some(READY) => 4,
        Some(Triple { sts: 2, st: 2, .. }) => 3,
        Some(Triple { sts: 2, .. }) => 2,
        Some(_) => 1,
        None => 0,
    }
}

fn drawn(random: &mut Rng, minute: i64) -> (Facts, Page) {
    let triple = match random.u32(..100) {
        0..30 => None,
        30..45 => Some(Triple { sts: 1, st: 1, tt: 0 }),
        45..60 => Some(Triple { sts: 2, st: 1, tt: 0 }),
        60..70 => Some(Triple { sts: 2, st: 2, tt: 1 }),
        _ => Some(READY),
    };
    // Most openings stand on full hours, many on half ones.
    let minute = match random.u32(..10) {
        0..6 => minute - minute.rem_euclid(60),
        6..8 => minute - minute.rem_euclid(60) + 30,
        _ => minute,
    };
    let opens_at = VenueTime::from_millis(minute * 60_000);
    let calendar = (triple.is_none() || chance(random, 850)).then_some(opens_at);
    let late = chance(random, 100).then(|| VenueTime::from_millis((minute + 60) * 60_000));
    let web = triple.map(|_| late.filter(|_| calendar.is_some()).unwrap_or(opens_at));
    let pattern = match triple {
        Some(READY) => Pattern::ReadyState,
        Some(Triple { sts: 2, st: 2, .. }) => Pattern::PreReady,
        Some(_) if calendar.is_none() => Pattern::PreReady,
        Some(_) | None => Pattern::LaunchSequence,
    };
    let facts = Facts {
        pattern,
        triple,
        calendar,
        web,
        opens_at,
        now: VenueTime::from_millis(opens_at.millis() - lead(random)),
        moved: chance(random, 120),
        api_allowed: match random.u32(..100) {
            0..20 => None,
            20..85 => Some(true),
            _ => Some(false),
        },
        status: match random.u32(..100) {
            0..50 => None,
            50..75 => Some(SymbolStatus::Paused),
            75..90 => Some(SymbolStatus::Online),
            _ => Some(SymbolStatus::Offline),
        },
    };
    let page = Page {
        has_address: chance(random, 700),
        has_precision: chance(random, 800),
        project_score: [60, 70, 75, 80, 85, 90][random.usize(..6)],
    };
    (facts, page)
}

/// True in so many of a thousand.
fn chance(random: &mut Rng, permille: u32) -> bool {
    random.u32(..1_000) < permille
}

/// A minute to a week, each order of magnitude as often as another.
fn lead(random: &mut Rng) -> i64 {
    let magnitude = random.u32(..14);
    let most = 60_000_i64 << magnitude;
    (most / 2 + random.i64(0..most)).min(7 * 86_400_000)
}
