//! When a lost connection may be tried again. Pure: time is an argument, chance is a seed.

use model::{Mono, Span};

use crate::{Closed, LinkId};

/// How patient reconnecting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackoffConfig {
    /// Longest wait after the first failure; it doubles with each further one.
    pub base: Span,
    /// Longest wait after any number of failures.
    pub cap: Span,
    /// How long a link must have been open for its failures to be forgotten.
    pub stable: Span,
    /// Reconnections of all links together in one `window`.
    pub budget_max: usize,
    /// How many of those are kept for links that carry orders.
    pub order_reserve: usize,
    /// The window of the budget.
    pub window: Span,
    /// Least time between two reconnections of links that carry no orders.
    pub spacing: Span,
    /// Two links never reconnect in the same slot of this length.
    pub slot: Span,
}

impl Default for BackoffConfig {
    fn default() -> Self {
        Self {
            base: Span::from_millis(500),
            cap: Span::from_secs(60),
            stable: Span::from_secs(10),
            budget_max: 20,
            order_reserve: 8,
            window: Span::from_secs(600),
            spacing: Span::from_secs(1),
            slot: Span::from_millis(100),
        }
    }
}

/// Decides for all links together when each may dial.
///
/// The first dial of each link is free. A link that was stable is tried again at once, then after
/// a wait drawn evenly between zero and a ceiling that doubles. When the budget is spent, a link
/// that carries orders still gets one attempt every [`BackoffConfig::cap`], because a cancel must
/// find a way; the others wait until the window has moved on.
#[derive(Debug)]
pub struct Reconnects {
    config: BackoffConfig,
    chance: Chance,
    links: Vec<Backoff>,
    /// Times of the latest reconnections, oldest first, at most `budget_max`.
    recent: Vec<Mono>,
}

/// What is remembered of one link.
#[derive(Clone, Copy, Debug)]
struct Backoff {
    orders: bool,
    dialled: bool,
    failures: u32,
    opened: Option<Mono>,
    last: Option<Mono>,
    due: Mono,
}

impl Reconnects {
    /// For links of which `orders` says, in the order of their ids, whether they carry orders.
    pub fn new(config: BackoffConfig, seed: u64, orders: &[bool]) -> Self {
        let fresh = |&orders: &bool| Backoff {
            orders,
            dialled: false,
            failures: 0,
            opened: None,
            last: None,
            due: Mono::ZERO,
        };
        Self {
            config,
            chance: Chance::new(seed),
            links: orders.iter().map(fresh).collect(),
            recent: Vec::with_capacity(config.budget_max),
        }
    }

    /// The earliest moment at which `link` may dial, as far as is known; not before `now`.
    pub fn ready_at(&self, now: Mono, link: LinkId) -> Mono {
        let state = &self.links[link.index()];
        if !state.dialled {
            return now;
        }
        let at = self.budget_at(state).max(state.due).max(now);
        let at = if state.orders { at } else { at.max(self.spaced_at()) };
        self.out_of_taken_slot(at)
    }

    /// Takes the right to dial `link`; `false` when it is too early.
    pub fn begin(&mut self, now: Mono, link: LinkId) -> bool {
        if self.ready_at(now, link) > now {
            return false;
        }
        let state = &mut self.links[link.index()];
        if state.dialled {
            if self.recent.len() == self.config.budget_max && !self.recent.is_empty() {
                self.recent.remove(0);
            }
            if self.config.budget_max > 0 {
                self.recent.push(now);
            }
        }
        state.dialled = true;
        state.last = Some(now);
        true
    }

    /// `link` came up.
    pub fn handle_open(&mut self, now: Mono, link: LinkId) {
        self.links[link.index()].opened = Some(now);
    }

    /// `link` went down or never came up.
    pub fn handle_closed(&mut self, now: Mono, link: LinkId, why: Closed) {
        let config = self.config;
        let state = &mut self.links[link.index()];
        let opened = state.opened.take();
        if why == Closed::Unwanted {
            state.due = now;
            return;
        }
        if opened.is_some_and(|at| now.since(at) >= config.stable) {
            state.failures = 0;
        } else {
            state.failures = state.failures.saturating_add(1);
        }
        let mut floor = Span::ZERO;
        if is_told_to_wait(why) {
            state.failures = state.failures.max(4);
            floor = config.spacing;
        }
        let ceiling = ceiling(&config, state.failures);
        let wait = floor.plus(self.chance.up_to(ceiling.minus(floor)));
        state.due = now.after(wait.min(config.cap));
    }

