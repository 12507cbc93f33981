//! The behaviour suite of CRMs, against the simulated Zoho, in each way in which Zoho can be used.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]
#![allow(dead_code, reason = "the tests share one module of helpers")]

mod common;

use common::Setup;
use cti_crm_zoho::Find;
use cti_testkit::suite::crm::{self, CaseOutcome, Failures};

/// Runs the suite; the simulator can bring every case about.
async fn prove(setup: Setup) -> Result<(), Failures> {
    let report = crm::run(&setup).await.verdict()?;
    let impossible = |outcome: &CaseOutcome| matches!(outcome, CaseOutcome::Impossible(_));
    let left_out: Vec<_> = report.cases.iter().filter(|(_, outcome)| impossible(outcome)).collect();
    assert!(left_out.is_empty(), "{left_out:?}");
    Ok(())
}

#[tokio::test]
async fn zoho_with_a_mark_in_the_subject() -> Result<(), Failures> {
    prove(Setup::USUAL).await
}

#[tokio::test]
async fn zoho_with_a_unique_field_for_the_call_id() -> Result<(), Failures> {
    prove(Setup { key_field: true, ..Setup::USUAL }).await
}

#[tokio::test]
async fn zoho_that_tells_of_refusals_with_status_200() -> Result<(), Failures> {
    prove(Setup { none_written_is: 200, ..Setup::USUAL }).await
}

#[tokio::test]
async fn zoho_found_by_search_where_the_query_finds_nobody() -> Result<(), Failures> {
    prove(Setup { find: Find::Both, ..Setup::USUAL }).await
}
