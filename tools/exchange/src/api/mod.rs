//! REST: the table of endpoints, and what every request passes before its endpoint.

mod batch;
mod groups;
pub(crate) mod http;
pub(crate) mod json;
mod market;
mod query;
mod reference;
mod statistics;
mod trading;
mod user;
mod web;

use std::net::IpAddr;
use std::sync::Arc;

use model::Span;

use crate::account::{ApiKey, Payer};
use crate::config::Permission;
use crate::error::ApiError;
use crate::exchange::Exchange;
use query::Params;

/// Largest `recvWindow`.
const RECV_WINDOW_MAX_MS: i64 = 60_000;
/// `recvWindow` when none is sent.
const RECV_WINDOW_MS: i64 = 5_000;
/// How far a timestamp may lie ahead.
const LEAD_MS: i64 = 1_000;

/// Not the venue's: what the exchange knows of itself, for an operator on this machine.
const OPERATOR: &str = "/_shrike/ledger";

/// A request as it was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) params: Params<'a>,
    pub(crate) key: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) close: bool,
}

/// What a reply does besides its body.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Effect {
    /// It never arrives, and the connection closes.
    pub(crate) lost: bool,
    /// It comes so late.
    pub(crate) delay: Span,
    /// A status other than 200.
    pub(crate) status: Option<u16>,
    /// The body is a page.
    pub(crate) html: bool,
}

/// A request that passed: its parameters and, on keyed endpoints, its key.
pub(crate) struct Call<'a> {
    pub(crate) params: Params<'a>,
    key: Option<Arc<ApiKey>>,
}

impl Call<'_> {
    /// The key. Endpoints with a permission always have one.
    pub(crate) fn key(&self) -> Result<&Arc<ApiKey>, ApiError> {
        self.key.as_ref().ok_or_else(|| ApiError::bad(400, "api key required"))
    }

    pub(crate) fn account(&self) -> Result<usize, ApiError> {
        self.key().map(|key| key.account)
    }

    pub(crate) fn needed(&self, name: &str) -> Result<std::borrow::Cow<'_, str>, ApiError> {
        self.params.get(name).ok_or_else(|| ApiError::missing(name))
    }

    /// An integer within `1..=max`; larger ones count as `max`.
    pub(crate) fn limit(&self, default: i64, max: i64) -> Result<usize, ApiError> {
        let limit = self.params.integer("limit").map_err(|_| ApiError::wrong("limit"))?;
        match limit.unwrap_or(default) {
            limit if limit >= 1 => Ok(limit.min(max) as usize),
            _ => Err(ApiError::wrong("limit")),
        }
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        self.params.integer(name).map_err(|_| ApiError::wrong(name))
    }
}

