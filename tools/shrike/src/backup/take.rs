//! Taking a backup.
//!
//! The consistent moment: both families are read together, in the order of their numbers and each
//! frame checked, until neither shows more. What each has said of the other until then has been
//! seen to be there, so the bytes up to that place are a journal that could have ended so. The
//! writer only appends; they do not change while they are copied, and the copy is hashed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use journal::{Family, Fault, Reader};

use super::{BackupError, FORMAT, Head, MANIFEST, Manifest, Member, tar};

/// Times that it is begun again because an old segment was pruned meanwhile.
const TRIES: u32 = 5;
/// Bytes copied in one go.
const CHUNK: usize = 256 * 1024;

/// The end of the journal at one moment.
struct Cut {
    /// Of each family: the last segment and the bytes of it.
    ends: Vec<(Family, u32, u64)>,
    heads: Vec<Head>,
    last_seq: u64,
}

/// Takes a backup of `data` into the new file `to`, which is complete and on disk when this
/// returns; gives its manifest. `count` is told how many bytes were copied.
///
/// # Errors
/// [`BackupError`]; no half of a file is left behind.
pub fn take(data: &Path, to: &Path, mut count: impl FnMut(u64)) -> Result<Manifest, BackupError> {
    if to.exists() {
        return Err(BackupError::Exists { path: to.to_owned() });
    }
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = to.with_file_name(name);
    let mut tries = 1..=TRIES;
    let manifest = loop {
        let last = tries.next() == Some(TRIES);
        match attempt(data, &part, &mut count) {
            Err(error) if !last && has_gone(&error) => {}
            done => break done,
        }
    };
    let manifest = manifest.inspect_err(|_| {
        // Half a backup helps nobody.
        let _ = fs::remove_file(&part);
    })?;
    fs::rename(&part, to).map_err(BackupError::io("name", to))?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(BackupError::io("keep the name of", to))?;
    Ok(manifest)
}

fn attempt(data: &Path, part: &Path, count: &mut impl FnMut(u64)) -> Result<Manifest, BackupError> {
    let identity = identity_of(data)?;
    // Listed before the cut is looked for: a segment that is pruned meanwhile is missed when it is
    // copied, and then everything is done again.
    let mut segments = names(&data.join("journal"))?;
    let cut = find_cut(data)?;
    segments.extend(names(&data.join("journal"))?);
    segments.sort();
    segments.dedup();
    write(data, part, &cut, &segments, identity, count)
}

/// Whether an old segment was pruned while it was to be read.
fn has_gone(error: &BackupError) -> bool {
    match error {
        BackupError::Io { error, .. } => error.kind() == io::ErrorKind::NotFound,
        BackupError::Broken(broken) => {
            let gone = matches!(broken.fault, Fault::MissingSegment | Fault::Io { .. });
            gone && broken.family == Family::Market
        }
        BackupError::Open(_)
        | BackupError::Identity { .. }
        | BackupError::Exists { .. }
        | BackupError::NotABackup { .. }
        | BackupError::InUse { .. }
        | BackupError::Newer { .. }
        | BackupError::Foreign { .. } => false,
    }
}

/// Reads both families to the end that they have now.
fn find_cut(data: &Path) -> Result<Cut, BackupError> {
    let mut reader = Reader::open(data).map_err(BackupError::Open)?;
    let mut last_seq = 0;
    let mut at_end = None;
    loop {
        match reader.read() {
            Ok(Some(record)) => {
                (last_seq, at_end) = (record.seq, None);
                continue;
            }
            Ok(None) => {}
            // A group that is being written, or was when a process died.
            Err(broken) if broken.fault == Fault::TornTail => {}
            Err(broken) => return Err(BackupError::Broken(broken)),
        }
        // The last word of one family about the other was looked up once more and found true.
        let heads = [reader.head(Family::Decisions), reader.head(Family::Market)];
        if at_end.replace(heads) == Some(heads) {
            break;
        }
    }
    let families = [Family::Decisions, Family::Market];
    let begun = families.into_iter().filter(|family| reader.head(*family).frames > 0);
    let (mut ends, mut heads) = (Vec::new(), Vec::new());
    for family in begun {
        let Some((segment, len)) = reader.position(family) else { continue };
        ends.push((family, segment, len));
        heads.push(Head::of(family, reader.head(family)));
    }
    Ok(Cut { ends, heads, last_seq })
}

