//! The rows that change: orders, targets, positions, executions, days.

use model::{Amount, ClientOrderId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::cache::Row;
use crate::{ArchiveError, money};

/// What the venue said of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Nothing yet.
    #[default]
    Awaited,
    /// It took the order.
    Accepted,
    /// It refused.
    Refused,
    /// Nothing that settles its fate.
    Lost,
    /// No byte of it left.
    NotSent,
    /// It was proved never to have reached the venue's books.
    NeverAccepted,
}

impl Reply {
    const ALL: [Self; 6] = [
        Self::Awaited,
        Self::Accepted,
        Self::Refused,
        Self::Lost,
        Self::NotSent,
        Self::NeverAccepted,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Awaited => "awaited",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Lost => "lost",
            Self::NotSent => "not_sent",
            Self::NeverAccepted => "never_accepted",
        }
    }
}

/// One order. What never changes is written with its first row alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OrderRow {
    pub(crate) seq: u64,
    pub(crate) fixed: Option<Box<OrderFixed>>,
    pub(crate) target: Option<u32>,
    pub(crate) is_entry: bool,
    pub(crate) qty: Amount,
    pub(crate) filled: Amount,
    pub(crate) reply: Reply,
    pub(crate) code: Option<i32>,
    pub(crate) http: Option<u16>,
    pub(crate) message: Option<String>,
    pub(crate) venue_order: Option<String>,
    pub(crate) placed_at: Option<i64>,
    pub(crate) sent_at: Option<i64>,
    pub(crate) answered_at: Option<i64>,
    pub(crate) first_fill_at: Option<i64>,
    pub(crate) cancel_asked_at: Option<i64>,
    pub(crate) cancel_sent_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) ended_seq: Option<u64>,
}

/// What was fixed when the order was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrderFixed {
    pub(crate) permit: u32,
    pub(crate) account: u8,
    pub(crate) symbol: String,
    pub(crate) side: &'static str,
    pub(crate) kind: Option<&'static str>,
    pub(crate) leg: &'static str,
    pub(crate) attempt: u32,
    pub(crate) epoch: u32,
    pub(crate) price: Option<String>,
}

impl OrderRow {
    /// The state by the ecosystem's names, with the local ones that FIX has not.
    pub(crate) fn state(&self) -> &'static str {
        let whole = self.qty > Amount::ZERO && self.filled >= self.qty;
        let some = self.filled > Amount::ZERO;
        match (self.reply, self.ended_seq.is_some()) {
            _ if whole => "filled",
            (Reply::Refused, _) => "rejected",
            (Reply::NotSent, _) => "denied",
            (Reply::NeverAccepted, _) => "never_accepted",
            (_, true) if some => "partially_cancelled",
            (_, true) => "cancelled",
            (Reply::Lost, false) => "unknown",
            _ if self.cancel_asked_at.is_some() => "pending_cancel",
            _ if some => "partially_filled",
            (Reply::Accepted, false) => "accepted",
            (Reply::Awaited, false) if self.sent_at.is_some() => "submitted",
            (Reply::Awaited, false) => "initialized",
        }
    }

    /// The stream or a query shows it on the venue's books.
    pub(crate) fn seen(&mut self) -> bool {
        let first = matches!(self.reply, Reply::Awaited | Reply::Lost);
        if first {
            self.reply = Reply::Accepted;
        }
        first
    }

    pub(crate) fn end(&mut self, seq: u64, at: Option<i64>) {
        if self.ended_seq.is_none() {
            (self.ended_seq, self.ended_at) = (Some(seq), at);
        }
    }
}

impl Row for OrderRow {
    type Key = ClientOrderId;

    fn load(db: &Connection, key: &ClientOrderId) -> Result<Option<Self>, ArchiveError> {
        let mut statement = db.prepare_cached(
            "SELECT seq, target, leg, qty, filled, reply, code, http, message, venue_order, \
             placed_at, sent_at, answered_at, first_fill_at, cancel_asked_at, cancel_sent_at, \
             ended_at, ended_seq FROM orders WHERE client_order_id = ?",
        )?;
        let mut rows = statement.query([key.text().as_str()])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let reply: String = row.get(5)?;
        let known = Reply::ALL.into_iter().find(|known| known.name() == reply);
        Ok(Some(Self {
            seq: row.get::<_, i64>(0)? as u64,
            fixed: None,
            target: row.get(1)?,
            is_entry: row.get_ref(2)?.as_str().is_ok_and(|leg| leg == "entry"),
            qty: amount("orders", row, 3)?,
            filled: amount("orders", row, 4)?,
            reply: known.ok_or(ArchiveError::Row { table: "orders", value: reply })?,
            code: row.get(6)?,
            http: row.get(7)?,
            message: row.get(8)?,
            venue_order: row.get(9)?,
            placed_at: row.get(10)?,
            sent_at: row.get(11)?,
            answered_at: row.get(12)?,
            first_fill_at: row.get(13)?,
            cancel_asked_at: row.get(14)?,
            cancel_sent_at: row.get(15)?,
            ended_at: row.get(16)?,
            ended_seq: row.get::<_, Option<i64>>(17)?.map(|seq| seq as u64),
        }))
    }

