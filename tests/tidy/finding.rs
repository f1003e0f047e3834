//! One thing that is not as the house has it.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) path: String,
    /// From 1; 0 for the whole file.
    pub(crate) line: usize,
    pub(crate) seen: String,
    pub(crate) mend: String,
}

impl Finding {
    pub(crate) fn new(
        path: &str,
        line: usize,
        seen: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { path: path.into(), line, seen: seen.into(), mend: mend.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, seen, mend } = self;
        if *line == 0 {
            return write!(f, "{path}: {seen}; {mend}");
        }
        write!(f, "{path}:{line}: {seen}; {mend}")
    }
}
