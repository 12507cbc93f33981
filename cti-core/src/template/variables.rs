//! The values of variables.

use super::Zone;
use super::names::{BUILT_IN_COUNT, built_in_place};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDateTime, Timelike, Utc};
use std::borrow::Cow;
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
    /// Those of the built-in names, by their place.
    built_in: [Option<Value>; BUILT_IN_COUNT],
    /// The others. There are few, so they are searched one by one.
    others: Vec<(Box<str>, Value)>,
    now: Option<NaiveDateTime>,
}

#[derive(Clone)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) secret: bool,
    /// True if it is made of ASCII letters and digits alone. They mean nothing anywhere, so that nothing is escaped; that
    /// is found out once, when the value is set, and not at each expansion.
    pub(super) plain: bool,
}

impl Value {
    fn new(text: String, secret: bool) -> Self {
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        Self { text, secret, plain }
    }
}

/// Where a variable finds its value.
#[derive(Debug, Clone)]
pub(super) enum Slot {
    BuiltIn(usize),
    Date(DatePart),
    Other(Box<str>),
}

impl Slot {
    pub(super) fn of(name: &str) -> Self {
        let date = || DatePart::named(name).map(Self::Date);
        built_in_place(name).map(Self::BuiltIn).or_else(date).unwrap_or_else(|| Self::Other(name.into()))
    }
}

impl Variables {
    /// No values but the six dates, all of the same instant, in the time zone with that offset.
    pub fn at(instant: DateTime<Utc>, offset: FixedOffset) -> Self {
        Self { now: Some(instant.with_timezone(&offset).naive_local()), ..Self::default() }
    }

    /// No values but the six dates, all of the same instant, as the clocks show it in that time zone.
    pub fn in_zone(instant: DateTime<Utc>, zone: &Zone) -> Self {
        Self { now: Some(zone.wall_clock(instant)), ..Self::default() }
    }

    /// Gives a variable a value.
    pub fn set(&mut self, name: impl AsRef<str>, value: impl Into<String>) {
        self.put(name.as_ref(), Value::new(value.into(), false));
    }

    /// Gives a variable a value that is secret, whatever the name says.
    pub fn set_secret(&mut self, name: impl AsRef<str>, value: impl Into<String>) {
        self.put(name.as_ref(), Value::new(value.into(), true));
    }

    /// The value of a variable, in clear. It is hostile until escaped.
    pub fn value(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(&Slot::of(name)).map(|(value, _)| value)
    }

    fn put(&mut self, name: &str, value: Value) {
        match built_in_place(name) {
            Some(place) => self.built_in[place] = Some(value),
            None => match self.others.iter_mut().find(|(known, _)| **known == *name) {
                Some((_, known)) => *known = value,
                None => self.others.push((name.into(), value)),
            },
        }
    }

    /// The value, and whether it is secret.
    pub(super) fn get(&self, slot: &Slot) -> Option<(Cow<'_, str>, bool)> {
        match slot {
            Slot::Date(part) => self.now.map(|now| (Cow::Owned(part.of(now)), false)),
            slot => self.stored(slot).map(|value| (Cow::Borrowed(&*value.text), value.secret)),
        }
    }

    /// The value if it is a text that was [set](Self::set).
    #[inline]
    pub(super) fn stored(&self, slot: &Slot) -> Option<&Value> {
        match slot {
            Slot::BuiltIn(place) => self.built_in[*place].as_ref(),
            Slot::Other(name) => self.others.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            Slot::Date(_) => None,
        }
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let built_in = self.built_in.iter().enumerate().filter(|(_, value)| value.is_some());
        let others = self.others.iter().map(|(name, _)| &**name);
        f.debug_set().entries(built_in.map(|(place, _)| super::names::built_in_name(place))).entries(others).finish()
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
