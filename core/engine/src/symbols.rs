//! What the engine knows of each symbol.

use model::{
    AssetId, LinkState, Mono, Price, Signal, SymbolId, SymbolNames, SymbolSpec, VenueTime,
};

use crate::book::Book;
use crate::listing::Listing;

/// One symbol.
#[derive(Debug, Default)]
pub(crate) struct Symbol {
    pub(crate) names: Option<SymbolNames>,
    pub(crate) base: Option<AssetId>,
    pub(crate) quote: Option<AssetId>,
    pub(crate) spec: Option<SymbolSpec>,
    pub(crate) listing: Listing,
    /// The strongest signal that strategies were told of.
    pub(crate) told: Option<Signal>,
    /// Its book, while it is followed.
    pub(crate) book: Option<usize>,
    pub(crate) depth: Option<LinkState>,
    pub(crate) last_print: Option<Price>,
    pub(crate) prints: u64,
    pub(crate) top_bid: Option<Price>,
    pub(crate) top_ask: Option<Price>,
    pub(crate) rules_asked: Option<Mono>,
    pub(crate) book_asked: Option<Mono>,
    /// Targets and positions that need its market data.
    pub(crate) followers: u32,
    /// An unexplained order or deal: no entry until an operator resumes.
    pub(crate) halted: bool,
}

impl Symbol {
    /// Whether it has opened, by its own prints.
    pub(crate) fn opened(&self) -> bool {
        self.listing.first_print.is_some()
    }

    /// Whether the coin opened less than a day before `now`.
    pub(crate) fn is_fresh(&self, now: VenueTime) -> bool {
        let opened = self.listing.first_print.or(self.listing.opens_at());
        opened.is_some_and(|at| now.since(at) < model::Span::from_secs(86_400))
    }
}

/// All symbols, and a pool of books for the followed ones.
#[derive(Debug)]
pub(crate) struct Symbols {
    table: Vec<Symbol>,
    books: Vec<Book>,
    free: Vec<usize>,
}

impl Symbols {
    /// As many as the venue's name table holds.
    pub(crate) const CAPACITY: usize = 4_096;
    /// 8 accounts x 5 targets, at most one symbol each.
    pub(crate) const BOOKS: usize = 40;

    pub(crate) fn new() -> Self {
        let mut table = Vec::with_capacity(Self::CAPACITY);
        table.resize_with(Self::CAPACITY, Symbol::default);
        let books = (0..Self::BOOKS).map(|_| Book::new()).collect();
        Self { table, books, free: (0..Self::BOOKS).rev().collect() }
    }

    /// Every place of the table, named or not, in the order of the ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (SymbolId, &Symbol)> {
        self.table.iter().enumerate().map(|(at, symbol)| (SymbolId(at as u32), symbol))
    }

    pub(crate) fn get(&self, id: SymbolId) -> Option<&Symbol> {
        self.table.get(id.index())
    }

    pub(crate) fn get_mut(&mut self, id: SymbolId) -> Option<&mut Symbol> {
        self.table.get_mut(id.index())
    }

    /// Whether some pair is quoted in `asset`.
    pub(crate) fn has_quote(&self, asset: AssetId) -> bool {
        self.table.iter().any(|symbol| symbol.quote == Some(asset))
    }

    pub(crate) fn book(&self, id: SymbolId) -> Option<&Book> {
        self.get(id)?.book.map(|at| &self.books[at])
    }

    pub(crate) fn book_mut(&mut self, id: SymbolId) -> Option<&mut Book> {
        let at = self.get(id)?.book?;
        Some(&mut self.books[at])
    }

    /// Counts one more who needs the market data; `true` for the first one.
    pub(crate) fn follow(&mut self, id: SymbolId) -> bool {
        let free = self.free.last().copied();
        let Some(symbol) = self.table.get_mut(id.index()) else { return false };
        symbol.followers += 1;
        if symbol.book.is_some() {
            return false;
        }
        if let Some(at) = free {
            self.free.pop();
            self.books[at].stop();
            symbol.book = Some(at);
        }
        true
    }

    /// Counts one fewer; `true` for the last one.
    pub(crate) fn unfollow(&mut self, id: SymbolId) -> bool {
        let Some(symbol) = self.table.get_mut(id.index()) else { return false };
        symbol.followers = symbol.followers.saturating_sub(1);
        if symbol.followers > 0 {
            return false;
        }
        if let Some(at) = symbol.book.take() {
            self.free.push(at);
        }
        true
    }

    /// Every book is unreadable until its snapshot comes: pushes were dropped.
    pub(crate) fn restart_books(&mut self, now: Mono) {
        for symbol in self.table.iter().filter(|symbol| symbol.depth == Some(LinkState::Live)) {
            if let Some(at) = symbol.book {
                self.books[at].start(now);
            }
        }
    }

    /// The operator looked at what halted single pairs.
    pub(crate) fn lift_halts(&mut self) {
        self.table.iter_mut().for_each(|symbol| symbol.halted = false);
    }

    /// The market streams are gone.
    pub(crate) fn stop_books(&mut self) {
        self.books.iter_mut().for_each(Book::stop);
        for symbol in &mut self.table {
            (symbol.top_bid, symbol.top_ask) = (None, None);
        }
    }

    /// Best bid that may be decided on: the book's, else the top-of-book stream's.
    pub(crate) fn bid(&self, id: SymbolId) -> Option<Price> {
        let from_book = self.book(id).and_then(Book::best_bid).map(|level| level.price);
        from_book.or(self.get(id)?.top_bid)
    }

    /// Best ask that may be decided on.
    pub(crate) fn ask(&self, id: SymbolId) -> Option<Price> {
        let from_book = self.book(id).and_then(Book::best_ask).map(|level| level.price);
        from_book.or(self.get(id)?.top_ask)
    }
}
