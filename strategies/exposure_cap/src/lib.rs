//! Keeps buys under caps: what an account's holdings and buys in flight may cost, over all pairs
//! and for one, and what share of the visible book one order may take.
//!
//! A buy above a cap is shrunk to what the cap leaves. When that is less than a step, it is
//! refused with the number of the cap.
#![cfg_attr(not(test), no_std)]
#![warn(missing_docs)]

use sdk::{Amount, Qty, Question, Refuse, RiskRule, Setup, Verdict, manifest};

/// Refusal: [`RiskRule::MANIFEST`]'s `total_max` leaves nothing.
pub const TOTAL: u32 = 1;
/// Refusal: `symbol_max` leaves nothing.
pub const SYMBOL: u32 = 2;
/// Refusal: `depth_share_bps` of the book is nothing.
pub const DEPTH: u32 = 3;

const MANIFEST: &str = include_str!("../plugin.toml");
const TOTAL_MAX: usize = manifest::parameter(MANIFEST, "total_max");
const SYMBOL_MAX: usize = manifest::parameter(MANIFEST, "symbol_max");
const DEPTH_SHARE: usize = manifest::parameter(MANIFEST, "depth_share_bps");
/// Decimals of the two amounts.
const DECIMALS: u8 = 2;

/// The rule.
#[derive(Debug, Default)]
pub struct ExposureCap {
    total_max: Option<Amount>,
    symbol_max: Option<Amount>,
    depth_share_bps: u32,
}

/// What a cap leaves, and its number.
#[derive(Clone, Copy)]
struct Left {
    qty: Qty,
    code: u32,
}

impl RiskRule for ExposureCap {
    const MANIFEST: &'static str = MANIFEST;

    fn setup(&mut self, setup: &Setup) -> Result<(), Refuse> {
        self.total_max = cap(setup.parameter(TOTAL_MAX))?;
        self.symbol_max = cap(setup.parameter(SYMBOL_MAX))?;
        self.depth_share_bps =
            u32::try_from(setup.parameter(DEPTH_SHARE)).map_err(|_| Refuse(1))?;
        Ok(())
    }

    fn judge(&mut self, question: &Question) -> Verdict {
        let asked = question.qty();
        let mut least = Left { qty: asked, code: 0 };
        let caps = [
            (self.total_max, question.total_notional(), TOTAL),
            (self.symbol_max, question.symbol_notional(), SYMBOL),
        ];
        for (max, used, code) in caps {
            let Some(max) = max else { continue };
            let room = max.minus_or_min(used);
            if question.notional() > room {
                least = least.or(Left { qty: question.affordable(room), code });
            }
        }
        if let (Some(depth), 1..) = (question.depth(), self.depth_share_bps) {
            let share = depth.share_bps(self.depth_share_bps);
            if asked > share {
                least = least.or(Left { qty: share.floor_to(question.step()), code: DEPTH });
            }
        }
        match least {
            Left { code: 0, .. } => Verdict::Allow,
            Left { qty: Qty::ZERO, code } => Verdict::Refuse(code),
            Left { qty, .. } => Verdict::Shrink(qty),
        }
    }
}

/// `None` for zero: no cap.
fn cap(value: i64) -> Result<Option<Amount>, Refuse> {
    match value {
        0 => Ok(None),
        1.. => Amount::from_decimal(value, DECIMALS).map(Some).ok_or(Refuse(1)),
        _ => Err(Refuse(1)),
    }
}

impl Left {
    /// The lesser one; the first of equals, so that a refusal names the widest cap.
    fn or(self, other: Self) -> Self {
        if other.qty < self.qty || self.code == 0 { other } else { self }
    }
}

sdk::export!(risk_rule ExposureCap);

#[cfg(test)]
mod tests {
    use sdk::testing::{Stage, question, setup};

    use super::*;

    #[test]
    fn a_buy_under_every_cap_is_left_as_it_is() {
        assert_eq!(ask(|_| ()), Verdict::Allow);
        assert_eq!(ask(|raw| raw.total_notional = units(980)), Verdict::Allow);
        assert_eq!(ask(|raw| raw.symbol_notional = units(230)), Verdict::Allow);
    }

