//! Records into rows. Nothing but the records of the decisions enters, in their order, so the rows
//! are the same whenever and however often they are made.

mod by_hand;
mod listings;
mod orders;
mod others;
mod targets;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use engine::{Action, Note};
use journal::{Boot, ChainHead, Family, Kind, RecordView};
use model::wire::{Reader, Wire};
use model::{Body, ClientOrderId, Event, Mono, Record, Request, Text, VenueKey, VenueText};
use rusqlite::Connection;

use crate::ArchiveError;
use crate::cache::Cache;
use crate::context::{Meta, Names};
use crate::rows::{DayRow, ExecutionRow, OrderRow, PositionRow, TargetRow};

/// Texts of one frame that wait for the event they belong to: the longest page of deals has 1,000,
/// each with two.
const TEXTS_MAX: usize = 4_096;
/// Permits whose target is remembered; others are looked up.
const PERMITS_MAX: usize = 1 << 14;

/// The projection between two transactions.
#[derive(Debug)]
pub(crate) struct Projection {
    meta: Meta,
    names: Names,
    orders: Cache<OrderRow>,
    targets: Cache<TargetRow>,
    positions: Cache<PositionRow>,
    executions: Cache<ExecutionRow>,
    days: Cache<DayRow>,
    permits: BTreeMap<u32, u32>,
    /// The signal of a symbol that has not come to its end.
    signals: BTreeMap<Arc<str>, i64>,
    /// The listing that a symbol's facts are about.
    listings: BTreeMap<Arc<str>, listings::ListingRow>,
    texts: Texts,
}

/// The texts of one frame, by their keys.
#[derive(Debug, Default)]
struct Texts(HashMap<VenueKey, Text<64>>);

impl Texts {
    fn on_text(&mut self, text: &VenueText) {
        if self.0.len() < TEXTS_MAX {
            self.0.insert(text.key, text.text);
        }
    }

    /// The venue's text behind a key; the key's own digits where none was told.
    fn of(&self, key: VenueKey) -> Option<Cow<'_, str>> {
        if !key.is_some() {
            return None;
        }
        let told = self.0.get(&key).map(|text| Cow::Borrowed(text.as_str()));
        Some(told.unwrap_or_else(|| format!("{:032x}", key.0).into()))
    }

    /// The message told under an order's id, where there is one.
    fn message(&self, id: ClientOrderId) -> Option<String> {
        self.0.get(&VenueKey(id.raw())).map(Text::to_string)
    }
}

/// Where and when, of the record that is being applied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Here {
    pub(crate) seq: u64,
    pub(crate) mono: Mono,
    pub(crate) at: Option<i64>,
}

impl Here {
    pub(crate) const fn row(self) -> i64 {
        self.seq as i64
    }
}

/// The place in the decisions after the last record applied.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reached {
    pub(crate) head: ChainHead,
    pub(crate) segment: u32,
}

impl Reached {
    pub(crate) fn by(reader: &journal::Reader) -> Self {
        let segment = reader.position(Family::Decisions).map_or(0, |(segment, _)| segment);
        Self { head: reader.head(Family::Decisions), segment }
    }
}

type Done = Result<(), ArchiveError>;

impl Projection {
    /// Goes on where the database stands.
    pub(crate) fn load(db: &Connection) -> Result<Self, ArchiveError> {
        Ok(Self {
            meta: Meta::load(db)?,
            names: Names::load(db)?,
            orders: Cache::default(),
            targets: Cache::default(),
            positions: Cache::default(),
            executions: Cache::default(),
            days: Cache::default(),
            permits: BTreeMap::new(),
            signals: targets::open_signals(db)?,
            listings: BTreeMap::new(),
            texts: Texts::default(),
        })
    }

    /// What is known besides the rows.
    pub(crate) const fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Takes one record; `false` when it was taken before or is none of the decisions.
    ///
    /// # Errors
    /// [`ArchiveError`] when the database refuses. The transaction must be given up and the
    /// projection loaded again.
    pub(crate) fn apply(
        &mut self,
        db: &Connection,
        record: &RecordView<'_>,
    ) -> Result<bool, ArchiveError> {
        let known = record.seq <= self.meta.position.seq;
        if known || record.family != Family::Decisions || record.kind.is_own() {
            return Ok(false);
        }
        self.meta.position.seq = record.seq;
        let here = Here { seq: record.seq, mono: record.at, at: self.meta.run.moment(record.at) };
        let done = match record.kind {
            Kind::BOOT => self.on_boot(db, here, record.payload)?,
            Kind::STOP => self.on_stop(db, here)?,
            Kind::CONFIG => self.on_config(db, record.payload)?,
            Kind::PRUNE => self.on_prune(db, here, record.payload)?,
            Kind::INPUT => match Event::read(&mut Reader::new(record.payload)) {
                Ok(event) => {
                    self.on_event(db, here, &event)?;
                    true
                }
                Err(_) => false,
            },
            Kind::OUTPUT => match Action::read(&mut Reader::new(record.payload)) {
                Ok(action) => {
                    self.on_action(db, here, &action)?;
                    true
                }
                Err(_) => false,
            },
            _ => true,
        };
        self.meta.undecodable += u64::from(!done);
        // A boot brings its own clock.
        self.meta.last_at = self.meta.run.moment(record.at).or(self.meta.last_at);
        Ok(true)
    }

    /// Whether a transaction may end here: no text waits for its event.
    pub(crate) fn is_between_frames(&self) -> bool {
        self.texts.0.is_empty()
    }

