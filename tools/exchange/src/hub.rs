//! Stream connections: who listens to what, and the frames that wait for them.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use model::{Amount, Span, VenueTime};

use crate::config::Rules;
use crate::exchange::{Exchange, TAPE_MS, Timer, coin_id};
use crate::order::{Deal, Order};
use crate::personality::{DeadListenKey, Personality};
use crate::ws::channel::Topic;
use crate::ws::push::{self, BalanceChange, Head};

/// Connections at once.
pub(crate) const SESSIONS_MAX: usize = 1_024;
/// Frames that wait for one connection; a reader that is slower is closed.
const OUTBOX_MAX: usize = 16_384;
/// A connection without a valid subscription lives this long.
const BARE_MAX: Span = Span::from_secs(30);
/// A subscribed connection without traffic lives this long.
const SILENCE_MAX: Span = Span::from_secs(60);

/// What a stream connection sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A control frame.
    Text(String),
    /// A push.
    Binary(Vec<u8>),
    /// The end, with its code; nothing follows.
    Close(u16),
}

/// One stream connection.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) peer: IpAddr,
    pub(crate) account: Option<usize>,
    pub(crate) listen_key: Option<String>,
    pub(crate) topics: Vec<(Topic, String)>,
    pub(crate) window: (VenueTime, u32),
    opened: VenueTime,
    bare_since: Option<VenueTime>,
    active: VenueTime,
    outbox: VecDeque<(VenueTime, Message)>,
    closed: bool,
}

impl Session {
    pub(crate) fn new(
        now: VenueTime,
        peer: IpAddr,
        account: Option<usize>,
        listen_key: Option<String>,
    ) -> Self {
        Self {
            peer,
            account,
            listen_key,
            topics: Vec::new(),
            window: (now, 0),
            opened: now,
            bare_since: Some(now),
            active: now,
            outbox: VecDeque::new(),
            closed: false,
        }
    }

    /// Notes traffic, and whether the connection has a subscription.
    pub(crate) fn touch(&mut self, now: VenueTime) {
        self.active = now;
    }

    /// Restarts the clock of connections without subscription when the last one went.
    pub(crate) fn note_topics(&mut self, now: VenueTime) {
        self.active = now;
        self.bare_since = match self.topics.is_empty() {
            true => self.bare_since.or(Some(now)),
            false => None,
        };
    }

    /// Queues a message for `due`, behind those due no later.
    pub(crate) fn push(&mut self, due: VenueTime, message: Message) {
        if self.closed {
            return;
        }
        if self.outbox.len() >= OUTBOX_MAX {
            self.outbox.clear();
            self.close(due, 1008);
            return;
        }
        let at = self.outbox.iter().rposition(|(other, _)| *other <= due).map_or(0, |at| at + 1);
        self.outbox.insert(at, (due, message));
        self.active = self.active.max(due);
    }

    /// Ends it after what waits; whether it was open.
    pub(crate) fn close(&mut self, due: VenueTime, code: u16) -> bool {
        let open = !self.closed;
        if open {
            let due = self.outbox.back().map_or(due, |(last, _)| due.max(*last));
            self.outbox.push_back((due, Message::Close(code)));
            self.closed = true;
        }
        open
    }

    /// Meets the death of its listen key.
    pub(crate) fn orphan(&mut self, now: VenueTime, how: DeadListenKey) {
        match how {
            DeadListenKey::Closed => {
                self.close(now, 1000);
            }
            DeadListenKey::Told => {
                self.push(now, Message::Text("Invalid listen key".to_owned()));
                self.close(now, 1000);
            }
            DeadListenKey::Silent => (self.account, self.listen_key) = (None, None),
        }
    }

    pub(crate) fn poll(&mut self, now: VenueTime) -> Option<Message> {
        if self.outbox.front()?.0 > now {
            return None;
        }
        self.outbox.pop_front().map(|(_, message)| message)
    }

    fn dies(&self, rules: &Rules) -> Option<VenueTime> {
        if self.closed {
            return None;
        }
        let idle = match self.bare_since {
            Some(since) => since.after(BARE_MAX),
            None => self.active.after(SILENCE_MAX),
        };
        Some(idle.min(self.opened.after(Span::from_secs(rules.stream_life_s))))
    }
}

/// All stream connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hub {
    pub(crate) sessions: BTreeMap<u32, Session>,
    pub(crate) opened: u32,
    pub(crate) second_scheduled: bool,
}

impl Hub {
    pub(crate) fn poll_timeout(&self, now: VenueTime, rules: &Rules) -> Option<VenueTime> {
        let waiting = |session: &Session| {
            session.outbox.front().map(|(due, _)| *due).filter(|due| *due > now)
        };
        self.sessions.values().flat_map(|s| [s.dies(rules), waiting(s)]).flatten().min()
    }

    /// Closes what lived too long or was silent too long; whether any did.
    pub(crate) fn close_idle(&mut self, now: VenueTime, rules: &Rules) -> bool {
        let mut any = false;
        for session in self.sessions.values_mut() {
            if session.dies(rules).is_some_and(|dies| dies <= now) {
                session.close(now, 1000);
                session.topics.clear();
                any = true;
            }
        }
        any
    }

