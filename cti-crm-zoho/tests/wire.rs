//! The exact requests to the CRM, and what is made of each kind of answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]
#![allow(dead_code, reason = "the tests share one module of helpers")]

mod common;

use common::{Setup, agents, call, key_of, lines, missed, number};
use cti_core::call::{CallRecord, Direction, Disposition, Name};
use cti_core::crm::{CrmSink, LookUp, Matches, NewContact};
use cti_core::health::CheckOutcome;
use cti_core::{ErrorKind, Status, fields};
use cti_crm_zoho::{DurationForm, Find, MissedCallTasks, Module, TieBreak};
use cti_testkit::zoho::{self, Fault, Field, Kind, Simulator, Target, User};
use serde_json::{Value, json};
use std::time::Duration;

fn look_up(spellings: &[&str]) -> LookUp {
    LookUp { spellings: spellings.iter().map(|text| number(text)).collect(), ..LookUp::exactly(number(spellings[0])) }
}

fn queries(simulator: &Simulator) -> Vec<String> {
    let requests = simulator.requests();
    let query = |body: Value| body["select_query"].as_str().map(str::to_owned);
    requests.iter().filter_map(|request| query(request.json())).collect()
}

fn contact() -> NewContact {
    NewContact { number: number("0901234567"), name: Name::new("Yamada") }
}

#[tokio::test]
async fn a_look_up_is_one_query_a_module_until_somebody_is_found() {
    let simulator = Setup::USUAL.simulator().await;
    simulator.put_record("Leads", json!({"Last_Name": "Yamada", "Company": "Acme", "Mobile": "03-1234-5678"})).unwrap();
    let matches = Setup::USUAL.good(&simulator).look_up(&look_up(&["0312345678", "03-1234-5678"])).await.unwrap();
    let found = matches.one().unwrap();
    assert_eq!((found.object.as_str(), found.company.as_ref().map(|c| c.as_str())), ("Leads", Some("Acme")));
    let url = format!("{}/crm/org700000001/tab/Leads/{}", simulator.base_url(), found.id);
    assert_eq!(found.url.as_ref().unwrap().as_str(), url);
    let list = "('0312345678','03-1234-5678')";
    let contacts = format!(
        "select id, Phone, Mobile, Home_Phone, Other_Phone, Asst_Phone, Full_Name, Account_Name from Contacts where \
         ((((Phone in {list} or Mobile in {list}) or Home_Phone in {list}) or Other_Phone in {list}) or Asst_Phone in \
         {list}) limit 11"
    );
    let leads = format!(
        "select id, Phone, Mobile, Full_Name, Company from Leads where (Phone in {list} or Mobile in {list}) limit 11"
    );
    assert_eq!(queries(&simulator), [contacts, leads]);
    let requests = simulator.requests();
    assert_eq!(lines(&requests), ["POST /crm/v8/coql", "POST /crm/v8/coql", "GET /crm/v8/org"]);
    assert!(requests[1].header("authorization").starts_with("Zoho-oauthtoken 1000."));
    assert_eq!(requests[1].header("content-type"), "application/json");
}

#[tokio::test]
async fn a_search_keeps_within_its_budget_and_takes_no_number_that_only_resembles() {
    let simulator = Setup::USUAL.simulator().await;
    let crm = Setup { find: Find::Search, ..Setup::USUAL }.good(&simulator).search_budget(4).org("7");
    let spellings = ["0312345678", "03-1234-5678", "+81312345678"];
    assert!(crm.look_up(&look_up(&spellings)).await.unwrap().is_none());
    let requests = lines(&simulator.requests());
    assert_eq!(requests.len(), 4);
    assert!(requests[0].starts_with("GET /crm/v8/Contacts/search?phone=0312345678&fields=id%2CPhone"), "{requests:?}");
    assert!(requests[3].starts_with("GET /crm/v8/Contacts/search?phone=03-1234-5678&"));
    simulator.put_record("Contacts", json!({"Last_Name": "Yamada", "Phone": "(03) 1234 5678"})).unwrap();
    let matches = crm.look_up(&look_up(&spellings)).await.unwrap();
    assert_eq!(matches.one().unwrap().spelled.as_ref().unwrap().as_str(), "(03) 1234 5678");
}

