//! The two records that a run begins with, and reading them back.

use std::fmt;

use journal::{BlobHash, Boot, Family, Kind, Producer, PushError};
use model::wire::{Reader, Wire, Writer};
use model::{FixedList, Mode, Mono, Slot, Text, VenueTime, wire_struct};
use settings::{Hashes, Identity, Settings};

use crate::ReplayError;
use crate::recovery::parts_of;

/// What BOOT says beyond the clocks: enough, with the configuration, to make the engine again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What money is at stake.
    pub mode: Mode,
    /// Who runs it.
    pub operator: Text<32>,
    /// What the accounts are called, in the order that the records' ids mean.
    pub accounts: FixedList<Text<16>, 8>,
    /// Hash of the plug-in that the configuration puts in each slot, as in permits; 0 for none.
    pub configured: FixedList<u128, { Slot::MAX }>,
    /// The same of the plug-in that the run began with.
    pub running: FixedList<u128, { Slot::MAX }>,
    /// First half of the sandbox's fingerprint; 0 where nothing ran in one.
    pub sandbox: u128,
    /// First half of the configuration's hash, as in permits.
    pub config: u128,
}

wire_struct!(Origin { mode, operator, accounts, configured, running, sandbox, config });

/// What the clocks of the process say when it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clocks {
    /// The machine's boot id; zero under a virtual clock.
    pub machine_boot: [u8; 16],
    /// Monotonic clock at the anchor.
    pub mono: Mono,
    /// Wall clock at the same moment, in nanoseconds since the epoch; 0 when unknown.
    pub wall_ns: i64,
    /// Exchange's clock at the same moment; [`VenueTime::NONE`] when unknown.
    pub venue: VenueTime,
}

/// BOOT and CONFIG of one start, and the state it goes on from, ready to be pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    boot: Vec<u8>,
    config: Vec<u8>,
    /// The saved state that the start goes on from.
    state: Vec<Vec<u8>>,
}

/// Why a start cannot be journaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadError {
    /// The configuration does not fit a record.
    ConfigTooLong {
        /// Bytes of its canonical text.
        len: usize,
        /// Bytes that it may have.
        max: usize,
    },
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConfigTooLong { len, max } => {
                write!(f, "the configuration has {len} bytes in the journal; it may have {max}")
            }
        }
    }
}

impl std::error::Error for HeadError {}

/// Longest canonical text: the rest of a record is left to its hash and to the ring.
const CONFIG_MAX: usize = 60 * 1024;
/// Mode, operator and eight names with their lengths, two lists of hashes and two more.
const ORIGIN_MAX: usize = 1 + 1 + 32 + 1 + 8 * (1 + 16) + 2 * (1 + 16 * Slot::MAX) + 2 * 16;

/// The head of a run of `settings` as `identity`; `build` is the version of the program.
///
/// # Errors
/// [`HeadError::ConfigTooLong`].
pub fn head(
    settings: &Settings,
    identity: Identity,
    clocks: Clocks,
    build: &str,
) -> Result<Head, HeadError> {
    let text = settings.canonical();
    if text.len() > CONFIG_MAX {
        return Err(HeadError::ConfigTooLong { len: text.len(), max: CONFIG_MAX });
    }
    let engine = settings.engine(identity);
    let origin = Origin {
        mode: settings.mode,
        operator: identity.operator,
        accounts: engine.account_names(),
        configured: identity.hashes.configured,
        running: identity.hashes.running,
        sandbox: identity.hashes.sandbox,
        config: engine.config,
    };
    let boot = Boot {
        instance: identity.instance,
        epoch: identity.epoch,
        machine_boot: clocks.machine_boot,
        mono_anchor: clocks.mono.nanos(),
        wall_anchor: clocks.wall_ns,
        venue_anchor: clocks.venue.nanos(),
        build: build.to_owned(),
        extra: origin.encode(),
    };
    let mut config = BlobHash::of(text.as_bytes()).0.to_vec();
    config.extend_from_slice(text.as_bytes());
    Ok(Head { boot: boot.encode(), config, state: Vec::new() })
}

impl Head {
    /// With the state that the start goes on from, as `Engine::save` gave it.
    #[must_use]
    pub fn going_on_from(self, image: &[u8]) -> Self {
        Self { state: parts_of(image), ..self }
    }

    /// Pushes all, before anything else of this start. The ring must take 64 KiB records, so it
    /// has at least 256 KiB.
    ///
    /// # Errors
    /// [`PushError`] when the ring has no room; the run must not begin.
    pub fn push(&self, at: Mono, producer: &mut Producer) -> Result<(), PushError> {
        for (kind, payload) in self.records() {
            producer.push(Family::Decisions, kind, at, payload)?;
        }
        Ok(())
    }

    /// Kind and payload of each, in order.
    pub fn records(&self) -> Vec<(Kind, &[u8])> {
        let head = [(Kind::BOOT, self.boot.as_slice()), (Kind::CONFIG, self.config.as_slice())];
        let state = self.state.iter().map(|part| (Kind::CHECKPOINT, part.as_slice()));
        head.into_iter().chain(state).collect()
    }
}

