//! Lists for the operator: targets, positions and orders, and names turned into ids.

use model::{
    AccountId, Amount, ClientOrderId, Price, Round, Side, SymbolId, TargetId, TargetState,
};
use risk::Refusal;
use serde_json::{Value, json};

use super::order::Reply;
use super::target::Target;
use super::{Answer, Board, Figures, why};

/// Orders that are listed at most, newest first when all are asked for.
const ORDERS_LISTED: usize = 512;

impl Board {
    /// The pair of that name.
    pub fn symbol_of(&self, name: &str) -> Option<SymbolId> {
        self.names.find(name)
    }

    /// What the engine answered under `token`.
    pub fn answer(&self, token: u64) -> Option<Answer> {
        self.answers.find(token)
    }

    /// What the gate last said against an order of a target.
    pub fn target_refusal(&self, id: TargetId) -> Option<Refusal> {
        self.targets.get(id)?.refusal
    }

    /// Whether everything up to the record `seq` is on disk.
    pub fn is_durable(&self, seq: u64) -> bool {
        seq <= self.durable_seq
    }

    /// Account and pair of a target.
    pub fn target_place(&self, id: TargetId) -> Option<(AccountId, SymbolId)> {
        self.targets.get(id).map(|target| (target.record.account, target.record.symbol))
    }

    /// The name of a pair.
    pub fn symbol_name(&self, id: SymbolId) -> String {
        self.names.name(id)
    }

    /// How figures of a pair are printed.
    pub fn scales_of(&self, id: SymbolId) -> Option<Figures> {
        self.names.scales(id)
    }

    /// Names and scales of a pair.
    pub fn pair_of(&self, id: SymbolId) -> Option<Pair> {
        let symbol = self.names.symbol(id)?;
        let (name, quote) = (symbol.name.as_str(), symbol.quote.as_str());
        let figures = symbol.scales?;
        Some(Pair {
            name: name.to_owned(),
            base: name.strip_suffix(quote)?.to_owned(),
            quote: quote.to_owned(),
            price_decimals: figures.price,
            qty_decimals: figures.qty,
        })
    }

    /// The state of a target, and whether it ever held something.
    pub fn target_state(&self, id: TargetId) -> Option<(TargetState, bool)> {
        let target = self.targets.get(id)?;
        Some((target.record.state, target.position.is_some()))
    }

    /// One target as the status shows it.
    pub fn target_document(&self, id: TargetId) -> Option<Value> {
        self.targets.get(id).map(|target| self.target_status(target))
    }

    /// Targets of that state and account; all where neither is named.
    pub fn target_list(&self, state: Option<&str>, account: Option<AccountId>) -> Value {
        let asked = self.targets.iter().filter(|target| {
            state.is_none_or(|state| target.record.state.name() == state)
                && account.is_none_or(|account| target.record.account == account)
        });
        asked.map(|target| self.target_status(target)).collect()
    }

    /// Open positions with what they would bring at the bid, and what watches them.
    pub fn position_list(&self) -> Value {
        let held = self
            .targets
            .iter()
            .filter(|target| target.position.is_some_and(|position| position.closed.is_none()));
        held.map(|target| self.position(target)).collect()
    }

    fn position(&self, target: &Target) -> Value {
        let record = &target.record;
        let (scales, position) = (target.scales, target.position);
        let bid = self.bids.get(&record.symbol).copied();
        let average = target.average();
        let worth = |price: Price| {
            let (scales, position) = (scales?, position?);
            scales.value(price, position.qty, Round::Down)
        };
        let unrealised = bid.and_then(worth).zip(target.cost_of_held());
        let unrealised = unrealised.map(|(worth, cost)| worth.minus_or_min(cost).to_string());
        let resting = self.orders.count(|order| {
            order.target == Some(record.id) && !order.ended && order.request.side == Side::Sell
        });
        let text = |price: Option<Price>| price.zip(scales).map(|(at, scales)| scales.price(at));
        json!({
            "target": record.id.0,
            "account": record.account.0,
            "symbol": self.names.name(record.symbol),
            "state": record.state.name(),
            "qty": scales.zip(position).map(|(scales, position)| scales.qty(position.qty)),
            "average": text(average),
            "paid": position.map(|position| position.paid.to_string()),
            "received": position.map(|position| position.received.to_string()),
            "bid": text(bid),
            "unrealised_quote": unrealised,
            "realised_quote": target.realised().to_string(),
            "exits": why::exits_of(&record.exit),
            "sales_resting": resting,
            "unvalued_fees": position.map(|position| position.other_fees),
        })
    }

