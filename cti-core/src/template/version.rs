//! Versions of a product, and which names its templates have from which version to which.

use super::NameGroup;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A version `major.minor.patch` of the product whose templates are taken over: it decides which names exist.
///
/// ```
/// use cti_core::template::{Names, ProductVersion, Target, Template};
/// let old: ProductVersion = "3.1.21".parse().unwrap();
/// let names = Names::default().of_version(old);
/// assert!(Template::compile_with("{CODE1}", Target::Argv, &names).is_ok());
/// let error = Template::compile_with("{ARG1}", Target::Argv, &names).unwrap_err();
/// assert_eq!(error.cure(), "it exists from version 3.2.20; up to 3.2.11 it was {CODE1} and {CODE2}");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProductVersion {
    /// The first number.
    pub major: u16,
    /// The second number.
    pub minor: u16,
    /// The third number.
    pub patch: u16,
}

impl ProductVersion {
    /// The version of this library itself.
    pub const OWN: Self = Self {
        major: number(env!("CARGO_PKG_VERSION_MAJOR")),
        minor: number(env!("CARGO_PKG_VERSION_MINOR")),
        patch: number(env!("CARGO_PKG_VERSION_PATCH")),
    };

    const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }
}

/// Cargo allows digits alone here.
const fn number(digits: &str) -> u16 {
    match u16::from_str_radix(digits, 10) {
        Ok(number) => number,
        Err(_) => 0,
    }
}

/// What depends on the version: the names of a group exist from the first version of the row (`None`: from the beginning)
/// to its last (`None`: to this day), both included. Source: the maker's list of variables.
const GATES: [(NameGroup, Option<ProductVersion>, Option<ProductVersion>); 2] = [
    (NameGroup::Codes, None, Some(ProductVersion::new(3, 2, 11))),
    (NameGroup::Arguments, Some(ProductVersion::new(3, 2, 20)), None),
];

/// The groups of names that the product of that version does not know.
pub(super) fn unknown_to(version: ProductVersion) -> impl Iterator<Item = NameGroup> {
    let is_outside = move |first: Option<ProductVersion>, last: Option<ProductVersion>| {
        first.is_some_and(|first| version < first) || last.is_some_and(|last| version > last)
    };
    GATES.into_iter().filter(move |&(_, first, last)| is_outside(first, last)).map(|(group, ..)| group)
}

/// A text that is no [`ProductVersion`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a version is three numbers such as 3.2.20")]
pub struct NoVersion;

impl FromStr for ProductVersion {
    type Err = NoVersion;

    fn from_str(text: &str) -> Result<Self, NoVersion> {
        let numbers: Option<Vec<u16>> = text.split('.').map(|number| number.parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[major, minor, patch]) => Ok(Self { major, minor, patch }),
            _ => Err(NoVersion),
        }
    }
}

impl fmt::Display for ProductVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl TryFrom<String> for ProductVersion {
    type Error = NoVersion;

    fn try_from(text: String) -> Result<Self, NoVersion> {
        text.parse()
    }
}

impl From<ProductVersion> for String {
    fn from(version: ProductVersion) -> Self {
        version.to_string()
    }
}
