//! `GET /crm/v8/{module}` and `/search`: what is indexed, and no more than 2000 of it.

use super::State;
use super::answer::{Answer, Outcome};
use super::module::{Module, Record};
use super::params::Params;
use super::records::no_module;
use serde_json::{Value, json};

/// How many rows a search gives in all.
const MOST: usize = 2000;

/// Which of its parameters a search goes by, the first of those given.
const KEYS: [&str; 4] = ["criteria", "email", "phone", "word"];

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn text<'a>(record: &'a Record, name: &str) -> &'a str {
    record.values.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn invalid(name: &str) -> Answer {
    Answer::refuse(400, "INVALID_DATA", "invalid data", json!({"param_name": name}))
}

/// Whether the record fits. How Zoho compares numbers is not documented: here punctuation does not count, and a country
/// code does.
fn fits(module: &Module, record: &Record, key: &str, wanted: &str) -> bool {
    match key {
        "phone" => module.phones().any(|phone| digits(text(record, phone)) == digits(wanted)),
        "email" => text(record, "Email").eq_ignore_ascii_case(wanted),
        "word" => record.values.values().filter_map(Value::as_str).any(|value| value.contains(wanted)),
        _ => criteria(record, wanted),
    }
}

/// `((Phone:equals:98765)or(Mobile:equals:98765))`, of which `equals` on a text means "contains".
fn criteria(record: &Record, wanted: &str) -> bool {
    wanted.split(")or(").any(|part| {
        let part = part.trim_matches(['(', ')']);
        let mut words = part.splitn(3, ':');
        let (field, operator, value) = (words.next(), words.next(), words.next().unwrap_or_default());
        let stored = field.map(|field| text(record, field)).unwrap_or_default();
        match operator {
            Some("equals") => !stored.is_empty() && stored.contains(value),
            Some("starts_with") => !stored.is_empty() && stored.starts_with(value),
            Some("in") => value.split(',').any(|value| value == stored),
            _ => false,
        }
    })
}

impl State {
    /// `GET /crm/v8/{module}/search`.
    pub(super) fn search(&self, module: &str, params: &Params) -> Outcome {
        let known = self.modules.get(module).ok_or_else(no_module)?;
        let given = KEYS.iter().find_map(|key| Some((*key, params.get(key)?)));
        let missing = || {
            let details = json!({"param_names": KEYS});
            Answer::refuse(400, "EXPECTED_PARAM_MISSING", "one of the expected parameter is missing", details)
        };
        let (key, wanted) = given.ok_or_else(missing)?;
        let wanted = wanted.trim();
        let odd = |c: char| !(c.is_ascii_alphanumeric() || "+ .-()".contains(c));
        if wanted.chars().count() < 2 || (key == "phone" && wanted.contains(odd)) {
            return Err(invalid(key));
        }
        let converted = params.get("converted").unwrap_or("false");
        let shown = |record: &&Record| {
            let is_converted = record.values.get("Converted__s") == Some(&json!(true));
            record.indexed && (converted == "both" || is_converted == (converted == "true"))
        };
        let found: Vec<&Record> =
            known.records.values().filter(shown).filter(|record| fits(known, record, key, wanted)).collect();
        self.page(module, &found, params)
    }

    /// `GET /crm/v8/{module}`.
    pub(super) fn list(&self, module: &str, params: &Params) -> Outcome {
        let known = self.modules.get(module).ok_or_else(no_module)?;
        if params.get("fields").is_none() {
            let details = json!({"param_name": "fields"});
            return Err(Answer::refuse(
                400,
                "REQUIRED_PARAM_MISSING",
                "One of the expected parameter is missing",
                details,
            ));
        }
        self.page(module, &known.records.values().collect::<Vec<_>>(), params)
    }

    fn page(&self, module: &str, found: &[&Record], params: &Params) -> Outcome {
        let per_page = params.number("per_page").unwrap_or(200);
        let page = params.number("page").unwrap_or(1).max(1);
        if per_page == 0 || per_page > 200 {
            return Err(invalid("per_page"));
        }
        let start = (page - 1) * per_page;
        if start >= MOST {
            let details = json!({"limit": MOST});
            return Err(Answer::refuse(400, "LIMIT_REACHED", "the limit has been reached", details));
        }
        let rows: Vec<&&Record> = found.iter().skip(start).take(per_page).collect();
        if rows.is_empty() {
            return Ok(Answer::nothing());
        }
        let fields: Option<Vec<&str>> = params.get("fields").map(|fields| fields.split(',').map(str::trim).collect());
        let data: Vec<Value> = rows.iter().map(|record| self.show(module, record, fields.as_deref())).collect();
        let info = json!({"per_page": per_page, "count": data.len(), "page": page, "sort_by": "id", "sort_order": "desc",
            "more_records": found.len() > start + data.len()});
        Ok(Answer::ok(json!({"data": data, "info": info})))
    }

    /// `GET /crm/v8/{module}/actions/count`.
    pub(super) fn count(&self, module: &str, params: &Params) -> Outcome {
        let answer = self.search(module, params)?;
        let count = answer.body.as_ref().and_then(|body| body["data"].as_array()).map_or(0, Vec::len);
        Ok(Answer::ok(json!({"count": count})))
    }
}
