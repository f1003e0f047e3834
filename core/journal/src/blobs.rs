//! Larger things than a record, in files named by the hash of their content.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::bytes::{hex, unhex};
use crate::disk;

/// Longest blob.
pub const BLOB_MAX: u64 = 64 << 20;

/// BLAKE3 hash of a blob's content, and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobHash(pub [u8; 32]);

impl BlobHash {
    /// The hash of `content`.
    pub fn of(content: &[u8]) -> Self {
        Self(*blake3::hash(content).as_bytes())
    }

    /// From 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        unhex(text).map(Self)
    }
}

impl core::fmt::Display for BlobHash {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// Why a blob was not kept or not found.
#[derive(Debug)]
pub enum BlobError {
    /// The operating system refused.
    Io {
        /// On which file.
        path: PathBuf,
        /// What it answered.
        error: io::Error,
    },
    /// Longer than [`BLOB_MAX`].
    TooLong {
        /// Its bytes.
        len: u64,
    },
    /// No file has this name.
    Missing {
        /// The name.
        hash: BlobHash,
    },
    /// The file's content has another hash.
    Altered {
        /// The name.
        hash: BlobHash,
        /// The hash of the content.
        found: BlobHash,
    },
}

impl core::fmt::Display for BlobError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "blob {}: {error}", path.display()),
            Self::TooLong { len } => write!(f, "a blob of {len} bytes where {BLOB_MAX} are most"),
            Self::Missing { hash } => write!(f, "blob {hash} is missing"),
            Self::Altered { hash, found } => write!(f, "blob {hash} has content of hash {found}"),
        }
    }
}

impl core::error::Error for BlobError {}

/// The folder of blobs in a data directory.
#[derive(Clone, Debug)]
pub struct Blobs {
    dir: PathBuf,
}

impl Blobs {
    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder `blobs` of a data directory; made when the first blob is put.
    pub fn of(data_dir: &Path) -> Self {
        Self { dir: data_dir.join("blobs") }
    }

    /// Keeps `content` on disk before it returns. The same content again costs one look.
    ///
    /// # Errors
    /// [`BlobError`] when it is too long or the disk does not take it.
    pub fn put(&self, content: &[u8]) -> Result<BlobHash, BlobError> {
        let len = content.len() as u64;
        if len > BLOB_MAX {
            return Err(BlobError::TooLong { len });
        }
        let hash = BlobHash::of(content);
        if self.get(hash).is_ok() {
            return Ok(hash);
        }
        let name = hash.to_string();
        let failed = |error| BlobError::Io { path: self.dir.join(&name), error };
        fs::create_dir_all(&self.dir).map_err(failed)?;
        disk::replace(&self.dir, &name, content).map_err(failed)?;
        Ok(hash)
    }

    /// Reads a blob and checks it against its name.
    ///
    /// # Errors
    /// [`BlobError::Missing`] and [`BlobError::Altered`] name the blob.
    pub fn get(&self, hash: BlobHash) -> Result<Vec<u8>, BlobError> {
        let path = self.dir.join(hash.to_string());
        let content = match disk::read_small(&path, BLOB_MAX) {
            Ok(Some(content)) => content,
            Ok(None) => return Err(BlobError::Missing { hash }),
            Err(error) => return Err(BlobError::Io { path, error }),
        };
        let found = BlobHash::of(&content);
        if found == hash { Ok(content) } else { Err(BlobError::Altered { hash, found }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_reads_back_and_a_changed_one_is_named_and_mended_by_putting_it_again() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::of(dir.path());
        let hash = blobs.put(b"mode = \"paper\"").unwrap();
        assert_eq!(blobs.get(hash).unwrap(), b"mode = \"paper\"");
        fs::write(dir.path().join("blobs").join(hash.to_string()), b"mode = \"live\"").unwrap();
        assert!(
            matches!(blobs.get(hash), Err(BlobError::Altered { hash: named, .. }) if named == hash)
        );
        assert_eq!(blobs.put(b"mode = \"paper\"").unwrap(), hash);
        assert!(blobs.get(hash).is_ok());
    }

    #[test]
    fn a_missing_blob_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let hash = BlobHash::of(b"x");
        let error = Blobs::of(dir.path()).get(hash).unwrap_err();
        assert!(matches!(error, BlobError::Missing { hash: named } if named == hash));
        assert_eq!(BlobHash::parse(&hash.to_string()), Some(hash));
    }
}