    /// Writes what is in memory, with the position that it makes.
    pub(crate) fn flush(&mut self, db: &Connection, reached: Reached) -> Done {
        self.flush_rows(db)?;
        self.names.flush(db)?;
        for (_, listing) in self.listings.iter_mut() {
            listing.flush(db)?;
        }
        if self.listings.len() > PERMITS_MAX {
            self.listings.clear();
        }
        self.meta.position = ChainHead { seq: self.meta.position.seq, ..reached.head };
        self.meta.segment = reached.segment;
        self.meta.store(db)
    }

    fn flush_rows(&mut self, db: &Connection) -> Done {
        self.orders.flush(db)?;
        self.targets.flush(db)?;
        self.positions.flush(db)?;
        self.executions.flush(db)?;
        self.days.flush(db)
    }

    fn on_event(&mut self, db: &Connection, here: Here, event: &Event) -> Done {
        match &event.body {
            Body::Symbol(names) => self.names.on_names(event.symbol, names),
            Body::Spec(spec) => self.names.on_spec(event.symbol, spec),
            Body::VenueText(text) => self.texts.on_text(text),
            Body::Clock(sample) => self.on_clock(db, here, sample)?,
            Body::Listing(fact) => self.on_listing(db, here, event, fact)?,
            Body::Sent(sent) => self.on_sent(db, here, sent)?,
            Body::Placed(placed) => self.on_placed(db, here, placed)?,
            Body::Reject(reject) => self.on_reject(db, here, reject)?,
            Body::Cancelled(cancelled) => self.on_cancelled(db, here, event, cancelled)?,
            Body::ReplyLost(lost) => self.on_reply_lost(db, here, lost)?,
            Body::Busy { client_order_id, cancel } => {
                let why = "no free connection";
                self.on_unsent(db, here, *client_order_id, *cancel, why)?;
            }
            Body::Suppressed { client_order_id } => {
                self.on_unsent(db, here, *client_order_id, false, "kill switch")?;
            }
            Body::Order(update) => self.on_update(db, here, event, update)?,
            Body::Fill(fill) => self.on_fill(db, here, event, fill)?,
            Body::Blocked { block, on } => self.on_block(db, here, event.account, *block, *on)?,
            Body::Link { link, up } => self.on_link(db, here, event.account, *link, *up)?,
            Body::Stream { stream, state } => {
                self.on_stream(db, here, event.account, *stream, *state)?;
            }
            Body::Answer(answer) => self.on_answer(db, here, event.account, answer)?,
            Body::Command(command) => self.on_command(db, here, event, command)?,
            Body::Restored { ring_lost } => self.on_restored(db, here, *ring_lost)?,
            Body::Depth(_)
            | Body::Top(_)
            | Body::Print(_)
            | Body::Balance(_)
            | Body::Durable { .. }
            | Body::Shed(_)
            // What came of it stands in the records.
            | Body::Learnt(_)
            | Body::Plugin { .. } => {}
        }
        if event.last {
            self.texts.0.clear();
        }
        Ok(())
    }

    fn on_action(&mut self, db: &Connection, here: Here, action: &Action<Request>) -> Done {
        match action {
            Action::Place(request) => self.on_place(db, here, request),
            Action::Cancel { client_order_id, .. } => {
                self.on_cancel_asked(db, here, *client_order_id)
            }
            Action::Follow { symbol } => {
                self.names.on_follow(*symbol, true);
                Ok(())
            }
            Action::Unfollow { symbol } => {
                self.names.on_follow(*symbol, false);
                Ok(())
            }
            Action::Persist { record, .. } => self.on_persisted(db, here, record),
            Action::Note(note) => match note {
                Note::Refused { request, refusal } => self.on_refused(db, here, request, refusal),
                Note::Signal(signal) => self.on_signal(db, here, signal),
                Note::Declined { symbol, slot, why } => {
                    self.on_declined(db, here, (*symbol, *slot), *why)
                }
                // Lines and comparisons are the log's.
                Note::Plugin(_) => Ok(()),
                Note::Answer { token, outcome } => {
                    self.on_answer_by_hand(db, here, *token, outcome)
                }
            },
            Action::Ask { .. } => Ok(()),
        }
    }

    fn on_persisted(&mut self, db: &Connection, here: Here, record: &Record) -> Done {
        match record {
            Record::Permit(permit) | Record::Successor(permit) => self.on_permit(db, here, permit),
            Record::Plugin(plugin) => self.on_plugin(db, here, plugin),
            Record::Revoked { permit } => self.on_revoked(db, here, *permit),
            Record::Target(target) => self.on_target(db, here, target),
            Record::Position(position) => self.on_position(db, here, position),
            Record::Kill { level, reason } => self.on_kill(db, here, *level, reason.as_str()),
            Record::Alarm(alarm) => self.on_alarm(db, here, alarm),
            Record::NeverAccepted { client_order_id } => {
                self.on_never_accepted(db, here, *client_order_id)
            }
            Record::Exit(exit) => self.on_exit(db, here, exit),
            // How an account stands is told by its blocks.
            Record::Reconciled { .. } => Ok(()),
        }
    }

    /// The boot record of a process: everything open belongs to one that ended.
    fn on_boot(
        &mut self,
        db: &Connection,
        here: Here,
        payload: &[u8],
    ) -> Result<bool, ArchiveError> {
        let Some(boot) = Boot::decode(payload) else { return Ok(false) };
        self.texts.0.clear();
        self.end_run(db, here, "died")?;
        self.orphan_orders(db)?;
        self.begin_run(db, here, &boot)?;
        Ok(true)
    }
}
