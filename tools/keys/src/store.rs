//! The store: opened, changed, saved.

use std::path::{Path, PathBuf};

use settings::Credentials;
use zeroize::Zeroizing;

use crate::crypt::{Cost, FileKey, NONCE, SALT, random};
use crate::error::{Fault, StoreError};
use crate::file::{self, Claim};
use crate::format::{self, Listed, Parts};
use crate::passphrase::Passphrase;

/// Most keys of a store; an account of the exchange has 30.
pub const ENTRIES_MAX: usize = 64;
/// Longest key or secret, in bytes.
const HALF_MAX: usize = 512;

/// A key with what is known of it.
#[derive(Debug)]
pub struct Entry {
    /// Name, age and binding.
    pub listed: Listed,
    /// The key.
    pub credentials: Credentials,
}

/// An opened store. Its secrets are in memory, and wiped when it is dropped.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    cost: Cost,
    entries: Vec<Entry>,
    /// Held by those who mean to change it.
    claim: Option<Claim>,
}

/// What a store says without its passphrase.
///
/// # Errors
/// [`StoreError`] when the file cannot be read, or is damaged.
pub fn list(path: &Path) -> Result<Vec<Listed>, StoreError> {
    let bytes = file::read(path)?;
    let parts = format::take_apart(&bytes).map_err(|fault| fault.of(path))?;
    Ok(parts.entries.into_iter().map(|entry| entry.listed).collect())
}

impl Store {
    /// Opens the store to read it.
    ///
    /// # Errors
    /// [`StoreError`]: each of a missing file, one that others can read, a cut, a flipped bit, a
    /// newer version and a wrong passphrase is told apart.
    pub fn open(path: &Path, passphrase: &Passphrase) -> Result<Self, StoreError> {
        let bytes = file::read(path)?;
        let (cost, entries) = decode(&bytes, passphrase).map_err(|fault| fault.of(path))?;
        Ok(Self { path: path.to_owned(), cost, entries, claim: None })
    }

    /// Opens the store to change it, or begins a new one that costs `cost`. Nobody else can change
    /// it until this is dropped.
    ///
    /// # Errors
    /// As [`Store::open`]; [`Fault::Busy`] while another command changes it.
    pub fn open_to_change(
        path: &Path,
        passphrase: &Passphrase,
        cost: Cost,
    ) -> Result<Self, StoreError> {
        let claim = Some(Claim::take(path)?);
        match Self::open(path, passphrase) {
            Ok(store) => Ok(Self { claim, ..store }),
            Err(error) if error.fault == Fault::Missing => {
                Ok(Self { path: path.to_owned(), cost, entries: Vec::new(), claim })
            }
            Err(error) => Err(error),
        }
    }

    /// The keys, in the order they were added.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The key of that name.
    ///
    /// # Errors
    /// [`Fault::NoSuchKey`] with the names there are.
    pub fn get(&self, name: &str) -> Result<&Entry, StoreError> {
        let found = self.entries.iter().find(|entry| entry.listed.name == name);
        found.ok_or_else(|| self.no_such(name))
    }

