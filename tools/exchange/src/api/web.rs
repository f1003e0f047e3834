//! The web pages that show listings ahead, and announcements.

use std::fmt::Write;

use model::{Triple, VenueTime};

use super::json::{Quoted, list};
use super::{Call, Effect};
use crate::config::WebPage;
use crate::error::ApiError;
use crate::exchange::{Exchange, coin_id};
use crate::market::Symbol;

type Reply = Result<Effect, ApiError>;

/// The calendar of new coins.
pub(super) fn calendar(exchange: &mut Exchange, _: &Call<'_>, out: &mut String) -> Reply {
    if exchange.refuses_page(WebPage::Calendar) {
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
    if exchange.refuses_page(WebPage::SymbolsV2) {
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
    list(out, shown, |out, (symbol, triple)| pair_row(out, symbol, triple, now));
}

/// One row in the order of keys that was recorded; what the schedule leaves out is not there.
fn pair_row(out: &mut String, symbol: &Symbol, triple: Triple, now: VenueTime) {
    let config = &symbol.rules.config;
    let schedule = symbol.schedule.as_ref();
    let full_name = Quoted(schedule.map_or(config.base.as_str(), |s| s.full_name()));
    let planned = schedule.map(|schedule| schedule.planned(now).millis());
    out.push('{');
    let mut first = true;
    let mut key = |name: &str, value: &dyn std::fmt::Display| {
        if schedule.is_some_and(|schedule| schedule.web_lacks(name)) {
            return;
        }
        let comma = if first { "" } else { "," };
        first = false;
        let _ = write!(out, "{comma}\"{name}\":{value}");
    };
    key("id", &Quoted(&symbol.pair_id));
    key("mcd", &Quoted(&coin_id(&config.quote)));
    key("cd", &Quoted(&symbol.coin_id));
    key("vn", &Quoted(&config.base));
    key("fn", &full_name);
    key("srt", &0);
    key("sts", &triple.sts);
    key("tp", &"\"NEW\"");
    key("in", &"\"\"");
    if let Some(planned) = planned {
        key("ot", &planned);
    }
    key("cp", &"[\"mc-trade-zone-innovation\"]");
    key("ci", &"[51]");
    key("ps", &symbol.shown(now).price);
    key("qs", &symbol.shown(now).qty);
    key("cdm", &0);
    key("st", &triple.st);
    key("dst", &1);
    key("tt", &triple.tt);
    key("ca", &"\"\"");
    key("fne", &full_name);
    out.push('}');
}

fn forbidden(out: &mut String) -> Effect {
    out.push_str("<html><body>Access denied</body></html>");
    Effect { status: Some(403), html: true, ..Effect::default() }
}
