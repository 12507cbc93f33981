//! The simulated Zoho keeps the rules of the reference. The CRM's part is checked by Zoho's own SDK too (`zoho_sdk.rs`);
//! PhoneBridge has no client in any language, so its tables are gone through here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at the first surprise")]

use cti_testkit::zoho::{Builder, Simulator, User};
use serde_json::{Value, json};

/// A Zoho, a client, and a token that is good.
struct Stage {
    zoho: Simulator,
    http: reqwest::Client,
    token: String,
}

impl Stage {
    async fn new() -> Self {
        Self::of(Simulator::builder()).await
    }

    async fn of(builder: Builder) -> Self {
        let zoho = builder.user(User::new(1, "Sato", "sato@example.com")).start().await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut stage = Self { zoho, http, token: String::new() };
        stage.token = stage.refresh().await.1["access_token"].as_str().unwrap().to_owned();
        stage
    }

    async fn refresh(&self) -> (u16, Value) {
        self.token_with(Simulator::REFRESH_TOKEN).await
    }

    async fn token_with(&self, refresh: &str) -> (u16, Value) {
        let query = format!(
            "grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={refresh}",
            Simulator::CLIENT_ID,
            Simulator::CLIENT_SECRET
        );
        let answer = self.http.post(format!("{}/oauth/v2/token?{query}", self.zoho.base_url())).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Status and JSON (null for none) of a request with a form.
    async fn form(&self, method: &str, path: &str, form: &str) -> (u16, Value) {
        let request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.zoho.base_url()));
        let request = request.header("authorization", format!("Zoho-oauthtoken {}", self.token));
        let request = request.header("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
        let answer = request.body(form.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn notify(&self, form: &str) -> (u16, String) {
        let (status, body) = self.form("POST", "/phonebridge/v3/callnotify", form).await;
        (status, body["code"].as_str().unwrap().to_owned())
    }
}

const BASE: &str = "id=1700000000.12&from=%2B815012345678&to=1001&zohouser=700000001";

#[tokio::test]
async fn phonebridge_says_no_until_it_is_enabled() {
    let stage = Stage::new().await;
    let (status, body) = stage.form("GET", "/phonebridge/v3/users?page=1&perPage=200", "").await;
    assert_eq!((status, &body["code"]), (401, &json!("PBX_NOT_INTEGRATED")));
    for _ in 0..2 {
        let (status, body) = stage.form("POST", "/phonebridge/v3/integrate", "").await;
        assert_eq!((status, &body["code"]), (200, &json!("SUCCESS")));
    }
    let (_, body) = stage.form("GET", "/phonebridge/v3/users", "").await;
    assert_eq!(body["users"][0], json!({"zohouser": "700000001", "username": "Sato", "email": "sato@example.com"}));
    assert_eq!(stage.form("DELETE", "/phonebridge/v3/integrate", "").await.0, 200);
    assert!(!stage.zoho.is_integrated());
}

#[tokio::test]
async fn the_states_of_a_call_are_those_of_the_table() {
    let stage = Stage::new().await;
    stage.form("POST", "/phonebridge/v3/integrate", "").await;
    let start = "start_time=2026-09-15%2012%3A00%3A00";
    let table = [
        ("type=received&state=ringing", 200, "SUCCESS"),
        ("type=received&state=answered", 200, "SUCCESS"),
        ("type=received&state=hold", 400, "INVALID_DATA"),
        ("type=received&state=busy", 400, "INVALID_DATA"),
        ("type=dailed&state=ringing", 400, "INVALID_DATA"),
        ("state=ringing", 400, "REQUIRED_PARAM_MISSING"),
        ("type=received&state=ended&duration=65", 400, "REQUIRED_PARAM_MISSING"),
        (&*format!("type=received&state=ended&{start}"), 400, "REQUIRED_PARAM_MISSING"),
        ("type=received&state=ended&duration=65&start_time=2026-09-15T12%3A00%3A00Z", 400, "INVALID_DATA"),
        (
            &*format!("type=received&state=ended&duration=65&{start}&voiceuri=https%3A%2F%2Fpbx%2F12.wav"),
            200,
            "SUCCESS",
        ),
        (&*format!("type=dialed&state=noanswer&{start}"), 200, "SUCCESS"),
    ];
    for (form, status, code) in table {
        assert_eq!(stage.notify(&format!("{form}&{BASE}")).await, (status, code.to_owned()), "{form}");
    }
    assert_eq!(stage.notify("type=received&state=ringing&id=1&from=1&to=2&zohouser=9").await.1, "INVALID_USER");
    let call = &stage.zoho.records("Calls")[0];
    assert_eq!((&call["Call_Type"], &call["Call_Duration_in_seconds"]), (&json!("Inbound"), &json!(65)));
    assert_eq!((&call["CTI_Entry"], &call["Caller_ID"]), (&json!(true), &json!("+815012345678")));
    assert_eq!(stage.zoho.records("Calls").len(), 1, "one id is one call");
}

#[tokio::test]
async fn where_only_ended_is_taken_the_other_ends_are_refused() {
    let stage = Stage::of(Simulator::builder().only_ended()).await;
    stage.form("POST", "/phonebridge/v3/integrate", "").await;
    let missed = format!("type=received&state=missed&start_time=2026-09-15%2012%3A00%3A00&{BASE}");
    assert_eq!(stage.notify(&missed).await.0, 400);
}

#[tokio::test]
async fn the_token_endpoint_refuses_with_200_and_locks_out_with_400() {
    let stage = Stage::new().await;
    assert_eq!(stage.token_with("1000.wrong").await, (200, json!({"error": "invalid_code"})));
    for _ in 0..9 {
        assert!(stage.refresh().await.1.get("access_token").is_some());
    }
    let (status, body) = stage.refresh().await;
    assert_eq!((status, &body["status"]), (400, &json!("failure")));
    // The eleventh token would have ended the oldest; ten live side by side.
    assert_eq!(stage.form("GET", "/crm/v8/org", "").await.0, 200);
    stage.zoho.revoke(Simulator::REFRESH_TOKEN);
    assert_eq!(stage.form("GET", "/crm/v8/org", "").await.1["code"], "INVALID_TOKEN");
    assert_eq!(stage.token_with(Simulator::REFRESH_TOKEN).await.1["error"], "invalid_code");
}

#[tokio::test]
async fn only_the_scheme_of_zoho_lets_in() {
    let stage = Stage::new().await;
    let url = format!("{}/crm/v8/org", stage.zoho.base_url());
    let bearer = stage.http.get(&url).bearer_auth(&stage.token).send().await.unwrap();
    assert_eq!(bearer.status().as_u16(), 401);
    let good = stage.http.get(&url).header("authorization", format!("Zoho-oauthtoken {}", stage.token));
    let good = good.send().await.unwrap();
    assert_eq!(good.status().as_u16(), 200);
    assert_eq!(good.headers()["x-api-credits-remaining"], "49999");
}

#[tokio::test]
async fn nothing_found_is_204_without_a_body_also_for_what_is_not_indexed_yet() {
    let stage = Stage::of(Simulator::builder().index_lags()).await;
    let search = "/crm/v8/Contacts/search?phone=0312345678";
    assert_eq!(stage.form("GET", search, "").await, (204, Value::Null));
    stage.zoho.put_record("Contacts", json!({"Last_Name": "Yamada", "Phone": "03-1234-5678"})).unwrap();
    assert_eq!(stage.form("GET", search, "").await, (204, Value::Null));
    stage.zoho.index();
    assert_eq!(stage.form("GET", search, "").await.1["data"][0]["Full_Name"], "Yamada");
}
