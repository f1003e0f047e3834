//! One channel of a feed, and how it stands.

use model::{LinkState, Mono, Text};

use super::Silence;
use super::topic::{NAME_MAX, Topic};

#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) topic: Topic,
    pub(super) name: Text<NAME_MAX>,
    pub(super) silence: Silence,
    pub(super) state: State,
    /// Refusals and missing acknowledgements in a row.
    pub(super) failures: u32,
    /// Id of the first message of this subscription: acknowledgements of earlier ones are others'.
    pub(super) first_id: u32,
    /// Id of the last message about it.
    pub(super) last_id: u32,
    pub(super) data: Mono,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Not asked for over this connection.
    Wanted,
    /// Asked; taken for unanswered then.
    Asked(Mono),
    /// Not answered; asked for again then.
    Unanswered(Mono),
    /// Refused; asked for again then.
    Refused(Mono),
    Live,
    Stale,
    /// To be unsubscribed.
    Unwanted,
    /// Unsubscribed; forgotten then, acknowledged or not.
    Leaving(Mono),
}

impl State {
    pub(super) fn is_wanted(self) -> bool {
        !matches!(self, Self::Unwanted | Self::Leaving(_))
    }
}

impl Slot {
    /// Whether an acknowledgement with this id, 0 for none, can be about the slot as it is.
    pub(super) fn is_about(&self, id: u64) -> bool {
        match self.state {
            State::Leaving(_) => id == 0 || id == u64::from(self.last_id),
            State::Wanted
            | State::Asked(_)
            | State::Unanswered(_)
            | State::Refused(_)
            | State::Live
            | State::Stale
            | State::Unwanted => id == 0 || id >= u64::from(self.first_id),
        }
    }
}

pub(super) const fn shown(state: State) -> LinkState {
    match state {
        State::Wanted | State::Unwanted | State::Leaving(_) => LinkState::Down,
        State::Asked(_) | State::Unanswered(_) => LinkState::Asked,
        State::Refused(_) => LinkState::Refused,
        State::Live => LinkState::Live,
        State::Stale => LinkState::Stale,
    }
}

/// Larger is worse; a stream is as good as its worst channel.
pub(super) const fn badness(state: LinkState) -> u8 {
    match state {
        LinkState::Live => 0,
        LinkState::Stale => 1,
        LinkState::Asked => 2,
        LinkState::Down => 3,
        LinkState::Refused => 4,
    }
}
