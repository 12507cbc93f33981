//! Programmes: what they are started with, what they may do, and that they are gone when their time is up.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::{answered, event, look_up, record, ringing};
use cti_core::call::{CallFact, Disposition, Party};
use cti_core::crm::{CrmSink, Match, Matches, WriteKey};
use cti_core::health::CheckOutcome;
use cti_core::secret::SecretString;
use cti_core::{Error, ErrorKind, Status};
use cti_crm_custom::{Custom, Step};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(name)
}

/// That programme with these arguments.
fn line(name: &str, args: &str) -> Step {
    Step::command(format!("\"{}\" {args}", program(name).display()))
}

/// A connector whose search is that programme.
fn searching(name: &str, args: &str) -> Custom {
    let step = line(name, args);
    let step = step.capture("NAME", "$.name").capture("COUNT", "$.count").capture("ALL", "$.all");
    Custom::new("custom").program(program(name)).search(step)
}

async fn found(crm: &Custom, number: &str) -> Match {
    crm.look_up(&look_up(number)).await.unwrap().one().unwrap().clone()
}

/// The arguments as the programme saw them.
fn arguments(found: &Match) -> Vec<String> {
    let hex = |text: &str| {
        let bytes = (0..text.len() / 2).map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap());
        String::from_utf8(bytes.collect()).unwrap()
    };
    let all: Vec<String> = found.fields["ALL"].split_terminator('|').map(hex).collect();
    assert_eq!(found.fields["COUNT"], all.len().to_string());
    all
}

#[tokio::test]
async fn a_path_with_blanks_works_and_each_value_is_one_argument() {
    let crm = searching("with blank/print args", "{TEL} \"fixed arg\" --tel={TEL}");
    for hostile in
        ["101&calc", "$(id) `id` ; rm -rf / | x > y", "\"two\" 'words'", "+81 3-1234-5678", "*", "\\", "日本 語"]
    {
        let expected = [hostile.to_owned(), "fixed arg".to_owned(), format!("--tel={hostile}")];
        assert_eq!(arguments(&found(&crm, hostile).await), expected);
    }
}

#[tokio::test]
async fn no_value_becomes_an_option() {
    let crm = searching("with blank/print args", "{TEL}");
    assert_eq!(arguments(&found(&crm, "--config=/etc/passwd").await), ["config=/etc/passwd"]);
}

#[tokio::test]
async fn the_environment_is_clean_and_standard_input_is_closed() {
    let step = line("environment", "").env("CTI_TEL", "{TEL}").env("CTI_KEY", "{APW}");
    let step = step.capture("NAMES", "$.names").capture("SEEN", "$.tel").capture("INPUT", "$.input");
    let crm = Custom::new("custom").account("cti", SecretString::from("key")).program(program("environment"));
    let found = found(&crm.search(step.capture("FOLDER", "$.folder")), "0312345678").await;
    assert_eq!(found.fields["SEEN"], "0312345678");
    assert_eq!(found.fields["FOLDER"], "/");
    assert!(!found.fields.contains_key("INPUT"), "there is nothing to read");
    // PWD, OLDPWD and _ are of the shell.
    let names: Vec<&str> = found.fields["NAMES"]
        .split(' ')
        .filter(|name| !matches!(*name, "PWD" | "OLDPWD" | "SHLVL" | "_" | ""))
        .collect();
    assert_eq!(names, ["CTI_KEY", "CTI_TEL", "LANG", "PATH"]);
}

/// True until the process is gone (or only its parent has not noticed yet).
fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    state.is_some_and(|state| state != 'Z')
}

