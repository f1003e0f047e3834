//! The file itself: nobody but its owner reads it, and a save is whole or did not happen.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Fault, StoreError};

/// Far above any store: 64 entries of at most 1.1 KB.
const FILE_MAX: u64 = 1 << 20;

/// All of the file, when only its owner can read it.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    let refused = |error: io::Error| {
        let missing = error.kind() == io::ErrorKind::NotFound;
        if missing { Fault::Missing.of(path) } else { Fault::system("read", &error).of(path) }
    };
    let file = File::open(path).map_err(refused)?;
    let about = file.metadata().map_err(refused)?;
    let mode = about.mode() & 0o777;
    if !about.is_file() || about.len() > FILE_MAX {
        return Err(Fault::NotAFile.of(path));
    }
    if mode & 0o077 != 0 {
        return Err(Fault::Open { mode }.of(path));
    }
    let mut bytes = Vec::new();
    file.take(FILE_MAX).read_to_end(&mut bytes).map_err(refused)?;
    Ok(bytes)
}

/// Puts `bytes` in the place of the file, mode 0600: on disk under another name first, then
/// renamed.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let refused = |error: io::Error| Fault::system("write", &error).of(path);
    let draft = beside(path, "new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refused(error)),
        _ => {}
    }
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        File::open(folder(path))?.sync_all()
    })();
    written.map_err(|error| {
        // The draft holds nothing but sealed bytes; the error that is told is the first one.
        let _ = fs::remove_file(&draft);
        refused(error)
    })
}

/// Keeps other commands from changing the store while it lives.
#[derive(Debug)]
pub(crate) struct Claim {
    _file: File,
}

impl Claim {
    pub(crate) fn take(path: &Path) -> Result<Self, StoreError> {
        let refused = |error: io::Error| Fault::system("lock", &error).of(path);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder(path))
            .map_err(|error| Fault::system("make the folder of", &error).of(path))?;
        let mut how = OpenOptions::new();
        how.write(true).create(true).truncate(false).mode(0o600);
        let file = how.open(beside(path, "lock")).map_err(refused)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(fs::TryLockError::WouldBlock) => Err(Fault::Busy.of(path)),
            Err(fs::TryLockError::Error(error)) => Err(refused(error)),
        }
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}
