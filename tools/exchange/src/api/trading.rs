//! Endpoints of orders and deals.

use std::borrow::Cow;
use std::fmt::Write;

use model::{OrderKind, Price, Span, VenueTime};

use super::json::{OrNull, PriceText, QtyText, Quoted, list};
use super::{Call, Effect};
use crate::account::ApiKey;
use crate::check::Asked;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::faults::OrderFault;
use crate::order::{Deal, Order, kind_of, side_of};
use crate::personality::DuplicateIds;

use crate::ws::push::deal_id_text;

type Reply = Result<Effect, ApiError>;

/// Longest client order id.
const CLIENT_ID_MAX: usize = 32;
/// How far back order history reaches.
const ORDERS_BACK: Span = Span::from_secs(7 * 86_400);
/// How far back own deals reach.
const DEALS_BACK: Span = Span::from_secs(30 * 86_400);

pub(super) fn place(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let fault = exchange.faults.placement();
    let faults = exchange.faults.config();
    let mut effect = Effect::default();
    match fault {
        Some(OrderFault::RateLimit) => return Err(ApiError::too_many(1)),
        Some(OrderFault::ServerErrorRefused) => return Err(unavailable()),
        Some(OrderFault::PrivateLate) => {
            exchange.private_due = exchange.now.after(Span::from_millis(faults.private_late_ms));
        }
        Some(OrderFault::EventFirst) => {
            effect.delay = Span::from_millis(faults.event_first_reply_ms);
            exchange.private_due = exchange.now;
        }
        Some(OrderFault::ReplyLost | OrderFault::ServerErrorAccepted) | None => {}
    }
    let order = Texts::read(call)?;
    let asked = order.asked()?;
    let placed = place_one(exchange, call.key()?, &asked)?;
    match fault {
        Some(OrderFault::ServerErrorAccepted) => return Err(unavailable()),
        Some(OrderFault::ReplyLost) => effect.lost = true,
        Some(
            OrderFault::RateLimit
            | OrderFault::ServerErrorRefused
            | OrderFault::PrivateLate
            | OrderFault::EventFirst,
        )
        | None => {}
    }
    placed.write(exchange, &asked, out);
    Ok(effect)
}

/// What a reply to a placement tells beside what was asked.
pub(super) struct Placed {
    pub(super) id: u64,
    symbol: usize,
    price: Option<Price>,
    at: VenueTime,
}

/// Places one order, or finds the one that its client order id stands for.
pub(super) fn place_one(
    exchange: &mut Exchange,
    key: &ApiKey,
    asked: &Asked<'_>,
) -> Result<Placed, ApiError> {
    if exchange.personality.duplicate_client_ids == DuplicateIds::Returned {
        let known = &exchange.accounts[key.account].client_ids;
        let id = asked.client_id.and_then(|id| known.get(id));
        if let Some(order) = id.and_then(|id| exchange.orders.get(id)) {
            let Order { id, symbol, price, created: at, .. } = *order;
            return Ok(Placed { id, symbol, price, at });
        }
    }
    let ticket = exchange.check(key, asked)?;
    let (symbol, price, at) = (ticket.symbol, ticket.limit, exchange.now);
    Ok(Placed { id: exchange.execute(ticket)?, symbol, price, at })
}

impl Placed {
    /// Acceptance only: what became of the order is told elsewhere.
    fn write(&self, exchange: &Exchange, asked: &Asked<'_>, out: &mut String) {
        let scale = exchange.symbols[self.symbol].scale;
        let _ = write!(
            out,
            "{{\"symbol\":{},\"orderId\":\"{}\",\"orderListId\":-1,\"price\":\"",
            Quoted(asked.symbol),
            exchange.order_id_text(self.id),
        );
        if let Some(price) = self.price {
            let _ = write!(out, "{}", PriceText(price, scale));
        }
        let _ = write!(
            out,
            "\",\"origQty\":\"{}\",\"type\":\"{}\",\"side\":\"{}\",\"stpMode\":\"{}\",\"transactTime\":{}}}",
            asked.qty.unwrap_or("0"),
            asked.kind.name(),
            asked.side.name(),
            asked.stp_mode,
            self.at.millis(),
        );
    }
}