async fn all_gone(file: &Path) {
    let pids = std::fs::read_to_string(file).unwrap();
    let pids: Vec<&str> = pids.split(' ').collect();
    assert_eq!(pids.len(), 2);
    let deadline = Instant::now() + Duration::from_secs(20);
    while pids.iter().any(|pid| runs(pid)) {
        assert!(Instant::now() < deadline, "still there: {pids:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn pid_file(name: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_file(&file);
    file
}

/// A programme, what its search comes to, and the processes that it told of.
async fn timed(name: &str, limit: Duration) -> (Result<Matches, Error>, Duration) {
    let file = pid_file(name);
    let step = line(name, &format!("\"{}\"", file.display())).capture("NAME", "$.name").timeout(limit);
    let crm = Custom::new("custom").program(program(name)).search(step);
    let begun = Instant::now();
    let outcome = crm.look_up(&look_up("0312345678")).await;
    let took = begun.elapsed();
    all_gone(&file).await;
    (outcome, took)
}

#[tokio::test]
async fn a_programme_that_forks_and_sleeps_is_killed_with_all_it_started() {
    let limit = Duration::from_secs(2);
    let (outcome, took) = timed("forks", limit).await;
    let error = outcome.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Timeout, Status::Temporary));
    assert!(took >= limit && took < limit * 10, "{took:?}");
}

#[tokio::test]
async fn a_child_that_outlives_its_programme_delays_nothing_and_is_killed() {
    let (outcome, took) = timed("leaves_a_child", Duration::from_secs(60)).await;
    assert_eq!(outcome.unwrap().one().unwrap().name.as_ref().unwrap().as_str(), "done");
    assert!(took < Duration::from_secs(30), "{took:?}");
}

#[tokio::test]
async fn a_programme_that_never_stops_writing_is_stopped() {
    let crm = searching("floods", "");
    let error = crm.look_up(&look_up("0312345678")).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Protocol, Status::Temporary), "{error}");
}

#[tokio::test]
async fn a_programme_that_fails_tells_its_exit_code_and_its_output_is_not_used() {
    let error = searching("fails", "").look_up(&look_up("0312345678")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert!(error.to_string().contains("exit_code=3"), "{error}");
    let step = line("fails", "{ID}");
    let crm = Custom::new("custom").program(program("fails")).hang_up(step);
    let key = WriteKey::of("main/1.1#ended".into());
    assert!(crm.log_call(&record(Disposition::Answered), None, &key).await.is_err());
}

#[tokio::test]
async fn a_programme_that_is_not_there_is_told_by_use_and_by_the_doctor() {
    let missing = program("missing");
    let crm = Custom::new("custom").program(&missing).ring(line("missing", "{TEL}"));
    let error = crm.notify(&ringing(), &Matches::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    let checks = crm.health().await;
    assert!(
        checks.iter().any(|check| check.name == "custom.ring" && check.outcome == CheckOutcome::Failed),
        "{checks:?}"
    );
    let there = Custom::new("custom").program(program("fails")).ring(line("fails", "x"));
    assert!(there.health().await.iter().all(|check| check.outcome == CheckOutcome::Ok));
}

#[tokio::test]
async fn a_programme_runs_at_each_moment_of_a_call() {
    let name = "with blank/print args";
    let step = || line(name, "{EVENT} {TEL}");
    let crm = Custom::new("custom").program(program(name));
    let crm = crm.ring(step()).answer(step()).click(step()).hang_up(step());
    assert_eq!(crm.faults(), []);
    let nobody = Matches::default();
    assert_eq!(crm.notify(&ringing(), &nobody).await.unwrap(), None);
    assert_eq!(crm.notify(&answered(), &nobody).await.unwrap(), None);
    assert_eq!(crm.clicked(&ringing(), &nobody).await.unwrap(), None);
    let key = WriteKey::of("main/1.1#ended".into());
    assert!(crm.log_call(&record(Disposition::Answered), None, &key).await.unwrap().created);
}

#[tokio::test]
async fn a_name_with_nul_and_line_ends_is_one_argument() {
    let name = "with blank/print args";
    let step = line(name, "--name={TELNAME} end").capture("COUNT", "$.count").capture("ALL", "$.all");
    let crm = Custom::new("custom").program(program(name)).search(step);
    let hostile = serde_json::from_value(serde_json::json!("a\u{0}b\nc -x")).unwrap();
    let caller = Party { name: Some(hostile), ..common::taro() };
    let event = event(caller, CallFact::Ringing { extension: "6001".into() });
    let matches = crm.look_up(&look_up("0901234567").on(&event)).await.unwrap();
    let arguments = arguments(matches.one().unwrap());
    assert_eq!((arguments.len(), arguments[1].as_str()), (2, "end"));
    assert!(arguments[0].starts_with("--name=a") && arguments[0].ends_with("c -x"), "{arguments:?}");
}
