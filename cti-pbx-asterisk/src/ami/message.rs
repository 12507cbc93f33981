//! One packet of AMI: a list of headers, in order, repeated ones kept, any bytes.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// One packet: `Key: value` lines up to an empty line. It owns the bytes as they came; headers are positions in them.
///
/// Keys are compared without regard to case, since their spelling drifts between versions (`Uniqueid`, `UniqueID`).
/// Values are whatever bytes the trunk sent; [`Message::get`] reads them as UTF-8 and replaces what is not.
#[derive(Clone, Default)]
pub struct Message {
    raw: Bytes,
    headers: Vec<(Range<usize>, Range<usize>)>,
}

impl Message {
    /// Reads the lines of one packet (without the empty line that ends it). A line without a colon is kept as a header
    /// with an empty key. One blank after the colon is dropped.
    ///
    /// The first line decides what ends a line: Asterisk writes CRLF, and then a bare LF belongs to a value (up to
    /// Asterisk 12 a caller's name or a variable may hold one, and must not pass for a header).
    pub fn parse(raw: Bytes) -> Self {
        let mut headers = Vec::with_capacity(24);
        let mut start = 0;
        let mut ending = None;
        while start < raw.len() {
            let line = next_line(&raw, start, start, ending).unwrap_or_else(|| Line::unfinished(&raw));
            if line.end > start {
                ending.get_or_insert(line.ending);
                headers.push(split_line(&raw, start, line.end));
            }
            start = line.next;
        }
        Self { raw, headers }
    }

    /// The first value of that key, as text.
    pub fn get(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get_bytes(key).map(String::from_utf8_lossy)
    }

    /// The first value of that key, as bytes.
    pub fn get_bytes(&self, key: &str) -> Option<&[u8]> {
        self.headers().find(|(k, _)| k.eq_ignore_ascii_case(key.as_bytes())).map(|(_, value)| value)
    }

    /// Every value of that key, in order.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = Cow<'a, str>> {
        self.headers()
            .filter(move |(k, _)| k.eq_ignore_ascii_case(key.as_bytes()))
            .map(|(_, value)| String::from_utf8_lossy(value))
    }

    /// Every header, in order, as bytes.
    pub fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.headers.iter().map(|(key, value)| (&self.raw[key.clone()], &self.raw[value.clone()]))
    }

    /// The name of the event, if this is an event. Decided by the first header alone: some events carry a `Response`
    /// header too.
    pub fn event(&self) -> Option<Cow<'_, str>> {
        self.first_if(b"Event")
    }

    /// What the response says (`Success`, `Error`, `Goodbye`, …), if this is a response.
    pub fn response(&self) -> Option<Cow<'_, str>> {
        self.first_if(b"Response")
    }

    /// True if this is the event of that name; case does not matter.
    pub fn is_event(&self, name: &str) -> bool {
        self.event().is_some_and(|event| event.eq_ignore_ascii_case(name))
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
        self.headers.is_empty()
    }

    fn first_if(&self, wanted: &[u8]) -> Option<Cow<'_, str>> {
        let (key, value) = self.headers().next()?;
        key.eq_ignore_ascii_case(wanted).then(|| String::from_utf8_lossy(value))
    }
}

/// What ends the lines of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// CR LF, as Asterisk writes it.
    CrLf,
    /// LF alone, as some proxies do.
    Lf,
}

/// Where a line ends, and where the next one starts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) end: usize,
    pub(super) next: usize,
    pub(super) ending: Ending,
}

impl Line {
    fn unfinished(raw: &[u8]) -> Self {
        Self { end: raw.len(), next: raw.len(), ending: Ending::Lf }
    }
}

/// Finds the end of the line that begins at `start`; nothing before `from` needs a look. In a packet of CRLF lines a
/// bare LF ends none.
pub(super) fn next_line(raw: &[u8], start: usize, from: usize, ending: Option<Ending>) -> Option<Line> {
    let mut from = from;
    loop {
        let feed = from + raw[from..].iter().position(|&byte| byte == b'\n')?;
        if feed > start && raw[feed - 1] == b'\r' {
            return Some(Line { end: feed - 1, next: feed + 1, ending: Ending::CrLf });
        }
        if ending != Some(Ending::CrLf) {
            return Some(Line { end: feed, next: feed + 1, ending: Ending::Lf });
        }
        from = feed + 1;
    }
}

fn split_line(raw: &Bytes, start: usize, end: usize) -> (Range<usize>, Range<usize>) {
    match raw[start..end].iter().position(|&b| b == b':') {
        Some(colon) => {
            let key = start..start + colon;
            let mut value = start + colon + 1;
            if value < end && raw[value] == b' ' {
                value += 1;
            }
            (key, value..end)
        }
        None => (start..start, start..end),
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
