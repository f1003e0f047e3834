//! Orders and deals as the paper venue keeps them.

use model::{
    AccountId, Amount, Body, ClientOrderId, Event, Fill, OrderKind, OrderStatus, OrderUpdate,
    Price, Qty, Side, SymbolId, UpdateSource, VenueKey, VenueTime,
};

/// An order that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) id: ClientOrderId,
    pub(crate) key: VenueKey,
    pub(crate) account: AccountId,
    pub(crate) symbol: SymbolId,
    pub(crate) side: Side,
    pub(crate) kind: OrderKind,
    /// For a market order the worst price that it may deal at.
    pub(crate) limit: Price,
    pub(crate) qty: Qty,
    pub(crate) filled: Qty,
    pub(crate) status: OrderStatus,
    /// Of the asset it pays with.
    pub(crate) locked: Amount,
    /// What stands before it at its price.
    pub(crate) ahead: Qty,
}

impl Order {
    pub(crate) fn left(&self) -> Qty {
        self.qty.minus(self.filled)
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.status.is_final()
    }

    pub(crate) fn update(&self, source: UpdateSource, stamped: VenueTime) -> Event {
        let body = Body::Order(OrderUpdate {
            client_order_id: Some(self.id),
            order: self.key,
            status: self.status,
            source,
            side: self.side,
            kind: Some(self.kind),
            price: (self.kind != OrderKind::Market).then_some(self.limit),
            qty: self.qty,
            filled: self.filled,
        });
        Event { stamped, ..Event::of(self.account, self.symbol, body) }
    }
}

/// Orders, the open ones and the newest of those that ended.
#[derive(Debug)]
pub(crate) struct Orders {
    orders: Vec<Order>,
}

impl Orders {
    /// All accounts together. Open ones are at most [`Self::OPEN_MAX`] an account.
    pub(crate) const CAPACITY: usize = 1_024;
    /// Open orders of an account: twice what the engine allows itself.
    pub(crate) const OPEN_MAX: usize = 64;

    pub(crate) fn new() -> Self {
        Self { orders: Vec::with_capacity(Self::CAPACITY) }
    }

    /// Files an order; the oldest one that ended makes room.
    pub(crate) fn add(&mut self, order: Order) -> usize {
        if self.orders.len() == Self::CAPACITY {
            let ended = self.orders.iter().position(|order| !order.is_open());
            // 8 accounts x 64 open ones are half of the room, so one has ended.
            self.orders.remove(ended.unwrap_or(0));
        }
        self.orders.push(order);
        self.orders.len() - 1
    }

    pub(crate) fn find(&self, id: ClientOrderId) -> Option<usize> {
        self.orders.iter().rposition(|order| order.id == id)
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Order> {
        self.orders.get(at)
    }

    pub(crate) fn at(&mut self, at: usize) -> &mut Order {
        &mut self.orders[at]
    }

    pub(crate) fn open_of(&self, account: AccountId) -> usize {
        self.orders.iter().filter(|order| order.account == account && order.is_open()).count()
    }

    /// Open orders of a pair on one side, first the one that the market meets first: by price, then
    /// by age. `after` is the one that was given before.
    pub(crate) fn next_resting(
        &self,
        symbol: SymbolId,
        side: Side,
        after: Option<usize>,
    ) -> Option<usize> {
        let rank = |at: usize| {
            let price = self.orders[at].limit.raw();
            (if side == Side::Buy { -price } else { price }, at)
        };
        let behind = after.map(rank);
        let of_pair = |at: &usize| {
            let order = &self.orders[*at];
            order.is_open() && order.symbol == symbol && order.side == side
        };
        (0..self.orders.len())
            .filter(of_pair)
            .filter(|at| behind.is_none_or(|behind| rank(*at) > behind))
            .min_by_key(|at| rank(*at))
    }

    /// Whether anything rests on a pair.
    pub(crate) fn rests_on(&self, symbol: SymbolId) -> bool {
        self.orders.iter().any(|order| order.is_open() && order.symbol == symbol)
    }
}

/// A deal, kept to be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deal {
    pub(crate) account: AccountId,
    pub(crate) symbol: SymbolId,
    pub(crate) at: VenueTime,
    pub(crate) fill: Fill,
}

/// The newest deals of all accounts; the oldest makes room.
#[derive(Debug)]
pub(crate) struct Deals {
    deals: Vec<Deal>,
    /// Where the next one goes once the room is used up.
    next: usize,
}

impl Deals {
    pub(crate) const CAPACITY: usize = 4_096;

    pub(crate) fn new() -> Self {
        Self { deals: Vec::with_capacity(Self::CAPACITY), next: 0 }
    }

    pub(crate) fn add(&mut self, deal: Deal) {
        if self.deals.len() < Self::CAPACITY {
            self.deals.push(deal);
        } else {
            self.deals[self.next] = deal;
            self.next = (self.next + 1) % Self::CAPACITY;
        }
    }

    /// The `at`-th deal, oldest first.
    pub(crate) fn get(&self, at: usize) -> Option<&Deal> {
        let len = self.deals.len();
        (at < len).then(|| &self.deals[(self.next + at) % len])
    }
}
