//! Candles: minutes are kept, every wider window is summed from them.

use std::collections::VecDeque;

use model::{Amount, Price, VenueTime};

use crate::book::Scale;
use crate::market::Trade;
use crate::rng::Rng;

/// Minutes kept: a week.
const MINUTES_MAX: usize = 7 * 24 * 60;
/// Minutes of invented past that a pair which has traded for long starts with: the widest reply
/// of one-minute candles and a day of statistics fit.
const PAST_MINUTES: i64 = 1_500;
/// Largest change of an invented minute, ten-thousandths.
const PAST_STEP_BPS: i64 = 6;

/// Prices and volumes of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candle {
    /// Start of the window, seconds since the epoch.
    pub(crate) start_s: i64,
    pub(crate) open: Price,
    pub(crate) high: Price,
    pub(crate) low: Price,
    pub(crate) close: Price,
    pub(crate) base: Amount,
    pub(crate) quote: Amount,
}

impl Candle {
    fn add(&mut self, other: &Candle) {
        self.high = self.high.max(other.high);
        self.low = self.low.min(other.low);
        self.close = other.close;
        self.base = self.base.plus_or_max(other.base);
        self.quote = self.quote.plus_or_max(other.quote);
    }

    /// A window without a deal after one that closed at `close`.
    pub(crate) fn flat(start_s: i64, close: Price) -> Self {
        let (base, quote) = (Amount::ZERO, Amount::ZERO);
        Self { start_s, open: close, high: close, low: close, close, base, quote }
    }
}

/// The minutes of one pair, oldest first; minutes without a deal are left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Candles {
    minutes: VecDeque<Candle>,
}

impl Candles {
    pub(crate) fn add(&mut self, trade: &Trade, scale: Scale) {
        let one = Candle {
            start_s: trade.at.millis().div_euclid(60_000) * 60,
            open: trade.price,
            high: trade.price,
            low: trade.price,
            close: trade.price,
            base: Amount::of_qty(trade.qty, scale.qty).unwrap_or(Amount::ZERO),
            quote: scale.notional(trade.price, trade.qty).unwrap_or(Amount::ZERO),
        };
        match self.minutes.back_mut() {
            Some(last) if last.start_s == one.start_s => last.add(&one),
            _ => self.push(one),
        }
    }

    /// A past that ends at `price` before the minute of `now`, about `notional` dealt a minute.
    pub(crate) fn invent(
        &mut self,
        now: VenueTime,
        price: Price,
        notional: Amount,
        scale: Scale,
        mut rng: Rng,
    ) {
        let this_minute = now.millis().div_euclid(60_000) * 60;
        let mut close = price;
        let mut past = Vec::new();
        for back in 1..=PAST_MINUTES {
            let mut step = || rng.between(-PAST_STEP_BPS, PAST_STEP_BPS);
            let round = model::Round::Down;
            let open = close.shift_bps(step(), round).unwrap_or(close);
            let high = open.max(close).shift_bps(step().abs(), round).unwrap_or(close);
            let low = open.min(close).shift_bps(-step().abs(), round).unwrap_or(close);
            let share = rng.between(100, 1_900) as i128;
            let quote = Amount::from_raw(notional.raw() / 1_000 * share);
            let qty = quote.qty_at(close, scale.price, scale.qty).unwrap_or_default();
            past.push(Candle {
                start_s: this_minute - back * 60,
                open,
                high: high.max(open).max(close),
                low: low.min(open).min(close),
                close,
                base: Amount::of_qty(qty, scale.qty).unwrap_or(Amount::ZERO),
                quote: scale.notional(close, qty).unwrap_or(Amount::ZERO),
            });
            close = open;
        }
        past.into_iter().rev().for_each(|candle| self.push(candle));
    }

    /// The sum of the minutes from `start_s` on; `None` without a deal in them.
    pub(crate) fn since(&self, start_s: i64) -> Option<Candle> {
        let first = self.minutes.partition_point(|candle| candle.start_s < start_s);
        let mut all = self.minutes.iter().skip(first);
        let mut sum = Candle { start_s, ..*all.next()? };
        all.for_each(|candle| sum.add(candle));
        Some(sum)
    }

    /// The last price dealt before `start_s`.
    pub(crate) fn close_before(&self, start_s: i64) -> Option<Price> {
        let first = self.minutes.partition_point(|candle| candle.start_s < start_s);
        first.checked_sub(1).map(|at| self.minutes[at].close)
    }

    /// The running window of `width`.
    pub(crate) fn running(&self, now: VenueTime, width: Width) -> Option<Candle> {
        let start_s = width.start(now.millis().div_euclid(1_000));
        let flat = || self.close_before(start_s).map(|close| Candle::flat(start_s, close));
        self.since(start_s).or_else(flat)
    }