    /// Adds a key, or puts it in the place of the one of its name.
    ///
    /// # Errors
    /// [`Fault::Name`], [`Fault::Form`], [`Fault::Full`], and [`Fault::Exists`] unless `replace`.
    pub fn add(&mut self, entry: Entry, replace: bool) -> Result<(), StoreError> {
        let Listed { name, .. } = &entry.listed;
        if !format::is_name(name) {
            return Err(Fault::Name.of(&self.path));
        }
        let good = |half: &str| {
            (1..=HALF_MAX).contains(&half.len()) && half.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !good(&entry.credentials.key) || !good(&entry.credentials.secret) {
            return Err(Fault::Form.of(&self.path));
        }
        match self.entries.iter().position(|known| known.listed.name == *name) {
            Some(at) if replace => self.entries[at] = entry,
            Some(_) => return Err(Fault::Exists { name: name.clone() }.of(&self.path)),
            None if self.entries.len() == ENTRIES_MAX => return Err(Fault::Full.of(&self.path)),
            None => self.entries.push(entry),
        }
        Ok(())
    }

    /// Takes a key out.
    ///
    /// # Errors
    /// [`Fault::NoSuchKey`] with the names there are.
    pub fn remove(&mut self, name: &str) -> Result<Entry, StoreError> {
        match self.entries.iter().position(|entry| entry.listed.name == name) {
            Some(at) => Ok(self.entries.remove(at)),
            None => Err(self.no_such(name)),
        }
    }

    /// Writes the store under a fresh salt.
    ///
    /// # Errors
    /// [`StoreError`]: the file is as it was.
    ///
    /// # Panics
    /// When it was not opened to change it.
    pub fn save(&self, passphrase: &Passphrase) -> Result<(), StoreError> {
        assert!(self.claim.is_some(), "a store that was opened to read is saved");
        let bytes = encode(self.cost, &self.entries, passphrase, random, random);
        file::write(&self.path, &bytes.map_err(|fault| fault.of(&self.path))?)
    }

    fn no_such(&self, name: &str) -> StoreError {
        let known = self.entries.iter().map(|entry| entry.listed.name.clone()).collect();
        Fault::NoSuchKey { name: name.to_owned(), known }.of(&self.path)
    }
}

fn decode(file: &[u8], passphrase: &Passphrase) -> Result<(Cost, Vec<Entry>), Fault> {
    let Parts { cost, salt, head, check, entries, body, seal } = format::take_apart(file)?;
    let key = FileKey::derive(passphrase, &salt, cost)?;
    key.open(check.nonce, head, check.bytes).ok_or(Fault::WrongPassphrase)?;
    key.open(seal.nonce, body, seal.bytes).ok_or(Fault::Forged)?;
    let mut opened = Vec::with_capacity(entries.len());
    for entry in entries {
        let beside = [&salt[..], entry.label].concat();
        let halves = key.open(entry.sealed.nonce, &beside, entry.sealed.bytes);
        let credentials = halves.as_deref().and_then(|halves| part(halves)).ok_or(Fault::Forged)?;
        opened.push(Entry { listed: entry.listed, credentials });
    }
    Ok((cost, opened))
}

fn encode(
    cost: Cost,
    entries: &[Entry],
    passphrase: &Passphrase,
    salt: impl FnOnce() -> Result<[u8; SALT], Fault>,
    mut nonce: impl FnMut() -> Result<[u8; NONCE], Fault>,
) -> Result<Vec<u8>, Fault> {
    let salt = salt()?;
    let key = FileKey::derive(passphrase, &salt, cost)?;
    let sealed = entries.iter().map(|entry| {
        let label = format::label(&entry.listed);
        let (at, beside) = (nonce()?, [&salt[..], &label].concat());
        let sealed = key.seal(at, &beside, &joined(&entry.credentials));
        let len = u16::try_from(sealed.len()).map_err(|_| Fault::Form)?.to_le_bytes();
        Ok([&label[..], &at, &len, &sealed].concat())
    });
    let sealed = sealed.collect::<Result<Vec<_>, Fault>>()?.concat();
    let len = u32::try_from(format::LEAST + sealed.len()).map_err(|_| Fault::Full)?;
    let mut out = format::head(len, cost, salt);
    push_seal(&mut out, &key, nonce()?);
    out.extend(u16::try_from(entries.len()).map_err(|_| Fault::Full)?.to_le_bytes());
    out.extend(sealed);
    push_seal(&mut out, &key, nonce()?);
    let sum = format::digest(&out);
    out.extend(sum);
    Ok(out)
}

/// Nothing, sealed with everything so far.
fn push_seal(out: &mut Vec<u8>, key: &FileKey, nonce: [u8; NONCE]) {
    let tag = key.seal(nonce, out, b"");
    out.extend(nonce);
    out.extend(tag);
}

/// Length of the key, key, secret.
fn joined(credentials: &Credentials) -> Zeroizing<Vec<u8>> {
    let Credentials { key, secret } = credentials;
    let mut out = Zeroizing::new(Vec::with_capacity(2 + key.len() + secret.len()));
    out.extend(u16::try_from(key.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend(key.as_bytes());
    out.extend(secret.as_bytes());
    out
}

fn part(halves: &[u8]) -> Option<Credentials> {
    let (len, rest) = halves.split_first_chunk::<2>()?;
    let (key, secret) = rest.split_at_checked(usize::from(u16::from_le_bytes(*len)))?;
    let text = |half: &[u8]| std::str::from_utf8(half).ok().map(str::to_owned);
    Some(Credentials { key: text(key)?, secret: text(secret)? })
}

#[cfg(test)]
mod tests;
