//! Questions: what each costs, and how its request reads.

use model::{ClientOrderId, FixedList, OrderKind, Price, Qty, Side, SymbolId, Text, VenueTime};

use crate::SymbolTable;
use crate::http1::Method;
use crate::mexc::listen_key::ListenKey;
use crate::mexc::url::Query;

/// Pairs of one `exchangeInfo` question at most.
pub const SYMBOLS_MAX: usize = 16;

/// Deals that one answer to [`Question::MyTrades`] holds at most.
pub const DEALS_PAGE: usize = 100;

/// A question to the venue. None of them moves money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The venue's clock.
    Time,
    /// The rules of these pairs; of all pairs, several MB, when the list is empty.
    ExchangeInfo(FixedList<SymbolId, SYMBOLS_MAX>),
    /// A snapshot of a book, at most 5,000 levels a side.
    Depth {
        /// The pair.
        symbol: SymbolId,
        /// Levels a side.
        limit: u16,
    },
    /// Balances.
    Account,
    /// One order by our id.
    Order {
        /// The pair.
        symbol: SymbolId,
        /// Our id.
        client_order_id: ClientOrderId,
    },
    /// Open orders of a pair.
    OpenOrders {
        /// The pair.
        symbol: SymbolId,
    },
    /// Our deals of a pair, the last [`DEALS_PAGE`] of the period, at most a month back.
    MyTrades {
        /// The pair.
        symbol: SymbolId,
        /// Not after; [`VenueTime::NONE`] for no end.
        to: VenueTime,
        /// Pages that were read before this one.
        page: u8,
    },
    /// Our orders of a pair, the last 1,000 of the period, at most 7 days back; 24 h by default.
    AllOrders {
        /// The pair.
        symbol: SymbolId,
        /// Not before; [`VenueTime::NONE`] for the venue's default.
        from: VenueTime,
        /// Not after; [`VenueTime::NONE`] for no end.
        to: VenueTime,
    },
    /// Make a listen key.
    ListenKeyCreate,
    /// Extend a listen key by an hour.
    ListenKeyExtend(ListenKey),
    /// Close a listen key.
    ListenKeyClose(ListenKey),
    /// The pairs that this key may trade.
    SelfSymbols,
    /// Check an order without placing it.
    TestOrder(TestOrder),
}

/// An order to be checked and not placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestOrder {
    /// The pair.
    pub symbol: SymbolId,
    /// Buy or sell.
    pub side: Side,
    /// How it would meet the book.
    pub kind: OrderKind,
    /// Limit price.
    pub price: Price,
    /// Quantity.
    pub qty: Qty,
    /// Its id.
    pub client_order_id: ClientOrderId,
}

/// What a question takes from a rate budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// Units of the endpoint's budget.
    pub units: u16,
    /// Whether the venue counts it by account; otherwise by address.
    pub by_account: bool,
}

/// What a question weighs: the larger of the documentation's values where they differ (2025-08 and
/// 2026-04). Listen keys have no printed weight; 1 is assumed.
pub const fn weight(question: &Question) -> Weight {
    let (units, by_account) = match question {
        Question::Time => (1, false),
        Question::ExchangeInfo(_) => (25, false),
        Question::Depth { .. } => (3, false),
        Question::Account | Question::MyTrades { .. } | Question::AllOrders { .. } => (10, true),
        Question::Order { .. } => (2, true),
        Question::OpenOrders { .. } => (3, true),
        Question::ListenKeyCreate
        | Question::ListenKeyExtend(_)
        | Question::ListenKeyClose(_)
        | Question::SelfSymbols
        | Question::TestOrder(_) => (1, true),
    };
    Weight { units, by_account }
}

impl Question {
    /// Whether it must be signed.
    pub const fn is_signed(&self) -> bool {
        weight(self).by_account
    }

