//! A payload from a file or from the standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::CliError;

/// More than any payload of the exchange; its largest page has about 1 MB.
const INPUT_MAX: u64 = 64 << 20;

/// Reads `file`, or the standard input when there is none or it is `-`.
pub(super) fn read(file: Option<&Path>) -> Result<Vec<u8>, CliError> {
    let named = file.filter(|path| *path != Path::new("-"));
    let name = named.map_or("standard input".into(), |path| path.display().to_string());
    let bytes = match named {
        Some(path) => File::open(path).and_then(take),
        None => take(io::stdin()),
    };
    let bytes = bytes.map_err(|error| CliError::failed(format!("cannot read {name}: {error}")))?;
    if bytes.len() as u64 > INPUT_MAX {
        let max = INPUT_MAX >> 20;
        return Err(CliError::failed(format!("{name} is larger than a payload's {max} MiB")));
    }
    Ok(bytes)
}

fn take(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(INPUT_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
