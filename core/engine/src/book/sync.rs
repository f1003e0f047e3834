//! Joins a symbol's depth stream with a snapshot, so that a book is either right or known not to be.
//!
//! The recipe is the venue's of 2026-04: pushes wait in a buffer until a snapshot of version V is
//! there; those that end at or before V are dropped; the first that is left must begin at V + 1 or
//! before; after it each push begins one past the end of the former. Anything else is a gap: the
//! book is out of step until the next snapshot, and pushes wait again.
//!
//! It lives inside the deterministic engine: no heap after construction, no clock, and the same
//! input gives the same output.

use model::{Depth, DepthKind, Mono, Span, TimerName};

/// Settings of one symbol's synchroniser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BookSyncConfig {
    /// Depth events that wait for a snapshot at most; beyond it the oldest pushes are dropped.
    pub(super) buffer: usize,
    /// Wait after the first failed attempt; doubled by each further one.
    pub(super) retry_first: Span,
    /// Longest wait between attempts.
    pub(super) retry_max: Span,
    /// A snapshot that has not come by then is asked for again.
    pub(super) answer_wait: Span,
}

impl Default for BookSyncConfig {
    /// 512 events are 5 s of 100 pushes a second; a snapshot weighs 3 of 500 in 10 s.
    fn default() -> Self {
        Self {
            buffer: 512,
            retry_first: Span::from_millis(250),
            retry_max: Span::from_secs(5),
            answer_wait: Span::from_secs(3),
        }
    }
}

/// Whether the book can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SyncState {
    /// No snapshot fits yet; pushes wait.
    Buffering,
    /// A snapshot that fits is coming in, in parts.
    Loading {
        /// Its version.
        version: u64,
    },
    /// The book stands at this version.
    Synced {
        /// The last version applied.
        version: u64,
    },
}

/// What became of one depth event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SyncOutcome {
    /// It was given out, and the book is in step.
    Applied,
    /// It waits for a snapshot.
    Buffered,
    /// It waits, and the oldest pushes had to go for it.
    BufferedDropping {
        /// Events dropped.
        dropped: usize,
    },
    /// It tells nothing that is not known: an old push, a repeated one, or a snapshot older than
    /// the book.
    Old,
    /// Part of a snapshot that fits.
    Loading,
    /// The snapshot is complete and what waited behind it was given out.
    Synced,
    /// The snapshot ends before the first push that waits; a later one is needed.
    SnapshotTooOld {
        /// Its version.
        version: u64,
        /// Where the pushes begin.
        first: u64,
    },
    /// A push is missing. The book is out of step.
    Gap {
        /// The version that had to come.
        expected: u64,
        /// The version that came.
        found: u64,
    },
    /// Not a part of this: a limited-depth push.
    Foreign,
}

/// The synchroniser of one symbol.
#[derive(Debug)]
pub(super) struct BookSync {
    config: BookSyncConfig,
    state: SyncState,
    waiting: Ring,
    push: Push,
    /// No push was applied since the snapshot: the first may begin before its end.
    fresh: bool,
    wish: Wish,
}

/// What happens to the further events of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Push {
    Apply,
    Buffer,
    Drop,
}

/// The request for a snapshot.
#[derive(Clone, Copy, Debug)]
struct Wish {
    state: WishState,
    /// Attempts since the book was last in step.
    attempts: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WishState {
    None,
    /// To be asked at the first call from then on.
    At(Mono),
    /// Asked; taken for lost then.
    Asked(Mono),
}

const SNAPSHOT: TimerName = "book_snapshot";

impl BookSync {
    /// Out of step, wanting a snapshot as soon as [`start`](Self::start) says that the stream is
    /// live.
    pub(super) fn new(config: BookSyncConfig) -> Self {
        Self {
            config,
            state: SyncState::Buffering,
            waiting: Ring::new(config.buffer.max(1)),
            push: Push::Drop,
            fresh: false,
            wish: Wish { state: WishState::None, attempts: 0 },
        }
    }

    /// Whether the book can be believed.
    pub(super) fn state(&self) -> SyncState {
        self.state
    }

    /// Depth events that wait.
    #[cfg(test)]
    pub(super) fn buffered(&self) -> usize {
        self.waiting.len
    }

    /// The stream is live (again): what is known is out of step, and a snapshot is wanted.
    pub(super) fn start(&mut self, now: Mono) {
        self.stop();
        self.wish = Wish { state: WishState::At(now), attempts: 0 };
    }

