//! What an order must pass before it is taken, in the venue's order of checks and with its codes.

use model::{
    Amount, OrderKind, Price, Request, Round, Side, Span, SymbolSpec, SymbolStatus, TradeSides,
    VenueTime,
};

use crate::Paper;
use crate::book::Books;
use crate::order::Orders;

/// A refusal as the venue would answer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) http: u16,
    pub(crate) code: i32,
    pub(crate) retry_after: Span,
}

impl Refused {
    pub(crate) const fn with(code: i32) -> Self {
        Self { http: 400, code, retry_after: Span::ZERO }
    }

    /// Too many requests in a second.
    pub(crate) const fn too_many() -> Self {
        Self { http: 429, code: 429, retry_after: Span::from_secs(1) }
    }
}

/// What passed: the rules it was held against, the worst price it may deal at, and what it locks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    pub(crate) spec: SymbolSpec,
    pub(crate) limit: Price,
    pub(crate) lock: Amount,
}

/// Distance of a market order's protective price from the best opposite one.
const PROTECTIVE_BPS: i64 = 500;
/// The venue takes a timestamp this far ahead of its clock.
const LEAD: Span = Span::from_millis(1_000);

/// Whether a request reached the venue inside its window.
pub(crate) fn check_window(
    reached: VenueTime,
    timestamp: VenueTime,
    recv_window_ms: u32,
) -> Result<(), Refused> {
    let late = timestamp.after(Span::from_millis(u64::from(recv_window_ms)));
    let early = timestamp > reached.after(LEAD);
    if reached.is_some() && (reached > late || early) {
        return Err(Refused::with(700_003));
    }
    Ok(())
}

impl Paper {
    pub(crate) fn check(&self, order: &Request, books: &impl Books) -> Result<Ticket, Refused> {
        let pair = self.pairs.get(order.symbol).ok_or(Refused::with(10_007))?;
        // Without rules nobody knows the scale of a figure: the API does not trade the pair yet.
        let spec = pair.spec.filter(|spec| spec.api_allowed).ok_or(Refused::with(10_007))?;
        match spec.status {
            SymbolStatus::Online => {}
            SymbolStatus::Paused => return Err(Refused::with(30_000)),
            SymbolStatus::Offline => return Err(Refused::with(30_016)),
        }
        if !self.is_open(order.symbol, books) {
            return Err(Refused::with(30_001));
        }
        if !spec.kinds.has(order.kind) {
            let market = order.kind == OrderKind::Market;
            return Err(Refused::with(if market { 30_019 } else { 30_041 }));
        }
        let allowed = match spec.sides {
            TradeSides::Both => true,
            TradeSides::BuyOnly => order.side == Side::Buy,
            TradeSides::SellOnly => order.side == Side::Sell,
            TradeSides::Closed => false,
        };
        if !allowed {
            return Err(Refused::with(30_001));
        }
        let limit = self.limit(order, books)?;
        check_figures(order, &spec)?;
        check_size(order, &spec, limit)?;
        let lock = self.lock_of(order, &spec, limit).ok_or(Refused::with(30_003))?;
        let asset = pair.pays(order.side);
        if self.purse.free(order.account, asset) < lock {
            return Err(Refused::with(if order.side == Side::Buy { 30_004 } else { 30_005 }));
        }
        if self.orders.open_of(order.account) >= Orders::OPEN_MAX {
            return Err(Refused::with(30_029));
        }
        Ok(Ticket { spec, limit, lock })
    }

    /// Whether a pair deals: it has printed; or its planned opening, if one is known, has passed and
    /// somebody bids and asks.
    fn is_open(&self, symbol: model::SymbolId, books: &impl Books) -> bool {
        let Some(pair) = self.pairs.get(symbol) else { return false };
        let market = pair.market(symbol, books);
        let both = !market.bids.is_empty() && !market.asks.is_empty();
        let planned = pair.opens_at.is_some() && self.venue_now() < pair.opens_at;
        pair.printed || (both && !planned)
    }

    /// The worst price that the order may deal at.
    fn limit(&self, order: &Request, books: &impl Books) -> Result<Price, Refused> {
        if order.kind != OrderKind::Market {
            return Ok(order.price);
        }
        let pair = self.pairs.get(order.symbol).ok_or(Refused::with(10_007))?;
        let market = pair.market(order.symbol, books);
        let best = market.against(order.side).first().ok_or(Refused::with(30_025))?;
        let (bps, round) = match order.side {
            Side::Buy => (PROTECTIVE_BPS, Round::Down),
            Side::Sell => (-PROTECTIVE_BPS, Round::Up),
        };
        best.price.shift_bps(bps, round).ok_or(Refused::with(33_333))
    }

    /// The worst that the order can cost, of the asset it pays with.
    fn lock_of(&self, order: &Request, spec: &SymbolSpec, limit: Price) -> Option<Amount> {
        let (pd, qd) = (spec.price_decimals, spec.qty_decimals);
        match order.side {
            Side::Sell => Amount::of_qty(order.qty, qd),
            Side::Buy => {
                let cost = Amount::notional(limit, pd, order.qty, qd, Round::Up)?;
                cost.plus(self.config.fees.reserve(spec, cost))
            }
        }
    }
}

fn check_figures(order: &Request, spec: &SymbolSpec) -> Result<(), Refused> {
    let price = order.kind == OrderKind::Market || order.price.raw() % spec.tick.raw() == 0;
    let step = spec.step.raw().max(1);
    let qty = !order.qty.is_zero() && order.qty.raw() % step == 0;
    if price && qty { Ok(()) } else { Err(Refused::with(33_333)) }
}

fn check_size(order: &Request, spec: &SymbolSpec, limit: Price) -> Result<(), Refused> {
    let (pd, qd) = (spec.price_decimals, spec.qty_decimals);
    let value = Amount::notional(limit, pd, order.qty, qd, Round::Down);
    let value = value.ok_or(Refused::with(30_003))?;
    if order.qty < spec.qty_min || value < spec.notional_min {
        return Err(Refused::with(30_002));
    }
    if value > spec.notional_max {
        return Err(Refused::with(30_003));
    }
    Ok(())
}
