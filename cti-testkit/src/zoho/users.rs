//! Users, groups, and the organisation.

use super::State;
use super::answer::{Answer, Outcome};
use super::params::Params;
use serde_json::{Value, json};

/// A user of the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id in the CRM: 19 digits.
    pub id: String,
    /// The id of the account, by which PhoneBridge knows the user.
    pub zuid: String,
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// False for one who was deactivated.
    pub active: bool,
    /// True with a telephony licence.
    pub telephony: bool,
}

impl User {
    /// An active user with a telephony licence; the ids are made from the number.
    pub fn new(number: u32, name: &str, email: &str) -> Self {
        Self {
            id: format!("5725767{number:012}"),
            zuid: format!("{}", 700_000_000 + number),
            name: name.to_owned(),
            email: email.to_owned(),
            active: true,
            telephony: true,
        }
    }

    fn show(&self) -> Value {
        json!({"id": self.id, "zuid": self.zuid, "full_name": self.name, "first_name": null, "last_name": self.name,
            "email": self.email, "phone": null, "mobile": null, "status": if self.active { "active" } else { "deactive" },
            "confirm": true, "role": {"name": "CEO", "id": "5725767000000026005"},
            "profile": {"name": "Administrator", "id": "5725767000000026011"}, "time_zone": "Asia/Tokyo",
            "locale": "ja_JP", "telephony_enabled": self.telephony})
    }
}

/// A group of users in the CRM (Enterprise edition).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The ids of its users.
    pub users: Vec<String>,
}

impl State {
    /// The user who owns the tokens.
    pub(super) fn me(&self) -> String {
        self.users.first().map(|user| user.id.clone()).unwrap_or_default()
    }

    /// `GET /crm/v8/users`.
    pub(super) fn list_users(&self, params: &Params) -> Outcome {
        let kind = params.get("type").unwrap_or("AllUsers");
        let me = self.me();
        let group = params.get("group_id").and_then(|id| self.groups.iter().find(|group| group.id == id));
        let fits = |user: &&User| match kind {
            "ActiveConfirmedUsers" | "ActiveUsers" => user.active,
            "DeactiveUsers" => !user.active,
            "CurrentUser" => user.id == me,
            _ => true,
        };
        let fits = |user: &&User| fits(user) && group.is_none_or(|group| group.users.contains(&user.id));
        let per_page = params.number("per_page").unwrap_or(200).clamp(1, 200);
        let page = params.number("page").unwrap_or(1).max(1);
        let all: Vec<Value> = self.users.iter().filter(fits).map(User::show).collect();
        let shown: Vec<Value> = all.iter().skip((page - 1) * per_page).take(per_page).cloned().collect();
        if shown.is_empty() {
            return Ok(Answer::nothing());
        }
        let more = all.len() > page * per_page;
        let info = json!({"per_page": per_page, "count": shown.len(), "page": page, "more_records": more});
        Ok(Answer::ok(json!({"users": shown, "info": info})))
    }

    /// `GET /crm/v8/users/{id}`.
    pub(super) fn one_user(&self, id: &str) -> Outcome {
        Ok(match self.users.iter().find(|user| user.id == id) {
            Some(user) => Answer::ok(json!({"users": [user.show()]})),
            None => Answer::nothing(),
        })
    }

    /// `GET /crm/v8/org`.
    pub(super) fn organisation(&self) -> Outcome {
        Ok(Answer::ok(json!({"org": [{"id": "5725767000000020005", "zgid": self.zgid, "domain_name": "org00000001",
            "company_name": "Acme", "time_zone": "Asia/Tokyo", "country_code": "JP",
            "license_details": {"paid_type": self.edition, "paid": true}}]})))
    }

    /// `GET /crm/v8/settings/user_groups`: editions below Enterprise have none.
    pub(super) fn list_groups(&self) -> Outcome {
        if self.edition != "enterprise" {
            let details = json!({});
            return Err(Answer::refuse(403, "FEATURE_NOT_SUPPORTED", "the feature is not supported", details));
        }
        if self.groups.is_empty() {
            return Ok(Answer::nothing());
        }
        let show = |group: &Group| json!({"id": group.id, "name": group.name, "description": null});
        Ok(Answer::ok(json!({"user_groups": self.groups.iter().map(show).collect::<Vec<_>>()})))
    }

    /// `GET /crm/v8/settings/user_groups/{id}/sources`.
    pub(super) fn sources(&self, id: &str) -> Outcome {
        let Some(group) = self.groups.iter().find(|group| group.id == id) else { return Ok(Answer::nothing()) };
        let source = |id: &String| {
            json!({"type": "users", "source": {"id": id}, "subordinates": false,
            "sub_territories": false})
        };
        let sources: Vec<Value> = group.users.iter().map(source).collect();
        let info = json!({"per_page": 200, "count": sources.len(), "page": 1, "more_records": false});
        Ok(Answer::ok(json!({"sources": sources, "info": info})))
    }
}
