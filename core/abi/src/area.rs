//! Where things stand in the area that a guest owns.

use crate::Plain;
use crate::intent::{Intent, TimerSet};
use crate::scene::{Body, Head, Position, Signal, Target};

/// Bytes of the area. Its address, which `shrike_area` gives, is a multiple of 8.
pub const SIZE: usize = 4_096;

/// The host writes from here: [`Head`] of a scene, [`Setup`](crate::setup::Setup), or
/// [`Question`](crate::judge::Question).
pub const INPUT: usize = 0;
/// What happened, behind the head: a structure that the head's `kind` names.
pub const BODY: usize = INPUT + Head::SIZE;
/// [`SIGNALS`] times [`Signal`], of which the head's `signals` count.
pub const SIGNAL: usize = BODY + Body::SIZE;
/// [`TARGETS`] times [`Target`], of which the head's `targets` count.
pub const TARGET: usize = SIGNAL + SIGNALS * Signal::SIZE;
/// [`POSITIONS`] times [`Position`], of which the head's `positions` count.
pub const POSITION: usize = TARGET + TARGETS * Target::SIZE;
/// Behind the last byte that the host writes.
pub const INPUT_END: usize = POSITION + POSITIONS * Position::SIZE;

/// The guest writes from here: [`INTENTS`] times [`Intent`], or a
/// [`Verdict`](crate::judge::Verdict).
pub const OUTPUT: usize = 2_560;
/// [`TIMERS`] times [`TimerSet`].
pub const TIMER: usize = OUTPUT + INTENTS * Intent::SIZE;
/// Up to [`LOG_MAX`] bytes of UTF-8 text.
pub const LOG: usize = TIMER + TIMERS * TimerSet::SIZE;
/// Behind the last byte that the host reads.
pub const OUTPUT_END: usize = LOG + LOG_MAX;

/// Signals of a scene, at most.
pub const SIGNALS: usize = 4;
/// Targets of a scene, at most; those that are not over come first.
pub const TARGETS: usize = 16;
/// Positions of a scene, at most.
pub const POSITIONS: usize = 16;
/// Intents of a call, at most.
pub const INTENTS: usize = 4;
/// Timers that a plug-in may have, and changes of them in a call.
pub const TIMERS: usize = 8;
/// Bytes of log text in a call, at most.
pub const LOG_MAX: usize = 160;
/// Parameters that a plug-in may declare.
pub const PARAMS: usize = 32;
/// Bytes of saved state, at most.
pub const STATE_MAX: usize = 65_536;

const _: () = assert!(INPUT_END <= OUTPUT && OUTPUT_END <= SIZE);
