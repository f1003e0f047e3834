//! The push messages: one wrapper with one body each.

use model::{Amount, Price, Qty, Side, VenueTime, format_scaled};

use super::channel::{HOME, Zone};
use super::pb::Message;
use crate::book::Scale;
use crate::candle::{Candle, Width};
use crate::market::{Symbol, Trade};
use crate::order::{Deal, Order, kind_number};
use crate::personality::OrderIds;

/// Head of a wrapper. Which times and ids are there depends on the channel.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Head<'a> {
    pub(crate) channel: &'a str,
    pub(crate) symbol: Option<&'a str>,
    pub(crate) symbol_id: Option<&'a str>,
    pub(crate) created: Option<VenueTime>,
    pub(crate) sent: Option<VenueTime>,
}

/// A whole frame.
pub(crate) fn frame(head: Head<'_>, field: u32, body: &Message) -> Vec<u8> {
    let mut out = Message::default();
    out.text(1, head.channel);
    if let Some(symbol) = head.symbol {
        out.present_text(3, symbol);
    }
    if let Some(id) = head.symbol_id {
        out.present_text(4, id);
    }
    out.int(5, head.created.map_or(0, VenueTime::millis));
    out.int(6, head.sent.map_or(0, VenueTime::millis));
    out.message(field, body);
    out.bytes
}

/// Text of a price at its scale.
pub(crate) fn price_text(price: Price, scale: Scale) -> String {
    format_scaled(price.raw(), scale.price, &mut [0; 40]).to_owned()
}

/// Text of a quantity at its scale.
pub(crate) fn qty_text(qty: Qty, scale: Scale) -> String {
    format_scaled(qty.raw(), scale.qty, &mut [0; 40]).to_owned()
}

fn level(price: Price, qty: Qty, scale: Scale) -> Message {
    let mut item = Message::default();
    item.text(1, &price_text(price, scale));
    item.text(2, &qty_text(qty, scale));
    item
}

/// 314
pub(crate) fn deals(trades: &[Trade], event: &str, scale: Scale, old: bool) -> Message {
    let mut body = Message::default();
    for trade in trades {
        let mut item = level(trade.price, trade.qty, scale);
        item.int(3, trade.taker as i64);
        item.int(4, trade.at.millis());
        if !old {
            item.text(5, &format!("{0}X0_{1}X0", 2 * trade.id, 2 * trade.id + 1));
        }
        body.message(1, &item);
    }
    body.text(2, event);
    body
}

/// 313
pub(crate) fn depth(symbol: &Symbol, tape: usize, event: &str, old: bool) -> Message {
    let mut body = Message::default();
    let tape = &symbol.tapes[tape];
    for (field, wanted) in [(1, Side::Sell), (2, Side::Buy)] {
        for &(side, price) in tape.levels.iter().filter(|(side, _)| *side == wanted) {
            body.message(field, &level(price, symbol.book.qty_at(side, price), symbol.scale));
        }
    }
    body.text(3, event);
    body.text(4, &tape.from.unwrap_or_default().to_string());
    body.text(5, &symbol.book.version().to_string());
    if !old {
        body.int(6, symbol.last_order.millis());
    }
    body
}

/// 312: what one period changed, as one increase.
pub(crate) fn depth_batch(symbol: &Symbol, tape: usize) -> Message {
    let mut increase = Message::default();
    for (field, wanted) in [(1, Side::Sell), (2, Side::Buy)] {
        for &(side, price) in symbol.tapes[tape].levels.iter().filter(|(side, _)| *side == wanted) {
            increase.message(field, &level(price, symbol.book.qty_at(side, price), symbol.scale));
        }
    }
    increase.text(3, "spot@public.increase.depth.v3.api.pb");
    increase.text(4, &symbol.book.version().to_string());
    let mut body = Message::default();
    body.message(1, &increase);
    body.text(2, "spot@public.increase.depth.batch.v3.api.pb");
    body
}