    fn store(&self, db: &Connection, key: &ClientOrderId, fresh: bool) -> Result<(), ArchiveError> {
        let ended_seq = self.ended_seq.map(|seq| seq as i64);
        if let (true, Some(fixed)) = (fresh, &self.fixed) {
            db.prepare_cached(
                "INSERT INTO orders (filled, state, reply, code, http, message, venue_order, \
                 sent_at, answered_at, first_fill_at, cancel_asked_at, cancel_sent_at, ended_at, \
                 ended_seq, seq, client_order_id, target, permit, account, symbol, side, kind, leg, \
                 attempt, epoch, price, qty, placed_at) \
                 VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            )?
            .execute(params![
                money::text(self.filled),
                self.state(),
                self.reply.name(),
                self.code,
                self.http,
                self.message,
                self.venue_order,
                self.sent_at,
                self.answered_at,
                self.first_fill_at,
                self.cancel_asked_at,
                self.cancel_sent_at,
                self.ended_at,
                ended_seq,
                self.seq as i64,
                key.text().as_str(),
                self.target,
                fixed.permit,
                fixed.account,
                fixed.symbol,
                fixed.side,
                fixed.kind,
                fixed.leg,
                fixed.attempt,
                fixed.epoch,
                fixed.price,
                money::text(self.qty),
                self.placed_at,
            ])?;
            return Ok(());
        }
        db.prepare_cached(
            "UPDATE orders SET filled = ?, state = ?, reply = ?, code = ?, http = ?, message = ?, \
             venue_order = ?, sent_at = ?, answered_at = ?, first_fill_at = ?, \
             cancel_asked_at = ?, cancel_sent_at = ?, ended_at = ?, ended_seq = ? WHERE seq = ?",
        )?
        .execute(params![
            money::text(self.filled),
            self.state(),
            self.reply.name(),
            self.code,
            self.http,
            self.message,
            self.venue_order,
            self.sent_at,
            self.answered_at,
            self.first_fill_at,
            self.cancel_asked_at,
            self.cancel_sent_at,
            self.ended_at,
            ended_seq,
            self.seq as i64,
        ])?;
        Ok(())
    }
}

fn amount(table: &'static str, row: &rusqlite::Row<'_>, at: usize) -> Result<Amount, ArchiveError> {
    let text = row.get_ref(at)?.as_str().map_err(rusqlite::Error::from)?;
    money::amount(table, text)
}

/// One target as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TargetRow {
    pub(crate) account: u8,
    pub(crate) symbol: String,
    pub(crate) state: String,
    pub(crate) why: Option<String>,
    pub(crate) pattern: String,
    pub(crate) confidence: u8,
    pub(crate) opens_at: Option<i64>,
    pub(crate) permit: Option<u32>,
    pub(crate) signal: Option<i64>,
    pub(crate) entry: String,
    pub(crate) exit: String,
    pub(crate) error: Option<String>,
    pub(crate) epoch: u32,
    pub(crate) made_at: Option<i64>,
    pub(crate) made_seq: i64,
    pub(crate) changed_at: Option<i64>,
    pub(crate) changed_seq: i64,
    pub(crate) over_at: Option<i64>,
}

impl Row for TargetRow {
    type Key = u32;

