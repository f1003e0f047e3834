//! What a check found: a line each, ok, warn or fail, with the value seen and the mend.

use std::fmt;

use serde::Serialize;

use crate::cli::{CliError, Exit, Out};

/// How a line reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Worth a look; nothing is held back.
    Warn,
    /// Must be mended.
    Fail,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub what: String,
    /// How it stands.
    pub verdict: Verdict,
    /// The value seen.
    pub seen: String,
    /// What to do; empty when nothing is to be done.
    pub mend: String,
}

impl Finding {
    /// As it should be.
    pub fn ok(what: impl Into<String>, seen: impl fmt::Display) -> Self {
        Self::new(what, Verdict::Ok, seen, "")
    }

    /// Worth a look.
    pub fn warn(what: impl Into<String>, seen: impl fmt::Display, mend: impl fmt::Display) -> Self {
        Self::new(what, Verdict::Warn, seen, mend)
    }

    /// Must be mended.
    pub fn fail(what: impl Into<String>, seen: impl fmt::Display, mend: impl fmt::Display) -> Self {
        Self::new(what, Verdict::Fail, seen, mend)
    }

    fn new(
        what: impl Into<String>,
        verdict: Verdict,
        seen: impl fmt::Display,
        mend: impl fmt::Display,
    ) -> Self {
        Self { what: what.into(), verdict, seen: seen.to_string(), mend: mend.to_string() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "FAIL",
        };
        write!(f, "{verdict:<5} {:<28} {}", self.what, self.seen)?;
        if !self.mend.is_empty() {
            write!(f, "\n      -> {}", self.mend)?;
        }
        Ok(())
    }
}

/// The worst of them.
pub fn worst(findings: &[Finding]) -> Verdict {
    findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok)
}

/// Prints them for people.
///
/// # Errors
/// When they cannot be written.
pub(crate) fn print(findings: &[Finding], out: &mut Out) -> Result<(), CliError> {
    findings.iter().try_for_each(|finding| out.line(finding))
}

/// 3 for a key that may withdraw, 1 when something must be mended, else 0.
pub(crate) fn exit(findings: &[Finding], may_withdraw: bool) -> Exit {
    match worst(findings) {
        _ if may_withdraw => Exit::Refused,
        Verdict::Fail => Exit::Failed,
        Verdict::Ok | Verdict::Warn => Exit::Done,
    }
}
