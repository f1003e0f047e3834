//! The built command as processes of its own: an exchange, a trader, and what they say.
#![allow(dead_code, reason = "each test file uses its part")]

use std::fmt::Display;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A process that is told to stop when a test fails before it ended, and killed when it does not.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    /// How long it may take to stop.
    const END_MAX: Duration = Duration::from_secs(60);

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Asks it to end and waits; its exit code.
    pub(crate) fn end(&mut self) -> Option<i32> {
        signal("TERM", self.id());
        let since = Instant::now();
        loop {
            match self.0.try_wait().unwrap() {
                Some(status) => return status.code(),
                None => assert!(since.elapsed() < Self::END_MAX, "process {} hangs", self.id()),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A supervisor passes this on to its trader, which would live on without it. It fails when
        // the process has ended, as it should have.
        let line = format!("kill -TERM {}", self.id());
        let _ = Command::new("sh").args(["-c", &line]).stderr(Stdio::null()).status();
        for _ in 0..1_000 {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn signal(name: &str, process: u32) {
    let line = format!("kill -{name} {process}");
    assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
}

/// The built command with nothing of the caller's environment that it would heed.
pub(crate) fn shrike(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shrike"));
    command.args(args).current_dir(root());
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| name.starts_with("SHRIKE"));
        if ours || name == "CREDENTIALS_DIRECTORY" {
            command.env_remove(name);
        }
    }
    command
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// An exchange that listens, and where.
pub(crate) fn exchange(more: &[&str]) -> (Process, String) {
    let mut command = shrike(&["exchange", "--listen", "127.0.0.1:0"]);
    let mut process = Process(command.args(more).stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(process.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening ").expect("the line").to_owned();
    (process, address)
}

/// The variables that lead a trader to an exchange.
pub(crate) fn venue_at(exchange: impl Display) -> [(String, String); 4] {
    [("REST", ""), ("WEB", ""), ("WS", "/ws"), ("FUTURES_WS", "/edge")]
        .map(|(key, path)| (format!("SHRIKE__VENUE__{key}"), format!("{exchange}{path}")))
}

/// A trader under its supervisor, and the folder that its data directory is in.
pub(crate) struct Trader {
    pub(crate) process: Process,
    pub(crate) folder: TempDir,
    patience: Duration,
}

impl Trader {
    /// `shrike run` as `told` completes it. `patience` is how long it may take to get where it is
    /// waited for.
    pub(crate) fn start(
        folder: TempDir,
        patience: Duration,
        told: impl FnOnce(&mut Command),
    ) -> Self {
        let mut command = shrike(&["run", "--data", text(&folder.path().join("data"))]);
        told(&mut command);
        let errors = std::fs::File::create(folder.path().join("errors")).unwrap();
        command.stdout(Stdio::null()).stderr(errors);
        Self { process: Process(command.spawn().unwrap()), folder, patience }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A command about this trader.
    pub(crate) fn shrike(&self, args: &[&str]) -> Output {
        let data = self.data();
        let mut command = match args[0] {
            "verify" | "replay" => shrike(&[args[0], text(&data)]),
            _ => shrike(&[args[0], "--data", text(&data)]),
        };
        command.args(&args[1..]).stdin(Stdio::null()).output().unwrap()
    }

    pub(crate) fn status(&self) -> Option<Value> {
        serde_json::from_slice(&self.shrike(&["status", "--json"]).stdout).ok()
    }

    pub(crate) fn wait_for(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let since = Instant::now();
        loop {
            match self.status() {
                Some(status) if is_so(&status) => return status,
                last => {
                    assert!(since.elapsed() < self.patience, "no {what}: {last:?} {}", self.said());
                }
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn end(&mut self) -> Option<i32> {
        self.process.end()
    }

    /// What it wrote to its error output.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("errors")).unwrap()
    }
}

/// An exit code, and words on either output.
pub(crate) fn said(output: &Output, code: i32, words: &[&str]) {
    let shown = shown(output);
    assert_eq!(output.status.code(), Some(code), "{shown}");
    for word in words {
        assert!(shown.contains(word), "no {word:?} in {shown}");
    }
}

/// The one document that was printed.
pub(crate) fn document(output: &Output, code: i32) -> Value {
    assert_eq!(output.status.code(), Some(code), "{}", shown(output));
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", shown(output)))
}

/// Both outputs, as text.
pub(crate) fn shown(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

pub(crate) fn empty() -> Value {
    Value::Array(Vec::new())
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
