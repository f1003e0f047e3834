//! What every plug-in is told at its start: the operator's standing plan as bytes.

use abi::intent::{self, EntryPlan, ExitPlan, ExitRung};
use abi::setup::Setup;
use model::{Confidence, EntryKind, EntryPlan as ModelEntry, ExitPlan as ModelExit, Slot, Span};

/// The operator's standing plan, equal for all plug-ins of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Accounts that trade.
    pub accounts: u8,
    /// Confidence from which a target is made.
    pub target: Confidence,
    /// Confidence from which a target is armed.
    pub execute: Confidence,
    /// Share of the plan's notional at the lowest confidence, in ten-thousandths.
    pub size_min_bps: u32,
    /// Share of the plan's notional at a confidence of 100, in ten-thousandths.
    pub size_max_bps: u32,
    /// The way in; its notional is the base size.
    pub entry: ModelEntry,
    /// The way out.
    pub exit: ModelExit,
}

impl Standing {
    /// As one plug-in is shown it, with the values of its parameters.
    pub(crate) fn setup(&self, slot: Slot, values: &[i64]) -> Setup {
        let mut all = [0; abi::area::PARAMS];
        let params = values.len().min(all.len());
        all[..params].copy_from_slice(&values[..params]);
        Setup {
            accounts: self.accounts,
            slot: slot.0,
            target_confidence: self.target.percent(),
            execute_confidence: self.execute.percent(),
            size_min_bps: self.size_min_bps,
            size_max_bps: self.size_max_bps,
            params: params as u32,
            entry: entry_plan(&self.entry),
            exit: exit_plan(&self.exit),
            values: all,
            reserved: [0; 4],
        }
    }
}

fn entry_plan(plan: &ModelEntry) -> EntryPlan {
    let flag = |on: bool, bit: u8| if on { bit } else { 0 };
    let triggers = plan.triggers;
    EntryPlan {
        notional: plan.notional.raw(),
        operator_price: crate::scene::price(plan.operator_price),
        early: span(plan.early),
        late: span(plan.late),
        premium_bps: plan.premium_bps,
        orders_max: plan.orders_max,
        triggers: flag(triggers.schedule, intent::SCHEDULE)
            | flag(triggers.print, intent::PRINT)
            | flag(triggers.strategy, intent::STRATEGY),
        kind: match plan.kind {
            EntryKind::Limit => intent::LIMIT,
            EntryKind::ImmediateOrCancel => intent::IMMEDIATE_OR_CANCEL,
        },
        reference: plan.reference as u8,
        reserved: [0; 31],
    }
}

fn exit_plan(plan: &ModelExit) -> ExitPlan {
    let mut ladder = [ExitRung::default(); intent::RUNGS];
    for (at, rung) in ladder.iter_mut().zip(plan.ladder.iter()) {
        *at = ExitRung { gain_bps: rung.gain_bps, share_bps: rung.share_bps };
    }
    ExitPlan {
        ladder,
        time_stop: span(plan.time_stop),
        stop_loss_bps: plan.stop_loss_bps,
        trailing_bps: plan.trailing_bps,
        trailing_from_bps: plan.trailing_from_bps,
        break_even_bps: plan.break_even_bps,
        keep_bps: plan.keep_bps,
        resting_share_bps: plan.resting_share_bps,
        rungs: plan.ladder.len() as u32,
        reserved: [0; 12],
    }
}

fn span(span: Span) -> i64 {
    i64::try_from(span.nanos()).unwrap_or(i64::MAX)
}
