//! Seeded background flow of a pair: makers that quote around a fair price, takers that trade.
//!
//! The fair price follows from the seed and the time alone; what accounts do never moves it.

use std::collections::VecDeque;

use model::{Amount, OrderKind, Price, Qty, Side, Span, VenueTime};

use crate::book::{Scale, Want};
use crate::config::{ConfigError, FlowConfig, Knot};
use crate::exchange::{Exchange, Timer};
use crate::rng::Rng;
use crate::trade::Ticket;

/// Steps that fill a book before anybody looks.
const FILL_STEPS: usize = 30;
/// Furthest that noise drifts from the path, millionths.
const NOISE_MAX_PPM: i64 = 50_000;

/// The flow of one pair.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    symbol: usize,
    makers: usize,
    takers: usize,
    config: Option<Pace>,
    rng: Rng,
    noise_ppm: i64,
    quotes: VecDeque<(u64, Side, Price)>,
    started: VenueTime,
}

#[derive(Clone, Debug)]
struct Pace {
    config: FlowConfig,
    price: Price,
    notional: Amount,
}

impl Flow {
    pub(crate) fn new(
        exchange: &Exchange,
        symbol: usize,
        config: Option<&FlowConfig>,
        [makers, takers]: [usize; 2],
    ) -> Result<Self, ConfigError> {
        let symbol_state = &exchange.symbols[symbol];
        let pace = config.map(|config| Pace::new(config, symbol_state.scale)).transpose()?;
        let started = symbol_state.schedule.as_ref().map_or(exchange.now, |s| s.opens());
        Ok(Self {
            symbol,
            makers,
            takers,
            config: pace,
            rng: Rng::new(exchange.seed, &symbol_state.name),
            noise_ppm: 0,
            quotes: VecDeque::new(),
            started,
        })
    }

    /// Fair price at the start and mean value of an order.
    pub(crate) fn around(&self) -> Option<(Price, Amount)> {
        self.config.as_ref().map(|pace| (pace.price, pace.notional))
    }
}

impl Pace {
    fn new(config: &FlowConfig, scale: Scale) -> Result<Self, ConfigError> {
        let wrong = |key: &str, value: &str, needed| ConfigError::Value {
            key: format!("flow {key}"),
            value: value.to_owned(),
            needed,
        };
        let price = Price::parse(config.price.as_bytes(), scale.price).map_err(|_| {
            wrong("price", &config.price, "a positive decimal at the pair's precision")
        })?;
        let notional = Amount::parse(config.notional.as_bytes())
            .ok()
            .filter(|amount| *amount > Amount::ZERO && *amount <= Amount::from_units(1_000_000))
            .ok_or_else(|| wrong("notional", &config.notional, "above 0 and at most 1000000"))?;
        if config.tick_ms == 0 {
            return Err(wrong("tick_ms", "0", "at least 1"));
        }
        if config.orders_max < 4 || config.orders_max > 2_000 {
            return Err(wrong("orders_max", &config.orders_max.to_string(), "4 to 2000"));
        }
        if config.path.iter().any(|knot| knot.change_bps <= -10_000 || knot.change_bps > 1_000_000)
        {
            return Err(wrong("path change_bps", "out of range", "above -10000, at most 1000000"));
        }
        if !config.path.is_sorted_by_key(|knot| knot.after_ms) {
            return Err(wrong("path", "out of order", "in order of time"));
        }
        Ok(Self { config: config.clone(), price, notional })
    }

    /// The fair price so long after the start, with `noise_ppm` on it.
    fn fair(&self, after: Span, noise_ppm: i64) -> Price {
        let path = i128::from(1_000_000 + 100 * change_bps(&self.config.path, after.millis()));
        let noise = i128::from(1_000_000 + noise_ppm);
        let raw = i128::from(self.price.raw()) * path / 1_000_000 * noise / 1_000_000;
        let raw = i64::try_from(raw.max(1)).unwrap_or(i64::MAX);
        Price::from_raw(raw).unwrap_or(self.price)
    }

