//! The names of variables.

use super::variables::DatePart;
use crate::error::{Error, Result};
use std::collections::BTreeMap;

/// The built-in names, and whether they are secret. `{ARG1}`, `{ARG2}` … and the six `{DATE-…}` come on top.
const BUILT_IN: [(&str, bool); 31] = [
    ("TEL", false),
    ("TELNAME", false),
    ("CALLED", false),
    ("CALLEDNAME", false),
    ("REMOTE", false),
    ("LOCAL", false),
    ("ID", false),
    ("SVADDR", false),
    ("AID", false),
    ("APW", true),
    ("EXT", false),
    ("SFID", false),
    ("SFSID", true),
    ("SFAPI", false),
    ("COMPANY", false),
    ("NAME", false),
    ("EXT_ID", false),
    ("CODE1", false),
    ("CODE2", false),
    ("DIRECTION", false),
    ("EVENT", false),
    ("QUEUE", false),
    ("DID", false),
    ("DURATION", false),
    ("TALKTIME", false),
    ("RESULT", false),
    ("STARTED", false),
    ("ANSWERED", false),
    ("ENDED", false),
    ("RECORDING", false),
    ("AGENTNAME", false),
];

/// The names a template may use: the built-in ones, and those that an earlier answer defines.
///
/// | names | what they hold |
/// | --- | --- |
/// | `TEL` `TELNAME` `CALLED` `CALLEDNAME` | the calling and the called party: number and name |
/// | `REMOTE` `LOCAL` | the customer's number and ours, whoever called |
/// | `ID` `EXT` `DIRECTION` `EVENT` `QUEUE` `DID` | the call, the agent's telephone, what happens |
/// | `STARTED` `ANSWERED` `ENDED` `DURATION` `TALKTIME` `RESULT` `RECORDING` | the call when it is over |
/// | `DATE-YYYY` `DATE-MM` `DATE-DD` `DATE-HH` `DATE-II` `DATE-SS` | the instant of the event; the minute is `II` |
/// | `SVADDR` `AID` `APW` `AGENTNAME` `SFID` `SFSID` `SFAPI` | server, account and session; `APW` and `SFSID` are secret |
/// | `COMPANY` `NAME` `EXT_ID` | what the look-up found |
/// | `CODE1` `CODE2` `ARG1` `ARG2` … | codes that came with the call |
#[derive(Debug, Clone, Default)]
pub struct Names {
    own: BTreeMap<String, bool>,
}

impl Names {
    /// Adds a name of one's own.
    ///
    /// # Errors
    /// [`crate::ErrorKind::ConfigInvalid`] if it is not an upper-case letter followed by at most 31 upper-case letters,
    /// digits or `_`, or is built in.
    pub fn with(self, name: &str) -> Result<Self> {
        self.add(name, false)
    }

    /// Adds a name of one's own that holds a secret, such as a session.
    ///
    /// # Errors
    /// As [`Names::with`].
    pub fn with_secret(self, name: &str) -> Result<Self> {
        self.add(name, true)
    }

    fn add(mut self, name: &str, secret: bool) -> Result<Self> {
        let legal = (1..=32).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_');
        if !legal {
            return Err(Error::config(name, "a variable is named by up to 32 of A-Z, 0-9 and _, a letter first"));
        }
        if Self::default().find(name).is_some() {
            return Err(Error::config(name, "this name is built in: choose another"));
        }
        self.own.insert(name.to_owned(), secret);
        Ok(self)
    }

    /// Whether the name is secret; `None` if there is no such name.
    pub(super) fn find(&self, name: &str) -> Option<bool> {
        let numbered = || name.strip_prefix("ARG").filter(|number| is_index(number)).map(|_| false);
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == name).map(|&(_, secret)| secret);
        built_in
            .or_else(|| DatePart::named(name).map(|_| false))
            .or_else(numbered)
            .or_else(|| self.own.get(name).copied())
    }

    /// The known name that is most like this one, if one is like it at all.
    pub(super) fn nearest(&self, name: &str) -> Option<&str> {
        let name = name.to_uppercase();
        let known = BUILT_IN.iter().map(|(known, _)| *known);
        let known = known.chain(DatePart::NAMES).chain(self.own.keys().map(String::as_str));
        let near = known.map(|known| (distance(known, &name), known)).min_by_key(|&(distance, _)| distance)?;
        (near.0 <= (name.len() / 3).max(1)).then_some(near.1)
    }
}

/// `1` … `999`
fn is_index(text: &str) -> bool {
    (1..=3).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit()) && !text.starts_with('0')
}

/// How many letters must be put in, taken out or changed to make one word of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}
