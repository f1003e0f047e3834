//! The thread that has plug-ins compiled, tried, prepared and swapped while the trader runs.
//!
//! It never touches a slot itself: it sends a prepared instance ahead and an event behind it, and
//! the engine exchanges them when every armed target has its successor permit. What comes back is
//! dropped here. One that failed is made anew, until it has failed too often: then the version
//! before takes its place, or the slot stays out of use.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use host::{Kind, Left, Retired, Standing};
use model::{Body, Event, PluginEvent, Slot, SwapReason, Text};

use crate::lane::LaneEnd;
use crate::library::{Known, Library, LibraryError};
use crate::{Recent, trial, values};

/// How often the folder and the instances that came back are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// Versions that a slot can go back to.
const BEFORE_MAX: usize = 16;

/// What a keeper needs besides its library.
#[derive(Clone, Debug)]
pub struct KeeperConfig {
    /// The operator's standing plan.
    pub standing: Standing,
    /// Slots as the configuration has them.
    pub slots: Vec<settings::Slot>,
    /// When a plug-in is taken out of use, and whether the folder is watched.
    pub plugins: settings::Plugins,
    /// What happened of late, for trials.
    pub recent: Recent,
}

/// Which plug-in is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// By its name, as configurations have it.
    Name(String),
    /// The one in this file.
    File(PathBuf),
}

/// What is asked of a keeper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Put this plug-in in the slot.
    Swap {
        /// Where.
        slot: Slot,
        /// Which.
        what: What,
        /// Disarm armed targets of the slot instead of taking them over.
        disarm: bool,
    },
    /// Put back what ran before.
    Rollback {
        /// Where.
        slot: Slot,
    },
    /// Make the slot's plug-in anew, after it failed or was stopped.
    Again {
        /// Where.
        slot: Slot,
    },
    /// Take it out of use.
    Stop {
        /// Where.
        slot: Slot,
    },
    /// Let this plug-in run beside the one in the slot; `None` ends that.
    Shadow {
        /// Where.
        slot: Slot,
        /// Which.
        what: Option<What>,
    },
    /// Set a parameter.
    Set {
        /// Where.
        slot: Slot,
        /// Its name.
        name: String,
        /// Its value, as its manifest's type reads it.
        value: String,
    },
}

/// What an order came to: an event is on its way to the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The slot.
    pub slot: Slot,
    /// The plug-in's hash.
    pub hash: u128,
    /// Its name and version.
    pub title: String,
    /// What it is.
    pub kind: Kind,
    /// Where it came from.
    pub place: String,
    /// Bytes of memory of the instance that was prepared.
    pub memory_bytes: usize,
}

/// Why an order is not followed.
#[derive(Debug)]
pub enum KeepError {
    /// There is no such slot.
    NoSlot(Slot),
    /// Nothing runs there.
    Empty(Slot),
    /// Nothing ran there before.
    NothingBefore(Slot),
    /// It runs already.
    Same {
        /// Where.
        slot: Slot,
        /// Its name and version.
        title: String,
    },
    /// The plug-in has no parameter of this name.
    NoParameter {
        /// The plug-in.
        title: String,
        /// The name.
        name: String,
        /// Those it has.
        known: Vec<String>,
    },
    /// The parameter does not take the value.
    Value(host::ValueError),
    /// The plug-in is not to be had.
    Library(LibraryError),
    /// It failed when it was shown the life of a listing and what happened of late.
    Trial {
        /// Its name and version.
        title: String,
        /// How.
        reasons: Vec<String>,
    },
    /// The trader did not take the event.
    Trader(String),
    /// The keeper has ended.
    Ended,
}

impl fmt::Display for KeepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSlot(slot) => {
                write!(f, "slot {} does not exist; there are 0 to {}", slot.0, Slot::MAX - 1)
            }
            Self::Empty(slot) => write!(f, "nothing runs in slot {}", slot.0),
            Self::NothingBefore(slot) => {
                write!(f, "nothing ran in slot {} before, that this run knows of", slot.0)
            }
            Self::Same { slot, title } => {
                write!(f, "{title} runs in slot {} already, byte for byte", slot.0)
            }
            Self::NoParameter { title, name, known } => {
                write!(f, "{title} has no parameter {name:?}; it has {}", known.join(", "))
            }
            Self::Value(error) => error.fmt(f),
            Self::Library(error) => error.fmt(f),
            Self::Trial { title, reasons } => {
                write!(f, "{title} failed its trial: {}; nothing was changed", reasons.join("; "))
            }
            Self::Trader(what) => write!(f, "the trader did not take it: {what}"),
            Self::Ended => f.write_str("the keeper of plug-ins has ended"),
        }
    }
}

impl std::error::Error for KeepError {}

