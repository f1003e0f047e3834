//! The hot thread asks the heap for nothing in its steady state, and under TLS for a stated count.
#![allow(unsafe_code, reason = "a global allocator is unsafe to implement")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::TcpStream;
use std::sync::atomic::AtomicBool;

use runtime::{Ended, Roots, Tls, WaitPolicy, inbox, run, stats};
use support::{Echo, Moment, certificate, config, echo_venue, endpoint};

/// Counts what the calling thread asks of the heap.
struct Counting;

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending has no counter any more and is not the hot one.
    let _ = ASKED.try_with(|asked| asked.set(asked.get() + 1));
}

// SAFETY: every call goes to the system's allocator with the caller's own promises.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the promises of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the promises of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the promises of `realloc`.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the promises of `dealloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static HEAP: Counting = Counting;

const WARM_UP: usize = 500;
const HALF: usize = 1_000;

/// What some answered frames cost.
#[derive(Debug)]
struct Spent {
    frames: u64,
    asked: u64,
}

/// What the first and the second thousand frames after the warm-up cost the hot thread, counted
/// between moments at which nothing is in flight.
fn allocations(policy: WaitPolicy, tls: bool) -> [Spent; 2] {
    let certificate = tls.then(|| certificate("localhost"));
    let client = certificate.as_ref().map(|certificate| {
        Tls::new(Roots::Only(certificate.root_pem.as_bytes())).expect("the root was just made")
    });
    let frames = WARM_UP + 2 * HALF + 1;
    let (feed, orders, venue) = match certificate {
        Some(certificate) => echo_venue(frames, move |stream| certificate.open(stream)),
        None => echo_venue(frames, |stream: TcpStream| stream),
    };
    let mut feed = endpoint(feed, client.clone());
    feed.hot = true;
    let mut orders = endpoint(orders, client);
    orders.orders = true;

    let mut marks: [Option<(u64, u64)>; 3] = [None; 3];
    let mut machine = Echo::new(frames, |moment| {
        let Moment::Answered(answered) = moment else { return };
        for (mark, due) in marks.iter_mut().zip([WARM_UP, WARM_UP + HALF, WARM_UP + 2 * HALF]) {
            if answered >= due as u64 {
                mark.get_or_insert((answered, ASKED.with(Cell::get)));
            }
        }
    });
    let (_sender, inbox) = inbox(16);
    let (writer, mut reader) = stats();
    let stop = AtomicBool::new(false);
    let ended =
        run(&mut machine, &config(policy), vec![feed, orders], inbox, writer, &stop, |_| {});
    assert_eq!(ended.unwrap(), Ended::Done);
    venue.join().unwrap();
    assert_eq!(reader.read().frames, frames as u64);
    let [a, b, c] = marks.map(|mark| mark.expect("the frames went far enough"));
    [Spent { frames: b.0 - a.0, asked: b.1 - a.1 }, Spent { frames: c.0 - b.0, asked: c.1 - b.1 }]
}

#[test]
fn over_plain_tcp_two_thousand_frames_and_orders_allocate_nothing() {
    for half in allocations(WaitPolicy::Spin, false) {
        assert!(half.frames > 0 && half.asked == 0, "{half:?}");
    }
}

#[test]
fn a_parked_loop_allocates_nothing_either() {
    for half in allocations(WaitPolicy::Park, false) {
        assert!(half.frames > 0 && half.asked == 0, "{half:?}");
    }
}

/// One for each TLS record: a frame read, an order written, its reply read.
const TLS_ALLOCATIONS_A_FRAME: u64 = 3;

/// rustls queues the records of one read of 4 KiB, at most 178 of them, in a queue that doubles
/// from four places up: so often at most in the life of a session, when records come in bulk.
const TLS_QUEUE_GROWTHS: u64 = 6;

#[test]
fn over_tls_the_count_is_the_stated_one_and_does_not_grow() {
    for half in allocations(WaitPolicy::Spin, true) {
        assert!(half.frames > 0, "{half:?}");
        assert!(
            half.asked <= TLS_ALLOCATIONS_A_FRAME * half.frames + TLS_QUEUE_GROWTHS,
            "{half:?}"
        );
    }
}
