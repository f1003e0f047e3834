//! What prost read, as the same JSON that the tool prints: the schema's own field names, 64-bit
//! integers as text, defaults left out.

use serde_json::{Map, Value};

use super::oracle::*;

/// A frame as JSON.
pub(crate) fn frame(wrapper: &Wrapper) -> Value {
    let mut map = Map::new();
    text(&mut map, "channel", &wrapper.channel);
    text(&mut map, "symbol", wrapper.symbol.as_deref().unwrap_or_default());
    text(&mut map, "symbolId", wrapper.symbol_id.as_deref().unwrap_or_default());
    wide(&mut map, "createTime", wrapper.create_time.unwrap_or_default());
    wide(&mut map, "sendTime", wrapper.send_time.unwrap_or_default());
    let body = wrapper.body.as_ref().map(|body| match body {
        Body::Deals(body) => ("publicDeals", body.show()),
        Body::IncreaseDepths(body) => ("publicIncreaseDepths", body.show()),
        Body::LimitDepths(body) => ("publicLimitDepths", body.show()),
        Body::PrivateOrders(body) => ("privateOrders", body.show()),
        Body::BookTicker(body) => ("publicBookTicker", body.show()),
        Body::PrivateDeals(body) => ("privateDeals", body.show()),
        Body::PrivateAccount(body) => ("privateAccount", body.show()),
        Body::SpotKline(body) => ("publicSpotKline", body.show()),
        Body::MiniTicker(body) => ("publicMiniTicker", body.show()),
        Body::MiniTickers(body) => ("publicMiniTickers", body.show()),
        Body::BookTickerBatch(body) => ("publicBookTickerBatch", body.show()),
        Body::IncreaseDepthsBatch(body) => ("publicIncreaseDepthsBatch", body.show()),
        Body::AggreDepths(body) => ("publicAggreDepths", body.show()),
        Body::AggreDeals(body) => ("publicAggreDeals", body.show()),
        Body::AggreBookTicker(body) => ("publicAggreBookTicker", body.show()),
    });
    if let Some((name, value)) = body {
        map.insert(name.to_owned(), value);
    }
    Value::Object(map)
}

trait Show {
    fn show(&self) -> Value;
}

fn text(map: &mut Map<String, Value>, name: &str, value: &str) {
    if !value.is_empty() {
        map.insert(name.to_owned(), value.into());
    }
}

fn wide(map: &mut Map<String, Value>, name: &str, value: i64) {
    if value != 0 {
        map.insert(name.to_owned(), value.to_string().into());
    }
}

fn small(map: &mut Map<String, Value>, name: &str, value: i32) {
    if value != 0 {
        map.insert(name.to_owned(), value.into());
    }
}

fn flag(map: &mut Map<String, Value>, name: &str, value: bool) {
    if value {
        map.insert(name.to_owned(), true.into());
    }
}

fn list<T: Show>(map: &mut Map<String, Value>, name: &str, items: &[T]) {
    if !items.is_empty() {
        map.insert(name.to_owned(), items.iter().map(Show::show).collect());
    }
}

impl Show for Deal {
    fn show(&self) -> Value {
        let mut map = Map::new();
        text(&mut map, "price", &self.price);
        text(&mut map, "quantity", &self.quantity);
        small(&mut map, "tradeType", self.trade_type);
        wide(&mut map, "time", self.time);
        Value::Object(map)
    }
}

impl Show for Deals {
    fn show(&self) -> Value {
        let mut map = Map::new();
        list(&mut map, "deals", &self.deals);
        text(&mut map, "eventType", &self.event_type);
        Value::Object(map)
    }
}

impl Show for Level {
    fn show(&self) -> Value {
        let mut map = Map::new();
        text(&mut map, "price", &self.price);
        text(&mut map, "quantity", &self.quantity);
        Value::Object(map)
    }
}

impl Show for IncreaseDepths {
    fn show(&self) -> Value {
        let mut map = Map::new();
        list(&mut map, "asks", &self.asks);
        list(&mut map, "bids", &self.bids);
        text(&mut map, "eventType", &self.event_type);
        text(&mut map, "version", &self.version);
        Value::Object(map)
    }
}

