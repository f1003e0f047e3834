//! The web pages that show listings ahead, and announcements.

use std::fmt::Write;

use super::json::{Quoted, list};
use super::{Call, Effect};
use crate::error::ApiError;
use crate::exchange::{Exchange, coin_id};
use crate::market::Symbol;

type Reply = Result<Effect, ApiError>;

/// The calendar of new coins.
pub(super) fn calendar(exchange: &mut Exchange, _: &Call<'_>, out: &mut String) -> Reply {
    if exchange.rules.web_forbidden {
        return Ok(forbidden(out));
    }
    let now = exchange.now;
    let shown = |symbol: &&Symbol| symbol.schedule.as_ref().is_some_and(|s| s.in_calendar(now));
    out.push_str("{\"data\":{\"newCoins\":");
    list(out, exchange.symbols.iter().filter(shown), |out, symbol| {
        let Some(schedule) = &symbol.schedule else { return };
        let _ = write!(
            out,
            "{{\"vcoinId\":\"{}\",\"vcoinName\":{},\"vcoinNameFull\":{},\"firstOpenTime\":{}}}",
            symbol.coin_id,
            Quoted(&symbol.rules.config.base),
            Quoted(schedule.full_name()),
            schedule.planned(now).millis(),
        );
    });
    out.push_str("}}");
    Ok(Effect::default())
}

/// The list of pairs with its opaque states.
pub(super) fn symbols_v2(exchange: &mut Exchange, _: &Call<'_>, out: &mut String) -> Reply {
    if exchange.rules.web_forbidden {
        return Ok(forbidden(out));
    }
    out.push_str("{\"code\":0,\"data\":{\"symbols\":");
    if exchange.rules.web_list_flat {
        pairs(exchange, out, |_| true);
    } else {
        let mut quotes: Vec<&str> = Vec::new();
        for symbol in &exchange.symbols {
            let quote = symbol.rules.config.quote.as_str();
            if !quotes.contains(&quote) {
                quotes.push(quote);
            }
        }
        out.push('{');
        for (at, quote) in quotes.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            let _ = write!(out, "{comma}{}:", Quoted(quote));
            pairs(exchange, out, |symbol| symbol.rules.config.quote == *quote);
        }
        out.push('}');
    }
    out.push_str("}}");
    Ok(Effect::default())
}

/// Titles of what the calendar shows, newest opening first.
pub(super) fn announcements(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let now = exchange.now;
    let limit = call.limit(10, 50)?;
    let shown = |symbol: &&Symbol| symbol.schedule.as_ref().is_some_and(|s| s.in_calendar(now));
    out.push_str("{\"code\":0,\"data\":[{\"details\":");
    let newest = exchange.symbols.iter().rev().filter(shown).take(limit);
    list(out, newest, |out, symbol| {
        let Some(schedule) = &symbol.schedule else { return };
        let base = &symbol.rules.config.base;
        let title = format!("{} ({base}) will be listed for spot trading", schedule.full_name());
        let url = format!("https://www.mexc.com/help/{}-listing", base.to_lowercase());
        let _ = write!(
            out,
            "{{\"title\":{},\"url\":{},\"language\":\"EN\",\"postTime\":{}}}",
            Quoted(&title),
            Quoted(&url),
            exchange.origin.millis(),
        );
    });
    out.push_str(",\"totalPage\":\"1\"}],\"msg\":\"\"}");
    Ok(Effect::default())
}

fn pairs(exchange: &Exchange, out: &mut String, keep: impl Fn(&Symbol) -> bool) {
    let now = exchange.now;
    let shown = exchange.symbols.iter().filter(|symbol| keep(symbol)).filter_map(|symbol| {
        let triple = match &symbol.schedule {
            Some(schedule) => schedule.triple(now)?,
            None => model::Triple { sts: 1, st: 1, tt: 1 },
        };
        Some((symbol, triple))
    });
    list(out, shown, |out, (symbol, triple)| {
        let config = &symbol.rules.config;
        let full_name = symbol.schedule.as_ref().map_or(config.base.as_str(), |s| s.full_name());
        let _ = write!(
            out,
            "{{\"id\":\"{}\",\"mcd\":\"{}\",\"cd\":\"{}\",\"vn\":{base},\"fn\":{full},\"srt\":0,\
             \"sts\":{},\"tp\":\"NEW\",\"in\":\"\",",
            symbol.pair_id,
            coin_id(&config.quote),
            symbol.coin_id,
            triple.sts,
            base = Quoted(&config.base),
            full = Quoted(full_name),
        );
        if let Some(schedule) = &symbol.schedule {
            let _ = write!(out, "\"ot\":{},", schedule.planned(now).millis());
        }
        let _ = write!(
            out,
            "\"cp\":[\"mc-trade-zone-innovation\"],\"ci\":[51],\"ps\":{},\"qs\":{},\"cdm\":0,\
             \"st\":{},\"dst\":1,\"tt\":{},\"ca\":\"\",\"fne\":{}}}",
            symbol.shown(now).price,
            symbol.shown(now).qty,
            triple.st,
            triple.tt,
            Quoted(full_name),
        );
    });
}

fn forbidden(out: &mut String) -> Effect {
    out.push_str("<html><body>Access denied</body></html>");
    Effect { status: Some(403), html: true, ..Effect::default() }
}
