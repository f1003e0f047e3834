//! How sure a signal is: what earlier openings taught, weighed and mapped to a figure that keeps its
//! word.
//!
//! A confidence is the share of openings like this one, in percent, that took orders by the API
//! within 60 seconds of the planned instant and filled at least half of a buy at its permit's cap.
//! Each [`Group`] that something is known of gives a share; the raw figure is their weighted mean,
//! and what is not known is left out and lowers the coverage. The published figure is what a rising
//! map, fitted on the raw figures and outcomes of earlier openings, makes of the raw one. All of it is
//! integers.

use model::{Confidence, Group, LearntFact, Millionths, Pattern, SymbolStatus, Triple, VenueTime};

/// Outcomes from which on a map is believed.
pub const CALIBRATED_FROM: u32 = 200;
/// Outcomes of a bucket from which on it says something; fewer are as good as none.
pub const BUCKET_FROM: u32 = 5;
/// Steps of a map at most.
pub const STEPS: usize = 32;
/// Buckets of a group at most.
pub const BUCKETS: usize = 144;

/// The web list's triple that has been seen before openings. A claim of one source: a signal among
/// several, never a condition of ordering.
pub const READY: Triple = Triple { sts: 2, st: 2, tt: 4 };

/// What is known of an opening that lies ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What was seen.
    pub pattern: Pattern,
    /// The web list's triple.
    pub triple: Option<Triple>,
    /// The calendar's opening time.
    pub calendar: Option<VenueTime>,
    /// The web list's.
    pub web: Option<VenueTime>,
    /// The planned opening.
    pub opens_at: VenueTime,
    /// The exchange's clock.
    pub now: VenueTime,
    /// Whether the opening was moved since it was first named.
    pub moved: bool,
    /// What the API's list of pairs says.
    pub api_allowed: Option<bool>,
    /// What the API's rules say.
    pub status: Option<SymbolStatus>,
}

/// The same as the buckets that outcomes are counted in; none where nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    buckets: [Option<u8>; 4],
}

impl Features {
    /// Of the facts, and how many of the last twenty openings could be traded.
    pub fn of(facts: &Facts, recent: Option<u8>) -> Self {
        let buckets = [Some(history(facts)), recent.map(market), timing(facts), external(facts)];
        Self { buckets }
    }

    /// The bucket of a group.
    pub const fn bucket(&self, group: Group) -> Option<u8> {
        self.buckets[group as usize]
    }
}

/// Pattern, stage of the triple and how far the witnesses agree: 6 x 6 x 4.
fn history(facts: &Facts) -> u8 {
    let pattern = match facts.pattern {
        Pattern::ReadyState => 0,
        Pattern::PreReady => 1,
        Pattern::LaunchSequence => 2,
        Pattern::PriceMove => 3,
        Pattern::VolumeSpike => 4,
        Pattern::Combined | Pattern::ByHand | Pattern::Bought | Pattern::Adopted => 5,
    };
    let stage = match facts.triple {
        None => 0,
        Some(READY) => 5,
        Some(Triple { sts: 2, st: 2, .. }) => 4,
        Some(Triple { sts: 2, st: 1, .. }) => 3,
        Some(Triple { sts: 1, st: 1, .. }) => 2,
        Some(_) => 1,
    };
    let witnesses = match (facts.calendar, facts.web) {
        (Some(calendar), Some(web)) if calendar == web => 3,
        (Some(_), Some(_)) => 2,
        (Some(_), None) => 1,
        (None, _) => 0,
    };
    (pattern * 6 + stage) * 4 + witnesses
}

/// Fifths of the last twenty.
const fn market(recent: u8) -> u8 {
    let fifth = recent / 4;
    if fifth > 4 { 4 } else { fifth }
}