    #[test]
    fn a_buy_is_shrunk_to_what_a_cap_leaves() {
        let total = ask(|raw| raw.total_notional = units(990));
        assert_eq!(total, shrink(50));
        let symbol = ask(|raw| raw.symbol_notional = units(249));
        assert_eq!(symbol, shrink(5));
        let both = ask(|raw| {
            raw.total_notional = units(990);
            raw.symbol_notional = units(249);
        });
        assert_eq!(both, shrink(5));
    }

    #[test]
    fn what_is_left_is_a_multiple_of_the_step() {
        let verdict = ask(|raw| {
            raw.total_notional = units(990);
            raw.step = 40;
        });
        assert_eq!(verdict, shrink(40));
    }

    #[test]
    fn a_buy_that_no_cap_leaves_room_for_is_refused_with_the_caps_number() {
        assert_eq!(ask(|raw| raw.total_notional = units(1_000)), Verdict::Refuse(TOTAL));
        assert_eq!(ask(|raw| raw.total_notional = units(5_000)), Verdict::Refuse(TOTAL));
        assert_eq!(ask(|raw| raw.symbol_notional = units(250)), Verdict::Refuse(SYMBOL));
        assert_eq!(ask(|raw| raw.depth = 1), Verdict::Refuse(DEPTH));
    }

    #[test]
    fn a_buy_takes_no_more_than_its_share_of_the_book() {
        assert_eq!(ask(|raw| raw.depth = 120), shrink(60));
        assert_eq!(ask(|raw| raw.depth = 200), Verdict::Allow);
    }

    #[test]
    fn without_a_live_book_there_is_no_share_of_it() {
        let verdict = ask(|raw| (raw.bid, raw.ask, raw.depth) = (0, 0, 0));
        assert_eq!(verdict, Verdict::Allow);
    }

    #[test]
    fn a_cap_of_zero_is_none() {
        let mut setup = setup::<ExposureCap>();
        for parameter in [TOTAL_MAX, SYMBOL_MAX, DEPTH_SHARE] {
            setup = setup.with_parameter(parameter, 0);
        }
        let mut question = question();
        question.raw.total_notional = i128::MAX;
        question.raw.symbol_notional = i128::MAX;
        question.raw.depth = 1;
        assert_eq!(Stage::<ExposureCap>::with(&setup).unwrap().ask(&question), Verdict::Allow);
    }

    #[test]
    fn figures_below_zero_are_not_run_with() {
        for parameter in [TOTAL_MAX, SYMBOL_MAX, DEPTH_SHARE] {
            let setup = setup::<ExposureCap>().with_parameter(parameter, -1);
            assert_eq!(Stage::<ExposureCap>::with(&setup).err(), Some(-1));
        }
    }

    #[test]
    fn figures_at_the_ends_of_their_range_are_judged_too() {
        let refused = ask(|raw| raw.total_notional = i128::MAX);
        assert_eq!(refused, Verdict::Refuse(TOTAL));
        let refused =
            ask(|raw| (raw.qty, raw.price, raw.notional) = (i64::MAX, i64::MAX, i128::MAX));
        assert_eq!(refused, Verdict::Refuse(TOTAL));
        assert_eq!(ask(|raw| raw.total_notional = i128::MIN), Verdict::Allow);
    }

    #[test]
    fn noise_neither_stops_it_nor_makes_it_say_too_much() {
        sdk::testing::storm::<ExposureCap>(20_000);
    }

    fn shrink(qty: i64) -> Verdict {
        Verdict::Shrink(Qty::from_raw(qty).unwrap())
    }

    fn units(units: i64) -> i128 {
        Amount::from_units(units).raw()
    }

    fn ask(change: impl FnOnce(&mut sdk::abi::judge::Question)) -> Verdict {
        let mut question = question();
        change(&mut question.raw);
        Stage::<ExposureCap>::new().ask(&question)
    }
}
