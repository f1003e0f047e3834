//! The rules, in the order they are applied.

use model::{
    Amount, Authority, OrderKind, Price, Qty, Request, RiskRules, Round, RuleQuestion, RuleVerdict,
    Side, SymbolSpec, SymbolStatus, TradeSides,
};

use crate::{Approved, Cap, Exposure, Limits, PermitUse, Refusal};

/// A01: no configuration lifts a risk-adding order above this, in quote.
pub const HARD_NOTIONAL_MAX: Amount = Amount::from_units(1_000);

/// Longest receive window of an entry: it bounds how long an unanswered one may still be taken.
pub const RECV_WINDOW_ENTRY_MS_MAX: u32 = 2_000;

/// Judges one request. A clip or a plug-in rule may lower its quantity; nothing raises it.
///
/// # Errors
/// The [`Refusal`] of the first rule that failed, with the figures it compared.
pub fn check(
    limits: &Limits,
    exposure: &Exposure,
    request: Request,
    rules: &mut impl RiskRules,
) -> Result<Approved, Refusal> {
    let mut request = natively(limits, exposure, request)?;
    if request.side == Side::Buy {
        // Exits fail safe: no plug-in stands between a position and its sale.
        let spec = exposure.spec.ok_or(Refusal::NoRules)?;
        let question = question(exposure, &spec, &request)?;
        match rules.judge(&question) {
            RuleVerdict::Allow => {}
            RuleVerdict::Refuse { slot, code } => return Err(Refusal::Rule { slot, code }),
            RuleVerdict::Silent { slot } => return Err(Refusal::RuleSilent { slot }),
            RuleVerdict::Shrink { qty } => {
                if qty < request.qty {
                    request.qty = qty.floor_to(spec.step);
                    request = natively(limits, exposure, request)?;
                }
            }
        }
    }
    Ok(Approved::new(request))
}

/// What a rule is shown of a request: the figures that the native limits compared.
fn question<'a>(
    exposure: &Exposure,
    spec: &SymbolSpec,
    request: &'a Request,
) -> Result<RuleQuestion<'a>, Refusal> {
    let permit = exposure.permit.as_ref();
    Ok(RuleQuestion {
        now: exposure.now,
        request,
        decimals: (spec.price_decimals, spec.qty_decimals),
        step: spec.step,
        notional: notional(spec, request.price, request.qty, Round::Up)?,
        bid: exposure.bid,
        ask: exposure.ask,
        depth: exposure.opposite_depth,
        held: exposure.held,
        symbol_notional: exposure.symbol_notional,
        quote_notional: exposure.quote_notional,
        total_notional: exposure.total_notional,
        bought_today: exposure.bought_today,
        permit_max: permit.map_or(Amount::ZERO, |used| used.permit.notional_max),
        permit_used: permit.map_or(Amount::ZERO, |used| used.notional_used),
        orders_live: exposure.orders_live,
        orders_live_symbol: exposure.orders_live_symbol,
        opened: exposure.opened,
        listing: exposure.listing,
    })
}

/// A14 and A06 at arming: whether one more target may be armed with these rules.
///
/// # Errors
/// The [`Refusal`] with the figures compared.
pub fn check_arm(limits: &Limits, exposure: &Exposure, active: u32) -> Result<(), Refusal> {
    if active > limits.targets_active_max {
        return Err(Refusal::TooManyTargets { active, max: limits.targets_active_max });
    }
    let spec = exposure.spec.ok_or(Refusal::NoRules)?;
    let age = exposure.venue_now.since(spec.read_at);
    if age > limits.filters_age_max {
        return Err(Refusal::RulesTooOld { age, max: limits.filters_age_max });
    }
    Ok(())
}

fn natively(limits: &Limits, exposure: &Exposure, request: Request) -> Result<Request, Refusal> {
    let spec = exposure.spec.ok_or(Refusal::NoRules)?;
    match (request.authority, request.side) {
        (Authority::Permit(_), Side::Buy) => entry(limits, exposure, &spec, request),
        (Authority::Exit(_), Side::Sell) => exit(exposure, &spec, request),
        (Authority::Permit(permit) | Authority::Exit(permit), _) => {
            Err(Refusal::WrongPermit { permit })
        }
    }
}

