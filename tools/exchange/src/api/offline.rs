//! Pairs that were suspended or delisted.

use std::fmt::Write;

use super::json::{Quoted, list};
use super::{Call, Effect};
use crate::error::ApiError;
use crate::exchange::Exchange;

/// Every pair that is known and does not trade; when it ended, if that is known.
pub(super) fn offline(
    exchange: &mut Exchange,
    _: &Call<'_>,
    out: &mut String,
) -> Result<Effect, ApiError> {
    let now = exchange.now;
    out.push_str("{\"data\":");
    let gone = exchange.symbols.iter().filter(|s| s.is_known(now) && s.status(now) != "1");
    list(out, gone, |out, symbol| {
        let state = symbol.status(now);
        let _ = write!(out, "{{\"symbol\":{},\"state\":{state}", Quoted(&symbol.name));
        let schedule = symbol.schedule.as_ref();
        let at = schedule.and_then(|schedule| schedule.gone_at()).filter(|at| now >= *at);
        if let Some(at) = at {
            let _ = write!(out, ",\"offlineTime\":{}", at.millis());
        }
        out.push('}');
    });
    out.push('}');
    Ok(Effect::default())
}
