//! Questions for a risk rule, made up around what the market looks like.

use host::Standing;
use model::{
    AccountId, Amount, Authority, ClientOrderId, ClientOrderIdParts, Mode, Mono, OrderKind,
    OrderLeg, PermitId, Qty, Request, Round, RuleQuestion, Side, SymbolId,
};

use super::noise::Noise;
use super::stage::Stage;

/// Attempts that a client order id counts.
const ATTEMPTS: u64 = 1 << 20;

pub(super) struct Questions {
    noise: Noise,
    /// What the operator's plan spends on one opening.
    base: Amount,
    request: Request,
    asked: u64,
}

impl Questions {
    pub(super) fn new(standing: &Standing) -> Self {
        let permit = PermitId(1);
        Self {
            noise: Noise::new(7),
            base: standing.entry.notional,
            request: Request {
                account: AccountId(0),
                symbol: SymbolId::NONE,
                side: Side::Buy,
                kind: OrderKind::Limit,
                price: model::Price::from_raw(1).unwrap_or_else(|| unreachable!("1 is a price")),
                qty: Qty::ZERO,
                authority: Authority::Permit(permit),
                client_order_id: order_id(permit, 0),
                timestamp: model::VenueTime::NONE,
                recv_window_ms: 1_000,
            },
            asked: 0,
        }
    }

    /// A buy of a pair at its best ask: of any size from one step to four times the plan, beside
    /// holdings of any size up to eight times. `None` where the book or the rules are not known.
    pub(super) fn next(
        &mut self,
        now: Mono,
        symbol: SymbolId,
        stage: &Stage,
    ) -> Option<RuleQuestion<'_>> {
        let rules = stage.rules(symbol)?;
        let ask = stage.ask(symbol)?;
        let (price_decimals, qty_decimals) = rules.decimals;
        let wanted = self.share(40_000);
        let qty = wanted.qty_at(ask, price_decimals, qty_decimals)?.floor_to(rules.step);
        let qty = qty.max(rules.step);
        let notional = Amount::notional(ask, price_decimals, qty, qty_decimals, Round::Up)?;
        self.asked += 1;
        let venue_now = stage.venue(now);
        let permit = PermitId(1 + (self.asked / 16) as u32);
        self.request = Request {
            symbol,
            kind: if self.noise.one_in(2) {
                OrderKind::Limit
            } else {
                OrderKind::ImmediateOrCancel
            },
            price: ask,
            qty,
            authority: Authority::Permit(permit),
            client_order_id: order_id(permit, self.asked),
            timestamp: venue_now,
            ..self.request
        };
        let symbol_notional = self.share(80_000);
        let quote_notional = symbol_notional.plus_or_max(self.share(80_000));
        let total_notional = quote_notional.plus_or_max(self.share(80_000));
        let permit_max = self.share(40_000).plus_or_max(notional);
        let orders_live_symbol = self.noise.below(3);
        let opened = stage.opens_at(symbol).is_none_or(|at| at <= venue_now);
        let live = !self.noise.one_in(8);
        Some(RuleQuestion {
            now,
            decimals: rules.decimals,
            step: rules.step,
            notional,
            bid: stage.bid(symbol).filter(|_| live),
            ask: Some(ask).filter(|_| live),
            depth: stage.ask_qty(symbol).filter(|_| live),
            held: stage.held(symbol),
            symbol_notional,
            quote_notional,
            total_notional,
            bought_today: total_notional.plus_or_max(self.share(160_000)),
            permit_max,
            permit_used: permit_max.minus_or_min(notional),
            orders_live: orders_live_symbol + self.noise.below(8),
            orders_live_symbol,
            opened,
            listing: self.noise.one_in(2),
            request: &self.request,
        })
    }

    /// Anything from nothing to `bps` ten-thousandths of the plan's size.
    fn share(&mut self, bps: u32) -> Amount {
        self.base.share_bps(self.noise.below(bps)).unwrap_or(self.base)
    }
}

fn order_id(permit: PermitId, asked: u64) -> ClientOrderId {
    ClientOrderId::new(ClientOrderIdParts {
        mode: Mode::Demo,
        instance: 1,
        epoch: 1,
        permit,
        leg: OrderLeg::ENTRY,
        attempt: (asked % ATTEMPTS) as u32,
    })
}
