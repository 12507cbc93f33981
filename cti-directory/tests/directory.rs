//! The directory in a file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use cti_core::directory::{Directory, Entry, key};
use cti_core::number::{Number, NumberingPlan};
use cti_directory::SqliteDirectory;
use cti_testkit::suite::directory::{contact, run};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A folder of a test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("directory-{name}-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[tokio::test]
async fn a_file_is_a_directory() {
    let folder = folder("suite");
    let directory = SqliteDirectory::open(&folder.join("customers.db")).unwrap();
    run(&directory).await.unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart_and_for_nobody_else() {
    let folder = folder("restart");
    let file = folder.join("customers.db");
    let plan = NumberingPlan::japan();
    let entry = Entry::of(contact(1, "A", &["0312345678"], 0), &plan);
    SqliteDirectory::open(&file).unwrap().store(vec![entry], None).await.unwrap();
    let again = SqliteDirectory::open(&file).unwrap();
    let found = again.find(&key(&Number::new("03-1234-5678").unwrap(), &plan), 1).await.unwrap();
    assert_eq!(found[0].fields["email"], "1@example.com");
    let modes = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().metadata().unwrap().permissions().mode());
    for mode in modes {
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_damaged_file_is_begun_anew_and_a_foreign_one_left_alone() {
    let folder = folder("damage");
    let file = folder.join("customers.db");
    std::fs::write(&file, [b"SQLite format 3\0".as_slice(), &[7; 4096]].concat()).unwrap();
    assert_eq!(SqliteDirectory::open(&file).unwrap().count().await.unwrap(), 0);
    let foreign = folder.join("letter.txt");
    std::fs::write(&foreign, "Dear Sir, ".repeat(1000)).unwrap();
    assert!(SqliteDirectory::open(&foreign).is_err());
    assert_eq!(std::fs::read_to_string(&foreign).unwrap(), "Dear Sir, ".repeat(1000));
    std::fs::remove_dir_all(folder).unwrap();
}
