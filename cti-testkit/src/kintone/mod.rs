//! A simulated kintone: the real REST protocol over real HTTP on loopback, with its rules, refusals and oddities.
//!
//! ```
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! use cti_testkit::kintone::{Fault, Simulator};
//! let kintone = Simulator::start().await?;
//! kintone.put_record(14, serde_json::json!({"tel": {"value": "03-1234-5678"}, "name": {"value": "Yamada"}}));
//! kintone.fail_next(1, Fault::Maintenance503);
//! assert!(kintone.base_url().starts_with("http://127.0.0.1:"));
//! assert_eq!(kintone.records(14)[0]["$id"]["value"], "1");
//! # Ok::<(), std::io::Error>(())
//! # })?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod access;
mod api;
mod app;
mod bulk;
mod check;
mod comments;
mod cursor;
mod error;
mod fault;
mod files;
mod pages;
mod params;
pub mod query;
mod records;
mod select;
mod server;
mod settings;
mod store;

pub use access::Rights;
pub use app::{App, Field, FieldType};
pub use error::ApiError;
pub use fault::Fault;

use access::{Access, Person, Token};
use chrono::{DateTime, Utc};
use fault::Faults;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use store::{Contents, Table};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// When.
    pub at: DateTime<Utc>,
    /// The method on the wire.
    pub method: String,
    /// The path without the query string.
    pub path: String,
    /// The query string, still encoded.
    pub query: String,
    /// The app it was for.
    pub app: Option<u64>,
    /// Names (lower case) and values.
    pub headers: BTreeMap<String, String>,
    /// The JSON body; null if there was none.
    pub body: Value,
}

#[derive(Debug)]
struct State {
    contents: Contents,
    access: Access,
    faults: Faults,
    requests: Vec<Recorded>,
    forgetful: bool,
}

/// The state that handlers and tests share.
#[derive(Debug, Clone)]
struct Shared(Arc<Mutex<State>>);

impl Shared {
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Describes a kintone before it starts.
#[derive(Debug, Default)]
pub struct Builder {
    contents: Contents,
    access: Access,
}

impl Builder {
    /// Adds an app.
    #[must_use]
    pub fn app(mut self, app: App) -> Self {
        self.contents.tables.insert(app.id, Table::new(app));
        self
    }

    /// Adds a token of an app.
    #[must_use]
    pub fn token(mut self, text: &str, app: u64, rights: Rights) -> Self {
        self.access.tokens.push(Token { text: text.to_owned(), app, rights, active: true });
        self
    }

    /// Adds a token that was generated, but "Update App" was not pressed.
    #[must_use]
    pub fn token_not_activated(mut self, text: &str, app: u64) -> Self {
        self.access.tokens.push(Token { text: text.to_owned(), app, rights: Rights::ALL, active: false });
        self
    }

    /// Puts Basic authentication in front; `credentials` is the Base64 text behind `Basic `.
    #[must_use]
    pub fn basic_gate(mut self, credentials: &str) -> Self {
        self.access.gate = Some(format!("Basic {credentials}"));
        self
    }

    /// Adds a person with a password; `credentials` is the Base64 text of `login:password`.
    #[must_use]
    pub fn person(mut self, credentials: &str) -> Self {
        self.access.people.push(Person { credentials: credentials.to_owned() });
        self
    }

    /// Adds an OAuth access token.
    #[must_use]
    pub fn oauth_token(mut self, token: &str) -> Self {
        self.access.oauth.push(token.to_owned());
        self
    }

    /// Adds an OAuth client; `credentials` is the Base64 text of `id:secret`.
    #[must_use]
    pub fn oauth_client(mut self, credentials: &str, refresh_token: &str) -> Self {
        self.access.oauth_clients.push((credentials.to_owned(), refresh_token.to_owned()));
        self
    }

    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// The operating system gives no port.
    pub async fn start(self) -> io::Result<Simulator> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let (faults, requests) = (Faults::default(), Vec::new());
        let state = State { contents: self.contents, access: self.access, faults, requests, forgetful: false };
        let shared = Shared(Arc::new(Mutex::new(state)));
        let router = axum::Router::new().fallback(server::answer).with_state(shared.clone());
        let service = router.into_make_service_with_connect_info::<crate::wire::Cutter>();
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(crate::wire::CuttableListener(listener), service).await {
                tracing::warn!(%error, "the simulated kintone stopped");
            }
        });
        Ok(Simulator { base_url, shared, task })
    }
}