    fn load(db: &Connection, key: &u32) -> Result<Option<Self>, ArchiveError> {
        let mut statement = db.prepare_cached(
            "SELECT account, symbol, state, why, pattern, confidence, opens_at, permit, signal, \
             entry, exit, error, epoch, made_at, made_seq, changed_at, changed_seq, over_at \
             FROM targets WHERE id = ?",
        )?;
        let row = statement.query_row([key], |row| {
            Ok(Self {
                account: row.get(0)?,
                symbol: row.get(1)?,
                state: row.get(2)?,
                why: row.get(3)?,
                pattern: row.get(4)?,
                confidence: row.get(5)?,
                opens_at: row.get(6)?,
                permit: row.get(7)?,
                signal: row.get(8)?,
                entry: row.get(9)?,
                exit: row.get(10)?,
                error: row.get(11)?,
                epoch: row.get(12)?,
                made_at: row.get(13)?,
                made_seq: row.get(14)?,
                changed_at: row.get(15)?,
                changed_seq: row.get(16)?,
                over_at: row.get(17)?,
            })
        });
        Ok(row.optional()?)
    }

    fn store(&self, db: &Connection, key: &u32, _: bool) -> Result<(), ArchiveError> {
        db.prepare_cached(
            "INSERT OR REPLACE INTO targets (id, account, symbol, state, why, pattern, \
             confidence, opens_at, permit, signal, entry, exit, error, epoch, made_at, made_seq, \
             changed_at, changed_seq, over_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        )?
        .execute(params![
            key,
            self.account,
            self.symbol,
            self.state,
            self.why,
            self.pattern,
            self.confidence,
            self.opens_at,
            self.permit,
            self.signal,
            self.entry,
            self.exit,
            self.error,
            self.epoch,
            self.made_at,
            self.made_seq,
            self.changed_at,
            self.changed_seq,
            self.over_at,
        ])?;
        Ok(())
    }
}

/// One position: the sum of its deals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PositionRow {
    pub(crate) account: u8,
    pub(crate) symbol: String,
    pub(crate) quote: String,
    /// Held, fees in base subtracted.
    pub(crate) qty: Amount,
    pub(crate) bought: Amount,
    pub(crate) sold: Amount,
    pub(crate) paid: Amount,
    pub(crate) received: Amount,
    pub(crate) realised: Amount,
    pub(crate) unvalued_fees: u32,
    pub(crate) closing: Option<String>,
    pub(crate) by_hand: Option<String>,
    pub(crate) high: Option<String>,
    pub(crate) closed: Option<String>,
    pub(crate) opened_at: Option<i64>,
    pub(crate) changed_at: Option<i64>,
    pub(crate) changed_seq: i64,
    pub(crate) closed_at: Option<i64>,
}

impl PositionRow {
    /// Quote won or lost by what was sold: received minus the share of what was paid that the sold
    /// part cost. Of a closed position everything that was paid counts, so that an unsaleable rest
    /// is worth nothing. Fees in third assets are not valued.
    pub(crate) fn result(&self) -> Amount {
        let cost = if self.closed.is_some() { self.paid } else { self.cost_of_sold() };
        self.received.minus_or_min(cost)
    }

    fn cost_of_sold(&self) -> Amount {
        let all = self.sold.plus_or_max(self.qty);
        if all <= Amount::ZERO {
            return Amount::ZERO;
        }
        share(self.paid.raw(), self.sold.raw(), all.raw())
    }
}

/// `paid` x `part` / `whole`, rounded down, without an intermediate that overflows.
fn share(paid: i128, part: i128, whole: i128) -> Amount {
    // Both have 1e-18; a common factor of ten changes nothing, and real quantities have many.
    let (mut part, mut whole) = (part, whole);
    while part % 10 == 0 && whole % 10 == 0 {
        (part, whole) = (part / 10, whole / 10);
    }
    let (quotient, rest) = (paid / whole, paid % whole);
    let exact = quotient.checked_mul(part).zip(rest.checked_mul(part));
    match exact {
        Some((most, least)) => Amount::from_raw(most.saturating_add(least / whole)),
        // More than 38 digits: the last of a part in 1e18 is given up.
        None => Amount::from_raw(quotient.saturating_mul(part)),
    }
}

impl Row for PositionRow {
    type Key = u32;

    fn load(db: &Connection, key: &u32) -> Result<Option<Self>, ArchiveError> {
        let mut statement = db.prepare_cached(
            "SELECT account, symbol, quote, qty, bought, sold, paid, received, realised, \
             unvalued_fees, closing, by_hand, high, closed, opened_at, changed_at, changed_seq, \
             closed_at FROM positions WHERE target = ?",
        )?;
        let mut rows = statement.query([key])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let amount = |at| amount("positions", row, at);
        Ok(Some(Self {
            account: row.get(0)?,
            symbol: row.get(1)?,
            quote: row.get(2)?,
            qty: amount(3)?,
            bought: amount(4)?,
            sold: amount(5)?,
            paid: amount(6)?,
            received: amount(7)?,
            realised: amount(8)?,
            unvalued_fees: row.get(9)?,
            closing: row.get(10)?,
            by_hand: row.get(11)?,
            high: row.get(12)?,
            closed: row.get(13)?,
            opened_at: row.get(14)?,
            changed_at: row.get(15)?,
            changed_seq: row.get(16)?,
            closed_at: row.get(17)?,
        }))
    }

