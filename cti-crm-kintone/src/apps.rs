//! The two suggested apps, made over the API.

use crate::address::{Place, Site};
use crate::auth::{Credentials, Proof};
use crate::client::{Client, Request};
use crate::error;
use crate::map::id_text;
use cti_core::secret::SecretString;
use cti_core::{Error, ErrorKind, Result};
use cti_http::Options;
use serde_json::{Map, Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// How long kintone may take to put an app to work.
const DEPLOYMENT: Duration = Duration::from_secs(120);
const GLANCE: Duration = Duration::from_secs(1);

/// Makes the two suggested apps: customers, and the call history that each customer's page shows below.
///
/// Tokens cannot be made over the API: they are generated in the apps' settings afterwards, and work after **Update
/// App** (設定完了) was pressed.
#[derive(Debug, Clone)]
pub struct AppMaker {
    address: String,
    space: Option<u64>,
    login: String,
    password: SecretString,
    /// How the customers' app is called.
    pub customers_name: String,
    /// How the call history is called.
    pub call_log_name: String,
}

/// The apps that were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeApps {
    /// The customers.
    pub customers: u64,
    /// The call history.
    pub call_log: u64,
}

impl AppMaker {
    /// In the kintone at that address, as a user who may make apps.
    pub fn new(address: impl Into<String>, login: impl Into<String>, password: SecretString) -> Self {
        Self {
            address: address.into(),
            space: None,
            login: login.into(),
            password,
            customers_name: "顧客管理".to_owned(),
            call_log_name: "通話履歴".to_owned(),
        }
    }

    /// In this guest space.
    #[must_use]
    pub fn guest_space(self, id: u64) -> Self {
        Self { space: Some(id), ..self }
    }

    /// Makes both.
    ///
    /// # Errors
    /// `PermissionDenied` if the user may not make apps, `Timeout` if kintone does not finish. What was made until then
    /// stays, and is named in the error.
    pub async fn make(&self) -> Result<MadeApps> {
        let place = Place { guest_space: self.space, ..Place::default() };
        let site = Site::parse(&self.address, place).map_err(|why| Error::config("domain", why))?;
        let client = Client::new(&site, None, Options::for_base(site.origin()))?;
        let person = Credentials::password(&self.login, self.password.clone());
        let proof = person.proof().map_err(|why| Error::config("login", why))?;
        let maker = Maker { client, proof, space: self.space };
        // The call history first: the customers' page refers to it.
        let call_log = maker.app(&self.call_log_name, call_log_form()).await?;
        let made_so_far = |error: Error| error.with("made_app", call_log);
        let customers = maker.app(&self.customers_name, customers_form(call_log)).await.map_err(made_so_far)?;
        Ok(MadeApps { customers, call_log })
    }
}

struct Maker {
    client: Client,
    proof: Proof,
    space: Option<u64>,
}

impl Maker {
    /// One app, ready to be used.
    async fn app(&self, name: &str, form: Value) -> Result<u64> {
        let mut create = Request::post("preview/app.json").with("name", name);
        if let Some(space) = self.space {
            create = create.with("space", space);
        }
        let answer = self.send(create).await?;
        let app = answer.get("app").and_then(id_text).and_then(|id| id.parse::<u64>().ok());
        let app = app.ok_or_else(|| error::lacks("the id of the app"))?;
        self.finish(app, form).await.map_err(|error| error.with("made_app", app))?;
        Ok(app)
    }

    async fn finish(&self, app: u64, form: Value) -> Result<()> {
        let fields = Request::post("preview/app/form/fields.json").with("app", app).with("properties", form);
        self.send(fields).await?;
        let apps = json!([{ "app": app }]);
        self.send(Request::post("preview/app/deploy.json").with("apps", apps)).await?;
        let begun = Instant::now();
        loop {
            let state = self.send(Request::get("preview/app/deploy.json").with("apps", json!([app]))).await?;
            match state.pointer("/apps/0/status").and_then(Value::as_str) {
                Some("SUCCESS") => return Ok(()),
                Some("PROCESSING") if begun.elapsed() < DEPLOYMENT => tokio::time::sleep(GLANCE).await,
                Some("PROCESSING") => return Err(Error::new(ErrorKind::Timeout, "kintone is still at it: look there")),
                _ => return Err(Error::new(ErrorKind::Rejected, "kintone did not put the app to work: look there")),
            }
        }
    }

    async fn send(&self, request: Request) -> Result<Value> {
        self.client.exchange(&self.proof, &request).await
    }
}

fn field(kind: &str, code: &str, label: &str) -> (String, Value) {
    (code.to_owned(), json!({"type": kind, "code": code, "label": label}))
}

fn text(code: &str, label: &str) -> (String, Value) {
    field("SINGLE_LINE_TEXT", code, label)
}

/// Prohibits duplicate values.
fn unique((code, mut field): (String, Value)) -> (String, Value) {
    field["unique"] = true.into();
    (code, field)
}

fn choice(code: &str, label: &str, options: &[&str]) -> (String, Value) {
    let (code, mut field) = field("DROP_DOWN", code, label);
    let describe =
        |(index, option): (usize, &&str)| ((*option).to_owned(), json!({"label": option, "index": index.to_string()}));
    field["options"] = options.iter().enumerate().map(describe).collect::<Map<_, _>>().into();
    (code, field)
}

fn form(fields: impl IntoIterator<Item = (String, Value)>) -> Value {
    fields.into_iter().collect::<Map<_, _>>().into()
}

/// The fields of [`crate::call_log_fields`].
fn call_log_form() -> Value {
    form([
        unique(text("call_id", "通話ID")),
        text("tel", "電話番号"),
        text("name", "名前"),
        choice("direction", "方向", &["inbound", "outbound", "internal"]),
        choice("result", "結果", &["answered", "missed", "voicemail", "failed"]),
        field("DATETIME", "started_at", "開始日時"),
        field("DATETIME", "answered_at", "応答日時"),
        field("DATETIME", "ended_at", "終了日時"),
        field("NUMBER", "duration", "通話時間（秒）"),
        text("agent", "担当内線"),
        text("line", "着信番号"),
        text("recording_urls", "録音URL"),
        field("FILE", "recording_file", "録音ファイル"),
        field("MULTI_LINE_TEXT", "memo", "メモ"),
    ])
}

/// Below each customer stand the calls with the same text as telephone number.
fn customers_form(call_log: u64) -> Value {
    let (code, mut calls) = field("REFERENCE_TABLE", "calls", "通話履歴");
    calls["referenceTable"] = json!({
        "relatedApp": {"app": call_log.to_string()},
        "condition": {"field": "tel", "relatedField": "tel"},
        "filterCond": "",
        "displayFields": ["started_at", "direction", "result", "duration", "agent", "memo", "recording_urls"],
        "sort": "started_at desc",
        "size": "5",
    });
    form([
        text("name", "名前"),
        text("kana", "フリガナ"),
        text("company", "会社名"),
        unique(text("tel", "電話番号")),
        text("tel2", "電話番号2"),
        text("email", "メールアドレス"),
        text("address", "住所"),
        field("MULTI_LINE_TEXT", "memo", "メモ"),
        (code, calls),
    ])
}
