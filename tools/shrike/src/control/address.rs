//! Where the socket of a data directory is.

use std::fmt;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Bytes of a socket's path that the kernel takes, without the closing zero.
const SOCKET_PATH_MAX: usize = 107;
/// Bytes of the pointer file that are read.
const POINTER_MAX: u64 = 4_096;
const FOLDER: &str = "run";
const SOCKET: &str = "control.sock";
const POINTER: &str = "control.addr";

/// The socket of one data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The socket.
    pub socket: PathBuf,
    /// The file in the data directory that names it, when it stands elsewhere.
    pub pointer: Option<PathBuf>,
}

/// Why there can be no socket.
#[derive(Debug)]
pub enum AddressError {
    /// The operating system refused.
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which path.
        path: PathBuf,
        /// What it answered.
        error: io::Error,
    },
    /// No path is short enough for the kernel.
    TooLong {
        /// The shortest there was.
        path: PathBuf,
        /// Its length in bytes.
        len: usize,
    },
    /// Something that is no socket stands in the way.
    NotASocket {
        /// Where.
        path: PathBuf,
    },
    /// Others could replace the socket.
    Unsafe {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { doing, path, error } => {
                write!(f, "cannot {doing} {}: {error}", path.display())
            }
            Self::TooLong { path, len } => write!(
                f,
                "the socket's path {} has {len} bytes, the kernel takes {SOCKET_PATH_MAX}; name a \
                 shorter runtime_dir",
                path.display()
            ),
            Self::NotASocket { path } => write!(
                f,
                "{} is in the way of the control socket and is none; move it away",
                path.display()
            ),
            Self::Unsafe { path, mode } => write!(
                f,
                "{} belongs to another user or may be entered by one (mode {mode:o}); give it to \
                 the trader's user with mode 0700",
                path.display()
            ),
        }
    }
}

impl std::error::Error for AddressError {}

impl Address {
    /// Chooses the socket of `data` and clears what a dead process left. The caller holds the lock
    /// of the data directory. `runtime_dir` serves where the path in `data` is too long.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn prepare(data: &Path, runtime_dir: &Path) -> Result<Self, AddressError> {
        let data = data.canonicalize().map_err(|e| failed("find", data, e))?;
        let (folder, pointer) = (data.join(FOLDER), data.join(POINTER));
        let near = folder.join(SOCKET);
        if near.as_os_str().len() <= SOCKET_PATH_MAX {
            private_folder(&folder, &data)?;
            remove_socket(&near)?;
            remove(&pointer)?;
            return Ok(Self { socket: near, pointer: None });
        }
        private_folder(runtime_dir, &data)?;
        let far = runtime_dir.canonicalize().map_err(|e| failed("find", runtime_dir, e))?;
        let far = far.join(format!("control-{:016x}.sock", key_of(&data)));
        let len = far.as_os_str().len();
        if len > SOCKET_PATH_MAX {
            return Err(AddressError::TooLong { path: far, len });
        }
        remove_socket(&far)?;
        fs::write(&pointer, far.as_os_str().as_bytes())
            .map_err(|e| failed("write", &pointer, e))?;
        Ok(Self { socket: far, pointer: Some(pointer) })
    }

    /// Where the socket of `data` is if a trader runs there; `None` when none does.
    ///
    /// # Errors
    /// [`AddressError::Io`] when the pointer file cannot be read.
    pub fn find(data: &Path) -> Result<Option<PathBuf>, AddressError> {
        let Ok(data) = data.canonicalize() else { return Ok(None) };
        let pointer = data.join(POINTER);
        let socket = match fs::File::open(&pointer) {
            Ok(file) => {
                let mut bytes = Vec::new();
                let read = file.take(POINTER_MAX).read_to_end(&mut bytes);
                read.map_err(|e| failed("read", &pointer, e))?;
                PathBuf::from(std::ffi::OsString::from_vec(bytes))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => data.join(FOLDER).join(SOCKET),
            Err(error) => return Err(failed("open", &pointer, error)),
        };
        let there = fs::metadata(&socket).is_ok_and(|found| found.file_type().is_socket());
        Ok(there.then_some(socket))
    }

    /// Takes socket and pointer away.
    pub(super) fn clear(&self) {
        // What stays is cleared by the next start.
        let _ = fs::remove_file(&self.socket);
        if let Some(pointer) = &self.pointer {
            let _ = fs::remove_file(pointer);
        }
    }
}

/// Two data directories with one runtime directory must not meet.
fn key_of(data: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    hasher.finish()
}

/// Makes a folder that only the owner of the data directory may enter.
fn private_folder(folder: &Path, data: &Path) -> Result<(), AddressError> {
    let mut maker = fs::DirBuilder::new();
    maker.recursive(true).mode(0o700);
    maker.create(folder).map_err(|e| failed("make", folder, e))?;
    let found = fs::metadata(folder).map_err(|e| failed("look at", folder, e))?;
    let owner = fs::metadata(data).map_err(|e| failed("look at", data, e))?.uid();
    let mode = found.mode() & 0o777;
    if found.uid() != owner || mode & 0o077 != 0 {
        return Err(AddressError::Unsafe { path: folder.to_owned(), mode });
    }
    Ok(())
}

fn remove_socket(path: &Path) -> Result<(), AddressError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => remove(path),
        Ok(_) => Err(AddressError::NotASocket { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("look at", path, error)),
    }
}

fn remove(path: &Path) -> Result<(), AddressError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

pub(super) fn failed(doing: &'static str, path: &Path, error: io::Error) -> AddressError {
    AddressError::Io { doing, path: path.to_owned(), error }
}
