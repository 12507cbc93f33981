//! kintone's records ↔ our types.

use crate::address::Site;
use crate::config::App;
use cti_core::call::Name;
use cti_core::crm::Match;
use cti_core::fields::is_phone;
use cti_core::number::Number;
use serde_json::{Map, Value, json};

/// The most characters of one value that are read or written.
const MAX_VALUE: usize = 10_000;

/// The fields to ask for: the id and what is mapped, once each.
pub(crate) fn wanted(app: &App) -> Vec<&str> {
    let mut codes = vec!["$id"];
    for (_, code) in &app.fields {
        if !codes.contains(&code.as_str()) {
            codes.push(code.as_str());
        }
    }
    codes
}

/// An id as text, whether it came as text or number.
pub(crate) fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A record as a match. `searched` are the spellings under which it was found; `None` if it has no id.
pub(crate) fn to_match(record: &Value, app: &App, site: &Site, searched: &[&str]) -> Option<Match> {
    let id = record.pointer("/$id/value").and_then(id_text)?;
    let (spelled_in, spelled) = spelling(record, app, searched);
    let shown = |attribute: &str| !matches!(attribute, "name" | "company") && Some(attribute) != spelled_in;
    let fields = app.fields.iter().filter(|(attribute, _)| shown(attribute));
    Some(Match {
        object: app.id.to_string(),
        url: site.record(app.id, &id),
        name: attribute(record, app, "name").as_deref().and_then(Name::new),
        company: attribute(record, app, "company").as_deref().and_then(Name::new),
        spelled,
        fields: fields.filter_map(|(name, code)| Some((name.clone(), text(record, code.as_str())?))).collect(),
        id,
    })
}

/// The telephone number as it stands in the record, and which: the one that was searched, else the first.
fn spelling<'a>(record: &Value, app: &'a App, searched: &[&str]) -> (Option<&'a str>, Option<Number>) {
    let phones = app.fields.iter().filter(|(attribute, _)| is_phone(attribute));
    let mut texts: Vec<_> =
        phones.filter_map(|(name, code)| Some((name.as_str(), text(record, code.as_str())?))).collect();
    texts.sort_by_key(|(_, text)| !searched.contains(&text.as_str()));
    match texts.into_iter().next() {
        Some((attribute, text)) => (Some(attribute), Number::new(&text)),
        None => (None, None),
    }
}

/// All telephone numbers of a record, as they stand there.
pub(crate) fn numbers(record: &Value, app: &App) -> Vec<Number> {
    app.phones().filter_map(|code| text(record, code.as_str())).filter_map(|text| Number::new(&text)).collect()
}

fn attribute(record: &Value, app: &App, name: &str) -> Option<String> {
    text(record, app.code(name)?.as_str())
}

/// The value of a field as one text; `None` if it is empty, not there, or of a kind that has no text (tables, files).
fn text(record: &Value, code: &str) -> Option<String> {
    let text = plain(record.get(code)?.get("value")?)?;
    let text: String = text.chars().take(MAX_VALUE).collect();
    (!text.trim().is_empty()).then_some(text)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) => {
            let texts: Vec<String> = items.iter().filter_map(plain).collect();
            Some(texts.join(", "))
        }
        // Users, groups and organizations.
        Value::Object(person) => plain(person.get("name")?),
        Value::Null | Value::Bool(_) => None,
    }
}

/// Writes an attribute, if it is mapped.
pub(crate) fn write(values: &mut Map<String, Value>, app: &App, attribute: &str, text: &str) {
    if let Some(code) = app.code(attribute) {
        let text: String = text.chars().take(MAX_VALUE).collect();
        values.insert(code.as_str().to_owned(), json!({ "value": text }));
    }
}

/// Text for a field of one line: what would break the line becomes a blank.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
