//! Actions to sessions, after they are in the journal.

use engine::{Action, Question as Ask};
use model::{
    AccountId, Body, ClientOrderId, Event, FixedList, KillLevel, Mono, QueryAnswer, Record,
    Strategies, SymbolId, VenueTime,
};
use risk::Approved;
use venue::mexc::orders::CancelRequest;
use venue::mexc::queries::question::Question;

use super::Trader;

/// Levels a side of a snapshot. Newer documentation of the venue asks for 5,000; a fresh listing
/// has fewer, and the engine keeps 256.
const SNAPSHOT_LEVELS: u16 = 1_000;

impl<S: Strategies> Trader<S> {
    /// Journals what the step asks for, then does it. What cannot be done comes back as an event.
    pub(super) fn carry_out(&mut self, now: Mono) {
        if self.actions.is_empty() {
            return;
        }
        self.tape.outputs(now, &self.actions);
        while let Some(action) = self.actions.pop() {
            match action {
                Action::Place(order) => self.place(now, order),
                Action::Cancel { account, symbol, client_order_id } => {
                    self.cancel(now, account, symbol, client_order_id);
                }
                Action::Ask { account, symbol, question } => {
                    self.ask(now, account, symbol, question);
                }
                Action::Follow { symbol } => {
                    self.market.follow(symbol, &self.table);
                    for desk in &mut self.desks {
                        for session in &mut desk.orders {
                            session.prepare(symbol, &self.table);
                        }
                    }
                }
                Action::Unfollow { symbol } => {
                    let queue = &mut self.queue;
                    self.market.unfollow(symbol, &mut |event| queue.push(event));
                }
                Action::Persist { record, .. } => self.follow_kill(&record),
                Action::Note(_) => {}
            }
        }
    }

    fn place(&mut self, now: Mono, order: Approved) {
        let request = *order.request();
        self.counts.requests += 1;
        let busy = if let Some(paper) = &mut self.paper {
            paper.place(now, order).is_err()
        } else {
            let desk = self.desks.get_mut(request.account.index());
            match desk.and_then(|desk| Some((desk.free_order()?, desk))) {
                Some((at, desk)) => desk.orders[at].place(now, order, &self.table).is_err(),
                None => true,
            }
        };
        if busy {
            let client_order_id = request.client_order_id;
            let body = Body::Busy { client_order_id, cancel: false };
            self.queue.push(Event::of(request.account, request.symbol, body));
        }
    }

    fn cancel(
        &mut self,
        now: Mono,
        account: AccountId,
        symbol: SymbolId,
        client_order_id: ClientOrderId,
    ) {
        self.counts.requests += 1;
        let timestamp = self.clock.venue_time(now).unwrap_or(VenueTime::NONE);
        let recv_window_ms = self.recv_window_ms;
        let cancel = CancelRequest { account, symbol, client_order_id, timestamp, recv_window_ms };
        let busy = if let Some(paper) = &mut self.paper {
            paper.cancel(now, &cancel).is_err()
        } else {
            let desk = self.desks.get_mut(account.index());
            match desk.and_then(|desk| Some((desk.free_order()?, desk))) {
                Some((at, desk)) => desk.orders[at].cancel(now, &cancel, &self.table).is_err(),
                None => true,
            }
        };
        if busy {
            let body = Body::Busy { client_order_id, cancel: true };
            self.queue.push(Event::of(account, symbol, body));
        }
    }

    fn ask(&mut self, now: Mono, account: AccountId, symbol: SymbolId, ask: Ask) {
        if self.ask_paper(now, account, symbol, ask) {
            return;
        }
        let none = VenueTime::NONE;
        let question = match ask {
            Ask::Order(client_order_id) => Question::Order { symbol, client_order_id },
            Ask::OpenOrders => Question::OpenOrders { symbol },
            Ask::AllOrders => Question::AllOrders { symbol, from: none, to: none },
            Ask::Trades => Question::MyTrades { symbol, to: none, page: 0 },
            Ask::Balances => Question::Account,
            Ask::Book => Question::Depth { symbol, limit: SNAPSHOT_LEVELS },
            Ask::Rules => {
                let mut symbols = FixedList::new();
                let _ = symbols.push(symbol);
                self.market.hurry(now, symbol);
                Question::ExchangeInfo(symbols)
            }
        };
        let session = match self.desks.get_mut(account.index()) {
            Some(desk) => &mut desk.query,
            None => &mut self.public,
        };
        if session.ask(now, question, &self.table).is_err() {
            let body = Body::Answer(QueryAnswer::Failed { http: 0, code: 0 });
            self.queue.push(Event::of(account, symbol, body));
        }
    }

    /// The flag that is read before the first byte follows the engine's own raises and resumes.
    fn follow_kill(&mut self, record: &Record) {
        if let Record::Kill { level, .. } = record {
            let from = std::mem::replace(&mut self.kill_told, *level);
            match level {
                KillLevel::Active => {
                    let lowered = self.kill.resume(from, KillLevel::Active);
                    let level = self.kill.level();
                    if !lowered && level > KillLevel::Active {
                        // Raised in between: the engine follows, and a further resume lowers both.
                        let reason = model::Text::clipped("raised during a resume");
                        let kill = model::Command::Kill { level, reason };
                        self.queue.push(Event::bare(Body::Command(kill)));
                    }
                }
                KillLevel::Halt | KillLevel::Reduce | KillLevel::Flatten => self.kill.raise(*level),
            }
        }
    }
}
