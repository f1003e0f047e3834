//! What a good trader makes of a scenario, pair by pair: the file's own answer.

use model::{TargetState, WhyNot};
use serde::{Deserialize, Serialize};

/// The end of one pair for a trader with the shipped settings and a short time stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// State of the pair's last target; `none` where no target is made.
    pub state: String,
    /// The reason code of that state.
    #[serde(default = "no_complaint")]
    pub why: String,
    /// Whether anything is bought.
    pub fills: bool,
    /// Whether more is held at the end than the exchange would take an order for.
    pub held: bool,
    /// Orders sent at most: entries and sales, refused ones too, cancels not.
    pub orders_max: u32,
    /// The end is there so long after the origin, milliseconds; what never ends is looked at then.
    pub by_ms: i64,
}

/// How a pair ended, as whoever ran the scenario saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// State and reason code of the pair's last target.
    pub target: Option<(String, String)>,
    /// Deals of buys.
    pub fills: u64,
    /// Whether more is held than the exchange would take an order for.
    pub held: bool,
    /// Orders sent.
    pub orders: u32,
}

/// The word for a pair that gets no target.
const NONE: &str = "none";

const STATES: [TargetState; 12] = [
    TargetState::Pending,
    TargetState::Ready,
    TargetState::Armed,
    TargetState::Executing,
    TargetState::Open,
    TargetState::Closing,
    TargetState::Completed,
    TargetState::Failed,
    TargetState::Cancelled,
    TargetState::Expired,
    TargetState::Missed,
    TargetState::Blocked,
];

const REASONS: [WhyNot; 21] = [
    WhyNot::None,
    WhyNot::Confidence,
    WhyNot::PatternDisabled,
    WhyNot::TargetsMax,
    WhyNot::SymbolTaken,
    WhyNot::NoReference,
    WhyNot::NoRules,
    WhyNot::NotTradable,
    WhyNot::Balance,
    WhyNot::Refused,
    WhyNot::Rejected,
    WhyNot::UnknownOrder,
    WhyNot::NoFill,
    WhyNot::OrdersSpent,
    WhyNot::Operator,
    WhyNot::BadPlan,
    WhyNot::TooLate,
    WhyNot::PositionsMax,
    WhyNot::EntriesBlocked,
    WhyNot::NoOpening,
    WhyNot::TooSmall,
];

impl Expectation {
    /// The time stop of the trader that expectations are written for, seconds.
    pub const TIME_STOP_S: u32 = 5;

    /// Whether a target that gets there moves on no more.
    pub fn is_final(&self) -> bool {
        STATES.iter().any(|state| state.is_final() && state.name() == self.state)
    }

    /// What differs, in words; nothing when the pair ended as expected.
    pub fn differences(&self, ending: &Ending) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, expected: String, seen: String| {
            if expected != seen {
                differences.push(format!("{what}: {seen} and not {expected}"));
            }
        };
        let none = (NONE.to_owned(), NONE.to_owned());
        let (state, why) = ending.target.clone().unwrap_or(none);
        compare("state", self.state.clone(), state);
        compare("why", self.why.clone(), why);
        compare("fills", self.fills.to_string(), (ending.fills > 0).to_string());
        compare("held", self.held.to_string(), ending.held.to_string());
        if ending.orders > self.orders_max {
            differences.push(format!("{} orders, above {}", ending.orders, self.orders_max));
        }
        differences
    }

    /// The key that contradicts itself or the others, its value, and what would do.
    pub(super) fn wrong(&self) -> Option<(&'static str, String, String)> {
        let states = STATES.map(TargetState::name);
        let reasons = REASONS.map(WhyNot::name);
        if self.state != NONE && !states.contains(&self.state.as_str()) {
            let needed = format!("none, or one of {}", states.join(", "));
            return Some(("state", self.state.clone(), needed));
        }
        if !reasons.contains(&self.why.as_str()) {
            return Some(("why", self.why.clone(), format!("one of {}", reasons.join(", "))));
        }
        let holds = ["open", "closing", "completed"].contains(&self.state.as_str());
        if self.fills != holds {
            let rule = format!("{holds} for a target that ends {}", self.state);
            return Some(("fills", self.fills.to_string(), rule));
        }
        let still = ["open", "closing"].contains(&self.state.as_str());
        if self.held != still {
            let rule = format!("{still} for a target that ends {}", self.state);
            return Some(("held", self.held.to_string(), rule));
        }
        if self.fills && self.orders_max < 2 - u32::from(still) {
            let needed = "at least the order that buys and the one that sells".to_owned();
            return Some(("orders_max", self.orders_max.to_string(), needed));
        }
        (self.state == NONE && self.orders_max > 0).then(|| {
            let needed = "0 where no target is made".to_owned();
            ("orders_max", self.orders_max.to_string(), needed)
        })
    }
}

fn no_complaint() -> String {
    NONE.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bought_and_sold() -> Expectation {
        Expectation {
            state: "completed".to_owned(),
            why: no_complaint(),
            fills: true,
            held: false,
            orders_max: 5,
            by_ms: 20_000,
        }
    }

    #[test]
    fn every_difference_is_named() {
        let target = Some(("completed".to_owned(), "none".to_owned()));
        let good = Ending { target, fills: 2, held: false, orders: 5 };
        assert_eq!(bought_and_sold().differences(&good), [""; 0]);
        let bad = Ending { target: None, fills: 0, held: true, orders: 6 };
        assert_eq!(
            bought_and_sold().differences(&bad),
            [
                "state: none and not completed",
                "fills: false and not true",
                "held: true and not false",
                "6 orders, above 5"
            ]
        );
    }

    #[test]
    fn an_expectation_that_contradicts_itself_names_the_key() {
        let wrong = |change: fn(&mut Expectation)| {
            let mut expectation = bought_and_sold();
            change(&mut expectation);
            expectation.wrong().map(|(key, ..)| key)
        };
        assert_eq!(wrong(|_| ()), None);
        assert_eq!(wrong(|e| e.state = "done".to_owned()), Some("state"));
        assert_eq!(wrong(|e| e.why = "because".to_owned()), Some("why"));
        assert_eq!(wrong(|e| e.fills = false), Some("fills"));
        assert_eq!(wrong(|e| e.held = true), Some("held"));
        assert_eq!(wrong(|e| e.orders_max = 1), Some("orders_max"));
        let none = |e: &mut Expectation| {
            (e.state, e.fills) = (NONE.to_owned(), false);
        };
        assert_eq!(wrong(none), Some("orders_max"));
    }
}
