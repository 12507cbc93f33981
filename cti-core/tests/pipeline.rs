//! The pipeline joins a PBX, a CRM and an outbox as it promises. Time is paused: nothing here waits for real.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use cti_core::call::{CallFact, Disposition, Extension, Party, Withheld};
use cti_core::outbox::{MemoryOutbox, Outbox};
use cti_core::pipeline::Pipeline;
use cti_core::policy::Policy;
use cti_core::{Error, ErrorKind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::StubCrm;
use support::running::{StubPbx, ended, event, ringing, start, start_with, until};
use tokio::sync::mpsc;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_call_pops_with_the_customers_name_and_is_logged_once() {
    let crm = Arc::new(StubCrm::default());
    let mut running = start(Arc::clone(&crm), MemoryOutbox::new());
    running.tell(ringing("1.1", 1, "6001"));
    let pop = running.pops.recv().await.unwrap();
    assert_eq!((pop.extension.as_str(), pop.title().as_str()), ("6001", "Yamada Taro"));

    running.tell(ended("1.1", 2));
    until("logged", || !crm.logged.lock().unwrap().is_empty()).await;
    running.end().await.unwrap();
    let logged = crm.logged.lock().unwrap();
    let [(key, record, matched)] = logged.as_slice() else { panic!("{} entries", logged.len()) };
    assert_eq!(key.as_str(), "main/1.1#ended");
    assert_eq!(record.disposition, Disposition::Missed);
    assert_eq!(matched.as_ref().map(|matched| matched.id.as_str()), Some("7"));
}

#[tokio::test(start_paused = true)]
async fn each_agent_of_a_ring_group_pops_once_and_the_crm_is_asked_once() {
    let crm = Arc::new(StubCrm::taking(Duration::from_millis(50)));
    let mut running = start(Arc::clone(&crm), MemoryOutbox::new());
    for (seq, extension) in [(1, "6001"), (2, "6002"), (3, "6003"), (4, "6001")] {
        running.tell(ringing("1.1", seq, extension)); // the last one is the queue's second round
    }
    let mut popped = Vec::new();
    for _ in 0..3 {
        popped.push(running.pops.recv().await.unwrap().extension);
    }
    popped.sort();
    assert_eq!(popped, ["6001", "6002", "6003"].map(Extension::from));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(running.pops.try_recv().is_err(), "no fourth pop");
    assert_eq!(crm.look_ups.load(Ordering::SeqCst), 1);
    running.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_crm_that_never_answers_delays_nothing_and_the_pop_says_so() {
    let crm = Arc::new(StubCrm::taking(Duration::from_secs(3600)));
    let mut running = start(crm, MemoryOutbox::new());
    let begun = Instant::now();
    for call in 0..100 {
        running.tell(ringing(&format!("1.{call}"), 1, "6001"));
    }
    for _ in 0..100 {
        running.events.recv().await.unwrap();
    }
    assert!(begun.elapsed() < Duration::from_millis(10), "events wait for nobody");
    let pop = running.pops.recv().await.unwrap();
    assert!(pop.problem.unwrap().contains("timeout"));
    assert!(begun.elapsed() < Duration::from_secs(6), "the pop comes without the look-up");
    running.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_withheld_caller_pops_without_a_look_up() {
    let crm = Arc::new(StubCrm::default());
    let mut running = start(Arc::clone(&crm), MemoryOutbox::new());
    let hidden = Party::withheld(Withheld::RejectedByUser);
    running.tell(event("1.1", 1, hidden, CallFact::Ringing { extension: "6001".into() }));
    assert_eq!(running.pops.recv().await.unwrap().title(), "withheld");
    assert_eq!(crm.look_ups.load(Ordering::SeqCst), 0);
    running.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_ended_call_is_stored_even_if_the_programme_ends_at_once() {
    let crm = Arc::new(StubCrm::failing((0..9).map(|_| Error::new(ErrorKind::Unreachable, "away"))));
    let outbox = MemoryOutbox::new();
    let mut running = start(crm, outbox.clone());
    running.tell(ringing("1.1", 1, "6001"));
    running.tell(ended("1.1", 2));
    running.events.recv().await.unwrap();
    running.events.recv().await.unwrap();
    running.end().await.unwrap();
    let stats = outbox.stats().await.unwrap();
    assert_eq!((stats.waiting, stats.open_calls), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_open_when_the_programme_died_is_given_back_to_the_pbx() {
    let outbox = MemoryOutbox::new();
    let mut running = start(Arc::new(StubCrm::default()), outbox.clone());
    running.tell(ringing("1.1", 1, "6001"));
    running.pops.recv().await.unwrap();
    running.end().await.unwrap();

    let running = start(Arc::new(StubCrm::default()), outbox);
    until("resumed", || !running.resumed.lock().unwrap().is_empty()).await;
    assert_eq!(running.resumed.lock().unwrap()[0].record.extensions, [Extension::from("6001")]);
    running.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_pbx_that_cannot_go_on_ends_the_pipeline_with_its_error() {
    let running = start(Arc::new(StubCrm::default()), MemoryOutbox::new());
    running.tell.send(Err(Error::new(ErrorKind::Unauthenticated, "wrong password"))).unwrap();
    let error = running.ended.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn two_crms_of_one_name_are_refused_before_anything_starts() {
    let (_, events) = mpsc::unbounded_channel();
    let pbx = StubPbx { events: Mutex::new(Some(events)), resumed: Arc::default() };
    let pipeline = Pipeline::new().pbx(pbx).crm(StubCrm::default()).crm(StubCrm::default());
    let error = pipeline.run_until(std::future::pending()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    assert!(error.to_string().contains("stub"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn each_phone_of_a_big_group_pops_within_the_limit_of_one_look_up() {
    let crm = Arc::new(StubCrm::taking(Duration::from_secs(3600)));
    let mut running = start(crm, MemoryOutbox::new());
    let begun = Instant::now();
    for seq in 1..=20 {
        running.tell(ringing("1.1", seq, &format!("60{seq:02}")));
    }
    for _ in 0..20 {
        assert!(running.pops.recv().await.unwrap().problem.is_some());
    }
    assert!(begun.elapsed() < Duration::from_secs(6));
    running.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn without_a_crm_calls_pop_all_the_same() {
    let mut running = start_with(Policy::default(), None, MemoryOutbox::new());
    running.tell(ringing("1.1", 1, "6001"));
    assert_eq!(running.pops.recv().await.unwrap().title(), "0901234567");
    running.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_by_itself_is_an_error_and_no_quiet_success() {
    let running = start(Arc::new(StubCrm::default()), MemoryOutbox::new());
    drop(running.tell);
    let error = running.ended.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpected);
    assert!(error.to_string().contains("pbx=main"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_is_told_after_the_end_of_a_call_changes_nothing() {
    let crm = Arc::new(StubCrm::default());
    let outbox = MemoryOutbox::new();
    let mut running = start(Arc::clone(&crm), outbox.clone());
    running.tell(ended("1.1", 1));
    running.tell(ringing("1.1", 2, "6001"));
    running.tell(ended("1.1", 3));
    running.events.recv().await.unwrap();
    until("logged", || !crm.logged.lock().unwrap().is_empty()).await;
    running.end().await.unwrap();
    assert_eq!(crm.logged.lock().unwrap().len(), 1);
    assert_eq!(outbox.stats().await.unwrap().open_calls, 0);
}