    /// At most `limit` windows of `width` that start within `from_s..=to_s`, without holes: the
    /// oldest from `from_s` on, or the newest when there is no such start.
    pub(crate) fn windows(
        &self,
        now: VenueTime,
        width: Width,
        (from_s, to_s): (Option<i64>, i64),
        limit: usize,
    ) -> Vec<Candle> {
        let mut all = Vec::new();
        let Some(oldest) = self.minutes.front() else { return all };
        let end = to_s.min(now.millis().div_euclid(1_000));
        let first = match from_s {
            // The first window that starts no earlier.
            Some(from) if width.start(from) < from => width.end(width.start(from)),
            Some(from) => from,
            None => width.before(width.start(end), limit.saturating_sub(1)),
        };
        let mut start = first.max(width.start(oldest.start_s));
        let skipped = self.minutes.partition_point(|minute| minute.start_s < start);
        let mut minutes = self.minutes.iter().skip(skipped).peekable();
        let mut close = self.close_before(start).unwrap_or(oldest.open);
        while start <= end && all.len() < limit {
            let next = width.end(start);
            let mut sum: Option<Candle> = None;
            while let Some(minute) = minutes.next_if(|minute| minute.start_s < next) {
                match &mut sum {
                    Some(sum) => sum.add(minute),
                    None => sum = Some(Candle { start_s: start, ..*minute }),
                }
            }
            let window = sum.unwrap_or_else(|| Candle::flat(start, close));
            close = window.close;
            all.push(window);
            start = next;
        }
        all
    }

    fn push(&mut self, candle: Candle) {
        if self.minutes.len() == MINUTES_MAX {
            self.minutes.pop_front();
        }
        self.minutes.push_back(candle);
    }
}

/// A candle width by its names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    /// On streams.
    pub(crate) stream: &'static str,
    /// Over REST.
    pub(crate) rest: &'static str,
    pub(crate) width: Width,
}

const fn interval(stream: &'static str, rest: &'static str, width: Width) -> Interval {
    Interval { stream, rest, width }
}

/// Every width.
pub(crate) const INTERVALS: [Interval; 10] = [
    interval("Min1", "1m", Width::Minutes(1)),
    interval("Min5", "5m", Width::Minutes(5)),
    interval("Min15", "15m", Width::Minutes(15)),
    interval("Min30", "30m", Width::Minutes(30)),
    interval("Min60", "60m", Width::Minutes(60)),
    interval("Hour4", "4h", Width::Minutes(240)),
    interval("Hour8", "8h", Width::Minutes(480)),
    interval("Day1", "1d", Width::Minutes(1_440)),
    interval("Week1", "1W", Width::Week),
    interval("Month1", "1M", Width::Month),
];

const DAY_S: i64 = 86_400;

/// Length of a window; all are cut in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// From midnight on.
    Minutes(i64),
    /// From Monday on.
    Week,
    /// From the first of the month on.
    Month,
}

impl Width {
    /// Start of the window that holds a second.
    pub(crate) fn start(self, second: i64) -> i64 {
        let day = second.div_euclid(DAY_S);
        match self {
            Self::Minutes(minutes) => second.div_euclid(minutes * 60) * minutes * 60,
            // The epoch was a Thursday.
            Self::Week => ((day + 3).div_euclid(7) * 7 - 3) * DAY_S,
            Self::Month => (day - day_of_month(day) + 1) * DAY_S,
        }
    }

    /// Start of the window that lies `count` windows before the one that starts at `start`.
    fn before(self, start: i64, count: usize) -> i64 {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        match self {
            Self::Minutes(minutes) => start.saturating_sub(count.saturating_mul(minutes * 60)),
            Self::Week => start.saturating_sub(count.saturating_mul(7 * DAY_S)),
            Self::Month => (0..count.min(1_000)).fold(start, |start, _| self.start(start - 1)),
        }
    }

    /// First second after the window that starts at `start`.
    pub(crate) fn end(self, start: i64) -> i64 {
        match self {
            Self::Minutes(minutes) => start + minutes * 60,
            Self::Week => start + 7 * DAY_S,
            // 31 days on lies in the next month, whatever this one is.
            Self::Month => self.start(start + 31 * DAY_S),
        }
    }
}

/// Day of the month, from 1, of a day since the epoch.
fn day_of_month(day: i64) -> i64 {
    calendar(day).2
}

/// A second since the epoch as HTTP writes it: `Fri, 20 Nov 2026 00:00:05 GMT`.
pub(crate) fn http_date(second: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (day, in_day) = (second.div_euclid(DAY_S), second.rem_euclid(DAY_S));
    let (year, month, date) = calendar(day);
    format!(
        "{}, {date:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        DAYS[day.rem_euclid(7) as usize],
        MONTHS[month as usize],
        in_day / 3_600,
        in_day / 60 % 60,
        in_day % 60,
    )
}

