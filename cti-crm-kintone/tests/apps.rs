//! The two suggested apps: what is made over the API is what the connector and its doctor expect.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use cti_core::ErrorKind;
use cti_core::crm::CrmSink;
use cti_core::fields;
use cti_core::health::CheckOutcome;
use cti_core::secret::SecretString;
use cti_crm_kintone::{AppMaker, Credentials, Kintone, call_log_fields};
use cti_testkit::kintone::Simulator;

/// sato:secret
const SATO: &str = "c2F0bzpzZWNyZXQ=";

fn maker(simulator: &Simulator, password: &str) -> AppMaker {
    AppMaker::new(simulator.base_url(), "sato", SecretString::from(password))
}

#[tokio::test]
async fn both_apps_are_made_and_the_doctor_has_nothing_to_say() {
    let simulator = Simulator::builder().person(SATO).start().await.unwrap();
    let made = maker(&simulator, "secret").make().await.unwrap();
    let person = || Credentials::password("sato", SecretString::from("secret"));
    let customers = fields! {
        phone: "tel", phone2: "tel2", name: "name", kana: "kana", company: "company", email: "email",
        address: "address", memo: "memo",
    };
    let call_log = call_log_fields().with("recording_file", "recording_file");
    let crm = Kintone::new(simulator.base_url())
        .customers(i64::try_from(made.customers).unwrap(), person(), customers)
        .call_log(i64::try_from(made.call_log).unwrap(), person(), call_log);
    let checks = crm.health().await;
    let bad: Vec<_> = checks.iter().filter(|check| check.outcome != CheckOutcome::Ok).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert!(checks.iter().any(|check| check.name == "kintone.call_log.field.recording_file"));
}

#[tokio::test]
async fn the_calls_of_a_customer_are_related_by_the_text_of_the_number_and_shown_below() {
    let simulator = Simulator::builder().person(SATO).start().await.unwrap();
    let made = maker(&simulator, "secret").make().await.unwrap();
    let requests = simulator.requests();
    let form = requests.iter().rfind(|one| one.path == "/k/v1/preview/app/form/fields.json").unwrap();
    let calls = &form.body["properties"]["calls"];
    assert_eq!(calls["type"], "REFERENCE_TABLE");
    assert_eq!(calls["referenceTable"]["relatedApp"]["app"], made.call_log.to_string());
    assert_eq!(calls["referenceTable"]["condition"]["field"], "tel");
    assert_eq!(calls["referenceTable"]["condition"]["relatedField"], "tel");
    assert_eq!(form.body["properties"]["tel"]["unique"], true);
}

#[tokio::test]
async fn who_may_not_make_apps_is_told_so() {
    let simulator = Simulator::builder().person(SATO).start().await.unwrap();
    let error = maker(&simulator, "hunter2").make().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}
