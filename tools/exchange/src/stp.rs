//! Self-trade prevention: groups of accounts, and matching that does not let them meet.
//!
//! It acts when an order has a mode and its account is in a group; orders of all accounts of that
//! group are then its own.

use model::{Amount, Qty, VenueTime};

use crate::book::{Want, reaches, wanted};
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::order::Order;

/// Groups of a main account.
const GROUPS_MAX: usize = 10;
/// Accounts of a group.
const MEMBERS_MAX: usize = 100;
/// Longest name of a group.
const NAME_MAX: usize = 64;
/// Why an order ended.
const REASON: &str = "stp_cancel";

/// A group of accounts that must not trade with each other.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) owner: usize,
    pub(crate) members: Vec<usize>,
    pub(crate) created: VenueTime,
    pub(crate) updated: VenueTime,
}

/// All groups.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups {
    all: Vec<Group>,
    made: u64,
}

impl Groups {
    /// A fresh group of `owner`, without members.
    pub(crate) fn add(
        &mut self,
        now: VenueTime,
        owner: usize,
        name: &str,
    ) -> Result<&Group, ApiError> {
        if name.chars().count() > NAME_MAX || self.of(owner).any(|group| group.name == name) {
            return Err(ApiError::bad(730_002, "tradeGroupName is taken or too long"));
        }
        if self.of(owner).count() >= GROUPS_MAX {
            return Err(ApiError::bad(730_003, "at most 10 groups"));
        }
        self.made += 1;
        let (id, name, members) = (self.made, name.to_owned(), Vec::new());
        self.all.push(Group { id, name, owner, members, created: now, updated: now });
        self.all.last().ok_or_else(unknown)
    }

    pub(crate) fn of(&self, owner: usize) -> impl Iterator<Item = &Group> {
        self.all.iter().filter(move |group| group.owner == owner)
    }

    pub(crate) fn remove(&mut self, owner: usize, id: u64) -> Result<Group, ApiError> {
        let at = self.at(owner, id)?;
        Ok(self.all.remove(at))
    }

    /// Adds an account to a group; it may be in one group only.
    pub(crate) fn join(
        &mut self,
        now: VenueTime,
        owner: usize,
        id: u64,
        account: usize,
    ) -> Result<(), ApiError> {
        let at = self.at(owner, id)?;
        if self.all.iter().any(|group| group.members.contains(&account)) {
            return Err(ApiError::bad(730_002, "uid is in a group already"));
        }
        let group = &mut self.all[at];
        if group.members.len() >= MEMBERS_MAX {
            return Err(ApiError::bad(730_003, "at most 100 accounts in a group"));
        }
        group.members.push(account);
        group.updated = now;
        Ok(())
    }

    pub(crate) fn leave(
        &mut self,
        now: VenueTime,
        owner: usize,
        id: u64,
        account: usize,
    ) -> Result<(), ApiError> {
        let at = self.at(owner, id)?;
        let group = &mut self.all[at];
        let member = group.members.iter().position(|member| *member == account);
        group.members.remove(member.ok_or_else(|| ApiError::bad(730_002, "uid is not in it"))?);
        group.updated = now;
        Ok(())
    }

    /// The group that an account is in.
    fn around(&self, account: usize) -> Option<&Group> {
        self.all.iter().find(|group| group.members.contains(&account))
    }

    fn at(&self, owner: usize, id: u64) -> Result<usize, ApiError> {
        let mut all = self.all.iter();
        all.position(|group| group.owner == owner && group.id == id).ok_or_else(unknown)
    }
}

fn unknown() -> ApiError {
    ApiError::bad(22222, "record does not exist")
}

impl Exchange {
    /// Whether an order is kept from meeting orders of its own group.
    pub(crate) fn prevents_self_trade(&self, order: &Order) -> bool {
        !order.stp_mode.is_empty() && self.groups.around(order.account).is_some()
    }

    /// Whether a FILL_OR_KILL can deal whole without meeting its own group.
    pub(crate) fn holds_guarded(&self, order: &Order) -> bool {
        let mut left = order.qty;
        let book = &self.symbols[order.symbol].book;
        for (price, maker, qty) in book.queue(order.side.opposite()) {
            if left.is_zero() || !reaches(order.side, order.price, price) {
                break;
            }
            match (self.is_own(order, maker), order.stp_mode) {
                (false, _) => left = left.minus(qty),
                (true, "cancel_maker") => {}
                (true, _) => return false,
            }
        }
        left.is_zero()
    }

    /// Matches an order maker by maker and stops or clears the way at its own group's.
    pub(crate) fn match_guarded(&mut self, order: &mut Order, mut want: Want) -> Want {
        let mut matches = std::mem::take(&mut self.matches);
        loop {
            let state = &self.symbols[order.symbol];
            let next = state.book.queue(order.side.opposite()).next();
            let Some((price, maker, open)) = next else { break };
            let step = wanted(want, price, state.scale).min(open);
            if step.is_zero() || !reaches(order.side, order.price, price) {
                break;
            }
            if self.is_own(order, maker) {
                if order.stp_mode != "cancel_taker" {
                    self.cancel_because(maker, REASON);
                }
                if order.stp_mode != "cancel_maker" {
                    order.cancel_reason = REASON;
                    break;
                }
                continue;
            }
            let book = &mut self.symbols[order.symbol].book;
            book.take(order.side, Some(price), Want::Base(step), &mut matches);
            for deal in matches.drain(..) {
                want = self.without(want, deal.qty, order.symbol, price);
                self.settle(order, deal);
            }
        }
        self.matches = matches;
        want
    }

    fn is_own(&self, order: &Order, maker: u64) -> bool {
        let maker = self.orders.get(&maker).map(|maker| maker.account);
        let group = self.groups.around(order.account);
        maker.zip(group).is_some_and(|(maker, group)| group.members.contains(&maker))
    }

    fn without(&self, want: Want, qty: Qty, symbol: usize, price: model::Price) -> Want {
        match want {
            Want::Base(left) => Want::Base(left.minus(qty)),
            Want::Quote(left) => {
                let paid = self.symbols[symbol].scale.notional(price, qty).unwrap_or(Amount::ZERO);
                Want::Quote(left.minus_or_min(paid))
            }
        }
    }
}
