//! Orders become deals: matching, settlement, cancellation.

use model::{Amount, OrderKind, OrderStatus, Price, Qty, Round, Side};

use crate::book::{Match, Want};
use crate::error::ApiError;
use crate::exchange::{Exchange, HISTORY_MAX};
use crate::hub::Cause;
use crate::market::Trade;
use crate::order::{Deal, Order};
use crate::personality::{FeeAsset, FirstTold};

/// An order that passed all checks.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) account: usize,
    pub(crate) symbol: usize,
    pub(crate) side: Side,
    pub(crate) kind: OrderKind,
    pub(crate) limit: Option<Price>,
    pub(crate) want: Want,
    pub(crate) lock: Amount,
    pub(crate) client_id: Option<Box<str>>,
    pub(crate) stp_mode: &'static str,
}

impl Exchange {
    /// Accepts an order, matches it and rests or cancels what is left. Its id.
    ///
    /// # Errors
    /// 30004 when the money is not there.
    pub(crate) fn execute(&mut self, ticket: Ticket) -> Result<u64, ApiError> {
        let symbol = &self.symbols[ticket.symbol];
        let asset = if ticket.side == Side::Buy { symbol.quote } else { symbol.base };
        if !self.ledger.lock(ticket.account, asset, ticket.lock) {
            return Err(ApiError::insufficient(self.personality.insufficient_code));
        }
        self.tell_balance(
            ticket.account,
            asset,
            -ticket.lock.raw(),
            ticket.lock.raw(),
            Cause::Place,
        );
        let id = self.next_order;
        self.next_order += 1;
        let (qty, quote_qty) = match ticket.want {
            Want::Base(qty) => (qty, None),
            Want::Quote(quote) => (Qty::ZERO, Some(quote)),
        };
        let mut order = Order {
            id,
            account: ticket.account,
            symbol: ticket.symbol,
            side: ticket.side,
            kind: ticket.kind,
            price: ticket.limit,
            qty,
            quote_qty,
            filled: Qty::ZERO,
            quote_filled: Amount::ZERO,
            status: OrderStatus::New,
            client_id: ticket.client_id,
            stp_mode: ticket.stp_mode,
            cancel_reason: "",
            created: self.now,
            updated: self.now,
            past: Vec::new(),
            locked: ticket.lock,
            last_deal: None,
            rested: false,
        };
        self.symbols[ticket.symbol].last_order = self.now;
        if self.may_match(&order) {
            if self.personality.new_told && self.crosses(&order) {
                self.tell_order(&order);
            }
            self.match_order(&mut order, ticket.want);
        }
        self.finish_placement(order);
        self.book_changed(ticket.symbol);
        Ok(id)
    }

    /// Cancels an open order; `None` when it is not open.
    pub(crate) fn cancel_order(&mut self, id: u64) -> Option<&Order> {
        self.cancel_because(id, "")
    }

    /// Cancels an open order with a reason of the exchange's own.
    pub(crate) fn cancel_because(&mut self, id: u64, reason: &'static str) -> Option<&Order> {
        let order = self.orders.get(&id)?;
        if order.status.is_final() {
            return None;
        }
        let (symbol, side, price) = (order.symbol, order.side, order.price?);
        self.symbols[symbol].book.cancel(side, price, id)?;
        let mut order = self.orders.remove(&id)?;
        self.keep_past(&mut order);
        order.cancel_reason = reason;
        self.close(&mut order);
        self.tell_order(&order);
        self.keep_finished(order);
        self.book_changed(symbol);
        self.orders.get(&id)
    }

    /// Whether the order meets the book at all.
    fn may_match(&self, order: &Order) -> bool {
        let symbol = &self.symbols[order.symbol];
        match order.kind {
            OrderKind::LimitMaker => false,
            OrderKind::FillOrKill if self.prevents_self_trade(order) => self.holds_guarded(order),
            OrderKind::FillOrKill => symbol.book.holds(order.side, order.price, order.qty),
            OrderKind::Market => {
                symbol.schedule.as_ref().is_none_or(|schedule| !schedule.cancels_market(self.now))
            }
            OrderKind::Limit | OrderKind::ImmediateOrCancel => true,
        }
    }

