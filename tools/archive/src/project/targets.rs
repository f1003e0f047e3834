//! Patterns, signals, targets, permits, refusals.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{
    Permit, PermitId, Request, Signal, Slot, SymbolId, TargetRecord, TargetState, VenueTime, WhyNot,
};
use risk::Refusal;
use rusqlite::{Connection, params};

use super::{Done, Here, Projection};
use crate::ArchiveError;
use crate::figures;
use crate::money;
use crate::rows::{ExecutionRow, TargetRow};

impl Projection {
    /// Detection saw something: a pattern, and the signal that it makes or strengthens.
    pub(super) fn on_signal(&mut self, db: &Connection, here: Here, signal: &Signal) -> Done {
        let symbol = self.names.name(signal.symbol);
        let (pattern, confidence) = (signal.pattern.name(), signal.confidence.percent());
        let opens_at = known(signal.opens_at);
        db.prepare_cached(
            "INSERT INTO patterns (seq, at, symbol, pattern, confidence, uncalibrated, opens_at, \
             evidence) VALUES (?,?,?,?,?,?,?,?)",
        )?
        .execute(params![
            here.row(),
            here.at,
            symbol,
            pattern,
            confidence,
            signal.uncalibrated,
            opens_at,
            figures::of_evidence(signal),
        ])?;
        if let Some(id) = self.signals.get(&symbol) {
            db.prepare_cached(
                "UPDATE signals SET pattern = ?, confidence = ?, sightings = sightings + 1, \
                 last_at = ?, last_seq = ?, execution_scheduled_at = ? WHERE id = ?",
            )?
            .execute(params![
                pattern,
                confidence,
                here.at,
                here.row(),
                opens_at,
                id
            ])?;
            return Ok(());
        }
        db.prepare_cached(
            "INSERT INTO signals (id, source, symbol, pattern, confidence, sightings, first_at, \
             last_at, last_seq, execution_status, execution_attempts, execution_scheduled_at, \
             closed) VALUES (?, 'detection', ?, ?, ?, 1, ?, ?, ?, 'PENDING', 0, ?, 0)",
        )?
        .execute(params![
            here.row(),
            symbol,
            pattern,
            confidence,
            here.at,
            here.at,
            here.row(),
            opens_at,
        ])?;
        self.signals.insert(symbol, here.row());
        Ok(())
    }

    /// A proposal that was not followed: why there is no target.
    pub(super) fn on_declined(
        &mut self,
        db: &Connection,
        here: Here,
        (symbol, slot): (SymbolId, Slot),
        why: WhyNot,
    ) -> Done {
        let name = self.names.name(symbol);
        if let Some(id) = self.signals.get(&name) {
            // A second wish for what is under way is nothing new.
            let status = if why == WhyNot::SymbolTaken { "IGNORED" } else { "FILTERED" };
            db.prepare_cached(
                "UPDATE signals SET execution_status = ?, execution_reason = ?, last_seq = ? \
                 WHERE id = ? AND target IS NULL",
            )?
            .execute(params![status, why.name(), here.row(), id])?;
        }
        db.prepare_cached(
            "INSERT INTO risk_events (seq, at, event, symbol, control, reason, figures) \
             VALUES (?, ?, 'declined', ?, 'proposal', ?, ?)",
        )?
        .execute(params![
            here.row(),
            here.at,
            name,
            why.name(),
            format!("{{\"slot\":{}}}", slot.0)
        ])?;
        Ok(())
    }

