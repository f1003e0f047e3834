//! Checkpoints while the trader runs: a thread reads the decisions behind the journal thread and
//! keeps what they leave, so that the recovery of a start need not read them from the beginning.
//!
//! In mode `demo` a start reads no more than that. On paper and with real money it reads all
//! decisions once besides: for what was on paper, or for what [`crate::modes`] asks of them. The
//! mark of a restore ([`super::restored`]) has them read in any mode.
//!
//! It reads what is on disk and decides nothing. When it fails, starts take longer and nothing else.

use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use engine::Action;
use journal::{Checkpoint, Fault, Kind, Reader, RecordView};
use model::wire::Reader as Bytes;
use model::{Record, Request};
use replay::Recovery;
use settings::Settings;

/// How often one is made at least while decisions come.
const EVERY: Duration = Duration::from_secs(600);
/// How often the journal is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// Records between two looks at the stop flag.
const BATCH: usize = 10_000;

/// The running thread; it makes a last checkpoint when it is dropped.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the thread over the journal folder `journal`.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(crate) fn start(journal: &Path, settings: &Settings) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let (journal, settings) = (journal.to_owned(), settings.clone());
        let thread = std::thread::Builder::new().name("checkpoints".to_owned()).spawn(move || {
            if let Err(error) = follow(&journal, &settings, &stopped) {
                tracing::warn!(%error, "no more checkpoints: the next recovery reads all decisions");
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It panicked: the panic was printed, and a checkpoint is only an aid.
            let _ = thread.join();
        }
    }
}

/// Anything that ends the thread.
type Failed = Box<dyn std::error::Error>;

fn follow(journal: &Path, settings: &Settings, stopped: &mpsc::Receiver<()>) -> Result<(), Failed> {
    let (mut recovery, mut reader) = begin(journal, settings)?;
    let mut trusted = true;
    let mut made = Instant::now();
    let (mut kept, mut due) = (0, true);
    loop {
        let ended = stopped.recv_timeout(LOOK) != Err(mpsc::RecvTimeoutError::Timeout);
        loop {
            match take_batch(&mut recovery, &mut reader, &mut due) {
                Ok(true) => {}
                Ok(false) => break,
                // A checkpoint that is ahead of a journal that lost its end: without it, once.
                Err(_) if std::mem::take(&mut trusted) => {
                    (recovery, reader) = from_nothing(journal, settings)?;
                }
                Err(error) => return Err(error),
            }
        }
        let news = recovery.last_seq() != kept;
        if news && (due || ended || made.elapsed() >= EVERY) {
            if let Some(checkpoint) = recovery.checkpoint(&reader) {
                checkpoint.write(journal)?;
            }
            (made, kept, due) = (Instant::now(), recovery.last_seq(), false);
        }
        if ended {
            return Ok(());
        }
    }
}

fn begin(journal: &Path, settings: &Settings) -> Result<(Recovery, Reader), Failed> {
    if let Some(saved) = Checkpoint::read(journal)?
        && let Ok(recovery) = Recovery::from(settings, &saved)
    {
        return Ok((recovery, Reader::open_decisions_from(journal, &saved)?.with_frames()));
    }
    from_nothing(journal, settings)
}

fn from_nothing(journal: &Path, settings: &Settings) -> Result<(Recovery, Reader), Failed> {
    Ok((Recovery::new(settings), Reader::open_decisions(journal)?.with_frames()))
}

/// Takes what there is, up to a bound; `false` at the end. A start and a closed position make a
/// checkpoint due.
fn take_batch(
    recovery: &mut Recovery,
    reader: &mut Reader,
    due: &mut bool,
) -> Result<bool, Failed> {
    for _ in 0..BATCH {
        match reader.read() {
            Ok(Some(record)) => {
                *due |= ends_something(&record);
                recovery.take(&record)?;
            }
            Ok(None) => return Ok(false),
            // The group that is being written.
            Err(broken) if broken.fault == Fault::TornTail => return Ok(false),
            Err(broken) => return Err(broken.into()),
        }
    }
    Ok(true)
}

fn ends_something(record: &RecordView<'_>) -> bool {
    match record.kind {
        Kind::BOOT | Kind::STOP => true,
        Kind::OUTPUT => {
            matches!(
                Action::<Request>::read(&mut Bytes::new(record.payload)),
                Ok(Action::Persist { record: Record::Position(position), .. })
                    if position.closed.is_some()
            )
        }
        _ => false,
    }
}
