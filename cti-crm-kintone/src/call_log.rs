//! The app that holds the call history.

use crate::client::{Client, Request};
use crate::config::App;
use crate::error;
use crate::form::{Form, KnownForm};
use crate::map::{self, id_text, one_line};
use crate::query::{Condition, FieldCode};
use crate::recording::{RecordingFiles, Sound};
use chrono::{DateTime, SecondsFormat, Utc};
use cti_core::call::{CallRecord, Direction, Disposition, Recording};
use cti_core::crm::{Match, WriteKey, Written};
use cti_core::fields::FieldMap;
use cti_core::number::Number;
use cti_core::{Error, ErrorKind, Result, Status, fields};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The longest value that can be the key of an upsert.
const MAX_KEY: usize = 64;

/// How calls are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CallLogMode {
    /// Under the call id, with kintone's upsert: once, however often it is tried. Needs the rights to add and to edit,
    /// and a `call_id` field that prohibits duplicates.
    #[default]
    Upsert,
    /// A new record each time, for tokens with the right to add alone. If the answer is lost, it is not known whether the
    /// call was written; a `call_id` field that prohibits duplicates makes kintone refuse the second one, which then
    /// counts as written. Without it a call can stand there twice.
    AddOnly,
}

/// The suggested fields of a call history app.
///
/// | attribute | field code | field |
/// | --- | --- | --- |
/// | `call_id` | `call_id` | text, 64 characters, prohibit duplicate values |
/// | `phone` | `tel` | text; in the spelling of the customer's record, so that related records find it |
/// | `name` | `name` | text |
/// | `direction` | `direction` | text or choice: `inbound` `outbound` `internal` |
/// | `result` | `result` | text or choice: `answered` `missed` `failed` |
/// | `started_at` `answered_at` `ended_at` | the same | date and time |
/// | `duration` | `duration` | number: seconds of talk |
/// | `agent` | `agent` | text: the extension that talked last |
/// | `line` | `line` | text: the number that was called from outside |
/// | `recording_urls` | `recording_urls` | text of one line (no link: a link refuses several) |
/// | `memo` | `memo` | text; from `memo` in the call's context |
///
/// Not among them, but known: `recording_file`, an attachment field (see [`RecordingFiles`]).
pub fn call_log_fields() -> FieldMap {
    fields! {
        call_id: "call_id", phone: "tel", name: "name", direction: "direction", result: "result",
        started_at: "started_at", answered_at: "answered_at", ended_at: "ended_at", duration: "duration",
        agent: "agent", line: "line", recording_urls: "recording_urls", memo: "memo",
    }
}

/// The call history.
#[derive(Debug)]
pub(crate) struct CallLog {
    pub(crate) app: App,
    pub(crate) mode: CallLogMode,
    form: KnownForm,
    recordings: RecordingFiles,
    /// Entries that may have been written already: the answer was lost.
    unsure: Mutex<HashSet<String>>,
}

/// More entries than this are not waiting at once.
const MAX_UNSURE: usize = 10_000;

impl CallLog {
    pub(crate) fn new(app: App, mode: CallLogMode, recordings: Option<RecordingFiles>) -> Self {
        Self {
            app,
            mode,
            form: KnownForm::default(),
            recordings: recordings.unwrap_or_default(),
            unsure: Mutex::default(),
        }
    }

    pub(crate) async fn write(
        &self,
        client: &Client,
        record: &CallRecord,
        matched: Option<&Match>,
        key: &WriteKey,
    ) -> Result<Written> {
        let form = self.form.get(client, &self.app).await?;
        let values = values(&self.app, record, matched, form);
        let entry = entry_key(key);
        let written = match (self.mode, self.app.code("call_id")) {
            // An entry that may be there may have been edited since: it is added if it is missing, and else left alone.
            (CallLogMode::Upsert, Some(_)) if self.is_unsure(&entry) && self.has_key(form) => {
                self.add(client, &entry, values, form).await
            }
            (CallLogMode::Upsert, Some(code)) => self.upsert(client, code.as_str(), &entry, values).await,
            _ => self.add(client, &entry, values, form).await,
        };
        self.note(entry, written.as_ref().err());
        written
    }