    pub(super) const fn method(&self) -> Method {
        match self {
            Self::ListenKeyCreate | Self::TestOrder(_) => Method::Post,
            Self::ListenKeyExtend(_) => Method::Put,
            Self::ListenKeyClose(_) => Method::Delete,
            Self::Time
            | Self::ExchangeInfo(_)
            | Self::Depth { .. }
            | Self::Account
            | Self::Order { .. }
            | Self::OpenOrders { .. }
            | Self::MyTrades { .. }
            | Self::AllOrders { .. }
            | Self::SelfSymbols => Method::Get,
        }
    }

    pub(super) const fn path(&self) -> &'static str {
        match self {
            Self::Time => "/api/v3/time",
            Self::ExchangeInfo(_) => "/api/v3/exchangeInfo",
            Self::Depth { .. } => "/api/v3/depth",
            Self::Account => "/api/v3/account",
            Self::Order { .. } => "/api/v3/order",
            Self::OpenOrders { .. } => "/api/v3/openOrders",
            Self::MyTrades { .. } => "/api/v3/myTrades",
            Self::AllOrders { .. } => "/api/v3/allOrders",
            Self::ListenKeyCreate | Self::ListenKeyExtend(_) | Self::ListenKeyClose(_) => {
                "/api/v3/userDataStream"
            }
            Self::SelfSymbols => "/api/v3/selfSymbols",
            Self::TestOrder(_) => "/api/v3/order/test",
        }
    }

    /// Appends everything but the time and the signature; `None` when a pair is unknown or has no
    /// scales.
    pub(super) fn write(&self, query: &mut Query<'_>, table: &SymbolTable) -> Option<()> {
        match self {
            Self::Time | Self::Account | Self::ListenKeyCreate | Self::SelfSymbols => {}
            Self::ExchangeInfo(symbols) => {
                for (count, symbol) in symbols.iter().enumerate() {
                    match count {
                        0 => query.plain("symbols", ""),
                        _ => query.raw(b","),
                    }
                    query.encode(table.get(symbol)?.name.as_str());
                }
            }
            Self::Depth { symbol, limit } => {
                name(query, *symbol, table)?;
                query.number("limit", i64::from((*limit).clamp(1, 5_000)));
            }
            Self::Order { symbol, client_order_id } => {
                name(query, *symbol, table)?;
                query.plain("origClientOrderId", client_order_id.text().as_str());
            }
            Self::OpenOrders { symbol } => name(query, *symbol, table)?,
            Self::MyTrades { symbol, to, .. } => {
                name(query, *symbol, table)?;
                period(query, VenueTime::NONE, *to);
                query.number("limit", DEALS_PAGE as i64);
            }
            Self::AllOrders { symbol, from, to } => {
                name(query, *symbol, table)?;
                period(query, *from, *to);
                query.number("limit", 1_000);
            }
            Self::ListenKeyExtend(key) | Self::ListenKeyClose(key) => {
                query.plain("listenKey", key.as_str());
            }
            Self::TestOrder(order) => {
                let entry = table.get(order.symbol).filter(|entry| entry.price_decimals > 0)?;
                name(query, order.symbol, table)?;
                query.plain("side", order.side.name());
                query.plain("type", order.kind.name());
                query.decimal("quantity", order.qty.raw(), entry.qty_decimals);
                if order.kind != OrderKind::Market {
                    query.decimal("price", order.price.raw(), entry.price_decimals);
                }
                let id: Text<24> = order.client_order_id.text();
                query.plain("newClientOrderId", id.as_str());
            }
        }
        Some(())
    }
}

fn name(query: &mut Query<'_>, symbol: SymbolId, table: &SymbolTable) -> Option<()> {
    query.encoded("symbol", table.get(symbol)?.name.as_str());
    Some(())
}

fn period(query: &mut Query<'_>, from: VenueTime, to: VenueTime) {
    if from.is_some() {
        query.number("startTime", from.millis());
    }
    if to.is_some() {
        query.number("endTime", to.millis());
    }
}