    /// Lets private connections meet the death of their listen key.
    pub(crate) fn end_orphans(
        &mut self,
        now: VenueTime,
        how: DeadListenKey,
        alive: impl Fn(&str) -> bool,
    ) {
        for session in self.sessions.values_mut() {
            if session.listen_key.as_deref().is_some_and(|key| !alive(key)) {
                session.orphan(now, how);
            }
        }
    }

    pub(crate) fn watches_tape(&self, symbol: usize, tape: usize) -> bool {
        let topics = self.sessions.values().flat_map(|session| &session.topics);
        topics.into_iter().any(|(topic, _)| topic.tape() == Some((symbol, tape)))
    }

    pub(crate) fn watches_seconds(&self) -> bool {
        let topics = self.sessions.values().flat_map(|session| &session.topics);
        topics.into_iter().any(|(topic, _)| {
            matches!(topic, Topic::Kline(..) | Topic::MiniTicker(..) | Topic::MiniTickers(_))
        })
    }

    /// Topics of one kind that somebody listens to, with their names, each once.
    fn wanted(&self, keep: impl Fn(Topic) -> bool) -> Vec<(Topic, String)> {
        let mut all: Vec<(Topic, String)> = Vec::new();
        for (topic, name) in self.sessions.values().flat_map(|session| &session.topics) {
            if keep(*topic) && !all.iter().any(|(_, known)| known == name) {
                all.push((*topic, name.clone()));
            }
        }
        all
    }
}

/// Why a balance changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Place,
    Deal,
    Fee,
    Unlock,
    Cancel,
}

impl Cause {
    fn word(self) -> &'static str {
        match self {
            Self::Place => "ENTRUST_PLACE",
            Self::Deal => "ENTRUST",
            Self::Fee => "TRADE_FEE",
            Self::Unlock => "ENTRUST_UNFROZEN",
            Self::Cancel => "ENTRUST_CANCEL",
        }
    }
}

impl Exchange {
    /// Sends what one tape collected, a frame a channel.
    pub(crate) fn flush(&mut self, symbol: usize, tape: usize) {
        let wanted = self.hub.wanted(|topic| topic.tape() == Some((symbol, tape)));
        let now = self.now;
        let Personality { old_schema: old, book_ticker_as_305: as_305, missing_side, .. } =
            &self.personality;
        let (old, as_305, missing) = (*old, *as_305, missing_side.clone());
        for (topic, name) in wanted {
            let state = &self.symbols[symbol];
            let collected = &state.tapes[tape];
            let event = name.rsplit_once('@').map_or("", |(event, _)| event);
            let changed = collected.from.is_some();
            let (field, body) = match topic {
                Topic::Deals(..) if !collected.trades.is_empty() => {
                    (314, push::deals(&collected.trades, event, state.scale, old))
                }
                Topic::Depth(..) if changed => (313, push::depth(state, tape, event, old)),
                Topic::BookTicker(..) if changed && as_305 => {
                    (305, push::book_ticker(state, false, &missing))
                }
                Topic::BookTicker(..) if changed => (315, push::book_ticker(state, !old, &missing)),
                Topic::DepthBatch(_) if changed => (312, push::depth_batch(state, tape)),
                Topic::LimitDepth(_, levels) if changed => {
                    (303, push::limit_depth(state, levels, old))
                }
                Topic::BookTickerBatch(_) if changed => {
                    (311, push::book_ticker_batch(state, old, &missing))
                }
                Topic::Deals(..)
                | Topic::Depth(..)
                | Topic::BookTicker(..)
                | Topic::LimitDepth(..)
                | Topic::BookTickerBatch(_)
                | Topic::DepthBatch(_)
                | Topic::Kline(..)
                | Topic::MiniTicker(..)
                | Topic::MiniTickers(_)
                | Topic::Orders
                | Topic::OwnDeals
                | Topic::Balances => continue,
            };
            let head = Head {
                channel: &name,
                symbol: Some(&state.name),
                sent: Some(now),
                ..Head::default()
            };
            let frame = push::frame(head, field, &body);
            self.publish(&name, &frame);
        }
        let tape = &mut self.symbols[symbol].tapes[tape];
        tape.clear();
        tape.scheduled = false;
    }

    /// Sends candles every second and tickers every third.
    pub(crate) fn second(&mut self) {
        self.hub.second_scheduled = false;
        let now = self.now;
        let third = now.millis().div_euclid(1_000) % 3 == 0;
        let wanted = self.hub.wanted(|topic| match topic {
            Topic::Kline(..) => true,
            Topic::MiniTicker(..) | Topic::MiniTickers(_) => third,
            Topic::Deals(..)
            | Topic::Depth(..)
            | Topic::BookTicker(..)
            | Topic::LimitDepth(..)
            | Topic::BookTickerBatch(_)
            | Topic::DepthBatch(_)
            | Topic::Orders
            | Topic::OwnDeals
            | Topic::Balances => false,
        });
        for (topic, name) in wanted {
            let Some(frame) = self.second_frame(topic, &name) else { continue };
            self.publish(&name, &frame);
        }
        self.schedule_second();
    }

