//! The text of a header: placeholders for "nothing", and the backslashes that Asterisk puts into names and values.

use crate::ami::Message;
use std::borrow::Cow;

/// The value of a header, `None` if it is missing, empty or one of the placeholders of Asterisk.
pub(super) fn field<'a>(message: &'a Message, key: &str) -> Option<Cow<'a, str>> {
    message.get(key).filter(|value| !is_nothing(value))
}

/// The value of a header of a channel snapshot with a prefix: `DestUniqueid`.
pub(super) fn prefixed<'a>(message: &'a Message, prefix: &str, key: &str) -> Option<Cow<'a, str>> {
    if prefix.is_empty() { field(message, key) } else { field(message, &format!("{prefix}{key}")) }
}

/// A header that holds a whole number, also `3 (words)`.
pub(super) fn number(message: &Message, key: &str) -> Option<i64> {
    leading_number(&field(message, key)?)
}

/// The digits at the beginning of a text, with a sign.
pub(super) fn leading_number(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let digits = text.bytes().skip(usize::from(text.starts_with('-'))).take_while(u8::is_ascii_digit).count();
    text[..digits + usize::from(text.starts_with('-'))].parse().ok()
}

/// Asterisk writes `<unknown>` in channel events, `<null>` and `none` where there is no channel.
fn is_nothing(value: &str) -> bool {
    let value = value.trim();
    value.is_empty() || ["<unknown>", "<null>", "none"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// Takes back the C escapes that Asterisk 13 and newer put into names and variables (`\"`, `\\`, `\n`). A backslash
/// before anything else stays as it is.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let meant = if c == '\\' { chars.peek().and_then(|next| escaped(*next)) } else { None };
        match meant {
            Some(meant) => {
                plain.push(meant);
                chars.next();
            }
            None => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

fn escaped(c: char) -> Option<char> {
    Some(match c {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' | '\'' | '"' | '?' => c,
        _ => return None,
    })
}

/// The text cut to at most `max` bytes, never within a character.
pub(super) fn cut(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_taken_back_and_nothing_else() {
        assert_eq!(unescape(r#"O\'Neil \"Bob\" a\\b c:\x"#), r#"O'Neil "Bob" a\b c:\x"#);
        assert_eq!(unescape("end\\"), "end\\");
        assert_eq!(unescape("two\\nlines"), "two\nlines");
    }

    #[test]
    fn placeholders_are_nothing() {
        for text in ["", " ", "<unknown>", "<Unknown>", "<null>", "none"] {
            assert!(is_nothing(text), "{text}");
        }
        assert!(!is_nothing("unknown"), "a word of the network, judged with the caller");
    }

    #[test]
    fn numbers_with_words_behind_them() {
        assert_eq!(leading_number("32 (Presentation Prohibited)"), Some(32));
        assert_eq!(leading_number("-1"), Some(-1));
        assert_eq!(leading_number("x"), None);
        assert_eq!(leading_number(""), None);
    }

    #[test]
    fn a_cut_keeps_characters_whole() {
        assert_eq!(cut("佐藤", 4), "佐");
        assert_eq!(cut("abc", 10), "abc");
    }
}
