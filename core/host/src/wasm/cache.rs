//! Artefacts that were compiled before, in a folder that nobody but this user can write to.
//!
//! Whoever can change an artefact runs code in the trader. So the folder and every file must
//! belong to this user and be closed to others, links are not followed, and a file counts only
//! when the hash in its head is that of its artefact and the head names this engine and this
//! module. Anything else is deleted, and the module is compiled again.

use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, Stat};

use super::compile::ARTEFACT_MAX;
use super::engine::fingerprint;

/// The first bytes of a file; the last one counts the layouts.
const MAGIC: [u8; 16] = *b"shrike-artefact\x01";
/// Magic, engine, module, artefact: a hash each behind the magic.
const HEAD: usize = 16 + 3 * 32;
/// Rights of group and others.
const OTHERS: u32 = 0o077;

/// The folder.
#[derive(Debug)]
pub struct Cache {
    place: PathBuf,
    folder: OwnedFd,
    engine: [u8; 32],
}

/// What a look into the cache found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// What the compiler made of the module.
    Artefact(Vec<u8>),
    /// No file.
    Nothing,
    /// A file that cannot be trusted; it was deleted.
    Spoiled(&'static str),
}

impl Cache {
    /// Opens the folder, and makes it where it is missing.
    ///
    /// # Errors
    /// [`CacheError`] when the folder is a link, belongs to somebody else, or others may enter it.
    pub fn open(place: &Path) -> Result<Self, CacheError> {
        let failed = |error: io::Error| CacheError::new(place, error.to_string());
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(place);
        if let Err(error) = made
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(failed(error));
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = fs::open(place, flags, Mode::empty()).map_err(|error| failed(error.into()))?;
        let stat = fs::fstat(&folder).map_err(|error| failed(error.into()))?;
        match not_private(&stat) {
            Some(why) => Err(CacheError::new(place, why.to_owned())),
            None => Ok(Self { place: place.to_owned(), folder, engine: engine() }),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// The artefact of a module, by the module's hash.
    #[must_use]
    pub fn get(&self, module: &[u8; 32]) -> Found {
        let name = name(module);
        let why = match self.read(&name) {
            Ok(None) => return Found::Nothing,
            Ok(Some(bytes)) => match self.open_head(module, &bytes) {
                Ok(()) => return Found::Artefact(bytes[HEAD..].to_vec()),
                Err(why) => why,
            },
            Err(why) => why,
        };
        // What cannot be deleted is replaced or found again.
        let _ = fs::unlinkat(&self.folder, &name, AtFlags::empty());
        Found::Spoiled(why)
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, &'static str> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match fs::openat(&self.folder, name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            Err(rustix::io::Errno::LOOP) => return Err("it is a link"),
            Err(_) => return Err("it cannot be opened"),
        };
        let stat = fs::fstat(&file).map_err(|_| "it cannot be looked at")?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err("it is no file");
        }
        if let Some(why) = not_private(&stat) {
            return Err(why);
        }
        let mut bytes = Vec::new();
        let most = (HEAD + ARTEFACT_MAX) as u64 + 1;
        let read = std::fs::File::from(file).take(most).read_to_end(&mut bytes);
        if read.is_err() || bytes.len() as u64 == most {
            return Err("it cannot be read");
        }
        Ok(Some(bytes))
    }

    fn open_head(&self, module: &[u8; 32], bytes: &[u8]) -> Result<(), &'static str> {
        if bytes.len() <= HEAD || bytes[..16] != MAGIC {
            return Err("it is no artefact");
        }
        if bytes[16..48] != self.engine {
            return Err("another engine made it");
        }
        if bytes[48..80] != *module {
            return Err("it is of another module");
        }
        if bytes[80..112] != *blake3::hash(&bytes[HEAD..]).as_bytes() {
            return Err("it was changed");
        }
        Ok(())
    }

    /// Keeps an artefact; a file that is there is replaced.
    ///
    /// # Errors
    /// [`CacheError`] when it cannot be written. The artefact is good all the same.
    pub fn put(&self, module: &[u8; 32], artefact: &[u8]) -> Result<(), CacheError> {
        let unfinished = unfinished();
        let written = self.write(&unfinished, module, artefact).and_then(|()| {
            Ok(fs::renameat(&self.folder, &unfinished, &self.folder, name(module))?)
        });
        written.map_err(|error| {
            // It may not be there at all.
            let _ = fs::unlinkat(&self.folder, &unfinished, AtFlags::empty());
            CacheError::new(&self.place, error.to_string())
        })
    }

    fn write(&self, name: &str, module: &[u8; 32], artefact: &[u8]) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = fs::openat(&self.folder, name, flags, Mode::RUSR | Mode::WUSR)?;
        let mut file = std::fs::File::from(file);
        file.write_all(&MAGIC)?;
        file.write_all(&self.engine)?;
        file.write_all(module)?;
        file.write_all(blake3::hash(artefact).as_bytes())?;
        file.write_all(artefact)
    }
}

/// Why others could have written it; `None` when they could not.
fn not_private(stat: &Stat) -> Option<&'static str> {
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        Some("it belongs to somebody else")
    } else if stat.st_mode & OTHERS != 0 {
        Some("others may enter it")
    } else {
        None
    }
}

/// The engine on this kind of machine.
fn engine() -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&fingerprint());
    hasher.update(std::env::consts::ARCH.as_bytes());
    *hasher.finalize().as_bytes()
}

fn name(module: &[u8; 32]) -> String {
    format!("{}.cwasm", blake3::Hash::from_bytes(*module).to_hex())
}

/// A name that no other thread or process uses.
fn unfinished() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{}-{count}.unfinished", std::process::id())
}

/// A folder that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheError {
    /// The folder.
    pub place: PathBuf,
    /// What is wrong with it.
    pub text: String,
}

impl CacheError {
    fn new(place: &Path, text: String) -> Self {
        Self { place: place.to_owned(), text }
    }
}

impl fmt::Display for CacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, text } = self;
        write!(
            f,
            "no artefacts are kept in {}: {text}; give a folder of your own with mode 700",
            place.display()
        )
    }
}

impl std::error::Error for CacheError {}
