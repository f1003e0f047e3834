//! What plug-ins are shown: an event after it was applied, what detection makes of it, their timers.

use model::{
    AlarmKind, Body, Event, Happening, PluginChange, PluginRecord, PluginReport, Qty, Record,
    Scene, Signal, Slot, Strategies, SymbolId, View, ViewPosition, ViewTarget,
};

use crate::{Action, Actions, Engine, Note};

impl<S: Strategies> Engine<S> {
    /// The last event of a frame.
    pub(crate) fn show_event(&mut self, event: &Event, actions: &mut Actions) {
        let tells = matches!(event.body, Body::Listing(_) | Body::Spec(_));
        let signal = if tells { self.told_ahead(event.symbol) } else { None };
        self.show(event.symbol, Happening::Event(event), signal, actions);
    }

    /// A pair whose facts could be placed in time only now; whether there was something to show.
    pub(crate) fn show_look(&mut self, id: SymbolId, actions: &mut Actions) -> bool {
        let Some(signal) = self.told_ahead(id) else { return false };
        self.show(id, Happening::Look, Some(signal), actions);
        true
    }

    /// The strongest pattern of a pair whose opening lies ahead.
    fn told_ahead(&self, id: SymbolId) -> Option<Signal> {
        let now = self.venue_now();
        self.symbols.get(id)?.told.filter(|signal| now < signal.opens_at)
    }

    /// Timers that have come. What one step has no room for comes with the next.
    pub(crate) fn show_timers(&mut self, actions: &mut Actions) {
        let most = Slot::MAX * 8;
        for _ in 0..most {
            if actions.len() >= Actions::CAPACITY / 4 {
                return;
            }
            let Some(timer) = self.strategies.take_timer(self.now) else { return };
            self.show(timer.symbol, Happening::Timer(timer), None, actions);
        }
    }

    pub(crate) fn show(
        &mut self,
        id: SymbolId,
        happening: Happening<'_>,
        signal: Option<Signal>,
        actions: &mut Actions,
    ) {
        self.look_at_targets(id);
        let symbol = self.symbols.get(id);
        let view = View {
            venue_now: self.clock.venue(self.now),
            bid: self.symbols.bid(id),
            ask: self.symbols.ask(id),
            decimals: symbol
                .and_then(|symbol| symbol.spec)
                .map(|spec| (spec.price_decimals, spec.qty_decimals)),
            opens_at: symbol
                .and_then(|symbol| symbol.listing.opens_at())
                .unwrap_or(model::VenueTime::NONE),
            kill: self.kill,
            targets: &self.view_targets,
            positions: &self.view_positions,
        };
        let (now, signals) = (self.now, signal.as_slice());
        let scene = Scene { now, symbol: id, happening, signals, view: &view };
        self.wishes.clear();
        self.strategies.on_scene(&scene, &mut self.wishes);
        for at in 0..self.wishes.len() {
            if let Some(wish) = self.wishes.get(at) {
                self.on_wish(id, &wish, actions);
            }
        }
        self.take_reports(actions);
    }

    fn look_at_targets(&mut self, id: SymbolId) {
        self.view_targets.clear();
        self.view_positions.clear();
        if id == SymbolId::NONE {
            return;
        }
        let spec = self.symbols.get(id).and_then(|symbol| symbol.spec);
        for (_, target) in self.targets.iter().filter(|(_, t)| t.symbol() == id) {
            let record = &target.record;
            self.view_targets.push(ViewTarget {
                id: record.id,
                slot: record.slot,
                account: record.account,
                symbol: id,
                state: record.state,
                why: record.why,
                pattern: record.pattern,
                confidence: record.confidence,
                permit: record.permit.map_or(0, |permit| permit.0),
                opens_at: record.opens_at,
            });
            if target.is_holding() {
                let sellable = |spec| target.position.sellable(&spec);
                self.view_positions.push(ViewPosition {
                    target: record.id,
                    slot: record.slot,
                    account: record.account,
                    symbol: id,
                    qty: spec.map_or(Qty::ZERO, sellable),
                    entry_price: target.position.average(),
                });
            }
        }
    }

    /// What plug-ins did that the records must hold.
    pub(crate) fn take_reports(&mut self, actions: &mut Actions) {
        while let Some(report) = self.strategies.take_report() {
            match report {
                PluginReport::Fault { slot, plugin, candidate, fault, figure } => {
                    let change = PluginChange::Quarantined { candidate, fault, figure };
                    self.on_plugin_failed(PluginRecord { slot, plugin, change }, actions);
                }
                PluginReport::StateLost { slot, plugin, fault, figure } => {
                    let change = PluginChange::StateLost { fault, figure };
                    self.on_plugin_failed(PluginRecord { slot, plugin, change }, actions);
                }
                PluginReport::Log { .. }
                | PluginReport::Differs { .. }
                | PluginReport::Wished { .. }
                | PluginReport::JudgesOtherwise { .. } => {
                    actions.push(Action::Note(Note::Plugin(report)));
                }
            }
        }
    }

    fn on_plugin_failed(&self, plugin: PluginRecord, actions: &mut Actions) {
        actions.push(Action::Persist { token: 0, record: Record::Plugin(plugin) });
        let (account, symbol) = (model::AccountId::NONE, SymbolId::NONE);
        self.alarm(AlarmKind::Plugin, account, symbol, i64::from(plugin.slot.0), actions);
    }
}
