//! The orders of the probes: small, counted against a cap before they leave, and all of them ended
//! at the end, whatever became of the probes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use model::{Amount, Price, Qty, Round, Side, SymbolSpec, VenueTime, format_scaled};
use runtime::Endpoint;
use venue::http1::Method;
use venue::mexc::json::{Depth, ExchangeInfo, NewOrder, Order};
use venue::sign::Credentials;

use crate::keys::{Answer, AskError, Asker, wall_ms};

/// All of ours begin with it; it can be read as no order id of the trader's.
const PREFIX: &str = "shrikeprobe-";
/// How old an order may be when it arrives, where nothing else is probed.
const WINDOW_MS: u32 = 2_000;
/// An order is asked about for so long before it counts as not there; the trader's own patience.
pub(super) const FOUND_WITHIN: Duration = Duration::from_secs(10);
/// The end of an order is waited for so long.
const END_WITHIN: Duration = Duration::from_secs(15);
/// Between two questions about the same thing.
const AGAIN: Duration = Duration::from_millis(150);
/// Between two orders: far below what the exchange allows.
const PACE: Duration = Duration::from_millis(150);
/// Everything together.
const ALL: Duration = Duration::from_secs(180);
/// The end of everything.
const TIDY: Duration = Duration::from_secs(90);

/// How far below the bid orders rest, ten-thousandths.
const FAR_BPS: i64 = -2_000;
/// How far beyond the best price an order may trade, ten-thousandths.
const NEAR_BPS: i64 = 100;
/// What an order is worth where the pair names no least.
const LEAST: Amount = Amount::from_units(1);

/// What a probe could not settle, in words.
pub(super) type Unsettled = String;

/// What came of a placement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// It has this id of the exchange's.
    Taken(String),
    /// It was refused with this code.
    Refused(i32),
}

/// One to place.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) id: &'a str,
    pub(super) side: Side,
    pub(super) kind: &'a str,
    pub(super) qty: Qty,
    pub(super) price: Price,
    pub(super) window_ms: u32,
    pub(super) shift_ms: i64,
}

/// How an order stands.
#[derive(Clone, Debug)]
pub(super) struct Stand {
    pub(super) status: String,
    pub(super) executed: Qty,
}

impl Stand {
    fn is_final(&self) -> bool {
        matches!(self.status.as_str(), "FILLED" | "CANCELED" | "PARTIALLY_CANCELED")
    }
}

/// One that was sent and not refused.
#[derive(Debug)]
struct Sent {
    id: String,
    order_id: Option<String>,
    side: Side,
}

/// The best prices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Best {
    bid: Price,
    ask: Price,
}

/// Orders and questions of one account on one pair.
pub(super) struct Desk {
    pub(super) endpoint: Endpoint,
    pub(super) asker: Asker,
    key: Credentials,
    pub(super) symbol: String,
    pub(super) spec: SymbolSpec,
    spend_max: Amount,
    /// What all buys that left could have cost.
    pub(super) at_stake: Amount,
    sent: Vec<Sent>,
    run: String,
    next: u32,
}

impl Desk {
    /// Reads the rules of the pair; nothing is placed.
    pub(super) fn open(
        endpoint: Endpoint,
        key: Credentials,
        symbol: &str,
        spend_max: Amount,
    ) -> Result<Self, Unsettled> {
        let asker = Asker::new(endpoint.clone(), Some(key.clone())).map_err(words)?;
        let mut asker = asker.within(ALL);
        asker.clock().map_err(words)?;
        let query = format!("symbol={symbol}");
        let answer = asker.public("/api/v3/exchangeInfo", &query).map_err(words)?;
        let spec = asker.read(&answer.body, |document| {
            let info: ExchangeInfo<'_> = document.read()?;
            let rules = info.symbols.rows.iter().find(|rules| rules.symbol == symbol);
            rules.map(|rules| rules.spec(0, VenueTime::from_millis(0))).transpose()
        });
        let spec = spec.map_err(words)?;
        let spec = spec.ok_or_else(|| format!("the exchange does not have the pair {symbol}"))?;
        Ok(Self {
            endpoint,
            asker,
            key,
            symbol: symbol.to_owned(),
            spec,
            spend_max,
            at_stake: Amount::ZERO,
            sent: Vec::new(),
            run: format!("{:x}", wall_ms().div_euclid(1_000)),
            next: 0,
        })
    }

    /// An order id that nobody has used.
    pub(super) fn fresh_id(&mut self) -> String {
        self.next += 1;
        format!("{PREFIX}{}-{}", self.run, self.next)
    }

