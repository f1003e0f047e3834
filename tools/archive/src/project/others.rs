//! Runs, the state of components, alarms, and what people did.

use std::sync::Arc;

use engine::Outcome;
use journal::{BlobHash, Boot, Prune};
use model::{
    AccountId, Alarm, Block, ClockSample, Command, Event, KillLevel, Link, LinkState, PluginChange,
    PluginRecord, QueryAnswer, Stream, SymbolId, TargetId,
};
use replay::Origin;
use rusqlite::{Connection, params};

use super::{Done, Here, Projection, by_hand};
use crate::{ArchiveError, money};

/// Somebody's deed.
struct Deed<'a> {
    actor: &'a str,
    action: &'a str,
    account: Option<u8>,
    symbol: Option<Arc<str>>,
    target: Option<TargetId>,
    detail: String,
}

impl Projection {
    pub(super) fn begin_run(&mut self, db: &Connection, here: Here, boot: &Boot) -> Done {
        let origin = Origin::decode(&boot.extra);
        let operator = origin.as_ref().map_or("", |origin| origin.operator.as_str());
        self.meta.run.on_boot(boot, operator);
        let here = Here { at: self.meta.run.moment(here.mono), ..here };
        let wall = (boot.wall_anchor != 0).then_some(boot.wall_anchor);
        db.prepare_cached(
            "INSERT OR REPLACE INTO runs (epoch, instance, seq, started_at, wall_at, \
             machine_boot, build, mode, operator) VALUES (?,?,?,?,?,?,?,?,?)",
        )?
        .execute(params![
            boot.epoch,
            format!("{:06x}", boot.instance),
            here.row(),
            here.at,
            wall,
            hex(&boot.machine_boot),
            boot.build,
            origin.as_ref().map(|origin| origin.mode.name()),
            operator,
        ])?;
        // What stood in the way of the process before is no news of this one.
        db.execute("DELETE FROM system_state WHERE component LIKE '%.%'", [])?;
        self.set_state(db, here, "trader", None, "running", Some(&boot.build))?;
        let detail = format!("start {} of {}", boot.epoch, boot.build);
        self.audit(db, here, Deed { actor: operator, action: "start", ..Deed::none(detail) })
    }

    pub(super) fn end_run(&mut self, db: &Connection, here: Here, how: &str) -> Done {
        db.prepare_cached(
            "UPDATE runs SET ended = ?, ended_seq = ?, ended_at = ? \
             WHERE epoch = ? AND ended IS NULL",
        )?
        .execute(params![how, here.row(), self.meta.last_at, self.meta.run.epoch])?;
        Ok(())
    }

    pub(super) fn on_stop(&mut self, db: &Connection, here: Here) -> Result<bool, ArchiveError> {
        self.meta.last_at = here.at.or(self.meta.last_at);
        self.end_run(db, here, "stopped")?;
        self.set_state(db, here, "trader", None, "stopped", None)?;
        let operator = self.meta.run.operator.clone();
        let deed = Deed { actor: &operator, action: "stop", ..Deed::none(String::new()) };
        self.audit(db, here, deed)?;
        Ok(true)
    }

    /// The process holds what the one before left.
    pub(super) fn on_restored(&mut self, db: &Connection, here: Here, ring_lost: bool) -> Done {
        let detail = match ring_lost {
            true => "what the process before left; its last intents may be missing",
            false => "what the process before left",
        };
        self.set_state(db, here, "trader", None, "running", Some(detail))?;
        let deed = Deed::none(detail.to_owned());
        self.audit(db, here, Deed { actor: "engine", action: "restored", ..deed })
    }

    pub(super) fn on_config(
        &mut self,
        db: &Connection,
        payload: &[u8],
    ) -> Result<bool, ArchiveError> {
        let Some((hash, _)) = payload.split_first_chunk::<32>() else { return Ok(false) };
        db.prepare_cached("UPDATE runs SET config = ? WHERE epoch = ?")?
            .execute(params![BlobHash(*hash).to_string(), self.meta.run.epoch])?;
        Ok(true)
    }

    pub(super) fn on_prune(
        &mut self,
        db: &Connection,
        here: Here,
        payload: &[u8],
    ) -> Result<bool, ArchiveError> {
        let Some(prune) = Prune::decode(payload) else { return Ok(false) };
        let detail =
            format!("{} up to segment {}, record {}", prune.family, prune.segment, prune.seq);
        let operator = self.meta.run.operator.clone();
        let deed = Deed { actor: &operator, action: "prune", ..Deed::none(detail) };
        self.audit(db, here, deed)?;
        Ok(true)
    }

