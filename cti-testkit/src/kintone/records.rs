//! Reading and writing records.

use super::api::Outcome;
use super::app::FieldType;
use super::error::ApiError;
use super::params::{Params, number, revision};
use super::store::Table;
use super::{query, select};
use serde_json::{Map, Value, json};

/// The longest value of an update key, in characters.
const MAX_KEY: usize = 64;

/// Bulk writes take effect as a whole or not at all.
pub(super) fn all_or_nothing(table: &mut Table, write: impl FnOnce(&mut Table) -> Outcome) -> Outcome {
    let before = table.clone();
    let answer = write(table);
    if answer.is_err() {
        *table = before;
    }
    answer
}

pub(super) fn get_one(table: &Table, params: &Params) -> Outcome {
    let id = params.need("id")?;
    let record = table.records.get(&id).ok_or_else(|| ApiError::no_record(id))?;
    Ok(json!({"record": record.read(&table.app, None)}))
}

pub(super) fn get_many(table: &Table, params: &Params) -> Outcome {
    let query = query::parse(params.text("query"))?;
    let (found, total) = select::select(table, &query)?;
    let fields = params.texts("fields");
    let records: Vec<Value> = found.into_iter().map(|record| record.read(&table.app, fields.as_deref())).collect();
    let total = params.flag("totalCount").then(|| total.to_string());
    Ok(json!({"records": records, "totalCount": total}))
}

pub(super) fn add_one(table: &mut Table, params: &Params) -> Outcome {
    let id = table.insert(record_in(params.object()), "record")?;
    Ok(json!({"id": id.to_string(), "revision": "1"}))
}

pub(super) fn add_many(table: &mut Table, params: &Params) -> Outcome {
    let (mut ids, mut revisions) = (Vec::new(), Vec::new());
    for (index, record) in params.list("records")?.iter().enumerate() {
        let record = record.as_object().ok_or_else(|| ApiError::missing("records"))?;
        ids.push(table.insert(record, &format!("records[{index}]"))?.to_string());
        revisions.push("1");
    }
    Ok(json!({"ids": ids, "revisions": revisions}))
}

pub(super) fn update_one(table: &mut Table, params: &Params) -> Outcome {
    let item = params.object();
    let id = match target(table, item, "")? {
        Target::Id(id) => id,
        Target::Missing { .. } => return Err(no_record_for_key()),
    };
    let new = table.update(id, record_in(item), revision(item.get("revision")), "record")?;
    Ok(json!({"revision": new.to_string()}))
}

pub(super) fn update_many(table: &mut Table, params: &Params, upsert: bool) -> Outcome {
    let mut done = Vec::new();
    for (index, item) in params.list("records")?.iter().enumerate() {
        let place = format!("records[{index}]");
        let item = item.as_object().ok_or_else(|| ApiError::missing("records"))?;
        let (id, revision, operation) = match target(table, item, &format!("{place}."))? {
            Target::Id(id) if upsert && !table.records.contains_key(&id) => {
                (table.insert(record_in(item), &place)?, 1, "INSERT")
            }
            Target::Id(id) => {
                (id, table.update(id, record_in(item), revision(item.get("revision")), &place)?, "UPDATE")
            }
            Target::Missing { field, value } if upsert => {
                let mut record = record_in(item).clone();
                record.insert(field, json!({"value": value}));
                (table.insert(&record, &place)?, 1, "INSERT")
            }
            Target::Missing { .. } => return Err(no_record_for_key()),
        };
        let mut line = json!({"id": id.to_string(), "revision": revision.to_string()});
        if upsert {
            line["operation"] = operation.into();
        }
        done.push(line);
    }
    Ok(json!({"records": done}))
}

pub(super) fn delete_many(table: &mut Table, params: &Params) -> Outcome {
    let ids = params.list("ids")?;
    let revisions = params.list("revisions").unwrap_or(&[]);
    for (index, id) in ids.iter().enumerate() {
        let id = number(id).ok_or_else(|| ApiError::parameter("ids", "Enter an integer value."))?;
        table.delete(id, revision(revisions.get(index)))?;
    }
    Ok(json!({}))
}

fn record_in(item: &Map<String, Value>) -> &Map<String, Value> {
    static NOTHING: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    item.get("record").and_then(Value::as_object).unwrap_or(&NOTHING)
}

fn no_record_for_key() -> ApiError {
    ApiError::new(404, "GAIA_RE20", "The record with the specified updateKey is not found.")
}

/// Which record an update means.
enum Target {
    Id(u64),
    Missing { field: String, value: String },
}

fn target(table: &Table, item: &Map<String, Value>, place: &str) -> Result<Target, ApiError> {
    let (id, key) = (item.get("id").filter(|id| !id.is_null()), item.get("updateKey").filter(|key| !key.is_null()));
    let (id, key) = match (id, key) {
        (Some(id), None) => (Some(id), None),
        (None, Some(key)) => (None, Some(key)),
        _ => return Err(ApiError::parameter(&format!("{place}id"), "Specify either id or updateKey.")),
    };
    if let Some(id) = id {
        let wrong = || ApiError::parameter(&format!("{place}id"), "Enter an integer value.");
        return number(id).map(Target::Id).ok_or_else(wrong);
    }
    let field = key.and_then(|key| key.get("field")).and_then(Value::as_str).unwrap_or_default();
    let value = match key.and_then(|key| key.get("value")) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => return Err(ApiError::missing(&format!("{place}updateKey.value"))),
    };
    by_key(table, field, value, place)
}

fn by_key(table: &Table, field: &str, value: String, place: &str) -> Result<Target, ApiError> {
    let rules = table.app.top(field).ok_or_else(|| ApiError::unknown_field(field))?;
    if !rules.unique || !matches!(rules.kind, FieldType::SingleLineText | FieldType::Number) {
        return Err(ApiError::new(400, "GAIA_IQ27", "The field cannot be used as updateKey."));
    }
    if value.is_empty() {
        return Err(ApiError::missing(&format!("{place}updateKey.value")));
    }
    if value.chars().count() > MAX_KEY {
        return Err(ApiError::parameter(&format!("{place}updateKey.value"), "Enter less than 65 characters."));
    }
    let found = table.records.values().find(|record| record.cells(&table.app, field) == [value.as_str()]);
    Ok(found.map_or_else(|| Target::Missing { field: field.to_owned(), value }, |record| Target::Id(record.id)))
}
