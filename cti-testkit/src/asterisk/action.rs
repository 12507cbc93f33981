//! What clients send: actions, and the limits that Asterisk puts on them.

/// An action that a client sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Action {
    /// Number of the connection, from 1.
    pub client: u64,
    /// The value of the `Action` header; empty if there was none.
    pub name: String,
    /// Every header in order, the action itself too. Secrets are there in clear.
    pub headers: Vec<(String, String)>,
}

impl Action {
    /// The first value of a header, compared without regard to case.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.headers.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    }

    /// Every value of a header.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    }

    /// True if the action has that name.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Secrets stay out of test output.
impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |key: &str| !key.eq_ignore_ascii_case("Secret") && !key.eq_ignore_ascii_case("Key");
        let headers: Vec<_> =
            self.headers.iter().map(|(k, v)| (k.as_str(), if shown(k) { v.as_str() } else { "***" })).collect();
        f.debug_struct("Action").field("client", &self.client).field("headers", &headers).finish()
    }
}

/// What became of a message of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parsed {
    Action(Action),
    /// Asterisk refuses the whole message.
    Refused {
        action_id: Option<String>,
        why: &'static str,
    },
}

/// Collects lines to actions, with the limits of Asterisk: 1024 bytes a line with its end, 128 headers.
#[derive(Debug, Default)]
pub(super) struct Collector {
    buffer: Vec<u8>,
    lines: Vec<String>,
    fault: Option<&'static str>,
    skipping: bool,
}

const LONGEST_LINE: usize = 1024;
const MOST_HEADERS: usize = 128;
const TOO_LONG: &str = "Failed to parse message: line too long";
const TOO_MANY: &str = "Too many lines in message or allocation failure";

impl Collector {
    /// Takes bytes as they came; gives the messages that are complete now. A bare LF ends a line too.
    pub(super) fn push(&mut self, bytes: &[u8], client: u64) -> Vec<Parsed> {
        let mut out = Vec::new();
        for &byte in bytes {
            if byte == b'\n' {
                self.end_line(client, &mut out);
            } else if self.buffer.len() >= LONGEST_LINE {
                self.skipping = true;
                self.fault = Some(TOO_LONG);
            } else {
                self.buffer.push(byte);
            }
        }
        out
    }

    fn end_line(&mut self, client: u64, out: &mut Vec<Parsed>) {
        let mut line = std::mem::take(&mut self.buffer);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if std::mem::take(&mut self.skipping) {
            return;
        }
        if !line.is_empty() {
            if self.lines.len() >= MOST_HEADERS {
                self.fault = Some(TOO_MANY);
            } else {
                self.lines.push(String::from_utf8_lossy(&line).into_owned());
            }
            return;
        }
        let lines = std::mem::take(&mut self.lines);
        let fault = self.fault.take();
        if lines.is_empty() && fault.is_none() {
            return;
        }
        let headers: Vec<(String, String)> = lines.iter().filter_map(|line| split(line)).collect();
        let action = Action { client, name: String::new(), headers };
        out.push(match fault {
            Some(why) => Parsed::Refused { action_id: action.get("ActionID").map(str::to_owned), why },
            None => Parsed::Action(Action { name: action.get("Action").unwrap_or_default().to_owned(), ..action }),
        });
    }
}

fn split(line: &str) -> Option<(String, String)> {
    let (key, value) = line.split_once(':')?;
    // A NUL ends a value, leading blanks do not belong to it.
    let value = value.split('\0').next().unwrap_or_default();
    Some((key.to_owned(), value.trim_start().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_line_feed_ends_a_line_and_so_injects() {
        let got = Collector::default().push(b"Action: Ping\nActionID: 7\r\n\n", 1);
        let [Parsed::Action(action)] = got.as_slice() else { panic!("{got:?}") };
        assert_eq!((action.name.as_str(), action.get("actionid")), ("Ping", Some("7")));
    }

    #[test]
    fn a_long_line_spoils_the_message() {
        let text = format!("Action: Ping\r\nActionID: 7\r\nX: {}\r\n\r\n", "y".repeat(2000));
        let got = Collector::default().push(text.as_bytes(), 1);
        assert_eq!(got, [Parsed::Refused { action_id: Some("7".into()), why: TOO_LONG }]);
    }

    #[test]
    fn more_than_128_headers_spoil_the_message() {
        let text = format!("Action: Ping\r\n{}\r\n", "X: y\r\n".repeat(130));
        let got = Collector::default().push(text.as_bytes(), 1);
        assert_eq!(got, [Parsed::Refused { action_id: None, why: TOO_MANY }]);
    }
}
