//! What an order must pass before it is placed, in the exchange's order of checks.

use model::{Amount, NumError, OrderKind, Price, Qty, Round, Side, VenueTime};

use crate::account::ApiKey;
use crate::book::{Want, reaches};
use crate::config::BeforeOpen;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::market::Symbol;
use crate::personality::{CrossingMaker, DuplicateIds, OpeningCap, Personality};
use crate::trade::Ticket;

/// Distance of a market order's protective price from the best opposite one.
const PROTECTIVE_BPS: i64 = 500;

/// An order as it was asked for; figures are text because their precision is part of the check.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) symbol: &'a str,
    pub(crate) side: Side,
    pub(crate) kind: OrderKind,
    pub(crate) price: Option<&'a str>,
    pub(crate) qty: Option<&'a str>,
    pub(crate) quote_qty: Option<&'a str>,
    pub(crate) client_id: Option<&'a str>,
    pub(crate) stp_mode: &'static str,
}

impl Exchange {
    /// Checks an order in the exchange's order of checks, without placing it.
    pub(crate) fn check(&self, key: &ApiKey, asked: &Asked<'_>) -> Result<Ticket, ApiError> {
        let now = self.now;
        let at = *self.by_name.get(asked.symbol).ok_or_else(ApiError::bad_symbol)?;
        let symbol = &self.symbols[at];
        if !symbol.is_listed(now) {
            return Err(ApiError::bad_symbol());
        }
        if !symbol.rules.config.api_allowed || !key.trades(&symbol.name) {
            return Err(ApiError::not_for_api());
        }
        check_state(symbol, asked, now, &self.personality)?;
        let figures = Figures::read(symbol, asked, now, &self.personality)?;
        let limit = limit_price(symbol, asked, figures.price)?;
        check_size(symbol, &figures, limit)?;
        check_price(symbol, asked, limit, now, &self.personality)?;
        let refused = self.personality.crossing_maker == CrossingMaker::Rejected;
        if refused && asked.kind == OrderKind::LimitMaker && takes(symbol, asked.side, limit) {
            return Err(ApiError::bad(30041, "post only order would take"));
        }
        let want = match (figures.qty, figures.quote) {
            (Some(qty), _) => Want::Base(qty),
            (None, Some(quote)) => Want::Quote(quote),
            (None, None) => return Err(ApiError::missing("quantity")),
        };
        let lock =
            self.reserve(at, asked.side, limit, want).ok_or_else(|| ApiError::wrong("quantity"))?;
        let asset = if asked.side == Side::Buy { symbol.quote } else { symbol.base };
        if self.ledger.pocket(key.account, asset).free < lock {
            return Err(ApiError::insufficient(self.personality.insufficient_code));
        }
        let account = &self.accounts[key.account];
        if account.open >= self.rules.open_orders_max {
            return Err(ApiError::bad(30029, "maximum of open orders reached"));
        }
        let known = asked.client_id.is_some_and(|id| account.client_ids.contains_key(id));
        if known && self.personality.duplicate_client_ids == DuplicateIds::Rejected {
            return Err(ApiError::bad(30026, "duplicate client order id"));
        }
        Ok(Ticket {
            account: key.account,
            symbol: at,
            side: asked.side,
            kind: asked.kind,
            limit: Some(limit),
            want,
            lock,
            client_id: asked.client_id.map(Box::from),
            stp_mode: asked.stp_mode,
        })
    }
}

/// Whether an order at `limit` meets the book.
fn takes(symbol: &Symbol, side: Side, limit: Price) -> bool {
    symbol.book.best(side.opposite()).is_some_and(|best| reaches(side, Some(limit), best))
}

fn check_state(
    symbol: &Symbol,
    asked: &Asked<'_>,
    now: VenueTime,
    personality: &Personality,
) -> Result<(), ApiError> {
    match symbol.rules.config.status.as_str() {
        "1" => {}
        "2" => return Err(ApiError::bad(30000, "trading of this pair is suspended")),
        _ => return Err(ApiError::bad(30016, "trading disabled")),
    }
    if let Some(schedule) = symbol.schedule.as_ref().filter(|_| !symbol.is_open(now)) {
        return Err(match schedule.before_open() {
            BeforeOpen::NotOpen => ApiError::not_open(),
            BeforeOpen::NotForApi => ApiError::not_for_api(),
        });
    }
    if !symbol.rules.kinds.has(asked.kind) {
        return Err(match asked.kind {
            OrderKind::Market => {
                ApiError::bad(personality.market_disabled_code, "api market order is disabled")
            }
            OrderKind::Limit
            | OrderKind::LimitMaker
            | OrderKind::ImmediateOrCancel
            | OrderKind::FillOrKill => ApiError::bad(30041, "this order type cannot be placed"),
        });
    }
    let allowed = match symbol.rules.config.trade_side_type {
        1 => true,
        2 => asked.side == Side::Buy,
        3 => asked.side == Side::Sell,
        _ => false,
    };
    if allowed { Ok(()) } else { Err(ApiError::not_open()) }
}

/// The figures of an order at its pair's scales.
struct Figures {
    price: Option<Price>,
    qty: Option<Qty>,
    quote: Option<Amount>,
}

