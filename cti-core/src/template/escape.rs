//! How a value is written where it stands.

use super::error::{ExpandError, TemplateError};
use std::fmt::Write;
use url::Url;

/// How a value is written where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// `{SVADDR}` at the beginning of a URL.
    Base,
    /// A path segment, or a part of one.
    Path,
    /// The query or the fragment of a URL.
    Query,
    /// A form field.
    Form,
    /// Inside a JSON string.
    Json,
    /// A header value.
    Header,
    /// An argument of a programme.
    Argv,
    /// In the text or a quoted attribute of HTML.
    Html,
    /// For the eyes of a person.
    Display,
}

/// Why a value cannot be written; whose value it was is not known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    NotABase,
    NotForHeader,
}

impl Refused {
    pub(super) fn named(self, name: &str) -> ExpandError {
        match self {
            Self::NotABase => ExpandError::NotABase,
            Self::NotForHeader => ExpandError::NotForHeader(name.to_owned()),
        }
    }
}

impl Escape {
    /// Writes the value.
    pub(super) fn write(self, out: &mut String, value: &str) -> Result<(), Refused> {
        match self {
            Self::Base => out.push_str(&base(value).ok_or(Refused::NotABase)?),
            // `.` and `..` climb however they are encoded (WHATWG URL, 4.4): they are left out, the segment stays.
            Self::Path if value.bytes().all(|byte| byte == b'.') => {}
            Self::Path | Self::Query => percent_encode(out, value, "%20"),
            Self::Form => percent_encode(out, value, "+"),
            Self::Json => json(out, value),
            Self::Header if value.bytes().any(|byte| !matches!(byte, b' '..=b'~')) => {
                return Err(Refused::NotForHeader);
            }
            Self::Header => out.push_str(value),
            Self::Argv => argument(out, value),
            Self::Html => html(out, value),
            Self::Display => out.extend(value.chars().filter(|&c| is_plain(c))),
        }
        Ok(())
    }
}

/// A configured address as the beginning of a URL: without query, and with a `/` at its end.
fn base(value: &str) -> Option<String> {
    let url = Url::parse(value).ok()?;
    let plain = matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    let slash = if url.path().ends_with('/') { "" } else { "/" };
    plain.then(|| format!("{url}{slash}"))
}

/// The unreserved characters of RFC 3986: they stand for themselves everywhere in a URL.
const UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let c = byte as u8;
        table[byte] = c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    table
};

/// The text as the value of a query: for those who take a URL apart themselves.
pub(super) fn url_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    percent_encode(&mut out, text, "%20");
    out
}

/// Everything but the unreserved characters of RFC 3986. Runs of those are copied whole.
fn percent_encode(out: &mut String, value: &str, blank: &str) {
    let mut rest = value;
    loop {
        let (plain, after) = rest.split_at(unreserved_at_start(rest.as_bytes()));
        out.push_str(plain);
        let Some(c) = after.chars().next() else { return };
        let (special, after) = after.split_at(c.len_utf8());
        if c == ' ' {
            out.push_str(blank);
        } else {
            special.bytes().for_each(|byte| percent(out, byte));
        }
        rest = after;
    }
}

/// How many bytes at the beginning stand for themselves.
fn unreserved_at_start(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| UNRESERVED[usize::from(**byte)]).count()
}

fn percent(out: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(DIGITS[usize::from(byte >> 4)]));
    out.push(char::from(DIGITS[usize::from(byte & 15)]));
}

fn json(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                // Writing into a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

/// For the text and for quoted attributes alike. What would not be seen, or would turn the direction, is dropped.
fn html(out: &mut String, value: &str) {
    for c in value.chars().filter(|&c| is_plain(c)) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

/// True for what a person can see, and that leaves the direction of writing alone.
fn is_plain(c: char) -> bool {
    !c.is_control() && !turns_direction(c)
}

fn argument(out: &mut String, value: &str) {
    for c in value.chars() {
        let begins_option = out.is_empty() && matches!(c, '-' | '/');
        if c != '\0' && !begins_option {
            out.push(c);
        }
    }
}

/// Marks that make a text read otherwise than it is written: embeddings, overrides and isolates.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

/// The fixed text of a URL after its host: what may not stand there is encoded, what is encoded stays.
pub(super) fn literal_in_url(text: &str, at: usize, literal: &str) -> Result<String, TemplateError> {
    literal_encoded(text, at, literal, "%20")
}

/// The fixed text of a form body.
pub(super) fn literal_in_form(text: &str, at: usize, literal: String) -> Result<String, TemplateError> {
    literal_encoded(text, at, &literal, "+")
}

fn literal_encoded(text: &str, at: usize, literal: &str, blank: &str) -> Result<String, TemplateError> {
    let mut out = String::with_capacity(literal.len());
    for (offset, c) in literal.char_indices() {
        let fail = |message: &str| TemplateError::new(text, at + offset, c.len_utf8(), message);
        match c {
            ' ' => out.push_str(blank),
            '%' if !starts_with_two_hex_digits(&literal[offset + 1..]) => {
                return Err(fail("two hex digits must follow a %").help("write %25 for the sign itself"));
            }
            c if c.is_control() => return Err(fail("a control character cannot stand here")),
            c if c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c) => out.push(c),
            c => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| percent(&mut out, byte)),
        }
    }
    Ok(out)
}

fn starts_with_two_hex_digits(text: &str) -> bool {
    text.len() >= 2 && text.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
}
