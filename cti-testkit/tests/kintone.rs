//! The simulated kintone, seen from outside: the shapes and codes of the real one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use cti_testkit::kintone::{App, Fault, Field, FieldType, Rights, Simulator};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const TOKEN: &str = "all";

async fn simulator() -> Simulator {
    let app = App::new(1, "Test")
        .field(Field::text("tel").unique().max_length(20))
        .field(Field::text("company").required())
        .field(Field::new("age", FieldType::Number))
        .field(Field::new("at", FieldType::DateTime))
        .field(Field::drop_down("rank", &["A", "B"]).default_value("B"))
        .field(Field::new("tags", FieldType::CheckBox).options(&["VIP", "New"]))
        .field(Field::new("memo", FieldType::MultiLineText))
        .field(Field::new("site", FieldType::Link))
        .field(Field::table("rows", vec![Field::text("part")]));
    Simulator::builder()
        .app(app)
        .app(App::customers_template(2).in_guest_space(7))
        .token(TOKEN, 1, Rights::ALL)
        .token("second", 1, Rights::ALL)
        .token("add", 1, Rights::ADD_ONLY)
        .token("guest", 2, Rights::ALL)
        .token_not_activated("asleep", 1)
        .start()
        .await
        .unwrap()
}

/// Sends with a token; gives status and JSON body.
async fn send(simulator: &Simulator, token: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}{path}", simulator.base_url());
    let request = reqwest::Client::builder().no_proxy().build().unwrap().request(method, url);
    let request = if token.is_empty() { request } else { request.header("X-Cybozu-API-Token", token) };
    let request = if body.is_null() { request } else { request.json(&body) };
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or(Value::Null))
}

async fn get(simulator: &Simulator, path: &str) -> (u16, Value) {
    send(simulator, TOKEN, Method::GET, path, Value::Null).await
}

/// The code of a query's refusal, or the ids that it finds.
async fn query(simulator: &Simulator, query: &str) -> Result<Vec<String>, String> {
    let encoded = url::form_urlencoded::Serializer::new(String::new()).append_pair("query", query).finish();
    let (_, body) = get(simulator, &format!("/k/v1/records.json?app=1&{encoded}")).await;
    match body["records"].as_array() {
        Some(records) => Ok(records.iter().map(|r| r["$id"]["value"].as_str().unwrap().to_owned()).collect()),
        None => Err(body["code"].as_str().unwrap().to_owned()),
    }
}

#[tokio::test]
async fn a_record_is_added_read_changed_and_deleted() {
    let kintone = simulator().await;
    let record = json!({"tel": {"value": "03"}, "company": {"value": "X"}, "age": {"value": "007"},
        "at": {"value": "2026-01-31T14:05:59+09:00"}, "typo": {"value": "ignored"}, "tags": {"value": ["VIP"]},
        "rows": {"value": [{"value": {"part": {"value": "p"}}}]}});
    let added = send(&kintone, TOKEN, Method::POST, "/k/v1/record.json", json!({"app": "1", "record": record})).await;
    assert_eq!(added, (200, json!({"id": "1", "revision": "1"})));
    let (_, read) = get(&kintone, "/k/v1/record.json?app=1&id=1").await;
    let read = &read["record"];
    assert_eq!(read["$id"], json!({"type": "__ID__", "value": "1"}));
    assert_eq!(read["$revision"], json!({"type": "__REVISION__", "value": "1"}));
    assert_eq!(read["age"], json!({"type": "NUMBER", "value": "7"}));
    assert_eq!(read["at"], json!({"type": "DATETIME", "value": "2026-01-31T05:05:00Z"}));
    assert_eq!(read["rank"], json!({"type": "DROP_DOWN", "value": "B"}), "the default");
    assert_eq!(read["rows"]["value"][0]["value"]["part"]["value"], "p");
    assert!(read.get("typo").is_none());
    assert!(read["更新日時"]["value"].as_str().unwrap().ends_with(":00Z"));
    let change = json!({"app": 1, "id": 1, "record": {"rank": {"value": "A"}}, "revision": 1});
    let changed = send(&kintone, TOKEN, Method::PUT, "/k/v1/record.json", change.clone()).await;
    assert_eq!(changed, (200, json!({"revision": "2"})));
    let (status, conflict) = send(&kintone, TOKEN, Method::PUT, "/k/v1/record.json", change).await;
    assert_eq!((status, &conflict["code"]), (409, &json!("GAIA_CO02")));
    let path = "/k/v1/records.json?app=1&ids%5B0%5D=1";
    assert_eq!(send(&kintone, TOKEN, Method::DELETE, path, Value::Null).await, (200, json!({})));
    let (status, gone) = get(&kintone, "/k/v1/record.json?app=1&id=1").await;
    assert_eq!((status, &gone["code"]), (404, &json!("GAIA_RE01")));
}

