//! Calls as records of the module Calls. Zoho's upsert does not cover it, so a call is searched under its key before it is
//! written.

use crate::agents::Agents;
use crate::client::{Client, Request, list, written};
use crate::customers::Customers;
use crate::error;
use crate::map::one_line;
use crate::query::{ApiName, Condition, Literal};
use crate::tasks::{MissedCallTasks, Tasks};
use chrono::{DateTime, SecondsFormat, Utc};
use cti_core::call::{CallRecord, Direction, Disposition, Recording};
use cti_core::crm::{Match, WriteKey, Written};
use cti_core::fields::FieldMap;
use cti_core::turns::Turns;
use cti_core::{Error, ErrorKind, Result, Status};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::time::Duration;

/// The longest key that is stored as it is.
const MAX_KEY: usize = 100;
const MAX_SUBJECT: usize = 200;
/// So many fields may be refused one after the other before the call itself counts as refused.
const MOST_REFUSALS: usize = 6;
/// Fields without which a call is written all the same, if Zoho refuses them: a user who left, a record that was deleted.
const OPTIONAL: &[&str] = &["Owner", "Who_Id", "What_Id", "Voice_Recording__s", "Call_Duration_in_seconds"];

/// In which form the length of a call is written: Zoho's pages disagree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DurationForm {
    /// `mm:ss`.
    #[default]
    MinutesSeconds,
    /// `HH:mm`, rounded up.
    HoursMinutes,
}

impl DurationForm {
    /// Never zero: Zoho refuses that.
    fn text(self, seconds: u64) -> String {
        let (high, low) = match self {
            Self::MinutesSeconds => (seconds.max(1) / 60, seconds.max(1) % 60),
            Self::HoursMinutes => {
                let minutes = seconds.div_ceil(60).max(1);
                (minutes / 60, minutes % 60)
            }
        };
        format!("{high:02}:{low:02}")
    }
}

/// How calls are written.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogRules {
    /// A text field of the module Calls for the call id, best marked as unique.
    pub(crate) key_field: Option<ApiName>,
    pub(crate) duration: DurationForm,
    /// Attribute and API name of further fields.
    pub(crate) fields: FieldMap,
    pub(crate) tasks: Option<MissedCallTasks>,
}

/// What a call is written with.
pub(crate) struct With<'a> {
    pub(crate) client: &'a Client,
    pub(crate) customers: &'a Customers,
    pub(crate) agents: &'a Agents,
}

/// The call history.
#[derive(Debug)]
pub(crate) struct CallLog {
    pub(crate) rules: LogRules,
    turns: Turns,
}

/// A call with its key, ready to be written.
pub(crate) struct Entry<'a> {
    pub(crate) record: &'a CallRecord,
    pub(crate) matched: Option<&'a Match>,
    key: &'a WriteKey,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(record: &'a CallRecord, matched: Option<&'a Match>, key: &'a WriteKey) -> Self {
        Self { record, matched, key }
    }

    /// The key as a mark at the end of a subject: short, and of letters that a query can hold.
    pub(crate) fn mark(&self) -> String {
        format!("(cti {})", &digest(self.key.as_str())[..12])
    }

    /// The key as it is stored in a field of its own.
    fn stored_key(&self) -> String {
        let text = self.key.as_str().strip_suffix("#ended").unwrap_or(self.key.as_str());
        if text.len() <= MAX_KEY && Literal::plain(text).is_some() { text.to_owned() } else { digest(text) }
    }

    /// Who is on the other side, for people.
    pub(crate) fn whom(&self) -> String {
        let known = self.matched.and_then(|matched| matched.name.as_ref().or(matched.company.as_ref()));
        let name = known.map(|name| name.as_str());
        let number = || number(self.record, self.matched);
        one_line(&name.map(str::to_owned).or_else(number).unwrap_or_else(|| "(no number)".to_owned()), MAX_SUBJECT)
    }

    /// The customer as the fields of an activity: a contact in `Who_Id`, all else in `What_Id` with its module.
    pub(crate) fn relation(&self, customers: &Customers) -> Vec<(&'static str, Value)> {
        match self.matched.filter(|matched| customers.module(&matched.object).is_some()) {
            None => Vec::new(),
            Some(matched) if matched.object == "Contacts" => vec![("Who_Id", json!({"id": matched.id}))],
            Some(matched) => vec![("What_Id", json!({"id": matched.id})), ("$se_module", json!(matched.object))],
        }
    }

    /// What has no field of its own, one fact a line.
    pub(crate) fn description(&self) -> String {
        let mut text = String::new();
        for attribute in ["phone", "name", "result", "agent", "line", "queue", "recordings", "memo"] {
            if let Some(value) = value(attribute, self.record, self.matched) {
                let _ = writeln!(text, "{attribute}: {}", one_line(&value, 2000));
            }
        }
        let _ = write!(text, "call: {}", one_line(self.record.call.as_str(), 200));
        text
    }
}