    /// The frame of a topic that is sent by the clock; `None` before the first deal.
    fn second_frame(&self, topic: Topic, name: &str) -> Option<Vec<u8>> {
        let now = self.now;
        let state = topic.symbol().map(|symbol| &self.symbols[symbol]);
        let head = Head {
            channel: name,
            symbol: state.map(|state| state.name.as_str()),
            sent: Some(now),
            ..Head::default()
        };
        match (topic, state) {
            (Topic::Kline(_, interval), Some(state)) => {
                let candle = state.candles.running(now, interval.width)?;
                let head = Head {
                    symbol_id: Some(&state.pair_id),
                    created: Some(now),
                    sent: None,
                    ..head
                };
                let body = push::kline(&candle, interval.stream, interval.width, state.scale);
                Some(push::frame(head, 308, &body))
            }
            (Topic::MiniTicker(_, zone), Some(state)) => {
                Some(push::frame(head, 309, &push::mini_ticker(state, zone, now)?))
            }
            (Topic::MiniTickers(zone), _) => {
                let listed = self.symbols.iter().filter(|symbol| symbol.is_listed(now));
                Some(push::frame(head, 310, &push::mini_tickers(listed, zone, now)))
            }
            _ => None,
        }
    }

    pub(crate) fn schedule_second(&mut self) {
        if self.hub.second_scheduled || !self.hub.watches_seconds() {
            return;
        }
        self.hub.second_scheduled = true;
        let next = (self.now.millis().div_euclid(1_000) + 1) * 1_000;
        self.set_timer(VenueTime::from_millis(next), Timer::Second);
    }

    /// Tells an account's streams the state of an order.
    pub(crate) fn tell_order(&mut self, order: &Order) {
        if !self.is_heard(order.account, Topic::Orders) {
            return;
        }
        let symbol = &self.symbols[order.symbol];
        let body = push::order(order, symbol, self.personality.order_ids);
        let name = symbol.name.clone();
        self.tell(order.account, Topic::Orders, Some(&name), false, 304, &body);
    }

    pub(crate) fn tell_deal(&mut self, account: usize, deal: &Deal) {
        if !self.is_heard(account, Topic::OwnDeals) {
            return;
        }
        let symbol = &self.symbols[deal.symbol];
        let fee_asset = &self.ledger.assets()[deal.fee_asset];
        let body = push::own_deal(deal, symbol, fee_asset, self.personality.order_ids);
        let name = symbol.name.clone();
        self.tell(account, Topic::OwnDeals, Some(&name), false, 306, &body);
    }

    /// Tells a change of a balance, given at 1e-18.
    pub(crate) fn tell_balance(
        &mut self,
        account: usize,
        asset: usize,
        free: i128,
        locked: i128,
        cause: Cause,
    ) {
        if !self.is_heard(account, Topic::Balances) {
            return;
        }
        let pocket = self.ledger.pocket(account, asset);
        let name = &self.ledger.assets()[asset];
        let body = push::balance(BalanceChange {
            asset: name,
            coin_id: &coin_id(name),
            free: pocket.free,
            free_change: Amount::from_raw(free),
            locked: pocket.locked,
            locked_change: Amount::from_raw(locked),
            cause: cause.word(),
            at: self.now,
        });
        self.tell(account, Topic::Balances, None, true, 307, &body);
    }

    fn is_heard(&self, account: usize, topic: Topic) -> bool {
        !self.accounts[account].house
            && self.hub.sessions.values().any(|session| listens(session, account, topic))
    }

    fn tell(
        &mut self,
        account: usize,
        topic: Topic,
        symbol: Option<&str>,
        created: bool,
        field: u32,
        body: &crate::ws::pb::Message,
    ) {
        let due = self.private_due;
        for session in self.hub.sessions.values_mut() {
            if !listens(session, account, topic) {
                continue;
            }
            let named = session.topics.iter().find(|(known, _)| *known == topic);
            let channel = named.map_or("", |(_, name)| name.as_str());
            let created = created.then_some(self.now);
            let head = Head { channel, symbol, symbol_id: None, created, sent: Some(due) };
            let frame = push::frame(head, field, body);
            for _ in 0..self.faults.copies(false) {
                session.push(due, Message::Binary(frame.clone()));
            }
        }
    }

    fn publish(&mut self, channel: &str, frame: &[u8]) {
        let now = self.now;
        for session in self.hub.sessions.values_mut() {
            if session.topics.iter().any(|(_, name)| name == channel) {
                for _ in 0..self.faults.copies(true) {
                    session.push(now, Message::Binary(frame.to_vec()));
                }
            }
        }
    }
}

fn listens(session: &Session, account: usize, topic: Topic) -> bool {
    session.account == Some(account) && session.topics.iter().any(|(known, _)| *known == topic)
}

const _: () = assert!(TAPE_MS.len() == 2, "a symbol has one tape a speed");
