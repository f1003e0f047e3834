//! One account's desk: its order connections, its private streams, its questions, its listen key.

use model::{AccountId, Block, Body, Event, Link, LinkState, Mono, Span, SymbolId, TimerName};
use venue::SymbolTable;
use venue::http1::{Limits, SuffixError};
use venue::mexc::feed::topic::Topic;
use venue::mexc::feed::{FeedConfig, FeedSession, Silence};
use venue::mexc::listen_key::{KeyAnswer, KeySlot, KeyWish, ListenKeyConfig, ListenKeyKeeper};
use venue::mexc::orders::{OrderConfig, OrderSession};
use venue::mexc::queries::question::Question;
use venue::mexc::queries::{QueryConfig, QuerySession};
use venue::sign::Credentials;

use super::{ANSWER_WAIT, TraderConfig, is_private_live};
use crate::machine::Closed;

/// An order connection that has carried nothing for this long is pinged.
const WARM_EVERY: Span = Span::from_secs(10);

#[derive(Debug)]
pub(super) struct Desk {
    account: AccountId,
    pub(super) orders: Vec<OrderSession>,
    orders_open: Vec<bool>,
    next_order: usize,
    pub(super) streams: [FeedSession; 2],
    paths: [String; 2],
    stream_path: String,
    restart: [bool; 2],
    keeper: ListenKeyKeeper,
    pub(super) query: QuerySession,
    /// Entries are held back since a private frame could not be read.
    decode_blocked: bool,
}

impl Desk {
    pub(super) fn new(
        account: AccountId,
        config: &TraderConfig,
        credentials: &Credentials,
    ) -> Result<Self, SuffixError> {
        let session = || {
            OrderSession::new(OrderConfig {
                account,
                host: &config.rest_host,
                credentials: credentials.clone(),
                ack_wait: config.ack_wait,
            })
        };
        let count = usize::from(config.order_links.max(1));
        let orders = (0..count).map(|_| session()).collect::<Result<Vec<_>, _>>()?;
        let query = QuerySession::new(QueryConfig {
            host: &config.rest_host,
            credentials: Some(credentials.clone()),
            answer_wait: ANSWER_WAIT,
            recv_window_ms: config.recv_window_ms,
            limits: Limits::PAGES,
        })?;
        Ok(Self {
            account,
            orders,
            orders_open: vec![false; count],
            next_order: 0,
            streams: [private_feed(account), private_feed(account)],
            paths: [String::new(), String::new()],
            stream_path: config.stream_path.clone(),
            restart: [false; 2],
            keeper: ListenKeyKeeper::new(ListenKeyConfig::default()),
            query,
            decode_blocked: false,
        })
    }

    /// A connection that can take a request, in turn.
    pub(super) fn free_order(&mut self) -> Option<usize> {
        let count = self.orders.len();
        let turn = (0..count).map(|step| (self.next_order + step) % count);
        let free = turn.into_iter().find(|&at| self.orders[at].is_free())?;
        self.next_order = (free + 1) % count;
        Some(free)
    }

    pub(super) fn wants_stream(&self, slot: KeySlot) -> bool {
        let at = slot.index();
        self.keeper.key(slot).is_some() && !self.restart[at] && !self.streams[at].must_close()
    }

    pub(super) fn path(&self, slot: KeySlot) -> &str {
        &self.paths[slot.index()]
    }

    pub(super) fn handle_order_open(&mut self, now: Mono, at: usize) -> Option<Event> {
        let first = self.orders_open.iter().all(|open| !open);
        self.orders_open[at] = true;
        self.orders[at].handle_open(now);
        first.then(|| self.link(Link::Order, true))
    }

    pub(super) fn handle_order_closed(
        &mut self,
        now: Mono,
        at: usize,
        out: &mut impl FnMut(Event),
    ) {
        let was = std::mem::take(&mut self.orders_open[at]);
        self.orders[at].handle_closed(now, out);
        if was && self.orders_open.iter().all(|open| !open) {
            out(self.link(Link::Order, false));
        }
    }

