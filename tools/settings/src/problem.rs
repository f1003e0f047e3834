//! What can be wrong with a configuration, each with the figure seen and the mend.

use std::fmt;

use crate::schema;

/// Everything wrong with a configuration, not only the first thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// In the order of files, variables, command line; then what fits together badly.
    pub problems: Vec<Problem>,
}

/// One thing wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Who said it; none for what nobody said.
    pub source: Option<Source>,
    /// The key's full path; empty for a fault of a whole file.
    pub key: String,
    /// What is wrong.
    pub fault: Fault,
}

/// Who said a value. Later ones win.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A file, by the name it was given.
    File(String),
    /// An environment variable.
    Env(String),
    /// The command line, or whoever else overrides.
    Override,
}

/// What is wrong with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The file cannot be read.
    Unreadable {
        /// What the system said.
        reason: String,
    },
    /// Not TOML.
    Syntax {
        /// From 1.
        line: usize,
        /// What the parser said, without the line's text.
        message: String,
    },
    /// No such key.
    Unknown {
        /// Its value, cut and without secrets.
        seen: String,
        /// The known key that looks most like it.
        nearest: Option<String>,
    },
    /// Nobody said it, and there are no silent defaults.
    Missing {
        /// As it would be written.
        example: &'static str,
    },
    /// Two files say it.
    Twice {
        /// The file that said it first.
        first: String,
    },
    /// Another type of value.
    WrongType {
        /// The value, cut and without secrets.
        seen: String,
        /// The type asked for.
        wanted: &'static str,
        /// As it would be written.
        example: &'static str,
    },
    /// The right type, but not this value.
    OutOfRange {
        /// The value, cut and without secrets.
        seen: String,
        /// What is allowed.
        range: String,
    },
    /// A list of tables with too few or too many entries.
    Count {
        /// Entries.
        seen: usize,
        /// At least.
        min: usize,
        /// At most.
        max: usize,
    },
    /// Something else than a reference where a key's place belongs. Its text is not shown.
    NotAReference {
        /// Length of what was written.
        characters: usize,
    },
    /// A value that looks like a pasted key. Its text is not shown.
    LooksSecret {
        /// Length of what was written.
        characters: usize,
    },
    /// Good alone, impossible beside another key.
    Clash {
        /// Both figures, and what must hold.
        rule: String,
    },
}

impl std::error::Error for LoadError {}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name) => f.write_str(name),
            Self::Env(name) => write!(f, "environment {name}"),
            Self::Override => f.write_str("command line"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(f, "{source}: ")?;
        }
        let key = &self.key;
        match &self.fault {
            Fault::Unreadable { reason } => write!(f, "cannot be read: {reason}"),
            Fault::Syntax { line, message } => write!(f, "line {line}: {message}"),
            Fault::Unknown { seen, nearest: Some(nearest) } => {
                write!(f, "unknown key {key} = {seen}; did you mean {nearest}?")
            }
            Fault::Unknown { seen, nearest: None } => {
                write!(f, "unknown key {key} = {seen}; config/README.md lists every key")
            }
            Fault::Missing { example } => {
                let home = schema::home(key);
                write!(f, "{key} is missing; write it in {home}, for example {key} = {example}")
            }
            Fault::Twice { first } => {
                write!(f, "{key} stands in {first} too; keep one of them")
            }
            Fault::WrongType { seen, wanted, example } => {
                write!(f, "{key} = {seen}, but it takes {wanted}, for example {example}")
            }
            Fault::OutOfRange { seen, range } => {
                write!(f, "{key} = {seen}, but it takes {range}")
            }
            Fault::Count { seen, min, max } => {
                write!(f, "{key} has {seen} entries, but it takes {min} to {max}")
            }
            Fault::NotAReference { characters } => write!(
                f,
                "{key} holds {characters} characters that are neither env:NAME nor file:PATH; \
                 never write a key itself into a file, and replace one that was"
            ),
            Fault::LooksSecret { characters } => write!(
                f,
                "{key} holds {characters} characters that look like a secret; \
                 take it out, and replace the secret"
            ),
            Fault::Clash { rule } => f.write_str(rule),
        }
    }
}
