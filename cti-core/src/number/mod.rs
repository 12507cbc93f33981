//! Telephone numbers: as they came, what they mean, and how else they may be written.
//!
//! A [`Number`] is text as it came, masked in every log. A [`NumberingPlan`] says how numbers are dialled where the PBX
//! stands; with it a text has one [`Canonical`] form and an ordered list of [`spellings`] for look-ups. Why a caller shows
//! no number is read by [`Withheld::from_words`](crate::call::Withheld::from_words).

mod country;
mod normalise;
mod plan;
mod set;
mod spellings;
mod withheld;

#[cfg(test)]
mod tests;

pub use normalise::{CallerIdWish, Canonical, Cleaned};
pub use plan::NumberingPlan;
pub use set::NumberSet;
pub use spellings::spellings;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// A telephone number as text, as it came from the PBX, the CRM or a person.
///
/// Personal: `Debug` shows only the first and last digits, and there is no `Display`.
///
/// ```
/// use cti_core::number::Number;
/// let number = Number::new("0901234567").unwrap();
/// assert_eq!(number.as_str(), "0901234567");
/// assert_eq!(format!("{number:?}"), "09…67");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Number(String);

/// What comes as JSON is as hostile as what comes from the wire: it is cleaned and bounded like it.
impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| D::Error::custom("a telephone number must not be empty"))
    }
}

impl Number {
    /// The longest number that is kept, in characters. E.164 allows 15 digits; the rest is room for prefixes,
    /// separators and SIP user parts. Longer ones are cut: a caller chooses this text.
    pub const MAX: usize = 64;

    /// Takes a number as it came. Control characters are dropped, the length is limited, and nothing but blanks is
    /// no number.
    pub fn new(text: &str) -> Option<Self> {
        let clean: String = text.chars().filter(|c| !c.is_control()).take(Self::MAX).collect();
        let clean = clean.trim();
        (!clean.is_empty()).then(|| Self(clean.to_owned()))
    }

    /// The number in clear. It is hostile until escaped for the place where it is used.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chars: Vec<char> = self.0.chars().collect();
        match chars.as_slice() {
            [a, b, _, .., y, z] if chars.len() > 6 => write!(f, "{a}{b}…{y}{z}"),
            _ => f.write_str("…"),
        }
    }
}
