//! A sign of life on work that takes long.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar};

/// Work that ends sooner shows nothing.
const PATIENCE: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_millis(100);

/// Does `work`; when it takes more than two seconds and the error output is a terminal, shows
/// `label` and the count that the work keeps.
pub fn watched<T: Send>(label: &str, work: impl FnOnce(&AtomicU64) -> T + Send) -> T {
    let count = AtomicU64::new(0);
    if !std::io::stderr().is_terminal() {
        return work(&count);
    }
    thread::scope(|scope| {
        let (done, ended) = channel::<()>();
        let count = &count;
        let worker = scope.spawn(move || {
            // Dropped at the end, whichever end it is.
            let _done = done;
            work(count)
        });
        show(label, count, &ended);
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn show(label: &str, count: &AtomicU64, ended: &Receiver<()>) {
    if ended.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let bar = ProgressBar::new_spinner();
    bar.set_message(label.to_owned());
    while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
        match count.load(Ordering::Relaxed) {
            0 => {}
            count => bar.set_message(format!("{label}: {} records", HumanCount(count))),
        }
        bar.tick();
    }
    bar.finish_and_clear();
}
