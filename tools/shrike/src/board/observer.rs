//! The journal thread's report: records to the board, progress and trouble to the hot thread.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use journal::{Observer, RecordView, Trouble};
use model::{Block, Body, Event};
use runtime::InboxSender;

use super::Board;

/// Follows a journal writer. `tell` hands an event to the hot thread without waiting and says
/// whether it was taken.
pub struct BoardObserver<F> {
    board: Arc<Mutex<Board>>,
    durable: Arc<AtomicU64>,
    tell: F,
    /// A word about the disk that found no room, said again with the next report.
    untold: Option<bool>,
}

impl<F> fmt::Debug for BoardObserver<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { durable, untold, .. } = self;
        let mut out = f.debug_struct("BoardObserver");
        out.field("durable", durable).field("untold", untold).finish_non_exhaustive()
    }
}

impl<F: FnMut(Event) -> bool> BoardObserver<F> {
    /// Reports to `board`, `durable` and `tell`.
    pub fn new(board: Arc<Mutex<Board>>, durable: Arc<AtomicU64>, tell: F) -> Self {
        Self { board, durable, tell, untold: None }
    }

    fn with_board<T>(&self, change: impl FnOnce(&mut Board) -> T) -> T {
        change(&mut self.board.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tell_disk(&mut self, on: bool) {
        let event = Event::bare(Body::Blocked { block: Block::Disk, on });
        self.untold = (!(self.tell)(event)).then_some(on);
    }

    fn retell(&mut self) {
        if let Some(on) = self.untold {
            self.tell_disk(on);
        }
    }
}

/// An observer that reports to the loop behind `inbox`.
pub fn of_inbox(
    board: Arc<Mutex<Board>>,
    durable: Arc<AtomicU64>,
    inbox: InboxSender,
) -> BoardObserver<impl FnMut(Event) -> bool> {
    BoardObserver::new(board, durable, move |event| inbox.send(event).is_ok())
}

impl<F: FnMut(Event) -> bool> Observer for BoardObserver<F> {
    fn on_record(&mut self, record: &RecordView<'_>) {
        let RecordView { seq, at, family, kind, payload } = *record;
        let alarm = self.with_board(|board| {
            board.on_record(kind, family, seq, at, payload);
            board.take_alarm()
        });
        if let Some(line) = alarm {
            tracing::warn!("{line}");
        }
        self.retell();
    }

    fn on_durable(&mut self, seq: u64) {
        self.durable.store(seq, Ordering::Release);
        self.with_board(|board| board.on_durable(seq));
        // Wakes a loop that sleeps; one that is awake looks at `durable` every turn anyway.
        let _ = (self.tell)(Event::bare(Body::Durable { token: 0 }));
        self.retell();
    }

    fn on_trouble(&mut self, trouble: &Trouble) {
        let on = match trouble {
            Trouble::MarketStopped { .. }
            | Trouble::Reserve { .. }
            | Trouble::Counting { .. }
            | Trouble::RingBroken(_) => true,
            Trouble::Over { .. } => false,
            Trouble::Close { .. } => {
                self.with_board(|board| board.set_trouble(Some(trouble.to_string())));
                return;
            }
        };
        self.with_board(|board| board.set_trouble(on.then(|| trouble.to_string())));
        self.tell_disk(on);
    }
}
