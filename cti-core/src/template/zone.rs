//! The time zone of the dates.

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The time zone of `{DATE-…}`: a name of the IANA database (`Asia/Tokyo`, `Europe/Berlin`) or an offset (`+09:00`).
/// Daylight saving is that of the zone at the instant. `UTC` if nothing is said.
///
/// ```
/// use chrono::{TimeZone, Utc};
/// use cti_core::template::{Target, Template, Variables, Zone};
/// let zone: Zone = "Europe/Berlin".parse().unwrap();
/// let summer = Utc.with_ymd_and_hms(2026, 7, 1, 22, 30, 0).unwrap();
/// let date = Template::compile("{DATE-YYYY}-{DATE-MM}-{DATE-DD} {DATE-HH}:{DATE-II}", Target::DisplayText).unwrap();
/// assert_eq!(date.expand(&Variables::in_zone(summer, &zone)).unwrap().expose(), "2026-07-02 00:30");
/// assert!("Asia/Tokio".parse::<Zone>().unwrap_err().to_string().contains("did you mean Asia/Tokyo?"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Named(Tz),
    Offset(FixedOffset),
}

/// A text that is no time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no time zone: write a name such as Asia/Tokyo or an offset such as +09:00{help}")]
pub struct NoZone {
    text: String,
    help: String,
}

impl Zone {
    /// Japan: what Japanese configurations begin with.
    pub const JAPAN: Self = Self(Kind::Named(Tz::Asia__Tokyo));

    /// The time on the wall there.
    pub(super) fn wall_clock(&self, instant: DateTime<Utc>) -> NaiveDateTime {
        match self.0 {
            Kind::Named(zone) => instant.with_timezone(&zone).naive_local(),
            Kind::Offset(offset) => instant.with_timezone(&offset).naive_local(),
        }
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self(Kind::Named(Tz::UTC))
    }
}

impl FromStr for Zone {
    type Err = NoZone;

    fn from_str(text: &str) -> Result<Self, NoZone> {
        if let Ok(zone) = text.parse::<Tz>() {
            return Ok(Self(Kind::Named(zone)));
        }
        if let Ok(offset) = text.parse::<FixedOffset>() {
            return Ok(Self(Kind::Offset(offset)));
        }
        let text: String = text.chars().take(64).collect();
        let upper = text.to_uppercase();
        let near =
            chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).find(|name| is_near(&name.to_uppercase(), &upper));
        let help = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        Err(NoZone { text, help })
    }
}

/// True if at most two letters differ, or if one is the city of the other.
fn is_near(known: &str, text: &str) -> bool {
    let same_length = known.len() == text.len();
    let differing = known.bytes().zip(text.bytes()).filter(|(a, b)| a != b).count();
    (same_length && differing <= 2) || known.rsplit('/').next() == Some(text)
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Named(zone) => f.write_str(zone.name()),
            Kind::Offset(offset) => write!(f, "{offset}"),
        }
    }
}

impl TryFrom<String> for Zone {
    type Error = NoZone;

    fn try_from(text: String) -> Result<Self, NoZone> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.to_string()
    }
}
