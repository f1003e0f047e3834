//! Two clocks, two types. A [`Mono`] never meets a [`VenueTime`] without an estimate in between.

use core::fmt;

/// Who asked for a timer; shown by `status` and in the log, never compared.
pub type TimerName = &'static str;

/// A length of time in nanoseconds, never negative; up to 584 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Span(u64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// From microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// From milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// From seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// In nanoseconds.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// In whole milliseconds, rounded down.
    pub const fn millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The sum, held at the largest value instead of wrapping.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, zero when `other` is longer.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// Nanoseconds of this boot's monotonic clock. Means nothing after a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Mono(u64);

impl Mono {
    /// The start of the clock.
    pub const ZERO: Self = Self(0);
    /// Later than everything.
    pub const NEVER: Self = Self(u64::MAX);

    /// From the raw reading.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The raw reading.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// This moment plus `span`, held at [`Mono::NEVER`].
    #[must_use]
    pub const fn after(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// This moment minus `span`, held at zero.
    #[must_use]
    pub const fn before(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

/// The exchange's clock in nanoseconds since the Unix epoch. Ours is an estimate with an error.
///
/// Everything that must outlive a restart (permits, cooldowns, time stops, daily counters) is
/// kept in this clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct VenueTime(i64);

impl VenueTime {
    /// Said by nobody.
    pub const NONE: Self = Self(0);
    /// Later than everything.
    pub const NEVER: Self = Self(i64::MAX);

    /// From nanoseconds since the epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From the milliseconds that the venue speaks; held at the ends of the range.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Milliseconds since the epoch, rounded down.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Days since the epoch in UTC: the key of daily counters.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(86_400_000_000_000)
    }

    /// Whether the venue said a time at all.
    pub const fn is_some(self) -> bool {
        self.0 != 0
    }

    /// This time plus `span`.
    #[must_use]
    pub const fn after(self, span: Span) -> Self {
        let nanos = if span.0 > i64::MAX as u64 { i64::MAX } else { span.0 as i64 };
        Self(self.0.saturating_add(nanos))
    }

    /// This time minus `span`.
    #[must_use]
    pub const fn before(self, span: Span) -> Self {
        let nanos = if span.0 > i64::MAX as u64 { i64::MAX } else { span.0 as i64 };
        Self(self.0.saturating_sub(nanos))
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    pub const fn since(self, earlier: Self) -> Span {
        let gap = self.0.saturating_sub(earlier.0);
        if gap < 0 { Span(0) } else { Span(gap as u64) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} ms", self.0 / 1_000_000, self.0 / 1_000 % 1_000)
    }
}
