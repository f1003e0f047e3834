//! What is coming: each named pair as its witnesses speak of it.

use std::collections::BTreeMap;

use engine::{Listing, ListingState};
use model::{ListingBody, ListingFact, Source, SymbolId, Triple, VenueKey, VenueTime};
use serde_json::{Value, json};

use super::Board;
use super::moment::Moment;

/// Listings kept at most: as many as the trader's table has names.
const LISTINGS_MAX: usize = 4_096;

/// One listing: the engine's own sum of its facts, and the last word of each witness.
#[derive(Debug, Default)]
struct Listed {
    listing: Listing,
    witnesses: BTreeMap<Source, (ListingBody, Moment)>,
}

/// Every listing that a witness spoke of.
#[derive(Debug, Default)]
pub(super) struct Listings {
    listed: BTreeMap<SymbolId, Listed>,
    /// Listings that found no room.
    pub(super) left_out: u64,
}

impl Listings {
    pub(super) fn take(&mut self, id: SymbolId, fact: &ListingFact, at: Moment) {
        if !self.listed.contains_key(&id) && self.listed.len() >= LISTINGS_MAX {
            self.left_out += 1;
            return;
        }
        let listed = self.listed.entry(id).or_default();
        if listed.listing.take(fact) {
            listed.witnesses.clear();
        }
        listed.witnesses.insert(fact.source, (fact.body, at));
    }

    /// The operator made a target: its opening is the operator's word where no witness names one.
    pub(super) fn hear_operator(&mut self, id: SymbolId, opens_at: VenueTime, at: Moment) {
        let listed = self.listed.get(&id);
        if listed.is_none_or(|listed| listed.listing.by_witness().is_none()) {
            let body = ListingBody::Opens { at: opens_at };
            let fact = ListingFact { source: Source::Operator, coin: VenueKey::NONE, body };
            self.take(id, &fact, at);
        }
    }

    /// Planned openings of all pairs, unsorted.
    pub(super) fn openings(&self) -> impl Iterator<Item = (SymbolId, VenueTime)> + '_ {
        self.listed.iter().filter_map(|(id, listed)| Some((*id, listed.listing.opens_at()?)))
    }
}

impl Board {
    /// What is coming, soonest first: pairs whose opening lies ahead of `now` or is not known, or
    /// that have a target that is not over; `all` adds those that have opened.
    pub fn listings(&self, now: Option<VenueTime>, all: bool) -> Value {
        let mut rows: Vec<(VenueTime, Value)> = Vec::new();
        for (id, listed) in &self.listings.listed {
            let opens_at = listed.listing.opens_at();
            let over = opens_at.zip(now).is_some_and(|(at, now)| at <= now);
            let target = self.targets.iter().filter(|target| target.record.symbol == *id);
            let target = target.max_by_key(|target| target.record.id);
            let busy = target.is_some_and(|target| !target.record.state.is_final());
            if over && !busy && !all {
                continue;
            }
            let state = if over { "opened" } else { state_name(listed.listing.state()) };
            let witnesses: Vec<_> =
                listed.witnesses.iter().map(|(source, said)| self.witness(*source, said)).collect();
            let row = json!({
                "symbol": self.names.name(*id),
                "state": state,
                "opens_at": opens_at.map(VenueTime::nanos),
                "opens_in_ns": opens_at.zip(now).map(|(at, now)| at.nanos() - now.nanos()),
                "witnesses": witnesses,
                "target": target.map(|target| json!({
                    "id": target.record.id.0,
                    "state": target.record.state.name(),
                    "waits_for": super::why::sentence(self, target),
                })),
                "declined": self.last_declined(*id),
            });
            rows.push((opens_at.unwrap_or(VenueTime::NEVER), row));
        }
        rows.sort_by_key(|(at, _)| *at);
        rows.into_iter().map(|(_, row)| row).collect()
    }

    fn witness(&self, source: Source, (body, at): &(ListingBody, Moment)) -> Value {
        let (said, opens_at) = match body {
            ListingBody::Opens { at } => ("opens", Some(*at)),
            ListingBody::Listed { opens_at, .. } => ("listed", Some(*opens_at)),
            ListingBody::ApiAllowed { allowed: true } => ("api allowed", None),
            ListingBody::ApiAllowed { allowed: false } => ("api not allowed", None),
            ListingBody::Gone => ("gone", None),
        };
        let triple = if let ListingBody::Listed { triple: Triple { sts, st, tt }, .. } = body {
            Some(format!("{sts},{st},{tt}"))
        } else {
            None
        };
        json!({
            "source": source_name(source),
            "said": said,
            "triple": triple,
            "opens_at": opens_at.filter(|at| at.is_some()).map(VenueTime::nanos),
            "heard_at": self.clock.venue_ns(*at),
        })
    }

    /// Why the strategy's last proposal for the pair was not followed.
    pub(super) fn last_declined(&self, id: SymbolId) -> Option<&'static str> {
        let last = self.declined.iter().rev().find(|(symbol, ..)| *symbol == id);
        last.map(|(_, why, _)| why.name())
    }
}

const fn state_name(state: ListingState) -> &'static str {
    match state {
        ListingState::Unknown => "unknown",
        ListingState::Announced => "announced",
        ListingState::Scheduled => "scheduled",
        ListingState::PreReady => "pre_ready",
        ListingState::Ready => "ready",
        ListingState::Trading => "trading",
        ListingState::Withdrawn => "withdrawn",
    }
}

const fn source_name(source: Source) -> &'static str {
    match source {
        Source::Calendar => "calendar",
        Source::WebList => "web_list",
        Source::ExchangeInfo => "exchange_info",
        Source::ApiSymbols => "api_symbols",
        Source::Announcement => "announcement",
        Source::FirstPrint => "first_print",
        Source::Futures => "futures",
        Source::Operator => "operator",
    }
}
