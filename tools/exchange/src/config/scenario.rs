//! Whether a scenario can happen: schedules in the order of time, values that fit each other, and
//! expectations of pairs that exist.

use std::collections::{BTreeMap, BTreeSet};

use model::VenueTime;

use super::lines::{Part, Wrong};
use super::{Config, ConfigError, ListingConfig, SymbolConfig};
use crate::account::ApiKey;
use crate::book::Scale;
use crate::flow::Pace;
use crate::listing::Schedule;
use crate::market::Rulebook;

/// Keys that a row of the web list may lack.
const WEB_OPTIONAL: [&str; 18] = [
    "id", "mcd", "fn", "fne", "srt", "sts", "tp", "in", "ot", "cp", "ci", "ps", "qs", "cdm", "st",
    "dst", "tt", "ca",
];

/// Finds the first thing that cannot be.
pub(super) fn check(config: &Config) -> Result<(), Wrong> {
    check_pairs_differ(config)?;
    for (at, symbol) in config.symbols.iter().enumerate() {
        let place = [Part::from("symbols"), at.into()];
        check_market(symbol, &place)?;
    }
    for (at, listing) in config.listings.iter().enumerate() {
        Listing { config: listing, at }.check()?;
    }
    check_accounts(config)?;
    check_pages(config)?;
    check_expectations(config)
}

fn names(config: &Config) -> impl Iterator<Item = (Vec<Part>, String)> {
    let symbols = config.symbols.iter().enumerate();
    let symbols = symbols.map(|(at, s)| (vec!["symbols".into(), at.into()], s.name()));
    let listings = config.listings.iter().enumerate();
    let listings = listings.map(|(at, listing)| {
        (vec!["listings".into(), at.into(), "market".into()], listing.market.name())
    });
    symbols.chain(listings)
}

fn check_pairs_differ(config: &Config) -> Result<(), Wrong> {
    let mut seen = BTreeSet::new();
    for (mut path, name) in names(config) {
        if !seen.insert(name.clone()) {
            path.push("base".into());
            return Err(wrong(path, name, "a pair that no other entry has"));
        }
    }
    Ok(())
}

fn check_market(market: &SymbolConfig, place: &[Part]) -> Result<(), Wrong> {
    Rulebook::new(market).map_err(|error| inside(place, &error))?;
    if let Some(flow) = &market.flow {
        let place = [place, &["flow".into()]].concat();
        Pace::new(flow, scale_of(market)).map_err(|error| inside(&place, &error))?;
    }
    Ok(())
}

fn check_accounts(config: &Config) -> Result<(), Wrong> {
    if config.accounts.is_empty() {
        let path = vec!["accounts".into()];
        return Err(wrong(path, "[]", "at least one account; without the key there is one"));
    }
    let known: BTreeSet<String> = names(config).map(|(_, name)| name).collect();
    let mut keys = BTreeSet::new();
    for (at, account) in config.accounts.iter().enumerate() {
        let place = |rest: Vec<Part>| [vec!["accounts".into(), at.into()], rest].concat();
        for (asset, amount) in &account.balances {
            let read = model::Amount::parse(amount.as_bytes());
            if read.map_or(true, model::Amount::is_negative) {
                let path = place(vec!["balances".into(), asset.as_str().into()]);
                return Err(wrong(path, amount, "a decimal of at least 0"));
            }
        }
        for (n, key) in account.keys.iter().enumerate() {
            let place = |name: &str| place(vec!["keys".into(), n.into(), name.into()]);
            if !keys.insert(key.access.as_str()) {
                return Err(wrong(place("access"), &key.access, "a key that no account has yet"));
            }
            // The secret itself is never shown.
            ApiKey::new(at, key).map_err(|_| wrong(place("secret"), "", "a secret"))?;
            let strange = key.symbols.iter().flatten().find(|name| !known.contains(*name));
            if let Some(name) = strange {
                return Err(wrong(place("symbols"), name, pairs_of(&known)));
            }
        }
    }
    Ok(())
}

fn check_pages(config: &Config) -> Result<(), Wrong> {
    for (at, refused) in config.refused_pages.iter().enumerate() {
        if let (Some(from), Some(until)) = (refused.from_ms, refused.until_ms)
            && until <= from
        {
            let path = vec!["refused_pages".into(), at.into(), "until_ms".into()];
            return Err(wrong(path, until, format!("above from_ms, {from}")));
        }
    }
    Ok(())
}

