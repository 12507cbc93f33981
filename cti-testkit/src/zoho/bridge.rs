//! PhoneBridge v3.

use super::State;
use super::answer::{Answer, Outcome};
use super::params::Params;
use chrono::{NaiveDateTime, SecondsFormat};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A state of a call that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the parameters")]
pub struct Notice {
    pub kind: String,
    pub state: String,
    pub id: String,
    pub from: String,
    pub to: String,
    pub zohouser: Option<String>,
    pub start_time: Option<String>,
    pub duration: Option<u64>,
    pub voiceuri: Option<String>,
    pub transferredcallid: Option<String>,
}

/// A click-to-dial of which we were told that it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the parameters")]
pub struct DialError {
    pub code: String,
    pub from: String,
    pub to: String,
    pub zohouser: Option<String>,
    pub message: Option<String>,
}

/// What PhoneBridge knows.
#[derive(Debug, Default)]
pub(super) struct Bridge {
    pub(super) integrated: bool,
    pub(super) other_provider: bool,
    pub(super) no_provider: bool,
    /// True: of the states at the end, only `ended` is taken, as one integration found in 2026.
    pub(super) only_ended: bool,
    pub(super) notices: Vec<Notice>,
    pub(super) dial_errors: Vec<DialError>,
    /// By `zohouser`; empty for the whole organisation.
    pub(super) dialling: BTreeMap<String, Params>,
    pub(super) controls: BTreeMap<String, Params>,
    /// The call that stands in the Calls module, by the id that was told.
    logged: BTreeMap<String, String>,
}

const UNATTENDED: [&str; 6] = ["busy", "invalid", "blocked", "notavailable", "noanswer", "rejected"];
const CONTROL_URIS: [&str; 7] =
    ["answeruri", "hungupuri", "muteuri", "unmuteuri", "holduri", "unholduri", "keypressuri"];

fn missing(name: &str) -> Answer {
    Answer::refuse(400, "REQUIRED_PARAM_MISSING", "required param missing", json!({"param": name}))
}

fn invalid(name: &str) -> Answer {
    Answer::refuse(400, "INVALID_DATA", "invalid param value", json!({"param": name}))
}

fn success() -> Answer {
    Answer::ok(json!({"status": "success", "code": "SUCCESS"}))
}

fn need<'a>(params: &'a Params, name: &str) -> Result<&'a str, Answer> {
    params.get(name).filter(|value| !value.trim().is_empty()).ok_or_else(|| missing(name))
}

