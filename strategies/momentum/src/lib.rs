//! Enters an opening when its price and its volume rise together, and leaves by a trailing stop.
//!
//! For a believable listing whose opening lies ahead it proposes a target that fires on its own
//! word alone. From the opening on it watches the deals: when the price has risen by `move_bps`
//! within `window_ms`, and that window's volume is `volume_factor` times that of the one before,
//! it enters. It gives up `late_ms` after the planned opening. A pair whose earlier window had no
//! deal at all is not entered: nothing can be compared with nothing.
#![cfg_attr(not(test), no_std)]
#![warn(missing_docs)]

mod tape;

use sdk::abi::intent::STRATEGY;
use sdk::{
    Desk, Event, Kill, Print, Proposal, Reader, Refuse, Scene, Setup, Signal, Span, Strategy,
    SymbolId, TargetState, Timer, VenueTime, Writer, manifest,
};

use tape::Tape;

const MANIFEST: &str = include_str!("../plugin.toml");
const LATE: usize = manifest::parameter(MANIFEST, "late_ms");
const MOVE: usize = manifest::parameter(MANIFEST, "move_bps");
const WINDOW: usize = manifest::parameter(MANIFEST, "window_ms");
const VOLUME_FACTOR: usize = manifest::parameter(MANIFEST, "volume_factor");
const COOL_DOWN: usize = manifest::parameter(MANIFEST, "cool_down_ms");
const TRAILING: usize = manifest::parameter(MANIFEST, "trailing_bps");
const TRAILING_FROM: usize = manifest::parameter(MANIFEST, "trailing_from_bps");

/// Pairs that it watches at once; a timer for each.
const WATCHES: usize = 8;
/// Bytes of a saved one.
const SAVED: usize = size_of::<u32>() + 2 * size_of::<i64>();
/// `volume_factor` has one decimal.
const FACTOR_ONE: i128 = 10;

/// The strategy.
#[derive(Debug, Default)]
pub struct Momentum {
    setup: Setup,
    watches: [Option<Watch>; WATCHES],
}

/// A pair from the proposal to the end of its window.
#[derive(Clone, Copy, Debug)]
struct Watch {
    symbol: SymbolId,
    opens_at: VenueTime,
    /// When it last wished to enter.
    entered_at: Option<VenueTime>,
    /// The opening that its timer is set for.
    timed_for: Option<VenueTime>,
    tape: Tape,
}

impl Strategy for Momentum {
    const MANIFEST: &'static str = MANIFEST;

    fn setup(&mut self, setup: &Setup) -> Result<(), Refuse> {
        let slots_change = setup.parameter(WINDOW) != self.setup.parameter(WINDOW);
        for watch in self.watches.iter_mut().flatten() {
            watch.timed_for = None;
            if slots_change {
                watch.tape = Tape::default();
            }
        }
        self.setup = *setup;
        Ok(())
    }

    fn on_event(&mut self, scene: &Scene<'_>, desk: &mut Desk<'_>) {
        let event = scene.event();
        if let Event::Timer(timer) = &event {
            self.on_timer(timer, desk);
        }
        // Without the exchange's clock nothing can be armed or entered.
        let Some(venue_now) = scene.venue_now() else { return };
        for signal in scene.signals() {
            self.on_signal(&signal, venue_now, scene, desk);
        }
        let Some(at) = scene.symbol().and_then(|symbol| self.place_of(symbol)) else { return };
        self.set_timer(at, venue_now, scene, desk);
        if let Event::Print(print) = &event {
            self.on_print(at, print, venue_now, scene, desk);
        }
    }

    fn save(&self, to: &mut [u8]) -> Option<usize> {
        let mut writer = Writer::new(to);
        for watch in self.watches.iter().flatten() {
            let entered_at = watch.entered_at.map_or(sdk::abi::NO_TIME, |at| at.0);
            writer.put(watch.symbol.0).put(watch.opens_at.0).put(entered_at);
        }
        writer.written()
    }

    /// The deals of the windows are not carried over: they begin anew.
    fn restore(&mut self, version: u32, from: &[u8]) -> bool {
        let whole = from.len().is_multiple_of(SAVED) && from.len() / SAVED <= WATCHES;
        if version != 1 || !whole {
            return false;
        }
        let mut reader = Reader::new(from);
        for free in &mut self.watches {
            let (Some(symbol), Some(opens_at), Some(entered_at)) =
                (reader.get(), reader.get(), reader.get())
            else {
                break;
            };
            let watch = free.insert(Watch::new(SymbolId(symbol), VenueTime(opens_at)));
            watch.entered_at = VenueTime::known(entered_at);
        }
        true
    }
}

impl Watch {
    fn new(symbol: SymbolId, opens_at: VenueTime) -> Self {
        Self { symbol, opens_at, entered_at: None, timed_for: None, tape: Tape::default() }
    }
}

impl Momentum {
    fn span(&self, parameter: usize) -> Span {
        Span::from_millis(self.setup.parameter(parameter))
    }

    fn place_of(&self, symbol: SymbolId) -> Option<usize> {
        self.watches.iter().position(|watch| watch.is_some_and(|watch| watch.symbol == symbol))
    }

