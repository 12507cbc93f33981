//! What goes wrong on the way: whatever it is, a call stands there once, a customer is created once, a recording is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use chrono::Utc;
use common::{CALL_LOG_TOKEN, CUSTOMERS_TOKEN, Setup};
use cti_core::call::{CallId, CallRecord, Direction, Disposition, Party, Recording};
use cti_core::crm::{CrmSink, LookUp, NewContact, WriteKey};
use cti_core::number::Number;
use cti_core::secret::SecretString;
use cti_core::{Error, ErrorKind, Status, fields};
use cti_crm_kintone::{CallLogMode, Kintone, RecordingFiles, call_log_fields};
use cti_testkit::kintone::{App, Fault, Field, FieldType, Rights, Simulator};
use serde_json::{Value, json};
use std::time::Duration;

const ADD_ONLY: Setup = Setup { mode: CallLogMode::AddOnly, ..Setup::USUAL };
const ANY_PHONE: Setup = Setup { unique_phone: false, ..Setup::USUAL };
const LATE: Setup = Setup { late_recordings: true, ..Setup::USUAL };

/// Everything that can happen to a request.
fn faults() -> Vec<Fault> {
    vec![
        Fault::Status(429),
        Fault::Maintenance503,
        Fault::Status(502),
        Fault::CloseBeforeAnswer,
        Fault::Stall(Duration::from_secs(20)),
        Fault::Garbage,
        Fault::HugeBody,
        Fault::Code(520, "GAIA_DA02"),
        Fault::Code(400, "GAIA_RE18"),
        Fault::Code(409, "GAIA_CO02"),
    ]
}

fn number(text: &str) -> Number {
    Number::new(text).unwrap()
}

fn call(recordings: &[&str]) -> CallRecord {
    let party = Party::known("0901234567", "Yamada");
    let begun = CallRecord::begun(
        CallId::new("main", "1.1"),
        Direction::Inbound,
        party,
        Some(number("0312345000")),
        Utc::now(),
    );
    let recordings = recordings.iter().map(|one| Recording::Url((*one).to_owned())).collect();
    CallRecord { disposition: Disposition::Missed, recordings, ..begun }
}

fn key() -> WriteKey {
    WriteKey::of(call(&[]).ended_id())
}

/// What the outbox does: again under the same key, unless the answer says that it will never be taken.
async fn deliver<T>(mut try_once: impl AsyncFnMut() -> Result<T, Error>) -> T {
    for _ in 0..8 {
        match try_once().await {
            Ok(done) => return done,
            Err(error) => {
                let comes_again = error.status() != Status::Permanent || error.kind() == ErrorKind::Conflict;
                assert!(comes_again, "given up: {error}");
            }
        }
    }
    panic!("never delivered");
}

