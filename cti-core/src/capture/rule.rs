//! From settings to rules, and from a body to rows.

use super::answer::{Hits, Row};
use super::error::{CaptureError, ReadError};
use super::path::Path;
use super::settings::{BodyRule, CaptureSettings, Delimited, JsonRule, Positions, Purpose, Statuses};
use super::{Capture, MAX_ROWS, pattern, table};
use crate::template::{Names as Known, TemplateError, is_return_name};
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeMap;

/// How a body is read: all of it was found right.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    Json { rows: Option<Path>, fields: Vec<(String, Path)> },
    Pattern(Regex),
    Delimited(Delimited),
    Positions(Positions),
}

/// The names that get values, and whether they are secret.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(BTreeMap<String, bool>);

impl Names {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, bool)> {
        self.0.iter().map(|(name, secret)| (name.as_str(), *secret))
    }

    pub(super) fn is_secret(&self, name: &str) -> bool {
        self.0.get(name).copied().unwrap_or(true)
    }
}

pub(super) fn compile(settings: &CaptureSettings, purpose: Purpose) -> Result<Capture, Vec<CaptureError>> {
    let mut compiler = Compiler { settings, purpose, names: Names::default(), errors: Vec::new() };
    let body = settings.body.as_ref().and_then(|rule| compiler.body(rule));
    settings.headers.keys().for_each(|name| compiler.name(&format!("headers.{name}"), name, 0, name));
    settings.cookies.keys().for_each(|name| compiler.name(&format!("cookies.{name}"), name, 0, name));
    settings.status.iter().for_each(|name| compiler.name("status", name, 0, name));
    compiler.something_is_captured();
    compiler.public_names_exist();
    if !compiler.errors.is_empty() {
        return Err(compiler.errors);
    }
    Ok(Capture {
        body,
        headers: settings.headers.clone(),
        cookies: settings.cookies.clone(),
        status: settings.status.clone(),
        success: settings.success.clone(),
        none: settings.none.clone().unwrap_or_else(Statuses::nothing),
        names: compiler.names,
    })
}

struct Compiler<'a> {
    settings: &'a CaptureSettings,
    purpose: Purpose,
    names: Names,
    errors: Vec<CaptureError>,
}

impl Compiler<'_> {
    fn fail(&mut self, key: impl Into<String>, place: TemplateError) {
        self.errors.push(CaptureError::new(key, place));
    }

    fn keep<T>(&mut self, key: &str, read: Result<T, TemplateError>) -> Option<T> {
        read.map_err(|error| self.fail(key, error)).ok()
    }

    /// Declares a name that stands at `at` in `text`.
    fn name(&mut self, key: &str, text: &str, at: usize, name: &str) {
        let returned = is_return_name(name);
        let error = |message: String| TemplateError::new(text, at, name.len(), message);
        if returned && self.purpose == Purpose::Session {
            let place = error(format!("{name} is filled by the search")).help("choose a name of your own");
            return self.fail(key, place);
        }
        if !returned && let Err(wrong) = Known::default().with(name) {
            return self.fail(key, error(wrong.message().to_owned()));
        }
        let secret = self.purpose == Purpose::Session && !self.settings.public.contains(name);
        self.names.0.insert(name.to_owned(), secret);
    }

    fn body(&mut self, rule: &BodyRule) -> Option<Rule> {
        match rule {
            BodyRule::Json(rule) => self.json(rule),
            BodyRule::Regex(text) => self.pattern("body.regex", text, pattern::regex(text)),
            BodyRule::Text(text) => self.pattern("body.text", text, pattern::text(text)),
            BodyRule::Delimited(rule) => {
                if rule.delimiter.is_empty() || rule.delimiter.len() > 16 || rule.delimiter.contains(['\r', '\n']) {
                    let message = "a delimiter is 1 to 16 bytes, and no end of a line";
                    let place = TemplateError::new(&rule.delimiter, 0, rule.delimiter.len(), message);
                    self.fail("body.delimited.delimiter", place);
                }
                for (at, name) in rule.columns.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
                    let key = format!("body.delimited.columns[{at}]");
                    if rule.columns[..at].contains(name) {
                        self.fail(&*key, TemplateError::new(name, 0, name.len(), "this name is there twice"));
                    }
                    self.name(&key, name, 0, name);
                }
                Some(Rule::Delimited(rule.clone()))
            }
            BodyRule::Positions(rule) => {
                for (name, &[first, last]) in &rule.columns {
                    let key = format!("body.positions.columns.{name}");
                    if first == 0 || last < first {
                        let text = format!("[{first}, {last}]");
                        let message = "the first character counts as 1, and the last is not before the first";
                        self.fail(&*key, TemplateError::new(&text, 0, text.len(), message));
                    }
                    self.name(&key, name, 0, name);
                }
                Some(Rule::Positions(rule.clone()))
            }
        }
    }

    fn json(&mut self, rule: &JsonRule) -> Option<Rule> {
        let rows = rule.rows.as_ref().map(|rows| self.keep("body.json.rows", Path::parse(rows)));
        let mut fields = Vec::new();
        for (name, path) in &rule.fields {
            let key = format!("body.json.fields.{name}");
            self.name(&key, name, 0, name);
            fields.extend(self.keep(&key, Path::parse(path)).map(|path| (name.clone(), path)));
        }
        match rows {
            Some(rows) => rows.map(|rows| Rule::Json { rows: Some(rows), fields }),
            None => Some(Rule::Json { rows: None, fields }),
        }
    }

    fn pattern(&mut self, key: &str, text: &str, compiled: Result<Regex, TemplateError>) -> Option<Rule> {
        let compiled = self.keep(key, compiled)?;
        for name in compiled.capture_names().flatten() {
            let at = if key == "body.text" { text.find(name).unwrap_or(0) } else { pattern::place_of_name(text, name) };
            self.name(key, text, at, name);
        }
        Some(Rule::Pattern(compiled))
    }

    fn something_is_captured(&mut self) {
        if self.names.0.is_empty() && self.errors.is_empty() {
            let place =
                TemplateError::new("", 0, 0, "no variable gets a value").help("name one in body, headers or status");
            self.fail("body", place);
        }
    }

    fn public_names_exist(&mut self) {
        for name in self.settings.public.iter().filter(|name| !self.names.0.contains_key(*name)) {
            let mut place = TemplateError::new(name, 0, name.len(), "no variable of that name gets a value");
            if let Some(near) = crate::template::nearest(name, self.names.0.keys().map(String::as_str)) {
                place = place.help(format!("did you mean {near}?"));
            }
            self.errors.push(CaptureError::new("public", place));
        }
    }
}

