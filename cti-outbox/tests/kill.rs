//! A process that is killed at any moment loses nothing that it was told is stored, and repeats nothing that it was told
//! is delivered.
#![cfg(all(unix, feature = "sqlite"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::Folder;
use cti_core::outbox::{Outbox, Verdict};
use cti_outbox::SqliteOutbox;
use cti_testkit::suite::outbox::log_call;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Set in the child: the file of the outbox, and the first number to append.
const CHILD_FILE: &str = "CTI_OUTBOX_KILL_FILE";
const CHILD_FIRST: &str = "CTI_OUTBOX_KILL_FIRST";

/// Kills for so long, or so often.
const TIME: Duration = Duration::from_secs(8);
const ROUNDS: usize = 60;

/// The child: appends numbered work from four tasks, delivers some of it, and says each number when it is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn child() {
    let Ok(file) = std::env::var(CHILD_FILE) else { return };
    let first: usize = std::env::var(CHILD_FIRST).unwrap().parse().unwrap();
    let outbox = SqliteOutbox::open(file).unwrap();
    let appenders = (0..4).map(|lane| {
        let outbox = outbox.clone();
        tokio::spawn(async move {
            for n in (first + lane..).step_by(4) {
                outbox.append(vec![log_call("a", &format!("pbx/{n}"))], None).await.unwrap();
                say("appended", n);
            }
        })
    });
    let _appenders: Vec<_> = appenders.collect();
    loop {
        let token = outbox.take("a").await.unwrap();
        let n = number(token.work.call.native());
        let verdict =
            if n.is_multiple_of(3) { Verdict::RetryAfter(Duration::from_secs(3600)) } else { Verdict::Delivered };
        token.settle(verdict.clone()).await.unwrap();
        if verdict == Verdict::Delivered {
            say("delivered", n);
        }
    }
}

fn say(what: &str, n: usize) {
    let line = format!("\n{what} {n};\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
    std::io::stdout().lock().flush().unwrap();
}

fn number(text: &str) -> usize {
    text.parse().unwrap()
}

/// What the children said so far.
#[derive(Default)]
struct Said {
    appended: BTreeSet<usize>,
    delivered: BTreeSet<usize>,
}

impl Said {
    fn listen(&mut self, output: &str) {
        for line in output.lines() {
            match line.strip_suffix(';').and_then(|line| line.split_once(' ')) {
                Some(("appended", n)) => drop(self.appended.insert(number(n))),
                Some(("delivered", n)) => drop(self.delivered.insert(number(n))),
                _ => {}
            }
        }
    }
}

fn run_and_kill(file: &Path, first: usize, after: Duration) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD_FILE, file)
        .env(CHILD_FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut pipe = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut output = String::new();
        pipe.read_to_string(&mut output).map(|_| output)
    });
    std::thread::sleep(after); // the moment of death, not synchronisation
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap().unwrap()
}

/// Everything that waits, by number; reading needs no token.
fn waiting(file: &Path) -> Vec<usize> {
    let reader = rusqlite::Connection::open(file).unwrap();
    let mut calls = reader.prepare("SELECT call FROM work ORDER BY number").unwrap();
    let calls = calls.query_map([], |row| row.get::<_, String>(0)).unwrap();
    calls.map(|call| number(call.unwrap().strip_prefix("pbx/").unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_at_any_moment_loses_nothing_and_repeats_nothing() {
    let folder = Folder::new();
    let file = folder.file("calls.db");
    let (mut said, start, mut rounds, mut busy) = (Said::default(), Instant::now(), 0, 0);
    while rounds < ROUNDS && start.elapsed() < TIME {
        let first = rounds * 1_000_000;
        let before = said.appended.len();
        let after = Duration::from_millis(20 + (rounds as u64 * 37) % 160);
        said.listen(&run_and_kill(&file, first, after));
        busy += usize::from(said.appended.len() > before);
        rounds += 1;
        let outbox = SqliteOutbox::open(&file).expect("a kill leaves no lock and no damage");
        assert_eq!(outbox.opened().set_aside, None);
        check(&outbox, &file, &said).await;
    }
    println!("{rounds} kills, {} appended, {} delivered", said.appended.len(), said.delivered.len());
    assert!(busy > 0 && !said.delivered.is_empty(), "the children got nothing done before they were killed");
}

async fn check(outbox: &SqliteOutbox, file: &Path, said: &Said) {
    let numbers = waiting(file);
    let waiting: BTreeSet<_> = numbers.iter().copied().collect();
    assert_eq!(waiting.len(), numbers.len(), "stored twice");
    let repeated: Vec<_> = waiting.intersection(&said.delivered).collect();
    assert!(repeated.is_empty(), "delivered, and there again: {repeated:?}");
    // Delivered but not yet said when it was killed: one for each round, and it must be known as delivered.
    let missing: Vec<_> = said.appended.difference(&said.delivered).filter(|n| !waiting.contains(n)).collect();
    let again = missing
        .iter()
        .chain(&said.delivered.iter().take(50).collect::<Vec<_>>())
        .map(|n| log_call("a", &format!("pbx/{n}")))
        .collect();
    let before = outbox.stats().await.unwrap().waiting;
    outbox.append(again, None).await.unwrap();
    assert_eq!(outbox.stats().await.unwrap().waiting, before, "lost: some of {missing:?}");
}
