//! The plug-ins that a trader begins with: those of the configuration, or what an exchange of the
//! run before left in their slots.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use engine::Follower;
use host::Plugins;
use host::wasm::{CompileLimits, Compiler};
use model::{FixedList, Mode, Slot};
use plugins::{Keeper, KeeperConfig, KeeperThread, Known, Lane, LaneEnd, Library, Recent, lane};
use runtime::InboxSender;
use settings::{Hashes, Settings};

use super::assembly::{AssemblyError, AssemblyErrorKind};

/// Everything about plug-ins that a start prepares.
pub(super) struct Slots {
    library: Library,
    /// By slot, what the configuration names.
    configured: BTreeMap<Slot, Known>,
    /// By slot, what the run begins with.
    running: BTreeMap<Slot, Known>,
    memory: BTreeMap<u128, usize>,
    lane: Option<Lane>,
    end: LaneEnd,
}

impl Slots {
    /// Finds and compiles what the configuration names.
    ///
    /// # Errors
    /// [`AssemblyErrorKind::Refused`] for a plug-in that may not run, of the configuration
    /// otherwise.
    pub(super) fn new(settings: &Settings, data: &Path) -> Result<Self, AssemblyError> {
        let real = matches!(settings.mode, Mode::Live | Mode::LiveMin);
        let library = Library::new(compiler()?, data, &settings.plugins, real);
        let mut library = library.map_err(refused)?;
        let mut configured = BTreeMap::new();
        for slot in &settings.slots {
            configured.insert(slot.slot, library.named(&slot.plugin).map_err(refused)?);
        }
        let (lane, end) = lane();
        let running = configured.clone();
        let memory = BTreeMap::new();
        Ok(Self { library, configured, running, memory, lane: Some(lane), end })
    }

    /// Goes on with what the records of the run before put in each slot, as far as it is there.
    pub(super) fn go_on_from(&mut self, state: &Follower, notes: &mut Vec<String>) {
        for (slot, configured) in &self.configured {
            let hash = state.engine().slot_plugin(*slot);
            if hash == configured.hash || hash == 0 {
                continue;
            }
            match self.library.hashed(hash) {
                Ok(known) => {
                    let (number, title) = (slot.0, known.title());
                    notes.push(format!(
                        "slot {number} goes on with {title}, as the run before left it"
                    ));
                    self.running.insert(*slot, known);
                }
                Err(error) => notes.push(format!(
                    "slot {} begins with {} of the configuration: {error}",
                    slot.0,
                    configured.title()
                )),
            }
        }
    }

    /// The hashes that BOOT names.
    pub(super) fn hashes(&self) -> Hashes {
        let list = |known: &BTreeMap<Slot, Known>| {
            let mut hashes = FixedList::new();
            for at in 0..Slot::MAX {
                // As many places as slots.
                let _ = hashes.push(known.get(&Slot(at as u8)).map_or(0, |known| known.hash));
            }
            hashes
        };
        Hashes { configured: list(&self.configured), running: list(&self.running) }
    }

    /// The slots, each with its instance.
    ///
    /// # Errors
    /// [`AssemblyErrorKind::Configuration`] for parameters that a plug-in does not take.
    pub(super) fn seat(&mut self, settings: &Settings) -> Result<Plugins, AssemblyError> {
        let Some(lane) = self.lane.take() else {
            unreachable!("the slots of a start are seated once");
        };
        let mut plugins = Plugins::new(settings.standing(), Box::new(lane));
        for slot in &settings.slots {
            let Some(known) = self.running.get(&slot.slot) else { continue };
            self.library.keep(known).map_err(refused)?;
            let strict = known.manifest.name == slot.plugin;
            let (standing, said) = (settings.standing(), &slot.parameters);
            let prepared = self.library.prepare(known, slot.slot, &standing, said, strict);
            let prepared = prepared.map_err(refused)?;
            self.memory.insert(known.hash, prepared.memory_bytes());
            plugins.seat(prepared);
        }
        Ok(plugins)
    }

    /// Names of what the run begins with.
    pub(super) fn titles(&self) -> Vec<(Slot, String)> {
        self.running.iter().map(|(slot, known)| (*slot, known.title())).collect()
    }

    /// Starts the thread that swaps them.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(super) fn keep(
        self,
        settings: &Settings,
        recent: Recent,
        sender: InboxSender,
    ) -> std::io::Result<(Keeper, KeeperThread)> {
        let config = KeeperConfig {
            standing: settings.standing(),
            slots: settings.slots.clone(),
            plugins: settings.plugins.clone(),
            recent,
        };
        let Self { library, running, memory, end, .. } = self;
        Keeper::start(library, config, running, memory, end, move |event| {
            sender.send(event).map_err(|error| error.to_string())
        })
    }
}

/// This program as the child that compiles.
pub(crate) fn compiler() -> Result<Compiler, AssemblyError> {
    let program = std::env::current_exe().map_err(|error| AssemblyError {
        what: format!("the program's own path: {error}"),
        kind: AssemblyErrorKind::Failed,
    })?;
    let args = ["plugin", "compile"].map(OsString::from).to_vec();
    Ok(Compiler { program, args, limits: CompileLimits::default() })
}

fn refused(error: plugins::LibraryError) -> AssemblyError {
    let kind = match error {
        plugins::LibraryError::Refused { .. } | plugins::LibraryError::Signature { .. } => {
            AssemblyErrorKind::Refused
        }
        plugins::LibraryError::NoName { .. }
        | plugins::LibraryError::Values(_)
        | plugins::LibraryError::Prepare { .. } => AssemblyErrorKind::Configuration,
        plugins::LibraryError::NoHash { .. }
        | plugins::LibraryError::File { .. }
        | plugins::LibraryError::Blob(_) => AssemblyErrorKind::Failed,
    };
    AssemblyError { what: format!("slots: {error}"), kind }
}
