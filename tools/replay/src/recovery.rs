//! What a start goes on from: a checkpoint and the decisions behind it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;

use engine::{Action, Config, Follower, ImageError};
use journal::{
    BlobHash, Boot, Checkpoint, Family, Fault, Gap, Kind, OpenError, Reader, RecordView,
};
use model::wire::{Reader as Bytes, Wire, WireError};
use model::{Event, KillLevel, Mode};
use settings::{Identity, Settings};

use crate::head::{Origin, identity};

/// Why a start cannot go on from what is there.
#[derive(Debug)]
pub enum RecoveryError {
    /// The journal cannot be opened.
    Open(OpenError),
    /// The operating system would not read the checkpoint.
    Checkpoint(io::Error),
    /// A record of another version of the program, or none of ours.
    Record {
        /// Which.
        seq: u64,
        /// What is wrong with it.
        error: WireError,
    },
    /// The first record of a start cannot be read.
    Boot {
        /// Which.
        seq: u64,
    },
    /// The saved state of a start cannot be read.
    Image {
        /// The record it ends with; 0 for the checkpoint file.
        seq: u64,
        /// Why.
        error: ImageError,
    },
    /// Money of one kind was traded here, and now another kind is wanted.
    Mode {
        /// By the journal.
        recorded: Mode,
        /// By the configuration.
        wanted: Mode,
    },
}

impl Recovered {
    /// The state as bytes for the next start; `None` for the first start of a data directory.
    pub fn image(&self) -> Option<Vec<u8>> {
        self.state.as_ref().map(Follower::save)
    }
}

impl fmt::Display for RecoveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::Checkpoint(error) => write!(f, "the checkpoint: {error}"),
            Self::Record { seq, error } => write!(
                f,
                "record {seq} is not one of this version ({error}); close what is held with the \
                 version that wrote it, then begin a new data directory"
            ),
            Self::Boot { seq } => write!(f, "record {seq} names no start of this program"),
            Self::Image { seq, error } => write!(f, "the state at record {seq}: {error}"),
            Self::Mode { recorded, wanted } => write!(
                f,
                "this data directory holds a {} journal and the configuration says {}; they never \
                 share one: name another data_dir",
                recorded.name(),
                wanted.name()
            ),
        }
    }
}

impl std::error::Error for RecoveryError {}

/// Decisions, record after record, to the state that they leave.
#[derive(Debug)]
pub struct Recovery {
    settings: Settings,
    follower: Option<Follower>,
    /// The machine boot of the last start that got as far as its first event.
    machine_boot: [u8; 16],
    /// That of the start that is being read.
    begun_on: [u8; 16],
    /// Decisions were lost, and no start has gone on from what is left.
    gap: bool,
    /// Parts of a start's saved state, until all are there.
    parts: Parts,
    last_seq: u64,
    /// Numbers of decisions cannot be missing unseen: the families share the sequence.
    orderly: bool,
}