    /// The gate said no.
    pub(super) fn on_refused(
        &mut self,
        db: &Connection,
        here: Here,
        request: &Request,
        refusal: &Refusal,
    ) -> Done {
        let permit = request.authority.permit();
        let target = self.target_of_permit(db, permit)?;
        let symbol = self.names.symbol(request.symbol);
        let (reason, figures) = figures::of_refusal(refusal, symbol);
        let id = request.client_order_id;
        db.prepare_cached(
            "INSERT INTO risk_events (seq, at, event, account, symbol, target, permit, \
             client_order_id, side, kind, leg, price, qty, control, reason, figures) \
             VALUES (?, ?, 'refused', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            here.row(),
            here.at,
            request.account.0,
            self.names.name(request.symbol),
            target,
            permit.0,
            id.text().as_str(),
            request.side.name(),
            request.kind.name(),
            id.leg().name(),
            symbol.price(request.price),
            symbol.qty(request.qty).map(money::text),
            refusal.control(),
            reason,
            figures,
        ])?;
        if let Some(target) = target
            && let Some(row) = self.targets.get_mut(db, &target)?
        {
            row.error =
                Some(format!("the gate refused, {}: {reason} {figures}", refusal.control()));
        }
        Ok(())
    }

    pub(super) fn on_permit(&mut self, db: &Connection, here: Here, permit: &Permit) -> Done {
        let price = self.names.symbol(permit.symbol).price(permit.price_max);
        db.prepare_cached(
            "INSERT INTO permits (id, seq, at, target, account, symbol, coin, side, mode, \
             notional_max, price_max, reference, reference_price, valid_from, valid_to, orders_max, \
             plugin, config, operator) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            permit.id.0,
            here.row(),
            here.at,
            permit.target.0,
            permit.account.0,
            self.names.name(permit.symbol),
            permit.coin.is_some().then(|| format!("{:032x}", permit.coin.0)),
            permit.side.name(),
            permit.mode.name(),
            money::text(permit.notional_max),
            price,
            permit.reference.name(),
            self.names.symbol(permit.symbol).price(permit.reference_price),
            known(permit.valid_from),
            known(permit.valid_to),
            permit.orders_max,
            format!("{:032x}", permit.plugin),
            format!("{:032x}", permit.config),
            permit.operator.as_str(),
        ])?;
        self.remember_permit(permit.id, permit.target.0);
        Ok(())
    }

    pub(super) fn on_revoked(&mut self, db: &Connection, here: Here, permit: PermitId) -> Done {
        db.prepare_cached("UPDATE permits SET revoked_seq = ?, revoked_at = ? WHERE id = ?")?
            .execute(params![here.row(), here.at, permit.0])?;
        Ok(())
    }

    /// A target changed: its row, the trail of its changes, and what hangs on it.
    pub(super) fn on_target(&mut self, db: &Connection, here: Here, record: &TargetRecord) -> Done {
        let symbol = self.names.name(record.symbol);
        let signal = self.signals.get(&symbol).copied();
        let epoch = self.meta.run.epoch;
        let entry = figures::of_entry(&record.entry, self.names.symbol(record.symbol));
        let mut was = None;
        if let Some(row) = self.targets.get(db, &record.id.0)? {
            was = Some(row.state.clone());
        }
        let name = symbol.clone();
        let row = self.targets.get_or(db, &record.id.0, || TargetRow {
            symbol: name,
            account: record.account.0,
            signal,
            made_at: here.at,
            made_seq: here.row(),
            ..TargetRow::default()
        })?;
        row.state = record.state.name().to_owned();
        row.why = reason(record.why);
        row.pattern = record.pattern.name().to_owned();
        row.confidence = record.confidence.percent();
        row.opens_at = known(record.opens_at);
        row.permit = record.permit.map(|permit| permit.0);
        row.entry = entry;
        row.exit = figures::of_exit(&record.exit);
        row.epoch = epoch;
        (row.changed_at, row.changed_seq) = (here.at, here.row());
        row.over_at = if record.state.is_final() { row.over_at.or(here.at) } else { None };
        let (why, opens_at, permit, signal) =
            (row.why.clone(), row.opens_at, row.permit, row.signal);
        db.prepare_cached(
            "INSERT INTO target_changes (seq, at, target, account, symbol, was, state, why, \
             confidence, permit, opens_at, epoch) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        )?
        .execute(params![
            here.row(),
            here.at,
            record.id.0,
            record.account.0,
            symbol,
            was,
            record.state.name(),
            why,
            record.confidence.percent(),
            permit,
            opens_at,
            epoch,
        ])?;
        self.follow_execution(db, here, record)?;
        self.follow_signal(db, here, record, &symbol, signal)
    }

    fn follow_execution(&mut self, db: &Connection, here: Here, record: &TargetRecord) -> Done {
        let Some(row) = self.executions.get_mut(db, &record.id.0)? else { return Ok(()) };
        if row.bought == model::Amount::ZERO {
            row.execution_status = match record.state.is_final() {
                true => record.state.name().to_owned(),
                false => "executing".to_owned(),
            };
            row.changed_seq = here.row();
        }
        Ok(())
    }

    fn follow_signal(
        &mut self,
        db: &Connection,
        here: Here,
        record: &TargetRecord,
        symbol: &str,
        signal: Option<i64>,
    ) -> Done {
        let Some(signal) = signal else { return Ok(()) };
        let run = self.executions.get(db, &record.id.0)?;
        let (attempts, executed_at) =
            run.map_or((0, None), |run| (run.attempts, run.actual_execution_at));
        let over = record.state.is_final();
        let own = db
            .prepare_cached(
            "UPDATE signals SET account = coalesce(account, ?2), target = coalesce(target, ?3), \
             execution_status = ?4, execution_reason = ?5, execution_attempts = ?6, \
             executed_at = ?7, closed = ?8, last_seq = ?9 \
             WHERE id = ?1 AND (target IS NULL OR target = ?3)",
        )?
        .execute(params![
            signal,
            record.account.0,
            record.id.0,
            status_of(record.state),
            reason(record.why),
            attempts,
            executed_at,
            over,
            here.row(),
        ])?;
        if over && own == 1 && self.signals.get(symbol) == Some(&signal) {
            self.signals.remove(symbol);
        }
        Ok(())
    }

    /// An entry order of a target was decided.
    pub(super) fn on_attempt(&mut self, db: &Connection, here: Here, target: u32) -> Done {
        let Some(row) = self.targets.get(db, &target)? else { return Ok(()) };
        let (account, symbol, planned_at) = (row.account, row.symbol.clone(), row.opens_at);
        let execution = self.executions.get_or(db, &target, || ExecutionRow {
            account,
            symbol,
            planned_at,
            decided_at: here.at,
            execution_status: "executing".to_owned(),
            ..ExecutionRow::default()
        })?;
        execution.attempts += 1;
        execution.planned_at = planned_at;
        execution.changed_seq = here.row();
        Ok(())
    }
}

/// The signals that have not come to their end, by symbol.
pub(super) fn open_signals(db: &Connection) -> Result<BTreeMap<Arc<str>, i64>, ArchiveError> {
    let mut statement =
        db.prepare("SELECT symbol, id FROM signals WHERE closed = 0 ORDER BY symbol, id")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const fn status_of(state: TargetState) -> &'static str {
    match state {
        TargetState::Pending | TargetState::Ready | TargetState::Blocked => "PENDING",
        TargetState::Armed | TargetState::Executing => "EXECUTING",
        TargetState::Open | TargetState::Closing | TargetState::Completed => "EXECUTED",
        TargetState::Failed | TargetState::Expired | TargetState::Missed => "FAILED",
        TargetState::Cancelled => "IGNORED",
    }
}

fn reason(why: WhyNot) -> Option<String> {
    (why != WhyNot::None).then(|| why.name().to_owned())
}

fn known(time: VenueTime) -> Option<i64> {
    time.is_some().then(|| time.nanos())
}
