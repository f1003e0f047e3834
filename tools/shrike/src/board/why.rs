//! One sentence for each target: what it waits for, or why it is over.

use model::{Block, Close, ExitPlan, KillLevel, TargetState, WhyNot};
use serde_json::Value;

use super::Board;
use super::order::Reply;
use super::target::Target;

/// What keeps a target from moving on, most pressing first.
pub(super) fn sentence(board: &Board, target: &Target) -> String {
    let state = target.record.state;
    let stops_entries =
        matches!(state, TargetState::Ready | TargetState::Armed | TargetState::Executing);
    if stops_entries && let Some(held) = held_back(board, target) {
        return held;
    }
    match (state, target.record.why) {
        (TargetState::Executing | TargetState::Armed, WhyNot::None) => waits(board, target),
        (TargetState::Open, _) => exit_plan(target),
        (TargetState::Closing, _) => match target.refusal {
            Some(refusal) => {
                format!("Sells what is left; the gate refused the last sale: {refusal}.")
            }
            None => "Sells what is left, wider each time until it is gone.".to_owned(),
        },
        (TargetState::Completed, _) => match target.closed() {
            Some(how) => format!("Bought and sold; the last of it by {}.", how.name()),
            None => "Bought and sold.".to_owned(),
        },
        (TargetState::Cancelled, _) if target.closed() == Some(Close::HandedOver) => {
            "Handed over to the operator, unsold; no stop watches it.".to_owned()
        }
        (state, why) => plain(state, why, target),
    }
}

/// A stop over all entries.
fn held_back(board: &Board, target: &Target) -> Option<String> {
    if board.kill.level > KillLevel::Active {
        let (level, reason) = (board.kill.level.name(), board.kill.reason);
        return Some(format!("The kill switch stands at {level} ({reason}); nothing is bought."));
    }
    let own = board.account_blocks.get(&target.record.account).copied().unwrap_or_default();
    let block = board.blocks.union(own).first()?;
    Some(format!("Entries are blocked: {}.", block_text(block)))
}

const fn block_text(block: Block) -> &'static str {
    match block {
        Block::PrivateStream => "the private stream is not live",
        Block::Clock => "the exchange's clock is not known well enough",
        Block::Journal => "the journal is filling",
        Block::Reconciliation => "orders, deals and balances are being reconciled",
        Block::OrderLink => "no order connection is open",
        Block::Disk => "the disk refuses records",
        Block::Decode => "a private frame could not be read",
    }
}

fn waits(board: &Board, target: &Target) -> String {
    let own = board.orders.list(|o| o.target == Some(target.record.id) && o.is_entry());
    let Some(last) = own.last() else {
        return "Fires at the planned opening or at the first deal.".to_owned();
    };
    let id = last.id();
    match last.reply {
        Reply::Lost => format!("The fate of order {id} is unknown; it asks the venue."),
        Reply::Awaited => format!("Waits for the venue's answer to order {id}."),
        Reply::Refused { code } => {
            format!("The venue answered {code} to order {id}; it tries again inside the permit.")
        }
        Reply::Accepted if !last.ended => format!("Order {id} stands at the venue."),
        Reply::Accepted => format!("Order {id} ended without a deal; it tries again."),
        Reply::NotSent { why } => format!("Order {id} was {why}; it tries again."),
        Reply::NeverAccepted => format!("Order {id} never reached the venue; it tries again."),
    }
}

fn exit_plan(target: &Target) -> String {
    format!("Holds; waits for {}.", exits_of(&target.record.exit).join(", "))
}

/// What would sell a position.
pub(super) fn exits_of(exit: &ExitPlan) -> Vec<String> {
    let mut waits = Vec::new();
    if !exit.ladder.is_empty() {
        waits.push(format!("{} take-profit levels", exit.ladder.len()));
    }
    if exit.stop_loss_bps > 0 {
        waits.push(format!("a stop {} below", percent(exit.stop_loss_bps)));
    }
    if exit.trailing_bps > 0 {
        waits.push(format!("a trailing stop of {}", percent(exit.trailing_bps)));
    }
    if exit.time_stop.nanos() > 0 {
        waits.push(format!("the time stop after {} s", exit.time_stop.millis() / 1_000));
    }
    waits
}