pub(super) fn test(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let order = Texts::read(call)?;
    exchange.check(call.key()?, &order.asked()?)?;
    out.push_str("{}");
    Ok(Effect::default())
}

pub(super) fn cancel(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let symbol = symbol_of(exchange, &call.needed("symbol")?)?;
    let unknown = || ApiError::bad(-2011, "Unknown order sent.");
    let id =
        find_order(exchange, call)?.filter(|order| order.symbol == symbol).map(|order| order.id);
    let id = id.ok_or_else(unknown)?;
    let new_id = call.params.get("newClientOrderId");
    exchange.cancel_order(id).ok_or_else(unknown)?;
    cancelled(exchange, id, new_id.as_deref(), out);
    Ok(Effect::default())
}

pub(super) fn cancel_all(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let account = call.account()?;
    let symbols = symbols_of(exchange, &call.needed("symbol")?)?;
    let open = open_ids(exchange, account, &symbols);
    let gone: Vec<u64> =
        open.into_iter().filter(|id| exchange.cancel_order(*id).is_some()).collect();
    list(out, gone.into_iter(), |out, id| cancelled(exchange, id, None, out));
    Ok(Effect::default())
}

pub(super) fn query(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let symbol = call.params.get("symbol").map(|name| symbol_of(exchange, &name)).transpose()?;
    let order = find_order(exchange, call)?;
    let order = order.filter(|order| symbol.is_none_or(|symbol| order.symbol == symbol));
    let order = order.and_then(|order| order.at(readable_until(exchange)));
    let order = order.ok_or_else(|| match exchange.personality.unknown_order_code {
        -2011 => ApiError::bad(-2011, "Unknown order sent."),
        code => ApiError::bad(code, "Order does not exist."),
    })?;
    order_object(exchange, &order, out);
    Ok(Effect::default())
}

pub(super) fn open_orders(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let account = call.account()?;
    let symbols = match call.params.get("symbol") {
        Some(names) => symbols_of(exchange, &names)?,
        None if exchange.personality.open_orders_need_symbol => {
            return Err(ApiError::missing("symbol"));
        }
        None => (0..exchange.symbols.len()).collect(),
    };
    let then = readable_until(exchange);
    let orders = exchange.orders(account).filter(|order| symbols.contains(&order.symbol));
    let open = orders.filter_map(|order| order.at(then)).filter(|order| !order.status.is_final());
    list(out, open, |out, order| order_object(exchange, &order, out));
    Ok(Effect::default())
}

pub(super) fn all_orders(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let account = call.account()?;
    let symbol = symbol_of(exchange, &call.needed("symbol")?)?;
    let limit = call.limit(500, 1_000)?;
    let (from, to) = period(exchange, call, Some(Span::from_secs(86_400)), ORDERS_BACK)?;
    let orders = exchange.accounts[account].orders.iter().rev();
    let orders = orders
        .filter_map(|id| exchange.orders.get(id))
        .filter(|order| order.symbol == symbol && (from..=to).contains(&order.created.millis()))
        .filter_map(|order| order.at(readable_until(exchange)));
    list(out, orders.take(limit), |out, order| order_object(exchange, &order, out));
    Ok(Effect::default())
}

pub(super) fn my_trades(exchange: &mut Exchange, call: &Call<'_>, out: &mut String) -> Reply {
    let account = call.account()?;
    let symbol = symbol_of(exchange, &call.needed("symbol")?)?;
    let limit = call.limit(100, 100)?;
    let (from, to) = period(exchange, call, None, DEALS_BACK)?;
    let wanted = call.params.get("orderId");
    let wanted = wanted.as_deref().map(|text| exchange.order_id_of(text).unwrap_or(0));
    let deals = exchange.accounts[account].deals.iter().rev().filter(|deal| {
        deal.symbol == symbol
            && deal.at <= readable_until(exchange)
            && (from..=to).contains(&deal.at.millis())
            && wanted.is_none_or(|order| deal.order == order)
    });
    list(out, deals.take(limit), |out, deal| deal_object(exchange, deal, out));
    Ok(Effect::default())
}

