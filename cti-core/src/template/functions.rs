//! The functions of templates. They work on the value itself, as UTF-8, before it is escaped.

use crate::number::{Canonical, Cleaned, NumberingPlan};
use base64::prelude::{BASE64_STANDARD, Engine};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha2::Sha256;

/// A function of templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Md5,
    Sha256,
    HmacSha256,
    LowerCase,
    UpperCase,
    UrlEncode,
    Base64,
    Digits,
    Last,
    Substr,
    Replace,
    Default,
    E164,
    National,
}

/// What stands in the brackets: a text, or a number that is written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    Text,
    Count,
}

use Parameter::{Count, Text};

/// Every function with its name and its parameters.
const ALL: [(&str, Function, &[Parameter]); 14] = [
    ("MD5", Function::Md5, &[Text]),
    ("SHA256", Function::Sha256, &[Text]),
    ("HMACSHA256", Function::HmacSha256, &[Text, Text]),
    ("LOWERCASE", Function::LowerCase, &[Text]),
    ("UPPERCASE", Function::UpperCase, &[Text]),
    ("URLENCODE", Function::UrlEncode, &[Text]),
    ("BASE64", Function::Base64, &[Text]),
    ("DIGITS", Function::Digits, &[Text]),
    ("LAST", Function::Last, &[Text, Count]),
    ("SUBSTR", Function::Substr, &[Text, Count, Count]),
    ("REPLACE", Function::Replace, &[Text, Text, Text]),
    ("DEFAULT", Function::Default, &[Text, Text]),
    ("E164", Function::E164, &[Text]),
    ("NATIONAL", Function::National, &[Text]),
];

impl Function {
    /// The function that a text begins with, its bracket included, and how long both are.
    pub(super) fn at_start(text: &str) -> Option<(Self, usize)> {
        ALL.iter()
            .find(|(name, ..)| text.strip_prefix(name).is_some_and(|rest| rest.starts_with('(')))
            .map(|&(name, function, _)| (function, name.len() + 1))
    }

    pub(super) fn name(self) -> &'static str {
        ALL.iter().find(|(_, function, _)| *function == self).map_or("", |(name, ..)| name)
    }

    pub(super) fn parameters(self) -> &'static [Parameter] {
        ALL.iter().find(|(_, function, _)| *function == self).map_or(&[], |(.., parameters)| parameters)
    }

    /// True for a plain hash: whoever sees that of a password can use it like the password.
    pub(super) fn is_plain_hash(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha256)
    }

    /// The value. `arguments` are as many as the function has parameters, and counts are numbers: the parser saw to it.
    pub(super) fn apply(self, arguments: &[String], plan: &NumberingPlan) -> String {
        let text = arguments.first().map_or("", String::as_str);
        let second = arguments.get(1).map_or("", String::as_str);
        let third = arguments.get(2).map_or("", String::as_str);
        match self {
            Self::Md5 => hex(&Md5::digest(text)),
            Self::Sha256 => hex(&Sha256::digest(text)),
            Self::HmacSha256 => hmac_sha256(text, second),
            Self::LowerCase => text.chars().map(|c| only(c.to_lowercase()).unwrap_or(c)).collect(),
            Self::UpperCase => text.chars().map(|c| only(c.to_uppercase()).unwrap_or(c)).collect(),
            Self::UrlEncode => super::escape::url_encoded(text),
            Self::Base64 => BASE64_STANDARD.encode(text),
            Self::Digits => {
                Cleaned::of(text).map_or_else(String::new, |cleaned| only_digits(cleaned.digits().as_str()))
            }
            Self::Last => text.chars().skip(text.chars().count().saturating_sub(count(second))).collect(),
            Self::Substr => text.chars().skip(count(second)).take(count(third)).collect(),
            Self::Replace if second.is_empty() => text.to_owned(),
            Self::Replace => text.replace(second, third),
            Self::Default => if text.is_empty() { second } else { text }.to_owned(),
            Self::E164 => with_canonical(text, plan, Canonical::e164),
            Self::National => with_canonical(text, plan, Canonical::national),
        }
    }
}

fn count(text: &str) -> usize {
    text.parse().unwrap_or(0)
}

/// That form of a number; the number itself where it has no such form.
fn with_canonical(text: &str, plan: &NumberingPlan, form: fn(&Canonical) -> Option<&str>) -> String {
    let canonical = Canonical::of(text, plan);
    canonical.as_ref().map_or(text, |canonical| form(canonical).unwrap_or(canonical.as_str())).to_owned()
}

fn only_digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Simple case mapping: a character that would become several stays.
fn only(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next();
    if mapped.next().is_none() { first } else { None }
}

fn hmac_sha256(key: &str, text: &str) -> String {
    // A key of any length is a key.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}
