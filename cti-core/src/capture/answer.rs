//! What is read, and what comes of it.

use super::{MAX_ROWS, MAX_VALUE};
use crate::template::Variables;
use std::collections::BTreeMap;
use std::fmt;

/// An answer: of an HTTP server, or the output of a programme, which has neither status nor headers. `Debug` shows only
/// how large it is.
#[derive(Clone, Default)]
pub struct Answer<'a> {
    status: Option<u16>,
    headers: Vec<(&'a str, &'a str)>,
    body: &'a str,
}

impl<'a> Answer<'a> {
    /// An answer with that body.
    pub fn new(body: &'a str) -> Self {
        Self { body, ..Self::default() }
    }

    /// Adds the HTTP status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'a str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn code(&self) -> Option<u16> {
        self.status
    }

    pub(super) fn body(&self) -> &'a str {
        self.body
    }

    pub(super) fn first_header(&self, wanted: &str) -> Option<&'a str> {
        self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|&(_, value)| value)
    }

    /// The value of a cookie that the answer sets.
    pub(super) fn cookie(&self, wanted: &str) -> Option<&'a str> {
        let set = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        set.filter_map(|(_, cookie)| cookie.split(';').next()?.split_once('='))
            .find(|(name, _)| name.trim() == wanted)
            .map(|(_, value)| value.trim())
    }
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer(status {:?}, {} headers, {} bytes)", self.status, self.headers.len(), self.body.len())
    }
}

/// How many hits there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hits {
    /// Nothing was found.
    None,
    /// Exactly one.
    One(Row),
    /// Several.
    Many {
        /// The first of them, at most [`MAX_ROWS`].
        rows: Vec<Row>,
        /// How many there are.
        total: usize,
    },
}

impl Hits {
    pub(super) fn of(mut rows: Vec<Row>, total: usize) -> Self {
        debug_assert!(rows.len() <= MAX_ROWS && rows.len() <= total);
        if total > 1 {
            return Self::Many { rows, total };
        }
        rows.pop().map_or(Self::None, Self::One)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Many { total, .. } => *total,
        }
    }

    /// The first one.
    pub fn first(&self) -> Option<&Row> {
        match self {
            Self::None => None,
            Self::One(row) => Some(row),
            Self::Many { rows, .. } => rows.first(),
        }
    }
}

/// The values of one hit, by the name of their variable: free of control characters, trimmed, of limited length. They are
/// personal or secret: `Debug` shows names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Row(BTreeMap<String, Value>);

#[derive(Clone, PartialEq, Eq)]
struct Value {
    text: String,
    secret: bool,
}

impl Row {
    /// The value of a variable, in clear. It is hostile until escaped.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.text.as_str())
    }

    /// Names and values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.text.as_str()))
    }

    /// True if nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives its values to the variables of a call.
    pub fn set_in(&self, variables: &mut Variables) {
        for (name, value) in &self.0 {
            if value.secret {
                variables.set_secret(name, value.text.as_str());
            } else {
                variables.set(name, value.text.as_str());
            }
        }
    }

    /// Keeps a value, cleaned, if anything is left of it and the name has none yet.
    pub(super) fn put(&mut self, name: &str, raw: &str, secret: bool) {
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let text: String = raw.trim().chars().take(MAX_VALUE).map(plain).collect();
        let text = text.trim();
        if !text.is_empty() && !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), Value { text: text.to_owned(), secret });
        }
    }

    /// Adds what the other has and this has not.
    pub(super) fn complete(&mut self, other: &Self) {
        for (name, value) in &other.0 {
            self.0.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