impl Show for LimitDepths {
    fn show(&self) -> Value {
        let mut map = Map::new();
        list(&mut map, "asks", &self.asks);
        list(&mut map, "bids", &self.bids);
        text(&mut map, "eventType", &self.event_type);
        text(&mut map, "version", &self.version);
        wide(&mut map, "lastOrderCreateTime", self.last_order_create_time);
        Value::Object(map)
    }
}

impl Show for PrivateOrders {
    fn show(&self) -> Value {
        let mut map = Map::new();
        text(&mut map, "id", &self.id);
        text(&mut map, "clientId", &self.client_id);
        text(&mut map, "price", &self.price);
        text(&mut map, "quantity", &self.quantity);
        text(&mut map, "amount", &self.amount);
        text(&mut map, "avgPrice", &self.avg_price);
        small(&mut map, "orderType", self.order_type);
        small(&mut map, "tradeType", self.trade_type);
        flag(&mut map, "isMaker", self.is_maker);
        text(&mut map, "remainAmount", &self.remain_amount);
        text(&mut map, "remainQuantity", &self.remain_quantity);
        text(&mut map, "lastDealQuantity", self.last_deal_quantity.as_deref().unwrap_or_default());
        text(&mut map, "cumulativeQuantity", &self.cumulative_quantity);
        text(&mut map, "cumulativeAmount", &self.cumulative_amount);
        small(&mut map, "status", self.status);
        wide(&mut map, "createTime", self.create_time);
        text(&mut map, "market", self.market.as_deref().unwrap_or_default());
        small(&mut map, "triggerType", self.trigger_type.unwrap_or_default());
        text(&mut map, "triggerPrice", self.trigger_price.as_deref().unwrap_or_default());
        small(&mut map, "state", self.state.unwrap_or_default());
        text(&mut map, "ocoId", self.oco_id.as_deref().unwrap_or_default());
        text(&mut map, "routeFactor", self.route_factor.as_deref().unwrap_or_default());
        text(&mut map, "symbolId", self.symbol_id.as_deref().unwrap_or_default());
        text(&mut map, "marketId", self.market_id.as_deref().unwrap_or_default());
        text(&mut map, "marketCurrencyId", self.market_currency_id.as_deref().unwrap_or_default());
        text(&mut map, "currencyId", self.currency_id.as_deref().unwrap_or_default());
        Value::Object(map)
    }
}

impl Show for BookTicker {
    fn show(&self) -> Value {
        let mut map = Map::new();
        text(&mut map, "bidPrice", &self.bid_price);
        text(&mut map, "bidQuantity", &self.bid_quantity);
        text(&mut map, "askPrice", &self.ask_price);
        text(&mut map, "askQuantity", &self.ask_quantity);
        Value::Object(map)
    }
}

impl Show for PrivateDeals {
    fn show(&self) -> Value {
        let mut map = Map::new();
        text(&mut map, "price", &self.price);
        text(&mut map, "quantity", &self.quantity);
        text(&mut map, "amount", &self.amount);
        small(&mut map, "tradeType", self.trade_type);
        flag(&mut map, "isMaker", self.is_maker);
        flag(&mut map, "isSelfTrade", self.is_self_trade);
        text(&mut map, "tradeId", &self.trade_id);
        text(&mut map, "clientOrderId", &self.client_order_id);
        text(&mut map, "orderId", &self.order_id);
        text(&mut map, "feeAmount", &self.fee_amount);
        text(&mut map, "feeCurrency", &self.fee_currency);
        wide(&mut map, "time", self.time);
        Value::Object(map)
    }
}

impl Show for PrivateAccount {
    fn show(&self) -> Value {
        let mut map = Map::new();
        text(&mut map, "vcoinName", &self.vcoin_name);
        text(&mut map, "coinId", &self.coin_id);
        text(&mut map, "balanceAmount", &self.balance_amount);
        text(&mut map, "balanceAmountChange", &self.balance_amount_change);
        text(&mut map, "frozenAmount", &self.frozen_amount);
        text(&mut map, "frozenAmountChange", &self.frozen_amount_change);
        text(&mut map, "type", &self.kind);
        wide(&mut map, "time", self.time);
        Value::Object(map)
    }
}

