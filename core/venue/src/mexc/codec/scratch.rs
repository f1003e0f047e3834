//! The events of one frame before they are handed out, so that a bad frame gives none.

use model::{Body, Event};

use super::DecodeError;

/// A list of events with all of its memory.
#[derive(Debug)]
pub(crate) struct Scratch {
    events: Vec<Event>,
}

impl Scratch {
    /// Events of a frame at most. A whole book of the venue, 2 sides x 5,000 levels, is 2,000
    /// events of five levels; twice that leaves room for one that grew. As deals it is 40,960 a
    /// second on a 100 ms channel.
    pub(crate) const CAPACITY: usize = 2 * 2 * 5_000 / model::Depth::LEVELS + 96;

    pub(crate) fn new() -> Self {
        Self { events: Vec::with_capacity(Self::CAPACITY) }
    }

    pub(crate) fn clear(&mut self) {
        self.events.clear();
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, event: Event) -> Result<(), DecodeError> {
        if self.events.len() == Self::CAPACITY {
            return Err(DecodeError::TooManyEvents { max: Self::CAPACITY });
        }
        self.events.push(event);
        Ok(())
    }

    /// Writes the versions of a push into all of its parts.
    pub(crate) fn set_versions(&mut self, from: u64, to: u64) {
        for event in &mut self.events {
            if let Body::Depth(depth) = &mut event.body {
                (depth.from, depth.to) = (from, to);
            }
        }
    }

    /// The events, the last one flagged.
    pub(crate) fn finish(&mut self) -> &[Event] {
        if let Some(event) = self.events.last_mut() {
            event.last = true;
        }
        &self.events
    }
}
