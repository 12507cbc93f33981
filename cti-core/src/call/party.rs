//! Who is on the line.

use crate::number::Number;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// The side from which a call came, as the call model knows it (never guessed from the length of a number).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// An outside party calls us.
    Inbound,
    /// One of us calls an outside party.
    Outbound,
    /// Both ends are extensions.
    Internal,
}

/// Why a caller shows no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Withheld {
    /// The caller asked for it (`184` in Japan, CLIR, SIP `Privacy: id`).
    RejectedByUser,
    /// A public telephone.
    Payphone,
    /// The network could not pass a number on.
    Unavailable,
    /// The service between the networks does not carry numbers.
    ServiceConflict,
    /// No number, and nobody said why.
    Unknown,
}

/// The name of a person or company. Text of strangers, and personal: `Debug` shows only its length.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

/// What comes as JSON is as hostile as what comes from the wire: it is cleaned and bounded like it.
impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| D::Error::custom("a name must not be empty"))
    }
}

impl Name {
    /// The longest name that is kept, in characters. Longer ones are cut: no telephone shows more, and a caller
    /// chooses this text.
    pub const MAX: usize = 256;

    /// Takes a name as it came. Control characters become blanks, the length is limited, and a name of nothing
    /// but blanks is no name.
    pub fn new(text: &str) -> Option<Self> {
        let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(Self::MAX).collect();
        let clean = clean.trim();
        (!clean.is_empty()).then(|| Self(clean.to_owned()))
    }

    /// The name in clear. It is hostile until escaped for the place where it is used.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({} chars)", self.0.chars().count())
    }
}

/// One end of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The number as it came, `None` if unknown or withheld.
    pub number: Option<Number>,
    /// The name as the network or the PBX gives it.
    pub name: Option<Name>,
    /// Why there is no number.
    pub withheld: Option<Withheld>,
}

impl Party {
    /// A party of whom the number is known.
    pub fn known(number: &str, name: &str) -> Self {
        Self { number: Number::new(number), name: Name::new(name), withheld: None }
    }

    /// A party that hides its number. No number and no name is kept.
    pub fn withheld(reason: Withheld) -> Self {
        Self { number: None, name: None, withheld: Some(reason) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_brings_in_nothing_that_the_wire_could_not() {
        let long = "9".repeat(10_000);
        let party = format!(r#"{{"number":"090\r\nX: {long}","name":"Ta\u0000ro\n","withheld":null}}"#);
        let party: Party = serde_json::from_str(&party).unwrap();
        let (number, name) = (party.number.unwrap(), party.name.unwrap());
        assert!(!number.as_str().contains(char::is_control) && number.as_str().chars().count() <= Number::MAX);
        assert_eq!(name.as_str(), "Ta ro");
        assert!(serde_json::from_str::<Number>("\"\"").is_err());
        let again: Number = serde_json::from_str(&serde_json::to_string(&number).unwrap()).unwrap();
        assert_eq!(again, number, "what we wrote is read as it was");
    }
}