/// 315, and 305 without version and time. `missing` stands for both figures of a side that is
/// not there.
pub(crate) fn book_ticker(symbol: &Symbol, versioned: bool, missing: &str) -> Message {
    let mut body = Message::default();
    for (field, side) in [(1, Side::Buy), (3, Side::Sell)] {
        if let Some((price, qty)) = symbol.book.levels(side).next() {
            body.text(field, &price_text(price, symbol.scale));
            body.text(field + 1, &qty_text(qty, symbol.scale));
        } else {
            body.text(field, missing);
            body.text(field + 1, missing);
        }
    }
    if versioned {
        body.text(5, &symbol.book.version().to_string());
        body.int(6, symbol.last_order.millis());
    }
    body
}

/// 311
pub(crate) fn book_ticker_batch(symbol: &Symbol, old: bool, missing: &str) -> Message {
    let mut body = Message::default();
    body.message(1, &book_ticker(symbol, false, missing));
    if !old {
        body.text(2, &symbol.book.version().to_string());
        body.int(3, symbol.last_order.millis());
    }
    body
}

/// 303
pub(crate) fn limit_depth(symbol: &Symbol, levels: usize, old: bool) -> Message {
    let mut body = Message::default();
    for (field, side) in [(1, Side::Sell), (2, Side::Buy)] {
        for (price, qty) in symbol.book.levels(side).take(levels) {
            body.message(field, &level(price, qty, symbol.scale));
        }
    }
    body.text(3, "spot@public.limit.depth.v3.api.pb");
    body.text(4, &symbol.book.version().to_string());
    if !old {
        body.int(5, symbol.last_order.millis());
    }
    body
}

/// 308
pub(crate) fn kline(candle: &Candle, interval: &str, width: Width, scale: Scale) -> Message {
    let mut body = Message::default();
    body.text(1, interval);
    body.int(2, candle.start_s);
    for (field, price) in [(3, candle.open), (4, candle.close), (5, candle.high), (6, candle.low)] {
        body.text(field, &price_text(price, scale));
    }
    body.text(7, &candle.base.to_string());
    body.text(8, &candle.quote.to_string());
    body.int(9, width.end(candle.start_s));
    body
}

/// 309, and an item of 310: volume is quote, quantity is base. `None` before the first deal.
pub(crate) fn mini_ticker(symbol: &Symbol, zone: &Zone, now: VenueTime) -> Option<Message> {
    let price = symbol.last?;
    let (open, day) = day_of(symbol, zone, now)?;
    let (home_open, _) = day_of(symbol, &HOME, now)?;
    let rate = |open| format_scaled(price.change_bps(open), 4, &mut [0; 40]).to_owned();
    let (high, low) = (price_text(day.high, symbol.scale), price_text(day.low, symbol.scale));
    // The last close is the price at which the day before ended.
    let start_s = zone.day_start(now);
    let closed = symbol.candles.close_before(start_s).unwrap_or(open);
    let home_closed = symbol.candles.close_before(HOME.day_start(now)).unwrap_or(home_open);
    let mut body = Message::default();
    body.text(1, &symbol.name);
    body.text(2, &price_text(price, symbol.scale));
    body.text(3, &rate(home_open));
    body.text(4, &rate(open));
    body.text(5, &high);
    body.text(6, &low);
    body.text(7, &day.quote.to_string());
    body.text(8, &day.base.to_string());
    body.text(9, &rate(home_closed));
    body.text(10, &rate(closed));
    body.text(11, &price_text(day.high.max(closed), symbol.scale));
    body.text(12, &price_text(day.low.min(closed), symbol.scale));
    Some(body)
}

/// Opening price and sum of a zone's running day; a day without a deal is flat.
fn day_of(symbol: &Symbol, zone: &Zone, now: VenueTime) -> Option<(Price, Candle)> {
    let start_s = zone.day_start(now);
    let close = symbol.candles.close_before(start_s);
    let day = symbol.candles.since(start_s).or_else(|| Some(Candle::flat(start_s, close?)))?;
    Some((day.open, day))
}