/// A risk-adding order: everything binds.
fn entry(
    limits: &Limits,
    exposure: &Exposure,
    spec: &SymbolSpec,
    mut request: Request,
) -> Result<Request, Refusal> {
    if exposure.kill >= model::KillLevel::Halt {
        return Err(Refusal::Killed { level: exposure.kill });
    }
    if let Some(block) = exposure.blocks.first() {
        return Err(Refusal::Blocked { block });
    }
    let permit = live_permit(exposure, &request)?;
    if request.kind == OrderKind::Market {
        return Err(Refusal::MarketEntry);
    }
    if request.recv_window_ms > RECV_WINDOW_ENTRY_MS_MAX {
        let (asked_ms, max_ms) = (request.recv_window_ms, RECV_WINDOW_ENTRY_MS_MAX);
        return Err(Refusal::RecvWindowTooLong { asked_ms, max_ms });
    }
    collar(limits, exposure, &request)?;
    request.qty = book_share(limits, exposure, spec, &request)?;
    filters(spec, exposure, &request)?;
    let notional = notional(spec, request.price, request.qty, Round::Up)?;
    if notional > spec.notional_max {
        return Err(Refusal::NotionalAboveVenue { asked: notional, max: spec.notional_max });
    }
    if notional > HARD_NOTIONAL_MAX {
        return Err(Refusal::NotionalAboveCeiling { asked: notional, max: HARD_NOTIONAL_MAX });
    }
    if notional > limits.order_notional_max {
        return Err(Refusal::NotionalAboveMax { asked: notional, max: limits.order_notional_max });
    }
    let units = Amount::of_qty(request.qty, spec.qty_decimals).ok_or(Refusal::Overflow)?;
    if units > limits.order_qty_max {
        return Err(Refusal::QtyAboveMax { asked: units, max: limits.order_qty_max });
    }
    inside_permit(permit, &request, notional)?;
    totals(limits, exposure, notional)?;
    alone(limits, exposure, &request)?;
    Ok(request)
}

/// A reducing order: rules of the venue, what is held, no duplicate. Value limits do not bind.
fn exit(exposure: &Exposure, spec: &SymbolSpec, request: Request) -> Result<Request, Refusal> {
    let permit = request.authority.permit();
    let granted = exposure.permit.is_some_and(|used| {
        used.permit.id == permit
            && used.permit.account == request.account
            && used.permit.symbol == request.symbol
            && used.durable
    });
    if !granted {
        return Err(Refusal::WrongPermit { permit });
    }
    let free = exposure.held.minus(exposure.offered);
    if request.qty > free {
        return Err(Refusal::SellAboveHeld { asked: request.qty, free });
    }
    filters(spec, exposure, &request)?;
    if exposure.same_leg > 0 {
        return Err(Refusal::DuplicateLeg { alive: exposure.same_leg });
    }
    self_trade(exposure, &request)?;
    if exposure.rate_room == 0 {
        return Err(Refusal::RateSpent);
    }
    Ok(request)
}

/// A07 and the permit's own state.
fn live_permit<'a>(exposure: &'a Exposure, request: &Request) -> Result<&'a PermitUse, Refusal> {
    let id = request.authority.permit();
    let wrong = Refusal::WrongPermit { permit: id };
    let used = exposure.permit.as_ref().ok_or(wrong)?;
    let permit = &used.permit;
    let fits = permit.id == id
        && permit.account == request.account
        && permit.symbol == request.symbol
        && permit.side == request.side
        && permit.coin == exposure.coin
        && request.client_order_id.permit() == id;
    if !fits {
        return Err(wrong);
    }
    if !used.durable {
        return Err(Refusal::PermitNotDurable { permit: id });
    }
    if used.revoked {
        return Err(Refusal::PermitRevoked { permit: id });
    }
    Ok(used)
}

fn inside_permit(used: &PermitUse, request: &Request, notional: Amount) -> Result<(), Refusal> {
    let permit = &used.permit;
    let (now, from, to) = (request.timestamp, permit.valid_from, permit.valid_to);
    if now < from || now > to {
        return Err(Refusal::OutsideWindow { now, from, to });
    }
    if request.price > permit.price_max {
        return Err(Refusal::PriceAbovePermit { asked: request.price, max: permit.price_max });
    }
    let asked = used.notional_used.plus(notional).ok_or(Refusal::Overflow)?;
    if asked > permit.notional_max {
        return Err(Refusal::NotionalAbovePermit { asked, max: permit.notional_max });
    }
    if used.orders_sent >= u32::from(permit.orders_max) {
        return Err(Refusal::OrdersSpent {
            sent: used.orders_sent,
            max: u32::from(permit.orders_max),
        });
    }
    Ok(())
}

/// A03 and A04. Before the first book the permit's price is the only collar.
fn collar(limits: &Limits, exposure: &Exposure, request: &Request) -> Result<(), Refusal> {
    let bps_max =
        if exposure.listing { limits.collar_listing } else { limits.collar_established }.bps;
    if let Some(reference) = exposure.reference
        && request.price.change_bps(reference).unsigned_abs() > u64::from(bps_max)
    {
        let asked = request.price;
        return Err(Refusal::PriceOutsideCollar { asked, reference, bps_max });
    }
    if let Some(from) = exposure.drift_from
        && request.price.change_bps(from) > i64::from(limits.drift_bps_max)
    {
        let (asked, bps_max) = (request.price, limits.drift_bps_max);
        return Err(Refusal::PriceDrifted { asked, from, bps_max });
    }
    Ok(())
}

