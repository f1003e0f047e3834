//! The schedule of one listing as pure functions of time: what is shown when, and when it opens.

use model::{Price, Qty, Side, Span, Triple, VenueTime};

use crate::book::Scale;
use crate::config::{BeforeOpen, ConfigError, ListingConfig};
use crate::faults::OrderFault;

/// A listing with its texts read.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    config: ListingConfig,
    origin: VenueTime,
    /// Pre-open asks.
    pub(crate) asks: Vec<(Price, Qty)>,
    /// Orders of others at given times.
    pub(crate) orders: Vec<Scripted>,
    cap: Option<Price>,
}

/// An order of somebody else, with its texts read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scripted {
    pub(crate) at: VenueTime,
    pub(crate) until: Option<VenueTime>,
    pub(crate) side: Side,
    pub(crate) price: Price,
    pub(crate) qty: Qty,
}

impl Schedule {
    pub(crate) fn new(
        config: &ListingConfig,
        scale: Scale,
        origin: VenueTime,
    ) -> Result<Self, ConfigError> {
        let name = config.market.name();
        let price = |text: &str, key: &str| {
            Price::parse(text.as_bytes(), scale.price).map_err(|_| ConfigError::Value {
                key: format!("listing {name} {key}"),
                value: text.to_owned(),
                needed: "a positive decimal at the pair's precision",
            })
        };
        let quantity = |text: &str, key: &str| {
            Qty::parse(text.as_bytes(), scale.qty).map_err(|_| ConfigError::Value {
                key: format!("listing {name} {key}"),
                value: text.to_owned(),
                needed: "a decimal at the pair's precision",
            })
        };
        let mut asks = Vec::new();
        for (level, qty) in &config.asks {
            asks.push((price(level, "asks")?, quantity(qty, "asks")?));
        }
        let cap = config.cap.as_deref().map(|cap| price(cap, "cap")).transpose()?;
        let mut schedule = Self { config: config.clone(), origin, asks, orders: Vec::new(), cap };
        let opens = schedule.opens();
        for order in &config.orders {
            schedule.orders.push(Scripted {
                at: shift(opens, order.at_ms),
                until: order.until_ms.map(|until| shift(opens, until)),
                side: order.side.into(),
                price: price(&order.price, "orders")?,
                qty: quantity(&order.qty, "orders")?,
            });
        }
        Ok(schedule)
    }

    pub(crate) fn full_name(&self) -> &str {
        &self.config.full_name
    }

    /// The planned opening as known at `now`.
    pub(crate) fn planned(&self, now: VenueTime) -> VenueTime {
        let known = self.config.moves.iter().rev().find(|m| self.at(m.at_ms) <= now);
        self.at(known.map_or(self.config.opens_after_ms, |m| m.opens_after_ms))
    }

    /// The planned opening after the last move.
    pub(crate) fn finally_planned(&self) -> VenueTime {
        self.planned(VenueTime::NEVER)
    }

    /// When trading starts.
    pub(crate) fn opens(&self) -> VenueTime {
        let shift = self.config.late_us.saturating_mul(1_000);
        VenueTime::from_nanos(self.finally_planned().nanos().saturating_add(shift))
    }

    pub(crate) fn is_open(&self, now: VenueTime) -> bool {
        now >= self.opens()
    }

    pub(crate) fn asks_at(&self) -> VenueTime {
        shift(self.finally_planned(), -self.config.asks_before_ms)
    }

    pub(crate) fn flow_at(&self) -> VenueTime {
        self.opens().after(Span::from_millis(self.config.flow_after_ms))
    }

    pub(crate) fn before_open(&self) -> BeforeOpen {
        self.config.before_open
    }

    /// When the calendar shows it first.
    pub(crate) fn calendar_at(&self) -> VenueTime {
        self.first_within(self.config.calendar_before_ms)
    }

    /// Whether the calendar shows it.
    pub(crate) fn in_calendar(&self, now: VenueTime) -> bool {
        now >= self.calendar_at() && !self.is_delisted(now)
    }

    /// Whether the exchange has ever shown it.
    pub(crate) fn is_known(&self, now: VenueTime) -> bool {
        now >= self.first_within(self.config.listed_before_ms) || self.is_open(now)
    }

    /// Whether `exchangeInfo`, the symbol lists and the streams know it.
    pub(crate) fn is_listed(&self, now: VenueTime) -> bool {
        self.is_known(now) && !self.is_delisted(now)
    }

    /// Whether orders by the API are taken once it is open.
    pub(crate) fn lets_api_in(&self, now: VenueTime) -> bool {
        now >= self.opens().after(Span::from_millis(self.config.api_after_ms))
    }

