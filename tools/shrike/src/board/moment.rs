//! The journal's stamps in the exchange's clock.

use journal::Boot;
use model::{ClockSample, Mono, VenueTime};

/// When a record was made, with the clock estimate that stood then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) mono: Mono,
    offset: Option<i64>,
}

/// The last estimate of the exchange's clock, and the first: it serves what came before it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    pub(super) sample: Option<ClockSample>,
    pub(super) sampled_at: Mono,
    offset: Option<i64>,
    first: Option<i64>,
}

impl Clock {
    /// Another process, perhaps on another boot: its monotonic clock has its own offset.
    pub(super) fn on_boot(&mut self, boot: &Boot) {
        let anchored = boot.venue_anchor != 0;
        let anchor = i64::try_from(boot.mono_anchor).ok();
        let offset = anchor.filter(|_| anchored).and_then(|a| boot.venue_anchor.checked_sub(a));
        *self = Self { offset, first: offset, ..Self::default() };
    }

    pub(super) fn on_sample(&mut self, at: Mono, sample: ClockSample) {
        self.sample = Some(sample);
        self.sampled_at = at;
        self.offset = Some(sample.offset);
        self.first = self.first.or(self.offset);
    }

    pub(super) fn moment(&self, mono: Mono) -> Moment {
        Moment { mono, offset: self.offset }
    }

    /// Nanoseconds since the epoch; `None` while no estimate was ever made.
    pub(super) fn venue_ns(&self, moment: Moment) -> Option<i64> {
        let mono = i64::try_from(moment.mono.nanos()).ok()?;
        mono.checked_add(moment.offset.or(self.first)?)
    }

    /// Where a time of the exchange lies on the monotonic clock, which may be before its start.
    pub(super) fn mono_ns(&self, time: VenueTime) -> Option<i64> {
        time.nanos().checked_sub(self.offset?).filter(|_| time.is_some())
    }
}
