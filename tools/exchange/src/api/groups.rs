//! Groups of self-trade prevention.

use std::fmt::Write;

use super::json::{Quoted, list};
use super::{Call, Effect};
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::stp::Group;

type Reply = Result<Effect, ApiError>;

pub(super) fn create(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let name = call.needed("tradeGroupName")?;
    let now = exchange.now;
    let group = exchange.groups.add(now, call.account()?, &name)?;
    out.push_str("{\"data\":");
    group_object(group, out);
    succeed(exchange, out)
}

/// The groups of that name; all of them without one.
pub(super) fn query(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let account = call.account()?;
    let name = call.params.get("tradeGroupName");
    let wanted = |group: &&Group| name.as_deref().is_none_or(|name| group.name == name);
    out.push_str("{\"data\":");
    list(out, exchange.groups.of(account).filter(wanted), |out, group| group_object(group, out));
    succeed(exchange, out)
}

pub(super) fn remove(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    exchange.groups.remove(call.account()?, group_id(call)?)?;
    out.push_str("{\"data\":true");
    succeed(exchange, out)
}

pub(super) fn join(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    for account in members(exchange, call)? {
        let now = exchange.now;
        exchange.groups.join(now, call.account()?, group_id(call)?, account)?;
    }
    out.push_str("{\"data\":true");
    succeed(exchange, out)
}

pub(super) fn leave(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    for account in members(exchange, call)? {
        let now = exchange.now;
        exchange.groups.leave(now, call.account()?, group_id(call)?, account)?;
    }
    out.push_str("{\"data\":true");
    succeed(exchange, out)
}

fn succeed(exchange: &Exchange, out: &mut String) -> Reply {
    let now = exchange.now.millis();
    let _ = write!(out, ",\"code\":200,\"msg\":\"success\",\"timestamp\":{now}}}");
    Ok(Effect::default())
}

fn group_object(group: &Group, out: &mut String) {
    let _ = write!(
        out,
        "{{\"tradeGroupName\":{},\"tradeGroupId\":{},\"createTime\":{},\"updateTime\":{}}}",
        Quoted(&group.name),
        group.id,
        group.created.millis(),
        group.updated.millis(),
    );
}

fn group_id(call: &Call<'_>) -> Result<u64, ApiError> {
    call.needed("tradeGroupId")?.parse().map_err(|_| ApiError::wrong("tradeGroupId"))
}

/// The accounts behind `uid`, with commas between them.
fn members(exchange: &Exchange, call: &Call<'_>) -> Result<Vec<usize>, ApiError> {
    let uids = call.needed("uid")?;
    let account = |uid: &str| {
        let mut accounts = 0..exchange.accounts.len();
        let found =
            accounts.find(|at| !exchange.accounts[*at].house && exchange.uid_text(*at) == uid);
        found.ok_or_else(|| ApiError::bad(10001, "no such user"))
    };
    uids.split(',').map(account).collect()
}