    fn half_spread(&self, fair: Price) -> i64 {
        (fair.raw() / 20_000).saturating_mul(i64::from(self.config.spread_bps)).max(1)
    }
}

/// The path at `ms`, straight between its knots.
fn change_bps(path: &[Knot], ms: u64) -> i64 {
    let after = path.iter().position(|knot| knot.after_ms > ms);
    let (Some(next), Some(last)) = (after, path.last()) else {
        return path.last().map_or(0, |knot| knot.change_bps);
    };
    let Some(before) = next.checked_sub(1) else { return 0 };
    let (from, to) = (path[before], path.get(next).unwrap_or(last));
    let width = (to.after_ms - from.after_ms).max(1) as i64;
    from.change_bps + (to.change_bps - from.change_bps) * (ms - from.after_ms) as i64 / width
}

impl Exchange {
    /// Places the pre-open asks of a listing.
    pub(crate) fn flow_pre_open(&mut self, index: usize) {
        let Some(mut flow) = self.flows[index].take() else { return };
        let schedule = self.symbols[flow.symbol].schedule.as_ref();
        let asks = schedule.map(|schedule| schedule.asks.clone()).unwrap_or_default();
        for (price, qty) in asks {
            self.quote(&mut flow, Side::Sell, price, qty);
        }
        self.flows[index] = Some(flow);
    }

    /// Fills the book of a pair that has traded for long, and starts its steps.
    pub(crate) fn flow_fill(&mut self, index: usize) {
        let Some(mut flow) = self.flows[index].take() else { return };
        for step in 0..FILL_STEPS {
            self.flow_quotes(&mut flow, step as i64);
        }
        self.flow_again(index, &mut flow);
        self.flows[index] = Some(flow);
    }

    /// One step: withdraw what the fair price has passed, quote, perhaps trade.
    pub(crate) fn flow_step(&mut self, index: usize) {
        let Some(mut flow) = self.flows[index].take() else { return };
        let spread = flow.rng.between(0, 12);
        self.flow_quotes(&mut flow, spread);
        self.flow_taker(&mut flow);
        self.flow_again(index, &mut flow);
        self.flows[index] = Some(flow);
    }

    fn flow_again(&mut self, index: usize, flow: &mut Flow) {
        let Some(pace) = &flow.config else { return };
        let mean = i64::from(pace.config.tick_ms) * 1_000_000;
        let wait = flow.rng.between(mean / 2, mean + mean / 2);
        self.set_timer(self.now.after(Span::from_nanos(wait.unsigned_abs())), Timer::Flow(index));
    }

    /// A bid and an ask, `away` half spreads beyond the best distance.
    fn flow_quotes(&mut self, flow: &mut Flow, away: i64) {
        let Some(pace) = flow.config.clone() else { return };
        let noise = i64::from(pace.config.noise_ppm);
        let step = flow.rng.between(-noise, noise);
        // A random walk that leans back towards the path by a thousandth of its distance.
        flow.noise_ppm =
            (flow.noise_ppm - flow.noise_ppm / 1_000 + step).clamp(-NOISE_MAX_PPM, NOISE_MAX_PPM);
        let fair = pace.fair(self.now.since(flow.started), flow.noise_ppm);
        let half = pace.half_spread(fair);
        self.withdraw_passed(flow, fair);
        let sizes = [flow.rng.between(500, 1_500), flow.rng.between(500, 1_500)];
        let far = away.saturating_mul(half) / 2;
        // The best quotes are renewed on every step; the others lie where chance puts them.
        let near = half + flow.rng.between(0, half / 4);
        for distance in [near, near + far] {
            for (side, permille) in [(Side::Buy, sizes[0]), (Side::Sell, sizes[1])] {
                let raw = match side {
                    Side::Buy => fair.raw().saturating_sub(distance),
                    Side::Sell => fair.raw().saturating_add(distance),
                };
                let Some(price) = Price::from_raw(raw) else { continue };
                let qty = self.size(flow, &pace, price, permille);
                self.quote(flow, side, price, qty);
            }
        }
        while flow.quotes.len() > pace.config.orders_max as usize {
            if let Some((order, ..)) = flow.quotes.pop_front() {
                self.cancel_order(order);
            }
        }
    }

