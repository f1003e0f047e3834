//! Questions about an account, answered in turn a round trip after they were asked.

use std::collections::VecDeque;

use model::{
    AccountId, Body, ClientOrderId, Event, FillSource, Mono, QueryAnswer, SymbolId, UpdateSource,
};

use crate::Paper;
use crate::wire::Busy;

/// What may be asked about an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// One order.
    Order(ClientOrderId),
    /// The open orders of the pair.
    OpenOrders,
    /// The newest orders of the pair.
    AllOrders,
    /// The newest deals of the pair.
    Trades,
    /// Every balance.
    Balances,
}

#[derive(Clone, Copy, Debug)]
struct Question {
    account: AccountId,
    symbol: SymbolId,
    ask: Ask,
    due: Mono,
}

/// Questions that wait, and how far the first one's answer has come.
#[derive(Debug)]
pub(crate) struct Questions {
    waiting: VecDeque<Question>,
    at: usize,
    last_due: Mono,
}

impl Questions {
    /// As many as eight sessions of real questions hold.
    const CAPACITY: usize = 8 * 32;

    pub(crate) fn new() -> Self {
        let waiting = VecDeque::with_capacity(Self::CAPACITY);
        Self { waiting, at: 0, last_due: Mono::ZERO }
    }

    pub(crate) fn due(&self) -> Option<Mono> {
        self.waiting.front().map(|question| question.due)
    }
}

impl Paper {
    /// Takes a question; its answer comes as events, closed as a real one is.
    ///
    /// # Errors
    /// [`Busy`]: as many wait as may.
    pub fn ask(
        &mut self,
        now: Mono,
        account: AccountId,
        symbol: SymbolId,
        ask: Ask,
    ) -> Result<(), Busy> {
        self.now = now;
        if self.questions.waiting.len() == Questions::CAPACITY {
            return Err(Busy);
        }
        let takes = self.order_takes();
        let due = self.questions.last_due.max(now).after(takes);
        self.questions.last_due = due;
        self.questions.waiting.push_back(Question { account, symbol, ask, due });
        Ok(())
    }

    /// The next event of the answer that is due.
    pub(crate) fn next_answer(&mut self, now: Mono) -> Option<Event> {
        let question = *self.questions.waiting.front().filter(|question| question.due <= now)?;
        let Question { account, symbol, ask, .. } = question;
        if !self.reachable || (ask != Ask::Balances && self.waiting.has(&self.pairs, symbol)) {
            return Some(self.end_answer(QueryAnswer::Failed { http: 0, code: 0 }));
        }
        let at = self.questions.at;
        let (found, end) = match ask {
            Ask::Order(id) => return Some(self.answer_order(account, id)),
            Ask::OpenOrders => {
                let source = UpdateSource::OpenOrders;
                (self.next_order(account, symbol, at, source), QueryAnswer::OpenOrdersEnd)
            }
            Ask::AllOrders => {
                let source = UpdateSource::AllOrders;
                (self.next_order(account, symbol, at, source), QueryAnswer::AllOrdersEnd)
            }
            Ask::Trades => (self.next_trade(account, symbol, at), QueryAnswer::TradesEnd),
            Ask::Balances => (self.next_balance(account, at), QueryAnswer::BalancesEnd),
        };
        Some(match found {
            Some((at, event)) => {
                self.questions.at = at + 1;
                Event { last: false, ..event }
            }
            None => self.end_answer(end),
        })
    }

    fn end_answer(&mut self, answer: QueryAnswer) -> Event {
        self.questions.at = 0;
        let question = self.questions.waiting.pop_front();
        let (account, symbol) = question.map_or((AccountId::NONE, SymbolId::NONE), |question| {
            (question.account, question.symbol)
        });
        Event::of(account, symbol, Body::Answer(answer))
    }

    fn answer_order(&mut self, account: AccountId, id: ClientOrderId) -> Event {
        let source = UpdateSource::OrderQuery;
        let found = self.orders.find(id).and_then(|at| self.orders.get(at));
        match found.filter(|order| order.account == account) {
            Some(order) => {
                let event = order.update(source, self.venue_now());
                self.questions.waiting.pop_front();
                Event { last: false, ..event }
            }
            None => self.end_answer(QueryAnswer::NotFound { client_order_id: id, source }),
        }
    }

    fn next_order(
        &self,
        account: AccountId,
        symbol: SymbolId,
        from: usize,
        source: UpdateSource,
    ) -> Option<(usize, Event)> {
        let open = source == UpdateSource::OpenOrders;
        let mut at = from;
        while let Some(order) = self.orders.get(at) {
            if order.account == account && order.symbol == symbol && (!open || order.is_open()) {
                return Some((at, order.update(source, self.venue_now())));
            }
            at += 1;
        }
        None
    }

    fn next_trade(
        &self,
        account: AccountId,
        symbol: SymbolId,
        from: usize,
    ) -> Option<(usize, Event)> {
        let mut at = from;
        while let Some(deal) = self.deals.get(at) {
            if deal.account == account && deal.symbol == symbol {
                let fill = model::Fill { source: FillSource::Trades, ..deal.fill };
                let event = Event::of(account, symbol, Body::Fill(fill));
                return Some((at, Event { stamped: deal.at, ..event }));
            }
            at += 1;
        }
        None
    }

    fn next_balance(&self, account: AccountId, from: usize) -> Option<(usize, Event)> {
        let (at, balance) = self.purse.next(account, from)?;
        Some((at, Event::of(account, SymbolId::NONE, Body::Balance(balance))))
    }
}
