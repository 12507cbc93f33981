//! Reading all customers: pages, cursors, what happens when they break, and the directory that comes of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use chrono::{TimeDelta, Utc};
use common::{CUSTOMERS_TOKEN, Setup};
use cti_core::contacts::{ContactSource, Reading};
use cti_core::crm::{CrmSink, LookUp};
use cti_core::directory::{Directory, DirectorySync, MemoryDirectory, SyncSettings};
use cti_core::fields;
use cti_core::layer::{Backing, CrmSinkExt};
use cti_core::number::{Number, NumberingPlan};
use cti_core::secret::SecretString;
use cti_crm_kintone::{Credentials, Kintone};
use cti_testkit::kintone::{App, Fault, Rights, Simulator};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const ANY_PHONE: Setup = Setup { unique_phone: false, ..Setup::USUAL };

/// So many customers, the first changed the longest ago; minute by minute, three in each.
async fn kintone_with(count: u64) -> Simulator {
    let simulator = ANY_PHONE.simulator().await;
    let begin = Utc::now() - TimeDelta::days(2);
    simulator.fill(14, count, |n| {
        let minutes = TimeDelta::minutes(i64::try_from(n / 3).unwrap());
        (begin + minutes, json!({"tel": {"value": format!("03{n:08}")}, "name": {"value": format!("N{n}")}}))
    });
    simulator
}

fn newest(most: u64) -> Reading {
    Reading::Newest { not_before: Utc::now() - TimeDelta::days(60), most }
}

fn sync(crm: &Arc<Kintone>, directory: &Arc<MemoryDirectory>, most: u64) -> DirectorySync {
    let settings = SyncSettings { most, ..SyncSettings::default() };
    DirectorySync::new(crm.clone(), directory.clone(), NumberingPlan::japan(), settings)
}

fn paths(simulator: &Simulator) -> Vec<String> {
    simulator.requests().iter().map(|one| format!("{} {}", one.method, one.path.replace("/k/v1/", ""))).collect()
}

