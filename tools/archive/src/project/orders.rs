//! Orders and deals.

use std::sync::Arc;

use model::{
    Amount, Cancelled, ClientOrderId, Event, ExitRecord, Fill, FillSource, OrderUpdate, PermitId,
    Placed, PositionRecord, Reject, ReplyLost, Request, Round, Sent, Side, SymbolId,
};
use rusqlite::{Connection, params};

use super::{Done, Here, PERMITS_MAX, Projection, Texts};
use crate::ArchiveError;
use crate::money;
use crate::rows::{DayRow, OrderFixed, OrderRow, PositionRow, Reply};

const DAY_NS: i64 = 86_400_000_000_000;

impl Projection {
    pub(super) fn on_place(&mut self, db: &Connection, here: Here, request: &Request) -> Done {
        let id = request.client_order_id;
        let parts = id.parts();
        let symbol = self.names.symbol(request.symbol);
        let fixed = OrderFixed {
            permit: request.authority.permit().0,
            account: request.account.0,
            symbol: self.names.name(request.symbol),
            side: request.side.name(),
            kind: Some(request.kind.name()),
            leg: parts.leg.name(),
            attempt: parts.attempt,
            epoch: parts.epoch,
            price: symbol.price(request.price),
        };
        let qty = symbol.qty(request.qty);
        self.meta.unscaled += u64::from(qty.is_none());
        let target = self.target_of_permit(db, request.authority.permit())?;
        let quote = symbol_quote(self.names.symbol(request.symbol));
        let day = (fixed.account, day_of(here.at), fixed.symbol.clone());
        let day = self.days.get_or(db, &day, || DayRow { quote, ..DayRow::default() })?;
        day.orders += 1;
        day.changed_seq = here.row();
        if let (true, Some(target)) = (parts.leg.is_entry(), target) {
            self.on_attempt(db, here, target)?;
        }
        self.orders.get_or(db, &id, || OrderRow {
            seq: here.row(),
            fixed: Some(Box::new(fixed)),
            target,
            is_entry: parts.leg.is_entry(),
            qty: qty.unwrap_or(Amount::ZERO),
            placed_at: here.at,
            ..OrderRow::default()
        })?;
        Ok(())
    }

    pub(super) fn on_cancel_asked(
        &mut self,
        db: &Connection,
        here: Here,
        id: ClientOrderId,
    ) -> Done {
        if let Some(order) = self.orders.get_mut(db, &id)? {
            order.cancel_asked_at = here.at;
        }
        Ok(())
    }

    pub(super) fn on_sent(&mut self, db: &Connection, here: Here, sent: &Sent) -> Done {
        let at = self.meta.run.moment(sent.at);
        let Some(order) = self.orders.get_mut(db, &sent.client_order_id)? else { return Ok(()) };
        if sent.cancel {
            order.cancel_sent_at = at;
            return Ok(());
        }
        order.sent_at = at;
        let entry = order.target.filter(|_| order.is_entry);
        if let Some(target) = entry
            && let Some(execution) = self.executions.get_mut(db, &target)?
        {
            execution.actual_execution_at = execution.actual_execution_at.or(at);
            execution.changed_seq = here.row();
        }
        Ok(())
    }

    pub(super) fn on_placed(&mut self, db: &Connection, here: Here, placed: &Placed) -> Done {
        self.with_order(db, here, placed.client_order_id, |order, texts| {
            order.name(texts.of(placed.order));
            order.answered_at = order.answered_at.or(here.at);
            order.seen()
        })
    }

    pub(super) fn on_reject(&mut self, db: &Connection, here: Here, reject: &Reject) -> Done {
        let id = reject.client_order_id;
        if reject.cancel {
            if let Some(order) = self.orders.get_mut(db, &id)? {
                order.cancel_asked_at = None;
            }
            return Ok(());
        }
        let message = self.texts.message(id);
        let Some(order) = self.orders.get_mut(db, &id)? else { return Ok(()) };
        order.answered_at = order.answered_at.or(here.at);
        // What the stream has shown cannot be refused any more.
        if !matches!(order.reply, Reply::Awaited | Reply::Lost) {
            return Ok(());
        }
        order.reply = Reply::Refused;
        (order.code, order.http) = (Some(reject.code), Some(reject.http));
        order.message = message;
        let said = order.message.as_deref().unwrap_or("refused");
        let said = format!("the venue answered {}: {said}", reject.code);
        order.end(here.row(), here.at);
        let (target, is_entry) = (order.target, order.is_entry);
        let Some(target) = target else { return Ok(()) };
        if let Some(row) = self.targets.get_mut(db, &target)? {
            row.error = Some(said);
        }
        if is_entry && let Some(execution) = self.executions.get_mut(db, &target)? {
            execution.refused += 1;
            execution.changed_seq = here.row();
        }
        Ok(())
    }

