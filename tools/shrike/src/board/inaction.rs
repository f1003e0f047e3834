//! Why nothing is being traded at this moment, in one sentence.

use model::{KillLevel, Mono, Span, SymbolId, TargetState, VenueTime};
use scout::{Counts, Page};
use serde_json::{Value, json};

use super::{Board, why};

/// A hot thread writes a sample of the exchange's clock every second; silence beyond this is said.
const HEARTBEAT_MAX: Span = Span::from_secs(5);
/// A page that was not read for so long is no longer a witness.
const PAGE_OLD: Span = Span::from_secs(120);

impl Board {
    /// The exchange's clock at `now` by the trader's own.
    pub fn venue_at(&self, now: Mono) -> Option<VenueTime> {
        self.clock.venue_ns(self.clock.moment(now)).map(VenueTime::from_nanos)
    }

    /// Age of the last record of the hot thread.
    pub(super) fn heartbeat(&self, now: Mono) -> Option<Span> {
        self.last_record.map(|at| now.since(at))
    }

    /// The opening that comes next, with its pair.
    pub(super) fn next_opening(&self, now: VenueTime) -> Option<(SymbolId, VenueTime)> {
        self.listings.openings().filter(|(_, at)| *at > now).min_by_key(|(_, at)| *at)
    }

    /// When each source of listings was read, and how the last reading went.
    pub fn sources(counts: &Counts, now: Option<VenueTime>) -> Value {
        let age = |at: Option<VenueTime>| {
            at.zip(now).map(|(at, now)| now.nanos().saturating_sub(at.nanos()).max(0))
        };
        let rows = Page::ALL.into_iter().map(|page| {
            let seen = counts.page(page);
            json!({
                "source": page.word(),
                "read_at": seen.read_at.map(VenueTime::nanos),
                "age_ns": age(seen.read_at),
                "tried_age_ns": age(seen.tried_at),
                "readings": seen.read,
                "failures": seen.failed + seen.malformed,
                "last_http": seen.last_http,
                "rows": seen.rows,
            })
        });
        rows.collect()
    }

    /// What trades, or the most pressing reason why nothing does.
    pub fn inaction(&self, now: Mono, sources: Option<&Counts>) -> String {
        if self.stopped {
            return "The trader has ended in order.".to_owned();
        }
        if let Some(age) = self.heartbeat(now).filter(|age| *age > HEARTBEAT_MAX) {
            return format!("The hot thread has been silent for {}.", seconds(age.nanos()));
        }
        let of = |states: &[TargetState]| {
            let found = self.targets.iter().filter(|t| states.contains(&t.record.state));
            found.map(|t| self.names.name(t.record.symbol)).collect::<Vec<_>>()
        };
        let busy = of(&[TargetState::Executing, TargetState::Closing, TargetState::Open]);
        let entries = self.held_back();
        match (busy.is_empty(), &entries) {
            (false, None) => return format!("It trades: {}.", busy.join(", ")),
            (false, Some(held)) => return format!("It trades {} on. {held}", busy.join(", ")),
            (true, Some(held)) => return held.clone(),
            (true, None) => {}
        }
        let venue = self.venue_at(now);
        let waiting = self.targets.iter().filter(|target| !target.record.state.is_final());
        if let Some(target) = waiting.min_by_key(|target| target.record.opens_at) {
            let name = self.names.name(target.record.symbol);
            let when = until(venue, target.record.opens_at);
            return format!("{name} {when}. {}", why::sentence(self, target));
        }
        let Some(now) = venue else { return "The exchange's clock is not known yet.".to_owned() };
        if let Some((symbol, at)) = self.next_opening(now) {
            let (name, when) = (self.names.name(symbol), until(venue, at));
            let why = self.no_target(symbol);
            return format!("{name} {when} and has no target: {why}");
        }
        no_listing(now, sources)
    }

    /// What holds every entry back.
    fn held_back(&self) -> Option<String> {
        if self.kill.level > KillLevel::Active {
            let (level, reason) = (self.kill.level.name(), self.kill.reason);
            return Some(format!(
                "The kill switch stands at {level} ({reason}): nothing is bought until \
                 `shrike resume`."
            ));
        }
        let blocks = self.block_names();
        let names: Vec<_> = blocks.iter().filter_map(|block| block["block"].as_str()).collect();
        (!names.is_empty()).then(|| format!("Entries are blocked: {}.", names.join(", ")))
    }

    /// Why a pair that opens has no target.
    fn no_target(&self, symbol: SymbolId) -> String {
        if let Some(why) = self.last_declined(symbol) {
            return format!("the engine declined it ({why}).");
        }
        match self.names.symbol(symbol).and_then(|symbol| symbol.signal) {
            Some(signal) => {
                let (pattern, percent) = (signal.pattern.name(), signal.confidence.percent());
                format!("its pattern {pattern} has a confidence of {percent} of 100.")
            }
            None => "no pattern was seen yet.".to_owned(),
        }
    }
}

/// Nothing is coming, or nobody could say so.
fn no_listing(now: VenueTime, sources: Option<&Counts>) -> String {
    let quiet = "No listing with an opening ahead is known".to_owned();
    let Some(counts) = sources else { return format!("{quiet}.") };
    let calendar = counts.page(Page::Calendar);
    match calendar.read_at {
        None => format!("{quiet}: the calendar was never read (HTTP {}).", calendar.last_http),
        Some(at) if now.since(at) > PAGE_OLD => {
            format!("{quiet}: the calendar was last read {} ago.", seconds(now.since(at).nanos()))
        }
        Some(at) => {
            let (age, rows) = (seconds(now.since(at).nanos()), calendar.rows);
            format!("{quiet}: the calendar of {age} ago has {rows} coins, none that opens.")
        }
    }
}

fn until(now: Option<VenueTime>, at: VenueTime) -> String {
    match now {
        Some(now) if at > now => format!("opens in {}", seconds(at.since(now).nanos())),
        Some(_) | None => "is due".to_owned(),
    }
}

pub(super) fn seconds(nanos: u64) -> String {
    let tenths = nanos / 100_000_000;
    match tenths {
        0..600 => format!("{}.{} s", tenths / 10, tenths % 10),
        600..72_000 => format!("{} min", tenths / 600),
        _ => format!("{} h", tenths / 36_000),
    }
}
