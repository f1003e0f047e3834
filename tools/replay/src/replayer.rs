//! Record after record through the engine.

use engine::{Action, Actions, Engine};
use journal::{Boot, Kind, Observer, RecordView, Trouble};
use model::wire::{Reader, Wire, Writer};
use model::{Event, Mono, PluginChange, PluginFault, Record, Request, Slot, Strategies};
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
    /// The step whose outputs are being read.
    step: Option<Step>,
    /// Bytes of one action.
    scratch: Vec<u8>,
    now: Mono,
    /// Of the state that it goes on from.
    parts: Parts,
}

/// One step as the journal has it. It is repeated when all of its outputs are known: what no run
/// can promise to repeat stands among them.
#[derive(Debug)]
struct Step {
    seq: u64,
    /// None for a step that time made.
    event: Option<Event>,
    outputs: Vec<(u64, Vec<u8>)>,
}

/// How the journal goes on behind a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// With this record: the step's outputs are complete.
    Record(u64),
    /// Not: some of them may be missing.
    Nothing,
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
        self.repeat(Next::Nothing);
        if !matches!(self.state, State::Over) {
            self.state = State::Waiting;
        }
    }

    fn boot(&mut self, record: &RecordView<'_>) -> Result<(), ReplayError> {
        if matches!(self.state, State::Over) {
            return Ok(());
        }
        self.cut();
        if matches!(self.state, State::Over) {
            return Ok(()); // The step before was repeated only now.
        }
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
            step: None,
            scratch: vec![0; Action::<Request>::WIRE_MAX],
            now: Mono::ZERO,
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
        self.repeat(Next::Record(seq));
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
        run.now = record.at;
        let event = if record.kind == Kind::TICK {
            self.report.ticks += 1;
            None
        } else {
            self.report.events += 1;
            Some(read_event(seq, record.payload)?)
        };
        run.step = Some(Step { seq, event, outputs: Vec::new() });
        Ok(())
    }

    fn output(&mut self, record: &RecordView<'_>) {
        let run = match &mut self.state {
            State::Running(run) => run,
            State::Waiting | State::Booted { .. } | State::Over => return self.skip(),
        };
        if let Some(step) = &mut run.step {
            step.outputs.push((record.seq, record.payload.to_vec()));
            return;
        }
        let (seq, expected) = (record.seq, Some(show_action(record.payload)));
        self.differ(Difference { seq, input_seq: 0, expected, found: None });
    }

    /// An orderly end confirms that the last step asked for nothing more.
    fn stop(&mut self, seq: u64) {
        self.repeat(Next::Record(seq));
        self.cut();
    }

    /// Repeats the step whose outputs have been read.
    fn repeat(&mut self, next: Next) {
        let State::Running(run) = &mut self.state else { return };
        let Some(step) = run.step.take() else { return };
        run.take(&step);
        for (seq, expected) in &step.outputs {
            let action = run.actions.pop();
            let found = action.map(|action| bytes_of(&action, &mut run.scratch));
            if found != Some(expected.as_slice()) {
                let (seq, input_seq) = (*seq, step.seq);
                let (expected, found) = (Some(show_action(expected)), found.map(show_action));
                return self.differ(Difference { seq, input_seq, expected, found });
            }
            self.report.actions += 1;
        }
        let Some(action) = run.actions.pop() else { return };
        match next {
            Next::Record(seq) => {
                let found = Some(show_action(bytes_of(&action, &mut run.scratch)));
                self.differ(Difference { seq, input_seq: step.seq, expected: None, found });
            }
            Next::Nothing => self.report.cut_steps += 1,
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

impl<S: Strategies> Run<S> {
    fn take(&mut self, step: &Step) {
        for (_, output) in &step.outputs {
            if let Some((slot, candidate, fault, call)) = unrepeatable(output) {
                self.engine.foretell(slot, candidate, fault, call);
            }
        }
        match &step.event {
            None => self.engine.on_timeout(self.now, &mut self.actions),
            Some(event) => self.engine.on_event(self.now, event, &mut self.actions),
        }
    }
}

/// The failure of a plug-in that an output tells of, when another run need not come to it: which
/// call of the step it was.
fn unrepeatable(output: &[u8]) -> Option<(Slot, bool, PluginFault, u32)> {
    let action = Action::read(&mut Reader::new(output)).ok()?;
    let Action::Persist { record: Record::Plugin(record), .. } = action else { return None };
    let (candidate, fault, figure) = match record.change {
        PluginChange::Quarantined { candidate, fault, figure } => (candidate, fault, figure),
        PluginChange::StateLost { fault, figure } => (false, fault, figure),
        PluginChange::Took { .. }
        | PluginChange::Stopped
        | PluginChange::Parameter { .. }
        | PluginChange::Shadow
        | PluginChange::Missing => return None,
    };
    let call = u32::try_from(figure).ok().filter(|_| !fault.is_repeatable())?;
    Some((record.slot, candidate, fault, call))
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

fn bytes_of<'a>(action: &Action, scratch: &'a mut [u8]) -> &'a [u8] {
    let mut out = Writer::new(scratch);
    action.write(&mut out);
    let len = out.len();
    &scratch[..len]
}

fn show_action(bytes: &[u8]) -> String {
    match Action::read(&mut Reader::new(bytes)) {
        Ok(action) => format!("{action:?}"),
        Err(error) => format!("{} bytes that are no action: {error}", bytes.len()),
    }
}
