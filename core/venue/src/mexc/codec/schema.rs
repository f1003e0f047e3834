//! The schema: `PushDataV3ApiWrapper`'s bodies of mexcdevelop/websocket-proto at 7b8ac7a (2026-06-17).
//!
//! Prices, quantities, amounts and versions are decimal text. A field that was not sent reads as
//! empty, 0 or `false`.

use super::DecodeError;
use super::fields::{Fields, Sink};
use super::message::{Items, Message, Site, messages, of};
use super::wire::Cursor;

messages! {
    /// A public deal (301).
    Deal {
        /// Price.
        1 => price "price": text,
        /// Quantity of the base asset.
        2 => quantity "quantity": text,
        /// Side that took: 1 buy, 2 sell.
        3 => trade_type "tradeType": i32,
        /// In ms.
        4 => time "time": i64,
    }

    /// Deals (301); the venue refuses the channel.
    Deals {
        /// In time order.
        1 => deals "deals": [Deal],
        /// Channel without speed and symbol; may be empty.
        2 => event_type "eventType": text,
    }

    /// A price level of any depth message.
    DepthLevel {
        /// Price.
        1 => price "price": text,
        /// Absolute quantity; zero removes the level.
        2 => quantity "quantity": text,
    }

    /// Changed levels without a first version (302).
    IncreaseDepths {
        /// Asks.
        1 => asks "asks": [DepthLevel],
        /// Bids.
        2 => bids "bids": [DepthLevel],
        /// Channel without speed and symbol; may be empty.
        3 => event_type "eventType": text,
        /// Version of the book as decimal text; may be empty.
        4 => version "version": text,
    }

    /// Complete top of the book (303).
    LimitDepths {
        /// Best first.
        1 => asks "asks": [DepthLevel],
        /// Best first.
        2 => bids "bids": [DepthLevel],
        /// Channel without speed and symbol; may be empty.
        3 => event_type "eventType": text,
        /// Version of the book as decimal text; may be empty.
        4 => version "version": text,
        /// In ms; 0 when not sent.
        5 => last_order_create_time "lastOrderCreateTime": i64,
    }

    /// An order of ours (304).
    PrivateOrders {
        /// Order id.
        1 => id "id": text,
        /// Own id; may be empty.
        2 => client_id "clientId": text,
        /// Order price; a protective one on market orders.
        3 => price "price": text,
        /// Ordered quantity.
        4 => quantity "quantity": text,
        /// Ordered quote amount.
        5 => amount "amount": text,
        /// Average price of the fills.
        6 => avg_price "avgPrice": text,
        /// 1 LIMIT, 2 LIMIT_MAKER, 3 IOC, 4 FOK, 5 MARKET, 100 stop.
        7 => order_type "orderType": i32,
        /// 1 buy, 2 sell.
        8 => trade_type "tradeType": i32,
        /// Whether it rested.
        9 => is_maker "isMaker": bool,
        /// Quote left.
        10 => remain_amount "remainAmount": text,
        /// Base left.
        11 => remain_quantity "remainQuantity": text,
        /// Quantity of the last fill.
        12 => last_deal_quantity "lastDealQuantity": text,
        /// Filled quantity.
        13 => cumulative_quantity "cumulativeQuantity": text,
        /// Filled quote amount.
        14 => cumulative_amount "cumulativeAmount": text,
        /// 1 new, 2 filled, 3 partly filled, 4 cancelled, 5 partly filled then cancelled.
        15 => status "status": i32,
        /// Creation of the order in ms.
        16 => create_time "createTime": i64,
        /// Not documented.
        17 => market "market": text,
        /// Stop orders only.
        18 => trigger_type "triggerType": i32,
        /// Stop orders only.
        19 => trigger_price "triggerPrice": text,
        /// Stop orders only.
        20 => state "state": i32,
        /// Not documented.
        21 => oco_id "ocoId": text,
        /// Not documented.
        22 => route_factor "routeFactor": text,
        /// Id of the pair.
        23 => symbol_id "symbolId": text,
        /// Not documented.
        24 => market_id "marketId": text,
        /// Id of the quote coin.
        25 => market_currency_id "marketCurrencyId": text,
        /// Id of the base coin.
        26 => currency_id "currencyId": text,
    }

    /// Best bid and ask (305).
    BookTicker {
        /// Best bid.
        1 => bid_price "bidPrice": text,
        /// Quantity at the best bid.
        2 => bid_quantity "bidQuantity": text,
        /// Best ask.
        3 => ask_price "askPrice": text,
        /// Quantity at the best ask.
        4 => ask_quantity "askQuantity": text,
    }

    /// A deal of ours (306).
    PrivateDeals {
        /// Price.
        1 => price "price": text,
        /// Quantity of the base asset.
        2 => quantity "quantity": text,
        /// In quote.
        3 => amount "amount": text,
        /// Own side: 1 buy, 2 sell.
        4 => trade_type "tradeType": i32,
        /// Whether our order rested.
        5 => is_maker "isMaker": bool,
        /// Whether both sides were ours.
        6 => is_self_trade "isSelfTrade": bool,
        /// Trade id.
        7 => trade_id "tradeId": text,
        /// Own id; may be empty.
        8 => client_order_id "clientOrderId": text,
        /// Order id.
        9 => order_id "orderId": text,
        /// Fee paid.
        10 => fee_amount "feeAmount": text,
        /// What it was paid in.
        11 => fee_currency "feeCurrency": text,
        /// In ms.
        12 => time "time": i64,
    }

    /// A balance of ours (307).
    PrivateAccount {
        /// Asset.
        1 => vcoin_name "vcoinName": text,
        /// Id of the asset.
        2 => coin_id "coinId": text,
        /// Available after the change.
        3 => balance_amount "balanceAmount": text,
        /// Signed change.
        4 => balance_amount_change "balanceAmountChange": text,
        /// Locked after the change.
        5 => frozen_amount "frozenAmount": text,
        /// Signed change.
        6 => frozen_amount_change "frozenAmountChange": text,
        /// Cause; an open set.
        7 => kind "type": text,
        /// In ms.
        8 => time "time": i64,
    }

    /// A candle (308).
    SpotKline {
        /// `Min1` to `Month1`.
        1 => interval "interval": text,
        /// In **seconds**.
        2 => window_start "windowStart": i64,
        /// First price.
        3 => opening_price "openingPrice": text,
        /// Last price.
        4 => closing_price "closingPrice": text,
        /// Highest price.
        5 => highest_price "highestPrice": text,
        /// Lowest price.
        6 => lowest_price "lowestPrice": text,
        /// In base.
        7 => volume "volume": text,
        /// In quote.
        8 => amount "amount": text,
        /// In **seconds**.
        9 => window_end "windowEnd": i64,
    }

    /// Day statistics of a pair (309).
    MiniTicker {
        /// The pair.
        1 => symbol "symbol": text,
        /// Last price.
        2 => price "price": text,
        /// Change of the day by UTC+8, a signed fraction.
        3 => rate "rate": text,
        /// Change by the zone asked for.
        4 => zoned_rate "zonedRate": text,
        /// Highest price.
        5 => high "high": text,
        /// Lowest price.
        6 => low "low": text,
        /// Turnover in **quote**.
        7 => volume "volume": text,
        /// Volume in **base**.
        8 => quantity "quantity": text,
        /// Change against the last close.
        9 => last_close_rate "lastCloseRate": text,
        /// The same by the zone asked for.
        10 => last_close_zoned_rate "lastCloseZonedRate": text,
        /// Highest price since the last close.
        11 => last_close_high "lastCloseHigh": text,
        /// Lowest price since the last close.
        12 => last_close_low "lastCloseLow": text,
    }

    /// Day statistics of all pairs (310).
    MiniTickers {
        /// One a pair.
        1 => items "items": [MiniTicker],
    }

    /// Best bids and asks (311).
    BookTickerBatch {
        /// In time order.
        1 => items "items": [BookTicker],
        /// Version of the book as decimal text; may be empty.
        2 => version "version": text,
        /// In ms; 0 when not sent.
        3 => last_order_create_time "lastOrderCreateTime": i64,
    }

    /// Changed levels in batches (312).
    IncreaseDepthsBatch {
        /// In time order.
        1 => items "items": [IncreaseDepths],
        /// Channel without speed and symbol; may be empty.
        2 => event_type "eventType": text,
    }

    /// Changed levels (313).
    AggreDepths {
        /// Asks.
        1 => asks "asks": [DepthLevel],
        /// Bids.
        2 => bids "bids": [DepthLevel],
        /// Channel without speed and symbol; may be empty.
        3 => event_type "eventType": text,
        /// First version inside the push.
        4 => from_version "fromVersion": text,
        /// Last version inside the push.
        5 => to_version "toVersion": text,
        /// In ms; 0 when not sent.
        6 => last_order_create_time "lastOrderCreateTime": i64,
    }

    /// A public deal (314).
    AggreDeal {
        /// Price.
        1 => price "price": text,
        /// Quantity of the base asset.
        2 => quantity "quantity": text,
        /// Side that took: 1 buy, 2 sell.
        3 => trade_type "tradeType": i32,
        /// In ms.
        4 => time "time": i64,
        /// Two numbers joined; may be empty.
        5 => trade_id "tradeId": text,
    }

    /// Deals (314).
    AggreDeals {
        /// In time order.
        1 => deals "deals": [AggreDeal],
        /// Channel without speed and symbol; may be empty.
        2 => event_type "eventType": text,
    }

    /// Best bid and ask (315).
    AggreBookTicker {
        /// Best bid.
        1 => bid_price "bidPrice": text,
        /// Quantity at the best bid.
        2 => bid_quantity "bidQuantity": text,
        /// Best ask.
        3 => ask_price "askPrice": text,
        /// Quantity at the best ask.
        4 => ask_quantity "askQuantity": text,
        /// Version of the book as decimal text; may be empty.
        5 => version "version": text,
        /// In ms; 0 when not sent.
        6 => last_order_create_time "lastOrderCreateTime": i64,
    }
}
