//! Regular expressions, and texts with variables, which become one.

use crate::template::TemplateError;
use regex::{Regex, RegexBuilder};
use std::fmt::Write;

/// The longest pattern, in bytes.
const LONGEST: usize = 4096;
/// How large a compiled pattern may be, in bytes.
const SIZE: usize = 1 << 20;
/// How deep groups may nest.
const DEEPEST: u32 = 32;

/// Compiles a regular expression that has named groups.
pub(super) fn regex(pattern: &str) -> Result<Regex, TemplateError> {
    if pattern.len() > LONGEST {
        return Err(TemplateError::new("", 0, 0, format!("a pattern has {LONGEST} bytes at most")));
    }
    let mut parser = regex_syntax::ParserBuilder::new().nest_limit(DEEPEST).build();
    if let Err(error) = parser.parse(pattern) {
        return Err(place(pattern, &error));
    }
    let compiled = RegexBuilder::new(pattern).size_limit(SIZE).nest_limit(DEEPEST).build().map_err(|_| {
        TemplateError::new(pattern, 0, pattern.len(), "this pattern becomes too large")
            .help("make the numbers of repetition smaller")
    })?;
    if compiled.capture_names().flatten().next().is_none() {
        return Err(TemplateError::new(pattern, 0, pattern.len(), "this pattern has no named group")
            .help("write (?<NAME>…) around what {NAME} takes"));
    }
    Ok(compiled)
}

fn place(pattern: &str, error: &regex_syntax::Error) -> TemplateError {
    let (span, message) = match error {
        regex_syntax::Error::Parse(error) => (Some(error.span()), error.kind().to_string()),
        regex_syntax::Error::Translate(error) => (Some(error.span()), error.kind().to_string()),
        other => (None, other.to_string()),
    };
    let (at, length) = span.map_or((0, 0), |span| (span.start.offset, span.end.offset - span.start.offset));
    let error = TemplateError::new(pattern, at, length.max(1), message);
    if pattern[..at.min(pattern.len())].ends_with("(?") || pattern[at.min(pattern.len())..].starts_with("(?=") {
        return error.help("look-around is not there: it can take for ever");
    }
    error
}

/// Where the name of a group stands in a pattern.
pub(super) fn place_of_name(pattern: &str, name: &str) -> usize {
    pattern.find(&format!("<{name}>")).map_or(0, |at| at + 1)
}

/// Compiles `{COMPANY},{NAME}`: fixed text stands for itself, a variable takes the shortest text up to what follows it.
pub(super) fn text(pattern: &str) -> Result<Regex, TemplateError> {
    let mut expression = String::from("(?s)");
    let (mut rest, mut at, mut after_variable) = (pattern, 0, false);
    while let Some(c) = rest.chars().next() {
        let length = if rest.starts_with("{{") || rest.starts_with("}}") {
            let _ = write!(expression, "\\{c}");
            after_variable = false;
            2
        } else if c == '{' {
            let length = variable(pattern, at)?;
            if after_variable {
                return Err(TemplateError::new(pattern, at, length, "nothing stands between two variables")
                    .help("write what separates them"));
            }
            let is_last = rest.len() == length;
            let value = if is_last { "[^\\r\\n]*" } else { ".*?" };
            let _ = write!(expression, "(?P<{}>{value})", &rest[1..length - 1]);
            after_variable = true;
            length
        } else if c == '}' {
            return Err(TemplateError::new(pattern, at, 1, "this brace closes nothing").help("write }} for a brace"));
        } else {
            expression.push_str(&regex_syntax::escape(c.encode_utf8(&mut [0; 4])));
            after_variable = false;
            c.len_utf8()
        };
        rest = &rest[length..];
        at += length;
    }
    // A mistake that is left is a name that is there twice, or none at all.
    regex(&expression).map_err(|error| {
        let message =
            if expression.contains("(?P<") { error.message().to_owned() } else { "no variable stands here".to_owned() };
        TemplateError::new(pattern, 0, pattern.len(), message).help("write {NAME} for each value, each once")
    })
}

/// How long the variable is that begins there.
fn variable(pattern: &str, at: usize) -> Result<usize, TemplateError> {
    let rest = &pattern[at..];
    let end = rest[1..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).map_or(rest.len(), |end| end + 1);
    if end > 1 && rest[end..].starts_with('}') && rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Ok(end + 1);
    }
    Err(TemplateError::new(pattern, at, end, "this brace begins no variable").help("write {NAME}, or {{ for a brace"))
}
