//! The reader: answers named questions beside the writer.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params};
use serde_json::{Map, Value};

use crate::ArchiveError;
use crate::context::Meta;
use crate::database::{file_of, open_to_read};
use crate::query::Query;

/// A question that takes longer is named in the log.
const SLOW: Duration = Duration::from_secs(1);

/// An archive open for reading; any number beside the one writer.
#[derive(Debug)]
pub struct View {
    db: Connection,
}

/// What a question gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Values in the order of the columns: null, integers, text; bytes as hexadecimal text.
    pub rows: Vec<Vec<Value>>,
}

impl View {
    /// Opens the archive of a data directory.
    ///
    /// # Errors
    /// [`ArchiveError`] where there is none, or one that this program does not read.
    pub fn open(data: &Path) -> Result<Self, ArchiveError> {
        Ok(Self { db: open_to_read(&file_of(data))? })
    }

    /// Answers one of the named questions with its parameters, in their order.
    ///
    /// # Errors
    /// [`ArchiveError::Sql`], also for parameters that are not as many as the question has.
    pub fn ask(&self, query: &Query, params: impl Params) -> Result<Rows, ArchiveError> {
        let begun = Instant::now();
        let rows = self.read(query, params);
        let took = begun.elapsed();
        if took > SLOW {
            tracing::warn!(query = query.name, ms = took.as_millis() as u64, "a slow question");
        }
        rows
    }

    /// The last decision that the archive holds.
    ///
    /// # Errors
    /// [`ArchiveError::Sql`].
    pub fn seq(&self) -> Result<u64, ArchiveError> {
        Ok(Meta::load(&self.db)?.position.seq)
    }

    fn read(&self, query: &Query, params: impl Params) -> Result<Rows, ArchiveError> {
        let failed = || ArchiveError::sql("ask");
        let mut statement = self.db.prepare_cached(query.sql).map_err(failed())?;
        let columns: Vec<String> = statement.column_names().map(ToOwned::to_owned).collect();
        let mut found = statement.query(params).map_err(failed())?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(failed())? {
            let values = (0..columns.len()).map(|at| row.get_ref(at).map(value_of));
            rows.push(values.collect::<Result<_, _>>().map_err(failed())?);
        }
        Ok(Rows { columns, rows })
    }
}

fn value_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => value.into(),
        ValueRef::Real(value) => value.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => {
            bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
        }
    }
}

impl Rows {
    /// Each row as an object.
    pub fn objects(self) -> impl Iterator<Item = Map<String, Value>> {
        let Self { columns, rows } = self;
        rows.into_iter().map(move |row| columns.iter().cloned().zip(row).collect())
    }
}