    pub(super) fn on_cancelled(
        &mut self,
        db: &Connection,
        here: Here,
        event: &Event,
        cancelled: &Cancelled,
    ) -> Done {
        let filled = self.names.symbol(event.symbol).qty(cancelled.filled);
        self.with_order(db, here, cancelled.client_order_id, |order, _| {
            order.filled = order.filled.max(filled.unwrap_or(Amount::ZERO));
            order.end(here.row(), here.at);
            order.seen()
        })
    }

    pub(super) fn on_reply_lost(&mut self, db: &Connection, here: Here, lost: &ReplyLost) -> Done {
        let Some(order) = self.orders.get_mut(db, &lost.client_order_id)? else { return Ok(()) };
        if lost.cancel || order.reply != Reply::Awaited {
            return Ok(());
        }
        order.reply = Reply::Lost;
        order.http = (lost.http != 0).then_some(lost.http);
        let entry = order.target.filter(|_| order.is_entry);
        if let Some(target) = entry
            && let Some(execution) = self.executions.get_mut(db, &target)?
        {
            execution.unknown += 1;
            execution.changed_seq = here.row();
        }
        Ok(())
    }

    pub(super) fn on_unsent(
        &mut self,
        db: &Connection,
        here: Here,
        id: ClientOrderId,
        cancel: bool,
        why: &str,
    ) -> Done {
        let Some(order) = self.orders.get_mut(db, &id)? else { return Ok(()) };
        if cancel {
            order.cancel_asked_at = None;
        } else if order.sent_at.is_none() && order.reply == Reply::Awaited {
            order.reply = Reply::NotSent;
            order.message = Some(why.to_owned());
            order.end(here.row(), here.at);
        }
        Ok(())
    }

    pub(super) fn on_never_accepted(
        &mut self,
        db: &Connection,
        here: Here,
        id: ClientOrderId,
    ) -> Done {
        if let Some(order) = self.orders.get_mut(db, &id)? {
            order.reply = Reply::NeverAccepted;
            order.end(here.row(), here.at);
        }
        Ok(())
    }

    /// The venue shows an order. One of ours that no record made was in a tail that was lost.
    pub(super) fn on_update(
        &mut self,
        db: &Connection,
        here: Here,
        event: &Event,
        update: &OrderUpdate,
    ) -> Done {
        let Some(id) = update.client_order_id else { return Ok(()) };
        let filled = self.names.symbol(event.symbol).qty(update.filled).unwrap_or(Amount::ZERO);
        if self.orders.get(db, &id)?.is_none() {
            if id.parts().instance != self.meta.run.instance {
                return Ok(());
            }
            self.adopt(db, here, event, update, id)?;
        }
        self.with_order(db, here, id, |order, texts| {
            order.name(texts.of(update.order));
            order.filled = order.filled.max(filled);
            if update.status.is_final() {
                order.end(here.row(), here.at);
            }
            order.seen()
        })
    }

    fn adopt(
        &mut self,
        db: &Connection,
        here: Here,
        event: &Event,
        update: &OrderUpdate,
        id: ClientOrderId,
    ) -> Done {
        let parts = id.parts();
        let symbol = self.names.symbol(event.symbol);
        let fixed = OrderFixed {
            permit: parts.permit.0,
            account: event.account.0,
            symbol: self.names.name(event.symbol),
            side: update.side.name(),
            kind: update.kind.map(model::OrderKind::name),
            leg: parts.leg.name(),
            attempt: parts.attempt,
            epoch: parts.epoch,
            price: update.price.and_then(|price| symbol.price(price)),
        };
        let qty = symbol.qty(update.qty).unwrap_or(Amount::ZERO);
        let target = self.target_of_permit(db, parts.permit)?;
        self.orders.get_or(db, &id, || OrderRow {
            seq: here.row(),
            fixed: Some(Box::new(fixed)),
            target,
            is_entry: parts.leg.is_entry(),
            qty,
            ..OrderRow::default()
        })?;
        Ok(())
    }

