//! The text of a header: placeholders for "nothing", and the backslashes that Asterisk puts into names and values.

use super::caller::Presentation;
use crate::ami::Message;
use std::borrow::Cow;

/// The value of a header, `None` if it is missing, empty or one of the placeholders of Asterisk.
pub(super) fn field<'a>(message: &'a Message, key: &str) -> Option<Cow<'a, str>> {
    message.get(key).filter(|value| !is_nothing(value))
}

/// The values of some headers, found in one pass; for messages that mostly turn out to mean nothing.
pub(super) fn fields<'a, const N: usize>(message: &'a Message, keys: [&str; N]) -> [Option<Cow<'a, str>>; N] {
    let mut found = [None; N];
    for (key, value) in message.headers() {
        if let Some(place) = keys.iter().position(|wanted| key.eq_ignore_ascii_case(wanted.as_bytes())) {
            found[place].get_or_insert(value);
            if found.iter().all(Option::is_some) {
                break;
            }
        }
    }
    found.map(|value| text(value?))
}

/// The text of a value, `None` if it is one of the placeholders of Asterisk.
fn text(value: &[u8]) -> Option<Cow<'_, str>> {
    Some(String::from_utf8_lossy(value)).filter(|value| !is_nothing(value))
}

/// The snapshot of a channel that an event carries, found in one pass over its headers.
#[derive(Default)]
pub(super) struct Shot<'a> {
    uniqueid: Option<&'a [u8]>,
    linkedid: Option<&'a [u8]>,
    channel: Option<&'a [u8]>,
    state: Option<&'a [u8]>,
    number: Option<&'a [u8]>,
    name: Option<&'a [u8]>,
    context: Option<&'a [u8]>,
    exten: Option<&'a [u8]>,
    pub(super) presentation: Option<Presentation>,
}

impl<'a> Shot<'a> {
    /// The snapshot whose headers have this prefix: `DestUniqueid`.
    pub(super) fn of(message: &'a Message, prefix: &str) -> Self {
        let mut shot = Self::default();
        for (key, value) in message.headers() {
            let Some((front, key)) = key.split_at_checked(prefix.len()) else { continue };
            if front.eq_ignore_ascii_case(prefix.as_bytes()) {
                shot.take(key, value);
            }
        }
        shot
    }

    fn take(&mut self, key: &[u8], value: &'a [u8]) {
        let is = |wanted: &str| key.eq_ignore_ascii_case(wanted.as_bytes());
        let place = match key.len() {
            5 if is("Exten") => &mut self.exten,
            7 if is("Channel") => &mut self.channel,
            7 if is("Context") => &mut self.context,
            8 if is("Uniqueid") => &mut self.uniqueid,
            8 if is("Linkedid") => &mut self.linkedid,
            11 if is("CallerIDNum") => &mut self.number,
            12 if is("ChannelState") => &mut self.state,
            12 if is("CallerIDName") => &mut self.name,
            12 if is("ChanVariable") => {
                if self.presentation.is_none() {
                    self.presentation = Presentation::from_channel_variable(&String::from_utf8_lossy(value));
                }
                return;
            }
            _ => return,
        };
        place.get_or_insert(value);
    }

    pub(super) fn uniqueid(&self) -> Option<Cow<'a, str>> {
        text(self.uniqueid?)
    }

    pub(super) fn linkedid(&self) -> Option<Cow<'a, str>> {
        text(self.linkedid?)
    }

    pub(super) fn channel(&self) -> Option<Cow<'a, str>> {
        text(self.channel?)
    }

    pub(super) fn state(&self) -> Option<u8> {
        std::str::from_utf8(self.state?).ok()?.trim().parse().ok()
    }

    pub(super) fn number(&self) -> Option<Cow<'a, str>> {
        text(self.number?)
    }

    pub(super) fn name(&self) -> Option<Cow<'a, str>> {
        text(self.name?)
    }

    pub(super) fn context(&self) -> Option<Cow<'a, str>> {
        text(self.context?)
    }

    pub(super) fn exten(&self) -> Option<Cow<'a, str>> {
        text(self.exten?)
    }
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
    value.is_empty()
        || matches!(value.len(), 4 | 6 | 9)
            && ["<unknown>", "<null>", "none"].iter().any(|word| value.eq_ignore_ascii_case(word))
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