    fn on_signal(
        &mut self,
        signal: &Signal,
        venue_now: VenueTime,
        scene: &Scene<'_>,
        desk: &mut Desk<'_>,
    ) {
        let ahead = signal.opens_at().filter(|opens_at| *opens_at > venue_now);
        let Some(opens_at) = ahead else { return };
        if signal.confidence() < self.setup.target_confidence() {
            return;
        }
        if self.watch(signal.symbol(), opens_at, venue_now) {
            self.propose(signal, scene, desk);
        }
    }

    /// Watches the pair; whether there is room for it. A watch that no timer ended, because its
    /// pair was never shown after a restart, makes room.
    fn watch(&mut self, symbol: SymbolId, opens_at: VenueTime, venue_now: VenueTime) -> bool {
        if let Some(at) = self.place_of(symbol) {
            self.watches[at].iter_mut().for_each(|watch| watch.opens_at = opens_at);
            return true;
        }
        let late = self.span(LATE);
        let free = self
            .watches
            .iter_mut()
            .find(|watch| watch.is_none_or(|watch| watch.opens_at.after(late) < venue_now));
        free.map(|free| *free = Some(Watch::new(symbol, opens_at))).is_some()
    }

    fn propose(&self, signal: &Signal, scene: &Scene<'_>, desk: &mut Desk<'_>) {
        let Some(notional) = self.setup.size(signal.confidence()) else { return };
        let mut entry = *self.setup.entry();
        entry.notional = notional.raw();
        entry.triggers = STRATEGY;
        entry.late = self.span(LATE).0;
        let mut exit = *self.setup.exit();
        if let Ok(bps @ 1..) = u32::try_from(self.setup.parameter(TRAILING)) {
            exit.trailing_bps = bps;
            exit.trailing_from_bps =
                u32::try_from(self.setup.parameter(TRAILING_FROM)).unwrap_or(0);
        }
        for account in self.setup.accounts() {
            let taken = scene
                .targets()
                .any(|target| target.account() == account && !target.state().is_open_to_revision());
            if !taken {
                // Four wishes a call: further accounts get theirs with the next event.
                let _ = desk.propose(&Proposal {
                    account,
                    symbol: signal.symbol(),
                    pattern: signal.pattern(),
                    confidence: signal.confidence(),
                    entry,
                    exit,
                });
            }
        }
    }

    /// Sets the timer that ends the watch, and again when the opening moved.
    fn set_timer(
        &mut self,
        at: usize,
        venue_now: VenueTime,
        scene: &Scene<'_>,
        desk: &mut Desk<'_>,
    ) {
        let late = self.span(LATE);
        let Some(watch) = &mut self.watches[at] else { return };
        if watch.timed_for != Some(watch.opens_at) {
            let due = scene.now().after(watch.opens_at.after(late).since(venue_now));
            if desk.set_timer(at as u8, due, Some(watch.symbol)).is_ok() {
                watch.timed_for = Some(watch.opens_at);
            }
        }
    }

    fn on_timer(&mut self, timer: &Timer, desk: &mut Desk<'_>) {
        let watch = self.watches.get_mut(usize::from(timer.timer())).and_then(Option::take);
        if let Some(watch) = watch.filter(|watch| watch.entered_at.is_none()) {
            // A text that is cut is good enough.
            let _ = desk.log(format_args!("pair {}: no move in its window", watch.symbol.0));
        }
    }

    fn on_print(
        &mut self,
        at: usize,
        print: &Print,
        venue_now: VenueTime,
        scene: &Scene<'_>,
        desk: &mut Desk<'_>,
    ) {
        let (window, cool_down) = (self.span(WINDOW), self.span(COOL_DOWN));
        let (rise, factor) = (self.setup.parameter(MOVE), self.setup.parameter(VOLUME_FACTOR));
        let Some(watch) = &mut self.watches[at] else { return };
        let Some(price) = print.price() else { return };
        watch.tape.add(scene.now(), window, price, print.qty());
        let cooling = watch.entered_at.is_some_and(|at| venue_now < at.after(cool_down));
        if venue_now < watch.opens_at || cooling || scene.kill() != Kill::Active {
            return;
        }
        let (volume, before) = watch.tape.volumes();
        let moved = watch.tape.has_risen(price, rise)
            && before > 0
            && i128::from(volume) * FACTOR_ONE >= i128::from(before) * i128::from(factor);
        if moved && enter(scene, desk) {
            watch.entered_at = Some(venue_now);
        }
    }
}

/// Enters every armed target of ours on an account that holds nothing of the pair; whether there
/// was one.
fn enter(scene: &Scene<'_>, desk: &mut Desk<'_>) -> bool {
    let armed = scene.targets().filter(|target| {
        let mut positions = scene.positions();
        let holds = positions.any(|position| position.account() == target.account());
        target.is_own() && target.state() == TargetState::Armed && !holds
    });
    armed.filter(|target| desk.enter(target.id()).is_ok()).count() > 0
}

sdk::export!(strategy Momentum, state);

#[cfg(test)]
mod tests;
