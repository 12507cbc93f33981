//! Who is who: the telephone of an agent, the user in the CRM, the user of PhoneBridge. The e-mail address joins them.

use crate::client::{Client, Importance, Request, has_more, list};
use cti_core::Result;
use cti_core::call::Extension;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// So long a list of users is good.
const FRESH: Duration = Duration::from_secs(3600);
/// More pages than this have no organisation.
const MOST_PAGES: u32 = 50;

/// An agent: the telephone, and the address under which Zoho knows the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    pub(crate) user: String,
    pub(crate) extension: Extension,
    pub(crate) email: String,
}

impl Agent {
    /// The agent whom the dial plan calls `user`.
    pub fn new(user: impl Into<String>, extension: impl Into<Extension>, email: impl Into<String>) -> Self {
        Self { user: user.into(), extension: extension.into(), email: email.into() }
    }
}

/// A user of the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) email: String,
    /// False if Zoho says that the user has no telephony licence; it does not always say.
    pub(crate) entitled: bool,
}

/// The users as they were read last.
#[derive(Debug, Default)]
pub(crate) struct Users(Mutex<Option<(Instant, Arc<[User]>)>>);

impl Users {
    /// All active users; read again after an hour.
    pub(crate) async fn all(&self, client: &Client) -> Result<Arc<[User]>> {
        let mut known = self.0.lock().await;
        if let Some((at, users)) = known.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            let _ = at;
            return Ok(Arc::clone(users));
        }
        let users: Arc<[User]> = read(client, None).await?.into();
        *known = Some((Instant::now(), Arc::clone(&users)));
        Ok(users)
    }

    /// The list is read again when it is needed next.
    pub(crate) async fn forget(&self) {
        *self.0.lock().await = None;
    }

    /// The id of the user with that address.
    pub(crate) async fn id_of(&self, client: &Client, email: &str) -> Result<Option<String>> {
        let users = self.all(client).await?;
        Ok(users.iter().find(|user| user.email.eq_ignore_ascii_case(email)).map(|user| user.id.clone()))
    }
}

/// The active users, of a group if one is named.
pub(crate) async fn read(client: &Client, ids: Option<&[String]>) -> Result<Vec<User>> {
    let mut all = Vec::new();
    for page in 1..=MOST_PAGES {
        let request = Request::get("users")
            .with("type", "ActiveConfirmedUsers")
            .with("page", page.to_string())
            .with("per_page", "200")
            .matters(Importance::Care);
        let answer = client.send(request).await?;
        all.extend(list(answer.as_ref(), "users")?.iter().filter_map(user));
        if !has_more(answer.as_ref()) {
            break;
        }
    }
    if let Some(ids) = ids {
        all.retain(|user| ids.contains(&user.id));
    }
    Ok(all)
}

fn user(value: &Value) -> Option<User> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let entitled = value.get("telephony_enabled").and_then(Value::as_bool).unwrap_or(true);
    Some(User { id: text("id")?, email: text("email")?, entitled })
}