    fn unsure(&self) -> MutexGuard<'_, HashSet<String>> {
        self.unsure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_unsure(&self, entry: &str) -> bool {
        self.unsure().contains(entry)
    }

    fn note(&self, entry: String, error: Option<&Error>) {
        let mut unsure = self.unsure();
        match error {
            Some(error) if error.status() != Status::Permanent && unsure.len() < MAX_UNSURE => {
                unsure.insert(entry);
            }
            _ => {
                unsure.remove(&entry);
            }
        }
    }

    /// True if the form refuses a second entry with the same call id.
    fn has_key(&self, form: Option<&Form>) -> bool {
        let code = self.app.code("call_id").map(FieldCode::as_str);
        form.zip(code).and_then(|(form, code)| form.top(code)).is_some_and(|field| field.can_be_key())
    }

    /// Writes what the PBX knows, and nothing that a person may have changed meanwhile: not the name, the note, the number.
    pub(crate) async fn update(&self, client: &Client, record: &CallRecord, key: &WriteKey) -> Result<Written> {
        let code = self.key_field()?;
        let form = self.form.get(client, &self.app).await?;
        let mut values = values(&self.app, record, None, form);
        let facts: Vec<&str> = FACTS.iter().filter_map(|name| self.app.code(name)).map(FieldCode::as_str).collect();
        values.retain(|code, _| facts.contains(&code.as_str()));
        let update_key = json!({"field": code.as_str(), "value": entry_key(key)});
        let request = Request::put("record.json").with("updateKey", update_key).with("record", values);
        client.send(&self.app, request).await?;
        Ok(Written { id: None, created: false })
    }

    /// Adds a recording to those that the entry has; one that is there already is not added again.
    pub(crate) async fn attach(&self, client: &Client, recording: &Recording, key: &WriteKey) -> Result<()> {
        let sound = match self.app.code("recording_file") {
            Some(_) => self.recordings.read(recording).await?,
            None => None,
        };
        match self.attach_once(client, recording, sound.as_ref(), key).await {
            // Somebody edited the entry between reading and writing: what is there now is read again.
            Err(error) if error.kind() == ErrorKind::Conflict => {
                self.attach_once(client, recording, sound.as_ref(), key).await
            }
            done => done,
        }
    }

    async fn attach_once(
        &self,
        client: &Client,
        recording: &Recording,
        sound: Option<&Sound>,
        key: &WriteKey,
    ) -> Result<()> {
        let (urls, files) = (self.app.code("recording_urls"), self.app.code("recording_file"));
        let entry = self.entry(client, key).await?;
        let mut record = Map::new();
        if let Some(code) = urls {
            let known = entry.pointer(&format!("/{}/value", code.as_str())).and_then(Value::as_str).unwrap_or_default();
            let form = self.form.get(client, &self.app).await?;
            if let Some(text) = with_recording(known, recording, kind_of(form, code)) {
                record.insert(code.as_str().to_owned(), json!({ "value": text }));
            }
        }
        if let (Some(code), Some(sound)) = (files, sound) {
            let known = entry.pointer(&format!("/{}/value", code.as_str())).and_then(Value::as_array);
            let known: Vec<&Value> = known.into_iter().flatten().collect();
            if !known.iter().any(|file| file["name"] == sound.name.as_str()) {
                let new = client.upload(&self.app, &sound.name, sound.content_type, &sound.bytes).await?;
                let keys = known.iter().filter_map(|file| file["fileKey"].as_str()).chain([new.as_str()]);
                let list: Vec<Value> = keys.map(|key| json!({ "fileKey": key })).collect();
                record.insert(code.as_str().to_owned(), json!({ "value": list }));
            }
        }
        if record.is_empty() {
            return Ok(());
        }
        let text = |code: &str| entry.pointer(&format!("/{code}/value")).and_then(id_text).unwrap_or_default();
        let request = Request::put("record.json").with("id", text("$id")).with("revision", text("$revision"));
        client.send(&self.app, request.with("record", record)).await.map(drop)
    }

