//! What is on its way to the trader.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use model::{AccountId, Event, Mono};

use crate::DEALS_MAX;

/// Events by the time they are due; of equal times, the one put first comes first.
#[derive(Debug)]
pub(crate) struct Outbox {
    heap: BinaryHeap<Reverse<Due>>,
    put: u64,
    /// When the last word of each account's stream is due.
    stream: [Mono; AccountId::MAX],
}

#[derive(Clone, Copy, Debug)]
struct Due {
    at: Mono,
    number: u64,
    event: Event,
}

impl Outbox {
    /// What one order can bring about: its reply, its lock, a deal and a state for each of its
    /// levels, its end, and both balances.
    pub(crate) const OF_ORDER: usize = 1 + 1 + 2 * DEALS_MAX + 1 + 2;
    /// Sixteen such orders, and the state of the links of every account.
    const CAPACITY: usize = 16 * Self::OF_ORDER + 3 * AccountId::MAX;

    pub(crate) fn new() -> Self {
        Self {
            heap: BinaryHeap::with_capacity(Self::CAPACITY),
            put: 0,
            stream: [Mono::ZERO; AccountId::MAX],
        }
    }

    pub(crate) fn room(&self) -> usize {
        Self::CAPACITY - self.heap.len()
    }

    pub(crate) fn put(&mut self, at: Mono, event: Event) {
        assert!(
            self.room() > 0,
            "an event for the paper venue's outbox that nobody asked room for"
        );
        self.put += 1;
        self.heap.push(Reverse(Due { at, number: self.put, event }));
    }

    pub(crate) fn put_in_order(&mut self, at: Mono, event: Event) {
        let last = &mut self.stream[event.account.index()];
        *last = at.max(*last);
        let at = *last;
        self.put(at, event);
    }

    pub(crate) fn due(&self) -> Option<Mono> {
        self.heap.peek().map(|due| due.0.at)
    }

    pub(crate) fn take(&mut self, now: Mono) -> Option<Event> {
        self.due().filter(|at| *at <= now)?;
        self.heap.pop().map(|due| due.0.event)
    }

    pub(crate) fn clear(&mut self) {
        self.heap.clear();
        self.stream = [Mono::ZERO; AccountId::MAX];
    }
}

impl Due {
    fn rank(&self) -> (Mono, u64) {
        (self.at, self.number)
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}
