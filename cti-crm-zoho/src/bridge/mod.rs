//! PhoneBridge v3: Zoho's own call window.

mod notice;
mod register;
mod settings;
mod webhook;

pub use settings::{EndStates, LogBy, PhoneBridge};

use crate::agents::Agents;
use crate::client::{Client, Importance, Request, list};
use crate::error::vendor_code;
use cti_core::Result;
use cti_core::call::{CallEvent, CallId, CallRecord, Extension};
use cti_core::turns::Turns;
use cti_http::Method;
use notice::Form;
use serde_json::Value;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// So long a list of users is good.
const FRESH: Duration = Duration::from_secs(3600);
/// A page of users, and how many pages are read.
const PER_PAGE: usize = 200;
const MOST_PAGES: u32 = 50;
/// How many calls are remembered as told to the end.
const MOST_ENDED: usize = 10_000;

/// Zoho's ids of users, by e-mail address in small letters.
type ZohoUsers = Arc<HashMap<String, String>>;

/// A PhoneBridge in use.
#[derive(Debug)]
pub(crate) struct Bridge {
    pub(crate) client: Arc<Client>,
    pub(crate) settings: PhoneBridge,
    /// Found out: of the words for an end only `ended` is taken.
    only_ended: AtomicBool,
    users: tokio::sync::Mutex<Option<(Instant, ZohoUsers)>>,
    ending: Turns,
    ended: Mutex<Ended>,
}

/// The calls of which the end was told.
#[derive(Debug, Default)]
struct Ended {
    calls: HashSet<CallId>,
    order: VecDeque<CallId>,
}

impl Bridge {
    pub(crate) fn new(client: Arc<Client>, settings: PhoneBridge) -> Self {
        Self {
            client,
            only_ended: AtomicBool::new(settings.end_states == EndStates::OnlyEnded),
            settings,
            users: tokio::sync::Mutex::default(),
            ending: Turns::default(),
            ended: Mutex::default(),
        }
    }

    /// True if PhoneBridge is told of calls, and so writes them.
    pub(crate) fn logs(&self) -> bool {
        self.settings.log_by == LogBy::PhoneBridge
    }

    /// Tells of an event while the call goes on.
    pub(crate) async fn tell(&self, agents: &Agents, event: &CallEvent) -> Result<()> {
        let user = self.user_at(agents, event.fact.extension()).await?;
        match notice::of_event(event, user.as_deref(), &self.settings.numbering) {
            Some(form) => self.notify(form).await,
            None => Ok(()),
        }
    }

    /// Tells of the end, once. False if it was told before.
    pub(crate) async fn tell_end(&self, agents: &Agents, record: &CallRecord) -> Result<bool> {
        let _one_at_a_time = self.ending.take(record.call.as_str()).await;
        if self.was_told(&record.call) {
            return Ok(false);
        }
        let extension = record.answered_by.as_ref().or_else(|| record.extensions.last());
        let user = self.user_at(agents, extension).await?;
        let form = |only_ended| notice::of_end(record, user.as_deref(), &self.settings.numbering, only_ended);
        let only_ended = self.only_ended.load(Ordering::Relaxed);
        if let Some(documented) = form(only_ended) {
            let is_ended = documented.iter().any(|(name, value)| *name == "state" && value == "ended");
            match (self.notify(documented).await, form(true)) {
                (Err(error), Some(ended)) if !is_ended && error.vendor_part().http_status == Some(400) => {
                    tracing::info!(
                        "PhoneBridge takes no other word for the end of a call than `ended`; it gets that from now on"
                    );
                    self.notify(ended).await?;
                    self.only_ended.store(true, Ordering::Relaxed);
                }
                (told, _) => told?,
            }
        }
        self.remember(&record.call);
        Ok(true)
    }

    async fn notify(&self, form: Form) -> Result<()> {
        match self.post("callnotify", form.clone()).await {
            // A user who left: Zoho finds the agent by the number then.
            Err(error) if vendor_code(&error) == Some("INVALID_USER") => {
                *self.users.lock().await = None;
                let form = form.into_iter().filter(|(name, _)| *name != "zohouser").collect();
                self.post("callnotify", form).await
            }
            told => told,
        }
    }

    /// Sends a form; if PhoneBridge is not enabled yet, enables it first.
    pub(crate) async fn post(&self, resource: &str, form: Form) -> Result<()> {
        self.integrated(|| Request::bridge(Method::POST, resource, form.clone())).await.map(drop)
    }

    async fn integrated(&self, request: impl Fn() -> Request) -> Result<Option<Value>> {
        match self.client.send(request().matters(Importance::Pop)).await {
            Err(error) if vendor_code(&error) == Some("PBX_NOT_INTEGRATED") => {
                self.integrate().await?;
                self.client.send(request().matters(Importance::Pop)).await
            }
            answer => answer,
        }
    }

    /// The id that PhoneBridge has for the agent at that telephone.
    async fn user_at(&self, agents: &Agents, extension: Option<&Extension>) -> Result<Option<String>> {
        let Some(agent) = extension.and_then(|extension| agents.at(extension)) else { return Ok(None) };
        match self.users().await {
            Ok(users) => Ok(users.get(&agent.email.to_lowercase()).cloned()),
            Err(error) if error.is_temporary() => Err(error),
            Err(error) => {
                tracing::warn!(error = %error.chain(), "the users of PhoneBridge cannot be read; calls are told without them");
                Ok(None)
            }
        }
    }

    /// The users of PhoneBridge; read again after an hour.
    pub(crate) async fn users(&self) -> Result<ZohoUsers> {
        let mut known = self.users.lock().await;
        if let Some((at, users)) = known.as_ref()
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(users));
        }
        let users = Arc::new(self.read_users().await?);
        *known = Some((Instant::now(), Arc::clone(&users)));
        Ok(users)
    }

    async fn read_users(&self) -> Result<HashMap<String, String>> {
        let mut all = HashMap::new();
        for page in 1..=MOST_PAGES {
            let request = || {
                Request::bridge(Method::GET, "users", Vec::new())
                    .with("page", page.to_string())
                    .with("perPage", PER_PAGE.to_string())
            };
            let answer = self.integrated(request).await?;
            let users = list(answer.as_ref(), "users")?;
            all.extend(users.iter().filter_map(user));
            if users.len() < PER_PAGE {
                break;
            }
        }
        Ok(all)
    }

    fn was_told(&self, call: &CallId) -> bool {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).calls.contains(call)
    }

    fn remember(&self, call: &CallId) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.calls.insert(call.clone()) {
            ended.order.push_back(call.clone());
        }
        if ended.order.len() > MOST_ENDED
            && let Some(oldest) = ended.order.pop_front()
        {
            ended.calls.remove(&oldest);
        }
    }
}

/// Address and id of a user; an earlier version called the id `userid`.
fn user(value: &Value) -> Option<(String, String)> {
    let text = |name: &str| match value.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let id = text("zohouser").or_else(|| text("userid"))?;
    let plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric());
    plain.then(|| Some((text("email")?.to_lowercase(), id)))?
}
