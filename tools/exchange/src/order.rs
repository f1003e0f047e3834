//! Orders and deals as the exchange keeps them.

use std::borrow::Cow;

use model::{Amount, OrderKind, OrderStatus, Price, Qty, Side, VenueTime};

/// One order of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Sequence number; [`Exchange::order_id_text`](crate::Exchange::order_id_text) is its form
    /// on the wire.
    pub id: u64,
    /// Index of the account.
    pub account: usize,
    /// Index of the symbol.
    pub symbol: usize,
    /// Buy or sell.
    pub side: Side,
    /// How it meets the book.
    pub kind: OrderKind,
    /// Limit price; on market orders the protective price.
    pub price: Option<Price>,
    /// Ordered quantity; zero when it was ordered by quote amount.
    pub qty: Qty,
    /// Ordered quote amount of a market buy.
    pub quote_qty: Option<Amount>,
    /// Dealt quantity.
    pub filled: Qty,
    /// Dealt quote amount.
    pub quote_filled: Amount,
    /// State.
    pub status: OrderStatus,
    /// The owner's id for it.
    pub client_id: Option<Box<str>>,
    /// Self-trade prevention mode as sent.
    pub stp_mode: &'static str,
    /// Why the exchange ended it: `stp_cancel`, or empty.
    pub cancel_reason: &'static str,
    /// When it was accepted.
    pub created: VenueTime,
    /// When it last changed.
    pub updated: VenueTime,
    /// Its earlier states, oldest first, where queries lag behind.
    pub(crate) past: Vec<Past>,
    /// Still locked for it.
    pub(crate) locked: Amount,
    pub(crate) last_deal: Option<Qty>,
    pub(crate) rested: bool,
}

impl Order {
    /// What has not been dealt of an order by quantity.
    pub fn left(&self) -> Qty {
        self.qty.minus(self.filled)
    }
}

/// What an order was until a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Past {
    until: VenueTime,
    status: OrderStatus,
    filled: Qty,
    quote_filled: Amount,
    updated: VenueTime,
    cancel_reason: &'static str,
}

impl Order {
    /// Keeps the present state ahead of a change at `now`.
    pub(crate) fn keep_past(&mut self, now: VenueTime) {
        if self.past.last().is_some_and(|past| past.until == now) {
            return;
        }
        self.past.push(Past {
            until: now,
            status: self.status,
            filled: self.filled,
            quote_filled: self.quote_filled,
            updated: self.updated,
            cancel_reason: self.cancel_reason,
        });
    }

    /// The order as it was at `then`; `None` before it was accepted.
    pub(crate) fn at(&self, then: VenueTime) -> Option<Cow<'_, Self>> {
        if self.created > then {
            return None;
        }
        let Some(past) = self.past.iter().find(|past| past.until > then) else {
            return Some(Cow::Borrowed(self));
        };
        Some(Cow::Owned(Self {
            status: past.status,
            filled: past.filled,
            quote_filled: past.quote_filled,
            updated: past.updated,
            cancel_reason: past.cancel_reason,
            ..self.clone()
        }))
    }
}

/// One deal of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deal {
    /// Sequence number of the deal; both sides share it.
    pub id: u64,
    /// Index of the symbol.
    pub symbol: usize,
    /// The account's order.
    pub order: u64,
    /// The owner's id for that order.
    pub client_id: Option<Box<str>>,
    /// The account's side.
    pub side: Side,
    /// Whether the account's order rested.
    pub maker: bool,
    /// Whether both orders belong to the account.
    pub self_trade: bool,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub qty: Qty,
    /// Price x quantity.
    pub quote_qty: Amount,
    /// Fee paid.
    pub fee: Amount,
    /// Index of the asset the fee was paid in.
    pub(crate) fee_asset: usize,
    /// When.
    pub at: VenueTime,
}

/// The stream's number of an order kind.
pub(crate) fn kind_number(kind: OrderKind) -> i64 {
    match kind {
        OrderKind::Limit => 1,
        OrderKind::LimitMaker => 2,
        OrderKind::ImmediateOrCancel => 3,
        OrderKind::FillOrKill => 4,
        OrderKind::Market => 5,
    }
}

/// From REST's word; the batch sample of the documentation says `LIMIT_ORDER`.
pub(crate) fn kind_of(word: &str) -> Option<OrderKind> {
    Some(match word {
        "LIMIT" | "LIMIT_ORDER" => OrderKind::Limit,
        "LIMIT_MAKER" => OrderKind::LimitMaker,
        "IMMEDIATE_OR_CANCEL" => OrderKind::ImmediateOrCancel,
        "FILL_OR_KILL" => OrderKind::FillOrKill,
        "MARKET" => OrderKind::Market,
        _ => return None,
    })
}

pub(crate) fn side_of(word: &str) -> Option<Side> {
    match word {
        "BUY" => Some(Side::Buy),
        "SELL" => Some(Side::Sell),
        _ => None,
    }
}
