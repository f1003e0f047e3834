//! The cap on client messages.

use model::{Mono, Span};

use super::MESSAGES_PER_SECOND;

/// When the last messages went, so that no second has more than it may.
#[derive(Clone, Debug)]
pub(super) struct Rate {
    times: [Mono; MESSAGES_PER_SECOND],
    next: usize,
    full: bool,
}

impl Rate {
    pub(super) const fn new() -> Self {
        Self { times: [Mono::ZERO; MESSAGES_PER_SECOND], next: 0, full: false }
    }

    /// The earliest time of the next message, not before `now`.
    pub(super) fn next(&self, now: Mono) -> Mono {
        if self.full { now.max(self.times[self.next].after(Span::from_secs(1))) } else { now }
    }

    pub(super) fn count(&mut self, now: Mono) {
        self.times[self.next] = now;
        self.next = (self.next + 1) % MESSAGES_PER_SECOND;
        self.full |= self.next == 0;
    }
}
