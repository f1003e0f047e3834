//! Estimates the exchange's clock from its answers to `GET /api/v3/time`.
//!
//! An answer with server time S, asked at `sent` and read at `received`, proves that the offset
//! (exchange's clock minus ours) lay between S - received and S + 1 ms - sent: the server says
//! whole milliseconds, rounded down, at some moment between the two. No assumption about how a
//! round trip divides into its two ways is needed. Each proof ages by the drift the two clocks may
//! have against each other, and the estimate is the intersection of all proofs. What lies outside
//! the intersection of honest proofs is impossible, so an empty one means that a clock jumped.

use core::fmt;

use model::{ClockSample, Mono, Span, VenueTime};

/// Settings of the estimator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockConfig {
    /// The clocks move against each other by at most this much, in parts per million.
    pub drift_ppm: u32,
    /// Answers that took longer prove too little and are refused.
    pub round_trip_max: Span,
}

impl Default for ClockConfig {
    /// 50 ppm: a bad quartz on one side and a disciplined clock on the other. 2 s.
    fn default() -> Self {
        Self { drift_ppm: 50, round_trip_max: Span::from_secs(2) }
    }
}

/// The offset as an interval that only proofs narrow and only time widens.
#[derive(Clone, Debug)]
pub struct ClockEstimator {
    config: ClockConfig,
    bounds: Option<Bounds>,
    round_trips: RoundTrips,
    jumps: u32,
}

#[derive(Clone, Copy, Debug)]
struct Bounds {
    at: Mono,
    low: i64,
    high: i64,
}

/// What one answer made of the estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockUpdate {
    /// The estimate at the moment the answer was read.
    pub sample: ClockSample,
    /// Whether the answer contradicts the ones before it: the estimate began again with it alone.
    pub jumped: bool,
}

/// The exchange's clock has this resolution in its answers.
const RESOLUTION: i64 = 1_000_000;

/// 2100 in milliseconds: later times are no times, and nanoseconds of them still fit.
const SERVER_MS_MAX: i64 = 4_102_444_800_000;

impl ClockEstimator {
    /// Knows nothing.
    pub const fn new(config: ClockConfig) -> Self {
        Self { config, bounds: None, round_trips: RoundTrips::new(), jumps: 0 }
    }

    /// Takes one answer. `sent` must not be later than the moment the question left, and
    /// `received` not earlier than the moment the answer was there.
    ///
    /// # Errors
    /// [`SampleError`]; the estimate is unchanged.
    pub fn handle_sample(
        &mut self,
        sent: Mono,
        received: Mono,
        server_ms: i64,
    ) -> Result<ClockUpdate, SampleError> {
        if received < sent {
            return Err(SampleError::Backwards { sent, received });
        }
        let round_trip = received.since(sent);
        if round_trip > self.config.round_trip_max {
            return Err(SampleError::TooSlow { round_trip, max: self.config.round_trip_max });
        }
        if !(1..=SERVER_MS_MAX).contains(&server_ms) {
            return Err(SampleError::NoTime { server_ms });
        }
        let server = VenueTime::from_millis(server_ms).nanos();
        let (Ok(sent_nanos), Ok(received_nanos)) =
            (i64::try_from(sent.nanos()), i64::try_from(received.nanos()))
        else {
            return Err(SampleError::NoTime { server_ms });
        };
        // The proof holds for a moment before `received`; until then the clocks may have drifted.
        let drift = self.drift(round_trip);
        let low = server - received_nanos - drift;
        let high = server + RESOLUTION - sent_nanos + drift;
        let old = self.bounds.filter(|old| old.at <= received).map(|old| self.aged(old, received));
        let both = old.map(|old| (old.low.max(low), old.high.min(high)));
        let jumped = both.is_some_and(|(low, high)| low > high);
        if jumped {
            self.jumps = self.jumps.saturating_add(1);
            self.round_trips = RoundTrips::new();
        }
        let (low, high) = both.filter(|_| !jumped).unwrap_or((low, high));
        self.bounds = Some(Bounds { at: received, low, high });
        self.round_trips.push(round_trip);
        Ok(ClockUpdate { sample: self.sample_of(low, high), jumped })
    }

    /// The estimate at `now`; its error grows until the next answer. `None` before the first.
    pub fn at(&self, now: Mono) -> Option<ClockSample> {
        let bounds = self.aged(self.bounds?, now);
        Some(self.sample_of(bounds.low, bounds.high))
    }

    /// The exchange's clock at `now`, at most [`ClockSample::error`] away.
    pub fn venue_time(&self, now: Mono) -> Option<VenueTime> {
        let nanos = i64::try_from(now.nanos()).ok()?;
        Some(VenueTime::from_nanos(nanos.saturating_add(self.at(now)?.offset)))
    }

    /// How often an answer contradicted the ones before it.
    pub fn jumps(&self) -> u32 {
        self.jumps
    }

