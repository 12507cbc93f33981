//! What an answer gives back: the customer's company, name and key, a session, any value of one's own.
//!
//! [`CaptureSettings`] say where the values stand in an answer; [`Capture::compile`] checks all of it once; and
//! [`Capture::read`] reads an [`Answer`], however hostile, within fixed limits, and tells none, one and many hits apart.
//!
//! ```
//! use cti_core::capture::{Answer, Capture, CaptureSettings, Hits, Purpose};
//! let settings: CaptureSettings = serde_json::from_value(serde_json::json!({
//!     "body": { "json": { "rows": "$.records[*]", "fields": { "NAME": "$.name.value", "EXT_ID": "$['$id']" } } }
//! })).unwrap();
//! let capture = Capture::compile(&settings, Purpose::Search).unwrap();
//! let answer = Answer::new(r#"{"records": [{"$id": 7, "name": {"value": "田中"}}]}"#).status(200);
//! let Hits::One(row) = capture.read(&answer).unwrap() else { panic!("one record") };
//! assert_eq!((row.get("NAME"), row.get("EXT_ID")), (Some("田中"), Some("7")));
//! ```

mod answer;
mod error;
mod path;
mod pattern;
mod rule;
mod settings;
mod table;

#[cfg(test)]
mod tests;

pub use answer::{Answer, Hits, Row};
pub use error::{CaptureError, ReadError};
pub use settings::{BodyRule, CaptureSettings, Delimited, JsonRule, Positions, Purpose, Statuses};

use crate::error::Result;
use crate::template::{Names, Step};
use rule::{Names as Declared, Rule};
use std::collections::BTreeMap;

/// The largest body that is read, in bytes.
pub const MAX_BODY: usize = 256 * 1024;
/// The most rows that are kept; further ones are only counted.
pub const MAX_ROWS: usize = 100;
/// The longest value that is kept, in characters.
pub const MAX_VALUE: usize = 1024;

/// Settings that were found right. See the [module](self).
#[derive(Debug, Clone)]
pub struct Capture {
    body: Option<Rule>,
    headers: BTreeMap<String, String>,
    cookies: BTreeMap<String, String>,
    status: Option<String>,
    success: Statuses,
    none: Statuses,
    names: Declared,
}

impl Capture {
    /// Checks the settings.
    ///
    /// # Errors
    /// Every mistake, each with its key, and within a path or a pattern with its place.
    pub fn compile(settings: &CaptureSettings, purpose: Purpose) -> Result<Self, Vec<CaptureError>> {
        rule::compile(settings, purpose)
    }

    /// The names that it gives values, and whether each is secret.
    pub fn names(&self) -> impl Iterator<Item = (&str, bool)> {
        self.names.iter()
    }

    /// Adds its names to those that templates may use after that step.
    ///
    /// # Errors
    /// None: the names were checked. (They are checked again.)
    pub fn declare(&self, names: Names, step: Step) -> Result<Names> {
        self.names().try_fold(names, |names, (name, secret)| names.with_captured(name, secret, step))
    }

    /// Reads an answer. Hits are rows in which at least one value was found.
    ///
    /// # Errors
    /// The status says failure, the body is too large, or it is no JSON where JSON is expected. Nothing of the answer is
    /// in the error.
    pub fn read(&self, answer: &Answer<'_>) -> Result<Hits, ReadError> {
        if let Some(status) = answer.code() {
            if self.none.contains(status) {
                return Ok(Hits::None);
            }
            if !self.success.contains(status) {
                return Err(ReadError::Status(status));
            }
        }
        if answer.body().len() > MAX_BODY {
            return Err(ReadError::TooLarge);
        }
        let around = self.around(answer);
        let Some(rule) = &self.body else {
            return Ok(if around.is_empty() { Hits::None } else { Hits::One(around) });
        };
        let mut found = rule::Found::new(&self.names);
        rule.read(answer.body(), &mut found)?;
        Ok(found.into_hits(&around))
    }

    /// What stands around the body: headers, cookies, status.
    fn around(&self, answer: &Answer<'_>) -> Row {
        let mut row = Row::default();
        let mut put = |name: &String, value: Option<&str>| {
            if let Some(value) = value {
                row.put(name, value, self.names.is_secret(name));
            }
        };
        self.headers.iter().for_each(|(name, header)| put(name, answer.first_header(header)));
        self.cookies.iter().for_each(|(name, cookie)| put(name, answer.cookie(cookie)));
        if let (Some(name), Some(status)) = (&self.status, answer.code()) {
            put(name, Some(&status.to_string()));
        }
        row
    }
}
