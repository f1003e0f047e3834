//! The estimate of the exchange's clock, as the samples in the journal gave it.

use model::{ClockSample, Mono, Span, VenueTime};

/// Converts between the two clocks with the newest sample.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    sample: Option<(Mono, ClockSample)>,
}

impl Clock {
    pub(crate) fn take(&mut self, now: Mono, sample: ClockSample) {
        self.sample = Some((now, sample));
    }

    /// [`VenueTime::NONE`] before the first sample.
    pub(crate) fn venue(&self, at: Mono) -> VenueTime {
        let Some((_, sample)) = self.sample else { return VenueTime::NONE };
        let nanos = i128::from(at.nanos()) + i128::from(sample.offset);
        VenueTime::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
    }

    /// [`Mono::NEVER`] before the first sample; zero for times before this boot.
    pub(crate) fn mono(&self, at: VenueTime) -> Mono {
        let Some((_, sample)) = self.sample else { return Mono::NEVER };
        let nanos = i128::from(at.nanos()) - i128::from(sample.offset);
        if nanos < 0 {
            return Mono::ZERO;
        }
        Mono::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    pub(crate) fn error(&self) -> Span {
        self.sample.map_or(Span::from_nanos(u64::MAX), |(_, sample)| sample.error)
    }

    /// Half of the shortest round trip: what a request needs to the venue.
    pub(crate) fn one_way(&self) -> Span {
        let trip = self.sample.map_or(0, |(_, sample)| sample.round_trip.nanos());
        Span::from_nanos(trip / 2)
    }

    /// Whether the newest sample is both young and exact enough for entries.
    pub(crate) fn is_good(&self, now: Mono, error_max: Span, age_max: Span) -> bool {
        self.sample
            .is_some_and(|(at, sample)| sample.error <= error_max && now.since(at) <= age_max)
    }

    /// When the newest sample will be too old.
    pub(crate) fn stale_at(&self, age_max: Span) -> Option<Mono> {
        self.sample.map(|(at, _)| at.after(age_max).after(Span::from_nanos(1)))
    }
}
