//! How the trader stands, as one document.

use model::{
    AccountId, Alarm, AlarmKind, Block, Blocks, Mono, PositionRecord, Span, SymbolId, VenueTime,
};
use serde_json::{Map, Value, json};

use super::order::{Order, Reply};
use super::target::Target;
use super::{Board, demo, why};

/// Orders in flight that are listed; their number is told besides.
const LISTED_MAX: usize = 256;

impl Board {
    /// The document of `shrike status --json`, without ages: nobody said what time it is.
    pub fn status(&self) -> Value {
        self.status_at(None)
    }

    /// The same at `now` by the trader's monotonic clock.
    ///
    /// `blocks` are those that the journal tells of; that the exchange's clock has become too
    /// uncertain shows in `clock.error_ns` alone.
    pub fn status_at(&self, now: Option<Mono>) -> Value {
        let (instance, epoch) = self.boot.unzip();
        let kill = self.kill();
        let venue = now.and_then(|now| self.venue_at(now));
        json!({
            "mode": self.mode.map(model::Mode::name),
            "limits": self.limits.as_ref().map(limits_document),
            "instance": instance.map(|instance| format!("{instance:06x}")),
            "epoch": epoch,
            "stopped": self.stopped,
            "kill": {
                "level": kill.level.name(),
                "reason": self.kill.reason.as_str(),
                "on_disk": kill.durable,
            },
            "blocks": self.block_names(),
            "clock": self.clock_document(now),
            "targets": self.targets.iter().map(|t| self.target_status(t)).collect::<Vec<_>>(),
            "positions": self.positions(),
            "orders_in_flight": self.orders_in_flight(),
            "orders_in_flight_total": self.orders.count(|order| !order.ended),
            "heartbeat_age_ns": now.and_then(|now| self.heartbeat(now)).map(Span::nanos),
            "next_opening": self.next_opening_document(venue),
            "budgets": self.budget_document(now, venue),
            "last_event": self.last_event.map(|at| json!({
                "at": self.clock.venue_ns(at),
                "age_ns": now.map(|now| now.since(at.mono).nanos()),
            })),
            "events": self.events(),
            "plugins": self.plugins.document(),
            "declined": self.declined_document(),
            "alarms": self.alarms_document(),
            "alarms_total": self.alarms_total,
            "journal": {
                "last_seq": self.last_seq,
                "durable_seq": self.durable_seq,
                "trouble": self.trouble,
            },
            "archive": self.archive.as_ref().map(|gauge| {
                let lag = gauge.lag();
                json!({ "seq": lag.through, "behind": lag.records, "trouble": lag.trouble })
            }),
            "left_out": self.left_out(),
        })
    }

    fn next_opening_document(&self, now: Option<VenueTime>) -> Value {
        let Some((now, (symbol, at))) = now.and_then(|now| Some((now, self.next_opening(now)?)))
        else {
            return Value::Null;
        };
        json!({
            "symbol": self.names.name(symbol),
            "opens_at": at.nanos(),
            "opens_in_ns": at.since(now).nanos(),
        })
    }

    pub(super) fn block_names(&self) -> Vec<Value> {
        let common = names_of(self.blocks).map(|block| json!({ "block": block, "account": null }));
        let own = self.account_blocks.iter().flat_map(|(account, blocks)| {
            names_of(*blocks).map(|block| json!({ "block": block, "account": account.0 }))
        });
        common.chain(own).collect()
    }

    fn clock_document(&self, now: Option<Mono>) -> Value {
        let sample = self.clock.sample;
        let at = self.clock.sampled_at;
        json!({
            "offset_known": sample.is_some(),
            "error_ns": sample.map(|sample| sample.error.nanos()),
            "round_trip_ns": sample.map(|sample| sample.round_trip.nanos()),
            "age_ns": now.zip(sample).map(|(now, _)| now.since(at).nanos()),
        })
    }

    pub(super) fn target_status(&self, target: &Target) -> Value {
        let record = &target.record;
        let signal = self.names.symbol(record.symbol).and_then(|symbol| symbol.signal);
        json!({
            "id": record.id.0,
            "account": record.account.0,
            "symbol": self.names.name(record.symbol),
            "state": record.state.name(),
            "why": why::code(record.why),
            "waits_for": why::sentence(self, target),
            "since": self.clock.venue_ns(target.changed),
            "opens_at": record.opens_at.is_some().then(|| record.opens_at.nanos()),
            "pattern": demo::pattern(&target.decided(signal)),
            "permit": target.permit.map(|permit| json!({
                "id": permit.id.0,
                "price_max": target.scales.map(|scales| scales.price(permit.price_max)),
                "notional_max": permit.notional_max.to_string(),
                "orders_max": permit.orders_max,
                "revoked": target.revoked,
            })),
            "fills_left_out": target.deals_dropped,
            "realised_quote": target.realised().to_string(),
        })
    }