impl From<LibraryError> for KeepError {
    fn from(error: LibraryError) -> Self {
        Self::Library(error)
    }
}

/// A way to ask; clones ask the same keeper.
#[derive(Clone, Debug)]
pub struct Keeper {
    requests: Sender<Request>,
    memory: Memory,
}

/// Bytes that an instance of each plug-in held when it was prepared, by hash.
type Memory = Arc<Mutex<BTreeMap<u128, usize>>>;

#[derive(Debug)]
struct Request {
    order: Order,
    reply: SyncSender<Result<Done, KeepError>>,
}

/// The thread; it ends when this is dropped and nobody can ask any more.
#[derive(Debug)]
pub struct KeeperThread {
    _thread: JoinHandle<()>,
}

impl Keeper {
    /// Starts the thread. `running` is what the slots begin with, `memory` what their instances held
    /// when they were prepared; `send` puts an event in the
    /// trader's inbox.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(
        library: Library,
        config: KeeperConfig,
        running: BTreeMap<Slot, Known>,
        memory: BTreeMap<u128, usize>,
        end: LaneEnd,
        send: impl FnMut(Event) -> Result<(), String> + Send + 'static,
    ) -> std::io::Result<(Self, KeeperThread)> {
        let (requests, asked) = channel();
        let memory = Arc::new(Mutex::new(memory));
        let places = running.into_iter().map(|(slot, known)| (slot, History::new(known)));
        let mut keeping = Keeping {
            library,
            watched: Watched::new(&config),
            config,
            places: places.collect(),
            end,
            memory: Arc::clone(&memory),
            send: Box::new(send),
        };
        let thread = std::thread::Builder::new()
            .name("plug-ins".to_owned())
            .spawn(move || keeping.run(&asked))?;
        Ok((Self { requests, memory }, KeeperThread { _thread: thread }))
    }

    /// Bytes that an instance of this plug-in held when it was prepared.
    pub fn memory_of(&self, plugin: u128) -> Option<usize> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.get(&plugin).copied()
    }

    /// Has an order followed and waits until its event is on the way.
    ///
    /// # Errors
    /// [`KeepError`]; nothing was changed then.
    pub fn ask(&self, order: Order) -> Result<Done, KeepError> {
        let (reply, answer) = sync_channel(1);
        self.requests.send(Request { order, reply }).map_err(|_| KeepError::Ended)?;
        answer.recv().map_err(|_| KeepError::Ended)?
    }
}

/// What a slot ran.
#[derive(Debug)]
struct History {
    current: Known,
    /// Whether it has an instance: without one nothing comes back when another takes the slot.
    in_use: bool,
    /// Sent to the engine, and not heard of since.
    coming: Option<Known>,
    before: VecDeque<Known>,
    /// Scenes that instances of the current plug-in were shown in all.
    scenes: u64,
    /// At how many scenes each of its faults came.
    faults: VecDeque<u64>,
}

impl History {
    fn new(current: Known) -> Self {
        let (before, faults) = (VecDeque::new(), VecDeque::new());
        Self { current, in_use: true, coming: None, before, scenes: 0, faults }
    }

    /// What was sent has taken the slot.
    fn arrive(&mut self) {
        let Some(next) = self.coming.take() else { return };
        self.in_use = true;
        if next.hash == self.current.hash {
            return;
        }
        let old = std::mem::replace(&mut self.current, next);
        self.before.retain(|known| known.hash != old.hash);
        self.before.push_front(old);
        self.before.truncate(BEFORE_MAX);
        (self.scenes, self.faults) = (0, VecDeque::new());
    }

    /// Whether this fault is one too many.
    fn failed(&mut self, scenes: u64, limits: &settings::Plugins) -> bool {
        self.scenes += scenes;
        self.faults.push_back(self.scenes);
        let from = self.scenes.saturating_sub(limits.faults_within);
        while self.faults.front().is_some_and(|at| *at < from) {
            self.faults.pop_front();
        }
        self.faults.len() >= limits.faults_max as usize
    }
}

struct Keeping {
    library: Library,
    config: KeeperConfig,
    places: BTreeMap<Slot, History>,
    watched: Watched,
    end: LaneEnd,
    memory: Memory,
    send: Box<dyn FnMut(Event) -> Result<(), String> + Send>,
}

