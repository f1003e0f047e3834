//! Record after record through the engine.

use std::collections::VecDeque;

use engine::{Action, Actions, Engine};
use journal::{Boot, Kind, Observer, RecordView, Trouble};
use model::wire::{Reader, Wire, Writer};
use model::{Event, Mono, Request, Slot, Strategies};
use settings::Settings;

use crate::head::{Origin, identity, read_config};
use crate::recovery::Parts;
use crate::{Difference, ReplayError, Report};

/// Replays records as they come: from a reader, or beside the running system as the journal
/// thread's [`Observer`].
///
/// Compares until the first difference; records behind it are only counted.
#[derive(Debug)]
pub struct Replayer<S, F> {
    make: F,
    state: State<S>,
    /// Number of the record before; 0 before the first.
    last_seq: u64,
    report: Report,
    failed: Option<ReplayError>,
}

#[derive(Debug)]
enum State<S> {
    /// Before the first BOOT, behind a lost stretch, or after an orderly end.
    Waiting,
    /// A start was named; its configuration comes next.
    Booted {
        seq: u64,
        boot: Boot,
        origin: Box<Origin>,
    },
    Running(Box<Run<S>>),
    /// A difference was found.
    Over,
}

/// One start of the process.
#[derive(Debug)]
struct Run<S> {
    engine: Engine<S>,
    actions: Actions,
    /// Bytes of the last step's actions that the journal has not confirmed yet; at most
    /// [`Actions::CAPACITY`].
    due: VecDeque<Vec<u8>>,
    now: Mono,
    input_seq: u64,
    /// Of the state that it goes on from.
    parts: Parts,
}

impl<S: Strategies, F: FnMut(&Settings, &Origin) -> Result<S, String>> Replayer<S, F> {
    /// `make` gives the plug-ins of each start, or says which it does not have.
    pub fn new(make: F) -> Self {
        let report = Report::default();
        Self { make, state: State::Waiting, last_seq: 0, report, failed: None }
    }

    /// The figures so far.
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// [`ReplayError`] when it cannot be replayed; take no further one then.
    pub fn take(&mut self, record: &RecordView<'_>) -> Result<(), ReplayError> {
        self.report.records += 1;
        let lost = self.last_seq != 0 && record.seq != self.last_seq + 1;
        self.last_seq = record.seq;
        if lost && !matches!(self.state, State::Over) {
            self.cut();
        }
        match record.kind {
            Kind::BOOT => self.boot(record),
            Kind::CONFIG => self.config(record),
            Kind::CHECKPOINT => self.state(record),
            Kind::INPUT | Kind::TICK => self.input(record),
            Kind::OUTPUT => {
                self.output(record);
                Ok(())
            }
            Kind::STOP => {
                self.stop(record.seq);
                Ok(())
            }
            // Explanations and references: no step reads them.
            _ => Ok(()),
        }
    }

