//! One target from proposal to its end, with its permit, its position and its way out.

use model::{
    AccountId, Amount, Close, ExitPlan, ExitRecord, FixedList, Mono, OrderLeg, Pattern,
    PositionRecord, Price, Qty, SymbolId, SymbolSpec, TargetRecord, TargetState, VenueTime, WhyNot,
};
use risk::PermitUse;

/// A target. Its position is the sum of its deals minus fees, nothing else.
#[derive(Clone, Debug)]
pub struct Target {
    /// As it stands in the records.
    pub record: TargetRecord,
    /// What allows its orders, once minted.
    pub permit: Option<PermitUse>,
    /// What was bought and sold.
    pub position: Position,
    /// Reference price that the cap comes from.
    pub(crate) reference: Option<Price>,
    pub(crate) token: u64,
    /// The permit that takes its place once the slot's plug-in is exchanged.
    pub(crate) successor: Option<PermitUse>,
    pub(crate) successor_token: u64,
    pub(crate) fire: Fire,
    pub(crate) exits: Exits,
    pub(crate) attempts: [u32; Target::LEGS],
    pub(crate) following: bool,
}

/// Attempts at the entry.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fire {
    /// A deal or book of the opening was seen, or the strategy said so.
    pub(crate) triggered: bool,
    /// When the last order left.
    pub(crate) last_at: Option<Mono>,
    /// Not before.
    pub(crate) next_at: Mono,
    /// The venue's cap, from its refusals.
    pub(crate) cap: Option<Price>,
    /// Refusals of the slow kind.
    pub(crate) slow: u32,
    /// Corrective retries spent on the clock.
    pub(crate) clock_rejects: u32,
}

/// What was bought and sold, deal by deal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Position {
    /// Base asset held, fees in base subtracted.
    pub held: Amount,
    /// Bought in all.
    pub bought: Qty,
    /// Sold in all.
    pub sold: Qty,
    /// Sum of price x quantity of the buys, raw, for the average.
    pub(crate) weighted: i128,
    /// Quote paid, fees in quote included.
    pub paid: Amount,
    /// Quote received, fees in quote subtracted.
    pub received: Amount,
    /// First deal, in the exchange's clock.
    pub first_at: VenueTime,
    /// Highest price that could have been sold at since the entry.
    pub high: Option<Price>,
    /// Fees in a third asset.
    pub other_fees: u32,
    /// How it was closed.
    pub closed: Option<Close>,
}

impl Position {
    /// Whether there ever was one.
    pub fn exists(&self) -> bool {
        !self.bought.is_zero()
    }

    /// Average price of the buys, rounded down; `None` before the first.
    pub fn average(&self) -> Option<Price> {
        if self.bought.is_zero() {
            return None;
        }
        let raw = self.weighted / i128::from(self.bought.raw());
        Price::from_raw(i64::try_from(raw).ok()?)
    }

    /// What the venue would let us sell: whole steps of what is held.
    pub fn sellable(&self, spec: &SymbolSpec) -> Qty {
        self.held.to_qty(spec.qty_decimals).unwrap_or(Qty::ZERO).floor_to(spec.step)
    }

    /// What the holding cost, by the average price.
    pub(crate) fn cost(&self, spec: &SymbolSpec) -> Amount {
        let Some(price) = self.average() else { return Amount::ZERO };
        let qty = self.bought.minus(self.sold);
        let round = model::Round::Up;
        Amount::notional(price, spec.price_decimals, qty, spec.qty_decimals, round)
            .unwrap_or(Amount::MAX)
    }

    pub(crate) fn buy(&mut self, price: Price, qty: Qty, paid: Amount, base: Amount) -> Option<()> {
        self.bought = self.bought.plus(qty)?;
        self.weighted =
            self.weighted.checked_add(i128::from(price.raw()) * i128::from(qty.raw()))?;
        self.paid = self.paid.plus(paid)?;
        self.held = self.held.plus(base)?;
        Some(())
    }

    pub(crate) fn sell(&mut self, qty: Qty, received: Amount, base: Amount) -> Option<()> {
        self.sold = self.sold.plus(qty)?;
        self.received = self.received.plus(received)?;
        self.held = self.held.minus(base)?;
        Some(())
    }
}

