//! A strategy linked into the program.

use model::{Event, Intents, Mono, Signal, Strategies, VenueKey, View};

use crate::{Desk, Scene, Strategy};

/// Runs a strategy of this program where plug-ins would run.
#[derive(Debug)]
pub struct Native<S>(pub S);

impl<S: Strategy> Strategies for Native<S> {
    fn on_event(
        &mut self,
        now: Mono,
        event: &Event,
        signals: &[Signal],
        view: &View<'_>,
        intents: &mut Intents,
    ) {
        let scene = Scene { now, event, signals, view };
        self.0.on_scene(&scene, &mut Desk::new(intents));
    }
}

/// What permits name as the strategy behind them: the hash of `native:NAME@VERSION`.
pub fn hash<S: Strategy>() -> u128 {
    let mut text = String::from("native:");
    text.push_str(S::NAME);
    text.push('@');
    text.push_str(S::VERSION);
    VenueKey::of(text.as_bytes()).0
}
