//! The outbox in an SQLite file: the suite of outboxes, and what a file adds.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::Folder;
use cti_core::ErrorKind;
use cti_core::call::CallId;
use cti_core::outbox::{Outbox, OutboxStats, Token, Verdict, Work};
use cti_outbox::SqliteOutbox;
use cti_testkit::suite::{self, outbox::log_call, outbox::nth_of_call, outbox::open_call};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_outbox_behaves() {
    let (folder, n) = (Folder::new(), AtomicU32::new(0));
    suite::outbox::run(async || {
        SqliteOutbox::open(folder.file(&format!("{}.db", n.fetch_add(1, Ordering::Relaxed)))).unwrap()
    })
    .await;
}

async fn take_now(outbox: &SqliteOutbox) -> cti_core::outbox::Token {
    tokio::time::timeout(Duration::from_secs(20), outbox.take("a")).await.expect("work must be due").unwrap()
}

/// Takes that work; what comes before it (which of two calls is first depends on the millisecond) is put off.
async fn take_until(outbox: &SqliteOutbox, work: &Work) -> Token {
    loop {
        let token = take_now(outbox).await;
        if token.work == *work {
            return token;
        }
        token.settle(Verdict::RetryAfter(Duration::from_secs(3600))).await.unwrap();
    }
}

#[tokio::test]
async fn everything_is_there_after_a_reopen() {
    let folder = Folder::new();
    let file = folder.file("calls.db");
    let outbox = SqliteOutbox::open(&file).unwrap();
    let work: Vec<_> = (0..4).map(|n| nth_of_call("a", "pbx/1", n)).collect();
    outbox.append(work.clone(), Some(&CallId::from("pbx/0"))).await.unwrap();
    outbox.append(vec![log_call("a", "pbx/2")], None).await.unwrap();
    outbox.remember(&open_call("pbx/3", 7)).await.unwrap();
    take_now(&outbox).await.settle(Verdict::Delivered).await.unwrap();
    take_until(&outbox, &work[1]).await.settle(Verdict::Rejected { reason: "no".to_owned() }).await.unwrap();
    let leased = take_until(&outbox, &work[2]).await;
    let (letters, stats) = (outbox.dead_letters().await.unwrap(), outbox.stats().await.unwrap());
    assert_eq!(stats, OutboxStats { waiting: 3, dead: 1, open_calls: 1 });
    drop((leased, outbox));

    let outbox = SqliteOutbox::open(&file).unwrap();
    assert_eq!(outbox.opened().set_aside, None);
    assert_eq!(outbox.stats().await.unwrap(), stats);
    assert_eq!(outbox.dead_letters().await.unwrap(), letters);
    assert_eq!(outbox.open_calls("pbx").await.unwrap(), [open_call("pbx/3", 7)]);
    outbox.append(work[..1].to_vec(), None).await.unwrap();
    outbox.remember(&open_call("pbx/0", 9)).await.unwrap();
    assert_eq!(outbox.stats().await.unwrap(), stats, "delivered work and ended calls are still known");
    for expected in &work[2..] {
        let token = take_now(&outbox).await;
        assert_eq!((&token.work, token.earlier_tries), (expected, 0));
        token.settle(Verdict::Delivered).await.unwrap();
    }
    assert!(outbox.revive(letters[0].number).await.unwrap());
    assert_eq!(take_now(&outbox).await.work, work[1]);
}

#[tokio::test]
async fn tries_and_waits_outlive_a_reopen() {
    let folder = Folder::new();
    let file = folder.file("calls.db");
    let outbox = SqliteOutbox::open(&file).unwrap();
    outbox.append(vec![log_call("a", "pbx/1"), log_call("a", "pbx/2")], None).await.unwrap();
    take_now(&outbox).await.settle(Verdict::RetryAfter(Duration::from_secs(3600))).await.unwrap();
    take_now(&outbox).await.settle(Verdict::RetryAfter(Duration::ZERO)).await.unwrap();
    drop(outbox);
    let outbox = SqliteOutbox::open(&file).unwrap();
    let token = take_now(&outbox).await;
    assert_eq!((token.work.call.as_str(), token.earlier_tries), ("pbx/2", 1));
    let more = tokio::time::timeout(Duration::from_millis(50), outbox.take("a")).await;
    assert!(more.is_err(), "the other is due in an hour: {more:?}");
}

#[tokio::test]
async fn a_second_opener_is_refused_and_the_first_goes_on() {
    let folder = Folder::new();
    let file = folder.file("calls.db");
    let outbox = SqliteOutbox::open(&file).unwrap();
    let refused = SqliteOutbox::open(&file).expect_err("it is open");
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert!(refused.to_string().contains("another process has this outbox open"), "{refused}");
    outbox.append(vec![log_call("a", "pbx/1")], None).await.unwrap();
    drop(outbox);
    assert_eq!(SqliteOutbox::open(&file).unwrap().stats().await.unwrap().waiting, 1);
}

