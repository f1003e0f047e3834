//! Restoring a backup: everything is checked in a folder beside before anything is replaced.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use journal::{DataDir, DataDirError, Reader};

use super::take::identity_of;
use super::{BackupError, FORMAT, MANIFEST, MANIFEST_MAX, Manifest, Member, tar};
use crate::trader::restored::{self, Mark};

/// Starts that may have happened after the backup, where the old directory does not say: their
/// order ids are not given out again. One id range a start; a data directory has 65,535.
const STARTS_BEYOND: u32 = 256;
/// Bytes copied in one go.
const CHUNK: usize = 256 * 1024;

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What the backup says of itself.
    pub manifest: Manifest,
    /// Records that the chain in it has.
    pub records: u64,
    /// Where the journal that was there before is.
    pub before: Option<PathBuf>,
}

/// Replaces the journal of `data` by the one in `from`, and marks the directory: its next start
/// buys nothing until an operator resumes.
///
/// # Errors
/// [`BackupError`]: for everything but a disk that fails in the last steps, nothing was changed.
pub fn restore(data: &Path, from: &Path) -> Result<Restored, BackupError> {
    let lock = Lock::take(data)?;
    let staging = data.join(".restoring");
    clear(&staging)?;
    let done = prepare(data, from, &staging).and_then(|(manifest, records)| {
        let before = replace(data, from, &staging, &manifest)?;
        Ok(Restored { manifest, records, before })
    });
    // Nothing of use is left in it, whichever way this ended.
    let cleared = clear(&staging);
    drop(lock);
    let done = done?;
    cleared.map(|()| done)
}

/// Unpacks and checks; gives the manifest and how many records the chain has.
fn prepare(data: &Path, from: &Path, staging: &Path) -> Result<(Manifest, u64), BackupError> {
    let not = |why: String| BackupError::NotABackup { path: from.to_owned(), why };
    make_folder(staging)?;
    let manifest = unpack(from, staging)?;
    let verified = journal::verify_against(staging, &manifest.anchors());
    let verified = verified.map_err(BackupError::Open)?;
    if let Some(reason) = verified.reason() {
        return Err(not(format!("its journal: {reason}")));
    }
    let last = verified.decisions.seq.max(verified.market.seq);
    if last != manifest.last_seq {
        let said = manifest.last_seq;
        return Err(not(format!("its journal ends at record {last}, and it says {said}")));
    }
    must_not_be_newer(data, &manifest)?;
    Ok((manifest, verified.records))
}

fn unpack(from: &Path, staging: &Path) -> Result<Manifest, BackupError> {
    let not = |why: String| BackupError::NotABackup { path: from.to_owned(), why };
    let file = File::open(from).map_err(BackupError::io("read", from))?;
    let mut file = BufReader::with_capacity(CHUNK, file);
    let mut found = BTreeMap::new();
    let mut manifest: Option<Manifest> = None;
    loop {
        let next = tar::next(&mut file).map_err(|error| not(cut(&error)))?;
        let Some((name, len)) = next else { break };
        if manifest.is_some() {
            return Err(not(format!("{name} stands behind its manifest")));
        }
        if name == MANIFEST {
            let text = read_manifest(&mut file, len).map_err(|error| not(cut(&error)))?;
            let read = serde_json::from_slice(&text);
            manifest = Some(read.map_err(|error| not(format!("its manifest: {error}")))?);
        } else {
            let path = place_of(&name).ok_or_else(|| not(format!("it holds {name:?}")))?;
            let member = unpack_one(&mut file, &staging.join(path), &name, len, &not)?;
            found.insert(name, member);
        }
        tar::skip_pad(&mut file, len).map_err(|error| not(cut(&error)))?;
    }
    let manifest = manifest.ok_or_else(|| not("it has no manifest".to_owned()))?;
    if manifest.format != FORMAT {
        let format = manifest.format;
        return Err(not(format!("it has format {format} and this program reads {FORMAT}")));
    }
    for member in &manifest.files {
        match found.remove(&member.path) {
            None => return Err(not(format!("{} is missing", member.path))),
            Some(read) if read != *member => {
                return Err(not(format!(
                    "{} has {} bytes of hash {}, its manifest says {} of {}",
                    member.path, read.len, read.blake3, member.len, member.blake3
                )));
            }
            Some(_) => {}
        }
    }
    match found.into_keys().next() {
        Some(name) => Err(not(format!("its manifest does not name {name}"))),
        None => Ok(manifest),
    }
}

fn cut(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return "it ends too early".to_owned();
    }
    error.to_string()
}

fn read_manifest(from: &mut impl Read, len: u64) -> io::Result<Vec<u8>> {
    if len > MANIFEST_MAX {
        return Err(io::Error::other(format!("a manifest of {len} bytes")));
    }
    let mut text = vec![0; len as usize];
    from.read_exact(&mut text)?;
    Ok(text)
}

/// Where a member goes: only the names that a backup gives are taken, none that leads elsewhere.
fn place_of(name: &str) -> Option<PathBuf> {
    let (folder, file) = name.split_once('/')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    let known = match folder {
        "journal" => file.ends_with(".shrike") && !file.starts_with('.'),
        "blobs" => journal::BlobHash::parse(file).is_some(),
        _ => false,
    };
    (known && file.bytes().all(plain)).then(|| Path::new(folder).join(file))
}

