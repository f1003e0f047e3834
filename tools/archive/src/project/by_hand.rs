//! What an operator asked for by hand and what the engine answered, as deeds of the audit.

use engine::Outcome;
use model::{Amount, ByHand, PriceCap, TargetId};

/// The word of a wish, its target where it names one, and its figures.
pub(super) fn deed_of(wish: &ByHand) -> (&'static str, Option<TargetId>, String) {
    match wish {
        ByHand::AddTarget(target) => {
            let cap = match target.cap {
                PriceCap::Plan => "the plan's cap".to_owned(),
                PriceCap::Max(price) => format!("at most {price}"),
                PriceCap::Reference(price) => format!("above {price}"),
            };
            ("add_target", None, format!("{}, {cap}", amount(target.notional)))
        }
        ByHand::Arm { target } => ("arm", Some(*target), String::new()),
        ByHand::Disarm { target } => ("disarm", Some(*target), String::new()),
        ByHand::CancelTarget { target } => ("cancel_target", Some(*target), String::new()),
        ByHand::Buy(buy) => ("buy", None, format!("{} at most {}", buy.notional, buy.price_max)),
        ByHand::Sell { qty, at_once } => {
            let how = if *at_once { ", at once" } else { "" };
            ("exit", None, format!("{}{how}", amount(*qty)))
        }
        ByHand::CancelOrder { client_order_id } => {
            ("cancel_order", None, client_order_id.to_string())
        }
        ByHand::Adopt { qty, price } => ("adopt", None, format!("{qty} at {price}")),
        ByHand::Forget => ("forget", None, String::new()),
        ByHand::Rehearse { target } => ("rehearse", Some(*target), String::new()),
    }
}

/// The engine's answer: its word, the target it concerns, and why not.
pub(super) fn answer_of(outcome: &Outcome) -> (&'static str, Option<TargetId>, String) {
    match outcome {
        Outcome::Done { target } => ("done", *target, String::new()),
        Outcome::Declined { why } => ("declined", None, why.name().to_owned()),
        Outcome::Refused { refusal } => ("refused", None, refusal.to_string()),
        Outcome::Rehearse(request) => ("rehearsed", None, request.client_order_id.to_string()),
    }
}

fn amount(amount: Amount) -> String {
    if amount == Amount::ZERO { "all".to_owned() } else { amount.to_string() }
}