    fn link(&self, link: Link, up: bool) -> Event {
        Event::of(self.account, SymbolId::NONE, Body::Link { link, up })
    }

    /// The stream begins again: a frame of it could not be read.
    pub(super) fn restart_stream(&mut self, slot: KeySlot) {
        self.restart[slot.index()] = true;
        self.decode_blocked = true;
    }

    pub(super) fn handle_stream_closed(
        &mut self,
        slot: KeySlot,
        why: Closed,
        out: &mut impl FnMut(Event),
    ) {
        let current = self.keeper.current() == slot;
        self.restart[slot.index()] = false;
        self.streams[slot.index()].handle_closed(&mut |event| {
            if current {
                out(event);
            }
        });
        if matches!(why, Closed::Refused(status) if (400..500).contains(&status)) {
            self.keeper.handle_lost(slot);
        }
        if current {
            out(self.link(Link::User, false));
        }
    }

    /// A successor's stream takes over when it is live; before, it is not told of.
    pub(super) fn settle(&mut self, slot: KeySlot, queue: &mut Vec<Event>) {
        if queue.iter().any(is_private_live) {
            self.keeper.handle_live(slot);
            if std::mem::take(&mut self.decode_blocked) {
                let body = Body::Blocked { block: Block::Decode, on: false };
                queue.push(Event::of(self.account, SymbolId::NONE, body));
            }
        }
        if self.keeper.current() != slot {
            queue.retain(|event| !matches!(event.body, Body::Stream { .. }));
        }
    }

    /// Asks what the keeper of the listen key wishes, and keeps idle connections warm.
    pub(super) fn run(&mut self, now: Mono, table: &SymbolTable, out: &mut impl FnMut(Event)) {
        for at in 0..2 {
            let current = self.keeper.current().index() == at;
            self.streams[at].handle_timeout(now, &mut |event| {
                if current {
                    out(event);
                }
            });
            if self.streams[at].rotation_due(now) && current {
                self.keeper.replace();
            }
        }
        for session in &mut self.orders {
            session.handle_timeout(now, out);
            if session.idle_since().is_some_and(|since| now >= since.after(WARM_EVERY)) {
                session.warm(now);
            }
        }
        if let Some(wish) = self.keeper.poll_wish(now) {
            let question = match wish {
                KeyWish::Create => Question::ListenKeyCreate,
                KeyWish::Extend(key) => Question::ListenKeyExtend(key),
                KeyWish::Close(key) => Question::ListenKeyClose(key),
            };
            if self.query.ask(now, question, table).is_err() {
                self.handle_key(now, KeyAnswer::Failed);
            }
        }
    }

    pub(super) fn handle_key(&mut self, now: Mono, answer: KeyAnswer) {
        self.keeper.handle_answer(now, answer);
        for slot in [KeySlot::A, KeySlot::B] {
            let path = &mut self.paths[slot.index()];
            path.clear();
            if let Some(key) = self.keeper.key(slot) {
                path.push_str(&self.stream_path);
                path.push_str("?listenKey=");
                path.push_str(key.as_str());
            }
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<(Mono, TimerName)> {
        let warm = |session: &OrderSession| {
            session.idle_since().map(|since| (since.after(WARM_EVERY), "warm"))
        };
        self.orders
            .iter()
            .filter_map(OrderSession::poll_timeout)
            .chain(self.orders.iter().filter_map(warm))
            .chain(self.streams.iter().filter_map(FeedSession::poll_timeout))
            .chain(self.query.poll_timeout())
            .chain(self.keeper.poll_timeout())
            .min_by_key(|(at, _)| *at)
    }
}

fn private_feed(account: AccountId) -> FeedSession {
    let mut feed = FeedSession::new(FeedConfig::default(), account);
    let table = SymbolTable::new();
    for topic in Topic::PRIVATE {
        // Three channels, none of a pair: neither full nor unknown.
        let _ = feed.want(topic, Silence::PRIVATE, &table);
    }
    debug_assert_eq!(feed.state(SymbolId::NONE, model::Stream::Private), Some(LinkState::Down));
    feed
}
