//! Who is shown what, who judges and whose timer comes next: kept for all slots together, so that a
//! step looks at no plug-in that it does not call.

use abi::scene;
use model::{Mono, Slot};

use crate::seat::Seat;

/// Slots as bits.
#[derive(Debug)]
pub(crate) struct Audience {
    by_kind: [u16; scene::KINDS.len()],
    /// Those with a rule that judges.
    pub(crate) rules: u16,
    timers: [Mono; Slot::MAX],
}

impl Audience {
    pub(crate) const fn new() -> Self {
        Self { by_kind: [0; scene::KINDS.len()], rules: 0, timers: [Mono::NEVER; Slot::MAX] }
    }

    /// Takes what a seat is now.
    pub(crate) fn take(&mut self, at: usize, seat: Option<&Seat>) {
        let bit = 1_u16 << at;
        let set =
            |slots: &mut u16, on: bool| *slots = if on { *slots | bit } else { *slots & !bit };
        let events = seat.map_or(0, Seat::events);
        for (kind, slots) in self.by_kind.iter_mut().enumerate() {
            set(slots, events & (1 << kind) != 0);
        }
        set(&mut self.rules, seat.is_some_and(Seat::judges));
        self.take_timer(at, seat);
    }

    /// Takes when the next timer of a seat comes.
    pub(crate) fn take_timer(&mut self, at: usize, seat: Option<&Seat>) {
        self.timers[at] = seat.map_or(Mono::NEVER, Seat::next_timer);
    }

    /// Those that want a kind, or signals when there are some.
    pub(crate) fn wants(&self, kind: u16, signals: bool) -> u16 {
        let wanting = |kind| self.by_kind.get(usize::from(kind)).copied().unwrap_or(0);
        wanting(kind) | if signals { wanting(scene::SIGNALS) } else { 0 }
    }

    pub(crate) fn next_timer(&self) -> Mono {
        self.timers.iter().copied().min().unwrap_or(Mono::NEVER)
    }
}

/// A slot as its bit; none for [`Slot::NONE`].
pub(crate) fn bit(slot: Slot) -> u16 {
    1_u16.checked_shl(u32::from(slot.0)).unwrap_or(0)
}
