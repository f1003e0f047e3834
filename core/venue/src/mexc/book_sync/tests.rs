use super::*;
use model::{Level, Price, Qty, Side};
use std::collections::BTreeMap;

const T0: Mono = Mono::from_nanos(1_000_000_000);

/// The sequence of `rest_depth_booksync_newusdt.json` with the four `ws_pb_booksync` frames:
/// versions 100..100, 101..104, 105..105 and 108..110 around a snapshot of version 102.
#[test]
fn the_recorded_sequence_ends_in_the_book_that_its_index_names() {
    let mut desk = Desk::new(512);
    assert!(desk.sync.poll_wish(T0));
    assert_eq!(desk.diff(100, 100, &[(Side::Buy, 1001, 50)]), SyncOutcome::Buffered);
    assert_eq!(
        desk.diff(101, 104, &[(Side::Buy, 1000, 0), (Side::Sell, 1005, 30)]),
        SyncOutcome::Buffered
    );
    assert_eq!(
        desk.snapshot(102, &[(Side::Buy, 1001, 50), (Side::Buy, 1000, 20), (Side::Sell, 1007, 40)]),
        SyncOutcome::Synced
    );
    assert_eq!(desk.sync.state(), SyncState::Synced { version: 104 });
    assert_eq!(
        desk.diff(105, 105, &[(Side::Sell, 1005, 0), (Side::Sell, 1006, 75)]),
        SyncOutcome::Applied
    );
    assert_eq!(desk.sync.state(), SyncState::Synced { version: 105 });
    assert_eq!(
        desk.levels(),
        [(Side::Buy, 1001, 50), (Side::Sell, 1006, 75), (Side::Sell, 1007, 40)]
    );
    assert!(!desk.sync.poll_wish(T0));

    let gap = desk.diff(108, 110, &[(Side::Buy, 999, 10)]);
    assert_eq!(gap, SyncOutcome::Gap { expected: 106, found: 108 });
    assert_eq!(desk.sync.state(), SyncState::Buffering);
    assert!(desk.sync.poll_wish(T0), "the first snapshot after a gap is asked for at once");
    assert_eq!(desk.sync.buffered(), 1, "the push behind the gap waits for it");
    assert_eq!(desk.snapshot(109, &[(Side::Buy, 999, 9)]), SyncOutcome::Synced);
    assert_eq!(desk.levels(), [(Side::Buy, 999, 10)]);
}

#[test]
fn a_snapshot_older_than_the_stream_is_fetched_again() {
    let mut desk = Desk::new(512);
    assert!(desk.sync.poll_wish(T0));
    desk.diff(100, 101, &[]);
    let old = desk.snapshot(98, &[(Side::Buy, 5, 5)]);
    assert_eq!(old, SyncOutcome::SnapshotTooOld { version: 98, first: 100 });
    assert_eq!(desk.levels(), []);
    assert!(!desk.sync.poll_wish(T0), "the second attempt waits");
    let (at, _) = desk.sync.poll_timeout().unwrap();
    assert_eq!(at, T0.after(Span::from_millis(250)));
    assert!(desk.sync.poll_wish(at));
    assert_eq!(desk.snapshot(99, &[]), SyncOutcome::Synced, "99 and 100 touch");
    assert_eq!(desk.sync.state(), SyncState::Synced { version: 101 });
}

