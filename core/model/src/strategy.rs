//! What the engine shows to plug-ins and asks of them: the traits behind which they stand.

use crate::{
    AccountId, Amount, Confidence, Event, FixedList, Intent, KillLevel, Mono, Pattern, PluginFault,
    PluginReport, PositionRecord, Price, Qty, Request, Signal, Slot, SymbolId, TargetId,
    TargetRecord, TargetState, VenueTime, WhyNot,
};

/// What happened, as a plug-in is shown it.
#[derive(Clone, Copy, Debug)]
pub enum Happening<'a> {
    /// The last event of a frame, after the engine applied it.
    Event(&'a Event),
    /// Detection looked again; nothing else happened to the symbol.
    Look,
    /// A target changed in this step.
    Target(&'a TargetRecord),
    /// A position changed in this step.
    Position(&'a PositionRecord),
    /// A timer of one plug-in came; it alone is shown the scene.
    Timer(DueTimer),
    /// The operator changed a parameter of one plug-in; it alone is shown the scene.
    Parameter {
        /// Whose.
        slot: Slot,
        /// Which, by its place in the manifest.
        parameter: u8,
        /// Its value.
        value: i64,
    },
}

/// A timer of a plug-in that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueTimer {
    /// Whose.
    pub slot: Slot,
    /// Which of its timers.
    pub timer: u8,
    /// When it was due.
    pub due: Mono,
    /// The pair that the plug-in wants to see then, or none.
    pub symbol: SymbolId,
}

/// What plug-ins are shown.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Our clock.
    pub now: Mono,
    /// The pair that is shown, or none.
    pub symbol: SymbolId,
    /// What happened.
    pub happening: Happening<'a>,
    /// What detection makes of the symbol, when the event may have changed that.
    pub signals: &'a [Signal],
    /// The symbol's book, targets and positions.
    pub view: &'a View<'a>,
}

/// One target as a strategy sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewTarget {
    /// Which.
    pub id: TargetId,
    /// The plug-in that proposed it, or none.
    pub slot: Slot,
    /// Whose.
    pub account: AccountId,
    /// The pair.
    pub symbol: SymbolId,
    /// Where it stands.
    pub state: TargetState,
    /// Why, when it is not where it should be.
    pub why: WhyNot,
    /// What it rests on.
    pub pattern: Pattern,
    /// How sure.
    pub confidence: Confidence,
    /// Its permit; 0 before it is armed.
    pub permit: u32,
    /// Planned opening.
    pub opens_at: VenueTime,
}

/// One position as a strategy sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewPosition {
    /// The target it came from.
    pub target: TargetId,
    /// The plug-in that proposed the target, or none.
    pub slot: Slot,
    /// Whose.
    pub account: AccountId,
    /// The pair.
    pub symbol: SymbolId,
    /// What is held.
    pub qty: Qty,
    /// Average price paid.
    pub entry_price: Option<Price>,
}

/// The world that a strategy is shown: of the scene's symbol only, after the event was applied.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The exchange's clock.
    pub venue_now: VenueTime,
    /// Best bid, when the book is synchronised.
    pub bid: Option<Price>,
    /// Best ask, when the book is synchronised.
    pub ask: Option<Price>,
    /// Decimals of price and quantity, once the symbol's rules are known.
    pub decimals: Option<(u8, u8)>,
    /// Planned opening; none when unknown.
    pub opens_at: VenueTime,
    /// The kill switch.
    pub kill: KillLevel,
    /// Targets of the symbol.
    pub targets: &'a [ViewTarget],
    /// Positions of the symbol.
    pub positions: &'a [ViewPosition],
}

/// An intent with the slot of the plug-in that had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Whose.
    pub slot: Slot,
    /// What.
    pub intent: Intent,
}

/// The wishes of one scene: 16 slots x 4 each.
pub type Wishes = FixedList<Wish, 64>;

/// Whoever answers scenes with wishes: sandboxed plug-ins, or the same source linked natively.
///
/// Only [`on_scene`](Self::on_scene) must be there; what has no timers and cannot fail leaves the
/// rest.
pub trait Strategies: RiskRules {
    /// A step of the engine begins: what the calls of one step may cost together counts anew.
    fn begin(&mut self) {}

