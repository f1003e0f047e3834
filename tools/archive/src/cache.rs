//! Rows that change often are changed in memory and written once a transaction.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::ArchiveError;

/// Rows kept between transactions; more are dropped after they were written.
const KEPT_MAX: usize = 1 << 15;

/// A row that can be read back whole enough to be changed further.
pub(crate) trait Row: Sized {
    /// What it is found by.
    type Key: Ord + Clone;

    /// Reads it.
    fn load(db: &Connection, key: &Self::Key) -> Result<Option<Self>, ArchiveError>;

    /// Writes it: for the first time when `fresh`.
    fn store(&self, db: &Connection, key: &Self::Key, fresh: bool) -> Result<(), ArchiveError>;
}

#[derive(Debug)]
struct Held<R> {
    row: R,
    fresh: bool,
    dirty: bool,
}

/// The rows of one table that are in memory.
#[derive(Debug)]
pub(crate) struct Cache<R: Row> {
    rows: BTreeMap<R::Key, Held<R>>,
    dirty: Vec<R::Key>,
}

impl<R: Row> Default for Cache<R> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), dirty: Vec::new() }
    }
}

impl<R: Row> Cache<R> {
    /// The row, to be looked at.
    pub(crate) fn get(
        &mut self,
        db: &Connection,
        key: &R::Key,
    ) -> Result<Option<&R>, ArchiveError> {
        self.fetch(db, key)?;
        Ok(self.rows.get(key).map(|held| &held.row))
    }

    /// The row, to be changed.
    pub(crate) fn get_mut(
        &mut self,
        db: &Connection,
        key: &R::Key,
    ) -> Result<Option<&mut R>, ArchiveError> {
        self.fetch(db, key)?;
        let Some(held) = self.rows.get_mut(key) else { return Ok(None) };
        if !std::mem::replace(&mut held.dirty, true) {
            self.dirty.push(key.clone());
        }
        Ok(Some(&mut held.row))
    }

    /// The row, to be changed; made where there is none.
    pub(crate) fn get_or(
        &mut self,
        db: &Connection,
        key: &R::Key,
        make: impl FnOnce() -> R,
    ) -> Result<&mut R, ArchiveError> {
        self.fetch(db, key)?;
        let dirty = &mut self.dirty;
        let held = self.rows.entry(key.clone()).or_insert_with(|| Held {
            row: make(),
            fresh: true,
            dirty: false,
        });
        if !std::mem::replace(&mut held.dirty, true) {
            dirty.push(key.clone());
        }
        Ok(&mut held.row)
    }

    /// Writes what changed.
    pub(crate) fn flush(&mut self, db: &Connection) -> Result<(), ArchiveError> {
        for key in std::mem::take(&mut self.dirty) {
            let Some(held) = self.rows.get_mut(&key) else { continue };
            held.row.store(db, &key, held.fresh)?;
            (held.fresh, held.dirty) = (false, false);
        }
        if self.rows.len() > KEPT_MAX {
            self.rows.clear();
        }
        Ok(())
    }

    /// Forgets what is in memory: the table was changed under it, after a flush.
    pub(crate) fn forget(&mut self) {
        debug_assert!(self.dirty.is_empty(), "rows that were not written");
        self.rows.clear();
    }

    fn fetch(&mut self, db: &Connection, key: &R::Key) -> Result<(), ArchiveError> {
        if self.rows.contains_key(key) {
            return Ok(());
        }
        if let Some(row) = R::load(db, key)? {
            self.rows.insert(key.clone(), Held { row, fresh: false, dirty: false });
        }
        Ok(())
    }
}