fn unpack_one(
    from: &mut impl Read,
    to: &Path,
    name: &str,
    len: u64,
    not: &impl Fn(String) -> BackupError,
) -> Result<Member, BackupError> {
    if let Some(folder) = to.parent() {
        make_folder(folder)?;
    }
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(to);
    let mut file = file.map_err(BackupError::io("make", to))?;
    let mut hash = blake3::Hasher::new();
    let mut chunk = vec![0; CHUNK];
    let mut left = len;
    while left > 0 {
        let take = left.min(CHUNK as u64) as usize;
        from.read_exact(&mut chunk[..take]).map_err(|error| not(cut(&error)))?;
        hash.update(&chunk[..take]);
        file.write_all(&chunk[..take]).map_err(BackupError::io("write", to))?;
        left -= take as u64;
    }
    file.sync_all().map_err(BackupError::io("keep", to))?;
    Ok(Member { path: name.to_owned(), len, blake3: hash.finalize().to_hex().to_string() })
}

/// What is in the directory must be older than the backup, and of the same trader.
fn must_not_be_newer(data: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    if !has_journal(data) {
        return Ok(());
    }
    let path = data.to_owned();
    let (found, backup) = (identity_of(data)?.0, manifest.instance);
    if found != backup {
        return Err(BackupError::Foreign { path, found, backup });
    }
    let mut reader = Reader::open(data).map_err(BackupError::Open)?;
    let mut last = 0;
    // A damaged journal is a reason to restore: what can be believed of it decides.
    while let Ok(Some(record)) = reader.read() {
        last = record.seq;
    }
    let (found, backup) = (last, manifest.last_seq);
    if found > backup {
        return Err(BackupError::Newer { path, found, backup });
    }
    Ok(())
}

fn has_journal(data: &Path) -> bool {
    let entries = fs::read_dir(data.join("journal")).into_iter().flatten().flatten();
    let mut names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.any(|name| name.starts_with("decisions-") || name.starts_with("market-"))
}

/// From here on the directory changes. The mark comes first: whatever is interrupted, the next
/// start halts.
fn replace(
    data: &Path,
    from: &Path,
    staging: &Path,
    manifest: &Manifest,
) -> Result<Option<PathBuf>, BackupError> {
    let epoch = next_epoch(data, manifest);
    let mark = Mark {
        last_seq: manifest.last_seq,
        taken_ns: manifest.taken_ns,
        taken: manifest.taken.clone(),
        from: from.display().to_string(),
    };
    restored::write(data, &mark).map_err(BackupError::io("mark", data))?;
    let before = put_aside(data)?;
    for name in ["archive.db", "archive.db-wal", "archive.db-shm"] {
        remove(&data.join(name))?;
    }
    put_blobs(&staging.join("blobs"), &data.join("blobs"))?;
    write_identity(data, staging, manifest.instance, epoch)?;
    let journal = data.join("journal");
    fs::rename(staging.join("journal"), &journal).map_err(BackupError::io("put", &journal))?;
    File::open(data)
        .and_then(|folder| folder.sync_all())
        .map_err(BackupError::io("keep the names in", data))?;
    Ok(before)
}

/// An epoch that no order id can have been given in.
fn next_epoch(data: &Path, manifest: &Manifest) -> u32 {
    match identity_of(data) {
        Ok((instance, epoch)) if instance == manifest.instance && epoch >= manifest.epoch => epoch,
        _ => manifest.epoch.saturating_add(STARTS_BEYOND),
    }
}

/// The journal that is there is kept under another name, its checkpoint with it.
fn put_aside(data: &Path) -> Result<Option<PathBuf>, BackupError> {
    let journal = data.join("journal");
    if !journal.exists() {
        return Ok(None);
    }
    let mut names = (1..1_000).map(|n| data.join(format!("journal.before-restore-{n}")));
    let free = names.find(|name| !name.exists());
    let aside = free.unwrap_or_else(|| data.join("journal.before-restore"));
    fs::rename(&journal, &aside).map_err(BackupError::io("put aside", &journal))?;
    Ok(Some(aside))
}

fn put_blobs(from: &Path, to: &Path) -> Result<(), BackupError> {
    if !from.is_dir() {
        return Ok(());
    }
    make_folder(to)?;
    for entry in fs::read_dir(from).map_err(BackupError::io("list", from))? {
        let entry = entry.map_err(BackupError::io("list", from))?;
        let place = to.join(entry.file_name());
        // The name is the hash of the content: a second one is the same, or was damaged.
        fs::rename(entry.path(), &place).map_err(BackupError::io("put", &place))?;
    }
    Ok(())
}

/// Lets the journal's own room write the identity, in a folder of its own.
fn write_identity(
    data: &Path,
    staging: &Path,
    instance: u32,
    epoch: u32,
) -> Result<(), BackupError> {
    let folder = staging.join("identity");
    let made = DataDir::open_virtual(&folder, instance, epoch).map_err(|error| {
        let error = if let DataDirError::Io { error, .. } = error {
            error
        } else {
            io::Error::other(error.to_string())
        };
        BackupError::Io { doing: "make an identity in", path: folder.clone(), error }
    })?;
    drop(made);
    let place = data.join("instance");
    fs::rename(folder.join("instance"), &place).map_err(BackupError::io("put", &place))
}

fn make_folder(path: &Path) -> Result<(), BackupError> {
    let mut maker = fs::DirBuilder::new();
    maker.recursive(true).mode(0o700).create(path).map_err(BackupError::io("make", path))
}

fn clear(path: &Path) -> Result<(), BackupError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(BackupError::Io { doing: "clear", path: path.to_owned(), error })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn remove(path: &Path) -> Result<(), BackupError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(BackupError::Io { doing: "remove", path: path.to_owned(), error })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The data directory's own lock, without beginning a start of it.
struct Lock {
    _file: File,
}

impl Lock {
    fn take(data: &Path) -> Result<Self, BackupError> {
        make_folder(data)?;
        let path = data.join("lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(BackupError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(BackupError::InUse { path: data.to_owned() }),
            Err(TryLockError::Error(error)) => Err(BackupError::Io { doing: "lock", path, error }),
        }
    }
}
