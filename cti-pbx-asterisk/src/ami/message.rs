//! One packet of AMI: a list of headers, in order, repeated ones kept, any bytes.

use super::lines::{HeaderAt, HeaderLines, MAX_MESSAGE, next_line, split_line};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

/// One packet: `Key: value` lines up to an empty line. It shares the bytes that were read; nothing is copied out of
/// them, and the headers are not looked for before somebody asks.
///
/// Keys are compared without regard to case, since their spelling drifts between versions (`Uniqueid`, `UniqueID`).
/// Values are whatever bytes the trunk sent; [`Message::get`] reads them as UTF-8 and replaces what is not.
#[derive(Clone, Default)]
pub struct Message {
    raw: Bytes,
    /// Found at the first question for a key.
    index: OnceLock<Box<[HeaderAt]>>,
}

impl Message {
    /// Takes the lines of one packet (without the empty line that ends it). A line without a colon is kept as a header
    /// with an empty key. One blank after the colon is dropped.
    ///
    /// The first line decides what ends a line: Asterisk writes CRLF, and then a bare LF belongs to a value (up to
    /// Asterisk 12 a caller's name or a variable may hold one, and must not pass for a header).
    ///
    /// What is beyond 4 GiB is cut off.
    pub fn parse(mut raw: Bytes) -> Self {
        raw.truncate(MAX_MESSAGE);
        Self { raw, index: OnceLock::new() }
    }

    /// A copy that shares no bytes with other messages, for who keeps few of many.
    pub(super) fn detached(&self) -> Self {
        Self::parse(Bytes::copy_from_slice(&self.raw))
    }

    /// The first value of that key, as text.
    pub fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get_bytes(key).map(String::from_utf8_lossy)
    }

    /// The first value of that key, as bytes.
    pub fn get_bytes(&self, key: &str) -> Option<&[u8]> {
        let index = self.index.get_or_init(|| HeaderLines::new(&self.raw).collect());
        let is_it = |at: &&HeaderAt| at.split(&self.raw).0.eq_ignore_ascii_case(key.as_bytes());
        index.iter().find(is_it).map(|at| at.split(&self.raw).1)
    }

    /// Every value of that key, in order.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = Cow<'a, str>> {
        self.headers()
            .filter(move |(k, _)| k.eq_ignore_ascii_case(key.as_bytes()))
            .map(|(_, value)| String::from_utf8_lossy(value))
    }

    /// Every header, in order, as bytes.
    pub fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        HeaderLines::new(&self.raw).map(|at| at.split(&self.raw))
    }

    /// The name of the event, if this is an event. Decided by the first header alone: some events carry a `Response`
    /// header too.
    pub fn event(&self) -> Option<Cow<'_, str>> {
        self.event_name().map(String::from_utf8_lossy)
    }

    /// What the response says (`Success`, `Error`, `Goodbye`, …), if this is a response.
    pub fn response(&self) -> Option<Cow<'_, str>> {
        self.first_if(b"Response").map(String::from_utf8_lossy)
    }

    /// True if this is the event of that name; case does not matter.
    pub fn is_event(&self, name: &str) -> bool {
        self.event_name().is_some_and(|event| event.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// The `ActionID` with which the action was sent that this answers.
    pub fn action_id(&self) -> Option<Cow<'_, str>> {
        self.get("ActionID")
    }

    /// When Asterisk raised this event, if manager.conf says `timestampevents = yes`. Asterisk puts it right after
    /// `Privilege`; the same key elsewhere is data of the event.
    pub fn timestamp(&self) -> Option<DateTime<Utc>> {
        let (key, value) = self.headers().nth(2)?;
        if !key.eq_ignore_ascii_case(b"Timestamp") {
            return None;
        }
        let (seconds, micros) = std::str::from_utf8(value).ok()?.split_once('.')?;
        let micros: u32 = format!("{micros:0<6.6}").parse().ok()?;
        DateTime::from_timestamp(seconds.parse().ok()?, micros * 1000)
    }

    /// How many bytes it had on the wire.
    pub fn size(&self) -> usize {
        self.raw.len()
    }

    /// True if there is no header at all.
    pub fn is_empty(&self) -> bool {
        self.headers().next().is_none()
    }

    /// Like [`Message::event`], as bytes.
    pub(super) fn event_name(&self) -> Option<&[u8]> {
        self.first_if(b"Event")
    }

    pub(super) fn is_response(&self) -> bool {
        self.first_if(b"Response").is_some()
    }

    fn first_if(&self, wanted: &[u8]) -> Option<&[u8]> {
        let first = next_line(&self.raw, 0, 0, None).map_or(&self.raw[..], |line| &self.raw[..line.end]);
        let (key, value) = if first.is_empty() { self.headers().next()? } else { split_line(first)? };
        key.eq_ignore_ascii_case(wanted).then_some(value)
    }
}

/// Only the kind and the keys: values hold numbers, names and secrets.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.headers().map(|(key, _)| String::from_utf8_lossy(key)).collect();
        f.debug_struct("Message")
            .field("event", &self.event())
            .field("response", &self.response())
            .field("keys", &keys)
            .finish()
    }
}
