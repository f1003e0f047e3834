//! How well published figures keep their word.

use serde_json::{Value, json};

/// One published figure, and what happened.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// What was said, as a share.
    pub published: f64,
    /// What the outcomes before it alone would have said.
    pub base_rate: f64,
    /// What the earlier programs would have said.
    pub earlier: f64,
    /// Whether it was marked so.
    pub uncalibrated: bool,
    /// Whether the opening could be traded.
    pub good: bool,
}

/// Figures of one tenth of the scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// From this figure on, in percent; the next band begins ten above.
    pub from: u8,
    /// Figures.
    pub count: u32,
    /// Their mean, as a share.
    pub predicted: f64,
    /// Openings that could be traded.
    pub good: u32,
    /// How many may be by chance when the figures are right: 99.9 % of cases lie in here.
    pub expected: (u32, u32),
}

impl Band {
    /// Share that could be traded.
    pub fn realised(&self) -> f64 {
        f64::from(self.good) / f64::from(self.count)
    }

    /// Whether chance explains the difference.
    pub fn holds(&self) -> bool {
        (self.expected.0..=self.expected.1).contains(&self.good)
    }
}

/// The sum of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Figures.
    pub count: u32,
    /// Of them, marked as uncalibrated.
    pub uncalibrated: u32,
    /// Mean squared distance of figure and outcome; 0 is perfect.
    pub brier: f64,
    /// The same when everything gets the share of the outcomes before it, the newer counting more.
    pub brier_base_rate: f64,
    /// The same of the earlier programs' formula.
    pub brier_earlier: f64,
    /// Mean distance of what the bands predict and what happened, weighted by figures; a share.
    pub calibration_error: f64,
    /// Tenths of the scale that have figures, from the lowest.
    pub bands: Vec<Band>,
}

impl Report {
    /// Of figures in any order.
    pub fn of(figures: &[Figure]) -> Self {
        let bands: Vec<Band> = (0..10).filter_map(|tenth| band(tenth, figures)).collect();
        let off = |band: &Band| f64::from(band.count) * (band.predicted - band.realised()).abs();
        let all = figures.len().max(1) as f64;
        Self {
            count: figures.len() as u32,
            uncalibrated: figures.iter().filter(|figure| figure.uncalibrated).count() as u32,
            brier: brier(figures, |figure| figure.published),
            brier_base_rate: brier(figures, |figure| figure.base_rate),
            brier_earlier: brier(figures, |figure| figure.earlier),
            calibration_error: bands.iter().map(off).sum::<f64>() / all,
            bands,
        }
    }

    /// As a document.
    pub fn document(&self) -> Value {
        let bands: Vec<Value> = self
            .bands
            .iter()
            .map(|band| {
                json!({
                    "from": band.from,
                    "count": band.count,
                    "predicted": rounded(band.predicted),
                    "realised": rounded(band.realised()),
                    "good": band.good,
                    "expected_min": band.expected.0,
                    "expected_max": band.expected.1,
                    "holds": band.holds(),
                })
            })
            .collect();
        json!({
            "count": self.count,
            "uncalibrated": self.uncalibrated,
            "brier": rounded(self.brier),
            "brier_base_rate": rounded(self.brier_base_rate),
            "brier_earlier": rounded(self.brier_earlier),
            "calibration_error": rounded(self.calibration_error),
            "reliability": bands,
        })
    }
}

/// Four places say all that chance leaves.
fn rounded(share: f64) -> f64 {
    (share * 1e4).round() / 1e4
}

fn brier(figures: &[Figure], of: impl Fn(&Figure) -> f64) -> f64 {
    let off = |figure: &Figure| (of(figure) - f64::from(u8::from(figure.good))).powi(2);
    figures.iter().map(off).sum::<f64>() / figures.len().max(1) as f64
}

fn band(tenth: u8, figures: &[Figure]) -> Option<Band> {
    // The last takes the whole in.
    let inside = |figure: &&Figure| ((figure.published * 10.0) as u8).min(9) == tenth;
    let inside: Vec<&Figure> = figures.iter().filter(inside).collect();
    if inside.is_empty() {
        return None;
    }
    let count = inside.len() as u32;
    let predicted = inside.iter().map(|figure| figure.published).sum::<f64>() / f64::from(count);
    let good = inside.iter().filter(|figure| figure.good).count() as u32;
    Some(Band { from: tenth * 10, count, predicted, good, expected: interval(count, predicted) })
}

/// The counts between which 99.9 % of binomial draws lie, a half of the rest on each side.
fn interval(count: u32, share: f64) -> (u32, u32) {
    const OUTSIDE: f64 = 0.001;
    let share = share.clamp(1e-9, 1.0 - 1e-9);
    let (odds, n) = ((share / (1.0 - share)).ln(), f64::from(count));
    let mut log = n * (1.0 - share).ln();
    let (mut below, mut low, mut high) = (0.0, None, count);
    for good in 0..=count {
        below += log.exp();
        if low.is_none() && below > OUTSIDE / 2.0 {
            low = Some(good);
        }
        if below >= 1.0 - OUTSIDE / 2.0 {
            high = good;
            break;
        }
        let done = f64::from(good);
        log += ((n - done) / (done + 1.0)).ln() + odds;
    }
    (low.unwrap_or(count), high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(published: f64, good: bool) -> Figure {
        Figure { published, base_rate: 0.5, earlier: 0.9, uncalibrated: false, good }
    }

    #[test]
    fn figures_that_are_always_right_have_no_error() {
        let figures: Vec<Figure> = (0..100).map(|n| figure(f64::from(n % 2), n % 2 == 1)).collect();
        let report = Report::of(&figures);
        assert_eq!(
            (report.brier, report.brier_base_rate, report.calibration_error),
            (0.0, 0.25, 0.0)
        );
        assert_eq!(report.bands.len(), 2);
        assert!(report.bands.iter().all(Band::holds));
    }

    #[test]
    fn figures_that_promise_too_much_are_found() {
        let figures: Vec<Figure> = (0..1_000).map(|n| figure(0.9, n % 10 < 8)).collect();
        let report = Report::of(&figures);
        assert!((report.calibration_error - 0.1).abs() < 1e-9);
        let [band] = report.bands[..] else { panic!("one band") };
        assert_eq!((band.from, band.count, band.good, band.holds()), (90, 1_000, 800, false));
    }

    #[test]
    fn the_interval_is_that_of_the_tables() {
        // A fair coin a hundred times: 34 to 66 leaves 0.05 % on each side.
        assert_eq!(interval(100, 0.5), (34, 66));
        assert_eq!(interval(10, 0.0), (0, 0));
        assert_eq!(interval(10, 1.0), (10, 10));
        let (low, high) = interval(4_000, 0.6);
        assert!((2_296..=2_300).contains(&low) && (2_500..=2_504).contains(&high), "{low} {high}");
    }
}
