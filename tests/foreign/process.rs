//! Another program with an end: its output, or its death when it takes too long.

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a running program is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A program that ended by itself.
pub(crate) struct Ended {
    pub(crate) good: bool,
    pub(crate) output: String,
    pub(crate) errors: String,
}

/// Runs a program to its end, or kills it after `max`.
///
/// # Errors
/// When it cannot be started, or had to be killed.
pub(crate) fn run(command: &mut Command, max: Duration) -> io::Result<Ended> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let output = collect(child.stdout.take());
    let errors = collect(child.stderr.take());
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if began.elapsed() > max {
            child.kill()?;
            child.wait()?;
            break None;
        }
        std::thread::sleep(LOOK);
    };
    let text = |reader: JoinHandle<Vec<u8>>| {
        String::from_utf8_lossy(&reader.join().unwrap_or_default()).into_owned()
    };
    let (output, errors) = (text(output), text(errors));
    match status {
        Some(status) => Ok(Ended { good: status.success(), output, errors }),
        None => {
            let said = format!("killed after {} s; it said: {errors}", max.as_secs());
            Err(io::Error::new(io::ErrorKind::TimedOut, said))
        }
    }
}

/// Reads a pipe to its end beside the program, so that a full pipe never holds it up.
fn collect(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut all = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read until an error is all there is.
            let _ = pipe.read_to_end(&mut all);
        }
        all
    })
}
