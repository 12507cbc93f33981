//! The functions of templates. They work on the value itself, as UTF-8, before it is escaped.

use md5::{Digest, Md5};
use sha2::Sha256;
use std::fmt::Write;

/// A function of templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Md5,
    Sha256,
    LowerCase,
    UpperCase,
}

impl Function {
    pub(super) const ALL: [(&'static str, Self); 4] =
        [("MD5", Self::Md5), ("SHA256", Self::Sha256), ("LOWERCASE", Self::LowerCase), ("UPPERCASE", Self::UpperCase)];

    /// The function that a text begins with, its bracket included, and how long both are.
    pub(super) fn at_start(text: &str) -> Option<(Self, usize)> {
        Self::ALL
            .iter()
            .find(|(name, _)| text.strip_prefix(name).is_some_and(|rest| rest.starts_with('(')))
            .map(|&(name, function)| (function, name.len() + 1))
    }

    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, function)| *function == self).map_or("", |(name, _)| name)
    }

    pub(super) fn apply(self, text: &str) -> String {
        match self {
            Self::Md5 => hex(&Md5::digest(text)),
            Self::Sha256 => hex(&Sha256::digest(text)),
            Self::LowerCase => text.chars().map(|c| only(c.to_lowercase()).unwrap_or(c)).collect(),
            Self::UpperCase => text.chars().map(|c| only(c.to_uppercase()).unwrap_or(c)).collect(),
        }
    }
}

/// Simple case mapping: a character that would become several stays.
fn only(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next();
    if mapped.next().is_none() { first } else { None }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02X}");
        text
    })
}