#[tokio::test]
async fn a_call_stands_there_once_whatever_happens_twice_in_a_row() {
    for setup in [Setup::USUAL, ADD_ONLY] {
        for fault in faults() {
            let simulator = setup.simulator().await;
            let crm = setup.good(&simulator).timeout(Duration::from_secs(2));
            simulator.fail_next_write(2, fault.clone());
            deliver(async || crm.log_call(&call(&[]), None, &key()).await).await;
            assert_eq!(simulator.records(15).len(), 1, "{setup:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_customer_is_created_once_whatever_happens() {
    let contact = NewContact { number: number("0901234567"), name: None };
    for setup in [Setup::USUAL, ANY_PHONE] {
        for fault in faults() {
            let simulator = setup.simulator().await;
            let crm = setup.good(&simulator).timeout(Duration::from_secs(2));
            simulator.fail_next_write(2, fault.clone());
            deliver(async || crm.create_contact(&contact, &key()).await).await;
            assert_eq!(simulator.records(14).len(), 1, "{setup:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn calls_of_one_unknown_number_that_come_together_create_one_customer() {
    for setup in [Setup::USUAL, ANY_PHONE] {
        let simulator = setup.simulator().await;
        let crm = setup.good(&simulator);
        let contact = NewContact { number: number("0901234567"), name: None };
        let keys: Vec<WriteKey> = (0..8).map(|n| WriteKey::of(format!("main/{n}#ended:contact").into())).collect();
        let (contact, crm) = (&contact, &crm);
        let all = keys.iter().map(|key| crm.create_contact(contact, key));
        let created = futures_all(all).await;
        let first = &created[0].id;
        assert!(created.iter().all(|one| one.id == *first), "{setup:?}");
        assert_eq!(simulator.records(14).len(), 1, "{setup:?}");
    }
}

/// Waits for all of them, side by side.
async fn futures_all<T>(futures: impl Iterator<Item = impl Future<Output = cti_core::Result<T>>>) -> Vec<T> {
    let mut pending: Vec<_> = futures.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        pending.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(result) => {
                done.push(result.unwrap());
                false
            }
            std::task::Poll::Pending => true,
        });
        if pending.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

#[tokio::test]
async fn late_recordings_survive_an_edit_in_between_and_every_fault() {
    for fault in faults() {
        let simulator = LATE.simulator().await;
        let crm = LATE.good(&simulator).timeout(Duration::from_secs(2));
        crm.log_call(&call(&["https://pbx/1.wav"]), None, &key()).await.unwrap();
        assert!(simulator.edit_record(15, 1, json!({"memo": {"value": "an agent's note"}})));
        simulator.fail_next_write(2, fault.clone());
        let late = Recording::Url("https://pbx/2.wav".to_owned());
        deliver(async || crm.attach_recording(&late, &key()).await).await;
        let entry = &simulator.records(15)[0];
        assert_eq!(entry["recording_urls"]["value"], "https://pbx/1.wav https://pbx/2.wav", "{fault:?}");
        assert_eq!(entry["memo"]["value"], "an agent's note", "{fault:?}");
    }
}

/// A call history whose recordings are in a field of that type.
async fn with_recordings_in(field: Field) -> (Simulator, Kintone) {
    let simulator = Simulator::builder()
        .app(App::call_log_template(15).field(field).field(Field::new("recording_file", FieldType::File)))
        .token(CALL_LOG_TOKEN, 15, Rights::VIEW_ADD_EDIT)
        .start()
        .await
        .unwrap();
    let fields = call_log_fields().with("recording_file", "recording_file");
    let crm = Kintone::new(simulator.base_url()).call_log(15, SecretString::from(CALL_LOG_TOKEN), fields);
    (simulator, crm)
}

#[tokio::test]
async fn three_recordings_of_one_call_are_all_there_in_the_shape_of_the_field() {
    let places = ["https://pbx/1.wav", "https://pbx/2.wav", "https://pbx/3.wav"];
    let expected = [
        (Field::text("recording_urls"), places.join(" ")),
        (Field::new("recording_urls", FieldType::MultiLineText), places.join("\n")),
        // A link refuses several, and with them the record: the call is kept, with the first.
        (Field::new("recording_urls", FieldType::Link), places[0].to_owned()),
    ];
    for (field, text) in expected {
        let (simulator, crm) = with_recordings_in(field).await;
        crm.log_call(&call(&places), None, &key()).await.unwrap();
        assert_eq!(simulator.records(15)[0]["recording_urls"]["value"], text);
    }
}

#[tokio::test]
async fn the_file_of_a_recording_is_uploaded_once() {
    let folder = std::env::temp_dir().join(format!("cti-kintone-upload-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("1.wav"), b"RIFF\r\n--cti-boundary\r\nWAVE").unwrap();
    std::fs::write(folder.join("2.wav"), b"RIFF2").unwrap();
    let (simulator, crm) = with_recordings_in(Field::text("recording_urls")).await;
    let crm = crm.late_recordings(RecordingFiles::uploaded_from(&folder));
    crm.log_call(&call(&[]), None, &key()).await.unwrap();
    for name in ["1.wav", "1.wav", "2.wav"] {
        crm.attach_recording(&Recording::File(name.to_owned()), &key()).await.unwrap();
    }
    let entry = &simulator.records(15)[0];
    let files = entry["recording_file"]["value"].as_array().unwrap();
    let names: Vec<&Value> = files.iter().map(|file| &file["name"]).collect();
    assert_eq!(names, ["1.wav", "2.wav"]);
    assert_eq!(files[0]["size"], "26");
    assert_eq!(entry["recording_urls"]["value"], "1.wav 2.wav");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_field_code_that_the_app_does_not_have_is_found_before_anything_is_lost_there() {
    let simulator = Setup::USUAL.simulator().await;
    let fields = call_log_fields().with("memo", "momo").with("agent", "lines");
    let crm = Kintone::new(simulator.base_url()).call_log(15, SecretString::from(CALL_LOG_TOKEN), fields);
    let checks = crm.health().await;
    let memo = checks.iter().find(|check| check.name == "kintone.call_log.field.memo").unwrap();
    assert!(memo.found.contains("no field with the code momo") && memo.cure.is_some());
    // The rest of the call is kept all the same.
    crm.log_call(&call(&[]), None, &key()).await.unwrap();
    assert_eq!(simulator.records(15)[0]["tel"]["value"], "0901234567");
    // Where the key itself is wrong, nothing is written that could stand there twice.
    let fields = call_log_fields().with("call_id", "callid");
    let crm = Kintone::new(simulator.base_url()).call_log(15, SecretString::from(CALL_LOG_TOKEN), fields);
    let error = crm.log_call(&call(&[]), None, &key()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{error}");
    assert_eq!(simulator.records(15).len(), 1);
}

#[tokio::test]
async fn many_spellings_of_one_number_find_one_customer_in_one_request() {
    let simulator = ANY_PHONE.simulator().await;
    simulator.put_record(14, json!({"tel2": {"value": "03-1234-5678"}, "email": {"value": "a@example.com"}})).unwrap();
    let fields = fields! { phone: "tel", phone2: "tel2", email: "email" };
    let crm = Kintone::new(simulator.base_url()).customers(14, SecretString::from(CUSTOMERS_TOKEN), fields);
    let plan = cti_core::number::NumberingPlan::japan();
    for spelled in ["+81312345678", "0312345678", "03(1234)5678", "０３－１２３４－５６７８"] {
        let before = simulator.requests().len();
        let wanted = LookUp::of(&number(spelled), &plan, 6).unwrap();
        let matches = crm.look_up(&wanted).await.unwrap();
        assert_eq!(matches.one().unwrap().fields["email"], "a@example.com", "{spelled}");
        assert_eq!(simulator.requests().len() - before, 1, "{spelled}");
    }
}

#[tokio::test]
async fn what_an_agent_wrote_before_the_second_try_stays() {
    let simulator = Setup::USUAL.simulator().await;
    let crm = Setup::USUAL.good(&simulator);
    let mut record = call(&[]);
    record.context.insert("memo".to_owned(), "from the PBX".to_owned());
    simulator.fail_next_write(1, Fault::CloseBeforeAnswer);
    crm.log_call(&record, None, &key()).await.unwrap_err();
    assert!(simulator.edit_record(15, 1, json!({"memo": {"value": "an agent's note"}, "name": {"value": "Taro"}})));
    assert!(!crm.log_call(&record, None, &key()).await.unwrap().created);
    let entry = &simulator.records(15)[0];
    assert_eq!((&entry["memo"]["value"], &entry["name"]["value"]), (&json!("an agent's note"), &json!("Taro")));
}
