//! Two clocks, two types. A [`Mono`] never meets a [`VenueTime`] without the scene's word on both.

/// A length of time in nanoseconds; the difference of two times may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Span(pub i64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From milliseconds, as a parameter of type `milliseconds` is.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// From seconds.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// In whole milliseconds, towards zero.
    pub const fn millis(self) -> i64 {
        self.0 / 1_000_000
    }
}

/// Nanoseconds of our monotonic clock. Means nothing after a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Mono(pub i64);

/// The exchange's clock in nanoseconds since the epoch; what must outlive a restart is kept in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct VenueTime(pub i64);

macro_rules! clock {
    ($name:ident) => {
        impl $name {
            /// This moment plus `span`, held at the ends of the range.
            #[must_use]
            pub const fn after(self, span: Span) -> Self {
                Self(self.0.saturating_add(span.0))
            }

            /// From `earlier` to this moment; negative when that lies ahead.
            pub const fn since(self, earlier: Self) -> Span {
                Span(self.0.saturating_sub(earlier.0))
            }
        }
    };
}

clock!(Mono);
clock!(VenueTime);

impl VenueTime {
    /// `None` for [`abi::NO_TIME`].
    #[inline]
    pub const fn known(nanos: i64) -> Option<Self> {
        if nanos == abi::NO_TIME { None } else { Some(Self(nanos)) }
    }
}
