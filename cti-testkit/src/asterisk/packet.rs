//! What goes over the wire: packets of `Key: value` lines.

use std::fmt::Write as _;

/// One packet that Asterisk sends: an event or a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    class: &'static str,
    headers: Vec<(String, String)>,
}

impl Packet {
    /// An event of a class (`call`, `agent`, `dialplan`, …): `Event` and `Privilege` come first.
    pub fn event(name: &str, class: &'static str) -> Self {
        Self { class, headers: Vec::with_capacity(24) }.with("Event", name).with("Privilege", format!("{class},all"))
    }

    /// An item of a list that was asked for: it has no `Privilege`.
    pub fn item(name: &str) -> Self {
        Self { class: "", headers: Vec::with_capacity(24) }.with("Event", name)
    }

    /// A response, with the id of the action it answers.
    pub fn response(kind: &str, action_id: Option<&str>) -> Self {
        let packet = Self { class: "", headers: Vec::new() }.with("Response", kind);
        match action_id {
            Some(id) => packet.with("ActionID", id),
            None => packet,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((key.into(), value.into()));
        self
    }

    /// Adds several headers.
    #[must_use]
    pub fn with_all(mut self, headers: impl IntoIterator<Item = (String, String)>) -> Self {
        self.headers.extend(headers);
        self
    }

    /// The class that decides who sees the event; empty for what was asked for.
    pub fn class(&self) -> &'static str {
        self.class
    }

    /// The first value of a header.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.headers.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    }

    /// The bytes: CRLF line ends and an empty line. Asterisk (13 and later) lets no line end out of a value.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = String::with_capacity(self.headers.len() * 28);
        for (key, value) in &self.headers {
            let _ = write!(text, "{key}: {value}\r\n");
        }
        text.push_str("\r\n");
        text.into_bytes()
    }
}

/// Escapes text the way Asterisk 13 and later do in names and values (`ast_escape_c`).
pub(super) fn escape_c(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            '\\' | '\'' | '"' | '?' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_a_line() {
        assert_eq!(escape_c("a\r\nEvent: Hangup\r\n\"b\""), "a\\r\\nEvent: Hangup\\r\\n\\\"b\\\"");
        assert_eq!(escape_c("山田 太郎: (株)AB"), "山田 太郎: (株)AB");
    }

    #[test]
    fn a_packet_has_crlf_and_an_empty_line() {
        let packet = Packet::response("Success", Some("1")).with("Ping", "Pong");
        assert_eq!(packet.to_bytes(), b"Response: Success\r\nActionID: 1\r\nPing: Pong\r\n\r\n");
    }
}