fn check_expectations(config: &Config) -> Result<(), Wrong> {
    let listed: BTreeMap<String, &ListingConfig> =
        config.listings.iter().map(|listing| (listing.market.name(), listing)).collect();
    for (name, expectation) in &config.expect {
        let place = |key: &str| vec!["expect".into(), name.as_str().into(), key.into()];
        let Some(listing) = listed.get(name) else {
            let path = vec!["expect".into(), name.as_str().into()];
            let known = listed.keys().cloned().collect();
            return Err(wrong(path, name, pairs_of(&known)));
        };
        if let Some((key, value, needed)) = expectation.wrong() {
            return Err(wrong(place(key), value, needed));
        }
        let opens = opens_ms(listing);
        if expectation.by_ms <= opens {
            let needed = format!("after the real opening at {opens}");
            return Err(wrong(place("by_ms"), expectation.by_ms, needed));
        }
    }
    Ok(())
}

/// One listing and its place in the file.
struct Listing<'a> {
    config: &'a ListingConfig,
    at: usize,
}

impl Listing<'_> {
    fn check(&self) -> Result<(), Wrong> {
        check_market(&self.config.market, &self.path(&["market"]))?;
        let origin = VenueTime::from_millis(0);
        let schedule = Schedule::new(self.config, scale_of(&self.config.market), origin);
        let schedule = schedule.map_err(|error| inside(&self.path(&[]), &error))?;
        self.check_moves()?;
        self.check_ahead(&schedule)?;
        self.check_triples()?;
        self.check_web_row()?;
        self.check_orders()?;
        self.check_first_minute()?;
        self.check_end(&schedule)?;
        self.check_faults()
    }

    fn check_moves(&self) -> Result<(), Wrong> {
        let mut plan = self.config.opens_after_ms;
        let mut last = None;
        for (at, step) in self.config.moves.iter().enumerate() {
            let place = |key: &str| self.path_in("moves", at, key);
            if let Some(last) = last.filter(|last| step.at_ms <= *last) {
                let needed = format!("later than the move before it, at {last}");
                return Err(wrong(place("at_ms"), step.at_ms, needed));
            }
            if step.opens_after_ms <= step.at_ms {
                let needed = format!("later than the move itself, at {}", step.at_ms);
                return Err(wrong(place("opens_after_ms"), step.opens_after_ms, needed));
            }
            if step.opens_after_ms == plan {
                let needed = "another time than the plan before it";
                return Err(wrong(place("opens_after_ms"), step.opens_after_ms, needed));
            }
            (last, plan) = (Some(step.at_ms), step.opens_after_ms);
        }
        Ok(())
    }

    /// What is shown ahead comes ahead.
    fn check_ahead(&self, schedule: &Schedule) -> Result<(), Wrong> {
        let opens = schedule.opens();
        if schedule.calendar_at() >= opens {
            let needed = format!(
                "so large that the calendar shows the coin before its real opening at {} ms",
                opens.millis()
            );
            return Err(wrong(
                self.path(&["calendar_before_ms"]),
                self.config.calendar_before_ms,
                needed,
            ));
        }
        for (key, ms) in [
            ("listed_before_ms", self.config.listed_before_ms),
            ("asks_before_ms", self.config.asks_before_ms),
        ] {
            if ms < 0 {
                return Err(wrong(self.path(&[key]), ms, "at least 0: it counts back"));
            }
        }
        Ok(())
    }

    fn check_triples(&self) -> Result<(), Wrong> {
        let mut last = None;
        for (at, step) in self.config.triples.iter().enumerate() {
            let path = || self.path_in("triples", at, "before_ms");
            if let Some(last) = last.filter(|last| step.before_ms >= *last) {
                return Err(wrong(path(), step.before_ms, format!("below {last}: triples go on")));
            }
            if step.before_ms < 0 {
                return Err(wrong(path(), step.before_ms, "at least 0: it counts back"));
            }
            last = Some(step.before_ms);
        }
        Ok(())
    }

    fn check_web_row(&self) -> Result<(), Wrong> {
        let known = |key: &&String| WEB_OPTIONAL.contains(&key.as_str());
        let Some(key) = self.config.web_without.iter().find(|key| !known(key)) else {
            return Ok(());
        };
        let needed = format!("one of {}; cd and vn are always there", WEB_OPTIONAL.join(", "));
        Err(wrong(self.path(&["web_without"]), key, needed))
    }

    fn check_orders(&self) -> Result<(), Wrong> {
        for (at, order) in self.config.orders.iter().enumerate() {
            if let Some(until) = order.until_ms.filter(|until| *until <= order.at_ms) {
                let needed = format!("above at_ms, {}", order.at_ms);
                return Err(wrong(self.path_in("orders", at, "until_ms"), until, needed));
            }
        }
        Ok(())
    }

    fn check_first_minute(&self) -> Result<(), Wrong> {
        let config = self.config;
        let pairs = [
            ("cap", config.cap.is_some(), "cap_ms", config.cap_ms),
            (
                "first_side_type",
                config.first_side_type.is_some(),
                "first_side_ms",
                config.first_side_ms,
            ),
        ];
        for (what, is_there, length, ms) in pairs {
            if is_there != (ms > 0) {
                let needed = format!("above 0 with {what}, and left out without it");
                return Err(wrong(self.path(&[length]), ms, needed));
            }
        }
        for (key, side) in [
            ("first_side_type", config.first_side_type),
            ("before_open_side_type", config.before_open_side_type),
        ] {
            if let Some(side) = side.filter(|side| !(1..=4).contains(side)) {
                return Err(wrong(self.path(&[key]), side, "1 to 4"));
            }
        }
        let status = config.before_open_status.as_deref();
        if let Some(status) = status.filter(|status| !["1", "2", "3"].contains(status)) {
            let needed = "\"1\", \"2\" or \"3\"";
            return Err(wrong(self.path(&["before_open_status"]), status, needed));
        }
        Ok(())
    }

    fn check_end(&self, schedule: &Schedule) -> Result<(), Wrong> {
        if ![2, 3].contains(&self.config.gone_state) {
            let needed = "2 for suspended or 3 for delisted";
            return Err(wrong(self.path(&["gone_state"]), self.config.gone_state, needed));
        }
        let (Some(after), Some(gone)) = (self.config.gone_after_ms, schedule.gone_at()) else {
            return Ok(());
        };
        let shown = schedule.calendar_at();
        if gone <= shown {
            let needed = format!(
                "so large that the pair ends after the calendar shows it, at {} ms",
                shown.millis()
            );
            return Err(wrong(self.path(&["gone_after_ms"]), after, needed));
        }
        Ok(())
    }

    fn check_faults(&self) -> Result<(), Wrong> {
        let mut seen = BTreeSet::new();
        for (at, fault) in self.config.faults.iter().enumerate() {
            if fault.accepted == 0 || !seen.insert(fault.accepted) {
                let needed = "a number from 1 on that no other fault of the pair has";
                return Err(wrong(self.path_in("faults", at, "accepted"), fault.accepted, needed));
            }
        }
        Ok(())
    }

    fn path(&self, keys: &[&str]) -> Vec<Part> {
        let mut path = vec!["listings".into(), self.at.into()];
        path.extend(keys.iter().map(|key| Part::from(*key)));
        path
    }

    fn path_in(&self, list: &str, at: usize, key: &str) -> Vec<Part> {
        let mut path = self.path(&[list]);
        path.extend([at.into(), key.into()]);
        path
    }
}

