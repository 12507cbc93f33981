//! The prefix table: `LONGDIS:1000;LOCAL:9`.

use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

/// The prefixes of a group, by label: `LONGDIS:1000;LOCAL:9`.
///
/// A label is any text without `:`, `;`, control characters and blanks at its ends; nothing depends on what it says. A
/// prefix is one or more of `0-9 * #`, kept as text, so that `00` stays `00`. Printing gives back what was parsed.
///
/// ```
/// use cti_core::dial::PrefixTable;
/// let table: PrefixTable = "市外:00;LOCAL:9".parse().unwrap();
/// assert_eq!(table.digits("市外"), Some("00"));
/// assert_eq!(table.to_string(), "市外:00;LOCAL:9");
///
/// let error = "LOCAL:9;LONGDIS:1o00".parse::<PrefixTable>().unwrap_err();
/// assert_eq!(error.to_string(), "at character 18: a prefix is made of 0-9, * and #, not 'o'");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PrefixTable(Vec<Prefix>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Prefix {
    label: String,
    digits: String,
}

/// Why a text is no [`PrefixTable`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {character}: {reason}")]
pub struct PrefixError {
    /// Where, as a byte offset into the text.
    pub offset: usize,
    /// Where, counted in characters from 1.
    pub character: usize,
    /// What is wrong there.
    pub reason: String,
}

impl PrefixTable {
    /// The longest text that is read, in bytes.
    pub const MAX: usize = 16 * 1024;

    /// The prefix under that label.
    pub fn digits(&self, label: &str) -> Option<&str> {
        self.0.iter().find(|prefix| prefix.label == label).map(|prefix| prefix.digits.as_str())
    }

    /// The labels, in order.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|prefix| prefix.label.as_str())
    }

    /// Labels and prefixes, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|prefix| (prefix.label.as_str(), prefix.digits.as_str()))
    }

    /// True if there is no prefix.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for PrefixTable {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let fail = |offset: usize, reason: String| {
            Err(PrefixError { offset, character: text[..offset].chars().count() + 1, reason })
        };
        if text.is_empty() {
            return Ok(Self::default());
        }
        if text.len() > Self::MAX {
            return fail(0, format!("a prefix table has {} bytes at most", Self::MAX));
        }
        let (mut prefixes, mut labels, mut start) = (Vec::new(), HashSet::new(), 0);
        for pair in text.split(';') {
            let prefix = match read_pair(pair) {
                Ok(prefix) => prefix,
                Err((at, reason)) => return fail(start + at, reason),
            };
            if !labels.insert(&pair[..prefix.label.len()]) {
                return fail(start, format!("the label {:?} is there twice", prefix.label));
            }
            prefixes.push(prefix);
            start += pair.len() + 1;
        }
        Ok(Self(prefixes))
    }
}

/// Reads `LABEL:digits`; an error is a byte offset into it and a reason.
fn read_pair(pair: &str) -> Result<Prefix, (usize, String)> {
    let Some((label, digits)) = pair.split_once(':') else {
        let reason = if pair.is_empty() { "LABEL:digits is missing here" } else { "LABEL:digits has no ':'" };
        return Err((pair.len(), reason.to_owned()));
    };
    if label.is_empty() {
        return Err((0, "the label before ':' is missing".to_owned()));
    }
    if label.trim() != label {
        return Err((0, "a label has no blank at its ends".to_owned()));
    }
    if let Some(at) = label.find(char::is_control) {
        return Err((at, "a label has no control characters".to_owned()));
    }
    let digits_start = label.len() + 1;
    if digits.is_empty() {
        return Err((digits_start, "the prefix after ':' is missing".to_owned()));
    }
    if let Some((at, wrong)) = digits.char_indices().find(|&(_, c)| !(c.is_ascii_digit() || matches!(c, '*' | '#'))) {
        return Err((digits_start + at, format!("a prefix is made of 0-9, * and #, not {wrong:?}")));
    }
    Ok(Prefix { label: label.to_owned(), digits: digits.to_owned() })
}

impl fmt::Display for PrefixTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (label, digits)) in self.iter().enumerate() {
            let separator = if at == 0 { "" } else { ";" };
            write!(f, "{separator}{label}:{digits}")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for PrefixTable {
    type Error = PrefixError;

    fn try_from(text: String) -> Result<Self, PrefixError> {
        text.parse()
    }
}

impl From<PrefixTable> for String {
    fn from(table: PrefixTable) -> Self {
        table.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(text: &str) -> (usize, String) {
        let error = text.parse::<PrefixTable>().expect_err("a wrong table");
        (error.character, error.reason)
    }

    #[test]
    fn leading_zeros_and_any_label_are_kept() {
        let table: PrefixTable = "EUROPE:1500;AFRICA:00;市外 (長距離):*0#".parse().unwrap();
        let pairs: Vec<_> = table.iter().collect();
        assert_eq!(pairs, [("EUROPE", "1500"), ("AFRICA", "00"), ("市外 (長距離)", "*0#")]);
        assert!("".parse::<PrefixTable>().unwrap().is_empty());
    }

    #[test]
    fn a_wrong_table_says_where_and_why() {
        for (text, character, reason) in [
            ("LOCAL", 6, "has no ':'"),
            ("LOCAL:9;", 9, "missing here"),
            (";LOCAL:9", 1, "missing here"),
            (":9", 1, "label before ':'"),
            ("LOCAL:", 7, "prefix after ':'"),
            ("LOCAL: 9", 7, "not ' '"),
            ("A:1; B:2", 5, "no blank at its ends"),
            ("市外:９", 4, "not '９'"),
            ("A:1;B:2;A:3", 9, "\"A\" is there twice"),
            ("A:1:2", 4, "not ':'"),
            ("A\u{7}:1", 2, "control"),
        ] {
            let (at, why) = error(text);
            assert_eq!(at, character, "{text}: {why}");
            assert!(why.contains(reason), "{text}: {why}");
        }
        let error = "市外:９".parse::<PrefixTable>().expect_err("a wrong table");
        assert_eq!(&"市外:９"[error.offset..], "９");
    }

    proptest! {
        #[test]
        fn printing_gives_back_what_was_parsed(text in "([A-Z市外 ]{1,3}:[0-9*#]{1,3};?){0,4}") {
            if let Ok(table) = text.parse::<PrefixTable>() {
                prop_assert_eq!(table.to_string(), text);
            }
        }

        #[test]
        fn what_is_printed_parses_to_the_same(
            pairs in prop::collection::btree_map("[^:;\\pC\\s][^:;\\pC]{0,5}[^:;\\pC\\s]", "[0-9*#]{1,8}", 0..6),
        ) {
            let text = pairs.iter().map(|(label, digits)| format!("{label}:{digits}")).collect::<Vec<_>>().join(";");
            let table: PrefixTable = text.parse().unwrap();
            prop_assert_eq!(table.iter().count(), pairs.len());
            prop_assert_eq!(table.to_string().parse::<PrefixTable>().unwrap(), table);
        }

        #[test]
        fn any_text_is_read_without_panic(text in any::<String>()) {
            if let Err(error) = text.parse::<PrefixTable>() {
                prop_assert!(text.is_char_boundary(error.offset));
            }
        }
    }
}
