//! Telephone numbers: as they came, what they mean, and how else they may be written.
//!
//! A [`Number`] is text as it came, masked in every log. A [`NumberingPlan`] says how numbers are dialled where the PBX
//! stands; with it a text has one [`Canonical`] form and an ordered list of [`spellings`] for look-ups. Why a caller shows
//! no number is read by [`Withheld::from_words`](crate::call::Withheld::from_words).

mod country;
#[cfg(feature = "e164")]
mod library;
mod normalise;
mod plan;
mod set;
mod spellings;
mod withheld;
mod world;

#[cfg(test)]
mod corpus_tests;
#[cfg(test)]
mod tests;

pub use normalise::{CallerIdWish, Canonical, Cleaned};
pub use plan::NumberingPlan;
pub use set::NumberSet;
pub use spellings::spellings;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;

/// Loads what reading numbers of that plan needs, so that no call waits for it. To be called at start-up; without the
/// feature `e164` there is nothing to load.
pub fn warm_up(plan: &NumberingPlan) {
    #[cfg(feature = "e164")]
    library::warm_up(plan.country_code());
    #[cfg(not(feature = "e164"))]
    let _ = plan;
}

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
        // Most are clean already, and are copied once.
        let clean: Cow<'_, str> = if text.len() <= Self::MAX && !text.contains(char::is_control) {
            Cow::Borrowed(text)
        } else {
            text.chars().filter(|c| !c.is_control()).take(Self::MAX).collect()
        };
        let clean = clean.trim();
        (!clean.is_empty()).then(|| Self(clean.to_owned()))
    }

    /// Takes text that is made of `0-9 * # + -` and has a legal length.
    fn of_digits(digits: String) -> Self {
        debug_assert!(Self::new(&digits).is_some_and(|number| number.0 == digits), "made of digits");
        Self(digits)
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