    /// The best prices as they stand.
    pub(super) fn best(&mut self) -> Result<Best, Unsettled> {
        let query = format!("symbol={}&limit=5", self.symbol);
        let answer = self.asker.public("/api/v3/depth", &query).map_err(words)?;
        let decimals = self.spec.price_decimals;
        let best = self.asker.read(&answer.body, |document| {
            let depth: Depth<'_> = document.read()?;
            let price = |text: &str| Price::parse(text.as_bytes(), decimals).ok();
            let bid = depth.bids.first().and_then(|level| price(level.price.as_str()));
            let ask = depth.asks.first().and_then(|level| price(level.price.as_str()));
            Ok(bid.zip(ask))
        });
        let (bid, ask) = best.map_err(words)?.ok_or("the book of the pair has one side only")?;
        Ok(Best { bid, ask })
    }

    /// A buy that rests far below the market, and is worth a little more than the least.
    pub(super) fn resting<'a>(&self, id: &'a str, best: Best) -> Result<Wanted<'a>, Unsettled> {
        let price = self.moved(best.bid, FAR_BPS, Round::Down)?;
        self.wanted(id, Side::Buy, "LIMIT", price, self.worth(price, 12_000)?)
    }

    /// A buy that takes what is offered, worth enough to be sold again.
    pub(super) fn taking<'a>(
        &self,
        id: &'a str,
        kind: &'a str,
        best: Best,
    ) -> Result<Wanted<'a>, Unsettled> {
        let price = self.moved(best.ask, NEAR_BPS, Round::Up)?;
        self.wanted(id, Side::Buy, kind, price, self.worth(best.bid, 15_000)?)
    }

    fn wanted<'a>(
        &self,
        id: &'a str,
        side: Side,
        kind: &'a str,
        price: Price,
        qty: Qty,
    ) -> Result<Wanted<'a>, Unsettled> {
        match qty.is_zero() {
            true => Err("the quantity comes to nothing".to_owned()),
            false => Ok(Wanted { id, side, kind, qty, price, window_ms: WINDOW_MS, shift_ms: 0 }),
        }
    }

    fn moved(&self, price: Price, bps: i64, round: Round) -> Result<Price, Unsettled> {
        let moved =
            price.shift_bps(bps, round).and_then(|moved| moved.to_tick(self.spec.tick, round));
        moved.ok_or_else(|| "no price there".to_owned())
    }

    /// So many ten-thousandths of the least that an order must be worth, at `price`.
    fn worth(&self, price: Price, bps: u32) -> Result<Qty, Unsettled> {
        let SymbolSpec { price_decimals, qty_decimals, step, qty_min, .. } = self.spec;
        let least = self.spec.notional_min.max(LEAST);
        let qty = least.share_bps(bps).and_then(|worth| {
            let qty = worth.qty_at(price, price_decimals, qty_decimals)?;
            Qty::from_raw(qty.floor_to(step).raw().checked_add(step.raw())?)
        });
        qty.map(|qty| qty.max(qty_min)).ok_or_else(|| "no quantity is worth that".to_owned())
    }

    /// Places it, once. A buy is counted before it leaves.
    pub(super) fn place(&mut self, order: &Wanted<'_>) -> Result<Placed, Unsettled> {
        self.count(order)?;
        thread::sleep(PACE);
        let side = if order.side == Side::Buy { "BUY" } else { "SELL" };
        let mut query = format!("symbol={}&side={side}&type={}", self.symbol, order.kind);
        let (mut qty, mut price) = ([0; 40], [0; 40]);
        let qty = format_scaled(order.qty.raw(), self.spec.qty_decimals, &mut qty);
        let price = format_scaled(order.price.raw(), self.spec.price_decimals, &mut price);
        let id = order.id;
        let written = write!(query, "&quantity={qty}&price={price}&newClientOrderId={id}");
        written.map_err(|error| error.to_string())?;
        // From here on it may be there.
        self.sent.push(Sent { id: id.to_owned(), order_id: None, side: order.side });
        let (window, shift) = (order.window_ms, order.shift_ms);
        let answer = self.asker.once(Method::Post, "/api/v3/order", &query, window, shift);
        let answer = answer.map_err(|error| format!("no reply to an order: {error}"))?;
        match answer.http {
            200 => {
                let read = self.asker.read(&answer.body, |document| {
                    let taken: NewOrder<'_> = document.read()?;
                    Ok(taken.order_id.to_owned())
                });
                let order_id = read.map_err(words)?;
                if let Some(sent) = self.sent.last_mut() {
                    sent.order_id = Some(order_id.clone());
                }
                Ok(Placed::Taken(order_id))
            }
            400..=403 if answer.code != 0 => {
                self.sent.pop();
                Ok(Placed::Refused(answer.code))
            }
            http => Err(format!("HTTP {http}, code {} to an order", answer.code)),
        }
    }

    fn count(&mut self, order: &Wanted<'_>) -> Result<(), Unsettled> {
        if order.side == Side::Sell {
            return Ok(());
        }
        let (price_decimals, qty_decimals) = (self.spec.price_decimals, self.spec.qty_decimals);
        let worth =
            Amount::notional(order.price, price_decimals, order.qty, qty_decimals, Round::Up);
        let stake = worth.and_then(|worth| worth.plus(self.at_stake));
        match stake.filter(|stake| *stake <= self.spend_max) {
            Some(stake) => {
                self.at_stake = stake;
                Ok(())
            }
            None => Err(format!(
                "one more order would put more at stake than --spend-max {}",
                self.spend_max
            )),
        }
    }

    /// Cancels by one id or the other; the status that the answer tells, or the code of a refusal.
    pub(super) fn cancel(
        &mut self,
        which: &str,
        id: &str,
    ) -> Result<Result<String, i32>, Unsettled> {
        thread::sleep(PACE);
        let query = format!("symbol={}&{which}={id}", self.symbol);
        let answer = self.asker.signed(Method::Delete, "/api/v3/order", &query).map_err(words)?;
        match answer.http {
            200 => self.stand(&answer).map(|stand| Ok(stand.status)),
            400..=404 if answer.code != 0 => Ok(Err(answer.code)),
            http => Err(format!("HTTP {http}, code {} to a cancel", answer.code)),
        }
    }

    /// How it stands; `None` when the exchange does not know it.
    pub(super) fn query(&mut self, which: &str, id: &str) -> Result<Option<Stand>, Unsettled> {
        let query = format!("symbol={}&{which}={id}", self.symbol);
        let answer = self.asker.signed(Method::Get, "/api/v3/order", &query).map_err(words)?;
        match (answer.http, answer.code) {
            (200, _) => self.stand(&answer).map(Some),
            (_, -2013 | -2011) => Ok(None),
            (http, code) => Err(format!("HTTP {http}, code {code} to a question about an order")),
        }
    }

    fn stand(&mut self, answer: &Answer) -> Result<Stand, Unsettled> {
        let decimals = self.spec.qty_decimals;
        let read = self.asker.read(&answer.body, |document| {
            let order: Order<'_> = document.read()?;
            let executed = order.executed_qty.0.map_or("0", |qty| qty.as_str());
            Ok((order.status.to_owned(), Qty::parse(executed.as_bytes(), decimals)))
        });
        let (status, executed) = read.map_err(words)?;
        let executed = executed.map_err(|error| format!("executedQty: {error}"))?;
        Ok(Stand { status, executed })
    }

    /// How it stands once it is over, or when the patience is.
    pub(super) fn ended(&mut self, which: &str, id: &str) -> Result<Option<Stand>, Unsettled> {
        let until = Instant::now() + END_WITHIN;
        loop {
            let stand = self.query(which, id)?;
            if stand.as_ref().is_some_and(Stand::is_final) || Instant::now() >= until {
                return Ok(stand);
            }
            thread::sleep(AGAIN);
        }
    }

    /// How long until the exchange knows an order that it took; `None` when it did not in time.
    pub(super) fn found_after(&mut self, id: &str) -> Result<Option<Duration>, Unsettled> {
        let since = Instant::now();
        let mut asked = 0;
        loop {
            let stand = self.query("origClientOrderId", id)?;
            asked += 1;
            if stand.is_some() {
                return Ok(Some(if asked == 1 { Duration::ZERO } else { since.elapsed() }));
            }
            if since.elapsed() >= FOUND_WITHIN {
                return Ok(None);
            }
            thread::sleep(AGAIN);
        }
    }

    /// Ends every order and sells what was bought. Goes on where one thing fails.
    pub(super) fn tidy(&mut self) -> Vec<String> {
        let mut left = Vec::new();
        // The other connection may be what broke.
        match Asker::new(self.endpoint.clone(), Some(self.key.clone())) {
            Ok(asker) => self.asker = asker.within(TIDY),
            Err(error) => return vec![error.to_string()],
        }
        self.end_all(&mut left);
        self.sell_all(&mut left);
        self.look_for_rest(&mut left);
        left
    }

    fn end_all(&mut self, left: &mut Vec<String>) {
        for at in 0..self.sent.len() {
            let (which, id) = self.sent[at].named();
            // Refused where it is over already; how it stands is asked below.
            if let Err(why) = self.cancel(which, &id).or_else(|_| self.cancel(which, &id)) {
                left.push(format!("order {id} could not be cancelled: {why}"));
            }
        }
    }

    /// What the orders bought, less what they sold.
    fn held(&mut self, left: &mut Vec<String>) -> Qty {
        let mut seen = BTreeSet::new();
        let (mut bought, mut sold) = (0_i64, 0_i64);
        for at in 0..self.sent.len() {
            let (which, id) = self.sent[at].named();
            if !seen.insert(id.clone()) {
                continue;
            }
            match self.ended(which, &id) {
                Ok(Some(stand)) => {
                    let sum = if self.sent[at].side == Side::Buy { &mut bought } else { &mut sold };
                    *sum = sum.saturating_add(stand.executed.raw());
                    if !stand.is_final() {
                        left.push(format!("order {id} is still {}", stand.status));
                    }
                }
                Ok(None) if self.sent[at].order_id.is_none() => {}
                Ok(None) => left.push(format!("order {id} was taken and cannot be found")),
                Err(why) => left.push(format!("order {id}: {why}")),
            }
        }
        Qty::from_raw(bought.saturating_sub(sold).max(0)).unwrap_or(Qty::ZERO)
    }

    fn sell_all(&mut self, left: &mut Vec<String>) {
        let held = self.held(left);
        if held.is_zero() {
            return;
        }
        let mut why = String::new();
        // A fee may have come out of what was bought: as the rules say, else a little more.
        for fee_ppm in [self.spec.taker_fee_ppm, 2_000, 10_000] {
            let share = 1_000_000_i128 - i128::from(fee_ppm);
            let net = i64::try_from(i128::from(held.raw()) * share / 1_000_000).unwrap_or(0);
            let Some(qty) = Qty::from_raw(net) else { continue };
            match self.sell(qty.floor_to(self.spec.step)) {
                Ok(Placed::Taken(_)) => return,
                Ok(Placed::Refused(code)) => why = format!("code {code}"),
                Err(other) => {
                    why = other;
                    break;
                }
            }
        }
        let mut buffer = [0; 40];
        let held = format_scaled(held.raw(), self.spec.qty_decimals, &mut buffer);
        left.push(format!("{held} of {} were bought and not sold whole: {why}", self.symbol));
    }

    /// Sells at once; an order whose reply did not come is asked about.
    fn sell(&mut self, qty: Qty) -> Result<Placed, Unsettled> {
        let best = self.best()?;
        let price = self.moved(best.bid, -NEAR_BPS, Round::Down)?;
        let id = self.fresh_id();
        let order = self.wanted(&id, Side::Sell, "IMMEDIATE_OR_CANCEL", price, qty)?;
        let placed = self.place(&order);
        if let Ok(Placed::Refused(_)) = placed {
            return placed;
        }
        match self.ended("origClientOrderId", &id)? {
            Some(stand) if stand.status == "FILLED" => Ok(Placed::Taken(id)),
            Some(stand) => Err(format!("the sale is {}", stand.status)),
            None => Err(placed.err().unwrap_or_else(|| "the sale cannot be found".to_owned())),
        }
    }

    /// Orders of ours, also of an earlier run, that still rest.
    fn look_for_rest(&mut self, left: &mut Vec<String>) {
        let until = Instant::now() + END_WITHIN;
        loop {
            let open = match self.open_orders() {
                Ok(open) => open,
                Err(why) => return left.push(format!("open orders are not known: {why}")),
            };
            if open.is_empty() {
                return;
            }
            if Instant::now() >= until {
                let ids = open.join(", ");
                return left.push(format!("still open on {}: {ids}; cancel them", self.symbol));
            }
            for order_id in &open {
                // Asked again above, whatever came of it.
                let _ = self.cancel("orderId", order_id);
            }
            thread::sleep(AGAIN);
        }
    }

    fn open_orders(&mut self) -> Result<Vec<String>, Unsettled> {
        let query = format!("symbol={}", self.symbol);
        let answer = self.asker.signed(Method::Get, "/api/v3/openOrders", &query).map_err(words)?;
        if answer.http != 200 {
            return Err(format!("HTTP {}, code {}", answer.http, answer.code));
        }
        let read = self.asker.read(&answer.body, |document| {
            let orders: Vec<Order<'_>> = document.read()?;
            let ours = orders
                .iter()
                .filter(|order| order.own_id().is_some_and(|id| id.starts_with(PREFIX)));
            Ok(ours.map(|order| order.order_id.to_owned()).collect())
        });
        read.map_err(words)
    }
}

impl Sent {
    /// By which parameter it is asked for: the exchange's id where it is known, for ours may stand
    /// for two orders.
    fn named(&self) -> (&'static str, String) {
        match &self.order_id {
            Some(order_id) => ("orderId", order_id.clone()),
            None => ("origClientOrderId", self.id.clone()),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn words(error: AskError) -> Unsettled {
    error.to_string()
}
