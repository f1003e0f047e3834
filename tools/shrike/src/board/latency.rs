//! How long each stage took, by the stamps in the journal.

use hdrhistogram::Histogram;
use model::Span;
use serde_json::{Map, Value, json};

/// A stretch between two records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The step that approved an order to the last byte of it on the socket.
    DecideToSent,
    /// That byte to the record of the venue's answer.
    SentToAck,
    /// That byte of an entry to the record of its first deal.
    SentToFill,
    /// The step that asked for a cancel to its last byte on the socket.
    CancelToSent,
    /// That byte to the record of the venue's answer.
    CancelSentToAck,
    /// The permit's record to the record that it is on disk.
    PermitToDurable,
    /// Distance between the planned opening and the last byte of a target's first order, whichever
    /// came first.
    FireError,
}

impl Stage {
    const ALL: [Self; 7] = [
        Self::DecideToSent,
        Self::SentToAck,
        Self::SentToFill,
        Self::CancelToSent,
        Self::CancelSentToAck,
        Self::PermitToDurable,
        Self::FireError,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::DecideToSent => "decide_to_sent",
            Self::SentToAck => "sent_to_ack",
            Self::SentToFill => "sent_to_fill",
            Self::CancelToSent => "cancel_to_sent",
            Self::CancelSentToAck => "cancel_sent_to_ack",
            Self::PermitToDurable => "permit_to_durable",
            Self::FireError => "fire_error",
        }
    }
}

/// Longest time that is told apart; a longer one counts as this. `max` is exact.
const LONGEST_NS: u64 = 60_000_000_000;

/// One histogram a stage: 7 of them of about 220 kB.
#[derive(Debug)]
pub(super) struct Latencies {
    stages: [Recorded; Stage::ALL.len()],
}

#[derive(Debug)]
struct Recorded {
    histogram: Histogram<u64>,
    max_ns: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        let histogram =
            || Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("1 is below half of LONGEST_NS");
        let recorded = |_| Recorded { histogram: histogram(), max_ns: 0 };
        Self { stages: Stage::ALL.map(recorded) }
    }
}

impl Latencies {
    pub(super) fn record(&mut self, stage: Stage, took: Span) {
        let at = &mut self.stages[stage as usize];
        at.histogram.saturating_record(took.nanos());
        at.max_ns = at.max_ns.max(took.nanos());
    }

    /// Every stage, those without a measurement too: their figures are null.
    pub(super) fn document(&self) -> Value {
        let stages = Stage::ALL.into_iter().zip(&self.stages);
        let fields = stages.map(|(stage, at)| (stage.name().to_owned(), at.document()));
        Value::Object(fields.collect::<Map<_, _>>())
    }
}

impl Recorded {
    fn document(&self) -> Value {
        let count = self.histogram.len();
        let at = |quantile| {
            let value = self.histogram.value_at_quantile(quantile).min(self.max_ns);
            (count > 0).then_some(value)
        };
        let max = (count > 0).then_some(self.max_ns);
        json!({ "p50": at(0.5), "p99": at(0.99), "p999": at(0.999), "max": max, "count": count })
    }
}
