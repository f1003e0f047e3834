//! Changes of targets and positions on their way to plug-ins.
//!
//! A step shows few of them, so that what one plug-in may do in a step stays small however much a
//! step changes; the others come with the steps behind it, in their order.

use std::collections::VecDeque;

use model::{
    AccountId, AlarmKind, Happening, Mono, PositionRecord, Record, Span, Strategies, SymbolId,
    TargetRecord,
};

use crate::{Action, Actions, Engine};

/// Changes that are yet to be shown.
#[derive(Debug)]
pub(crate) struct Changes {
    waiting: VecDeque<Change>,
    /// Before any got lost since all were shown.
    lost: bool,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Target(TargetRecord),
    Position(PositionRecord),
}

impl Changes {
    /// Twice what the end of every target there is makes.
    const CAPACITY: usize = 512;
    /// One step shows so many.
    const STEP: usize = 8;
    /// Time between steps that nothing else asks for.
    pub(crate) const PACE: Span = Span::from_millis(1);

    pub(crate) fn new() -> Self {
        Self { waiting: VecDeque::with_capacity(Self::CAPACITY), lost: false }
    }

    /// Takes what the actions behind the first `from` say; `false` when there is no room for it.
    fn take(&mut self, actions: &Actions, from: usize) -> bool {
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
            if self.waiting.len() < Self::CAPACITY {
                self.waiting.push_back(change);
            } else {
                fits = false;
            }
        }
        fits
    }

    /// When the next step shows more of them.
    pub(crate) fn poll_timeout(&self, now: Mono) -> Option<Mono> {
        (!self.waiting.is_empty()).then(|| now.after(Self::PACE))
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
        for _ in 0..Changes::STEP {
            self.take_changes(&mut taken, actions);
            if actions.len() >= Actions::CAPACITY / 4 {
                return;
            }
            match self.changes.waiting.pop_front() {
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
        self.take_changes(&mut taken, actions);
    }

    fn take_changes(&mut self, taken: &mut usize, actions: &mut Actions) {
        let fits = self.changes.take(actions, *taken);
        *taken = actions.len();
        if !fits && !std::mem::replace(&mut self.changes.lost, true) {
            let most = Changes::CAPACITY as i64;
            self.alarm(AlarmKind::Capacity, AccountId::NONE, SymbolId::NONE, most, actions);
        }
    }
}
