//! What an entry of the call history holds.

use crate::config::App;
use crate::form::Form;
use crate::map::{self, one_line};
use crate::query::FieldCode;
use chrono::{DateTime, SecondsFormat, Utc};
use cti_core::call::{CallRecord, Direction, Disposition, Recording};
use cti_core::crm::{Match, WriteKey};
use cti_core::number::Number;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// The longest value that can be the key of an upsert.
const MAX_KEY: usize = 64;

/// What only the PBX knows of a call: late facts may be written over it.
pub(crate) const FACTS: [&str; 6] = ["result", "answered_at", "ended_at", "duration", "agent", "recording_urls"];

/// The type of the field in the form; empty if the form is not known.
pub(crate) fn kind_of<'a>(form: Option<&'a Form>, code: &FieldCode) -> &'a str {
    form.and_then(|form| form.top(code.as_str())).map_or("", |field| field.kind())
}

/// The key as it is stored: the call id, in 64 characters. A longer one keeps its beginning, for people, and the rest
/// becomes a digest.
pub(crate) fn entry_key(key: &WriteKey) -> String {
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
pub(crate) fn values(
    app: &App,
    record: &CallRecord,
    matched: Option<&Match>,
    form: Option<&Form>,
) -> Map<String, Value> {
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
pub(crate) fn with_recording(known: &str, recording: &Recording, kind: &str) -> Option<String> {
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
