//! Endpoints of an account: balances, fees, symbols, listen keys.

use std::fmt::Write;

use model::Span;

use super::json::{Quoted, list};
use super::market::symbol_list;
use super::{Call, Effect};
use crate::account::ListenKey;
use crate::error::ApiError;
use crate::exchange::Exchange;

type Reply = Result<Effect, ApiError>;

pub(super) fn account(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let account = call.account()?;
    out.push_str(
        "{\"makerCommission\":null,\"takerCommission\":null,\"buyerCommission\":null,\
         \"sellerCommission\":null,\"canTrade\":true,\"canWithdraw\":true,\"canDeposit\":true,\
         \"updateTime\":null,\"accountType\":\"SPOT\",\"balances\":",
    );
    let pockets = exchange.ledger.assets().iter().enumerate();
    let then = exchange.now.before(exchange.read_lag());
    let pockets =
        pockets.map(|(asset, name)| (name, exchange.ledger.pocket_at(then, account, asset)));
    let zeros = exchange.personality.zero_balances;
    let held = pockets.filter(|(_, pocket)| zeros || *pocket != Default::default());
    list(out, held, |out, (name, pocket)| {
        let _ = write!(
            out,
            "{{\"asset\":{},\"free\":\"{free}\",\"locked\":\"{}\",\"available\":\"{free}\"}}",
            Quoted(name),
            pocket.locked,
            free = pocket.free,
        );
    });
    out.push_str(",\"permissions\":[\"SPOT\"]}");
    Ok(Effect::default())
}

pub(super) fn trade_fee(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let name = call.needed("symbol")?;
    let symbol = exchange.by_name.get(name.as_ref()).ok_or_else(ApiError::bad_symbol)?;
    let config = &exchange.symbols[*symbol].rules.config;
    let rate = |ppm: u32| model::format_scaled(i64::from(ppm), 6, &mut [0; 40]).to_owned();
    let _ = write!(
        out,
        "{{\"data\":{{\"makerCommission\":{},\"takerCommission\":{}}},\"code\":0,\
         \"msg\":\"success\",\"timestamp\":{}}}",
        rate(config.maker_fee_ppm),
        rate(config.taker_fee_ppm),
        exchange.now.millis(),
    );
    Ok(Effect::default())
}

pub(super) fn uid(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let account = call.account()?;
    let _ = write!(out, "{{\"uid\":\"{}\"}}", exchange.uid_text(account));
    Ok(Effect::default())
}

/// Every account here has passed the first of the checks of identity.
pub(super) fn kyc_status(_: &mut Exchange, _: &Call<'_>, out: &mut String) -> Reply {
    out.push_str("{\"status\":\"2\"}");
    Ok(Effect::default())
}

pub(super) fn mx_deduct(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let account = call.account()?;
    mx_state(exchange, account, out)
}

pub(super) fn set_mx_deduct(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let account = call.account()?;
    let on = match call.needed("mxDeductEnable")?.as_ref() {
        "true" => true,
        "false" => false,
        _ => return Err(ApiError::wrong("mxDeductEnable")),
    };
    exchange.accounts[account].mx_deduct = on;
    mx_state(exchange, account, out)
}

fn mx_state(exchange: &Exchange, account: usize, out: &mut String) -> Reply {
    let _ = write!(
        out,
        "{{\"data\":{{\"mxDeductEnable\":{}}},\"code\":0,\"msg\":\"success\",\"timestamp\":{}}}",
        exchange.accounts[account].mx_deduct,
        exchange.now.millis(),
    );
    Ok(Effect::default())
}

pub(super) fn self_symbols(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let key = call.key()?;
    symbol_list(exchange, out, |name| key.trades(name));
    Ok(Effect::default())
}

/// Nothing was ever withdrawn.
pub(super) fn withdrawals(_: &mut Exchange, _: &Call<'_>, out: &mut String) -> Reply {
    out.push_str("[]");
    Ok(Effect::default())
}

/// So there is nothing to cancel. The code is ours: no source shows the exchange's.
pub(super) fn no_withdrawal(_: &mut Exchange, call: &Call<'_>, _: &mut String) -> Reply {
    call.needed("id")?;
    Err(ApiError::bad(22_222, "record not found"))
}

pub(super) fn new_listen_key(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let account = call.account()?;
    if own(exchange, account).count() >= exchange.personality.listen_keys_max as usize {
        return Err(ApiError::bad(730_000, "too many listen keys"));
    }
    let key = exchange.ids.hex(64);
    let dies = exchange.now.after(Span::from_secs(exchange.rules.listen_key_life_s));
    let _ = write!(out, "{{\"listenKey\":\"{key}\"}}");
    exchange.listen_keys.push(ListenKey { key, account, dies });
    Ok(Effect::default())
}

pub(super) fn renew_listen_key(
    exchange: &mut Exchange,
    call: &Call<'_>,
    out: &mut String,
) -> Reply {
    let at = find(exchange, call)?;
    let dies = exchange.now.after(Span::from_secs(exchange.rules.listen_key_life_s));
    exchange.listen_keys[at].dies = dies;
    let _ = write!(out, "{{\"listenKey\":\"{}\"}}", exchange.listen_keys[at].key);
    Ok(Effect::default())
}

pub(super) fn end_listen_key(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let at = find(exchange, call)?;
    let gone = exchange.listen_keys.remove(at);
    let _ = write!(out, "{{\"listenKey\":\"{}\"}}", gone.key);
    let (now, how) = (exchange.now, exchange.personality.dead_listen_key);
    exchange.hub.end_orphans(now, how, |key| key != gone.key);
    Ok(Effect::default())
}

pub(super) fn listen_keys(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let account = call.account()?;
    let used = own(exchange, account).count();
    out.push_str("{\"listenKey\":");
    list(out, own(exchange, account), |out, key| {
        let _ = write!(out, "\"{}\"", key.key);
    });
    let total = exchange.personality.listen_keys_max as usize;
    let left = total.saturating_sub(used);
    let _ = write!(out, ",\"total\":{total},\"available\":{left}}}");
    Ok(Effect::default())
}

fn own(exchange: &Exchange, account: usize) -> impl Iterator<Item = &ListenKey> {
    exchange.listen_keys.iter().filter(move |key| key.account == account)
}

fn find(exchange: &Exchange, call: &Call<'_>) -> Result<usize, ApiError> {
    let account = call.account()?;
    let wanted = call.needed("listenKey")?;
    let mut keys = exchange.listen_keys.iter();
    let at = keys.position(|key| key.account == account && key.key == wanted.as_ref());
    at.ok_or_else(|| ApiError::bad(730_002, "listen key unknown"))
}