fn percent(bps: u32) -> String {
    format!("{}.{:02} %", bps / 100, bps % 100)
}

fn plain(state: TargetState, why: WhyNot, target: &Target) -> String {
    if why == WhyNot::Refused {
        return refused(target);
    }
    let permitted = why == WhyNot::None && target.permit.is_some();
    if permitted && state == TargetState::Ready {
        return "Its permit is on the way to the disk.".to_owned();
    }
    said(state, why).to_owned()
}

/// State and reason code in words, for a target of which no more is known.
pub fn said(state: TargetState, why: WhyNot) -> &'static str {
    match why {
        WhyNot::NotOwn => "The target is another plug-in's or the operator's.",
        WhyNot::NotArmed => "The target is not armed.",
        WhyNot::NotTriggered => "Its plan does not let a strategy fire it.",
        WhyNot::NotShown => "The wish is of a pair that was not shown.",
        WhyNot::None => match state {
            TargetState::Pending => "Waits for a stronger signal.",
            TargetState::Ready => "Waits for its time, rules and a reference price.",
            TargetState::Armed
            | TargetState::Executing
            | TargetState::Open
            | TargetState::Closing
            | TargetState::Completed
            | TargetState::Failed
            | TargetState::Cancelled
            | TargetState::Expired
            | TargetState::Missed
            | TargetState::Blocked => "Nothing is amiss.",
        },
        WhyNot::Confidence => "The confidence is below the threshold; a stronger signal lifts it.",
        WhyNot::PatternDisabled => "The pattern is not one of the enabled ones.",
        WhyNot::TargetsMax => "As many targets as allowed are active.",
        WhyNot::SymbolTaken => "The symbol has a target already.",
        WhyNot::NoReference => "Waits for a reference price, which bounds what it may pay.",
        WhyNot::NoRules => "Waits for the pair's rules.",
        WhyNot::NotTradable => "The API may not trade the pair.",
        WhyNot::Balance => "The free balance does not cover it.",
        WhyNot::Refused => "The gate refused.",
        WhyNot::Rejected => "The venue refused for good.",
        WhyNot::UnknownOrder => "An order of unknown fate freezes it until the venue has answered.",
        WhyNot::NoFill => "The window passed without a deal.",
        WhyNot::OrdersSpent => "All orders of the permit are spent.",
        WhyNot::Operator => "The operator or the kill switch ended it.",
        WhyNot::BadPlan => "The plan does not hold together.",
        WhyNot::TooLate => "The planned opening passed before it could be armed.",
        WhyNot::PositionsMax => "As many positions as allowed are open; it waits for one to close.",
        WhyNot::EntriesBlocked => "Entries are blocked or killed.",
        WhyNot::NoOpening => "The opening is not known.",
        WhyNot::TooSmall => "The order would be smaller than the venue takes.",
        WhyNot::Disarmed => "The operator disarmed it; `shrike targets arm` lets it go on.",
        WhyNot::NoTarget => "There is no such target.",
        WhyNot::TargetOver => "The target is over.",
        WhyNot::Holding => "It holds a position already.",
        WhyNot::NotHeld => "Nothing of the pair is held.",
        WhyNot::NotTrading => "The pair does not trade yet.",
        WhyNot::OtherOpening => "A witness names another opening.",
        WhyNot::NoOrder => "There is no such order, or it has ended.",
        WhyNot::InFlight => "An order of it is still on its way.",
        WhyNot::BadFigure => "A figure is none at the pair's scale.",
        WhyNot::UnknownPair => "The pair is not known.",
        WhyNot::NoAccount => "There is no such account.",
    }
}

fn refused(target: &Target) -> String {
    match target.refusal {
        Some(refusal) => format!("The gate refused: {refusal}."),
        None => "The gate refused; the journal has the figures.".to_owned(),
    }
}

/// The reason code; null where there is no complaint.
pub(super) fn code(why: WhyNot) -> Value {
    if why == WhyNot::None { Value::Null } else { why.name().into() }
}