    /// The figures, once there are no more records.
    ///
    /// # Errors
    /// What [`on_record`](Observer::on_record) could not replay, or [`ReplayError::NoStart`].
    pub fn finish(mut self) -> Result<Report, ReplayError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.cut();
        if self.report.epochs == 0 {
            return Err(ReplayError::NoStart { records: self.report.records });
        }
        Ok(self.report)
    }

    /// Nothing more of this start can be compared. A process that dies between an input and its
    /// actions leaves the input alone, so missing actions are no difference.
    fn cut(&mut self) {
        if let State::Running(run) = &self.state
            && !run.due.is_empty()
        {
            self.report.cut_steps += 1;
        }
        if !matches!(self.state, State::Over) {
            self.state = State::Waiting;
        }
    }

    fn boot(&mut self, record: &RecordView<'_>) -> Result<(), ReplayError> {
        if matches!(self.state, State::Over) {
            return Ok(());
        }
        self.cut();
        let seq = record.seq;
        let boot = Boot::decode(record.payload).ok_or(ReplayError::Boot { seq })?;
        let origin = Origin::decode(&boot.extra).ok_or(ReplayError::Boot { seq })?;
        self.report.epochs += 1;
        self.state = State::Booted { seq, boot, origin: Box::new(origin) };
        Ok(())
    }

    fn config(&mut self, record: &RecordView<'_>) -> Result<(), ReplayError> {
        let seq = record.seq;
        let (boot_seq, boot, origin) = match &self.state {
            State::Booted { seq, boot, origin } => (*seq, boot, origin),
            State::Running(_) => return Err(ReplayError::SecondConfig { seq }),
            State::Waiting | State::Over => {
                self.skip();
                return Ok(());
            }
        };
        let settings = read_config(seq, record.payload)?;
        let config = settings.engine(identity(boot, origin));
        let strategies = (self.make)(&settings, origin)
            .map_err(|what| ReplayError::NoPlugin { seq: boot_seq, what })?;
        for (at, recorded) in origin.running.iter().enumerate() {
            let slot = Slot(at as u8);
            let ours = strategies.plugin(slot);
            if ours != recorded {
                return Err(ReplayError::Plugin { seq: boot_seq, slot, recorded, ours });
            }
        }
        self.state = State::Running(Box::new(Run {
            engine: Engine::new(config, strategies),
            actions: Actions::new(),
            due: VecDeque::new(),
            now: Mono::ZERO,
            input_seq: 0,
            parts: Parts::default(),
        }));
        Ok(())
    }

    /// The state that the start went on from.
    fn state(&mut self, record: &RecordView<'_>) -> Result<(), ReplayError> {
        let seq = record.seq;
        let State::Running(run) = &mut self.state else {
            self.skip();
            return Ok(());
        };
        let Some(image) = run.parts.take(record.payload) else { return Ok(()) };
        run.engine.restore(&image).map_err(|error| ReplayError::Image { seq, error })
    }

    fn input(&mut self, record: &RecordView<'_>) -> Result<(), ReplayError> {
        let seq = record.seq;
        self.settle(seq);
        let run = match &mut self.state {
            State::Running(run) => run,
            State::Booted { .. } => return Err(ReplayError::NoConfig { seq }),
            State::Waiting | State::Over => {
                self.skip();
                return Ok(());
            }
        };
        if record.at < run.now {
            return Err(ReplayError::TimeWentBack { seq, at: record.at, before: run.now });
        }
        (run.now, run.input_seq) = (record.at, seq);
        if record.kind == Kind::TICK {
            self.report.ticks += 1;
            run.engine.on_timeout(record.at, &mut run.actions);
        } else {
            let event = read_event(seq, record.payload)?;
            self.report.events += 1;
            run.engine.on_event(record.at, &event, &mut run.actions);
        }
        let (due, actions) = (&mut run.due, &mut run.actions);
        due.extend(actions.drain().map(|action| bytes_of(&action)));
        Ok(())
    }

    fn output(&mut self, record: &RecordView<'_>) {
        let run = match &mut self.state {
            State::Running(run) => run,
            State::Waiting | State::Booted { .. } | State::Over => return self.skip(),
        };
        let found = run.due.pop_front();
        if found.as_deref() == Some(record.payload) {
            self.report.actions += 1;
            return;
        }
        let input_seq = run.input_seq;
        let expected = Some(show_action(record.payload));
        let found = found.as_deref().map(show_action);
        self.differ(Difference { seq: record.seq, input_seq, expected, found });
    }

    /// An orderly end confirms that the last step asked for nothing more.
    fn stop(&mut self, seq: u64) {
        self.settle(seq);
        self.cut();
    }

    /// Actions of the step before that the journal does not hold, found at record `seq`.
    fn settle(&mut self, seq: u64) {
        let State::Running(run) = &mut self.state else { return };
        if let Some(found) = run.due.pop_front() {
            let (input_seq, found) = (run.input_seq, Some(show_action(&found)));
            self.differ(Difference { seq, input_seq, expected: None, found });
        }
    }

    fn differ(&mut self, difference: Difference) {
        self.report.difference = Some(difference);
        self.state = State::Over;
    }

    /// Behind a difference nothing is compared, and nothing is missed either.
    fn skip(&mut self) {
        if !matches!(self.state, State::Over) {
            self.report.skipped += 1;
        }
    }
}

/// What cannot be replayed is told by [`Replayer::finish`].
impl<S, F> Observer for Replayer<S, F>
where
    S: Strategies,
    F: FnMut(&Settings, &Origin) -> Result<S, String>,
{
    fn on_record(&mut self, record: &RecordView<'_>) {
        if self.failed.is_none() {
            self.failed = self.take(record).err();
        }
    }

    fn on_durable(&mut self, _: u64) {}

    fn on_trouble(&mut self, _: &Trouble) {}
}

fn read_event(seq: u64, payload: &[u8]) -> Result<Event, ReplayError> {
    let mut from = Reader::new(payload);
    let event = Event::read(&mut from).map_err(|error| ReplayError::Record { seq, error })?;
    match from.rest().len() {
        0 => Ok(event),
        len => Err(ReplayError::Trailing { seq, len }),
    }
}

fn bytes_of(action: &Action) -> Vec<u8> {
    let mut bytes = [0; Action::<Request>::WIRE_MAX];
    let mut out = Writer::new(&mut bytes);
    action.write(&mut out);
    let len = out.len();
    bytes[..len].to_vec()
}

fn show_action(bytes: &[u8]) -> String {
    match Action::read(&mut Reader::new(bytes)) {
        Ok(action) => format!("{action:?}"),
        Err(error) => format!("{} bytes that are no action: {error}", bytes.len()),
    }
}
