//! The plug-ins in their slots, as the records tell of them.

use std::collections::{BTreeMap, VecDeque};

use model::{PluginChange, PluginFault, PluginRecord, PluginReport, Slot, SwapReason, Text};
use serde_json::{Value, json};

use super::moment::Moment;

/// Lines kept of all plug-ins together.
const LINES_MAX: usize = 100;

/// Every slot that a record spoke of.
#[derive(Debug, Default)]
pub(super) struct Plugins {
    slots: BTreeMap<Slot, Place>,
    /// Exchanges that records tell of.
    pub(super) exchanges: u64,
    /// Parameters that records tell of, and the last of them.
    pub(super) parameters: u64,
    last_parameter: Option<(Slot, bool)>,
    /// What the plug-ins of a start are called, where somebody said it.
    pub(super) names: BTreeMap<Slot, String>,
    lines: VecDeque<(Slot, Text<160>, Moment)>,
}

/// What a slot holds.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) plugin: u128,
    /// Name and version, where a record of this run says them.
    pub(crate) name: Text<48>,
    pub(crate) state: State,
    pub(crate) since: Option<SwapReason>,
    pub(crate) before: u128,
    pub(crate) shadow: u128,
    pub(crate) faults: u64,
    /// Scenes in which the candidate wished otherwise.
    pub(crate) differs: u64,
    pub(crate) set: BTreeMap<u8, i64>,
}

/// How a plug-in stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Running,
    Quarantined(PluginFault),
    Stopped,
}

impl State {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Quarantined(_) => "quarantined",
            Self::Stopped => "stopped",
        }
    }
}

impl Place {
    const fn of(plugin: u128) -> Self {
        Self {
            plugin,
            name: Text::EMPTY,
            state: State::Running,
            since: None,
            before: 0,
            shadow: 0,
            faults: 0,
            differs: 0,
            set: BTreeMap::new(),
        }
    }
}

impl Plugins {
    /// What a start begins with.
    pub(super) fn begin(&mut self, running: impl Iterator<Item = u128>) {
        self.slots.clear();
        for (at, plugin) in running.enumerate().filter(|(_, plugin)| *plugin != 0) {
            let slot = Slot(at as u8);
            let name = self.names.get(&slot).map_or("", String::as_str);
            self.slots.insert(slot, Place { name: Text::clipped(name), ..Place::of(plugin) });
        }
    }

    pub(super) fn take(&mut self, record: &PluginRecord) {
        let place = self.slots.entry(record.slot).or_insert_with(|| Place::of(record.plugin));
        match record.change {
            PluginChange::Took { from, name, why } => {
                self.exchanges += 1;
                let faults = place.faults;
                *place = Place::of(record.plugin);
                (place.name, place.since, place.before) = (name, Some(why), from);
                place.faults = faults;
            }
            PluginChange::Quarantined { candidate: true, .. } => place.shadow = 0,
            PluginChange::Quarantined { fault, .. } => {
                place.faults += 1;
                place.state = State::Quarantined(fault);
            }
            PluginChange::Stopped => place.state = State::Stopped,
            PluginChange::Parameter { parameter, value, taken } => {
                self.parameters += 1;
                self.last_parameter = Some((record.slot, taken));
                if taken {
                    place.set.insert(parameter, value);
                }
            }
            PluginChange::Shadow => (place.shadow, place.differs) = (record.plugin, 0),
            PluginChange::Missing | PluginChange::StateLost { .. } => {}
        }
    }

    pub(super) fn hear(&mut self, report: &PluginReport, at: Moment) {
        match *report {
            PluginReport::Log { slot, text } => {
                if self.lines.len() >= LINES_MAX {
                    self.lines.pop_front();
                }
                self.lines.push_back((slot, text, at));
            }
            PluginReport::Differs { slot, .. } | PluginReport::JudgesOtherwise { slot, .. } => {
                if let Some(place) = self.slots.get_mut(&slot) {
                    place.differs += 1;
                }
            }
            // Its record says it.
            PluginReport::Fault { .. } | PluginReport::StateLost { .. } => {}
            // Counted with the difference before it.
            PluginReport::Wished { .. } => {}
        }
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&Place> {
        self.slots.get(&slot)
    }

    /// Whether the slot's parameter that was recorded behind the first `before` was taken.
    pub(super) fn parameter_since(&self, slot: Slot, before: u64) -> Option<bool> {
        let (of, taken) = self.last_parameter.filter(|_| self.parameters > before)?;
        (of == slot).then_some(taken)
    }

    /// What each slot holds.
    pub(super) fn document(&self) -> Vec<Value> {
        let shown = |(slot, place): (&Slot, &Place)| {
            let fault = match place.state {
                State::Quarantined(fault) => Some(fault.name()),
                State::Running | State::Stopped => None,
            };
            json!({
                "slot": slot.0,
                "plugin": place.name.as_str(),
                "hash": format!("{:032x}", place.plugin),
                "state": place.state.name(),
                "fault": fault,
                "since": place.since.map(SwapReason::name),
                "before": (place.before != 0).then(|| format!("{:032x}", place.before)),
                "shadow": (place.shadow != 0).then(|| format!("{:032x}", place.shadow)),
                "differs": place.differs,
                "faults": place.faults,
                "set": place.set.iter().map(|(at, value)| (at.to_string(), *value)).collect::<BTreeMap<_, _>>(),
            })
        };
        self.slots.iter().map(shown).collect()
    }

    /// The last lines that plug-ins wrote, oldest first.
    pub(super) fn lines(&self) -> impl Iterator<Item = (Slot, &str, Moment)> {
        self.lines.iter().map(|(slot, text, at)| (*slot, text.as_str(), *at))
    }
}