/// Time left, six hours of the day, and how round the minute is: 6 x 4 x 3.
fn timing(facts: &Facts) -> Option<u8> {
    const MINUTE: i64 = 60_000;
    if !facts.opens_at.is_some() || !facts.now.is_some() {
        return None;
    }
    let opens = facts.opens_at.millis();
    let left = (opens - facts.now.millis()) / MINUTE;
    let left = match left {
        ..10 => 0,
        10..60 => 1,
        60..360 => 2,
        360..1_440 => 3,
        1_440..4_320 => 4,
        4_320.. => 5,
    };
    let minute = opens.div_euclid(MINUTE);
    let hours = minute.rem_euclid(1_440) / 360;
    let round = match minute.rem_euclid(60) {
        _ if opens.rem_euclid(MINUTE) != 0 => 0,
        0 => 2,
        30 => 1,
        _ => 0,
    };
    u8::try_from((left * 4 + hours) * 3 + round).ok()
}

/// What the API's lists say, and whether the opening was moved: 3 x 4 x 2; none when nobody says
/// anything.
fn external(facts: &Facts) -> Option<u8> {
    let api = facts.api_allowed.map_or(0, |allowed| 1 + u8::from(allowed));
    let status = match facts.status {
        None => 0,
        Some(SymbolStatus::Online) => 1,
        Some(SymbolStatus::Paused) => 2,
        Some(SymbolStatus::Offline) => 3,
    };
    let known = api > 0 || status > 0 || facts.moved;
    known.then(|| (api * 4 + status) * 2 + u8::from(facts.moved))
}

/// What is believed of a pattern before any outcome: the earlier programs' tables.
pub const fn prior(pattern: Pattern, triple: Option<Triple>) -> Millionths {
    let percent = match (pattern, triple) {
        (Pattern::ReadyState, _) => 90,
        (Pattern::PreReady, Some(Triple { sts: 2, st: 2, .. })) => 85,
        (Pattern::PreReady, Some(Triple { sts: 2, st: 1, .. })) => 75,
        (Pattern::PreReady, _) => 60,
        (Pattern::LaunchSequence, _) => 80,
        (Pattern::PriceMove | Pattern::VolumeSpike, _) => 50,
        (Pattern::Combined, _) => 90,
        (Pattern::ByHand | Pattern::Bought | Pattern::Adopted, _) => 100,
    };
    Millionths::percent(percent)
}

/// A confidence with what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// What is published.
    pub confidence: Confidence,
    /// The same, finer.
    pub published: Millionths,
    /// Before the map.
    pub raw: Millionths,
    /// Weight of the groups that something is known of, of a hundred.
    pub coverage: u8,
    /// Outcomes of the bucket of the pattern.
    pub outcomes: u32,
    /// Whether fewer than [`CALIBRATED_FROM`] outcomes stand behind the map.
    pub uncalibrated: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    success: Millionths,
    outcomes: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Step {
    from: Millionths,
    published: Millionths,
}

/// Everything that was learnt.
#[derive(Clone, Debug)]
pub struct Learnt {
    buckets: [[Bucket; BUCKETS]; 4],
    outcomes: u32,
    recent: Option<u8>,
    map: [Step; STEPS],
    steps: usize,
    /// A map whose last step has not come, and how many have.
    coming: [Step; STEPS],
    come: usize,
}

impl Default for Learnt {
    fn default() -> Self {
        Self {
            buckets: [[Bucket::default(); BUCKETS]; 4],
            outcomes: 0,
            recent: None,
            map: [Step::default(); STEPS],
            steps: 0,
            coming: [Step::default(); STEPS],
            come: 0,
        }
    }
}

impl Learnt {
    /// How many of the last twenty openings could be traded.
    pub const fn recent(&self) -> Option<u8> {
        self.recent
    }

    /// Takes one thing that was learnt. A bucket that is not there, or a step that is out of order or
    /// falls, is passed over.
    pub fn take(&mut self, fact: &LearntFact) {
        match *fact {
            LearntFact::Bucket { group, bucket, success, outcomes } => {
                if let Some(known) = self.buckets[group as usize].get_mut(usize::from(bucket)) {
                    *known = Bucket { success, outcomes };
                }
            }
            LearntFact::Whole { outcomes, recent } => {
                (self.outcomes, self.recent) = (outcomes, recent);
            }
            LearntFact::Step { nth, of, from, published } => {
                self.take_step(usize::from(nth), usize::from(of), Step { from, published });
            }
        }
    }