    /// The stream is gone: nothing is wanted until [`start`](Self::start).
    pub(super) fn stop(&mut self) {
        self.state = SyncState::Buffering;
        self.waiting.clear();
        self.push = Push::Drop;
        self.wish = Wish { state: WishState::None, attempts: 0 };
    }

    /// Takes one depth event; `last` says that it ends its push or snapshot. What the book has to
    /// apply goes to `apply` in order.
    pub(super) fn handle_depth(
        &mut self,
        now: Mono,
        depth: &Depth,
        last: bool,
        apply: &mut impl FnMut(&Depth),
    ) -> SyncOutcome {
        match depth.kind {
            DepthKind::Diff => self.handle_diff(now, depth, apply),
            DepthKind::Snapshot => self.handle_snapshot(now, depth, last, apply),
            DepthKind::Top => SyncOutcome::Foreign,
        }
    }

    /// The snapshot could not be fetched.
    pub(super) fn handle_snapshot_failed(&mut self, now: Mono) {
        if matches!(self.wish.state, WishState::Asked(_)) {
            self.want(now);
        }
    }

    /// Whether to ask for a snapshot; true once for each attempt.
    pub(super) fn poll_wish(&mut self, now: Mono) -> bool {
        match self.wish.state {
            WishState::At(at) if at <= now => {}
            WishState::Asked(until) if until <= now => {}
            WishState::None | WishState::At(_) | WishState::Asked(_) => return false,
        }
        self.wish.attempts = self.wish.attempts.saturating_add(1);
        self.wish.state = WishState::Asked(now.after(self.config.answer_wait));
        true
    }

    /// When [`poll_wish`](Self::poll_wish) may say yes next.
    pub(super) fn poll_timeout(&self) -> Option<(Mono, TimerName)> {
        match self.wish.state {
            WishState::None => None,
            WishState::At(at) | WishState::Asked(at) => Some((at, SNAPSHOT)),
        }
    }

    fn handle_diff(
        &mut self,
        now: Mono,
        depth: &Depth,
        apply: &mut impl FnMut(&Depth),
    ) -> SyncOutcome {
        if !depth.first {
            return match self.push {
                Push::Apply => {
                    apply(depth);
                    SyncOutcome::Applied
                }
                Push::Buffer => self.buffer(depth),
                Push::Drop => SyncOutcome::Old,
            };
        }
        let SyncState::Synced { version } = self.state else {
            if self.waiting.is_behind(depth) {
                self.push = Push::Drop;
                return SyncOutcome::Old;
            }
            self.push = Push::Buffer;
            return self.buffer(depth);
        };
        match follows(version, depth, self.fresh) {
            Follows::Next => {
                self.push = Push::Apply;
                self.fresh = false;
                self.state = SyncState::Synced { version: depth.to };
                // The stream runs on from the snapshot: the attempts that led here are over.
                self.wish.attempts = 0;
                apply(depth);
                SyncOutcome::Applied
            }
            Follows::Old => {
                self.push = Push::Drop;
                SyncOutcome::Old
            }
            Follows::Gap => {
                self.state = SyncState::Buffering;
                self.waiting.clear();
                self.push = Push::Buffer;
                self.buffer(depth);
                self.want(now);
                SyncOutcome::Gap { expected: version.saturating_add(1), found: depth.from }
            }
        }
    }

    fn handle_snapshot(
        &mut self,
        now: Mono,
        depth: &Depth,
        last: bool,
        apply: &mut impl FnMut(&Depth),
    ) -> SyncOutcome {
        let version = depth.to;
        if depth.first {
            if let SyncState::Synced { version: known } = self.state
                && version < known
            {
                return SyncOutcome::Old;
            }
            if let Some(first) = self.waiting.first_from()
                && version.saturating_add(1) < first
            {
                self.state = SyncState::Buffering;
                self.want(now);
                return SyncOutcome::SnapshotTooOld { version, first };
            }
            self.state = SyncState::Loading { version };
        } else if self.state != (SyncState::Loading { version }) {
            return SyncOutcome::Old;
        }
        apply(depth);
        if !last {
            return SyncOutcome::Loading;
        }
        self.wish.state = WishState::None;
        self.state = SyncState::Synced { version };
        self.push = Push::Drop;
        self.drain(now, version, apply)
    }

