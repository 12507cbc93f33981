//! Retry, budget and cache keep their promises. Time is paused: nothing here waits for real.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod support;

use cti_core::crm::{CrmSink, LookUp};
use cti_core::layer::{Budget, Cache, CrmSinkExt, Retry};
use cti_core::number::Number;
use cti_core::{Error, ErrorKind, Status};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use support::StubCrm;
use tokio::time::Instant;

fn number(digits: &str) -> LookUp {
    LookUp::exactly(Number::new(digits).unwrap())
}

fn unreachable() -> Error {
    Error::new(ErrorKind::Unreachable, "the CRM is away")
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_the_moment_is_tried_again() {
    let crm = Arc::new(StubCrm::failing([unreachable(), unreachable()]));
    let found = Arc::clone(&crm).retry(Retry::default()).look_up(&number("0901234567")).await.unwrap();
    assert!(found.one().is_some());
    assert_eq!(crm.look_ups.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn tries_end_and_the_error_says_so() {
    let crm = Arc::new(StubCrm::failing([unreachable(), unreachable(), unreachable()]));
    let error = Arc::clone(&crm).retry(Retry::default()).look_up(&number("0901234567")).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unreachable, Status::Exhausted));
    assert!(error.to_string().contains("tries=3"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_wait_that_the_crm_asks_for_is_kept() {
    let asked = Error::new(ErrorKind::RateLimited, "slow down").retry_after(Duration::from_secs(4));
    let begun = Instant::now();
    StubCrm::failing([asked]).retry(Retry::default()).look_up(&number("0901234567")).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(4));
}

#[tokio::test(start_paused = true)]
async fn permanent_errors_and_unknown_outcomes_are_not_repeated() {
    let refused = Error::new(ErrorKind::Unauthenticated, "the token was refused");
    let unknown = Error::new(ErrorKind::Timeout, "no answer").status_is(Status::OutcomeUnknown);
    for error in [refused, unknown] {
        let crm = Arc::new(StubCrm::failing([error]));
        assert!(Arc::clone(&crm).retry(Retry::default()).look_up(&number("0901234567")).await.is_err());
        assert_eq!(crm.look_ups.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_budget_limits_how_many_run_at_once_and_how_fast() {
    let crm = Arc::new(StubCrm::taking(Duration::from_secs(1)));
    let budget = Budget { concurrent: NonZeroU32::new(3).unwrap(), per_second: NonZeroU32::new(10), per_day: None };
    let limited = Arc::new(Arc::clone(&crm).budget(budget));
    let begun = Instant::now();
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let limited = Arc::clone(&limited);
        asked.spawn(async move { limited.look_up(&number("0901234567")).await.map(|_| ()) });
    }
    while let Some(answer) = asked.join_next().await {
        answer.unwrap().unwrap();
    }
    assert_eq!(crm.most_at_once.load(Ordering::SeqCst), 3);
    assert!(begun.elapsed() >= Duration::from_secs(10), "30 requests of a second, 3 at once");
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_at_once_cost_one_look_up() {
    let crm = Arc::new(StubCrm::taking(Duration::from_millis(100)));
    let cached = Arc::new(Arc::clone(&crm).cached(Cache::default()));
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let cached = Arc::clone(&cached);
        asked.spawn(async move { cached.look_up(&number("0901234567")).await.unwrap().one().is_some() });
    }
    while let Some(found) = asked.join_next().await {
        assert!(found.unwrap());
    }
    assert_eq!(crm.look_ups.load(Ordering::SeqCst), 1);

    cached.look_up(&number("0312345678")).await.unwrap();
    assert_eq!(crm.look_ups.load(Ordering::SeqCst), 2, "another number is another question");

    tokio::time::advance(Cache::default().keep).await;
    cached.look_up(&number("0901234567")).await.unwrap();
    assert_eq!(crm.look_ups.load(Ordering::SeqCst), 3, "an old answer is not given again");
}

#[tokio::test(start_paused = true)]
async fn an_error_is_not_remembered() {
    let cached = StubCrm::failing([unreachable()]).cached(Cache::default());
    assert!(cached.look_up(&number("0901234567")).await.is_err());
    assert!(cached.look_up(&number("0901234567")).await.is_ok());
}
