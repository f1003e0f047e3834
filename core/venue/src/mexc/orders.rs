//! Orders and cancels of one account over one kept-alive HTTP connection.
//!
//! One request is in flight at a time: a reply belongs to the only request there is, and a slow
//! one never holds up another, which takes another connection. Nothing is ever resent here. A
//! request whose first byte went has one of four ends: accepted, cancelled, rejected, or lost,
//! and lost says that the order may exist.
//!
//! After construction no method touches the heap.

mod busy;
mod flight;
mod reply;
mod template;

use model::{
    AccountId, Authority, Body, ClientOrderId, Event, Mono, OrderKind, RejectClass, ReplyLost,
    Request, Sent, Span, SymbolId, Text, TimerName, VenueTime,
};
use risk::Approved;

use crate::SymbolTable;
use crate::http1::{Limits, ResponseParser, Suffix, SuffixError};
use crate::mexc::url::Query;
use crate::sign::{Credentials, Signer};
pub use busy::{Busy, BusyWhy};
use flight::{Ask, Flight};
use template::Templates;

/// What an order connection is made of.
#[derive(Clone, Debug)]
pub struct OrderConfig<'a> {
    /// Whose orders.
    pub account: AccountId,
    /// The `Host` header, such as `api.mexc.com`.
    pub host: &'a str,
    /// The account's key.
    pub credentials: Credentials,
    /// Longest wait for a reply, from the moment the request was written.
    pub ack_wait: Span,
}

/// Orders of one account over one connection.
#[derive(Debug)]
pub struct OrderSession {
    account: AccountId,
    signer: Signer,
    suffix: Suffix,
    ack_wait: Span,
    templates: Templates,
    parser: ResponseParser,
    buffer: Vec<u8>,
    len: usize,
    sent: usize,
    flight: Option<Flight>,
    rehearsal: Option<Rehearsal>,
    link: LinkState,
    idle_since: Mono,
}

/// Longest part of a request before the suffix: line and query of at most about 400 bytes.
const REQUEST_MAX: usize = 640;

/// Name of the timer that ends the wait for a reply.
const ACK: TimerName = "order_ack";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LinkState {
    Down,
    Open,
    /// Out of step, or told to close: nothing more is written or read.
    Spent,
}

/// How a test order was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rehearsal {
    /// The id it carried.
    pub client_order_id: ClientOrderId,
    /// HTTP status; 0 when no reply came.
    pub http: u16,
    /// The venue's code; 0 when there was none.
    pub code: i32,
    /// What the refusal asks of us; `None` when the order would have been taken.
    pub class: Option<RejectClass>,
    /// From writing the request to its end.
    pub round_trip: Span,
}

impl OrderSession {
    /// A session whose connection is not open yet, with all of its memory.
    ///
    /// # Errors
    /// [`SuffixError`] when the host cannot stand in a header.
    pub fn new(config: OrderConfig<'_>) -> Result<Self, SuffixError> {
        let headers = [
            ("X-MEXC-APIKEY", config.credentials.access_key()),
            ("Content-Type", "application/json"),
        ];
        let suffix = Suffix::new(config.host, &headers)?;
        Ok(Self {
            account: config.account,
            signer: config.credentials.signer().clone(),
            ack_wait: config.ack_wait,
            templates: Templates::new(),
            parser: ResponseParser::new(Limits::ORDERS),
            buffer: vec![0; REQUEST_MAX + suffix.as_bytes().len()],
            len: 0,
            sent: 0,
            flight: None,
            rehearsal: None,
            link: LinkState::Down,
            idle_since: Mono::ZERO,
            suffix,
        })
    }

    /// Makes the fixed part of a symbol's requests; false when the table lacks the symbol. A
    /// symbol that was never prepared is prepared by its first request.
    pub fn prepare(&mut self, symbol: SymbolId, table: &SymbolTable) -> bool {
        self.templates.get(symbol, table).is_some()
    }

