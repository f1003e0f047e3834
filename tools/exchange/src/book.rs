//! One symbol's order book: price-time priority, one version per change of a level.

use std::collections::{BTreeMap, VecDeque};

use model::{Amount, Price, Qty, Side};

/// Decimals of one symbol's prices and quantities. Their sum is at most 18, so that every
/// price x quantity is exact in an [`Amount`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Decimals of prices (`quotePrecision`).
    pub price: u8,
    /// Decimals of quantities (`baseAssetPrecision`).
    pub qty: u8,
}

impl Scale {
    /// Price x quantity in quote; `None` on overflow.
    pub fn notional(self, price: Price, qty: Qty) -> Option<Amount> {
        Amount::notional(price, self.price, qty, self.qty, model::Round::Up)
    }
}

/// How much a taker wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// This quantity of base.
    Base(Qty),
    /// As much base as this amount of quote pays for.
    Quote(Amount),
}

/// A taker met a resting order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The resting order.
    pub maker: u64,
    /// Its price, which is the price of the deal.
    pub price: Price,
    /// Quantity of the deal.
    pub qty: Qty,
}

/// A level took another quantity; zero when it went away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelChange {
    /// Bids are [`Side::Buy`].
    pub side: Side,
    /// The level.
    pub price: Price,
}

#[derive(Clone, Debug, Default)]
struct Level {
    total: Qty,
    queue: VecDeque<(u64, Qty)>,
}

/// Resting orders by price, then by arrival.
#[derive(Clone, Debug)]
pub struct Book {
    scale: Scale,
    bids: BTreeMap<Price, Level>,
    asks: BTreeMap<Price, Level>,
    version: u64,
    changes: Vec<LevelChange>,
}

impl Book {
    /// An empty book whose version counts on from `version`.
    pub fn new(scale: Scale, version: u64) -> Self {
        let (bids, asks) = (BTreeMap::new(), BTreeMap::new());
        Self { scale, bids, asks, version, changes: Vec::new() }
    }

    /// Decimals of its prices and quantities.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// Counts the changes of levels.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Takes from the side opposite to `taker`, best price first, oldest order first, at
    /// `limit` or better. Returns what was not found.
    pub fn take(
        &mut self,
        taker: Side,
        limit: Option<Price>,
        want: Want,
        out: &mut Vec<Match>,
    ) -> Want {
        let (mut left, scale) = (want, self.scale);
        while let Some(price) = self.best(taker.opposite()) {
            if !reaches(taker, limit, price) {
                break;
            }
            let Some(level) = self.side_mut(taker.opposite()).get_mut(&price) else { break };
            let Some(&mut (maker, ref mut rest)) = level.queue.front_mut() else { break };
            let qty = wanted(left, price, scale).min(*rest);
            if qty.is_zero() {
                break;
            }
            *rest = rest.minus(qty);
            if rest.is_zero() {
                level.queue.pop_front();
            }
            level.total = level.total.minus(qty);
            if level.queue.is_empty() {
                self.side_mut(taker.opposite()).remove(&price);
            }
            self.changed(taker.opposite(), price);
            out.push(Match { maker, price, qty });
            left = match left {
                Want::Base(want) => Want::Base(want.minus(qty)),
                Want::Quote(quote) => {
                    let paid = scale.notional(price, qty).unwrap_or(quote);
                    Want::Quote(quote.minus_or_min(paid))
                }
            };
        }
        left
    }

    /// Whether `qty` could be taken at `limit` or better.
    pub fn holds(&self, taker: Side, limit: Option<Price>, qty: Qty) -> bool {
        let mut left = qty;
        for (price, total) in self.levels(taker.opposite()) {
            if left.is_zero() || !reaches(taker, limit, price) {
                break;
            }
            left = left.minus(total);
        }
        left.is_zero()
    }

    /// Rests an order behind those of its price. `false` when the level cannot hold the sum.
    pub fn rest(&mut self, side: Side, price: Price, order: u64, qty: Qty) -> bool {
        let level = self.side_mut(side).entry(price).or_default();
        let Some(total) = level.total.plus(qty) else { return false };
        level.total = total;
        level.queue.push_back((order, qty));
        self.changed(side, price);
        true
    }