/// The real opening after the origin, rounded down.
fn opens_ms(listing: &ListingConfig) -> i64 {
    let planned = listing.moves.last().map_or(listing.opens_after_ms, |last| last.opens_after_ms);
    planned.saturating_add(listing.late_us.div_euclid(1_000))
}

fn scale_of(market: &SymbolConfig) -> Scale {
    Scale { price: market.price_decimals, qty: market.qty_decimals }
}

fn pairs_of(known: &BTreeSet<String>) -> String {
    let all: Vec<&str> = known.iter().map(String::as_str).collect();
    format!("a pair of this file: {}", all.join(", "))
}

/// What the exchange itself says of a value, with its place; the last word of its key is the
/// file's.
fn inside(place: &[Part], error: &ConfigError) -> Wrong {
    match error {
        ConfigError::Value { key, value, needed } => {
            let word = key.rsplit(' ').next().unwrap_or(key);
            wrong([place, &[word.into()]].concat(), value, *needed)
        }
        ConfigError::Toml(_) | ConfigError::Line { .. } => {
            wrong(place.to_vec(), error, "a value that the exchange takes")
        }
    }
}

fn wrong(path: Vec<Part>, value: impl ToString, needed: impl Into<String>) -> Wrong {
    Wrong { path, value: value.to_string(), needed: needed.into() }
}

#[cfg(test)]
mod tests;
