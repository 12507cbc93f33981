//! A simulated Zoho over real HTTP on loopback: the accounts server, CRM v8 and PhoneBridge v3, with their rules,
//! refusals and oddities. Checked by Zoho's own Node SDK (`tests/zoho_sdk.rs`).
//!
//! ```
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! use cti_testkit::zoho::{Fault, Simulator, Target};
//! let zoho = Simulator::start().await?;
//! zoho.put_record("Contacts", serde_json::json!({"Last_Name": "Yamada", "Phone": "03-1234-5678"}));
//! zoho.fail_next(Target::Any, 1, Fault::TooMany);
//! assert_eq!(zoho.records("Contacts")[0]["Full_Name"], "Yamada");
//! # Ok::<(), std::io::Error>(())
//! # })?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod accounts;
mod answer;
mod bridge;
mod check;
pub mod coql;
mod fault;
mod module;
mod params;
mod query;
mod records;
mod search;
mod server;
mod users;
mod webhook;

pub use bridge::{DialError, Notice};
pub use check::DurationForm;
pub use fault::{Fault, Target};
pub use module::{Field, Kind};
pub use users::{Group, User};
pub use webhook::{Button, Proof, Webhook};

use accounts::{Accounts, Client};
use answer::{Answer, Outcome};
use bridge::Bridge;
use fault::Faults;
use module::Module;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The method.
    pub method: String,
    /// The path without the query string.
    pub path: String,
    /// The query string, still encoded.
    pub query: String,
    /// Names (lower case) and values.
    pub headers: BTreeMap<String, String>,
    /// The body as text.
    pub body: String,
}

impl Recorded {
    /// A header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// The body as a form.
    pub fn form(&self) -> Vec<(String, String)> {
        params::pairs(self.body.as_bytes())
    }
}

#[derive(Debug)]
struct State {
    base_url: String,
    accounts: Accounts,
    modules: BTreeMap<String, Module>,
    users: Vec<User>,
    groups: Vec<Group>,
    bridge: Bridge,
    duration: DurationForm,
    edition: String,
    zgid: String,
    none_status: u16,
    index_lags: bool,
    token_pause: Duration,
    credits: u64,
    last_id: u64,
    faults: Faults,
    requests: Vec<Recorded>,
}

impl State {
    fn describe_modules(&self) -> Value {
        let describe = |name: &String| json!({"api_name": name, "module_name": name, "api_supported": true});
        json!({"modules": self.modules.keys().map(describe).collect::<Vec<_>>()})
    }

    fn fields_of(&self, module: &str) -> Outcome {
        let known = self.modules.get(module).ok_or_else(records::no_module)?;
        Ok(Answer::ok(known.describe_fields()))
    }
}

/// The state that handlers and tests share.
#[derive(Debug, Clone)]
struct Shared(Arc<Mutex<State>>);

impl Shared {
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Describes a Zoho before it starts.
#[derive(Debug)]
pub struct Builder(State);

impl Builder {
    /// Adds a user; the first one owns the tokens.
    #[must_use]
    pub fn user(mut self, user: User) -> Self {
        self.0.users.push(user);
        self
    }

    /// Adds a group of users.
    #[must_use]
    pub fn group(mut self, id: &str, name: &str, users: &[&User]) -> Self {
        let users = users.iter().map(|user| user.id.clone()).collect();
        self.0.groups.push(Group { id: id.to_owned(), name: name.to_owned(), users });
        self
    }

    /// Adds a field to a module, or replaces it.
    #[must_use]
    pub fn field(mut self, module: &str, field: Field) -> Self {
        if let Some(module) = self.0.modules.get_mut(module) {
            module.put_field(field);
        }
        self
    }

    /// The edition: `enterprise` unless said otherwise. Those below have no groups.
    #[must_use]
    pub fn edition(mut self, edition: &str) -> Self {
        self.0.edition = edition.to_owned();
        self
    }

    /// The data centre; `us` unless said otherwise.
    #[must_use]
    pub fn location(mut self, location: &str) -> Self {
        self.0.accounts.location = location.to_owned();
        self
    }

    /// In which form `Call_Duration` is taken.
    #[must_use]
    pub fn duration(mut self, form: DurationForm) -> Self {
        self.0.duration = form;
        self
    }

    /// The status with which a request is answered of which no entry went well: 400 unless said otherwise.
    #[must_use]
    pub fn none_written_is(mut self, status: u16) -> Self {
        self.0.none_status = status;
        self
    }

    /// New records are not found by searches before [`Simulator::index`].
    #[must_use]
    pub fn index_lags(mut self) -> Self {
        self.0.index_lags = true;
        self
    }

    /// Tokens come in the old form, with `expires_in` in milliseconds.
    #[must_use]
    pub fn old_token_form(mut self) -> Self {
        self.0.accounts.old_form = true;
        self
    }

    /// The accounts server thinks so long about each token.
    #[must_use]
    pub fn token_pause(mut self, pause: Duration) -> Self {
        self.0.token_pause = pause;
        self
    }

    /// PhoneBridge takes only `ended` of the states at the end of a call.
    #[must_use]
    pub fn only_ended(mut self) -> Self {
        self.0.bridge.only_ended = true;
        self
    }

    /// Another telephony provider is active in the organisation.
    #[must_use]
    pub fn other_provider(mut self) -> Self {
        self.0.bridge.other_provider = true;
        self
    }

