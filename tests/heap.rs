//! Counts what the current thread asks of the heap, in every test binary that names it.
#![allow(unsafe_code, reason = "an allocator is unsafe by its trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

/// How often the current thread has asked so far.
pub fn asked() -> u64 {
    ASKED.get()
}

fn count() {
    // A thread that is ending has no counter left and nothing to prove.
    let _: Result<(), _> = ASKED.try_with(|asked| asked.set(asked.get() + 1));
}

// SAFETY: every call goes to the system's allocator with the arguments it came with.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the promise of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the promise of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the promise of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `work` asks.
pub fn asked_by(work: impl FnOnce()) -> u64 {
    let before = asked();
    work();
    asked() - before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_counts() {
        assert_eq!(asked_by(|| drop(std::hint::black_box(Box::new(1)))), 1);
        assert_eq!(asked_by(|| assert_eq!(std::hint::black_box([1]), [1])), 0);
    }
}
