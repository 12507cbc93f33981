//! Every request that the connector can send, as it stands in `golden/requests.txt`: whoever changes one sees it there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::Setup;
use cti_core::call::{CallId, CallRecord, Direction, Disposition, Name, Party, Recording};
use cti_core::contacts::{ContactSource, Reading};
use cti_core::crm::{CrmSink, LookUp, NewContact, WriteKey};
use cti_core::number::Number;
use cti_core::secret::SecretString;
use cti_crm_kintone::{AppMaker, Kintone};
use cti_testkit::kintone::{Recorded, Simulator};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const GOLDEN: &str = include_str!("golden/requests.txt");
const LATE: Setup = Setup { late_recordings: true, ..Setup::USUAL };

fn number(text: &str) -> Number {
    Number::new(text).unwrap()
}

fn call() -> CallRecord {
    let at = |text: &str| text.parse().unwrap();
    let party = Party::known("0901234567", "Yamada");
    let call = CallId::new("main", "1795225659.77");
    let begun =
        CallRecord::begun(call, Direction::Inbound, party, Some(number("0312345000")), at("2026-11-21T01:47:40Z"));
    CallRecord {
        disposition: Disposition::Answered,
        answered_by: Some("6002".into()),
        answered_at: Some(at("2026-11-21T01:47:41Z")),
        ended_at: at("2026-11-21T01:47:45Z"),
        talk_seconds: 4.0,
        recordings: vec![Recording::Url("https://pbx/1.wav".to_owned())],
        ..begun
    }
}

/// What is sent in each operation, in order.
async fn everything(simulator: &Simulator, crm: &Kintone) {
    let key = WriteKey::of(call().ended_id());
    let spellings = vec![number("0901234567"), number("090-1234-5678"), number("+819012345678")];
    crm.look_up(&LookUp { number: number("0901234567"), spellings, event: None }).await.unwrap();
    crm.create_contact(&NewContact { number: number("0901234567"), name: Name::new("Yamada") }, &key).await.unwrap();
    crm.log_call(&call(), None, &key).await.unwrap();
    crm.update_log(&call(), &key).await.unwrap();
    crm.attach_recording(&Recording::Url("https://pbx/2.wav".to_owned()), &key).await.unwrap();
    let since = "2026-11-21T00:00:00Z".parse().unwrap();
    let newest = Reading::Newest { not_before: since, most: 1 };
    simulator.put_record(14, json!({"tel": {"value": "0312345678"}})).unwrap();
    crm.contacts(&newest, None).await.unwrap();
    let after = "2026-11-21T05:00:00Z|7|500";
    crm.contacts(&Reading::Changed { since }, Some(after)).await.unwrap();
    crm.contact("1").await.unwrap().unwrap();
    crm.health().await;
    AppMaker::new(simulator.base_url(), "sato", SecretString::from("secret")).make().await.unwrap();
}

/// One request: line, credentials, body. What differs from run to run is left out.
fn line(request: &Recorded) -> String {
    let query: Vec<(String, String)> = url::form_urlencoded::parse(request.query.as_bytes()).into_owned().collect();
    let query: String = query.iter().map(|(name, value)| format!("\n    {name} = {value}")).collect();
    let who = ["x-cybozu-api-token", "x-cybozu-authorization"]
        .iter()
        .find_map(|name| request.headers.get(*name).map(|value| format!("\n    {name}: {value}")));
    let body = if request.body.is_null() { String::new() } else { format!("\n    {}", sorted(&request.body)) };
    format!("{} {}{}{query}{body}", request.method, request.path, who.unwrap_or_default())
}

/// The same with the names of every object in order, whatever the JSON library makes of it.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let ordered: BTreeMap<&String, Value> = map.iter().map(|(name, value)| (name, sorted(value))).collect();
            ordered.into_iter().map(|(name, value)| (name.clone(), value)).collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn every_request_is_as_it_is_written_down() {
    let simulator = LATE.simulator_with_person("c2F0bzpzZWNyZXQ=").await;
    everything(&simulator, &LATE.good(&simulator)).await;
    let sent: Vec<String> = simulator.requests().iter().map(line).collect();
    let (sent, golden) = (sent.join("\n"), GOLDEN.trim_end());
    let difference = sent.lines().zip(golden.lines()).find(|(sent, golden)| sent != golden);
    assert_eq!(difference, None, "the requests are now:\n{sent}");
    assert_eq!(sent.lines().count(), golden.lines().count(), "the requests are now:\n{sent}");
}