#[tokio::test]
async fn a_record_that_the_search_does_not_know_yet_is_found_by_the_query() {
    let simulator = Setup::USUAL.builder().index_lags().start().await.unwrap();
    simulator.put_record("Contacts", json!({"Last_Name": "Yamada", "Phone": "0312345678"})).unwrap();
    let found = |find| async move { find };
    let by = |find| Setup { find, ..Setup::USUAL }.good(&simulator);
    assert!(by(found(Find::Search).await).look_up(&look_up(&["0312345678"])).await.unwrap().is_none());
    assert!(by(Find::Query).look_up(&look_up(&["0312345678"])).await.unwrap().one().is_some());
    simulator.index();
    assert!(by(Find::Search).look_up(&look_up(&["0312345678"])).await.unwrap().one().is_some());
}

#[tokio::test]
async fn the_order_of_modules_and_the_tie_break_settle_who_is_meant() {
    let simulator = Setup::USUAL.simulator().await;
    let first = simulator.put_record("Contacts", json!({"Last_Name": "A", "Phone": "0312345678"})).unwrap();
    simulator.put_record("Contacts", json!({"Last_Name": "B", "Phone": "0312345678"})).unwrap();
    let account = simulator.put_record("Accounts", json!({"Account_Name": "Acme", "Phone": "0312345678"})).unwrap();
    let wanted = look_up(&["0312345678"]);
    let crm = || Setup::USUAL.good(&simulator);
    assert_eq!(crm().look_up(&wanted).await.unwrap().found.len(), 2);
    let oldest = crm().tie_break(TieBreak::Oldest).look_up(&wanted).await.unwrap();
    assert_eq!(oldest.one().unwrap().id, first);
    let reversed = crm().modules([Module::accounts(), Module::contacts()]).look_up(&wanted).await.unwrap();
    assert_eq!((reversed.one().unwrap().id.as_str(), reversed.one().unwrap().name.as_ref()), (account.as_str(), None));
}

/// The record that was sent to a module last.
fn sent(simulator: &Simulator, module: &str) -> Value {
    let path = format!("/crm/v8/{module}");
    let requests = simulator.requests();
    let last = requests.iter().rev().find(|request| request.method == "POST" && request.path == path).unwrap();
    last.json()["data"][0].clone()
}

#[tokio::test]
async fn a_call_is_searched_under_its_mark_and_written_with_customer_and_owner() {
    let simulator = Setup::USUAL.simulator().await;
    let id = simulator.put_record("Contacts", json!({"Last_Name": "Yamada Taro", "Phone": "090-1234-567"})).unwrap();
    let crm = Setup::USUAL.good(&simulator).agents(agents()).org("7");
    let matches = crm.look_up(&look_up(&["090-1234-567"])).await.unwrap();
    let written = crm.log_call(&call(), matches.one(), &key_of(&call())).await.unwrap();
    assert!(written.created && written.id.is_some());
    let expected = json!({
        "Subject": "Incoming call Yamada Taro (cti 6c0fbc4f4f0e)", "Call_Type": "Inbound",
        "Call_Start_Time": "2026-11-20T01:47:40+00:00", "Call_Duration": "01:05", "Who_Id": {"id": id},
        "Description": "phone: 090-1234-567\nname: Yamada Taro\nresult: answered\nagent: 6002\nline: 0312345000\n\
            recordings: https://pbx.example.com/1.wav\ncall: main/1795225659.77",
        "Voice_Recording__s": "https://pbx.example.com/1.wav", "Owner": {"id": User::new(2, "", "").id}});
    let mut found = sent(&simulator, "Calls");
    let mark = found["Subject"].as_str().unwrap().rsplit_once(" (cti ").unwrap().1.trim_end_matches(')').to_owned();
    assert_eq!(mark.len(), 12);
    found["Subject"] = json!("Incoming call Yamada Taro (cti 6c0fbc4f4f0e)");
    assert_eq!(found, expected);
    let search = queries(&simulator).pop().unwrap();
    let condition = format!("(Call_Start_Time = '2026-11-20T01:47:40+00:00' and Subject like '%(cti {mark})')");
    assert_eq!(search, format!("select id from Calls where {condition} limit 1"));
    assert_eq!(simulator.records("Calls")[0]["Call_Duration_in_seconds"], 65);
}

#[tokio::test]
async fn a_field_of_ones_own_holds_the_key_and_the_subject_is_free_of_it() {
    let setup = Setup { key_field: true, ..Setup::USUAL };
    let simulator = setup.simulator().await;
    let crm = setup.good(&simulator).call_fields(fields! { result: "Call_Result", duration: "Call_Purpose" });
    crm.log_call(&call(), None, &key_of(&call())).await.unwrap();
    let record = sent(&simulator, "Calls");
    assert_eq!(record["CTI_Call_ID"], "main/1795225659.77");
    assert_eq!((&record["Subject"], &record["Call_Result"]), (&json!("Incoming call 0901234567"), &json!("answered")));
    assert_eq!(queries(&simulator), ["select id from Calls where CTI_Call_ID = 'main/1795225659.77' limit 1"]);
}

