//! The order book of one symbol, from diff streams and snapshots.

use model::{Depth, DepthKind, Level, Mono, Price, Qty, Side, TimerName};

mod sync;

use sync::{BookSync, BookSyncConfig, SyncOutcome, SyncState};

/// Both sides, best first, kept in step with the venue. Levels beyond the capacity are the worst
/// ones and are forgotten.
#[derive(Debug)]
pub(crate) struct Book {
    ladders: Ladders,
    sync: BookSync,
}

#[derive(Debug)]
struct Ladders {
    bids: Ladder,
    asks: Ladder,
}

impl Ladders {
    fn clear(&mut self) {
        self.bids.levels.clear();
        self.asks.levels.clear();
    }

    fn apply(&mut self, depth: &Depth) {
        if depth.first && depth.kind == DepthKind::Snapshot {
            self.clear();
        }
        for (side, level) in depth.iter() {
            match side {
                Side::Buy => self.bids.set(level),
                Side::Sell => self.asks.set(level),
            }
        }
    }
}

impl Book {
    /// Levels a side.
    pub(crate) const DEPTH: usize = 256;

    pub(crate) fn new() -> Self {
        Self {
            ladders: Ladders { bids: Ladder::new(Side::Buy), asks: Ladder::new(Side::Sell) },
            sync: BookSync::new(BookSyncConfig::default()),
        }
    }

    /// Takes one event of a push or snapshot; `last` ends it.
    pub(crate) fn take(&mut self, now: Mono, depth: &Depth, last: bool) -> SyncOutcome {
        let ladders = &mut self.ladders;
        self.sync.handle_depth(now, depth, last, &mut |depth| ladders.apply(depth))
    }

    /// The stream is live (again): what is known is out of step until a snapshot comes. Books are
    /// cleared on a reconnection, never merged.
    pub(crate) fn start(&mut self, now: Mono) {
        self.ladders.clear();
        self.sync.start(now);
    }

    /// The stream is gone.
    pub(crate) fn stop(&mut self) {
        self.ladders.clear();
        self.sync.stop();
    }

    /// The snapshot could not be fetched.
    pub(crate) fn handle_snapshot_failed(&mut self, now: Mono) {
        self.sync.handle_snapshot_failed(now);
    }

    /// Whether to ask for a snapshot; true once for each attempt.
    pub(crate) fn poll_wish(&mut self, now: Mono) -> bool {
        self.sync.poll_wish(now)
    }

    pub(crate) fn poll_timeout(&self) -> Option<(Mono, TimerName)> {
        self.sync.poll_timeout()
    }

    /// Whether decisions may read it.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.sync.state(), SyncState::Synced { .. })
    }

    pub(crate) fn best_bid(&self) -> Option<Level> {
        self.is_live().then(|| self.ladders.bids.best()).flatten()
    }

    pub(crate) fn best_ask(&self) -> Option<Level> {
        self.is_live().then(|| self.ladders.asks.best()).flatten()
    }

    /// Quantity offered at `price` or better on the side that `side` would take from.
    pub(crate) fn depth_against(&self, side: Side, price: Price) -> Qty {
        let ladder = match side {
            Side::Buy => &self.ladders.asks,
            Side::Sell => &self.ladders.bids,
        };
        let mut sum = Qty::ZERO;
        for level in &ladder.levels {
            let reachable = match side {
                Side::Buy => level.price <= price,
                Side::Sell => level.price >= price,
            };
            if !reachable {
                break;
            }
            sum = sum.plus(level.qty).unwrap_or(sum);
        }
        sum
    }

    /// Both sides best first with the version they stand at, while they may be read.
    pub(crate) fn at_version(&self) -> Option<(&[Level], &[Level], u64)> {
        let SyncState::Synced { version } = self.sync.state() else { return None };
        let (bids, asks) = self.sides();
        Some((bids, asks, version))
    }

    /// Both sides best first, whether they may be read or not.
    fn sides(&self) -> (&[Level], &[Level]) {
        (&self.ladders.bids.levels, &self.ladders.asks.levels)
    }
}

/// One side as a sorted array: a binary search and a short move beat a tree at this size.
#[derive(Debug)]
struct Ladder {
    side: Side,
    levels: Vec<Level>,
}

impl Ladder {
    fn new(side: Side) -> Self {
        Self { side, levels: Vec::with_capacity(Book::DEPTH) }
    }

    fn best(&self) -> Option<Level> {
        self.levels.first().copied()
    }

    fn set(&mut self, level: Level) {
        let found = match self.side {
            Side::Buy => self.levels.binary_search_by(|held| level.price.cmp(&held.price)),
            Side::Sell => self.levels.binary_search_by(|held| held.price.cmp(&level.price)),
        };
        match (found, level.qty.is_zero()) {
            (Ok(at), true) => {
                self.levels.remove(at);
            }
            (Ok(at), false) => self.levels[at] = level,
            (Err(_), true) => {}
            (Err(at), false) => self.insert(at, level),
        }
    }

    fn insert(&mut self, at: usize, level: Level) {
        if self.levels.len() == Book::DEPTH {
            if at == Book::DEPTH {
                return;
            }
            self.levels.pop();
        }
        self.levels.insert(at, level);
    }
}

#[cfg(test)]
mod tests;
