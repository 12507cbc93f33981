//! The behaviour suite of CRMs, against the simulated kintone, in each way in which kintone can be set up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::Setup;
use cti_crm_kintone::CallLogMode;
use cti_testkit::suite::crm::{self, CaseOutcome, Failures};

/// Runs the suite. The simulator can bring every case about; what is left out, kintone has not: a call window of its own.
async fn prove(setup: Setup) -> Result<(), Failures> {
    let report = crm::run(&setup).await.verdict()?;
    let impossible = report.cases.iter().find(|(_, outcome)| matches!(outcome, CaseOutcome::Impossible(_)));
    assert_eq!(impossible, None);
    Ok(())
}

#[tokio::test]
async fn kintone_with_a_unique_phone_field() -> Result<(), Failures> {
    prove(Setup::USUAL).await
}

#[tokio::test]
async fn kintone_without_a_unique_phone_field() -> Result<(), Failures> {
    prove(Setup { unique_phone: false, ..Setup::USUAL }).await
}

#[tokio::test]
async fn kintone_with_the_right_to_add_calls_alone() -> Result<(), Failures> {
    prove(Setup { mode: CallLogMode::AddOnly, ..Setup::USUAL }).await
}

#[tokio::test]
async fn kintone_with_late_recordings() -> Result<(), Failures> {
    prove(Setup { late_recordings: true, ..Setup::USUAL }).await
}
