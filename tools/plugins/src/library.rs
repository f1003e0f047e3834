//! Plug-ins as modules: found by name or by hash, checked, compiled, and kept.
//!
//! A name is looked for in the operator's folder first and among the shipped ones next. Whatever
//! runs is kept under its hash in the data directory, so that a restart and a replay find the very
//! bytes that a permit names.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use abi::Guest;
use host::wasm::{Blueprint, Cache, Compiler, Refused, Sandbox};
use host::{Manifest, PrepareError, Prepared, Standing};
use journal::{BlobError, BlobHash, Blobs};
use model::Slot;

use crate::signature::{self, Key};
use crate::{Shipped, ValuesError, values};

/// Bytes of a module file that are read at most; the check refuses far less.
const FILE_MAX: u64 = 16 << 20;

/// Where a plug-in came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// It comes with the program.
    Shipped,
    /// It is linked into the program and runs without a sandbox.
    Native,
    /// This file.
    File(PathBuf),
    /// It ran before, and was kept.
    Kept,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shipped => f.write_str("shipped"),
            Self::Native => f.write_str("native"),
            Self::File(path) => path.display().fmt(f),
            Self::Kept => f.write_str("kept"),
        }
    }
}

/// A plug-in that is ready to be instantiated.
#[derive(Clone, Debug)]
pub struct Known {
    /// As permits name it.
    pub hash: u128,
    /// What it says about itself.
    pub manifest: Manifest,
    /// Where it came from.
    pub place: Place,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Native(&'static Shipped),
    Module { blueprint: Blueprint, bytes: Arc<[u8]> },
}

/// Why a plug-in is not to be had.
#[derive(Debug)]
pub enum LibraryError {
    /// No plug-in has the name.
    NoName {
        /// The name.
        name: String,
        /// Where a file of it would be.
        file: PathBuf,
    },
    /// Nothing with the hash was ever kept here.
    NoHash {
        /// The hash.
        hash: u128,
        /// Where it would be.
        folder: PathBuf,
    },
    /// What was kept cannot be read or written.
    Blob(BlobError),
    /// A file cannot be read.
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The module may not run.
    Refused {
        /// Which.
        what: String,
        /// Why.
        refused: Box<Refused>,
    },
    /// The configuration's parameters are not its own.
    Values(ValuesError),
    /// It cannot be set up.
    Prepare {
        /// Which.
        what: String,
        /// Why.
        error: PrepareError,
    },
    /// It is not signed as the configuration demands.
    Signature {
        /// Which.
        path: PathBuf,
        /// Why.
        what: String,
    },
}

impl fmt::Display for LibraryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName { name, file } => {
                let shipped: Vec<&str> = crate::SHIPPED.iter().map(|known| known.name).collect();
                write!(
                    f,
                    "no plug-in is called {name:?}: there is no {}, and the shipped ones are {}",
                    file.display(),
                    shipped.join(", ")
                )
            }
            Self::NoHash { hash, folder } => {
                write!(f, "plug-in {hash:032x} was not kept in {}", folder.display())
            }
            Self::Blob(error) => error.fmt(f),
            Self::File { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Refused { what, refused } => write!(f, "{what}: {refused}"),
            Self::Values(error) => error.fmt(f),
            Self::Prepare { what, error } => write!(f, "{what}: {error}"),
            Self::Signature { path, what } => write!(f, "{}: {what}", path.display()),
        }
    }
}

impl std::error::Error for LibraryError {}

/// Every plug-in that a process has met.
#[derive(Debug)]
pub struct Library {
    sandbox: Sandbox,
    compiler: Compiler,
    cache: Option<Cache>,
    /// The operator's folder.
    dir: PathBuf,
    /// Where what runs is kept.
    blobs: Blobs,
    /// The public key that files of the folder must be signed with.
    key: Option<String>,
    /// Whether a file without a signature is refused even when no key is named.
    must_be_signed: bool,
    known: HashMap<u128, Known>,
}

impl Library {
    /// Of a data directory; with real money at stake a file of the operator's must be signed.
    ///
    /// # Errors
    /// [`LibraryError::Refused`] when the machine gives no room for the sandbox.
    pub fn new(
        compiler: Compiler,
        data: &Path,
        settings: &settings::Plugins,
        must_be_signed: bool,
    ) -> Result<Self, LibraryError> {
        let refused = |refused| LibraryError::Refused {
            what: "the sandbox".to_owned(),
            refused: Box::new(refused),
        };
        Ok(Self {
            sandbox: Sandbox::new().map_err(refused)?,
            compiler,
            cache: Cache::open(&data.join("compiled")).ok(),
            dir: settings.dir.clone(),
            blobs: Blobs::of(data),
            key: settings.key.clone(),
            must_be_signed,
            known: HashMap::new(),
        })
    }

    /// The file of a name in the operator's folder.
    pub fn file_of(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.wasm"))
    }