    fn positions(&self) -> Vec<Value> {
        let open = |position: &PositionRecord| position.closed.is_none();
        self.targets
            .iter()
            .filter_map(|target| Some((target, target.position.filter(open)?)))
            .map(|(target, position)| {
                json!({
                    "target": position.target.0,
                    "account": position.account.0,
                    "symbol": self.names.name(position.symbol),
                    "qty": target.scales.map(|scales| scales.qty(position.qty)),
                    "paid": position.paid.to_string(),
                    "received": position.received.to_string(),
                    "unvalued_fees": position.other_fees,
                })
            })
            .collect()
    }

    fn orders_in_flight(&self) -> Vec<Value> {
        let flying = self.orders.list(|order| !order.ended);
        flying.into_iter().take(LISTED_MAX).map(|order| self.order(order)).collect()
    }

    pub(super) fn order(&self, order: &Order) -> Value {
        let request = &order.request;
        let scales = order.scales;
        let state = match order.reply {
            Reply::Awaited if order.sent.is_none() => "placed",
            Reply::Awaited => "sent",
            Reply::Accepted => "live",
            Reply::Lost => "unknown",
            Reply::Refused { .. } | Reply::NotSent { .. } | Reply::NeverAccepted => "ended",
        };
        json!({
            "client_order_id": order.id().to_string(),
            "account": request.account.0,
            "symbol": self.names.name(request.symbol),
            "side": request.side.name(),
            "kind": request.kind.name(),
            "leg": order.id().leg().name(),
            "price": scales.map(|scales| scales.price(request.price)),
            "qty": scales.map(|scales| scales.qty(request.qty)),
            "filled": scales.map(|scales| scales.qty(order.filled)),
            "state": state,
            "at": self.clock.venue_ns(order.sent.unwrap_or(order.placed)),
            "cancel_asked": order.cancel_decided.is_some(),
        })
    }

    fn events(&self) -> Value {
        let counts = &self.counts;
        json!({
            "total": counts.events,
            "market": counts.market,
            "actions": counts.actions,
            "fills": counts.fills,
            "foreign_fills": counts.foreign_fills,
            "refusals": counts.refusals,
            "declined": counts.declined,
            "undecodable": counts.undecodable,
        })
    }

    fn declined_document(&self) -> Vec<Value> {
        let declined = self.declined.iter().map(|(symbol, why, at)| {
            let at = self.clock.venue_ns(*at);
            json!({ "symbol": self.names.name(*symbol), "why": why.name(), "at": at })
        });
        declined.collect()
    }

    /// The newest alarm as a line, once.
    pub fn take_alarm(&mut self) -> Option<String> {
        let alarm = self.untold.take()?;
        let mut line = format!("alarm {}", alarm.kind.name());
        if alarm.account != AccountId::NONE {
            line.push_str(&format!(", account {}", alarm.account.0));
        }
        if alarm.symbol != SymbolId::NONE {
            line.push_str(&format!(", {}", self.names.name(alarm.symbol)));
        }
        line.push_str(&format!(", figure {}", alarm.figure));
        if let Some(advice) = advice_of(&alarm) {
            line.push_str(&format!(": {advice}"));
        }
        Some(line)
    }

    fn alarms_document(&self) -> Vec<Value> {
        let alarms = self.alarms.iter().map(|(alarm, at)| {
            let symbol = (alarm.symbol != SymbolId::NONE).then(|| self.names.name(alarm.symbol));
            json!({
                "kind": alarm.kind.name(),
                "account": (alarm.account != AccountId::NONE).then_some(alarm.account.0),
                "symbol": symbol,
                "figure": alarm.figure,
                "advice": advice_of(alarm),
                "at": self.clock.venue_ns(*at),
            })
        });
        alarms.collect()
    }

    /// What found no room here, by its kind.
    fn left_out(&self) -> Value {
        let counts = [
            ("symbols", self.names.left_out),
            ("targets", self.targets.dropped),
            ("orders", self.orders.dropped),
            ("listings", self.listings.left_out),
        ];
        Value::Object(
            counts
                .map(|(name, count)| (name.to_owned(), count.into()))
                .into_iter()
                .collect::<Map<_, _>>(),
        )
    }
}

fn names_of(blocks: Blocks) -> impl Iterator<Item = &'static str> {
    Block::ALL.into_iter().filter(move |&block| blocks.has(block)).map(Block::name)
}

/// What an operator can mend, when the venue said which of key, permission, address or clock it is.
fn advice_of(alarm: &Alarm) -> Option<&'static str> {
    let code = i32::try_from(alarm.figure).ok().filter(|_| alarm.kind == AlarmKind::Credentials)?;
    Some(venue::mexc::errors::advice(code)).filter(|advice| !advice.is_empty())
}

/// The limits of money as the gate has them: in mode `live_min` a tenth of what was written.
fn limits_document(limits: &settings::Limits) -> Value {
    json!({
        "order_max_notional": limits.order_max_notional.to_string(),
        "exposure_symbol": limits.exposure_symbol.to_string(),
        "exposure_quote": limits.exposure_quote.to_string(),
        "exposure_total": limits.exposure_total.to_string(),
        "daily_max_buy": limits.daily_max_buy.to_string(),
    })
}