impl Recovery {
    /// Begins with nothing. `settings` are the ones of the coming start: recovery needs who trades,
    /// not how.
    pub fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            follower: None,
            machine_boot: [0; 16],
            begun_on: [0; 16],
            gap: false,
            parts: Parts::default(),
            last_seq: 0,
            orderly: true,
        }
    }

    /// Begins with a checkpoint.
    ///
    /// # Errors
    /// [`RecoveryError::Image`].
    pub fn from(settings: &Settings, saved: &Checkpoint) -> Result<Self, RecoveryError> {
        let mut recovery = Self::new(settings);
        let mut bytes = Bytes::new(&saved.state);
        let head = (u32::read(&mut bytes), Mode::read(&mut bytes));
        let (Ok(instance), Ok(mode)) = head else {
            let error = ImageError::Wire(WireError::Short);
            return Err(RecoveryError::Image { seq: 0, error });
        };
        let state = bytes.rest();
        let (operator, hashes) = (model::Text::EMPTY, settings::Hashes::default());
        let identity = Identity { instance, epoch: 0, operator, hashes };
        // The records behind it were written in the mode of that start.
        let mut follower = Follower::new(Config { mode, ..settings.engine(identity) });
        follower.resume(state).map_err(|error| RecoveryError::Image { seq: 0, error })?;
        recovery.follower = Some(follower);
        (recovery.machine_boot, recovery.begun_on) = (saved.machine_boot, saved.machine_boot);
        recovery.last_seq = saved.seq;
        recovery.orderly = false;
        Ok(recovery)
    }

    /// The last record taken.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// A checkpoint at the record taken last; `None` before the first start, and while decisions are
    /// missing that the running engine knows.
    pub fn checkpoint(&self, reader: &Reader) -> Option<Checkpoint> {
        let follower = self.follower.as_ref().filter(|_| !self.gap)?;
        let (segment, _) = reader.position(Family::Decisions)?;
        let config = follower.engine().config();
        let mut state = config.instance.to_le_bytes().to_vec();
        state.push(config.mode as u8);
        state.extend(follower.save());
        Some(Checkpoint {
            segment,
            seq: self.last_seq,
            head: reader.head(Family::Decisions),
            machine_boot: self.machine_boot,
            state,
        })
    }

    /// Takes a record of the decisions; one that is in the state already is passed over.
    ///
    /// # Errors
    /// [`RecoveryError`]; take no further one then.
    pub fn take(&mut self, record: &RecordView<'_>) -> Result<(), RecoveryError> {
        if record.family != Family::Decisions || record.seq < self.last_seq {
            return Ok(());
        }
        if record.kind.is_own() {
            let gap = (record.kind == Kind::GAP).then(|| Gap::decode(record.payload)).flatten();
            self.gap |= gap.is_some_and(|gap| gap.family == Family::Decisions);
            return Ok(());
        }
        self.orderly = record.kind == Kind::STOP;
        if record.seq == self.last_seq {
            return Ok(());
        }
        self.last_seq = record.seq;
        let seq = record.seq;
        let wire = |error| RecoveryError::Record { seq, error };
        match record.kind {
            Kind::BOOT => self.boot(record)?,
            Kind::CHECKPOINT => self.image_part(record)?,
            Kind::INPUT => {
                let event = Event::read(&mut Bytes::new(record.payload)).map_err(wire)?;
                self.machine_boot = self.begun_on;
                if let Some(follower) = &mut self.follower {
                    follower.input(record.at, &event);
                }
            }
            Kind::OUTPUT => {
                let action = Action::read(&mut Bytes::new(record.payload)).map_err(wire)?;
                if let Some(follower) = &mut self.follower {
                    follower.output(record.at, &action);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn boot(&mut self, record: &RecordView<'_>) -> Result<(), RecoveryError> {
        let seq = record.seq;
        let boot = Boot::decode(record.payload).ok_or(RecoveryError::Boot { seq })?;
        let origin = Origin::decode(&boot.extra).ok_or(RecoveryError::Boot { seq })?;
        let real = |mode| matches!(mode, Mode::LiveMin | Mode::Live);
        // A promotion goes on in the same data directory, with nothing held over.
        let promoted = real(origin.mode) && real(self.settings.mode);
        if origin.mode != self.settings.mode && !promoted {
            let (recorded, wanted) = (origin.mode, self.settings.mode);
            return Err(RecoveryError::Mode { recorded, wanted });
        }
        // It counts once it got as far as its first event: one that ended before has looked into
        // nothing.
        self.begun_on = boot.machine_boot;
        self.parts = Parts::default();
        // Ids of that start say its own mode, and mean its own accounts.
        let config = Config { mode: origin.mode, ..self.settings.engine(identity(&boot, &origin)) };
        let config = config.with_accounts(&origin.accounts);
        match &mut self.follower {
            None => self.follower = Some(Follower::new(config)),
            Some(follower) => {
                follower.start(config).map_err(|error| RecoveryError::Image { seq, error })?;
            }
        }
        Ok(())
    }

    /// The state that a start went on from is what its own recovery came to; it is taken over, so
    /// that a mended program does not read old records otherwise than the one that acted on them.
    fn image_part(&mut self, record: &RecordView<'_>) -> Result<(), RecoveryError> {
        let seq = record.seq;
        let Some(image) = self.parts.take(record.payload) else { return Ok(()) };
        self.gap = false;
        let Some(follower) = &mut self.follower else { return Ok(()) };
        follower.restore(&image).map_err(|error| RecoveryError::Image { seq, error })
    }

    fn finish(self, our_boot: [u8; 16], is_whole: bool) -> Recovered {
        let kill = self.follower.as_ref().map_or(KillLevel::Active, |f| f.engine().kill_level());
        // Without a boot id nobody can tell that the machine stayed up.
        let same_boot = our_boot != [0; 16] && our_boot == self.machine_boot;
        Recovered {
            state: self.follower,
            kill: if is_whole && !self.gap { kill } else { kill.max(KillLevel::Halt) },
            ring_lost: self.gap || !(same_boot || self.orderly),
            orderly: self.orderly,
            is_whole: is_whole && !self.gap,
        }
    }
}

/// What a start goes on from.
#[derive(Debug)]
pub struct Recovered {
    /// The state; `None` for the first start of a data directory.
    pub state: Option<Follower>,
    /// The kill level: at least HALT when the decisions could not be read to their end.
    pub kill: KillLevel,
    /// The machine went down without an orderly end: the last intents may be missing.
    pub ring_lost: bool,
    /// Whether the run before ended in order.
    pub orderly: bool,
    /// Whether the decisions were read to their end, and none of them is missing.
    pub is_whole: bool,
}

/// Reads what the decisions of a data directory leave, from its checkpoint if that fits.
/// `our_boot` is the machine's boot id now.
///
/// # Errors
/// [`RecoveryError`] when this program cannot go on from there at all. Decisions that break off
/// are no error: they halt.
pub fn recover(
    path: &Path,
    settings: &Settings,
    our_boot: [u8; 16],
) -> Result<Recovered, RecoveryError> {
    let saved = Checkpoint::read(path).map_err(RecoveryError::Checkpoint)?;
    if let Some(saved) = saved
        && let Ok(recovery) = Recovery::from(settings, &saved)
        && let Ok(reader) = Reader::open_decisions_from(path, &saved)
    {
        let recovered = read_on(reader.with_frames(), recovery, our_boot)?;
        if recovered.is_whole {
            return Ok(recovered);
        }
    }
    let reader = match Reader::open_decisions(path) {
        Ok(reader) => reader,
        Err(OpenError::NotAJournal { .. }) => {
            return Ok(Recovery::new(settings).finish(our_boot, true));
        }
        Err(error) => return Err(RecoveryError::Open(error)),
    };
    read_on(reader.with_frames(), Recovery::new(settings), our_boot)
}

fn read_on(
    mut reader: Reader,
    mut recovery: Recovery,
    our_boot: [u8; 16],
) -> Result<Recovered, RecoveryError> {
    loop {
        match reader.read() {
            Ok(Some(record)) => recovery.take(&record)?,
            Ok(None) => return Ok(recovery.finish(our_boot, true)),
            Err(broken) if broken.fault == Fault::TornTail => {
                return Ok(recovery.finish(our_boot, true));
            }
            Err(_) => return Ok(recovery.finish(our_boot, false)),
        }
    }
}

/// Longest part of a state in one record.
const PART_MAX: usize = 48 * 1024;

/// The payloads of the CHECKPOINT records that carry `image`: its hash, the part's place, the number
/// of parts, its bytes.
pub fn parts_of(image: &[u8]) -> Vec<Vec<u8>> {
    let hash = BlobHash::of(image);
    let chunks: Vec<&[u8]> = image.chunks(PART_MAX).collect();
    let of = chunks.len() as u16;
    let part = |(at, chunk): (usize, &&[u8])| {
        let mut payload = hash.0.to_vec();
        payload.extend_from_slice(&(at as u16).to_le_bytes());
        payload.extend_from_slice(&of.to_le_bytes());
        payload.extend_from_slice(chunk);
        payload
    };
    chunks.iter().enumerate().map(part).collect()
}

/// Puts a state together from the records of a start.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    held: BTreeMap<u16, Vec<u8>>,
}

impl Parts {
    /// Takes a part; the whole state with the last one. Bytes that are no part, or that do not come
    /// to the hash they name, are none.
    pub(crate) fn take(&mut self, payload: &[u8]) -> Option<Vec<u8>> {
        let (hash, rest) = payload.split_first_chunk::<32>()?;
        let (at, rest) = rest.split_first_chunk::<2>()?;
        let (of, chunk) = rest.split_first_chunk::<2>()?;
        self.held.insert(u16::from_le_bytes(*at), chunk.to_vec());
        if self.held.len() < usize::from(u16::from_le_bytes(*of)) {
            return None;
        }
        let image: Vec<u8> = std::mem::take(&mut self.held).into_values().flatten().collect();
        (BlobHash::of(&image).0 == *hash).then_some(image)
    }
}