    /// `status` before the opening, where it is not the pair's own.
    pub(crate) fn early_status(&self, now: VenueTime) -> Option<&str> {
        self.config.before_open_status.as_deref().filter(|_| !self.is_open(now))
    }

    /// `trade_side_type` while it is not the usual one.
    pub(crate) fn side_type(&self, now: VenueTime) -> Option<u8> {
        if !self.is_open(now) && self.config.before_open_side_type.is_some() {
            return self.config.before_open_side_type;
        }
        let until = self.opens().after(Span::from_millis(self.config.first_side_ms));
        self.config.first_side_type.filter(|_| now < until)
    }

    /// When the pair ends.
    pub(crate) fn gone_at(&self) -> Option<VenueTime> {
        Some(shift(self.opens(), self.config.gone_after_ms?))
    }

    /// What `symbol/offline` says of it once it has ended: 2 suspended, 3 delisted.
    pub(crate) fn gone(&self, now: VenueTime) -> Option<u8> {
        self.gone_at().filter(|at| now >= *at).map(|_| self.config.gone_state)
    }

    fn is_delisted(&self, now: VenueTime) -> bool {
        self.gone(now) == Some(DELISTED)
    }

    /// Whether its row of the web list lacks `key`.
    pub(crate) fn web_lacks(&self, key: &str) -> bool {
        self.config.web_without.iter().any(|absent| absent == key)
    }

    /// What goes wrong with the n-th order that is accepted.
    pub(crate) fn fault(&self, accepted: u64) -> Option<OrderFault> {
        let scripted = self.config.faults.iter().find(|fault| fault.accepted == accepted);
        scripted.map(|scripted| scripted.fault)
    }

    /// The web list's state of it; `None` while it is not there.
    pub(crate) fn triple(&self, now: VenueTime) -> Option<Triple> {
        if self.is_delisted(now) {
            return None;
        }
        if self.is_open(now) {
            return Some(Triple { sts: 1, st: 1, tt: 1 });
        }
        let planned = self.planned(now);
        let steps = self.config.triples.iter().rev();
        let mut reached = steps.filter(|step| now >= shift(planned, -step.before_ms));
        reached.next().map(|step| Triple { sts: step.sts, st: step.st, tt: step.tt })
    }

    /// The highest price of a limit buy at `now`.
    pub(crate) fn cap(&self, now: VenueTime) -> Option<Price> {
        self.cap.filter(|_| self.is_capped(now))
    }

    /// Whether the time of a price cap has not passed.
    pub(crate) fn is_capped(&self, now: VenueTime) -> bool {
        now < self.opens().after(Span::from_millis(self.config.cap_ms))
    }

    /// What the refusal above the cap says.
    pub(crate) fn cap_text(&self, cap: &str, quote: &str) -> String {
        self.config.cap_text.replace("{cap}", cap).replace("{quote}", quote)
    }

    /// Whether market orders are accepted and cancelled at once.
    pub(crate) fn cancels_market(&self, now: VenueTime) -> bool {
        now < self.opens().after(Span::from_millis(self.config.market_cancelled_ms))
    }

    /// The first moment that lies within `before_ms` of the opening planned by then.
    fn first_within(&self, before_ms: i64) -> VenueTime {
        let moves = &self.config.moves;
        let mut plan = (VenueTime::NONE, self.config.opens_after_ms);
        for step in moves {
            let due = shift(self.at(plan.1), -before_ms).max(plan.0);
            if due < self.at(step.at_ms) {
                return due;
            }
            plan = (self.at(step.at_ms), step.opens_after_ms);
        }
        shift(self.at(plan.1), -before_ms).max(plan.0)
    }

    fn at(&self, after_ms: i64) -> VenueTime {
        shift(self.origin, after_ms)
    }
}

/// The word of `symbol/offline` for a pair that is no more.
const DELISTED: u8 = 3;