    /// Changes an order; `take` says whether it was seen at the venue for the first time.
    fn with_order(
        &mut self,
        db: &Connection,
        here: Here,
        id: ClientOrderId,
        take: impl FnOnce(&mut OrderRow, &Texts) -> bool,
    ) -> Done {
        let Some(order) = self.orders.get_mut(db, &id)? else { return Ok(()) };
        let accepted = take(order, &self.texts);
        let entry = order.target.filter(|_| order.is_entry);
        if let (true, Some(target)) = (accepted, entry)
            && let Some(execution) = self.executions.get_mut(db, &target)?
        {
            execution.accepted += 1;
            execution.changed_seq = here.row();
        }
        Ok(())
    }

    /// A deal of ours, once: the stream and a query may both tell it.
    pub(super) fn on_fill(
        &mut self,
        db: &Connection,
        here: Here,
        event: &Event,
        fill: &Fill,
    ) -> Done {
        let deal = self.deal(db, here, event, fill)?;
        if !self.insert_fill(db, here, event, fill, &deal)? {
            return Ok(());
        }
        self.meta.unscaled += u64::from(deal.qty.is_none());
        self.count_in_day(db, here, event, fill, &deal)?;
        if let Some(id) = fill.client_order_id {
            self.fill_order(db, here, id, fill, &deal)?;
        }
        let (Some(target), Some(qty)) = (deal.target, deal.qty) else { return Ok(()) };
        let position = self.positions.get_or(db, &target, || PositionRow {
            account: event.account.0,
            symbol: deal.symbol,
            quote: deal.quote,
            opened_at: deal.at,
            ..PositionRow::default()
        })?;
        match fill.side {
            Side::Buy => position.bought = position.bought.plus_or_max(qty),
            Side::Sell => position.sold = position.sold.plus_or_max(qty),
        }
        (position.changed_at, position.changed_seq) = (here.at, here.row());
        Ok(())
    }

    fn deal(
        &mut self,
        db: &Connection,
        here: Here,
        event: &Event,
        fill: &Fill,
    ) -> Result<Deal, ArchiveError> {
        let symbol = self.names.symbol(event.symbol);
        let value = symbol.scales.and_then(|(price, qty)| {
            Amount::notional(fill.price, price, fill.qty, qty, Round::Down)
        });
        let deal = Deal {
            at: event.stamped.is_some().then(|| event.stamped.nanos()).or(here.at),
            symbol: self.names.name(event.symbol),
            quote: symbol_quote(symbol),
            price: symbol.price(fill.price),
            qty: symbol.qty(fill.qty),
            value,
            fee_in_quote: symbol.quote_asset == Some(fill.fee_asset),
            fee_in_base: symbol.base_asset == Some(fill.fee_asset),
            target: None,
        };
        let target = match fill.client_order_id {
            Some(id) => self.target_of_order(db, event, id)?,
            None => None,
        };
        Ok(Deal { target, ..deal })
    }

    /// Whether the deal was not known.
    fn insert_fill(
        &self,
        db: &Connection,
        here: Here,
        event: &Event,
        fill: &Fill,
        deal: &Deal,
    ) -> Result<bool, ArchiveError> {
        let id = fill.client_order_id.map(ClientOrderId::text);
        let inserted = db
            .prepare_cached(
                "INSERT INTO fills (seq, at, account, symbol, target, client_order_id, \
                 venue_order, trade, trade_key, side, leg, price, qty, value, quote, fee, \
                 fee_asset, maker, source) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) \
                 ON CONFLICT (account, trade_key) DO NOTHING",
            )?
            .execute(params![
                here.row(),
                deal.at,
                event.account.0,
                deal.symbol,
                deal.target,
                id.as_ref().map(|id| id.as_str()),
                self.texts.of(fill.order),
                self.texts.of(fill.trade).unwrap_or_default(),
                fill.trade.0.to_be_bytes().as_slice(),
                fill.side.name(),
                fill.client_order_id.map(|id| id.leg().name()),
                deal.price,
                deal.qty.map(money::figure),
                deal.value.map(money::figure),
                deal.quote,
                money::figure(fill.fee),
                self.names.asset(fill.fee_asset),
                fill.maker,
                match fill.source {
                    FillSource::Stream => "stream",
                    FillSource::Trades => "query",
                },
            ])?;
        Ok(inserted == 1)
    }

