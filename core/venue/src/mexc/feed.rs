//! The control side of one market or private WebSocket: which channels are wanted, what the venue
//! made of it, and whether anything still flows.
//!
//! A subscription counts only when its name was echoed or its data came; a refused one is asked
//! for again until it is accepted, because a pair that has not opened is refused until it exists.

mod rate;
mod slot;
pub mod topic;

use core::fmt::{self, Write};

use model::{AccountId, Body, Event, LinkState, Mono, Span, Stream, SymbolId, TimerName};

use crate::SymbolTable;
use crate::mexc::codec::control::Control;
use rate::Rate;
use slot::{Slot, State, badness, shown};
use topic::{NAME_MAX, Topic};

/// Settings of a feed connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedConfig {
    /// Longest wait for an acknowledgement.
    pub ack_wait: Span,
    /// A ping this long after the last one, whatever else flows; the venue closes after 60 s.
    pub ping_every: Span,
    /// Nothing heard for this long after a ping: the connection is dead.
    pub pong_wait: Span,
    /// Wait after the first refusal of a channel; doubled by each further one.
    pub retry_first: Span,
    /// Longest wait between attempts for one channel.
    pub retry_max: Span,
    /// A successor should be opened then; the venue closes after 24 h.
    pub rotate_after: Span,
}

impl Default for FeedConfig {
    fn default() -> Self {
        Self {
            ack_wait: Span::from_secs(5),
            ping_every: Span::from_secs(20),
            pong_wait: Span::from_secs(10),
            retry_first: Span::from_millis(500),
            retry_max: Span::from_secs(5),
            rotate_after: Span::from_secs(23 * 3_600),
        }
    }
}

/// When silence makes a channel stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Never: a quiet pair is quiet.
    Allowed,
    /// When the channel itself was silent for so long: for pairs that trade all the time.
    OfChannel(Span),
    /// When the whole connection was silent for so long, pongs included: for private channels.
    OfConnection(Span),
}

impl Silence {
    /// For books and deals of a pair that trades.
    pub const TRADING: Self = Self::OfChannel(Span::from_millis(1_500));
    /// For private channels: three pings without an answer.
    pub const PRIVATE: Self = Self::OfConnection(Span::from_secs(65));
}

/// Control of one connection's subscriptions.
#[derive(Debug)]
pub struct FeedSession {
    config: FeedConfig,
    account: AccountId,
    slots: Vec<Slot>,
    text: String,
    /// What `text` is, while it waits to be sent.
    pending: Option<Message>,
    link: Link,
    opened: Mono,
    heard: Mono,
    ping_at: Mono,
    /// The ping that is not answered yet.
    pinged: Option<Mono>,
    last_id: u32,
    unanswered: u32,
    rate: Rate,
}

/// Channels of one connection at most; the venue takes 30.
pub const TOPICS_MAX: usize = 28;

/// Client messages in any second at most; the venue cuts the connection above 100.
pub const MESSAGES_PER_SECOND: usize = 50;

/// Acknowledgements in a row that may be missing before the connection is given up.
const UNANSWERED_MAX: u32 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Down,
    Open,
    /// Out of order: to be closed.
    Spent,
}

/// One message to send; bit n of a set is slot n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    Subscribe(u32),
    Unsubscribe(u32),
    Ping,
}

/// Why a channel cannot be wanted here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedError {
    /// The connection has as many channels as it may.
    Full {
        /// How many.
        max: usize,
    },
    /// The table lacks the pair, or its name cannot stand in a channel's.
    BadSymbol {
        /// Which.
        symbol: SymbolId,
    },
}

impl fmt::Display for FeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { max } => write!(f, "the connection has {max} channels already"),
            Self::BadSymbol { symbol } => write!(f, "symbol {} has no channel name", symbol.0),
        }
    }
}

impl core::error::Error for FeedError {}

impl FeedSession {
    /// A connection that is not open, with no channel; private ones are `account`'s.
    pub fn new(config: FeedConfig, account: AccountId) -> Self {
        Self {
            config,
            account,
            slots: Vec::with_capacity(TOPICS_MAX),
            text: String::with_capacity(TOPICS_MAX * (NAME_MAX + 3) + 64),
            pending: None,
            link: Link::Down,
            opened: Mono::ZERO,
            heard: Mono::ZERO,
            ping_at: Mono::NEVER,
            pinged: None,
            last_id: 0,
            unanswered: 0,
            rate: Rate::new(),
        }
    }