    fn match_order(&mut self, order: &mut Order, want: Want) {
        let left = match self.prevents_self_trade(order) {
            true => self.match_guarded(order, want),
            false => self.match_freely(order, want),
        };
        let last = order.last_deal.and(self.symbols[order.symbol].last);
        if let (Want::Quote(rest), Some(last)) = (left, last) {
            // What remains buys not one more step: the order is filled.
            let scale = self.symbols[order.symbol].scale;
            let more = rest.qty_at(last, scale.price, scale.qty);
            if more.is_some_and(Qty::is_zero) && order.status != OrderStatus::Filled {
                order.status = OrderStatus::Filled;
                self.tell_order(order);
            }
        }
    }

    fn match_freely(&mut self, order: &mut Order, want: Want) -> Want {
        let mut matches = std::mem::take(&mut self.matches);
        let book = &mut self.symbols[order.symbol].book;
        let left = book.take(order.side, order.price, want, &mut matches);
        for deal in matches.drain(..) {
            self.settle(order, deal);
        }
        self.matches = matches;
        left
    }

    /// Rests what is left of a fresh order, or closes it.
    fn finish_placement(&mut self, mut order: Order) {
        let crosses = order.kind == OrderKind::LimitMaker && self.crosses(&order);
        let stopped = crosses || !order.cancel_reason.is_empty();
        let rests = order.kind.rests() && !stopped && !order.left().is_zero();
        let rested = rests
            && order.price.is_some_and(|price| {
                let left = order.left();
                self.symbols[order.symbol].book.rest(order.side, price, order.id, left)
            });
        let filled = order.status == OrderStatus::Filled;
        if rested {
            order.rested = true;
            self.accounts[order.account].open += 1;
            if order.filled.is_zero() {
                self.tell_order(&order);
            }
        } else if filled {
            self.release(&mut order);
        } else {
            self.accounts[order.account].open += 1;
            self.close(&mut order);
            self.tell_order(&order);
        }
        if self.accounts[order.account].house {
            if rested {
                self.orders.insert(order.id, order);
            }
            return;
        }
        self.remember(&order);
        self.orders.insert(order.id, order);
    }

    pub(crate) fn crosses(&self, order: &Order) -> bool {
        let best = self.symbols[order.symbol].book.best(order.side.opposite());
        match (best, order.price, order.side) {
            (Some(best), Some(price), Side::Buy) => price >= best,
            (Some(best), Some(price), Side::Sell) => price <= best,
            _ => false,
        }
    }

    /// Moves the money of one match and tells both sides.
    pub(crate) fn settle(&mut self, taker: &mut Order, deal: Match) {
        let Some(mut maker) = self.orders.remove(&deal.maker) else { return };
        let symbol = &self.symbols[taker.symbol];
        let quote_qty = symbol.scale.notional(deal.price, deal.qty).unwrap_or(Amount::ZERO);
        let base_qty = Amount::of_qty(deal.qty, symbol.scale.qty).unwrap_or(Amount::ZERO);
        let (base, quote) = (symbol.base, symbol.quote);
        let (buyer, seller) =
            if taker.side == Side::Buy { (&*taker, &maker) } else { (&maker, &*taker) };
        let (buyer, seller) = (buyer.account, seller.account);
        self.ledger.pay(buyer, seller, quote, quote_qty);
        self.ledger.pay(seller, buyer, base, base_qty);
        let id = self.next_deal;
        self.next_deal += 1;
        let self_trade = taker.account == maker.account;
        for order in [&mut *taker, &mut maker] {
            self.book_deal(order, id, deal, quote_qty, base_qty, self_trade);
        }
        let trade = Trade { id, price: deal.price, qty: deal.qty, taker: taker.side, at: self.now };
        self.symbols[taker.symbol].add_trade(trade);
        if maker.status == OrderStatus::Filled {
            self.accounts[maker.account].open = self.accounts[maker.account].open.saturating_sub(1);
            self.keep_finished(maker);
        } else {
            self.orders.insert(maker.id, maker);
        }
    }

