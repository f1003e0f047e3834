//! What happened of late, for a plug-in to be tried on before it is swapped in.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use model::{Event, Mono};

/// Events kept.
const EVENTS_MAX: usize = 1_024;

/// The last events of a journal. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    events: Arc<Mutex<VecDeque<(Mono, Event)>>>,
}

impl Recent {
    /// Adds one.
    pub fn push(&self, at: Mono, event: Event) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() >= EVENTS_MAX {
            events.pop_front();
        }
        events.push_back((at, event));
    }

    /// All of them, oldest first.
    pub fn events(&self) -> Vec<(Mono, Event)> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().copied().collect()
    }
}
