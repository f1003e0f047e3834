//! How a command ends.

use std::fmt;
use std::io::Write;
use std::process::ExitCode;

/// What scripts see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Anything that is not one of the others; also a check whose answer is no.
    Failed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// A safety rule said no.
    Refused = 3,
}

impl Exit {
    /// The process's exit code.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub struct CliError {
    exit: Exit,
    /// What was wrong, the value seen, what to do; empty when the reader went away.
    message: String,
}

impl CliError {
    /// Ends with exit code 1.
    pub fn failed(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Failed, message: message.to_string() }
    }

    /// Ends with exit code 2.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Usage, message: message.to_string() }
    }

    /// Ends with exit code 3.
    pub fn refused(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Refused, message: message.to_string() }
    }

    /// Whoever read the output has closed it, as `head` does: the end, without a word.
    pub(crate) const fn closed() -> Self {
        Self { exit: Exit::Done, message: String::new() }
    }

    /// What the process ends with.
    pub const fn exit(&self) -> Exit {
        self.exit
    }

    /// Tells it on the error output.
    pub(crate) fn report(&self) -> ExitCode {
        if !self.message.is_empty() {
            // Nobody is left to tell when this one is closed too.
            let _ = writeln!(std::io::stderr(), "error: {}", self.message);
        }
        self.exit.code().into()
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CliError {}
