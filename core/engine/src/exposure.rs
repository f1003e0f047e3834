//! The figures that the gate compares a request with.

use model::{AccountId, Amount, OrderLeg, Price, Qty, Side, Strategies, SymbolId};
use risk::Exposure;

use crate::rate::Class;
use crate::{Engine, Target};

/// Cost of holdings and of buys in flight.
#[derive(Clone, Copy, Default)]
struct Totals {
    symbol: Amount,
    quote: Amount,
    all: Amount,
}

impl<S: Strategies> Engine<S> {
    /// Reads the state for one request of a target's leg.
    pub(crate) fn exposure(
        &mut self,
        slot: usize,
        leg: OrderLeg,
        side: Side,
        price: Price,
    ) -> Option<Exposure> {
        let target = self.targets.get(slot)?;
        let (account, id) = (target.account(), target.symbol());
        let totals = self.totals(account, id);
        let symbol = self.symbols.get(id)?;
        let opened = symbol.opened() || target.is_bought();
        // Asks that stand before the opening are the permit's reference, not a market.
        let book = self.symbols.book(id).filter(|book| opened && book.is_live());
        let reference = self.market_price(target);
        let entry = side == Side::Buy;
        let held = symbol.spec.map_or(Qty::ZERO, |spec| target.position.sellable(&spec));
        let exposure = Exposure {
            now: self.now,
            venue_now: self.venue_now(),
            spec: symbol.spec,
            coin: symbol.listing.coin.unwrap_or(model::VenueKey::NONE),
            permit: self.permit_use(slot, target),
            kill: self.kill,
            blocks: self.entry_blocks(account, symbol.halted),
            opened: symbol.shows_rules_of_trading(),
            listing: self.is_fresh_for(target),
            reference: reference.filter(|_| entry),
            drift_from: target.fire.last_at.and(target.reference).filter(|_| opened && entry),
            opposite_depth: book.map(|book| book.depth_against(side, price)),
            bid: self.symbols.bid(id).filter(|_| opened),
            ask: self.symbols.ask(id).filter(|_| opened),
            own_opposite: self.orders.own_opposite(id, side),
            held,
            offered: self.orders.offered(slot),
            same_leg: self.orders.on_leg(slot, leg),
            orders_live: self.live_of(|a, _| a == account),
            orders_live_symbol: self.live_of(|a, s| a == account && s == id),
            symbol_notional: totals.symbol,
            quote_notional: totals.quote,
            total_notional: totals.all,
            bought_today: self.bought_today(account),
            rate_room: 0,
        };
        let class = if entry { Class::Entry } else { Class::Exit };
        let rate_room = self.rate_room(account, class);
        Some(Exposure { rate_room, ..exposure })
    }

    /// What of the permit is used: filled and in flight together.
    fn permit_use(&self, slot: usize, target: &Target) -> Option<risk::PermitUse> {
        let mut used = target.permit?;
        let spec = self.symbols.get(target.symbol())?.spec?;
        let in_flight = self
            .orders
            .of_target(slot)
            .filter(|order| order.request.side == Side::Buy)
            .fold(Amount::ZERO, |sum, order| sum.plus_or_max(order.open_notional(&spec)));
        used.notional_used = target.position.paid.plus_or_max(in_flight);
        Some(used)
    }

    pub(crate) fn entry_blocks(&self, account: AccountId, halted: bool) -> model::Blocks {
        self.blocks(account).with(model::Block::Decode, halted)
    }

    fn totals(&self, account: AccountId, id: SymbolId) -> Totals {
        let quote = self.symbols.get(id).and_then(|symbol| symbol.quote);
        let mut totals = Totals::default();
        let mut add = |symbol: SymbolId, amount: Amount| {
            totals.all = totals.all.plus_or_max(amount);
            if symbol == id {
                totals.symbol = totals.symbol.plus_or_max(amount);
            }
            if self.symbols.get(symbol).and_then(|symbol| symbol.quote) == quote {
                totals.quote = totals.quote.plus_or_max(amount);
            }
        };
        for (_, target) in self.targets.iter() {
            let spec = self.symbols.get(target.symbol()).and_then(|symbol| symbol.spec);
            if target.account() == account
                && target.is_active()
                && let Some(spec) = spec
            {
                add(target.symbol(), target.position.cost(&spec));
            }
        }
        for order in self.orders.alive() {
            let request = &order.request;
            let spec = self.symbols.get(request.symbol).and_then(|symbol| symbol.spec);
            if request.account == account && request.side == Side::Buy {
                let open = spec.map_or(Amount::MAX, |spec| order.open_notional(&spec));
                add(request.symbol, open);
            }
        }
        totals
    }

    fn live_of(&self, keep: impl Fn(AccountId, SymbolId) -> bool) -> u32 {
        let mine = self.orders.alive().filter(|o| keep(o.request.account, o.request.symbol));
        mine.count() as u32
    }

    /// Filled today in UTC by the exchange's clock, plus what is in flight or unknown.
    fn bought_today(&self, account: AccountId) -> Amount {
        let Some(held) = self.accounts.get(account.index()) else { return Amount::MAX };
        let today = self.venue_now().day();
        let filled = if held.day == today { held.bought_today } else { Amount::ZERO };
        let spec = |id| self.symbols.get(id).and_then(|symbol| symbol.spec);
        self.orders
            .alive()
            .filter(|o| o.request.account == account && o.request.side == Side::Buy)
            .fold(filled, |sum, order| {
                let open = spec(order.request.symbol).map(|spec| order.open_notional(&spec));
                sum.plus_or_max(open.unwrap_or(Amount::MAX))
            })
    }

    /// Whether the account holds anything: its exit reserve is kept then.
    pub(crate) fn is_holding(&self, account: AccountId) -> bool {
        self.targets.iter().any(|(_, t)| t.account() == account && t.is_holding())
    }

    pub(crate) fn rate_room(&mut self, account: AccountId, class: Class) -> u32 {
        let (now, holding) = (self.now, self.is_holding(account));
        let Some(held) = self.accounts.get_mut(account.index()) else { return 0 };
        if now < held.frozen_until && class != Class::KillCancel {
            return 0;
        }
        held.rate.room(now, class, holding)
    }

    pub(crate) fn rate_next(&self, account: AccountId, class: Class) -> model::Mono {
        let holding = self.is_holding(account);
        let Some(held) = self.accounts.get(account.index()) else { return model::Mono::NEVER };
        held.rate.next_at(self.now, class, holding).max(held.frozen_until)
    }

    pub(crate) fn rate_give_back(&mut self, account: AccountId) {
        if let Some(held) = self.accounts.get_mut(account.index()) {
            held.rate.give_back();
        }
    }

    pub(crate) fn rate_take(&mut self, account: AccountId) {
        let now = self.now;
        if let Some(held) = self.accounts.get_mut(account.index()) {
            held.rate.take(now);
        }
    }
}