#[tokio::test]
async fn the_form_refuses_in_the_shape_of_kintone() {
    let kintone = simulator().await;
    kintone.put_record(1, json!({"tel": {"value": "03"}, "company": {"value": "X"}})).unwrap();
    let post = async |record: Value| {
        send(&kintone, TOKEN, Method::POST, "/k/v1/record.json", json!({"app": 1, "record": record})).await
    };
    let (status, body) = post(json!({"tel": {"value": "03"}})).await;
    assert_eq!(
        (status, &body["code"], &body["message"]),
        (400, &json!("CB_VA01"), &json!("Missing or invalid input."))
    );
    let duplicate = json!({"messages": ["This value already exists in another record."]});
    assert_eq!(
        body["errors"],
        json!({"record.company.value": {"messages": ["Required."]}, "record.tel.value": duplicate})
    );
    let company = json!({"value": "X"});
    let table = [
        ("rank", json!("C"), "record.rank.value"),
        ("tags", json!(["VIP", "None"]), "record.tags.values[1].value"),
        ("age", json!("many"), "record[age].value"),
        ("tel", json!("1".repeat(21)), "record.tel.value"),
        ("site", json!("https://a/1.wav https://a/2.wav"), "record.site.value"),
        ("at", json!("yesterday"), "record.at.value"),
    ];
    for (code, value, place) in table {
        let (_, body) = post(json!({"company": company, code: {"value": value}})).await;
        assert!(body["errors"].get(place).is_some(), "{code}: {body}");
    }
    assert_eq!(kintone.records(1).len(), 1);
}

#[tokio::test]
async fn bulk_writes_are_all_or_nothing_and_limited() {
    let kintone = simulator().await;
    let bulk = async |method: Method, body: Value| send(&kintone, TOKEN, method, "/k/v1/records.json", body).await;
    let records = json!([{"company": {"value": "X"}}, {"company": {"value": ""}}]);
    let (_, refused) = bulk(Method::POST, json!({"app": 1, "records": records})).await;
    assert!(refused["errors"].get("records[1].company.value").is_some(), "{refused}");
    assert!(kintone.records(1).is_empty());
    let (_, refused) = bulk(Method::POST, json!({"app": 1, "records": vec![json!({}); 101]})).await;
    assert!(refused["errors"].get("records").is_some(), "{refused}");
    let added = bulk(Method::POST, json!({"app": 1, "records": [{"company": {"value": "X"}}]})).await;
    assert_eq!(added, (200, json!({"ids": ["1"], "revisions": ["1"]})));
    assert_eq!(bulk(Method::PUT, json!({"app": 1, "records": []})).await, (200, json!({"records": []})));
}

#[tokio::test]
async fn upsert_inserts_then_updates_under_a_unique_key() {
    let kintone = simulator().await;
    let put = async |upsert: bool, field: &str, value: &str| {
        let item = json!({"updateKey": {"field": field, "value": value}, "record": {"company": {"value": "X"}}});
        send(&kintone, TOKEN, Method::PUT, "/k/v1/records.json", json!({"app": 1, "upsert": upsert, "records": [item]}))
            .await
    };
    let (_, missing) = put(false, "tel", "03").await;
    assert_eq!(missing["code"], "GAIA_RE20");
    let inserted = json!({"records": [{"id": "1", "revision": "1", "operation": "INSERT"}]});
    assert_eq!(put(true, "tel", "03").await, (200, inserted));
    let updated = json!({"records": [{"id": "1", "revision": "2", "operation": "UPDATE"}]});
    assert_eq!(put(true, "tel", "03").await, (200, updated));
    let plain = json!({"records": [{"id": "1", "revision": "3"}]});
    assert_eq!(put(false, "tel", "03").await, (200, plain));
    assert_eq!(kintone.records(1)[0]["tel"]["value"], "03");
    for (field, value, code) in
        [("company", "X", "GAIA_IQ27"), ("typo", "X", "GAIA_IQ11"), ("tel", &"1".repeat(65), "CB_VA01")]
    {
        assert_eq!(put(true, field, value).await.1["code"], code, "{field}");
    }
}

#[tokio::test]
async fn tokens_are_checked() {
    let kintone = simulator().await;
    let path = "/k/v1/records.json?app=1";
    let table = [
        ("", 401, "CB_AU01"),
        ("unknown", 400, "GAIA_IA02"),
        ("asleep", 400, "GAIA_IA02"),
        ("all,unknown", 400, "GAIA_IA02"),
        ("all, second", 400, "GAIA_DA03"),
        ("add", 403, "GAIA_NO01"),
        ("guest", 403, "GAIA_NO01"),
    ];
    for (token, status, code) in table {
        let (found, body) = send(&kintone, token, Method::GET, path, Value::Null).await;
        assert_eq!((found, &body["code"]), (status, &json!(code)), "{token}");
    }
    assert_eq!(send(&kintone, "guest, all", Method::GET, path, Value::Null).await.0, 200);
    let form = send(&kintone, "add", Method::GET, "/k/v1/app/form/fields.json?app=1", Value::Null).await;
    assert_eq!(form.0, 200, "the right to add is enough for the form");
    let (status, body) = send(&kintone, TOKEN, Method::GET, "/k/v1/records.json?app=99", Value::Null).await;
    assert_eq!((status, &body["code"]), (404, &json!("GAIA_AP01")));
    let (status, body) = send(&kintone, "guest", Method::GET, "/k/v1/records.json?app=2", Value::Null).await;
    assert_eq!((status, &body["code"]), (400, &json!("GAIA_IL23")));
    assert_eq!(send(&kintone, "guest", Method::GET, "/k/guest/7/v1/records.json?app=2", Value::Null).await.0, 200);
}

