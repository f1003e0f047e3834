//! What is left of an account's budgets, as far as this process's records tell.

use std::collections::VecDeque;

use model::{AccountId, Amount, Mono, Round, Side, Span, VenueTime};
use serde_json::{Value, json};

use super::Board;

/// Requests of the last second at most; the venue takes a dozen.
const RECENT_MAX: usize = 64;

/// Limits of one account that a budget is measured against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its name in the configuration.
    pub name: String,
    /// Quote that may be bought for on one day.
    pub daily_buy_max: Amount,
    /// Requests in any second.
    pub orders_per_s: u32,
}

/// Budgets and what was used of them.
#[derive(Debug, Default)]
pub(super) struct Budgets {
    pub(super) accounts: Vec<Budget>,
    sent: VecDeque<(AccountId, Mono)>,
}

impl Budgets {
    /// One more order or cancel.
    pub(super) fn spend(&mut self, account: AccountId, at: Mono) {
        if self.sent.len() >= RECENT_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back((account, at));
    }

    fn sent_since(&self, account: AccountId, now: Mono) -> usize {
        let from = now.before(Span::from_secs(1));
        self.sent.iter().filter(|(who, at)| *who == account && *at > from).count()
    }

    pub(super) fn clear(&mut self) {
        self.sent.clear();
    }
}

impl Board {
    /// Says which limits the accounts have, in their order.
    pub fn set_budgets(&mut self, budgets: Vec<Budget>) {
        self.set_accounts(budgets.len());
        self.budgets.accounts = budgets;
    }

    /// The account of that name, or of that number.
    pub fn account_of(&self, name: &str) -> Option<AccountId> {
        let named = self.budgets.accounts.iter().position(|budget| budget.name == name);
        let number = || name.parse().ok().filter(|at: &usize| *at < self.accounts);
        named.or_else(number).and_then(|at| u8::try_from(at).ok()).map(AccountId)
    }

    /// Names of the accounts, in their order.
    pub fn account_names(&self) -> Vec<String> {
        self.budgets.accounts.iter().map(|budget| budget.name.clone()).collect()
    }

    pub(super) fn budget_document(
        &self,
        now: Option<Mono>,
        today: Option<VenueTime>,
    ) -> Vec<Value> {
        let accounts = self.budgets.accounts.iter().enumerate();
        accounts
            .map(|(at, budget)| {
                let account = AccountId(at as u8);
                let bought = self.bought_today(account, today);
                let used = now.map(|now| self.budgets.sent_since(account, now));
                let left = used.map(|used| (budget.orders_per_s as usize).saturating_sub(used));
                json!({
                    "account": budget.name,
                    "orders_left_this_second": left,
                    "orders_per_s": budget.orders_per_s,
                    "daily_buy_left": budget.daily_buy_max.minus_or_min(bought)
                        .max(Amount::ZERO).to_string(),
                    "daily_buy_max": budget.daily_buy_max.to_string(),
                })
            })
            .collect()
    }

    /// Deals of the day by the exchange's clock, and what is in flight.
    fn bought_today(&self, account: AccountId, today: Option<VenueTime>) -> Amount {
        let mine = self.targets.iter().filter(|target| target.record.account == account);
        let deals = mine.flat_map(|target| &target.deals).filter(|deal| {
            deal.fill.side == Side::Buy && today.is_some_and(|now| deal.stamped.day() == now.day())
        });
        let filled = deals.fold(Amount::ZERO, |sum, deal| {
            let value =
                deal.scales.and_then(|s| s.value(deal.fill.price, deal.fill.qty, Round::Up));
            sum.plus_or_max(value.unwrap_or(Amount::ZERO))
        });
        let flying = self.orders.list(|order| {
            !order.ended && order.request.account == account && order.request.side == Side::Buy
        });
        flying.into_iter().fold(filled, |sum, order| {
            let open = order.request.qty.minus(order.filled);
            let value = order.scales.and_then(|s| s.value(order.request.price, open, Round::Up));
            sum.plus_or_max(value.unwrap_or(Amount::ZERO))
        })
    }
}