/// `[{name:a,value:b},{name:callee,value:'{to}'}]` or a single object: the pairs, without quotes.
pub(super) fn unquoted(text: &str) -> Option<Vec<(String, String)>> {
    let text = text.trim().trim_start_matches('[').trim_end_matches(']').trim();
    let mut pairs = Vec::new();
    for part in text.split("},{") {
        let part = part.trim_start_matches('{');
        let part = if pairs.len() + 1 == text.split("},{").count() { part.strip_suffix('}')? } else { part };
        let (name, value) = part.strip_prefix("name:")?.split_once(",value:")?;
        pairs.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    Some(pairs)
}

impl State {
    /// Everything below `/phonebridge/v3/`.
    pub(super) fn bridge(&mut self, method: &str, resource: &str, params: &Params) -> Outcome {
        if self.bridge.no_provider {
            return Err(Answer::refuse(400, "PROVIDER_NOT_REGISTERED", "Provider not registered", json!({})));
        }
        if resource == "integrate" {
            return self.integrate(method);
        }
        if !self.bridge.integrated {
            let message = "Acme PBX Integration is not enabled";
            return Err(Answer::refuse(401, "PBX_NOT_INTEGRATED", message, json!({})));
        }
        if let Some(user) = params.get("zohouser").filter(|user| !user.is_empty())
            && !self.users.iter().any(|known| known.zuid == user && known.active)
        {
            return Err(Answer::refuse(400, "INVALID_USER", "invalid user", json!({"zohouser": user})));
        }
        match (method, resource) {
            ("GET", "users") => Ok(self.bridge_users(params)),
            ("POST", "clicktodial") => {
                need(params, "clicktodialuri")?;
                self.register(params, |bridge| &mut bridge.dialling)
            }
            ("POST", "callcontrol") => {
                if !CONTROL_URIS.iter().any(|name| params.get(name).is_some()) {
                    return Err(missing("answeruri"));
                }
                self.register(params, |bridge| &mut bridge.controls)
            }
            ("DELETE", "clicktodial") => Ok(self.unregister(params, |bridge| &mut bridge.dialling)),
            ("DELETE", "callcontrol") => Ok(self.unregister(params, |bridge| &mut bridge.controls)),
            ("POST", "callnotify") => self.call_notify(params),
            ("POST", "clicktodialerror") => self.dial_error(params),
            _ => Err(Answer::refuse(404, "INVALID_URL_PATTERN", "Please check if the URL is correct", json!({}))),
        }
    }

    fn integrate(&mut self, method: &str) -> Outcome {
        if self.bridge.other_provider {
            let message = "Different provider is already enabled";
            return Err(Answer::refuse(403, "DIFFERENT_PROVIDER_ALREADY_ENABLED", message, json!({})));
        }
        self.bridge.integrated = method == "POST";
        let word = if method == "POST" { "is successful" } else { "has been successfully removed" };
        Ok(Answer::ok(json!({"status": "success", "code": "SUCCESS", "message": format!("Acme Integration {word}")})))
    }

    fn bridge_users(&self, params: &Params) -> Answer {
        let per_page = params.number("perPage").unwrap_or(200).clamp(1, 1000);
        let page = params.number("page").unwrap_or(1).max(1);
        let active = self.users.iter().filter(|user| user.active && user.telephony);
        let shown = active.skip((page - 1) * per_page).take(per_page);
        let show = |user: &super::User| json!({"zohouser": user.zuid, "username": user.name, "email": user.email});
        let uri = |page: usize| json!({"uri": format!("/phonebridge/v3/users?page={page}&perPage={per_page}")});
        let last = self.users.len().div_ceil(per_page).max(1);
        Answer::ok(json!({"navigation": {"firstPage": uri(1), "lastPage": uri(last)},
            "users": shown.map(show).collect::<Vec<_>>()}))
    }

    fn register(&mut self, params: &Params, of: fn(&mut Bridge) -> &mut BTreeMap<String, Params>) -> Outcome {
        for name in ["clicktodialparam", "callcontrolparam", "authorizationparam"] {
            if params.get(name).is_some_and(|text| unquoted(text).is_none()) {
                return Err(invalid(name));
            }
        }
        let user = params.get("zohouser").unwrap_or_default().to_owned();
        of(&mut self.bridge).insert(user, params.clone());
        Ok(success())
    }

    fn unregister(&mut self, params: &Params, of: fn(&mut Bridge) -> &mut BTreeMap<String, Params>) -> Answer {
        of(&mut self.bridge).remove(params.get("zohouser").unwrap_or_default());
        success()
    }

    fn call_notify(&mut self, params: &Params) -> Outcome {
        let (kind, state) = (need(params, "type")?, need(params, "state")?);
        let (id, from, to) = (need(params, "id")?, need(params, "from")?, need(params, "to")?);
        let known = match (kind, state) {
            ("received" | "dialed", "ringing" | "answered" | "ended") => true,
            ("received", "missed") => !self.bridge.only_ended,
            ("dialed", state) => UNATTENDED.contains(&state) && !self.bridge.only_ended,
            _ => false,
        };
        if !known {
            return Err(invalid("state"));
        }
        let is_end = !matches!(state, "ringing" | "answered");
        let start_time = if is_end { Some(start_time(params)?) } else { None };
        let duration = match params.get("duration") {
            Some(text) => Some(text.parse().map_err(|_| invalid("duration"))?),
            None if state == "ended" => return Err(missing("duration")),
            None => None,
        };
        let text = |name: &str| params.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
        let notice = Notice {
            kind: kind.to_owned(),
            state: state.to_owned(),
            id: id.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            zohouser: text("zohouser"),
            start_time,
            duration,
            voiceuri: text("voiceuri"),
            transferredcallid: text("transferredcallid"),
        };
        if is_end && !self.bridge.logged.contains_key(id) {
            self.log_of(&notice);
        }
        self.bridge.notices.push(notice);
        Ok(success())
    }

    /// Zoho writes the call itself, once for each id.
    fn log_of(&mut self, notice: &Notice) {
        let seconds = notice.duration.unwrap_or_default();
        let inbound = notice.kind == "received";
        let (customer, kind) = match (inbound, notice.state.as_str(), seconds) {
            (true, "ended", 1..) => (&notice.from, "Inbound"),
            (true, ..) => (&notice.from, "Missed"),
            (false, ..) => (&notice.to, "Outbound"),
        };
        let at = notice.start_time.as_deref().and_then(|text| NaiveDateTime::parse_from_str(text, FORMAT).ok());
        let at = at.map(|at| at.and_utc().to_rfc3339_opts(SecondsFormat::Secs, false)).unwrap_or_default();
        let mut call = Map::new();
        let mut put = |name: &str, value: Value| drop(call.insert(name.to_owned(), value));
        put("Subject", json!(format!("{kind} call {customer}")));
        put("Call_Type", json!(kind));
        put("Call_Start_Time", json!(at));
        put("Caller_ID", json!(notice.from));
        put("Dialled_Number", json!(notice.to));
        put("Call_Duration", json!(format!("{:02}:{:02}", seconds.max(1) / 60, seconds.max(1) % 60)));
        if let Some(url) = &notice.voiceuri {
            put("Voice_Recording__s", json!(url));
        }
        if let Some(user) = self.users.iter().find(|user| Some(&user.zuid) == notice.zohouser.as_ref()) {
            put("Owner", json!({"id": user.id}));
        }
        if let Some(id) = self.contact_with(customer) {
            put("Who_Id", json!({"id": id}));
        }
        if let Ok(id) = self.add("Calls", &call, 0) {
            if let Some(record) = self.modules.get_mut("Calls").and_then(|calls| calls.records.get_mut(&id)) {
                record.values.insert("CTI_Entry".to_owned(), json!(true));
            }
            self.bridge.logged.insert(notice.id.clone(), id);
        }
    }

    fn contact_with(&self, number: &str) -> Option<String> {
        let contacts = self.modules.get("Contacts")?;
        let has = |values: &Map<String, Value>| {
            contacts.phones().any(|phone| values.get(phone).and_then(Value::as_str) == Some(number))
        };
        contacts.records.iter().find(|(_, record)| has(&record.values)).map(|(id, _)| id.clone())
    }

    fn dial_error(&mut self, params: &Params) -> Outcome {
        let code = need(params, "code")?;
        if !UNATTENDED.contains(&code) {
            return Err(invalid("code"));
        }
        let text = |name: &str| params.get(name).map(str::to_owned);
        let (from, to) = (need(params, "from")?.to_owned(), need(params, "to")?.to_owned());
        let error = DialError { code: code.to_owned(), from, to, zohouser: text("zohouser"), message: text("message") };
        self.bridge.dial_errors.push(error);
        Ok(success())
    }
}

const FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// GMT without a zone; ISO 8601 is refused.
fn start_time(params: &Params) -> Result<String, Answer> {
    let text = need(params, "start_time")?;
    match NaiveDateTime::parse_from_str(text, FORMAT) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(invalid("start_time")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_odd_list_of_pairs_is_read() {
        let text = "[{name:pbxuserid,value:pbxuser1234},{name:callee,value:'{to}'}]";
        let pairs = unquoted(text).unwrap();
        assert_eq!(pairs, [("pbxuserid".into(), "pbxuser1234".into()), ("callee".into(), "'{to}'".into())]);
        assert_eq!(unquoted("{name:authorization,value:S}").unwrap(), [("authorization".into(), "S".into())]);
        assert_eq!(unquoted("[{name:a}]"), None);
        assert_eq!(unquoted("name=a"), None);
    }
}
