//! What the witnesses say about one listing. None is trusted alone.

use model::{
    ListingBody, ListingFact, Source, SpecSource, SymbolSpec, Triple, VenueKey, VenueTime,
};

use crate::confidence::READY;

/// Where a listing stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListingState {
    /// Nobody named it.
    #[default]
    Unknown,
    /// Named, without a time.
    Announced,
    /// A time is known.
    Scheduled,
    /// The web list is on its way to ready.
    PreReady,
    /// The web list says ready.
    Ready,
    /// Deals are printed.
    Trading,
    /// No witness names an opening any more.
    Withdrawn,
}

/// Everything known of one listing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Listing {
    pub(crate) coin: Option<VenueKey>,
    pub(crate) calendar: Option<VenueTime>,
    pub(crate) web: Option<VenueTime>,
    pub(crate) operator: Option<VenueTime>,
    pub(crate) triple: Option<Triple>,
    pub(crate) scales: Option<(u8, u8)>,
    pub(crate) api_allowed: Option<bool>,
    pub(crate) first_print: Option<VenueTime>,
    /// A witness named another opening than it did before.
    pub(crate) moved: bool,
    /// Our own first deal: what is left of an opening after a restart.
    pub(crate) first_deal: Option<VenueTime>,
}

impl Listing {
    /// Takes what a witness said; `true` when the coin behind the name is another one.
    pub fn take(&mut self, fact: &ListingFact) -> bool {
        let reused = fact.coin.is_some() && self.coin.is_some_and(|coin| coin != fact.coin);
        if reused {
            *self = Self::default();
        }
        if fact.coin.is_some() {
            self.coin = Some(fact.coin);
        }
        let before = (self.calendar, self.web);
        match fact.body {
            ListingBody::Opens { at } => match fact.source {
                Source::WebList => self.web = Some(at),
                Source::Calendar
                | Source::ExchangeInfo
                | Source::ApiSymbols
                | Source::Announcement
                | Source::FirstPrint
                | Source::Futures => self.calendar = Some(at),
                Source::Operator => self.operator = Some(at),
            },
            ListingBody::Listed { triple, price_scale, qty_scale, opens_at } => {
                self.triple = Some(triple);
                if price_scale != u8::MAX && qty_scale != u8::MAX {
                    self.scales = Some((price_scale, qty_scale));
                }
                if opens_at.is_some() {
                    self.web = Some(opens_at);
                }
            }
            ListingBody::ApiAllowed { allowed } => self.api_allowed = Some(allowed),
            ListingBody::Gone => self.forget(fact.source),
        }
        let differs = |before: Option<VenueTime>, now: Option<VenueTime>| {
            before.zip(now).is_some_and(|(before, now)| before != now)
        };
        self.moved |= differs(before.0, self.calendar) || differs(before.1, self.web);
        reused
    }

    /// What a witness no longer shows, it no longer says.
    fn forget(&mut self, source: Source) {
        match source {
            Source::WebList => (self.web, self.triple) = (None, None),
            Source::Calendar => self.calendar = None,
            Source::ApiSymbols => self.api_allowed = Some(false),
            Source::ExchangeInfo
            | Source::Announcement
            | Source::FirstPrint
            | Source::Futures
            | Source::Operator => {}
        }
    }

    /// The planned opening: the web list's word before the calendar's, since it is the later one;
    /// the operator's where neither says one.
    pub fn opens_at(&self) -> Option<VenueTime> {
        self.by_witness().or(self.operator)
    }

    /// The planned opening as others than the operator name it.
    pub fn by_witness(&self) -> Option<VenueTime> {
        self.web.or(self.calendar)
    }

    pub(crate) fn calendar_at(&self) -> Option<VenueTime> {
        self.calendar
    }

    pub(crate) fn web_at(&self) -> Option<VenueTime> {
        self.web
    }

    /// Where it stands.
    pub fn state(&self) -> ListingState {
        if self.first_print.is_some() {
            return ListingState::Trading;
        }
        match (self.triple, self.opens_at(), self.coin) {
            (Some(READY), ..) => ListingState::Ready,
            (Some(triple), Some(_), _) if triple.sts == 2 => ListingState::PreReady,
            (_, Some(_), _) => ListingState::Scheduled,
            (Some(_), None, Some(_)) => ListingState::Announced,
            (None, None, Some(_)) => ListingState::Withdrawn,
            (_, None, None) => ListingState::Unknown,
        }
    }
}

/// Whether `fresh` may replace `known`: a better source, or the same one.
pub(crate) fn replaces(fresh: &SymbolSpec, known: Option<&SymbolSpec>) -> bool {
    known.is_none_or(|known| fresh.source >= known.source || known.source == SpecSource::WebList)
}