#[tokio::test]
async fn a_call_that_somebody_else_wrote_meanwhile_counts_as_written() {
    let setup = Setup { key_field: true, ..Setup::USUAL };
    let simulator = setup.simulator().await;
    let crm = setup.good(&simulator);
    // The search before the write finds nothing; the unique field refuses.
    simulator.fail_next(Target::Writes, 1, Fault::CloseBeforeAnswer);
    let error = crm.log_call(&call(), None, &key_of(&call())).await.unwrap_err();
    assert_eq!(error.status(), Status::OutcomeUnknown);
    simulator.fail_next(Target::Any, 1, Fault::Code(200, "NOTHING"));
    let _ = crm.log_call(&call(), None, &key_of(&call())).await;
    let written = crm.log_call(&call(), None, &key_of(&call())).await.unwrap();
    assert!(!written.created && written.id.is_some());
    assert_eq!(simulator.records("Calls").len(), 1);
}

#[tokio::test]
async fn a_length_is_never_zero_in_either_form_and_missed_calls_have_none() {
    for (form, sim_form, expected) in [
        (DurationForm::MinutesSeconds, zoho::DurationForm::MinutesSeconds, "00:01"),
        (DurationForm::HoursMinutes, zoho::DurationForm::HoursMinutes, "00:01"),
    ] {
        let simulator = Setup::USUAL.builder().duration(sim_form).start().await.unwrap();
        let crm = Setup::USUAL.good(&simulator).duration_form(form);
        let short = CallRecord { talk_seconds: 0.2, ..call() };
        crm.log_call(&short, None, &key_of(&short)).await.unwrap();
        assert_eq!(sent(&simulator, "Calls")["Call_Duration"], expected);
        crm.log_call(&missed(), None, &key_of(&missed())).await.unwrap();
        let record = sent(&simulator, "Calls");
        assert_eq!((&record["Call_Type"], &record["Call_Duration"]), (&json!("Missed"), &Value::Null));
        let busy = CallRecord {
            direction: Direction::Outbound,
            disposition: Disposition::Busy,
            call: cti_core::call::CallId::new("main", "3"),
            ..missed()
        };
        crm.log_call(&busy, None, &key_of(&busy)).await.unwrap();
        assert_eq!(sent(&simulator, "Calls")["Call_Type"], "Outbound");
    }
}

#[tokio::test]
async fn a_lead_goes_into_what_id_with_its_module() {
    let simulator = Setup::USUAL.simulator().await;
    let lead = json!({"Last_Name": "Yamada", "Company": "Acme", "Phone": "0901234567"});
    let id = simulator.put_record("Leads", lead).unwrap();
    let crm = Setup::USUAL.good(&simulator);
    let matches = crm.look_up(&look_up(&["0901234567"])).await.unwrap();
    crm.log_call(&call(), matches.one(), &key_of(&call())).await.unwrap();
    let record = sent(&simulator, "Calls");
    assert_eq!((&record["What_Id"]["id"], &record["$se_module"]), (&json!(id), &json!("Leads")));
    assert_eq!(record.get("Who_Id"), None);
}

#[tokio::test]
async fn a_field_that_zoho_refuses_is_left_out_and_the_call_is_written() {
    let simulator = Setup::USUAL.simulator().await;
    let id = simulator.put_record("Contacts", json!({"Last_Name": "Yamada", "Phone": "0901234567"})).unwrap();
    let crm = Setup::USUAL.good(&simulator).agents(agents());
    let mut matches = crm.look_up(&look_up(&["0901234567"])).await.unwrap();
    // The contact was merged into another, and the recording has no address that Zoho takes.
    matches.found[0].id = format!("{id}9");
    let mut record = call();
    record.recordings = vec![cti_core::call::Recording::Url("sftp://pbx/1.wav".to_owned())];
    assert!(crm.log_call(&record, matches.one(), &key_of(&record)).await.unwrap().created);
    let stored = &simulator.records("Calls")[0];
    assert_eq!((stored.get("Who_Id"), stored.get("Voice_Recording__s")), (None, None));
}

