//! Market data connections: pairs spread over them, and one stand-by for the rotation before the
//! venue closes a connection after 24 h.

use model::{AccountId, Body, Event, LinkState, Mono, SymbolId, TimerName};
use venue::SymbolTable;
use venue::mexc::feed::topic::{Speed, Topic};
use venue::mexc::feed::{FeedConfig, FeedSession, Silence, TOPICS_MAX};

use super::TraderConfig;

/// Depth, deals and best prices of a pair: three channels.
fn topics(symbol: SymbolId) -> [Topic; 3] {
    [
        Topic::Depth(symbol, Speed::Ms10),
        Topic::Deals(symbol, Speed::Ms10),
        Topic::BookTop(symbol, Speed::Ms10),
    ]
}

/// Pairs of one connection.
const PAIRS_MAX: usize = TOPICS_MAX / 3;

#[derive(Debug)]
pub(super) struct Market {
    path: String,
    feeds: Vec<FeedSession>,
    /// Pairs of each connection.
    pairs: Vec<Vec<SymbolId>>,
    serving: Vec<bool>,
    /// A connection at the end of its day and the one that takes over.
    handover: Option<(usize, usize)>,
    now: Mono,
}

impl Market {
    pub(super) fn new(config: &TraderConfig) -> Self {
        let count = usize::from(config.market_links.max(1));
        let feed = |_| FeedSession::new(FeedConfig::default(), AccountId::NONE);
        Self {
            path: config.stream_path.clone(),
            feeds: (0..=count).map(feed).collect(),
            pairs: (0..=count).map(|_| Vec::with_capacity(PAIRS_MAX)).collect(),
            serving: (0..=count).map(|at| at < count).collect(),
            handover: None,
            now: Mono::ZERO,
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn feed_mut(&mut self, at: usize) -> &mut FeedSession {
        &mut self.feeds[at]
    }

    pub(super) fn serves(&self, at: usize) -> bool {
        self.serving[at]
    }

    /// With no channel wanted the venue would close it after 30 s.
    pub(super) fn wants(&self, at: usize) -> bool {
        self.feeds[at].wanted() > 0 && !self.feeds[at].must_close()
    }

    /// Subscribes a pair on the serving connection with the most room; `false` when all are full.
    pub(super) fn follow(&mut self, symbol: SymbolId, table: &SymbolTable) -> bool {
        if self.pairs.iter().any(|pairs| pairs.contains(&symbol)) {
            return true;
        }
        let serving = (0..self.feeds.len()).filter(|&at| self.serving[at]);
        let Some(at) = serving.min_by_key(|&at| self.pairs[at].len()) else { return false };
        if self.pairs[at].len() >= PAIRS_MAX {
            return false;
        }
        for topic in topics(symbol) {
            if self.feeds[at].want(topic, Silence::Allowed, table).is_err() {
                return false;
            }
        }
        self.pairs[at].push(symbol);
        true
    }

    pub(super) fn unfollow(&mut self, symbol: SymbolId, out: &mut impl FnMut(Event)) {
        for at in 0..self.feeds.len() {
            let Some(place) = self.pairs[at].iter().position(|&held| held == symbol) else {
                continue;
            };
            self.pairs[at].swap_remove(place);
            for topic in topics(symbol) {
                self.feeds[at].unwant(topic, out);
            }
        }
    }

    /// Asks at once for refused channels of a pair: its opening is near.
    pub(super) fn hurry(&mut self, now: Mono, symbol: SymbolId) {
        for feed in &mut self.feeds {
            feed.hurry(now, symbol);
        }
    }

    pub(super) fn handle_open(&mut self, now: Mono, at: usize) {
        self.feeds[at].handle_open(now);
    }

    pub(super) fn handle_closed(&mut self, at: usize, out: &mut impl FnMut(Event)) {
        let serving = self.serving[at];
        self.feeds[at].handle_closed(&mut |event| {
            if serving {
                out(event);
            }
        });
    }

    pub(super) fn handle_timeout(&mut self, now: Mono, out: &mut impl FnMut(Event)) {
        self.now = now;
        for (at, feed) in self.feeds.iter_mut().enumerate() {
            let serving = self.serving[at];
            feed.handle_timeout(now, &mut |event| {
                if serving {
                    out(event);
                }
            });
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<(Mono, TimerName)> {
        self.feeds.iter().filter_map(FeedSession::poll_timeout).min_by_key(|(at, _)| *at)
    }

    /// Stream events of a connection that does not serve yet are not told.
    pub(super) fn hold_back(&self, at: usize, queue: &mut Vec<Event>) {
        if !self.serving[at] {
            queue.retain(|event| !matches!(event.body, Body::Stream { .. }));
        }
    }

    /// Opens a successor for a connection at the end of its day, and lets it take over once every
    /// channel of it is live.
    pub(super) fn rotate(&mut self, table: &SymbolTable, out: &mut impl FnMut(Event)) {
        if let Some((old, new)) = self.handover {
            if self.has_all(new) {
                self.take_over(old, new, out);
            }
            return;
        }
        let due = |at: &usize| self.serving[*at] && self.feeds[*at].rotation_due(self.now);
        let spare = (0..self.feeds.len()).find(|&at| !self.serving[at]);
        let (Some(old), Some(new)) = ((0..self.feeds.len()).find(due), spare) else { return };
        let pairs = self.pairs[old].clone();
        for symbol in &pairs {
            for topic in topics(*symbol) {
                // The stand-by has as much room as the one it follows.
                let _ = self.feeds[new].want(topic, Silence::Allowed, table);
            }
        }
        self.pairs[new] = pairs;
        self.handover = Some((old, new));
    }

    fn has_all(&self, at: usize) -> bool {
        self.pairs[at].iter().all(|&symbol| {
            topics(symbol)
                .iter()
                .all(|topic| self.feeds[at].state(symbol, topic.stream()) == Some(LinkState::Live))
        })
    }

    fn take_over(&mut self, old: usize, new: usize, out: &mut impl FnMut(Event)) {
        self.handover = None;
        self.serving[new] = true;
        self.serving[old] = false;
        let pairs = std::mem::take(&mut self.pairs[old]);
        for symbol in pairs {
            for topic in topics(symbol) {
                self.feeds[old].unwant(topic, &mut |_| {});
            }
            // Pushes of the successor are cut at other versions: its book starts anew.
            let (stream, state) = (model::Stream::Depth, LinkState::Live);
            out(Event::of(AccountId::NONE, symbol, Body::Stream { stream, state }));
        }
    }
}