    /// Takes an order off the book; its open quantity, or `None` when it does not rest there.
    pub fn cancel(&mut self, side: Side, price: Price, order: u64) -> Option<Qty> {
        let level = self.side_mut(side).get_mut(&price)?;
        let at = level.queue.iter().position(|&(id, _)| id == order)?;
        let (_, qty) = level.queue.remove(at)?;
        level.total = level.total.minus(qty);
        if level.queue.is_empty() {
            self.side_mut(side).remove(&price);
        }
        self.changed(side, price);
        Some(qty)
    }

    /// Best price of a side.
    pub fn best(&self, side: Side) -> Option<Price> {
        match side {
            Side::Buy => self.bids.last_key_value().map(|(price, _)| *price),
            Side::Sell => self.asks.first_key_value().map(|(price, _)| *price),
        }
    }

    /// Price and total of a side's levels, best first.
    pub fn levels(&self, side: Side) -> Box<dyn Iterator<Item = (Price, Qty)> + '_> {
        match side {
            Side::Buy => Box::new(self.bids.iter().rev().map(|(price, l)| (*price, l.total))),
            Side::Sell => Box::new(self.asks.iter().map(|(price, l)| (*price, l.total))),
        }
    }

    /// Price, order and open quantity of a side's orders in the order they deal.
    pub fn queue(&self, side: Side) -> Box<dyn Iterator<Item = (Price, u64, Qty)> + '_> {
        fn orders<'a>(
            (price, level): (&'a Price, &'a Level),
        ) -> impl Iterator<Item = (Price, u64, Qty)> + 'a {
            level.queue.iter().map(|(order, qty)| (*price, *order, *qty))
        }
        match side {
            Side::Buy => Box::new(self.bids.iter().rev().flat_map(orders)),
            Side::Sell => Box::new(self.asks.iter().flat_map(orders)),
        }
    }

    /// Total at one price; zero when there is no such level.
    pub fn qty_at(&self, side: Side, price: Price) -> Qty {
        let levels = match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        };
        levels.get(&price).map_or(Qty::ZERO, |level| level.total)
    }

    /// Changes since the last call, one per version.
    pub fn drain_changes(&mut self) -> std::vec::Drain<'_, LevelChange> {
        self.changes.drain(..)
    }

    fn side_mut(&mut self, side: Side) -> &mut BTreeMap<Price, Level> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    fn changed(&mut self, side: Side, price: Price) {
        self.version += 1;
        self.changes.push(LevelChange { side, price });
    }
}

pub(crate) fn reaches(taker: Side, limit: Option<Price>, price: Price) -> bool {
    match (taker, limit) {
        (_, None) => true,
        (Side::Buy, Some(limit)) => price <= limit,
        (Side::Sell, Some(limit)) => price >= limit,
    }
}