    pub(super) fn on_command(
        &mut self,
        db: &Connection,
        here: Here,
        event: &Event,
        command: &Command,
    ) -> Done {
        let operator = self.meta.run.operator.clone();
        let (action, target, detail) = match command {
            Command::Kill { level, reason } => {
                ("kill", None, format!("{}: {reason}", level.name()))
            }
            Command::Resume { reason } => ("resume", None, reason.to_string()),
            Command::Reference { price } => {
                let price = self.names.symbol(event.symbol).price(*price);
                ("reference", None, price.unwrap_or_default())
            }
            Command::ByHand { token, wish } => {
                let (action, target, detail) = by_hand::deed_of(wish);
                (action, target, format!("{detail} (wish {token})").trim_start().to_owned())
            }
            Command::CancelTarget { target } => ("cancel_target", Some(*target), String::new()),
            Command::Exit(order) => {
                let symbol = self.symbol_of_target(db, order.target)?;
                let named = symbol.as_deref().unwrap_or_default();
                let scaled = |qty| self.names.by_name(named).qty(qty).map(money::text);
                let detail = match order.qty {
                    None => "all".to_owned(),
                    Some(qty) => scaled(qty).unwrap_or_else(|| format!("{} raw", qty.raw())),
                };
                let deed = Deed {
                    actor: &operator,
                    action: "exit",
                    account: account(event.account),
                    symbol,
                    target: Some(order.target),
                    detail,
                };
                return self.audit(db, here, deed);
            }
        };
        let symbol = match target {
            Some(target) => self.symbol_of_target(db, target)?,
            None => self.symbol_or_all(event.symbol),
        };
        let account = account(event.account);
        self.audit(db, here, Deed { actor: &operator, action, account, symbol, target, detail })
    }

    /// What the engine answered to a wish.
    pub(super) fn on_answer_by_hand(
        &mut self,
        db: &Connection,
        here: Here,
        token: u64,
        outcome: &Outcome,
    ) -> Done {
        let (action, target, detail) = by_hand::answer_of(outcome);
        let symbol = match target {
            Some(target) => self.symbol_of_target(db, target)?,
            None => None,
        };
        let detail = format!("{detail} (wish {token})").trim_start().to_owned();
        self.audit(
            db,
            here,
            Deed { actor: "engine", action, account: None, symbol, target, detail },
        )
    }

    fn symbol_of_target(
        &mut self,
        db: &Connection,
        target: TargetId,
    ) -> Result<Option<Arc<str>>, ArchiveError> {
        Ok(self.targets.get(db, &target.0)?.map(|row| row.symbol.clone()))
    }

    /// The level that the engine came to; the command, if there was one, stands before it.
    pub(super) fn on_kill(
        &mut self,
        db: &Connection,
        here: Here,
        level: KillLevel,
        reason: &str,
    ) -> Done {
        self.set_state(db, here, "kill", None, level.name(), Some(reason))?;
        let detail = format!("{}: {reason}", level.name());
        self.audit(db, here, Deed { actor: "engine", action: "kill_level", ..Deed::none(detail) })
    }

    /// A slot changed: how it stands, and who did it.
    pub(super) fn on_plugin(&mut self, db: &Connection, here: Here, record: &PluginRecord) -> Done {
        let PluginRecord { slot, plugin, change } = record;
        let (status, detail) = match change {
            PluginChange::Took { from, name, why } => {
                ("running", format!("{name} ({}), after {from:032x}", why.name()))
            }
            PluginChange::Quarantined { candidate, fault, figure } => {
                let status = if *candidate { "candidate_failed" } else { "quarantined" };
                (status, format!("{}, figure {figure}", fault.name()))
            }
            PluginChange::StateLost { fault, figure } => {
                ("state_lost", format!("{}, figure {figure}", fault.name()))
            }
            PluginChange::Stopped => ("stopped", String::new()),
            PluginChange::Parameter { parameter, value, taken } => {
                let taken = if *taken { "set" } else { "not taken" };
                ("parameter", format!("parameter {parameter} = {value}, {taken}"))
            }
            PluginChange::Shadow if *plugin == 0 => ("shadow_ended", String::new()),
            PluginChange::Shadow => ("shadow", String::new()),
            PluginChange::Missing => ("missing", String::new()),
        };
        let detail = format!("plug-in {plugin:032x} in slot {}: {detail}", slot.0);
        if matches!(status, "running" | "quarantined" | "stopped") {
            let component = format!("plugin.{}", slot.0);
            self.set_state(db, here, &component, None, status, Some(&detail))?;
        }
        let action = format!("plugin_{status}");
        self.audit(db, here, Deed { actor: "engine", action: &action, ..Deed::none(detail) })
    }

    pub(super) fn on_alarm(&mut self, db: &Connection, here: Here, alarm: &Alarm) -> Done {
        let symbol =
            if alarm.symbol == SymbolId::NONE { None } else { self.symbol_or_all(alarm.symbol) };
        let kind = alarm.kind.name();
        db.prepare_cached(
            "INSERT INTO alerts (seq, at, kind, account, symbol, figure) VALUES (?,?,?,?,?,?)",
        )?
        .execute(params![
            here.row(),
            here.at,
            kind,
            account(alarm.account),
            symbol,
            alarm.figure,
        ])?;
        db.prepare_cached(
            "INSERT INTO system_state (component, status, error, at, seq) \
             VALUES ('engine', 'alarmed', ?1, ?2, ?3) ON CONFLICT (component) \
             DO UPDATE SET error = ?1, at = ?2, seq = ?3",
        )?
        .execute(params![
            format!("{kind}, figure {}", alarm.figure),
            here.at,
            here.row()
        ])?;
        Ok(())
    }