    /// The connection is open.
    pub fn handle_open(&mut self, now: Mono) {
        self.parser.reset();
        self.link = LinkState::Open;
        self.idle_since = now;
    }

    /// Whether a request can be written.
    pub fn is_free(&self) -> bool {
        self.link == LinkState::Open && self.flight.is_none()
    }

    /// Since when the connection has carried nothing; `None` unless it is free.
    pub fn idle_since(&self) -> Option<Mono> {
        self.is_free().then_some(self.idle_since)
    }

    /// Whether the connection must be closed: it is out of step, or its peer said so.
    pub fn must_close(&self) -> bool {
        self.link == LinkState::Spent
    }

    /// Writes an approved order into the transmit buffer.
    ///
    /// # Errors
    /// [`Busy`]: nothing was written, and the pass is spent.
    pub fn place(&mut self, now: Mono, order: Approved, table: &SymbolTable) -> Result<(), Busy> {
        let request = order.request();
        self.write_order(now, request, table, Ask::Place(request.client_order_id))
    }

    /// Writes the same request to the venue's test endpoint, which checks it and places nothing.
    /// Its end is told by [`poll_rehearsal`](Self::poll_rehearsal).
    ///
    /// # Errors
    /// [`Busy`]: nothing was written.
    pub fn test_order(
        &mut self,
        now: Mono,
        request: &Request,
        table: &SymbolTable,
    ) -> Result<(), Busy> {
        self.write_order(now, request, table, Ask::Test(request.client_order_id))
    }

    /// Writes the cancel of an order by our id.
    ///
    /// `timestamp` and `recv_window_ms` are signed into it as they are into an order.
    ///
    /// # Errors
    /// [`Busy`]: nothing was written.
    pub fn cancel(
        &mut self,
        now: Mono,
        cancel: &CancelRequest,
        table: &SymbolTable,
    ) -> Result<(), Busy> {
        let id = cancel.client_order_id;
        let busy = |why| Busy { client_order_id: id, cancel: true, why };
        self.check(cancel.account).map_err(busy)?;
        let template =
            self.templates.get(cancel.symbol, table).ok_or(busy(BusyWhy::UnknownSymbol))?;
        let (price_decimals, qty_decimals) =
            scales(cancel.symbol, table).ok_or(busy(BusyWhy::NoScales))?;
        let line = b"DELETE /api/v3/order?";
        self.buffer[..line.len()].copy_from_slice(line);
        let mut query = Query::new(&mut self.buffer, line.len());
        query.raw(template.query());
        query.plain("origClientOrderId", id.text().as_str());
        query.number("recvWindow", i64::from(cancel.recv_window_ms));
        query.number("timestamp", cancel.timestamp.millis());
        let len = finish(query, &self.signer, &self.suffix).ok_or(busy(BusyWhy::TooLong))?;
        let name = template.name;
        self.start(
            len,
            Flight {
                ask: Ask::Cancel(id),
                adds_risk: false,
                symbol: cancel.symbol,
                name,
                price_decimals,
                qty_decimals,
                written: now,
            },
        );
        Ok(())
    }

    /// Writes a ping that keeps the connection and its congestion window warm; false when the
    /// session is not free. Its reply is told to nobody.
    pub fn warm(&mut self, now: Mono) -> bool {
        if !self.is_free() {
            return false;
        }
        let line = b"GET /api/v3/ping";
        let suffix = self.suffix.as_bytes();
        let len = line.len() + suffix.len();
        self.buffer[..line.len()].copy_from_slice(line);
        self.buffer[line.len()..len].copy_from_slice(suffix);
        self.start(
            len,
            Flight {
                ask: Ask::Warm,
                adds_risk: false,
                symbol: SymbolId::NONE,
                name: Text::EMPTY,
                price_decimals: 0,
                qty_decimals: 0,
                written: now,
            },
        );
        true
    }

    /// The bytes to write next.
    pub fn poll_transmit(&self) -> Option<&[u8]> {
        let open = self.link == LinkState::Open && self.sent < self.len;
        open.then(|| &self.buffer[self.sent..self.len])
    }

