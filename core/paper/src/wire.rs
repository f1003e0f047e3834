//! Requests on their way: written, sent unless the kill flag stops them, and served when the round
//! trip is over.

use model::{
    AccountId, Authority, Body, Cancelled, ClientOrderId, Event, Mono, Reject, ReplyLost, Request,
    Sent, SymbolId, VenueTime,
};
use risk::Approved;
use venue::mexc::errors::classify;
use venue::mexc::orders::CancelRequest;

use crate::Paper;
use crate::book::Books;
use crate::check::{Refused, check_window};

/// No connection could take the request; nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

#[derive(Clone, Copy, Debug)]
enum What {
    Place(Request),
    Cancel(CancelRequest),
}

/// One request.
#[derive(Clone, Copy, Debug)]
struct Flight {
    account: AccountId,
    symbol: SymbolId,
    what: What,
    /// When it was sent and when it is served; `None` before its first byte.
    sent: Option<(Mono, Mono)>,
    /// Its connection broke: nobody hears the reply.
    lost: bool,
}

/// Requests under way.
#[derive(Debug)]
pub(crate) struct Wire {
    flights: Vec<Flight>,
    /// The request that is being served is one whose connection broke.
    lost: bool,
    /// When the last requests of each account reached the venue, oldest first.
    rates: [Rate; AccountId::MAX],
}

/// Requests that the venue takes from an account in a second.
const PER_SECOND: usize = 12;

#[derive(Clone, Copy, Debug)]
struct Rate {
    at: [Mono; PER_SECOND],
    next: usize,
}

impl Rate {
    /// Counts a request; whether there were not too many before it.
    fn count(&mut self, now: Mono) -> bool {
        let oldest = std::mem::replace(&mut self.at[self.next], now);
        self.next = (self.next + 1) % PER_SECOND;
        oldest == Mono::ZERO || now >= oldest.after(model::Span::from_secs(1))
    }
}

impl Wire {
    /// Under way, and those whose connection broke while they were: twice 8 accounts x 8 links.
    const CAPACITY: usize = 2 * AccountId::MAX * 8;

    pub(crate) fn new() -> Self {
        Self {
            flights: Vec::with_capacity(Self::CAPACITY),
            lost: false,
            rates: [Rate { at: [Mono::ZERO; PER_SECOND], next: 0 }; AccountId::MAX],
        }
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost
    }

    pub(crate) fn due(&self) -> Option<Mono> {
        self.flights.iter().filter_map(|flight| flight.sent).map(|(_, due)| due).min()
    }

    fn busy(&self, account: AccountId) -> usize {
        let mine = self.flights.iter().filter(|flight| flight.account == account && !flight.lost);
        mine.count()
    }
}

impl Paper {
    /// Takes an approved order; it leaves with the next [`poll_transmit`](Self::poll_transmit).
    ///
    /// # Errors
    /// [`Busy`]: nothing was taken, and the pass is spent.
    pub fn place(&mut self, now: Mono, order: Approved) -> Result<(), Busy> {
        self.write_order(now, *order.request())
    }

    /// Takes a request as [`place`](Self::place) does.
    pub(crate) fn write_order(&mut self, now: Mono, request: Request) -> Result<(), Busy> {
        self.write(now, request.account, request.symbol, What::Place(request))
    }

    /// Takes the cancel of an order by our id, as a session takes it.
    ///
    /// # Errors
    /// [`Busy`]: nothing was taken.
    pub fn cancel(&mut self, now: Mono, cancel: &CancelRequest) -> Result<(), Busy> {
        self.write(now, cancel.account, cancel.symbol, What::Cancel(*cancel))
    }

    fn write(
        &mut self,
        now: Mono,
        account: AccountId,
        symbol: SymbolId,
        what: What,
    ) -> Result<(), Busy> {
        self.now = now;
        let full = self.wire.flights.len() == Wire::CAPACITY;
        let busy = self.wire.busy(account) >= usize::from(self.config.connections);
        if !self.reachable || busy || full || account.index() >= AccountId::MAX {
            return Err(Busy);
        }
        self.wire.flights.push(Flight { account, symbol, what, sent: None, lost: false });
        Ok(())
    }

    /// Sends the next request that was taken, and says so. While `killed` an order that adds risk
    /// is dropped whole: it is read here, where a real session's first byte would go.
    pub fn poll_transmit(&mut self, now: Mono, killed: bool) -> Option<Event> {
        self.now = now;
        let at = self.wire.flights.iter().position(|flight| flight.sent.is_none())?;
        let takes = self.order_takes();
        let flight = &mut self.wire.flights[at];
        let (account, symbol) = (flight.account, flight.symbol);
        let (client_order_id, cancel) = flight.id();
        if killed && flight.adds_risk() {
            self.wire.flights.remove(at);
            let body = Body::Suppressed { client_order_id };
            return Some(Event::of(account, symbol, body));
        }
        flight.sent = Some((now, now.after(takes)));
        let sent = Sent { client_order_id, cancel, at: now };
        Some(Event::of(account, symbol, Body::Sent(sent)))
    }