    /// The entry under that key, as far as recordings are concerned.
    async fn entry(&self, client: &Client, key: &WriteKey) -> Result<Value> {
        let code = self.key_field()?;
        let recordings = ["recording_urls", "recording_file"].into_iter().filter_map(|name| self.app.code(name));
        let fields: Vec<&str> = ["$id", "$revision"].into_iter().chain(recordings.map(FieldCode::as_str)).collect();
        let query = Condition::any_of([code], &[&entry_key(key)]).oldest(1);
        let request = Request::get("records.json").with("fields", json!(fields)).with("query", query);
        let answer = client.send(&self.app, request).await?;
        let found = answer.pointer("/records/0").cloned();
        found.ok_or_else(|| Error::new(ErrorKind::NotFound, "there is no entry of this call"))
    }

    fn key_field(&self) -> Result<&FieldCode> {
        self.app.code("call_id").ok_or_else(|| Error::config("call_log.fields.call_id", "not mapped"))
    }

    async fn upsert(&self, client: &Client, code: &str, key: &str, values: Map<String, Value>) -> Result<Written> {
        let records = json!([{"updateKey": {"field": code, "value": key}, "record": values}]);
        let request = Request::put("records.json").with("upsert", true).with("records", records);
        let answer = client.send(&self.app, request).await?;
        let line = answer.pointer("/records/0").ok_or_else(|| error::lacks("the record that was written"))?;
        let created = line.get("operation").and_then(Value::as_str) != Some("UPDATE");
        Ok(Written { id: line.get("id").and_then(id_text), created })
    }

    async fn add(
        &self,
        client: &Client,
        key: &str,
        mut values: Map<String, Value>,
        form: Option<&Form>,
    ) -> Result<Written> {
        map::write(&mut values, &self.app, "call_id", key);
        let request = Request::post("record.json").with("record", values);
        // Where the form refuses a second one, trying again does no harm.
        let request = if self.has_key(form) { request.repeatable() } else { request };
        match client.send(&self.app, request).await {
            Ok(answer) => Ok(Written { id: answer.get("id").and_then(id_text), created: true }),
            Err(error) if self.is_there_already(&error) => Ok(Written { id: None, created: false }),
            Err(error) => Err(error),
        }
    }

    /// The form refuses nothing but the call id. We keep to its length, so what remains is that it is there.
    fn is_there_already(&self, error: &Error) -> bool {
        let call_id = self.app.code("call_id").map(FieldCode::as_str);
        let refused = error.context().find(|(name, _)| *name == "fields").map(|(_, fields)| fields);
        error.kind() == ErrorKind::Rejected && call_id.is_some() && refused == call_id
    }
}

/// What only the PBX knows of a call: late facts may be written over it.
const FACTS: [&str; 6] = ["result", "answered_at", "ended_at", "duration", "agent", "recording_urls"];

/// The type of the field in the form; empty if the form is not known.
fn kind_of<'a>(form: Option<&'a Form>, code: &FieldCode) -> &'a str {
    form.and_then(|form| form.top(code.as_str())).map_or("", |field| field.kind())
}

/// The key as it is stored: the call id, in 64 characters. A longer one keeps its beginning, for people, and the rest
/// becomes a digest.
fn entry_key(key: &WriteKey) -> String {
    let text = key.as_str().strip_suffix("#ended").unwrap_or(key.as_str());
    if text.chars().count() <= MAX_KEY && !text.chars().any(char::is_control) && text == text.trim() && !text.is_empty()
    {
        return text.to_owned();
    }
    let digest = Sha256::digest(text.as_bytes());
    let mut short: String = one_line(text).trim_start().chars().take(MAX_KEY - 41).collect();
    short.push('~');
    for byte in digest.iter().take(20) {
        let _ = write!(short, "{byte:02x}");
    }
    short
}

/// What is written of a call, without its id.
fn values(app: &App, record: &CallRecord, matched: Option<&Match>, form: Option<&Form>) -> Map<String, Value> {
    let mut out = Map::new();
    for (attribute, code) in &app.fields {
        let text = match attribute.as_str() {
            "recording_urls" => recordings(&record.recordings, kind_of(form, code)),
            "recording_file" => None,
            other => value(other, record, matched),
        };
        if let Some(text) = text {
            map::write(&mut out, app, attribute, &text);
        }
    }
    out
}

