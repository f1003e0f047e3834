//! From a checked module to machine code, in a process that may be killed.
//!
//! A compiler can be made to work for ever by a module that is small, and a thread cannot be
//! stopped. So the trader compiles in a child: the module goes in by its standard input, what was
//! compiled comes out by its standard output, and the child's CPU time, memory and files are
//! limited before it has seen a byte.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};

use super::check::check;
use super::engine::Sandbox;
use super::fence::fence;
use super::limits::MODULE_BYTES_MAX;
use super::refused::Refused;

/// Bytes of an artefact, at most.
pub(super) const ARTEFACT_MAX: usize = 64 << 20;
/// Bytes of what a child says, at most.
const TEXT_MAX: u64 = 2_000;
/// How often the child is looked at.
const LOOK: Duration = Duration::from_millis(2);
/// What an allocation that fails makes the child say.
const NO_MEMORY: &str = "memory allocation of";

/// Checks and compiles a module in this process, where nothing bounds the time.
///
/// # Errors
/// [`Refused`] with the reason.
pub fn compile_here(module: &[u8]) -> Result<Vec<u8>, Refused> {
    check(module)?;
    let sandbox = Sandbox::for_compiling()?;
    let fenced = fence(module)?;
    sandbox
        .engine()
        .precompile_module(&fenced)
        .map_err(|error| Refused::CompileFailed { text: format!("{error:#}") })
}

/// The child's whole life: reads the module, writes the artefact. The program that
/// [`Compiler::program`] names calls this and nothing else.
#[must_use]
pub fn child() -> ExitCode {
    let said = match compile_stdin() {
        Ok(()) => return ExitCode::SUCCESS,
        Err(text) => text,
    };
    // Nobody is left to be told when this fails.
    let _ = io::stderr().write_all(said.as_bytes());
    ExitCode::from(3)
}

fn compile_stdin() -> Result<(), String> {
    let mut module = Vec::new();
    let most = MODULE_BYTES_MAX as u64 + 1;
    let read = io::stdin().lock().take(most).read_to_end(&mut module);
    read.map_err(|error| format!("cannot read the module: {error}"))?;
    let artefact = compile_here(&module).map_err(|refused| refused.to_string())?;
    let mut out = io::stdout().lock();
    let written = out.write_all(&artefact).and_then(|()| out.flush());
    written.map_err(|error| format!("cannot write the artefact: {error}"))
}

/// What a child may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileLimits {
    /// Seconds of CPU time.
    pub cpu_s: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Time on the wall.
    pub wall: Duration,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self { cpu_s: 10, memory_bytes: 512 << 20, wall: Duration::from_secs(20) }
    }
}

/// Compiles in a child process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiler {
    /// The program, which calls [`child`] when it is given `args`.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// What it may use.
    pub limits: CompileLimits,
}

impl Compiler {
    /// Compiles a module. Takes as long as it takes, up to the limits: not for the hot thread.
    ///
    /// # Errors
    /// [`Refused`] with the reason.
    pub fn compile(&self, module: &[u8]) -> Result<Vec<u8>, Refused> {
        let mut child = Command::new(&self.program)
            .args(&self.args)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed(format!("cannot start {}: {error}", self.program.display())))?;
        if let Err(error) = self.bound(&child) {
            stop(&mut child);
            return Err(failed(format!("cannot limit the compiler: {error}")));
        }
        let Some(came) = converse(&mut child, module, self.limits.wall) else {
            return Err(self.late());
        };
        self.judge(came)
    }

    /// Sets the limits of a child that waits for its input.
    fn bound(&self, child: &Child) -> io::Result<()> {
        let pid = Pid::from_child(child);
        let CompileLimits { cpu_s, memory_bytes, .. } = self.limits;
        let limits = [
            // The first ends it, the second ends it if it would not listen.
            (Resource::Cpu, cpu_s, cpu_s + 1),
            (Resource::Data, memory_bytes, memory_bytes),
            (Resource::Core, 0, 0),
            (Resource::Fsize, 0, 0),
        ];
        for (resource, current, maximum) in limits {
            let limit = Rlimit { current: Some(current), maximum: Some(maximum) };
            prlimit(Some(pid), resource, limit)?;
        }
        Ok(())
    }

    fn judge(&self, came: Came) -> Result<Vec<u8>, Refused> {
        let Came { status, artefact, said } = came;
        if status.success() && !artefact.is_empty() && artefact.len() <= ARTEFACT_MAX {
            return Ok(artefact);
        }
        if said.contains(NO_MEMORY) {
            return Err(Refused::CompileMemory { max: self.limits.memory_bytes });
        }
        let ended = [Signal::XCPU, Signal::KILL].map(|signal| signal.as_raw());
        if status.signal().is_some_and(|signal| ended.contains(&signal)) {
            return Err(self.late());
        }
        let text = if said.is_empty() { format!("the compiler ended with {status}") } else { said };
        Err(failed(text))
    }

    const fn late(&self) -> Refused {
        let wall_ms = self.limits.wall.as_millis() as u64;
        Refused::CompileTimeout { cpu_s: self.limits.cpu_s, wall_ms }
    }
}

const fn failed(text: String) -> Refused {
    Refused::CompileFailed { text }
}

/// What came back from a child.
struct Came {
    status: ExitStatus,
    artefact: Vec<u8>,
    said: String,
}

/// Gives the child its input and takes what it says; `None` when it took too long.
fn converse(child: &mut Child, module: &[u8], wall: Duration) -> Option<Came> {
    let (input, output, complaints) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        // A child that does not read ends as one that gave no artefact.
        scope.spawn(move || input.map(|mut input| input.write_all(module)));
        let artefact = scope.spawn(move || all_of(output, ARTEFACT_MAX as u64 + 1));
        let said = scope.spawn(move || all_of(complaints, TEXT_MAX));
        let status = wait(child, wall);
        let artefact = artefact.join().unwrap_or_default();
        let said = String::from_utf8_lossy(&said.join().unwrap_or_default()).trim().to_owned();
        status.map(|status| Came { status, artefact, said })
    })
}

fn all_of(from: Option<impl Read>, max: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        // What was cut off is no artefact, and the deserialiser is never shown it.
        if from.take(max).read_to_end(&mut bytes).is_err() {
            bytes.clear();
        }
    }
    bytes
}

fn wait(child: &mut Child, wall: Duration) -> Option<ExitStatus> {
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if began.elapsed() < wall => thread::sleep(LOOK),
            Ok(None) | Err(_) => {
                stop(child);
                return None;
            }
        }
    }
}

/// Kills a child and waits for its end. It may have ended by itself.
fn stop(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