fn write(
    data: &Path,
    part: &Path,
    cut: &Cut,
    segments: &[String],
    (instance, epoch): (u32, u32),
    count: &mut impl FnMut(u64),
) -> Result<Manifest, BackupError> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(part);
    let file = file.map_err(BackupError::io("make", part))?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let taken_ns = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
    let mut out = Pack {
        out: BufWriter::with_capacity(CHUNK, file),
        data,
        part,
        secs: taken_ns / 1_000_000_000,
        files: Vec::new(),
        count,
    };
    for (path, limit) in members(data, cut, segments)? {
        out.add(&path, limit)?;
    }
    let manifest = Manifest {
        format: FORMAT,
        build: concat!("shrike ", env!("CARGO_PKG_VERSION")).to_owned(),
        instance,
        epoch,
        last_seq: cut.last_seq,
        taken_ns,
        taken: archive::day::moment(taken_ns),
        heads: cut.heads.clone(),
        files: out.files.clone(),
    };
    out.finish(&manifest)?;
    Ok(manifest)
}

/// Paths in the data directory, each with the bytes that count, if not all.
fn members(
    data: &Path,
    cut: &Cut,
    segments: &[String],
) -> Result<Vec<(String, Option<u64>)>, BackupError> {
    let mut found = Vec::new();
    for name in segments {
        let Some((family, number)) = segment(name) else { continue };
        let end = cut.ends.iter().find(|(of, _, _)| of.name() == family);
        // Segments that were begun after the cut are no part of it.
        match end {
            Some((_, last, _)) if number < *last => found.push((format!("journal/{name}"), None)),
            Some((_, last, len)) if number == *last => {
                found.push((format!("journal/{name}"), Some(*len)));
            }
            _ => {}
        }
    }
    if data.join("blobs").is_dir() {
        let blobs = names(&data.join("blobs"))?.into_iter();
        let blobs = blobs.filter(|name| journal::BlobHash::parse(name).is_some());
        found.extend(blobs.map(|name| (format!("blobs/{name}"), None)));
    }
    Ok(found)
}

fn names(folder: &Path) -> Result<Vec<String>, BackupError> {
    let failed = || BackupError::io("list", folder);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed())? {
        names.extend(entry.map_err(failed())?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// Family and number of `decisions-00000001.shrike`.
fn segment(name: &str) -> Option<(&str, u32)> {
    let (family, number) = name.strip_suffix(".shrike")?.split_once('-')?;
    Some((family, number.parse().ok()?))
}

/// Instance and epoch as the data directory's own file says.
pub(super) fn identity_of(data: &Path) -> Result<(u32, u32), BackupError> {
    let path = data.join("instance");
    let damaged = || BackupError::Identity { path: path.clone() };
    let text = fs::read_to_string(&path).map_err(|_| damaged())?;
    let field =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let instance = field("instance").and_then(|text| u32::from_str_radix(text, 16).ok());
    let epoch = field("epoch").and_then(|text| text.parse().ok());
    instance.zip(epoch).ok_or_else(damaged)
}

/// The tar file that is being written.
struct Pack<'a, F> {
    out: BufWriter<File>,
    data: &'a Path,
    part: &'a Path,
    secs: i64,
    files: Vec<Member>,
    count: &'a mut F,
}

impl<F: FnMut(u64)> Pack<'_, F> {
    fn add(&mut self, name: &str, limit: Option<u64>) -> Result<(), BackupError> {
        let path: PathBuf = self.data.join(name);
        let mut file = File::open(&path).map_err(BackupError::io("read", &path))?;
        let end = file.seek(SeekFrom::End(0)).map_err(BackupError::io("measure", &path))?;
        file.rewind().map_err(BackupError::io("read", &path))?;
        let len = limit.unwrap_or(end);
        let failed = BackupError::io("write", self.part);
        tar::begin(&mut self.out, name, len, self.secs).map_err(failed)?;
        let mut hash = blake3::Hasher::new();
        let mut chunk = vec![0; CHUNK];
        let mut left = len;
        while left > 0 {
            let take = left.min(CHUNK as u64) as usize;
            file.read_exact(&mut chunk[..take]).map_err(BackupError::io("read", &path))?;
            hash.update(&chunk[..take]);
            self.out.write_all(&chunk[..take]).map_err(BackupError::io("write", self.part))?;
            left -= take as u64;
            (self.count)(take as u64);
        }
        tar::pad(&mut self.out, len).map_err(BackupError::io("write", self.part))?;
        let blake3 = hash.finalize().to_hex().to_string();
        self.files.push(Member { path: name.to_owned(), len, blake3 });
        Ok(())
    }

    fn finish(mut self, manifest: &Manifest) -> Result<(), BackupError> {
        let text = serde_json::to_vec_pretty(manifest).map_err(io::Error::other);
        let write = || -> io::Result<()> {
            let text = text?;
            let len = text.len() as u64;
            tar::begin(&mut self.out, MANIFEST, len, self.secs)?;
            self.out.write_all(&text)?;
            tar::pad(&mut self.out, len)?;
            tar::end(&mut self.out)?;
            self.out.flush()?;
            self.out.get_ref().sync_all()
        };
        write().map_err(BackupError::io("write", self.part))
    }
}