#[tokio::test]
async fn the_owner_is_who_talked_else_the_one_named_for_it() {
    let simulator = Setup::USUAL.simulator().await;
    let crm = || Setup::USUAL.good(&simulator).agents(agents()).fallback_owner("sato@example.com");
    let owner = |record: CallRecord| {
        let (crm, simulator) = (crm(), &simulator);
        async move {
            crm.log_call(&record, None, &key_of(&record)).await.unwrap();
            sent(simulator, "Calls")["Owner"]["id"].as_str().map(str::to_owned)
        }
    };
    let (sato, suzuki) = (User::new(1, "", "").id, User::new(2, "", "").id);
    assert_eq!(owner(call()).await, Some(suzuki.clone()));
    let unknown =
        CallRecord { call: cti_core::call::CallId::new("m", "4"), answered_by: Some("6999".into()), ..call() };
    assert_eq!(owner(unknown).await, Some(sato.clone()));
    // Nobody took it: the only one whose phone rang.
    let only = CallRecord { extensions: vec!["6002".into()], ..missed() };
    assert_eq!(owner(only).await, Some(suzuki));
    // An agent who left the company.
    assert!(simulator.change_user("suzuki@example.com", |user| user.active = false));
    let left = CallRecord { call: cti_core::call::CallId::new("m", "5"), ..call() };
    assert_eq!(owner(left).await, Some(sato));
}

#[tokio::test]
async fn a_missed_call_becomes_one_task_that_a_later_talk_closes() {
    let simulator = Setup::USUAL.simulator().await;
    simulator.put_record("Contacts", json!({"Last_Name": "Yamada", "Phone": "0901234567"})).unwrap();
    let tasks = MissedCallTasks { due_days: 1, ..MissedCallTasks::default() };
    let crm = Setup::USUAL.good(&simulator).agents(agents()).missed_call_tasks(tasks);
    let matches = crm.look_up(&look_up(&["0901234567"])).await.unwrap();
    // The answer to the task is lost: the call is there already, and the task is looked for first.
    crm.log_call(&missed(), matches.one(), &key_of(&missed())).await.unwrap();
    crm.log_call(&missed(), matches.one(), &key_of(&missed())).await.unwrap();
    let stored = simulator.records("Tasks");
    assert_eq!(stored.len(), 1);
    let task = sent(&simulator, "Tasks");
    assert_eq!((&task["Due_Date"], &task["Priority"]), (&json!("2026-11-21"), &json!("High")));
    assert_eq!(task["Owner"]["id"], User::new(1, "", "").id);
    assert!(task["Subject"].as_str().unwrap().starts_with("Call back Yamada (cti "));
    assert_eq!(stored[0]["Status"], "Not Started");
    let back = CallRecord { direction: Direction::Outbound, dialed: Some(number("0901234567")), ..call() };
    crm.log_call(&back, matches.one(), &key_of(&back)).await.unwrap();
    assert_eq!(simulator.records("Tasks")[0]["Status"], "Completed");
}

#[tokio::test]
async fn an_answer_that_is_lost_after_a_create_makes_no_double() {
    for setup in [Setup::USUAL, Setup { key_field: true, ..Setup::USUAL }] {
        let simulator = setup.simulator().await;
        let crm = setup.good(&simulator);
        for _ in 0..3 {
            simulator.fail_next(Target::Writes, 1, Fault::CloseBeforeAnswer);
            if let Err(error) = crm.log_call(&call(), None, &key_of(&call())).await {
                assert_eq!(error.status(), Status::OutcomeUnknown);
            }
        }
        assert!(!crm.log_call(&call(), None, &key_of(&call())).await.unwrap().created);
        assert_eq!(simulator.records("Calls").len(), 1);
    }
}

#[tokio::test]
async fn a_contact_is_searched_then_added() {
    let simulator = Setup::USUAL.simulator().await;
    let crm = Setup::USUAL.good(&simulator);
    crm.create_contact(&contact(), &key_of(&call())).await.unwrap();
    assert_eq!(sent(&simulator, "Contacts"), json!({"Last_Name": "Yamada", "Phone": "0901234567"}));
    let nameless = NewContact { name: None, number: number("0801112222") };
    let leads = Setup::USUAL.good(&simulator).create_in("Leads").new_company("unknown");
    leads.create_contact(&nameless, &key_of(&call())).await.unwrap();
    let expected = json!({"Last_Name": "0801112222", "Company": "unknown", "Phone": "0801112222"});
    assert_eq!(sent(&simulator, "Leads"), expected);
}

