//! Our orders from intent to the last deal. A fate that nobody settled is `Unknown`, and stays so
//! until it is proved.

use model::{
    Amount, ClientOrderId, Mono, OrderLeg, OrderStatus, Price, Qty, Request, Round, Side, Span,
    SymbolId, SymbolSpec, VenueKey, VenueTime,
};

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderState {
    /// Approved and journaled; not yet on the wire.
    Intent,
    /// On the wire, no reply.
    Sent,
    /// The venue has it, or has ended it and deals are still missing.
    Live,
    /// It left and nobody knows. Counts at full size.
    Unknown,
    /// Nothing more will come of it.
    Done,
}

impl OrderState {
    /// The declared edges. Anything else is a mistake of ours.
    fn may_become(self, next: Self) -> bool {
        use OrderState::{Done, Intent, Live, Sent, Unknown};
        match self {
            // The stream may tell of an order before the socket told that it was sent.
            Intent => matches!(next, Sent | Live | Unknown | Done),
            Sent => matches!(next, Live | Unknown | Done),
            // By a reply, a stream, a query or the full proof; never by a timer alone.
            Unknown => matches!(next, Live | Done),
            Live => matches!(next, Done),
            Done => false,
        }
    }
}

/// How far the proof goes that an unknown order never existed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) asked: u32,
    pub(crate) next_at: Mono,
    /// All three sources were asked after the fence.
    pub(crate) asked_all: bool,
    /// The first answer since that did not know it.
    pub(crate) first_no: Option<Mono>,
    /// The latest such answer of each.
    pub(crate) by_query: Option<Mono>,
    pub(crate) by_open: Option<Mono>,
    pub(crate) by_history: Option<Mono>,
    pub(crate) alarmed: bool,
}

/// One order.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// What was approved.
    pub request: Request,
    /// Where it stands.
    pub state: OrderState,
    /// The venue's id, once told.
    pub venue: VenueKey,
    /// Applied deals.
    pub filled: Qty,
    /// What the venue says is filled; deals catch up with it.
    pub venue_filled: Qty,
    /// The venue's last word, once it is one.
    pub ended: Option<OrderStatus>,
    pub(crate) target: usize,
    /// Its last byte went to the socket.
    pub(crate) left: bool,
    pub(crate) placed_at: Mono,
    pub(crate) ended_at: Mono,
    pub(crate) cancel_asked: Option<Mono>,
    /// No connection took the last cancel: not before then.
    pub(crate) cancel_from: Mono,
    pub(crate) cancels: u8,
    pub(crate) unknown_since: Option<Mono>,
    pub(crate) asked_deals: Option<Mono>,
    pub(crate) proof: Proof,
}

impl Order {
    /// Its id.
    pub fn id(&self) -> ClientOrderId {
        self.request.client_order_id
    }

    /// Whether it may still fill.
    pub fn is_alive(&self) -> bool {
        self.state != OrderState::Done
    }

    /// What may still fill: all of it while nobody knows better.
    pub fn open_qty(&self) -> Qty {
        match (self.state, self.ended) {
            (OrderState::Done, _) => Qty::ZERO,
            // Ended at the venue, deals still on their way.
            (_, Some(_)) => self.venue_filled.minus(self.filled),
            (_, None) => self.request.qty.minus(self.filled),
        }
    }

    /// Quote that it may still spend, rounded up.
    pub fn open_notional(&self, spec: &SymbolSpec) -> Amount {
        let (price, qty) = (self.request.price, self.open_qty());
        Amount::notional(price, spec.price_decimals, qty, spec.qty_decimals, Round::Up)
            .unwrap_or(Amount::MAX)
    }

    /// Until then a request of unknown fate may still be taken: its timestamp, the lead that the
    /// venue grants, its receive window and our clock's error.
    pub(crate) fn fence(&self, lead: Span, clock_error: Span) -> VenueTime {
        let window = Span::from_millis(u64::from(self.request.recv_window_ms));
        self.request.timestamp.after(lead).after(window).after(clock_error)
    }

    /// # Panics
    /// On an edge that is not declared.
    pub(crate) fn become_state(&mut self, next: OrderState) {
        if self.state == next {
            return;
        }
        assert!(
            self.state.may_become(next),
            "order {} cannot go from {:?} to {next:?}",
            self.id(),
            self.state
        );
        self.state = next;
    }

    /// Takes the venue's word; filled figures only rise.
    pub(crate) fn hear(&mut self, now: Mono, status: OrderStatus, filled: Qty) {
        // More than was ordered is for deals to show: a claim alone would never be settled.
        self.venue_filled = self.venue_filled.max(filled.min(self.request.qty));
        if self.state == OrderState::Done {
            return;
        }
        self.become_state(OrderState::Live);
        if status.is_final() && self.ended.is_none() {
            self.ended = Some(status);
            self.ended_at = now;
        }
        self.settle();
    }

    /// Done once the venue ended it and every deal it speaks of was applied.
    pub(crate) fn settle(&mut self) {
        if self.state == OrderState::Live
            && self.ended.is_some()
            && self.filled >= self.venue_filled
        {
            self.become_state(OrderState::Done);
        }
    }
}