    /// Facts that [`facts`](Self::facts) gives at most.
    pub const FACTS: usize = 4 * BUCKETS + STEPS + 1;

    /// Everything that was learnt, as facts that teach the same.
    pub fn facts(&self) -> impl Iterator<Item = LearntFact> {
        let of_group = |group: Group| {
            let buckets = self.buckets[group as usize].iter().enumerate();
            let counted = buckets.filter(|(_, known)| known.outcomes > 0);
            counted.map(move |(bucket, known)| LearntFact::Bucket {
                group,
                // A group has fewer than 256.
                bucket: bucket as u8,
                success: known.success,
                outcomes: known.outcomes,
            })
        };
        let (outcomes, recent, of) = (self.outcomes, self.recent, self.steps as u8);
        let steps = self.map[..self.steps].iter().enumerate();
        let steps = steps.map(move |(nth, step)| LearntFact::Step {
            nth: nth as u8,
            of,
            from: step.from,
            published: step.published,
        });
        let whole = (outcomes > 0).then_some(LearntFact::Whole { outcomes, recent });
        Group::ALL.into_iter().flat_map(of_group).chain(whole).chain(steps)
    }

    fn take_step(&mut self, nth: usize, of: usize, step: Step) {
        if nth == 0 {
            self.come = 0;
        }
        let rises = self.come == 0 || {
            let last = self.coming[self.come - 1];
            last.from < step.from && last.published <= step.published
        };
        if nth != self.come || of > STEPS || nth >= of || !rises {
            // Not before the next first one does a map begin again.
            self.come = STEPS;
            return;
        }
        self.coming[nth] = step;
        self.come = nth + 1;
        if self.come == of {
            (self.map, self.steps) = (self.coming, of);
        }
    }

    /// How sure an opening is.
    pub fn score(&self, facts: &Facts) -> Score {
        self.score_of(&Features::of(facts, self.recent), prior(facts.pattern, facts.triple))
    }

    /// The same of what is known as buckets.
    pub fn score_of(&self, features: &Features, prior: Millionths) -> Score {
        let (mut sum, mut weights) = (0, 0);
        for group in Group::ALL {
            let known = self.known(group, features);
            let share = match (group, known) {
                (_, Some(bucket)) => bucket.success,
                (Group::History, None) => prior,
                (Group::Market | Group::Timing | Group::External, None) => continue,
            };
            sum += share.get() * group.weight();
            weights += group.weight();
        }
        // The history always has a weight.
        let raw = Millionths::new(sum / weights).unwrap_or(Millionths::ONE);
        let uncalibrated = self.outcomes < CALIBRATED_FROM || self.steps == 0;
        let published = if uncalibrated { raw } else { self.mapped(raw) };
        let percent = (published.get() + 5_000) / 10_000;
        Score {
            // A share of one is a hundred percent.
            confidence: Confidence::new(percent as u8).unwrap_or_default(),
            published,
            raw,
            coverage: weights as u8,
            outcomes: self.known(Group::History, features).map_or(0, |bucket| bucket.outcomes),
            uncalibrated,
        }
    }

    fn known(&self, group: Group, features: &Features) -> Option<Bucket> {
        let bucket = usize::from(features.bucket(group)?);
        let known = self.buckets[group as usize].get(bucket)?;
        (known.outcomes >= BUCKET_FROM).then_some(*known)
    }