    /// The client is not registered as a PhoneBridge provider.
    #[must_use]
    pub fn no_provider(mut self) -> Self {
        self.0.bridge.no_provider = true;
        self
    }

    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// The operating system gives no port.
    pub async fn start(mut self) -> io::Result<Simulator> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        self.0.base_url = base_url.clone();
        self.0.accounts.api_domain = base_url.clone();
        if self.0.users.is_empty() {
            self.0.users.push(User::new(1, "Admin", "admin@example.com"));
        }
        let shared = Shared(Arc::new(Mutex::new(self.0)));
        let router = axum::Router::new().fallback(server::answer).with_state(shared.clone());
        let service = router.into_make_service_with_connect_info::<crate::wire::Cutter>();
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(crate::wire::CuttableListener(listener), service).await {
                tracing::warn!(%error, "the simulated Zoho stopped");
            }
        });
        Ok(Simulator { base_url, shared, task })
    }
}

/// A running Zoho. Stops when dropped.
#[derive(Debug)]
pub struct Simulator {
    base_url: String,
    shared: Shared,
    task: JoinHandle<()>,
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Simulator {
    /// The registered client.
    pub const CLIENT_ID: &str = "1000.SIMULATEDCLIENT";
    /// Its secret.
    pub const CLIENT_SECRET: &str = "simulated-client-secret";
    /// A refresh token of that client.
    pub const REFRESH_TOKEN: &str = "1000.simulated-refresh.token";

    /// A Zoho with the standard modules, nothing in them, and no users yet.
    pub fn builder() -> Builder {
        let client = Client { id: Self::CLIENT_ID.to_owned(), secret: Self::CLIENT_SECRET.to_owned() };
        Builder(State {
            base_url: String::new(),
            accounts: Accounts::new(client, Self::REFRESH_TOKEN),
            modules: module::standard(),
            users: Vec::new(),
            groups: Vec::new(),
            bridge: Bridge::default(),
            duration: DurationForm::default(),
            edition: "enterprise".to_owned(),
            zgid: "700000001".to_owned(),
            none_status: 400,
            index_lags: false,
            token_pause: Duration::ZERO,
            credits: 50_000,
            last_id: 500_000,
            faults: Faults::default(),
            requests: Vec::new(),
        })
    }

    /// Starts a Zoho with one user.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Where it listens, as accounts server and as API domain: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Does that to the next `times` requests of that kind. Faults queue up.
    pub fn fail_next(&self, target: Target, times: usize, fault: Fault) {
        self.shared.with(|state| state.faults.add(target, times, &fault));
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.with(|state| state.requests.clone())
    }

    /// All records of a module as they would be read, oldest first.
    pub fn records(&self, module: &str) -> Vec<Value> {
        self.shared.with(|state| {
            let records = state.modules.get(module).map(|known| known.records.values());
            records.into_iter().flatten().map(|record| state.show(module, record, None)).collect()
        })
    }

    /// Puts a record into a module, as a person would; gives its id, or `None` if it is refused.
    #[allow(clippy::needless_pass_by_value, reason = "callers write json!(…) in place")]
    pub fn put_record(&self, module: &str, record: Value) -> Option<String> {
        let values = record.as_object().cloned().unwrap_or_default();
        self.shared.with(|state| state.add(module, &values, 0).ok())
    }

    /// The search knows every record from now on.
    pub fn index(&self) {
        self.shared.with(|state| {
            let records = state.modules.values_mut().flat_map(|module| module.records.values_mut());
            records.for_each(|record| record.indexed = true);
        });
    }

    /// Every access token is expired from now on.
    pub fn expire_tokens(&self) {
        self.shared.with(|state| state.accounts.expire_all());
    }

    /// How many access tokens were given so far.
    pub fn tokens_given(&self) -> usize {
        self.shared.with(|state| state.accounts.given())
    }

    /// Revokes a refresh token, as a person does in the account's settings.
    pub fn revoke(&self, token: &str) -> bool {
        self.shared.with(|state| state.accounts.revoke(token))
    }

    /// The accounts server refuses all with that status because of too many requests, or (`None`) does no longer.
    pub fn throttle(&self, status: Option<u16>) {
        self.shared.with(|state| state.accounts.throttled = status);
    }

    /// A code as the page of a self client shows it.
    pub fn self_client_code(&self) -> String {
        self.shared.with(|state| state.accounts.grant(None))
    }

    /// A code as the consent page gives it for that redirect address.
    pub fn grant_for(&self, redirect_uri: &str) -> String {
        self.shared.with(|state| state.accounts.grant(Some(redirect_uri)))
    }

    /// Changes a user, as the administrator does; false if there is none with that e-mail address.
    pub fn change_user(&self, email: &str, change: impl FnOnce(&mut User)) -> bool {
        self.shared.with(|state| state.users.iter_mut().find(|user| user.email == email).map(change).is_some())
    }

    /// True if PhoneBridge is enabled.
    pub fn is_integrated(&self) -> bool {
        self.shared.with(|state| state.bridge.integrated)
    }

    /// Ends the integration, as an administrator does.
    pub fn disable_integration(&self) {
        self.shared.with(|state| state.bridge.integrated = false);
    }

    /// The states of calls that PhoneBridge was told, in order.
    pub fn notices(&self) -> Vec<Notice> {
        self.shared.with(|state| state.bridge.notices.clone())
    }

    /// The click-to-dials of which PhoneBridge was told that they failed.
    pub fn dial_errors(&self) -> Vec<DialError> {
        self.shared.with(|state| state.bridge.dial_errors.clone())
    }

    /// What Zoho sends when that user (`zohouser`) clicks a number; `None` if no address is registered.
    pub fn click(&self, zohouser: &str, number: &str, proof: Proof) -> Option<Webhook> {
        self.shared.with(|state| state.bridge.click(zohouser, number, proof))
    }

    /// What Zoho sends when that user presses a button of the call window; `call` is the id that was told.
    pub fn press(&self, zohouser: &str, button: Button, call: &str, proof: Proof) -> Option<Webhook> {
        self.shared.with(|state| state.bridge.press(zohouser, button, call, proof))
    }
}