/// The rows that were found so far.
pub(super) struct Found<'a> {
    names: &'a Names,
    rows: Vec<Row>,
    total: usize,
}

impl<'a> Found<'a> {
    pub(super) fn new(names: &'a Names) -> Self {
        Self { names, rows: Vec::new(), total: 0 }
    }

    /// Adds a row, unless nothing is in it.
    fn add<N: AsRef<str>, V: AsRef<str>>(&mut self, values: impl Iterator<Item = (N, V)>) {
        let mut row = Row::default();
        for (name, value) in values {
            row.put(name.as_ref(), value.as_ref(), self.names.is_secret(name.as_ref()));
        }
        if !row.is_empty() {
            self.total += 1;
            if self.rows.len() < MAX_ROWS {
                self.rows.push(row);
            }
        }
    }

    /// What was found, each row with what stood around the body.
    pub(super) fn into_hits(mut self, around: &Row) -> Hits {
        self.rows.iter_mut().for_each(|row| row.complete(around));
        Hits::of(self.rows, self.total)
    }
}

impl Rule {
    pub(super) fn read(&self, body: &str, found: &mut Found<'_>) -> Result<(), ReadError> {
        match self {
            Self::Json { rows, fields } => {
                let not_json =
                    |error: serde_json::Error| ReadError::NotJson { line: error.line(), column: error.column() };
                let document: Value = serde_json::from_str(body).map_err(not_json)?;
                let hits = rows.as_ref().map_or_else(|| vec![&document], |rows| rows.select(&document));
                for hit in hits {
                    let value = |path: &Path| path.select(hit).into_iter().find_map(scalar);
                    found.add(fields.iter().filter_map(|(name, path)| value(path).map(|value| (name, value))));
                }
            }
            Self::Pattern(regex) => {
                for captures in regex.captures_iter(body) {
                    let named = regex.capture_names().flatten();
                    found.add(named.filter_map(|name| captures.name(name).map(|value| (name, value.as_str()))));
                }
            }
            Self::Delimited(rule) => {
                table::lines(body, rule.skip_lines).for_each(|line| found.add(table::columns(rule, line)));
            }
            Self::Positions(rule) => {
                table::lines(body, rule.skip_lines).for_each(|line| found.add(table::positions(rule, line)));
            }
        }
        Ok(())
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
