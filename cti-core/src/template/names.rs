//! The names of variables, and the rules by which they exist.

use super::step::{Since, Step};
use super::variables::DatePart;
use super::version::{self, ProductVersion};
use crate::error::{Error, Result};
use crate::number::NumberingPlan;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of a name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) secret: bool,
    pub(super) since: Since,
    group: Option<NameGroup>,
    /// True if a stranger chooses the text freely: a display name, a code from a SIP header.
    pub(super) free_text: bool,
}

/// Names that exist or do not exist together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameGroup {
    /// `AID` `APW`: only for accounts that use the agent function.
    Account,
    /// `SFID` `SFSID` `SFAPI`: only where Salesforce is one of the CRMs.
    Salesforce,
    /// `CODE1` `CODE2`: up to version 3.2.11.
    Codes,
    /// `ARG1` `ARG2` …: from version 3.2.20.
    Arguments,
}

impl NameGroup {
    /// Why a name of the group may not be there, and what to do.
    fn help(self) -> &'static str {
        match self {
            Self::Account => "it needs an account that uses the agent function",
            Self::Salesforce => "it needs Salesforce among the CRMs",
            Self::Codes => "it existed up to version 3.2.11; from 3.2.20 it is {ARG1}, {ARG2}, …",
            Self::Arguments => "it exists from version 3.2.20; up to 3.2.11 it was {CODE1} and {CODE2}",
        }
    }
}

const fn known(since: Since) -> Known {
    Known { secret: false, since, group: None, free_text: false }
}

const fn text_of_a_stranger(since: Since) -> Known {
    Known { free_text: true, ..known(since) }
}

const fn of(group: NameGroup, secret: bool) -> Known {
    let since = match group {
        NameGroup::Account | NameGroup::Salesforce => Since::Always,
        NameGroup::Codes | NameGroup::Arguments => Since::Call,
    };
    let free_text = matches!(group, NameGroup::Codes | NameGroup::Arguments);
    Known { secret, since, group: Some(group), free_text }
}

/// How many built-in names have a fixed place among the values.
pub(super) const BUILT_IN_COUNT: usize = 31;

/// The built-in names. `{ARG1}`, `{ARG2}` … and the six `{DATE-…}` come on top.
const BUILT_IN: [(&str, Known); BUILT_IN_COUNT] = [
    ("TEL", known(Since::Call)),
    ("TELNAME", text_of_a_stranger(Since::Call)),
    ("CALLED", known(Since::Call)),
    ("CALLEDNAME", text_of_a_stranger(Since::Call)),
    ("REMOTE", known(Since::Call)),
    ("LOCAL", known(Since::Call)),
    ("ID", known(Since::Call)),
    ("SVADDR", known(Since::Always)),
    ("AID", of(NameGroup::Account, false)),
    ("APW", of(NameGroup::Account, true)),
    ("EXT", known(Since::Always)),
    ("SFID", of(NameGroup::Salesforce, false)),
    ("SFSID", of(NameGroup::Salesforce, true)),
    ("SFAPI", of(NameGroup::Salesforce, false)),
    ("COMPANY", text_of_a_stranger(Since::Found)),
    ("NAME", text_of_a_stranger(Since::Found)),
    ("EXT_ID", text_of_a_stranger(Since::Found)),
    ("CODE1", of(NameGroup::Codes, false)),
    ("CODE2", of(NameGroup::Codes, false)),
    ("DIRECTION", known(Since::Call)),
    ("EVENT", known(Since::Call)),
    ("QUEUE", known(Since::Call)),
    ("DID", known(Since::Call)),
    ("DURATION", known(Since::End)),
    ("TALKTIME", known(Since::End)),
    ("RESULT", known(Since::End)),
    ("STARTED", known(Since::Call)),
    ("ANSWERED", known(Since::Answer)),
    ("ENDED", known(Since::End)),
    ("RECORDING", known(Since::Answer)),
    ("AGENTNAME", known(Since::Always)),
];

/// The place of a built-in name among the values.
pub(super) fn built_in_place(name: &str) -> Option<usize> {
    BUILT_IN.iter().position(|(known, _)| *known == name)
}

/// The built-in name at that place.
pub(super) fn built_in_name(place: usize) -> &'static str {
    BUILT_IN[place].0
}

/// The names a template may use: the built-in ones, and those that an earlier answer defines; and what else holds for all
/// templates of a configuration.
///
/// | names | what they hold | since |
/// | --- | --- | --- |
/// | `TEL` `TELNAME` `CALLED` `CALLEDNAME` | the calling and the called party: number and name | the call |
/// | `REMOTE` `LOCAL` | the customer's number and ours, whoever called | the call |
/// | `ID` `DIRECTION` `EVENT` `QUEUE` `DID` `STARTED` | the call, and what happens | the call |
/// | `CODE1` `CODE2`, `ARG1` `ARG2` … | codes that came with the call; see [`Names::of_version`] | the call |
/// | `COMPANY` `NAME` `EXT_ID` | what the look-up found | the search |
/// | `ANSWERED` `RECORDING` | when it was answered, where it is recorded | the answer |
/// | `ENDED` `DURATION` `TALKTIME` `RESULT` | the call when it is over | the end |
/// | `DATE-YYYY` `DATE-MM` `DATE-DD` `DATE-HH` `DATE-II` `DATE-SS` | the instant of the event; the minute is `II` | always |
/// | `SVADDR` `EXT` `AGENTNAME` | the server, the agent's telephone and name | always |
/// | `AID` `APW` | the account; `APW` is secret | always |
/// | `SFID` `SFSID` `SFAPI` | the Salesforce session; `SFSID` is secret | always |
#[derive(Debug, Clone, Default)]
pub struct Names {
    own: BTreeMap<String, Known>,
    without: BTreeSet<NameGroup>,
    secrets_in_urls: bool,
    numbering: NumberingPlan,
}