/// A02: the quantity that the visible depth allows.
fn book_share(
    limits: &Limits,
    exposure: &Exposure,
    spec: &SymbolSpec,
    request: &Request,
) -> Result<Qty, Refusal> {
    let Some(depth) = exposure.opposite_depth else { return Ok(request.qty) };
    let max = depth.share_bps(limits.book_share_bps_max).floor_to(spec.step);
    if request.qty <= max {
        return Ok(request.qty);
    }
    if limits.clip_allowed && !max.is_zero() {
        return Ok(max);
    }
    Err(Refusal::BookShareAboveMax { asked: request.qty, max })
}

/// A06. Tradability binds once the symbol has opened; before, it is only shown.
fn filters(spec: &SymbolSpec, exposure: &Exposure, request: &Request) -> Result<(), Refusal> {
    let Request { side, kind, price, qty, .. } = *request;
    let side_open = match spec.sides {
        TradeSides::Both => true,
        // A buy-only pair could be entered and never left.
        TradeSides::BuyOnly | TradeSides::Closed => false,
        TradeSides::SellOnly => side == Side::Sell,
    };
    let tradable = spec.api_allowed
        && spec.status == SymbolStatus::Online
        && side_open
        && spec.kinds.has(kind);
    if exposure.opened && side == Side::Buy && !tradable {
        return Err(Refusal::NotTradable { side, kind });
    }
    if kind == OrderKind::Market && !spec.kinds.has(kind) {
        return Err(Refusal::NotTradable { side, kind });
    }
    if price.raw() % spec.tick.raw() != 0 {
        return Err(Refusal::OffTick { asked: price, tick: spec.tick });
    }
    if qty.is_zero() || qty.floor_to(spec.step) != qty {
        return Err(Refusal::OffStep { asked: qty, step: spec.step });
    }
    if qty < spec.qty_min {
        return Err(Refusal::QtyBelowMin { asked: qty, min: spec.qty_min });
    }
    let asked = notional(spec, price, qty, Round::Down)?;
    if asked < spec.notional_min {
        return Err(Refusal::NotionalBelowMin { asked, min: spec.notional_min });
    }
    if asked > spec.notional_max {
        return Err(Refusal::NotionalAboveVenue { asked, max: spec.notional_max });
    }
    Ok(())
}

/// A12 and A17, everything in flight and unknown counted at full size by the caller.
fn totals(limits: &Limits, exposure: &Exposure, notional: Amount) -> Result<(), Refusal> {
    for (cap, used, max) in [
        (Cap::Symbol, exposure.symbol_notional, limits.exposure_symbol_max),
        (Cap::Quote, exposure.quote_notional, limits.exposure_quote_max),
        (Cap::Total, exposure.total_notional, limits.exposure_total_max),
    ] {
        let asked = used.plus(notional).ok_or(Refusal::Overflow)?;
        if asked > max {
            return Err(Refusal::ExposureAboveMax { cap, asked, max });
        }
    }
    let asked = exposure.bought_today.plus(notional).ok_or(Refusal::Overflow)?;
    if asked > limits.daily_buy_max {
        return Err(Refusal::DailyBuyAboveMax { asked, max: limits.daily_buy_max });
    }
    Ok(())
}

/// A08, A13, A15 and A29 of an entry.
fn alone(limits: &Limits, exposure: &Exposure, request: &Request) -> Result<(), Refusal> {
    if exposure.same_leg > 0 {
        return Err(Refusal::DuplicateLeg { alive: exposure.same_leg });
    }
    for (alive, max) in [
        (exposure.orders_live, limits.orders_live_max),
        (exposure.orders_live_symbol, limits.orders_live_symbol_max),
    ] {
        if alive >= max {
            return Err(Refusal::TooManyOrders { alive, max });
        }
    }
    self_trade(exposure, request)?;
    if exposure.rate_room == 0 {
        return Err(Refusal::RateSpent);
    }
    Ok(())
}

/// A29: our own orders may not cross each other.
fn self_trade(exposure: &Exposure, request: &Request) -> Result<(), Refusal> {
    let Some(own) = exposure.own_opposite else { return Ok(()) };
    let crosses = match request.side {
        Side::Buy => request.price >= own,
        Side::Sell => request.price <= own || request.kind == OrderKind::Market,
    };
    if crosses {
        return Err(Refusal::SelfTrade { asked: request.price, own });
    }
    Ok(())
}

fn notional(spec: &SymbolSpec, price: Price, qty: Qty, round: Round) -> Result<Amount, Refusal> {
    Amount::notional(price, spec.price_decimals, qty, spec.qty_decimals, round)
        .ok_or(Refusal::Overflow)
}

#[cfg(test)]
mod tests;
