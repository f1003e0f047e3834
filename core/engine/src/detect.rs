//! Patterns in what the witnesses say, with a fixed confidence that is labelled as such.

use model::{
    Confidence, Evidence, Factor, FixedList, Pattern, Signal, SymbolId, SymbolStatus, VenueTime,
};

use crate::listing::{Listing, READY};
use crate::symbols::Symbol;

/// Fixed figures, each from the earlier programs' tables; none rests on counted outcomes, so
/// every signal says `uncalibrated`.
const READY_STATE: u8 = 90;
const PRE_READY: [(u8, u8, u8); 3] = [(2, 2, 85), (2, 1, 75), (1, 1, 60)];
const LAUNCH_SEQUENCE: u8 = 80;
/// A pair that the API may not trade cannot be sniped whatever else is known.
const NOT_OPEN_TO_API: u8 = 10;

/// The strongest pattern of a symbol at `now`, or none.
pub(crate) fn look(id: SymbolId, symbol: &Symbol, now: VenueTime) -> Option<Signal> {
    let listing = &symbol.listing;
    let opens_at = listing.opens_at()?;
    if listing.first_print.is_some() || !now.is_some() || now >= opens_at {
        return None;
    }
    let (pattern, percent) = strongest(listing)?;
    let percent = if listing.api_allowed == Some(false) { NOT_OPEN_TO_API } else { percent };
    Some(Signal {
        symbol: id,
        pattern,
        confidence: Confidence::new(percent)?,
        uncalibrated: true,
        opens_at,
        evidence: evidence(symbol),
    })
}

fn strongest(listing: &Listing) -> Option<(Pattern, u8)> {
    let Some(triple) = listing.triple else {
        return listing.calendar_at().map(|_| (Pattern::LaunchSequence, LAUNCH_SEQUENCE));
    };
    if triple == READY {
        return Some((Pattern::ReadyState, READY_STATE));
    }
    let stage = PRE_READY.iter().find(|(sts, st, _)| (triple.sts, triple.st) == (*sts, *st));
    let launch = listing.calendar_at().map(|_| (Pattern::LaunchSequence, LAUNCH_SEQUENCE));
    match (stage, launch) {
        (Some(&(.., percent)), Some((_, launch))) if percent < launch => {
            Some((Pattern::LaunchSequence, launch))
        }
        (Some(&(.., percent)), _) => Some((Pattern::PreReady, percent)),
        (None, launch) => launch,
    }
}

fn evidence(symbol: &Symbol) -> FixedList<Evidence, 6> {
    let listing = &symbol.listing;
    let triple =
        listing.triple.map(|t| i64::from(t.sts) * 10_000 + i64::from(t.st) * 100 + i64::from(t.tt));
    let scales = listing.scales.map(|(price, qty)| i64::from(price) * 100 + i64::from(qty));
    let status = symbol.spec.map(|spec| match spec.status {
        SymbolStatus::Online => 1,
        SymbolStatus::Paused => 2,
        SymbolStatus::Offline => 3,
    });
    let mut list = FixedList::new();
    for (factor, value) in [
        (Factor::Triple, triple),
        (Factor::CalendarOpening, listing.calendar_at().map(VenueTime::millis)),
        (Factor::WebListOpening, listing.web_at().map(VenueTime::millis)),
        (Factor::Precision, scales),
        (Factor::ExchangeInfo, status),
        (Factor::ApiAllowed, listing.api_allowed.map(i64::from)),
    ] {
        if let Some(value) = value {
            // Six factors, six places.
            let _ = list.push(Evidence { factor, value });
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use model::{ListingBody, ListingFact, Source, Triple, VenueKey};

    use super::*;

    #[test]
    fn a_calendar_entry_alone_is_a_launch_sequence() {
        let mut symbol = Symbol::default();
        tell(&mut symbol, Source::Calendar, ListingBody::Opens { at: at(60) });
        let signal = look(SymbolId(0), &symbol, at(0)).unwrap();
        assert_eq!((signal.pattern, signal.confidence.percent()), (Pattern::LaunchSequence, 80));
        assert!(signal.uncalibrated);
    }

    #[test]
    fn the_triple_raises_it_step_by_step_to_ready() {
        let mut symbol = Symbol::default();
        tell(&mut symbol, Source::Calendar, ListingBody::Opens { at: at(60) });
        for (triple, expected) in [
            ((1, 1, 0), (Pattern::LaunchSequence, 80)),
            ((2, 1, 0), (Pattern::LaunchSequence, 80)),
            ((2, 2, 1), (Pattern::PreReady, 85)),
            ((2, 2, 4), (Pattern::ReadyState, 90)),
        ] {
            tell(&mut symbol, Source::WebList, listed(triple));
            let signal = look(SymbolId(0), &symbol, at(0)).unwrap();
            assert_eq!((signal.pattern, signal.confidence.percent()), expected, "{triple:?}");
        }
    }

    #[test]
    fn a_pair_closed_to_the_api_is_no_opportunity() {
        let mut symbol = Symbol::default();
        tell(&mut symbol, Source::Calendar, ListingBody::Opens { at: at(60) });
        tell(&mut symbol, Source::WebList, listed((2, 2, 4)));
        tell(&mut symbol, Source::ApiSymbols, ListingBody::ApiAllowed { allowed: false });
        assert_eq!(look(SymbolId(0), &symbol, at(0)).unwrap().confidence.percent(), 10);
    }

    #[test]
    fn nothing_is_seen_without_a_time_or_after_it() {
        let mut symbol = Symbol::default();
        tell(&mut symbol, Source::WebList, listed((2, 2, 4)));
        assert_eq!(look(SymbolId(0), &symbol, at(0)), None);
        tell(&mut symbol, Source::Calendar, ListingBody::Opens { at: at(60) });
        assert_eq!(look(SymbolId(0), &symbol, at(60)), None);
    }

    fn tell(symbol: &mut Symbol, source: Source, body: ListingBody) {
        symbol.listing.take(&ListingFact { source, coin: VenueKey(9), body });
    }

    fn listed((sts, st, tt): (u8, u8, u8)) -> ListingBody {
        ListingBody::Listed {
            triple: Triple { sts, st, tt },
            price_scale: 4,
            qty_scale: 2,
            opens_at: VenueTime::NONE,
        }
    }

    fn at(secs: i64) -> VenueTime {
        VenueTime::from_millis(1_790_000_000_000 + secs * 1_000)
    }
}
