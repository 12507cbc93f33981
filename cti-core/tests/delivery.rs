//! What becomes of a call log when the CRM does not take it at once. Time is paused: nothing here waits for real.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use cti_core::call::{CallEvent, CallFact, Direction, FactKind};
use cti_core::outbox::{DeadLetter, MemoryOutbox, Outbox};
use cti_core::policy::{CrmPolicy, Policy};
use cti_core::{Error, ErrorKind};
use std::sync::Arc;
use std::time::Duration;
use support::StubCrm;
use support::running::{ended, ringing, start, start_with, until};

async fn dead_letter(outbox: &MemoryOutbox) -> DeadLetter {
    loop {
        if let Some(letter) = outbox.dead_letters().await.unwrap().pop() {
            return letter;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn away() -> Error {
    Error::new(ErrorKind::Unreachable, "maintenance")
}

fn refused() -> Error {
    Error::new(ErrorKind::Rejected, "the field `company` is required")
}

#[tokio::test(start_paused = true)]
async fn a_call_is_logged_when_the_crm_is_back() {
    let away = || Error::new(ErrorKind::Unreachable, "maintenance");
    let refused = Error::new(ErrorKind::Unauthenticated, "the token was revoked");
    let crm = Arc::new(StubCrm::failing([away(), away(), refused, away()]));
    let running = start(Arc::clone(&crm), MemoryOutbox::new());
    running.tell(ended("1.1", 1));
    until("logged", || !crm.logged.lock().unwrap().is_empty()).await;
    running.end().await.unwrap();
    assert_eq!(crm.logged.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_crm_refuses_for_good_becomes_a_dead_letter() {
    // The look-up works, the write itself is refused.
    let crm = Arc::new(StubCrm::refusing_logs(refused));
    let outbox = MemoryOutbox::new();
    let running = start(crm, outbox.clone());
    running.tell(ended("1.1", 1));
    assert!(dead_letter(&outbox).await.reason.contains("company"));
    running.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_search_that_does_not_work_keeps_no_call_from_being_written() {
    for error in [refused, away] {
        let crm = Arc::new(StubCrm::failing_look_ups(error));
        let outbox = MemoryOutbox::new();
        let running = start(Arc::clone(&crm), outbox.clone());
        running.tell(ended("1.1", 1));
        until("logged", || !crm.logged.lock().unwrap().is_empty()).await;
        running.end().await.unwrap();
        let (_, _, matched) = crm.logged.lock().unwrap().pop().unwrap();
        assert_eq!(matched, None);
        assert_eq!(outbox.stats().await.unwrap().dead, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_panics_is_tried_again_and_stops_nobody_else() {
    let crm = Arc::new(StubCrm::panicking_on("main/1.0#ended"));
    let outbox = MemoryOutbox::new();
    let running = start(Arc::clone(&crm), outbox.clone());
    for call in 0..8 {
        running.tell(ended(&format!("1.{call}"), 1));
    }
    until("the others are logged", || crm.logged.lock().unwrap().len() == 7).await;
    let letter = dead_letter(&outbox).await;
    assert_eq!(letter.work.key.as_str(), "main/1.0#ended");
    running.end().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_unknown_customer_is_created_without_the_name_of_the_agent() {
    let mut policy = Policy::default();
    policy.log.create_unknown = true;
    let crm = Arc::new(StubCrm::knowing_nobody());
    let running = start_with(policy, Some(Arc::clone(&crm)), MemoryOutbox::new());
    for (call, direction) in [("1.1", Direction::Inbound), ("1.2", Direction::Outbound)] {
        let mut over = ended(call, 1);
        over.direction = direction;
        set_direction(&mut over, direction);
        running.tell(over);
    }
    until("created", || crm.created.lock().unwrap().len() == 2).await;
    running.end().await.unwrap();
    let created = crm.created.lock().unwrap();
    let name_of = |number: &str| {
        let contact = created.iter().find(|contact| contact.number.as_str() == number).unwrap();
        contact.name.as_ref().map(|name| name.as_str().to_owned())
    };
    assert_eq!(name_of("0901234567").as_deref(), Some("Taro"), "the caller");
    assert_eq!(name_of("0312345000"), None, "whom we called; Taro is one of us");
}

fn set_direction(over: &mut CallEvent, direction: Direction) {
    if let CallFact::Ended { record, .. } = &mut over.fact {
        record.direction = direction;
    }
}

#[tokio::test(start_paused = true)]
async fn calls_are_written_to_no_crm_that_is_not_told_of_their_end() {
    for (events, written) in [(None, 1), (Some([FactKind::Ended].into()), 1), (Some([FactKind::Ringing].into()), 0)] {
        let crm = Arc::new(StubCrm::knowing_nobody());
        let mut policy = Policy::default();
        policy.log.create_unknown = true;
        policy.crms.insert("stub".to_owned(), CrmPolicy { events });
        let outbox = MemoryOutbox::new();
        let running = start_with(policy, Some(Arc::clone(&crm)), outbox.clone());
        let open_calls = async |count: u64| {
            while outbox.stats().await.unwrap().open_calls != count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        running.tell(ringing("1.1", 1, "6001"));
        open_calls(1).await;
        running.tell(ended("1.1", 2));
        open_calls(0).await;
        // With the end of the call all of its work is in the outbox.
        while outbox.stats().await.unwrap().waiting > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!((crm.logged.lock().unwrap().len(), crm.created.lock().unwrap().len()), (written, written));
        running.end().await.unwrap();
    }
}