#[test]
fn bad_places_are_named() {
    let folder = Folder::new();
    let missing = SqliteOutbox::open(folder.file("no/such/calls.db")).expect_err("no folder");
    assert_eq!(missing.kind(), ErrorKind::ConfigInvalid);
    assert!(missing.to_string().contains("the folder of the outbox does not exist"), "{missing}");
    let a_folder = SqliteOutbox::open(folder.file("")).expect_err("a folder");
    assert_eq!(a_folder.kind(), ErrorKind::ConfigInvalid, "{a_folder}");

    let theirs = folder.file("theirs.db");
    rusqlite::Connection::open(&theirs).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    let refused = SqliteOutbox::open(&theirs).expect_err("not ours");
    assert_eq!(refused.kind(), ErrorKind::ConfigInvalid);
    assert!(refused.to_string().contains("another program"), "{refused}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_is_a_clear_error() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let read_only = folder.file("read-only");
    std::fs::create_dir(&read_only).unwrap();
    std::fs::set_permissions(&read_only, std::fs::Permissions::from_mode(0o555)).unwrap();
    let mut places = vec![Path::new("/proc/self").to_owned()]; // where not even root can create a file
    match std::fs::write(read_only.join("probe"), "") {
        Ok(()) => println!("skipped in part: this user may write into any folder"),
        Err(_) => places.push(read_only),
    }
    for place in places {
        let refused = SqliteOutbox::open(place.join("calls.db")).expect_err("cannot be written");
        assert_eq!(refused.kind(), ErrorKind::Storage);
        assert!(refused.to_string().contains("the outbox cannot be written"), "{refused}");
        assert!(!refused.is_temporary(), "{refused}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let outbox = SqliteOutbox::open(folder.file("calls.db")).unwrap();
    outbox.append(vec![log_call("a", "pbx/1")], None).await.unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.file("")).unwrap().map(Result::unwrap).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

/// Opens a file in which something is wrong, and checks that it is set aside and work goes on.
async fn damaged_file_is_set_aside(damage: impl FnOnce(&Path)) {
    let folder = Folder::new();
    let file = folder.file("calls.db");
    {
        let outbox = SqliteOutbox::open(&file).unwrap();
        let work = (0..200).map(|n| log_call("a", &format!("pbx/{n}"))).collect();
        outbox.append(work, None).await.unwrap();
    }
    damage(&file);
    let bytes = std::fs::read(&file).unwrap();
    let outbox = SqliteOutbox::open(&file).unwrap();
    let aside = outbox.opened().set_aside.clone().expect("the damaged file is set aside");
    assert!(aside.to_string_lossy().contains("calls.db.damaged-2"), "{aside:?}");
    assert_eq!(std::fs::read(&aside).unwrap(), bytes, "nothing is lost that could be mended");
    assert_eq!(outbox.stats().await.unwrap(), OutboxStats::default());
    outbox.append(vec![log_call("a", "pbx/1")], None).await.unwrap();
    drop(outbox);
    let outbox = SqliteOutbox::open(&file).unwrap();
    assert_eq!(outbox.opened().set_aside, None);
    assert_eq!(outbox.stats().await.unwrap().waiting, 1);
}

#[tokio::test]
async fn what_is_no_database_is_set_aside() {
    damaged_file_is_set_aside(|file| std::fs::write(file, "these are not the calls you are looking for").unwrap())
        .await;
}

#[test]
fn a_file_of_somebody_else_is_left_alone() {
    let folder = Folder::new();
    let file = folder.file("cti.toml");
    std::fs::write(&file, "[[pbx]]").unwrap();
    let error = SqliteOutbox::open(&file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "[[pbx]]");
}

#[tokio::test]
async fn a_damaged_page_is_noticed() {
    damaged_file_is_set_aside(|file| {
        let mut bytes = std::fs::read(file).unwrap();
        let page = bytes.len() / 2 / 4096 * 4096;
        bytes[page..page + 4096].fill(0xA5);
        std::fs::write(file, bytes).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_file_cut_short_is_noticed() {
    damaged_file_is_set_aside(|file| {
        let bytes = std::fs::read(file).unwrap();
        std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_clock_set_back_between_runs_does_not_stall_work() {
    let folder = Folder::new();
    let file = folder.file("calls.db");
    SqliteOutbox::open(&file).unwrap().append(vec![log_call("a", "pbx/1")], None).await.unwrap();
    let year = 365_i64 * 24 * 3600 * 1000;
    rusqlite::Connection::open(&file).unwrap().execute("UPDATE work SET due = due + ?1", [year]).unwrap();
    take_now(&SqliteOutbox::open(&file).unwrap()).await.settle(Verdict::Delivered).await.unwrap();
}

#[tokio::test]
async fn work_that_cannot_be_read_does_not_hold_up_its_call() {
    let folder = Folder::new();
    let file = folder.file("calls.db");
    let work = vec![nth_of_call("a", "pbx/1", 0), nth_of_call("a", "pbx/1", 1)];
    SqliteOutbox::open(&file).unwrap().append(work.clone(), None).await.unwrap();
    rusqlite::Connection::open(&file).unwrap().execute("UPDATE work SET work = '{}' WHERE number = 1", []).unwrap();
    let outbox = SqliteOutbox::open(&file).unwrap();
    assert_eq!(take_now(&outbox).await.work, work[1]);
    assert_eq!(outbox.stats().await.unwrap(), OutboxStats { waiting: 1, dead: 1, open_calls: 0 });
}

#[tokio::test]
async fn old_keys_are_forgotten() {
    let folder = Folder::new();
    let file = folder.file("calls.db");
    {
        let outbox = SqliteOutbox::open(&file).unwrap();
        for call in ["pbx/old", "pbx/new"] {
            outbox.append(vec![log_call("a", call)], None).await.unwrap();
            take_now(&outbox).await.settle(Verdict::Delivered).await.unwrap();
        }
    }
    let days = 31_i64 * 24 * 3600 * 1000;
    let sql = "UPDATE done SET at = at - ?1 WHERE key LIKE '%old%'";
    rusqlite::Connection::open(&file).unwrap().execute(sql, [days]).unwrap();
    let outbox = SqliteOutbox::open(&file).unwrap();
    outbox.stats().await.unwrap();
    let kept = || -> i64 {
        let reader = rusqlite::Connection::open(&file).unwrap();
        reader.query_row("SELECT count(*) FROM done", [], |row| row.get(0)).unwrap()
    };
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while kept() != 1 {
        assert!(std::time::Instant::now() < deadline, "{} keys are kept", kept());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
