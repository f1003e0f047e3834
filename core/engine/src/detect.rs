//! Patterns in what the witnesses say.

use model::{
    Confidence, Evidence, Factor, FixedList, Pattern, Signal, SymbolId, SymbolStatus, VenueTime,
};

use crate::confidence::{Facts, Learnt, READY, prior};
use crate::listing::Listing;
use crate::symbols::Symbol;

/// A pair that the API may not trade cannot be sniped whatever else is known.
const NOT_OPEN_TO_API: Confidence = Confidence::new(10).expect("a percentage");

/// The strongest pattern of a symbol at `now`, or none.
pub(crate) fn look(
    id: SymbolId,
    symbol: &Symbol,
    now: VenueTime,
    learnt: &Learnt,
) -> Option<Signal> {
    let listing = &symbol.listing;
    let opens_at = listing.opens_at()?;
    if listing.first_print.is_some() || !now.is_some() || now >= opens_at {
        return None;
    }
    let pattern = strongest(listing)?;
    let score = learnt.score(&Facts {
        pattern,
        triple: listing.triple,
        calendar: listing.calendar_at(),
        web: listing.web_at(),
        opens_at,
        now,
        moved: listing.moved,
        api_allowed: listing.api_allowed,
        status: symbol.spec.map(|spec| spec.status),
    });
    let most = match listing.api_allowed {
        Some(false) => NOT_OPEN_TO_API,
        Some(true) | None => score.confidence,
    };
    Some(Signal {
        symbol: id,
        pattern,
        confidence: score.confidence.min(most),
        uncalibrated: score.uncalibrated,
        opens_at,
        evidence: evidence(symbol),
    })
}

fn strongest(listing: &Listing) -> Option<Pattern> {
    let launch = listing.calendar_at().map(|_| Pattern::LaunchSequence);
    let Some(triple) = listing.triple else { return launch };
    if triple == READY {
        return Some(Pattern::ReadyState);
    }
    if !matches!((triple.sts, triple.st), (2, 2 | 1) | (1, 1)) {
        return launch;
    }
    let believed = |pattern| prior(pattern, Some(triple));
    let ahead = launch.filter(|launch| believed(Pattern::PreReady) < believed(*launch));
    Some(ahead.unwrap_or(Pattern::PreReady))
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
    use model::{
        Group, LearntFact, ListingBody, ListingFact, Millionths, Source, Triple, VenueKey,
    };

    use super::*;

    #[test]
    fn a_calendar_entry_alone_is_a_launch_sequence() {
        let mut symbol = Symbol::default();
        tell(&mut symbol, Source::Calendar, ListingBody::Opens { at: at(60) });
        let signal = seen(&symbol, at(0)).unwrap();
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
            let signal = seen(&symbol, at(0)).unwrap();
            assert_eq!((signal.pattern, signal.confidence.percent()), expected, "{triple:?}");
        }
    }

    #[test]
    fn a_pair_closed_to_the_api_is_no_opportunity() {
        let mut symbol = Symbol::default();
        tell(&mut symbol, Source::Calendar, ListingBody::Opens { at: at(60) });
        tell(&mut symbol, Source::WebList, listed((2, 2, 4)));
        tell(&mut symbol, Source::ApiSymbols, ListingBody::ApiAllowed { allowed: false });
        assert_eq!(seen(&symbol, at(0)).unwrap().confidence.percent(), 10);
    }

    #[test]
    fn nothing_is_seen_without_a_time_or_after_it() {
        let mut symbol = Symbol::default();
        tell(&mut symbol, Source::WebList, listed((2, 2, 4)));
        assert_eq!(seen(&symbol, at(0)), None);
        tell(&mut symbol, Source::Calendar, ListingBody::Opens { at: at(60) });
        assert_eq!(seen(&symbol, at(60)), None);
    }

    #[test]
    fn what_was_learnt_moves_the_figure_and_not_the_pattern() {
        let mut symbol = Symbol::default();
        tell(&mut symbol, Source::Calendar, ListingBody::Opens { at: at(60) });
        tell(&mut symbol, Source::WebList, listed((2, 2, 4)));
        let mut learnt = Learnt::default();
        let before = look(SymbolId(0), &symbol, at(0), &learnt).unwrap();
        for bucket in 0..144 {
            let (group, success) = (Group::History, Millionths::percent(30));
            learnt.take(&LearntFact::Bucket { group, bucket, success, outcomes: 50 });
        }
        let after = look(SymbolId(0), &symbol, at(0), &learnt).unwrap();
        assert_eq!((before.confidence.percent(), after.confidence.percent()), (90, 30));
        assert_eq!((before.pattern, after.pattern), (Pattern::ReadyState, Pattern::ReadyState));
    }

    #[test]
    fn an_opening_that_one_witness_moves_is_moved_and_two_that_differ_are_not() {
        let mut symbol = Symbol::default();
        tell(&mut symbol, Source::Calendar, ListingBody::Opens { at: at(60) });
        tell(&mut symbol, Source::WebList, ListingBody::Opens { at: at(90) });
        assert!(!symbol.listing.moved);
        tell(&mut symbol, Source::Calendar, ListingBody::Opens { at: at(90) });
        assert!(symbol.listing.moved);
    }

    fn seen(symbol: &Symbol, now: VenueTime) -> Option<Signal> {
        look(SymbolId(0), symbol, now, &Learnt::default())
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
