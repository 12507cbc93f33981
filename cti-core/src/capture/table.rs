//! Lines with columns.

use super::settings::{Delimited, Positions};

/// The lines that are hits: neither skipped nor empty.
pub(super) fn lines(body: &str, skip: usize) -> impl Iterator<Item = &str> {
    body.lines().skip(skip).filter(|line| !line.trim().is_empty())
}

/// The variables of a line, and their values.
pub(super) fn columns<'a>(rule: &'a Delimited, line: &str) -> impl Iterator<Item = (&'a str, String)> {
    let values = split(line, &rule.delimiter, rule.columns.len());
    rule.columns.iter().map(String::as_str).zip(values).filter(|(name, _)| !name.is_empty())
}

/// The variables of a line, and their values.
pub(super) fn positions<'a>(rule: &'a Positions, line: &'a str) -> impl Iterator<Item = (&'a str, String)> {
    rule.columns
        .iter()
        .map(|(name, &[first, last])| (name.as_str(), line.chars().skip(first - 1).take(last - first + 1).collect()))
}

/// The columns of a line, at most so many.
fn split(line: &str, delimiter: &str, most: usize) -> Vec<String> {
    let (mut values, mut rest) = (Vec::new(), Some(line));
    while let Some(text) = rest.filter(|_| values.len() < most) {
        let (value, after) = if text.starts_with('"') { quoted(text, delimiter) } else { plain(text, delimiter) };
        values.push(value);
        rest = after;
    }
    values
}

fn plain<'a>(text: &'a str, delimiter: &str) -> (String, Option<&'a str>) {
    match text.split_once(delimiter) {
        Some((value, after)) => (value.to_owned(), Some(after)),
        None => (text.to_owned(), None),
    }
}

/// A column in quotes. A quote that is never closed is a character like any other.
fn quoted<'a>(text: &'a str, delimiter: &str) -> (String, Option<&'a str>) {
    let mut value = String::new();
    let mut rest = &text[1..];
    while let Some(at) = rest.find('"') {
        value.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('"') {
            value.push('"');
            rest = after;
        } else {
            return (value, rest.find(delimiter).map(|at| &rest[at + delimiter.len()..]));
        }
    }
    plain(text, delimiter)
}