type Run = fn(&mut Exchange, &Call<'_>, &mut String) -> Result<Effect, ApiError>;

/// One row of the table. `permission` makes it keyed, and `weight` is then the account's.
struct Endpoint {
    method: &'static str,
    path: &'static str,
    permission: Option<Permission>,
    budget: Budget,
    run: Run,
}

enum Budget {
    /// The shared order requests of a second.
    Orders,
    /// Those, and the batches of a second.
    Batches,
    /// Its own weight in ten seconds.
    Weight(u32),
}

const fn row(
    method: &'static str,
    path: &'static str,
    permission: Option<Permission>,
    budget: Budget,
    run: Run,
) -> Endpoint {
    Endpoint { method, path, permission, budget, run }
}

use Budget::{Batches, Orders, Weight};
use Permission::{
    SpotAccountR, SpotAccountRead, SpotAccountWrite, SpotDealRead, SpotDealWrite, SpotWithdrawRead,
    SpotWithdrawWrite,
};

/// Weights are those of 2026-04.
const ENDPOINTS: &[Endpoint] = &[
    row("POST", "/api/v3/order", Some(SpotDealWrite), Orders, trading::place),
    row("DELETE", "/api/v3/order", Some(SpotDealWrite), Orders, trading::cancel),
    row("POST", "/api/v3/batchOrders", Some(SpotDealWrite), Batches, batch::place),
    row("GET", "/api/v3/order", Some(SpotDealRead), Weight(2), trading::query),
    row("DELETE", "/api/v3/openOrders", Some(SpotDealWrite), Orders, trading::cancel_all),
    row("POST", "/api/v3/order/test", Some(SpotDealWrite), Weight(1), trading::test),
    row("GET", "/api/v3/openOrders", Some(SpotDealRead), Weight(3), trading::open_orders),
    row("GET", "/api/v3/allOrders", Some(SpotDealRead), Weight(10), trading::all_orders),
    row("GET", "/api/v3/myTrades", Some(SpotAccountRead), Weight(10), trading::my_trades),
    row("GET", "/api/v3/account", Some(SpotAccountRead), Weight(10), user::account),
    row("GET", "/api/v3/tradeFee", Some(SpotAccountRead), Weight(20), user::trade_fee),
    row("GET", "/api/v3/uid", Some(SpotAccountRead), Weight(1), user::uid),
    row("GET", "/api/v3/kyc/status", Some(SpotAccountRead), Weight(1), user::kyc_status),
    row("GET", "/api/v3/mxDeduct/enable", Some(SpotDealWrite), Weight(1), user::mx_deduct),
    row("POST", "/api/v3/mxDeduct/enable", Some(SpotDealWrite), Weight(1), user::set_mx_deduct),
    row("POST", "/api/v3/strategy/group", Some(SpotAccountWrite), Weight(20), groups::create),
    row("GET", "/api/v3/strategy/group", Some(SpotAccountWrite), Weight(20), groups::query),
    row("DELETE", "/api/v3/strategy/group", Some(SpotAccountWrite), Weight(20), groups::remove),
    row("POST", "/api/v3/strategy/group/uid", Some(SpotAccountWrite), Weight(20), groups::join),
    row("DELETE", "/api/v3/strategy/group/uid", Some(SpotAccountWrite), Weight(20), groups::leave),
    row(
        "GET",
        "/api/v3/capital/config/getall",
        Some(SpotWithdrawRead),
        Weight(10),
        reference::coins,
    ),
    row("GET", "/api/v3/selfSymbols", Some(SpotAccountR), Weight(1), user::self_symbols),
    row("POST", "/api/v3/userDataStream", Some(SpotAccountR), Weight(1), user::new_listen_key),
    row("PUT", "/api/v3/userDataStream", Some(SpotAccountR), Weight(1), user::renew_listen_key),
    row("GET", "/api/v3/userDataStream", Some(SpotAccountR), Weight(1), user::listen_keys),
    row("DELETE", "/api/v3/userDataStream", Some(SpotAccountR), Weight(1), user::end_listen_key),
    row(
        "GET",
        "/api/v3/capital/withdraw/history",
        Some(SpotWithdrawRead),
        Weight(1),
        user::withdrawals,
    ),
    row(
        "DELETE",
        "/api/v3/capital/withdraw",
        Some(SpotWithdrawWrite),
        Weight(1),
        user::no_withdrawal,
    ),
    row("GET", "/api/v3/ping", None, Weight(1), market::ping),
    row("GET", "/api/v3/time", None, Weight(1), market::time),
    row("GET", "/api/v3/depth", None, Weight(3), market::depth),
    row("GET", "/api/v3/trades", None, Weight(5), market::trades),
    row("GET", "/api/v3/aggTrades", None, Weight(1), statistics::aggregate_trades),
    row("GET", "/api/v3/klines", None, Weight(1), statistics::klines),
    row("GET", "/api/v3/avgPrice", None, Weight(1), statistics::average_price),
    row("GET", "/api/v3/ticker/24hr", None, Weight(25), statistics::day),
    row("GET", "/api/v3/exchangeInfo", None, Weight(25), market::exchange_info),
    row("GET", "/api/v3/defaultSymbols", None, Weight(1), market::default_symbols),
    row("GET", "/api/v3/symbol/offline", None, Weight(10), market::offline),
    row("GET", "/api/v3/ticker/bookTicker", None, Weight(10), market::book_ticker),
    row("GET", "/api/v3/ticker/price", None, Weight(10), market::last_price),
    row("GET", "/api/v3/announcements", None, Weight(1), web::announcements),
    row("GET", "/api/v1/contract/detail", None, Weight(1), reference::contracts),
    row("GET", "/api/v1/contract/ping", None, Weight(1), reference::contract_ping),
    row("GET", "/api/operation/new_coin_calendar", None, Weight(0), web::calendar),
    row("GET", "/api/platform/spot/market-v2/web/symbolsV2", None, Weight(0), web::symbols_v2),
];

/// Answers one request: ban, key, budget, signature, clock, address, permission,
/// endpoint.
pub(crate) fn respond(
    exchange: &mut Exchange,
    peer: IpAddr,
    request: &Request<'_>,
    out: &mut String,
) -> Result<Effect, ApiError> {
    let now = exchange.now;
    if request.path == OPERATOR && peer.is_loopback() {
        exchange.write_report(out);
        return Ok(Effect::default());
    }
    exchange.budgets.admit(now, peer)?;
    let same_path = |endpoint: &&Endpoint| endpoint.path == request.path;
    let known =
        ENDPOINTS.iter().find(|row| row.method == request.method && row.path == request.path);
    let Some(endpoint) = known else {
        return Err(match ENDPOINTS.iter().find(same_path) {
            Some(_) => ApiError::new(405, 405, "method not allowed"),
            None => ApiError::new(404, 404, "not found"),
        });
    };
    let key = match endpoint.permission {
        None => None,
        Some(_) => Some(find_key(exchange, request)?),
    };
    let charged = charge(exchange, peer, endpoint, key.as_deref());
    if charged.is_err() {
        exchange.budgets.strike(now, peer, &exchange.rules);
    }
    charged?;
    if let (Some(key), Some(permission)) = (&key, endpoint.permission) {
        check_signature(key, &request.params)?;
        check_clock(now.millis(), &request.params)?;
        check_fresh(exchange, &request.params)?;
        if !key.is_bound_to(peer) {
            return Err(ApiError::bad(700_006, format!("IP [{peer}] not in the ip white list")));
        }
        if !key.may(permission) {
            return Err(ApiError::bad(700_007, "no permission to access the endpoint"));
        }
    }
    (endpoint.run)(exchange, &Call { params: request.params, key }, out)
}

fn find_key(exchange: &Exchange, request: &Request<'_>) -> Result<Arc<ApiKey>, ApiError> {
    let access = request.key.ok_or_else(|| ApiError::bad(400, "api key required"))?;
    let key = exchange.keys.get(access);
    let key = key.ok_or_else(|| ApiError::new(401, 10072, "Api key info invalid"))?;
    let kind = request.content_type.unwrap_or("application/json");
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let usual = ["application/json", "application/x-www-form-urlencoded"];
    if request.method != "GET" && !usual.iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        return Err(ApiError::bad(700_013, "Invalid content Type."));
    }
    Ok(Arc::clone(key))
}

