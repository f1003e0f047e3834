//! The tables, and how an older database becomes one of this version.

use rusqlite::Connection;

use crate::ArchiveError;

/// Marks a SQLite file as an archive of ours: "shrk".
pub const APPLICATION_ID: i32 = 0x7368_726b;

/// One step from the version before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    /// What is done.
    pub(crate) sql: &'static str,
    /// Whether rows of older records must be made again: the position goes back to the start.
    pub(crate) rebuild: bool,
}

/// Every step, in order: step `n` leads to version `n + 1`. A step that was released is never
/// edited; a change is a further step.
pub(crate) const MIGRATIONS: &[Migration] =
    &[Migration { sql: include_str!("schema/0001.sql"), rebuild: false }];

/// The version that this program writes.
pub const VERSION: u32 = MIGRATIONS.len() as u32;

/// Tables with rows of the journal; `meta` besides holds the position.
pub const TABLES: [&str; 18] = [
    "runs",
    "symbols",
    "assets",
    "listings",
    "patterns",
    "signals",
    "targets",
    "target_changes",
    "permits",
    "orders",
    "fills",
    "positions",
    "executions",
    "daily_results",
    "system_state",
    "risk_events",
    "alerts",
    "audit",
];

/// Brings a database at `found` to the last of `steps`, all or nothing.
pub(crate) fn migrate(
    connection: &mut Connection,
    found: u32,
    steps: &[Migration],
) -> Result<(), ArchiveError> {
    let doing = "migrate";
    let change = connection.transaction().map_err(ArchiveError::sql(doing))?;
    let missing = steps.get(found as usize..).unwrap_or_default();
    for step in missing {
        change.execute_batch(step.sql).map_err(ArchiveError::sql(doing))?;
    }
    if missing.iter().any(|step| step.rebuild) && found > 0 {
        clear(&change)?;
    }
    change
        .pragma_update(None, "user_version", steps.len() as u32)
        .map_err(ArchiveError::sql(doing))?;
    change.commit().map_err(ArchiveError::sql(doing))
}

/// Empties every table: the next record applied is the journal's first.
pub(crate) fn clear(connection: &Connection) -> Result<(), ArchiveError> {
    for table in TABLES.iter().chain(&["meta"]) {
        connection
            .execute(&format!("DELETE FROM {table}"), [])
            .map_err(ArchiveError::sql("empty"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, 0, MIGRATIONS).unwrap();
        connection
    }

    fn version(connection: &Connection) -> u32 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    fn alerts(connection: &Connection) -> u32 {
        connection.query_row("SELECT count(*) FROM alerts", [], |row| row.get(0)).unwrap()
    }

    const ALERT: &str = "INSERT INTO alerts (seq, kind, figure) VALUES (1, 'clock', 0)";
    const COLUMN: &str = "ALTER TABLE alerts ADD COLUMN note TEXT";

    #[test]
    fn every_table_of_the_list_is_there_and_no_other() {
        let connection = first();
        let mut listed: Vec<String> = TABLES.iter().map(|name| (*name).to_owned()).collect();
        listed.push("meta".to_owned());
        listed.sort();
        let mut statement = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .unwrap();
        let names = statement.query_map([], |row| row.get(0)).unwrap();
        assert_eq!(names.collect::<Result<Vec<String>, _>>().unwrap(), listed);
    }

    #[test]
    fn an_older_database_keeps_its_rows_when_the_step_adds_a_column() {
        let mut connection = first();
        connection.execute_batch(ALERT).unwrap();
        let steps = [MIGRATIONS[0], Migration { sql: COLUMN, rebuild: false }];
        migrate(&mut connection, 1, &steps).unwrap();
        assert_eq!((version(&connection), alerts(&connection)), (2, 1));
        connection.execute("UPDATE alerts SET note = 'there'", []).unwrap();
    }

    #[test]
    fn a_step_whose_rows_come_from_older_records_begins_again() {
        let mut connection = first();
        connection.execute_batch(ALERT).unwrap();
        let steps = [MIGRATIONS[0], Migration { sql: COLUMN, rebuild: true }];
        migrate(&mut connection, 1, &steps).unwrap();
        assert_eq!((version(&connection), alerts(&connection)), (2, 0));
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before() {
        let mut connection = first();
        let bad = "CREATE TABLE half (x); SELECT nonsense FROM nowhere";
        let steps = [MIGRATIONS[0], Migration { sql: bad, rebuild: false }];
        assert!(migrate(&mut connection, 1, &steps).is_err());
        assert_eq!(version(&connection), 1);
        assert!(connection.prepare("SELECT * FROM half").is_err(), "half a step was kept");
    }
}
