//! Replies to questions as events.

use std::collections::VecDeque;

use model::{
    AccountId, Body, Event, Mono, QueryAnswer, RejectClass, Strategies, SymbolId, UpdateSource,
    VenueTime,
};
use venue::mexc::errors::classify;
use venue::mexc::json::JsonError;
use venue::mexc::listen_key::{KeyAnswer, ListenKey};
use venue::mexc::queries::question::{DEALS_PAGE, Question};
use venue::mexc::queries::{QUEUE_MAX, Reply};

use super::Trader;
use super::links::Role;
use crate::machine::LinkId;

/// Pages of deals that one question leads to at most.
const DEALS_PAGES: u8 = 5;

/// What a session handed over, until it is read. A session has one question in flight, so one call
/// brings at most one body; questions that nobody answered may end together.
#[derive(Debug)]
pub(super) struct Answered {
    heads: VecDeque<Head>,
    /// Of the head with an HTTP status.
    body: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    question: Question,
    http: u16,
    sent_at: Mono,
    received_at: Mono,
}

impl Answered {
    /// Most replies are far below; a page of all rules grows it once.
    const USUAL: usize = 256 * 1024;

    pub(super) fn new() -> Self {
        let heads = VecDeque::with_capacity(QUEUE_MAX + 1);
        Self { heads, body: Vec::with_capacity(Self::USUAL) }
    }

    pub(super) fn take(&mut self, reply: &Reply<'_>) {
        let (question, http) = (reply.question, reply.http);
        let (sent_at, received_at) = (reply.sent_at, reply.received_at);
        self.heads.push_back(Head { question, http, sent_at, received_at });
        if http != 0 {
            self.body.clear();
            self.body.extend_from_slice(reply.body);
        }
    }
}

impl<S: Strategies> Trader<S> {
    /// Reads what the link's session handed over.
    pub(super) fn read_answers(&mut self, now: Mono, link: LinkId) {
        match self.roles.of(link) {
            Role::Query(desk) => self.read_of(now, AccountId(desk as u8)),
            Role::Public => self.read_public(now),
            Role::Market(_) | Role::User(..) | Role::Order(..) => {}
        }
    }

    pub(super) fn read_public(&mut self, now: Mono) {
        self.read_of(now, AccountId::NONE);
    }

    pub(super) fn run_desk(&mut self, now: Mono, desk: usize) {
        let (queue, answered) = (&mut self.queue, &mut self.answered);
        let held = &mut self.desks[desk];
        held.run(now, &self.table, &mut |event| queue.push(event));
        held.query.handle_timeout(now, &mut |reply| answered.take(&reply));
        self.read_of(now, AccountId(desk as u8));
    }

    fn read_of(&mut self, now: Mono, account: AccountId) {
        while let Some(head) = self.answered.heads.pop_front() {
            self.read_one(now, account, head);
        }
    }

    fn read_one(&mut self, now: Mono, account: AccountId, head: Head) {
        if let Some(answer) = self.key_answer(&head) {
            if let Some(desk) = self.desks.get_mut(account.index()) {
                desk.handle_key(now, answer);
            }
            // Without a key there is no private stream: why, is for the engine to say.
            if head.question == Question::ListenKeyCreate && answer == KeyAnswer::Failed {
                let failed = QueryAnswer::Failed { http: head.http, code: self.code(&head) };
                self.queue.push(Event::of(account, SymbolId::NONE, Body::Answer(failed)));
            }
            return;
        }
        let symbol = symbol_of(&head.question);
        let before = self.queue.len();
        if self.read(&head, account).is_err() {
            self.queue.truncate(before);
            let code = self.code(&head);
            let answer = self.refused(&head, code);
            self.queue.push(Event::of(account, symbol, Body::Answer(answer)));
        }
    }

    /// What a refusal or an unreadable body means.
    fn refused(&self, head: &Head, code: i32) -> QueryAnswer {
        // About an order that is there, or not: what a cancel would be told.
        let class = classify(head.http, code, "", true);
        let absent = class == RejectClass::NoSuchOrder && head.http < 500 && code != 0;
        if let (Question::Order { client_order_id, .. }, true) = (head.question, absent) {
            let source = UpdateSource::OrderQuery;
            return QueryAnswer::NotFound { client_order_id, source };
        }
        QueryAnswer::Failed { http: head.http, code }
    }

