//! The records of an app.

use super::app::{App, FieldType};
use super::check::{self, Values, minute};
use super::cursor::Cursor;
use super::error::ApiError;
use super::files::Stored;
use super::settings::Draft;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A record.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) id: u64,
    pub(super) revision: u64,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
    pub(super) values: Values,
    pub(super) comments: BTreeMap<u64, Value>,
    pub(super) last_comment: u64,
}

impl Record {
    /// The values of a field as texts: one, or one for each choice or table row.
    pub(super) fn cells(&self, app: &App, code: &str) -> Vec<String> {
        if code == "$id" {
            return vec![self.id.to_string()];
        }
        if let Some((table, _)) = app.column(code) {
            let rows = self.values.get(&table.code).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            return rows.iter().flat_map(|row| texts(row.pointer(&format!("/value/{code}/value")))).collect();
        }
        match app.top(code) {
            Some(field) if field.kind.is_system() => texts(Some(&self.system(field.kind.wire()))),
            _ => texts(self.values.get(code)),
        }
    }

    fn system(&self, kind: &str) -> Value {
        match kind {
            "RECORD_NUMBER" => json!(self.id.to_string()),
            "CREATED_TIME" => json!(minute(self.created)),
            "UPDATED_TIME" => json!(minute(self.updated)),
            // What a token writes is written by the administrator.
            _ => json!({"code": "Administrator", "name": "Administrator"}),
        }
    }

    /// The record as it is read; with `fields`, those alone.
    pub(super) fn read(&self, app: &App, fields: Option<&[String]>) -> Value {
        let mut all = Map::new();
        all.insert("$id".to_owned(), json!({"type": "__ID__", "value": self.id.to_string()}));
        all.insert("$revision".to_owned(), json!({"type": "__REVISION__", "value": self.revision.to_string()}));
        for field in app.fields.iter().filter(|field| field.kind != FieldType::ReferenceTable) {
            if fields.is_some_and(|wanted| !wanted.contains(&field.code)) {
                continue;
            }
            let kind = field.kind.wire();
            let value = if field.kind.is_system() {
                self.system(kind)
            } else {
                self.values.get(&field.code).cloned().unwrap_or_else(|| field.kind.empty())
            };
            all.insert(field.code.clone(), json!({"type": kind, "value": value}));
        }
        if let Some(wanted) = fields {
            all.retain(|code, _| wanted.contains(code));
        }
        Value::Object(all)
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) if !items.is_empty() => items.iter().flat_map(|item| texts(Some(item))).collect(),
        Some(Value::Object(person)) => texts(person.get("code")),
        _ => vec![String::new()],
    }
}

/// Everything that is in a kintone.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    pub(super) tables: BTreeMap<u64, Table>,
    pub(super) drafts: BTreeMap<u64, Draft>,
    pub(super) cursors: BTreeMap<String, Cursor>,
    pub(super) files: BTreeMap<String, Stored>,
    keys: u64,
}

impl Contents {
    pub(super) fn table(&mut self, id: u64) -> Result<&mut Table, ApiError> {
        self.tables.get_mut(&id).ok_or_else(|| ApiError::no_app(id))
    }

    /// A key that was never given before.
    pub(super) fn next_key(&mut self, kind: &str) -> String {
        self.keys += 1;
        format!("{kind}-{:08}", self.keys)
    }
}

/// An app and its records.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) app: App,
    pub(super) records: BTreeMap<u64, Record>,
    last_id: u64,
}

impl Table {
    pub(super) fn new(app: App) -> Self {
        Self { app, records: BTreeMap::new(), last_id: 0 }
    }

    /// Adds a record; gives its id.
    pub(super) fn insert(&mut self, input: &Map<String, Value>, place: &str) -> Result<u64, ApiError> {
        let defaults = self.app.fields.iter().filter_map(|field| Some((field.code.clone(), field.default.clone()?)));
        let mut values: Values = defaults.collect();
        check::apply(&self.app, &mut values, input, place)?;
        let others: Vec<&Values> = self.records.values().map(|record| &record.values).collect();
        check::check(&self.app, &values, &others, place)?;
        self.last_id += 1;
        let now = Utc::now();
        let record = Record {
            id: self.last_id,
            revision: 1,
            created: now,
            updated: now,
            values,
            comments: BTreeMap::new(),
            last_comment: 0,
        };
        self.records.insert(self.last_id, record);
        Ok(self.last_id)
    }

    /// Adds a record as it is, without asking the form: for many.
    pub(super) fn put(&mut self, updated: DateTime<Utc>, input: &Map<String, Value>) {
        self.last_id += 1;
        let cells = input.iter().filter_map(|(code, cell)| Some((code.clone(), cell.get("value")?.clone())));
        let (values, comments) = (cells.collect(), BTreeMap::new());
        let record =
            Record { id: self.last_id, revision: 1, created: updated, updated, values, comments, last_comment: 0 };
        self.records.insert(self.last_id, record);
    }

    /// Changes a record; gives its new revision. The record as a whole must keep the rules, not only what changes.
    pub(super) fn update(
        &mut self,
        id: u64,
        input: &Map<String, Value>,
        expected: Option<u64>,
        place: &str,
    ) -> Result<u64, ApiError> {
        let old = self.records.get(&id).ok_or_else(|| ApiError::no_record(id))?;
        if expected.is_some_and(|expected| expected != old.revision) {
            return Err(ApiError::revision());
        }
        let mut values = old.values.clone();
        check::apply(&self.app, &mut values, input, place)?;
        let others: Vec<&Values> =
            self.records.values().filter(|other| other.id != id).map(|other| &other.values).collect();
        check::check(&self.app, &values, &others, place)?;
        let record = self.records.get_mut(&id).ok_or_else(|| ApiError::no_record(id))?;
        record.values = values;
        record.revision += 1;
        record.updated = Utc::now();
        Ok(record.revision)
    }

    /// Removes a record.
    pub(super) fn delete(&mut self, id: u64, expected: Option<u64>) -> Result<(), ApiError> {
        let old = self.records.get(&id).ok_or_else(|| ApiError::no_record(id))?;
        if expected.is_some_and(|expected| expected != old.revision) {
            return Err(ApiError::revision());
        }
        self.records.remove(&id);
        Ok(())
    }
}
