//! The file, version 1. Whole numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `SHRKKEYS` |
//! | 2 | version |
//! | 4 | length of the whole file |
//! | 4, 4, 4 | Argon2id: KiB, passes, lanes |
//! | 16 | salt |
//! | 12 + 16 | nonce and tag of nothing, sealed with all above: is it the right passphrase? |
//! | 2 | number of entries |
//! | each | an entry |
//! | 12 + 16 | nonce and tag of nothing, sealed with all above |
//! | 32 | SHA-256 of all above: damage is told from a wrong passphrase |
//!
//! An entry is the length of its name (1), the name, when it was added in ms since 1970 (8), flags
//! (1), a nonce (12), a length (2), and so many bytes of sealed key and secret. They are sealed
//! together with the salt and with what stands before the nonce.

use sha2::{Digest, Sha256};

use crate::crypt::{Cost, NONCE, SALT, TAG};
use crate::error::Fault;
use crate::store::ENTRIES_MAX;

pub(crate) const MAGIC: &[u8; 8] = b"SHRKKEYS";
pub(crate) const VERSION: u16 = 1;
/// Magic, version and length.
const BEFORE_COST: usize = 8 + 2 + 4;
/// Everything that the first tag covers.
pub(crate) const HEAD: usize = BEFORE_COST + 12 + SALT;
pub(crate) const SEAL: usize = NONCE + TAG;
pub(crate) const DIGEST: usize = 32;
/// A store without entries.
pub(crate) const LEAST: usize = HEAD + SEAL + 2 + SEAL + DIGEST;
/// Longest name of a key.
pub const NAME_MAX: usize = 32;
/// Set for a key that is bound to addresses at the exchange and so does not end by itself.
const BOUND: u8 = 1;

/// What a store says without its passphrase. Nobody vouches for it until the store is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What the configuration calls it: `store:NAME`.
    pub name: String,
    /// When it was added, in milliseconds since 1970.
    pub added_ms: i64,
    /// Whether its owner said that the exchange has it bound to addresses.
    pub bound: bool,
}

/// A file taken apart; nothing is believed yet.
pub(crate) struct Parts<'a> {
    pub(crate) cost: Cost,
    pub(crate) salt: [u8; SALT],
    pub(crate) head: &'a [u8],
    pub(crate) check: Sealed<'a>,
    pub(crate) entries: Vec<PartEntry<'a>>,
    /// What the last seal covers.
    pub(crate) body: &'a [u8],
    pub(crate) seal: Sealed<'a>,
}

pub(crate) struct PartEntry<'a> {
    pub(crate) listed: Listed,
    /// Name, time and flags as they stand there.
    pub(crate) label: &'a [u8],
    pub(crate) sealed: Sealed<'a>,
}

pub(crate) struct Sealed<'a> {
    pub(crate) nonce: [u8; NONCE],
    pub(crate) bytes: &'a [u8],
}

/// Whether a key may be called so.
pub(crate) fn is_name(name: &str) -> bool {
    let known =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(known)
}

/// Everything before the first seal.
pub(crate) fn head(len: u32, cost: Cost, salt: [u8; SALT]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend(VERSION.to_le_bytes());
    for number in [len, cost.memory_kib, cost.passes, cost.lanes] {
        out.extend(number.to_le_bytes());
    }
    out.extend(salt);
    out
}

/// Name, time and flags of an entry.
pub(crate) fn label(listed: &Listed) -> Vec<u8> {
    let mut out = vec![u8::try_from(listed.name.len()).unwrap_or(u8::MAX)];
    out.extend(listed.name.as_bytes());
    out.extend(listed.added_ms.to_le_bytes());
    out.push(if listed.bound { BOUND } else { 0 });
    out
}

pub(crate) fn digest(bytes: &[u8]) -> [u8; DIGEST] {
    Sha256::digest(bytes).into()
}

/// Takes a file apart, its checksum verified.
pub(crate) fn take_apart(file: &[u8]) -> Result<Parts<'_>, Fault> {
    if file.len() < MAGIC.len() && MAGIC.starts_with(file) {
        return Err(Fault::Cut { found: file.len(), wanted: LEAST });
    }
    if !file.starts_with(MAGIC) {
        return Err(Fault::NotAStore);
    }
    let mut reader = Reader(&file[MAGIC.len()..]);
    let cut = |wanted| Fault::Cut { found: file.len(), wanted };
    let version = reader.u16().ok_or_else(|| cut(LEAST))?;
    if version > VERSION {
        return Err(Fault::Newer { version });
    }
    let len = reader.u32().ok_or_else(|| cut(LEAST))? as usize;
    if file.len() < len.max(LEAST) {
        return Err(cut(len.max(LEAST)));
    }
    let (covered, sum) = file.split_at(file.len() - DIGEST);
    if file.len() != len || version == 0 || digest(covered) != sum {
        return Err(Fault::Damaged);
    }
    parts(covered, Reader(&covered[BEFORE_COST..]))
}

fn parts<'a>(covered: &'a [u8], mut reader: Reader<'a>) -> Result<Parts<'a>, Fault> {
    let (Some(memory), Some(passes), Some(lanes)) = (reader.u32(), reader.u32(), reader.u32())
    else {
        return Err(Fault::Damaged);
    };
    let cost = Cost::read(memory, passes, lanes).ok_or(Fault::Cost)?;
    let salt = reader.array().ok_or(Fault::Damaged)?;
    let check = reader.sealed(TAG).ok_or(Fault::Damaged)?;
    let count = usize::from(reader.u16().ok_or(Fault::Damaged)?);
    if count > ENTRIES_MAX {
        return Err(Fault::Damaged);
    }
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        entries.push(reader.entry().ok_or(Fault::Damaged)?);
    }
    let body = &covered[..covered.len() - SEAL.min(covered.len())];
    let seal = reader.sealed(TAG).ok_or(Fault::Damaged)?;
    if !reader.0.is_empty() {
        return Err(Fault::Damaged);
    }
    Ok(Parts { cost, salt, head: &covered[..HEAD], check, entries, body, seal })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn sealed(&mut self, len: usize) -> Option<Sealed<'a>> {
        Some(Sealed { nonce: self.array()?, bytes: self.take(len)? })
    }

    fn entry(&mut self) -> Option<PartEntry<'a>> {
        let start = self.0;
        let len = usize::from(self.array::<1>()?[0]);
        let name = std::str::from_utf8(self.take(len)?).ok().filter(|name| is_name(name))?;
        let added_ms = self.array().map(i64::from_le_bytes)?;
        let flags = self.array::<1>()?[0];
        let label = &start[..start.len() - self.0.len()];
        let nonce = self.array()?;
        let sealed = usize::from(self.u16()?);
        let listed = Listed { name: name.to_owned(), added_ms, bound: flags & BOUND != 0 };
        Some(PartEntry { listed, label, sealed: Sealed { nonce, bytes: self.take(sealed)? } })
    }
}