    fn count_in_day(
        &mut self,
        db: &Connection,
        here: Here,
        event: &Event,
        fill: &Fill,
        deal: &Deal,
    ) -> Done {
        let key = (event.account.0, day_of(deal.at), deal.symbol.clone());
        let quote = || deal.quote.clone();
        let day = self.days.get_or(db, &key, || DayRow { quote: quote(), ..DayRow::default() })?;
        let (qty, value) = (deal.qty.unwrap_or(Amount::ZERO), deal.value.unwrap_or(Amount::ZERO));
        match fill.side {
            Side::Buy => {
                day.buys += 1;
                day.bought = day.bought.plus_or_max(value);
                day.bought_qty = day.bought_qty.plus_or_max(qty);
            }
            Side::Sell => {
                day.sells += 1;
                day.sold = day.sold.plus_or_max(value);
                day.sold_qty = day.sold_qty.plus_or_max(qty);
            }
        }
        if deal.fee_in_quote {
            day.fees_quote = day.fees_quote.plus_or_max(fill.fee);
        } else if deal.fee_in_base {
            day.fees_base = day.fees_base.plus_or_max(fill.fee);
        } else if fill.fee != Amount::ZERO {
            day.unvalued_fees += 1;
        }
        day.changed_seq = here.row();
        Ok(())
    }

    fn fill_order(
        &mut self,
        db: &Connection,
        here: Here,
        id: ClientOrderId,
        fill: &Fill,
        deal: &Deal,
    ) -> Done {
        let text = self.texts.of(fill.order);
        let (qty, value) = (deal.qty.unwrap_or(Amount::ZERO), deal.value.unwrap_or(Amount::ZERO));
        let Some(order) = self.orders.get_mut(db, &id)? else { return Ok(()) };
        // The deal of now is among the rows; the first alone need not be summed.
        let is_first = order.first_fill_at.is_none();
        let dealt = if is_first { qty } else { filled_by_deals(db, id)? };
        order.name(text);
        order.first_fill_at = order.first_fill_at.or(deal.at);
        // An update may have told of this deal already; only deals beyond it add to the figure.
        order.filled = order.filled.max(dealt);
        if order.filled >= order.qty && order.qty > Amount::ZERO {
            order.end(here.row(), here.at);
        }
        let accepted = order.seen();
        if let Some(target) = order.target.filter(|_| order.is_entry)
            && let Some(execution) = self.executions.get_mut(db, &target)?
        {
            execution.accepted += u32::from(accepted);
            execution.first_fill_at = execution.first_fill_at.or(deal.at);
            execution.bought = execution.bought.plus_or_max(qty);
            execution.spent = execution.spent.plus_or_max(value);
            execution.execution_status = "executed".to_owned();
            execution.changed_seq = here.row();
        }
        Ok(())
    }

    /// What the engine says of a position; the day of a change bears what it won or lost.
    pub(super) fn on_position(
        &mut self,
        db: &Connection,
        here: Here,
        record: &PositionRecord,
    ) -> Done {
        let name = self.names.name(record.symbol);
        let symbol = self.names.symbol(record.symbol);
        let (qty, quote) = (symbol.qty(record.qty), symbol_quote(symbol));
        let (account, of_day) = (record.account.0, quote.clone());
        let symbol_name = name.clone();
        let row = self.positions.get_or(db, &record.target.0, || PositionRow {
            account,
            symbol: symbol_name,
            quote,
            opened_at: here.at,
            ..PositionRow::default()
        })?;
        let before = row.realised;
        (row.paid, row.received) = (record.paid, record.received);
        row.qty = qty.unwrap_or(Amount::ZERO);
        row.unvalued_fees = record.other_fees;
        row.closed = record.closed.map(|close| close.name().to_owned());
        row.closed_at = if row.closed.is_some() { row.closed_at.or(here.at) } else { None };
        (row.changed_at, row.changed_seq) = (here.at, here.row());
        row.realised = row.result();
        let won = row.realised.minus_or_min(before);
        if won == Amount::ZERO {
            return Ok(());
        }
        let key = (account, day_of(here.at), name);
        let day = self.days.get_or(db, &key, || DayRow { quote: of_day, ..DayRow::default() })?;
        day.realised = day.realised.plus_or_max(won);
        day.changed_seq = here.row();
        Ok(())
    }

