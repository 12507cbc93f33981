//! What Zoho makes of the values of one record, and what it refuses.

use super::answer::envelope;
use super::module::{Field, Kind, Module};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value, json};

/// In which form `Call_Duration` is taken: Zoho's pages disagree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DurationForm {
    /// `mm:ss`.
    #[default]
    MinutesSeconds,
    /// `HH:mm`.
    HoursMinutes,
}

impl DurationForm {
    /// The seconds that the text means.
    pub(super) fn seconds(self, text: &str) -> Option<u64> {
        let (high, low) = text.split_once(':')?;
        let (high, low): (u64, u64) = (high.parse().ok()?, low.parse().ok().filter(|low| *low < 60)?);
        let units = high.checked_mul(60)?.checked_add(low)?;
        if self == Self::MinutesSeconds { Some(units) } else { units.checked_mul(60) }
    }
}

fn invalid(field: &str, index: usize, expected: &str) -> Value {
    let details =
        json!({"expected_data_type": expected, "api_name": field, "json_path": format!("$.data[{index}].{field}")});
    envelope("INVALID_DATA", "invalid data", details)
}

fn missing(field: &str, index: usize) -> Value {
    let details = json!({"api_name": field, "json_path": format!("$.data[{index}].{field}")});
    envelope("MANDATORY_NOT_FOUND", "required field not found", details)
}

/// Checks what is written; `index` is the place in `data`. Unknown names are ignored.
pub(super) fn values(module: &Module, input: &Map<String, Value>, index: usize) -> Result<Map<String, Value>, Value> {
    let mut out = Map::new();
    for (name, value) in input {
        if name == "$se_module" {
            out.insert(name.clone(), value.clone());
            continue;
        }
        let Some(field) = module.field(name).filter(|field| !field.read_only) else { continue };
        out.insert(name.clone(), one(field, value, index)?);
    }
    Ok(out)
}

fn one(field: &Field, value: &Value, index: usize) -> Result<Value, Value> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let refuse = |expected: &str| Err(invalid(&field.name, index, expected));
    match field.kind {
        Kind::Lookup => return lookup(value).map_or_else(|| refuse("jsonobject"), Ok),
        Kind::Integer => return if value.is_i64() { Ok(value.clone()) } else { refuse("integer") },
        Kind::Boolean => return if value.is_boolean() { Ok(value.clone()) } else { refuse("boolean") },
        _ => {}
    }
    let Some(text) = value.as_str() else { return refuse("text") };
    if text.chars().count() > field.length {
        let details = json!({"maximum_length": field.length, "api_name": field.name,
            "json_path": format!("$.data[{index}].{}", field.name)});
        return Err(envelope("INVALID_DATA", "invalid data", details));
    }
    let good = match field.kind {
        // `Z` is not documented, but Zoho's own SDK writes it.
        Kind::DateTime => DateTime::parse_from_rfc3339(text).is_ok() && !text.contains('.'),
        Kind::Date => NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok(),
        Kind::Phone => text.chars().all(|c| c.is_ascii_alphanumeric() || "+ .-(),;#/".contains(c)),
        Kind::Website => url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https")),
        _ => true,
    };
    if good { Ok(value.clone()) } else { refuse(&format!("{:?}", field.kind).to_lowercase()) }
}

/// A look-up is `{"id":…}` or the bare id, as text or number.
fn lookup(value: &Value) -> Option<Value> {
    let id = value.get("id").unwrap_or(value);
    let id = id.as_str().map(str::to_owned).or_else(|| id.as_u64().map(|id| id.to_string()))?;
    Some(json!({"id": id}))
}

/// Checks a record as it would be stored.
pub(super) fn whole(module: &Module, record: &Map<String, Value>, index: usize) -> Result<(), Value> {
    let empty = |name: &str| match record.get(name) {
        None | Some(Value::Null) => true,
        Some(value) => value.as_str().is_some_and(|text| text.trim().is_empty()),
    };
    match module.fields.iter().find(|field| field.mandatory && empty(&field.name)) {
        Some(field) => Err(missing(&field.name, index)),
        None => Ok(()),
    }
}

/// The rules of the Calls module.
pub(super) fn call(record: &Map<String, Value>, form: DurationForm, index: usize) -> Result<(), Value> {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    let kind = text("Call_Type");
    if !matches!(kind, "Inbound" | "Outbound" | "Missed") {
        return Err(invalid("Call_Type", index, "picklist"));
    }
    let start = DateTime::parse_from_rfc3339(text("Call_Start_Time"));
    if start.is_ok_and(|start| start.with_timezone(&Utc) > Utc::now()) {
        return Err(invalid("Call_Start_Time", index, "datetime"));
    }
    if kind != "Missed" && form.seconds(text("Call_Duration")).is_none_or(|seconds| seconds == 0) {
        return Err(invalid("Call_Duration", index, "text"));
    }
    if record.get("What_Id").is_some_and(|what| !what.is_null()) && text("$se_module").is_empty() {
        return Err(missing("$se_module", index));
    }
    Ok(())
}

/// What must not be changed in a call that was written.
pub(super) fn call_change(old: &Map<String, Value>, new: &Map<String, Value>, index: usize) -> Result<(), Value> {
    for name in ["Call_Type", "Owner"] {
        if new.get(name).is_some_and(|value| old.get(name) != Some(value)) {
            return Err(invalid(name, index, "unchanged"));
        }
    }
    Ok(())
}
