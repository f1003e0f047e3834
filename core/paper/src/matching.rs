//! Orders become deals: what the visible book and the prints justify, and never more.

use model::{
    AccountId, Amount, AssetId, Body, Event, Fill, FillSource, FixedList, Level, OrderKind,
    OrderStatus, Placed, Price, Print, Qty, Request, Round, Side, SymbolId, SymbolSpec,
    UpdateSource,
};

use crate::book::{Books, is_better, is_within};
use crate::check::Ticket;
use crate::config::FeeAsset;
use crate::order::{Deal, Order};
use crate::{DEALS_MAX, Paper};

/// A part of one level.
#[derive(Clone, Copy, Debug)]
struct Take {
    /// As it stands.
    level: Level,
    qty: Qty,
}

/// What one order takes at once, best first.
type Takes = FixedList<Take, DEALS_MAX>;

impl Paper {
    /// Takes an order that passed all checks, matches it, and rests or ends what is left.
    pub(crate) fn execute(&mut self, request: &Request, ticket: &Ticket, books: &impl Books) {
        let key = self.next_key(false);
        let account = request.account;
        let (symbol, side, kind) = (request.symbol, request.side, request.kind);
        let Some(pair) = self.pairs.get(symbol).copied() else { return };
        self.purse.lock(account, pair.pays(side), ticket.lock);
        let at = self.orders.add(Order {
            id: request.client_order_id,
            key,
            account,
            symbol,
            side,
            kind,
            limit: ticket.limit,
            qty: request.qty,
            filled: Qty::ZERO,
            status: OrderStatus::New,
            locked: ticket.lock,
            ahead: Qty::ZERO,
        });
        let placed = Placed { client_order_id: request.client_order_id, order: key };
        self.reply(Event::of(account, symbol, Body::Placed(placed)));
        self.tell_balance(account, pair.pays(side));
        let takes = self.takes(at, books);
        let order = *self.orders.at(at);
        self.remember(&order, &takes);
        for take in takes.iter() {
            self.deal(at, take.level.price, take.qty, false, &ticket.spec);
        }
        self.settle_placement(at, books);
        for asset in [pair.quote, pair.base] {
            self.tell_balance(account, asset);
        }
    }

    /// The levels that a fresh order takes.
    fn takes(&mut self, at: usize, books: &impl Books) -> Takes {
        let order = *self.orders.at(at);
        if order.kind == OrderKind::LimitMaker {
            return Takes::new();
        }
        let takes = self.within(&order, |price| is_within(order.side, order.limit, price), books);
        let short = order.kind == OrderKind::FillOrKill && sum_of(&takes) < order.qty;
        if short { Takes::new() } else { takes }
    }

    /// What an order may take of the levels that `reaches` admits, after what was taken before.
    fn within(
        &mut self,
        order: &Order,
        reaches: impl Fn(Price) -> bool,
        books: &impl Books,
    ) -> Takes {
        let mut takes = Takes::new();
        if !self.impact.has_room(DEALS_MAX) {
            self.impact.forget(books);
        }
        let Some(pair) = self.pairs.get(order.symbol) else { return takes };
        let Some(spec) = pair.spec.filter(|_| self.impact.has_room(DEALS_MAX)) else {
            return takes;
        };
        let market = pair.market(order.symbol, books);
        let mut left = order.left();
        for level in market.against(order.side).iter().take_while(|level| reaches(level.price)) {
            let stands = self.impact.left(order.symbol, order.side.opposite(), *level);
            let qty = stands.min(left).floor_to(spec.step);
            if qty.is_zero() {
                continue;
            }
            if takes.push(Take { level: *level, qty }).is_err() {
                break;
            }
            left = left.minus(qty);
            if left.is_zero() {
                break;
            }
        }
        takes
    }

    /// What is taken is gone from its level until the market says otherwise.
    fn remember(&mut self, order: &Order, takes: &Takes) {
        for take in takes.iter() {
            self.impact.take(order.symbol, order.side.opposite(), take.level, take.qty);
        }
    }

    /// Rests what is left of a fresh order, or ends it.
    fn settle_placement(&mut self, at: usize, books: &impl Books) {
        let order = *self.orders.at(at);
        if order.status.is_final() {
            return;
        }
        let Some(pair) = self.pairs.get(order.symbol) else { return };
        let market = pair.market(order.symbol, books);
        let best = market.against(order.side).first();
        let crosses = best.is_some_and(|best| is_within(order.side, order.limit, best.price));
        let refused = order.kind == OrderKind::LimitMaker && crosses;
        if order.kind.rests() && !refused {
            let ahead = market.queue_at(order.side, order.limit);
            self.orders.at(at).ahead = ahead;
            if order.filled.is_zero() {
                self.tell_order(at);
            }
        } else {
            self.end(at);
        }
    }