    fn code(&mut self, head: &Head) -> i32 {
        if head.http == 0 {
            return 0; // The body is another's.
        }
        let document = self.json.parse(&self.answered.body);
        let error = document.and_then(|document| document.read::<venue::mexc::json::ApiError>());
        error.map_or(0, |error| error.code)
    }

    /// Queues the events of a good reply.
    fn read(&mut self, head: &Head, account: AccountId) -> Result<(), JsonError> {
        use venue::mexc::json;
        if head.http != 200 {
            return Err(JsonError::NotJson);
        }
        let document = self.json.parse(&self.answered.body)?;
        let (table, queue) = (&self.table, &mut self.queue);
        let symbol = symbol_of(&head.question);
        let (mut end, mut next) = (None, None);
        match head.question {
            Question::Time => {
                let time: json::ServerTime = document.read()?;
                drop(document);
                self.take_time(head.sent_at, head.received_at, time.server_time.millis());
                return Ok(());
            }
            Question::ExchangeInfo(_) => {
                let info: json::ExchangeInfo<'_> = document.read()?;
                let read_at = self.clock.venue_time(head.received_at).unwrap_or(VenueTime::NONE);
                for rules in &info.symbols.rows {
                    let Some(entry) = table.find(rules.symbol.as_bytes()) else { continue };
                    let version = self.engine.spec(entry.id).map_or(1, |spec| spec.version + 1);
                    let spec = rules.spec(version, read_at)?;
                    queue.push(Event::of(AccountId::NONE, entry.id, Body::Spec(spec)));
                }
            }
            Question::Depth { symbol, .. } => {
                let depth: json::Depth<'_> = document.read()?;
                if let Some(entry) = table.get(symbol) {
                    depth.events(entry, queue)?;
                }
            }
            Question::Account => {
                let balances: json::Account<'_> = document.read()?;
                balances.events(table, account, queue)?;
                end = Some(QueryAnswer::BalancesEnd);
            }
            Question::Order { .. } => {
                let order: json::Order<'_> = document.read()?;
                queue.extend(order.events(table, account, UpdateSource::OrderQuery)?);
            }
            Question::OpenOrders { .. } | Question::AllOrders { .. } => {
                let open = matches!(head.question, Question::OpenOrders { .. });
                let (source, last) = if open {
                    (UpdateSource::OpenOrders, QueryAnswer::OpenOrdersEnd)
                } else {
                    (UpdateSource::AllOrders, QueryAnswer::AllOrdersEnd)
                };
                let orders: Vec<json::Order<'_>> = document.read()?;
                for order in &orders {
                    queue.extend(order.events(table, account, source)?);
                }
                end = Some(last);
            }
            Question::MyTrades { symbol, to, page } => {
                let trades: Vec<json::MyTrade<'_>> = document.read()?;
                for trade in &trades {
                    queue.extend(trade.events(table, account)?);
                }
                let oldest = trades.iter().map(|trade| trade.time).min();
                match behind(trades.len(), oldest, to, page) {
                    Behind::Nothing => end = Some(QueryAnswer::TradesEnd),
                    Behind::Unread => {
                        let listed = (u32::from(page) + 1) * DEALS_PAGE as u32;
                        end = Some(QueryAnswer::TradesCut { listed });
                    }
                    Behind::Page { to } => {
                        next = Some(Question::MyTrades { symbol, to, page: page + 1 });
                    }
                }
            }
            Question::ListenKeyCreate
            | Question::ListenKeyExtend(_)
            | Question::ListenKeyClose(_)
            | Question::SelfSymbols
            | Question::TestOrder(_) => {}
        }
        drop(document);
        let asked = match (next, self.desks.get_mut(account.index())) {
            (Some(next), Some(desk)) => desk.query.ask(head.received_at, next, &self.table).is_ok(),
            (_, _) => true,
        };
        if !asked {
            end = Some(QueryAnswer::Failed { http: 0, code: 0 });
        }
        if let Some(answer) = end {
            self.queue.push(Event::of(account, symbol, Body::Answer(answer)));
        }
        Ok(())
    }

