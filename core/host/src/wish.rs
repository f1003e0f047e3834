//! From the bytes that a guest left to wishes, every field checked.

use abi::intent::{self, EntryPlan, ExitPlan, Intent as AbiIntent, TimerSet};
use abi::{Plain, area};
use model::{
    AccountId, Amount, Confidence, EntryKind, EntryPlan as ModelEntry, ExitPlan as ModelExit,
    ExitRung, FixedList, Intent, Mono, Pattern, Price, PriceSource, Proposal, Qty, Span, SymbolId,
    TargetId, Triggers,
};

/// The intent at `at` in a guest's area; `None` when it is none.
pub(crate) fn intent(area: &[u8], at: usize) -> Option<Intent> {
    let from = area::OUTPUT + at * AbiIntent::SIZE;
    // Of a wish to enter only the front is read.
    let kind = *area.get(from)?;
    let said = AbiIntent::get(area.get(from..from + AbiIntent::SIZE)?);
    let target = TargetId(said.target);
    Some(match kind {
        intent::PROPOSE => Intent::Propose(proposal(&said)?),
        intent::ENTER => Intent::Enter { target },
        intent::AMEND => Intent::Amend { target, exit: exit_plan(&said.exit)? },
        intent::EXIT => Intent::Exit { target, qty: quantity(said.qty)? },
        _ => return None,
    })
}

/// A change of a timer: which, when, and what is shown then.
pub(crate) fn timer(area: &[u8], at: usize) -> Option<(u8, Mono, SymbolId)> {
    let from = area::TIMER + at * TimerSet::SIZE;
    let set = TimerSet::get(area.get(from..from + TimerSet::SIZE)?);
    let timer = u8::try_from(set.timer).ok().filter(|timer| usize::from(*timer) < area::TIMERS)?;
    let when = match set.at {
        abi::NEVER => Mono::NEVER,
        at => Mono::from_nanos(u64::try_from(at).ok()?),
    };
    Some((timer, when, SymbolId(set.symbol)))
}

fn proposal(said: &AbiIntent) -> Option<Proposal> {
    Some(Proposal {
        account: AccountId(said.account),
        symbol: SymbolId(said.symbol),
        pattern: pattern(said.pattern)?,
        confidence: Confidence::new(said.confidence)?,
        entry: entry_plan(&said.entry)?,
        exit: exit_plan(&said.exit)?,
    })
}

/// A pattern that detection knows; those of the operator are no plug-in's.
fn pattern(number: u8) -> Option<Pattern> {
    Some(match number {
        1 => Pattern::ReadyState,
        2 => Pattern::PreReady,
        3 => Pattern::LaunchSequence,
        4 => Pattern::PriceMove,
        5 => Pattern::VolumeSpike,
        6 => Pattern::Combined,
        _ => return None,
    })
}

fn entry_plan(said: &EntryPlan) -> Option<ModelEntry> {
    let triggers = said.triggers;
    let known = intent::SCHEDULE | intent::PRINT | intent::STRATEGY;
    if triggers == 0 || triggers & !known != 0 || said.notional <= 0 || said.orders_max == 0 {
        return None;
    }
    let reference = reference(said.reference)?;
    let operator_price = match (reference, said.operator_price) {
        (PriceSource::Operator, raw) => Some(Price::from_raw(raw)?),
        (_, 0) => None,
        (_, _) => return None,
    };
    Some(ModelEntry {
        triggers: Triggers {
            schedule: triggers & intent::SCHEDULE != 0,
            print: triggers & intent::PRINT != 0,
            strategy: triggers & intent::STRATEGY != 0,
        },
        kind: match said.kind {
            intent::LIMIT => EntryKind::Limit,
            intent::IMMEDIATE_OR_CANCEL => EntryKind::ImmediateOrCancel,
            _ => return None,
        },
        notional: Amount::from_raw(said.notional),
        reference,
        operator_price,
        premium_bps: said.premium_bps,
        early: span(said.early)?,
        late: span(said.late)?,
        orders_max: said.orders_max,
    })
}

fn reference(number: u8) -> Option<PriceSource> {
    Some(match number {
        intent::PRE_OPEN_ASK => PriceSource::PreOpenAsk,
        intent::OPERATOR => PriceSource::Operator,
        intent::FUTURES => PriceSource::Futures,
        intent::ANNOUNCED => PriceSource::Announced,
        _ => return None,
    })
}

fn exit_plan(said: &ExitPlan) -> Option<ModelExit> {
    let rungs = usize::try_from(said.rungs).ok().filter(|rungs| *rungs <= intent::RUNGS)?;
    let mut ladder = FixedList::new();
    for rung in &said.ladder[..rungs] {
        let rung = ExitRung { gain_bps: rung.gain_bps, share_bps: rung.share_bps };
        ladder.push(rung).ok()?;
    }
    Some(ModelExit {
        ladder,
        stop_loss_bps: said.stop_loss_bps,
        trailing_bps: said.trailing_bps,
        trailing_from_bps: said.trailing_from_bps,
        break_even_bps: said.break_even_bps,
        time_stop: span(said.time_stop)?,
        keep_bps: said.keep_bps,
        resting_share_bps: said.resting_share_bps,
    })
}

/// All for zero; `None` for a negative one.
fn quantity(raw: i64) -> Option<Option<Qty>> {
    match raw {
        0 => Some(None),
        raw => Qty::from_raw(raw).map(Some),
    }
}

/// At most a year: beyond it sums of times would overflow.
fn span(nanos: i64) -> Option<Span> {
    const YEAR: u64 = 366 * 24 * 3_600 * 1_000_000_000;
    u64::try_from(nanos).ok().filter(|nanos| *nanos <= YEAR).map(Span::from_nanos)
}
