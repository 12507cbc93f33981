//! One packet of AMI: a list of headers, in order, repeated ones kept, any bytes.

use bytes::Bytes;
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
    pub fn parse(raw: Bytes) -> Self {
        let mut headers = Vec::with_capacity(24);
        let mut start = 0;
        while start < raw.len() {
            let end = raw[start..].iter().position(|&b| b == b'\n').map_or(raw.len(), |at| start + at);
            let line_end = if end > start && raw[end - 1] == b'\r' { end - 1 } else { end };
            if line_end > start {
                headers.push(split_line(&raw, start, line_end));
            }
            start = end + 1;
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

    /// True if there is no header at all.
    pub fn is_empty(&self) -> bool {
        self.headers.is_empty()
    }

    fn first_if(&self, wanted: &[u8]) -> Option<Cow<'_, str>> {
        let (key, value) = self.headers().next()?;
        key.eq_ignore_ascii_case(wanted).then(|| String::from_utf8_lossy(value))
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