    fn store(&self, db: &Connection, key: &u32, _: bool) -> Result<(), ArchiveError> {
        db.prepare_cached(
            "INSERT OR REPLACE INTO positions (target, account, symbol, quote, qty, bought, sold, \
             paid, received, realised, unvalued_fees, closing, by_hand, high, closed, opened_at, \
             changed_at, changed_seq, closed_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        )?
        .execute(params![
            key,
            self.account,
            self.symbol,
            self.quote,
            money::text(self.qty),
            money::text(self.bought),
            money::text(self.sold),
            money::text(self.paid),
            money::text(self.received),
            money::text(self.realised),
            self.unvalued_fees,
            self.closing,
            self.by_hand,
            self.high,
            self.closed,
            self.opened_at,
            self.changed_at,
            self.changed_seq,
            self.closed_at,
        ])?;
        Ok(())
    }
}

/// How a target's entry was carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ExecutionRow {
    pub(crate) account: u8,
    pub(crate) symbol: String,
    pub(crate) planned_at: Option<i64>,
    pub(crate) decided_at: Option<i64>,
    pub(crate) actual_execution_at: Option<i64>,
    pub(crate) first_fill_at: Option<i64>,
    pub(crate) attempts: u32,
    pub(crate) accepted: u32,
    pub(crate) refused: u32,
    pub(crate) unknown: u32,
    pub(crate) bought: Amount,
    pub(crate) spent: Amount,
    pub(crate) status: String,
    pub(crate) changed_seq: i64,
}

impl Row for ExecutionRow {
    type Key = u32;

    fn load(db: &Connection, key: &u32) -> Result<Option<Self>, ArchiveError> {
        let mut statement = db.prepare_cached(
            "SELECT account, symbol, planned_at, decided_at, actual_execution_at, first_fill_at, \
             attempts, accepted, refused, unknown, bought, spent, execution_status, changed_seq \
             FROM executions WHERE target = ?",
        )?;
        let mut rows = statement.query([key])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Self {
            account: row.get(0)?,
            symbol: row.get(1)?,
            planned_at: row.get(2)?,
            decided_at: row.get(3)?,
            actual_execution_at: row.get(4)?,
            first_fill_at: row.get(5)?,
            attempts: row.get(6)?,
            accepted: row.get(7)?,
            refused: row.get(8)?,
            unknown: row.get(9)?,
            bought: amount("executions", row, 10)?,
            spent: amount("executions", row, 11)?,
            status: row.get(12)?,
            changed_seq: row.get(13)?,
        }))
    }

    fn store(&self, db: &Connection, key: &u32, _: bool) -> Result<(), ArchiveError> {
        db.prepare_cached(
            "INSERT OR REPLACE INTO executions (target, account, symbol, planned_at, decided_at, \
             actual_execution_at, first_fill_at, attempts, accepted, refused, unknown, bought, \
             spent, execution_status, changed_seq) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        )?
        .execute(params![
            key,
            self.account,
            self.symbol,
            self.planned_at,
            self.decided_at,
            self.actual_execution_at,
            self.first_fill_at,
            self.attempts,
            self.accepted,
            self.refused,
            self.unknown,
            money::text(self.bought),
            money::text(self.spent),
            self.status,
            self.changed_seq,
        ])?;
        Ok(())
    }
}

/// An account's day in one pair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DayRow {
    pub(crate) quote: String,
    pub(crate) orders: u32,
    pub(crate) buys: u32,
    pub(crate) sells: u32,
    pub(crate) bought: Amount,
    pub(crate) sold: Amount,
    pub(crate) bought_qty: Amount,
    pub(crate) sold_qty: Amount,
    pub(crate) fees_quote: Amount,
    pub(crate) fees_base: Amount,
    pub(crate) unvalued_fees: u32,
    pub(crate) realised: Amount,
    pub(crate) changed_seq: i64,
}

/// Account, day since the epoch in UTC, symbol.
pub(crate) type DayKey = (u8, i64, String);

