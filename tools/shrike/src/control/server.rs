//! The socket's threads: one that accepts, one for each connection.

use std::fmt;
use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::REQUEST_MAX;
use super::address::{Address, AddressError, failed};
use super::desk::{Desk, error};
use super::lines::{Line, Lines};

/// Connections at once.
const CONNECTIONS_MAX: usize = 8;
/// How often a waiting connection looks whether the server stops.
const STOP_LOOK: Duration = Duration::from_millis(100);
/// Longest wait for a client that does not read.
const WRITE_WAIT: Duration = Duration::from_secs(2);

/// Why the server cannot start.
#[derive(Debug)]
pub enum ControlError {
    /// No place for the socket.
    Address(AddressError),
    /// No thread.
    Thread(io::Error),
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(error) => write!(f, "no control inbox: {error}"),
            Self::Thread(error) => write!(f, "no thread for the control inbox: {error}"),
        }
    }
}

impl std::error::Error for ControlError {}

/// Serves until it is dropped, which ends its threads and removes the socket.
#[derive(Debug)]
pub struct ControlServer {
    address: Address,
    stop: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl ControlServer {
    /// Opens the socket of `data`, whose lock the caller holds, and serves it.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn start(data: &Path, runtime_dir: &Path, desk: Desk) -> Result<Self, ControlError> {
        let address = Address::prepare(data, runtime_dir).map_err(ControlError::Address)?;
        let socket = &address.socket;
        let refused = |doing, e| ControlError::Address(failed(doing, socket, e));
        let listener = UnixListener::bind(socket).map_err(|e| refused("listen at", e))?;
        // Its folder lets nobody else in; the socket itself says so too.
        fs::set_permissions(socket, Permissions::from_mode(0o600))
            .map_err(|e| refused("protect", e))?;
        let stop = Arc::new(AtomicBool::new(false));
        let (desk, stopping) = (Arc::new(desk), Arc::clone(&stop));
        let accepting = thread::Builder::new()
            .name("control".into())
            .spawn(move || accept(&listener, &desk, &stopping))
            .map_err(ControlError::Thread)?;
        Ok(Self { address, stop, accepting: Some(accepting) })
    }

    /// Where it listens.
    pub fn address(&self) -> &Address {
        &self.address
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // The accepting thread sleeps in the kernel: a connection wakes it.
        let woken = UnixStream::connect(&self.address.socket).is_ok();
        if let Some(accepting) = self.accepting.take().filter(|_| woken) {
            // A thread that panicked has said so on its own.
            let _ = accepting.join();
        }
        self.address.clear();
    }
}

fn accept(listener: &UnixListener, desk: &Arc<Desk>, stop: &Arc<AtomicBool>) {
    let mut serving: Vec<JoinHandle<()>> = Vec::with_capacity(CONNECTIONS_MAX);
    loop {
        let accepted = listener.accept();
        if stop.load(Ordering::Acquire) {
            break;
        }
        serving.retain(|thread| !thread.is_finished());
        match accepted {
            Ok((stream, _)) if serving.len() >= CONNECTIONS_MAX => turn_away(stream),
            Ok((stream, _)) => serving.extend(serve_apart(stream, desk, stop)),
            // Out of descriptors, say: the next one may come through.
            Err(_) => thread::sleep(STOP_LOOK),
        }
    }
    for thread in serving {
        let _ = thread.join();
    }
}

fn turn_away(mut stream: UnixStream) {
    let text = format!("{CONNECTIONS_MAX} connections are open; close one and try again");
    let _ = stream.set_write_timeout(Some(STOP_LOOK));
    let _ = write_line(&mut stream, &error(&text));
}

/// A thread for the connection; without one it is closed.
fn serve_apart(
    stream: UnixStream,
    desk: &Arc<Desk>,
    stop: &Arc<AtomicBool>,
) -> Option<JoinHandle<()>> {
    let (desk, stop) = (Arc::clone(desk), Arc::clone(stop));
    let builder = thread::Builder::new().name("control client".into());
    builder
        .spawn(move || {
            // A client that went away is no matter of the trader's.
            let _ = serve(stream, &desk, &stop);
        })
        .ok()
}

fn serve(mut stream: UnixStream, desk: &Desk, stop: &AtomicBool) -> io::Result<()> {
    stream.set_read_timeout(Some(STOP_LOOK))?;
    stream.set_write_timeout(Some(WRITE_WAIT))?;
    let mut lines = Lines::new(REQUEST_MAX);
    let mut bytes = [0; 4_096];
    let mut heard = Instant::now();
    while !stop.load(Ordering::Acquire) && heard.elapsed() < desk.config.idle_max {
        let len = match stream.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(len) => len,
            Err(error) if is_timeout(&error) => continue,
            Err(error) => return Err(error),
        };
        for line in lines.take(&bytes[..len]) {
            let answer = match line {
                Line::Whole(line) => desk.answer(&line),
                Line::TooLong => error(&format!("a line of more than {REQUEST_MAX} bytes")),
            };
            write_line(&mut stream, &answer)?;
            heard = Instant::now();
        }
    }
    Ok(())
}

fn is_timeout(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    [Interrupted, TimedOut, WouldBlock].contains(&error.kind())
}

fn write_line(stream: &mut UnixStream, answer: &Value) -> io::Result<()> {
    let mut text = answer.to_string();
    text.push('\n');
    stream.write_all(text.as_bytes())
}
