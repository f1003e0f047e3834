use std::collections::BTreeMap;

use super::*;

#[test]
fn the_fast_book_equals_the_naive_one_over_many_random_pushes() {
    for seed in 1..=20 {
        let mut random = Random(seed);
        let mut book = Book::new();
        let (mut bids, mut asks) = (BTreeMap::new(), BTreeMap::new());
        let mut version = 100;
        book.apply(&push(DepthKind::Snapshot, version, version, &[]));
        for _ in 0..5_000 {
            let levels: Vec<_> = (0..random.below(6)).map(|_| random.level()).collect();
            let from = version + 1;
            version += 1 + random.below(3);
            assert_eq!(
                book.apply(&push(DepthKind::Diff, from, version, &levels)),
                Applied::Changed
            );
            for &(side, level) in &levels {
                let naive = if side == Side::Buy { &mut bids } else { &mut asks };
                if level.qty.is_zero() {
                    naive.remove(&level.price);
                } else {
                    naive.insert(level.price, level.qty);
                }
            }
            let (fast_bids, fast_asks) = book.sides();
            let expected: Vec<_> = bids.iter().rev().map(pair).collect();
            assert_eq!(fast_bids, expected, "seed {seed}");
            let expected: Vec<_> = asks.iter().map(pair).collect();
            assert_eq!(fast_asks, expected, "seed {seed}");
        }
    }
}

#[test]
fn a_missing_version_makes_the_book_unreadable_until_a_snapshot() {
    let mut book = Book::new();
    let bid = (Side::Buy, level(100, 5));
    assert_eq!(book.apply(&push(DepthKind::Diff, 1, 1, &[bid])), Applied::Gap);
    book.apply(&push(DepthKind::Snapshot, 10, 10, &[bid]));
    assert_eq!(book.best_bid(), Some(level(100, 5)));
    assert_eq!(book.apply(&push(DepthKind::Diff, 12, 13, &[])), Applied::Gap);
    assert_eq!(book.best_bid(), None);
    assert_eq!(book.apply(&push(DepthKind::Diff, 14, 14, &[bid])), Applied::Gap);
    book.apply(&push(DepthKind::Snapshot, 20, 20, &[bid]));
    assert_eq!(book.best_bid(), Some(level(100, 5)));
}

#[test]
fn a_push_that_straddles_the_snapshot_is_applied_and_an_old_one_is_not() {
    let mut book = Book::new();
    book.apply(&push(DepthKind::Snapshot, 102, 102, &[(Side::Buy, level(100, 5))]));
    assert_eq!(book.apply(&push(DepthKind::Diff, 100, 100, &[])), Applied::Old);
    let change = [(Side::Buy, level(100, 0)), (Side::Sell, level(105, 3))];
    assert_eq!(book.apply(&push(DepthKind::Diff, 101, 104, &change)), Applied::Changed);
    assert_eq!((book.best_bid(), book.best_ask()), (None, Some(level(105, 3))));
}

#[test]
fn a_full_side_keeps_the_best_levels() {
    let mut book = Book::new();
    book.apply(&push(DepthKind::Snapshot, 1, 1, &[]));
    for n in 0..Book::DEPTH as i64 + 50 {
        let version = 2 + n as u64;
        let ask = (Side::Sell, level(1_000 - n, 1));
        book.apply(&push(DepthKind::Diff, version, version, &[ask]));
    }
    let (_, asks) = book.sides();
    assert_eq!(asks.len(), Book::DEPTH);
    assert_eq!(asks[0].price.raw(), 1_000 - Book::DEPTH as i64 - 49);
}

fn pair((&price, &qty): (&Price, &Qty)) -> Level {
    Level { price, qty }
}

fn level(price: i64, qty: i64) -> Level {
    Level { price: Price::from_raw(price).unwrap(), qty: Qty::from_raw(qty).unwrap() }
}

fn push(kind: DepthKind, from: u64, to: u64, levels: &[(Side, Level)]) -> Depth {
    let mut depth = Depth::new(kind, true, from, to);
    for &(side, level) in levels {
        assert!(depth.push(side, level));
    }
    depth
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn level(&mut self) -> (Side, Level) {
        let side = if self.below(2) == 0 { Side::Buy } else { Side::Sell };
        (side, level(1 + self.below(120) as i64, self.below(4) as i64))
    }
}
