//! Orders and own deals of REST. Reading them allocates nothing but the lists.

use model::{OrderKind, OrderStatus, Side, VenueTime};

use super::JsonError;
use super::account::ApiError;
use super::record::{MaybeDecimal, PlainDecimal, records};

records! {
    /// Answer of `order` to POST. It says neither status nor fills nor our id.
    NewOrder<'a> {
        /// The pair.
        symbol: &'a str = "symbol",
        /// The venue's id.
        order_id: &'a str = "orderId",
        /// -1.
        order_list_id: Option<i64> = "orderListId",
        /// As asked.
        price: MaybeDecimal<'a> = "price",
        /// As asked.
        orig_qty: MaybeDecimal<'a> = "origQty",
        /// As asked.
        kind: Option<&'a str> = "type",
        /// As asked.
        side: Option<&'a str> = "side",
        /// Self-trade prevention, since 2025-09.
        stp_mode: Option<&'a str> = "stpMode",
        /// When the venue took it.
        transact_time: Option<VenueTime> = "transactTime",
    }

    /// An order as `order` (GET), `openOrders`, `allOrders` and the cancels show it.
    Order<'a> {
        /// The pair.
        symbol: &'a str = "symbol",
        /// The venue's id; a number in some samples.
        order_id: &'a str = "orderId",
        /// -1.
        order_list_id: Option<i64> = "orderListId",
        /// Our id; in the answer to a cancel the id of the cancel itself.
        client_order_id: Option<&'a str> = "clientOrderId",
        /// Our id in the answer to a cancel.
        orig_client_order_id: Option<&'a str> = "origClientOrderId",
        /// Limit price; a protective one on market orders.
        price: MaybeDecimal<'a> = "price",
        /// Ordered quantity.
        orig_qty: MaybeDecimal<'a> = "origQty" | "Qty",
        /// Filled quantity.
        executed_qty: MaybeDecimal<'a> = "executedQty",
        /// Filled quote; the spelling is the venue's.
        cummulative_quote_qty: MaybeDecimal<'a> = "cummulativeQuoteQty",
        /// `NEW`, `FILLED`, `PARTIALLY_FILLED`, `CANCELED`, `PARTIALLY_CANCELED`.
        status: &'a str = "status",
        /// Says nothing.
        time_in_force: Option<&'a str> = "timeInForce",
        /// Kind.
        kind: Option<&'a str> = "type",
        /// `BUY` or `SELL`.
        side: &'a str = "side",
        /// Orders of the app only.
        stop_price: MaybeDecimal<'a> = "stopPrice",
        /// Null in all samples.
        iceberg_qty: MaybeDecimal<'a> = "icebergQty",
        /// Made.
        time: Option<VenueTime> = "time",
        /// Changed; may be null.
        update_time: Option<VenueTime> = "updateTime",
        /// Not informative.
        is_working: Option<bool> = "isWorking",
        /// Self-trade prevention.
        stp_mode: Option<&'a str> = "stpMode",
        /// `stp_cancel` when self-trade prevention cancelled it.
        cancel_reason: Option<&'a str> = "cancelReason",
        /// Ordered quote.
        orig_quote_order_qty: MaybeDecimal<'a> = "origQuoteOrderQty",
    }

    /// Element of `batchOrders`' answer, taken or refused.
    BatchOrder<'a> {
        /// The pair, when it was taken.
        symbol: Option<&'a str> = "symbol",
        /// The venue's id, when it was taken.
        order_id: Option<&'a str> = "orderId",
        /// Our id, when one was given.
        new_client_order_id: Option<&'a str> = "newClientOrderId",
        /// -1.
        order_list_id: Option<i64> = "orderListId",
        /// Why it was refused.
        code: Option<i32> = "code",
        /// Why it was refused, in words.
        msg: Option<&'a str> = "msg",
    }

    /// Element of `myTrades`.
    MyTrade<'a> {
        /// The pair.
        symbol: &'a str = "symbol",
        /// Trade id.
        id: &'a str = "id",
        /// The venue's order id.
        order_id: &'a str = "orderId",
        /// -1.
        order_list_id: Option<i64> = "orderListId",
        /// Price.
        price: PlainDecimal<'a> = "price",
        /// Base quantity.
        qty: PlainDecimal<'a> = "qty",
        /// Quote quantity.
        quote_qty: Option<PlainDecimal<'a>> = "quoteQty",
        /// Fee paid.
        commission: PlainDecimal<'a> = "commission",
        /// What it was paid in.
        commission_asset: &'a str = "commissionAsset",
        /// When.
        time: VenueTime = "time",
        /// Whether we bought.
        is_buyer: bool = "isBuyer",
        /// Whether our order rested.
        is_maker: bool = "isMaker",
        /// Not documented.
        is_best_match: Option<bool> = "isBestMatch",
        /// Whether both sides were ours.
        is_self_trade: Option<bool> = "isSelfTrade",
        /// Our id; null when none was given.
        client_order_id: Option<&'a str> = "clientOrderId",
    }
}

impl<'a> Order<'a> {
    /// Our id of the order itself, in queries and cancels alike.
    pub fn own_id(&self) -> Option<&'a str> {
        self.orig_client_order_id.or(self.client_order_id)
    }

    /// State.
    ///
    /// # Errors
    /// [`JsonError::Value`] for a word that is none of the five.
    pub fn order_status(&self) -> Result<OrderStatus, JsonError> {
        OrderStatus::from_word(self.status).ok_or(JsonError::value("status", self.status))
    }

    /// Buy or sell.
    ///
    /// # Errors
    /// [`JsonError::Value`] for any other word.
    pub fn order_side(&self) -> Result<Side, JsonError> {
        match self.side {
            "BUY" => Ok(Side::Buy),
            "SELL" => Ok(Side::Sell),
            other => Err(JsonError::value("side", other)),
        }
    }

    /// Kind, when it is one of the five.
    pub fn order_kind(&self) -> Option<OrderKind> {
        match self.kind? {
            "LIMIT" | "LIMIT_ORDER" => Some(OrderKind::Limit),
            "LIMIT_MAKER" => Some(OrderKind::LimitMaker),
            "IMMEDIATE_OR_CANCEL" => Some(OrderKind::ImmediateOrCancel),
            "FILL_OR_KILL" => Some(OrderKind::FillOrKill),
            "MARKET" => Some(OrderKind::Market),
            _ => None,
        }
    }
}

impl<'a> BatchOrder<'a> {
    /// The venue's id, or why the order was refused.
    ///
    /// # Errors
    /// [`JsonError::Missing`] when the element says neither.
    pub fn outcome(&self) -> Result<Result<&'a str, ApiError<'a>>, JsonError> {
        match (self.order_id, self.code) {
            (Some(order_id), None) => Ok(Ok(order_id)),
            (_, Some(code)) => Ok(Err(ApiError { code, text: self.msg.unwrap_or_default() })),
            (None, None) => Err(JsonError::Missing { field: "orderId" }),
        }
    }
}
