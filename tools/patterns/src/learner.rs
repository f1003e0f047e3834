//! Outcomes, counted; the counts, as what the engine believes.

use std::collections::{BTreeMap, VecDeque};

use engine::confidence::{self, Facts, Features, Learnt, Score};
use model::{Group, LearntFact, Millionths};

use crate::calibrate;

/// Outcomes after which one counts half: what the market was a year ago teaches little of today.
const HALF_LIFE: f64 = 2_000.0;
/// Outcomes that a bucket's prior is worth.
const BUCKET_PRIOR: f64 = 10.0;
/// Outcomes that the stated prior is worth against everything that was counted.
const STATED_PRIOR: f64 = 20.0;
/// Openings that the map is fitted on.
const FITTED_ON: usize = 6_000;
/// Outcomes between two maps.
const MAP_EVERY: u32 = 25;
/// Outcomes that count as recent.
const RECENT: usize = 20;

/// An opening as it was judged before it opened.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    features: Features,
    prior: Millionths,
    /// What the engine's arithmetic made of it.
    pub score: Score,
}

/// Counts outcomes and knows what follows from them.
#[derive(Debug, Default)]
pub struct Learner {
    learnt: Learnt,
    whole: Tally,
    buckets: BTreeMap<(Group, u8), Tally>,
    recent: VecDeque<bool>,
    past: VecDeque<Past>,
    outcomes: u32,
}

/// An opening that is over.
#[derive(Clone, Copy, Debug)]
struct Past {
    features: Features,
    prior: Millionths,
    good: bool,
    /// Its number among the outcomes.
    at: u32,
}

/// Outcomes with the weight that their age leaves them.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    good: f64,
    all: f64,
    /// When it was last counted up, in outcomes of the whole.
    at: u32,
    /// Outcomes whatever their weight.
    count: u32,
}

impl Tally {
    fn aged(self, now: u32) -> Self {
        let factor = (-f64::from(now - self.at) / HALF_LIFE).exp2();
        Self { good: self.good * factor, all: self.all * factor, at: now, ..self }
    }

    fn count(&mut self, now: u32, good: bool) {
        *self = self.aged(now);
        self.good += f64::from(u8::from(good));
        self.all += 1.0;
        self.count += 1;
    }
}

impl Learner {
    /// One that knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Judges an opening that lies ahead.
    pub fn look(&self, facts: &Facts) -> Seen {
        let features = Features::of(facts, self.learnt.recent());
        let prior = confidence::prior(facts.pattern, facts.triple);
        Seen { features, prior, score: self.learnt.score_of(&features, prior) }
    }

    /// Share of the openings so far that could be traded; a half before there is any.
    pub fn base_rate(&self) -> f64 {
        let whole = self.whole.aged(self.outcomes);
        (whole.good + 1.0) / (whole.all + 2.0)
    }

    /// Takes what became of an opening, and gives what is to be believed from now on.
    pub fn learn(&mut self, seen: &Seen, good: bool) -> Vec<LearntFact> {
        self.outcomes += 1;
        self.whole.count(self.outcomes, good);
        self.remember(seen, good);
        let mut facts = vec![LearntFact::Whole { outcomes: self.outcomes, recent: self.recent() }];
        for group in Group::ALL {
            let Some(bucket) = seen.features.bucket(group) else { continue };
            self.buckets.entry((group, bucket)).or_default().count(self.outcomes, good);
            facts.push(self.bucket_fact(group, bucket, seen.prior));
        }
        if self.outcomes >= confidence::CALIBRATED_FROM && self.outcomes.is_multiple_of(MAP_EVERY) {
            facts.extend(calibrate::map(self.past.iter().map(|past| self.judged(past)).collect()));
        }
        for fact in &facts {
            self.learnt.take(fact);
        }
        facts
    }

    fn remember(&mut self, seen: &Seen, good: bool) {
        self.recent.push_back(good);
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
        let Seen { features, prior, .. } = *seen;
        self.past.push_back(Past { features, prior, good, at: self.outcomes });
        if self.past.len() > FITTED_ON {
            self.past.pop_front();
        }
    }

    /// The raw figure that an opening would get by what is believed now had it not been counted
    /// itself, and what became of it.
    fn judged(&self, past: &Past) -> (f64, bool) {
        let own = (-f64::from(self.outcomes - past.at) / HALF_LIFE).exp2();
        let (mut sum, mut weights) = (0.0, 0.0);
        for group in Group::ALL {
            let Some(bucket) = past.features.bucket(group) else { continue };
            let tally = self.buckets.get(&(group, bucket)).copied().unwrap_or_default();
            let share = if tally.count > confidence::BUCKET_FROM {
                let mut aged = tally.aged(self.outcomes);
                aged.all -= own;
                aged.good -= if past.good { own } else { 0.0 };
                self.posterior(group, aged, past.prior)
            } else if group == Group::History {
                f64::from(past.prior.get()) / 1e6
            } else {
                continue;
            };
            sum += share * f64::from(group.weight());
            weights += f64::from(group.weight());
        }
        (sum / weights, past.good)
    }

    fn recent(&self) -> Option<u8> {
        let good = self.recent.iter().filter(|good| **good).count();
        (self.recent.len() == RECENT).then_some(good as u8)
    }

    /// The mean of a Beta posterior. Its prior's mean is what everything that was counted says; for
    /// the history of a pattern the stated prior holds against that until it is outweighed.
    fn bucket_fact(&self, group: Group, bucket: u8, stated: Millionths) -> LearntFact {
        let tally = self.buckets.get(&(group, bucket)).copied().unwrap_or_default();
        let success = millionths(self.posterior(group, tally.aged(self.outcomes), stated));
        LearntFact::Bucket { group, bucket, success, outcomes: tally.count }
    }

    fn posterior(&self, group: Group, aged: Tally, stated: Millionths) -> f64 {
        let whole = self.whole.aged(self.outcomes);
        let (stated, weight) = if group == Group::History {
            (f64::from(stated.get()) / 1e6, STATED_PRIOR)
        } else {
            (0.5, 1.0)
        };
        let mean = (whole.good + weight * stated) / (whole.all + weight);
        (aged.good + BUCKET_PRIOR * mean) / (aged.all + BUCKET_PRIOR)
    }
}

/// The nearest of a share between 0 and 1.
pub(crate) fn millionths(share: f64) -> Millionths {
    Millionths::new((share.clamp(0.0, 1.0) * 1e6).round() as u32).unwrap_or(Millionths::ONE)
}
