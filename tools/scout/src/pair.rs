//! One named pair: what was told of it, and the difference to what is known.

use model::{
    AccountId, Body, Event, ListingBody, ListingFact, Source, SymbolId, SymbolSpec, VenueKey,
    VenueTime,
};

use crate::PairName;
use crate::pages::WebRow;

#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) id: SymbolId,
    pub(crate) pair: PairName,
    /// Named by the operator.
    pub(crate) watched: bool,
    /// The coin that trades under this name, as far as is known.
    pub(crate) coin: VenueKey,
    told: Told,
    /// Counts the rules that were told, over all coins of this name.
    version: u32,
}

/// What the trader knows from us of the coin.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    opens: Option<VenueTime>,
    listed: Option<ListingBody>,
    web_scales: Option<(u8, u8)>,
    rules: Option<SymbolSpec>,
    api: Option<bool>,
}

impl Pair {
    pub(crate) fn new(id: SymbolId, pair: PairName, watched: bool) -> Self {
        let told = Told::default();
        Self { id, pair, watched, coin: VenueKey::NONE, told, version: 0 }
    }

    /// The coin behind the name is this one. If it was another, nothing told of that one holds.
    pub(crate) fn own(&mut self, coin: VenueKey) {
        if self.coin.is_some() && self.coin != coin {
            self.told = Told::default();
        }
        self.coin = coin;
    }

    /// The planned openings that were told: the calendar's and the web list's.
    pub(crate) fn openings(&self) -> impl Iterator<Item = VenueTime> {
        let web = match self.told.listed {
            Some(ListingBody::Listed { opens_at, .. }) if opens_at.is_some() => Some(opens_at),
            Some(
                ListingBody::Listed { .. }
                | ListingBody::Opens { .. }
                | ListingBody::ApiAllowed { .. }
                | ListingBody::Gone,
            )
            | None => None,
        };
        self.told.opens.into_iter().chain(web)
    }

    /// Whether its opening is planned or the operator named it.
    pub(crate) fn matters(&self) -> bool {
        self.watched || self.openings().next().is_some()
    }

    /// The calendar says that it opens then, or says nothing.
    ///
    /// A calendar that drops a coin after its opening says nothing by that.
    pub(crate) fn tell_opening(
        &mut self,
        now: VenueTime,
        opens: Option<VenueTime>,
        out: &mut Vec<Event>,
    ) {
        if opens == self.told.opens {
            return;
        }
        match opens {
            Some(at) => self.fact(Source::Calendar, ListingBody::Opens { at }, out),
            None if self.told.opens > Some(now) => {
                self.fact(Source::Calendar, ListingBody::Gone, out);
            }
            None => {}
        }
        self.told.opens = opens;
    }

    /// The web list's row of this pair and coin, or none.
    pub(crate) fn tell_row(&mut self, row: Option<&WebRow>, out: &mut Vec<Event>) {
        let listed = row.map(|row| row.listed);
        if listed != self.told.listed {
            self.fact(Source::WebList, listed.unwrap_or(ListingBody::Gone), out);
            self.told.listed = listed;
        }
        let Some(spec) = row.and_then(|row| row.spec) else { return };
        let scales = Some((spec.price_decimals, spec.qty_decimals));
        // What exchangeInfo has told is better in every field.
        if self.told.rules.is_none() && scales != self.told.web_scales {
            self.told.web_scales = scales;
            self.spec(spec, out);
        }
    }

    /// The rules of `exchangeInfo`.
    pub(crate) fn tell_rules(&mut self, spec: SymbolSpec, out: &mut Vec<Event>) {
        let bare = SymbolSpec { version: 0, read_at: VenueTime::NONE, ..spec };
        if self.told.rules != Some(bare) {
            self.told.rules = Some(bare);
            self.spec(spec, out);
        }
    }

    /// Whether the list of pairs open to the API has it. Absence means something only after
    /// presence: nobody knows when a new pair is let in.
    pub(crate) fn tell_api(&mut self, allowed: bool, out: &mut Vec<Event>) {
        if allowed == self.told.api.unwrap_or(false) {
            return;
        }
        self.told.api = Some(allowed);
        self.fact(Source::ApiSymbols, ListingBody::ApiAllowed { allowed }, out);
    }

    fn fact(&self, source: Source, body: ListingBody, out: &mut Vec<Event>) {
        let fact = ListingFact { source, coin: self.coin, body };
        out.push(Event::of(AccountId::NONE, self.id, Body::Listing(fact)));
    }

    fn spec(&mut self, spec: SymbolSpec, out: &mut Vec<Event>) {
        self.version = self.version.saturating_add(1);
        let spec = SymbolSpec { version: self.version, ..spec };
        out.push(Event::of(AccountId::NONE, self.id, Body::Spec(spec)));
    }
}
