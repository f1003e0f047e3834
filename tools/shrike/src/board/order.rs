//! One order from the step that approved it to its end.

use std::collections::BTreeMap;

use model::{ClientOrderId, Mono, Qty, Request, TargetId, Text};

use super::moment::Moment;
use super::names::Scales;

/// Orders kept at most, in flight and done together. Beyond, the oldest that has ended goes.
pub(super) const ORDERS_MAX: usize = 4_096;

/// What the venue said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// Nothing yet.
    Awaited,
    /// It took the order.
    Accepted,
    /// It refused.
    Refused { code: i32 },
    /// Nothing that settles its fate.
    Lost,
    /// No byte of it left.
    NotSent { why: &'static str },
    /// It was proved never to have reached the venue's books.
    NeverAccepted,
}

/// One order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    pub(super) request: Request,
    pub(super) target: Option<TargetId>,
    pub(super) scales: Option<Scales>,
    /// Instance and epoch of the process that placed it.
    pub(super) boot: Option<(u32, u32)>,
    pub(super) placed: Moment,
    pub(super) sent: Option<Moment>,
    pub(super) reply: Reply,
    pub(super) message: Text<64>,
    /// A message whose refusal has not been told; it may be that of a cancel.
    pub(super) told: Text<64>,
    pub(super) filled: Qty,
    pub(super) ended: bool,
    pub(super) cancel_decided: Option<Mono>,
    pub(super) cancel_sent: Option<Mono>,
    /// Whether the reply to it may still be measured: none came, and no process died in between.
    pub(super) timed: bool,
    number: u64,
}

impl Order {
    pub(super) fn new(request: Request, target: Option<TargetId>, placed: Moment) -> Self {
        Self {
            request,
            target,
            scales: None,
            boot: None,
            placed,
            sent: None,
            reply: Reply::Awaited,
            message: Text::EMPTY,
            told: Text::EMPTY,
            filled: Qty::ZERO,
            ended: false,
            cancel_decided: None,
            cancel_sent: None,
            timed: true,
            number: 0,
        }
    }

    pub(super) fn id(&self) -> ClientOrderId {
        self.request.client_order_id
    }

    pub(super) fn is_entry(&self) -> bool {
        self.id().leg().is_entry()
    }

    /// Whether a byte of it may have left.
    pub(super) fn was_sent(&self) -> bool {
        !matches!(self.reply, Reply::NotSent { .. })
    }

    pub(super) fn end(&mut self, reply: Reply) {
        (self.reply, self.ended) = (reply, true);
    }

    /// The process that sent it died: nobody waits for its reply, and its stamps are of a clock
    /// that may be gone.
    fn orphan(&mut self) {
        (self.timed, self.cancel_sent, self.cancel_decided) = (false, None, None);
        if self.reply == Reply::Awaited {
            self.reply = Reply::Lost;
        }
    }

    /// The stream or a query shows it on the venue's books.
    pub(super) fn seen(&mut self) {
        if matches!(self.reply, Reply::Awaited | Reply::Lost) {
            self.reply = Reply::Accepted;
        }
    }

    /// The venue's code and message: 0 and `accepted` for an order that it took, no code where it
    /// did not answer.
    pub(super) fn answer(&self) -> (Option<i32>, &str) {
        match self.reply {
            Reply::Accepted => (Some(0), "accepted"),
            Reply::Refused { code } if self.message.is_empty() => (Some(code), "refused"),
            Reply::Refused { code } => (Some(code), self.message.as_str()),
            Reply::Awaited | Reply::Lost => (None, "unknown"),
            Reply::NotSent { why } => (None, why),
            Reply::NeverAccepted => (None, "never reached the venue"),
        }
    }
}

/// All orders, by their id.
#[derive(Debug, Default)]
pub(super) struct Orders {
    orders: BTreeMap<ClientOrderId, Order>,
    next: u64,
    /// Orders that were let go, or found no room because none had ended.
    pub(super) dropped: u64,
}

impl Orders {
    pub(super) fn add(&mut self, mut order: Order) {
        if self.orders.len() >= ORDERS_MAX {
            self.dropped += 1;
            let ended = self.orders.values().filter(|order| order.ended);
            let Some(oldest) = ended.min_by_key(|order| order.number).map(Order::id) else {
                return;
            };
            self.orders.remove(&oldest);
        }
        order.number = self.next;
        self.next += 1;
        self.orders.insert(order.id(), order);
    }

    pub(super) fn get(&self, id: ClientOrderId) -> Option<&Order> {
        self.orders.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: ClientOrderId) -> Option<&mut Order> {
        self.orders.get_mut(&id)
    }

    /// Those that `keep` chooses, in the order they were placed.
    pub(super) fn list(&self, keep: impl Fn(&Order) -> bool) -> Vec<&Order> {
        let mut orders: Vec<&Order> = self.orders.values().filter(|order| keep(order)).collect();
        orders.sort_unstable_by_key(|order| order.number);
        orders
    }

    pub(super) fn count(&self, keep: impl Fn(&Order) -> bool) -> usize {
        self.orders.values().filter(|order| keep(order)).count()
    }

    pub(super) fn on_boot(&mut self) {
        for order in self.orders.values_mut().filter(|order| !order.ended) {
            order.orphan();
        }
    }

    /// The orders of a target that is let go.
    pub(super) fn forget(&mut self, target: TargetId) {
        let before = self.orders.len();
        self.orders.retain(|_, order| order.target != Some(target));
        self.dropped += (before - self.orders.len()) as u64;
    }
}
