//! From a path to a sound database that nobody else uses.

use super::error::{is_damage, storage};
use super::schema::{Owner, migrate};
use super::store::Store;
use chrono::Utc;
use cti_core::{Error, ErrorKind, Result, Status};
use rusqlite::{Connection, OpenFlags, ffi};
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long to wait for a program that looks into the database (a backup, the `sqlite3` shell).
const BUSY: Duration = Duration::from_secs(5);

/// To how many bytes the write-ahead log is cut back after a burst.
const LOG_KEPT: i64 = 64 << 20;

/// What was found when an outbox was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The file, as it was named.
    pub file: PathBuf,
    /// Where the damaged file is now that was found in its place.
    pub set_aside: Option<PathBuf>,
}

enum Failure {
    Damaged(rusqlite::Error),
    Other(Error),
}

/// Opens the database, and sets a damaged one aside.
pub(super) fn open(file: &Path) -> Result<(Store, Opened)> {
    check_place(file)?;
    // Somebody had it open as an outbox before, or it begins like a database: else it is a file of somebody else.
    let ours = beside(file, ".lock").exists() || looks_like_a_database(file);
    let lock = lock(file)?;
    let (connection, set_aside) = match connect(file) {
        Ok(connection) => (connection, None),
        Err(Failure::Other(error)) => return Err(error),
        Err(Failure::Damaged(_)) if !ours => {
            return Err(Error::new(
                ErrorKind::ConfigInvalid,
                "this is no outbox, and it is left alone: name another file",
            )
            .with("file", file.display()));
        }
        Err(Failure::Damaged(error)) => {
            let place = set_aside(file).map_err(|error| cannot_write(file, error))?;
            tracing::error!(file = %file.display(), set_aside = %place.display(), %error,
                "the database of the outbox was damaged: it is set aside and a new one is begun. Work that waited in it \
                 was not delivered");
            let connection = connect(file).map_err(|failure| match failure {
                Failure::Damaged(error) => storage(file, error),
                Failure::Other(error) => error,
            })?;
            (connection, Some(place))
        }
    };
    let store = Store::new(connection, file, lock).map_err(|error| storage(file, error))?;
    Ok((store, Opened { file: file.to_owned(), set_aside }))
}

fn check_place(file: &Path) -> Result<()> {
    let folder = folder(file);
    let invalid = |message: &str| Err(Error::new(ErrorKind::ConfigInvalid, message).with("file", file.display()));
    if file.is_dir() || file.file_name().is_none() {
        return invalid("the outbox must be a file, and this is a folder");
    }
    if !folder.is_dir() {
        return invalid("the folder of the outbox does not exist: create it, or name another file");
    }
    Ok(())
}

fn looks_like_a_database(file: &Path) -> bool {
    let mut start = [0; 16];
    File::open(file).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"SQLite format 3\0"
}

fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Locks `<file>.lock` for this outbox alone. The system lets go of the lock when the process ends, however it ends; the
/// file that stays behind means nothing. (The database itself cannot carry this lock: it is renamed when damaged, and
/// SQLite has locks of its own on it.)
fn lock(file: &Path) -> Result<File> {
    let place = beside(file, ".lock");
    let lock = private_file().truncate(false).open(place).map_err(|error| cannot_write(file, error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error::new(
            ErrorKind::Conflict,
            "another process has this outbox open: stop it, or give each its own file",
        )
        .with("file", file.display())),
        Err(TryLockError::Error(error)) => Err(cannot_write(file, error)),
    }
}

/// How to open a file that is created for its owner only.
fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn connect(file: &Path) -> Result<Connection, Failure> {
    // SQLite gives its -wal and -shm files the mode of the database.
    private_file().truncate(false).open(file).map_err(|error| Failure::Other(cannot_write(file, error)))?;
    let failed = |error| if is_damage(&error) { Failure::Damaged(error) } else { Failure::Other(storage(file, error)) };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(file, flags).map_err(failed)?;
    configure(&connection).map_err(failed)?;
    check(&connection).map_err(failed)?;
    let refuse = |message| Failure::Other(Error::new(ErrorKind::ConfigInvalid, message).with("file", file.display()));
    match migrate(&mut connection).map_err(failed)? {
        Owner::Ours => Ok(connection),
        Owner::Newer => Err(refuse("a newer version wrote this outbox: use that version, or name another file")),
        Owner::Another => Err(refuse("this is a database of another program: name another file")),
    }
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "trusted_schema", false)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(failure(ffi::SQLITE_PROTOCOL, "this file system cannot carry a write-ahead log: use a local disk"));
    }
    // A commit returns when it is on the disk, also where the disk has to be told so expressly (macOS).
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", LOG_KEPT)
}

/// Reads the whole database and looks for damage.
fn check(connection: &Connection) -> rusqlite::Result<()> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" {
        return Ok(());
    }
    Err(failure(ffi::SQLITE_CORRUPT, found))
}

fn failure(code: std::ffi::c_int, what: impl Into<String>) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(what.into()))
}

/// Renames the database and what belongs to it to `<file>.damaged-<time>`.
fn set_aside(file: &Path) -> io::Result<PathBuf> {
    let name = format!(".damaged-{}", Utc::now().format("%Y%m%dT%H%M%S%.3fZ"));
    let place = beside(file, &name);
    for part in ["-wal", "-shm", ""] {
        match std::fs::rename(beside(file, part), beside(&place, part)) {
            Err(error) if part.is_empty() || error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(place)
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    PathBuf::from(name)
}

fn cannot_write(file: &Path, error: io::Error) -> Error {
    let message = format!("the outbox cannot be written ({}): give this user the right to write there", error.kind());
    Error::new(ErrorKind::Storage, message).status_is(Status::Permanent).with("file", file.display()).caused_by(error)
}
