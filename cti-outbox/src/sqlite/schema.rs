//! The tables, as a list of steps from one version of the file to the next.

use rusqlite::{Connection, TransactionBehavior};

/// The version of a file is the number of steps that were taken (`user_version`). Steps are only ever added.
const STEPS: &[&str] = &[r"
    -- Work that waits (dead_at is null) and dead letters.
    CREATE TABLE work (
        number  INTEGER PRIMARY KEY AUTOINCREMENT,
        crm     TEXT NOT NULL,
        call    TEXT NOT NULL,
        key     TEXT NOT NULL,
        work    TEXT NOT NULL,               -- JSON
        tries   INTEGER NOT NULL DEFAULT 0,
        due     INTEGER,                     -- ms since 1970; null while it stands behind other work of its call
        wait    INTEGER NOT NULL DEFAULT 0,  -- ms that were asked for when `due` was set
        dead_at INTEGER,                     -- ms since 1970
        reason  TEXT,
        UNIQUE (crm, key)
    ) STRICT;
    CREATE INDEX work_due  ON work (crm, due, number)  WHERE due IS NOT NULL;
    CREATE INDEX work_call ON work (crm, call, number) WHERE dead_at IS NULL;
    CREATE INDEX work_dead ON work (dead_at, number)   WHERE dead_at IS NOT NULL;

    -- Keys of work that was delivered or dropped.
    CREATE TABLE done (
        crm TEXT NOT NULL,
        key TEXT NOT NULL,
        at  INTEGER NOT NULL,
        PRIMARY KEY (crm, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX done_at ON done (at);

    -- Calls that are not over.
    CREATE TABLE open_call (
        call TEXT PRIMARY KEY,
        pbx  TEXT NOT NULL,
        seq  INTEGER NOT NULL,
        body TEXT NOT NULL                   -- JSON
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX open_call_pbx ON open_call (pbx);

    -- Calls that are over, so that a late word does not open them again.
    CREATE TABLE ended (
        call TEXT PRIMARY KEY,
        at   INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX ended_at ON ended (at);
"];

/// Whose the file is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// Ours, and at the latest version now.
    Ours,
    /// Written by a newer version of this program.
    Newer,
    /// A database of another program.
    Another,
}

/// Brings the file to the latest version, each step in a transaction of its own. Touches nothing that is not ours.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<Owner> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let has_ours = connection.table_exists(Some("main"), "work")? && connection.table_exists(Some("main"), "done")?;
    let Ok(taken) = usize::try_from(version) else { return Ok(Owner::Another) };
    let is_ours = if version == 0 { tables == 0 } else { has_ours };
    if !is_ours {
        return Ok(Owner::Another);
    }
    if taken > STEPS.len() {
        return Ok(Owner::Newer);
    }
    for (version, step) in (1_i64..).zip(STEPS).skip(taken) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(Owner::Ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_is_brought_to_the_latest_version_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert_eq!(migrate(&mut connection).unwrap(), Owner::Ours);
        assert_eq!(migrate(&mut connection).unwrap(), Owner::Ours);
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(usize::try_from(version).unwrap(), STEPS.len());
    }

    #[test]
    fn files_of_others_are_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE theirs (a)").unwrap();
        assert_eq!(migrate(&mut connection).unwrap(), Owner::Another);
        connection.pragma_update(None, "user_version", 1).unwrap();
        assert_eq!(migrate(&mut connection).unwrap(), Owner::Another);
    }

    #[test]
    fn a_newer_file_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", 1_000_000).unwrap();
        assert_eq!(migrate(&mut connection).unwrap(), Owner::Newer);
    }
}
