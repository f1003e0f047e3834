//! Plug-ins by their hashes alone, for whoever goes through a journal again.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use host::{Plugins, Prepared, Retired, Standing, Supply};
use model::Slot;
use settings::{Hashes, Settings};

use crate::{Library, LibraryError};

/// A library that gives an instance when it is asked for one. Clones share it.
#[derive(Clone, Debug)]
pub struct Shelf {
    library: Arc<Mutex<Library>>,
}

impl Shelf {
    /// Over a library.
    pub fn new(library: Library) -> Self {
        Self { library: Arc::new(Mutex::new(library)) }
    }

    /// The plug-ins with these hashes in their slots; an exchange finds others by theirs.
    ///
    /// # Errors
    /// The plug-in that is not to be had, and why.
    pub fn plugins(&self, settings: &Settings, hashes: &Hashes) -> Result<Plugins, String> {
        let ours = crate::sandbox();
        if hashes.sandbox != 0 && hashes.sandbox != ours {
            return Err(format!(
                "its plug-ins ran in sandbox {:032x}, and this program's is {ours:032x}: fuel and flags \
                 may differ; replay it with the version that ran",
                hashes.sandbox
            ));
        }
        let (standing, slots) = (settings.standing(), settings.slots.clone());
        let supply = ShelfSupply { shelf: self.clone(), standing, slots };
        let mut plugins = Plugins::new(standing, Box::new(supply.clone()));
        for (at, hash) in hashes.running.iter().enumerate().filter(|(_, hash)| *hash != 0) {
            let prepared = supply.prepare(Slot(at as u8), hash);
            plugins.seat(prepared.map_err(|error| error.to_string())?);
        }
        Ok(plugins)
    }
}

#[derive(Clone)]
struct ShelfSupply {
    shelf: Shelf,
    standing: Standing,
    slots: Vec<settings::Slot>,
}

impl fmt::Debug for ShelfSupply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShelfSupply").finish_non_exhaustive()
    }
}

impl ShelfSupply {
    fn prepare(&self, slot: Slot, hash: u128) -> Result<Prepared, LibraryError> {
        let mut library = self.shelf.library.lock().unwrap_or_else(PoisonError::into_inner);
        let known = library.hashed(hash)?;
        let configured = self.slots.iter().find(|configured| configured.slot == slot);
        let said = configured.map_or(&[][..], |configured| &configured.parameters);
        let strict = configured.is_some_and(|slot| slot.plugin == known.manifest.name);
        library.prepare(&known, slot, &self.standing, said, strict)
    }
}

impl Supply for ShelfSupply {
    fn take(&mut self, slot: Slot, plugin: u128) -> Option<Prepared> {
        self.prepare(slot, plugin).ok()
    }

    fn give_back(&mut self, retired: Retired) {
        drop(retired);
    }
}
