//! The values of variables.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDateTime, Timelike, Utc};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// The values that a template is expanded with. `Debug` shows names only: the values are personal or secret.
///
/// ```
/// use chrono::{FixedOffset, TimeZone, Utc};
/// use cti_core::template::{Target, Template, Variables};
/// let japan = FixedOffset::east_opt(9 * 3600).unwrap();
/// let mut variables = Variables::at(Utc.with_ymd_and_hms(2026, 1, 1, 18, 4, 5).unwrap(), japan);
/// variables.set("CALLED", "0312345678");
/// let template = Template::compile("{DATE-YYYY}{DATE-MM}{DATE-DD} {DATE-HH}:{DATE-II}", Target::DisplayText).unwrap();
/// assert_eq!(template.expand(&variables).unwrap().expose(), "20260102 03:04");
/// ```
#[derive(Clone, Default)]
pub struct Variables {
    values: BTreeMap<String, Value>,
    now: Option<NaiveDateTime>,
}

#[derive(Clone)]
struct Value {
    text: String,
    secret: bool,
}

impl Variables {
    /// No values but the six dates, all of the same instant, in the time zone with that offset.
    pub fn at(instant: DateTime<Utc>, offset: FixedOffset) -> Self {
        Self { values: BTreeMap::new(), now: Some(instant.with_timezone(&offset).naive_local()) }
    }

    /// Gives a variable a value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.values.insert(name.into(), Value { text: value.into(), secret: false });
    }

    /// Gives a variable a value that is secret, whatever the name says.
    pub fn set_secret(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.values.insert(name.into(), Value { text: value.into(), secret: true });
    }

    /// The value, and whether it is secret.
    pub(super) fn get(&self, name: &str) -> Option<(Cow<'_, str>, bool)> {
        if let Some(part) = DatePart::named(name) {
            return self.now.map(|now| (Cow::Owned(part.of(now)), false));
        }
        self.values.get(name).map(|value| (Cow::Borrowed(&*value.text), value.secret))
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// A part of the date. The minute is `II`: `MM` is the month.
#[derive(Debug, Clone, Copy)]
pub(super) struct DatePart(usize);

impl DatePart {
    pub(super) const NAMES: [&str; 6] = ["DATE-YYYY", "DATE-MM", "DATE-DD", "DATE-HH", "DATE-II", "DATE-SS"];

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().position(|known| *known == name).map(Self)
    }

    fn of(self, now: NaiveDateTime) -> String {
        match self.0 {
            0 => format!("{:04}", now.year()),
            1 => format!("{:02}", now.month()),
            2 => format!("{:02}", now.day()),
            3 => format!("{:02}", now.hour()),
            4 => format!("{:02}", now.minute()),
            _ => format!("{:02}", now.second()),
        }
    }
}