    fn mapped(&self, raw: Millionths) -> Millionths {
        let steps = &self.map[..self.steps];
        let step = steps.iter().rev().find(|step| step.from <= raw).or(steps.first());
        step.map_or(raw, |step| step.published)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;
    /// 2026-01-05 08:00.
    const OPENS_MS: i64 = 1_767_600_000_000;

    fn facts() -> Facts {
        let opens_at = VenueTime::from_millis(OPENS_MS);
        Facts {
            pattern: Pattern::ReadyState,
            triple: Some(READY),
            calendar: Some(opens_at),
            web: Some(opens_at),
            opens_at,
            now: VenueTime::from_millis(OPENS_MS - 2 * HOUR_MS),
            moved: false,
            api_allowed: Some(true),
            status: None,
        }
    }

    fn bucket(learnt: &mut Learnt, group: Group, percent: u8, outcomes: u32) {
        let bucket = Features::of(&facts(), Some(20)).bucket(group).expect("a bucket");
        let success = Millionths::percent(percent);
        learnt.take(&LearntFact::Bucket { group, bucket, success, outcomes });
    }

    fn map(learnt: &mut Learnt, steps: &[(u8, u8)]) {
        let of = steps.len() as u8;
        for (nth, (from, published)) in steps.iter().enumerate() {
            let (from, published) = (Millionths::percent(*from), Millionths::percent(*published));
            learnt.take(&LearntFact::Step { nth: nth as u8, of, from, published });
        }
    }

    fn whole(learnt: &mut Learnt, outcomes: u32) {
        learnt.take(&LearntFact::Whole { outcomes, recent: Some(20) });
    }

    fn percent(learnt: &Learnt) -> u8 {
        learnt.score(&facts()).confidence.percent()
    }

    #[test]
    fn before_any_outcome_the_stated_prior_is_published_and_marked() {
        let learnt = Learnt::default();
        let score = learnt.score(&facts());
        assert_eq!((score.confidence.percent(), score.coverage, score.outcomes), (90, 40, 0));
        assert!(score.uncalibrated);
        for (pattern, triple, expected) in [
            (Pattern::PreReady, Some(Triple { sts: 2, st: 2, tt: 1 }), 85),
            (Pattern::PreReady, Some(Triple { sts: 2, st: 1, tt: 0 }), 75),
            (Pattern::PreReady, Some(Triple { sts: 1, st: 1, tt: 0 }), 60),
            (Pattern::LaunchSequence, None, 80),
        ] {
            let score = learnt.score(&Facts { pattern, triple, ..facts() });
            assert_eq!(score.confidence.percent(), expected, "{pattern:?}");
        }
    }

    #[test]
    fn groups_are_weighed_and_the_unknown_are_left_out() {
        let mut learnt = Learnt::default();
        bucket(&mut learnt, Group::History, 80, 50);
        assert_eq!((percent(&learnt), learnt.score(&facts()).coverage), (80, 40));
        bucket(&mut learnt, Group::External, 20, 50);
        // (80 x 40 + 20 x 15) / 55
        assert_eq!((percent(&learnt), learnt.score(&facts()).coverage), (64, 55));
        bucket(&mut learnt, Group::Timing, 50, BUCKET_FROM - 1);
        assert_eq!(percent(&learnt), 64, "too few outcomes say nothing");
        bucket(&mut learnt, Group::Timing, 50, BUCKET_FROM);
        // (80 x 40 + 50 x 20 + 20 x 15) / 75
        assert_eq!((percent(&learnt), learnt.score(&facts()).coverage), (60, 75));
        bucket(&mut learnt, Group::Market, 100, 50);
        whole(&mut learnt, 50);
        // (80 x 40 + 100 x 25 + 50 x 20 + 20 x 15) / 100
        let score = learnt.score(&facts());
        assert_eq!((score.confidence.percent(), score.coverage, score.outcomes), (70, 100, 50));
    }

    #[test]
    fn the_map_counts_from_two_hundred_outcomes_on() {
        let mut learnt = Learnt::default();
        bucket(&mut learnt, Group::History, 80, 150);
        map(&mut learnt, &[(10, 5), (50, 30), (80, 65), (95, 70)]);
        whole(&mut learnt, CALIBRATED_FROM - 1);
        assert_eq!((percent(&learnt), learnt.score(&facts()).uncalibrated), (80, true));
        whole(&mut learnt, CALIBRATED_FROM);
        assert_eq!((percent(&learnt), learnt.score(&facts()).uncalibrated), (65, false));
        for (raw, published) in [(0, 5), (10, 5), (49, 5), (50, 30), (79, 30), (95, 70), (100, 70)]
        {
            bucket(&mut learnt, Group::History, raw, 150);
            assert_eq!(percent(&learnt), published, "raw {raw}");
        }
    }

    #[test]
    fn a_map_that_falls_has_a_gap_or_is_not_whole_changes_nothing() {
        let step = |nth, of, from, published| LearntFact::Step {
            nth,
            of,
            from: Millionths::percent(from),
            published: Millionths::percent(published),
        };
        let mut learnt = Learnt::default();
        bucket(&mut learnt, Group::History, 80, 300);
        whole(&mut learnt, 300);
        map(&mut learnt, &[(0, 42)]);
        for wrong in [
            vec![step(0, 2, 0, 50)],
            vec![step(0, 2, 0, 50), step(1, 2, 50, 40)],
            vec![step(0, 2, 50, 50), step(1, 2, 50, 60)],
            vec![step(0, 3, 0, 50), step(2, 3, 50, 60)],
            vec![step(1, 2, 50, 60)],
            vec![step(0, 0, 0, 50)],
            vec![step(0, 33, 0, 50)],
            vec![step(0, 3, 0, 50), step(2, 3, 50, 60), step(1, 3, 20, 55), step(2, 3, 50, 60)],
        ] {
            wrong.iter().for_each(|fact| learnt.take(fact));
            assert_eq!(percent(&learnt), 42, "{wrong:?}");
        }
        map(&mut learnt, &[(0, 10), (50, 77)]);
        assert_eq!(percent(&learnt), 77, "and the next whole one counts");
    }

    #[test]
    fn what_was_learnt_is_taught_to_another_by_its_facts() {
        let mut learnt = Learnt::default();
        assert_eq!(learnt.facts().count(), 0);
        bucket(&mut learnt, Group::History, 80, 150);
        bucket(&mut learnt, Group::Market, 30, 60);
        whole(&mut learnt, 300);
        map(&mut learnt, &[(10, 5), (50, 30), (55, 65)]);
        let mut other = Learnt::default();
        learnt.facts().for_each(|fact| other.take(&fact));
        assert_eq!(learnt.facts().count(), 6);
        assert_eq!(other.score(&facts()), learnt.score(&facts()));
        assert!(!other.score(&facts()).uncalibrated);
    }

    #[test]
    fn every_fact_falls_into_a_bucket_that_is_there() {
        let mut most = [0; 4];
        let triples = [(0, 0, 0), (1, 1, 0), (2, 1, 0), (2, 2, 1), (2, 2, 4), (9, 9, 9)];
        let leads = [1, 30 * 60_000, 5 * HOUR_MS, 20 * HOUR_MS, 60 * HOUR_MS, 200 * HOUR_MS];
        for (nth, (sts, st, tt)) in triples.into_iter().enumerate() {
            for hour in 0..24 {
                let opens_at = VenueTime::from_millis(OPENS_MS + hour * HOUR_MS);
                let facts = Facts {
                    pattern: [Pattern::ReadyState, Pattern::Combined][nth % 2],
                    triple: Some(Triple { sts, st, tt }),
                    opens_at,
                    now: VenueTime::from_millis(opens_at.millis() - leads[nth]),
                    moved: true,
                    status: Some(SymbolStatus::Offline),
                    ..facts()
                };
                let features = Features::of(&facts, Some(hour as u8));
                for group in Group::ALL {
                    let bucket = features.bucket(group).expect("a bucket");
                    assert!(usize::from(bucket) < BUCKETS, "{group:?} {bucket}");
                    most[group as usize] = most[group as usize].max(bucket);
                }
            }
        }
        assert_eq!(most[Group::Market as usize], 4);
        let none = VenueTime::NONE;
        let bare = Facts { opens_at: none, api_allowed: None, ..facts() };
        let features = Features::of(&bare, None);
        for group in [Group::Market, Group::Timing, Group::External] {
            assert_eq!(features.bucket(group), None, "{group:?}");
        }
    }
}
