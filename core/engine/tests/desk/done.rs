//! What the engine asked for, sorted by what a test wants to look at.

use engine::{Action, Note, Question};
use model::{AlarmKind, ClientOrderId, Mono, Record, Request, TargetRecord};

/// What the engine asked for, with when.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) actions: Vec<(Mono, Action)>,
}

impl Done {
    pub(crate) fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    pub(crate) fn places(&self) -> Vec<Request> {
        self.timed_places().into_iter().map(|(_, request)| request).collect()
    }

    pub(crate) fn timed_places(&self) -> Vec<(Mono, Request)> {
        let place = |(at, action): &(Mono, Action)| match action {
            Action::Place(order) => Some((*at, *order.request())),
            Action::Cancel { .. }
            | Action::Ask { .. }
            | Action::Follow { .. }
            | Action::Unfollow { .. }
            | Action::Persist { .. }
            | Action::Note(_) => None,
        };
        self.actions.iter().filter_map(place).collect()
    }

    pub(crate) fn only_place(&self) -> Request {
        let places = self.places();
        assert_eq!(places.len(), 1, "{:#?}", self.actions);
        places[0]
    }

    pub(crate) fn cancels(&self) -> Vec<ClientOrderId> {
        let cancel = |(_, action): &(Mono, Action)| match action {
            Action::Cancel { client_order_id, .. } => Some(*client_order_id),
            Action::Place(_)
            | Action::Ask { .. }
            | Action::Follow { .. }
            | Action::Unfollow { .. }
            | Action::Persist { .. }
            | Action::Note(_) => None,
        };
        self.actions.iter().filter_map(cancel).collect()
    }

    pub(crate) fn asks(&self) -> Vec<Question> {
        let ask = |(_, action): &(Mono, Action)| match action {
            Action::Ask { question, .. } => Some(*question),
            Action::Place(_)
            | Action::Cancel { .. }
            | Action::Follow { .. }
            | Action::Unfollow { .. }
            | Action::Persist { .. }
            | Action::Note(_) => None,
        };
        self.actions.iter().filter_map(ask).collect()
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        let record = |(_, action): &(Mono, Action)| match action {
            Action::Persist { record, .. } => Some(*record),
            Action::Place(_)
            | Action::Cancel { .. }
            | Action::Ask { .. }
            | Action::Follow { .. }
            | Action::Unfollow { .. }
            | Action::Note(_) => None,
        };
        self.actions.iter().filter_map(record).collect()
    }

    pub(crate) fn targets(&self) -> Vec<TargetRecord> {
        let pick = |record: Record| if let Record::Target(one) = record { Some(one) } else { None };
        self.records().into_iter().filter_map(pick).collect()
    }

    pub(crate) fn alarms(&self) -> Vec<AlarmKind> {
        let pick =
            |record: Record| if let Record::Alarm(one) = record { Some(one.kind) } else { None };
        self.records().into_iter().filter_map(pick).collect()
    }

    pub(crate) fn permits(&self) -> Vec<model::Permit> {
        let pick = |record: Record| if let Record::Permit(one) = record { Some(one) } else { None };
        self.records().into_iter().filter_map(pick).collect()
    }

    /// How the position was closed, once it was.
    pub(crate) fn closed(&self) -> Option<model::Close> {
        self.records().into_iter().rev().find_map(|record| {
            if let Record::Position(position) = record { position.closed } else { None }
        })
    }

    /// What is to be told once the permit is on disk.
    pub(crate) fn permit_token(&self) -> Option<u64> {
        self.actions.iter().find_map(|(_, action)| {
            if let Action::Persist { token, record: Record::Permit(_) } = action {
                Some(*token)
            } else {
                None
            }
        })
    }

    pub(crate) fn refusals(&self) -> Vec<risk::Refusal> {
        let refusal = |(_, action): &(Mono, Action)| match action {
            Action::Note(Note::Refused { refusal, .. }) => Some(*refusal),
            Action::Place(_)
            | Action::Cancel { .. }
            | Action::Ask { .. }
            | Action::Follow { .. }
            | Action::Unfollow { .. }
            | Action::Persist { .. }
            | Action::Note(_) => None,
        };
        self.actions.iter().filter_map(refusal).collect()
    }
}