/// All orders that are not forgotten.
#[derive(Debug)]
pub(crate) struct Orders {
    slots: Vec<Option<Order>>,
}

impl Orders {
    /// 8 accounts x 32 orders: above any `orders.max_live`, with room for ended ones.
    pub(crate) const CAPACITY: usize = 8 * 32;
    /// Ended orders that are kept for late words about them; more would only be walked over.
    const KEPT: usize = 16;

    pub(crate) fn new() -> Self {
        Self { slots: Vec::with_capacity(Self::CAPACITY) }
    }

    /// Enters an order; `false` when every slot holds one that is alive.
    pub(crate) fn add(&mut self, now: Mono, request: Request, target: usize) -> bool {
        let order = Order {
            request,
            state: OrderState::Intent,
            venue: VenueKey::NONE,
            filled: Qty::ZERO,
            venue_filled: Qty::ZERO,
            ended: None,
            target,
            left: false,
            placed_at: now,
            ended_at: Mono::ZERO,
            cancel_asked: None,
            cancel_from: Mono::ZERO,
            cancels: 0,
            unknown_since: None,
            asked_deals: None,
            proof: Proof::default(),
        };
        let done = self.iter().filter(|order| !order.is_alive()).count();
        let place = if done < Self::KEPT {
            self.slots.iter().position(Option::is_none)
        } else {
            self.oldest_done()
        };
        if let Some(at) = place {
            self.slots[at] = Some(order);
            return true;
        }
        if self.slots.len() < Self::CAPACITY {
            self.slots.push(Some(order));
            return true;
        }
        let Some(at) = self.oldest_done() else { return false };
        self.slots[at] = Some(order);
        true
    }

    fn oldest_done(&self) -> Option<usize> {
        let done = |slot: &Option<Order>| slot.is_some_and(|order| !order.is_alive());
        (0..self.slots.len())
            .filter(|&at| done(&self.slots[at]))
            .min_by_key(|&at| self.slots[at].map(|order| order.placed_at))
    }

    pub(crate) fn find(&self, id: ClientOrderId) -> Option<&Order> {
        self.iter().find(|order| order.id() == id)
    }

    pub(crate) fn find_mut(&mut self, id: ClientOrderId) -> Option<&mut Order> {
        self.slots.iter_mut().flatten().find(|order| order.id() == id)
    }

    /// Slots, whether they hold an order or not.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn at(&self, slot: usize) -> Option<&Order> {
        self.slots.get(slot)?.as_ref()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Order> {
        self.slots.iter().flatten()
    }

    pub(crate) fn alive(&self) -> impl Iterator<Item = &Order> {
        self.iter().filter(|order| order.is_alive())
    }

    /// A copy of the first order alive that passes `keep`, so that it may be changed meanwhile.
    pub(crate) fn first_alive(&self, keep: impl Fn(&Order) -> bool) -> Option<Order> {
        self.alive().find(|order| keep(order)).copied()
    }

    pub(crate) fn alive_mut(&mut self) -> impl Iterator<Item = &mut Order> {
        self.slots.iter_mut().flatten().filter(|order| order.is_alive())
    }

    pub(crate) fn of_target(&self, target: usize) -> impl Iterator<Item = &Order> {
        self.alive().filter(move |order| order.target == target)
    }

    /// Live and unknown orders of one leg of a target.
    pub(crate) fn on_leg(&self, target: usize, leg: OrderLeg) -> u32 {
        self.of_target(target).filter(|order| order.id().leg() == leg).count() as u32
    }

    /// What the sales of a target already offer.
    pub(crate) fn offered(&self, target: usize) -> Qty {
        self.of_target(target)
            .filter(|order| order.request.side == Side::Sell)
            .fold(Qty::ZERO, |sum, order| sum.plus(order.open_qty()).unwrap_or(sum))
    }

    /// Our own best price on the side opposite to `side`, of any account, among the orders that rest:
    /// what does not rest cannot be met by a later order.
    pub(crate) fn own_opposite(&self, symbol: SymbolId, side: Side) -> Option<Price> {
        let opposite = self
            .alive()
            .filter(|order| order.request.symbol == symbol)
            .filter(|order| order.request.side != side && order.ended.is_none())
            .filter(|order| order.request.kind.rests())
            .map(|order| order.request.price);
        match side {
            Side::Buy => opposite.min(),
            Side::Sell => opposite.max(),
        }
    }

    /// Forgets the ended orders of a target that is over.
    pub(crate) fn forget_done(&mut self, target: usize) {
        for slot in &mut self.slots {
            if slot.is_some_and(|order| order.target == target && !order.is_alive()) {
                *slot = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use OrderState::{Done, Intent, Live, Sent, Unknown};

    use super::*;

    #[test]
    fn only_declared_edges_exist() {
        let all = [Intent, Sent, Live, Unknown, Done];
        let allowed = all
            .iter()
            .flat_map(|from| all.iter().map(move |to| (*from, *to)))
            .filter(|(from, to)| from.may_become(*to))
            .count();
        assert_eq!(allowed, 4 + 3 + 2 + 1);
        assert!(!Live.may_become(Unknown), "an order the venue has shown is never unknown again");
        assert!(all.iter().all(|next| !Done.may_become(*next)));
    }
}
