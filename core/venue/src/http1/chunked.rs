//! The chunked transfer encoding, byte by byte where it must and in slices where it can.

use super::{HttpError, Limits, append};

/// Where in the encoding the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunked {
    part: Part,
    /// Size being read, or data bytes left of the chunk.
    size: usize,
    /// Bytes of this size line, or of all trailers.
    line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Hexadecimal digits; `digits` says whether there was one.
    Size {
        digits: bool,
    },
    /// After the digits, until the line's end; its content means nothing to us.
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    TrailerStart,
    Trailer,
    TrailerLf,
    EndLf,
    Done,
}

/// Longest size line, extensions included.
const SIZE_LINE_MAX: usize = 256;

impl Chunked {
    pub(super) const fn new() -> Self {
        Self { part: Part::Size { digits: false }, size: 0, line: 0 }
    }

    pub(super) fn is_done(self) -> bool {
        self.part == Part::Done
    }

    /// Takes bytes up to the end of the body; returns how many.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        body: &mut Vec<u8>,
        limits: Limits,
    ) -> Result<usize, HttpError> {
        let mut at = 0;
        while at < bytes.len() && self.part != Part::Done {
            if self.part == Part::Data {
                let len = self.size.min(bytes.len() - at);
                append(body, &bytes[at..at + len], limits.body_max)?;
                self.size -= len;
                at += len;
                if self.size == 0 {
                    self.part = Part::DataCr;
                }
                continue;
            }
            self.step(bytes[at], body.len(), limits)?;
            at += 1;
        }
        Ok(at)
    }

    fn step(&mut self, byte: u8, body_len: usize, limits: Limits) -> Result<(), HttpError> {
        self.part = match (self.part, byte) {
            (Part::Size { digits: true }, b'\r') | (Part::Extension, b'\r') => Part::SizeLf,
            (Part::Size { digits: true }, b';' | b' ' | b'\t') => {
                self.count(SIZE_LINE_MAX)?;
                Part::Extension
            }
            (Part::Size { .. }, _) => {
                self.count(SIZE_LINE_MAX)?;
                let digit = char::from(byte).to_digit(16).ok_or(HttpError::BadChunk)? as usize;
                let size = self.size.checked_mul(16).and_then(|size| size.checked_add(digit));
                let max = limits.body_max;
                self.size = size
                    .filter(|&size| size <= max - body_len)
                    .ok_or(HttpError::BodyTooLong { max })?;
                Part::Size { digits: true }
            }
            (Part::Extension, b'\n') => return Err(HttpError::BadChunk),
            (Part::Extension, _) => {
                self.count(SIZE_LINE_MAX)?;
                Part::Extension
            }
            (Part::SizeLf, b'\n') => {
                self.line = 0;
                if self.size == 0 { Part::TrailerStart } else { Part::Data }
            }
            (Part::DataCr, b'\r') => Part::DataLf,
            (Part::DataLf, b'\n') => Part::Size { digits: false },
            (Part::TrailerStart, b'\r') => Part::EndLf,
            (Part::Trailer, b'\r') => Part::TrailerLf,
            (Part::TrailerStart | Part::Trailer, b'\n') => return Err(HttpError::BadChunk),
            (Part::TrailerStart | Part::Trailer, _) => {
                self.count(limits.head_max)?;
                Part::Trailer
            }
            (Part::TrailerLf, b'\n') => Part::TrailerStart,
            (Part::EndLf, b'\n') => Part::Done,
            (
                Part::SizeLf
                | Part::DataCr
                | Part::DataLf
                | Part::TrailerLf
                | Part::EndLf
                | Part::Data
                | Part::Done,
                _,
            ) => return Err(HttpError::BadChunk),
        };
        Ok(())
    }

    fn count(&mut self, max: usize) -> Result<(), HttpError> {
        self.line += 1;
        if self.line > max { Err(HttpError::HeadTooLong { max }) } else { Ok(()) }
    }
}