impl Row for DayRow {
    type Key = DayKey;

    fn load(
        db: &Connection,
        (account, day, symbol): &DayKey,
    ) -> Result<Option<Self>, ArchiveError> {
        let mut statement = db.prepare_cached(
            "SELECT quote, orders, buys, sells, bought, sold, bought_qty, sold_qty, fees_quote, \
             fees_base, unvalued_fees, realised, changed_seq FROM daily_results \
             WHERE account = ? AND day = ? AND symbol = ?",
        )?;
        let mut rows = statement.query(params![account, day, symbol])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let amount = |at| amount("daily_results", row, at);
        Ok(Some(Self {
            quote: row.get(0)?,
            orders: row.get(1)?,
            buys: row.get(2)?,
            sells: row.get(3)?,
            bought: amount(4)?,
            sold: amount(5)?,
            bought_qty: amount(6)?,
            sold_qty: amount(7)?,
            fees_quote: amount(8)?,
            fees_base: amount(9)?,
            unvalued_fees: row.get(10)?,
            realised: amount(11)?,
            changed_seq: row.get(12)?,
        }))
    }

    fn store(&self, db: &Connection, key: &DayKey, _: bool) -> Result<(), ArchiveError> {
        db.prepare_cached(
            "INSERT OR REPLACE INTO daily_results (account, day, symbol, quote, orders, buys, \
             sells, bought, sold, bought_qty, sold_qty, fees_quote, fees_base, unvalued_fees, \
             realised, changed_seq) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        )?
        .execute(params![
            key.0,
            key.1,
            key.2,
            self.quote,
            self.orders,
            self.buys,
            self.sells,
            money::text(self.bought),
            money::text(self.sold),
            money::text(self.bought_qty),
            money::text(self.sold_qty),
            money::text(self.fees_quote),
            money::text(self.fees_base),
            self.unvalued_fees,
            money::text(self.realised),
            self.changed_seq,
        ])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(units: i64) -> Amount {
        Amount::from_units(units)
    }

    fn position(qty: i64, sold: i64, paid: i64, received: i64) -> PositionRow {
        PositionRow {
            qty: units(qty),
            sold: units(sold),
            paid: units(paid),
            received: units(received),
            ..PositionRow::default()
        }
    }

    #[test]
    fn a_part_that_was_sold_is_measured_against_what_that_part_cost() {
        assert_eq!(position(75, 25, 100, 40).result(), units(15));
        let closed = PositionRow { closed: Some("dust".into()), ..position(1, 99, 100, 90) };
        assert_eq!(closed.result(), units(-10), "what cannot be sold is worth nothing");
        assert_eq!(position(0, 0, 0, 0).result(), Amount::ZERO);
    }

    #[test]
    fn large_figures_are_shared_without_overflow() {
        let (paid, part, whole) = (units(90_000_000), units(7_000_000_001), units(9_000_000_003));
        let found = share(paid.raw(), part.raw(), whole.raw());
        assert_eq!(found.to_string().split_once('.').unwrap().0, "69999999");
    }

    #[test]
    fn the_state_of_an_order_follows_what_is_known_of_it() {
        let fresh = OrderRow { qty: units(10), ..OrderRow::default() };
        let end = |row: OrderRow| OrderRow { ended_seq: Some(9), ..row };
        let reply = |reply| OrderRow { reply, ..fresh.clone() };
        let sent = OrderRow { sent_at: Some(1), ..fresh.clone() };
        let part = OrderRow { filled: units(4), ..reply(Reply::Accepted) };
        let whole = OrderRow { filled: units(10), ..reply(Reply::Lost) };
        let asked = OrderRow { cancel_asked_at: Some(2), ..reply(Reply::Accepted) };
        for (row, state) in [
            (fresh.clone(), "initialized"),
            (sent, "submitted"),
            (reply(Reply::Accepted), "accepted"),
            (part.clone(), "partially_filled"),
            (whole, "filled"),
            (reply(Reply::Lost), "unknown"),
            (asked, "pending_cancel"),
            (end(part), "partially_cancelled"),
            (end(reply(Reply::Accepted)), "cancelled"),
            (end(reply(Reply::Refused)), "rejected"),
            (end(reply(Reply::NotSent)), "denied"),
            (end(reply(Reply::NeverAccepted)), "never_accepted"),
        ] {
            assert_eq!(row.state(), state, "{row:?}");
        }
    }
}