    /// Serves the request whose time came first; `false` when there is none.
    pub(crate) fn serve(&mut self, now: Mono, books: &impl Books) -> bool {
        let due = |flight: &Flight| flight.sent.filter(|(_, due)| *due <= now);
        let flights = self.wire.flights.iter().enumerate();
        let first = flights.filter_map(|(at, flight)| Some((due(flight)?.1, at))).min();
        let Some((_, at)) = first else { return false };
        let flight = self.wire.flights.remove(at);
        self.wire.lost = flight.lost;
        let result = match flight.what {
            What::Place(request) => self.serve_order(&flight, &request, books),
            What::Cancel(cancel) => self.serve_cancel(&flight, &cancel),
        };
        if let Err(refused) = result {
            self.reject(&flight, refused);
        }
        self.wire.lost = false;
        true
    }

    fn serve_order(
        &mut self,
        flight: &Flight,
        request: &Request,
        books: &impl Books,
    ) -> Result<(), Refused> {
        self.count(flight)?;
        check_window(self.reached(flight), request.timestamp, request.recv_window_ms)?;
        let ticket = self.check(request, books)?;
        if !self.open_pockets(request) {
            return Err(Refused::with(30_029));
        }
        self.execute(request, &ticket, books);
        Ok(())
    }

    /// Whether the purse can hold what the order gives and what it gets.
    fn open_pockets(&mut self, request: &Request) -> bool {
        let Some(pair) = self.pairs.get(request.symbol) else { return false };
        let assets = [(pair.base_name.as_str(), pair.base), (pair.quote_name.as_str(), pair.quote)];
        assets.into_iter().all(|(name, asset)| self.purse.open(request.account, name, asset))
    }

    fn serve_cancel(&mut self, flight: &Flight, cancel: &CancelRequest) -> Result<(), Refused> {
        self.count(flight)?;
        check_window(self.reached(flight), cancel.timestamp, cancel.recv_window_ms)?;
        let client_order_id = cancel.client_order_id;
        let found = self.orders.find(client_order_id);
        let open = |at: &usize| {
            let order = self.orders.get(*at);
            order.is_some_and(|order| order.is_open() && order.account == flight.account)
        };
        // -2011: it is not on the book, be it filled, cancelled or never taken.
        let at = found.filter(open).ok_or(Refused::with(-2011))?;
        self.end(at);
        let order = *self.orders.at(at);
        let body = Body::Cancelled(Cancelled {
            client_order_id,
            order: order.key,
            status: order.status,
            filled: order.filled,
        });
        self.reply(Event::of(order.account, order.symbol, body));
        if let Some(asset) = self.pairs.get(order.symbol).map(|pair| pair.pays(order.side)) {
            self.tell_balance(order.account, asset);
        }
        Ok(())
    }

    fn count(&mut self, flight: &Flight) -> Result<(), Refused> {
        let now = self.now;
        let fits = self.wire.rates[flight.account.index()].count(now);
        if fits { Ok(()) } else { Err(Refused::too_many()) }
    }

    /// The venue's time when the request reached it: half of its round trip ago.
    fn reached(&self, flight: &Flight) -> VenueTime {
        let (sent, due) = flight.sent.unwrap_or((self.now, self.now));
        let way = model::Span::from_nanos(due.since(sent).nanos() / 2);
        self.venue_at(sent.after(way))
    }

    fn reject(&mut self, flight: &Flight, refused: Refused) {
        let (client_order_id, cancel) = flight.id();
        let Refused { http, code, retry_after } = refused;
        let class = classify(http, code, "", cancel);
        let body = Body::Reject(Reject {
            client_order_id,
            cancel,
            http,
            code,
            class,
            figure: None,
            retry_after,
        });
        self.reply(Event::of(flight.account, flight.symbol, body));
    }

    /// Every connection broke: what went may still be served, and nobody hears of it.
    pub(crate) fn lose_requests(&mut self) {
        let now = self.now;
        let outbox = &mut self.outbox;
        self.wire.flights.retain_mut(|flight| {
            if flight.lost {
                return true;
            }
            let (client_order_id, cancel) = flight.id();
            let body = match flight.sent {
                Some(_) => Body::ReplyLost(ReplyLost { client_order_id, cancel, http: 0 }),
                None => Body::Busy { client_order_id, cancel },
            };
            outbox.put(now, Event::of(flight.account, flight.symbol, body));
            flight.lost = true;
            flight.sent.is_some()
        });
    }
}

impl Flight {
    fn id(&self) -> (ClientOrderId, bool) {
        match &self.what {
            What::Place(request) => (request.client_order_id, false),
            What::Cancel(cancel) => (cancel.client_order_id, true),
        }
    }

    fn adds_risk(&self) -> bool {
        match &self.what {
            What::Place(request) => matches!(request.authority, Authority::Permit(_)),
            What::Cancel(_) => false,
        }
    }
}
