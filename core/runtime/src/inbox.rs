//! From slow threads to the hot thread: events through a bounded queue, and the kill flag.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use mio::Waker;
use model::{Event, KillLevel};

/// A queue of `capacity` events: the end for slow threads and the end for the loop.
pub fn inbox(capacity: usize) -> (InboxSender, Inbox) {
    let (sender, receiver) = bounded(capacity.max(1));
    let bell = Arc::new(Bell::default());
    (InboxSender { sender, bell: Arc::clone(&bell) }, Inbox { receiver, bell })
}

/// Where slow threads put events. Clone one a thread.
#[derive(Clone, Debug)]
pub struct InboxSender {
    sender: Sender<Event>,
    bell: Arc<Bell>,
}

/// The event did not fit, or the loop has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboxError {
    /// The queue holds this many events already; the sender keeps its event and tries later.
    Full {
        /// How many.
        capacity: usize,
    },
    /// Nobody reads any more.
    Ended,
}

impl fmt::Display for InboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { capacity } => write!(f, "the inbox holds {capacity} events and is full"),
            Self::Ended => f.write_str("the loop has ended"),
        }
    }
}

impl std::error::Error for InboxError {}

impl InboxSender {
    /// Queues `event` and wakes the loop if it sleeps. Never blocks.
    ///
    /// # Errors
    /// [`InboxError`]; the event was not taken.
    pub fn send(&self, event: Event) -> Result<(), InboxError> {
        match self.sender.try_send(event) {
            Ok(()) => {
                self.bell.ring();
                Ok(())
            }
            Err(TrySendError::Full(_)) => {
                Err(InboxError::Full { capacity: self.sender.capacity().unwrap_or(0) })
            }
            Err(TrySendError::Disconnected(_)) => Err(InboxError::Ended),
        }
    }

    /// Wakes the loop if it sleeps, so that it looks at its flags.
    pub fn wake(&self) {
        self.bell.ring();
    }
}

/// What the loop reads.
#[derive(Debug)]
pub struct Inbox {
    receiver: Receiver<Event>,
    bell: Arc<Bell>,
}

impl Inbox {
    /// The next event, without waiting and without a system call.
    pub(crate) fn poll(&self) -> Option<Event> {
        self.receiver.try_recv().ok()
    }

    /// Names what wakes the loop.
    pub(crate) fn attach(&self, waker: Waker) {
        // A second loop on the same inbox does not exist: `run` takes the inbox.
        let _ = self.bell.waker.set(waker);
    }

    /// Announces a sleep; `false` when there is something to do after all.
    pub(crate) fn begin_sleep(&self) -> bool {
        self.bell.asleep.store(true, Ordering::SeqCst);
        if self.receiver.is_empty() {
            return true;
        }
        self.end_sleep();
        false
    }

    /// The sleep is over; senders need not ring.
    pub(crate) fn end_sleep(&self) {
        self.bell.asleep.store(false, Ordering::SeqCst);
    }
}

/// Rung only while the loop sleeps, so that a spinning loop costs its senders no system call.
#[derive(Debug, Default)]
struct Bell {
    asleep: AtomicBool,
    waker: OnceLock<Waker>,
}

impl Bell {
    fn ring(&self) {
        if self.asleep.swap(false, Ordering::SeqCst)
            && let Some(waker) = self.waker.get()
        {
            // The queue of wake-ups is an eventfd: when it fails the loop is already awake.
            let _ = waker.wake();
        }
    }
}

/// The kill level that every thread can raise at once, read before the first byte of a request.
#[derive(Clone, Debug, Default)]
pub struct KillFlag(Arc<AtomicU8>);

impl KillFlag {
    /// A flag that stands at `level`.
    pub fn at(level: KillLevel) -> Self {
        Self(Arc::new(AtomicU8::new(level as u8)))
    }

    /// How far trading is stopped.
    pub fn level(&self) -> KillLevel {
        KillLevel::from_u8(self.0.load(Ordering::Acquire)).unwrap_or(KillLevel::Flatten)
    }

    /// Stops trading at least this far; never lowers.
    pub fn raise(&self, level: KillLevel) {
        self.0.fetch_max(level as u8, Ordering::AcqRel);
    }

    /// Lowers to `level` if it still stands at `from`: an operator's resume loses against a raise
    /// that came in between. Whether it was lowered.
    pub fn resume(&self, from: KillLevel, level: KillLevel) -> bool {
        let order = Ordering::AcqRel;
        self.0.compare_exchange(from as u8, level as u8, order, Ordering::Acquire).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Body;

    fn event(token: u64) -> Event {
        Event::bare(Body::Durable { token })
    }

    #[test]
    fn events_come_out_in_the_order_they_went_in() {
        let (sender, inbox) = inbox(4);
        for token in 0..4 {
            sender.send(event(token)).unwrap();
        }
        for token in 0..4 {
            assert_eq!(inbox.poll(), Some(event(token)));
        }
        assert_eq!(inbox.poll(), None);
    }

    #[test]
    fn a_full_inbox_says_so_and_keeps_what_it_has() {
        let (sender, inbox) = inbox(1);
        sender.send(event(1)).unwrap();
        assert_eq!(sender.send(event(2)), Err(InboxError::Full { capacity: 1 }));
        assert_eq!(inbox.poll(), Some(event(1)));
        drop(inbox);
        assert_eq!(sender.send(event(3)), Err(InboxError::Ended));
    }

    #[test]
    fn no_sleep_begins_over_a_waiting_event() {
        let (sender, inbox) = inbox(2);
        assert!(inbox.begin_sleep());
        inbox.end_sleep();
        sender.send(event(1)).unwrap();
        assert!(!inbox.begin_sleep());
        assert!(!inbox.bell.asleep.load(Ordering::SeqCst));
    }

    #[test]
    fn a_raise_never_lowers_and_a_resume_loses_against_it() {
        let flag = KillFlag::default();
        let other = flag.clone();
        other.raise(KillLevel::Reduce);
        flag.raise(KillLevel::Halt);
        assert_eq!(flag.level(), KillLevel::Reduce);
        other.raise(KillLevel::Flatten);
        assert!(!flag.resume(KillLevel::Reduce, KillLevel::Active));
        assert!(flag.resume(KillLevel::Flatten, KillLevel::Active));
        assert_eq!(other.level(), KillLevel::Active);
    }
}