/// 64 hexadecimal digits.
fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut all, byte| {
        let _ = write!(all, "{byte:02x}");
        all
    })
}

impl CallLog {
    pub(crate) fn new(rules: LogRules) -> Self {
        Self { rules, turns: Turns::default() }
    }

    /// Writes the call once, then what belongs to it. Each step looks first, so that the whole can be tried again.
    pub(crate) async fn write(&self, with: &With<'_>, entry: &Entry<'_>) -> Result<Written> {
        let _one_at_a_time = self.turns.take(entry.key.as_str()).await;
        let written = match self.find(with.client, entry).await? {
            Some(id) => Written { id: Some(id), created: false },
            None => self.add(with, entry).await?,
        };
        self.follow_up(with, entry).await?;
        Ok(written)
    }

    /// Tasks for missed calls, if they are wanted.
    pub(crate) async fn follow_up(&self, with: &With<'_>, entry: &Entry<'_>) -> Result<()> {
        match &self.rules.tasks {
            Some(rules) => Tasks { rules, with }.follow(entry).await,
            None => Ok(()),
        }
    }

    async fn find(&self, client: &Client, entry: &Entry<'_>) -> Result<Option<String>> {
        let by_key = self.rules.key_field.as_ref().zip(Literal::plain(&entry.stored_key()));
        let condition = match by_key {
            Some((field, key)) => Condition::is(field.as_str(), &key),
            None => {
                let at = Literal::plain(&instant(entry.record.started_at));
                let subject = Literal::plain(&format!("%{}", entry.mark()));
                let (at, subject) = at.zip(subject).ok_or_else(|| error::lacks("a key"))?;
                Condition::is("Call_Start_Time", &at).and(Condition::like("Subject", &subject))
            }
        };
        let answer = client.send(Request::coql(&condition.select(&["id"], "Calls", 1))).await?;
        Ok(list(answer.as_ref(), "data")?.first().and_then(crate::map::id))
    }

    async fn add(&self, with: &With<'_>, entry: &Entry<'_>) -> Result<Written> {
        not_in_the_future(entry.record.started_at)?;
        let mut fields = self.fields(entry, with.customers);
        if let Some(owner) = with.agents.owner(with.client, entry.record).await? {
            fields.insert("Owner".to_owned(), json!({ "id": owner }));
        }
        for _ in 0..MOST_REFUSALS {
            match with.client.send(Request::add("Calls", Value::Object(fields.clone()))).await {
                Ok(answer) => return Ok(Written { id: Some(written(answer.as_ref())?), created: true }),
                Err(error) if self.is_there_already(&error) => {
                    return Ok(Written { id: error::record(&error).map(str::to_owned), created: false });
                }
                Err(error) => self.leave_out(&mut fields, error, with.agents).await?,
            }
        }
        Err(Error::new(ErrorKind::Rejected, "Zoho refuses one field of the call after the other"))
    }

    /// Takes the refused field out, if the call can do without; else the error stands.
    async fn leave_out(&self, fields: &mut Map<String, Value>, error: Error, agents: &Agents) -> Result<()> {
        let field = error::field(&error).unwrap_or_default().to_owned();
        let ours = self.rules.fields.iter().any(|(_, code)| code == field);
        let optional = ours || OPTIONAL.contains(&field.as_str());
        if error.kind() != ErrorKind::Rejected || !optional || fields.remove(&field).is_none() {
            return Err(error);
        }
        tracing::warn!(field, error = %error, "Zoho refuses a field of a call; the call is written without it");
        if field == "What_Id" {
            fields.remove("$se_module");
        }
        if field == "Owner" {
            agents.forget().await;
        }
        Ok(())
    }

    fn is_there_already(&self, error: &Error) -> bool {
        let key = self.rules.key_field.as_ref().map(ApiName::as_str);
        error.kind() == ErrorKind::Conflict && key.is_some() && error::field(error) == key
    }