    /// Books a deal on one of its two orders: state, fee, lock, record, events.
    fn book_deal(
        &mut self,
        order: &mut Order,
        id: u64,
        deal: Match,
        quote_qty: Amount,
        base_qty: Amount,
        self_trade: bool,
    ) {
        self.keep_past(order);
        let maker = order.id == deal.maker;
        let (base, quote) = (self.symbols[order.symbol].base, self.symbols[order.symbol].quote);
        let (gets, got, gives, gave) = match order.side {
            Side::Buy => (base, base_qty, quote, quote_qty),
            Side::Sell => (quote, quote_qty, base, base_qty),
        };
        order.filled = order.filled.plus(deal.qty).unwrap_or(order.qty);
        order.quote_filled = order.quote_filled.plus_or_max(quote_qty);
        order.last_deal = Some(deal.qty);
        order.updated = self.now;
        order.locked = order.locked.minus_or_min(gave);
        let (fee, fee_asset) = self.charge_fee(order, maker, quote_qty, got);
        let complete = match order.quote_qty {
            None => order.left().is_zero(),
            Some(quote) => order.quote_filled >= quote,
        };
        order.status = if complete { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        self.release_excess(order, complete);
        if self.accounts[order.account].house {
            return;
        }
        self.tell_balance(order.account, gives, 0, -gave.raw(), Cause::Deal);
        self.tell_balance(order.account, gets, got.raw(), 0, Cause::Deal);
        if fee > Amount::ZERO {
            self.tell_balance(order.account, fee_asset, -fee.raw(), 0, Cause::Fee);
        }
        let record = Deal {
            id,
            symbol: order.symbol,
            order: order.id,
            client_id: order.client_id.clone(),
            side: order.side,
            maker,
            self_trade,
            price: deal.price,
            qty: deal.qty,
            quote_qty,
            fee,
            fee_asset,
            at: self.now,
        };
        match self.personality.first_told {
            FirstTold::Deal => {
                self.tell_deal(order.account, &record);
                self.tell_order(order);
            }
            FirstTold::Order => {
                self.tell_order(order);
                self.tell_deal(order.account, &record);
            }
        }
        let deals = &mut self.accounts[order.account].deals;
        if deals.len() == HISTORY_MAX {
            deals.pop_front();
        }
        deals.push_back(record);
    }

    fn charge_fee(
        &mut self,
        order: &mut Order,
        maker: bool,
        quote_qty: Amount,
        got: Amount,
    ) -> (Amount, usize) {
        let symbol = &self.symbols[order.symbol];
        let (base, quote) = (symbol.base, symbol.quote);
        let config = &symbol.rules.config;
        let rate = if maker { config.maker_fee_ppm } else { config.taker_fee_ppm };
        let in_quote = order.side == Side::Sell || self.personality.fee_asset == FeeAsset::Quote;
        let fee_asset = if in_quote { quote } else { base };
        if self.accounts[order.account].house || rate == 0 {
            return (Amount::ZERO, fee_asset);
        }
        if let Some((fee, mx)) = self.fee_in_mx(order, quote_qty, rate) {
            self.ledger.charge(order.account, mx, fee);
            return (fee, mx);
        }
        let value = if in_quote { quote_qty } else { got };
        let fee = value.parts_per_million(rate, Round::Up).unwrap_or(Amount::ZERO);
        if in_quote && order.side == Side::Buy {
            // Locked with the order.
            self.ledger.release(order.account, quote, fee);
            order.locked = order.locked.minus_or_min(fee);
        }
        self.ledger.charge(order.account, fee_asset, fee);
        (fee, fee_asset)
    }

    /// The fee in MX, where the account wants that, MX has a price in the pair's quote and the
    /// account has enough of it free.
    fn fee_in_mx(&self, order: &Order, quote_qty: Amount, rate: u32) -> Option<(Amount, usize)> {
        if !self.accounts[order.account].mx_deduct {
            return None;
        }
        let quote = &self.ledger.assets()[self.symbols[order.symbol].quote];
        let pair = &self.symbols[*self.by_name.get(&format!("MX{quote}"))?];
        let paid = quote_qty.parts_per_million(rate, Round::Up)?;
        let off = paid.parts_per_million(self.personality.mx_discount_bps * 100, Round::Down)?;
        let unit = 10_i128.pow(u32::from(pair.scale.price));
        let scaled = paid.minus_or_min(off).raw().checked_mul(unit)?;
        let price = i128::from(pair.last?.raw());
        let fee = Amount::from_raw(scaled / price + i128::from(scaled % price != 0));
        let enough = self.ledger.pocket(order.account, pair.base).free >= fee;
        (enough && fee > Amount::ZERO).then_some((fee, pair.base))
    }

    /// Frees what the rest of the order cannot need: a better price was found, or it is done.
    fn release_excess(&mut self, order: &mut Order, complete: bool) {
        let needed = match (complete, order.price, order.quote_qty) {
            (true, ..) => Amount::ZERO,
            (false, Some(limit), None) => {
                let want = Want::Base(order.left());
                self.reserve(order.symbol, order.side, limit, want).unwrap_or(order.locked)
            }
            _ => order.locked,
        };
        let excess = order.locked.minus_or_min(needed);
        if excess <= Amount::ZERO {
            return;
        }
        let asset = self.paying_asset(order);
        self.ledger.release(order.account, asset, excess);
        order.locked = order.locked.minus_or_min(excess);
        self.tell_balance(order.account, asset, excess.raw(), -excess.raw(), Cause::Unlock);
    }

    fn paying_asset(&self, order: &Order) -> usize {
        let symbol = &self.symbols[order.symbol];
        if order.side == Side::Buy { symbol.quote } else { symbol.base }
    }

    /// Money that an order must lock: the worst it can cost, a fee in quote included.
    pub(crate) fn reserve(
        &self,
        symbol: usize,
        side: Side,
        limit: Price,
        want: Want,
    ) -> Option<Amount> {
        let symbol = &self.symbols[symbol];
        let cost = match (side, want) {
            (Side::Sell, Want::Base(qty)) => return Amount::of_qty(qty, symbol.scale.qty),
            (Side::Sell, Want::Quote(_)) => return None,
            (Side::Buy, Want::Base(qty)) => symbol.scale.notional(limit, qty)?,
            (Side::Buy, Want::Quote(quote)) => quote,
        };
        if self.personality.fee_asset == FeeAsset::Received {
            return Some(cost);
        }
        let config = &symbol.rules.config;
        let rate = config.maker_fee_ppm.max(config.taker_fee_ppm);
        // One more unit for each deal's rounding would be exact; a millionth covers it.
        cost.plus(cost.parts_per_million(rate.checked_add(1)?, Round::Up)?)
    }

    /// Keeps an order's state ahead of a change, where queries lag behind.
    fn keep_past(&self, order: &mut Order) {
        if self.personality.read_lag_ms > 0 {
            order.keep_past(self.now);
        }
    }

    /// Ends an open order: state, lock.
    fn close(&mut self, order: &mut Order) {
        self.keep_past(order);
        order.status = if order.filled.is_zero() {
            OrderStatus::Cancelled
        } else {
            OrderStatus::PartiallyCancelled
        };
        order.updated = self.now;
        self.accounts[order.account].open = self.accounts[order.account].open.saturating_sub(1);
        self.release(order);
    }

    fn release(&mut self, order: &mut Order) {
        let left = std::mem::take(&mut order.locked);
        if left > Amount::ZERO {
            let asset = self.paying_asset(order);
            self.ledger.release(order.account, asset, left);
            self.tell_balance(order.account, asset, left.raw(), -left.raw(), Cause::Cancel);
        }
    }

    fn keep_finished(&mut self, order: Order) {
        if !self.accounts[order.account].house {
            self.orders.insert(order.id, order);
        }
    }

    /// Files a fresh order under its account; the oldest finished one makes room.
    fn remember(&mut self, order: &Order) {
        let account = &mut self.accounts[order.account];
        if let Some(id) = &order.client_id {
            account.client_ids.insert(id.clone(), order.id);
        }
        account.orders.push_back(order.id);
        if account.orders.len() <= HISTORY_MAX {
            return;
        }
        let done = |id: &u64| self.orders.get(id).is_none_or(|order| order.status.is_final());
        let Some(at) = account.orders.iter().position(done) else { return };
        let gone = account.orders.remove(at).and_then(|id| self.orders.remove(&id));
        let named = gone.and_then(|order| Some((order.client_id?, order.id)));
        if let Some((client_id, id)) = named
            && account.client_ids.get(&client_id) == Some(&id)
        {
            account.client_ids.remove(&client_id);
        }
    }
}
