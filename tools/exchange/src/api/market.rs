//! Public endpoints.

use std::fmt::Write;

use model::{Side, VenueTime};

use super::json::{PriceText, QtyText, Quoted, list};
use super::{Call, Effect};
use crate::book::Scale;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::market::Symbol;
use crate::personality::{BeforeOpenInfo, UnknownSymbol};

type Reply = Result<Effect, ApiError>;

pub(super) fn ping(_: &mut Exchange, _: &Call<'_>, out: &mut String) -> Reply {
    out.push_str("{}");
    Ok(Effect::default())
}

pub(super) fn time(exchange: &mut Exchange, _: &Call<'_>, out: &mut String) -> Reply {
    let _ = write!(out, "{{\"serverTime\":{}}}", exchange.now.millis());
    Ok(Effect::default())
}

pub(super) fn depth(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let symbol = find(exchange, &call.needed("symbol")?)?;
    let limit = call.limit(100, 5_000)?;
    let _ = write!(out, "{{\"lastUpdateId\":{}", symbol.book.version());
    for (name, side) in [("bids", Side::Buy), ("asks", Side::Sell)] {
        let _ = write!(out, ",\"{name}\":");
        list(out, symbol.book.levels(side).take(limit), |out, (price, qty)| {
            let (price, qty) = (PriceText(price, symbol.scale), QtyText(qty, symbol.scale));
            let _ = write!(out, "[\"{price}\",\"{qty}\"]");
        });
    }
    let _ = write!(out, ",\"timestamp\":{}}}", exchange.now.millis());
    Ok(Effect::default())
}

pub(super) fn trades(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let symbol = find(exchange, &call.needed("symbol")?)?;
    let limit = call.limit(500, 1_000)?;
    list(out, symbol.trades.iter().rev().take(limit), |out, trade| {
        let quote = symbol.scale.notional(trade.price, trade.qty).unwrap_or_default();
        let _ = write!(
            out,
            "{{\"id\":null,\"price\":\"{}\",\"qty\":\"{}\",\"quoteQty\":\"{quote}\",\"time\":{},\
             \"isBuyerMaker\":{},\"isBestMatch\":true}}",
            PriceText(trade.price, symbol.scale),
            QtyText(trade.qty, symbol.scale),
            trade.at.millis(),
            trade.taker == Side::Sell,
        );
    });
    Ok(Effect::default())
}

pub(super) fn exchange_info(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let now = exchange.now;
    let wanted = call.params.get("symbols").or_else(|| call.params.get("symbol"));
    let wanted: Option<Vec<&str>> = wanted.as_deref().map(|names| names.split(',').collect());
    let info = exchange.personality.before_open_info;
    let known = |symbol: &&Symbol| {
        is_shown(symbol, now, info)
            && wanted.as_ref().is_none_or(|names| names.contains(&symbol.name.as_str()))
    };
    if wanted.is_some()
        && exchange.personality.unknown_symbol == UnknownSymbol::Error
        && !exchange.symbols.iter().any(|s| known(&s))
    {
        return Err(ApiError::bad_symbol());
    }
    let _ = write!(
        out,
        "{{\"timezone\":\"CST\",\"serverTime\":{},\"rateLimits\":[],\"exchangeFilters\":[],\"symbols\":",
        now.millis()
    );
    list(out, exchange.symbols.iter().filter(known), |out, symbol| {
        symbol_info(out, symbol, now, info);
    });
    out.push('}');
    Ok(Effect::default())
}

/// Whether the pair's rules and the lists of symbols show it.
fn is_shown(symbol: &Symbol, now: VenueTime, info: BeforeOpenInfo) -> bool {
    symbol.is_listed(now) && (info != BeforeOpenInfo::Absent || symbol.is_open(now))
}

pub(super) fn default_symbols(exchange: &mut Exchange, _: &Call<'_>, out: &mut String) -> Reply {
    symbol_list(exchange, out, |_| true);
    Ok(Effect::default())
}

/// Names of the pairs that the API may trade and `keep` keeps.
pub(super) fn symbol_list(exchange: &Exchange, out: &mut String, keep: impl Fn(&str) -> bool) {
    let now = exchange.now;
    let open = |symbol: &&Symbol| {
        is_shown(symbol, now, exchange.personality.before_open_info)
            && symbol.rules.config.api_allowed
            && keep(&symbol.name)
    };
    out.push_str("{\"code\":200,\"data\":");
    list(out, exchange.symbols.iter().filter(open), |out, symbol| {
        let _ = write!(out, "{}", Quoted(&symbol.name));
    });
    out.push_str(",\"msg\":null}");
}

pub(super) fn offline(exchange: &mut Exchange, _: &Call<'_>, out: &mut String) -> Reply {
    out.push_str("{\"data\":");
    let gone = exchange.symbols.iter().filter(|symbol| symbol.rules.config.status != "1");
    list(out, gone, |out, symbol| {
        let _ = write!(
            out,
            "{{\"symbol\":{},\"state\":{}}}",
            Quoted(&symbol.name),
            symbol.rules.config.status
        );
    });
    out.push('}');
    Ok(Effect::default())
}