    /// When the shared budget lets `state` dial.
    fn budget_at(&self, state: &Backoff) -> Mono {
        let config = &self.config;
        if !state.orders {
            return self.free_at(config.budget_max.saturating_sub(config.order_reserve));
        }
        let reserved = state.last.map_or(Mono::ZERO, |last| last.after(config.cap));
        self.free_at(config.budget_max).min(reserved)
    }

    /// When fewer than `limit` reconnections lie in the window.
    fn free_at(&self, limit: usize) -> Mono {
        if limit == 0 {
            return Mono::NEVER;
        }
        match self.recent.len().checked_sub(limit) {
            Some(at) => self.recent[at].after(self.config.window),
            None => Mono::ZERO,
        }
    }

    fn spaced_at(&self) -> Mono {
        self.recent.last().map_or(Mono::ZERO, |last| last.after(self.config.spacing))
    }

    fn out_of_taken_slot(&self, at: Mono) -> Mono {
        let slot = self.config.slot.nanos().max(1);
        match self.recent.last() {
            Some(last) if last.nanos() / slot == at.nanos() / slot => {
                Mono::from_nanos((last.nanos() / slot + 1).saturating_mul(slot))
            }
            _ => at,
        }
    }
}

/// Whether the venue said in its own way that it wants fewer connections.
const fn is_told_to_wait(why: Closed) -> bool {
    match why {
        // Forbidden, banned, too many, unavailable.
        Closed::Refused(status) => matches!(status, 403 | 418 | 429 | 503),
        // Policy violation, try again later.
        Closed::Peer(code) => matches!(code, 1008 | 1013),
        Closed::Broken | Closed::Breach | Closed::Unwanted => false,
    }
}

fn ceiling(config: &BackoffConfig, failures: u32) -> Span {
    let Some(doublings) = failures.checked_sub(1) else { return Span::ZERO };
    let factor = 1_u64 << doublings.min(40);
    Span::from_nanos(config.base.nanos().saturating_mul(factor)).min(config.cap)
}

/// xorshift64*: even enough for a jitter, and the same from the same seed.
#[derive(Clone, Copy, Debug)]
struct Chance(u64);

