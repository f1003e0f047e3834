//! The schedule of one listing as pure functions of time: what is shown when, and when it opens.

use model::{Price, Qty, Span, Triple, VenueTime};

use crate::book::Scale;
use crate::config::{BeforeOpen, ConfigError, ListingConfig};

/// A listing with its texts read.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    config: ListingConfig,
    origin: VenueTime,
    /// Pre-open asks.
    pub(crate) asks: Vec<(Price, Qty)>,
    cap: Option<Price>,
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
        let mut asks = Vec::new();
        for (level, qty) in &config.asks {
            let qty = Qty::parse(qty.as_bytes(), scale.qty).map_err(|_| ConfigError::Value {
                key: format!("listing {name} asks"),
                value: qty.clone(),
                needed: "a decimal at the pair's precision",
            })?;
            asks.push((price(level, "asks")?, qty));
        }
        let cap = config.cap.as_deref().map(|cap| price(cap, "cap")).transpose()?;
        Ok(Self { config: config.clone(), origin, asks, cap })
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

    /// Whether the calendar shows it.
    pub(crate) fn in_calendar(&self, now: VenueTime) -> bool {
        now >= shift(self.planned(now), -self.config.calendar_before_ms)
    }

    /// Whether `exchangeInfo`, the symbol lists and the streams know it.
    pub(crate) fn is_listed(&self, now: VenueTime) -> bool {
        now >= shift(self.planned(now), -self.config.listed_before_ms) || self.is_open(now)
    }

    /// The web list's state of it; `None` while it is not there.
    pub(crate) fn triple(&self, now: VenueTime) -> Option<Triple> {
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

    /// Whether market orders are accepted and cancelled at once.
    pub(crate) fn cancels_market(&self, now: VenueTime) -> bool {
        now < self.opens().after(Span::from_millis(self.config.market_cancelled_ms))
    }

    fn at(&self, after_ms: i64) -> VenueTime {
        shift(self.origin, after_ms)
    }
}

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
    fn an_early_opening_is_possible() {
        let schedule = schedule(|config| config.late_us = -50_000);
        assert!(!schedule.is_open(at(7_949)));
        assert!(schedule.is_open(at(7_950)));
    }
}