impl Origin {
    /// The plug-ins of the start.
    pub const fn hashes(&self) -> Hashes {
        Hashes { configured: self.configured, running: self.running, sandbox: self.sandbox }
    }

    /// The bytes in [`Boot::extra`].
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = [0; ORIGIN_MAX];
        let mut out = Writer::new(&mut bytes);
        self.write(&mut out);
        let len = out.len();
        bytes[..len].to_vec()
    }

    /// Reads [`Boot::extra`]; `None` when it is not one, and nothing else.
    pub fn decode(extra: &[u8]) -> Option<Self> {
        let mut from = Reader::new(extra);
        let origin = Self::read(&mut from).ok()?;
        from.rest().is_empty().then_some(origin)
    }
}

/// Who ran, by the first record of a start.
pub fn identity(boot: &Boot, origin: &Origin) -> Identity {
    let (operator, hashes) = (origin.operator, origin.hashes());
    Identity { instance: boot.instance, epoch: boot.epoch, operator, hashes }
}

/// The settings in the payload of CONFIG record `seq`: the text's hash, then the text.
///
/// # Errors
/// [`ReplayError`] when the text is not the one that was hashed or this version does not take it.
pub fn read_config(seq: u64, payload: &[u8]) -> Result<Settings, ReplayError> {
    let parts = payload.split_first_chunk::<32>();
    let (said, text) = parts.ok_or(ReplayError::ConfigText { seq })?;
    let (said, found) = (BlobHash(*said), BlobHash::of(text));
    if said != found {
        return Err(ReplayError::ConfigHash { seq, said, found });
    }
    let text = std::str::from_utf8(text).map_err(|_| ReplayError::ConfigText { seq })?;
    Settings::from_canonical(text).map_err(|error| ReplayError::Config { seq, error })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(of: &[u128]) -> FixedList<u128, { Slot::MAX }> {
        let mut list = FixedList::new();
        of.iter().for_each(|hash| list.push(*hash).unwrap());
        list
    }

    fn identity() -> Identity {
        let operator = Text::clipped("anna");
        let hashes = Hashes { configured: hashes(&[7]), running: hashes(&[8]), sandbox: 9 };
        Identity { instance: 0xabcdef, epoch: 3, operator, hashes }
    }

    #[test]
    fn a_head_reads_back_to_the_engine_it_was_made_of() {
        let settings = Settings::demo(&[]).unwrap();
        let clocks = Clocks { wall_ns: 5, ..Clocks::default() };
        let head = head(&settings, identity(), clocks, "shrike 0.1.0").unwrap();
        let records = head.records();
        let (boot, config) = (Boot::decode(records[0].1).unwrap(), records[1].1);
        let origin = Origin::decode(&boot.extra).unwrap();
        assert_eq!((boot.wall_anchor, boot.build.as_str()), (5, "shrike 0.1.0"));
        assert_eq!(super::identity(&boot, &origin), identity());
        let read = read_config(2, config).unwrap();
        assert_eq!(read.canonical(), settings.canonical());
        assert_eq!((origin.mode, origin.config), (Mode::Demo, read.hash_short()));
    }

    #[test]
    fn no_cut_or_longer_extra_is_an_origin() {
        let operator = Text::clipped("anna");
        let mut accounts = FixedList::new();
        accounts.push(Text::clipped("main")).unwrap();
        let (configured, running) = (hashes(&[1, 0]), hashes(&[3]));
        let mode = Mode::Live;
        let sandbox = 4;
        let origin = Origin { mode, operator, configured, running, sandbox, config: 2, accounts };
        let mut bytes = origin.encode();
        assert_eq!(Origin::decode(&bytes), Some(origin));
        for end in 0..bytes.len() {
            assert_eq!(Origin::decode(&bytes[..end]), None, "cut at {end}");
        }
        bytes.push(0);
        assert_eq!(Origin::decode(&bytes), None);
    }

    #[test]
    fn the_longest_operator_fits_an_origin() {
        let operator = Text::clipped(&"x".repeat(32));
        let mut accounts = FixedList::new();
        while accounts.push(Text::clipped(&"x".repeat(16))).is_ok() {}
        let full = hashes(&[u128::MAX; Slot::MAX]);
        let (mode, configured, running, config) = (Mode::Live, full, full, u128::MAX);
        let sandbox = u128::MAX;
        let origin = Origin { mode, operator, configured, running, sandbox, config, accounts };
        assert_eq!(origin.encode().len(), ORIGIN_MAX);
    }

    #[test]
    fn a_configuration_that_was_edited_is_refused() {
        let (settings, clocks) = (Settings::demo(&[]).unwrap(), Clocks::default());
        let head = head(&settings, identity(), clocks, "").unwrap();
        let mut config = head.records()[1].1.to_vec();
        *config.last_mut().unwrap() ^= 1;
        assert!(matches!(read_config(2, &config), Err(ReplayError::ConfigHash { seq: 2, .. })));
        assert!(matches!(read_config(2, &config[..31]), Err(ReplayError::ConfigText { seq: 2 })));
    }
}