    /// Orders in flight; with `all`, those that ended too, the newest last.
    pub fn order_list(&self, all: bool) -> Value {
        let mut orders = self.orders.list(|order| all || !order.ended);
        let from = orders.len().saturating_sub(ORDERS_LISTED);
        let orders = orders.split_off(from).into_iter().map(|order| {
            let mut row = self.order(order);
            let (code, message) = order.answer();
            row["target"] = order.target.map(|target| target.0).into();
            row["code"] = code.into();
            row["message"] = message.into();
            if order.ended && order.reply == Reply::Accepted {
                row["state"] = "ended".into();
            }
            row
        });
        orders.collect()
    }

    /// Account and pair of an order, and whether it may still fill.
    pub fn order_place(&self, id: ClientOrderId) -> Option<(AccountId, SymbolId, bool)> {
        let order = self.orders.get(id)?;
        Some((order.request.account, order.request.symbol, !order.ended))
    }

    /// Orders that may still fill and whose cancel was not asked for.
    pub fn cancellable(&self, account: Option<AccountId>) -> Vec<ClientOrderId> {
        let mine = |of: AccountId| account.is_none_or(|account| account == of);
        let orders = self.orders.list(|order| {
            !order.ended && order.cancel_decided.is_none() && mine(order.request.account)
        });
        orders.into_iter().map(super::Order::id).collect()
    }

    /// What is held of a pair, for whoever must say so before it changes.
    pub fn held(&self, account: AccountId, symbol: SymbolId) -> Option<Value> {
        let mut targets = self.targets.iter();
        let found = targets.find(|target| {
            let record = &target.record;
            let open = target.position.is_some_and(|position| position.closed.is_none());
            open && record.account == account && record.symbol == symbol
        });
        found.map(|target| self.position(target))
    }
}

/// A pair by its names and scales.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The venue's name.
    pub name: String,
    /// Base ticker.
    pub base: String,
    /// Quote ticker.
    pub quote: String,
    /// Decimals of a price.
    pub price_decimals: u8,
    /// Decimals of a quantity.
    pub qty_decimals: u8,
}

impl Pair {
    /// How its figures are printed.
    pub fn figures(&self) -> Figures {
        Figures { price: self.price_decimals, qty: self.qty_decimals }
    }
}

impl Target {
    /// Average price of its buys; of an adopted holding what it was said to have cost.
    fn average(&self) -> Option<Price> {
        let buys = || self.deals.iter().filter(|deal| deal.fill.side == Side::Buy);
        let qty: i128 = buys().map(|deal| i128::from(deal.fill.qty.raw())).sum();
        if qty > 0 {
            let each = |deal: &super::Deal| {
                i128::from(deal.fill.price.raw()) * i128::from(deal.fill.qty.raw())
            };
            let sum: i128 = buys().map(each).sum();
            return Price::from_raw(i64::try_from(sum / qty).ok()?);
        }
        let adopted = self.record.entry.operator_price.filter(|_| self.is_adopted());
        self.carried.or(adopted)
    }

    fn is_adopted(&self) -> bool {
        self.record.pattern == model::Pattern::Adopted
    }

    /// What was paid for the part that is held.
    fn cost_of_held(&self) -> Option<Amount> {
        let position = self.position?;
        let open = position.closed.is_none();
        if let (Some(average), Some(scales)) = (self.carried, self.scales) {
            // Deals of the process before are not known here one by one.
            return scales.value(average, position.qty, Round::Up).filter(|_| open);
        }
        // Realised is received minus what the sold part cost, while the position is open.
        let sold = position.received.minus(self.realised())?;
        if open { position.paid.minus(sold) } else { None }
    }
}