    /// Whether what [`poll_transmit`](Self::poll_transmit) gives begins an order that adds risk:
    /// only such a request does the kill flag stop, and only before its first byte.
    pub fn head_is_entry(&self) -> bool {
        self.sent == 0 && self.flight.is_some_and(|flight| flight.adds_risk)
    }

    /// Removes the request whose first byte has not gone, and says whose it was. `None` when
    /// there is none or a byte of it went.
    pub fn drop_unsent(&mut self) -> Option<ClientOrderId> {
        if self.sent > 0 {
            return None;
        }
        let flight = self.flight.take()?;
        self.len = 0;
        flight.ask.client_order_id()
    }

    /// The transport took `len` of the bytes.
    pub fn handle_transmitted(&mut self, now: Mono, len: usize, out: &mut impl FnMut(Event)) {
        assert!(len <= self.len - self.sent, "{len} bytes taken of {}", self.len - self.sent);
        self.sent += len;
        let Some(flight) = self.flight else { return };
        if len == 0 || self.sent < self.len {
            return;
        }
        if let Some((client_order_id, cancel)) = flight.ask.order() {
            let sent = Sent { client_order_id, cancel, at: now };
            out(Event::of(self.account, flight.symbol, Body::Sent(sent)));
        }
    }

    /// Bytes came.
    pub fn handle_bytes(&mut self, now: Mono, bytes: &[u8], out: &mut impl FnMut(Event)) {
        let mut rest = bytes;
        while self.link == LinkState::Open {
            match self.parser.feed(rest) {
                Ok(taken) => rest = &rest[taken..],
                Err(_) => {
                    self.give_up(now, out);
                    return;
                }
            }
            if !self.take_response(now, out) {
                return;
            }
        }
    }

    /// The connection is gone: what went and was not answered is lost, what did not go is not.
    pub fn handle_closed(&mut self, now: Mono, out: &mut impl FnMut(Event)) {
        if self.link == LinkState::Open && self.parser.handle_closed() == Ok(true) {
            self.take_response(now, out);
        }
        self.give_up(now, out);
        self.link = LinkState::Down;
        self.parser.reset();
    }

    /// When the wait for a reply ends.
    pub fn poll_timeout(&self) -> Option<(Mono, TimerName)> {
        self.flight.map(|flight| (flight.written.after(self.ack_wait), ACK))
    }

    /// Ends a wait that is over; the connection must be closed then.
    pub fn handle_timeout(&mut self, now: Mono, out: &mut impl FnMut(Event)) {
        if self.poll_timeout().is_some_and(|(at, _)| at <= now) {
            self.give_up(now, out);
        }
    }

    /// How the last test order ended, once.
    pub fn poll_rehearsal(&mut self) -> Option<Rehearsal> {
        self.rehearsal.take()
    }

    fn check(&self, account: AccountId) -> Result<(), BusyWhy> {
        if account != self.account {
            Err(BusyWhy::OtherAccount)
        } else if self.link != LinkState::Open {
            Err(BusyWhy::NotOpen)
        } else if self.flight.is_some() {
            Err(BusyWhy::InFlight)
        } else {
            Ok(())
        }
    }

