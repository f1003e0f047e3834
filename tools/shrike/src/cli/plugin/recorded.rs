//! Events as a journal holds them.

use std::path::Path;

use journal::{Kind, Reader};
use model::wire::{self, Wire};
use model::{Event, Mono};

/// The inputs of a journal in order, up to the first that cannot be read.
pub(super) struct Recorded<'a> {
    reader: Reader,
    count: &'a mut u64,
    bad: &'a mut Option<String>,
}

impl<'a> Recorded<'a> {
    /// `count` counts them, and `bad` says why the journal could not be read to its end.
    pub(super) fn open(
        path: &Path,
        count: &'a mut u64,
        bad: &'a mut Option<String>,
    ) -> Result<Self, String> {
        let reader = Reader::open(path).map_err(|error| error.to_string())?;
        Ok(Self { reader, count, bad })
    }
}

impl Iterator for Recorded<'_> {
    type Item = (Mono, Event);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let record = match self.reader.read() {
                Ok(record) => record?,
                Err(broken) => {
                    *self.bad = Some(broken.to_string());
                    return None;
                }
            };
            if record.kind != Kind::INPUT {
                continue;
            }
            match Event::read(&mut wire::Reader::new(record.payload)) {
                Ok(event) => {
                    *self.count += 1;
                    return Some((record.at, event));
                }
                Err(error) => {
                    *self.bad = Some(format!("record {}: {error}", record.seq));
                    return None;
                }
            }
        }
    }
}