    /// The plug-in of this name: the operator's file, else the shipped one.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub fn named(&mut self, name: &str) -> Result<Known, LibraryError> {
        let file = self.file_of(name);
        if file.exists() {
            return self.file(&file);
        }
        match Shipped::find(name) {
            Some(shipped) => self.take(name, shipped.wasm, Place::Shipped),
            None => Err(LibraryError::NoName { name: name.to_owned(), file }),
        }
    }

    /// The plug-in in a file.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub fn file(&mut self, path: &Path) -> Result<Known, LibraryError> {
        let bytes = read(path)?;
        self.check_signature(path, &bytes)?;
        let what = path.display().to_string();
        self.take(&what, &bytes, Place::File(path.to_owned()))
    }

    /// The plug-in with this hash, wherever it came from.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub fn hashed(&mut self, hash: u128) -> Result<Known, LibraryError> {
        if let Some(known) = self.known.get(&hash) {
            return Ok(known.clone());
        }
        if let Some(shipped) = Shipped::find_native(hash) {
            let (manifest, place) = (shipped.manifest(), Place::Native);
            let known = Known { hash, manifest, place, source: Source::Native(shipped) };
            self.known.insert(hash, known.clone());
            return Ok(known);
        }
        if let Some(shipped) = Shipped::find_module(hash) {
            return self.take(shipped.name, shipped.wasm, Place::Shipped);
        }
        let bytes = self.kept(hash)?;
        self.take(&format!("plug-in {hash:032x}"), &bytes, Place::Kept)
    }

    /// Sets an instance up for a slot, with what the configuration says of its parameters.
    ///
    /// # Errors
    /// [`LibraryError`].
    pub fn prepare(
        &self,
        known: &Known,
        slot: Slot,
        standing: &Standing,
        said: &[(String, String)],
        strict: bool,
    ) -> Result<Prepared, LibraryError> {
        let values = values(&known.manifest, said, strict).map_err(LibraryError::Values)?;
        let guest = known.instance()?;
        let prepared = Prepared::new(slot, known.hash, &known.manifest, guest, standing, &values);
        prepared.map_err(|error| LibraryError::Prepare { what: known.manifest.name.clone(), error })
    }

    /// Keeps a module among the blobs of the data directory, unless it is there.
    ///
    /// # Errors
    /// [`LibraryError::Blob`].
    pub fn keep(&self, known: &Known) -> Result<(), LibraryError> {
        let Source::Module { bytes, .. } = &known.source else { return Ok(()) };
        self.blobs.put(bytes).map(drop).map_err(LibraryError::Blob)
    }

    /// The blob whose hash begins with this one: the form of a permit is its first half.
    fn kept(&self, hash: u128) -> Result<Vec<u8>, LibraryError> {
        let missing = || LibraryError::NoHash { hash, folder: self.blobs.dir().to_owned() };
        let begins = format!("{hash:032x}");
        let names = fs::read_dir(self.blobs.dir()).map_err(|_| missing())?;
        let names = names.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let found =
            names.filter(|name| name.starts_with(&begins)).find_map(|name| BlobHash::parse(&name));
        self.blobs.get(found.ok_or_else(missing)?).map_err(LibraryError::Blob)
    }

    fn check_signature(&self, path: &Path, bytes: &[u8]) -> Result<(), LibraryError> {
        let Some(key) = &self.key else {
            let what = "with real money at stake a plug-in of your own must be signed; make a key with \
                        minisign, sign the file, and name the public key in plugins.key";
            return match self.must_be_signed {
                true => Err(LibraryError::Signature { path: path.to_owned(), what: what.into() }),
                false => Ok(()),
            };
        };
        let verified =
            Key::parse(key).and_then(|key| key.verify_with(bytes, &signature::beside(path)));
        let refused = |error: signature::SignatureError| {
            let (path, what) = (path.to_owned(), error.to_string());
            LibraryError::Signature { path, what }
        };
        verified.map(drop).map_err(refused)
    }

    fn take(&mut self, what: &str, bytes: &[u8], place: Place) -> Result<Known, LibraryError> {
        let compiled =
            Blueprint::compile(&self.sandbox, bytes, &self.compiler, self.cache.as_ref());
        let (blueprint, _) = compiled.map_err(|refused| LibraryError::Refused {
            what: what.to_owned(),
            refused: Box::new(refused),
        })?;
        let (hash, manifest) = (short(blueprint.hash()), blueprint.manifest().clone());
        let source = Source::Module { blueprint, bytes: bytes.into() };
        let known = Known { hash, manifest, place, source };
        self.known.insert(hash, known.clone());
        Ok(known)
    }
}

impl Known {
    /// A new instance.
    ///
    /// # Errors
    /// [`LibraryError::Refused`].
    pub fn instance(&self) -> Result<Box<dyn Guest>, LibraryError> {
        match &self.source {
            Source::Native(shipped) => Ok(shipped.native()),
            Source::Module { blueprint, .. } => match blueprint.instance() {
                Ok(instance) => Ok(Box::new(instance)),
                Err(refused) => Err(LibraryError::Refused {
                    what: self.manifest.name.clone(),
                    refused: Box::new(refused),
                }),
            },
        }
    }

    /// What its instances are made from; `None` for one that is linked natively.
    pub const fn blueprint(&self) -> Option<&Blueprint> {
        match &self.source {
            Source::Native(_) => None,
            Source::Module { blueprint, .. } => Some(blueprint),
        }
    }

    /// Name and version.
    pub fn title(&self) -> String {
        format!("{} {}", self.manifest.name, self.manifest.version)
    }
}

/// The first half of a module's hash, big end first: the form of a permit.
pub(crate) fn short(hash: &[u8; 32]) -> u128 {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    u128::from_be_bytes(bytes)
}

fn read(path: &Path) -> Result<Vec<u8>, LibraryError> {
    use std::io::Read;

    let failed = |error| LibraryError::File { path: path.to_owned(), error };
    let file = fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(FILE_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