pub(super) fn book_ticker(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    one_or_all(exchange, call, out, |out, symbol| {
        let _ = write!(out, "{{\"symbol\":{}", Quoted(&symbol.name));
        for (name, side) in [("bid", Side::Buy), ("ask", Side::Sell)] {
            let _ = match symbol.book.levels(side).next() {
                Some((price, qty)) => write!(
                    out,
                    ",\"{name}Price\":\"{}\",\"{name}Qty\":\"{}\"",
                    PriceText(price, symbol.scale),
                    QtyText(qty, symbol.scale)
                ),
                None => write!(out, ",\"{name}Price\":null,\"{name}Qty\":null"),
            };
        }
        out.push('}');
    })
}

pub(super) fn last_price(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    one_or_all(exchange, call, out, |out, symbol| {
        let _ = write!(out, "{{\"symbol\":{},\"price\":", Quoted(&symbol.name));
        let _ = match symbol.last {
            Some(price) => write!(out, "\"{}\"}}", PriceText(price, symbol.scale)),
            None => write!(out, "null}}"),
        };
    })
}

pub(super) fn one_or_all(
    exchange: &Exchange,
    call: &Call<'_>,
    out: &mut String,
    one: impl Fn(&mut String, &Symbol),
) -> Reply {
    match call.params.get("symbol") {
        Some(name) => one(out, find(exchange, &name)?),
        None => {
            let now = exchange.now;
            list(
                out,
                exchange.symbols.iter().filter(|symbol| symbol.is_listed(now)),
                |out, symbol| {
                    one(out, symbol);
                },
            );
        }
    }
    Ok(Effect::default())
}

/// A pair that is known by now.
pub(super) fn find<'a>(exchange: &'a Exchange, name: &str) -> Result<&'a Symbol, ApiError> {
    let symbol = exchange.by_name.get(name).map(|at| &exchange.symbols[*at]);
    symbol.filter(|symbol| symbol.is_listed(exchange.now)).ok_or_else(ApiError::bad_symbol)
}

fn symbol_info(out: &mut String, symbol: &Symbol, now: VenueTime, info: BeforeOpenInfo) {
    let config = &symbol.rules.config;
    let Scale { price, qty } = symbol.shown(now);
    let (status, side_type) = match info {
        BeforeOpenInfo::Paused if !symbol.is_open(now) => ("2", config.trade_side_type),
        BeforeOpenInfo::Closed if !symbol.is_open(now) => (config.status.as_str(), 4),
        BeforeOpenInfo::Absent
        | BeforeOpenInfo::Paused
        | BeforeOpenInfo::Closed
        | BeforeOpenInfo::Online => (config.status.as_str(), config.trade_side_type),
    };
    let full_name = symbol.schedule.as_ref().map_or(config.base.as_str(), |s| s.full_name());
    let _ = write!(
        out,
        "{{\"symbol\":{},\"status\":\"{}\",\"baseAsset\":{},\"baseAssetPrecision\":{qty},\
         \"quoteAsset\":{},\"quotePrecision\":{price},\"quoteAssetPrecision\":{price},\
         \"baseCommissionPrecision\":{qty},\"quoteCommissionPrecision\":{price},\"orderTypes\":",
        Quoted(&symbol.name),
        status,
        Quoted(&config.base),
        Quoted(&config.quote),
    );
    list(out, config.order_types.iter(), |out, kind| {
        let _ = write!(out, "{}", Quoted(kind));
    });
    let _ = write!(
        out,
        ",\"isSpotTradingAllowed\":{},\"isMarginTradingAllowed\":false,\
         \"quoteAmountPrecision\":\"{}\",\"baseSizePrecision\":\"{}\",\"permissions\":[\"SPOT\"],\
         \"filters\":[",
        config.api_allowed, config.notional_min, config.qty_min,
    );
    if let Some(bps) = config.band_bps {
        let band = model::format_scaled(i64::from(bps), 4, &mut [0; 40]).to_owned();
        let _ = write!(
            out,
            "{{\"filterType\":\"PERCENT_PRICE_BY_SIDE\",\"bidMultiplierUp\":\"{band}\",\
             \"askMultiplierDown\":\"{band}\"}}"
        );
    }
    let rate = |ppm: u32| model::format_scaled(i64::from(ppm), 6, &mut [0; 40]).to_owned();
    let _ = write!(
        out,
        "],\"maxQuoteAmount\":\"{max}\",\"makerCommission\":\"{}\",\"takerCommission\":\"{}\",\
         \"quoteAmountPrecisionMarket\":\"{}\",\"maxQuoteAmountMarket\":\"{max}\",\"fullName\":{},\
         \"tradeSideType\":{},\"contractAddress\":\"\",\"conceptPlateIds\":[],\"st\":false",
        rate(config.maker_fee_ppm),
        rate(config.taker_fee_ppm),
        config.notional_min,
        Quoted(full_name),
        side_type,
        max = config.notional_max,
    );
    if let Some(schedule) = &symbol.schedule {
        let _ = write!(out, ",\"firstOpenTime\":{}", schedule.planned(now).millis());
    }
    out.push('}');
}
