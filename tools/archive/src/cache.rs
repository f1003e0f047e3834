//! Rows that change often are changed in memory and written once a transaction.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::ArchiveError;
use crate::columns::{Binds, Key};

/// Rows kept between transactions; more are dropped after they were written.
const KEPT_MAX: usize = 1 << 15;

/// A row that can be read back whole enough to be changed further.
pub(crate) trait Row: Sized {
    /// What it is found by.
    type Key: Key;

    /// Finds it by its key.
    const LOAD: &'static str;
    /// Writes it for the first time.
    const INSERT: &'static str;
    /// Writes it again.
    const UPDATE: &'static str;

    /// Reads what [`LOAD`](Self::LOAD) gave.
    fn read(row: &rusqlite::Row<'_>) -> Result<Self, ArchiveError>;

    /// Runs [`INSERT`](Self::INSERT).
    fn insert(&self, key: &Self::Key, binds: Binds<'_, '_>) -> rusqlite::Result<usize>;

    /// Runs [`UPDATE`](Self::UPDATE).
    fn update(&self, key: &Self::Key, binds: Binds<'_, '_>) -> rusqlite::Result<usize> {
        self.insert(key, binds)
    }
}

#[derive(Debug)]
struct Held<R: Row> {
    key: R::Key,
    row: R,
    dirty: bool,
}

/// The rows of one table that are in memory: side by side as they came, so that the next one is
/// near when they are written.
#[derive(Debug)]
pub(crate) struct Cache<R: Row> {
    held: Vec<Held<R>>,
    places: HashMap<R::Key, u32>,
    /// To be written for the first time.
    fresh: Vec<u32>,
    /// To be written again.
    changed: Vec<u32>,
}

impl<R: Row> Default for Cache<R> {
    fn default() -> Self {
        let (fresh, changed) = (Vec::new(), Vec::new());
        Self { held: Vec::new(), places: HashMap::new(), fresh, changed }
    }
}

impl<R: Row> Cache<R> {
    /// The row, to be looked at.
    pub(crate) fn get(
        &mut self,
        db: &Connection,
        key: &R::Key,
    ) -> Result<Option<&R>, ArchiveError> {
        let place = self.fetch(db, key)?;
        Ok(place.map(|place| &self.held[place as usize].row))
    }

    /// The row, to be changed.
    pub(crate) fn get_mut(
        &mut self,
        db: &Connection,
        key: &R::Key,
    ) -> Result<Option<&mut R>, ArchiveError> {
        let place = self.fetch(db, key)?;
        Ok(place.map(|place| self.change(place)))
    }

    /// The row, to be changed; made where there is none.
    pub(crate) fn get_or(
        &mut self,
        db: &Connection,
        key: &R::Key,
        make: impl FnOnce() -> R,
    ) -> Result<&mut R, ArchiveError> {
        let place = match self.fetch(db, key)? {
            Some(place) => place,
            None => {
                let place = self.keep(key, make(), true);
                self.fresh.push(place);
                place
            }
        };
        Ok(self.change(place))
    }

    /// Writes what changed: each statement is prepared once for all rows.
    pub(crate) fn flush(&mut self, db: &Connection) -> Result<(), ArchiveError> {
        let Self { held, fresh, changed, .. } = self;
        write(held, fresh, db, R::INSERT, R::insert)?;
        write(held, changed, db, R::UPDATE, R::update)?;
        if self.held.len() > KEPT_MAX {
            self.forget();
        }
        Ok(())
    }

    /// Forgets what is in memory: the table was changed under it, after a flush.
    pub(crate) fn forget(&mut self) {
        debug_assert!(self.fresh.is_empty() && self.changed.is_empty(), "rows not written");
        self.held.clear();
        self.places.clear();
    }

    fn change(&mut self, place: u32) -> &mut R {
        let held = &mut self.held[place as usize];
        if !std::mem::replace(&mut held.dirty, true) {
            self.changed.push(place);
        }
        &mut held.row
    }

    fn fetch(&mut self, db: &Connection, key: &R::Key) -> Result<Option<u32>, ArchiveError> {
        if let Some(place) = self.places.get(key) {
            return Ok(Some(*place));
        }
        Ok(load(db, key)?.map(|row| self.keep(key, row, false)))
    }

    fn keep(&mut self, key: &R::Key, row: R, dirty: bool) -> u32 {
        let place = self.held.len() as u32;
        self.held.push(Held { key: key.clone(), row, dirty });
        self.places.insert(key.clone(), place);
        place
    }
}

fn load<R: Row>(db: &Connection, key: &R::Key) -> Result<Option<R>, ArchiveError> {
    let mut statement = db.prepare_cached(R::LOAD)?;
    key.put(&mut Binds::of(&mut statement))?;
    let mut rows = statement.raw_query();
    rows.next()?.map(R::read).transpose()
}

fn write<R: Row>(
    held: &mut [Held<R>],
    places: &mut Vec<u32>,
    db: &Connection,
    sql: &str,
    run: impl Fn(&R, &R::Key, Binds<'_, '_>) -> rusqlite::Result<usize>,
) -> Result<(), ArchiveError> {
    let mut statement = db.prepare_cached(sql)?;
    for place in places.drain(..) {
        let Held { key, row, dirty } = &mut held[place as usize];
        run(row, key, Binds::of(&mut statement))?;
        *dirty = false;
    }
    Ok(())
}