fn value(attribute: &str, record: &CallRecord, matched: Option<&Match>) -> Option<String> {
    Some(match attribute {
        "call_id" => return None,
        "phone" => phone(record, matched).map_or_else(String::new, |number| one_line(number.as_str())),
        "name" => one_line(name(record, matched)?),
        "direction" => direction(record.direction).to_owned(),
        "result" => result(record).to_owned(),
        "started_at" => instant(record.started_at),
        "answered_at" => instant(record.answered_at?),
        "ended_at" => instant(record.ended_at),
        "duration" => format!("{:.0}", record.talk_seconds.max(0.0)),
        "agent" => one_line(record.answered_by.as_ref()?.as_str()),
        "line" => one_line(record.dialed.as_ref().filter(|_| record.direction == Direction::Inbound)?.as_str()),
        other => record.context.get(other)?.clone(),
    })
}

/// The spelling of the customer's record, so that kintone's related records, which compare texts, find the call.
fn phone<'a>(record: &'a CallRecord, matched: Option<&'a Match>) -> Option<&'a Number> {
    matched.and_then(|matched| matched.spelled.as_ref()).or_else(|| record.customer_number())
}

fn name<'a>(record: &'a CallRecord, matched: Option<&'a Match>) -> Option<&'a str> {
    let known = matched.and_then(|matched| matched.name.as_ref().or(matched.company.as_ref()));
    let told = || record.caller.name.as_ref().filter(|_| record.direction == Direction::Inbound);
    known.or_else(told).map(|name| name.as_str())
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
        Direction::Internal => "internal",
    }
}

/// In the words of the suggested app.
fn result(record: &CallRecord) -> &'static str {
    match record.disposition {
        Disposition::Answered => "answered",
        Disposition::Missed | Disposition::Abandoned => "missed",
        Disposition::Busy | Disposition::Rejected if record.direction == Direction::Inbound => "missed",
        Disposition::Merged | Disposition::LostTrack if record.answered_at.is_some() => "answered",
        _ => "failed",
    }
}

/// kintone keeps minutes; the seconds are written all the same.
fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// All recordings in one field of that type. A blank is between them, for addresses have none; in a text of several lines
/// each has its own. A link takes one: it refuses several, and with them the whole record.
fn recordings(recordings: &[Recording], kind: &str) -> Option<String> {
    let places: Vec<String> = recordings.iter().map(|recording| one_line(recording.as_str())).collect();
    match (kind, places.as_slice()) {
        (_, []) => None,
        ("LINK", [first, others @ ..]) => {
            if !others.is_empty() {
                tracing::warn!(left_out = others.len(), "the field of recordings is a link and takes the first alone");
            }
            Some(first.clone())
        }
        ("MULTI_LINE_TEXT", all) => Some(all.join("\n")),
        (_, all) => Some(all.join(" ")),
    }
}

/// The text with one more recording; `None` if it is there, or there is no room in a link.
fn with_recording(known: &str, recording: &Recording, kind: &str) -> Option<String> {
    let new = one_line(recording.as_str());
    if known.trim().is_empty() {
        return Some(new);
    }
    let separator = if kind == "MULTI_LINE_TEXT" { '\n' } else { ' ' };
    let is_there = known.split(['\n', ' ']).any(|one| one == new) || known == new;
    (!is_there && kind != "LINK").then(|| format!("{known}{separator}{new}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cti_core::call::EventId;

    fn key(text: &str) -> String {
        entry_key(&WriteKey::of(EventId::from(text)))
    }

    #[test]
    fn the_key_is_the_call_id() {
        assert_eq!(key("main/1795225659.77#ended"), "main/1795225659.77");
        assert_eq!(key(&format!("{}#ended", "x".repeat(64))), "x".repeat(64));
    }

    #[test]
    fn a_long_or_odd_key_is_shortened_always_the_same_way_and_stays_different() {
        let long = format!("main/{}", "9".repeat(80));
        let (a, b) = (key(&format!("{long}1#ended")), key(&format!("{long}2#ended")));
        assert_eq!(a, key(&format!("{long}1#ended")));
        assert_ne!(a, b);
        assert_eq!(a.chars().count(), MAX_KEY);
        assert!(a.starts_with("main/99999"));
        for odd in ["main/日\n#ended", " x#ended", "#ended", &"日".repeat(90)] {
            let short = key(odd);
            assert!(short.chars().count() <= MAX_KEY && !short.chars().any(char::is_control), "{short:?}");
            assert_eq!(short, short.trim());
        }
    }
}
