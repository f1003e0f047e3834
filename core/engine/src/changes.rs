//! Changes of targets and positions on their way to plug-ins.
//!
//! A step shows few of them, so that what one plug-in may do in a step stays small however much a
//! step changes; the others come with the steps behind it, in their order. A change that waits gives
//! way to a newer one of the same target or position. What answers to changes change waits for a step
//! that something else makes: a plug-in that answers for ever costs no steps of its own.

use std::collections::VecDeque;

use model::{
    AccountId, AlarmKind, Happening, Mono, PositionRecord, Record, Span, Strategies, SymbolId,
    TargetRecord,
};

use crate::{Action, Actions, Engine};

/// Changes that are yet to be shown.
#[derive(Debug)]
pub(crate) struct Changes {
    waiting: VecDeque<Waiting>,
    /// Before any got lost since all were shown.
    lost: bool,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    change: Change,
    /// Made by what a plug-in answered to another change.
    answers: bool,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Target(TargetRecord),
    Position(PositionRecord),
}

impl Change {
    fn is_newer_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Target(one), Self::Target(other)) => one.id == other.id,
            (Self::Position(one), Self::Position(other)) => one.target == other.target,
            (Self::Target(_), Self::Position(_)) | (Self::Position(_), Self::Target(_)) => false,
        }
    }
}

impl Changes {
    /// A target and a position for each place of a target, and as many that took such a place since.
    const CAPACITY: usize = 320;
    /// One step shows so many.
    const STEP: usize = 8;
    /// Time between steps that nothing else asks for.
    pub(crate) const PACE: Span = Span::from_millis(1);

    pub(crate) fn new() -> Self {
        Self { waiting: VecDeque::with_capacity(Self::CAPACITY), lost: false }
    }

    /// Takes what the actions behind the first `from` say; `false` when there is no room for it.
    fn take(&mut self, actions: &Actions, from: usize, answers: bool) -> bool {
        let mut fits = true;
        for action in actions.iter().skip(from) {
            let Action::Persist { record, .. } = action else { continue };
            let change = if let Record::Target(target) = *record {
                Change::Target(target)
            } else if let Record::Position(position) = *record {
                Change::Position(position)
            } else {
                continue;
            };
            let older = self.waiting.iter_mut().find(|older| change.is_newer_of(&older.change));
            if let Some(older) = older {
                older.change = change;
            } else if self.waiting.len() < Self::CAPACITY {
                self.waiting.push_back(Waiting { change, answers });
            } else {
                fits = false;
            }
        }
        fits
    }

    /// When the next step shows more of them.
    pub(crate) fn poll_timeout(&self, now: Mono) -> Option<Mono> {
        let waits = self.waiting.iter().any(|waiting| !waiting.answers);
        waits.then(|| now.after(Self::PACE))
    }
}

impl<S: Strategies> Engine<S> {
    /// Targets and positions that this step and those before it have changed, as it has recorded
    /// them. A step that answers them goes on with the changes that its own wishes made.
    pub(crate) fn show_changes(&mut self, actions: &mut Actions) {
        if !self.strategies.wants_changes() {
            self.changes.waiting.clear();
            return;
        }
        let mut taken = 0;
        for nth in 0..Changes::STEP {
            self.take_changes(&mut taken, nth > 0, actions);
            if actions.len() >= Actions::CAPACITY / 4 {
                return;
            }
            match self.changes.waiting.pop_front().map(|waiting| waiting.change) {
                Some(Change::Target(target)) => {
                    self.show(target.symbol, Happening::Target(&target), None, actions);
                }
                Some(Change::Position(position)) => {
                    self.show(position.symbol, Happening::Position(&position), None, actions);
                }
                None => {
                    self.changes.lost = false;
                    return;
                }
            }
        }
        self.take_changes(&mut taken, true, actions);
    }

    fn take_changes(&mut self, taken: &mut usize, answers: bool, actions: &mut Actions) {
        let fits = self.changes.take(actions, *taken, answers);
        *taken = actions.len();
        if !fits && !std::mem::replace(&mut self.changes.lost, true) {
            let most = Changes::CAPACITY as i64;
            self.alarm(AlarmKind::Capacity, AccountId::NONE, SymbolId::NONE, most, actions);
        }
    }
}
