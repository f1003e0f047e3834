//! Candles, averages and statistics of a day.

use std::fmt::Write;

use model::{Amount, Side, VenueTime, format_scaled};

use super::json::{PriceText, QtyText, Quoted, list};
use super::market::{find, one_or_all};
use super::{Call, Effect};
use crate::candle::{Candle, INTERVALS};
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::market::Symbol;
use crate::ws::push::average;

type Reply = Result<Effect, ApiError>;

/// Minutes of `avgPrice`.
const AVERAGE_MINUTES: i64 = 5;
const DAY_S: i64 = 86_400;

pub(super) fn klines(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let symbol = find(exchange, &call.needed("symbol")?)?;
    let name = call.needed("interval")?;
    let interval = INTERVALS.iter().find(|interval| interval.rest == name.as_ref());
    let code = exchange.personality.unknown_interval_code;
    let interval = interval.ok_or_else(|| ApiError::bad(code, "Invalid interval."))?;
    let limit = call.limit(500, i64::from(exchange.personality.klines_max))?;
    // A start between two windows does not show the one that began before it.
    let from = call.integer("startTime")?.map(|ms| -(-ms.max(0)).div_euclid(1_000));
    let to = call.integer("endTime")?.unwrap_or(i64::MAX).div_euclid(1_000);
    let windows = symbol.candles.windows(exchange.now, interval.width, (from, to), limit);
    list(out, windows.iter(), |out, candle| {
        let price = |price| PriceText(price, symbol.scale);
        let _ = write!(
            out,
            "[{},\"{}\",\"{}\",\"{}\",\"{}\",\"{}\",{},\"{}\"]",
            candle.start_s * 1_000,
            price(candle.open),
            price(candle.high),
            price(candle.low),
            price(candle.close),
            candle.base,
            interval.width.end(candle.start_s) * 1_000,
            candle.quote,
        );
    });
    Ok(Effect::default())
}

pub(super) fn aggregate_trades(
    exchange: &mut Exchange,
    call: &Call<'_>,
    out: &mut String,
) -> Reply {
    let symbol = find(exchange, &call.needed("symbol")?)?;
    let limit = call.limit(500, 1_000)?;
    let (from, to) = match (call.integer("startTime")?, call.integer("endTime")?) {
        (None, None) => (i64::MIN, i64::MAX),
        (Some(from), Some(to)) => (from, to),
        (Some(_), None) | (None, Some(_)) => {
            return Err(ApiError::bad(-1128, "Combination of optional parameters invalid."));
        }
    };
    let trades = symbol.trades.iter().rev();
    let trades = trades.filter(|trade| (from..=to).contains(&trade.at.millis()));
    list(out, trades.take(limit), |out, trade| {
        let _ = write!(
            out,
            "{{\"a\":null,\"f\":null,\"l\":null,\"p\":\"{}\",\"q\":\"{}\",\"T\":{},\"m\":{},\"M\":true}}",
            PriceText(trade.price, symbol.scale),
            QtyText(trade.qty, symbol.scale),
            trade.at.millis(),
            trade.taker == Side::Sell,
        );
    });
    Ok(Effect::default())
}

pub(super) fn average_price(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let symbol = find(exchange, &call.needed("symbol")?)?;
    let since = exchange.now.millis().div_euclid(1_000) - AVERAGE_MINUTES * 60;
    let dealt = symbol.candles.since(since);
    let mean = dealt.and_then(|sum| {
        let qty = sum.base.to_qty(symbol.scale.qty)?;
        let mean = average(sum.quote, qty, symbol.scale);
        (mean > Amount::ZERO).then_some(mean)
    });
    let last = symbol.last.map(|price| PriceText(price, symbol.scale).to_string());
    let price = mean.map(|mean| mean.to_string()).or(last).unwrap_or_else(|| "0".to_owned());
    let _ = write!(out, "{{\"mins\":{AVERAGE_MINUTES},\"price\":\"{price}\"}}");
    Ok(Effect::default())
}

pub(super) fn day(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let now = exchange.now;
    one_or_all(exchange, call, out, |out, symbol| ticker(symbol, now, out))
}

fn ticker(symbol: &Symbol, now: VenueTime, out: &mut String) {
    let from = now.millis().div_euclid(1_000) - DAY_S;
    let flat = || symbol.candles.close_before(from).map(|close| Candle::flat(from, close));
    let _ = write!(out, "{{\"symbol\":{},", Quoted(&symbol.name));
    match symbol.candles.since(from).or_else(flat).zip(symbol.last) {
        Some((sum, last)) => dealt(symbol, &sum, last, out),
        None => out.push_str(
            "\"priceChange\":\"0\",\"priceChangePercent\":\"0\",\"prevClosePrice\":\"0\",\
             \"lastPrice\":\"0\",",
        ),
    }
    for (name, side) in [("bid", Side::Buy), ("ask", Side::Sell)] {
        let _ = match symbol.book.levels(side).next() {
            Some((price, qty)) => write!(
                out,
                "\"{name}Price\":\"{}\",\"{name}Qty\":\"{}\",",
                PriceText(price, symbol.scale),
                QtyText(qty, symbol.scale),
            ),
            None => write!(out, "\"{name}Price\":\"0\",\"{name}Qty\":\"\","),
        };
    }
    match symbol.candles.since(from).or_else(flat) {
        Some(sum) => {
            let price = |price| PriceText(price, symbol.scale);
            let _ = write!(
                out,
                "\"openPrice\":\"{}\",\"highPrice\":\"{}\",\"lowPrice\":\"{}\",\"volume\":\"{}\",\
                 \"quoteVolume\":\"{}\",",
                price(sum.open),
                price(sum.high),
                price(sum.low),
                sum.base,
                sum.quote,
            );
        }
        None => out.push_str(
            "\"openPrice\":\"0\",\"highPrice\":\"0\",\"lowPrice\":\"0\",\"volume\":\"0\",\
             \"quoteVolume\":null,",
        ),
    }
    let now = now.millis();
    let _ =
        write!(out, "\"openTime\":{},\"closeTime\":{now},\"count\":null}}", now - DAY_S * 1_000);
}

/// Last price and its change since the day began.
fn dealt(symbol: &Symbol, sum: &Candle, last: model::Price, out: &mut String) {
    let change = last.raw() - sum.open.raw();
    let open = PriceText(sum.open, symbol.scale);
    let _ = write!(
        out,
        "\"priceChange\":\"{}\",\"priceChangePercent\":\"{}\",\"prevClosePrice\":\"{open}\",\
         \"lastPrice\":\"{}\",",
        format_scaled(change, symbol.scale.price, &mut [0; 40]),
        format_scaled(last.change_bps(sum.open), 4, &mut [0; 40]),
        PriceText(last, symbol.scale),
    );
}