/// The parameters of an order, decoded.
pub(super) struct Texts<'a> {
    pub(super) symbol: Cow<'a, str>,
    pub(super) side: Cow<'a, str>,
    pub(super) kind: Cow<'a, str>,
    pub(super) price: Option<Cow<'a, str>>,
    pub(super) qty: Option<Cow<'a, str>>,
    pub(super) quote_qty: Option<Cow<'a, str>>,
    pub(super) client_id: Option<Cow<'a, str>>,
    pub(super) stp_mode: Option<Cow<'a, str>>,
}

impl<'a> Texts<'a> {
    fn read(call: &'a Call<'_>) -> Result<Self, ApiError> {
        Ok(Self {
            symbol: call.needed("symbol")?,
            side: call.needed("side")?,
            kind: call.needed("type")?,
            price: call.params.get("price"),
            qty: call.params.get("quantity"),
            quote_qty: call.params.get("quoteOrderQty"),
            client_id: call.params.get("newClientOrderId"),
            stp_mode: call.params.get("stpMode"),
        })
    }

    pub(super) fn asked(&self) -> Result<Asked<'_>, ApiError> {
        let stp_mode = match self.stp_mode.as_deref() {
            None => "",
            Some("cancel_maker") => "cancel_maker",
            Some("cancel_taker") => "cancel_taker",
            Some("cancel_both") => "cancel_both",
            Some(_) => return Err(ApiError::wrong("stpMode")),
        };
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let client_id = self.client_id.as_deref();
        if client_id.is_some_and(|id| id.len() > CLIENT_ID_MAX || !id.bytes().all(legal)) {
            return Err(ApiError::bad(700_008, "illegal characters in newClientOrderId"));
        }
        Ok(Asked {
            symbol: &self.symbol,
            side: side_of(&self.side).ok_or_else(|| ApiError::wrong("side"))?,
            kind: kind_of(&self.kind).ok_or_else(|| ApiError::wrong("type"))?,
            price: self.price.as_deref(),
            qty: self.qty.as_deref(),
            quote_qty: self.quote_qty.as_deref(),
            client_id,
            stp_mode,
        })
    }
}

/// The moment whose state queries show.
fn readable_until(exchange: &Exchange) -> VenueTime {
    exchange.now.before(exchange.read_lag())
}

fn unavailable() -> ApiError {
    ApiError::new(503, 503, "Service Unavailable")
}

fn symbol_of(exchange: &Exchange, name: &str) -> Result<usize, ApiError> {
    let at = exchange.by_name.get(name).copied();
    at.filter(|at| exchange.symbols[*at].is_listed(exchange.now)).ok_or_else(ApiError::bad_symbol)
}

/// Up to five symbols with commas between them.
fn symbols_of(exchange: &Exchange, names: &str) -> Result<Vec<usize>, ApiError> {
    if names.split(',').count() > 5 {
        return Err(ApiError::wrong("symbol"));
    }
    names.split(',').map(|name| symbol_of(exchange, name)).collect()
}

/// The order that `orderId` or `origClientOrderId` names, if the account has it.
fn find_order<'a>(exchange: &'a Exchange, call: &Call<'_>) -> Result<Option<&'a Order>, ApiError> {
    let account = call.account()?;
    let id = match (call.params.get("orderId"), call.params.get("origClientOrderId")) {
        (Some(id), _) => exchange.order_id_of(&id),
        (None, Some(id)) => exchange.accounts[account].client_ids.get(id.as_ref()).copied(),
        (None, None) => {
            return Err(ApiError::bad(
                700_004,
                "Param 'origClientOrderId' or 'orderId' must be sent",
            ));
        }
    };
    let order = id.and_then(|id| exchange.orders.get(&id));
    Ok(order.filter(|order| order.account == account))
}

fn open_ids(exchange: &Exchange, account: usize, symbols: &[usize]) -> Vec<u64> {
    let open = |order: &&Order| symbols.contains(&order.symbol) && !order.status.is_final();
    exchange.orders(account).filter(open).map(|order| order.id).collect()
}

