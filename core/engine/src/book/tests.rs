use std::collections::BTreeMap;

use super::*;

#[test]
fn the_fast_book_equals_the_naive_one_over_many_random_pushes() {
    for seed in 1..=20 {
        let mut random = Random(seed);
        let mut book = Book::new();
        let (mut bids, mut asks) = (BTreeMap::new(), BTreeMap::new());
        let mut version = 100;
        take(&mut book, DepthKind::Snapshot, version, version, &[]);
        for _ in 0..5_000 {
            let levels: Vec<_> = (0..random.below(6)).map(|_| random.level()).collect();
            let from = version + 1;
            version += 1 + random.below(3);
            let outcome = take(&mut book, DepthKind::Diff, from, version, &levels);
            assert_eq!(outcome, SyncOutcome::Applied);
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
fn nothing_may_be_read_from_a_book_that_is_out_of_step() {
    let mut book = Book::new();
    let bid = [(Side::Buy, level(100, 5))];
    take(&mut book, DepthKind::Diff, 1, 1, &bid);
    assert_eq!(book.best_bid(), None);
    take(&mut book, DepthKind::Snapshot, 10, 10, &bid);
    assert_eq!(book.best_bid(), Some(level(100, 5)));
    take(&mut book, DepthKind::Diff, 12, 13, &[]);
    assert_eq!(book.best_bid(), None);
    take(&mut book, DepthKind::Snapshot, 20, 20, &bid);
    assert_eq!(book.best_bid(), Some(level(100, 5)));
    book.start(Mono::ZERO);
    assert_eq!(book.best_bid(), None);
}

#[test]
fn a_full_side_keeps_the_best_levels() {
    let mut book = Book::new();
    take(&mut book, DepthKind::Snapshot, 1, 1, &[]);
    for n in 0..Book::DEPTH as i64 + 50 {
        let version = 2 + n as u64;
        let ask = (Side::Sell, level(1_000 - n, 1));
        take(&mut book, DepthKind::Diff, version, version, &[ask]);
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

fn take(
    book: &mut Book,
    kind: DepthKind,
    from: u64,
    to: u64,
    levels: &[(Side, Level)],
) -> SyncOutcome {
    let mut depth = Depth::new(kind, true, from, to);
    for &(side, level) in levels {
        assert!(depth.push(side, level));
    }
    book.take(Mono::ZERO, &depth, true)
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
