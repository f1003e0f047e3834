//! Where results go: text or JSON, buffered, and quiet when the reader goes away.

use std::fmt;
use std::io::{self, BufWriter, Write};

use serde::Serialize;

use super::CliError;

/// The command's output.
pub struct Out {
    to: BufWriter<Box<dyn Write>>,
    json: bool,
}

impl fmt::Debug for Out {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Out").field("json", &self.json).finish_non_exhaustive()
    }
}

impl Out {
    /// The standard output.
    pub fn stdout(json: bool) -> Self {
        Self::to(Box::new(io::stdout()), json)
    }

    /// Any other place.
    pub fn to(to: Box<dyn Write>, json: bool) -> Self {
        Self { to: BufWriter::new(to), json }
    }

    /// Whether documents are wanted instead of text.
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a line of text.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn line(&mut self, text: impl fmt::Display) -> Result<(), CliError> {
        writeln!(self.to, "{text}").map_err(|error| failed(&error))
    }

    /// Prints a document on a line of its own.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn document(&mut self, document: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string(document).map_err(CliError::failed)?;
        self.line(text)
    }

    /// Tells at once what goes on, for whoever still listens: a process that must go on is not ended
    /// by a reader that is gone. After the first failure nothing is printed any more.
    pub(crate) fn tell(&mut self, document: &impl Serialize, text: impl fmt::Display) {
        let told = if self.json { self.document(document) } else { self.line(text) };
        if told.and_then(|()| self.flush()).is_err() {
            self.to = BufWriter::new(Box::new(io::sink()));
        }
    }

    /// Hands over what was printed so far; others wait for it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> Result<(), CliError> {
        self.to.flush().map_err(|error| failed(&error))
    }
}

fn failed(error: &io::Error) -> CliError {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return CliError::closed();
    }
    CliError::failed(format!("cannot write the output: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Exit;

    struct Refusing(io::ErrorKind);

    impl Write for Refusing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn end(kind: io::ErrorKind) -> CliError {
        let mut out = Out::to(Box::new(Refusing(kind)), false);
        out.line("x").unwrap();
        out.flush().unwrap_err()
    }

    #[test]
    fn a_reader_that_goes_away_ends_the_command_without_a_word() {
        let error = end(io::ErrorKind::BrokenPipe);
        assert_eq!((error.exit(), error.to_string().as_str()), (Exit::Done, ""));
    }

    #[test]
    fn a_reader_that_goes_away_does_not_end_a_process_that_goes_on() {
        for kind in [io::ErrorKind::BrokenPipe, io::ErrorKind::StorageFull] {
            let mut out = Out::to(Box::new(Refusing(kind)), false);
            out.tell(&(), "running");
            out.line("stopped").unwrap();
            assert!(out.flush().is_ok(), "{kind}: nothing of it is left to fail at the end");
        }
    }

    #[test]
    fn an_output_that_cannot_be_written_is_a_failure() {
        let error = end(io::ErrorKind::StorageFull);
        assert_eq!(error.exit(), Exit::Failed);
        assert!(error.to_string().contains("output"), "{error}");
    }
}
