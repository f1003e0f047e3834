//! The vocabulary every other room speaks: prices, quantities, money, ids, the two clocks, events,
//! intents and the records that outlive a run.
//!
//! Depends on nothing. Everything is `Copy` where it crosses a room, has a fixed size and no heap.
//! **Absent:** a clock, floats, strings that grow, hash maps, any format but the journal's own
//! ([`wire`]).
#![warn(missing_docs)]

mod by_hand;
mod event;
mod id;
mod intent;
mod kill;
mod learnt;
mod list;
mod num;
mod plugin;
mod record;
mod request;
mod signal;
mod spec;
mod strategy;
mod text;
mod time;
pub mod wire;

pub use by_hand::{BuyByHand, ByHand, PriceCap, TargetByHand};
pub use event::{
    Balance, Body, BookTop, Cancelled, ClockSample, Command, Depth, DepthKind, Event, Fill,
    FillSource, Level, Link, LinkState, ListingBody, ListingFact, OperatorOrder, OrderStatus,
    OrderUpdate, Placed, Print, QueryAnswer, Reject, RejectClass, ReplyLost, Sent, ShedRange,
    Source, Stream, SymbolNames, Triple, UpdateSource, VenueText,
};
pub use id::{
    AccountId, AssetId, ClientOrderId, ClientOrderIdError, ClientOrderIdParts, Mode, OrderLeg,
    PermitId, SymbolId, TargetId, VenueKey,
};
pub use intent::{
    Confidence, EntryKind, EntryPlan, ExitPlan, ExitRung, Intent, PlanError, PriceSource, Proposal,
    Triggers,
};
pub use kill::{Block, Blocks, KillLevel};
pub use learnt::{Group, LearntFact, Millionths};
pub use list::FixedList;
pub use num::{Amount, MAX_DECIMALS, NumError, Price, Qty, Round, format_scaled, parse_scaled};
pub use plugin::{
    PluginChange, PluginEvent, PluginFault, PluginRecord, PluginReport, Slot, SwapReason,
};
pub use record::{
    Alarm, AlarmKind, Close, ExitRecord, Permit, PositionRecord, Record, TargetRecord, TargetState,
    WhyNot,
};
pub use request::{Authority, OrderKind, Request, Side};
pub use signal::{Evidence, Factor, Pattern, Signal};
pub use spec::{OrderKinds, SpecSource, SymbolSpec, SymbolStatus, TradeSides};
pub use strategy::{
    DueTimer, Happening, RiskRules, RuleQuestion, RuleVerdict, Scene, Strategies, View,
    ViewPosition, ViewTarget, Wish, Wishes,
};
pub use text::Text;
pub use time::{Mono, Span, TimerName, VenueTime};