impl Chance {
    fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15).non_zero()
    }

    fn non_zero(self) -> Self {
        if self.0 == 0 { Self(1) } else { self }
    }

    fn up_to(&mut self, span: Span) -> Span {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let draw = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d);
        let part = (u128::from(draw) * u128::from(span.nanos())) >> 64;
        Span::from_nanos(u64::try_from(part).unwrap_or(span.nanos()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: LinkId = LinkId(0);
    const B: LinkId = LinkId(1);

    fn secs(secs: u64) -> Mono {
        Mono::ZERO.after(Span::from_secs(secs))
    }

    fn market(links: usize) -> Reconnects {
        Reconnects::new(BackoffConfig::default(), 7, &vec![false; links])
    }

    #[test]
    fn the_first_dial_of_every_link_is_free_and_at_once() {
        let mut reconnects = market(8);
        for link in 0..8 {
            assert!(reconnects.begin(secs(1), LinkId(link)));
        }
        assert_eq!(reconnects.recent.len(), 0);
    }

    #[test]
    fn a_stable_link_is_tried_again_at_once() {
        let mut reconnects = market(1);
        assert!(reconnects.begin(secs(1), A));
        reconnects.handle_open(secs(1), A);
        reconnects.handle_closed(secs(60), A, Closed::Peer(1001));
        assert!(reconnects.begin(secs(60), A));
    }

    #[test]
    fn waits_grow_stay_under_the_cap_and_spread_evenly() {
        let mut seen_long = false;
        for seed in 0..200 {
            let config = BackoffConfig { budget_max: 1_000, ..BackoffConfig::default() };
            let mut reconnects = Reconnects::new(config, seed, &[false]);
            assert!(reconnects.begin(Mono::ZERO, A));
            let mut now = Mono::ZERO;
            for failure in 1_u32..30 {
                reconnects.handle_closed(now, A, Closed::Refused(0));
                let wait = reconnects.links[0].due.since(now);
                assert!(wait <= ceiling(&config, failure), "{wait} after {failure}");
                assert!(wait <= config.cap);
                seen_long |= wait > Span::from_secs(45);
                now = reconnects.ready_at(now, A);
                assert!(reconnects.begin(now, A));
            }
        }
        assert!(seen_long);
    }

    #[test]
    fn failures_are_forgotten_only_after_a_stable_period() {
        let mut reconnects = market(1);
        assert!(reconnects.begin(Mono::ZERO, A));
        let mut now = Mono::ZERO;
        for _ in 0..5 {
            reconnects.handle_closed(now, A, Closed::Broken);
            now = reconnects.ready_at(now, A);
            assert!(reconnects.begin(now, A));
            reconnects.handle_open(now, A);
            now = now.after(Span::from_secs(1));
        }
        assert_eq!(reconnects.links[0].failures, 5);
        reconnects.handle_closed(now.after(Span::from_secs(10)), A, Closed::Broken);
        assert_eq!(reconnects.links[0].failures, 0);
    }

    #[test]
    fn a_venue_that_says_stop_is_left_alone_for_at_least_a_second() {
        for why in
            [Closed::Refused(429), Closed::Refused(403), Closed::Peer(1008), Closed::Peer(1013)]
        {
            for seed in 0..50 {
                let mut reconnects = Reconnects::new(BackoffConfig::default(), seed, &[true]);
                assert!(reconnects.begin(secs(1), A));
                reconnects.handle_open(secs(1), A);
                reconnects.handle_closed(secs(100), A, why);
                assert!(reconnects.ready_at(secs(100), A) >= secs(101), "{why:?}");
            }
        }
    }

    #[test]
    fn refused_for_an_hour_the_budget_holds_in_every_window() {
        let mut reconnects = market(5);
        let mut attempts = Vec::new();
        let mut now = Mono::ZERO;
        for link in 0..5 {
            assert!(reconnects.begin(now, LinkId(link)));
            reconnects.handle_closed(now, LinkId(link), Closed::Refused(0));
        }
        while now < secs(3_600) {
            let (at, link) =
                (0..5).map(|link| (reconnects.ready_at(now, LinkId(link)), link)).min().unwrap();
            now = at;
            assert!(reconnects.begin(now, LinkId(link)));
            reconnects.handle_closed(now, LinkId(link), Closed::Refused(0));
            attempts.push(now);
        }
        for (at, first) in attempts.iter().enumerate() {
            let window = attempts[at..].iter().filter(|t| t.since(*first) < Span::from_secs(600));
            assert!(window.count() <= 12, "20 less the 8 kept for orders");
        }
        for pair in attempts.windows(2) {
            assert!(pair[1].since(pair[0]) >= Span::from_secs(1));
        }
    }

    #[test]
    fn an_order_link_finds_a_way_when_the_budget_is_spent() {
        let mut reconnects = Reconnects::new(BackoffConfig::default(), 1, &[false, true]);
        reconnects.recent = vec![secs(100); 20];
        for link in [A, B] {
            assert!(reconnects.begin(secs(100), link));
            reconnects.handle_open(secs(100), link);
            reconnects.handle_closed(secs(150), link, Closed::Broken);
        }
        assert_eq!(reconnects.ready_at(secs(150), B), secs(160));
        assert_eq!(reconnects.ready_at(secs(150), A), secs(700));
    }

    #[test]
    fn links_that_drop_together_never_return_in_one_slot() {
        let mut reconnects = Reconnects::new(BackoffConfig::default(), 1, &[true; 6]);
        for link in 0..6 {
            assert!(reconnects.begin(secs(1), LinkId(link)));
            reconnects.handle_open(secs(1), LinkId(link));
        }
        let mut slots = Vec::new();
        for link in 0..6 {
            reconnects.handle_closed(secs(50), LinkId(link), Closed::Broken);
            let at = reconnects.ready_at(secs(50), LinkId(link));
            assert!(reconnects.begin(at, LinkId(link)));
            slots.push(at.nanos() / 100_000_000);
        }
        slots.dedup();
        assert_eq!(slots.len(), 6);
    }

    #[test]
    fn a_dial_before_its_time_is_denied() {
        let mut reconnects = market(2);
        for link in [A, B] {
            assert!(reconnects.begin(secs(1), link));
            reconnects.handle_open(secs(1), link);
            reconnects.handle_closed(secs(50), link, Closed::Broken);
        }
        assert!(reconnects.begin(secs(50), A));
        assert!(!reconnects.begin(secs(50), B));
        assert!(!reconnects.begin(secs(51).before(Span::from_nanos(1)), B));
        assert!(reconnects.begin(secs(51), B));
    }
}
