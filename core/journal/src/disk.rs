//! What the writer asks of a disk. A trait, so that tests can fill it up or break it.
#![allow(unsafe_code, reason = "posix_fallocate and statvfs have no safe form in std")]

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;

/// A file that is being written.
pub trait DiskFile {
    /// Writes at an offset and says how many bytes it took; fewer than all is allowed.
    ///
    /// # Errors
    /// What the operating system answered.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize>;

    /// Puts data, and as much metadata as reading it back needs, on the medium.
    ///
    /// # Errors
    /// What the operating system answered. After one, nothing since the last good call is sure.
    fn sync_data(&mut self) -> io::Result<()>;

    /// Cuts or extends the file.
    ///
    /// # Errors
    /// What the operating system answered.
    fn set_len(&mut self, len: u64) -> io::Result<()>;
}

/// A place for files.
pub trait Disk {
    /// Its files.
    type File: DiskFile;

    /// Makes a directory and the ones above it, for this user alone.
    ///
    /// # Errors
    /// What the operating system answered.
    fn make_dir(&self, path: &Path) -> io::Result<()>;

    /// Makes an empty file that must not exist.
    ///
    /// # Errors
    /// What the operating system answered.
    fn create(&self, path: &Path) -> io::Result<Self::File>;

    /// Opens or makes a file of `len` zeros whose blocks are allocated.
    ///
    /// # Errors
    /// What the operating system answered; out of space is found here and not at a write.
    fn reserve(&self, path: &Path, len: u64) -> io::Result<Self::File>;

    /// Renames, replacing what has the other name.
    ///
    /// # Errors
    /// What the operating system answered.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// What the operating system answered.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// What the operating system answered.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Puts a file that is there already on the medium, whoever wrote it.
    ///
    /// # Errors
    /// What the operating system answered.
    fn sync_file(&self, path: &Path) -> io::Result<()>;

    /// Bytes that this user may still write.
    ///
    /// # Errors
    /// What the operating system answered.
    fn free_bytes(&self, path: &Path) -> io::Result<u64>;
}

/// The disk of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostDisk;

impl DiskFile for File {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        FileExt::write_at(self, bytes, offset)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        File::sync_data(self)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        File::set_len(self, len)
    }
}

impl Disk for HostDisk {
    type File = File;

    fn make_dir(&self, path: &Path) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
    }

    fn reserve(&self, path: &Path, len: u64) -> io::Result<File> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
        allocate(&file, len).inspect_err(|_| {
            // Blocks of half a reserve help nobody on a full disk.
            let _ = fs::remove_file(path);
        })?;
        Ok(file)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let path = CString::new(path.as_os_str().as_bytes())?;
        let mut stat = std::mem::MaybeUninit::<libc::statvfs>::uninit();
        // SAFETY: `path` ends in a zero byte and `stat` has room for the result.
        let code = unsafe { libc::statvfs(path.as_ptr(), stat.as_mut_ptr()) };
        if code != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a return value of zero means that the whole struct was filled.
        let stat = unsafe { stat.assume_init() };
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

/// Allocates the first `len` bytes of a file, which reads as zeros where nothing was written.
pub(crate) fn allocate(file: &File, len: u64) -> io::Result<()> {
    let len = libc::off_t::try_from(len)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "longer than a file can be"))?;
    for _ in 0..8 {
        // SAFETY: the descriptor is open as long as `file`; no memory is passed.
        match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, len) } {
            0 => return Ok(()),
            libc::EINTR => {}
            code => return Err(io::Error::from_raw_os_error(code)),
        }
    }
    Err(io::ErrorKind::Interrupted.into())
}

/// Writes a small file so that after a power cut it has either its old or its new content.
pub(crate) fn replace(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    let temporary = dir.join(format!(".{name}.tmp"));
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, dir.join(name))?;
    File::open(dir)?.sync_all()
}

/// Reads a small file; `None` when it does not exist.
///
/// # Errors
/// When it is longer than `max`, besides what the operating system answers.
pub(crate) fn read_small(path: &Path, max: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let len = file.metadata()?.len();
    if len > max {
        let text = format!("{len} bytes where at most {max} belong");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let mut bytes = vec![0; len as usize];
    FileExt::read_exact_at(&file, &mut bytes, 0)?;
    Ok(Some(bytes))
}
