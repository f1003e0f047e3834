//! The rows that change: orders, targets, positions, executions, days.

use std::borrow::Cow;
use std::sync::Arc;

use model::{Amount, ClientOrderId};
use rusqlite::Statement;

use crate::ArchiveError;
use crate::cache::Row;
use crate::columns::{Binds, Cell, Cells, Key, row};

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
    pub(crate) seq: i64,
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
    pub(crate) ended_seq: Option<i64>,
}

/// What was fixed when the order was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrderFixed {
    pub(crate) permit: u32,
    pub(crate) account: u8,
    pub(crate) symbol: Arc<str>,
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

    /// The venue's own id of it; none told keeps the one that is known.
    pub(crate) fn name(&mut self, told: Option<Cow<'_, str>>) {
        if told.is_some() && told.as_deref() != self.venue_order.as_deref() {
            self.venue_order = told.map(Cow::into_owned);
        }
    }

    pub(crate) fn end(&mut self, seq: i64, at: Option<i64>) {
        if self.ended_seq.is_none() {
            (self.ended_seq, self.ended_at) = (Some(seq), at);
        }
    }
}

impl Row for OrderRow {
    type Key = ClientOrderId;

    const LOAD: &'static str = "SELECT leg, seq, target, qty, filled, reply, code, http, message, \
        venue_order, placed_at, sent_at, answered_at, first_fill_at, cancel_asked_at, \
        cancel_sent_at, ended_at, ended_seq FROM orders WHERE client_order_id = ?";
    const INSERT: &'static str = "INSERT INTO orders (filled, state, reply, code, http, message, \
        venue_order, sent_at, answered_at, first_fill_at, cancel_asked_at, cancel_sent_at, \
        ended_at, ended_seq, seq, client_order_id, target, permit, account, symbol, side, kind, \
        leg, attempt, epoch, price, qty, placed_at) \
        VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
    const UPDATE: &'static str = "UPDATE orders SET filled = ?, state = ?, reply = ?, code = ?, \
        http = ?, message = ?, venue_order = ?, sent_at = ?, answered_at = ?, first_fill_at = ?, \
        cancel_asked_at = ?, cancel_sent_at = ?, ended_at = ?, ended_seq = ? WHERE seq = ?";

    fn read(row: &rusqlite::Row<'_>) -> Result<Self, ArchiveError> {
        let is_entry = row.get_ref(0)?.as_str().is_ok_and(|leg| leg == "entry");
        let mut cells = Cells::behind("orders", row, 1);
        Ok(Self {
            fixed: None,
            is_entry,
            seq: cells.take()?,
            target: cells.take()?,
            qty: cells.take()?,
            filled: cells.take()?,
            reply: cells.take()?,
            code: cells.take()?,
            http: cells.take()?,
            message: cells.take()?,
            venue_order: cells.take()?,
            placed_at: cells.take()?,
            sent_at: cells.take()?,
            answered_at: cells.take()?,
            first_fill_at: cells.take()?,
            cancel_asked_at: cells.take()?,
            cancel_sent_at: cells.take()?,
            ended_at: cells.take()?,
            ended_seq: cells.take()?,
        })
    }

    fn insert(&self, key: &ClientOrderId, mut binds: Binds<'_, '_>) -> rusqlite::Result<usize> {
        self.put(&mut binds)?;
        key.put(&mut binds)?;
        binds.put(&self.target)?;
        let fixed = self.fixed.as_ref().expect("an order that is made has what is fixed");
        fixed.put(&mut binds)?;
        binds.put(&self.qty)?;
        binds.put(&self.placed_at)?;
        binds.run()
    }

    fn update(&self, _: &ClientOrderId, mut binds: Binds<'_, '_>) -> rusqlite::Result<usize> {
        self.put(&mut binds)?;
        binds.run()
    }
}

