//! Where the ring's file lives: a directory of this user alone, on a file system in memory.
#![allow(unsafe_code, reason = "statfs and geteuid have no safe form in std")]

use std::ffi::{CString, OsString};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

const TMPFS: i64 = 0x0102_1994;
const RAMFS: i64 = 0x8584_58f6;

/// A directory that holds rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeDir {
    /// Where.
    pub path: PathBuf,
    /// Whether its files live in memory. Live trading refuses others; demo and paper warn.
    pub in_memory: bool,
    /// The file system's type number, for the message.
    pub fs_type: i64,
}

/// Why a directory cannot hold a ring.
#[derive(Debug)]
pub enum RuntimeDirError {
    /// The operating system refused.
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which directory.
        path: PathBuf,
        /// What it answered.
        error: io::Error,
    },
    /// Somebody else owns it, or it is not a directory (a link, perhaps).
    NotOurs {
        /// The directory.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// Who we are.
        us: u32,
    },
    /// Others may look or write into it.
    Open {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl core::fmt::Display for RuntimeDirError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Io { doing, path, error } => {
                write!(f, "cannot {doing} the runtime directory {}: {error}", path.display())
            }
            Self::NotOurs { path, owner, us } => write!(
                f,
                "the runtime directory {} is not a directory of user {us} (owner {owner}); \
                 remove it or name another one",
                path.display()
            ),
            Self::Open { path, mode } => write!(
                f,
                "the runtime directory {} has mode {mode:03o}; make it 700",
                path.display()
            ),
        }
    }
}

impl core::error::Error for RuntimeDirError {}

impl RuntimeDir {
    /// `$XDG_RUNTIME_DIR/shrike`, else `/dev/shm/shrike-UID`; made if missing, and checked.
    ///
    /// # Errors
    /// [`RuntimeDirError`]; nothing is used that somebody else could write.
    pub fn find() -> Result<Self, RuntimeDirError> {
        Self::prepare(&default_path(std::env::var_os("XDG_RUNTIME_DIR"), user()))
    }

    /// Makes `path` with mode 700 if it is missing, and checks its owner and mode.
    ///
    /// # Errors
    /// As [`RuntimeDir::find`].
    pub fn prepare(path: &Path) -> Result<Self, RuntimeDirError> {
        let failed = |doing, error| RuntimeDirError::Io { doing, path: path.to_owned(), error };
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed("make", error)),
        }
        let meta = fs::symlink_metadata(path).map_err(|error| failed("look at", error))?;
        let us = user();
        if !meta.is_dir() || meta.uid() != us {
            return Err(RuntimeDirError::NotOurs { path: path.to_owned(), owner: meta.uid(), us });
        }
        if meta.mode() & 0o077 != 0 {
            return Err(RuntimeDirError::Open { path: path.to_owned(), mode: meta.mode() & 0o777 });
        }
        let fs_type = fs_type(path).map_err(|error| failed("ask the type of", error))?;
        let in_memory = fs_type == TMPFS || fs_type == RAMFS;
        Ok(Self { path: path.to_owned(), in_memory, fs_type })
    }
}

fn default_path(xdg: Option<OsString>, user: u32) -> PathBuf {
    match xdg.map(PathBuf::from).filter(|path| path.is_absolute()) {
        Some(base) => base.join("shrike"),
        None => PathBuf::from(format!("/dev/shm/shrike-{user}")),
    }
}

fn user() -> u32 {
    // SAFETY: takes nothing, cannot fail, touches no memory.
    unsafe { libc::geteuid() }
}

fn fs_type(path: &Path) -> io::Result<i64> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut stat = std::mem::MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: `path` ends in a zero byte and `stat` has room for the result.
    let code = unsafe { libc::statfs(path.as_ptr(), stat.as_mut_ptr()) };
    if code != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a return value of zero means that the whole struct was filled.
    Ok(unsafe { stat.assume_init() }.f_type)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_session_directory_comes_before_shared_memory_and_a_relative_one_does_not_count() {
        let shm = PathBuf::from("/dev/shm/shrike-7");
        assert_eq!(default_path(None, 7), shm);
        assert_eq!(default_path(Some("run".into()), 7), shm);
        assert_eq!(default_path(Some("/run/user/7".into()), 7), Path::new("/run/user/7/shrike"));
    }

    #[test]
    fn a_directory_that_others_may_read_is_refused_and_names_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        assert!(RuntimeDir::prepare(&path).is_ok());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let error = RuntimeDir::prepare(&path).unwrap_err();
        assert!(matches!(error, RuntimeDirError::Open { mode: 0o755, .. }), "{error}");
    }

    #[test]
    fn a_link_in_the_place_of_the_directory_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run");
        std::os::unix::fs::symlink(dir.path(), &path).unwrap();
        let error = RuntimeDir::prepare(&path).unwrap_err();
        assert!(matches!(error, RuntimeDirError::NotOurs { .. }), "{error}");
    }
}