/// Progress of the way out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exits {
    /// Quantity sold by each rung of the ladder.
    pub(crate) rung_sold: [Qty; 6],
    /// Rungs whose resting half the venue would not take: all of it is sold by hand.
    pub(crate) no_rest: [bool; 6],
    /// A stop that is breached but not confirmed.
    pub(crate) breach: Option<Breach>,
    /// Deals at or below the stop since it was last not breached.
    pub(crate) low_prints: u32,
    /// Why everything is being sold.
    pub(crate) closing: Option<Close>,
    /// Rung of the emergency ladder, from 0.
    pub(crate) press: u32,
    /// Sales of the ladder that were tried; unsent ones too, once none has left for long.
    pub(crate) tries: u32,
    /// Orders in a row that no connection took.
    pub(crate) unsent: u32,
    /// Next sale not before.
    pub(crate) next_at: Mono,
    /// The last order that pressed.
    pub(crate) last_press: Option<model::ClientOrderId>,
    /// The last press was a market order that was refused or sold nothing: the next is an
    /// immediate-or-cancel one.
    pub(crate) market_refused: bool,
    /// A sale by hand of this much is wanted.
    pub(crate) by_hand: Qty,
    /// When the time stop was passed over because only the kept share is left.
    pub(crate) time_stop_done: bool,
    pub(crate) alarmed: bool,
    /// The operator asked for all of it to be sold; named when it is closed, not kept over a restart.
    pub(crate) manual: bool,
    /// As the records have it.
    pub(crate) told: Option<ExitRecord>,
}

/// A price at or below the stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Breach {
    pub(crate) since: Mono,
    pub(crate) kind: Close,
}

impl Target {
    /// Entry, six resting and six taken rungs, stop, manual.
    pub(crate) const LEGS: usize = 15;

    pub(crate) fn new(record: TargetRecord) -> Self {
        Self {
            record,
            permit: None,
            position: Position::default(),
            reference: None,
            token: 0,
            successor: None,
            successor_token: 0,
            fire: Fire::default(),
            exits: Exits::default(),
            attempts: [0; Self::LEGS],
            following: false,
        }
    }

    /// Gives its permit up; what left under it does not count for the next.
    pub(crate) fn give_up_permit(&mut self) {
        (self.permit, self.record.permit, self.token) = (None, None, 0);
        (self.successor, self.successor_token) = (None, 0);
        self.fire = Fire::default();
    }

    /// The account.
    pub fn account(&self) -> AccountId {
        self.record.account
    }

    /// The pair.
    pub fn symbol(&self) -> SymbolId {
        self.record.symbol
    }

    /// Whether it counts against the limit of targets.
    pub fn is_active(&self) -> bool {
        !self.record.state.is_final()
    }

    /// Whether it holds or is selling.
    pub fn is_holding(&self) -> bool {
        matches!(self.record.state, TargetState::Open | TargetState::Closing)
    }

    /// Whether entries may leave under its permit.
    pub(crate) fn may_still_fire(&self) -> bool {
        match self.record.state {
            TargetState::Ready => self.permit.is_some() && !self.is_disarmed(),
            TargetState::Armed | TargetState::Executing => true,
            TargetState::Pending
            | TargetState::Open
            | TargetState::Closing
            | TargetState::Completed
            | TargetState::Failed
            | TargetState::Cancelled
            | TargetState::Expired
            | TargetState::Missed
            | TargetState::Blocked => false,
        }
    }

    /// Whether it waits until the operator arms it again.
    pub fn is_disarmed(&self) -> bool {
        self.record.why == WhyNot::Disarmed
    }

    /// Whether it is a purchase by hand of a pair that trades.
    pub(crate) fn is_bought(&self) -> bool {
        self.record.pattern == Pattern::Bought
    }

    /// Whether its opening is that of a listing, and moves with it.
    pub(crate) fn follows_listing(&self) -> bool {
        !matches!(self.record.pattern, Pattern::Bought | Pattern::Adopted)
    }

    /// Whether the operator takes the position over: what may still trade is cancelled, nothing is
    /// sold.
    pub(crate) fn is_handing_over(&self) -> bool {
        self.exits.closing == Some(Close::HandedOver)
    }

    /// The holding of a target that was adopted, as the operator named it.
    pub(crate) fn begin_adopted(&mut self, qty: Qty, paid: Amount, units: Amount) {
        let Some(price) = self.record.entry.operator_price else { return };
        self.position.first_at = self.record.opens_at;
        // The position is empty: sums of its first figures do not overflow.
        let _ = self.position.buy(price, qty, paid, units);
    }