fn shift(time: VenueTime, ms: i64) -> VenueTime {
    VenueTime::from_nanos(time.nanos().saturating_add(ms.saturating_mul(1_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Move;

    const SCALE: Scale = Scale { price: 4, qty: 2 };

    fn schedule(change: impl FnOnce(&mut ListingConfig)) -> Schedule {
        let mut config = crate::demo::listings(1, 1, 8_000, 3_000).remove(0);
        config.asks.clear();
        config.cap = Some("0.05".to_owned());
        config.cap_ms = 1_000;
        config.late_us = 20_000;
        change(&mut config);
        Schedule::new(&config, SCALE, VenueTime::from_millis(1_000_000)).unwrap()
    }

    fn at(ms: i64) -> VenueTime {
        VenueTime::from_millis(1_000_000 + ms)
    }

    #[test]
    fn the_triple_walks_to_ready_and_falls_back_at_the_opening() {
        let schedule = schedule(|_| ());
        let triple = |ms| schedule.triple(at(ms)).map(|t| (t.sts, t.st, t.tt));
        assert_eq!(triple(0), Some((1, 1, 1)));
        assert_eq!(triple(600), Some((2, 1, 1)));
        assert_eq!(triple(1_100), Some((2, 2, 1)));
        assert_eq!(triple(1_600), Some((2, 2, 4)));
        assert_eq!(triple(8_019), Some((2, 2, 4)));
        assert_eq!(triple(8_020), Some((1, 1, 1)));
    }

    #[test]
    fn the_cap_holds_from_the_opening_for_its_time() {
        let schedule = schedule(|_| ());
        assert!(schedule.cap(at(9_019)).is_some());
        assert!(schedule.cap(at(9_020)).is_none());
    }

    #[test]
    fn a_postponed_opening_does_not_open_at_the_old_time() {
        let moved = Move { at_ms: 7_500, opens_after_ms: 60_000 };
        let schedule = schedule(|config| config.moves = vec![moved]);
        assert_eq!(schedule.planned(at(7_499)), at(8_000));
        assert_eq!(schedule.planned(at(7_500)), at(60_000));
        assert!(!schedule.is_open(at(8_500)));
        assert!(schedule.is_open(at(60_020)));
    }

    #[test]
    fn what_was_shown_once_stays_when_the_plan_moves_away() {
        let moved = Move { at_ms: 7_500, opens_after_ms: 60_000 };
        let schedule = schedule(|config| {
            config.moves = vec![moved];
            (config.calendar_before_ms, config.listed_before_ms) = (7_000, 1_000);
        });
        assert!(!schedule.in_calendar(at(999)) && schedule.in_calendar(at(1_000)));
        assert!(!schedule.is_listed(at(6_999)) && schedule.is_listed(at(7_000)));
        assert!(schedule.in_calendar(at(9_000)) && schedule.is_listed(at(9_000)));
    }

    #[test]
    fn a_plan_that_moves_before_its_entry_appears_is_shown_by_the_later_one() {
        let moved = Move { at_ms: 500, opens_after_ms: 60_000 };
        let schedule = schedule(|config| {
            config.moves = vec![moved];
            config.calendar_before_ms = 7_000;
        });
        assert!(!schedule.in_calendar(at(52_999)) && schedule.in_calendar(at(53_000)));
    }

    #[test]
    fn a_delisted_pair_is_known_and_shown_nowhere() {
        let schedule = schedule(|config| config.gone_after_ms = Some(500));
        let gone = at(8_520);
        assert!(schedule.is_listed(at(8_519)) && !schedule.is_listed(gone));
        assert!(schedule.in_calendar(at(8_519)) && !schedule.in_calendar(gone));
        assert_eq!((schedule.triple(gone), schedule.gone(gone)), (None, Some(3)));
        assert!(schedule.is_known(gone));
    }

    #[test]
    fn a_suspended_pair_stays_in_every_list() {
        let schedule = schedule(|config| {
            (config.gone_after_ms, config.gone_state) = (Some(500), 2);
        });
        let gone = at(8_520);
        assert!(schedule.is_listed(gone) && schedule.in_calendar(gone));
        assert_eq!((schedule.triple(gone).is_some(), schedule.gone(gone)), (true, Some(2)));
    }

    #[test]
    fn what_is_shown_before_the_opening_ends_with_it() {
        let schedule = schedule(|config| {
            config.before_open_status = Some("2".to_owned());
            config.before_open_side_type = Some(4);
        });
        let shown = |ms| (schedule.early_status(at(ms)), schedule.side_type(at(ms)));
        assert_eq!((shown(8_019), shown(8_020)), ((Some("2"), Some(4)), (None, None)));
    }

    #[test]
    fn the_first_side_and_the_api_follow_the_real_opening() {
        let schedule = schedule(|config| {
            (config.first_side_type, config.first_side_ms) = (Some(2), 1_000);
            config.api_after_ms = 300;
        });
        assert_eq!((schedule.side_type(at(9_019)), schedule.side_type(at(9_020))), (Some(2), None));
        assert!(!schedule.lets_api_in(at(8_319)) && schedule.lets_api_in(at(8_320)));
    }

    #[test]
    fn an_early_opening_is_possible() {
        let schedule = schedule(|config| config.late_us = -50_000);
        assert!(!schedule.is_open(at(7_949)));
        assert!(schedule.is_open(at(7_950)));
    }
}