impl Names {
    /// Adds a name of one's own.
    ///
    /// # Errors
    /// [`crate::ErrorKind::ConfigInvalid`] if it is not an upper-case letter followed by at most 31 upper-case letters,
    /// digits or `_`, or is built in.
    pub fn with(self, name: &str) -> Result<Self> {
        self.add(name, known(Since::Always))
    }

    /// Adds a name of one's own that holds a secret, such as a session.
    ///
    /// # Errors
    /// As [`Names::with`].
    pub fn with_secret(self, name: &str) -> Result<Self> {
        self.add(name, Known { secret: true, ..known(Since::Always) })
    }

    /// Adds a name that the answer to a step gives a value: what is used earlier, the linter tells. A name may be added
    /// again; it is secret if it was once.
    ///
    /// # Errors
    /// As [`Names::with`], except that the names of the search, `COMPANY` `NAME` `EXT_ID`, change nothing.
    pub fn with_captured(self, name: &str, secret: bool, from: Step) -> Result<Self> {
        if is_return_name(name) {
            return Ok(self);
        }
        let secret = secret || self.own.get(name).is_some_and(|known| known.secret);
        self.add(name, Known { secret, ..text_of_a_stranger(Since::AnswerTo(from)) })
    }

    /// Takes away the names of a group: the account does not use the agent function, there is no Salesforce.
    #[must_use]
    pub fn without(mut self, group: NameGroup) -> Self {
        self.without.insert(group);
        self
    }

    /// Takes away what the product of that version does not know: `CODE1` and `CODE2` exist up to 3.2.11, `ARG1`, `ARG2`, …
    /// from 3.2.20. Without a version all are known.
    #[must_use]
    pub fn of_version(mut self, version: ProductVersion) -> Self {
        self.without.extend(version::unknown_to(version));
        self
    }

    /// Allows secrets in URLs that a browser opens; they are then in its history. The linter still warns.
    #[must_use]
    pub fn allow_secrets_in_urls(mut self) -> Self {
        self.secrets_in_urls = true;
        self
    }

    /// The plan by which `E164()` and `NATIONAL()` read numbers; Japan's if nothing is said.
    #[must_use]
    pub fn numbering(mut self, plan: NumberingPlan) -> Self {
        self.numbering = plan;
        self
    }

    fn add(mut self, name: &str, known: Known) -> Result<Self> {
        let legal = (1..=32).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_');
        if !legal {
            return Err(Error::config(name, "a variable is named by up to 32 of A-Z, 0-9 and _, a letter first"));
        }
        if built_in(name).is_some() {
            return Err(Error::config(name, "this name is built in: choose another"));
        }
        self.own.insert(name.to_owned(), known);
        Ok(self)
    }

    /// What is known of the name; else why there is no such name, with what to do about it.
    pub(super) fn find(&self, name: &str) -> Result<Known, String> {
        let Some(known) = built_in(name).or_else(|| self.own.get(name).copied()) else {
            return Err(self.nearest(name).map_or_else(String::new, |near| format!("did you mean {{{near}}}?")));
        };
        match known.group.filter(|group| self.without.contains(group)) {
            Some(group) => Err(group.help().to_owned()),
            None => Ok(known),
        }
    }

    pub(super) fn secrets_in_urls(&self) -> bool {
        self.secrets_in_urls
    }

    pub(super) fn plan(&self) -> &NumberingPlan {
        &self.numbering
    }

    /// The known name that is most like this one, if one is like it at all.
    fn nearest(&self, name: &str) -> Option<&str> {
        let there = |known: &Known| known.group.is_none_or(|group| !self.without.contains(&group));
        let built_in = BUILT_IN.iter().filter(|(_, known)| there(known)).map(|(name, _)| *name);
        nearest(name, built_in.chain(DatePart::NAMES).chain(self.own.keys().map(String::as_str)))
    }
}

/// The one of these words that is most like that word, if one is like it at all.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_uppercase();
    let near = known.map(|known| (distance(known, &word), known)).min_by_key(|&(distance, _)| distance)?;
    (near.0 <= (word.len() / 3).max(1)).then_some(near.1)
}

/// True for the names that the answer to a search fills.
pub(crate) fn is_return_name(name: &str) -> bool {
    matches!(name, "COMPANY" | "NAME" | "EXT_ID")
}

fn built_in(name: &str) -> Option<Known> {
    let fixed = built_in_place(name).map(|place| BUILT_IN[place].1);
    let date = || DatePart::named(name).map(|_| known(Since::Always));
    let numbered =
        || name.strip_prefix("ARG").filter(|number| is_index(number)).map(|_| of(NameGroup::Arguments, false));
    fixed.or_else(date).or_else(numbered)
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
