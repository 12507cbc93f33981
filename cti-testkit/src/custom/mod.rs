//! A CRM of somebody's own: log-in, search, call history over plain HTTP, as a company writes it in a week; with every way
//! in which such a thing goes wrong.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use cti_testkit::custom::{Customer, Simulator};
//! let crm = Simulator::start().await.unwrap();
//! crm.add(Customer::new("C-1", "Yamada Taro", "03-1234-5678").company("Yamada & Sons"));
//! assert!(crm.base_url().starts_with("http://127.0.0.1:"));
//! assert!(crm.requests().is_empty());
//! # });
//! ```
//!
//! | request | answer |
//! | --- | --- |
//! | `POST /login` with `user`, `password` | `{"session": "…"}` and the cookie `sid`; 401 for a wrong password |
//! | `GET /customers?tel=…` with the session as bearer token | `{"found": [{"id", "name", "company", "tel"}]}` |
//! | `POST /calls` with `id`, `number`, `name` | 201; 409 if the call is there already |
//! | any other `POST` or `GET` | 204: noted |

mod fault;
mod server;

pub use fault::Fault;

use crate::wire::CuttableListener;
use fault::Faults;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) company: String,
    pub(crate) tel: String,
}

impl Customer {
    /// A customer with that number, spelled so.
    pub fn new(id: &str, name: &str, tel: &str) -> Self {
        Self { id: id.to_owned(), name: name.to_owned(), company: String::new(), tel: tel.to_owned() }
    }

    /// The company.
    #[must_use]
    pub fn company(mut self, company: &str) -> Self {
        self.company = company.to_owned();
        self
    }

    /// The number.
    pub fn tel(&self) -> &str {
        &self.tel
    }
}

/// A request that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// `GET`, `POST`.
    pub method: String,
    /// The path, as it was sent.
    pub path: String,
    /// The query, as it was sent.
    pub query: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Recorded {
    /// A parameter of the query, or of a body that is a form, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let pairs = |text: &str| {
            let found = url::form_urlencoded::parse(text.as_bytes()).find(|(known, _)| known == name);
            found.map(|(_, value)| value.into_owned())
        };
        pairs(&self.query).or_else(|| pairs(&self.body))
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// An entry of the call history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Under which it is known.
    pub id: String,
    /// The number of the other side; empty if there was none.
    pub number: String,
    /// The name; empty if there was none.
    pub name: String,
}

#[derive(Debug, Default)]
struct State {
    customers: Vec<Customer>,
    calls: Vec<Call>,
    requests: Vec<Recorded>,
    faults: Faults,
    sessions: Vec<String>,
    log_ins: usize,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<State>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running CRM. Stops when dropped.
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
    /// Who may log in.
    pub const USER: &str = "cti";
    /// With what.
    pub const PASSWORD: &str = "custom-password-5d1e";

    /// Starts one on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// The operating system gives no port.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let shared = Shared::default();
        let router = axum::Router::new().fallback(server::answer).with_state(shared.clone());
        let service = router.into_make_service_with_connect_info::<crate::wire::Cutter>();
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(CuttableListener(listener), service).await {
                tracing::warn!(%error, "the simulated CRM stopped");
            }
        });
        Ok(Self { base_url, shared, task })
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Adds a customer.
    pub fn add(&self, customer: Customer) {
        self.shared.lock().customers.push(customer);
    }

    /// The customers.
    pub fn customers(&self) -> Vec<Customer> {
        self.shared.lock().customers.clone()
    }

    /// The call history.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().calls.clone()
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.lock().requests.clone()
    }

    /// Every request to that path so far.
    pub fn requests_to(&self, path: &str) -> Vec<Recorded> {
        self.requests().into_iter().filter(|request| request.path == path).collect()
    }

    /// How many log-ins went well.
    pub fn log_ins(&self) -> usize {
        self.shared.lock().log_ins
    }

    /// No session is good any more.
    pub fn expire_sessions(&self) {
        self.shared.lock().sessions.clear();
    }

    /// No fault is to come any more.
    pub fn mend(&self) {
        self.shared.lock().faults = Faults::default();
    }

    /// Does that to the next `times` requests whose path begins so.
    pub fn fail_next(&self, path: &str, times: usize, fault: Fault) {
        self.shared.lock().faults.add(path, times, &fault);
    }
}
