//! Where the values of a JSON body stand.

use super::error::TemplateError;
use super::escape::Escape;
use super::parse::Node;
use super::place::Part;
use serde_json::Value;

/// Stands for the first value when the body is tried out, the next character for the second, and so on. From the private
/// use area: no character that JSON knows, and no hex digit.
const FIRST_MARK: u32 = 0xf_0000;
/// How many values can be told apart.
const MARKS: usize = 0xfffd;

pub(super) fn place(text: &str, nodes: Vec<Node>) -> Result<Vec<Part>, TemplateError> {
    let trial = Trial::of(&nodes);
    if trial.values.len() > MARKS {
        return Err(TemplateError::new(text, 0, 0, "there are too many values"));
    }
    let body = serde_json::from_str::<Value>(&trial.body).map_err(|error| trial.explain(text, &error))?;
    if let Some(index) = mark_in_a_name(&body) {
        let (at, length) = trial.values.get(index).copied().unwrap_or_default();
        return Err(TemplateError::new(text, at, length, "no value can stand in the name of a field"));
    }
    let part = |node| match node {
        Node::Literal { text, .. } => Part::Literal(text),
        Node::Value(value) => Part::Value { value, escape: Escape::Json },
    };
    Ok(nodes.into_iter().map(part).collect())
}

/// The body with a mark for each value.
#[derive(Default)]
struct Trial {
    body: String,
    /// Where each value stands in the template.
    values: Vec<(usize, usize)>,
    /// Where each piece begins, in the body and in the template.
    pieces: Vec<(usize, usize)>,
}

impl Trial {
    fn of(nodes: &[Node]) -> Self {
        let mut trial = Self::default();
        for node in nodes {
            let start = trial.body.len();
            match node {
                Node::Literal { at, text } => {
                    trial.pieces.push((start, *at));
                    trial.body.push_str(text);
                }
                Node::Value(super::parse::Value { at, length, .. }) => {
                    trial.pieces.push((start, *at));
                    trial
                        .body
                        .extend(u32::try_from(trial.values.len()).ok().and_then(|n| char::from_u32(FIRST_MARK + n)));
                    trial.values.push((*at, *length));
                }
            }
        }
        trial
    }

    /// The error of the JSON parser, at its place in the template.
    fn explain(&self, text: &str, error: &serde_json::Error) -> TemplateError {
        let line_start: usize =
            self.body.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let at = (line_start + error.column().saturating_sub(1)).min(self.body.len());
        let piece = self.pieces.iter().rev().find(|(start, _)| *start <= at);
        let offset = piece.map_or(0, |&(start, source)| source + at - start);
        let reason = error.to_string();
        let reason = reason.split(" at line").next().unwrap_or_default();
        TemplateError::new(text, offset, 1, format!("this is no JSON: {reason}"))
    }
}

/// The first value that stands in the name of a field.
fn mark_in_a_name(body: &Value) -> Option<usize> {
    match body {
        Value::Object(fields) => {
            fields.iter().find_map(|(name, value)| name.chars().find_map(mark).or_else(|| mark_in_a_name(value)))
        }
        Value::Array(items) => items.iter().find_map(mark_in_a_name),
        _ => None,
    }
}

fn mark(c: char) -> Option<usize> {
    let index = usize::try_from(u32::from(c).checked_sub(FIRST_MARK)?).ok()?;
    (index < MARKS).then_some(index)
}