impl Keeping {
    fn run(&mut self, asked: &Receiver<Request>) {
        loop {
            match asked.recv_timeout(LOOK) {
                Ok(Request { order, reply }) => {
                    self.take_back();
                    // Whoever asked may have gone.
                    let _ = reply.send(self.follow(order));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.take_back();
            self.look_at_folder();
        }
    }

    fn follow(&mut self, order: Order) -> Result<Done, KeepError> {
        match order {
            Order::Swap { slot, what, disarm } => {
                let known = self.find(&what)?;
                if self.current(slot).is_ok_and(|current| current.hash == known.hash) {
                    return Err(KeepError::Same { slot, title: known.title() });
                }
                self.try_out(slot, &known)?;
                self.put(slot, &known, SwapReason::Swap, disarm)
            }
            Order::Rollback { slot } => {
                let before = self.places.get(&slot).and_then(|place| place.before.front());
                let known = before.cloned().ok_or(KeepError::NothingBefore(slot))?;
                self.put(slot, &known, SwapReason::Rollback, false)
            }
            Order::Again { slot } => {
                let known = self.current(slot)?.clone();
                self.put(slot, &known, SwapReason::Again, false)
            }
            Order::Stop { slot } => {
                let known = self.current(slot)?.clone();
                self.tell(slot, PluginEvent::Stop)?;
                Ok(done(slot, &known, 0))
            }
            Order::Shadow { slot, what } => self.shadow(slot, what.as_ref()),
            Order::Set { slot, name, value } => self.set(slot, &name, &value),
        }
    }

    fn find(&mut self, what: &What) -> Result<Known, KeepError> {
        Ok(match what {
            What::Name(name) => self.library.named(name)?,
            What::File(path) => self.library.file(path)?,
        })
    }

    fn current(&self, slot: Slot) -> Result<&Known, KeepError> {
        if slot.index() >= Slot::MAX {
            return Err(KeepError::NoSlot(slot));
        }
        self.places.get(&slot).map(|place| &place.current).ok_or(KeepError::Empty(slot))
    }

    /// Prepares an instance and sends it, with its event behind it.
    fn put(
        &mut self,
        slot: Slot,
        known: &Known,
        why: SwapReason,
        disarm: bool,
    ) -> Result<Done, KeepError> {
        let memory_bytes = self.prepare(slot, known)?;
        let name = Text::clipped(&known.title());
        self.tell(slot, PluginEvent::Ready { plugin: known.hash, name, why, disarm })?;
        let place = self.places.entry(slot).or_insert_with(|| History::new(known.clone()));
        place.coming = Some(known.clone());
        if !place.in_use {
            place.arrive();
        }
        Ok(done(slot, known, memory_bytes))
    }

    /// Shows two instances the life of a listing and what happened of late.
    fn try_out(&self, slot: Slot, known: &Known) -> Result<(), KeepError> {
        let Some(blueprint) = known.blueprint() else { return Ok(()) };
        let (said, strict) = self.said(slot, known);
        let values = values(&known.manifest, said, strict).map_err(LibraryError::Values)?;
        let standing = &self.config.standing;
        for events in [trial::listing_life(1), self.config.recent.events()] {
            let tried = trial::run(blueprint, standing, &values, events);
            let reasons = match tried {
                Ok(tried) if tried.passed() => continue,
                Ok(tried) => tried.reasons(),
                Err(error) => vec![error.to_string()],
            };
            return Err(KeepError::Trial { title: known.title(), reasons });
        }
        Ok(())
    }

    /// What the configuration says of a slot's parameters, and whether each must be known.
    fn said(&self, slot: Slot, known: &Known) -> (&[(String, String)], bool) {
        match self.config.slots.iter().find(|configured| configured.slot == slot) {
            Some(configured) => (&configured.parameters, configured.plugin == known.manifest.name),
            None => (&[], false),
        }
    }

    fn prepare(&mut self, slot: Slot, known: &Known) -> Result<usize, KeepError> {
        if slot.index() >= Slot::MAX {
            return Err(KeepError::NoSlot(slot));
        }
        self.library.keep(known)?;
        let (said, strict) = self.said(slot, known);
        let standing = &self.config.standing;
        let prepared = self.library.prepare(known, slot, standing, said, strict)?;
        let memory_bytes = prepared.memory_bytes();
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.insert(known.hash, memory_bytes);
        drop(memory);
        self.end.ready.send(prepared).map_err(|_| KeepError::Ended)?;
        Ok(memory_bytes)
    }

    fn shadow(&mut self, slot: Slot, what: Option<&What>) -> Result<Done, KeepError> {
        let current = self.current(slot)?.clone();
        let Some(what) = what else {
            self.tell(slot, PluginEvent::Shadow { plugin: 0 })?;
            return Ok(done(slot, &current, 0));
        };
        let known = self.find(what)?;
        self.try_out(slot, &known)?;
        let memory_bytes = self.prepare(slot, &known)?;
        self.tell(slot, PluginEvent::Shadow { plugin: known.hash })?;
        Ok(done(slot, &known, memory_bytes))
    }

    fn set(&mut self, slot: Slot, name: &str, value: &str) -> Result<Done, KeepError> {
        let known = self.current(slot)?.clone();
        let parameters = &known.manifest.parameters;
        let Some(at) = parameters.iter().position(|parameter| parameter.name == name) else {
            let known_names = parameters.iter().map(|parameter| parameter.name.clone()).collect();
            let (title, name) = (known.title(), name.to_owned());
            return Err(KeepError::NoParameter { title, name, known: known_names });
        };
        let value = parameters[at].read(value).map_err(KeepError::Value)?;
        // A manifest declares at most 32.
        self.tell(slot, PluginEvent::Parameter { parameter: at as u8, value })?;
        Ok(done(slot, &known, 0))
    }

    fn tell(&mut self, slot: Slot, event: PluginEvent) -> Result<(), KeepError> {
        let body = Body::Plugin { slot, event };
        (self.send)(Event::bare(body)).map_err(KeepError::Trader)
    }

    /// Takes what left its slot, and makes one that failed anew.
    fn take_back(&mut self) {
        while let Ok(retired) = self.end.retired.try_recv() {
            self.on_retired(&retired);
        }
    }

    fn on_retired(&mut self, retired: &Retired) {
        let slot = retired.slot;
        let Some(place) = self.places.get_mut(&slot) else { return };
        match retired.why {
            Left::Exchanged => {
                if place.coming.is_some() {
                    place.arrive();
                }
            }
            // A candidate that left is gone, and nothing follows from it.
            Left::Stopped | Left::Failed(_) if retired.plugin != place.current.hash => {}
            Left::Stopped => place.in_use = false,
            Left::Failed(fault) => {
                place.in_use = false;
                let often = place.failed(retired.scenes, &self.config.plugins);
                let before = place.before.front().cloned();
                let (known, why) = match (often, before) {
                    (false, _) => (place.current.clone(), SwapReason::Again),
                    (true, Some(before)) => (before, SwapReason::Faults),
                    (true, None) => {
                        let (plugin, fault) = (place.current.title(), fault.name());
                        tracing::error!(
                            slot = slot.0,
                            plugin,
                            fault,
                            "failed too often and stays out of use; `shrike plugin swap` brings \
                             another, `shrike plugin again` this one"
                        );
                        return;
                    }
                };
                if let Err(error) = self.put(slot, &known, why, false) {
                    tracing::error!(slot = slot.0, %error, "the slot stays out of use");
                }
            }
        }
    }

    fn look_at_folder(&mut self) {
        for (slot, name) in self.watched.changed(&self.library) {
            let what = What::Name(name.clone());
            match self.follow(Order::Swap { slot, what, disarm: false }) {
                Ok(done) => {
                    tracing::info!(slot = slot.0, plugin = done.title, "swapped by its file")
                }
                Err(KeepError::Same { .. }) => {}
                Err(error) => {
                    tracing::warn!(slot = slot.0, plugin = name, %error, "its file is not swapped in");
                }
            }
        }
    }
}

fn done(slot: Slot, known: &Known, memory_bytes: usize) -> Done {
    Done {
        slot,
        hash: known.hash,
        title: known.title(),
        kind: known.manifest.kind,
        place: known.place.to_string(),
        memory_bytes,
    }
}

/// Files of the operator's folder that stand behind a slot.
#[derive(Debug)]
struct Watched {
    files: Vec<WatchedFile>,
}

#[derive(Debug)]
struct WatchedFile {
    slot: Slot,
    name: String,
    /// As it was swapped in or refused; none while there is no file.
    taken: Option<Stamp>,
    /// As it was at the last look: a file that is still being written is left alone.
    seen: Option<Stamp>,
}

/// What changes when a file is written.
type Stamp = (SystemTime, u64);

impl Watched {
    fn new(config: &KeeperConfig) -> Self {
        let slots = config.slots.iter().filter(|_| config.plugins.watch);
        let file = |slot: &settings::Slot| {
            let stamp = stamp(&config.plugins.dir.join(format!("{}.wasm", slot.plugin)));
            WatchedFile { slot: slot.slot, name: slot.plugin.clone(), taken: stamp, seen: stamp }
        };
        Self { files: slots.map(file).collect() }
    }

    /// Slots whose file is another one now and was the same at two looks.
    fn changed(&mut self, library: &Library) -> Vec<(Slot, String)> {
        let mut changed = Vec::new();
        for file in &mut self.files {
            let now = stamp(&library.file_of(&file.name));
            let settled = now == std::mem::replace(&mut file.seen, now);
            if settled && now.is_some() && now != file.taken {
                file.taken = now;
                changed.push((file.slot, file.name.clone()));
            }
        }
        changed
    }
}

fn stamp(path: &std::path::Path) -> Option<Stamp> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.modified().ok()?, data.len()))
}
