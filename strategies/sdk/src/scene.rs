//! What a plug-in is shown, read from the area as it is asked for.

use abi::area::{
    BODY, INPUT, INPUT_END, OUTPUT, POSITION, POSITIONS, SIGNAL, SIGNALS, TARGET, TARGETS,
};
use abi::{Plain, scene as raw};

use crate::event::Event;
use crate::num::{Price, Qty};
use crate::time::{Mono, VenueTime};
use crate::word::{AccountId, Factor, Kill, Pattern, SymbolId, TargetId, TargetState};

/// What happened, and how its pair stands after the engine applied it.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    bytes: &'a [u8; OUTPUT],
}

impl<'a> Scene<'a> {
    pub(crate) fn new(bytes: &'a [u8; OUTPUT]) -> Self {
        Self { bytes }
    }

    #[inline]
    fn head(&self) -> raw::Head {
        raw::Head::get(&self.bytes[INPUT..])
    }

    /// Our clock.
    #[inline]
    pub fn now(&self) -> Mono {
        Mono(self.head().now)
    }

    /// The exchange's clock; `None` before it is known.
    #[inline]
    pub fn venue_now(&self) -> Option<VenueTime> {
        VenueTime::known(self.head().venue_now)
    }

    /// When the exchange says that it happened.
    #[inline]
    pub fn stamped(&self) -> Option<VenueTime> {
        VenueTime::known(self.head().stamped)
    }

    /// The pair, when the event is of one.
    #[inline]
    pub fn symbol(&self) -> Option<SymbolId> {
        symbol(self.head().symbol)
    }

    /// The account, when the event is of one.
    #[inline]
    pub fn account(&self) -> Option<AccountId> {
        let account = self.head().account;
        (account != abi::NO_ACCOUNT).then_some(AccountId(account))
    }

    /// What happened.
    #[inline]
    pub fn event(&self) -> Event {
        Event::read(self.head().kind, &self.bytes[BODY..SIGNAL])
    }

    /// What detection makes of the pair, when the event may have changed that.
    #[inline]
    pub fn signals(&self) -> impl Iterator<Item = Signal> + Clone + use<'a> {
        let count = usize::from(self.head().signals).min(SIGNALS);
        each(&self.bytes[SIGNAL..TARGET], count).map(|raw| Signal { raw })
    }

    /// The pair's targets; those that are not over come first.
    #[inline]
    pub fn targets(&self) -> impl Iterator<Item = Target> + Clone + use<'a> {
        let count = usize::from(self.head().targets).min(TARGETS);
        each(&self.bytes[TARGET..POSITION], count).map(|raw| Target { raw })
    }

    /// The pair's positions.
    #[inline]
    pub fn positions(&self) -> impl Iterator<Item = Position> + Clone + use<'a> {
        let count = usize::from(self.head().positions).min(POSITIONS);
        each(&self.bytes[POSITION..INPUT_END], count).map(|raw| Position { raw })
    }

    /// Whether the pair has targets beyond those shown.
    #[inline]
    pub fn more_targets(&self) -> bool {
        self.head().flags & raw::MORE_TARGETS != 0
    }

    /// Whether the pair has positions beyond those shown.
    #[inline]
    pub fn more_positions(&self) -> bool {
        self.head().flags & raw::MORE_POSITIONS != 0
    }

    /// Best bid.
    #[inline]
    pub fn bid(&self) -> Option<Price> {
        Price::from_raw(self.head().bid)
    }

    /// Best ask.
    #[inline]
    pub fn ask(&self) -> Option<Price> {
        Price::from_raw(self.head().ask)
    }

    /// Decimals of the pair's prices; `None` before its rules are known.
    #[inline]
    pub fn price_decimals(&self) -> Option<u8> {
        Some(self.head().price_decimals).filter(|decimals| *decimals != u8::MAX)
    }

    /// Decimals of the pair's quantities; `None` before its rules are known.
    #[inline]
    pub fn qty_decimals(&self) -> Option<u8> {
        Some(self.head().qty_decimals).filter(|decimals| *decimals != u8::MAX)
    }

    /// The kill switch.
    #[inline]
    pub fn kill(&self) -> Kill {
        Kill::from_number(self.head().kill)
    }

    /// Planned opening of the pair.
    #[inline]
    pub fn opens_at(&self) -> Option<VenueTime> {
        VenueTime::known(self.head().opens_at)
    }
}