    pub(crate) fn plan(&self) -> &ExitPlan {
        &self.record.exit
    }

    /// The next attempt number of a leg; the 20 bits of the id bound it.
    pub(crate) fn next_attempt(&mut self, leg: OrderLeg) -> Option<u32> {
        let count = &mut self.attempts[leg_index(leg)];
        let attempt = *count;
        *count = attempt.checked_add(1).filter(|next| *next < 1 << 20)?;
        Some(attempt)
    }

    /// The way out as it should stand in the records; the high-water mark moves in steps of ten
    /// basis points, or every tick would be a record.
    pub(crate) fn exit_record(&self) -> ExitRecord {
        let told = self.exits.told.and_then(|told| told.high);
        let high = match (told, self.position.high) {
            (Some(told), Some(high)) if high.change_bps(told) < 10 => Some(told),
            (_, high) => high,
        };
        ExitRecord {
            target: self.record.id,
            closing: self.exits.closing,
            by_hand: self.exits.by_hand,
            time_stop_done: self.exits.time_stop_done,
            high,
        }
    }

    pub(crate) fn position_record(&self, spec: &SymbolSpec) -> PositionRecord {
        PositionRecord {
            target: self.record.id,
            account: self.record.account,
            symbol: self.record.symbol,
            qty: self.position.held.to_qty(spec.qty_decimals).unwrap_or(Qty::ZERO),
            paid: self.position.paid,
            received: self.position.received,
            other_fees: self.position.other_fees,
            closed: self.position.closed,
        }
    }
}

/// The leg that takes the free part of `rung`.
pub(crate) const fn taken_leg(rung: u8) -> OrderLeg {
    OrderLeg::take_profit(32 + rung)
}

/// The rung that a take-profit leg, resting or taken, belongs to.
pub(crate) fn rung_of(leg: OrderLeg) -> Option<usize> {
    match leg.0 {
        1..=6 => Some(usize::from(leg.0) - 1),
        33..=38 => Some(usize::from(leg.0) - 33),
        _ => None,
    }
}

fn leg_index(leg: OrderLeg) -> usize {
    match leg.0 {
        0 => 0,
        1..=6 => usize::from(leg.0),
        33..=38 => usize::from(leg.0) - 26,
        64 => 13,
        _ => 14,
    }
}

/// All targets that are not forgotten.
#[derive(Debug)]
pub(crate) struct Targets {
    slots: Vec<Option<Target>>,
}

impl Targets {
    /// 8 accounts x 5 active targets, and as many ended ones that are still asked about.
    pub(crate) const CAPACITY: usize = 8 * 5 * 2;

    pub(crate) fn new() -> Self {
        let mut slots = Vec::with_capacity(Self::CAPACITY);
        slots.resize_with(Self::CAPACITY, || None);
        Self { slots }
    }

    /// A slot for one more: an empty one, else the oldest ended one.
    pub(crate) fn free_slot(&self) -> Option<usize> {
        self.slots.iter().position(Option::is_none).or_else(|| {
            (0..self.slots.len())
                .filter(|&at| self.slots[at].as_ref().is_some_and(|target| !target.is_active()))
                .min_by_key(|&at| self.slots[at].as_ref().map(|target| target.record.id))
        })
    }

    pub(crate) fn put(&mut self, at: usize, target: Target) {
        self.slots[at] = Some(target);
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Target> {
        self.slots.get(at)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Target> {
        self.slots.get_mut(at)?.as_mut()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Target)> {
        self.slots.iter().enumerate().filter_map(|(at, slot)| Some((at, slot.as_ref()?)))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (usize, &mut Target)> {
        self.slots.iter_mut().enumerate().filter_map(|(at, slot)| Some((at, slot.as_mut()?)))
    }

    /// Slots of the targets that are not final and pass `keep`; a copy, so that each may change.
    pub(crate) fn active_where(
        &self,
        keep: impl Fn(&Target) -> bool,
    ) -> FixedList<usize, { Self::CAPACITY }> {
        let mut list = FixedList::new();
        for (at, target) in self.iter() {
            if target.is_active() && keep(target) {
                // As many places as slots.
                let _ = list.push(at);
            }
        }
        list
    }
}
