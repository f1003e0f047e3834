//! The formula of the programs that came before, as their code had it, to be compared with.

use engine::confidence::{Facts, READY};
use model::{Pattern, Triple};

use crate::families::Page;

/// What they would have called the confidence of this opening, as a share.
///
/// For a triple that says ready: 50, and 30 for the triple, 10 for the coin's id, 5 each for contract
/// address and the two precisions, a tenth of a history that was a constant of 75. On the way there
/// 60, 75 or 85 by stage. From the calendar: 40, up to 20 by hours ahead, 0.3 of a project score, 5
/// for a name, 10 for a known state, 5 on weekdays and 5 from 8 to 16 UTC.
pub fn earlier_formula(facts: &Facts, page: &Page) -> f64 {
    let points = match (facts.pattern, facts.triple) {
        (Pattern::ReadyState, Some(READY)) => {
            let address = if page.has_address { 5.0 } else { 0.0 };
            let precision = if page.has_precision { 10.0 } else { 0.0 };
            50.0 + 30.0 + 10.0 + address + precision + 7.5
        }
        (Pattern::PreReady, Some(Triple { sts: 2, st: 2, .. })) => 85.0,
        (Pattern::PreReady, Some(Triple { sts: 2, st: 1, .. })) => 75.0,
        (Pattern::PreReady, _) => 60.0,
        (_, triple) => calendar(facts, page, triple.is_some()),
    };
    f64::min(points, 100.0) / 100.0
}

fn calendar(facts: &Facts, page: &Page, state_known: bool) -> f64 {
    const HOUR: i64 = 3_600_000;
    let opens = facts.opens_at.millis();
    let ahead = (opens - facts.now.millis()) as f64 / HOUR as f64;
    let early = match ahead {
        hours if hours >= 12.0 => 20.0,
        hours if hours >= 6.0 => 15.0,
        hours if hours >= 3.5 => 10.0,
        _ => 0.0,
    };
    // The first day of 1970 was a Thursday.
    let weekday = (opens.div_euclid(24 * HOUR) + 3).rem_euclid(7) < 5;
    let peak = (8..16).contains(&opens.div_euclid(HOUR).rem_euclid(24));
    let mut points = 40.0 + early + 0.3 * f64::from(page.project_score) + 5.0;
    for (holds, more) in [(state_known, 10.0), (weekday, 5.0), (peak, 5.0)] {
        points += if holds { more } else { 0.0 };
    }
    points
}
