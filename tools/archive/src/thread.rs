//! The archive thread: follows the segments behind a running trader, and never before them.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::{Archive, ArchiveError};

/// How often it looks whether more is on disk.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long it waits before it tries a database again that it could not use.
const RETRY: Duration = Duration::from_secs(5);
/// Longest wait for the last records at the end of a run. What is missing then is read at the next
/// start.
const END_MAX: Duration = Duration::from_secs(5);

/// How far the archive is behind, for the status.
#[derive(Debug)]
pub struct Gauge {
    through: AtomicU64,
    durable: Arc<AtomicU64>,
    trouble: Mutex<Option<String>>,
}

/// A reading of the [`Gauge`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Every decision up to this number is in the archive.
    pub through: u64,
    /// Records on disk that were not looked at yet.
    pub records: u64,
    /// Why it stands still, when it does.
    pub trouble: Option<String>,
}

impl Gauge {
    /// How far it is.
    pub fn lag(&self) -> Lag {
        let through = self.through.load(Ordering::Acquire);
        let records = self.durable.load(Ordering::Acquire).saturating_sub(through);
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Lag { through, records, trouble }
    }

    /// Says a trouble once, and again only when it is another.
    fn trouble(&self, trouble: Option<&dyn fmt::Display>) {
        let mut told = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = trouble.map(ToString::to_string);
        if *told == trouble {
            return;
        }
        match &trouble {
            Some(trouble) => {
                tracing::warn!("the archive stands still, the trader goes on: {trouble}");
            }
            None => tracing::info!("the archive goes on"),
        }
        *told = trouble;
    }
}

/// The thread. Nothing of the trader waits for it; when it dies or its database is broken, a
/// warning says so and the gauge shows it.
#[derive(Debug)]
pub struct ArchiveThread {
    gauge: Arc<Gauge>,
    stopping: Arc<AtomicBool>,
    /// Dropped to wake the thread for its end.
    running: Option<Sender<()>>,
    ended: Receiver<()>,
}

impl ArchiveThread {
    /// Begins to follow the journal of `data` up to `durable`, the last decision on disk.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(data: &Path, durable: Arc<AtomicU64>) -> io::Result<Self> {
        let gauge =
            Arc::new(Gauge { through: AtomicU64::new(0), durable, trouble: Mutex::new(None) });
        let stopping = Arc::new(AtomicBool::new(false));
        let (running, wake) = channel();
        let (end, ended) = channel();
        let worker = Worker {
            data: data.to_owned(),
            gauge: Arc::clone(&gauge),
            stopping: Arc::clone(&stopping),
            wake,
            _end: end,
        };
        let thread = std::thread::Builder::new().name("archive".to_owned());
        thread.spawn(move || worker.run())?;
        Ok(Self { gauge, stopping, running: Some(running), ended })
    }

    /// How far it is, from any thread.
    pub fn gauge(&self) -> Arc<Gauge> {
        Arc::clone(&self.gauge)
    }

    /// Takes what is on disk and ends; waits for that a few seconds at most.
    pub fn stop(mut self) {
        self.end();
        if self.ended.recv_timeout(END_MAX) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the archive is behind at the end; the next start goes on with it");
        }
    }

    fn end(&mut self) {
        self.stopping.store(true, Ordering::Release);
        self.running = None;
    }
}

impl Drop for ArchiveThread {
    fn drop(&mut self) {
        self.end();
    }
}

struct Worker {
    data: PathBuf,
    gauge: Arc<Gauge>,
    stopping: Arc<AtomicBool>,
    wake: Receiver<()>,
    /// Its drop tells whoever waits that the thread has ended, however it did.
    _end: Sender<()>,
}

impl Worker {
    fn run(self) {
        // Once at least: the word to stop may come before the first look.
        loop {
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.work()));
            let trouble: String = match done {
                Ok(Ok(())) if self.is_stopping() => return,
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "the archive thread broke; it begins again".to_owned(),
            };
            self.gauge.trouble(Some(&trouble));
            if self.is_stopping() {
                return;
            }
            self.wait(RETRY);
        }
    }

    /// Follows until the end, or until the database is not the one in the folder any more.
    fn work(&self) -> Result<(), ArchiveError> {
        let mut archive = Archive::open(&self.data)?;
        let mut seen = None;
        loop {
            // Asked before the last look, so that the look sees all that was on disk.
            let stopping = self.is_stopping();
            let durable = self.gauge.durable.load(Ordering::Acquire);
            if seen != Some(durable) {
                if !archive.is_in_place() {
                    tracing::warn!("the archive's file was taken away: it is made again");
                    return Ok(());
                }
                archive.catch_up(durable)?;
                self.gauge.through.store(durable, Ordering::Release);
                self.gauge.trouble(None);
                seen = Some(durable);
            }
            if stopping {
                return archive.close();
            }
            self.wait(LOOK_EVERY);
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Waits, but not beyond the word to stop.
    fn wait(&self, span: Duration) {
        if self.wake.recv_timeout(span) == Err(RecvTimeoutError::Disconnected) {
            self.stopping.store(true, Ordering::Release);
        }
    }
}