/// A running kintone. Stops when dropped.
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
    /// The token of app 14 in [`Simulator::start`].
    pub const CUSTOMERS_TOKEN: &str = "simulated-customers-token";
    /// The token of app 15 in [`Simulator::start`].
    pub const CALL_LOG_TOKEN: &str = "simulated-call-log-token";

    /// A kintone without apps and tokens.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts a kintone with the two suggested apps: customers are app 14, the call history is app 15.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub async fn start() -> io::Result<Self> {
        Self::builder()
            .app(App::customers_template(14))
            .app(App::call_log_template(15))
            .token(Self::CUSTOMERS_TOKEN, 14, Rights::VIEW_ADD_EDIT)
            .token(Self::CALL_LOG_TOKEN, 15, Rights::ADD_EDIT)
            .start()
            .await
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Does that to the next `times` requests. Faults queue up.
    pub fn fail_next(&self, times: usize, fault: Fault) {
        self.shared.with(|state| state.faults.add(times, &fault));
    }

    /// Nothing goes wrong any more: faults that were to come are forgotten.
    pub fn fail_nothing(&self) {
        self.shared.with(|state| state.faults = Faults::default());
    }

    /// Does that to the next `times` requests that write; reading between them goes well.
    pub fn fail_next_write(&self, times: usize, fault: Fault) {
        self.shared.with(|state| state.faults.add_for_writes(times, &fault));
    }

    /// Every OAuth access token that was given ends now.
    pub fn revoke_access_tokens(&self) {
        self.shared.with(|state| state.access.oauth.clear());
    }

    /// Whether requests are kept for [`Simulator::requests`], as they are from the start: for runs of millions, they need
    /// not be.
    pub fn record_requests(&self, keep: bool) {
        self.shared.with(|state| state.forgetful = !keep);
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.with(|state| state.requests.clone())
    }

    /// All records of an app as they would be read, by id; empty if there is no such app.
    pub fn records(&self, app: u64) -> Vec<Value> {
        self.shared.with(|state| {
            let table = state.contents.tables.get(&app);
            table.map_or_else(Vec::new, |table| table.records.values().map(|r| r.read(&table.app, None)).collect())
        })
    }

    /// Puts many records into an app at once, each with the time of its last change; the form is not asked.
    pub fn fill(&self, app: u64, count: u64, record: impl Fn(u64) -> (DateTime<Utc>, Value)) {
        self.shared.with(|state| {
            let Some(table) = state.contents.tables.get_mut(&app) else { return };
            for n in 0..count {
                let (updated, fields) = record(n);
                table.put(updated, fields.as_object().unwrap_or(&Map::new()));
            }
        });
    }

    /// Changes a record as a person would; false if it is not there or the form refuses it.
    #[allow(clippy::needless_pass_by_value, reason = "callers write json!(…) in place")]
    pub fn edit_record(&self, app: u64, id: u64, record: Value) -> bool {
        let fields = record.as_object().cloned().unwrap_or_else(Map::new);
        self.shared.with(|state| {
            state.contents.tables.get_mut(&app).is_some_and(|table| table.update(id, &fields, None, "record").is_ok())
        })
    }

    /// Removes a record as a person would; false if it is not there.
    pub fn delete_record(&self, app: u64, id: u64) -> bool {
        self.shared
            .with(|state| state.contents.tables.get_mut(&app).is_some_and(|table| table.delete(id, None).is_ok()))
    }

    /// Puts a record (`{"tel":{"value":"…"}}`) into an app, as a person would; gives its id, or `None` if the app does
    /// not exist or the form refuses it.
    #[allow(clippy::needless_pass_by_value, reason = "callers write json!(…) in place")]
    pub fn put_record(&self, app: u64, record: Value) -> Option<u64> {
        let fields = record.as_object().cloned().unwrap_or_else(Map::new);
        self.shared.with(|state| state.contents.tables.get_mut(&app)?.insert(&fields, "record").ok())
    }
}
