//! Questions at the terminal, answered without an echo.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use rustix::termios::{tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// Longest answer, in bytes.
const ANSWER_MAX: usize = 4_096;
const INTERRUPT: u8 = 3;
const END: u8 = 4;
const BACKSPACE: [u8; 2] = [8, 127];
const ERASE_LINE: u8 = 21;

/// The terminal that the process was started from, even where its input is a pipe.
pub(super) struct Terminal {
    file: File,
}

/// Why nobody answered.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// Ctrl-C or Ctrl-D.
    GivenUp,
    /// Longer than any answer.
    TooLong,
    /// Bytes that are no text.
    NoText,
    /// The terminal broke.
    Io(io::Error),
}

impl Terminal {
    /// `None` where there is no terminal: a service, a pipe.
    pub(super) fn open() -> Option<Self> {
        let file = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
        Some(Self { file })
    }

    /// Asks for what must not be seen.
    pub(super) fn ask_secret(&self, question: &str) -> Result<Zeroizing<String>, NoAnswer> {
        let mut file = &self.file;
        let quiet = Quiet::start(file).map_err(NoAnswer::Io)?;
        write!(file, "{question}: ").map_err(NoAnswer::Io)?;
        let line = read_line(&mut file);
        drop(quiet);
        writeln!(file).map_err(NoAnswer::Io)?;
        line
    }

    /// Asks for what may be seen.
    pub(super) fn ask(&self, question: &str) -> Result<Zeroizing<String>, NoAnswer> {
        let mut file = &self.file;
        write!(file, "{question}: ").map_err(NoAnswer::Io)?;
        read_line(&mut file)
    }
}

/// Echo, line editing and signals are off until this is dropped, on every way out.
struct Quiet<'a> {
    file: &'a File,
    before: Termios,
}

impl<'a> Quiet<'a> {
    fn start(file: &'a File) -> io::Result<Self> {
        let before = tcgetattr(file)?;
        let mut quiet = before.clone();
        quiet.local_modes &= !(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(file, OptionalActions::Flush, &quiet)?;
        Ok(Self { file, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // A terminal that went away needs no echo.
        let _ = tcsetattr(self.file, OptionalActions::Flush, &self.before);
    }
}

/// A line, byte by byte, with the keys that mend it.
fn read_line(from: &mut impl Read) -> Result<Zeroizing<String>, NoAnswer> {
    // Room for all of it: growing would leave a piece behind.
    let mut line = Zeroizing::new(Vec::with_capacity(ANSWER_MAX));
    let mut byte = Zeroizing::new([0]);
    loop {
        if from.read(&mut *byte).map_err(NoAnswer::Io)? == 0 {
            return Err(NoAnswer::GivenUp);
        }
        match byte[0] {
            b'\n' | b'\r' => break,
            INTERRUPT | END => return Err(NoAnswer::GivenUp),
            ERASE_LINE => line.clear(),
            key if BACKSPACE.contains(&key) => while line.pop().is_some_and(is_inside) {},
            _ if line.len() == ANSWER_MAX => return Err(NoAnswer::TooLong),
            other => line.push(other),
        }
    }
    let text = std::str::from_utf8(&line).map_err(|_| NoAnswer::NoText)?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Whether a byte continues a character that an earlier one began.
const fn is_inside(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_mended_while_it_is_typed() {
        for (typed, wanted) in [
            (&b"abc\n"[..], "abc"),
            (b"abx\x7fc\r", "abc"),
            (b"\x08\x7fa\n", "a"),
            ("a\u{e9}\u{7f}b\n".as_bytes(), "ab"),
            (b"wrong\x15right\nmore", "right"),
            (b"\n", ""),
        ] {
            assert_eq!(read_line(&mut &typed[..]).unwrap().as_str(), wanted);
        }
    }

    #[test]
    fn giving_up_is_no_answer() {
        for typed in [&b"abc\x03"[..], b"abc\x04", b"abc"] {
            assert!(matches!(read_line(&mut &typed[..]), Err(NoAnswer::GivenUp)));
        }
        let endless = vec![b'a'; ANSWER_MAX + 1];
        assert!(matches!(read_line(&mut &endless[..]), Err(NoAnswer::TooLong)));
        assert!(matches!(read_line(&mut &b"\xff\n"[..]), Err(NoAnswer::NoText)));
    }
}