#[tokio::test]
async fn queries_find_sort_and_refuse() {
    let kintone = simulator().await;
    for (tel, age, rank) in [("03-1", "9", "A"), ("03-2", "10", "B"), ("", "11", "A")] {
        let record =
            json!({"tel": {"value": tel}, "company": {"value": "X"}, "age": {"value": age}, "rank": {"value": rank}});
        kintone.put_record(1, record).unwrap();
    }
    let found = [
        ("", vec!["3", "2", "1"]),
        ("age > 9 order by age asc", vec!["2", "3"]),
        (r#"rank in ("A") and tel != """#, vec!["1"]),
        (r#"tel in ("03-1","03-2") or age = 11 order by $id asc limit 2 offset 1"#, vec!["2", "3"]),
        (r#"tel like "03""#, vec!["2", "1"]),
        (r#"更新日時 >= "2020-01-01T00:00:00Z" and $id > 2"#, vec!["3"]),
    ];
    for (text, ids) in found {
        assert_eq!(query(&kintone, text).await, Ok(ids.into_iter().map(str::to_owned).collect()), "{text}");
    }
    let refused = [
        (r#"typo = "x""#, "GAIA_IQ11"),
        (r#"memo = "x""#, "GAIA_IQ03"),
        (r#"part = "x""#, "GAIA_IQ07"),
        (r#"rank in ("C")"#, "GAIA_IQ10"),
        ("limit 501", "GAIA_QU01"),
        ("offset 10001", "GAIA_QU02"),
        ("limit -1", "CB_VA01"),
        ("tel = 'x'", "CB_VA01"),
        (r#"tel is empty"#, "GAIA_IQ03"),
    ];
    for (text, code) in refused {
        assert_eq!(query(&kintone, text).await, Err(code.to_owned()), "{text}");
    }
}

#[tokio::test]
async fn reading_takes_its_parameters_from_url_or_body() {
    let kintone = simulator().await;
    kintone.put_record(1, json!({"tel": {"value": "03 1"}, "company": {"value": "X"}})).unwrap();
    let only = json!({"records": [{"tel": {"type": "SINGLE_LINE_TEXT", "value": "03 1"}}], "totalCount": "1"});
    for blank in ["+", "%20"] {
        let query = format!("tel{blank}%3D{blank}%2203{blank}1%22");
        let path = format!("/k/v1/records.json?app=1&fields%5B0%5D=tel&totalCount=true&query={query}");
        assert_eq!(get(&kintone, &path).await, (200, only.clone()), "{blank}");
    }
    let body = json!({"app": 1, "fields": ["tel"], "totalCount": true});
    assert_eq!(send(&kintone, TOKEN, Method::GET, "/k/v1/records.json", body).await, (200, only));
    let (_, uncounted) = get(&kintone, "/k/v1/records.json?app=1").await;
    assert_eq!(uncounted["totalCount"], Value::Null);
    assert_eq!(get(&kintone, "/k/v1/app.json?id=1").await.1["appId"], "1");
    let (_, form) = get(&kintone, "/k/v1/app/form/fields.json?app=1").await;
    assert_eq!(form["properties"]["rows"]["fields"]["part"]["type"], "SINGLE_LINE_TEXT");
    assert_eq!(form["properties"]["rank"]["options"]["B"], json!({"label": "B", "index": "1"}));
    assert_eq!(form["properties"]["tel"]["maxLength"], "20");
}

#[tokio::test]
async fn faults_come_in_order_and_headers_are_kintones() {
    let kintone = simulator().await;
    kintone.fail_next(1, Fault::Status(429));
    let url = format!("{}/k/v1/records.json?app=1", kintone.base_url());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.get(&url).header("X-Cybozu-API-Token", TOKEN).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 429);
    assert_eq!(response.headers()["x-cybozu-error"], "GAIA_TO04");
    assert_eq!(response.headers()["x-concurrencylimit-limit"], "100");
    assert!(response.headers().get("retry-after").is_none());
    let response = client.get(&url).header("X-Cybozu-API-Token", TOKEN).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(response.headers()["content-type"], "application/json;charset=utf-8");
}

#[tokio::test]
async fn a_lost_answer_is_carried_out_and_not_one_byte_comes_back() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let kintone = simulator().await;
    kintone.fail_next_write(1, Fault::CloseBeforeAnswer);
    let body = json!({"app": 1, "record": {"company": {"value": "X"}}}).to_string();
    let address = kintone.base_url().trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /k/v1/record.json HTTP/1.1\r\nHost: x\r\nX-Cybozu-API-Token: {TOKEN}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    read.expect("the connection stays open").ok();
    assert_eq!((answer.len(), kintone.records(1).len()), (0, 1));
}
