//! One of the two instances on trial, alone in its slot.

use std::sync::{Arc, Mutex, PoisonError};

use host::wasm::Blueprint;
use host::{Plugins, Prepared, Retired, Standing, Supply};
use model::{
    DueTimer, Intent, Mono, PluginReport, RiskRules, RuleQuestion, RuleVerdict, Scene, Strategies,
    Wishes,
};

use super::watched::{Shared, Tally, Watched};
use super::{SLOT, TrialError};

/// Makes instances that are all alike.
pub(super) struct Maker {
    blueprint: Blueprint,
    standing: Standing,
    values: Vec<i64>,
    plugin: u128,
}

impl Maker {
    pub(super) fn new(blueprint: &Blueprint, standing: &Standing, values: &[i64]) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&blueprint.hash()[..16]);
        Self {
            blueprint: blueprint.clone(),
            standing: *standing,
            values: values.to_vec(),
            plugin: u128::from_be_bytes(half),
        }
    }

    pub(super) fn has_state(&self) -> bool {
        self.blueprint.manifest().state.is_some()
    }

    fn make(&self, tally: &Shared) -> Result<Prepared, TrialError> {
        let instance = self.blueprint.instance().map_err(TrialError::Refused)?;
        let guest = Box::new(Watched::new(instance, tally.clone()));
        let (manifest, plugin) = (self.blueprint.manifest(), self.plugin);
        Prepared::new(SLOT, plugin, manifest, guest, &self.standing, &self.values)
            .map_err(TrialError::Prepare)
    }
}

/// The instance that takes over next.
#[derive(Clone, Debug, Default)]
struct Next(Arc<Mutex<Option<Prepared>>>);

impl Next {
    fn put(&self, prepared: Option<Prepared>) -> Option<Prepared> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *place, prepared)
    }
}

impl Supply for Next {
    fn take(&mut self, _: model::Slot, _: u128) -> Option<Prepared> {
        self.put(None)
    }

    fn give_back(&mut self, retired: Retired) {
        drop(retired);
    }
}

pub(super) struct Twin {
    plugins: Plugins,
    plugin: u128,
    next: Next,
    tally: Shared,
    wishes: Wishes,
}

/// All that a scene came to.
#[derive(PartialEq, Eq)]
pub(super) struct Did {
    intents: Vec<Intent>,
    reports: Vec<PluginReport>,
    next_timer: Mono,
}

impl Twin {
    pub(super) fn new(maker: &Maker) -> Result<Self, TrialError> {
        let (tally, next) = (Shared::new(), Next::default());
        let mut plugins = Plugins::new(maker.standing, Box::new(next.clone()));
        plugins.seat(maker.make(&tally)?);
        let wishes = Wishes::new();
        Ok(Self { plugins, plugin: maker.plugin, next, tally, wishes })
    }

    pub(super) fn begin(&mut self, scene: u64) {
        self.tally.lock().scene = scene;
    }

    pub(super) fn show(&mut self, scene: &Scene<'_>) -> Did {
        self.wishes.clear();
        self.plugins.on_scene(scene, &mut self.wishes);
        let intents: Vec<Intent> = self.wishes.iter().map(|wish| wish.intent).collect();
        self.tally.lock().wishes += intents.len() as u64;
        Did { intents, reports: self.take_reports(), next_timer: self.plugins.next_timer() }
    }

    pub(super) fn judge(&mut self, question: &RuleQuestion<'_>) -> (RuleVerdict, bool) {
        let verdict = self.plugins.judge(question);
        self.tally.lock().wishes += u64::from(verdict != RuleVerdict::Allow);
        (verdict, self.take_reports().is_empty())
    }

    pub(super) fn set_parameter(&mut self, now: Mono, parameter: u8, value: i64) -> bool {
        let taken = self.plugins.set_parameter(now, SLOT, parameter, value);
        taken && self.take_reports().is_empty()
    }

    pub(super) fn next_timer(&self) -> Mono {
        self.plugins.next_timer()
    }

    pub(super) fn take_timer(&mut self, now: Mono) -> Option<DueTimer> {
        self.plugins.take_timer(now)
    }

    /// Makes the instance that [`exchange`](Self::exchange) brings.
    pub(super) fn prepare(&mut self, maker: &Maker) -> Result<(), TrialError> {
        let prepared = maker.make(&self.tally)?;
        self.next.put(Some(prepared));
        Ok(())
    }

    pub(super) fn exchange(&mut self) -> (bool, Vec<PluginReport>) {
        let exchanged = self.plugins.exchange(Mono::ZERO, SLOT, self.plugin);
        (exchanged, self.take_reports())
    }

    pub(super) fn has_failed(&self) -> bool {
        !self.tally.lock().faults.is_empty()
    }

    pub(super) fn end(self) -> Tally {
        self.tally.lock().clone()
    }

    fn take_reports(&mut self) -> Vec<PluginReport> {
        let mut reports = Vec::new();
        while let Some(report) = self.plugins.take_report() {
            if let PluginReport::Fault { fault, figure, .. } = report {
                self.tally.lock().fail(fault, figure);
            }
            reports.push(report);
        }
        reports
    }
}