    fn fields(&self, entry: &Entry<'_>, customers: &Customers) -> Map<String, Value> {
        let record = entry.record;
        let (kind, word) = kind(record);
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
        match &self.rules.key_field {
            Some(field) => {
                put("Subject", json!(format!("{word} {}", entry.whom())));
                put(field.as_str(), json!(entry.stored_key()));
            }
            None => put("Subject", json!(format!("{word} {} {}", entry.whom(), entry.mark()))),
        }
        put("Call_Type", json!(kind));
        put("Call_Start_Time", json!(instant(record.started_at)));
        if kind != "Missed" {
            put("Call_Duration", json!(self.rules.duration.text(seconds(record))));
        }
        for (name, value) in entry.relation(customers) {
            put(name, value);
        }
        put("Description", json!(entry.description()));
        if let Some(url) = recording(record) {
            put("Voice_Recording__s", json!(url));
        }
        for (attribute, code) in self.rules.fields.iter() {
            if let Some(text) = value(attribute, record, entry.matched) {
                put(code, json!(text));
            }
        }
        fields
    }
}

/// Zoho refuses calls of the future: if the clock of the PBX is ahead, the call waits.
fn not_in_the_future(at: DateTime<Utc>) -> Result<()> {
    let ahead = (at - Utc::now()).to_std().unwrap_or_default();
    if ahead.is_zero() {
        return Ok(());
    }
    let error = Error::new(ErrorKind::Rejected, "the call began in the future: is the clock of the PBX ahead?");
    Err(error.status_is(Status::Temporary).retry_after(ahead + Duration::from_secs(1)))
}

/// Zoho's word for the kind of call, and ours for people.
fn kind(record: &CallRecord) -> (&'static str, &'static str) {
    match (record.direction, is_answered(record)) {
        (Direction::Inbound, true) => ("Inbound", "Incoming call"),
        (Direction::Inbound, false) => ("Missed", "Missed call"),
        (Direction::Outbound, _) => ("Outbound", "Outgoing call"),
        (Direction::Internal, _) => ("Outbound", "Internal call"),
    }
}

/// True if people talked, however it ended.
pub(crate) fn is_answered(record: &CallRecord) -> bool {
    record.disposition == Disposition::Answered || record.answered_at.is_some()
}

/// Whole seconds of talk.
pub(crate) fn seconds(record: &CallRecord) -> u64 {
    let seconds = record.talk_seconds.max(0.0).round();
    if seconds.is_finite() { seconds as u64 } else { 0 }
}

/// The address of the first recording that has one.
pub(crate) fn recording(record: &CallRecord) -> Option<&str> {
    record.recordings.iter().find_map(|recording| match recording {
        Recording::Url(url) => Some(url.as_str()),
        Recording::File(_) => None,
    })
}

fn number(record: &CallRecord, matched: Option<&Match>) -> Option<String> {
    let number = matched.and_then(|matched| matched.spelled.as_ref()).or_else(|| record.customer_number());
    number.map(|number| number.as_str().to_owned())
}

fn value(attribute: &str, record: &CallRecord, matched: Option<&Match>) -> Option<String> {
    let known = || matched.and_then(|matched| matched.name.as_ref().or(matched.company.as_ref()));
    let told = || record.caller.name.as_ref().filter(|_| record.direction == Direction::Inbound);
    let text = match attribute {
        "call_id" => record.call.to_string(),
        "phone" => number(record, matched)?,
        "name" => known().or_else(told)?.as_str().to_owned(),
        "direction" => format!("{:?}", record.direction).to_lowercase(),
        "result" => format!("{:?}", record.disposition).to_lowercase(),
        "started_at" => instant(record.started_at),
        "answered_at" => instant(record.answered_at?),
        "ended_at" => instant(record.ended_at),
        "duration" => seconds(record).to_string(),
        "agent" => record.answered_by.as_ref()?.to_string(),
        "line" => record.dialed.as_ref().filter(|_| record.direction == Direction::Inbound)?.as_str().to_owned(),
        "queue" => record.queue.clone()?,
        "recordings" => {
            let all: Vec<&str> = record.recordings.iter().map(Recording::as_str).collect();
            all.join(" ")
        }
        other => record.context.get(other)?.clone(),
    };
    (!text.trim().is_empty()).then_some(text)
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_never_zero() {
        let table = [
            (0, "00:01", "00:01"),
            (1, "00:01", "00:01"),
            (65, "01:05", "00:02"),
            (3600, "60:00", "01:00"),
            (7505, "125:05", "02:06"),
        ];
        for (seconds, minutes, hours) in table {
            assert_eq!(DurationForm::MinutesSeconds.text(seconds), minutes);
            assert_eq!(DurationForm::HoursMinutes.text(seconds), hours);
        }
    }
}