    fn write_order(
        &mut self,
        now: Mono,
        request: &Request,
        table: &SymbolTable,
        ask: Ask,
    ) -> Result<(), Busy> {
        let busy = |why| Busy { client_order_id: request.client_order_id, cancel: false, why };
        self.check(request.account).map_err(busy)?;
        let template =
            self.templates.get(request.symbol, table).ok_or(busy(BusyWhy::UnknownSymbol))?;
        let (price_decimals, qty_decimals) =
            scales(request.symbol, table).ok_or(busy(BusyWhy::NoScales))?;
        let line: &[u8] = match ask {
            Ask::Place(_) => b"POST /api/v3/order?",
            Ask::Test(_) | Ask::Cancel(_) | Ask::Warm => b"POST /api/v3/order/test?",
        };
        self.buffer[..line.len()].copy_from_slice(line);
        let mut query = Query::new(&mut self.buffer, line.len());
        query.raw(template.query());
        query.plain("side", request.side.name());
        query.plain("type", request.kind.name());
        query.decimal("quantity", request.qty.raw(), qty_decimals);
        if request.kind != OrderKind::Market {
            query.decimal("price", request.price.raw(), price_decimals);
        }
        query.plain("newClientOrderId", request.client_order_id.text().as_str());
        query.number("recvWindow", i64::from(request.recv_window_ms));
        query.number("timestamp", request.timestamp.millis());
        let len = finish(query, &self.signer, &self.suffix).ok_or(busy(BusyWhy::TooLong))?;
        let flight = Flight {
            ask,
            adds_risk: matches!((ask, request.authority), (Ask::Place(_), Authority::Permit(_))),
            symbol: request.symbol,
            name: template.name,
            price_decimals,
            qty_decimals,
            written: now,
        };
        self.start(len, flight);
        Ok(())
    }

    fn start(&mut self, len: usize, flight: Flight) {
        self.len = len;
        self.sent = 0;
        self.flight = Some(flight);
    }

    /// Settles the request by the response that waits in the parser; false without one.
    fn take_response(&mut self, now: Mono, out: &mut impl FnMut(Event)) -> bool {
        let Some(response) = self.parser.response() else { return false };
        let Some(flight) = self.flight.filter(|_| self.sent > 0) else {
            // Nobody asked. The next reply could be taken for another request's.
            self.link = LinkState::Spent;
            return true;
        };
        if !response.keep_alive || self.sent < self.len {
            self.link = LinkState::Spent;
        }
        self.flight = None;
        self.len = 0;
        self.sent = 0;
        self.idle_since = now;
        let in_step = flight.settle(self.account, now, &response, &mut self.rehearsal, out);
        if !in_step {
            self.link = LinkState::Spent;
        }
        true
    }

    /// Ends the request without a reply and the connection with it.
    fn give_up(&mut self, now: Mono, out: &mut impl FnMut(Event)) {
        self.link = LinkState::Spent;
        let went = self.sent > 0;
        self.len = 0;
        self.sent = 0;
        let Some(flight) = self.flight.take() else { return };
        if let Ask::Test(client_order_id) = flight.ask {
            let round_trip = now.since(flight.written);
            let class = Some(RejectClass::Unknown);
            let test = Rehearsal { client_order_id, http: 0, code: 0, class, round_trip };
            self.rehearsal = Some(test);
        }
        let Some((client_order_id, cancel)) = flight.ask.order() else { return };
        let body = if went {
            Body::ReplyLost(ReplyLost { client_order_id, cancel, http: 0 })
        } else {
            Body::Busy { client_order_id, cancel }
        };
        out(Event::of(self.account, flight.symbol, body));
    }
}

/// The cancel of one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancelRequest {
    /// Whose order.
    pub account: AccountId,
    /// The pair.
    pub symbol: SymbolId,
    /// Which order.
    pub client_order_id: ClientOrderId,
    /// Signed into the request.
    pub timestamp: VenueTime,
    /// How long the venue takes it after `timestamp`, in milliseconds.
    pub recv_window_ms: u32,
}

/// Signs the query and appends what follows it.
fn finish(mut query: Query<'_>, signer: &Signer, suffix: &Suffix) -> Option<usize> {
    let signature = signer.sign(query.text());
    query.raw(b"&signature=");
    query.raw(&signature);
    query.raw(suffix.as_bytes());
    query.finish().ok()
}

/// Scales of a symbol; `None` before its rules were read. A known price scale is the venue's
/// precision and two more, so it is never zero.
fn scales(symbol: SymbolId, table: &SymbolTable) -> Option<(u8, u8)> {
    let entry = table.get(symbol)?;
    (entry.price_decimals > 0).then_some((entry.price_decimals, entry.qty_decimals))
}

#[cfg(test)]
mod tests;
