//! `batchOrders`: up to twenty orders of one pair in one request.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::{Map, Value};

use super::json::{Quoted, list};
use super::trading::{Texts, place_one};
use super::{Call, Effect};
use crate::error::ApiError;
use crate::exchange::Exchange;

/// Orders of one batch.
const BATCH_MAX: usize = 20;

pub(super) fn place(
    exchange: &mut Exchange,
    call: &Call<'_>,
    out: &mut String,
) -> Result<Effect, ApiError> {
    let text = call.needed("batchOrders")?;
    let wrong = || ApiError::wrong("batchOrders");
    let orders: Vec<Map<String, Value>> = serde_json::from_str(&text).map_err(|_| wrong())?;
    let same = |order: &Map<String, Value>| order.get("symbol") == orders[0].get("symbol");
    if orders.is_empty() || orders.len() > BATCH_MAX || !orders.iter().all(same) {
        return Err(wrong());
    }
    let key = call.key()?;
    list(out, orders.iter(), |out, order| {
        let result = texts(order).and_then(|texts| {
            let placed = place_one(exchange, key, &texts.asked()?)?;
            let _ = write!(
                out,
                "{{\"symbol\":{},\"orderId\":\"{}\"",
                Quoted(&texts.symbol),
                exchange.order_id_text(placed.id),
            );
            Ok(())
        });
        let id = text_of(order, "newClientOrderId");
        match (result, id) {
            (Ok(()), Some(id)) => {
                let id = Quoted(&id);
                let _ = write!(out, ",\"newClientOrderId\":{id},\"orderListId\":-1}}");
            }
            (Ok(()), None) => out.push_str(",\"orderListId\":-1}"),
            (Err(error), id) => {
                let error = exchange.in_its_language(error);
                out.push('{');
                if let Some(id) = id {
                    let _ = write!(out, "\"newClientOrderId\":{},", Quoted(&id));
                }
                let _ = write!(out, "\"msg\":{},\"code\":{}}}", Quoted(&error.msg), error.code);
            }
        }
    });
    Ok(Effect::default())
}

fn texts(order: &Map<String, Value>) -> Result<Texts<'_>, ApiError> {
    let needed = |name| text_of(order, name).ok_or_else(|| ApiError::missing(name));
    Ok(Texts {
        symbol: needed("symbol")?,
        side: needed("side")?,
        kind: needed("type")?,
        price: text_of(order, "price"),
        qty: text_of(order, "quantity"),
        quote_qty: text_of(order, "quoteOrderQty"),
        client_id: text_of(order, "newClientOrderId"),
        stp_mode: text_of(order, "stpMode"),
    })
}

/// A field as text; numbers are taken as they were written. Empty counts as absent.
fn text_of<'a>(order: &'a Map<String, Value>, name: &str) -> Option<Cow<'a, str>> {
    match order.get(name)? {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
