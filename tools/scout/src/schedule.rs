//! Which page is due: periods, patience after failures, and the weight that an address may use.

use std::collections::VecDeque;

use model::{Span, VenueTime};

use crate::{Page, Period, ScoutConfig};

/// Longest `Retry-After` that is believed; the venue bans addresses for days at most.
const RETRY_AFTER_MAX: Span = Span::from_secs(86_400);

/// The venue counts weight over this long.
const WEIGHT_WINDOW: Span = Span::from_secs(10);

#[derive(Debug)]
pub(crate) struct Schedule {
    pages: [PageTurn; 4],
    hosts: [Option<Pause>; 2],
    /// When how much was spent, oldest first; bound by the budget, since weights are at least 1.
    spent: VecDeque<(VenueTime, u32)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct PageTurn {
    asked: Option<VenueTime>,
    failures: u32,
}

/// A host that asked to be left alone.
#[derive(Clone, Copy, Debug)]
struct Pause {
    since: VenueTime,
    span: Span,
}

impl Schedule {
    pub(crate) fn new() -> Self {
        Self { pages: Default::default(), hosts: [None; 2], spent: VecDeque::new() }
    }

    /// The page that has been due longest and may be asked for; it counts as asked.
    pub(crate) fn poll(
        &mut self,
        config: &ScoutConfig,
        now: VenueTime,
        near: bool,
        wanted: impl Fn(Page) -> bool,
    ) -> Option<Page> {
        let pages = Page::ALL.into_iter().filter(|page| wanted(*page));
        let due = pages.map(|page| (self.ready_at(config, now, near, page), page));
        let (at, page) = due.min_by_key(|(at, page)| (*at, *page))?;
        if at > now {
            return None;
        }
        self.pages[page as usize].asked = Some(now);
        self.charge(now, page.weight());
        Some(page)
    }

    /// When the next of the wanted pages may be asked for.
    pub(crate) fn next_at(
        &self,
        config: &ScoutConfig,
        now: VenueTime,
        near: bool,
        wanted: impl Fn(Page) -> bool,
    ) -> VenueTime {
        let pages = Page::ALL.into_iter().filter(|page| wanted(*page));
        pages.map(|page| self.ready_at(config, now, near, page)).min().unwrap_or(VenueTime::NEVER)
    }

    /// Notes weight that was spent.
    pub(crate) fn charge(&mut self, now: VenueTime, weight: u32) {
        self.spent.retain(|(at, _)| *at <= now && now.since(*at) < WEIGHT_WINDOW);
        if weight > 0 {
            self.spent.push_back((now, weight));
        }
    }

    /// Failures of the page in a row.
    pub(crate) fn failures(&self, page: Page) -> u32 {
        self.pages[page as usize].failures
    }

    pub(crate) fn succeeded(&mut self, page: Page) {
        self.pages[page as usize].failures = 0;
    }

    /// Failures of the page in a row, this one included.
    pub(crate) fn failed(
        &mut self,
        config: &ScoutConfig,
        now: VenueTime,
        page: Page,
        http: u16,
        retry_after: Span,
    ) -> u32 {
        let turn = &mut self.pages[page as usize];
        turn.failures = turn.failures.saturating_add(1);
        let limited = matches!(http, 418 | 429);
        if limited || retry_after > Span::ZERO {
            let span = retry_after.min(RETRY_AFTER_MAX).max(patience(config, page, turn.failures));
            self.hosts[page.host() as usize] = Some(Pause { since: now, span });
        }
        self.pages[page as usize].failures
    }

    /// The latest of: its period or patience, its host's pause, and the weight it needs.
    fn ready_at(&self, config: &ScoutConfig, now: VenueTime, near: bool, page: Page) -> VenueTime {
        let turn = self.pages[page as usize];
        let wait = match turn.failures {
            0 if near => period(config, page).near,
            0 => period(config, page).far,
            failures => patience(config, page, failures),
        };
        let due = turn.asked.map_or(VenueTime::NONE, |asked| ahead(now, asked, wait));
        let host = self.hosts[page.host() as usize];
        let free = host.map_or(VenueTime::NONE, |pause| ahead(now, pause.since, pause.span));
        due.max(free).max(self.weight_at(config, now, page.weight()))
    }

    /// When `weight` more fits the window.
    fn weight_at(&self, config: &ScoutConfig, now: VenueTime, weight: u32) -> VenueTime {
        let budget = config.weight_per_10s.max(ScoutConfig::WEIGHT_MIN);
        let live = |(at, _): &&(VenueTime, u32)| *at <= now && now.since(*at) < WEIGHT_WINDOW;
        let mut used: u32 = self.spent.iter().filter(live).map(|(_, weight)| weight).sum();
        if weight == 0 {
            return VenueTime::NONE;
        }
        let mut at = VenueTime::NONE;
        for (spent_at, spent) in self.spent.iter().filter(live) {
            if used + weight <= budget {
                break;
            }
            used -= spent;
            at = spent_at.after(WEIGHT_WINDOW);
        }
        at
    }
}

/// `since` plus `span`; at once when `since` lies ahead, because the estimate of the clock was set
/// back and nobody knows how long ago it was.
fn ahead(now: VenueTime, since: VenueTime, span: Span) -> VenueTime {
    if since > now { VenueTime::NONE } else { since.after(span) }
}

fn period(config: &ScoutConfig, page: Page) -> Period {
    match page {
        Page::WebList => config.web_list,
        Page::Calendar => config.calendar,
        Page::ExchangeInfo => config.exchange_info,
        Page::ApiSymbols => config.api_symbols,
    }
}

fn patience(config: &ScoutConfig, page: Page, failures: u32) -> Span {
    let factor = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
    let wait = Span::from_nanos(config.backoff.base.nanos().saturating_mul(factor));
    wait.min(config.backoff.cap).max(period(config, page).near)
}