pub(crate) fn wanted(want: Want, price: Price, scale: Scale) -> Qty {
    match want {
        Want::Base(qty) => qty,
        Want::Quote(quote) => quote.qty_at(price, scale.price, scale.qty).unwrap_or(Qty::ZERO),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCALE: Scale = Scale { price: 2, qty: 3 };

    fn price(raw: i64) -> Price {
        Price::from_raw(raw).unwrap()
    }

    fn qty(raw: i64) -> Qty {
        Qty::from_raw(raw).unwrap()
    }

    #[derive(Clone, Debug)]
    enum Step {
        Limit(Side, i64, i64),
        Ioc(Side, i64, i64),
        Cancel(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
        let step = prop_oneof![
            4 => (side.clone(), 90..110_i64, 1..50_i64).prop_map(|(s, p, q)| Step::Limit(s, p, q)),
            2 => (side, 90..110_i64, 1..80_i64).prop_map(|(s, p, q)| Step::Ioc(s, p, q)),
            1 => (0..200_usize).prop_map(Step::Cancel),
        ];
        prop::collection::vec(step, 1..200)
    }

    /// A book as a flat list, searched from end to end at every step.
    #[derive(Default)]
    struct Naive {
        orders: Vec<(u64, Side, i64, i64)>,
    }

    impl Naive {
        fn take(&mut self, taker: Side, limit: i64, mut want: i64) -> (Vec<(u64, i64, i64)>, i64) {
            let mut deals = Vec::new();
            while want > 0 {
                let better = |a: i64, b: i64| if taker == Side::Buy { a < b } else { a > b };
                let mut found: Option<usize> = None;
                for (at, &(_, side, price, _)) in self.orders.iter().enumerate() {
                    let crosses = side != taker
                        && if taker == Side::Buy { price <= limit } else { price >= limit };
                    if crosses && found.is_none_or(|best| better(price, self.orders[best].2)) {
                        found = Some(at);
                    }
                }
                let Some(at) = found else { break };
                let dealt = want.min(self.orders[at].3);
                want -= dealt;
                self.orders[at].3 -= dealt;
                deals.push((self.orders[at].0, self.orders[at].2, dealt));
                if self.orders[at].3 == 0 {
                    self.orders.remove(at);
                }
            }
            (deals, want)
        }

        fn total(&self, side: Side, price: i64) -> i64 {
            let at = |o: &&(u64, Side, i64, i64)| o.1 == side && o.2 == price;
            self.orders.iter().filter(at).map(|o| o.3).sum()
        }
    }

    proptest! {
        #[test]
        fn the_book_deals_exactly_as_a_flat_list_would(steps in steps()) {
            let (mut book, mut naive) = (Book::new(SCALE, 0), Naive::default());
            let mut placed = Vec::new();
            let mut deals = Vec::new();
            for (id, step) in (1_u64..).zip(steps) {
                let before = book.version();
                deals.clear();
                match step {
                    Step::Limit(side, p, q) | Step::Ioc(side, p, q) => {
                        let left = book.take(side, Some(price(p)), Want::Base(qty(q)), &mut deals);
                        let (expected, rest) = naive.take(side, p, q);
                        let dealt: Vec<_> =
                            deals.iter().map(|m| (m.maker, m.price.raw(), m.qty.raw())).collect();
                        prop_assert_eq!(dealt, expected);
                        prop_assert_eq!(left, Want::Base(qty(rest)));
                        if matches!(step, Step::Limit(..)) && rest > 0 {
                            prop_assert!(book.rest(side, price(p), id, qty(rest)));
                            naive.orders.push((id, side, p, rest));
                            placed.push((id, side, p));
                        }
                    }
                    Step::Cancel(which) => {
                        if let Some(&(id, side, p)) = placed.get(which) {
                            let at = naive.orders.iter().position(|o| o.0 == id);
                            let expected = at.map(|at| qty(naive.orders.remove(at).3));
                            prop_assert_eq!(book.cancel(side, price(p), id), expected);
                        }
                    }
                }
                let changes = book.drain_changes().count() as u64;
                prop_assert_eq!(book.version(), before + changes);
                for p in 90..110 {
                    for side in [Side::Buy, Side::Sell] {
                        prop_assert_eq!(book.qty_at(side, price(p)).raw(), naive.total(side, p));
                    }
                }
                if let (Some(bid), Some(ask)) = (book.best(Side::Buy), book.best(Side::Sell)) {
                    prop_assert!(bid < ask);
                }
            }
        }

        #[test]
        fn what_is_said_to_be_held_can_be_taken(steps in steps(), p in 90..110_i64, q in 1..400_i64) {
            let mut book = Book::new(SCALE, 0);
            let mut deals = Vec::new();
            for (id, step) in (1_u64..).zip(steps) {
                let Step::Limit(side, p, q) = step else { continue };
                let left = book.take(side, Some(price(p)), Want::Base(qty(q)), &mut deals);
                match left {
                    Want::Base(rest) if !rest.is_zero() => {
                        book.rest(side, price(p), id, rest);
                    }
                    Want::Base(_) | Want::Quote(_) => {}
                }
            }
            for side in [Side::Buy, Side::Sell] {
                let mut copy = book.clone();
                let left = copy.take(side, Some(price(p)), Want::Base(qty(q)), &mut deals);
                prop_assert_eq!(book.holds(side, Some(price(p)), qty(q)), left == Want::Base(Qty::ZERO));
            }
        }
    }

    #[test]
    fn a_quote_budget_is_never_overspent() {
        let mut book = Book::new(SCALE, 0);
        book.rest(Side::Sell, price(1_000), 1, qty(1_000));
        book.rest(Side::Sell, price(1_100), 2, qty(5_000));
        let mut deals = Vec::new();
        let budget = Amount::parse(b"25.005").unwrap();
        let left = book.take(Side::Buy, None, Want::Quote(budget), &mut deals);
        let spent: i128 = deals.iter().map(|m| SCALE.notional(m.price, m.qty).unwrap().raw()).sum();
        assert_eq!(left, Want::Quote(Amount::from_raw(budget.raw() - spent)));
        assert_eq!(deals[1].qty, qty(1_364));
    }
}