    /// Wants a channel. Nothing changes for one that is wanted already.
    ///
    /// # Errors
    /// [`FeedError`]; nothing changed.
    pub fn want(
        &mut self,
        topic: Topic,
        silence: Silence,
        table: &SymbolTable,
    ) -> Result<(), FeedError> {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.topic == topic) {
            if !slot.state.is_wanted() {
                slot.silence = silence;
                slot.state = State::Wanted;
                slot.first_id = u32::MAX;
            }
            return Ok(());
        }
        if self.slots.len() == TOPICS_MAX {
            return Err(FeedError::Full { max: TOPICS_MAX });
        }
        let symbol = topic.symbol();
        let text = table.get(symbol).map_or("", |entry| entry.name.as_str());
        let name = topic.name(text).ok_or(FeedError::BadSymbol { symbol })?;
        self.slots.push(Slot {
            topic,
            name,
            silence,
            state: State::Wanted,
            failures: 0,
            first_id: u32::MAX,
            last_id: 0,
            data: Mono::ZERO,
        });
        Ok(())
    }

    /// Changes what silence means for a channel, counted from here: traffic is expected once a
    /// pair has opened, and not before.
    pub fn set_silence(
        &mut self,
        now: Mono,
        topic: Topic,
        silence: Silence,
        out: &mut impl FnMut(Event),
    ) {
        let Some(at) = self.slots.iter().position(|slot| slot.topic == topic) else { return };
        self.slots[at].silence = silence;
        self.slots[at].data = now;
        if self.slots[at].state == State::Stale {
            self.set(at, State::Live, out);
        }
    }

    /// No longer wants a channel.
    pub fn unwant(&mut self, topic: Topic, out: &mut impl FnMut(Event)) {
        let Some(at) = self.slots.iter().position(|slot| slot.topic == topic) else { return };
        let quiet = matches!(self.slots[at].state, State::Wanted | State::Refused(_));
        if self.link == Link::Open && !quiet {
            self.set(at, State::Unwanted, out);
        } else {
            self.remove(at, out);
        }
    }

    /// Asks at once for a refused channel of `symbol`: its opening is near, or news came.
    pub fn hurry(&mut self, now: Mono, symbol: SymbolId) {
        for slot in self.slots.iter_mut().filter(|slot| slot.topic.symbol() == symbol) {
            slot.failures = 0;
            match &mut slot.state {
                State::Refused(at) | State::Unanswered(at) => *at = now.min(*at),
                State::Wanted
                | State::Asked(_)
                | State::Live
                | State::Stale
                | State::Unwanted
                | State::Leaving(_) => {}
            }
        }
    }

    /// Channels wanted; with none the venue closes after 30 s, so the connection should not be.
    pub fn wanted(&self) -> usize {
        self.slots.iter().filter(|slot| slot.state.is_wanted()).count()
    }

    /// How a stream stands: as the worst of its channels. `None` when none of them is wanted.
    pub fn state(&self, symbol: SymbolId, stream: Stream) -> Option<LinkState> {
        let of = |slot: &&Slot| slot.topic.symbol() == symbol && slot.topic.stream() == stream;
        self.slots
            .iter()
            .filter(of)
            .filter(|slot| slot.state.is_wanted())
            .map(|slot| shown(slot.state))
            .max_by_key(|&state| badness(state))
    }

    /// Whether the connection must be closed: pings or requests go unanswered.
    pub fn must_close(&self) -> bool {
        self.link == Link::Spent
    }

    /// Whether a successor should be opened, because the venue will close this one.
    pub fn rotation_due(&self, now: Mono) -> bool {
        self.link == Link::Open && now.since(self.opened) >= self.config.rotate_after
    }

    /// The connection is open.
    pub fn handle_open(&mut self, now: Mono) {
        self.link = Link::Open;
        self.opened = now;
        self.heard = now;
        self.ping_at = now.after(self.config.ping_every);
        self.last_id = 0;
        self.unanswered = 0;
        for slot in &mut self.slots {
            slot.first_id = u32::MAX;
            slot.failures = 0;
        }
    }

    /// The connection is gone, and every subscription with it.
    pub fn handle_closed(&mut self, out: &mut impl FnMut(Event)) {
        self.link = Link::Down;
        self.pending = None;
        self.pinged = None;
        self.ping_at = Mono::NEVER;
        for at in (0..self.slots.len()).rev() {
            if self.slots[at].state.is_wanted() {
                self.set(at, State::Wanted, out);
            } else {
                self.remove(at, out);
            }
        }
    }

    /// The text message to send next; the same until [`handle_transmitted`](Self::handle_transmitted).
    pub fn poll_transmit(&mut self, now: Mono) -> Option<&str> {
        if self.pending.is_none() && self.link == Link::Open && self.rate.next(now) <= now {
            self.pending = self.next_message(now);
            if let Some(message) = self.pending {
                self.write(message);
            }
        }
        self.pending.map(|_| self.text.as_str())
    }

    /// The transport took the message.
    pub fn handle_transmitted(&mut self, now: Mono, out: &mut impl FnMut(Event)) {
        let Some(message) = self.pending.take() else { return };
        self.rate.count(now);
        let until = now.after(self.config.ack_wait);
        match message {
            Message::Ping => {
                self.ping_at = now.after(self.config.ping_every);
                self.pinged = self.pinged.or(Some(now));
            }
            Message::Subscribe(set) => {
                for at in members(set) {
                    let slot = &mut self.slots[at];
                    slot.last_id = self.last_id;
                    slot.first_id = slot.first_id.min(self.last_id);
                    // It may have become unwanted, or its data may have come, since the text was
                    // written.
                    if matches!(
                        slot.state,
                        State::Wanted | State::Unanswered(_) | State::Refused(_)
                    ) {
                        self.set(at, State::Asked(until), out);
                    }
                }
            }
            Message::Unsubscribe(set) => {
                for at in members(set) {
                    self.slots[at].last_id = self.last_id;
                    if self.slots[at].state == State::Unwanted {
                        self.set(at, State::Leaving(until), out);
                    }
                }
            }
        }
    }

    /// A control frame came.
    pub fn handle_control(
        &mut self,
        now: Mono,
        control: &Control<'_>,
        out: &mut impl FnMut(Event),
    ) {
        self.handle_heard(now, out);
        match control {
            Control::Pong { .. } | Control::Failed { .. } => {}
            Control::AlreadySubscribed { id } => self.settle_all(now, *id, out),
            Control::Ack(ack) => {
                for name in ack.accepted() {
                    self.settle_name(now, ack.id, name, true, out);
                }
                // Last, so that a text that contradicts itself counts as a refusal.
                for name in ack.refused() {
                    self.settle_name(now, ack.id, name, false, out);
                }
            }
        }
    }

    fn settle_name(
        &mut self,
        now: Mono,
        id: u64,
        name: &str,
        accepted: bool,
        out: &mut impl FnMut(Event),
    ) {
        let found = |slot: &Slot| slot.name.as_str() == name && slot.is_about(id);
        if let Some(at) = self.slots.iter().position(found) {
            self.settle(now, at, accepted, out);
        }
    }

    /// An event was read from this connection.
    pub fn handle_event(&mut self, now: Mono, event: &Event, out: &mut impl FnMut(Event)) {
        self.handle_heard(now, out);
        let Some(at) = self.slots.iter().position(|slot| slot.topic.carries(event)) else { return };
        self.slots[at].data = now;
        match self.slots[at].state {
            State::Live | State::Wanted | State::Unwanted | State::Leaving(_) => {}
            State::Asked(_) | State::Unanswered(_) | State::Refused(_) | State::Stale => {
                self.go_live(now, at, out);
            }
        }
    }

    /// Anything came over this connection: a frame, a pong, a ping of the protocol.
    pub fn handle_heard(&mut self, now: Mono, out: &mut impl FnMut(Event)) {
        self.heard = now;
        self.pinged = None;
        for at in 0..self.slots.len() {
            let slot = &self.slots[at];
            if slot.state == State::Stale && matches!(slot.silence, Silence::OfConnection(_)) {
                self.set(at, State::Live, out);
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) or [`poll_transmit`](Self::poll_transmit)
    /// has something to do next.
    pub fn poll_timeout(&self) -> Option<(Mono, TimerName)> {
        if self.link != Link::Open {
            return None;
        }
        let mut next = (Mono::NEVER, IDLE);
        let mut offer = |at: Mono, name: TimerName| {
            if at < next.0 {
                next = (at, name);
            }
        };
        if self.pending.is_none() {
            let send = self.rate.next(Mono::ZERO);
            offer(self.ping_at.max(send), PING);
            for slot in &self.slots {
                match slot.state {
                    State::Wanted | State::Unwanted => offer(send, SUBSCRIBE),
                    State::Refused(at) | State::Unanswered(at) => offer(at.max(send), SUBSCRIBE),
                    State::Asked(_) | State::Live | State::Stale | State::Leaving(_) => {}
                }
            }
        }
        if let Some(pinged) = self.pinged {
            offer(pinged.after(self.config.pong_wait), PONG);
        }
        for slot in &self.slots {
            match slot.state {
                State::Asked(until) | State::Leaving(until) => offer(until, ACK),
                State::Live => offer(self.stale_at(slot), STALE),
                State::Wanted
                | State::Unanswered(_)
                | State::Refused(_)
                | State::Stale
                | State::Unwanted => {}
            }
        }
        (next.0 < Mono::NEVER).then_some(next)
    }

    /// Notices what did not come: acknowledgements, pongs, data.
    pub fn handle_timeout(&mut self, now: Mono, out: &mut impl FnMut(Event)) {
        if self.link != Link::Open {
            return;
        }
        if self.pinged.is_some_and(|at| at.after(self.config.pong_wait) <= now) {
            self.link = Link::Spent;
        }
        let mut missing = false;
        for at in (0..self.slots.len()).rev() {
            let slot = self.slots[at];
            match slot.state {
                State::Asked(until) if until <= now => {
                    missing = true;
                    let retry = now.after(self.retry_wait(slot.failures));
                    self.slots[at].failures = slot.failures.saturating_add(1);
                    self.set(at, State::Unanswered(retry), out);
                }
                State::Leaving(until) if until <= now => self.remove(at, out),
                State::Live if self.stale_at(&slot) <= now => self.set(at, State::Stale, out),
                State::Wanted
                | State::Asked(_)
                | State::Unanswered(_)
                | State::Refused(_)
                | State::Live
                | State::Stale
                | State::Unwanted
                | State::Leaving(_) => {}
            }
        }
        if missing {
            self.unanswered += 1;
            if self.unanswered >= UNANSWERED_MAX {
                self.link = Link::Spent;
            }
        }
    }

    fn stale_at(&self, slot: &Slot) -> Mono {
        match slot.silence {
            Silence::Allowed => Mono::NEVER,
            Silence::OfChannel(span) => slot.data.after(span),
            Silence::OfConnection(span) => self.heard.after(span),
        }
    }

    fn retry_wait(&self, failures: u32) -> Span {
        let doubled = 1_u64.checked_shl(failures).unwrap_or(u64::MAX);
        let wait = self.config.retry_first.nanos().saturating_mul(doubled);
        Span::from_nanos(wait.min(self.config.retry_max.nanos()))
    }

    /// Leaving channels first, so that they make room; then all fresh ones in one message; then
    /// those that failed, each alone, so that one refusal cannot take others with it.
    fn next_message(&self, now: Mono) -> Option<Message> {
        let set = |of: &dyn Fn(&Slot) -> bool| {
            let bit = |(at, slot): (usize, &Slot)| if of(slot) { 1_u32 << at } else { 0 };
            self.slots.iter().enumerate().map(bit).sum::<u32>()
        };
        let unwanted = set(&|slot| slot.state == State::Unwanted);
        if unwanted != 0 {
            return Some(Message::Unsubscribe(unwanted));
        }
        let fresh = set(&|slot| slot.state == State::Wanted);
        if fresh != 0 {
            return Some(Message::Subscribe(fresh));
        }
        if self.ping_at <= now {
            return Some(Message::Ping);
        }
        let due = set(
            &|slot| matches!(slot.state, State::Refused(at) | State::Unanswered(at) if at <= now),
        );
        (due != 0).then(|| Message::Subscribe(1 << due.trailing_zeros()))
    }

    fn write(&mut self, message: Message) {
        let (method, set) = match message {
            Message::Ping => {
                self.text.clear();
                self.text.push_str(r#"{"method":"PING"}"#);
                return;
            }
            Message::Subscribe(set) => ("SUBSCRIPTION", set),
            Message::Unsubscribe(set) => ("UNSUBSCRIPTION", set),
        };
        self.last_id = self.last_id.saturating_add(1);
        self.text.clear();
        // Writing into a String cannot fail.
        let _ = write!(self.text, r#"{{"method":"{method}","params":["#);
        for (count, at) in members(set).enumerate() {
            let comma = if count == 0 { "" } else { "," };
            let _ = write!(self.text, r#"{comma}"{}""#, self.slots[at].name);
        }
        let _ = write!(self.text, r#"],"id":{}}}"#, self.last_id);
    }

    /// An empty acknowledgement: the channels of that message are subscribed. Without an id it can
    /// only mean the one message that is outstanding.
    fn settle_all(&mut self, now: Mono, id: u64, out: &mut impl FnMut(Event)) {
        let open = |slot: &&Slot| matches!(slot.state, State::Asked(_) | State::Leaving(_));
        let mut ids = self.slots.iter().filter(open).map(|slot| slot.last_id);
        let id = match (u32::try_from(id), ids.next()) {
            (Ok(0), Some(only)) if ids.all(|id| id == only) => only,
            (Ok(0) | Err(_), _) => return,
            (Ok(id), _) => id,
        };
        for at in (0..self.slots.len()).rev() {
            let slot = &self.slots[at];
            if open(&slot) && slot.last_id == id {
                self.settle(now, at, true, out);
            }
        }
    }

    fn settle(&mut self, now: Mono, at: usize, accepted: bool, out: &mut impl FnMut(Event)) {
        self.unanswered = 0;
        match (self.slots[at].state, accepted) {
            (State::Leaving(_), _) => self.remove(at, out),
            (State::Asked(_) | State::Unanswered(_) | State::Refused(_), true) => {
                self.go_live(now, at, out);
            }
            (State::Asked(_) | State::Unanswered(_) | State::Live | State::Stale, false) => {
                let failures = self.slots[at].failures;
                let retry = now.after(self.retry_wait(failures));
                self.slots[at].failures = failures.saturating_add(1);
                self.set(at, State::Refused(retry), out);
            }
            (State::Refused(_), false)
            | (State::Live | State::Stale, true)
            | (State::Wanted | State::Unwanted, _) => {}
        }
    }

    fn go_live(&mut self, now: Mono, at: usize, out: &mut impl FnMut(Event)) {
        self.slots[at].failures = 0;
        // Silence is counted from here.
        self.slots[at].data = now;
        self.set(at, State::Live, out);
    }

    /// Changes a slot, and tells when that changes how its stream stands.
    fn set(&mut self, at: usize, state: State, out: &mut impl FnMut(Event)) {
        let topic = self.slots[at].topic;
        let before = self.state(topic.symbol(), topic.stream());
        self.slots[at].state = state;
        self.tell(topic, before, out);
    }

    fn remove(&mut self, at: usize, out: &mut impl FnMut(Event)) {
        let topic = self.slots[at].topic;
        let before = self.state(topic.symbol(), topic.stream());
        self.slots.swap_remove(at);
        // Sets of a message that waits name slots by their place.
        self.pending = self.pending.filter(|message| *message == Message::Ping);
        self.tell(topic, before, out);
    }

    fn tell(&self, topic: Topic, before: Option<LinkState>, out: &mut impl FnMut(Event)) {
        let (symbol, stream) = (topic.symbol(), topic.stream());
        let after = self.state(symbol, stream);
        if before == after {
            return;
        }
        let account = if stream == Stream::Private { self.account } else { AccountId::NONE };
        let state = after.unwrap_or(LinkState::Down);
        out(Event::of(account, symbol, Body::Stream { stream, state }));
    }
}

const IDLE: TimerName = "feed_idle";
const PING: TimerName = "feed_ping";
const PONG: TimerName = "feed_pong";
const ACK: TimerName = "feed_ack";
const STALE: TimerName = "feed_stale";
const SUBSCRIBE: TimerName = "feed_subscribe";

/// The places in a set.
fn members(set: u32) -> impl Iterator<Item = usize> {
    (0..TOPICS_MAX).filter(move |at| set & (1 << at) != 0)
}

const _: () = assert!(TOPICS_MAX <= 30 && TOPICS_MAX <= u32::BITS as usize);

#[cfg(test)]
mod tests;