    /// The answer to a question about a listen key; `None` for any other question.
    fn key_answer(&mut self, head: &Head) -> Option<KeyAnswer> {
        let create = head.question == Question::ListenKeyCreate;
        let other =
            matches!(head.question, Question::ListenKeyExtend(_) | Question::ListenKeyClose(_));
        if !create && !other {
            return None;
        }
        if head.http == 0 || head.http >= 500 || head.http == 429 {
            return Some(KeyAnswer::Failed);
        }
        if head.http != 200 {
            return Some(if create { KeyAnswer::Failed } else { KeyAnswer::Unknown });
        }
        if !create {
            return Some(KeyAnswer::Done);
        }
        let document = self.json.parse(&self.answered.body).ok()?;
        let key = document.read::<venue::mexc::json::ListenKey<'_>>().ok();
        let key = key.and_then(|key| ListenKey::new(key.listen_key));
        Some(key.map_or(KeyAnswer::Failed, KeyAnswer::Created))
    }
}

/// What lies behind a page of deals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behind {
    /// It was the last.
    Nothing,
    /// Older ones, up to and with this moment: those of one moment may stand on two pages.
    Page { to: VenueTime },
    /// Older ones that are not asked for, or that no question reaches: more deals of one moment than
    /// a page holds.
    Unread,
}

fn behind(deals: usize, oldest: Option<VenueTime>, to: VenueTime, page: u8) -> Behind {
    match oldest {
        Some(oldest) if deals >= DEALS_PAGE => {
            if page + 1 < DEALS_PAGES && oldest != to {
                Behind::Page { to: oldest }
            } else {
                Behind::Unread
            }
        }
        Some(_) | None => Behind::Nothing,
    }
}

fn symbol_of(question: &Question) -> SymbolId {
    match question {
        Question::Depth { symbol, .. }
        | Question::Order { symbol, .. }
        | Question::OpenOrders { symbol }
        | Question::MyTrades { symbol, .. }
        | Question::AllOrders { symbol, .. } => *symbol,
        Question::ExchangeInfo(symbols) => symbols.get(0).unwrap_or(SymbolId::NONE),
        Question::Time
        | Question::Account
        | Question::ListenKeyCreate
        | Question::ListenKeyExtend(_)
        | Question::ListenKeyClose(_)
        | Question::SelfSymbols
        | Question::TestOrder(_) => SymbolId::NONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deals_are_asked_for_page_after_page_until_one_is_not_full() {
        let (none, early, late) =
            (VenueTime::NONE, VenueTime::from_millis(5), VenueTime::from_millis(9));
        let full = DEALS_PAGE;
        assert_eq!(behind(0, None, none, 0), Behind::Nothing);
        assert_eq!(behind(full - 1, Some(early), none, 0), Behind::Nothing);
        assert_eq!(behind(full, Some(late), none, 0), Behind::Page { to: late });
        assert_eq!(behind(full, Some(early), late, 1), Behind::Page { to: early });
        assert_eq!(behind(full, Some(late), late, 1), Behind::Unread, "no question goes behind it");
        assert_eq!(behind(full, Some(early), late, DEALS_PAGES - 1), Behind::Unread);
    }

    #[test]
    fn questions_that_nobody_answered_end_together_and_each_is_heard_of() {
        let mut answered = Answered::new();
        let lost = |question| Reply {
            question,
            http: 0,
            retry_after: model::Span::ZERO,
            body: &mut [],
            sent_at: Mono::ZERO,
            received_at: Mono::ZERO,
        };
        let [first, second] = [SymbolId(1), SymbolId(2)];
        answered.take(&lost(Question::OpenOrders { symbol: first }));
        answered.take(&lost(Question::OpenOrders { symbol: second }));
        answered.take(&lost(Question::Account));
        let heard: Vec<_> = answered.heads.iter().map(|head| symbol_of(&head.question)).collect();
        assert_eq!(heard, [first, second, SymbolId::NONE]);
    }
}
