//! Why the engine does not follow a wish, and what would mend it, in words.

use model::{KillLevel, WhyNot};
use risk::Refusal;

use crate::board::Figures;

/// A reason of the engine's own.
pub(super) fn declined(why: WhyNot, symbol: &str) -> String {
    let mend = match why {
        // Told to plug-ins only.
        WhyNot::None
        | WhyNot::NotOwn
        | WhyNot::NotArmed
        | WhyNot::NotTriggered
        | WhyNot::NotShown => "it is not followed",
        WhyNot::SymbolTaken => {
            "the account has a target or position of it already; one at a time: see `shrike targets \
             list` and `shrike positions`"
        }
        WhyNot::TargetsMax => "no place for one more target; cancel one, or wait for one to end",
        WhyNot::PositionsMax => {
            "as many positions as risk.positions.max allows are open; close one first"
        }
        WhyNot::EntriesBlocked => "the kill switch is raised; `shrike resume` lowers it",
        WhyNot::NoOpening => {
            "no witness names its opening; name it with --opens-at, or wait for the calendar"
        }
        WhyNot::OtherOpening => {
            "a witness names another opening than --opens-at; leave the option away, see `shrike \
             listings`"
        }
        WhyNot::TooLate => "its opening has passed; `shrike buy` buys a pair that trades already",
        WhyNot::NotTrading => "it does not trade yet; `shrike targets add` is for openings",
        WhyNot::NotTradable => "the exchange does not let the API trade it",
        WhyNot::NoRules => "its rules are not known yet; try again in a few seconds",
        WhyNot::NoReference => {
            "no reference price is known yet; it comes from the asks shortly before the opening, \
             or name a price"
        }
        WhyNot::Balance => "the account's balance does not cover it",
        WhyNot::TooSmall => "the order would be smaller than the exchange takes; name more",
        WhyNot::BadFigure => {
            "a figure is none at the pair's scale: too small, too large, or a part where only all \
             can be sold"
        }
        WhyNot::NotHeld => "nothing of it is held here; see `shrike positions`",
        WhyNot::Holding => "the target holds a position; `shrike exit` sells it",
        WhyNot::TargetOver => "the target is over; `shrike targets add` makes another",
        WhyNot::NoTarget => "there is no such target; see `shrike targets list`",
        WhyNot::NoOrder => "there is no such order, or it has ended; see `shrike orders`",
        WhyNot::InFlight => "an order of it is still on its way; try again when it has ended",
        WhyNot::UnknownPair => "the engine does not know the pair",
        WhyNot::NoAccount => "there is no such account",
        WhyNot::Confidence
        | WhyNot::PatternDisabled
        | WhyNot::Refused
        | WhyNot::Rejected
        | WhyNot::UnknownOrder
        | WhyNot::NoFill
        | WhyNot::OrdersSpent
        | WhyNot::Operator
        | WhyNot::BadPlan
        | WhyNot::Disarmed => "the engine does not follow it as things stand",
    };
    format!("{symbol}: {mend}")
}

/// A refusal of the gate, with the figures it compared.
pub(super) fn refused(refusal: &Refusal, figures: Option<Figures>) -> String {
    let control = refusal.control();
    let text = match *refusal {
        Refusal::Killed { level } => {
            let name = level.name();
            let word = if level > KillLevel::Active { "`shrike resume` lowers it" } else { "" };
            format!("the kill switch stands at {name}; {word}")
        }
        Refusal::Blocked { block } => {
            format!("entries are blocked: {}; `shrike status` says by what", block.name())
        }
        Refusal::NotionalAboveMax { asked, max } => {
            format!("{asked} was asked, an order may have {max} (risk.order.max_notional)")
        }
        Refusal::TooManyTargets { active, max } => {
            format!("it would be target {active}, and {max} may be active; cancel one first")
        }
        Refusal::SellAboveHeld { asked, free } => match figures {
            Some(figures) => {
                let (asked, free) = (figures.qty(asked), figures.qty(free));
                format!("{asked} was asked, {free} is held")
            }
            None => "more was asked than is held".to_owned(),
        },
        Refusal::OffStep { asked, step } => match figures {
            Some(figures) => {
                let (asked, step) = (figures.qty(asked), figures.qty(step));
                format!("{asked} is not whole steps of {step}")
            }
            None => "the quantity is not whole steps".to_owned(),
        },
        Refusal::PriceOutsideCollar { asked, reference, bps_max } => match figures {
            Some(figures) => {
                let (asked, reference) = (figures.price(asked), figures.price(reference));
                let percent = f64::from(bps_max) / 100.0;
                format!(
                    "{asked} lies more than {percent} % away from the market's {reference}; name a \
                     price near it"
                )
            }
            None => "the price lies outside the collar around the market's".to_owned(),
        },
        Refusal::BookShareAboveMax { asked, max } => match figures {
            Some(figures) => {
                let (asked, max) = (figures.qty(asked), figures.qty(max));
                format!(
                    "{asked} was asked, and the asks up to the price allow {max}; name less, or a \
                     higher price"
                )
            }
            None => "the book's share up to the price does not allow it".to_owned(),
        },
        Refusal::RateSpent => {
            "the account's requests of this second are spent; try again".to_owned()
        }
        // The rest is for orders, not for wishes; their figures are the gate's own.
        Refusal::NotionalAboveCeiling { .. }
        | Refusal::QtyAboveMax { .. }
        | Refusal::PriceDrifted { .. }
        | Refusal::MarketEntry
        | Refusal::NoRules
        | Refusal::RulesTooOld { .. }
        | Refusal::NotTradable { .. }
        | Refusal::OffTick { .. }
        | Refusal::QtyBelowMin { .. }
        | Refusal::NotionalBelowMin { .. }
        | Refusal::NotionalAboveVenue { .. }
        | Refusal::WrongPermit { .. }
        | Refusal::PermitNotDurable { .. }
        | Refusal::PermitRevoked { .. }
        | Refusal::OutsideWindow { .. }
        | Refusal::PriceAbovePermit { .. }
        | Refusal::NotionalAbovePermit { .. }
        | Refusal::OrdersSpent { .. }
        | Refusal::RecvWindowTooLong { .. }
        | Refusal::DuplicateLeg { .. }
        | Refusal::Overflow
        | Refusal::ExposureAboveMax { .. }
        | Refusal::TooManyOrders { .. }
        | Refusal::DailyBuyAboveMax { .. }
        | Refusal::SelfTrade { .. } => format!("{refusal:?}"),
        Refusal::Rule { slot, code } => format!(
            "the risk rule in slot {} says no with its number {code}; `shrike plugin list` names it",
            slot.0
        ),
        Refusal::RuleSilent { slot } => format!(
            "the risk rule in slot {} has failed, and nothing is bought without it; `shrike plugin \
             list` says why, `shrike plugin stop` takes it out of use",
            slot.0
        ),
    };
    format!("refused by {control}: {text}")
}