    fn aged(&self, bounds: Bounds, now: Mono) -> Bounds {
        let drift = self.drift(now.since(bounds.at));
        Bounds {
            at: now,
            low: bounds.low.saturating_sub(drift),
            high: bounds.high.saturating_add(drift),
        }
    }

    /// Rounded up; one more nanosecond for the rounding of the bounds themselves.
    fn drift(&self, age: Span) -> i64 {
        let parts = u128::from(age.nanos()) * u128::from(self.config.drift_ppm);
        i64::try_from(parts.div_ceil(1_000_000) + 1).unwrap_or(i64::MAX / 4)
    }

    fn sample_of(&self, low: i64, high: i64) -> ClockSample {
        let width = high.abs_diff(low);
        let offset = low.saturating_add_unsigned(width / 2);
        let error = Span::from_nanos(width.div_ceil(2));
        ClockSample { offset, error, round_trip: self.round_trips.least() }
    }
}

/// The last round trips, of which the least tells how good the way is.
#[derive(Clone, Debug)]
struct RoundTrips {
    spans: [Span; Self::KEPT],
    count: usize,
}

impl RoundTrips {
    const KEPT: usize = 64;

    const fn new() -> Self {
        Self { spans: [Span::ZERO; Self::KEPT], count: 0 }
    }

    fn push(&mut self, span: Span) {
        self.spans[self.count % Self::KEPT] = span;
        // Counted past the end so that the oldest is overwritten next.
        self.count = if self.count >= 2 * Self::KEPT - 1 { Self::KEPT } else { self.count + 1 };
    }

    fn least(&self) -> Span {
        let kept = self.count.min(Self::KEPT);
        self.spans[..kept].iter().copied().min().unwrap_or(Span::ZERO)
    }
}

/// Why an answer proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleError {
    /// It was read before it was asked.
    Backwards {
        /// When it was asked.
        sent: Mono,
        /// When it was read.
        received: Mono,
    },
    /// It took too long.
    TooSlow {
        /// How long.
        round_trip: Span,
        /// How long it may take.
        max: Span,
    },
    /// A time out of this century, or a clock of ours beyond all bounds.
    NoTime {
        /// What the server said.
        server_ms: i64,
    },
}

impl fmt::Display for SampleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backwards { sent, received } => {
                write!(f, "asked at {} ns and read at {} ns", sent.nanos(), received.nanos())
            }
            Self::TooSlow { round_trip, max } => write!(f, "took {round_trip}, {max} at most"),
            Self::NoTime { server_ms } => write!(f, "{server_ms} is no server time"),
        }
    }
}