#[tokio::test]
async fn a_mandatory_field_of_the_organisation_is_a_permanent_refusal_that_names_it() {
    let simulator =
        Setup::USUAL.builder().field("Contacts", Field::new("Store", Kind::Text).mandatory()).start().await.unwrap();
    let error = Setup::USUAL.good(&simulator).create_contact(&contact(), &key_of(&call())).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Rejected, Status::Permanent));
    assert!(error.to_string().contains("field=Store"), "{error}");
    assert!(!format!("{error:?}").contains("0901234567"));
}

#[tokio::test]
async fn too_many_requests_are_temporary_in_every_shape() {
    let simulator = Setup::USUAL.simulator().await;
    let crm = Setup::USUAL.good(&simulator);
    for (fault, wait) in
        [(Fault::TooMany, None), (Fault::TooManyOldShape, None), (Fault::NoCredits, Some(Duration::from_secs(600)))]
    {
        simulator.fail_next(Target::Any, 1, fault.clone());
        let error = crm.look_up(&look_up(&["0312345678"])).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.status(), error.wait()),
            (ErrorKind::RateLimited, Status::Temporary, wait),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (simulator, other) = (Setup::USUAL.simulator().await, Setup::USUAL.simulator().await);
    simulator.fail_next(Target::Any, 1, Fault::Redirect(format!("{}/crm/v8/coql", other.base_url())));
    let error = Setup::USUAL.good(&simulator).look_up(&look_up(&["0312345678"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    assert!(other.requests().is_empty(), "the token went elsewhere");
}

#[tokio::test]
async fn a_new_record_pops_only_where_it_is_wanted() {
    let simulator = Setup::USUAL.simulator().await;
    let crm = Setup::USUAL.good(&simulator).org("7");
    let (wanted, nobody) = (look_up(&["0312345678"]), Matches::default());
    assert_eq!(crm.screen_pop(&wanted, &nobody), None);
    let url = crm.pop_new_record(true).screen_pop(&wanted, &nobody).unwrap();
    assert_eq!(url.as_str(), format!("{}/crm/org7/tab/Contacts/create", simulator.base_url()));
}

#[tokio::test]
async fn health_names_every_mistake_with_its_cure() {
    let simulator = Setup::USUAL.simulator().await;
    let crm = Setup::USUAL
        .good(&simulator)
        .modules([Module::contacts().show("Rank"), Module::new("Clients", ["Phone"])])
        .call_key_field("Call_Result")
        .agents([cti_crm_zoho::Agent::new("sato", "6001", "sato@example.org")]);
    let checks = crm.health().await;
    let outcome =
        |name: &str| checks.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("no {name}")).outcome;
    use CheckOutcome::{Failed, Ok, Warning};
    for (name, expected) in [
        ("zoho.token", Ok),
        ("zoho.token_file", Warning),
        ("zoho.organisation", Ok),
        ("zoho.Contacts.fields", Failed),
        ("zoho.Clients.fields", Failed),
        ("zoho.Calls.fields", Ok),
        ("zoho.Calls.key", Warning),
        ("zoho.agents", Warning),
    ] {
        assert_eq!(outcome(name), expected, "{name}");
    }
    assert!(checks.iter().all(|check| check.outcome == Ok || check.cure.is_some()));
}

#[tokio::test]
async fn members_of_a_group_are_its_entitled_users_and_a_licence_that_goes_takes_the_member_along() {
    let (sato, suzuki) = (User::new(1, "Sato", "sato@example.com"), User::new(2, "Suzuki", "suzuki@example.com"));
    let group = |edition: &str| {
        Simulator::builder()
            .user(sato.clone())
            .user(suzuki.clone())
            .user(User::new(3, "Kato", "kato@example.com"))
            .group("5725767000000090001", "Sales", &[&sato, &suzuki])
            .edition(edition)
    };
    let simulator = group("enterprise").start().await.unwrap();
    let crm = Setup::USUAL.good(&simulator);
    let members = async || crm.group_members("Sales").await.unwrap().unwrap();
    assert_eq!(members().await, ["sato@example.com", "suzuki@example.com"]);
    assert!(simulator.change_user("suzuki@example.com", |user| user.telephony = false));
    assert_eq!(members().await, ["sato@example.com"]);
    assert_eq!(crm.group_members("Support").await.unwrap_err().kind(), ErrorKind::NotFound);
    let simulator = group("professional").start().await.unwrap();
    assert_eq!(Setup::USUAL.good(&simulator).group_members("Sales").await.unwrap(), None);
}
