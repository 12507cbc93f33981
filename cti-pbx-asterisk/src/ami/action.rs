//! What a client asks for: built so that no value can become a second header.

use bytes::{BufMut, Bytes, BytesMut};
use cti_core::{Error, ErrorKind, Result};
use std::fmt;

/// Asterisk reads 1024 bytes a line and refuses or cuts longer ones.
const MAX_LINE: usize = 1000;
/// Asterisk takes 128 headers an action; two are `Action` and `ActionID`.
const MAX_HEADERS: usize = 126;

/// An action: a name and headers, in order, repeated ones allowed.
///
/// Whatever is put in, nothing can be smuggled: [`Action::encode`] (and so every way to send it) refuses a value that
/// holds CR, LF or NUL.
///
/// ```
/// use cti_pbx_asterisk::ami::Action;
/// let action = Action::new("Hangup").header("Channel", "PJSIP/6001-00000001").header("Cause", 16);
/// assert_eq!(
///     action.encode("id-1")?.as_ref(),
///     b"Action: Hangup\r\nActionID: id-1\r\nChannel: PJSIP/6001-00000001\r\nCause: 16\r\n\r\n",
/// );
/// assert!(Action::new("Hangup").header("Channel", "x\nAction: Originate").encode("id-2").is_err());
/// # Ok::<(), cti_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Action {
    name: String,
    headers: Vec<(String, String)>,
    /// The first thing that was wrong; reported when the action is sent.
    fault: Option<String>,
}

impl Action {
    /// Any action, by its name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), headers: Vec::new(), fault: None }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.headers.push((key.into(), value.to_string()));
        self
    }

    /// Adds a header if there is a value.
    #[must_use]
    pub fn maybe(self, key: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.header(key, value),
            None => self,
        }
    }

    /// Adds a channel variable (`Variable: name=value`). The name is `[A-Za-z0-9_]+`; a leading `__` hands it on to all
    /// channels that this one creates. Asterisk splits such a value at commas and drops quotes and backslashes, so a
    /// value with one of them is refused.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            self.fault.get_or_insert(format!("a variable name may hold letters, digits and _ only, not {name:?}"));
        }
        if value.contains([',', '|', '"', '\\']) {
            self.fault.get_or_insert(format!("the value of {name} holds a comma, a bar, a quote or a backslash"));
        }
        self.header("Variable", format!("{name}={value}"))
    }

    /// Adds a fault if there is one: the action cannot be sent.
    pub(super) fn check(mut self, good: bool, fault: &str) -> Self {
        if !good {
            self.fault.get_or_insert_with(|| fault.to_owned());
        }
        self
    }

    /// The values of that header.
    pub(super) fn values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
    }

    /// The name of the action.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes for the wire, with this `ActionID`.
    ///
    /// # Errors
    /// `Rejected` if a key, a value or the number of headers is not what Asterisk takes; nothing was sent.
    pub fn encode(&self, id: &str) -> Result<Bytes> {
        if let Some(fault) = &self.fault {
            return Err(self.refused(fault.clone()));
        }
        if self.headers.len() > MAX_HEADERS {
            return Err(self.refused(format!("{} headers, Asterisk takes {MAX_HEADERS}", self.headers.len())));
        }
        let own = [("Action", self.name.as_str()), ("ActionID", id)];
        let given = self.headers.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let mut bytes = BytesMut::with_capacity(256);
        for (key, value) in own.into_iter().chain(given) {
            check_header(key, value).map_err(|fault| self.refused(fault))?;
            for part in [key, ": ", value, "\r\n"] {
                bytes.put_slice(part.as_bytes());
            }
        }
        bytes.put_slice(b"\r\n");
        Ok(bytes.freeze())
    }

    fn refused(&self, fault: String) -> Error {
        let name: String = self.name.chars().filter(|c| c.is_ascii_alphanumeric()).take(40).collect();
        Error::new(ErrorKind::Rejected, format!("the action was not sent: {fault}")).with("action", name)
    }
}

fn check_header(key: &str, value: &str) -> std::result::Result<(), String> {
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
        return Err(format!("{key:?} is no header name"));
    }
    if value.contains(['\r', '\n', '\0']) {
        return Err(format!("the value of {key} holds a line end or a NUL"));
    }
    if key.len() + value.len() + 4 > MAX_LINE {
        return Err(format!("{key} is longer than {MAX_LINE} bytes"));
    }
    Ok(())
}

/// Only the name and the keys: values hold numbers, names and secrets.
impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.headers.iter().map(|(key, _)| key).collect();
        f.debug_struct("Action").field("name", &self.name).field("keys", &keys).finish_non_exhaustive()
    }
}
