//! Every row of every table as text, so that two archives can be compared.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::database::{file_of, open_to_read};
use crate::{ArchiveError, TABLES};

/// The rows of each table of the archive in a data directory, sorted.
///
/// # Errors
/// [`ArchiveError`] when there is no archive of this version.
pub fn dump(data: &Path) -> Result<BTreeMap<&'static str, Vec<String>>, ArchiveError> {
    let db = open_to_read(&file_of(data))?;
    TABLES.iter().map(|table| Ok((*table, rows(&db, table)?))).collect()
}

fn rows(db: &Connection, table: &str) -> Result<Vec<String>, ArchiveError> {
    let mut statement = db.prepare(&format!("SELECT * FROM {table}"))?;
    let width = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells = (0..width).map(|at| row.get::<_, Value>(at));
        Ok(format!("{:?}", cells.collect::<Result<Vec<_>, _>>()?))
    })?;
    let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
    rows.sort();
    Ok(rows)
}
