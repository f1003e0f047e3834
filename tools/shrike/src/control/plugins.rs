//! Plug-ins of the running trader: the keeper prepares, the engine exchanges, and the answer says
//! what the records then show.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use model::Slot;
use plugins::{Done, KeepError, Order, What};
use serde::Deserialize;
use serde_json::{Value, json};

use super::desk::{Desk, Refused};
use crate::board::PluginPlace;

/// Longest wait for an exchange before the answer says that it waits.
const EXCHANGE_WAIT: Duration = Duration::from_secs(3);

/// A slot, and what is asked of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Swap {
    slot: u8,
    name: Option<String>,
    file: Option<PathBuf>,
    #[serde(default)]
    disarm: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfSlot {
    slot: u8,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shadow {
    slot: u8,
    name: Option<String>,
    file: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Set {
    slot: u8,
    parameter: String,
    value: String,
}

impl Desk {
    pub(super) fn list_plugins(&self) -> Value {
        let mut list = self.board().plugin_list();
        for entry in &mut list {
            let hash = entry["hash"].as_str().and_then(|hash| u128::from_str_radix(hash, 16).ok());
            let keeper = self.around.keeper.as_ref();
            let memory = keeper.zip(hash).and_then(|(keeper, hash)| keeper.memory_of(hash));
            entry["memory_bytes"] = memory.into();
        }
        json!({ "ok": true, "plugins": list })
    }

    pub(super) fn swap(&self, ask: Swap) -> Result<Value, Refused> {
        let what = what(ask.name, ask.file)?
            .ok_or_else(|| Refused::usage("a swap needs a plug-in: a name or a file"))?;
        let (slot, disarm) = (Slot(ask.slot), ask.disarm);
        self.exchange(Order::Swap { slot, what, disarm })
    }

    pub(super) fn roll_back(&self, ask: &OfSlot) -> Result<Value, Refused> {
        self.exchange(Order::Rollback { slot: Slot(ask.slot) })
    }

    pub(super) fn again(&self, ask: &OfSlot) -> Result<Value, Refused> {
        self.exchange(Order::Again { slot: Slot(ask.slot) })
    }

    pub(super) fn stop_plugin(&self, ask: &OfSlot) -> Result<Value, Refused> {
        let done = self.keep(Order::Stop { slot: Slot(ask.slot) })?;
        let stopped = |place: &PluginPlace| place.state == "stopped";
        Ok(self.answered(&done, "stopped", stopped))
    }

    pub(super) fn shadow(&self, ask: Shadow) -> Result<Value, Refused> {
        let what = what(ask.name, ask.file)?;
        let ends = what.is_none();
        let done = self.keep(Order::Shadow { slot: Slot(ask.slot), what })?;
        let hash = if ends { 0 } else { done.hash };
        Ok(self.answered(&done, "shadowed", move |place| place.shadow == hash))
    }

    pub(super) fn set_parameter(&self, ask: Set) -> Result<Value, Refused> {
        let Set { slot, parameter, value } = ask;
        let before = self.board().parameter_records();
        let slot = Slot(slot);
        let done = self.keep(Order::Set { slot, name: parameter, value })?;
        let until = Instant::now() + EXCHANGE_WAIT;
        let taken = self.wait_some(until, |board| board.parameter_since(slot, before));
        let (state, message) = match taken {
            Some(true) => ("done", "the plug-in took it"),
            Some(false) => ("declined", "the plug-in does not take the value"),
            None => ("asked", "no record of it yet; look at `shrike plugin list`"),
        };
        Ok(document(&done, state, message))
    }

    /// Has an instance prepared, and waits until it has the slot.
    fn exchange(&self, order: Order) -> Result<Value, Refused> {
        let before = self.board().exchanges();
        let done = self.keep(order)?;
        let (slot, hash) = (done.slot, done.hash);
        let until = Instant::now() + EXCHANGE_WAIT;
        let took = self.wait_some(until, |board| {
            let place = board.plugin(slot)?;
            (board.exchanges() > before && place.plugin == hash).then_some(())
        });
        let (state, message) = match took {
            Some(()) => ("done", "it has the slot".to_owned()),
            None => (
                "waits",
                "it waits for orders that are on their way, or for the disk; `shrike plugin list` \
                 shows when it has the slot, and --disarm does not wait for armed targets"
                    .to_owned(),
            ),
        };
        Ok(document(&done, state, &message))
    }

    fn answered(&self, done: &Done, state: &str, shows: impl Fn(&PluginPlace) -> bool) -> Value {
        let until = Instant::now() + EXCHANGE_WAIT;
        let slot = done.slot;
        let seen = self.wait_some(until, |board| {
            let place = board.plugin(slot)?;
            shows(&place).then_some(())
        });
        match seen {
            Some(()) => document(done, "done", state),
            None => document(done, "asked", "no record of it yet; look at `shrike plugin list`"),
        }
    }

    fn keep(&self, order: Order) -> Result<Done, Refused> {
        let keeper = self.around.keeper.as_ref();
        let keeper = keeper.ok_or(Refused::Plugin(KeepError::Ended))?;
        keeper.ask(order).map_err(Refused::Plugin)
    }
}

fn what(name: Option<String>, file: Option<PathBuf>) -> Result<Option<What>, Refused> {
    match (name, file) {
        (Some(name), None) => Ok(Some(What::Name(name))),
        (None, Some(file)) => Ok(Some(What::File(file))),
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err(Refused::usage("a plug-in is named by a name or a file, not both"))
        }
    }
}

fn document(done: &Done, state: &str, message: &str) -> Value {
    json!({
        "ok": true,
        "state": state,
        "message": format!("slot {}: {}: {message}", done.slot.0, done.title),
        "slot": done.slot.0,
        "plugin": done.title,
        "hash": format!("{:032x}", done.hash),
        "kind": done.kind.name(),
        "place": done.place,
        "memory_bytes": done.memory_bytes,
    })
}
