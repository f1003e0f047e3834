//! What risk rules are asked, and what becomes of their verdicts.

use abi::judge::{Question, Verdict};
use abi::{Plain, export};
use model::{
    Amount, PluginFault, PluginReport, Qty, RiskRules, Round, RuleQuestion, RuleVerdict, Slot,
};

use crate::Plugins;
use crate::calls::Turn;
use crate::scene::{mono, price, time};

impl RiskRules for Plugins {
    fn judge(&mut self, asked: &RuleQuestion<'_>) -> RuleVerdict {
        let mut qty = asked.request.qty;
        let mut left = self.used.rules | self.candidates.rules;
        while left != 0 {
            let at = left.trailing_zeros() as usize;
            let here = left & left.wrapping_neg();
            left ^= here;
            let verdict = if self.used.rules & here != 0 {
                self.ask(at, false, asked, qty)
            } else {
                RuleVerdict::Allow
            };
            if self.candidates.rules & here != 0 {
                self.ask_candidate(at, asked, qty, verdict);
            }
            match verdict {
                RuleVerdict::Allow => {}
                RuleVerdict::Shrink { qty: less } => qty = less,
                RuleVerdict::Refuse { .. } | RuleVerdict::Silent { .. } => return verdict,
            }
        }
        if qty < asked.request.qty { RuleVerdict::Shrink { qty } } else { RuleVerdict::Allow }
    }
}

impl Plugins {
    /// Asks one rule. A larger quantity than it was asked about counts as that.
    fn ask(
        &mut self,
        at: usize,
        candidate: bool,
        asked: &RuleQuestion<'_>,
        at_most: Qty,
    ) -> RuleVerdict {
        let slot = Slot(at as u8);
        let (seats, calls) = if candidate {
            (&mut self.shadows, &mut self.shadow_calls)
        } else {
            (&mut self.seats, &mut self.calls)
        };
        let Some(seat) = &mut seats[at] else { return RuleVerdict::Silent { slot } };
        let turn = Turn { step: self.step, calls: &mut calls[at] };
        let put = |to: &mut [u8]| question(asked, at_most).put(to);
        let fault = match seat.judge(turn, put) {
            Ok((export::ALLOW, _)) => return RuleVerdict::Allow,
            Ok((export::SHRINK, Verdict { qty, .. })) if qty >= 0 => {
                let less = Qty::from_raw(qty).unwrap_or(Qty::ZERO).floor_to(asked.step);
                return if less < at_most {
                    RuleVerdict::Shrink { qty: less }
                } else {
                    RuleVerdict::Allow
                };
            }
            Ok((export::REFUSE, Verdict { code, .. })) => {
                return RuleVerdict::Refuse { slot, code };
            }
            Ok((verdict, _)) => Some((PluginFault::BadVerdict, i64::from(verdict))),
            Err(fault) => fault,
        };
        if let Some(fault) = fault {
            self.fail(at, candidate, fault);
        }
        RuleVerdict::Silent { slot }
    }

    /// Compares a candidate's verdict with that of the rule in use, which alone counts.
    fn ask_candidate(
        &mut self,
        at: usize,
        asked: &RuleQuestion<'_>,
        at_most: Qty,
        used: RuleVerdict,
    ) {
        let Some(plugin) = self.shadows[at].as_ref().map(|seat| seat.plugin) else { return };
        let candidate = self.ask(at, true, asked, at_most);
        // A candidate that failed has said so.
        if candidate != used && !matches!(candidate, RuleVerdict::Silent { .. }) {
            let (slot, symbol) = (Slot(at as u8), asked.request.symbol);
            self.report(PluginReport::JudgesOtherwise { slot, plugin, symbol, used, candidate });
        }
    }
}

/// A request as a rule is shown it, at the quantity that the rules before left.
fn question(asked: &RuleQuestion<'_>, qty: Qty) -> Question {
    let request = asked.request;
    let (price_decimals, qty_decimals) = asked.decimals;
    let notional = if qty == request.qty {
        Some(asked.notional)
    } else {
        Amount::notional(request.price, price_decimals, qty, qty_decimals, Round::Up)
    };
    Question {
        now: mono(asked.now),
        venue_now: time(request.timestamp),
        symbol: request.symbol.0,
        account: request.account.0,
        kind: request.kind as u8,
        price_decimals,
        qty_decimals,
        price: request.price.raw(),
        qty: qty.raw(),
        step: asked.step.raw(),
        bid: price(asked.bid),
        ask: price(asked.ask),
        depth: asked.depth.map_or(abi::NONE, Qty::raw),
        held: asked.held.raw(),
        notional: notional.unwrap_or(asked.notional).raw(),
        symbol_notional: asked.symbol_notional.raw(),
        quote_notional: asked.quote_notional.raw(),
        total_notional: asked.total_notional.raw(),
        bought_today: asked.bought_today.raw(),
        permit_max: asked.permit_max.raw(),
        permit_used: asked.permit_used.raw(),
        orders_live: asked.orders_live,
        orders_live_symbol: asked.orders_live_symbol,
        permit: request.authority.permit().0,
        opened: u8::from(asked.opened),
        listing: u8::from(asked.listing),
        reserved: [0; 50],
    }
}
