//! The map from raw figure to published one.
//!
//! A logistic curve is fitted first: two numbers, which little history can settle. Then the raw
//! figures are cut into groups of equal size; each says how its openings went, drawn to the curve by
//! a fixed count, and neighbours that fall are joined until all rise (pool adjacent violators).

use model::LearntFact;

use crate::learner::millionths;

/// Outcomes that the curve is worth in each group.
const CURVE_WEIGHT: f64 = 40.0;
/// Outcomes in a group at least.
const GROUP_MIN: usize = 150;
/// Groups at most.
const GROUPS: usize = 16;

/// The map fitted on raw figures and outcomes, as the steps that the engine takes.
pub(crate) fn map(mut history: Vec<(f64, bool)>) -> Vec<LearntFact> {
    history.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    let curve = Curve::fit(&history);
    let groups = rising(groups(&history, &curve));
    let mut steps: Vec<(model::Millionths, model::Millionths)> = Vec::new();
    for group in &groups {
        let (from, published) = (millionths(group.from), millionths(group.share()));
        // Raw figures that are equal to a millionth belong to the group before.
        if steps.last().is_none_or(|(last, _)| *last < from) {
            steps.push((from, published));
        }
    }
    let of = steps.len() as u8;
    let numbered = steps.into_iter().enumerate();
    numbered
        .map(|(nth, (from, published))| LearntFact::Step { nth: nth as u8, of, from, published })
        .collect()
}

/// Raw figures from `from` on, and how their openings went.
#[derive(Clone, Copy, Debug)]
struct Pool {
    from: f64,
    good: f64,
    all: f64,
}

impl Pool {
    fn share(&self) -> f64 {
        self.good / self.all
    }
}

fn groups(history: &[(f64, bool)], curve: &Curve) -> Vec<Pool> {
    let count = (history.len() / GROUP_MIN).clamp(1, GROUPS);
    let size = history.len().div_ceil(count).max(1);
    let pool = |part: &[(f64, bool)]| {
        let good = part.iter().filter(|(_, good)| *good).count() as f64;
        let curve_says: f64 = part.iter().map(|(raw, _)| curve.at(*raw)).sum();
        let mean = curve_says / part.len() as f64;
        let all = part.len() as f64;
        Pool { from: part[0].0, good: good + CURVE_WEIGHT * mean, all: all + CURVE_WEIGHT }
    };
    history.chunks(size).map(pool).collect()
}

/// Joins neighbours until no group says less than the one before it.
fn rising(groups: Vec<Pool>) -> Vec<Pool> {
    let mut joined: Vec<Pool> = Vec::with_capacity(groups.len());
    for mut group in groups {
        while let Some(last) = joined.last().filter(|last| last.share() >= group.share()).copied() {
            joined.pop();
            let (good, all) = (last.good + group.good, last.all + group.all);
            group = Pool { from: last.from, good, all };
        }
        joined.push(group);
    }
    joined
}

/// A logistic curve over the logit of the raw figure.
#[derive(Clone, Copy, Debug)]
struct Curve {
    intercept: f64,
    /// Never below 0: a map that falls would call the worse the better.
    slope: f64,
}

impl Curve {
    const TURNS: usize = 12;
    /// Draws the slope to 0, as so many outcomes would.
    const RIDGE: f64 = 2.0;

    /// Newton's method on the likelihood.
    fn fit(history: &[(f64, bool)]) -> Self {
        let mut curve = Self { intercept: 0.0, slope: 0.5 };
        for _ in 0..Self::TURNS {
            let (mut down, mut down_slope) = (0.0, -Self::RIDGE * curve.slope);
            let (mut bend, mut cross, mut bend_slope) = (1e-6, 0.0, Self::RIDGE);
            for (raw, good) in history {
                let (x, p) = (logit(*raw), curve.at(*raw));
                let (miss, weight) = (f64::from(u8::from(*good)) - p, p * (1.0 - p));
                (down, down_slope) = (down + miss, down_slope + miss * x);
                bend += weight;
                cross += weight * x;
                bend_slope += weight * x * x;
            }
            let whole = bend * bend_slope - cross * cross;
            if whole.abs() < 1e-9 {
                break;
            }
            curve.intercept += (bend_slope * down - cross * down_slope) / whole;
            curve.slope += (bend * down_slope - cross * down) / whole;
        }
        if curve.slope > 0.0 && curve.slope.is_finite() && curve.intercept.is_finite() {
            return curve;
        }
        let good = history.iter().filter(|(_, good)| *good).count() as f64;
        let share = (good + 1.0) / (history.len() as f64 + 2.0);
        Self { intercept: logit(share), slope: 0.0 }
    }

    fn at(&self, raw: f64) -> f64 {
        1.0 / (1.0 + (-(self.intercept + self.slope * logit(raw))).exp())
    }
}

fn logit(share: f64) -> f64 {
    let share = share.clamp(1e-3, 1.0 - 1e-3);
    (share / (1.0 - share)).ln()
}
