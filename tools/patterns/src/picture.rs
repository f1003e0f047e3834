//! A reliability diagram: predicted against realised, and how much chance may shift it.

use std::fmt::Write as _;

use crate::Report;

/// Pixels of one side of a diagram's plane.
const SIDE: f64 = 220.0;
/// Around it, for words.
const MARGIN: f64 = 40.0;
/// From one diagram to the next.
const PITCH: f64 = SIDE + 2.0 * MARGIN;

/// The diagrams of several reports beside each other, as SVG.
pub fn picture(reports: &[(&str, Report)]) -> String {
    let (width, height) = (PITCH * reports.len() as f64, SIDE + 2.0 * MARGIN + 40.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"sans-serif\" font-size=\"11\" fill=\"#222\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (nth, (name, report)) in reports.iter().enumerate() {
        let left = PITCH * nth as f64 + MARGIN;
        let _ = writeln!(out, "<g transform=\"translate({left} {MARGIN})\">");
        plane(&mut out, name, report);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn plane(out: &mut String, name: &str, report: &Report) {
    let _ = writeln!(
        out,
        "<text x=\"0\" y=\"-14\" font-size=\"14\" font-weight=\"bold\">{name}</text>\n\
         <rect width=\"{SIDE}\" height=\"{SIDE}\" fill=\"#fafafa\" stroke=\"#999\"/>\n\
         <line x1=\"0\" y1=\"{SIDE}\" x2=\"{SIDE}\" y2=\"0\" stroke=\"#999\" stroke-dasharray=\"4 4\"/>"
    );
    for tick in [0, 50, 100] {
        let at = SIDE * f64::from(tick) / 100.0;
        let _ = writeln!(
            out,
            "<text x=\"{at}\" y=\"{}\" text-anchor=\"middle\">{tick}</text>\n\
             <text x=\"-6\" y=\"{}\" text-anchor=\"end\">{tick}</text>",
            SIDE + 14.0,
            SIDE - at + 4.0,
        );
    }
    for band in &report.bands {
        let (x, all) = (SIDE * band.predicted, f64::from(band.count));
        let y = |share: f64| SIDE * (1.0 - share);
        let (low, high) = (f64::from(band.expected.0) / all, f64::from(band.expected.1) / all);
        let colour = if band.holds() { "#1f77b4" } else { "#d62728" };
        let radius = 2.0 + 6.0 * (all / f64::from(report.count.max(1))).sqrt();
        let _ = writeln!(
            out,
            "<line x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{:.1}\" stroke=\"#bbb\" \
             stroke-width=\"5\"/>\n<circle cx=\"{x:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\" \
             fill=\"{colour}\"><title>{} figures, mean {:.1} %, realised {:.1} %</title></circle>",
            y(high),
            y(low),
            y(band.realised()),
            band.count,
            band.predicted * 100.0,
            band.realised() * 100.0,
        );
    }
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">published, % &#8594; realised, %</text>\n\
         <text x=\"0\" y=\"{}\">Brier {:.4}, base rate {:.4}, earlier {:.4}</text>\n\
         <text x=\"0\" y=\"{}\">calibration error {:.1} points, {} figures</text>",
        SIDE / 2.0,
        SIDE + 28.0,
        SIDE + 46.0,
        report.brier,
        report.brier_base_rate,
        report.brier_earlier,
        SIDE + 60.0,
        report.calibration_error * 100.0,
        report.count,
    );
}
