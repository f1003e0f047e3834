//! What earlier openings teach of the next, and how well the taught figure keeps its word.
//!
//! A [`Learner`] counts outcomes and gives what it learnt as [`model::LearntFact`]s; every published
//! figure is made of those by the engine's own arithmetic. A [`Report`] holds published
//! figures against what happened. [`families`] draw histories from known rules, so that it can be
//! shown what the learner finds and what it does not invent.
//!
//! **Absent:** the archive, the clock, every figure's use.
#![warn(missing_docs)]

mod calibrate;
mod earlier;
pub mod families;
mod learner;
mod picture;
mod report;

pub use earlier::earlier_formula;
pub use families::Family;
pub use learner::{Learner, Seen};
pub use picture::picture;
pub use report::{Band, Figure, Report};

/// Draws a family's history, learns from it in order, and reports on its second half: each figure
/// rests on outcomes before it alone.
pub fn rehearse(family: &Family, listings: u32, seed: u64) -> Report {
    let mut learner = Learner::new();
    let mut figures = Vec::new();
    for (nth, opening) in family.history(listings, seed).enumerate() {
        let seen = learner.look(&opening.facts);
        if nth as u64 >= u64::from(listings) / 2 {
            figures.push(Figure {
                published: f64::from(seen.score.published.get()) / 1e6,
                base_rate: learner.base_rate(),
                earlier: earlier_formula(&opening.facts, &opening.page),
                uncalibrated: seen.score.uncalibrated,
                good: opening.good,
            });
        }
        learner.learn(&seen, opening.good);
    }
    Report::of(&figures)
}
