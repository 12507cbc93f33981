//! Carrying out COQL: it sees every record at once, indexed or not.

use super::State;
use super::answer::{Answer, Outcome};
use super::coql::{Condition, Operator, Query, Refused, parse};
use super::module::{Kind, Module, Record};
use chrono::DateTime;
use serde_json::{Value, json};
use std::cmp::Ordering;

fn refuse(refused: &Refused) -> Answer {
    Answer::refuse(400, refused.code, "error occurred while parsing the query", json!({"near": refused.near}))
}

fn no_column(name: &str) -> Answer {
    let details = json!({"column_name": name, "reason": "column given seems to be invalid"});
    Answer::refuse(400, "INVALID_QUERY", "invalid query formed", details)
}

fn value(record: &Record, column: &str) -> Option<String> {
    let (column, part) = column.split_once('.').unwrap_or((column, "id"));
    let value = record.values.get(column).filter(|value| !value.is_null())?;
    let value = if value.is_object() { value.get(part)? } else { value };
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// `%` is anything; case does not count.
fn like(stored: &str, pattern: &str) -> bool {
    let (stored, pattern) = (stored.to_lowercase(), pattern.to_lowercase());
    match (pattern.strip_prefix('%'), pattern.strip_suffix('%')) {
        (Some(rest), Some(_)) => stored.contains(rest.strip_suffix('%').unwrap_or(rest)),
        (Some(end), None) => stored.ends_with(end),
        (None, Some(start)) => stored.starts_with(start),
        (None, None) => stored == pattern,
    }
}

fn compare(module: &Module, column: &str, stored: &str, wanted: &str) -> Ordering {
    let kind = module.field(column).map(|field| field.kind);
    match kind {
        Some(Kind::DateTime) => {
            DateTime::parse_from_rfc3339(stored).ok().cmp(&DateTime::parse_from_rfc3339(wanted).ok())
        }
        Some(Kind::Integer) => stored.parse::<i64>().ok().cmp(&wanted.parse().ok()),
        _ => stored.to_lowercase().cmp(&wanted.to_lowercase()),
    }
}

fn holds(module: &Module, record: &Record, condition: &Condition) -> bool {
    match condition {
        Condition::And(a, b) => holds(module, record, a) && holds(module, record, b),
        Condition::Or(a, b) => holds(module, record, a) || holds(module, record, b),
        Condition::Compare { column, operator, values } => one(module, record, column, *operator, values),
    }
}

fn one(module: &Module, record: &Record, column: &str, operator: Operator, values: &[String]) -> bool {
    use Operator as O;
    let Some(stored) = value(record, column) else { return matches!(operator, O::IsNull | O::NotEqual | O::NotIn) };
    let order = || values.first().map(|wanted| compare(module, column, &stored, wanted));
    let among = || values.iter().any(|wanted| compare(module, column, &stored, wanted) == Ordering::Equal);
    match operator {
        O::Equal | O::In => among(),
        O::NotEqual | O::NotIn => !among(),
        O::Less => order() == Some(Ordering::Less),
        O::Greater => order() == Some(Ordering::Greater),
        O::LessOrEqual => order().is_some_and(Ordering::is_le),
        O::GreaterOrEqual => order().is_some_and(Ordering::is_ge),
        O::Like => values.first().is_some_and(|pattern| like(&stored, pattern)),
        O::NotLike => values.first().is_some_and(|pattern| !like(&stored, pattern)),
        O::IsNull => false,
        O::IsNotNull => true,
    }
}

fn columns(condition: &Condition) -> Vec<&str> {
    match condition {
        Condition::Compare { column, .. } => vec![column],
        Condition::And(a, b) | Condition::Or(a, b) => [columns(a), columns(b)].concat(),
    }
}

impl State {
    /// `POST /crm/v8/coql`.
    pub(super) fn coql(&self, body: &Value) -> Outcome {
        let text = body.get("select_query").and_then(Value::as_str);
        let missing = || {
            Answer::refuse(400, "MANDATORY_NOT_FOUND", "required field not found", json!({"api_name": "select_query"}))
        };
        let query = parse(text.ok_or_else(missing)?).map_err(|refused| refuse(&refused))?;
        let unknown = || Answer::refuse(400, "INVALID_QUERY", "invalid query formed", json!({"module": query.module}));
        let module = self.modules.get(&query.module).ok_or_else(unknown)?;
        let used = query.columns.iter().map(String::as_str).chain(columns(&query.condition));
        for column in used.chain(query.order.iter().map(|(column, _)| column.as_str())) {
            let top = column.split('.').next().unwrap_or_default();
            if top != "id" && module.field(top).is_none() {
                return Err(no_column(column));
            }
        }
        Ok(self.rows(module, &query))
    }

    fn rows(&self, module: &Module, query: &Query) -> Answer {
        let mut found: Vec<&Record> =
            module.records.values().filter(|record| holds(module, record, &query.condition)).collect();
        found.sort_by(|a, b| {
            let by = |(column, down): &(String, bool)| {
                let order = value(a, column).cmp(&value(b, column));
                if *down { order.reverse() } else { order }
            };
            query.order.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
        let shown: Vec<&Record> = found.iter().skip(query.offset).take(query.limit).copied().collect();
        if shown.is_empty() {
            return Answer::nothing();
        }
        let row = |record: &&Record| {
            let mut row = json!({"id": record.values["id"]});
            for column in &query.columns {
                // Of a look-up only the id is told.
                let stored = record.values.get(column).cloned().unwrap_or_default();
                row[column] = stored.get("id").map_or(stored.clone(), |id| json!({"id": id}));
            }
            row
        };
        let data: Vec<Value> = shown.iter().map(row).collect();
        let info = json!({"count": data.len(), "more_records": found.len() > query.offset + data.len()});
        Answer::ok(json!({"data": data, "info": info}))
    }
}