    /// Ends an open order and tells of it; its lock is free again.
    pub(crate) fn end(&mut self, at: usize) {
        let order = self.orders.at(at);
        order.status = if order.filled.is_zero() {
            OrderStatus::Cancelled
        } else {
            OrderStatus::PartiallyCancelled
        };
        self.release(at, Amount::ZERO);
        self.tell_order(at);
    }

    /// Frees all of an order's lock but `keep`.
    fn release(&mut self, at: usize, keep: Amount) {
        let order = self.orders.at(at);
        let excess = order.locked.minus_or_min(keep);
        if excess <= Amount::ZERO {
            return;
        }
        order.locked = keep;
        let (account, symbol, side) = (order.account, order.symbol, order.side);
        if let Some(pair) = self.pairs.get(symbol) {
            self.purse.unlock(account, pair.pays(side), excess);
        }
    }

    /// A public deal: what stood before us at its price goes first, and what trades beyond our price
    /// had to come past us.
    pub(crate) fn on_print(&mut self, symbol: SymbolId, print: &Print) {
        let side = print.taker.opposite();
        let mut given = Qty::ZERO;
        let mut after = None;
        while let Some(at) = self.orders.next_resting(symbol, side, after) {
            after = Some(at);
            let order = *self.orders.at(at);
            if is_better(side, print.price, order.limit) {
                break;
            }
            let through = order.limit != print.price;
            let ahead = if through { Qty::ZERO } else { order.ahead };
            self.orders.at(at).ahead = ahead.minus(print.qty);
            let reaches = print.qty.minus(ahead).minus(given);
            given = given.plus(self.rest_deal(at, reaches)).unwrap_or(given);
        }
    }

    /// The book changed: what stands before us shrinks with its level, and quotes beyond our price
    /// would have met us.
    pub(crate) fn on_book(&mut self, symbol: SymbolId, books: &impl Books) {
        if !self.orders.rests_on(symbol) || books.book(symbol).is_none() {
            return;
        }
        for side in [Side::Buy, Side::Sell] {
            let mut after = None;
            while let Some(at) = self.orders.next_resting(symbol, side, after) {
                after = Some(at);
                self.advance(at, books);
                self.meet_quotes(at, books);
            }
        }
    }

    fn advance(&mut self, at: usize, books: &impl Books) {
        let order = *self.orders.at(at);
        let Some(pair) = self.pairs.get(order.symbol) else { return };
        let shown = pair.market(order.symbol, books).queue_at(order.side, order.limit);
        self.orders.at(at).ahead = order.ahead.min(shown);
    }

    /// Quotes strictly beyond a resting order's price deal with it, at its price.
    fn meet_quotes(&mut self, at: usize, books: &impl Books) {
        let order = *self.orders.at(at);
        let beyond = |price| is_better(order.side, order.limit, price);
        let Some(pair) = self.pairs.get(order.symbol) else { return };
        let market = pair.market(order.symbol, books);
        if !market.against(order.side).first().is_some_and(|best| beyond(best.price)) {
            return;
        }
        self.orders.at(at).ahead = Qty::ZERO;
        if !self.has_room() {
            // The next word of the book comes back to it.
            return;
        }
        let takes = self.within(&order, beyond, books);
        self.remember(&order, &takes);
        self.rest_deal(at, sum_of(&takes));
    }

    /// Deals with a resting order for at most `reaches`; what it took.
    fn rest_deal(&mut self, at: usize, reaches: Qty) -> Qty {
        let order = *self.orders.at(at);
        let Some(pair) = self.pairs.get(order.symbol).copied() else { return Qty::ZERO };
        let Some(spec) = pair.spec else { return Qty::ZERO };
        let qty = order.left().min(reaches).floor_to(spec.step);
        if qty.is_zero() || !self.has_room() {
            return Qty::ZERO;
        }
        self.deal(at, order.limit, qty, true, &spec);
        for asset in [pair.quote, pair.base] {
            self.tell_balance(order.account, asset);
        }
        qty
    }

