//! Times that people type and read: UTC, to the second.

/// Milliseconds since the epoch, from such a number or from `2026-11-20T12:00:00Z`.
pub(super) fn parse_ms(text: &str) -> Result<i64, String> {
    let wrong = || {
        format!(
            "--opens-at is {text:?}; it must be a time in UTC such as 2026-11-20T12:00:00Z, or \
             milliseconds since the epoch"
        )
    };
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let ms: i64 = text.parse().map_err(|_| wrong())?;
        // Seconds in place of milliseconds would be a moment of 1970.
        return if ms >= 1_000_000_000_000 { Ok(ms) } else { Err(wrong()) };
    }
    utc(text).ok_or_else(wrong)
}

fn utc(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let part = |text: &str, len: usize| {
        let digits = text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<i64>().ok()).flatten()
    };
    let mut date = date.split('-');
    let (year, month, day) =
        (part(date.next()?, 4)?, part(date.next()?, 2)?, part(date.next()?, 2)?);
    let mut time = time.split(':');
    let (hour, minute, second) =
        (part(time.next()?, 2)?, part(time.next()?, 2)?, part(time.next()?, 2)?);
    let whole = date.next().is_none() && time.next().is_none();
    let clock = hour < 24 && minute < 60 && second < 60;
    let days = days_of(year, month, day);
    if !whole || !clock || civil(days) != (year, month, day) {
        return None;
    }
    Some((days * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000)
}

/// A time of the exchange in UTC.
pub(super) fn show(nanos: i64) -> String {
    let seconds = nanos.div_euclid(1_000_000_000);
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let rest = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Days since the epoch of a date in the proleptic calendar: years begin in March, so that the
/// leap day is the last.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let shifted = (month + 9) % 12;
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year
        - 719_468
}

/// The date of a day since the epoch.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + years + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_as_it_is_shown_over_two_centuries() {
        for day in 0..73_000 {
            let seconds = day * 86_400 + 86_399 - day % 86_400;
            let shown = show(seconds * 1_000_000_000);
            let typed = format!("{}Z", shown.replace(' ', "T"));
            assert_eq!(parse_ms(&typed).ok().or_else(|| utc(&typed)), Some(seconds * 1_000));
        }
        assert_eq!(parse_ms("2026-02-28T23:59:59Z"), Ok(1_772_323_199_000));
        assert_eq!(parse_ms("1790000000000"), Ok(1_790_000_000_000));
    }

    #[test]
    fn what_is_no_time_is_named_with_an_example() {
        let wrong = ["", "now", "2026-02-30T00:00:00Z", "2026-11-20 12:00:00", "1790000000"];
        for text in wrong.into_iter().chain(["2026-11-20T24:00:00Z", "26-11-20T12:00:00Z"]) {
            let error = parse_ms(text).unwrap_err();
            assert!(error.contains(&format!("{text:?}")), "{error}");
            assert!(error.contains("2026-11-20T12:00:00Z"), "{error}");
        }
    }
}