    /// Shows a scene to every plug-in that wants its kind.
    fn on_scene(&mut self, scene: &Scene<'_>, wishes: &mut Wishes);

    /// Whether any plug-in wants to hear of changed targets and positions.
    fn wants_changes(&self) -> bool {
        false
    }

    /// Hash of the plug-in in a slot; 0 when there is none.
    fn plugin(&self, _slot: Slot) -> u128 {
        0
    }

    /// Puts the prepared instance of `plugin` in its slot and the old one aside; `false` when none
    /// was prepared.
    fn exchange(&mut self, _now: Mono, _slot: Slot, _plugin: u128) -> bool {
        false
    }

    /// Takes a slot out of use.
    fn stop(&mut self, _slot: Slot) {}

    /// Sets a parameter; `false` when the plug-in has none of that number or does not take it.
    fn set_parameter(&mut self, _now: Mono, _slot: Slot, _parameter: u8, _value: i64) -> bool {
        false
    }

    /// The `nth` parameter that was set while the run went on, with its value: what an exchange
    /// carried over by its name.
    fn set_value(&self, _slot: Slot, _nth: usize) -> Option<(u8, i64)> {
        None
    }

    /// Lets the prepared instance of `plugin` run beside the one in the slot, or ends that with 0;
    /// `false` when none was prepared.
    fn shadow(&mut self, _now: Mono, _slot: Slot, _plugin: u128) -> bool {
        false
    }

    /// Takes the next timer that has come by `now`.
    fn take_timer(&mut self, _now: Mono) -> Option<DueTimer> {
        None
    }

    /// When the next timer comes; [`Mono::NEVER`] when none is set.
    fn next_timer(&self) -> Mono {
        Mono::NEVER
    }

    /// In the coming step the plug-in in use, or the candidate beside it, fails like this at its
    /// call of this number instead of running it: how a replay repeats what no run can promise to.
    fn foretell(&mut self, _slot: Slot, _candidate: bool, _fault: PluginFault, _call: u32) {}

    /// Takes the next thing that a plug-in did which the records must hold.
    fn take_report(&mut self) -> Option<PluginReport> {
        None
    }
}

/// One buy that the native limits let through, with the figures they compared.
#[derive(Clone, Copy, Debug)]
pub struct RuleQuestion<'a> {
    /// Our clock.
    pub now: Mono,
    /// The order.
    pub request: &'a Request,
    /// Decimals of its price and quantity.
    pub decimals: (u8, u8),
    /// Quantities are multiples of this.
    pub step: Qty,
    /// Price times quantity.
    pub notional: Amount,
    /// Best bid, when there is a live book.
    pub bid: Option<Price>,
    /// Best ask, when there is a live book.
    pub ask: Option<Price>,
    /// Asks up to the price, when there is a live book.
    pub depth: Option<Qty>,
    /// What of the pair is held.
    pub held: Qty,
    /// Cost of holdings and buys in flight of the pair.
    pub symbol_notional: Amount,
    /// The same over the quote asset.
    pub quote_notional: Amount,
    /// The same over everything.
    pub total_notional: Amount,
    /// Bought today, with what is in flight.
    pub bought_today: Amount,
    /// What the permit allows.
    pub permit_max: Amount,
    /// What the permit has used.
    pub permit_used: Amount,
    /// Orders of the account that are alive.
    pub orders_live: u32,
    /// Orders of the account and pair that are alive.
    pub orders_live_symbol: u32,
    /// Whether the pair has opened.
    pub opened: bool,
    /// Whether it counts as freshly listed.
    pub listing: bool,
}

/// What a risk rule says of a request. It can only tighten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleVerdict {
    /// As it is.
    Allow,
    /// At most this much.
    Shrink {
        /// The smaller quantity; a larger one is ignored.
        qty: Qty,
    },
    /// Not at all.
    Refuse {
        /// The rule's slot.
        slot: Slot,
        /// The rule's own number.
        code: u32,
    },
    /// Not at all: a rule that should judge cannot.
    Silent {
        /// The rule's slot.
        slot: Slot,
    },
}

/// Risk rules that plug-ins add to the native ones. Only what adds risk is asked about.
pub trait RiskRules {
    /// Judges one request that the native limits let through.
    fn judge(&mut self, _question: &RuleQuestion<'_>) -> RuleVerdict {
        RuleVerdict::Allow
    }
}

/// No rules beyond the native ones.
impl RiskRules for () {}