impl OrderRow {
    /// What may change, and the number of the row.
    fn put(&self, binds: &mut Binds<'_, '_>) -> rusqlite::Result<()> {
        binds.put(&self.filled)?;
        binds.tell(self.state())?;
        binds.put(&self.reply)?;
        binds.put(&self.code)?;
        binds.put(&self.http)?;
        binds.put(&self.message)?;
        binds.put(&self.venue_order)?;
        binds.put(&self.sent_at)?;
        binds.put(&self.answered_at)?;
        binds.put(&self.first_fill_at)?;
        binds.put(&self.cancel_asked_at)?;
        binds.put(&self.cancel_sent_at)?;
        binds.put(&self.ended_at)?;
        binds.put(&self.ended_seq)?;
        binds.put(&self.seq)
    }
}

impl OrderFixed {
    fn put(&self, binds: &mut Binds<'_, '_>) -> rusqlite::Result<()> {
        binds.tell(self.permit)?;
        binds.tell(self.account)?;
        binds.tell(&self.symbol)?;
        binds.tell(self.side)?;
        binds.tell(self.kind)?;
        binds.tell(self.leg)?;
        binds.tell(self.attempt)?;
        binds.tell(self.epoch)?;
        binds.tell(&self.price)
    }
}

impl Cell for Reply {
    fn read(table: &'static str, row: &rusqlite::Row<'_>, at: usize) -> Result<Self, ArchiveError> {
        let text = row.get_ref(at)?.as_str().map_err(rusqlite::Error::from)?;
        let known = Self::ALL.into_iter().find(|known| known.name() == text);
        known.ok_or_else(|| ArchiveError::Row { table, value: text.to_owned() })
    }

    fn bind(&self, statement: &mut Statement<'_>, at: usize) -> rusqlite::Result<()> {
        statement.raw_bind_parameter(at, self.name())
    }
}

row! {
    /// One target as it stands.
    TargetRow of "targets" by u32 = "id" as "?" {
        account: u8,
        symbol: Arc<str>,
        state: String,
        why: Option<String>,
        pattern: String,
        confidence: u8,
        opens_at: Option<i64>,
        permit: Option<u32>,
        signal: Option<i64>,
        entry: String,
        exit: String,
        error: Option<String>,
        epoch: u32,
        made_at: Option<i64>,
        made_seq: i64,
        changed_at: Option<i64>,
        changed_seq: i64,
        over_at: Option<i64>,
    }
}

row! {
    /// One position: the sum of its deals.
    PositionRow of "positions" by u32 = "target" as "?" {
        account: u8,
        symbol: Arc<str>,
        quote: Arc<str>,
        /// Held, fees in base subtracted.
        qty: Amount,
        bought: Amount,
        sold: Amount,
        paid: Amount,
        received: Amount,
        realised: Amount,
        unvalued_fees: u32,
        closing: Option<String>,
        by_hand: Option<String>,
        high: Option<String>,
        closed: Option<String>,
        opened_at: Option<i64>,
        changed_at: Option<i64>,
        changed_seq: i64,
        closed_at: Option<i64>,
    }
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

row! {
    /// How a target's entry was carried out.
    ExecutionRow of "executions" by u32 = "target" as "?" {
        account: u8,
        symbol: Arc<str>,
        planned_at: Option<i64>,
        decided_at: Option<i64>,
        actual_execution_at: Option<i64>,
        first_fill_at: Option<i64>,
        attempts: u32,
        accepted: u32,
        refused: u32,
        unknown: u32,
        bought: Amount,
        spent: Amount,
        execution_status: String,
        changed_seq: i64,
    }
}

row! {
    /// An account's day in one pair.
    DayRow of "daily_results" by DayKey = "account, day, symbol" as "?, ?, ?" {
        quote: Arc<str>,
        orders: u32,
        buys: u32,
        sells: u32,
        bought: Amount,
        sold: Amount,
        bought_qty: Amount,
        sold_qty: Amount,
        fees_quote: Amount,
        fees_base: Amount,
        unvalued_fees: u32,
        realised: Amount,
        changed_seq: i64,
    }
}

/// Account, day since the epoch in UTC, symbol.
pub(crate) type DayKey = (u8, i64, Arc<str>);

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
