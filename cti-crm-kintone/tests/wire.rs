//! The exact requests, and what is made of each kind of answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::{CALL_LOG_TOKEN, CUSTOMERS_TOKEN, Setup};
use cti_core::call::{CallId, CallRecord, Direction, Disposition, EventId, Name, Party, Recording};
use cti_core::crm::{CrmSink, LookUp, NewContact, WriteKey};
use cti_core::health::CheckOutcome;
use cti_core::number::Number;
use cti_core::secret::SecretString;
use cti_core::{ErrorKind, Status, fields};
use cti_crm_kintone::{CallLogMode, Kintone, call_log_fields};
use cti_testkit::kintone::{App, Fault, Field, FieldType, Recorded, Rights, Simulator};
use serde_json::json;
use std::time::Duration;

const ADD_ONLY: Setup = Setup { mode: CallLogMode::AddOnly, ..Setup::USUAL };
const ANY_PHONE: Setup = Setup { unique_phone: false, ..Setup::USUAL };

fn number(text: &str) -> Number {
    Number::new(text).unwrap()
}

fn call() -> CallRecord {
    let at = |text: &str| text.parse().unwrap();
    CallRecord {
        call: CallId::new("main", "1795225659.77"),
        direction: Direction::Inbound,
        caller: Party::known("0901234567", "Yamada"),
        dialed: Some(number("0312345000")),
        queue: None,
        extensions: vec!["6001".into(), "6002".into()],
        answered_by: Some("6002".into()),
        disposition: Disposition::Answered,
        cause: "normal clearing".to_owned(),
        started_at: at("2026-11-21T01:47:40.123Z"),
        answered_at: Some(at("2026-11-21T01:47:41Z")),
        ended_at: at("2026-11-21T01:47:44.9Z"),
        ring_seconds: 1.0,
        queue_seconds: 0.0,
        hold_seconds: 0.0,
        talk_seconds: 3.4,
        transfers: Vec::new(),
        recordings: vec![
            Recording::Url("https://pbx/1.wav".to_owned()),
            Recording::Url("https://pbx/2.wav".to_owned()),
        ],
        context: [("memo".to_owned(), "line 1\nline 2".to_owned())].into_iter().collect(),
    }
}

fn key() -> WriteKey {
    WriteKey::of(EventId::of(&CallId::new("main", "1795225659.77"), "ended"))
}

fn contact() -> NewContact {
    NewContact { number: number("0901234567"), name: Name::new("Yamada") }
}

fn line(request: &Recorded) -> String {
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    format!("{} {}{query}", request.method, request.path)
}

/// The requests about records; the form of the app is read once before the first of them.
fn about_records(simulator: &Simulator) -> Vec<Recorded> {
    let mut all = simulator.requests();
    all.retain(|request| !request.path.ends_with("/app/form/fields.json"));
    all
}

fn header<'a>(request: &'a Recorded, name: &str) -> Option<&'a str> {
    request.headers.get(name).map(String::as_str)
}

#[tokio::test]
async fn a_look_up_is_one_get() {
    let simulator = Setup::USUAL.simulator().await;
    let wanted = LookUp {
        number: number("0312345678"),
        spellings: vec![number("0312345678"), number("03-1234-5678")],
        event: None,
    };
    Setup::USUAL.good(&simulator).look_up(&wanted).await.unwrap();
    let [request] = simulator.requests().try_into().unwrap();
    let list = "%28%220312345678%22%2C%2203-1234-5678%22%29";
    let fields = "fields%5B0%5D=%24id&fields%5B1%5D=tel&fields%5B2%5D=tel2&fields%5B3%5D=name&fields%5B4%5D=company&fields%5B5%5D=email";
    let query = format!("query=tel%20in%20{list}%20or%20tel2%20in%20{list}%20order%20by%20%24id%20asc%20limit%2011");
    assert_eq!(line(&request), format!("GET /k/v1/records.json?app=14&{fields}&{query}"));
    assert_eq!(header(&request, "x-cybozu-api-token"), Some(CUSTOMERS_TOKEN));
    assert_eq!(header(&request, "accept-language"), Some("en"));
    assert_eq!(header(&request, "content-type"), None);
    assert_eq!(header(&request, "authorization"), None);
    assert!(header(&request, "user-agent").unwrap().starts_with("cti-crm-kintone/"));
}