    /// Books one deal: money, fee, order, record, and the stream's word of it.
    fn deal(&mut self, at: usize, price: Price, qty: Qty, maker: bool, spec: &SymbolSpec) {
        let order = *self.orders.at(at);
        let Some(pair) = self.pairs.get(order.symbol).copied() else { return };
        let (pd, qd) = (spec.price_decimals, spec.qty_decimals);
        let round = if order.side == Side::Buy { Round::Up } else { Round::Down };
        // The check of the whole order's value has passed, so a part of it fits.
        let quote = Amount::notional(price, pd, qty, qd, round).unwrap_or(Amount::ZERO);
        let base = Amount::of_qty(qty, qd).unwrap_or(Amount::ZERO);
        let (gives, gets) = match order.side {
            Side::Buy => (quote, base),
            Side::Sell => (base, quote),
        };
        let (fee, fee_asset) = self.fee(&order, maker, quote, gets, spec, &pair);
        let mut locked = order.locked;
        self.purse.pay(order.account, pair.pays(order.side), &mut locked, gives);
        self.purse.receive(order.account, pair.pays(order.side.opposite()), gets);
        let (mut nothing, reserved) = (Amount::ZERO, fee_asset == pair.pays(order.side));
        let from = if reserved { &mut locked } else { &mut nothing };
        self.purse.pay(order.account, fee_asset, from, fee);
        let held = self.orders.at(at);
        held.locked = locked;
        held.filled = held.filled.plus(qty).unwrap_or(held.qty);
        let whole = held.left().is_zero();
        held.status = if whole { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        let keep = self.still_needed(at, spec);
        self.release(at, keep);
        self.record(at, price, qty, maker, fee, fee_asset);
        self.tell_order(at);
    }

    fn fee(
        &self,
        order: &Order,
        maker: bool,
        quote: Amount,
        gets: Amount,
        spec: &SymbolSpec,
        pair: &crate::pair::Pair,
    ) -> (Amount, AssetId) {
        let in_quote = order.side == Side::Sell || self.config.fees.asset == FeeAsset::Quote;
        let (value, asset) = if in_quote { (quote, pair.quote) } else { (gets, pair.base) };
        let rate = self.config.fees.rate(spec, maker);
        (value.parts_per_million(rate, Round::Up).unwrap_or(Amount::ZERO), asset)
    }

    /// What the rest of an order can cost at most.
    fn still_needed(&mut self, at: usize, spec: &SymbolSpec) -> Amount {
        let order = *self.orders.at(at);
        if order.status.is_final() {
            return Amount::ZERO;
        }
        let (pd, qd) = (spec.price_decimals, spec.qty_decimals);
        let needed = match order.side {
            Side::Sell => Amount::of_qty(order.left(), qd),
            Side::Buy => Amount::notional(order.limit, pd, order.left(), qd, Round::Up)
                .and_then(|cost| cost.plus(self.config.fees.reserve(spec, cost))),
        };
        needed.unwrap_or(order.locked).min(order.locked)
    }

    fn record(
        &mut self,
        at: usize,
        price: Price,
        qty: Qty,
        maker: bool,
        fee: Amount,
        fee_asset: AssetId,
    ) {
        let trade = self.next_key(true);
        let order = *self.orders.at(at);
        let fill = Fill {
            client_order_id: Some(order.id),
            order: order.key,
            trade,
            fee,
            price,
            qty,
            fee_asset,
            side: order.side,
            maker,
            source: FillSource::Stream,
        };
        let stamped = self.venue_now();
        self.deals.add(Deal { account: order.account, symbol: order.symbol, at: stamped, fill });
        let event = Event::of(order.account, order.symbol, Body::Fill(fill));
        self.tell(Event { stamped, ..event });
    }

    pub(crate) fn tell_order(&mut self, at: usize) {
        let stamped = self.venue_now();
        let event = self.orders.at(at).update(UpdateSource::Stream, stamped);
        self.tell(event);
    }

    pub(crate) fn tell_balance(&mut self, account: AccountId, asset: AssetId) {
        let balance = self.purse.balance(account, asset);
        let stamped = self.venue_now();
        let event = Event::of(account, SymbolId::NONE, Body::Balance(balance));
        self.tell(Event { stamped, ..event });
    }
}

fn sum_of(takes: &Takes) -> Qty {
    takes.iter().fold(Qty::ZERO, |sum, take| sum.plus(take.qty).unwrap_or(sum))
}