    fn withdraw_passed(&mut self, flow: &mut Flow, fair: Price) {
        let mut at = 0;
        while let Some(&(order, side, price)) = flow.quotes.get(at) {
            let passed = match side {
                Side::Buy => price >= fair,
                Side::Sell => price <= fair,
            };
            if passed {
                flow.quotes.remove(at);
                self.cancel_order(order);
            } else if self.orders.contains_key(&order) {
                at += 1;
            } else {
                flow.quotes.remove(at);
            }
        }
    }

    fn flow_taker(&mut self, flow: &mut Flow) {
        let Some(pace) = flow.config.clone() else { return };
        if !flow.rng.chance(pace.config.taker_permille) {
            return;
        }
        let side = if flow.rng.below(2) == 0 { Side::Buy } else { Side::Sell };
        let permille = flow.rng.between(100, 700);
        let fair = pace.fair(self.now.since(flow.started), flow.noise_ppm);
        let reach = pace.half_spread(fair).saturating_mul(3);
        let raw = match side {
            Side::Buy => fair.raw().saturating_add(reach),
            Side::Sell => fair.raw().saturating_sub(reach).max(1),
        };
        let Some(limit) = Price::from_raw(raw) else { return };
        let qty = self.size(flow, &pace, limit, permille);
        self.house_order(flow.takers, flow.symbol, side, OrderKind::ImmediateOrCancel, limit, qty);
    }

    fn size(&self, flow: &Flow, pace: &Pace, price: Price, permille: i64) -> Qty {
        let scale = self.symbols[flow.symbol].scale;
        let value = Amount::from_raw(pace.notional.raw() / 1_000 * i128::from(permille));
        value.qty_at(price, scale.price, scale.qty).unwrap_or(Qty::ZERO)
    }

    fn quote(&mut self, flow: &mut Flow, side: Side, price: Price, qty: Qty) {
        let order = self.house_order(flow.makers, flow.symbol, side, OrderKind::Limit, price, qty);
        if let Some(order) = order.filter(|order| self.orders.contains_key(order)) {
            flow.quotes.push_back((order, side, price));
        }
    }

    fn house_order(
        &mut self,
        account: usize,
        symbol: usize,
        side: Side,
        kind: OrderKind,
        price: Price,
        qty: Qty,
    ) -> Option<u64> {
        let (price, qty) = self.symbols[symbol].to_shown(self.now, price, qty)?;
        if qty.is_zero() {
            return None;
        }
        let lock = match side {
            Side::Buy => self.symbols[symbol].scale.notional(price, qty)?,
            Side::Sell => Amount::of_qty(qty, self.symbols[symbol].scale.qty)?,
        };
        let want = Want::Base(qty);
        let limit = Some(price);
        let ticket = Ticket {
            account,
            symbol,
            side,
            kind,
            limit,
            want,
            lock,
            client_id: None,
            stp_mode: "",
        };
        self.execute(ticket).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_straight_between_knots_and_flat_outside() {
        let knot = |after_ms, change_bps| Knot { after_ms, change_bps };
        let path = [knot(100, 0), knot(200, 100), knot(300, -100)];
        let at = |ms| change_bps(&path, ms);
        assert_eq!(
            [at(0), at(100), at(150), at(200), at(250), at(300), at(9_999)],
            [0, 0, 50, 100, 0, -100, -100]
        );
        assert_eq!(change_bps(&[], 5), 0);
    }
}