impl core::error::Error for SampleError {}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH_MS: i64 = 1_790_145_267_773;

    /// A world with a true clock: the venue's is `offset + drift x time` ahead of ours.
    struct World {
        random: u64,
        now: u64,
        gap: u64,
        offset: i64,
        drift_ppb: i64,
    }

    impl World {
        fn new(seed: u64) -> Self {
            let (now, gap) = (5_000_000_000, 2_000_000_000);
            let mut world = Self { random: seed, now, gap, offset: 0, drift_ppb: 0 };
            world.offset = EPOCH_MS * 1_000_000 + world.below(1_000_000_000) as i64;
            world.drift_ppb = world.below(100_001) as i64 - 50_000;
            world
        }

        fn below(&mut self, bound: u64) -> u64 {
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            self.random % bound
        }

        fn offset_at(&self, now: u64) -> i64 {
            let drift = i128::from(now) * i128::from(self.drift_ppb) / 1_000_000_000;
            self.offset + drift as i64
        }

        /// One question with any split of the round trip, mostly short, sometimes very long.
        fn ask(&mut self) -> (Mono, Mono, i64) {
            self.now += self.below(self.gap);
            let sent = self.now;
            let slow = if self.below(8) == 0 { 400_000_000 } else { 3_000_000 };
            self.now += 50_000 + self.below(slow);
            let venue = self.now as i64 + self.offset_at(self.now);
            self.now += 50_000 + self.below(slow);
            (Mono::from_nanos(sent), Mono::from_nanos(self.now), venue.div_euclid(1_000_000))
        }
    }

    #[test]
    fn the_true_offset_always_lies_within_the_error() {
        for seed in 1..200 {
            let mut world = World::new(seed * 7_919);
            let mut clock = ClockEstimator::new(ClockConfig::default());
            for _ in 0..200 {
                let (sent, received, server) = world.ask();
                let update = clock.handle_sample(sent, received, server).unwrap();
                assert!(!update.jumped, "seed {seed}");
                within(&world, &clock, received);
                world.now += world.below(10_000_000_000);
                within(&world, &clock, Mono::from_nanos(world.now));
            }
        }
    }

    #[test]
    fn many_answers_know_more_than_the_best_of_them() {
        let mut world = World::new(42);
        world.gap = 20_000_000;
        let mut clock = ClockEstimator::new(ClockConfig::default());
        let mut best_alone = Span::from_secs(1);
        let mut error = best_alone;
        for _ in 0..400 {
            let (sent, received, server) = world.ask();
            let mut alone = ClockEstimator::new(ClockConfig::default());
            let alone = alone.handle_sample(sent, received, server).unwrap().sample.error;
            best_alone = best_alone.min(alone);
            error = clock.handle_sample(sent, received, server).unwrap().sample.error;
        }
        assert!(error < best_alone, "{error} against {best_alone}");
    }

    #[test]
    fn a_jump_of_either_clock_is_noticed_and_the_estimate_begins_again() {
        for step in [-3_600_000_000_000, -900_000_000, 900_000_000, 86_400_000_000_000_i64] {
            let mut world = World::new(77);
            let mut clock = ClockEstimator::new(ClockConfig::default());
            for _ in 0..50 {
                let (sent, received, server) = world.ask();
                clock.handle_sample(sent, received, server).unwrap();
            }
            world.offset += step;
            let mut jumped = false;
            for _ in 0..20 {
                let (sent, received, server) = world.ask();
                jumped |= clock.handle_sample(sent, received, server).unwrap().jumped;
            }
            assert!(jumped, "step {step}");
            assert_eq!(clock.jumps(), 1);
            within(&world, &clock, Mono::from_nanos(world.now));
        }
    }

    #[test]
    fn one_answer_is_worth_its_round_trip_and_a_millisecond() {
        let mut clock = ClockEstimator::new(ClockConfig { drift_ppm: 0, ..Default::default() });
        let (sent, received) = (Mono::from_nanos(1_000_000), Mono::from_nanos(5_000_000));
        let sample = clock.handle_sample(sent, received, EPOCH_MS).unwrap().sample;
        assert_eq!(sample.round_trip, Span::from_millis(4));
        assert_eq!(sample.error, Span::from_nanos(2_500_001));
        let middle = EPOCH_MS * 1_000_000 + 500_000 - 3_000_000;
        assert!(sample.offset.abs_diff(middle) <= 1);
        let now = clock.venue_time(received).unwrap();
        assert!(now.since(VenueTime::from_millis(EPOCH_MS)) <= Span::from_millis(5));
    }

    #[test]
    fn the_error_grows_while_nothing_is_heard() {
        let mut clock = ClockEstimator::new(ClockConfig::default());
        assert_eq!(clock.at(Mono::ZERO), None);
        let at = Mono::from_nanos(2_000_000);
        let first = clock.handle_sample(Mono::ZERO, at, EPOCH_MS).unwrap().sample;
        let later = clock.at(at.after(Span::from_secs(100))).unwrap();
        let growth = later.error.minus(first.error);
        assert!(growth >= Span::from_millis(5) && growth < Span::from_micros(5_001), "{growth}");
    }

    #[test]
    fn answers_that_prove_nothing_are_refused_with_their_figures() {
        let mut clock = ClockEstimator::new(ClockConfig::default());
        let (early, late) = (Mono::from_nanos(1), Mono::from_nanos(3_000_000_000));
        assert_eq!(
            clock.handle_sample(late, early, EPOCH_MS),
            Err(SampleError::Backwards { sent: late, received: early })
        );
        assert!(matches!(
            clock.handle_sample(early, late, EPOCH_MS),
            Err(SampleError::TooSlow { .. })
        ));
        for server_ms in [i64::MIN, -1, 0, SERVER_MS_MAX + 1, i64::MAX] {
            assert_eq!(
                clock.handle_sample(early, early, server_ms),
                Err(SampleError::NoTime { server_ms })
            );
        }
        let never = Mono::NEVER;
        assert!(clock.handle_sample(never, never, EPOCH_MS).is_err());
        assert_eq!(clock.at(late), None);
    }

    #[test]
    fn the_least_round_trip_is_forgotten_after_a_window() {
        let mut trips = RoundTrips::new();
        trips.push(Span::from_nanos(1));
        for _ in 0..RoundTrips::KEPT - 1 {
            trips.push(Span::from_nanos(9));
        }
        assert_eq!(trips.least(), Span::from_nanos(1));
        trips.push(Span::from_nanos(8));
        assert_eq!(trips.least(), Span::from_nanos(8));
        for _ in 0..1_000 {
            trips.push(Span::from_nanos(9));
        }
        assert_eq!(trips.least(), Span::from_nanos(9));
    }

    fn within(world: &World, clock: &ClockEstimator, now: Mono) {
        let sample = clock.at(now).unwrap();
        let truth = world.offset_at(now.nanos());
        let away = sample.offset.abs_diff(truth);
        assert!(away <= sample.error.nanos(), "{away} ns away, error {}", sample.error);
    }
}
