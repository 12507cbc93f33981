//! What of an answer becomes which variable.

use crate::client::content_type;
use crate::step::Step;
use cti_core::{Error, ErrorKind, Result};
use cti_http::Reply;
use cti_http::header::HeaderName;
use serde_json::Value;
use std::collections::BTreeMap;

/// More customers of one number a person cannot choose from.
const MOST: usize = 50;
/// Characters of one variable.
const LONGEST: usize = 1024;

/// Where a variable is in an answer.
#[derive(Debug, Clone)]
enum Source {
    Json(String),
    Header(HeaderName),
}

/// The captures of a step.
#[derive(Debug, Default)]
pub(crate) struct Captures {
    each: Option<String>,
    all: Vec<(String, bool, Source)>,
}

impl Captures {
    pub(crate) fn compile(step: &Step, fault: &mut dyn FnMut(&str, String)) -> Option<Self> {
        let mut all = Vec::new();
        for captured in &step.captures {
            match Source::parse(&captured.from) {
                Ok(source) => all.push((captured.name.clone(), captured.secret, source)),
                Err(why) => fault(&format!("captures.{}", captured.name), why.to_owned()),
            }
        }
        let each = match step.each.as_deref().map(Source::parse) {
            None => None,
            Some(Ok(Source::Json(pointer))) => Some(pointer),
            Some(_) => {
                fault("each", "must be json:/path/to/the/list".to_owned());
                None
            }
        };
        Some(Self { each, all })
    }

    /// The names, and whether they are secret.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, bool)> {
        self.all.iter().map(|(name, secret, _)| (name.as_str(), *secret))
    }

    /// The variables: one set for each customer in the answer.
    pub(crate) fn read(&self, answer: &Reply) -> Result<Vec<BTreeMap<String, String>>> {
        let needs_json = self.each.is_some() || self.all.iter().any(|(.., source)| matches!(source, Source::Json(_)));
        let body = if needs_json { json(answer)? } else { Value::Null };
        let elements: Vec<&Value> = match &self.each {
            None => vec![&body],
            Some(pointer) => body.pointer(pointer).and_then(Value::as_array).into_iter().flatten().take(MOST).collect(),
        };
        Ok(elements.into_iter().map(|element| self.one(element, answer)).collect())
    }

    fn one(&self, element: &Value, answer: &Reply) -> BTreeMap<String, String> {
        let value = |source: &Source| match source {
            Source::Json(pointer) => element.pointer(pointer).and_then(text),
            Source::Header(name) => answer.headers.get(name).and_then(|value| value.to_str().ok().map(str::to_owned)),
        };
        self.all.iter().filter_map(|(name, _, source)| Some((name.clone(), tidy(&value(source)?)))).collect()
    }
}

impl Source {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match text.split_once(':') {
            Some(("json", pointer)) if pointer.is_empty() || pointer.starts_with('/') => {
                Ok(Self::Json(pointer.to_owned()))
            }
            Some(("header", name)) => {
                HeaderName::from_bytes(name.as_bytes()).map(Self::Header).map_err(|_| "this is no name of a header")
            }
            _ => Err("must be json:/path or header:name"),
        }
    }
}

fn json(answer: &Reply) -> Result<Value> {
    serde_json::from_slice(&answer.body).map_err(|_| {
        let error = Error::new(ErrorKind::Protocol, "the answer is not JSON");
        match content_type(answer) {
            Some(kind) => error.with("content_type", kind.chars().take(64).collect::<String>()),
            None => error,
        }
    })
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// One line, of bounded length.
fn tidy(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    line.trim().to_owned()
}
