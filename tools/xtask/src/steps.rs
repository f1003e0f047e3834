//! Runs commands one after the other, shows their time, and sums their tests.

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use xtask::tally::{self, Tally};

use crate::Failure;

/// The steps of one run.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    tally: Tally,
    failed: Vec<String>,
    left_out: Vec<String>,
}

impl Steps {
    /// Runs one command to its end and adds its tests. A failure does not stop the later steps:
    /// they have their own say, and the run as a whole fails.
    pub(crate) fn step(&mut self, name: &str, command: &mut Command) {
        let Ran { tally, good, left_out } = timed(name, command);
        self.tally.add(tally);
        self.left_out.extend(left_out);
        if !good {
            self.failed.push(name.into());
            if tally.failed == 0 {
                self.tally.failed += 1;
            }
        }
    }

    /// Like [`step`](Self::step) for tests that a later step runs again: only a failure counts.
    pub(crate) fn check(&mut self, name: &str, command: &mut Command) {
        if !timed(name, command).good {
            self.failed.push(name.into());
            self.tally.failed += 1;
        }
    }

    /// Says in one line what is not run, and why.
    pub(crate) fn leave_out(&mut self, name: &str, why: &str) {
        let line = format!("left out: {name}, because {why}");
        println!("\n== {line}");
        self.left_out.push(line);
    }

    /// Prints what failed and, as the last line of the run, the sum.
    ///
    /// # Errors
    /// When a step failed.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        println!();
        for line in &self.left_out {
            println!("{line}");
        }
        for name in &self.failed {
            println!("failed: {name}");
        }
        println!("{}", self.tally);
        if self.failed.is_empty() { Ok(()) } else { Err(Failure::Work(String::new())) }
    }
}

/// What became of a command.
#[derive(Debug, Default)]
struct Ran {
    tally: Tally,
    good: bool,
    /// What its tests said they left out.
    left_out: Vec<String>,
}

fn timed(name: &str, command: &mut Command) -> Ran {
    println!("\n== {name}");
    let began = Instant::now();
    let ran = run(command).unwrap_or_else(|error| {
        eprintln!("{command:?} could not be run: {error}");
        Ran::default()
    });
    let verdict = if ran.good { "ok" } else { "FAILED" };
    println!("== {name}: {verdict} in {:.1} s", began.elapsed().as_secs_f32());
    ran
}

/// Runs a command with its output shown as it comes.
fn run(command: &mut Command) -> io::Result<Ran> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut ran = Ran::default();
    if let Some(stdout) = child.stdout.take() {
        let mut out = io::stdout();
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line?;
            let text = String::from_utf8_lossy(&line);
            ran.tally.read(&text);
            ran.left_out.extend(tally::left_out(&text).map(str::to_owned));
            out.write_all(&line)?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
    }
    ran.good = child.wait()?.success();
    Ok(ran)
}

/// Runs a command whose output is its own affair; whether it ended well.
pub(crate) fn status(command: &mut Command) -> io::Result<bool> {
    Ok(command.status()?.success())
}

/// `cargo` with these words, in the workspace.
pub(crate) fn cargo(words: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(words).current_dir(root());
    // What cargo told this program about itself must not reach the programs it starts.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME"] {
        command.env_remove(name);
    }
    command
}

/// The workspace: two folders above this crate.
pub(crate) fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let here = here.as_deref().and_then(Path::parent).and_then(Path::parent);
    here.map(Path::to_path_buf).unwrap_or_else(|| PathBuf::from("."))
}

/// Whether `name` is a program on the search path.
pub(crate) fn found(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}