    /// Gives out what waited behind the snapshot of `version`.
    fn drain(&mut self, now: Mono, version: u64, apply: &mut impl FnMut(&Depth)) -> SyncOutcome {
        let mut known = version;
        let mut may_straddle = true;
        let mut applying = false;
        while let Some(depth) = self.waiting.front() {
            if depth.first {
                applying = match follows(known, &depth, may_straddle) {
                    Follows::Old => false,
                    Follows::Next => {
                        known = depth.to;
                        may_straddle = false;
                        true
                    }
                    Follows::Gap => {
                        self.state = SyncState::Buffering;
                        self.push = Push::Buffer;
                        self.want(now);
                        let expected = known.saturating_add(1);
                        return SyncOutcome::Gap { expected, found: depth.from };
                    }
                };
            }
            if applying {
                apply(&depth);
            }
            self.waiting.drop_front();
        }
        self.state = SyncState::Synced { version: known };
        self.fresh = may_straddle;
        SyncOutcome::Synced
    }

    fn buffer(&mut self, depth: &Depth) -> SyncOutcome {
        match self.waiting.push(depth) {
            0 => SyncOutcome::Buffered,
            dropped => {
                if self.waiting.len == 0 {
                    // One push alone is larger than the buffer: it went with its parts.
                    self.push = Push::Drop;
                }
                SyncOutcome::BufferedDropping { dropped }
            }
        }
    }

    /// Asks for a snapshot: at once the first time, later and later while none fits.
    fn want(&mut self, now: Mono) {
        let wait = match self.wish.attempts {
            0 => Span::ZERO,
            attempts => {
                let doubled = 1_u64.checked_shl(attempts - 1).unwrap_or(u64::MAX);
                let wait = self.config.retry_first.nanos().saturating_mul(doubled);
                Span::from_nanos(wait.min(self.config.retry_max.nanos()))
            }
        };
        self.wish.state = WishState::At(now.after(wait));
    }
}

enum Follows {
    Next,
    Old,
    Gap,
}

/// How a push stands to the version that is known. Behind a snapshot it may begin earlier than the
/// next version, because quantities are absolute.
fn follows(known: u64, push: &Depth, may_straddle: bool) -> Follows {
    let next = known.saturating_add(1);
    if push.from > push.to {
        Follows::Gap
    } else if push.to <= known {
        Follows::Old
    } else if push.from == next || (may_straddle && push.from <= next) {
        Follows::Next
    } else {
        Follows::Gap
    }
}

/// Depth events that wait, oldest first; always whole pushes from a first event on.
#[derive(Debug)]
struct Ring {
    slots: Vec<Depth>,
    head: usize,
    len: usize,
}

impl Ring {
    fn new(capacity: usize) -> Self {
        let none = Depth::new(DepthKind::Diff, true, 0, 0);
        Self { slots: vec![none; capacity], head: 0, len: 0 }
    }

    fn clear(&mut self) {
        self.head = 0;
        self.len = 0;
    }

    fn front(&self) -> Option<Depth> {
        (self.len > 0).then(|| self.slots[self.head])
    }

    fn back(&self) -> Option<&Depth> {
        let at = (self.head + self.len.checked_sub(1)?) % self.slots.len();
        self.slots.get(at)
    }

    fn first_from(&self) -> Option<u64> {
        self.front().map(|depth| depth.from)
    }

    /// Whether `push` ends at or before the last one that waits: a repeated frame.
    fn is_behind(&self, push: &Depth) -> bool {
        self.back().is_some_and(|last| push.to <= last.to)
    }

    fn drop_front(&mut self) {
        self.head = (self.head + 1) % self.slots.len();
        self.len -= 1;
    }

    /// Appends an event, dropping whole pushes from the front while there is no room. Returns how
    /// many events went; when the only push that waits is the one being appended to, it goes too
    /// and the event with it.
    fn push(&mut self, depth: &Depth) -> usize {
        let mut dropped = 0;
        if self.len == self.slots.len() {
            self.drop_front();
            dropped += 1;
            while self.front().is_some_and(|front| !front.first) {
                self.drop_front();
                dropped += 1;
            }
            if self.len == 0 && !depth.first {
                return dropped + 1;
            }
        }
        let at = (self.head + self.len) % self.slots.len();
        self.slots[at] = *depth;
        self.len += 1;
        dropped
    }
}

#[cfg(test)]
mod tests;