    /// How far the way out has come.
    pub(super) fn on_exit(&mut self, db: &Connection, here: Here, record: &ExitRecord) -> Done {
        let Some(target) = self.targets.get(db, &record.target.0)? else { return Ok(()) };
        let symbol = self.names.by_name(&target.symbol);
        let by_hand = (!record.by_hand.is_zero()).then(|| symbol.qty(record.by_hand)).flatten();
        let high = record.high.and_then(|high| symbol.price(high));
        let Some(row) = self.positions.get_mut(db, &record.target.0)? else { return Ok(()) };
        row.closing = record.closing.map(|close| close.name().to_owned());
        row.by_hand = by_hand.map(money::text);
        row.high = high;
        (row.changed_at, row.changed_seq) = (here.at, here.row());
        Ok(())
    }

    /// The target that an order belongs to: by its record, or by the permit that its id names.
    fn target_of_order(
        &mut self,
        db: &Connection,
        event: &Event,
        id: ClientOrderId,
    ) -> Result<Option<u32>, ArchiveError> {
        if let Some(order) = self.orders.get(db, &id)? {
            return Ok(order.target);
        }
        let parts = id.parts();
        if parts.instance != self.meta.run.instance {
            return Ok(None);
        }
        let Some(target) = self.target_of_permit(db, parts.permit)? else { return Ok(None) };
        let name = self.names.name(event.symbol);
        let row = self.targets.get(db, &target)?;
        let same = row.is_some_and(|row| row.symbol == name && row.account == event.account.0);
        Ok(same.then_some(target))
    }

    pub(super) fn target_of_permit(
        &mut self,
        db: &Connection,
        permit: PermitId,
    ) -> Result<Option<u32>, ArchiveError> {
        if let Some(target) = self.permits.get(&permit.0) {
            return Ok(Some(*target));
        }
        let mut statement = db.prepare_cached("SELECT target FROM permits WHERE id = ?")?;
        let mut rows = statement.query([permit.0])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let target: u32 = row.get(0)?;
        self.remember_permit(permit, target);
        Ok(Some(target))
    }

    pub(super) fn remember_permit(&mut self, permit: PermitId, target: u32) {
        if self.permits.len() >= PERMITS_MAX {
            self.permits.clear();
        }
        self.permits.insert(permit.0, target);
    }

    /// Another process began: nobody waits for the replies of the one before.
    pub(super) fn orphan_orders(&mut self, db: &Connection) -> Done {
        self.flush_rows(db)?;
        db.prepare_cached(
            "UPDATE orders SET reply = 'lost', state = 'unknown' \
             WHERE ended_seq IS NULL AND reply = 'awaited'",
        )?
        .execute([])?;
        self.orders.forget();
        Ok(())
    }

    /// A name for rows, without a number for no symbol.
    pub(super) fn symbol_or_all(&self, symbol: SymbolId) -> Option<Arc<str>> {
        self.names.named(symbol)
    }
}

/// What the known deals of an order have filled.
fn filled_by_deals(db: &Connection, id: ClientOrderId) -> Result<Amount, ArchiveError> {
    let mut statement = db.prepare_cached("SELECT qty FROM fills WHERE client_order_id = ?")?;
    let mut rows = statement.query([id.text().as_str()])?;
    let mut sum = Amount::ZERO;
    while let Some(row) = rows.next()? {
        let qty = row.get_ref(0)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        let qty = qty.map(|qty| money::amount("fills", qty)).transpose()?;
        sum = sum.plus_or_max(qty.unwrap_or(Amount::ZERO));
    }
    Ok(sum)
}

/// A deal in the terms of rows.
#[derive(Clone, Debug)]
struct Deal {
    at: Option<i64>,
    symbol: Arc<str>,
    quote: Arc<str>,
    price: Option<String>,
    qty: Option<Amount>,
    value: Option<Amount>,
    fee_in_quote: bool,
    fee_in_base: bool,
    target: Option<u32>,
}

fn symbol_quote(symbol: &crate::context::Symbol) -> Arc<str> {
    symbol.quote.clone()
}

/// Day since the epoch in UTC; day 0 where the time is unknown.
fn day_of(at: Option<i64>) -> i64 {
    at.unwrap_or(0).div_euclid(DAY_NS)
}