impl Figures {
    fn read(
        symbol: &Symbol,
        asked: &Asked<'_>,
        now: VenueTime,
        personality: &Personality,
    ) -> Result<Self, ApiError> {
        let price = asked.price.filter(|_| asked.kind != OrderKind::Market);
        let price = price.map(|text| Price::parse(text.as_bytes(), symbol.scale.price));
        let qty = asked.qty.map(|text| Qty::parse(text.as_bytes(), symbol.scale.qty));
        let wrong = |name, error| match error {
            NumError::TooFine { .. } => ApiError::too_fine(personality.precision_code, name),
            NumError::NotADecimal | NumError::Overflow | NumError::NotPositive => {
                ApiError::wrong(name)
            }
        };
        let price = price.transpose().map_err(|error| wrong("price", error))?;
        let qty = qty.transpose().map_err(|error| wrong("quantity", error))?;
        for (name, cut) in symbol.finer_than_shown(now, price, qty) {
            if cut {
                return Err(ApiError::too_fine(personality.precision_code, name));
            }
        }
        let by_amount = asked.kind == OrderKind::Market && asked.side == Side::Buy;
        if by_amount && qty.is_some() && !personality.market_buy_by_quantity {
            return Err(ApiError::bad(-1128, "Combination of optional parameters invalid."));
        }
        let figures = Self {
            price,
            qty,
            quote: match asked.quote_qty.filter(|_| asked.kind == OrderKind::Market) {
                None => None,
                Some(text) => match Amount::parse(text.as_bytes()) {
                    Ok(amount) if amount > Amount::ZERO => Some(amount),
                    _ => return Err(ApiError::wrong("quoteOrderQty")),
                },
            },
        };
        if figures.price.is_none() && asked.kind != OrderKind::Market {
            return Err(ApiError::missing("price"));
        }
        let by_quantity = figures.qty.is_some();
        let by_quote = figures.quote.is_some() && asked.side == Side::Buy;
        if !by_quantity && !by_quote {
            return Err(ApiError::missing("quantity"));
        }
        if figures.qty.is_some_and(Qty::is_zero) {
            return Err(ApiError::wrong("quantity"));
        }
        Ok(figures)
    }
}

/// The worst price an order may deal at.
fn limit_price(
    symbol: &Symbol,
    asked: &Asked<'_>,
    price: Option<Price>,
) -> Result<Price, ApiError> {
    if let Some(price) = price {
        return Ok(price);
    }
    let best = symbol.book.best(asked.side.opposite());
    let best = best.ok_or_else(|| ApiError::bad(30025, "no opposite order"))?;
    let (bps, round) = match asked.side {
        Side::Buy => (PROTECTIVE_BPS, Round::Up),
        Side::Sell => (-PROTECTIVE_BPS, Round::Down),
    };
    best.shift_bps(bps, round).ok_or_else(|| ApiError::wrong("price"))
}

fn check_size(symbol: &Symbol, figures: &Figures, limit: Price) -> Result<(), ApiError> {
    let rules = &symbol.rules;
    let quote = &rules.config.quote;
    let value = match (figures.qty, figures.quote) {
        (Some(qty), _) => {
            if qty < rules.qty_min {
                let min = Amount::of_qty(rules.qty_min, symbol.scale.qty).unwrap_or(Amount::ZERO);
                return Err(ApiError::below_minimum(min, &rules.config.base));
            }
            let value = symbol.scale.notional(limit, qty);
            value.ok_or_else(|| ApiError::above_maximum(rules.notional_max, quote))?
        }
        (None, Some(value)) => value,
        (None, None) => Amount::ZERO,
    };
    if value < rules.notional_min {
        return Err(ApiError::below_minimum(rules.notional_min, quote));
    }
    if value > rules.notional_max {
        return Err(ApiError::above_maximum(rules.notional_max, quote));
    }
    Ok(())
}

fn check_price(
    symbol: &Symbol,
    asked: &Asked<'_>,
    limit: Price,
    now: VenueTime,
    personality: &Personality,
) -> Result<(), ApiError> {
    if asked.kind == OrderKind::Market {
        return Ok(());
    }
    let banded = symbol.rules.config.band_bps.is_some();
    if banded && symbol.last.is_none() && personality.band_needs_last {
        return Err(ApiError::bad(30010, "no valid trade price"));
    }
    if let (Some(bps), Some(last)) = (symbol.rules.config.band_bps, symbol.last) {
        let bps = i64::from(bps);
        let outside = match asked.side {
            Side::Buy => last.shift_bps(bps, Round::Down).is_some_and(|most| limit > most),
            Side::Sell => last.shift_bps(-bps, Round::Up).is_some_and(|least| limit < least),
        };
        if outside {
            return Err(ApiError::bad(30087, "Order price exceeds allowed range"));
        }
    }
    let cap = opening_cap(symbol, now, personality);
    if let Some(cap) = cap.filter(|cap| asked.side == Side::Buy && limit > *cap) {
        let mut buffer = [0; 40];
        let text = model::format_scaled(cap.raw(), symbol.scale.price, &mut buffer);
        let quote = &symbol.rules.config.quote;
        return Err(ApiError::bad(30010, format!("Order price cannot exceed {text}{quote}")));
    }
    Ok(())
}

/// The highest price of a limit buy at `now`, as the personality computes it.
fn opening_cap(symbol: &Symbol, now: VenueTime, personality: &Personality) -> Option<Price> {
    let schedule = symbol.schedule.as_ref()?;
    let reference = match personality.opening_cap {
        OpeningCap::Listing => return schedule.cap(now),
        OpeningCap::BestAsk => schedule.asks.iter().map(|(price, _)| *price).min(),
        OpeningCap::FirstDeal => symbol.first,
        OpeningCap::None => None,
    };
    let reference = reference.filter(|_| schedule.is_capped(now))?;
    let cap = reference.shift_bps(i64::from(personality.opening_cap_bps), Round::Down)?;
    let qty = Qty::from_raw(1)?;
    symbol.to_shown(now, cap, qty).map(|(cap, _)| cap)
}
