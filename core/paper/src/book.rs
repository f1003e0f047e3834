//! What stands in the market, and what of it our own orders have already taken.

use model::{Level, Price, Qty, Side, SymbolId};

/// The books that the trader keeps; only a book that may be read is given.
pub trait Books {
    /// Bids and asks of a pair, best first; `None` while its book is out of step.
    fn book(&self, symbol: SymbolId) -> Option<(&[Level], &[Level])>;
}

/// Nobody keeps books: what the best prices say is all there is.
impl Books for () {
    fn book(&self, _: SymbolId) -> Option<(&[Level], &[Level])> {
        None
    }
}

/// Levels a side that the trader's books hold at most: behind a side of this length more may stand.
const BOOK_DEPTH: usize = 256;

/// What may be dealt with at this moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Market<'a> {
    pub(crate) bids: &'a [Level],
    pub(crate) asks: &'a [Level],
    /// Only the best level of each side is known.
    pub(crate) top_only: bool,
}

impl<'a> Market<'a> {
    /// What an order of `side` meets.
    pub(crate) fn against(&self, side: Side) -> &'a [Level] {
        match side {
            Side::Buy => self.asks,
            Side::Sell => self.bids,
        }
    }

    /// What an order of `side` queues with.
    fn beside(&self, side: Side) -> &'a [Level] {
        self.against(side.opposite())
    }

    /// What stands at `price` on an order's own side; [`UNKNOWN`] where it cannot be seen.
    pub(crate) fn queue_at(&self, side: Side, price: Price) -> Qty {
        let levels = self.beside(side);
        if let Some(level) = levels.iter().find(|level| level.price == price) {
            return level.qty;
        }
        let Some(worst) = levels.last() else {
            return if self.top_only { UNKNOWN } else { Qty::ZERO };
        };
        let inside = is_better(side, price, worst.price);
        let whole = !self.top_only && levels.len() < BOOK_DEPTH;
        if inside || whole { Qty::ZERO } else { UNKNOWN }
    }
}

/// More than any level holds: an order behind it is filled only when the market trades through.
pub(crate) const UNKNOWN: Qty = match Qty::from_raw(i64::MAX) {
    Some(qty) => qty,
    None => unreachable!(),
};

/// Whether an order of `side` at `price` comes before one at `other`.
pub(crate) fn is_better(side: Side, price: Price, other: Price) -> bool {
    match side {
        Side::Buy => price > other,
        Side::Sell => price < other,
    }
}

/// Whether an order of `side` limited to `limit` may deal at `price`.
pub(crate) fn is_within(side: Side, limit: Price, price: Price) -> bool {
    !is_better(side, price, limit)
}

/// One level of which we took.
#[derive(Clone, Copy, Debug)]
struct Taken {
    symbol: SymbolId,
    side: Side,
    price: Price,
    /// What stood there when we took; the market's next word on the level makes it void.
    shown: Qty,
    qty: Qty,
}

/// What our orders took of levels that have not changed since: in the market it would be gone.
#[derive(Debug)]
pub(crate) struct Impact {
    taken: Vec<Taken>,
}

impl Impact {
    /// Levels remembered at most: 8 accounts x 2 orders at once x 64 levels each.
    pub(crate) const CAPACITY: usize = 8 * 2 * 64;

    pub(crate) fn new() -> Self {
        Self { taken: Vec::with_capacity(Self::CAPACITY) }
    }

    /// What is left of a level on `side` of the book.
    pub(crate) fn left(&self, symbol: SymbolId, side: Side, level: Level) -> Qty {
        let taken = self.taken.iter().find(|taken| taken.is(symbol, side, level.price));
        match taken {
            Some(taken) if taken.shown == level.qty => level.qty.minus(taken.qty),
            Some(_) | None => level.qty,
        }
    }

    /// Remembers that `qty` of a level is gone. Whoever takes has asked for room.
    pub(crate) fn take(&mut self, symbol: SymbolId, side: Side, level: Level, qty: Qty) {
        let fresh = Taken { symbol, side, price: level.price, shown: level.qty, qty };
        let known = self.taken.iter_mut().find(|taken| taken.is(symbol, side, level.price));
        match known {
            Some(known) if known.shown == level.qty => {
                known.qty = known.qty.plus(qty).unwrap_or(level.qty);
            }
            Some(known) => *known = fresh,
            None => {
                assert!(self.taken.len() < Self::CAPACITY, "taken without asking for room");
                self.taken.push(fresh);
            }
        }
    }

    /// Whether a match of up to `levels` levels fits.
    pub(crate) fn has_room(&self, levels: usize) -> bool {
        self.taken.len() + levels <= Self::CAPACITY
    }

    /// Forgets levels that no longer stand as they were taken, and pairs without a book.
    pub(crate) fn forget(&mut self, books: &impl Books) {
        self.taken.retain(|taken| {
            let Some((bids, asks)) = books.book(taken.symbol) else { return false };
            let side = if taken.side == Side::Buy { bids } else { asks };
            side.iter().any(|level| level.price == taken.price && level.qty == taken.shown)
        });
    }
}

impl Taken {
    fn is(&self, symbol: SymbolId, side: Side, price: Price) -> bool {
        (self.symbol, self.side, self.price) == (symbol, side, price)
    }
}