/// 310
pub(crate) fn mini_tickers<'a>(
    symbols: impl Iterator<Item = &'a Symbol>,
    zone: &Zone,
    now: VenueTime,
) -> Message {
    let mut body = Message::default();
    for item in symbols.filter_map(|symbol| mini_ticker(symbol, zone, now)) {
        body.message(1, &item);
    }
    body
}

/// 304
pub(crate) fn order(order: &Order, symbol: &Symbol, ids: OrderIds) -> Message {
    let scale = symbol.scale;
    let worth = |qty| order.price.and_then(|price| scale.notional(price, qty));
    let amount = order.quote_qty.or_else(|| worth(order.qty)).unwrap_or(Amount::ZERO);
    let remain = match order.quote_qty {
        Some(quote) => quote.minus_or_min(order.quote_filled),
        None => worth(order.left()).unwrap_or(Amount::ZERO),
    };
    let mut body = Message::default();
    body.text(1, &ids.text(order.id));
    body.text(2, order.client_id.as_deref().unwrap_or_default());
    body.text(3, &order.price.map_or_else(String::new, |price| price_text(price, scale)));
    body.text(4, &qty_text(order.qty, scale));
    body.text(5, &amount.to_string());
    body.text(6, &average(order.quote_filled, order.filled, scale).to_string());
    body.int(7, kind_number(order.kind));
    body.int(8, order.side as i64);
    body.flag(9, order.rested);
    body.text(10, &remain.to_string());
    body.text(11, &qty_text(order.left(), scale));
    if let Some(last) = order.last_deal {
        body.present_text(12, &qty_text(last, scale));
    }
    body.text(13, &qty_text(order.filled, scale));
    body.text(14, &order.quote_filled.to_string());
    body.int(15, order.status as i64);
    body.int(16, order.created.millis());
    body
}

/// Amount over quantity, cut two decimals beyond the price's; nothing for no quantity.
pub(crate) fn average(quote: Amount, qty: Qty, scale: Scale) -> Amount {
    if qty.is_zero() {
        return Amount::ZERO;
    }
    let unit = 10_i128.pow(u32::from(scale.qty));
    let Some(scaled) = quote.raw().checked_mul(unit) else { return Amount::ZERO };
    let raw = scaled / i128::from(qty.raw());
    let cut = 10_i128.pow(16_u32.saturating_sub(u32::from(scale.price)));
    Amount::from_raw(raw - raw % cut)
}

/// 306
pub(crate) fn own_deal(deal: &Deal, symbol: &Symbol, fee_asset: &str, ids: OrderIds) -> Message {
    let mut body = level(deal.price, deal.qty, symbol.scale);
    body.text(3, &deal.quote_qty.to_string());
    body.int(4, deal.side as i64);
    body.flag(5, deal.maker);
    body.flag(6, deal.self_trade);
    body.text(7, &deal_id_text(deal));
    body.text(8, deal.client_id.as_deref().unwrap_or_default());
    body.text(9, &ids.text(deal.order));
    body.text(10, &deal.fee.to_string());
    body.text(11, fee_asset);
    body.int(12, deal.at.millis());
    body
}

/// The id of a deal for its owner; the two sides of a trade with oneself differ.
pub(crate) fn deal_id_text(deal: &Deal) -> String {
    format!("{}X{}", 505_000_000_000_000_000 + deal.id, if deal.maker { 2 } else { 1 })
}

/// What a balance was and what it became.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BalanceChange<'a> {
    pub(crate) asset: &'a str,
    pub(crate) coin_id: &'a str,
    pub(crate) free: Amount,
    pub(crate) free_change: Amount,
    pub(crate) locked: Amount,
    pub(crate) locked_change: Amount,
    pub(crate) cause: &'static str,
    pub(crate) at: VenueTime,
}

/// 307
pub(crate) fn balance(change: BalanceChange<'_>) -> Message {
    let mut body = Message::default();
    body.text(1, change.asset);
    body.text(2, change.coin_id);
    body.text(3, &change.free.to_string());
    body.text(4, &change.free_change.to_string());
    body.text(5, &change.locked.to_string());
    body.text(6, &change.locked_change.to_string());
    body.text(7, change.cause);
    body.int(8, change.at.millis());
    body
}