#[test]
fn attempts_wait_longer_and_longer_until_the_stream_runs_on() {
    let mut desk = Desk::new(512);
    let mut now = T0;
    let mut waits = Vec::new();
    for _ in 0..8 {
        let (at, name) = desk.sync.poll_timeout().unwrap();
        assert_eq!(name, "book_snapshot");
        waits.push(at.since(now).millis());
        now = at;
        assert!(desk.sync.poll_wish(now));
        desk.sync.handle_snapshot_failed(now);
    }
    assert_eq!(waits, [0, 250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    desk.snapshot(7, &[]);
    desk.diff(8, 8, &[]);
    desk.diff(10, 10, &[]);
    assert!(desk.sync.poll_wish(T0));
}

#[test]
fn a_gap_right_behind_every_snapshot_does_not_ask_in_a_tight_loop() {
    let mut desk = Desk::new(512);
    assert!(desk.sync.poll_wish(T0));
    desk.snapshot(7, &[]);
    desk.diff(10, 10, &[]);
    assert!(!desk.sync.poll_wish(T0));
    assert_eq!(desk.sync.poll_timeout().unwrap().0, T0.after(Span::from_millis(250)));
}

#[test]
fn a_snapshot_that_never_comes_is_asked_for_again() {
    let mut desk = Desk::new(512);
    assert!(desk.sync.poll_wish(T0));
    assert!(!desk.sync.poll_wish(T0));
    let (at, _) = desk.sync.poll_timeout().unwrap();
    assert_eq!(at, T0.after(Span::from_secs(3)));
    assert!(desk.sync.poll_wish(at));
}

#[test]
fn an_empty_snapshot_of_a_pair_that_has_not_opened_is_a_book() {
    let mut desk = Desk::new(512);
    assert_eq!(desk.snapshot(0, &[]), SyncOutcome::Synced);
    assert_eq!(desk.diff(1, 1, &[(Side::Sell, 5, 5)]), SyncOutcome::Applied);
    assert_eq!(desk.levels(), [(Side::Sell, 5, 5)]);
}

#[test]
fn repeated_and_overlapping_pushes_are_told_apart() {
    let mut desk = Desk::new(512);
    desk.snapshot(10, &[]);
    assert_eq!(desk.diff(11, 12, &[(Side::Buy, 5, 5)]), SyncOutcome::Applied);
    assert_eq!(desk.diff(11, 12, &[(Side::Buy, 5, 9)]), SyncOutcome::Old);
    assert_eq!(desk.levels(), [(Side::Buy, 5, 5)]);
    assert_eq!(desk.diff(12, 13, &[]), SyncOutcome::Gap { expected: 13, found: 12 });

    let mut desk = Desk::new(512);
    desk.diff(11, 12, &[]);
    assert_eq!(desk.diff(11, 12, &[]), SyncOutcome::Old, "repeated while it waits");
    assert_eq!(desk.snapshot(10, &[]), SyncOutcome::Synced);
}

#[test]
fn a_push_whose_versions_run_backwards_is_a_gap() {
    let mut desk = Desk::new(512);
    desk.snapshot(10, &[]);
    assert!(matches!(desk.diff(12, 11, &[]), SyncOutcome::Gap { .. }));
}

#[test]
fn a_gap_inside_the_buffer_is_found_and_what_lies_behind_it_waits() {
    let mut desk = Desk::new(512);
    desk.diff(11, 12, &[(Side::Buy, 1, 1)]);
    desk.diff(15, 16, &[(Side::Buy, 2, 2)]);
    desk.diff(17, 17, &[(Side::Buy, 3, 3)]);
    assert_eq!(desk.snapshot(10, &[]), SyncOutcome::Gap { expected: 13, found: 15 });
    assert_eq!(desk.sync.state(), SyncState::Buffering);
    assert_eq!(desk.sync.buffered(), 2);
    assert_eq!(desk.snapshot(14, &[]), SyncOutcome::Synced);
    assert_eq!(desk.levels(), [(Side::Buy, 2, 2), (Side::Buy, 3, 3)]);
}

#[test]
fn a_push_of_several_events_goes_the_same_way_as_its_first() {
    let levels: Vec<_> = (1..=12).map(|price| (Side::Buy, price, price)).collect();
    let mut desk = Desk::new(512);
    desk.diff(9, 10, &levels);
    desk.diff(11, 11, &levels);
    assert_eq!(desk.sync.buffered(), 6);
    assert_eq!(desk.snapshot(10, &[]), SyncOutcome::Synced);
    assert_eq!(desk.levels(), levels);
    let changed: Vec<_> = (1..=12).map(|price| (Side::Buy, price, price + 1)).collect();
    desk.diff(11, 11, &changed);
    assert_eq!(desk.levels(), levels, "all parts of a repeated push are dropped");
    desk.diff(12, 12, &changed);
    assert_eq!(desk.levels(), changed);
}

#[test]
fn a_snapshot_of_many_events_replaces_the_book_and_an_older_one_does_not() {
    let levels: Vec<_> = (1..=23).map(|price| (Side::Sell, price, 1)).collect();
    let mut desk = Desk::new(512);
    assert_eq!(desk.snapshot(10, &levels), SyncOutcome::Synced);
    desk.diff(11, 11, &[(Side::Sell, 1, 0)]);
    assert_eq!(desk.levels().len(), 22);
    assert_eq!(desk.snapshot(9, &levels), SyncOutcome::Old);
    assert_eq!(desk.levels().len(), 22);
    assert_eq!(desk.snapshot(12, &levels[..3]), SyncOutcome::Synced);
    assert_eq!(desk.levels().len(), 3);
}

#[test]
fn a_full_buffer_drops_whole_pushes_from_the_front() {
    let mut desk = Desk::new(4);
    let six: Vec<_> = (1..=6).map(|price| (Side::Buy, price, price)).collect();
    desk.diff(1, 1, &six);
    desk.diff(2, 2, &six);
    assert_eq!(desk.sync.buffered(), 4);
    assert_eq!(desk.diff(3, 3, &[]), SyncOutcome::BufferedDropping { dropped: 2 });
    let old = desk.snapshot(0, &[]);
    assert_eq!(old, SyncOutcome::SnapshotTooOld { version: 0, first: 2 });
    assert_eq!(desk.snapshot(1, &[]), SyncOutcome::Synced);
    assert_eq!(desk.sync.state(), SyncState::Synced { version: 3 });
}

#[test]
fn a_push_larger_than_the_buffer_leaves_no_half_behind() {
    let mut desk = Desk::new(2);
    let many: Vec<_> = (1..=30).map(|price| (Side::Buy, price, price)).collect();
    desk.diff(1, 1, &many);
    assert_eq!(desk.sync.buffered(), 0);
    desk.diff(2, 2, &[(Side::Buy, 1, 1)]);
    assert_eq!(desk.snapshot(1, &[]), SyncOutcome::Synced);
    assert_eq!(desk.levels(), [(Side::Buy, 1, 1)]);
}

#[test]
fn a_stream_that_went_and_came_begins_again() {
    let mut desk = Desk::new(512);
    desk.snapshot(10, &[]);
    desk.sync.stop();
    assert_eq!((desk.sync.state(), desk.sync.poll_timeout()), (SyncState::Buffering, None));
    desk.sync.start(T0);
    assert!(desk.sync.poll_wish(T0));
    assert_eq!(desk.diff(50, 50, &[]), SyncOutcome::Buffered);
}

#[test]
fn limited_depth_is_not_its_business() {
    let mut desk = Desk::new(4);
    let top = Depth::new(DepthKind::Top, true, 5, 5);
    assert_eq!(desk.sync.handle_depth(T0, &top, true, &mut |_| panic!()), SyncOutcome::Foreign);
}

/// Any loss, repetition and timing of snapshots: whenever the state says synchronised, the book
/// is the venue's at that version.
#[test]
fn a_book_that_says_it_is_synchronised_always_is() {
    let mut random = 88_172_645_463_325_252_u64;
    let mut below = |bound: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % bound
    };
    let mut checked = 0;
    for _ in 0..300 {
        let mut desk = Desk::new(8);
        let mut truth: BTreeMap<(u8, i64), i64> = BTreeMap::new();
        let mut history = vec![truth.clone()];
        let mut now = T0;
        for _ in 0..120 {
            now = now.after(Span::from_millis(below(400)));
            let from = history.len() as u64;
            let mut levels = Vec::new();
            for _ in 0..=below(3) {
                let side = if below(2) == 0 { Side::Buy } else { Side::Sell };
                let (price, qty) = (1 + below(6) as i64, below(4) as i64);
                set(&mut truth, side, price, qty);
                levels.push((side, price, qty));
                history.push(truth.clone());
            }
            let to = history.len() as u64 - 1;
            match below(10) {
                0 => {}
                1 => {
                    desk.diff(from, to, &levels);
                    desk.diff(from, to, &levels);
                }
                _ => {
                    desk.diff(from, to, &levels);
                }
            }
            if desk.sync.poll_wish(now) && below(4) > 0 {
                let version = history.len() as u64 - 1 - below(4).min(history.len() as u64 - 1);
                let levels: Vec<_> = history[version as usize]
                    .iter()
                    .map(|(&(side, price), &qty)| (Side::from_u8(side).unwrap(), price, qty))
                    .collect();
                desk.snapshot(version, &levels);
            }
            if let SyncState::Synced { version } = desk.sync.state() {
                assert_eq!(desk.book, history[version as usize], "version {version}");
                checked += 1;
            }
        }
    }
    assert!(checked > 1_000, "synchronised only {checked} times");
}

struct Desk {
    sync: BookSync,
    book: BTreeMap<(u8, i64), i64>,
}

type Levels = [(Side, i64, i64)];

impl Desk {
    fn new(buffer: usize) -> Self {
        let mut sync = BookSync::new(BookSyncConfig { buffer, ..BookSyncConfig::default() });
        sync.start(T0);
        Self { sync, book: BTreeMap::new() }
    }

    fn diff(&mut self, from: u64, to: u64, levels: &Levels) -> SyncOutcome {
        self.feed(DepthKind::Diff, from, to, levels)
    }

    fn snapshot(&mut self, version: u64, levels: &Levels) -> SyncOutcome {
        self.feed(DepthKind::Snapshot, version, version, levels)
    }

    /// The outcome of the first event of a diff, of the last one of a snapshot.
    fn feed(&mut self, kind: DepthKind, from: u64, to: u64, levels: &Levels) -> SyncOutcome {
        let mut events = vec![Depth::new(kind, true, from, to)];
        for &(side, price, qty) in levels {
            let level =
                Level { price: Price::from_raw(price).unwrap(), qty: Qty::from_raw(qty).unwrap() };
            if !events.last_mut().unwrap().push(side, level) {
                let mut next = Depth::new(kind, false, from, to);
                assert!(next.push(side, level));
                events.push(next);
            }
        }
        let count = events.len();
        let mut outcomes = Vec::new();
        for (at, event) in events.iter().enumerate() {
            let book = &mut self.book;
            let mut apply = |depth: &Depth| {
                if depth.kind == DepthKind::Snapshot && depth.first {
                    book.clear();
                }
                for (side, level) in depth.iter() {
                    set(book, side, level.price.raw(), level.qty.raw());
                }
            };
            outcomes.push(self.sync.handle_depth(T0, event, at + 1 == count, &mut apply));
        }
        if kind == DepthKind::Diff { outcomes[0] } else { outcomes[count - 1] }
    }

    fn levels(&self) -> Vec<(Side, i64, i64)> {
        let level =
            |(&(side, price), &qty): (&(u8, i64), &i64)| (Side::from_u8(side).unwrap(), price, qty);
        self.book.iter().map(level).collect()
    }
}

fn set(book: &mut BTreeMap<(u8, i64), i64>, side: Side, price: i64, qty: i64) {
    if qty == 0 {
        book.remove(&(side as u8, price));
    } else {
        book.insert((side as u8, price), qty);
    }
}