/// `startTime` and `endTime`, at most `back` ago; without a start, `default` before now.
fn period(
    exchange: &Exchange,
    call: &Call<'_>,
    default: Option<Span>,
    back: Span,
) -> Result<(i64, i64), ApiError> {
    let earliest = exchange.now.before(back).millis();
    let start = exchange.now.before(default.unwrap_or(back)).millis();
    let from = call.integer("startTime")?.unwrap_or(start).max(earliest);
    Ok((from, call.integer("endTime")?.unwrap_or(i64::MAX)))
}

fn cancelled(exchange: &Exchange, id: u64, new_id: Option<&str>, out: &mut String) {
    let Some(order) = exchange.orders.get(&id) else { return };
    let symbol = &exchange.symbols[order.symbol];
    let own = order.client_id.as_deref();
    let _ = write!(
        out,
        "{{\"symbol\":{},\"origClientOrderId\":{},\"orderId\":\"{}\",\"clientOrderId\":{},",
        Quoted(&symbol.name),
        OrNull(own),
        exchange.order_id_text(id),
        OrNull(new_id.or(own)),
    );
    figures(exchange, order, out);
    let _ = write!(out, ",\"type\":\"{}\",\"side\":\"{}\"}}", order.kind.name(), order.side.name());
}

/// Price, quantities and status: the part that all order objects share.
fn figures(exchange: &Exchange, order: &Order, out: &mut String) {
    let scale = exchange.symbols[order.symbol].scale;
    out.push_str("\"price\":\"");
    if let Some(price) = order.price {
        let _ = write!(out, "{}", PriceText(price, scale));
    }
    let _ = write!(
        out,
        "\",\"origQty\":\"{}\",\"executedQty\":\"{}\",\"cummulativeQuoteQty\":\"{}\",\"status\":\"{}\"",
        QtyText(order.qty, scale),
        QtyText(order.filled, scale),
        order.quote_filled,
        order.status.word(),
    );
}

fn order_object(exchange: &Exchange, order: &Order, out: &mut String) {
    let symbol = &exchange.symbols[order.symbol];
    let _ = write!(
        out,
        "{{\"symbol\":{},\"orderId\":\"{}\",\"orderListId\":-1,\"clientOrderId\":{},",
        Quoted(&symbol.name),
        exchange.order_id_text(order.id),
        OrNull(order.client_id.as_deref()),
    );
    figures(exchange, order, out);
    let by_quote = order.quote_qty.filter(|_| order.kind == OrderKind::Market);
    let worth = order.price.and_then(|price| symbol.scale.notional(price, order.qty));
    let _ = write!(
        out,
        ",\"timeInForce\":null,\"type\":\"{}\",\"side\":\"{}\",\"stopPrice\":null,\"icebergQty\":null,\
         \"time\":{},\"updateTime\":{},\"isWorking\":true,\"stpMode\":\"{}\",\"cancelReason\":\"{}\",\
         \"origQuoteOrderQty\":\"{}\"}}",
        order.kind.name(),
        order.side.name(),
        order.created.millis(),
        order.updated.millis(),
        order.stp_mode,
        order.cancel_reason,
        by_quote.or(worth).unwrap_or_default(),
    );
}

fn deal_object(exchange: &Exchange, deal: &Deal, out: &mut String) {
    let symbol = &exchange.symbols[deal.symbol];
    let _ = write!(
        out,
        "{{\"symbol\":{},\"id\":\"{}\",\"orderId\":\"{}\",\"orderListId\":-1,\"price\":\"{}\",\
         \"qty\":\"{}\",\"quoteQty\":\"{}\",\"commission\":\"{}\",\"commissionAsset\":{},\"time\":{},\
         \"isBuyer\":{},\"isMaker\":{},\"isBestMatch\":true,\"isSelfTrade\":{},\"clientOrderId\":{}}}",
        Quoted(&symbol.name),
        deal_id_text(deal),
        exchange.order_id_text(deal.order),
        PriceText(deal.price, symbol.scale),
        QtyText(deal.qty, symbol.scale),
        deal.quote_qty,
        deal.fee,
        Quoted(&exchange.ledger.assets()[deal.fee_asset]),
        deal.at.millis(),
        deal.side == model::Side::Buy,
        deal.maker,
        deal.self_trade,
        OrNull(deal.client_id.as_deref()),
    );
}
