//! The rules of a form: what kintone makes of a value, and what it refuses.

use super::app::{App, Field, FieldType};
use super::error::ApiError;
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Timelike, Utc};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The values of a record, by field code.
pub(super) type Values = BTreeMap<String, Value>;

/// A value that was refused: the end of its place, and why.
struct Refused(String, String);

/// Takes over what `input` (`{"tel":{"value":…}}`) writes. Unknown field codes are ignored, as kintone does.
pub(super) fn apply(app: &App, values: &mut Values, input: &Map<String, Value>, place: &str) -> Result<(), ApiError> {
    let mut refusal = ApiError::invalid();
    for (code, cell) in input {
        let Some(field) = app.top(code) else { continue };
        if field.kind == FieldType::ReferenceTable {
            continue;
        }
        if field.kind.is_system() {
            return Err(ApiError::new(403, "GAIA_BF02", "The field is set by kintone."));
        }
        match normalise(field, cell.get("value").unwrap_or(&Value::Null)) {
            Ok(value) => drop(values.insert(code.clone(), value)),
            Err(Refused(end, text)) => refusal = refusal.and(&format!("{place}{end}"), &text),
        }
    }
    if refusal.errors.is_empty() { Ok(()) } else { Err(refusal) }
}

/// Checks the whole record as it would be stored; `others` are the values of all other records.
pub(super) fn check(app: &App, values: &Values, others: &[&Values], place: &str) -> Result<(), ApiError> {
    let mut refusal = ApiError::invalid();
    for field in &app.fields {
        let value = values.get(&field.code).unwrap_or(&Value::Null);
        let empty = is_empty(value);
        // Observed: a radio button is never enforced.
        if field.required && empty && field.kind != FieldType::RadioButton {
            refusal = refusal.and(&format!("{place}{}", end_of(field)), "Required.");
        }
        if field.unique && !empty && others.iter().any(|other| other.get(&field.code) == Some(value)) {
            let text = "This value already exists in another record.";
            refusal = refusal.and(&format!("{place}{}", end_of(field)), text);
        }
    }
    if refusal.errors.is_empty() { Ok(()) } else { Err(refusal) }
}

fn end_of(field: &Field) -> String {
    let last = if field.kind.is_list() || field.kind == FieldType::File { "values" } else { "value" };
    format!(".{}.{last}", field.code)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn normalise(field: &Field, value: &Value) -> Result<Value, Refused> {
    let refuse = |text: &str| Err(Refused(end_of(field), text.to_owned()));
    if value.is_null() {
        return Ok(field.kind.empty());
    }
    if field.kind.is_list() {
        return list(field, value);
    }
    if field.kind == FieldType::Subtable {
        return rows(field, value);
    }
    if field.kind == FieldType::File {
        return if value.is_array() { Ok(value.clone()) } else { refuse("The value is not a list.") };
    }
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return refuse("The value is of the wrong type."),
    };
    match field.kind {
        FieldType::Number => number(field, &text),
        FieldType::RadioButton | FieldType::DropDown => one_option(field, text),
        _ if text.is_empty() => Ok(field.kind.empty()),
        FieldType::DateTime => datetime(&text).map_or_else(|| refuse("Invalid date and time."), Ok),
        FieldType::Date => match NaiveDate::parse_from_str(&text, "%Y-%m-%d") {
            Ok(date) => Ok(json!(date.to_string())),
            Err(_) => refuse("Invalid date."),
        },
        FieldType::Time => match NaiveTime::parse_from_str(&text, "%H:%M") {
            Ok(time) => Ok(json!(time.format("%H:%M").to_string())),
            Err(_) => refuse("Invalid time."),
        },
        FieldType::Link if field.protocol == "WEB" && !is_one_url(&text) => refuse("Enter a valid URL."),
        _ => match field.max_length {
            Some(max) if text.chars().count() > max => {
                refuse(&format!("Enter less than {} characters.", max.saturating_add(1)))
            }
            _ => Ok(json!(text)),
        },
    }
}

fn is_one_url(text: &str) -> bool {
    !text.contains(char::is_whitespace)
        && url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "ftp"))
}

fn one_option(field: &Field, text: String) -> Result<Value, Refused> {
    if text.is_empty() {
        Ok(Value::Null)
    } else if field.options.contains(&text) {
        Ok(Value::String(text))
    } else {
        Err(Refused(end_of(field), format!("The value, \"{text}\", is not in options.")))
    }
}

fn list(field: &Field, value: &Value) -> Result<Value, Refused> {
    let items = value.as_array().ok_or_else(|| Refused(end_of(field), "The value is not a list.".to_owned()))?;
    for (index, item) in items.iter().enumerate() {
        if !item.as_str().is_some_and(|text| field.options.iter().any(|option| option == text)) {
            let place = format!(".{}.values[{index}].value", field.code);
            return Err(Refused(place, format!("The value, {item}, is not in options.")));
        }
    }
    Ok(value.clone())
}

/// The place of a value that is no number is written with brackets (observed).
fn number(field: &Field, text: &str) -> Result<Value, Refused> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(json!(""));
    }
    match trimmed.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(json!(number.to_string())),
        _ => Err(Refused(format!("[{}].value", field.code), "Only numbers are allowed.".to_owned())),
    }
}

/// Seconds are dropped.
fn datetime(text: &str) -> Option<Value> {
    let minute_only = || DateTime::parse_from_str(&text.replace('Z', "+00:00"), "%Y-%m-%dT%H:%M%:z").ok();
    let at = DateTime::parse_from_rfc3339(text).ok().or_else(minute_only)?;
    Some(json!(minute(at.with_timezone(&Utc))))
}

/// An instant as kintone tells it: to the minute.
pub(super) fn minute(at: DateTime<Utc>) -> String {
    let whole = at.with_second(0).and_then(|at| at.with_nanosecond(0)).unwrap_or(at);
    whole.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn rows(field: &Field, value: &Value) -> Result<Value, Refused> {
    let given = value.as_array().ok_or_else(|| Refused(end_of(field), "The value is not a list.".to_owned()))?;
    let row = |(index, row): (usize, &Value)| {
        let mut cells = Map::new();
        for column in &field.inner {
            let written = row.pointer(&format!("/value/{}/value", column.code)).unwrap_or(&Value::Null);
            let value = normalise(column, written)
                .map_err(|Refused(end, text)| Refused(format!(".{}.value[{index}].value{end}", field.code), text))?;
            cells.insert(column.code.clone(), json!({"type": column.kind.wire(), "value": value}));
        }
        let id = row.get("id").and_then(Value::as_str).map_or_else(|| (index + 1).to_string(), str::to_owned);
        Ok(json!({"id": id, "value": cells}))
    };
    given.iter().enumerate().map(row).collect::<Result<Vec<_>, _>>().map(Value::Array)
}
