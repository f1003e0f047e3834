//! What is said of a module: each thing that was looked at, and whether it would be taken.

use std::path::{Path, PathBuf};

use host::Manifest;
use host::wasm::{Checked, Refused, fuel, limits};
use plugins::signature::SignatureError;
use plugins::trial::{Trial, TrialError};
use serde_json::{Value, json};

use crate::cli::{CliError, Exit, Out};

/// What is looked at, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Size,
    Signature,
    Markers,
    Imports,
    Exports,
    Memory,
    Compiler,
    Frames,
    Events,
    Fuel,
    Twice,
    Latency,
}

impl About {
    const ALL: [Self; 12] = [
        Self::Size,
        Self::Signature,
        Self::Markers,
        Self::Imports,
        Self::Exports,
        Self::Memory,
        Self::Compiler,
        Self::Frames,
        Self::Events,
        Self::Fuel,
        Self::Twice,
        Self::Latency,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Signature => "signature",
            Self::Markers => "markers",
            Self::Imports => "imports",
            Self::Exports => "exports",
            Self::Memory => "memory",
            Self::Compiler => "compiler",
            Self::Frames => "stack frames",
            Self::Events => "events",
            Self::Fuel => "fuel",
            Self::Twice => "same twice",
            Self::Latency => "latency",
        }
    }

    /// What a refusal is about; `None` for one that the module has no part in.
    const fn of(refused: &Refused) -> Option<Self> {
        Some(match refused {
            Refused::ModuleTooLarge { .. }
            | Refused::TooMany { .. }
            | Refused::FunctionTooLarge { .. } => Self::Size,
            Refused::NotWasm
            | Refused::Component
            | Refused::Invalid { .. }
            | Refused::NoManifest
            | Refused::TwoManifests
            | Refused::ManifestNotText
            | Refused::Manifest(_) => Self::Markers,
            Refused::Import { .. } => Self::Imports,
            Refused::StartFunction
            | Refused::MissingExport { .. }
            | Refused::WrongExport { .. }
            | Refused::UnknownExport { .. }
            | Refused::Trapped { .. } => Self::Exports,
            Refused::NoMemory
            | Refused::MemoryTooLarge { .. }
            | Refused::TableTooLarge { .. }
            | Refused::AreaMisaligned { .. }
            | Refused::AreaOutside { .. }
            | Refused::StateOutside { .. }
            | Refused::StateOnArea { .. }
            | Refused::SegmentOutside => Self::Memory,
            Refused::FrameTooLarge { .. } => Self::Frames,
            Refused::CompileTimeout { .. }
            | Refused::CompileMemory { .. }
            | Refused::CompileFailed { .. } => Self::Compiler,
            Refused::NoPlace { .. } | Refused::Host { .. } => return None,
        })
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
struct Row {
    about: About,
    ok: bool,
    text: String,
}

/// All of it.
#[derive(Clone, Debug)]
pub(super) struct Report {
    file: PathBuf,
    size: usize,
    hash: String,
    manifest: Option<Manifest>,
    memory: Option<usize>,
    rows: Vec<Row>,
    reasons: Vec<String>,
    trial: Option<Trial>,
    recorded: u64,
}

impl Report {
    pub(super) fn new(file: &Path, module: &[u8]) -> Self {
        Self {
            file: file.to_owned(),
            size: module.len(),
            hash: blake3::hash(module).to_hex().to_string(),
            manifest: None,
            memory: None,
            rows: Vec::new(),
            reasons: Vec::new(),
            trial: None,
            recorded: 0,
        }
    }

    /// The module may not run.
    ///
    /// # Errors
    /// When that is not the module's doing.
    pub(super) fn refuse(&mut self, refused: &Refused) -> Result<(), CliError> {
        let Some(about) = About::of(refused) else { return Err(CliError::failed(refused)) };
        self.say(about, false, refused);
        self.reasons.push(format!("{}: {refused}", refused.name()));
        Ok(())
    }

    /// It was looked at, and may be compiled.
    pub(super) fn on_checked(&mut self, checked: &Checked) {
        let Manifest { abi, kind, name, version, state, .. } = &checked.manifest;
        let saves = state.map_or("no state".into(), |state| {
            format!("state {} of at most {} bytes", state.version, state.bytes)
        });
        let (size, most) = (checked.bytes, limits::MODULE_BYTES_MAX);
        self.say(About::Size, true, format_args!("{size} bytes of at most {most}"));
        let markers = format_args!("abi {abi}, {kind} {name} {version}, {saves}");
        self.say(About::Markers, true, markers);
        self.say(About::Imports, true, "none");
        self.say(About::Exports, true, "as the contract names them");
        let (memory, most) = (checked.memory, limits::MEMORY_MAX);
        self.say(About::Memory, true, format_args!("{memory} bytes of at most {most}"));
        self.memory = Some(memory);
        self.manifest = Some(checked.manifest.clone());
    }

    /// It was compiled.
    pub(super) fn on_compiled(&mut self, functions: u32, code_bytes: usize) {
        let text = format_args!("{functions} functions, {code_bytes} bytes of machine code");
        self.say(About::Compiler, true, text);
        let most = limits::FRAME_MAX;
        self.say(About::Frames, true, format_args!("none above {most} bytes"));
    }

    /// There was no trial.
    ///
    /// # Errors
    /// When that is not the module's doing.
    pub(super) fn on_no_trial(&mut self, error: &TrialError) -> Result<(), CliError> {
        match error {
            TrialError::Refused(refused) => return self.refuse(refused),
            TrialError::Prepare(error) => {
                self.say(About::Events, false, error);
                let name = match error {
                    host::PrepareError::Setup { fault, .. } => fault.name(),
                    host::PrepareError::NoSlot { .. }
                    | host::PrepareError::Values { .. }
                    | host::PrepareError::OutOfRange { .. } => "not_set_up",
                };
                self.reasons.push(format!("{name}: {error}"));
            }
        }
        Ok(())
    }

    /// It was shown events, so many of them from a journal.
    pub(super) fn on_trial(&mut self, trial: Trial, recorded: u64) {
        let Trial { scenes, calls, wishes, fuel_most, call_ns, .. } = &trial;
        let events = match &trial.faults[..] {
            [] => format!("{scenes} scenes, {calls} calls, {wishes} wishes, no fault"),
            faults => format!("{} after {calls} calls", faults[0]),
        };
        self.say(About::Events, trial.faults.is_empty(), events);
        let (budget, most) = (fuel::PER_CALL, fuel_most);
        let text = format_args!("at most {most} of {budget} units in a call");
        self.say(About::Fuel, *fuel_most < budget, text);
        let twice = if trial.same_twice {
            "two instances did the same"
        } else {
            "two instances were shown the same and did not do the same"
        };
        self.say(About::Twice, trial.same_twice, twice);
        let latency = match calls {
            0 => "no call to measure".to_owned(),
            _ => format!("p50 {} ns, p99 {} ns a call, here", call_ns.p50, call_ns.p99),
        };
        self.say(About::Latency, true, latency);
        self.reasons.extend(trial.reasons());
        self.memory = Some(trial.memory_bytes);
        self.recorded = recorded;
        self.trial = Some(trial);
    }

    /// Its signature was looked at; the comment that was signed with it.
    pub(super) fn on_signature(&mut self, signed: Result<String, SignatureError>) {
        match signed {
            Ok(comment) => self.say(About::Signature, true, format_args!("good, {comment:?}")),
            Err(error) => {
                self.say(About::Signature, false, &error);
                self.reasons.push(format!("{}: {error}", error.name()));
            }
        }
    }

    fn say(&mut self, about: About, ok: bool, text: impl std::fmt::Display) {
        // A later look at the same thing knows more.
        self.rows.retain(|row| row.about != about);
        self.rows.push(Row { about, ok, text: text.to_string() });
    }

    pub(super) const fn ok(&self) -> bool {
        self.reasons.is_empty()
    }

    pub(super) const fn exit(&self) -> Exit {
        if self.ok() { Exit::Done } else { Exit::Refused }
    }

    fn row(&self, about: About) -> Option<&Row> {
        self.rows.iter().find(|row| row.about == about)
    }

    pub(super) fn document(&self) -> Value {
        let manifest = self.manifest.as_ref();
        let checks = About::ALL.into_iter().map(|about| {
            let row = self.row(about);
            let (ok, text) = (row.map(|row| row.ok), row.map(|row| &row.text));
            json!({ "name": about.name(), "ok": ok, "text": text })
        });
        let trial = self.trial.as_ref();
        json!({
            "ok": self.ok(),
            "file": self.file,
            "name": manifest.map(|manifest| &manifest.name),
            "version": manifest.map(|manifest| &manifest.version),
            "kind": manifest.map(|manifest| manifest.kind.name()),
            "abi": manifest.map(|manifest| manifest.abi),
            "reasons": self.reasons,
            "call_ns": trial.map(|trial| {
                json!({ "p50": trial.call_ns.p50, "p99": trial.call_ns.p99 })
            }),
            "memory_bytes": self.memory,
            "fuel": trial.map(|trial| {
                json!({ "most": trial.fuel_most, "budget": fuel::PER_CALL })
            }),
            "events": trial.map(|trial| {
                json!({
                    "scenes": trial.scenes,
                    "calls": trial.calls,
                    "wishes": trial.wishes,
                    "recorded": self.recorded,
                })
            }),
            "size_bytes": self.size,
            "hash": self.hash,
            "checks": checks.collect::<Vec<_>>(),
        })
    }

    pub(super) fn print(&self, out: &mut Out) -> Result<(), CliError> {
        let file = self.file.display();
        match &self.manifest {
            Some(manifest) => {
                let Manifest { kind, name, version, .. } = manifest;
                out.line(format_args!("{file}: {kind} {name} {version}, {}", &self.hash[..32]))?;
            }
            None => out.line(format_args!("{file}: {} bytes, {}", self.size, &self.hash[..32]))?,
        }
        for row in About::ALL.into_iter().filter_map(|about| self.row(about)) {
            let mark = if row.ok { "ok" } else { "no" };
            out.line(format_args!("  {mark}  {:<13} {}", row.about.name(), row.text))?;
        }
        if self.ok() {
            return out.line("It would be taken.");
        }
        out.line("It would be refused:")?;
        for reason in &self.reasons {
            out.line(format_args!("  {reason}"))?;
        }
        Ok(())
    }
}