#[tokio::test]
async fn a_long_look_up_goes_by_post_and_still_only_reads() {
    let simulator = Setup::USUAL.simulator().await;
    simulator.put_record(14, json!({"tel": {"value": "0312345678"}})).unwrap();
    let mut spellings = vec![number("0312345678")];
    spellings.extend((0..49).map(|n| number(&format!("{n:02}{}", "0".repeat(60)))));
    let wanted = LookUp { number: number("0312345678"), spellings, event: None };
    let matches = Setup::USUAL.good(&simulator).look_up(&wanted).await.unwrap();
    assert_eq!(matches.found.len(), 1);
    let [request] = simulator.requests().try_into().unwrap();
    assert_eq!(line(&request), "POST /k/v1/records.json");
    assert_eq!(header(&request, "x-http-method-override"), Some("GET"));
    assert_eq!(header(&request, "content-type"), Some("application/json"));
    assert_eq!(request.body["app"], 14);
    assert_eq!(request.body["fields"][0], "$id");
    assert!(request.body["query"].as_str().unwrap().starts_with(r#"tel in ("0312345678","#));
}

#[tokio::test]
async fn a_call_is_one_upsert_without_the_key_in_the_record() {
    let simulator = Setup::USUAL.simulator().await;
    let written = Setup::USUAL.good(&simulator).log_call(&call(), None, &key()).await.unwrap();
    assert_eq!((written.id.as_deref(), written.created), (Some("1"), true));
    let [request] = about_records(&simulator).try_into().unwrap();
    assert_eq!(line(&request), "PUT /k/v1/records.json");
    assert_eq!(header(&request, "x-cybozu-api-token"), Some(CALL_LOG_TOKEN));
    let record = json!({
        "tel": {"value": "0901234567"}, "name": {"value": "Yamada"}, "direction": {"value": "inbound"},
        "result": {"value": "answered"}, "started_at": {"value": "2026-11-21T01:47:40Z"},
        "answered_at": {"value": "2026-11-21T01:47:41Z"}, "ended_at": {"value": "2026-11-21T01:47:44Z"},
        "duration": {"value": "3"}, "agent": {"value": "6002"}, "line": {"value": "0312345000"},
        "recording_urls": {"value": "https://pbx/1.wav https://pbx/2.wav"}, "memo": {"value": "line 1\nline 2"}});
    let update_key = json!({"field": "call_id", "value": "main/1795225659.77"});
    let expected = json!({"app": 15, "upsert": true, "records": [{"updateKey": update_key, "record": record}]});
    assert_eq!(request.body, expected);
    assert_eq!(simulator.records(15)[0]["started_at"]["value"], "2026-11-21T01:47:00Z", "kintone keeps minutes");
}

#[tokio::test]
async fn with_the_right_to_add_alone_a_call_is_one_post_and_no_record_is_read() {
    let simulator = ADD_ONLY.simulator().await;
    let crm = ADD_ONLY.good(&simulator);
    assert!(crm.log_call(&call(), None, &key()).await.unwrap().created);
    assert!(!crm.log_call(&call(), None, &key()).await.unwrap().created);
    let requests = about_records(&simulator);
    assert_eq!(requests.iter().map(line).collect::<Vec<_>>(), ["POST /k/v1/record.json"; 2]);
    assert_eq!(requests[0].body["record"]["call_id"]["value"], "main/1795225659.77");
    assert_eq!(simulator.records(15).len(), 1);
}

#[tokio::test]
async fn unmapped_attributes_are_not_written_and_own_ones_come_from_the_context() {
    let simulator = Setup::USUAL.simulator().await;
    let fields = fields! { call_id: "call_id", phone: "tel", ticket: "memo" };
    let crm = Kintone::new(simulator.base_url()).call_log(15, SecretString::from(CALL_LOG_TOKEN), fields);
    let mut record = call();
    record.context.insert("ticket".to_owned(), "T-1".to_owned());
    crm.log_call(&record, None, &key()).await.unwrap();
    let written = about_records(&simulator)[0].body["records"][0]["record"].clone();
    assert_eq!(written, json!({"tel": {"value": "0901234567"}, "memo": {"value": "T-1"}}));
}

#[tokio::test]
async fn a_contact_is_an_upsert_where_the_number_is_unique() {
    let simulator = Setup::USUAL.simulator().await;
    let crm = Setup::USUAL.good(&simulator);
    let created = crm.create_contact(&contact(), &key()).await.unwrap();
    assert_eq!(created.url.unwrap().as_str(), format!("{}/k/14/show#record=1", simulator.base_url()));
    let requests = simulator.requests();
    let paths: Vec<String> = requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect();
    assert_eq!(paths, ["GET /k/v1/app/form/fields.json", "GET /k/v1/records.json", "PUT /k/v1/records.json"]);
    let update_key = json!({"field": "tel", "value": "0901234567"});
    let records = json!([{"updateKey": update_key, "record": {"name": {"value": "Yamada"}}}]);
    assert_eq!(requests[2].body, json!({"app": 14, "upsert": true, "records": records}));
    crm.create_contact(&contact(), &key()).await.unwrap();
    assert_eq!(simulator.requests().len(), 4, "the form is read once, and the contact is there");
}

#[tokio::test]
async fn a_contact_is_a_post_where_the_number_is_not_unique() {
    let simulator = ANY_PHONE.simulator().await;
    ANY_PHONE.good(&simulator).create_contact(&contact(), &key()).await.unwrap();
    let last = simulator.requests().pop().unwrap();
    assert_eq!(line(&last), "POST /k/v1/record.json");
    let record = json!({"tel": {"value": "0901234567"}, "name": {"value": "Yamada"}});
    assert_eq!(last.body, json!({"app": 14, "record": record}));
}

#[tokio::test]
async fn an_unknown_caller_without_a_name_is_the_number_alone() {
    let simulator = ANY_PHONE.simulator().await;
    let new = NewContact { name: None, ..contact() };
    ANY_PHONE.good(&simulator).create_contact(&new, &key()).await.unwrap();
    assert_eq!(simulator.requests().pop().unwrap().body["record"], json!({"tel": {"value": "0901234567"}}));
}

#[tokio::test]
async fn basic_authentication_and_guest_space_go_with_every_request() {
    let simulator = Simulator::builder()
        .app(App::customers_template(14).in_guest_space(7))
        .token(CUSTOMERS_TOKEN, 14, Rights::VIEW_ADD_EDIT)
        .basic_gate("Z2F0ZTpwYXNz")
        .start()
        .await
        .unwrap();
    let customers = || {
        let fields = fields! { phone: "tel" };
        Kintone::new(simulator.base_url()).customers(14, SecretString::from(CUSTOMERS_TOKEN), fields).guest_space(7)
    };
    let wanted = LookUp::exactly(number("0312345678"));
    customers().basic_auth("gate", SecretString::from("pass")).look_up(&wanted).await.unwrap();
    assert_eq!(simulator.requests()[0].path, "/k/guest/7/v1/records.json");
    let error = customers().look_up(&wanted).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Status::Permanent));
    assert!(error.to_string().contains("Basic"), "{error}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (simulator, other) = (Setup::USUAL.simulator().await, Setup::USUAL.simulator().await);
    simulator.fail_next(1, Fault::Redirect(format!("{}/k/v1/records.json", other.base_url())));
    let error = Setup::USUAL.good(&simulator).look_up(&LookUp::exactly(number("031"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    assert!(other.requests().is_empty(), "the token went elsewhere");
}

/// What a fault on the write comes to, for a call under its key and for a contact that is only added.
async fn writes_under(fault: Fault) -> (Status, Status) {
    let simulator = ANY_PHONE.simulator().await;
    // Long enough for the reads before the write on a busy machine.
    let patience = if matches!(fault, Fault::Stall(_)) { 2 } else { 10 };
    let crm = ANY_PHONE.good(&simulator).timeout(Duration::from_secs(patience));
    simulator.fail_next_write(2, fault);
    let (record, new, key) = (call(), contact(), key());
    let (logged, created) = tokio::join!(crm.log_call(&record, None, &key), crm.create_contact(&new, &key));
    let (logged, created) = (logged.unwrap_err(), created.unwrap_err());
    for error in [&logged, &created] {
        let text = format!("{error} {error:?}");
        assert!(!text.contains("0901234567") && !text.contains("Yamada") && !text.contains("token-"), "{text}");
    }
    (logged.status(), created.status())
}

#[tokio::test]
async fn what_may_have_been_added_is_unknown_and_what_has_a_key_is_tried_again() {
    for fault in [
        Fault::CloseBeforeAnswer,
        Fault::Stall(Duration::from_secs(30)),
        Fault::Garbage,
        Fault::HugeBody,
        Fault::Status(502),
    ] {
        let name = format!("{fault:?}");
        assert_eq!(writes_under(fault).await, (Status::Temporary, Status::OutcomeUnknown), "{name}");
    }
    for fault in [Fault::Status(429), Fault::Maintenance503, Fault::Code(520, "GAIA_DA02")] {
        let name = format!("{fault:?}");
        assert_eq!(writes_under(fault).await, (Status::Temporary, Status::Temporary), "{name}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_activated_is_named_with_the_button_to_press() {
    let simulator = Simulator::builder()
        .app(App::customers_template(14))
        .token_not_activated(CUSTOMERS_TOKEN, 14)
        .start()
        .await
        .unwrap();
    let crm = Setup::USUAL.good(&simulator);
    let error = crm.look_up(&LookUp::exactly(number("0312345678"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.to_string().contains("Update App (設定完了)"), "{error}");
    let checks = crm.health().await;
    let token = checks.iter().find(|check| check.name == "kintone.customers.token").unwrap();
    assert_eq!(token.outcome, CheckOutcome::Failed);
    assert!(token.cure.as_ref().unwrap().contains("Update App"));
}

#[tokio::test]
async fn a_required_field_that_is_not_mapped_is_a_permanent_refusal_that_names_it() {
    let app = App::customers_template(14).field(Field::text("company").required());
    let token = (CUSTOMERS_TOKEN, 14, Rights::VIEW_ADD_EDIT);
    let simulator = Simulator::builder().app(app).token(token.0, token.1, token.2).start().await.unwrap();
    let crm = Setup::USUAL.good(&simulator);
    let error = crm.create_contact(&contact(), &key()).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Rejected, Status::Permanent));
    assert_eq!(error.context().find(|(key, _)| *key == "fields"), Some(("fields", "company")));
    let checks = crm.health().await;
    let required = checks.iter().find(|check| check.name == "kintone.customers.required_fields").unwrap();
    assert_eq!(required.outcome, CheckOutcome::Warning);
    assert!(required.found.contains("company"));
}

#[tokio::test]
async fn health_finds_every_mistake_in_a_form() {
    let log = App::call_log_template(15)
        .field(Field::text("call_id"))
        .field(Field::new("tel", FieldType::Number))
        .field(Field::drop_down("direction", &["inbound"]))
        .field(Field::new("recording_urls", FieldType::Link))
        .field(Field::table("table", vec![Field::text("inner")]))
        .field(Field::text("store").required())
        .without("line");
    let simulator = Simulator::builder().app(log).token(CALL_LOG_TOKEN, 15, Rights::ADD_EDIT).start().await.unwrap();
    let fields = call_log_fields().with("agent", "inner");
    let crm = Kintone::new(simulator.base_url()).call_log(15, SecretString::from(CALL_LOG_TOKEN), fields);
    let checks = crm.health().await;
    let outcome = |name: &str| {
        let full = format!("kintone.call_log.{name}");
        checks.iter().find(|check| check.name == full).unwrap_or_else(|| panic!("no {full}")).outcome
    };
    use CheckOutcome::{Failed, Ok, Warning};
    let expected = [
        ("reachable", Ok),
        ("token", Ok),
        ("add", Ok),
        ("edit", Ok),
        ("field.call_id", Failed),
        ("field.phone", Failed),
        ("field.direction", Failed),
        ("field.recording_urls", Failed),
        ("field.agent", Failed),
        ("field.line", Warning),
        ("field.duration", Ok),
        ("required_fields", Failed),
    ];
    for (name, wanted) in expected {
        assert_eq!(outcome(name), wanted, "{name}");
    }
    assert!(simulator.records(15).is_empty());
}

#[tokio::test]
async fn without_an_app_nothing_is_sent() {
    let simulator = Setup::USUAL.simulator().await;
    let only_log = Kintone::new(simulator.base_url()).call_log(15, SecretString::from(CALL_LOG_TOKEN), fields! {});
    let only_customers =
        Kintone::new(simulator.base_url()).customers(14, SecretString::from(CUSTOMERS_TOKEN), fields! { phone: "tel" });
    let wanted = LookUp::exactly(number("0312345678"));
    assert!(only_log.capabilities().log_call && !only_log.capabilities().look_up);
    assert_eq!(only_log.look_up(&wanted).await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(only_log.create_contact(&contact(), &key()).await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(only_customers.log_call(&call(), None, &key()).await.unwrap_err().kind(), ErrorKind::Unsupported);
    let broken = Kintone::new("http://example.com").customers(14, SecretString::from("t"), fields! { phone: "tel" });
    assert_eq!(broken.look_up(&wanted).await.unwrap_err().kind(), ErrorKind::ConfigInvalid);
    assert_eq!(broken.health().await[0].outcome, CheckOutcome::Failed);
    assert!(simulator.requests().is_empty());
}

#[tokio::test]
async fn more_than_ten_matches_are_told_and_open_the_list() {
    let simulator = ANY_PHONE.simulator().await;
    for _ in 0..12 {
        simulator.put_record(14, json!({"tel": {"value": "03-1234-5678"}})).unwrap();
    }
    let crm = ANY_PHONE.good(&simulator);
    let spellings = vec![number("0312345678"), number("03-1234-5678")];
    let wanted = LookUp { number: number("0312345678"), spellings, event: None };
    let matches = crm.look_up(&wanted).await.unwrap();
    assert_eq!((matches.found.len(), matches.more), (10, true));
    let list = "%28%2203-1234-5678%22%29";
    let expected = format!("{}/k/14/?query=tel%20in%20{list}%20or%20tel2%20in%20{list}", simulator.base_url());
    assert_eq!(crm.screen_pop(&wanted, &matches).unwrap().as_str(), expected);
    let nobody = cti_core::crm::Matches::default();
    assert_eq!(crm.screen_pop(&wanted, &nobody), None);
    let new = crm.pop_new_record(true).screen_pop(&wanted, &nobody).unwrap();
    assert_eq!(new.as_str(), format!("{}/k/14/edit", simulator.base_url()));
}

#[tokio::test]
async fn each_right_that_is_missing_is_named_and_nothing_is_written() {
    let rights = [
        (Rights { view: true, ..Rights::default() }, vec!["add", "edit"]),
        (Rights::ADD_EDIT, vec!["view"]),
        (Rights::VIEW_ADD_EDIT, vec![]),
    ];
    for (rights, missing) in rights {
        let app = App::customers_template(14);
        let simulator = Simulator::builder().app(app).token(CUSTOMERS_TOKEN, 14, rights).start().await.unwrap();
        let checks = Setup::USUAL.good(&simulator).health().await;
        for right in ["view", "add", "edit"] {
            let check = checks.iter().find(|check| check.name == format!("kintone.customers.{right}")).unwrap();
            let expected = if missing.contains(&right) { CheckOutcome::Failed } else { CheckOutcome::Ok };
            assert_eq!(check.outcome, expected, "{right} of {rights:?}: {check:?}");
            assert_eq!(check.cure.as_deref().unwrap_or_default().contains(right), missing.contains(&right));
        }
        assert!(simulator.records(14).is_empty());
    }
}

#[tokio::test]
async fn a_token_of_another_app_and_an_app_that_is_not_there_are_named() {
    let simulator = Setup::USUAL.simulator().await;
    let with = |app: i32, token: &str| {
        Kintone::new(simulator.base_url()).customers(app, SecretString::from(token), fields! { phone: "tel" })
    };
    let checks = with(14, CALL_LOG_TOKEN).health().await;
    let token = checks.iter().find(|check| check.outcome == CheckOutcome::Failed).unwrap();
    assert_eq!(token.name, "kintone.customers.token");
    assert!(token.cure.as_ref().unwrap().contains("of this app"), "{token:?}");
    let checks = with(99, CUSTOMERS_TOKEN).health().await;
    let app = checks.iter().find(|check| check.outcome == CheckOutcome::Failed).unwrap();
    assert_eq!(app.name, "kintone.customers.app");
}