#[tokio::test]
async fn the_first_reading_is_newest_first_by_one_cursor_which_is_given_back() {
    let simulator = kintone_with(1700).await;
    let crm = ANY_PHONE.good(&simulator);
    let first = crm.contacts(&newest(500), None).await.unwrap();
    assert_eq!((first.contacts.len(), first.total), (500, Some(1700)));
    assert_eq!(first.contacts[0].numbers[0].as_str(), "0300001699");
    assert_eq!(first.contacts[0].matched.name.as_ref().unwrap().as_str(), "N1699");
    assert_eq!(first.next, None, "no more were asked for");
    let directory = Arc::new(MemoryDirectory::new());
    let report = sync(&Arc::new(ANY_PHONE.good(&simulator)), &directory, 1200).run_once().await.unwrap();
    assert_eq!((report.read, report.changed, report.left_out), (1200, 1200, Some(500)));
    let paths = paths(&simulator);
    let last = &paths[paths.len() - 5..];
    let page = "GET records/cursor.json";
    assert_eq!(last, ["POST records/cursor.json", page, page, page, "DELETE records/cursor.json"]);
    assert!(directory.find("+81300000499", 1).await.unwrap().is_empty(), "too old");
    assert_eq!(directory.find("+81300000500", 1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_cursor_that_broke_or_expired_is_replaced_at_the_last_page_and_nobody_is_left_out() {
    for fault in [Fault::CloseBeforeAnswer, Fault::Garbage, Fault::Status(502), Fault::Code(404, "GAIA_CN01")] {
        let simulator = kintone_with(1300).await;
        let crm = Arc::new(ANY_PHONE.good(&simulator));
        let reading = newest(100_000);
        let first = crm.contacts(&reading, None).await.unwrap();
        let mut names: BTreeSet<String> = first.contacts.iter().map(|c| c.matched.id.clone()).collect();
        simulator.fail_next(1, fault.clone());
        let mut after = first.next;
        let mut failures = 0;
        while let Some(position) = after.clone() {
            match crm.contacts(&reading, Some(&position)).await {
                Ok(page) => {
                    names.extend(page.contacts.iter().map(|c| c.matched.id.clone()));
                    after = page.next;
                }
                Err(error) => {
                    failures += 1;
                    assert!(failures < 3 && error.is_temporary(), "{fault:?}: {error}");
                }
            }
        }
        assert_eq!(names.len(), 1300, "{fault:?}");
    }
}

#[tokio::test]
async fn where_there_is_no_cursor_pages_come_without() {
    let simulator = kintone_with(1100).await;
    for _ in 0..10 {
        let url = format!("{}/k/v1/records/cursor.json", simulator.base_url());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let made = http.post(url).header("x-cybozu-api-token", CUSTOMERS_TOKEN).json(&json!({"app": 14})).send().await;
        assert!(made.unwrap().status().is_success());
    }
    let directory = Arc::new(MemoryDirectory::new());
    sync(&Arc::new(ANY_PHONE.good(&simulator)), &directory, 5000).run_once().await.unwrap();
    assert_eq!(directory.count().await.unwrap(), 1100);
}

#[tokio::test]
async fn with_oauth_pages_come_without_cursors_and_a_revoked_access_token_is_changed() {
    let simulator = Simulator::builder()
        .app(App::customers_template(14))
        .token(CUSTOMERS_TOKEN, 14, Rights::VIEW_ADD_EDIT)
        // client:secret
        .oauth_client("Y2xpZW50OnNlY3JldA==", "refresh")
        .start()
        .await
        .unwrap();
    let now = Utc::now();
    simulator.fill(14, 700, |n| (now, json!({"tel": {"value": format!("03{n:08}")}})));
    let oauth = Credentials::oauth("client", SecretString::from("secret"), SecretString::from("refresh"));
    let crm = Arc::new(Kintone::new(simulator.base_url()).customers(14, oauth, fields! { phone: "tel" }));
    let wanted = LookUp::exactly(Number::new("0300000007").unwrap());
    assert_eq!(crm.look_up(&wanted).await.unwrap().found.len(), 1);
    simulator.revoke_access_tokens();
    let directory = Arc::new(MemoryDirectory::new());
    sync(&crm, &directory, 5000).run_once().await.unwrap();
    assert_eq!(directory.count().await.unwrap(), 700, "all of one minute, over two pages");
    let paths = paths(&simulator);
    assert_eq!(paths.iter().filter(|path| path.ends_with("/oauth2/token")).count(), 2, "{paths:?}");
    assert!(!paths.iter().any(|path| path.contains("cursor")));
    let wrong = Credentials::oauth("client", SecretString::from("secret"), SecretString::from("stale"));
    let crm = Kintone::new(simulator.base_url()).customers(14, wrong, fields! { phone: "tel" });
    assert_eq!(crm.look_up(&wanted).await.unwrap_err().kind(), cti_core::ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn a_password_opens_the_app_too() {
    let simulator =
        Simulator::builder().app(App::customers_template(14)).person("c2F0bzpzZWNyZXQ=").start().await.unwrap();
    let with = |password: &str| {
        let person = Credentials::password("sato", SecretString::from(password));
        Kintone::new(simulator.base_url()).customers(14, person, fields! { phone: "tel" })
    };
    let wanted = LookUp::exactly(Number::new("0312345678").unwrap());
    assert!(with("secret").look_up(&wanted).await.unwrap().is_none());
    let error = with("wrong").look_up(&wanted).await.unwrap_err();
    assert_eq!(error.vendor_part().code.as_deref(), Some("CB_WA01"));
    assert!(error.to_string().contains("login name or password"), "{error}");
}

#[tokio::test]
async fn changes_are_read_with_an_overlap_and_customers_without_a_number_are_none_of_ours() {
    let simulator = ANY_PHONE.simulator().await;
    let put = |record: Value| simulator.put_record(14, record).unwrap();
    let text = |value: &str| json!({ "value": value });
    let stays = put(json!({"tel": text("03-1111-0001"), "name": text("A")}));
    let loses = put(json!({"tel": text("03-1111-0002"), "name": text("B")}));
    put(json!({"name": text("nobody can call him")}));
    let crm = Arc::new(ANY_PHONE.good(&simulator));
    let directory = Arc::new(MemoryDirectory::new());
    let sync = sync(&crm, &directory, 3000);
    let first = sync.run_once().await.unwrap();
    assert_eq!((first.read, first.left_out), (2, Some(0)), "kintone itself leaves out who has no number");
    assert!(simulator.edit_record(14, loses, json!({"tel": text("")})));
    assert!(simulator.edit_record(14, stays, json!({"tel2": text("090-1111-0003")})));
    let report = sync.run_once().await.unwrap();
    assert_eq!((report.first, report.changed, report.removed), (false, 1, 1));
    assert_eq!(directory.count().await.unwrap(), 1);
    let backing = Backing { directory, plan: NumberingPlan::japan(), patience: Duration::from_secs(5) };
    let sink = crm.clone().backed(backing);
    simulator.fail_next(1, Fault::Maintenance503);
    let matches = sink.look_up(&LookUp::exactly(Number::new("+819011110003").unwrap())).await.unwrap();
    assert_eq!(matches.found[0].spelled.as_ref().unwrap().as_str(), "090-1111-0003");
    let page = format!("{}/k/14/show#record={stays}", simulator.base_url());
    assert_eq!(sink.screen_pop(&LookUp::exactly(Number::new("1").unwrap()), &matches).unwrap().as_str(), page);
}

#[tokio::test]
async fn one_customer_is_read_as_he_stands_now() {
    let simulator = ANY_PHONE.simulator().await;
    let id = simulator.put_record(14, json!({"tel": {"value": "03-1"}, "tel2": {"value": "03-2"}})).unwrap();
    let crm = ANY_PHONE.good(&simulator);
    let contact = crm.contact(&id.to_string()).await.unwrap().unwrap();
    assert_eq!(contact.numbers.iter().map(Number::as_str).collect::<Vec<_>>(), ["03-1", "03-2"]);
    simulator.delete_record(14, id);
    assert_eq!(crm.contact(&id.to_string()).await.unwrap(), None);
}
