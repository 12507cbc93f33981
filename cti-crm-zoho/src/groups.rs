//! Groups of users in the CRM, whose members belong to a telephony group.

use crate::client::{Importance, Request, has_more, list};
use crate::config::Zoho;
use crate::users;
use cti_core::{Error, ErrorKind, Result};
use serde_json::Value;

const MOST_PAGES: u32 = 50;

impl Zoho {
    /// The e-mail addresses of the active users of a CRM group who hold a telephony licence, in order. `None` if this
    /// edition has no groups.
    ///
    /// # Errors
    /// `NotFound` if there is no such group, and as [`CrmSink::look_up`](cti_core::crm::CrmSink::look_up).
    pub async fn group_members(&self, group: &str) -> Result<Option<Vec<String>>> {
        let during = |error: Error| error.during("group_members");
        let Some(id) = self.group_id(group).await.map_err(during)? else { return Ok(None) };
        let ready = self.ready().map_err(during)?;
        let mut ids = Vec::new();
        for page in 1..=MOST_PAGES {
            let request = Request::get(&format!("settings/user_groups/{id}/sources"))
                .with("page", page.to_string())
                .with("per_page", "200")
                .matters(Importance::Care);
            let answer = ready.client.send(request).await.map_err(during)?;
            ids.extend(list(answer.as_ref(), "sources")?.iter().filter_map(user_id));
            if !has_more(answer.as_ref()) {
                break;
            }
        }
        let users = users::read(&ready.client, Some(&ids)).await.map_err(during)?;
        let mut entitled: Vec<String> = users.into_iter().filter(|u| u.entitled).map(|u| u.email).collect();
        entitled.sort();
        Ok(Some(entitled))
    }

    async fn group_id(&self, group: &str) -> Result<Option<String>> {
        let ready = self.ready()?;
        let request = Request::get("settings/user_groups").with("per_page", "200").matters(Importance::Care);
        let answer = match ready.client.send(request).await {
            Err(error) if crate::error::vendor_code(&error) == Some("FEATURE_NOT_SUPPORTED") => return Ok(None),
            answer => answer?,
        };
        let groups = list(answer.as_ref(), "user_groups")?;
        let named = |value: &&Value| {
            [value.get("id"), value.get("name")].iter().flatten().any(|known| known.as_str() == Some(group))
        };
        let found = groups.iter().find(named).and_then(crate::map::id);
        let missing = || Error::new(ErrorKind::NotFound, "Zoho CRM has no such group of users");
        found.map(Some).ok_or_else(missing)
    }
}

/// A source may also be a role or another group; only persons are taken.
fn user_id(source: &Value) -> Option<String> {
    let kind = source.get("type").and_then(Value::as_str).unwrap_or_default();
    kind.eq_ignore_ascii_case("users").then(|| source.get("source").and_then(crate::map::id))?
}