pub(crate) fn symbol(index: u32) -> Option<SymbolId> {
    (index != abi::NO_SYMBOL).then_some(SymbolId(index))
}

#[inline]
fn each<T: Plain>(bytes: &[u8], count: usize) -> impl Iterator<Item = T> + Clone + use<'_, T> {
    bytes.chunks_exact(T::SIZE).take(count).map(T::get)
}

/// A pattern that was seen for a pair.
#[derive(Clone, Copy, Debug)]
pub struct Signal {
    /// The plain numbers.
    pub raw: raw::Signal,
}

impl Signal {
    /// What was seen.
    #[inline]
    pub fn pattern(&self) -> Pattern {
        Pattern::from_number(self.raw.pattern)
    }

    /// Estimated probability x 100 that the opening can be traded.
    #[inline]
    pub fn confidence(&self) -> u8 {
        self.raw.confidence
    }

    /// Whether the confidence rests on fewer than 200 outcomes.
    #[inline]
    pub fn is_uncalibrated(&self) -> bool {
        self.raw.flags & raw::UNCALIBRATED != 0
    }

    /// The pair.
    #[inline]
    pub fn symbol(&self) -> SymbolId {
        SymbolId(self.raw.symbol)
    }

    /// Planned opening.
    #[inline]
    pub fn opens_at(&self) -> Option<VenueTime> {
        VenueTime::known(self.raw.opens_at)
    }

    /// The known facts and their values, strongest first.
    pub fn facts(&self) -> impl Iterator<Item = (Factor, i64)> + '_ {
        let count = usize::from(self.raw.evidence).min(raw::EVIDENCE);
        self.raw.facts[..count].iter().map(|fact| (Factor::from_number(fact.factor), fact.value))
    }
}

/// A target of the pair.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The plain numbers.
    pub raw: raw::Target,
}

impl Target {
    /// Which.
    #[inline]
    pub fn id(&self) -> TargetId {
        TargetId(self.raw.id)
    }

    /// Whose.
    #[inline]
    pub fn account(&self) -> AccountId {
        AccountId(self.raw.account)
    }

    /// Where it stands.
    #[inline]
    pub fn state(&self) -> TargetState {
        TargetState::from_number(self.raw.state)
    }

    /// What it rests on; `Unknown` when the operator named it.
    #[inline]
    pub fn pattern(&self) -> Pattern {
        Pattern::from_number(self.raw.pattern)
    }

    /// How sure, 0 to 100.
    #[inline]
    pub fn confidence(&self) -> u8 {
        self.raw.confidence
    }

    /// Whether this plug-in proposed it.
    #[inline]
    pub fn is_own(&self) -> bool {
        self.raw.flags & raw::OWN != 0
    }

    /// Planned opening.
    #[inline]
    pub fn opens_at(&self) -> Option<VenueTime> {
        VenueTime::known(self.raw.opens_at)
    }
}

/// A position of the pair.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// The plain numbers.
    pub raw: raw::Position,
}

impl Position {
    /// The target it came from.
    #[inline]
    pub fn target(&self) -> TargetId {
        TargetId(self.raw.target)
    }

    /// Whose.
    #[inline]
    pub fn account(&self) -> AccountId {
        AccountId(self.raw.account)
    }

    /// Whether it came from a target of this plug-in.
    #[inline]
    pub fn is_own(&self) -> bool {
        self.raw.flags & raw::OWN != 0
    }

    /// What can be sold.
    #[inline]
    pub fn qty(&self) -> Qty {
        Qty::from_raw(self.raw.qty).unwrap_or_default()
    }

    /// Average price paid; `None` when unknown.
    #[inline]
    pub fn entry_price(&self) -> Option<Price> {
        Price::from_raw(self.raw.entry_price)
    }
}
