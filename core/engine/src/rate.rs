//! The budget of order requests: a sliding window of send times, not a refilling bucket.

use model::{Mono, Span};

use crate::RateConfig;

/// Who asks, in falling priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A cancel that the kill switch wants.
    KillCancel,
    /// A sale.
    Exit,
    /// Any other cancel.
    Cancel,
    /// A buy.
    Entry,
}

/// Send times of the last window. The venue counts refused requests too, and so does this.
#[derive(Debug)]
pub(crate) struct Rate {
    config: RateConfig,
    sent: [Mono; Self::CAPACITY],
    len: usize,
}

impl Rate {
    /// The venue allows 12 a second; no configuration needs more than this.
    pub(crate) const CAPACITY: usize = 32;

    pub(crate) fn new(config: RateConfig) -> Self {
        let per_window = config.per_window.min(Self::CAPACITY as u32);
        Self {
            config: RateConfig { per_window, ..config },
            sent: [Mono::ZERO; Self::CAPACITY],
            len: 0,
        }
    }

    /// How many requests of `class` may leave at `now`.
    pub(crate) fn room(&mut self, now: Mono, class: Class, holding: bool) -> u32 {
        self.forget(now);
        self.bound(class, holding).saturating_sub(self.len as u32)
    }

    /// Counts one request that leaves at `now`.
    pub(crate) fn take(&mut self, now: Mono) {
        self.forget(now);
        if self.len == Self::CAPACITY {
            self.sent.copy_within(1.., 0);
            self.len -= 1;
        }
        self.sent[self.len] = now;
        self.len += 1;
    }

    /// Counts the whole budget as spent at `now`: what left before this process began is not known.
    pub(crate) fn fill(&mut self, now: Mono) {
        for _ in 0..self.config.per_window {
            self.take(now);
        }
    }

    /// Takes back the newest count: the request never left.
    pub(crate) fn give_back(&mut self) {
        self.len = self.len.saturating_sub(1);
    }

    /// When the next request of `class` may leave; `now` when it may at once.
    pub(crate) fn next_at(&self, now: Mono, class: Class, holding: bool) -> Mono {
        let bound = self.bound(class, holding) as usize;
        if bound == 0 {
            return Mono::NEVER;
        }
        let sent = &self.sent[self.expired(now)..self.len];
        if sent.len() < bound {
            return now;
        }
        // The request that must leave the window first so that `bound - 1` are left.
        sent[sent.len() - bound].after(self.config.window).after(Span::from_nanos(1))
    }

    /// Even spacing of entries over the window: derived from the budget, never a constant.
    pub(crate) fn entry_spacing(&self, holding: bool) -> Span {
        let bound = self.bound(Class::Entry, holding).max(1);
        Span::from_nanos(self.config.window.nanos().div_ceil(u64::from(bound)))
    }

    fn bound(&self, class: Class, holding: bool) -> u32 {
        let RateConfig { per_window, reserve_cancels, reserve_exits, .. } = self.config;
        let exits = if holding { reserve_exits } else { 0 };
        match class {
            Class::KillCancel => per_window,
            Class::Exit => per_window.saturating_sub(reserve_cancels),
            Class::Cancel => per_window.saturating_sub(exits),
            Class::Entry => per_window.saturating_sub(reserve_cancels + exits),
        }
    }

    fn forget(&mut self, now: Mono) {
        let gone = self.expired(now);
        self.sent.copy_within(gone..self.len, 0);
        self.len -= gone;
    }

    /// How many of the oldest send times have left the window.
    fn expired(&self, now: Mono) -> usize {
        let sent = &self.sent[..self.len];
        sent.iter().take_while(|at| at.after(self.config.window) < now).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate() -> Rate {
        Rate::new(RateConfig {
            per_window: 10,
            window: Span::from_secs(1),
            reserve_cancels: 3,
            reserve_exits: 2,
        })
    }

    fn at(millis: u64) -> Mono {
        Mono::ZERO.after(Span::from_millis(10_000 + millis))
    }

    #[test]
    fn no_window_of_a_second_ever_holds_more_than_the_budget() {
        let mut rate = rate();
        let mut sent = Vec::new();
        let mut now = at(0);
        while sent.len() < 200 {
            now = rate.next_at(now, Class::KillCancel, true).max(now.after(Span::from_millis(3)));
            if rate.room(now, Class::KillCancel, true) > 0 {
                rate.take(now);
                sent.push(now);
            }
        }
        for (i, first) in sent.iter().enumerate() {
            let end = first.after(Span::from_secs(1));
            let inside = sent[i..].iter().take_while(|&&at| at <= end).count();
            assert!(inside <= 10, "{inside} in the second after {first:?}");
        }
    }

    #[test]
    fn entries_leave_room_for_cancels_and_for_exits_while_something_is_held() {
        let mut rate = rate();
        for _ in 0..7 {
            assert!(rate.room(at(0), Class::Entry, false) > 0);
            rate.take(at(0));
        }
        assert_eq!(rate.room(at(0), Class::Entry, false), 0);
        assert_eq!(rate.room(at(0), Class::Exit, true), 0);
        assert_eq!(rate.room(at(0), Class::Cancel, true), 1);
        assert_eq!(rate.room(at(0), Class::KillCancel, true), 3);
        assert!(rate.room(at(1_001), Class::Entry, true) == 5);
    }

    #[test]
    fn spacing_follows_from_the_budget() {
        assert_eq!(rate().entry_spacing(true), Span::from_millis(200));
        assert_eq!(rate().entry_spacing(false).millis(), 142);
    }
}
