//! A row's columns, each named once: the struct, what reads it and what writes it follow from them.

use std::sync::Arc;

use model::{Amount, ClientOrderId};
use rusqlite::types::{FromSql, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Row, Statement};

use crate::{ArchiveError, money};

/// A value that one column holds.
pub(crate) trait Cell: Sized {
    /// From a row of `table`.
    fn read(table: &'static str, row: &Row<'_>, at: usize) -> Result<Self, ArchiveError>;

    /// To the parameter `at` of a statement.
    fn bind(&self, statement: &mut Statement<'_>, at: usize) -> rusqlite::Result<()>;
}

/// What SQLite holds as it is.
trait Plain: ToSql + FromSql {}

impl Plain for u8 {}
impl Plain for u16 {}
impl Plain for u32 {}
impl Plain for i32 {}
impl Plain for i64 {}
impl Plain for String {}
impl Plain for Arc<str> {}
impl<T: Plain> Plain for Option<T> {}

impl<T: Plain> Cell for T {
    fn read(_: &'static str, row: &Row<'_>, at: usize) -> Result<Self, ArchiveError> {
        Ok(row.get(at)?)
    }

    fn bind(&self, statement: &mut Statement<'_>, at: usize) -> rusqlite::Result<()> {
        statement.raw_bind_parameter(at, self)
    }
}

impl Cell for Amount {
    fn read(table: &'static str, row: &Row<'_>, at: usize) -> Result<Self, ArchiveError> {
        let text = row.get_ref(at)?.as_str().map_err(rusqlite::Error::from)?;
        money::amount(table, text)
    }

    fn bind(&self, statement: &mut Statement<'_>, at: usize) -> rusqlite::Result<()> {
        statement.raw_bind_parameter(at, money::figure(*self))
    }
}

impl ToSql for money::Figure {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.as_bytes())))
    }
}

/// The columns of a row, taken in their order.
pub(crate) struct Cells<'row, 'statement> {
    table: &'static str,
    row: &'row Row<'statement>,
    at: usize,
}

impl<'row, 'statement> Cells<'row, 'statement> {
    pub(crate) const fn of(table: &'static str, row: &'row Row<'statement>) -> Self {
        Self::behind(table, row, 0)
    }

    /// Without the first columns.
    pub(crate) const fn behind(
        table: &'static str,
        row: &'row Row<'statement>,
        first: usize,
    ) -> Self {
        Self { table, row, at: first }
    }

    pub(crate) fn take<T: Cell>(&mut self) -> Result<T, ArchiveError> {
        let at = self.at;
        self.at += 1;
        T::read(self.table, self.row, at)
    }
}

/// The parameters of a statement, put in their order.
pub(crate) struct Binds<'borrow, 'db> {
    statement: &'borrow mut Statement<'db>,
    at: usize,
}

impl<'borrow, 'db> Binds<'borrow, 'db> {
    pub(crate) const fn of(statement: &'borrow mut Statement<'db>) -> Self {
        Self { statement, at: 0 }
    }

    pub(crate) fn put(&mut self, cell: &impl Cell) -> rusqlite::Result<()> {
        self.at += 1;
        cell.bind(self.statement, self.at)
    }

    /// A value that is never read back.
    pub(crate) fn tell(&mut self, value: impl ToSql) -> rusqlite::Result<()> {
        self.at += 1;
        self.statement.raw_bind_parameter(self.at, value)
    }

    pub(crate) fn run(self) -> rusqlite::Result<usize> {
        self.statement.raw_execute()
    }
}

/// What a row is found by: one column or some.
pub(crate) trait Key: Eq + std::hash::Hash + Clone {
    /// To the next parameters.
    fn put(&self, binds: &mut Binds<'_, '_>) -> rusqlite::Result<()>;
}

impl Key for u32 {
    fn put(&self, binds: &mut Binds<'_, '_>) -> rusqlite::Result<()> {
        binds.tell(self)
    }
}

impl Key for ClientOrderId {
    fn put(&self, binds: &mut Binds<'_, '_>) -> rusqlite::Result<()> {
        binds.tell(self.text().as_str())
    }
}

impl Key for (u8, i64, Arc<str>) {
    fn put(&self, binds: &mut Binds<'_, '_>) -> rusqlite::Result<()> {
        binds.tell(self.0)?;
        binds.tell(self.1)?;
        binds.tell(&self.2)
    }
}

/// A struct whose fields are the columns of a table, with its key's columns beside them.
macro_rules! row {
    (
        $(#[$doc:meta])*
        $name:ident of $table:literal by $key:ty = $columns:literal as $marks:literal {
            $($(#[$of:meta])* $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub(crate) struct $name {
            $($(#[$of])* pub(crate) $field: $type,)*
        }

        impl $crate::cache::Row for $name {
            type Key = $key;

            const LOAD: &'static str = concat!(
                "SELECT ", $(stringify!($field), ", ",)* $columns,
                " FROM ", $table, " WHERE (", $columns, ") = (", $marks, ")"
            );
            const INSERT: &'static str = concat!(
                "INSERT OR REPLACE INTO ", $table,
                " (", $(stringify!($field), ", ",)* $columns, ") VALUES (",
                $($crate::columns::mark!($field),)* $marks, ")"
            );
            const UPDATE: &'static str = Self::INSERT;

            fn read(row: &rusqlite::Row<'_>) -> Result<Self, $crate::ArchiveError> {
                let mut cells = $crate::columns::Cells::of($table, row);
                Ok(Self { $($field: cells.take()?,)* })
            }

            fn insert(
                &self,
                key: &$key,
                mut binds: $crate::columns::Binds<'_, '_>,
            ) -> rusqlite::Result<usize> {
                $(binds.put(&self.$field)?;)*
                $crate::columns::Key::put(key, &mut binds)?;
                binds.run()
            }
        }
    };
}

/// A parameter's mark and the comma behind it, for a column.
macro_rules! mark {
    ($field:ident) => {
        "?, "
    };
}

pub(crate) use {mark, row};
