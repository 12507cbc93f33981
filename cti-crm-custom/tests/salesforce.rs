//! The session of Salesforce in templates: with values where Salesforce is one of the CRMs, a mistake where it is not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::ringing;
use cti_core::crm::{CrmSink, Matches};
use cti_core::template::SalesforceSession;
use cti_crm_custom::{Custom, Step};
use cti_testkit::custom::Simulator;
use tokio::sync::watch;

fn session(id: &str) -> Option<SalesforceSession> {
    Some(SalesforceSession::new("sato@example.com", id.into(), "https://acme.my.salesforce.com/").unwrap())
}

#[tokio::test]
async fn each_request_has_the_session_of_that_moment() {
    let simulator = Simulator::start().await.unwrap();
    let (sessions, watched) = watch::channel(None);
    let text = format!("{}/open?id={{SFID}}&api={{SFAPI}}", simulator.base_url());
    let crm =
        Custom::new("custom").salesforce(watched).ring(Step::http_get(text).header("authorization", "Bearer {SFSID}"));
    for (now, expected) in [
        (None, ["", "", "Bearer"]),
        (session("00D!one"), ["sato@example.com", "acme.my.salesforce.com", "Bearer 00D!one"]),
        (session("00D!two"), ["sato@example.com", "acme.my.salesforce.com", "Bearer 00D!two"]),
    ] {
        sessions.send_replace(now);
        crm.notify(&ringing(), &Matches::default()).await.unwrap();
        let request = simulator.requests().pop().unwrap();
        let [id, api] = ["id", "api"].map(|name| request.parameter(name).unwrap());
        assert_eq!([&*id, &*api, request.header("authorization").unwrap().trim()], expected);
    }
    assert!(!format!("{crm:?}").contains("00D!"), "no session in a Debug");
}

#[tokio::test]
async fn the_log_in_may_use_the_session_too() {
    let simulator = Simulator::start().await.unwrap();
    let (_sessions, watched) = watch::channel(session("00D!one"));
    let base = simulator.base_url();
    let crm = Custom::new("custom")
        .salesforce(watched)
        .auth(Step::http_post(format!("{base}/open?session={{SFSID}}")))
        .ring(Step::http_get(format!("{base}/open?tel={{TEL}}")));
    crm.notify(&ringing(), &Matches::default()).await.unwrap();
    assert_eq!(simulator.requests()[0].parameter("session").as_deref(), Some("00D!one"));
}

#[test]
fn the_session_stays_out_of_addresses_and_without_salesforce_there_is_none() {
    let page = |name: &str| Step::browser_get(format!("https://crm.example/?x={{{name}}}"));
    let first = |crm: &Custom| crm.faults().first().map(ToString::to_string).unwrap_or_default();
    let (_sessions, watched) = watch::channel(None);
    let with = |name: &str| first(&Custom::new("crm").salesforce(watched.clone()).ring(page(name)));
    for name in ["SFID", "SFSID", "SFAPI"] {
        assert!(first(&Custom::new("crm").ring(page(name))).contains("it needs Salesforce among the CRMs"), "{name}");
    }
    assert_eq!((with("SFID"), with("SFAPI")), (String::new(), String::new()));
    assert!(with("SFSID").starts_with("ring.text: "), "a secret is no part of an address");
}