/// Year, month from 0, and day of the month from 1, of a day since the epoch.
fn calendar(day: i64) -> (i64, i64, i64) {
    // Years from March on, so that a leap day ends its year; eras of 400 years repeat.
    let from_march = day + 719_468;
    let in_era = from_march.rem_euclid(146_097);
    let year = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year + year / 4 - year / 100);
    let month = (5 * in_year + 2) / 153;
    let date = in_year - (153 * month + 2) / 5 + 1;
    // January and February end the year that began in March.
    let (month, later) = if month < 10 { (month + 2, 0) } else { (month - 10, 1) };
    (from_march.div_euclid(146_097) * 400 + year + later, month, date)
}

#[cfg(test)]
mod tests {
    use model::{Qty, Side};

    use super::*;

    const SCALE: Scale = Scale { price: 2, qty: 3 };

    fn trade(second: i64, price: i64) -> Trade {
        Trade {
            id: 1,
            price: Price::from_raw(price).unwrap(),
            qty: Qty::from_raw(1_000).unwrap(),
            taker: Side::Buy,
            at: VenueTime::from_millis(second * 1_000),
        }
    }

    #[test]
    fn weeks_start_on_monday_and_months_on_their_first() {
        // 2026-11-20 was a Friday.
        let friday = 1_795_132_800;
        assert_eq!(Width::Week.start(friday), friday - 4 * DAY_S);
        assert_eq!(Width::Month.start(friday + 5), friday - 19 * DAY_S);
        assert_eq!(Width::Month.end(friday - 19 * DAY_S), friday + 11 * DAY_S);
        // February of a leap year: 2024-02-01 to 2024-03-01.
        assert_eq!(Width::Month.end(1_706_745_600), 1_706_745_600 + 29 * DAY_S);
    }

    #[test]
    fn a_second_is_written_as_http_wants_it() {
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(951_782_399), "Mon, 28 Feb 2000 23:59:59 GMT");
        assert_eq!(http_date(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(http_date(1_795_132_805), "Fri, 20 Nov 2026 00:00:05 GMT");
        assert_eq!(http_date(1_798_761_599), "Thu, 31 Dec 2026 23:59:59 GMT");
    }

    #[test]
    fn windows_have_no_holes_and_the_newest_stay() {
        let mut candles = Candles::default();
        for (second, price) in [(60, 100), (70, 130), (250, 90)] {
            candles.add(&trade(second, price), SCALE);
        }
        let now = VenueTime::from_millis(300_000);
        let all = candles.windows(now, Width::Minutes(1), (None, i64::MAX), 10);
        let shown: Vec<_> =
            all.iter().map(|c| (c.start_s, c.open.raw(), c.high.raw(), c.close.raw())).collect();
        assert_eq!(
            shown,
            [
                (60, 100, 130, 130),
                (120, 130, 130, 130),
                (180, 130, 130, 130),
                (240, 90, 90, 90),
                (300, 90, 90, 90)
            ]
        );
        let starts = |span, limit| -> Vec<i64> {
            let some = candles.windows(now, Width::Minutes(1), span, limit);
            some.iter().map(|candle| candle.start_s).collect()
        };
        assert_eq!(starts((None, 240), 2), [180, 240], "the newest");
        assert_eq!(starts((Some(61), 999), 2), [120, 180], "the oldest from there on");
        assert_eq!(starts((Some(180), 200), 9), [180]);
        assert!(starts((Some(400), 999), 9).is_empty());
        assert_eq!(candles.windows(now, Width::Week, (None, i64::MAX), 9).len(), 1);
        assert_eq!(candles.windows(now, Width::Month, (None, i64::MAX), 9).len(), 1);
        let five = candles.windows(now, Width::Minutes(5), (Some(0), 299), 10);
        assert_eq!(five.len(), 1);
        assert_eq!(five[0].base, Amount::from_units(3));
    }

    #[test]
    fn an_invented_past_ends_at_the_price_and_every_candle_is_possible() {
        let mut candles = Candles::default();
        let (price, notional) = (Price::from_raw(250_000).unwrap(), Amount::from_units(5_000));
        let now = VenueTime::from_millis(1_800_000_000_000);
        candles.invent(now, price, notional, SCALE, Rng::new(1, "past"));
        assert_eq!(candles.minutes.len() as i64, PAST_MINUTES);
        assert_eq!(candles.minutes.back().unwrap().close, price);
        assert!(candles.minutes.iter().all(|c| c.low <= c.open.min(c.close)
            && c.high >= c.open.max(c.close)
            && c.quote > Amount::ZERO));
    }
}
