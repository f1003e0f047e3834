//! The order book of one symbol, from diff streams and snapshots.

use model::{Depth, DepthKind, Level, Price, Qty, Side};

/// Both sides, best first. Levels beyond the capacity are the worst ones and are forgotten.
#[derive(Debug)]
pub(crate) struct Book {
    bids: Ladder,
    asks: Ladder,
    version: u64,
    state: BookState,
}

/// Whether decisions may read the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BookState {
    /// Nothing known.
    Empty,
    /// Equal to the venue's book at its version, as far as it reaches.
    Live,
    /// A push is missing: nothing may be decided on it until a snapshot comes.
    Stale,
}

/// What a push did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// The book changed.
    Changed,
    /// It told nothing beyond the book's version.
    Old,
    /// Versions are missing before it: a snapshot is needed.
    Gap,
}

impl Book {
    /// Levels a side.
    pub(crate) const DEPTH: usize = 256;

    pub(crate) fn new() -> Self {
        Self {
            bids: Ladder::new(Side::Buy),
            asks: Ladder::new(Side::Sell),
            version: 0,
            state: BookState::Empty,
        }
    }

    /// Applies one event of a push. The first one settles what becomes of the rest.
    pub(crate) fn apply(&mut self, depth: &Depth) -> Applied {
        if depth.first {
            match self.begin(depth) {
                Applied::Changed => {}
                refused => return refused,
            }
        } else if self.state != BookState::Live || self.version != depth.to {
            return Applied::Old;
        }
        for (side, level) in depth.iter() {
            match side {
                Side::Buy => self.bids.set(level),
                Side::Sell => self.asks.set(level),
            }
        }
        Applied::Changed
    }

    fn begin(&mut self, depth: &Depth) -> Applied {
        match depth.kind {
            DepthKind::Snapshot | DepthKind::Top => {
                if self.state == BookState::Live && depth.to < self.version {
                    return Applied::Old;
                }
                self.clear();
            }
            DepthKind::Diff if self.state != BookState::Live => return Applied::Gap,
            DepthKind::Diff if depth.to <= self.version => return Applied::Old,
            DepthKind::Diff if depth.from > self.version + 1 => {
                self.state = BookState::Stale;
                return Applied::Gap;
            }
            DepthKind::Diff => {}
        }
        self.version = depth.to;
        self.state = BookState::Live;
        Applied::Changed
    }

    /// Forgets everything: what a reconnection must do first.
    pub(crate) fn clear(&mut self) {
        self.bids.levels.clear();
        self.asks.levels.clear();
        self.version = 0;
        self.state = BookState::Empty;
    }

    /// Nothing may be decided on it until a snapshot comes.
    pub(crate) fn mark_stale(&mut self) {
        if self.state == BookState::Live {
            self.state = BookState::Stale;
        }
    }

    pub(crate) fn is_live(&self) -> bool {
        self.state == BookState::Live
    }

    pub(crate) fn best_bid(&self) -> Option<Level> {
        self.is_live().then(|| self.bids.best()).flatten()
    }

    pub(crate) fn best_ask(&self) -> Option<Level> {
        self.is_live().then(|| self.asks.best()).flatten()
    }

    /// Quantity offered at `price` or better on the side that `side` would take from.
    pub(crate) fn depth_against(&self, side: Side, price: Price) -> Qty {
        let ladder = match side {
            Side::Buy => &self.asks,
            Side::Sell => &self.bids,
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

    /// Both sides best first; for tests and comparisons.
    pub(crate) fn sides(&self) -> (&[Level], &[Level]) {
        (&self.bids.levels, &self.asks.levels)
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
