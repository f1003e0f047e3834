//! What a strategy's author writes against.
//!
//! A strategy sees one scene at a time and answers at a [`Desk`]: propose a target, enter it,
//! amend its way out, sell. It never sends an order, never sees a retry, and holds no permit: the
//! engine owns those. [`Native`] links a strategy into a program as it is.
#![warn(missing_docs)]

mod native;

pub use model;
pub use native::{Native, hash};

use model::{Event, ExitPlan, Intent, Intents, Mono, Proposal, Qty, Signal, TargetId, View};

/// A strategy: its name, its version, and one method.
pub trait Strategy {
    /// Its name, as slots and records show it.
    const NAME: &'static str;
    /// Its version.
    const VERSION: &'static str;

    /// Looks at one scene. Called at the last event of each frame, after the engine applied it.
    fn on_scene(&mut self, scene: &Scene<'_>, desk: &mut Desk<'_>);
}

/// What a strategy is shown.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Our clock.
    pub now: Mono,
    /// What happened.
    pub event: &'a Event,
    /// What detection makes of the event's symbol, when the event may have changed that.
    pub signals: &'a [Signal],
    /// The symbol's book, targets and positions.
    pub view: &'a View<'a>,
}

/// Where a strategy puts what it wants. There is room for four wishes a scene.
#[derive(Debug)]
pub struct Desk<'a> {
    intents: &'a mut Intents,
    left: usize,
}

/// The desk has taken as many wishes as one scene may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Wish for a target.
pub trait Propose {
    /// # Errors
    /// [`Full`] when the scene's wishes are spent.
    fn propose(&mut self, proposal: Proposal) -> Result<(), Full>;
}

/// Wish to fire an armed target whose triggers allow it.
pub trait Enter {
    /// # Errors
    /// [`Full`] when the scene's wishes are spent.
    fn enter(&mut self, target: TargetId) -> Result<(), Full>;
}

/// Wish to change the way out, inside the permit.
pub trait Amend {
    /// # Errors
    /// [`Full`] when the scene's wishes are spent.
    fn amend(&mut self, target: TargetId, exit: ExitPlan) -> Result<(), Full>;
}

/// Wish to sell.
pub trait Exit {
    /// Sells `qty`, or all when `None`.
    ///
    /// # Errors
    /// [`Full`] when the scene's wishes are spent.
    fn exit(&mut self, target: TargetId, qty: Option<Qty>) -> Result<(), Full>;
}

impl<'a> Desk<'a> {
    /// Wishes of one strategy in one scene.
    pub const WISHES: usize = 4;

    /// A desk over the intents of a step.
    pub fn new(intents: &'a mut Intents) -> Self {
        Self { intents, left: Self::WISHES }
    }

    fn put(&mut self, intent: Intent) -> Result<(), Full> {
        self.left = self.left.checked_sub(1).ok_or(Full)?;
        self.intents.push(intent).map_err(|_| Full)
    }
}

impl Propose for Desk<'_> {
    fn propose(&mut self, proposal: Proposal) -> Result<(), Full> {
        self.put(Intent::Propose(proposal))
    }
}

impl Enter for Desk<'_> {
    fn enter(&mut self, target: TargetId) -> Result<(), Full> {
        self.put(Intent::Enter { target })
    }
}

impl Amend for Desk<'_> {
    fn amend(&mut self, target: TargetId, exit: ExitPlan) -> Result<(), Full> {
        self.put(Intent::Amend { target, exit })
    }
}

impl Exit for Desk<'_> {
    fn exit(&mut self, target: TargetId, qty: Option<Qty>) -> Result<(), Full> {
        self.put(Intent::Exit { target, qty })
    }
}
