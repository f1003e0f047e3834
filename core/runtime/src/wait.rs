//! How the hot thread waits: the decision only, without a clock.

use std::time::Duration;

use model::{Mono, Span};

/// What the hot thread does when there is nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitPolicy {
    /// Never sleeps: a whole core for the least delay.
    Spin,
    /// Spins for this long after any activity, then sleeps.
    Adaptive {
        /// How long.
        spin_for: Span,
    },
    /// Sleeps at once.
    Park,
}

/// A policy and how exact its timers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// What to do when idle.
    pub policy: WaitPolicy,
    /// The last stretch before a timer that is spun through, whatever the policy.
    pub margin: Span,
}

impl Default for Wait {
    fn default() -> Self {
        Self {
            policy: WaitPolicy::Adaptive { spin_for: Span::from_millis(1) },
            margin: Span::from_micros(200),
        }
    }
}

/// What to do until something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// Look again at once.
    Spin,
    /// Sleep until a socket or a command wakes the thread, at most this long.
    Sleep(Duration),
}

/// Longest sleep. The kernel may add 0.1 % to the timeout of `epoll_wait`, which at this length is
/// half of the usual margin; and the stop flag is looked at this often.
const SLEEP_MAX: Span = Span::from_millis(100);

impl Wait {
    /// The policy that `cores` can carry: spinning on a single core starves whoever fills the
    /// sockets.
    #[must_use]
    pub fn on_cores(self, cores: usize) -> Self {
        match self.policy {
            WaitPolicy::Spin if cores < 2 => Self { policy: WaitPolicy::Park, ..self },
            WaitPolicy::Spin | WaitPolicy::Adaptive { .. } | WaitPolicy::Park => self,
        }
    }

    /// Whether sockets marked hot are read without asking the kernel first.
    pub(crate) const fn reads_ahead(self) -> bool {
        match self.policy {
            WaitPolicy::Spin | WaitPolicy::Adaptive { .. } => true,
            WaitPolicy::Park => false,
        }
    }

    /// What to do at `now` with the next timer at `deadline` and the last activity at `active`.
    pub(crate) fn pause(self, now: Mono, deadline: Option<Mono>, active: Mono) -> Pause {
        match self.policy {
            WaitPolicy::Spin => return Pause::Spin,
            WaitPolicy::Adaptive { spin_for } if now.since(active) < spin_for => {
                return Pause::Spin;
            }
            WaitPolicy::Adaptive { .. } | WaitPolicy::Park => {}
        }
        let until = deadline.map_or(SLEEP_MAX, |at| at.before(self.margin).since(now));
        // epoll_wait counts in milliseconds and mio rounds up, so a part would oversleep.
        match until.min(SLEEP_MAX).millis() {
            0 => Pause::Spin,
            ms => Pause::Sleep(Duration::from_millis(ms)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Mono = Mono::from_nanos(5_000_000_000);

    fn wait(policy: WaitPolicy) -> Wait {
        Wait { policy, ..Wait::default() }
    }

    #[test]
    fn spin_never_sleeps() {
        assert_eq!(wait(WaitPolicy::Spin).pause(NOW, None, Mono::ZERO), Pause::Spin);
    }

    #[test]
    fn park_sleeps_to_just_before_the_deadline_and_spins_the_rest() {
        let park = wait(WaitPolicy::Park);
        let in_50_ms = Some(NOW.after(Span::from_millis(50)));
        assert_eq!(park.pause(NOW, in_50_ms, NOW), Pause::Sleep(Duration::from_millis(49)));
        let in_1_1_ms = Some(NOW.after(Span::from_micros(1_100)));
        assert_eq!(park.pause(NOW, in_1_1_ms, NOW), Pause::Spin);
        assert_eq!(park.pause(NOW, Some(NOW), NOW), Pause::Spin);
        assert_eq!(park.pause(NOW, Some(Mono::ZERO), NOW), Pause::Spin);
    }

    #[test]
    fn no_sleep_reaches_past_the_margin() {
        let park = wait(WaitPolicy::Park);
        for micros in (0..300_000).step_by(37) {
            let deadline = NOW.after(Span::from_micros(micros));
            if let Pause::Sleep(length) = park.pause(NOW, Some(deadline), NOW) {
                let nanos = u64::try_from(length.as_nanos()).unwrap();
                assert!(NOW.after(Span::from_nanos(nanos)).after(park.margin) <= deadline);
            }
        }
    }

    #[test]
    fn sleeps_are_short_enough_to_notice_a_stop() {
        let park = wait(WaitPolicy::Park);
        assert_eq!(park.pause(NOW, None, NOW), Pause::Sleep(Duration::from_millis(100)));
        let far = Some(Mono::NEVER);
        assert_eq!(park.pause(NOW, far, NOW), Pause::Sleep(Duration::from_millis(100)));
    }

    #[test]
    fn adaptive_spins_after_activity_and_near_a_deadline() {
        let adaptive = wait(WaitPolicy::Adaptive { spin_for: Span::from_millis(2) });
        let lately = NOW.before(Span::from_millis(1));
        let long_ago = NOW.before(Span::from_millis(3));
        assert_eq!(adaptive.pause(NOW, None, lately), Pause::Spin);
        assert_ne!(adaptive.pause(NOW, None, long_ago), Pause::Spin);
        let near = Some(NOW.after(Span::from_micros(900)));
        assert_eq!(adaptive.pause(NOW, near, long_ago), Pause::Spin);
    }

    #[test]
    fn one_core_does_not_spin() {
        let spin = wait(WaitPolicy::Spin);
        assert_eq!(spin.on_cores(1).policy, WaitPolicy::Park);
        assert_eq!(spin.on_cores(2).policy, WaitPolicy::Spin);
    }
}