    pub(super) fn on_clock(&mut self, db: &Connection, here: Here, sample: &ClockSample) -> Done {
        self.meta.run.on_sample(sample.offset);
        let here = Here { at: self.meta.run.moment(here.mono), ..here };
        let error = format!("known to {}", sample.error);
        self.set_state(db, here, "clock", None, "known", Some(&error))
    }

    pub(super) fn on_block(
        &mut self,
        db: &Connection,
        here: Here,
        whose: AccountId,
        block: Block,
        on: bool,
    ) -> Done {
        let status = if on { "on" } else { "off" };
        let component = component("block", block.name(), whose);
        self.set_state(db, here, &component, account(whose), status, None)
    }

    pub(super) fn on_link(
        &mut self,
        db: &Connection,
        here: Here,
        whose: AccountId,
        link: Link,
        up: bool,
    ) -> Done {
        let name = match link {
            Link::Market => "market",
            Link::User => "user",
            Link::Order => "order",
            Link::Query => "query",
        };
        let status = if up { "up" } else { "down" };
        let component = component("link", name, whose);
        self.set_state(db, here, &component, account(whose), status, None)?;
        match link {
            Link::Order => self.on_block(db, here, whose, Block::OrderLink, !up),
            Link::User if !up => {
                self.on_block(db, here, whose, Block::PrivateStream, true)?;
                self.on_block(db, here, whose, Block::Reconciliation, true)
            }
            Link::User | Link::Market | Link::Query => Ok(()),
        }
    }

    pub(super) fn on_stream(
        &mut self,
        db: &Connection,
        here: Here,
        whose: AccountId,
        stream: Stream,
        state: LinkState,
    ) -> Done {
        if stream != Stream::Private {
            return Ok(()); // Streams of pairs come and go with their targets.
        }
        let status = match state {
            LinkState::Down => "down",
            LinkState::Asked => "asked",
            LinkState::Live => "live",
            LinkState::Stale => "stale",
            LinkState::Refused => "refused",
        };
        let component = component("stream", "private", whose);
        self.set_state(db, here, &component, account(whose), status, None)?;
        self.on_block(db, here, whose, Block::PrivateStream, state != LinkState::Live)
    }

    pub(super) fn on_answer(
        &mut self,
        db: &Connection,
        here: Here,
        whose: AccountId,
        answer: &QueryAnswer,
    ) -> Done {
        match answer {
            QueryAnswer::BalancesEnd => {
                self.on_block(db, here, whose, Block::Reconciliation, false)
            }
            QueryAnswer::NotFound { .. }
            | QueryAnswer::TradesEnd
            | QueryAnswer::TradesCut { .. }
            | QueryAnswer::OpenOrdersEnd
            | QueryAnswer::AllOrdersEnd
            | QueryAnswer::Failed { .. } => Ok(()),
        }
    }

    fn set_state(
        &self,
        db: &Connection,
        here: Here,
        component: &str,
        account: Option<u8>,
        status: &str,
        reason: Option<&str>,
    ) -> Done {
        db.prepare_cached(
            "INSERT INTO system_state (component, account, status, reason, at, seq) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (component) \
             DO UPDATE SET status = ?3, reason = ?4, at = ?5, seq = ?6",
        )?
        .execute(params![component, account, status, reason, here.at, here.row()])?;
        Ok(())
    }

    fn audit(&self, db: &Connection, here: Here, deed: Deed<'_>) -> Done {
        db.prepare_cached(
            "INSERT INTO audit (seq, at, actor, action, account, symbol, target, detail, epoch) \
             VALUES (?,?,?,?,?,?,?,?,?)",
        )?
        .execute(params![
            here.row(),
            here.at,
            deed.actor,
            deed.action,
            deed.account,
            deed.symbol,
            deed.target.map(|target| target.0),
            deed.detail,
            self.meta.run.epoch,
        ])?;
        Ok(())
    }
}

impl Deed<'_> {
    const fn none(detail: String) -> Self {
        Self { actor: "", action: "", account: None, symbol: None, target: None, detail }
    }
}

fn account(id: AccountId) -> Option<u8> {
    (id != AccountId::NONE).then_some(id.0)
}

/// `block.clock`, or `block.order_link.0` where it is one account's.
fn component(of: &str, name: &str, whose: AccountId) -> String {
    match account(whose) {
        Some(account) => format!("{of}.{name}.{account}"),
        None => format!("{of}.{name}"),
    }
}

fn hex(bytes: &[u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(*bytes))
}
