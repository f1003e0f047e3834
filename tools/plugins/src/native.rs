//! The shipped plug-ins as they are linked into this program.

use host::{Plugins, Prepared, Retired, Standing, Supply};
use model::{FixedList, Slot};
use settings::{Hashes, Settings};

use crate::{Shipped, values};

/// Hashes of the natively linked twins of what the configuration names.
///
/// # Errors
/// The name that is no shipped plug-in's.
pub fn native_hashes(settings: &Settings) -> Result<Hashes, String> {
    let mut by_slot = [0; Slot::MAX];
    for slot in &settings.slots {
        by_slot[slot.slot.index()] = shipped(&slot.plugin)?.native_hash();
    }
    let mut configured = FixedList::new();
    for hash in by_slot {
        // As many places as slots.
        let _ = configured.push(hash);
    }
    Ok(Hashes { configured, running: configured, sandbox: 0 })
}

/// The plug-ins with these hashes in their slots, natively linked, and a supply of more of them.
///
/// # Errors
/// The plug-in or parameter that cannot be had.
pub fn natively(settings: &Settings, hashes: &Hashes) -> Result<Plugins, String> {
    let mut supply = Natives::new(settings);
    let mut plugins = Plugins::new(settings.standing(), Box::new(Natives::new(settings)));
    for (at, hash) in hashes.running.iter().enumerate().filter(|(_, hash)| *hash != 0) {
        let slot = Slot(at as u8);
        plugins.seat(supply.prepare(slot, hash)?);
    }
    Ok(plugins)
}

/// Gives natively linked instances by their hash.
#[derive(Debug)]
pub struct Natives {
    standing: Standing,
    slots: Vec<settings::Slot>,
}

impl Natives {
    /// For a run of these settings.
    pub fn new(settings: &Settings) -> Self {
        Self { standing: settings.standing(), slots: settings.slots.clone() }
    }

    /// A new instance for a slot.
    ///
    /// # Errors
    /// Why there is none.
    pub fn prepare(&mut self, slot: Slot, hash: u128) -> Result<Prepared, String> {
        let shipped = Shipped::find_native(hash).ok_or_else(|| {
            format!(
                "slot {} ran plug-in {hash:032x}, which is none that this program has linked",
                slot.0
            )
        })?;
        let manifest = shipped.manifest();
        let configured = self.slots.iter().find(|configured| configured.slot == slot);
        let said = configured.map_or(&[][..], |configured| &configured.parameters);
        let strict = configured.is_some_and(|configured| configured.plugin == shipped.name);
        let values = values(&manifest, said, strict).map_err(|error| error.to_string())?;
        let guest = shipped.native();
        Prepared::new(slot, hash, &manifest, guest, &self.standing, &values)
            .map_err(|error| format!("{}: {error}", shipped.name))
    }
}

impl Supply for Natives {
    fn take(&mut self, slot: Slot, plugin: u128) -> Option<Prepared> {
        self.prepare(slot, plugin).ok()
    }

    fn give_back(&mut self, retired: Retired) {
        drop(retired);
    }
}

fn shipped(name: &str) -> Result<&'static Shipped, String> {
    Shipped::find(name).ok_or_else(|| {
        let known: Vec<&str> = crate::SHIPPED.iter().map(|shipped| shipped.name).collect();
        format!("{name:?} is none of the shipped plug-ins {}", known.join(", "))
    })
}