impl Show for SpotKline {
    fn show(&self) -> Value {
        let mut map = Map::new();
        text(&mut map, "interval", &self.interval);
        wide(&mut map, "windowStart", self.window_start);
        text(&mut map, "openingPrice", &self.opening_price);
        text(&mut map, "closingPrice", &self.closing_price);
        text(&mut map, "highestPrice", &self.highest_price);
        text(&mut map, "lowestPrice", &self.lowest_price);
        text(&mut map, "volume", &self.volume);
        text(&mut map, "amount", &self.amount);
        wide(&mut map, "windowEnd", self.window_end);
        Value::Object(map)
    }
}

impl Show for MiniTicker {
    fn show(&self) -> Value {
        let mut map = Map::new();
        text(&mut map, "symbol", &self.symbol);
        text(&mut map, "price", &self.price);
        text(&mut map, "rate", &self.rate);
        text(&mut map, "zonedRate", &self.zoned_rate);
        text(&mut map, "high", &self.high);
        text(&mut map, "low", &self.low);
        text(&mut map, "volume", &self.volume);
        text(&mut map, "quantity", &self.quantity);
        text(&mut map, "lastCloseRate", &self.last_close_rate);
        text(&mut map, "lastCloseZonedRate", &self.last_close_zoned_rate);
        text(&mut map, "lastCloseHigh", &self.last_close_high);
        text(&mut map, "lastCloseLow", &self.last_close_low);
        Value::Object(map)
    }
}

impl Show for MiniTickers {
    fn show(&self) -> Value {
        let mut map = Map::new();
        list(&mut map, "items", &self.items);
        Value::Object(map)
    }
}

impl Show for BookTickerBatch {
    fn show(&self) -> Value {
        let mut map = Map::new();
        list(&mut map, "items", &self.items);
        text(&mut map, "version", &self.version);
        wide(&mut map, "lastOrderCreateTime", self.last_order_create_time);
        Value::Object(map)
    }
}

impl Show for IncreaseDepthsBatch {
    fn show(&self) -> Value {
        let mut map = Map::new();
        list(&mut map, "items", &self.items);
        text(&mut map, "eventType", &self.event_type);
        Value::Object(map)
    }
}

impl Show for AggreDepths {
    fn show(&self) -> Value {
        let mut map = Map::new();
        list(&mut map, "asks", &self.asks);
        list(&mut map, "bids", &self.bids);
        text(&mut map, "eventType", &self.event_type);
        text(&mut map, "fromVersion", &self.from_version);
        text(&mut map, "toVersion", &self.to_version);
        wide(&mut map, "lastOrderCreateTime", self.last_order_create_time);
        Value::Object(map)
    }
}

impl Show for AggreDeal {
    fn show(&self) -> Value {
        let mut map = Map::new();
        text(&mut map, "price", &self.price);
        text(&mut map, "quantity", &self.quantity);
        small(&mut map, "tradeType", self.trade_type);
        wide(&mut map, "time", self.time);
        text(&mut map, "tradeId", &self.trade_id);
        Value::Object(map)
    }
}

impl Show for AggreDeals {
    fn show(&self) -> Value {
        let mut map = Map::new();
        list(&mut map, "deals", &self.deals);
        text(&mut map, "eventType", &self.event_type);
        Value::Object(map)
    }
}

impl Show for AggreBookTicker {
    fn show(&self) -> Value {
        let mut map = Map::new();
        text(&mut map, "bidPrice", &self.bid_price);
        text(&mut map, "bidQuantity", &self.bid_quantity);
        text(&mut map, "askPrice", &self.ask_price);
        text(&mut map, "askQuantity", &self.ask_quantity);
        text(&mut map, "version", &self.version);
        wide(&mut map, "lastOrderCreateTime", self.last_order_create_time);
        Value::Object(map)
    }
}
