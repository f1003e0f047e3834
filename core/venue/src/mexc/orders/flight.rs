//! The request in flight, and what a reply says of it.

use model::{
    AccountId, Body, Cancelled, ClientOrderId, Event, Mono, OrderStatus, Placed, Price, Qty,
    Reject, RejectClass, ReplyLost, Round, Span, SymbolId, Text, VenueKey, VenueText, VenueTime,
};

use super::Rehearsal;
use super::reply::Reply;
use crate::http1::Response;
use crate::mexc::errors::{back_off_floor, classify, figure_price};

/// The request that was written and not settled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) ask: Ask,
    pub(super) adds_risk: bool,
    pub(super) symbol: SymbolId,
    pub(super) name: Text<24>,
    pub(super) price_decimals: u8,
    pub(super) qty_decimals: u8,
    pub(super) written: Mono,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Place(ClientOrderId),
    Cancel(ClientOrderId),
    Test(ClientOrderId),
    Warm,
}

impl Ask {
    pub(super) fn client_order_id(self) -> Option<ClientOrderId> {
        match self {
            Self::Place(id) | Self::Cancel(id) | Self::Test(id) => Some(id),
            Self::Warm => None,
        }
    }

    /// The order that it is about, and whether it is its cancel; `None` when nothing is at stake.
    pub(super) fn order(self) -> Option<(ClientOrderId, bool)> {
        match self {
            Self::Place(id) => Some((id, false)),
            Self::Cancel(id) => Some((id, true)),
            Self::Test(_) | Self::Warm => None,
        }
    }
}

impl Flight {
    /// Tells what the response says of the request; false when it seems to answer another one.
    pub(super) fn settle(
        self,
        account: AccountId,
        now: Mono,
        response: &Response<'_>,
        rehearsal: &mut Option<Rehearsal>,
        out: &mut impl FnMut(Event),
    ) -> bool {
        let reply = Reply::read(response.body);
        let accepted = (200..300).contains(&response.status);
        let told = reply.unwrap_or_default();
        match self.ask {
            Ask::Warm => return true,
            Ask::Test(client_order_id) => {
                let message = told.message();
                let passed = accepted && reply.is_ok() && told.code == 0;
                let class = classify(response.status, told.code, message.as_str(), false);
                *rehearsal = Some(Rehearsal {
                    client_order_id,
                    http: response.status,
                    code: told.code,
                    class: (!passed).then_some(class),
                    round_trip: now.since(self.written),
                });
                return true;
            }
            Ask::Place(_) | Ask::Cancel(_) => {}
        }
        let Some((client_order_id, cancel)) = self.ask.order() else { return true };
        let event =
            |stamped, last, body| Event { stamped, symbol: self.symbol, account, last, body };
        let order = told.order_id.filter(|order| !order.is_empty());
        // An acceptance that carries an error code contradicts itself and settles nothing.
        let torn = accepted && order.is_some() && !matches!(told.code, 0 | 200);
        let in_step = !torn && self.is_answered_by(&told, client_order_id);
        let success = match (accepted && in_step, cancel) {
            (false, _) => None,
            (true, false) => order
                .map(|order| Body::Placed(Placed { client_order_id, order: VenueKey::of(order) })),
            (true, true) => self.cancelled(&told, client_order_id),
        };
        if let Some(body) = success {
            if let (Body::Placed(placed), Some(order)) = (body, order) {
                let text = Text::clipped(core::str::from_utf8(order).unwrap_or_default());
                let text = VenueText { key: placed.order, text };
                out(event(VenueTime::NONE, false, Body::VenueText(text)));
            }
            out(event(VenueTime::from_millis(told.transact_time_ms), true, body));
            return true;
        }
        let message = told.message();
        if !message.is_empty() {
            let key = VenueKey(client_order_id.raw());
            let text = VenueText { key, text: Text::clipped(message.as_str()) };
            out(event(VenueTime::NONE, false, Body::VenueText(text)));
        }
        let http = response.status;
        let class = match in_step {
            true => classify(http, told.code, message.as_str(), cancel),
            false => RejectClass::Unknown,
        };
        let body = if class == RejectClass::Unknown {
            Body::ReplyLost(ReplyLost { client_order_id, cancel, http })
        } else {
            Body::Reject(Reject {
                client_order_id,
                cancel,
                http,
                code: told.code,
                class,
                figure: self.figure(class, told.code, message.as_str()),
                retry_after: match response.retry_after {
                    Span::ZERO => back_off_floor(http),
                    told => told,
                },
            })
        };
        out(event(VenueTime::NONE, true, body));
        in_step
    }

    /// Whether names in the reply, where it has them, are those of the request.
    fn is_answered_by(&self, reply: &Reply<'_>, client_order_id: ClientOrderId) -> bool {
        let name = self.name.as_str().as_bytes();
        // A name outside ASCII may come escaped.
        let same_symbol = reply.symbol.is_none_or(|symbol| symbol == name || !name.is_ascii());
        let same_id = reply
            .orig_client_order_id
            .and_then(|id| ClientOrderId::parse(id).ok())
            .is_none_or(|id| id == client_order_id);
        same_symbol && same_id
    }

    /// A cancel is confirmed only by a state in which nothing more happens.
    fn cancelled(&self, reply: &Reply<'_>, client_order_id: ClientOrderId) -> Option<Body> {
        let status = core::str::from_utf8(reply.status?).ok()?;
        let status = OrderStatus::from_word(status).filter(|status| status.is_final())?;
        let filled = Qty::parse(reply.executed_qty?, self.qty_decimals).ok()?;
        let order = VenueKey::of(reply.order_id.unwrap_or_default());
        Some(Body::Cancelled(Cancelled { client_order_id, order, status, filled }))
    }

    /// The figure in the message of a refusal that asks for another price or size. A minimum is
    /// rounded up, a cap down.
    fn figure(&self, class: RejectClass, code: i32, message: &str) -> Option<Price> {
        if class != RejectClass::Reprice {
            return None;
        }
        let round = if code == BELOW_MINIMUM { Round::Up } else { Round::Down };
        figure_price(message, self.price_decimals, round)
    }
}

/// The order's value is below the minimum that the text names.
const BELOW_MINIMUM: i32 = 30002;
