//! A data directory's decisions, read for what they prove.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use engine::Action;
use journal::{Boot, Broken, Fault, Kind, OpenError, Reader, RecordView};
use model::wire::{Reader as Bytes, Wire};
use model::{Amount, Event, Mode, PositionRecord, Record, Request, TargetId};
use paper::Past;
use replay::Origin;

use super::Promotion;

/// What a data directory has behind it.
#[derive(Debug, Default)]
pub struct Lineage {
    /// Positions with real money that were bought, sold and closed.
    pub round_trips: u32,
    /// The newest promotion.
    pub promotion: Option<Promotion>,
    /// Purse, orders and deals on paper.
    pub(crate) past: Past,
    /// Of the newest start.
    pub(super) mode: Option<Mode>,
    /// Positions that are held.
    pub(super) open: BTreeSet<TargetId>,
    counted: BTreeSet<TargetId>,
}

/// Why a journal proves nothing.
#[derive(Debug)]
pub enum LineageError {
    /// It cannot be opened.
    Open(OpenError),
    /// A record cannot be believed.
    Broken(Broken),
    /// A start does not say with which money.
    Start {
        /// Its record.
        seq: u64,
    },
}

impl fmt::Display for LineageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => write!(f, "the journal: {error}"),
            Self::Broken(broken) => {
                write!(f, "the journal: {broken}; `shrike verify` says what can be believed")
            }
            Self::Start { seq } => write!(
                f,
                "the journal: record {seq} does not say in which mode it was traded; another \
                 version of the program wrote it; use that one, or another data directory"
            ),
        }
    }
}

impl std::error::Error for LineageError {}

impl Lineage {
    /// Reads the decisions of a journal; one that does not exist proves nothing and is no error.
    ///
    /// # Errors
    /// [`LineageError`]: what is damaged is not counted, and nothing is.
    pub fn read(journal: &Path) -> Result<Self, LineageError> {
        let mut lineage = Self::default();
        each(journal, |record| {
            lineage.take(record);
            true
        })?;
        Ok(lineage)
    }

    fn take(&mut self, record: &RecordView<'_>) {
        match record.kind {
            Kind::BOOT => self.mode = mode_of(record),
            Kind::PROMOTION => self.promotion = Promotion::decode(record.payload),
            Kind::INPUT => {
                if let Ok(event) = Event::read(&mut Bytes::new(record.payload)) {
                    self.past.take_event(&event);
                }
            }
            Kind::OUTPUT => {
                let action = Action::<Request>::read(&mut Bytes::new(record.payload));
                if let Ok(Action::Place(request)) = &action {
                    self.past.take_order(request);
                } else if let Ok(Action::Persist { record: Record::Position(position), .. }) =
                    &action
                {
                    self.count(position);
                }
            }
            _ => {}
        }
    }

    /// A position counts once, when it is closed and money came back.
    fn count(&mut self, position: &PositionRecord) {
        if position.closed.is_some() || position.qty.is_zero() {
            self.open.remove(&position.target);
        } else {
            self.open.insert(position.target);
        }
        let real = matches!(self.mode, Some(Mode::LiveMin | Mode::Live));
        let whole = position.closed.is_some()
            && position.paid > Amount::ZERO
            && position.received > Amount::ZERO;
        // Ids are given once in the life of a data directory.
        if real && whole && self.counted.insert(position.target) {
            self.round_trips += 1;
        }
    }
}

/// The mode of a journal's first start; `None` without one.
pub(super) fn first_mode(journal: &Path) -> Result<Option<Mode>, LineageError> {
    let mut first = None;
    each(journal, |record| {
        if record.kind == Kind::BOOT {
            first = Some((record.seq, mode_of(record)));
        }
        first.is_none()
    })?;
    match first {
        Some((seq, None)) => Err(LineageError::Start { seq }),
        Some((_, mode)) => Ok(mode),
        None => Ok(None),
    }
}

fn mode_of(record: &RecordView<'_>) -> Option<Mode> {
    let boot = Boot::decode(record.payload)?;
    Some(Origin::decode(&boot.extra)?.mode)
}

/// Shows every decision until `take` has seen enough. A torn last group is the end of a process that
/// died, and its ring is saved by the next start.
fn each(journal: &Path, mut take: impl FnMut(&RecordView<'_>) -> bool) -> Result<(), LineageError> {
    let mut reader = match Reader::open_decisions(journal) {
        Ok(reader) => reader,
        Err(OpenError::NotAJournal { .. }) => return Ok(()),
        Err(_) if !journal.exists() => return Ok(()),
        Err(error) => return Err(LineageError::Open(error)),
    };
    loop {
        match reader.read() {
            Ok(Some(record)) => {
                if !take(&record) {
                    return Ok(());
                }
            }
            Ok(None) => return Ok(()),
            Err(broken) if broken.fault == Fault::TornTail => return Ok(()),
            Err(broken) => return Err(LineageError::Broken(broken)),
        }
    }
}
