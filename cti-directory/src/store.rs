//! The tables.

use cti_core::crm::Match;
use cti_core::directory::{Entry, Progress, Stored};
use cti_core::number::Number;
use cti_core::{Error, ErrorKind};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::io::Read;
use std::path::Path;
use std::time::Duration;

/// Another number, and the file is begun anew.
const VERSION: i64 = 1;

const SCHEMA: &str = "
    CREATE TABLE contact (
        object TEXT NOT NULL, id TEXT NOT NULL, version TEXT NOT NULL, changed_at INTEGER NOT NULL,
        matched TEXT NOT NULL, PRIMARY KEY (object, id)) WITHOUT ROWID;
    CREATE TABLE number (
        canonical TEXT NOT NULL, object TEXT NOT NULL, id TEXT NOT NULL, spelled TEXT NOT NULL,
        PRIMARY KEY (canonical, object, id)) WITHOUT ROWID;
    CREATE INDEX number_of ON number (object, id);
    CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), progress TEXT NOT NULL);
";

#[derive(Debug)]
pub(crate) struct Store(Connection);

type Sql<T> = rusqlite::Result<T>;

impl Store {
    pub(crate) fn open(file: &Path) -> cti_core::Result<Self> {
        match connect(file) {
            Ok(connection) => Ok(Self(connection)),
            Err(error) if is_damage(&error) && is_database(file) => {
                tracing::warn!(file = %file.display(), %error, "the directory of customers is unreadable: it is begun anew");
                remove_files(file);
                connect(file).map(Self).map_err(|error| storage(file, error))
            }
            Err(error) => Err(storage(file, error)),
        }
    }

    pub(crate) fn progress(&self) -> Sql<Option<Progress>> {
        let text: Option<String> =
            self.0.query_row("SELECT progress FROM progress", [], |row| row.get(0)).optional()?;
        // Of another version: read anew.
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// All of it or nothing.
    pub(crate) fn store(&mut self, page: &[Entry], progress: Option<&Progress>) -> Sql<Stored> {
        let transaction = self.0.transaction()?;
        let mut stored = Stored::default();
        for entry in page {
            match (entry.keys.is_empty(), put(&transaction, entry)?) {
                (true, true) => stored.removed += 1,
                (false, true) => stored.changed += 1,
                _ => {}
            }
        }
        if let Some(progress) = progress {
            let text = serde_json::to_string(progress).unwrap_or_default();
            transaction.execute("INSERT OR REPLACE INTO progress VALUES (1, ?1)", [text])?;
        }
        transaction.commit()?;
        Ok(stored)
    }

    pub(crate) fn remove(&mut self, object: &str, id: &str) -> Sql<()> {
        let transaction = self.0.transaction()?;
        delete(&transaction, object, id)?;
        transaction.commit()
    }

    pub(crate) fn find(&self, key: &str, most: usize) -> Sql<Vec<Match>> {
        let mut statement = self.0.prepare_cached(
            "SELECT contact.matched, number.spelled FROM number
             JOIN contact ON contact.object = number.object AND contact.id = number.id
             WHERE number.canonical = ?1 ORDER BY contact.changed_at DESC, contact.id LIMIT ?2",
        )?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows =
            statement.query_map(params![key, most], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let mut found = Vec::new();
        for row in rows {
            let (matched, spelled) = row?;
            if let Ok(matched) = serde_json::from_str::<Match>(&matched) {
                found.push(Match { spelled: Number::new(&spelled), ..matched });
            }
        }
        Ok(found)
    }

    pub(crate) fn count(&self) -> Sql<u64> {
        let count: i64 = self.0.query_row("SELECT count(*) FROM contact", [], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}

/// Takes an entry over; false if nothing changes by it.
fn put(transaction: &Transaction<'_>, entry: &Entry) -> Sql<bool> {
    let contact = &entry.contact;
    let (object, id) = (&contact.matched.object, &contact.matched.id);
    if entry.keys.is_empty() {
        return delete(transaction, object, id);
    }
    let mut known = transaction.prepare_cached("SELECT version FROM contact WHERE object = ?1 AND id = ?2")?;
    let known: Option<String> = known.query_row(params![object, id], |row| row.get(0)).optional()?;
    if known.as_deref() == Some(&contact.version) {
        return Ok(false);
    }
    if known.is_some() {
        delete(transaction, object, id)?;
    }
    let matched = serde_json::to_string(&contact.matched).unwrap_or_default();
    transaction.prepare_cached("INSERT INTO contact VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        object,
        id,
        contact.version,
        contact.changed_at.timestamp(),
        matched
    ])?;
    let mut number = transaction.prepare_cached("INSERT INTO number VALUES (?1, ?2, ?3, ?4)")?;
    for key in &entry.keys {
        number.execute(params![key.canonical, object, id, key.spelled.as_str()])?;
    }
    Ok(true)
}

fn delete(transaction: &Transaction<'_>, object: &str, id: &str) -> Sql<bool> {
    transaction.prepare_cached("DELETE FROM number WHERE object = ?1 AND id = ?2")?.execute(params![object, id])?;
    let gone = transaction
        .prepare_cached("DELETE FROM contact WHERE object = ?1 AND id = ?2")?
        .execute(params![object, id])?;
    Ok(gone > 0)
}

fn connect(file: &Path) -> Sql<Connection> {
    private(file);
    let connection = Connection::open(file)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A crash may cost the last page; it is read again.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == VERSION {
        return Ok(connection);
    }
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if version == 0 && tables == 0 {
        connection.execute_batch(SCHEMA)?;
        connection.pragma_update(None, "user_version", VERSION)?;
        return Ok(connection);
    }
    let text = "the file is of another version or no directory of customers".to_owned();
    Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_MISMATCH), Some(text)))
}

/// Names and numbers are nobody else's business: the file is made before SQLite makes it for all to read.
fn private(file: &Path) {
    use std::os::unix::fs::OpenOptionsExt;
    // If it is there already or cannot be made, SQLite says so.
    drop(std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(file));
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

/// What does not begin like a database is somebody else's file, and left alone.
fn is_database(file: &Path) -> bool {
    let mut head = [0; 15];
    let read = std::fs::File::open(file).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && &head == b"SQLite format 3"
}

fn remove_files(file: &Path) {
    for end in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(end);
        drop(std::fs::remove_file(name));
    }
}

fn storage(file: &Path, error: rusqlite::Error) -> Error {
    let text = "the directory of customers cannot be opened: see that the folder exists and can be written";
    Error::new(ErrorKind::Storage, text).with("file", file.display()).caused_by(error)
}
