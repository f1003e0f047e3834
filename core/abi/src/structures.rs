//! Every structure of the contract, in the order in which the README shows them.

use crate::Structure;
use crate::intent::{EntryPlan, ExitPlan, ExitRung, Intent, TimerSet};
use crate::judge::{Question, Verdict};
use crate::layout::Plain;
use crate::scene::{
    Balance, Body, Depth, Evidence, Fill, Head, Level, Listing, Names, Order, Parameter, Position,
    PositionChange, Print, Rules, Signal, Target, TargetChange, Timer, Top,
};
use crate::setup::Setup;

macro_rules! structures {
    ($($name:ident,)*) => {
        /// Every structure of the contract, in the order in which the README shows them.
        pub const STRUCTURES: &[Structure] = &[$(
            Structure {
                name: stringify!($name),
                size: <$name as Plain>::SIZE,
                fields: $name::FIELDS,
            },
        )*];
    };
}

structures! {
    Setup, EntryPlan, ExitRung, ExitPlan,
    Head, Body, Listing, Level, Depth, Top, Print, Order, Fill, Balance, Names, Rules,
    TargetChange, PositionChange, Timer, Parameter,
    Signal, Evidence, Target, Position,
    Intent, TimerSet,
    Question, Verdict,
}
