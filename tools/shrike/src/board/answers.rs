//! What the engine answered to wishes of the operator.

use std::collections::VecDeque;

use engine::Outcome;

/// Answers kept: more than connections that can wait for one.
const KEPT: usize = 64;

/// The newest answers by their token.
#[derive(Debug, Default)]
pub(super) struct Answers(VecDeque<(u64, Answer)>);

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What the engine said.
    pub outcome: Outcome,
    /// The record that says so.
    pub seq: u64,
}

impl Answers {
    pub(super) fn take(&mut self, token: u64, outcome: Outcome, seq: u64) {
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        self.0.push_back((token, Answer { outcome, seq }));
    }

    pub(super) fn find(&self, token: u64) -> Option<Answer> {
        self.0.iter().rev().find(|(one, _)| *one == token).map(|(_, answer)| *answer)
    }

    /// Tokens of another process mean other wishes.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
