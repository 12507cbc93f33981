//! What SQLite's errors mean for a person.

use cti_core::{Error, ErrorKind};
use rusqlite::ErrorCode;
use std::path::Path;

/// The error of the family for an error of SQLite on that file.
pub(super) fn storage(file: &Path, error: rusqlite::Error) -> Error {
    let message = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full: make room where the outbox is",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program has locked the database of the outbox: close it"
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "the outbox cannot be written: give this user the right to write the file and its folder"
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "the database of the outbox is damaged: restart, and it is set aside"
        }
        Some(ErrorCode::SystemIoFailure) => "the disk under the outbox failed",
        _ => "the database of the outbox failed",
    };
    Error::new(ErrorKind::Storage, message).with("file", file.display()).caused_by(error)
}

/// True if the file is not a sound database.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}