fn charge(
    exchange: &mut Exchange,
    peer: IpAddr,
    endpoint: &Endpoint,
    key: Option<&ApiKey>,
) -> Result<(), ApiError> {
    let (now, rules) = (exchange.now, &exchange.rules);
    let payer = key.map_or(Payer::Address(peer), |key| Payer::Account(key.account));
    match (&endpoint.budget, key) {
        (Budget::Orders, Some(key)) => exchange.budgets.order(now, key.account, rules),
        (Budget::Batches, Some(key)) => exchange.budgets.batch(now, key.account, rules),
        (Budget::Orders | Budget::Batches, None) | (Budget::Weight(0), _) => Ok(()),
        (Budget::Weight(weight), _) => {
            exchange.budgets.weight(now, payer, endpoint.path, *weight, rules)
        }
    }
}

fn check_signature(key: &ApiKey, params: &Params<'_>) -> Result<(), ApiError> {
    let signature = params.raw("signature").ok_or_else(|| ApiError::missing("signature"))?;
    if key.signed(&params.signed_parts(), signature) {
        Ok(())
    } else {
        Err(ApiError::bad(700_002, "Signature for this request is not valid."))
    }
}

/// Refuses a signature that was seen within the longest window, where the personality says so.
fn check_fresh(exchange: &mut Exchange, params: &Params<'_>) -> Result<(), ApiError> {
    if exchange.personality.repeated_signatures {
        return Ok(());
    }
    let window = Span::from_millis((RECV_WINDOW_MAX_MS + LEAD_MS).unsigned_abs());
    let signature = params.raw("signature").unwrap_or_default();
    match exchange.budgets.first_seen(exchange.now, signature, window) {
        true => Ok(()),
        false => Err(ApiError::bad(700_002, "Signature for this request is not valid.")),
    }
}

/// Accepts `timestamp < server + 1 s` and `server - timestamp <= recvWindow`.
fn check_clock(server_ms: i64, params: &Params<'_>) -> Result<(), ApiError> {
    let window = params.integer("recvWindow").map_err(|_| ApiError::wrong("recvWindow"))?;
    let window = window.unwrap_or(RECV_WINDOW_MS);
    if window > RECV_WINDOW_MAX_MS {
        return Err(ApiError::bad(700_005, "recvWindow must be less than 60000"));
    }
    let timestamp = params.integer("timestamp").map_err(|_| ApiError::wrong("timestamp"))?;
    let timestamp = timestamp.ok_or_else(|| ApiError::missing("timestamp"))?;
    let ahead = timestamp >= server_ms.saturating_add(LEAD_MS);
    if ahead || server_ms.saturating_sub(timestamp) > window.max(0) {
        return Err(ApiError::bad(
            700_003,
            "Timestamp for this request is outside of the recvWindow.",
        ));
    }
    Ok(())
}
