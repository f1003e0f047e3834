//! Days and moments of UTC, read and written.

const DAY_NS: i64 = 86_400_000_000_000;

/// Nanoseconds of the first moment of a day since the epoch.
pub const fn begin(day: i64) -> i64 {
    day.saturating_mul(DAY_NS)
}

/// The day since the epoch that a moment in nanoseconds lies in.
pub const fn of(at: i64) -> i64 {
    at.div_euclid(DAY_NS)
}

/// Reads `2026-11-20`; `None` for anything else, and for a day that the calendar has not.
pub fn parse(text: &str) -> Option<i64> {
    let digits = |part: &str, len: usize| {
        let sound = part.len() == len && part.bytes().all(|byte| byte.is_ascii_digit());
        sound.then(|| part.parse::<i64>().ok()).flatten()
    };
    let mut parts = text.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let date = digits(parts.next()?, 2)?;
    let plain = parts.next().is_none() && (1..=12).contains(&month) && (1..=31).contains(&date);
    let day = plain.then(|| of_date(year, month, date))?;
    // The 31st of a month with 30 days is the first of the next.
    (print(day) == text).then_some(day)
}

/// Writes `2026-11-20`.
pub fn print(day: i64) -> String {
    let (year, month, date) = date_of(day);
    format!("{year:04}-{month:02}-{date:02}")
}

/// Writes a moment in nanoseconds as `2026-11-20T13:38:40.000000000Z`.
pub fn moment(at: i64) -> String {
    let rest = at.rem_euclid(DAY_NS);
    let (secs, nanos) = (rest / 1_000_000_000, rest % 1_000_000_000);
    let (hours, minutes, secs) = (secs / 3_600, secs / 60 % 60, secs % 60);
    format!("{}T{hours:02}:{minutes:02}:{secs:02}.{nanos:09}Z", print(of(at)))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March, so that
/// the leap day is the last of its year; 400 years have 146,097 days.
fn of_date(year: i64, month: i64, date: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = (month + 9) % 12;
    let of_year = (153 * from_march + 2) / 5 + date - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn date_of(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let date = of_year - (153 * from_march + 2) / 5 + 1;
    let month = (from_march + 2) % 12 + 1;
    (era * 400 + year + i64::from(month <= 2), month, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days_are_read_and_written() {
        for (text, day) in
            [("1970-01-01", 0), ("2000-02-29", 11_016), ("2026-11-20", 20_777), ("1969-12-31", -1)]
        {
            assert_eq!(parse(text), Some(day), "{text}");
            assert_eq!(print(day), text);
        }
    }

    #[test]
    fn every_day_of_four_hundred_years_comes_back() {
        for day in -20_000..130_000 {
            assert_eq!(parse(&print(day)), Some(day));
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in ["", "2026-02-29", "2026-13-01", "2026-1-1", "2026-01-01-", "20260101", "x"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_has_its_nanoseconds() {
        assert_eq!(moment(begin(20_777) + 1), "2026-11-20T00:00:00.000000001Z");
        assert_eq!(moment(begin(20_778) - 1), "2026-11-20T23:59:59.999999999Z");
    }
}
