//! What is known of a pair.

use model::{
    AssetId, Body, BookTop, Event, Level, LinkState, ListingBody, Side, Stream, SymbolId,
    SymbolNames, SymbolSpec, Text, VenueTime,
};

use crate::book::{Books, Market};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) name: Text<24>,
    pub(crate) base: AssetId,
    pub(crate) base_name: Text<16>,
    pub(crate) quote: AssetId,
    pub(crate) quote_name: Text<8>,
    /// As the trader has taken them.
    pub(crate) spec: Option<SymbolSpec>,
    /// Planned opening; none when nobody said.
    pub(crate) opens_at: VenueTime,
    pub(crate) printed: bool,
    bid: Option<Level>,
    ask: Option<Level>,
}

impl Pair {
    /// What an order of `side` pays with.
    pub(crate) const fn pays(&self, side: Side) -> AssetId {
        match side {
            Side::Buy => self.quote,
            Side::Sell => self.base,
        }
    }

    pub(crate) fn market<'a>(&'a self, symbol: SymbolId, books: &'a impl Books) -> Market<'a> {
        match books.book(symbol) {
            Some((bids, asks)) => Market { bids, asks, top_only: false },
            None => Market { bids: self.bid.as_slice(), asks: self.ask.as_slice(), top_only: true },
        }
    }

    pub(crate) fn set_top(&mut self, top: Option<&BookTop>) {
        self.bid = top.and_then(|top| top.bid);
        self.ask = top.and_then(|top| top.ask);
    }

    /// A later opening closes the pair again: the name may be another coin's now.
    fn set_opening(&mut self, at: VenueTime, venue_now: VenueTime) {
        if !at.is_some() || at == self.opens_at {
            return;
        }
        self.opens_at = at;
        if venue_now.is_some() && at > venue_now {
            self.printed = false;
        }
    }
}

/// Pairs by their ids.
#[derive(Debug)]
pub(crate) struct Pairs {
    pairs: Vec<Option<Pair>>,
}

impl Pairs {
    /// As many as the table of names holds.
    const CAPACITY: usize = venue::SymbolTable::CAPACITY;

    pub(crate) fn new() -> Self {
        Self { pairs: vec![None; Self::CAPACITY] }
    }

    pub(crate) fn get(&self, symbol: SymbolId) -> Option<&Pair> {
        self.pairs.get(symbol.index())?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, symbol: SymbolId) -> Option<&mut Pair> {
        self.pairs.get_mut(symbol.index())?.as_mut()
    }

    /// The pairs that have names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (SymbolId, Pair)> + use<> {
        let named = self.pairs.iter().enumerate();
        let named = named.filter_map(|(at, pair)| Some((SymbolId(at as u32), (*pair)?)));
        named.collect::<Vec<_>>().into_iter()
    }

    /// A pair has names. Told again they change nothing.
    pub(crate) fn name(&mut self, symbol: SymbolId, names: &SymbolNames) {
        let known = self.get(symbol).is_some_and(|pair| pair.name == names.name);
        if let Some(slot) = self.pairs.get_mut(symbol.index()).filter(|_| !known) {
            *slot = Some(Pair {
                name: names.name,
                base: names.base_asset,
                base_name: names.base,
                quote: names.quote_asset,
                quote_name: names.quote,
                spec: None,
                opens_at: VenueTime::NONE,
                printed: false,
                bid: None,
                ask: None,
            });
        }
    }

    /// Takes what an event says of a pair beside its book.
    pub(crate) fn learn(&mut self, event: &Event, venue_now: VenueTime) {
        let Some(pair) = self.get_mut(event.symbol) else { return };
        if let Body::Listing(fact) = &event.body {
            match fact.body {
                ListingBody::Opens { at } => pair.set_opening(at, venue_now),
                ListingBody::Listed { opens_at, .. } => pair.set_opening(opens_at, venue_now),
                ListingBody::ApiAllowed { .. } | ListingBody::Gone => {}
            }
        } else if let Body::Top(top) = &event.body {
            pair.set_top(Some(top));
        } else if let Body::Print(_) = &event.body {
            pair.printed = true;
        } else if let Body::Stream { stream: Stream::BookTop, state } = &event.body
            && *state != LinkState::Live
        {
            pair.set_top(None);
        }
    }
}
